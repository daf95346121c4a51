"""A part of the results: made in batches, written as a whole, and known again by its note."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from ..engine import Fitted
from ..errors import DataError, Once, check_columns, counted_from
from ..formats.blocks import parts_of
from ..formats.parts import Parts
from ..images.ahead import given, told
from ..limits import cores, keep_freed_memory
from ..storage import atomic
from .applied import Applied, as_kept
from .pictures import Shelves
from .units import Unit

__all__ = ["AT_ONCE", "KEY", "Work", "applied_to", "needed", "write"]

AT_ONCE = 1 << 16  # rows that a model is given at once, at most
AHEAD = 2  # tables that are read before they are needed
KEY = b"diabolo"  # in the schema of a part: what it holds
PART = "source", "types", "groups", "rows"  # of that, what differs between the parts of a run, or when files come

S = TypeVar("S")
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
        check_columns("keep", self.applied.keep or (), found.schema.names)
        types, levels = (format.types, format.levels) if format.kind == "tables" else ({}, {})
        return found.read_as(types, levels, self.applied.keep or ())

    @cached_property
    def once(self) -> Once:
        """What this process has warned of."""
        return Once(self.applied.loaded().format_.columns)

    @cached_property
    def model(self) -> dict[str, Any]:
        """That of all parts of a run, also if another one takes its place."""
        return self.applied.note()

    @cached_property
    def types(self) -> list[str]:
        """Of the columns that are kept; a file that came since may have made one of whole numbers one of texts."""
        schema, keep = self.parts.read_schema, self.applied.keep
        names = schema.names if keep is None else [as_kept(name, schema.names) for name in keep]
        return [f"{name}: {schema.field(name).type}" for name in names]

    def note(self, unit: Unit) -> bytes:
        """What a part of the results notes: which rows it is of, of which model, with which options."""
        source = self.parts.files[unit.part].mark, self.types, unit.groups, unit.rows
        return json.dumps(self.model | dict(zip(PART, source, strict=True)), sort_keys=True).encode()

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

    def without_results(self, unit: Unit) -> list[str]:
        """The pictures of a finished part that could not be read."""
        if not self.applied.pictures:
            return []
        path = self.folder / unit.name
        table = pq.read_table(path, columns=["picture", pq.read_schema(path).names[-1]])
        found: list[str] = table.filter(table.column(1).is_null())["picture"].to_pylist()
        return found

    def do(self, todo: Sequence[Unit]) -> Iterator[int]:
        """Write the results of units, if they are not there; how many rows each has. While one is written, the next is read."""
        todo = [unit for unit in todo if not self.done(unit)]
        results = applied_to(self.applied, self._tables(todo), self.once)
        for unit in todo:
            path = self.folder / unit.name
            rows = first_of(results, unit.rows, self.parts.files[unit.part].path)
            some = [*islice(rows, 1)]  # what cannot be done leaves no empty folder
            path.parent.mkdir(parents=True, exist_ok=True)
            yield write(path, chain(some, rows), self.parts.read_schema, self.applied, self.note(unit))

    def _tables(self, todo: Sequence[Unit]) -> Iterator[pa.Table]:
        """The rows of units one after the other, of each exactly as many as it has."""
        parts, columns = self.parts, needed(self.applied, self.parts)
        for unit in todo:
            left = unit.rows
            for table in parts.batches(unit.part, AT_ONCE, columns, unit.groups):
                left -= table.num_rows
                if left >= 0:
                    yield table
            if left:
                path, read = parts.files[unit.part].path, unit.rows - left
                raise DataError(f"{path!r}: {unit.rows:,} rows were expected, and {read:,} were read")


def first_of(tables: Iterator[pa.Table], rows: int, path: str) -> Iterator[pa.Table]:
    """The tables that have so many rows together: those of a file, which errors name, and the row in it."""
    start = 0
    while start < rows:
        with counted_from(start, path):
            table = next(tables)
        start += table.num_rows
        yield table


def same_model(one: bytes, other: bytes) -> bool:
    a, b = ({k: v for k, v in json.loads(note).items() if k not in PART} for note in (one, other))
    return a == b


def needed(applied: Applied, parts: Parts | Shelves) -> list[str] | None:
    """The columns that are read; if some are not there, the model says so."""
    names = applied.columns
    there = {*parts.schema.names}
    return None if names is None else [name for name in names if name in there] or None


def ahead(tables: Iterable[T]) -> Iterator[T]:
    """The same; a thread reads the next ones."""
    source, end = iter(tables), object()
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(next, source, end) for _ in range(AHEAD))
        while (table := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, source, end))
            yield table  # type: ignore[misc]


def applied_to(applied: Applied, tables: Iterable[pa.Table], once: Once | None = None) -> Iterator[pa.Table]:
    """The model on each table, in order; in NumPy several at once, on one core each. What it warns of is given once."""
    keep_freed_memory()
    model = applied.loaded()
    once, several = once or Once(model.format_.columns), cores() if isinstance(model, Fitted) else 1
    if several < 2:
        yield from (applied(table, once) for table in ahead(tables))
        return
    waiting: deque[Future[tuple[pa.Table, list[str]]]] = deque()
    with threadpool_limits(limits=1), ThreadPoolExecutor(several) as pool:
        for result in submitted(pool, lambda table: applied(table, once), tables):
            waiting.append(result)
            if len(waiting) > several:
                yield given(waiting.popleft())
        while waiting:
            yield given(waiting.popleft())


def submitted(pool: Executor, f: Callable[[S], T], items: Iterable[S]) -> Iterator[Future[tuple[T, list[str]]]]:
    """A result for each item; what cannot be read is told in its turn, after the results before it."""
    try:
        for item in ahead(items):
            yield pool.submit(told, f, item)
    except Exception as error:
        failed: Future[tuple[T, list[str]]] = Future()
        failed.set_exception(error)
        yield failed


def write(path: Path, tables: Iterator[pa.Table], schema: pa.Schema, applied: Applied, note: bytes) -> int:
    """Write tables into one file, a row group each, as they come; it is there when it is whole. Returns the rows."""
    first = next(tables, None)
    first = applied(schema.empty_table()) if first is None else first
    schema = first.schema.with_metadata({**(first.schema.metadata or {}), KEY: note})
    words = [f.name for f in schema if not pa.types.is_floating(f.type)]
    rows, noted = 0, json.loads(note)
    with atomic(path) as file, pq.ParquetWriter(file, schema, use_dictionary=words) as writer:
        for table in (first, *()) if not first.num_rows else joined(first, tables):
            writer.write_table(table.cast(schema))
            rows += table.num_rows
        if any(noted[name] != value for name, value in applied.note().items()):
            raise DataError(f"{applied.model!r} was replaced by another model while it was applied: choose another folder")
    return rows


def joined(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest
