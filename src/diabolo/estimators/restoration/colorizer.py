r"""Colorization: a distribution over colors at each place, and colors from it.

    p_q(place)  ~  exp( (logit_q + beta u . c_q) / T ),      (a, b) = v sum_q p_q c_q,     L stays what it was

* ``c_q`` are colors on a grid in the a-b plane of CIE Lab; the network gives the probability of each
* ``T``    1 gives the mean of all colors, near 0 only the likeliest color counts
* ``v``    above 1 makes the colors more vivid, because a mean of colors is pale
* ``u``    a direction in the plane. Tilting the distribution along it gives another version, such as a warmer one: certain
  colors (sky, grass) stay, uncertain ones (a shirt) change
* the entropy of p shows where the network is uncertain

The network sees a small copy of the picture: enough to recognize objects, and colors are smooth within them. A guided filter
enlarges the colors along the edges of the brightness. Hints are an input of the network, and a smooth correction at the end
meets them exactly (hints.py).

References
----------
Colorful image colorization (Zhang et al., 2016), https://arxiv.org/abs/1603.08511
Real-time user-guided image colorization with learned deep priors (Zhang et al., 2017), https://arxiv.org/abs/1705.02999
Guided image filtering (He et al., 2013), https://doi.org/10.1109/TPAMI.2012.213
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError, Once, warn
from ...formats.readers import opened
from ...images.album import ImageCollection, naming_broken
from ...images.color import from_lab, to_lab, within
from ...images.picture import Picture
from ...images.resize import resize
from ...losses import Loss, Softmax
from ...nets import ColorClassHead, UNet
from ...nets.restoration import colors
from ...network import Diabolo
from ..parameters import check_integer
from .base import Restorer, Trial, check_sizes
from .hints import Hint, checked, hinted, met, planes
from .patches import Patches
from .pixels import handed_back, in_bytes, one, pixels, tell_dark, tensor

__all__ = ["Colorizer"]

SIDE = 144  # pixels of the shorter side of the copy that the network sees
RADIUS, SMOOTH = 3, 20.0  # of the guided filter: pixels of the small copy, squared units of L
MAX_DEVIATION_OF_FLAT = 0.2  # of L, half a step of bytes; noise and skies vary by more
AROUND = 6  # pixels of the small copy; an area with no detail within this distance gets no color
MIN_DEVIATION_OF_PICTURE = 2.0  # standard deviation of L; below, the picture is empty
STRIP = 256  # rows that are converted to RGB at a time
NOISE = 0.25  # how far the 5 % and 95 % quantiles of floats may be beyond 0 and 1
COLORLESS = 4.0  # mean |a|, |b|; pictures with less count as gray


@dataclass(kw_only=True, repr=False, eq=False)
class Colorizer(Restorer):
    """Give gray pictures the colors that they may have had. The brightness does not change.

    Parameters
    ----------
    vividness : float, default=1.1
        Factor v of the colors. A smaller one has a smaller error, but is pale.
    temperature : float, default=0.5
        Temperature T of the distribution over colors: 1 takes the mean of all colors, near 0 only the likeliest one counts. In
        between, the error is smaller at the same colorfulness.
    init : Colorizer, "pretrained" or None, default="pretrained"
        The model whose weights training starts with. "pretrained" is the one in the package; None starts from random weights.
    widths : tuple of int, default=(32, 64, 96, 96, 96)
        Channels of the U-net at 1/2 of the size of the small copy, 1/4, and so on.
    depth : int, default=1
        Blocks at each size, on the way down and on the way up.
    step : int, default=14
        Distance between neighboring colors c_q, in units of CIE a and b.
    patch_size : int, default=128
        Side of the training patches, in pixels of the small copy; at most 144.
    epochs : int or "auto", default="auto"
        Number of epochs. "auto" takes 1500 steps from `init`, and 6000 from nothing.
    batch_size : int or "auto", default="auto"
        Patches per step. "auto" is 16.
    lr, muon_lr : float, default=1e-3, 0.006
        Peak learning rates of AdamW for the biases, and of Muon for the convolutions.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of the convolutions. "auto" is 0.
    average : float in [0, 1), default=0.995
        Decay per step of the exponential moving average of the weights. The average is the result.
    validation_fraction : float in [0, 1), default=0.05
        Share of the pictures held out for early stopping: at least 1 and at most 20 of them; with fewer than 5 pictures, none.
    patience : int, default=20
        After this number of evaluations without improvement, the learning rate goes down to zero, and training stops.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the arithmetic in training and in use. The weights are float32, in a file float16.
    device : str, default="auto"
        Where the network is trained. "auto" uses CUDA if available.
    checkpoint : path or None, default=None
        File, or folder, to which the state of training is written every 30 seconds, atomically.
    resume : bool, default=False
        Whether to continue from `checkpoint`. The result has the same bits as without interruption.
    random_state : int, RandomState or None, default=None
        Seed of all random numbers.
    verbose : bool, default=True
        Whether to show a progress bar after two seconds. Without a terminal, it is a line on stderr every few seconds.

    Attributes
    ----------
    network_ : Diabolo
        Brightness and hints -> logits of the colors c_q, at half of the size of the small copy.
    history_ : History
        Loss and held-out error (minus the decibels) of each round; it prints as a table.
    about_ : str
        The data that the weights were learned from, if known.
    loss_ : Loss
        The loss that is minimized.
    seed_ : int
        Drawn from `random_state`. All other random numbers follow from it.

    Notes
    -----
    Only the brightness of a picture is used, even if it has colors, such as a photograph that a scanner tinted. Floats must be
    between 0 and 1, except for noise, because white must be known.

    Examples
    --------
    >>> gray = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    >>> Colorizer.pretrained().transform([gray])[0].shape
    (48, 64, 3)
    """

    vividness: float = 1.1
    temperature: float = 0.5
    widths: tuple[int, ...] = (32, 64, 96, 96, 96)
    depth: int = 1
    step: int = 14
    patch_size: int = 128
    lr: float = 1e-3

    _weights = "colorize.diabolo"
    _untouched = "gray"

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def transform(self, X: Any, *, hints: Sequence[Hint] = (), return_map: bool = False) -> list[Any]:
        """Color gray pictures.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these
            Pictures of any size. Each page of a TIFF is a picture, an array (H, W) or (H, W, C) is one.
        hints : sequence of (x, y, (r, g, b)), default=()
            Known colors of single pixels, 0 to 255.
        return_map : bool, default=False
            Whether to return the change, too.

        Returns
        -------
        list
            The result of :meth:`restore_picture` for each picture.
        """
        return list(self.restore(X, hints=hints, return_map=return_map))

    def restore_picture(self, picture: Any, *, hints: Sequence[Hint] = (), return_map: bool = False) -> Any:
        """Color one gray picture.

        Parameters
        ----------
        picture : Picture, or whatever ``images.picture.read`` reads
        hints : sequence of (x, y, (r, g, b)), default=()
            Known colors of single pixels, 0 to 255.
        return_map : bool, default=False
            Whether to return the change, too.

        Returns
        -------
        image : ndarray or PIL image
            Of the same kind as `picture`: an array of the same dtype, or a PIL image with the same metadata.
        change : ndarray (H, W, 3), float32
            Result minus the gray picture, if `return_map`. The unit is the whole range of brightness.
        """
        self._check_fitted()
        picture = one(picture)
        light = lightness(picture)
        e = shown(light, self._colors(light, checked(hints, light)))
        return handed_back(picture, shown(light, None), e, return_map)

    def versions(self, picture: Any, count: int = 4, hints: Sequence[Hint] = ()) -> list[Any]:
        """Color one picture in several ways, the likeliest first.

        Parameters
        ----------
        picture : Picture, or whatever ``images.picture.read`` reads
        count : int, default=4
            Number of versions.
        hints : sequence of (x, y, (r, g, b)), default=()
            Known colors of single pixels, 0 to 255. All versions have them.

        Returns
        -------
        list of ndarray or PIL image
            Each of the same kind as `picture`.
        """
        check_integer("count", count, 1, auto=False)
        self._check_fitted()
        picture = one(picture)
        light = lightness(picture)
        turns = [2 * math.pi * i / max(1, count - 1) for i in range(count - 1)]
        tilts = [(0.0, 0.0), *((TILT * math.cos(t), TILT * math.sin(t)) for t in turns)]
        colors = (self._colors(light, checked(hints, light), tilt) for tilt in tilts[:count])
        return [picture.like(pixels(shown(light, ab))) for ab in colors]

    def doubt(self, picture: Any, hints: Sequence[Hint] = ()) -> np.ndarray:
        """How uncertain the color of each pixel is.

        Parameters
        ----------
        picture : Picture, or whatever ``images.picture.read`` reads
        hints : sequence of (x, y, (r, g, b)), default=()
            Known colors of single pixels, 0 to 255.

        Returns
        -------
        ndarray (H, W)
            0: only one color is possible. 1: all colors are equally likely.
        """
        self._check_fitted()
        light = lightness(one(picture))
        p = self._likely(light, checked(hints, light))[0]
        entropy = -(p * p.clamp(min=1e-9).log()).sum(1, keepdim=True) / math.log(p.shape[1])
        size = (light.shape[2], light.shape[3])
        return F.interpolate(entropy, size=size, mode="bilinear")[0, 0].clamp(0, 1).numpy()

    def _colors(self, light: Tensor, hints: Sequence[Hint], tilt: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        """L (1, 1, H, W) -> a, b (1, 2, H, W)."""
        p, small = self._likely(light, hints, tilt)
        palette: Any = self.network_.decoder
        ab = self.vividness * torch.einsum("bqhw,qc->bchw", p, palette.colors.cpu())
        ab = guided(light, F.avg_pool2d(small, 2), ab)
        return met(ab if hints else ab * known_colors(small, light.shape), light, hints)

    def _likely(self, light: Tensor, hints: Sequence[Hint], tilt: tuple[float, float] = (0.0, 0.0)) -> tuple[Tensor, Tensor]:
        """p (1, Q, h/2, w/2) at the temperature, and the small copy of L (1, 1, h, w)."""
        small = resize(light, reduced(light.shape[2], light.shape[3]))
        seen = torch.cat([small / 50 - 1, planes(hints, light.shape, small.shape)], 1)
        stride, h, w = cast(UNet, self.network_.encoder).stride, small.shape[2], small.shape[3]
        padded = F.pad(seen, (0, -w % stride, 0, -h % stride), mode="replicate")
        with self._inference():
            logits = self.network_(padded.to(self._device)).float().cpu()[..., : h // 2, : w // 2]
        lean = (cast(ColorClassHead, self.network_.decoder).colors.cpu() @ torch.tensor(tilt)).view(1, -1, 1, 1)
        return ((logits + lean) / self.temperature).softmax(1), small[..., : h // 2 * 2, : w // 2 * 2]

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not self.temperature > 0:
            raise ValueError(f"temperature={self.temperature!r}: allowed are numbers above 0; 1 is the mean of all colors")
        if not self.vividness >= 0:
            raise ValueError(f"vividness={self.vividness!r}: allowed are numbers from 0 (gray); 1 is the mean")
        if self.patch_size > SIDE:
            raise ValueError(f"patch_size={self.patch_size!r}: allowed are numbers up to {SIDE}, the size that is looked at")

    def _unit(self) -> int:
        check_sizes(widths=self.widths, depth=(self.depth,), step=(self.step,))
        return int(2 ** len(self.widths))

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        return Diabolo(UNet(4, self.widths, self.depth, bias=True), ColorClassHead(self.widths[0], self.step))

    def _loss(self) -> Loss:
        return Softmax((len(colors(self.step)),))

    def _pictures(self, X: Any) -> list[np.ndarray]:
        """Small copies of all pictures with colors."""
        album = ImageCollection(opened(X, tell=self.verbose))
        small = (resize(tensor(in_bytes(p)), reduced(*p.pixels.shape[:2])) for p in album if p.pixels.shape[2] == 3)
        with naming_broken(album), Once().giving():
            kept = [pixels(x.clamp(0, 1) * 255).round().astype(np.uint8) for x in small if colorful(x)]
        if not kept:
            raise DataError("X holds no picture in color: give pictures with colors to learn from")
        if len(kept) < len(album):
            warn(f"{len(album) - len(kept):,} of {len(album):,} pictures have hardly any color: they are left out")
        return kept

    def _patches(self, pictures: list[np.ndarray]) -> Patches:
        return Patches(pictures, self.patch_size, turned=False)

    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        light, ab = to_lab(x).split((1, 2), 1)
        seen = torch.cat([light / 50 - 1, hinted(ab, rng)], 1)
        shares = self.network_.decoder.shares(F.avg_pool2d(ab, 2))  # type: ignore[operator]
        logits = self.network_(seen).float()
        rows = [t.movedim(1, -1).flatten(0, 2) for t in (logits, shares)]
        return self.loss_(*rows).view(len(x), -1).mean(1)

    def _trials(self, x: Tensor) -> Iterator[Trial]:
        light = to_lab(x)[:, :1]
        h, w = x.shape[2:]
        rng = np.random.default_rng(0)
        places = [(int(rng.integers(w)), int(rng.integers(h))) for _ in range(10)]
        known = [(px, py, [round(255 * float(v)) for v in x[0, :, py, px]]) for px, py in places]
        for name, hints in (("no hints", []), ("10 hints", known)):
            yield name, shown(light, None), shown(light, self._colors(light, hints)), x


TILT = 0.05  # beta, per unit of a and b


def colorful(x: Tensor) -> bool:
    """Whether RGB pixels (1, 3, H, W) are more than gray."""
    return bool(to_lab(x)[:, 1:].abs().mean() > COLORLESS)


def in_color(picture: Picture) -> bool:
    """Whether a picture has colors; a tint such as sepia counts."""
    x = tensor(picture.visible.clip(0, 1))
    return x.shape[1] == 3 and colorful(resize(x, reduced(*x.shape[2:])).clamp(0, 1))


def reduced(h: int, w: int) -> tuple[int, int]:
    """The size of the small copy: the shorter side is SIDE, the longer one at most 4 SIDE."""
    s = min(SIDE / min(h, w), 4 * SIDE / max(h, w))
    return max(2, round(h * s)), max(2, round(w * s))


def known_colors(small: Tensor, size: torch.Size) -> Tensor:
    """How much the colors can be known (1, 1, H, W), from L (1, 1, h, w): 0 in areas of one even gray, else 1."""
    spread = F.avg_pool2d(small, 9, 1, 4, count_include_pad=False).std(correction=0)  # of more than noise
    if spread < MIN_DEVIATION_OF_PICTURE:
        return ((spread / MIN_DEVIATION_OF_PICTURE) ** 2).expand(1, 1, 1, 1)
    around = F.pad(small, [AROUND] * 4, mode="replicate")
    high, low = (sign * F.max_pool2d(sign * around, 2 * AROUND + 1, 1) for sign in (1, -1))
    even = (high - low < MAX_DEVIATION_OF_FLAT).float()
    if not even.any():
        return torch.ones(1, 1, 1, 1)
    even = F.max_pool2d(even, 2 * AROUND + 7, 1, AROUND + 3)  # the windows themselves, and lines between them
    even = -F.max_pool2d(-even, 7, 1, 3)
    return 1 - F.interpolate(F.avg_pool2d(even, 5, 1, 2, count_include_pad=False), size=size[2:], mode="bilinear")


def lightness(picture: Picture) -> Tensor:
    """L (1, 1, H, W)."""
    x = picture.visible
    tell_dark(picture, "gets hardly any color")
    some = np.quantile(x.ravel()[:: max(1, x.size >> 20)], (0.05, 0.95))
    if picture.unit != 1 or some[0] < -NOISE or some[1] > 1 + NOISE:
        low, high = (picture.low + picture.unit * float(v) for v in (x.min(), x.max()))
        raise DataError(
            f"{picture.name!r} has floats from {low:g} to {high:g}, and what is white is not known: scale them to 0 to 1, "
            + ("for example (array - array.min()) / np.ptp(array)" if low < 0 else f"divide by {255 if high < 256 else 65535}")
        )
    return to_lab(tensor(x.clip(0, 1)).expand(1, 3, -1, -1))[:, :1]


def shown(light: Tensor, ab: Tensor | None) -> Tensor:
    """L (1, 1, H, W), a and b (1, 2, H, W) or None -> RGB, a few rows at a time."""
    ab = torch.zeros_like(light).expand(1, 2, -1, -1) if ab is None else ab
    strips = zip(light.split(STRIP, 2), ab.split(STRIP, 2), strict=True)
    return torch.cat([from_lab(within(torch.cat(strip, 1))) for strip in strips], 2).clamp(0, 1)


def guided(light: Tensor, small: Tensor, ab: Tensor) -> Tensor:
    """a, b (1, 2, h, w) at the size of L (1, 1, H, W): locally the linear function of L that fits them best."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2 * RADIUS + 1, 1, RADIUS, count_include_pad=False)

    center, spread = mean(small), mean(small * small) - mean(small) ** 2
    slope = (mean(small * ab) - center * mean(ab)) / (spread + SMOOTH)
    level = mean(ab) - slope * center
    slope, level = (F.interpolate(mean(t), size=(light.shape[2], light.shape[3]), mode="bilinear") for t in (slope, level))
    return slope * light + level
