"""n rows that become tensors one batch at a time; no larger tensor is made.

The order of an epoch is a function of its seed alone. In memory it is a random permutation. Rows of a file that is larger
than the buffer would each be sought on the disk; instead blocks of up to 64 neighbors are permuted, and the rows of as many
blocks as fit in the buffer are permuted together:

    j = 0 ... n - 1  --turned by a random number-->  block, place  --permuted blocks-->  window  --permuted rows-->  batch

A thread reads the next window while this one is learned from.

References
----------
scDataset: scalable data loading for deep learning on large-scale single-cell omics (D'Ascenzo & Cultrera di Montesano, 2025),
https://arxiv.org/abs/2506.01883
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from .deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "ALL",
    "Numbered",
    "Rows",
    "Subset",
    "Varied",
    "evenly",
    "in_order_of",
    "in_proportion",
    "mark",
    "spread_over",
    "spread_rows",
    "steps_per_epoch",
]


ALL = slice(None)
BUFFER = 1 << 25  # bytes of rows of a file that are permuted together
CHUNK = 1 << 22  # numbers of a chunk, which are in memory several times while they are encoded
BLOCK, BLOCK_BYTES = 64, 1 << 16  # neighbors that are read together, at most


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
        steps = steps_per_epoch(len(self), size)
        if self.in_file[0] < len(self):
            yield from self._streamed(size, seed, skip, steps, part)
            return
        order = np.random.default_rng(seed).permutation(len(self))
        for i in range(skip, steps):
            numbers = order[i * size : (i + 1) * size][part]
            yield torch.from_numpy(numbers), self.take(numbers)

    @property
    def in_file(self) -> tuple[int, int]:
        """Rows that are permuted together, and neighbors among them that stay so; (n, 1), if all are permuted."""
        if not isinstance(self.source, np.memmap) or not len(self):
            return len(self), 1
        each = 4 * max(1, self.source[:1].size)
        block = max(1, min(BLOCK, BLOCK_BYTES // each))
        window = max(1, BUFFER // each // block) * block
        return (window, block) if window < len(self) else (len(self), 1)

    def _streamed(self, size: int, seed: int, skip: int, steps: int, part: slice) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of rows in a file, which are read window by window."""
        window, block = self.in_file
        first, behind = divmod(skip * size, window)
        numbers, x = np.empty(0, dtype=np.int64), None
        for order, read in self._read_ahead(windows(len(self), window, block, seed, first)):
            order, read, behind = order[behind:], read[behind:], 0
            numbers, x = np.concatenate([numbers, order]), read if x is None else torch.cat([x, read])
            whole = min(len(numbers) // size, steps - skip)
            for i in range(0, whole * size, size):
                yield torch.from_numpy(numbers[i : i + size][part]), x[i : i + size][part]
            skip += whole
            if skip == steps:
                return
            numbers, x = numbers[whole * size :], x[whole * size :].clone()  # of the window nothing else is kept

    def _read_ahead(self, orders: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, Tensor]]:
        """The rows of each order; a thread reads the next ones."""
        with ThreadPoolExecutor(1) as pool:
            ahead = None
            for order in chain(orders, [None]):
                now, ahead = ahead, None if order is None else (order, pool.submit(self.take, order))
                if now is not None:
                    yield now[0], now[1].result()

    def chunks(self, size: int | None = None) -> Iterator[Tensor]:
        """All rows in order; if no size is given, as many at a time as have few numbers."""
        size = size or self._few()
        for i in range(0, len(self), size):
            yield self.take(np.arange(i, min(i + size, len(self))))

    def whole(self) -> Tensor:
        """All rows (n, d) in one tensor; few of them are in memory twice.

        >>> Rows(torch.arange(6.0).reshape(3, 2)).whole().shape
        torch.Size([3, 2])
        """
        x, size = torch.empty(len(self), self.take(np.array([0])).shape[1]), self._few()
        for part, chunk in zip(x.split(size), self.chunks(size), strict=True):
            part.copy_(chunk)
        return x

    def _few(self) -> int:
        wide = self.take(np.array([0])).numel() if len(self) else 1
        return max(1, min(4096, CHUNK // max(1, wide)))


def swept(source: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """``source[indices]``, read in the order of the disk."""
    order = np.argsort(indices, kind="stable")
    announce(source, indices[order])
    rows = np.empty((len(indices), *source.shape[1:]), source.dtype)
    for start in range(0, len(order), 4096):
        some = order[start : start + 4096]
        rows[some] = source[indices[some]]
    return rows


def windows(n: int, size: int, block: int, seed: int, first: int = 0) -> Iterator[np.ndarray]:
    """The order of n rows, `size` of them at a time, from window number `first` on; the last one has what is left.

    >>> [order.tolist() for order in windows(7, 4, 2, 0)]
    [[5, 2, 3, 6], [4, 0, 1]]
    """
    rng = np.random.default_rng(seed)
    turned, blocks = int(rng.integers(n)), rng.permutation(n // block)
    count = -(-n // size)
    for i in range(first, count):
        some = blocks[i * size // block : (i + 1) * size // block]
        order = (some[:, None] * block + np.arange(block)).ravel()
        if i == count - 1:
            order = np.concatenate([order, np.arange(n // block * block, n)])
        yield (np.random.default_rng((seed, i)).permutation(order) + turned) % n


def announce(source: np.ndarray, rows: np.ndarray) -> None:
    """Tell the system which rows (m,), in order, will be read from a file: it fetches them together, not one after another."""
    mapped, wide = getattr(source, "_mmap", None), source.strides[0]
    if mapped is None or not hasattr(mmap, "MADV_WILLNEED") or not source.flags.c_contiguous or not len(rows):
        return
    ends = np.flatnonzero(np.diff(rows) * wide > BLOCK_BYTES)
    first, last = rows[np.r_[0, ends + 1]], rows[np.r_[ends, len(rows) - 1]] + 1
    begin = source.offset % mmap.ALLOCATIONGRANULARITY  # type: ignore[attr-defined]
    for a, b in zip((begin + first * wide).tolist(), (begin + last * wide).tolist(), strict=True):
        start = a // mmap.PAGESIZE * mmap.PAGESIZE
        mapped.madvise(mmap.MADV_WILLNEED, start, b - start)


class Subset(Rows):
    """Some rows of `rows`, by number."""

    def __init__(self, rows: Rows, indices: np.ndarray) -> None:
        self.rows = rows
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def in_file(self) -> tuple[int, int]:
        window, block = self.rows.in_file
        return (window, block) if window < min(len(self), len(self.rows)) else (len(self), 1)

    def take(self, indices: np.ndarray) -> Tensor:
        return self.rows.take(self.indices[indices])


class Numbered(Subset):
    """Some rows, whose batches keep their numbers among all.

    >>> [i.tolist() for i, _ in Numbered(Rows(torch.arange(6.0)[:, None]), np.array([5])).batches(1, 0)]
    [[5]]
    """

    def batches(self, size: int, seed: int, skip: int = 0, part: slice = ALL) -> Iterator[tuple[Tensor, Tensor]]:
        for i, x in super().batches(size, seed, skip, part):
            yield torch.from_numpy(self.indices[i.numpy()]), x


class Varied(Rows):
    """`rows` as an augmentation shows them."""

    def __init__(self, rows: Rows, vary: Callable[[Tensor], Tensor]) -> None:
        self.rows, self.vary = rows, vary

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: np.ndarray) -> Tensor:
        return self.vary(self.rows.take(indices))


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


def mark(x: Tensor) -> str:
    """A text that is the same for the same numbers, to three digits, and no other's but by chance.

    >>> mark(torch.ones(3)) == mark(torch.ones(3) + 1e-6), mark(torch.ones(3)) == mark(torch.zeros(3))
    (True, False)
    """
    return blake2b(x.detach().cpu().half().numpy().tobytes(), digest_size=8).hexdigest()


def steps_per_epoch(n: int, batch_size: int) -> int:
    return max(1, n // batch_size)


def spread_rows(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of these row numbers, evenly spaced."""
    return rows[evenly(len(rows), most)]
