"""Labels of rows, in any of the usual forms.

Y  --fit-->  names                   0/1 matrix (dense, sparse, DataFrame, Arrow table), or one list of labels per row
Y  --to_matrix-->  y (n, k)          1 yes, 0 no, between: soft, NaN: not known
y  --from_matrix-->  Y               the same kind of object
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from itertools import chain
from typing import Any, Self

import numpy as np

from ..deferred import is_sparse, sp
from ..errors import DataError, suggest, warn
from .answers import Answers
from .base import room
from .container import index_of, levels_of
from .matrices import check_places
from .readers import NamedMatrix
from .targets import NO, ROWS, YES, classes, floats, is_missing, is_number, missing, shown, values

__all__ = ["Labels", "combined"]


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
    sep: str | None = None
    levels: list[Any] | None = None  # the names of the levels of a pandas MultiIndex, whose tuples stand as texts in `names`

    def fit(self, Y: Any, sep: str | None = None) -> Self:
        """Learn the names; with `sep`, of one column of texts such as "a;b".

        Raises
        ------
        DataError
            Y is no matrix of 0, 1 and NaN, and no list of lists; a label is named twice; there are no labels.
        """
        self.sep = sep
        if isinstance(Y, Answers):
            self.kind, self.names = Y.kind, list(Y.names)
            unique(self.names)
            return self
        names = Y.names if isinstance(Y, NamedMatrix) else None
        Y = Y.matrix if isinstance(Y, NamedMatrix) else Y
        self.kind, Y = read(Y, sep, tell=True)
        if self.kind == "lists":
            self.names = ordered({label for row in Y for label in row or ()})
        elif self.kind == "one":
            self.names = ordered({plain(label) for label in Y})
        elif self.kind in FRAMES:
            self.names = [check_name(name, c) for c, name in enumerate(columns_of(Y))]
            self.levels = levels_of(Y)
        else:
            self.names = list(names) if names is not None else list(range(matrix(Y).shape[1]))
        unique(self.names)
        self.kind = "array" if self.kind == "arrow" else self.kind  # metrics take no Arrow tables
        return self

    def as_lists(self) -> Self:
        """The same labels, but :meth:`from_matrix` gives lists of names; one label for each row stays as it is."""
        found = copy(self)
        found.kind = self.kind if self.kind == "one" else "lists"
        return found

    def to_matrix(self, Y: Any) -> Any:
        """Y -> float32 (n, k), or CSR (all known)."""
        if isinstance(Y, Answers):
            return self._of_answers(Y)
        if isinstance(Y, NamedMatrix):
            Y = Y.of(self.names, "Y", "label")
        kind, Y = read(Y, self.sep, numbered=self.kind == "lists" and not {0, 1}.isdisjoint(self.names))
        if kind == "lists" or (kind == "one" and self.kind in ("one", "lists")):
            return self._of_lists([[plain(label)] for label in Y] if kind == "one" else Y)
        y = self._of_columns(Y) if kind in FRAMES else matrix(Y)
        if y.shape[1] != len(self.names):
            raise DataError(f"Y has {y.shape[1]} columns, but there are {len(self.names)} labels")
        return checked(y, self.names)

    def _of_answers(self, Y: Answers) -> Any:
        """Those of a data set were checked as they were read."""
        if Y.names != self.names:
            raise DataError(f"Y has the labels {Y.names[:5]}, but the model was fitted with {self.names[:5]}")
        small = len(self.names) <= MAX_DENSE_LABELS and Y.shape[0] * Y.shape[1] * 4 <= room()
        return Y.y.toarray() if is_sparse(Y.y) and small else Y.y

    def _of_columns(self, Y: Any) -> np.ndarray:
        """The columns of a DataFrame, or an Arrow table, by name; a name that is no text stands as one in a polars table."""
        there = {str(c): c for c in columns_of(Y)} | {plain(c): c for c in columns_of(Y)}
        absent = [name for name in self.names if name not in there and str(name) not in there]
        if absent:
            raise DataError(f"Y has no column {absent[0]!r}, which the model was fitted with")
        wanted = [there[name] if name in there else there[str(name)] for name in self.names]
        return np.column_stack([yes_no(Y[c], f"Y[{c!r}]") for c in wanted])

    def _of_lists(self, Y: list[Any]) -> Any:
        place = {name: c for c, name in enumerate(self.names)}
        rows, columns = [], []
        for i, row in enumerate(Y):
            for label in row or ():
                if label not in place:
                    known = ", ".join(map(repr, self.names[:10])) + (", ..." if len(self.names) > 10 else "")
                    raise DataError(
                        f"row {i} has the label {label!r}, which the model does not know; it knows {known}"
                        + suggest(label, self.names)
                    )
                rows.append(i)
                columns.append(place[label])
        ones = np.ones(len(rows), dtype=np.float32)
        y = sp.csr_matrix((ones, (rows, columns)), shape=(len(Y), len(self.names)))
        y.data[:] = 1.0  # a label may be said twice
        unknown = [i for i, row in enumerate(Y) if row is None]
        if len(self.names) > MAX_DENSE_LABELS and not unknown:
            return y
        y = y.toarray()
        y[unknown] = np.nan
        return y

    def from_matrix(self, y: np.ndarray) -> Any:
        """0/1 (n, k) -> the kind of object that was fitted."""
        if self.kind == "one":
            return np.array(self.names)[y.argmax(1)]
        if self.kind == "lists":
            return [tuple(self.names[c] for c in np.flatnonzero(row)) for row in y]
        if self.kind in ("csr_matrix", "csr_array"):
            return getattr(sp, self.kind)(y.astype(np.int64))
        if self.kind == "pandas":
            import pandas as pd

            return pd.DataFrame(y.astype(np.int64), columns=index_of(self.names, self.levels))
        if self.kind == "polars":
            import polars as pl

            return pl.DataFrame(y.astype(np.int64), schema=[str(name) for name in self.names])
        return y.astype(np.int64)

    def find(self, name: Any) -> int:
        """The place of a label."""
        if name not in self.names:
            known = ", ".join(map(repr, self.names[:20])) + (", ..." if len(self.names) > 20 else "")
            raise ValueError(f"there is no label {name!r}; the labels are {known}{suggest(name, self.names)}")
        return self.names.index(name)

    def new(self, name: Any) -> str | int:
        """The name, if no label has it."""
        name = name.item() if isinstance(name, np.generic) else name
        if not isinstance(name, (str, int)) or isinstance(name, bool):
            raise ValueError(f"name={name!r}: allowed are texts and whole numbers")
        if not str(name).strip():
            raise ValueError(f"name={name!r}: the name of a label must not be empty")
        if str(name) in map(str, self.names):
            raise ValueError(f"there is a label {name!r} already: choose another name, or drop the old label first")
        return name

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "names": list(self.names)} | {k: v for k in ("sep", "levels") if (v := getattr(self, k))}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The inverse of :meth:`state`."""
        self = cls()
        self.kind, self.names, self.sep = state["kind"], list(state["names"]), state.get("sep")
        self.levels = state.get("levels")
        if self.kind not in KINDS or not self.names or not all(isinstance(n, (str, int)) for n in self.names):
            raise DataError("its labels have no names")
        if self.sep is not None and not isinstance(self.sep, str):
            raise DataError("what separates its labels is no text")
        if len(set(self.names)) != len(self.names):
            raise DataError("a label is named twice")
        return self


