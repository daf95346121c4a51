"""diabolo colorize: colours for grey pictures, with hints where you know them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from .batch import Batch, PassedOverError
from .images import common, run

EPILOG = """\b
Examples:
  diabolo colorize old.jpg colours.png
  diabolo colorize old.jpg colours.png --hint "120,45=#a03020" --hint "300,80=#4060a0"
  diabolo colorize old.jpg colours.png --versions 4 --doubt doubt.png
  diabolo colorize album/ coloured/ --doubt doubts/
  diabolo colorize album/ coloured/ --all
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
    help="Give IN colours: a picture, a folder with all folders in it, or a zip. OUT is a file for one picture, else a folder; "
    "what is there already is skipped, so that a stopped run goes on where it was. The colours are guesses: likely ones, "
    "not those that were there. What is in colour already, even in one tint, is passed over without --all.",
)
@common
@click.option(
    "--hint",
    "hints",
    multiple=True,
    metavar="X,Y=#RRGGBB",
    callback=parsed,
    help="The colour of a pixel, for one picture (repeatable).",
)
@click.option("--versions", type=click.IntRange(1, 99), help="So many different guesses: OUT-1, OUT-2, ...")
@click.option(
    "--doubt",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help="Also write how uncertain the colours are: black is sure, white is not. A file for one picture, else a folder.",
)
@click.option("--all", "everything", is_flag=True, help="Also what is in colour already: its colours are thrown away.")
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
        raise click.UsageError("--hint is about one picture, but IN holds many: give one file")
    if doubt:
        batch.add(doubt, ".png")
    batch.check()
    if hints:
        check_hints(hints, *batch.album.sizes()[0][:2])

    def work(model: Any) -> Any:
        from ..estimators.restoration.colorizer import in_color

        def all_files(picture: Any) -> list[Any]:
            if not everything and in_color(picture):
                raise PassedOverError("it is in colour already (or tinted): with --all it gets others")
            images = model.versions(picture, versions, hints) if versions else [model.restore_picture(picture, hints=hints)]
            return [*images, drawn(model.doubt(picture, hints))] if doubt else list(images)

        return all_files

    run(batch, "colorize", work, jobs, quiet)


def check_hints(hints: list[Hint], height: int, width: int) -> None:
    """Raise a DataError for a hint about a pixel that the picture does not have."""
    for x, y, _ in hints:
        if x >= width or y >= height:
            raise DataError(f"--hint {x},{y}: the picture is {width} x {height} pixels; the first is 0,0")


def drawn(doubt: Any) -> Any:
    """(H, W) between 0 and 1 -> uint8."""
    import numpy as np

    return np.rint(255 * np.clip(doubt, 0, 1)).astype(np.uint8)
