r"""Denoising.

    e = x + f(x - m, s),      s = strength * noise level of x,      m: the mean of x

    clean pictures y    minimize  loss(e, y) + 0.1 |log s - log noise level|,      x = y + noise
    noisy pictures y    minimize  loss(e_a, b) + |(e_a - b) - (e'_a - e'_b)|^2 / noise^2 + 0.1 |log s - log noise level|

* ``f`` has no bias: flat areas stay flat, and with half the contrast and noise the correction is half as large
* ``s`` is estimated by a second, small network if it is not given
* colors are brightness and two opposed colors: orthogonal channels with equal noise
* ``a, b`` are two neighbors out of each 2 x 2 pixels of a noisy y; e_a is restored from a, and e' from all of y. Neighbors
  differ by independent noise, which cannot be learned, and by details, which e' contains

References
----------
Beyond a Gaussian denoiser: residual learning of deep CNN for image denoising (Zhang et al., 2017),
https://doi.org/10.1109/TIP.2017.2662206
Neighbor2Neighbor: self-supervised denoising from single noisy images (Huang et al., 2021),
https://arxiv.org/abs/2101.02824
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...corruption import Corruption, Gaussian
from ...errors import warn
from ...images.album import ImageCollection
from ...images.picture import SEEN, Picture
from ...nets import NoiseConditionalUNet, PixelShuffleHead
from ...network import Diabolo
from ...rows import Rows, evenly
from .base import Restorer, Trial, check_sizes
from .pixels import handed_back, looked_at, one, tamed

__all__ = ["Denoiser"]

MAX_PIXELS_ESTIMATED_WHOLE, SPOT = 4 << 20, 512  # pixels; the noise of larger pictures is estimated from squares of this side
LEAST_INSIDE = 64  # pixels a side within an empty frame; of fewer, such as a logo, the frame counts, too
LEAST_FREE = 0.25  # of the pixels, away from black and white ones: of fewer, as of a page of text, all tell the noise
INVISIBLE_NOISE = 0.5 / 255  # noise that a picture of bytes does not show
NOISY, LOOKED_AT = 5.0, 20  # of 255, in the median of some pictures: clean ones, even with fine detail, look like 0 to 3
# Rows: brightness and two opposed colors. They are orthogonal and of equal length, so the noise is equal in all three.
OPPONENT = torch.tensor([[1.0, 1.0, 1.0], [math.sqrt(1.5), 0.0, -math.sqrt(1.5)], [0.5**0.5, -(2**0.5), 0.5**0.5]]) / 3


@dataclass(kw_only=True, repr=False, eq=False)
class Denoiser(Restorer):
    """Remove noise from pictures. The strength of the noise is estimated for each picture.

    Parameters
    ----------
    corruption : Corruption or None, default=None
        How clean pictures are corrupted in training. None: Gaussian noise with a standard deviation from 0 to 55, of 255.
    target : {"clean", "self"}, default="clean"
        "clean": the training pictures are clean. "self": they are noisy, and there are no clean ones. Then each is split into
        two pictures of half the size with neighboring pixels. One is the input, the other the target; their noise is
        independent, so it cannot be learned (Neighbor2Neighbor).
    init : Denoiser, "pretrained" or None, default="pretrained"
        The model whose weights training starts with. "pretrained" is the one in the package; None starts from random weights.
    gray_fraction : float in [0, 1], default=0.5
        Share of the training patches that are converted to gray first. One network restores both kinds.
    widths : tuple of int, default=(32, 64, 128)
        Channels of the U-net at 1/2 of the size, 1/4, and so on.
    depth : int, default=2
        Blocks at each size, on the way down and on the way up.
    patch_size : int, default=96
        Side of the training patches, in pixels.
    loss : Loss or "auto", default="auto"
        "auto" is `losses.LogSquared`, the logarithm of the mean squared error.
    epochs : int or "auto", default="auto"
        Number of epochs. "auto" takes 1500 steps from `init`, and 6000 from nothing.
    batch_size : int or "auto", default="auto"
        Patches per step. "auto" is 16.
    muon_lr : float, default=0.006
        Peak learning rate of Muon.
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
        The encoder takes the noise level, and estimates it if it is not given.
    history_ : History
        Loss and held-out error (minus the decibels) of each round; it prints as a table.
    about_ : str
        The data that the weights were learned from, if known.
    loss_ : Loss
        The loss that is minimized.
    seed_ : int
        Drawn from `random_state`. All other random numbers follow from it.

    References
    ----------
    Extracting and composing robust features with denoising autoencoders (Vincent et al., 2008),
    https://doi.org/10.1145/1390156.1390294
    Neighbor2Neighbor: self-supervised denoising from single noisy images (Huang et al., 2021),
    https://arxiv.org/abs/2101.02824
    FFDNet: toward a fast and flexible solution for CNN-based image denoising (Zhang et al., 2018),
    https://doi.org/10.1109/TIP.2018.2839891

    Examples
    --------
    >>> noisy = (100 + 25 * np.random.default_rng(0).normal(size=(64, 64))).clip(0, 255).astype(np.uint8)
    >>> clean = Denoiser.pretrained().transform([noisy])[0]
    >>> clean.dtype, clean.shape, bool(clean.std() < noisy.std() / 3)
    (dtype('uint8'), (64, 64), True)
    """

    corruption: Any = None
    target: str = "clean"
    gray_fraction: float = 0.5
    widths: tuple[int, ...] = (32, 64, 128)
    depth: int = 2
    loss: Any = "auto"

    _weights = "denoise.diabolo"
    _untouched = "noisy"

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def transform(self, X: Any, *, strength: float = 1.0, sigma: float | None = None, return_map: bool = False) -> list[Any]:
        """Remove noise from pictures.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these
            Pictures of any size. Each page of a TIFF is a picture, an array (H, W) or (H, W, C) is one.
        strength : float in [0, 1.5], default=1
            0 removes nothing, 1 the estimated noise.
        sigma : float, default=None
            Standard deviation of the noise, instead of the estimate: as a share of the whole range, such as 25 / 255; for
            pictures of floats, in their own unit.
        return_map : bool, default=False
            Whether to return the change, too.

        Returns
        -------
        list
            The result of :meth:`restore_picture` for each picture.
        """
        return list(self.restore(X, strength=strength, sigma=sigma, return_map=return_map))

    def restore_picture(
        self, picture: Any, *, strength: float = 1.0, sigma: float | None = None, return_map: bool = False
    ) -> Any:
        """Remove noise from one picture.

        Parameters
        ----------
        picture : Picture, or whatever ``images.picture.read`` reads
        strength : float in [0, 1.5], default=1
            0 removes nothing, 1 the estimated noise.
        sigma : float, default=None
            Standard deviation of the noise, instead of the estimate: as a share of the whole range, such as 25 / 255; for
            pictures of floats, in their own unit.
        return_map : bool, default=False
            Whether to return the change, too.

        Returns
        -------
        image : ndarray or PIL image
            Of the same kind as `picture`: an array of the same dtype, or a PIL image with the same metadata.
        change : ndarray (H, W, C), float32
            Result minus input, if `return_map`. The unit is the whole range of brightness; for pictures of floats, their own.
        """
        self._check_fitted()
        if not 0 <= strength <= 1.5:
            raise ValueError(f"strength={strength!r}: allowed are numbers from 0 (nothing) to 1.5; 1 is what was estimated")
        picture = one(picture)
        if sigma is not None and not 0 <= sigma <= picture.unit:
            whole = "whole range of brightness, such as 25 / 255" if picture.unit == 1 else f"range of {picture.name!r}"
            raise ValueError(f"sigma={sigma!r}: allowed are numbers from 0 to {picture.unit:g}, the {whole}")
        x = looked_at(picture)
        e = self._clean(x, strength, None if sigma is None else sigma / picture.unit, picture.alpha)
        return handed_back(picture, x, e, return_map)

    def noise_level(self, X: Any) -> np.ndarray:
        """Estimate the noise level of pictures.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these

        Returns
        -------
        ndarray (n,)
            Standard deviation of the noise in each channel, for each picture. 1 is the whole range; for pictures of floats it
            is in their own unit.
        """
        self._check_fitted()
        return np.array([self._noise_level(picture) for picture in ImageCollection(X)])

    def _noise_level(self, picture: Picture) -> float:
        x = looked_at(picture)
        inner = inside_frame(x)
        calm = tamed(x[inner])
        seen = opponent(calm)
        alpha = None if picture.alpha is None else picture.alpha[inner[2:]]
        level = float(self._level(calm, seen - seen.mean((2, 3), keepdim=True), alpha))
        return picture.unit * level * x.shape[1] ** 0.5

    def _clean(self, x: Tensor, strength: float = 1.0, sigma: float | None = None, alpha: np.ndarray | None = None) -> Tensor:
        """x (1, 1 or 3, h, w) without its noise. An empty frame around it stays, and says nothing about the noise."""
        inner = inside_frame(x)
        if x[inner].shape != x.shape:
            e = x.clone()
            e[inner] = self._clean(x[inner], strength, sigma, None if alpha is None else alpha[inner[2:]])
            return e
        seen, calm = opponent(x), tamed(x)
        look = seen if calm is x else opponent(calm)
        m = look.mean((2, 3), keepdim=True)
        known = None if sigma is None else torch.tensor([sigma / x.shape[1] ** 0.5])  # the mean of three is less noisy
        level = strength * (self._level(calm, look - m, alpha) if known is None else known)
        if not level:
            return x
        added = self._tiled(lambda piece: self._added(piece, level), look - m)
        return from_opponent(seen + added, x.shape[1])

    def _level(self, given: Tensor, x: Tensor, alpha: np.ndarray | None = None) -> Tensor:
        """(1,): estimated standard deviation of the visible noise; x (1, 3, h, w) are opponent colors with mean 0."""
        seen = None if alpha is None or (alpha >= SEEN).all() else torch.from_numpy(alpha >= SEEN).float()[None, None]
        if is_drawing(given, seen):
            return torch.zeros(1)
        seen = beside_clipped(given, seen)
        encoder = cast(NoiseConditionalUNet, self.network_.encoder)
        parts = zip(spots(paired(x)), [None] * 16 if seen is None else spots(paired(seen)), strict=False)
        with self._inference():
            levels = [
                encoder.level(piece.to(self._device), None if part is None else part.to(self._device)).float().cpu()
                for piece, part in parts
                if part is None or part.any()
            ]
        return torch.cat(levels).median(0, keepdim=True).values if levels else torch.zeros(1)

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.target not in ("clean", "self"):
            raise ValueError(f"target={self.target!r}: allowed are 'clean' (X is clean) and 'self' (X is noisy itself)")
        if not 0 <= self.gray_fraction <= 1:
            raise ValueError(f"gray_fraction={self.gray_fraction!r}: allowed are numbers from 0 to 1")

    def _can_hold_out(self) -> bool:
        return self.target == "clean"

    def _check_values(self, rows: Rows) -> None:
        """Warn of pictures that should be clean, and are not: their noise would be learned as what there is to see."""
        some = [rows.source[i] for i in evenly(len(rows), LOOKED_AT)]
        level = 255 * float(np.median(Denoiser.pretrained().noise_level(some))) if self.target == "clean" else 0.0
        if level > NOISY:
            warn(
                f"the pictures look noisy themselves (standard deviation about {level:.0f} of 255), and their noise is learned "
                "as what is to be kept: give clean ones, or say that they are not by target='self' (command line: --noisy)"
            )

    def _unit(self) -> int:
        check_sizes(widths=self.widths, depth=(self.depth,))
        return 2 ** len(self.widths)

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        return Diabolo(NoiseConditionalUNet(3, self.widths, self.depth), PixelShuffleHead(self.widths[0], 3, 2))

    def _corruption(self) -> Corruption:
        return Gaussian((0.0, 55 / 255)) if self.corruption is None else self.corruption

    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        if self.target == "self":
            return self._neighbors(opponent(x), rng)
        seen, y = self._lesson(x, rng)
        level = (seen - y)[:, 0].square().mean((1, 2)).sqrt()
        shift = 0.1 * torch.randn(len(x), 1, 1, 1, generator=rng, device=x.device)
        m = seen.mean((2, 3), keepdim=True) + torch.cat([shift, 0 * shift, 0 * shift], 1)
        encoder = cast(NoiseConditionalUNet, self.network_.encoder)
        e = seen + self._added(seen - m, level)
        off = (encoder.level(seen - m) + INVISIBLE_NOISE).log() - (level + INVISIBLE_NOISE).log()
        return self.loss_(e.flatten(1), y.flatten(1)) + 0.1 * off.abs()

    def _neighbors(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Noisy patches x -> the loss of predicting one half of each from the other.

        The halves also differ by details. The result on the whole patch shows by how much, and this is subtracted. The
        remaining error is the noise of the other half, and so tells the noise level.
        """
        a, b = halves(x, rng)
        m = x.mean((2, 3), keepdim=True)
        encoder = cast(NoiseConditionalUNet, self.network_.encoder)
        guess = encoder.level(x - m).float()
        level = guess.detach()
        with torch.no_grad():
            whole = halves(x + self._added(x - m, level), None, a.places)
        off = a.pixels + self._added(a.pixels - m, level) - b.pixels
        apart = off - (whole[0].pixels - whole[1].pixels)
        noise = off.detach()[:, 0].square().mean((1, 2)).sqrt()
        wrong = (guess + INVISIBLE_NOISE).log() - (noise + INVISIBLE_NOISE).log()
        return (
            self.loss_(off.flatten(1), torch.zeros_like(off).flatten(1))
            + apart.square().mean((1, 2, 3)) / (noise.square() + INVISIBLE_NOISE**2)
            + 0.1 * wrong.abs()
        )

    def _added(self, x: Tensor, level: Tensor) -> Tensor:
        added: Tensor = self.network_.decoder(self.network_.encoder(x, level.to(x.device))).float()
        return added

    def _lesson(self, x: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Noisy and clean patches (B, 3, s, s); the first ones are gray."""
        corrupt, count = self._corruption(), round(self.gray_fraction * len(x))
        pairs = [corrupt(part, rng) for part in (x[:count].mean(1, keepdim=True), x[count:]) if len(part)]
        seen, y = (torch.cat([opponent(pair[i]) for pair in pairs]) for i in (0, 1))
        return seen, y

    def _trials(self, x: Tensor) -> Iterator[Trial]:
        e = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
        for sigma in (15, 25, 50):
            for name, y, noise in (("gray", x.mean(1, keepdim=True), e[:, :1]), ("color", x, e)):
                seen = y + sigma / 255 * noise
                yield f"{name}, sigma {sigma}", seen, self._clean(seen), y


def inside_frame(x: Tensor) -> tuple[slice, slice, slice, slice]:
    """Where x (1, C, h, w) is, without the rows and columns of one color around it, as of a scan.

    All, if little is left, or if most inside has this color, too, as of a page of text.

    >>> inside_frame(torch.nn.functional.pad(torch.rand(1, 1, 80, 90), (5, 0, 7, 9), value=0.5))[2:]
    (slice(7, 87, None), slice(5, 95, None))
    """
    other = (x != x[..., :1, :1]).any(1)[0]
    found = [torch.nonzero(other.any(axis)).flatten() for axis in (1, 0)]
    whole = slice(None), slice(None), slice(0, x.shape[2]), slice(0, x.shape[3])
    if any(len(places) == 0 for places in found):
        return whole
    rows, columns = (slice(int(places[0]), int(places[-1]) + 1) for places in found)
    enough = min(s.stop - s.start for s in (rows, columns)) >= LEAST_INSIDE
    return (*whole[:2], rows, columns) if enough and other[rows, columns].float().mean() > 0.5 else whole


def is_drawing(x: Tensor, seen: Tensor | None) -> bool:
    """Whether more than half of the visible neighbors are equal: then x was drawn, and has no noise.

    `seen` (1, 1, h, w) says which pixels are visible. If all are, black and white neighbors do not count, because their noise
    may have been clipped.
    """
    equal = (x[..., 1:] == x[..., :-1]).all(1, keepdim=True)
    if seen is None:
        clipped = (x == x.min()).all(1, keepdim=True) | (x == x.max()).all(1, keepdim=True)
        both = ~(clipped[..., 1:] & clipped[..., :-1])
    else:
        both = seen[..., 1:] * seen[..., :-1] > 0
    return bool(equal[both].float().mean() > 0.5)


def beside_clipped(x: Tensor, seen: Tensor | None) -> Tensor | None:
    """`seen` (1, 1, h, w) without what is black or white, where noise is cut off, and its neighbors, if enough is left."""
    clipped = ((x == 0) | (x == 1)).any(1, keepdim=True)
    if not clipped.any():
        return seen
    free = 1 - F.max_pool2d(clipped.float(), 3, 1, 1)
    left = free if seen is None else free * seen
    return left if left.mean() >= LEAST_FREE else seen


def paired(x: Tensor) -> Tensor:
    """x with even sides: without the last row or column, or with it twice if there is only one."""
    h, w = (max(2, n - n % 2) for n in x.shape[-2:])
    return F.pad(x, (0, max(0, w - x.shape[3]), 0, max(0, h - x.shape[2])), mode="replicate")[..., :h, :w]


def spots(x: Tensor) -> list[Tensor]:
    """x (1, C, h, w), or 16 pieces of a large picture, evenly spaced: enough to estimate its noise."""
    h, w = x.shape[-2:]
    if h * w <= MAX_PIXELS_ESTIMATED_WHOLE:
        return [x]
    a, b = min(h, SPOT), min(w, SPOT)
    rows, columns = (torch.linspace(0, n - m, 4).int().tolist() for n, m in ((h, a), (w, b)))
    return [x[..., y : y + a, z : z + b] for y in rows for z in columns]


class Half(NamedTuple):
    """One pixel out of each 2 x 2: the pixels (B, C, h/2, w/2), and their places (B, 1, h/2, w/2)."""

    pixels: Tensor
    places: Tensor


def halves(x: Tensor, rng: torch.Generator | None, places: Tensor | None = None) -> tuple[Half, Half]:
    """Two neighboring pixels out of each 2 x 2 of x (B, C, h, w), at random or at the given `places`."""
    four = F.pixel_unshuffle(x, 2).unflatten(1, (x.shape[1], 4))
    if places is None:
        places = torch.randint(8, (len(x), 1, 1, *four.shape[-2:]), generator=rng, device=x.device)
    first = places // 2
    second = torch.where(places % 2 == 0, first ^ 1, first ^ 2)  # beside it, or below or above
    a, b = (four.gather(2, index.expand(-1, x.shape[1], -1, -1, -1))[:, :, 0] for index in (first, second))
    return Half(a, places), Half(b, places)


def opponent(x: Tensor) -> Tensor:
    """(B, 3, h, w) -> brightness and two opposed colors. For a gray picture (B, 1, h, w) the colors are 0.

    >>> opponent(torch.full((1, 3, 1, 1), 0.5)).flatten()
    tensor([0.5000, 0.0000, 0.0000])
    """
    if x.shape[1] == 1:
        return torch.cat([x, torch.zeros_like(x), torch.zeros_like(x)], 1)
    return torch.einsum("oc,bchw->bohw", OPPONENT.to(x), x)


def from_opponent(x: Tensor, channels: int) -> Tensor:
    """The inverse of :func:`opponent`."""
    if channels == 1:
        return x[:, :1]
    return torch.einsum("oc,bohw->bchw", 3 * OPPONENT.to(x), x)
