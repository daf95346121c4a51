"""The losses of one kind of output; their formulas open the package."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

from ..deferred import torch
from .loss import WORST, Loss, distance, exact_products, observed

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Absolute", "Asymmetric", "Bounded", "Clipped", "LogSquared", "Logistic", "Multinomial", "Softmax", "Squared"]

BLOCK = 32  # columns of categories in one product


@dataclass(frozen=True)
class Squared(Loss):
    """(raw - y)^2 per feature: numbers.

    >>> Squared()(torch.tensor([[1.0, 5.0]]), torch.tensor([[3.0, float("nan")]]))
    tensor([4.])
    """

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        return distance(raw, y)


@dataclass(frozen=True)
class Clipped(Squared):
    """(clip(raw) - y)^2 per feature where y is 0 or 1, else (raw - y)^2: numbers in [0, 1], of which many are 0 or 1.

    Inside it is linear as PCA is, and at the ends raw may be whatever lies beyond, so that nothing is spent on black pixels.

    >>> Clipped()(torch.tensor([[-2.0, 3.0, 0.5]]), torch.tensor([[0.0, 1.0, 1.0]]))
    tensor([0.2500])
    """

    domain = (0.0, 1.0)

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():  # the nearest number that costs nothing
            aim = raw.clamp(y.masked_fill(y <= 0, -inf), y.masked_fill(y >= 1, inf))
        return distance(raw, y, aim)

    def predict(self, raw: Tensor) -> Tensor:
        return raw.clamp(0, 1)


@dataclass(frozen=True)
class Absolute(Loss):
    """|raw - y| per feature: predicts the median, and is robust to a few large errors.

    >>> Absolute()(torch.tensor([[1.0, 5.0]]), torch.tensor([[3.0, float("nan")]]))
    tensor([2.])
    """

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        return (raw - torch.where(torch.isfinite(y), y, raw)).abs()


@dataclass(frozen=True)
class LogSquared(Loss):
    """log(mean_j (raw_j - y_j)^2 + c): for pictures, errors in decibels, with the same weight at every strength of noise.

    Parameters
    ----------
    floor : float, default=1e-5
        c: errors far below it have no influence.

    >>> LogSquared()(torch.tensor([[1.0, 5.0]]), torch.tensor([[3.0, float("nan")]])).exp()
    tensor([4.0000])
    """

    floor: float = 1e-5

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        known = torch.isfinite(y).any(1, keepdim=True)
        return torch.where(known, (self._mean(raw, y) + self.floor).log(), 0.0)

    def errors(self, expected: Tensor, y: Tensor) -> Tensor:
        """The mean squared error of the picture."""
        return self._mean(expected, y).masked_fill(self.outside(y), WORST)

    def outside(self, y: Tensor) -> Tensor:
        return y.isinf().any(1, keepdim=True)

    def _mean(self, e: Tensor, y: Tensor) -> Tensor:
        return distance(e, y).sum(1, keepdim=True) / torch.isfinite(y).sum(1, keepdim=True).clamp(min=1)

    def cells(self, expected: Tensor, y: Tensor) -> Tensor:
        return distance(expected, y)


@dataclass(frozen=True)
class Bounded(Loss):
    """(s(raw) - y)^2 per feature: numbers known to lie in [0, 1], such as pixels.

    >>> Bounded().predict(torch.tensor([[0.0]]))
    tensor([[0.5000]])
    """

    domain = (0.0, 1.0)

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        return distance(torch.sigmoid(raw), y)

    def predict(self, raw: Tensor) -> Tensor:
        return torch.sigmoid(raw)

    def tangent(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        p = mean.clamp(0.05, 0.95)
        return torch.logit(p), 1 / (p * (1 - p))


@dataclass(frozen=True)
class Logistic(Bounded):
    """Binary cross-entropy per feature; y may be a probability.

    >>> Logistic()(torch.tensor([[0.0]]), torch.tensor([[1.0]]))
    tensor([0.6931])
    """

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        entropy = torch.nn.functional.binary_cross_entropy_with_logits
        return entropy(raw, observed(y).to(raw.dtype), reduction="none") * torch.isfinite(y)


@dataclass(frozen=True)
class Asymmetric(Logistic):
    r"""Logistic with less weight on easy negatives: for labels that few rows have.

    With p = s(raw), and q = max(p - margin, 0): ``-y (1 - p)^up log p - (1 - y) q^down log(1 - q)``.

    Parameters
    ----------
    up, down : float, default=0.0, 4.0
        How fast the weight of easy positives, and of easy negatives, falls.
    margin : float in [0, 1), default=0.05
        Negatives with a probability below it have no weight.

    References
    ----------
    Asymmetric loss for multi-label classification (Ridnik et al., 2021), https://arxiv.org/abs/2009.14119

    Examples
    --------
    >>> raw, y = torch.tensor([[2.0]]), torch.tensor([[1.0]])
    >>> torch.allclose(Asymmetric(0, 0, 0)(raw, y), Logistic()(raw, y))
    True
    """

    up: float = 0.0
    down: float = 4.0
    margin: float = 0.05

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        known, y = torch.isfinite(y), observed(y).to(raw.dtype)
        p = torch.sigmoid(raw)
        q = (p - self.margin).clamp(min=0)
        yes = (1 - p) ** self.up * torch.nn.functional.softplus(-raw)
        no = q**self.down * (torch.nn.functional.softplus(raw) if self.margin == 0 else -(1 - q).clamp(min=1e-7).log())
        return (y * yes + (1 - y) * no) * known


@dataclass(frozen=True)
class Softmax(Loss):
    """Cross-entropy of categories; column j has `sizes[j]` features, one per level.

    Parameters
    ----------
    sizes : tuple of int
        Number of levels of each column. All columns are computed at once.

    Examples
    --------
    >>> Softmax((2, 3)).predict(torch.zeros(1, 5))
    tensor([[0.5000, 0.5000, 0.3333, 0.3333, 0.3333]])
    """

    sizes: tuple[int, ...]
    domain = (0.0, 1.0)

    @cached_property
    def place(self) -> Tensor:
        """(m,) where each feature lies in the padded (columns, longest) table."""
        return torch.cat([torch.arange(n) + j * max(self.sizes) for j, n in enumerate(self.sizes)])

    @cached_property
    def of_column(self) -> Tensor:
        """(m, columns), 1 where a feature is a level of the column: a product with it sums over levels, without padding."""
        return torch.block_diag(*(torch.ones(n, 1) for n in self.sizes))

    def padded(self, x: Tensor, fill: float) -> Tensor:
        """(B, m) -> (B, columns, longest)."""
        table = x.new_full((len(x), len(self.sizes) * max(self.sizes)), fill)
        return table.index_copy(1, self.place.to(x.device), x).view(len(x), len(self.sizes), max(self.sizes))

    @cached_property
    def blocks(self) -> list[Softmax]:
        """The columns in small groups: a product with ``of_column`` costs the square of their number."""
        return [Softmax(self.sizes[i : i + BLOCK]) for i in range(0, len(self.sizes), BLOCK)]

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        if len(self.sizes) > BLOCK:
            widths = [sum(block.sizes) for block in self.blocks]
            sides = zip(self.blocks, raw.split(widths, 1), y.split(widths, 1), strict=True)
            return torch.cat([block.terms(*side) for block, *side in sides], 1)
        s, y = self.of_column.to(raw), observed(y).to(raw.dtype)
        with exact_products(raw.device.type):
            u = (raw - self.padded(raw.detach(), -inf).amax(-1) @ s.T).clamp(min=-1e4)
            return (y @ s) * (u.exp() @ s).log() - (y * u) @ s

    def predict(self, raw: Tensor) -> Tensor:
        p = self.padded(raw, -inf).softmax(-1)
        return p.flatten(1)[:, self.place.to(raw.device)]

    def errors(self, expected: Tensor, y: Tensor) -> Tensor:
        return self.padded(distance(expected, y), 0.0).sum(-1).masked_fill(self.outside(y), WORST)

    def outside(self, y: Tensor) -> Tensor:
        return self.padded(y.isinf().to(y.dtype), 0.0).any(-1)

    def tangent(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        return mean.clamp(min=1e-3).log(), 1 / mean.clamp(min=0.05)


@dataclass(frozen=True)
class Multinomial(Loss):
    """Cross-entropy of word counts: a softmax over the vocabulary, each document weighted by its length, up to a limit.

    Parameters
    ----------
    length : float, default=1.0
        L: a document of n words has the weight n / L, but at most 1. So a few very long ones, such as a list among letters, do
        not decide what is learned. For documents L is their median length.
    weights : tuple of float, optional
        v_w: weight of an occurrence of word w. Rare words say more about the topic of a document than common ones (Spärck
        Jones, 1972); with larger weights for rare words, the codes do not describe only the common ones.

    Examples
    --------
    >>> counts = torch.tensor([[3.0, 1.0, 0.0]])
    >>> Multinomial()(torch.zeros(1, 3), counts)                      # log 3, the mean of its words
    tensor([1.0986])
    """

    length: float = 1.0
    weights: tuple[float, ...] | None = field(default=None, repr=False)
    domain = (0.0, inf)

    @cached_property
    def v(self) -> Tensor:
        return torch.tensor(self.weights or [1.0])

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        n = y.sum(-1, keepdim=True)
        return -(self.v.to(raw) * y * raw.log_softmax(-1)).sum(-1, keepdim=True) / n.clamp(min=self.length)

    def predict(self, raw: Tensor) -> Tensor:
        return (raw - self.v.to(raw).log()).softmax(-1)

    def errors(self, expected: Tensor, y: Tensor) -> Tensor:
        """Kullback-Leibler divergence of the document's word shares from the expected ones, in nats."""
        share = y / y.sum(-1, keepdim=True).clamp(min=1.0)
        expected = expected.clamp(min=0)
        expected = expected / expected.sum(-1, keepdim=True).clamp(min=1e-12)
        return torch.special.xlogy(share, share / expected.clamp(min=1e-12)).sum(-1, keepdim=True)

    def cells(self, expected: Tensor, y: Tensor) -> Tensor:
        """s log(s/e) - s + e >= 0 for a word with share s and expected share e; their sum is the divergence."""
        length = y.sum(1, keepdim=True)
        s = y / length.clamp(min=1)
        e = expected / expected.sum(1, keepdim=True).clamp(min=1e-12)
        return (torch.special.xlogy(s, s / e.clamp(min=1e-12)) - s + e) * (length > 0)

    def surprise(self, raw: Tensor, y: Tensor) -> Tensor:
        """The divergence, which does not grow with the length of a document."""
        return self.errors(self.predict(raw), y)

    def tangent(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        return mean.clamp(min=1e-7).log() + self.v.to(mean).log(), torch.ones_like(mean)
