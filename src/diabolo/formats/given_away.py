"""Answers that lie in the table: a column of X that is y itself, or from which it follows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..deferred import is_sparse
from ..errors import SHOWN, DataError, postponed, some, warn
from ..rows import evenly
from .determined import arrow, codes, determines, monotone, numbers, summands
from .files import Reading, read_table
from .files import is_table as holds_table
from .frames import container, names_of
from .targets import is_missing

__all__ = ["tell_given_away"]

ENOUGH = 30  # rows in which a column is hardly y by chance
FIRST = 20  # rows that tell most other columns from y
WITHOUT = {"pandas": "drop(columns=", "polars": "drop(", "arrow": "drop_columns("}
NARROW = ("float32", "Float32", "float", "float[pyarrow]")  # of pandas, polars and Arrow
MAX_COLUMNS = 2000  # columns of X that are looked at
MAX_PAIRS = 5000  # of a column of X and one of y that are looked at for more than being equal
ROWS, RANKED = 50_000, 2000  # rows that are looked at for values that determine y, and for ranks that do
MAX_SUMMANDS = 100  # columns of numbers of which y may be the sum
SMALL = 1 << 25  # bytes of a file that is read for this
NAMES = 10  # values of a column that names things, at least


def tell_given_away(X: Any, y: Any, groups: Any = None, reading: Any = None) -> None:
    """Warn of columns of a table, of the table in a small file, or of an array X from which y, or a column of it, follows.

    A model that reads y itself, or y in another unit, has learned nothing. If y is the same in all rows of each patient, it
    knows patients again: then `groups` are needed.

    >>> import pandas as pd
    >>> import warnings
    >>> df = pd.DataFrame({"size": range(40), "price": np.arange(40) ** 2})
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     tell_given_away(df, df["price"])
    >>> str(told[0].message)[:36]
    "column(s) 'price' of X are y itself:"
    """
    X = in_memory(X, reading) if isinstance(X, (str, Path)) else X
    y = np.array(y.tolist()) if hasattr(y, "detach") else y  # a tensor
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1 and not is_sparse(y):
        y = column(y, 0)
    flat = getattr(y, "ndim", 1) == 1 and hasattr(y, "__len__")
    if not (is_table(X) or is_array(X)) or X.shape[0] < ENOUGH or not (is_table(y) or is_array(y) or flat):
        return
    if len(y) != X.shape[0] or getattr(getattr(y, "dtype", None), "kind", "") == "c":
        return
    there = names(X)
    answers = [column(y, c) for c in range(y.shape[1])] if getattr(y, "ndim", 1) == 2 or is_table(y) else [y]
    given = equal_columns(X, y) if is_array(X) else equal_cells(X, y, answers, there)
    if given:
        warn(
            f"column(s) {some(given)} of X are y itself: the model reads the answer there, and knows nothing of rows without "
            f"it; leave them out, {without(X, given)}"
        )
    if len(there) > 1 and answers:
        tell_determined(X, answers, {name: c for name, c in there.items() if name not in given}, groups is not None)


def in_memory(path: str | Path, reading: Any) -> Any:
    """The table in a small file; what is to be said of the file is said where it is learned."""
    if not (os.path.isfile(path) and holds_table(path) and os.path.getsize(path) <= SMALL):
        return path
    try:
        with postponed():
            return read_table(path, None, reading or Reading(), {}, rest=True)
    except (DataError, pa.ArrowException, OSError):
        return path


def equal_cells(X: Any, y: Any, answers: list[Any], there: dict[str, int]) -> list[str]:
    """The columns of a table that are y; if that is a table, too, those that are y's column of the same name."""
    if is_table(y):
        pairs = [(name, answers[c]) for name, c in names(y).items() if name in there]
    else:
        pairs = [(name, a) for a in answers for name in there]
    return list(dict.fromkeys(name for name, a in pairs if alike(column(X, there[name]), a)))


def equal_columns(X: np.ndarray, y: Any) -> list[str]:
    """The columns of an array that are y, or one of its columns."""
    try:
        Y = np.asarray(y.to_numpy() if hasattr(y, "to_numpy") else y, dtype=np.float64)
    except (TypeError, ValueError):  # texts, lists
        return []
    Y, which = Y.reshape(len(X), -1), evenly(len(X), ROWS)
    dtype = np.float32 if X.dtype == np.float32 else np.float64
    keys = {bits(a[which], dtype): a for a in Y.T if len(np.unique(a[which])) > 1}
    found = ((j, keys.get(bits(X[which, j], dtype))) for j in range(min(X.shape[1], MAX_COLUMNS)))
    return [str(j) for j, a in found if a is not None and bits(X[:, j], dtype) == bits(a, dtype)]


def bits(x: np.ndarray, dtype: Any) -> bytes:
    """The same for the same numbers, and where some are missing."""
    return (np.where(np.isnan(x), np.nan, x).astype(dtype) + dtype(0)).tobytes()


