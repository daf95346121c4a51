r"""Convolutional encoder and decoder of pictures, with a linear skip path.

    z = A x + b + V flat(h_L),    h_l = block(down(h_{l-1}))        encoder: each `down` halves the size
    e = A' z + b' + last(... block(up(block(W z))))                 decoder: each `up` doubles it

As in :class:`SkipMLP`, the linear path can start as PCA; V = 0 and `last` = 0 at the start. The size is halved until the
shorter side of the picture has at most six pixels.

Of large pictures, the finest sizes would take most of the time and bring least. So there are blocks only where the shorter side
has at most eight pixels, with half of the channels inside, and larger sizes are doubled pixel by pixel.

References
----------
Deep residual learning for image recognition (He et al., 2016), https://arxiv.org/abs/1512.03385
Real-time single image and video super-resolution using an efficient sub-pixel network (Shi et al., 2016),
https://arxiv.org/abs/1609.05158 (:class:`Split`)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .dense import SkipMLP
from .restoration import PixelShuffleHead, conv

__all__ = ["CHANNELS", "ConvDecoder", "ConvEncoder", "ConvFeatures", "Unflat"]

SMALLEST, COARSE, LARGE = 6, 8, 33  # pixels of the shorter side
CHANNELS = (16, 32, 64, 128, 128)


def halvings(h: int, w: int, most: int = len(CHANNELS)) -> list[tuple[int, int]]:
    """The sizes in the encoder, each half of the one before.

    >>> halvings(28, 28)
    [(28, 28), (14, 14), (7, 7), (4, 4)]
    """
    sizes = [(h, w)]
    while min(sizes[-1]) > SMALLEST and len(sizes) <= most:
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes if len(sizes) > 1 else [(h, w), ((h + 1) // 2, (w + 1) // 2)]


class ConvFeatures(nn.Sequential):
    """Pictures as rows (B, channels * h * w) -> features (B, m).

    Parameters
    ----------
    shape : (int, int, int)
        Channels, height and width.
    channels : sequence of int
        Channels at half the size, a quarter, ...; only as many are used as the size can be halved.

    Examples
    --------
    >>> sight = ConvFeatures((1, 28, 28), (8, 16, 32))
    >>> sight(torch.zeros(2, 784)).shape, sight.m
    (torch.Size([2, 512]), 512)
    """

    def __init__(self, shape: Sequence[int], channels: Sequence[int] = CHANNELS) -> None:
        c, h, w = shape
        sizes = halvings(h, w, len(channels))[1:]
        used = channels[: len(sizes)]
        layers: list[nn.Module] = [Unflat(shape)]
        for (a, b), size in zip(pairwise((c, *used)), sizes, strict=True):
            layers += [Down(a, b), *blocks(b, size, min(h, w) >= LARGE)]
        super().__init__(*layers, nn.ReLU(), nn.Flatten())
        self.shape, self.channels = tuple(shape), tuple(channels)
        self.m = used[-1] * sizes[-1][0] * sizes[-1][1]

    def config(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "channels": list(self.channels)}


def blocks(c: int, size: tuple[int, int], large: bool) -> list[nn.Module]:
    """The block at this size, if there is one."""
    if not large:
        return [Residual(c, c)]
    return [Residual(c, -(-c // 2))] if min(size) <= COARSE else []


class Unflat(nn.Module):
    """(B, c h w) -> (B, c, h, w), with the channels of a pixel side by side in memory."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, self.shape).contiguous(memory_format=torch.channels_last)

    def config(self) -> dict[str, Any]:
        return {"shape": list(self.shape)}


