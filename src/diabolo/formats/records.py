"""JSON lines: a record on each line, its fields the columns of a table."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pa_json

from ..errors import DataError
from .cells import guessed
from .delimited import as_type, with_dates
from .layout import Reading, encoding_of, not_decoded, opened
from .schema import is_iso, is_text

__all__ = ["is_records", "read_records"]

CHANGED = re.compile(r"Column\(/?(.*)\) changed from (\w+) to (\w+) in row (\d+)")
LOOKED_AT = 1 << 16  # bytes of a file of JSON lines that say what it holds
SPACES = 3  # a text has so many, and a cell of a table has not


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


def read_records(path: Path, reading: Reading, types: Mapping[str, pa.DataType] | None, rest: bool) -> pa.Table:
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
            table = table.set_column(i, field.name, as_type(path, table.column(i), types[field.name], field.name, Reading()))
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
