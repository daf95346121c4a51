"""Trains ``src/diabolo/weights/colorize.diabolo``: how likely each color is at each place of a gray picture.

    python recipes/colorize.py           # half an hour on two cores
    python benchmarks/restoration.py     # the table it reaches

Data: the training and test photographs of BSDS500 and photographs of at most 256 pixels: 2,124 in all.
"""

from __future__ import annotations

from common import BSDS, PHOTOS, SOURCES, arguments, keep, pictures
from diabolo import Colorizer

if __name__ == "__main__":
    a = arguments("colorize")
    model = Colorizer(
        init=None,
        epochs=a.epochs or 16,
        batch_size=16,
        validation_fraction=0.01,
        patience=100,
        random_state=0,
        checkpoint=a.checkpoint("all"),
        resume=True,
    )
    keep(model.fit(pictures(a.data, (SOURCES[0], SOURCES[2]))), a.out, (BSDS, PHOTOS))
