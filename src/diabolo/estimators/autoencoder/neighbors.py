r"""What documents like this one say: a code shall tell what a document is about, not which words its author happened to use.

    y = (1 - w) x + w |x| (p_1 + ... + p_m) / m        p_j = x_j / |x_j|, the word shares of the m documents nearest to x

The target y of a document x is in part what its neighbors say. These are the nearest by the cosine of codes of latent semantic
analysis, which have many more numbers than the bottleneck. This adds most where documents are few: each word is rare there.
A wide bottleneck has room for the words of the document itself: w = 1/2 up to 10 numbers, and 5/k for k numbers from there on.

References
----------
Deep semantic text hashing with weak supervision (Chaidaroon, Ebesu & Fang, 2018), https://doi.org/10.1145/3209978.3210090
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd
from torch import Tensor, nn
from torch.nn import functional as F

from ...rows import Rows, evenly

__all__ = ["Neighbors"]

NEAREST, PER_NEIGHBOR = 10, 20  # m, at most; rows for each of them, at least: among fewer, the nearest are not near
SHARE, NARROW = 0.5, 10  # w, at most; numbers of a code, up to which it is that
NUMBERS = 128  # of the codes by which documents are compared
ROUNDS = 5  # of power iteration, as in TruncatedSVD, which cannot take rows that are all equal
MOST = 10_000  # rows among which the nearest are looked for


@dataclass(frozen=True)
class Neighbors:
    """The nearest documents of each.

    Parameters
    ----------
    p : CSR matrix (r, d)
        The word shares of the documents among which the nearest were looked for.
    near : ndarray (n, m)
        The m nearest of each of n documents, rows of `p`.
    w : float, default=0.5
        Their share of the target.
    """

    p: sp.csr_matrix
    near: np.ndarray
    w: float = SHARE

    @classmethod
    def find(cls, rows: Rows, see: nn.Module, k: int, seed: int) -> Neighbors | None:
        """Those of n counts of words, for codes of k numbers; `see`: counts -> tf-idf. None: there are too few rows."""
        n, among = len(rows), evenly(len(rows), MOST)
        m = min(NEAREST, n // PER_NEIGHBOR)
        if not m:
            return None
        parts = [(sp.csr_matrix(x.numpy()), sp.csr_matrix(see(x).numpy())) for x in rows.subset(among).chunks(1024)]
        counts, seen = (sp.vstack(side) for side in zip(*parts, strict=True))
        _, _, v = randomized_svd(seen, min(NUMBERS, *(size - 1 for size in seen.shape)), n_iter=ROUNDS, random_state=seed)
        axes = torch.from_numpy(v.T.astype(np.float32))
        base = F.normalize(torch.from_numpy(seen @ axes.numpy()))
        place = torch.full((n,), -1).scatter(0, torch.from_numpy(among), torch.arange(len(among)))
        near = []
        for x, own in zip(rows.chunks(1024), place.split(1024), strict=True):
            like = F.normalize(see(x) @ axes) @ base.T
            like[own >= 0, own[own >= 0]] = -torch.inf  # nobody is his own neighbor
            near.append(like.topk(m).indices)
        return cls(normalize(counts, "l1"), torch.cat(near).numpy(), SHARE * min(1.0, NARROW / k))

    def target(self, i: Tensor, x: Tensor) -> Tensor:
        """y (B, d) for the rows x (B, d) of numbers i (B,)."""
        near = self.near[i.numpy()]
        ends = np.arange(len(near) + 1) * near.shape[1]
        chosen = sp.csr_matrix((np.ones(near.size, np.float32), near.ravel(), ends), (len(near), self.p.shape[0]))
        mean = torch.from_numpy((chosen @ self.p).toarray() / near.shape[1])
        return torch.lerp(x, x.sum(1, keepdim=True) * mean.to(x.device), self.w)
