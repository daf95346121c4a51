"""diabolo upscale: a picture, or a folder of them, two to four times as large."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .batch import Batch
from .images import common, run

EPILOG = """\b
Examples:
  diabolo upscale photo.jpg big.png
  diabolo upscale photo.jpg big.png -x 4
  diabolo upscale thumbnails/ large/ -x 3 --jobs 2
  diabolo upscale thumbnails.zip large/ --model mine.diabolo
"""


@click.command(
    epilog=EPILOG,
    help="Make IN larger: a picture, a folder with all folders in it, or a zip. OUT is a file for one picture, else a folder; "
    "what is there already is skipped, so that a stopped run goes on where it was.",
)
@common
@click.option("-x", "--scale", type=click.IntRange(2, 4), default=2, show_default=True, help="How many times as wide and high.")
def command(source: Path, target: Path, path: Path | None, overwrite: bool, jobs: int, quiet: bool, scale: int) -> None:
    batch = Batch(source, target, path, overwrite)
    batch.check()

    def work(model: Any) -> Any:
        if scale not in model.scales:
            learned = ", ".join(map(str, model.scales))
            raise click.BadParameter(f"this model has learned {learned}, not {scale}", param_hint="--scale")
        return lambda picture: [model.restore_picture(picture, scale=scale)]

    run(batch, "upscale", work, jobs, quiet)
