#!/usr/bin/env bash
# A TrueType font without instructions is drawn with other outlines than its own, unless its prep program has 8 bytes or more.
#
# Versions: Pillow 13.0.0 (FreeType 2.14.3), fontTools 4.68.0, numpy 2.4.6, matplotlib 3.11.2 (for DejaVu Sans).
# Seen: all instructions are taken out of DejaVu Sans, so that nothing says how to hint it. Pillow, at its defaults, draws its
# letters fitted to the pixels all the same: FreeType hints such a font itself. At 64 pixels an H is 47 rows high, where the
# outline has 46.66. The same font with a prep program that only sets how thin parts are drawn is fitted to the pixels
# while this program has 7 bytes, and is drawn as it is with one byte more, although the program says nothing of hinting. So what
# a generated font looks like, and any measure of its pictures, depends on the length of a program: 9 to 16 % of the ink
# at 64 pixels, 2 to 4 % at 250.
# Expected: a font without glyph programs is drawn as its outlines say, or is hinted, whatever the length of its prep program.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check \
  numpy==2.4.6 pillow==13.0.0 fonttools==4.68.0 matplotlib==3.11.2

"$work/venv/bin/python" -I - <<'PY'
import io
from pathlib import Path

import matplotlib
import numpy as np
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables.ttProgram import Program
from PIL import Image, ImageDraw, ImageFont

SOURCE = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
THIN = bytes.fromhex("b801ff85")  # PUSHW 511, SCANCTRL: 4 bytes
KIND = bytes.fromhex("b0048d")  # PUSHB 4, SCANTYPE: 3 bytes
CLEAR = bytes.fromhex("22")  # empties the stack: 1 byte


def bare(prep):
    """DejaVu Sans with no instructions but these."""
    font = TTFont(SOURCE)
    for table in ("fpgm", "prep", "cvt ", "gasp"):
        if table in font:
            del font[table]
    for name in font["glyf"].keys():
        glyph = font["glyf"][name]
        if hasattr(glyph, "program"):
            glyph.program = Program()
            glyph.program.fromBytecode(b"")
    if prep:
        font["prep"] = newTable("prep")
        font["prep"].program = Program()
        font["prep"].program.fromBytecode(prep)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def drawn(font, letter, size):
    face = ImageFont.truetype(io.BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)
    image = Image.new("L", (2 * size, 2 * size))
    ImageDraw.Draw(image).text((size // 2, 3 * size // 2), letter, font=face, fill=255, anchor="ls")
    return np.asarray(image, float) / 255


none, seven, eight = bare(b""), bare(THIN + KIND), bare(THIN + KIND + CLEAR)
for size in (64, 250):
    for letter in "HEoeg":
        a, b, c = (drawn(font, letter, size) for font in (none, seven, eight))
        apart = np.abs(a - c).sum() / c.sum()
        print(f"{size} px, {letter}: rows {a.max(1).sum():.2f} without a program, {b.max(1).sum():.2f} with 7 bytes, "
              f"{c.max(1).sum():.2f} with 8; ink that differs {apart:.1%}")
        assert (a == b).all()
        assert 0.02 < apart < 0.2
height = 64 * 1493 / 2048  # of a capital of DejaVu Sans
assert abs(drawn(eight, "H", 64).max(1).sum() - height) < 0.02
assert drawn(none, "H", 64).max(1).sum() == 47
PY
