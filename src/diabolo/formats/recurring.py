r"""What repeats in a date, as columns of their own.

    when  ->  when,  when: time of day,  when: weekday

A date is one number, of perhaps several years: in it, three in the morning is no other place than noon. Who looks for what is
unusual (:meth:`Tables.with_recurring`) has them as further columns, of the kinds that there are: a time, and a category. Where
midnight is no quiet hour, a day begins at one, or the evening would be far from the night: ``when: time since 10:00``. So it
does in a column of times of day. A column with a time zone has those of this zone, in which people are awake or at work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError
from .arrow import numeric
from .columns import Column, Number
from .cycles import DAY
from .fitting import fit_column
from .frames import combined
from .schema import arrow_type, family, nanoseconds

__all__ = ["possible_part", "recurring", "seen_as"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BULK, SPANNED = (0.05, 0.95), 1.5  # periods that nine tenths of the dates must span, so that something repeats
QUIET = 0.01  # largest share of the rows within an hour of midnight at which a day begins there
HOUR = 3_600 * 10**6  # microseconds


def on_clocks(dates: pa.Array) -> pa.Array:
    """Microseconds as clocks there show them, of nanoseconds the one that has begun: a cast takes the next one before 1970."""
    if pa.types.is_time(dates.type):
        return dates.cast(pa.time64("us"), safe=False).cast(pa.int64()).cast(pa.timestamp("us"))
    if zone := getattr(dates.type, "tz", None):
        try:
            dates = pc.local_timestamp(dates)
        except pa.ArrowInvalid:  # such as without a list of zones
            raise DataError(f"the zone of dates, {zone}, is not known here: pip install tzdata, or give them in UTC") from None
    fine = pa.types.is_timestamp(dates.type) and dates.type.unit == "ns"
    return (pc.floor_temporal(dates, unit="microsecond") if fine else dates).cast(pa.timestamp("us"), safe=False)


def time_of_day(dates: pa.Array, start: int = 0) -> pa.Array:
    """Dates -> the time of each, since the hour `start`.

    >>> from datetime import datetime
    >>> str(time_of_day(pa.array([datetime(2024, 5, 5, 3, 20)]), 4)[0])
    '23:20:00'
    """
    return pc.subtract(on_clocks(dates), pa.scalar(start * HOUR, pa.duration("us"))).cast(pa.time64("us"))


def weekday(dates: pa.Array, start: int = 0) -> pa.Array:
    """Dates -> the weekday of each.

    >>> from datetime import date
    >>> weekday(pa.array([date(2024, 5, 5), None])).to_pylist()
    ['Sunday', None]
    >>> weekday(pa.array([-1, 0], pa.timestamp("ns"))).to_pylist()
    ['Wednesday', 'Thursday']
    """
    return pa.array(WEEKDAYS).take(pc.day_of_week(on_clocks(dates)))


PARTS = {"time of day": (DAY, time_of_day), "weekday": (7 * DAY, weekday)}  # the period of each
PARTS_OF = {"dates": tuple(PARTS), "times of day": ("time of day",)}


def quiet_hour(dates: pa.Array) -> int:
    """The hour at which a day begins: the quietest one, if midnight has more than twice of what happens then.

    >>> from datetime import datetime
    >>> [quiet_hour(pa.array([datetime(2024, 5, 5, h) for h in hours])) for hours in ((9, 13, 17), (22, 23, 0, 1))]
    [0, 8]
    """
    n = np.bincount(pc.hour(on_clocks(dates)).drop_null().to_numpy(zero_copy_only=False), minlength=24)
    near, around = (np.sum([np.roll(n, k) for k in range(1 - m, 1 + m)], 0) for m in (1, 6))  # within so many hours
    return 0 if near[0] <= max(QUIET * n.sum(), 2 * near.min()) else int(np.lexsort((around, near))[0])


def recurring(table: pa.Table, fields: Sequence[Column]) -> Iterator[Column]:
    """The parts of the dates in a table that repeat, and are not always the same."""
    for column in fields:
        t = arrow_type(column.type)
        dates, times = combined(table, column.name), pa.types.is_time(t)
        if not isinstance(column, Number) or (column.span is None and not times) or column.empty:
            continue
        low, high = (0, DAY * SPANNED) if times else np.nanquantile(numeric(dates, column.origin), BULK) * nanoseconds(t)
        for part, (period, of) in PARTS.items():
            start = quiet_hour(dates) if part == "time of day" else 0
            called = f"time since {start:02}:00" if start else part
            zone = getattr(t, "tz", None)
            name = f"{column.name}: {called}" + (f" ({zone})" if zone else "")
            if times and not start:  # that is the column itself
                continue
            values = of(dates, start)
            if high - low < SPANNED * period or pc.count_distinct(values).as_py() < 2 or name in table.column_names:
                continue
            found = fit_column(name, values)
            found.part_of = [column.name, part, start]
            yield found


def seen_as(part: Column, column: Column, dates: pa.Array) -> pa.Array:
    """The values of a part of a column of dates; those that are none of its whole units are counted by floats."""
    (_, name, start), t = part.part_of, arrow_type(column.type)
    if pa.types.is_floating(dates.type):
        counts = dates.to_numpy(zero_copy_only=False) * (nanoseconds(t) / 1000)
        moment = pa.timestamp("us", getattr(t, "tz", None))
        dates = pa.array(np.nan_to_num(counts.round()), mask=np.isnan(counts)).cast(pa.int64()).cast(moment)
    return PARTS[name][1](dates, start)


def possible_part(column: Column, before: Sequence[Column]) -> bool:
    """Whether a column, as a file has it, can be a part of one `before` it."""
    kinds = {c.name: family(arrow_type(c.type)) for c in before if not c.part_of}
    match column.part_of:
        case [str(name), str(part), int(start)]:
            return part in PARTS_OF.get(kinds.get(name) or "", ()) and 0 <= start < 24
    return False
