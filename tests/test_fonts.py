"""Fonts: faces of files, letters as fields, the manifold, its page and its benchmark."""

from __future__ import annotations

import json
import os
import re
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from sklearn.decomposition import PCA

from diabolo import Autoencoder, fonts, load, progress, storage
from diabolo.cli import cli
from diabolo.cli.fonts import EPILOG, saved
from diabolo.errors import DataError, FormatError
from diabolo.explorer.fonts import payload, program
from diabolo.fonts import bench, collection, decoder, fields, files, glyphs, learning, leveling, variants
from diabolo.fonts.files import Face, LeftOut, Named

try:
    import matplotlib
    from fontTools.colorLib.builder import buildCOLR, buildCPAL
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import TTCollection, TTFont
    from fontTools.ttLib.tables.TupleVariation import TupleVariation
except ImportError:
    pytest.skip("fonts need the extra `fonts`: fontTools, and matplotlib for its fonts", allow_module_level=True)

FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
SOME = [
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "cmr10",
    "cmss10",
]
LETTERS = "HOTi.1"


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few places to begin with."""
    monkeypatch.setattr(decoder, "GRID", 25)


def box(*, x: float = 50, width: float = 400, height: float = 700) -> object:
    """A rectangle as a glyph."""
    pen = TTGlyphPen(None)
    pen.moveTo((x, 0))
    for point in ((x, height), (x + width, height), (x + width, 0)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def made(letters: str, *, widths: dict[str, int] | None = None, axis: bool = False, blank: str = "") -> bytes:
    """A font of rectangles, no two letters alike; with an axis, its weight is variable."""
    names = [".notdef", *(f"u{ord(c):04X}" for c in letters)]
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(letters, names[1:], strict=True)})
    drawn = {name: box(height=300 + 20 * i) for i, name in enumerate(names)}
    drawn |= {name: TTGlyphPen(None).glyph() for c, name in zip(letters, names[1:], strict=True) if c in blank}
    builder.setupGlyf(drawn)
    builder.setupHorizontalMetrics({name: ((widths or {}).get(name[-1], 500), 50) for name in names})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Made", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    if axis:
        builder.setupFvar(
            [("wght", 100, 400, 900, "Weight")],
            [
                {"location": {"wght": 100}, "stylename": "Thin"},
                {"location": {"wght": 900}, "stylename": "Black"},
            ],
        )
        wider = [(0, 0), (0, 0), (200, 0), (200, 0), (0, 0), (200, 0), (0, 0), (0, 0)]
        builder.setupGvar({name: [TupleVariation({"wght": (0, 1, 1)}, wider)] for name in names})
    out = BytesIO()
    builder.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of eight faces."""
    folder = tmp_path_factory.mktemp("fonts")
    for name in SOME:
        (folder / f"{name}.ttf").write_bytes((FOLDER / f"{name}.ttf").read_bytes())
    return folder


@pytest.fixture(scope="module")
def faces(some: Path) -> fonts.Collection:
    return fonts.collected(some, LETTERS)


@pytest.fixture(scope="module")
def learned(faces: fonts.Collection) -> fonts.Manifold:
    return fonts.fit(faces, copies=2, rank=12, width=0.1, epochs=3, about="eight faces")


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_matplotlibs_fonts_those_with_all_letters_are_used_and_the_others_named() -> None:
    found = [one[0] if isinstance(one, tuple) else one for one in collection.each(FOLDER.parent, glyphs.LETTERS[:62])]
    used = [one for one in found if isinstance(one, Face)]
    out = {one.name: one.reason for one in found if isinstance(one, LeftOut)}
    assert len(used) == 22
    assert next(why for name, why in out.items() if "(Last Resort High-Efficiency)" in name) == "it draws A and B alike"
    assert out["ttf/STIXNonUni.ttf"] == "it has none of the letters"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not a font", "it cannot be read"),
        (made("AB"), "it lacks C"),
        (made("ABC", blank="B"), "it draws nothing for B"),
        (made("ABC", widths={"1": 9000}), "its widths are not those of letters"),
        (b"", "it cannot be read"),
    ],
)
def test_a_font_that_cannot_be_used_is_left_out_with_its_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "bad.ttf").write_bytes(data)
    (found,) = collection.each(tmp_path, "ABC")
    assert isinstance(found, LeftOut)
    assert found.reason.startswith(reason)
    with pytest.raises(DataError, match=reason):
        fonts.collected(tmp_path, "ABC")


def test_bitmap_and_color_fonts_are_left_out(tmp_path: Path) -> None:
    font = TTFont(BytesIO(made("ABC")))
    font["COLR"] = buildCOLR({"u0041": [("u0041", 0)]}, version=0)
    font["CPAL"] = buildCPAL([[(1, 0, 0, 1)]])
    font.save(tmp_path / "color.ttf")
    font = TTFont(BytesIO(made("ABC")))
    del font["glyf"], font["loca"]
    font.save(tmp_path / "bitmap.ttf")
    reasons = {one.name: one.reason for one in collection.each(tmp_path, "ABC") if isinstance(one, LeftOut)}
    assert reasons == {"color.ttf": "it is a color font", "bitmap.ttf": "it has no outlines, only bitmaps"}


