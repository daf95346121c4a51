"""A fitted model as programs, which a page runs (programs/program.py).

    z = encode(x)        e = decode(z)        p = predict(z)

The members of an ensemble stand side by side: z = (z_1, ..., z_K), e and p are their means. What cannot be a program is None,
and `why` names the layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

from ..estimators import Autoencoder, Classifier, OutlierDetector, Regressor
from ..estimators.base import System
from ..estimators.multilabel.base import MultiLabel
from ..nets import written
from ..programs import NotCompiled, Program, start

__all__ = ["Programs", "programs"]


@dataclass(frozen=True)
class Programs:
    """What of a model a page can compute by itself."""

    encode: Program | None = None
    decode: Program | None = None
    predict: Program | None = None
    why: str = ""


@singledispatch
def programs(model: System) -> Programs:
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
def _(model: MultiLabel) -> Programs:
    encode, raw, why = halves(model)
    a, b = model._decision.platt
    p = raw and raw.mean().scaled(a, b=b).through("sigmoid")
    one = model.labels_.kind == "one"  # each row has exactly one label
    return Programs(encode, predict=p and p.through("norm", p=1, eps=0.0) if one else p, why=why)


def halves(model: System) -> tuple[Program | None, Program | None, str]:
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
