"""Sparse rows of an ARFF file -> entries of a matrix, or typed columns.

    {1 5, 3 'New York', 7 ?} , {2.5}        number of an attribute, from 0, and its value

What a row leaves out is 0, and of a nominal attribute its *first declared* value: of {1, 0} it is 1. A text that is left out
is not known: WEKA leaves out whichever text it met first, and reads it back as another one. Rows of numbers are taken
apart by Arrow, a piece at a time; rows with words, comments, weights or faults are read line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ....errors import DataError
from ...base import MAX_BYTES_IN_MEMORY
from .header import Attribute, Source
from .rows import Bad, arrow_type, number, typed, weight_of
from .words import Words, Wrong, words

__all__ = ["Entries", "sparse_columns", "sparse_entries"]

SIGNS = tuple("%'\"xXnN")  # a piece with one of these is read line by line; x and n are in numbers that only Arrow knows
APART = bytes.maketrans(b",{}\n", b"    ")
Entries = tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]  # rows; row, column and value of each; weights
Pairs = list[tuple[int, str | None]]


def sparse_entries(
    source: Source, attributes: Sequence[Attribute], meaning: Mapping[int, Mapping[str, int]]
) -> Iterator[Entries]:
    """Pieces of the matrix of all attributes; zeros are not among them, and NaN is a missing value.

    Parameters
    ----------
    source : Source
        The file.
    attributes : sequence of Attribute
        Numbers, and nominal ones with a `meaning`.
    meaning : dict of column to dict
        What each value of a nominal attribute is: 0 or 1.
    """
    nominal, plain = np.zeros((2, len(attributes)), bool)
    for j, numbers in meaning.items():
        nominal[j], plain[j] = True, all(str(v) == text for text, v in numbers.items())
    ones = np.array([j for j, numbers in meaning.items() if next(iter(numbers.values()), 0) == 1], dtype=np.int32)
    allowed = np.array([[str(v) in meaning.get(j, {}) for v in (0, 1)] for j in range(len(attributes))])
    for line, text in source.pieces():
        found = _at_once(text, nominal, plain, allowed) or _by_line(source, line, text, attributes, meaning)
        n, row, column, value, weights = found
        if n:
            yield n, *_filled(n, row, column, value, ones), weights


def sparse_columns(source: Source, attributes: Sequence[Attribute]) -> Iterator[tuple[pa.RecordBatch, np.ndarray | None]]:
    """Pieces of the table that sparse rows with texts or categories are."""
    schema = pa.schema([(attribute.name, arrow_type(attribute)) for attribute in attributes])
    total, most = 0, MAX_BYTES_IN_MEMORY // 8
    for line, text in source.pieces():
        rows, lines, weights = _pairs(source, line, text, len(attributes))
        total += len(rows)
        if total * len(attributes) > most:
            raise DataError(
                f"{str(source.path)!r} has sparse rows with texts or categories: as a table of {len(attributes):,} columns "
                f"they have more than {most:,} cells: leave these attributes out, or make 0/1 attributes of their values"
            )
        given: list[tuple[list[int], list[str | None]]] = [([], []) for _ in attributes]
        for i, pairs in enumerate(rows):
            for j, cell in pairs:
                given[j][0].append(i)
                given[j][1].append(cell)
        columns = []
        for attribute, (places, cells) in zip(attributes, given, strict=True):
            index = np.zeros(len(rows), np.int64)
            index[places] = np.arange(1, len(places) + 1)
            try:
                both = pa.concat_arrays([left_out(attribute), typed(attribute, cells)])
            except Bad as error:
                raise source.wrong(lines[places[error.at]], f"attribute {attribute.name!r}: {error}") from None
            columns.append(both.take(pa.array(index)))
        if rows:
            yield pa.RecordBatch.from_arrays(columns, schema=schema), weights


def left_out(attribute: Attribute) -> pa.Array:
    """What a sparse row means by no value, as an array of one."""
    if attribute.kind == "nominal":
        return typed(attribute, [attribute.values[0] if attribute.values else None])
    if attribute.kind == "text":
        return pa.array([None], pa.string())
    return pa.array([0], pa.int32() if pa.types.is_date32(arrow_type(attribute)) else pa.int64()).cast(arrow_type(attribute))


def _at_once(text: str, nominal: np.ndarray, plain: np.ndarray, allowed: np.ndarray) -> Entries | None:
    """The entries of rows of numbers; None for rows that are to be read line by line."""
    if any(sign in text for sign in SIGNS) or not text.isascii():
        return None
    data = text.encode()
    signs = np.frombuffer(data, np.uint8)
    opened, closed = signs == ord("{"), signs == ord("}")
    depth = np.cumsum(opened.view(np.int8) - closed.view(np.int8), dtype=np.int8)
    lines = np.cumsum(signs == ord("\n"), dtype=np.int32)
    begins = np.flatnonzero(opened)
    if depth.min() < 0 or depth.max() > 1 or depth[signs == ord("\n")].any() or not (np.diff(lines[begins]) > 0).all():
        return None
    word = (signs > ord(" ")) & (signs != ord(",")) & ~opened & ~closed
    starts = np.flatnonzero(word & ~np.concatenate([[False], word[:-1]]))
    counts = np.bincount(np.searchsorted(begins, starts) - 1, minlength=len(begins)) if len(begins) else np.zeros(0, np.int64)
    if not depth[starts].all() or (counts % 2).any():
        return None
    offsets = np.append(starts, len(data)).astype(np.int32)
    commas = np.cumsum(signs == ord(","), dtype=np.int32)[starts]
    row = np.repeat(np.arange(len(begins)), counts // 2)
    between = commas[2::2] - commas[1:-1:2]  # a value and the next attribute
    if (commas[1::2] != commas[::2]).any() or ((between == 0) & (np.diff(row) == 0)).any():
        return None
    cells = pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(data.translate(APART)))
    cells = pc.ascii_trim_whitespace(cells)
    try:
        column = cells.take(pa.array(np.arange(0, len(starts), 2))).cast(pa.int32()).to_numpy()
        texts = cells.take(pa.array(np.arange(1, len(starts), 2)))
        value = pc.if_else(pc.equal(texts, "?"), "nan", texts).cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    if not ((column >= 0) & (column < len(nominal))).all():
        return None
    coded = nominal[column] & ~np.isnan(value)
    if coded.any():
        c, v = column[coded], value[coded]
        short = pc.binary_length(texts).to_numpy()[coded] == 1
        if not (plain[c] & short & ((v == 0) | (v == 1))).all() or not allowed[c, v.astype(np.intp)].all():
            return None
    return _ordered(len(begins), row, column, value)


def _ordered(n: int, row: np.ndarray, column: np.ndarray, value: np.ndarray) -> Entries | None:
    """The same, by row and column; None, if a row has two values of one column."""
    rising = (np.diff(column) > 0) | (np.diff(row) > 0)
    if not rising.all():
        order = np.lexsort((column, row))
        row, column, value = row[order], column[order], value[order]
        if not ((np.diff(column) > 0) | (np.diff(row) > 0)).all():
            return None
    return n, row, column, value, None


def _filled(
    n: int, row: np.ndarray, column: np.ndarray, value: np.ndarray, ones: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With the ones that rows left out, and without zeros."""
    if len(ones):
        place = np.full(max(int(ones.max()), int(column.max(initial=0))) + 1, -1)
        place[ones] = np.arange(len(ones))
        given = np.zeros((n, len(ones)), bool)
        mine = place[column] >= 0
        given[row[mine], place[column[mine]]] = True
        more, which = np.nonzero(~given)
        row, column = np.concatenate([row, more]), np.concatenate([column, ones[which]])
        value = np.concatenate([value, np.ones(len(more))])
        order = np.lexsort((column, row))
        row, column, value = row[order], column[order], value[order]
    some = value != 0
    return row[some], column[some], value[some]


