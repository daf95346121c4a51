"""Copies of faces, each changed a little: the faces of families that are not there.

    f' = A f + bold + contrast (|df/dx| - |df/dy|)        A: wider, taller, slanted; small letters larger

A new font is like one that was learned, but for such a change. Fields are kept as bytes, and all is done by pieces: of many
thousands of faces no larger array is made than these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .collection import Collection
from .decoder import UNIT
from .glyphs import BOX

__all__ = ["PIECE", "Varied", "changed", "varied"]

NEAR = 1.5  # cells; what is farther from the outline is not learned
LIKE = {  # deviations: of logarithms, a slope, cells, em
    "wide": 0.12, "tall": 0.08, "small": 0.07, "slant": 0.07, "bold": 0.35, "contrast": 0.2, "loose": 0.04,
}  # fmt: skip
FAR = 0.2, 1.2  # times these, by copy: faces of other families differ by such, most by little and some by much
MIDDLE = 0.35  # em; what is slanted stays where it is at this height
PIECE = 64  # faces that are handled together


@dataclass(frozen=True)
class Varied:
    """Fields as bytes (n, L s s), from -NEAR to NEAR, and advances (n, L) in units of UNIT."""

    fields: np.ndarray
    advances: np.ndarray
    shape: tuple[int, int]  # L, s

    def __len__(self) -> int:
        return len(self.fields)

    def take(self, rows: Any) -> Tensor:
        """(b, L, s, s) fields in cells."""
        letters, size = self.shape
        return self.cells(torch.from_numpy(self.fields[rows])).view(-1, letters, size, size)

    @staticmethod
    def cells(stored: Tensor) -> Tensor:
        return stored.float() * (2 * NEAR / 254) - NEAR

    def pieces(self) -> Iterator[slice]:
        return (slice(i, i + PIECE) for i in range(0, len(self), PIECE))


def as_bytes(fields: Tensor) -> np.ndarray:
    """(b, L, s, s) -> (b, L s s)"""
    return ((fields + NEAR) * (254 / (2 * NEAR))).round().clamp(0, 254).to(torch.uint8).flatten(1).numpy()


def varied(faces: Collection, copies: int, rng: np.random.Generator) -> Varied:
    """The faces, then `copies` times all of them, each changed a little."""
    n, letters, size, _ = faces.fields.shape
    fields = np.empty(((copies + 1) * n, letters * size * size), np.uint8)
    own = faces.advances / np.float32(UNIT)
    advances = [own]
    for copy in range(copies + 1):
        how = {name: torch.from_numpy(by) for name, by in changes(n, rng).items()} if copy else None
        for i in range(0, n, PIECE):
            part = slice(i, min(i + PIECE, n))
            some = torch.from_numpy(faces.fields[part])
            if how:
                some = copied(some, faces.letters, {name: by[part] for name, by in how.items()})
            fields[copy * n + part.start : copy * n + part.stop] = as_bytes(some)
        if how:
            advances.append(own * how["wide"].exp().numpy()[:, None] + how["loose"].numpy()[:, None] / np.float32(UNIT))
    return Varied(fields, np.concatenate(advances), (letters, size))


def changes(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """(n,) of each of what `LIKE` names; most faces are changed by little, some by much."""
    far = rng.uniform(*FAR, n)
    return {name: (far * rng.normal(0, by, n)).astype(np.float32) for name, by in LIKE.items()}


def copied(fields: Tensor, letters: str, how: dict[str, Tensor]) -> Tensor:
    """Fields (n, L, s, s) of faces that differ from these by (n,) each of what `LIKE` names."""
    fields = fields + how["contrast"].view(-1, 1, 1, 1) * upright(fields)
    small = torch.tensor([c.islower() for c in letters])
    made = torch.empty_like(fields)
    for some, taller in ((small, how["tall"] + how["small"]), (~small, how["tall"])):
        if some.any():
            made[:, some] = changed(fields[:, some], how["wide"].exp(), taller.exp(), how["slant"], how["bold"])
    return made


def upright(fields: Tensor) -> Tensor:
    """1 beside an upright outline, -1 beside a level one: what contrast adds to."""
    across, down = (torch.gradient(fields, dim=d)[0].abs() for d in (-1, -2))
    return (across - down).clamp(-1, 1)


def changed(fields: Tensor, wide: Tensor, tall: Tensor, slant: Tensor, bold: Tensor) -> Tensor:
    """Fields (n, L, s, s) of faces that are wider, taller, slanted and bolder by (n,) each; the baseline stays."""
    _, y0, _, y1 = BOX
    base, middle = ((y0 + y1 - 2 * y) / (y1 - y0) for y in (0.0, MIDDLE))  # downwards, the picture from -1 to 1
    n = len(fields)
    how = torch.zeros(n, 2, 3)  # from a cell of the new picture to that of the old one
    how[:, 0, 0], how[:, 0, 1], how[:, 0, 2] = 1 / wide, slant / wide, -slant * middle / wide
    how[:, 1, 1], how[:, 1, 2] = 1 / tall, base - base / tall
    grid = nn.functional.affine_grid(how, list(fields.shape), align_corners=False)
    moved = nn.functional.grid_sample(fields, grid, padding_mode="border", align_corners=False)
    shape = (n, 1, 1, 1)
    return moved * (wide * tall).sqrt().view(shape) + bold.view(shape)
