r"""A table that is too large to be fitted as a whole: one pass over all rows, and a sample of them.

exact          number, missing, least, largest, mean, deviation, levels, decimals, the step of dates; whether a column numbers
               the rows. Moments of two pieces are merged:  delta = mean_b - mean_a,  n = n_a + n_b
               mean = mean_a + delta n_b / n,   M2 = M2_a + M2_b + delta^2 n_a n_b / n,   deviation = sqrt(M2 / n)
from a sample  quantiles, such as the spread of the bulk (scale.py); how often a code for "missing" is there

The sample has one row at random out of each of m equal stretches of the file. A quantile that is read off m values is off by
no more than sqrt(log(200) / 2m) in rank, with probability 0.99: 0.0115 for the 20,000 values that are looked at.

References
----------
Updating formulae and a pairwise algorithm for computing sample variances (Chan, Golub & LeVeque, 1979)
The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality (Massart, 1990), https://doi.org/10.1214/aop/1176990746
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from .arrow import centered, numeric, spanned, tally
from .base import check_finite
from .category import MAX_LEVELS, MAX_OTHERS
from .frames import combined, matrix_of
from .gaps import Gaps
from .parts import spread
from .scale import ENOUGH, EXACT, FLOATS, Moments, decimals, moments
from .schema import DUST, is_known, is_text, plain, without_gaps

__all__ = ["Seen", "survey"]

AT_ONCE = 1 << 18  # numbers that are looked at at once: they stay in the cache
MANY = -1  # more decimals than a person writes

Pieces = Callable[[list[str] | None], Iterator[pa.Table]]


@dataclass
class Seen:
    """All that is known of one column: of `rows`, so many are missing, and so many of these are nulls."""

    rows: int
    missing: int
    nulls: int
    moments: Moments | None = None  # of numbers, counted from `origin`; arrays (1,)
    origin: int = 0
    span: tuple[int, int, int] | None = None  # least, largest, step of whole numbers and dates
    binary: bool = False  # only 0 and 1, and both
    decimals: int | None = None
    rising: bool = False  # each larger than the one before it
    counts: Counter[Any] | None = None  # of levels; None: too many

    @property
    def empty(self) -> bool:
        return self.missing == self.rows

    @property
    def low(self) -> float:
        return float(self._unit(lambda m: m.low)) + self.origin

    @property
    def high(self) -> float:
        return float(self._unit(lambda m: m.high)) + self.origin

    @property
    def mean(self) -> float:
        return float(self._unit(lambda m: m.mean)) + self.origin

    def _unit(self, of: Callable[[Moments], np.ndarray]) -> Any:
        assert self.moments is not None
        return np.ldexp(of(self.moments), self.moments.e)[0]

    def whole(self, t: pa.DataType) -> tuple[int, int]:
        """From which number the values are counted, and the step, as `arrow.whole` of all values."""
        return (0, 1) if self.span is None else centered(t, *self.span)

    def counted_from(self, origin: int) -> Moments:
        """The moments of the values, counted from another number."""
        assert self.moments is not None
        if origin == self.origin:
            return self.moments
        n, e, low, high, mean, deviation = self.moments
        off = float(self.origin - origin)
        low, high, mean, deviation = (np.ldexp(v, e) + by for v, by in ((low, off), (high, off), (mean, off), (deviation, 0.0)))
        e = np.frexp(np.maximum(np.abs(low), np.abs(high)))[1]
        return Moments(n, e, *(np.ldexp(v, -e) for v in (low, high, mean, deviation)))


def survey(pieces: Pieces, rows: int, most: int, gaps: Gaps, categories: Sequence[str]) -> tuple[pa.Table, dict[str, Seen]]:
    """A sample of at most so many rows of a table, and what was seen of each of its columns; `pieces` gives some, or all."""
    picked, start, kept = spread(rows, most), 0, []
    numbers: Numbers | None = None
    others: dict[str, Other] = {}
    for piece in pieces(None):
        here = picked[np.searchsorted(picked, start) : np.searchsorted(picked, start + len(piece))] - start
        kept.append(piece.take(here))
        if numbers is None:
            names = [f.name for f in piece.schema if is_plain(f.type) and f.name not in categories]
            numbers = Numbers(names, [piece.schema.field(name).type for name in names])
            others = {f.name: Other(f.name, f.name in categories) for f in piece.schema if f.name not in names}
        numbers.add(piece, gaps)
        for name, column in others.items():
            column.add(gaps.without(combined(piece, name)), start)
        start += len(piece)
    assert numbers is not None
    if large := numbers.large():  # whole numbers that float64 does not hold: read again, as such
        others |= {name: Other(name, False) for name in large}
        start = 0
        for piece in pieces(large):
            for name in large:
                others[name].add(gaps.without(combined(piece, name)), start)
            start += len(piece)
    seen = {name: numbers.seen(j, start) for j, name in enumerate(numbers.names)}
    return pa.concat_tables(kept), seen | {name: column.seen(start) for name, column in others.items()}


def is_plain(t: pa.DataType) -> bool:
    return pa.types.is_integer(t) or pa.types.is_floating(t)


def merged(a: Moments, b: Moments) -> Moments:
    """The moments of two pieces together.

    >>> v = np.random.default_rng(0).normal(size=(2, 100)) + 1e6
    >>> both = merged(moments(v[:, :30]), moments(v[:, 30:]))
    >>> all(np.allclose(x, y, rtol=1e-12) for x, y in zip(both, moments(v), strict=True))
    True
    """
    e = np.maximum(np.where(a.n > 0, a.e, b.e), np.where(b.n > 0, b.e, a.e))
    one, other = (Moments(m.n, e, *(np.ldexp(v, m.e - e) for v in m[2:])) for m in (a, b))
    n = one.n + other.n
    share = other.n / np.maximum(n, 1)
    delta = np.where(one.n > 0, other.mean - one.mean, 0.0)
    mean = np.where(one.n > 0, one.mean + delta * share, other.mean)
    variance = one.deviation**2 * (1 - share) + other.deviation**2 * share + delta**2 * share * (1 - share)
    low, high = np.minimum(one.low, other.low), np.maximum(one.high, other.high)
    return Moments(n, e, low, high, mean, np.sqrt(variance))


@dataclass
class Numbers:
    """Columns of plain numbers, all at once."""

    names: list[str]
    types: list[pa.DataType]
    all: Moments | None = None
    nulls: Any = 0
    rows: int = 0
    digits: dict[int, int] = field(default_factory=dict)
    last: Any = None

    def __post_init__(self) -> None:
        self.whole = np.array([pa.types.is_integer(t) for t in self.types], dtype=bool)
        self.rising, self.binary = self.whole.copy(), np.ones(len(self.types), dtype=bool)
        self.last = np.full(len(self.types), -np.inf)

    def add(self, piece: pa.Table, gaps: Gaps) -> None:
        if not self.names:
            return
        places = [piece.schema.get_field_index(name) for name in self.names]
        self.nulls = self.nulls + np.array([piece.column(i).null_count for i in places])
        v = gaps.matrix(matrix_of(piece, np.array(places)))
        size = max(1, AT_ONCE // len(places))
        for start in range(0, len(v), size):
            self._add(v[start : start + size])

    def _add(self, v: np.ndarray) -> None:
        w = np.ascontiguousarray(v.T)
        if np.isinf(w).any():
            self._refuse(v)
        found = moments(w)
        self.all = found if self.all is None else merged(self.all, found)
        if (some := np.flatnonzero(self.rising)).size:
            x = w[some]
            self.rising[some] = (x[:, 0] > self.last[some]) & (x[:, 1:] > x[:, :-1]).all(1)
            self.last = w[:, -1]
        if (some := np.flatnonzero(self.binary)).size:
            x = w[some]
            self.binary[some] = ((x == 0) | (x == 1) | np.isnan(x)).all(1)
        self._count_digits(w, found.n)
        self.rows += len(v)

    def _count_digits(self, w: np.ndarray, n: np.ndarray) -> None:
        some = [j for j, t in enumerate(self.types) if str(t) in FLOATS and self.digits.get(j) != MANY and n[j]]
        for j, digits in zip(some, decimals(w[some], [str(self.types[j]) for j in some], 1) if some else (), strict=True):
            self.digits[j] = MANY if digits is None else max(digits, self.digits.get(j, 0))

    def _refuse(self, v: np.ndarray) -> None:
        """The row is that of the file."""
        row = int(np.flatnonzero(np.isinf(v).any(1))[0])
        check_finite(v[row : row + 1], self.names, self.rows + row)

    def large(self) -> list[str]:
        """The whole numbers that are larger than is exact."""
        if self.all is None:
            return []
        most = np.ldexp(np.maximum(np.abs(self.all.low), np.abs(self.all.high)), self.all.e)
        return [self.names[j] for j in np.flatnonzero(self.whole & (self.all.n > 0) & (most > EXACT))]

    def seen(self, j: int, rows: int) -> Seen:
        assert self.all is not None
        m = self.all.at(slice(j, j + 1))
        low, high = np.ldexp(m.low, m.e), np.ldexp(m.high, m.e)
        if ((np.abs(low) < DUST) & (high > DUST * 1e20)).any():  # as is done in fit
            m = m._replace(low=np.where(low > 0, 0.0, m.low))
        binary = bool(self.binary[j] and low[0] == 0 and high[0] == 1)
        digits = self.digits.get(j, MANY) if m.n[0] >= ENOUGH else MANY
        missing = rows - int(m.n[0])
        return Seen(
            rows, missing, int(self.nulls[j]), m, 0, None, binary, None if digits == MANY else digits, bool(self.rising[j])
        )


@dataclass
class Other:
    """A column of another kind: levels are counted; dates and large numbers are counted from the first of them."""

    name: str
    category: bool
    missing: int = 0
    nulls: int = 0
    all: Moments | None = None
    origin: int | None = None
    span: tuple[int, int, int] | None = None
    binary: bool = True
    rising: bool = True
    last: int | None = None
    counts: Counter[Any] | None = field(default_factory=Counter)

    def add(self, values: pa.Array, start: int) -> None:
        self.nulls += values.null_count
        t = values.type
        if not is_known(t.value_type if pa.types.is_dictionary(t) else t):
            return  # fit says what is wrong with it
        if self.category or pa.types.is_dictionary(t) or is_text(t):
            self._count(values)
            return
        self.counts = None
        found = spanned(values)
        if found is not None:
            self._span(values, *found)
        v = numeric(values, self.origin or 0)[None]
        if np.isinf(v).any():
            row = int(np.flatnonzero(np.isinf(v[0]))[0])
            check_finite(v[:, row : row + 1].T, [self.name], start + row)
        self.missing += int(np.isnan(v).sum())
        self.binary = self.binary and bool(((v == 0) | (v == 1) | np.isnan(v)).all())
        self.all = moments(v) if self.all is None else merged(self.all, moments(v))

    def _span(self, values: pa.Array, low: int, high: int, step: int) -> None:
        if self.origin is None:
            self.origin = centered(values.type, low, high, 1)[0]
        old = self.span
        self.span = (low, high, step) if old is None else (min(low, old[0]), max(high, old[1]), min(step, old[2]))
        if self.rising and pa.types.is_integer(values.type):
            v = values.drop_null().to_numpy(zero_copy_only=False)
            self.rising = bool((v[1:] > v[:-1]).all()) and (self.last is None or int(v[0]) > self.last)
            self.last = int(v[-1])

    def _count(self, values: pa.Array) -> None:
        known = without_gaps(plain(values))
        self.missing += len(values) - len(known)
        if self.counts is not None:
            self.counts.update(tally(known))
            self.counts = self.counts if len(self.counts) <= MAX_LEVELS + MAX_OTHERS else None

    def seen(self, rows: int) -> Seen:
        origin = self.origin or 0
        binary = self.binary and self.all is not None and origin == 0
        rising = self.rising and self.span is not None and not self.missing
        found = Seen(rows, self.missing, self.nulls, self.all, origin, self.span, False, None, rising, self.counts)
        found.binary = bool(binary and not found.empty and found.low == 0 and found.high == 1)
        return found
