"""Labels: what is said of each row, in any of the ways in which people keep it.

Y  --fit-->  names                   0/1 matrix (dense, sparse, DataFrame), or one list of labels per row
Y  --to_matrix-->  y (n, k)          1 yes, 0 no, between: soft, NaN: not known
y  --from_matrix-->  Y               the same kind of object
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.utils import column_or_1d

from ..errors import DataError

__all__ = ["Labels"]


class Labels:
    """k labels with their names.

    Examples
    --------
    >>> labels = Labels().fit([["red"], [], ["red", "round"]])
    >>> labels.names, labels.to_matrix([["round"], ["red"]]).tolist()
    (['red', 'round'], [[0.0, 1.0], [1.0, 0.0]])
    >>> labels.from_matrix(np.array([[1, 1], [0, 0]]))
    [('red', 'round'), ()]
    """

    names: list[Any]
    kind: str

    def fit(self, Y: Any) -> Self:
        """Learn the names.

        Raises
        ------
        DataError
            Y is no matrix of 0, 1 and NaN, and no list of lists; a label is named twice; there are no labels.
        """
        Y = no_arrow(Y)
        if is_lists(Y):
            self.kind = "lists"
            self.names = ordered({label for row in Y for label in listed(row)})
        elif (one := single(Y)) is not None:
            self.kind = "one"
            self.names = ordered(set(listed(one)))
        elif hasattr(Y, "columns"):
            self.kind = "polars" if type(Y).__module__.startswith("polars") else "pandas"
            self.names = [plain(name) for name in Y.columns]
        else:
            self.kind = "sparse" if sp.issparse(Y) else "array"
            self.names = list(range(matrix(Y).shape[1]))
        twice = [name for name, n in Counter(self.names).items() if n > 1]
        if twice:
            raise DataError(f"Y names the label {twice[0]!r} twice: names must be unique")
        if not self.names:
            raise DataError("Y has no labels: give at least one column, or one label in one of the lists")
        return self

    def to_matrix(self, Y: Any) -> Any:
        """Y -> float32 (n, k), or CSR (all known)."""
        Y = no_arrow(Y)
        if is_lists(Y) or (self.kind == "lists" and isinstance(Y, list) and all(isinstance(row, ROWS) for row in Y)):
            return self._of_lists(Y)
        if (one := single(Y)) is not None and self.kind in ("one", "lists"):
            return self._of_lists([[label] for label in one.tolist()])
        if hasattr(Y, "columns"):
            Y = self._of_columns(Y)
        y = matrix(Y)
        if y.shape[1] != len(self.names):
            raise DataError(f"Y has {y.shape[1]} columns, but there are {len(self.names)} labels")
        return checked(y, self.names)

    def _of_columns(self, Y: Any) -> np.ndarray:
        """The columns of a DataFrame by name; a name that is no text stands as one in a polars table."""
        there = {name: c for c in Y.columns for name in (str(c), plain(c))}
        absent = [name for name in self.names if name not in there and str(name) not in there]
        if absent:
            raise DataError(f"Y has no column {absent[0]!r}, which the model was fitted with")
        wanted = [there[name] if name in there else there[str(name)] for name in self.names]
        columns = [Y[c].to_numpy() if type(Y).__module__.startswith("polars") else numbers(Y[c]) for c in wanted]
        try:
            return np.column_stack([np.asarray(column, dtype=float) for column in columns])
        except (TypeError, ValueError) as error:
            raise DataError(f"Y cannot be read as columns of 0 and 1: {error}") from None

    def _of_lists(self, Y: Any) -> Any:
        place = {name: c for c, name in enumerate(self.names)}
        rows, columns = [], []
        for i, row in enumerate(Y):
            for label in listed(row):
                if label not in place:
                    known = ", ".join(map(repr, self.names[:10])) + (", ..." if len(self.names) > 10 else "")
                    raise DataError(f"row {i} has the label {label!r}, which the model does not know; it knows {known}")
                rows.append(i)
                columns.append(place[label])
        ones = np.ones(len(rows), dtype=np.float32)
        y = sp.csr_matrix((ones, (rows, columns)), shape=(len(Y), len(self.names)))
        y.data[:] = 1.0  # a label may be said twice
        return y if len(self.names) > DENSE else y.toarray()

    def from_matrix(self, y: np.ndarray) -> Any:
        """0/1 (n, k) -> the kind of object that was fitted."""
        if self.kind == "one":
            return np.array(self.names)[y.argmax(1)]
        if self.kind == "lists":
            return [tuple(self.names[c] for c in np.flatnonzero(row)) for row in y]
        if self.kind == "sparse":
            return sp.csr_matrix(y.astype(np.int64))
        if self.kind == "pandas":
            import pandas as pd

            return pd.DataFrame(y.astype(np.int64), columns=pd.Index(self.names))
        if self.kind == "polars":
            import polars as pl

            return pl.DataFrame(y.astype(np.int64), schema=[str(name) for name in self.names])
        return y.astype(np.int64)

    def find(self, name: Any) -> int:
        """The place of a label."""
        if name not in self.names:
            known = ", ".join(map(repr, self.names[:20])) + (", ..." if len(self.names) > 20 else "")
            raise ValueError(f"there is no label {name!r}; the labels are {known}")
        return self.names.index(name)

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "names": list(self.names)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The inverse of :meth:`state`."""
        self = cls()
        self.kind, self.names = state["kind"], list(state["names"])
        if self.kind not in KINDS or not self.names or not all(isinstance(n, (str, int)) for n in self.names):
            raise DataError("its labels have no names")
        if len(set(self.names)) != len(self.names):
            raise DataError("a label is named twice")
        return self


