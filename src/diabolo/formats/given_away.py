"""Answers that lie in the table: a column of X that is y itself."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pyarrow as pa

from ..deferred import is_sparse
from ..errors import some, warn
from .frames import container, names_of
from .targets import is_missing

__all__ = ["tell_given_away"]

ENOUGH = 30  # rows in which a column is hardly y by chance
FIRST = 20  # rows that tell most other columns from y
WITHOUT = {"pandas": "drop(columns=", "polars": "drop(", "arrow": "drop_columns("}
NARROW = ("float32", "Float32", "float", "float[pyarrow]")  # of pandas, polars and Arrow
MAX_COLUMNS = 2000  # columns of X that are looked at


def tell_given_away(X: Any, y: Any) -> None:
    """Warn of columns of a table X that are y, or one of its columns: a model that reads them has learned nothing.

    >>> import pandas as pd
    >>> import warnings
    >>> df = pd.DataFrame({"size": range(40), "price": np.arange(40) ** 2})
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     tell_given_away(df, df["price"])
    >>> str(told[0].message)[:36]
    "column(s) 'price' of X are y itself:"
    """
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1 and not is_sparse(y):
        y = column(y, 0) if is_table(y) else y[:, 0]
    flat = getattr(y, "ndim", 1) == 1 and hasattr(y, "__len__")
    if not is_table(X) or X.shape[0] < ENOUGH or not (is_table(y) or flat) or len(y) != X.shape[0]:
        return
    there = dict(zip(names_of(X), range(MAX_COLUMNS), strict=False))
    if is_table(y):
        pairs = [(name, column(y, c)) for c, name in enumerate(names_of(y)) if name in there]
    else:
        pairs = [(name, y) for name in there]
    given = [name for name, answers in pairs if alike(column(X, there[name]), answers)]
    if given:
        warn(
            f"column(s) {some(given)} of X are y itself: the model reads the answer there, and knows nothing of rows without "
            f"it; leave them out, X.{WITHOUT[container(X)]}{given!r:.200}) (--drop)"
        )


def is_table(X: Any) -> bool:
    """Whether it is a table of pandas, polars or Arrow in memory."""
    return isinstance(X, pa.Table) or any(cls.__name__ == "DataFrame" for cls in type(X).__mro__)


def column(X: Any, c: int) -> Any:
    """Column c of a table."""
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
