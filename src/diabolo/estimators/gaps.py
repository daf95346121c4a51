r"""Gaps in columns that had none in fit: predict them from the other cells, repeatedly.

    x_j <- likeliest(e_j(x)) where x_j is missing;   e = predict(decoder(encoder(x)))

A network that was trained without such gaps reads them as the mean, which distorts the row. Several gaps depend on each other's
values, so they are filled several times.

References
----------
Stochastic backpropagation and approximate inference (Rezende et al., 2014), https://arxiv.org/abs/1401.4082
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..formats import Format

__all__ = ["without_new_gaps"]

FILLINGS = 6  # rounds in which gaps are filled


def without_new_gaps(format: Format, x: Tensor, expected: Callable[[Tensor], Tensor]) -> Tensor:
    """x (n, d), with gaps filled in columns that had none in fit; `expected` maps rows (m, d) to expected values."""
    gaps, had = x.isnan(), set(format.missing())
    for block in format.blocks if had else ():
        if block.start in had:
            gaps[:, block] = False
    if not gaps.any():
        return x
    rows = gaps.any(1)
    given, gaps, y = x[rows], gaps[rows], x[rows]
    for _ in range(FILLINGS):
        y = torch.where(gaps, format.likeliest(expected(y)).to(x.dtype), given)
    filled = x.clone()
    filled[rows] = y
    return filled
