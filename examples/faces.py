"""Small pictures to a few numbers and back, by convolutions beside PCA; and which picture was tampered with, and where.

With DIABOLO_DATA set, faces: 400 pictures of 40 people, ten of whom are never trained on (the Olivetti faces). Else
the handwritten digits that come with scikit-learn, 8 x 8 pixels. The autoencoder starts at PCA of the same width and is
compared with it; of so few faces, do not expect that it goes far beyond. Then a square of each new picture is inverted, and
a detector that has seen untouched pictures says which ones are odd, and where.

    python examples/faces.py [--tiny]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from diabolo import Autoencoder, Clean, OutlierDetector
from diabolo.formats import Images

K = 16
SIZE = (32, 32)  # pixels, of faces: larger ones take longer


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="digits and a few epochs; the numbers mean nothing")
    args = p.parse_args()

    train, new = digits(300) if args.tiny else faces() if "DIABOLO_DATA" in os.environ else digits(1797)
    shared = {"random_state": 0, "verbose": False} | ({"epochs": 1} if args.tiny else {})
    small = train.shape[1] <= 8  # a pixel is much: by default, training moves pictures by one
    about = {"corruption": Clean()} if small else {"format": Images(SIZE), "epochs": 40}
    ae = Autoencoder(K, **about | shared).fit(train)
    codes, back = ae.transform(new), ae.reconstruct(new)
    print(f"{len(train)} pictures of {train.shape[1]} x {train.shape[2]} pixels, {codes.shape[1]} numbers each")
    print(f"variance explained, held-out training pictures: {told(ae.comparison_)}")
    print(f"reconstructed: {back.shape}, {back.dtype}; of new pictures the variance explained is {ae.score(new):.3f}")

    detector = OutlierDetector(**shared).fit(train)
    side = train.shape[1] // 3
    wrong, top, left = new.copy(), (train.shape[1] - side) // 2, (train.shape[2] - side) // 2
    square = np.s_[:, top : top + side, left : left + side]
    wrong[square] = 255 - wrong[square]
    score = -np.concatenate([detector.score_samples(new), detector.score_samples(wrong)])
    auc = roc_auc_score(np.repeat([0, 1], len(new)), score)
    print(f"\na square of {side} x {side} pixels inverted: told from untouched pictures with AUC {auc:.3f}")
    maps = detector.error_map(wrong)
    y, x = np.unravel_index(maps.reshape(len(maps), -1).argmax(1), maps.shape[1:])
    y, x = y * train.shape[1] // maps.shape[1], x * train.shape[2] // maps.shape[2]
    inside = (top <= y) & (y < top + side) & (left <= x) & (x < left + side)
    area = side**2 / (train.shape[1] * train.shape[2])
    print(f"the largest error lies in the square in {inside.mean():.0%} of the pictures; by chance, {area:.0%}")


def digits(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Training pictures and new ones, bytes (n, h, w)."""
    X = (load_digits().images[:n] * 255 / 16).round().astype(np.uint8)
    return X[: 3 * n // 4], X[3 * n // 4 :]


def faces() -> tuple[np.ndarray, np.ndarray]:
    """The same; of other people."""
    with np.load(Path(os.environ["DIABOLO_DATA"]) / "images" / "olivetti.npz") as file:
        images, known = file["images"], file["subject"] < 30
    return images[known], images[~known]


def told(comparison: dict[str, float]) -> str:
    return ", ".join(f"{name} {comparison[key]:.3f}" for name, key in (("PCA", "pca"), ("autoencoder", "autoencoder")))


if __name__ == "__main__":
    main()
