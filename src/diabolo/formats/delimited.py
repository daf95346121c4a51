"""Text files of a table: cells of text, each column read as what it was fitted with (cells.py), in the layout that is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ..errors import DataError, warn
from .cells import dated, guessed, tell_signs, tell_zones, typed
from .guess import Guess
from .hints import like_dates, nearly_numbers
from .layout import Layout, Reading, ending, laid_out, not_decoded, opened, remedy
from .schema import is_text

__all__ = ["MISSING", "Delimited", "as_type", "in_zone", "read_csv", "spellings", "with_dates"]

BLOCK = 1 << 24  # bytes of a data set that are read at once
LOOKED_AT = 1 << 20  # bytes at the end of a file
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
            tell_zones(cells, columns[-1].type, name)
            tell_signs(cells, columns[-1].type, name)
    return pa.table(columns, names=texts.column_names)


def _texts(path: Path, layout: Layout, reading: Reading, missing: bool, levels: Mapping[str, Iterable[str]]) -> pa.Table:
    """All cells as texts; those that are `missing` are null, unless they are levels of their column."""
    try:
        with pa.input_stream(str(path), compression=_packed(path)) as file:
            table = pa_csv.read_csv(file, *_options(layout, reading, missing, levels))
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if "Empty CSV file" in str(error):
            return pa.table({name: pa.array([], pa.string()) for name in layout.names})
        raise _explained(error, path, layout) from None
    return _spared(table, reading, levels) if missing else table


def _packed(path: Path) -> str | None:
    return "gzip" if ending(path).endswith(".gz") else None


def _options(
    layout: Layout, reading: Reading, missing: bool, levels: Mapping[str, Iterable[str]], block: int = 1 << 26
) -> tuple[Any, Any, Any]:
    """How Arrow reads the cells; what is a level of some column is no gap yet."""
    spared: set[str] = set().union(*own_gaps(reading, levels).values())
    return (
        pa_csv.ReadOptions(block_size=block, column_names=layout.names, skip_rows=layout.skip, encoding=layout.encoding),
        pa_csv.ParseOptions(delimiter=layout.sep, newlines_in_values=True),
        pa_csv.ConvertOptions(
            strings_can_be_null=missing,
            quoted_strings_can_be_null=missing,
            null_values=[text for text in (*MISSING, *spellings(reading.na)) if text not in spared],
            column_types=dict.fromkeys(layout.names, pa.string()),
        ),
    )


def own_gaps(reading: Reading, levels: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Texts such as NA that are levels of a column."""
    return {name: {*MISSING} & {*values} - {*reading.na} for name, values in levels.items()}


def _spared(table: pa.Table, reading: Reading, levels: Mapping[str, Iterable[str]]) -> pa.Table:
    """The table with gaps in place of what is a level of another column only."""
    own = own_gaps(reading, levels)
    spared: set[str] = set().union(*own.values())
    for i, name in enumerate(table.column_names if spared else ()):
        gone = pc.is_in(table.column(i), pa.array([*(spared - own.get(name, set()))], pa.string()))
        table = table.set_column(i, name, pc.if_else(gone, None, table.column(i)))
    return table


def _explained(error: Exception, path: Path, layout: Layout) -> Exception:
    if isinstance(error, UnicodeDecodeError) or "invalid UTF8" in str(error):
        return not_decoded(path, layout.encoding) or error
    return _uneven(path, layout) or error


