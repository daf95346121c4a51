"""How a text file of a table is laid out: its encoding, what separates its cells, and which line names the columns.

What is not said is found out from the first lines: the separator that gives most of them the same number of cells; lines
above the names, comments and titles, are left out with a warning; names that do not fit the cells are an error.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from encodings.aliases import aliases
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import DataError, warn

__all__ = ["Layout", "Reading", "encoding_of", "ending", "laid_out", "not_decoded", "opened", "option", "other_program"]

HEAD, MOST = 1 << 18, 1 << 25  # bytes that are looked at; where these hold no few lines, so many at most
FEW, LINES = 3, 50
LONGEST = 1 << 17  # characters of a cell
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
SEPARATORS = ",;\t|"
NUMBER = re.compile(r"^\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*$")
SEP = re.compile(r"sep=(.)\r?\n")  # which Excel writes into a first line
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8"}


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
        Between the thousands of a number. With this or another `decimal`, a currency or percent sign is taken off, too.
    na : tuple of str, default=()
        What stands for a missing cell, beside the usual.
    encoding : str, optional
        None: UTF-8, or UTF-16 with its mark.
    header : bool, default=True
        Whether the first line names the columns; else they are x0, x1, ...
    dates : dict of column to format
        Texts that are dates, each column with its format of ``datetime.strptime``, such as ``{"day": "%d.%m.%Y"}``.
    options : dict
        Those of a file of the field, such as ``{"dataset": 2}`` of an ``.xpt``.

    Examples
    --------
    >>> from diabolo.formats import Tables
    >>> Tables(reading=Reading(sep=";", decimal=",")).reading.decimal
    ','
    """

    sep: str | None = None
    decimal: str = "."
    thousands: str | None = None
    na: tuple[str, ...] = ()
    encoding: str | None = None
    header: bool = True
    dates: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "na", (self.na,) if isinstance(self.na, str) else tuple(self.na))
        for name, sign in (("sep", self.sep), ("decimal", self.decimal), ("thousands", self.thousands)):
            if sign is not None and len(sign) != 1:
                raise DataError(f"{option(name)} {sign!r}: give one sign")
        if self.decimal == self.thousands:
            raise DataError(f"--decimal and --thousands are both {self.decimal!r}: they must differ")
        if self.encoding is not None:
            check_encoding(self.encoding)
        for name, form in self.dates.items():
            check_date(name, form)

    def but(self, said: Mapping[str, Any]) -> Reading:
        """The same but for what is said; dates are added, and what now stands before decimals no more between thousands.

        >>> Reading(decimal=",", thousands=".").but({"decimal": "."}).thousands is None
        True
        """
        now = dict(said) | {"dates": self.dates | said.get("dates", {})}
        if now.get("decimal") == self.thousands:
            now = {"thousands": None} | now
        return replace(self, **now)


@dataclass(frozen=True)
class Layout:
    """What was found out: lines to skip, then rows of cells with these names."""

    encoding: str
    sep: str
    names: list[str]
    skip: int


def option(name: str) -> str:
    """As the command line spells it."""
    return f"--{name.replace('_', '-')}"


def remedy(options: dict[str, Any]) -> str:
    """What reads it, on the command line and in Python.

    >>> remedy({"decimal": ","})
    '--decimal "," (in Python: format=Tables(reading=Reading(decimal=\\',\\')))'
    """
    pairs = [(k, v) for k, value in options.items() for v in (value if isinstance(value, tuple) else [value])]
    pairs = [p for k, v in pairs for p in ([("date", f"{c}={form}") for c, form in v.items()] if k == "dates" else [(k, v)])]
    said = ["--no-header" if k == "header" else f'{option(k)} "{v}"' for k, v in pairs]
    python = ", ".join(f"{k}={value!r}" for k, value in options.items())
    return f"{' '.join(said)} (in Python: format=Tables(reading=Reading({python})))"


def check_date(name: str, form: str) -> None:
    """Raise a DataError for what is no format of dates."""
    day = datetime(2024, 12, 31, 23, 59, 58, tzinfo=UTC)
    try:
        fits = "%" in form and datetime.strptime(day.strftime(form), form).year == day.year
    except ValueError:
        fits = False
    if not fits:
        raise DataError(
            f"--date {name}={form}: this is no format of dates with a year, as Python's strptime has them: give one such as "
            "%d.%m.%Y or %m/%d/%Y"
        )


def check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError:
        near = get_close_matches(encoding.lower().replace("-", "_"), [*aliases, *aliases.values()], 1)
        did = f"; did you mean {near[0].replace('_', '-')}?" if near else ""
        raise DataError(
            f"--encoding {encoding!r} is no encoding that Python knows, such as latin-1, cp1252, utf-16{did}"
        ) from None


def opened(path: Path) -> Any:
    """The bytes of a file, packed or not."""
    return gzip.open(path, "rb") if ending(path).endswith(".gz") else open(path, "rb")


def ending(path: str | Path) -> str:
    """The name of a file, the end of which says what it holds: in small letters, as Windows does not tell .CSV from .csv."""
    return Path(path).name.lower()


