r"""Labels as a target: of each row and label yes, no, or not known.

    minimise  sum_ic w_ic loss(raw_ic, y_ic),          w_ic = how much a yes of label c counts, where y_ic = 1

Of very many labels a step looks at those that its rows have, and at some others that stand for all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from ...errors import suggest
from ...losses import Logistic, Loss
from ...model_selection import folds
from ..supervised.targets import Target
from .metrics import FEWEST, ranking_error

__all__ = ["DRAWN", "MANY", "LabelTarget"]

CELLS = 20_000_000  # raw outputs that are looked at when the training is over
RANKED = 2_000_000  # raw outputs that are ranked to find the moment to stop
MANY = 10_000  # labels from which on a step looks at some of them only
DRAWN = 4096  # of these labels, beside those that the batch has


class LabelTarget(Target):
    """Any of k labels for each row.

    Parameters
    ----------
    matrix : ndarray or csr_matrix (n, k)
        1 = yes, 0 = no, between them: soft; NaN = not known.
    names : list
        Of the labels.
    loss : Loss
        Of each label.
    w : Tensor (n, 1) or (n, k), or None
        How much each row, or each cell, counts.
    of_yes : dict, "balanced" or None
        How much a yes of each label counts.
    drawn : int
        Of very many labels, how many others a step looks at; 0: all.
    """

    def __init__(self, matrix: Any, names: list[Any], loss: Loss, w: Tensor | None, of_yes: Any, drawn: int) -> None:
        super().__init__(loss, matrix.shape[0], matrix.shape[1], w)
        self.matrix, self.names, self.of_yes = matrix, names, of_yes
        self.drawn = drawn if self.k > MANY else 0
        self.watched = int(np.clip(RANKED // self.k, FEWEST, Target.watched))
        self.judged = int(np.clip(CELLS // self.k, 200, Target.judged))
        self.convex = loss == Logistic()

    def start(self) -> Tensor:
        """The share of each label, as log-odds; of a label that all or none have, as if one row were otherwise."""
        yes, known = self.how_often
        return torch.from_numpy(logit(np.clip((yes + 0.5) / (known + 1.0), 1e-6, 1 - 1e-6))).float()

    @cached_property
    def how_often(self) -> tuple[np.ndarray, np.ndarray]:
        """(k,) yes; (k,) known."""
        y = self.matrix
        if sp.issparse(y):
            return np.asarray(y.sum(0)).ravel().astype(float), np.full(y.shape[1], float(y.shape[0]))
        return np.nansum(y, 0).astype(float), (~np.isnan(y)).sum(0).astype(float)

    def y(self, i: Tensor) -> Tensor:
        y = self.matrix[i.numpy()]
        return torch.from_numpy(y.toarray() if sp.issparse(y) else y).float()

    def pull(self, i: Tensor) -> Tensor | None:
        w = self.weight(i)
        if self.of_yes is None:
            return w
        cells = 1 + torch.nan_to_num(self.y(i)) * (self.factor - 1)
        return cells if w is None else cells * w

    @cached_property
    def factor(self) -> Tensor:
        """(k,) how much a yes counts."""
        if isinstance(self.of_yes, dict):
            unknown = [name for name in self.of_yes if name not in self.names]
            if unknown:
                raise ValueError(f"label_weight names {unknown[0]!r}, which is no label{suggest(unknown[0], self.names)}")
            return torch.tensor([float(self.of_yes.get(name, 1.0)) for name in self.names])
        yes, known = self.how_often
        return torch.from_numpy(np.clip((known - yes) / np.maximum(yes, 1.0), 1e-3, 1e3)).float()

    def folds(self, parts: int | list[float], rng: np.random.RandomState) -> np.ndarray:
        return folds(self.matrix, parts, rng)

    def error(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        return ranking_error(raw, y, weight)

    def losses(self, outputs: Callable[[Tensor | None], Tensor], i: Tensor, rng: torch.Generator) -> Tensor:
        """Of very many labels, those that the rows have, and some others that stand for all others."""
        if not self.drawn:
            return super().losses(outputs, i, rng)
        y = sp.csr_matrix(self.matrix[i.numpy()])
        present = np.unique(y.indices)
        others = torch.randint(self.k, (self.drawn,), generator=rng, device=rng.device).cpu().numpy()
        others = np.setdiff1d(others, present)
        labels = np.concatenate([present, others])
        weight = torch.ones(1, len(labels))
        weight[:, len(present) :] = (self.k - len(present)) / max(1, len(others))
        rows = self.weight(i)
        if rows is not None and rows.shape[1] == 1:
            weight = weight * rows
        return self.summed(outputs(torch.from_numpy(labels)), torch.from_numpy(y[:, labels].toarray()).float(), weight)

    def optimum(self, u: np.ndarray, i: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
        y, w = self.y(torch.from_numpy(i)).double().numpy(), self.pull(torch.from_numpy(i))
        v, b = np.zeros((u.shape[1], self.k)), self.start().double().numpy()
        for c in range(self.k):
            known = ~np.isnan(y[:, c])
            yes = y[known, c] > 0.5
            if 0 < yes.sum() < len(yes):
                own = None if w is None else w[known, min(c, w.shape[1] - 1)].numpy()
                model = LogisticRegression(C=1 / ridge, max_iter=300).fit(u[known], yes, own)
                v[:, c], b[c] = model.coef_[0], model.intercept_[0]
        return v, b
