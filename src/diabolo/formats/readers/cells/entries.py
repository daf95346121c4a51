"""The text of Matrix Market -> its entries, piece by piece.

    %%MatrixMarket matrix coordinate integer general      or array; real, pattern; symmetric, skew-symmetric
    % comments
    rows columns entries
    i j value                                             of an array, values only, column by column

Arrow reads the lines that are as usual. What is not (comments, blank lines, Fortran's exponents) is read line by line, and is
right or an error that names the line. :func:`scipy.io.mmread` reads 3.5 in a file of integers as 3, 1e3 as 1 and 3.25D+1 as
3.25, and ignores what else stands in a line, so it is not used.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import DataError

__all__ = ["BLOCK", "TYPES", "Decimals", "Header", "checked", "header_of", "pieces"]

BLOCK = 1 << 22  # bytes of text that are read at once
PACKED = 1032  # bytes that gzip makes of one at most
EMPTY = 10_000_000  # rows or columns that may be empty
TYPES = {"real": "f8", "double": "f8", "integer": "i8", "unsigned-integer": "u8", "pattern": "u1"}
UNSIGNED = ("pattern", "unsigned-integer")
FORMS = {"general": 0, "symmetric": 1, "skew-symmetric": -1}
INTEGER = re.compile(r"[+-]?[0-9]{1,999}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([ed][+-]?[0-9]+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE)
PLAIN = b"0123456789 \n.+-eE"  # the characters of text that Arrow reads as Matrix Market means it


@dataclass(frozen=True)
class Header:
    """The first lines; `last` is the number of the last of them."""

    path: Path
    coordinate: bool
    field: str
    form: int
    rows: int
    columns: int
    entries: int
    last: int

    @property
    def places(self) -> int:
        """How many whole numbers, and values, are in a line."""
        return 2 * self.coordinate + (self.field != "pattern")

    def error(self, line: Any, said: str) -> DataError:
        return DataError(f"{str(self.path)!r}, line {int(line):,}: {said}")


class Decimals(Exception):  # noqa: N818 - no error: the file is read again
    """A file of integers has other numbers."""


def header_of(path: Path, file: Any) -> Header:
    """The first lines, checked against the size of the file."""
    first = file.readline(BLOCK).decode("latin-1").removeprefix("ï»¿")
    words = first.lower().split()
    if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"] or words[2] not in ("coordinate", "array"):
        raise DataError(
            f"{str(path)!r} is no Matrix Market file: line 1 is {first.strip()[:60]!r}, but '%%MatrixMarket matrix coordinate "
            "integer general', or array, real, pattern, symmetric in their places, was expected"
        )
    for word, known in ((words[3], TYPES), (words[4], FORMS)):
        odd = (words[3] in UNSIGNED and words[4] == "skew-symmetric") or words[2:4] == ["array", "pattern"]
        if word not in known or odd:
            raise DataError(f"{str(path)!r}, line 1: {first.strip()[:80]!r} is not read: expected one of {', '.join(known)}")
    line, text = 1, b"%"
    while text.startswith(b"%") or text.isspace():
        line, text = line + 1, file.readline(BLOCK)
    coordinate, sizes = words[2] == "coordinate", text.decode("latin-1").split()
    names = "rows, columns and entries" if coordinate else "rows and columns"
    if len(sizes) != 2 + coordinate or not all(INTEGER.fullmatch(size) and int(size) >= 0 for size in sizes):
        raise DataError(f"{str(path)!r}, line {line}: expected the numbers of {names}, found {text[:60].decode('latin-1')!r}")
    n, d, *rest = map(int, sizes)
    form = FORMS[words[4]]
    if form and n != d:
        raise DataError(f"{str(path)!r}, line {line}: a {words[4]} matrix is square, but this one has {n:,} × {d:,} numbers")
    entries = rest[0] if coordinate else n * (n + form) // 2 if form else n * d
    header = Header(path, coordinate, words[3], form, n, d, entries, line)
    size = path.stat().st_size * (PACKED if isinstance(file, gzip.GzipFile) else 1)
    if not n or not d:
        raise header.error(line, f"a matrix of {n:,} × {d:,} has no cells")
    if entries > n * d or 2 * entries * header.places > size + 1:
        room = "so small a matrix" if entries > n * d else "the rest of the file"
        raise header.error(line, f"{entries:,} entries are said to follow, for which there is no room in {room}")
    if max(n, d) > max(EMPTY, 100 * entries):
        raise header.error(
            line, f"a matrix of {n:,} × {d:,} with only {entries:,} entries is not read: are these numbers right?"
        )
    return header


# ── the entries ────────────────────────────────────────────────────────────────────────────────────────────────────────


def checked(header: Header, pieces: Any) -> Iterator[Any]:
    """The same pieces; a DataError where an entry has no place in the matrix, or if there are not as many as was said."""
    start, line = 0, header.last
    for lines, columns in pieces:
        start, line = start + len(columns[0]), lines[-1]
        if start > header.entries:
            at = lines[len(lines) - (start - header.entries)]
            raise header.error(at, f"here is one entry more than the {header.entries:,} that line {header.last} says")
        if header.coordinate:
            for numbers, most, noun in zip(columns, (header.rows, header.columns), ("row", "column"), strict=False):
                wrong = (numbers < 1) | (numbers > most)
                if wrong.any():
                    k = int(wrong.argmax())
                    raise header.error(lines[k], f"there is no {noun} {numbers[k]:,}: these are 1 to {most:,}")
            if header.form:
                wrong = columns[0] < columns[1] + (header.form < 0)
                if wrong.any():
                    raise header.error(
                        lines[int(wrong.argmax())],
                        "an entry that is not below the diagonal, but of a symmetric matrix only those are given "
                        "(with the diagonal, if it is not skew): say general in line 1 if all are",
                    )
        yield lines, columns
    if start < header.entries:
        raise header.error(
            line, f"the file ends after {start:,} entries, but line {header.last} says {header.entries:,}: it is truncated"
        )


def pieces(header: Header, file: Any, size: int) -> Iterator[tuple[Any, list[np.ndarray]]]:
    """Numbers of lines and columns of numbers, block by block."""
    for line, block in _blocks(header, file, size):
        found = _fast(header, block)
        lines, columns = (range(line, line + len(found[0])), found) if found else _slow(header, line, block)
        if len(lines):
            yield lines, columns


def _blocks(header: Header, file: Any, size: int) -> Iterator[tuple[int, bytes]]:
    """The number of the first line, and whole lines."""
    line, rest = header.last + 1, b""
    while more := file.read(size):
        cut = more.rfind(b"\n") + 1
        if not cut and len(more) == size:
            raise header.error(line, f"it has no end within {size:,} bytes")
        block, rest = rest + more[:cut], (b"" if cut else rest) + more[cut:]
        if cut:
            yield line, block
            line += block.count(b"\n")
    if rest:
        yield line, rest


def _fast(header: Header, block: bytes) -> list[np.ndarray] | None:
    """The columns, read by Arrow; None, if anything is not as it usually is."""
    import pyarrow as pa
    from pyarrow import csv

    block = block.replace(b"\t", b" ").replace(b"\r\n", b"\n")
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    block = block.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" ")
    if block.translate(None, PLAIN) or not block:
        return None
    names = ["i", "j", "v"][:: 1 if header.coordinate else -1][: header.places]
    value = pa.from_numpy_dtype(np.dtype(TYPES[header.field]))
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1),
            csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(column_types={"i": pa.int64(), "j": pa.int64(), "v": value}, null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
    return [column.to_numpy() for column in table.columns]


def _slow(header: Header, line: int, block: bytes) -> tuple[np.ndarray, list[np.ndarray]]:
    """The same, line by line: comments and blank lines are left out, all else is right or an error."""
    lines, rows = [], []
    for number, text in enumerate(block.decode("latin-1").split("\n"), line):
        words = text.split()
        if words and not words[0].startswith("%"):
            lines.append(number)
            rows.append(_entry(header, number, words))
    types = ["i8", "i8", TYPES[header.field]][:: 1 if header.coordinate else -1][: header.places]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in types]
    return np.array(lines, np.int64), [np.array(column, t) for column, t in zip(columns, types, strict=True)]


def _entry(header: Header, line: int, words: list[str]) -> tuple[Any, ...]:
    """The numbers in one line."""
    places = 2 * header.coordinate
    if len(words) != header.places or not all(INTEGER.fullmatch(word) for word in words[:places]):
        said = ["one value", "row and column", "row, column and value"][max(0, header.places - 1)]
        raise header.error(line, f"expected {said}, found {' '.join(words)[:60]!r}")
    found: list[Any] = [min(int(word), 1 << 62) for word in words[:places]]  # no matrix has so many rows
    if header.field == "pattern":
        return tuple(found)
    word = words[-1]
    if not NUMBER.fullmatch(word):
        raise header.error(line, f"{word[:60]!r} is no number")
    if header.field in ("real", "double"):
        return (*found, float(word.lower().replace("d", "e")))
    if not INTEGER.fullmatch(word):
        raise Decimals(f"{line:,}")
    least, most = np.iinfo(TYPES[header.field]).min, np.iinfo(TYPES[header.field]).max
    if not least <= int(word) <= most:
        raise header.error(line, f"{word[:60]} is no {header.field} of 64 bits: say real in line 1")
    return (*found, int(word))