def _by_line(
    source: Source, line: int, text: str, attributes: Sequence[Attribute], meaning: Mapping[int, Mapping[str, int]]
) -> Entries:
    rows, lines, weights = _pairs(source, line, text, len(attributes))
    row, column, value = [], [], []
    for i, pairs in enumerate(rows):
        for j, cell in sorted(pairs, key=lambda pair: pair[0]):
            row.append(i)
            column.append(j)
            try:
                value.append(np.nan if cell is None else _value(cell, meaning.get(j)))
            except ValueError as error:
                raise source.wrong(lines[i], f"attribute {j}, {attributes[j].name!r}: {cell!r} is {error}") from None
    return len(rows), np.array(row, np.int64), np.array(column, np.int32), np.array(value, np.float64), weights


def _value(cell: str, meaning: Mapping[str, int] | None) -> float:
    if meaning is None:
        try:
            v = number(cell)
        except ValueError:
            raise ValueError("no number") from None
        return np.nan if v is None else v
    if cell not in meaning:
        raise ValueError(f"none of its values: {', '.join(map(repr, meaning))}")
    return meaning[cell]


def _pairs(source: Source, line: int, text: str, d: int) -> tuple[list[Pairs], list[int], np.ndarray | None]:
    """The rows of a piece, their lines and their weights."""
    rows, lines, weights = [], [], []
    for i, one in enumerate(text.split("\n")[:-1], line):
        try:
            found = words(one)
            if not found:
                continue
            pairs, weight = _row(found, d)
        except Wrong as error:
            raise source.wrong(i, error) from None
        rows.append(pairs)
        lines.append(i)
        weights.append(weight)
    some = any(weight is not None for weight in weights)
    return rows, lines, np.array([1.0 if w is None else w for w in weights]) if some else None