def test_a_symbol_font_is_left_out(tmp_path: Path) -> None:
    font = TTFont(BytesIO(made("ABC")))
    font["cmap"].tables = font["cmap"].tables[-1:]
    font["cmap"].tables[0].platformID, font["cmap"].tables[0].platEncID = 3, 0
    font.save(tmp_path / "symbols.ttf")
    (found,) = collection.each(tmp_path, "ABC")
    assert found == LeftOut("symbols.ttf", "it is a symbol font")


@pytest.mark.parametrize("letters", [glyphs.SMALL, glyphs.CAPITALS, glyphs.LETTERS])
def test_mathematical_symbols_are_no_letters(letters: str) -> None:
    """cmex10 has brackets in place of letters, and cmsy10 of small ones: its capitals are calligraphic."""
    for name in ("cmex10", "cmsy10", "cmmi10"):
        (found,) = collection.each(FOLDER / f"{name}.ttf", letters)
        symbols = name == "cmex10" or (name == "cmsy10" and letters != glyphs.CAPITALS)
        assert isinstance(found, LeftOut) == symbols
        assert not isinstance(found, LeftOut) or found.reason.startswith("it is a symbol font: ")


def test_one_letter_that_hangs_below_the_line_is_a_letter(tmp_path: Path) -> None:
    font = TTFont(BytesIO(made("gx")))
    for name in ("u0067", "u0078"):
        font["glyf"][name] = box(height=-600)
    font.save(tmp_path / "low.ttf")
    (low,), (symbols,) = collection.each(tmp_path, "g"), collection.each(tmp_path, "x")
    assert isinstance(low, tuple)
    assert isinstance(symbols, LeftOut)


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "made.ttf").write_bytes(made("ABC"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "mine" / "twin").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "loop").symlink_to(tmp_path / "mine")
    assert [name for name, _ in files.files(tmp_path / "mine")] == ["link/made.ttf"]


def test_no_two_faces_have_one_name(tmp_path: Path) -> None:
    for i in range(3):
        font = TTFont(BytesIO(made("ABC")))
        font["glyf"]["u0041"] = box(height=600 + 50 * i)
        font.save(tmp_path / f"{i}.ttf")
    found = fonts.collected(tmp_path, "ABC")
    assert [(face.name, face.family) for face in found.faces] == [("Made", "Made"), ("Made 2", "Made"), ("Made 3", "Made")]


def test_of_fonts_with_two_letters_these_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "two.ttf").write_bytes(made("AB"))
    with pytest.raises(DataError, match="it lacks C D; ask for fewer letters, those that the fonts have"):
        fonts.collected(tmp_path, "ABCD")
    assert fonts.collected(tmp_path, "AB").letters == "AB"


