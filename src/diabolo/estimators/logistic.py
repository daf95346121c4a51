"""Logistic regression with an L2 penalty: a convex problem, solved to convergence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.linalg.blas import ssyrk
from scipy.linalg.lapack import dposv, dpotrf, dpotri
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor

ROUNDS = 50
FIRST = 10  # rounds of L-BFGS before Newton's method
NEAR = 1e-6  # relative gain of a step below which the solver stops
ROUNDING = 1e-6  # of a Hessian, relative to its largest number
FALL = 5  # a Hessian is used again while gains fall by this factor


def gram(u: np.ndarray) -> np.ndarray:
    """(n, m) -> (n, n), in double precision, because it is inverted."""
    return np.asarray(u @ u.T, dtype=np.float64)


def newton_dual(g: np.ndarray, y: np.ndarray, ridge: float, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gram matrix (n, n), a start (n,) -> alpha (n,), leave-one-out outputs (n,): Newton's method in n unknowns."""
    f = g @ alpha

    def value(alpha: np.ndarray, f: np.ndarray) -> float:
        return loss(f, y) + 0.5 * ridge * float(alpha @ f)

    now = value(alpha, f)
    for _ in range(ROUNDS):
        p = expit(f)
        w = np.maximum(p * (1 - p), 1e-6)
        z = f + (y - p) / w
        step = dposv(with_diagonal(g, ridge / w), z, lower=1, overwrite_a=1)[1] - alpha
        before = now
        alpha, f, now, _ = backtracked(value, alpha, f, step, g @ step, now)
        if before - now < NEAR * max(1.0, before):  # the next step would gain its square
            break
    return alpha, left_out_by_gram(g, y, f, ridge)


def newton_primal(u: np.ndarray, y: np.ndarray, ridge: float, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n, m), a start (m,) -> w (m,), leave-one-out outputs (n,): Newton's method in m unknowns.

    A Hessian costs as much as ten gradients. So L-BFGS does the first rounds without one, each Hessian is reused while gains
    fall fast, and the last factorization also gives the leverages.
    """

    def value(w: np.ndarray, f: np.ndarray) -> float:
        return loss(f, y) + 0.5 * ridge * float(w @ w)

    def slope(w: np.ndarray, f: np.ndarray) -> np.ndarray:
        return matvec(u.T, expit(f) - y) + ridge * w

    def both(w: np.ndarray) -> tuple[float, np.ndarray]:
        return value(w, f := matvec(u, w)), slope(w, f)

    w = minimize(both, w, jac=True, method="L-BFGS-B", options={"maxiter": FIRST}).x
    f = matvec(u, w)
    now, lower, last = value(w, f), factor(u, f, ridge), np.inf
    for _ in range(ROUNDS):
        down = -slope(w, f)
        step = torch.cholesky_solve(torch.from_numpy(down[:, None]).float(), lower)[:, 0].double().numpy()
        gain = 0.5 * float(down @ step)
        w, f, now, rate = backtracked(value, w, f, step, matvec(u, step), now)
        if gain < NEAR * max(1.0, now):
            break
        slow = rate < 1 or FALL * gain > last
        lower, last = (factor(u, f, ridge), np.inf) if slow else (lower, gain)
    return w, left_out_by_leverage(u, y, f, lower)


def loss(f: np.ndarray, y: np.ndarray) -> float:
    """Sum over rows."""
    return float(np.logaddexp(0, np.where(y > 0.5, -f, f)).sum())


def backtracked(
    value: Callable[[np.ndarray, np.ndarray], float],
    a: np.ndarray,
    f: np.ndarray,
    step: np.ndarray,
    df: np.ndarray,
    now: float,
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Backtracking line search: unknowns and outputs after the step, the value there, and the step size."""
    rate = 1.0
    while (found := value(a + rate * step, f + rate * df)) > now + 1e-12 and rate > 1e-3:
        rate /= 2
    return a + rate * step, f + rate * df, found, rate


def matvec(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Matrix times vector, in the precision of the matrix."""
    return np.asarray(a @ b.astype(a.dtype), dtype=np.float64)


def factor(u: np.ndarray, f: np.ndarray, ridge: float) -> Tensor:
    """The lower factor (m, m) of H' W H + lambda at outputs f (n,), in single precision, with a slightly larger diagonal."""
    p = expit(f)
    root = np.sqrt(p * (1 - p))[:, None].astype(np.float32)
    hessian = torch.from_numpy(ssyrk(1.0, (u * root).T, lower=1))  # its lower half, in half the time
    hessian.diagonal().add_(ridge + ROUNDING * float(hessian.diagonal().max()))
    return torch.linalg.cholesky(hessian)


def left_out_by_gram(g: np.ndarray, y: np.ndarray, f: np.ndarray, ridge: float) -> np.ndarray:
    """Outputs f (n,) of the minimum -> leave-one-out outputs (n,), by the Gram matrix (n, n)."""
    p = expit(f)
    w = np.maximum(p * (1 - p), 1e-6)
    lower, _ = dpotrf(with_diagonal(g, ridge / w), lower=1, overwrite_a=1)
    inverse = np.diag(dpotri(lower, lower=1, overwrite_c=1)[0])
    return np.asarray(f + (y - p) / w - ((y - p) / ridge) / inverse)


def with_diagonal(g: np.ndarray, more: np.ndarray) -> np.ndarray:
    """g (n, n), symmetric, plus a diagonal (n,)."""
    a = g.copy()
    a.flat[:: len(a) + 1] += more
    return a.T  # in Fortran order: no copy


def left_out_by_leverage(u: np.ndarray, y: np.ndarray, f: np.ndarray, lower: Tensor) -> np.ndarray:
    """Outputs f (n,) of the minimum -> leave-one-out outputs (n,), by the factor (m, m) of a Hessian near to it."""
    p = expit(f)
    lever = torch.linalg.solve_triangular(lower, torch.from_numpy(u).float().T, upper=False).square().sum(0).double().numpy()
    return np.asarray(f - lever * (y - p) / np.maximum(1 - p * (1 - p) * lever, 1e-6))
