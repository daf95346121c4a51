"""Values as readable texts, and as JSON."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from ..estimators.base import System

__all__ = ["as_list", "at", "column", "packed", "plain", "rounded", "seed"]

MAX_CHARACTERS = 200  # characters of a string
MAX_CLASSES = 20  # a label with at most this many different numbers is a class
MAX_COLORED_LEVELS = 10  # up to this many levels have a color each and keep their order


def rounded(v: float, digits: int = 6) -> float | int | None:
    """To `digits` significant digits; None for NaN and infinity.

    >>> rounded(0.123456789), rounded(3.0), rounded(float("nan"))
    (0.123457, 3, None)
    """
    if not math.isfinite(v):
        return None
    near = float(f"{v:.{digits}g}")
    return int(near) if near.is_integer() and abs(near) < 1e15 else near


def plain(v: Any) -> Any:
    """Any value as JSON: None, a number, or text.

    >>> plain(np.float64(2.5)), plain(dt.datetime(2024, 5, 1)), plain(True)
    (2.5, '2024-05-01', 'True')
    """
    v = v.item() if isinstance(v, np.generic) else v
    if v is None or type(v).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(v, int) and not isinstance(v, bool) and abs(v) < 1 << 53:
        return v
    if isinstance(v, (float, Decimal)):
        return rounded(float(v))
    return v[:MAX_CHARACTERS] if isinstance(v, str) else str(v)[:MAX_CHARACTERS].removesuffix(" 00:00:00")


def number(v: Any) -> float | None:
    """Values on a scale: numbers, dates, and times in seconds."""
    v = v.item() if isinstance(v, np.generic) else v
    if isinstance(v, (bool, str)) or v is None:
        return None
    if isinstance(v, dt.datetime):
        return (v if v.tzinfo else v.replace(tzinfo=dt.UTC)).timestamp()
    if isinstance(v, dt.date):
        return dt.datetime(v.year, v.month, v.day, tzinfo=dt.UTC).timestamp()
    if isinstance(v, dt.timedelta):
        return v.total_seconds()
    return float(v) if isinstance(v, (int, float, Decimal)) else None


def as_list(values: Any) -> list[Any]:
    """A list from any column: pandas, polars, Arrow, numpy."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            return list(getattr(values, method)())
    return list(values)


def at(values: Any, rows: Any) -> list[Any]:
    """The values of these rows, of a list or an Arrow column."""
    if isinstance(values, pa.ChunkedArray):
        return list(values.take(pa.array(rows, pa.int64())).to_pylist())
    return [values[i] for i in rows]


def column(name: str, group: str, values: list[Any]) -> dict[str, Any]:
    """One column to color the map with: numbers, or levels."""
    known = [v for v in values if plain(v) is not None]
    if known and all(number(v) is not None for v in known) and not (group == "label" and _classes(known)):
        return {"name": name, "group": group, **line(values, known)}
    return {"name": name, "group": group, **levels(values, known)}


def line(values: list[Any], known: list[Any]) -> dict[str, Any]:
    """Numbers; dates keep all their digits."""
    date = all(isinstance(v, dt.date) for v in known)
    places = [None if plain(v) is None else rounded(number(v) or 0.0, 15 if date else 6) for v in values]
    return {"kind": "date" if date else "number", "values": places}


def levels(values: list[Any], known: list[Any]) -> dict[str, Any]:
    """Few levels in their own order, many by frequency; -1 = missing."""
    counts = Counter(plain(v) for v in known)
    few = len(counts) <= MAX_COLORED_LEVELS
    order = sorted(counts, key=(lambda v: (isinstance(v, str), v)) if few else (lambda v: (-counts[v], str(v))))
    place = {level: i for i, level in enumerate(order)}
    return {"kind": "category", "levels": [str(v) for v in order], "values": [place.get(plain(v), -1) for v in values]}


def _classes(known: list[Any]) -> bool:
    return len({plain(v) for v in known}) <= MAX_CLASSES


def packed(pixels: np.ndarray, low: float, high: float) -> str:
    """Numbers between low and high as one byte each, in base64."""
    shades = np.nan_to_num((pixels - low) / ((high - low) or 1.0)).clip(0, 1)
    return base64.b64encode((255 * shades).round().astype(np.uint8).tobytes()).decode()


def seed(model: System) -> str:
    """The given seed, or the one that was drawn."""
    given = model.random_state
    return str(given) if isinstance(given, (int, np.integer)) else f"{model.seed_} (drawn)"
