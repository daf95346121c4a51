"""``.mat`` of MATLAB: matrices with names; version 4 by SciPy, 5 (to MATLAB 7.2) by mat5.py, 7.3 by h5py.

    X (n, d), y (n, 1)       a vector has two dimensions; SciPy writes y (n,) as (1, n): each is (n,) here
    7.3 is HDF5              MATLAB stores column after column, so that HDF5 shows X as (d, n); it is turned round
        sparse               a group: data, ir (rows), jc (starts of the columns), and the attribute MATLAB_sparse = n
        text                 uint16 with MATLAB_class = char; cells are references to others
        empty                MATLAB_empty = 1, and in place of the data its shape

The type is the class that MATLAB has: doubles that are whole numbers lie in the file as bytes, and come back as uint8 from
`scipy.io.loadmat`, as float64 here. Texts of unequal lengths are filled up with blanks, which are taken off.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ....deferred import sp
from ....errors import DataError, missing_extra
from ..dataset import Dataset
from ..streams import DAMAGE, PIECE, RATIO, laid, room, short, size_of
from .mat5 import variables
from .named import Named, dataset

__all__ = ["ENDINGS", "kind", "read"]

ENDINGS = (".mat",)
TYPES = {"double": "float64", "single": "float32", "logical": "bool"} | {
    f"{u}int{bits}": f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)
}
HDF5 = b"\x89HDF\r\n\x1a\n"


def kind(path: Path) -> str:
    """A matrix."""
    return "matrix"


def read(path: Path, *, array: str | None = None, transpose: bool = False) -> Dataset:
    """X, its labels and names; `array` names another X, and `transpose` exchanges its rows and columns."""
    try:
        with open(path, "rb") as file:
            head = file.read(520)
        if HDF5 in (head[:8], head[512:]):
            return _hdf5(path, head, array, transpose)
        if not head.strip(b"\0"):
            raise DataError("it is empty")
        if head[126:128] in (b"IM", b"MI"):
            return dataset(path, _version5(path), array, transpose)
        if 0 not in head[:4]:
            raise DataError(f"it is no .mat file: it begins with {head[:20]!r}")
        return dataset(path, _version4(path), array, transpose)
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except DataError as error:
        raise error if str(path) in str(error) else DataError(f"cannot read {str(path)!r}: {error}") from None
    except DAMAGE as error:
        raise DataError(f"cannot read {str(path)!r}: it is no .mat file, or damaged ({short(error)})") from None


# ── versions 4 and 5 ─────────────────────────────────────────────────────────────────────────────────────────────────


def _named(shape: tuple[int, ...], of: str, read: Any) -> Named:
    kind = "numbers" if of in TYPES or of.startswith("sparse") else "texts" if of in ("char", "cell") else ""
    said = {"char": "text", "cell": "cells", "opaque": "MATLAB object (of a table, table2array makes numbers)"}
    return Named(tuple(map(int, shape)), TYPES.get(of, said.get(of, of)), kind, read)


def _version5(path: Path) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for v in variables(path):
        if v.name in found:
            raise DataError(f"it has two variables {v.name!r}")
        of = "logical" if v.logical and v.of != "sparse" else v.of
        if v.name:  # without one, it belongs to objects and functions
            found[v.name] = _named(v.shape, of, partial(_laid, v.read, "" if v.complex else of))
    return found


def _version4(path: Path) -> dict[str, Named]:
    listed = _scipy("whosmat", path)
    name, times = Counter(name for name, _, _ in listed).most_common(1)[0] if listed else ("", 0)
    if times > 1:
        raise DataError(f"it has {times} variables {name!r}")
    return {name: _named(shape, of, partial(_laid, partial(_variable, path, name), of)) for name, shape, of in listed}


def _variable(path: Path, name: str) -> Any:
    X = _scipy("loadmat", path, variable_names=[name])[name]
    return np.char.rstrip(X, " ") if X.dtype.kind == "U" else X


def _scipy(function: str, path: Path, **options: Any) -> Any:
    from scipy import io

    try:
        with np.errstate(invalid="raise"):  # indices that are no numbers
            return getattr(io, function)(str(path), appendmat=False, **options)
    except (io.matlab.MatReadError, FloatingPointError) as error:
        raise DataError(f"it is damaged ({short(error)})") from None


def _laid(read: Any, of: str) -> Any:
    """Numbers in the type that MATLAB has, row after row."""
    X = read()
    return laid(X, TYPES[of]) if of in TYPES and isinstance(X, np.ndarray) and X.dtype.kind != "c" else X


# ── version 7.3 ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _hdf5(path: Path, head: bytes, array: str | None, transpose: bool) -> Dataset:
    try:
        h5py = import_module("h5py")
    except ImportError:
        raise missing_extra("h5py", "formats", "files ending in .mat of version 7.3") from None
    if not head.startswith(b"MATLAB 7.3"):
        raise DataError(
            "it is HDF5, but was not written as MATLAB does, so that nothing says which of its dimensions are rows: "
            "read it with h5py, and give the array"
        )
    with h5py.File(path, "r") as file:
        links = {name: file.get(name, getlink=True) for name in file if not name.startswith("#")}
        found = {name: _item(file, file[name]) for name, link in links.items() if isinstance(link, h5py.HardLink)}
        data = dataset(path, found, array, transpose)
    return replace(data, decided=(*data.decided, SAID))


SAID = "version 7.3 stores matrices column after column: HDF5 shows them as (columns, rows), and they are turned round"


def _check(item: Any) -> None:
    """HDF5 would make room for whatever a dataset says."""
    if size_of(item.shape, item.dtype) > RATIO * item.file.id.get_filesize():
        raise DataError(f"{item.name!r} says the shape {item.shape}, more than a file of this size can hold")


def _stored(item: Any) -> Any:
    _check(item)
    return item[()]


def _item(file: Any, item: Any) -> Named:
    """A variable, a dataset or a group."""
    of = item.attrs.get("MATLAB_class", b"")
    of = of.decode() if isinstance(of, bytes) else str(of)
    if "MATLAB_sparse" in item.attrs:
        shape = (int(item.attrs["MATLAB_sparse"]), len(item["jc"]) - 1)
        return Named(shape, f"sparse {TYPES.get(of, of)}", "numbers", partial(_sparse, item, shape, of))
    if not hasattr(item, "dtype"):
        return Named((), of or "group", "", lambda: None)
    if item.attrs.get("MATLAB_empty", 0):
        said = tuple(map(int, _stored(item)))
        none = said if 0 in said else (0, 0)
        return _named(none, of, partial(np.zeros, none, TYPES.get(of)))
    if item.dtype.kind == "V":
        return Named(item.shape[::-1], "complex", "numbers", partial(np.zeros, (1, 1), complex))
    if of in ("char", "cell"):
        return Named(item.shape[::-1], of, "texts", partial(_texts, file, item))
    return _named(item.shape[::-1], of, partial(_turned, item, TYPES.get(of)))


def _turned(item: Any, dtype: Any) -> np.ndarray:
    """(d, n) of HDF5 -> (n, d); each piece in which it is packed is unpacked once."""
    if item.ndim != 2 or size_of(item.shape, item.dtype) <= PIECE:
        return laid(_stored(item).T, dtype)
    _check(item)
    X = room(item.shape[::-1], dtype or item.dtype)
    step = max(1, PIECE // size_of(item.shape[1:], item.dtype))
    whole = ((slice(i, i + step), slice(None)) for i in range(0, item.shape[0], step))
    for place in whole if item.chunks is None else item.iter_chunks():
        X[place[::-1]] = item[place].T
    return X


def _sparse(group: Any, shape: tuple[int, int], of: str) -> Any:
    """CSC; a matrix of zeros has neither data nor rows."""
    data = _stored(group["data"]) if "data" in group else np.zeros(0, TYPES.get(of, "float64"))
    rows = _stored(group["ir"]).astype(np.int64) if "ir" in group else np.zeros(0, np.int64)
    if data.dtype.kind == "V":
        raise DataError("its numbers are complex: give their real and imaginary parts side by side")
    return sp.csc_matrix((data.astype(TYPES.get(of, data.dtype)), rows, _stored(group["jc"]).astype(np.int64)), shape=shape)


def _texts(file: Any, item: Any) -> np.ndarray | None:
    """Rows of characters, or cells with a row of them in each; None, if cells hold anything else."""
    if item.dtype.kind == "O":
        cells = [_texts(file, file[ref]) if hasattr(file[ref], "dtype") else None for ref in _stored(item).T.ravel(order="F")]
        texts = [str(cell[0]) for cell in cells if cell is not None and len(cell) == 1]
        return np.array(texts) if len(texts) == len(cells) else None
    if item.attrs.get("MATLAB_empty", 0):
        return np.array([""])
    if item.dtype != np.uint16 or item.ndim != 2:
        return None
    return np.array([row.tobytes().decode("utf-16-le", "replace").rstrip(" ") for row in _stored(item).T.astype("<u2")])
