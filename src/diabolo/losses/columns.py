"""A table: the sum of the losses of its columns.

loss(raw, y) = sum_j v_j loss_j(raw_j, y_j)          raw_j: the features of column j
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..deferred import torch
from .loss import Loss

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Columns", "Part"]


@dataclass(frozen=True)
class Part:
    """A loss on some of the features, which belong to some of the columns.

    Parameters
    ----------
    loss : Loss
    features : tuple of int
        Its features, among all m.
    columns : tuple of int
        Their columns in the table, in the order of the terms of the loss.
    weights : tuple of float
        v_j of each of these columns.
    """

    loss: Loss
    features: tuple[int, ...]
    columns: tuple[int, ...]
    weights: tuple[float, ...]

    @cached_property
    def index(self) -> Tensor | slice:
        """The features as a slice if they are consecutive: no copy."""
        first, last = self.features[0], self.features[-1]
        consecutive = self.features == tuple(range(first, last + 1))
        return slice(first, last + 1) if consecutive else torch.tensor(self.features)

    def of(self, x: Tensor) -> Tensor:
        """Its features of x (B, m)."""
        return x[:, self.index] if isinstance(self.index, slice) else x.index_select(1, self.index.to(x.device))

    @cached_property
    def v(self) -> Tensor | None:
        return None if set(self.weights) == {1.0} else torch.tensor(self.weights)


class Columns(Loss):
    r"""The sum over the columns of a table, each with the loss of its kind.

    A category with 40 levels must not dominate a number. So the weight of a column makes the loss of the best constant
    prediction equal to the variance of the column, the unit of PCA: 1 for a standardized number (weight 1), and
    :math:`1 - \sum_l p_l^2` for a category with shares p. The weight of a category is this variance divided by its entropy
    :math:`-\sum_l p_l \log p_l`. A column that hardly varies has little weight, however many levels it has.

    Parameters
    ----------
    parts : sequence of Part
        Every feature belongs to exactly one part.

    Examples
    --------
    >>> from diabolo.losses import Softmax, Squared
    >>> two = Columns([Part(Squared(), (0,), (0,), (1.0,)), Part(Softmax((2,)), (1, 2), (1,), (0.5,))])
    >>> two(torch.zeros(1, 3), torch.tensor([[2.0, 1.0, 0.0]]))       # 2^2 + 0.5 log 2
    tensor([4.3466])
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)

    @cached_property
    def order(self) -> Tensor:
        """Where each column is among those of the parts."""
        return torch.tensor([c for part in self.parts for c in part.columns]).argsort()

    @cached_property
    def place(self) -> Tensor:
        """Where each feature is among those of the parts."""
        return torch.tensor([f for part in self.parts for f in part.features]).argsort()

    def __repr__(self) -> str:
        inside = ", ".join(f"{part.loss!r} x {len(part.columns)}" for part in self.parts)
        return f"Columns({inside})"

    def of(self, column: int) -> tuple[Loss, float]:
        """Loss and weight of one column."""
        part = next(part for part in self.parts if column in part.columns)
        return part.loss, part.weights[part.columns.index(column)]

    def __call__(self, raw: Tensor, y: Tensor) -> Tensor:
        return torch.stack([terms.sum(1) for terms in self._parts(raw, y)]).sum(0)

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        return self._in_order(self._parts(raw, y))

    def surprise(self, raw: Tensor, y: Tensor) -> Tensor:
        return self._in_order(self._parts(raw, y, "surprise"))

    def _in_order(self, found: list[Tensor]) -> Tensor:
        """Values of each part -> (B, columns)."""
        return torch.cat(found, 1)[:, self.order] if len(found) > 1 else found[0]

    def _parts(self, raw: Tensor, y: Tensor, what: str = "terms") -> list[Tensor]:
        """(B, columns of the part) terms of each part."""
        found = [(part, getattr(part.loss, what)(part.of(raw), part.of(y))) for part in self.parts]
        return [terms if part.v is None else terms * part.v.to(terms) for part, terms in found]

    def outside(self, y: Tensor) -> Tensor:
        return torch.cat([part.loss.outside(part.of(y)) for part in self.parts], 1)[:, self.order]

    def predict(self, raw: Tensor) -> Tensor:
        return torch.cat([part.loss.predict(part.of(raw)) for part in self.parts], 1)[:, self.place]

    def errors(self, expected: Tensor, y: Tensor) -> Tensor:
        return self._in_order([part.loss.errors(part.of(expected), part.of(y)) for part in self.parts])

    def check(self, y: Tensor) -> None:
        for part in self.parts:
            part.loss.check(part.of(y))

    def tangent(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        pairs = [part.loss.tangent(mean[list(part.features)]) for part in self.parts]
        raw0, slope = (torch.cat(side)[self.place] for side in zip(*pairs, strict=True))
        return raw0, slope
