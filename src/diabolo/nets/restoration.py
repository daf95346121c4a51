r"""Networks for restoration: pictures in, pictures out, of any size.

    block                   h <- h + B relu(A h)                     A, B: convolutions 3 x 3
    UNet                    h_0 = blocks(x / 2),  h_i = blocks(h_{i-1} / 2);  back up:  h_{i-1} <- blocks(h_{i-1} + 2 h_i)
    ResidualCNN             h = blocks(conv(x)),  all at one size
    NoiseConditionalUNet    a UNet with the strength of the noise as an input, and a NoiseEstimator for it
    ColorClassHead          h -> the probability of each color
    PixelShuffleHead        h -> c s^2 channels -> a picture s times as large

No layer has a bias: a picture of zeros gives zeros, and a picture with half the contrast gives half the output. So flat areas
stay flat, and the network also handles strengths of noise that it has not seen. The finest layers of a U-net work at half the
size: a quarter of the pixels, each with four times the channels. They take most of the time.

A pixel of the output depends on no pixel farther away than ``reach``. So a large picture can be cut into tiles that overlap by
``reach``, and the result is that of the whole picture.

References
----------
Plug-and-play image restoration with deep denoiser prior (Zhang et al., 2021), https://doi.org/10.1109/TPAMI.2021.3088914
Robust and interpretable blind image denoising via bias-free convolutional networks (Mohan et al., 2020),
https://arxiv.org/abs/1906.05478
Real-time single image and video super-resolution using an efficient sub-pixel network (Shi et al., 2016),
https://arxiv.org/abs/1609.05158
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..images.color import to_lab

__all__ = [
    "Block",
    "ColorClassHead",
    "NoiseConditionalUNet",
    "NoiseEstimator",
    "PixelShuffleHead",
    "PixelShuffleHeads",
    "ResidualCNN",
    "UNet",
]

MOST_COLORS = 128  # in each direction of a and b, at the smallest step


def conv(a: int, b: int, kernel: int = 3, bias: bool = False) -> nn.Conv2d:
    """He's initialization."""
    layer = nn.Conv2d(a, b, kernel, padding=kernel // 2, bias=bias)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Block(nn.Module):
    """A residual block: two convolutions plus the identity; it starts as the identity."""

    def __init__(self, c: int, bias: bool = False) -> None:
        super().__init__()
        self.a, self.b = conv(c, c, bias=bias), conv(c, c, bias=bias)
        nn.init.zeros_(self.b.weight)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.b(F.relu(self.a(h)))


def blocks(c: int, n: int, bias: bool = False) -> nn.Sequential:
    return nn.Sequential(*(Block(c, bias) for _ in range(n)))


class UNet(nn.Module):
    """A U-net: down, and up again with skip connections.

    Parameters
    ----------
    channels : int
        Channels of the picture.
    widths : sequence of int
        Channels at half the size, a quarter, ...
    depth : int
        Number of blocks at each size, both down and up.
    bias : bool, default=False
        Whether layers have a bias, for networks whose output is not a picture.

    Examples
    --------
    >>> net = UNet(1, (8, 16), 1)
    >>> net(torch.zeros(1, 1, 16, 8)).shape, net.stride, net.reach
    (torch.Size([1, 8, 8, 4]), 4, 24)
    """

    def __init__(self, channels: int, widths: Sequence[int] = (32, 64, 128), depth: int = 2, bias: bool = False) -> None:
        super().__init__()
        self.sizes, self.bias = (channels, tuple(widths), depth), bias
        steps = list(pairwise(widths))
        self.head = conv(4 * channels, widths[0], bias=bias)
        self.down = nn.ModuleList(blocks(w, depth, bias) for w in widths)
        self.up = nn.ModuleList(blocks(w, depth, bias) for w in widths[:-1])
        self.smaller = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2, bias=False) for a, b in steps)
        self.larger = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2, bias=False) for a, b in steps)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, channels, H, W) -> h (B, widths[0], H/2, W/2); H and W are multiples of ``stride``."""
        h = self.head(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))
        kept = []
        for i, down in enumerate(self.down):
            h = down(self.smaller[i - 1](h) if i else h)
            kept.append(h)
        for i in reversed(range(len(self.up))):
            h = self.up[i](kept[i] + self.larger[i](h))
        return h

    @property
    def stride(self) -> int:
        """The sides of a picture must be multiples of this number of pixels."""
        return int(2 ** len(self.sizes[1]))

    @property
    def reach(self) -> int:
        """A pixel depends on no pixel farther away, one more 3 x 3 convolution included; a multiple of ``stride``."""
        _, widths, depth = self.sizes
        seen = 4 + self.stride - 1  # head, the convolution after it, and the position of a pixel in its square of `stride`
        for i in range(len(widths)):
            ways = 1 if i == len(widths) - 1 else 2
            seen += 2 ** (i + 1) * 2 * depth * ways
        return _up(seen, self.stride)

    def config(self) -> dict[str, Any]:
        channels, widths, depth = self.sizes
        return {"channels": channels, "widths": list(widths), "depth": depth, "bias": self.bias}


class NoiseEstimator(nn.Module):
    r"""The noise level of a picture: ``sigma = s sum_p a_p v_p``, from the picture divided by its spread s.

    a is a softmax over positions: the network learns to attend to those where it sees nothing but noise.

    Examples
    --------
    >>> NoiseEstimator(1)(torch.zeros(2, 1, 16, 16))
    tensor([0., 0.], grad_fn=<MulBackward0>)
    """

    def __init__(self, channels: int, width: int = 16) -> None:
        super().__init__()
        self.sizes = (channels, width)
        self.look = nn.Sequential(conv(4 * channels, width), nn.ReLU(), conv(width, width), nn.ReLU(), conv(width, 2))

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """x (B, channels, H, W) -> (B,); H and W are even. Only positions that are `seen` (1, 1, H, W) have a weight."""
        x = x - x.mean((2, 3), keepdim=True)
        s = x.square().mean((1, 2, 3)).sqrt()
        scaled = (x / s.clamp(min=1e-6)[:, None, None, None]).contiguous(memory_format=torch.channels_last)
        v, a = self.look(F.pixel_unshuffle(scaled, 2)).float().flatten(2).unbind(1)
        if seen is not None:
            a = a.masked_fill(F.max_pool2d(seen, 2).flatten(1) == 0, -torch.inf)
        return s * (a.softmax(1) * v.abs()).sum(1)

    def config(self) -> dict[str, Any]:
        channels, width = self.sizes
        return {"channels": channels, "width": width}


class NoiseConditionalUNet(nn.Module):
    """A U-net with the strength of the noise as an input, and a `NoiseEstimator` that estimates an unknown strength.

    Parameters
    ----------
    channels : int
        Channels of the picture.
    widths, depth
        As in `UNet`, which gets one more channel: the noise level at each pixel.

    Examples
    --------
    >>> net = NoiseConditionalUNet(1, (8, 16), 1)
    >>> net(torch.zeros(1, 1, 16, 8), torch.zeros(1)).shape
    torch.Size([1, 8, 8, 4])
    """

    def __init__(self, channels: int, widths: Sequence[int] = (32, 64, 128), depth: int = 2) -> None:
        super().__init__()
        self.net, self.level = UNet(channels + 1, widths, depth), NoiseEstimator(channels)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """x (B, channels, H, W), level (B,) -> h (B, widths[0], H/2, W/2)."""
        h: Tensor = self.net(torch.cat([x, level.view(-1, 1, 1, 1).expand_as(x[:, :1])], 1))
        return h

    @property
    def stride(self) -> int:
        return self.net.stride

    @property
    def reach(self) -> int:
        return self.net.reach

    def config(self) -> dict[str, Any]:
        channels, widths, depth = self.net.sizes
        return {"channels": channels - 1, "widths": list(widths), "depth": depth}


class ResidualCNN(nn.Module):
    """Blocks at the size of the picture.

    Parameters
    ----------
    channels : int
        Channels of the picture.
    width : int
        Channels of the blocks.
    depth : int
        Number of blocks.

    Examples
    --------
    >>> net = ResidualCNN(1, 8, 2)
    >>> net(torch.zeros(1, 1, 5, 7)).shape, net.stride, net.reach
    (torch.Size([1, 8, 5, 7]), 1, 6)
    """

    stride = 1

    def __init__(self, channels: int, width: int = 48, depth: int = 6) -> None:
        super().__init__()
        self.sizes = (channels, width, depth)
        self.head, self.body = conv(channels, width), blocks(width, depth)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, channels, H, W) -> h (B, width, H, W)."""
        h: Tensor = self.body(self.head(x.contiguous(memory_format=torch.channels_last)))
        return h

    @property
    def reach(self) -> int:
        return 2 * self.sizes[2] + 2

    def config(self) -> dict[str, Any]:
        channels, width, depth = self.sizes
        return {"channels": channels, "width": width, "depth": depth}


