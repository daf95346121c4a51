"""One picture in whatever way it is given, as numbers between 0 and 1; and back into the same kind of thing.

    pixels = integers / largest integer            (H, W, C), C = 1 (grey) or 3 (RGB); transparency is carried beside them
    pixels = (floats - low) / unit                 low = 0 and unit = 1 but for floats in another unit, such as 0 to 255

Floats outside of 0 to 1 come back unclipped: noise takes a picture there.

An array comes back as an array of the same type and shape, an image of Pillow as such, and a file with its EXIF data and
its colour profile, turned upright. An ``Album`` is many of them, each decoded when it is asked for.

References
----------
Pillow, https://pillow.readthedocs.io
ITU-R BT.601, Studio encoding parameters of digital television (the weights of ``luma``)
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, Self, SupportsIndex, overload

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from scipy.ndimage import distance_transform_edt

from ..errors import DataError, warn
from ..sentinels import odd
from ..storage import atomic
from . import tiff
from .color import LUMA

__all__ = ["SUFFIXES", "WRITABLE", "Album", "Picture", "luma", "pictures_in", "read"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".jp2")
WRITABLE = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
MODES = {  # what each file type keeps as it is
    ".png": ("L", "LA", "RGB", "RGBA", "I;16"),
    ".jpg": ("L", "RGB"),
    ".tif": ("L", "LA", "RGB", "RGBA", "I;16", "F"),
    ".webp": ("L", "LA", "RGB", "RGBA"),
    ".bmp": ("L", "RGB"),
}
OPTIONS: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 95, "subsampling": 0},
    ".webp": {"lossless": True, "exact": True},
}
SAME = {".jpeg": ".jpg", ".tiff": ".tif"}
PLAIN = {"1": "L", "P": "RGB", "PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB"}  # nothing is lost
FOREIGN = ("CMYK", "YCbCr", "HSV")  # other colour spaces: the result is RGB
GREY = ("1", "L", "LA", "La", "F")  # and all that begin with I
MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"RIFF", b"GIF8", b"BM", b"P5", b"P6", b"\0\0\0\x0cjP")
EXIF = b"Exif\0\0"
ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
DESCRIBING = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)  # title, camera, software, date, artist, copyright
SHAPED = '{"shape"'  # how the title begins in which some programs keep the layout
OVERSHOOT = 1e-3  # what rounding and sharpening add to floats
SEEN = 0.05  # of alpha: the colour of what is more transparent is not seen
USUAL = 2**-8, 4.0  # the largest of floats whose unit is taken to be 1
FEW = 1000  # times as many pixels, beside which a few are no matter
CHANNELS = 16  # up to which a third axis may be one of these
FAR = 1e3  # spreads from zero, beyond which floats are counted from their middle
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error, zlib.error)


@dataclass
class Picture:
    """A picture as numbers, and what is needed to give the same kind of thing back.

    Attributes
    ----------
    pixels : float32 ndarray (H, W, C)
        Between 0 and 1, of floats perhaps beyond; C = 1 (grey) or 3 (RGB).
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
    def visible(self) -> np.ndarray:
        """The pixels, where they are transparent continued by the colours that are seen beside them."""
        return self.pixels if self.alpha is None else continued(self.pixels, self.alpha)

    def like(self, pixels: np.ndarray, alpha: np.ndarray | None = None) -> Any:
        """The same kind of thing as was given, with other pixels.

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
            raise DataError(f"{self.name!r}: Pillow has no image of colours outside of 0 to 1: give them as an array of floats")
        array = _quantized(pixels, np.dtype(np.uint8) if deep else self.dtype)
        if self.kind != "array":
            return self._dressed(_image(array, self.name))
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
            of colours, everything else without loss.

        Raises
        ------
        DataError
            If this type of file cannot hold the picture.
        """
        path = Path(path)
        kind = SAME.get(path.suffix.lower(), path.suffix.lower())
        if kind not in MODES:
            raise DataError(f"cannot write {str(path)!r}: its name ends in none of {', '.join(WRITABLE)}")
        pages = [
            i if isinstance(i, Image.Image) else _image(i, str(path)) for i in (image if isinstance(image, list) else [image])
        ]
        for page in pages:
            _check_mode(page.mode, kind, path)
        if len(pages) > 1 and kind != ".tif":
            raise DataError(f"cannot write {str(path)!r}: such a file cannot hold {len(pages)} pages; choose .tif or .tiff")
        metadata = self._metadata(pages[0])
        if kind == ".tif" and "exif" in metadata:
            metadata["exif"] = _without_layout(metadata["exif"])
        blob = _encoded(pages, kind, path, metadata)
        with atomic(path) as file:
            file.write(blob)

    def _dressed(self, image: Image.Image) -> Image.Image:
        image.info.update(self._metadata(image))
        return image

    def _metadata(self, image: Image.Image) -> dict[str, Any]:
        """A profile of grey values says nothing about colours, and the other way round."""
        same = (image.mode in ("RGB", "RGBA")) == (self.pixels.shape[2] == 3)
        return {k: self.kept[k] for k in ("exif", "icc_profile", "dpi") if k in self.kept and (same or k != "icc_profile")}


