r"""The input and the codes of documents.

    x_w = (1 + log n_w) idf_w / |.|        n_w: how often word w occurs; idf_w = 1 + log((1 + N) / (1 + N_w))
    z   = sqrt(k) h / |h|  (+ sigma e, e ~ N(0, 1), in training)         h: the output of the encoder's last layer

Word counts have heavy tails, and common words dominate a document; tf-idf on the unit sphere has neither problem. The topic of
a document is a direction, too, so its code lies on a sphere, where the cosine is the distance. Noise in training makes
neighbors on the sphere decode to similar words: codes that are close have the same topic.

References
----------
Semantic hashing (Salakhutdinov & Hinton, 2009), https://doi.org/10.1016/j.ijar.2008.11.006
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..chance import generator

__all__ = ["Sphere", "TfIdf"]


class TfIdf(nn.Module):
    """Counts (..., d) -> tf-idf (..., d) of length 1.

    Examples
    --------
    >>> TfIdf(2)(torch.tensor([[0.0, 7.0], [0.0, 0.0]]))
    tensor([[0., 1.],
            [0., 0.]])
    """

    idf: Tensor

    def __init__(self, d: int) -> None:
        super().__init__()
        self.register_buffer("idf", torch.ones(d))

    def forward(self, n: Tensor) -> Tensor:
        tf = torch.where(n > 0, 1 + n.clamp(min=1).log(), 0)
        return F.normalize(tf * self.idf, dim=-1)

    def config(self) -> dict[str, Any]:
        return {"d": len(self.idf)}


class Sphere(nn.Module):
    """Codes (B, k) -> codes of length sqrt(k); with noise in training.

    Parameters
    ----------
    noise : float, default=0.5
        Standard deviation of the noise that is added to each number of the code in training.

    Examples
    --------
    >>> Sphere().eval()(torch.tensor([[3.0, 4.0]])).square().sum()
    tensor(2.)
    """

    def __init__(self, noise: float = 0.5) -> None:
        super().__init__()
        self.noise = noise

    def forward(self, h: Tensor) -> Tensor:
        z = F.normalize(h, dim=1) * h.shape[1] ** 0.5
        if not self.training:
            return z
        return z + self.noise * torch.empty_like(z).normal_(generator=generator(z.device))

    def extra_repr(self) -> str:
        return f"noise={self.noise}"

    def config(self) -> dict[str, Any]:
        return {"noise": self.noise}
