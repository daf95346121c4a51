"""One column of a table: how its values become features, and features values.

Number    x = (v - mean) / deviation                                      floats, integers, decimals, dates, durations
Binary    x = 0 or 1                                                      booleans; numbers that are only 0 and 1
a missing value is NaN in all features of its column
a value outside the domain is infinite: in a Binary, 7 is +inf and -3 is -inf
categories: category.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..sentinels import odd
from .arrow import from_numeric, numeric, whole
from .base import check_finite, not_held
from .scale import (
    FAR,
    FLOATS,
    MOST_DECIMALS,
    Moments,
    Scale,
    decimals,
    decoded,
    encoded,
    measured,
    rounded,
    six_digits,
    yes_or_no,
)
from .schema import able, arrow_type, family
from .written import SHORTEST, fraction, written

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Binary", "Column", "Number"]


@dataclass
class Column:
    """One column: values <-> features (n, width)."""

    name: str
    type: str  # of Arrow, as text
    gaps: bool = False  # whether a value was missing in fit
    empty: bool = False  # whether all were: nothing is known, and missing is what it is decoded to
    part_of: list[Any] = field(default_factory=list, kw_only=True)  # dates, and what of them (recurring.py)
    width: ClassVar[int] = 1

    @property
    def source(self) -> str:
        """The column of the table that holds it."""
        return self.part_of[0] if self.part_of else self.name

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

    def limited(self, values: pa.Array) -> pa.Array:
        """Estimated values within the range that fit saw."""
        return values

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
        """Raise a DataError if a user gives a value that the column cannot have."""

    def check_held(self, value: Any, values: pa.Array, x: np.ndarray) -> None:
        """The same of a value that would come back as another one from its features x (1, width)."""

    @property
    def digits(self) -> int:
        """Decimals of its values as texts (written.py)."""
        return SHORTEST

    def texts(self, values: pa.Array, decimal: str = ".", form: str = "") -> list[str]:
        """Values of the column's type, such as :meth:`decode` gives, as people read them."""
        return written(values, self.digits, decimal, form)

    def described(self, decimal: str = ".", form: str = "") -> dict[str, Any]:
        """What another program must know to encode and decode as here; JSON, without numbers that it would round."""
        part = {"part_of": self.part_of} if self.part_of else {}
        return part | {"name": self.name, "type": ONE[called(self)], "arrow": self.type, "width": self.width, "gaps": self.gaps}

    @property
    def about(self) -> str:
        """More about the column, in a few words."""
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
    low: float | None = None  # least and largest value in fit, counted from `origin`
    high: float | None = None

    @classmethod
    def fit(cls, name: str, values: pa.Array, seen: Any = None) -> Number:
        """`values` may be a sample of a column of which that was `seen` (survey.py)."""
        origin, step = whole(values) if seen is None else seen.whole(values.type)
        v, all_of_it = numeric(values, origin), None if seen is None else seen.counted_from(origin)
        found = cls.fit_all([name], [str(values.type)], v[None], [values.null_count], all_of_it)[0]
        found.origin, found.step = origin, step
        low = np.fmin.reduce(v, initial=np.inf) + origin if seen is None else seen.low
        found.positive = bool(low >= 0) and family(values.type) != "dates"
        return found

    @classmethod
    def fit_all(
        cls, names: list[str], types: list[str], v: np.ndarray, nulls: list[int], whole: Moments | None = None
    ) -> list[Number]:
        """Columns (d, n) of numbers, NaN = missing; so many of these are nulls. They may be a sample, with moments `whole`."""
        if not len(v):
            return []
        missing, scale = np.isnan(v).sum(1).tolist(), measured(v, whole)
        low, high = (f.reduce(v, 1, initial=start) for f, start in ((np.fmin, np.inf), (np.fmax, -np.inf)))
        if whole is not None:
            low, high = np.ldexp(whole.low, whole.e), np.ldexp(whole.high, whole.e)
        found = []
        for j, (name, t, digits) in enumerate(zip(names, types, decimals(v, types), strict=True)):
            column = cls(name, t, missing[j] > 0, missing[j] == v.shape[1], decimals=digits, positive=bool(low[j] >= 0))
            if not column.empty:
                column.low, column.high = float(low[j]), float(high[j])
            column.nan = nulls[j] < missing[j] and t in FLOATS
            column.take(scale, j)
            found.append(column)
        for j, value, count in odd(v):
            found[int(j)].odd.append([value, count])
        return found

    def limited(self, values: pa.Array) -> pa.Array:
        if self.low is None or self.high is None:
            return values
        t = values.type
        wide = pa.float32() if pa.types.is_float16(t) else able(t)
        low, high = from_numeric(np.array([self.low, self.high]), t, False, self.origin, self.step).cast(wide)
        values = values.cast(wide)
        values = pc.if_else(pc.less(values, low), low, values)
        return pc.if_else(pc.greater(values, high), high, values).cast(t)

    def take(self, scale: Scale, j: int = 0) -> None:
        """The scale of column j."""
        found = (float(values[j]) for values in scale)
        self.mean, self.deviation, self.knee, self.shift, self.stretch, self.middle, self.spread = found

    @property
    def unit(self) -> tuple[float, ...]:
        """The arguments of :func:`scale.encoded`."""
        return self.mean, self.deviation, self.knee, self.shift, self.stretch

    @property
    def tiny(self) -> tuple[float, float]:
        """The features of zero, and of a tenth of the least value in fit, if all were above 0; else an empty range."""
        if not self.positive or self.low is None or self.low + self.origin <= 0:
            return 0.0, 0.0
        zero, tenth = encoded(np.array([0.0, (self.low + self.origin) / 10]) - self.origin, *self.unit)
        return float(zero), float(tenth)

    @property
    def reach(self) -> tuple[float, float]:
        """The features of the least and the largest value in fit; infinite for dates (span), and if all are one."""
        if self.low is None or self.high is None or self.low >= self.high or family(arrow_type(self.type)) == "dates":
            return -np.inf, np.inf
        low, high = encoded(np.array([self.low, self.high]), *self.unit)
        return float(low), float(high)

    @property
    def span(self) -> tuple[float, float] | None:
        """The first and the last date of fit; None of other numbers."""
        if self.low is None or self.high is None or self.low >= self.high or family(arrow_type(self.type)) != "dates":
            return None
        return self.low, self.high

    @classmethod
    def encode_all(cls, columns: list[Number], values: list[pa.Array], x: np.ndarray, starts: np.ndarray) -> None:
        v = matrix(values, columns, [column.origin for column in columns])
        x[:, starts] = encoded(v, *np.array([column.unit for column in columns], dtype=np.float64).T)

    def decode(self, x: np.ndarray) -> pa.Array:
        return self._decoded(x, self.decimals)

    def drawn(self, x: np.ndarray, rng: np.random.Generator) -> pa.Array:
        """0.58698, not 0.5869800000000001: drawn values have six digits of the deviation."""
        short = self.type in FLOATS and self.decimals is None
        return self._decoded(x, six_digits(self.deviation) if short else self.decimals)

    def _decoded(self, x: np.ndarray, decimals: int | None) -> pa.Array:
        v = decoded(x[:, 0], *self.unit)
        v = np.full(len(v), np.nan) if self.empty else v if decimals is None else rounded(v, decimals)
        return from_numeric(v, arrow_type(self.type), self.nan, self.origin, self.step)

    def check_held(self, value: Any, values: pa.Array, x: np.ndarray) -> None:
        if self.type in FLOATS:  # these are set as they are
            return
        held = self.decode(x)
        there, back = numeric(values, self.origin), numeric(held, self.origin)
        if abs(there - back) > 1e-9 * np.abs(there):
            raise not_held(self.name, value, held[0].as_py())

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


