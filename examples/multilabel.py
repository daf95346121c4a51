"""Several labels for each row: one shared encoder against a separate network for each label, and a label that comes later.

A picture of two digits side by side has the labels of both (scikit-learn's digits). A classifier learns nine of the ten
digits; then it is shown 1, 5 and 20 pictures with the tenth, and learns it in milliseconds, while its old probabilities stay
as they are to the bit.

    python examples/multilabel.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score

from diabolo import IndependentClassifiers, MultiLabelClassifier

NEW = 9


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    params = {"epochs": 2 if p.parse_args().tiny else "auto", "random_state": 0, "verbose": False}

    X, Y = pairs(2000)
    train, test = slice(0, 1000), slice(1000, None)
    old = [c for c in range(10) if c != NEW]
    print(f"{'':24} {'ranking precision':>18} {'weights':>12}")
    for kind in (MultiLabelClassifier, IndependentClassifiers):
        clf = kind(**params).fit(X[train], Y[train][:, old])
        score = label_ranking_average_precision_score(Y[test][:, old], clf.predict_proba(X[test]))
        print(f"{kind.__name__:24} {score:18.3f} {clf.n_parameters_:12,}")

    clf = MultiLabelClassifier(**params).fit(X[train], Y[train][:, old])
    before = clf.predict_proba(X[test])
    rows = np.flatnonzero(Y[train][:, NEW])
    for n in (1, 5, 20):
        card = clf.add_label(str(NEW), X[train][rows[:n]])
        now = clf.predict_proba(X[test])
        precision = average_precision_score(Y[test][:, NEW], now[:, -1])
        change = abs(now[:, :-1] - before).max()
        print(f"\n{card}")
        print(f"  on the test rows {precision:.2f}, in {1000 * card.seconds:.0f} ms; old probabilities changed by {change}")
        clf.drop_label(str(NEW))


def pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """n pictures (8, 16) of two digits side by side, as rows; and which digits are on them (n, 10)."""
    pictures, digit = load_digits(return_X_y=True)
    i, j = np.random.default_rng(0).integers(len(digit), size=(2, n))
    X = np.concatenate([pictures[i].reshape(n, 8, 8), pictures[j].reshape(n, 8, 8)], 2).reshape(n, -1)
    Y = np.zeros((n, 10), dtype=int)
    Y[np.arange(n), digit[i]] = Y[np.arange(n), digit[j]] = 1
    return X, Y


if __name__ == "__main__":
    main()
