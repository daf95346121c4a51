"""What each layer of the vocabulary (nets/vocabulary.py) is as a program: operations on what its members see.

:data:`LAYERS` says it of layers, :data:`LINKS` of what a loss predicts from raw outputs. A rule takes one value for each
member, or one that all see, and gives one for each. Weights have the names of torch's ``state_dict``; torch is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .tape import NotCompiled, Tape, Value

if TYPE_CHECKING:
    from ..losses import Loss

__all__ = ["LAYERS", "LINKS", "Net", "predicted", "written_on"]


@dataclass(frozen=True)
class Net:
    """A described layer and its weights, whose names begin with `prefix`."""

    config: dict[str, Any]
    weights: dict[str, np.ndarray] = field(repr=False)
    prefix: str = ""

    def __getitem__(self, name: str) -> np.ndarray:
        return self.weights[self.prefix + name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.weights.get(self.prefix + name, default)

    def __contains__(self, name: str) -> bool:
        return self.prefix + name in self.weights

    def within(self, name: str, config: dict[str, Any] | None = None) -> Net:
        """A part of the layer."""
        return Net(config or {}, self.weights, f"{self.prefix}{name}.")

    @property
    def parts(self) -> list[Net]:
        return [self.within(str(i), config) for i, config in enumerate(self.config["parts"])]


Rule = Callable[[Tape, Net, list[Value]], list[Value]]
One = Callable[[Tape, Net, Value], Value]
LAYERS: dict[str, Rule] = {}


def written_on(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    """The operations of a layer."""
    name = net.config["layer"]
    if name not in LAYERS:
        raise NotCompiled(net.config.get("class", name))
    return LAYERS[name](tape, net, xs)


def layer(*names: str) -> Callable[[Rule], Rule]:
    """The rule of a layer of members."""

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
    """f of each member's x; once for those that see the same."""
    found = {x: f(x) for x in dict.fromkeys(xs)}
    return [found[x] for x in xs]


