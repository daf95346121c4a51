"""Denoising: train on noisy rows with the clean ones as target, then clean noisy rows never seen.

The digits have 64 pixels in [0, 1]; the noise has a standard deviation of 0.3. PCA removes noise too, by leaving out the
directions in which the clean rows hardly vary; it is the linear answer, given the same width.

    python examples/denoising.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from diabolo import Autoencoder, Gaussian

SIGMA = 0.3
K = 16
INK = " .:-=+*#%@"


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    args = p.parse_args()

    X = load_digits().data / 16
    clean, test = train_test_split(X, random_state=0)
    noisy = test + SIGMA * np.random.default_rng(0).normal(size=test.shape)

    settings = {"epochs": 2 if args.tiny else 150, "random_state": 0}
    pca = PCA(K).fit(clean)
    cleaned = {
        "as it is": noisy,
        f"PCA {K}": pca.inverse_transform(pca.transform(noisy)),
        f"autoencoder {K}, trained without noise": Autoencoder(K, **settings).fit(clean).reconstruct(noisy),
        f"autoencoder {K}, corruption=Gaussian({SIGMA})": Autoencoder(K, corruption=Gaussian(SIGMA), **settings)
        .fit(clean)
        .reconstruct(noisy),
    }
    print(f"{'noisy digits, seen through':44} squared error per picture")
    for name, pictures in cleaned.items():
        print(f"{name:44} {((pictures - test) ** 2).sum(1).mean():8.2f}")
    print("\nclean, noisy, denoised")
    for line in zip(*[drawn(pictures[0]) for pictures in (test, noisy, *list(cleaned.values())[-1:])], strict=True):
        print("     ".join(line))


def drawn(picture: np.ndarray) -> list[str]:
    """64 pixels -> 8 lines of text."""
    shades = (picture.clip(0, 0.999).reshape(8, 8) * len(INK)).astype(int)
    return ["".join(2 * INK[s] for s in row) for row in shades]


if __name__ == "__main__":
    main()
