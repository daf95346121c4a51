"""Rows that follow each other in time, such as those of a log: what is held out lies between rows that are learned.

    q_j = mean (x_{i+1,j} - x_ij)^2 / (2 var x_j)          von Neumann's ratio of column j

It is about 1 for independent rows, and near 0 for a curve. Rows may be sorted by class; so the variance is that within classes.

References
----------
Distribution of the ratio of the mean square successive difference to the variance (von Neumann, 1941),
https://doi.org/10.1214/aoms/1177731677
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .rows import Rows, evenly

__all__ = ["is_series"]

ENOUGH, COLUMNS = 60, 128  # rows, at least, and columns that are looked at, at most
STEADY = 0.02  # of the steps of a column go up, or down, at least, if it is not time itself, or follows from it
VARIES = 1e-6  # of the variance of a column lies within classes
IN_A_ROW, SMOOTH, SERIES = 5000, 0.05, 1 / 3  # rows that follow each other; q of a smooth column; the share of such in a series
KNOWN, VALUES = 0.8, 10  # of its cells are known, and so many values differ, at least


def is_series(rows: Rows, classes: Any = None, numbers: Any = None) -> bool:
    """Whether rows are like those before and after them, beyond what their classes (n,) have in common.

    Two quantities and a third of them must be smooth, or one of the numbers y (n, k). What only rises may be time itself.
    """
    n = min(len(rows), IN_A_ROW)
    if n < ENOUGH:
        return False
    code = None if classes is None else np.unique(classes[:n].numpy(), return_inverse=True)[1]
    x = rows.take(np.arange(n)).double().numpy()
    q = [q for j in evenly(x.shape[1], COLUMNS) if (q := smoothness(x[:, j], code)) is not None]
    if q and numbers is not None:
        told = [smoothness(v) for v in numbers[:n].double().numpy().T]
        if any(v is not None and v < SMOOTH for v in told):
            return True
    smooth = sum(v < SMOOTH for v in q)
    return smooth >= 2 and smooth >= SERIES * len(q)


def smoothness(v: np.ndarray, code: np.ndarray | None = None) -> float | None:
    """q of a quantity (n,) within classes of these numbers; None, if it is none, or only rises or falls.

    >>> smoothness(np.sin(np.arange(100) / 9)) < 0.01, smoothness(np.arange(100.0))
    (True, None)
    """
    known = np.isfinite(v)
    v, step = v[known], np.diff(v[known])
    if known.mean() < KNOWN or len(np.unique(v)) < VALUES or min((step >= 0).mean(), (step <= 0).mean()) < STEADY:
        return None
    whole = v.var()
    if code is not None:
        c = code[known]
        v = v - (np.bincount(c, v) / np.bincount(c).clip(1))[c]
    return float((np.diff(v) ** 2).mean() / (2 * v.var())) if v.var() > VARIES * whole else None
