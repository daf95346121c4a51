"""Comparison of a fitted restorer with the pre-trained one, and with methods without a network.

    decibels( restored(seen), y )       for each way to corrupt each held-out picture y;  then the mean over the pictures

References
----------
A review of image denoising algorithms, with a new one (Buades et al., 2005), https://doi.org/10.1137/040616024
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from torch import Tensor

from .base import Restorer
from .denoiser import Denoiser
from .pixels import central, decibels, pixels, tensor

__all__ = ["advice", "compared", "measured"]


def compared(model: Restorer, pictures: Sequence[np.ndarray]) -> dict[str, dict[str, float]]:
    """Mean PSNR on pictures (H, W, C) of bytes, in decibels: corruption -> method -> PSNR."""
    shipped = type(model).pretrained()
    each = [measured(model, shipped, central(picture)) for picture in pictures]
    return {trial: {name: float(np.mean([m[trial][name] for m in each])) for name in of} for trial, of in each[0].items()}


def measured(model: Restorer, shipped: Restorer, x: Tensor) -> dict[str, dict[str, float]]:
    """The same for one picture x (1, C, h, w)."""
    found = {}
    for (trial, seen, e, y), theirs in zip(model._trials(x), shipped._decibels(x), strict=True):
        values = {model._untouched: decibels(seen, y)}
        if isinstance(model, Denoiser) and find_spec("skimage"):
            values["non-local means"] = decibels(similar_patches(seen, float((seen - y).std())), y)
        found[trial] = values | {"shipped": theirs, "this model": decibels(e, y)}
    return found


def similar_patches(seen: Tensor, sigma: float) -> Tensor:
    """Denoise a picture (1, C, h, w) by non-local means; sigma is the standard deviation of its noise."""
    from skimage.restoration import denoise_nl_means

    image = pixels(seen)
    known = {"h": 0.8 * sigma, "sigma": sigma, "patch_size": 5, "patch_distance": 6}
    gray = image.shape[2] == 1
    e = denoise_nl_means(image[..., 0] if gray else image, **known, channel_axis=None if gray else -1)
    return tensor(e.reshape(image.shape))


def advice(mean: dict[str, float]) -> str:
    """Say whether to use the model just fitted. `mean` is the PSNR of each method.

    >>> print(advice({"bicubic": 26.0, "shipped": 27.9, "this model": 28.214}))
    These weights beat the shipped ones on your pictures: by 0.31 dB on average.
    >>> print(advice({"bicubic": 28.0, "shipped": 27.9, "this model": 27.9}))
    Keep the shipped ones: these weights are no better on your pictures (+0.00 dB on average); but best is bicubic.
    """
    gain = mean["this model"] - mean["shipped"]
    better = f"These weights beat the shipped ones on your pictures: by {gain:.2f} dB on average"
    worse = f"Keep the shipped ones: these weights are no better on your pictures ({gain:+.2f} dB on average)"
    best = max(reversed(mean), key=lambda name: mean[name])
    return (better if gain >= 0.01 else worse) + (f"; but best is {best}." if best not in ("shipped", "this model") else ".")
