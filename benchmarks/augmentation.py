"""Images at the defaults, which find out whether shifted and mirrored ones mean the same, beside those that are told.

On other images accuracy, and R2 of numbers. *both* is shifted and mirrored in training whatever the images are, *shifted* never
mirrored, *as it is* neither; *default* shifts and mirrors if a copy of the network that has seen shifted images loses little by
it.

    arrows         drawn, 32 x 32, at random places: to the left, or to the right
    halves         in which half of the image such an arrow is
    places         how far from the left it is (Regressor)
    digits         scikit-learn's, enlarged to 16 x 16
    mnist, cifar   training images of MNIST (gray) and CIFAR-10 (color)

    DIABOLO_DATA=... python benchmarks/augmentation.py [--sets arrows digits]
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

import common
from diabolo import Classifier, Clean, Mirror, Regressor, Shift
from diabolo.corruption import Chain, Corruption
from small_pictures import sized

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # training images and their classes, others and theirs


def parts(X: np.ndarray, y: np.ndarray, n: int, tested: int) -> Parts:
    i = np.random.default_rng(0).permutation(len(X))
    return X[i[:n]], y[i[:n]], X[i[-tested:]], y[i[-tested:]]


def arrows(n: int, of: str = "arrows") -> Parts:
    rng, side = np.random.default_rng(0), 128
    to, (x, y) = rng.integers(0, 2, n + 400), rng.uniform(0.3, 0.7, (2, n + 400))
    X = sized(np.stack([arrow(rng, side, 2 * to[i] - 1, x[i] * side, y[i] * side) for i in range(len(to))]), 32)
    return parts(X, {"arrows": np.array(["left", "right"])[to], "halves": x > 0.5, "places": x}[of], n, 400)


def arrow(rng: np.random.Generator, side: int, to: int, x: float, y: float) -> np.ndarray:
    """An arrow to the right (1) or to the left (-1), darker than what is around it."""
    image = Image.new("L", (side, side), int(rng.integers(150, 255)))
    long = rng.uniform(0.12, 0.22) * side
    draw, dark = ImageDraw.Draw(image), int(rng.integers(0, 110))
    draw.line([(x - to * long, y), (x + to * long / 2, y)], fill=dark, width=int(rng.integers(6, 16)))
    draw.polygon([(x + to * long / 3, y - 0.4 * long), (x + to * long / 3, y + 0.4 * long), (x + to * long, y)], fill=dark)
    return np.asarray(image)


def digits(n: int) -> Parts:
    images, y = load_digits().images, load_digits().target
    return parts(sized((images / 16 * 255).astype(np.uint8), 16), y, n, len(y) - n)


def mnist(n: int) -> Parts:
    return parts(idx("images-idx3", 16).reshape(-1, 28, 28), idx("labels-idx1", 8), n, 3000)


def idx(of: str, start: int) -> np.ndarray:
    with gzip.open(common.data() / "images" / "mnist" / f"train-{of}-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=start)


def cifar(n: int) -> Parts:
    with zipfile.ZipFile(common.data() / "images" / "cifar10-jpeg-14k.zip") as packed:
        names = sorted(name for name in packed.namelist() if name.startswith("train/") and name.endswith(".jpg"))
        some = [names[i] for i in np.random.default_rng(0).permutation(len(names))[: n + 1500]]
        X = np.stack([np.asarray(Image.open(io.BytesIO(packed.read(name))).convert("RGB")) for name in some])
    return parts(X, np.array([name.split("/")[1] for name in some]), n, 1500)


SETS: dict[str, Callable[[], Parts]] = {
    "arrows, 300": partial(arrows, 300),
    "halves, 300": partial(arrows, 300, "halves"),
    "places, 300": partial(arrows, 300, "places"),
    "digits, 600": partial(digits, 600),
    "mnist, 600": partial(mnist, 600),
    "mnist, 3,000": partial(mnist, 3000),
    "cifar, 2,000": partial(cifar, 2000),
}


def row(name: str, made: Parts, **params: Any) -> dict[str, Any]:
    X, y, new, truth = made
    shape = (X.shape[3] if X.ndim == 4 else 1, *X.shape[1:3])
    shift = Shift(shape, min(shape[1:]) // 8, None)
    ways: dict[str, Corruption | None] = {"default": None, "both": Chain((shift, Mirror(shape))), "shifted": shift}
    found, model = {"set": name}, Regressor if y.dtype.kind == "f" else Classifier
    for way, corruption in (ways | {"as it is": Clean()}).items():
        clf = model(corruption=corruption, random_state=0, verbose=False, **params)
        _, seconds = common.timed(clf.fit, X, y)
        found |= {way: float(clf.score(new, truth)), f"{way}, seconds": seconds}
    return found


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--sets", nargs="*", help="which, by the beginnings of their names; default: all")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    chosen = {"arrows, 60": partial(arrows, 60)} if args.tiny else SETS
    rows = []
    for name, make in chosen.items():
        if not args.sets or name.startswith(tuple(args.sets)):
            rows.append(row(name, make(), **{"epochs": 2} if args.tiny else {}))
            print({key: round(v, 3) if isinstance(v, float) else v for key, v in rows[-1].items()}, flush=True)
    common.show("Shifted and mirrored images: accuracy, or R2, on others", rows, args.json)


if __name__ == "__main__":
    main()
