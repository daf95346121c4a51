"""Font files -> faces: what has an outline of its own for every letter, and a word on what is left out.

    folder, zip, file or "system"  ->  files  ->  faces  ->  Face, or LeftOut with the reason

A collection (.ttc) holds several faces. A variable font gives several, too: the instances that it names itself.
"""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError, missing_extra

__all__ = ["SUFFIXES", "Face", "LeftOut", "Named", "faces"]

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
LARGEST = 64 << 20  # bytes of a font file
INSTANCES = 9  # of one variable font at most
OUTLINES = ("glyf", "CFF ", "CFF2")
COLORS = ("COLR", "CBDT", "sbix", "SVG ")
HEAVINESS = {
    100: "Thin",
    200: "ExtraLight",
    300: "Light",
    500: "Medium",
    600: "SemiBold",
    700: "Bold",
    800: "ExtraBold",
    900: "Black",
}
STALE = {"Thin", "ExtraLight", "Light", "Medium", "SemiBold"}  # Archivo Black is a family of its own

logging.getLogger("fontTools").addHandler(logging.NullHandler())  # it remarks upon dates; without a handler these are printed


class Named(NamedTuple):
    """What a face is called: "Lato Bold Italic" of the family "Lato", weight 700 (400 is regular), italic."""

    name: str
    family: str
    weight: int
    italic: bool


@dataclass(frozen=True)
class Face:
    """A font with one weight and style, as the bytes of a font file.

    Parameters
    ----------
    named : Named
    data : bytes
        What FreeType reads.
    index : int
        The number of the face in `data`.
    advances : dict of str to float
        The width of each letter, in em.
    file : str
        Where it was found.
    """

    named: Named
    data: bytes
    index: int
    advances: dict[str, float]
    file: str = ""

    @property
    def found(self) -> str:
        """Its file, and which face of it."""
        return f"{self.file} ({self.named.name})" if self.file else self.named.name


@dataclass(frozen=True)
class LeftOut:
    """A file or face that is not learned, and why."""

    name: str
    reason: str


def faces(source: str | os.PathLike[str], letters: str) -> Iterator[Face | LeftOut]:
    """The faces of a folder, a zip, a font file, or of this computer ("system"), one after the other.

    Parameters
    ----------
    source : path, or "system"
    letters : str
        A face that lacks one of them is left out.

    Yields
    ------
    Face or LeftOut

    Raises
    ------
    DataError
        There is no font file at all.
    """
    found = files(source)
    if not found:
        raise DataError(f"there is no font file in {os.fspath(source)!r}: it should hold files {', '.join(SUFFIXES)}")
    for name, read in found:
        yield from (replace(one, file=name) if isinstance(one, Face) else one for one in _faces(name, read, letters))


Read = Callable[[], bytes]


def files(source: str | os.PathLike[str]) -> list[tuple[str, Read]]:
    """Names of font files and how to read them."""
    if source == "system":
        return [(Path(path).name, _reader(Path(path))) for path in sorted(on_this_computer())]
    path = Path(source)
    if not os.fspath(source) or not path.exists():  # the path of no name is the folder that one is in
        raise DataError(f"there is no file or folder {os.fspath(source)!r}")
    if path.is_dir():
        return [(str(p.relative_to(path)), _reader(p)) for p in _inside(path)]
    if not path.is_file():  # a pipe would never end
        raise DataError(f"{str(path)!r} is neither a file nor a folder: give a folder, a zip or a file {', '.join(SUFFIXES)}")
    if zipfile.is_zipfile(path):
        return _zipped(path)
    if not _is_font(path.name):
        raise DataError(f"{str(path)!r} is no font: give a folder, a zip or a file {', '.join(SUFFIXES)}")
    return [(path.name, _reader(path))]


def _inside(folder: Path) -> list[Path]:
    """The font files of a folder and of all folders in it; what links lead to is followed, each folder once."""
    found, seen = [], set()
    for here, inner, names in os.walk(folder, followlinks=True):
        inner.sort()
        if (there := os.path.realpath(here)) in seen:
            inner.clear()
            continue
        seen.add(there)
        found += [path for name in names if _is_font(name) and (path := Path(here, name)).is_file()]
    return sorted(found)


def _reader(path: Path) -> Read:
    def read() -> bytes:
        if path.stat().st_size > LARGEST:
            raise OSError("it is too large for a font")
        return path.read_bytes()

    return read


