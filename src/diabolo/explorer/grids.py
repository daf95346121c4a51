"""Grids over the map: how likely each place is, and whether to trust what is decoded there.

    density        log p(z) at each place; colors are fixed at the quantiles 5, 50 and 95 % of the rows' own
    round trip     |encode(decode(z)) - z| / spread of the codes       0: the decoded row lies where it was decoded
    stretch        largest |change of e| per step on the map, over its median at the rows       high: e changes fast here

A grid (m, m) has its first row at the lower edge of the box (x0, x1, y0, y1); its outer nodes lie on the edges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..density import Kernel
from ..programs import Tensors
from ..rows import evenly
from .sides import Sides

__all__ = ["Box", "box_around", "density", "nodes", "sheet", "trust"]

Box = tuple[float, float, float, float]
FINE, COARSE = 128, 33  # nodes of a side: of the density; of what needs the network
MARGIN = 0.07  # of the box around the rows
ALIKE = 0.65  # smallest ratio of the two sides of a map whose axes have one unit
ALONE = np.array([4.0, 1.0, 0.0])  # below its density the lines of a single row lie
FLAT = 1e-6  # what is smaller is no extent
WIDTHS = (0.1, 0.15, 0.2, 0.3, 0.5)  # of the kernels: none so narrow that every row is an island
QUANTILES = (0.05, 0.5, 0.95)
JUDGED = 10_000  # rows whose density fixes the colors
VALUES = 4_000_000  # of a sheet
AT_ONCE = 512  # rows, or nodes, that go through a network together

CodesAt = Callable[[np.ndarray], np.ndarray]


def box_around(places: np.ndarray, method: str) -> Box:
    """The part of the plane that the map shows."""
    low, high = places.min(0), places.max(0)
    size = high - low
    other = size.max() if size.max() > FLAT and method != "strip" else 1.0
    size = np.where(size > FLAT, size, other)  # as a single row has it
    low, high = (low + high - size) / 2, (low + high + size) / 2
    if method in ("t-SNE", "plane"):  # nearly one unit for both axes
        middle, size = (low + high) / 2, np.maximum(size, ALIKE * size.max())
        low, high = middle - size / 2, middle + size / 2
    (x0, y0), (x1, y1) = low - MARGIN * size, high + MARGIN * size
    return float(x0), float(x1), 0.0 if method == "strip" else float(y0), float(y1)


def nodes(box: Box, m: int) -> np.ndarray:
    """(m m, 2) places of a grid, row by row from below.

    >>> nodes((0, 1, 0, 1), 2).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    x, y = np.meshgrid(np.linspace(box[0], box[1], m), np.linspace(box[2], box[3], m))
    return np.column_stack([x.ravel(), y.ravel()])


def density(
    log_prob: Callable[[np.ndarray], np.ndarray] | None, codes_at: CodesAt, places: np.ndarray, box: Box
) -> tuple[np.ndarray, list[float]]:
    """log p on a grid (m, m), and its quantiles at the rows; without p(z), a kernel density of the places."""
    if log_prob is None:
        log_prob, codes_at = Kernel(WIDTHS).fit(places).log_prob, np.asarray
    some = places[evenly(len(places), JUDGED)]
    grid = log_prob(codes_at(nodes(box, FINE)))
    own = np.quantile(log_prob(codes_at(some)), QUANTILES)
    if own[2] - own[0] < FLAT:  # one row, which is as likely as rows are
        own -= ALONE
    height = np.repeat(np.linspace(-1, 1, FINE), FINE)  # where all heights are as likely, the middle is where to begin
    return np.maximum(grid - 1e-3 * np.square(height), own[0] - 60).reshape(FINE, FINE), own.tolist()


def trust(half: Sides, codes_at: CodesAt, places: np.ndarray, box: Box, dtype: torch.dtype) -> dict[str, np.ndarray]:
    """The two grids (m, m)."""
    assert half.decode is not None
    z = torch.from_numpy(codes_at(nodes(box, COARSE))).to(dtype)
    with torch.no_grad():
        e = torch.cat([half.decode(part) for part in z.split(AT_ONCE)])
        back = torch.cat([half.encode(part) for part in half.typical(e).split(AT_ONCE)])
    unit = np.sqrt(np.square(codes_at(places) - codes_at(places).mean(0)).sum(1).mean()) or 1.0
    gone = (back - z).norm(dim=1).double().numpy().reshape(COARSE, COARSE) / max(float(unit), 1e-12)
    return {"round": gone, "stretch": stretch(e, places, box)}


def stretch(e: Tensor, places: np.ndarray, box: Box) -> np.ndarray:
    """e (m m, d) on a grid -> (m, m) largest singular value of de / dp, over its median at the rows."""
    m = COARSE
    grid = e.double().reshape(m, m, -1)
    steps = (box[3] - box[2]) / (m - 1), (box[1] - box[0]) / (m - 1)
    down, across = torch.gradient(grid, spacing=[float(s) for s in steps], dim=[0, 1])
    a, b, c = (across * across).sum(2), (across * down).sum(2), (down * down).sum(2)
    largest = (((a + c) + ((a - c).square() + 4 * b.square()).sqrt()) / 2).sqrt().numpy()
    low, size = np.array([box[2], box[0]]), np.array([box[3] - box[2], box[1] - box[0]])
    at = np.rint((places[:, ::-1] - low) / size * (m - 1)).astype(int).clip(0, m - 1)
    return np.asarray(largest / max(float(np.median(largest[at[:, 0], at[:, 1]])), 1e-12))


def sheet(decode: Any, codes_at: CodesAt, box: Box, d: int, dtype: torch.dtype, tensors: Tensors, why: str) -> dict[str, Any]:
    """What is decoded at the nodes of a grid: the page blends them."""
    m = int(np.clip((VALUES / d) ** 0.5, 5, COARSE))
    z = torch.from_numpy(codes_at(nodes(box, m))).to(dtype)
    with torch.no_grad():
        outputs = torch.cat([decode(part) for part in z.split(AT_ONCE)]).float().numpy()
    return {"n": m, "box": list(box), "outputs": tensors.add(outputs, dtype="f16"), "why": why}
