"""One picture of any kind as numbers between 0 and 1, and back into the same kind of object.

    pixels = integers / largest integer            (H, W, C), C = 1 (gray) or 3 (RGB); transparency is carried beside them
    pixels = (floats - low) / unit                 low = 0 and unit = 1 but for floats in another unit, such as 0 to 255

Floats outside of 0 to 1 come back unclipped: noise takes a picture there.

An array comes back as an array of the same type and shape, an image of Pillow as such, and a file with its EXIF data and
its color profile, turned upright.

References
----------
ITU-R BT.601, Studio encoding parameters of digital television (the weights of ``luma``)
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from ..errors import DataError, warn
from ..sentinels import odd
from ..storage import atomic
from . import pillow, tiff

__all__ = ["LUMA", "Picture", "luma", "read"]

LUMA = 0.299, 0.587, 0.114  # how much red, green and blue count for brightness
OVERSHOOT = 1e-3  # what rounding and sharpening add to floats
SEEN = 0.05  # of alpha: the color of what is more transparent is not seen
USUAL = 2**-8, 4.0  # the largest of floats whose unit is taken to be 1
FEW = 1000  # times as many pixels, beside which a few are no matter
DARK = 1 / 15  # of white, that 12 bits of 16 do not reach
FAR = 1e3  # spreads from zero, beyond which floats are counted from their middle


@dataclass
class Picture:
    """A picture as numbers, and what is needed to give the same kind of thing back.

    Attributes
    ----------
    pixels : float32 ndarray (H, W, C)
        Between 0 and 1, of floats perhaps beyond; C = 1 (gray) or 3 (RGB).
    alpha : float32 ndarray (H, W) or None
        How opaque each pixel is.
    dtype : dtype
        Of the numbers given: bool, uint8, uint16 or a float.
    name : str
        The path inside its folder or zip file, or for example "picture 3".
    kind : "array", "pil" or "file"
        What it was given as.
    kept : dict
        ``exif``, ``icc_profile``, ``dpi``, ``format`` of images and files; ``ndim`` of arrays.
    low, unit : float
        What was given is ``low + unit * pixels``, if it was floats.
    bounded : bool
        Whether all lay between 0 and 1: then what comes back does, too.

    Examples
    --------
    >>> picture = read(np.array([[0, 255], [51, 204]], np.uint8))
    >>> picture.pixels.shape, picture.like(1 - picture.pixels).tolist()
    ((2, 2, 1), [[255, 0], [204, 51]])
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    dtype: np.dtype[Any]
    name: str
    kind: str
    kept: dict[str, Any] = field(default_factory=dict)
    low: float = 0.0
    unit: float = 1.0
    bounded: bool = True

    @property
    def foreign(self) -> bool:
        """Whether its floats are in another unit than 0 to 1, far beyond it; small ones may be those of a dark picture."""
        return abs(self.low) + self.unit > USUAL[1]

    @property
    def visible(self) -> np.ndarray:
        """The pixels; transparent ones continue the visible colors beside them."""
        return self.pixels if self.alpha is None else continued(self.pixels, self.alpha)

    def like(self, pixels: np.ndarray, alpha: np.ndarray | None = None) -> Any:
        """The same kind of object as was given, with other pixels.

        Parameters
        ----------
        pixels : ndarray (H, W, C) or (H, W)
            Between 0 and 1, of any size.
        alpha : ndarray (H, W), default=None
            By default that of this picture, at the size of the pixels.

        Returns
        -------
        ndarray or PIL.Image.Image
            An array of the same type and layout; for images and files an upright image that carries their metadata.
        """
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        alpha = self.alpha if alpha is None else alpha
        pixels = self._in_unit(pixels)
        if alpha is not None:
            pixels = np.concatenate([pixels, _resized(alpha, *pixels.shape[:2])[..., None]], axis=2)
        deep = self.kind != "array" and pixels.shape[2] > 1 and self.dtype != np.uint8  # Pillow has no such image
        if deep and not self.bounded and (pixels.min() < 0 or pixels.max() > 1):
            raise DataError(f"{self.name!r}: Pillow has no image of colors outside of 0 to 1: give them as an array of floats")
        if deep and self.alpha is None and self.pixels.shape[2] == 1:  # of other channels, this was told when they were read
            pillow.tell_depth(self.name, "floats" if self.dtype.kind == "f" else "16 bits")
        array = _quantized(pixels, np.dtype(np.uint8) if deep else self.dtype)
        if self.kind != "array":
            return self._dressed(pillow.image_of(array, self.name))
        return array[..., 0] if array.shape[2] == 1 and self.kept.get("ndim") == 2 else array

    def _in_unit(self, pixels: np.ndarray) -> np.ndarray:
        if self.bounded:
            pixels = pixels.clip(0, 1 / self.unit)
        if self.low == 0 and self.unit == 1:
            return pixels
        return self.low + self.unit * pixels.astype(np.float64)

    def save(self, image: Any, path: str | os.PathLike[str]) -> None:
        """Write what `like` returned, with the metadata of this picture: complete, or not at all.

        Parameters
        ----------
        image : ndarray or PIL.Image.Image, or a list of these
            The picture; or the pages of a stack, this one the first.
        path : path
            Ends in .png, .jpg, .jpeg, .tif, .tiff, .webp or .bmp. JPEG is written at quality 95 without subsampling
            of colors, everything else without loss.

        Raises
        ------
        DataError
            If this type of file cannot hold the picture.
        """
        path = Path(path)
        kind = pillow.SAME.get(path.suffix.lower(), path.suffix.lower())
        if kind not in pillow.MODES:
            raise DataError(f"cannot write {str(path)!r}: its name ends in none of {', '.join(pillow.WRITABLE)}")
        given = image if isinstance(image, list) else [image]
        pages = [i if isinstance(i, Image.Image) else pillow.image_of(i, str(path)) for i in given]
        for page in pages:
            pillow.check_mode(page.mode, kind, path)
        if len(pages) > 1 and kind != ".tif":
            raise DataError(f"cannot write {str(path)!r}: such a file cannot hold {len(pages)} pages; choose .tif or .tiff")
        metadata = self._metadata(pages[0])
        if kind == ".tif" and "exif" in metadata:
            metadata["exif"] = pillow.without_layout(metadata["exif"])
        blob = pillow.encoded(pages, kind, path, metadata)
        with atomic(path) as file:
            file.write(blob)

    def _dressed(self, image: Image.Image) -> Image.Image:
        image.info.update(self._metadata(image))
        return image

    def _metadata(self, image: Image.Image) -> dict[str, Any]:
        """A profile of gray values says nothing about colors, and the other way round."""
        same = (image.mode in ("RGB", "RGBA")) == (self.pixels.shape[2] == 3)
        return {k: self.kept[k] for k in ("exif", "icc_profile", "dpi") if k in self.kept and (same or k != "icc_profile")}