class Down(nn.Module):
    """Halves the size."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv = conv(a, b, bias=True)
        self.conv.stride = (2, 2)

    def forward(self, h: Tensor) -> Tensor:
        y: Tensor = self.conv(h)
        return y.relu_()  # in place: memory is slower than arithmetic


class Residual(nn.Module):
    """A residual block: two convolutions, with m channels between them, plus the identity; it starts as the identity."""

    def __init__(self, c: int, m: int) -> None:
        super().__init__()
        self.a, self.b = conv(c, m, bias=True), conv(m, c, bias=True)
        nn.init.zeros_(self.b.weight)

    def forward(self, h: Tensor) -> Tensor:
        y: Tensor = self.b(self.a(h).relu_())
        return y.add_(h)


class Up(nn.Module):
    """Doubles the size, cropped to `size`."""

    def __init__(self, a: int, b: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.conv, self.size = conv(a, b, bias=True), size

    def forward(self, h: Tensor) -> Tensor:
        y: Tensor = self.conv(F.interpolate(h, scale_factor=2, mode="nearest")[..., : self.size[0], : self.size[1]])
        return y.relu_()


class Split(nn.Module):
    """The same for less: each pixel becomes four, whatever is beside it."""

    def __init__(self, a: int, b: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.conv, self.size = conv(a, 4 * b, 1, bias=True), size

    def forward(self, h: Tensor) -> Tensor:
        y: Tensor = self.conv(h)
        return F.pixel_shuffle(y.relu_(), 2)[..., : self.size[0], : self.size[1]]


class ConvEncoder(SkipMLP):
    """A picture as a row (B, channels * h * w) -> a code (B, out).

    Parameters
    ----------
    shape, channels
        As in :class:`ConvFeatures`.
    out : int
        Width of the code.

    Examples
    --------
    >>> ConvEncoder((3, 16, 12), (8, 16), 5)(torch.zeros(2, 576)).shape
    torch.Size([2, 5])
    """

    def __init__(self, shape: Sequence[int], channels: Sequence[int], out: int) -> None:
        c, h, w = shape
        super().__init__(c * h * w, (), out)
        sight = ConvFeatures(shape, channels)
        last = nn.Linear(sight.m, out)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.curve, self.shape, self.channels = nn.Sequential(sight, last), tuple(shape), tuple(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.straight(x)
        return y + cast(nn.Module, self.curve)((x - self.c) / self.s)  # pixels have bounds: not curbed

    def config(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "channels": list(self.channels), "out": self.sizes[2]}


class ConvDecoder(SkipMLP):
    """A code (B, d) -> a picture as a row (B, channels * h * w).

    Parameters
    ----------
    d : int
        Width of the code.
    channels, shape
        As in :class:`ConvEncoder`.

    Examples
    --------
    >>> ConvDecoder(5, (8, 16), (3, 16, 12))(torch.zeros(2, 5)).shape
    torch.Size([2, 576])
    """

    def __init__(self, d: int, channels: Sequence[int], shape: Sequence[int]) -> None:
        c, h, w = shape
        super().__init__(d, (), c * h * w)
        sizes, large = halvings(h, w, len(channels))[:0:-1], min(h, w) >= LARGE
        used = channels[: len(sizes)][::-1]
        least = (used[0], *sizes[0])
        first = nn.Linear(d, least[0] * least[1] * least[2])
        nn.init.kaiming_normal_(first.weight, nonlinearity="relu")
        nn.init.zeros_(first.bias)
        layers: list[nn.Module] = [first, nn.ReLU(), Unflat(least), *blocks(used[0], sizes[0], large)]
        for (a, b), small, size in zip(pairwise(used), sizes, sizes[1:], strict=False):
            fine = large and min(small) > COARSE
            layers += [Split(a, b, size) if fine else Up(a, b, size), *blocks(b, size, large)]
        self.curve = nn.Sequential(*layers, PixelShuffleHead(used[-1], c, 2), Cut(h, w))
        self.shape, self.channels = tuple(shape), tuple(channels)

    def config(self) -> dict[str, Any]:
        return {"d": self.sizes[0], "channels": list(self.channels), "shape": list(self.shape)}


class Cut(nn.Module):
    """(B, c, h' >= h, w' >= w) -> (B, c h w)."""

    def __init__(self, h: int, w: int) -> None:
        super().__init__()
        self.h, self.w = h, w

    def forward(self, x: Tensor) -> Tensor:
        return x[..., : self.h, : self.w].flatten(1)
