"""Tables in files: read whole, a sample, or piece by piece; written atomically."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq

from ..errors import DataError
from ..storage import atomic

__all__ = ["READABLE", "Reading", "read_table", "table_pieces", "write_table"]

CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
READABLE = (*CSV, ".parquet", ".feather", ".arrow")


@dataclass(frozen=True)
class Reading:
    """How the text of a table is to be read.

    Parameters
    ----------
    sep : str, optional
        Between two cells; None: found out.
    decimal : str, default="."
        Before the decimals of a number.
    thousands : str, optional
        Between the thousands of a number.
    na : tuple of str, default=()
        What stands for a missing cell, beside the usual.
    encoding : str, optional
        None: found out.
    header : bool, default=True
        Whether the first line names the columns.
    """

    sep: str | None = None
    decimal: str = "."
    thousands: str | None = None
    na: tuple[str, ...] = ()
    encoding: str | None = None
    header: bool = True


def read_table(
    path: str | Path,
    most: int | None = None,
    reading: Reading | None = None,
    types: Mapping[str, pa.DataType] | None = None,
) -> pa.Table:
    """The table in a file; of a Parquet file with more than `most` rows, row groups spread over the file.

    Parameters
    ----------
    path : path
        Of the file.
    most : int, optional
        Rows of which not all need be read.
    reading : Reading, optional
        How a text file is written.
    types : mapping of column to Arrow type, optional
        Those of a fitted table: the cells of a text file are read as these, and are not guessed at again.

    Raises
    ------
    DataError
        Naming the file and what is wrong in it.
    """
    path = Path(path)
    with explained(path):
        if str(path).endswith(CSV):
            return _read_csv(path)
        if path.suffix == ".parquet":
            return _read_parquet(path, most)
        if path.suffix in (".feather", ".arrow"):
            return feather.read_table(path)
    raise DataError(f"cannot read {str(path)!r}: its name ends in none of {', '.join(READABLE)}")


def table_pieces(
    path: str | Path, rows: int, reading: Reading | None = None, types: Mapping[str, pa.DataType] | None = None
) -> Iterator[pa.Table]:
    """The table in a file, a piece at a time; a Parquet file is never read as a whole."""
    path = Path(path)
    if path.suffix != ".parquet":
        table = read_table(path, None, reading, types)
        for start in range(0, table.num_rows, rows):
            yield table.slice(start, rows)
        return
    with explained(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(rows):
            yield pa.Table.from_batches([batch])


def write_table(table: Any, path: str | Path) -> None:
    """A DataFrame, Arrow table or 2-D array into a file of the kind its name says."""
    path = Path(path)
    if not str(path).endswith((*READABLE, ".npy")):
        raise DataError(f"cannot write {str(path)!r}: its name ends in none of {', '.join((*READABLE, '.npy'))}")
    with atomic(path) as file:
        _write(table, path, file)


def _write(table: pa.Table, path: Path, file: IO[bytes]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, file)
    elif path.suffix in (".feather", ".arrow"):
        feather.write_feather(table, file)
    else:
        options = pa_csv.WriteOptions(delimiter="\t" if ".tsv" in path.name else ",", quoting_style="needed")
        if path.suffix != ".gz":
            pa_csv.write_csv(_plain(table), file, options)
            return
        with gzip.GzipFile(path.name[:-3], "wb", fileobj=file, mtime=0) as packed:
            pa_csv.write_csv(_plain(table), packed, options)


def _plain(table: pa.Table) -> pa.Table:
    """Without dictionary columns, which the CSV writer does not know."""
    for i, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(i, column.name, table.column(i).cast(column.type.value_type))
    return table


def _read_csv(path: Path) -> pa.Table:
    convert = pa_csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=True)
    parse = pa_csv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True)
    table = pa_csv.read_csv(path, pa_csv.ReadOptions(block_size=1 << 26), parse, convert)
    if not table.num_rows:
        raise DataError(f"{str(path)!r} has a header, but no rows")
    return table


def _delimiter(path: Path) -> str:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        head = file.readline(1 << 16).decode("utf-8", "replace")
    if not head.strip():
        raise DataError(f"{str(path)!r} is empty")
    try:
        return csv.Sniffer().sniff(head, delimiters=",;\t|").delimiter
    except csv.Error:  # a single column
        return ","


def _read_parquet(path: Path, most: int | None) -> pa.Table:
    with pq.ParquetFile(path) as file:
        groups, total = file.num_row_groups, file.metadata.num_rows
        if not total:
            raise DataError(f"{str(path)!r} has columns, but no rows")
        if most is None or total <= most:
            return file.read()
        wanted = max(1, round(groups * most / total))
        return file.read_row_groups([i * groups // wanted for i in range(wanted)])


class explained:  # noqa: N801 - reads as a word
    """Whatever Arrow says about a file becomes a DataError that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        if self.path.is_dir():
            raise IsADirectoryError(21, f"{str(self.path)!r} is a folder: give a file")

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError, DataError)):
            return
        if isinstance(error, (pa.ArrowInvalid, pa.ArrowKeyError, OSError, EOFError, UnicodeDecodeError)):
            reason = str(error).splitlines()[0][:300]
            raise DataError(f"cannot read {os.fspath(self.path)!r}: {reason}") from None
