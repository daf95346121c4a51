r"""What repeats in a date: where it lies within a day, a week, a month and a year.

    x_j -> x_j, cos 2 pi h t, sin 2 pi h t          t = a x_j + b: days, weeks, ... that have passed (formats/cycles.py)
                                                    h = 1, 2, ...: waves in one of them

A date is one number, of perhaps several years. In it a weekday is a wave with hundreds of crests, which no network learns. As
angles, what happens on Mondays, at night or in spring is next to linear. Hundreds of crests take many digits: all that run the
network, in float32 and float64, here and in a browser, multiply the float32 of x_j in float64, and say the same.

Far dates are squashed (formats/scale.py). They are stretched again first, or a week would become a second out there.

References
----------
Time2Vec: learning a vector representation of time (Kazemi et al., 2019), https://arxiv.org/abs/1907.05321 (with periods that
are learned)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import tau
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from ..formats.cycles import Cycle

__all__ = ["Calendar"]

BULK, SPANNED = (0.05, 0.95), 1.5  # periods that nine tenths of the rows must span, so that something repeats
MOST = 40.0  # what lies further beyond a knee has no digits left
FLAT = 1e-3  # height of a wave that says nothing, such as the time of day of dates without one


class Calendar(nn.Module):
    """x (..., d) -> (..., d + waves): the numbers, then the waves.

    Parameters
    ----------
    feature : sequence of int
        Of which feature each wave is; its ``cos 2 pi (a x + b)``.
    bent : bool, default=False
        Whether features are squashed beyond a knee.

    Examples
    --------
    >>> week = Calendar.at([(0, 1 / 7, 0.0), (0, 1 / 7, -0.25)])
    >>> (week(torch.tensor([[0.0], [1.75], [700.0]]))[:, 1:] + 1).round(decimals=3)
    tensor([[2., 1.],
            [1., 2.],
            [2., 1.]])
    """

    a: Tensor
    b: Tensor
    bend: Tensor

    def __init__(self, feature: Sequence[int], bent: bool = False) -> None:
        super().__init__()
        self.feature = [int(j) for j in feature]
        self.register_buffer("a", torch.zeros(len(self.feature)))
        self.register_buffer("b", torch.zeros(len(self.feature)))
        if bent:
            self.register_buffer("bend", torch.ones(3, len(self.feature)))  # k, m, s

    @classmethod
    def of(cls, x: Tensor, cycles: Sequence[Cycle]) -> Self:
        """The waves that differ among these rows (n, d)."""
        told = [c for c in cycles if c.within or spanned(straight(x[:, c.feature].double(), *c.bend)) * c.a >= SPANNED]
        waves = [
            (c.feature, h * c.a, h * c.b - turn, *c.bend) for c in told for h in range(1, c.waves + 1) for turn in (0.0, 0.25)
        ]
        self = cls.at(waves)
        y = self(x)[:, x.shape[1] :]
        return cls.at([wave for wave, values in zip(waves, y.T, strict=True) if spanned(values) > FLAT])

    @classmethod
    def at(cls, waves: Sequence[tuple[Any, ...]]) -> Self:
        """Waves (feature, a, b), or (feature, a, b, k, m, s), as in formats/scale.py."""
        self = cls([j for j, *_ in waves], any(len(wave) > 3 for wave in waves))
        for values, found in zip([self.a, self.b, *getattr(self, "bend", ())], [*zip(*waves, strict=True)][1:], strict=False):
            values.copy_(torch.tensor(found))
        return self

    def forward(self, x: Tensor) -> Tensor:
        x_j = x[..., self.feature].float().double()
        t = (straight(x_j, *self.bend.double()) if self.bent else x_j) * self.a.double() + self.b.double()
        return torch.cat([x, torch.cos(tau * (t - t.floor())).to(x.dtype)], -1)

    def __len__(self) -> int:
        return len(self.feature)

    def extra_repr(self) -> str:
        return f"{len(self)} waves"

    @property
    def bent(self) -> bool:
        return "bend" in self._buffers

    def config(self) -> dict[str, Any]:
        return {"feature": self.feature} | ({"bent": True} if self.bent else {})


def straight(x: Tensor, k: Any, m: Any, s: Any) -> Tensor:
    """x, as if it were not squashed beyond the knee k of s x + m.

    >>> straight(torch.tensor([2.0, -4.0, 4.0 + 3.0]), 4.0, 0.0, 1.0).round(decimals=3)
    tensor([ 2.0000, -4.0000, 23.0860])
    """
    g = s * x + m
    over = (g.abs() - k).clamp(0, MOST)
    return torch.where(over > 0, (g.sign() * (g.abs() - over + over.expm1()) - m) / s, x)


def spanned(x: Tensor) -> float:
    """How far apart most of the numbers (n,) are."""
    low, high = torch.quantile(x.float(), torch.tensor(BULK)).tolist()
    return high - low
