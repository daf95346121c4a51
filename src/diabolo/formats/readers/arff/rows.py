"""Rows of an ARFF file -> typed columns.

    5.1, ?, 'New York', 2024-05-01 , {2.5}

A piece of lines at a time: Arrow reads a piece without quotes, comments and braces; any other, and any with a fault, is read
line by line, so that both ways give the same, and an error knows its line.
"""

from __future__ import annotations

import io
import itertools
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ...base import MAX_BYTES_IN_MEMORY
from .dates import pattern_of
from .header import Attribute, Source
from .words import Words, Wrong, values_of, words

__all__ = ["Bad", "arrow_type", "dense", "kept", "number", "typed", "weight_of"]

SIGNS = tuple("%'\"{}")  # a piece with one of these is read line by line
BLANK = r"[\x00-\x20]"
COMMA = re.compile(r"(?<![ \t])[ \t]*+,[ \t]*+")  # looks at blanks once


class Bad(ValueError):  # noqa: N818 - it becomes a DataError as soon as the line is known
    """A cell that is not of the type of its column, and its place among the cells."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at


def dense(source: Source, attributes: Sequence[Attribute]) -> Iterator[tuple[pa.RecordBatch, np.ndarray | None]]:
    """Pieces of the table, and the weights of their rows, if they have some."""
    schema = pa.schema([(attribute.name, arrow_type(attribute)) for attribute in attributes])
    for line, text in source.pieces():
        columns = _at_once(text, attributes)
        weights = None
        if columns is None:
            columns, weights = _by_line(source, line, text, attributes)
        if len(columns[0]):
            yield pa.RecordBatch.from_arrays(columns, schema=schema), weights


def kept(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """The table of all pieces; of more than fit in memory, in a temporary file without a name."""
    batches, held, size = iter(batches), [], 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size > MAX_BYTES_IN_MEMORY:
            with tempfile.NamedTemporaryFile(prefix="diabolo-rows-") as file:
                with pa.ipc.new_file(file, schema) as writer:
                    for piece in itertools.chain(held, batches):
                        writer.write_batch(piece)
                file.flush()
                return pa.ipc.open_file(pa.memory_map(file.name)).read_all()
    return pa.Table.from_batches(held, schema)


def arrow_type(attribute: Attribute) -> pa.DataType:
    """The type of a column."""
    if attribute.kind == "date":
        pattern = pattern_of(attribute.pattern)
        return pa.date32() if pattern.days else pa.timestamp("ms", "UTC" if pattern.zoned else None)
    simple: dict[str, pa.DataType] = {"number": pa.float64(), "text": pa.string()}
    return simple.get(attribute.kind) or pa.dictionary(pa.int32(), pa.string())


def typed(attribute: Attribute, cells: Sequence[str | None]) -> pa.Array:
    """Cells as they stand -> a column; Bad, if one does not belong to it."""
    if attribute.kind == "text":
        return pa.array(cells, pa.string())
    if attribute.kind == "nominal":
        return _nominal(attribute, pa.array(cells, pa.string()))
    if attribute.kind == "number":
        return pa.array(
            [None if cell is None else _cell(number, cell, i, "no number") for i, cell in enumerate(cells)], pa.float64()
        )
    pattern = pattern_of(attribute.pattern)
    what = f"no date written as {attribute.pattern}"
    found = [None if cell is None else _cell(pattern.read, cell, i, what) for i, cell in enumerate(cells)]
    return pa.array([v and v.date() for v in found] if pattern.days else found, arrow_type(attribute))


def number(text: str) -> float | None:
    """A number; None for NaN, which is how a program that knows no missing values writes one.

    >>> number("1e3"), number("NaN"), number("-Infinity")
    (1000.0, None, -inf)
    """
    if "_" in text or not text.isascii():
        raise ValueError(text)
    v = float(text)
    return None if v != v else v


def weight_of(found: Words) -> tuple[Words, float | None]:
    """The words of a row without the weight in braces at its end, and the weight."""
    if found[-1] != (False, "}") or len(found) < 3 or found[-3] != (False, "{"):
        return found, None
    try:
        weight = float(found[-2][1])
    except ValueError:
        weight = -1.0
    if not 0 <= weight < np.inf:
        raise Wrong(f"the weight in braces at the end of the row is {found[-2][1][:40]!r}: expected a number of at least 0")
    return found[: -4 if found[-4:-3] == [(False, ",")] else -3], weight


def _at_once(text: str, attributes: Sequence[Attribute]) -> list[pa.Array] | None:
    """The columns of plain rows; None for rows that are to be read line by line."""
    if any(sign in text for sign in SIGNS) or "nan" in text.lower():
        return None
    names = [str(j) for j in range(len(attributes))]
    types = [pa.float64() if attribute.kind == "number" else pa.string() for attribute in attributes]
    text = text.replace(", ", ",")
    data = (COMMA.sub(",", text) if " " in text or "\t" in text else text).encode()
    try:
        table = pa_csv.read_csv(
            io.BytesIO(data),
            pa_csv.ReadOptions(column_names=names, block_size=len(data) + 1),
            pa_csv.ParseOptions(quote_char=False),
            pa_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict(zip(names, types, strict=True)),
                null_values=["?"],
                strings_can_be_null=True,
            ),
        ).combine_chunks()
        return [_converted(attribute, _one(table.column(j))) for j, attribute in enumerate(attributes)]
    except (pa.ArrowInvalid, Bad):
        return None


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _converted(attribute: Attribute, cells: pa.Array) -> pa.Array:
    if attribute.kind == "number":
        return cells
    if pc.any(pc.or_(pc.equal(cells, ""), pc.match_substring_regex(cells, BLANK))).as_py():
        raise Bad(0, "a cell is empty, or holds blanks")
    return {"nominal": _nominal, "date": _dates}.get(attribute.kind, lambda _, c: c)(attribute, cells)


def _dates(attribute: Attribute, cells: pa.Array) -> pa.Array:
    coded = cells.dictionary_encode()
    return typed(attribute, coded.dictionary.to_pylist()).take(coded.indices)


def _nominal(attribute: Attribute, cells: pa.Array) -> pa.Array:
    values = pa.array(attribute.values, pa.string())
    codes = pc.index_in(cells, value_set=values, skip_nulls=True)
    wrong = pc.and_(pc.is_valid(cells), pc.is_null(codes))
    if pc.any(wrong).as_py():
        at = pc.index(wrong, True).as_py()
        some = ", ".join(map(repr, attribute.values[:10])) + (", ..." if len(attribute.values) > 10 else "")
        raise Bad(at, f"{cells[at].as_py()[:60]!r} is none of its values: {some}")
    return pa.DictionaryArray.from_arrays(codes, values)


def _cell(read: Any, text: str, at: int, what: str) -> Any:
    try:
        v = read(text)
    except ValueError:
        raise Bad(at, f"{text[:60]!r} is {what}") from None
    if v is None and read is not number:
        raise Bad(at, f"{text[:60]!r} is {what}")
    return v


def _by_line(source: Source, line: int, text: str, attributes: Sequence[Attribute]) -> tuple[list[pa.Array], np.ndarray | None]:
    rows, lines, weights = [], [], []
    for i, row in enumerate(text.split("\n")[:-1], line):
        try:
            found = words(row)
            if not found:
                continue
            if found[0] == (False, "{"):
                raise Wrong("a sparse row, in braces, among rows that are not: write all rows in one way")
            found, weight = weight_of(found)
            values = values_of(found)
            if len(values) != len(attributes):
                raise Wrong(_uneven(len(values), attributes))
        except Wrong as error:
            raise source.wrong(i, error) from None
        rows.append(values)
        lines.append(i)
        weights.append(weight)
    columns = []
    for attribute, cells in zip(attributes, zip(*rows, strict=True) if rows else [()] * len(attributes), strict=True):
        try:
            columns.append(typed(attribute, cells))
        except Bad as error:
            raise source.wrong(lines[error.at], f"attribute {attribute.name!r}: {error}") from None
    some = any(weight is not None for weight in weights)
    return columns, np.array([1.0 if w is None else w for w in weights]) if some else None


def _uneven(found: int, attributes: Sequence[Attribute]) -> str:
    hint = "put values with blanks or commas into quotes" if found > len(attributes) else "write ? where a value is missing"
    return f"{found:,} value(s), expected {len(attributes):,}, one for each attribute: {hint}"
