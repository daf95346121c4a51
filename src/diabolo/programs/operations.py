r"""The operations of a program (program.py), on rows x (n, d); NumPy runs them here, explorer/web/program.js in a browser.

    affine         y = b + W_1 x_1 + W_2 x_2 + ...              x_i longer than a row of W_i: several rows, each for itself
    conv           y = b + W * x                                pictures (c, h, w)
    scale          y = a (x - c) + b                            a, c, b: one number, or as many as x or one of its rows has
    take           y_j = x_i(j);  0 where i(j) = -1             i: a list, or a view: start, shape and strides
    join, add      y = (x_1, x_2, ...),   y = x_1 + x_2 + ...
    clip           y = min(high, max(low, x))

    turn           y = cos 2 pi (a x + b)                       in float64, of the float32 of x, stretched beyond k
    square, curb   y = x x,   y = sign(x) log(1 + |x|)          and silu, gelu, sigmoid, tanh, log, logit
    tf             y = 1 + log max(1, x), 0 where x <= 0
    fill, gap      y = x, but 0, 1, 0 for NaN, inf, -inf;   y = 1 where x is NaN, else 0

    softmax        y = exp x / sum exp x                        over groups of features of given sizes
    simplex        y = the distribution nearest to x            over such groups
    norm           y = x / max(|x|_p, eps)                      over the row, p = 1 or 2
    standard       y = (x - mean x) / sqrt(var x + eps)         over rows of a given size

The numbers of an operation are its `settings`, its arrays are w. No operation needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

__all__ = ["RUN", "Op"]


@dataclass(frozen=True)
class Op:
    """One operation: of which registers x, into which register y, with which arrays w of the program."""

    name: str
    x: tuple[int, ...]
    y: int
    w: tuple[int, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def json(self, numbers: Sequence[int]) -> dict[str, Any]:
        """For the page, where array i has the number `numbers[i]`."""
        w = {"w": [numbers[i] for i in self.w]} if self.w else {}
        return {"op": self.name, "x": [*self.x], "y": self.y, **w, **self.settings}


Run = Callable[[Op, list[np.ndarray], list[np.ndarray]], np.ndarray]
Function = Callable[[np.ndarray], np.ndarray]


def by_row(x: np.ndarray, f: Function, d: int) -> np.ndarray:
    """f of rows of d numbers, of which each row of x has one or more."""
    y = f(x.reshape(-1, d))
    return y.reshape(len(x), x.shape[1] // d * y.shape[1])


def affine(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    *matrices, b = w
    y = times(xs[0], matrices[0])
    for x, m in zip(xs[1:], matrices[1:], strict=True):
        y += times(x, m)
    return by_row(y, lambda y: np.add(y, b, out=y), len(b))


def times(x: np.ndarray, m: np.ndarray) -> np.ndarray:
    return by_row(x, lambda x: x @ m.T, m.shape[1])


def conv(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    """One pixel of the kernel after the other: (new channels, channels) times (channels, places), in each group of channels."""
    (x,), (kernel, b), n, stride = xs, w, len(xs[0]), op.settings["stride"]
    (channels, height, width), (top, left, bottom, right) = op.settings["picture"], op.settings["pads"]
    x = np.pad(x.reshape(n, channels, height, width), ((0, 0), (0, 0), (top, bottom), (left, right)))
    seen = sliding_window_view(x, kernel.shape[2:], (2, 3))[:, :, ::stride, ::stride]
    (new, c, rows, columns), places = kernel.shape, seen.shape[2] * seen.shape[3]
    groups = channels // c
    y = np.broadcast_to(b.reshape(groups, new // groups, 1), (n, groups, new // groups, places)).copy()
    for u, v in np.ndindex(rows, columns):
        y += kernel[..., u, v].reshape(groups, new // groups, c) @ seen[..., u, v].reshape(n, groups, c, places)
    return y.reshape(n, new * places)


def scale(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    a, c, b = w

    def scaled(x: np.ndarray) -> np.ndarray:
        y = x - c if c.any() else x * a
        if c.any():
            y *= a
        return np.add(y, b, out=y) if b.any() else y

    return by_row(xs[0], scaled, max(map(len, w)))


def take(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    if not w:
        return np.take(xs[0], viewed(**op.settings["view"]), 1)
    y = np.take(xs[0], w[0], 1)
    y[:, w[0] < 0] = 0
    return y


def viewed(start: int, shape: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """The places of a strided view.

    >>> viewed(1, (2, 2), (3, 1)).tolist()
    [1, 2, 4, 5]
    """
    axes = np.ix_(*[np.arange(n) * step for n, step in zip(shape, strides, strict=True)])
    return np.asarray(sum(axes) + start).ravel()


def clip(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    return xs[0].clip(op.settings.get("low", -np.inf), op.settings.get("high", np.inf))


def pointwise(f: Function) -> Run:
    return lambda op, xs, w: np.asarray(f(xs[0]), dtype=xs[0].dtype)


def grouped(f: Function) -> Run:
    def run(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
        ends = [*accumulate(op.settings["sizes"])]
        return np.concatenate([f(x) for x in np.split(xs[0], ends[:-1], 1)], 1)

    return run


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


def simplex(x: np.ndarray) -> np.ndarray:
    u = -np.sort(-x, 1)
    over = (u.cumsum(1) - 1) / np.arange(1, x.shape[1] + 1, dtype=x.dtype)
    last = ((u > over).sum(1, keepdims=True) - 1).clip(min=0)
    return (x - np.take_along_axis(over, last, 1)).clip(min=0)


def turn(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    a, b, *bend = (v.astype(np.float64) for v in w)
    x = xs[0].astype(np.float32).astype(np.float64)
    t = (straight(x, *bend) if bend else x) * a + b
    return np.cos(2 * np.pi * (t - np.floor(t))).astype(xs[0].dtype)


def straight(x: np.ndarray, k: np.ndarray, m: np.ndarray, s: np.ndarray) -> np.ndarray:
    """x, as if it were not squashed beyond the knee k of s x + m (nets/calendar.py)."""
    g = s * x + m
    over = (np.abs(g) - k).clip(0, 40)
    return np.asarray(np.where(over > 0, (np.sign(g) * (np.abs(g) - over + np.expm1(over)) - m) / s, x))


def norm(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    length = np.linalg.norm(xs[0], op.settings["p"], 1, keepdims=True)
    return np.asarray(xs[0] / np.maximum(length, xs[0].dtype.type(op.settings["eps"])))


def standard(op: Op, xs: list[np.ndarray], w: list[np.ndarray]) -> np.ndarray:
    def whitened(x: np.ndarray) -> np.ndarray:
        off = x - x.mean(1, keepdims=True)
        return np.asarray(off / np.sqrt(np.square(off).mean(1, keepdims=True) + x.dtype.type(op.settings["eps"])))

    return by_row(xs[0], whitened, op.settings["size"])


def fill(x: np.ndarray) -> np.ndarray:
    sums = x @ np.ones(x.shape[1], x.dtype)  # in a fifth of the time of looking at each number
    return x if np.isfinite(sums).all() or np.isfinite(x).all() else np.nan_to_num(x, nan=0.0, posinf=1.0, neginf=0.0)


def curb(x: np.ndarray) -> np.ndarray:
    y = np.abs(x)
    np.log1p(y, out=y)
    bits = np.dtype(f"i{x.itemsize}").type
    sign = x.view(bits) & bits(np.iinfo(bits).min)  # as np.copysign does, in a third of its time
    np.bitwise_or(y.view(bits), sign, out=y.view(bits))
    return y


def silu(x: np.ndarray) -> np.ndarray:
    y = np.negative(x)
    np.exp(y, out=y)
    y += 1
    return np.divide(x, y, out=y)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return np.asarray(x * (1 + erf(x * 0.5**0.5)) / 2)


RUN: dict[str, Run] = {
    "affine": affine,
    "conv": conv,
    "scale": scale,
    "take": take,
    "join": lambda op, xs, w: np.concatenate(xs, 1),
    "add": lambda op, xs, w: np.asarray(sum(xs)),
    "clip": clip,
    "turn": turn,
    "square": pointwise(np.square),
    "curb": pointwise(curb),
    "silu": pointwise(silu),
    "gelu": pointwise(gelu),
    "sigmoid": pointwise(sigmoid),
    "tanh": pointwise(np.tanh),
    "log": pointwise(np.log),
    "logit": pointwise(lambda x: np.log(x / (1 - x))),
    "tf": pointwise(lambda x: np.where(x > 0, 1 + np.log(np.maximum(x, 1)), 0)),
    "fill": pointwise(fill),
    "gap": pointwise(np.isnan),
    "softmax": grouped(softmax),
    "simplex": grouped(simplex),
    "norm": norm,
    "standard": standard,
}
