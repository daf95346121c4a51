r"""Losses: a sum over outputs, one term per column.

    loss(raw, y)_i = sum_j  v_j * loss_j(raw_ij, y_ij)           y_ij = NaN: not observed, no term
                                                                 y_ij = +-inf: outside the domain, no term either

    Squared      (raw - y)^2                                      predict: raw
    Absolute     |raw - y|                                        predict: raw
    LogSquared   log(mean_j (raw - y)^2 + c)                      predict: raw, pictures
    Bounded      (s(raw) - y)^2,   s = logistic                   predict: s(raw), for numbers in [0, 1]
    Logistic     log(1 + e^raw) - y raw                           predict: s(raw), the probability of 1
    Asymmetric   the same, with less weight on easy negatives     predict: s(raw)
    Softmax      -sum_l y_l log p_l,   p = softmax(raw)           predict: p, the probabilities of the levels
    Multinomial  -sum_w v_w y_w log q_w / max(n, L),  q ~ v p     predict: p, the probabilities of the words; n = sum_w y_w
    Columns      the sum of several of these, each on its features

``raw`` and ``y`` have the same shape (B, m): a category has one feature for each of its m levels, and one of them is 1. The
*error* only needs expected values, so that linear models can be compared by it: squared error of numbers, Brier score of
categories, Kullback-Leibler divergence of documents. Values outside the domain, such as a 7 in a column of 0 and 1, or a new
level, are not learned from. In evaluation they get the worst value: ``surprise`` and ``errors`` are constants there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

from .deferred import torch
from .registry import registered_name

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Absolute",
    "Asymmetric",
    "Bounded",
    "Columns",
    "LogSquared",
    "Logistic",
    "Loss",
    "Multinomial",
    "Part",
    "Softmax",
    "Squared",
    "build",
]

LOSSES: dict[str, type[Loss]] = {}
OUTSIDE = 1e4  # the surprise of values outside the domain, in nats
BLOCK = 32  # columns of categories in one product
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


def distance(e: Tensor, y: Tensor) -> Tensor:
    """(e - y)^2; 0 where y is NaN, and NaN where only e is NaN, so that a broken network does not look perfect."""
    known = torch.isfinite(y)
    if known.all():
        return (e - y).square()
    return (e - torch.where(known, y, e)).square()


def observed(x: Tensor) -> Tensor:
    """NaN and infinity -> 0."""
    return torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)


@dataclass(frozen=True)
class Squared(Loss):
    """(raw - y)^2 per feature: numbers.

    >>> Squared()(torch.tensor([[1.0, 5.0]]), torch.tensor([[3.0, float("nan")]]))
    tensor([4.])
    """

    def terms(self, raw: Tensor, y: Tensor) -> Tensor:
        return distance(raw, y)


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
