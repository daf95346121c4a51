"""Outlines and advance widths as a working font, and a word of it as a picture.

    letter → (contours, advance)    .ttf: .notdef first and drawn, left side bearing = xMin, y upwards, UNITS units per em

The same letters give the same bytes whenever they are written. ``explorer/web/truetype.js`` writes the same font in the page.
"""

from __future__ import annotations

import io
import os
from array import array
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import errors
from ..storage import atomic

try:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.ttLib import newTable
    from fontTools.ttLib.tables import _g_l_y_f as glyf
    from fontTools.ttLib.tables.ttProgram import Program
except ImportError:
    FontBuilder = None

__all__ = ["truetype", "word", "write"]

Outlines = Mapping[str, Sequence[ArrayLike]]
Advances = Mapping[str, float]
Ints = NDArray[np.int64]

UNITS = 2048  # per em
MOST = 16383  # units from the origin: the step between two points of a glyph is written in 16 bits
ASCENT, DESCENT = 0.8, 0.2  # em; more where letters need it
SPACE = 0.25  # em, where no advance is given
MADE = 3_786_912_000  # the date of every font, in seconds since 1904: 1 January 2024
MISSING = (
    [(0.06, 0, 1), (0.06, 0.7, 1), (0.44, 0.7, 1), (0.44, 0, 1)],
    [(0.11, 0.05, 1), (0.39, 0.05, 1), (0.39, 0.65, 1), (0.11, 0.65, 1)],
)
MISSING_ADVANCE = 0.5
PREP = bytes.fromhex("b801ff85b0048d b101018e")  # no part drops out; no glyph is hinted: without it FreeType hints them itself
KIND = {  # may be embedded; regular; the heights of lines are the typographic ones; Latin
    "version": 4, "fsType": 0, "fsSelection": 0b1100_0000, "usWeightClass": 400, "usWidthClass": 5,
    "ulCodePageRange1": 1, "ulCodePageRange2": 0, "achVendID": "    ",
}  # fmt: skip
SMALL = {  # em: letters below and above the line, and the line through a letter
    "ySubscriptXSize": 0.65, "ySubscriptYSize": 0.6, "ySubscriptYOffset": 0.075,
    "ySuperscriptXSize": 0.65, "ySuperscriptYSize": 0.6, "ySuperscriptYOffset": 0.35,
    "yStrikeoutSize": 0.05, "yStrikeoutPosition": 0.3,
}  # fmt: skip


def truetype(outlines: Outlines, advances: Advances, family: str = "Diabolo", about: str = "") -> bytes:
    """A TrueType font.

    Parameters
    ----------
    outlines : dict of letters
        Each a list of closed contours (m, 3): x, y in em units, y upwards, and 1 for a point on the curve, 0 for a control
        point, as `diabolo.fonts.outlines.outlines` gives them. A letter without contours is blank. The space may be left out.
    advances : dict of letters
        The width of each letter, in em units.
    family : str
        The name of the font.
    about : str
        A description that the file carries: of what it was made, and under which licence.

    Returns
    -------
    bytes
        A .ttf file.

    Examples
    --------
    >>> square = [(0.1, 0, 1), (0.1, 0.5, 1), (0.6, 0.5, 1), (0.6, 0, 1)]
    >>> truetype({"o": [square]}, {"o": 0.7}, family="Squares")[:4]
    b'\\x00\\x01\\x00\\x00'
    """
    if FontBuilder is None:
        raise errors.missing_extra("fonttools", "fonts", "fonts")
    letters, widths = _checked(outlines, advances)
    font = FontBuilder(UNITS)
    _draw(font, letters, widths)
    _measure(font)
    _describe(font, _named(family), about)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def _draw(font: FontBuilder, letters: dict[str, list[Ints]], widths: dict[str, int]) -> None:
    """The glyphs, their characters and their widths; the no-break space is the space."""
    names = {letter: f"u{ord(letter):04X}" for letter in letters}
    glyphs = {".notdef": _glyph(_contours(MISSING, ".notdef"))} | {names[a]: _glyph(letters[a]) for a in letters}
    widths = {".notdef": _units(MISSING_ADVANCE)} | {names[a]: widths[a] for a in letters}
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap({ord(a): name for a, name in names.items()} | {0xA0: names[" "]})
    font.setupGlyf(glyphs)
    font.setupHorizontalMetrics({name: (widths[name], getattr(glyph, "xMin", 0)) for name, glyph in glyphs.items()})


