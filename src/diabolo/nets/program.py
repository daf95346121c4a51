r"""A network as a list of operations on numbers: NumPy runs it here, a page runs it in the browser, and neither needs torch.

    affine         y = b + W_1 x_1 + W_2 x_2 + ...              x_i longer than a row of W_i: several rows, each for itself
    conv           y = b + W * x                                pictures (c, h, w)
    scale          y = a (x - c) + b                            a, c, b: numbers, or as long as x or as one of its rows
    take           y_j = x_i(j);  0 where i(j) = -1             i: a list, or a view (start, shape, strides)
    join, add      y = (x_1, x_2, ...),   y = x_1 + x_2 + ...
    clip           y = min(high, max(low, x))

    curb, square   y = sign(x) log(1 + |x|),   y = x x          silu, gelu, sigmoid, tanh, log, logit: each by its name
    tf             y = 1 + log x, 0 where x <= 0
    fill, gap      y = x, (0, 1, 0) for (NaN, inf, -inf);   y = 1 where x is NaN, else 0

    softmax        y = exp x / sum exp x                        each over groups of features, given by their sizes
    simplex        y = the nearest distribution to x
    norm           y = x / max(|x|_p, eps)                      over the whole row, p = 1 or 2
    standard       y = (x - mean x) / sqrt(var x + eps)         over rows of a given size

Registers hold x, what each operation gives, and so the outputs: one, or one for each member of an ensemble, until their
``mean`` is taken. :data:`LAYERS` says of each layer of the vocabulary (vocabulary.py) which operations it is; it needs the
described network and its weights, as a file holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, takewhile
from itertools import count as from_on
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf, expit

__all__ = ["NotCompiled", "Program", "Tensors", "compiled", "start"]

Array = np.ndarray[Any, Any]


class NotCompiled(ValueError):  # noqa: N818
    """A layer or a loss that is no program: one of your own, or one that is for pictures of any size.

    >>> compiled({"layer": "custom", "class": "Mine"}, {}, 3)
    Traceback (most recent call last):
    ...
    diabolo.nets.program.NotCompiled: Mine cannot be written as a program
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} cannot be written as a program")
        self.name = name


