"""The contours f = level of a sampled field, by marching squares.

    f = U F Uᵀ         the field between its samples F: U are the weights of cubic interpolation

Each square of four samples says by which edges a contour enters and leaves it; edge after edge, the contours close.

References
----------
Cubic convolution interpolation for digital image processing (Keys, 1981), https://doi.org/10.1109/TASSP.1981.1163711
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError

__all__ = ["SAME", "STEPS", "Floats", "area", "checked", "contours", "cubic", "upsampled"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = 4  # steps per cell
FINE = 256  # a field has at least so many samples across before it is traced, and STEPS per cell
SPECK = 0.25  # a contour around a smaller area is dropped
SAME = 1e-9  # what differs by less is the same: whoever computes it, the same points are chosen


def upsampled(field: ArrayLike, times: int = STEPS) -> Floats:
    """`field`, `times` as many samples in each direction, by cubic interpolation.

    Parameters
    ----------
    field : (h, w)
        Samples at the middles of the cells of a picture, the first row on top.
    times : int

    Returns
    -------
    (h times, w times)
        Samples at the middles of the finer cells.

    Examples
    --------
    >>> upsampled([[0.0, 1.0, 2.0, 3.0, 4.0]], 2)[0, 3:7].tolist()
    [1.25, 1.75, 2.25, 2.75]
    """
    f = checked(field)
    U, V = (cubic(n, (np.arange(n * times) + 0.5) / times - 0.5) for n in f.shape)
    return np.asarray(U @ f @ V.T)


def checked(field: ArrayLike) -> Floats:
    f = np.asarray(field, np.float64)
    if f.ndim != 2 or not f.size:
        raise DataError(f"field: a table of samples (h, w) is expected, got the shape {f.shape}")
    if not np.isfinite(f).all():
        raise DataError("field: its samples must be finite numbers; there is a NaN or an infinity among them")
    return f


def cubic(n: int, x: Floats) -> Floats:
    """(m, n): the weights of Keys' cubic interpolation at x (m,) between n samples; beyond the border the last one goes on."""
    k = np.floor(x)
    t = x - k
    weights = (-t * (1 - t) ** 2, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) * (1 - t))
    U = np.zeros((len(x), n))
    for j, w in enumerate(weights):
        np.add.at(U, (np.arange(len(x)), np.clip(k.astype(int) - 1 + j, 0, n - 1)), w / 2)
    return U


# ── marching squares ─────────────────────────────────────────────────────────────────────────────────────────────────


def contours(field: ArrayLike, level: float = 0.0) -> list[Floats]:
    """The closed contours of a field, where it crosses `level`.

    Parameters
    ----------
    field : (h, w)
        Samples at the middles of the cells, greater than `level` inside.
    level : float

    Returns
    -------
    list of (m, 2)
        x to the right and y down, in cells from the upper left corner. What is inside lies to the right of the way,
        as in TrueType. What reaches the border of the picture ends there.

    Examples
    --------
    >>> [p] = contours([[1.0]])
    >>> float(p.min()), float(p.max())
    (0.0, 1.0)
    """
    f = checked(field)
    times = max(STEPS, -(-FINE // max(f.shape)))
    g = np.pad(upsampled(f - level, times), 1, "edge")
    ring = np.pad(np.zeros((g.shape[0] - 2, g.shape[1] - 2), bool), 1, constant_values=True)
    g[np.abs(g) < SAME * np.abs(g).max()] = 0.0
    g[ring] = -np.abs(g[ring])  # what is mirrored crosses the level at the border
    found = (np.array(chain) for chain in _cycles(_steps(g)))
    return [p for chain in found if abs(area(p := _crossings(g, chain) / times)) > SPECK]


def _steps(g: Floats) -> dict[int, int]:
    """From each crossed edge of the grid to the next one of its contour.

    The corners of a square are numbered clockwise, edge k follows corner k; a contour enters where the inside ends.
    """
    h, w = g.shape
    corners = np.stack([g[:-1, :-1], g[:-1, 1:], g[1:, 1:], g[1:, :-1]])
    inside = corners > 0
    after = np.roll(inside, -1, 0)
    enters, leaves = inside & ~after, ~inside & after
    twice = enters.sum(0) == 2  # a saddle: its middle tells whether the two inner corners are one piece
    turn = np.where(corners.sum(0) > 0, 1, 3)
    square = np.arange(h * w).reshape(h, w)[:-1, :-1]
    edges = np.stack([2 * square, 2 * square + 3, 2 * square + 2 * w, 2 * square + 1])
    steps: dict[int, int] = {}
    for k in range(4):
        out = np.where(twice, (k + turn) % 4, leaves.argmax(0))
        to = np.take_along_axis(edges, out[None], 0)[0]
        steps.update(zip(edges[k][enters[k]].tolist(), to[enters[k]].tolist(), strict=True))
    return steps


def _cycles(steps: dict[int, int]) -> list[list[int]]:
    cycles = []
    for first in sorted(steps):
        chain = []
        while first in steps:
            chain.append(first)
            first = steps.pop(first)
        if chain:
            cycles.append(chain)
    return cycles


def _crossings(g: Floats, edges: Ints) -> Floats:
    """The points where the edges are crossed; an even edge goes right from its sample, an odd one down."""
    i, j = np.divmod(edges // 2, g.shape[1])
    down = edges % 2
    a, b = g[i, j], g[i + down, j + 1 - down]
    t = a / (a - b)
    return np.stack([j - 0.5 + (1 - down) * t, i - 0.5 + down * t], 1)


def area(p: Floats) -> float:
    x, y = p.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)
