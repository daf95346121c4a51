"""Fonts that we write: accepted by FreeType, HarfBuzz and the browsers' sanitizer, and drawn as the field is."""

from __future__ import annotations

import io
import os
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

from diabolo import DataError
from diabolo.fonts import outlines as tracing
from diabolo.fonts import truetype as writing
from diabolo.fonts.contours import upsampled
from diabolo.fonts.outlines import outlines
from diabolo.fonts.truetype import truetype, word, write

DEJAVU = Path(matplotlib.get_data_path(), "fonts", "ttf")
WEB = Path(tracing.__file__).parents[1] / "explorer" / "web"
BOX = (-0.125, -0.3125, 1.125, 0.9375)
LETTERS = "Hamburgefontsivz&Q"
SQUARE = [(0.1, 0.0, 1), (0.1, 0.5, 1), (0.6, 0.5, 1), (0.6, 0.0, 1)]


def field(letter: str, face: str = "DejaVuSerif", size: int = 64) -> tuple[np.ndarray, float]:
    """Signed distances of a letter in BOX, in cells, and its advance in em."""
    times = 640 // size
    font = ImageFont.truetype(DEJAVU / f"{face}.ttf", 512, layout_engine=ImageFont.Layout.BASIC)
    ink = picture(font, letter) > 0.5
    far = np.where(ink, distance_transform_edt(ink) - 0.5, 0.5 - distance_transform_edt(~ink)) / times
    middle = slice(times // 2 - 1, times // 2 + 1)
    return far.reshape(size, times, size, times)[:, middle, :, middle].mean((1, 3)), font.getlength(letter) / 512


def picture(face: Any, letter: str) -> np.ndarray:
    """A letter in BOX, drawn by FreeType."""
    image = Image.new("L", (round(1.25 * face.size),) * 2)
    ImageDraw.Draw(image).text((0.125 * face.size, 0.9375 * face.size), letter, fill=255, font=face, anchor="ls")
    return np.asarray(image) / 255


def seen(f: np.ndarray) -> np.ndarray:
    """The picture of a field, drawn as large as 256 pixels per em are: how much of each pixel is inside."""
    fine = upsampled(f, 1280 // len(f)) > 0
    return fine.reshape(320, 4, 320, 4).mean((1, 3))


def opened(font: bytes, size: int = 256) -> Any:
    return ImageFont.truetype(io.BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)


@pytest.fixture(scope="module")
def fields() -> dict[str, np.ndarray]:
    return {a: field(a)[0] for a in LETTERS}


@pytest.fixture(scope="module")
def drawn(fields: dict[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, float]]:
    return {a: outlines(f, BOX) for a, f in fields.items()}, {a: field(a)[1] for a in LETTERS}


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    executable = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(executable).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Any) -> Any:
    """A blank page with the two modules."""

    def serve(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        kind = "text/javascript" if name else "text/html"
        route.fulfill(body=(WEB / name).read_text() if name else "<!doctype html>", content_type=kind)

    page = browser.new_page()
    page.route("**/*", serve)
    page.goto("http://fonts.test/")
    page.evaluate("async () => { window.m = { ...await import('/outlines.js'), ...await import('/truetype.js') } }")
    return page


def in_page(page: Any, f: np.ndarray, box: tuple[float, ...] = BOX) -> list[np.ndarray]:
    made = page.evaluate(
        "([data, height, width, box]) => m.outlines({ data: Float64Array.from(data), height, width }, { box })",
        [f.ravel().tolist(), *f.shape, list(box)],
    )
    return [np.array(c) for c in made]


def font_in_page(page: Any, drawn: Any, advances: dict[str, float], family: str = "My Font", about: str = "") -> bytes:
    plain = {a: [np.asarray(c).tolist() for c in some] for a, some in drawn.items()}
    return bytes(page.evaluate("(args) => Array.from(m.truetype(...args))", [plain, advances, family, about]))


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())


def points(font: Any, letter: str) -> int:
    return len(font["glyf"][font.getBestCmap()[ord(letter)]].coordinates)


# ── the font ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [64, 32])
@pytest.mark.parametrize("face", ["DejaVuSans", "DejaVuSerif-Bold", "DejaVuSans-Oblique"])
def test_drawn_by_freetype_it_is_the_picture_of_the_field(face, size):
    letters = "Ragoxn" if size == 64 else "Roe"
    fields = {a: field(a, face, size) for a in letters}
    font = truetype({a: outlines(f, BOX) for a, (f, _) in fields.items()}, {a: wide for a, (_, wide) in fields.items()})
    alike = {a: iou(picture(opened(font), a), seen(f)) for a, (f, _) in fields.items()}
    assert min(alike.values()) > (0.985 if size == 64 else 0.975), alike  # of fewer cells, more are corners: put back
    ours, theirs = TTFont(io.BytesIO(font)), TTFont(DEJAVU / f"{face}.ttf")
    assert np.median([points(ours, a) for a in letters]) <= 1.5 * np.median([points(theirs, a) for a in letters])


def test_harfbuzz_spaces_the_word_and_moves_no_outline(drawn):
    """The left side bearing of `hmtx` moves what HarfBuzz draws; so it must be xMin."""
    hb = pytest.importorskip("uharfbuzz")
    made, advances = drawn
    font = truetype(made, advances)
    face = hb.Font(hb.Face(font))
    buffer = hb.Buffer()
    buffer.add_str("Ham burg")
    buffer.guess_segment_properties()
    hb.shape(face, buffer)
    expected = [round((advances | {" ": 0.25})[a] * 2048) for a in "Ham burg"]
    assert [place.x_advance for place in buffer.glyph_positions] == expected
    assert all(glyph.codepoint for glyph in buffer.glyph_infos)
    for letter in made:
        box = face.get_glyph_extents(face.get_nominal_glyph(ord(letter)))
        x = np.concatenate(made[letter])[:, 0]
        assert (box.x_bearing, box.x_bearing + box.width) == pytest.approx((2048 * x.min(), 2048 * x.max()), abs=1)


def test_what_is_missing_is_an_empty_box(drawn):
    """The first glyph is what is drawn for a missing letter."""
    hb = pytest.importorskip("uharfbuzz")
    font = truetype(*drawn)
    face = hb.Font(hb.Face(font))
    assert TTFont(io.BytesIO(font)).getGlyphOrder()[0] == ".notdef"
    assert face.get_nominal_glyph(ord("Ω")) is None
    box = face.get_glyph_extents(0)
    assert (box.width, -box.height) == (round(0.38 * 2048), round(0.7 * 2048))
    assert 0.05 < picture(opened(font), "Ω").mean() < 0.2


def test_the_sanitizer_of_the_browsers_accepts_it(drawn, tmp_path):
    ots = pytest.importorskip("pyots")
    for name, (made, advances) in {"word": drawn, "blank": ({}, {}), "one": ({"😀": [SQUARE]}, {"😀": 1.0})}.items():
        write(tmp_path / f"{name}.ttf", made, advances, family="Mein Zeug & <b>", about="of open fonts, under OFL-1.1")
        result = ots.sanitize(str(tmp_path / f"{name}.ttf"), str(tmp_path / "clean.ttf"))
        assert (result.sanitized, result.modified) == (True, False), (name, result.messages)


def test_lines_hold_every_letter(drawn):
    made, advances = drawn
    low, high = [(0.0, -0.7, 1), (0.1, 1.2, 1), (0.2, -0.7, 1)], [(0.0, 0.0, 1), (0.1, 0.3, 1), (0.2, 0.0, 1)]
    for contour, ascent, descent in ((low, round(1.2 * 2048), round(0.7 * 2048)), (high, round(0.8 * 2048), round(0.2 * 2048))):
        font = TTFont(io.BytesIO(truetype({"p": [contour]}, {"p": 0.3})))
        os2, hhea = font["OS/2"], font["hhea"]
        assert os2.sTypoAscender == os2.usWinAscent == hhea.ascent == ascent
        assert -os2.sTypoDescender == os2.usWinDescent == -hhea.descent == descent
    x = TTFont(io.BytesIO(truetype(made | {"x": [SQUARE]}, advances | {"x": 0.7})))["OS/2"]
    assert x.sxHeight == 1024
    assert x.sCapHeight == round(2048 * max(c[:, 1].max() for c in made["H"]))


def test_the_same_letters_give_the_same_bytes(drawn):
    made, advances = drawn
    assert truetype(made, advances) == truetype(dict(reversed(made.items())), advances)


def test_points_that_fall_together_are_one():
    near = [(x + 1e-5 * k, y, on and k == 0) for x, y, on in SQUARE for k in (0, 1)]
    font = TTFont(io.BytesIO(truetype({"o": [near, SQUARE[:2], SQUARE[:1] * 5]}, {"o": 0.7})))
    assert points(font, "o") == 4
    assert all(font["glyf"]["o"].flags)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"family": "  "}, "family: a name of 1 to 63 printable characters is expected, got ''"),
        ({"family": "a\0b"}, "family: a name of 1 to 63"),
        ({"family": "a" * 64}, "family: a name of 1 to 63"),
        ({"outlines": {"ab": [SQUARE]}}, "one printable character, got 'ab'"),
        ({"outlines": {"\n": [SQUARE]}, "advances": {"\n": 1.0}}, "one printable character"),
        ({"advances": {}}, "there is none for the letters 'o'"),
        ({"advances": {"o": -0.1}}, "'o' is -0.1 em wide; 0 to 8.0 are possible"),
        ({"advances": {"o": float("nan")}}, "'o' is nan em wide"),
        ({"outlines": {"o": [[(9.0, 0, 1), (0, 1, 1), (1, 1, 1)]]}}, "'o' goes 9 em from its origin, 8.0 are possible"),
        ({"outlines": {"o": [[(float("inf"), 0, 1)] * 3]}}, "'o' goes inf em"),
        ({"outlines": {"o": [[(float("nan"), 0, 1)] * 3]}}, "'o' goes nan em"),
        ({"outlines": {"o": [[(0, 1)] * 3]}}, r"a contour of 'o' has the shape \(3, 2\)"),
    ],
)
def test_what_cannot_be_a_font(change, said):
    with pytest.raises(DataError, match=said):
        truetype(**({"outlines": {"o": [SQUARE]}, "advances": {"o": 0.7}} | change))