def read(source: Any, name: str | None = None, page: int | None = None, least: tuple[int, int] | None = None) -> Picture:
    """One picture, from an array, an image of Pillow, a path or a file opened for reading.

    Parameters
    ----------
    source : ndarray, PIL.Image.Image, path or binary file
        Arrays are (H, W), or (H, W, C) with C = 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA); of type bool, uint8,
        uint16, or floats.
    name : str, default=None
        What messages call it.
    page : int, default=None
        Of a TIFF that has several; without it such a file is an error.
    least : (int, int), default=None
        Height and width that suffice: the file of a JPEG that is at least four times as large is decoded at a half, a quarter
        or an eighth of its size, which is faster, and at least twice as large as this.

    Returns
    -------
    Picture
        Upright: the EXIF orientation is applied.

    Raises
    ------
    DataError
        Naming the picture and what is wrong with it.

    Examples
    --------
    >>> read(Image.new("RGBA", (4, 3))).alpha.shape
    (3, 4)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "picture")
    if isinstance(source, Image.Image):
        return _from_image(source, name or os.path.basename(str(getattr(source, "filename", ""))) or "picture", "pil")
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as stream:
            return _from_stream(stream, name or os.path.basename(source), page, least)
    if hasattr(source, "read") and hasattr(source, "seek"):
        return _from_stream(source, name or "picture", page, least)
    raise DataError(f"{name or 'picture'!r} is {describe(source)}")


def luma(pixels: np.ndarray) -> np.ndarray:
    """How bright each pixel is (BT.601): (H, W, C) -> (H, W, 1).

    >>> luma(np.ones((1, 1, 3), np.float32)).round(6).tolist()
    [[[1.0]]]
    """
    if pixels.shape[2] == 1:
        return pixels
    return pixels @ np.array(LUMA, pixels.dtype)[:, None]


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def describe(source: Any) -> str:
    if type(source).__module__.split(".")[0] == "torch":
        return "a torch tensor: give an array (H, W, C), for example tensor.permute(1, 2, 0).cpu().numpy()"
    return f"of type {type(source).__name__}: give an array, an image of Pillow, or the path of a file"


def continued(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Fill invisible pixels (H, W, C) from the visible ones: mirrored at the nearest one, or a copy of it.

    >>> continued(np.array([[[0.0], [0.5], [1.0], [0.9]]]), np.array([[1.0, 1.0, 0.0, 0.0]]))[..., 0].tolist()
    [[0.0, 0.5, 0.0, 0.0]]
    """
    hidden = alpha < SEEN
    if not hidden.any() or hidden.all():
        return pixels
    from scipy.ndimage import distance_transform_edt

    y, x = distance_transform_edt(hidden, return_distances=False, return_indices=True)[:, hidden]
    far = [np.clip(2 * n - m, 0, size - 1) for n, m, size in zip((y, x), np.nonzero(hidden), hidden.shape, strict=True)]
    near = hidden[far[0], far[1]]
    out = pixels.copy()
    out[hidden] = pixels[np.where(near, y, far[0]), np.where(near, x, far[1])]
    return out


