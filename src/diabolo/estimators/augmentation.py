r"""Augmentation of few pictures: a shifted or mirrored picture is another one of the same kind, if orientation does not matter.

    x' = mirror(shift(x)),      PCA{x, x'} against PCA{x} on held-out pictures

For faces and photographs, PCA with augmentations explains held-out pictures better; for digits, worse. So PCA decides.
Digits in an empty frame are only shifted by one pixel: nothing is cut off, and the network learns from nine times as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from ..corruption import Chain, Corruption, Mirror, Shift
from .linear import Linear, at_once

if TYPE_CHECKING:
    from ..formats import Format

__all__ = ["TIMES", "augmentation_helps", "augmented_pca", "shift_and_flip"]

TIMES, NUMBERS = 4, 100_000_000  # augmentations of each picture; numbers in all of them, about
SHIFT_DIVISOR = 16  # pictures are shifted by up to 1/16 of their shorter side


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
