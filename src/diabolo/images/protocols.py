r"""How restored pictures are scored: the formulas and the roundings of the published tables, for any tool.

    score  =  mean over pictures y of  metric( tool(seen(y)), y )        the metrics: metrics.py; y and results are 0 to 255

Denoising
    ``seen = y + sigma n``, not clipped and not rounded; one generator of random numbers per set and sigma, in the order of
    the pictures. The result is clipped to [0, 255], not rounded; all channels count alike, no border is left out.
Super-resolution
    y is cropped at the right and below to multiples of the scale and made smaller by MATLAB's bicubic interpolation,
    rounded to bytes. The result is a picture of bytes; Y is compared, without `scale` pixels at each border. A picture
    without colors is its own Y.
Colorization
    A tool sees the gray picture with the lightness L of y, rounded to bytes, and gives RGB bytes. PSNR over R, G, B.
    Colorfulness is that of all results over that of all pictures: 1 is as colorful as they were.

Tools are functions from array to array, so that anything can be scored; :func:`rescore` scores files.

References
----------
Beyond a Gaussian denoiser: residual learning of deep CNN for image denoising (Zhang et al., 2017),
https://doi.org/10.1109/TIP.2017.2662206
Accurate image super-resolution using very deep convolutional networks (Kim et al., 2016),
https://arxiv.org/abs/1511.04587
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import torch

from ..errors import DataError
from .album import ImageCollection
from .metrics import ab_error, colorfulness, lightness, luma_y, psnr, recolored, to_bytes
from .picture import LUMA
from .resize import resize

__all__ = [
    "SPACES",
    "Colors",
    "arrays",
    "bicubic",
    "colorization",
    "denoising",
    "gray",
    "noisy",
    "rescore",
    "smaller",
    "super_resolution",
]

SPACES = ("y", "rgb", "gray")
Tool = Callable[[np.ndarray], np.ndarray]
CROPPED = 3  # rows and columns that a picture may lack at the right and below, because its sides were made multiples of 4


def arrays(X: Any) -> Iterator[np.ndarray]:
    """The pictures of whatever `ImageCollection` reads, as bytes: (H, W) gray or (H, W, 3) RGB; transparency is left out.

    >>> [a.shape for a in arrays([np.zeros((4, 5, 3), np.uint8), np.zeros((2, 3))])]
    [(4, 5, 3), (2, 3)]
    """
    for picture in ImageCollection(X):
        array = to_bytes(picture.pixels)
        yield array[..., 0] if array.shape[2] == 1 else array


# ── denoising ────────────────────────────────────────────────────────────────────────────────────────────────────────


def noisy(pictures: Iterable[np.ndarray], sigma: float, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The input of a denoiser, and what it should return.

    Parameters
    ----------
    pictures : iterable of uint8 ndarray (H, W) or (H, W, 3)
        In the order of the set.
    sigma : float
        Standard deviation of the noise; 255 is the whole range.
    seed : int, default=0
        Of all pictures together.

    Yields
    ------
    seen : float32 ndarray
        The picture over 255 plus noise: in [0, 1] but for the noise.
    y : uint8 ndarray
        The picture.

    Examples
    --------
    >>> seen, y = next(noisy([np.zeros((200, 200), np.uint8)], sigma=51))
    >>> round(float(seen.std()), 2), bool(seen.min() < 0)
    (0.2, True)
    """
    rng = np.random.default_rng(seed)
    for y in pictures:
        yield ((y + rng.normal(0, sigma, y.shape)) / 255).astype(np.float32), y


