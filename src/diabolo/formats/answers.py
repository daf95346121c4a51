"""Labels in columns of a table, and those of a data set that is larger than memory: read piece by piece.

columns of 0, 1, null   -->  y (n, k) float32, NaN where it is not known; in a temporary file, if it is large
a column of lists       -->  y (n, k), sparse if it is large, and the names in it
a column of classes     -->  the class of each row; of a large data set as a column of lists with one label each
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..deferred import sp
from ..errors import DataError, warn
from .base import room, spilled
from .schema import is_text
from .targets import NO, YES

__all__ = [
    "Answers",
    "are_classes",
    "classes_in",
    "classes_of_rows",
    "columns_of_labels",
    "lists_of_labels",
    "nothing_known",
    "split_cells",
    "zeros_and_ones",
]

MANY = 100  # different whole numbers, which are quantities rather than classes
BETWEEN = ";|"  # labels; hardly the name of a class holds these


@dataclass(frozen=True, eq=False)
class Answers:
    """Labels of n rows that were read and checked: y (n, k), the names of the labels, and as what they are given back."""

    y: Any
    names: list[Any]
    kind: str  # "array", "lists" or "one", as in labels.py

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.y.shape[0]), int(self.y.shape[1])

    def __len__(self) -> int:
        return self.shape[0]


def columns_of_labels(pieces: Iterable[pa.Table], rows: int, names: Sequence[str], hint: str = "") -> Answers:
    """Of columns of 0 and 1."""
    k = len(names)
    y = np.empty((rows, k), np.float32) if rows * k * 4 <= room() else spilled(rows, k, np.float32)
    known, start = np.zeros(k, dtype=bool), 0
    for piece in pieces:
        here = y[start : start + len(piece)]
        for c, name in enumerate(names):
            here[:, c] = zeros_and_ones(piece, name, hint, count(start))
        known |= ~np.isnan(here).all(0)
        start += len(piece)
    if not known.all():
        raise nothing_known(names[int(known.argmin())])
    return Answers(y, list(names), "array")


def lists_of_labels(pieces: Iterable[pa.Table], name: str, sep: str | None) -> Answers:
    """Of a column such as "urgent;bug", or of lists."""
    place: dict[str, int] = {}
    indices, ends = [], []
    for piece in pieces:
        rows = [sorted({place.setdefault(label, len(place)) for label in row}) for row in split_cells(piece, name, sep)]
        indices.append(np.array([c for row in rows for c in row], dtype=np.int32))
        ends.append(np.array([len(row) for row in rows], dtype=np.int64))
    names = sorted(place)
    order = np.empty(len(names), dtype=np.int32)
    order[[place[label] for label in names]] = np.arange(len(names))
    columns = order[np.concatenate(indices)] if names else np.concatenate(indices)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(ends))])
    y = sp.csr_matrix((np.ones(len(columns), np.float32), columns, starts), shape=(len(starts) - 1, len(names)))
    y.sort_indices()
    return Answers(y, names, "lists")


def split_cells(table: pa.Table, name: str, sep: str | None) -> Iterator[list[str]]:
    """The labels of each row; an empty cell has none. Without a separator, a text is one label."""
    for v in table[name].to_pylist():
        row = v if isinstance(v, list) else [] if v is None else [v] if sep is None else str(v).split(sep)
        yield [label for v in row if v is not None and (label := str(v).strip())]


def are_classes(column: pa.ChunkedArray) -> bool:
    """Whether it says the class of each row: by texts that repeat, or by a few whole numbers that are not only 0 and 1.

    >>> [are_classes(pa.chunked_array([v])) for v in (["cat", "dog"] * 2, [1, 2, 3] * 2, [0, 1] * 2, ["a;b", "a"] * 2)]
    [True, True, False, False]
    """
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    found = plain.drop_null()
    levels = pc.unique(found).to_pylist()
    if not levels or 2 * len(levels) > len(found):
        return False
    if is_text(found.type):
        return not any(v.strip() in ("0", "1") or any(sep in v for sep in BETWEEN) for v in levels)
    return pa.types.is_integer(found.type) and not {*levels} <= {0, 1} and len(levels) <= MANY


def classes_in(table: pa.Table, name: str) -> tuple[pa.Table, list[Any]]:
    """The rows that have a class, and these; a warning says how many have none."""
    cells = table[name].to_pylist()
    known = np.array([cell is not None and bool(str(cell).strip()) for cell in cells])
    if known.all():
        return table, cells
    absent, row = int((~known).sum()), int(known.argmin())
    warn(f"column {name!r} names no class in {absent:,} of {len(known):,} rows, row {row} the first: these rows are left out")
    return table.filter(pa.array(known)), [cell for cell, some in zip(cells, known, strict=True) if some]


def classes_of_rows(pieces: Iterable[pa.Table], name: str) -> Answers:
    """Of a column that says the class of each row."""
    found = lists_of_labels(pieces, name, None)
    without = np.flatnonzero(np.diff(found.y.indptr) == 0)
    if len(without):
        raise DataError(
            f"column {name!r} names no class in {len(without):,} of {len(found):,} rows, row {without[0]} the first: "
            "leave these rows out"
        )
    return Answers(found.y, found.names, "one")


NUMBERS = "; numbers are predicted by --target COLUMN, in Python by Regressor().fit(X, y)"


def zeros_and_ones(table: pa.Table, name: str, hint: str = "", numbers: Iterable[int] | None = None) -> np.ndarray:
    """(n,) 0, 1, or NaN where a cell is empty; `numbers` are those of the rows."""
    values = table[name].to_pylist()
    for row, value in zip(count() if numbers is None else numbers, values, strict=False):
        if not (value is None or value != value or value in (0, 1, "0", "1")):
            raise DataError(
                f"column {name!r} holds {value!r} in row {row}: allowed are 0, 1, and an empty cell, which means unknown"
                + ("; write 1 for yes, and 0 for no" if str(value).strip().lower() in (*YES, *NO) else "")
                + (hint if isinstance(value, (str, list)) else NUMBERS if isinstance(value, (int, float)) else "")
            )
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def nothing_known(name: str) -> DataError:
    return DataError(f"column {name!r} is empty: give 1 if a row has the label, and 0 if it does not")
