r"""Augmentation of few pictures: a shifted or mirrored picture is another one of the same kind, if orientation does not matter.

    x' = mirror(shift(x)),      PCA{x, x'} against PCA{x} on held-out pictures

For faces and photographs, PCA with augmentations explains held-out pictures as well, or better; mirrored digits make it worse,
and so does a shift of a small digit that fills its picture. So PCA decides which of the two a picture may go through.
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

__all__ = ["TIMES", "augmentation_helps", "augmented_pca", "shift_and_flip", "suiting"]

TIMES, NUMBERS = 4, 100_000_000  # augmentations of each picture; numbers in all of them, about
SHIFT_DIVISOR = 16  # pictures are shifted by up to 1/16 of their shorter side
TESTED = 24  # components of the PCA that says which augmentations suit
MOST_IF_SHIFTED, MOST_IF_MIRRORED = 1.1, 1.02  # times the error without, at most: letters and faces, digits


def shift_and_flip(shape: Sequence[int]) -> Corruption:
    """Augmentation of pictures (C, H, W): shifted by up to 1/16 of the shorter side, half of them mirrored."""
    return Chain(both(shape))


def both(shape: Sequence[int]) -> tuple[Corruption, Corruption]:
    return Shift(tuple(shape), min(shape[1:]) // SHIFT_DIVISOR, None), Mirror(tuple(shape))


def suiting(x: Tensor, format: Format, seed: int) -> tuple[Corruption, ...]:
    """Those of shifting and mirroring that make no other kind of picture of x (n, d)."""
    shift, mirror = both(cast(tuple[int, int, int], format.shape))
    alone = held_out_error(x, format, TESTED, seed)
    limits = ((shift, MOST_IF_SHIFTED), (mirror, MOST_IF_MIRRORED))
    return tuple(vary for vary, most in limits if held_out_error(x, format, TESTED, seed, vary) <= most * alone)


def augmentation_helps(x: Tensor, format: Format, k: int, seed: int) -> bool:
    """Whether PCA of 90 % of the pictures x (n, d) explains the other 10 % better with one augmentation of each picture."""
    vary = shift_and_flip(cast(tuple[int, int, int], format.shape))
    return held_out_error(x, format, k, seed, vary) < held_out_error(x, format, k, seed)


def held_out_error(x: Tensor, format: Format, k: int, seed: int, vary: Corruption | None = None) -> float:
    """Of PCA of 90 % of the pictures x (n, d), and of one augmentation of each, on the other 10 %."""
    known, other = x[torch.arange(len(x)) % 10 > 0], x[::10]
    linear = augmented_pca(known, format, k, seed, int(vary is not None), vary)
    return float((linear.expected(linear.encode(other)) - other).square().mean())


def augmented_pca(x: Tensor, format: Format, k: int, seed: int, times: int = TIMES, vary: Corruption | None = None) -> Linear:
    """PCA of pictures x (n, d) and of `times` augmentations of each, as far as memory allows."""
    vary = vary or shift_and_flip(cast(tuple[int, int, int], format.shape))
    rng = torch.Generator().manual_seed(seed)
    times = min(times, max(1, NUMBERS // x.numel()))
    varied = x.new_empty(1 + times, *x.shape)
    for i, copy in enumerate(varied):
        for new, given in zip(*(v.split(at_once(x.shape[1])) for v in (copy, x)), strict=True):
            new.copy_(vary(given, rng)[1] if i else given)
    return Linear(format, min(k, len(x)), seed).fit(varied.flatten(0, 1), spare=True)
