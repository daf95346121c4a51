r"""From a place to a font, and back.

    w_k(z) = softmax_k( -|z - c_k|^2 / 2 h^2 )          how near z is to the place c_k of a face that was learned
    D(z)   = b + B sum_k w_k(z) v_k                     v_k (r,): the face in r numbers;  B: what each of them draws
    D(z)   = (f, a, o)                                  fields: signed distances to the outline, in cells; advances; offsets
    y(z)   = sigma(3 (f + o))                           the picture to be expected, gray where z leaves it open


    z* = argmin_z | y(z) - coverage |^2 + 2 | a(z) - advances |^2        over a grid and all c, then by gradient descent

A network with one hidden layer, whose units are the faces: at z it draws the mean of the faces nearby. The place of a new font
is where it is drawn best.

References
----------
On estimating regression (Nadaraya, 1964), https://doi.org/10.1137/1109020
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Decoder", "best_places", "expected"]

SHARPNESS = 3.0  # of the edge in a picture of the field
UNIT = 0.05  # em: advances are decoded in this unit, for numbers as large as those of fields
SPACING = 2.0  # of the squared error of advances, in em, beside that of pictures
GRID = 161  # places of a side that the search for the best place begins with
STEPS, STEP = 40, 0.25  # of its gradient descent; the step in widths h
CHUNK = 512  # places decoded at once


class Decoder(nn.Module):
    """Places z (n, 2) -> (n, L s s + 2 L): fields of all letters, then their advances, then their offsets.

    Parameters
    ----------
    k, r : int
        Numbers of places c, and of numbers of a face.
    letters, size : int
        Number of letters, and cells of a side of a field.
    width : float
        h.
    """

    def __init__(self, k: int, r: int, letters: int, size: int, width: float) -> None:
        super().__init__()
        self.letters, self.size, self.width = letters, size, width
        self.places = nn.Parameter(torch.zeros(k, 2))
        self.values = nn.Parameter(torch.zeros(k, r))
        self.draw = nn.Linear(r, letters * (size * size + 2))

    def near(self, z: Tensor) -> Tensor:
        """z (n, 2) -> w (n, k)."""
        away = (z[:, None] - self.places).square().sum(-1)
        return torch.softmax(away / (-2 * self.width**2), -1)

    def numbers(self, z: Tensor) -> Tensor:
        """z (n, 2) -> (n, r)."""
        return self.near(z) @ self.values

    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = self.draw(self.numbers(z))
        return out

    def some(self, z: Tensor, letters: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Fields (n, l, s, s), advances (n, l) in em and offsets (n, l) of some letters, by number."""
        cells, count = self.size**2, len(letters)
        rows = torch.tensor([range(i * cells, (i + 1) * cells) for i in letters], dtype=torch.int64).reshape(-1)
        ends = [torch.tensor(letters, dtype=torch.int64) + self.letters * (cells + more) for more in (0, 1)]
        rows = torch.cat([rows, *ends])
        out = nn.functional.linear(self.numbers(z), self.draw.weight[rows], self.draw.bias[rows])
        fields, advances, offsets = out.split([count * cells, count, count], -1)
        return fields.reshape(len(z), count, self.size, self.size), advances * UNIT, offsets


def expected(fields: Tensor, offsets: Tensor) -> Tensor:
    """Fields (n, l, s, s) and offsets (n, l) -> the pictures (n, l, s, s) to be expected, in [0, 1]."""
    return torch.sigmoid(SHARPNESS * (fields + offsets[..., None, None]))


# ── the best place ───────────────────────────────────────────────────────────────────────────────────────────────────


def best_places(
    decoder: Decoder, pictures: Tensor, advances: Tensor, letters: list[int], box: tuple[float, float, float, float]
) -> tuple[Tensor, Tensor]:
    """Places (n, 2) where pictures (n, l s s) and advances (n, l) are decoded best, and errors of pictures (n,)."""
    grid, both = torch.cat([_grid(box), decoder.places.detach()]), (pictures, advances * SPACING**0.5)
    with torch.no_grad():
        errors = torch.cat([_all_errors(_decoded(decoder, z, letters), both) for z in grid.split(CHUNK)])
        least, at = errors.min(0)
    z, best = grid[at], grid[at].clone()
    z.requires_grad_()
    descent = torch.optim.Adam([z], lr=STEP * decoder.width)
    for _ in range(STEPS):
        descent.zero_grad()
        now = _errors(_decoded(decoder, z, letters), both)
        with torch.no_grad():
            better = now < least
            best[better], least = z[better], torch.minimum(now, least)
        now.sum().backward()
        descent.step()
    with torch.no_grad():
        ink = _decoded(decoder, best, letters)[0]
    return best, (ink - pictures).square().mean(1)


def _grid(box: tuple[float, float, float, float]) -> Tensor:
    x, y = torch.linspace(box[0], box[1], GRID), torch.linspace(box[2], box[3], GRID)
    return torch.cartesian_prod(x, y)


Both = tuple[Tensor, Tensor]  # pictures (n, l s s), and advances (n, l) so scaled that their errors count as they should


def _decoded(decoder: Decoder, z: Tensor, letters: list[int]) -> Both:
    fields, advances, offsets = decoder.some(z, letters)
    return expected(fields, offsets).flatten(1), advances * SPACING**0.5


def _errors(decoded: Both, target: Both) -> Tensor:
    return sum(((d - t).square().mean(1) for d, t in zip(decoded, target, strict=True)), torch.tensor(0.0))


def _all_errors(decoded: Both, target: Both) -> Tensor:
    """Of m decoded fonts and n: (m, n)."""
    total = torch.tensor(0.0)
    for d, t in zip(decoded, target, strict=True):
        total = total + (d.square().sum(1)[:, None] + t.square().sum(1) - 2 * d @ t.T) / t.shape[1]
    return total
