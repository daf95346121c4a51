r"""What is usual among rows that a network has not seen, and how unusual a row is on two axes.

    D = log mean_j (l_j / v_j)^2         l_j: loss of cell j;  v_j: its mean, what column j usually loses
    U = -log p(z),  V = -log q(z)        p: kernel density of the codes, one unit for all;  q: one trimmed normal
    axes = ( -log P(D),  -log P(U) - 1/2 log P(V) )

Every ``P`` is the tail of these measures among training rows, each by the member of the crowd that has not seen the row.
Squared, so that one wild cell counts like many that are mildly wrong. A kernel density knows any shape, but believes a small
cluster of outliers; a trimmed normal does not.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ..conformal import Calibration
from ..density import Kernel, Normal
from ..errors import FormatError
from .base import _below

__all__ = ["Usual", "as_unseen"]

POINTS = 1000  # codes around which the density is laid, per member
FLOOR = 0.01  # of what a column usually loses, in units of its variance
AFAR = 0.5  # weight of V
TAILS = ("distances", "near", "far", "codes")


class Usual:
    """Losses, densities and tails of the K members of a crowd.

    Parameters
    ----------
    v : Tensor (c,)
        What each column usually loses.
    densities : list of (Kernel, Normal)
        Of each member's codes.
    tails : dict of str to Calibration
        Of D, U, V and the second axis.
    """

    def __init__(self, v: Tensor, densities: list[tuple[Kernel, Normal]], tails: dict[str, Calibration]) -> None:
        self.v, self.densities, self.tails = v, densities, tails

    @classmethod
    def fit(cls, z: Tensor, cells: Tensor, fold: np.ndarray, trim: float) -> Self:
        """Codes (K, n, k) and losses (K, n, c) of training rows, and the member (n,) that has not seen each."""
        rows = np.arange(len(fold))
        own = rows, fold
        pairs = [
            (Kernel(most=POINTS, common=True).fit(codes[fold != k]), Normal(trim).fit(codes[fold != k]))
            for k, codes in enumerate(z.numpy())
        ]
        self = cls(cells[fold, rows].mean(0).double() + FLOOR, pairs, {})
        d, u = self._distance(cells), self._unlikeliness(z)
        self.tails = {"distances": Calibration(d[own]), "near": Calibration(u[..., 0][own]), "far": Calibration(u[..., 1][own])}
        self.tails["codes"] = Calibration(self._axes(d, u)[..., 1][own])
        return self

    def ratios(self, cells: Tensor) -> np.ndarray:
        """Losses (K, n, c) -> (n, K, c) in units of what is usual, as logarithms."""
        return (cells / self.v).log1p().permute(1, 0, 2).numpy()

    def axes(self, z: Tensor, cells: Tensor) -> np.ndarray:
        """Codes (K, n, k), losses (K, n, c) -> (n, K, 2), both axes by each member."""
        return self._axes(self._distance(cells), self._unlikeliness(z))

    def p(self, axes: np.ndarray) -> np.ndarray:
        """Axes (n, 2) -> p-values (n, 2)."""
        return np.stack((np.exp(-axes[:, 0]), np.exp(self.tails["codes"].log_p(axes[:, 1]))), 1)

    def _axes(self, d: np.ndarray, u: np.ndarray) -> np.ndarray:
        near, far = -self.tails["near"].log_p(u[..., 0]), -self.tails["far"].log_p(u[..., 1])
        return np.stack((-self.tails["distances"].log_p(d), near + AFAR * far), 2)

    def _distance(self, cells: Tensor) -> np.ndarray:
        """D (n, K)."""
        return (cells / self.v).square().mean(-1).clamp(min=1e-9).log().T.numpy()

    def _unlikeliness(self, z: Tensor) -> np.ndarray:
        """U and V (n, K, 2)."""
        pairs = zip(self.densities, z.numpy(), strict=True)
        return -np.stack([np.stack([density.log_prob(codes) for density in both], 1) for both, codes in pairs], 1)

    def state(self) -> dict[str, np.ndarray]:
        """Arrays from which :meth:`from_state` makes the same."""
        parts: dict[str, Any] = {
            f"{name}.{k}": p for k, both in enumerate(self.densities) for name, p in zip(("near", "far"), both, strict=True)
        }
        arrays = {f"{part}.{name}": v for part, p in parts.items() for name, v in p.state().items()}
        return arrays | {name: tail.scores for name, tail in self.tails.items()} | {"v": self.v.numpy()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], members: int) -> Self:
        """The inverse of :meth:`state`."""
        pairs = [
            (Kernel.from_state(_below(arrays, f"near.{k}")), Normal.from_state(_below(arrays, f"far.{k}")))
            for k in range(members)
        ]
        if arrays["v"].ndim != 1 or not (arrays["v"] > 0).all():
            raise FormatError("what its columns usually lose is not positive")
        return cls(torch.from_numpy(arrays["v"]), pairs, {name: Calibration(arrays[name]) for name in TAILS})


def as_unseen(s: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Scores s (n, K) of training rows -> as if no member had seen them.

    What a member has seen it finds less strange; the ranks of what it has seen and of what it has not are comparable.
    """
    out = s.copy()
    for k in range(s.shape[1]):
        seen = fold != k
        if 0 < seen.sum() < len(s):
            share = (np.argsort(np.argsort(s[seen, k])) + 0.5) / seen.sum()
            out[seen, k] = np.quantile(s[~seen, k], share)
    return out