def tell_determined(X: Any, answers: list[Any], there: dict[str, int], grouped: bool) -> None:
    """The same for columns from which y follows."""
    which = evenly(len(answers[0]), ROWS)
    found = [a for a in (arrow(cells_at(a, which)) for a in answers) if a is not None and codes(a) is not None]
    if not found or len(found) < len(answers) or len(there) * len(found) > MAX_PAIRS:
        return
    known = np.any([a.is_valid() for a in found], axis=0)  # of other rows nothing is learned
    which = which[known]
    if len(which) < ENOUGH:
        return
    suspects = Suspects([Answer(a.filter(pa.array(known))) for a in found], grouped)
    for name, c in there.items():
        if (x := arrow(cells_at(column(X, c), which))) is not None:
            suspects.look(name, x)
    suspects.tell(X)


class Answer:
    """A column of y, some rows of which are ranked if it is numbers."""

    def __init__(self, y: pa.Array) -> None:
        self.code = np.asarray(codes(y))
        self.different, values = len(np.unique(self.code)), numbers(y)
        self.classes = self.different if values is None else 0
        self.ranked = None if values is None or self.different < ENOUGH / 2 else values[evenly(len(y), RANKED)]

    def has_name(self, code: np.ndarray, n: int, quantity: np.ndarray | None) -> bool:
        """Whether a column of n values, or what is missing there, is y by another name."""
        return (n < NAMES or n <= self.classes) and determines(code, self.code, quantity)

    def says(self, code: np.ndarray) -> int | None:
        """The class of which a column of two values says which rows are of it."""
        for yes in (code == code[0], code != code[0]):
            of = int(self.code[yes.argmax()])
            if (yes == (self.code == of)).all():
                return of
        return None

    def has_unit(self, x: np.ndarray | None) -> bool:
        """Whether some rows of a column are y in another unit."""
        return x is not None and self.ranked is not None and monotone(x, self.ranked, ENOUGH)


class Suspects:
    """Columns of X, looked at one after the other, and what they say of y."""

    def __init__(self, known: list[Answer], grouped: bool) -> None:
        self.known, self.grouped = known, grouped
        self.together = np.unique(np.stack([a.code for a in known]), axis=1, return_inverse=True)[1].ravel()
        self.own: list[str] = []  # that are y by another name, or in another unit
        self.one_hot: dict[int, str] = {}  # that say which rows are of a class of the only y
        self.things: dict[str, int] = {}  # that name things whose rows all have one y, and how many
        self.few = evenly(len(self.together), RANKED)
        self.quantities: dict[str, np.ndarray] = {}  # some rows of those that vary
        self.row, self.rng = np.zeros(len(self.together), dtype=np.uint64), np.random.default_rng(0)

    def look(self, name: str, x: pa.Array) -> None:
        """At a column (n,)."""
        quantity = numbers(x)
        some = None if quantity is None else quantity[self.few]
        untied = some is not None and len(np.unique(some)) == len(some)  # as nearly all floats: no two rows are of one thing
        code = quantity.view(np.uint64) if untied and quantity is not None else codes(x)
        if code is None or (code == code[0]).all():
            return
        self.row += code.astype(np.uint64) * self.rng.integers(1, 2**63, dtype=np.uint64)  # hardly the same of different rows
        if some is not None and len(np.unique(some[~np.isnan(some)])) > 1:
            self.quantities[name] = some
        gaps, n = np.asarray(x.is_null()), len(code) if untied else int(code.max()) + 1
        if any(a.has_name(code, n, quantity) or a.has_name(gaps, 2, None) or a.has_unit(some) for a in self.known):
            self.own.append(name)
        elif n == 2 and len(self.known) == 1 and (of := self.known[0].says(code)) is not None:
            self.one_hot[of] = name
        elif not self.grouped and (things := self.things_of(code, ~gaps, quantity)):
            self.things[name] = things

    def things_of(self, code: np.ndarray, named: np.ndarray, quantity: np.ndarray | None) -> int:
        """How many things a column names, most of them in several rows, if all rows of each have one y; else 0."""
        size = np.unique(code[named], return_counts=True)[1]
        if (size > 1).sum() < NAMES or len(size) > named.sum() / 2:
            return 0
        same_y = determines(code[named], self.together[named], None if quantity is None else quantity[named])
        return len(size) if same_y else 0

    def tell(self, X: Any) -> None:
        if len(self.one_hot) >= max(2, self.known[0].different - 1):  # the last one follows from the others
            self.own += self.one_hot.values()
        if self.own:
            warn(
                f"column(s) {some(self.own)} of X give y away, in another unit or by another name: if they are made "
                f"from y, or known only with it, leave them out, {without(X, self.own)}"
            )
        elif found := self.parts():
            how, parts = found
            warn(
                f"y is the {how} of columns {some(parts)} of X: if they are known only with it, leave them out, "
                f"{without(X, parts)}"
            )
        different = len(np.unique(self.row))  # copies are held out together anyway
        if things := {name: n for name, n in self.things.items() if n <= different / 2}:
            tell_things(X, things, len(self.row))

    def parts(self) -> tuple[str, list[str]] | None:
        """How y follows from several columns, and from which."""
        y, several = self.known[0].ranked, 1 < len(self.quantities) <= MAX_SUMMANDS
        if len(self.known) > 1 or y is None or not several:
            return None
        x = np.column_stack([*self.quantities.values()])
        above = np.flatnonzero((x > 0).all(0))
        ways = {"sum or difference": (np.arange(x.shape[1]), x, y), "product or ratio": (above, logs(x[:, above]), logs(y))}
        found = {how: [[*self.quantities][j] for j in at[summands(v, of)]] for how, (at, v, of) in ways.items() if len(at) > 1}
        return next(((how, parts) for how, parts in found.items() if parts), None)


