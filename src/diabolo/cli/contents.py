"""What a file of data holds, and what was decided while it was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..deferred import is_sparse
from ..errors import DataError
from ..formats import Reading, Tables, infer
from ..formats.labels import Labels
from ..formats.listing import listed
from ..formats.readers import Dataset, packed, read_dataset, reader
from .options import said

__all__ = ["facts", "is_data"]

SHOWN = 8  # labels, with how often each is there


def is_data(path: Path) -> bool:
    """Whether a file, or a folder, holds data, as far as its name or its first bytes tell."""
    if reader(path) is not None or path.is_dir() or packed(path):
        return True  # reading says what is wrong in it
    try:
        infer(path)
    except DataError:
        return False
    return True


def facts(path: Path) -> Iterator[tuple[str, str]]:
    """Names and values for :mod:`info`, the most important first."""
    ours = reader(path) is not None
    dataset = read_dataset(path) if ours else Dataset(path)
    format = as_said(infer(dataset.values)).fit(dataset.values)
    yield "file", f"{path} ({size(path):,} bytes)"
    yield "rows", f"{rows(dataset, format):,}"
    yield "data", str(format)
    if dataset.columns and not format.has_cells:
        yield "columns", few(dataset.columns)
    if dataset.Y is not None:
        yield "labels", labels(dataset.answers)
    if dataset.weights is not None:
        yield "weights", f"from {np.min(dataset.weights):g} to {np.max(dataset.weights):g}"
    if gaps := missing(dataset, format):
        yield "missing", gaps
    for sentence in dataset.decided:
        yield "decided", sentence


def size(path: Path) -> int:
    """Bytes of a file, of those of a data set, or of all in a folder."""
    if (parts := listed(path)) is not None:
        return sum(part.size for part in parts)
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) if path.is_dir() else path.stat().st_size


def as_said(format: Any) -> Any:
    """The format, not fitted yet; it reads text files as the options of the command say."""
    if format.kind == "tables" and said():
        return Tables(reading=Reading(**said()))
    if format.kind == "documents":
        format.encoding = said().get("encoding")
    return format


def rows(dataset: Dataset, format: Any) -> int:
    X = dataset.X
    return int(X.shape[0]) if hasattr(X, "shape") else sum(format.to_array(piece).shape[0] for piece in format.chunks(X))


def missing(dataset: Dataset, format: Any) -> str:
    """How many cells are missing, in how many columns; "" if none is."""
    X = dataset.values
    if format.kind not in ("tables", "arrays"):
        return ""
    counts = np.zeros(len(format.columns), dtype=np.int64)
    cells = 0
    for piece in format.chunks(X):
        x = piece if is_sparse(piece) else format.to_array(piece)[:, [block.start for block in format.blocks]]
        gone = np.isnan(x.data) if is_sparse(x) else np.isnan(x)
        counts += np.bincount(x.tocsr().indices[gone], minlength=len(counts)) if is_sparse(x) else gone.sum(0)
        cells += x.shape[0] * len(counts)
    if not counts.any():
        return ""
    worst = format.columns[int(counts.argmax())]
    return f"{counts.sum():,} of {cells:,} cells, in {np.count_nonzero(counts):,} columns; most in {worst!r}, {counts.max():,}"


def labels(Y: Any) -> str:
    """The labels and how often each is there, or the classes."""
    found = Labels().fit(Y)
    y = found.to_matrix(Y)
    if found.kind == "array" and np.ndim(Y) == 1:
        return f"a number for each row, from {np.nanmin(y):g} to {np.nanmax(y):g}"
    yes = np.asarray(np.nansum(y.toarray() if is_sparse(y) else y, 0)).ravel()
    counts = [f"{name} ({n:,.0f})" for name, n in zip(found.names, yes, strict=True)]
    what = "classes, one for each row" if found.kind == "one" else "labels"
    return f"{len(counts):,} {what}: {few(counts)}"


def few(names: list[str]) -> str:
    """
    >>> few(list("abcdefghijk"))
    'a, b, c, d, e, f, g, h, ...'
    """
    return ", ".join(names[:SHOWN]) + ", ..." * (len(names) > SHOWN)
