"""Values of an Arrow array as float64 numbers or as what JSON knows, and back into the same type."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .scale import EXACT, shifted, within
from .schema import STEPS, count_values, floats, is_text, plain, without_gaps

__all__ = ["centered", "compared", "from_numeric", "from_plain", "listed_of", "numeric", "spanned", "tally", "whole"]

SPANS = (86_400, 3600, 60, 1)  # seconds


def whole(values: pa.Array) -> tuple[int, int]:
    """The whole number near the middle of a column of whole numbers, and the step in which a date counts."""
    found = spanned(values)
    return (0, 1) if found is None else centered(values.type, *found)


def spanned(values: pa.Array) -> tuple[int, int, int] | None:
    """The least and the largest of a column of whole numbers, and the step in which a date counts; None of others."""
    t = values.type
    if not (pa.types.is_integer(t) or pa.types.is_temporal(t)) or pa.types.is_uint64(t) or values.null_count == len(values):
        return None
    v = count_values(values).drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    low, high = int(v.min()), int(v.max())
    if not pa.types.is_temporal(t) or not hasattr(t, "unit") or t.unit not in STEPS:
        return low, high, 1
    units = [seconds * STEPS[t.unit] for seconds in SPANS] + [STEPS[t.unit] // n for n in (10**3, 10**6, 10**9)]
    return low, high, next((u for u in units if u > 1 and not (v % u).any()), 1)


def centered(t: pa.DataType, low: int, high: int, step: int) -> tuple[int, int]:
    """From which number the values between these are counted, and the step."""
    if pa.types.is_integer(t) and max(-low, high) <= EXACT:
        return 0, 1
    return (low + high) // 2 // step * step, step


def tally(values: pa.Array) -> Counter[Any]:
    """How often each level is there, as what JSON knows."""
    counts = pc.value_counts(count_values(without_gaps(plain(values))))
    return Counter({c["values"].as_py(): c["counts"].as_py() for c in counts})


def listed_of(values: pa.Array) -> list[Any]:
    """Levels as what JSON knows: dates as whole numbers, NaN and decimals as what they can be."""
    return count_values(values).to_pylist()


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


def numeric(values: pa.Array, origin: np.ndarray | int = 0) -> np.ndarray:
    """Any number-like Arrow array -> float64 with NaN for null, counted from `origin`; dates in their own unit."""
    t = values.type
    if pa.types.is_null(t):
        return np.full(len(values), np.nan)
    values = count_values(values)
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
        most = float(np.finfo(t.to_pandas_dtype()).max)
        return pa.array(v.clip(-most, most).astype(t.to_pandas_dtype()), t, mask=None if nan else missing)
    if pa.types.is_boolean(t):
        return pa.array(np.nan_to_num(v) >= 0.5, mask=missing)
    if pa.types.is_decimal(t):
        most = within(10**t.precision - 1) / 10.0**t.scale * (1 - 2**-52)  # beyond, Arrow says 0
        return pa.array(v.clip(-most, most), pa.float64(), mask=missing).cast(t, safe=False)
    base = t if pa.types.is_integer(t) else pa.int64() if t.bit_width == 64 else pa.int32()
    low, high = _range(t, base)
    kind = np.uint64 if pa.types.is_uint64(t) else np.int64
    least, most = (within(min(far // step, np.iinfo(kind).max)) for far in (origin - low, high - origin))
    steps = np.nan_to_num(v / step).round().clip(-least, most)
    integers = steps.astype(kind) * kind(step) + kind(origin)
    return pa.array(integers, mask=missing).cast(base).cast(t)


def _range(t: pa.DataType, base: pa.DataType) -> tuple[int, int]:
    """The range of a type; for times of day, one day."""
    if pa.types.is_time(t):
        return 0, 86_400 * STEPS[t.unit] - 1
    info = np.iinfo(base.to_pandas_dtype())
    low, high = int(info.min), int(info.max)
    if pa.types.is_date(t) or pa.types.is_timestamp(t):  # the years 1 to 9999 of Python's dates, less one where zones move them
        day = 1 if pa.types.is_date32(t) else 86_400 * STEPS[getattr(t, "unit", "ms")]
        less = 366 if getattr(t, "tz", None) else 0
        return max(low, (less - 719_162) * day), min(high, (2_932_897 - less) * day - 1)
    return low + int(pa.types.is_temporal(t)), high  # the least is pandas' "not a time"
