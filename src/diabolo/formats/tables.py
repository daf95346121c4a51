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
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from ..errors import DataError, missing_extra
from ..losses import Columns, Logistic, Loss, Part, Softmax, Squared
from .base import SAMPLE, Format, named_loss, warn_empty
from .files import READABLE, Reading, read_table, table_pieces
from .scale import (
    EXACT,
    FAR,
    LOOKED_AT,
    NEAR,
    PICTURE,
    Scale,
    alike,
    decoded,
    encoded,
    measured,
    odd,
    shifted,
    together,
    told,
    warn_odd,
    within,
    yes_or_no,
)

__all__ = ["Binary", "Category", "Column", "Number", "Tables"]

MAX_LEVELS = 100
MAX_OTHERS = 100_000  # rare levels that are remembered
NEW = 0.25  # share of rows that have a level of their own, up to which a new level is told from a rare one
CHUNK = 65_536


@dataclass
class Column:
    """One column: values <-> features (n, width)."""

    name: str
    type: str  # of Arrow, as text
    gaps: bool = False  # whether a value was missing in fit
    width: ClassVar[int] = 1

    def encode(self, values: pa.Array) -> np.ndarray:
        """(n,) values -> (n, width) features."""
        raise NotImplementedError

    def decode(self, x: np.ndarray) -> pa.Array:
        """(n, width) features or expected values -> (n,) values of the column's type."""
        raise NotImplementedError

    def look(self) -> tuple[float, float]:
        """Centre and spread of the features for the curved path."""
        return 0.0, 1.0


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

    @classmethod
    def fit(cls, name: str, values: pa.Array) -> Number:
        origin, step = whole(values)
        v = numeric(values, name, origin)
        missing = int(np.isnan(v).sum())
        column = cls(name, str(values.type), missing > 0, origin, step)
        column.nan = bool(pa.types.is_floating(values.type) and values.null_count < missing)
        column.take(measured(v[None]))
        column.odd = [[value, count] for _, value, count in odd(v[None])]
        return column

    def take(self, scale: Scale, j: int = 0) -> None:
        """The scale of column j."""
        found = (float(values[j]) for values in scale)
        self.mean, self.deviation, self.knee, self.shift, self.stretch, self.middle, self.spread = found

    @property
    def unit(self) -> tuple[float, ...]:
        """What :func:`scale.encoded` wants to know."""
        return self.mean, self.deviation, self.knee, self.shift, self.stretch

    def encode(self, values: pa.Array) -> np.ndarray:
        return encoded(numeric(values, self.name, self.origin), *self.unit)[:, None]

    def decode(self, x: np.ndarray) -> pa.Array:
        v = decoded(x[:, 0], *self.unit)
        return from_numeric(v, arrow_type(self.type), self.nan, self.origin, self.step)

    def look(self) -> tuple[float, float]:
        return self.middle, self.spread


@dataclass
class Binary(Column):
    """No or yes."""

    share: float = 0.5

    @classmethod
    def fit(cls, name: str, values: pa.Array) -> Binary:
        v = numeric(values, name)
        known = v[~np.isnan(v)]
        return cls(name, str(values.type), bool(len(known) < len(v)), float(known.mean()) if len(known) else 0.5)

    def encode(self, values: pa.Array) -> np.ndarray:
        v = numeric(values, self.name)
        return np.where((v == 0) | (v == 1) | np.isnan(v), v, np.where(v < 0, -np.inf, np.inf))[:, None]

    def decode(self, x: np.ndarray) -> pa.Array:
        v = np.where(np.isnan(x[:, 0]), np.nan, x[:, 0] >= 0.5)
        return from_numeric(v, arrow_type(self.type), False)


