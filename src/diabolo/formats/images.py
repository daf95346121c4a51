"""Pictures of one size as rows of numbers: folders, zips, arrays, PIL images, lists of these.

    x = (all of channel 1 row by row, channel 2, ...) / 255          back: an array (n, H, W) or (n, H, W, 3) of bytes
    x = (... - low) / unit                                            of floats in another unit than 0 to 1: their range

The size is learned in fit: that of the pictures where all have the same and it is small; else their usual proportions with
a longer side of 64 pixels. Others are cut to these proportions around their middle, and resampled. Of a JPEG four times as
large, the decoder gives a half, a quarter or an eighth of the size first: pixels differ by a quarter of a level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np

from ..errors import DataError, Once, warn
from ..images.ahead import ahead
from ..images.album import ImageCollection, is_one, naming_broken
from ..images.bursts import tell_bursts
from ..images.picture import DARK, Picture, luma
from ..images.resize import resized
from ..printed import few
from ..rows import Rows, evenly
from .arrays import Arrays
from .base import Format, room, spilled
from .far import ENOUGH_TO_TELL, LOOKED_AT
from .readers import opened, reads
from .scale import together

__all__ = ["Images"]

LARGEST = 128  # pixels of the longer side, up to which pictures are taken as they are
MAX_STRETCH = 2.0  # of a picture against those of fit, without a warning: then half of it is left
BELOW, PART = -0.1, 0.05  # a value below black, and of how many pixels: noise takes fewer so far, pictures from -1 to 1 more
MIDDLE = 0.25  # of the range of fit: where it has 0 beyond, 0 is no black
FAINT = 0.1  # how far colors are from gray that are seen as such
SEEN_IN_FIT = ("colored", "transparent")
MOSTLY = 0.95  # of the pictures of fit have colors, where none without is expected
BEYOND = 4  # times the range of fit, which other pictures in the same unit do not reach
LONGER = 64  # pixels of the longer side of all others
PIECE = 64  # pictures that are decoded, and seen by a network, at once


class Images(Arrays):
    """Pictures of one size.

    Parameters
    ----------
    size : (int, int) or "auto", default="auto"
        Height and width, in pixels.
    most : int, default=128
        Up to this longer side, pictures that all have one size are taken as they are.
    longer : int, default=64
        Pixels of the longer side of all others, where they are not smaller anyway.

    Examples
    --------
    >>> format = Images().fit(np.zeros((5, 8, 6, 3), np.uint8))
    >>> format.shape, format.width
    ((3, 8, 6), 144)
    >>> format.from_array(format.to_tensor(np.full((1, 8, 6, 3), 51, np.uint8)))[0, 0, 0]
    array([51, 51, 51], dtype=uint8)
    """

    kind = "images"
    architecture = "convolutional"
    exact = False
    free = True
    judged = 1000  # each costs more than a row of a table
    piece = 64
    shape: tuple[int, int, int]
    colored: bool
    transparent: bool

    def by_column(self) -> Self:
        return self  # all pixels share one

    def from_zero(self) -> Self:
        return self

    def sized(self, most: int, longer: int | None = None) -> Images:
        return Images(most=most, longer=LONGER if longer is None else longer)

    def __init__(self, size: Any = "auto", most: int = LARGEST, longer: int = LONGER) -> None:
        super().__init__("common")
        if size != "auto" and not (len(size) == 2 and all(isinstance(n, int) and n >= 1 for n in size)):
            raise ValueError(f"size={size!r}: allowed are 'auto' and a height and width in pixels, such as (64, 48)")
        self.size, self.most, self.longer = size, most, longer

    @classmethod
    def accepts(cls, X: Any) -> bool:
        """Refuse what cannot be a picture: numbers far beyond [0, 1], such as series (n, time, channels)."""
        if isinstance(X, np.ndarray) and X.ndim >= 3 and X.dtype.kind == "f" and X.size:
            return bool(np.nanmin(X) > -1 and np.nanmax(X) < 2) and ImageCollection.accepts(X)
        if isinstance(X, (list, tuple)) and any(
            isinstance(x, np.ndarray) and x.ndim == 2 and not cls.accepts(x[None]) for x in X
        ):
            return False  # rows of numbers
        return reads(X, "pictures") or ImageCollection.accepts(X)

    def fit(self, X: Any) -> Images:
        if isinstance(X, np.ndarray) and X.ndim == 3 and is_one(X):
            raise DataError(
                f"X of shape {X.shape} is one picture: give several, (n, H, W) or (n, H, W, C), or a list of them; "
                "or X.reshape(len(X), -1), if each X[i] is a row of numbers"
            )
        album = ImageCollection(opened(X))
        if not len(album):
            raise DataError("Found array with 0 sample(s): X is empty")
        looked = album.take(evenly(len(album), LOOKED_AT).tolist())
        with naming_broken(album), Once().giving():
            sizes = looked.sizes()
            self.shape = (
                max(c for _, _, c in sizes),
                *(common(sizes, self.most, self.longer) if self.size == "auto" else self.size),
            )
            pictures, transparent = [], []
            for picture in looked.at_least(*self.shape[1:]):
                pictures.append(self._cut(picture))
                transparent += [picture.name] if picture.alpha is not None and picture.alpha.min() < 1 else []
        self._tell_cut(sizes, looked.names)
        units = [picture.unit for picture in pictures if picture.pixels.any()]
        centered = sum(map(below_black, pictures)) > len(pictures) / 2  # as from -1 to 1
        self.own = centered or any(picture.foreign for picture in pictures) or max(units, default=1.0) < 1  # far from 0 to 1
        self.whole = pictures[0].dtype == np.uint8
        sample = np.stack([self._row(picture) for picture in pictures])
        self._settle(sample)
        tell_transparent(transparent)
        self.transparent, self.colored = bool(transparent), float(colored(sample.reshape(-1, *self.shape)).mean()) > MOSTLY
        if not self.grouped:
            tell_bursts(sample.reshape(-1, *self.shape))
        if all(picture.dtype == np.uint16 for picture in pictures) and 0 < sample.max() < DARK:
            warn(
                f"the pictures have 16 bits, but reach only {sample.max() * 65535:,.0f} of 65,535, so that all are nearly "
                "black: bring them to the whole range first, such as array * 16 of 12 bits"
            )
        if self.whole and 0 < sample.max() < DARK * 255:
            warn(
                f"the pictures reach only {sample.max()} of 255, so that all are nearly black, as numbers of classes in "
                "masks are: bring them to the whole range first, such as array * (255 // array.max())"
            )
        return self

    def _settle(self, sample: np.ndarray) -> None:
        """All pixels have one unit, and zero is black; nothing is missing."""
        self.dtype, self.sparse, self.common, self.smallest = sample.dtype.str, "", True, 0.0
        self.width = sample.shape[1]
        self.columns = [f"x{j}" for j in range(self.width)]
        self.gaps, self.binary = np.zeros((2, self.width), dtype=bool)
        self.above = sample.min(0) >= 0
        self._limit(*np.full((2, self.width), np.inf))
        self.origin, self.share = np.zeros(self.width, dtype=np.int64), np.full(self.width, 0.5)
        low, unit = (0.0, 255.0 if self.whole else 1.0) if not self.own else range_of(sample)
        scale = together(sample.T, np.full(self.width, low), unit)
        self.mean, self.divisor, self.knee, self.shift, self.stretch, self.middle, self.spread = scale

    def _tell_cut(self, sizes: Sequence[tuple[int, int, int]], names: Sequence[str]) -> None:
        """Warn of pictures of which more is cut away than is left (fitted)."""
        _, h, w = self.shape
        cut = [
            (name, H, W)
            for (H, W, _), name in zip(sizes, names, strict=True)
            if not 1 / MAX_STRETCH <= H * w / (W * h) <= MAX_STRETCH
        ]
        if cut:
            name, H, W = cut[0]
            warn(
                f"{len(cut):,} of {len(sizes):,} pictures looked at lose more than half to the crop around their middle, to "
                f"the proportions of {h} x {w} pixels: {name!r} with {H} x {W} is the first; crop or pad them as they should "
                "be seen"
            )

    def tell_far(self, x: Any) -> None:
        """Warn of pictures x (n, d) that are nearly black beside those of fit: of bits that another type leaves empty."""
        if len(x) < ENOUGH_TO_TELL:
            return
        if self.own:
            return self._tell_unit(np.asarray(x[:LOOKED_AT]))
        if self.colored and not colored(np.asarray(x[:LOOKED_AT]).reshape(-1, *self.shape)).any():
            warn("the pictures are all gray, where those of fit had colors: what these told is not known")
        brightest, usual = float(x[:LOOKED_AT].max()), float(self.middle.max())
        if 0 < brightest < min(DARK, usual / 2):
            warn(
                f"the pictures are nearly black beside those of fit: they reach {few(brightest)}, where pixels were "
                f"{few(usual)} in the mean (1 is white): if they have fewer bits than their type, bring them to the whole "
                "range first, such as array * 16 of 12 bits"
            )

    def _tell_unit(self, x: np.ndarray) -> None:
        """Warn of floats x (n, d) that fill too little, or many times, of the range of those of fit."""
        low, high = (float(np.median(values)) for values in (x.min(1), x.max(1)))
        least, black = float(x.min()), -float(self.mean[0] / self.divisor[0])  # where 0 is
        if least >= black > MIDDLE:
            warn(
                f"the pictures have nothing below 0, where those of fit were {self._described()}: if those were from -1 to 1, "
                "give these so, too, such as array * 2 - 1 of 0 to 1"
            )
        if high < min(DARK, float(self.middle.max()) / 2) or max(-low, high) > BEYOND:
            warn(
                f"the pictures have floats from about {few(self.mean[0] + self.divisor[0] * low)} to "
                f"{few(self.mean[0] + self.divisor[0] * high)}, where those of fit were {self._described()}: is their unit "
                "another one? The model knows nothing of such values"
            )

    def _tell_below(self, picture: Picture) -> None:
        """Warn of a picture of floats from -1 to 1, where 0 was black in fit."""
        if not self.own and below_black(picture):
            low, high = picture.pixels.min(), picture.pixels.max()
            warn(
                f"{picture.name!r} has floats from {low:.2g} to {high:.2g}, where the pictures of fit were {self._described()} "
                "and 0 was black: bring them back to 0 to 1, such as (array + 1) / 2 of -1 to 1"
            )

    def row(self, picture: Picture) -> np.ndarray:
        """(d,): bytes if the first picture was of bytes, else float32, in the unit that was given."""
        self._tell_below(picture)
        if picture.alpha is not None and picture.alpha.min() < 1 and not self.transparent:
            warn(
                f"{picture.name!r} is partly transparent, and the pictures of fit were not: transparency is ignored, only "
                "colors are seen; where it shows the shape, put it on a background first"
            )
        return self._row(self._cut(picture))

    def _cut(self, picture: Picture) -> Picture:
        """The picture, with the size and the channels of all."""
        (c, h, w), x = self.shape, picture.visible
        if c < x.shape[2] and np.ptp(x, 2).max() > FAINT:
            warn(f"{picture.name!r} has colors, and the pictures of fit had none: only brightness is seen")
        x = x if c == x.shape[2] else luma(x) if c == 1 else x.repeat(3, 2)
        return replace(picture, pixels=fitted(x, h, w, 1 / picture.unit if picture.bounded else np.inf), alpha=None)

    def _row(self, picture: Picture) -> np.ndarray:
        if picture.foreign > self.own or (picture.dtype.kind != "f" and self.own):
            what = "floats in a unit of their own" if picture.foreign else f"{picture.dtype.name}, white is the largest"
            raise DataError(
                f"{picture.name!r} has {what}, but the pictures of fit were {self._described()}: convert it, so that the same "
                "numbers mean the same"
            )
        x = picture.low + picture.unit * picture.pixels.transpose(2, 0, 1).ravel()
        return (x.clip(0, 1) * 255).round().astype(np.uint8) if self.whole else x.astype(np.float32)

    def _described(self) -> str:
        if self.own:
            return (
                f"floats from about {self.mean[0]:g} to {self.mean[0] + self.divisor[0]:g}"
                if hasattr(self, "mean")
                else "others"
            )
        return "bytes" if self.whole else "from 0 to 1"

    def _album(self, X: Any) -> ImageCollection:
        """Whether an array that could be one picture or several is several of the fitted size."""
        X = opened(X, self.options)
        if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == self.width > self.shape[2]:
            c, h, w = self.shape
            shape = f"(-1, {h}, {w})" if c == 1 else f"(-1, {h}, {w}, {c})"
            raise DataError(f"X of shape {X.shape} is one wide picture, or pictures as rows of pixels: give X.reshape{shape}")
        if isinstance(X, np.ndarray) and X.ndim == 2:
            self._one(X)
        many = isinstance(X, np.ndarray) and X.ndim == 3 and (1, *X.shape[1:]) == self.shape
        return ImageCollection(list(X) if many else X)

    def _one(self, X: np.ndarray) -> None:
        """A warning, if this one picture is much wider or narrower than those of fit: it may have been meant as many."""
        _, h, w = self.shape
        if not 1 / MAX_STRETCH <= (X.shape[0] * w) / (max(X.shape[1], 1) * h) <= MAX_STRETCH:
            warn(
                f"X of shape {X.shape} is read as one picture and brought to {h} x {w} pixels; "
                f"give several pictures as (n, {h}, {w})"
            )

    def chunks(self, X: Any) -> Iterator[Any]:
        album = self._album(X)
        if not (isinstance(X, np.ndarray) and X.ndim == 2):  # of one picture, _album tells
            with naming_broken(album):
                self._tell_cut((first := album[:PIECE]).sizes(), first.names)
        return self._pieces(album)

    def _pieces(self, album: ImageCollection) -> Iterator[Any]:
        album = album.at_least(*self.shape[1:])
        pieces = (album[start : start + PIECE] for start in range(0, len(album), PIECE))
        with naming_broken(album):
            yield from (ahead if album.in_files else map)(partial(self._piece, Once()), pieces)

    def _piece(self, once: Once, album: ImageCollection) -> np.ndarray:
        with once.giving():  # what many files have in common, as another color space
            return np.stack([self.row(picture) for picture in album])

    def rows(self, X: Any) -> Rows:
        n = len(album := self._album(X))
        dtype = np.uint8 if self.whole else np.float32
        table = (
            np.empty((n, self.width), dtype)
            if n * self.width * np.dtype(dtype).itemsize <= room()
            else spilled(n, self.width, dtype)
        )
        for i, piece in enumerate(self._pieces(album)):
            table[i * PIECE : i * PIECE + len(piece)] = piece
        return Rows(table, self.to_array)

    def to_array(self, X: Any) -> np.ndarray:
        if not (isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == self.width):
            X = np.concatenate(list(self.chunks(X)))
        if self.whole and X.dtype == np.uint8:  # by way of float64, a batch takes a fifth of the time of a step
            return np.asarray(X / np.float32(255))
        return super().to_array(X)

    def from_array(self, x: Any) -> Any:
        """(n, H, W), or (n, H, W, 3) if there are colors."""
        flat = super().from_array(self._within(x))
        pictures = flat.reshape(-1, *self.shape).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(pictures[..., 0] if self.shape[0] == 1 else pictures)

    def original(self, x: Any) -> list[list[Any]]:
        return super().original(self._within(x))

    def _within(self, x: Any) -> Any:
        """Bytes end at black and white."""
        return np.clip(np.asarray(x), 0, 1) if self.whole else x

    def cells(self, X: Any, rows: np.ndarray) -> list[list[Any]]:
        return Format.cells(self, X, rows)

    def filled(self, X: Any, x: Any, e: Any) -> Any:
        return Format.filled(self, X, x, e)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super().state()
        seen = {name: True for name in SEEN_IN_FIT if getattr(self, name)}
        return meta | {"shape": list(self.shape), "whole": self.whole, "own": self.own} | seen, arrays

    def described(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        own = f"pictures of {self._described()}" if self.own else None
        return {"shape": list(self.shape), "whole": self.whole, "own": own, "transparent": self.transparent}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Self:
        shape = tuple(meta["shape"])
        if len(shape) != 3 or not all(type(n) is int and 0 < n < 1 << 24 for n in shape):
            raise DataError("the parts of a picture format do not fit together")
        self = cls(shape[1:])
        self._fill(meta, arrays)
        self.shape, self.whole = (int(shape[0]), int(shape[1]), int(shape[2])), bool(meta["whole"])
        self.own, self.colored, self.transparent = (bool(meta.get(name, False)) for name in ("own", *SEEN_IN_FIT))
        if np.prod(shape) != self.width:
            raise DataError("the parts of a picture format do not fit together")
        return self


def common(sizes: Sequence[tuple[int, int, int]], most: int = LARGEST, longer: int = LONGER) -> tuple[int, int]:
    """Height and width for pictures of these sizes."""
    shapes = {(h, w) for h, w, _ in sizes}
    first = sizes[0][:2]
    if len(shapes) == 1 and max(first) <= most:
        return first
    ratio = float(np.median([h / w for h, w, _ in sizes]))
    longer = min(longer, most, max(1, int(np.median([max(h, w) for h, w, _ in sizes]))))
    return (longer, max(1, round(longer / ratio))) if ratio > 1 else (max(1, round(longer * ratio)), longer)


def range_of(sample: np.ndarray) -> tuple[float, float]:
    """Low and unit of floats: their range without a few extreme values."""
    low, high = np.quantile(sample.ravel()[:: max(1, sample.size >> 20)].astype(np.float64), (0.001, 0.999)).tolist()
    return low, (high - low) or 1.0


def colored(pictures: Any) -> np.ndarray:
    """(n,) which of the pictures (n, C, h, w), of bytes or floats, have colors."""
    x = np.asarray(pictures)
    if x.shape[1] == 1:
        return np.zeros(len(x), dtype=bool)
    white = 255 if x.dtype == np.uint8 else 1
    return np.asarray((x.max(1).astype(np.float32) - x.min(1)).max((1, 2)) > FAINT * white)


def below_black(picture: Picture) -> bool:
    """Whether more of its floats than noise would bring there are below 0."""
    return not (picture.bounded or picture.foreign) and bool(np.quantile(picture.pixels, PART) < BELOW)


def tell_transparent(names: list[str]) -> None:
    """Warn of transparency, which is left out, if it shows something."""
    if names:
        warn(
            f"{len(names):,} of the pictures looked at are partly transparent, {names[0]!r} the first: transparency is "
            "ignored, only colors are learned; where it shows the shape, put them on a background first"
        )


def fitted(x: np.ndarray, h: int, w: int, white: float = 1.0) -> np.ndarray:
    """Pixels (H, W, C) cut to the proportions of (h, w) around their middle, and resampled; `white`: inf where unbounded."""
    if x.shape[:2] == (h, w):
        return x
    s = min(x.shape[0] / h, x.shape[1] / w)
    rows, columns = max(1, round(h * s)), max(1, round(w * s))
    top, left = (x.shape[0] - rows) // 2, (x.shape[1] - columns) // 2
    small = resized(np.ascontiguousarray(x[top : top + rows, left : left + columns]), (h, w)).transpose(1, 2, 0)
    return small.clip(0, white) if np.isfinite(white) else small
