"""Trains ``src/diabolo/weights/upscale.diabolo``: one network that makes pictures 2, 3 or 4 times larger.

    python recipes/upscale.py            # an hour on two cores
    python benchmarks/restoration.py     # the table it reaches

Data: as for ``denoise.py``: their brightness.
"""

from __future__ import annotations

from common import arguments, keep, pictures
from diabolo import Upscaler

if __name__ == "__main__":
    a = arguments("upscale")
    model = Upscaler(
        init=None,
        epochs=a.epochs or 8,
        batch_size=12,
        validation_fraction=0.005,
        patience=100,
        random_state=0,
        checkpoint=a.checkpoint("all"),
        resume=True,
    )
    keep(model.fit(pictures(a.data)), a.out)
