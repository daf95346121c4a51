"""Copies of rows, as of an oversampled class: a row that is held out must not have a copy among those that are learned.

    fold_i = fold_j    for all i, j with x_i = x_j

Rows of few values, such as yes or no, are alike without being copies, and new ones will be, too. So this holds where one column
alone tells nearly all different rows from each other, as a quantity does.
"""

from __future__ import annotations

import numpy as np

from ...rows import Rows

__all__ = ["together"]

MOST_NUMBERS = 20_000_000  # in the rows; of more it is not known whether there are copies
TELLING = 0.5  # of the different rows, whose values of one column differ
LEAST = 20  # different rows; of fewer a column of codes tells most apart, too


def together(rows: Rows, fold: np.ndarray) -> np.ndarray:
    """The fold of each row (n,), with copies in that of the first of them."""
    width = rows.take(np.zeros(1, dtype=int)).shape[1]
    if len(fold) * width > MOST_NUMBERS:
        return fold
    x = np.ascontiguousarray(rows.take(np.arange(len(fold))).numpy())
    _, first, group = np.unique(x.view(f"V{x.itemsize * width}")[:, 0], return_index=True, return_inverse=True)
    if len(first) == len(fold) or not told_apart(x[first]):
        return fold
    found = np.asarray(fold[first[group]])
    return found if len(np.unique(found)) == len(np.unique(fold)) else fold


def told_apart(x: np.ndarray) -> bool:
    """Whether one column alone tells most of different rows (m, d), of which there are enough, from each other."""
    return len(x) >= LEAST and any(len(np.unique(column)) > TELLING * len(x) for column in x.T)