def _measure(font: FontBuilder) -> None:
    """The heights: a line holds every letter, and is the same on every system."""
    table, characters = font.font["glyf"], font.font.getBestCmap()
    glyphs = table.glyphs.values()
    top = max(_units(ASCENT), *(getattr(glyph, "yMax", 0) for glyph in glyphs))
    low = max(_units(DESCENT), *(-getattr(glyph, "yMin", 0) for glyph in glyphs))
    font.setupHorizontalHeader(ascent=top, descent=-low)
    line = {"sTypoAscender": top, "sTypoDescender": -low, "sTypoLineGap": 0, "usWinAscent": top, "usWinDescent": low}
    heights = {}
    for key, letter, usual in (("sxHeight", "x", 0.5), ("sCapHeight", "H", 0.7)):
        glyph = table[characters.get(ord(letter), ".notdef")]
        heights[key] = glyph.yMax if ord(letter) in characters and glyph.numberOfContours else _units(usual)
    small = {key: _units(em) for key, em in SMALL.items()}
    font.setupOS2(**KIND, **line, **heights, **small)
    font.setupPost(keepGlyphNames=False, underlinePosition=-_units(0.1), underlineThickness=_units(0.05))


def _describe(font: FontBuilder, family: str, about: str) -> None:
    plain = "".join(c for c in family if c.isascii() and c.isalnum()) or "Font"
    strings = {"familyName": family, "styleName": "Regular", "uniqueFontIdentifier": f"diabolo: {family}"}
    strings |= {"fullName": family, "version": "Version 1.000", "psName": f"{plain}-Regular"}
    font.setupNameTable(strings | ({"description": about} if about else {}), mac=False)
    font.updateHead(created=MADE, modified=MADE, flags=0b1011, lowestRecPPEM=8, fontRevision=1.0)
    font.font["gasp"] = newTable("gasp")
    font.font["gasp"].version, font.font["gasp"].gaspRange = 1, {0xFFFF: 15}  # gray and symmetric at every size
    font.font["prep"] = newTable("prep")
    font.font["prep"].program = _program(PREP)
    font.font["maxp"].maxStackElements = 2


def write(
    path: str | os.PathLike[str], outlines: Outlines, advances: Advances, family: str = "Diabolo", about: str = ""
) -> None:
    """Write the font of `truetype` to `path`: complete, or not at all."""
    font = truetype(outlines, advances, family, about)
    with atomic(path) as file:
        file.write(font)


def word(text: str, outlines: Outlines, advances: Advances) -> str:
    """`text` in these letters, as an SVG picture of one path; a letter that is missing is an empty box.

    Examples
    --------
    >>> square = [(0.1, 0, 1), (0.1, 0.5, 1), (0.6, 0.5, 1), (0.6, 0, 1)]
    >>> word("o", {"o": [square]}, {"o": 0.7}).partition("</title>")[2]
    '<path fill="currentColor" d="M205 0L205 -1024L1229 -1024L1229 0L205 0Z"/></svg>'
    """
    letters, widths = _checked(outlines, advances)
    missing, x, path = _contours(MISSING, ".notdef"), 0, []
    top, low = _units(ASCENT), _units(DESCENT)
    for letter in text:
        for contour in letters.get(letter, missing):
            path.append(_drawn(contour + np.array([x, 0, 0])))
            top, low = max(top, int(contour[:, 1].max())), max(low, -int(contour[:, 1].min()))
        x += widths.get(letter, _units(MISSING_ADVANCE))
    title = escape("".join(c for c in text if c.isprintable()))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {-top} {x} {top + low}" role="img"><title>{title}</title>'
        f'<path fill="currentColor" d="{"".join(path)}"/></svg>'
    )


