"""What of a fitted model the page can turn: rows into codes, codes into rows, codes into labels.

    z = encode(x)  (n, k)        e = decode(z)  (n, d)        p = predict(z)  (n, c)

The members of an ensemble stand side by side: z = (z_1, ..., z_K), e and p are their means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module

from ..errors import DataError, an
from ..estimators import Autoencoder, Classifier, OutlierDetector, Regressor
from ..estimators.base import System
from ..estimators.multilabel.base import MultiLabel
from ..nets.heads import member_mean

__all__ = ["Sides", "sides"]

Measure = Callable[[Tensor, Tensor], np.ndarray]


@dataclass(frozen=True)
class Sides:
    """The halves of a model; `measures` say something of rows x and their codes z (n, k): (n,) each."""

    k: int
    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor] | None = None
    predict: Callable[[Tensor], Tensor] | None = None
    labels: tuple[str, ...] = ()  # names of what is predicted
    kind: str = "one"  # the probabilities of labels, of which a row has "one" or "several"; or "numbers"
    decide: Callable[[np.ndarray], np.ndarray] | None = None  # probabilities (n, c) -> which labels a row is given, bool (n, c)
    limits: tuple[np.ndarray, int] | None = None  # of several labels: thresholds (c,), and how many a row has at least
    measures: Mapping[str, Measure] = field(default_factory=dict)
    log_prob: Callable[[np.ndarray], np.ndarray] | None = None  # of codes
    typical: Callable[[Tensor], Tensor] = torch.clone  # e -> features of such a row


@singledispatch
def sides(model: System) -> Sides:
    """The halves of a fitted model."""
    raise DataError(
        f"the model is {an(type(model).__name__)}, whose rows have no places on a map: give an Autoencoder, "
        "an OutlierDetector, a Classifier, a Regressor or a MultiLabelClassifier"
    )


@sides.register
def _(model: Autoencoder) -> Sides:
    decoder, loss = model.network_.decoder, model.loss_

    def decode(z: Tensor) -> Tensor:
        return loss.predict(decoder(z))

    def error(x: Tensor, z: Tensor) -> np.ndarray:
        return np.asarray(loss.errors(decode(z), x).sum(1).numpy())

    def encode(x: Tensor) -> Tensor:
        return model.network_.encoder(x)

    def likelihood(x: Tensor, z: Tensor) -> np.ndarray:
        return model.density_.log_prob(z.numpy())

    def document(e: Tensor) -> Tensor:
        """Counts of words in a text of the usual length."""
        return (e * (getattr(model.format_, "length", 1.0) / e.sum(1, keepdim=True).clamp(min=1e-12))).round()

    measures = {"reconstruction error": error, "log likelihood": likelihood}
    typical = document if model.format_.words else torch.clone
    return Sides(model.n_components_, encode, decode, measures=measures, log_prob=model.density_.log_prob, typical=typical)


@sides.register
def _(model: OutlierDetector) -> Sides:
    network, scorer = model.network_, model._scorer

    def encode(x: Tensor) -> Tensor:
        return beside(scorer.reconstructor.look(x)[0])

    def decode(z: Tensor) -> Tensor:
        return scorer.reconstructor.predicted(network.decoder(apart(z, model.members_)), 0)

    def p(x: Tensor, z: Tensor) -> np.ndarray:
        return scorer.calibration.p(scorer.judge(x)[0])

    def error(x: Tensor, z: Tensor) -> np.ndarray:
        return np.asarray(model.loss_.errors(decode(z), x).sum(1).numpy())

    return Sides(width(encode, model), encode, decode, measures={"p-value": p, "reconstruction error": error})


@sides.register
def _(model: Regressor) -> Sides:
    encode, raw = ensemble(model)

    def predict(z: Tensor) -> Tensor:
        return raw(z).double() * torch.from_numpy(model.scale_) + torch.from_numpy(model.mean_)

    k = len(model.mean_)
    known = model.target_names_ or ([""] if k == 1 else [str(j) for j in range(k)])
    names = tuple(f"predicted {name}".strip() for name in known)
    return Sides(width(encode, model), encode, predict=predict, labels=names, kind="numbers")


@sides.register(Classifier)
@sides.register(MultiLabel)
def _(model: System) -> Sides:
    encode, raw = ensemble(model)

    def predict(z: Tensor) -> Tensor:
        return torch.from_numpy(probabilities(model, raw(z)))

    if isinstance(model, Classifier):
        return Sides(width(encode, model), encode, predict=predict, labels=told(model.classes_.tolist()), decide=likeliest)
    kind, own = ("one" if model.labels_.kind == "one" else "several"), model._decision
    names, limits = told(model.labels_.names), None if own.one else (own.thresholds, own.least)
    said: dict[str, Any] = {"predict": predict, "labels": names, "kind": kind, "decide": own.decided, "limits": limits}
    return Sides(width(encode, model), encode, **said)


def told(names: Iterable[Any]) -> tuple[str, ...]:
    """Labels as texts."""
    return tuple(map(str, names))


def ensemble(model: System) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """x (n, d) -> the codes of the members side by side (n, K k), and these -> the mean of their raw outputs (n, c)."""
    network: Any = model.network_
    members = len(network.encoder(zeros(model)))

    def encode(x: Tensor) -> Tensor:
        parts = [network.encoder(part) for part in x.split(model.format_.piece)]
        return beside(torch.cat(parts, 1))

    def raw(z: Tensor) -> Tensor:
        return member_mean(network.decoder(apart(z, members)))

    return encode, raw


def likeliest(p: np.ndarray) -> np.ndarray:
    """(n, c) -> which is the largest of its row."""
    return np.eye(p.shape[1], dtype=bool)[p.argmax(1)]


def zeros(model: System) -> Tensor:
    """One row."""
    return torch.zeros(1, model.format_.width, dtype=dtype_of(model.network_))


def width(encode: Callable[[Tensor], Tensor], model: System) -> int:
    """k."""
    return encode(zeros(model)).shape[1]


def probabilities(model: System, raw: Tensor) -> np.ndarray:
    """raw (n, c) -> the probability of each label."""
    if isinstance(model, Classifier):
        return np.asarray((raw.double() * model.temperature_).softmax(1).numpy())
    return np.asarray(model._decision.probabilities(raw.numpy()))


def beside(z: Tensor) -> Tensor:
    """(K, n, k) -> (n, K k)."""
    return z.transpose(0, 1).flatten(1)


def apart(z: Tensor, members: int) -> Tensor:
    """(n, K k) -> (K, n, k)."""
    return z.unflatten(1, (members, -1)).transpose(0, 1).contiguous()


def dtype_of(network: Module) -> torch.dtype:
    return next(network.parameters()).dtype
