"""Colors for gray pictures, with hints: what the machinery does, shown on a network that has seen far too little.

It learns from the right halves of two photographs that come with scikit-learn, and colors the left halves, of which it
sees the brightness alone. That is a friendly test: the same sky, the same petals. A network that has seen two pictures knows
nothing about the world; the one that comes with the package has seen about 2,100, which is little too. What holds for any
network: brightness stays, and a pixel whose color you give gets it. With --output, the pictures are written there.

    python examples/colorize.py [--output FOLDER] [--tiny]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from diabolo import Colorizer
from diabolo.images.metrics import ab_error
from diabolo.images.picture import read
from diabolo.images.protocols import gray

HINTS = 10


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--output", type=Path, help="folder for the pictures")
    p.add_argument("--tiny", action="store_true", help="a few steps on small pictures; the numbers mean nothing")
    args = p.parse_args()

    photos = [photo[::4, ::4] if args.tiny else photo for photo in load_sample_images().images]
    half = photos[0].shape[1] // 2
    size = {"widths": (8, 16), "step": 28, "epochs": 2} if args.tiny else {"widths": (16, 32, 64, 64), "epochs": 150}
    model = Colorizer(init=None, **size, patch_size=96, random_state=0, verbose=False).fit([p[:, half:] for p in photos])

    print(f"{'mean error of the colors (CIE a, b)':38} {'gray':>6} {'no hints':>9} {f'{HINTS} hints':>9}   doubt")
    for name, photo in zip(("temple", "flower"), photos, strict=True):
        y = photo[:, :half]
        seen = read(gray(y))
        hints = some(y)
        versions = {"gray": np.repeat(gray(y)[..., None], 3, 2), "no": model.restore_picture(seen)}
        versions["hints"] = model.restore_picture(seen, hints=hints)
        errors = [ab_error(e, y) for e in versions.values()]
        print(f"{name:38} {errors[0]:6.1f} {errors[1]:9.1f} {errors[2]:9.1f}   {model.doubt(seen).mean():5.2f}")
        light = np.abs(gray(versions["hints"]).astype(int) - gray(y)).max()
        print(f"  brightness differs by at most {light} of 255 from what was given")
        if args.output:
            args.output.mkdir(parents=True, exist_ok=True)
            others = {f"version-{i}": e for i, e in enumerate(model.versions(seen, 3, hints))}
            for kind, e in (versions | others | {"truth": y}).items():
                Image.fromarray(e).save(args.output / f"{name}-{kind}.png")
    if args.output:
        print(f"pictures are in {args.output}")


def some(y: np.ndarray) -> list[tuple[int, int, tuple[int, ...]]]:
    """Hints: places at random, and the colors that are there."""
    places = (np.random.default_rng(0).random((HINTS, 2)) * y.shape[:2]).astype(int)
    return [(int(x), int(row), tuple(y[row, x].tolist())) for row, x in places]


if __name__ == "__main__":
    main()
