r"""Center, unit and squashing of numbers: robust, relative, and the same for a column of an array and of a table.

    t = (v - c) / u
    x = (g(t) - m) / s         g(t) = t for |t| <= k, beyond it sign(t) (k + log(1 + |t| - k)): order is kept, 1e300 is finite,
                               and v comes back, to 13 digits or so

              c        u                      k                      m, s
    ordinary  mean     standard deviation     far beyond all values  0, 1           x is what it always was
    wild      median   spread of the bulk     4                      0, that of g   linear in the bulk, logarithmic far out
    log       0        a small value          1                      those of g(t)  positive, over orders of magnitude
    constant  itself   a millionth of itself  4                      0, 3           so that a change of it is seen

A few wild cells, codes such as -999 for "missing", or a heavy tail make the standard deviation many times the spread of the
bulk, which would vanish in that unit: such a column is wild. The spread of the bulk is a quantile of the distances from the
median, over the values that are not the median: of a column that is nearly always zero, the spread of the others. Nothing is
measured in absolute units.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "EXACT",
    "FAR",
    "FLOATS",
    "Moments",
    "Scale",
    "alike",
    "decimals",
    "decoded",
    "describe_kinds",
    "encoded",
    "framed",
    "left_out",
    "measured",
    "moments",
    "origins",
    "rounded",
    "shifted",
    "six_digits",
    "standard",
    "together",
    "within",
    "yes_or_no",
]

WILD = 4.0  # a standard deviation of so many spreads of the bulk tells of wild cells or a heavy tail
NEAR, FAR = 4.0, 1000.0  # k of such a column, and of others, at least
MAX_SPREAD_OF_WILD = 3.0  # s of a wild column: whatever is far out, its bulk is seen
MIN_VALUES_FOR_QUANTILES = 20  # values from which on quantiles say where the bulk is
ORDERS = 4.0  # quotient of the quartiles, from which on positive numbers may be told by their logarithms
BULK = 0.75, 1.1503  # which quantile of the distances is its spread, in units of that of a normal distribution
NOISE = 1e-12  # relative spread of what is constant up to rounding
ALONE = 3.0  # x from which on a number has a large part in its own unit
CHANGE = 1e-6  # unit of a constant, relative to it; of the constant 0, 1e-12
EXACT = 2**50  # whole numbers up to it are standardized as they are; larger ones are counted from one of them
LOOKED_AT = 10_000  # values of a column whose quantiles are taken, at least
BLOCK = 4_000_000  # numbers that are looked at at once
LARGEST = np.finfo(np.float64).max
DIGITS_OF_DEVIATION = 5  # digits behind the first of the deviation
FLOATS = ("halffloat", "float", "double")
ENOUGH, MOST_DECIMALS = 10, 9  # values that show decimals; decimals of what was written by hand
PICTURE = 64  # columns in [0, 1] that may be a picture, at least
ROWS_OF_PICTURES, LEAST_SIDE = 2000, 16  # rows by which flattened pictures are known, and their least side
EMPTY, ALIKE = 0.01, 0.5  # variance of an empty frame, and of the difference of neighbors, as a share of that of all pixels


Values = np.ndarray | float  # of each column, or of one


class Scale(NamedTuple):
    """Of each column, (d,): c, u, k, m, s; and median and spread of x, as the curved path of a network sees it."""

    mean: np.ndarray
    divisor: np.ndarray
    knee: np.ndarray
    shift: np.ndarray
    stretch: np.ndarray
    middle: np.ndarray
    spread: np.ndarray


def encoded(v: np.ndarray, c: Values, u: Values, k: Values, m: Values = 0.0, s: Values = 1.0) -> np.ndarray:
    """Values (n, d) -> x (n, d).

    >>> encoded(np.array([[3.0], [1e300]]), 1.0, 2.0, 4.0).round(2).tolist()
    [[1.0], [694.08]]
    """
    with np.errstate(all="ignore"):
        t = (v - c) / u
        a = np.abs(t)
        far = a > k
        if not far.any():
            return t if np.all(m == 0.0) and np.all(s == 1.0) else (t - m) / s
        beyond = np.log1p(a - k)
        huge = np.isinf(a)
        if huge.any():
            half = np.abs(v / 2 - np.asarray(c) / 2)
            beyond = np.where(huge, np.log(half) + np.log(2) - np.log(u), beyond)
        return (np.where(far, np.copysign(k + beyond, t), t) - m) / s


def decoded(x: np.ndarray, c: Values, u: Values, k: Values, m: Values = 0.0, s: Values = 1.0) -> np.ndarray:
    """x (n, d) -> values (n, d): the inverse of :func:`encoded`.

    >>> decoded(np.array([[1.0], [694.08]]), 1.0, 2.0, 4.0)[0].tolist()
    [3.0]
    """
    with np.errstate(all="ignore"):
        g = x * s + m
        a = np.abs(g)
        far = a > k
        if not far.any():
            return np.asarray(g * u + c)
        t = np.where(far, k + np.expm1(a - k), a)
        off = np.where(np.isinf(t * u), np.exp(a - k + np.log(u)), t * u)
        return np.where(np.isnan(g), g, (np.copysign(off, g) + c).clip(-LARGEST, LARGEST))


def six_digits(deviation: float) -> int:
    """Decimals that show six digits of a deviation: what is drawn has no more.

    >>> six_digits(1.0), six_digits(0.02), six_digits(3000.0)
    (5, 7, 2)
    """
    return DIGITS_OF_DEVIATION - int(np.floor(np.log10(deviation)))


def decimals(v: np.ndarray, types: list[str], enough: int = ENOUGH) -> list[int | None]:
    """How many decimals columns (d, n) of floats show; None for others, for too few values, and for more than nine."""
    found: list[int | None] = [None] * len(v)
    known = ~np.isnan(v)
    left = np.array([j for j, t in enumerate(types) if t in FLOATS and known[j].sum() >= enough], dtype=int)
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


class Moments(NamedTuple):
    """Of each column, (d,): how many values there are, and in units of 2^e their least, largest, mean and deviation."""

    n: np.ndarray
    e: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    def at(self, columns: Any) -> Moments:
        """Those of some columns."""
        return Moments(*(values[columns] for values in self))


def measured(v: np.ndarray, whole: Moments | None = None) -> Scale:
    """Columns (d, n), one per row, NaN = missing -> their scales; they may be a sample of columns with moments `whole`."""
    size = max(1, BLOCK // max(1, v.shape[1]))
    places = [slice(i, i + size) for i in range(0, len(v), size)]
    parts = [_measured(v[some], None if whole is None else whole.at(some)) for some in places]
    return Scale(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def moments(v: np.ndarray) -> Moments:
    """Of columns (d, n), NaN = missing."""
    known = ~np.isnan(v)
    n = known.sum(1)
    e = np.frexp(np.abs(np.where(known, v, 0.0)).max(1, initial=0.0))[1]
    w = np.ldexp(v, -e[:, None])  # in [-1, 1], to the bit: squares neither overflow nor vanish
    low, high = (f.reduce(w, 1, initial=start) for f, start in ((np.fmin, np.inf), (np.fmax, -np.inf)))
    total = np.where(known, w, 0.0).sum(1)
    mean = np.where(n > 0, np.where(low == high, low, total / np.maximum(n, 1)), 0.0)
    apart = np.where(known, w - mean[:, None], 0.0)
    return Moments(n, e, low, high, mean, np.sqrt(np.square(apart).sum(1) / np.maximum(n, 1)))


def _measured(v: np.ndarray, whole: Moments | None = None) -> Scale:
    v = np.ascontiguousarray(v, dtype=np.float64)
    n, e, low, high, mean, deviation = whole or moments(v)
    n, there = np.maximum(n, 1), n > 0
    w = np.ldexp(v, -e[:, None])
    with np.errstate(invalid="ignore"):  # of no values
        furthest = np.where(there, np.maximum(mean - low, high - mean), 0.0) / np.where(deviation > 0, deviation, 1.0)
    same = there & (deviation <= NOISE * np.abs(mean))
    some = np.sort(w[:, :: max(1, v.shape[1] // LOOKED_AT)], axis=1)  # NaN last
    center, bulk = _bulk(some)
    wild = ~same & (n >= MIN_VALUES_FOR_QUANTILES) & (deviation > WILD * bulk) & (bulk > 0)
    c, u = np.where(wild, center, mean), np.where(wild, bulk, deviation)
    small = np.where(n < MIN_VALUES_FOR_QUANTILES, 1.0, CHANGE)  # of few rows a constant says little
    u = np.where(
        same,
        np.where(mean == 0, np.where(n < MIN_VALUES_FOR_QUANTILES, 1.0, 1e-12), small * np.abs(mean)),
        np.where(there, u, 1.0),
    )
    k = np.where(wild | same, NEAR, np.maximum(FAR, np.ceil(2 * furthest)))
    m, s = np.zeros(len(v)), np.where(same, 3.0, 1.0)
    for j in np.flatnonzero(wild & (low > 0)):
        c[j], u[j], k[j], m[j], s[j] = _logarithmic(some[j]) or (c[j], u[j], k[j], 0.0, 1.0)
    x = encoded(some.T, c, u, k, m, s).T
    beside = np.where(
        wild & (k == NEAR), _deviation(x).clip(1.0, MAX_SPREAD_OF_WILD), 1.0
    )  # so that the column counts like any other
    x, s = x / beside[:, None], s * beside
    first, middle, third = (np.nan_to_num(_quantile(x, q)) for q in (0.25, 0.5, 0.75))
    u = np.maximum(np.ldexp(u, e), np.finfo(np.float64).tiny)
    return Scale(np.ldexp(c, e), u, k, m, s, middle, np.clip((third - first) / 1.349, 0.05, 1.0))


def standard(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns (n, k) -> mean and standard deviation (k,), in whatever unit; of a constant, itself instead, or 1.

    >>> mean, deviation = standard(np.array([[1e200, 3.0], [3e200, 3.0]]))
    >>> mean.tolist(), deviation.tolist()
    ([2e+200, 3.0], [1e+200, 3.0])
    """
    known = ~np.isnan(y)
    n = np.maximum(known.sum(0), 1)
    e = np.frexp(np.abs(np.where(known, y, 0.0)).max(0, initial=0.0))[1]
    w = np.ldexp(y, -e)
    mean = np.where(known, w, 0.0).sum(0) / n
    deviation = np.sqrt(np.square(np.where(known, w - mean, 0.0)).sum(0) / n)
    unit = np.ldexp(np.where(deviation > NOISE * np.abs(mean), deviation, np.abs(mean)), e)
    return np.ldexp(mean, e), np.where(unit > 0, unit, 1.0)


