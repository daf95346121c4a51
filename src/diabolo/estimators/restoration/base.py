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
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from importlib.resources import as_file, files
from inspect import Parameter, Signature, getdoc, signature, unwrap
from textwrap import indent
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...chance import redirected
from ...errors import FormatError
from ...formats.base import IN_MEMORY
from ...formats.images import Images
from ...hardware import pick_precision
from ...images.picture import SEEN, Album, Picture
from ...losses import LogSquared, Loss
from ...network import Diabolo
from ...training import SGD, History, autocast, minimize
from ..base import System, is_size
from ..loading import load
from .patches import Patches
from .pixels import in_bytes, looked_at, middle, one, part, tensor
from .tiling import tiled

__all__ = ["Restorer", "decibels"]

FRESH, FROM_PRETRAINED = 6000, 1500  # steps of SGD, unless `epochs` says otherwise
MOST_HELD_OUT = 20  # pictures
FEWEST_PICTURES = 5  # of which one is held out
UNFITTED = (
    "This %(name)s is not fitted yet: take the one that comes with the package, %(name)s.pretrained(), or call fit with "
    "pictures to learn from first"
)


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


def check_sizes(**sizes: Any) -> None:
    """Each a tuple of whole numbers from 1."""
    for name, values in sizes.items():
        if not isinstance(values, (tuple, list)) or not values or not all(is_size(n) for n in values):
            raise ValueError(f"{name}={values!r}: whole numbers from 1 are needed, at least one")
