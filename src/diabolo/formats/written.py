"""Cells as people read them, and as :mod:`cells` reads them again.

floats      with as many decimals as their column has
dates       2024-05-01, 2024-05-01 12:30:00, 2024-05-01 12:30:00+02:00; or as the file has them, in a format of strptime
times       12:30:00
durations   1 days 02:30:00, -1 days +21:30:00, as pandas writes and reads them
missing     nothing
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from .scale import rounded
from .schema import count_values, nanoseconds, plain

__all__ = ["SHORTEST", "fixed", "fraction", "written"]

SHORTEST = -1  # decimals of a number: as few as say which it is; of a date: no time
MOST = 15  # digits before the point, and behind it; of more, powers of ten
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 10**9  # nanoseconds


def written(values: pa.Array, digits: int = SHORTEST, decimal: str = ".", form: str = "") -> list[str]:
    """Values of a column as texts, "" where one is missing.

    Parameters
    ----------
    values : pa.Array
        Of any type that a column can have.
    digits : int
        Decimals of floats; of times, of their seconds.
    decimal : str
        Before the decimals of a number.
    form : str
        Of dates, the format of ``strptime``; "" for ISO 8601.

    Examples
    --------
    >>> written(pa.array([1.5, None]), 2), written(pa.array([3661], pa.duration("s")), 0)
    (['1.50', ''], ['0 days 01:01:01'])
    """
    values = plain(values)
    write = _writer(values.type, digits, decimal, form)
    return ["" if v is None or v != v else write(v) for v in count_values(values).to_pylist()]


def _writer(t: pa.DataType, digits: int, decimal: str, form: str) -> Callable[[Any], str]:
    if pa.types.is_floating(t):
        return lambda v: fixed(v, digits).replace(".", decimal)
    if pa.types.is_decimal(t):
        return lambda v: f"{v:f}".replace(".", decimal)
    if not pa.types.is_temporal(t):
        return str
    unit = nanoseconds(t)
    if pa.types.is_time(t):
        return lambda v: _clock(v * unit, digits)
    if pa.types.is_duration(t):
        return lambda v: _span(v * unit, digits)
    zone = pa.scalar(0, pa.timestamp("s", getattr(t, "tz", None) or "UTC")).as_py().tzinfo
    offset = getattr(t, "tz", None) is not None
    return lambda v: _moment(v * unit, digits, form, zone, offset)


def fixed(v: float, digits: int) -> str:
    """A number with so many decimals.

    >>> fixed(2.5, 2), fixed(0.125, 2), fixed(1e300, 2), fixed(3.0, SHORTEST), fixed(float("inf"), 2), fixed(0.0, 20)
    ('2.50', '0.12', '1.00000e+300', '3', 'inf', '0')
    """
    if digits == SHORTEST:
        return repr(float(v)).removesuffix(".0")
    if v == 0 and digits > MOST:
        return "0"
    if digits > MOST or abs(v) >= 10.0**MOST:
        return f"{v:.5e}"
    return f"{rounded(np.array(v), digits):.{digits}f}"


def fraction(t: pa.DataType, step: int) -> int:
    """Decimals of the seconds of a type that counts in whole `step` s of its unit; SHORTEST for days without a time.

    >>> fraction(pa.timestamp("us"), 1000), fraction(pa.timestamp("s"), 86_400), fraction(pa.duration("s"), 1)
    (3, -1, 0)
    """
    step *= nanoseconds(t)
    days = pa.types.is_date(t) or (pa.types.is_timestamp(t) and t.tz in (None, "UTC"))
    if days and step % (86_400 * SECOND) == 0:
        return SHORTEST
    return next(digits for digits in (0, 3, 6, 9) if step * 10**digits % SECOND == 0)


def _moment(v: int, digits: int, form: str, zone: Any, offset: bool) -> str:
    """Nanoseconds since 1970; with the `offset` of its zone or without."""
    seconds, rest = divmod(v, SECOND)
    moment = (EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    if form:
        return moment.replace(microsecond=rest // 1000).strftime(form.replace("%Y", f"{moment.year:04}"))
    if digits == SHORTEST:
        return str(moment.date())
    text = moment.isoformat(" ", "seconds")
    return text[:19] + _part(rest, digits) + (text[19:] if offset else "")


def _clock(v: int, digits: int) -> str:
    seconds, rest = divmod(v, SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" + _part(rest, digits)


def _span(v: int, digits: int) -> str:
    days, rest = divmod(v, 86_400 * SECOND)
    return f"{days} days {'+' if v < 0 else ''}{_clock(rest, digits)}"


def _part(nanoseconds: int, digits: int) -> str:
    """Decimals of a second."""
    return f".{nanoseconds:09}"[: digits + 1] if digits > 0 else ""
