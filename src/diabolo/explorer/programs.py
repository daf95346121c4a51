<<<<<<< HEAD
"""What the page computes itself: the halves of the network as programs, and the codec of the columns.

    encoder   x -> z                decoder   z -> e                labels   z -> p
    sheet     e at the nodes of a grid over the map, which the page blends, where the decoder is no program
    remote    a server decodes instead
=======
"""A fitted model as programs, which a page runs (nets/program.py).

    z = encode(x)        e = decode(z)        p = predict(z)

The members of an ensemble stand side by side: z = (z_1, ..., z_K), e and p are their means. What cannot be a program is None,
and `why` names the layer.
>>>>>>> s-kernel
"""

from __future__ import annotations

from collections.abc import Callable
<<<<<<< HEAD
from functools import singledispatch
from typing import Any

import numpy as np

from .. import nets
from ..estimators import Autoencoder, Classifier, MultiLabelClassifier, OutlierDetector
from ..nets.program import NotCompiled, Program, Tensors, compiled, start
from .codec import NotDescribed, described
from .grids import Box, CodesAt, sheet
from .sides import Sides, dtype_of

__all__ = ["computed"]

Trust = Callable[[], dict[str, np.ndarray]]


def computed(
    model: Any, half: Sides, trust: Trust, codes_at: CodesAt, box: Box, tensors: Tensors, remote: bool
) -> dict[str, Any]:
    """The entries of the head from which the page encodes and decodes."""
    programs, why = written(model, tensors)
    asked = remote and half.decode is not None and "decoder" not in programs
    blended = half.decode is not None and "decoder" not in programs and not remote
    return {
        "codec": coded(model, tensors),
        "encoder": programs.get("encoder"),
        "decoder": programs.get("decoder"),
        "labels": labeled(half, programs),
        "sheet": sheet(half.decode, codes_at, box, model.format_.width, dtype_of(model.network_), tensors, why)
        if blended
        else None,
        "remote": asked,
        "why": why,
        "trust": {name: tensors.add(grid, "f32") for name, grid in trust().items()} if half.decode is not None else None,
    }


def labeled(half: Sides, programs: dict[str, Any]) -> dict[str, Any] | None:
    """The labels that the model predicts at a code."""
    return {"names": half.labels, "one": half.one, "program": programs.get("labels")} if half.predict else None


def coded(model: Any, tensors: Tensors) -> dict[str, Any] | None:
    try:
        return described(model.format_, tensors)
    except NotDescribed:
        return None


def written(model: Any, tensors: Tensors) -> tuple[dict[str, Any], str]:
    """The programs of a model by name, and why one of them is missing."""
    found, why = {}, ""
    for name, make in programs(model).items():
        try:
            found[name] = make().json(tensors)
        except NotCompiled as error:
            why = str(error)
    return found, why


@singledispatch
def programs(model: Any) -> dict[str, Callable[[], Program]]:
    """How each program of a model is made."""
    return {}


@programs.register
def _(model: Autoencoder) -> dict[str, Callable[[], Program]]:
    encoder, decoder = halves(model)
    return {
        "encoder": lambda: written_of(encoder, model.format_.width),
        "decoder": lambda: written_of(decoder, model.n_components_).then(model.loss_),
    }


@programs.register
def _(model: OutlierDetector) -> dict[str, Callable[[], Program]]:
    encoder, decoder = halves(model)

    def decode() -> Program:
        z = written_of(encoder, model.format_.width).beside()
        apart = start(z.output.width).apart(model.members_)
        return written_of(decoder, apart).then(model.loss_).mean()

    return {"encoder": lambda: written_of(encoder, model.format_.width).beside(), "decoder": decode}


@programs.register(Classifier)
@programs.register(MultiLabelClassifier)
def _(model: Any) -> dict[str, Callable[[], Program]]:
    encoder, head = halves(model)

    def labels() -> Program:
        members = written_of(encoder, model.format_.width)
        apart = start(members.beside().output.width).apart(len(members.outputs))
        return calibrated(model, written_of(head, apart).mean())

    return {"encoder": lambda: written_of(encoder, model.format_.width).beside(), "labels": labels}


def calibrated(model: Any, raw: Program) -> Program:
    """raw -> the probability of each label."""
    if isinstance(model, Classifier):
        return raw.scaled(np.float32(model.temperature_)).through("softmax", sizes=[raw.output.width])
    a, b = model._platt
    return raw.scaled(a, 0.0, b).through("sigmoid")


def halves(model: Any) -> tuple[Any, Any]:
    return model.network_.encoder, model.network_.decoder


def written_of(module: Any, x: int | Program) -> Program:
    """A module as a program."""
    weights = {name: t.detach().cpu().float().numpy() for name, t in module.state_dict().items()}
    return compiled(nets.describe(module), weights, x)
=======
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from ..estimators import Autoencoder, Classifier, MultiLabelClassifier, OutlierDetector, Regressor
from ..nets import NotCompiled, Program, written
from ..nets.program import start

__all__ = ["Programs", "programs"]


@dataclass(frozen=True)
class Programs:
    """What of a model a page can compute by itself."""

    encode: Program | None = None
    decode: Program | None = None
    predict: Program | None = None
    why: str = ""


@singledispatch
def programs(model: Any) -> Programs:
    """The programs of a fitted model; of other models than those below there are none."""
    return Programs(why=type(model).__name__)


@programs.register
def _(model: Autoencoder) -> Programs:
    net = model.network_
    encode, why = attempted(lambda: written(net.encoder, model.format_.width))
    decode, why_not = attempted(lambda: written(net.decoder, model.n_components_).then(model.loss_))
    return Programs(encode, decode, why=why or why_not)


@programs.register
def _(model: OutlierDetector) -> Programs:
    encode, decode, why = halves(model)
    return Programs(encode, decode and decode.then(model.loss_).mean(), why=why)


@programs.register
def _(model: Classifier) -> Programs:
    encode, raw, why = halves(model)
    predict = raw and raw.mean().scaled(model.temperature_).through("softmax", sizes=[len(model.classes_)])
    return Programs(encode, predict=predict, why=why)


@programs.register
def _(model: Regressor) -> Programs:
    encode, raw, why = halves(model)
    return Programs(encode, predict=raw and raw.mean().scaled(model.scale_, b=model.mean_), why=why)


@programs.register
def _(model: MultiLabelClassifier) -> Programs:
    encode, raw, why = halves(model)
    a, b = model._platt
    p = raw and raw.mean().scaled(a, b=b).through("sigmoid")
    one = model.labels_.kind == "one"  # each row has exactly one label
    return Programs(encode, predict=p and p.through("norm", p=1, eps=0.0) if one else p, why=why)


def halves(model: Any) -> tuple[Program | None, Program | None, str]:
    """Encoder and decoder of an ensemble; z of the members side by side."""
    net = model.network_
    encode, why = attempted(lambda: written(net.encoder, model.format_.width))
    if encode is None:
        return None, None, why
    beside, members = encode.beside(), len(encode.outputs)
    raw, why = attempted(lambda: written(net.decoder, start(beside.output.width).apart(members)))
    return beside, raw, why


def attempted(make: Callable[[], Program]) -> tuple[Program | None, str]:
    """The program; or None, and the name of the layer that has none."""
    try:
        return make(), ""
    except NotCompiled as error:
        return None, error.name
>>>>>>> s-kernel