def read(source: Any, name: str | None = None, page: int | None = None) -> Picture:
    """One picture, from an array, an image of Pillow, a path or a file opened for reading.

    Parameters
    ----------
    source : ndarray, PIL.Image.Image, path or binary file
        Arrays are (H, W), or (H, W, C) with C = 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA); of type bool, uint8,
        uint16, or floats.
    name : str, default=None
        What messages call it.
    page : int, default=None
        Of a TIFF that has several; without it such a file is an error.

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
            return _from_stream(stream, name or os.path.basename(source), page)
    if hasattr(source, "read") and hasattr(source, "seek"):
        return _from_stream(source, name or "picture", page)
    raise DataError(f"{name or 'picture'!r} is {_kind(source)}")


def luma(pixels: np.ndarray) -> np.ndarray:
    """How bright each pixel is (BT.601): (H, W, C) -> (H, W, 1).

    >>> luma(np.ones((1, 1, 3), np.float32)).round(6).tolist()
    [[[1.0]]]
    """
    if pixels.shape[2] == 1:
        return pixels
    return pixels @ np.array(LUMA, pixels.dtype)[:, None]


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _kind(source: Any) -> str:
    if type(source).__module__.split(".")[0] == "torch":
        return "a torch tensor: give an array (H, W, C), for example tensor.permute(1, 2, 0).cpu().numpy()"
    return f"of type {type(source).__name__}: give an array, an image of Pillow, or the path of a file"


def continued(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Pixels (H, W, C) that are not seen, from those that are: mirrored at the nearest one, or else that one.

    >>> continued(np.array([[[0.0], [0.5], [1.0], [0.9]]]), np.array([[1.0, 1.0, 0.0, 0.0]]))[..., 0].tolist()
    [[0.0, 0.5, 0.0, 0.0]]
    """
    hidden = alpha < SEEN
    if not hidden.any() or hidden.all():
        return pixels
    y, x = distance_transform_edt(hidden, return_distances=False, return_indices=True)[:, hidden]
    far = [np.clip(2 * n - m, 0, size - 1) for n, m, size in zip((y, x), np.nonzero(hidden), hidden.shape, strict=True)]
    near = hidden[far[0], far[1]]
    out = pixels.copy()
    out[hidden] = pixels[np.where(near, y, far[0]), np.where(near, x, far[1])]
    return out


