"""y in any container: numbers, or one class for each row.

y  --values-->  array      what is not known: NaN among numbers, None among others
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pyarrow as pa

from ..deferred import is_sparse, is_tensor
from ..errors import DataError, some, warn
from .category import blanks, near_levels
from .hints import nearly_numbers
from .readers import NamedMatrix

__all__ = [
    "ROWS",
    "classes",
    "doubtful",
    "floats",
    "in_order",
    "is_missing",
    "is_number",
    "missing",
    "named",
    "of_tensor",
    "row_weights",
    "same_length",
    "same_order",
    "shown",
    "tell_single",
    "tell_unknown",
    "tell_weightless",
    "values",
    "weights_of",
]

ROWS = (list, tuple, set, frozenset)  # what holds the labels of one row
DURATIONS = (datetime.timedelta, np.timedelta64)
DATES = (datetime.date, datetime.time, np.datetime64, *DURATIONS)
YES = ("yes", "y", "true", "t", "on", "ja", "oui", "si", "x")
NO = ("no", "n", "false", "f", "off", "nein", "non", "", "-")


def is_missing(cell: Any) -> bool:
    """None, NaN, NaT, pandas' NA, or a masked cell.

    >>> [is_missing(cell) for cell in (None, float("nan"), 0, "", "nan")]
    [True, True, False, False, False]
    """
    if type(cell) in (str, int, bool):
        return False
    if cell is None or cell is np.ma.masked or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, Real | np.datetime64 | np.timedelta64) and bool(cell != cell)


def missing(v: np.ndarray) -> np.ndarray:
    """Which cells of an array are not known."""
    if v.dtype.kind == "f":
        return np.isnan(v)
    if v.dtype.kind in "mM":
        return np.isnat(v)
    return np.frompyfunc(is_missing, 1, 1)(v).astype(bool) if v.dtype == object else np.zeros(v.shape, dtype=bool)


def of_tensor(X: Any) -> np.ndarray:
    """NumPy has no bfloat16: its numbers are float32, too."""
    X = X.detach().cpu()
    return np.asarray((X.float() if str(X.dtype) == "torch.bfloat16" else X).numpy())


def values(y: Any) -> np.ndarray:
    """y in any container -> an array; NaN among numbers, or None, stands for what is not known.

    >>> values([True, None]), values(["a", float("nan")])
    (array([ 1., nan]), array(['a', None], dtype=object))
    """
    y = y.matrix if isinstance(y, NamedMatrix) else of_tensor(y) if is_tensor(y) else y
    if isinstance(y, np.ma.MaskedArray):
        y = without(y.data, np.ma.getmaskarray(y)) if np.ma.getmaskarray(y).any() else y.data
    if hasattr(y, "to_pylist") and hasattr(y, "type"):  # Arrow
        y = y.to_pylist()
    try:
        v = np.asarray(y.toarray() if is_sparse(y) else y)
        if isinstance(y, (list, tuple)) and (v.dtype.kind in "US" or rounds(v, y)):  # of ["a", NaN] it makes two texts
            v = np.asarray(y, dtype=object)
        v = v.astype(object) if v.dtype.kind == "T" else v
    except ValueError:
        raise DataError(
            "y holds lists of different lengths: give one value for each row; for several labels use MultiLabelClassifier"
        ) from None
    if v.dtype != object:
        return v
    kinds = types(v)
    if v.ndim == 0 or dict in kinds:
        remedy = "pandas.DataFrame makes a table of dicts" if dict in kinds else "as a list, an array or a column"
        raise DataError(f"y is, or holds, a {min(kinds, key=str).__name__}: give one value for each row; {remedy}")
    gone = missing(v)
    if gone.any():
        kinds = types(v[~gone])
        if kinds and all(issubclass(kind, Real | np.bool_) for kind in kinds):
            return np.where(gone, np.nan, v).astype(np.float64)
        v = without(v, gone)
    elif isinstance(y, (list, tuple)) and all(issubclass(kind, str) for kind in kinds):
        return np.asarray(y)
    return v


def rounds(v: np.ndarray, y: Sequence[Any]) -> bool:
    """Whether whole numbers became floats v, of which several may be one: -1 and 2**63 have no common type."""
    return v.dtype.kind == "f" and v.ndim == 1 and all(type(cell) is int for cell in y)


def types(v: np.ndarray) -> set[type]:
    """Of the cells."""
    return set(map(type, v.ravel().tolist() if v.dtype == object else v.ravel()[:1]))


def without(v: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """The cells as objects; None if missing."""
    cells = v.astype(object)
    cells[gone] = None
    return cells


def no_dates(v: np.ndarray, name: str = "y") -> None:
    """Raise a DataError for dates, times and durations."""
    first = next((cell for cell in v.flat if not is_missing(cell)), None) if v.dtype == object else None
    if v.dtype.kind == "m" or isinstance(first, DURATIONS):
        raise DataError(f"{name} holds durations: give numbers, such as their hours, {name} / pandas.Timedelta(hours=1)")
    if v.dtype.kind == "M" or isinstance(first, DATES):
        raise DataError(
            f"{name} holds dates or times: give numbers, such as the days since the first, ({name} - {name}.min()).dt.days, "
            f"or classes, such as {name}.dt.year"
        )


def floats(y: Any, name: str = "y") -> np.ndarray:
    """y -> float64 of the same shape, NaN where it is not known.

    Raises
    ------
    DataError
        A cell is no number; it is named, with its row.
    """
    v = values(y)
    if v.dtype.kind == "c":
        raise DataError(f"Complex data not supported: give real numbers as {name}")
    no_dates(v, name)
    try:
        return np.where(missing(v), np.nan, v).astype(np.float64) if v.dtype == object else v.astype(np.float64)
    except (TypeError, ValueError):
        pass
    if not v.ndim:
        raise DataError(single(v, name))
    row, cell = next((at[0], cell) for at, cell in np.ndenumerate(v) if not is_number(cell))
    if isinstance(cell, (*ROWS, np.ndarray)):
        raise DataError(f"{name} holds a list (row {row}): give one number for each row, or a matrix")
    raise DataError(f"{name} holds {shown(cell)} (row {row}), which is no number: {mapped(v, name)}")


def single(v: np.ndarray, name: str) -> str:
    """The error if y is one text, or another single object, instead of one entry for each row."""
    return f"{name}={shown(v[()])}: give one for each row, such as the column X[{shown(v[()])}], and X without it"


def is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return is_missing(cell)
    return True


def shown(cell: Any) -> str:
    """A cell as the user has written it."""
    return f"{cell.item() if isinstance(cell, np.generic) else cell!r:.60}"


def mapped(v: np.ndarray, name: str) -> str:
    """How to turn cells that are not numbers into numbers."""
    found = sorted({str(cell) for cell in v.flat if not is_missing(cell)})
    yes = [cell for cell in found if cell.strip().lower() in YES]
    no = [cell for cell in found if cell.strip().lower() in NO]
    if len(yes) + len(no) == len(found) <= 2 and yes:
        pairs = {yes[0]: 1} | ({no[0]: 0} if no else {})
        return f"give 1 and 0, such as {name}.map({pairs})" + ("; classes are for Classifier" if name == "y" else "")
    texts = [None if is_missing(cell) else cell for cell in v.flat]
    hint = nearly_numbers(pa.array(texts, pa.string())) if v.ndim == 1 and types(v) <= {str, np.str_, type(None)} else None
    if hint and hint.bare is not None:
        return f"give {hint.pandas(name)} ({hint.why})"
    classes = "; for classes use Classifier, for labels MultiLabelClassifier" if name == "y" else ""
    return "give numbers, and NaN for unknown values" + classes


def classes(y: Any) -> np.ndarray:
    """y -> (n,), the class of each row, each known.

    Raises
    ------
    DataError
        Classes are missing, dates, lists, or numbers and texts in one.
    """
    v = values(y)
    no_dates(v)
    if v.dtype == object and not types(v).isdisjoint((*ROWS, np.ndarray)):
        raise DataError("y holds lists: give one class for each row; for several in a row use MultiLabelClassifier")
    if isinstance(y, str):
        raise DataError(single(v, "y"))
    if v.ndim == 0 or v.size != len(v):
        raise DataError(
            f"y should be a 1d array, got an array of shape {v.shape} instead: give one class for each row, "
            "or use MultiLabelClassifier for several"
        )
    from sklearn.utils import column_or_1d

    v = column_or_1d(v, warn=True)
    gone = np.flatnonzero(missing(v))
    if len(gone):
        raise DataError(
            f"Input y contains NaN: {len(gone):,} of {len(v):,} rows have no class; the first is row {gone[0]}. "
            "Leave them out, X[known] and y[known] with known = ~pandas.isna(y), or give them a class of their own"
        )
    odd = tuple(kind for kind in types(v) if not issubclass(kind, str | Real | np.bool_))
    if odd:
        row = next(row for row, cell in enumerate(v) if isinstance(cell, odd))
        raise DataError(f"y holds {shown(v[row])} (row {row}): a class is a text or a number; make texts, y.astype(str)")
    if len({issubclass(kind, str) for kind in types(v)}) > 1:
        j = next(row for row, cell in enumerate(v) if isinstance(cell, str) != isinstance(v[0], str))
        raise DataError(f"y holds {shown(v[0])} (row 0) and {shown(v[j])} (row {j}): make all texts, y.astype(str)")
    v = as_numbers(v)
    if v.dtype.kind == "f" and np.isinf(v).any():
        raise DataError("Input y contains infinity: replace it by a number")
    if v.dtype.kind == "f" and len(parts := np.flatnonzero(v != v.round())):
        raise DataError(
            f"Unknown label type: continuous. y holds {shown(v[parts[0]])} (row {parts[0]}), but a class is a text or a whole "
            "number: numbers are for Regressor; of classes make texts, y.astype(str)"
        )
    return np.asarray(v)


def as_numbers(v: np.ndarray) -> np.ndarray:
    """Numbers (n,) that stand as objects as an array of numbers; texts as they are.

    >>> as_numbers(np.array([True, 7], dtype=object)), as_numbers(np.array(["a"], dtype=object))
    (array([1, 7]), array(['a'], dtype=object))
    """
    if v.dtype != object or any(issubclass(kind, str) for kind in types(v)):
        return v
    found = np.array(v.tolist())
    whole = all(issubclass(kind, (int, np.integer, np.bool_)) for kind in types(v))
    if found.dtype == object or (whole and found.dtype.kind == "f"):
        row = int(np.argmax(np.abs(v)))
        raise DataError(f"y holds {shown(v[row])} (row {row}), which is no number of 64 bits: make texts, y.astype(str)")
    return found


def doubtful(names: Sequence[Any]) -> None:
    """Warn of doubtful classes or labels: a missing cell that became a text, some that differ only in spaces or case."""
    texts = [name for name in names if isinstance(name, str)]
    if gone := blanks(texts):
        warn(
            f"y holds the text {gone[0]!r:.60}, which is learned as a class: if it means that the class is unknown, "
            "remove these rows"
        )
    if near := near_levels(texts):
        warn(
            f"y holds {', '.join(near[:3])}, which are learned as different classes: they differ only in spaces or case, or in "
            "how accents are stored: write them alike, with y.str.strip(), .str.lower() or .str.normalize('NFC')"
        )


def tell_single(names: Sequence[Any]) -> None:
    """Warn of a single class: whatever a row holds, it is of this class."""
    if len(names) == 1:
        warn(f"y holds a single class, {names[0]!r}: every row will be of this class; give rows of others, too")


def tell_weightless(names: Sequence[Any], index: np.ndarray, w: np.ndarray) -> None:
    """Warn of classes all of whose rows, numbers of classes (n,), have a weight (n,) of 0: nothing is learned of them."""
    rows, total = np.bincount(index, minlength=len(names)), np.bincount(index, w, len(names))
    without = [str(names[c]) for c in np.flatnonzero((rows > 0) & (total == 0)).tolist()]
    if without:
        warn(f"all rows of {some(without)} have a weight of 0: no row will be of this class; give a weight, or leave them out")


def tell_unknown(y: np.ndarray, known: np.ndarray) -> None:
    """Warn of classes in y that a model does not know: such rows count as wrong. Those of another type are a DataError."""
    found = np.unique(y)
    texts, were = isinstance(found[0], str), isinstance(known[0], str)
    if texts != were:
        raise DataError(
            f"y holds {'texts' if texts else 'numbers'}, such as {found[:1].tolist()[0]!r}, where the classes of the model are "
            f"{'texts' if were else 'numbers'}, such as {known[:1].tolist()[0]!r}: give the classes that were learned, such as "
            f"y.astype({'str' if were else 'int'}) of a column that means the same"
        )
    if len(new := found[~np.isin(found, known)]):
        warn(
            f"y holds {', '.join(map(repr, new[:3].tolist()))}, which the model does not know: these rows count as wrong; it "
            f"knows {', '.join(map(repr, known[:10].tolist()))}"
        )


def row_weights(weight: Any, n: int, k: int = 0) -> np.ndarray:
    """Weights (n,), or (n, k) for k > 0, as floats; a single one is that of all rows.

    Raises
    ------
    DataError
        One is negative, missing or infinite, all are 0, or there is another number of them.
    """
    w = floats(weight, "sample_weight")
    if w.ndim == 0:
        w = np.full(n, float(w))
    if w.shape != (n,) and (not k or w.shape != (n, k)):
        cells = f", or {k:,} for each row" if k else ""
        raise DataError(f"sample_weight has shape {w.shape}: give one number for each of the {n:,} rows{cells}")
    if not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise DataError("sample_weight holds a negative, missing or infinite number, or only zeros")
    return w


def same_length(y: int, X: int, name: str = "y") -> None:
    """Raise a DataError unless there is an entry of y for each row of X."""
    if y != X:
        raise DataError(f"{name} has {y:,} entries, X has {X:,} rows")


def same_order(X: Any, y: Any, name: str = "y") -> None:
    """Warn if pandas' index says that y has another order than X: rows are matched by position."""
    a: Any = getattr(X, "index", None)
    b: Any = getattr(y, "index", None)
    if not (hasattr(a, "equals") and hasattr(b, "equals")) or len(a) != len(b) or a.equals(b):
        return
    unique = a.is_unique and b.is_unique
    if b.isin(a).all() and (unique or a.value_counts().to_dict() == b.value_counts().to_dict()):
        remedy = f"give {name}.loc[X.index]" if unique else "put them in the same order"
        warn(
            f"{name} has the rows of X in another order, by its index; rows are matched by position, the first of {name} "
            f"with the first of X: if that is not meant, {remedy}"
        )


