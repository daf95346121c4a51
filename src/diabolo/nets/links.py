r"""From expected values e (B, d) of a linear model to the raw outputs that a loss takes: the inverse of its `predict`.

    numbers      raw = e
    yes or no    raw = log p / (1 - p)       p: e, clipped to [0, 1]
    categories   raw = log p                 p: the nearest point to e that is a distribution
    words        raw = log(v e / sum e)      negative values of e are 0
    documents    e -> (1 - t) e' / sum e' + t prior,     e' = max(0, e) / idf          first, from tf-idf

The truth lies in the convex set onto which e is projected, so the projection is never farther from it than e.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..losses import Softmax

__all__ = ["Link", "Shares", "nearest_distribution"]


class Link(nn.Module):
    """e (B, d) -> raw (B, d).

    Parameters
    ----------
    yes : sequence of int
        Features that are probabilities of a yes.
    levels, sizes : sequence of int
        Features that are probabilities of levels, and the number of levels of each category.
    words : sequence of int
        Features that are shares of words.

    Examples
    --------
    >>> Link(yes=[0], levels=[1, 2], sizes=[2])(torch.tensor([[0.5, 1.5, 0.5]])).round(decimals=3)
    tensor([[  0.0000,   0.0000, -15.9420]])
    """

    v: Tensor

    def __init__(
        self, yes: Sequence[int] = (), levels: Sequence[int] = (), sizes: Sequence[int] = (), words: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.yes, self.levels, self.sizes, self.words = list(yes), list(levels), list(sizes), list(words)
        self.register_buffer("v", torch.ones(len(self.words)))

    def forward(self, e: Tensor) -> Tensor:
        raw, least = e.clone(), torch.finfo(e.dtype).eps
        if self.yes:
            raw[:, self.yes] = torch.logit(e[:, self.yes], least)
        if self.levels:
            loss = Softmax(tuple(self.sizes))
            p = nearest_distribution(loss.padded(e[:, self.levels], -torch.inf))
            raw[:, self.levels] = p.clamp(min=least).log().flatten(1)[:, loss.place.to(e.device)]
        if self.words:
            counts = e[:, self.words].clamp(min=0)
            share = counts / counts.sum(1, keepdim=True).clamp(min=least)
            raw[:, self.words] = share.clamp(min=least**1.5).log() + self.v.log()
        return raw

    def config(self) -> dict[str, Any]:
        return {"yes": self.yes, "levels": self.levels, "sizes": self.sizes, "words": self.words}


class Shares(nn.Module):
    """tf-idf (B, d), or a multiple of it, predicted by a linear model -> shares of words (B, d).

    Parameters
    ----------
    d : int
        Number of words.
    smoothing : float, default=0.0
        t: the share of the prior.

    Examples
    --------
    >>> Shares(2)(torch.tensor([[3.0, 1.0], [-1.0, 5.0]]))
    tensor([[0.7500, 0.2500],
            [0.0000, 1.0000]])
    """

    idf: Tensor
    prior: Tensor

    def __init__(self, d: int, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("idf", torch.ones(d))
        self.register_buffer("prior", torch.full((d,), 1 / d))

    def forward(self, e: Tensor) -> Tensor:
        counts = e.clamp(min=0) / self.idf
        share = counts / counts.sum(1, keepdim=True).clamp(min=1e-12)
        return (1 - self.smoothing) * share + self.smoothing * self.prior

    def config(self) -> dict[str, Any]:
        return {"d": len(self.idf), "smoothing": self.smoothing}


def nearest_distribution(e: Tensor) -> Tensor:
    """(..., l) -> the nearest p (..., l) >= 0 with sum 1; -inf becomes 0.

    References
    ----------
    Efficient projections onto the l1-ball (Duchi et al., 2008)

    >>> nearest_distribution(torch.tensor([0.8, 0.6, -1.0]))
    tensor([0.6000, 0.4000, 0.0000])
    """
    u = e.sort(-1, descending=True).values
    over = (u.cumsum(-1) - 1) / torch.arange(1, u.shape[-1] + 1, device=e.device)
    last = ((u > over).sum(-1, keepdim=True) - 1).clamp(min=0)  # beside huge numbers the 1 is lost
    return (e - over.gather(-1, last)).clamp(min=0)
