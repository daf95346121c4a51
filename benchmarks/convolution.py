"""Convolutions or layers of the same size? Images in 32 numbers each, by PCA and by two autoencoders.

Error = squared error, summed over the numbers of an image (pixels in [0, 1]; three for each pixel of a color image) and
averaged over the test images. PCA is scikit-learn's.

    PCA, varied        of the images and four copies of each, shifted and mirrored
    fully connected    Autoencoder(32, hidden=(h, h)) of flat rows; h is such that it has as many weights as the last one
    the same, varied   of images that are shifted and mirrored during training
    convolutional      Autoencoder(32) of images, at its defaults; ``varied`` says whether it chose to shift and mirror them

All networks hold out 10 % of the training images to decide when to stop. At the defaults they take the same number of steps, of
256 rows or of 128 images; with fewer than 1,500 images the convolutions take fewer. ``--params`` and ``--epochs`` try others.

    mnist       60,000 digits, 28 x 28, for training, 10,000 for the test
    olivetti    faces, 64 x 64: the first 30 people are for training, the last 10 for the test
    cifar       color photographs, 32 x 32, as JPEG: 12,000 and 2,000

    DIABOLO_DATA=... python benchmarks/convolution.py [--data mnist olivetti cifar] [--train 5000] [--sheets build/sheets]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

import common
from diabolo import Autoencoder
from diabolo.corruption import Chain
from diabolo.estimators.augmentation import TIMES, shift_and_flip
from diabolo.formats import Arrays
from diabolo.images.protocols import arrays
from diabolo.nets.convolution import CHANNELS, ConvDecoder, ConvEncoder
from mnist_reconstruction import digits

K = 32
SHOWN = 10  # pictures on a sheet
SIDE = 64  # of each there, at least


@dataclass(frozen=True)
class Task:
    """Pictures (n, H, W) or (n, H, W, 3) of bytes."""

    name: str
    train: np.ndarray
    test: np.ndarray
    k: int = K

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return (self.train.shape[3] if self.train.ndim == 4 else 1, *self.train.shape[1:3])


@dataclass(frozen=True)
class Fitted:
    weights: int
    epochs: float | str
    varied: bool
    error: Callable[[np.ndarray], float]
    again: Callable[[np.ndarray], np.ndarray]  # pictures -> their reconstructions


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def mnist() -> tuple[np.ndarray, np.ndarray]:
    train, test = (X.reshape(-1, 28, 28) for X in digits(common.data() / "images" / "mnist"))
    return train, test


def olivetti() -> tuple[np.ndarray, np.ndarray]:
    with np.load(common.data() / "images" / "olivetti.npz") as z:
        known = z["subject"] < 30
        return z["images"][known], z["images"][~known]


def cifar() -> tuple[np.ndarray, np.ndarray]:
    path = common.data() / "images" / "cifar10-jpeg-14k.zip"
    train, test = (np.stack(list(arrays(path / part))) for part in ("train", "test"))
    return train, test


SETS = {"mnist": mnist, "olivetti": olivetti, "cifar": cifar}


def tasks(args: Any) -> Iterator[Task]:
    if args.tiny:
        rng = np.random.default_rng(0)
        for shape in ((12, 10), (12, 10, 3)):
            X = rng.integers(0, 256, (70, *shape), dtype=np.uint8)
            yield Task(f"made-up, {len(shape)}-D", X[:50], X[50:], 4)
        return
    for name in args.data:
        train, test = SETS[name]()
        yield Task(name, spread(train, args.train or len(train)), test)


def spread(X: np.ndarray, n: int) -> np.ndarray:
    """At most n of the pictures, evenly spaced: they may be in the order of their classes."""
    return X[np.linspace(0, len(X) - 1, min(n, len(X))).astype(int)]


def flat(X: np.ndarray) -> np.ndarray:
    """Pictures -> (n, d), channel by channel."""
    return np.ascontiguousarray(np.moveaxis(X, 3, 1) if X.ndim == 4 else X).reshape(len(X), -1)


def unflat(x: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """The inverse."""
    pictures = np.moveaxis(x.reshape(-1, *shape), 1, 3)
    return pictures[..., 0] if shape[0] == 1 else pictures


# ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def varied(task: Task) -> np.ndarray:
    """(n, d) of the pictures, and of four variations of each."""
    x, rng = torch.from_numpy(flat(task.train) / np.float32(255)), torch.Generator().manual_seed(0)
    return torch.cat([x, *(shift_and_flip(task.shape)(x, rng)[1] for _ in range(TIMES))]).numpy()


def pca(task: Task, args: Any, moved: bool = False) -> Fitted:
    model = PCA(task.k, random_state=0).fit(varied(task) if moved else flat(task.train) / np.float32(255))

    def expected(X: np.ndarray) -> np.ndarray:
        return model.inverse_transform(model.transform(flat(X) / np.float32(255)))

    def error(X: np.ndarray) -> float:
        return float(np.square(expected(X) - flat(X) / np.float32(255)).sum(1, dtype=float).mean())

    def again(X: np.ndarray) -> np.ndarray:
        return unflat(np.rint(255 * expected(X).clip(0, 1)).astype(np.uint8), task.shape)

    return Fitted(model.components_.size + model.mean_.size, "", moved, error, again)


def network(moved: bool | None) -> Callable[[Task, Any], Fitted]:
    """Convolutional, or, where `moved` is said, fully connected."""

    def fit(task: Task, args: Any) -> Fitted:
        settings: dict[str, Any] = {"random_state": 0, "verbose": False, **args.params}
        if moved is not None:
            settings |= {
                "format": Arrays("common"),
                "hidden": (as_large(task),) * 2,
                "corruption": shift_and_flip(task.shape) if moved else None,
            }
        see = (lambda X: X) if moved is None else flat
        ae = Autoencoder(task.k, **settings).fit(see(task.train))

        def again(X: np.ndarray) -> np.ndarray:
            e = ae.reconstruct(see(X))
            return e if moved is None else unflat(e, task.shape)

        weights = sum(p.numel() for p in ae.network_.parameters())
        moved_it = bool(moved) or type(ae._corruption()) is Chain
        return Fitted(weights, ae.history_.epoch[-1], moved_it, lambda X: float(-ae.score_samples(see(X)).mean()), again)

    return fit


def as_large(task: Task) -> int:
    """h, with which the fully connected network has as many weights as the convolutional one."""
    sides = ConvEncoder(task.shape, CHANNELS, task.k), ConvDecoder(task.k, CHANNELS, task.shape)
    wanted = sum(p.numel() for side in sides for p in side.parameters())
    d, k = int(np.prod(task.shape)), task.k
    # encoder and decoder: straight d k twice, curved d h, h h and h k twice; biases
    a, b, c = 2, 2 * (d + k) + 4, 2 * (d * k + d + k) - wanted
    return max(1, round((-b + (b * b - 4 * a * c) ** 0.5) / (2 * a)))


MODELS: dict[str, Callable[[Task, Any], Fitted]] = {
    "PCA": pca,
    "PCA, varied": partial(pca, moved=True),
    "fully connected": network(moved=False),
    "the same, varied": network(moved=True),
    "convolutional": network(moved=None),
}


# ── everything ───────────────────────────────────────────────────────────────────────────────────────────────────────


def sheet(path: Path, rows: dict[str, np.ndarray]) -> None:
    """One row of pictures for each title."""
    first = next(iter(rows.values()))
    h, w = (n * max(1, -(-SIDE // min(first.shape[1:3]))) for n in first.shape[1:3])
    gap, left = 4, 120
    image = Image.new("RGB", (left + len(first) * (w + gap), len(rows) * (h + gap) + gap), "white")
    draw = ImageDraw.Draw(image)
    for i, (title, pictures) in enumerate(rows.items()):
        top = gap + i * (h + gap)
        draw.text((gap, top + h // 2 - 6), title, fill="black")
        for j, picture in enumerate(pictures):
            tile = Image.fromarray(picture).convert("RGB").resize((w, h), Image.Resampling.NEAREST)
            image.paste(tile, (left + j * (w + gap), top))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    print(f"wrote {path}")


def rows_of(task: Task, args: Any) -> list[dict[str, Any]]:
    out, shown = [], spread(task.test, SHOWN)
    seen = {"original": shown}
    for name in args.models:
        fitted, seconds = common.timed(MODELS[name], task, args)
        values: dict[str, Any] = {"weights": fitted.weights, "epochs": fitted.epochs, "varied": "yes" if fitted.varied else ""}
        values |= {"seconds": seconds, "error": fitted.error(task.test)}
        out.append({"set": task.name, "model": name, **values})
        seen[name] = fitted.again(shown)
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in out[-1].items()}, flush=True)
    if args.sheets:
        sheet(args.sheets / f"convolution-{task.name}.png", seen)
    return out


def facts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How the errors compare."""
    error = {(r["set"], r["model"]): r["error"] for r in rows}
    out: dict[str, Any] = {}
    for name in dict.fromkeys(r["set"] for r in rows):
        if (ours := error.get((name, "convolutional"))) is not None:
            told = [f"{100 * ours / error[name, m]:.1f} % of that of {m}" for m in list(MODELS)[:-1] if (name, m) in error]
            out[f"{name}, error of the convolutional one"] = ", ".join(told)
    return out


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--data", nargs="+", default=list(SETS), choices=list(SETS))
    p.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    p.add_argument("--train", type=int, help="only so many training pictures")
    p.add_argument("--epochs", type=int, help="of the networks, at most")
    p.add_argument("--params", type=json.loads, default={}, help="JSON of settings of all networks to try")
    p.add_argument("--sheets", type=Path, help="folder for contact sheets (faces and photographs: to look at, not to publish)")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)  # numpy's and scipy's too
    if args.tiny:
        args.epochs = 1
    args.params |= {"epochs": args.epochs} if args.epochs else {}
    rows = [row for task in tasks(args) for row in rows_of(task, args)]
    common.show(f"Pictures in {K} numbers", rows, args.json, threads=args.threads, **facts(rows))


if __name__ == "__main__":
    main()
