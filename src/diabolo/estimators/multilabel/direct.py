r"""A linear path from X to the last layer, past the hidden units.

    raw_c = mean over all members of v_c . h + b_c   +   u_c . seen(x)

Members that are trained from scratch read X. Their :class:`diabolo.nets.EnsembleMLP` has a linear unit u_c for each label. It
learns what all members have missed (linear_residual.py), or belongs to a new label.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from ...nets import ConcatEnsembles, EnsembleMLP, PretrainedEncoder, TfIdf
from ...network import Diabolo
from ...rows import Rows, spread_rows
from .linear_residual import fit_linear_residual

__all__ = ["Direct"]

MAX_CELLS = 50_000_000  # numbers to which linear residuals are fitted
MAX_WEIGHTS = 5_000_000  # of all linear units


class Direct:
    """The linear path from X to the last layer; there is none if all members have a pre-trained encoder.

    Parameters
    ----------
    network : Diabolo
        The network of the classifier.
    """

    def __init__(self, network: Diabolo) -> None:
        encoder = network.encoder
        part = encoder[-1] if isinstance(encoder, ConcatEnsembles) else encoder
        own = isinstance(part, nn.Sequential) and not isinstance(part, PretrainedEncoder) and isinstance(part[-1], EnsembleMLP)
        self.reader = cast(nn.Sequential, part) if own else None
        self.share = 1 / len(encoder) if isinstance(encoder, ConcatEnsembles) else 1.0  # of the mean over all members

    @property
    def tower(self) -> EnsembleMLP | None:
        """The hidden layers of the members that read X."""
        return None if self.reader is None else cast(EnsembleMLP, self.reader[-1])

    def seen(self, x: Tensor) -> Tensor:
        """x (n, d) -> the features that the linear units read."""
        reader: Any = self.reader
        return cast(Tensor, reader[-1].lined(reader[:-1](x)))

    def words(self, x: Tensor) -> np.ndarray:
        """(n, d) the words of documents, which a new label reads in addition to their codes."""
        if self.reader is None or not isinstance(self.reader[0], TfIdf):
            return np.empty((len(x), 0))
        return np.asarray(self.seen(x.float()).numpy())

    def append(self, w: np.ndarray) -> None:
        """A linear unit w for one more label, if w is given or the other labels have such units."""
        if self.tower is not None and (len(w) or self.tower.units):
            unit = torch.from_numpy(w / self.share).float() if len(w) else torch.zeros(self.tower.sizes[1])
            self.tower.with_units(unit[:, None])

    def drop(self, c: int, k: int) -> None:
        """Remove the linear unit of label c of k, if it has one."""
        if self.tower is not None and (j := c - k + self.tower.units) >= 0:
            self.tower.drop(j)

    def affords(self, members: int, k: int) -> bool:
        """Whether linear units for k labels have fewer weights than the first layer."""
        if self.tower is None or members == 1:
            return False
        return k <= min(members * self.tower.sizes[2][0], MAX_WEIGHTS // self.tower.sizes[1])

    def fit(self, rows: Rows, i: np.ndarray, r: Tensor, y: Tensor, weight: Tensor | None, a: Tensor, piece: int) -> Tensor:
        """Fit the residual of calibrated outputs r (n, k), with slopes a (k,), for the rows i and y (n, k) -> b (k,)."""
        tower = cast(EnsembleMLP, self.tower)
        some = spread_rows(np.arange(len(i)), max(1, MAX_CELLS // tower.sizes[1]))
        x = torch.cat([self.seen(rows.take(part)).float() for part in np.array_split(i[some], len(some) // piece + 1)])
        u, b = fit_linear_residual(x, r[some], y[some], tower.plain, None if weight is None else weight[some])
        tower.with_units(u / a / self.share)
        return b
