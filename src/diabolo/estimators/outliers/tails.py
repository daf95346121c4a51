r"""How far out a row is in the tails of single columns.

    M = max_j -log t_j                t_j: share of the known rows with a loss r_j as large as this one
    W = log mean_j (log w_j)^2        w_j: share of the known rows whose feature j is as far out, on the side of this one

A known row is compared with the others only (leave-one-out). Beyond the largest loss, tails are exponential.

M needs few searches. In ascending losses, place a_l has half as many above it as a_(l-1): these are the levels. Only a cell
that may have passed the highest level that some cell of its row surely has can be the most unusual one.

W of all members needs one search of each value among all that some member knows: w_j changes only there.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ...errors import FormatError

__all__ = ["LARGEST", "MAX_VALUES", "MIN_ROWS", "CellTails", "CommonTails", "MarginalTails"]

MAX_KNOWN = 1000  # values of a feature that are kept
MIN_ROWS, MAX_CELLS = 100, 1000  # rows of which the losses are kept
MIN_TAIL = 5  # of them
MAX_VALUES = 200_000  # numbers that such rows may be
OUT = 0.02  # share of the values of a feature on either side, up to which they are as far out as is usual
TAIL = 0.1  # share of the largest losses of a column from which the decay beyond them is learned
MIN_DECAY = 1.0  # of them, in units of what is usual: in a column that was constant any loss would be too unusual
SAME = 1e-4, 1e-5  # relative and absolute difference of a loss from itself, by rounding: other rows beside it, other last bits
LARGEST = torch.finfo(torch.float32).max


class CellTails:
    """M: the most unusual loss of a row, by the empirical distribution of each column; beyond it, exponential tails.

    Parameters
    ----------
    r : Tensor (c, m)
        Losses in units of what is usual, in ascending order.
    """

    def __init__(self, r: Tensor) -> None:
        below = r[:, :-1] if r.shape[1] > 1 else r
        self.r, self.top, self.second = r, r[:, -1], below[:, -1]
        self.decay, self.decay_below = decay(r), decay(below)
        self.keys = keys(r, torch.arange(len(r))[:, None]).flatten()
        self.end = torch.searchsorted(self.keys, self.keys, right=True)
        m = r.shape[1]
        self.levels = r[:, [m - (m >> a) for a in range(1, m.bit_length())]].T.float().contiguous()

    @classmethod
    def fit(cls, r: Tensor) -> Self:
        """From rows (n, c)."""
        m = int(np.clip(MAX_VALUES // r.shape[1], MIN_ROWS, MAX_CELLS))
        return cls(r[:m].float().clamp(max=LARGEST).T.contiguous().sort(1).values.double())

    def __call__(self, r: Tensor) -> np.ndarray:
        """Rows (n, c) -> (n,)."""
        r = r.float().clamp(max=LARGEST)
        off = SAME[0] * r + SAME[1]
        low, high = (r - off).clamp_(min=0), r + off
        i, j = self._highest(low, high)
        unlikely = self._unlikely(r[i, j].double(), low[i, j], high[i, j], j)
        return unlikely.new_zeros(len(r)).scatter_reduce_(0, i, unlikely, "amax").numpy()

    def _highest(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """What losses are at least and at most (n, c) -> rows and columns of the cells that may be the most unusual."""
        surely, maybe = (torch.zeros(low.shape, dtype=torch.uint8) for _ in range(2))
        for level in self.levels:
            surely += low > level
            maybe += high >= level
        i, j = torch.nonzero(maybe >= surely.amax(1, keepdim=True), as_tuple=True)
        return i, j

    def _unlikely(self, r: Tensor, low: Tensor, high: Tensor, j: Tensor) -> Tensor:
        """Losses, at least and at most (q,), columns (q,) -> -log t (q,)."""
        known = self.r.shape[1]
        left = torch.searchsorted(self.keys, keys(low, j))
        at = left.clamp(max=len(self.keys) - 1)
        same = (left < known * (j + 1)) & (self.keys[at] <= keys(high, j))
        larger = known * (j + 1) - left - same.long()
        alone = (larger == 0) & same  # the largest of fit itself
        beyond = torch.where(alone, (r - self.second[j]) / self.decay_below[j], (r - self.top[j]) / self.decay[j])
        return float(np.log(known + 1)) - (larger + 1).double().log() + beyond.clamp(min=0)


def keys(r: Tensor, j: Tensor) -> Tensor:
    """Numbers r >= 0 of columns j -> whole numbers in the order of (j, r): the bits of a float32 are in order.

    >>> keys(torch.tensor([0.0, 0.1, 2.0, 0.0]), torch.tensor([0, 0, 0, 1])).diff() > 0
    tensor([True, True, True])
    """
    return (j << 32) + r.float().contiguous().view(torch.int32)


def decay(r: Tensor) -> Tensor:
    """Ascending losses (c, m) -> (c,) by how much they exceed, on average, those from which a share TAIL is larger."""
    top = r[:, -max(MIN_TAIL, round(TAIL * r.shape[1])) :]
    return (top - top[:, :1]).mean(1).clamp(min=MIN_DECAY)


class MarginalTails:
    """W: how far out a row is in single features, by their empirical distributions.

    Parameters
    ----------
    x : Tensor (d, m)
        Values of each feature, in ascending order; LARGEST where fewer are known.
    """

    def __init__(self, x: Tensor) -> None:
        self.x, self.float = x, x.float().contiguous()
        self.known = (x < LARGEST).sum(1, keepdim=True)

    @classmethod
    def fit(cls, x: Tensor) -> Self:
        """From rows (n, d)."""
        m = int(np.clip(MAX_VALUES // x.shape[1], MIN_ROWS, MAX_KNOWN))
        return cls(x[:m].T.contiguous().nan_to_num(nan=LARGEST).sort(1).values)

    def within(self, x: Tensor) -> Tensor:
        """x (n, d), with numbers that are further out than most were brought back to where these are."""
        i = (OUT * self.known).long()
        low, high = (self.x.gather(1, j.clamp(min=0))[:, 0] for j in (i, self.known - 1 - i))
        levels = ((self.x == 0) | (self.x == 1) | (self.x >= LARGEST)).all(1)
        return torch.where(levels, x, x.clamp(low.to(x), high.to(x)))

    def __call__(self, x: Tensor) -> np.ndarray:
        """Rows (n, d) -> (n,)."""
        x = x.float().T.contiguous()  # as the rows of fit were kept: equal values are equal
        left, right = (torch.searchsorted(self.float, x, right=side) for side in (False, True))
        return whole(self.rare(left, right).masked_fill_(x.isnan(), 0.0).mean(0))

    def rare(self, left: Tensor, right: Tensor) -> Tensor:
        """How many known values of a feature are smaller, and how many are at most as large (d, n) -> (log w)^2 (d, n)."""
        others = torch.minimum(right, self.known - left) - (right > left).long()  # leave-one-out
        return ((others.clamp(min=0) + 1) / (self.known + 1)).double().log().square()

    def state(self) -> dict[str, np.ndarray]:
        return {"x": self.x.float().numpy()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of :meth:`state`."""
        if arrays["x"].ndim != 2:
            raise FormatError("the tails of its features do not fit together")
        return cls(torch.from_numpy(arrays["x"]).double())


