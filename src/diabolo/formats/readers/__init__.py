"""Files of the field: one module per kind of file, found by the ending of its name, or by what it holds.

ENDINGS                            of the names
recognizes(path) -> bool           for files whose names do not say it (optional)
kind(path) -> str                  "table", "matrix", "counts" or "pictures", from the first bytes
read(path, ...) -> Dataset         further parameters, keyword-only, are options of the file
write(table, path, source)         a table in such a file, atomically; `source` is the file that was read (optional)
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..layout import ending
from .dataset import Dataset

__all__ = ["READABLE", "Dataset", "opened", "read_dataset", "reader", "reads"]

READERS: dict[str, tuple[str, ...]] = {  # module -> endings; imported at its first use
    "npz": (".npz",),
    "mat": (".mat",),
    "arff": (".arff", ".arff.gz"),
    "svmlight": (".svm", ".svmlight", ".libsvm", ".svm.gz", ".svmlight.gz", ".libsvm.gz"),
    "extreme": (),  # a .txt with the header n d k
    "matrix_market": (".mtx", ".mtx.gz"),
    "h5ad": (".h5ad",),
    "statistics": (".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt"),
    "cytometry": (".fcs",),
    "idx": (".idx", ".idx.gz"),  # and names such as train-images-idx3-ubyte.gz
    "cifar": (),  # data_batch_1.bin
}
READABLE = tuple(end for endings in READERS.values() for end in endings)
LOOKED_INTO = ("extreme", "idx", "cifar")  # known by more than an ending


def reader(path: Any) -> Any:
    """The module that reads a file, or None."""
    if not isinstance(path, (str, Path)):
        return None
    name = ending(path)
    for module, endings in READERS.items():
        if endings and name.endswith(endings):
            return import_module(f".{module}", __package__)
    for module in LOOKED_INTO:
        found = import_module(f".{module}", __package__)
        if found.recognizes(Path(path)):
            return found
    return None


def reads(path: Any, *kinds: str) -> bool:
    """Whether a path is that of a file of the field, of one of these kinds."""
    found = reader(path)
    return found is not None and (not kinds or found.kind(Path(path)) in kinds)


def read_dataset(path: str | Path, **options: Any) -> Dataset:
    """What a file of the field holds.

    Parameters
    ----------
    path : path
        Of the file; the ending of its name, or its first bytes, say what it is.
    **options
        Those of the kind of file, such as ``array="X2"`` of a ``.mat`` of several arrays, ``transpose=True`` of a ``.mtx``.

    Raises
    ------
    DataError
        Naming the file, the place in it, what was found and what was expected.
    ValueError
        An option that this kind of file does not have.
    """
    found = reader(path)
    if found is None:
        raise DataError(f"cannot read {str(path)!r}: its name ends in none of {', '.join(READABLE)}")
    allowed = [p.name for p in inspect.signature(found.read).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for name in options:
        if name not in allowed:
            has = f"has {', '.join(f'{n}=' for n in allowed)}" if allowed else "has no options"
            raise ValueError(f"{name}= is no option of {str(path)!r}: this kind of file {has}")
    dataset: Dataset = found.read(Path(path), **options)
    return dataset


def opened(X: Any) -> Any:
    """A table, pictures or a :class:`Dataset` of numbers, if X is the path of a file of the field; X itself, if not."""
    if reader(X) is None:
        return X
    dataset = read_dataset(X)
    return dataset if reads(X, "matrix", "counts") else dataset.X
