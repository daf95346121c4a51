r"""How near one picture is to another.

    PSNR            10 log10( 255^2 / mean (e - y)^2 )
    Y               16 + (65.481 R + 128.553 G + 24.966 B) / 255       rounded to whole numbers, as MATLAB does
    colorfulness   sqrt(s_rg^2 + s_yb^2) + 0.3 sqrt(m_rg^2 + m_yb^2)  rg = R - G, yb = (R + G) / 2 - B
    ab error        mean |(a, b) of e - (a, b) of y|                   CIE L*a*b*, D65

* ``y`` the picture as it was, ``e`` the restored one, both 0 to 255
* ``m``, ``s`` mean and standard deviation over the pixels

References
----------
Measuring colorfulness in natural images (Hasler & Süsstrunk, 2003), https://doi.org/10.1117/12.477378
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from ..errors import DataError
from .color import from_lab, to_lab

__all__ = ["ab_error", "colorfulness", "lightness", "luma_y", "psnr", "recolored", "to_bytes"]


def psnr(e: np.ndarray, y: np.ndarray, shave: int = 0, peak: float = 255) -> float:
    """Peak signal-to-noise ratio of one picture, in decibels.

    Parameters
    ----------
    e, y : ndarray (H, W) or (H, W, C)
        Values from 0 to `peak`.
    shave : int, default=0
        Pixels left out at each border.
    peak : float, default=255
        White.

    Returns
    -------
    float
        Infinite if the two are equal.

    Examples
    --------
    >>> round(psnr(np.full((4, 4), 25.5), np.zeros((4, 4))), 6)
    20.0
    """
    if e.shape != y.shape:
        raise DataError(f"a picture of shape {e.shape} cannot be compared with one of shape {y.shape}")
    inside = np.s_[shave : e.shape[0] - shave, shave : e.shape[1] - shave]
    if not e[inside].size:
        raise DataError(f"nothing is left of a picture of shape {e.shape} without {shave} pixels at each border")
    error = float(np.mean(np.square(e[inside].astype(np.float64) - y[inside])))
    return 10 * math.log10(peak**2 / error) if error else math.inf


def luma_y(rgb: np.ndarray) -> np.ndarray:
    """How bright each pixel is, from 16 to 235 (BT.601), in whole numbers: (H, W, 3) -> (H, W); (H, W) stays as it is.

    >>> luma_y(np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)).tolist()
    [[16.0, 235.0, 81.0]]
    """
    if rgb.ndim == 2:
        return rgb
    return np.floor(16 + rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 0.5)


def colorfulness(rgb: np.ndarray) -> float:
    """How colorful a picture (H, W, 3) looks: 0 is gray, about 30 moderately, above 80 highly.

    >>> colorfulness(np.full((2, 2, 3), 90, np.uint8))
    0.0
    """
    r, g, b = np.moveaxis(rgb.astype(np.float64), -1, 0)
    rg, yb = r - g, (r + g) / 2 - b
    return float(math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean()))


def lightness(rgb: np.ndarray) -> np.ndarray:
    """L, a, b of bytes: (H, W, 3), or gray (H, W) -> (H, W, 3).

    >>> lightness(np.full((1, 1), 119, np.uint8)).round().tolist()
    [[[50.0, 0.0, 0.0]]]
    """
    rgb = np.repeat(rgb[..., None], 3, 2) if rgb.ndim == 2 else rgb
    x = torch.from_numpy(np.ascontiguousarray(rgb)).double().movedim(-1, 0) / 255
    return to_lab(x).movedim(0, -1).numpy() + 0.0


def recolored(light: np.ndarray, ab: Any) -> np.ndarray:
    """RGB bytes with lightness (H, W) and colors (H, W, 2), or one color (2,) everywhere.

    >>> recolored(np.full((1, 1), 50.0), (60, 40)).tolist()
    [[[217, 61, 54]]]
    """
    lab = np.concatenate([light[..., None], np.broadcast_to(ab, (*light.shape, 2))], 2).astype(np.float64)
    return to_bytes(from_lab(torch.from_numpy(lab).movedim(-1, 0)).movedim(0, -1).numpy())


def ab_error(e: np.ndarray, y: np.ndarray) -> float:
    """Mean distance of the colors a, b of two pictures (H, W, 3) of bytes.

    >>> round(ab_error(recolored(np.full((1, 1), 50.0), (30, 40)), np.full((1, 1, 3), 119, np.uint8)))
    50
    """
    return float(np.hypot(*np.moveaxis(lightness(e) - lightness(y), -1, 0)[1:]).mean())


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Bytes of values in [0, 1]."""
    return np.rint(values.clip(0, 1) * 255).astype(np.uint8)