@dataclass
class Category(Column):
    """One feature per level, most frequent first, then one for every other value."""

    levels: list[Any] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)  # of the levels and of "other"
    rest: Any = None  # the most frequent level that has no feature of its own
    others: list[Any] | None = None  # all levels that have none; None: too many to know what is new
    listed: list[Any] | None = None  # the categories of a categorical type, in its order
    ordered: bool = False

    @classmethod
    def fit(cls, name: str, values: pa.Array) -> Category:
        listed, ordered = None, False
        if pa.types.is_dictionary(values.type):
            listed, ordered = plain(values.dictionary), bool(values.type.ordered)
            values = values.cast(values.type.value_type)
        kind = str(values.type)
        counts = pc.value_counts(counted(values, name).drop_null())
        pairs = [(c["values"].as_py(), c["counts"].as_py()) for c in counts]
        pairs.sort(key=lambda pair: (-pair[1], str(pair[0])))
        total = sum(n for _, n in pairs)
        if len(pairs) > max(MAX_LEVELS, total // 2):
            warnings.warn(
                f"column {name!r} has {len(pairs):,} different values in {total:,} rows: it looks like an identifier or "
                f"a text, and all but the {MAX_LEVELS} most frequent count as one; drop it if it says nothing",
                stacklevel=2,
            )
        kept, others = pairs[:MAX_LEVELS], pairs[MAX_LEVELS:]
        shares = [n / max(total, 1) for _, n in kept] + [sum(n for _, n in others) / max(total, 1)]
        rest = others[0][0] if others else None
        new = sum(n == 1 for _, n in pairs) / max(total, 1)  # of the next rows, about this share has a new level (Good, 1953)
        known = len(others) <= MAX_OTHERS and new <= NEW
        column = cls(name, kind, values.null_count > 0, [v for v, _ in kept], shares, rest)
        column.others, column.listed, column.ordered = [v for v, _ in others] if known else None, listed, ordered
        return column

    @property
    def width(self) -> int:  # type: ignore[override]
        return len(self.levels) + 1

    def encode(self, values: pa.Array) -> np.ndarray:
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        known, last = from_plain([*self.levels, *(self.others or [])], arrow_type(self.type)), len(self.levels)
        if values.type != known.type:
            values = cast(values, known.type, self.name)
        index = pc.fill_null(pc.index_in(values, known), len(known)).to_numpy(zero_copy_only=False)
        x = np.zeros((len(values), self.width))
        x[np.arange(len(values)), index.clip(max=last)] = 1.0
        if self.others is not None:
            x[index == len(known), last] = np.inf
        x[values.is_null().to_numpy(zero_copy_only=False)] = np.nan
        return x

    def decode(self, x: np.ndarray) -> pa.Array:
        names = [*self.levels, self.rest]
        missing = np.isnan(x).any(1)
        best = np.where(missing[:, None], -np.inf, x).argmax(1)
        values = from_plain(names, arrow_type(self.type)).take(pa.array(best, mask=missing))
        if self.listed is None:
            return values
        order = from_plain(self.listed, arrow_type(self.type))
        indices = pc.index_in(values, order)
        return pa.DictionaryArray.from_arrays(indices, order, ordered=self.ordered)


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

    def __init__(self, reading: Reading | None = None, scale: str = "auto") -> None:
        if scale not in ("auto", "each"):
            raise ValueError(f"scale={scale!r}: allowed are 'auto' and 'each'")
        self.reading = reading or Reading()
        self.scale, self.common = scale, False

    def __repr__(self) -> str:
        if not hasattr(self, "fields"):
            return f"Tables(scale={self.scale!r})"
        kinds = (("numbers", Number), ("yes or no", Binary), ("categories", Category))
        counts = {name: sum(isinstance(column, kind) for column in self.fields) for name, kind in kinds}
        counts["with gaps"] = sum(column.gaps for column in self.fields)
        counts["squashed"] = sum(isinstance(column, Number) and column.knee < FAR for column in self.fields)
        return f"Tables({told(counts)}{', one unit for all' if self.common else ''}; {self.container})"

    @classmethod
    def accepts(cls, X: Any) -> bool:
        if isinstance(X, (str, Path)):
            return str(X).endswith(READABLE)
        return (hasattr(X, "columns") and hasattr(X, "dtypes")) or hasattr(X, "schema")

    def fit(self, X: Any) -> Tables:
        self.container = container(X)
        table = read_table(X, SAMPLE, self.reading) if isinstance(X, (str, Path)) else arrow(X)
        self.columns = names = [str(name) for name in table.column_names]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise DataError(f"column names must be unique, but {', '.join(map(repr, repeated))} is repeated: rename them")
        if not names:
            raise DataError("0 feature(s) (shape=(n, 0)) while a minimum of 1 is required: the table has no columns")
        self.fields = [fit_column(name, combined(table, name)) for name in names]
        self.width = sum(column.width for column in self.fields)
        self.common = self.scale == "auto" and _share(self.fields, table)
        self.pandas = table.schema.pandas_metadata if self.container == "pandas" else None
        self.labels = labels(X) if self.container == "pandas" else None
        self.enums = [f.name for f in table.schema if any(key.startswith(b"_PL_ENUM") for key in f.metadata or {})]
        warn_empty([name for name in names if not has_values(combined(table, name))])
        numbers = [column for column in self.fields if isinstance(column, Number)]
        warn_odd([(c.name, shown(c, value), int(count)) for c in numbers for value, count in c.odd])
        return self

    @property
    def blocks(self) -> list[slice]:
        """The features of each column."""
        ends = np.cumsum([0, *(column.width for column in self.fields)])
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The type of each fitted column."""
        return {column.name: arrow_type(column.type) for column in self.fields}

    def chunks(self, X: Any) -> Iterator[Any]:
        if isinstance(X, (str, Path)):
            yield from table_pieces(X, CHUNK, self.reading, self.types)
            return
        table = arrow(X)
        for start in range(0, table.num_rows, CHUNK):
            yield table.slice(start, CHUNK)

    def to_tensor(self, X: Any) -> Tensor:
        table = read_table(X, None, self.reading, self.types) if isinstance(X, (str, Path)) else arrow(X)
        absent = [name for name in self.columns if name not in table.column_names]
        if absent:
            raise DataError(
                f"X has no column {', '.join(map(repr, absent))}, which the model was fitted with; "
                f"it has {', '.join(map(repr, table.column_names[:20]))}"
            )
        x = np.empty((table.num_rows, self.width))
        for column, block in zip(self.fields, self.blocks, strict=True):
            x[:, block] = column.encode(combined(table, column.name))
        return torch.from_numpy(x)

    def from_tensor(self, x: Tensor) -> Any:
        values = x.detach().cpu().double().numpy()
        arrays = [column.decode(values[:, block]) for column, block in zip(self.fields, self.blocks, strict=True)]
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

    def knees(self) -> np.ndarray:
        knees = [column.knee if isinstance(column, Number) else FAR for column in self.fields]
        return np.where(np.array(knees) == NEAR, NEAR, np.inf)

    def view(self) -> tuple[Tensor, Tensor]:
        looks = [column.look() for column in self.fields for _ in range(column.width)]
        return torch.tensor([c for c, _ in looks]), torch.tensor([s for _, s in looks])

    def missing(self) -> list[int]:
        return [block.start for column, block in zip(self.fields, self.blocks, strict=True) if column.gaps]

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        kinds = {cls: name for name, cls in KINDS.items()}
        fields = [{"kind": kinds[type(column)], **asdict(column)} for column in self.fields]
        others = {f"others.{j}": packed(f.pop("others")) for j, f in enumerate(fields) if f.get("others")}
        meta = {
            "scale": self.scale,
            "common": self.common,
            "container": self.container,
            "pandas": self.pandas,
            "labels": self.labels,
            "enums": self.enums,
        }
        return meta | {"fields": fields, "reading": asdict(self.reading) | {"na": list(self.reading.na)}}, others

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Tables:
        self = cls(Reading(**meta["reading"] | {"na": tuple(meta["reading"]["na"])}))
        self.scale, self.common = meta["scale"], meta["common"]
        self.container, self.pandas, self.labels = meta["container"], meta["pandas"], meta["labels"]
        self.enums = list(meta["enums"])
        fields = [dict(f) for f in meta["fields"]]
        for name, values in arrays.items():
            fields[int(name.removeprefix("others."))]["others"] = json.loads(values.tobytes())
        self.fields = [KINDS[f.pop("kind")](**f) for f in fields]
        self.columns = [column.name for column in self.fields]
        self.width = sum(column.width for column in self.fields)
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
            if not _is_known(arrow_type(column.type)):
                raise DataError(f"{column.type!r} is no type of a column")
            if not isinstance(column, Number):
                continue
            positive = column.deviation, column.knee, column.stretch, column.spread, column.step
            if not (min(positive) > 0 and abs(column.origin) < 1 << 63):
                raise DataError(f"column {column.name!r} has an impossible scale")


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
    v = np.stack([numeric(combined(table, column.name), column.name) for column in fields])
    if not alike(np.fmin.reduce(v, 1), np.fmax.reduce(v, 1)):
        return False
    some = v[:, :: max(1, v.shape[1] // LOOKED_AT)]
    scale = together(some, np.zeros(len(v)), 1.0)
    for j, column in enumerate(fields):
        if isinstance(column, Number):
            column.take(scale, j)
    return True


def labels(df: Any) -> list[Any] | None:
    """The names of a pandas table's columns, if they are whole numbers or tuples; None for texts."""
    found = [list(name) if isinstance(name, tuple) else name for name in df.columns.tolist()]
    parts = [part for name in found for part in (name if isinstance(name, list) else [name])]
    if all(isinstance(name, str) for name in found) or not all(type(part) in (int, str) for part in parts):
        return None
    return found


def weight(column: Column) -> float:
    """v_j: variance over the loss of the best constant guess (see Columns)."""
    if isinstance(column, Number):
        return 1.0
    if isinstance(column, Binary):
        return yes_or_no(column.share)
    p = np.array(getattr(column, "shares", [1.0]))
    entropy = -float(np.sum(p[p > 0] * np.log(p[p > 0])))
    return (1 - float(np.sum(p**2))) / entropy if entropy > 1e-9 else 1.0


def fit_column(name: str, values: pa.Array) -> Column:
    """The kind of column that suits the type and the values."""
    t = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if not _is_known(t):
        raise DataError(
            f"column {name!r} holds values of type {t}, which cannot be learned: "
            "give numbers, booleans, dates, strings or categories of these, or drop the column"
        )
    if pa.types.is_dictionary(values.type):
        return Category.fit(name, values)
    if pa.types.is_boolean(t):
        return Binary.fit(name, values)
    if _is_text(t):
        return Category.fit(name, values)
    if pa.types.is_null(t) or pa.types.is_temporal(t):
        return Number.fit(name, values)
    found = set(pc.unique(values.drop_null()).to_pylist()[:4]) if values.null_count < len(values) else set()
    found = {v for v in found if v == v}
    return Binary.fit(name, values) if found == {0, 1} else Number.fit(name, values)


def shown(column: Number, value: float) -> str:
    """A value of a column, as people read it."""
    v = from_numeric(np.array([value]), arrow_type(column.type), False, column.origin, column.step)[0].as_py()
    return f"{v:.15g}" if isinstance(v, float) else str(v)


def _is_text(t: pa.DataType) -> bool:
    return bool(pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t))


