"""Known colors of single pixels: the network sees them, and the result has them exactly.

    ab(p)  <-  ab(p) + sum_i w_i k(p, p_i),      w such that ab(p_i) is the color of hint i
    k(p, q)  =  exp( -|p - q|^2 / 2 r^2  -  (L(p) - L(q))^2 / 2 10^2 )

* ``L`` is the brightness, ``p`` and ``q`` are pixels, ``r`` is 0.08 of the longer side: a hint changes pixels that are near
  and similarly bright
* training draws random hints
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...images.color import to_lab

MAX_HINTS = 24  # in one training patch

Hint = tuple[int, int, Sequence[int]]


def checked(hints: Sequence[Hint], light: Tensor) -> Sequence[Hint]:
    """The hints, if they are colors of pixels in the picture."""
    h, w = light.shape[2:]
    for hint in hints:
        try:
            x, y, color = hint
            red, green, blue = (int(v) for v in color)
        except (TypeError, ValueError):
            raise ValueError(f"hints: {hint!r} is not (x, y, (red, green, blue))") from None
        if x != int(x) or y != int(y) or not (0 <= x < w and 0 <= y < h):
            raise ValueError(f"hints: ({x}, {y}) is no pixel of the picture: x is 0 to {w - 1}, y is 0 to {h - 1}")
        share = 0 < max(color) <= 1 and any(isinstance(v, (float, np.floating)) for v in color)
        if share or not all(0 <= v <= 255 for v in (red, green, blue)):
            raise ValueError(f"hints: {color!r} is not a color: give red, green and blue, each 0 to 255")
    return hints


def hint_colors(hints: Sequence[Hint]) -> Tensor:
    """The colors a, b (n, 2) of the hints."""
    rgb = torch.tensor([list(color) for _, _, color in hints]).float().T[:, :, None] / 255
    return to_lab(rgb)[1:, :, 0].T


def planes(hints: Sequence[Hint], full: torch.Size, small: torch.Size) -> Tensor:
    """The network's input (1, 3, h, w) for hints: a, b, and 1 where they are known."""
    out = torch.zeros(1, 3, *small[2:])
    if hints:
        for (x, y, _), ab in zip(hints, hint_colors(hints), strict=True):
            row, column = int(y * small[2] / full[2]), int(x * small[3] / full[3])
            spot = (0, slice(None), slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
            out[spot] = torch.cat([ab / 50, torch.ones(1)]).view(3, 1, 1)
    return out


def hinted(ab: Tensor, rng: torch.Generator) -> Tensor:
    """Random hints for training (B, 3, h, w): none for a third of the patches, few for most, many for some."""
    out = torch.zeros(len(ab), 3, *ab.shape[2:], device=ab.device)
    counts = (MAX_HINTS ** (1.5 * torch.rand(len(ab), generator=rng, device=ab.device) - 0.5)).int().tolist()
    for i, count in enumerate(counts):
        for row, column in torch.randint(ab.shape[2], (count, 2), generator=rng, device=ab.device).tolist():
            spot = (slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2))
            out[i, :2, *spot] = ab[i, :, *spot].mean((1, 2), keepdim=True) / 50
            out[i, 2, *spot] = 1.0
    return out


def met(ab: Tensor, light: Tensor, hints: Sequence[Hint]) -> Tensor:
    """ab, changed by kernel interpolation so that each hint is met exactly."""
    if not hints:
        return ab
    x, y = (torch.tensor([hint[i] for hint in hints]) for i in (0, 1))
    reach = 0.08 * max(ab.shape[2:])
    at = light[0, 0, y, x]

    def near(rows: Tensor, columns: Tensor, values: Tensor) -> Tensor:
        far = ((rows - y.view(-1, 1, 1)) ** 2 + (columns - x.view(-1, 1, 1)) ** 2) / reach**2
        return torch.exp(-far / 2 - (values - at.view(-1, 1, 1)) ** 2 / (2 * 10.0**2))

    gram = near(y.view(1, -1), x.view(1, -1), at.view(1, -1))[:, 0] + 1e-4 * torch.eye(len(hints))
    missing = torch.linalg.solve(gram, hint_colors(hints) - ab[0, :, y, x].T)
    rows, columns = torch.arange(ab.shape[2]).view(-1, 1), torch.arange(ab.shape[3]).view(1, -1)
    return ab + torch.einsum("nhw,nc->chw", near(rows, columns, light[0, 0]), missing)
