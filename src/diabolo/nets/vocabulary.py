"""A network <-> JSON, in a closed vocabulary.

``describe(module)`` gives JSON, ``build(json)`` the module again. Other modules are the user's own: their weights are saved,
but the module itself must be given when the file is loaded.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import FormatError
from ..programs import Program, compiled
from .calendar import Calendar
from .convolution import ConvDecoder, ConvEncoder, ConvFeatures, Unflat
from .dense import Drop, MissingIndicator, SkipMLP
from .efficientnet import Lite0
from .ensemble import (
    ConcatEnsembles,
    ConcatHidden,
    EnsembleMLP,
    EnsembleScaler,
    EnsembleSkipMLP,
    ModuleEnsemble,
    PretrainedEncoder,
)
from .heads import Head, PerLabelHead
from .links import Link, Shares
from .numeric import PiecewiseLinearEncoding
from .restoration import ColorClassHead, NoiseConditionalUNet, PixelShuffleHead, PixelShuffleHeads, ResidualCNN, UNet
from .text import Sphere, TfIdf

PARTS: tuple[Any, ...] = (
    PerLabelHead,
    PiecewiseLinearEncoding,
    Calendar,
    EnsembleScaler,
    ResidualCNN,
    EnsembleSkipMLP,
    SkipMLP,
    Drop,
    Head,
    ConvEncoder,
    Link,
    Lite0,
    MissingIndicator,
    ConvDecoder,
    ColorClassHead,
    Shares,
    PixelShuffleHead,
    PixelShuffleHeads,
    ConvFeatures,
    Sphere,
    TfIdf,
    NoiseConditionalUNet,
    EnsembleMLP,
    UNet,
    Unflat,
    ConcatHidden,
)
OWN: dict[str, Any] = {cls.__name__: cls for cls in PARTS}
NESTED: dict[str, type[nn.Module]] = {
    "Sequential": nn.Sequential,
    "ModuleEnsemble": ModuleEnsemble,
    "PretrainedEncoder": PretrainedEncoder,
    "ConcatEnsembles": ConcatEnsembles,
}
PLAIN: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    "Linear": (nn.Linear, ("in_features", "out_features")),
    "LayerNorm": (nn.LayerNorm, ("normalized_shape", "eps", "elementwise_affine")),
    "Dropout": (nn.Dropout, ("p",)),
    "GELU": (nn.GELU, ("approximate",)),
    **{cls.__name__: (cls, ()) for cls in (nn.SiLU, nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Identity, nn.Flatten)},
}
MAX_WIDTH = 1 << 24
MAX_LAYERS = 10_000
MAX_BLOCKS = 1_000_000


def describe(module: nn.Module) -> dict[str, Any]:
    """JSON for a module of the vocabulary; ``{"layer": "custom", "class": ...}`` for any other.

    >>> describe(nn.Sequential(nn.Linear(2, 3), nn.Tanh()))["parts"][0]
    {'layer': 'Linear', 'in_features': 2, 'out_features': 3, 'bias': True}
    """
    name = type(module).__name__
    if name in NESTED and type(module) is NESTED[name]:
        inside: dict[str, Any] = module._modules  # children() leaves out a layer that stands there twice
        parts = [describe(part) for part in inside.values()]
        named = [*inside] != [str(i) for i in range(len(parts))]
        if name == "Sequential" and (named or any(is_own(part) for part in parts)):
            return {"layer": "custom", "class": name}
        return {"layer": name, "parts": parts}
    if OWN.get(name) is type(module):
        config: Any = module.config
        return {"layer": name, **config()}
    if name in PLAIN and PLAIN[name][0] is type(module):
        values = {key: getattr(module, key) for key in PLAIN[name][1]}
        values = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
        with_bias = {"bias": module.bias is not None} if hasattr(module, "bias") else {}
        return {"layer": name, **values, **with_bias} if usual(module) else {"layer": "custom", "class": name}
    return {"layer": "custom", "class": name}


def build(config: Any, depth: int = 0, own: nn.Module | None = None) -> nn.Module:
    """The module that :func:`describe` described, with new weights; `own` takes the place of a user's module.

    Raises
    ------
    FormatError
        The description is outside the vocabulary.
    """
    if not isinstance(config, dict) or depth > 20:
        raise FormatError(f"{config!r:.80} does not describe a layer")
    values = dict(config)
    name = values.pop("layer", None)
    if name in NESTED:
        parts = [build(part, depth + 1, own) for part in _few(values["parts"])]
        return ModuleEnsemble(parts) if name == "ModuleEnsemble" else NESTED[name](*parts)
    if name == "custom" and own is not None:
        return copy.deepcopy(own)
    classes: dict[str, Any] = {**OWN, **{key: cls for key, (cls, _) in PLAIN.items()}}
    if name not in classes:
        raise FormatError(f"{name!r} is not a layer that this version knows; it knows {', '.join(sorted(classes))}")
    _few(values.get("hidden", []))
    _few(values.get("blocks", []), MAX_BLOCKS)
    unknown = set(values) - {*PLAIN[name][1], "bias"} if name in PLAIN else set()
    if unknown:
        raise FormatError(f"layer {name!r} has no {min(unknown)!r}")
    _reasonable(values)
    try:
        inspect.signature(classes[name]).bind(**values)
    except TypeError as error:
        raise FormatError(
            f"layer {name!r} is not the one of this version ({error}): the file is from another version, fit the model again"
        ) from None
    try:
        module: nn.Module = classes[name](**values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise FormatError(f"layer {name!r} cannot be built from {values!r:.80}: {error}") from None
    return module


def outlined(config: Any, own: nn.Module | None = None) -> nn.Module:
    """The same without weights, only with their shapes: on torch's meta device."""
    with torch.device("meta"), Unfilled():
        return build(config, own=own)


