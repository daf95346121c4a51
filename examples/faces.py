"""Small pictures to a few numbers and back, by convolutions beside PCA; and which picture was tampered with, and where.

With DIABOLO_DATA set, faces: 400 pictures of 40 people, ten of whom are never trained on (the Olivetti faces). Else
the handwritten digits that come with scikit-learn, 8 x 8 pixels. The autoencoder starts at PCA of the same width and is
compared with it; with so few pictures, do not expect much more than that. Then a square of each new picture is turned
upside down, and a detector that has seen untouched pictures says which ones are odd, and where.

    python examples/faces.py [--tiny]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from diabolo import Autoencoder, OutlierDetector

K = 16


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="digits and a few epochs; the numbers mean nothing")
    args = p.parse_args()

    train, new = digits(300) if args.tiny else faces() if "DIABOLO_DATA" in os.environ else digits(1797)
    settings = {"random_state": 0, "verbose": False} | ({"epochs": 1} if args.tiny else {})
    ae = Autoencoder(K, **settings).fit(train)
    codes, back = ae.transform(new), ae.reconstruct(new)
    flat = train.reshape(len(train), -1) / 255
    print(f"{len(train)} pictures of {train.shape[1]} x {train.shape[2]} pixels, {codes.shape[1]} numbers each")
    print(f"variance explained, held-out training pictures: {told(ae.comparison_)}")
    error = ((back / 255.0 - new / 255.0) ** 2).sum((1, 2))
    print(f"squared error of a new picture: {error.mean():.2f}; with the mean picture, {spread(new, flat):.2f}")

    detector = OutlierDetector(**settings).fit(train)
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
    return ", ".join(f"{name} {value:.3f}" for name, value in comparison.items())


def spread(new: np.ndarray, flat: np.ndarray) -> float:
    return float(((new.reshape(len(new), -1) / 255 - flat.mean(0)) ** 2).sum(1).mean())


if __name__ == "__main__":
    main()
