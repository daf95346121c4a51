r"""Pictures restored: the same estimator, with another corruption.

    seen, y = corrupt(x),      e = base(seen) + decoder(encoder(seen)),      minimise  loss(e, y)

    Denoiser    seen = y + noise                 base = seen
    Upscaler    seen = y made smaller            base = seen enlarged by bicubic interpolation
    Colorizer   seen = the brightness of y       base = nothing: the network says how likely each colour is

The network adds to the base what it believes was lost. None of it has a bias and the mean is taken off first, so where
nothing is to be seen nothing is added: a flat picture stays flat, to the bit.

References
----------
Beyond a Gaussian denoiser: residual learning of deep CNN for image denoising (Zhang et al., 2017),
https://doi.org/10.1109/TIP.2017.2662206
Accurate image super-resolution using very deep convolutional networks (Kim et al., 2016),
https://arxiv.org/abs/1511.04587
"""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import wraps
from importlib.resources import as_file, files
from inspect import Parameter, Signature, getdoc, signature, unwrap
from textwrap import indent
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from sklearn.base import TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn import functional as F

from ...chance import redirected
from ...corruption import Corruption, Downscale, Gaussian
from ...errors import DataError, FormatError
from ...formats.base import IN_MEMORY
from ...formats.images import Images
from ...hardware import pick_precision
from ...images.album import Album
from ...images.color import LUMA
from ...images.picture import SEEN, Picture, luma, read
from ...images.resize import resize
from ...losses import Absolute, LogSquared, Loss
from ...nets import Column, Shuffle, Shuffles, Told
from ...network import Diabolo
from ...training import SGD, History, autocast, minimize
from ..base import System, is_size
from ..loading import load
from .patches import Patches
from .tiling import tiled

__all__ = ["Denoiser", "Restorer", "Upscaler", "decibels"]

FRESH, FROM_PRETRAINED = 6000, 1500  # steps of SGD, unless `epochs` says otherwise
SMALLEST = 4  # pixels of a small picture to learn from
MOST_HELD_OUT = 20  # pictures
FEWEST_PICTURES = 5  # of which one is held out
HELD_OUT_SIDE = 320  # pixels
UNFITTED = (
    "This %(name)s is not fitted yet: take the one that comes with the package, %(name)s.pretrained(), or call fit with "
    "pictures to learn from first"
)


def in_bytes(picture: Picture) -> np.ndarray:
    """Pixels to learn from, between 0 and 1, as bytes hold them."""
    x = picture.visible
    if not picture.bounded:
        low, high = (picture.low + picture.unit * float(v) for v in (x.min(), x.max()))
        if low < -1 or high > 2:
            raise DataError(
                f"{picture.name!r} has floats from {low:g} to {high:g}: to learn from they must lie between 0 and 1, but for "
                "noise; scale them, all pictures alike"
            )
    return x.clip(0, 1)


