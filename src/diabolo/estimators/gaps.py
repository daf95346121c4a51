r"""Gaps in columns that had none in fit: what the other cells say, again and again.

    x_j <- likeliest(e_j(x)) where x_j is missing;   e = predict(decoder(encoder(x)))

A network that never saw such a gap takes it for the mean, and the row for one that is not. Several gaps need each other's
values, and so they are filled several times.

References
----------
Stochastic backpropagation and approximate inference (Rezende et al., 2014), https://arxiv.org/abs/1401.4082
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..formats import Tables
from ..formats.tables import Binary, Category

__all__ = ["likeliest", "without_new_gaps"]

FILLINGS = 6  # of a gap in a column that had none


def without_new_gaps(format: Any, x: Tensor, expected: Callable[[Tensor], Tensor]) -> Tensor:
    """x (n, d), filled where a column has a gap that had none in fit; `expected` maps rows (m, d) to what they should be."""
    gaps, had = x.isnan(), set(format.missing())
    for block in format.blocks if had else ():
        if block.start in had:
            gaps[:, block] = False
    if not gaps.any():
        return x
    rows = gaps.any(1)
    given, gaps, y = x[rows], gaps[rows], x[rows]
    for _ in range(FILLINGS):
        y = torch.where(gaps, likeliest(format, expected(y)).to(x.dtype), given)
    filled = x.clone()
    filled[rows] = y
    return filled


def likeliest(format: Any, e: Tensor, columns: Any = None) -> Tensor:
    """Expected values (m, d) -> values: of a category its likeliest level, of a yes or no one of the two; of these columns."""
    e = e.clone()
    for j in range(len(format.columns)) if columns is None else columns:
        block = format.blocks[j]
        kind = type(format.fields[j]) if isinstance(format, Tables) else None
        if kind is Category:
            e[:, block] = torch.nn.functional.one_hot(e[:, block].argmax(1), block.stop - block.start).to(e.dtype)
        elif kind is Binary or (kind is None and bool(format.binary[j])):
            e[:, block] = e[:, block].round()
    return e
