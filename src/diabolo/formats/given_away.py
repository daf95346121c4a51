"""Answers that lie in the table: a column of X that is y itself, or from which it follows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pyarrow as pa

from ..deferred import is_sparse
from ..errors import SHOWN, some, warn
from ..rows import evenly
from .determined import arrow, codes, determines, monotone, numbers, summands
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
NAMES = 10  # values of a column that names things, at least


def tell_given_away(X: Any, y: Any, groups: Any = None) -> None:
    """Warn of columns of a table or array X from which y, or one of its columns, follows.

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


def equal_cells(X: Any, y: Any, answers: list[Any], there: dict[str, int]) -> list[str]:
    """The columns of a table that are y; if that is a table, too, those that are y's column of the same name."""
    if is_table(y):
        pairs = [(name, a) for name, a in zip(names(y), answers, strict=True) if name in there]
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
    known = [Answer(a) for a in (arrow(cells_at(a, which)) for a in answers) if a is not None and codes(a) is not None]
    if not known or len(known) < len(answers) or len(there) * len(known) > MAX_PAIRS:
        return
    own: list[str] = []
    things: dict[str, np.ndarray] = {}
    row, rng = np.zeros(len(which), dtype=np.uint64), np.random.default_rng(0)
    quantities: dict[str, np.ndarray] = {}
    together = np.unique(np.stack([a.code for a in known]), axis=1, return_inverse=True)[1].ravel()
    for name, c in there.items():
        x = arrow(cells_at(column(X, c), which))
        if x is None or (code := codes(x)) is None or not code.any():
            continue
        row += code.astype(np.uint64) * rng.integers(1, 2**63, dtype=np.uint64)  # the same of equal rows, and hardly of others
        quantity, values = numbers(x), int(code.max()) + 1
        if quantity is not None:
            quantities[name] = quantity[known[0].few]
        gaps = np.asarray(x.is_null())
        if any(a.follows(code, values, quantity) or (gaps.any() and determines(gaps, a.code)) for a in known):
            own.append(name)
        elif NAMES <= values <= len(code) / 2 and not grouped and determines(code, together, quantity):
            things[name] = code
    if own:
        warn(
            f"column(s) {some(own)} of X say y by themselves, in another unit or by another name: if they are made from y, or "
            f"known only with it, leave them out, {without(X, own)}"
        )
    elif len(known) == 1 and (parts := known[0].parts(quantities)):
        warn(
            f"y is the sum or difference of columns {some(parts)} of X: if they are known only with it, leave them out, "
            f"{without(X, parts)}"
        )
    some_rows = np.unique(row, return_index=True)[1]  # copies are held out together anyway
    if found := {name: n for name, code in things.items() if (n := int(code.max()) + 1) <= len(some_rows) / 2}:
        tell_things(X, found, len(which))


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


class Answer:
    """A column of y."""

    def __init__(self, y: pa.Array) -> None:
        self.code = np.asarray(codes(y))
        different, values = len(np.unique(self.code)), numbers(y)
        self.classes = different if values is None else 0
        self.few = evenly(len(y), RANKED)
        self.ranked = None if values is None or different < ENOUGH / 2 else values[self.few]

    def follows(self, code: np.ndarray, n: int, quantity: np.ndarray | None) -> bool:
        """Whether it is a column of n values by another name, or in another unit."""
        if (n < NAMES or n <= self.classes) and determines(code, self.code, quantity):
            return True
        return quantity is not None and self.ranked is not None and monotone(quantity[self.few], self.ranked, ENOUGH)

    def parts(self, columns: dict[str, np.ndarray]) -> list[str]:
        """The columns whose sum it is."""
        vary = [name for name, x in columns.items() if np.nanstd(x) > 0]
        if self.ranked is None or not 1 < len(vary) <= MAX_SUMMANDS:
            return []
        return [vary[j] for j in summands(np.column_stack([columns[name] for name in vary]), self.ranked)]


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
    return np.isscalar(a) and bool(a == b)
