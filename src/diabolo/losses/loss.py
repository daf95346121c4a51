"""What a loss is, and what all losses share.

loss(raw, y) = sum_j term_j(raw, y)          raw (B, m), y (B, m) -> (B,)
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import TYPE_CHECKING, Any

from ..deferred import torch
from ..registry import registered_name

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LOSSES", "OUTSIDE", "WORST", "Loss", "build", "distance", "exact_products", "observed"]

LOSSES: dict[str, type[Loss]] = {}
OUTSIDE = 1e4  # the surprise of values outside the domain, in nats
WORST = 2.0  # their error: the largest Brier score


class Loss:
    """Base: ``(raw (B, m), y (B, m)) -> (B,)``."""

    domain = (-inf, inf)  # of y

    def __init_subclass__(cls) -> None:
        LOSSES[registered_name(cls)] = cls

    def __call__(self, raw: Tensor, y: Tensor) -> Tensor:
        return self.terms(raw, y).sum(1)

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        """(B, c): the loss of each of the c columns; 0 where y is NaN or infinite."""
        raise NotImplementedError

    def predict(self, raw: Tensor) -> Tensor:
        """(B, m): the expected value of y, by default raw."""
        return raw

    def errors(self, expected: Tensor, y: Tensor) -> Tensor:
        """(B, c): squared distance of the expected values to y, per column; 0 where y is NaN, WORST where it is infinite."""
        return distance(expected, y).masked_fill(y.isinf(), WORST)

    def cells(self, expected: Tensor, y: Tensor) -> Tensor:
        """(B, c'): the errors in the finest parts: for a document, per word."""
        return self.errors(expected, y)

    def surprise(self, raw: Tensor, y: Tensor) -> Tensor:
        """(B, c): distance of y to its expected value on the scale of the loss; 0 where y is NaN, OUTSIDE where infinite."""
        return self.terms(raw, y).masked_fill(self.outside(y), OUTSIDE)

    def outside(self, y: Tensor) -> Tensor:
        """(B, c): which cells are outside the domain."""
        return y.isinf()

    def check(self, y: Tensor) -> None:
        """Raise a ValueError if y (B, m) holds values outside the domain of this loss."""
        low, high = self.domain
        wrong = ((y < low) | (y > high)) & torch.isfinite(y)
        if wrong.any():
            i, j = wrong.nonzero()[0].tolist()
            allowed = f"in [{low:g}, {high:g}]" if high < inf else f"from {low:g}"
            raise ValueError(
                f"loss {type(self).__name__} needs values {allowed}, but feature {j} is {float(y[i, j]):.4g} in the units of "
                "the format (numbers standardized, bytes / 255): scale X to this range, or use loss='squared'"
            )

    def tangent(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        """raw0 (m,), slope (m,): raw0 + slope * (e - mean) predicts e to first order in e - mean.

        With it, a network with a non-linear output starts at the linear model.
        """
        return mean, torch.ones_like(mean)


def build(config: dict[str, Any]) -> Loss:
    """The loss that a file describes.

    >>> build({"name": "Softmax", "sizes": [2, 3]})
    Softmax(sizes=(2, 3))
    """
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in config.items() if name != "name"}
    return LOSSES[config["name"]](**values)


def exact_products(device: str) -> AbstractContextManager[object]:
    """Products in the precision of their factors, although the network computes in bfloat16."""
    on = torch.is_autocast_enabled(device)
    return torch.autocast(device, enabled=False) if on else nullcontext()  # it costs time


def distance(e: Tensor, y: Tensor, aim: Tensor | None = None) -> Tensor:
    """(e - aim)^2, by default aim = y; 0 where y is NaN, and NaN where only e is: a broken network does not look perfect."""
    aim = y if aim is None else aim
    if y.sum().isfinite():  # faster than to ask for each number
        return (e - aim).square()
    return (e - torch.where(torch.isfinite(y), aim, e)).square()


def observed(x: Tensor) -> Tensor:
    """NaN and infinity -> 0."""
    return torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
