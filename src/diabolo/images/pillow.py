"""What Pillow reads and writes: plain modes, upright images, metadata; what it cannot do becomes an error that says why.

References
----------
Pillow, https://pillow.readthedocs.io
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ..errors import DataError, warn
from . import tiff

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
FOREIGN = ("CMYK", "YCbCr", "HSV")  # other color spaces: the result is RGB
UNREAD = (
    *(
        ".heic",
        ".heif",
        ".avif",
        ".jxl",
        ".jfif",
        ".jpe",
        ".j2k",
        ".pnm",
        ".pbm",
        ".tga",
        ".psd",
        ".svg",
        ".exr",
        ".hdr",
        ".dcm",
    ),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2"),
)  # pictures in other files
MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"RIFF", b"GIF8", b"BM", b"P5", b"P6", b"\0\0\0\x0cjP")
EXIF = b"Exif\0\0"
ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
DESCRIBING = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)  # title, camera, software, date, artist, copyright
SHAPED = '{"shape"'  # how the title begins in which some programs keep the layout
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error, zlib.error)


def metadata_of_tags(tags: Any) -> dict[str, Any]:
    exif = _describing(tags)
    kept = {"exif": EXIF + exif} if exif else {}
    return kept | ({"icc_profile": tags[34675]} if 34675 in tags else {})


@contextlib.contextmanager
def opened(stream: IO[bytes], name: str, page: int | None = None) -> Iterator[Image.Image]:
    """The image whose header was read; every error inside becomes a DataError that names it."""
    head = stream.read(16)
    stream.seek(0)
    with explained(name, head):
        image = Image.open(stream)
        if page:
            image.seek(page)
        check_count(image.width * image.height, name)
        yield image


def check_count(pixels: int, name: str) -> None:
    """The limits of Pillow, which warns above one and refuses above twice that: cameras take more than 100 million pixels."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and pixels > 2 * limit:
        raise DataError(_too_large(name, pixels))


@contextlib.contextmanager
def explained(name: str, head: bytes = b"") -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\d+", str(error))
        raise DataError(_too_large(name, int(pixels[0]) if pixels else 0)) from None
    except UnidentifiedImageError:
        what = (
            "is cut off or damaged" if head.startswith(MAGIC) else f"is no picture (it begins with {head.decode('latin-1')!r})"
        )
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


def tell_depth(name: str, depth: str) -> None:
    warn(f"{name!r} has {depth} per color, but Pillow reads or writes 8 bits: give an array to keep all")


def tell_unread(where: str, names: Sequence[str]) -> None:
    """Warn of pictures that are passed over, because nothing here reads such files."""
    found = [name for name in names if name.lower().endswith(UNREAD) and not name.rpartition("/")[2].startswith(".")]
    if found:
        warn(
            f"{where!r}: {len(found):,} of its files cannot be read here, such as {found[0]!r}: if they belong to the "
            "pictures, save them as .png or .jpg first"
        )


def check_frames(image: Image.Image, name: str) -> None:
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


def upright(image: Image.Image) -> tuple[Image.Image, bytes]:
    """The upright image, and the EXIF data without the orientation; damaged EXIF data count as none."""
    try:
        if not len(image.getexif()) and not image.info.get("exif"):
            return image, b""
        turned = image.getexif().get(ORIENTATION) in range(2, 9)
        upright = ImageOps.exif_transpose(image) if turned else image
        exif = upright.info.get("exif") or _describing(image.getexif())
    except DAMAGE:
        return image, b""
    return upright, exif if not exif or exif.startswith(EXIF) else EXIF + exif


def reduce(image: Image.Image, height: int, width: int) -> None:
    """A JPEG will be decoded at a half, a quarter or an eighth of its size, if twice as many pixels as these are left."""
    if image.format != "JPEG":
        return
    with contextlib.suppress(*DAMAGE):  # of EXIF data
        turned = image.getexif().get(ORIENTATION) in range(5, 9)
        image.draft(None, (2 * height, 2 * width) if turned else (2 * width, 2 * height))


def without_layout(data: bytes) -> bytes:
    """In a TIFF, tags that say how another file is laid out would be taken for its own."""
    exif = Image.Exif()
    try:
        exif.load(data)
        return _describing(exif)
    except DAMAGE:
        return b""


def _describing(source: Any) -> bytes:
    """EXIF data without tags about the layout of the file; a TIFF mixes both."""
    exif = Image.Exif()
    exif.update({tag: source[tag] for tag in DESCRIBING if tag in source and not str(source[tag]).startswith(SHAPED)})
    for tag in (EXIF_IFD, GPS_IFD):
        if hasattr(source, "get_ifd") and (inner := source.get_ifd(tag)):
            exif[tag] = dict(inner)
    return exif.tobytes() if len(exif) else b""


def metadata(image: Image.Image, exif: bytes) -> dict[str, Any]:
    kept: dict[str, Any] = {"format": image.format, "mode": image.mode}
    if exif:
        kept["exif"] = exif
    if image.info.get("icc_profile"):
        kept["icc_profile"] = image.info["icc_profile"]
    dpi = image.info.get("dpi")
    if isinstance(dpi, tuple) and len(dpi) == 2 and all(0 < float(d) < 1e6 for d in dpi):
        kept["dpi"] = tuple(map(float, dpi))
    return kept


def plain(image: Image.Image, kept: dict[str, Any], name: str) -> Image.Image:
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


def numbers(image: Image.Image, name: str) -> np.ndarray:
    array = np.asarray(image)
    if not image.mode.startswith("I"):
        return array
    if array.min() < 0 or array.max() > 65535:
        what = "negative ones" if array.min() < 0 else "more than 16 bits"
        raise DataError(f"{name!r} has integers from {array.min()} to {array.max()}: {what}; give an array of floats")
    return array.astype(np.uint16)


def image_of(array: np.ndarray, name: str) -> Image.Image:
    """An image of Pillow, if it has a mode for such an array."""
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


def check_mode(mode: str, kind: str, path: Path) -> None:
    if mode in MODES[kind]:
        return
    what = {"I;16": "16 bits per pixel", "F": "floats"}.get(mode, "transparency" if mode[-1] in "Aa" else f"the mode {mode}")
    able = [suffix for suffix in WRITABLE if mode in MODES[SAME.get(suffix, suffix)]]
    remedy = f"choose {' or '.join(able)}" if able else "convert it first, for example image.convert('RGB')"
    raise DataError(f"cannot write {str(path)!r}: such a file cannot hold {what}; {remedy}")


def encoded(pages: list[Image.Image], kind: str, path: Path, metadata: dict[str, Any]) -> bytes:
    """In memory, so that an error of the disk is distinguished from an image that cannot be encoded."""
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
