"""Hyper-parameters: what is allowed, and how a file holds them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from .. import losses as loss_classes
from ..corruption import Chain, Corruption
from ..errors import DataError, suggest, warn
from ..formats import FORMATS, Format
from ..hardware import pick_device
from ..limits import check_room
from ..losses import Loss
from ..registry import registered_name
from ..rows import mark
from .linear import LEAST_SAMPLED

if TYPE_CHECKING:
    from .base import System

__all__ = ["about", "as_json", "check_integer", "check_room_for", "check_training", "is_size"]


FROM = {"lr": 0, "muon_lr": 0, "weight_decay": 0, "patience": 1}  # the smallest value
COPIES = 4  # of the weights while they are trained: themselves, gradient, average, best
OPTIMIZERS = ("auto", "muon", "adamw")
ABOUT = (  # what is learned depends on them, and mostly nothing else tells
    *("n_components", "hidden", "members", "dropout", "decoder", "loss", "corruption", "class_weight", "label_weight"),
    *("trim_fraction", "init", "target", "gray_fraction", "scales"),
)
AUTO = ("lr", "muon_lr", "weight_decay")  # of these, those that may be "auto"


def is_size(n: Any) -> bool:
    return isinstance(n, (int, np.integer)) and bool(n >= 1)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number))


def check_integer(name: str, value: Any, low: int, *, auto: bool = True) -> None:
    """Raise a ValueError for what is neither "auto" nor an integer from `low` on."""
    if not ((auto and value == "auto") or (isinstance(value, (int, np.integer)) and value >= low)):
        allowed = "'auto' and integers" if auto else "integers"
        raise ValueError(f"{name}={value!r}: allowed are {allowed} from {low}")


def check_training(model: System) -> None:
    """Raise a ValueError for a value that no training can have."""
    for name in ("epochs", "batch_size"):
        check_integer(name, getattr(model, name), 1)
    for name, low in FROM.items():
        value = getattr(model, name, low)
        if not (name in AUTO and value == "auto") and not (is_number(value) and low <= value < np.inf):
            raise ValueError(f"{name}={value!r}: allowed are numbers from {low}")
    for name in ("average", "dropout", "validation_fraction"):
        value, auto = getattr(model, name, 0), getattr(type(model), name, 0) == "auto"
        if not (auto and value == "auto") and (not is_number(value) or not 0 <= value < 1):
            allowed = "'auto' and numbers" if auto else "numbers"
            raise ValueError(f"{name}={value!r}: allowed are {allowed} from 0 to below 1")
    hidden = getattr(model, "hidden", "auto")
    if not (hidden == "auto" or (isinstance(hidden, (tuple, list)) and all(is_size(n) for n in hidden))):
        raise ValueError(f"hidden={hidden!r}: allowed are 'auto' and tuples of integers from 1, such as (256, 256)")
    optimizer = getattr(model, "optimizer", "auto")
    if optimizer not in OPTIMIZERS:
        allowed = ", ".join(map(repr, OPTIMIZERS))
        raise ValueError(f"optimizer={optimizer!r}: allowed are {allowed}{suggest(optimizer, OPTIMIZERS)}")
    if getattr(model, "resume", False) and getattr(model, "checkpoint", None) is None:
        warn("resume=True continues from a checkpoint, and there is none: training begins anew; give checkpoint=")
    corruption = getattr(model, "corruption", None)
    if not isinstance(corruption, (Corruption, type(None))):
        raise ValueError(f"corruption={corruption!r}: allowed are None and a Corruption such as Gaussian(0.1)")
    if any(part.pictures for part in parts_of(corruption)) and getattr(model, "_sees_rows", False):
        raise ValueError(
            f"corruption={corruption!r}: it changes pictures (B, C, h, w), and {type(model).__name__} sees rows of numbers; "
            "Denoiser, Upscaler and Colorizer see pictures"
        )


def check_room_for(system: Any, n: int, d: int) -> None:
    """Raise a DataError if a new network for n rows of d features needs more memory than there is, whatever else happens."""
    if system.format_.architecture in ("dense", "text") and not system._continues():
        copies = 1 if pick_device(getattr(system, "device", "auto")).startswith("cuda") else COPIES
        weights, rows = system._held(min(n // 4, LEAST_SAMPLED))
        check_room(d, copies * weights, rows, linear=system._has_codes)


def parts_of(corruption: Corruption | None) -> list[Corruption]:
    """Itself, or what it is a chain of."""
    if isinstance(corruption, Chain):
        return [found for part in corruption.parts for found in parts_of(part)]
    return [] if corruption is None else [corruption]


def about(system: Any) -> dict[str, Any]:
    """What two runs are told apart by, beside their data and the settings of the loop."""
    own = {"encoder": getattr(system, "_given_encoder", getattr(system, "encoder", None))}  # read, if it is a path
    values = {name: getattr(system, name) for name in ABOUT if hasattr(system, name)} | own
    return {name: described(value) for name, value in values.items()}


def described(value: Any) -> Any:
    """As JSON; a model by its weights, a module by its layers (each run may draw weights), your own loss by its class."""
    if hasattr(value, "network_"):
        return mark(nn.utils.parameters_to_vector(value.network_.parameters()))
    if isinstance(value, nn.Module):
        return blake2b(repr(value).encode(), digest_size=8).hexdigest()
    with suppress(DataError):
        return as_json(value) or type(value).__name__
    return type(value).__name__


def as_json(value: Any) -> Any:
    """A hyper-parameter as JSON; values without JSON are described elsewhere in the file, or not needed again."""
    if isinstance(value, Corruption):
        return value.config()
    if isinstance(value, Loss) and is_dataclass(value) and loss_classes.LOSSES.get(registered_name(type(value))) is type(value):
        return {"name": registered_name(type(value)), **{name: as_json(v) for name, v in asdict(value).items()}}
    if isinstance(value, (str, bool, int, float, type(None))):
        return value
    if isinstance(value, (tuple, list)):
        return [as_json(v) for v in value]
    if isinstance(value, dict):
        return {"pairs": [[as_json(k), as_json(v)] for k, v in value.items()]}
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Format) and FORMATS.get(value.kind) is type(value):
        return value.kind
    if isinstance(value, (Loss, Format)):
        raise DataError(
            f"{type(value).__name__} is your own class, and a file cannot hold code: save a model with a class of diabolo"
        )
    return None
