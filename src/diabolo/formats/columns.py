"""One column of a table: how its values become features, and features values.

Number    x = (v - mean) / deviation                                      floats, integers, decimals, dates, durations
Binary    x = 0 or 1                                                      booleans; numbers that are only 0 and 1
Category  x = one feature per level, the last one for rare levels         strings, categoricals
a missing value is NaN in all features of its column
what cannot be is infinite: 7 in a Binary +inf, -3 -inf; in the last feature of a Category +inf, a level never seen
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from ..errors import DataError, warn
from ..printed import cut, few
from ..sentinels import odd
from .arrow import compared, from_numeric, from_plain, listed_of, numeric, tally, whole
from .base import check_finite
from .frames import FEW
from .scale import (
    FAR,
    FLOATS,
    LOOKED_AT,
    MIN_VALUES_FOR_QUANTILES,
    MOST_DECIMALS,
    Scale,
    decimals,
    decoded,
    encoded,
    measured,
    rounded,
    six_digits,
    yes_or_no,
)
from .schema import arrow_type, family, is_iso, is_text
from .written import SHORTEST, fraction, written

__all__ = ["KINDS", "Binary", "Category", "Column", "Number"]

MAX_LEVELS = 100
MAX_OTHERS = 100_000  # rare levels that are remembered
FIRST, LEVEL = 3, 16  # printed: levels, letters of one
NEW = 0.25  # largest share of rows with a unique level for which new levels are distinguished from rare ones


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
        """Center and spread of the features for the curved path."""
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
    def digits(self) -> int:
        """Decimals of its values as texts (written.py)."""
        return SHORTEST

    def texts(self, values: pa.Array, decimal: str = ".", form: str = "") -> list[str]:
        """Values of the column's type, such as :meth:`decode` gives, as people read them."""
        return written(values, self.digits, decimal, form)

    def described(self, decimal: str = ".", form: str = "") -> dict[str, Any]:
        """What another program must know to encode and decode as here; JSON, without numbers that it would round."""
        return {"name": self.name, "type": ONE[called(self)], "arrow": self.type, "width": self.width, "gaps": self.gaps}

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
        """Columns (d, n) of numbers, NaN = missing; so many of these are nulls."""
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

    @property
    def digits(self) -> int:
        t = arrow_type(self.type)
        if pa.types.is_temporal(t):
            return fraction(t, self.step)
        if self.type not in FLOATS:
            return SHORTEST
        return max(0, six_digits(self.deviation)) if self.decimals is None else self.decimals

    def described(self, decimal: str = ".", form: str = "") -> dict[str, Any]:
        counted = {"origin": str(self.origin), "step": str(self.step), "unit": list(self.unit)}
        shown = {"decimals": self.decimals, "digits": self.digits, "empty": self.empty}
        return super().described() | counted | shown


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

    def described(self, decimal: str = ".", form: str = "") -> dict[str, Any]:
        return super().described() | {"empty": self.empty}


