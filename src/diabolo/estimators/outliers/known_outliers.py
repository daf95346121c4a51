r"""What a few known outliers show: which axis and which columns distinguish outliers of their kind.

    s(x) = w_0 + w . f(x)        f = (apart, rare, log(1 + l_1 / v_1), ..., log(1 + l_c / v_c))

``w`` is a ridge-penalized logistic regression of known outliers against all other rows: convex, and with few examples
near what the penalty prefers. Regression k learns from the folds other than its own, so that the calibration stays one of
rows that it has not seen.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from ...copies import copies
from ...errors import DataError, warn
from ...rows import Rows
from ..weights import weights

__all__ = ["SupervisedScorer", "TrainingRows", "training_rows"]

PENALTY = 0.1  # C of the logistic regression
MIN_ROWS = 8  # that are learned from
MIN_COPIES = 0.01  # share of the rows from which on fit warns
MEANING = "-1 outlier, 1 normal, 0 unknown"
LEAD = 4.0  # how much easier the two axes get weight than a column

Seen = tuple[np.ndarray, np.ndarray]  # axes (n, K, 2) and ratios (n, K, c), or (n, 2) and (n, c) by one member each


class SupervisedScorer:
    """One logistic regression for each member: `w` (K, 2 + c), `w0` (K,)."""

    def __init__(self, w: np.ndarray, w0: np.ndarray) -> None:
        self.w, self.w0 = w, w0

    @classmethod
    def fit(cls, normal: Seen, fold: np.ndarray, outliers: Seen) -> Self:
        """Fit to the rows that are not known outliers, with their folds (n,), and to the known outliers."""
        own, strange = np.concatenate(normal, 1), features(*outliers)
        several = len(set(fold)) > 1
        fits = [regression(own[fold != k] if several else own, strange.mean(1)) for k in range(strange.shape[1])]
        return cls(np.stack([w for w, _ in fits]), np.array([w0 for _, w0 in fits]))

    def __call__(self, axes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
        """-> s (n, K)."""
        return (features(axes, ratios) * self.w).sum(2) + self.w0

    def state(self) -> dict[str, np.ndarray]:
        return {"w": self.w, "w0": self.w0}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of :meth:`state`."""
        return cls(arrays["w"], arrays["w0"])


def features(axes: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    return np.concatenate([axes, ratios], 2)


def regression(normal: np.ndarray, outliers: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights and intercept, in the units of the features."""
    f = np.concatenate([normal, outliers])
    y = np.arange(len(f)) >= len(normal)
    scaler = StandardScaler().fit(normal)
    scale = scaler.scale_ / np.where(np.arange(f.shape[1]) < 2, LEAD, 1.0)
    model = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=1000).fit((f - scaler.mean_) / scale, y)
    w = model.coef_[0] / scale
    return w, float(model.intercept_[0] - w @ scaler.mean_)


class TrainingRows(NamedTuple):
    """The training rows, their weights (n,), and the known outliers x (m, d), if there are any."""

    rows: Rows
    weight: Tensor
    outliers: Tensor | None


def training_rows(rows: Rows, y: Any, sample_weight: Any) -> TrainingRows:
    """All rows but known outliers, rows that do not count, and copies of others."""
    y, outliers = check_outlier_labels(y, len(rows)), None
    w = weights(np.ones(len(rows)) if sample_weight is None else sample_weight, len(rows), 0)[:, 0]
    learned = w.numpy() > 0
    if y is not None:
        outliers = rows.take(np.flatnonzero((y == -1) & learned))
        learned &= y != -1
    if not learned.all():
        rows = rows.subset(np.flatnonzero(learned))
    w, again = w[torch.from_numpy(learned)], copies(rows)
    if again.any():  # what has seen one cannot judge the other
        rows, w = rows.subset(np.flatnonzero(~again)), w[torch.from_numpy(~again)]
    if again.mean() > MIN_COPIES:
        warn(f"{again.sum():,} of {len(again):,} rows are copies of others: each counts once")
    if len(rows) < MIN_ROWS:
        raise DataError(
            f"n_samples={len(rows)}: an outlier detector needs at least {MIN_ROWS} rows that are not known outliers"
            + (" and have a weight" if sample_weight is not None else "")
        )
    return TrainingRows(rows, w, outliers)


def check_outlier_labels(y: object, n: int) -> np.ndarray | None:
    """y (n,) as -1, 0, 1; None where nothing is known: not a single -1."""
    if y is None:
        return None
    values = np.asarray(y)
    if values.ndim != 1:
        raise DataError(f"y has shape {values.shape}: give one number for each row, {MEANING}")
    if len(values) != n:
        raise DataError(f"y has {len(values):,} entries, X has {n:,} rows")
    if values.dtype == object:
        values = np.array([np.nan if v is None else v for v in values])
    if values.dtype.kind not in "iufb" or np.isnan(values.astype(float)).any():
        found = next(v for v in values.tolist() if not isinstance(v, (int, float)) or v != v)
        raise DataError(f"y holds {found!r}: give a number for each row, {MEANING}")
    strange = np.setdiff1d(values, (-1, 0, 1))
    if (values == -1).any():
        if len(strange):
            raise DataError(f"y holds {strange[0]:g}: allowed are {MEANING}")
        return values
    if len(set(values.tolist())) > 1:
        warn(
            f"y is ignored, because it has no -1. y says what is known about rows: {MEANING}. "
            "If 1 marks outliers in y, give np.where(y == 1, -1, 0)"
        )
    return None