class Delimited:
    """Text files of one table, read in blocks: first to find the types of the columns, then as these.

    Parameters
    ----------
    reading : Reading
        How they are written.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.names: list[str] = []  # in the order of the first file
        self.guesses: dict[str, Guess] = {}
        self.units: dict[str, pa.DataType] = {}  # of columns of dates in a format of their own

    def look(self, path: Path) -> int:
        """Look at all cells of a file; returns the number of its rows."""
        rows = 0
        for texts in self.texts(path, True, {}):
            self.names = self.names or texts.column_names
            for name in texts.column_names:
                if name in self.reading.dates:
                    found = _dated(path, texts[name], name, self.reading, rows).type
                    self.units[name] = max(self.units.get(name, found), found, key=lambda t: str(t).startswith("timestamp[us"))
                else:
                    signs = self.reading.decimal, self.reading.thousands
                    self.guesses.setdefault(name, Guess(*signs)).add(texts[name])
            rows += len(texts)
        return rows

    def columns(self, path: Path) -> list[str]:
        return laid_out(path, self.reading).names

    @property
    def types(self) -> dict[str, pa.DataType]:
        """What was found."""
        found = {name: guess.type for name, guess in self.guesses.items()} | self.units
        return {name: found[name] for name in self.names}

    def texts(self, path: Path, missing: bool, levels: Mapping[str, Iterable[str]]) -> Iterator[pa.Table]:
        """The cells as texts, in blocks."""
        layout, start = laid_out(path, self.reading), 0
        try:
            with pa.input_stream(str(path), compression=_packed(path)) as file:
                blocks = pa_csv.open_csv(file, *_options(layout, self.reading, missing, levels, BLOCK))
                now = next(blocks, None)
                while now is not None:
                    table, now = pa.Table.from_batches([now]), next(blocks, None)
                    _check_quotes(path, layout, table, start, last=now is None)
                    yield _spared(table, self.reading, levels) if missing else table
                    start += len(table)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            if "Empty CSV file" in str(error):
                return
            if "straddl" in str(error):
                raise DataError(
                    f"{str(path)!r}: a row behind row {start:,} is longer than {BLOCK:,} bytes: a quotation mark may be "
                    "missing, or one too many"
                ) from None
            raise _explained(error, path, layout) from None

    def as_written(self, path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
        """Columns as they stand, also such cells as NA."""
        return (texts.select(names) for texts in self.texts(path, False, {}))

    def written_type(self, name: str) -> pa.DataType:
        """Of a column as it stands."""
        return pa.string()

    def tables(self, path: Path, types: Mapping[str, pa.DataType], exact: set[str], levels: Any) -> Iterator[pa.Table]:
        """The columns `types`; some are `exact`ly of these types, others may be wider."""
        start = 0
        for texts in self.texts(path, True, levels):
            columns = []
            for name, t in types.items():
                if name in self.reading.dates:
                    columns.append(_dated(path, texts[name], name, self.reading, start).cast(self.units[name]))
                else:
                    values = as_type(path, texts[name], t, name, self.reading, start)
                    values = in_zone(values, t) if self.guesses[name].zoned else values
                    columns.append(values.cast(t) if name in exact else values)
            yield pa.table(columns, names=[*types])
            start += len(texts)


def in_zone(values: Any, t: pa.DataType) -> Any:
    """Moments; where other pieces have a zone, those without one are UTC."""
    naive = pa.types.is_timestamp(values.type) and values.type.tz is None
    return values.cast(pa.timestamp(values.type.unit, t.tz)) if naive and getattr(t, "tz", None) else values


def _check_quotes(path: Path, layout: Layout, texts: pa.Table, start: int = 0, last: bool = True) -> None:
    """Find rows that became one cell because a quotation mark is missing, or one is too many."""
    for i, name in enumerate(texts.column_names):
        cells = texts.column(i)
        broken = cells.filter(pc.match_substring(cells, "\n"))
        if not len(broken):
            continue
        open_ = last and i == len(layout.names) - 1 and "\n" in (cells[-1].as_py() or "") and _unclosed(path, layout)
        swallowed = broken.filter(pc.match_substring_regex(broken, _rows_within(layout)))
        if open_ or len(swallowed):
            cell = cells[-1].as_py() if open_ else swallowed[0].as_py()
            row = start + pc.index(cells, cell).as_py()
            said = (
                f"{str(path)!r}: column {name!r}, row {row:,}: a quotation mark begins the cell {cell[:20]!r}..., and within "
                f"it are {cell.count(chr(10)):,} line breaks"
            )
            if open_:
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
    end = b""
    with opened(path) as file:
        while piece := file.read(LOOKED_AT):
            end = (end + piece)[-LOOKED_AT:]
    return not end.decode(layout.encoding, "replace").rstrip().endswith('"')


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


def as_type(path: Path, cells: Any, t: pa.DataType, name: str, reading: Reading, start: int = 0) -> Any:
    """Texts as values of a type; `start` is the number of the first row, for errors."""
    tell_zones(cells, t, name)
    tell_signs(cells, t, name)
    try:
        return typed(cells, t, name, reading.decimal, reading.thousands, start)
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


def _dated(path: Any, cells: Any, name: str, reading: Reading, start: int = 0) -> Any:
    try:
        return dated(cells, reading.dates[name], name, start)
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