def _from_array(array: np.ndarray, name: str) -> Picture:
    _check_shape(array, name)
    _check_dtype(array, name)
    values = array if array.ndim == 3 else array[..., None]
    colours = values.shape[2] - (values.shape[2] % 2 == 0)
    alpha = _unit(values[..., colours]) if colours < values.shape[2] else None
    kept = {"ndim": array.ndim}
    if array.dtype.kind != "f":
        return Picture(_unit(values[..., :colours]), alpha, array.dtype, name, "array", kept)
    if alpha is not None:
        _check_alpha(values[..., colours], name)
    pixels, low, unit, bounded = _scaled(values[..., :colours])
    for _, value, n in [] if bounded else odd(values[..., :colours].reshape(1, -1).astype(np.float64)):
        if FEW * n < pixels.size:  # as a dead pixel: it spoils nothing else
            continue
        warn(
            f"{name!r} holds {value:.6g} in {n:,} places, far from all else, as a code for a missing value is: what is near "
            "them is spoiled; fill them first, such as array[array == code] = np.median(array)"
        )
    return Picture(pixels, alpha, array.dtype, name, "array", kept, low, unit, bounded)


def _scaled(values: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
    """Floats as pixels, low, unit, bounded. The unit is a power of two, so that going there and back changes no bit."""
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


def _check_shape(array: np.ndarray, name: str) -> None:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        remedy = "" if array.ndim != 3 or array.shape[0] > 4 else "; channels come last: np.moveaxis(array, 0, -1)"
        raise DataError(f"{name!r} has the shape {array.shape}: a picture is (H, W), or (H, W, C) with C = 1 to 4{remedy}")
    if not array.size:
        raise DataError(f"{name!r} has the shape {array.shape}: it holds no pixels")


def _check_dtype(array: np.ndarray, name: str) -> None:
    if array.dtype.kind == "f":
        _check_floats(array, name)
    elif array.dtype.kind != "b" and array.dtype.name not in ("uint8", "uint16"):
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


def _from_stream(stream: IO[bytes], name: str, page: int | None = None) -> Picture:
    with _explained(name):
        odd = tiff.odd(stream, page)
        if odd:
            return _of_odd(odd, stream, name, first=not page)
    with _opened(stream, name, page) as image:
        return _from_image(image, name, "file", page)


def _of_odd(odd: tiff.Page, stream: IO[bytes], name: str, first: bool) -> Picture:
    """A TIFF that Pillow cannot read, or reads wrongly."""
    _check_count(odd.height * odd.width, name)
    array = odd.upright(odd.samples(stream))
    if array.shape[2] > 1 and array.dtype != np.uint8 and first:
        _tell_depth(name, "floats" if array.dtype.kind == "f" else "16 bits")
    picture = _from_array(array, name)
    return replace(picture, kind="file", kept={"format": "TIFF", **_kept_tags(odd.tags)})


def _kept_tags(tags: Any) -> dict[str, Any]:
    exif = _describing(tags)
    kept = {"exif": EXIF + exif} if exif else {}
    return kept | ({"icc_profile": tags[34675]} if 34675 in tags else {})


@contextlib.contextmanager
def _opened(stream: IO[bytes], name: str, page: int | None = None) -> Iterator[Image.Image]:
    """The image whose header was read; whatever goes wrong inside becomes a DataError that names it."""
    head = stream.read(16)
    stream.seek(0)
    with _explained(name, head):
        image = Image.open(stream)
        if page:
            image.seek(page)
        _check_count(image.width * image.height, name)
        yield image


def _check_count(pixels: int, name: str) -> None:
    """As Pillow, which warns above its limit and refuses above twice that: cameras take more than 100 million pixels."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and pixels > 2 * limit:
        raise DataError(_too_large(name, pixels))


@contextlib.contextmanager
def _explained(name: str, head: bytes = b"") -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\d+", str(error))
        raise DataError(_too_large(name, int(pixels[0]) if pixels else 0)) from None
    except UnidentifiedImageError:
        what = "is cut off or damaged" if head.startswith(MAGIC) else f"is no picture (it begins with {head!r})"
        raise DataError(f"cannot read {name!r}: it {what if head else 'is empty'}") from None
    except DAMAGE as error:
        raise DataError(f"cannot read {name!r}: it is cut off or damaged ({error!s:.200})") from None
    except NotImplementedError as error:
        raise DataError(f"cannot read {name!r}: {error}") from None


def _too_large(name: str, pixels: int) -> str:
    return (
        f"cannot read {name!r}: it has {pixels:,} pixels, the limit is {2 * (Image.MAX_IMAGE_PIXELS or 0):,}; "
        f"if you trust it, set PIL.Image.MAX_IMAGE_PIXELS = {pixels} first"
    )


def _from_image(image: Image.Image, name: str, kind: str, page: int | None = None) -> Picture:
    with _explained(name):
        if page is None:
            _check_frames(image, name)
        deep = ";16" in str(getattr(image, "tile", ""))  # what the decoder will unpack
        image.load()
        upright, exif = _upright(image)
        kept = _kept(image, exif)
        plain = _plain(upright, kept, name)
    if deep and not plain.mode.startswith("I") and not page:  # of a stack once
        _tell_depth(name, "16 bits")
    return _of_image(plain, name, kind, kept)


def _tell_depth(name: str, depth: str) -> None:
    warn(f"{name!r} has {depth} per colour, of which Pillow reads or writes 8 bits: give an array to keep all")


def _of_image(image: Image.Image, name: str, kind: str, kept: dict[str, Any]) -> Picture:
    return replace(_from_array(_numbers(image, name), name), kind=kind, kept=kept)


def _check_frames(image: Image.Image, name: str) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames == 1 or image.format == "MPO":  # photos of many cameras: the picture, then previews
        return
    stream = getattr(image, "fp", None)
    if image.format == "TIFF" and stream and len(tiff.pages(stream)) == 1:
        return
    pages = image.format == "TIFF"
    what = f"a stack of {frames} pages" if pages else f"an animation of {frames} frames"
    whole = "give the path of the file, whose pages are a picture each, or " if pages else ""
    raise DataError(
        f"{name!r} is {what}, and a picture has one: {whole}save those that you want as pictures first, such as the first: "
        "image = PIL.Image.open(file); image.seek(0); image.save('frame.png')"
    )


def _upright(image: Image.Image) -> tuple[Image.Image, bytes]:
    """Turned as the EXIF data say, and the EXIF data without that; damaged EXIF data count as none."""
    try:
        upright = ImageOps.exif_transpose(image)
        exif = upright.info.get("exif") or _describing(image.getexif())
    except DAMAGE:
        return image, b""
    return upright, exif if not exif or exif.startswith(EXIF) else EXIF + exif


def _without_layout(data: bytes) -> bytes:
    """In a TIFF, tags that say how another file is laid out would be taken for its own."""
    exif = Image.Exif()
    try:
        exif.load(data)
        return _describing(exif)
    except DAMAGE:
        return b""


def _describing(source: Any) -> bytes:
    """EXIF data of what is not only about how a file is laid out: in a TIFF they are among the tags that are."""
    exif = Image.Exif()
    exif.update({tag: source[tag] for tag in DESCRIBING if tag in source and not str(source[tag]).startswith(SHAPED)})
    for tag in (EXIF_IFD, GPS_IFD):
        if hasattr(source, "get_ifd") and (inner := source.get_ifd(tag)):
            exif[tag] = dict(inner)
    return exif.tobytes() if len(exif) else b""


def _kept(image: Image.Image, exif: bytes) -> dict[str, Any]:
    kept: dict[str, Any] = {"format": image.format, "mode": image.mode}
    if exif:
        kept["exif"] = exif
    if image.info.get("icc_profile"):
        kept["icc_profile"] = image.info["icc_profile"]
    dpi = image.info.get("dpi")
    if isinstance(dpi, tuple) and len(dpi) == 2 and all(0 < float(d) < 1e6 for d in dpi):
        kept["dpi"] = tuple(map(float, dpi))
    return kept


def _plain(image: Image.Image, kept: dict[str, Any], name: str) -> Image.Image:
    """In one of the modes L, LA, RGB, RGBA, I;16, I, F."""
    if image.mode in FOREIGN:
        warn(f"{name!r} is {image.mode}: the result will be RGB")
        return _rgb(image, kept.pop("icc_profile", None))
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        return image.convert("LA" if image.mode in ("1", "L") else "RGBA")
    if image.mode in PLAIN:
        return image.convert(PLAIN[image.mode])
    if image.mode in ("L", "LA", "RGB", "RGBA", "F") or image.mode.startswith("I"):
        return image
    raise DataError(f"{name!r} has the mode {image.mode}: convert it, for example image.convert('RGB')")


def _rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile is None or image.mode != "CMYK":
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        result = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return result or image.convert("RGB")
    except (ImageCms.PyCMSError, OSError):  # a profile that does not fit
        return image.convert("RGB")


def _numbers(image: Image.Image, name: str) -> np.ndarray:
    array = np.asarray(image)
    if not image.mode.startswith("I"):
        return array
    if array.min() < 0 or array.max() > 65535:
        what = "negative ones" if array.min() < 0 else "more than 16 bits"
        raise DataError(f"{name!r} has integers from {array.min()} to {array.max()}: {what}; give an array of floats")
    return array.astype(np.uint16)


def _image(array: np.ndarray, name: str) -> Image.Image:
    """An image of Pillow, where it has a mode for such an array."""
    array = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "f" and array.ndim == 2:
        array = array.astype(np.float32)
    elif array.dtype != np.uint8 and not (array.dtype == np.uint16 and array.ndim == 2):
        raise DataError(
            f"{name!r}: Pillow has no image for an array of type {array.dtype} and shape {array.shape}; "
            "make it 8 bits, for example (pixels * 255).round().astype(np.uint8)"
        )
    return Image.fromarray(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))


def _check_mode(mode: str, kind: str, path: Path) -> None:
    if mode in MODES[kind]:
        return
    what = {"I;16": "16 bits per pixel", "F": "floats"}.get(mode, "transparency" if mode[-1] in "Aa" else f"the mode {mode}")
    able = [suffix for suffix in WRITABLE if mode in MODES[SAME.get(suffix, suffix)]]
    remedy = f"choose {' or '.join(able)}" if able else "convert it first, for example image.convert('RGB')"
    raise DataError(f"cannot write {str(path)!r}: such a file cannot hold {what}; {remedy}")


def _encoded(pages: list[Image.Image], kind: str, path: Path, metadata: dict[str, Any]) -> bytes:
    """In memory, so that what goes wrong on the disk is told apart from what cannot be encoded."""
    blob = io.BytesIO()
    bare = [page.copy() for page in pages]
    for page in bare:
        page.info = {}
    more = {"save_all": True, "append_images": bare[1:]} if len(bare) > 1 else {}
    try:
        bare[0].save(blob, Image.registered_extensions()[kind], **OPTIONS.get(kind, {}), **metadata, **more)
    except DAMAGE as error:
        height, width = pages[0].height, pages[0].width
        raise DataError(f"cannot write {str(path)!r} ({width} x {height} pixels): {error}; choose .png") from None
    return blob.getvalue()


# ── many pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


class Album(Sequence[Picture]):
    """Many pictures, each decoded when it is asked for.

    Parameters
    ----------
    X : path, PIL.Image.Image, ndarray or list
        A folder (with all folders in it, but not the links to others), a zip file, a folder inside one such as
        ``photos.zip/train``, one file, one image, an array (H, W), (H, W, C), (N, H, W) or (N, H, W, C), C = 1 to 4, or
        a list of arrays, images and paths. Each page of a TIFF is a picture.

    Attributes
    ----------
    names : list of str
        The path of each inside its folder or zip file, or "picture 0", "picture 1", ...; pages are "stack.tif#1", ...
    folders : list of str
        The folders of these paths.

    Examples
    --------
    >>> album = Album(np.zeros((5, 4, 6), np.uint8))
    >>> len(album), album.names[1], album[1].pixels.shape, len(album[2:])
    (5, 'picture 1', (4, 6, 1), 3)
    >>> len(Album(np.zeros((40, 60, 3), np.uint8)))
    1
    """

    def __init__(self, X: Any) -> None:
        same = isinstance(X, Album)
        self._place: _Place = X._place if same else _place(X)
        self.names: list[str] = X.names if same else self._place.names
        self._items: list[Any] = X._items if same else self._place.items

    @classmethod
    def of_one(cls, X: Any) -> Album:
        """An album of one picture: a 3-D array is (H, W, C) here."""
        return cls([X])

    @classmethod
    def accepts(cls, X: Any) -> bool:
        """Whether this looks like pictures; files are not opened."""
        if isinstance(X, (Image.Image, Album)):
            return True
        if isinstance(X, np.ndarray):
            return X.ndim in (3, 4)
        if isinstance(X, (str, os.PathLike)):
            return _path_accepted(Path(X))
        return isinstance(X, (list, tuple)) and len(X) > 0 and _one_accepted(X[0])

    @property
    def folders(self) -> list[str]:
        return [name.rpartition("/")[0] for name in self.names]

    @property
    def stacks(self) -> list[list[int]]:
        """The pictures of each file: more than one, where it has pages."""
        found: list[list[int]] = []
        for i, item in enumerate(self._items):
            if isinstance(item, Page) and item.number and found and i:
                found[-1].append(i)
            else:
                found.append([i])
        return found

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, i: SupportsIndex) -> Picture: ...
    @overload
    def __getitem__(self, i: slice) -> Album: ...
    def __getitem__(self, i: SupportsIndex | slice) -> Picture | Album:
        if isinstance(i, slice):
            return self.take(range(len(self))[i])
        return self._place.picture(self._items[i], self.names[i])

    def __iter__(self) -> Iterator[Picture]:  # not that of Sequence: a warning should point at the line of who asks
        return (self[i] for i in range(len(self)))

    def take(self, indices: Iterable[int]) -> Album:
        """An album of some of the pictures, in this order."""
        chosen = [int(i) for i in indices]
        album = object.__new__(Album)
        album._place = self._place
        album.names, album._items = [self.names[i] for i in chosen], [self._items[i] for i in chosen]
        return album

    def sizes(self) -> list[tuple[int, int, int]]:
        """(H, W, C) of each picture, upright; of files only the headers are read."""
        return [self._place.size(item, name) for item, name in zip(self._items, self.names, strict=True)]


class Page(NamedTuple):
    """One of several in a file."""

    file: Any
    place: int  # in the file, which may also hold previews
    number: int  # among the pictures


class _Place:
    """Where pictures are: in memory or in files."""

    def __init__(self, names: list[str], items: list[Any], root: str = "") -> None:
        self.names, self.items, self.root = names, items, root

    def picture(self, item: Any, name: str) -> Picture:
        with self._located(), self.stream(item) as source:
            return read(source, name, _place_in(item))

    def size(self, item: Any, name: str) -> tuple[int, int, int]:
        with self._located(), self.stream(item) as source:
            return _size(source, name, _place_in(item))

    def expand(self) -> Self:
        """A file of several pages is as many pictures."""
        found = [(n, i) for name, item in zip(self.names, self.items, strict=True) for n, i in self._pages(name, item)]
        self.names, self.items = [n for n, _ in found], [i for _, i in found]
        return self

    def _pages(self, name: str, item: Any) -> list[tuple[str, Any]]:
        if not (isinstance(item, (str, os.PathLike)) and str(item).lower().endswith((".tif", ".tiff"))):
            return [(name, item)]
        try:
            with self.stream(item) as stream:
                pages = tiff.pages(stream)
        except (DataError, *DAMAGE):  # told when it is read
            return [(name, item)]
        if len(pages) < 2:
            return [(name, item)]
        return [(f"{name}#{i + 1}", Page(item, page, i)) for i, page in enumerate(pages)]

    @contextlib.contextmanager
    def stream(self, item: Any) -> Iterator[Any]:
        item = item.file if isinstance(item, Page) else item
        if not isinstance(item, (str, os.PathLike)):
            yield item
            return
        with open(item, "rb") as file:
            yield file

    @contextlib.contextmanager
    def _located(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            raise (DataError(f"{error} (in {self.root!r})") if self.root else error) from None


class _Zip(_Place):
    """In a zip file, opened once; one thread reads while others decode."""

    def __init__(self, path: Path, prefix: str) -> None:
        self.path, self.lock = path, threading.Lock()
        self.file: zipfile.ZipFile | None = None
        start = f"{prefix}/" if prefix else ""
        found = [n for n in self._opened().namelist() if _is_picture(n) and (n == prefix or n.startswith(start))]
        names = [n.rpartition("/")[2] if n == prefix else n.removeprefix(start) for n in sorted(found)]
        super().__init__(names, sorted(found), str(path / prefix))

    def size(self, item: Any, name: str) -> tuple[int, int, int]:
        """Without unpacking more than the header."""
        with self._located(), self._member(item) as stream:
            return _size(stream, name, _place_in(item))

    @contextlib.contextmanager
    def stream(self, item: Any) -> Iterator[Any]:
        with self._member(item) as stream:
            blob = stream.read()
        yield io.BytesIO(blob)

    @contextlib.contextmanager
    def _member(self, item: Any) -> Iterator[IO[bytes]]:
        item = item.file if isinstance(item, Page) else item
        with self.lock:
            file = self._opened()
            _check_member(file.getinfo(item))
            try:
                with file.open(item) as stream:
                    yield stream
            except DataError:
                raise
            except (zipfile.BadZipFile, RuntimeError, *DAMAGE) as error:  # encrypted, packed in an unknown way, damaged
                raise DataError(f"cannot read {item!r}: {error}") from None

    def _opened(self) -> zipfile.ZipFile:
        if self.file is None:
            try:
                self.file = zipfile.ZipFile(self.path)
            except zipfile.BadZipFile as error:
                raise DataError(f"cannot read {str(self.path)!r}: it is no zip file, or cut off ({error})") from None
        return self.file


def _check_member(info: zipfile.ZipInfo) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and info.file_size > 16 * limit + (1 << 20):  # more than any picture of so many pixels
        raise DataError(
            f"cannot read {info.filename!r}: unpacked it has {info.file_size:,} bytes; "
            f"if you trust it, raise PIL.Image.MAX_IMAGE_PIXELS (now {limit:,}) first"
        )


def _place(X: Any) -> _Place:
    if isinstance(X, (str, os.PathLike)):
        return _of_path(Path(X))
    if isinstance(X, Image.Image) or (isinstance(X, np.ndarray) and is_one(X)):
        X = [X]
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "OU":
        X = X.tolist()  # paths, or pictures of several sizes
    if isinstance(X, np.ndarray) and X.ndim not in (3, 4):
        raise DataError(f"an array of shape {X.shape} is no pictures: give (N, H, W) or (N, H, W, C)")
    if not isinstance(X, (list, tuple, np.ndarray)):
        raise DataError(f"the pictures are {_kind(X)}, or a list of them")
    if not len(X):
        raise DataError("there are no pictures: the list is empty")
    return _Place([_name(item, i) for i, item in enumerate(X)], list(X)).expand()


def is_one(X: np.ndarray) -> bool:
    """Whether an array is one picture: (H, W) or (H, W, C), C = 1 to 4. No picture is 4 pixels wide, or it is in a list.

    >>> is_one(np.zeros((9, 9, 3))), is_one(np.zeros((9, 9, 9)))
    (True, False)
    """
    if X.ndim != 3 or not X.size:
        return X.ndim == 2
    if X.shape[0] == 3 and X.shape[2] > 4:
        h, w = X.shape[1:]
        raise DataError(
            f"an array of shape {X.shape} is one picture with its channels first, or three grey ones: give "
            f"np.moveaxis(X, 0, -1), of shape ({h}, {w}, 3), or list(X)"
        )
    if X.shape[2] <= CHANNELS and min(X.shape[:2]) >= 4 * X.shape[2] > 4 * 4:
        raise DataError(
            f"an array of shape {X.shape} is {X.shape[0]} grey pictures that are {X.shape[2]} pixels wide, or one of "
            f"{X.shape[2]} channels: give list(X), or some of its channels, X[..., :3]"
        )
    return X.shape[2] <= 4


def _place_in(item: Any) -> int | None:
    return item.place if isinstance(item, Page) else None


def _name(item: Any, i: int) -> str:
    return Path(item).as_posix() if isinstance(item, (str, os.PathLike)) else f"picture {i}"


def _of_path(path: Path) -> _Place:
    if archive := _archive(path):
        inside = path.relative_to(archive).as_posix()
        place: _Place = _Zip(archive, "" if inside == "." else inside)
    elif path.is_dir():
        names = sorted(pictures_in(path))
        place = _Place(names, [path / name for name in names], str(path))
    elif not path.exists():
        raise FileNotFoundError(2, "there is no such file or folder", str(path))
    else:
        place = _Place([path.name], [path])
    if not place.items:
        raise DataError(f"{str(path)!r} contains no pictures: looked for {', '.join(SUFFIXES)}")
    return place.expand()


def _archive(path: Path) -> Path | None:
    """The zip file that a path leads to or into."""
    return next((p for p in (path, *path.parents) if p.suffix.lower() == ".zip" and p.is_file()), None)


def pictures_in(folder: Path) -> Iterator[str]:
    for where, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for file in files:
            if _is_picture(file):
                yield (Path(where) / file).relative_to(folder).as_posix()


def _raise(error: OSError) -> None:
    raise error


def _is_picture(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name.lower().endswith(SUFFIXES) and not any(p.startswith(".") or p == "__MACOSX" for p in parts)


def _path_accepted(path: Path) -> bool:
    if path.is_dir():
        return next(pictures_in(path), None) is not None
    return path.suffix.lower() in (*SUFFIXES, ".zip") or _archive(path) is not None


def _one_accepted(item: Any) -> bool:
    if isinstance(item, (str, os.PathLike)):
        return str(item).lower().endswith(SUFFIXES)
    return isinstance(item, Image.Image) or (isinstance(item, np.ndarray) and item.ndim in (2, 3))


def _size(source: Any, name: str, page: int | None = None) -> tuple[int, int, int]:
    if isinstance(source, np.ndarray):
        _check_shape(source, name)
        return source.shape[0], source.shape[1], 3 if source.ndim == 3 and source.shape[2] > 2 else 1
    if isinstance(source, Image.Image):
        return _size_of(source)
    with _explained(name):
        odd = tiff.odd(source, page)
        if odd:
            return odd.size
    with _opened(source, name, page) as image:
        return _size_of(image)


def _size_of(image: Image.Image) -> tuple[int, int, int]:
    tags = getattr(image, "tag_v2", None) or {}  # versions of Pillow differ in whether a TIFF has its upright size already
    width, height = tags.get(256, image.width), tags.get(257, image.height)
    try:
        turned = Image.Image.getexif(image).get(ORIENTATION, 1) in (5, 6, 7, 8)  # that of a PNG would decode it
    except DAMAGE:
        turned = False
    channels = 1 if image.mode in GREY or image.mode.startswith("I") else 3
    return (width, height, channels) if turned else (height, width, channels)