MAX_DENSE_LABELS = 2000  # labels up to which lists become a dense matrix
FRAMES = ("pandas", "polars", "arrow")
KINDS = ("lists", "one", "pandas", "polars", "csr_matrix", "csr_array", "array")
SEPARATORS = ";|,/+&\t\n "
SURELY = ";|"  # of these one cell is enough: hardly a name holds them
SPACE = 2  # times as many texts as words: names of several words have few of them in common


# ── what Y is ────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(Y: Any, sep: str | None = None, numbered: bool = False, tell: bool = False) -> tuple[str, Any]:
    """Y -> its kind, and a list of labels (None: not known) for each row, (n,) one label each, a DataFrame, or a matrix.

    numbered: whether lists of 0 and 1 are lists of labels that are called so; tell: of labels that are left out.
    """
    Y = only_column(Y, bool(sep))
    if hasattr(Y, "columns"):
        return {"polars": "polars", "pyarrow": "arrow"}.get(type(Y).__module__.partition(".")[0], "pandas"), Y
    if is_sparse(Y):
        return ("csr_array" if isinstance(Y, sp.sparray) else "csr_matrix"), Y
    rows = split(Y, sep) if sep else rows_of(Y)
    if rows is not None and (sep or numbered or not is_matrix(rows)):
        return "lists", labels_of(rows, tell)
    if rows is not None:
        width = max(len(row) for row in rows if row is not None)
        return "array", [[np.nan] * width if row is None else row for row in rows]
    one = single(Y)
    return ("array", Y) if one is None else ("one", one)


