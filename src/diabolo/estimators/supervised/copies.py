"""Copies of rows, as of an oversampled class: a row that is held out must not have a copy among those that are learned.

    fold_i = fold_j    for all i, j with x_i = x_j

Rows of few values, such as yes or no, are alike without being copies, and new ones will be, too. So this holds where one column
alone tells nearly all different rows from each other, as a quantity does; and for rows of many values, such as words or pixels,
of which no two of n would be alike by chance:

    - sum_j log2 p_j(x_ij) > 2 log2 n + 20          p_j(v): share of the different rows that hold v in column j
"""

from __future__ import annotations

import numpy as np

from ...rows import Rows, evenly

__all__ = ["together"]

MOST_NUMBERS = 20_000_000  # in the rows; of more it is not known whether there are copies
TELLING = 0.5  # of the different rows, whose values of one column differ
LEAST = 20  # different rows; of fewer a column of codes tells most apart, too
COMPARED = 2000  # different rows that say how frequent values are, at least
SURE = 20  # bits by which a row must be less likely than that two of n are alike: a millionth


def together(rows: Rows, fold: np.ndarray) -> np.ndarray:
    """The fold of each row (n,), with copies in that of the first of them."""
    width = rows.take(np.zeros(1, dtype=int)).shape[1]
    if len(fold) * width > MOST_NUMBERS:
        return fold
    x = np.ascontiguousarray(rows.take(np.arange(len(fold))).numpy())
    _, first, group, times = np.unique(x.view(f"V{x.itemsize * width}")[:, 0], True, True, True)
    if len(first) == len(fold) or len(first) < LEAST:
        return fold
    copied = times > 1
    if not told_apart(x[first]):
        some = np.union1d(np.flatnonzero(copied), evenly(len(first), COMPARED))
        copied[some] &= bits(x[first[some]]) > 2 * np.log2(len(fold)) + SURE
    found = np.where(copied[group], fold[first[group]], fold)
    same = np.array_equal(found, fold) or len(np.unique(found)) < len(np.unique(fold))
    return fold if same else found


def told_apart(x: np.ndarray) -> bool:
    """Whether one column alone tells most of different rows (m, d) from each other."""
    return any(len(np.unique(column)) > TELLING * len(x) for column in x.T)


def bits(x: np.ndarray) -> np.ndarray:
    """How unlikely each of different rows (m, d) is, if its columns had nothing to do with each other: (m,) bits.

    >>> bits(np.array([[0, 5], [1, 5], [0, 5], [0, 6]])).round(2).tolist()
    [0.83, 2.42, 0.83, 2.42]
    """
    found = np.zeros(len(x))
    for column in x.T:
        _, value, count = np.unique(column, return_inverse=True, return_counts=True)
        found -= np.log2(count[value] / len(x))
    return found
