"""Arrays that have names, of an .npz or a .mat -> X, its labels and its names.

    X     the one that `array` names; "X"; or the only one of two dimensions that is no label
    Y     of X: y, or Y; of X_train: y_train; of images: labels; else any of LABELS that has as many values as X has rows
              (n,), (n, 1), (1, n)   the class or number of each row
              (n, k) of 0 and 1      k labels; or of -1 and 1; or (k, n)
    else  names of columns and labels; all others are left out, which is said

There is no guess between several arrays: an error names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ....deferred import is_sparse, sp
from ....errors import DataError
from ...matrices import plain
from ..dataset import Dataset
from ..streams import laid

__all__ = ["Named", "checked", "dataset", "pictures"]

PAIRS = (("X", "y"), ("X", "Y"), ("x", "y"), ("images", "labels"), ("data", "labels"), ("data", "target"), ("fea", "gnd"))
LABELS = ("y", "Y", "label", "labels", "outlier", "outliers", "target", "targets", "gnd", "class", "classes")
COLUMNS = ("feature_names", "columns", "features")
NAMES = ("label_names", "target_names", "labels_names", "class_names")
SPARE = 1_000_000  # rows of a sparse matrix that may be empty without a doubt


@dataclass(frozen=True)
class Named:
    """An array in a file, not read yet."""

    shape: tuple[int, ...]
    type: str  # for people
    kind: str  # "numbers", "texts", or "" for all else
    read: Callable[[], Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.type} {_size(self.shape)}".strip()


def _size(shape: tuple[int, ...]) -> str:
    return f"({' × '.join(f'{n:,}' for n in shape)})" if shape else ""


def dataset(path: Path, found: dict[str, Named], array: str | None, transpose: bool) -> Dataset:
    """What the arrays of a file hold."""
    name = chosen(path, found, array)
    try:
        X, told = _numbers(name, found[name].read(), transpose)
    except DataError as error:
        raise DataError(f"cannot read {str(path)!r}: {name!r}: {error}") from None
    answer = _answer(path, found, name, X.shape)
    Y, more = (None, []) if answer is None else _labels(path, answer, found[answer].read(), X.shape[0])
    used = {name, answer}
    columns = _names(found, COLUMNS, int(X.shape[1]), used) if X.ndim == 2 else None
    labels = _names(found, NAMES, int(Y.shape[1]), used) if Y is not None and Y.ndim == 2 else None
    Y = _unknown(Y, labels) if Y is not None and Y.ndim == 2 and not is_sparse(Y) else Y
    rest = [f"{n}, {a}" for n, a in found.items() if n not in used]
    left = [f"left out: {'; '.join(rest[:20])}{f' and {len(rest) - 20:,} more' if len(rest) > 20 else ''}"] if rest else []
    return Dataset(X, Y, columns, labels, decided=(*told, *more, *left))


def _numbers(name: str, X: Any, transpose: bool) -> tuple[Any, list[str]]:
    """X, and what is said of it."""
    told = [f"X is the array {name!r}, {'sparse ' * is_sparse(X)}{X.dtype} {_size(X.shape)}"]
    if transpose and X.ndim != 2:
        raise DataError(f"it has the shape {X.shape}: transpose exchanges rows and columns of two dimensions")
    X, repeated = checked(X) if is_sparse(X) else (X, 0)
    X = X.T if transpose else X
    X = sp.csr_matrix(X) if is_sparse(X) else X if pictures(X.shape, X.dtype) else laid(plain(X))
    if X.ndim < 2:
        raise DataError(f"it has the shape {X.shape}, but rows of numbers are (n, d): X.reshape(-1, 1) makes one column of it")
    if 0 in X.shape:
        raise DataError(f"it is empty: it has the shape {X.shape}")
    if transpose:
        told.append("rows and columns are exchanged, as was asked")
    if repeated:
        told.append(f"{repeated:,} cells of X are stored more than once: their values are summed")
    if X.ndim == 2 and X.dtype == np.uint8 and not is_sparse(X):
        told.append("X holds bytes (uint8) in two dimensions: a table of numbers, no pictures")
    return X, told


def pictures(shape: tuple[int, ...], dtype: Any) -> bool:
    """Bytes (n, height, width) or (n, height, width, 3)."""
    return bool(dtype == np.uint8) and (len(shape) == 3 or (len(shape) == 4 and shape[3] == 3))


def chosen(path: Path, found: dict[str, Named], array: str | None) -> str:
    """The name of X."""
    some = ", ".join(f"{n!r} {a}" for n, a in list(found.items())[:20]) + (" and more" if len(found) > 20 else "")
    if array is not None and array not in found:
        raise DataError(f"{str(path)!r} has no array {array!r}; it has {some or 'none'}")
    if array is not None or "X" in found:
        name = array or "X"
        if found[name].kind != "numbers":
            raise DataError(f"cannot read {str(path)!r}: {name!r} is of the type {found[name].type}, not an array of numbers")
        return name
    numbers = {n: a for n, a in found.items() if a.kind == "numbers"}
    tables = [n for n, a in numbers.items() if n not in LABELS and sum(size > 1 for size in a.shape) > 1] or list(numbers)
    if len(tables) == 1:
        return tables[0]
    if not tables:
        raise DataError(f"cannot read {str(path)!r}: it has no array of numbers; it has {some or 'nothing'}")
    raise DataError(
        f"{str(path)!r} holds several arrays, none of the name 'X': {some}; choose one, as array={tables[0]!r} or "
        f"--array {tables[0]}"
    )


def checked(S: Any) -> tuple[Any, int]:
    """A sparse matrix as CSR, its indices sorted, and how many cells were stored more than once.

    Indices out of its bounds are an error: to convert such a matrix would write beyond the end of memory.
    """
    if S.ndim != 2:
        raise DataError(f"it is sparse and has the shape {S.shape}: rows of numbers are (n, d)")
    if S.shape[0] > SPARE + 1000 * len(S.data):
        raise DataError(f"its shape says {S.shape[0]:,} rows, but it has {len(S.data):,} values")
    if hasattr(S, "check_format"):
        try:
            S.check_format(full_check=True)
            if (S.indptr[1:] < S.indptr[:-1]).any():  # which it does not look at, if the last says that there is nothing
                raise ValueError("its starts of rows or columns decrease")
        except ValueError as error:
            raise DataError(f"its sparse matrix {S.shape} is damaged: {error}") from None
    X = sp.csr_matrix(S)
    before = X.nnz
    X.sum_duplicates()
    return X, before - X.nnz


def _answer(path: Path, found: dict[str, Named], name: str, shape: tuple[int, ...]) -> str | None:
    """The name of the labels of X."""
    n = int(shape[0])
    partners = [p for a, b in PAIRS if a in name and (p := name.replace(a, b)) in found and found[p].kind]
    for other in [*partners, *(o for o in LABELS if o in found and o != name)]:
        if found[other].kind and len(found[other].shape) < 3 and n in found[other].shape:
            return other
    if not partners:
        return None
    has = found[partners[0]].shape
    hint = ": if X has a column for each row, transpose=True or --transpose" if len(shape) == 2 and shape[1] in has else ""
    raise DataError(f"{str(path)!r}: {name!r} has {n:,} rows, but {partners[0]!r} has the shape {has}{hint}")


def _labels(path: Path, name: str, y: Any, n: int) -> tuple[Any, list[str]]:
    """Y, and what is said of it."""
    if y is None:
        return None, [f"left out: {name}, as its cells are no texts"]
    if is_sparse(y):
        y, repeated = checked(y)
        if repeated:
            raise DataError(f"{str(path)!r}: {name!r} stores {repeated:,} of its cells more than once")
    if y.ndim == 1 or y.shape in ((n, 1), (1, n)):
        return _answers(name, np.asarray(y.toarray() if is_sparse(y) else y).reshape(-1))
    told = []
    if y.shape[0] != n:
        y, told = y.T, [f"{name} is stored as (labels, rows), and turned round"]
    if y.dtype.kind not in "fiub":
        return None, [f"left out: {name}, as it has two dimensions and is of {y.dtype}"]
    gaps = 0 if is_sparse(y) or y.dtype.kind != "f" else int(np.isnan(y).sum())
    values = np.unique(y.data if is_sparse(y) else y[~np.isnan(y)] if gaps else y).tolist()
    values = sorted({0, *values}) if is_sparse(y) and y.nnz < y.shape[0] * y.shape[1] else values
    if not (set(values) <= {0, 1} or set(values) <= {-1, 1}):
        odd = next(v for v in values if v not in ((0, 1) if 0 in values else (-1, 1)))
        raise DataError(
            f"{str(path)!r}: {name!r} of the shape {y.shape} holds {odd}, but labels in columns are 0 and 1, or -1 and 1"
        )
    Y = sp.csr_matrix(y == 1, dtype=np.int8)
    said = f"Y is {name}: {Y.shape[1]:,} labels, on average {Y.nnz / n:.2f} of them in a row"
    told += ["-1 is taken as 0"] * (-1 in values) + [f"{gaps:,} are missing"] * bool(gaps)
    return np.where(np.isnan(y), np.nan, y == 1) if gaps else Y, ["; ".join([said, *told])]


def _unknown(y: np.ndarray, names: list[str] | None) -> pa.Table:
    """Labels, some of them not known, as a table."""
    cells = [pa.array(column == 1, mask=np.isnan(column)).cast(pa.int8()) for column in y.T]
    return pa.table(cells, names=names or [f"y{j}" for j in range(y.shape[1])])


def _answers(name: str, y: np.ndarray) -> tuple[Any, list[str]]:
    """The class or number of each row: whole numbers as int64, however they are stored."""
    if y.dtype.kind in "US":
        texts = np.array(_texts(y))
        return texts, [f"Y is {name}, {len(set(texts.tolist())):,} classes, which are texts"]
    if y.dtype.kind not in "fiub":
        return None, [f"left out: {name}, as it is of {y.dtype}"]
    gone = int(np.isnan(y).sum()) if y.dtype.kind == "f" else 0
    if not gone and (y.dtype.kind != "f" or (np.isfinite(y).all() and (y == np.floor(y)).all() and (np.abs(y) < 2**53).all())):
        y = y if y.dtype == np.uint64 and y.max(initial=0) >= 2**63 else y.astype(np.int64)
    values = np.unique(y[~np.isnan(y)] if gone else y)
    unknown = f"; {gone:,} are missing" if gone else ""
    if set(values.tolist()) <= {0, 1}:
        return y, [f"Y is {name}, 0 or 1: {int((y == 1).sum()):,} of {len(y):,} rows are 1{unknown}"]
    if y.dtype.kind in "iu" and len(values) <= max(20, len(y) // 10):
        return y, [f"Y is {name}, {len(values):,} whole numbers from {values[0]} to {values[-1]}"]
    return y, [f"Y is {name}, numbers from {values[0]:g} to {values[-1]:g}{unknown}"]


def _texts(y: Any) -> list[str]:
    return [] if y is None else [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in y.ravel().tolist()]


def _names(found: dict[str, Named], names: Iterable[str], k: int, used: set[str | None]) -> list[str] | None:
    """Names of k columns, if an array holds them, each once."""
    for name in names:
        if name in found and found[name].kind == "texts" and k in found[name].shape:
            texts = _texts(found[name].read())
            if len(texts) == k == len(set(texts)):
                used.add(name)
                return texts
    return None