def only_column(Y: Any, texts: bool = False) -> Any:
    """Of a table with one column of lists, or of texts that are some, this column."""
    if hasattr(Y, "columns") and not is_sparse(Y) and len(Y.columns) == 1:
        column = Y[columns_of(Y)[0]]
        if texts or rows_of(column) is not None:
            return column
    return Y


def columns_of(Y: Any) -> list[Any]:
    """The names of the columns of a DataFrame or an Arrow table."""
    return list(getattr(Y, "column_names", Y.columns))


def cells_of(Y: Any) -> list[Any]:
    """A column in any container as a list."""
    name = next((name for name in ("to_pylist", "to_list", "tolist") if hasattr(Y, name)), None)
    return list(getattr(Y, name)() if name else Y)


def rows_of(Y: Any) -> list[Any] | None:
    """One list, tuple, set or array for each row, None where it is not known; None if Y is something else."""
    if hasattr(Y, "columns") or is_sparse(Y) or not hasattr(Y, "__len__") or isinstance(Y, (str, dict)):
        return None
    if isinstance(Y, np.ndarray) and (Y.ndim != 1 or Y.dtype != object):
        return None
    rows = [cell.tolist() if isinstance(cell, np.ndarray) and cell.ndim == 1 else cell for cell in cells_of(Y)]
    if not all(isinstance(row, ROWS) or is_missing(row) for row in rows) or all(map(is_missing, rows)):
        return None
    return [row if isinstance(row, ROWS) else None for row in rows]


def distinct(rows: list[Any]) -> set[Any]:
    """All labels, without missing ones."""
    try:
        return {cell for cell in set(chain.from_iterable(row for row in rows if row is not None)) if not is_missing(cell)}
    except TypeError:
        raise DataError("Y has shape (n, ..., ...): a row holds lists of lists, but a label is a text or a number") from None


def is_matrix(rows: list[Any]) -> bool:
    """Whether lists are the rows of a matrix of 0, 1, soft labels and gaps."""
    known = [row for row in rows if row is not None]
    lengths = {len(row) for row in known}
    if len(lengths) != 1 or lengths == {0} or isinstance(known[0], (set, frozenset)):
        return False
    cells = distinct(known)
    if len(cells) == 2 and lengths != {1} and cells != {0, 1} and any(len(set(row)) < len(row) for row in known):
        i, j = sorted(map(shown, cells))
        raise DataError(f"Y holds {i} and {j} in rows of {len(known[0])}: these do not look like lists of labels; give 1 and 0")
    if not cells or not all(isinstance(cell, (int, float, np.number, np.bool_)) for cell in cells):
        return False
    return cells <= {0, 1} or not all(float(cell).is_integer() for cell in cells)


