"""A table -> features x (n, d): plain numbers all at once, other columns kind by kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import DataError
from .base import check_finite
from .category import kind_of
from .columns import Column, plain_kind, yes_no
from .frames import arrow, combined, kinds_of, matrix_of, names_of, numbers_of
from .gaps import Gaps
from .recurring import seen_as
from .scale import FLOATS, encoded
from .schema import DUST, adapted, arrow_type, narrowed, words

__all__ = ["Encoder"]


IN_CACHE = 1 << 16  # numbers that are encoded at once; twice as many, where they lie one after the other
NOTHING = 1e-9  # of a unit: no digit of float32
WITHIN_FLOAT32 = 1e30  # a unit, or its inverse, that loses nothing in float32


class Encoder:
    """The columns that were fitted, and where the features of each begin."""

    def __init__(self, fields: Sequence[Column], starts: Sequence[int]) -> None:
        self.fields, self.starts = fields, np.array(starts)
        self.names = [column.source for column in fields]
        place = {column.name: j for j, column in enumerate(fields)}
        self.parts = {j: place[column.source] for j, column in enumerate(fields) if column.part_of}  # and that of the dates
        self.kinds = np.array([plain_kind(column) for column in fields])

    def table(self, X: Any, x: np.ndarray, gaps: Gaps) -> None:
        """Write X into x (n, d), which holds zeros; X has the fitted columns in any order, and perhaps others."""
        places = self._places(names_of(X))
        kinds = kinds_of(X)[places]
        numbers, binary = (self.kinds == "f") & (kinds == "f"), (self.kinds == "b") & (kinds != "")
        some = np.flatnonzero(numbers)
        if len(some) and x.flags.f_contiguous and isinstance(X, pa.Table):
            values = [combined(X, j) for j in places[some].tolist()]
            for i in self._usual(values, some, gaps, x.T) if len(x) else ():
                self._column(values[i], self.fields[some[i]], gaps, x[:, self.starts[some[i]]])
        elif len(some):
            self._write(matrix_of(X, places[some]), x, some, gaps, types_of(X, places[some]))
        some = np.flatnonzero(binary)
        if len(some):
            x[:, self.starts[some]] = self._binary(matrix_of(X, places[some]), some, gaps)
        rest = [j for j in np.flatnonzero(~numbers & ~binary).tolist() if j not in self.parts]
        table = arrow(X, [int(places[j]) for j in rest]) if rest else None
        found = {j: as_fitted(self.fields[j], combined(table, i), gaps) for i, j in enumerate(rest)}
        found |= {j: seen_as(self.fields[j], self.fields[dates], found[dates]) for j, dates in self.parts.items()}
        alike: dict[Any, list[int]] = {}
        for j, v in found.items():
            alike.setdefault((type(self.fields[j]), v.type), []).append(j)
        for (kind, _), chosen in alike.items():
            kind.encode_all([self.fields[j] for j in chosen], [found[j] for j in chosen], x, self.starts[chosen])

    def _places(self, names: Sequence[str]) -> np.ndarray:
        """Where each column is among these."""
        place = {name: i for i, name in enumerate(names)}
        absent = [name for name in self.names if name not in place]
        if absent:
            raise DataError(
                f"X has no column {', '.join(map(repr, absent))}, which the model was fitted with; "
                f"it has {', '.join(map(repr, [*place][:20]))}"
            )
        return np.array([place[name] for name in self.names])

    def _usual(self, values: list[pa.Array], chosen: np.ndarray, gaps: Gaps, x: np.ndarray) -> list[int]:
        """Columns of ordinary numbers that have the type of x (d, n), as _column does each; which of all are not done.

        Several at once, for many calls of small arrays take longer than their arithmetic, and as many as stay in the cache.
        """
        fields, t, n = [self.fields[j] for j in chosen.tolist()], pa.from_numpy_dtype(x.dtype), x.shape[1]
        c, u, k, m, s = np.array([column.unit for column in fields], dtype=np.float64).T
        usual = (m == 0) & (s == 1) & (np.array([column.type for column in fields]) == str(t)) & (not gaps.numbers)
        if x.dtype == np.float32:
            usual &= np.max([np.abs(c), u, 1 / u], 0) < WITHIN_FLOAT32
        hi = c.astype(x.dtype)
        lo, unit = (c - hi).astype(x.dtype), u.astype(x.dtype)
        these = [i for i in np.flatnonzero(usual).tolist() if values[i].type == t and not values[i].null_count]
        left, size = {*range(len(values))} - {*these}, max(1, 2 * IN_CACHE // n)
        for some in (np.array(these[i : i + size]) for i in range(0, len(these), size)):
            rows = self.starts[chosen[some]]
            beside = bool(rows[-1] - rows[0] == len(rows) - 1)
            at = slice(int(rows[0]), int(rows[-1]) + 1) if beside else rows
            with np.errstate(all="ignore"):
                for i, row in zip(some.tolist(), rows.tolist(), strict=True):
                    np.subtract(numbers_of(values[i]), hi[i], out=x[row])
                v = x[at]
                if (np.abs(lo) > NOTHING * unit)[some].any():
                    v -= lo[some, None]
                v /= unit[some, None]
                near = np.maximum(v.max(1), -v.min(1)) <= k[some]  # nothing is missing, infinite, or far out
            if not beside:
                x[at] = v
            left |= {*some[~near].tolist()}
        return sorted(left)

    def _column(self, values: pa.Array, column: Any, gaps: Gaps, x: np.ndarray) -> None:
        """One of plain numbers into x (n,), as Number.encode would: laid out by columns, none is moved twice.

        Where float32 becomes float32, the center is taken away in two parts, v - c = (v - hi) - lo: no digit of v is lost.
        """
        (c, u, k, *rest), v = column.unit, numbers_of(values)
        same = v.dtype == x.dtype == np.float32 and column.type == str(values.type) and not gaps.numbers
        if not (same and max(abs(c), u, 1 / u) < WITHIN_FLOAT32):
            v = gaps.matrix(v.astype(np.float64))
        if column.type in FLOATS and column.type not in ("double", str(values.type)):
            v = narrowed(v, arrow_type(column.type))
        if rest == [0.0, 1.0] and len(v):  # as nearly always: nothing is missing, or far out
            hi = v.dtype.type(c)
            lo = v.dtype.type(c - float(hi))  # beside a float32, NumPy makes one of c, too
            with np.errstate(over="ignore"):
                t = np.subtract(v, hi, out=x if v.dtype == x.dtype else None)
                if lo:
                    t -= lo
                t /= v.dtype.type(u)
            if max(t.max(), -t.min()) <= k:
                x[:] = t
                return
        v = v.astype(np.float64, copy=False)
        check_finite(v[:, None], [column.name])
        x[:] = encoded(v, *column.unit)

    def _write(self, v: np.ndarray, x: np.ndarray, chosen: np.ndarray, gaps: Gaps, types: list[str]) -> None:
        """Plain numbers (n, m) into x, a block of rows at a time, which stays in the cache, as Number.encode would."""
        fields: list[Any] = [self.fields[j] for j in chosen]
        names, starts = [column.name for column in fields], self.starts[chosen]
        narrow = {
            i: arrow_type(column.type)
            for i, column in enumerate(fields)
            if column.type in FLOATS and column.type not in ("double", types[i])
        }
        unit = np.array([column.unit for column in fields], dtype=np.float64).T
        next_to = slice(starts[0], starts[-1] + 1) if len(chosen) == starts[-1] + 1 - starts[0] else starts
        size = max(64, IN_CACHE // len(chosen))
        for start in range(0, len(v), size):
            some = gaps.matrix(v[start : start + size])
            check_finite(some, names, start)
            some = some.copy() if narrow else some  # it may be the user's own
            for i, t in narrow.items():
                some[:, i] = narrowed(some[:, i], t)
            x[start : start + size, next_to] = encoded(some, *unit)

    def _binary(self, v: np.ndarray, chosen: np.ndarray, gaps: Gaps) -> np.ndarray:
        v = gaps.matrix(v)
        check_finite(v, [self.fields[j].name for j in chosen])
        return yes_no(np.where(np.abs(v) < DUST, 0.0, v))


def types_of(X: Any, places: np.ndarray) -> list[str]:
    """The types of columns of an Arrow table; others are not asked for theirs."""
    return [str(X.schema.field(i).type) for i in places.tolist()] if isinstance(X, pa.Table) else [""] * len(places)


def as_fitted(column: Column, values: pa.Array, gaps: Gaps) -> pa.Array:
    """Values of any type, converted to the type of the column if possible."""
    return adapted(
        gaps.without(values), arrow_type(column.type), column.name, kind_of(column), bool(getattr(column, "mixed", False))
    )


def as_given(column: Column, value: Any, values: pa.Array, gaps: Gaps) -> pa.Array:
    """One given value as the column has it; whoever gives it has no table that could be read otherwise."""
    try:
        return as_fitted(column, values, gaps)
    except DataError:
        t = arrow_type(column.type)
        remedy = "a pandas.Timestamp" if pa.types.is_timestamp(t) or pa.types.is_date(t) else "one such as a cell of X holds"
        raise DataError(f"given {column.name!r}: the column holds {words(t)}, not {value!r}: give {remedy}") from None


def single(name: str, value: Any) -> pa.Array:
    """One value as an array; NumPy's days and weeks, of which Arrow makes an error in a list, too.

    >>> single("day", np.datetime64("2024-05-05"))[0].as_py(), single("n", 7).to_pylist()
    (datetime.datetime(2024, 5, 5, 0, 0), [7])
    """
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    try:
        if kind in tuple("mM") and np.datetime_data(value.dtype)[0] in ("Y", "M", "W", "D", "h", "m"):
            return pa.array(np.array([value]).astype(f"{kind}8[s]"))
        return pa.array([value])
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        raise DataError(f"given {name!r}: {value!r} is no value of this column: give one such as a cell of X holds") from None