class Unfilled(TorchFunctionMode):
    """Within it, no weights are drawn: arithmetic on the meta device imports torch._dynamo, which takes seconds."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.randn:
            return torch.empty(*args, **kwargs)
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs.get("tensor", *args[:1])
        return args[0] if func in SCALED and args[0].is_meta else func(*args, **kwargs)


SCALED = (torch.Tensor.mul, torch.Tensor.normal_, torch.Tensor.uniform_)


def usual(module: nn.Module) -> bool:
    """Whether a plain layer has no settings but those that the description holds."""
    return not isinstance(module, nn.Flatten) or (module.start_dim, module.end_dim) == (1, -1)


def written(module: nn.Module, x: int | Program, dtype: Any = np.float32) -> Program:
    """The module as a program, which needs no torch (programs/); x: its number of inputs, or the program that gives them.

    >>> written(nn.ReLU(), 2).run([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """
    weights = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    return compiled(describe(module), weights, x, dtype)


def is_own(config: dict[str, Any]) -> bool:
    """Whether this describes a user's own module, which a file does not contain."""
    return config.get("layer") == "custom" or any(is_own(part) for part in config.get("parts", []) if isinstance(part, dict))


def own_name(config: dict[str, Any]) -> str:
    """The class name of the user's own module."""
    if config.get("layer") == "custom":
        return str(config.get("class"))
    return next((own_name(part) for part in config.get("parts", []) if is_own(part)), "")


def _few(layers: list[Any], most: int = MAX_LAYERS) -> list[Any]:
    if len(layers) > most:
        raise FormatError(f"{len(layers):,} layers in a row; allowed are {most:,}")
    return layers


def _reasonable(value: Any) -> None:
    """Raise a FormatError for an absurd size in a file."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _reasonable(item)
    elif isinstance(value, (int, float)) and not 0 <= value <= MAX_WIDTH:
        raise FormatError(f"{value!r} is not a size")
