"""Pictures of the rows on one sheet, a PNG in the page."""

from __future__ import annotations

import base64
import io
from math import ceil
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["thumbnails"]

VALUES = 12_000_000  # of the sheet
SMALLEST = 8  # pixels of a side


def thumbnails(pictures: np.ndarray) -> dict[str, Any] | None:
    """Pictures (n, H, W) or (n, H, W, 3) -> the sheet, and how it is laid out; None if there are too many."""
    pixels = bytes_of(pictures)
    n, h, w = pixels.shape[:3]
    shrink = min(1.0, (VALUES / pixels.size) ** 0.5)
    if min(h, w) * shrink < min(SMALLEST, h, w):
        return None
    height, width = max(1, int(h * shrink)), max(1, int(w * shrink))
    per = ceil((n * height / width) ** 0.5)
    sheet = np.zeros((ceil(n / per) * height, per * width, *pixels.shape[3:]), np.uint8)
    for i, picture in enumerate(pixels):
        small = picture if shrink == 1 else np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))
        y, x = i // per * height, i % per * width
        sheet[y : y + height, x : x + width] = small
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    c = 1 if pixels.ndim == 3 else 3
    return {"w": width, "h": height, "c": c, "per": per, "whole": shrink == 1 and pictures.dtype == np.uint8, "sheet": source}


def bytes_of(pictures: np.ndarray) -> np.ndarray:
    """Any numbers as bytes, from black to white."""
    if pictures.dtype == np.uint8:
        return pictures
    low, high = np.nanquantile(pictures, (0.0, 1.0))
    return np.rint(255 * np.nan_to_num((pictures - low) / ((high - low) or 1.0)).clip(0, 1)).astype(np.uint8)
