"""The rows, and the errors of two models for each cell.

    e = predict(decoder(encoder(x)))         the autoencoder
    p = mean + A' A (x - mean)               the linear model of the same width
    m = mean                                 the reference

All rows are read once, in batches; only the few that are shown are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..errors import DataError

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder

__all__ = ["Measured", "SelectedRows", "measure", "pick"]

MAX_CELLS = 5_000_000  # cells of X that are kept


@dataclass(frozen=True)
class Measured:
    """All n rows: `rows` (n,) the error of each, `columns` (3, c) summed errors of e, p and m."""

    rows: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class SelectedRows:
    """Some of the rows: `index` (sorted), codes z, x, e, p (len(index), d), and, for a table, its original cells."""

    index: np.ndarray
    z: Tensor
    x: Tensor
    e: Tensor
    p: Tensor
    cells: list[list[Any]] | None = None

    def at(self, rows: np.ndarray) -> SelectedRows:
        """Some of these rows, in this order."""
        place = torch.from_numpy(np.searchsorted(self.index, rows))
        cells = self.cells and [[column[i] for i in place.tolist()] for column in self.cells]
        return SelectedRows(np.asarray(rows), self.z[place], self.x[place], self.e[place], self.p[place], cells)


def measure(model: Autoencoder, X: Any) -> Measured:
    """Measure all rows."""
    check_is_fitted(model)
    rows, columns = [], []
    for x in pieces(model, X):
        _, e, p = expected(model, x)
        found = [model.loss_.cells(guess, x) for guess in (e, p, model._linear.mean.to(x.dtype).expand(len(x), -1))]
        rows.append(found[0].sum(1).numpy())
        columns.append(torch.stack([each.double().sum(0) for each in found]).numpy())
    if not sum(map(len, rows)):
        raise DataError("X has no rows: there is nothing to report on")
    return Measured(np.concatenate(rows).astype(np.float64), np.sum(columns, 0))


def pick(model: Autoencoder, X: Any, rows: np.ndarray) -> SelectedRows:
    """Keep these rows."""
    index, start, kept = np.unique(rows), 0, []
    for x in pieces(model, X):
        wanted = index[(index >= start) & (index < start + len(x))] - start
        kept.append(x[torch.from_numpy(wanted)])
        start += len(x)
    x = torch.cat(kept)
    z, e, p = expected(model, x)
    table = model.format_.kind == "tables" and len(index) * len(model.format_.columns) <= MAX_CELLS
    return SelectedRows(index, z, x, e, p, model.format_.cells(X, index) if table else None)


def pieces(model: Autoencoder, X: Any) -> Iterator[Tensor]:
    """X -> chunks of x (b, d) in the network's precision."""
    dtype = next(model.network_.parameters()).dtype
    for piece in model.format_.chunks(X):
        for x in model.format_.to_tensor(piece).split(4096):
            yield x.to(dtype)


def expected(model: Autoencoder, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """x (b, d) -> z (b, k), e (b, d), p (b, d)."""
    with torch.no_grad():
        z = model.network_.encoder(x)
        return z, model.loss_.predict(model.network_.decoder(z)), model._linear.expected(model._linear.encode(x)).to(x.dtype)
