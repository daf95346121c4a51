"""Objects that print as the same sentences and tables in a terminal, a log and a notebook.

    parts = sentences (str) and tables (Grid)     parts -> text, or HTML

A class yields its parts, and this module does the rest. Numbers have few digits; important ones are bold and have a star.
"""

from __future__ import annotations

import io
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

__all__ = ["Grid", "Marked", "Printed", "alike", "cut", "few", "localized", "percent"]

WIDTH = 100  # characters of a line
LEAST_SHARE = -10.0  # of the variance, that is shown
HUGE = 1e9  # from here on, powers of ten


class Marked(str):
    """An important cell, printed in bold and with a star."""


@dataclass(frozen=True)
class Grid:
    """A table of texts; None in place of a row is a horizontal line.

    Parameters
    ----------
    heads : tuple of str
    rows : list of (list of str, or None)
    title : str
    left : int
        The number of columns on the left that are words; the others are numbers.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str] | None]
    title: str = ""
    left: int = 1

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(show_header=any(self.heads))
        for j, head in enumerate(self.heads):
            table.add_column(Text(head), justify="left" if j < self.left else "right", overflow="fold")
        for row in self.rows:
            if row is None:
                table.add_section()
            else:
                table.add_row(*(Text(f"{v} *", "bold") if isinstance(v, Marked) else Text(v) for v in row))
        return Group(Text(self.title, "italic"), table) if self.title else table

    def __str__(self) -> str:
        from rich.console import Console

        file = io.StringIO()
        Console(file=file, width=WIDTH, color_system=None, force_terminal=False, force_jupyter=False).print(self)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines())

    def html(self) -> str:
        """The same for a notebook."""

        def cell(name: str, j: int, text: str) -> str:
            shown = f"<b>{escape(text)} *</b>" if isinstance(text, Marked) else escape(text)
            return f"<{name} style='text-align:{'left' if j < self.left else 'right'}'>{shown}</{name}>"

        rows = [("th", self.heads)] if any(self.heads) else []
        rows += [("td", row) for row in self.rows if row is not None]
        lines = (f"<tr>{''.join(cell(name, j, text) for j, text in enumerate(row))}</tr>" for name, row in rows)
        title = f"<caption style='text-align:left'><i>{escape(self.title)}</i></caption>" if self.title else ""
        return f"<table>{title}{''.join(lines)}</table>"


class Printed(ABC):
    """Mixin for objects that print as sentences and tables."""

    @abstractmethod
    def _parts(self) -> Iterable[str | Grid]:
        """What to print, from top to bottom."""

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        return Group(*(Text(part) if isinstance(part, str) else part for part in self._parts()))

    def __str__(self) -> str:
        return "\n".join(map(str, self._parts()))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(part)}</p>" if isinstance(part, str) else part.html() for part in self._parts())


def few(v: Any) -> str:
    """A value in few digits.

    >>> [few(v) for v in (735.29828, 0.000123456, 30875.4, 1987, True, "a", None, float("nan"))]
    ['735.3', '0.0001235', '30,875', '1987', 'True', 'a', 'missing', '-']
    """
    if not is_number(v):
        return "missing" if v is None else str(v).removesuffix(" 00:00:00")
    if not math.isfinite(v):
        return "-" if v != v else str(v)
    if abs(v) >= HUGE or 0 < abs(v) < 1e-4:
        return f"{v:.4g}"
    return grouped(v, 0 if isinstance(v, int) or abs(v) >= 1000 else max(0, 3 - digits(v)), trim=True)


def percent(share: float) -> str:
    """A share of the variance in percent; how far one wild cell is below -1,000% says nothing.

    >>> percent(0.7512), percent(-0.2), percent(-7084.9)
    ('75.1%', '-20.0%', '< -1,000%')
    """
    return f"{share:.1%}" if share >= LEAST_SHARE else f"< {LEAST_SHARE:,.0%}"


def localized(text: str, sign: str) -> str:
    """A number as English has it, with the sign before decimals that a file has; localized of dom.js does the same.

    >>> localized("30,875", ","), localized("664.3", ","), localized("664.3", ".")
    ('30.875', '664,3', '664.3')
    """
    return text.translate(str.maketrans(".,", ",.")) if sign == "," else text.replace(".", sign)


def alike(values: Sequence[Any]) -> list[str]:
    """Values of one column as texts; numbers have as many decimals as their differences need.

    >>> alike([9000.0, 735.29828, 612.4]), alike([1.6204, 1.5834, 1.3]), alike(["a", None])
    (['9000', '735', '612'], ['1.62', '1.58', '1.30'], ['a', 'missing'])
    >>> alike([0.0, 120000.0, 1e300]), alike([1987, 12, 40000])
    (['0', '120,000', '1e+300'], ['1987', '12', '40,000'])
    """
    if any(isinstance(v, datetime) and v == v for v in values):
        return moments(values)
    numbers = [float(v) for v in values if is_number(v) and math.isfinite(v) and abs(v) < HUGE]
    if not numbers or all(isinstance(v, int) for v in values if is_number(v)):
        return [few(v) for v in values]
    apart = sorted(abs(a - b) for a, b in pairwise(numbers) if a != b)
    scale = apart[len(apart) // 2] if apart else max(map(abs, numbers))
    decimals = 0 if all(v.is_integer() for v in numbers) or not scale else min(max(0, 1 - digits(scale)), 9)
    usual = is_number, lambda v: math.isfinite(v) and abs(v) < HUGE
    return [grouped(v, decimals) if all(test(v) for test in usual) else few(v) for v in values]


def moments(values: Sequence[Any]) -> list[str]:
    """Dates of one column as texts: days if they are days apart, else minutes, else seconds.

    >>> moments([datetime(2024, 5, 1, 3, 4, 5, 678), datetime(2024, 5, 9), None])
    ['2024-05-01', '2024-05-09', 'missing']
    """
    known = [v for v in values if isinstance(v, datetime) and v == v]  # NaT is none
    apart = (max(known) - min(known)).total_seconds()
    length = 10 if apart >= 2 * 86400 else 16 if apart >= 120 else 19
    return [str(v)[:length].removesuffix(" 00:00:00").removesuffix(" 00:00") if v in known else few(v) for v in values]


def is_number(v: Any) -> bool:
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def digits(v: float) -> int:
    """The power of ten of the first digit."""
    return math.floor(math.log10(abs(v))) if v else 0


def grouped(v: float, decimals: int, trim: bool = False) -> str:
    """A number with this many decimals, and commas from five digits on: 1987 may be a year."""
    text = f"{v:{',' if abs(v) >= 10_000 else ''}.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if trim and "." in text else text
    return text.removeprefix("-") if not float(text.replace(",", "")) else text


def cut(text: str, most: int) -> str:
    """The text in one line of at most `most` characters.

    >>> cut("a  long\\nword", 6)
    'a lon…'
    """
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