def other_program(path: str | Path) -> str:
    """How to get the rows out of a file of another program, which is often given in place of a table; else empty.

    >>> other_program("Kunden.XLSX")
    "save it as .csv in the program that made it, or give pandas.read_excel('Kunden.XLSX'); "
    """
    end, name = Path(path).suffix.lower(), str(path)
    if end in SPREADSHEETS:
        return f"save it as .csv in the program that made it, or give pandas.read_excel({name!r}); "
    if end == ".json":
        return "one object in each line is a .jsonl: df.to_json('NAME.jsonl', orient='records', lines=True); "
    if end in (".pkl", ".pickle", ".joblib"):
        return "what is pickled may run code when it is read: load it yourself, and give the object, or save it as .parquet; "
    return ""


NO_TABLES = {  # how files begin that are no text of rows, whatever their names say
    b"pk\x03\x04": "a zip, such as a spreadsheet of Excel: save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of Excel: save the sheet as CSV",
    b"\x1f\x8b": "packed by gzip: give it the ending .csv.gz",
    b"par1": "a Parquet file: give it the ending .parquet",
    b"%pdf": "a PDF: save its table as CSV",
    b"<!doctype html": "a web page: what was to be downloaded lies elsewhere",
    b"<html": "a web page: what was to be downloaded lies elsewhere",
    b'{"': "JSON: give lines of it, an object each, the ending .jsonl",
    b'[{"': "JSON: write an object on each line, with df.to_json(path, orient='records', lines=True), to a .jsonl",
}


def encoding_of(head: bytes, reading: Reading) -> str:
    """That of a mark at the beginning, the one that was said, or UTF-8."""
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), reading.encoding or "utf-8")


def laid_out(path: Path, reading: Reading) -> Layout:
    """The layout of a file.

    Raises
    ------
    DataError
        It is empty, no text, or the names of its columns do not fit its rows.
    """
    head, whole = beginning(path)
    if not head.strip():
        raise DataError(f"{str(path)!r} is empty")
    if other := next((what for start, what in NO_TABLES.items() if head.lstrip().lower().startswith(start)), ""):
        raise DataError(f"{str(path)!r} is {other}")
    encoding = encoding_of(head, reading)
    text = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)("replace").decode(head)
    if "\0" in text:
        raise DataError(
            f"{str(path)!r} is no text in {encoding}: it holds zero bytes; of UTF-16 say {remedy({'encoding': 'utf-16-le'})}"
        )
    if "\ufffd" in text and (error := not_decoded(path, encoding)):
        raise error
    cut = len(text) if whole else text.rfind("\n") + 1
    text = text[: cut or len(text)]
    excel = SEP.match(text)
    sep = reading.sep or (excel[1] if excel else separator(text, path, reading.decimal))
    if excel:
        text = "\n" + text[excel.end() :]  # as many lines as before
    records = read(text, sep)
    if not records:
        long = f" has a first line with a cell of more than {LONGEST:,} characters: it is no table"
        raise DataError(f"{str(path)!r}{long if len(text) > LONGEST else ' is empty'}")
    first = begin(path, records, reading.header, sep)
    line, cells = records[first]
    if reading.header:
        return Layout(encoding, sep, cells, line)
    return Layout(encoding, sep, [f"x{j}" for j in range(len(cells))], records[first - 1][0] if first else 0)


def beginning(path: Path) -> tuple[bytes, bool]:
    """The first bytes of a file, more of them if its lines are long, and whether that is all."""
    with opened(path) as file:
        head = file.read(HEAD)
        while head.count(b"\n") < FEW and len(head) < MOST and (more := file.read(len(head))):
            head += more
        return head, not file.read(1)


def read(text: str, sep: str) -> list[tuple[int, list[str]]]:
    """The first records that are not blank, each with the number of its last line."""
    reader, records = csv.reader(io.StringIO(text, newline=""), delimiter=sep), []
    try:
        for cells in reader:
            if max(map(len, cells), default=0) > LONGEST:  # csv has this limit, until another module changes it for all
                break
            if any(cell.strip() for cell in cells) or len(cells) > 1:
                records.append((reader.line_num, cells))
            if len(records) == LINES:
                break
    except csv.Error:  # what follows is not read here
        pass
    return records


def usual(records: list[tuple[int, list[str]]]) -> tuple[int, float]:
    """How many cells most records have, and the share that has them."""
    counts = Counter(len(cells) for _, cells in records)
    most = max(counts, key=lambda width: (counts[width], width))
    return most, counts[most] / len(records)


def separator(text: str, path: Path, decimal: str) -> str:
    """The sign that gives most records the same number of cells, more than one."""
    best, found = (0.0, 1), "\t" if ".tsv" in ending(path) else ";" if decimal == "," else ","
    for sep in sorted(SEPARATORS, key=decimal.__eq__):
        records = read(text, sep)
        width, share = usual(records) if records else (1, 0.0)
        if width > 1 and (share, width) > best and (sep != decimal or (share == 1 and best[1] == 1)):
            best, found = (share, width), sep
    return found


