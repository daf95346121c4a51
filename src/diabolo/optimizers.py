r"""From a gradient to a step.

    w  one flat float32 vector of all trainable weights, g  its gradient, clipped to a norm
    AdamW   w <- w - eta m / sqrt(v)                      m, v: running means of g and g^2
    Muon    W <- W - eta U V'                             for every matrix W, where M = U S V' is its momentum

References
----------
Decoupled weight decay regularization (Loshchilov & Hutter, 2019), https://arxiv.org/abs/1711.05101
Muon is scalable for LLM training (Liu et al., 2025), https://arxiv.org/abs/2502.16982
The Polar Express (Amsel et al., 2025), https://arxiv.org/abs/2505.16932 (polynomials that adapt to the interval)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from . import processes
from .errors import TrainingError
from .hardware import has_bfloat16

__all__ = ["AdamW", "Flat", "Muon", "Optimizer", "optimizers", "orthogonal"]


class Flat:
    """All trainable parameters of a module as one float32 vector ``w``, with one gradient vector ``g``.

    One vector makes the optimizer, the clipping, the averaging and (under torchrun) the all-reduce one operation each,
    and lets forward and backward run on a bfloat16 copy while ``w`` stays float32.
    """

    def __init__(self, module: nn.Module, dtype: torch.dtype = torch.float32, optimizer: str = "adamw") -> None:
        trainable = [p for p in module.parameters() if p.requires_grad]
        stacks = stacked(module) if optimizer == "muon" else set()
        place = {
            p: 2 if p.ndim < 2 else int(p in stacks) for p in trainable
        }  # matrices, stacks, and vectors, which do not decay
        self.parameters = sorted(trainable, key=place.__getitem__)
        if not self.parameters:
            raise TrainingError("the network has no trainable parameter: unfreeze part of it, or do not train it")
        self.w = torch.cat([p.detach().float().flatten() for p in self.parameters])
        self.low = self.w if dtype == torch.float32 else self.w.to(dtype)
        self.g = torch.zeros_like(self.w)
        several = processes.world() > 1
        self.rooms = processes.rooms(self.low) if several else None
        if self.rooms is not None:  # by turns: one is read by others while the next is written
            self.sent = [room[processes.rank()] for room in self.rooms]
        else:  # half the bytes to exchange
            self.sent = [torch.zeros_like(self.low) if several and self.low is not self.w else self.g]
        self.pieces, self.turn = [self.views(vector) for vector in self.sent], 0
        self.matrices, self.decaying = (sum(p.numel() for p in trainable if place[p] <= most) for most in (0, 1))
        self.use(self.low)
        module.zero_grad()

    def views(self, vector: Tensor) -> list[Tensor]:
        """Views of `vector` in the shapes of the parameters."""
        pieces = vector.split([p.numel() for p in self.parameters])
        return [piece.view(p.shape) for piece, p in zip(pieces, self.parameters, strict=True)]

    def use(self, vector: Tensor) -> None:
        """Make the module compute with `vector`."""
        for p, piece in zip(self.parameters, self.views(vector), strict=True):
            p.data = piece

    @contextmanager
    def using(self, vector: Tensor) -> Iterator[None]:
        self.use(vector)
        try:
            yield
        finally:
            self.use(self.low)

    def gradient(self, clip: float) -> Tensor:
        """Gather the gradients in ``g``, add them up over the processes, and clip their norm; returns the norm.

        Each gradient is copied once. If it were kept, backward would add to it, and it would have to be set to zero.
        """
        self.turn = (self.turn + 1) % len(self.sent)
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]  # None: unused in this step
        torch._foreach_copy_(self.pieces[self.turn], grads)
        for p in self.parameters:
            p.grad = None
        self.total()
        norm = torch.dot(self.g, self.g).sqrt()  # half the time of vector_norm
        if norm > clip:
            self.g *= clip / norm
        return norm

    def total(self) -> None:
        """The sum over the processes into ``g``: each adds up what all have written, in the same order."""
        if self.rooms is None:
            sent = processes.total(self.sent[0])
            self.g.copy_(sent)  # of itself, nothing is copied
            return
        processes.meet()
        one, *others = self.rooms[self.turn]
        self.g.copy_(one)
        for other in others:
            self.g.add_(other)

    def sync(self) -> None:
        """Copy ``w`` into the weights that compute."""
        if self.low is not self.w:
            self.low.copy_(self.w)

    def release(self, vector: Tensor) -> None:
        """The end: `vector` becomes the weights of the module, each in its own memory."""
        for p, piece in zip(self.parameters, self.views(vector), strict=True):
            p.grad = None
            p.data = piece.clone()


class Optimizer(Protocol):
    """Updates its part of ``w`` by the gradient in ``g``."""

    def step(self, share: float) -> None:
        """One step, with this share of the peak learning rate."""

    def state(self) -> dict[str, Tensor]:
        """Its state, which a checkpoint holds."""


def stacked(module: nn.Module) -> set[Tensor]:
    """The weights of members side by side, (K, a, b): Muon leaves them to AdamW, by which last layers learn better."""
    return {p for part in module.modules() if hasattr(part, "members") for p in part.parameters()}


def optimizers(flat: Flat, name: str, lr: float, muon_lr: float, weight_decay: float) -> list[Optimizer]:
    """The optimizers that together update ``w``, as few as there can be; vectors do not decay."""
    cut, end = flat.matrices if name == "muon" else 0, flat.decaying
    first: list[Optimizer] = [Muon(flat, muon_lr, weight_decay)] if cut else []
    rest = [(slice(cut, end), weight_decay), (slice(end, None), 0.0)] if weight_decay else [(slice(cut, None), 0.0)]
    return first + [AdamW(flat.w[part], flat.g[part], lr, decay) for part, decay in rest if len(flat.w[part])]


class AdamW:
    """AdamW for one vector w (n,) with gradient g (n,): torch's fused step.

    ``torch.optim.AdamW`` wraps the same step, but its constructor loads the compiler, which takes two seconds.
    """

    def __init__(self, w: Tensor, g: Tensor, lr: float, weight_decay: float = 0.0) -> None:
        self.w, self.g, self.lr, self.weight_decay = w, g, lr, weight_decay
        self.m, self.v, self.t = torch.zeros_like(w), torch.zeros_like(w), torch.zeros((), device=w.device)

    @torch.no_grad()
    def step(self, share: float) -> None:
        adamw(
            [self.w], [self.g], [self.m], [self.v], [], [self.t],
            lr=share * self.lr, beta1=0.9, beta2=0.99, weight_decay=self.weight_decay, eps=1e-8,
            fused=True, foreach=False, amsgrad=False, maximize=False,
        )  # fmt: skip

    def state(self) -> dict[str, Tensor]:
        return {"m": self.m, "v": self.v, "t": self.t}


class Muon:
    """Muon: the momentum of a matrix is replaced by the nearest orthogonal matrix (a Newton-Schulz iteration, in few digits).

    Matrices are cut into bands of equal size, each orthogonal for itself: for 256 x 256, four of 64 rows are a fifth of the
    arithmetic, and more steps in the same time are worth more than better ones. Bands of about one size are orthogonalized
    together, as one stack: small ones cost calls, not arithmetic. In a wide network arithmetic is all that costs, so that its
    large matrices take turns: each moves at every second step, twice as far, by an iteration less.

    Parameters
    ----------
    flat : Flat
        It updates the matrices of ``flat``; convolutions are matrices (out, in * kernel).
    """

    def __init__(self, flat: Flat, lr: float = 0.02, weight_decay: float = 0.0) -> None:
        self.lr, self.weight_decay = lr, weight_decay
        cut = flat.matrices
        self.g, self.m, u = flat.g[:cut], torch.zeros(cut).to(flat.w), torch.zeros_like(flat.w)
        self.u, self.t = u[:cut], torch.zeros((), dtype=torch.int64, device=u.device)
        both = zip(flat.views(flat.w), flat.views(u), strict=True)
        pairs = [(w.flatten(1), u.flatten(1)) for w, u in both if w.ndim >= 2 and w.storage_offset() < cut]
        self.decaying = [(w, scale(w)) for w, _ in pairs]
        least = BAND if max((min(w.shape) for w, _ in pairs), default=0) > WIDE else WIDE
        alike: dict[tuple[int, ...], list[tuple[Tensor, Tensor, float]]] = {}
        for i, (w, u) in enumerate(pairs):
            turn = i % 2 if min(w.shape) > least else ALWAYS
            for band, of_u in zip(bands(w, turn), bands(u, turn), strict=True):
                alike.setdefault((turn, *room(band)), []).append((band, of_u, scale(w)))
        self.stacks = [Stack(turn, some) for (turn, *_), some in alike.items()]

    @torch.no_grad()
    def step(self, share: float) -> None:
        rate = share * self.lr
        self.m.lerp_(self.g, 1 - MOMENTUM)
        torch.lerp(self.g, self.m, MOMENTUM, out=self.u)
        if self.weight_decay:
            for w, size in self.decaying:
                w.mul_(1 - rate * size * self.weight_decay)
        now = int(self.t) % 2
        self.t += 1
        for stack in self.stacks:
            if stack.turn in (now, ALWAYS):
                stack.move(rate)

    def state(self) -> dict[str, Tensor]:
        return {"m": self.m, "t": self.t}


class Stack:
    """Matrices (a, b) with a <= b that are moved together.

    Parameters
    ----------
    turn : int
        Steps at which they are moved: even ones (0), odd ones (1), or all of them.
    bands : list of (Tensor, Tensor, float)
        Views of the weights and of their directions, each with its scale. Zeros around the smaller ones change nothing.
    """

    def __init__(self, turn: int, bands: list[tuple[Tensor, Tensor, float]]) -> None:
        self.turn, self.w, self.u = turn, [w for w, _, _ in bands], [u for _, u, _ in bands]
        a, b = (max(u.shape[i] for u in self.u) for i in (0, 1))
        self.all = self.u[0].new_zeros(len(bands), a, b)
        self.scales = self.all.new_tensor([scale for _, _, scale in bands])[:, None, None]

    def move(self, rate: float) -> None:
        """Move each matrix by the orthogonal one nearest to its direction, times its scale."""
        far, quintics = (rate, QUINTICS) if self.turn == ALWAYS else (2 * rate, TWO_QUINTICS)
        torch._foreach_copy_(self.within(self.all), self.u)
        torch._foreach_sub_(self.w, self.within(orthogonal(self.all, quintics) * (far * self.scales)))

    def within(self, stack: Tensor) -> list[Tensor]:
        """The parts of a stack that are the matrices."""
        return [one[: len(u), : u.shape[1]] for one, u in zip(stack, self.u, strict=True)]


MOMENTUM = 0.95
ALWAYS = -1  # the turn of what is moved at every step
WIDE, BAND = 320, 128  # a shorter side above the first makes a network wide: then those above the second take turns
LEAST_BAND, MOST_BAND = 64, 256  # rows that are orthogonalized together, at most
THIN = 16  # rows, at most, of matrices whose products are faster in float32
SHORT = 512  # columns, at most, of matrices that zeros may surround: in longer ones these would cost more than a call


def scale(w: Tensor) -> float:
    """By which the step of a matrix is multiplied: rows that are many are as large as few."""
    rows, columns = w.shape
    return max(1.0, rows / columns) ** 0.5


def bands(w: Tensor, turn: int) -> Sequence[Tensor]:
    """A matrix in bands of equal size; of those that take turns the bands have few rows, and all columns."""
    if turn != ALWAYS:
        return w.chunk(-(-len(w) // BAND))
    wide = w if w.shape[0] <= w.shape[1] else w.T
    return wide.chunk(max(1, -(-len(wide) // most_rows(wide))))


def most_rows(wide: Tensor) -> int:
    """Rows of a band (., b): a quarter of its columns, within limits."""
    return min(MOST_BAND, max(LEAST_BAND, wide.shape[1] // 4))


def room(band: Tensor) -> tuple[int, int]:
    """Bands with the same room are orthogonalized as one stack."""
    rows, columns = band.shape
    if columns > SHORT or rows > LEAST_BAND:
        return rows, columns
    return (THIN, 0) if rows <= THIN else (LEAST_BAND, columns)


# Each row (a, b, c) is the odd quintic a s + b s^3 + c s^5 nearest to 1 on the interval to which the previous rows map singular
# values in [0.02, 1]. Their composition maps [0.01, 1] into [0.7, 1.3] in three steps, but for rounding. Two
# steps leave small singular values behind, and codes of tables are up to a third worse.
QUINTICS = ((7.711, -22.1138, 16.2487), (3.7872, -3.0659, 0.6533), (2.6684, -1.9829, 0.4533))
TWO_QUINTICS = (6.7524, -18.351, 13.2633), (2.5379, -1.8747, 0.4413)  # for [0.05, 1]: bands have fewer small singular values


def orthogonal(m: Tensor, quintics: Sequence[tuple[float, float, float]] = QUINTICS) -> Tensor:
    """(..., a, b) with a <= b -> the same shape, with the same singular vectors and singular values near 1.

    The iteration starts at M / |M M'|^(1/2). Its largest singular value is at most 1, and for n equal ones they are n^(-1/4),
    where M / |M| has n^(-1/2), a step further away.

    >>> u = orthogonal(torch.randn(20, 50, generator=torch.Generator().manual_seed(0))).float()
    >>> bool((torch.linalg.svdvals(u) - 1).abs().max() < 0.4)
    True
    """
    x = m / (torch.linalg.vector_norm(m, dim=(-2, -1), keepdim=True) + 1e-7)
    x = x.reshape(m.shape[:-2].numel(), *m.shape[-2:])
    x = x.to(torch.bfloat16 if m.shape[-2] > THIN and has_bfloat16(m.device.type) else torch.float32)
    gram = x @ x.mT
    t = 1 / (1.01 * torch.linalg.vector_norm(gram, dim=(-2, -1), keepdim=True) + 1e-7)
    x, gram = x * t.sqrt(), gram * t
    for i, (a, b, c) in enumerate(quintics):
        gram = x @ x.mT if i else gram
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.view(m.shape)
