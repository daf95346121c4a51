"""TIFF files that Pillow reads wrongly or not at all: samples in planes, white as zero, floats, integers of other widths.

    sample (plane, y, x) = block, decompressed; each block is a strip or a tile; blocks: of each plane row by row

Everything else is left to Pillow: bytes, and unsigned 16 bits or 32-bit floats of one channel whose zero is black.

References
----------
TIFF 6.0 (Adobe, 1992); TIFF Technical Note 3 (the predictor of floats); BigTIFF
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np

__all__ = ["Page", "odd", "pages"]

HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WIDTH, HEIGHT, BITS, COMPRESSION, MEANING, ORIENTATION, CHANNELS, PLANAR, PREDICTOR = (
    256,
    257,
    258,
    259,
    262,
    274,
    277,
    284,
    317,
)
TITLE, EXTRA, KIND, SUBFILE = 270, 338, 339, 254
STRIPS, TILES = (273, 278, 279), (324, 323, 325)  # offsets, rows, numbers of bytes
TILE_WIDTH = 322
NAMES = {5: "LZW", 6: "JPEG", 7: "JPEG", 32773: "PackBits", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP"}
MEANINGS = {0: "gray, white is zero", 1: "gray", 2: "RGB", 3: "a palette", 5: "CMYK", 6: "YCbCr", 8: "CIE Lab"}
MOST, MOST_VALUES = 1 << 14, 1 << 24  # pixels of the side of a tile; numbers, of one tag
FORMS = {1: "B", 2: "s", 3: "H", 4: "I", 7: "x", 16: "Q"}  # of the numbers of a tag


@dataclass
class Page:
    """What the tags say about one picture in a file."""

    tags: Any
    order: Literal["<", ">"]

    def first(self, tag: int, default: int) -> int:
        value = self.tags.get(tag, default)
        return int(value[0] if isinstance(value, tuple) else value)

    @property
    def height(self) -> int:
        return self.first(HEIGHT, 0)

    @property
    def width(self) -> int:
        return self.first(WIDTH, 0)

    @property
    def channels(self) -> int:
        return self.first(CHANNELS, 1)

    @property
    def size(self) -> tuple[int, int, int]:
        """(H, W, 1 or 3), upright."""
        h, w = (self.width, self.height) if self.first(ORIENTATION, 1) > 4 else (self.height, self.width)
        return h, w, 3 if self.channels > 2 else 1

    @property
    def odd(self) -> bool:
        """Whether Pillow reads it wrongly, or not at all."""
        kind, bits, meaning = self.first(KIND, 1), self.first(BITS, 1), self.first(MEANING, 1)
        planar, packed = self.first(PLANAR, 1) == 2, self.first(COMPRESSION, 1) != 1
        if meaning not in (0, 1, 2) or bits < 8:
            return False
        if bits == 8:
            return kind == 2 or (planar and self.channels == 2) or (meaning != 2 and self.channels > 2)
        if self.channels == 1 and meaning == 1 and not planar:
            swapped = packed and self.order == ">"  # floats that Pillow takes for little-endian
            return (kind, bits) not in ((1, 16), (2, 16), (2, 32)) and ((kind, bits) != (3, 32) or swapped)
        return (kind, bits, meaning) != (1, 16, 2) or (planar and not packed)

    def samples(self, stream: IO[bytes]) -> np.ndarray:
        """(H, W, C): uint8, uint16 or floats; black is zero."""
        self._check()
        x = self._blocks(stream)
        x = _unsigned(x) if x.dtype.kind in "iu" else x
        if self.first(MEANING, 1) == 0:
            x = _inverted(x)
        return _straight(x) if self.channels in (2, 4) and self.first(EXTRA, 0) == 1 else x

    def _check(self) -> None:
        kind, bits, compression = self.first(KIND, 1), self.first(BITS, 1), self.first(COMPRESSION, 1)
        meaning = self.first(MEANING, 1)
        if kind not in (1, 2, 3) or bits not in (8, 16, 32, 64) or (kind, bits) == (3, 8):
            raise NotImplementedError(f"its samples are of a kind (SampleFormat {kind}, {bits} bits) that is not read")
        if compression not in (1, 8, 32946):
            how = NAMES.get(compression, f"method {compression}")
            what = {1: "unsigned integers", 2: "signed integers", 3: "floats"}[kind]
            raise NotImplementedError(
                f"its samples are {what} of {bits} bits ({MEANINGS[meaning]}) packed with {how}, which is not read: save it "
                "without compression, or give its array"
            )
        if self.channels > (4 if meaning == 2 else 2):
            raise NotImplementedError(
                f"it has {self.channels} channels, but a picture has 1 to 4: save each wanted channel as a picture"
            )

    def _blocks(self, stream: IO[bytes]) -> np.ndarray:
        h, w, tiled = self.height, self.width, TILES[0] in self.tags
        planes, depth = (self.channels, 1) if self.first(PLANAR, 1) == 2 else (1, self.channels)
        offsets, rows, counts = TILES if tiled else STRIPS
        tall, wide = min(self.first(rows, h), MOST if tiled else h), self.first(TILE_WIDTH, w) if tiled else w
        if not (tall > 0 and 0 < wide <= max(w, MOST) and h and w):
            raise ValueError("its blocks have no size")
        dtype = np.dtype(f"{'uif'[self.first(KIND, 1) - 1]}{self.first(BITS, 1) // 8}")
        out = np.empty((h, w, planes * depth), dtype)
        places = [(p, y, x) for p in range(planes) for y in range(0, h, tall) for x in range(0, w, wide)]
        for (p, y, x), offset, size in zip(places, self.tags[offsets], self.tags[counts], strict=True):
            shape = (tall if tiled else min(tall, h - y), wide, depth)
            stream.seek(offset)
            block = self._block(stream.read(size), shape, dtype)[: h - y, : w - x]
            out[y : y + tall, x : x + wide, p : p + depth] = block
        return out

    def _block(self, data: bytes, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> np.ndarray:
        length = int(np.prod(shape)) * dtype.itemsize
        if self.first(COMPRESSION, 1) != 1:
            data = zlib.decompressobj().decompress(data, length)
        predictor = self.first(PREDICTOR, 1)
        if predictor == 3:  # bytes of the same weight side by side, each the difference from the one before
            parts = np.frombuffer(data, np.uint8, length).reshape(shape[0], -1, shape[2]).cumsum(1, dtype=np.uint8)
            order = parts.reshape(shape[0], dtype.itemsize, -1).transpose(0, 2, 1)
            return np.ascontiguousarray(order).view(dtype.newbyteorder(">")).reshape(shape).astype(dtype)
        values = np.frombuffer(data, dtype.newbyteorder(self.order), length // dtype.itemsize).reshape(shape).astype(dtype)
        return values.cumsum(1, dtype=dtype) if predictor == 2 else values

    def upright(self, x: np.ndarray) -> np.ndarray:
        """Turned as the file says."""
        turn = self.first(ORIENTATION, 1)
        x = x.swapaxes(0, 1) if turn > 4 else x
        x = x[:, ::-1] if turn in (2, 3, 6, 7) else x
        return x[::-1] if turn in (3, 4, 7, 8) else x


def pages(stream: IO[bytes]) -> list[int]:
    """Which of the directories in a file are pictures, not previews or masks; of other files none."""
    return [i for i, page in enumerate(_directories(stream)) if not page.first(SUBFILE, 0) & 5]


def odd(stream: IO[bytes], page: int | None = None) -> Page | None:
    """The page, by default the only one, if Pillow does not read it rightly."""
    found = _directories(stream)
    told = re.search(r"^ImageJ=[^\0]*\nimages=(\d+)", str(found[0].tags.get(TITLE, ""))) if found else None
    if told and int(told[1]) > len(found):
        raise NotImplementedError(f"it holds {told[1]} pictures, but lists only {len(found)}: save each as a page")
    chosen = pages(stream) if page is None else [page]
    return found[chosen[0]] if len(chosen) == 1 and found[chosen[0]].odd else None


def _directories(stream: IO[bytes]) -> list[Page]:
    """All directories that a file lists; none if it is not a TIFF."""
    head = stream.read(16)
    stream.seek(0)
    if not head.startswith(HEADS):
        return []
    order: Literal["<", ">"] = "<" if head[:1] == b"I" else ">"
    big = b"+" in head[2:4]
    (at,) = struct.unpack_from(f"{order}Q" if big else f"{order}I", head, 8 if big else 4)
    found, places = [], set()
    while at and at not in places:
        places.add(at)
        tags, at = _directory(stream, at, order, big)
        found.append(Page(tags, order))
    stream.seek(0)
    return found


def _directory(stream: IO[bytes], at: int, order: str, big: bool) -> tuple[dict[int, Any], int]:
    """The tags, and where the next ones are."""
    many, entry, place = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
    stream.seek(at)
    (n,) = struct.unpack(order + many, stream.read(struct.calcsize(order + many)))
    size = struct.calcsize(order + entry)
    table = stream.read(n * size)
    (after,) = struct.unpack(order + place, stream.read(struct.calcsize(order + place)))
    tags = {}
    for tag, form, count, inside in struct.iter_unpack(order + entry, table):
        if form not in FORMS or count > MOST_VALUES:
            continue
        length = struct.calcsize(f"{order}{FORMS[form]}") * count
        if length > len(inside):
            stream.seek(*struct.unpack(order + place, inside))
            inside = stream.read(length)
        tags[tag] = _values(inside[:length], f"{order}{FORMS[form]}", count)
    return tags, int(after)


def _values(data: bytes, form: str, count: int) -> Any:
    if form.endswith("s"):
        return data.rstrip(b"\0").decode("latin-1")
    if form.endswith("x"):
        return data
    return tuple(value for (value,) in struct.iter_unpack(form, data))


def _unsigned(x: np.ndarray) -> np.ndarray:
    """Bytes or 16 bits without a sign."""
    low, high = int(x.min()), int(x.max())
    if low < 0 or high > 65535:
        what = "negative ones" if low < 0 else "more than 16 bits"
        raise NotImplementedError(f"it has integers from {low} to {high}: {what}; give an array of floats")
    return x.astype(np.uint8 if x.dtype.itemsize == 1 else np.uint16)


def _inverted(x: np.ndarray) -> np.ndarray:
    """Invert grays whose zero is white; transparency stays."""
    if x.dtype.kind == "f" and not (x[..., 0].min() >= 0 and x[..., 0].max() <= 1):
        raise NotImplementedError("its zero is white, and its floats go beyond 1, so what is black is not known: give an array")
    x = x.copy()
    x[..., 0] = (1 if x.dtype.kind == "f" else np.iinfo(x.dtype).max) - x[..., 0]
    return x


def _straight(x: np.ndarray) -> np.ndarray:
    """Undo the multiplication of colors by their opacity."""
    top = 1.0 if x.dtype.kind == "f" else float(np.iinfo(x.dtype).max)
    alpha = x[..., -1:].astype(np.float64) / top
    colors = np.divide(x[..., :-1], alpha, out=np.zeros(x[..., :-1].shape), where=alpha > 0)
    if x.dtype.kind != "f":
        colors = colors.round().clip(0, top)
    return np.concatenate([colors.astype(x.dtype), x[..., -1:]], 2)
