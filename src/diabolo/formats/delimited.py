"""Text files of a table: cells of text, each column read as what it was fitted with (cells.py), in the layout that is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ..errors import DataError, warn
from .cells import dated, guessed, typed
from .hints import like_dates, nearly_numbers
from .layout import Layout, Reading, ending, laid_out, not_decoded, opened, remedy
from .schema import is_text

__all__ = ["MISSING", "as_type", "read_csv", "spellings", "with_dates"]

ROWS, MOST_CELLS = 3, 50  # lines within a cell that look like rows, by so many of their cells
MISSING = pa_csv.ConvertOptions().null_values


def read_csv(
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
            columns.append(as_type(path, cells, types[name], name, reading))
        else:
            columns.append(guessed(cells, *signs) if types is None or rest else cells)
    return pa.table(columns, names=texts.column_names)


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


def as_type(path: Path, cells: Any, t: pa.DataType, name: str, reading: Reading) -> Any:
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
