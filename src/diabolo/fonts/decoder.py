r"""From a place to a font, and back.

    w_k(z) = softmax_k( -|z - c_k|^2 / 2 h^2 )          how near z is to the place c_k of a face that was learned
    v(z)   = sum_k w_k(z) v_k                           v_k (r,): the face in r numbers
    u_l, a_l, o_l = M_l v(z) + d_l                      letter l in m numbers, its advance width, its offset
    f_l(z) = b_l + B_l u_l                              its field: signed distances to the outline, in cells
    y_l(z) = sigma(3 (f_l + o_l))                       the picture to be expected, gray where z leaves it open

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
SPACING = 4.0  # of the squared error of advances, in em, beside that of pictures
GRID = 161  # places of a side that the search for the best place begins with
STARTS = 4  # of its gradient descent
STEPS, STEP = 40, 0.25  # the step in widths h
CHUNK = 512  # places decoded at once


class Decoder(nn.Module):
    """Places z (n, 2) -> (n, L (s s + 2)): of each letter its field, its advance and its offset.

    Parameters
    ----------
    k, r, m : int
        Numbers of places c, of numbers of a face, and of numbers of a letter.
    letters, size : int
        Number of letters, and cells of a side of a field.
    width : float
        h.
    """

    def __init__(self, k: int, r: int, m: int, letters: int, size: int, width: float) -> None:
        super().__init__()
        self.letters, self.size, self.width = letters, size, width
        self.places = nn.Parameter(torch.zeros(k, 2))
        self.values = nn.Parameter(torch.zeros(k, r))
        self.mix = nn.Linear(r, letters * (m + 2))
        self.draw = nn.Parameter(torch.zeros(letters, size * size, m))
        self.level = nn.Parameter(torch.zeros(letters, size * size))

    def near(self, z: Tensor) -> Tensor:
        """z (n, 2) -> w (n, k)."""
        away = (z[:, None] - self.places).square().sum(-1)
        return torch.softmax(away / (-2 * self.width**2), -1)

    def numbers(self, z: Tensor) -> Tensor:
        """z (n, 2) -> (n, r)."""
        return self.near(z) @ self.values

    def forward(self, z: Tensor) -> Tensor:
        fields, advances, offsets = self.some(z, list(range(self.letters)))
        return torch.cat([fields.flatten(2), advances[..., None] / UNIT, offsets[..., None]], -1).flatten(1)

    def some(self, z: Tensor, letters: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Fields (n, l, s, s), advances (n, l) in em and offsets (n, l) of some letters, by number."""
        l, each = torch.tensor(letters, dtype=torch.int64), len(self.mix.bias) // self.letters
        rows = (l[:, None] * each + torch.arange(each)).flatten()
        out = nn.functional.linear(self.numbers(z), self.mix.weight[rows], self.mix.bias[rows]).unflatten(1, (-1, each))
        fields = torch.einsum("nlm,lcm->nlc", out[..., :-2], self.draw[l]) + self.level[l]
        return fields.unflatten(2, (self.size, self.size)), out[..., -2] * UNIT, out[..., -1]


def expected(fields: Tensor, offsets: Tensor) -> Tensor:
    """Fields (n, l, s, s) and offsets (n, l) -> the pictures (n, l, s, s) to be expected, in [0, 1]."""
    return torch.sigmoid(SHARPNESS * (fields + offsets[..., None, None]))


# ── the best place ───────────────────────────────────────────────────────────────────────────────────────────────────


def best_places(
    decoder: Decoder, pictures: Tensor, advances: Tensor, letters: list[int], box: tuple[float, float, float, float]
) -> tuple[Tensor, Tensor]:
    """Places (n, 2) where pictures (n, l s s) and advances (n, l) are decoded best, and errors of pictures (n,)."""
    grid, both = torch.cat([_grid(box), decoder.places.detach()]), (pictures, advances * SPACING**0.5)
    with torch.no_grad():  # the best of each part of the grid, and the best of these
        parts = [(part, *_all_errors(_decoded(decoder, part, letters), both).min(0)) for part in grid.split(CHUNK)]
        firsts, errors = torch.stack([part[at] for part, _, at in parts]), torch.stack([least for _, least, _ in parts])
        least, at = errors.topk(min(STARTS, len(parts)), 0, largest=False)
    z = firsts.gather(0, at[..., None].expand(-1, -1, 2)).flatten(0, 1)
    least, best, both = least.flatten(), z.clone(), (both[0].repeat(len(at), 1), both[1].repeat(len(at), 1))
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
    first = least.view(len(at), -1).argmin(0)
    best = best.view(len(at), -1, 2)[first, torch.arange(len(pictures))]
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