def test_far_steps_fit_into_sixteen_bits():
    far = [(-7.99, -7.99, 1), (-7.99, 7.99, 1), (7.99, 7.99, 1), (7.99, -7.99, 1)]
    font = TTFont(io.BytesIO(truetype({"o": [far]}, {"o": 0.7})))
    assert font["glyf"]["o"].xMax - font["glyf"]["o"].xMin == 2 * round(7.99 * 2048)


def test_a_full_disk_leaves_the_old_font(tmp_path, monkeypatch):
    path = tmp_path / "font.ttf"
    write(path, {"o": [SQUARE]}, {"o": 0.7})
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(path, {"o": [SQUARE]}, {"o": 0.9})
    with pytest.raises(DataError):
        write(path, {"o": [SQUARE]}, {})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["font.ttf"]


def test_without_fonttools_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(writing, "FontBuilder", None)
    with pytest.raises(ImportError, match=r"pip install 'diabolo\[fonts\]'"):
        truetype({"o": [SQUARE]}, {"o": 0.7})


# ── the word ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_word_is_one_path_spaced_by_the_advances():
    svg = word("oo", {"o": [SQUARE]}, {"o": 0.7})
    assert 'viewBox="0 -1638 2868 2048"' in svg
    assert re.findall(r"M(\d+) ", svg) == ["205", str(1434 + 205)]


