r"""A network as a list of operations on numbers, which needs no torch: NumPy runs it here, and a page in the browser.

    register 0 = x (n, d),     register y = op(registers x_1, x_2, ...; w)  for each operation,     outputs = some registers

operations.py has the operations, layers.py says which of them each layer is. A program is made of a network as
nets/vocabulary.py describes it and of its weights, as a file holds them. An ensemble has an output for each member, until
their ``mean`` is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .layers import Net, predicted, written_on
from .operations import RUN, Op
from .tape import NotCompiled, Tape, Value

__all__ = ["NotCompiled", "Program", "Tensors", "compiled", "start"]

AT_ONCE = 1 << 17  # numbers in the largest register, when NumPy runs many rows: they stay in the cache


@dataclass(frozen=True)
class Program:
    """Operations on rows; most methods give a longer program.

    Parameters
    ----------
    dtype : dtype
        Precision of the arithmetic.
    widths : tuple of int
        How many numbers each register holds; register 0 is the input.
    outputs : tuple of Value
        The registers of the results: one for each member of an ensemble.
    ops : tuple of Op
    tensors : tuple of ndarray
        The weights.

    Examples
    --------
    >>> weights = {"weight": np.array([[1.0, 2.0]]), "bias": np.array([3.0])}
    >>> compiled({"layer": "Linear"}, weights, 2).run([[1.0, 1.0], [0.0, 0.5]])
    array([[6.],
           [4.]], dtype=float32)
    """

    dtype: Any
    widths: tuple[int, ...]
    outputs: tuple[Value, ...]
    ops: tuple[Op, ...] = field(default=(), repr=False)
    tensors: tuple[np.ndarray, ...] = field(default=(), repr=False)

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

    def run(self, x: Any) -> np.ndarray:
        """x (n, d) -> (n, out)."""
        x = np.asarray(x, dtype=self.dtype)
        if x.ndim != 2 or x.shape[1] != self.widths[0]:
            raise ValueError(f"x has the shape {x.shape}: rows (n, {self.widths[0]}) are needed")
        piece = max(1, AT_ONCE // max(self.widths))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return np.concatenate([self._run(x[i : i + piece]) for i in range(0, max(1, len(x)), piece)])

    def _run(self, x: np.ndarray) -> np.ndarray:
        registers, last, y = {0: x}, {r: op.y for op in self.ops for r in op.x}, self.output.register
        for op in self.ops:
            registers[op.y] = RUN[op.name](op, [registers[r] for r in op.x], [self.tensors[w] for w in op.w])
            for r in {r for r in op.x if last[r] == op.y and r != y}:  # no operation needs it any more
                del registers[r]
        return registers[y]

    def json(self, tensors: Tensors, dtype: str | None = None) -> dict[str, Any]:
        """The program for the page.

        Parameters
        ----------
        tensors : Tensors
            Where the weights go.
        dtype : {"f32", "f16"}, optional
            As which numbers. By default as few bytes as lose nothing: whole numbers as i8, others as f16, else as f32.
        """
        if self.dtype != np.float32:
            raise ValueError(f"dtype={self.dtype}: a page computes in float32; write the network with dtype=np.float32")
        numbers = [tensors.add(w, "i32" if w.dtype.kind == "i" else dtype or smallest(w)) for w in self.tensors]
        ops = [op.json(numbers) for op in self.ops]
        return {"in": self.widths[0], "out": self.output.width, "y": self.output.register, "widths": [*self.widths], "ops": ops}

    # ── longer programs ──────────────────────────────────────────────────────────────────────────────────────────────

    def then(self, loss: Any) -> Program:
        """And what a loss predicts from raw outputs: ``loss.predict`` of each member.

        Raises
        ------
        NotCompiled
            The loss is your own.
        """
        return self._on(lambda tape, xs: [predicted(tape, loss, x) for x in xs])

    def scaled(self, a: Any = 1.0, c: Any = 0.0, b: Any = 0.0) -> Program:
        """And a (y - c) + b of each output y."""
        return self._on(lambda tape, xs: [tape.scale(x, a, c, b) for x in xs])

    def through(self, name: str, **settings: Any) -> Program:
        """And an operation without weights on each output, such as "sigmoid"."""
        return self._on(lambda tape, xs: [tape.op(name, x, **settings) for x in xs])

    def mean(self) -> Program:
        """And the mean of the members."""
        return self._on(lambda tape, xs: [tape.mean(xs)])

    def beside(self) -> Program:
        """And the members side by side: (K, n, k) -> (n, K k)."""
        return self._on(lambda tape, xs: [tape.join(xs)])

    def apart(self, members: int) -> Program:
        """The inverse of :meth:`beside`.

        >>> start(6).apart(2).mean().run([[1, 2, 3, 5, 6, 7]])
        array([[3., 4., 5.]], dtype=float32)
        """
        k, rest = divmod(self.output.width, members)
        if rest:
            raise ValueError(f"members={members}: {self.output.width} numbers do not fall into as many equal parts")
        return self._on(lambda tape, xs: [tape.part(xs[0], i * k, k) for i in range(members)])

    def member(self, k: int) -> Program:
        """One member alone."""
        return replace(self, outputs=(self.outputs[k],))

    def _on(self, rule: Callable[[Tape, list[Value]], list[Value]]) -> Program:
        tape = Tape(self.dtype, [*self.widths], [*self.ops], [*self.tensors])
        outputs = rule(tape, [*self.outputs])
        return Program(self.dtype, tuple(tape.widths), tuple(outputs), tuple(tape.ops), tuple(tape.tensors))


def start(d: int, dtype: Any = np.float32) -> Program:
    """The program without operations: d numbers in, and the same out."""
    return Program(np.dtype(dtype), (d,), (Value(0, (d,)),))


def compiled(described: dict[str, Any], weights: dict[str, np.ndarray], x: int | Program, dtype: Any = np.float32) -> Program:
    """A network as a program.

    Parameters
    ----------
    described : dict
        The network, as :func:`diabolo.nets.describe` describes it.
    weights : dict of ndarray
        Its parameters and buffers, by their names in torch's ``state_dict``.
    x : int or Program
        How many numbers it takes, or the program that gives them.
    dtype : dtype, default=float32
        Precision, if x is a number.

    Raises
    ------
    NotCompiled
        A layer is no program; ``error.name`` is its name.

    Examples
    --------
    >>> compiled({"layer": "custom", "class": "Mine"}, {}, 3)
    Traceback (most recent call last):
    ...
    diabolo.programs.tape.NotCompiled: Mine cannot be written as a program
    """
    before = start(x, dtype) if isinstance(x, int) else x
    return before._on(lambda tape, xs: written_on(tape, Net(described, weights), xs))


# ── for the page ─────────────────────────────────────────────────────────────────────────────────────────────────────

FLOATS = {"f16": "<f2", "f32": "<f4", "f64": "<f8"}
WHOLE = {"i8": "i1", "i16": "<i2", "i32": "<i4", "u8": "u1", "u16": "<u2", "u32": "<u4"}
ALIGNED = 8  # bytes


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
        """Append an array of this type; returns its number in the table.

        Raises
        ------
        ValueError
            A number is beyond the range of the type, or is not whole.
        """
        if dtype not in FLOATS | WHOLE:
            raise ValueError(f"dtype={dtype!r}: allowed are {', '.join(map(repr, FLOATS | WHOLE))}")
        array = np.asarray(array)
        with np.errstate(over="ignore", invalid="ignore"):
            kept = np.asarray(array, dtype=(FLOATS | WHOLE)[dtype], order="C")
        lost = array != kept if dtype in WHOLE else np.isfinite(array) & ~np.isfinite(kept)
        if lost.any():
            raise ValueError(f"dtype={dtype!r} cannot hold {array[lost].flat[0].item()!r}")
        part = kept.tobytes()
        self.table.append({"dtype": dtype, "shape": [*kept.shape], "offset": self._end, "bytes": len(part)})
        self._parts.append(part + bytes(-len(part) % ALIGNED))
        self._end += len(self._parts[-1])
        return len(self.table) - 1

    @property
    def blob(self) -> bytes:
        return b"".join(self._parts)


def smallest(w: np.ndarray) -> str:
    """The smallest type that holds these numbers without loss.

    >>> smallest(np.array([1.0, -127.0])), smallest(np.array([0.5])), smallest(np.array([0.1]))
    ('i8', 'f16', 'f32')
    """
    with np.errstate(over="ignore", invalid="ignore"):
        exact = (name for name, kind in (("i8", np.int8), ("f16", np.float16)) if np.array_equal(w.astype(kind), w))
        return next(exact, "f32")
