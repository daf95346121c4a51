r"""Corruptions: the input of the encoder, and the target of the decoder.

    x  --vary-->  x'        augmentation, in training only: a picture shifted by a pixel is the same picture
    seen   = c(x')          input of the encoder
    target = t(x')          target of the decoder: x' itself, unless the class says otherwise

``Clean`` gives the autoencoder, ``Gaussian`` and ``Mask`` the denoising autoencoder, ``Grayscale`` colorization and
``Downscale`` super-resolution. A corruption of strength 0 is the identity. All random numbers come from the given
``torch.Generator``.

References
----------
Extracting and composing robust features with denoising autoencoders (Vincent et al., 2008),
https://doi.org/10.1145/1390156.1390294
"""

from __future__ import annotations

import io
import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .errors import DataError, FormatError
from .images.picture import LUMA
from .images.resize import resize
from .registry import registered_name

__all__ = [
    "Chain",
    "Clean",
    "ColumnMask",
    "Corruption",
    "Downscale",
    "Gaussian",
    "Grayscale",
    "Jpeg",
    "Mask",
    "Mirror",
    "Poisson",
    "SaltPepper",
    "Shift",
    "WordDropout",
]

CORRUPTIONS: dict[str, type[Corruption]] = {}


class Corruption:
    """Base: x is both the input and the target."""

    pictures: ClassVar[bool] = False  # whether x must be (B, C, h, w), and cannot be rows

    def __init_subclass__(cls) -> None:
        CORRUPTIONS[registered_name(cls)] = cls

    def __call__(self, x: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """``(B, ...) -> seen (B, ...), target (B, ...)``."""
        x = self.vary(x, rng)
        return self.seen(x, rng), self.target(x)

    def vary(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Augmentation: another x that is an equally good example."""
        return x

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """The input of the encoder."""
        return x

    def target(self, x: Tensor) -> Tensor:
        """The target of the decoder."""
        return x

    def config(self) -> dict[str, Any]:
        """JSON from which :func:`build` makes the same corruption."""
        values = asdict(self)  # type: ignore[call-overload]
        return {"name": registered_name(type(self))} | {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def build(config: dict[str, Any]) -> Corruption:
    """The corruption that a ``config()`` describes.

    >>> build(Gaussian(0.5).config())
    Gaussian(sigma=0.5)
    """
    values = dict(config)
    name = values.pop("name")
    if name not in CORRUPTIONS:
        raise FormatError(f"{name!r} is your own corruption: import the module that defines it, then load again")
    cls = CORRUPTIONS[name]
    if cls is Chain:
        return Chain(tuple(build(part) for part in values["parts"]))
    return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})


def between(strength: float | tuple[float, float], x: Tensor, rng: torch.Generator) -> Tensor:
    """A strength for each example, in a shape that multiplies x (B, ...)."""
    low, high = strength if isinstance(strength, tuple) else (strength, strength)
    u = torch.rand(len(x), generator=rng, device=x.device, dtype=x.dtype) if low < high else torch.zeros(1).to(x)
    return (low + (high - low) * u).view(-1, *(1,) * (x.ndim - 1))


@dataclass(frozen=True)
class Clean(Corruption):
    """No corruption: the plain autoencoder."""


@dataclass(frozen=True)
class Gaussian(Corruption):
    """Add noise: ``seen = x + sigma * e``, e ~ N(0, 1).

    Parameters
    ----------
    sigma : float or (float, float), default=0.1
        Standard deviation of the noise. Its unit is the standard deviation of numbers, or the whole range of brightness of
        pictures. With a pair, each example draws its own strength, uniform between the two.

    Examples
    --------
    >>> x = torch.zeros(2, 3)
    >>> seen, target = Gaussian(0.5)(x, torch.Generator().manual_seed(0))
    >>> seen.std() > 0, bool((target == x).all())
    (tensor(True), True)
    """

    sigma: float | tuple[float, float] = 0.1

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        e = torch.randn(x.shape, generator=rng, device=x.device, dtype=x.dtype)
        return x + between(self.sigma, x, rng) * e


@dataclass(frozen=True)
class Poisson(Corruption):
    """Photon noise: ``seen = g n``, n ~ Poisson(x / g). Bright pixels are noisier than dark ones.

    Parameters
    ----------
    gain : float or (float, float), default=0.01
        Brightness g of one photon; white is 1. A pair as for `Gaussian`.

    Examples
    --------
    >>> seen, _ = Poisson(0.25)(torch.full((1, 4), 0.5), torch.Generator().manual_seed(0))
    >>> seen / 0.25 % 1
    tensor([[0., 0., 0., 0.]])
    """

    gain: float | tuple[float, float] = 0.01

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        g = between(self.gain, x, rng)
        if not (x >= -1).all():  # an image with other noise may be a little below 0
            raise DataError("Poisson needs brightness from 0 on, but X has missing or negative values: take Gaussian")
        return torch.where(g > 0, g * torch.poisson(x.clamp(min=0) / g.clamp(min=1e-6), generator=rng), x)


@dataclass(frozen=True)
class Mask(Corruption):
    """Hide each value with probability p.

    Parameters
    ----------
    p : float in [0, 1], default=0.2
        Probability that a value is hidden.
    fill : float, default=0.0
        The value in its place. NaN means "missing" to a network that knows missing values.
    """

    p: float = 0.2
    fill: float = 0.0

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        hidden = torch.rand(x.shape, generator=rng, device=x.device) < self.p
        return x.masked_fill(hidden, self.fill)

    def config(self) -> dict[str, Any]:
        return super().config() | {"fill": None if math.isnan(self.fill) else self.fill}

    def __post_init__(self) -> None:
        if self.fill is None:
            object.__setattr__(self, "fill", math.nan)


@dataclass(frozen=True)
class ColumnMask(Corruption):
    """Hide whole columns, few in one row and many in another: ``P(hidden) = u p`` with ``u ~ U(0, 1)`` for each row.

    Hidden values are NaN, "missing". A network that learns to predict any columns from all others learns how each column
    depends on the rest.

    Parameters
    ----------
    p : float in [0, 1], default=0.7
        Largest probability that a column is hidden.
    sizes : tuple of int, optional
        Number of features of each column; by default one.

    Examples
    --------
    >>> seen, _ = ColumnMask(1.0, sizes=(1, 2))(torch.zeros(1, 3), torch.Generator().manual_seed(2))
    >>> seen
    tensor([[nan, 0., 0.]])
    """

    p: float = 0.7
    sizes: tuple[int, ...] | None = None

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        u = torch.rand(len(x), 1, generator=rng, device=x.device)
        hidden = torch.rand(len(x), len(self.sizes or x.T), generator=rng, device=x.device) < u * self.p
        if self.sizes and set(self.sizes) != {1}:
            hidden = hidden.repeat_interleave(torch.tensor(self.sizes, device=x.device), 1)
        return x.masked_fill(hidden, math.nan)


@dataclass(frozen=True)
class SaltPepper(Corruption):
    """Salt and pepper: set each value with probability p to `low` or `high`, equally often."""

    p: float = 0.1
    low: float = 0.0
    high: float = 1.0

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        u = torch.rand(x.shape, generator=rng, device=x.device)
        return x.masked_fill(u < self.p / 2, self.low).masked_fill(u > 1 - self.p / 2, self.high)


@dataclass(frozen=True)
class Jpeg(Corruption):
    """Compress pictures (B, 1 or 3, h, w) as JPEG files do: blocks, ringing, coarse colors.

    Parameters
    ----------
    quality : int or (int, int) or None, default=(20, 90)
        1 to 95, as in Pillow. With a pair, each picture draws its own. None: no compression.

    Examples
    --------
    >>> x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    >>> seen, _ = Jpeg(10)(x, torch.Generator())
    >>> bool((seen - x).abs().max() > 0.1)
    True
    """

    pictures = True
    quality: int | tuple[int, int] | None = (20, 90)

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        if self.quality is None or not len(x):
            return x
        low, high = self.quality if isinstance(self.quality, tuple) else (self.quality, self.quality)
        quality = torch.randint(low, high + 1, (len(x),), generator=rng, device=x.device).tolist()
        return torch.stack([compressed(picture, q) for picture, q in zip(x.cpu(), quality, strict=True)]).to(x)


def compressed(x: Tensor, quality: int) -> Tensor:
    """(C, h, w) in [0, 1] through a JPEG file."""
    file, channels = io.BytesIO(), x.movedim(0, -1).clamp(0, 1).mul(255).round().byte().numpy()
    Image.fromarray(channels.squeeze(-1) if len(x) == 1 else channels).save(file, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(file)).reshape(channels.shape)
    return torch.from_numpy(decoded.copy()).movedim(-1, 0).to(x) / 255


@dataclass(frozen=True)
class Grayscale(Corruption):
    """Remove the color from pictures (B, 3, h, w): ``seen = x + amount (luma(x) - x)``.

    Parameters
    ----------
    amount : float in [0, 1], default=1.0
        1 leaves three equal channels.
    """

    pictures = True
    amount: float = 1.0

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        luma = torch.tensor(LUMA, dtype=x.dtype, device=x.device).view(3, 1, 1)
        return x + self.amount * ((x * luma).sum(1, keepdim=True) - x)


@dataclass(frozen=True)
class Downscale(Corruption):
    """Reduce pictures (B, C, h, w) by antialiased bicubic interpolation; the target is cropped to fit.

    Parameters
    ----------
    factor : int, default=2
        h and w are divided by it.
    levels : int or None, default=None
        255 rounds to the levels of bytes, which gives the same bits as MATLAB's ``imresize``.

    Examples
    --------
    >>> seen, target = Downscale(3)(torch.zeros(1, 1, 20, 10), torch.Generator())
    >>> seen.shape, target.shape
    (torch.Size([1, 1, 6, 3]), torch.Size([1, 1, 18, 9]))
    """

    pictures = True
    factor: int = 2
    levels: int | None = None

    def vary(self, x: Tensor, rng: torch.Generator) -> Tensor:
        h, w = (n - n % self.factor for n in x.shape[-2:])
        return x[..., :h, :w]

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        h, w = x.shape[-2:]
        return resize(x, (h // self.factor, w // self.factor), self.levels)


@dataclass(frozen=True)
class Shift(Corruption):
    """Shift flattened pictures by up to `pixels` in each direction, input and target alike.

    All shifts are equally probable.

    Parameters
    ----------
    shape : (int, int) or (int, int, int)
        Height and width of the pictures; or channels, height and width. A row has as many numbers as their product.
    pixels : int, default=1
        Largest shift.
    fill : float or None, default=0.0
        Value of the new pixels at the border; None repeats the border.
    """

    shape: tuple[int, ...] = (28, 28)
    pixels: int = 1
    fill: float | None = 0.0

    def vary(self, x: Tensor, rng: torch.Generator) -> Tensor:
        if not self.pixels:
            return x
        (h, w), side = self.shape[-2:], 2 * self.pixels + 1
        rows, columns = torch.randint(side, (2, len(x)), generator=rng, device=x.device)
        places = self._padded(x).unfold(2, h, 1).unfold(3, w, 1)  # (B, C, side, side, h, w): views, no copies
        return places.movedim(1, 3)[torch.arange(len(x), device=x.device), rows, columns].view_as(x)

    def moved(self, x: Tensor, down: int, right: int) -> Tensor:
        """All of them by the most pixels: down (1), up (-1) or not at all (0), and the same to the right."""
        (h, w), s = self.shape[-2:], self.pixels
        dy, dx = s * (1 - down), s * (1 - right)
        return self._padded(x)[:, :, dy : dy + h, dx : dx + w].reshape(x.shape)

    def _padded(self, x: Tensor) -> Tensor:
        (h, w), s = self.shape[-2:], self.pixels
        how: dict[str, Any] = {"mode": "replicate"} if self.fill is None else {"mode": "constant", "value": self.fill}
        return torch.nn.functional.pad(x.view(len(x), x.shape[1] // (h * w), h, w), (s, s, s, s), **how)


@dataclass(frozen=True)
class Mirror(Corruption):
    """Mirror flattened pictures left to right with probability p, input and target alike.

    Parameters
    ----------
    shape : (int, int) or (int, int, int)
        Height and width, or channels, height and width.
    p : float in [0, 1], default=0.5
        Probability that a picture is mirrored.
    """

    shape: tuple[int, ...] = (28, 28)
    p: float = 0.5

    def vary(self, x: Tensor, rng: torch.Generator) -> Tensor:
        swapped = torch.rand(len(x), 1, generator=rng, device=x.device) < self.p
        h, w = self.shape[-2:]
        return torch.where(swapped, x.view(len(x), x.shape[1] // (h * w), h, w).flip(3).view_as(x), x)


@dataclass(frozen=True)
class WordDropout(Corruption):
    """Remove each occurrence of each word with probability p: word dropout.

    Parameters
    ----------
    p : float in [0, 1], default=0.5
        Probability that an occurrence is removed. The fractional part of a count is removed or kept as a whole.

    Examples
    --------
    >>> seen, target = WordDropout(0.5)(torch.full((1, 4), 10.0), torch.Generator().manual_seed(0))
    >>> bool((seen <= target).all()), bool((seen == seen.round()).all())
    (True, True)
    """

    p: float = 0.5

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        whole, kept = x.floor(), torch.full_like(x, 1 - self.p)
        seen, rest = torch.binomial(whole, kept, generator=rng), x - whole
        return seen + rest * torch.bernoulli(kept, generator=rng) if rest.any() else seen


@dataclass(frozen=True)
class Chain(Corruption):
    """One corruption after another; the target is that of the first one that changes it."""

    parts: tuple[Corruption, ...] = ()

    def vary(self, x: Tensor, rng: torch.Generator) -> Tensor:
        for part in self.parts:
            x = part.vary(x, rng)
        return x

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        for part in self.parts:
            x = part.seen(x, rng)
        return x

    def target(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part.target(x)
        return x

    def config(self) -> dict[str, Any]:
        return {"name": "Chain", "parts": [part.config() for part in self.parts]}