# ── the line of names ────────────────────────────────────────────────────────────────────────────────────────────────


def begin(path: Path, records: list[tuple[int, list[str]]], header: bool, sep: str) -> int:
    """The record that names the columns; or, without one, the first row."""
    width, at = usual(records)[0], 0
    while at + 1 < len(records) and is_comment(records[at:], width):
        at += 1
    at += titles(records[at:], width) if header else 0
    if at:
        said = ", ".join(repr(",".join(cells)[:40]) for _, cells in records[:at][:3])
        then = f"line {records[at][0]} names the columns" if header else f"the rows begin in line {records[at][0]}"
        which = "which is no row" if at == 1 else "which are no rows"
        warn(f"{str(path)!r} begins with {said}, {which} of the table: left out; {then}")
    if header:
        check_names(path, records[at:], width, sep)
    return at


def is_comment(records: list[tuple[int, list[str]]], width: int) -> bool:
    """A line that begins with #, and is not that of the names."""
    cells, below = records[0][1], records[1][1]
    if not cells[0].lstrip().startswith("#"):
        return False
    return len(cells) != width or (is_names(below) and len(records) > 2 and has_number(records[2][1]))


def titles(records: list[tuple[int, list[str]]], width: int) -> int:
    """How many records stand above names that fit the rows; at most half of their cells are filled, as in a spreadsheet."""
    filled = [sum(bool(cell.strip()) for cell in cells) for _, cells in records]
    n = next((i for i, count in enumerate(filled) if 2 * count > width), 0)
    if not n or n + 1 == len(records) or len(records[n][1]) != width or not is_names(records[n][1]):
        return 0
    sure = width > 2 or (records[0][1][0].strip() and has_number(records[n + 1][1]))  # of two columns, one may have no name
    return n if sure else 0


def is_names(cells: list[str]) -> bool:
    return len(set(cells)) == len(cells) and all(cells) and not has_number(cells)


def has_number(cells: list[str]) -> bool:
    return any(NUMBER.match(cell) for cell in cells)


def check_names(path: Path, records: list[tuple[int, list[str]]], width: int, sep: str) -> None:
    """Raise a DataError, or warn, where the first record does not look like the names of the columns."""
    line, names = records[0]
    twice = [name for name, n in Counter(names).items() if n > 1]
    if len(records) > 1 and len(names) != width and len(records[1][1]) == width:
        many = f"{len(names)} column{'s' * (len(names) > 1)}"
        comma = "; if the comma stands before decimals: --decimal ," if sep == "," else ""
        raise DataError(
            f"{str(path)!r}: line {line} names {many}, but the rows below have {width} cells: name each column, delete what is "
            f"above the names, or say what separates the cells (--sep), or that there are no names (--no-header){comma}"
        )
    if twice[:1] == [""]:
        raise DataError(
            f"{str(path)!r}: line {line} names {sum(map(bool, names)):,} of {len(names):,} columns: name each, or delete "
            "what is above the names; if the first line is a row already: --no-header"
        )
    if twice:
        raise DataError(
            f"{str(path)!r}: column names must be unique, but {twice[0]!r} is repeated: rename them; "
            "if the first line is a row already: --no-header"
        )
    if is_row(names, records[1][1] if len(records) > 1 else []):
        shown = ", ".join(map(repr, names[:4]))
        read = remedy({"header": False})
        warn(f"{str(path)!r}: the names of the columns, {shown}, look like a row: if they are one, say {read}")
    parts = {len(cells[0].split()) for _, cells in records if cells}
    if width == 1 and parts not in ({1}, {0, 1}) and len(parts) == 1 and all(has_number(c[0].split()) for _, c in records[1:]):
        warn(f"{str(path)!r} has one column, of {parts.pop()} words in each row: if spaces separate its cells, say --sep ' '")


def is_row(names: list[str], below: list[str]) -> bool:
    """Numbers above numbers, in all columns that hold any; such as 0, 1, 2 or 2020, 2021 are names."""
    over = [name for name, cell in zip(names, below, strict=False) if NUMBER.match(cell)]
    counted = (
        len(over) > 1 and all(name.isdecimal() for name in over) and len({int(b) - int(a) for a, b in pairwise(over)}) == 1
    )
    return bool(over) and all(NUMBER.match(name) for name in over) and not counted and over != ["0"]


def not_decoded(path: Path, encoding: str) -> DataError | None:
    """The error for a file that is not in this encoding, with the place of the first byte that is wrong."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                decoder.decode(line)
            except UnicodeDecodeError as error:
                byte = line[min(error.start, len(line) - 1)]
                western = "cp1252" if 0x80 <= byte < 0xA0 else "latin-1"
                near = line[max(0, error.start - 20) : error.end + 10].decode(western, "replace").strip()
                read = remedy({"encoding": western if encoding in ("utf-8", "ascii") else "utf-8"})
                return DataError(
                    f"{str(path)!r} is not written in {encoding}: byte {byte:#04x} in line {number}, {near!r} in {western}: "
                    f"say how it is written, such as {read}"
                )
    return None