def for_each(xs: list[Value], members: int) -> list[Value]:
    """The same x for all members, or x of as many equal groups of them."""
    return [x for x in xs for _ in range(members // len(xs))]


def row(net: Net, x: Value) -> Value:
    """x, if it is no picture."""
    if len(x.shape) != 1:
        raise NotCompiled(f"{net.config['layer']} of pictures")
    return x


# ── torch's own ──────────────────────────────────────────────────────────────────────────────────────────────────────


@layer("Sequential", "PretrainedEncoder")
def sequential(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    for part in net.parts:
        xs = written_on(tape, part, xs)
    return xs


@each("Linear")
def linear(tape: Tape, net: Net, x: Value) -> Value:
    return tape.affine([x], [net["weight"]], net.get("bias"))


@each("LayerNorm")
def layer_norm(tape: Tape, net: Net, x: Value) -> Value:
    y = tape.op("standard", x, size=prod(net.config["normalized_shape"]), eps=net.config.get("eps", 1e-5))
    return tape.scale(y, net["weight"], b=net.get("bias", 0.0)) if "weight" in net else y


@each("Identity", "Dropout", "Drop")
def identity(tape: Tape, net: Net, x: Value) -> Value:
    return x


@each("Flatten")
def flatten(tape: Tape, net: Net, x: Value) -> Value:
    return x.shaped(x.width)


@each("SiLU", "Tanh", "Sigmoid")
def activation(tape: Tape, net: Net, x: Value) -> Value:
    return tape.op(net.config["layer"].lower(), x)


@each("GELU")
def gelu(tape: Tape, net: Net, x: Value) -> Value:
    if net.config.get("approximate", "none") != "none":
        raise NotCompiled(f"GELU({net.config['approximate']!r})")
    return tape.op("gelu", x)


@each("ReLU")
def relu(tape: Tape, net: Net, x: Value) -> Value:
    return tape.relu(x)


# ── rows: dense.py, numeric.py, text.py, links.py ────────────────────────────────────────────────────────────────────


@each("MissingIndicator")
def missing_indicator(tape: Tape, net: Net, x: Value) -> Value:
    filled, watched = tape.op("fill", x), net.config["watched"]
    return tape.join([filled, tape.op("gap", tape.take(x, watched))]) if watched else filled


def curbed(tape: Tape, net: Net, x: Value) -> Value:
    """g((x - c) / s)."""
    return tape.op("curb", tape.scale(x, 1 / net["s"], net["c"]))


def both_paths(tape: Tape, net: Net, x: Value, last: Net, h: Value) -> Value:
    """A x + V h + (a + b)."""
    straight = net.within("straight")
    return tape.affine([x, h], [straight["weight"], last["weight"]], straight["bias"] + last["bias"])


@each("SkipMLP")
def skip_mlp(tape: Tape, net: Net, x: Value) -> Value:
    if not (layers := len(net.config["hidden"])):
        return linear(tape, net.within("straight"), row(net, x))
    h, step = curbed(tape, net, row(net, x)), 3 if net.config["dropout"] else 2
    for i in range(layers):
        h = tape.op("silu", linear(tape, net.within(f"curve.{step * i}"), h))
    return both_paths(tape, net, x, net.within(f"curve.{step * layers}"), h)


@each("PiecewiseLinearEncoding")
def piecewise_linear(tape: Tape, net: Net, x: Value) -> Value:
    counts = net.config["counts"]
    mine = tape.take(row(net, x), np.repeat(np.arange(len(counts)), counts))
    return tape.join([x, tape.clip(tape.scale(mine, 1 / net["s"], net["q"]), 0, 1)])


@each("Calendar")
def calendar(tape: Tape, net: Net, x: Value) -> Value:
    mine = tape.take(row(net, x), net.config["feature"])
    return tape.join([x, tape.op("turn", mine, w=[net["a"], net["b"], *net.get("bend", ())])])


@each("TfIdf")
def tf_idf(tape: Tape, net: Net, x: Value) -> Value:
    return tape.op("norm", tape.scale(tape.op("tf", row(net, x)), net["idf"]), p=2, eps=1e-12)


@each("Sphere")
def sphere(tape: Tape, net: Net, x: Value) -> Value:
    return tape.scale(tape.op("norm", row(net, x), p=2, eps=1e-12), x.width**0.5)


@each("Shares")
def shares(tape: Tape, net: Net, x: Value) -> Value:
    t = net.config["smoothing"]
    share = tape.op("norm", tape.scale(tape.clip(x, 0), 1 / net["idf"]), p=1, eps=1e-12)
    return tape.scale(share, 1 - t, b=t * net["prior"])


@each("Link")
def link(tape: Tape, net: Net, x: Value) -> Value:
    yes, levels, words = (net.config[name] for name in ("yes", "levels", "words"))
    least, new = float(np.finfo(tape.dtype).eps), []
    if yes:
        new.append((yes, tape.op("logit", tape.clip(tape.take(x, yes), least, 1 - least))))
    if levels:
        p = tape.op("simplex", tape.take(x, levels), sizes=net.config["sizes"])
        new.append((levels, tape.op("log", tape.clip(p, least))))
    if words:
        share = tape.op("norm", tape.clip(tape.take(x, words), 0), p=1, eps=least)
        new.append((words, tape.scale(tape.op("log", tape.clip(share, least**1.5)), b=np.log(net["v"]))))
    return tape.put(x, new) if new else x


# ── members side by side: ensemble.py, heads.py ──────────────────────────────────────────────────────────────────────


def transposed(stacked: np.ndarray) -> list[np.ndarray]:
    """(K, a, b) -> K matrices (b, a)."""
    return [*stacked.transpose(0, 2, 1)]


def hidden(tape: Tape, net: Net, xs: list[Value], layers: int) -> list[Value]:
    """x -> h_L of each member."""
    h = for_each(shared(xs, lambda x: curbed(tape, net, x)), net.config["members"])
    for i in range(layers):
        w, b = transposed(net[f"weights.{i}"]), net[f"biases.{i}"]
        h = [tape.op("silu", tape.affine([x], [w[k]], b[k])) for k, x in enumerate(h)]
    return h


@layer("EnsembleMLP")
def ensemble_mlp(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    h, units = hidden(tape, net, xs, len(net.config["hidden"])), len(net.config.get("straight", ()))
    if not units:
        return h
    w = np.concatenate([net[f"straight.{j}"] for j in range(units)], 1).T

    def straight(x: Value) -> Value:
        return tape.affine([x if net.config["plain"] else curbed(tape, net, x)], [w], None)

    return [tape.join(both) for both in zip(h, for_each(shared(xs, straight), len(h)), strict=True)]


@layer("EnsembleSkipMLP")
def ensemble_skip_mlp(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    x, a, b, layers = for_each(xs, net.config["members"]), transposed(net["a"]), net["b"], len(net.config["hidden"])
    if not layers:
        return [tape.affine([x[k]], [a[k]], b[k]) for k in range(len(x))]
    h, v, c = hidden(tape, net, xs, layers), transposed(net[f"weights.{layers}"]), net[f"biases.{layers}"]
    return [tape.affine([x[k], h[k]], [a[k], v[k]], b[k] + c[k]) for k in range(len(x))]


@layer("EnsembleScaler")
def ensemble_scaler(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    return for_each(shared(xs, lambda x: tape.scale(x, 1 / net["s"], net["c"])), net.config["members"])


@layer("ConcatHidden")
def concat_hidden(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    h = ensemble_mlp(tape, net.within("tower", net.config), xs)
    return [tape.join(both) for both in zip(xs, h, strict=True)]


@layer("ModuleEnsemble")
def module_ensemble(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    return [z for part, x in zip(net.parts, for_each(xs, len(net.parts)), strict=True) for z in written_on(tape, part, [x])]


@layer("ConcatEnsembles")
def concat_ensembles(tape: Tape, net: Net, xs: list[Value]) -> list[Value]:
    kinds = [(code_width(part.parts[-1].config), written_on(tape, part, xs)) for part in net.parts]
    m, j = max(w for w, _ in kinds), max(zs[0].width - w for w, zs in kinds)
    return [tape.take(z, [*padded(0, w, m), *padded(w, z.width - w, j)]) for w, zs in kinds for z in zs]


def code_width(last: dict[str, Any]) -> int:
    """m, of a member's last layer."""
    if "hidden" not in last:
        return int(last["m"])
    return int(last["hidden"][-1] + (last["d"] if last["layer"] == "ConcatHidden" else 0))


def padded(start: int, width: int, m: int) -> list[int]:
    """m places: `width` numbers, then zeros."""
    return [*range(start, start + width), *[-1] * (m - width)]


@layer("Head")
def head(tape: Tape, net: Net, zs: list[Value]) -> list[Value]:
    m, blocks = net.config["m"], range(len(net.config["blocks"]))
    v = transposed(np.concatenate([net[f"v.{i}"] for i in blocks], -1))
    b = np.concatenate([net[f"b.{i}"] for i in blocks], -1)
    raw = [tape.affine([tape.part(z, 0, m)], [v[k]], b[k]) for k, z in enumerate(zs)]
    return [plus_units(tape, y, z, m) for y, z in zip(raw, zs, strict=True)]


def plus_units(tape: Tape, raw: Value, z: Value, m: int) -> Value:
    """The linear units in z = (h, u) belong to the last outputs."""
    units = z.width - m
    return tape.add(raw, tape.take(z, [*[-1] * (raw.width - units), *range(m, z.width)])) if units else raw


@layer("PerLabelHead")
def per_label_head(tape: Tape, net: Net, zs: list[Value]) -> list[Value]:
    k, m = net.config["k"], net.config["m"]
    each = head(tape, net.within("head", {"m": m, "blocks": [1]}), [tape.part(z, 0, m) for z in zs])
    return [plus_units(tape, tape.join(each[i : i + k]), zs[i], m) for i in range(0, len(zs), k)]


# ── pictures: convolution.py, efficientnet.py ────────────────────────────────────────────────────────────────────────


@each("Unflat")
def unflat(tape: Tape, net: Net, x: Value) -> Value:
    return row(net, x).shaped(*net.config["shape"])


def convolved(tape: Tape, net: Net, x: Value, stride: int = 1, later: bool = False) -> Value:
    return tape.conv(x, net["weight"], net.get("bias"), stride, later)


def block(tape: Tape, net: Net, h: Value) -> Value:
    return tape.add(h, convolved(tape, net.within("b"), tape.relu(convolved(tape, net.within("a"), h))))


@each("ConvFeatures")
def conv_features(tape: Tape, net: Net, x: Value) -> Value:
    h = unflat(tape, net, x)
    for i in parts_of(net, 1):
        residual, down = net.within(f"{i}"), net.within(f"{i}.conv")
        h = block(tape, residual, h) if "a.weight" in residual else tape.relu(convolved(tape, down, h, 2))
    return flatten(tape, net, tape.relu(h))


def parts_of(net: Net, first: int) -> list[int]:
    """Numbers of the convolutions that change the size, and of the blocks between them."""
    return [*takewhile(lambda i: f"{i}.conv.weight" in net or f"{i}.a.weight" in net, count(first))]


@each("ConvEncoder")
def conv_encoder(tape: Tape, net: Net, x: Value) -> Value:
    h = conv_features(tape, net.within("curve.0", net.config), tape.scale(row(net, x), 1 / net["s"], net["c"]))
    return both_paths(tape, net, x, net.within("curve.1"), h)


@each("ConvDecoder")
def conv_decoder(tape: Tape, net: Net, z: Value) -> Value:
    curve, sizes = net.within("curve"), [net.config["shape"][1:]]
    parts = parts_of(curve, 3)
    while len(sizes) < 2 + sum(f"{i}.conv.weight" in curve for i in parts):  # halved as often as by an encoder
        sizes.append([(n + 1) // 2 for n in sizes[-1]])
    h = tape.relu(linear(tape, curve.within("0"), curbed(tape, net, row(net, z))))
    h = h.shaped(h.width // prod(sizes[-1]), *sizes.pop())
    for i in parts:
        residual, up = curve.within(f"{i}"), curve.within(f"{i}.conv")
        h = block(tape, residual, h) if "a.weight" in residual else doubled(tape, up, h, sizes.pop())
    curved = tape.cut(tape.shuffled(convolved(tape, curve.within(f"{3 + len(parts)}.rise"), h), 2), sizes[0])
    return tape.add(linear(tape, net.within("straight"), z), curved.shaped(curved.width))


def doubled(tape: Tape, net: Net, h: Value, size: Sequence[int]) -> Value:
    if net["weight"].shape[-1] == 3:  # else by single pixels
        return tape.relu(convolved(tape, net, tape.doubled(h, size)))
    return tape.cut(tape.shuffled(tape.relu(convolved(tape, net, h)), 2), size)


HALVING = (1, 3, 5, 11)  # the blocks of Lite0 with a stride of 2


@each("Lite0")
def lite0(tape: Tape, net: Net, x: Value) -> Value:
    c, *size = x.shape
    x = tape.resized(x, [round(net.config["side"] / min(size) * n) for n in size])
    x = tape.scale(x, 255 / 128, b=-127 / 128)
    x = x if c == 3 else tape.view(x, (3, *x.shape[1:]), (0, x.shape[2], 1))
    h = relu6(tape, convolved(tape, net.within("first"), x, 2, later=True))
    for i in takewhile(lambda i: f"blocks.{i}.steps.0.weight" in net, count()):
        h = bottleneck(tape, net.within(f"blocks.{i}.steps"), h, 2 if i in HALVING else 1)
    h = relu6(tape, convolved(tape, net.within("last"), h, later=True))
    places = prod(h.shape[1:])
    return flatten(tape, net, tape.affine([h.shaped(h.shape[0], places)], [np.full((1, places), 1 / places)], None))


def bottleneck(tape: Tape, net: Net, x: Value, stride: int) -> Value:
    h, *steps = x, *[net.within(f"{i}") for i in range(3) if f"{i}.weight" in net]
    for step in steps[:-1]:
        h = relu6(tape, convolved(tape, step, h, stride if step is steps[-2] else 1, later=True))
    h = convolved(tape, steps[-1], h, later=True)
    return tape.add(x, h) if stride == 1 and h.shape == x.shape else h


def relu6(tape: Tape, x: Value) -> Value:
    return tape.clip(x, 0, 6)


# ── losses.py ────────────────────────────────────────────────────────────────────────────────────────────────────────

Predict = Callable[[Tape, Any, Value], Value]


def predicted(tape: Tape, loss: Loss, raw: Value) -> Value:
    """``loss.predict(raw)``."""
    predict = predict_of(loss)
    return predict(tape, loss, raw) if predict else raw


def predict_of(loss: Loss) -> Predict | None:
    name = type(loss).__name__
    if name not in LINKS:
        raise NotCompiled(f"the loss {name}")
    return LINKS[name]


def probability(tape: Tape, loss: Any, raw: Value) -> Value:
    return tape.op("sigmoid", raw)


def clipped(tape: Tape, loss: Any, raw: Value) -> Value:
    return tape.clip(raw, low=0.0, high=1.0)


def levels(tape: Tape, loss: Any, raw: Value) -> Value:
    return tape.op("softmax", raw, sizes=[*loss.sizes])


def words(tape: Tape, loss: Any, raw: Value) -> Value:
    shifted = tape.scale(raw, c=np.log(loss.weights)) if loss.weights else raw
    return tape.op("softmax", shifted, sizes=[raw.width])


def columns(tape: Tape, loss: Any, raw: Value) -> Value:
    """Each part from its own features; those that are predicted as they are stay where they are."""
    parts = [part for part in loss.parts if predict_of(part.loss)]
    new = [(part.features, predicted(tape, part.loss, tape.take(raw, part.features))) for part in parts]
    return tape.put(raw, new) if new else raw


LINKS: dict[str, Predict | None] = {
    **dict.fromkeys(("Squared", "Absolute", "LogSquared")),  # raw
    **dict.fromkeys(("Bounded", "Logistic", "Asymmetric"), probability),
    "Clipped": clipped,
    "Softmax": levels,
    "Multinomial": words,
    "Columns": columns,
}