def _is_known(t: pa.DataType) -> bool:
    """Whether there is a kind of column for this type, and a way to name it in a file."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_temporal, pa.types.is_boolean)
    if not (_is_text(t) or pa.types.is_null(t) or any(test(t) for test in tests)) or pa.types.is_interval(t):
        return False
    try:
        return bool(arrow_type(str(t)) == t)
    except DataError:
        return False


def arrow_type(text: str) -> pa.DataType:
    """The type whose ``str`` is `text`.

    >>> arrow_type("timestamp[us, tz=UTC]"), arrow_type("decimal128(9, 2)")
    (TimestampType(timestamp[us, tz=UTC]), Decimal128Type(decimal128(9, 2)))
    """
    try:
        if text.startswith("timestamp[") and ", tz=" in text:
            unit, zone = text[10:-1].split(", tz=")
            return pa.timestamp(unit, zone)
        if text.startswith("decimal128("):
            return pa.decimal128(*map(int, text[11:-1].split(",")))
        aliases = {"double": "float64", "float": "float32", "halffloat": "float16"}
        return pa.type_for_alias(aliases.get(text, text))
    except (ValueError, TypeError) as error:
        raise DataError(f"unknown column type {text!r} ({error})") from None


STEPS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # per second
SPANS = (86_400, 3600, 60, 1)  # seconds


def counted(values: pa.Array, name: str) -> pa.Array:
    """Dates and durations as whole numbers of their own unit."""
    t = values.type
    return cast(values, pa.int64() if t.bit_width == 64 else pa.int32(), name) if pa.types.is_temporal(t) else values


def whole(values: pa.Array) -> tuple[int, int]:
    """The whole number near the middle of a column of whole numbers, and the step in which a date counts."""
    t = values.type
    if not (pa.types.is_integer(t) or pa.types.is_temporal(t)) or pa.types.is_uint64(t) or values.null_count == len(values):
        return 0, 1
    v = counted(values, "").drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    origin = (int(v.min()) + int(v.max())) // 2
    if not pa.types.is_temporal(t):
        return (0 if max(-int(v.min()), int(v.max())) <= EXACT else origin), 1
    if not hasattr(t, "unit") or t.unit not in STEPS:
        return origin, 1
    units = [seconds * STEPS[t.unit] for seconds in SPANS] + [STEPS[t.unit] // n for n in (10**3, 10**6, 10**9)]
    step = next((u for u in units if u > 1 and not (v % u).any()), 1)
    return origin // step * step, step


def plain(values: pa.Array) -> list[Any]:
    """Levels as what JSON knows: dates as whole numbers."""
    return counted(values, "").to_pylist()


def from_plain(levels: list[Any], t: pa.DataType) -> pa.Array:
    """The inverse of :func:`plain`."""
    if pa.types.is_temporal(t):
        return pa.array(levels, pa.int64() if t.bit_width == 64 else pa.int32()).cast(t)
    return pa.array(levels, t)


def has_values(values: pa.Array) -> bool:
    """Whether any value is neither null nor NaN."""
    if values.null_count == len(values):
        return False
    return not pa.types.is_floating(values.type) or bool(pc.any(pc.invert(pc.is_nan(values))).as_py())


def numeric(values: pa.Array, name: str, origin: int = 0) -> np.ndarray:
    """Any number-like Arrow array -> float64 with NaN for null, counted from `origin`; dates in their own unit."""
    t = values.type
    if pa.types.is_null(t):
        return np.full(len(values), np.nan)
    values = counted(values, name)
    if origin and pa.types.is_integer(values.type) and not pa.types.is_uint64(values.type):
        v = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(values.is_null().to_numpy(zero_copy_only=False), np.nan, shifted(v, origin))
    if origin:
        return numeric(values, name) - origin
    v = cast(values, pa.float64(), name).to_numpy(zero_copy_only=False)
    if np.isinf(v).any():
        row = int(np.flatnonzero(np.isinf(v))[0])
        raise DataError(
            f"Input X contains infinity: column {name!r}, row {row}. Replace infinite values by missing ones or by a number."
        )
    return v


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
    if pa.types.is_date(t) or pa.types.is_timestamp(t):  # the years 2 to 9998: all time zones of what Python's dates know
        day = 1 if pa.types.is_date32(t) else 86_400 * STEPS[getattr(t, "unit", "ms")]
        return max(low, -718_797 * day), min(high, 2_932_530 * day)
    return low + int(pa.types.is_temporal(t)), high  # the least is pandas' "not a time"


def cast(values: pa.Array, t: pa.DataType, name: str) -> pa.Array:
    try:
        if pa.types.is_null(values.type):
            return pa.nulls(len(values), t)
        safe = not (pa.types.is_integer(values.type) and pa.types.is_floating(t))
        return values.cast(t, safe=safe)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"column {name!r} holds {values.type} where the model expects {t} ({reason}): give the type it was fitted with"
        ) from None


def container(X: Any) -> str:
    module = type(X).__module__.partition(".")[0]
    return module if module in ("pandas", "polars") else "arrow"


def arrow(X: Any) -> pa.Table:
    """Any data frame -> an Arrow table, without its index."""
    if isinstance(X, (pa.Table, pa.RecordBatch)):
        return X if isinstance(X, pa.Table) else pa.Table.from_batches([X])
    try:
        if container(X) == "pandas":
            if not X.columns.is_unique:
                repeated = sorted(set(X.columns[X.columns.duplicated()].astype(str)))
                raise DataError(f"column names must be unique, but {', '.join(map(repr, repeated))} is repeated: rename them")
            return pa.Table.from_pandas(X, preserve_index=False)
        if container(X) == "polars":
            return X.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        reason = " ".join(map(str, error.args))
        raise DataError(f"the table cannot be read: {reason}. Give every column values of one type") from None
    raise DataError(f"{type(X).__name__} is not a table this version reads: give a pandas or polars DataFrame")


def combined(table: pa.Table, name: str) -> pa.Array:
    """One column as one array (a table from a file comes in pieces)."""
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def polars() -> Any:
    try:
        import polars as pl
    except ImportError:
        raise missing_extra("polars", "polars", "polars DataFrames") from None
    return pl
