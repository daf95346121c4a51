r"""What the members have missed together: for each output a straight line more, on what their first layer sees.

    minimise  sum_i loss(r_i + U x_i + b, y_i) + lambda / 2 (|U|^2 + |b|^2)          loss: logistic, summed over the outputs

x_i (d,) has mean squared length 1, and r_i is the calibrated output for row i of a member that has not seen it, so that the
line learns what is wrong with answers to new rows, not what is left of those learned by heart. Members of few rows overfit
rare words and miss what they say by themselves; the penalty keeps the line out of what needs more than a line. Convex; it is
not worth finding the minimum to the last digit: L-BFGS, so many rounds.

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

__all__ = ["straightened"]

RIDGE = 6.0  # lambda
ROUNDS = 25


def straightened(x: Tensor, r: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """x (n, d), r and y (n, k), NaN unknown -> U (d, k), b (k,).

    >>> rng = torch.Generator().manual_seed(0)
    >>> x = torch.randn(200, 4, generator=rng); y = (x[:, :1] > 0).float()
    >>> u, b = straightened(x, torch.zeros(200, 1), y)
    >>> bool(u[0] > 5 * u[1:].abs().max()), bool(((x @ u + b > 0) == (y > 0)).float().mean() > 0.9)
    (True, True)
    >>> bool(straightened(x, 20 * (y - 0.5), y)[0].abs().max() < 0.01)                         # nothing was missed
    True
    """
    n, d = x.shape
    unit = float(x.square().sum(1).mean().sqrt()) or 1.0
    known = ~torch.isnan(y)
    y = y.nan_to_num(0.5)
    x = torch.cat([x / unit, x.new_ones(n, 1)], 1)

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = torch.from_numpy(flat).to(x).view(d + 1, -1)
        f = torch.addmm(r, x, w)
        loss = torch.where(known, F.softplus(f) - y * f, 0.0).sum(dtype=torch.float64)
        slope = torch.addmm(RIDGE * w, x.T, torch.where(known, torch.sigmoid(f) - y, 0.0))
        return float(loss + 0.5 * RIDGE * w.square().sum(dtype=torch.float64)), slope.double().numpy().ravel()

    start = np.zeros((d + 1) * y.shape[1])
    found = minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS, "maxcor": 5})
    w = torch.from_numpy(found.x).to(x).view(d + 1, -1)
    return w[:-1] / unit, w[-1]
