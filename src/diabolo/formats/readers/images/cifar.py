"""The binary batches of CIFAR-10 and CIFAR-100: records of one size, without a header.

    CIFAR-10    class, then 3072 bytes                    data_batch_1.bin to data_batch_5.bin, test_batch.bin
    CIFAR-100   coarse class, fine class, then 3072 bytes train.bin, test.bin
    3072 bytes  32 x 32 red, then green, then blue        -> (32, 32, 3)

Y holds the names of the classes, where batches.meta.txt, or fine_label_names.txt and coarse_label_names.txt, lie beside it.
The batches for Python are pickles, which run code when they are read; they are not read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import DataError
from ...layout import ending
from ..dataset import Dataset
from ..streams import filled

__all__ = ["ENDINGS", "kind", "read", "recognizes"]

ENDINGS = ()
PIXELS = 3 * 32 * 32
TEN = re.compile(r"^(data_batch_\d+|test_batch)\.bin$")
HUNDRED = ("train.bin", "test.bin")
FINE, COARSE = "fine_label_names.txt", "coarse_label_names.txt"


def recognizes(path: Path) -> bool:
    """By name; a train.bin also by its size, or by the names of the classes beside it."""
    if TEN.match(ending(path)):
        return True
    if ending(path) not in HUNDRED or not path.is_file():
        return False
    size = path.stat().st_size
    return size > 0 and (size % (PIXELS + 2) == 0 or size % (PIXELS + 1) == 0 or path.with_name(FINE).is_file())


def kind(path: Path) -> str:
    """Pictures."""
    return "pictures"


def read(path: Path, *, coarse: bool = False) -> Dataset:
    """Pictures and their classes; `coarse` takes the 20 classes of CIFAR-100 in place of its 100."""
    size = path.stat().st_size
    ten = TEN.match(ending(path)) is not None or (size % (PIXELS + 2) > 0 and size % (PIXELS + 1) == 0)
    width = PIXELS + (1 if ten else 2)
    if not size or size % width:
        raise DataError(
            f"{str(path)!r} is cut off, or no batch of CIFAR: it has {size:,} bytes, not a multiple of the {width:,} of a "
            "picture and its class"
        )
    if ten and coarse:
        raise DataError(
            f"{str(path)!r} has no coarse classes: its records have {width:,} bytes, as of CIFAR-10; leave out coarse"
        )
    with open(path, "rb") as file:
        records = filled(file, (size // width, width), np.uint8)
    X = records[:, -PIXELS:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    column, classes, names = (0, 10, "batches.meta.txt") if ten else (0, 20, COARSE) if coarse else (1, 100, FINE)
    y = records[:, column].astype(np.int64)
    if y.max() >= classes:
        row = int(np.argmax(y >= classes))
        raise DataError(f"{str(path)!r}: record {row:,} has the class {y[row]}, but there are {classes}, from 0")
    Y, said = _named(path.with_name(names), y, classes)
    which = f"CIFAR-{10 if ten else 100}"
    return Dataset(X, Y, decided=(f"{len(X):,} records of {width:,} bytes, as of {which}: pictures (32, 32, 3)", said))


def _named(path: Path, y: np.ndarray, classes: int) -> tuple[Any, str]:
    """The class of each picture by its name."""
    what = f"Y is the {'coarse' if classes == 20 else 'fine' if classes == 100 else ''} class".replace("  ", " ")
    if not path.is_file():
        return y, f"{what}, a number: {path.name!r} does not lie beside it"
    names = [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    if len(names) != classes or len(set(names)) != classes:
        raise DataError(
            f"{str(path)!r} has {len(names)} names, {len(set(names))} of them different, but there are {classes} classes"
        )
    return np.array(names)[y], f"{what} by its name in {path.name!r}"