def _from_array(array: np.ndarray, name: str) -> Picture:
    check_shape(array, name)
    _check_dtype(array, name)
    values = array if array.ndim == 3 else array[..., None]
    colors = values.shape[2] - (values.shape[2] % 2 == 0)
    alpha = _unit(values[..., colors]) if colors < values.shape[2] else None
    kept = {"ndim": array.ndim}
    if array.dtype.kind != "f":
        return Picture(_unit(values[..., :colors]), alpha, array.dtype, name, "array", kept)
    if alpha is not None:
        _check_alpha(values[..., colors], name)
    pixels, low, unit, bounded = _scaled(values[..., :colors])
    for _, value, n in [] if bounded else odd(values[..., :colors].reshape(1, -1).astype(np.float64)):
        if FEW * n < pixels.size:  # as a dead pixel: it spoils nothing else
            continue
        warn(
            f"{name!r} holds {value:.6g} in {n:,} places, far from all other values, like a code for a missing value: "
            "pixels near "
            "them are spoiled; fill them first, for example array[array == code] = np.median(array)"
        )
    return Picture(pixels, alpha, array.dtype, name, "array", kept, low, unit, bounded)


def _scaled(values: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
    """Floats as pixels, low, unit, bounded. The unit is a power of two, so the way there and back changes no bit."""
    bounded = bool(values.min() >= -OVERSHOOT * values.max() and values.max() <= 1 + OVERSHOOT)
    some = values.ravel()[:: max(1, values.size >> 20)].astype(np.float64)
    lowest, middle, highest = np.quantile(some, (0.001, 0.5, 0.999))
    low = 0.0 if bounded or abs(middle) <= FAR * (highest - lowest) else float(middle)
    most = float(np.quantile(abs(some - low), 0.999)) or float(abs(some - low).max())
    unit = 1.0 if most == 0 or USUAL[0] <= most <= USUAL[1] else 2.0 ** math.ceil(math.log2(most))
    pixels = (
        values.astype(np.float32)
        if (low, unit) == (0.0, 1.0)
        else ((values.astype(np.float64) - low) / unit).astype(np.float32)
    )
    return pixels.clip(0, 1 / unit) if bounded else pixels, low, unit, bounded


def check_shape(array: np.ndarray, name: str) -> None:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        remedy = "" if array.ndim != 3 or array.shape[0] > 4 else "; channels come last: np.moveaxis(array, 0, -1)"
        raise DataError(f"{name!r} has the shape {array.shape}: a picture is (H, W), or (H, W, C) with C = 1 to 4{remedy}")
    if not array.size:
        raise DataError(f"{name!r} has the shape {array.shape}: it holds no pixels")


def _check_dtype(array: np.ndarray, name: str) -> None:
    if array.dtype.kind == "f":
        _check_floats(array, name)
    elif array.dtype.kind != "b" and not (array.dtype.kind == "u" and array.dtype.itemsize <= 2):
        raise DataError(
            f"{name!r} has the type {array.dtype}: allowed are uint8 (0 to 255), uint16 (0 to 65535), floats, "
            f"and bool; convert it, for example with {_conversion(array)}"
        )
    if isinstance(array, np.ma.MaskedArray) and (hidden := int(np.ma.getmaskarray(array).sum())):
        raise DataError(f"{name!r} has {hidden:,} masked values: fill them, for example array.filled(np.ma.median(array))")


def _conversion(array: np.ndarray) -> str:
    """A type that holds the numbers."""
    if array.dtype.kind not in "iu":
        return "array.real.astype(np.float32)" if array.dtype.kind == "c" else "array.astype(np.uint8)"
    low, high = int(array.min()), int(array.max())
    fit = "uint8" if low >= 0 and high <= 255 else "uint16" if low >= 0 and high <= 65535 else "float32"
    return f"array.astype(np.{fit})"


def _check_floats(array: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        where, count = tuple(np.argwhere(bad)[0]), int(bad.sum())
        more = f" (of {count:,} values that are no numbers)" if count > 1 else ""
        raise DataError(
            f"{name!r} has the value {array[where]} at row {where[0]}, column {where[1]}{more}: give finite numbers, "
            "for example np.nan_to_num(array, nan=np.nanmedian(array))"
        )


def _check_alpha(alpha: np.ndarray, name: str) -> None:
    if alpha.min() < -OVERSHOOT or alpha.max() > 1 + OVERSHOOT:
        raise DataError(
            f"{name!r} has floats from {alpha.min():g} to {alpha.max():g} in its last channel, which says how opaque each "
            "pixel is: they must lie between 0 and 1; divide all channels by their unit, such as 255"
        )


def _unit(array: np.ndarray) -> np.ndarray:
    """Between 0 and 1, as float32."""
    values = np.asarray(array).astype(np.float32)
    if array.dtype.kind == "u":
        values /= np.iinfo(array.dtype).max
    elif array.dtype.kind == "f":
        np.clip(values, 0, 1, out=values)
    return values


def _quantized(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    if dtype.kind == "b":
        return values >= 0.5
    if dtype.kind == "f":
        return values.astype(dtype)
    top = np.iinfo(dtype).max
    return np.clip(np.rint(values * np.float32(top)), 0, top).astype(dtype)


def _resized(alpha: np.ndarray, height: int, width: int) -> np.ndarray:
    if alpha.shape == (height, width):
        return alpha
    image = Image.fromarray(np.ascontiguousarray(alpha, np.float32))
    return np.clip(np.asarray(image.resize((width, height), Image.Resampling.LANCZOS)), 0, 1)


# ── images and files ─────────────────────────────────────────────────────────────────────────────────────────────────


def _from_stream(stream: IO[bytes], name: str, page: int | None, least: tuple[int, int] | None) -> Picture:
    with pillow.explained(name):
        odd = tiff.odd(stream, page)
        if odd:
            return _of_odd(odd, stream, name, first=not page)
    with pillow.opened(stream, name, page) as image:
        if least:
            pillow.reduce(image, *least)
        return _from_image(image, name, "file", page)


def _of_odd(odd: tiff.Page, stream: IO[bytes], name: str, first: bool) -> Picture:
    """A TIFF that Pillow cannot read, or reads wrongly."""
    pillow.check_count(odd.height * odd.width, name)
    array = odd.upright(odd.samples(stream))
    if array.shape[2] > 1 and array.dtype != np.uint8 and first:
        pillow.tell_depth(name, "floats" if array.dtype.kind == "f" else "16 bits")
    picture = _from_array(array, name)
    return replace(picture, kind="file", kept={"format": "TIFF", **pillow.metadata_of_tags(odd.tags)})


def _from_image(image: Image.Image, name: str, kind: str, page: int | None = None) -> Picture:
    with pillow.explained(name):
        if page is None:
            pillow.check_frames(image, name)
        deep = ";16" in str(getattr(image, "tile", ""))  # what the decoder will unpack
        image.load()
        upright, exif = pillow.upright(image)
        kept = pillow.metadata(image, exif)
        plain = pillow.plain(upright, kept, name)
    if deep and not plain.mode.startswith("I") and not page:  # of a stack once
        pillow.tell_depth(name, "16 bits")
    return _of_image(plain, name, kind, kept)


def _of_image(image: Image.Image, name: str, kind: str, kept: dict[str, Any]) -> Picture:
    return replace(_from_array(pillow.numbers(image, name), name), kind=kind, kept=kept)


# ── many pictures ────────────────────────────────────────────────────────────────────────────────────────────────────
