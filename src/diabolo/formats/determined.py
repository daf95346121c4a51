r"""Columns that determine y: by another name, in another unit, or because they name things whose rows all have one y.

    y_i = f(x_i)                            as many different pairs (x_i, y_i) as values of x
    P = prod_v sum_c p_c^{n_v}              the chance of that: n_v rows hold v, and a share p_c of all rows is of class c
    1 - rho^2 < 0.001                       y is a monotone function of x, but for rounding; rho: correlation of ranks

A quantity with ties determines a class that begins at some value of it; that is found by a model, and no fault.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from ..rows import evenly

__all__ = ["arrow", "codes", "determines", "monotone", "numbers", "summands"]

UNLIKELY = -14.0  # logarithm of P
MIXED = 0.5  # of the changes of class from value to value that there would be in any order
LEFT = 1e-3  # of the variance of ranks
SCREENED = 100  # rows, in which most columns are seen to be others
EXACT, WHOLE = 1e-4, 1e-3  # of the deviation of y, as of money in float32, and from a whole number, for a sum
FOLLOWS = 1e-6  # of a column is left, if it follows from others
MOST = 1e300  # of numbers that are ranked


def arrow(values: Any) -> pa.Array | None:
    """A column of a table, an array or a list as an Arrow array; None, if its cells are of several types."""
    try:
        if hasattr(values, "to_arrow"):
            found = values.to_arrow()
        elif isinstance(values, np.ndarray) or type(values).__module__.partition(".")[0] == "pandas":
            found = pa.array(values, from_pandas=True)
        else:
            found = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(list(values), from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def codes(values: pa.Array) -> np.ndarray | None:
    """(n,) the number of each cell's value; missing ones have one, too.

    >>> codes(pa.array(["a", None, "a"])).tolist()
    [0, 1, 0]
    """
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if isinstance(values, pa.DictionaryArray):
        values = values.dictionary_decode()
    try:
        found: np.ndarray = values.dictionary_encode("encode").indices.to_numpy(zero_copy_only=False)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None
    return found


def numbers(values: pa.Array) -> np.ndarray | None:
    """(n,) floats, NaN where one is missing; None, if they are no numbers or dates.

    >>> numbers(pa.array([1, None])).tolist()
    [1.0, nan]
    """
    kind = values.type
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        values = values.cast(pa.int32())
    elif pa.types.is_temporal(kind):
        values = values.cast(pa.int64())
    elif not (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind)
    ):
        return None
    found = values.to_numpy(zero_copy_only=False).astype(float)
    found[np.abs(found) > MOST] = np.nan
    return found


def determines(x: np.ndarray, y: np.ndarray, quantity: np.ndarray | None = None) -> bool:
    """Whether y is a function of x, codes (n,) of both, which it would not be by chance.

    Parameters
    ----------
    x, y : ndarray of int (n,)
    quantity : ndarray (n,), optional
        The numbers that x stands for, in whose order classes may follow each other.

    Examples
    --------
    >>> person = np.repeat(np.arange(30), 3)
    >>> determines(person, person * 7 % 2), determines(person, np.arange(90) % 2)
    (True, False)
    """
    value, first, size = np.unique(x, return_index=True, return_counts=True)
    if not (y[first][np.searchsorted(value, x)] == y).all():
        return False
    p = np.unique(y, return_counts=True)[1] / len(y)
    n_v, times = np.unique(size, return_counts=True)
    most = p.max()  # whose powers do not get too small
    chance = sum(
        t * (n * np.log(most) + np.log(((p / most) ** n).sum())) for n, t in zip(n_v.tolist(), times.tolist(), strict=True)
    )
    if chance > UNLIKELY:
        return False
    if quantity is None or len(value) <= len(p):
        return True
    of_value = y[first]
    in_order = of_value[np.argsort(quantity[first])]
    share = np.unique(of_value, return_counts=True)[1] / len(value)
    changes = int((in_order[1:] != in_order[:-1]).sum())
    return changes >= len(p) and bool(changes >= MIXED * (len(value) - 1) * (1 - (share**2).sum()))


def monotone(x: np.ndarray, y: np.ndarray, least: int) -> bool:
    """Whether one of the numbers x and y (n,) follows from the other; of `least` rows with both, and different values.

    >>> x = np.linspace(-1, 1, 50)
    >>> monotone(x, np.exp(x).round(2), 30), monotone(x, x**2, 30)
    (True, False)
    """
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    some = evenly(len(x), SCREENED)
    if len(x) < least or 1 - ranked_alike(x[some], y[some]) ** 2 > 100 * LEFT:
        return False
    return min(len(np.unique(x)), len(np.unique(y))) >= least / 2 and 1 - ranked_alike(x, y) ** 2 < LEFT


def ranked_alike(x: np.ndarray, y: np.ndarray) -> float:
    """The correlation of ranks; NaN if one of the two is always the same."""
    from scipy.stats import rankdata

    x, y = rankdata(x) - (len(x) + 1) / 2, rankdata(y) - (len(y) + 1) / 2
    with np.errstate(invalid="ignore"):
        return float(np.float64(x @ y) / np.sqrt((x @ x) * (y @ y)))


def summands(X: np.ndarray, y: np.ndarray) -> list[int]:
    """The columns of X (n, d) whose sum, or difference, is y (n,), up to a constant.

    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> summands(X, X[:, 0] - X[:, 2] + 1), summands(X, X @ [0.5, 1, 1])
    ([0, 2], [])
    """
    known = ~np.isnan(np.column_stack([X, y])).any(1)
    X, y = X[known], y[known]
    if len(y) <= 2 * X.shape[1] or not (spread := X.std(0)).all():
        return []
    Z = (X - X.mean(0)) / spread
    some = independent(Z)
    weight = np.linalg.lstsq(Z[:, some], y - y.mean(), rcond=None)[0]
    left = y - y.mean() - Z[:, some] @ weight
    weight = weight / spread[some]
    whole = np.abs(weight - weight.round()).max() < WHOLE and np.abs(weight).max() < 1.5
    return sorted(some[weight.round() != 0].tolist()) if whole and left.std() < EXACT * y.std() else []


def independent(Z: np.ndarray) -> np.ndarray:
    """Columns from which the others of Z (n, d) follow.

    >>> independent(np.array([[1.0, 1, 0], [0, 0, 1], [2, 2, 0]])).tolist()
    [0, 2]
    """
    from scipy.linalg import qr

    r, order = qr(Z, mode="r", pivoting=True)
    size = np.abs(np.diagonal(r))
    found: np.ndarray = order[: len(size)][size > FOLLOWS * size[0]]
    return found
