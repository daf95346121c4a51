"""How far out a row is: the short ways give what counting gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from diabolo.estimators.outliers.tails import CellTails, CommonTails, MarginalTails


def test_edges_see_what_is_extreme_in_one_column() -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(500, 6)))
    x[:, 5] = torch.from_numpy(rng.random(500) < 0.02)
    x[::7, 4] = torch.nan
    edges = MarginalTails.fit(x)
    middle, far, rare, unknown = edges(torch.tensor([[0.0] * 6, [0.0, 9, 0, 0, 0, 0], [0.0] * 5 + [1], [torch.nan] * 6]))
    assert unknown < middle < rare < far
    alone = edges(x)
    assert np.allclose(alone, MarginalTails.fit(x[torch.randperm(500)])(x))
    without = [MarginalTails.fit(torch.cat([x[:i], x[i + 1 :]]))(x[i : i + 1])[0] for i in range(20)]
    assert np.allclose(alone[:20], without, atol=0.1)  # a row is not its own witness


def counted(known: Tensor, r: Tensor) -> Tensor:
    """Known losses (m, c), rows (n, c) that are not among them -> M (n,), within the largest loss."""
    larger = (known[None] > r[:, None]).sum(1)
    return (-((larger + 1.0).double() / (len(known) + 1)).log()).amax(1)


@pytest.mark.parametrize("m", [1, 2, 3, 100, 257])
def test_the_most_unusual_cell_is_found(m: int) -> None:
    rng = torch.Generator().manual_seed(m)
    known = torch.rand(m, 7, generator=rng, dtype=torch.float64)
    rows = torch.rand(300, 7, generator=rng, dtype=torch.float64).minimum(known.amax(0))
    off = (rows[:, None] - known[None]).abs().amin((1, 2)) > 1e-3  # none of their cells is a known one
    found = torch.from_numpy(CellTails.fit(known)(rows))
    assert torch.allclose(found[off], counted(known, rows)[off])
    assert len(CellTails.fit(known)(rows[:0])) == 0


def test_a_known_row_is_compared_with_the_others() -> None:
    rng = torch.Generator().manual_seed(0)
    known = torch.stack([torch.randperm(200, generator=rng) for _ in range(3)], 1) / 200.0
    found = CellTails.fit(known)(known)
    for i in range(20):
        others = torch.cat([known[:i], known[i + 1 :]])
        assert abs(float(found[i]) - float(CellTails.fit(others)(known[i : i + 1])[0])) < 0.1


def test_all_members_at_once_are_each_for_itself() -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(400, 5)))
    x[:, 1] = x[:, 1].round()
    x[::9, 2] = torch.nan
    members = [MarginalTails.fit(x[k::3]) for k in range(3)]
    members[1] = MarginalTails.fit(x[1:60])  # it knows fewer
    rows = torch.cat([x, 3 * x, torch.full((1, 5), torch.inf), torch.full((1, 5), torch.nan)])
    together = CommonTails(members)(rows)
    for member, w in zip(members, together, strict=True):
        assert np.allclose(member(rows), w, atol=1e-12)
