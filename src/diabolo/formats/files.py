"""Tables in files: read whole, a sample, or piece by piece; written atomically.

CSV    cells of text, each column read as what it was fitted with (cells.py), in the layout that is found (layout.py)
JSON   a record per line; Parquet and Arrow say their types themselves
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from ..deferred import is_sparse
from ..errors import DataError, warn
from ..storage import atomic
from . import readers
from .cells import dated, guessed, typed
from .hints import like_dates, nearly_numbers
from .layout import Layout, Reading, encoding_of, ending, laid_out, not_decoded, opened, remedy
from .parts import is_path, listed, naming, parts_of
from .schema import is_iso, is_text

__all__ = [
    "MISSING",
    "READABLE",
    "Reading",
    "is_records",
    "is_table",
    "read_table",
    "spellings",
    "table_pieces",
    "with_dates",
    "write_table",
]

CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
JSON = (".jsonl", ".jsonl.gz")
READABLE = (*CSV, ".parquet", ".feather", ".arrow")
CHANGED = re.compile(r"Column\(/?(.*)\) changed from (\w+) to (\w+) in row (\d+)")
LOOKED_AT = 1 << 16  # bytes of a file of JSON lines that say what it holds
ROWS, MOST_CELLS = 3, 50  # lines within a cell that look like rows, by so many of their cells
MOST_COLUMNS = 10_000  # of a sparse matrix that is taken as a table
SPACES = 3  # a text has so many, and a cell of a table has not
MISSING = pa_csv.ConvertOptions().null_values


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
    if (parts := parts_of(path)) is not None:
        if not parts.rows:
            raise no_rows(path)
        return with_dates(path, parts.read() if most is None else parts.head(most), reading, types == {} and not rest)
    path = Path(path)
    if readers.reader(path) is not None:
        found = readers.as_dataset(path, {} if reading is None else reading.options)
        return with_dates(path, _as_table(path, found, types), reading, types == {} and not rest)
    if ending(path).endswith(".npy"):
        raise _nameless(path, "an array whose columns have no names")
    with explained(path):
        if ending(path).endswith(CSV):
            return _read_csv(path, reading or Reading(), types, rest, levels or {})
        if ending(path).endswith(JSON):
            return _read_json(path, reading or Reading(), types, rest)
        if ending(path).endswith((".feather", ".arrow")):
            return with_dates(path, _read_arrow(path), reading, types == {} and not rest)
    if readers.reads(path):
        raise DataError(f"{str(path)!r} holds no table, as a model of a table needs it: `diabolo info` says what it holds")
    raise DataError(f"cannot read {str(path)!r}: its name ends in none of {', '.join((*READABLE, *JSON))}")


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
) -> Iterator[pa.Table]:
    """The table in a file, a piece at a time, of fewer rows if it is wide; of Parquet no more is read, and only `columns`."""
    if (parts := parts_of(path)) is not None:
        if not parts.rows:
            raise no_rows(path)
        there = None if columns is None else [name for name in columns if name in parts.schema.names] or None
        for piece in parts.pieces(parts.at_once(rows, there), there):
            yield with_dates(path, piece, reading, False)
        return
    table = read_table(path, None, reading, types, levels=levels)
    if not table.num_rows:
        raise no_rows(path)
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def no_rows(path: Any) -> DataError:
    return DataError(f"{str(path)!r} has columns, but no rows")


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
        raise DataError(f"cannot write {str(path)!r}: its name ends in none of {ends}")
    with atomic(path) as file:
        _write(table, path, file)


def _write(table: pa.Table, path: Path, file: IO[bytes]) -> None:
    if ending(path).endswith(".parquet"):
        pq.write_table(table, file)
    elif ending(path).endswith((".feather", ".arrow")):
        feather.write_feather(table, file)
    else:
        options = pa_csv.WriteOptions(delimiter="\t" if ".tsv" in ending(path) else ",", quoting_style="needed")
        if not ending(path).endswith(".gz"):
            pa_csv.write_csv(_plain(table), file, options)
            return
        with gzip.GzipFile(path.name[:-3], "wb", fileobj=file, mtime=0) as packed:
            pa_csv.write_csv(_plain(table), packed, options)


def _plain(table: pa.Table) -> pa.Table:
    """Without dictionary columns, which the CSV writer cannot write."""
    for i, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(i, column.name, table.column(i).cast(column.type.value_type))
    return table


def _read_csv(
    path: Path, reading: Reading, types: Mapping[str, pa.DataType] | None, rest: bool, levels: Mapping[str, Iterable[str]]
) -> pa.Table:
    layout = laid_out(path, reading)
    texts = _texts(path, layout, reading, types is None or rest or bool(types), levels)
    _check_quotes(path, layout, texts)
    if not texts.num_rows:
        raise DataError(f"{str(path)!r} has a header, but no rows")
    signs = reading.decimal, reading.thousands
    columns = []
    for name in texts.column_names:
        cells = texts.column(name)
        if name in reading.dates and (types is None or types or rest):
            columns.append(_dated(path, cells, name, reading))
        elif types is not None and name in types:
            columns.append(_typed(path, cells, types[name], name, reading))
        else:
            columns.append(guessed(cells, *signs) if types is None or rest else cells)
    return pa.table(columns, names=texts.column_names)


def _dated(path: Any, cells: Any, name: str, reading: Reading) -> Any:
    try:
        return dated(cells, reading.dates[name], name)
    except DataError as error:
        forms = (like_dates(cells.combine_chunks()) or ("", ["%Y-%m-%d"]))[1]
        say = f", or say how they are written, such as {remedy({'dates': {name: forms[0]}})}" if forms else ""
        raise DataError(f"{str(path)!r}: {error}: correct these cells{say}") from None


def with_dates(path: Any, table: pa.Table, reading: Reading | None, as_they_stand: bool = False) -> pa.Table:
    """The table; texts that `dates` names are read as dates."""
    for name in () if reading is None or as_they_stand else reading.dates:
        if (i := table.schema.get_field_index(name)) >= 0 and is_text(table.schema.field(i).type):
            table = table.set_column(i, name, _dated(path, table.column(i), name, reading or Reading()))
    return table


def _texts(path: Path, layout: Layout, reading: Reading, missing: bool, levels: Mapping[str, Iterable[str]]) -> pa.Table:
    """All cells as texts; those that are `missing` are null, unless they are levels of their column."""
    own = {name: {*MISSING} & {*values} - {*reading.na} for name, values in levels.items()}
    spared: set[str] = set().union(*own.values())
    how = pa_csv.ReadOptions(block_size=1 << 26, column_names=layout.names, skip_rows=layout.skip, encoding=layout.encoding)
    parse = pa_csv.ParseOptions(delimiter=layout.sep, newlines_in_values=True)
    convert = pa_csv.ConvertOptions(
        strings_can_be_null=missing,
        quoted_strings_can_be_null=missing,
        null_values=[text for text in (*MISSING, *spellings(reading.na)) if text not in spared],
        column_types=dict.fromkeys(layout.names, pa.string()),
    )
    try:
        packed = "gzip" if ending(path).endswith(".gz") else None
        with pa.input_stream(str(path), compression=packed) as file:
            table = pa_csv.read_csv(file, how, parse, convert)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if "Empty CSV file" in str(error):
            return pa.table({name: pa.array([], pa.string()) for name in layout.names})
        if isinstance(error, UnicodeDecodeError) or "invalid UTF8" in str(error):
            raise not_decoded(path, layout.encoding) or error from None
        raise _uneven(path, layout) or error from None
    for i, name in enumerate(table.column_names if missing and spared else ()):
        gone = pc.is_in(table.column(i), pa.array([*(spared - own.get(name, set()))], pa.string()))
        table = table.set_column(i, name, pc.if_else(gone, None, table.column(i)))
    return table


def _check_quotes(path: Path, layout: Layout, texts: pa.Table) -> None:
    """Find rows that became one cell because a quotation mark is missing, or one is too many."""
    for i, name in enumerate(texts.column_names):
        cells = texts.column(i)
        broken = cells.filter(pc.match_substring(cells, "\n"))
        if not len(broken):
            continue
        last = i == len(layout.names) - 1 and "\n" in (cells[-1].as_py() or "") and _unclosed(path, layout)
        swallowed = broken.filter(pc.match_substring_regex(broken, _rows_within(layout)))
        if last or len(swallowed):
            cell = cells[-1].as_py() if last else swallowed[0].as_py()
            said = (
                f"{str(path)!r}: column {name!r}, row {pc.index(cells, cell).as_py():,}: a quotation mark begins the cell "
                f"{cell[:20]!r}..., and within it are {cell.count(chr(10)):,} line breaks"
            )
            if last:
                raise DataError(
                    f"{said} up to the end of the file: correct this line: a quotation mark is missing, or one is too many"
                )
            warn(f"{said}, and the lines look like rows: if they are rows, a quotation mark is missing, or one is too many")


def _rows_within(layout: Layout) -> str:
    """A pattern of cells that contain lines with as many cells as a row."""
    sep, more = f"\\x{ord(layout.sep):02x}", min(len(layout.names) - 1, MOST_CELLS)
    return rf"\A[^\n]*(?:\n(?:[^{sep}\n]*{sep}){{{more}}}[^{sep}\n]*){{{ROWS}}}(?:\n|\z)" if more else r"\z\A."


def _unclosed(path: Path, layout: Layout) -> bool:
    """Whether the file ends within quotation marks, given that its last cell holds a line break."""
    with opened(path) as file:
        return not file.read().decode(layout.encoding, "replace").rstrip().endswith('"')


def spellings(missing: tuple[str, ...]) -> Iterator[str]:
    """The texts that stand for a missing cell; a number in all its forms.

    >>> list(spellings(("?", "-999")))
    ['?', '-999', '-999.0']
    """
    for text in missing:
        yield text
        try:
            yield from {f"{float(text):.0f}", str(float(text))} - {text} if float(text).is_integer() else ()
        except (ValueError, OverflowError):
            continue


def _uneven(path: Path, layout: Layout) -> DataError | None:
    """The error for the first row with more or fewer cells than there are names."""
    with opened(path) as file, io.TextIOWrapper(file, layout.encoding, "replace", newline="") as text:
        reader = csv.reader(text, delimiter=layout.sep)
        for cells in reader:
            if reader.line_num > layout.skip and cells and len(cells) != len(layout.names):
                return DataError(
                    f"cannot read {str(path)!r}: line {reader.line_num} has {len(cells)} cells, but there are "
                    f"{len(layout.names)} columns: correct this line, or give the separator of the cells (--sep)"
                )
    return None


def _typed(path: Path, cells: Any, t: pa.DataType, name: str, reading: Reading) -> Any:
    try:
        return typed(cells, t, name, reading.decimal, reading.thousands)
    except DataError as error:
        options = _reads(cells.combine_chunks(), t, name)
        read = f"read them with {remedy(options)}" if options else "leave them empty"
        raise DataError(f"{str(path)!r}: {error}: correct these cells, or {read}") from None


def _reads(cells: Any, t: pa.DataType, name: str) -> dict[str, Any]:
    """The options that may read a column of numbers or dates."""
    if pa.types.is_temporal(t):
        found = like_dates(cells)
        return {"dates": {name: found[1][0]}} if found and found[1] else {}
    try:
        typed(cells, t, name)
        return {"decimal": "."}
    except DataError:
        hint = nearly_numbers(cells)
        return hint.options if hint else {}


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


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


def is_records(path: Path) -> bool:
    """Whether JSON lines are rows of a table: objects without a text to be read as a document."""
    try:
        with opened(path) as file:
            records = [json.loads(line) for line in file.readlines(LOOKED_AT) if line.strip()]
    except (ValueError, OSError, EOFError):  # reading tells
        return False
    if not records or not all(isinstance(record, dict) for record in records):
        return False
    longest = [max((v for v in record.values() if isinstance(v, str)), key=len, default="") for record in records]
    named = any(isinstance(record.get(key), str) for record in records for key in ("text", "body"))
    return not named and 2 * sum(text.count(" ") >= SPACES for text in longest) < len(records)


def _read_json(path: Path, reading: Reading, types: Mapping[str, pa.DataType] | None, rest: bool) -> pa.Table:
    data = _utf8(path, reading)
    if not data.strip():
        raise DataError(f"{str(path)!r} is empty")
    table = _parsed(path, data, [])
    found = dict(zip(table.column_names, table.schema.types, strict=True))
    dates = [name for name, t in (types or {}).items() if is_text(t) and pa.types.is_timestamp(found.get(name, t))]
    if dates:  # texts of which all are dates here
        table = _parsed(path, data, [(name, pa.string()) for name in dates])
    for i, field in enumerate(table.schema):
        if pa.types.is_nested(field.type) and types is not None and not types and not rest:  # as it stands
            cells = [None if v is None else json.dumps(v, ensure_ascii=False) for v in table.column(i).to_pylist()]
            table = table.set_column(i, field.name, pa.array(cells, pa.string()))
        elif pa.types.is_nested(field.type):
            raise DataError(f"{str(path)!r}: field {field.name!r} holds objects or lists: a table has one value in each cell")
        if field.name in reading.dates:
            continue
        if types and field.name in types and is_text(field.type):
            table = table.set_column(i, field.name, _typed(path, table.column(i), types[field.name], field.name, Reading()))
        elif (types is None or rest) and is_text(field.type) and is_iso(table.column(i).combine_chunks()):
            table = table.set_column(i, field.name, guessed(table.column(i)))  # JSON has no dates but such texts
    return with_dates(path, table, reading, types == {} and not rest)


def _utf8(path: Path, reading: Reading) -> bytes:
    """The bytes of a text file, converted to UTF-8."""
    with opened(path) as file:
        data: bytes = file.read()
    encoding = encoding_of(data, reading)
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        raise not_decoded(path, encoding) or error from None


def _parsed(path: Path, data: bytes, explicit: list[tuple[str, pa.DataType]]) -> pa.Table:
    parse = pa_json.ParseOptions(explicit_schema=pa.schema(explicit), newlines_in_values=False)
    try:
        return pa_json.read_json(io.BytesIO(data), pa_json.ReadOptions(block_size=len(data) + 1), parse)
    except pa.ArrowInvalid as error:
        found = CHANGED.search(str(error))
        if found is None:
            raise
        name, one, other, row = found.groups()
        raise DataError(
            f"{str(path)!r}: field {name!r} holds {one}s, and {other} in row {row}: give it one type"
            if name
            else f'{str(path)!r}: line {int(row) + 1} is no object: write one object on each line, such as {{"age": 40}}'
        ) from None


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