def _units(em: float) -> int:
    return int(np.floor(em * UNITS + 0.5))


def _named(family: str) -> str:
    family = " ".join(family.split())
    if not 0 < len(family) <= 63 or not family.isprintable():
        raise errors.DataError(f"family: a name of 1 to 63 printable characters is expected, got {family[:80]!r}")
    return family


def _checked(outlines: Outlines, advances: Advances) -> tuple[dict[str, list[Ints]], dict[str, int]]:
    """Contours and advance widths in units, in the order of the characters; with a space."""
    letters = {" ": [], **{a: _contours(contours, a) for a, contours in outlines.items()}}
    if wrong := [a for a in letters if len(a) != 1 or not a.isprintable()]:
        raise errors.DataError(f"outlines: a letter is one printable character, got {wrong[0]!r}")
    if lacking := [a for a in outlines if a not in advances]:
        raise errors.DataError(f"advances: there is none for the letters {''.join(lacking)!r}")
    widths = {" ": _units(SPACE)}
    for a in letters:
        if a in advances:
            em = float(advances[a])
            if not 0 <= em * UNITS <= MOST:
                raise errors.DataError(f"advances: {a!r} is {em:g} em wide; 0 to {MOST / UNITS:.1f} are possible")
            widths[a] = _units(em)
    return dict(sorted(letters.items())), widths


def _contours(contours: Sequence[ArrayLike], letter: str) -> list[Ints]:
    """In units, without points that fall together, and without contours that have fewer than three."""
    found = []
    for contour in contours:
        c = np.asarray(contour, float)
        if c.ndim != 2 or c.shape[1] != 3:
            raise errors.DataError(f"outlines: a contour of {letter!r} has the shape {c.shape}, (m, 3) is expected")
        far = np.abs(c[:, :2]).max(initial=0)
        if not far * UNITS <= MOST:  # nor is it, if it is no number
            raise errors.DataError(f"outlines: {letter!r} goes {far:g} em from its origin, {MOST / UNITS:.1f} are possible")
        points = _apart(np.floor(np.column_stack([c[:, :2] * UNITS + 0.5, c[:, 2] > 0])).astype(int))
        if len(points) >= 3:
            found.append(points)
    return found


def _apart(points: Ints) -> Ints:
    """Points of a closed contour, those in one place as one; it is on the curve if one of them is."""
    kept: list[list[int]] = []
    for x, y, on in points.tolist():
        if kept and kept[-1][:2] == [x, y]:
            kept[-1][2] |= on
        else:
            kept.append([x, y, on])
    if len(kept) > 1 and kept[0][:2] == kept[-1][:2]:
        kept[0][2] |= kept.pop()[2]
    return np.array(kept, int).reshape(-1, 3)


def _drawn(contour: Ints) -> str:
    """The contour as an SVG path, y downwards."""
    points: list[tuple[float, float, int]] = []
    for (x, y, on), (x2, y2, on2) in pairwise([*contour.tolist(), contour[0].tolist()]):
        points.append((x, -y, on))
        if not on and not on2:
            points.append(((x + x2) / 2, -(y + y2) / 2, 1))
    first = next(i for i, point in enumerate(points) if point[2])
    (x, y, _), *points = [*points[first:], *points[: first + 1]]
    path, control = f"M{x:g} {y:g}", ""
    for x, y, on in points:
        if not on:
            control = f"{x:g} {y:g} "
        else:
            path += f"{'Q' if control else 'L'}{control}{x:g} {y:g}"
            control = ""
    return path + "Z"


def _glyph(contours: Sequence[Ints]) -> glyf.Glyph:
    glyph = glyf.Glyph()
    glyph.numberOfContours = len(contours)
    if contours:
        points = np.concatenate(contours)
        glyph.coordinates = glyf.GlyphCoordinates(points[:, :2].tolist())
        glyph.flags = array("B", points[:, 2].tolist())
        glyph.endPtsOfContours = (np.cumsum([len(c) for c in contours]) - 1).tolist()
        glyph.program = _program(b"")
    return glyph


def _program(code: bytes) -> Program:
    program = Program()
    program.fromBytecode(code)
    return program
