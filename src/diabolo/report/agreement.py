"""How well predicted numbers agree with observed ones, beside the simplest models; and what each column adds.

R2       1 - mean (y - p)^2 / mean (y - m)^2          m: the mean of y in these rows
line     ridge regression on the features of the format, fitted to other rows of the same data: five parts in turn
loss_j   mean (y - p_j)^2 / mean (y - m)^2 - (1 - R2)     p_j: predicted after column j changed places among the rows
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from ..nets.heads import member_mean
from ..rows import evenly

if TYPE_CHECKING:
    from ..estimators.supervised.regressor import Regressor

__all__ = ["Agreement", "losses", "rows_for_line", "straight_line"]

PARTS, RIDGES = 5, np.logspace(-2, 4, 13)
MIN_ROWS = 20  # for a line
MAX_NUMBERS = 2_000_000  # in the rows to which it is fitted
MAX_FEATURES = 2000
SHUFFLED = 1000  # rows whose columns change places, and how often they do
REPEATS = 3


@dataclass(frozen=True)
class Agreement:
    """Numbers y (n,) of one target, and p (n,) of one model.

    >>> found = Agreement(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    >>> round(found.r2, 2), round(found.mean_error, 2), found.error(0.5)
    (0.5, 0.33, 0.0)
    """

    y: np.ndarray
    p: np.ndarray

    @property
    def r2(self) -> float:
        """NaN if all y are the same."""
        spread = float(np.square(self.y - self.y.mean()).sum())
        return 1 - float(np.square(self.y - self.p).sum()) / spread if spread > 0 else float("nan")

    @property
    def mean_error(self) -> float:
        return float(np.abs(self.y - self.p).mean())

    def error(self, share: float) -> float:
        """The size that this share of the errors does not exceed."""
        return float(np.quantile(np.abs(self.y - self.p), share))


def rows_for_line(n: int, d: int) -> np.ndarray:
    """Of n rows with d features those to which a line is fitted."""
    return np.asarray(evenly(n, max(MIN_ROWS, MAX_NUMBERS // max(d, 1))))


def straight_line(x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Features x (n, d) and numbers y (n,) -> predictions (n,), each from other rows; None if rows or features forbid it.

    >>> x = np.linspace(0, 1, 50)[:, None]
    >>> bool(np.abs(straight_line(x, 3 * x[:, 0] + 1) - 3 * x[:, 0] - 1).max() < 0.1)
    True
    """
    if len(x) < MIN_ROWS or x.shape[1] > MAX_FEATURES:
        return None
    gaps = np.isnan(x)
    x = np.hstack([np.where(gaps, 0.0, x), gaps[:, gaps.any(0)]])  # 0: the mean of fit
    parts = KFold(PARTS, shuffle=True, random_state=0)
    return np.asarray(cross_val_predict(make_pipeline(StandardScaler(), RidgeCV(RIDGES)), x, y, cv=parts))


def losses(reg: Regressor, x: Tensor, y: np.ndarray, seed: int = 0) -> np.ndarray:
    """Rows x (n, d) and standardized y (n, k), NaN = unknown -> (columns,) R2 that is lost without the column.

    The mean of the targets of which not all numbers are the same: of one at least.
    """
    there = np.flatnonzero(~np.isnan(y).all(1))
    some = there[evenly(len(there), SHUFFLED)]
    x, y = x[torch.from_numpy(some)], y[some]
    known, rng, blocks = ~np.isnan(y), np.random.default_rng(seed), reg.format_.blocks
    n, y = np.maximum(known.sum(0), 1), np.nan_to_num(y)
    spread = np.square(np.where(known, y - y.sum(0) / n, 0)).sum(0) / n

    def left(rows: Tensor) -> float:
        each = np.square(np.where(known, outputs(reg, rows) - y, 0)).sum(0) / n
        return float((each[spread > 0] / spread[spread > 0]).mean())

    usual, found = left(x), np.zeros(len(blocks))
    for j, block in enumerate(blocks):
        moved = x.clone()
        for _ in range(REPEATS):
            moved[:, block] = x[torch.from_numpy(rng.permutation(len(x)))][:, block]
            found[j] += (left(moved) - usual) / REPEATS
    return found


def outputs(reg: Regressor, x: Tensor) -> np.ndarray:
    """x (n, d) -> standardized predictions (n, k)."""
    network = reg.network_
    with torch.no_grad():
        found: list[Any] = [member_mean(network.decoder(network.encoder(part))) for part in x.split(reg.format_.piece)]
    return np.asarray(torch.cat(found).double().numpy())
