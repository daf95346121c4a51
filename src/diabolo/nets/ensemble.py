r"""K networks side by side, one product of stacked matrices per layer.

    h_0 = g((x - c) / s),     h_kl = drop(SiLU(W_kl h_k,l-1 + b_kl))          k = 1 ... K,  l = 1 ... L

    EnsembleMLP        z_k = (h_kL, u_1 ... u_J)                what a last layer of rows v_c reads
    EnsembleSkipMLP    y_k = A_k x_k + a_k + V_k h_kL + b_k     K networks like :class:`diabolo.nets.SkipMLP`

    u_j = w_j . h_0         straight units, none at first: they are for what no h has kept of x; or w_j . x, if x is plain

References
----------
Dropout: a simple way to prevent neural networks from overfitting (Srivastava et al., 2014)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .dense import curbed, dropped

__all__ = [
    "ConcatEnsembles",
    "ConcatHidden",
    "EnsembleMLP",
    "EnsembleScaler",
    "EnsembleSkipMLP",
    "ModuleEnsemble",
    "PretrainedEncoder",
]


class Layers(nn.Module):
    """Base: K stacks of layers of these widths; all see the same x (B, d), or each its own (K, B, d)."""

    c: Tensor
    s: Tensor

    def __init__(self, members: int, d: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.members = members
        self.weights = nn.ParameterList([torch.randn(members, a, b) * (2 / a) ** 0.5 for a, b in pairwise((d, *widths))])
        self.biases = nn.ParameterList([torch.zeros(members, b) for b in widths])
        self.register_buffer("c", torch.zeros(d))
        self.register_buffer("s", torch.ones(d))

    def set_scaling(self, c: Tensor, s: Tensor) -> Self:
        """Set center and spread (d,) of what the first layer sees."""
        self.c.copy_(c)
        self.s.copy_(s)
        return self

    def first(self, x: Tensor) -> Tensor:
        """x -> h_0, which is what the first layer sees."""
        return curbed((x - self.c).div_(self.s))  # in place: memory is slower than quotients

    def hidden(self, x: Tensor, layers: int, drop_in: float = 0.0, drop: float = 0.0) -> Tensor:
        """x -> h_L (K, B, m), L the number of layers."""
        h = for_each(dropped(self.first(x), drop_in if self.training else 0.0), self.members)
        for w, b, _ in zip(self.weights, self.biases, range(layers), strict=False):
            h = dropped(F.silu(torch.baddbmm(b[:, None], h, w)), drop if self.training else 0.0)
        return h


class EnsembleMLP(Layers):
    """K stacks of hidden layers; all see the same x (B, d), or each its own (K, B, d).

    Parameters
    ----------
    members : int
        K.
    d : int
        Width of x.
    hidden : sequence of int
        Widths of the layers, at least one; the last one is m.
    drop_in, drop : float in [0, 1), default=0.0
        Dropout of h_0, and of every hidden layer, while training.
    straight : sequence of int, default=()
        Straight units that came together; their sum is J.
    plain : bool, default=False
        Straight units see x as it is, such as tf-idf of length 1, not centerd and curbed.

    Examples
    --------
    >>> EnsembleMLP(3, 4, (16, 8))(torch.ones(5, 4)).shape
    torch.Size([3, 5, 8])
    >>> EnsembleMLP(3, 4, (16, 8)).with_units(torch.ones(4, 2))(torch.ones(5, 4)).shape
    torch.Size([3, 5, 10])
    """

    def __init__(
        self,
        members: int,
        d: int,
        hidden: Sequence[int],
        drop_in: float = 0.0,
        drop: float = 0.0,
        straight: Sequence[int] = (),
        plain: bool = False,
    ) -> None:
        super().__init__(members, d, hidden)
        self.sizes, self.plain = (members, d, tuple(hidden), drop_in, drop), plain
        self.straight = nn.ParameterList([torch.zeros(d, j) for j in straight])

    @property
    def m(self) -> int:
        """Hidden units of the last layer."""
        return self.sizes[2][-1]

    @property
    def units(self) -> int:
        """J."""
        return sum(w.shape[1] for w in self.straight)

    def with_units(self, w: Tensor) -> EnsembleMLP:
        """More straight units, w (d, j)."""
        like = self.weights[0]
        self.straight.append(nn.Parameter(w.to(like), requires_grad=like.requires_grad))
        return self

    def drop(self, j: int) -> EnsembleMLP:
        """Without straight unit j."""
        self.straight = without(self.straight, j)
        return self

    def lined(self, x: Tensor) -> Tensor:
        """x -> what straight units see."""
        return x if self.plain else self.first(x)

    def forward(self, x: Tensor) -> Tensor:
        members, _, hidden, drop_in, drop = self.sizes
        h = self.hidden(x, len(hidden), drop_in, drop)
        if not len(self.straight):
            return h
        seen = self.lined(x)
        u = [for_each(seen @ w, members) for w in self.straight]  # each by itself: one more does not touch its last bits
        return torch.cat([h, *u], -1)

    def config(self) -> dict[str, Any]:
        members, d, hidden, drop_in, drop = self.sizes
        layers = {"members": members, "d": d, "hidden": list(hidden), "drop_in": drop_in, "drop": drop}
        return layers | {"straight": [w.shape[1] for w in self.straight], "plain": self.plain}


class EnsembleSkipMLP(Layers):
    """K members; all see the same x (B, d), or each its own x (K, B, d).

    Parameters
    ----------
    members : int
        K.
    d, out : int
        Width of x and of y.
    hidden : sequence of int
        Widths of the layers of the curved path; without any, the straight path alone.

    Examples
    --------
    >>> net = EnsembleSkipMLP(3, 4, (8,), 2).init_skip(torch.eye(2, 4), torch.zeros(2))
    >>> net(torch.ones(5, 4)).shape, net(torch.ones(3, 5, 4)).shape
    (torch.Size([3, 5, 2]), torch.Size([3, 5, 2]))
    """

    def __init__(self, members: int, d: int, hidden: Sequence[int], out: int) -> None:
        super().__init__(members, d, (*hidden, out) if hidden else ())
        self.sizes = (members, d, tuple(hidden), out)
        self.a = nn.Parameter(torch.zeros(members, d, out))
        self.b = nn.Parameter(torch.zeros(members, out))
        if hidden:
            nn.init.zeros_(self.weights[-1])

    def init_skip(self, a: Tensor, b: Tensor) -> EnsembleSkipMLP:
        """Set every member's straight path to ``A (out, d)`` and ``b (out,)``."""
        with torch.no_grad():
            self.a.copy_(a.T.expand_as(self.a))
            self.b.copy_(b.expand_as(self.b))
        return self

    def straight_as(self, k: int, other: EnsembleSkipMLP) -> EnsembleSkipMLP:
        """Set member k's straight path to that of the one member of another ensemble, and what the curved paths see to its."""
        with torch.no_grad():
            self.a[k].copy_(other.a[0])
            self.b[k].copy_(other.b[0])
        return self.set_scaling(other.c, other.s)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.baddbmm(self.b[:, None], for_each(x, self.members), self.a)
        if not len(self.weights):
            return y
        h = self.hidden(x, len(self.weights) - 1)
        return y + torch.baddbmm(self.biases[-1][:, None], h, self.weights[-1])

    def config(self) -> dict[str, Any]:
        members, d, hidden, out = self.sizes
        return {"members": members, "d": d, "hidden": list(hidden), "out": out}


