r"""K curved networks side by side, one product of stacked matrices per layer.

    y_k = A_k x_k + b_k + V_k h_kL,     h_k0 = g((x_k - c) / s),     h_kl = SiLU(W_kl h_k,l-1 + b_kl),     k = 1 ... K

Each member is a :class:`diabolo.nets.Curved` of its own; K small networks share the overhead of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .dense import curbed

__all__ = ["Crowd"]


class Crowd(nn.Module):
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
    >>> crowd = Crowd(3, 4, (8,), 2).straight_from(torch.eye(2, 4), torch.zeros(2))
    >>> crowd(torch.ones(5, 4)).shape, crowd(torch.ones(3, 5, 4)).shape
    (torch.Size([3, 5, 2]), torch.Size([3, 5, 2]))
    """

    c: Tensor
    s: Tensor

    def __init__(self, members: int, d: int, hidden: Sequence[int], out: int) -> None:
        super().__init__()
        self.sizes = (members, d, tuple(hidden), out)
        widths = (d, *hidden, out) if hidden else ()
        self.weights = nn.ParameterList([torch.randn(members, a, b) * (2 / a) ** 0.5 for a, b in pairwise(widths)])
        self.biases = nn.ParameterList([torch.zeros(members, b) for b in widths[1:]])
        self.a = nn.Parameter(torch.zeros(members, d, out))
        self.b = nn.Parameter(torch.zeros(members, out))
        self.register_buffer("c", torch.zeros(d))
        self.register_buffer("s", torch.ones(d))
        if hidden:
            nn.init.zeros_(self.weights[-1])

    @property
    def members(self) -> int:
        return self.sizes[0]

    def straight_from(self, a: Tensor, b: Tensor) -> Crowd:
        """Set every member's straight path to ``A (out, d)`` and ``b (out,)``."""
        with torch.no_grad():
            self.a.copy_(a.T.expand_as(self.a))
            self.b.copy_(b.expand_as(self.b))
        return self

    def straight_as(self, k: int, other: Crowd) -> Crowd:
        """Set member k's straight path to that of the one member of another crowd, and what the curved paths see to its."""
        with torch.no_grad():
            self.a[k].copy_(other.a[0])
            self.b[k].copy_(other.b[0])
        return self.seen_as(other.c, other.s)

    def seen_as(self, c: Tensor, s: Tensor) -> Crowd:
        """Set centre and spread (d,) of what the curved path sees."""
        self.c.copy_(c)
        self.s.copy_(s)
        return self

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(self.members, *x.shape[-2:])
        y = torch.baddbmm(self.b[:, None], x, self.a)
        if len(self.weights) == 0:
            return y
        h = curbed((x - self.c) / self.s)
        for i, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(b[:, None], F.silu(h) if i else h, w)
        return y + h

    def config(self) -> dict[str, Any]:
        members, d, hidden, out = self.sizes
        return {"members": members, "d": d, "hidden": list(hidden), "out": out}
