"""What a file of the field holds.

file  --read-->  X (n, d), Y (n, k) or (n,), names, and what was decided while it was read
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...deferred import is_sparse
from ...errors import DataError, suggest

__all__ = ["Dataset", "NamedMatrix"]


def _kind(v: Any) -> str:
    shape = tuple(v.shape) if hasattr(v, "shape") else f"({len(v)}, ...)"
    return f"{type(v).__name__} {shape}" + (f" of {v.dtype}" if hasattr(v, "dtype") else "")


@dataclass(frozen=True, eq=False, repr=False)
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
    occurring : bool
        Whether a sparse Y has only the labels that occur: all others are in no row.
    rows : list of str, optional
        Names of the rows.
    weights : ndarray (n,), optional
        Weights of the rows.
    counts : bool
        Whether X counts things, such as words or genes: a row is a document of them.
    decided : tuple of str
        What was decided while reading, a sentence each, without a full stop.
    options : dict
        Those with which files that belong to this one are to be read: a model keeps them.
    """

    X: Any
    Y: Any = None
    columns: list[str] | None = None
    labels: list[str] | None = None
    occurring: bool = False
    rows: list[str] | None = None
    weights: Any = None
    counts: bool = False
    decided: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """The kinds and shapes of X and Y, and what was decided.

        >>> Dataset(np.zeros((3, 2)), np.array([0, 1, 0]), decided=("X is the array 'X'",))
        Dataset(X: ndarray (3, 2) of float64, Y: ndarray (3,) of int64)
          X is the array 'X'
        """
        y = "" if self.Y is None else f", Y: {_kind(self.Y)}"
        return "\n  ".join([f"Dataset(X: {_kind(self.X)}{y})", *self.decided])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of X; (n,) of pictures in files."""
        return tuple(map(int, getattr(self.X, "shape", None) or (len(self.X),)))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Dataset:
        """These rows, with all that is said of them; so scikit-learn can split it."""
        i = np.arange(len(self))[rows[0] if isinstance(rows, tuple) else rows]
        X, Y, weights = (None if v is None else some_rows(v, i) for v in (self.X, self.Y, self.weights))
        return replace(self, X=X, Y=Y, weights=weights, rows=None if self.rows is None else [self.rows[j] for j in i])

    @property
    def values(self) -> Any:
        """X as models take it; a matrix with what is known of it."""
        matrix = hasattr(self.X, "tocsr") or (isinstance(self.X, np.ndarray) and self.X.ndim == 2)
        more = self.counts or self.options or self.columns is not None
        return NamedMatrix(self.X, self.columns, self.counts, self.options) if matrix and more else self.X

    @property
    def outliers(self) -> Any:
        """(n,) -1 where Y is 1, else 0: known outliers, as :meth:`OutlierDetector.fit` takes them.

        Raises
        ------
        DataError
            Y is not one number, 0 or 1, for each row.
        """
        y = np.asarray(self.Y)
        if y.ndim != 1 or y.dtype.kind not in "biuf" or not np.isin(y, (0, 1)).all():
            raise DataError("the file does not mark outliers: it has no y of 0 (normal) and 1 (outlier) for each row")
        return -y.astype(np.int64)

    @property
    def answers(self) -> Any:
        """Y as models take it; a matrix with the names of its columns."""
        return self.Y if self.labels is None else NamedMatrix(self.Y, self.labels, occurring=self.occurring)


@dataclass(frozen=True, eq=False)
class NamedMatrix:
    """A matrix (n, d), the names of its columns (None: it has none), whether it counts things, and how it was read.

    `occurring`: columns of other names are empty.
    """

    matrix: Any
    names: list[str] | None
    counts: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    occurring: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(int, self.matrix.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NamedMatrix:
        return replace(self, matrix=self.matrix[rows])

    def of(self, names: list[Any], said: str = "X", what: str = "column") -> Any:
        """The columns of these names, in this order.

        >>> NamedMatrix(np.array([[1, 2, 3]]), ["a", "b", "c"]).of(["c", "a"])
        array([[3, 1]])
        """
        if self.names is None or self.names == names:
            return self.matrix
        place = {name: j for j, name in enumerate(self.names)}
        absent = [name for name in names if name not in place]
        if self.occurring and len(absent) < len(names):
            X, empty = self.matrix, len(self.names)
            wider = type(X)((X.data, X.indices, X.indptr), shape=(X.shape[0], empty + 1))
            return wider[:, [place.get(name, empty) for name in names]]
        if absent:
            more = f", and {len(absent) - 1:,} more of {len(names):,}" if absent[1:] else ""
            raise DataError(
                f"{said} has no {what} {absent[0]!r}{more}, which the model was fitted with{suggest(absent[0], self.names)}"
            )
        return self.matrix[:, [place[name] for name in names]]


def some_rows(X: Any, i: np.ndarray) -> Any:
    """The rows of these numbers, of a table, an array, a sparse matrix, or pictures in files.

    >>> some_rows(np.arange(6).reshape(3, 2), np.array([2, 0])).tolist()
    [[4, 5], [0, 1]]
    """
    return X[i] if isinstance(X, np.ndarray) or is_sparse(X) else X.take(i.tolist())
