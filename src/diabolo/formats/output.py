"""Tables written to files, atomically; the ending of a name decides the kind."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq

from ..errors import DataError
from ..storage import atomic
from . import readers
from .layout import SPREADSHEETS, ending
from .names import CSV, READABLE

__all__ = ["write_pieces", "write_table"]


def write_table(table: Any, path: str | Path, source: Path | None = None) -> None:
    """Write a DataFrame, Arrow table or 2-D array to a file; the ending of its name decides the kind.

    `source` is the file that was read: what is written may go along with what stands in it.
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
        _write(table, path, file)


def write_pieces(pieces: Iterable[pa.Table], path: str | Path) -> None:
    """Write tables of one schema into one file as they come; it is there when it is whole."""
    tables = map(_in_text if ending(path).endswith(CSV) else _plain, pieces)
    first = next(tables)
    with atomic(Path(path)) as file, _writer(Path(path), file, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table.cast(first.schema))


@contextmanager
def _writer(path: Path, file: IO[bytes], schema: pa.Schema) -> Iterator[Any]:
    if ending(path).endswith(".parquet"):
        with pq.ParquetWriter(file, schema) as writer:
            yield writer
    elif ending(path).endswith((".feather", ".arrow")):
        with pa.ipc.new_file(file, schema) as writer:
            yield writer
    else:
        with ExitStack() as stack:
            packed = ending(path).endswith(".gz")
            text = stack.enter_context(gzip.GzipFile(path.name[:-3], "wb", fileobj=file, mtime=0)) if packed else file
            yield stack.enter_context(pa_csv.CSVWriter(text, schema, write_options=_text(path)))


def _text(path: Path) -> pa_csv.WriteOptions:
    return pa_csv.WriteOptions(delimiter="\t" if ".tsv" in ending(path) else ",", quoting_style="needed")


def _write(table: pa.Table, path: Path, file: IO[bytes]) -> None:
    if ending(path).endswith(".parquet"):
        pq.write_table(table, file)
    elif ending(path).endswith((".feather", ".arrow")):
        feather.write_feather(table, file)
    else:
        options = _text(path)
        if not ending(path).endswith(".gz"):
            pa_csv.write_csv(_in_text(table, True), file, options)
            return
        with gzip.GzipFile(path.name[:-3], "wb", fileobj=file, mtime=0) as packed:
            pa_csv.write_csv(_in_text(table, True), packed, options)


def _in_text(table: pa.Table, whole: bool = False) -> pa.Table:
    """As a text file has it: dates and times without fractions of a second, if none has any in the table, or in this piece."""
    table = _plain(table)
    for i, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            values = table.column(i)
            with suppress(pa.ArrowInvalid):  # fractions would be lost
                values = values.cast(pa.timestamp("s", column.type.tz))
            table = table.set_column(i, column.name, values if whole else values.cast(pa.string()))
    return table


def _plain(table: pa.Table) -> pa.Table:
    """Without dictionary columns, which the CSV writer cannot write."""
    for i, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(i, column.name, table.column(i).cast(column.type.value_type))
    return table
