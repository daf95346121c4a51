"""How near the manifold comes to fonts that it has not seen, beside a plane through the same faces and the nearest of them.

    manifold    the picture at the best place of the two-dimensional manifold
    pca2        mean + projection on the first two principal components of the learned faces' pictures
    nearest     the learned face whose pictures are nearest

    squared error     mean (e - y)^2 over 26 letters, a to z, at 32 x 32 pixels, in [0, 1]
    L1, SSIM, IoU     at 256 x 256 pixels; a picture of 32 x 32 is enlarged as a field, which sharpens it
    advance           mean |decoded - true| width of them, in 1/1000 em

The learned faces lie in the model's file, as pictures.

References
----------
Image quality assessment: from error visibility to structural similarity (Wang et al., 2004)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from .collection import each
from .fields import SIZE, coverage, shrunk
from .files import LeftOut, Named
from .glyphs import PIXELS, SMALL
from .manifold import Glyphs, Manifold, compared

__all__ = ["MEASURES", "Anchors", "learned", "measured", "summary"]

TIMES = PIXELS // SIZE
TOGETHER = 64  # faces that are placed together
Row = dict[str, Any]


class Anchors:
    """What is known about the learned faces: pictures (n, l, 32, 32), and the plane through them.

    Parameters
    ----------
    pictures : (n, d) of float32
        Those of some letters.
    """

    def __init__(self, pictures: np.ndarray) -> None:
        self.pictures = pictures
        self.level = pictures.mean(0)
        u, s, _ = np.linalg.svd((centered := pictures - self.level) @ centered.T)
        self.axes = (u[:, :2].T @ centered) / np.sqrt(np.maximum(s[:2, None], 1e-12))

    @classmethod
    def of(cls, manifold: Manifold, letters: str) -> Anchors:
        """Those in a model's file."""
        kept = compared(manifold.letters)
        some = manifold.pictures[:, [kept.index(c) for c in letters]]
        return cls(some.reshape(len(manifold.faces), -1).astype(np.float32) / 255)

    def pca2(self, y: np.ndarray) -> np.ndarray:
        """The nearest point (d,) of the plane."""
        return np.asarray(self.level + (y - self.level) @ self.axes.T @ self.axes)

    def nearest(self, y: np.ndarray) -> np.ndarray:
        return np.asarray(self.pictures[np.square(self.pictures - y).sum(1).argmin()])


@dataclass(frozen=True)
class Seen:
    """A face of the source: pictures (l, 256, 256) and advances (l,)."""

    named: Named
    pictures: np.ndarray
    advances: np.ndarray


def learned(manifold: Manifold, letters: str) -> str:
    """Those of the letters by which fonts can be compared; if there are none, others that were learned."""
    there = compared(manifold.letters)
    return "".join(c for c in there if c in letters) or there


def measured(
    manifold: Manifold,
    source: str | os.PathLike[str],
    letters: str = SMALL,
    told: Callable[[LeftOut], None] = lambda out: None,
    fine: bool = True,
) -> Iterator[Row]:
    """One row for each face of a folder or zip.

    Parameters
    ----------
    manifold : Manifold
    source : path
    letters : str
        By which they are compared, as far as these were learned.
    told : callable
        Gets what is left out.
    fine : bool
        Whether to compare at 256 x 256, too.
    """
    letters = learned(manifold, letters)
    anchors, known = Anchors.of(manifold, letters), {face.family for face in manifold.faces}
    found = each(source, letters)
    while part := list(islice(found, TOGETHER)):
        for out in part:
            if isinstance(out, LeftOut):
                told(out)
        seen = [Seen(one[0].named, *one[1:]) for one in part if not isinstance(one, LeftOut)]
        if seen:
            small, advances = np.stack([shrunk(font.pictures) for font in seen]), np.stack([font.advances for font in seen])
            places, errors = manifold.placed(small, advances, letters)
            for font, y, place, error in zip(seen, small, places, errors, strict=True):
                yield {
                    "face": font.named.name,
                    "family": font.named.family,
                    "learned": font.named.family in known,
                    "place": [float(v) for v in place],
                    "manifold": float(error),
                    **_row(manifold.at(place, letters), anchors, font, y, fine),
                }


def _row(glyphs: Glyphs, anchors: Anchors, seen: Seen, y: np.ndarray, fine: bool) -> Row:
    flat = y.reshape(-1)
    others = {"pca2": anchors.pca2(flat), "nearest": anchors.nearest(flat)}
    row: Row = {name: float(np.square(e - flat).mean()) for name, e in others.items()}
    row["advance"] = 1000 * float(np.abs(glyphs.advances - seen.advances).mean())
    if fine:
        large = seen.pictures.astype(np.float32) / 255
        drawn = {"manifold": glyphs.fields} | {name: e.reshape(y.shape) - 0.5 for name, e in others.items()}
        row |= {f"{name} {key}": v for name, fields in drawn.items() for key, v in fine_measures(fields, large).items()}
    return row


def fine_measures(fields: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Fields (l, s, s) and pictures (l, m, m) in [0, 1] -> their L1, SSIM and IoU."""
    e = coverage(zoom(fields, (1, TIMES, TIMES), order=1, mode="nearest", grid_mode=True) * TIMES)
    a, b = e > 0.5, y > 0.5
    return {
        "L1": float(np.abs(e - y).mean()),
        "SSIM": ssim(e, y),
        "IoU": float(np.mean((a & b).sum((1, 2)) / np.maximum((a | b).sum((1, 2)), 1))),
    }


def ssim(e: np.ndarray, y: np.ndarray) -> float:
    """Structural similarity of pictures (l, m, m) in [0, 1], with a Gaussian window of deviation 1.5.

    >>> one = np.random.default_rng(0).random((1, 16, 16))
    >>> ssim(one, one)
    1.0
    """

    def mean(x: np.ndarray) -> np.ndarray:
        return np.asarray(gaussian_filter(x, (0, 1.5, 1.5), truncate=3.5))

    m, n = mean(e), mean(y)
    ee, yy, ey = mean(e * e) - m * m, mean(y * y) - n * n, mean(e * y) - m * n
    c, d = 0.01**2, 0.03**2
    return float(np.mean((2 * m * n + c) * (2 * ey + d) / ((m * m + n * n + c) * (ee + yy + d))))


MEASURES = {"squared error": "", "L1": " L1", "SSIM": " SSIM", "IoU": " IoU"}


def summary(rows: list[Row]) -> dict[str, float]:
    """The mean of each number over the faces."""
    numbers = [key for key, value in rows[0].items() if isinstance(value, float)]
    return {key: float(np.mean([row[key] for row in rows])) for key in numbers}
