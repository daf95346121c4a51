"""Files of the field: one module per kind of file, found by the ending of its name, or by what it holds.

ENDINGS                            of the names
recognizes(path) -> bool           for files whose names do not say it (optional)
kind(path, ...) -> str             "table", "matrix", "counts" or "pictures", from the first bytes; with options of `read`
read(path, ...) -> Dataset         further parameters, keyword-only, are options of the file
write(table, path, source)         a table in such a file, atomically; `source` is the file that was read (optional)
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..layout import ending
from .dataset import Dataset, NamedMatrix

__all__ = [
    "READABLE",
    "Dataset",
    "NamedMatrix",
    "as_dataset",
    "opened",
    "options",
    "options_of",
    "packed",
    "read_dataset",
    "reader",
    "reads",
    "with_answers",
    "writable",
]

READERS: dict[str, tuple[str, ...]] = {  # module -> endings; imported at its first use
    "arrays.npz": (".npz",),
    "arrays.mat": (".mat",),
    "arff": (".arff", ".arff.gz"),
    "pairs.svmlight": (".svm", ".svmlight", ".libsvm", ".svm.gz", ".svmlight.gz", ".libsvm.gz"),
    "pairs.extreme": (),  # a .txt with the header n d k
    "cells.matrix_market": (".mtx", ".mtx.gz"),
    "cells.h5ad": (".h5ad",),
    "surveys.statistics": (".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt"),
    "cytometry.fcs": (".fcs",),
    "images.idx": (".idx", ".idx.gz"),  # and names such as train-images-idx3-ubyte.gz
    "images.cifar": (),  # data_batch_1.bin
}
READABLE = tuple(end for endings in READERS.values() for end in endings)
LOOKED_INTO = {
    "pairs.extreme": r"\.txt(\.gz)?$",
    "images.idx": r"idx\d",
    "images.cifar": r"\.bin$",
}  # names of files that may be so; others are not

READER = "reader"  # a key of the options of a Dataset: the kind of file that they are for

OPTIONS: ContextVar[dict[str, Any]] = ContextVar("OPTIONS", default={})  # noqa: B039 - never changed


@contextmanager
def options(**said: Any) -> Iterator[None]:
    """Within it, files are read with these options, also by models that are given a path.

    >>> with options(transpose=True):
    ...     OPTIONS.get()
    {'transpose': True}
    """
    token = OPTIONS.set(OPTIONS.get() | said)
    try:
        yield
    finally:
        OPTIONS.reset(token)


def reader(path: Any) -> Any:
    """The module that reads a file, or None."""
    if not isinstance(path, (str, Path)):
        return None
    name = ending(path)
    for module, endings in READERS.items():
        if endings and name.endswith(endings):
            return import_module(f".{module}", __package__)
    for module, names in LOOKED_INTO.items():
        if re.search(names, name):
            found = import_module(f".{module}", __package__)
            if found.recognizes(Path(path)):
                return found
    return _folder(path) if OPTIONS.get().get("labels") == "folder" else None


def reads(path: Any, *kinds: str, known: dict[str, Any] | None = None) -> bool:
    """Whether a path is that of a file of the field, and, read with `known` options, of one of these kinds."""
    found = reader(path)
    if found is None or not kinds:
        return found is not None
    said = _of_kind(found, known or {}) | OPTIONS.get()
    return found.kind(Path(path), **{name: v for name, v in said.items() if name in _options(found.kind)}) in kinds


def writable() -> list[str]:
    """The endings of the files that can be written."""
    return [
        end for module, ends in READERS.items() if hasattr(import_module(f".{module}", __package__), "write") for end in ends
    ]


def read_dataset(path: str | Path, **options: Any) -> Dataset:
    """What a file of the field holds.

    Parameters
    ----------
    path : path
        Of the file; the ending of its name, or its first bytes, say what it is.
    **options
        Those of the kind of file, such as ``array="X2"`` of a ``.mat`` of several arrays, ``transpose=True`` of a ``.mtx``,
        ``labels="folder"`` of a folder of pictures with a folder for each class.

    Raises
    ------
    DataError
        Naming the file, the place in it, what was found and what was expected.
    ValueError
        An option that this kind of file does not have.
    """
    return _read(path, options, {})


def options_of(path: str | Path) -> list[str]:
    """The options of a kind of file."""
    return _options((reader(path) or _folder(path)).read)


def packed(path: str | Path) -> DataError | None:
    """The error for a file of the field that is packed, but not of a kind, or not of a name, that is read so."""
    if not Path(path).is_file() or ending(path).endswith(tuple(end for end in READABLE if end.endswith(".gz"))):
        return None
    with open(path, "rb") as file:
        gzip = file.read(2) == b"\x1f\x8b"
    return DataError(f"{str(path)!r} is packed by gzip: unpack it first") if gzip else None


def _options(function: Any) -> list[str]:
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]


def _of_kind(found: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Options of a file that was read, if it was read by this module."""
    return {name: v for name, v in known.items() if name != READER} if known.get(READER) == _name(found) else {}