class PixelShuffleHeads(nn.Module):
    """A `PixelShuffleHead` for each of several scales, with the same h.

    Examples
    --------
    >>> PixelShuffleHeads(8, 1, (2, 3))(torch.zeros(1, 8, 5, 7), 3).shape
    torch.Size([1, 1, 15, 21])
    """

    def __init__(self, width: int, channels: int, scales: Sequence[int]) -> None:
        super().__init__()
        self.sizes = (width, channels, tuple(scales))
        self.each = nn.ModuleDict({str(scale): PixelShuffleHead(width, channels, scale) for scale in scales})

    def forward(self, h: Tensor, scale: int) -> Tensor:
        y: Tensor = self.each[str(scale)](h)
        return y

    def config(self) -> dict[str, Any]:
        width, channels, scales = self.sizes
        return {"width": width, "channels": channels, "scales": list(scales)}


class PixelShuffleHead(nn.Module):
    """One convolution whose channels become the pixels of a picture `scale` times as large; it starts at zero.

    Parameters
    ----------
    width : int
        Channels of h.
    channels : int
        Channels of the picture.
    scale : int
        Factor of height and width.

    Examples
    --------
    >>> PixelShuffleHead(8, 1, 3)(torch.zeros(1, 8, 5, 7)).shape
    torch.Size([1, 1, 15, 21])
    """

    def __init__(self, width: int, channels: int, scale: int) -> None:
        super().__init__()
        self.sizes = (width, channels, scale)
        self.rise = conv(width, channels * scale**2)
        nn.init.zeros_(self.rise.weight)

    def forward(self, h: Tensor) -> Tensor:
        return F.pixel_shuffle(self.rise(h), self.sizes[2])

    def config(self) -> dict[str, Any]:
        width, channels, scale = self.sizes
        return {"width": width, "channels": channels, "scale": scale}


