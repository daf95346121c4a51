"""K networks side by side: who learns from which row, and what counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from diabolo.corruption import Clean, Gaussian
from diabolo.estimators.cross_fitting import CrossFit

K, B, D = 3, 12, 4


@pytest.mark.parametrize(("trim", "first", "weighted", "kinds"), [(0, 0, 0, 1), (0.25, 0, 1, 1), (0, 3, 0, 2), (0.1, 0, 1, 2)])
def test_the_objective_is_the_mean_over_the_members_that_learn(trim: float, first: int, weighted: int, kinds: int) -> None:
    members, each = CrossFit(np.arange(20) % (K + 1), K), torch.rand(kinds * K, B)
    i, weight = torch.randperm(20)[:B], torch.rand(20) if weighted else None
    objective = members.objective(Clean(), lambda *_: each, trim, weight, first)
    c = torch.zeros(kinds * K, B)
    for k in range(first, kinds * K):
        limit = each[k].quantile(1 - trim)
        for b, row in enumerate(i.tolist()):
            learns = row % (K + 1) != k % K and each[k, b] <= limit
            c[k, b] = learns * (1.0 if weight is None else float(weight[row]))
    found = objective(i, torch.randn(B, D), torch.Generator())
    assert torch.allclose(found, (each * c).sum(0) / c.mean())


def test_no_member_learns_from_its_own_fold() -> None:
    w = torch.ones(K, 1, requires_grad=True)
    members = CrossFit(np.arange(B) % K, K)

    def losses(seen: Tensor, target: Tensor, i: Tensor, rng: torch.Generator) -> Tensor:
        assert not torch.equal(seen, target)
        return w * target.sum(1)

    objective = members.objective(Gaussian(0.1), losses)
    own = torch.arange(B)[torch.from_numpy(members.fold) == 1]
    objective(own, torch.ones(len(own), D), torch.Generator()).sum().backward()
    assert w.grad is not None
    assert (w.grad[:, 0] > 0).tolist() == [True, False, True]
