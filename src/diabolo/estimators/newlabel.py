r"""One row more, v_{k+1}, on an encoder that stays as it is: convex, so that few examples and no luck are needed.

    minimise  sum_i log(1 + e^{-s_i f_i}) + lambda/2 |v|^2,      f = H v + b,  s = +1, -1        H (n, m): the codes

Few rows: Newton's method in the n unknowns alpha, v = H' alpha. At the minimum leaving one row out needs no new fit,

    f_i without i = z_i - alpha_i / [A^-1]_ii,      A = H H' + lambda W^-1,   W = p (1 - p),   z = f + (y - p) / W

and lambda is the one under which the rows left out are likeliest. Many rows: lambda from some of them, then L-BFGS.

References
----------
A scalable estimate of the out-of-sample prediction error via approximate leave-one-out cross-validation
(Rad & Maleki, 2020), https://doi.org/10.1111/rssb.12374
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.linalg.blas import ssyrk
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from .precision import average_precision

__all__ = ["NewLabel", "by_half", "solved", "told"]

RIDGES = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)  # lambda, in units of the mean squared length of a code
FEW = 100  # rows up to which Newton's method is used, and by which lambda is chosen
INTERCEPT = 1.0  # length of the constant feature, in units of a code's
ROUNDS = 30
SLOWEST = 0.2  # gain from which on a number of examples is told


@dataclass(frozen=True)
class NewLabel:
    """What became of a new label.

    Parameters
    ----------
    name : str or int
    positives, negatives : int
        Examples; negatives may be old rows from the memory.
    average_precision : float
        Of the examples, each left out in turn.
    interval : (float, float)
        Its 5 % and 95 % quantiles under resampling of the examples.
    more : int or None
        About so many more positive examples would take a half of what is missing to 1; None where it cannot be told.
    ridge : float
        The lambda that was chosen.
    seconds : float
    """

    name: Any
    positives: int
    negatives: int
    average_precision: float
    interval: tuple[float, float]
    more: int | None
    ridge: float
    seconds: float = field(compare=False)

    def __str__(self) -> str:
        low, high = self.interval
        needed = f"; about {self.more:,} more examples would halve what is missing" if self.more else ""
        return (
            f"{self.name!r} from {self.positives} positive and {self.negatives} negative examples: average precision "
            f"{self.average_precision:.2f} ({low:.2f} to {high:.2f}), each left out in turn{needed}"
        )


def solved(h: np.ndarray, y: np.ndarray, ridges: Sequence[float] = RIDGES) -> tuple[np.ndarray, float, np.ndarray, float]:
    """Codes (n, m), y (n,) of 0 and 1 -> v (m,), b, the outputs (n,) of rows left out, lambda.

    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(30, 50)); h[:10, 0] += 3
    >>> v, b, left_out, ridge = solved(h, np.arange(30) < 10)
    >>> bool((h @ v + b > 0)[:10].all()), bool(left_out[:10].mean() > left_out[10:].mean() + 1)
    (True, True)
    """
    y = np.asarray(y, dtype=np.float64)
    unit = np.sqrt(np.square(h).sum(1).mean()) or 1.0
    u = with_constant(h / unit)
    some = np.arange(len(y)) if len(y) <= FEW else balanced(y, FEW)
    gram = u[some] @ u[some].T
    fits = along(gram, y[some], ridges)
    best = int(np.argmin([np.logaddexp(0, np.where(y[some] > 0.5, -out, out)).mean() for _, out in fits]))
    alpha, left_out = fits[best]
    w = u[some].T @ alpha
    if len(y) > FEW:
        w = optimum(u, y, ridges[best], w)
        left_out = without(u, y, w, ridges[best])
    return w[:-1] / unit, float(w[-1] * INTERCEPT), left_out, ridges[best]


def with_constant(u: np.ndarray) -> np.ndarray:
    """(n, m) -> (n, m + 1)"""
    return np.column_stack([u, np.full(len(u), INTERCEPT)])


def optimum(u: np.ndarray, y: np.ndarray, ridge: float, start: np.ndarray) -> np.ndarray:
    """w (m,), from a start that is not far."""
    model = LogisticRegression(C=1 / ridge, fit_intercept=False, max_iter=200, warm_start=True)  # C sum loss + |w|^2 / 2
    model.coef_ = start[None].astype(u.dtype)
    return np.asarray(model.fit(u, y > 0.5).coef_[0])


def along(gram: np.ndarray, y: np.ndarray, ridges: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """:func:`newton` for each lambda; each starts where the one before has ended."""
    fits: list[tuple[np.ndarray, np.ndarray]] = []
    for ridge in ridges:
        fits.append(newton(gram, y, ridge, fits[-1][0] if fits else np.zeros(len(y))))
    return fits


def newton(gram: np.ndarray, y: np.ndarray, ridge: float, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gram matrix (n, n), a start (n,) -> alpha (n,), outputs (n,) of rows left out."""
    f = gram @ alpha

    def value(alpha: np.ndarray, f: np.ndarray) -> float:
        return float(np.logaddexp(0, np.where(y > 0.5, -f, f)).sum() + 0.5 * ridge * alpha @ f)

    now = value(alpha, f)
    for _ in range(ROUNDS):
        p = expit(f)
        w = np.maximum(p * (1 - p), 1e-6)
        z = f + (y - p) / w
        factor = cho_factor(gram + np.diag(ridge / w), lower=True)
        step = cho_solve(factor, z) - alpha
        rate = 1.0
        while (found := value(alpha + rate * step, f + rate * (gram @ step))) > now + 1e-12 and rate > 1e-3:
            rate /= 2
        alpha, f = alpha + rate * step, f + rate * (gram @ step)
        if now - found < 1e-6 * max(1.0, now):  # the next step would gain its square
            break
        now = found
    p = expit(f)
    w = np.maximum(p * (1 - p), 1e-6)
    inverse = np.diag(cho_solve(cho_factor(gram + np.diag(ridge / w), lower=True), np.eye(len(y))))
    return alpha, f + (y - p) / w - ((y - p) / ridge) / inverse


