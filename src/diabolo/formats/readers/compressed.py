"""Compressed rows (CSR) of numbers that come in pieces: in memory, or in temporary files, if they have too many bytes.

    row i:   data[indptr[i] : indptr[i + 1]]   in the columns   indices[indptr[i] : indptr[i + 1]]

Also whether such numbers count something.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...deferred import sp
from ...errors import DataError
from .. import base

__all__ = ["PIECE", "are_counts", "by_rows", "in_pieces", "index_type", "room", "tidy"]

PIECE = 1 << 20  # numbers that are looked at at once


def room(n: int, dtype: Any, total: int) -> np.ndarray:
    """Place for n numbers of `total` bytes that are read in all; no byte of it is used before it is written."""
    if total <= base.MAX_BYTES_IN_MEMORY or not n:
        return np.empty(n, dtype)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if n * np.dtype(dtype).itemsize > free:
        raise DataError(
            f"{n * np.dtype(dtype).itemsize:,} bytes are needed in {tempfile.gettempdir()!r}, the folder of temporary files, "
            f"which has {free:,}: name a larger one in the environment variable TMPDIR"
        )
    return np.asarray(base.spilled(1, n, dtype)[0])


def index_type(*numbers: int) -> Any:
    """The integers that hold these."""
    return np.int32 if max(numbers) < 1 << 31 else np.int64


def in_pieces(values: np.ndarray) -> Iterator[np.ndarray]:
    """Views of an array, one after the other."""
    step = max(1, PIECE // max(1, int(np.prod(values.shape[1:]))))
    return (values[i : i + step] for i in range(0, len(values), step))


def are_counts(pieces: Iterable[np.ndarray]) -> bool:
    """Whether all numbers are whole and none is negative, and some are above 1.

    >>> are_counts([np.array([0.0, 1.0]), np.array([3])]), are_counts([np.array([0, 1])]), are_counts([np.array([1.5, 2])])
    (True, False, False)
    """
    above = False
    for v in pieces:
        if v.dtype.kind not in "fiu" or not (v >= 0).all():  # NaN is none of these
            return False
        if v.dtype.kind == "f" and not ((v == np.floor(v)).all() and v.max(initial=0) < np.inf):
            return False
        above = above or bool((v > 1).any())
    return above


def by_rows(pieces: Callable[[], Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]], shape: Any, dtype: Any) -> Any:
    """Pieces of entries (row, column, value) in any order, which are asked for twice -> CSR, and what :func:`tidy` says."""
    held = np.zeros(shape[0] + 1, np.int64)
    for i, _, _ in pieces():
        np.add(held[1:], np.bincount(i, minlength=shape[0]), out=held[1:])
    indptr = np.cumsum(held)
    free, nnz = indptr[:-1].copy(), int(indptr[-1])
    kept = index_type(nnz, *shape)
    total = nnz * (np.dtype(dtype).itemsize + np.dtype(kept).itemsize)
    data, indices = room(nnz, dtype, total), room(nnz, kept, total)
    for i, j, v in pieces():
        m = len(i)
        ordered = sp.csr_matrix((np.ones(m, bool), (i, np.arange(m))), shape=(shape[0], m))  # by counting, which is faster
        order, many = ordered.indices, np.diff(ordered.indptr)
        at = np.arange(m) + np.repeat(free - ordered.indptr[:-1], many)
        data[at], indices[at] = v[order], j[order]
        free += many
    return tidy(data, indices, indptr, shape)


def tidy(data: np.ndarray, indices: np.ndarray, indptr: np.ndarray, shape: Any) -> tuple[sp.csr_matrix, int, int]:
    """Columns in order, each once, and no zeros; and how many entries were given again, how many were zero. In place."""
    X = sp.csr_matrix((data, indices, indptr.astype(index_type(len(data), *shape), copy=False)), shape=tuple(shape))
    given = X.nnz
    X.sum_duplicates()
    again = given - X.nnz
    X.eliminate_zeros()
    return X, again, given - again - X.nnz
