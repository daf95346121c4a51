"""IDX, the files of MNIST and of those like it: an array of any type, packed by gzip or not.

    00 00 type dims, then a size (4 bytes) for each of the dims, then the numbers; all big-endian
    type   08 uint8   09 int8   0B int16   0C int32   0D float32   0E float64

    train-images-idx3-ubyte.gz   X (n, height, width), pictures of bytes
    train-labels-idx1-ubyte.gz   beside it: Y (n,), the class of each

Bytes of three dimensions are pictures; all else is a matrix, a row of numbers for each first place. The pictures of EMNIST
lie on their side in its files, rows as columns, as its authors wrote them from MATLAB.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import DataError
from ...layout import ending
from ..arrays.named import pictures
from ..dataset import Dataset
from ..streams import DAMAGE, RATIO, filled, opened, short, size_of

__all__ = ["ENDINGS", "kind", "read", "recognizes"]

ENDINGS = (".idx", ".idx.gz")
UNPACKS = True  # whatever the name says
NAME = re.compile(r"[-.]idx\d+[-.](ubyte|sbyte|byte|short|int|float|double)(\.gz)?$")
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def recognizes(path: Path) -> bool:
    """By a name such as train-images-idx3-ubyte.gz.

    >>> recognizes(Path("t10k-images.idx3-ubyte")), recognizes(Path("idx.csv"))
    (True, False)
    """
    return NAME.search(ending(path)) is not None


def kind(path: Path) -> str:
    """Pictures, or a matrix."""
    _, shape, dtype = _read(path, header=True)
    return "pictures" if pictures(shape, dtype) else "matrix"


def read(path: Path, *, transpose: bool | None = None) -> Dataset:
    """The pictures or rows, and the labels beside them; `transpose` exchanges rows and columns of pictures, as for EMNIST."""
    X, shape, dtype = _read(path)
    told = [f"X has the shape {shape} and the type {dtype.name}"]
    if len(shape) == 1:
        images = _partner(path, "labels", "images", "idx3")[0].name
        raise DataError(
            f"{str(path)!r} holds {shape[0]:,} single numbers, as of labels: give the file of the pictures, {images}"
        )
    if 0 in shape:
        raise DataError(f"{str(path)!r} is empty: its shape is {shape}")
    if pictures(shape, dtype):
        if transpose or (transpose is None and ending(path).startswith("emnist-")):
            X = X.swapaxes(1, 2)
            told.append(
                "rows and columns of the pictures are exchanged" + ("" if transpose else ", as EMNIST lies on its side")
            )
    elif len(shape) > 2:
        X = X.reshape(len(X), -1)
        told.append(f"each row is one of {shape[1:]} numbers, {X.shape[1]:,} in a row")
    Y, more = _labels(path, len(X))
    return Dataset(X, Y, decided=(*told, *more))


def _read(path: Path, header: bool = False) -> tuple[Any, tuple[int, ...], Any]:
    """The numbers, if asked for, their shape and type."""
    try:
        with opened(path) as file:
            magic = file.read(4)
            if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not magic[3]:
                raise DataError(
                    f"it is no IDX file: it begins with {magic.hex(' ') or 'nothing'}, not 00 00, a type, dimensions"
                )
            dtype, sizes = np.dtype(TYPES[magic[2]]), file.read(4 * magic[3])
            if len(sizes) < 4 * magic[3]:
                raise DataError(f"it is cut off in its header, which says {magic[3]} dimensions")
            shape = struct.unpack(f">{magic[3]}I", sizes)
            if size_of(shape, dtype) > RATIO * path.stat().st_size:
                raise DataError(f"it is cut off: its header says the shape {shape}, more than a file of its size can hold")
            return None if header else filled(file, shape, dtype), shape, dtype
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except DataError as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from None
    except DAMAGE as error:
        raise DataError(f"cannot read {str(path)!r}: it is damaged or cut off ({short(error)})") from None


def _partner(path: Path, this: str, other: str, dims: str) -> list[Path]:
    """Where the labels of pictures may lie, or the pictures of labels; packed or not."""
    name = re.sub(r"idx\d+", dims, path.name.replace(this, other))
    bare = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE)
    return [path.with_name(n) for n in (name, bare, f"{bare}.gz")]


def _labels(path: Path, n: int) -> tuple[Any, list[str]]:
    places = _partner(path, "images", "labels", "idx1")
    if "images" not in path.name:
        return None, []
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return None, [f"there are no labels: {places[0].name!r} does not lie beside it"]
    y, shape, dtype = _read(file)
    if shape != (n,):
        raise DataError(f"{str(path)!r} has {n:,} rows, but its labels {file.name!r} have the shape {shape}")
    if dtype.kind != "f":
        y = y.astype(np.int64)
    return y, [f"Y is {file.name!r} beside it, {len(np.unique(y)):,} classes from {y.min()} to {y.max()}"]