def for_each(x: Tensor, members: int) -> Tensor:
    """The same x (B, d) for all members, or x (K, B, d) for as many equal groups of them -> (members, B, d).

    >>> for_each(torch.tensor([[[1.0]], [[2.0]]]), 4).flatten().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    if x.ndim == 2:
        return x.expand(members, *x.shape)
    return x if len(x) == members else x.repeat_interleave(members // len(x), 0)


def without(blocks: Any, c: int) -> nn.ParameterList:
    """Of parameters (..., k_1), (..., k_2), ..., side by side: all but column c.

    >>> [p.shape[1] for p in without(nn.ParameterList([torch.ones(4, 2), torch.ones(4, 1)]), 2)]
    [2]
    """
    kept, start = [], 0
    for p in blocks:
        columns = [j for j in range(p.shape[-1]) if start + j != c]
        start += p.shape[-1]
        if columns:
            whole = len(columns) == p.shape[-1]
            kept.append(p if whole else nn.Parameter(p.detach()[..., columns].clone(), requires_grad=p.requires_grad))
    return nn.ParameterList(kept)


class EnsembleScaler(nn.Module):
    """What another encoder gives, centerd and in one unit, for K last layers: h (B, m) or (K, B, m) -> (K, B, m).

    Examples
    --------
    >>> EnsembleScaler(2, 3)(torch.ones(5, 3)).shape
    torch.Size([2, 5, 3])
    """

    c: Tensor
    s: Tensor

    def __init__(self, members: int, m: int) -> None:
        super().__init__()
        self.members, self.m = members, m
        self.register_buffer("c", torch.zeros(m))
        self.register_buffer("s", torch.ones(m))

    def set_scaling(self, c: Tensor, s: Tensor) -> EnsembleScaler:
        """Set center and spread (m,)."""
        self.c.copy_(c)
        self.s.copy_(s)
        return self

    def forward(self, h: Tensor) -> Tensor:
        return for_each((h - self.c) / self.s, self.members)

    def config(self) -> dict[str, Any]:
        return {"members": self.members, "m": self.m}


class ConcatHidden(nn.Module):
    """Codes, and hidden layers on them, side by side: h (K, B, m) -> (K, B, m + width of the last layer).

    Parameters
    ----------
    members, d, hidden, drop_in, drop
        Of the :class:`EnsembleMLP` on h; d is m.

    Examples
    --------
    >>> ConcatHidden(2, 3, (8,))(torch.ones(2, 5, 3)).shape
    torch.Size([2, 5, 11])
    """

    def __init__(self, members: int, d: int, hidden: Sequence[int], drop_in: float = 0.0, drop: float = 0.0) -> None:
        super().__init__()
        self.tower = EnsembleMLP(members, d, hidden, drop_in, drop)
        self.m = d + self.tower.m

    def forward(self, h: Tensor) -> Tensor:
        return torch.cat([h, self.tower(h)], -1)

    def config(self) -> dict[str, Any]:
        members, d, hidden, drop_in, drop = self.tower.sizes
        return {"members": members, "d": d, "hidden": list(hidden), "drop_in": drop_in, "drop": drop}


class ModuleEnsemble(nn.ModuleList):
    """K encoders that start as the same one: x (B, d) or (K, B, d) -> (K, B, m).

    Examples
    --------
    >>> ModuleEnsemble([nn.Linear(4, 2), nn.Linear(4, 2)])(torch.ones(5, 4)).shape
    torch.Size([2, 5, 2])
    """

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(own) for member, own in zip(self, for_each(x, len(self)), strict=True)])


class ConcatEnsembles(nn.ModuleList):
    """Members of several kinds, each with an encoder of its own: x (B, d) -> (K_1 + K_2 + ..., B, m + J), m the widest code.

    What a kind has less, hidden or straight units, is filled up with zeros. Where each member has its own x (K, B, d), there
    are K of each kind.

    Examples
    --------
    >>> two = ConcatEnsembles(nn.Sequential(EnsembleScaler(2, 4)), nn.Sequential(EnsembleMLP(3, 4, (8,))))
    >>> two(torch.ones(5, 4)).shape, two.m
    (torch.Size([5, 5, 8]), 8)
    """

    def __init__(self, *kinds: nn.Module) -> None:
        super().__init__(kinds)

    @property
    def m(self) -> int:
        """Width of a code."""
        kinds: Any = self
        return max(kind[-1].m for kind in kinds)

    def forward(self, x: Tensor) -> Tensor:
        kinds: Any = self
        codes = [kind(x).tensor_split((kind[-1].m,), -1) for kind in kinds]
        j = max(u.shape[-1] for _, u in codes)
        return torch.cat([torch.cat([filled(h, self.m), filled(u, j)], -1) if j else filled(h, self.m) for h, u in codes])


def filled(h: Tensor, m: int) -> Tensor:
    """(..., <= m) -> (..., m), with zeros."""
    return F.pad(h, (0, m - h.shape[-1]))


class PretrainedEncoder(nn.Sequential):
    """A pre-trained encoder, or copies of it, then :class:`EnsembleScaler`. A file may lack the encoder's code."""
