r"""The periods in which dates and times of day repeat.

    t = a x + b        x: the feature of a date;  t: days, weeks, months or years that have passed

Of b, only the part below 1 is kept. Days are those of UTC, a month is the twelfth of a year.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import pyarrow as pa

from .columns import Number
from .scale import FAR, NEAR
from .schema import arrow_type, nanoseconds

__all__ = ["Cycle", "cycles"]

DAY, YEAR = 86_400 * 10**9, 31_556_952 * 10**9  # nanoseconds; of the Gregorian calendar, on average
OF_DATES = ((DAY, 3), (7 * DAY, 3), (YEAR // 12, 2), (YEAR, 2))  # periods, and the waves in each of them that may matter
OF_TIMES = OF_DATES[:1]


class Cycle(NamedTuple):
    """A period of the column that has this feature; `within`: the column holds places in it, such as times of day.

    `bend` is where far dates are squashed: k, m and s of formats/scale.py.
    """

    feature: int
    a: float
    b: float
    waves: int
    within: bool = False
    bend: tuple[float, float, float] = (FAR, 0.0, 1.0)


def cycles(column: Number, feature: int) -> list[Cycle]:
    """The periods of a column: none of numbers, of durations, and of dates that are told by their logarithms.

    >>> days = Number("day", "date32[day]", origin=19_723, deviation=100.0)
    >>> [round(cycle.a, 3) for cycle in cycles(days, 0)]
    [100.0, 14.286, 3.285, 0.274]
    """
    t = arrow_type(column.type)
    dates = pa.types.is_date(t) or pa.types.is_timestamp(t)
    if column.knee < NEAR or not (dates or pa.types.is_time(t)):
        return []
    c, u, m, s = map(Fraction, (column.mean, column.deviation, column.shift, column.stretch))
    found, bend = [], (column.knee, column.shift, column.stretch)
    for period, waves in OF_DATES if dates else OF_TIMES:
        one = Fraction(nanoseconds(t), period)
        b = float((column.origin + c + u * m) * one % 1)
        found.append(Cycle(feature, float(u * s * one), b, waves, not dates, bend))
    return found
