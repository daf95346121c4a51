"""One picture in whatever way it is given, as numbers between 0 and 1; and back into the same kind of thing.

    pixels = integers / largest integer            (H, W, C), C = 1 (grey) or 3 (RGB); transparency is carried beside them

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
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, SupportsIndex, overload

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ..errors import DataError
from ..lab import LUMA
from ..storage import atomic

__all__ = ["SUFFIXES", "WRITABLE", "Album", "Picture", "luma", "read"]

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
OVERSHOOT = 1e-3  # what rounding and sharpening add to floats
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error, zlib.error)


@dataclass
class Picture:
    """A picture as numbers, and what is needed to give the same kind of thing back.

    Attributes
    ----------
    pixels : float32 ndarray (H, W, C)
        Between 0 and 1; C = 1 (grey) or 3 (RGB).
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
        if alpha is not None:
            pixels = np.concatenate([pixels, _resized(alpha, *pixels.shape[:2])[..., None]], axis=2)
        deep = self.kind != "array" and pixels.shape[2] > 2 and self.dtype != np.uint8  # Pillow has no such image
        array = _quantized(pixels, np.dtype(np.uint8) if deep else self.dtype)
        if self.kind != "array":
            return self._dressed(_image(array, self.name))
        return array[..., 0] if array.shape[2] == 1 and self.kept.get("ndim") == 2 else array

    def save(self, image: Any, path: str | os.PathLike[str]) -> None:
        """Write what `like` returned, with the metadata of this picture: complete, or not at all.

        Parameters
        ----------
        image : ndarray or PIL.Image.Image
            The picture.
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
        image = image if isinstance(image, Image.Image) else _image(image, str(path))
        _check_mode(image.mode, kind, path)
        metadata = self._metadata(image)
        if kind == ".tif" and "exif" in metadata:
            metadata["exif"] = _without_layout(metadata["exif"])
        blob = _encoded(image, kind, path, metadata)
        with atomic(path) as file:
            file.write(blob)

    def _dressed(self, image: Image.Image) -> Image.Image:
        image.info.update(self._metadata(image))
        return image

    def _metadata(self, image: Image.Image) -> dict[str, Any]:
        """A profile of grey values says nothing about colours, and the other way round."""
        same = (image.mode in ("RGB", "RGBA")) == (self.pixels.shape[2] == 3)
        return {k: self.kept[k] for k in ("exif", "icc_profile", "dpi") if k in self.kept and (same or k != "icc_profile")}


def read(source: Any, name: str | None = None) -> Picture:
    """One picture, from an array, an image of Pillow, a path or a file opened for reading.

    Parameters
    ----------
    source : ndarray, PIL.Image.Image, path or binary file
        Arrays are (H, W), or (H, W, C) with C = 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA); of type bool, uint8,
        uint16, or floats between 0 and 1.
    name : str, default=None
        What messages call it.

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
            return _from_stream(stream, name or os.path.basename(source))
    if hasattr(source, "read") and hasattr(source, "seek"):
        return _from_stream(source, name or "picture")
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


def _from_array(array: np.ndarray, name: str) -> Picture:
    _check_shape(array, name)
    _check_dtype(array, name)
    values = _unit(array if array.ndim == 3 else array[..., None])
    colours = values.shape[2] - (values.shape[2] % 2 == 0)
    alpha = values[..., colours] if colours < values.shape[2] else None
    return Picture(values[..., :colours], alpha, array.dtype, name, "array", {"ndim": array.ndim})


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
            f"{name!r} has the type {array.dtype}: allowed are uint8 (0 to 255), uint16 (0 to 65535), floats between 0 and 1, "
            "and bool; convert it, for example with array.astype(np.uint8)"
        )


