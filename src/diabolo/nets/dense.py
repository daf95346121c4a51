r"""Dense layers with a linear skip path.

    y = A x + b + V h_L,     h_0 = g((x - c) / s),    h_l = SiLU(W_l h_{l-1} + b_l),     V = 0 at the start
    g(u) = sign(u) log(1 + |u|)

``A, b`` is the linear skip path: with the axes of PCA in it, the network *is* PCA before the first step. ``V h`` is the
non-linear path. Its input passes through g, which is the identity near 0 and grows like a logarithm. So a row at a thousand
standard deviations does not disturb the non-linear path; the linear path treats it as PCA does.

References
----------
Delving deep into rectifiers (He et al., 2015), https://arxiv.org/abs/1502.01852 (the initialization of the W_l)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..chance import generator

__all__ = ["Drop", "MissingIndicator", "SkipMLP", "curbed", "dropped", "inside", "mlp"]


def mlp(d: int, hidden: Sequence[int], out: int, activation: type[nn.Module] = nn.SiLU, dropout: float = 0.0) -> nn.Sequential:
    """d -> hidden ... -> out, He-initialized, biases zero, the last layer linear.

    >>> mlp(3, (8,), 2)
    Sequential(
      (0): Linear(in_features=3, out_features=8, bias=True)
      (1): SiLU()
      (2): Linear(in_features=8, out_features=2, bias=True)
    )
    """
    layers: list[nn.Module] = []
    for a, b in pairwise((d, *hidden)):
        layers += [_he(nn.Linear(a, b)), activation()]
        if dropout:
            layers.append(Drop(dropout))
    last = nn.Linear((d, *hidden)[-1], out)
    nn.init.kaiming_normal_(last.weight, nonlinearity="linear")
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, last)


def curbed(u: Tensor) -> Tensor:
    """g(u) = sign(u) log(1 + |u|): like asinh, which has no vectorized version.

    >>> curbed(torch.tensor([-1000.0, 0.0, 0.1]))
    tensor([-6.9088,  0.0000,  0.0953])
    """
    return u.abs().log1p_().copysign_(u)


def inside(x: Tensor) -> Tensor:
    """Values outside the domain become its nearer end: +inf -> 1, -inf -> 0.

    >>> inside(torch.tensor([torch.inf, -torch.inf, torch.nan, 5.0]))
    tensor([1., 0., nan, 5.])
    """
    return x.masked_fill(x == torch.inf, 1.0).masked_fill(x == -torch.inf, 0.0)


def dropped(x: Tensor, p: float) -> Tensor:
    """Dropout, p in steps of 1/256: one random byte per number, which is faster than a float, and no comparison, which is slow.

    >>> x = dropped(torch.ones(1000, 100), 0.25)
    >>> bool(abs((x == 0).float().mean() - 0.25) < 0.01), bool(abs(x.mean() - 1) < 0.01)
    (True, True)
    """
    gone = round(256 * p)
    if gone == 0:
        return x
    own = generator(x.device)
    words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device).random_(-(2**63), None, generator=own)
    byte = words.view(torch.uint8)[: x.numel()].view(x.shape).to(x.dtype)  # bfloat16 holds all of these numbers
    keep = byte.sub_(gone - 1).clamp_(0, 1)
    return x * keep.mul_(256 / (256 - gone))


def _he(layer: nn.Linear) -> nn.Linear:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


class SkipMLP(nn.Module):
    """Linear path plus non-linear path; without hidden layers only the linear path.

    Parameters
    ----------
    d, out : int
        Width of x and of y.
    hidden : sequence of int
        Widths of the hidden layers of the non-linear path.
    dropout : float, default=0.0
        Dropout rate after each hidden layer.

    Examples
    --------
    >>> net = SkipMLP(4, (16,), 2).init_skip(torch.eye(2, 4), torch.zeros(2))
    >>> net(torch.tensor([[5.0, 6.0, 7.0, 8.0]]))
    tensor([[5., 6.]], grad_fn=<AddBackward0>)
    """

    c: Tensor
    s: Tensor

    def __init__(self, d: int, hidden: Sequence[int], out: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.sizes = (d, tuple(hidden), out, dropout)
        self.straight = nn.Linear(d, out)
        self.curve: nn.Module | None = mlp(d, hidden, out, dropout=dropout) if hidden else None
        self.register_buffer("c", torch.zeros(d))
        self.register_buffer("s", torch.ones(d))
        if self.curve is not None:
            nn.init.zeros_(self.curve[-1].get_parameter("weight"))

    def init_skip(self, a: Tensor, b: Tensor) -> SkipMLP:
        """Set the linear path to ``A (out, d)`` and ``b (out,)``."""
        with torch.no_grad():
            self.straight.weight.copy_(a)
            self.straight.bias.copy_(b)
        return self

    def stretched(self, t: float, y0: Tensor) -> SkipMLP:
        """Scale the output: ``y0 + t (y - y0)`` in place of y, y0 (out,)."""
        with torch.no_grad():
            self.straight.weight.mul_(t)
            self.straight.bias.lerp_(y0.to(self.straight.bias), 1 - t)
            if self.curve is not None:
                for p in cast(nn.Sequential, self.curve)[-1].parameters():
                    p.mul_(t)
        return self

    def set_scaling(self, c: Tensor, s: Tensor) -> SkipMLP:
        """Set center and spread (d,) of the input of the non-linear path."""
        self.c.copy_(c)
        self.s.copy_(s)
        return self

    def bend(self, x: Tensor) -> SkipMLP:
        """Let each hidden unit bend at one of the rows x (n, d), drawn by chance: where the data are.

        With biases of 0, all would bend at 0, and it would take many steps until they bend elsewhere.
        """
        units = nn.Sequential(*list(cast(nn.Sequential, self.curve or []))[:-1])
        with torch.no_grad():
            for i, layer in enumerate(units):
                if isinstance(layer, nn.Linear):
                    some = x[torch.randint(len(x), (layer.out_features,), generator=generator(x.device))]
                    h = units[:i](curbed((some - self.c) / self.s))
                    layer.bias.copy_(-(layer.weight * h).sum(1))
        return self

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.straight(x)
        if self.curve is not None:
            y = y + self.curve(curbed((x - self.c) / self.s))
        return y

    def config(self) -> dict[str, Any]:
        d, hidden, out, dropout = self.sizes
        return {"d": d, "hidden": list(hidden), "out": out, "dropout": dropout}


class Drop(nn.Module):
    """:func:`dropped` as a layer.

    >>> Drop(0.5).eval()(torch.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return dropped(x, self.p if self.training else 0.0)

    def extra_repr(self) -> str:
        return f"p={self.p}"

    def config(self) -> dict[str, Any]:
        return {"p": self.p}


class MissingIndicator(nn.Module):
    """NaN -> 0 (the mean of a standardized number), plus an indicator for each feature that may be missing; +-inf -> 1 or 0.

    Parameters
    ----------
    watched : sequence of int
        Features that get an indicator: 1 where the value is missing.

    Examples
    --------
    >>> MissingIndicator([1])(torch.tensor([[float("nan"), 2.0], [3.0, float("nan")]]))
    tensor([[0., 2., 0.],
            [3., 0., 1.]])
    """

    def __init__(self, watched: Sequence[int]) -> None:
        super().__init__()
        self.watched = [int(i) for i in watched]

    def forward(self, x: Tensor) -> Tensor:
        filled = torch.nan_to_num(x, nan=0.0, posinf=1.0, neginf=0.0)
        if not self.watched:
            return filled
        return torch.cat([filled, torch.isnan(x[..., self.watched]).to(x.dtype)], -1)

    def extra_repr(self) -> str:
        return f"watched={self.watched}"

    def config(self) -> dict[str, Any]:
        return {"watched": self.watched}
