"""What was fitted governs: the values of a column, cast to the type it was fitted with, or refused by name.

    same family      numbers of every width; dates, durations, times in any unit: the same values, to the bit where exact
    another family   an integer for a date, a date for a number, a text for a number: a DataError
    no values        missing, whatever the type

Dates with a zone are instants; those without count as UTC, and where the two meet in another zone, a warning says so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError, warn

__all__ = [
    "STEPS",
    "able",
    "adapted",
    "arrow_type",
    "count_values",
    "family",
    "floats",
    "in_zone_of",
    "is_known",
    "is_text",
    "nanoseconds",
    "plain",
    "without_gaps",
    "words",
]

STEPS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # per second
DAY = 86_400 * 10**9  # nanoseconds
DUST = 1e-70
TIMES = {"durations": ")", "times of day": ", format='%H:%M:%S').dt.time"}  # what pandas wants to read them
ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?\s*")


@lru_cache(4096)
def arrow_type(text: str) -> pa.DataType:
    """The type whose ``str`` is `text`.

    >>> arrow_type("timestamp[us, tz=UTC]"), arrow_type("decimal128(9, 2)")
    (TimestampType(timestamp[us, tz=UTC]), Decimal128Type(decimal128(9, 2)))
    """
    try:
        if text.startswith("timestamp[") and ", tz=" in text:
            unit, zone = text[10:-1].split(", tz=")
            return pa.timestamp(unit, zone)
        if found := re.fullmatch(r"decimal(32|64|128|256)\((\d+), (-?\d+)\)", text):
            return getattr(pa, f"decimal{found[1]}")(int(found[2]), int(found[3]))
        aliases = {"double": "float64", "float": "float32", "halffloat": "float16"}
        return pa.type_for_alias(aliases.get(text, text))
    except (ValueError, TypeError) as error:
        raise DataError(f"unknown column type {text!r} ({error})") from None


def is_text(t: pa.DataType) -> bool:
    return bool(pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t))


def is_known(t: pa.DataType) -> bool:
    """Whether there is a kind of column for this type, and a way to name it in a file."""
    if family(t) is None:
        return False
    try:
        return bool(arrow_type(str(t)) == t)
    except DataError:
        return False


FAMILIES = {
    "texts": is_text,
    "yes/no": pa.types.is_boolean,
    "numbers": lambda t: pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t),
    "dates": lambda t: pa.types.is_timestamp(t) or pa.types.is_date(t),
    "times of day": pa.types.is_time,
    "durations": pa.types.is_duration,
    "nothing": pa.types.is_null,
}
OTHERS = {
    "whole numbers": pa.types.is_integer,
    "lists": lambda t: pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t),
    "records": lambda t: pa.types.is_struct(t) or pa.types.is_map(t),
    "bytes": lambda t: pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_fixed_size_binary(t),
}


@lru_cache(4096)
def family(t: pa.DataType) -> str | None:
    """Types whose values can be compared; None for what cannot be learned."""
    return next((name for name, holds in FAMILIES.items() if holds(t)), None)


def words(t: pa.DataType) -> str:
    """A type in people's words.

    >>> words(pa.large_string()), words(pa.int8()), words(pa.float64()), words(pa.timestamp("ns"))
    ('texts', 'whole numbers', 'numbers', 'dates')
    """
    if pa.types.is_dictionary(t):
        return f"categories that are {words(t.value_type)}"
    found = next((name for name, holds in OTHERS.items() if holds(t)), None) or family(t)
    if found is None:
        name = str(t).lower()
        found = next((f"{word}s" for word in ("period", "interval") if word in name), "values of a kind of its own")
    return {"yes/no": "yes/no values (booleans)"}.get(found, found)


def without_gaps(values: pa.Array) -> pa.Array:
    """The values that are neither null nor NaN."""
    values = values.filter(values.is_valid()) if values.null_count else values
    return values.filter(pc.invert(pc.is_nan(values))) if pa.types.is_floating(values.type) else values


def plain(values: pa.Array) -> pa.Array:
    """In a type that Arrow can count and compare: categories as what they are, views of texts as texts."""
    wide = able(values.type)
    return values if wide == values.type else values.cast(wide)


@lru_cache(4096)
def able(t: pa.DataType) -> pa.DataType:
    """The type of the same values that Arrow can count and compare, which it cannot with all of its types.

    >>> able(pa.string_view()), able(pa.decimal32(7, 2)), able(pa.dictionary(pa.int8(), pa.string())), able(pa.int8())
    (DataType(large_string), Decimal128Type(decimal128(7, 2)), DataType(string), DataType(int8))
    """
    if pa.types.is_dictionary(t):
        return able(t.value_type)
    if pa.types.is_decimal(t) and t.bit_width < 128:
        return pa.decimal128(t.precision, t.scale)
    return pa.large_string() if pa.types.is_string_view(t) else t


def count_values(values: pa.Array) -> pa.Array:
    """Dates, times and durations as whole numbers of their own unit."""
    t = values.type
    return values.cast(pa.int64() if t.bit_width == 64 else pa.int32()) if pa.types.is_temporal(t) else values


def floats(values: pa.Array) -> np.ndarray:
    """Numbers, dates, yes/no -> (n,) float64, NaN for null; a decimal becomes the float that is written like it."""
    values = count_values(values)
    if pa.types.is_decimal(values.type):  # Arrow's own cast multiplies by 0.01, which is no float
        values = values.cast(pa.string())
    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def exact(values: pa.Array) -> pa.Array:
    """Null for NaN, and 0 for floats below 1e-70: the zeros of SAS transport files arrive as 5e-79; -0.0 is 0, too."""
    v = values.to_numpy(zero_copy_only=False)
    small = np.abs(v) < DUST
    return pa.array(np.where(small, 0, v), values.type, from_pandas=True) if (small | np.isnan(v)).any() else values


def adapted(values: pa.Array, t: pa.DataType, name: str, kind: str = "number", mixed: bool = False) -> pa.Array:
    """The values of column `name` as they count where type `t` was fitted.

    Parameters
    ----------
    values : pa.Array
        Of any type.
    t : pa.DataType
        The fitted type; the result may be another number, but no other family.
    name : str
        Of the column.
    kind : {"number", "binary", "category"}
        Of a category and of 0 and 1, exactly these values count.
    mixed : bool
        Whether they were numbers and texts, read as texts.

    Raises
    ------
    DataError
        Naming the column, what was found, and what was fitted.

    Examples
    --------
    >>> adapted(pa.array([1, None], pa.timestamp("s")), pa.timestamp("ms"), "when").cast(pa.int64()).to_pylist()
    [1000, None]
    >>> adapted(pa.array(["soon"]), pa.timestamp("ms"), "when")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    diabolo.errors.DataError: column 'when' holds texts ('soon' in row 0), but was fitted with dates: read them as dates, ...
    """
    values = plain(values)
    f = values.type
    if kind != "number" and pa.types.is_floating(f):
        values = exact(values)
    if f == t:
        return values
    known = 0 if pa.types.is_null(f) else len(without_gaps(values))
    if pa.types.is_null(t) and known:
        warn(f"column {name!r} had no values in fit: the values that it has now are ignored")
    if pa.types.is_null(t) or not known:
        return pa.nulls(len(values), t)
    found, fitted = family(f), family(t)
    if found == fitted:
        return values if found == "texts" else _number(values, t) if found == "numbers" else _moved(values, t, name)
    if kind != "category" and {found, fitted} == {"numbers", "yes/no"} and (kind == "binary" or fitted == "yes/no"):
        return values
    if mixed and found == "numbers":
        return pa.array([None if v is None else as_text(v) for v in values.to_pylist()], t)
    raise DataError(_refused(values, t, name))


def _number(values: pa.Array, t: pa.DataType) -> pa.Array:
    """Any number counts as it is; but float32 was fitted as float32, and all whole numbers below 2^63 are alike."""
    f = values.type
    if pa.types.is_floating(t) and t.bit_width < 64 and not (pa.types.is_floating(f) and f.bit_width <= t.bit_width):
        return pa.array(narrowed(floats(values), t), from_pandas=True)
    if pa.types.is_uint64(f) and pa.types.is_integer(t) and not pa.types.is_uint64(t):
        return values if pc.max(values).as_py() >= 1 << 63 else values.cast(pa.int64())
    return values


def narrowed(v: np.ndarray, t: pa.DataType) -> np.ndarray:
    """float64 numbers as a narrower float has them; what is too large for it stays."""
    with np.errstate(over="ignore"):
        narrow = v.astype(t.to_pandas_dtype()).astype(np.float64)
    return np.where(np.isinf(narrow), v, narrow)


def nanoseconds(t: pa.DataType) -> int:
    """The unit of dates, times and durations."""
    if pa.types.is_date(t):
        return DAY if pa.types.is_date32(t) else 10**6
    return 10**9 // STEPS[t.unit]


def _moved(values: pa.Array, t: pa.DataType, name: str) -> pa.Array:
    """The same instants in the unit of `t`; what lies between two of its units as a float64 that counts them."""
    _zones(getattr(values.type, "tz", None), getattr(t, "tz", None), name)
    a, b = nanoseconds(values.type), nanoseconds(t)
    gaps = values.is_null().to_numpy(zero_copy_only=False)
    v = pc.fill_null(count_values(values), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    k = max(a // b, b // a)
    if a >= b and np.abs(v.astype(np.float64)).max(initial=0) * k < 2.0**62:
        return from_counts(v * k, t, gaps)
    if a >= b:
        return pa.array(v.astype(np.float64) * k, mask=gaps)
    units, rest = np.divmod(v, k)
    if rest.any():
        return pa.array(units + rest / k, mask=gaps)
    return from_counts(units, t, gaps)


def from_counts(v: np.ndarray, t: pa.DataType, gaps: np.ndarray | None = None) -> pa.Array:
    """The inverse of :func:`count_values`."""
    return pa.array(v, pa.int64(), mask=gaps).cast(pa.int64() if t.bit_width == 64 else pa.int32()).cast(t)


def in_zone_of(t: pa.DataType, values: pa.Array) -> pa.Array:
    """Dates, which are the same instants, in the zone of those that were fitted; other values as they are.

    >>> str(in_zone_of(pa.timestamp("s", "Asia/Tokyo"), pa.array([0], pa.timestamp("ms")))[0])
    '1970-01-01 09:00:00+09:00'
    """
    both = pa.types.is_timestamp(t) and pa.types.is_timestamp(values.type)
    return values.cast(pa.timestamp(values.type.unit, t.tz)) if both else values


def _zones(found: str | None, fitted: str | None, name: str) -> None:
    """A date without a zone counts as UTC."""
    zone = found or fitted
    if (found is None) != (fitted is None) and str(zone).upper() not in ("UTC", "ETC/UTC", "GMT", "+00:00", "Z"):
        here, there = ("in", "without a") if found else ("without a", "in")
        warn(
            f"column {name!r} holds dates {here} time zone{f' {found}' if found else ''}, but was fitted with dates {there} "
            f"time zone{f' {fitted}' if fitted else ''}: those without a zone are read as UTC; give all a zone, with "
            "dt.tz_localize"
        )


def as_text(v: Any) -> str:
    """A number among texts: 1.0 is written as 1.

    >>> as_text(1.0), as_text("x"), as_text(2.5)
    ('1', 'x', '2.5')
    """
    return str(int(v)) if isinstance(v, float) and v.is_integer() else str(v)


def first(values: pa.Array) -> str:
    """The first value that is there, and its row, for people to read."""
    row = int(np.flatnonzero(~np.isin(np.arange(len(values)), _missing(values)))[0])
    value = values[row].as_py()
    return f"{value!r} in row {row:,}" if isinstance(value, (str, int, float)) else f"{value} in row {row:,}"


def _missing(values: pa.Array) -> np.ndarray:
    gaps = values.is_null(nan_is_null=True) if pa.types.is_floating(values.type) else values.is_null()
    return np.flatnonzero(gaps.to_numpy(zero_copy_only=False))


def _refused(values: pa.Array, t: pa.DataType, name: str) -> str:
    """What stands there, what was fitted, and the way from one to the other."""
    found, fitted = family(values.type), family(t)
    if found == "texts" and fitted == "dates" and is_iso(values):
        remedy = f"read them as dates, with pd.to_datetime(df[{name!r}]), or parse_dates in pd.read_csv"
    elif found == "texts" and fitted == "dates":
        remedy = f"read them as dates, with pd.to_datetime(df[{name!r}], format=...), such as format='%d.%m.%Y'"
    elif found == "texts" and fitted in ("times of day", "durations"):
        remedy = f"read them with pd.to_{'timedelta' if fitted == 'durations' else 'datetime'}(df[{name!r}]{TIMES[fitted]}"
    elif found == "texts" and fitted == "numbers":
        remedy = f"read them as numbers, with pd.to_numeric(df[{name!r}])"
    elif found == "numbers" and fitted == "texts":
        remedy = (
            f"read them as texts, with dtype={{{name!r}: str}} in pd.read_csv; or turn them into texts, with "
            f"df[{name!r}].astype(str), and str.zfill where they had zeros in front"
        )
    elif found == "numbers" and fitted == "dates":
        remedy = f"give their unit, with pd.to_datetime(df[{name!r}], unit=...)"
    elif "period" in str(values.type):
        remedy = f"turn them into dates, with df[{name!r}].dt.to_timestamp()"
    else:
        remedy = f"give it {words(t)} again"
    return f"column {name!r} holds {words(values.type)} ({first(values)}), but was fitted with {words(t)}: {remedy}"


def is_iso(values: pa.Array) -> bool:
    """Whether all texts are dates as ISO 8601 writes them."""
    known = without_gaps(plain(values))
    return bool(len(known)) and all(ISO.fullmatch(v) for v in pc.unique(known).to_pylist())
