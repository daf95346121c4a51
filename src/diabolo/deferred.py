"""torch and scipy.sparse, imported at their first use: a table is read, and a network runs in NumPy (engine.py), without them.

For what stands between rows and networks; a module that cannot do without them imports them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import scipy.sparse as sp
    import torch as torch

__all__ = ["is_sparse", "is_tensor", "sp", "torch"]


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
    torch, sp = Deferred("torch"), Deferred("scipy.sparse")


def is_sparse(X: Any) -> bool:
    """Whether X is a sparse matrix; without SciPy there is none.

    >>> is_sparse([3])
    False
    """
    return "scipy.sparse" in sys.modules and sp.issparse(X)


def is_tensor(X: Any) -> bool:
    """Whether X is a tensor; without torch there is none.

    >>> is_tensor(3)
    False
    """
    return "torch" in sys.modules and torch.is_tensor(X)