def test_what_only_looks_like_a_font_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a zip, other files are passed by; a folder and a pipe are no font files, and what is huge is not read."""
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("made.ttf", made("ABC"))
        archive.writestr("notes.txt", b"no font")
        archive.writestr("../../evil.ttf", made("ABC")[:300])
        archive.writestr("huge.otf", bytes(3000))
    monkeypatch.setattr(files, "LARGEST", 2000)
    found = list(collection.each(tmp_path / "some.zip", "ABC"))
    assert [one.reason for one in found if isinstance(one, LeftOut)][1:] == ["it cannot be read (it is too large for a font)"]
    assert sum(isinstance(one, tuple) for one in found) == 1
    folder = tmp_path / "folder"
    (folder / "folder.ttf").mkdir(parents=True)
    os.mkfifo(folder / "pipe.ttf")
    (folder / "huge.ttf").write_bytes(bytes(3000))
    (huge,) = collection.each(folder, "ABC")
    assert huge == LeftOut("huge.ttf", "it cannot be read (it is too large for a font)")


def test_a_variable_font_is_several_faces(tmp_path: Path) -> None:
    (tmp_path / "variable.ttf").write_bytes(made("ABC", axis=True))
    found = fonts.collected(tmp_path, "ABC")
    assert [face.name for face in found.faces] == ["Made Thin", "Made Black"]
    thin, black = found.pictures[:, 0].sum((1, 2), dtype=int)
    assert black > 1.3 * thin


def test_a_collection_is_several_faces_and_none_comes_twice(tmp_path: Path) -> None:
    both = TTCollection()
    both.fonts = [TTFont(BytesIO(made("ABC"))), TTFont(BytesIO(made("ABC")))]
    both.save(tmp_path / "two.ttc")
    face, again = collection.each(tmp_path, "ABC")
    assert isinstance(face, tuple)
    assert isinstance(again, LeftOut)
    assert again == LeftOut("two.ttc (Made)", "its letters are those of two.ttc (Made)")


def test_of_two_files_with_one_face_both_are_named(tmp_path: Path) -> None:
    for name in ("first.ttf", "second.ttf"):
        (tmp_path / name).write_bytes(made("ABC"))
    _, again = collection.each(tmp_path, "ABC")
    assert again == LeftOut("second.ttf (Made)", "its letters are those of first.ttf (Made)")


def test_folder_zip_file_and_woff2_give_the_same_faces(some: Path, tmp_path: Path, faces: fonts.Collection) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        for path in sorted(some.iterdir()):
            archive.write(path, f"deep/{path.name}")
            archive.writestr(f"__MACOSX/deep/._{path.name}", b"no font")
    zipped = fonts.collected(tmp_path / "some.zip", LETTERS)
    assert zipped.faces == faces.faces
    assert (zipped.fields == faces.fields).all()
    font = TTFont(some / "cmr10.ttf")
    font.flavor = "woff2"
    font.save(tmp_path / "cmr10.woff2")
    one = fonts.collected(tmp_path / "cmr10.woff2", LETTERS)
    assert (one.pictures[0] == faces.pictures[[face.name for face in faces.faces].index("cmr10")]).all()


def test_without_fonts_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no font file in"):
        fonts.collected(tmp_path)
    with pytest.raises(DataError, match="there is no file or folder"):
        fonts.collected(tmp_path / "absent")
    (tmp_path / "text.txt").write_text("no font")
    with pytest.raises(DataError, match="is no font"):
        fonts.collected(tmp_path / "text.txt")
    with pytest.raises(DataError, match="there is no file or folder ''"):
        fonts.collected("")
    os.mkfifo(tmp_path / "pipe.ttf")
    with pytest.raises(DataError, match="is neither a file nor a folder"):
        fonts.collected(tmp_path / "pipe.ttf")


def test_a_name_holds_nothing_that_a_terminal_obeys_and_what_a_file_lacks_is_said(tmp_path: Path) -> None:
    font = TTFont(BytesIO(made("ABC")))
    font["name"].setName("Evil\x1b[31m\nred", 1, 3, 1, 0x409)
    font.save(tmp_path / "a.ttf")
    del font["hmtx"]
    font.save(tmp_path / "b.ttf")
    (tmp_path / "c.ttc").write_bytes(b"ttcf" + bytes((0, 1, 0, 0)) + bytes(4))
    named, *out = collection.each(tmp_path, "ABC")
    assert isinstance(named, tuple)
    assert named[0].named.name == "Evil [31m red"
    assert [one.reason for one in out if isinstance(one, LeftOut)] == [
        "it cannot be read (it has no 'hmtx')",
        "it is a collection of no faces",
    ]


def test_the_fonts_of_this_computer_are_found_and_matplotlibs_are_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [])
    assert {name for name, _ in files.files("system")} >= {"DejaVuSans.ttf", "cmr10.ttf"}


# ── letters and fields ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_letter_stands_on_the_baseline_with_the_middle_of_its_advance_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "made.ttf").write_bytes(made("A"))
    (face,) = files.faces(tmp_path, "A")
    pictures, advances = glyphs.drawn(face, "A")
    x0, _, x1, y1 = glyphs.BOX
    em = glyphs.PIXELS / (x1 - x0)
    rows, columns = np.nonzero(pictures[0] > 127)
    assert advances.tolist() == [0.5]
    assert abs(rows.max() + 1 - y1 * em) <= 1
    assert abs(columns.min() - (-x0 - 0.25 + 0.05) * em) <= 1
    assert abs(columns.max() + 1 - (-x0 - 0.25 + 0.45) * em) <= 1


def test_the_field_of_a_disk_is_its_signed_distance() -> None:
    m, s, r = 256, 32, 5.3  # cells
    y, x = (np.mgrid[: m * 4, : m * 4] + 0.5) / (4 * m / s) - s / 2
    ink = (np.hypot(x, y) < r).reshape(m, 4, m, 4).mean((1, 3))
    found = fields.field(np.rint(255 * ink).astype(np.uint8), s)
    j, i = np.mgrid[:s, :s] + 0.5 - s / 2
    truth = np.clip(r - np.hypot(i, j), -fields.REACH, fields.REACH)
    assert np.abs(found - truth).max() < 0.06
    assert np.abs(fields.coverage(found) - fields.shrunk(np.rint(255 * ink).astype(np.uint8), s)).max() < 0.1


def test_a_letter_is_changed_as_told(faces: fonts.Collection) -> None:
    f, zero = torch.from_numpy(faces.fields), torch.zeros(len(faces))
    same = variants.changed(f, zero + 1, zero + 1, zero, zero)
    assert torch.allclose(same, f, atol=1e-5)

    def spans(part: torch.Tensor) -> tuple[int, int]:
        ink = part[0, 0] > 0
        return int(ink.any(0).sum()), int(ink.any(1).sum())

    wide, tall = spans(f)
    assert spans(variants.changed(f, zero + 1.3, zero + 1, zero, zero))[0] >= 1.2 * wide
    assert spans(variants.changed(f, zero + 1, zero + 1.3, zero, zero))[1] >= 1.2 * tall
    slanted = variants.changed(f, zero + 1, zero + 1, zero + 0.3, zero)[0, LETTERS.index("i")] > 0
    columns = [torch.nonzero(row).float().mean() for row in slanted if row.any()]
    assert columns[0] > columns[-1] + 1  # to the right at the top
    assert (variants.changed(f, zero + 1, zero + 1, zero, zero + 0.5) > f).all()


def test_copies_differ_by_little_or_by_much_in_all(faces: fonts.Collection) -> None:
    how = variants.changes(20_000, np.random.default_rng(0))
    low, high = variants.FAR
    usual = ((high**3 - low**3) / (high - low) / 3) ** 0.5  # the root of the mean square of what is uniform between these
    for name, by in how.items():
        assert np.isclose(by.std(), usual * variants.LIKE[name], rtol=0.03)
    slant, bold = (np.abs(how[name]) > 2 * how[name].std() for name in ("slant", "bold"))
    assert (slant & bold).mean() > 1.5 * slant.mean() * bold.mean()  # what is far in one is far in others
    rows = variants.varied(faces, 2, np.random.default_rng(0))
    assert np.abs(rows.take(slice(0, len(faces))).numpy() - faces.fields.clip(-variants.NEAR, variants.NEAR)).max() < 0.01
    assert (rows.fields[len(faces) : 2 * len(faces)] != rows.fields[: len(faces)]).any(1).all()


def test_faces_are_handled_in_pieces(faces: fonts.Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 24 rows, no step has more than eight as floats: at 16,000 rows all of them would be 5 GB."""
    for module, name, value in (
        (variants, "PIECE", 4), (learning, "PIECE", 4), (learning, "SAMPLE", 8), (learning, "PLACED", 8), (leveling, "PART", 4),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    taken = []
    cells = variants.Varied.cells
    monkeypatch.setattr(variants.Varied, "cells", staticmethod(lambda stored: taken.append(len(stored)) or cells(stored)))
    copied = variants.copied
    monkeypatch.setattr(variants, "copied", lambda some, *how: taken.append(len(some)) or copied(some, *how))
    fonts.fit(faces, copies=2, rank=4, epochs=0)
    assert 0 < max(taken) <= 8


# ── the manifold ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_training_draws_the_faces_better_than_the_start(faces: fonts.Collection, learned: fonts.Manifold) -> None:
    before = fonts.fit(faces, copies=2, rank=12, width=0.1, epochs=0)
    pictures = faces.pictures.astype(np.float32) / 255
    errors = [m.placed(pictures, faces.advances, LETTERS)[1].mean() for m in (before, learned)]
    assert errors[1] < errors[0]


def test_a_learned_face_is_found_again_near_its_place(faces: fonts.Collection, learned: fonts.Manifold) -> None:
    found, errors = learned.placed(faces.pictures.astype(np.float32) / 255, faces.advances, LETTERS)
    blank = np.square(faces.pictures.astype(np.float32) / 255 - (faces.pictures.mean(0) / 255)).mean((1, 2, 3))
    assert (errors < blank).all()
    mono = [face.name for face in faces.faces].index("DejaVu Sans Mono")
    assert learned.nearest(found[mono]) == "DejaVu Sans Mono"


def test_the_best_place_is_no_worse_than_any_of_the_grid(faces: fonts.Collection, learned: fonts.Manifold) -> None:
    pictures = faces.pictures[:1].astype(np.float32) / 255
    place, error = learned.placed(pictures[:, :3], faces.advances[:1, :3], "HOT")
    x0, x1, y0, y1 = learned.box

    def loss(at: tuple[float, float]) -> float:
        z = torch.tensor([at])
        fields_, advances, offsets = learned.decoder.some(z, [0, 1, 2])
        ink = decoder.expected(fields_, offsets)[0].detach().numpy()
        wide = advances[0].detach().numpy() - faces.advances[0, :3]
        return float(np.square(ink - pictures[0, :3]).mean() + decoder.SPACING * np.square(wide).mean())

    best = loss(tuple(place[0].tolist()))
    assert error[0] <= best + 1e-6
    xs, ys = (np.linspace(a, b, decoder.GRID)[::4].tolist() for a, b in ((x0, x1), (y0, y1)))
    assert all(best <= loss((x, y)) + 1e-5 for x in xs for y in ys)


def test_more_starts_find_better_places(
    faces: fonts.Collection, learned: fonts.Manifold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the best place of a coarse grid alone, the descent may end in a hollow that is not the deepest."""
    monkeypatch.setattr(decoder, "GRID", 6)
    monkeypatch.setattr(decoder, "CHUNK", 6)
    mixed = (faces.pictures.astype(np.float32) + faces.pictures[::-1]) / 510
    advances = (faces.advances + faces.advances[::-1]) / 2

    def errors(starts: int) -> np.ndarray:
        monkeypatch.setattr(decoder, "STARTS", starts)
        places, found = learned.placed(mixed, advances, LETTERS)
        wide = [np.square(learned.at(z).advances - a).mean() for z, a in zip(places, advances, strict=True)]
        return found + decoder.SPACING * np.asarray(wide)

    one, four = errors(1), errors(4)
    assert (four <= one + 1e-6).all()
    assert (four < 0.99 * one).any()


def two_lines() -> tuple[decoder.Decoder, variants.Varied]:
    """Of two thin lines beside one another the mean is no line."""
    x = torch.arange(32).float().expand(32, 32)
    inside = 8 - (torch.arange(32) - 15.5).abs()[:, None]
    lines = torch.stack([torch.minimum(0.7 - (x - at).abs(), inside) for at in (14.0, 16.0)])
    rows = variants.Varied(variants.as_bytes(lines[:, None]), np.ones((2, 1), np.float32), (1, 32))
    before = decoder.Decoder(2, 1, 1, 1, 32, 0.3)
    with torch.no_grad():
        before.places.copy_(torch.tensor([[-0.3, 0.0], [0.3, 0.0]]))
        before.values.copy_(torch.tensor([[-1.0], [1.0]]))
        before.mix.weight.copy_(torch.tensor([[1.0], [0.0], [0.0]]))
        before.mix.bias.zero_()
        first, last = (rows.take([i]).flatten() for i in (0, 1))
        before.draw.copy_(((last - first) / 2)[None, :, None])
        before.level.copy_((first + last)[None] / 2)
    return before.requires_grad_(False), rows


def test_a_letter_that_comes_apart_between_two_faces_is_raised() -> None:
    before, rows = two_lines()
    with torch.no_grad():
        after = leveling.leveled(before, rows, 2, np.random.default_rng(0))
        z = torch.stack([torch.linspace(-0.3, 0.3, 9), torch.zeros(9)], 1)
        (old, _, lower), (new, _, lowered) = before.some(z, [0]), after.some(z, [0])
    assert leveling.euler(old[:, 0].numpy())[:, 0].tolist() != [1] * 9
    assert leveling.euler(new[:, 0].numpy())[:, 0].tolist() == [1] * 9
    assert torch.allclose(decoder.expected(old, lower), decoder.expected(new, lowered), atol=1e-5)


def test_letters_that_come_apart_are_named_and_examples_have_none() -> None:
    manifold = fonts.shipped()
    assert {*"03y"} <= {*fonts.incomplete(manifold, (0.4, 1.1))}
    assert fonts.incomplete(manifold, (0.4, 1.1), "Hello") == ""
    said = EPILOG + (Path(__file__).parents[1] / "docs" / "fonts.md").read_text()
    places = {tuple(map(float, found)) for found in re.findall(r"--at (-?[\d.]+),(-?[\d.]+)", said)}
    assert places
    assert [fonts.incomplete(manifold, place) for place in places] == [""] * len(places)


def test_what_fades_between_two_faces_is_named() -> None:
    before, _ = two_lines()
    faces = [Named(name, name, 400, False) for name in ("Left", "Right")]
    manifold = fonts.Manifold("I", before, before.places.numpy(), faces, "", np.zeros((2, 1, 32, 32), np.uint8))
    assert fonts.incomplete(manifold, (0, 0)) == "I"
    assert fonts.incomplete(manifold, before.places[0]) == ""


def test_pieces_and_holes_are_counted() -> None:
    y, x = np.mgrid[:32, :32] - 15.5
    disc, ring = 5 - np.hypot(x, y), 2 - abs(np.hypot(x, y) - 8)
    two = np.maximum(3 - np.hypot(x - 8, y), 3 - np.hypot(x + 8, y))
    found = leveling.euler(np.stack([disc, ring, two, -disc]), -3.0, 3.0, 3)
    assert found.tolist() == [[1, 1, 1], [0, 0, 0], [0, 2, 2], [0, 0, 0]]


def test_far_away_the_nearest_face_is_drawn(learned: fonts.Manifold) -> None:
    far = learned.at((1e4, 0.0))
    assert np.isfinite(far.fields).all()
    assert np.isfinite(far.advances).all()


def test_some_letters_are_those_of_all(learned: fonts.Manifold) -> None:
    every, some_ = learned.at((0.1, 0.2)), learned.at((0.1, 0.2), "iTi")
    assert some_.letters == "iT"
    for i, c in enumerate("iT"):
        assert np.allclose(some_.fields[i], every.fields[LETTERS.index(c)], atol=1e-5)
        assert np.isclose(some_.advances[i], every.advances[LETTERS.index(c)], atol=1e-6)
    x0, _, x1, _ = some_.box(0)
    assert np.isclose((x0 + x1) / 2, some_.advances[0] / 2)


def test_bad_places_and_letters_are_told(learned: fonts.Manifold) -> None:
    with pytest.raises(DataError, match=r"'x' '\?': this map has only the letters HOTi.1"):
        learned.at((0, 0), "Tx?")
    for place in ((0.0,), (0.0, np.nan), (1.0, 2.0, 3.0)):
        with pytest.raises(DataError, match="give two finite numbers"):
            learned.at(place)
    with pytest.raises(DataError, match="is too far away: all fonts are within"):
        learned.at((1e308, 0.0))
    with pytest.raises(DataError, match="did you mean 'DejaVu Sans Bold'"):
        learned.where("DejaVu Sans Bolt")
    assert learned.where("dejavu sans bold").shape == (2,)


def test_a_file_gives_the_same_bits_and_the_same_file(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "one.diabolo")
    again = fonts.load(tmp_path / "one.diabolo")
    assert (again.at((0.3, -0.4)).fields == learned.at((0.3, -0.4)).fields).all()
    assert (again.pictures == learned.pictures).all()
    assert again.faces == learned.faces
    again.save(tmp_path / "two.diabolo")
    assert (tmp_path / "one.diabolo").read_bytes() == (tmp_path / "two.diabolo").read_bytes()


def test_a_damaged_or_other_file_is_refused(learned: fonts.Manifold, tmp_path: Path) -> None:
    path = tmp_path / "fonts.diabolo"
    learned.save(path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="checksum"):
        fonts.load(path)
    Autoencoder(n_components=1, epochs=1).fit(np.eye(6)).save(path)
    with pytest.raises(FormatError, match="it holds 'Autoencoder', not 'FontManifold'"):
        fonts.load(path)


def test_a_file_of_another_version_is_refused(learned: fonts.Manifold, tmp_path: Path) -> None:
    path = tmp_path / "fonts.diabolo"
    learned.save(path)
    meta, arrays = storage.read(path, "FontManifold")
    del arrays["mix"]
    storage.write(path, "FontManifold", meta, arrays)
    with pytest.raises(FormatError, match="it was written by another version of diabolo: learn the map again, with --fit"):
        fonts.load(path)


def test_the_same_seed_gives_the_same_manifold(faces: fonts.Collection) -> None:
    one, two = (fonts.fit(faces, copies=1, rank=4, epochs=1, seed=3) for _ in range(2))
    assert (one.at((0, 0)).fields == two.at((0, 0)).fields).all()


def test_a_map_of_some_letters_alone(learned: fonts.Manifold) -> None:
    alone = fonts.alone(learned, "OT")
    assert (alone.letters, alone.faces) == ("OT", learned.faces)
    of_all = [learned.at(place, "OT") for place in learned.places]
    of_two = [alone.at(place) for place in alone.places]
    off = np.mean(
        [np.abs(fields.coverage(a.fields) - fields.coverage(b.fields)).mean() for a, b in zip(of_all, of_two, strict=True)]
    )
    assert off < 0.05
    for letters, said in (("x", "this map has only the letters HOTi.1"), (" ", "give one letter or more of HOTi.1")):
        with pytest.raises(DataError, match=said):
            fonts.alone(learned, letters)


def test_each_phase_of_a_map_of_one_letter_says_what_it_does(
    learned: fonts.Manifold, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress.Lines, "wait", 0.0)
    fonts.alone(learned, "O", progress=True)
    said = capfd.readouterr().err
    for words in ("changing 8 faces", "placing 24 faces side by side", "looking for the parts", "mending letters"):
        assert f"Fonts: {words}" in said


def test_two_faces_are_too_few(faces: fonts.Collection) -> None:
    with pytest.raises(DataError, match="there are 2 faces: a manifold needs at least 3"):
        fonts.fit(faces.take([0, 1]))
    with pytest.raises(DataError, match="there is 1 face: a manifold needs at least 3"):
        fonts.fit(faces.take([0]))


def test_one_face_is_of_one_family(some: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(cli, ["fonts", "--fit", str(some / "cmr10.ttf"), "-o", str(tmp_path / "a"), "--letters", "a"])
    assert "1 face of 1 family, 0 left out" in result.output


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_program_of_the_page_decodes_what_python_decodes(learned: fonts.Manifold) -> None:
    z = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    with torch.no_grad():
        truth = learned.decoder(torch.from_numpy(z)).numpy()
    assert np.allclose(program(learned.decoder).run(z), truth, rtol=1e-5, atol=1e-5)


def test_the_payload_says_where_the_letters_are(learned: fonts.Manifold) -> None:
    found = payload(learned, "HOT", place=(0.5, 0.25))
    told, out = found.head["fonts"], program(learned.decoder).run(np.array([[0.5, 0.25]]))[0]
    glyph = learned.at((0.5, 0.25), "T")
    cells, start = told["size"] ** 2, told["letters"].index("T") * told["step"]
    assert np.allclose(out[start : start + cells], glyph.fields[0].ravel(), atol=1e-5)
    assert np.isclose(out[start + cells] * told["unit"], glyph.advances[0], atol=1e-5)
    assert found.head["ids"] == [face.name for face in learned.faces]
    json.dumps(found.head, allow_nan=False)


def test_the_page_begins_at_a_font_that_was_learned(learned: fonts.Manifold) -> None:
    """Between fonts, letters are less regular."""
    place = np.array(payload(learned, "HOT").head["fonts"]["place"], dtype=np.float32)
    assert (place == learned.places).all(1).any()


# ── the verbs ────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_bench_compares_with_the_plane_and_the_nearest(learned: fonts.Manifold, some: Path, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    with (
        pytest.warns(UserWarning, match="8 of 8 fonts are not unseen"),
        pytest.warns(UserWarning, match="not learned all of a to z: fonts are compared by"),
    ):
        said = run("bench", "fonts", some, "--model", tmp_path / "fonts.diabolo", "--json", tmp_path / "found.json")
    assert "below pca2" in said
    assert "manifold: more than ten times above nearest" in said  # they were learned, and it is exact
    found = json.loads((tmp_path / "found.json").read_text())
    assert {"manifold", "pca2", "nearest", "advance", "manifold IoU", "nearest SSIM", "pca2 L1"} <= set(found)
    assert found["nearest"] < 1e-6  # they were learned
    assert 0 < found["manifold"] < 0.1
    assert np.isclose(found["manifold"], np.mean([row["manifold"] for row in found["rows"]]))
    assert found["nearest IoU"] > 0.9


def test_the_plane_is_that_of_principal_components(learned: fonts.Manifold) -> None:
    x = learned.pictures.reshape(len(learned.faces), -1).astype(np.float64) / 255
    truth = PCA(2).fit(x)
    y = x[0] + 0.1
    mine = bench.Anchors.of(learned, bench.compared(LETTERS)).pca2(y.astype(np.float32))
    assert np.allclose(mine, truth.inverse_transform(truth.transform(y[None]))[0], atol=1e-4)


def test_ssim_is_one_for_the_same_and_less_for_noise() -> None:
    rng = np.random.default_rng(0)
    one = rng.random((2, 32, 32))
    assert bench.ssim(one, one) == 1
    assert bench.ssim(one, rng.random((2, 32, 32))) < 0.3


def test_fit_names_what_is_left_out_and_writes_a_model(some: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "LETTERS", LETTERS)
    monkeypatch.setattr(fonts, "collected", lambda source, letters, say: collection.collected(source, LETTERS, say=say))
    monkeypatch.setattr(fonts, "fit", lambda faces, **more: learning.fit(faces, copies=1, rank=4, epochs=1, **more))
    (some / "broken.ttf").write_bytes(b"nothing")
    said = run("fonts", "--fit", some, "-o", tmp_path / "mine.diabolo")
    (some / "broken.ttf").unlink()
    assert "left out broken.ttf: it cannot be read" in said
    assert "8 faces of" in said
    assert len(fonts.load(tmp_path / "mine.diabolo").faces) == 8


def test_a_target_that_cannot_be_written_is_found_out_before_the_work(some: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="its folder does not exist"):
        run("fonts", "--fit", some, "-o", tmp_path / "absent" / "mine.diabolo")
    with pytest.raises(DataError, match="there is a folder of this name"):
        run("fonts", "--fit", some, "-o", tmp_path)


def test_the_map_of_one_letter_writes_this_letter(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    mine = ("fonts", "--model", tmp_path / "fonts.diabolo", "--letter", "O")
    run(*mine, "--at", "0,0", "--svg", tmp_path / "word.svg")
    assert "<title>O</title>" in (tmp_path / "word.svg").read_text()
    run(*mine, "--export", tmp_path / "page.html")
    result = CliRunner().invoke(cli, ["fonts", "--letters", " "])
    assert result.exit_code == 2
    assert "give one letter or more" in result.output


def test_export_writes_one_page(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    run("fonts", "--model", tmp_path / "fonts.diabolo", "--text", "HOT", "--export", tmp_path / "page.html")
    assert b"<title>Fonts" in (tmp_path / "page.html").read_bytes()


def test_letters_that_were_not_learned_are_named(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    with pytest.warns(UserWarning, match="é x: not among the letters of this map; the page draws a box for each"):
        run("fonts", "--model", tmp_path / "fonts.diabolo", "--text", "Hé Tx", "--export", tmp_path / "page.html")


def test_too_far_away_is_said_before_what_lies_outside(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    for target in (("--svg", tmp_path / "word.svg", "--text", "HOT"), ("--export", tmp_path / "page.html")):
        with pytest.raises(DataError, match="is too far away"):
            run("fonts", "--model", tmp_path / "fonts.diabolo", "--at", "1e308,0", *target)


def test_a_place_becomes_a_font_file_and_a_picture(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    where = ("fonts", "--model", tmp_path / "fonts.diabolo", "--at", "0.1,0.2")
    run(*where, "--ttf", tmp_path / "mine.ttf", "--family", "Mine", "--svg", tmp_path / "word.svg", "--text", "HOT")
    font, glyph = TTFont(tmp_path / "mine.ttf"), learned.at((0.1, 0.2), "H")
    assert font["name"].getBestFamilyName() == "Mine"
    assert {ord(c) for c in LETTERS} <= set(font.getBestCmap())
    advance = font["hmtx"][font.getBestCmap()[ord("H")]][0] / font["head"].unitsPerEm
    assert abs(advance - glyph.advances[0]) < 0.001
    (face,) = files.faces(tmp_path / "mine.ttf", "H")
    pictures, _ = glyphs.drawn(face, "H")
    ink = fields.coverage(glyph.fields[0])
    assert np.abs(fields.shrunk(pictures)[0] - ink).mean() < 0.02
    assert "<svg" in (tmp_path / "word.svg").read_text()


def test_info_and_load_know_what_a_map_of_fonts_is(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    assert "8 faces of fonts, 6 letters" in run("info", tmp_path / "fonts.diabolo")
    with pytest.raises(FormatError, match="it holds a map of fonts"):
        load(tmp_path / "fonts.diabolo")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fit", "folder"], "--fit and -o belong together"),
        (["-o", "a.diabolo"], "--fit and -o belong together"),
        (["--ttf", "a.ttf"], "need a place"),
        (["--at", "1"], "give two numbers"),
        (["--at", "1,x"], "give two numbers"),
        (["--at", "nan,0"], "give two finite numbers"),
        (["--at", "0,inf", "--export", "a.html"], "give two finite numbers"),
        (["--at", "1,1", "--svg", "a.svg", "--text", "  "], "there is nothing to write"),
        (["--at", "1,2", "--face", "Lato"], "give one of them"),
        (["--fit", "folder", "-o", "a.diabolo", "--at", "1,2"], "--at does not go with --fit"),
        (["--fit", "folder", "-o", "a.diabolo", "--text", "x"], "--text does nothing with --fit"),
        (["--export", "a.html", "--port", "8123"], "--port does nothing with --export"),
        (["--at", "1,1", "--ttf", "a.x", "--svg", "a.x"], "--ttf and --svg name the same file"),
        (["--fit", "folder", "-o", "a.diabolo", "--seed", "-1"], "Invalid value for '--seed'"),
        (["--at", "1,1", "--svg", "a.svg", "--family", "Mine"], "--family does nothing with --svg"),
        (["--at", "1,1", "--ttf", "a.ttf", "--text", "Hi"], "--text does nothing with --ttf"),
        (["--at", "1,1", "--ttf", "a.ttf", "--svg", "a.svg", "--port", "8123"], "--port does nothing with --ttf and --svg"),
        (["--seed", "3"], "--seed does nothing with the page in the browser"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, ["fonts", *arguments])
    assert result.exit_code == 2
    assert said in result.output


def test_two_names_of_one_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    result = CliRunner().invoke(cli, ["fonts", "--at", "1,1", "--ttf", f"{tmp_path}/a.x", "--svg", f"{tmp_path}/link/a.x"])
    assert result.exit_code == 2
    assert "--ttf and --svg name the same file" in result.output


def test_a_learned_name_is_warned_of_and_a_wrong_word_writes_nothing(learned: fonts.Manifold, tmp_path: Path) -> None:
    learned.save(tmp_path / "fonts.diabolo")
    where = ("fonts", "--model", tmp_path / "fonts.diabolo", "--face", "cmr10", "--ttf", tmp_path / "mine.ttf")
    with pytest.raises(DataError, match="this map has only the letters"):
        run(*where, "--svg", tmp_path / "word.svg", "--text", "Hé")
    assert not (tmp_path / "mine.ttf").exists()
    with pytest.warns(UserWarning, match="--family 'dejavu sans' is the name of a font that was learned"):
        run(*where, "--family", "dejavu sans")


SHIPPED = Path(fonts.__file__).parents[1] / "weights" / "fonts.diabolo"


def test_the_shipped_manifold_writes_a_page_of_at_most_8_mb(tmp_path: Path) -> None:
    run("fonts", "--export", tmp_path / "fonts.html")
    assert (tmp_path / "fonts.html").stat().st_size <= 8_000_000


def test_the_shipped_manifold_draws_letters_that_differ() -> None:
    shipped = fonts.shipped()
    for place in shipped.places[::100]:
        drawn = shipped.at(place)
        assert (drawn.fields > 0).any((1, 2)).mean() > 0.9
        assert ((drawn.advances > 0.05) & (drawn.advances < 1.5)).all()
    assert Image.fromarray(shipped.pictures[0, 0]).size == (32, 32)
    notice = SHIPPED.with_name("FONTS.txt").read_text(encoding="utf-8").replace(" ", "")
    assert all(face.family.split()[0] in notice for face in shipped.faces)


def test_two_words_and_a_place_outside_of_the_map(tmp_path, capsys):
    path = tmp_path / "word.svg"
    with pytest.warns(UserWarning, match=r"the place 50,-120 is outside of the map, which has fonts for x from .* and y from"):
        saved(fonts.shipped(), (50.0, -120.0), "Hi all", None, path, "Diabolo")
    assert "<title>Hi all</title>" in path.read_text()
