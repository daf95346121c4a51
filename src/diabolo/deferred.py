"""torch, imported at its first use: a table is read, and a fitted network runs in NumPy (engine.py), without it.

For what stands between rows and networks; a module that cannot do without torch imports it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch as torch

__all__ = ["is_tensor", "torch"]


class Deferred:
    """A module that is imported when something of it is asked for.

    >>> Deferred("math").floor(2.5)
    2
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)  # the next time, it is here
        return found


if not TYPE_CHECKING:
    torch = Deferred("torch")


def is_tensor(X: Any) -> bool:
    """Whether X is a tensor; without torch there is none.

    >>> is_tensor(3)
    False
    """
    return "torch" in sys.modules and torch.is_tensor(X)
