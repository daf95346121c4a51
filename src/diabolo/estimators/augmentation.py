r"""Few pictures: each, moved a little or mirrored, is another one of the same kind, unless left is not right.

    x' = mirror(shift(x)),      PCA{x, x'} against PCA{x} on pictures that neither has seen

Of faces and photographs PCA of the variations explains others better, of digits worse: that tells the two apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from ..corruption import Chain, Corruption, Mirror, Shift
from .linear import Linear

if TYPE_CHECKING:
    from ..formats import Format

__all__ = ["TIMES", "about", "helps", "linear_of"]

TIMES, NUMBERS = 4, 100_000_000  # variations of each picture; numbers of all, about
MOVED = 16  # the part of its side by which a picture is moved at most


def about(shape: Sequence[int]) -> Corruption:
    """Pictures of a shape (C, H, W), varied: moved by up to a sixteenth of the shorter side, half of them mirrored."""
    return Chain((Shift(tuple(shape), min(shape[1:]) // MOVED, None), Mirror(tuple(shape))))


def helps(x: Tensor, format: Format, k: int, seed: int) -> bool:
    """Whether one variation of each of nine tenths of the pictures x (n, d) makes PCA of them better on the last tenth."""
    known, other = x[torch.arange(len(x)) % 10 > 0], x[::10]

    def error(times: int) -> float:
        linear = linear_of(known, format, k, seed, times)
        return float((linear.expected(linear.encode(other)) - other).square().mean())

    return error(1) < error(0)


def linear_of(x: Tensor, format: Format, k: int, seed: int, times: int = TIMES) -> Linear:
    """PCA of pictures x (n, d) and of so many variations of each, as far as memory allows."""
    vary, rng = about(cast(tuple[int, int, int], format.shape)), torch.Generator().manual_seed(seed)
    times = min(times, max(1, NUMBERS // x.numel()))
    return Linear(format, min(k, len(x)), seed).fit(torch.cat([x, *(vary(x, rng)[1] for _ in range(times))]))