def _deviation(x: np.ndarray) -> np.ndarray:
    """(d,) of each column (d, n), NaN = missing."""
    known = ~np.isnan(x)
    n, filled = np.maximum(known.sum(1), 1), np.where(known, x, 0.0)
    return np.sqrt(np.maximum(np.square(filled).sum(1) / n - np.square(filled.sum(1) / n), 0.0))


def _logarithmic(w: np.ndarray) -> tuple[float, float, float, float, float] | None:
    """c, u, k, m, s of sorted positive values (n,), NaN last, if they spread over orders of magnitude, evenly as logarithms."""
    w = w[~np.isnan(w)]
    first, third = _quantile(w[None], 0.25)[0], _quantile(w[None], 0.75)[0]
    if third < ORDERS * first:
        return None
    u = float(_quantile(w[None], 0.05)[0])
    g = encoded(w, 0.0, u, 1.0)
    s, bulk = float(g.std()), float(_bulk(g[None])[1][0])
    return (0.0, u, 1.0, float(g.mean()), s) if s <= 2 * bulk else None


def _bulk(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted columns (d, n), NaN last -> their medians, and the spread of their bulk."""
    center = np.nan_to_num(_quantile(w, 0.5))
    apart = np.abs(w - center[:, None])
    apart[apart == 0] = np.nan
    return center, np.nan_to_num(_quantile(np.sort(apart, axis=1), BULK[0])) / BULK[1]


def _quantile(w: np.ndarray, q: float) -> np.ndarray:
    """Of sorted columns (d, n), NaN last: a value of each, (d,)."""
    if not w.shape[1]:
        return np.full(len(w), np.nan)
    n = (~np.isnan(w)).sum(1)
    return np.take_along_axis(w, np.maximum(((n - 1) * q).astype(int), 0)[:, None], 1)[:, 0]


def left_out(x: Tensor, n: int) -> Tensor:
    """Numbers in units of the mean and deviation of n rows, themselves among them -> the far ones in those of the others.

    A number that is far from all others has made its unit large; a new one has not.

    >>> v = np.array([*range(20), 100.0])
    >>> x = torch.from_numpy((v - v.mean()) / v.std())
    >>> own = left_out(x, 21)
    >>> bool(np.isclose(own[20], (100 - v[:20].mean()) / v[:20].std())), bool((own[:20] == x[:20]).all())
    (True, True)
    """
    if n < 3:
        return x
    a = n / (n - 1)
    own = x * a / ((n - a * x.square()).clamp(min=1.0) / (n - 1)).sqrt()
    return torch.where(x.abs() > ALONE, own, x)


def together(v: np.ndarray, mean: np.ndarray, unit: float) -> Scale:
    """Columns (d, n) that share one unit, such as pixels: the middle is the mean, the spread that of all."""
    d, n = v.shape
    first = np.nan_to_num((v[:, :1] - mean[:, None]) / unit)  # from which squares lose no digits
    known, total, squares = np.zeros(d), np.zeros(d), 0.0
    size = max(1, BLOCK // max(1, d))
    for some in (slice(start, start + size) for start in range(0, n, size)):
        x = (v[:, some] - mean[:, None]) / unit - first
        gap = np.isnan(x)
        x[gap] = 0.0
        known += x.shape[1] - gap.sum(1)
        total += x.sum(1)
        squares += float(np.square(x, out=x).sum())
    apart = total / np.maximum(known, 1)
    variance = max(0.0, squares - float(known @ np.square(apart))) / max(1, v.size)
    spread = float(np.sqrt(variance)) or 1.0
    return Scale(mean, np.full(d, unit), np.full(d, FAR), np.zeros(d), np.ones(d), first[:, 0] + apart, np.full(d, spread))


def shifted(v: np.ndarray, origin: np.ndarray | int) -> np.ndarray:
    """int64 values -> their distance from a whole number, float64: exact where it is near."""
    apart = v.astype(np.float64) - np.asarray(origin, dtype=np.float64)
    near = np.abs(apart) < 2.0**62
    return np.where(near, (v - np.where(near, origin, v)).astype(np.float64), apart)


def yes_or_no(share: float) -> float:
    """Weight of the loss of a 0/1 column: its variance over the loss of the best constant guess (losses.Columns)."""
    p = np.array([share, 1 - share])
    entropy = -float(np.sum(p[p > 0] * np.log(p[p > 0])))
    return float(p[0] * p[1]) / entropy if entropy > 1e-9 else 1.0


def within(n: int) -> float:
    """The largest float64 that is not above n >= 0."""
    x = float(n)
    return float(np.nextafter(x, 0)) if int(x) > n else x


def alike(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether columns with these least and largest values look like pixels or shares of one unit.

    There are many, all in [0, 1], and half of them reach half of the largest value: a pixel that is seldom lit is not as
    important as one that often is. Fewer columns, or rates of different sizes, are numbers like others.

    >>> alike(np.zeros(64), np.ones(64)), alike(np.zeros(8), np.ones(8)), alike(np.zeros(64), 0.7 ** np.arange(64))
    (True, False, False)
    """
    low, high = low[np.isfinite(low)], high[np.isfinite(high)]
    if len(high) < PICTURE or low.min() < 0 or high.max() > 1:
        return False
    return bool(np.median(high) >= high.max() / 2)


def framed(x: np.ndarray) -> int:
    """The side s if the rows x (n, s * s) are flattened pictures in [0, 1] with an empty frame of one pixel; else 0.

    Pixels are known by their neighbors, to the right and below, which differ little from them.

    >>> dots = np.zeros((9, 20, 20))
    >>> for i in range(9):
    ...     dots[i, i + 1 : i + 9, i + 2 : i + 9] = 1.0
    >>> x = dots.reshape(9, 400)
    >>> framed(x), framed(np.random.default_rng(0).permutation(x, axis=1))
    (20, 0)
    """
    s, some = isqrt(x.shape[1]), x[:: max(1, len(x) // ROWS_OF_PICTURES)]
    if s * s != x.shape[1] or s < LEAST_SIDE or not ((some >= 0) & (some <= 1)).all():
        return 0
    v = (some - some.mean(0)).reshape(-1, s, s)
    inner = v[:, 1:-1, 1:-1]
    variance = float(np.square(inner).mean())
    frame = float(np.square(v).sum() - np.square(inner).sum()) / (len(v) * 4 * (s - 1))
    apart = max(float(np.square(np.diff(inner, axis=axis)).mean()) for axis in (1, 2)) / 2
    return s if frame <= EMPTY * variance and apart < ALIKE * variance else 0


def describe_kinds(kinds: dict[str, int]) -> str:
    """How many columns are of each kind, and what is special.

    >>> describe_kinds({"numbers": 3, "categories": 0, "squashed": 1})
    '3 numbers, 1 squashed'
    """
    return ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if n)


def origins(sample: np.ndarray) -> np.ndarray:
    """(d,) a whole number in the middle of each column of integers too large to be exact as float64; else 0."""
    if sample.dtype.kind != "i" or sample.dtype.itemsize < 8 or not len(sample):
        return np.zeros(sample.shape[1], dtype=np.int64)
    low, high = sample.min(0).astype(np.int64), sample.max(0).astype(np.int64)
    large = (low < -EXACT) | (high > EXACT)
    return np.where(large, (low >> 1) + (high >> 1), 0)
