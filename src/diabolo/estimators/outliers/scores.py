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

from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ...density import CHUNK, Kernel, Normal, Points, steady_product, with_column
from ...errors import FormatError
from ...storage import under
from .conformal import Calibration
from .tails import LARGEST, MAX_VALUES, MIN_ROWS, CellTails, CommonTails, MarginalTails

__all__ = ["Measures"]

MAX_POINTS = 1000  # codes around which the density is laid, per member
MAX_CODES = 1000  # from which the normal is learned
FLOOR = 0.01  # of what a column usually loses, in units of its variance
KERNEL_WEIGHT, NORMAL_WEIGHT, MARGINAL_WEIGHT = 2.0, 0.75, 0.75  # of U, V and W, squared
TAILS = ("distance", "cell", "kernel", "normal", "marginal")  # D, M, U, V, W
AXES = ("apart", "rare")  # never seen together, and unlikely
NEAREST = 20  # n
PRIOR = 10  # n0
MAX_ROWS = 500  # among which the nearest are sought, per member
COPY = 1e-8  # squared distance of a row to itself, and to its copies, which say nothing about it, in units of 1 + |z|^2
ALMOST, TIE = 1e-5, 1e-6  # those of rows that may be copies, and of rows that are as near as others, by rounding


class Member(NamedTuple):
    """What one member of the ensemble knows: p, q, v_j(z) / v_j, and w_j."""

    kernel: Kernel
    normal: Normal
    scale: LocalErrorScale
    tails: MarginalTails

    def unlikeliness(self, z: Tensor) -> np.ndarray:
        """Codes (n, k) -> U and V (n, 2)."""
        return np.stack((-self.kernel.log_prob(z.numpy()), -self.normal.log_prob(z.numpy())), 1)


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
            codes[mine] = np.column_stack((by.unlikeliness(z[k, mine]), by.tails(x[mine])))
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
        for codes, losses, member, w in zip(z, cells, self.members, self._common(x), strict=True):
            r = losses / (self.v * member.scale(codes))
            found.append(np.column_stack((distance(r), self.cells(r), member.unlikeliness(codes), w)))
        measures = np.stack(found, 1)
        return combined([-self.tails[name].log_p(measures[..., i]) for i, name in enumerate(TAILS)])

    @cached_property
    def _common(self) -> CommonTails:
        return CommonTails([member.tails for member in self.members])

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
        z, shares = z.double() / self.spread, with_column(self.shares.clamp(max=LARGEST).numpy(), 1.0)
        points = Points(self.z.numpy())
        sums = [steady_product(nearest(part.numpy(), points), shares) for part in z.split(CHUNK)]
        total = torch.from_numpy(np.concatenate(sums)).double()
        return (PRIOR + total[:, :-1]) / (PRIOR + total[:, -1:])

    def state(self) -> dict[str, np.ndarray]:
        return {name: v.float().numpy() for name, v in vars(self).items()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of :meth:`state`."""
        z, spread, shares = (torch.from_numpy(arrays[name]).double() for name in ("z", "spread", "shares"))
        if z.ndim != 2 or shares.ndim != 2 or len(z) != len(shares) or spread.shape != z.shape[1:] or not (spread > 0).all():
            raise FormatError("what its columns lose in some regions does not fit together")
        return cls(z, spread, shares)


def distance(r: Tensor) -> np.ndarray:
    """r (..., c) -> D (...)."""
    return r.square().mean(-1).clamp(min=1e-9).log().numpy()


def nearest(z: np.ndarray, points: Points) -> np.ndarray:
    """Codes (n, k), m points -> (n, m), 1 for the nearest, 0 for others, and for copies; ties share what is left."""
    near, square = points.near(z), np.square(z).sum(1)
    unit, n = 1 + square, min(NEAREST, near.shape[1])
    same = np.flatnonzero(near > (0.5 * (square - ALMOST * unit)).astype(np.float32)[:, None])
    i, j = np.divmod(same, near.shape[1])
    near.flat[same[np.square(z[i] - points.v[j]).sum(1) < COPY * unit[i]]] = -np.inf
    last = np.maximum(np.sort(near, 1)[:, -n], -LARGEST)
    off = (TIE * unit).astype(np.float32)
    found = (near >= np.maximum(last - off, -LARGEST)[:, None]).astype(np.float32)
    count = found.sum(1)
    tied = np.flatnonzero(count > n)
    if len(tied):
        sure = (near[tied] > (last + off)[tied, None]).astype(np.float32)
        certain = sure.sum(1)
        share = (n - certain) / (count[tied] - certain)
        found[tied] = sure + (found[tied] - sure) * share[:, None]
    return found


def combined(unlikely: list[np.ndarray]) -> np.ndarray:
    """-log P of D, M, U, V, W (...) -> both axes (..., 2)."""
    distance, cell, kernel, normal, marginal = map(np.square, unlikely)
    rare = KERNEL_WEIGHT * kernel + NORMAL_WEIGHT * normal + MARGINAL_WEIGHT * marginal
    return np.sqrt(np.stack((distance + cell, rare), -1))