# ── the program ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Op:
    """One operation: registers x, register y, and numbers of its tensors w."""

    op: str
    x: tuple[int, ...]
    y: int
    w: tuple[int, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def json(self, tensors: Sequence[int]) -> dict[str, Any]:
        w = {"w": [tensors[i] for i in self.w]} if self.w else {}
        return {"op": self.op, "x": [*self.x], "y": self.y, **w, **self.settings}


@dataclass(frozen=True)
class Value:
    """A register, and the shape of a row in it: (d,), or (c, h, w) of a picture."""

    register: int
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Program:
    """Operations on rows; each method gives a longer program.

    Parameters
    ----------
    dtype : dtype
        Precision of the arithmetic.
    widths : tuple of int
        Numbers in each register; register 0 is the input.
    outputs : tuple of Value
        The results: one for each member of an ensemble.
    ops : tuple of Op
    tensors : tuple of ndarray
        The weights.

    Examples
    --------
    >>> weights = {"weight": np.array([[1.0, 2.0]]), "bias": np.array([3.0])}
    >>> line = compiled({"layer": "Linear", "in_features": 2, "out_features": 1, "bias": True}, weights, 2)
    >>> line.run(np.array([[1.0, 1.0], [0.0, 0.5]]))
    array([[6.],
           [4.]], dtype=float32)
    """

    dtype: Any
    widths: tuple[int, ...]
    outputs: tuple[Value, ...]
    ops: tuple[Op, ...] = field(default=(), repr=False)
    tensors: tuple[Array, ...] = field(default=(), repr=False)

    @property
    def output(self) -> Value:
        """The only output.

        Raises
        ------
        ValueError
            There are several members.
        """
        if len(self.outputs) != 1:
            raise ValueError(f"the program has {len(self.outputs)} outputs, one for each member: take their mean() or beside()")
        return self.outputs[0]

    def run(self, x: Any) -> Array:
        """x (n, d) -> (n, out)."""
        x, y = np.asarray(x, dtype=self.dtype), self.output.register
        if x.ndim != 2 or x.shape[1] != self.widths[0]:
            raise ValueError(f"x has the shape {x.shape}: rows (n, {self.widths[0]}) are needed")
        registers, last = {0: x}, {r: i for i, op in enumerate(self.ops) for r in op.x}
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for i, op in enumerate(self.ops):
                registers[op.y] = RUN[op.op](op, [registers[r] for r in op.x], [self.tensors[w] for w in op.w])
                for r in {r for r in op.x if last[r] == i and r != y}:  # nobody needs it any more
                    del registers[r]
        return registers[y]

    def json(self, tensors: Tensors, dtype: str | None = None) -> dict[str, Any]:
        """The program for the page, its weights added to `tensors`: as `dtype`, or by default without any loss.

        Half as many bytes for weights that are float16 numbers already.
        """
        if self.dtype != np.float32:
            raise ValueError(f"dtype={self.dtype}: a page computes in float32; compile the network with dtype=np.float32")
        numbers = [tensors.add(w, "i32" if w.dtype.kind == "i" else dtype or smallest(w)) for w in self.tensors]
        ops = [op.json(numbers) for op in self.ops]
        return {"in": self.widths[0], "out": self.output.width, "y": self.output.register, "widths": [*self.widths], "ops": ops}

    # ── longer programs ──────────────────────────────────────────────────────────────────────────────────────────────

    def and_then(self, rule: Callable[[Tape, list[Value]], list[Value]]) -> Program:
        """A rule applied to the outputs."""
        tape = Tape(self.dtype, [*self.widths], [*self.ops], [*self.tensors])
        outputs = rule(tape, [*self.outputs])
        return Program(self.dtype, tuple(tape.widths), tuple(outputs), tuple(tape.ops), tuple(tape.tensors))

    def then(self, loss: Any) -> Program:
        """With what a loss predicts from raw outputs, ``loss.predict``; of each member.

        Raises
        ------
        NotCompiled
            The loss is your own.
        """
        return self.and_then(lambda tape, xs: [predicted(tape, loss, x) for x in xs])

    def mean(self) -> Program:
        """The mean of the members."""
        return self.and_then(lambda tape, xs: [tape.mean(xs)])

    def beside(self) -> Program:
        """The members side by side: (K, n, k) -> (n, K k)."""
        return self.and_then(lambda tape, xs: [tape.join(xs)])

    def apart(self, members: int) -> Program:
        """The inverse of :meth:`beside`: one output in equal parts, one for each member."""
        k = self.output.width // members
        return self.and_then(lambda tape, xs: [tape.part(xs[0], i * k, k) for i in range(members)])

    def member(self, k: int) -> Program:
        """One member alone."""
        return replace(self, outputs=(self.outputs[k],))

    def scaled(self, a: Any = 1.0, c: Any = 0.0, b: Any = 0.0) -> Program:
        """a (y - c) + b for each output y."""
        return self.and_then(lambda tape, xs: [tape.scale(x, a, c, b) for x in xs])

    def through(self, name: str, **settings: Any) -> Program:
        """An operation without weights on each output, such as "sigmoid"."""
        return self.and_then(lambda tape, xs: [tape.op(name, x, **settings) for x in xs])


def start(d: int, dtype: Any = np.float32) -> Program:
    """The program without operations: its output is its input, d numbers.

    >>> start(6).apart(2).mean().run([[1, 2, 3, 5, 6, 7]])
    array([[3., 4., 5.]], dtype=float32)
    """
    return Program(np.dtype(dtype), (d,), (Value(0, (d,)),))


def compiled(described: dict[str, Any], weights: dict[str, Array], x: int | Program, dtype: Any = np.float32) -> Program:
    """A network as a program.

    Parameters
    ----------
    described : dict
        The network, as :func:`diabolo.nets.describe` describes it.
    weights : dict of ndarray
        Its parameters and buffers, by their names in torch's ``state_dict``.
    x : int or Program
        The number of its inputs, or the program that gives them.
    dtype : dtype, default=float32
        Precision, if x is a number.

    Raises
    ------
    NotCompiled
        A layer has no program; ``error.name`` is its name.
    """
    before = start(x, dtype) if isinstance(x, int) else x
    return before.and_then(lambda tape, xs: tape.layer(Net(described, weights), xs))


# ── where the weights go ─────────────────────────────────────────────────────────────────────────────────────────────

DTYPES = {
    "f16": "<f2",
    "f32": "<f4",
    "f64": "<f8",
    "u8": "u1",
    "i8": "i1",
    "u16": "<u2",
    "i16": "<i2",
    "i32": "<i4",
    "u32": "<u4",
}
ALIGNED = 8


class Tensors:
    """Arrays for the page: a table, and one string of bytes.

    >>> tensors = Tensors()
    >>> tensors.add(np.arange(3), "u8"), tensors.add([[0.5]], "f16"), tensors.table[1], len(tensors.blob)
    (0, 1, {'dtype': 'f16', 'shape': [1, 1], 'offset': 8, 'bytes': 2}, 16)
    """

    def __init__(self) -> None:
        self.table: list[dict[str, Any]] = []
        self._parts: list[bytes] = []
        self._end = 0

    def add(self, array: Any, dtype: str = "f32") -> int:
        """Append an array as this type; its number in the table.

        Raises
        ------
        ValueError
            A number is beyond the range of the type.
        """
        if dtype not in DTYPES:
            raise ValueError(f"dtype={dtype!r}: allowed are {', '.join(map(repr, DTYPES))}")
        array = np.asarray(array)
        with np.errstate(over="ignore", invalid="ignore"):
            kept = np.asarray(array, dtype=DTYPES[dtype], order="C")
        lost = (array != kept) if kept.dtype.kind in "iu" else np.isfinite(array) & ~np.isfinite(kept)
        if lost.any():
            raise ValueError(f"dtype={dtype!r} cannot hold {array[lost].flat[0]!r}")
        part = kept.tobytes()
        self.table.append({"dtype": dtype, "shape": [*kept.shape], "offset": self._end, "bytes": len(part)})
        self._parts.append(part + bytes(-len(part) % ALIGNED))
        self._end += len(self._parts[-1])
        return len(self.table) - 1

    @property
    def blob(self) -> bytes:
        return b"".join(self._parts)


def smallest(w: Array) -> str:
    """The smaller type that holds these numbers without loss."""
    with np.errstate(over="ignore"):
        return "f16" if (w.astype(np.float16) == w).all() else "f32"


# ── how NumPy runs it ────────────────────────────────────────────────────────────────────────────────────────────────

Run = Callable[[Op, list[Array], list[Array]], Array]


def by_row(x: Array, f: Callable[[Array], Array], d: int) -> Array:
    """f of rows of d numbers, of which x (n, several d) has several."""
    return f(x.reshape(-1, d)).reshape(len(x), -1)


def affine(op: Op, xs: list[Array], w: list[Array]) -> Array:
    *matrices, b = w
    y = np.asarray(sum(by_row(x, m.T.__rmatmul__, m.shape[1]) for x, m in zip(xs, matrices, strict=True)))
    return by_row(y, b.__add__, len(b))


def conv(op: Op, xs: list[Array], w: list[Array]) -> Array:
    (x,), (w, b), s = xs, w, op.settings
    n, (c, h, width), groups, (top, left, bottom, right) = len(x), s["picture"], s["groups"], s["pads"]
    padded = np.pad(x.reshape(n, c, h, width), ((0, 0), (0, 0), (top, bottom), (left, right)))
    seen = sliding_window_view(padded, w.shape[2:], (2, 3))[:, :, :: s["stride"], :: s["stride"]]
    places = seen.shape[2] * seen.shape[3]
    seen = seen.reshape(n, groups, c // groups, places, -1).transpose(1, 0, 3, 2, 4).reshape(groups, n * places, -1)
    y = seen @ w.reshape(groups, len(w) // groups, -1).transpose(0, 2, 1)
    y = y.reshape(groups, n, places, -1).transpose(1, 0, 3, 2).reshape(n, len(w), places)
    return (y + b[:, None]).reshape(n, -1)


def take(op: Op, xs: list[Array], w: list[Array]) -> Array:
    index = w[0] if w else viewed(**op.settings["view"])
    return np.where(index < 0, xs[0].dtype.type(0), xs[0][:, index])


def viewed(start: int, shape: Sequence[int], strides: Sequence[int]) -> Array:
    """The places of a strided view.

    >>> viewed(1, (2, 2), (3, 1)).tolist()
    [1, 2, 4, 5]
    """
    grid = [np.arange(n) * step for n, step in zip(shape, strides, strict=True)]
    return start + np.asarray(sum(np.ix_(*grid))).ravel()


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def simplex(x: Array) -> Array:
    u = -np.sort(-x, 1)
    over = (u.cumsum(1) - 1) / np.arange(1, x.shape[1] + 1, dtype=x.dtype)
    last = ((u > over).sum(1, keepdims=True) - 1).clip(min=0)
    return (x - np.take_along_axis(over, last, 1)).clip(min=0)


def grouped(f: Callable[[Array], Array]) -> Run:
    def run(op: Op, xs: list[Array], w: list[Array]) -> Array:
        sizes = op.settings["sizes"]
        return np.concatenate([f(x) for x in np.split(xs[0], [*accumulate(sizes)][:-1], 1)], 1)

    return run


def norm(op: Op, xs: list[Array], w: list[Array]) -> Array:
    length = np.linalg.norm(xs[0], op.settings["p"], 1, keepdims=True)
    return xs[0] / np.maximum(length, xs[0].dtype.type(op.settings["eps"]))


def standard(op: Op, xs: list[Array], w: list[Array]) -> Array:
    def whiten(x: Array) -> Array:
        off = x - x.mean(1, keepdims=True)
        return off / np.sqrt(np.square(off).mean(1, keepdims=True) + x.dtype.type(op.settings["eps"]))

    return by_row(xs[0], whiten, op.settings["size"])


def scale(op: Op, xs: list[Array], w: list[Array]) -> Array:
    a, c, b = w
    return by_row(xs[0], lambda x: a * (x - c) + b, max(map(len, w)))


def clip(op: Op, xs: list[Array], w: list[Array]) -> Array:
    return xs[0].clip(op.settings.get("low"), op.settings.get("high"))


def pointwise(f: Callable[[Array], Array]) -> Run:
    return lambda op, xs, w: np.asarray(f(xs[0]), dtype=xs[0].dtype)


RUN: dict[str, Run] = {
    "affine": affine,
    "conv": conv,
    "scale": scale,
    "take": take,
    "join": lambda op, xs, w: np.concatenate(xs, 1),
    "add": lambda op, xs, w: np.asarray(sum(xs)),
    "clip": clip,
    "curb": pointwise(lambda x: np.copysign(np.log1p(np.abs(x)), x)),
    "square": pointwise(np.square),
    "silu": pointwise(lambda x: x * expit(x)),
    "gelu": pointwise(lambda x: x * (1 + erf(x * 0.5**0.5)) / 2),
    "sigmoid": pointwise(expit),
    "tanh": pointwise(np.tanh),
    "log": pointwise(np.log),
    "logit": pointwise(lambda x: np.log(x / (1 - x))),
    "tf": pointwise(lambda x: np.where(x > 0, 1 + np.log(np.maximum(x, 1)), 0)),
    "fill": pointwise(lambda x: np.nan_to_num(x, nan=0.0, posinf=1.0, neginf=0.0)),
    "gap": pointwise(np.isnan),
    "softmax": grouped(softmax),
    "simplex": grouped(simplex),
    "norm": norm,
    "standard": standard,
}


# ── how a network is written ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Net:
    """A described layer and its weights, whose names begin with `prefix`."""

    config: dict[str, Any]
    weights: dict[str, Array] = field(repr=False)
    prefix: str = ""

    def w(self, name: str) -> Array:
        return self.weights[self.prefix + name]

    def has(self, name: str) -> bool:
        return self.prefix + name in self.weights

    def within(self, name: str, config: dict[str, Any] | None = None) -> Net:
        """A part of the layer."""
        return Net(config or {}, self.weights, f"{self.prefix}{name}.")

    @property
    def parts(self) -> list[Net]:
        return [self.within(str(i), config) for i, config in enumerate(self.config["parts"])]


@dataclass
class Tape:
    """A program while it is written."""

    dtype: Any
    widths: list[int]
    ops: list[Op]
    tensors: list[Array]

    def layer(self, net: Net, xs: list[Value]) -> list[Value]:
        """The operations of a layer, for one x or for that of each member."""
        name = net.config["layer"]
        if name not in LAYERS:
            raise NotCompiled(net.config.get("class", name))
        return LAYERS[name](self, net, xs)

    def op(self, name: str, *xs: Value, w: Sequence[Any] = (), shape: tuple[int, ...] | None = None, **settings: Any) -> Value:
        """One more operation; the shape of its result is that of x, unless given."""
        y = Value(len(self.widths), xs[0].shape if shape is None else shape)
        self.widths.append(y.width)
        numbers = tuple(range(len(self.tensors), len(self.tensors) + len(w)))
        self.tensors += [np.ascontiguousarray(v, dtype=None if np.asarray(v).dtype.kind == "i" else self.dtype) for v in w]
        self.ops.append(Op(name, tuple(x.register for x in xs), y.register, numbers, settings))
        return y

    def affine(self, xs: Sequence[Value], matrices: Sequence[Array], b: Array | None) -> Value:
        """b + W_1 x_1 + ...; along the last axis."""
        b = np.zeros(len(matrices[0])) if b is None else b
        return self.op("affine", *xs, w=[*matrices, b], shape=(*xs[0].shape[:-1], len(b)))

    def scale(self, x: Value, a: Any = 1.0, c: Any = 0.0, b: Any = 0.0) -> Value:
        return self.op("scale", x, w=[np.ravel(v) for v in (a, c, b)])

    def clip(self, x: Value, low: float | None = None, high: float | None = None) -> Value:
        return self.op("clip", x, **{k: float(v) for k, v in (("low", low), ("high", high)) if v is not None})

    def part(self, x: Value, begin: int, width: int) -> Value:
        """Numbers `begin` to `begin + width`."""
        return x if width == x.width else self.view(x, (width,), (1,), begin)

    def view(self, x: Value, shape: Sequence[int], strides: Sequence[int], begin: int = 0) -> Value:
        view = {"start": begin, "shape": [*shape], "strides": [*strides]}
        return self.op("take", x, shape=tuple(shape), view=view)

    def take(self, x: Value, index: Any) -> Value:
        """These numbers of x; 0 for -1."""
        index = np.asarray(index, dtype=np.int32)
        return x if np.array_equal(index, np.arange(x.width)) else self.op("take", x, w=[index], shape=(len(index),))

    def join(self, xs: Sequence[Value]) -> Value:
        return xs[0] if len(xs) == 1 else self.op("join", *xs, shape=(sum(x.width for x in xs),))

    def add(self, *xs: Value) -> Value:
        return self.op("add", *xs)

    def mean(self, xs: Sequence[Value]) -> Value:
        return xs[0] if len(xs) == 1 else self.scale(self.add(*xs), 1 / len(xs))

    def put(self, x: Value, places: Sequence[tuple[Sequence[int], Value]]) -> Value:
        """x, with other numbers in some places."""
        index, begin = np.arange(x.width), x.width
        for where, new in places:
            index[[*where]] = begin + np.arange(new.width)
            begin += new.width
        if all(index >= x.width):  # nothing of x is left
            return self.take(self.join([new for _, new in places]), index - x.width)
        return self.take(self.join([x, *(new for _, new in places)]), index)

    def conv(self, x: Value, net: Net, stride: int = 1, same: bool = False) -> Value:
        """A convolution whose kernel's middle is at each pixel; `same`: padded as in TensorFlow."""
        w = net.w("weight")
        (c, *sides), k = x.shape, w.shape[2]
        out = [-(-n // stride) for n in sides]
        more = [max(0, (m - 1) * stride + k - n) for n, m in zip(sides, out, strict=True)]
        before = [n // 2 for n in more] if same else [k // 2] * 2
        pads = [*before, *(n - b for n, b in zip(more, before, strict=True))]
        b = net.w("bias") if net.has("bias") else np.zeros(len(w))
        settings = {"picture": [*x.shape], "stride": stride, "pads": pads, "groups": c // w.shape[1]}
        return self.op("conv", x, w=[w, b], shape=(len(w), *out), **settings)

    def relu(self, x: Value) -> Value:
        return self.clip(x, 0)


Rule = Callable[[Tape, Net, list[Value]], list[Value]]
One = Callable[[Tape, Net, Value], Value]
LAYERS: dict[str, Rule] = {}


def layer(*names: str) -> Callable[[Rule], Rule]:
    """The rule of a layer: what its members see -> what they give."""

    def listed(rule: Rule) -> Rule:
        LAYERS.update(dict.fromkeys(names, rule))
        return rule

    return listed


def each(*names: str) -> Callable[[One], One]:
    """The rule of a layer that knows no members: it is applied to each by itself."""

    def listed(rule: One) -> One:
        layer(*names)(lambda tape, net, xs: shared(xs, lambda x: rule(tape, net, x)))
        return rule

    return listed


def shared(xs: list[Value], f: Callable[[Value], Value]) -> list[Value]:
    """f of each member's x; once, if they see the same."""
    found = {x: f(x) for x in dict.fromkeys(xs)}
    return [found[x] for x in xs]


def for_each(xs: list[Value], members: int) -> list[Value]:
    """The same x for all members, or x of as many equal groups of them."""
    return [x for x in xs for _ in range(members // len(xs))]


def flat(net: Net, x: Value) -> Value:
    """Layers of rows do not take pictures."""
    if len(x.shape) != 1:
        raise NotCompiled(f"{net.config['layer']} of a picture {x.shape}")
    return x


# ── the rules: torch's layers ────────────────────────────────────────────────────────────────────────────────────────


@layer("Sequential", "PretrainedEncoder")
def sequential(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    for part in net.parts:
        xs = tape.layer(part, xs)
    return xs


@each("Linear")
def linear(tape: Tape, net: Net, x: Value) -> Value:
    return tape.affine([x], [net.w("weight")], net.w("bias") if net.has("bias") else None)


@each("LayerNorm")
def layer_norm(tape: Tape, net: Net, x: Value) -> Value:
    eps = net.config.get("eps", 1e-5)
    y = tape.op("standard", x, size=prod(net.config["normalized_shape"]), eps=eps)
    return tape.scale(y, net.w("weight"), b=net.w("bias") if net.has("bias") else 0.0) if net.has("weight") else y


@each("Identity", "Dropout", "Drop")
def identity(tape: Tape, net: Net, x: Value) -> Value:
    return x


@each("Flatten")
def flatten(tape: Tape, net: Net, x: Value) -> Value:
    return Value(x.register, (x.width,))


@each("SiLU", "GELU", "Tanh", "Sigmoid")
def activation(tape: Tape, net: Net, x: Value) -> Value:
    return tape.op(net.config["layer"].lower(), x)


@each("ReLU")
def relu(tape: Tape, net: Net, x: Value) -> Value:
    return tape.relu(x)


# ── rows (dense.py, numeric.py, text.py, links.py) ───────────────────────────────────────────────────────────────────


@each("MissingIndicator")
def missing_indicator(tape: Tape, net: Net, x: Value) -> Value:
    filled, watched = tape.op("fill", x), net.config["watched"]
    return tape.join([filled, tape.op("gap", tape.take(x, watched))]) if watched else filled


def curbed(tape: Tape, net: Net, x: Value) -> Value:
    """g((x - c) / s)."""
    return tape.op("curb", tape.scale(x, 1 / net.w("s"), net.w("c")))


@each("SkipMLP")
def skip_mlp(tape: Tape, net: Net, x: Value) -> Value:
    straight, curve = net.within("straight"), net.within("curve")
    if not net.config["hidden"]:
        return linear(tape, straight, x)
    h, step = curbed(tape, net, flat(net, x)), 3 if net.config["dropout"] else 2
    for i in range(len(net.config["hidden"])):
        h = tape.op("silu", linear(tape, curve.within(str(step * i)), h))
    return beside(tape, straight, x, curve.within(str(step * len(net.config["hidden"]))), h)


def beside(tape: Tape, straight: Net, x: Value, last: Net, h: Value) -> Value:
    """A x + b + V h + b'."""
    return tape.affine([x, h], [straight.w("weight"), last.w("weight")], straight.w("bias") + last.w("bias"))


@each("PiecewiseLinearEncoding")
def piecewise(tape: Tape, net: Net, x: Value) -> Value:
    counts = net.config["counts"]
    mine = tape.take(flat(net, x), np.repeat(np.arange(len(counts)), counts))
    return tape.join([x, tape.clip(tape.scale(mine, 1 / net.w("s"), net.w("q")), 0, 1)])


@each("TfIdf")
def tf_idf(tape: Tape, net: Net, x: Value) -> Value:
    return tape.op("norm", tape.scale(tape.op("tf", flat(net, x)), net.w("idf")), p=2, eps=1e-12)


@each("Sphere")
def sphere(tape: Tape, net: Net, x: Value) -> Value:
    return tape.scale(tape.op("norm", flat(net, x), p=2, eps=1e-12), x.width**0.5)


@each("Shares")
def shares(tape: Tape, net: Net, x: Value) -> Value:
    t = net.config["smoothing"]
    share = tape.op("norm", tape.scale(tape.clip(x, 0), 1 / net.w("idf")), p=1, eps=1e-12)
    return tape.scale(share, 1 - t, b=t * net.w("prior"))


@each("Link")
def link(tape: Tape, net: Net, x: Value) -> Value:
    yes, levels, words = (net.config[name] for name in ("yes", "levels", "words"))
    least, places = float(np.finfo(tape.dtype).eps), []
    if yes:
        places.append((yes, tape.op("logit", tape.clip(tape.take(x, yes), least, 1 - least))))
    if levels:
        p = tape.op("simplex", tape.take(x, levels), sizes=net.config["sizes"])
        places.append((levels, tape.op("log", tape.clip(p, least))))
    if words:
        share = tape.op("norm", tape.clip(tape.take(x, words), 0), p=1, eps=least)
        places.append((words, tape.scale(tape.op("log", tape.clip(share, least**1.5)), b=np.log(net.w("v")))))
    return tape.put(x, places) if places else x


# ── members side by side (ensemble.py, heads.py) ─────────────────────────────────────────────────────────────────────


def transposed(stacked: Array) -> list[Array]:
    """(K, a, b) -> K matrices (b, a)."""
    return [*stacked.transpose(0, 2, 1)]


def hidden(tape: Tape, net: Net, xs: list[Value], layers: int) -> list[Value]:
    """x -> h_L of each member."""
    h = for_each(shared(xs, lambda x: curbed(tape, net, x)), net.config["members"])
    for i in range(layers):
        w, b = transposed(net.w(f"weights.{i}")), net.w(f"biases.{i}")
        h = [tape.op("silu", tape.affine([x], [w[k]], b[k])) for k, x in enumerate(h)]
    return h


@layer("EnsembleMLP")
def ensemble_mlp(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    h, count = hidden(tape, net, xs, len(net.config["hidden"])), len(net.config.get("straight", ()))
    if not count:
        return h
    w = np.concatenate([net.w(f"straight.{j}") for j in range(count)], 1).T

    def straight(x: Value) -> Value:
        return tape.affine([x if net.config["plain"] else curbed(tape, net, x)], [w], None)

    return [tape.join(both) for both in zip(h, for_each(shared(xs, straight), len(h)), strict=True)]


@layer("EnsembleSkipMLP")
def ensemble_skip_mlp(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    x, a, b, count = for_each(xs, net.config["members"]), transposed(net.w("a")), net.w("b"), len(net.config["hidden"])
    if not count:
        return [tape.affine([own], [a[k]], b[k]) for k, own in enumerate(x)]
    h, v, c = hidden(tape, net, xs, count), transposed(net.w(f"weights.{count}")), net.w(f"biases.{count}")
    return [tape.affine([x[k], h[k]], [a[k], v[k]], b[k] + c[k]) for k in range(len(x))]


@layer("EnsembleScaler")
def ensemble_scaler(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    return for_each(shared(xs, lambda x: tape.scale(x, 1 / net.w("s"), net.w("c"))), net.config["members"])


@layer("ConcatHidden")
def concat_hidden(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    return [tape.join(both) for both in zip(xs, ensemble_mlp(tape, net.within("tower", net.config), xs), strict=True)]


@layer("ModuleEnsemble")
def module_ensemble(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    return [tape.layer(part, [x])[0] for part, x in zip(net.parts, for_each(xs, len(net.parts)), strict=True)]


@layer("ConcatEnsembles")
def concat_ensembles(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    kinds = [(code_width(part.parts[-1].config), tape.layer(part, xs)) for part in net.parts]
    m, j = max(w for w, _ in kinds), max(zs[0].width - w for w, zs in kinds)
    return [tape.take(z, [*padded(0, w, m), *padded(w, z.width - w, j)]) for w, zs in kinds for z in zs]


def code_width(last: dict[str, Any]) -> int:
    """m, of a member's last layer."""
    hidden = last["hidden"][-1] if "hidden" in last else last["m"]
    return int(hidden + (last["d"] if last["layer"] == "ConcatHidden" else 0))


def padded(begin: int, width: int, m: int) -> list[int]:
    """m places: `width` numbers, then zeros."""
    return [*range(begin, begin + width), *[-1] * (m - width)]


@layer("Head")
def head(tape: Tape, net: Net, zs: list[Value]) -> list[Value]:
    count, m = len(net.config["blocks"]), net.config["m"]
    v = transposed(np.concatenate([net.w(f"v.{i}") for i in range(count)], -1))
    b = np.concatenate([net.w(f"b.{i}") for i in range(count)], -1)
    raw = [tape.affine([tape.part(z, 0, m)], [v[k]], b[k]) for k, z in enumerate(zs)]
    return [plus_units(tape, y, z, m) for y, z in zip(raw, zs, strict=True)]


def plus_units(tape: Tape, raw: Value, z: Value, m: int) -> Value:
    """The linear units in z = (h, u) belong to the last outputs."""
    units = z.width - m
    return tape.add(raw, tape.take(z, [*[-1] * (raw.width - units), *range(m, z.width)])) if units else raw


@layer("PerLabelHead")
def per_label_head(tape: Tape, net: Net, zs: list[Value]) -> list[Value]:
    k, m = net.config["k"], net.config["m"]
    rows = head(tape, net.within("head", {"blocks": [1], "m": m}), [tape.part(z, 0, m) for z in zs])
    first = range(0, len(zs), k)
    return [plus_units(tape, tape.join(rows[i : i + k]), zs[i], m) for i in first]


# ── pictures (convolution.py, efficientnet.py) ───────────────────────────────────────────────────────────────────────


@each("Unflat")
def unflat(tape: Tape, net: Net, x: Value) -> Value:
    return Value(x.register, tuple(net.config["shape"]))


def block(tape: Tape, net: Net, h: Value) -> Value:
    """A residual block."""
    return tape.add(h, tape.conv(tape.relu(tape.conv(h, net.within("a"))), net.within("b")))


@each("ConvFeatures")
def conv_features(tape: Tape, net: Net, x: Value) -> Value:
    h, i = Value(x.register, tuple(net.config["shape"])), 1
    while net.has(f"{i}.conv.weight"):
        h = tape.relu(tape.conv(h, net.within(f"{i}.conv"), stride=2))
        h, i = block(tape, net.within(str(i + 1)), h), i + 2
    return flatten(tape, net, tape.relu(h))


@each("ConvEncoder")
def conv_encoder(tape: Tape, net: Net, x: Value) -> Value:
    h = conv_features(tape, net.within("curve.0", net.config), curbed(tape, net, x))
    return beside(tape, net.within("straight"), x, net.within("curve.1"), h)


@each("ConvDecoder")
def conv_decoder(tape: Tape, net: Net, z: Value) -> Value:
    side, curve = net.config["shape"][1:], net.within("curve")
    ups = [*takewhile(lambda i: curve.has(f"{i}.conv.weight"), from_on(4, 2))]
    sizes = [side]  # halved at each step of the encoder
    for _ in range(len(ups) + 1):
        sizes.append([(n + 1) // 2 for n in sizes[-1]])
    h = tape.relu(linear(tape, curve.within("0"), curbed(tape, net, z)))
    small = h.width // prod(sizes[-1]), *sizes[-1]
    h = block(tape, curve.within("3"), Value(h.register, small))
    for i, size in zip(ups, sizes[-2:0:-1], strict=True):
        h = tape.relu(tape.conv(doubled(tape, h, size), curve.within(f"{i}.conv")))
        h = block(tape, curve.within(str(i + 1)), h)
    rise = tape.conv(h, curve.within(f"{4 + 2 * len(ups)}.rise"))
    curved = cropped(tape, shuffled(tape, rise, 2), side)
    return tape.add(linear(tape, net.within("straight"), z), flatten(tape, net, curved))


def doubled(tape: Tape, x: Value, size: Sequence[int]) -> Value:
    """(c, h, w) -> twice as large, each pixel four times, cropped to `size`."""
    c, h, w = x.shape
    twice = tape.view(x, (c, h, 2, w, 2), (h * w, w, 0, 1, 0))
    return cropped(tape, Value(twice.register, (c, 2 * h, 2 * w)), size)


def shuffled(tape: Tape, x: Value, s: int) -> Value:
    """(c s^2, h, w) -> (c, s h, s w)."""
    c, h, w = x.shape[0] // s**2, *x.shape[1:]
    y = tape.view(x, (c, h, s, w, s), (s * s * h * w, w, s * h * w, 1, h * w))
    return Value(y.register, (c, s * h, s * w))


def cropped(tape: Tape, x: Value, size: Sequence[int]) -> Value:
    c, h, w = x.shape
    return x if (h, w) == tuple(size) else tape.view(x, (c, *size), (h * w, w, 1))


SECOND = (1, 3, 5, 11)  # blocks of EfficientNet-Lite0 that halve the size


@each("Lite0")
def lite0(tape: Tape, net: Net, x: Value) -> Value:
    c, *size = x.shape
    h = resized(tape, x, [round(net.config["side"] / min(size) * n) for n in size])
    h = tape.scale(h, 255 / 128, b=-127 / 128)
    h = h if c == 3 else tape.view(h, (3, *h.shape[1:]), (0, h.shape[2], 1))
    h, i = relu6(tape, tape.conv(h, net.within("first"), 2, same=True)), 0
    while net.has(f"blocks.{i}.steps.1.weight"):
        h, i = bottleneck(tape, net.within(f"blocks.{i}.steps"), h, 2 if i in SECOND else 1), i + 1
    h = relu6(tape, tape.conv(h, net.within("last"), same=True))
    places = prod(h.shape[1:])
    mean = tape.affine([Value(h.register, (h.shape[0], places))], [np.full((1, places), 1 / places)], None)
    return flatten(tape, net, mean)


def bottleneck(tape: Tape, net: Net, x: Value, stride: int) -> Value:
    h, *steps = x, *[net.within(str(i)) for i in range(3) if net.has(f"{i}.weight")]
    for step in steps[:-1]:
        h = relu6(tape, tape.conv(h, step, stride if step is steps[-2] else 1, same=True))
    h = tape.conv(h, steps[-1], same=True)
    return tape.add(x, h) if h.shape == x.shape and stride == 1 else h


def relu6(tape: Tape, x: Value) -> Value:
    return tape.clip(x, 0, 6)


def resized(tape: Tape, x: Value, size: Sequence[int]) -> Value:
    """Antialiased bilinear interpolation: first along the rows, then along the columns."""
    for n in reversed(size):
        x = tape.affine([x], [smoothing(x.shape[-1], n)], None) if x.shape[-1] != n else x
        c, h, w = x.shape
        x = tape.view(x, (c, w, h), (h * w, 1, w))
    return x


def smoothing(n: int, m: int) -> Array:
    """(m, n): each of m new pixels as a mean of n old ones.

    >>> smoothing(4, 2).tolist()
    [[0.375, 0.375, 0.25, 0.0], [0.0, 0.25, 0.375, 0.375]]
    """
    wide = max(n / m, 1.0)
    center = (np.arange(m)[:, None] + 0.5) * n / m
    w = np.clip(1 - np.abs(np.arange(n) + 0.5 - center) / wide, 0, None)
    return w / w.sum(1, keepdims=True)


# ── what a loss predicts from raw outputs (losses.py) ────────────────────────────────────────────────────────────────

Predict = Callable[["Tape", Any, Value], Value]
LINKS: dict[str, Predict | None] = {  # None: raw
    **dict.fromkeys(("Squared", "Absolute", "LogSquared")),
    **dict.fromkeys(("Bounded", "Logistic", "Asymmetric"), lambda tape, loss, raw: tape.op("sigmoid", raw)),
    "Softmax": lambda tape, loss, raw: tape.op("softmax", raw, sizes=[*loss.sizes]),
    "Multinomial": lambda tape, loss, raw: multinomial(tape, loss, raw),
    "Columns": lambda tape, loss, raw: columns(tape, loss, raw),
}


def predict_of(loss: Any) -> Predict | None:
    name = type(loss).__name__
    if name not in LINKS:
        raise NotCompiled(f"the loss {name}")
    return LINKS[name]


def predicted(tape: Tape, loss: Any, raw: Value) -> Value:
    predict = predict_of(loss)
    return predict(tape, loss, raw) if predict else raw


def multinomial(tape: Tape, loss: Any, raw: Value) -> Value:
    shifted = tape.scale(raw, c=np.log(loss.weights)) if loss.weights else raw
    return tape.op("softmax", shifted, sizes=[raw.width])


def columns(tape: Tape, loss: Any, raw: Value) -> Value:
    """Each part from its features; those that are predicted as they are stay where they are."""
    parts = [part for part in loss.parts if predict_of(part.loss)]
    new = [(part.features, predicted(tape, part.loss, tape.take(raw, part.features))) for part in parts]
    return tape.put(raw, new) if new else raw
