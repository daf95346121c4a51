"""Version 5 of MATLAB's files, to 7.2: elements, one after the other, each of them with its type and size.

    file      116 bytes of text, 12 of version and order; then elements
    element   type (4 bytes), size (4), data, filled up to 8; or, up to 4 bytes: type (2), size (2), data (4)
    15        a packed element (zlib)
    14        a matrix: flags (class), dims, name, and by its class
                  numbers   the real, and the imaginary part, column after column, in the smallest type that holds them
                  sparse    rows, starts of columns, real, imaginary part
                  text      characters, column after column
                  cells     a matrix for each

`scipy.io.loadmat` reads what is right as this does, but ends the process at some damaged files (seen with 1.17.1, whenever
it looks up a type that there is not); and it keeps the type of the file, or drops imaginary parts with `mat_dtype`.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ....deferred import sp
from ....errors import DataError
from ..streams import RATIO, filled

__all__ = ["Variable", "variables"]

PACKED, MATRIX = 15, 14
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
TEXTS = {1: "utf-8", 2: "utf-8", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
CLASSES = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 6: "double", 7: "single"} | {
    16: "function",
    17: "opaque",
}
CLASSES |= {8 + i: f"{'u' * (i % 2)}int{8 << i // 2}" for i in range(8)}
NUMBERS = {"double": "float64", "single": "float32"} | {c: c for c in CLASSES.values() if "int" in c}
LONGEST = 1 << 12  # bytes of the sizes, or of the name, of a variable


class Variable(NamedTuple):
    """A matrix, as its header has it."""

    name: str
    of: str
    logical: bool
    complex: bool
    shape: tuple[int, ...]
    read: Any


class Inflating(io.RawIOBase):
    """The bytes of a packed element."""

    def __init__(self, file: Any, length: int) -> None:
        self.file, self.left, self.packed = file, length, zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.packed.eof:
            source = self.packed.unconsumed_tail or self.file.read(min(self.left, 1 << 16))
            self.left -= 0 if self.packed.unconsumed_tail else len(source)
            found = self.packed.decompress(source, len(buffer))
            buffer[: len(found)] = found
            if found or not source:
                return len(found)
        return 0


def variables(path: Path) -> Iterator[Variable]:
    """All that a file holds, its numbers not yet read."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        order = "<" if file.read(128)[126:] == b"IM" else ">"
        at = 128
        while at < size:
            file.seek(at)
            tag = file.read(8)
            code, length = struct.unpack(f"{order}II", tag) if len(tag) == 8 else (MATRIX, size)
            if code not in (PACKED, MATRIX):
                raise DataError(f"byte {at:,}: an element of type {code}, but a variable is of {MATRIX} or {PACKED}")
            if at + 8 + length > size:
                raise DataError(
                    f"it is cut off: the element at byte {at:,} has {length:,} bytes of {size - at - 8:,} that follow"
                )
            found = _Parser(_opened(file, at, order), order, length * (RATIO if code == PACKED else 1)).header()
            yield found._replace(read=partial(_value, path, at, order))
            at += 8 + length


def _value(path: Path, at: int, order: str) -> Any:
    with open(path, "rb") as file:
        parser = _Parser(_opened(file, at, order), order, RATIO * path.stat().st_size)
        X = parser.value(parser.header())
        if parser.stream is not file:
            parser.stream.read(8)  # to the end, where a packed element has a sum of its bytes
        return X


def _opened(file: Any, at: int, order: str) -> Any:
    """The matrix that an element holds, behind its tag."""
    file.seek(at)
    code, length = struct.unpack(f"{order}II", file.read(8))
    if code == MATRIX:
        return file
    stream = io.BufferedReader(Inflating(file, length), 1 << 16)
    inner = stream.read(8)
    if len(inner) < 8 or struct.unpack(f"{order}II", inner)[0] != MATRIX:
        raise DataError(f"byte {at:,}: a packed element that holds no matrix")
    return stream


