r"""What is usual among rows that a network has not seen, and how unusual a row is on two axes.

    D = log mean_j r_j^2,  r_j = l_j / v_j(z)      l_j: loss of cell j;  v_j(z): what column j usually loses for such codes
    M = max_j -log t_j                   t_j: share of the rows with an r_j as large as this one
    U = -log p(z),  V = -log q(z)        p: kernel density of the codes, one unit for all;  q: one trimmed normal
    W = log mean_j (log w_j)^2           w_j: share of the rows whose feature j is as far out, on the side of this one
    apart = sqrt( (log P(D))^2 + (log P(M))^2 )
    rare  = sqrt( 2 (log P(U))^2 + 3/4 (log P(V))^2 + 3/4 (log P(W))^2 )

    v_j(z) = v_j (n0 + sum over the n nearest of l_ij / v_j) / (n0 + n)          v_j: the mean over all rows

Every ``P`` is the tail of these measures among training rows, each by the member of the ensemble that has not seen the row.
Both axes are lengths, so that one measure that is very unusual counts for more than two that are unusual. The losses are
squared, so that one wild cell counts like many that are mildly wrong. Among many columns, one wrong cell of a column that is
usually right still gets lost in the mean: M sees it. A kernel density knows any shape, but believes a small cluster of
outliers; a trimmed normal does not; and neither sees well what is extreme in one of many columns. In some regions all losses
are larger: there a loss says less.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ...density import Kernel, Normal, squared_distances
from ...errors import FormatError
from ...storage import under
from .conformal import Calibration

__all__ = ["Measures"]

MAX_POINTS = 1000  # codes around which the density is laid, per member
MAX_CODES = 1000  # from which the normal is learned
MAX_KNOWN = 1000  # values of a feature that are kept
FLOOR = 0.01  # of what a column usually loses, in units of its variance
KERNEL_WEIGHT, NORMAL_WEIGHT, MARGINAL_WEIGHT = 2.0, 0.75, 0.75  # of U, V and W, squared
TAILS = ("distance", "cell", "kernel", "normal", "marginal")  # D, M, U, V, W
AXES = ("apart", "rare")  # never seen together, and unlikely
NEAREST = 20  # n
PRIOR = 10  # n0
MIN_ROWS, MAX_ROWS = 100, 500  # among which the nearest are sought, per member
MAX_CELLS = 1000  # rows of which the losses are kept
MIN_TAIL = 5  # of them
MAX_VALUES = 200_000  # numbers that such rows, or those of the tails, may be
OUT = 0.02  # share of the values of a feature on either side, up to which they are as far out as is usual
TAIL = 0.1  # share of the largest losses of a column from which the decay beyond them is learned
MIN_DECAY = 1.0  # of them, in units of what is usual: in a column that was constant any loss would be too unusual
COPY = 1e-8  # squared distance of a row to itself, and to its copies, which say nothing about it, in units of 1 + |z|^2
SAME = 1e-4, 1e-5  # relative and absolute difference of a loss from itself, by rounding: other rows beside it, other last bits
CHUNK = 512
LARGEST = torch.finfo(torch.float32).max


class Member(NamedTuple):
    """What one member of the ensemble knows: p, q, v_j(z) / v_j, and w_j."""

    kernel: Kernel
    normal: Normal
    scale: LocalErrorScale
    tails: MarginalTails

    def unlikeliness(self, x: Tensor, z: Tensor) -> np.ndarray:
        """Rows (n, d), codes (n, k) -> U, V and W (n, 3)."""
        return np.stack((-self.kernel.log_prob(z.numpy()), -self.normal.log_prob(z.numpy()), self.tails(x)), 1)


class Measures:
    """Losses, densities, edges and tails of the K members of an ensemble.

    Parameters
    ----------
    v : Tensor (c,)
        What each column usually loses.
    members : list of Member
        Densities of the codes, local scales of the losses, and tails of the features.
    cells : CellTails
        What is usual in each column.
    tails : dict of str to Calibration
        Of D, M, U, V, W and both axes.
    """

    def __init__(self, v: Tensor, members: list[Member], cells: CellTails, tails: dict[str, Calibration]) -> None:
        self.v, self.members, self.cells, self.tails = v, members, cells, tails

    @classmethod
    def fit(
        cls, x: Tensor, z: Tensor, cells: Tensor, fold: np.ndarray, trim: float, far: Tensor, most: float = 0.0
    ) -> tuple[Self, np.ndarray]:
        """Rows (n, d), codes (K, n, k), and losses (n, c) by the member (n,) that has not seen each row.

        Cells `far` (n, c or 1) out do not show what is usual: their rows are left out, if they are at most a share `most`.
        Also gives the axes (n, 2) of these rows, each by that member, among all others (leave-one-out).
        """
        i, wild = np.arange(len(fold)), far.any(1)
        few = float(wild.float().mean()) <= most
        counts = (~wild[:, None] if few else ~far).double().expand_as(cells)
        losses, kept = cells.double() * counts, ~wild.numpy() if few else i >= 0
        v = losses.sum(0) / counts.sum(0).clamp(min=1) + FLOOR
        unseen = [torch.from_numpy(np.flatnonzero(fold == k)) for k in range(len(z))]

        def member(k: int) -> Member:
            seen = torch.from_numpy(np.flatnonzero(fold != k))
            codes = z[k, seen].numpy()
            kernel, normal = Kernel(most=MAX_POINTS, common=True).fit(codes), Normal(trim).fit(codes[:MAX_CODES])
            scale = LocalErrorScale.fit(z[k, unseen[k]], cells[unseen[k]].double() / v)
            return Member(kernel, normal, scale, MarginalTails.fit(x[seen]))

        self = cls(v, [member(k) for k in range(len(z))], CellTails(v[:, None]), {})
        others = (losses.sum(0) - losses) / (counts.sum(0) - counts).clamp(min=1) + FLOOR
        r, codes = cells / others, np.empty((len(i), 3))
        for k, (mine, by) in enumerate(zip(unseen, self.members, strict=True)):
            r[mine] /= by.scale(z[k, mine])
            codes[mine] = by.unlikeliness(x[mine], z[k, mine])
        self.cells = CellTails.fit(r[torch.from_numpy(kept)])
        measures = np.column_stack((distance(r), self.cells(r), codes))
        self.tails = {name: Calibration(m[kept]) for name, m in zip(TAILS, measures.T, strict=True)}
        own = combined([-self.tails[name].log_p(m) for name, m in zip(TAILS, measures.T, strict=True)])
        own[kept] = combined([-Calibration.of_others(m[kept]) for m in measures.T])
        self.tails |= {name: Calibration(a[kept]) for name, a in zip(AXES, own.T, strict=True)}
        return self, own

    def ratios(self, cells: Tensor) -> np.ndarray:
        """Losses (K, n, c) -> (n, K, c) in units of what is usual, as logarithms."""
        return (cells / self.v).log1p().permute(1, 0, 2).numpy()

    def axes(self, x: Tensor, z: Tensor, cells: Tensor) -> np.ndarray:
        """Rows (n, d), codes (K, n, k), losses (K, n, c) -> (n, K, 2), both axes by each member."""
        found = []
        for codes, losses, member in zip(z, cells, self.members, strict=True):
            r = losses / (self.v * member.scale(codes))
            found.append(np.column_stack((distance(r), self.cells(r), member.unlikeliness(x, codes))))
        measures = np.stack(found, 1)
        return combined([-self.tails[name].log_p(measures[..., i]) for i, name in enumerate(TAILS)])

    def within(self, x: Tensor) -> Tensor:
        """x (n, d), with numbers that are further out than most were brought back to where these are."""
        return self.members[0].tails.within(x)

    def p(self, axes: np.ndarray) -> np.ndarray:
        """Axes (n, 2) -> p-values (n, 2)."""
        return np.stack([np.exp(self.tails[name].log_p(a)) for name, a in zip(AXES, axes.T, strict=True)], 1)

    def state(self) -> dict[str, np.ndarray]:
        """Arrays from which :meth:`from_state` makes the same."""
        arrays = {
            f"{part}.{k}.{name}": values
            for k, member in enumerate(self.members)
            for part, held in member._asdict().items()
            for name, values in held.state().items()
        }
        arrays |= {f"tail.{name}": tail.scores for name, tail in self.tails.items()}
        return arrays | {"v": self.v.numpy(), "cells": self.cells.r.float().numpy()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], members: int) -> Self:
        """The inverse of :meth:`state`."""
        kinds: dict[str, Any] = {"kernel": Kernel, "normal": Normal, "scale": LocalErrorScale, "tails": MarginalTails}
        known = [
            Member(**{part: kind.from_state(under(arrays, f"{part}.{k}")) for part, kind in kinds.items()})
            for k in range(members)
        ]
        if arrays["v"].ndim != 1 or not (arrays["v"] > 0).all():
            raise FormatError("what its columns usually lose is not positive")
        if arrays["cells"].ndim != 2 or len(arrays["cells"]) != len(arrays["v"]):
            raise FormatError("the tails of its cells do not fit together")
        tails = {name: Calibration(arrays[f"tail.{name}"]) for name in (*TAILS, *AXES)}
        return cls(torch.from_numpy(arrays["v"]), known, CellTails(torch.from_numpy(arrays["cells"]).double()), tails)


class LocalErrorScale:
    """v_j(z) / v_j: how large losses are in a region of the bottleneck, by the nearest neighbors.

    Parameters
    ----------
    z : Tensor (m, k)
        Codes, in units of `spread`.
    spread : Tensor (k,)
        Standard deviation of the codes.
    shares : Tensor (m, c)
        Their losses, in units of what is usual.
    """

    def __init__(self, z: Tensor, spread: Tensor, shares: Tensor) -> None:
        self.z, self.spread, self.shares = z, spread, shares

    @classmethod
    def fit(cls, z: Tensor, shares: Tensor) -> Self:
        """From codes (n, k) and shares (n, c) of rows that the network has not seen."""
        m = int(np.clip(MAX_VALUES // shares.shape[1], MIN_ROWS, MAX_ROWS))
        z, shares = z[:m].double(), shares[:m]
        spread = z.std(0, correction=0).float().double()
        spread = torch.where(spread > 1e-9, spread, 1.0)
        return cls((z / spread).float().double(), spread, shares.float().double())

    def __call__(self, z: Tensor) -> Tensor:
        """Codes (n, k) -> (n, c)."""
        return torch.cat([self._near(part) for part in (z.double() / self.spread).split(CHUNK)] or [self.shares[:0]])

    def _near(self, z: Tensor) -> Tensor:
        apart = squared_distances(z.numpy(), self.z.numpy())
        apart[apart < COPY * (1 + z.square().sum(1, keepdim=True).numpy())] = np.inf
        n = min(NEAREST, len(self.z))
        nearest = apart.argpartition(n - 1, 1)[:, :n]
        counts = torch.from_numpy(np.isfinite(np.take_along_axis(apart, nearest, 1)).astype(float))
        total = embedding_bag(torch.from_numpy(nearest), self.shares, per_sample_weights=counts, mode="sum")
        return (PRIOR + total) / (PRIOR + counts.sum(1, keepdim=True))

    def state(self) -> dict[str, np.ndarray]:
        return {name: v.float().numpy() for name, v in vars(self).items()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of :meth:`state`."""
        z, spread, shares = (torch.from_numpy(arrays[name]).double() for name in ("z", "spread", "shares"))
        if z.ndim != 2 or shares.ndim != 2 or len(z) != len(shares) or spread.shape != z.shape[1:] or not (spread > 0).all():
            raise FormatError("what its columns lose in some regions does not fit together")
        return cls(z, spread, shares)


