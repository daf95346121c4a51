"""Bytes of a stream -> an array; one that is large lies in a temporary file.

stream, shape, dtype  --filled-->  array        as many bytes as the shape says, not one more or less
"""

from __future__ import annotations

import gzip
import lzma
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from .. import base

__all__ = ["DAMAGE", "RATIO", "filled", "laid", "opened", "room", "short", "size_of"]

DAMAGE = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, OverflowError, MemoryError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)  # what libraries raise for a damaged file
RATIO = 1032  # most bytes that deflate makes of one
PIECE = 1 << 24


def size_of(shape: tuple[int, ...], dtype: Any) -> int:
    """Bytes of an array, as a Python number, which does not overflow."""
    return prod(map(int, shape)) * np.dtype(dtype).itemsize


def room(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array to be filled: in memory, or in a temporary file."""
    if size_of(shape, dtype) <= base.MAX_BYTES_IN_MEMORY:
        return np.empty(shape, dtype)
    return base.spilled(shape[0], prod(shape[1:]), dtype).reshape(shape)


def filled(stream: Any, shape: tuple[int, ...], dtype: Any, last: bool = True) -> np.ndarray:
    """The next bytes of a stream, or all of its last, as an array in the machine's order of bytes.

    >>> import io
    >>> filled(io.BytesIO(bytes([0, 1, 1, 0])), (2,), ">i2").tolist()
    [1, 256]
    """
    X = room(shape, dtype)
    flat, at = X.reshape(-1).view(np.uint8) if X.nbytes else np.empty(0, np.uint8), 0
    while at < len(flat):
        got = stream.readinto(flat[at : at + PIECE])
        if not got:
            raise DataError(f"it is cut off: its header says {len(flat):,} bytes of numbers, and {at:,} are there")
        at += got
    if last and stream.read(1):
        raise DataError(f"more follows the {len(flat):,} bytes of numbers that its header says")
    return X if X.dtype.isnative else X.byteswap(inplace=True).view(X.dtype.newbyteorder("="))


def laid(X: np.ndarray, dtype: Any = None) -> np.ndarray:
    """Row after row, in this type: numbers that are stored column after column give other sums, in the last bits."""
    dtype = np.dtype(dtype or X.dtype)
    if X.flags.c_contiguous and X.dtype == dtype:
        return X
    out = room(X.shape, dtype)
    step = max(1, PIECE // max(1, size_of(X.shape[1:], dtype)))
    for start in range(0, len(X), step):
        out[start : start + step] = X[start : start + step]
    return out


def short(error: BaseException) -> str:
    """What a library says, in one line."""
    said = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return said[:200] or type(error).__name__


def opened(path: Path) -> Any:
    """The bytes of a file, packed or not: its first two say it, as browsers unpack files and leave their names."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else open(path, "rb")