def _row(found: Words, d: int) -> tuple[Pairs, float | None]:
    if found[0] != (False, "{"):
        raise Wrong("a row without braces among sparse rows: write all rows in one way")
    stop = next((i for i, word in enumerate(found) if word == (False, "}")), None)
    if stop is None:
        raise Wrong("the braces of the row are not closed: the file is cut off, or a } is missing")
    weight = None
    if stop + 1 < len(found):
        rest, weight = weight_of(found[stop:])
        if weight is None or rest != [(False, "}")]:
            raise Wrong(f"found {found[stop + 1][1][:40]!r} behind the braces of the row")
    return _numbered(found[1:stop], d), weight


def _numbered(found: Words, d: int) -> Pairs:
    """Words within braces -> numbers of attributes and values; a comma stands between two of these."""
    pairs: dict[int, str | None] = {}
    number, apart = None, True
    for quote, word in found:
        if word == "," and not quote:
            if number is not None:
                raise Wrong(f"a comma behind {number}: expected the value of attribute {number}")
            apart = True
        elif number is not None:
            pairs[number] = None if word == "?" and not quote else word
            number, apart = None, False
        elif not apart:
            raise Wrong(f"no comma before {word[:40]!r}: expected such as {{1 5, 3 2}}; put values with blanks into quotes")
        else:
            number = _index(word, d)
            if number in pairs:
                raise Wrong(f"two values for attribute {number}")
    if number is not None:
        raise Wrong(f"no value for attribute {number}: expected such as {{1 5, 3 2}}")
    return [*pairs.items()]


def _index(word: str, d: int) -> int:
    if not word.isascii() or not word.isdigit():
        raise Wrong(f"found {word[:40]!r}, expected the number of an attribute, from 0 to {d - 1:,}")
    if len(word) > 9 or int(word) >= d:
        raise Wrong(f"attribute {word[:40]} is not there: the last of {d:,} is {d - 1:,}, as they are counted from 0")
    return int(word)
