"""Weights of rows, or of cells: the weighted loss has the same size as the loss without weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples
from torch import Tensor

from ..corruption import Corruption
from ..errors import DataError
from ..formats.frames import taken
from ..formats.parts import is_path
from ..formats.targets import row_weights, same_order
from ..rows import Rows, Subset, in_proportion, mark, spread_over

__all__ = ["RowWeights", "mean", "weights"]

MIN_CORRUPTED = 2000  # rows by which a corruption is judged


def weights(values: Any, n: int, k: int = 0) -> Tensor:
    """Weights (n,), or (n, k) for k > 0, -> (n, 1) or (n, k), of mean 1."""
    w = row_weights(values, n, k)
    w = np.ldexp(w, -np.frexp(w.max())[1])  # the sum of 1e308 would be infinite
    return torch.from_numpy(w / w.mean()).float().reshape(n, -1)


def mean(values: Tensor, weight: Tensor | None) -> float:
    """Weighted mean of (r,) or (r, k), with weights of rows (r, 1) or of cells (r, k)."""
    if weight is None:
        return float(values.mean())
    w = weight.expand_as(values) if values.ndim == 2 else weight.mean(1)
    return float((w * values).sum() / w.sum())


class RowWeights:
    """The weight of each row of X in one fit.

    Parameters
    ----------
    w : Tensor (n,) or None
        None: all rows weigh the same.
    """

    def __init__(self, w: Tensor | None = None) -> None:
        self.w = w

    @classmethod
    def of(cls, X: Any, weight: Any) -> tuple[Any, RowWeights]:
        """X without rows of weight 0, and the weights of the others."""
        if weight is None:
            return X, cls()
        same_order(X, weight, "sample_weight")
        file = is_path(X)
        n = np.size(weight) if file else _num_samples(X)
        there = np.flatnonzero(weights(weight, n, 0)[:, 0].numpy() > 0)
        if file and len(there) < n:
            raise DataError("sample_weight holds zeros: remove such rows from the file, or give a table instead of a file")
        w = weights(np.broadcast_to(np.asarray(weight), n)[there], len(there), 0)[:, 0]
        return X if len(there) == n else some_rows(X, there), cls(w)

    def check(self, n: int) -> None:
        """The rows of a file are counted when it is read."""
        if self.w is not None and len(self.w) != n:
            raise DataError(f"sample_weight has {len(self.w):,} numbers, but X has {n:,} rows")

    def about(self) -> dict[str, str]:
        """What two runs are told apart by."""
        return {} if self.w is None else {"sample_weight": mark(self.w)}

    def at(self, rows: Rows) -> Tensor | None:
        """(r,) the weights of all rows, or of some of them."""
        if self.w is None or not isinstance(rows, Subset):
            return self.w
        return self.w[torch.from_numpy(rows.indices)]

    def judged(self, rows: Rows, most: int, corruption: Corruption | None, seed: int) -> tuple[Tensor, Tensor, Tensor]:
        """Of at most so many rows: what an encoder sees, what is to be produced (n, d), and weights (n,).

        A corruption that the user asked for is the task, and here always the same; a few rows have it several times.
        """
        x, w = spread_over(rows, most), self.at(rows)
        w = torch.ones(len(x)) if w is None else spread_over(w, most)
        if corruption is None:
            return x, x, w
        times = -(-min(most, MIN_CORRUPTED) // len(x))
        return *corruption(x.repeat(times, 1), torch.Generator().manual_seed(seed)), w.repeat(times)

    def sample(self, rows: Rows, most: int) -> Tensor:
        """At most so many rows (r, d), as often as their weights say."""
        w = self.at(rows)
        return spread_over(rows, most) if w is None else rows.take(in_proportion(w.numpy(), most))


def some_rows(X: Any, i: np.ndarray) -> Any:
    """The rows of these numbers, of a table, an array, a sparse matrix or a list."""
    return taken(X, i) if hasattr(X, "column_names") else _safe_indexing(X, i)
