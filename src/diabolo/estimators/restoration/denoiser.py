r"""Noise taken out of pictures.

    e = x + f(x - m, s),      s = strength * noise level of x,      m: the mean of x

    clean pictures y    minimize  loss(e, y) + 0.1 |log s - log noise level|,      x = y + noise
    noisy pictures y    minimize  loss(e_a, b) + |(e_a - b) - (e'_a - e'_b)|^2 / noise^2 + 0.1 |log s - log noise level|

* ``f`` has no bias: what is flat stays flat, and half of the contrast and of the noise gives half of the correction
* ``s`` is estimated by a small network of its own, where it is not given
* colors are three orthogonal channels, brightness and two opposed colors, in which noise is as strong as in each other
* ``a, b`` are two neighbors of each 2 x 2 pixels of a noisy y, e_a is what is made of a, and e' what is made of all of y:
  neighbors differ by their noise, which cannot be learned, and by a detail, which e' tells

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
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...corruption import Corruption, Gaussian
from ...images.picture import SEEN, Album, Picture
from ...nets import Shuffle, Told
from ...network import Diabolo
from .base import Restorer, Trial, check_sizes
from .pixels import handed_back, looked_at, one, tamed

__all__ = ["Denoiser"]


@dataclass(kw_only=True, repr=False, eq=False)
class Denoiser(Restorer):
    """Take the noise out of pictures: blind, the strength of the noise is estimated for each.

    Parameters
    ----------
    corruption : Corruption or None, default=None
        What training adds to clean pictures. None: Gaussian noise of a standard deviation between 0 and 55 of 255.
    target : {"clean", "self"}, default="clean"
        "self": the pictures are noisy themselves, and nobody has clean ones. Each is split into two of half the size, by
        drawing neighbours; the noise of one is not that of the other, so it cannot be learned (Neighbor2Neighbor).
    start : Denoiser, "pretrained" or None, default="pretrained"
        Whose weights training begins with.
    gray : float in [0, 1], default=0.5
        Share of the training patches whose colours are taken out first: the same network restores both kinds.
    widths : tuple of int, default=(32, 64, 128)
        Channels at half the size, a quarter, and so on.
    depth : int, default=2
        Blocks at each size, down and up.
    patch_size : int, default=96
        Side of the training patches, in pixels.
    loss : Loss or "auto", default="auto"
        "auto" is `losses.LogSquared`, the logarithm of the mean squared error.
    epochs : int or "auto", default="auto"
        Passes over the pictures; "auto" is 1500 steps from a `start`, 6000 from nothing.
    batch_size : int or "auto", default="auto"
        Patches per step; "auto" is 16.
    lr, muon_lr : float, default=1e-3, 0.006
        Peak learning rates of AdamW, and of Muon for the convolutions.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of the convolutions; "auto" is 0.
    average : float in [0, 1), default=0.995
        Decay per step of the running average of the weights, which is what is kept.
    validation_fraction : float in [0, 1), default=0.05
        Share of the pictures held out for early stopping: at least one, at most 20; none of fewer than five.
    patience : int, default=20
        Evaluations without gain after which training stops.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of training and of use; weights are float32, and float16 in a file.
    device : str, default="auto"
        Where the network is trained; "auto" takes CUDA where there is one.
    checkpoint : path or None, default=None
        Written atomically every 30 seconds while training.
    resume : bool, default=False
        Go on from `checkpoint`; the result has the same bits as that of a run never stopped.
    random_state : int, RandomState or None, default=None
        Seed of everything random.
    verbose : bool, default=True
        A progress bar; where there is no terminal, a line on stderr every few seconds. Nothing for the first two seconds.

    Attributes
    ----------
    network_ : Diabolo
        The encoder is given the noise level, and estimates it where it is not known.
    history_ : History
        Loss and held-out error (decibels, negative) per round; prints as a table.
    about_ : str
        What the weights were learned from, if that is known.
    loss_ : Loss
        What is minimized.
    seed_ : int
        Drawn from `random_state`; all else that is random follows from it.

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
    gray: float = 0.5
    widths: tuple[int, ...] = (32, 64, 128)
    depth: int = 2
    loss: Any = "auto"

    _weights = "denoise.diabolo"
    _untouched = "noisy"

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def transform(self, X: Any, *, strength: float = 1.0, sigma: float | None = None, return_map: bool = False) -> list[Any]:
        """Take the noise out of pictures.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these
            Pictures of any size. Each page of a TIFF is a picture, an array (H, W) or (H, W, C) is one.
        strength : float in [0, 1.5], default=1
            0 takes out nothing, 1 what was estimated.
        sigma : float, default=None
            The noise level, instead of the estimate: a share of the whole range, such as 25 / 255; of floats in their own
            unit.
        return_map : bool, default=False
            Also return what was changed.

        Returns
        -------
        list
            For each what :meth:`restore_picture` returns.
        """
        return list(self.restore(X, strength=strength, sigma=sigma, return_map=return_map))

    def restore_picture(
        self, picture: Any, *, strength: float = 1.0, sigma: float | None = None, return_map: bool = False
    ) -> Any:
        """Take the noise out of one picture.

        Parameters
        ----------
        picture : Picture, or whatever ``images.picture.read`` reads
        strength : float in [0, 1.5], default=1
            0 takes out nothing, 1 what was estimated.
        sigma : float, default=None
            The noise level, instead of the estimate: a share of the whole range, such as 25 / 255; of floats in their own
            unit.
        return_map : bool, default=False
            Also return what was changed.

        Returns
        -------
        image : ndarray or PIL image
            Of the kind that was given: an array of the same dtype, or a PIL image with the same metadata.
        change : ndarray (H, W, C), float32
            With `return_map`: what was taken out, negative where the result is darker, in units of the whole range of
            brightness; of floats in their own.
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
        """Estimate how noisy pictures are.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these

        Returns
        -------
        ndarray (n,)
            Standard deviation of the noise in each channel of each picture. 1 is the whole range; of floats the level is in
            their own unit.
        """
        self._check_fitted()
        return np.array([self._noise_level(picture) for picture in Album(X)])

    def _noise_level(self, picture: Picture) -> float:
        x = looked_at(picture)
        calm = tamed(x)
        seen = opponent(calm)
        level = float(self._level(calm, seen - seen.mean((2, 3), keepdim=True), picture.alpha))
        return picture.unit * level * x.shape[1] ** 0.5

    def _clean(self, x: Tensor, strength: float = 1.0, sigma: float | None = None, alpha: np.ndarray | None = None) -> Tensor:
        """x (1, 1 or 3, h, w) without its noise."""
        seen, calm = opponent(x), tamed(x)
        look = seen if calm is x else opponent(calm)
        m = look.mean((2, 3), keepdim=True)
        told = None if sigma is None else torch.tensor([sigma / x.shape[1] ** 0.5])  # the mean of three is less noisy
        level = strength * (self._level(calm, look - m, alpha) if told is None else told)
        if not level:
            return x
        added = self._tiled(lambda piece: self._added(piece, level), look - m)
        return from_opponent(seen + added, x.shape[1])

    def _level(self, given: Tensor, x: Tensor, alpha: np.ndarray | None = None) -> Tensor:
        """(1,): the estimated standard deviation of the noise, where it is seen; x (1, 3, h, w): opponent, its mean is 0."""
        seen = None if alpha is None or (alpha >= SEEN).all() else torch.from_numpy(alpha >= SEEN).float()[None, None]
        if drawn(given, seen):
            return torch.zeros(1)
        encoder: Any = self.network_.encoder
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
        if not 0 <= self.gray <= 1:
            raise ValueError(f"gray={self.gray!r}: allowed are numbers from 0 to 1")

    def _held_out_tells(self) -> bool:
        return self.target == "clean"

    def _unit(self) -> int:
        check_sizes(widths=self.widths, depth=(self.depth,))
        return 2 ** len(self.widths)

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        return Diabolo(Told(3, self.widths, self.depth), Shuffle(self.widths[0], 3, 2))

    def _corruption(self) -> Corruption:
        return Gaussian((0.0, 55 / 255)) if self.corruption is None else self.corruption

    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        if self.target == "self":
            return self._neighbours(opponent(x), rng)
        seen, y = self._lesson(x, rng)
        level = (seen - y)[:, 0].square().mean((1, 2)).sqrt()
        shift = 0.1 * torch.randn(len(x), 1, 1, 1, generator=rng, device=x.device)
        m = seen.mean((2, 3), keepdim=True) + torch.cat([shift, 0 * shift, 0 * shift], 1)
        encoder: Any = self.network_.encoder
        e = seen + self._added(seen - m, level)
        told = (encoder.level(seen - m) + FAINT).log() - (level + FAINT).log()
        return self.loss_(e.flatten(1), y.flatten(1)) + 0.1 * told.abs()

    def _neighbours(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Noisy patches x -> the loss of seeing one half of each and being asked for the other.

        The halves differ not only by noise; by how much they differ where nothing is noisy, the result on the whole
        picture tells, and that is taken off. What cannot be told of the other half is its noise: so strong it is.
        """
        a, b = halves(x, rng)
        m = x.mean((2, 3), keepdim=True)
        encoder: Any = self.network_.encoder
        guess = encoder.level(x - m).float()
        level = guess.detach()
        with torch.no_grad():
            whole = halves(x + self._added(x - m, level), None, a.places)
        off = a.pixels + self._added(a.pixels - m, level) - b.pixels
        apart = off - (whole[0].pixels - whole[1].pixels)
        noise = off.detach()[:, 0].square().mean((1, 2)).sqrt()
        told = (guess + FAINT).log() - (noise + FAINT).log()
        return (
            self.loss_(off.flatten(1), torch.zeros_like(off).flatten(1))
            + apart.square().mean((1, 2, 3)) / (noise.square() + FAINT**2)
            + 0.1 * told.abs()
        )

    def _added(self, x: Tensor, level: Tensor) -> Tensor:
        network: Any = self.network_
        added: Tensor = network.decoder(network.encoder(x, level.to(x.device))).float()
        return added

    def _lesson(self, x: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """seen, y (B, 3, s, s): the first patches without their colours, each with noise of its own."""
        corrupt, count = self._corruption(), round(self.gray * len(x))
        pairs = [corrupt(part, rng) for part in (x[:count].mean(1, keepdim=True), x[count:]) if len(part)]
        seen, y = (torch.cat([opponent(pair[i]) for pair in pairs]) for i in (0, 1))
        return seen, y

    def _trials(self, x: Tensor) -> Iterator[Trial]:
        e = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
        for sigma in (15, 25, 50):
            for name, y, noise in (("gray", x.mean(1, keepdim=True), e[:, :1]), ("color", x, e)):
                seen = y + sigma / 255 * noise
                yield f"{name}, sigma {sigma}", seen, self._clean(seen), y


def drawn(x: Tensor, seen: Tensor | None) -> bool:
    """Whether half of the neighbours are equal, of those that are seen (1, 1, h, w): then x was drawn, and has no noise.

    Where all are seen, black and white neighbours are not counted: there noise may have been clipped.
    """
    equal = (x[..., 1:] == x[..., :-1]).all(1, keepdim=True)
    if seen is None:
        clipped = ((x == x.min()) | (x == x.max())).all(1, keepdim=True)
        both = ~(clipped[..., 1:] & clipped[..., :-1])
    else:
        both = seen[..., 1:] * seen[..., :-1] > 0
    return bool(equal[both].float().mean() > 0.5)


def paired(x: Tensor) -> Tensor:
    """With even sides: without the last row and column, or with them twice where there is one."""
    h, w = (max(2, n - n % 2) for n in x.shape[-2:])
    return F.pad(x, (0, max(0, w - x.shape[3]), 0, max(0, h - x.shape[2])), mode="replicate")[..., :h, :w]


def spots(x: Tensor) -> list[Tensor]:
    """x (1, C, h, w) itself, or of a large picture pieces spread over it: how noisy it is takes no more to tell."""
    h, w = x.shape[-2:]
    if h * w <= LARGE:
        return [x]
    a, b = min(h, SPOT), min(w, SPOT)
    rows, columns = (torch.linspace(0, n - m, 4).int().tolist() for n, m in ((h, a), (w, b)))
    return [x[..., y : y + a, z : z + b] for y in rows for z in columns]


LARGE, SPOT = 4 << 20, 512  # pixels of a picture whose noise is told from pieces, and of the side of a piece


class Half(NamedTuple):
    """One pixel of each 2 x 2: the pixels (B, C, h/2, w/2), and which of the four they are (B, 1, h/2, w/2)."""

    pixels: Tensor
    places: Tensor


def halves(x: Tensor, rng: torch.Generator | None, places: Tensor | None = None) -> tuple[Half, Half]:
    """Two neighbouring pixels of each 2 x 2 of x (B, C, h, w), at random or at the given `places`."""
    four = F.pixel_unshuffle(x, 2).unflatten(1, (x.shape[1], 4))
    if places is None:
        places = torch.randint(8, (len(x), 1, 1, *four.shape[-2:]), generator=rng, device=x.device)
    first = places // 2
    second = torch.where(places % 2 == 0, first ^ 1, first ^ 2)  # beside it, or below or above
    a, b = (four.gather(2, index.expand(-1, x.shape[1], -1, -1, -1))[:, :, 0] for index in (first, second))
    return Half(a, places), Half(b, places)


FAINT = 0.5 / 255  # noise that a picture of bytes does not show
# Rows: brightness, two opposed colours; orthogonal, and all of the length of the first, so noise is alike in all three.
OPPONENT = torch.tensor([[1.0, 1.0, 1.0], [math.sqrt(1.5), 0.0, -math.sqrt(1.5)], [0.5**0.5, -(2**0.5), 0.5**0.5]]) / 3


def opponent(x: Tensor) -> Tensor:
    """(B, 3, h, w) -> brightness and two opposed colours; of a grey picture (B, 1, h, w) these are 0.

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
