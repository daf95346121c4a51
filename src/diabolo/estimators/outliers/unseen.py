r"""Training rows, which members have seen that judge them.

    s(x_i) -> s_(r)            r: the rank of s(x_i) among all training rows;  s_(1) <= s_(2) ...: the calibration
    s(x_i) -> s_k(x_i)         k: the member that has not seen x_i, where the others know it by heart
    key(x) = h(floor(S x / step + shift))              S: normal numbers (6, d);  shift: 0, or a half;  h: a hash

The calibration holds the scores of rows by members that have not seen them. Those that have make less of a row, so that half of
the outliers in a table that was fitted would be normal; and where columns are as many as rows, more of it: all others lie
elsewhere. The mean of all members orders rows better than one of them, so it is kept wherever it says something.

New rows may equal training rows by chance, as in a table of a few categories, and are due what all new rows get. So what is
there several times is not known again. Of new rows, as many equal one that is there once as are there twice (Good and Turing):
if these are many beside those that are there once, among which outliers are, nothing is known again.

One of two keys knows a row again, also if it was rounded to float32, or to six decimals: a sum at a border of one grid is in
the middle of a cell of the other.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from torch import Tensor

from ...errors import FormatError

__all__ = ["UnseenBy"]

SUMS, STEP = 6, 2.0**-4  # of each row; how fine they are
GAP, FAR = 3.7, 1e30  # in place of a missing cell, and of infinity
NONE = np.zeros(0)
CHANCE = 0.3  # rows that are there twice, for each that is there once, from which on none is known again
PRIME = np.uint64(0x9E3779B97F4A7C15)


class UnseenBy:
    """Training rows, and the member that has not seen each.

    Parameters
    ----------
    keys : ndarray of int64 (m,)
        Two keys of each row, in ascending order.
    fold : ndarray of int (m,)
        The member that has not seen it; of each key.
    scores : ndarray (r,)
        The means of the members' scores of some of these rows, in ascending order; empty if some know them by heart.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[1.0, 2.0], [3.0, torch.nan]])
    >>> UnseenBy.of(keys(x), np.array([1, 0]))(torch.tensor([[3.0, torch.nan], [1.0, 2.5]])).tolist()
    [0, -1]
    """

    def __init__(self, keys: np.ndarray, fold: np.ndarray, scores: np.ndarray = NONE) -> None:
        self.keys, self.fold, self.scores = keys, fold, scores

    @classmethod
    def of(cls, keys: np.ndarray, fold: np.ndarray) -> Self | None:
        """From the keys (2, n) of training rows; None if new rows may equal them."""
        _, place, times = np.unique(keys[0], return_inverse=True, return_counts=True)
        once = times[place] == 1
        if 2 * (times == 2).sum() >= CHANCE * (times == 1).sum():
            return None
        found, first = np.unique(keys[:, once], return_index=True)
        return cls(found, np.tile(fold[once], 2)[first])

    def __call__(self, x: Tensor) -> np.ndarray:
        """Rows (n, d) -> (n,) the member that has not seen each of them; -1 for rows that are none of these."""
        found = keys(x)
        at = np.searchsorted(self.keys, found).clip(max=len(self.keys) - 1)
        return np.where(self.keys[at] == found, self.fold[at], -1).max(0)

    def as_new(self, s: np.ndarray, calibration: np.ndarray) -> np.ndarray:
        """Means (m,) of training rows -> the scores of the calibration (n,) that have the same ranks.

        >>> UnseenBy(NONE, NONE, np.array([1.0, 2.0, 3.0])).as_new(np.array([2.0, 3.5]), np.array([2.0, 4.0, 6.0]))
        array([4. , 6.5])
        """
        value, first = np.unique(self.scores, return_index=True)
        rank = first * (len(calibration) - 1) / max(1, len(self.scores) - 1)
        same = np.interp(rank, np.arange(len(calibration)), calibration)
        return np.interp(s, value, same) + np.maximum(s - value[-1], 0.0)

    def state(self) -> dict[str, np.ndarray]:
        return {"keys": self.keys, "fold": self.fold.astype(np.uint8), "scores": self.scores}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], members: int) -> Self:
        """The inverse of :meth:`state`."""
        keys, fold, scores = arrays["keys"], arrays["fold"].astype(int), arrays["scores"]
        fits = keys.ndim == 1 and keys.shape == fold.shape and len(keys) and keys.dtype == np.int64 and fold.max() < members
        if not fits or scores.ndim != 1 or not np.isfinite(scores).all():
            raise FormatError("the rows that its networks have seen do not fit together")
        return cls(keys, fold, scores)


def keys(x: Tensor) -> np.ndarray:
    """Rows (n, d) -> (2, n) numbers of each, of which one at least is the same for rows that are equal but for rounding.

    >>> import torch
    >>> (keys(torch.tensor([[0.1, 2.0]])) == keys(torch.tensor([[0.1 + 1e-7, 2.0]]))).any()
    np.True_
    """
    rows = np.nan_to_num(x.double().numpy(), nan=GAP, posinf=FAR, neginf=-FAR)
    place = rows @ np.random.default_rng(0).normal(size=(rows.shape[1], SUMS)) / STEP
    cells = np.floor(place + np.array([0.0, 0.5])[:, None, None]) + 0.0
    h = np.zeros(cells.shape[:2], np.uint64)
    for bits in np.moveaxis(cells.view(np.uint64), 2, 0):
        h = (h ^ bits) * PRIME
        h ^= h >> np.uint64(32)
    return h.view(np.int64)