@dataclass
class Category(Column):
    """One feature per level, most frequent first, then one for every other value."""

    levels: list[Any] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)  # of the levels and of "other"
    rest: Any = None  # the most frequent level that has no feature of its own
    part: float = 1.0  # its share among all these
    new: float = 0.0  # estimated share of future rows with a level that was never seen
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
        many = [v for v, _ in pairs] if len(pairs) > max(MAX_LEVELS, total // 2) else []
        if many and not (isinstance(many[0], str) and is_iso(pa.array(many))):  # dates as texts have a warning of their own
            warn(
                f"column {name!r} has {len(pairs):,} different values in {total:,} rows: it looks like an identifier or "
                f"a text, and all but the {MAX_LEVELS} most frequent count as one; drop it if it is an identifier; if it is a "
                f"text, learn from it alone: format=Documents(column={name!r}), --text"
            )
        kept, others = pairs[:MAX_LEVELS], pairs[MAX_LEVELS:]
        shares = [n / max(total, 1) for _, n in kept] + [sum(n for _, n in others) / max(total, 1)]
        rest = others[0][0] if others else None
        new = sum(n == 1 for _, n in pairs) / max(total, 1)  # of the next rows, about this share has a new level (Good, 1953)
        known = len(others) <= MAX_OTHERS and new <= NEW and total >= MIN_VALUES_FOR_QUANTILES
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

    def unseen(self, values: pa.Array) -> list[Any]:
        """The levels that were not there in fit."""
        return [*pc.unique(values.filter(pa.array(self._index(values) == len(self.known)))).to_pylist()]

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

    @property
    def digits(self) -> int:
        t = self.known.type
        return fraction(t, whole(self.known)[1]) if pa.types.is_temporal(t) else SHORTEST

    def described(self, decimal: str = ".", form: str = "") -> dict[str, Any]:
        t = arrow_type(self.type)
        texts = self.texts(from_plain([*self.levels, self.rest], t), decimal, form)
        levels, others = [*map(unrounded, self.levels)], self.others and [*map(unrounded, self.others)]
        found = {"levels": levels, "others": others, "rest": unrounded(self.rest), "part": self.part}
        return super().described() | found | {"texts": texts, "mixed": self.mixed}

    def check(self, value: Any) -> None:
        if value is not None and value not in self.levels:
            known = ", ".join(map(repr, self.levels[:MAX_LEVELS_NAMED])) + (
                ", ..." if len(self.levels) > MAX_LEVELS_NAMED else ""
            )
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


MAX_LEVELS_NAMED = 20  # levels named in an error
KINDS: dict[str, type[Any]] = {"number": Number, "binary": Binary, "category": Category}


def warn_near(name: str, new: list[str], known: list[str]) -> None:
    """Of levels never seen, name those that differ from known ones in spaces, case or the way accents are written."""
    alike = {same(v): v for v in known}
    near = [(v, alike[same(v)]) for v in new if same(v) in alike]
    if near:
        said = ", ".join(f"{v!r} ({was!r} was seen)" for v, was in near[:3])
        warn(
            f"column {name!r} holds {said}{', ...' if len(near) > 3 else ''}: levels that differ in spaces or case are "
            "different levels. "
            f"If they mean the same, write them alike, for example with df[{name!r}].str.strip()"
        )


def unrounded(v: Any) -> Any:
    """A whole number that a float64 cannot hold as a text."""
    return str(v) if isinstance(v, int) and not isinstance(v, bool) and abs(v) > 1 << 53 else v


def same(text: str) -> str:
    """What is left of a level without what is easily overlooked."""
    return " ".join(normalize("NFC", text).casefold().split())


def yes_no(v: np.ndarray) -> np.ndarray:
    """0 and 1 as they are; below is -inf, everything else +inf."""
    return np.where((v == 0) | (v == 1) | np.isnan(v), v, np.where(v < 0, -np.inf, np.inf))


def kind_of(column: Column) -> str:
    """As a model's file and people call it."""
    return next(name for name, cls in KINDS.items() if isinstance(column, cls))


def plain_kind(column: Column) -> str:
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


def called(column: Column) -> str:
    """What a column holds, in people's words; dates, times and durations count as numbers."""
    if isinstance(column, Number):
        found = family(arrow_type(column.type)) or ""
        return found if found in ("dates", "times of day", "durations") else "numbers"
    return "yes or no" if isinstance(column, Binary) else "categories"


def possible(column: Number) -> bool:
    """Whether the numbers of a column can be such."""
    floats = (*column.unit, column.middle, column.spread)
    whole = (column.origin, column.step, column.decimals or 0)
    if not all(type(v) in (int, float) for v in floats) or not all(type(v) is int for v in whole):
        return False
    positive = column.deviation, column.knee, column.stretch, column.spread, column.step
    return min(positive) > 0 and abs(column.origin) < 1 << 63 and 0 <= (column.decimals or 0) <= MOST_DECIMALS


def weight(column: Column) -> float:
    """v_j: variance over the loss of the best constant guess (see Columns)."""
    if isinstance(column, Number):
        return 1.0
    if isinstance(column, Binary):
        return yes_or_no(column.share)
    p = np.array(getattr(column, "shares", [1.0]))
    entropy = -float(np.sum(p[p > 0] * np.log(p[p > 0])))
    return (1 - float(np.sum(p**2))) / entropy if entropy > 1e-9 else 1.0


def shown(column: Number, value: float) -> str:
    """A value of a column, as people read it."""
    v = from_numeric(np.array([value]), arrow_type(column.type), False, column.origin, column.step)[0].as_py()
    return f"{v:.15g}" if isinstance(v, float) else str(v)


def matrix(values: list[pa.Array], columns: Sequence[Column], origins: Sequence[int] = (0,)) -> np.ndarray:
    """m arrays of one type -> (n, m) numbers."""
    origin = np.repeat(origins, len(values[0])) if any(origins) else 0
    v = numeric(pa.concat_arrays(values), origin).reshape(len(values), -1).T
    check_finite(v, [column.name for column in columns])
    return v
