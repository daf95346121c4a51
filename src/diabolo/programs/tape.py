"""A program while it is written: each method appends an operation (operations.py) and gives its result, a :class:`Value`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..errors import DiaboloError
from .operations import Op

__all__ = ["NotCompiled", "Tape", "Value"]


class NotCompiled(DiaboloError):  # noqa: N818
    """A layer or a loss that is no program: one of your own, or one that is for pictures of any size."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} cannot be written as a program")
        self.name = name


@dataclass(frozen=True)
class Value:
    """A register, and the shape of a row in it: (d,), or (c, h, w) of a picture."""

    register: int
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        return prod(self.shape)

    def shaped(self, *shape: int) -> Value:
        """The same numbers in another shape."""
        return Value(self.register, shape)


@dataclass
class Tape:
    """The parts of a program (program.py), in lists that grow."""

    dtype: Any
    widths: list[int]
    ops: list[Op]
    tensors: list[np.ndarray]

    def op(self, name: str, *xs: Value, w: Sequence[Any] = (), shape: Sequence[int] | None = None, **settings: Any) -> Value:
        """One more operation; the shape of its result is that of x, unless given."""
        y = Value(len(self.widths), xs[0].shape if shape is None else tuple(shape))
        numbers = tuple(range(len(self.tensors), len(self.tensors) + len(w)))
        self.widths.append(y.width)
        self.tensors += [np.ascontiguousarray(v, dtype=np.int32 if name == "take" else self.dtype) for v in w]
        self.ops.append(Op(name, tuple(x.register for x in xs), y.register, numbers, settings))
        return y

    # ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def affine(self, xs: Sequence[Value], matrices: Sequence[np.ndarray], b: np.ndarray | None) -> Value:
        """b + W_1 x_1 + W_2 x_2 + ..., along the last axis."""
        for x, m in zip(xs, matrices, strict=True):
            if x.shape[-1] != m.shape[1]:
                raise ValueError(f"a layer takes {m.shape[1]:,} numbers, but there are {x.shape[-1]:,}")
        b = np.zeros(len(matrices[0])) if b is None else b
        return self.op("affine", *xs, w=[*matrices, b], shape=(*xs[0].shape[:-1], len(b)))

    def scale(self, x: Value, a: Any = 1.0, c: Any = 0.0, b: Any = 0.0) -> Value:
        """a (x - c) + b."""
        return self.op("scale", x, w=[np.ravel(v) for v in (a, c, b)])

    def clip(self, x: Value, low: float | None = None, high: float | None = None) -> Value:
        bounds: dict[str, Any] = {"low": low, "high": high}
        return self.op("clip", x, **{name: v for name, v in bounds.items() if v is not None})

    def relu(self, x: Value) -> Value:
        return self.clip(x, 0)

    def add(self, *xs: Value) -> Value:
        return self.op("add", *xs)

    def mean(self, xs: Sequence[Value]) -> Value:
        return xs[0] if len(xs) == 1 else self.scale(self.add(*xs), 1 / len(xs))

    # ── their places ─────────────────────────────────────────────────────────────────────────────────────────────────

    def take(self, x: Value, index: Any) -> Value:
        """These numbers of x; 0 for -1."""
        same = np.array_equal(index, np.arange(x.width))
        return x.shaped(x.width) if same else self.op("take", x, w=[index], shape=(len(index),))

    def view(self, x: Value, shape: Sequence[int], strides: Sequence[int], start: int = 0) -> Value:
        return self.op("take", x, shape=shape, view={"start": start, "shape": [*shape], "strides": [*strides]})

    def part(self, x: Value, start: int, width: int) -> Value:
        """`width` numbers from number `start` on."""
        return x if width == x.width else self.view(x, (width,), (1,), start)

    def join(self, xs: Sequence[Value]) -> Value:
        return xs[0] if len(xs) == 1 else self.op("join", *xs, shape=(sum(x.width for x in xs),))

    def put(self, x: Value, new: Sequence[tuple[Sequence[int], Value]]) -> Value:
        """x with other numbers at some places: (places, numbers), ..."""
        index, end = np.arange(x.width), x.width
        for places, numbers in new:
            index[[*places]] = end + np.arange(numbers.width)
            end += numbers.width
        others = [numbers for _, numbers in new]
        if (index >= x.width).all():  # nothing of x is left
            return self.take(self.join(others), index - x.width)
        return self.take(self.join([x, *others]), index)

    # ── pictures (c, h, w) ───────────────────────────────────────────────────────────────────────────────────────────

    def conv(self, x: Value, w: np.ndarray, b: np.ndarray | None, stride: int = 1, later: bool = False) -> Value:
        """A convolution to ceil(side / stride) pixels; `later`: an odd row of zeros comes last, as in TensorFlow."""
        sides, k = x.shape[1:], w.shape[-1]
        out = [-(-n // stride) for n in sides]
        zeros = [max(0, (m - 1) * stride + k - n) for n, m in zip(sides, out, strict=True)]
        before = [n // 2 for n in zeros] if later else [k // 2, k // 2]
        pads = [*before, *(n - m for n, m in zip(zeros, before, strict=True))]
        settings = {"picture": [*x.shape], "stride": stride, "pads": pads}
        return self.op("conv", x, w=[w, np.zeros(len(w)) if b is None else b], shape=(len(w), *out), **settings)

    def doubled(self, x: Value, size: Sequence[int]) -> Value:
        """Twice as large, each pixel four times, cut to `size`."""
        c, h, w = x.shape
        return self.cut(self.view(x, (c, h, 2, w, 2), (h * w, w, 0, 1, 0)).shaped(c, 2 * h, 2 * w), size)

    def shuffled(self, x: Value, s: int) -> Value:
        """(c s^2, h, w) -> (c, s h, s w)."""
        c, h, w = x.shape[0] // s**2, *x.shape[1:]
        return self.view(x, (c, h, s, w, s), (s * s * h * w, w, s * h * w, 1, h * w)).shaped(c, s * h, s * w)

    def cut(self, x: Value, size: Sequence[int]) -> Value:
        c, h, w = x.shape
        return x if [h, w] == [*size] else self.view(x, (c, *size), (h * w, w, 1))

    def resized(self, x: Value, size: Sequence[int]) -> Value:
        """Antialiased bilinear interpolation: of the columns, then of the rows."""
        for n in reversed(size):
            x = self.affine([x], [smoothing(x.shape[-1], n)], None) if x.shape[-1] != n else x
            c, h, w = x.shape
            x = self.view(x, (c, w, h), (h * w, 1, w))
        return x


def smoothing(n: int, m: int) -> np.ndarray:
    """(m, n): each of m new pixels as a mean of n old ones.

    >>> smoothing(4, 2).round(3).tolist()
    [[0.429, 0.429, 0.143, 0.0], [0.0, 0.143, 0.429, 0.429]]
    """
    center = (np.arange(m)[:, None] + 0.5) * n / m
    w = np.clip(1 - np.abs(np.arange(n) + 0.5 - center) / max(n / m, 1.0), 0, None)
    return np.asarray(w / w.sum(1, keepdims=True))
