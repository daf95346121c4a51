"""User objects <-> rows of numbers: one class per kind of data, chosen by looking at X."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np

from ..deferred import is_sparse
from ..errors import DataError, FormatError, an, suggest
from . import readers
from .arrays import Arrays
from .base import Format
from .documents import Documents, tell_table
from .embedded import Embedded
from .files import Reading
from .images import Images
from .labeled import read_labeled, read_targets
from .layout import other_program
from .names import READABLE
from .output import write_table
from .readers import Dataset, NamedMatrix, read_dataset
from .tables import Tables
from .texts import absent, exists, tell_mixed

__all__ = [
    "FORMATS",
    "Arrays",
    "Dataset",
    "Documents",
    "Embedded",
    "Format",
    "Images",
    "Reading",
    "Tables",
    "infer",
    "read_dataset",
    "read_labeled",
    "read_targets",
    "stored",
    "write_table",
]

FORMATS: dict[str, type[Format]] = {
    cls.kind: cls for cls in (Tables, Documents, Images, Arrays, Embedded)
}  # the first that accepts


def stored(meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Format:
    """The format in the file of a model: its `meta`, and the arrays of the format."""
    found = FORMATS[meta["format"]["kind"]].from_state(meta["format"], arrays)
    found.options = meta["format"].get("options", {})
    if type(meta["n_features"]) is not int or meta["n_features"] != len(found.sources):
        raise FormatError("the number of its features is not that of its columns")
    if meta["names"] is not None and len(meta["names"]) != len(found.sources):
        raise FormatError("the names of its features are not those of its columns")
    return found


def infer(X: Any, format: str | Format = "auto", counts: bool = False) -> Format:
    """The format for X: the one named, or the first that accepts it; with `counts`, sparse numbers from 0 are taken as counts.

    >>> infer([[1.0, 2.0]]).kind, infer(["some text"]).kind
    ('arrays', 'documents')
    """
    if isinstance(format, Format):
        return copy.copy(format)  # to be fitted: what was given may be given to others, too
    if format != "auto":
        if format not in FORMATS:
            allowed = ["auto", *FORMATS]
            raise ValueError(
                f"format={format!r}: allowed are {', '.join(map(repr, allowed))}, or a Format{suggest(format, allowed)}"
            )
        return FORMATS[format]()
    if isinstance(X, (str, Path)) and not exists(X):
        raise absent(X)
    numbers = X.matrix if isinstance(X, NamedMatrix) else X
    if counts and is_sparse(numbers) and numbers.nnz and numbers.dtype.kind in "fiub" and (numbers.tocoo().data >= 0).all():
        tell_table(numbers)
        return Documents()
    for cls in FORMATS.values():
        if cls.accepts(X):
            if isinstance(X, (str, Path)) and Path(X).is_dir():
                tell_mixed(Path(X))
            return cls()
    if isinstance(X, (str, Path)) and Path(X).is_dir():
        if broken := next(Path(X).rglob("*\n*"), None):
            raise DataError(f"the folder {str(X)!r} holds {broken.name!r}: a name with a line break is not read: rename it")
        if deeper := next(Path(X).glob("*/**/*.txt"), None):
            place = deeper.parent.relative_to(X).as_posix()
            raise DataError(
                f"the folder {str(X)!r} holds no .txt files itself, but {place!r} in it does; of texts, folders in a folder "
                "are not read: put all texts into one folder, or give a table with a text in each row"
            )
        what = "holds neither pictures nor .txt files" if any(Path(X).iterdir()) else "is empty"
        file = readers.inside(X) or "the file of a table"
        parts = "the parts of a table (.parquet, .csv, .jsonl, .feather)"
        raise DataError(f"the folder {str(X)!r} {what}: give one of pictures, of texts (.txt) or of {parts}, or {file}")
    if isinstance(X, (str, Path)):
        if error := readers.packed(X):
            raise error
        names = ", ".join((*READABLE, *readers.READABLE, ".npy", ".jsonl", ".jsonl.gz", ".txt"))
        raise DataError(
            f"{str(X)!r} is not a file that can be read: {other_program(X)}its name should end in one of "
            f"{names}{readers.of_pairs(X)}"
        )
    if hasattr(X, "obs") and hasattr(X, "layers"):
        raise DataError(
            f"X is {an(type(X).__name__)}: give its .h5ad, its X or one of its layers, or to_df() for names of genes"
        )
    raise DataError(f"X is {an(type(X).__name__)}: give a DataFrame, an array, a sparse matrix, a list of texts or a path")
