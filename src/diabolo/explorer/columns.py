"""What is known of each row -> columns by which the page colors, filters and searches.

number      float32 or float64, whichever holds the values exactly; NaN = missing
date        seconds since 1970
time        seconds since midnight
            all with texts beside them where the numbers alone do not say what the cells are
category    the number of a level; -1 = missing
text        strings, if there are too many levels
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from ..formats.written import written
from ..programs import Tensors
from ..report.values import number, plain

__all__ = ["column"]

LEVELS = 200  # of a category; a column with more is text
CLASSES = 20  # whole numbers that are few are levels, too, if they are labels
LONGEST = 20_000  # characters of a text


def column(name: str, group: str, values: list[Any], tensors: Tensors) -> dict[str, Any]:
    """One column. Its `group` is "column", "label" or "measure"."""
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    known = [v for v in values if not missing(v)]
    about: dict[str, Any] = {"name": name, "group": group}
    few = group == "label" and len({plain(v) for v in known}) <= CLASSES and all(plain(v) == v for v in known)
    if known and not few and all(seconds(v) is not None for v in known):
        v = np.array([np.nan if missing(v) else seconds(v) for v in values], dtype=np.float64)
        v[np.isinf(v)] = np.nan  # has no place on a scale
        kinds = {"date": dt.date, "time": dt.time}
        about["kind"] = next((kind for kind, of in kinds.items() if all(isinstance(v, of) for v in known)), "number")
        if not all(map(is_said, known)):
            about["texts"] = ["" if missing(v) else cell_text(v) for v in values]
        return about | {"values": tensors.add(v, dtype=exact(v))}
    texts = [None if missing(v) else cell_text(v)[:LONGEST] for v in values]
    counts = Counter(text for text in texts if text is not None)
    if len(counts) > LEVELS or (len(counts) > CLASSES and len(counts) > len(known) / 2):
        return about | {"kind": "text", "values": texts}
    order = sorted(counts, key=lambda level: (-counts[level], level)) if len(counts) > CLASSES else naturally([*counts])
    place = {level: i for i, level in enumerate(order)}
    index = np.array([-1 if text is None else place[text] for text in texts], dtype=np.int32)
    return about | {"kind": "category", "levels": order, "values": tensors.add(index, dtype="i32")}


def missing(v: Any) -> bool:
    """None, NaN, NaT and NA, but not infinity."""
    return v is None or type(v).__name__ in ("NAType", "NaTType") or (isinstance(v, (float, Decimal)) and v != v)


def seconds(v: Any) -> float | None:
    """A value on a scale; of a time of day, the seconds since midnight."""
    if isinstance(v, dt.time):
        return 3600 * v.hour + 60 * v.minute + v.second + v.microsecond / 1e6
    return number(v)


def is_said(v: Any) -> bool:
    """Whether a float of seconds or of a number says all of a value."""
    if isinstance(v, dt.datetime):
        return v.tzinfo is None and v.microsecond == 0 and not getattr(v, "nanosecond", 0)
    if isinstance(v, dt.time):
        return v.tzinfo is None and v.microsecond == 0
    return isinstance(v, dt.date) or (not isinstance(v, dt.timedelta) and abs(v) < 1 << 53)


def cell_text(v: Any) -> str:
    """A cell as the decoded row shows it.

    >>> cell_text(dt.datetime(2024, 5, 1)), cell_text(dt.timedelta(days=1, hours=2)), cell_text("b 00:00:00"), cell_text(2**60)
    ('2024-05-01', '1 days 02:00:00', 'b 00:00:00', '1152921504606846976')
    """
    if isinstance(v, dt.timedelta):
        microseconds = round(v / dt.timedelta(microseconds=1))
        return written(pa.array([microseconds], pa.duration("us")), 6 if microseconds % 10**6 else 0)[0]
    if isinstance(v, dt.datetime):
        return v.isoformat(" ").removesuffix(" 00:00:00")
    return str(v)


def naturally(levels: list[str]) -> list[str]:
    """Numbers by their size, texts by the alphabet.

    >>> naturally(["10", "9", "b", "a"])
    ['9', '10', 'a', 'b']
    """

    def key(level: str) -> tuple[bool, float, str]:
        try:
            return False, float(level), level
        except ValueError:
            return True, 0.0, level

    return sorted(levels, key=key)


def exact(v: np.ndarray) -> str:
    """The smallest type that holds these numbers.

    >>> exact(np.array([1.0, np.nan])), exact(np.array([0.1]))
    ('f32', 'f64')
    """
    with np.errstate(over="ignore"):
        return "f32" if np.array_equal(v.astype(np.float32).astype(np.float64), v, equal_nan=True) else "f64"
