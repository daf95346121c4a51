"""What the recipes share: where the data lie, checkpoints, and what is noted in the weights."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np

from diabolo.images.album import ImageCollection

WEIGHTS = Path(__file__).parents[1] / "src" / "diabolo" / "weights"
SOURCES = (
    "images/restoration/bsds500-train-test-color.zip",
    "images/restoration/t91-color.zip",
    "images/photos/photos256.zip/train",
)


def arguments(name: str) -> Any:
    parser = argparse.ArgumentParser(description=f"Train the weights of {name}.")
    parser.add_argument("--data", type=Path, default=os.environ.get("DIABOLO_DATA"), help="default: $DIABOLO_DATA")
    parser.add_argument("--out", type=Path, default=WEIGHTS / f"{name}.diabolo")
    parser.add_argument("--work", type=Path, default=Path("build"), help="folder of the checkpoints")
    parser.add_argument("--epochs", type=int, help="of each stage, to try it out")
    a = parser.parse_args()
    if a.data is None:
        parser.error("say where the data lie: --data FOLDER, or the environment variable DIABOLO_DATA")
    a.work.mkdir(exist_ok=True)
    a.checkpoint = lambda stage: a.work / f"{name}-{stage}.ckpt"
    return a


def pictures(data: Path, sources: tuple[str, ...] = SOURCES) -> list[np.ndarray]:
    """All pictures of the sources, as bytes."""
    return [(p.pixels * 255).round().astype(np.uint8) for source in sources for p in ImageCollection(data / source)]


BSDS = "BSDS500, training and test photographs (Arbelaez et al. 2011)"
T91 = "91 pictures (Yang et al. 2010)"
PHOTOS = "photographs of at most 256 pixels from ImageNet, Caltech-101, TensorFlow flowers, COCO and Sun-Hays 80"


def keep(model: Any, out: Path, data: tuple[str, ...] = (BSDS, T91, PHOTOS)) -> None:
    """Save the weights, with the names of what they have learned from."""
    out.parent.mkdir(exist_ok=True)
    model.about_ = f"learned from {'; '.join(data)}, by recipes/{out.stem}.py"
    model.set_params(**type(model)().get_params())  # how it was trained is told by the recipe, and of no use to others
    model.save(out)
    print(f"wrote {out}")
    for epoch, decibels in zip(model.history_.epoch, model.history_.held_out, strict=True):
        print(f"epoch {epoch:5.1f}  held-out {-decibels:.3f} dB")