def labels_of(rows: list[Any], tell: bool) -> list[Any]:
    """The labels of each row as plain Python values; None: unknown."""
    name = {label: plain(label) for label in distinct(rows)}
    found = [None if row is None else [name[label] for label in row if label in name] for row in rows]
    gaps = [i for i, row in enumerate(rows) if row is not None and len(row) > len(found[i] or ())]
    if gaps and tell:
        others = len(gaps) - 1
        more = f" and in {others:,} other{'s' * (others > 1)}" if others else ""
        warn(
            f"Y has a missing label in row {gaps[0]}{more}: it is ignored; None in place of a list means that the row is "
            "unknown"
        )
    return found


def split(Y: Any, sep: str) -> list[Any] | None:
    """Texts such as "a;b" -> lists; a missing cell is not known. Lists pass."""
    rows = rows_of(Y)
    if rows is not None:
        return rows
    if isinstance(Y, str) or not hasattr(Y, "__len__") or np.ndim(Y) != 1:
        raise DataError(f"labels_sep={sep!r} is for one column of texts, such as 'a{sep}b'; y is something else")
    cells = cells_of(Y)
    for row, cell in enumerate(cells):
        if not isinstance(cell, str) and not is_missing(cell):
            raise DataError(f"labels_sep={sep!r} is for texts, such as 'a{sep}b', but y holds {shown(cell)} (row {row})")
    return [None if is_missing(cell) else [part for text in cell.split(sep) if (part := text.strip())] for cell in cells]


def combined(names: list[Any]) -> bool:
    """Warn if classes (texts) look like several labels each: "a;b", "a", "b;c"; whether they do."""
    texts = {name for name in names if isinstance(name, str)}
    if texts and all(name.startswith("[") and name.endswith("]") for name in texts):
        raise DataError(
            f"y holds texts such as {min(texts)!r:.60}, which are lists written as texts: use y.map(ast.literal_eval)"
        )
    for sep in SEPARATORS:
        several = sorted(name for name in texts if sep in name.strip(sep))
        parts = {part.strip() for name in texts for part in name.split(sep)} - {""}
        if sep == " ":
            sure = SPACE * len(parts) <= len(texts)
        else:
            sure = len(parts) < len(texts) or any(part.strip() in texts for name in several for part in name.split(sep))
        if several and (sep in SURELY or sure):
            warn(
                f"y holds texts such as {several[0]!r:.60}, {len(names):,} in all, and each is learned as one label; "
                f"if {sep!r} separates labels (there would be {len(parts):,}), use fit(X, y, labels_sep={sep!r})"
                f" or --labels-sep {sep!r}"
            )
            return True
    return False


def single(Y: Any) -> np.ndarray | None:
    """(n,) values, each the only label of its row, as for classes; None for anything else."""
    y = values(Y)
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind in "iu" and not np.isin(y, (0, 1)).all():
        from sklearn.utils import column_or_1d

        y = column_or_1d(y, warn=True)
    if y.ndim != 1 or not len(y):
        return None
    if y.dtype.kind == "c":
        raise DataError("Complex data not supported: give names or whole numbers as y")
    if missing(y).all():
        raise DataError("Y holds no known label: all of it is missing (NaN, None)")
    return classes(y)


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def plain(label: Any) -> Any:
    """numpy's scalars as Python's."""
    value = label.item() if isinstance(label, np.generic) else label
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return str(value)
    return value


def check_name(name: Any, c: int) -> Any:
    """The name of column c of a DataFrame."""
    if is_missing(name):
        raise DataError(f"column {c} of Y has no name ({name}): give it one")
    return plain(name)