def test_no_text_breaks_the_picture():
    svg = word("</script><b>&\0\n\"'o", {"o": [SQUARE]}, {"o": 0.7})
    tree = ET.fromstring(svg)
    assert tree[0].text == "</script><b>&\"'o"
    assert len(tree) == 2


def test_a_contour_of_control_points_alone_begins_half_way():
    circle = [(0.0, 0.0, 0), (0.0, 0.5, 0), (0.5, 0.5, 0), (0.5, 0.0, 0)]
    assert 'd="M0 -512Q0 -1024 512 -1024Q1024 -1024 1024 -512Q1024 0 512 0Q0 0 0 -512Z"' in word("o", {"o": [circle]}, {"o": 1})


# ── the same in the page ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [64, 32])
def test_the_page_draws_the_same_outlines(size, page, fields):
    rng = np.random.default_rng(0)
    some = list(fields.values())[:6] if size == 64 else [field(a, "DejaVuSans", 32)[0] for a in "Hag8"]
    some.append(upsampled(rng.normal(size=(6, 5)), 5))
    for f in some:
        here, there = outlines(f, BOX), in_page(page, f)
        assert [c.shape for c in here] == [c.shape for c in there]
        assert all(np.allclose(a, b, rtol=0, atol=1e-6) for a, b in zip(here, there, strict=True))