def named(y: Any) -> list[str] | None:
    """The names of the columns of y, if it has such."""
    if hasattr(y, "columns") and not callable(y.columns):
        return [str(name) for name in (y.column_names if hasattr(y, "column_names") else y.columns)]
    name = getattr(y, "name", None)
    return None if name is None else [str(name)]


def weights_of(weight: Any, names: list[str] | None) -> Any:
    """Weights as cells (n,) or (n, k); columns that have the names of those of y, in their order."""
    if weight is None:
        return None
    own = named(weight)
    if own and names and sorted(own) == sorted(names):
        return in_order(names, own, values(weight))[0]
    if own and names and len(own) > 1 and {*own} & {*names}:
        warn(f"sample_weight has the columns {some(own)}, y has {some(names)}: columns are matched by position")
    return values(weight)


def in_order(known: list[str] | None, names: list[str] | None, *tables: Any) -> list[Any]:
    """Cells (n, k) of a table, in the order of the names that were learned; others as they are.

    >>> in_order(["a", "b"], ["b", "a"], np.array([[1, 2]]), None, np.array([7]))
    [array([[2, 1]]), None, array([7])]
    """
    if known is None or names is None or names == known or max(len(names), len(known)) < 2:
        return [*tables]
    if sorted(names) != sorted(known) or len(set(known)) < len(known):
        warn(f"y has the columns {some(names)}, where the model learned {some(known)}: columns are matched by position")
        return [*tables]
    order = [names.index(name) for name in known]
    return [c if np.ndim(c) < 2 else np.asarray(c)[:, order] for c in tables]
