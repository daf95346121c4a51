"""Matrix Market's text, ``.mtx``, packed or not: cells and their genes, and any other matrix.

    i j value     in lines, i and j from 1      ->      X[i - 1, j - 1] = value, or X[j - 1, i - 1] of genes x cells

Cells are the rows of X. Where ``features.tsv`` (or ``genes.tsv``) and ``barcodes.tsv`` lie beside the file, their numbers say
whether it holds genes x cells, as 10x writes them, or cells x genes; without them X is as stored.

Entries given again are added, with a warning, as SciPy does. The text is read by entries.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import DataError, warn
from ..compressed import PIECE, are_counts, by_rows, in_pieces, index_type, room, tidy
from ..dataset import Dataset
from .entries import BLOCK, TYPES, Decimals, Header, checked, header_of, pieces
from .genes import Beside, beside, once, unpacked, unpacking

__all__ = ["kind", "read"]


def kind(path: Path) -> str:
    with unpacking(path), unpacked(path) as file:
        header = header_of(path, file)
        try:
            first = next(pieces(header, file, PIECE), None)
        except Decimals:
            return "matrix"
    if first is None or header.field == "pattern" or header.form < 0:
        return "matrix"
    return "counts" if are_counts([first[1][-1]]) else "matrix"


def read(path: Path, *, transpose: bool | None = None) -> Dataset:
    """The matrix.

    Parameters
    ----------
    path : path
        Of the file.
    transpose : bool, optional
        Whether the columns of the file are the rows of X. None: if features and barcodes beside it say so.
    """
    with unpacking(path), unpacked(path) as file:
        header = header_of(path, file)
    lying, genes_first, decided = _beside(header)
    turned = genes_first if transpose is None else bool(transpose)
    how = "; transpose=True turns it"
    if lying.files:
        how = ": cells are the rows" if turned == genes_first else ": genes are the rows"
    decided.append(f"transposed{how if lying.files else ''}" if turned else f"as stored{how}")
    try:
        X, said = _matrix(header, turned)
    except Decimals as line:
        wrong = f"line {line} has no whole number, but line 1 says that all are: read as real numbers"
        warn(f"{str(path)!r}: {wrong}")
        X, said = _matrix(Header(**vars(header) | {"field": "real"}), turned)
        said.append(wrong)
    genes, cells = _names(lying)
    columns, names = (genes, cells) if turned == genes_first else (cells, genes)
    if columns is not None:
        columns, again = once(columns, [line[0] for line in lying.features or []] if columns is genes else None)
        decided.append(again)
    counts = are_counts(in_pieces(X if isinstance(X, np.ndarray) else X.data))
    decided += [*said, _types(lying), "all values are whole, none is negative, some are above 1: counts" if counts else ""]
    return Dataset(X, columns=columns, rows=names, counts=counts, decided=tuple(filter(None, decided)))


# ── what lies beside ─────────────────────────────────────────────────────────────────────────────────────────────────


def _beside(header: Header) -> tuple[Beside, bool, list[str]]:
    """The features and barcodes of this matrix; whether the rows of the file are genes; and what was decided."""
    n, d = header.rows, header.columns
    decided: list[str] = []
    for found in beside(header.path):
        files = " and ".join(found.files)
        if found.fits(n, d):
            square = "; the matrix is square, so that it could be cells × genes as well: transpose=False" if n == d else ""
            return found, True, [*decided, f"genes × cells ({n:,} × {d:,}), as {files} beside it say{square}"]
        if found.fits(d, n):
            return found, False, [*decided, f"cells × genes ({n:,} × {d:,}), as {files} beside it say"]
        pairs = (("features", found.features), ("barcodes", found.barcodes))
        numbers = " and ".join(f"{len(lines):,} {noun}" for noun, lines in pairs if lines is not None)
        if found.own:
            above = any(lines is not None and len(lines) - 1 in (n, d) for _, lines in pairs)
            remedy = "delete the names of columns in the first line" if above else "these files do not belong together"
            raise DataError(
                f"{str(header.path)!r} has {n:,} rows and {d:,} columns, but {files} beside it hold {numbers}, one in each "
                f"line: {remedy}"
            )
        decided.append(f"{files} beside it, with {numbers}, belong to another matrix: left out")
    return Beside(), False, [*decided, f"the file has {n:,} rows and {d:,} columns, and no barcodes beside it"]


def _names(lying: Beside) -> tuple[list[str] | None, list[str] | None]:
    """Of the genes: their names or, without these, their ids; and of the cells."""
    genes = None if lying.features is None else [(line[1:2] or line)[0] or line[0] for line in lying.features]
    return genes, None if lying.barcodes is None else [line[0] for line in lying.barcodes]


def _types(lying: Beside) -> str:
    """What the features are, if they are not all of one type."""
    types = Counter(line[2] if len(line) > 2 else "" for line in lying.features or [])
    said = ", ".join(f"{n:,} of {name!r}" for name, n in types.items())
    return f"features of {len(types)} types are columns alike: {said}" if len(types) > 1 else ""


# ── the entries ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _matrix(header: Header, turned: bool) -> tuple[Any, list[str]]:
    with unpacking(header.path), unpacked(header.path) as file:
        for _ in range(header.last):
            file.readline(BLOCK)
        found = checked(header, pieces(header, file, BLOCK))
        return _sparse(header, found, turned) if header.coordinate else (_dense(header, found, turned), [])


def _sparse(header: Header, found: Any, turned: bool) -> tuple[Any, list[str]]:
    """Entries -> CSR. What comes in the order of the rows, as 10x writes it, is in its place already."""
    nnz, shape = header.entries, (header.columns, header.rows) if turned else (header.rows, header.columns)
    held, value = index_type(nnz, *shape), np.dtype(TYPES[header.field])
    total = nnz * (2 * np.dtype(held).itemsize + value.itemsize)
    I, J, V = room(nnz, held, total), room(nnz, held, total), room(nnz, value, total)
    start, last, ordered = 0, -1, header.form == 0
    number = np.zeros(shape[0] + 1, np.int64)
    for _, (i, j, *v) in found:
        i, j = (j - 1, i - 1) if turned else (i - 1, j - 1)
        place = slice(start, start := start + len(i))
        I[place], J[place], V[place] = i, j, v[0] if v else 1
        np.add(number[1:], np.bincount(i, minlength=shape[0]), out=number[1:])
        ordered = ordered and bool(i[0] >= last and (i[1:] >= i[:-1]).all())
        last = i[-1]

    def entries() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for i, j, v in zip(in_pieces(I), in_pieces(J), in_pieces(V), strict=True):
            yield i, j, v
            if header.form:
                off = i != j
                yield j[off], i[off], v[off] * value.type(header.form)

    X, again, zeros = tidy(V, J, np.cumsum(number), shape) if ordered else by_rows(entries, shape, value)
    said = [f"zeros that were stored are left out: {zeros:,}"] if zeros else []
    if header.form:
        sign = ", with the other sign" if header.form < 0 else ""
        said.append(f"symmetric: what is below the diagonal is above it, too{sign}")
    if header.field == "pattern":
        X.data[:] = 1
        said.append("a pattern without values: each entry is 1")
    if again:
        added = "each is" if header.field == "pattern" else "their sums are"
        said.append(f"given a second time: {again:,} of {nnz:,} entries; {added} taken")
        warn(f"{str(header.path)!r}: {said[-1]}")
    return X, said


def _dense(header: Header, found: Any, turned: bool) -> np.ndarray:
    """Values, column by column -> (n, d)."""
    n, d = header.rows, header.columns
    value = np.dtype(TYPES[header.field])
    V, start = room(header.entries, value, n * d * value.itemsize), 0
    for _, (v,) in found:
        V[start : (start := start + len(v))] = v
    if not header.form:
        return V.reshape(d, n) if turned else V.reshape(d, n).T
    X = room(n * d, value, n * d * value.itemsize).reshape(n, d)
    start = 0
    for j in range(n):
        below = V[start : (start := start + n - j - (header.form < 0))]
        X[j, j] = 0
        X[n - len(below) :, j] = below
        X[j, n - len(below) :] = below * value.type(header.form)
    return X.T if turned else X
