"""Hyper-parameters as JSON, for a file."""

from __future__ import annotations

import os
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from .. import losses as loss_classes
from ..corruption import Corruption
from ..errors import DataError
from ..formats import FORMATS, Format
from ..losses import Loss
from ..registry import registered_name

__all__ = ["as_json"]


def as_json(value: Any) -> Any:
    """A hyper-parameter as JSON; values without JSON are described elsewhere in the file, or not needed again."""
    if isinstance(value, Corruption):
        return value.config()
    if isinstance(value, Loss) and is_dataclass(value) and loss_classes.LOSSES.get(registered_name(type(value))) is type(value):
        return {"name": registered_name(type(value)), **asdict(value)}
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
