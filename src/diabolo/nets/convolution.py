r"""Convolutional encoder and decoder of pictures, with a linear skip path.

    z = A x + b + V flat(h_L),    h_l = block(down(h_{l-1}))        encoder: each `down` halves the size
    e = A' z + b' + up(... up(block(W z)))                          decoder: each `up` doubles it

As in :class:`SkipMLP`, the linear path can start as PCA; V = 0 and the last `up` = 0 at the start. The size is halved until the
shorter side of the picture is four pixels.

References
----------
Deep residual learning for image recognition (He et al., 2016), https://arxiv.org/abs/1512.03385
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .dense import SkipMLP
from .restoration import Block, PixelShuffleHead, conv

__all__ = ["WIDTHS", "ConvDecoder", "ConvEncoder", "ConvFeatures", "Unflat"]

SMALLEST = 4  # pixels of the shorter side
WIDTHS = (16, 32, 64, 128, 128)


def halvings(h: int, w: int, most: int = len(WIDTHS)) -> list[tuple[int, int]]:
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
    widths : sequence of int
        Channels at half the size, a quarter, ...

    Examples
    --------
    >>> sight = ConvFeatures((1, 28, 28), (8, 16, 32))
    >>> sight(torch.zeros(2, 784)).shape, sight.m
    (torch.Size([2, 512]), 512)
    """

    def __init__(self, shape: Sequence[int], widths: Sequence[int] = WIDTHS) -> None:
        c, h, w = shape
        sizes = halvings(h, w, len(widths))
        used = list(widths[: len(sizes) - 1])
        layers: list[nn.Module] = [Unflat(shape)]
        for a, b in pairwise((c, *used)):
            layers += [Down(a, b), Block(b, bias=True)]
        super().__init__(*layers, nn.ReLU(), nn.Flatten())
        self.shape, self.widths, self.sizes = tuple(shape), tuple(widths), sizes
        self.m = used[-1] * sizes[-1][0] * sizes[-1][1]

    def config(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "widths": list(self.widths)}


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
        return F.relu(self.conv(h))


class Up(nn.Module):
    """Doubles the size, cropped to `size`."""

    def __init__(self, a: int, b: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.conv, self.size = conv(a, b, bias=True), size

    def forward(self, h: Tensor) -> Tensor:
        return F.relu(self.conv(F.interpolate(h, scale_factor=2, mode="nearest")[..., : self.size[0], : self.size[1]]))


class ConvEncoder(SkipMLP):
    """A picture as a row (B, channels * h * w) -> a code (B, out).

    Parameters
    ----------
    shape : (int, int, int)
        Channels, height and width.
    widths : sequence of int
        Channels at half the size, a quarter, ...; only as many are used as the size can be halved.
    out : int
        Width of the code.

    Examples
    --------
    >>> ConvEncoder((3, 16, 12), (8, 16), 5)(torch.zeros(2, 576)).shape
    torch.Size([2, 5])
    """

    def __init__(self, shape: Sequence[int], widths: Sequence[int], out: int) -> None:
        c, h, w = shape
        super().__init__(c * h * w, (), out)
        sight = ConvFeatures(shape, widths)
        last = nn.Linear(sight.m, out)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.curve, self.shape, self.widths = nn.Sequential(sight, last), tuple(shape), tuple(widths)

    def config(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "widths": list(self.widths), "out": self.sizes[2]}


class ConvDecoder(SkipMLP):
    """A code (B, d) -> a picture as a row (B, channels * h * w).

    Parameters
    ----------
    d : int
        Width of the code.
    widths, shape
        As in :class:`ConvEncoder`.

    Examples
    --------
    >>> ConvDecoder(5, (8, 16), (3, 16, 12))(torch.zeros(2, 5)).shape
    torch.Size([2, 576])
    """

    def __init__(self, d: int, widths: Sequence[int], shape: Sequence[int]) -> None:
        c, h, w = shape
        super().__init__(d, (), c * h * w)
        sizes = halvings(h, w, len(widths))
        used = list(widths[: len(sizes) - 1])[::-1]
        small = (used[0], *sizes[-1])
        first = nn.Linear(d, small[0] * small[1] * small[2])
        nn.init.kaiming_normal_(first.weight, nonlinearity="relu")
        nn.init.zeros_(first.bias)
        layers: list[nn.Module] = [first, nn.ReLU(), Unflat(small), Block(used[0], bias=True)]
        for (a, b), size in zip(pairwise(used), sizes[-2:0:-1], strict=True):
            layers += [Up(a, b, size), Block(b, bias=True)]
        self.curve = nn.Sequential(*layers, PixelShuffleHead(used[-1], c, 2), Cut(h, w))
        self.shape, self.widths = tuple(shape), tuple(widths)

    def config(self) -> dict[str, Any]:
        return {"d": self.sizes[0], "widths": list(self.widths), "shape": list(self.shape)}


class Cut(nn.Module):
    """(B, c, h' >= h, w' >= w) -> (B, c h w)."""

    def __init__(self, h: int, w: int) -> None:
        super().__init__()
        self.h, self.w = h, w

    def forward(self, x: Tensor) -> Tensor:
        return x[..., : self.h, : self.w].flatten(1)
