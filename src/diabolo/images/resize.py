r"""Pictures made smaller and larger: antialiased bicubic interpolation.

    y_u = sum_i  w_ui x_i,       w_ui  ~  k( s (c_u - i) ),    sum_i w_ui = 1
    c_u = (u + 1/2) / s_ - 1/2                                 the place of the new pixel u among the old ones

* ``s_ = m / n`` the scale from n to m pixels, ``s = min(s_, 1)``: a picture made smaller is smoothed first
* ``k`` Keys' cubic with a = -1/2
* pixels beyond the border repeat the border

Columns of pixels first, then rows. With ``levels=255`` the result of each of the two is rounded to bytes, which is what
MATLAB's ``imresize`` gives to the bit for a picture of bytes: the small pictures of the published tables are made so.

References
----------
Cubic convolution interpolation for digital image processing (Keys, 1981), https://doi.org/10.1109/TASSP.1981.1163711
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["resize", "resized"]

STRIPE = 12  # new rows that are made of the same old ones


def resize(x: Tensor, size: tuple[int, int], levels: int | None = None) -> Tensor:
    """Pictures of another size.

    Parameters
    ----------
    x : Tensor (..., h, w)
        Values of any range; with `levels`, 0 to 1.
    size : (int, int)
        The new height and width, in pixels.
    levels : int, optional
        Round to multiples of ``1 / levels`` between 0 and 1 after each of the two directions.

    Returns
    -------
    Tensor (..., *size)

    Examples
    --------
    >>> resize(torch.arange(8.0).expand(1, 8, 8), (4, 4))[0, 0]
    tensor([0.5078, 2.4883, 4.5117, 6.4922])
    """
    if levels is not None:  # in steps of 1, where halves are exact
        steps = resize((x * levels).round(), (size[0], x.shape[-1])).add(0.5).floor().clamp(0, levels)
        return resize(steps, size).add(0.5).floor().clamp(0, levels) / levels
    return _along(_along(x.transpose(-1, -2), size[0]).transpose(-1, -2), size[1])


def resized(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same for one picture (h, w, c) of floats in memory: -> (c, *size), by products of matrices, in a tenth of the time.

    >>> resized(np.arange(8, dtype=np.float32).repeat(8).reshape(8, 8, 1), (4, 4))[0, :, 0].round(4)
    array([0.5078, 2.4883, 4.5117, 6.4922], dtype=float32)
    """
    x = _down(x.reshape(len(x), -1), size[0]).reshape(size[0], *x.shape[1:]).transpose(2, 1, 0)  # (c, w, new h)
    return np.stack([_down(np.ascontiguousarray(channel), size[1]).T for channel in x])


def _down(x: np.ndarray, m: int) -> np.ndarray:
    """(n, d) -> (m, d)."""
    return x if len(x) == m else np.concatenate([weight @ x[used] for used, weight in _stripes(len(x), m)])


@lru_cache(maxsize=64)
def _stripes(n: int, m: int) -> list[tuple[slice, np.ndarray]]:
    """The old rows that a stripe of new ones needs, and their weights (new, old): most of the whole matrix is 0."""
    index, weight = (t.numpy() for t in _taps(n, m))
    whole = np.zeros((m, n))
    np.add.at(whole, (np.broadcast_to(np.arange(m), index.shape), index), weight)
    used = [slice(int(part.min()), int(part.max()) + 1) for part in np.split(index, range(STRIPE, m, STRIPE), 1)]
    return [(u, whole[i * STRIPE : (i + 1) * STRIPE, u].astype(np.float32)) for i, u in enumerate(used)]


def _along(x: Tensor, m: int) -> Tensor:
    """The last axis (n) -> (m); one tap of the kernel at a time, so that memory holds only the result."""
    n = x.shape[-1]
    if m == n:
        return x
    index, weight = (t.to(x.device) for t in _taps(n, m))
    y = torch.zeros(*x.shape[:-1], m, dtype=x.dtype, device=x.device)
    for i, w in zip(index, weight.to(x.dtype), strict=True):
        y += x[..., i] * w
    return y


@lru_cache(maxsize=64)
def _taps(n: int, m: int) -> tuple[Tensor, Tensor]:
    """index, weight (taps, m)."""
    s = min(m / n, 1.0)
    taps = math.ceil(4 / s) + 2
    c = (torch.arange(m, dtype=torch.float64) + 0.5) * n / m - 0.5
    i = (c - 2 / s).floor() + torch.arange(taps, dtype=torch.float64)[:, None]
    w = _cubic(s * (c - i))
    used = (w != 0).any(1)
    return i[used].clamp(0, n - 1).long(), (w / w.sum(0))[used]


def _cubic(t: Tensor) -> Tensor:
    t = t.abs()
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return torch.where(t <= 1, near, torch.where(t <= 2, far, 0.0))
