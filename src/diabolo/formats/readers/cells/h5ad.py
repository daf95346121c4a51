"""Anndata's ``.h5ad``: cells x genes, and what is known of both.

    X            (n, d)   dense, or the parts data, indices, indptr of compressed rows (csr) or columns (csc)
    layers/NAME  (n, d)   the same cells and genes with other numbers, such as the counts that X was made from
    raw/X        (n, e)   the numbers before genes were left out; raw/var names them
    obs, var              tables of the cells and of the genes; their indices are the names (annotations.py)
    obsm/NAME    (n, k)   other numbers of the cells, such as codes

X is what is read; if it holds no counts while a layer or ``raw.X`` does, this is said, and left to the option `layer`. Files
of anndata 0.6 to 0.12 are read block by block through h5py: anndata itself, also when ``backed``, holds all layers and all of
obsm in memory, and is slow to import.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ....deferred import sp
from ....errors import DataError, suggest, warn
from ....storage import atomic
from ... import base
from ...layout import ending
from ..compressed import PIECE, are_counts, by_rows, in_pieces, index_type, room, tidy
from ..dataset import Dataset
from .annotations import candidates, ids, index, labels_of, size
from .genes import once
from .hdf5 import is_group, known, opened, real, text, wrong

__all__ = ["kind", "read", "write"]

CODES = "X_diabolo"  # in obsm
BY_ROWS, BY_COLUMNS = "csr_matrix", "csc_matrix"

Entries = Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]


def kind(path: Path, *, layer: str | None = None) -> str:
    with opened(path) as file:
        return "counts" if _holds_counts(_matrices(file).get(layer or "X")) else "matrix"


def read(path: Path, *, layer: str | None = None, labels: str | Sequence[str] | None = None) -> Dataset:
    """The cells.

    Parameters
    ----------
    path : path
        Of the file.
    layer : str, optional
        What to read in place of X: the name of a layer, or "raw.X".
    labels : str or list of str, optional
        Columns of obs that are Y, by commas: one of classes or numbers, or any number of columns of booleans.
    """
    with opened(path) as file:
        node = _chosen(file, layer)
        X, decided = _matrix(node)
        columns, again = once(index(_var(node)), ids(_var(node)))
        counts = are_counts(in_pieces(X if isinstance(X, np.ndarray) else X.data))
        Y, about = labels_of(file, labels) if labels else (None, candidates(file))
        decided += [again, _which(file, node, counts), about]
        rows = index(file["obs"])
    return Dataset(X, Y, columns=columns, rows=rows, counts=counts, decided=tuple(filter(None, decided)))


# ── which numbers ────────────────────────────────────────────────────────────────────────────────────────────────────


def _matrices(file: Any) -> dict[str, Any]:
    """X, raw.X and the layers, as far as they are there."""
    found = {"X": file.get("X"), "raw.X": file.get("raw/X", file.get("raw.X"))} | dict(file.get("layers", {}))
    return {name: node for name, node in found.items() if node is not None and (is_group(node) or node.shape is not None)}


def _chosen(file: Any, layer: str | None) -> Any:
    """The numbers to read, as many as there are cells and genes."""
    found, name = _matrices(file), "X" if layer is None else str(layer)
    if name not in found:
        others = ", ".join(f"layer={other!r}" for other in found)
        raise DataError(
            f"{file.filename!r} has no {f'layer {name!r}' if layer else 'X'}{suggest(layer, found)}: "
            + (f"there are {others}" if found else "there are no numbers in it")
        )
    node, var = found[name], _var(found[name])
    shape, expected = _shape(node), (size(file["obs"]), size(var))
    if shape != expected:
        raise wrong(node, f"its shape is {shape}, but obs and {_name(var)} have {expected[0]:,} and {expected[1]:,} rows")
    return node


def _var(node: Any) -> Any:
    """The table of the genes that these numbers are of."""
    return node.file[{"/raw/X": "raw/var", "/raw.X": "raw.var"}.get(node.name, "var")]


def _name(node: Any) -> str:
    return str(node.name).strip("/").replace("raw/", "raw.")


def _shape(node: Any) -> tuple[int, ...]:
    """As it is said to be."""
    if not is_group(node):
        return tuple(map(int, node.shape))
    return tuple(map(int, node.attrs["shape"] if "shape" in node.attrs else node.attrs["h5sparse_shape"]))


def _layout(node: Any) -> str:
    """Of sparse numbers; anndata 0.6 says csr, all later ones csr_matrix."""
    old = node.attrs.get("h5sparse_format")
    return text(node.attrs.get("encoding-type", "")) if old is None else f"{text(old)}_matrix"


def _holds_counts(node: Any) -> bool:
    """Whether the first numbers are counts, and those in the middle, and the last."""
    data = node.get("data") if node is not None and is_group(node) else node
    if data is None or data.dtype.kind not in "fiu" or not data.size:
        return False
    real(data)
    step = max(1, PIECE // (data.shape[1] if data.ndim > 1 else 1))
    end = max(0, data.shape[0] - step)
    return are_counts(data[start : start + step] for start in sorted({0, end // 2, end}))


def _which(file: Any, node: Any, counts: bool) -> str:
    """Tells whether these are counts, or where there are some."""
    if counts:
        return "all values are whole, none is negative, some are above 1: counts"
    others = [name for name, other in _matrices(file).items() if other != node and _holds_counts(other)]
    said = " or ".join(f"layer={name!r}" for name in others)
    return f"{_name(node)} holds no counts, but there are some: {said} reads them" if others else ""


# ── the numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _matrix(node: Any) -> tuple[Any, list[str]]:
    """The numbers, and what was decided."""
    said = "{:,} cells × {:,} genes: ".format(*_shape(node)) + _name(node)
    if not is_group(node) and not _too_large(node):
        return _dense(node), [f"{said}, stored dense"]
    if not is_group(node):
        X, again, zeros = by_rows(lambda: _filled(node), _shape(node), real(node))
        return X, [f"{said}, stored dense; as they are counts, and many, what is not 0 is kept"]
    X, again, zeros = _sparse(node)
    decided = [f"{said}, stored as {_layout(node).removesuffix('_matrix')}"]
    if zeros:
        decided.append(f"zeros that were stored are left out: {zeros:,}")
    if again:
        decided.append(
            f"given a second time: {again:,} of {node['data'].size:,} entries of {_name(node)}; their sums are taken"
        )
        warn(f"{node.file.filename!r}: {decided[-1]}")
    return X, decided


def _too_large(node: Any) -> bool:
    return node.size * real(node).itemsize > base.MAX_BYTES_IN_MEMORY and _holds_counts(node)


def _dense(node: Any) -> np.ndarray:
    n, d = _shape(node)
    X = room(n * d, real(node), n * d * real(node).itemsize).reshape(n, d)
    for place in _rows(node):
        X[place] = node[place]
    return X


def _rows(node: Any) -> Iterator[slice]:
    """Blocks of whole chunks of the file."""
    n, d = _shape(node)
    rows = node.chunks[0] if node.chunks else 1
    step = max(1, 8 * PIECE // (d * rows)) * rows
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def _filled(node: Any) -> Entries:
    for place in _rows(node):
        found = sp.coo_matrix(node[place])
        yield found.row + place.start, found.col, found.data.astype(real(node), copy=False)


def _sparse(node: Any) -> tuple[Any, int, int]:
    """CSR; and what :func:`compressed.tidy` says."""
    layout, shape = _layout(node), _shape(node)
    if layout not in (BY_ROWS, BY_COLUMNS):
        raise wrong(node, f"encoding {layout!r}, but an array, {BY_ROWS} or {BY_COLUMNS} was expected")
    known(node)
    data, indices, indptr = (node[part] for part in ("data", "indices", "indptr"))
    dtype, _, _ = real(data), real(indices), real(indptr)
    major, minor = shape if layout == BY_ROWS else shape[::-1]
    starts = indptr[()].astype(np.int64) if indptr.shape == (major + 1,) else np.empty(0, np.int64)
    nnz = int(data.size)
    if not len(starts) or starts[0] or starts[-1] != nnz or indices.shape != (nnz,) or (np.diff(starts) < 0).any():
        raise wrong(node, f"its parts do not make a matrix of {shape[0]:,} × {shape[1]:,}: is the file damaged?")

    def blocks() -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        for start in range(0, nnz, PIECE):
            place = slice(start, min(start + PIECE, nnz))
            found = indices[place]
            if found.min() < 0 or found.max() >= minor:
                raise wrong(indices, f"{found.min()} to {found.max()} are found, but 0 to {minor - 1:,} were expected")
            yield place, found.astype(np.int64), data[place].astype(dtype, copy=False)

    held = index_type(nnz, *shape)
    total = nnz * (np.dtype(held).itemsize + dtype.itemsize)
    if layout == BY_COLUMNS and total > base.MAX_BYTES_IN_MEMORY:
        return by_rows(lambda: _turned(blocks, starts), shape, dtype)
    numbers, values = room(nnz, held, total), room(nnz, dtype, total)
    for place, j, v in blocks():
        numbers[place], values[place] = j, v
    if layout == BY_ROWS:
        return tidy(values, numbers, starts, shape)
    X = sp.csc_matrix((values, numbers, starts), shape=shape).tocsr()
    return tidy(X.data, X.indices, X.indptr, shape)


def _turned(blocks: Callable[[], Iterator[tuple[slice, np.ndarray, np.ndarray]]], starts: np.ndarray) -> Entries:
    """Entries of compressed columns."""
    for place, i, v in blocks():
        yield i, np.searchsorted(starts, np.arange(place.start, place.stop), side="right") - 1, v


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(table: Any, path: Path, source: Path | None) -> None:
    """A copy of `source` in which the columns of numbers are ``obsm["X_diabolo"]``; all else is as it was."""
    if source is None or not ending(source).endswith(".h5ad"):
        read = "" if source is None else f", but {str(source)!r} was read"
        raise DataError(
            f"{str(path)!r}: an .h5ad is written as a copy of the .h5ad that was read{read}: write a table, such as .csv or "
            ".parquet"
        )
    if path.exists() and path.samefile(source):
        raise DataError(f"{str(path)!r} is the file that was read: choose another name")
    codes = _codes(table, path)
    with opened(source) as file:
        n = size(file["obs"])
        if n != len(codes):
            raise DataError(f"{str(source)!r} has {n:,} cells, but {len(codes):,} rows are to be written beside them")
        if not is_group(file.get("obsm", file)):
            raise wrong(file["obsm"], "an array of records, as old versions of anndata wrote it: write it with a newer one")
    import h5py

    with atomic(path) as copy:
        with open(source, "rb") as original:
            shutil.copyfileobj(original, copy, 1 << 24)
        copy.flush()
        with open(os.dup(copy.fileno()), "r+b") as both, h5py.File(both, "r+") as file:
            _add(file, codes)


def _add(file: Any, codes: np.ndarray) -> None:
    if "obsm" not in file:
        file.create_group("obsm").attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
    if CODES in file["obsm"]:
        del file["obsm"][CODES]
    new = file["obsm"].create_dataset(CODES, data=codes)
    new.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def _codes(table: Any, path: Path) -> np.ndarray:
    """The columns of numbers (n, k), NaN where one is missing."""
    if isinstance(table, np.ndarray):
        return table
    numbers = [c for c in table.schema if pa.types.is_floating(c.type) or pa.types.is_integer(c.type)]
    others = [c.name for c in table.schema if c not in numbers]
    if not numbers:
        raise DataError(f"{str(path)!r}: there are no columns of numbers to write")
    if others:
        warn(f"{str(path)!r}: only columns of numbers are written, not {', '.join(map(repr, others[:8]))}")
    return np.column_stack([table.column(c.name).cast(_float(c.type)).to_numpy() for c in numbers])


def _float(t: Any) -> Any:
    return t if pa.types.is_floating(t) else pa.float64()
