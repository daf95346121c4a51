"""``.npz`` of NumPy: arrays with names, packed or not, in a zip file; a sparse matrix is several of them.

    X            (n, d)
    X_data, X_indices, X_indptr, X_shape            CSR, the data of which may be left out: ones
    format, shape, data, indices, indptr            scipy.sparse.save_npz
    y (n,), Y (n, k), feature_names, label_names    see named.py

Headers are compared with the sizes of the entries before anything is read, as NumPy makes room for what they say. Python
objects are pickles, which run code when they are read: they are left out.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from ....deferred import sp
from ....errors import DataError
from ..dataset import Dataset
from ..streams import DAMAGE, RATIO, filled, short, size_of
from .named import Named, chosen, dataset, pictures

__all__ = ["ENDINGS", "kind", "read"]

ENDINGS = (".npz",)
PARTS = ("indices", "indptr", "shape")
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class Entry(NamedTuple):
    """An array of the file, as its header has it."""

    member: zipfile.ZipInfo
    shape: tuple[int, ...]
    fortran: bool
    dtype: Any
    start: int


def kind(path: Path) -> str:
    """Pictures, if X is bytes of three dimensions; else a matrix.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(file, X=np.zeros((5, 64), np.uint8))
    >>> kind(file)
    'matrix'
    """
    with _entries(path) as (archive, entries):
        found = _named(path, archive, entries)
        try:
            entry = entries.get(chosen(path, found, None))
        except DataError:  # told when it is read
            return "matrix"
        return "pictures" if entry and pictures(entry.shape, entry.dtype) else "matrix"


def read(path: Path, *, array: str | None = None, transpose: bool = False) -> Dataset:
    """X, its labels and names; `array` names another X, and `transpose` exchanges its rows and columns."""
    with _entries(path) as (archive, entries):
        return dataset(path, _named(path, archive, entries), array, transpose)


@contextmanager
def _entries(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Entry]]]:
    """The file and what is in it; a DataError for whatever is wrong with it while it is open."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.compress_size for member in archive.infolist()) > path.stat().st_size:
                raise DataError("its list of entries says more bytes than it has")
            entries: dict[str, Entry] = {}
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if name in entries:
                    raise DataError(f"it has two arrays {name!r}")
                if name != member.filename:
                    entries[name] = _entry(archive, member)
            yield archive, entries
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except DataError as error:
        said = str(error)
        raise error if str(path) in said else DataError(f"cannot read {str(path)!r}: {said}") from None
    except DAMAGE as error:
        raise DataError(f"cannot read {str(path)!r}: it is no .npz file, or damaged ({short(error)})") from None


def _entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    if member.file_size > RATIO * member.compress_size + RATIO:
        raise DataError(f"{member.filename!r} cannot have {member.file_size:,} bytes, packed in {member.compress_size:,}")
    with archive.open(member) as file:
        version = npy.read_magic(file)
        if version not in HEADERS:
            return Entry(member, (), False, np.dtype(object), 0)  # records whose fields have names beyond Latin-1
        shape, fortran, dtype = HEADERS[version](file)
        entry = Entry(member, shape, fortran, dtype, file.tell())
    if min(shape, default=0) < 0 or (not dtype.hasobject and entry.start + size_of(shape, dtype) != member.file_size):
        raise DataError(
            f"{member.filename!r} is of the shape {shape} and of {dtype}, {size_of(shape, dtype):,} bytes, but it has "
            f"{member.file_size - entry.start:,}"
        )
    return entry


def _named(path: Path, archive: zipfile.ZipFile, entries: dict[str, Entry]) -> dict[str, Named]:
    """The arrays by name; those that make up a sparse matrix are one."""
    found, taken = {}, set()
    for prefix in [n.removesuffix("indptr") for n in entries if n == "indptr" or n.endswith("_indptr")]:
        if prefix and all(prefix + part in entries for part in PARTS):
            shape = tuple(map(int, _read(archive, entries[f"{prefix}shape"]).ravel()))
            of = entries[f"{prefix}data"].dtype if f"{prefix}data" in entries else "ones"
            found[prefix[:-1]] = Named(shape, f"sparse {of}", "numbers", partial(_sparse, archive, entries, prefix, shape))
            taken |= {prefix + part for part in (*PARTS, "data")}
    if {"format", "shape", "data"} <= entries.keys():
        shape = tuple(map(int, _read(archive, entries["shape"]).ravel()))
        found["X"] = Named(shape, f"sparse {entries['data'].dtype}", "numbers", partial(sp.load_npz, path))
        taken |= {"format", "shape", "data", "indices", "indptr", "row", "col", "offsets", "_is_array"}
    for name, entry in entries.items():
        if name not in taken:
            kind = {"U": "texts", "S": "texts", "O": ""}.get(entry.dtype.kind, "numbers")
            of = "Python objects" if entry.dtype.hasobject else "text" if kind == "texts" else str(entry.dtype)
            found[name] = Named(entry.shape, of, kind, partial(_read, archive, entry))
    return found


def _read(archive: zipfile.ZipFile, entry: Entry) -> np.ndarray:
    with archive.open(entry.member) as file:
        file.read(entry.start)
        return filled(file, entry.shape[::-1], entry.dtype).T if entry.fortran else filled(file, entry.shape, entry.dtype)


def _sparse(archive: zipfile.ZipFile, entries: dict[str, Entry], prefix: str, shape: tuple[int, ...]) -> Any:
    """CSR; its indices go through int64, as int32 would turn those beyond it into others."""
    indices, indptr = (_read(archive, entries[prefix + part]) for part in ("indices", "indptr"))
    for part, of in (("indices", indices), ("indptr", indptr)):
        if of.dtype.kind not in "iu" or of.ndim != 1:
            raise DataError(f"{prefix}{part} is of {of.dtype} {of.shape}, but places are whole numbers in a row")
    data = _read(archive, entries[f"{prefix}data"]) if f"{prefix}data" in entries else np.ones(len(indices), np.uint8)
    return sp.csr_matrix((data, indices.astype(np.int64), indptr.astype(np.int64)), shape=shape)
