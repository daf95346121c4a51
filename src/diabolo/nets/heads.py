r"""The last layer of K networks: k rows v_c on their hidden units, one for each output.

    raw_c = v_c . h + b_c + u_c         h (m,): the last hidden layer;  u_c: a linear unit (ensemble.py), or 0

Outputs are independent given h: their dependence is in h. One more row, v_{k+1}, is its own convex problem and changes no other
row. Rows that were added later are in their own block, so that not even the last bits of the others change: a matrix product
may round differently if the matrix grows. The linear units belong to the last outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .ensemble import without

__all__ = ["Head", "PerLabelHead"]


class Head(nn.Module):
    """Rows v_c for each of K members.

    Parameters
    ----------
    members : int
        K.
    m : int
        Number of hidden units of each member.
    blocks : sequence of int
        Numbers of rows that were added together; their sum is k.

    Examples
    --------
    >>> head = Head(3, 8, (4,))
    >>> h = torch.randn(3, 5, 8)
    >>> before = head(h)
    >>> head.append(torch.randn(3, 8), torch.zeros(3))(h).shape, torch.equal(head(h)[..., :4], before)
    (torch.Size([3, 5, 5]), True)
    """

    def __init__(self, members: int, m: int, blocks: Sequence[int]) -> None:
        super().__init__()
        self.members, self.m = members, m
        self.v = nn.ParameterList([torch.zeros(members, m, k) for k in blocks])
        self.b = nn.ParameterList([torch.zeros(members, k) for k in blocks])

    @property
    def blocks(self) -> tuple[int, ...]:
        return tuple(b.shape[1] for b in self.b)

    @property
    def k(self) -> int:
        """Rows."""
        return sum(self.blocks)

    def forward(self, z: Tensor) -> Tensor:
        """z = (h, u) (K, B, m + J) -> raw (K, B, k)."""
        h = z if z.shape[-1] == self.m else z[..., : self.m].contiguous()
        parts = [torch.baddbmm(b[:, None], h, v) for v, b in zip(self.v, self.b, strict=True)]
        raw = parts[0] if len(parts) == 1 else torch.cat(parts, -1)
        return raw if z.shape[-1] == self.m else raw + F.pad(z[..., self.m :], (self.k - z.shape[-1] + self.m, 0))

    def whole(self) -> tuple[Tensor, Tensor]:
        """v (K, m, k) and b (K, k) of all blocks."""
        return torch.cat(list(self.v), -1), torch.cat(list(self.b), -1)

    def only(self, h: Tensor, rows: Tensor) -> Tensor:
        """h (K, B, m), row numbers (r,) -> raw (K, B, r) of these rows only, without linear units."""
        v, b = (self.v[0], self.b[0]) if len(self.v) == 1 else self.whole()
        return torch.baddbmm(b[:, rows][:, None], h, v[:, :, rows])

    def append(self, v: Tensor, b: Tensor) -> Self:
        """Add a row at the end: v (K, m), b (K,)."""
        for kept, new in ((self.v, v[:, :, None]), (self.b, b[:, None])):
            kept.append(nn.Parameter(new.to(kept[0]), requires_grad=kept[0].requires_grad))
        return self

    def drop(self, c: int) -> Self:
        """Without row c."""
        self.v, self.b = without(self.v, c), without(self.b, c)
        return self

    def merged(self) -> Self:
        """Put all rows into one block, for training."""
        self.v, self.b = (nn.ParameterList([kept]) for kept in self.whole())
        return self

    def config(self) -> dict[str, Any]:
        return {"members": self.members, "m": self.m, "blocks": list(self.blocks)}


class PerLabelHead(nn.Module):
    """The last layer of K k networks with one output each: z = (h, u) (K k, B, m + J) -> raw (K, B, k); J is 0 or k.

    Parameters
    ----------
    members, m, k : int

    Examples
    --------
    >>> PerLabelHead(3, 8, 4)(torch.zeros(12, 5, 8)).shape
    torch.Size([3, 5, 4])
    """

    def __init__(self, members: int, m: int, k: int) -> None:
        super().__init__()
        self.head, self.members, self.m, self.k = Head(members * k, m, (1,)), members, m, k

    def forward(self, z: Tensor) -> Tensor:
        raw = self.head(z[..., : self.m]).squeeze(-1).unflatten(0, (-1, self.k)).transpose(1, 2)
        return raw if z.shape[-1] == self.m else raw + z[:: self.k, :, self.m :]

    def config(self) -> dict[str, Any]:
        return {"members": self.members, "m": self.m, "k": self.k}


def hidden_units(head: nn.Module, z: Tensor) -> Tensor:
    """z = (h, u) (K, B, m + J) -> the hidden units of all members (B, K m)."""
    m = head.m if isinstance(head, (Head, PerLabelHead)) else z.shape[-1]
    return z[..., :m].transpose(0, 1).flatten(1)


def member_mean(raw: Tensor) -> Tensor:
    """(K, B, k) -> (B, k), summed member by member: the order does not depend on k."""
    total = raw[0].clone()
    for member in raw[1:]:
        total += member
    return total / len(raw)
