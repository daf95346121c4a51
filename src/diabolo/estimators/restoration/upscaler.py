r"""Super-resolution.

    e = bicubic(x) + f(luma(x) - m),      then three times      e <- e + bicubic(x - smaller(e))

* ``f`` works at the size of x, and has one last convolution for each scale; it restores only brightness, whose mean is m
* the correction on the right makes the result consistent: reduced to the small size, it is x again

References
----------
Accurate image super-resolution using very deep convolutional networks (Kim et al., 2016),
https://arxiv.org/abs/1511.04587
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...corruption import Downscale
from ...images.picture import LUMA, luma
from ...images.resize import resize
from ...losses import Absolute, Loss
from ...nets import PixelShuffleHeads, ResidualCNN
from ...network import Diabolo
from ..parameters import is_size
from .base import Restorer, Trial, check_sizes
from .pixels import handed_back, looked_at, one, tamed

__all__ = ["Upscaler"]

SMALLEST = 4  # pixels of the side of a small training patch


@dataclass(kw_only=True, repr=False, eq=False)
class Upscaler(Restorer):
    """Enlarge pictures, with sharper edges and textures than bicubic interpolation.

    The network restores the brightness. The colors are interpolated, because the eye sees less detail in them.

    Parameters
    ----------
    scale : {2, 3, 4}, default=2
        Factor by which :meth:`transform` enlarges a picture. One network serves all `scales`.
    scales : tuple of int, default=(2, 3, 4)
        The factors that are learned.
    init : Upscaler, "pretrained" or None, default="pretrained"
        The model whose weights training starts with. "pretrained" is the one in the package; None starts from random weights.
    width, depth : int, default=48, 6
        Channels and blocks of the network. It works at the size of the small picture.
    patch_size : int, default=120
        Side of the training patches, in pixels of the large picture.
    loss : Loss or "auto", default="auto"
        "auto" is `losses.Absolute`, the mean absolute error.
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
        The encoder sees the brightness of the small picture. The decoder has one convolution for each scale.
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
    _untouched = "bicubic"
    _projections = 3

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def transform(self, X: Any, *, scale: int | None = None, return_map: bool = False) -> list[Any]:
        """Enlarge pictures.

        Parameters
        ----------
        X : folder, zip, path, array, PIL image, or a list of these
            Pictures of any size. Each page of a TIFF is a picture, an array (H, W) or (H, W, C) is one.
        scale : int, default=None
            The factor, one of `scales`. By default it is that of the estimator.
        return_map : bool, default=False
            Whether to return the change, too.

        Returns
        -------
        list
            The result of :meth:`restore_picture` for each picture.
        """
        return list(self.restore(X, scale=scale, return_map=return_map))

    def restore_picture(self, picture: Any, *, scale: int | None = None, return_map: bool = False) -> Any:
        """Enlarge one picture.

        Parameters
        ----------
        picture : Picture, or whatever ``images.picture.read`` reads
        scale : int, default=None
            The factor, one of `scales`. By default it is that of the estimator.
        return_map : bool, default=False
            Whether to return the change, too.

        Returns
        -------
        image : ndarray or PIL image
            Of the same kind as `picture`: an array of the same dtype, or a PIL image with the same metadata.
        change : ndarray (scale H, scale W, C), float32
            Result minus the interpolated picture, if `return_map`. The unit is the whole range of brightness; for pictures of
            floats, their own.
        """
        self._check_fitted()
        picture, scale = one(picture), self.scale if scale is None else scale
        if scale not in self.scales:
            raise ValueError(f"scale={scale!r}: this model has learned {', '.join(map(str, self.scales))}")
        x, scale = looked_at(picture), int(scale)
        return handed_back(picture, enlarged(x, scale), self._consistent(self._larger(x, scale), x), return_map)

    def _larger(self, x: Tensor, scale: int) -> Tensor:
        """x (1, 1 or 3, h, w) -> (1, 1 or 3, scale h, scale w)."""
        weights = torch.tensor(LUMA if x.shape[1] == 3 else (1.0,)).view(1, -1, 1, 1)
        y = (tamed(x) * weights).sum(1, keepdim=True)
        network = self.network_
        added = self._tiled(lambda piece: network.decoder(network.encoder(piece), scale), y - y.mean(), scale)
        return enlarged(x, scale) + added

    def _consistent(self, e: Tensor, x: Tensor) -> Tensor:
        """e, changed so that it is x when it is made smaller."""
        for _ in range(self._projections):
            missing = x - resize(e, (x.shape[2], x.shape[3]))
            e = e + resize(missing, (e.shape[2], e.shape[3]))
        return e

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _unit(self) -> int:
        check_sizes(scales=self.scales, width=(self.width,), depth=(self.depth,))
        if self.scale not in self.scales:
            raise ValueError(f"scale={self.scale!r}: allowed are those of scales={self.scales!r}")
        least = SMALLEST * max(self.scales)
        if is_size(self.patch_size) and self.patch_size < least:
            raise ValueError(f"patch_size={self.patch_size!r}: at least {least} pixels are needed for scales={self.scales!r}")
        return 1

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        return Diabolo(ResidualCNN(1, self.width, self.depth), PixelShuffleHeads(self.width, 1, self.scales))

    def _loss(self) -> Loss:
        return self.loss if isinstance(self.loss, Loss) else Absolute()

    def _channels(self, pixels: np.ndarray) -> np.ndarray:
        return luma(pixels)

    def _objective(self, i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        scale = self.scales[int(torch.randint(len(self.scales), (1,), generator=rng, device=x.device))]
        seen, y = Downscale(scale)(x, rng)
        shift = 0.1 * torch.randn(len(x), 1, 1, 1, generator=rng, device=x.device)
        m = seen.mean((2, 3), keepdim=True) + shift
        network = self.network_
        e = resize(seen, (y.shape[2], y.shape[3])) + network.decoder(network.encoder(seen - m), scale).float()
        return self.loss_(e.flatten(1), y.flatten(1))

    def _trials(self, x: Tensor) -> Iterator[Trial]:
        for scale in self.scales:
            seen, y = Downscale(scale, levels=255)(x, torch.Generator())
            plain = resize(seen, (y.shape[2], y.shape[3]))
            inside = (..., slice(scale, -scale), slice(scale, -scale))
            yield f"x{scale}", plain[inside], self._larger(seen, scale)[inside], y[inside]


def enlarged(x: Tensor, scale: int) -> Tensor:
    """x (1, C, h, w) -> (1, C, scale h, scale w), by interpolation."""
    return resize(x, (scale * x.shape[2], scale * x.shape[3]))
