r"""A linear residual for each output: what all members together have missed.

    minimize  sum_i loss(r_i + U x_i + b, y_i) + lambda / 2 (|U|^2 + |b|^2)          loss: logistic, summed over the outputs

x_i (d,) has mean squared length 1, and r_i is the calibrated out-of-fold output for row i. So U learns the errors on new rows
rather than in-sample residuals. With few rows, members miss the effect of rare words or of single columns. The penalty is
weaker if the members have explained more, and, for documents, if there are fewer rows per word:

    lambda = c L / (L_0 - L), 0.1 to 10           L: the loss of the r_i,  L_0: that of a constant output
    c = 2 for the columns of a table, 0.6 sqrt(n / d) for the words of documents

The problem is convex. Its minimum is not needed to the last digit: a fixed number of L-BFGS rounds suffices.

References
----------
Stacked generalization (Wolpert, 1992), https://doi.org/10.1016/S0893-6080(05)80023-1
Greedy function approximation: a gradient boosting machine (Friedman, 2001), https://doi.org/10.1214/aos/1013203451
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional as F

__all__ = ["fit_linear_residual"]

RIDGES = 0.1, 10.0  # lambda, at least and at most
COLUMNS, WORDS = 2.0, 0.6  # c, and c for one row per word
ROUNDS = 25


def fit_linear_residual(
    x: Tensor, r: Tensor, y: Tensor, words: bool = False, weight: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """x (n, d), columns or words, r and y (n, k), NaN = unknown, weights (n, 1) or (n, k) -> U (d, k), b (k,).

    >>> rng = torch.Generator().manual_seed(0)
    >>> x = torch.randn(200, 4, generator=rng); y = (x[:, :1] > 0).float()
    >>> u, b = fit_linear_residual(x, torch.zeros(200, 1), y)
    >>> bool(u[0] > 5 * u[1:].abs().max()), bool(((x @ u + b > 0) == (y > 0)).float().mean() > 0.9)
    (True, True)
    >>> bool(fit_linear_residual(x, 40 * (y - 0.5), y)[0].abs().max() < 0.01)                         # nothing was missed
    True
    """
    n, d = x.shape
    ridge = penalty(r, y, WORDS * (n / d) ** 0.5 if words else COLUMNS)
    unit = float(x.square().sum(1).mean().sqrt()) or 1.0
    known = ~torch.isnan(y)
    y = y.nan_to_num(0.5)
    c: Tensor | float = 1.0 if weight is None else weight
    x = torch.cat([x / unit, x.new_ones(n, 1)], 1)

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = torch.from_numpy(flat).to(x).view(d + 1, -1)
        f = torch.addmm(r, x, w)
        loss = torch.where(known, c * (F.softplus(f) - y * f), 0.0).sum(dtype=torch.float64)
        slope = torch.addmm(ridge * w, x.T, torch.where(known, c * (torch.sigmoid(f) - y), 0.0))
        return float(loss + 0.5 * ridge * w.square().sum(dtype=torch.float64)), slope.double().numpy().ravel()

    start = np.zeros((d + 1) * y.shape[1])
    found = minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS, "maxcor": 5})
    w = torch.from_numpy(found.x).to(x).view(d + 1, -1)
    return w[:-1] / unit, w[-1]


def penalty(r: Tensor, y: Tensor, c: float = COLUMNS) -> float:
    """lambda.

    >>> y = torch.tensor([[0.0], [1.0], [1.0]])
    >>> penalty(torch.zeros(3, 1), y), round(penalty(2 * y - 1, y), 2), penalty(20 * (y - 0.5), y)
    (10.0, 1.94, 0.1)
    """
    share = y.nanmean(0).nan_to_num(0.5).clamp(1e-6, 1 - 1e-6)
    loss, same = (float(F.softplus(f).sub(y * f).nansum()) for f in (r, share.logit().expand_as(y)))
    return min(max(c * loss / max(same - loss, 1e-9), RIDGES[0]), RIDGES[1])
