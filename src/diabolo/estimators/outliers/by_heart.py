r"""Training rows that the members know by heart.

    s(x_i) = s_k(x_i)          x_i: a training row;  k: the member that has not seen it
    key(x) = digest of floor(S x / step + shift)       S: normal numbers (6, d);  shift: 0, or a half

With about as many columns as rows, the codes of rows that a network has learned lie further out than those of all other rows.
There the members that have seen a row find it strange, whatever it is: only the one that has not seen it can judge it. One of
two keys knows it again, also if it was rounded to float32, or to six decimals: a sum at a border of one grid is in the middle
of a cell of the other.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Self

import numpy as np
from torch import Tensor

from ...errors import FormatError

__all__ = ["ByHeart"]

SUMS, STEP = 6, 2.0**-4  # of each row; how fine they are
GAP, FAR = 3.7, 1e30  # in place of a missing cell, and of infinity


class ByHeart:
    """Which member has not seen a training row.

    Parameters
    ----------
    keys : ndarray of int64 (m,)
        Two digests of each row, in ascending order.
    fold : ndarray of int (m,)
        The member that has not seen it; of each digest.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[1.0, 2.0], [3.0, torch.nan]])
    >>> ByHeart.of(x, np.array([1, 0]))(torch.tensor([[3.0, torch.nan], [1.0, 2.5]])).tolist()
    [0, -1]
    """

    def __init__(self, keys: np.ndarray, fold: np.ndarray) -> None:
        self.keys, self.fold = keys, fold

    @classmethod
    def of(cls, x: Tensor, fold: np.ndarray) -> Self:
        """Of training rows (n, d)."""
        keys, first = np.unique(digests(x), return_index=True)
        return cls(keys, np.tile(fold, 2)[first])

    def __call__(self, x: Tensor) -> np.ndarray:
        """Rows (n, d) -> (n,) the member that has not seen each of them; -1 for rows that are none of these."""
        keys = digests(x)
        at = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[at] == keys, self.fold[at], -1).max(0)

    def state(self) -> dict[str, np.ndarray]:
        return {"keys": self.keys, "fold": self.fold.astype(np.uint8)}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], members: int) -> Self:
        """The inverse of :meth:`state`."""
        keys, fold = arrays["keys"], arrays["fold"].astype(int)
        if keys.ndim != 1 or keys.shape != fold.shape or not len(keys) or keys.dtype != np.int64 or fold.max() >= members:
            raise FormatError("the rows that its networks know do not fit together")
        return cls(keys, fold)


def digests(x: Tensor) -> np.ndarray:
    """Rows (n, d) -> (2, n) numbers of each, of which one at least is the same for rows that are equal but for rounding.

    >>> import torch
    >>> (digests(torch.tensor([[0.1, 2.0]])) == digests(torch.tensor([[0.1 + 1e-7, 2.0]]))).any()
    np.True_
    """
    rows = np.nan_to_num(x.double().numpy(), nan=GAP, posinf=FAR, neginf=-FAR)
    place = rows @ np.random.default_rng(0).normal(size=(rows.shape[1], SUMS)) / STEP
    keys = [blake2b(cell.tobytes(), digest_size=8).digest() for shift in (0.0, 0.5) for cell in np.floor(place + shift) + 0.0]
    return np.frombuffer(b"".join(keys), np.int64).reshape(2, -1)
