"""Codes as features: the autoencoder as a step of a scikit-learn pipeline, where PCA stands otherwise.

Digits are classified by logistic regression from k numbers per picture; accuracy on pictures never seen. The codes are
learned without the labels. Few numbers are where the non-linear ones pay; with many, PCA is as good and far cheaper.

    python examples/codes_as_features.py [--tiny]
"""

from __future__ import annotations

import argparse

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diabolo import Autoencoder


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    args = p.parse_args()

    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, random_state=0)
    print(f"{'accuracy from':16} {'PCA':>12} {'autoencoder':>12}")
    for k in (2, 4) if args.tiny else (2, 4, 8, 16):
        accuracy = {}
        ae = Autoencoder(k, epochs=2 if args.tiny else 60, random_state=0)
        for name, codes in (("PCA", PCA(k)), ("autoencoder", ae)):
            pipeline = make_pipeline(codes, StandardScaler(), LogisticRegression(max_iter=1000))
            accuracy[name] = pipeline.fit(X, y).score(X_test, y_test)
        print(f"{f'{k} numbers':16} {accuracy['PCA']:12.1%} {accuracy['autoencoder']:12.1%}")


if __name__ == "__main__":
    main()