def logs(x: np.ndarray) -> np.ndarray:
    """Logarithms; NaN of numbers that have none."""
    return np.log(np.where(x > 0, x, np.nan))


def tell_things(X: Any, things: dict[str, int], n: int) -> None:
    """Warn of columns that name things whose rows all have one y: name -> number of values."""
    first, *others = sorted(things, key=lambda name: things[name])
    at = repr(labels(X, [first])[0]) if is_table(X) else f":, {first}"
    more = f", and of {some(others)}" if others else ""
    warn(
        f"y is the same in all rows of each value of {first!r} ({things[first]:,} values in {n:,} rows){more}: if such rows "
        "belong together, as those of one patient, the model knows them again, and `held_out_` is too good for new ones; hold "
        f"them out together, fit({without(X, [first], None)}, y, groups=X[{at}]) (--groups)"
    )


def without(X: Any, names: list[str], option: str | None = "--drop") -> str:
    """How columns are left out: those that are shown."""
    if is_table(X):
        return f"X.{WITHOUT[container(X)]}{labels(X, names[:SHOWN])!r})" + (f" ({option})" if option else "")
    return f"np.delete(X, [{', '.join(names[:SHOWN])}], axis=1)"


def labels(X: Any, names: list[str]) -> list[Any]:
    """Names as the table has them, such as numbers in pandas."""
    found = dict(zip(names_of(X), X.columns, strict=True)) if container(X) == "pandas" else {}
    return [found.get(name, name) for name in names]


def names(X: Any) -> dict[str, int]:
    """The names of the first columns, or their numbers in an array, and where they are."""
    every = names_of(X) if is_table(X) else map(str, range(X.shape[1]))
    return dict(zip(every, range(MAX_COLUMNS), strict=False))


def is_array(X: Any) -> bool:
    """Whether it is an array of columns of numbers."""
    return isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf"


def cells_at(values: Any, rows: np.ndarray) -> Any:
    """Some rows of a column."""
    if len(rows) == len(values):
        return values
    if isinstance(values, (list, tuple)):
        return [values[i] for i in rows.tolist()]
    return values.take(rows) if isinstance(values, (pa.Array, pa.ChunkedArray)) else getattr(values, "iloc", values)[rows]


def is_table(X: Any) -> bool:
    """Whether it is a table of pandas, polars or Arrow in memory."""
    return isinstance(X, pa.Table) or any(cls.__name__ == "DataFrame" for cls in type(X).__mro__)


def column(X: Any, c: int) -> Any:
    """Column c of a table, or of an array."""
    if is_array(X):
        return X[:, c]
    return X.iloc[:, c] if container(X) == "pandas" else X.to_series(c) if container(X) == "polars" else X.column(c)


def alike(column: Any, y: Any) -> bool:
    """Whether a column holds the values of y, which are not all the same."""
    if str(getattr(column, "dtype", getattr(column, "type", ""))) in NARROW:
        y = narrowed(y)
    return all(map(same, cells(column[:FIRST]), cells(y[:FIRST]))) and several(y) and all(map(same, cells(column), cells(y)))


def narrowed(y: Any) -> Any:
    """Numbers as a column of float32 holds them; others as they are."""
    try:
        return np.asarray(y, dtype=np.float64).astype(np.float32)
    except (TypeError, ValueError):
        return y


def several(y: Any) -> bool:
    first, *others = cells(y)
    return not all(same(first, other) for other in others)


def cells(values: Any) -> Iterator[Any]:
    """The cells of a column, or of a list, as Python's."""
    name = next((name for name in ("to_pylist", "to_list", "tolist") if hasattr(values, name)), None)
    return iter(getattr(values, name)() if name else values)


def same(a: Any, b: Any) -> bool:
    """Whether two cells are one text or number, or both missing."""
    if is_missing(b):
        return is_missing(a)
    if isinstance(a, Decimal) != isinstance(b, Decimal) and isinstance(a, Real | Decimal) and isinstance(b, Real | Decimal):
        a, b = float(a), float(b)
    return np.isscalar(a) and np.isscalar(b) and bool(a == b)
