r"""Augmentation of few pictures: a shifted or mirrored picture is another one of the same kind, if orientation does not matter.

    x' = mirror(shift(x)),      PCA{x, x'} against PCA{x} on held-out pictures

For faces and photographs, PCA with augmentations explains held-out pictures better; for digits, worse. So PCA decides.
Digits in an empty frame are only shifted by one pixel: nothing is cut off, and the network learns from nine times as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from ..corruption import Chain, Corruption, Mirror, Shift
from .linear import Linear, at_once

if TYPE_CHECKING:
    from ..formats import Format

__all__ = ["TIMES", "augmentation_helps", "augmented_pca", "framed", "shift_and_flip"]

TIMES, NUMBERS = 4, 100_000_000  # augmentations of each picture; numbers in all of them, about
SHIFT_DIVISOR = 16  # pictures are shifted by up to 1/16 of their shorter side
LOOKED_AT, LEAST_SIDE = 2000, 16  # rows by which flattened pictures are known, and their least side
EMPTY, ALIKE = 0.01, 0.5  # variance of an empty frame, and of the difference of neighbors, as a share of that of all pixels


def shift_and_flip(shape: Sequence[int]) -> Corruption:
    """Augmentation of pictures (C, H, W): shifted by up to 1/16 of the shorter side, half of them mirrored."""
    return Chain((Shift(tuple(shape), min(shape[1:]) // SHIFT_DIVISOR, None), Mirror(tuple(shape))))


def augmentation_helps(x: Tensor, format: Format, k: int, seed: int) -> bool:
    """Whether PCA of 90 % of the pictures x (n, d) explains the other 10 % better with one augmentation of each picture."""
    known, other = x[torch.arange(len(x)) % 10 > 0], x[::10]

    def error(times: int) -> float:
        linear = augmented_pca(known, format, k, seed, times)
        return float((linear.expected(linear.encode(other)) - other).square().mean())

    return error(1) < error(0)


def augmented_pca(x: Tensor, format: Format, k: int, seed: int, times: int = TIMES) -> Linear:
    """PCA of pictures x (n, d) and of `times` augmentations of each, as far as memory allows."""
    vary, rng = shift_and_flip(cast(tuple[int, int, int], format.shape)), torch.Generator().manual_seed(seed)
    times = min(times, max(1, NUMBERS // x.numel()))
    varied = x.new_empty(1 + times, *x.shape)
    for i, copy in enumerate(varied):
        for new, given in zip(*(v.split(at_once(x.shape[1])) for v in (copy, x)), strict=True):
            new.copy_(vary(given, rng)[1] if i else given)
    return Linear(format, min(k, len(x)), seed).fit(varied.flatten(0, 1), spare=True)


def framed(x: Tensor) -> int:
    """The side s if the rows x (n, s * s) are flattened pictures in [0, 1] with an empty frame of one pixel; else 0.

    Pixels are known by their neighbors, to the right and below, which differ little from them.

    >>> dots = torch.zeros(9, 20, 20)
    >>> for i in range(9):
    ...     dots[i, i + 1 : i + 9, i + 2 : i + 9] = 1.0
    >>> framed(dots.flatten(1)), framed(dots.flatten(1)[:, torch.randperm(400)])
    (20, 0)
    """
    s, some = isqrt(x.shape[1]), x[:: max(1, len(x) // LOOKED_AT)]
    if s * s != x.shape[1] or s < LEAST_SIDE or not bool(((some >= 0) & (some <= 1)).all()):
        return 0
    v = (some - some.mean(0)).view(-1, s, s)
    inner = v[:, 1:-1, 1:-1]
    variance = float(inner.square().mean())
    frame = (float(v.square().sum()) - float(inner.square().sum())) / (len(v) * 4 * (s - 1))
    apart = max(float((inner.diff(dim=d)).square().mean()) for d in (1, 2)) / 2
    return s if frame <= EMPTY * variance and apart < ALIKE * variance else 0
