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
def solve(decoder: EnsembleSkipMLP, loss: Loss, z: Tensor, x: Tensor, counts: Tensor, mean: Tensor, trim: float) -> None:
    """Set the last layer of the decoder.

    Parameters
    ----------
    decoder : EnsembleSkipMLP
        K members.
    loss : Loss
        Of the raw outputs.
    z : Tensor (K, B, k)
        Codes of the corrupted rows.
    x : Tensor (B, d)
        What the decoder must produce; NaN is read as the mean.
    counts : Tensor (K, B)
        How much each row counts for each member.
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
    v = ridge(f, y, counts)
    if trim:
        lost = torch.stack([loss(raw0 + slope * e, x) for e in f @ v])
        limit = torch.stack([of[c > 0].quantile(1 - trim) for of, c in zip(lost, counts, strict=True)])
        v = ridge(f, y, counts * (lost <= limit[:, None]))
    weight, k = v[:, :-1] / spread.mT, z.shape[2]
    decoder.a.copy_(weight[:, :k] * slope)
    decoder.b.copy_(raw0 + slope * (v[:, -1] - (center @ weight)[:, 0]))
    if len(decoder.weights):
        decoder.weights[-1].copy_(weight[:, k:] * slope)


def ridge(f: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    """f (K, B, p), the last of them 1; y (B, d), counts (K, B) -> V (K, p, d); what belongs to the 1 is not penalized."""
    weighted = f * counts[..., None]
    penalty = RIDGE * counts.sum(1).clamp(min=1e-6)[:, None].repeat(1, f.shape[2])
    penalty[:, -1] *= 1e-6
    gram = (weighted.mT @ f).double() + torch.diag_embed(penalty)
    return torch.linalg.solve(gram, (weighted.mT @ y).double()).to(y)


def mean(x: Tensor) -> Tensor:
    """x (n, d) -> (d,), of what is known; 0 where nothing is.

    >>> mean(torch.tensor([[1.0, torch.nan], [3.0, torch.nan]]))
    tensor([2., 0.])
    """
    return torch.where(x.isfinite(), x, torch.nan).nanmean(0).nan_to_num()
