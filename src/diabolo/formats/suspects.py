"""What a column of whole numbers may be although its type does not say so: a row number, codes, days (of texts: hints.py).

row number    whole, and every one larger than the one before it; or all different, and nameless or nearly without gaps
codes         few different whole numbers from 1, far fewer than there would be between the least and the largest; no years, and
              no scale, whose steps never get smaller, such as 1, 2, 5, 10, 20 mg
days          20240131: year, month and day in one
total         the last number is the sum of all others
"""

from __future__ import annotations

import re
from math import gcd
from typing import Any

import numpy as np
import pyarrow as pa

from .schema import floats, without_gaps

__all__ = ["are_days", "ends_in_total", "is_nameless", "is_row_number", "looks_like_codes"]

MIN_ROWS_OF_NUMBERS = 20  # of a row number
MIN_ROWS_WITHOUT_GAPS = 50  # rows from which on different numbers without many gaps are those of rows
YEARS = 1500, 2200  # a table of years is no table of row numbers
MAX_CODES, MIN_ROWS_PER_CODE = 20, 5  # different ones, and rows for each
MIN_SUMMANDS, ROUNDED = 5, 1e-6  # of a total, and its error, relative to the sum of all but the largest
SCALE = 5  # values whose steps do not get smaller by chance


def is_nameless(name: str) -> bool:
    """Whether a column has the name that tools give to the numbers of rows.

    >>> is_nameless("Unnamed: 0"), is_nameless("age")
    (True, False)
    """
    return bool(
        re.fullmatch(r"|None|index|level_0|__index_level_\d+__|Unnamed: \d+(_level_\d+)?|column00|\.\.\.1|rownames|V1", name)
    )


def is_row_number(values: pa.Array, name: str, seen: Any = None) -> bool:
    """Whether a column only numbers the rows; its values may be a sample of a column of which that was `seen` (survey.py).

    >>> is_row_number(pa.array(range(5, 50)), "id"), is_row_number(pa.array(range(1980, 2020)), "year")
    (True, False)
    """
    if not pa.types.is_integer(values.type) or values.null_count or len(values) < 2:
        return False
    v = values.to_numpy(zero_copy_only=False)
    if seen is not None and seen.missing:
        return False
    if is_nameless(name) and len(np.unique(v)) == len(v) and (len(v) >= MIN_ROWS_OF_NUMBERS or np.ptp(v) == len(v) - 1):
        return True
    n, low, high = (len(v), v.min(), v.max()) if seen is None else (seen.rows, seen.low, seen.high)
    if n < MIN_ROWS_OF_NUMBERS or (YEARS[0] <= low and high <= YEARS[1]):
        return False
    different = n >= MIN_ROWS_WITHOUT_GAPS and float(high) - float(low) < 2 * n and len(np.unique(v)) == len(v)
    return bool((v[1:] > v[:-1]).all() if seen is None else seen.rising) or different


def are_days(values: pa.Array) -> bool:
    """Whether whole numbers are days, year, month and day in one.

    >>> are_days(pa.array([20240131, 20231224] * 10)), are_days(pa.array([20240131, 20241399] * 10))
    (True, False)
    """
    known = without_gaps(values)
    if not pa.types.is_integer(known.type) or len(known) < MIN_ROWS_OF_NUMBERS:
        return False
    v = known.to_numpy(zero_copy_only=False).astype(np.int64)
    month, day = v // 100 % 100, v % 100
    years = (v >= YEARS[0] * 10_000) & (v <= YEARS[1] * 10_000)
    return bool((years & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def ends_in_total(values: pa.Array) -> bool:
    """Whether the last number is the sum of all others, none of which is negative.

    >>> ends_in_total(pa.array([3, None, 1, 4, 1, 5, 14])), ends_in_total(pa.array([3, 1, 4, 1, 5, 9]))
    (True, False)
    """
    known = without_gaps(values)
    number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)
    if not number or len(known) <= MIN_SUMMANDS or not len(without_gaps(values[-1:])):
        return False
    numbers = known.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    v, last = numbers[:-1], numbers[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum(v)
        right = abs(total - last) < ROUNDED * (total - np.max(v))  # beside 999999999 no other number counts
    return bool(np.min(v) >= 0 and np.count_nonzero(v) >= MIN_SUMMANDS and right)


def looks_like_codes(values: pa.Array) -> list[int]:
    """The few different whole numbers of a column, if they look like codes; else none.

    >>> looks_like_codes(pa.array([101, 205, 999] * 10)), looks_like_codes(pa.array([1, 2, 3] * 10))
    ([101, 205, 999], [])
    >>> looks_like_codes(pa.array([1990, 2004, 2013] * 10)), looks_like_codes(pa.array([1, 3, 10, 30, 100] * 10))
    ([], [])
    """
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return []
    known = without_gaps(values)
    head = np.unique(floats(known[:1000]))
    if not 2 < len(head) <= MAX_CODES or head[0] < 1 or (head % 1).any():
        return []
    levels = np.unique(floats(known))
    if (
        len(levels) > min(MAX_CODES, len(known) // MIN_ROWS_PER_CODE)
        or levels[0] < 1
        or levels[-1] >= 2**53
        or (levels % 1).any()
    ):
        return []
    years, steps = YEARS[0] <= levels[0] and levels[-1] <= YEARS[1], np.diff(levels)
    if years or (len(levels) >= SCALE and (np.diff(steps) >= 0).all()):
        return []
    whole = levels.astype(np.int64).tolist()
    possible = (whole[-1] - whole[0]) // gcd(*(v - whole[0] for v in whole)) + 1
    return whole if len(whole) <= possible / 3 else []
