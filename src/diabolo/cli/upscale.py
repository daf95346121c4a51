"""diabolo upscale: enlarge a picture, or a folder of pictures, two to four times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .batch import Batch, Work
from .images import common, run

if TYPE_CHECKING:
    from ..estimators.restoration.upscaler import Upscaler

EPILOG = """\b
Examples:
  diabolo upscale photo.jpg big.png
  diabolo upscale photo.jpg big.png -x 4
  diabolo upscale thumbnails/ large/ -x 3 --jobs 2
  diabolo upscale thumbnails.zip large/ --model mine.diabolo
"""


@click.command(
    epilog=EPILOG,
    help="Enlarge IN: a picture, a folder with its subfolders, or a zip. OUT is a file for one picture, else a folder. "
    "Existing files in it are skipped, so that you can continue a stopped run.",
)
@common
@click.option("-x", "--scale", type=click.IntRange(2, 4), default=2, show_default=True, help="Factor of width and height.")
def command(source: Path, target: Path, path: Path | None, overwrite: bool, jobs: int, quiet: bool, scale: int) -> None:
    batch = Batch(source, target, path, overwrite)
    batch.check()

    def work(model: Upscaler) -> Work:
        if scale not in model.scales:
            learned = ", ".join(map(str, model.scales))
            raise click.BadParameter(f"this model was trained for {learned}, not {scale}", param_hint="--scale")
        return lambda picture: [model.restore_picture(picture, scale=scale)]

    run(batch, "upscale", work, jobs, quiet)
