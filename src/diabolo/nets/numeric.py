r"""Piecewise linear encoding of numbers: the position of a number within each of the bins between its quantiles.

    x_j -> x_j, e_j1 ... e_jT          e_jt = min(1, max(0, (x_j - q_jt) / (q_j,t+1 - q_jt)))

The first layer can then learn any function of x_j that is linear between the quantiles: an age can matter at both ends, and a
number that is a code can be distinguished from its neighbors.

References
----------
On embeddings for numerical features in tabular deep learning (Gorishniy et al., 2022), https://arxiv.org/abs/2203.05556
(piecewise linear encoding)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["PiecewiseLinearEncoding"]


class PiecewiseLinearEncoding(nn.Module):
    """x (..., d) -> (..., d + bins of all features): the numbers, then their positions in the bins.

    Parameters
    ----------
    counts : sequence of int
        Number of bins of each feature; 0 for a feature with only two values, for example.

    Examples
    --------
    >>> bins = PiecewiseLinearEncoding.of(torch.tensor([[0.0], [1.0], [2.0], [10.0]]), 3)
    >>> bins(torch.tensor([[6.0]]))
    tensor([[6.0000, 1.0000, 1.0000, 0.5000]])
    """

    q: Tensor
    s: Tensor

    def __init__(self, counts: Sequence[int]) -> None:
        super().__init__()
        self.counts = [int(t) for t in counts]
        self.feature = np.repeat(np.arange(len(self.counts)), self.counts)  # of each bin
        self.register_buffer("q", torch.zeros(len(self.feature)))
        self.register_buffer("s", torch.ones(len(self.feature)))

    @classmethod
    def of(cls, x: Tensor, most: int) -> PiecewiseLinearEncoding:
        """At most `most` bins for each feature of these rows (n, d)."""
        edges = [quantiles(column, most) for column in x.float().numpy().T]
        self = cls([len(q) - 1 for q in edges])
        self.q.copy_(torch.from_numpy(np.concatenate([q[:-1] for q in edges])))
        self.s.copy_(torch.from_numpy(np.concatenate([np.diff(q) for q in edges])))
        return self

    def forward(self, x: Tensor) -> Tensor:
        mine = x.index_select(-1, torch.from_numpy(self.feature).to(x.device))
        return torch.cat([x, mine.sub_(self.q).div_(self.s).clamp_(0, 1)], -1)  # in place: memory is slower than sums

    def __len__(self) -> int:
        return len(self.feature)

    def extra_repr(self) -> str:
        return f"{len(self.counts)} features, {len(self)} bins"

    def config(self) -> dict[str, Any]:
        return {"counts": self.counts}


def quantiles(x: np.ndarray, bins: int) -> np.ndarray:
    """(n,) -> the edges of this number of bins, or fewer if values repeat; two values give one edge and no bin.

    >>> quantiles(np.array([0, 0, 0, 1, 2], np.float32), 4).tolist(), quantiles(np.array([0, 1, 1], np.float32), 4).tolist()
    ([0.0, 1.0, 2.0], [0.0])
    """
    values = np.unique(x)
    if len(values) <= 2 or bins == 0:
        return values[:1]
    return values if len(values) <= bins + 1 else np.unique(np.quantile(x, np.linspace(0, 1, bins + 1)).astype(np.float32))
