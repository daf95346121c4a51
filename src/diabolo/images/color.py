r"""Colors as lightness and two opposed colors: CIE L*a*b* under daylight (D65).

    X, Y, Z = M v(r),      L = 116 f(Y) - 16,   a = 500 (f(X / Xn) - f(Y)),   b = 200 (f(Y) - f(Z / Zn))

* ``v`` undoes the curve of sRGB, ``f`` is the cube root, with a straight piece near black
* ``L`` 0 to 100 is how light a color looks; a = b = 0 are the grays; a step of one is about what the eye can tell

References
----------
IEC 61966-2-1 (sRGB); CIE 15 Colorimetry
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["from_lab", "to_lab", "within"]

WHITE = torch.tensor([0.950456, 1.0, 1.088754], dtype=torch.float64)
XYZ = torch.tensor(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]], dtype=torch.float64
)
XYZ = XYZ / XYZ.sum(1, keepdim=True) * WHITE[:, None]  # to the last digit: gray has no color
BEND = 6 / 29


def to_lab(rgb: Tensor) -> Tensor:
    """sRGB (..., 3, h, w) in [0, 1] -> L, a, b of the same shape.

    >>> to_lab(torch.full((3, 1, 1), 0.5)).flatten().round(decimals=2)
    tensor([53.3900,  0.0000,  0.0000])
    """
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb.clamp(min=0) + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("xc,...chw->...xhw", (XYZ / WHITE[:, None]).to(linear), linear)
    f = torch.where(xyz > BEND**3, xyz.clamp(min=1e-9) ** (1 / 3), xyz / (3 * BEND**2) + 4 / 29)
    x, y, z = f.unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -3)


def from_lab(lab: Tensor) -> Tensor:
    """The inverse of :func:`to_lab`; colors that no screen shows come out outside of [0, 1].

    >>> from_lab(to_lab(torch.tensor([0.1, 0.5, 0.9]).view(3, 1, 1))).flatten()
    tensor([0.1000, 0.5000, 0.9000])
    """
    light, a, b = lab.unbind(-3)
    y = (light + 16) / 116
    f = torch.stack([y + a / 500, y, y - b / 200], -3)
    xyz = torch.where(f > BEND, f**3, 3 * BEND**2 * (f - 4 / 29))
    linear = torch.einsum("cx,...xhw->...chw", torch.linalg.inv(XYZ / WHITE[:, None]).to(xyz), xyz)
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=1e-9) ** (1 / 2.4) - 0.055)


def within(lab: Tensor) -> Tensor:
    """Colors that no screen shows, paler: a and b scaled down by as little as it takes, L untouched.

    >>> rgb = from_lab(within(torch.tensor([50.0, 0.0, 200.0]).view(3, 1, 1)))
    >>> bool((rgb > -0.002).all() and (rgb < 1.002).all()), round(float(to_lab(rgb)[0]), 1)
    (True, 50.0)
    """
    low, high = torch.zeros_like(lab[..., :1, :, :]), torch.ones_like(lab[..., :1, :, :])
    high = torch.where(_shown(lab), high, high * 0.999)
    full = high == 1
    for _ in range(10):
        middle = (low + high) / 2
        fits = _shown(_paler(lab, middle))
        low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
    return _paler(lab, torch.where(full, torch.ones_like(low), low))


def _paler(lab: Tensor, share: Tensor) -> Tensor:
    return torch.cat([lab[..., :1, :, :], lab[..., 1:, :, :] * share], -3)


def _shown(lab: Tensor) -> Tensor:
    rgb = from_lab(lab)
    return ((rgb >= -1e-3) & (rgb <= 1 + 1e-3)).all(-3, keepdim=True)