def _check_floats(array: np.ndarray, name: str) -> None:
    low, high = float(array.min()), float(array.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        where = tuple(np.argwhere(~np.isfinite(array))[0])
        raise DataError(f"{name!r} has the value {array[where]} at row {where[0]}, column {where[1]}: give finite numbers")
    if low < -OVERSHOOT or high > 1 + OVERSHOOT:
        raise DataError(f"{name!r} has floats from {low:g} to {high:g}: they must lie between 0 and 1; {_rescaling(low, high)}")


def _rescaling(low: float, high: float) -> str:
    if low < 0:
        return "shift and scale them, for example (array - array.min()) / np.ptp(array)"
    bits = 8 if high < 256 else 16
    return f"divide by {2**bits - 1}, or give integers: array.astype(np.uint{bits})"


def _unit(array: np.ndarray) -> np.ndarray:
    """Between 0 and 1, as float32."""
    values = array.astype(np.float32)
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


def _from_stream(stream: IO[bytes], name: str) -> Picture:
    with _opened(stream, name) as image:
        return _from_image(image, name, "file")


@contextlib.contextmanager
def _opened(stream: IO[bytes], name: str) -> Iterator[Image.Image]:
    """The image whose header was read; whatever goes wrong inside becomes a DataError that names it."""
    head = stream.read(16)
    stream.seek(0)
    with _explained(name, head):
        image = Image.open(stream)
        limit = Image.MAX_IMAGE_PIXELS
        if limit is not None and image.width * image.height > limit:
            raise DataError(_too_large(name, image.width * image.height))
        yield image


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


def _too_large(name: str, pixels: int) -> str:
    return (
        f"cannot read {name!r}: it has {pixels:,} pixels, the limit is {Image.MAX_IMAGE_PIXELS:,}; "
        f"if you trust it, set PIL.Image.MAX_IMAGE_PIXELS = {pixels} first"
    )


def _from_image(image: Image.Image, name: str, kind: str) -> Picture:
    with _explained(name):
        _check_frames(image, name)
        deep = ";16" in str(getattr(image, "tile", ""))  # what the decoder will unpack
        image.load()
        upright, exif = _upright(image)
        kept = _kept(image, exif)
        plain = _plain(upright, kept, name)
    if deep and not plain.mode.startswith("I"):
        warnings.warn(
            f"{name!r} has 16 bits per colour, of which Pillow reads 8: give a uint16 array to keep all",
            UserWarning,
            stacklevel=2,
        )
    return _of_image(plain, name, kind, kept)


def _of_image(image: Image.Image, name: str, kind: str, kept: dict[str, Any]) -> Picture:
    picture = _from_array(_numbers(image, name), name)
    return Picture(picture.pixels, picture.alpha, picture.dtype, name, kind, kept)


def _check_frames(image: Image.Image, name: str) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # photos of many cameras: the picture, then previews
        raise DataError(
            f"{name!r} holds {frames} frames or pages, a picture has one: save one of them first, "
            "for example image.seek(0); image.save('frame.png')"
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


def _describing(source: Image.Exif) -> bytes:
    """EXIF data of what is not only about how a file is laid out: in a TIFF they are among the tags that are."""
    exif = Image.Exif()
    exif.update({tag: source[tag] for tag in DESCRIBING if tag in source})
    for tag in (EXIF_IFD, GPS_IFD):
        if inner := source.get_ifd(tag):
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
        warnings.warn(f"{name!r} is {image.mode}: the result will be RGB", UserWarning, stacklevel=2)
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
        raise DataError(
            f"{name!r} has integers from {array.min()} to {array.max()}: more than 16 bits; "
            "give an array of floats between 0 and 1"
        )
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


def _encoded(image: Image.Image, kind: str, path: Path, metadata: dict[str, Any]) -> bytes:
    """In memory, so that what goes wrong on the disk is told apart from what cannot be encoded."""
    blob = io.BytesIO()
    bare = image.copy()
    bare.info = {}
    try:
        bare.save(blob, Image.registered_extensions()[kind], **OPTIONS.get(kind, {}), **metadata)
    except DAMAGE as error:
        height, width = image.height, image.width
        raise DataError(f"cannot write {str(path)!r} ({width} x {height} pixels): {error}; choose .png") from None
    return blob.getvalue()


# ── many pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


class Album(Sequence[Picture]):
    """Many pictures, each decoded when it is asked for.

    Parameters
    ----------
    X : path, PIL.Image.Image, ndarray or list
        A folder (with all folders in it, but not the links to others), a zip file, a folder inside one such as
        ``photos.zip/train``, one file, one image, an array (H, W), (N, H, W) or (N, H, W, C), or a list of arrays,
        images and paths.

    Attributes
    ----------
    names : list of str
        The path of each inside its folder or zip file, or "picture 0", "picture 1", ...
    folders : list of str
        The folders of these paths.

    Examples
    --------
    >>> album = Album(np.zeros((5, 4, 3), np.uint8))
    >>> len(album), album.names[1], album[1].pixels.shape, len(album[2:])
    (5, 'picture 1', (4, 3, 1), 3)
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


class _Place:
    """Where pictures are: in memory or in files."""

    def __init__(self, names: list[str], items: list[Any], root: str = "") -> None:
        self.names, self.items, self.root = names, items, root

    def picture(self, item: Any, name: str) -> Picture:
        with self._located(), self.stream(item) as source:
            return read(source, name)

    def size(self, item: Any, name: str) -> tuple[int, int, int]:
        with self._located(), self.stream(item) as source:
            return _size(source, name)

    @contextlib.contextmanager
    def stream(self, item: Any) -> Iterator[Any]:
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
            return _size(stream, name)

    @contextlib.contextmanager
    def stream(self, item: Any) -> Iterator[Any]:
        with self._member(item) as stream:
            blob = stream.read()
        yield io.BytesIO(blob)

    @contextlib.contextmanager
    def _member(self, item: str) -> Iterator[IO[bytes]]:
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
    if isinstance(X, Image.Image) or (isinstance(X, np.ndarray) and X.ndim == 2):
        X = [X]
    if isinstance(X, np.ndarray) and X.ndim not in (3, 4):
        raise DataError(f"an array of shape {X.shape} is no pictures: give (N, H, W) or (N, H, W, C)")
    if not isinstance(X, (list, tuple, np.ndarray)):
        raise DataError(f"the pictures are {_kind(X)}, or a list of them")
    if not len(X):
        raise DataError("there are no pictures: the list is empty")
    return _Place([_name(item, i) for i, item in enumerate(X)], list(X))


def _name(item: Any, i: int) -> str:
    return Path(item).as_posix() if isinstance(item, (str, os.PathLike)) else f"picture {i}"


def _of_path(path: Path) -> _Place:
    if archive := _archive(path):
        inside = path.relative_to(archive).as_posix()
        place: _Place = _Zip(archive, "" if inside == "." else inside)
    elif path.is_dir():
        names = sorted(_pictures_in(path))
        place = _Place(names, [path / name for name in names], str(path))
    elif not path.exists():
        raise FileNotFoundError(2, "there is no such file or folder", str(path))
    else:
        place = _Place([path.name], [path])
    if not place.items:
        raise DataError(f"{str(path)!r} contains no pictures: looked for {', '.join(SUFFIXES)}")
    return place


def _archive(path: Path) -> Path | None:
    """The zip file that a path leads to or into."""
    return next((p for p in (path, *path.parents) if p.suffix.lower() == ".zip" and p.is_file()), None)


def _pictures_in(folder: Path) -> Iterator[str]:
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
        return next(_pictures_in(path), None) is not None
    return path.suffix.lower() in (*SUFFIXES, ".zip") or _archive(path) is not None


def _one_accepted(item: Any) -> bool:
    if isinstance(item, (str, os.PathLike)):
        return str(item).lower().endswith(SUFFIXES)
    return isinstance(item, Image.Image) or (isinstance(item, np.ndarray) and item.ndim in (2, 3))


def _size(source: Any, name: str) -> tuple[int, int, int]:
    if isinstance(source, np.ndarray):
        _check_shape(source, name)
        return source.shape[0], source.shape[1], 3 if source.ndim == 3 and source.shape[2] > 2 else 1
    if isinstance(source, Image.Image):
        return _size_of(source)
    with _opened(source, name) as image:
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
