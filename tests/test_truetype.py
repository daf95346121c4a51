"""Fonts that we write: accepted by FreeType, HarfBuzz and the browsers' sanitizer, and drawn as the field is."""

from __future__ import annotations

import io
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

from diabolo import DataError
from diabolo.fonts.outlines import outlines, upsampled
from diabolo.fonts.truetype import truetype, word, write

DEJAVU = Path(matplotlib.get_data_path(), "fonts", "ttf")
BOX = (-0.14, -0.32, 1.14, 0.96)
EM = 256  # pixels


def field(letter: str, face: str = "DejaVuSans", size: int = 64) -> tuple[np.ndarray, float]:
    """Signed distances of a letter in BOX, in cells, and its advance in em."""
    times = 768 // size
    font = ImageFont.truetype(DEJAVU / f"{face}.ttf", 600, layout_engine=ImageFont.Layout.BASIC)
    image = Image.new("L", (768, 768))
    ImageDraw.Draw(image).text((0.14 * 600, 0.96 * 600), letter, fill=255, font=font, anchor="ls")
    ink = np.asarray(image) > 127
    far = np.where(ink, distance_transform_edt(ink) - 0.5, 0.5 - distance_transform_edt(~ink)) / times
    middle = slice(times // 2 - 1, times // 2 + 1)
    return far.reshape(size, times, size, times)[:, middle, :, middle].mean((1, 3)), font.getlength(letter) / 600
