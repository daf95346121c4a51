"""What the page computes itself: the halves of the network as programs, and the codec of the columns.

    encoder   x -> z                decoder   z -> e                labels   z -> p
    sheet     e at the nodes of a grid over the map, which the page blends, where the decoder is no program
    remote    a server decodes instead
"""

from __future__ import annotations

from collections.abc import Callable
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
