r"""From raw outputs to probabilities, and from these to predicted labels.

    p_c = s(a_c r_c + b_c)         r_c: raw output of label c;  s = logistic;  if each row has one label, divided by sum_c p_c
    predict_c = p_c >= t_c         if each row has one label: the most probable one

Calibrated probabilities: 0.8 is right in 80 of 100 cases. a and b are fitted to out-of-fold outputs,

    minimize  sum_i loss(a_c r_ic + b_c, y_ic) + lambda ((a_c - a)^2 + (b_c - b)^2)

where ``a, b`` are those of all labels together; a label with few examples stays near them. The thresholds t are chosen on the
same rows (thresholds.py).

References
----------
Probabilistic outputs for support vector machines (Platt, 1999)
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from scipy.special import expit, logit
from torch import Tensor

from ...errors import FormatError
from .thresholds import binarize, thresholds

__all__ = ["Decision", "most_probable", "platt"]

PULL = 10.0  # lambda
MAX_ROUNDS = 30  # of Newton's method
MAX_CELLS = 4_000_000  # raw outputs that are used


class Decision:
    """Calibration and thresholds of k labels.

    Parameters
    ----------
    platt : ndarray (2, k)
        a and b.
    thresholds : ndarray (k,)
        t.
    least : int
        Smallest number of labels of a row.
    one : bool
        Whether each row has exactly one label.
    """

    def __init__(self, platt: np.ndarray, thresholds: np.ndarray, least: int, one: bool) -> None:
        self.platt, self.thresholds, self.least, self.one = platt, thresholds, least, one

    @classmethod
    def fit(cls, r: np.ndarray, y: np.ndarray, w: np.ndarray | None, metric: Any, least: Any, one: bool) -> Self:
        """Out-of-fold outputs r (n, k), y (n, k) with NaN = unknown, weights; `least` may be "auto"."""
        if least == "auto":
            least = (np.nan_to_num(y, nan=1.0).sum(1) > 0).all()
        ab = np.stack(platt(r, y, w)).astype(np.float32).astype(np.float64)
        self = cls(ab, np.empty(0), int(least), one)
        self.thresholds = thresholds(self.calibrated(r), y, metric, self.least, w)
        return self

    def calibrated(self, r: np.ndarray) -> np.ndarray:
        """Raw outputs (n, k) -> s(a r + b)."""
        a, b = self.platt
        return np.asarray(expit(a * r + b))

    def probabilities(self, raw: Tensor) -> np.ndarray:
        """Raw outputs (n, k) -> p (n, k)."""
        p = self.calibrated(raw.double().numpy())
        return p / p.sum(1, keepdims=True) if self.one else p

    def decided(self, p: np.ndarray) -> np.ndarray:
        """p (n, k) -> predictions (n, k)."""
        return p == p.max(1, keepdims=True) if self.one else binarize(p, self.thresholds, self.least)

    def margins(self, p: np.ndarray) -> np.ndarray:
        """p (n, k) -> log-odds minus those of the thresholds; with one label for each row, the log-odds."""
        odds = logit(np.clip(p, 1e-15, 1 - 1e-15))
        if self.one:
            return odds[:, 1] - odds[:, 0] if odds.shape[1] == 2 else odds
        return np.asarray(odds - logit(np.clip(self.thresholds, 1e-12, 1 - 1e-12)))

    def shift(self, more: Tensor) -> None:
        """Add to b (k,), rounded as in a file."""
        self.platt[1] = (torch.from_numpy(self.platt[1]).float() + more).double().numpy()

    def append(self, threshold: float) -> None:
        """One more label, whose outputs are calibrated already."""
        self.platt = np.column_stack([self.platt, [1.0, 0.0]])
        self.thresholds = np.append(self.thresholds, threshold)

    def drop(self, c: int) -> None:
        """Without label c."""
        self.platt, self.thresholds = np.delete(self.platt, c, 1), np.delete(self.thresholds, c)

    def state(self) -> dict[str, np.ndarray]:
        return {"platt": self.platt, "thresholds": self.thresholds}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], least: Any, k: int, one: bool) -> Self:
        """The inverse of :meth:`state`, for k labels."""
        platt, thresholds = arrays["platt"], arrays["thresholds"]
        if platt.shape != (2, k) or thresholds.shape != (k,) or type(least) is not int or least < 0:
            raise FormatError("its thresholds do not fit its labels")
        return cls(platt, thresholds, least, one)


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


def most_probable(p: np.ndarray, names: list[Any], n: int) -> list[tuple[Any, float]]:
    """Probabilities (k,) -> the n most probable labels, with their probabilities."""
    best = np.argpartition(-p, n - 1)[:n]
    best = best[np.argsort(-p[best], kind="stable")]
    return [(names[c], float(p[c])) for c in best]
