r"""What the outputs should be: y of each row, its weight, and the loss.

    minimize  sum_i sum_c w_ic loss(raw_ic, y_ic)          raw (n, k): outputs of the network;  w (n, 1), (n, k), or all 1

There is a class for each kind of y: classes and numbers here, labels in multilabel/targets.py. A target lasts for one fit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from torch import Tensor

from ...losses import Loss, Softmax, Squared
from ...model_selection import folds
from ..weights import mean

__all__ = ["TEMPERATURES", "ClassTarget", "NumberTarget", "Target"]

RIDGES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # lambda, for codes of mean squared length 1
TEMPERATURES = tuple(float(2**e) for e in np.arange(-4, 2.25, 0.25))


class Target(ABC):
    """Base: y of n rows, k outputs for each.

    Parameters
    ----------
    loss : Loss
        Loss of the outputs.
    n, k : int
        Number of rows, and of outputs for each.
    w : Tensor (n, 1) or (n, k), or None
        Weight of each row, or of each cell; None: all equal.
    """

    watched = 4000  # rows on which early stopping decides
    judged = 20_000  # rows that are evaluated after training
    convex = True  # whether `optimum` knows the loss
    ridges: tuple[float, ...] = RIDGES  # lambda that is tried for the last layer
    classes: Tensor | None = None  # (n,) the number of each row's only class
    numbers: Tensor | None = None  # (n, k), if y is numbers
    linear = False  # whether a network from scratch begins at a linear model

    def __init__(self, loss: Loss, n: int, k: int, w: Tensor | None) -> None:
        self.loss, self.n, self.k, self.w = loss, n, k, w

    def __len__(self) -> int:
        return self.n

    @abstractmethod
    def start(self) -> Tensor:
        """(k,) first bias of the last layer: the constant output that fits all rows best."""

    @abstractmethod
    def y(self, i: Tensor) -> Tensor:
        """(B,) row numbers -> y (B, k)."""

    @abstractmethod
    def error(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        """Error of out-of-fold outputs, with weights: what early stopping makes small."""

    @abstractmethod
    def optimum(self, u: np.ndarray, i: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
        """Codes u (r, m) of the rows i (r,) -> V (m, k) and b (k,) that minimize loss + ridge / 2 |V|^2."""

    def folds(self, parts: int | list[float], rng: np.random.RandomState, i: np.ndarray) -> np.ndarray:
        """(r,) row numbers -> (r,) the part that each of these rows is in."""
        return folds(np.zeros((len(i), 1)), parts, rng)

    def weight(self, i: Tensor) -> Tensor | None:
        """(B,) row numbers -> weight of each row, or of each of its cells, in evaluation; (B, 1) or (B, k)."""
        return None if self.w is None else self.w[i]

    def pull(self, i: Tensor) -> Tensor | None:
        """The same in training."""
        return self.weight(i)

    def counts(self, i: np.ndarray) -> np.ndarray:
        """(r,) row numbers -> whether the row has a weight above 0."""
        return np.ones(len(i), dtype=bool) if self.w is None else (self.w[i].sum(1) > 0).numpy()

    def error_of(self, raw: Tensor, i: np.ndarray) -> float:
        """Error of raw outputs (r, k) for the rows i."""
        rows = torch.from_numpy(i)
        return self.error(raw, self.y(rows), self.weight(rows))

    def losses(self, outputs: Callable[[Tensor | None], Tensor], i: Tensor, rng: torch.Generator) -> Tensor:
        """Losses (K, B) of the rows i; `outputs` gives raw (K, B, k), or (K, B, c) for some outputs c."""
        return self.summed(outputs(None), self.y(i), self.pull(i))

    def summed(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> Tensor:
        """raw (K, B, k), y (B, k) -> (K, B)."""
        y = y.to(raw.device)
        terms = self.loss.terms(raw.flatten(0, 1), y.repeat(len(raw), 1)).unflatten(0, raw.shape[:2])
        return (terms if weight is None else terms * weight.to(raw.device)).sum(2)

    def temperature(self, raw: Tensor, i: np.ndarray) -> float:
        """The factor t that calibrates raw outputs (r, k) of the rows i: t raw has the smallest loss."""
        rows = torch.from_numpy(i)
        y, w = self.y(rows), self.weight(rows)
        factor: Any = 1.0 if w is None else w
        return min(TEMPERATURES, key=lambda t: float((factor * self.loss.terms(t * raw, y)).sum()))


class ClassTarget(Target):
    """One of k classes for each row.

    Parameters
    ----------
    index : Tensor of int64 (n,)
        The number of each row's class.
    k : int
        Number of classes.
    w : Tensor (n, 1) or None
        Weight of each row.
    """

    def __init__(self, index: Tensor, k: int, w: Tensor | None) -> None:
        super().__init__(Softmax((k,)), len(index), k, w)
        self.classes: Tensor = index

    def start(self) -> Tensor:
        w = torch.ones(self.n) if self.w is None else self.w[:, 0]
        n = torch.zeros(self.k).index_add_(0, self.classes, w)
        return n.div(n.sum()).clamp(min=0.5 / self.n).log()

    def y(self, i: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(self.classes[i], self.k).float()

    def folds(self, parts: int | list[float], rng: np.random.RandomState, i: np.ndarray) -> np.ndarray:
        return folds(self.y(torch.from_numpy(i)).numpy(), parts, rng)

    def error(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        return self.wrong(raw, y, weight) + 0.1 * min(mean(self.loss(t * raw, y), weight) for t in TEMPERATURES)

    def wrong(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        """Error rate."""
        return mean((raw.argmax(1) != y.argmax(1)).float(), weight)

    def optimum(self, u: np.ndarray, i: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
        y = self.classes[torch.from_numpy(i)].numpy()
        there = np.unique(y)
        v, b = np.zeros((u.shape[1], self.k)), np.full(self.k, np.log(0.5 / len(y)))  # for a class without rows
        if len(there) == 1:
            b[there] = 0.0
            return v, b
        w = self.pull(torch.from_numpy(i))
        model = LogisticRegression(C=1 / ridge, max_iter=300).fit(u, y, None if w is None else w[:, 0].numpy())
        both = len(there) == 2
        v[:, there] = (np.concatenate([-model.coef_, model.coef_]) / 2 if both else model.coef_).T
        b[there] = np.concatenate([-model.intercept_, model.intercept_]) / 2 if both else model.intercept_
        return v, b


class NumberTarget(Target):
    """k numbers for each row.

    Parameters
    ----------
    values : Tensor (n, k)
        Standardized; NaN = unknown.
    w : Tensor (n, 1) or (n, k), or None
        Weight of each row, or of each number.
    """

    ridges = (*RIDGES, 3.0, 10.0, 30.0)  # few numbers are mostly noise
    linear = True

    def __init__(self, values: Tensor, w: Tensor | None) -> None:
        super().__init__(Squared(), values.shape[0], values.shape[1], w)
        self.numbers: Tensor = values

    def start(self) -> Tensor:
        return torch.zeros(self.k)

    def y(self, i: Tensor) -> Tensor:
        return self.numbers[i]

    def error(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        known, terms = ~torch.isnan(y), self.loss.terms(raw, y)
        if weight is None:
            return float(terms.sum() / known.sum().clamp(min=1))
        return float((weight * terms).sum() / (weight * known).sum().clamp(min=1e-12))

    def optimum(self, u: np.ndarray, i: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
        y = self.numbers[torch.from_numpy(i)].double().numpy()
        v, b = np.zeros((u.shape[1], self.k)), np.zeros(self.k)
        w = self.pull(torch.from_numpy(i))
        for c in range(self.k):
            own = None if w is None else w[:, min(c, w.shape[1] - 1)].numpy()
            known = ~np.isnan(y[:, c]) & (True if own is None else own > 0)
            if known.any():
                model = Ridge(alpha=ridge).fit(u[known], y[known, c], None if own is None else own[known])
                v[:, c], b[c] = model.coef_, model.intercept_
        return v, b
