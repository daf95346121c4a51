"""MNIST in 30 numbers per image: the test error of Hinton & Salakhutdinov's network, trained by ours.

Error = squared error, summed over the 784 pixels (in [0, 1]) and averaged over the 10,000 test images. PCA is scikit-learn's,
fitted on the 60,000 training images. The budget of a network is time: two epochs are timed first, then as many are trained as
fit into ``--minutes``. The test images are used once, at the end. Settings are chosen with ``--held-out``, which trains on the
first 50,000 images and measures on the last 10,000 training images. ``--models default`` trains the same layers with default
settings, on numbers in [0, 1], for as long as these say. The paper's 3.00 for a deep autoencoder (Science 2006,
fig. 2) is quoted; the rest is measured.

    DIABOLO_DATA=... python benchmarks/mnist_reconstruction.py [--minutes 14]
    DIABOLO_DATA=... python benchmarks/mnist_reconstruction.py --models paper --held-out --weight-decay 0
"""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA

import common
from diabolo import Autoencoder, Shift
from diabolo.formats import Arrays
from diabolo.nets import mlp

LAYERS = (1000, 500, 250)


def digits(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """60,000 training and 10,000 test images as rows of 784 bytes."""
    names = ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz")
    raw = [gzip.decompress((folder / name).read_bytes()) for name in names]
    train, test = (np.frombuffer(bytes_, np.uint8)[16:].reshape(-1, 784) for bytes_ in raw)
    return train, test


def error(ae: Autoencoder, X: np.ndarray) -> float:
    """Squared error per image."""
    return float(-ae.score_samples(X).mean())


def common_settings(shape: tuple[int, int]) -> dict[str, Any]:
    return {
        "loss": "bounded",
        "corruption": Shift(shape, 1),
        "batch_size": 1024,
        "muon_lr": 0.05,
        "average": 0.995,
        "validation_fraction": 0.0,
        "random_state": 0,
    }


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--minutes", type=float, default=14.0, help="for each network")
    p.add_argument("--epochs", type=int, help="instead of as many as fit into the minutes")
    choices = ["paper", "curved", "default"]
    p.add_argument("--models", nargs="*", choices=choices, default=choices[:2], help="which: paper, curved, default")
    p.add_argument("--weight-decay", type=float, default=0.05)
    p.add_argument(
        "--held-out", action="store_true", help="choose settings: 50,000 images, measured on the other training images"
    )
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    train, test, layers, k = data(args)
    d, settings = train.shape[1], common_settings((int(train.shape[1] ** 0.5),) * 2)
    settings |= {"weight_decay": args.weight_decay, "format": Arrays("common")}
    torch.manual_seed(0)
    models = {
        "paper": ("784-1000-500-250-30, as in the paper", {"encoder": mlp(d, layers, k), "decoder": mlp(k, layers[::-1], d)}),
        "curved": ("the same layers beside a straight path that starts at PCA", {"hidden": layers}),
    }
    pca = PCA(k, random_state=0).fit(train / 255)
    linear = ((pca.inverse_transform(pca.transform(test / 255)) - test / 255) ** 2).sum(1).mean()
    rows = [
        row("deep autoencoder (the paper)", 2_837_314, 3.00),
        row(f"PCA {k}", k * d, float(linear)),
    ]
    if "default" in args.models:
        a, b = ((X / 255).astype(np.float32) for X in (train, test))
        ae, seconds = common.timed(Autoencoder(k, hidden=layers, random_state=0).fit, a)
        weights = sum(q.numel() for q in ae.network_.parameters())
        rows.append(row("ours: the same with default settings", weights, error(ae, b), error(ae, a[:10_000]), seconds / 60))
    for name in [name for name in args.models if name in models]:
        title, sides = models[name]
        new = partial(Autoencoder, k, **sides, **settings)
        epochs = args.epochs or fitting(60 * args.minutes, new(epochs=2).fit(train))
        ae, seconds = common.timed(new(epochs=epochs).fit, train)
        weights = sum(q.numel() for q in ae.network_.parameters())
        rows.append(row(f"ours: {title}", weights, error(ae, test), error(ae, train[:10_000]), seconds / 60))
        print(rows[-1], flush=True)
    common.show("MNIST, 30 numbers per image", rows, args.json)


def fitting(seconds: float, trial: Autoencoder) -> int:
    """As many epochs as fit, by those of a trial."""
    h = trial.history_
    return max(1, int(seconds / (h.seconds[-1] / h.epoch[-1])))


def row(model: str, weights: int, test: float, train: float | str = "", minutes: float | str = "") -> dict[str, Any]:
    return {"model": model, "weights": weights, "test error": test, "training error": train, "minutes": minutes}


def data(args: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], int]:
    if args.tiny:
        args.epochs = 1
        X = np.random.default_rng(0).integers(0, 255, (200, 64), dtype=np.uint8)
        return X[:150], X[150:], (16, 8), 4
    train, test = digits(common.data() / "images" / "mnist")
    return *((train[:50_000], train[50_000:]) if args.held_out else (train, test)), LAYERS, 30


if __name__ == "__main__":
    main()