def without(u: np.ndarray, y: np.ndarray, w: np.ndarray, ridge: float) -> np.ndarray:
    """Outputs (n,) of rows left out, from the Hessian in the m unknowns; six digits of a lever are plenty."""
    f = u @ w
    p = expit(f)
    weight = p * (1 - p)
    t = u.T.astype(np.float32)
    hessian = ssyrk(1.0, t * np.sqrt(weight).astype(np.float32), lower=1)  # its lower half
    hessian[np.diag_indices_from(hessian)] += ridge
    lower = cholesky(hessian, lower=True, overwrite_a=True, check_finite=False)
    lever = np.square(solve_triangular(lower, t, lower=True, check_finite=False)).sum(0)
    return np.asarray(f - lever * (y - p) / np.maximum(1 - weight * lever, 1e-6))


def balanced(y: np.ndarray, most: int) -> np.ndarray:
    """Some of the rows, with their share of both kinds, at least one of each."""
    yes, no = np.flatnonzero(y > 0.5), np.flatnonzero(y <= 0.5)
    k = int(np.clip(round(most * len(yes) / len(y)), 1, most - 1))
    picked = [part[np.linspace(0, len(part) - 1, min(len(part), n)).astype(int)] for part, n in ((yes, k), (no, most - k))]
    return np.sort(np.concatenate(picked))


def by_half(h: np.ndarray, y: np.ndarray, v: np.ndarray, b: float, ridge: float) -> float:
    """Average precision of one half of the rows by a fit to the other; NaN for fewer than four examples of a kind.

    v, b: the fit to all, from where it is not far.
    """
    if min((y == 0).sum(), (y == 1).sum()) < 4:
        return float("nan")
    part = np.zeros(len(y), dtype=bool)
    for kind in (0, 1):
        part[np.flatnonzero(y == kind)[::2]] = True
    unit = np.sqrt(np.square(h).sum(1).mean()) or 1.0
    u = with_constant(h / unit).astype(np.float32)
    w = optimum(u[part], y[part], ridge, np.append(v * unit, b / INTERCEPT))
    return average_precision(u[~part] @ w, y[~part] > 0.5, 0)[0]


def told(name: Any, y: np.ndarray, left_out: np.ndarray, half: float, ridge: float, start: float) -> NewLabel:
    """The new label's card; `half`: average precision of one half of the rows by a fit to the other, or NaN."""
    y = np.asarray(y) > 0.5
    value, interval = average_precision(left_out, y)
    more = None
    if half == half and 0 < value < 1:
        gain = np.log(max(1 - half, 1e-9) / (1 - value)) / np.log(2)  # the error falls like n^-gain
        if gain > SLOWEST:
            more = int(np.ceil(y.sum() * (2 ** (1 / gain) - 1)))
    counts = int(y.sum()), int((~y).sum())
    return NewLabel(name, *counts, value, interval, more, ridge, time.perf_counter() - start)
