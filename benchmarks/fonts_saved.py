"""The font of a place, saved as a .ttf: is it what the page shows, by how many points, and do the engines accept it?

Places of the shipped map, half of them those of faces that were learned and half between faces. The font of each is written as
`diabolo fonts --at X,Y --ttf` writes it, with curves.

    IoU                 FreeType's picture of the letter at 256 pixels per em, beside that of the page, the field by cubic
                        interpolation: pixels that are ink in both, over those that are ink in one; more than half is ink
    of grays            the same with the lesser and the greater of the grays instead; the page is softer at some edges
    points              of a letter, on and off the curve: the median over the letters
    learned fonts       the same of the fonts from which the map was learned, as far as they are TrueType
    accepted            FreeType draws it, HarfBuzz shapes all letters with the advances that were decoded, and the browsers'
                        sanitizer (OTS) lets it pass

    DIABOLO_DATA=... python benchmarks/fonts_saved.py [--places 12] [--seed 0] [--model mine.diabolo]
"""

from __future__ import annotations

import io
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

import common
from diabolo import fonts
from diabolo.fonts.contours import cubic
from diabolo.fonts.files import Face, faces
from diabolo.fonts.glyphs import CAPITALS, SMALL
from diabolo.fonts.outlines import outlines
from diabolo.fonts.truetype import UNITS, truetype

EM, WIDE, HIGH = 256, 640, 384  # pixels in an em, and of a picture
PEN, BASE = 128, 288  # where a letter stands in it
KINDS = {"A-Z": CAPITALS, "a-z": SMALL}