DENSE = 2000  # labels up to which lists become a dense matrix
KINDS = ("lists", "one", "pandas", "polars", "sparse", "array")


def is_lists(Y: Any) -> bool:
    """One list, tuple, set or array of labels for each row."""
    if hasattr(Y, "columns") or sp.issparse(Y) or not hasattr(Y, "__len__") or isinstance(Y, (str, dict)):
        return False
    if isinstance(Y, np.ndarray):
        return Y.ndim == 1 and Y.dtype == object and len(Y) > 0 and all(isinstance(row, ROWS) for row in Y)
    values = Y.tolist() if hasattr(Y, "tolist") else Y
    if not len(values) or not all(isinstance(row, ROWS) for row in values):
        return False
    lengths = {len(row) for row in values}
    numbers = all(isinstance(v, (int, float, np.number)) and v in (0, 1) for row in values for v in row)
    return not (len(lengths) == 1 and lengths != {0} and numbers and not isinstance(values[0], (set, frozenset)))


ROWS = (list, tuple, set, frozenset)


def single(Y: Any) -> np.ndarray | None:
    """(n,) values of which each is the one label of its row, as for classes; None for anything else."""
    if hasattr(Y, "columns") or sp.issparse(Y) or is_lists(Y):
        return None
    y = np.asarray(Y)
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind in "iu" and not np.isin(y, (0, 1)).all():
        y = column_or_1d(y, warn=True)
    if y.ndim != 1 or not len(y):
        return None
    no_classes(y)
    return y


def no_classes(y: np.ndarray) -> None:
    """Raise a DataError for a column of numbers that name nothing."""
    if y.dtype.kind not in "fc":
        return
    if y.dtype.kind == "c":
        raise DataError("Complex data not supported: give names or whole numbers as y")
    if not np.isfinite(y).all():
        raise DataError("Input y contains NaN or infinity: of one label per row, each must be known")
    if (y != y.round()).any():
        raise DataError("Unknown label type: continuous. One number per row must name its label: a whole number, or a text")


def no_arrow(Y: Any) -> Any:
    """Arrow tables are refused: their columns are no names."""
    if type(Y).__module__.startswith("pyarrow"):
        raise DataError("Y is an Arrow table: give Y.to_pandas(), or a matrix and rename the labels")
    return Y


def listed(row: Any) -> list[Any]:
    """The labels of one row, each of a type that a file can hold."""
    return [plain(label) for label in row]


def plain(label: Any) -> Any:
    """numpy's scalars as Python's."""
    value = label.item() if isinstance(label, np.generic) else label
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return str(value)
    return value


def numbers(column: Any) -> Any:
    """A pandas column as numbers, its gaps as NaN."""
    return column.to_numpy(dtype=float, na_value=np.nan)


def ordered(names: set[Any]) -> list[Any]:
    """Numbers first, then texts, each in order."""
    return sorted(names, key=lambda name: (isinstance(name, str), name))


def matrix(Y: Any) -> Any:
    """A 2-D array or CSR matrix of numbers."""
    if sp.issparse(Y):
        return Y.tocsr()
    if np.asarray(Y).dtype.kind == "c":
        raise DataError("Complex data not supported: give 0 and 1 as y")
    try:
        y = np.asarray(Y, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"Y cannot be read as a matrix of 0 and 1, nor as lists of labels: {error}") from None
    if y.ndim != 2:
        raise DataError(f"Y has shape {y.shape}: give one row for each row of X, and one column for each label")
    return y


def checked(y: Any, names: list[Any]) -> Any:
    """The same, of float32, all within [0, 1] or NaN."""
    values = y.data if sp.issparse(y) else y
    with np.errstate(invalid="ignore"):
        wrong = ~((values >= 0) & (values <= 1)) & ~np.isnan(values)
    if wrong.any():
        first = values[wrong][0]
        where = "" if sp.issparse(y) else f" (row {np.argwhere(wrong)[0][0]}, label {names[np.argwhere(wrong)[0][1]]!r})"
        raise DataError(f"Y holds {first:g}{where}: allowed are 0 no, 1 yes, between them soft labels, and NaN not known")
    if sp.issparse(y):
        y = y.astype(np.float32)
        y.eliminate_zeros()
        return y.toarray() if np.isnan(y.data).any() else y
    return y
