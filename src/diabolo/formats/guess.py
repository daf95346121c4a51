"""The type of a column of texts that come in pieces: the one that cells.guessed finds in all of them together.

Each way to read a cell stays possible until a piece has one that cannot be read so; the first that is left is the type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from .cells import all_whole, as_clock, as_moments, attempted, floats, has_zero, integers, is_huge, plain_numbers, truths
from .schema import is_iso

__all__ = ["Guess"]

UNITS = ("s", "us", "ns")
READERS: dict[str, Callable[[Any], Any]] = {
    "whole": integers,
    "number": floats,
    "truth": truths,
    "day": lambda cells: cells.cast(pa.date32()),
    "clock": as_clock,
    "moment": as_moments,
}
IMPLIED = {"number": "whole", "moment": "day"}  # what is read by the other is read by this one, too


class Guess:
    """What is known of the cells so far.

    >>> guess = Guess()
    >>> for piece in (["1", None], ["2.5"]):
    ...     guess.add(pa.array(piece))
    >>> guess.type
    DataType(double)
    """

    def __init__(self, decimal: str = ".", thousands: str | None = None) -> None:
        self.signs = decimal, thousands
        self.left = dict.fromkeys(READERS, True)
        self.empty, self.iso = True, True
        self.huge = self.zero = self.zoned = False
        self.whole = True
        self.unit = {"clock": 0, "moment": 0}  # numbers of UNITS

    def add(self, cells: Any) -> None:
        """Some more cells, as texts."""
        if cells.null_count == len(cells):
            return
        self.empty = False
        self.iso = self.iso and is_iso(pa.concat_arrays(cells.chunks) if isinstance(cells, pa.ChunkedArray) else cells)
        numbers = plain_numbers(cells, *self.signs) if self.left["whole"] or self.left["number"] else cells
        passed: set[str] = set()
        for name in [name for name, left in self.left.items() if left]:
            if IMPLIED.get(name) in passed:
                continue
            found = attempted(READERS[name], numbers if name in ("whole", "number") else cells)
            self.left[name] = found is not None
            if found is not None:
                passed.add(name)
                self._note(name, cells, found)

    def _note(self, name: str, cells: Any, found: Any) -> None:
        if name in ("whole", "number"):
            self.zero = self.zero or has_zero(cells)
            self.huge = self.huge or is_huge(found)
            self.whole = self.whole and (name == "whole" or all_whole(cells))
        if name in self.unit:
            self.unit[name] = max(self.unit[name], UNITS.index(found.type.unit))
            self.zoned = self.zoned or getattr(found.type, "tz", None) is not None

    @property
    def type(self) -> pa.DataType:
        """The type of all cells together."""
        name = next((name for name, left in self.left.items() if left), None)
        if self.empty:
            return pa.null()
        if name is None or (name in ("whole", "number") and (self.whole if self.huge else self.zero)):
            return pa.string()
        if name == "clock":
            unit = UNITS[self.unit[name]]
            return pa.time32("s") if unit == "s" else pa.time64(unit)
        if name == "moment":
            return pa.timestamp(UNITS[self.unit[name]], "UTC" if self.zoned else None)
        return {"whole": pa.int64(), "number": pa.float64(), "truth": pa.bool_(), "day": pa.date32()}[name]