def yes_no(v: np.ndarray) -> np.ndarray:
    """0 and 1 as they are; below is -inf, everything else +inf."""
    return np.where((v == 0) | (v == 1) | np.isnan(v), v, np.where(v < 0, -np.inf, np.inf))


def plain_kind(column: Column) -> str:
    """The kind of a fitted column, as in `kinds_of`: "f" plain numbers, "b" 0 and 1, "" anything else."""
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
    """What a column holds, in plain words; dates, times and durations count as numbers."""
    if isinstance(column, Number):
        found = family(arrow_type(column.type)) or ""
        return found if found in ("dates", "times of day", "durations") else "numbers"
    return "yes or no" if isinstance(column, Binary) else "categories"


def possible(column: Number) -> bool:
    """Whether the scale of a column is possible."""
    floats = (*column.unit, column.middle, column.spread, *(v for v in (column.low, column.high) if v is not None))
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
    """A value of a column as text, for people."""
    v = from_numeric(np.array([value]), arrow_type(column.type), False, column.origin, column.step)[0].as_py()
    return f"{v:.15g}" if isinstance(v, float) else str(v)


def matrix(values: list[pa.Array], columns: Sequence[Column], origins: Sequence[int] = (0,)) -> np.ndarray:
    """m arrays of one type -> (n, m) numbers."""
    origin = np.repeat(origins, len(values[0])) if any(origins) else 0
    v = numeric(pa.concat_arrays(values), origin).reshape(len(values), -1).T
    check_finite(v, [column.name for column in columns])
    return v
