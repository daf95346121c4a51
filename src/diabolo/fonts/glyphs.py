"""Letters of a face as pictures in a common box, and their advance widths.

The box is the same for all letters of all faces, in em: a letter stands on y = 0, and the middle of its advance width is at
x = 0. So letters of a narrow and of a wide face lie on one another, and the advance, which is learned too, sets them apart.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .files import Face, LeftOut

__all__ = ["BOX", "LETTERS", "drawn"]

CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SMALL = CAPITALS.lower()
LETTERS = CAPITALS + SMALL + "0123456789" + ".,:;!?'\"-&()"
BOX = (-0.64, -0.32, 0.64, 0.96)  # x0, y0, x1, y1 in em
PIXELS = 256  # of a side of a picture
LONGEST = 4.0  # em that a letter may be wide
STANDING = set(CAPITALS + SMALL) - set("JQfgjpqy")  # on the line, in nearly all fonts


def drawn(face: Face, letters: str) -> tuple[np.ndarray, np.ndarray] | LeftOut:
    """Pictures (n, 256, 256), bytes, 255 is ink, and advances (n,) in em; or why this face cannot be used."""
    try:
        x0, _, x1, y1 = BOX
        em = PIXELS / (x1 - x0)
        font = ImageFont.truetype(BytesIO(face.data), em, face.index, layout_engine=ImageFont.Layout.BASIC)
        advances = np.array([face.advances[c] for c in letters], dtype=np.float32)
        places = [((-x0 - a / 2) * em, y1 * em) for a in advances]
        pictures = np.stack([_picture(font, c, xy) for c, xy in zip(letters, places, strict=True)])
    except (OSError, ValueError, OverflowError) as error:
        return LeftOut(face.named.name, f"FreeType cannot draw it ({error})")
    reason = _unlike_letters(letters, pictures, advances)
    return LeftOut(face.named.name, reason) if reason else (pictures, advances)


def _picture(font: ImageFont.FreeTypeFont, letter: str, at: tuple[float, float]) -> np.ndarray:
    image = Image.new("L", (PIXELS, PIXELS))
    ImageDraw.Draw(image).text(at, letter, fill=255, font=font, anchor="ls")
    return np.asarray(image)


def _unlike_letters(letters: str, pictures: np.ndarray, advances: np.ndarray) -> str:
    """Last Resort draws the same frame for each letter, and some symbol fonts draw nothing, or what hangs below the line."""
    if advances.max() > LONGEST or advances.min() <= 0:
        return "its widths are not those of letters"
    blank = [c for c, p in zip(letters, pictures, strict=True) if not p.any()]
    if blank:
        return f"it draws nothing for {' '.join(blank[:6])}"
    low = [p[-1].any() for c, p in zip(letters, pictures, strict=True) if c in STANDING]
    if 2 * sum(low) > len(low):
        return "it is a symbol font: what it draws for letters hangs far below the line"
    for kind in (str.isupper, str.islower, str.isdigit):
        seen: dict[bytes, str] = {}
        for c, p in zip(letters, pictures, strict=True):
            if kind(c) and (twin := seen.setdefault(p.tobytes(), c)) != c:
                return f"it draws {twin} and {c} alike"
    return ""
