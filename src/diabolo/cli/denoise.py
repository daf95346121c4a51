"""diabolo denoise: noise out of a picture, or of a folder of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from .batch import Batch
from .images import common, run

EPILOG = """\b
Examples:
  diabolo denoise photo.jpg clean.png
  diabolo denoise scans/ clean/
  diabolo denoise scans.zip clean/ --strength 0.7 --jobs 2
  diabolo denoise photo.jpg clean.png --sigma 25 --map noise.png
  diabolo denoise scans/ clean/ --model mine.diabolo
"""

GAIN = 4  # of what the map shows


@click.command(
    epilog=EPILOG,
    help="Take the noise out of IN: a picture, a folder with all folders in it, or a zip. OUT is a file for one picture, "
    "else a folder; what is there already is skipped, so that a stopped run goes on where it was.",
)
@common
@click.option(
    "--strength",
    type=click.FloatRange(0, 1.5),
    default=1.0,
    show_default=True,
    help="0 leaves all noise, and all grain; 1 takes out what is estimated, more takes out more.",
)
@click.option("--sigma", type=click.FloatRange(0, 255), help="Standard deviation of the noise, of 255.  [default: estimated]")
@click.option(
    "--map",
    "residue",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help=f"Also write what was taken out, {GAIN} times as strong; where that is nothing it is grey (128). "
    "A file for one picture, else a folder.",
)
def command(
    source: Path,
    target: Path,
    path: Path | None,
    overwrite: bool,
    jobs: int,
    quiet: bool,
    strength: float,
    sigma: float | None,
    residue: Path | None,
) -> None:
    batch = Batch(source, target, path, overwrite)
    if residue:
        batch.add(residue, ".png")
    batch.check()
    options = {"strength": strength, "sigma": None if sigma is None else sigma / 255}

    def work(model: Any) -> Any:
        def both(picture: Any) -> list[Any]:
            if sigma is not None and picture.unit != 1:
                raise DataError(
                    f"--sigma is of 255, but {picture.name!r} has floats in another unit: leave the noise to be estimated"
                )
            image, change = model.restore_picture(picture, return_map=True, **options)
            return [image, drawn(change / picture.unit)] if residue else [image]

        return both

    run(batch, "denoise", work, jobs, quiet)


def drawn(change: Any) -> Any:
    """Signed (H, W, C) -> uint8: what was taken out, around grey."""
    import numpy as np

    return np.clip(np.rint(128 - GAIN * 255 * change), 0, 255).astype(np.uint8)
