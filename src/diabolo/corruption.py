r"""What is seen, and what must be produced.

    x  --vary-->  x'        (training only: a picture shifted by a pixel is the same picture)
    seen   = c(x')          what the encoder gets
    target = t(x')          what the decoder must produce: x' itself, unless the class says otherwise

``Clean`` gives the autoencoder, ``Gaussian`` and ``Mask`` the denoising autoencoder. A corruption of strength 0 is the
identity. All randomness comes from the ``torch.Generator`` that is passed in.

References
----------
Extracting and composing robust features with denoising autoencoders (Vincent et al., 2008),
https://doi.org/10.1145/1390156.1390294
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from .errors import FormatError

__all__ = ["Chain", "Clean", "Corruption", "Gaussian", "Hide", "Mask", "SaltPepper", "Shift", "Thin"]

CORRUPTIONS: dict[str, type[Corruption]] = {}


class Corruption:
    """Base: x is seen as it is, and is the target."""

    def __init_subclass__(cls) -> None:
        CORRUPTIONS[cls.__name__] = cls

    def __call__(self, x: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """``(B, ...) -> seen (B, ...), target (B, ...)``."""
        x = self.vary(x, rng)
        return self.seen(x, rng), self.target(x)

    def vary(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Another x that is as good an example as this one."""
        return x

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """What the encoder gets."""
        return x

    def target(self, x: Tensor) -> Tensor:
        """What the decoder must produce."""
        return x

    def config(self) -> dict[str, Any]:
        """JSON from which :func:`build` makes the same corruption."""
        return {"name": type(self).__name__, **asdict(self)}  # type: ignore[call-overload]


def build(config: dict[str, Any]) -> Corruption:
    """The corruption that a ``config()`` describes.

    >>> build(Gaussian(0.5).config())
    Gaussian(sigma=0.5)
    """
    values = dict(config)
    name = values.pop("name")
    if name not in CORRUPTIONS:
        raise FormatError(f"{name!r} is a corruption of your own: import the module that defines it, then load again")
    cls = CORRUPTIONS[name]
    if cls is Chain:
        return Chain(tuple(build(part) for part in values["parts"]))
    return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})


@dataclass(frozen=True)
class Clean(Corruption):
    """No corruption: the plain autoencoder."""


@dataclass(frozen=True)
class Gaussian(Corruption):
    """Add noise: ``seen = x + sigma * e``, e ~ N(0, 1).

    Parameters
    ----------
    sigma : float, default=0.1
        In the units of the tensor: standard deviations for numbers.

    Examples
    --------
    >>> x = torch.zeros(2, 3)
    >>> seen, target = Gaussian(0.5)(x, torch.Generator().manual_seed(0))
    >>> seen.std() > 0, bool((target == x).all())
    (tensor(True), True)
    """

    sigma: float = 0.1

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        return x + self.sigma * torch.randn(x.shape, generator=rng, device=x.device, dtype=x.dtype)


@dataclass(frozen=True)
class Mask(Corruption):
    """Hide each value with probability p.

    Parameters
    ----------
    p : float in [0, 1], default=0.2
        Share of the values hidden.
    fill : float, default=0.0
        What stands in their place; NaN says "missing" to a network that knows missing values.
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
class Hide(Corruption):
    """Hide whole columns, few of one row and many of another: ``P(hidden) = u p`` with ``u ~ U(0, 1)`` for each row.

    What is hidden is NaN, "missing". A network that learns to fill in any part from any other part knows how each column
    depends on the rest.

    Parameters
    ----------
    p : float in [0, 1], default=0.7
        Largest share of the columns hidden.
    sizes : tuple of int, optional
        Features of each column; by default one each.

    Examples
    --------
    >>> seen, _ = Hide(1.0, sizes=(1, 2))(torch.zeros(1, 3), torch.Generator().manual_seed(2))
    >>> seen
    tensor([[nan, 0., 0.]])
    """

    p: float = 0.7
    sizes: tuple[int, ...] | None = None

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        sizes = torch.tensor(self.sizes or (1,) * x.shape[1], device=x.device)
        u = torch.rand(len(x), 1, generator=rng, device=x.device)
        hidden = torch.rand(len(x), len(sizes), generator=rng, device=x.device) < u * self.p
        return x.masked_fill(hidden.repeat_interleave(sizes, 1) if self.sizes else hidden, math.nan)


@dataclass(frozen=True)
class SaltPepper(Corruption):
    """Set each value with probability p to `low` or `high`, each half of the time."""

    p: float = 0.1
    low: float = 0.0
    high: float = 1.0

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        u = torch.rand(x.shape, generator=rng, device=x.device)
        return x.masked_fill(u < self.p / 2, self.low).masked_fill(u > 1 - self.p / 2, self.high)


@dataclass(frozen=True)
class Shift(Corruption):
    """Move flattened pictures by up to `pixels` in each direction: seen and target alike.

    All shifts are equally likely.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the pictures, which are rows of height * width numbers.
    pixels : int, default=1
        Largest shift; the border fills with `fill`.
    fill : float, default=0.0
        Value of the background.
    """

    shape: tuple[int, int] = (28, 28)
    pixels: int = 1
    fill: float = 0.0

    def vary(self, x: Tensor, rng: torch.Generator) -> Tensor:
        if not self.pixels:
            return x
        (h, w), s = self.shape, self.pixels
        padded = torch.nn.functional.pad(x.view(-1, h, w), (s, s, s, s), value=self.fill)
        side = 2 * s + 1
        rows, columns = torch.randint(side, (2, len(x)), generator=rng, device=x.device)
        out = torch.empty_like(x).view(-1, h, w)
        for place in range(side * side):
            dy, dx = divmod(place, side)
            here = (rows == dy) & (columns == dx)
            out[here] = padded[here, dy : dy + h, dx : dx + w]
        return out.view_as(x)


@dataclass(frozen=True)
class Thin(Corruption):
    """Leave out each occurrence of each word with probability p: a document that was read in part.

    Parameters
    ----------
    p : float in [0, 1], default=0.5
        Share of the occurrences left out; of what is no whole number, the fraction is kept or not.

    Examples
    --------
    >>> seen, target = Thin(0.5)(torch.full((1, 4), 10.0), torch.Generator().manual_seed(0))
    >>> bool((seen <= target).all()), bool((seen == seen.round()).all())
    (True, True)
    """

    p: float = 0.5

    def seen(self, x: Tensor, rng: torch.Generator) -> Tensor:
        whole, kept = x.floor(), torch.full_like(x, 1 - self.p)
        return torch.binomial(whole, kept, generator=rng) + (x - whole) * torch.bernoulli(kept, generator=rng)


@dataclass(frozen=True)
class Chain(Corruption):
    """One corruption after another; the target is that of the first that changes it."""

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
