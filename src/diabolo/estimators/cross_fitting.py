r"""Cross-fitting: K networks side by side, each trained on all rows except those of its own fold.

    raw_i = output of member fold_i for row i          fold_i < K; if it is K, all members have learned from the row

So every row with fold_i < K has an out-of-fold output. There may be several kinds of members, K of each.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..rows import Rows

__all__ = ["Members"]


class Members:
    """Which member has learned from which row.

    Parameters
    ----------
    fold : ndarray of int (n,)
        For each row, the member that has not learned from it.
    k : int
        K.
    """

    def __init__(self, fold: np.ndarray, k: int) -> None:
        self.fold, self.k = fold, k

    def learn(self, i: Tensor) -> Tensor:
        """(B,) row numbers -> (K, B), whether the member learns from the row."""
        return torch.from_numpy(self.fold)[i] != torch.arange(self.k)[:, None]

    def judge(self, i: np.ndarray) -> np.ndarray:
        """(r,) row numbers -> (r,), whether the row is out-of-fold for some member."""
        return np.asarray(self.fold[i] < self.k)

    def unseen(self, network: nn.Module, rows: Rows, i: np.ndarray, piece: int) -> Tensor:
        """(r,) row numbers -> out-of-fold outputs raw (J, r, k) of each of J kinds of members.

        The network takes other rows for each member, x (K, B, d), and gives raw (J K, B, k).
        """
        like = next(network.parameters())
        place, there = side_by_side(self.fold[i], self.k)
        found = torch.empty(0)
        for part in np.array_split(np.arange(place.shape[1]), max(1, place.size // piece)):
            x = rows.take(i[place[:, part].ravel()]).unflatten(0, (self.k, -1))
            raw = network(x.to(like)).float().cpu().unflatten(0, (-1, self.k))
            if not found.numel():
                found = raw.new_empty(len(raw), len(i), raw.shape[-1])
            some = torch.from_numpy(there[:, part])
            found[:, torch.from_numpy(place[:, part])[some]] = raw[:, some]
        return found


def side_by_side(fold: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Fold (r,) of each row -> positions (K, b) of the rows of each fold, padded, and a mask that is False for padding.

    >>> place, there = side_by_side(np.array([0, 1, 0]), 2)
    >>> place.tolist(), there.tolist()
    ([[0, 2], [1, 0]], [[True, True], [True, False]])
    """
    of_each = [np.flatnonzero(fold == member) for member in range(k)]
    place = np.zeros((k, max(map(len, of_each))), dtype=np.int64)
    there = np.arange(place.shape[1]) < np.array([len(places) for places in of_each])[:, None]
    place[there] = np.concatenate(of_each)
    return place, there