def unique(names: list[Any]) -> None:
    """Raise a DataError unless there are names, all different, also as texts."""
    if not names:
        raise DataError("Y has no labels: give at least one column, or one label in one of the lists")
    twice = [text for text, n in Counter(map(str, names)).items() if n > 1]
    if twice:
        same = [repr(name) for name in names if str(name) == twice[0]]
        if same[0] == same[1]:
            raise DataError(f"Y names the label {same[0]} twice: names must be unique")
        raise DataError(f"Y names the labels {same[0]} and {same[1]}, a number and a text: make them the same, or rename one")


def ordered(names: set[Any]) -> list[Any]:
    """Numbers first, then texts, both sorted."""
    return sorted(names, key=lambda name: (isinstance(name, str), name))


# ── yes and no ───────────────────────────────────────────────────────────────────────────────────────────────────────


def yes_no(column: Any, name: str) -> np.ndarray:
    """A column of a DataFrame as numbers, NaN where it is not known."""
    v = values(column)
    found = sorted({str(cell) for cell in v.flat if isinstance(cell, str) and not is_number(cell)})
    if not found:
        return floats(column, name)
    row = next(i for i, cell in enumerate(v.flat) if cell == found[0])
    start = f"{name} holds {found[0]!r:.60} (row {row}): allowed are 0 (no), 1 (yes) and NaN (unknown); "
    if len(found) <= 2 and {cell.strip().lower() for cell in found} <= {*YES, *NO}:
        pairs = {cell: int(cell.strip().lower() in YES) for cell in found}
        raise DataError(start + f"give {name}.map({pairs})")
    raise DataError(
        start + "drop this column; or if it names the label of each row, give it alone as y, with labels_sep= if it says "
        "several, such as 'a;b'"
    )


def matrix(Y: Any) -> Any:
    """A 2-D array or CSR matrix of numbers."""
    if is_sparse(Y):
        check_places(Y)
        return Y.tocsr()
    if np.asarray(Y).dtype.kind == "c":
        raise DataError("Complex data not supported: give 0 and 1 as y")
    y = values(Y)
    if y.ndim != 2:
        raise DataError(f"Y has shape {y.shape}: give one row for each row of X, and one column for each label")
    if y.dtype.kind not in "OUS":
        return y.astype(np.float32)
    return np.column_stack([yes_no(y[:, c], f"Y[:, {c}]") for c in range(y.shape[1])]).astype(np.float32)


def checked(y: Any, names: list[Any]) -> Any:
    """The same, of float32, all within [0, 1] or NaN."""
    if is_sparse(y):
        y = y.astype(np.float32)
        y.sum_duplicates()
    values = y.data if is_sparse(y) else y
    with np.errstate(invalid="ignore"):
        wrong = ~((values >= 0) & (values <= 1)) & ~np.isnan(values)
    if wrong.any():
        row, c = first(y, wrong)
        column = y[:, [c]].toarray() if is_sparse(y) else y[:, [c]]
        raise DataError(
            f"Y holds {column[row, 0]:g} (row {row}, label {names[c]!r}): allowed are 0 no, 1 yes, between them soft labels, "
            f"and NaN not known{recoded(column)}"
        )
    if is_sparse(y):
        y.eliminate_zeros()
        return y.toarray() if np.isnan(y.data).any() else y
    return y


def first(y: Any, wrong: np.ndarray) -> tuple[int, int]:
    """Row and column of the first wrong cell; of a sparse matrix, `wrong` is about its data."""
    at = int(np.flatnonzero(wrong)[0])
    if is_sparse(y):
        return int(np.searchsorted(y.indptr, at, "right") - 1), int(y.indices[at])
    return divmod(at, y.shape[1])


def recoded(column: np.ndarray) -> str:
    """What a column of other codes for yes and no has to become."""
    found = set(np.unique(column[~np.isnan(column)]).tolist())
    if -1 in found and found <= {-1, 0, 1}:
        return "; if -1 stands for no, give Y == 1; if it stands for not known, make it NaN"
    if 2 in found and found <= {1, 2}:
        return "; of 1 and 2 make 0 and 1: Y == 1, or Y == 2, whichever is yes"
    return ""
