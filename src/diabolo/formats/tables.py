"""Tables of typed columns: pandas, polars, Arrow; ``.csv``, ``.csv.gz``, ``.tsv``, ``.parquet``, ``.feather``.

    Number    x = (v - mean) / deviation                                      floats, integers, decimals, dates, durations
    Binary    x = 0 or 1                                                      booleans; numbers that are only 0 and 1
    Category  x = one feature per level, the last one for rare levels         strings, categoricals
    a missing value is NaN in all features of its column
    what cannot be is infinite: 7 in a Binary +inf, -3 -inf; in the last feature of a Category +inf, a level never seen

Apache Arrow is the common language: it reads the files, and its schema (with what pandas notes in it) is what gives the
same columns, types and categories back.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from ..errors import DataError, warn
from ..losses import Columns, Logistic, Loss, Part, Softmax, Squared
from ..printed import Grid, cut, few
from ..sentinels import odd, warn_odd
from .base import SAMPLE, Format, check_finite, in_order, named_loss, neither, warn_empty
from .files import Reading, is_table, read_table, rows_of, table_pieces
from .frames import (
    FEW,
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
from .scale import (
    EXACT,
    FAR,
    FEWEST,
    LOOKED_AT,
    NEAR,
    PICTURE,
    Scale,
    alike,
    decoded,
    encoded,
    measured,
    shifted,
    six_digits,
    together,
    told,
    within,
    yes_or_no,
)
from .schema import (
    DUST,
    STEPS,
    adapted,
    arrow_type,
    counted,
    family,
    floats,
    is_iso,
    is_known,
    is_text,
    narrowed,
    plain,
    without_gaps,
    words,
)
from .suspects import are_days, is_row_number, looks_like_codes

__all__ = ["Binary", "Category", "Column", "Number", "Tables"]

MAX_LEVELS = 100
FLOATS = ("halffloat", "float", "double")
ENOUGH, MOST_DECIMALS = 10, 9  # values that show decimals; decimals of what was written by hand
AT_ONCE = 8_000_000  # numbers that are measured at once
MAX_OTHERS = 100_000  # rare levels that are remembered
SHOWN, LONG, FIRST, LEVEL = 16, 32, 3, 16  # printed: columns, letters of a name; levels, letters of one
NEW = 0.25  # share of rows that have a level of their own, up to which a new level is told from a rare one
CHUNK = 65_536


@dataclass
class Column:
    """One column: values <-> features (n, width)."""

    name: str
    type: str  # of Arrow, as text
    gaps: bool = False  # whether a value was missing in fit
    empty: bool = False  # whether all were: nothing is known, and missing is what it is decoded to
    width: ClassVar[int] = 1

    def encode(self, values: pa.Array) -> np.ndarray:
        """(n,) values -> (n, width) features."""
        x = np.zeros((len(values), self.width))
        self.encode_all([self], [values], x, np.zeros(1, dtype=int))
        return x

    @classmethod
    def encode_all(cls, columns: Any, values: list[pa.Array], x: np.ndarray, starts: np.ndarray) -> None:
        """m columns of this kind, of values of one type, into x (n, d), which is 0 there, from the features `starts` (m,)."""
        raise NotImplementedError

    def decode(self, x: np.ndarray) -> pa.Array:
        """(n, width) features or expected values -> (n,) values of the column's type."""
        raise NotImplementedError

    def drawn(self, x: np.ndarray, rng: np.random.Generator) -> pa.Array:
        """Drawn features -> values."""
        return self.decode(x)

    def look(self) -> tuple[float, float]:
        """Centre and spread of the features for the curved path."""
        return 0.0, 1.0

    def draw(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Expected values (n, width) -> features, drawn from their probabilities."""
        return e

    def likeliest(self, e: Tensor) -> Tensor:
        """Expected values (n, width) -> the likeliest features."""
        return e

    def check(self, value: Any) -> None:
        """Whether a value that a user gives is one that the column can have."""

    @property
    def about(self) -> str:
        """What else is known, in a few words."""
        return "no values" if self.empty else "with gaps" if self.gaps else ""


@dataclass
class Number(Column):
    """Mean 0, standard deviation 1, or what a wild column has instead (scale.py); `middle` and `spread` are in that unit.

    Large integers and dates are counted from a whole number `origin` near their mean, dates in whole `step` s (days, hours,
    ...), so that they come back exactly although a float64 holds no more than 53 bits.
    """

    origin: int = 0
    step: int = 1
    mean: float = 0.0
    deviation: float = 1.0
    knee: float = FAR
    shift: float = 0.0
    stretch: float = 1.0
    middle: float = 0.0
    spread: float = 1.0
    nan: bool = False  # missing is written as NaN, not as null
    odd: list[list[float]] = field(default_factory=list)  # values that look like a code for "missing", and how often
    decimals: int | None = None  # of floats, as far as the column shows
    positive: bool = False  # never below 0 in fit

    @classmethod
    def fit(cls, name: str, values: pa.Array) -> Number:
        origin, step = whole(values)
        v = numeric(values, origin)
        found = cls.fit_all([name], [str(values.type)], v[None], [values.null_count])[0]
        found.origin, found.step = origin, step
        found.positive = bool(np.fmin.reduce(v, initial=np.inf) + origin >= 0) and not pa.types.is_temporal(values.type)
        return found

    @classmethod
    def fit_all(cls, names: list[str], types: list[str], v: np.ndarray, nulls: list[int]) -> list[Number]:
        """Columns (d, n) of numbers, NaN = missing, of which so many are nulls."""
        if not len(v):
            return []
        missing, scale, positive = (
            np.isnan(v).sum(1).tolist(),
            measured(v),
            (np.fmin.reduce(v, 1, initial=np.inf) >= 0).tolist(),
        )
        found = []
        for j, (name, t, digits) in enumerate(zip(names, types, decimals(v, types), strict=True)):
            column = cls(name, t, missing[j] > 0, missing[j] == v.shape[1], decimals=digits, positive=positive[j])
            column.nan = nulls[j] < missing[j] and t in FLOATS
            column.take(scale, j)
            found.append(column)
        for j, value, count in odd(v):
            found[int(j)].odd.append([value, count])
        return found

    def take(self, scale: Scale, j: int = 0) -> None:
        """The scale of column j."""
        found = (float(values[j]) for values in scale)
        self.mean, self.deviation, self.knee, self.shift, self.stretch, self.middle, self.spread = found

    @property
    def unit(self) -> tuple[float, ...]:
        """What :func:`scale.encoded` wants to know."""
        return self.mean, self.deviation, self.knee, self.shift, self.stretch

    @classmethod
    def encode_all(cls, columns: list[Number], values: list[pa.Array], x: np.ndarray, starts: np.ndarray) -> None:
        v = matrix(values, columns, [column.origin for column in columns])
        x[:, starts] = encoded(v, *np.array([column.unit for column in columns], dtype=np.float64).T)

    def decode(self, x: np.ndarray) -> pa.Array:
        return self._decoded(x, self.decimals)

    def drawn(self, x: np.ndarray, rng: np.random.Generator) -> pa.Array:
        """0.58698, not 0.5869800000000001: draws have six digits of the deviation."""
        short = self.type in FLOATS and self.decimals is None
        return self._decoded(x, six_digits(self.deviation) if short else self.decimals)

    def _decoded(self, x: np.ndarray, decimals: int | None) -> pa.Array:
        v = decoded(x[:, 0], *self.unit)
        v = np.full(len(v), np.nan) if self.empty else v if decimals is None else rounded(v, decimals)
        return from_numeric(v, arrow_type(self.type), self.nan, self.origin, self.step)

    def look(self) -> tuple[float, float]:
        return self.middle, self.spread


@dataclass
class Binary(Column):
    """No or yes."""

    share: float = 0.5

    @classmethod
    def fit(cls, name: str, values: pa.Array) -> Binary:
        v = numeric(values)
        known = v[~np.isnan(v)]
        share = float(known.mean()) if len(known) else 0.5
        return cls(name, str(values.type), len(known) < len(v), not len(known), share)

    @classmethod
    def encode_all(cls, columns: list[Binary], values: list[pa.Array], x: np.ndarray, starts: np.ndarray) -> None:
        x[:, starts] = yes_no(matrix(values, columns))

    def decode(self, x: np.ndarray) -> pa.Array:
        v = np.where(np.isnan(x[:, 0]) | self.empty, np.nan, x[:, 0] >= 0.5)
        return from_numeric(v, arrow_type(self.type), False)

    def draw(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return rng.random(e.shape) < e

    def likeliest(self, e: Tensor) -> Tensor:
        return e.round()


@dataclass
class Category(Column):
    """One feature per level, most frequent first, then one for every other value."""

    levels: list[Any] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)  # of the levels and of "other"
    rest: Any = None  # the most frequent level that has no feature of its own
    part: float = 1.0  # its share among all these
    new: float = 0.0  # share of the rows to come that will have a level never seen, as far as can be told
    often: list[int] = field(default_factory=list)  # how often each of the others was there
    others: list[Any] | None = None  # all levels that have none; None: too many to know what is new
    listed: list[Any] | None = None  # the categories of a categorical type, in its order
    ordered: bool = False
    mixed: bool = False  # numbers and texts, read as texts

    @property
    def about(self) -> str:
        first, n = ", ".join(cut(few(v), LEVEL) for v in self.levels[:FIRST]), len(self.levels) + len(self.others or ())
        levels = first if n <= FIRST else f"{first} and {'more' if self.others is None else f'{n - FIRST:,} more'}"
        return "; ".join(filter(None, [levels, super().about]))

    @classmethod
    def fit(cls, name: str, values: pa.Array) -> Category:
        listed, ordered = None, False
        if pa.types.is_dictionary(values.type):
            listed, ordered = listed_of(values.dictionary), bool(values.type.ordered)
        kind = str(values.type.value_type if listed is not None else values.type)
        return cls.of(name, kind, tally(values), len(values), listed, ordered)

    @classmethod
    def of(cls, name: str, kind: str, counts: Counter[Any], rows: int, listed: list[Any] | None, ordered: bool) -> Category:
        """From how often each level is there."""
        pairs = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        total = sum(n for _, n in pairs)
        if len(pairs) > max(MAX_LEVELS, total // 2):
            warn(
                f"column {name!r} has {len(pairs):,} different values in {total:,} rows: it looks like an identifier or "
                f"a text, and all but the {MAX_LEVELS} most frequent count as one; drop it if it says nothing, or if it is a "
                f"text that says much, learn from it alone: format=Documents(column={name!r}), --text"
            )
        kept, others = pairs[:MAX_LEVELS], pairs[MAX_LEVELS:]
        shares = [n / max(total, 1) for _, n in kept] + [sum(n for _, n in others) / max(total, 1)]
        rest = others[0][0] if others else None
        new = sum(n == 1 for _, n in pairs) / max(total, 1)  # of the next rows, about this share has a new level (Good, 1953)
        known = len(others) <= MAX_OTHERS and new <= NEW and total >= FEWEST
        column = cls(name, kind, total < rows, not total, [v for v, _ in kept], shares, rest)
        column.part = others[0][1] / sum(n for _, n in others) if others else 1.0
        column.others, column.listed, column.ordered = [v for v, _ in others] if known else None, listed, ordered
        column.often = [n for _, n in others] if known else []
        column.new = new if known else 0.0
        return column

    @property
    def width(self) -> int:  # type: ignore[override]
        return len(self.levels) + 1

    @cached_property
    def known(self) -> pa.Array:
        """The levels, then those that have no feature of their own."""
        return from_plain([*self.levels, *(self.others or [])], arrow_type(self.type))

    @cached_property
    def places(self) -> dict[Any, int]:
        return {v: i for i, v in enumerate(self.known.to_pylist())}

    @classmethod
    def encode_all(cls, columns: list[Category], values: list[pa.Array], x: np.ndarray, starts: np.ndarray) -> None:
        index = np.stack([column._index(v) for column, v in zip(columns, values, strict=True)], 1)
        last = np.array([len(column.levels) for column in columns])
        x[np.arange(len(x))[:, None], starts + index.clip(0, last)] = 1.0
        new = index == np.array([len(column.known) for column in columns])
        for j in np.flatnonzero(new.any(0)).tolist():
            columns[j]._see_new(values[j], new[:, j], x[:, starts[j] + last[j]])
        for j in np.flatnonzero((index < 0).any(0)).tolist():
            x[index[:, j] < 0, starts[j] : starts[j] + columns[j].width] = np.nan

    def _see_new(self, values: pa.Array, new: np.ndarray, x: np.ndarray) -> None:
        """Levels never seen, in the column's last feature x (n,)."""
        if self.others is not None:
            x[new] = np.inf
        if is_text(self.known.type):
            seen = pc.unique(values.filter(pa.array(new)))[:LOOKED_AT]
            warn_near(self.name, seen.to_pylist(), self.known.to_pylist())

    def _index(self, values: pa.Array) -> np.ndarray:
        """The place of each value among the known levels, behind them if it is new, -1 if it is missing."""
        known = self.known
        alike = values.type == known.type or any(s(known.type) and s(values.type) for s in (is_text, pa.types.is_integer))
        if alike and len(values) <= FEW:  # Arrow's own look-up costs more
            return np.array([-1 if v is None else self.places.get(v, len(known)) for v in values.to_pylist()])
        if values.type != known.type:
            values, known = compared(values, known)
        index = pc.fill_null(pc.index_in(values, known), len(known)).to_numpy(zero_copy_only=False)
        return np.where(values.is_null().to_numpy(zero_copy_only=False), -1, index)

    def decode(self, x: np.ndarray) -> pa.Array:
        names = [*self.levels, self.rest]
        missing = np.isnan(x).any(1)
        x = np.where(missing[:, None], -np.inf, x)
        x[:, -1] *= self.part  # of many rare levels together, one
        if self.rest is None and self.levels:  # no other level was ever seen: none is expected
            x[:, -1] = np.where(np.isposinf(x[:, -1]), np.inf, -np.inf)
        return self._named(names, x.argmax(1), missing)

    def draw(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        p = e.copy()
        if self.rest is None and self.levels:  # no other level was ever seen
            p[:, -1] = 0.0
        p /= p.sum(1, keepdims=True)
        level = (p.cumsum(1) < rng.random((len(p), 1))).sum(1).clip(max=p.shape[1] - 1)
        return np.eye(p.shape[1])[level]

    def likeliest(self, e: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(e.argmax(1), e.shape[1]).to(e.dtype)

    def check(self, value: Any) -> None:
        if value is not None and value not in self.levels:
            known = ", ".join(map(repr, self.levels[:LISTED])) + (", ..." if len(self.levels) > LISTED else "")
            raise DataError(f"given {self.name!r}: {value!r} is none of its levels, which are {known}")

    def drawn(self, x: np.ndarray, rng: np.random.Generator) -> pa.Array:
        """Drawn features -> values: of the levels that share a feature, each as often as it was."""
        best, others = x.argmax(1), self.others or [self.rest]
        rare = np.flatnonzero(best == len(self.levels))
        often = np.array(self.often or [1])
        best[rare] += rng.choice(len(others), len(rare), p=often / often.sum())
        return self._named([*self.levels, *others], best, np.isnan(x).any(1))

    def _named(self, names: list[Any], place: np.ndarray, missing: np.ndarray) -> pa.Array:
        t = arrow_type(self.type)
        values = from_plain(names, t).take(pa.array(place, mask=missing))
        if self.listed is None:
            return values.cast(t)
        order = from_plain(self.listed, t)
        return pa.DictionaryArray.from_arrays(pc.index_in(values, order), order, ordered=self.ordered)


LISTED = 20  # levels named in an error
KINDS: dict[str, type[Any]] = {"number": Number, "binary": Binary, "category": Category}


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
        counts = dict.fromkeys(kinds, 0) | Counter(_called(column) for column in self.fields)
        counts["with gaps"] = sum(column.gaps for column in self.fields)
        counts["squashed"] = sum(isinstance(column, Number) and column.knee < FAR for column in self.fields)
        return f"Tables({told(counts)}{', one unit for all' if self.common else ''}; {self.container})"

    def _parts(self) -> Iterator[str | Grid]:
        yield self._line()
        if hasattr(self, "fields"):
            rows = [[cut(c.name, LONG), ONE[_called(c)], c.type, c.about] for c in self.fields[:SHOWN]]
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
        self.common = self.scale == "auto" and _share(self.fields, table)
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
        self._kinds = np.array([_plain_kind(column) for column in self.fields])

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


def warn_near(name: str, new: list[str], known: list[str]) -> None:
    """Of levels never seen, name those that differ from known ones in spaces, case or the way accents are written."""
    alike = {same(v): v for v in known}
    near = [(v, alike[same(v)]) for v in new if same(v) in alike]
    if near:
        said = ", ".join(f"{v!r} ({was!r} was seen)" for v, was in near[:3])
        warn(
            f"column {name!r} holds {said}{', ...' if len(near) > 3 else ''}: levels that differ in spaces or case are others. "
            f"If they are the same, write them alike, as with df[{name!r}].str.strip()"
        )


def same(text: str) -> str:
    """What is left of a level without what is easily overlooked."""
    return " ".join(normalize("NFC", text).casefold().split())


def yes_no(v: np.ndarray) -> np.ndarray:
    """0 and 1 as they are; below is -inf, everything else +inf."""
    return np.where((v == 0) | (v == 1) | np.isnan(v), v, np.where(v < 0, -np.inf, np.inf))


def kind_of(column: Column) -> str:
    """As a model's file and people call it."""
    return next(name for name, cls in KINDS.items() if isinstance(column, cls))


def _plain_kind(column: Column) -> str:
    """Of a fitted column, as `kinds_of` has it: "f" plain numbers, "b" 0 and 1, "" anything else."""
    t = arrow_type(column.type)
    if isinstance(column, Binary):
        return "" if pa.types.is_decimal(t) else "b"
    plain = isinstance(column, Number) and not column.origin and (pa.types.is_integer(t) or pa.types.is_floating(t))
    return "f" if plain else ""


ONE = {
    "numbers": "number",
    "dates": "date",
    "times of day": "time of day",
    "durations": "duration",
    "yes or no": "yes or no",
    "categories": "category",
}


def _called(column: Column) -> str:
    """What a column holds, in people's words; dates, times and durations count as numbers."""
    if isinstance(column, Number):
        found = family(arrow_type(column.type)) or ""
        return found if found in ("dates", "times of day", "durations") else "numbers"
    return "yes or no" if isinstance(column, Binary) else "categories"


def _has_values(table: pa.Table, name: str) -> bool:
    return len(without_gaps(plain(combined(table, name)))) > 0


def possible(column: Number) -> bool:
    """Whether the numbers of a column can be such."""
    floats = (*column.unit, column.middle, column.spread)
    whole = (column.origin, column.step, column.decimals or 0)
    if not all(type(v) in (int, float) for v in floats) or not all(type(v) is int for v in whole):
        return False
    positive = column.deviation, column.knee, column.stretch, column.spread, column.step
    return min(positive) > 0 and abs(column.origin) < 1 << 63 and 0 <= (column.decimals or 0) <= MOST_DECIMALS


def packed(values: list[Any]) -> np.ndarray:
    """JSON as bytes, where it is too long for a file's header."""
    return np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)


def _share(fields: list[Any], table: pa.Table) -> bool:
    """Give columns that are plainly pixels or shares one unit, as in an array (arrays.py); whether they are."""
    kinds = {type(column) for column in fields}
    if not (Number in kinds and kinds <= {Number, Binary} and len(fields) >= PICTURE):
        return False
    if not all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (table.schema.field(c.name).type for c in fields)):
        return False
    v = np.stack([numeric(combined(table, column.name)) for column in fields])
    if not alike(np.fmin.reduce(v, 1), np.fmax.reduce(v, 1)):
        return False
    some = v[:, :: max(1, v.shape[1] // LOOKED_AT)]
    scale = together(some, np.zeros(len(v)), 1.0)
    for j, column in enumerate(fields):
        if isinstance(column, Number):
            column.take(scale, j)
    return True


def weight(column: Column) -> float:
    """v_j: variance over the loss of the best constant guess (see Columns)."""
    if isinstance(column, Number):
        return 1.0
    if isinstance(column, Binary):
        return yes_or_no(column.share)
    p = np.array(getattr(column, "shares", [1.0]))
    entropy = -float(np.sum(p[p > 0] * np.log(p[p > 0])))
    return (1 - float(np.sum(p**2))) / entropy if entropy > 1e-9 else 1.0


def fit_columns(table: pa.Table, names: list[str], categories: list[str], numbers: list[str]) -> list[Column]:
    """The kind of each column; plain numbers are measured together."""
    types = {name: table.schema.field(name).type for name in names}
    plain = [n for n, t in types.items() if n not in categories and (pa.types.is_integer(t) or pa.types.is_floating(t))]
    found: dict[str, Column] = {}
    size = max(1, AT_ONCE // max(1, table.num_rows))
    for i in range(0, len(plain), size):
        found |= fit_numbers(table, plain[i : i + size], numbers)
    for name in names:
        if name not in found:
            found[name] = fit_column(name, combined(table, name), name in categories, name in numbers)
    return [found[name] for name in names]


def fit_numbers(table: pa.Table, names: list[str], numbers: list[str]) -> dict[str, Column]:
    """Columns of plain numbers; those that are too large for float64 are left to :func:`fit_column`."""
    places = np.array([table.schema.get_field_index(name) for name in names])
    v = np.ascontiguousarray(matrix_of(table, places).T)
    v[(np.abs(v) < DUST) & (np.abs(v) > DUST * 1e20).any(1, keepdims=True)] = 0.0
    check_finite(v.T, names)
    zero, one = v == 0, v == 1
    binary = zero.any(1) & one.any(1) & (zero | one | np.isnan(v)).all(1) & ~np.isin(names, numbers)
    types = [table.schema.field(name).type for name in names]
    large = np.fmax.reduce(np.abs(v), 1, initial=0.0) > EXACT
    left = np.array([large[j] and pa.types.is_integer(t) for j, t in enumerate(types)], dtype=bool)
    found: dict[str, Column] = {}
    for j in np.flatnonzero(binary).tolist():
        known = v[j][~np.isnan(v[j])]
        found[names[j]] = Binary(names[j], str(types[j]), len(known) < v.shape[1], share=float(known.mean()))
    rest = np.flatnonzero(~binary & ~left).tolist()
    nulls = [table.column(int(places[j])).null_count for j in rest]
    for column in Number.fit_all([names[j] for j in rest], [str(types[j]) for j in rest], v[rest], nulls):
        found[column.name] = column
    return found


def fit_column(name: str, values: pa.Array, category: bool = False, number: bool = False) -> Column:
    """The kind of column that suits the type and the values, or that was asked for."""
    t = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    decimal = pa.types.is_decimal(t) and (category or pa.types.is_dictionary(values.type))
    if not is_known(t) or decimal:
        raise DataError(
            f"column {name!r} holds {'categories that are decimals' if decimal else words(t)}, which cannot be learned: "
            f"give numbers, booleans, dates, texts or categories of these, such as df[{name!r}].astype(str), or drop the column"
        )
    if number and family(t) not in ("numbers", "nothing"):
        raise DataError(f"numbers={[name]!r}: column {name!r} holds {words(t)}, not numbers")
    if number:
        return Number.fit(name, plain(values))
    if category or pa.types.is_dictionary(values.type) or is_text(t):
        return Category.fit(name, values)
    if pa.types.is_boolean(t):
        return Binary.fit(name, values)
    if pa.types.is_decimal(t) and set(pc.unique(without_gaps(values)).to_pylist()[:4]) == {0, 1}:
        return Binary.fit(name, values)
    return Number.fit(name, values)


def decimals(v: np.ndarray, types: list[str]) -> list[int | None]:
    """How many decimals columns (d, n) of floats show; None for others, for few values, and for more than nine."""
    found: list[int | None] = [None] * len(v)
    known = ~np.isnan(v)
    left = np.array([j for j, t in enumerate(types) if t in FLOATS and known[j].sum() >= ENOUGH], dtype=int)
    single = np.array([t != "double" for t in types], dtype=bool)
    for digits in range(MOST_DECIMALS + 1):
        if not len(left):
            break
        fits = np.ones(len(left), dtype=bool)
        for part in (slice(0, 50), slice(50, None)):  # most columns show it at once
            some = left[fits]
            w = v[some, part]
            with np.errstate(all="ignore"):
                r = rounded(w, digits)
                r = np.where(single[some][:, None], r.astype(np.float32).astype(np.float64), r)
            fits[fits] = ((r == w) | np.isnan(w)).all(1)
        for j in left[fits].tolist():
            found[j] = digits
        left = left[~fits]
    return found


def rounded(v: np.ndarray, digits: int) -> np.ndarray:
    """27.62, not 27.620800000000003; what is too large to have decimals stays."""
    with np.errstate(all="ignore"):
        r = np.round(v, digits)
    return np.where(np.isfinite(r), r + 0.0, v)  # no -0.0


def shown(column: Number, value: float) -> str:
    """A value of a column, as people read it."""
    v = from_numeric(np.array([value]), arrow_type(column.type), False, column.origin, column.step)[0].as_py()
    return f"{v:.15g}" if isinstance(v, float) else str(v)


SPANS = (86_400, 3600, 60, 1)  # seconds


def whole(values: pa.Array) -> tuple[int, int]:
    """The whole number near the middle of a column of whole numbers, and the step in which a date counts."""
    t = values.type
    if not (pa.types.is_integer(t) or pa.types.is_temporal(t)) or pa.types.is_uint64(t) or values.null_count == len(values):
        return 0, 1
    v = counted(values).drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    origin = (int(v.min()) + int(v.max())) // 2
    if not pa.types.is_temporal(t):
        return (0 if max(-int(v.min()), int(v.max())) <= EXACT else origin), 1
    if not hasattr(t, "unit") or t.unit not in STEPS:
        return origin, 1
    units = [seconds * STEPS[t.unit] for seconds in SPANS] + [STEPS[t.unit] // n for n in (10**3, 10**6, 10**9)]
    step = next((u for u in units if u > 1 and not (v % u).any()), 1)
    return origin // step * step, step


def tally(values: pa.Array) -> Counter[Any]:
    """How often each level is there, as what JSON knows."""
    counts = pc.value_counts(counted(without_gaps(plain(values))))
    return Counter({c["values"].as_py(): c["counts"].as_py() for c in counts})


def listed_of(values: pa.Array) -> list[Any]:
    """Levels as what JSON knows: dates as whole numbers, NaN and decimals as what they can be."""
    return counted(values).to_pylist()


def from_plain(levels: list[Any], t: pa.DataType) -> pa.Array:
    """Levels as what JSON knows -> an Arrow array; dates are whole numbers."""
    if pa.types.is_temporal(t):
        return pa.array(levels, pa.int64() if t.bit_width == 64 else pa.int32()).cast(t)
    return pa.array(levels, pa.large_string() if pa.types.is_string_view(t) else t)


def compared(values: pa.Array, known: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Values and levels of one family in one type."""
    if is_text(known.type):
        return values.cast(known.type), known
    if pa.types.is_integer(values.type) and pa.types.is_integer(known.type):
        wide = pa.uint64() if pa.types.is_uint64(values.type) or pa.types.is_uint64(known.type) else pa.int64()
        try:
            return values.cast(wide), known.cast(wide)
        except pa.ArrowInvalid:
            pass
    return pa.array(floats(values), from_pandas=True), pa.array(floats(known))


def matrix(values: list[pa.Array], columns: Sequence[Column], origins: Sequence[int] = (0,)) -> np.ndarray:
    """m arrays of one type -> (n, m) numbers."""
    origin = np.repeat(origins, len(values[0])) if any(origins) else 0
    v = numeric(pa.concat_arrays(values), origin).reshape(len(values), -1).T
    check_finite(v, [column.name for column in columns])
    return v


def numeric(values: pa.Array, origin: np.ndarray | int = 0) -> np.ndarray:
    """Any number-like Arrow array -> float64 with NaN for null, counted from `origin`; dates in their own unit."""
    t = values.type
    if pa.types.is_null(t):
        return np.full(len(values), np.nan)
    values = counted(values)
    if np.any(origin) and pa.types.is_integer(values.type) and not pa.types.is_uint64(values.type):
        v = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(values.is_null().to_numpy(zero_copy_only=False), np.nan, shifted(v, origin))
    return floats(values) - origin


def from_numeric(v: np.ndarray, t: pa.DataType, nan: bool, origin: int = 0, step: int = 1) -> pa.Array:
    """float64 with NaN, counted from `origin` -> an Arrow array of type `t`."""
    missing = np.isnan(v)
    if pa.types.is_null(t):
        return pa.nulls(len(v))
    if pa.types.is_floating(t):
        return pa.array(v.astype(t.to_pandas_dtype()), t, mask=None if nan else missing)
    if pa.types.is_boolean(t):
        return pa.array(np.nan_to_num(v) >= 0.5, mask=missing)
    if pa.types.is_decimal(t):
        return pa.array(v, pa.float64(), mask=missing).cast(t, safe=False)
    base = t if pa.types.is_integer(t) else pa.int64() if t.bit_width == 64 else pa.int32()
    low, high = _range(t, base)
    steps = np.nan_to_num(v / step).round().clip(-within((origin - low) // step), within((high - origin) // step))
    kind = np.uint64 if pa.types.is_uint64(t) else np.int64
    integers = steps.astype(kind) * kind(step) + kind(origin)
    return pa.array(integers, mask=missing).cast(base).cast(t)


def _range(t: pa.DataType, base: pa.DataType) -> tuple[int, int]:
    """What a type can hold; of times of day, a day."""
    if pa.types.is_time(t):
        return 0, 86_400 * STEPS[t.unit] - 1
    info = np.iinfo(base.to_pandas_dtype())
    low, high = int(info.min), int(info.max)
    if pa.types.is_date(t) or pa.types.is_timestamp(t):  # the years 1 to 9999 of Python's dates, less one where zones move them
        day = 1 if pa.types.is_date32(t) else 86_400 * STEPS[getattr(t, "unit", "ms")]
        less = 366 if getattr(t, "tz", None) else 0
        return max(low, (less - 719_162) * day), min(high, (2_932_897 - less) * day - 1)
    return low + int(pa.types.is_temporal(t)), high  # the least is pandas' "not a time"
