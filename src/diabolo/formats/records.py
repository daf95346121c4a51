"""JSON lines: a record on each line, its fields the columns of a table."""

from __future__ import annotations

import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as pa_json

from ..errors import DataError
from .cells import guessed
from .delimited import as_type, in_zone, with_dates
from .guess import Guess
from .layout import Reading, encoding_of, not_decoded, opened
from .schema import is_iso, is_text, words

__all__ = ["Records", "is_records", "read_records"]

CHANGED = re.compile(r"Column\(/?(.*)\) changed from (\w+) to (\w+) in row (\d+)")
BLOCK = 1 << 24  # characters of a data set that are read at once
LOOKED_AT = 1 << 16  # bytes of a file of JSON lines that say what it holds
SPACES = 3  # a text has so many, and a cell of a table has not


def is_records(path: Path, broken: bool = False) -> bool:
    """Whether JSON lines are rows of a table: objects without a text to be read; `broken`, if they are no JSON."""
    try:
        with opened(path) as file:
            records = [json.loads(line) for line in file.readlines(LOOKED_AT) if line.strip()]
    except (ValueError, OSError, EOFError, zlib.error):  # reading tells
        return broken
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


class Records:
    """Files of JSON lines that are one table, read in blocks: first to find the types of the fields, then as these."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.raw: dict[str, pa.DataType] = {}  # as Arrow reads all lines together
        self.guesses: dict[str, Guess] = {}

    def look(self, path: Path) -> int:
        """Look at all records of a file; returns their number."""
        rows = 0
        for data in blocks(path, self.reading):
            table = _parsed(path, data, [], rows)
            if moments := [f.name for f in table.schema if pa.types.is_timestamp(f.type)]:
                texts = _parsed(path, data, [(name, pa.string()) for name in moments], rows)
            for field in table.schema:
                self._meet(path, field)
                if is_text(field.type) or field.name in moments:
                    self.guesses.setdefault(field.name, Guess()).add((texts if moments else table)[field.name])
            rows += len(table)
        return rows

    def _meet(self, path: Path, field: pa.Field) -> None:
        """One more type of a field."""
        if pa.types.is_nested(field.type):
            raise DataError(f"{str(path)!r}: field {field.name!r} holds objects or lists: a table has one value in each cell")
        old, new = self.raw.get(field.name, pa.null()), field.type
        both = {str(old), str(new)}
        if old == new or pa.types.is_null(new):
            new = old
        elif both == {"int64", "double"}:
            new = pa.float64()
        elif not pa.types.is_null(old) and all(is_text(t) or pa.types.is_timestamp(t) for t in (old, new)):
            new = pa.string()
        elif not pa.types.is_null(old):
            raise DataError(f"{str(path)!r}: field {field.name!r} holds {words(new)}, and {words(old)} above: give it one type")
        self.raw[field.name] = new

    def columns(self, path: Path) -> list[str] | None:
        """A record may lack any field."""
        return None

    @property
    def types(self) -> dict[str, pa.DataType]:
        """What was found; JSON has no dates but texts that are written so."""
        dates = {n: g.type for n, g in self.guesses.items() if is_text(self.raw[n]) and g.iso and n not in self.reading.dates}
        return self.raw | dates

    def as_written(self, path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
        """Fields as they stand."""
        return self._read(path, {name: self.written_type(name) for name in names})

    def written_type(self, name: str) -> pa.DataType:
        """Of a field as it stands."""
        return self.raw[name]

    def tables(self, path: Path, types: Mapping[str, pa.DataType], exact: set[str], levels: Any) -> Iterator[pa.Table]:
        """The fields `types`; some are `exact`ly of these types, others may be wider."""
        start = 0
        texts = {name for name, t in types.items() if is_text(t) and pa.types.is_timestamp(self.raw[name])}
        for table in self._read(path, {name: pa.string() if name in texts else self.raw[name] for name in types}):
            for i, (name, t) in enumerate(types.items()):
                values = table.column(i)
                if is_text(values.type) and name not in self.reading.dates:
                    values = as_type(path, values, t, name, Reading(), start)
                    values = in_zone(values, t) if self.guesses[name].zoned else values
                table = table.set_column(i, name, values.cast(t) if name in exact else values)
            yield table
            start += len(table)

    def _read(self, path: Path, types: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
        for data in blocks(path, self.reading):
            table = _parsed(path, data, [*types.items()])
            yield table.select([*types])


def blocks(path: Path, reading: Reading) -> Iterator[bytes]:
    """The lines of a file in UTF-8, some of them at a time."""
    with opened(path) as file:
        encoding = encoding_of(file.read(4), reading)
    left = ""
    try:
        with opened(path) as file, io.TextIOWrapper(file, encoding, newline="\n") as text:
            while piece := text.read(BLOCK):
                whole, end, rest = (left + piece.removeprefix("\ufeff")).rpartition("\n")
                left = rest
                if whole.strip():
                    yield (whole + end).encode()
    except UnicodeDecodeError as error:
        raise not_decoded(path, encoding) or error from None
    if left.strip():
        yield left.encode()


def _utf8(path: Path, reading: Reading) -> bytes:
    """The bytes of a text file, converted to UTF-8."""
    with opened(path) as file:
        data: bytes = file.read()
    encoding = encoding_of(data, reading)
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        raise not_decoded(path, encoding) or error from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of an object, each of which it has once."""
    if twice := [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]:
        raise ValueError(f"names the field {twice[0]!r} twice")
    return dict(pairs)


def _wrong(path: Path, data: bytes, start: int) -> DataError | None:
    """The error for the first line that is no JSON, or names a field twice."""
    for row, line in enumerate(filter(bytes.strip, data.split(b"\n")), start):
        try:
            json.loads(line, object_pairs_hook=_once)
        except json.JSONDecodeError as error:
            return DataError(
                f"cannot read {str(path)!r}: row {row} is not JSON ({error.msg}): write one object on each line; if it is the "
                "last one, the file may be cut off"
            )
        except ValueError as error:
            return DataError(f"cannot read {str(path)!r}: row {row} {error}: give each field one name")
    return None


def _parsed(path: Path, data: bytes, explicit: list[tuple[str, pa.DataType]], start: int = 0) -> pa.Table:
    """The records as Arrow reads them; `start` is the number of the first, for errors."""
    parse = pa_json.ParseOptions(explicit_schema=pa.schema(explicit), newlines_in_values=False)
    try:
        return pa_json.read_json(io.BytesIO(data), pa_json.ReadOptions(block_size=len(data) + 1), parse)
    except pa.ArrowInvalid as error:
        found = CHANGED.search(str(error))
        if found is None:
            raise _wrong(path, data, start) or error from None
        name, one, other, row = *found.groups()[:3], start + int(found[4])
        raise DataError(
            f"{str(path)!r}: field {name!r} holds {one}s, and {other} in row {row}: give it one type"
            if name
            else f'{str(path)!r}: line {row + 1} is no object: write one object on each line, such as {{"age": 40}}'
        ) from None
