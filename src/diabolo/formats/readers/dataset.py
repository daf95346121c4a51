"""What a file of the field holds.

file  --read-->  X (n, d), Y (n, k) or (n,), names, and what was decided while it was read
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """X and what a file says of it.

    Parameters
    ----------
    X : pyarrow.Table, ndarray or CSR matrix (n, d), or ndarray (n, height, width) or (n, height, width, 3)
        A table, if the columns have types of their own; numbers; or pictures of bytes. May lie in a memory-mapped file.
    Y : pyarrow.Table or CSR matrix (n, k), or ndarray (n,), optional
        Labels, 0 or 1 (null: unknown), a column each; or the class or number of each row.
    columns : list of str, optional
        Names of the columns of a matrix X, each once. None: the file has none.
    labels : list of str, optional
        Names of the columns of a matrix Y.
    rows : list of str, optional
        Names of the rows.
    weights : ndarray (n,), optional
        Weights of the rows.
    counts : bool
        Whether X counts things, such as words or genes: a row is a document of them.
    decided : tuple of str
        What was decided while reading, a sentence each, without a full stop.
    """

    X: Any
    Y: Any = None
    columns: list[str] | None = None
    labels: list[str] | None = None
    rows: list[str] | None = None
    weights: Any = None
    counts: bool = False
    decided: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of X."""
        return tuple(map(int, self.X.shape))
