r"""The last layer of the denoisers in closed form, so that few steps of SGD are needed, or none.

    raw = raw0 + slope (e - mean)          e = mean + f(x~) V          f: codes and hidden units, for a corrupted row x~
    V = argmin_V  sum_i c_i |x_i - mean - f(x~_i) V|^2 + lambda |V|^2          c_i: whether the row counts

``raw0`` and ``slope`` are the tangent of the loss at the mean. The hidden layers stay random. What a member loses most after
a first solution does not count in the second one: of each member, a share `trim`.

References
----------
Marginalized denoising autoencoders for domain adaptation (Chen et al., 2012), https://arxiv.org/abs/1206.4683
Extreme learning machine: theory and applications (Huang et al., 2006), https://doi.org/10.1016/j.neucom.2005.12.126
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...losses import Loss
from ...nets import EnsembleSkipMLP

__all__ = ["mean", "solve"]

RIDGE = 0.01  # lambda, in units of the variance of a feature


@torch.no_grad()
def solve(decoder: EnsembleSkipMLP, loss: Loss, z: Tensor, x: Tensor, weight: Tensor, mean: Tensor, trim: float) -> None:
    """Set the last layer of the decoder.

    Parameters
    ----------
    decoder : EnsembleSkipMLP
        K members.
    loss : Loss
        Of the raw outputs.
    z : Tensor (K, B, k)
        Codes of corrupted rows that each member learns from.
    x : Tensor (K, B, d)
        What the decoder must produce; NaN is read as the mean.
    weight : Tensor (K, B)
        How much each row counts.
    mean : Tensor (d,)
        Of the rows.
    trim : float
        Share of the largest losses that do not count.
    """
    raw0, slope = loss.tangent(mean)
    units = torch.cat([z, decoder.hidden(z, len(decoder.weights) - 1)], 2) if len(decoder.weights) else z
    center, spread = units.mean(1, keepdim=True), units.std(1, keepdim=True).clamp(min=1e-6)
    f = torch.cat([(units - center) / spread, torch.ones_like(units[..., :1])], 2)
    y = torch.where(x.isfinite(), x - mean, 0.0)
    gram, target = products(f, y, weight)
    v = ridge(gram, target)
    if trim:
        lost = torch.stack([loss(raw0 + slope * (rows @ of), own) for rows, of, own in zip(f, v, x, strict=True)])
        worst = lost.topk(round(trim * lost.shape[1])).indices[..., None]
        out = (a.gather(1, worst.expand(-1, -1, a.shape[2])) for a in (f, y, weight[..., None]))
        v = ridge(*(a - b for a, b in zip((gram, target), products(*out), strict=True)))
    own, k = v[:, :-1] / spread.mT, z.shape[2]
    decoder.a.copy_(own[:, :k] * slope)
    decoder.b.copy_(raw0 + slope * (v[:, -1] - (center @ own)[:, 0]))
    if len(decoder.weights):
        decoder.weights[-1].copy_(own[:, k:] * slope)


def products(f: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """f (K, B, p), y (K, B, d), weight (K, B) or (K, B, 1) -> F'CF (K, p, p), F'CY (K, p, d)."""
    weighted = (f * weight.view(*f.shape[:2], 1)).mT
    return weighted @ f, weighted @ y


def ridge(gram: Tensor, target: Tensor) -> Tensor:
    """F'CF (K, p, p), F'CY (K, p, d) -> V (K, p, d). The last of F is 1; what belongs to it is not penalized."""
    penalty = RIDGE * gram[:, -1, -1:].clamp(min=1e-6).repeat(1, gram.shape[1])
    penalty[:, -1] *= 1e-6
    return torch.linalg.solve(gram.double() + torch.diag_embed(penalty), target.double()).to(target)


def mean(x: Tensor) -> Tensor:
    """x (n, d) -> (d,), of what is known; 0 where nothing is.

    >>> mean(torch.tensor([[1.0, torch.nan], [3.0, torch.nan]]))
    tensor([2., 0.])
    """
    return torch.where(x.isfinite(), x, torch.nan).nanmean(0).nan_to_num()
