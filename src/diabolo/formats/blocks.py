"""A data set of any kind of tables: Parquet (parts.py), or CSV, JSON lines and Arrow, which are read in blocks.

Such files do not say how many rows they have, nor, as text, of which types these are: one pass over them finds out. The types
are those that all files together would have as one. Then they are read like the parts of a Parquet data set.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..errors import DataError
from .delimited import Delimited
from .layout import Reading
from .listing import Part, listed, naming
from .names import kind_of
from .parts import Parts, agreed, as_agreed
from .records import Records

__all__ = ["WRITTEN", "Blocks", "parts_of"]

WRITTEN = "\0"  # before the name of a column that is beside itself as it stands in the file


class ArrowFiles:
    """Files of Arrow, or streams that were kept in files; they say their types themselves."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.first, self.schema = Path(), pa.schema([])

    def look(self, path: Path) -> int:
        rows = 0
        with pa.memory_map(str(path)) as file:
            reader = opened_arrow(path, file)
            self.first, self.schema = (
                (self.first, agreed(self.schema, reader.schema, str(self.first), str(path)))
                if len(self.schema)
                else (path, reader.schema)
            )
            for batch in batches_of(reader):
                rows += batch.num_rows
        return rows

    def columns(self, path: Path) -> None:
        """Are compared with their types."""

    @property
    def types(self) -> dict[str, pa.DataType]:
        return dict(zip(self.schema.names, self.schema.types, strict=True))

    def as_written(self, path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
        return self.tables(path, {name: self.written_type(name) for name in names}, set(), {})

    def written_type(self, name: str) -> pa.DataType:
        return self.schema.field(name).type

    def tables(self, path: Path, types: Mapping[str, pa.DataType], exact: set[str], levels: Any) -> Iterator[pa.Table]:
        with pa.memory_map(str(path)) as file:
            for batch in batches_of(opened_arrow(path, file)):
                schema = pa.schema([self.schema.field(name) for name in types])
                yield as_agreed(pa.Table.from_batches([batch]), schema)


def opened_arrow(path: Path, file: Any) -> Any:
    try:
        return pa.ipc.open_file(file)
    except pa.ArrowInvalid as error:
        file.seek(0)
        if file.read(4) == b"FEA1":
            raise DataError(
                f"{str(path)!r} is a Feather file of version 1, which is not read in pieces: write it again, such as with "
                "pyarrow.feather.write_feather(pyarrow.feather.read_table(...), ...)"
            ) from None
        file.seek(0)
        try:
            return pa.ipc.open_stream(file)
        except pa.ArrowInvalid:
            raise error from None


def batches_of(reader: Any) -> Iterator[pa.RecordBatch]:
    if hasattr(reader, "get_batch"):
        return (reader.get_batch(i) for i in range(reader.num_record_batches))
    return iter(reader)


SOURCES: dict[str, type[Delimited] | type[Records] | type[ArrowFiles]] = {
    "csv": Delimited,
    "json": Records,
    "arrow": ArrowFiles,
}


class Blocks(Parts):
    """The files of a data set that are no Parquet.

    Parameters
    ----------
    files : list of Part
        Of one kind.
    reading : Reading
        How text is written.
    """

    def __init__(self, files: Sequence[Part], reading: Reading) -> None:
        self.files = list(files)
        self.source: Any = SOURCES[str(kind_of(files[0].path))](reading)
        self._check_columns()
        self.groups = [[self._look(Path(part.path))] for part in self.files]
        self.schema = pa.schema(self.source.types.items())
        self.types: Mapping[str, pa.DataType] = {}
        self.levels: Mapping[str, Iterable[str]] = {}
        self.written: tuple[str, ...] = ()
        self.as_is = False

    def _look(self, path: Path) -> int:
        with naming(path):
            rows: int = self.source.look(path)
        return rows

    def _check_columns(self) -> None:
        first = None
        for part in self.files:
            with naming(part.path):
                names = self.source.columns(Path(part.path))
            if names is not None:
                schema = pa.schema([(name, pa.null()) for name in names])
                first = schema if first is None else agreed(first, schema, self.files[0].path, part.path)

    def read_as(self, types: Mapping[str, pa.DataType] | None, levels: Any, written: Sequence[str] = ()) -> Blocks:
        found = copy(self)
        found.types, found.levels, found.written = types or {}, levels or {}, tuple(written)
        return found

    @property
    def read_schema(self) -> pa.Schema:
        read = [(field.name, self.types.get(field.name, field.type)) for field in self.schema]
        return pa.schema(read + [(WRITTEN + name, self.source.written_type(name)) for name in self.written])

    def as_written(self) -> Blocks:
        found = copy(self)
        found.as_is = True
        return found

    def batches(
        self, i: int, rows: int, columns: Sequence[str] | None = None, groups: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        names = self.schema.names if columns is None else list(columns)
        path, size = Path(self.files[i].path), self.at_once(rows, names)
        with naming(path):
            for table in self.source.as_written(path, names) if self.as_is else self._typed(path, names):
                yield from (table.slice(start, size) for start in range(0, len(table), size))

    def _typed(self, path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
        """The columns as what was fitted, or else found; and some of them once more as they stand."""
        types = {name: self.types.get(name, self.schema.field(name).type) for name in names}
        tables = self.source.tables(path, types, {*types} - {*self.types}, self.levels)
        if not self.written:
            yield from tables
            return
        for table, texts in zip(tables, self.source.as_written(path, self.written), strict=True):
            for name in self.written:
                table = table.append_column(WRITTEN + name, texts[name])
            yield table


def parts_of(X: Any, reading: Reading | None = None) -> Parts | None:
    """The parts of a data set; None, if X is something else. `reading` is how files of text are written.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    DataError
        The parts have different columns or types, or columns that stand in the names of folders.
    """
    if isinstance(X, Parts):
        return X
    files = listed(X)
    if files is None:
        return None
    if kind_of(files[0].path) == "parquet":
        return opened(tuple(files))
    said = {name: v for name, v in asdict(reading or Reading()).items() if name != "options"}
    return looked_at(tuple(files), json.dumps(said))


@lru_cache(maxsize=8)
def opened(files: tuple[Part, ...]) -> Parts:
    """The footers are read once, as long as no file changes."""
    return Parts(files)


@lru_cache(maxsize=8)
def looked_at(files: tuple[Part, ...], reading: str) -> Blocks:
    """Such files are looked at once, as long as none changes."""
    return Blocks(files, Reading(**json.loads(reading)))