class CellTails:
    """M: the most unusual loss of a row, by the empirical distribution of each column; beyond it, exponential tails.

    Parameters
    ----------
    r : Tensor (c, m)
        Losses in units of what is usual, in ascending order.
    """

    def __init__(self, r: Tensor) -> None:
        self.r, self.ranks = r, Ranks(r)
        self.top, self.second = (r[:, -1:], r[:, -2:-1] if r.shape[1] > 1 else r[:, -1:])
        self.decay, self.decay_below = (decay(part) for part in (r, r[:, :-1] if r.shape[1] > 1 else r))

    @classmethod
    def fit(cls, r: Tensor) -> Self:
        """From rows (n, c)."""
        m = int(np.clip(MAX_VALUES // r.shape[1], MIN_ROWS, MAX_CELLS))
        return cls(r[:m].float().clamp(max=LARGEST).T.contiguous().sort(1).values.double())

    def __call__(self, r: Tensor) -> np.ndarray:
        """Rows (n, c) -> (n,); a row of fit is compared with the others only (leave-one-out)."""
        r = r.float().clamp(max=LARGEST).T.contiguous().double()
        left, right = self.ranks(r, SAME[0] * r + SAME[1])
        known = self.r.shape[1]
        larger = known - left - (right > left).long()
        alone = (larger == 0) & (right > left)  # the largest of fit itself
        beyond = torch.where(alone, (r - self.second) / self.decay_below, (r - self.top) / self.decay).clamp(min=0)
        unlikely = np.log(known + 1) - (larger + 1).double().log() + beyond
        return unlikely.amax(0).numpy()


class Ranks:
    """Between which of the ascending float32 values (c, m) others lie: how many are smaller, and how many are at most as large.

    The second count needs no search of its own: where the value is there, equal ones follow each other.

    >>> Ranks(torch.tensor([[1.0, 2.0, 2.0, 5.0]]))(torch.tensor([[0.0, 2.0, 9.0]]))
    (tensor([[0, 1, 4]]), tensor([[0, 3, 4]]))
    """

    def __init__(self, known: Tensor) -> None:
        self.known = known.float().contiguous()
        self.end = torch.searchsorted(self.known, self.known, right=True)

    def __call__(self, x: Tensor, off: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
        """x (c, n), and by how much the same value may differ -> (c, n) and (c, n)."""
        left = torch.searchsorted(self.known, (x - off).float())
        at = left.clamp(max=self.known.shape[1] - 1)
        same = (left == at) & (self.known.gather(1, at) <= (x + off).float())
        return left, torch.where(same, self.end.gather(1, at), left)


def decay(r: Tensor) -> Tensor:
    """Ascending losses (c, m) -> (c, 1) by how much they exceed, on average, those from which a share TAIL is larger."""
    top = r[:, -max(MIN_TAIL, round(TAIL * r.shape[1])) :]
    return (top - top[:, :1]).mean(1, keepdim=True).clamp(min=MIN_DECAY)


def distance(r: Tensor) -> np.ndarray:
    """r (..., c) -> D (...)."""
    return r.square().mean(-1).clamp(min=1e-9).log().numpy()


class MarginalTails:
    """W: how far out a row is in single features, by their empirical distributions.

    Parameters
    ----------
    x : Tensor (d, m)
        Values of each feature, in ascending order; LARGEST where fewer are known.
    """

    def __init__(self, x: Tensor) -> None:
        self.x, self.ranks = x, Ranks(x)
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
        x = x.float().T.contiguous().double()  # as the rows of fit were kept: equal values are equal
        left, right = self.ranks(x)
        others = torch.minimum(right, self.known - left) - (right > left).long()  # leave-one-out
        t = (others.clamp(min=0) + 1) / (self.known + 1)
        rare = t.double().log().square().masked_fill(x.isnan(), 0.0)
        return np.log(rare.mean(0).numpy() + 1e-9)

    def state(self) -> dict[str, np.ndarray]:
        return {"x": self.x.float().numpy()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of :meth:`state`."""
        if arrays["x"].ndim != 2:
            raise FormatError("the tails of its features do not fit together")
        return cls(torch.from_numpy(arrays["x"]).double())


def combined(unlikely: list[np.ndarray]) -> np.ndarray:
    """-log P of D, M, U, V, W (...) -> both axes (..., 2)."""
    distance, cell, kernel, normal, marginal = map(np.square, unlikely)
    rare = KERNEL_WEIGHT * kernel + NORMAL_WEIGHT * normal + MARGINAL_WEIGHT * marginal
    return np.sqrt(np.stack((distance + cell, rare), -1))
