"""Pictures: folders, zips, paths, arrays, PIL images, lists of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..losses import Loss, Squared
from .base import Format
from .picture import Album

__all__ = ["Images"]


class Images(Format):
    """Pictures of one size."""

    kind = "images"
    exact = False

    def __init__(self) -> None:
        self.columns, self.width, self.any = ["picture"], 0, False

    @classmethod
    def any_size(cls) -> Images:
        self = cls()
        self.any = True
        return self

    @classmethod
    def accepts(cls, X: Any) -> bool:
        return Album.accepts(X)

    def fit(self, X: Any) -> Images:
        return self

    def chunks(self, X: Any) -> Iterator[Any]:
        yield from Album(X)

    def to_tensor(self, X: Any) -> Tensor:
        return torch.from_numpy(np.stack([p.pixels.ravel() for p in Album(X)]))

    def from_tensor(self, x: Tensor) -> Any:
        return x.numpy()

    def loss(self, name: str = "auto") -> Loss:
        return Squared()

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"any": self.any}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Images:
        self = cls()
        self.any = bool(meta["any"])
        return self