def places(manifold: fonts.Manifold, count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    own, others = (manifold.places[rng.permutation(len(manifold.places))[: -(-count // 2)]] for _ in range(2))
    near = others + manifold.decoder.width * rng.normal(size=others.shape)
    return np.concatenate([own, near])[:count]


def saved(glyphs: fonts.Glyphs) -> bytes:
    advances = dict(zip(glyphs.letters, map(float, glyphs.advances), strict=True))
    return truetype({c: outlines(glyphs.fields[i], glyphs.box(i)) for i, c in enumerate(glyphs.letters)}, advances)


def in_page(glyphs: fonts.Glyphs, i: int) -> np.ndarray:
    """Letter i as explorer/web/glyphs.js draws it."""
    field, (x0, _, x1, y1) = glyphs.fields[i], glyphs.box(i)
    cells = len(field) / (x1 - x0)  # in an em
    x, y = (np.arange(WIDE) + 0.5 - PEN) / EM, (BASE - np.arange(HIGH) - 0.5) / EM
    u, v = (x - x0) * cells, (y1 - y) * cells
    f = cubic(len(field), v - 0.5) @ field @ cubic(len(field), u - 0.5).T
    inside = ((v > 0) & (v < len(field)))[:, None] & (u > 0) & (u < len(field))
    return np.where(inside, np.clip(0.5 + f * EM / cells, 0, 1), 0)


def by_freetype(font: Any, letter: str) -> np.ndarray:
    image = Image.new("L", (WIDE, HIGH))
    ImageDraw.Draw(image).text((PEN, BASE), letter, fill=255, font=font, anchor="ls")
    return np.asarray(image) / 255


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.minimum(a, b).sum() / max(np.maximum(a, b).sum(), 1e-9))


def accepted(font: bytes, glyphs: fonts.Glyphs, folder: Path) -> dict[str, bool]:
    """By each engine that is installed."""
    said = {"FreeType": all(by_freetype(opened(font), c).any() for c in glyphs.letters)}
    if find_spec("uharfbuzz"):
        import uharfbuzz as hb

        buffer = hb.Buffer()
        buffer.add_str(glyphs.letters)
        buffer.guess_segment_properties()
        hb.shape(hb.Font(hb.Face(font)), buffer, {"kern": False, "liga": False})
        widths = np.array([place.x_advance for place in buffer.glyph_positions])
        known = all(glyph.codepoint for glyph in buffer.glyph_infos)
        said["HarfBuzz"] = known and bool((np.abs(widths - glyphs.advances * UNITS) <= 1).all())
    if find_spec("pyots"):
        import pyots

        (folder / "font.ttf").write_bytes(font)
        result = pyots.sanitize(str(folder / "font.ttf"), str(folder / "clean.ttf"))
        said["OTS"] = bool(result.sanitized) and not result.modified
    return said


def opened(font: bytes) -> Any:
    return ImageFont.truetype(io.BytesIO(font), EM, layout_engine=ImageFont.Layout.BASIC)


def points(font: TTFont, letters: str) -> list[int]:
    table, names = font["glyf"], font.getBestCmap()
    return [len(table[names[ord(c)]].getCoordinates(table)[0]) for c in letters]


def usual_points(source: Path) -> dict[str, list[int]]:
    """How many points the letters have in the fonts of a folder or zip, by kind of letter."""
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for face in faces(source, CAPITALS + SMALL):
        font = TTFont(io.BytesIO(face.data), fontNumber=face.index) if isinstance(face, Face) else {}
        if "glyf" in font:
            for kind, letters in KINDS.items():
                found[kind] += points(font, letters)
    return found


if __name__ == "__main__":
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--places", type=int, default=12)
    p.add_argument("--seed", type=int, default=0, help="of their choice")
    p.add_argument("--model", type=Path, help="a map of your own; by default the shipped one")
    a = p.parse_args()
    manifold = fonts.load(a.model) if a.model else fonts.shipped()
    kinds = {kind: letters[:3] if a.tiny else letters for kind, letters in KINDS.items()}
    same: dict[str, list[float]] = {kind: [] for kind in kinds}
    grays: dict[str, list[float]] = {kind: [] for kind in kinds}
    counts: dict[str, list[int]] = {kind: [] for kind in kinds}
    passed: dict[str, list[bool]] = {}
    for place in places(manifold, 2 if a.tiny else a.places, a.seed):
        glyphs = manifold.at(place, "".join(kinds.values()))
        font = saved(glyphs)
        for kind, letters in kinds.items():
            drawn = opened(font)
            for c in letters:
                pictures = by_freetype(drawn, c), in_page(glyphs, glyphs.letters.index(c))
                grays[kind].append(iou(*pictures))
                same[kind].append(iou(*(picture > 0.5 for picture in pictures)))
            counts[kind] += points(TTFont(io.BytesIO(font)), letters)
        with tempfile.TemporaryDirectory() as folder:
            for engine, good in accepted(font, glyphs, Path(folder)).items():
                passed.setdefault(engine, []).append(good)
    dejavu = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    usual = usual_points(dejavu if a.tiny else common.data() / "fonts" / "fonts-dev.zip")
    for values in (same, grays, counts, usual):
        values["both"] = [value for kind in KINDS for value in values[kind]]
    rows: list[dict[str, Any]] = [
        {
            "letters": kind,
            "IoU": float(np.mean(same[kind])),
            "of grays": float(np.mean(grays[kind])),
            "IoU of the least tenth": float(np.quantile(same[kind], 0.1)),
            "points": float(np.median(counts[kind])),
            "learned fonts": float(np.median(usual[kind])),
            "times": float(np.median(counts[kind]) / np.median(usual[kind])),
        }
        for kind in same
    ]
    facts = {f"accepted by {engine}": f"{sum(good)} of {len(good)} fonts" for engine, good in passed.items()}
    facts["bar: IoU"] = "0.98 or more: " + ("holds" if rows[-1]["IoU"] >= 0.98 else "missed")
    facts["bar: times the points"] = "1.5 or less: " + ("holds" if rows[-1]["times"] <= 1.5 else "missed")
    common.show("Fonts of places, saved as .ttf", rows, a.json, **facts)
