"""Tables of typed columns: pandas, polars, Arrow; ``.csv``, ``.csv.gz``, ``.tsv``, ``.parquet``, ``.feather``.

Apache Arrow is the common language: it reads the files, and its schema (with what pandas notes in it) is what gives the
same columns, types and categories back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from ..deferred import torch
from ..errors import DataError
from ..losses import Clipped, Columns, Logistic, Loss, Part, Softmax, Squared
from ..printed import Grid, cut
from ..rows import Rows
from .base import SAMPLE, Format, cached, in_order, named_loss, neither
from .blocks import parts_of
from .category import KINDS, Category, kind_of, tell_new
from .columns import ONE, Binary, Column, Number, called, possible, weight
from .container import Container
from .cycles import Cycle, cycles
from .delimited import MISSING, spellings
from .encoding import Encoder, as_fitted, as_given, single
from .far import ENOUGH_TO_TELL, LOOKED_AT
from .files import Reading, is_table, read_table, table_pieces
from .filling import patched
from .fitting import fit_columns, names_to_fit, row_numbers, share_unit
from .frames import arrow, collected, combined, container, mixed_categories, names_of, of_pandas, pieces, taken
from .gaps import Gaps
from .parts import is_path
from .recurring import possible_part, recurring, seen_as
from .remarks import beyond, remark, tell_beyond, tell_unseen
from .scale import FAR, FLOATS, NEAR, describe_kinds
from .schema import arrow_type, in_zone_of, is_known
from .survey import Seen, survey

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Tables"]

SHOWN, LONG = 16, 32  # printed: columns, letters of a name
CHUNK = 65_536  # rows of a file that are read at once, at most; of a table in memory half as many
LEAST_SAMPLE, CELLS_OF_SAMPLE = 20_000, 20_000_000  # of a larger file: rows at least, cells at most


class Tables(Format):
    """Columns of their own types.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"age": [20, 40, 60], "city": ["Oslo", "Rome", None]})
    >>> format = Tables().fit(df)
    >>> format.from_array(format.to_array(df))
       age  city
    0   20  Oslo
    1   40  Rome
    2   60   NaN
    """

    kind = "tables"
    named = True
    fields: list[Any]
    recurs = False

    def __init__(
        self,
        reading: Reading | None = None,
        scale: str = "auto",
        categories: Sequence[str] = (),
        numbers: Sequence[str] = (),
    ) -> None:
        if scale not in ("auto", "each"):
            raise ValueError(f"scale={scale!r}: allowed are 'auto' and 'each'")
        self.reading = reading or Reading()
        self.scale, self.common = scale, False
        self.categories, self.numbers = [str(c) for c in categories], [str(c) for c in numbers]
        both = sorted({*self.categories} & {*self.numbers})
        if both:
            raise ValueError(f"categories= and numbers= both name {', '.join(map(repr, both))}: a column is one or the other")

    def choose(self, categories: Sequence[str], numbers: Sequence[str]) -> Tables:
        return Tables(self.reading, self.scale, [*self.categories, *categories], [*self.numbers, *numbers])

    def _line(self) -> str:
        if not hasattr(self, "fields"):
            return f"Tables(scale={self.scale!r})"
        kinds = [*("numbers", "dates", "times of day", "durations"), "yes or no", "categories"]
        counts = dict.fromkeys(kinds, 0) | Counter(called(column) for column in self.fields)
        counts["with gaps"] = sum(column.gaps for column in self.fields)
        counts["squashed"] = sum(isinstance(column, Number) and column.knee < FAR for column in self.fields)
        return f"Tables({describe_kinds(counts)}{', one unit for all' if self.common else ''}; {self.container.kind})"

    def _parts(self) -> Iterator[str | Grid]:
        yield self._line()
        if hasattr(self, "fields"):
            rows = [[cut(c.name, LONG), ONE[called(c)], c.type, c.about] for c in self.fields[:SHOWN]]
            yield Grid(("column", "kind", "type", ""), rows, left=4)
            if len(self.fields) > SHOWN:
                yield f"and {len(self.fields) - SHOWN:,} more columns"

    @classmethod
    def accepts(cls, X: Any) -> bool:
        if is_path(X):
            return is_table(X)
        lazy = type(X).__name__ == "LazyFrame"  # to ask for its columns would compute them
        return lazy or (hasattr(X, "columns") and hasattr(X, "dtypes")) or hasattr(X, "schema")

    def fit(self, X: Any) -> Tables:
        X = X if is_path(X) else collected(X)
        table, seen = self._looked_at(X)
        names = names_to_fit(table, self.categories, self.numbers, self.reading.dates)
        self.left_out = row_numbers(table, {*self.categories, *self.numbers}, seen)
        table = self.gaps.table(table.drop_columns(self.left_out))
        kept = [name for name in names if name not in self.left_out]
        own = fit_columns(table, kept, self.categories, self.numbers, seen)
        self.fields = [*own, *recurring(table, own)] if self.recurs else own
        self._lay_out()
        self.container = Container.of(X, table, names, kept)
        mixed = mixed_categories(X) if self.container.kind == "pandas" else []
        for column in self.fields:
            if isinstance(column, Category):
                column.mixed = column.name in mixed
        self.common, self.side = share_unit(self.fields, table, seen) if self.scale == "auto" else (False, 0)
        remark(own, table, self.categories, self.numbers, self.reading.decimal, bool(seen))
        return self

    def _looked_at(self, X: Any) -> tuple[pa.Table, dict[str, Seen]]:
        """The table that is fitted; of a large data set a sample of its rows, and what was seen of all."""
        if not is_path(X):
            return arrow(X), {}
        parts = parts_of(X, self.reading)
        if parts is None or parts.rows <= SAMPLE:
            return of_pandas(read_table(X, None, self.reading)), {}
        names_to_fit(parts.schema.empty_table(), self.categories, self.numbers, {})
        most = min(SAMPLE, max(LEAST_SAMPLE, CELLS_OF_SAMPLE // len(parts.schema)))

        def some(columns: list[str] | None) -> Iterator[pa.Table]:
            return map(of_pandas, table_pieces(X, CHUNK, self.reading, None, columns))

        return survey(some, parts.rows, most, self.gaps, self.categories)

    def _lay_out(self) -> None:
        """Where the features of each column are."""
        self.columns = [column.name for column in self.fields]
        self.own = [column for column in self.fields if not column.part_of]  # first
        ends = np.cumsum([0, *(column.width for column in self.fields)])
        self.width = int(ends[-1])
        self._blocks = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self._encoder = Encoder(self.fields, [block.start for block in self._blocks])
        self._reach: np.ndarray | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Those of the file that was fitted."""
        return self.reading.options

    @options.setter
    def options(self, options: dict[str, Any]) -> None:
        self.reading = replace(self.reading, options=options)

    @property
    def gaps(self) -> Gaps:
        """The values that stand for a missing cell."""
        return Gaps(self.reading.na)

    @property
    def blocks(self) -> list[slice]:
        """The features of each column."""
        return self._blocks

    @property
    def sources(self) -> list[str]:
        return [column.name for column in self.own]

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The type of each fitted column."""
        return {column.name: arrow_type(column.type) for column in self.own}

    @property
    def levels(self) -> dict[str, list[Any]]:
        """The levels of each fitted category."""
        found = {c.name: [*c.levels, *(c.others or [])] for c in self.own if isinstance(c, Category)}
        gaps = {c.name for c in self.fields if c.gaps}  # of these an empty cell is one
        return {name: [v for v in values if v != "" or name not in gaps] for name, values in found.items()}

    def field(self, j: int) -> Any:
        return self.fields[j]

    def are_filled(self) -> np.ndarray:
        return np.array([not column.empty for column in self.fields])

    def tell_unseen(self, X: Any) -> None:
        tell_unseen(self.own, self.gaps, map(arrow, self.chunks(X)))

    def limits(self) -> np.ndarray:
        found = super().limits()
        for column, block in zip(self.fields, self.blocks, strict=True):
            if isinstance(column, Number) and column.span is not None:
                found[:, block.start] = beyond(column.span, column.unit)
        return found

    def tell_far(self, x: Any) -> None:
        super().tell_far(x)
        tell_beyond(self.fields, [block.start for block in self.blocks], np.asarray(x))
        if self.doubts and len(x) >= ENOUGH_TO_TELL:
            last = np.asarray(x[:LOOKED_AT])[:, [block.stop - 1 for block in self.blocks]]
            tell_new([f for f, v in zip(self.fields, last.T, strict=True) if isinstance(f, Category) and f.mostly_new(v)])

    def _read(self, path: Any) -> pa.Table:
        """A file, as what was fitted."""
        return read_table(path, None, self.reading, self.types, levels=self.levels)

    def chunks(self, X: Any) -> Iterator[Any]:
        if is_path(X):
            yield from table_pieces(X, CHUNK, self.reading, self.types, self.sources, self.levels, self.left_out)
        else:
            yield from pieces(collected(X), CHUNK // 2)

    def without(self, X: Any) -> Any:
        """X without the columns that were left out in fit."""
        left = [i for i, name in enumerate(names_of(X)) if name in self.left_out] if self.left_out else []
        if not left:
            return X
        kept = [i for i in range(len(names_of(X))) if i not in left]
        return X.iloc[:, kept] if container(X) == "pandas" else X[:, kept] if container(X) == "polars" else X.select(kept)

    def by_column(self) -> Tables:
        self.scale = "each"
        return self

    def with_recurring(self) -> Tables:
        self.recurs = True
        return self

    def quantities(self) -> np.ndarray:
        own = [isinstance(field, Number) for field in self.fields for _ in range(field.width)]
        return np.array(own) & (not self.common)

    def unit_of(self, j: int) -> tuple[float, ...]:
        unit: tuple[float, ...] = next(f.unit for f, block in zip(self.fields, self.blocks, strict=True) if block.start == j)
        return unit

    def drawn(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        for column, block in zip(self.fields, self.blocks, strict=True):
            e[:, block] = column.draw(e[:, block], rng)
        return e

    def likeliest(self, e: Tensor, columns: Iterable[int] | None = None) -> Tensor:
        e = e.clone()
        for j in range(len(self.columns)) if columns is None else columns:
            e[:, self.blocks[j]] = self.fields[j].likeliest(e[:, self.blocks[j]])
        return e

    def cell(self, j: int, value: Any) -> np.ndarray:
        column = self.fields[j]
        values = single(column.name, value)
        if self.gaps.holds(values):
            raise DataError(f"given {column.name!r}: {value!r} stands for a missing cell (na= in fit), and is no value")
        column.check(value)
        values = as_given(column, value, values, self.gaps)
        x = column.encode(values)
        if np.isinf(x).any():
            raise neither(column.name, value)
        column.check_held(value, values, x)
        return x[0]

    def rows(self, X: Any) -> Rows:
        parts = parts_of(X, self.reading) if is_path(X) else None
        if parts is None:
            return super().rows(X)
        return cached(self.arrays(X), parts.rows, self.width)

    def to_array(self, X: Any, dtype: Any = np.float64, order: Literal["C", "F"] = "C") -> np.ndarray:
        X = self._read(X) if is_path(X) else collected(X)
        x = np.zeros((X.shape[0], self.width), dtype, order)
        self._encoder.table(X, x, self.gaps)
        return x

    def encode(self, column: Column, values: pa.Array) -> np.ndarray:
        """Values (n,) of any type -> features (n, width), if they can be those of the column."""
        return column.encode(as_fitted(column, values, self.gaps))

    def cells(self, X: Any, rows: np.ndarray) -> list[list[Any]]:
        if is_path(X):
            start, found, (ordered, back) = 0, [], in_order(rows)
            for piece in self.chunks(X):
                here = (ordered >= start) & (ordered < start + len(piece))
                found.append(piece.select(self.sources).take(ordered[here] - start))
                start += len(piece)
            table = pa.concat_tables(found).take(back)
        else:
            X = collected(X)
            place = {name: i for i, name in enumerate(names_of(X))}
            table = arrow(taken(X, rows), [place[name] for name in self.sources])
        values = [in_zone_of(arrow_type(c.type), self.gaps.without(combined(table, j))) for j, c in enumerate(self.own)]
        for part in self.fields[len(self.own) :]:
            column = self.fields[dates := self.columns.index(part.source)]
            values.append(seen_as(part, column, as_fitted(column, values[dates], self.gaps)))
        columns = [in_python(v) for v in values]
        return [[None if v is None or v != v else v for v in column] for column in columns]

    def filled(self, X: Any, x: Any, e: Any) -> Any:
        X, x = of_pandas(self._read(X)) if is_path(X) else collected(X), np.asarray(x)
        if container(X) == "pandas":
            X = X.copy()
        place = {name: i for i, name in enumerate(names_of(X))}
        e = np.asarray(e, dtype=np.float64)
        for column, block in zip(self.own, self.blocks, strict=False):
            gaps = np.isnan(x[:, block.start])
            if gaps.any() and not column.empty:
                X = patched(X, place[column.name], gaps, column.limited(column.decode(e[:, block])))
        return X

    def from_array(self, x: Any) -> Any:
        values = np.asarray(x, dtype=np.float64)
        return self._table([column.decode(values[:, block]) for column, block in zip(self.own, self.blocks, strict=False)])

    def from_draws(self, x: Any, rng: np.random.Generator) -> Any:
        values = np.asarray(x, dtype=np.float64)
        pairs = zip(self.own, self.blocks, strict=False)
        return self._table([column.drawn(values[:, block], rng) for column, block in pairs])

    def _table(self, arrays: list[pa.Array]) -> Any:
        """Columns as the kind of table that was fitted."""
        return self.container.filled(pa.table(arrays, names=self.sources), self.own)

    def original(self, x: Any) -> list[list[Any]]:
        values = np.asarray(x, dtype=np.float64)
        pairs = zip(self.fields, self.blocks, strict=True)
        return [column.decode(values[:, block]).to_pylist() for column, block in pairs]

    def with_given(self, X: Any, given: dict[str, Any]) -> Any:
        for column in self.fields:
            if column.name in given and column.type in FLOATS:
                values = pa.array(np.full(X.shape[0], float(given[column.name])))
                X = patched(X, self.columns.index(column.name), np.ones(X.shape[0], dtype=bool), values)
        return X

    def shown(self, x: Any, j: int) -> list[Any]:
        return self.fields[j].decode(np.asarray(x[:, self.blocks[j]], dtype=np.float64)).to_pylist()

    def loss(self, name: str = "auto") -> Loss:
        if name != "auto":
            return named_loss(name, self.width, [column.width for column in self.fields])
        parts = []
        for kind, loss in ((Number, Clipped() if self.common else Squared()), (Binary, Logistic()), (Category, None)):
            chosen = [j for j, column in enumerate(self.fields) if isinstance(column, kind)]
            if not chosen:
                continue
            features = tuple(f for j in chosen for f in range(self.blocks[j].start, self.blocks[j].stop))
            made = loss or Softmax(tuple(self.fields[j].width for j in chosen))
            parts.append(Part(made, features, tuple(chosen), tuple(weight(self.fields[j]) for j in chosen)))
        return Columns(parts)

    def ordinary(self) -> np.ndarray:
        each = [isinstance(column, Number) and column.knee >= FAR and not self.common for column in self.fields]
        return np.repeat(each, [column.width for column in self.fields])

    def tiny(self) -> np.ndarray:
        each = [column.tiny if isinstance(column, Number) and not self.common else (0.0, 0.0) for column in self.fields]
        return np.repeat(np.reshape(each, (-1, 2)).T, [column.width for column in self.fields], 1)

    def reach(self) -> np.ndarray:
        if self._reach is None:  # many columns take longer than a row of them
            free = (-np.inf, np.inf)
            each = [column.reach if isinstance(column, Number) and not self.common else free for column in self.fields]
            self._reach = np.repeat(np.reshape(each, (-1, 2)).T, [column.width for column in self.fields], 1)
        return self._reach

    def yes_or_no(self) -> np.ndarray:
        return np.repeat([isinstance(column, Binary) for column in self.fields], [column.width for column in self.fields])

    def positive(self) -> np.ndarray:
        return np.array([isinstance(column, Number) and column.positive for column in self.fields], dtype=bool)

    def knees(self) -> np.ndarray:
        wild = [isinstance(column, Number) and column.knee == NEAR for column in self.fields]
        return np.array([NEAR / column.stretch if far else np.inf for far, column in zip(wild, self.fields, strict=True)])

    def view(self) -> tuple[Tensor, Tensor]:
        looks = [column.look() for column in self.fields for _ in range(column.width)]
        return torch.tensor([c for c, _ in looks]), torch.tensor([s for _, s in looks])

    def missing(self) -> list[int]:
        return [block.start for column, block in zip(self.fields, self.blocks, strict=True) if column.gaps]

    def cycles(self) -> list[Cycle]:
        pairs = zip(self.fields, self.blocks, strict=True)
        return [cycle for column, block in pairs if isinstance(column, Number) for cycle in cycles(column, block.start)]

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        fields = [{"kind": kind_of(column), **asdict(column)} for column in self.fields]
        others = {f"others.{j}": packed([f.pop("others"), f.pop("often")]) for j, f in enumerate(fields) if f.get("others")}
        meta = {
            "scale": self.scale,
            "common": self.common,
            "side": self.side,
            "container": self.container.kind,
            "pandas": self.container.pandas,
            "labels": self.container.labels,
            "enums": self.container.enums,
            "categories": self.categories,
            "numbers": self.numbers,
            "left_out": self.left_out,
        }
        reading = {name: v for name, v in asdict(self.reading).items() if name != "options"} | {"na": list(self.reading.na)}
        return meta | {"fields": fields, "reading": reading}, others

    def described(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        na = [*spellings(self.reading.na)]
        cells = {"decimal": self.reading.decimal, "thousands": self.reading.thousands, "missing": [*MISSING, *na]}
        return cells | {"na": self.gaps.numbers, "columns": [self._column(j) for j in range(len(self.fields))]}, {}

    def _column(self, j: int) -> dict[str, Any]:
        """The description of a column; of texts, also which of its levels look like a missing cell."""
        column = self.fields[j]
        form = self.reading.dates.get(column.name, "")
        spared = [text for text in self.levels.get(column.name, ()) if text in MISSING and text not in self.reading.na]
        return column.described(self.reading.decimal, form) | {"start": self.blocks[j].start, "form": form, "spared": spared}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Tables:
        reading = Reading(**meta["reading"] | {"na": tuple(meta["reading"]["na"])})
        self = cls(reading, meta["scale"], meta["categories"], meta["numbers"])
        self.common, self.side, self.left_out = meta["common"], int(meta.get("side", 0)), list(meta["left_out"])
        self.container = Container(meta["container"], meta["pandas"], meta["labels"], list(meta["enums"]))
        fields = [dict(f) for f in meta["fields"]]
        for name, values in arrays.items():
            rare = fields[int(name.removeprefix("others."))]
            rare["others"], rare["often"] = json.loads(values.tobytes())
        self.fields = [KINDS[f.pop("kind")](**f) for f in fields]
        check([column.name for column in self.fields], self.fields)
        self._lay_out()
        self.container.check()
        return self


def check(names: list[Any], fields: list[Column]) -> None:
    """Check what comes from a file: names, types and numbers must make sense."""
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise DataError("the names of the columns are not unique texts")
    for j, column in enumerate(fields):
        if (column.part_of or any(c.part_of for c in fields[:j])) and not possible_part(column, fields[:j]):
            raise DataError(f"column {column.name!r} is a part of no column of dates")
        if not is_known(arrow_type(column.type)):
            raise DataError(f"{column.type!r} is no type of a column")
        if isinstance(column, Number) and not possible(column):
            raise DataError(f"column {column.name!r} has an impossible scale")
        if isinstance(column, Category) and len(column.often) != len(column.others or []):
            raise DataError(f"column {column.name!r} has rare levels without their frequencies")


def packed(values: list[Any]) -> np.ndarray:
    """JSON as bytes, where it is too long for a file's header."""
    return np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)


def in_python(values: pa.Array) -> list[Any]:
    """Cells as Python's; dates beyond its years 1 to 9999 as texts.

    >>> in_python(pa.array([1.5, None])), in_python(pa.array([317_146_752_000], pa.timestamp("s")))
    ([1.5, None], ['12019-12-25 00:00:00'])
    """
    try:
        found: list[Any] = values.to_pylist()
    except OverflowError:
        found = values.cast(pa.string()).to_pylist()
    return found
