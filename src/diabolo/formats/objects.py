"""Columns of Python objects: what they hold, in people's words, and why some cannot be learned."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["sorts", "unread"]

MOMENTS = "dates with a time"
SORTS = {"bool": "yes/no values", "bool_": "yes/no values", "str": "texts", "str_": "texts", "bytes": "bytes"}
SORTS |= {
    "datetime": MOMENTS,
    "Timestamp": MOMENTS,
    "date": "dates",
    "Decimal": "decimals",
    "time": "times of day",
    "timedelta": "durations",
}
SORTS |= {"list": "lists", "tuple": "lists", "dict": "records", "set": "sets", "complex": "complex numbers"}

BEYOND = {  # what is usually read: why it is not, and the way out
    "whole numbers": "whole numbers beyond 64 bits: give them as floats, with {}.astype(float)",
    "numbers": "numbers of more than 64 bits: give them as usual floats, with {}.astype(float)",
    "decimals": "decimals that are infinite or too long: give floats, with {}.astype(float)",
    "texts": "texts with halves of characters, as of a file that was read with another encoding: read it anew, or replace "
    "them, with {}.str.encode('utf-8', 'replace').str.decode('utf-8')",
}


def _sort(v: Any) -> str:
    """The type of a Python object in people's words."""
    name = type(v).__name__
    if name in SORTS:
        return SORTS[name]
    if isinstance(v, (int, np.integer)):
        return "whole numbers"
    return "numbers" if isinstance(v, (float, np.floating)) else f"objects of type {name}"


def sorts(values: Any) -> dict[str, tuple[int, Any]]:
    """The types among Python objects, each with its first row and value; missing ones apart."""
    found: dict[str, tuple[int, Any]] = {}
    for row, v in enumerate(values):
        if v is None or v is not v or type(v).__name__ in ("NAType", "NaTType") or (isinstance(v, float) and v != v):
            continue
        found.setdefault(_sort(v), (row, v))
    return found


def unread(name: str, column: Any) -> str:
    """Why a column of Python objects is of no type, and the way out."""
    found = sorts(column)
    if len(found) > 1:
        told = " and ".join(f"{sort} ({v!r} in row {row:,})" for sort, (row, v) in found.items())
        way = f"as categories with df[{name!r}].astype(str), or as numbers with pd.to_numeric(df[{name!r}], errors='coerce')"
        way = f"pd.to_datetime(df[{name!r}])" if set(found) == {MOMENTS, "dates"} else way
        return f"column {name!r} mixes {told}: give it values of one type, {way}"
    sort = next(iter(found), str(column.dtype))
    if sort in BEYOND:
        return f"column {name!r} holds {BEYOND[sort].format(f'df[{name!r}]')}"
    return f"column {name!r} holds {sort}, which cannot be learned: give numbers, dates, texts or categories, or drop it"
