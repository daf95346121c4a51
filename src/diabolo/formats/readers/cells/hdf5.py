"""Files of HDF5, as anndata writes them: opened, and asked what they are.

group    has keys, such as X/data           dataset    has a shape and numbers or texts
both     have attrs, such as encoding-type and encoding-version
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import DataError, missing_extra

__all__ = ["honest", "is_group", "known", "opened", "real", "text", "texts", "wrong"]

LARGE, DENSEST = 1 << 28, 2000  # bytes from which on, and how many times, an array may be larger than what is stored of it
VERSIONS = {"anndata": "0.1.0", "csr_matrix": "0.1.0", "csc_matrix": "0.1.0", "array": "0.2.0", "categorical": "0.2.0"}


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file, known to be one of anndata; a DataError for whatever cannot be read in it."""
    try:
        import h5py
    except ImportError:
        raise missing_extra("h5py", "formats", "files ending in .h5ad") from None
    path.open("rb").close()  # an error of the system, in its own words
    try:
        with h5py.File(path, "r") as file:
            _check(file)
            yield file
    except (DataError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (OSError, LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        said = str(error).strip("'\"").partition("\n")[0]
        plugin = "filter" in said or "plugin" in said
        remedy = "pip install hdf5plugin, and import it first" if plugin else "it is no HDF5, or truncated, or damaged"
        raise DataError(f"{str(path)!r} cannot be read: {said}; {remedy}") from None


def _check(file: Any) -> None:
    """Raise a DataError for another kind of HDF5."""
    found = text(file.attrs.get("encoding-type", "anndata"))
    if found != "anndata" or "obs" not in file or "var" not in file:
        remedy = ""
        if "matrix" in file:
            remedy = ": it looks like 10x's own .h5, which scanpy.read_10x_h5 reads, and write_h5ad writes as .h5ad"
        elif "mod" in file:
            remedy = ": it holds several modalities (.h5mu): write one of them, such as mdata['rna'].write_h5ad"
        held = ", ".join(list(file)[:8]) or "nothing"
        raise DataError(f"{file.filename!r} is no .h5ad: it holds {held}, but X, obs and var were expected{remedy}")
    known(file)


def known(node: Any) -> None:
    """Raise a DataError for what a newer anndata writes in another way."""
    encoding, version = text(node.attrs.get("encoding-type", "")), text(node.attrs.get("encoding-version", ""))
    if version and VERSIONS.get(encoding, version) != version:
        raise wrong(node, f"encoding {encoding} {version}, but {VERSIONS[encoding]} was expected: is it of a newer anndata?")


def wrong(node: Any, said: str) -> DataError:
    """The error for something in the file."""
    return DataError(f"{node.file.filename!r}, {node.name.strip('/') or 'root'}: {said}")


def honest(node: Any) -> None:
    """Raise a DataError for a dataset that says to be larger than it can be, or whose bytes are in another file."""
    size, stored = node.size * node.dtype.itemsize, node.id.get_storage_size()
    if node.external or (size > LARGE and size > DENSEST * stored):
        raise wrong(node, f"its size is {size:,} bytes, but only {stored:,} are stored in the file: is it damaged?")


def real(node: Any) -> np.dtype[Any]:
    """The type that real numbers have in memory; a DataError for what are none."""
    if is_group(node) or node.dtype.kind not in "fiub" or node.dtype.itemsize > 8:
        raise wrong(node, f"it holds {getattr(node, 'dtype', 'a group')}, but real numbers were expected")
    honest(node)
    return np.dtype(np.float32) if node.dtype == np.float16 else node.dtype.newbyteorder("=")


def is_group(node: Any) -> bool:
    return hasattr(node, "keys")


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def texts(node: Any) -> list[str]:
    """Of an array of texts, in a file of any version, or of numbers as texts."""
    values = node["values"] if is_group(node) else node
    if hasattr(values, "id"):
        honest(values)
        values = values[()]
    return [text(v) for v in values.tolist()]
