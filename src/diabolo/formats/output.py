"""Tables written to files, atomically; the ending of a name decides the kind."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq

from ..errors import DataError
from ..storage import atomic
from . import readers
from .layout import SPREADSHEETS, Reading, ending
from .names import CSV, READABLE
from .schema import words
from .spelling import Recoded, layout_of, spelled
from .written import fraction, written

__all__ = ["write_pieces", "write_table"]

NO_TEXT = "lists", "records"


def write_table(table: Any, path: str | Path, source: Path | None = None, how: Reading | None = None) -> None:
    """Write a DataFrame, Arrow table or 2-D array to a file; the ending of its name decides the kind.

    `source` is the file that was read: what is written may go along with what stands in it. A text file is written so that it
    is read by `how`.
    """
    path = Path(path)
    if write := getattr(readers.reader(path), "write", None):
        write(table, path, source)
        return
    if not ending(path).endswith((*READABLE, ".npy")):
        ends = ", ".join((*READABLE, ".npy", *readers.writable()))
        opens = "spreadsheets open a .csv; " if path.suffix.lower() in SPREADSHEETS else ""
        raise DataError(f"cannot write {str(path)!r}: {opens}its name ends in none of {ends}")
    with atomic(path) as file:
        _write(table, path, file, how or Reading())


def write_pieces(pieces: Iterable[pa.Table], path: str | Path, how: Reading | None = None) -> None:
    """Write tables of one schema into one file as they come; it is there when it is whole."""
    how = how or Reading()
    tables = map(partial(_in_text, how=how) if ending(path).endswith(CSV) else _plain, pieces)
    first = next(tables)
    with atomic(Path(path)) as file, _writer(Path(path), file, first.schema, how) as writer:
        for table in chain([first], tables):
            writer.write_table(table.cast(first.schema))


@contextmanager
def _writer(path: Path, file: IO[bytes], schema: pa.Schema, how: Reading) -> Iterator[Any]:
    if ending(path).endswith(".parquet"):
        with pq.ParquetWriter(file, schema) as writer:
            yield writer
    elif ending(path).endswith((".feather", ".arrow")):
        with pa.ipc.new_file(file, schema) as writer:
            yield writer
    else:
        with ExitStack() as stack:
            text = stack.enter_context(_text(path, file, how))
            yield stack.enter_context(pa_csv.CSVWriter(text, schema, write_options=layout_of(ending(path), how)))


@contextmanager
def _text(path: Path, file: IO[bytes], how: Reading) -> Iterator[Any]:
    """The file to which text goes in UTF-8: packed, and in another encoding, if so it is to be."""
    with ExitStack() as stack:
        packed = ending(path).endswith(".gz")
        into: Any = stack.enter_context(gzip.GzipFile(path.name[:-3], "wb", fileobj=file, mtime=0)) if packed else file
        yield into if how.encoding is None else stack.enter_context(Recoded(into, how.encoding))


def _write(table: pa.Table, path: Path, file: IO[bytes], how: Reading) -> None:
    if ending(path).endswith(".parquet"):
        pq.write_table(table, file)
    elif ending(path).endswith((".feather", ".arrow")):
        feather.write_feather(table, file)
    else:
        with _text(path, file, how) as text:
            pa_csv.write_csv(_in_text(table, True, how), text, layout_of(ending(path), how))


def _in_text(table: pa.Table, whole: bool = False, how: Reading | None = None) -> pa.Table:
    """As a text file has it: dates and times without fractions of a second, if none has any in the table, or in this piece.

    Durations are those of pandas, 1 days 02:30:00: their counts would say no unit.
    """
    table = spelled(_plain(table), how or Reading())
    for i, column in enumerate(table.schema):
        if words(column.type) in NO_TEXT:
            raise DataError(f"column {column.name!r} holds {words(column.type)}, which no text file can hold: write a .parquet")
        if pa.types.is_duration(column.type):
            table = table.set_column(i, column.name, _spans(table.column(i)))
        if pa.types.is_timestamp(column.type):
            values = table.column(i)
            with suppress(pa.ArrowInvalid):  # fractions would be lost
                values = values.cast(pa.timestamp("s", column.type.tz))
            table = table.set_column(i, column.name, values if whole else values.cast(pa.string()))
    return table


def _spans(column: pa.ChunkedArray) -> pa.Array:
    """Durations as texts, with as many decimals of a second as are needed."""
    counts = column.cast(pa.int64()).drop_null().to_numpy()
    digits = fraction(column.type, int(np.gcd.reduce(counts)) or 10**9)
    return pa.array([text or None for text in written(column.combine_chunks(), max(0, digits))], pa.string())


def _plain(table: pa.Table) -> pa.Table:
    """Without dictionary columns, which the CSV writer cannot write."""
    for i, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(i, column.name, table.column(i).cast(column.type.value_type))
    return table