def _is_font(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last.lower().endswith(SUFFIXES) and not last.startswith(".")  # a Mac puts "._name" beside each file of a zip


def _zipped(path: Path) -> list[tuple[str, Read]]:
    def reader(name: str) -> Read:
        def read() -> bytes:
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo(name).file_size > LARGEST:
                    raise OSError("it is too large for a font")
                return archive.read(name)

        return read

    with zipfile.ZipFile(path) as archive:
        return [(name, reader(name)) for name in sorted(archive.namelist()) if _is_font(name)]


def on_this_computer() -> list[str]:
    """The font files of the system; those of matplotlib if there are none."""
    try:
        from matplotlib import font_manager, get_data_path
    except ImportError:
        raise missing_extra("matplotlib", "fonts", "the fonts of this computer") from None
    found: list[str] = font_manager.findSystemFonts()
    return found or [str(p) for p in Path(get_data_path(), "fonts").rglob("*.ttf")]


# ── one file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _faces(name: str, read: Read, letters: str) -> Iterator[Face | LeftOut]:
    try:
        from fontTools.ttLib import TTFont
    except ImportError:
        raise missing_extra("fonttools", "fonts", "fonts") from None
    try:
        data = read()
        if not (count := _count(data)):
            yield LeftOut(name, "it is a collection of no faces")
        for index in range(count):
            with TTFont(BytesIO(data), fontNumber=index, lazy=True) as font:
                yield from _of(font, name, data, index, letters)
    except KeyError as error:
        yield LeftOut(name, f"it cannot be read (it has no {error})")
    except Exception as error:  # a broken file can make fontTools raise anything
        yield LeftOut(name, f"it cannot be read ({_first_line(error)})")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:100]


def _count(data: bytes) -> int:
    """The number of faces in a file."""
    return int.from_bytes(data[8:12], "big") if data[:4] == b"ttcf" else 1


def _of(font: Any, name: str, data: bytes, index: int, letters: str) -> Iterator[Face | LeftOut]:
    reason = _unfit(font, letters)
    if reason:
        yield LeftOut(name, reason)
    elif "fvar" in font:
        yield from _instances(data, index, letters)
    else:
        yield _face(font, data, index, letters)


def _unfit(font: Any, letters: str) -> str:
    """Why this font cannot be learned; empty if it can."""
    if not any(table in font for table in OUTLINES):
        return "it has no outlines, only bitmaps"
    if any(table in font for table in COLORS):
        return "it is a color font"
    known = font.getBestCmap()
    if not known:
        return "it is a symbol font"
    absent = [c for c in letters if ord(c) not in known]
    if len(absent) == len(letters):
        return "it has none of the letters"
    if absent:
        return f"it lacks {_some(absent)}"
    return _another(known, letters)


def _another(known: dict[int, str], letters: str) -> str:
    """Why it is a symbol font, by the names of its glyphs: a mathematical one may draw a brace for f."""
    from fontTools.agl import AGL2UV

    for c in letters:
        name = known[ord(c)]
        if c.isascii() and c.isalnum() and name in AGL2UV and chr(AGL2UV[name]).casefold() != c.casefold():
            return f"it is a symbol font: it draws {name} for {c}"
    return ""


def _some(letters: Sequence[str], most: int = 6) -> str:
    more = len(letters) - most
    return " ".join(letters[:most]) + (f" and {more} more letters" if more > 0 else "")


def _face(font: Any, data: bytes, index: int, letters: str, style: str | None = None) -> Face:
    known, widths, units = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
    advances = {c: widths[known[ord(c)]][0] / units for c in letters}
    return Face(_named(font, style), data, index, advances)


def _named(font: Any, style: str | None) -> Named:
    """The weight in a name may be that of the variable font from which a file was made; OS/2 has its own."""
    names = font["name"]
    family = _plain(names.getBestFamilyName() or names.getDebugName(6)) or "Unnamed"
    told = _plain(style or names.getBestSubFamilyName())
    weight = int(font["OS/2"].usWeightClass) if "OS/2" in font else 400
    italic = bool(font["head"].macStyle & 2 or ("post" in font and font["post"].italicAngle))
    family = " ".join(_without(family.split(), STALE))
    known = {*HEAVINESS.values(), *family.split(), "Regular", "Book", "Roman", "Italic", "Oblique"}
    rest = [word for word in told.split() if word not in known]
    words = [family, *rest, HEAVINESS.get(weight, ""), "Italic" if italic else ""]
    return Named(" ".join(filter(None, words)), family, weight, italic)


def _plain(name: str | None) -> str:
    """Without what a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in name or "").split())


def _without(words: list[str], last: set[str]) -> list[str]:
    while len(words) > 1 and words[-1] in last:
        words = words[:-1]
    return words


def _instances(data: bytes, index: int, letters: str) -> Iterator[Face]:
    """A variable font at the places that it names; FreeType would cut its axes to whole numbers."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    font = TTFont(BytesIO(data), fontNumber=index)
    font.flavor = None
    few = subset.Subsetter(subset.Options(notdef_outline=True, layout_features=[], name_IDs=["*"]))
    few.populate(text=letters)
    few.subset(font)
    small = BytesIO()
    font.save(small)
    for style, place in _places(font):
        static = instancer.instantiateVariableFont(TTFont(BytesIO(small.getvalue())), place)
        out = BytesIO()
        static.save(out)
        yield _face(static, out.getvalue(), 0, letters, style)


def _places(font: Any) -> list[tuple[str | None, dict[str, float]]]:
    """Names and coordinates of instances, evenly chosen."""
    named = [(font["name"].getDebugName(i.subfamilyNameID), dict(i.coordinates)) for i in font["fvar"].instances]
    if not named:
        return [(None, {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes})]
    step = max(1, -(-len(named) // INSTANCES))
    return named[::step]
