"""n rows that become tensors one batch at a time; no larger tensor is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from .deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "ALL",
    "Rows",
    "Subset",
    "copies",
    "evenly",
    "in_order_of",
    "in_proportion",
    "spread_over",
    "spread_rows",
    "steps_per_epoch",
]


ALL = slice(None)


class Rows:
    """n rows that become tensors one batch at a time; no larger tensor is made.

    Parameters
    ----------
    source : Tensor, ndarray, numpy.memmap or scipy.sparse CSR matrix, (n, ...)
        The rows.
    encode : callable, optional
        ``source[indices] -> ndarray (B, d)``; by default the rows themselves.

    Examples
    --------
    >>> rows = Rows(torch.arange(6.0).reshape(3, 2))
    >>> rows.take(np.array([2, 0]))
    tensor([[4., 5.],
            [0., 1.]])
    """

    def __init__(self, source: Any, encode: Callable[[Any], np.ndarray] | None = None) -> None:
        self.source = source
        self.encode = encode

    def __len__(self) -> int:
        return int(self.source.shape[0])

    def take(self, indices: np.ndarray) -> Tensor:
        """(B,) row numbers -> (B, d) float32."""
        if torch.is_tensor(self.source):
            return self.source[torch.from_numpy(indices)]
        rows = swept(self.source, indices) if isinstance(self.source, np.memmap) else self.source[indices]
        return torch.from_numpy(np.asarray(self.encode(rows) if self.encode else rows, dtype=np.float32))

    def subset(self, indices: np.ndarray) -> Subset:
        return Subset(self, indices)

    def batches(self, size: int, seed: int, skip: int = 0, part: slice = ALL) -> Iterator[tuple[Tensor, Tensor]]:
        """(i, x) of one epoch in random order, without its first `skip` batches; the last incomplete one is dropped.

        i (B,) int64 are the numbers of the rows x (B, d), by which the labels or folds of the rows are found. Of each batch,
        only `part` is read.
        """
        order = np.random.default_rng(seed).permutation(len(self))
        for i in range(skip, steps_per_epoch(len(self), size)):
            numbers = order[i * size : (i + 1) * size][part]
            yield torch.from_numpy(numbers), self.take(numbers)

    def chunks(self, size: int = 4096) -> Iterator[Tensor]:
        """All rows in order."""
        for i in range(0, len(self), size):
            yield self.take(np.arange(i, min(i + size, len(self))))


def swept(source: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """``source[indices]``, read in the order of the disk."""
    order = np.argsort(indices, kind="stable")
    rows = np.empty((len(indices), *source.shape[1:]), source.dtype)
    rows[order] = source[indices[order]]
    return rows


class Subset(Rows):
    """Some rows of `rows`, by number."""

    def __init__(self, rows: Rows, indices: np.ndarray) -> None:
        self.rows = rows
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def take(self, indices: np.ndarray) -> Tensor:
        return self.rows.take(self.indices[indices])


MIN_DIFFERENT_ROWS, MIN_SHARE_DISTINGUISHED = (
    20,
    0.9,
)  # different rows that are needed to recognize copies; share of them that one column must distinguish


def copies(rows: Rows) -> np.ndarray:
    """(n,) whether a row is a copy of an earlier one: the same bits, and not by chance.

    Rows with few possible values may be equal by chance. If a single column distinguishes the different rows, equal rows are
    copies.

    >>> x = torch.rand(30, 2)
    >>> copies(Rows(torch.cat([x, x[:3]]))).sum(), copies(Rows(x.round())).sum()
    (np.int64(3), np.int64(0))
    """
    seen: set[bytes] = set()
    again = np.zeros(len(rows), dtype=bool)
    for i, row in enumerate(row for x in rows.chunks() for row in x.numpy() + 0.0):  # -0.0 becomes 0.0
        key = blake2b(row.tobytes(), digest_size=16).digest()
        again[i] = key in seen
        seen.add(key)
    if not again.any() or len(seen) < MIN_DIFFERENT_ROWS:
        return np.zeros_like(again)
    x = spread_over(rows.subset(np.flatnonzero(~again)), 4096).nan_to_num().sort(0).values
    different = 1 + (x[1:] != x[:-1]).sum(0)
    return again & (x.shape[1] > 1 and int(different.max()) >= MIN_SHARE_DISTINGUISHED * len(x))


def in_order_of(numbers: np.ndarray, chunks: Iterable[Tensor]) -> Tensor:
    """The rows of these numbers (m,), in this order, out of all rows, chunk by chunk.

    >>> in_order_of(np.array([2, 0]), torch.arange(3.0)[:, None].split(2)).flatten()
    tensor([2., 0.])
    """
    start, kept = 0, []
    for x in chunks:
        here = np.flatnonzero((numbers >= start) & (numbers < start + len(x)))
        kept.append((here, x[torch.from_numpy(numbers[here] - start)]))
        start += len(x)
    order = np.argsort(np.concatenate([place for place, _ in kept]))
    return torch.cat([x for _, x in kept])[torch.from_numpy(order)]


def in_proportion(weight: np.ndarray, most: int) -> np.ndarray:
    """At most `most` row numbers, evenly spaced; a row with twice the weight (n,) appears twice as often.

    >>> in_proportion(np.array([1.0, 0.0, 3.0, 0.0]), 4).tolist()
    [0, 2, 2, 2]
    """
    m = min(len(weight), most)
    return np.searchsorted(np.cumsum(weight) / weight.sum(), (np.arange(m) + 0.5) / m).clip(max=len(weight) - 1)


def evenly(n: int, most: int) -> np.ndarray:
    """At most `most` of the numbers of n rows, evenly spaced, the first and the last among them.

    >>> evenly(10, 4).tolist(), evenly(3, 4).tolist()
    ([0, 3, 6, 9], [0, 1, 2])
    """
    return np.linspace(0, n - 1, min(n, most)).astype(int)


def spread_over(rows: Rows | Tensor, most: int) -> Tensor:
    """At most `most` rows, evenly spaced."""
    index = evenly(len(rows), most)
    return rows[torch.from_numpy(index)] if torch.is_tensor(rows) else rows.take(index)


def steps_per_epoch(n: int, batch_size: int) -> int:
    return max(1, n // batch_size)


def spread_rows(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of these row numbers, evenly spaced."""
    return rows[evenly(len(rows), most)]
