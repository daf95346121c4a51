"""Tables in files: read whole, a sample, or piece by piece.

CSV    cells of text (delimited.py); JSON    a record per line (records.py); Parquet and Arrow say their types themselves
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather

from ..deferred import is_sparse
from ..errors import DataError, some, warn
from . import readers
from .blocks import parts_of
from .delimited import read_csv, with_dates
from .layout import Reading, ending, other_program
from .listing import listed, naming
from .names import CSV, JSON, READABLE
from .parts import is_path, joined, spread
from .records import is_records, read_records

__all__ = ["Reading", "Sample", "is_table", "read_table", "sampled", "table_pieces", "tell_unused"]

PIECE = 1 << 16  # rows of a data set out of which some are taken at once
MOST_COLUMNS = 10_000  # of a sparse matrix that is taken as a table


def read_table(
    path: Any,
    most: int | None = None,
    reading: Reading | None = None,
    types: Mapping[str, pa.DataType] | None = None,
    rest: bool = False,
    levels: Mapping[str, Iterable[str]] | None = None,
) -> pa.Table:
    """The table in a file, or in the Parquet files of a data set; of more than `most` rows in these, some, spread over them.

    Parameters
    ----------
    path : path, or list of paths of Parquet files
        Of the file, or of a data set (parts.py).
    most : int, optional
        At most about this many rows are read.
    reading : Reading, optional
        How a text file is written.
    types : mapping of column to Arrow type, optional
        Those of a fitted table: the cells of a text file are read as these, and are not guessed at again. Columns that are
        not among them stay texts, or, with `rest`, are guessed. Of no columns, {}: every cell as it stands, also such as NA.
    rest : bool, default=False
        See `types`.
    levels : mapping of column to texts, optional
        What a fitted column of texts holds: an NA among them is no missing cell.

    Raises
    ------
    DataError
        Naming the file and what is wrong in it.
    """
    if (parts := parts_of(path, reading)) is not None:
        if not parts.rows:
            raise no_rows(path)
        as_is = types == {} and not rest
        parts = parts.as_written() if as_is else parts.read_as(types, levels)
        return with_dates(path, parts.read() if most is None else parts.head(most), reading, as_is)
    path = Path(path)
    if readers.reader(path) is not None:
        found = readers.as_dataset(path, {} if reading is None else reading.options)
        return with_dates(path, _as_table(path, found, types), reading, types == {} and not rest)
    if ending(path).endswith(".npy"):
        raise _nameless(path, "an array whose columns have no names")
    with explained(path):
        if ending(path).endswith(CSV):
            return read_csv(path, reading or Reading(), types, rest, levels or {})
        if ending(path).endswith(JSON):
            return read_records(path, reading or Reading(), types, rest)
        if ending(path).endswith((".feather", ".arrow")):
            return with_dates(path, _read_arrow(path), reading, types == {} and not rest)
    if readers.reads(path):
        raise DataError(f"{str(path)!r} holds no table, as a model of a table needs it: `diabolo info` says what it holds")
    raise DataError(f"cannot read {str(path)!r}: {other_program(path)}its name ends in none of {', '.join((*READABLE, *JSON))}")


def _as_table(path: Path, found: readers.Dataset, types: Mapping[str, pa.DataType] | None) -> pa.Table:
    """The table in a file of the field; of a matrix the columns, or those with a type, if they have names."""
    if hasattr(found.X, "column_names"):
        return found.X
    if len(found.shape) != 2 or found.columns is None:
        raise _nameless(path, "pictures" if len(found.shape) != 2 else "a matrix whose columns have no names")
    names = [*types] if types else found.columns
    if len(names) > MOST_COLUMNS:
        raise DataError(f"{str(path)!r} holds a matrix of {len(names):,} columns: too many for a table")
    X = readers.NamedMatrix(found.X, found.columns).of(names)
    return pa.table(list((X.toarray() if is_sparse(X) else np.asarray(X)).T), names=names)


def _nameless(path: Path, what: str) -> DataError:
    return DataError(
        f"{str(path)!r} holds {what}, and here columns are found by their names: give a table with these names, such as a .csv"
    )


def table_pieces(
    path: Any,
    rows: int,
    reading: Reading | None = None,
    types: Mapping[str, pa.DataType] | None = None,
    columns: list[str] | None = None,
    levels: Mapping[str, Iterable[str]] | None = None,
    left_out: Iterable[str] | None = None,
) -> Iterator[pa.Table]:
    """The table in a file, a piece at a time, of fewer rows if it is wide; of Parquet no more is read, and only `columns`.

    If those are given that are known to be `left_out`, a warning names the others that are no `columns`.
    """
    if (parts := parts_of(path, reading)) is not None:
        if not parts.rows:
            raise no_rows(path)
        parts = parts.read_as(types, levels)
        there = None if columns is None else [name for name in columns if name in parts.schema.names] or None
        tell_unused(path, parts.schema.names, columns, left_out)
        for piece in parts.pieces(parts.at_once(rows, there), there):
            yield with_dates(path, piece, reading, False)
        return
    table = read_table(path, None, reading, types, levels=levels)
    if not table.num_rows:
        raise no_rows(path)
    tell_unused(path, table.column_names, columns, left_out)
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def tell_unused(path: Any, there: Sequence[str], columns: Iterable[str] | None, left_out: Iterable[str] | None) -> None:
    """Say which columns of a file a model does not have; in memory they are an error, as in scikit-learn."""
    others = [] if columns is None or left_out is None else [name for name in there if name not in {*columns, *left_out}]
    if others and len(others) < len(there):
        are = "are no columns" if len(others) > 1 else "is no column"
        warn(f"{str(path)!r}: not used: {some(others)}, which {are} of the model")


class Sample(NamedTuple):
    """Some rows of a data set: a table, their numbers (m,), and the number of all rows.

    >>> str(Sample(pa.table({"a": [1, 2]}), np.array([0, 7]), 10))
    '2 of 10 rows, one drawn at random out of each of 2 equal stretches'
    """

    table: pa.Table
    numbers: np.ndarray
    of: int

    def __str__(self) -> str:
        m = len(self.numbers)
        return f"{m:,} of {self.of:,} rows, one drawn at random out of each of {m:,} equal stretches"


def sampled(path: Any, most: int, reading: Reading, types: Mapping[str, pa.DataType], levels: Any) -> Sample | None:
    """At most so many rows of a data set, in one pass over it; None, if it has no more, or is none."""
    parts = parts_of(path, reading)
    if parts is None or parts.rows <= most:
        return None
    numbers, start, kept = spread(parts.rows, most), 0, []
    for piece in table_pieces(path, PIECE, reading, types, None, levels):
        here = numbers[np.searchsorted(numbers, start) : np.searchsorted(numbers, start + len(piece))] - start
        kept.append(piece.take(here))
        start += len(piece)
    return Sample(joined(kept), numbers, parts.rows)


def no_rows(path: Any) -> DataError:
    return DataError(f"{str(path)!r} has columns, but no rows")


def is_table(path: Any, known: dict[str, Any] | None = None) -> bool:
    """Whether a file of this name, or with these lines, holds a table; or the files of a data set do.

    `known` are the options of the file that was fitted.
    """
    if ending(path).endswith(".parquet") if isinstance(path, (str, Path)) else is_path(path):
        return True
    return (
        listed(path) is not None
        or ending(path).endswith(READABLE)
        or readers.reads(path, "table", known=known)
        or (ending(path).endswith(JSON) and is_records(Path(path)))
    )


def _read_arrow(path: Path) -> pa.Table:
    """A file of Arrow, or a stream that was kept in one."""
    try:
        return feather.read_table(path)
    except pa.ArrowInvalid as error:
        try:
            with pa.OSFile(str(path)) as file:
                return pa.ipc.open_stream(file).read_all()
        except pa.ArrowInvalid:
            raise error from None


class explained(naming):  # noqa: N801 - reads as a word
    """Every error of Arrow about a file becomes a DataError that names it."""

    def __enter__(self) -> None:
        if os.path.isdir(self.path):
            raise IsADirectoryError(21, f"{str(self.path)!r} is a folder: give a file")