def denoising(restore: Tool, pictures: Iterable[np.ndarray], sigma: float, seed: int = 0) -> float:
    """Mean PSNR of denoised pictures.

    Parameters
    ----------
    restore : callable
        Noisy picture (H, W) or (H, W, 3), float32, in [0, 1] but for the noise -> picture of the same shape in [0, 1].
    pictures, sigma, seed
        As of :func:`noisy`.

    Examples
    --------
    >>> flat = [np.full((64, 64), 100, np.uint8)] * 2
    >>> round(denoising(lambda seen: seen, flat, sigma=25), 1)
    20.2
    """
    pairs = noisy(pictures, sigma, seed)
    return _mean([psnr(np.clip(255 * restore(seen).astype(np.float64), 0, 255), y) for seen, y in pairs])


# ── super-resolution ─────────────────────────────────────────────────────────────────────────────────────────────────


def bicubic(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """MATLAB's ``imresize`` of a picture of bytes, smaller or larger.

    >>> bicubic(np.arange(16, dtype=np.uint8).reshape(4, 4) * 10, (2, 2)).tolist()
    [[26, 46], [104, 124]]
    """
    x = torch.from_numpy(np.ascontiguousarray(np.atleast_3d(picture))).double().movedim(-1, 0) / 255
    return to_bytes(resize(x, size, levels=255).movedim(0, -1).numpy()).reshape(*size, *picture.shape[2:])


def smaller(pictures: Iterable[np.ndarray], scale: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What to enlarge, and what it should become.

    Parameters
    ----------
    pictures : iterable of uint8 ndarray (H, W) or (H, W, 3)
    scale : int
        How many times smaller.

    Yields
    ------
    seen : uint8 ndarray (H // scale, W // scale[, 3])
    y : uint8 ndarray
        The picture, cropped to multiples of `scale`.

    Examples
    --------
    >>> seen, y = next(smaller([np.zeros((10, 12, 3), np.uint8)], 3))
    >>> seen.shape, y.shape
    ((3, 4, 3), (9, 12, 3))
    """
    for picture in pictures:
        h, w = picture.shape[0] // scale, picture.shape[1] // scale
        y = picture[: h * scale, : w * scale]
        yield bicubic(y, (h, w)), y


def super_resolution(enlarge: Tool, pictures: Iterable[np.ndarray], scale: int) -> float:
    """Mean PSNR of enlarged pictures, in Y, without `scale` pixels at each border.

    Parameters
    ----------
    enlarge : callable
        Picture of bytes (h, w) or (h, w, 3) -> picture of bytes, `scale` times larger.
    pictures, scale
        As of :func:`smaller`.

    Examples
    --------
    >>> flat = np.full((12, 12, 3), 100, np.uint8)
    >>> super_resolution(lambda seen: bicubic(seen, (12, 12)), [flat], 2)
    inf
    """
    return _mean([psnr(luma_y(enlarge(seen)), luma_y(y), scale) for seen, y in smaller(pictures, scale)])


# ── colorization ────────────────────────────────────────────────────────────────────────────────────────────────────


class Colors(NamedTuple):
    """The scores of :func:`colorization`; ``distance`` is not a number if none was asked for."""

    psnr: float
    ab: float
    colorfulness: float
    distance: float


def gray(picture: np.ndarray) -> np.ndarray:
    """Grays of the same lightness. (H, W, 3) -> (H, W), bytes.

    >>> gray(np.array([[[255, 0, 0], [70, 70, 70]]], np.uint8)).tolist()
    [[127, 70]]
    """
    return recolored(lightness(picture)[..., 0], (0, 0))[..., 0]


def colorization(
    color: Tool, pictures: Iterable[np.ndarray], distance: Callable[[np.ndarray, np.ndarray], float] | None = None
) -> Colors:
    """Scores of colored pictures.

    Parameters
    ----------
    color : callable
        Gray picture (H, W) of bytes -> (H, W, 3) of bytes.
    pictures : iterable of uint8 ndarray (H, W, 3)
    distance : callable, default=None
        (result, picture) -> how different they look.

    Returns
    -------
    Colors
        Mean PSNR over R, G, B; mean error of a, b; colorfulness as a share of that of the pictures; mean distance.

    Examples
    --------
    >>> picture = np.full((4, 4, 3), (200, 120, 40), np.uint8)
    >>> scores = colorization(lambda seen: np.repeat(seen[..., None], 3, 2), [picture])
    >>> round(scores.ab), scores.colorfulness
    (60, 0.0)
    """
    rows = [_colors(color(gray(y)), y, distance) for y in pictures]
    decibels, ab, found, wanted, far = (_mean(column) for column in zip(*rows, strict=True)) if rows else (_mean([]),) * 5
    return Colors(decibels, ab, found / wanted if wanted else math.nan, far)


def _colors(
    e: np.ndarray, y: np.ndarray, distance: Callable[[np.ndarray, np.ndarray], float] | None
) -> tuple[float, float, float, float, float]:
    far = distance(e, y) if distance else math.nan
    return psnr(e, y), ab_error(e, y), colorfulness(e), colorfulness(y), far


# ── files of any tool ────────────────────────────────────────────────────────────────────────────────────────────────


def rescore(clean: Any, restored: Any, shave: int = 0, space: str = "rgb") -> dict[str, float]:
    """PSNR of the pictures that another tool has written.

    Parameters
    ----------
    clean, restored : folder or zip
        Files of the same name, but for the ending, belong together. A restored picture may lack up to three rows and
        columns at the right and below, as super-resolution leaves them out.
    shave : int, default=0
        Pixels left out at each border; of super-resolution usually the scale.
    space : {"rgb", "y", "gray"}, default="rgb"
        What is compared: all three channels, Y of BT.601 (a picture without colors is its own Y), or brightness from 0
        to 255.

    Returns
    -------
    dict
        Name -> decibels.

    Raises
    ------
    DataError
        If a picture has no partner, or one of another size.
    """
    if space not in SPACES:
        raise ValueError(f"space={space!r}: allowed are {', '.join(map(repr, SPACES))}")
    truths, results = _by_stem(clean), _by_stem(restored)
    _check_partners(truths, results, clean, restored)
    return {stem: _rescored(results[stem], truths[stem], shave, space) for stem in sorted(truths)}


def _by_stem(folder: Any) -> dict[str, ImageCollection]:
    album = ImageCollection(folder)
    places: dict[str, int] = {}
    for i, name in enumerate(album.names):
        stem = PurePosixPath(name).with_suffix("").as_posix()
        if stem in places:
            raise DataError(f"{album.names[places[stem]]!r} and {name!r} in {str(folder)!r} have the same name: rename one")
        places[stem] = i
    return {stem: album[i : i + 1] for stem, i in places.items()}


def _check_partners(truths: dict[str, ImageCollection], results: dict[str, ImageCollection], clean: Any, restored: Any) -> None:
    for have, lack, where in ((truths, results, restored), (results, truths, clean)):
        alone = sorted(have.keys() - lack.keys())
        if alone:
            more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
            raise DataError(
                f"{str(where)!r} holds no picture named {alone[0]!r}{more}: pictures belong together by their names"
            )


def _rescored(result: ImageCollection, truth: ImageCollection, shave: int, space: str) -> float:
    (e,), (y,) = arrays(result), arrays(truth)
    missing = [b - a for a, b in zip(e.shape[:2], y.shape[:2], strict=True)]
    if not all(0 <= m <= CROPPED for m in missing):
        raise DataError(f"{result.names[0]!r} is {_size(e)} pixels, but {truth.names[0]!r} is {_size(y)}")
    return psnr(_in_space(e, space), _in_space(y[: e.shape[0], : e.shape[1]], space), shave)


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"


def _in_space(picture: np.ndarray, space: str) -> np.ndarray:
    if space == "y":
        return luma_y(picture)
    if space == "rgb":
        return np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture
    return picture if picture.ndim == 2 else np.rint(picture @ np.array(LUMA))


def _mean(values: Sequence[float]) -> float:
    if not len(values):
        raise DataError("there are no pictures to score")
    return float(np.mean(values))
