"""How much better pictures get: the model just fitted beside other means."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from .pixels import decibels, pixels, tensor

__all__ = ["advice", "measured"]

UNTOUCHED = {"denoise": "noisy", "upscale": "bicubic", "colorize": "grey"}


def measured(model: Any, shipped: Any, task: str, x: Any) -> dict[str, dict[str, float]]:
    """Decibels of one picture x (1, C, h, w): for each way to spoil it, those of each way to restore it."""
    found = {}
    for (trial, seen, e, y), theirs in zip(model._trials(x), shipped._decibels(x), strict=True):
        values = {UNTOUCHED[task]: decibels(seen, y)}
        if task == "denoise" and find_spec("skimage"):
            values["non-local means"] = decibels(similar_patches(seen, float((seen - y).std())), y)
        found[trial] = values | {"shipped": theirs, "this model": decibels(e, y)}
    return found


def similar_patches(seen: Any, sigma: float) -> Any:
    """Non-local means (Buades et al., 2005) of a picture (1, C, h, w), told how strong its noise is."""
    from skimage.restoration import denoise_nl_means

    image = pixels(seen)
    told = {"h": 0.8 * sigma, "sigma": sigma, "patch_size": 5, "patch_distance": 6}
    grey = image.shape[2] == 1
    e = denoise_nl_means(image[..., 0] if grey else image, **told, channel_axis=None if grey else -1)
    return tensor(e.reshape(image.shape))


def advice(mean: dict[str, float]) -> str:
    """Whether to use the model just fitted, from the decibels of all methods.

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
