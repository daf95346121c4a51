"""An array that grows, piece by piece: in memory, and beyond a limit in a temporary file.

pieces  --add-->  array (n,)       memory-mapped if it is large; the file has no name, and lasts as long as the map
"""

from __future__ import annotations

import tempfile
from typing import IO, Any

import numpy as np

from .. import base

__all__ = ["Growing"]

PIECE = 1 << 22  # numbers that are converted at once


class Growing:
    """Numbers of one type.

    >>> grown = Growing(np.int32)
    >>> grown.add(np.array([1, 2]))
    >>> grown.add(np.array([3]))
    >>> grown.array()
    array([1, 2, 3], dtype=int32)
    """

    def __init__(self, dtype: Any) -> None:
        self.held = np.empty(0, dtype)
        self.file: IO[bytes] | None = None
        self.size = 0

    def add(self, piece: np.ndarray) -> None:
        """Append numbers, cast to the type."""
        piece = np.ascontiguousarray(piece, self.held.dtype)
        if self.file is None and (self.size + len(piece)) * piece.itemsize > base.MAX_BYTES_IN_MEMORY // 2:
            self.file = tempfile.TemporaryFile(prefix="diabolo-rows-")  # noqa: SIM115 - it lasts until it is mapped
            self.file.write(self.held.data)
            self.held = self.held[:0].copy()
        if self.file is None:
            self.held.resize(self.size + len(piece), refcheck=False)  # in place, where there is room
            self.held[self.size :] = piece
        else:
            self.file.write(piece.data)
        self.size += len(piece)

    def array(self) -> np.ndarray:
        """All of them; nothing is added afterwards."""
        if self.file is None:
            return self.held
        with self.file:
            self.file.flush()
            return np.memmap(self.file, self.held.dtype, "r+", shape=(self.size,))

    def cast(self, dtype: Any) -> np.ndarray:
        """All of them, in another type."""
        old, new = self.array(), Growing(dtype)
        for start in range(0, len(old), PIECE):
            new.add(old[start : start + PIECE])
        return new.array()
