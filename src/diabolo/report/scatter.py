"""Two drawings of numbers as SVG text: pairs as points beside the line y = x, and how often errors of each size are.

x is in percent of the width, so that letters keep their size on any screen.
"""

from __future__ import annotations

import numpy as np

from ..rows import evenly

__all__ = ["POINTS", "beyond", "histogram", "scatter", "ticks"]

POINTS = 3000
LEFT, RIGHT = 17, 96  # percent of the width
TOP, BOTTOM = 30, 350  # pixels
CUT, MARGIN = 0.005, 0.15  # of the numbers at each end that do not stretch the axis, and by how much of the rest they may
BARS = 41


def scatter(x: np.ndarray, y: np.ndarray) -> str:
    """Observed x and predicted y (n,) as points, and the line on which they are equal."""
    low, high = limits(np.concatenate([x, y]))
    some = evenly(len(x), POINTS)

    def across(v: float) -> str:
        return f"{LEFT + (RIGHT - LEFT) * (v - low) / (high - low):.2f}%"

    def up(v: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (v - low) / (high - low)

    marks = []
    for v in ticks(low, high):
        marks.append(f"<line class='grid' x1='{across(v)}' x2='{across(v)}' y1='{TOP}' y2='{BOTTOM}'/>")
        marks.append(f"<line class='grid' y1='{up(v):.1f}' y2='{up(v):.1f}' x1='{LEFT}%' x2='{RIGHT}%'/>")
        marks.append(f"<text x='{across(v)}' y='{BOTTOM + 20}' text-anchor='middle'>{short(v)}</text>")
        marks.append(f"<text x='{LEFT}%' dx='-8' y='{up(v) + 4:.1f}' text-anchor='end'>{short(v)}</text>")
    equal = f"<line class='level' x1='{LEFT}%' y1='{BOTTOM}' x2='{RIGHT}%' y2='{TOP}'/>"
    a, b = x[some].clip(low, high), y[some].clip(low, high)
    points = "".join(f"<circle class='flagged' cx='{across(v)}' cy='{up(w):.1f}' r='2'/>" for v, w in zip(a, b, strict=True))
    axes = named("observed →", "↑ predicted")
    return drawn(f"{len(x):,} rows, predicted against observed", "".join(marks) + points + equal + axes)


def histogram(errors: np.ndarray) -> str:
    """How many errors (n,) are of each size, with a line at 0."""
    reach = max(abs(v) for v in limits(errors)) or 1.0
    counts = np.histogram(errors.clip(-reach, reach), BARS, (-reach, reach))[0]
    wide = (RIGHT - LEFT) / BARS
    bars = "".join(
        f"<rect class='normal' x='{LEFT + i * wide + wide * 0.08:.2f}%' width='{wide * 0.84:.2f}%' "
        f"y='{BOTTOM - (BOTTOM - TOP) * n / counts.max():.1f}' height='{(BOTTOM - TOP) * n / counts.max():.1f}'/>"
        for i, n in enumerate(counts.tolist())
        if n
    )
    marks = []
    for v in ticks(-reach, reach):
        across = f"{LEFT + (RIGHT - LEFT) * (v + reach) / (2 * reach):.2f}%"
        marks.append(f"<line class='grid' x1='{across}' x2='{across}' y1='{TOP}' y2='{BOTTOM}'/>")
        marks.append(f"<text x='{across}' y='{BOTTOM + 20}' text-anchor='middle'>{short(v)}</text>")
    for n in ticks(0, float(counts.max())):
        y = BOTTOM - (BOTTOM - TOP) * n / counts.max()
        marks.append(f"<text x='{LEFT}%' dx='-8' y='{y + 4:.1f}' text-anchor='end'>{short(n)}</text>")
    middle = f"{(LEFT + RIGHT) / 2:.2f}%"
    zero = f"<line class='level' x1='{middle}' x2='{middle}' y1='{TOP}' y2='{BOTTOM}'/>"
    label = f"errors of {len(errors):,} rows; half of them lie between {short(np.quantile(errors, 0.25))} and "
    return drawn(label + short(np.quantile(errors, 0.75)), "".join(marks) + bars + zero + named("error →", "↑ rows"))


def named(across: str, up: str) -> str:
    return (
        f"<text class='said' x='{RIGHT}%' y='{BOTTOM + 44}' text-anchor='end'>{across}</text>"
        f"<text class='said' x='8' y='14'>{up}</text>"
    )


def drawn(label: str, inside: str) -> str:
    return f"<svg width='100%' height='{BOTTOM + 54}' role='img' aria-label='{label}'>{inside}</svg>"


def limits(v: np.ndarray) -> tuple[float, float]:
    """The ends of an axis: all numbers, unless a few lie far from the others.

    >>> limits(np.array([0.0, 4.0])), limits(np.array([2.0, 2.0]))
    ((0.0, 4.0), (1.5, 2.5))
    """
    low, high = (float(q) for q in np.quantile(v, [CUT, 1 - CUT]))
    room = MARGIN * (high - low)
    low, high = max(low - room, float(v.min())), min(high + room, float(v.max()))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def beyond(x: np.ndarray, y: np.ndarray) -> int:
    """How many points lie outside the axes."""
    low, high = limits(np.concatenate([x, y]))
    return int(((x < low) | (x > high) | (y < low) | (y > high)).sum())


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers from low to high.

    >>> ticks(0, 9.5), ticks(-0.3, 0.3)
    ([0.0, 2.0, 4.0, 6.0, 8.0], [-0.2, 0.0, 0.2])
    """
    rough = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= 0.75 * rough)
    return [float(f"{step * i + 0.0:.10g}") for i in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def short(v: float) -> str:
    """A number at an axis.

    >>> short(1500000), short(-40000), short(2500), short(0.25), short(-2e12)
    ('1.5M', '-40k', '2,500', '0.25', '-2e+12')
    """
    size = abs(v)
    if 1e6 <= size < 1e10:
        return f"{v / 1e6:,.4g}M"
    return f"{v / 1e3:,.4g}k" if 1e4 <= size < 1e6 else f"{v:,.5g}"
