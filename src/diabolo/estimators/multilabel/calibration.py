r"""Calibrated probabilities: 0.8 is right in 80 of 100 cases.

    p_c = s(a_c r_c + b_c)         r_c: raw output of label c;  s = logistic

a and b are fitted to out-of-fold outputs,

    minimize  sum_i loss(a_c r_ic + b_c, y_ic) + lambda ((a_c - a)^2 + (b_c - b)^2)

where ``a, b`` are those of all labels together; a label with few examples stays near them. The thresholds t are chosen on the
same rows (thresholds.py).

References
----------
Probabilistic outputs for support vector machines (Platt, 1999)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from ...decision import Decision
from .thresholds import is_f1, thresholds

__all__ = ["decision", "platt"]

PULL = 10.0  # lambda
MAX_ROUNDS = 30  # of Newton's method
MAX_CELLS = 4_000_000  # raw outputs that are used


def decision(r: np.ndarray, y: np.ndarray, w: np.ndarray | None, metric: Any, least: Any, one: bool) -> Decision:
    """Out-of-fold outputs r (n, k), y (n, k) with NaN = unknown, weights; `least` may be "auto"."""
    if least == "auto":
        least = is_f1(metric) and (np.nan_to_num(y, nan=1.0).sum(1) > 0).all()
    ab = np.stack(platt(r, y, w)).astype(np.float32).astype(np.float64)
    found = Decision(ab, np.empty(0), int(least), one)
    found.thresholds = thresholds(found.calibrated(r), y, metric, found.least, w)
    return found


def platt(raw: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Raw outputs (n, k) and y (n, k), NaN = unknown, weights (n, 1) or (n, k) -> a (k,), b (k,).

    >>> rng = np.random.default_rng(0)
    >>> r = rng.normal(size=(4000, 1))
    >>> a, b = platt(4 * r, rng.random((4000, 1)) < expit(2 * r + 1))         # twice too sure
    >>> bool(abs(a - 0.5) < 0.05), bool(abs(b - 1) < 0.1)
    (True, True)
    """
    n = max(1, min(len(raw), MAX_CELLS // max(1, raw.shape[1])))
    r, t = np.asarray(raw[:n], dtype=np.float64), np.asarray(y[:n], dtype=np.float64)
    known = (~np.isnan(t)).astype(float) * (1.0 if weight is None else weight[:n])
    t = np.where(known > 0, t, 0.5)
    a, b = newton(r.reshape(-1, 1), t.reshape(-1, 1), known.reshape(-1, 1), np.ones(1), np.zeros(1), 1.0)
    return newton(r, t, known, np.broadcast_to(a, r.shape[1:]), np.broadcast_to(b, r.shape[1:]), PULL)


def newton(
    r: np.ndarray, t: np.ndarray, known: np.ndarray, a0: np.ndarray, b0: np.ndarray, pull: float
) -> tuple[np.ndarray, np.ndarray]:
    """The minimum for all columns at once, near (a0, b0); known (n, k): weight of each cell."""
    a, b = a0.copy(), b0.copy()
    for _ in range(MAX_ROUNDS):
        p = expit(a * r + b)
        e, w = known * (p - t), known * (p * (1 - p))
        ga, gb = (e * r).sum(0) + pull * (a - a0), e.sum(0) + pull * (b - b0)
        aa, ab, bb = (w * r * r).sum(0) + pull, (w * r).sum(0), w.sum(0) + pull
        det = aa * bb - ab * ab
        da, db = (bb * ga - ab * gb) / det, (aa * gb - ab * ga) / det
        shrink = 1 / np.maximum(1.0, np.maximum(abs(da), abs(db)))  # far from the minimum a full step may overshoot
        a, b = np.maximum(a - shrink * da, 1e-3), b - shrink * db
        if max(abs(da).max(), abs(db).max()) < 1e-8:
            break
    return a, b
