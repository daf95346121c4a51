"""Tables of typed columns: pandas, polars, Arrow; ``.csv``, ``.csv.gz``, ``.tsv``, ``.parquet``, ``.feather``.

Apache Arrow is the common language: it reads the files, and its schema (with what pandas notes in it) is what gives the
same columns, types and categories back.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from ..errors import DataError, warn
from ..losses import Columns, Logistic, Loss, Part, Softmax, Squared
from ..printed import Grid, cut
from ..sentinels import warn_odd
from .arrow import tally
from .base import SAMPLE, Format, check_finite, in_order, named_loss, neither, warn_empty
from .columns import KINDS, ONE, Binary, Category, Column, Number, called, kind_of, plain_kind, possible, shown, weight, yes_no
from .files import Reading, is_table, read_table, rows_of, table_pieces
from .fitting import fit_columns, share_unit
from .frames import (
    arrow,
    collected,
    combined,
    container,
    kinds_of,
    labels,
    matrix_of,
    mixed_categories,
    names_of,
    of_pandas,
    patched,
    pieces,
    polars,
    taken,
)
from .hints import told as told_of_texts
from .scale import FAR, FLOATS, NEAR, encoded, told
from .schema import DUST, adapted, arrow_type, floats, is_iso, is_known, is_text, narrowed, plain, without_gaps
from .suspects import are_days, is_row_number, looks_like_codes

__all__ = ["Tables"]

SHOWN, LONG = 16, 32  # printed: columns, letters of a name
CHUNK = 65_536


class Tables(Format):
    """Columns of their own types.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"age": [20, 40, 60], "city": ["Oslo", "Rome", None]})
    >>> format = Tables().fit(df)
    >>> format.from_tensor(format.to_tensor(df))
       age  city
    0   20  Oslo
    1   40  Rome
    2   60   NaN
    """

    kind = "tables"
    named = True
    fields: list[Any]

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
        return f"Tables({told(counts)}{', one unit for all' if self.common else ''}; {self.container})"

    def _parts(self) -> Iterator[str | Grid]:
        yield self._line()
        if hasattr(self, "fields"):
            rows = [[cut(c.name, LONG), ONE[called(c)], c.type, c.about] for c in self.fields[:SHOWN]]
            yield Grid(("column", "kind", "type", ""), rows, left=4)
            if len(self.fields) > SHOWN:
                yield f"and {len(self.fields) - SHOWN:,} more columns"

    @classmethod
    def accepts(cls, X: Any) -> bool:
        if isinstance(X, (str, Path)):
            return is_table(X)
        lazy = type(X).__name__ == "LazyFrame"  # to ask for its columns would compute them
        return lazy or (hasattr(X, "columns") and hasattr(X, "dtypes")) or hasattr(X, "schema")

    def fit(self, X: Any) -> Tables:
        path = isinstance(X, (str, Path))
        X = X if path else collected(X)
        self.container = container(X)
        table = of_pandas(read_table(X, SAMPLE, self.reading)) if path else arrow(X)
        names = self._names(table)
        self.left_out = self._row_numbers(table)
        table = self._with_gaps(table.drop_columns(self.left_out))
        kept = {name: None for name in names if name not in self.left_out}
        self.fields = fit_columns(table, [*kept], self.categories, self.numbers)
        if path and (rows := rows_of(X, table.num_rows)) > table.num_rows:
            self._count_levels(X, rows)
        self._lay_out()
        mixed = mixed_categories(X) if self.container == "pandas" else []
        for column in self.fields:
            if isinstance(column, Category):
                column.mixed = column.name in mixed
        self.common = self.scale == "auto" and share_unit(self.fields, table)
        self.pandas = self.labels = None
        if self.container == "pandas":
            meta = table.schema.pandas_metadata
            self.pandas = meta | {"columns": [c for c in meta["columns"] if c["field_name"] in kept]}
            own = labels(X)
            self.labels = own and [label for label, name in zip(own, names, strict=True) if name in kept]
        self.enums = [f.name for f in table.schema if any(key.startswith(b"_PL_ENUM") for key in f.metadata or {})]
        self._say(table)
        return self

    def _count_levels(self, path: str | Path, rows: int) -> None:
        """The levels of all rows of a file of which some were looked at."""
        some = {
            column.name: j for j, column in enumerate(self.fields) if isinstance(column, Category) and column.others is not None
        }
        counts: dict[str, Counter[Any]] = {name: Counter() for name in some}
        for piece in table_pieces(path, CHUNK, self.reading, None, [*some]) if some else ():
            for name, found in counts.items():
                found.update(tally(self._given(combined(piece, name))))
        for name, j in some.items():
            old = self.fields[j]
            listed = old.listed and [*dict.fromkeys([*old.listed, *sorted(counts[name], key=str)])]
            self.fields[j] = Category.of(name, old.type, counts[name], rows, listed, old.ordered)

    def _with_gaps(self, table: pa.Table) -> pa.Table:
        """The table without the values that stand for missing ones."""
        for i, column in enumerate(table.schema if self.reading.na else ()):
            values = given = combined(table, i)
            given = self._given(values)
            if pa.types.is_dictionary(values.type):
                order = self._given(values.dictionary).drop_null()
                given = pa.DictionaryArray.from_arrays(pc.index_in(given, order), order, ordered=values.type.ordered)
            table = table.set_column(i, column.with_type(given.type), given)
        return table

    def _names(self, table: pa.Table) -> list[str]:
        """Names of the columns, with those that were asked for among them."""
        names = [str(name) for name in table.column_names]
        repeated = sorted({name for name, times in Counter(names).items() if times > 1})
        if repeated:
            raise DataError(f"column names must be unique, but {', '.join(map(repr, repeated))} is repeated: rename them")
        if not names:
            raise DataError("0 feature(s) (shape=(n, 0)) while a minimum of 1 is required: the table has no columns")
        for parameter, asked in (("categories", self.categories), ("numbers", self.numbers), ("dates", self.reading.dates)):
            absent = sorted({*asked} - {*names})
            if absent:
                raise DataError(
                    f"{parameter}={absent!r}: there is no such column; the columns are {', '.join(map(repr, names[:20]))}"
                )
        texts = [name for name in self.reading.dates if is_text(table.schema.field(name).type)]
        if texts:  # of a file they are read already
            raise DataError(f"dates={texts!r} are read of files: here say df[{texts[0]!r}] = pd.to_datetime(..., format=...)")
        return names

    def _row_numbers(self, table: pa.Table) -> list[str]:
        """Columns that only say which row it is: left out, unless they were asked for or nothing would be left."""
        asked = {*self.categories, *self.numbers}
        index = (table.schema.pandas_metadata or {}).get("index_columns", ())
        left = [name for name in table.column_names if name not in asked and name in index]
        if left and len(left) < table.num_columns:
            warn(
                f"column(s) {', '.join(map(repr, left[:5]))} are the index of the DataFrame that was written, which is not "
                "learned, and are left out: keep them with categories= (--category), or numbers= (--number), in fit"
            )
            return [*left, *self._row_numbers(table.drop_columns(left))]
        found: list[str] = []
        for name, t in zip(table.column_names, table.schema.types, strict=True):
            if pa.types.is_integer(t) and name not in asked and is_row_number(combined(table, name), name):
                found.append(name)
        if not found or len(found) == table.num_columns:
            return []
        shown = ", ".join(f"{name!r} ({', '.join(map(str, table.column(name)[:3].to_pylist()))}, ...)" for name in found[:5])
        warn(
            f"column(s) {shown} look like row numbers and are left out: keep them with fit(..., numbers={found[:5]!r}) "
            f"(--number in the command line), or categories= if they are codes"
        )
        return found

    def _say(self, table: pa.Table) -> None:
        """What of the columns should be known: each fact once."""
        warn_empty([column.name for column in self.fields if column.gaps and not _has_values(table, column.name)])
        numbers = [column for column in self.fields if isinstance(column, Number)]
        warn_odd([(c.name, shown(c, value), int(count)) for c in numbers for value, count in c.odd])
        codes = {c.name: found for c in numbers if c.name not in self.numbers and (found := self._codes(table, c))}
        if codes:
            shown_ = ", ".join(f"{name!r} ({', '.join(map(str, found[:5]))})" for name, found in codes.items())
            warn(
                f"few whole numbers with gaps, as codes have them, in column(s) {shown_}: they count as quantities. If they "
                f"are codes, say categories={[*codes]!r} in fit (--category), if quantities, numbers={[*codes]!r} (--number)"
            )
        days = [c.name for c in numbers if c.name not in self.numbers and are_days(combined(table, c.name))]
        if days:
            warn(
                f"column(s) {', '.join(map(repr, days))} hold dates as whole numbers, such as {table.column(days[0])[0]}, and "
                f"count as quantities: read them with pd.to_datetime(df[{days[0]!r}], format='%Y%m%d'), or say numbers={days!r}"
            )
        texts = {
            c.name: combined(table, c.name)
            for c in self.fields
            if isinstance(c, Category) and is_text(arrow_type(c.type)) and c.listed is None and c.name not in self.categories
        }
        dates = [name for name, values in texts.items() if is_iso(values)]
        if dates:
            warn(
                f"column(s) {', '.join(map(repr, dates))} hold dates as texts, and each date counts as a word of its own: "
                f"read them with pd.to_datetime(df[{dates[0]!r}]), or parse_dates={dates!r} in pd.read_csv; "
                f'of a file with --date "{dates[0]}=%Y-%m-%d", or however they are written'
            )
        for said in told_of_texts(texts, self.reading.decimal):
            warn(said)

    def _codes(self, table: pa.Table, column: Number) -> list[int]:
        whole = column.decimals == 0 if column.type in FLOATS else pa.types.is_integer(arrow_type(column.type))
        return looks_like_codes(combined(table, column.name)) if whole and (column.gaps or column.type not in FLOATS) else []

    def _lay_out(self) -> None:
        """Where the features of each column are, and which columns are plain numbers."""
        self.columns = [column.name for column in self.fields]
        ends = np.cumsum([0, *(column.width for column in self.fields)])
        self.width = int(ends[-1])
        self._blocks = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self._kinds = np.array([plain_kind(column) for column in self.fields])

    @property
    def blocks(self) -> list[slice]:
        """The features of each column."""
        return self._blocks

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The type of each fitted column."""
        return {column.name: arrow_type(column.type) for column in self.fields}

    @property
    def levels(self) -> dict[str, list[Any]]:
        """The levels of each fitted category."""
        found = {c.name: [*c.levels, *(c.others or [])] for c in self.fields if isinstance(c, Category)}
        gaps = {c.name for c in self.fields if c.gaps}  # of these an empty cell is one
        return {name: [v for v in values if v != "" or name not in gaps] for name, values in found.items()}

    def _read(self, path: str | Path) -> pa.Table:
        """A file, as what was fitted."""
        return read_table(path, None, self.reading, self.types, levels=self.levels)

    def chunks(self, X: Any) -> Iterator[Any]:
        if isinstance(X, (str, Path)):
            yield from table_pieces(X, CHUNK, self.reading, self.types, levels=self.levels)
        else:
            yield from pieces(collected(X), CHUNK)

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
        if self.is_missing(value):
            raise DataError(
                f"given {column.name!r}: {value!r} stands for a missing cell, as was said in fit (na=), and is no value"
            )
        column.check(value)
        x = np.asarray(self.encode(column, pa.array([value]))[0])
        if np.isinf(x).any():
            raise neither(column.name, value)
        return x

    def to_tensor(self, X: Any) -> Tensor:
        X = self._read(X) if isinstance(X, (str, Path)) else collected(X)
        place = {name: i for i, name in enumerate(names_of(X))}
        absent = [name for name in self.columns if name not in place]
        if absent:
            raise DataError(
                f"X has no column {', '.join(map(repr, absent))}, which the model was fitted with; "
                f"it has {', '.join(map(repr, [*place][:20]))}"
            )
        x = np.zeros((X.shape[0], self.width))
        places, starts = np.array([place[name] for name in self.columns]), np.array([block.start for block in self.blocks])
        kinds = kinds_of(X)[places]
        numbers, binary = (self._kinds == "f") & (kinds == "f"), (self._kinds == "b") & (kinds != "")
        for chosen, encode in ((numbers, self._encode_numbers), (binary, self._encode_binary)):
            some = np.flatnonzero(chosen)
            if len(some):
                x[:, starts[some]] = encode(matrix_of(X, places[some]), some)
        rest = np.flatnonzero(~numbers & ~binary).tolist()
        table = arrow(X, [int(places[j]) for j in rest]) if rest else None
        alike: dict[Any, list[int]] = {}
        values = [self._adapted(self.fields[j], combined(table, i)) for i, j in enumerate(rest)]
        for i, (j, v) in enumerate(zip(rest, values, strict=True)):
            alike.setdefault((type(self.fields[j]), v.type), []).append(i)
        for (kind, _), these in alike.items():
            chosen = [rest[i] for i in these]
            kind.encode_all([self.fields[j] for j in chosen], [values[i] for i in these], x, starts[chosen])
        return torch.from_numpy(x)

    def encode(self, column: Column, values: pa.Array) -> np.ndarray:
        """Values (n,) of any type -> features (n, width), if they can be those of the column."""
        return column.encode(self._adapted(column, values))

    def _adapted(self, column: Column, values: pa.Array) -> pa.Array:
        kind, mixed = next(name for name, cls in KINDS.items() if isinstance(column, cls)), getattr(column, "mixed", False)
        return adapted(self._given(values), arrow_type(column.type), column.name, kind, mixed)

    def _given(self, values: pa.Array) -> pa.Array:
        """Values without those that stand for missing ones, in whatever container."""
        if not self.reading.na:
            return values
        values = plain(values)
        if is_text(values.type):
            return pc.if_else(pc.is_in(values, pa.array(self.reading.na, values.type)), None, values)
        v = floats(values) if pa.types.is_integer(values.type) or pa.types.is_floating(values.type) else np.zeros(0)
        return pc.if_else(pa.array(np.isin(v, self._no_numbers)), None, values) if len(v) else values

    def is_missing(self, value: Any) -> bool:
        """Whether a value is one that was said to stand for missing ones."""
        return value is not None and self._given(pa.array([value])).null_count > 0

    @property
    def _no_numbers(self) -> list[float]:
        """Numbers that stand for missing ones."""
        return [float(text) for text in self.reading.na if re.fullmatch(r"[+-]?\d+(\.\d*)?", text)]

    def _encode_numbers(self, v: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Plain numbers (n, m), all at once, as Number.encode would."""
        fields: list[Any] = [self.fields[j] for j in chosen]
        if self.reading.na:
            v = np.where(np.isin(v, self._no_numbers), np.nan, v)
        check_finite(v, [column.name for column in fields])
        single = [i for i, column in enumerate(fields) if column.type != "double" and column.type in FLOATS]
        if single:
            v = v.copy()
            v[:, single] = np.stack([narrowed(v[:, i], arrow_type(fields[i].type)) for i in single], 1)
        return encoded(v, *np.array([column.unit for column in fields], dtype=np.float64).T)

    def _encode_binary(self, v: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        check_finite(v, [self.fields[j].name for j in chosen])
        return yes_no(np.where(np.abs(v) < DUST, 0.0, v))

    def cells(self, X: Any, rows: np.ndarray) -> list[list[Any]]:
        if isinstance(X, (str, Path)):
            start, found, (ordered, back) = 0, [], in_order(rows)
            for piece in self.chunks(X):
                here = (ordered >= start) & (ordered < start + len(piece))
                found.append(piece.select(self.columns).take(ordered[here] - start))
                start += len(piece)
            table = pa.concat_tables(found).take(back)
        else:
            X = collected(X)
            place = {name: i for i, name in enumerate(names_of(X))}
            table = arrow(taken(X, rows), [place[name] for name in self.columns])
        columns = [self._given(combined(table, j)).to_pylist() for j in range(table.num_columns)]
        return [[None if v is None or v != v else v for v in column] for column in columns]

    def filled(self, X: Any, x: Tensor, e: Tensor) -> Any:
        X = of_pandas(self._read(X)) if isinstance(X, (str, Path)) else collected(X)
        if container(X) == "pandas":
            X = X.copy()
        place = {name: i for i, name in enumerate(names_of(X))}
        for column, block in zip(self.fields, self.blocks, strict=True):
            gaps = torch.isnan(x[:, block.start]).numpy()
            if gaps.any() and not column.empty:
                X = patched(X, place[column.name], gaps, column.decode(e[:, block].double().numpy()))
        return X

    def from_tensor(self, x: Tensor) -> Any:
        values = x.detach().cpu().double().numpy()
        return self._table([column.decode(values[:, block]) for column, block in zip(self.fields, self.blocks, strict=True)])

    def from_draws(self, x: Tensor, rng: np.random.Generator) -> Any:
        values = x.detach().cpu().double().numpy()
        pairs = zip(self.fields, self.blocks, strict=True)
        return self._table([column.drawn(values[:, block], rng) for column, block in pairs])

    def _table(self, arrays: list[pa.Array]) -> Any:
        """Columns as the kind of table that was fitted."""
        table = pa.table(arrays, names=self.columns)
        if self.container == "pandas":
            return self._pandas(table)
        if self.container == "polars":
            pl = polars()
            enums = [column for column in self.fields if column.name in self.enums and isinstance(column, Category)]
            return pl.from_arrow(table).with_columns(pl.col(column.name).cast(pl.Enum(column.listed)) for column in enums)
        return table

    def _pandas(self, table: pa.Table) -> Any:
        """As pandas had it: also columns of Python objects, and names that are no texts."""
        df = table.replace_schema_metadata({"pandas": json.dumps(self.pandas)}).to_pandas()
        for column in (self.pandas or {}).get("columns", ()):
            values = df[column["field_name"]]
            if column["numpy_type"] == "object" and values.dtype != object:
                values = values.astype(object)
                df[column["field_name"]] = values.where(values.notna(), None)
        if self.labels is not None:
            import pandas as pd

            tuples = all(isinstance(label, list) for label in self.labels)
            df.columns = pd.MultiIndex.from_tuples(self.labels) if tuples else pd.Index(self.labels)
        return df

    def original(self, x: Tensor) -> list[list[Any]]:
        values = x.detach().cpu().double().numpy()
        pairs = zip(self.fields, self.blocks, strict=True)
        return [column.decode(values[:, block]).to_pylist() for column, block in pairs]

    def with_given(self, X: Any, given: dict[str, Any]) -> Any:
        for column in self.fields:
            if given.get(column.name) is not None and column.type in FLOATS:
                values = pa.array(np.full(X.shape[0], float(given[column.name])))
                X = patched(X, self.columns.index(column.name), np.ones(X.shape[0], dtype=bool), values)
        return X

    def shown(self, x: Tensor, j: int) -> list[Any]:
        return self.fields[j].decode(x[:, self.blocks[j]].detach().cpu().double().numpy()).to_pylist()

    def loss(self, name: str = "auto") -> Loss:
        if name != "auto":
            return named_loss(name, self.width, [column.width for column in self.fields])
        parts = []
        for kind, loss in ((Number, Squared()), (Binary, Logistic()), (Category, None)):
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

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        fields = [{"kind": kind_of(column), **asdict(column)} for column in self.fields]
        others = {f"others.{j}": packed([f.pop("others"), f.pop("often")]) for j, f in enumerate(fields) if f.get("others")}
        meta = {
            "scale": self.scale,
            "common": self.common,
            "container": self.container,
            "pandas": self.pandas,
            "labels": self.labels,
            "enums": self.enums,
            "categories": self.categories,
            "numbers": self.numbers,
            "left_out": self.left_out,
        }
        return meta | {"fields": fields, "reading": asdict(self.reading) | {"na": list(self.reading.na)}}, others

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Tables:
        reading = Reading(**meta["reading"] | {"na": tuple(meta["reading"]["na"])})
        self = cls(reading, meta["scale"], meta["categories"], meta["numbers"])
        self.common, self.left_out = meta["common"], list(meta["left_out"])
        self.container, self.pandas, self.labels = meta["container"], meta["pandas"], meta["labels"]
        self.enums = list(meta["enums"])
        fields = [dict(f) for f in meta["fields"]]
        for name, values in arrays.items():
            rare = fields[int(name.removeprefix("others."))]
            rare["others"], rare["often"] = json.loads(values.tobytes())
        self.fields = [KINDS[f.pop("kind")](**f) for f in fields]
        self._lay_out()
        self._check()
        return self

    def _check(self) -> None:
        """What comes from a file: types and numbers that make sense."""
        if self.container not in ("pandas", "polars", "arrow") or not isinstance(self.pandas, (dict, type(None))):
            raise DataError(f"{self.container!r} is no kind of table")
        if (
            not all(isinstance(name, str) for name in self.columns)
            or len(set(self.columns)) != len(self.columns)
            or not self.width
        ):
            raise DataError("the names of the columns are not unique texts")
        for column in self.fields:
            if not is_known(arrow_type(column.type)):
                raise DataError(f"{column.type!r} is no type of a column")
            if isinstance(column, Number) and not possible(column):
                raise DataError(f"column {column.name!r} has an impossible scale")
            if isinstance(column, Category) and len(column.often) != len(column.others or []):
                raise DataError(f"column {column.name!r} has rare levels of which it is not known how often they were there")


def _has_values(table: pa.Table, name: str) -> bool:
    return len(without_gaps(plain(combined(table, name)))) > 0


def packed(values: list[Any]) -> np.ndarray:
    """JSON as bytes, where it is too long for a file's header."""
    return np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)
