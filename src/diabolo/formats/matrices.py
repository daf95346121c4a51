"""Whatever holds numbers in rows and columns -> an ndarray or a sparse matrix, NaN where a number is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ..deferred import is_sparse, is_tensor
from ..errors import DataError
from . import frames
from .base import room, spilled
from .files import is_table, read_table
from .layout import ending
from .names import READABLE
from .readers import NamedMatrix, read_dataset, reads
from .readers.compressed import in_pieces
from .targets import DATES, is_number, missing, of_tensor

__all__ = [
    "SPARSE",
    "by_name",
    "canonical",
    "check_places",
    "dense",
    "len_",
    "matrix",
    "names_of",
    "options_of",
    "plain",
    "read_array",
    "stacked",
    "unmasked",
]

AT_ONCE = 1 << 14  # rows that are copied at once
SPARSE = [f"{kind}_{of}" for kind in ("csr", "csc", "coo") for of in ("matrix", "array")]


def len_(X: Any) -> int:
    return int(X.shape[0])


def stacked(parts: Iterable[np.ndarray], X: Any, dtype: Any = None) -> np.ndarray:
    """Results of the rows of X, part by part, as one array: it is there before, so that memory has no holes between parts."""
    parts = iter(parts)
    first = next(parts, None)
    if first is None:
        raise DataError("Found array with 0 sample(s) (0 rows) while a minimum of 1 is required.")
    if not hasattr(X, "shape"):  # a file, or what is still to be computed
        return np.concatenate([first, *parts], dtype=dtype)
    out, end = np.empty((len_(X), *first.shape[1:]), first.dtype if dtype is None else dtype), 0
    for part in chain([first], parts):
        out[end : end + len(part)] = part
        end += len(part)
    return out[:end]


def dense(X: Any) -> np.ndarray:
    """float64, dense."""
    return np.asarray(X.toarray() if is_sparse(X) else X, dtype=np.float64)


def matrix(X: Any) -> Any:
    """A 2-D ndarray or sparse matrix of numbers from whatever holds one; what is masked is NaN, a stored zero is none."""
    if isinstance(X, (str, Path)):
        X = read_array(X)
    if isinstance(X, NamedMatrix):
        X = X.matrix
    if is_tensor(X):
        X = of_tensor(X)
    if is_sparse(X):
        return canonical(X)
    try:
        X = plain(np.asanyarray(plain(X)))
        if X.dtype.kind not in "fiub":
            X = X.astype(np.float64)
    except (TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"X cannot be read as an array of numbers ({error}): give a DataFrame for columns of other types"
        ) from None
    if X.ndim < 2:
        raise DataError(
            f"Expected 2D array, got {X.ndim}D array instead. Reshape your data with X.reshape(-1, 1) for one column, "
            "or X.reshape(1, -1) for one row."
        )
    return X


def by_name(X: Any, names: list[str]) -> Any:
    """Of a table, or the file of one, whose columns have names: the matrix of the columns with these; all else as it is."""
    if isinstance(X, (str, Path)) and is_table(X):
        X = read_table(X)
    if not hasattr(X, "column_names") and not (hasattr(X, "columns") and all(isinstance(name, str) for name in X.columns)):
        return X
    there = frames.names_of(X)
    NamedMatrix(np.empty((0, len(there))), there).of(names)  # an error, if one is not there
    table = frames.arrow(X).select(names)
    try:
        return np.column_stack([column.to_numpy() for column in table.columns])
    except ValueError:
        return np.column_stack([column.cast("float64", safe=False).to_numpy() for column in table.columns])


def options_of(X: Any) -> dict[str, Any]:
    """How the file of a matrix was read."""
    return X.options if isinstance(X, NamedMatrix) else {}


def names_of(X: Any) -> list[str] | None:
    """The names of the columns of what a file holds, if it is a matrix and the file has them."""
    return X.names if isinstance(X, NamedMatrix) else None


def plain(X: Any) -> Any:
    """What is masked as NaN; no dates, complex numbers, records or more than two dimensions; all else as it is."""
    X = unmasked(of_tensor(X) if is_tensor(X) else one_below_another(X) if is_stack(X) else X)
    if isinstance(X, (list, tuple)):
        _check_rows(X)
    if not isinstance(X, np.ndarray):
        return X
    if X.dtype.kind in "US" and X.ndim == 2:
        raise DataError(
            f"X is an array of texts, such as {X.flat[0].item()!r:.60}: give numbers, X.astype(float); columns of texts are a "
            "table, pd.DataFrame(X); and documents a list of texts"
        )
    if X.dtype == object and (text := next((v for v in X.flat if isinstance(v, str) and not is_number(v)), None)) is not None:
        raise DataError(f"X is an array of numbers and texts, such as {text!r:.60}: its columns are a table, pd.DataFrame(X)")
    if X.dtype == object and (date := next((v for v in X.flat if isinstance(v, DATES)), None)) is not None:
        raise DataError(f"X is an array of numbers and dates, such as {date!r:.60}: its columns are a table, pd.DataFrame(X)")
    if X.dtype.kind in "mM":
        raise DataError(f"X is an array of {X.dtype}: dates and durations are columns of a table, give pd.DataFrame(X)")
    if X.dtype.kind == "c":
        raise DataError(f"Complex data not supported: X is an array of {X.dtype}; give np.column_stack([X.real, X.imag])")
    if X.dtype.kind == "V":
        raise DataError(f"X is an array of records ({X.dtype}): give the table pd.DataFrame(X)")
    if X.ndim > 2:
        raise DataError(
            f"X has the shape {X.shape}, but rows of numbers are (n, d): X.reshape(len(X), -1) makes one row of each, such as "
            "of a series in several channels; (n, height, width) or (n, height, width, 3) are pictures: format='images'"
        )
    return X


def is_stack(X: Any) -> bool:
    """Whether X is a list of the paths of ``.npy`` files.

    >>> is_stack(["a.npy", "b.npy"]), is_stack(["a.npy", "a text"])
    (True, False)
    """
    listed = isinstance(X, (list, tuple)) and len(X) > 0
    return listed and all(isinstance(x, (str, Path)) and ending(x).endswith(".npy") for x in X)


def one_below_another(paths: Any) -> np.ndarray:
    """The rows of several ``.npy`` files, one after the other; many of them in a temporary file."""
    arrays = [read_array(path) for path in paths]
    for path, array in zip(paths, arrays, strict=True):
        if array.ndim != 2 or array.shape[1] != arrays[0].shape[1]:
            raise DataError(f"{str(path)!r} has the shape {array.shape}: give arrays (n, d) with as many columns as the first")
    n, d, dtype = sum(map(len, arrays)), arrays[0].shape[1], np.result_type(*arrays)
    table, start = np.empty((n, d), dtype) if n * d * dtype.itemsize <= room() else spilled(n, d, dtype), 0
    for array in arrays:
        for i in range(0, len(array), AT_ONCE):
            some = array[i : i + AT_ONCE]
            table[start + i : start + i + len(some)] = some
        start += len(array)
    return table


def _check_rows(X: Any) -> None:
    """Raise a DataError for rows that hold no numbers, or not as many as the first."""
    if len(X) and all(isinstance(row, np.ndarray) and row.ndim == 2 for row in X):
        raise DataError(
            "X is a list of arrays (n, d): np.concatenate(X) has the rows of all; of files larger than memory give a list of "
            "the paths of .npy files"
        )
    if any(isinstance(row, Mapping) for row in X):
        raise DataError("X is a list of dicts: give the table pd.DataFrame(X)")
    if not X or not all(isinstance(row, (list, tuple)) for row in X):
        return
    if any(isinstance(v, str) and not is_number(v) for row in X for v in row):
        raise DataError(
            "X is a list of lists of texts: give a table, pd.DataFrame(X); of documents that were cut into words, a text each, "
            "[' '.join(words) for words in X]"
        )
    row = next((i for i, row in enumerate(X) if len(row) != len(X[0])), None)
    if row is not None:
        raise DataError(f"X has {len(X[0])} cells in row 0 and {len(X[row])} in row {row}: give rows of one length")


def unmasked(X: Any) -> Any:
    """Masked cells as NaN: of a masked array, of a list of such rows, of ``np.ma.masked`` in lists; all else as it is."""
    if isinstance(X, (list, tuple)) and any(_masks(row) for row in X):
        return [unmasked(row) if isinstance(row, np.ma.MaskedArray) else [_known(v) for v in row] for row in X]
    if isinstance(X, np.ndarray) and X.dtype == object and (gone := missing(X)).any():  # as of pandas' nullable numbers
        return np.where(gone, np.nan, X)
    if not isinstance(X, np.ma.MaskedArray):
        return X
    if not np.ma.is_masked(X):
        return X.data
    kept = X.dtype if X.dtype.kind == "f" else np.float64
    return np.ma.filled(X.astype(kept), np.nan)


def _known(v: Any) -> Any:
    return np.nan if v is np.ma.masked else v


def _masks(row: Any) -> bool:
    return isinstance(row, np.ma.MaskedArray) or (isinstance(row, (list, tuple)) and any(v is np.ma.masked for v in row))


def check_places(X: Any) -> None:
    """Raise a DataError if a sparse matrix holds cells outside of its shape, which SciPy would write anywhere in memory."""
    again = "make it again, such as with scipy.sparse.csr_matrix((data, (rows, columns)), shape)"
    if X.format == "coo":
        places = [(X.row, X.shape[0]), (X.col, X.shape[1])]
    elif X.format in ("csr", "csc"):
        rows, columns = X.shape if X.format == "csr" else X.shape[::-1]
        places = [(X.indices, columns)]
        if len(X.indptr) != rows + 1 or X.indptr[0] != 0 or X.indptr[-1] > len(X.indices) or (np.diff(X.indptr) < 0).any():
            raise DataError(f"a sparse matrix is damaged: its indptr do not rise from 0 to the number of cells: {again}")
    else:
        return
    for at, end in places:
        if at.size and not 0 <= at.min() <= at.max() < end:
            raise DataError(
                f"a sparse matrix of shape {X.shape} is damaged: its indices go from {at.min()} to {at.max()}: {again}"
            )


def canonical(X: Any) -> Any:
    """CSR without stored zeros and with each cell stored once; the caller's object stays as it is."""
    check_places(X)
    clean = X.tocsr()
    if not clean.has_canonical_format or any((v == 0).any() for v in in_pieces(clean.data)):
        clean = clean.copy() if clean is X else clean
        clean.sum_duplicates()
        clean.eliminate_zeros()
    return clean


def read_array(path: str | Path) -> Any:
    """``.npy`` (memory-mapped), or a file of the field that holds numbers, such as an ``.npz`` or ``.mat``: its X.

    A table's file is read as the array of its columns.
    """
    path = Path(path)
    if ending(path).endswith(READABLE):
        return np.column_stack([column.to_numpy() for column in read_table(path).columns])
    if not ending(path).endswith(".npy") and reads(path, "matrix", "counts", "pictures"):
        return read_dataset(path).X
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, TypeError, AttributeError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from None
    except OSError as error:
        if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError)):
            raise
        raise DataError(f"cannot read {str(path)!r}: it is not a numpy file ({error})") from None