def _name(found: Any) -> str:
    return str(found.__name__).rpartition(".")[2]


def _read(path: str | Path, options: dict[str, Any], known: dict[str, Any]) -> Dataset:
    """With the options that were given, and with those that are `known` of another file of this kind."""
    found = reader(path) or _folder(path)
    if found is None:
        raise _unread(path)
    options, allowed = OPTIONS.get() | options, options_of(path)
    for name in options:
        if name not in allowed:
            has = f"has {', '.join(f'{n}=' for n in allowed)}" if allowed else "has no options"
            raise ValueError(f"{name}= is no option of {str(path)!r}: this kind of file {has}")
    options = _of_kind(found, known) | options
    try:
        dataset: Dataset = found.read(Path(path), **options)
    except DataError:
        if not getattr(found, "UNPACKS", False) and (error := packed(path)):
            raise error from None
        raise
    used = {name: v for name, v in options.items() if name != "labels"} | dataset.options
    return replace(dataset, options=used and {READER: _name(found)} | used)


def _unread(path: str | Path) -> DataError:
    if not Path(path).exists():
        return DataError(f"cannot read {str(path)!r}: there is no such file")
    if Path(path).is_dir():
        return DataError(f"cannot read the folder {str(path)!r}: give {inside(path) or 'a file'}")
    more = of_pairs(path) or "; a model takes the path of any other file that diabolo reads, such as a .csv"
    return DataError(f"cannot read {str(path)!r}: its name ends in none of {', '.join(READABLE)}{more}")


def inside(folder: str | Path) -> str:
    """Which file of a folder may have been meant; "" if there is none."""
    files = [str(f) for f in sorted(Path(folder).iterdir()) if f.is_file() and reader(f) is not None]
    return f"one of its files, such as {files[0]!r}" if files else ""


def of_pairs(path: str | Path) -> str:
    """A remark on a file of pairs that is not called so, as those of LIBSVM's page are; else ""."""
    with open(path, "rb") as file:
        pairs = re.match(rb"\S+ \d+:\S+ ", file.read(200))
    return "; it holds pairs, as svmlight files do: give it a name that ends in .svm" if pairs else ""


def _folder(path: str | Path) -> Any:
    """The module that reads a folder of pictures, or None; they are read as they are without it, but for their labels."""
    folders = import_module(".images.folders", __package__)
    return folders if folders.recognizes(Path(path)) else None


def as_dataset(X: Any, known: dict[str, Any] | None = None) -> Any:
    """What a file of the field holds; any other X as it is.

    `known` are the options with which a model read the file that it was fitted to.
    """
    return X if reader(X) is None else _read(X, {}, known or {})


def opened(X: Any, known: dict[str, Any] | None = None, tell: bool = False) -> Any:
    """The same, as models take it. With `tell`, prints what was decided."""
    X = as_dataset(X, known)
    if not isinstance(X, Dataset):
        return X
    for sentence in X.decided if tell else ():
        print(f"read: {sentence}", file=sys.stderr)
    return X.values


def with_answers(X: Any, y: Any, known: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """X and y; without y, those of the file of X, with `known` options.

    Raises
    ------
    ValueError
        There is no y.
    """
    if y is not None:
        return X, y
    name, hint = "y=None", ""
    if isinstance(X, (str, Path)) and (reader(X) or _folder(X)) is not None:
        name, X = f"{str(X)!r} has no labels", _read(X, {}, known or {})
        hint = "".join(f"; {sentence}" for sentence in X.decided if "labels=" in sentence) or _of_folders(X)
    elif isinstance(X, (str, Path)) or hasattr(X, "columns"):
        hint = "; if X holds it, X, y = formats.read_labeled(X, labels=[...]) takes it apart, as fit(X, labels=[...]) does"
    if not isinstance(X, Dataset) or X.Y is None:
        raise ValueError(f"{name}: requires y to be passed, but the target y is None{hint}")
    return X, X.answers


def _of_folders(dataset: Dataset) -> str:
    return "; read_dataset(X, labels='folder') takes the folder of each picture" if hasattr(dataset.X, "folders") else ""
