"""Pictures that are nearly the same as the one before, as in bursts and videos: held-out ones have a neighbor that is learned.

    t_i           picture i as 8 x 8 gray fields, with mean 0 and spread 1
    near(i, j)    0 < |t_i - t_j| < 0.15 median |t_k - t_l|          k, l: any two
    share         of all i, how many have near(i, i - 1), if at least twice as many as have near(i, i - 10)

The last condition tells bursts from classes in order, whose pictures are all alike.
"""

from __future__ import annotations

import numpy as np

from ..deferred import torch
from ..errors import warn

__all__ = ["following", "tell_bursts"]

FIELDS, NEAR, LATER, TIMES = 8, 0.15, 10, 2
LEAST, MANY = 40, 0.25  # pictures, and the share of them that is told


def tell_bursts(pictures: np.ndarray) -> None:
    """Warn of pictures (n, C, H, W) of which many are nearly the same as the one before."""
    share = following(pictures) if len(pictures) >= LEAST else 0.0
    if share > MANY:
        warn(
            f"{share:.0%} of the pictures looked at are nearly the same as the one before, as in bursts and videos: what is "
            "said of held-out ones holds for more of the same scenes, and not for others: keep one of each, or judge the model "
            "by pictures of scenes that it has not seen"
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


def fields(pictures: np.ndarray) -> np.ndarray:
    """(n, C, H, W) -> (n, 64)."""
    gray = torch.from_numpy(np.asarray(pictures, dtype=np.float32)).mean(1, keepdim=True)
    t = torch.nn.functional.adaptive_avg_pool2d(gray, FIELDS).flatten(1).double().numpy()
    t -= t.mean(1, keepdims=True)
    spread: np.ndarray = t.std(1, keepdims=True)
    found: np.ndarray = t / np.where(spread > 0, spread, 1.0)
    return found
