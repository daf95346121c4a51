"""A map as an SVG, which any browser or word processor shows."""

from __future__ import annotations

import datetime as dt
from textwrap import wrap
from typing import Any

import numpy as np

from ..estimators.autoencoder.maps import Map
from .page import escaped
from .values import plain, rounded

__all__ = ["draw_map"]

SIDE, EDGE, LEGEND = 720, 24, 200  # pixels: of the square, around it, and beside it
PALETTE = ("#4170e9", "#ee921a", "#de394b", "#00a8a8", "#31983d", "#8e47cd", "#ee8ab2", "#8f5526", "#b5b732", "#5b6072")
RAMP = ("#4934a3", "#9425ab", "#dd316f", "#f0672f", "#f2a41a")
GRAY, INK = "#b9bcc6", "#23262f"
RANGE = (0.01, 0.99)  # the quantiles between which the colors of numbers change
LINE, TITLE, NAME = 108, 24, 23  # letters of a line below the map, and beside it of a title and of a level
A_DAY = 86400.0  # seconds


def draw_map(found: Map, places: np.ndarray, column: dict[str, Any] | None = None, new: np.ndarray | None = None) -> bytes:
    """Places (n, 2) as points, colored by a column (see ``values.column``); `new` (n,) bool are drawn larger."""
    new = np.zeros(len(places), bool) if new is None else new
    colors, legend = colored(column, len(places))
    lines = wrap(found.note + beyond(found, places[new]), LINE)
    places = found.inside(places)
    low, high = places.min(0), places.max(0)
    at = EDGE + (places - low) / np.where(high > low, high - low, 1.0) * (SIDE - 2 * EDGE)
    radius = float(np.clip(90 / np.sqrt(len(places)), 1.6, 4.5))
    points = [
        f"<circle cx='{x:.1f}' cy='{SIDE - y:.1f}' r='{radius * (1.8 if fresh else 1):.1f}' fill='{color}'"
        + (f" stroke='{INK}'/>" if fresh else "/>")
        for (x, y), color, fresh in zip(at, colors, new, strict=True)
    ]
    across, upwards = map(escaped, found.axes)
    words = [
        *(f"<text x='{EDGE}' y='{SIDE + 16 + 18 * i}'>{escaped(line)}</text>" for i, line in enumerate(lines)),
        f"<text x='{SIDE / 2}' y='{SIDE - 4}' text-anchor='middle'>{across}</text>",
        f"<text transform='rotate(-90 12 {SIDE / 2})' x='12' y='{SIDE / 2}' text-anchor='middle'>{upwards}</text>",
    ]
    if new.any():
        legend += named(f"<circle cx='{SIDE + 14}' cy='{SIDE - 20}' r='6' fill='none' stroke='{INK}'/>", SIDE - 15, "new rows")
    width, height = SIDE + (LEGEND if legend else 0), SIDE + 10 + 18 * len(lines)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        f"font-family='system-ui, sans-serif' font-size='13' fill='{INK}'><rect width='100%' height='100%' fill='white'/>"
        f"<g fill-opacity='0.8'>{''.join(points)}</g>{''.join(words)}{legend}</svg>\n"
    ).encode()


def beyond(found: Map, new: np.ndarray) -> str:
    """How many of the new places (m, 2) lie outside the frame, in words."""
    count = int((found.inside(new) != new).any(1).sum())
    return f" Outside, too: {count:,} of {len(new):,} new rows." if count else ""


def colored(column: dict[str, Any] | None, n: int) -> tuple[list[str], str]:
    """The color of each of n points, and the legend."""
    if column is None:
        return [PALETTE[0]] * n, ""
    title = f"<text x='{SIDE + 8}' y='40' font-weight='600'>{escaped(cut(column['name'], TITLE))}</text>"
    if column["kind"] == "category":
        return levels(column, title)
    return numbers(column, title)


def levels(column: dict[str, Any], title: str) -> tuple[list[str], str]:
    """The most frequent levels have a color each; the last color is for all others."""
    names = column["levels"] if len(column["levels"]) <= len(PALETTE) else [*column["levels"][: len(PALETTE) - 1], "others"]
    entries = [*zip(names, PALETTE, strict=False)] + ([("missing", GRAY)] if -1 in column["values"] else [])
    lines = [spot(60 + 22 * i, color, name) for i, (name, color) in enumerate(entries)]
    shades = [GRAY if i < 0 else PALETTE[min(i, len(names) - 1)] for i in column["values"]]
    return shades, title + "".join(lines)


def spot(y: float, color: str, name: str) -> str:
    """A color of the legend, and what it stands for."""
    return named(f"<circle cx='{SIDE + 14}' cy='{y}' r='6' fill='{color}'/>", y + 5, name)


def named(mark: str, y: float, name: str) -> str:
    return f"{mark}<text x='{SIDE + 28}' y='{y}'>{escaped(cut(name, NAME))}</text>"


def cut(name: str, most: int) -> str:
    """
    >>> cut("a long name", 7), cut("a name", 7)
    ('a long…', 'a name')
    """
    return name if len(name) <= most else f"{name[: most - 1]}…"


def numbers(column: dict[str, Any], title: str) -> tuple[list[str], str]:
    """From dark to light; values beyond RANGE have the color of its end, which says so."""
    values = np.array([np.nan if plain(v) is None else float(v) for v in column["values"]])
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, RANGE) if len(known) else (0.0, 1.0)
    shares = np.nan_to_num((values - low) / ((high - low) or 1.0)).clip(0, 1)
    shades = [GRAY if np.isnan(v) else between(s) for v, s in zip(values, shares, strict=True)]
    least, most = ends(column["kind"], float(low), float(high))
    least, most = "≤ " * bool((known < low).any()) + least, "≥ " * bool((known > high).any()) + most
    stops = "".join(f"<stop offset='{i / (len(RAMP) - 1):.2f}' stop-color='{c}'/>" for i, c in enumerate(RAMP))
    bar = (
        f"<defs><linearGradient id='ramp' x2='0' y1='1'>{stops}</linearGradient></defs>"
        f"<rect x='{SIDE + 8}' y='56' width='16' height='200' fill='url(#ramp)'/>"
        f"<text x='{SIDE + 32}' y='68'>{escaped(most)}</text><text x='{SIDE + 32}' y='256'>{escaped(least)}</text>"
    )
    return shades, title + bar + (spot(282, GRAY, "missing") if len(known) < len(values) else "")


def ends(kind: str, low: float, high: float) -> tuple[str, str]:
    """The two numbers of a scale, or the dates that they stand for; with the time, if they are a few days apart.

    >>> ends("number", 0.5, 12), ends("date", 0, 90 * A_DAY), ends("date", 0, 3600)
    (('0.5', '12'), ('1970-01-01', '1970-04-01'), ('1970-01-01 00:00', '1970-01-01 01:00'))
    """
    if kind != "date":
        return str(rounded(low, 4)), str(rounded(high, 4))
    form = "%Y-%m-%d" if high - low > 3 * A_DAY else "%Y-%m-%d %H:%M"
    first = dt.datetime(1970, 1, 1)
    return f"{first + dt.timedelta(seconds=low):{form}}", f"{first + dt.timedelta(seconds=high):{form}}"


def between(share: float) -> str:
    """The color at this share of the ramp."""
    i = min(int(share * (len(RAMP) - 1)), len(RAMP) - 2)
    part = share * (len(RAMP) - 1) - i
    ends = [[int(RAMP[i + j][k : k + 2], 16) for k in (1, 3, 5)] for j in (0, 1)]
    return "#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in zip(*ends, strict=True))
