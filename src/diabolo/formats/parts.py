"""A data set of Parquet files: one table in parts (listing.py), which is never read as a whole.

The rows are those of the parts one after the other. Memory is bounded by the rows of a piece: row groups are decoded a piece at
a time, however large they are. Files of other kinds are a data set in blocks.py.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import DataError
from .listing import Part, is_list, listed, naming

__all__ = ["Parts", "agreed", "gathered", "is_path", "joined", "spread", "unchanged"]

SHOWN = 5  # columns whose types differ that an error names
PIECE = 5 << 20  # cells that are decoded at once, at most


class Parts:
    """The parts of a data set, with the schema that all have."""

    def __init__(self, files: Sequence[Part]) -> None:
        self.files = list(files)
        self.groups: list[list[int]] = []  # rows of each row group of each part
        self.schema = self._read_footers()

    def _read_footers(self) -> pa.Schema:
        found: pa.Schema | None = None
        for part in self.files:
            with part.open() as file, naming(part.path):
                meta, schema = file.metadata, file.schema_arrow
                self.groups.append([meta.row_group(i).num_rows for i in range(meta.num_row_groups)])
            check_once(schema.names, part.path)
            found = schema if found is None else agreed(found, schema, self.files[0].path, part.path)
        assert found is not None
        return found

    @property
    def sizes(self) -> list[int]:
        """Rows of each part."""
        return [sum(groups) for groups in self.groups]

    @property
    def rows(self) -> int:
        return sum(self.sizes)

    def __str__(self) -> str:
        more = len(self.files) - 1
        return self.files[0].path + (f" and {more:,} more" if more else "")

    def read_as(self, types: Mapping[str, pa.DataType] | None, levels: Any, written: Sequence[str] = ()) -> Parts:
        """The same, whose columns of text, if it is of text, are read as these types; some are also there as they stand."""
        return self

    @property
    def read_schema(self) -> pa.Schema:
        """The columns of a piece."""
        return self.schema

    def as_written(self) -> Parts:
        """The same, whose cells of text, if it is of text, are read as they stand."""
        return self

    def without(self, names: Sequence[str]) -> Parts:
        """The same rows, without these columns."""
        found = copy(self)
        found.schema = pa.schema([field for field in self.schema if field.name not in names], self.schema.metadata)
        return found

    def at_once(self, most: int, columns: Sequence[str] | None = None) -> int:
        """Rows of a piece: at most so many, and fewer of a wide table."""
        wide = len(self.schema) if columns is None else len(columns)
        return max(1, min(most, max(4096, PIECE // max(1, wide) // 4096 * 4096)))

    def pieces(self, rows: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in order, at most so many at a time; those of small parts together."""
        return gathered((batch for i in range(len(self.files)) for batch in self.batches(i, rows, columns)), rows)

    def batches(
        self, i: int, rows: int, columns: Sequence[str] | None = None, groups: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        """The rows of part i, or of some of its row groups, at most so many at a time."""
        names = self.schema.names if columns is None else list(columns)
        schema = pa.schema([self.schema.field(name) for name in names], self.schema.metadata)
        size, sizes = self.at_once(rows, names), self.groups[i]
        some = [g for g in (range(len(sizes)) if groups is None else groups) if sizes[g]]
        if not some:
            return
        small = max(sizes[g] for g in some) <= size
        with self.files[i].open(len(names), small) as file, naming(self.files[i].path):
            for run in runs(some, sizes, size):  # a batch out of two row groups costs as much again
                if small:  # two thirds of the time of batches
                    yield as_agreed(file.read_row_groups(run, names, use_threads=False), schema)
                    continue
                for batch in file.iter_batches(size, row_groups=run, columns=names):
                    yield as_agreed(pa.Table.from_batches([batch]), schema)

    def head(self, most: int) -> pa.Table:
        """About so many rows, from row groups that are spread over all parts; all rows, if there are no more."""
        places = [(i, g) for i, groups in enumerate(self.groups) for g, n in enumerate(groups) if n]
        wanted = min(len(places), max(1, round(len(places) * most / max(1, self.rows))))
        found = []
        for k in range(wanted):
            i, g = places[k * len(places) // wanted]
            whole = self.rows <= most
            of_group = self.batches(i, 1 << 20 if whole else max(1, -(-most // wanted)), None, [g])
            found += [*of_group] if whole else [next(of_group)]
        return pa.concat_tables(found) if found else self.schema.empty_table()

    def read(self) -> pa.Table:
        """All rows at once."""
        found = [*self.pieces(1 << 20)]
        return joined(found) if found else self.schema.empty_table()


def runs(groups: Sequence[int], sizes: Sequence[int], most: int) -> list[list[int]]:
    """Row groups that are read together, because they have no more than so many rows; each larger one by itself.

    >>> runs([0, 1, 2, 3], [10, 20, 500, 5], 30)
    [[0, 1], [2], [3]]
    """
    found: list[list[int]] = []
    rows = most
    for g in groups:
        if rows + sizes[g] > most:
            found, rows = [*found, []], 0
        found[-1].append(g)
        rows += sizes[g]
    return found


def gathered(tables: Iterator[pa.Table], most: int) -> Iterator[pa.Table]:
    """Small tables together, as long as they have no more than so many rows.

    >>> [t.num_rows for t in gathered((pa.table({"a": range(n)}) for n in (1, 2, 3, 4)), 4)]
    [3, 3, 4]
    """
    kept: list[pa.Table] = []
    rows = 0
    for table in tables:
        if kept and rows + table.num_rows > most:
            yield joined(kept)
            kept, rows = [], 0
        kept.append(table)
        rows += table.num_rows
    if kept:
        yield joined(kept)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables one after the other; cells of text may be of wider types in some of them."""
    same = all(table.schema == tables[0].schema for table in tables)
    return pa.concat_tables(tables) if same else pa.concat_tables(tables, promote_options="permissive")


def spread(n: int, most: int, seed: int = 0) -> np.ndarray:
    """Numbers of `most` of n rows, in order: one at random of each of as many equal stretches.

    >>> spread(1000, 4).tolist()
    [159, 317, 510, 754]
    """
    m = min(n, most)
    start = np.arange(m + 1) * n // m  # whole rows, so that none is drawn twice
    return start[:-1] + (np.random.default_rng(seed).random(m) * np.diff(start)).astype(np.int64)


# ── one schema ───────────────────────────────────────────────────────────────────────────────────────────────────────


def check_once(names: Sequence[str], path: str) -> None:
    """Raise a DataError if a name is that of two columns."""
    if repeated := sorted(name for name, times in Counter(names).items() if times > 1):
        raise DataError(f"{path!r}: column names must be unique, but {', '.join(map(repr, repeated))} is repeated: rename them")


def agreed(one: pa.Schema, other: pa.Schema, first: str, path: str) -> pa.Schema:
    """The schema of both; a column of two types that hold the same values, or of none in one part, has the wider."""
    for name in [*one.names, *other.names]:
        if min(one.get_field_index(name), other.get_field_index(name)) < 0:
            has, lacks = (first, path) if name in one.names else (path, first)
            raise DataError(
                f"the parts of a data set have the same columns, but {name!r} is in {has!r} and not in {lacks!r}: "
                "write all with one schema, or name the files that belong together"
            )
    types = {name: common(one.field(name).type, other.field(name).type) for name in one.names}
    if wrong := [name for name, t in types.items() if t is None]:
        said = [f"{name!r} is {one.field(name).type} in {first!r}, and {other.field(name).type} in {path!r}" for name in wrong]
        more = f"; and {len(wrong) - SHOWN:,} more" if len(wrong) > SHOWN else ""
        raise DataError(
            f"the parts of a data set have the same types, but column {'; '.join(said[:SHOWN])}{more}: "
            "write all with one schema, or name the files that belong together"
        )
    return pa.schema([field.with_type(types[field.name]) for field in one], one.metadata)


def common(a: pa.DataType, b: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both; None, if they mean different things.

    >>> common(pa.int64(), pa.float64()), common(pa.string(), pa.large_string()), common(pa.date32(), pa.timestamp("s"))
    (DataType(double), DataType(large_string), None)
    """
    if a == b or pa.types.is_null(b):
        return a
    if pa.types.is_null(a):
        return b
    holds = [
        t.value_type if pa.types.is_dictionary(t) or pa.types.is_list(t) or pa.types.is_large_list(t) else t for t in (a, b)
    ]
    decimals = sum(map(pa.types.is_decimal, holds)), sum(map(pa.types.is_floating, holds))
    if any(map(pa.types.is_nested, holds)) or decimals == (1, 1):
        return None
    try:
        return pa.unify_schemas([pa.schema([("", t)]) for t in (a, b)], promote_options="permissive").field(0).type
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return None


def as_agreed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A part with its columns in the order of the data set, and of its types."""
    if table.schema.equals(schema, check_metadata=True):
        return table
    table = table.select(schema.names)
    for i, field in enumerate(schema):
        if table.schema.field(i).type != field.type:
            table = table.set_column(i, field, as_wide(table.column(i), field))
    return table.replace_schema_metadata(schema.metadata)


def as_wide(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """A column of the type that other parts need; no value changes."""
    t = field.type
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), t)])
    try:
        if pa.types.is_dictionary(t):  # Arrow casts the indices alone
            pairs = [(c.indices.cast(t.index_type), c.dictionary.cast(t.value_type)) for c in column.chunks]
            return pa.chunked_array([pa.DictionaryArray.from_arrays(*pair, ordered=t.ordered) for pair in pairs], t)
        return column.cast(t)
    except pa.ArrowInvalid as error:
        raise pa.ArrowInvalid(f"column {field.name!r}, which is {t} in other parts: {error}") from None


@contextmanager
def unchanged(X: Any) -> Iterator[None]:
    """Raise a DataError if a file of X changes meanwhile, as far as its size and time tell: it is read more than once."""
    before = stamp(X)
    yield
    if stamp(X) != before:
        raise DataError(f"{str(X)[:300]!r} changed while it was read: wait until nothing writes to it, and start again")


def stamp(X: Any) -> Any:
    """Sizes and times of the files of a data set, or of a file; None of other things."""
    if isinstance(X, Parts):
        return X.files
    if not is_path(X):
        return None
    if (found := listed(X)) is not None:
        return found
    try:
        stat = os.stat(X)
        return stat.st_size, stat.st_mtime_ns
    except (OSError, ValueError):  # a text
        return None


# ── what is a data set ───────────────────────────────────────────────────────────────────────────────────────────────


def is_path(X: Any) -> bool:
    """Whether X is the path of a file or a folder, a list of the paths of Parquet files, or the parts that these name.

    >>> is_path("a.csv"), is_path(["a.parquet", "b.parquet"]), is_path(["some text"])
    (True, True, False)
    """
    return isinstance(X, (str, Path, Parts)) or is_list(X)