class ColorClassHead(nn.Module):
    """h -> the probability of each of a grid of colors at each pixel; a picture of them has their mean.

    Parameters
    ----------
    width : int
        Channels of h.
    step : int, default=14
        Distance of neighboring colors, in units of CIE a and b.

    Examples
    --------
    >>> palette = ColorClassHead(8)
    >>> palette(torch.zeros(1, 8, 5, 7)).shape[1] == len(palette.colors)
    True
    """

    colors: Tensor
    index: Tensor

    def __init__(self, width: int, step: int = 14) -> None:
        super().__init__()
        self.sizes = (width, step)
        self.register_buffer("colors", colors(step), persistent=False)
        self.register_buffer("index", indices(self.colors / step), persistent=False)
        self.rise = conv(width, len(self.colors), kernel=1, bias=True)
        nn.init.zeros_(self.rise.weight)

    def forward(self, h: Tensor) -> Tensor:
        """h (B, width, H, W) -> logits (B, number of colors, H, W)."""
        y: Tensor = self.rise(h)
        return y

    def shares(self, ab: Tensor) -> Tensor:
        """Colors (B, 2, H, W) -> shares (B, number of colors, H, W) of the four grid colors around each, whose mean it is."""
        place = ab / self.sizes[1]
        low = place.floor()
        corners = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).to(ab).view(1, 4, 2, 1, 1)
        at = low[:, None] + corners
        near = (1 - (place[:, None] - at).abs()).prod(2)
        a, b = (at.long() + MOST_COLORS).clamp(0, 2 * MOST_COLORS).unbind(2)
        index = self.index[a, b]  # the number of colors, if the corner is none of them
        out = near.new_zeros(len(ab), len(self.colors) + 1, *ab.shape[2:]).scatter_add_(1, index, near)[:, :-1]
        return out / out.sum(1, keepdim=True).clamp(min=1e-6)

    def config(self) -> dict[str, Any]:
        width, step = self.sizes
        return {"width": width, "step": step}


def colors(step: int) -> Tensor:
    """(Q, 2): a and b on a grid, limited to neighbors of colors that a screen shows."""
    if step < 1:
        raise ValueError(f"step={step!r}: allowed are integers from 1")
    rgb = torch.linspace(0, 1, 17, device="cpu")  # even if weights have no memory yet
    shown = to_lab(torch.cartesian_prod(rgb, rgb, rgb).T[:, :, None])[1:, :, 0].T
    corners = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], device="cpu")
    a, b = ((shown / step).floor().long()[:, None] + corners).flatten(0, 1).T
    both = (1000 * a + b + 500).unique()  # as one number: much faster than as pairs
    return torch.stack([both // 1000, both % 1000 - 500], 1) * float(step)


def indices(places: Tensor) -> Tensor:
    """(Q, 2) -> the square table with the number of the color at each position; Q if there is none."""
    side = 2 * MOST_COLORS + 1
    table = torch.full((side, side), len(places), device="cpu")
    a, b = (places.round().long() + MOST_COLORS).T
    return table.index_put((a, b), torch.arange(len(places), device="cpu"))


def _up(n: int, unit: int) -> int:
    return -(-n // unit) * unit
