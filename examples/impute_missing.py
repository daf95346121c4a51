"""Missing cells, filled in by what the other cells of the row imply.

One in ten cells of a real table (569 tumours, 30 measurements) is hidden at random, in the training rows as well. The
error is the root mean square of the filled cells, in standard deviations of their column: the column's mean scores about
1. The nearest neighbors are scikit-learn's, on standardized columns.

    python examples/impute_missing.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diabolo import Autoencoder, Mask

HIDDEN = 0.1


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    args = p.parse_args()

    whole = load_breast_cancer(as_frame=True).data
    rng = np.random.default_rng(0)
    seen = whole.mask(rng.random(whole.shape) < HIDDEN)
    train, test, _, truth = train_test_split(seen, whole, random_state=0)

    # hiding more cells while it learns (Mask) teaches the network to do without any of them
    ae = Autoencoder(8, corruption=Mask(HIDDEN, fill=None), epochs=2 if args.tiny else 200, random_state=0).fit(train)
    scaler = StandardScaler().fit(train)
    neighbors = make_pipeline(scaler, KNNImputer()).fit(train)
    filled = {
        "the column's mean": SimpleImputer().fit(train).transform(test),
        "5 nearest neighbors": scaler.inverse_transform(neighbors.transform(test)),
        "autoencoder 8": ae.impute(test),
    }
    print(f"{int(test.isna().to_numpy().sum()):,} hidden cells, filled in by   error in standard deviations")
    for name, table in filled.items():
        print(f"{name:32} {error(table, test, truth, train):8.3f}")


def error(filled: pd.DataFrame | np.ndarray, seen: pd.DataFrame, truth: pd.DataFrame, train: pd.DataFrame) -> float:
    wrong = (np.asarray(filled) - truth.to_numpy()) / train.std().to_numpy()
    return float(np.sqrt((wrong[seen.isna().to_numpy()] ** 2).mean()))


if __name__ == "__main__":
    main()
