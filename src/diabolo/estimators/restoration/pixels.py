"""Pictures as tensors, and back.

    x (1, C, H, W), float32, between 0 and 1 but for noise      <->      pixels (H, W, C)      <->      what was given

If all three channels are equal, only one is used. Colors under transparent pixels are replaced by visible ones from beside
them, and come back as they were.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError, warn
from ...images.metrics import psnr
from ...images.picture import DARK, SEEN, Picture, read

HELD_OUT_SIDE = 320  # pixels


def in_bytes(picture: Picture) -> np.ndarray:
    """Pixels to learn from, clipped to the range of bytes, 0 to 1."""
    x = picture.visible
    tell_dark(picture, "is learned as such")
    if not picture.bounded:
        low, high = (picture.low + picture.unit * float(v) for v in (x.min(), x.max()))
        if low < -1 or high > 2:
            raise DataError(
                f"{picture.name!r} has floats from {low:g} to {high:g}: to learn from they must lie between 0 and 1, except "
                "for noise. Scale all pictures in the same way"
            )
    return x.clip(0, 1)


def tell_dark(picture: Picture, so: str) -> None:
    """Warn of a picture that is nearly black because its type has more bits than its numbers."""
    if picture.dtype == np.uint16 and 0 < (most := picture.pixels.max()) < DARK:
        warn(
            f"{picture.name!r} has 16 bits, but reaches only {most * 65535:,.0f} of 65,535, so that it is nearly black and "
            f"{so}: bring it to the whole range first, such as array * 16 of 12 bits"
        )


def one(picture: Any) -> Picture:
    return picture if isinstance(picture, Picture) else read(picture)


def looked_at(picture: Picture) -> Tensor:
    """The input of a restorer (1, C, H, W): visible colors everywhere, and one channel if all three are equal."""
    x = picture.visible
    gray = x.shape[2] == 3 and bool((x[..., 0] == x[..., 1]).all() and (x[..., 0] == x[..., 2]).all())
    return tensor(x[..., :1] if gray else x)


def handed_back(picture: Picture, before: Tensor, after: Tensor, return_map: bool) -> Any:
    """The result for a user: `after` (1, C, h, w) as the kind of `picture`, and, if asked for, how it differs from `before`."""
    x, e = pixels(before), pixels(after)
    if e.shape[2] < picture.pixels.shape[2]:  # a gray that was given as RGB
        x, e = x.repeat(3, 2), e.repeat(3, 2)
    if picture.alpha is not None and e.shape == picture.pixels.shape:
        hidden = picture.alpha < SEEN  # nobody sees what is there: it stays
        e[hidden] = x[hidden] = picture.pixels[hidden]
    image = picture.like(e)
    return (image, picture.unit * (e - x)) if return_map else image


def decibels(e: Tensor, y: Tensor) -> float:
    """Peak signal-to-noise ratio of pictures with values in [0, 1], at most 100, so that means are finite.

    >>> round(decibels(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.1)), 1)
    20.0
    """
    return min(100.0, psnr(e.clamp(0, 1).numpy(), y.numpy(), peak=1))


def tensor(pixels: np.ndarray) -> Tensor:
    """(H, W, C) -> (1, C, H, W) float32."""
    return torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).movedim(-1, 0)[None]


def pixels(x: Tensor) -> np.ndarray:
    """(1, C, H, W) -> (H, W, C)."""
    return x[0].movedim(0, -1).numpy()


def tamed(x: Tensor) -> Tensor:
    """x with few extreme values, such as lamps or dead pixels, clipped, because they would dominate the others."""
    if x.min() >= -1 and x.max() <= 2:
        return x
    some = x.flatten()[:: max(1, x.numel() >> 20)]
    low, high = some.quantile(torch.tensor([0.001, 0.999])).tolist()
    return x.clamp(2 * low - high, 2 * high - low)


def part(pixels: np.ndarray, share: float, least: int, rng: np.random.Generator) -> np.ndarray:
    """A random rectangle of the pixels (H, W, C). Each side has this share of the whole, but at least `least` pixels."""
    h, w = (min(n, max(least, round(n * share))) for n in pixels.shape[:2])
    y, x = (int(rng.integers(n - m + 1)) for n, m in zip(pixels.shape[:2], (h, w), strict=True))
    return pixels[y : y + h, x : x + w]


def central(picture: np.ndarray) -> Tensor:
    """The center (1, C, h, w) of a picture of bytes, with at most HELD_OUT_SIDE pixels on each side."""
    h, w = picture.shape[:2]
    s = HELD_OUT_SIDE
    y, x = max(0, (h - s) // 2), max(0, (w - s) // 2)
    return tensor(picture[y : y + s, x : x + s] / np.float32(255))
