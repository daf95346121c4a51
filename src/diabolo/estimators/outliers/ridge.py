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

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...corruption import Corruption
from ...losses import Loss
from ...network import Diabolo
from ...rows import Rows
from ..cross_fitting import CrossFit

__all__ = ["solve"]

MIN_ROWS, MAX_ROWS, MAX_AGAIN = 512, 4096, 16  # corrupted rows of each member; how often the same row is among them
MAX_VALUES = 2_000_000  # numbers that such rows may be
RIDGE = 0.01  # lambda, in units of the variance of a feature


@torch.no_grad()
def solve(
    network: Diabolo, loss: Loss, rows: Rows, members: CrossFit, weight: Tensor, corrupt: Corruption, trim: float, seed: int
) -> None:
    """Set the last layer of the decoder, an EnsembleSkipMLP, by the rows that each member learns from.

    Parameters
    ----------
    network : Diabolo
        K members.
    loss : Loss
        Of the raw outputs.
    rows : Rows
        The training rows.
    members : CrossFit
        Who learns from which.
    weight : Tensor (n,)
        How much each row counts.
    corrupt : Corruption
        What the encoder sees, and the decoder must produce; a value that is missing there is read as the mean.
    trim : float
        Share of the largest losses that do not count.
    seed : int
        Of all that is random.
    """
    order = np.random.default_rng(seed).permutation(len(rows))
    most = int(np.clip(MAX_VALUES // rows.take(order[:1]).shape[1], MIN_ROWS, MAX_ROWS))
    known = [order[members.fold[order] != k][:most] for k in range(members.k)]
    some = torch.from_numpy(np.stack([np.resize(i, min(most, MAX_AGAIN * min(map(len, known)))) for i in known]))
    seen, x = corrupt(rows.take(some.flatten().numpy()), torch.Generator().manual_seed(seed))
    last_layer(
        network.decoder, loss, network.encoder(seen.unflatten(0, some.shape)), x.unflatten(0, some.shape), weight[some], trim
    )


def last_layer(decoder: Any, loss: Loss, z: Tensor, x: Tensor, weight: Tensor, trim: float) -> None:
    """Codes z (K, B, k) of corrupted rows, what the decoder must produce x (K, B, d), and weights (K, B) -> its last layer."""
    mean = torch.where(x.isfinite(), x, torch.nan).flatten(0, 1).nanmean(0).nan_to_num()
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
