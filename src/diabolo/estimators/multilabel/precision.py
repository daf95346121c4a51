r"""Average precision, and how sure one can be of it.

    AP = sum_i w_i y_i P_i / sum_i w_i y_i,      P_i = sum_{j <= i} w_j y_j / sum_{j <= i} w_j          rows by falling score

``w_i`` is how often row i is drawn: 1 for the value itself, and a bootstrap's counts for its interval, all draws at once.
Rows of the same score stand together: P is that of the last of them.
"""

from __future__ import annotations

import numpy as np

__all__ = ["average_precision"]

DRAWS = 100
LEVEL = (0.05, 0.95)


def average_precision(score: np.ndarray, y: np.ndarray, draws: int = DRAWS) -> tuple[float, tuple[float, float]]:
    """Scores (n,), y (n,) bool -> the value, and its 5 % and 95 % quantiles; NaN where all or none are true.

    >>> value, (low, high) = average_precision(np.array([3.0, 2.0, 1.0]), np.array([True, False, True]))
    >>> round(value, 3), 0 <= low <= high <= 1
    (0.833, True)
    """
    n = len(y)
    if not 0 < y.sum() < n:
        return float("nan"), (float("nan"), float("nan"))
    order = np.argsort(-score, kind="stable")
    y, ends = y[order], np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    yes = np.flatnonzero(y)
    place = ends[np.searchsorted(ends, yes)]  # of each true row, the last one of its score
    drawn = np.random.default_rng(0).integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
    w = np.concatenate([np.ones((1, n)), np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n)])
    mine, all_ = w[:, yes], w.cumsum(1)[:, place]
    true = mine.cumsum(1)
    p = true[:, np.searchsorted(yes, place, "right") - 1] / np.maximum(all_, 1.0)
    values = (mine * p).sum(1) / np.maximum(true[:, -1], 1.0)
    known = values[1:][true[1:, -1] > 0]
    low, high = np.quantile(known, LEVEL) if len(known) else (0.0, 1.0)
    return float(values[0]), (float(low), float(high))
