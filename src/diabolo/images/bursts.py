"""Pictures that are nearly the same as the one before, or as any other: held-out ones have a near copy that is learned.

    t_i           picture i as 8 x 8 gray fields, with mean 0 and spread 1
    near(i, j)    0 < |t_i - t_j| < 0.15 median |t_k - t_l|          k, l: any two
    share         of all i, how many have near(i, i - 1), if at least twice as many as have near(i, i - 10)

The last condition tells bursts and videos from classes in order, whose pictures are all alike. Copies in another size or
quality, mirrored or turned, as of augmentation, may be anywhere:

    apart(i, j) = min over 8 turns of |t_i - turn(t_j)|          near copies: see copies.py

Of a simple thing on an empty ground, such as a square, many are alike by chance: they need some different fields to count.
"""

from __future__ import annotations

import numpy as np

from ..copies import near_copies
from ..deferred import torch
from ..errors import warn

__all__ = ["copied", "following", "tell_bursts"]

FIELDS, NEAR, LATER, TIMES = 8, 0.15, 10, 2
LEAST_FIELDS = 16  # that differ by a tenth of their spread, of 64
LEAST, MANY, MANY_COPIES = 40, 0.25, 1 / 3  # pictures, and the shares of them that are told


def tell_bursts(pictures: np.ndarray) -> None:
    """Warn of pictures (n, C, H, W) of which many are nearly the same as the one before, or as any other."""
    share = following(pictures) if len(pictures) >= LEAST else 0.0
    if share > MANY:
        warn(
            f"{share:.0%} of the pictures looked at are nearly the same as the one before, as in bursts and videos: what is "
            "said of held-out ones holds for more of the same scenes, and not for others: keep one of each, judge the model "
            "by pictures of scenes that it has not seen, or, beside y, say which belong together (groups=)"
        )
    elif (share := copied(pictures)) > MANY_COPIES:
        warn(
            f"{share:.0%} of the pictures looked at have a near copy among them, such as in another size or quality, mirrored "
            "or turned: what is said of held-out ones holds for more copies of the same pictures, and not for others: keep one "
            "of each, judge the model by pictures of which it has seen no copy, or, beside y, say which belong together "
            "(groups=)"
        )


def following(pictures: np.ndarray) -> float:
    """The share of pictures (n, C, H, W) that are nearly the same as the one before, but no copy of it.

    >>> r = np.random.default_rng(0)
    >>> scenes = r.random((40, 1, 8, 8))
    >>> following(scenes), following(scenes.repeat(3, 0) + 0.01 * r.random((120, 1, 8, 8))) > 0.6
    (0.0, True)
    """
    t = fields(pictures)
    usual = np.median(np.linalg.norm(t - t[np.random.default_rng(0).permutation(len(t))], axis=1))
    before, long_before = (
        float(((apart > 0) & (apart < NEAR * usual)).mean())
        for apart in (np.linalg.norm(t[lag:] - t[:-lag], axis=1) for lag in (1, LATER))
    )
    return before if before > TIMES * long_before else 0.0


def copied(pictures: np.ndarray) -> float:
    """The share of different pictures (n, C, H, W) of which there is a near copy.

    >>> r = np.random.default_rng(0)
    >>> scenes = r.random((40, 1, 16, 16))
    >>> copied(scenes), copied(np.concatenate([scenes, scenes[..., ::-1] + 0.01 * r.random(scenes.shape)]))
    (0.0, 1.0)
    """
    different = pictures[list({picture.tobytes(): i for i, picture in enumerate(pictures)}.values())]
    if len(different) < LEAST:
        return 0.0
    t = fields(different).reshape(-1, FIELDS, FIELDS)
    turned = [np.rot90(v, k, (1, 2)).reshape(len(t), -1) for v in (t, t[:, :, ::-1]) for k in range(4)]
    like = np.max([t.reshape(len(t), -1) @ v.T for v in turned], axis=0)
    rich = np.array([len(np.unique(v.round(1))) for v in t]) >= LEAST_FIELDS
    square = (t**2).sum((1, 2))
    apart = np.sqrt(np.maximum(square[:, None] + square - 2 * like, 0))
    return float((near_copies(apart, NEAR) & rich).mean())


def fields(pictures: np.ndarray) -> np.ndarray:
    """(n, C, H, W) -> (n, 64)."""
    gray = torch.from_numpy(np.asarray(pictures, dtype=np.float32)).mean(1, keepdim=True)
    t = torch.nn.functional.adaptive_avg_pool2d(gray, FIELDS).flatten(1).double().numpy()
    t -= t.mean(1, keepdims=True)
    spread: np.ndarray = t.std(1, keepdims=True)
    found: np.ndarray = t / np.where(spread > 0, spread, 1.0)
    return found
