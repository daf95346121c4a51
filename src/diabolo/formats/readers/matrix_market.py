"""Matrix Market's text, ``.mtx``, packed or not: cells and their genes, and any other matrix.

    %%MatrixMarket matrix coordinate integer general      or array; real, pattern; symmetric, skew-symmetric
    % comments
    rows columns entries
    i j value                                             i and j count from 1; of an array, values only, column by column

Cells are the rows of X. Where ``features.tsv`` (or ``genes.tsv``) and ``barcodes.tsv`` lie beside the file, their numbers say
whether it holds genes x cells, as 10x writes them, or cells x genes; without them X is as stored.

The text is read here, and not by :func:`scipy.io.mmread`, which reads 3.5 in a file of integers as 3, 1e3 as 1 and Fortran's
3.25D+1 as 3.25, ignores what else stands in a line, mirrors entries above the diagonal onto those below, and holds all of it in
memory. Entries given again are added, as SciPy and R's Matrix do.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, warn
from .compressed import PIECE, are_counts, by_rows, in_pieces, index_type, room, tidy
from .dataset import Dataset
from .genes import Beside, beside, once, unpacked, unpacking

__all__ = ["kind", "read"]

BLOCK = 1 << 22  # bytes of text that are read at once
PACKED = 1032  # bytes that gzip makes of one at most
EMPTY = 10_000_000  # rows or columns that may be empty
TYPES = {"real": "f8", "double": "f8", "integer": "i8", "unsigned-integer": "u8", "pattern": "u1"}
FORMS = {"general": 0, "symmetric": 1, "skew-symmetric": -1}
INTEGER = re.compile(r"[+-]?[0-9]{1,999}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([ed][+-]?[0-9]+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE)
PLAIN = b"0123456789 \n.-eE"  # the characters of text that Arrow reads as Matrix Market means it


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


def kind(path: Path) -> str:
    with unpacking(path), unpacked(path) as file:
        header = _header(path, file)
        try:
            first = next(_pieces(header, file, PIECE), None)
        except Decimals:
            return "matrix"
    if first is None or header.field == "pattern" or header.form < 0:
        return "matrix"
    return "counts" if are_counts([first[1][-1]]) else "matrix"


def read(path: Path, *, transpose: bool | None = None) -> Dataset:
    """The matrix.

    Parameters
    ----------
    path : path
        Of the file.
    transpose : bool, optional
        Whether the columns of the file are the rows of X. None: if features and barcodes beside it say so.
    """
    with unpacking(path), unpacked(path) as file:
        header = _header(path, file)
    lying, genes_first, decided = _beside(header)
    turned = genes_first if transpose is None else bool(transpose)
    rows = "cells" if turned == genes_first else "genes"
    decided.append(
        ("transposed" if turned else "as stored")
        + (f": {rows} are the rows" if lying.files else "" if turned else "; transpose=True turns it")
    )
    try:
        X, said = _matrix(header, turned)
    except Decimals as line:
        wrong = f"line {line} has no whole number, but line 1 says that all are: read as real numbers"
        warn(f"{str(path)!r}: {wrong}")
        X, said = _matrix(Header(**vars(header) | {"field": "real"}), turned)
        said.append(wrong)
    genes, ids = _columns(lying)
    cells = lying.barcodes and [line[0] for line in lying.barcodes]
    columns, names = (genes, cells) if turned == genes_first else (cells, genes)
    if columns is not None:
        columns, again = once(columns, ids if columns is genes else None)
        decided.append(again)
    counts = are_counts(in_pieces(X if isinstance(X, np.ndarray) else X.data))
    decided += [*said, _types(lying), "all values are whole, none is negative, some are above 1: counts" if counts else ""]
    return Dataset(X, columns=columns, rows=names, counts=counts, decided=tuple(filter(None, decided)))


# ── the header ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _header(path: Path, file: Any) -> Header:
    """The first lines, checked against the size of the file."""
    first = file.readline(BLOCK).decode("latin-1").removeprefix("ï»¿")
    words = first.lower().split()
    if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"] or words[2] not in ("coordinate", "array"):
        raise DataError(
            f"{str(path)!r} is no Matrix Market file: line 1 is {first.strip()[:60]!r}, but '%%MatrixMarket matrix coordinate "
            "integer general', or array, real, pattern, symmetric in their places, was expected"
        )
    for word, known in ((words[3], TYPES), (words[4], FORMS)):
        odd = words[3] == "pattern" and (words[2] == "array" or words[4] == "skew-symmetric")
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


# ── what lies beside ─────────────────────────────────────────────────────────────────────────────────────────────────


def _beside(header: Header) -> tuple[Beside, bool, list[str]]:
    """The features and barcodes of this matrix; whether the rows of the file are genes; and what was decided."""
    n, d, decided = header.rows, header.columns, []
    for found in beside(header.path):
        files = " and ".join(found.files)
        if found.fits(n, d):
            square = "; the matrix is square, so that it could be cells × genes as well: transpose=False" if n == d else ""
            return found, True, [*decided, f"genes × cells ({n:,} × {d:,}), as {files} beside it say{square}"]
        if found.fits(d, n):
            return found, False, [*decided, f"cells × genes ({n:,} × {d:,}), as {files} beside it say"]
        pairs = (("features", found.features), ("barcodes", found.barcodes))
        numbers = " and ".join(f"{len(lines):,} {noun}" for noun, lines in pairs if lines is not None)
        if found.own:
            above = any(lines is not None and len(lines) - 1 in (n, d) for _, lines in pairs)
            remedy = "delete the names of columns in the first line" if above else "these files do not belong together"
            raise DataError(
                f"{str(header.path)!r} has {n:,} rows and {d:,} columns, but {files} beside it hold {numbers}, one in each "
                f"line: {remedy}"
            )
        decided.append(f"{files} beside it, with {numbers}, belong to another matrix: left out")
    return Beside(), False, [*decided, f"the file has {n:,} rows and {d:,} columns, and no barcodes beside it"]


def _columns(lying: Beside) -> tuple[list[str] | None, list[str] | None]:
    """Names and ids of the genes."""
    if lying.features is None:
        return None, None
    return [line[1] if len(line) > 1 and line[1] else line[0] for line in lying.features], [line[0] for line in lying.features]


def _types(lying: Beside) -> str:
    """What the features are, if they are not all of one type."""
    types: dict[str, int] = {}
    for line in lying.features or []:
        types[line[2] if len(line) > 2 else ""] = types.get(line[2] if len(line) > 2 else "", 0) + 1
    said = ", ".join(f"{n:,} of {name!r}" for name, n in types.items())
    return f"features of {len(types)} types are columns alike: {said}" if len(types) > 1 else ""


# ── the entries ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _matrix(header: Header, turned: bool) -> tuple[Any, list[str]]:
    with unpacking(header.path), unpacked(header.path) as file:
        for _ in range(header.last):
            file.readline(BLOCK)
        pieces = _checked(header, _pieces(header, file, BLOCK))
        return _sparse(header, pieces, turned) if header.coordinate else (_dense(header, pieces, turned), [])


def _sparse(header: Header, pieces: Any, turned: bool) -> tuple[Any, list[str]]:
    """Entries -> CSR. What comes in the order of the rows, as 10x writes it, is in its place already."""
    nnz, shape = header.entries, (header.columns, header.rows) if turned else (header.rows, header.columns)
    held, value = index_type(nnz, *shape), np.dtype(TYPES[header.field])
    total = nnz * (2 * np.dtype(held).itemsize + value.itemsize)
    I, J, V = room(nnz, held, total), room(nnz, held, total), room(nnz, value, total)
    start, last, ordered = 0, -1, header.form == 0
    number = np.zeros(shape[0] + 1, np.int64)
    for _, (i, j, *v) in pieces:
        i, j = (j - 1, i - 1) if turned else (i - 1, j - 1)
        place = slice(start, start := start + len(i))
        I[place], J[place], V[place] = i, j, v[0] if v else 1
        np.add(number[1:], np.bincount(i, minlength=shape[0]), out=number[1:])
        ordered = ordered and bool(i[0] >= last and (i[1:] >= i[:-1]).all())
        last = i[-1]

    def entries() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for i, j, v in zip(in_pieces(I), in_pieces(J), in_pieces(V), strict=True):
            yield i, j, v
            if header.form:
                off = i != j
                yield j[off], i[off], v[off] * value.type(header.form)

    X, again, zeros = tidy(V, J, np.cumsum(number), shape) if ordered else by_rows(entries, shape, value)
    said = [f"{zeros:,} zeros that were stored are none any more"] if zeros else []
    if header.form:
        said.append(
            "symmetric: what is below the diagonal is above it, too" + (", with the other sign" if header.form < 0 else "")
        )
    if header.field == "pattern":
        X.data[:] = 1
        said.append("a pattern without values: each entry is 1")
    if again:
        added = "once" if header.field == "pattern" else "their sums"
        warn(f"{str(header.path)!r} gives {again:,} of {nnz:,} entries a second time: {added} are taken")
        said.append(f"{again:,} entries were given a second time: {added} are taken")
    return X, said


def _dense(header: Header, pieces: Any, turned: bool) -> np.ndarray:
    """Values, column by column -> (n, d)."""
    n, d = header.rows, header.columns
    value = np.dtype(TYPES[header.field])
    V, start = room(header.entries, value, n * d * value.itemsize), 0
    for _, (v,) in pieces:
        V[start : (start := start + len(v))] = v
    if not header.form:
        return V.reshape(d, n) if turned else V.reshape(d, n).T
    X = room(n * d, value, n * d * value.itemsize).reshape(n, d)
    start = 0
    for j in range(n):
        below = V[start : (start := start + n - j - (header.form < 0))]
        X[j, j] = 0
        X[n - len(below) :, j] = below
        X[j, n - len(below) :] = below * value.type(header.form)
        if header.form > 0:
            X[j, j] = below[0]
    return X.T if turned else X


def _checked(header: Header, pieces: Any) -> Iterator[Any]:
    """The same pieces; a DataError where an entry has no place in the matrix, or if there are not as many as was said."""
    start, line = 0, header.last
    for lines, columns in pieces:
        start, line = start + len(columns[0]), lines[-1]
        if start > header.entries:
            at = lines[len(lines) - (start - header.entries)]
            raise header.error(at, f"line {header.last} says that {header.entries:,} entries follow, but here is one more")
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


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pieces(header: Header, file: Any, size: int) -> Iterator[tuple[Any, list[np.ndarray]]]:
    """Numbers of lines and columns of numbers, block by block."""
    for line, block in _blocks(header, file, size):
        found = _fast(header, block)
        lines = range(line, line + len(found[0])) if found else None
        lines, found = (lines, found) if found else _slow(header, line, block)
        if len(lines):
            yield lines, found


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
