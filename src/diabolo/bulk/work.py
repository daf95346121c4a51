"""A part of the results: made in batches, written as a whole, and known again by its note."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from ..engine import Fitted
from ..errors import DataError
from ..formats.blocks import parts_of
from ..formats.parts import Parts
from ..limits import cores
from ..storage import atomic
from .applied import Applied
from .pictures import Shelves
from .units import Unit

__all__ = ["AT_ONCE", "KEY", "Work", "applied_to", "needed", "write"]

AT_ONCE = 1 << 16  # rows that a model is given at once, at most
KEY = b"diabolo"  # in the schema of a part: what it holds

T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    """Results of the units of a data set, in a folder."""

    applied: Applied
    data: Any
    folder: Path

    @cached_property
    def parts(self) -> Parts | Shelves:
        """The files are listed once."""
        if self.applied.pictures:
            return Shelves(self.applied.pictures)
        format = self.applied.loaded().format_
        found = parts_of(self.data, getattr(format, "reading", None))
        if found is None:
            raise DataError(f"{str(self.data)!r} is no Parquet file, nor a folder of tables: results go to a file instead")
        types, levels = (format.types, format.levels) if format.kind == "tables" else ({}, {})
        return found.read_as(types, levels, self.applied.keep or ())

    def note(self, unit: Unit) -> bytes:
        """What a part of the results notes: which rows it is of, of which model, with which options."""
        source = {"source": self.parts.files[unit.part].mark, "groups": unit.groups, "rows": unit.rows}
        return json.dumps(self.applied.note() | source, sort_keys=True).encode()

    def done(self, unit: Unit) -> bool:
        """Whether its results are there; results of something else are an error."""
        path = self.folder / unit.name
        if not path.exists():
            return False
        try:
            found = (pq.read_schema(path).metadata or {}).get(KEY)
        except (pa.ArrowInvalid, OSError):  # cut off by something else: made again
            return False
        now = self.note(unit)
        if found is not None and found != now and not same_model(found, now):
            raise DataError(f"{str(path)!r} holds results of another model, or with other options: choose another folder")
        if found is None:
            raise DataError(f"{str(path)!r} was not written by diabolo: choose another folder")
        return found == now

    def do(self, unit: Unit) -> int:
        """Write the results of a unit, if they are not there; how many rows were done."""
        if self.done(unit):
            return 0
        path = self.folder / unit.name
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = self.parts
        tables = parts.batches(unit.part, AT_ONCE, needed(self.applied, parts), unit.groups)
        rows = write(path, applied_to(self.applied, tables), parts.schema, self.applied, self.note(unit))
        if rows != unit.rows:
            path.unlink()
            raise DataError(f"{parts.files[unit.part].path!r}: {unit.rows:,} rows were expected, and {rows:,} were read")
        return rows


def same_model(one: bytes, other: bytes) -> bool:
    a, b = ({k: v for k, v in json.loads(note).items() if k not in ("source", "groups", "rows")} for note in (one, other))
    return a == b


def needed(applied: Applied, parts: Parts | Shelves) -> list[str] | None:
    """The columns that are read; if some are not there, the model says so."""
    names = applied.columns
    return None if names is None else [name for name in names if name in parts.schema.names] or None


def ahead(tables: Iterable[T]) -> Iterator[T]:
    """The same; a thread reads the next one."""
    source, end = iter(tables), object()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(next, source, end)
        while (table := future.result()) is not end:
            future = pool.submit(next, source, end)
            yield table  # type: ignore[misc]


def applied_to(applied: Applied, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The model on each table, in order; in NumPy several at once, on one core each."""
    several = cores() if isinstance(applied.loaded(), Fitted) else 1
    if several < 2:
        yield from map(applied, ahead(tables))
        return
    waiting: deque[Future[pa.Table]] = deque()
    with threadpool_limits(limits=1), ThreadPoolExecutor(several) as pool:
        for table in ahead(tables):
            waiting.append(pool.submit(applied, table))
            if len(waiting) > several:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def write(path: Path, tables: Iterator[pa.Table], schema: pa.Schema, applied: Applied, note: bytes) -> int:
    """Write tables into one file, a row group each, as they come; it is there when it is whole. Returns the rows."""
    first = next(tables, None)
    first = applied(schema.empty_table()) if first is None else first
    schema = first.schema.with_metadata({**(first.schema.metadata or {}), KEY: note})
    words = [f.name for f in schema if not pa.types.is_floating(f.type)]
    rows = 0
    with atomic(path) as file, pq.ParquetWriter(file, schema, use_dictionary=words) as writer:
        for table in (first, *()) if not first.num_rows else joined(first, tables):
            writer.write_table(table.cast(schema))
            rows += table.num_rows
    return rows


def joined(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest
