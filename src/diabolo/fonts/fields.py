"""Signed distance fields of letters, and back.

    f(p) = ± distance from p to the outline, + inside;  in cells of the field, cut off at ± REACH
    coverage ≈ clip(1/2 + f, 0, 1)                      the share of a cell that is ink

A field changes smoothly where a picture jumps from white to black. So the mean of two fields is a letter between them, where
the mean of two pictures is a gray overlay; and the outline f = 0 is sharp at any size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt

__all__ = ["REACH", "SIZE", "coverage", "field", "shrunk"]

SIZE = 32  # cells of a side
REACH = 3.0  # cells
FINE = 4  # pixels of a cell in which distances are measured


def field(picture: np.ndarray, size: int = SIZE) -> np.ndarray:
    """A picture (m, m), bytes, 255 is ink -> its signed distance field (size, size), at the middles of the cells.

    Parameters
    ----------
    picture : (m, m) of uint8
        m is a multiple of 4 size; the gray of pixels at the outline says where it runs.
    size : int

    Examples
    --------
    >>> bar = np.zeros((64, 64), np.uint8)
    >>> bar[:, 16:48] = 255
    >>> field(bar, 8)[4].tolist()
    [-1.5, -0.5, 0.5, 1.5, 1.5, 0.5, -0.5, -1.5]
    """
    gray = shrunk(picture, FINE * size)
    ink = gray > 0.5
    f = np.full(gray.shape, -REACH, dtype=np.float32)
    if ink.any():
        near = _near(ink, int(REACH * FINE) + FINE)
        f[near] = _distances(gray[near]) / FINE
    middle = slice(FINE // 2 - 1, FINE // 2 + 1)
    return np.clip(f.reshape(size, FINE, size, FINE)[:, middle, :, middle].mean((1, 3)), -REACH, REACH)


def _near(ink: np.ndarray, margin: int) -> tuple[slice, slice]:
    """The part of the picture that is within a distance of the ink."""
    spans = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, s[0] - margin), s[-1] + margin + 1) for s in spans)
    return rows, columns


def _distances(gray: np.ndarray) -> Any:
    """Distance of each pixel's middle to the outline in pixels; the gray of the nearest pixel beyond it says where it runs.

    Pixels beyond the border of the picture are white.
    """
    framed = np.pad(gray, 1)
    ink = framed > 0.5
    inside, white = distance_transform_edt(ink, return_indices=True)
    outside, black = distance_transform_edt(~ink, return_indices=True)
    f = np.where(ink, inside + framed[tuple(white)] - 0.5, framed[tuple(black)] - outside - 0.5)
    return f[1:-1, 1:-1]


def coverage(f: Any) -> Any:
    """A field, an array or a tensor -> the share of each cell that is ink, in [0, 1].

    >>> coverage(np.array([-2.0, 0.0, 0.25, 3.0])).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    return (f + 0.5).clip(0.0, 1.0)


def shrunk(picture: np.ndarray, size: int = SIZE) -> np.ndarray:
    """A picture (..., m, m) of bytes -> (..., size, size) of floats in [0, 1]: means over cells.

    >>> shrunk(np.array([[0, 255], [255, 255]], np.uint8), 1).tolist()
    [[0.75]]
    """
    *n, m, _ = picture.shape
    cells = picture.reshape(*n, size, m // size, size, m // size)
    return np.asarray(cells.mean((-3, -1), dtype=np.float32) / 255)