class CommonTails:
    """W of K members: (log w)^2 of each of them at every value that one of them knows, and between these.

    Parameters
    ----------
    members : list of MarginalTails
        They know (d, m) values each.
    """

    def __init__(self, members: list[MarginalTails]) -> None:
        self.x = torch.cat([member.float for member in members], 1).sort(1).values
        self.table = torch.stack([self._rare(member) for member in members], 2).flatten(0, 1)

    def _rare(self, member: MarginalTails) -> Tensor:
        """(d, 2 M + 2): below the first of the M values, there, below the second, ..., beyond all, unknown."""
        left, right = (torch.searchsorted(member.float, self.x, right=side) for side in (False, True))
        beyond = torch.full_like(member.known, member.x.shape[1])
        between, beyond = member.rare(left, left), member.rare(beyond, beyond)
        return torch.cat([torch.stack([between, member.rare(left, right)], 2).flatten(1), beyond, beyond * 0], 1)

    def __call__(self, x: Tensor) -> np.ndarray:
        """Rows (n, d) -> (K, n)."""
        x = x.float().T.contiguous()
        left = torch.searchsorted(self.x, x)
        same = self.x.gather(1, left.clamp(max=self.x.shape[1] - 1)) == x
        place = (2 * left).add_(same).add_(x.isnan())  # unknown values are at the end
        place += 2 * (self.x.shape[1] + 1) * torch.arange(len(x))[:, None]
        return whole(embedding_bag(place.T.contiguous(), self.table, mode="mean")).T


def whole(rare: Tensor) -> np.ndarray:
    """Means of (log w)^2 -> W."""
    return np.log(rare.numpy() + 1e-9)
