"""Autoencoders of few and small pictures at their defaults, against PCA of the same width, and against dense layers.

The squared error of pixels of other pictures, divided by that of PCA; below 1 is better. *dense* is `hidden=(256, 256)`. The
defaults were chosen on these sets, of MNIST and CIFAR-10 only on training pictures.

    digits          scikit-learn's, enlarged from 8 x 8 pixels
    mnist, cifar    training pictures of MNIST (gray) and CIFAR-10 (color)
    faces           Olivetti, 240 pictures of 24 people; the errors are those of 8 others
    land use        UC Merced, aerial photographs

    DIABOLO_DATA=... python benchmarks/small_pictures.py [-k 2 8 32] [--sets digits mnist]
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import common
from diabolo import Autoencoder

Parts = tuple[np.ndarray, np.ndarray]  # training pictures, others


def shuffled(X: Any) -> Any:
    return [X[i] for i in np.random.default_rng(0).permutation(len(X))]


def sized(X: np.ndarray, side: int) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(x).resize((side, side), Image.Resampling.BICUBIC)) for x in X])


def digits(side: int, n: int) -> Parts:
    X = sized((np.stack(shuffled(load_digits().images)) / 16 * 255).astype(np.uint8), side)
    return X[:n], X[600:]


def mnist(n: int) -> Parts:
    with gzip.open(common.data() / "images" / "mnist" / "train-images-idx3-ubyte.gz") as file:
        X = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    X = X[np.random.default_rng(0).permutation(len(X))]
    return X[:n], X[-1000:]


def unpacked(file: Path, inside: str, n: int, side: int) -> np.ndarray:
    with zipfile.ZipFile(file) as packed:
        names = shuffled(sorted(name for name in packed.namelist() if inside in name and name.endswith(".jpg")))[:n]
        images = (Image.open(io.BytesIO(packed.read(name))).convert("RGB") for name in names)
        return np.stack([np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)) for image in images])


def cifar() -> Parts:
    X = unpacked(common.data() / "images" / "cifar10-jpeg-14k.zip", "train/", 1500, 32)
    return X[:1000], X[1000:]


def land_use() -> Parts:
    X = unpacked(common.data() / "multilabel" / "ucmerced_128.zip", "", 1100, 48)
    return X[:800], X[800:]


def faces() -> Parts:
    with np.load(common.data() / "images" / "olivetti.npz") as z:
        X, who = z["images"], z["subject"]
    return X[who < 24], X[(who >= 24) & (who < 32)]


SETS: dict[str, Callable[[], Parts]] = {
    "digits, 16 x 16": lambda: digits(16, 600),
    "digits, 48 x 48": lambda: digits(48, 600),
    "mnist": lambda: mnist(600),
    "mnist, more": lambda: mnist(3000),
    "faces": faces,
    "cifar": cifar,
    "land use": land_use,
}


def row(name: str, parts: Parts, k: int, epochs: Any) -> dict[str, Any]:
    X, other = parts
    flat, pixels = (x.reshape(len(x), -1) / 255.0 for x in parts)
    pca = PCA(k, random_state=0).fit(flat)
    before = np.square(pca.inverse_transform(pca.transform(pixels)) - pixels).mean()

    def error(**settings: Any) -> tuple[float, float]:
        ae, seconds = common.timed(Autoencoder(k, epochs=epochs, random_state=0, verbose=False, **settings).fit, X)
        back = ae.reconstruct(other).reshape(len(other), -1) / 255.0
        return float(np.square(back - pixels).mean() / before), seconds

    (own, seconds), (dense, longer) = error(), error(hidden=(256, 256))
    size = " x ".join(map(str, X.shape[1:]))
    found = {"default / PCA": own, "seconds": seconds, "dense / PCA": dense, "dense, seconds": longer}
    return {"set": name, "pictures": len(X), "size": size, "k": k, **found}


def main() -> None:
    p = common.parser(__doc__ or "")
    p.add_argument("-k", nargs="+", type=int, default=[2, 8, 32])
    p.add_argument("--sets", nargs="+", default=[*SETS])
    args = p.parse_args()
    if args.tiny:
        rows = [row("digits, 16 x 16", digits(16, 60), 2, 1)]
    else:
        rows = [row(name, parts, k, "auto") for name in args.sets for parts in [SETS[name]()] for k in args.k]
    common.show("Few and small pictures: the error of others, by that of PCA", rows, args.json)


if __name__ == "__main__":
    main()
