"""Parts of the rows in which every label has its share.

References
----------
On the stratification of multi-label data (Sechidis, Tsoumakas & Vlahavas, 2011), https://doi.org/10.1007/978-3-642-23808-6_10
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from iterstrat.ml_stratifiers import IterativeStratification
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state

from .formats.labels import Labels
from .formats.targets import same_length

__all__ = ["MultiLabelStratifiedKFold", "folds"]

MAX_CELLS_STRATIFIED = 40_000_000  # of Y, beyond which rows are dealt out at random: it makes no difference there


class MultiLabelStratifiedKFold(KFold):
    """K folds in which each label occurs as often as it can; a drop-in for scikit-learn's ``StratifiedKFold``.

    Parameters
    ----------
    n_splits : int, default=5
        Folds, at least 2.
    random_state : int, RandomState or None, default=None
        Which of the equally good folds; None: always the same ones for the same labels.

    Examples
    --------
    >>> Y = np.eye(3, dtype=int)[np.arange(12) % 3]
    >>> parts = MultiLabelStratifiedKFold(2, random_state=0).split(Y, Y)
    >>> [Y[test].sum(0).tolist() for _, test in parts]
    [[2, 2, 2], [2, 2, 2]]
    """

    def __init__(self, n_splits: int = 5, *, random_state: Any = None) -> None:
        super().__init__(n_splits, shuffle=True, random_state=random_state)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Row numbers of training and test part, fold by fold.

        Parameters
        ----------
        X : sized
            The rows.
        y : matrix (n, k) or list of label lists
            The labels; NaN counts as no.
        groups : ignored
        """
        if y is None:
            raise ValueError("y=None: the labels are needed, to give each fold its share of them")
        n = X.shape[0] if hasattr(X, "shape") else len(X)
        labels = Labels().fit(y).to_matrix(y)
        same_length(labels.shape[0], n)
        rng = check_random_state(0 if self.random_state is None else self.random_state)
        fold = folds(labels, int(self.n_splits), rng)
        for k in range(self.n_splits):
            yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def folds(y: Any, shares: int | list[float], rng: np.random.RandomState) -> np.ndarray:
    """y (n, k) -> (n,) which part each row is in: so many equal ones, or parts of these shares."""
    r = [1 / shares] * shares if isinstance(shares, int) else shares
    n, k = y.shape
    if n < len(r):
        raise ValueError(f"n_splits={len(r)}: there are only {n} rows")
    if n * k > MAX_CELLS_STRATIFIED:
        edges = np.floor(np.cumsum([0.0, *r]) * n + 0.5).astype(int)
        fold = np.empty(n, dtype=int)
        for part, (a, b) in enumerate(pairwise(edges)):
            fold[a:b] = part
        return fold[rng.permutation(n)]
    known = np.nan_to_num(y.toarray() if sp.issparse(y) else np.asarray(y)) > 0.5
    order = rng.permutation(n)
    fold = np.empty(n, dtype=int)
    fold[order] = IterativeStratification(known[order], np.array(r), rng)
    return filled(fold, len(r), rng)


def filled(fold: np.ndarray, parts: int, rng: np.random.RandomState) -> np.ndarray:
    """No part stays empty."""
    for part in range(parts):
        if not (fold == part).any():
            largest = int(np.bincount(fold, minlength=parts).argmax())
            fold[rng.choice(np.flatnonzero(fold == largest), math.ceil(len(fold) / (4 * parts)), replace=False)] = part
    return fold
