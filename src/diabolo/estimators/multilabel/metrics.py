r"""Ranking metrics: of the labels of a row, which decides early stopping, and of the rows of a label.

    LRAP = mean over rows i, and their labels c, of  |labels of i that are ranked at c or above| / rank of c
    AP   = sum_i w_i y_i P_i / sum_i w_i y_i,      P_i = sum_{j <= i} w_j y_j / sum_{j <= i} w_j      rows by falling score

With few rows the ranking is noisy, and with imbalanced labels the prior alone ranks best: so early stopping adds the loss with
a weight of n^-1/2. ``w_i`` is how often row i is drawn: 1 for the value itself, bootstrap counts for its interval, all
draws at once. Rows with the same score form one step: their P is that of the last of them.

References
----------
Mining multi-label data (Tsoumakas, Katakis & Vlahavas, 2010), https://doi.org/10.1007/978-0-387-09823-4_34
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...losses import Logistic
from ...rows import spread_rows
from ..supervised.targets import TEMPERATURES
from ..weights import mean

__all__ = ["average_precision", "misclassified", "ranking_error", "relative_loss", "unranked"]

MAX_OUTPUTS_FOR_LOSS = 200_000  # raw outputs on which the loss is computed
DRAWS, NUMBERS = 100, 1 << 20  # of the bootstrap, and numbers of it that are held at once
LEVEL = (0.05, 0.95)
MIN_ROWS = 50  # rows, however many labels they have
SURE = TEMPERATURES[::2]


def ranking_error(raw: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
    """1 - label ranking average precision, plus the loss with a weight of n^-1/2, because few rows rank with noise."""
    return unranked(raw, y, weight) + len(y) ** -0.5 * relative_loss(raw, y, weight)


def relative_loss(raw: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
    """The loss at the best temperature, because calibration follows; relative to the loss of a constant output.

    >>> y = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> round(relative_loss(torch.zeros(2, 2), y), 3), round(relative_loss(100 * (y - 0.5), y), 3)
    (1.0, 0.0)
    """
    some = torch.from_numpy(spread_rows(np.arange(len(y)), max(MIN_ROWS, MAX_OUTPUTS_FOR_LOSS // y.shape[1])))
    raw, y = raw[some], y[some]
    w: Any = 1.0 if weight is None else weight[some]
    share = ((w * y).nanmean(0) / (w + 0 * y).nanmean(0)).nan_to_num(0.5).clamp(1e-6, 1 - 1e-6)
    raws = (share.logit().expand_as(y), *(t * raw for t in SURE))
    equal, *losses = (float((w * Logistic().terms(r, y)).mean()) for r in raws)
    return min(losses) / equal


def misclassified(raw: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
    """Share of the rows whose only label is not the one with the largest output.

    >>> misclassified(torch.tensor([[2.0, 1.0], [2.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    0.5
    """
    return mean((raw.argmax(1) != y.argmax(1)).float(), weight)


def unranked(raw: Tensor, y: Tensor, weight: Tensor | None = None) -> float:
    """1 - label ranking average precision over rows with a label; with fewer than three labels, the loss.

    >>> round(unranked(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([[0.0, 1.0, 1.0]])), 3)       # 1 - (1/2 + 2/3) / 2
    0.417
    """
    yes = torch.nan_to_num(y) > 0.5
    some = yes.any(1)
    if y.shape[1] < 3 or not some.any():
        return mean(Logistic().terms(raw, y), weight)
    score = torch.where(torch.isnan(y), -torch.inf, raw.float())[some].numpy()
    # the last bit of the score holds y: sorting numbers is faster than sorting positions
    bits = (score.view(np.int32) & ~1) | yes[some].numpy()
    right = np.sort(bits.view(np.float32), axis=1)[:, ::-1].copy().view(np.int32) & 1
    precision = right.cumsum(1) / np.arange(1, right.shape[1] + 1)
    each = (precision * right).sum(1) / right.sum(1)
    return float(1 - (each.mean() if weight is None else np.average(each, weights=weight[some].mean(1).numpy())))


def average_precision(
    score: np.ndarray, y: np.ndarray, draws: int = DRAWS, groups: np.ndarray | None = None
) -> tuple[float, tuple[float, float]]:
    """Scores (n,), y (n,) bool -> the value, and its 5 % and 95 % quantiles; NaN if all or none are true.

    Rows of the same group (n,) are drawn together.

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
    place = ends[np.searchsorted(ends, yes)]  # for each true row, the last row with its score
    until = np.searchsorted(yes, place, "right") - 1

    def weighted(w: np.ndarray) -> np.ndarray:
        """Of how often each row counts, w (m, n): the m values that are known."""
        mine, all_ = w[:, yes], w.cumsum(1)[:, place]
        true = mine.cumsum(1)
        p = true[:, until] / np.maximum(all_, 1.0)
        some = true[:, -1] > 0
        return np.asarray((mine * p).sum(1)[some] / true[some, -1])

    code = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1][order]  # of what is drawn
    k = int(code.max()) + 1
    rng, at_once = np.random.default_rng(0), max(1, NUMBERS // n)
    value = float(weighted(np.ones((1, n)))[0])
    sizes = (min(at_once, draws - start) for start in range(0, draws, at_once))
    known = np.concatenate([np.zeros(0), *(weighted(counts(rng.integers(k, size=(m, k)), k)[:, code]) for m in sizes)])
    low, high = np.quantile(known, LEVEL) if len(known) else (0.0, 1.0)
    return value, (float(low), float(high))


def counts(drawn: np.ndarray, n: int) -> np.ndarray:
    """How often each of n numbers is in each row of `drawn` (m, n).

    >>> counts(np.array([[0, 2, 2], [1, 1, 1]]), 3).tolist()
    [[1, 0, 2], [0, 3, 0]]
    """
    m = len(drawn)
    return np.bincount((drawn + n * np.arange(m)[:, None]).ravel(), minlength=m * n).reshape(m, n)