@pytest.mark.parametrize("kind", ["word", "blank", "characters"])
def test_the_page_writes_the_same_font(kind, page, drawn, tmp_path):
    ots = pytest.importorskip("pyots")
    many = {chr(c): [SQUARE] for c in [*range(0x21, 0x30), 0xE9, 0x416, 0xFFFD, 0x1F600]}
    made, advances = {"word": drawn, "blank": ({}, {}), "characters": (many, {a: 0.6 + i / 100 for i, a in enumerate(many)})}[
        kind
    ]
    here, there = truetype(made, advances, "My Font", "about"), font_in_page(page, made, advances, about="about")
    (tmp_path / "page.ttf").write_bytes(there)
    result = ots.sanitize(str(tmp_path / "page.ttf"), str(tmp_path / "clean.ttf"))
    assert (result.sanitized, result.modified) == (True, False), result.messages
    a, b = TTFont(io.BytesIO(here)), TTFont(io.BytesIO(there), checkChecksums=2)
    same = ["hhea", "hmtx", "maxp", "post", "gasp", "prep", *(["OS/2"] if kind != "characters" else [])]
    assert [tag for tag in same if a.getTableData(tag) != b.getTableData(tag)] == []
    assert {(n.nameID, n.toUnicode()) for n in a["name"].names} == {(n.nameID, n.toUnicode()) for n in b["name"].names}
    codes = {code: a.getGlyphID(name) for code, name in a.getBestCmap().items()}
    assert codes == {code: b.getGlyphID(name) for code, name in b.getBestCmap().items()}
    for one, other in zip(a.getGlyphOrder(), b.getGlyphOrder(), strict=True):
        one, other = a["glyf"][one], b["glyf"][other]
        if one.numberOfContours:
            assert (one.coordinates, one.endPtsOfContours) == (other.coordinates, other.endPtsOfContours)
            assert (np.array(one.flags) & 1 == np.array(other.flags) & 1).all()
    for letter in list(made)[:3]:
        assert (picture(opened(here), letter) == picture(opened(there), letter)).all()


def test_the_page_writes_the_same_word(page, drawn):
    made, advances = drawn
    plain = {a: [c.tolist() for c in some] for a, some in made.items()}
    text = "Ham <b>&\"'é"
    assert page.evaluate("(args) => m.word(...args)", [text, plain, advances]) == word(text, made, advances)


def test_chromium_loads_it_and_spaces_it(page, drawn):
    made, advances = drawn
    for font in (truetype(made, advances), font_in_page(page, made, advances)):
        width, drawn_left = page.evaluate(
            """async (data) => {
                const face = new FontFace("Ours", Uint8Array.from(data));
                document.fonts.add(await face.load());
                const context = new OffscreenCanvas(10, 10).getContext("2d");
                context.font = "1000px Ours";
                context.textRendering = "geometricPrecision";
                const all = context.measureText("Hamburg"), H = context.measureText("H");
                document.fonts.delete(face);
                return [all.width, -H.actualBoundingBoxLeft];
            }""",
            list(font),
        )
        assert width == pytest.approx(1000 * sum(advances[a] for a in "Hamburg"), abs=8)
        assert drawn_left == pytest.approx(1000 * min(c[:, 0].min() for c in made["H"]), abs=8)


def test_the_page_names_what_cannot_be_a_font(page):
    plain = [list(point) for point in SQUARE]
    for args, said in (
        ([{"o": [plain]}, {"o": 0.7}, " "], "a name of 1 to 63"),
        ([{"o": [plain]}, {}], "the width of o is NaN"),
        ([{"ab": [plain]}, {"ab": 1}], "not one printable character"),
        ([{"o": [[[9, 0, 1], [0, 1, 1], [1, 1, 1]]]}, {"o": 1}], "more than 7.9 em"),
    ):
        with pytest.raises(Exception, match=said):
            page.evaluate("(args) => { m.truetype(...args) }", args)
    with pytest.raises(Exception, match="finite numbers"):
        page.evaluate("() => { m.outlines({ data: [NaN], height: 1, width: 1 }) }")
