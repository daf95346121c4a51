r"""Restoration of pictures: the same estimator, with another corruption.

    seen, y = corrupt(x),      e = base(seen) + decoder(encoder(seen)),      minimize  loss(e, y)

    Denoiser    seen = y + noise                 base = seen
    Upscaler    seen = y made smaller            base = seen enlarged by bicubic interpolation
    Colorizer   seen = the brightness of y       base = nothing: the network says how likely each color is

The network adds to the base what was lost. It has no bias, and the mean is subtracted first. So it adds nothing where there
is nothing to see: a flat picture stays flat, to the bit.

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
from importlib.resources import as_file, files
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...errors import FormatError, Once, warn
from ...formats.base import room
from ...formats.readers import opened
from ...hardware import pick_precision
from ...history import History
from ...images.album import ImageCollection, naming_broken
from ...losses import LogSquared, Loss
from ...nets import ResidualCNN, UNet
from ...network import Diabolo
from ...plan import SGD, autocast
from ...rows import Rows
from ...training import minimize
from ..base import System
from ..loading import load
from ..parameters import is_size
from .patches import Patches, Pictures
from .pixels import central, decibels, in_bytes, part
from .tiling import tiled

__all__ = ["Restorer"]

STEPS_FROM_NOTHING, STEPS_FROM_PRETRAINED = 6000, 1500  # steps of SGD, unless `epochs` says otherwise
MAX_HELD_OUT = 20  # pictures
MIN_PICTURES_TO_HOLD_OUT = 5  # of which one is held out
UNFITTED = (
    "This %(name)s is not fitted yet: use the one in the package, %(name)s.pretrained(), or call fit with pictures to learn "
    "from first"
)

Trial = tuple[str, Tensor, Tensor, Tensor]  # name of the corruption, corrupted picture, restored one, clean one


@dataclass(kw_only=True, repr=False, eq=False)
class Restorer(TransformerMixin, System, abstract=True):
    """Base class of the estimators that restore pictures of any size."""

    init: Any = "pretrained"
    patch_size: int = 96
    muon_lr: float = 0.006
    average: float = 0.995
    validation_fraction: float = 0.05
    patience: int = 20
    _weights: ClassVar[str]  # file of the pre-trained weights in the package
    _untouched: ClassVar[str]  # what a picture is called before it is restored
    _stored = "float16"
    _sees_rows = False

    # ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def restore_picture(self, picture: Any, *args: Any, **options: Any) -> Any:
        """Restore one picture."""

    @abstractmethod
    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        """Clean patches x (B, C, s, s) from pictures i (B,) -> the loss of each patch (B,)."""

    @abstractmethod
    def _trials(self, x: Tensor) -> Iterator[Trial]:
        """Corrupt one clean picture (1, C, h, w) in fixed ways, and restore it."""

    def _unit(self) -> int:
        """The side of a patch must be a multiple of this."""
        return 1

    def _can_hold_out(self) -> bool:
        """Whether held-out pictures can measure the network: they must be clean."""
        return True

    def _channels(self, pixels: np.ndarray) -> np.ndarray:
        """The channels of pixels (H, W, C) that are learned from."""
        return pixels

    def _patches(self, pictures: list[np.ndarray]) -> Patches:
        return Patches(pictures, self.patch_size)

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def pretrained(cls, **params: Any) -> Self:
        """Load the pre-trained model in the package. It is fitted.

        Parameters
        ----------
        **params
            Hyper-parameters to set, such as ``device``.

        Returns
        -------
        estimator
        """
        with as_file(files(__package__.partition(".")[0]) / "weights" / cls._weights) as path:
            model: Self = load(path)
        return model.set_params(**params)

    def restore(self, X: Any, **options: Any) -> Iterator[Any]:
        """Restore pictures one after another. Only one is in memory at a time.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these
            Pictures of any size. Each page of a TIFF is a picture, an array (H, W) or (H, W, C) is one.
        **options
            Those of :meth:`restore_picture`.

        Yields
        ------
        ndarray or PIL image
            The result of :meth:`restore_picture` for each picture.
        """
        return (self.restore_picture(picture, **options) for picture in ImageCollection(X))

    def _decibels(self, x: Tensor) -> list[float]:
        """PSNR of the restored picture x (1, C, h, w), for each corruption."""
        return [decibels(e, y) for _, _, e, y in self._trials(x)]

    @property
    def _device(self) -> torch.device:
        """Where the network is. In training that may be another device than that of the pictures."""
        return next(self.network_.parameters()).device

    def _tiled(self, f: Callable[[Tensor], Tensor], x: Tensor, scale: int = 1) -> Tensor:
        """f(x), one tile at a time, in the fastest precision of this machine."""
        encoder = cast(UNet | ResidualCNN, self.network_.encoder)
        with self._inference():
            return tiled(lambda piece: f(piece.to(self._device)).float().cpu(), x, encoder.stride, encoder.reach, scale)

    @contextmanager
    def _inference(self) -> Iterator[None]:
        precision = pick_precision(self.precision, "cpu", math.inf)
        with torch.no_grad(), autocast(SGD(precision=precision)):
            yield

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn to restore, from clean pictures.

        Parameters
        ----------
        X : folder, zip, array or list of pictures
            Pictures smaller than `patch_size` are left out.
        y : None
            Ignored.
        """
        return self._fit(X)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        unit = self._unit()
        if not is_size(self.patch_size) or self.patch_size % unit:
            raise ValueError(f"patch_size={self.patch_size!r}: allowed are multiples of {unit}, such as {4 * unit}")
        loss = getattr(self, "loss", "auto")  # that of colors is fixed
        if not isinstance(loss, Loss) and loss != "auto":
            raise ValueError(f"loss={self.loss!r}: allowed are 'auto' and a Loss such as losses.Absolute()")
        known = self.init is None or self.init == "pretrained" or isinstance(self.init, type(self))
        if not known:
            name = type(self).__name__
            raise ValueError(f"init={self.init!r:.80}: allowed are 'pretrained', a fitted {name} and None (from nothing)")

    def _check_fitted(self) -> None:
        check_is_fitted(self, "network_", msg=UNFITTED)

    def _read(self, X: Any, categories: Any = None, numbers: Any = None) -> Rows:
        self.about_ = ""
        return Pictures(large_enough(self._pictures(X), self.patch_size))

    def _pictures(self, X: Any) -> list[np.ndarray]:
        """The pictures as bytes (H, W, C). If they do not fit in memory, a part of each."""
        album, rng = ImageCollection(opened(X, tell=self.verbose)), np.random.default_rng(self.seed_)
        with naming_broken(album), Once().giving():
            share = min(1.0, room() / max(1, sum(h * w * c for h, w, c in album.sizes())))
            parts = (part(in_bytes(picture), share**0.5, self.patch_size, rng) for picture in album)
            return [(self._channels(pixels) * 255).round().astype(np.uint8) for pixels in parts]

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """Pictures for training, and held-out ones, none of them a copy. With fewer than five there are none."""
        first = cast(Pictures, rows).firsts()
        order = np.random.default_rng(self.seed_).permutation(len(rows))
        different = order[first[order] == order]
        n = len(different)
        few = n < MIN_PICTURES_TO_HOLD_OUT or not self.validation_fraction or not self._can_hold_out()
        held = different[: 0 if few else min(MAX_HELD_OUT, max(1, round(n * self.validation_fraction)))]
        train = order[~np.isin(first[order], held)]
        some = [Pictures([rows.source[i] for i in part]) for part in (train, held)]
        return some[0], some[1] if len(held) else None

    def _check_values(self, rows: Rows) -> None:
        """Every loss can take pictures."""

    def _initial_network(self, train: Rows) -> Diabolo:
        """The network of `init`, or one with random weights."""
        fresh = self._network(torch.empty(0), self.seed_)
        if self.init is None:
            return fresh
        model = type(self).pretrained() if isinstance(self.init, str) else self.init
        model._check_fitted()
        network: Diabolo = copy.deepcopy(model.network_).requires_grad_(True)
        if repr(network) != repr(fresh):
            raise ValueError(
                f"init={self.init!r:.80}: its network has another size. Give the parameters that it was made with, or init=None"
            )
        return network

    def _train(self, train: Rows, held: Rows | None) -> History:
        patches = self._patches(train.source)
        self._held_out = held.source if held else []
        trials = [central(p) for p in self._held_out]

        def held_out() -> float:
            return -float(np.mean([self._decibels(x) for x in trials]))

        return minimize(self.network_, self._objective, patches, held_out if trials else None, self._plan(len(patches)))

    def _end_training(self) -> None:
        self.network_.eval().requires_grad_(False).to("cpu").half().float()  # as a file holds it

    def _epochs(self, n: int, batch_size: int) -> int:
        steps = STEPS_FROM_NOTHING if self.init is None else STEPS_FROM_PRETRAINED
        return max(1, round(steps * batch_size / n))

    def _defaults(self) -> dict[str, Any]:
        return super()._defaults() | {"optimizer": "muon", "batch_size": 16}

    def _loss(self) -> Loss:
        return self.loss if isinstance(self.loss, Loss) else LogSquared()

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _data_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"about": self.about_}, {}

    def _restore_data(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.about_ = str(meta["about"])

    def _attach(self, model: Any) -> None:
        """A file holds all of a restorer."""

    def _check_network(self) -> None:
        x = torch.zeros(1, 3, 16, 16)
        if any(e.shape != y.shape for _, _, e, y in self._trials(x)):
            raise FormatError("its network does not restore pictures")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = False, True
        return tags


def large_enough(pictures: list[np.ndarray], size: int) -> list[np.ndarray]:
    """Those of which patches can be cut: of others nothing is learned, and none should be all that is held out."""
    kept = [p for p in pictures if min(p.shape[:2]) >= size]
    if 0 < len(kept) < len(pictures):
        warn(
            f"{len(pictures) - len(kept):,} of {len(pictures):,} pictures are smaller than patch_size={size} and left out: a "
            "smaller patch_size takes them"
        )
    return kept or pictures  # where all are too small, Patches says so


def check_sizes(**sizes: Any) -> None:
    """Each must be a tuple of whole numbers from 1."""
    for name, values in sizes.items():
        if not isinstance(values, (tuple, list)) or not values or not all(is_size(n) for n in values):
            raise ValueError(f"{name}={values!r}: whole numbers from 1 are needed, at least one")
