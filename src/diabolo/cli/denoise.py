"""diabolo denoise: remove the noise from a picture, or from a folder of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from .batch import Batch, Work
from .images import common, run

if TYPE_CHECKING:
    from ..estimators.restoration.denoiser import Denoiser
    from ..images.picture import Picture

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
    help="Remove the noise from IN: a picture, a folder with its subfolders, or a zip. OUT is a file for one picture, else a "
    "folder. Existing files in it are skipped, so that you can continue a stopped run.",
)
@common
@click.option(
    "--strength",
    type=click.FloatRange(0, 1.5),
    default=1.0,
    show_default=True,
    help="0 keeps all noise and grain; 1 removes the estimated noise; more removes more.",
)
@click.option("--sigma", type=click.FloatRange(0, 255), help="Standard deviation of the noise, 0 to 255.  [default: estimated]")
@click.option(
    "--map",
    "residue",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help=f"Also write the removed noise, {GAIN} times as strong; gray (128) means nothing was removed. A file for one picture, "
    "else a folder.",
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
    share = None if sigma is None else sigma / 255

    def work(model: Denoiser) -> Work:
        def both(picture: Picture) -> list[Any]:
            if sigma is not None and picture.unit != 1:
                raise DataError(
                    f"--sigma is on the scale of 255, but {picture.name!r} has floats in another unit: omit --sigma"
                )
            image, change = model.restore_picture(picture, strength=strength, sigma=share, return_map=True)
            return [image, noise_picture(change / picture.unit)] if residue else [image]

        return both

    run(batch, "denoise", work, jobs, quiet)


def noise_picture(change: Any) -> Any:
    """Signed (H, W, C) -> uint8: the removed noise, around gray."""
    import numpy as np

    return np.clip(np.rint(128 - GAIN * 255 * change), 0, 255).astype(np.uint8)
