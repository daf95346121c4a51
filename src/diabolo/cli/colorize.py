"""diabolo colorize: colors for gray pictures, with hints for colors that you know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from .batch import Batch, PassedOverError, Work
from .images import common, run

if TYPE_CHECKING:
    from ..estimators.restoration.colorizer import Colorizer
    from ..images.picture import Picture

EPILOG = """\b
Examples:
  diabolo colorize old.jpg color.png
  diabolo colorize old.jpg color.png --hint "120,45=#a03020" --hint "300,80=#4060a0"
  diabolo colorize old.jpg color.png --versions 4 --doubt doubt.png
  diabolo colorize album/ colored/ --doubt doubts/
  diabolo colorize album/ colored/ --all
"""

HINT = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*=\s*#([0-9a-fA-F]{6})\s*")
Hint = tuple[int, int, tuple[int, int, int]]


def parsed(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[Hint]:
    hints = []
    for value in values:
        match = HINT.fullmatch(value)
        if not match:
            raise click.BadParameter(
                f"{value!r}: write X,Y=#RRGGBB, such as 120,45=#a03020 (pixels from the left and the top; red, green, blue)"
            )
        red, green, blue = bytes.fromhex(match[3])
        hints.append((int(match[1]), int(match[2]), (red, green, blue)))
    return hints


@click.command(
    epilog=EPILOG,
    help="Color IN: a picture, a folder with its subfolders, or a zip. OUT is a file for one picture, else a folder. Existing "
    "files in it are skipped, so that you can continue a stopped run. The colors are guesses: likely, but not the original "
    "ones. Pictures that are in color already, even tinted ones, are skipped without --all.",
)
@common
@click.option(
    "--hint",
    "hints",
    multiple=True,
    metavar="X,Y=#RRGGBB",
    callback=parsed,
    help="The color of a pixel, for a single picture (repeatable).",
)
@click.option("--versions", type=click.IntRange(1, 99), help="Number of different guesses: OUT-1, OUT-2, ...")
@click.option(
    "--doubt",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help="Also write how uncertain the colors are: black is certain, white is not. A file for one picture, else a folder.",
)
@click.option("--all", "everything", is_flag=True, help="Also pictures in color: their colors are replaced.")
def command(
    source: Path,
    target: Path,
    path: Path | None,
    overwrite: bool,
    jobs: int,
    quiet: bool,
    hints: list[Hint],
    versions: int | None,
    doubt: Path | None,
    everything: bool,
) -> None:
    batch = Batch(source, target, path, overwrite, versions)
    if hints and not batch.single:
        raise click.UsageError("--hint is for a single picture, but IN holds many: give one file")
    if doubt:
        batch.add(doubt, ".png")
    batch.check()
    if hints:
        check_hints(hints, *batch.album.sizes()[0][:2])

    def work(model: Colorizer) -> Work:
        from ..estimators.restoration.colorizer import in_color

        def all_files(picture: Picture) -> list[Any]:
            if not everything and in_color(picture):
                raise PassedOverError("it is in color already (or tinted): --all replaces its colors")
            images = model.versions(picture, versions, hints) if versions else [model.restore_picture(picture, hints=hints)]
            return [*images, doubt_picture(model.doubt(picture, hints))] if doubt else list(images)

        return all_files

    run(batch, "colorize", work, jobs, quiet)


def check_hints(hints: list[Hint], height: int, width: int) -> None:
    """Raise a DataError for a hint outside the picture."""
    for x, y, _ in hints:
        if x >= width or y >= height:
            raise DataError(f"--hint {x},{y}: the picture is {width} x {height} pixels; the first is 0,0")


def doubt_picture(doubt: Any) -> Any:
    """(H, W) between 0 and 1 -> uint8."""
    import numpy as np

    return np.rint(255 * np.clip(doubt, 0, 1)).astype(np.uint8)
