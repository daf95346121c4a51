r"""Cross-fitting: K networks side by side, each trained on all rows except those of its own fold.

    raw_i = output of member fold_i for row i          fold_i < K; if it is K, all members have learned from the row

So there is an answer for a training row from a member that has not seen it. There may be several kinds of members, K of each.
They are trained together: of a batch, row i counts for the members that learn from it,

    loss_i = sum_k c_ki loss_ki / mean c          c_ki = w_i, or 0 where k does not learn from i, or loss_ki is trimmed

where the largest losses of each member are trimmed, because the rows themselves may contain outliers. A batch is the one place
where outliers can be told apart before the network is trained.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ..corruption import Corruption
from ..rows import Rows

__all__ = ["CrossFit", "side_by_side"]


class CrossFit:
    """Who has seen which row.

    Parameters
    ----------
    fold : ndarray of int (n,)
        For each row, the member that has not learned from it.
    k : int
        K.
    """

    def __init__(self, fold: np.ndarray, k: int) -> None:
        self.fold, self.k = fold, k

    def learns(self, i: Tensor) -> Tensor:
        """(B,) row numbers -> (K, B), whether the member learns from the row."""
        return torch.from_numpy(self.fold)[i] != torch.arange(self.k)[:, None]

    def objective(
        self,
        corrupt: Corruption,
        losses: Callable[[Tensor, Tensor, Tensor, torch.Generator], Tensor],
        trim: float = 0.0,
        weight: Tensor | None = None,
        first: int = 0,
    ) -> Callable[[Tensor, Tensor, torch.Generator], Tensor]:
        """What SGD minimizes: of a batch, row numbers i (B,) and rows x (B, d) -> (B,).

        `losses` takes what the encoder sees, what it must produce, i, and the source of chance, and gives (J K, B) for J kinds
        of members. A share `trim` of each member's losses does not count, nor do the members before number `first`.
        """

        def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
            each = losses(*corrupt(x, rng), i, rng)
            counts = self.learns(i).repeat(len(each) // self.k, 1).to(each.device)
            counts[:first] = False
            if trim:
                most = 1 + int(
                    (1 - trim) * (each.shape[1] - 1)
                )  # it is the quantile, but for interpolation, and ten times as fast
                counts &= each <= each.detach().kthvalue(most, 1, keepdim=True).values
            c = counts.float() if weight is None else counts * weight[i].to(each.device)
            return (each * c).sum(0) / c.mean().clamp(min=1e-9)

        return objective

    def has_out_of_fold(self, i: np.ndarray) -> np.ndarray:
        """(r,) row numbers -> (r,), whether some member has not seen the row."""
        return np.asarray(self.fold[i] < self.k)

    def out_of_fold(self, network: nn.Module, rows: Rows, i: np.ndarray, piece: int) -> Tensor:
        """(r,) row numbers -> raw (J, r, k): of each of J kinds of members, the one that has not seen the row.

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
