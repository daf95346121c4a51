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
from ..hidden_cells import HiddenCells
from ..rows import evenly

__all__ = ["hide", "without_new_gaps"]

FILLINGS = 6  # rounds in which gaps are filled
HIDDEN = 0.2  # share of the cells that are hidden
HIDDEN_IN, LEAST, NUMBERS = 1000, 50, 1 << 20  # rows in which they are: at most, at least, and numbers in these
ENOUGH, TIMES = 2000, 10  # rows of which each counts as often as others are hidden in it; times that it does
CELLS = 10  # hidden ones of a column, from which its own trust is learned


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


def hide(format: Format, x: Tensor, weight: Tensor, mean: Tensor, expected: Callable[[Tensor], Tensor]) -> HiddenCells | None:
    """How well cells of rows x (n, d) are estimated that are hidden; mean (d,), weight (n,) of the rows.

    `expected` maps rows (m, d) with gaps to expected values. Columns of few hidden cells have the trust of all together.
    None if it makes NaN of gaps.
    """
    some = torch.from_numpy(evenly(len(x), max(LEAST, min(HIDDEN_IN, NUMBERS // x.shape[1]))))
    x, w, m = x[some], weight[some].double(), mean.to(x)
    column = torch.repeat_interleave(torch.tensor([block.stop - block.start for block in format.blocks]))
    chance, sums = torch.Generator().manual_seed(0), torch.zeros(3, x.shape[1], dtype=torch.float64)
    seen = torch.zeros(len(x), x.shape[1], dtype=torch.bool)
    for _ in range(max(1, min(TIMES, ENOUGH // len(x)))):
        hidden = (torch.rand(len(x), len(format.blocks), generator=chance) < HIDDEN)[:, column] & x.isfinite()
        o = expected(torch.where(hidden, torch.nan, x)) - m
        seen |= (told := hidden & o.isfinite())
        o, t = (torch.where(told, v, 0.0).double() for v in (o, x - m))
        sums += torch.stack([w @ (o * t), w @ (o * o), w @ (t * t)])
    if not seen.any() and x.isfinite().any():
        return None
    both, own, true = torch.zeros(3, len(format.blocks), dtype=torch.float64).index_add_(1, column, sums)
    few = seen[w > 0][:, [block.start for block in format.blocks]].sum(0) < CELLS
    b = torch.where(few, both.sum() / own.sum(), both / own).nan_to_num(1.0).clamp(0, 1)
    left = torch.where(true > 0, (true - 2 * b * both + b * b * own) / true, 0.0)
    explained = torch.where(few, torch.nan, 1 - left)
    return HiddenCells(format.columns, explained.numpy(), mean.double().numpy(), b[column].numpy(), len(x))
