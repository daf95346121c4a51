"""A file -> a fitted estimator, which torch runs."""

from __future__ import annotations

import os
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import corruption as corruptions
from .. import losses, nets, storage
from ..errors import FormatError
from ..network import Diabolo
from .base import ESTIMATORS


def load(path: str | os.PathLike[str], *, encoder: Any = None, decoder: nn.Module | None = None) -> Any:
    """The estimator in a file, as :func:`diabolo.load` describes it."""
    head = storage.header(path)
    if head.kind == "FontManifold":
        raise FormatError(
            f"cannot load {str(path)!r}: it holds a map of fonts: use diabolo.fonts.load, or `diabolo fonts --model`"
        )
    if head.kind not in ESTIMATORS:
        raise FormatError(f"cannot load {str(path)!r}: it holds {head.kind!r}, not one of {', '.join(sorted(ESTIMATORS))}")
    with storage.explained(Path(path)), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta = head.meta
        self = ESTIMATORS[head.kind](**_parameters(head.kind, meta["params"]))
        sides = {
            side: _side(side, meta["network"][side], given) for side, given in (("encoder", encoder), ("decoder", decoder))
        }
        self.network_ = Diabolo(**sides)
        _check_shapes(self.network_, head, self._stored)
        arrays = storage.tensors(head)
        self._restore(meta, arrays)
        self._attach(encoder)
        self._check_network()
        _check_complete(meta, arrays, *self._state())
    return self


def _side(side: str, config: dict[str, Any], given: nn.Module | None) -> nn.Module:
    if not nets.is_own(config):
        return nets.outlined(config)
    name = nets.own_name(config)
    if given is None:
        raise FormatError(
            f"its {side} is your own module ({name}), and a file does not hold code: load(path, {side}={name}(...))"
        )
    return nets.outlined(config, given)


def _check_shapes(network: Diabolo, head: storage.Header, stored: str) -> None:
    """Check names, shapes and types of the tensors against the described network, before any is allocated."""
    found = {k.removeprefix("network."): v for k, v in head.shapes.items() if k.startswith("network.")}
    wanted = {k: (stored, tuple(v.shape)) for k, v in network.state_dict().items()}
    if found != wanted:
        wrong = sorted(set(found.items()) ^ set(wanted.items()))[0][0]
        raise FormatError(
            f"tensor {wrong!r} is {found.get(wrong, 'absent')}, "
            f"but the network described needs {wanted.get(wrong, 'no such tensor')}"
        )


def _check_complete(
    meta: dict[str, Any], arrays: dict[str, np.ndarray], mine: dict[str, Any], own: dict[str, np.ndarray]
) -> None:
    """Check that the file holds exactly what this model would write."""
    known = mine["params"]
    told = meta | {"params": {k: v for k, v in meta["params"].items() if k in known}}
    told.pop("weights", None)  # of the arrays, which the digest of the file checks
    for part, here in ((told["params"], known), (told | {"params": known, "network": mine["network"]}, mine)):
        wrong = [name for name, value in part.items() if name not in here or here[name] != value]
        if wrong:
            raise FormatError(f"its entry {wrong[0]!r} is not what such a model has")
    shapes = {k: (v.dtype, v.shape) for k, v in own.items()}
    if {k: (v.dtype, v.shape) for k, v in arrays.items()} != shapes:
        raise FormatError("its tensors are not those of such a model")


def _parameters(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    known = {f.name for f in fields(ESTIMATORS[kind])}
    values = {k: v for k, v in params.items() if k in known}
    if isinstance(values.get("corruption"), dict):
        values["corruption"] = corruptions.build(values["corruption"])
    if isinstance(values.get("loss"), dict):
        values["loss"] = losses.build(values["loss"])
    values = {k: dict(v["pairs"]) if isinstance(v, dict) and set(v) == {"pairs"} else v for k, v in values.items()}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
