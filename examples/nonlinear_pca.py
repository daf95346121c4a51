"""Non-linear PCA: handwritten digits in two numbers, by PCA and by the autoencoder.

Two yardsticks on rows that neither has seen: the share of the variance that the two numbers explain, and how often the
five nearest neighbors in the plane of the codes are the same digit. With --output, the report with the map of the codes
is written there.

    python examples/nonlinear_pca.py [--output FOLDER] [--tiny]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from diabolo import Autoencoder
from diabolo.report import write


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few seconds on a part of the data; the numbers mean nothing")
    p.add_argument("--output", type=Path, help="folder for report.html")
    args = p.parse_args()

    X, y = load_digits(return_X_y=True)
    X, y = (X[:300] / 16, y[:300]) if args.tiny else (X / 16, y)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)

    pca = PCA(2).fit(X)
    ae = Autoencoder(2, epochs=2 if args.tiny else 100, random_state=0).fit(X)
    explained = {"PCA": share(X_test, pca.inverse_transform(pca.transform(X_test)), X), "autoencoder": ae.score(X_test)}
    print(f"{'two numbers by':15} {'explained variance':>20} {'same digit nearby':>20}")
    for name, model in (("PCA", pca), ("autoencoder", ae)):
        nearby = KNeighborsClassifier(5).fit(model.transform(X), y).score(model.transform(X_test), y_test)
        print(f"{name:15} {explained[name]:20.1%} {nearby:20.1%}")

    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        path = args.output / "report.html"
        write(ae, X_test, path, title="Handwritten digits", labels={"digit": [str(digit) for digit in y_test]})
        print(f"The report is at {path}")


def share(X: np.ndarray, back: np.ndarray, train: np.ndarray) -> float:
    """Explained variance: 1 - error / error of the training mean."""
    return float(1 - ((X - back) ** 2).sum() / ((X - train.mean(0)) ** 2).sum())


if __name__ == "__main__":
    main()