class _Parser:
    """Reads one element after the other; none of them may say more bytes than there can be."""

    def __init__(self, stream: Any, order: str, most: int) -> None:
        self.stream, self.order, self.most = stream, order, most

    def header(self) -> Variable:
        flags = self.array("u4", LONGEST)
        of = CLASSES.get(int(flags[0]) & 255 if len(flags) == 2 else 0)
        if of is None:
            raise DataError("it has a variable of an unknown class")
        shape = () if of == "opaque" else tuple(self.array("i4", LONGEST).tolist())
        name = self.array("i1", LONGEST).tobytes().decode("latin-1")
        if min(shape, default=0) < 0 or (of != "opaque" and len(shape) < 2):
            raise DataError(f"the variable {name!r} has the shape {shape}")
        return Variable(name, of, bool(flags[0] & 512), bool(flags[0] & 2048), shape, None)

    def value(self, v: Variable) -> Any:
        """The array, or texts; None of what is neither."""
        if v.of == "char":
            return self.texts(v.shape)
        if v.of == "cell":
            return self.cells(prod(v.shape))
        dtype = "bool" if v.logical else NUMBERS.get(v.of)
        if v.of == "sparse":
            rows, starts = self.array("", self.most).astype(np.int64), self.array("", self.most).astype(np.int64)
            data, stored = self.array("", self.most), int(starts[-1]) if len(starts) else 0
            if v.complex:
                raise DataError("its numbers are complex: give their real and imaginary parts side by side")
            keep = data.dtype.kind in "iu" and data.itemsize == 8  # of SciPy: MATLAB has doubles, stored in less
            data = data[:stored].astype(dtype or (data.dtype if keep else np.float64))  # it leaves room for more
            return sp.csc_matrix((data, rows[:stored], starts), shape=v.shape)
        X = self.array("", self.most, v.shape[::-1]).T
        return X.astype(complex) if v.complex else X.astype(bool) if v.logical else X

    def array(self, dtype: str, most: int, shape: tuple[int, ...] | None = None) -> np.ndarray:
        """The next element, of this type if it is given, and of this shape."""
        code, length, small = self.tag()
        found = TYPES.get(code, "")
        if not found or (dtype and found[1:] != dtype[1:]):
            raise DataError(f"an element of type {code} where numbers are expected")
        shape = (length // int(found[1:]),) if shape is None else shape
        if length > most or prod(shape) * int(found[1:]) != length:
            raise DataError(f"an element of {length:,} bytes where the shape {shape} is expected")
        X = filled(self.stream if small is None else io.BytesIO(small), shape, np.dtype(self.order + found), last=False)
        if small is None:
            self.stream.read(-length % 8)
        return X

    def tag(self) -> tuple[int, int, bytes | None]:
        """Type, size, and the data themselves, if they are small."""
        tag = self.stream.read(8)
        if len(tag) < 8:
            raise DataError("it is cut off")
        code, length = struct.unpack(f"{self.order}II", tag)
        if not code >> 16:
            return code, length, None
        if code >> 16 > 4:
            raise DataError(f"a small element of {code >> 16:,} bytes, but there is room for 4")
        return code & 0xFFFF, code >> 16, tag[4 : 4 + (code >> 16)]

    def texts(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """Rows of characters, without the blanks that fill them up."""
        code, length, small = self.tag()
        if code not in TEXTS or length > self.most:
            raise DataError(f"an element of type {code} where characters are expected")
        data = small if small is not None else filled(self.stream, (length,), np.dtype("u1"), last=False).tobytes()
        if small is None:
            self.stream.read(-length % 8)
        text = data.decode(
            TEXTS[code] + ("" if TEXTS[code] == "utf-8" else f"-{'l' if self.order == '<' else 'b'}e"), "replace"
        )
        if len(shape) != 2 or len(text) != prod(shape):
            return None if text else np.array([""])
        return np.array([text[i :: shape[0]].rstrip(" ") for i in range(shape[0])])

    def cells(self, n: int) -> np.ndarray | None:
        """A text of each cell."""
        found = []
        for _ in range(n):
            code, length, _ = self.tag()
            if code != MATRIX:
                raise DataError(f"an element of type {code} where a cell is expected")
            inner = self.header() if length else None
            texts = np.array([""]) if inner is None else self.texts(inner.shape) if inner.of == "char" else None
            if texts is None or len(texts) > 1:
                return None
            found.append(str(texts[0]) if len(texts) else "")
        return np.array(found)