def told(method: Any, restored: Any) -> Any:
    """`method` with the keywords of `restored` in its signature: help() shows them, and wrong ones are named."""
    own, more = signature(method).parameters.values(), list(signature(restored).parameters.values())[2:]
    extra = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in more]
    named = [p for p in own if p.kind is not Parameter.VAR_KEYWORD]
    allowed = [p.name for p in (*named[2:], *extra)] + ["return_map"] * (method.__name__ != "restore_picture")

    @wraps(method)
    def call(self: Any, X: Any, *args: Any, **options: Any) -> Any:
        for wrong in options.keys() - {*allowed}:
            near = get_close_matches(wrong, allowed, 1)
            raise TypeError(
                f"{wrong!r} is no option of {type(self).__name__}.{method.__name__}: allowed are {', '.join(sorted(allowed))}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
        return method(self, X, *args, **options)

    call.__signature__ = Signature([*named, *extra])  # type: ignore[attr-defined]
    if method.__doc__ and restored.__doc__:
        its_own = indent((getdoc(restored) or "").partition("\n\n")[2], " " * 8)
        call.__doc__ = method.__doc__.replace(f"        **options\n{' ' * 12}See the estimators.", its_own)
    return call


def one(picture: Any) -> Picture:
    return picture if isinstance(picture, Picture) else read(picture)


def looked_at(picture: Picture) -> Picture:
    """What a restorer looks at: colours continued where nobody sees any, one channel where all are alike."""
    x = picture.visible
    grey = x.shape[2] == 3 and bool((x[..., 0] == x[..., 1]).all() and (x[..., 0] == x[..., 2]).all())
    return replace(picture, pixels=x[..., :1] if grey else x)


def decibels(e: Tensor, y: Tensor) -> float:
    """Peak signal-to-noise ratio of pictures with values in [0, 1].

    >>> round(decibels(torch.zeros(4), torch.full((4,), 0.1)), 1)
    20.0
    """
    return -10 * math.log10(max(1e-10, float((e.clamp(0, 1) - y).square().mean())))


@dataclass(kw_only=True, repr=False, eq=False)
class Restorer(TransformerMixin, System, abstract=True):
    """Base of the estimators that take pictures of any size and give pictures back; `Denoiser` tells the parameters."""

    start: Any = "pretrained"
    patch_size: int = 96
    muon_lr: float = 0.006
    average: float = 0.995
    validation_fraction: float = 0.05
    patience: int = 20
    _weights: ClassVar[str]
    _stored = "float16"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("transform", "restore", "restore_picture"):
            setattr(cls, name, told(unwrap(getattr(Restorer, name)), cls._restored))  # lists of pictures need no set_output

    # ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        """Clean patches x (B, C, s, s), of pictures number i (B,) -> the loss of each (B,)."""

    @abstractmethod
    def _restored(self, picture: Picture, *args: Any, **options: Any) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (H, W, C) before, as they were or merely enlarged, and after; its keywords are those of the public methods."""

    @abstractmethod
    def _trials(self, x: Tensor) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
        """One clean picture (1, C, h, w), corrupted in fixed ways: name of the way, what is seen, what is restored, truth."""

    def _trial(self, x: Tensor) -> list[float]:
        """Decibels of what is restored, for each of the ways."""
        return [decibels(e, y) for _, _, e, y in self._trials(x)]

    def _untouched(self, x: Tensor) -> list[float]:
        """Decibels of what is seen."""
        return [decibels(seen, y) for _, seen, _, y in self._trials(x)]

    @property
    def _trial_names(self) -> list[str]:
        """Names of the ways."""
        return [name for name, _, _, _ in self._trials(torch.zeros(1, 3, 16, 16))]

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def pretrained(cls, **params: Any) -> Self:
        """The model that comes with the package, ready for :meth:`transform`.

        Parameters
        ----------
        **params
            Hyper-parameters that matter after training, such as ``device``.
        """
        with as_file(files(__package__.partition(".")[0]) / "weights" / cls._weights) as path:
            model: Self = load(path)
        return model.set_params(**params)

    def transform(self, X: Any, **options: Any) -> list[Any]:
        """Restore pictures.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these
            Pictures of any size. Each page of a TIFF is a picture, an array (H, W) or (H, W, C) is one.
        **options
            See the estimators.

        Returns
        -------
        list
            For each what :meth:`restore_picture` returns.
        """
        return list(self.restore(X, **options))

    def restore(self, X: Any, **options: Any) -> Iterator[Any]:
        """As :meth:`transform`, one picture after another: no more than one is held in memory.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these
        **options
            See the estimators.
        """
        return (self.restore_picture(picture, **options) for picture in Album(X))

    def restore_picture(self, picture: Any, return_map: bool = False, **options: Any) -> Any:
        """Restore one picture.

        Parameters
        ----------
        picture : Picture, or whatever ``formats.picture.read`` reads
        return_map : bool, default=False
            Also return what was changed.
        **options
            See the estimators.

        Returns
        -------
        image : ndarray or PIL image
            Of the kind that was given: an array of the same dtype, or a PIL image with the same metadata.
        change : ndarray (H, W, C), float32
            With `return_map`: what was taken out (negative where the result is darker) or invented, in units of the whole
            range of brightness; of floats in their own.
        """
        self._check_fitted()
        picture = one(picture)
        before, after = self._restored(looked_at(picture), **options)
        if after.shape[2] < picture.pixels.shape[2]:  # a grey that was given as RGB
            before, after = (x.repeat(3, 2) for x in (before, after))
        if picture.alpha is not None and after.shape == picture.pixels.shape:
            hidden = picture.alpha < SEEN  # nobody sees what is there: it stays
            after[hidden] = before[hidden] = picture.pixels[hidden]
        image = picture.like(after)
        return (image, picture.unit * (after - before)) if return_map else image

    def _tiled(self, f: Callable[[Tensor], Tensor], x: Tensor, scale: int = 1) -> Tensor:
        """f(x), a tile at a time, in the fastest arithmetic of this machine."""
        encoder: Any = self.network_.encoder
        with self._inference():
            return tiled(lambda piece: f(piece).float(), x, encoder.stride, encoder.reach, scale)

    @contextmanager
    def _inference(self) -> Iterator[None]:
        precision = pick_precision(self.precision, "cpu", math.inf)
        with torch.no_grad(), autocast(SGD(precision=precision)):
            yield

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn from clean pictures.

        Parameters
        ----------
        X : folder, zip, array or list of pictures
            Larger than `patch_size`; smaller ones are left out.
        y : None
            Ignored.
        """
        self._check_parameters()
        self.format_, self.about_ = Images.any_size(), ""
        self.n_features_in_ = 1
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.loss_ = self._loss()
        train, held = self._parted(self._pictures(X))
        with redirected(self.seed_):
            self.network_ = self._start()
        self.history_ = self._descend(train, held)
        self.network_.eval().requires_grad_(False).to("cpu").half().float()  # as a file holds it
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        unit = self._unit()
        if not is_size(self.patch_size) or self.patch_size % unit:
            raise ValueError(f"patch_size={self.patch_size!r}: allowed are multiples of {unit}, such as {4 * unit}")
        if self.loss != "auto" and not isinstance(self.loss, Loss):
            raise ValueError(f"loss={self.loss!r}: allowed are 'auto' and a Loss such as losses.Absolute()")
        known = self.start is None or self.start == "pretrained" or isinstance(self.start, type(self))
        if not known:
            name = type(self).__name__
            raise ValueError(f"start={self.start!r:.80}: allowed are 'pretrained', a fitted {name} and None (from nothing)")

    def _check_fitted(self) -> None:
        check_is_fitted(self, "network_", msg=UNFITTED)

    def _judged(self) -> bool:
        """Whether pictures held out can tell how good the network is."""
        return True

    def _unit(self) -> int:
        """What the side of a patch must be a multiple of."""
        return 1

    def _start(self) -> Diabolo:
        """The network to begin with: that of `start`, or one that knows nothing yet."""
        fresh = self._network(torch.empty(0), self.seed_)
        if self.start is None:
            return fresh
        model = type(self).pretrained() if isinstance(self.start, str) else self.start
        model._check_fitted()
        network: Diabolo = copy.deepcopy(model.network_).requires_grad_(True)
        if repr(network) != repr(fresh):
            raise ValueError(
                f"start={self.start!r:.80}: its network is not of the size that is asked for; give the parameters it was "
                "made with, or start=None"
            )
        return network

    def _pictures(self, X: Any) -> list[np.ndarray]:
        """The pictures as bytes (H, W, C); of each only a part, where all would not fit in memory."""
        album, rng = Album(X), np.random.default_rng(self.seed_)
        share = min(1.0, IN_MEMORY / max(1, sum(h * w * c for h, w, c in album.sizes())))
        parts = (part(in_bytes(picture), share**0.5, self.patch_size, rng) for picture in album)
        return [(self._channels(pixels) * 255).round().astype(np.uint8) for pixels in parts]

    def _channels(self, pixels: np.ndarray) -> np.ndarray:
        return pixels

    def _parted(self, pictures: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Pictures to learn from, and those held out: none of fewer than five."""
        few = len(pictures) < FEWEST_PICTURES or not self.validation_fraction or not self._judged()
        count = 0 if few else min(MOST_HELD_OUT, max(1, round(len(pictures) * self.validation_fraction)))
        order = np.random.default_rng(self.seed_).permutation(len(pictures))
        return [pictures[i] for i in order[count:]], [pictures[i] for i in order[:count]]

    def _descend(self, train: list[np.ndarray], held: list[np.ndarray]) -> History:
        patches = self._patches(train)
        self._held_out, self._held_out_count = held, len(held)
        trials = [tensor(middle(p) / np.float32(255)) for p in held]

        def held_out() -> float:
            return -float(np.mean([self._trial(x) for x in trials]))

        return minimize(self.network_, self._objective, patches, held_out if held else None, self._plan(len(patches)))

    def _patches(self, pictures: list[np.ndarray]) -> Patches:
        return Patches(pictures, self.patch_size)

    def _batch_size(self, n: int) -> int:
        return 16

    def _epochs(self, n: int, batch_size: int) -> int:
        steps = FRESH if self.start is None else FROM_PRETRAINED
        return max(1, round(steps * batch_size / n))

    def _optimizer(self) -> str:
        return "muon"

    def _loss(self) -> Loss:
        return self.loss if isinstance(self.loss, Loss) else LogSquared()

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        return meta | {"held_out": self._held_out_count, "about": self.about_}, arrays

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super()._restore(meta, arrays)
        self._held_out_count, self.about_ = int(meta["held_out"]), str(meta["about"])

    def _try(self) -> None:
        x = torch.zeros(1, 3, 16, 16)
        if any(e.shape != y.shape for _, _, e, y in self._trials(x)):
            raise FormatError("its network does not restore pictures")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = False, True
        return tags


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
    loss : str or Loss, default="auto"
        "auto" is `losses.LogSquared`, the logarithm of the mean squared error.
    epochs : int or "auto", default="auto"
        Passes over the pictures.
    batch_size : int or "auto", default="auto"
        Patches per step.
    lr, muon_lr : float, default=1e-3, 0.006
        Peak learning rates of AdamW, and of Muon for the convolutions.
    weight_decay : float or "auto", default="auto"
        Decoupled; "auto" is 0.
    average : float in [0, 1), default=0.995
        Decay per step of the running average of the weights.
    validation_fraction : float in [0, 1), default=0.05
        Share of the pictures held out.
    patience, precision, device, checkpoint, resume, random_state, verbose
        As of :class:`Autoencoder`.

    Attributes
    ----------
    network_ : Diabolo
        The encoder is told the noise level, and estimates it where it is not known.
    history_ : History
        Loss and held-out error (decibels, negative) per round.
    format_ : Format
        Pictures of any size.
    about_ : str
        What the weights were learned from, if that is known.
    n_features_in_ : int
        1: a picture is one thing.
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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.target not in ("clean", "self"):
            raise ValueError(f"target={self.target!r}: allowed are 'clean' (X is clean) and 'self' (X is noisy itself)")
        if not 0 <= self.gray <= 1:
            raise ValueError(f"gray={self.gray!r}: allowed are numbers from 0 to 1")

    def _check_fitted(self) -> None:
        check_is_fitted(self, "network_", msg=UNFITTED)

    def _judged(self) -> bool:
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
        added: Tensor = network.decoder(network.encoder(x, level)).float()
        return added

    def _lesson(self, x: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """seen, y (B, 3, s, s): the first patches without their colours, each with noise of its own."""
        corrupt, count = self._corruption(), round(self.gray * len(x))
        pairs = [corrupt(part, rng) for part in (x[:count].mean(1, keepdim=True), x[count:]) if len(part)]
        seen, y = (torch.cat([opponent(pair[i]) for pair in pairs]) for i in (0, 1))
        return seen, y

    def _trials(self, x: Tensor) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
        e = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
        for sigma in (15, 25, 50):
            for name, y, noise in (("gray", x.mean(1, keepdim=True), e[:, :1]), ("color", x, e)):
                seen = y + sigma / 255 * noise
                yield f"{name}, sigma {sigma}", seen, self._clean(seen), y

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
            levels = [encoder.level(piece, part).float() for piece, part in parts if part is None or part.any()]
        return torch.cat(levels).median(0, keepdim=True).values if levels else torch.zeros(1)

    def noise_level(self, X: Any) -> np.ndarray:
        """Estimated standard deviation of the noise in each channel of each picture (n,).

        1 is the whole range; of floats the level is in their own unit.
        """
        levels = []
        for picture in map(looked_at, Album(X)):
            calm = tamed(tensor(picture.pixels))
            x = opponent(calm)
            level = float(self._level(calm, x - x.mean((2, 3), keepdim=True), picture.alpha))
            levels.append(picture.unit * level * picture.pixels.shape[2] ** 0.5)
        return np.array(levels)

    def _restored(self, picture: Picture, strength: float = 1.0, sigma: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The picture as it is, and without its noise.

        strength : float in [0, 1.5], default=1
            0 takes out nothing, 1 what was estimated.
        sigma : float, default=None
            The noise level, instead of the estimate: a share of the whole range, such as 25 / 255; of floats in their own unit.
        """
        if not 0 <= strength <= 1.5:
            raise ValueError(f"strength={strength!r}: allowed are numbers from 0 (nothing) to 1.5; 1 is what was estimated")
        if sigma is not None and not 0 <= sigma <= picture.unit:
            whole = "whole range of brightness, such as 25 / 255" if picture.unit == 1 else f"range of {picture.name!r}"
            raise ValueError(f"sigma={sigma!r}: allowed are numbers from 0 to {picture.unit:g}, the {whole}")
        x = tensor(picture.pixels)
        return picture.pixels, pixels(self._clean(x, strength, None if sigma is None else sigma / picture.unit, picture.alpha))


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


@dataclass(kw_only=True, repr=False, eq=False)
class Upscaler(Restorer):
    """Make pictures larger, with the edges and textures that bicubic interpolation blurs.

    Brightness is restored by the network; the colours, of which the eye sees less, are interpolated.

    Parameters
    ----------
    scale : {2, 3, 4}, default=2
        How many times larger :meth:`transform` makes a picture; one network serves all `scales`.
    scales : tuple of int, default=(2, 3, 4)
        What is learned.
    start : Upscaler, "pretrained" or None, default="pretrained"
        Whose weights training begins with.
    width, depth : int, default=48, 6
        Channels and blocks of the network, which works at the size of the small picture.
    patch_size, loss, epochs, batch_size, lr, muon_lr, weight_decay, average
        As of :class:`Denoiser`.
    validation_fraction, patience, precision, device, checkpoint, resume, random_state, verbose
        As of :class:`Denoiser`.

    Attributes
    ----------
    network_, history_, format_, about_, n_features_in_, loss_, seed_
        As in :class:`Denoiser`.

    References
    ----------
    Enhanced deep residual networks for single image super-resolution (Lim et al., 2017),
    https://arxiv.org/abs/1707.02921

    Examples
    --------
    >>> small = np.full((10, 12), 100, np.uint8)
    >>> Upscaler.pretrained(scale=3).transform([small])[0].shape
    (30, 36)
    """

    scale: int = 2
    scales: tuple[int, ...] = (2, 3, 4)
    width: int = 48
    depth: int = 6
    loss: Any = "auto"
    patch_size: int = 120

    _weights = "upscale.diabolo"
    _projections = 3

    def _unit(self) -> int:
        check_sizes(scales=self.scales, width=(self.width,), depth=(self.depth,))
        if self.scale not in self.scales:
            raise ValueError(f"scale={self.scale!r}: allowed are those of scales={self.scales!r}")
        least = SMALLEST * max(self.scales)
        if is_size(self.patch_size) and self.patch_size < least:
            raise ValueError(f"patch_size={self.patch_size!r}: at least {least} pixels are needed for scales={self.scales!r}")
        return 1

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        return Diabolo(Column(1, self.width, self.depth), Shuffles(self.width, 1, self.scales))

    def _loss(self) -> Loss:
        return self.loss if isinstance(self.loss, Loss) else Absolute()

    def _channels(self, pixels: np.ndarray) -> np.ndarray:
        return luma(pixels)

    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        scale = self.scales[int(torch.randint(len(self.scales), (1,), generator=rng, device=x.device))]
        seen, y = Downscale(scale)(x, rng)
        shift = 0.1 * torch.randn(len(x), 1, 1, 1, generator=rng, device=x.device)
        m = seen.mean((2, 3), keepdim=True) + shift
        network: Any = self.network_
        e = resize(seen, (y.shape[2], y.shape[3])) + network.decoder(network.encoder(seen - m), scale).float()
        return self.loss_(e.flatten(1), y.flatten(1))

    def _trials(self, x: Tensor) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
        for scale in self.scales:
            seen, y = Downscale(scale, levels=255)(x, torch.Generator())
            plain = resize(seen, (y.shape[2], y.shape[3]))
            inside = (..., slice(scale, -scale), slice(scale, -scale))
            yield f"x{scale}", plain[inside], self._larger(seen, scale)[inside], y[inside]

    def _larger(self, x: Tensor, scale: int) -> Tensor:
        """x (1, 1 or 3, h, w) -> (1, 1 or 3, scale h, scale w)."""
        weights = torch.tensor(LUMA if x.shape[1] == 3 else (1.0,)).view(1, -1, 1, 1)
        y = (tamed(x) * weights).sum(1, keepdim=True)
        network: Any = self.network_
        added = self._tiled(lambda piece: network.decoder(network.encoder(piece), scale), y - y.mean(), scale)
        return resize(x, (scale * x.shape[2], scale * x.shape[3])) + added

    def _restored(self, picture: Picture, scale: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The picture enlarged by interpolation, and by the network.

        scale : int, default=None
            How many times larger, one of those learned; by default that of the estimator.
        """
        scale = self.scale if scale is None else scale
        if scale not in self.scales:
            raise ValueError(f"scale={scale!r}: this model has learned {', '.join(map(str, self.scales))}")
        x = tensor(picture.pixels)
        h, w = x.shape[-2:]
        return pixels(resize(x, (scale * h, scale * w))), pixels(self._consistent(self._larger(x, scale), x))

    def _consistent(self, e: Tensor, x: Tensor) -> Tensor:
        """e moved until it is x again when it is made smaller."""
        for _ in range(self._projections):
            missing = x - resize(e, (x.shape[2], x.shape[3]))
            e = e + resize(missing, (e.shape[2], e.shape[3]))
        return e


def check_sizes(**sizes: Any) -> None:
    """Each a tuple of whole numbers from 1."""
    for name, values in sizes.items():
        if not isinstance(values, (tuple, list)) or not values or not all(is_size(n) for n in values):
            raise ValueError(f"{name}={values!r}: whole numbers from 1 are needed, at least one")


def tensor(pixels: np.ndarray) -> Tensor:
    """(H, W, C) -> (1, C, H, W) float32."""
    return torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).movedim(-1, 0)[None]


def pixels(x: Tensor) -> np.ndarray:
    """(1, C, H, W) -> (H, W, C)."""
    return x[0].movedim(0, -1).numpy()


def tamed(x: Tensor) -> Tensor:
    """x, with the few values far beyond all others, as of a lamp or a dead pixel, drawn nearer: they would drown the rest."""
    if x.min() >= -1 and x.max() <= 2:
        return x
    some = x.flatten()[:: max(1, x.numel() >> 20)]
    low, high = some.quantile(torch.tensor([0.001, 0.999])).tolist()
    return x.clamp(2 * low - high, 2 * high - low)


def part(pixels: np.ndarray, share: float, least: int, rng: np.random.Generator) -> np.ndarray:
    """A piece (H, W, C) at a random place, each side that share of the whole, and `least` pixels at least."""
    h, w = (min(n, max(least, round(n * share))) for n in pixels.shape[:2])
    y, x = (int(rng.integers(n - m + 1)) for n, m in zip(pixels.shape[:2], (h, w), strict=True))
    return pixels[y : y + h, x : x + w]


def middle(picture: np.ndarray) -> np.ndarray:
    """At most HELD_OUT_SIDE pixels a side."""
    h, w = picture.shape[:2]
    s = HELD_OUT_SIDE
    y, x = max(0, (h - s) // 2), max(0, (w - s) // 2)
    return picture[y : y + s, x : x + s]
