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

from ..errors import warn
from ..formats import Format

__all__ = ["explained_when_hidden", "tell_blind", "without_new_gaps"]

BLIND = 0.1  # explained of hidden cells, below which estimates are hardly better than means
FILLINGS = 6  # rounds in which gaps are filled
LOOKED_AT, HIDDEN, ENOUGH = 256, 0.2, 200  # rows, share of their known cells, and number of these that judge estimates


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


def tell_blind(format: Format, x: Tensor, errors: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    """Warn of a network that hardly knows more of a hidden cell of x (n, d) than the mean."""
    found = explained_when_hidden(format, x, errors)
    if found is not None and found < BLIND:
        warn(
            f"of known cells that are hidden for a test, the model explains {max(found, 0):.0%}: its estimates are hardly "
            "better than the means of the columns; fewer components, or corruption=Mask(0.1, fill=None), may help, unless the "
            "columns do not depend on each other"
        )


def explained_when_hidden(format: Format, x: Tensor, errors: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> float | None:
    """How much of the known cells of x (n, d) is explained if they are hidden; None if these are too few to tell.

    `errors` maps rows seen (m, d) and true (m, d) to the errors of the estimates, and of the means, (m, columns).
    """
    x = x[:LOOKED_AT]
    first = [block.start for block in format.blocks]
    hidden = (torch.rand(len(x), len(first), generator=torch.Generator().manual_seed(0)) < HIDDEN) & ~x[:, first].isnan()
    if hidden.sum() < ENOUGH:
        return None
    seen = x.clone()
    for j, block in enumerate(format.blocks):
        seen[hidden[:, j], block] = torch.nan
    wrong, constant = (side[hidden] for side in errors(seen, x))
    known = wrong.isfinite() & constant.isfinite()  # a value outside of the domain is infinite
    wrong, constant = wrong[known].sum(), constant[known].sum()
    return float(1 - wrong / constant) if constant > 0 else None
