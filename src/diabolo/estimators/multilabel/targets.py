r"""Labels as a target: for each row and label positive, negative, or unknown.

    minimize  sum_ic w_ic loss(raw_ic, y_ic),          w_ic = the weight of positives of label c, if y_ic = 1

With very many labels, a step uses those that its rows have, and a random sample that represents all others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
import torch
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from ...errors import DataError, suggest, warn
from ...formats.labels import Labels
from ...formats.targets import floats, tell_single
from ...losses import Asymmetric, Logistic, Loss
from ...model_selection import folds
from ..supervised.targets import Target
from ..weights import weights
from .metrics import MIN_ROWS, ranking_error

__all__ = ["LABELS_DRAWN", "LabelTarget", "dense", "label_loss"]

MAX_OUTPUTS_EVALUATED = 20_000_000  # raw outputs that are evaluated after training
MAX_OUTPUTS_RANKED = 2_000_000  # raw outputs that are ranked for early stopping
ENOUGH_ROWS = 50  # rows with one label each that look like classes
ROWS_AT_ONCE = 1 << 16  # rows whose labels are counted at once
MAX_LABELS_PER_STEP = 10_000  # labels; with more, a step uses only some of them
LABELS_DRAWN = 4096  # labels drawn at random, in addition to those of the batch
LOSSES: dict[str, Loss] = {"logistic": Logistic(), "asymmetric": Asymmetric()}


class LabelTarget(Target):
    """Any of k labels for each row.

    Parameters
    ----------
    matrix : ndarray or csr_matrix (n, k)
        1 = positive, 0 = negative, between them: soft; NaN = unknown.
    names : list
        Names of the labels.
    loss : Loss
        Loss of each label.
    w : Tensor (n, 1) or (n, k), or None
        Weight of each row, or of each cell.
    of_yes : dict, "balanced" or None
        Weight of the positives of each label.
    drawn : int
        Number of labels that a step draws at random, in addition to those of its rows; 0: all labels.
    """

    def __init__(self, matrix: Any, names: list[Any], loss: Loss, w: Tensor | None, positive_weight: Any, drawn: int) -> None:
        super().__init__(loss, matrix.shape[0], matrix.shape[1], w)
        self.matrix, self.names, self.positive_weight = matrix, names, positive_weight
        self.drawn = drawn if self.k > MAX_LABELS_PER_STEP else 0
        self.watched = int(np.clip(MAX_OUTPUTS_RANKED // self.k, MIN_ROWS, Target.watched))
        self.judged = int(np.clip(MAX_OUTPUTS_EVALUATED // self.k, 200, Target.judged))
        self.convex = loss == Logistic()

    @classmethod
    def of(cls, labels: Labels, y: Any, weight: Any, loss: Loss, positive_weight: Any, drawn: int) -> Self:
        """y in any form that `labels` can read; `weight` of rows, or of cells: a cell without weight is unknown."""
        matrix = labels.to_matrix(y)
        if not matrix.shape[0]:
            raise DataError("Found array with 0 sample(s): Y is empty")
        weight = None if weight is None else floats(weight, "sample_weight")
        if np.shape(weight) == matrix.shape:
            matrix = np.where(np.asarray(weight) == 0, np.nan, dense(matrix)).astype(np.float32)
        w = None if weight is None else weights(weight, matrix.shape[0], 0 if labels.kind == "one" else matrix.shape[1])
        self = cls(matrix, labels.names, loss, w, positive_weight, drawn)
        if not self.how_often[1].any():
            raise DataError("Y holds no known label: all of it is missing (NaN, None)")
        return self

    def start(self) -> Tensor:
        """Log-odds of the share of each label, smoothed with half a positive and half a negative row."""
        yes, known = self.how_often
        return torch.from_numpy(logit(np.clip((yes + 0.5) / (known + 1.0), 1e-6, 1 - 1e-6))).float()

    @cached_property
    def how_often(self) -> tuple[np.ndarray, np.ndarray]:
        """(k,) numbers of positive rows; (k,) of known rows; those without weight do not count."""
        y, counted = self.matrix, self.counts(np.arange(self.n))
        if sp.issparse(y):
            return np.asarray(y[counted].sum(0)).ravel().astype(float), np.full(y.shape[1], float(counted.sum()))
        starts = range(0, self.n, ROWS_AT_ONCE)
        parts = [y[i : i + ROWS_AT_ONCE][counted[i : i + ROWS_AT_ONCE]] for i in starts]  # of a file no more is in memory
        yes, known = zip(*((np.nansum(part, 0, np.float64), (~np.isnan(part)).sum(0)) for part in parts), strict=True)
        return np.sum(yes, 0), np.sum(known, 0).astype(float)

    def check_counts(self, one: bool) -> None:
        """Warn of labels that cannot be learned; `one`: whether each row has exactly one label."""
        yes, some = self.how_often
        if one:
            tell_single(self.names)
        kinds = {
            "unknown in all rows": some == 0,
            "positive in no row": (some > 0) & (yes == 0),
            "positive in every row": (some > 0) & (yes == some) & (len(some) > 1 or not one),
        }
        for what, which in kinds.items():
            names = [repr(self.names[c]) for c in np.flatnonzero(which)]
            if names:
                more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
                start = f"labels {', '.join(names[:5])}{more} are" if len(names) > 1 else f"label {names[0]} is"
                warn(f"{start} {what}: there is nothing to learn about {'them' if len(names) > 1 else 'it'}")

    def tell_one_each(self) -> None:
        """Warn of lists with one label in each row, which look like classes: several labels, or none, may be predicted."""
        y = self.matrix
        if self.n < ENOUGH_ROWS or self.k < 2 or (not sp.issparse(y) and y.size > MAX_OUTPUTS_EVALUATED):
            return
        each = np.diff(y.indptr) if sp.issparse(y) else y.sum(1)
        if (each == 1).all():
            warn(
                "each row has exactly one label, and still several, or none, may be predicted for a row: if they are classes, "
                "of which a row has one, give them without labels_sep (--labels-sep), and not in lists"
            )

    def y(self, i: Tensor) -> Tensor:
        y = self.matrix[i.numpy()]
        return torch.from_numpy(y.toarray() if sp.issparse(y) else y).float()

    def pull(self, i: Tensor) -> Tensor | None:
        w = self.weight(i)
        if self.positive_weight is None:
            return w
        cells = 1 + torch.nan_to_num(self.y(i)) * (self.factor - 1)
        return cells if w is None else cells * w

    @cached_property
    def factor(self) -> Tensor:
        """(k,) weight of the positives."""
        if isinstance(self.positive_weight, dict):
            unknown = [name for name in self.positive_weight if name not in self.names]
            if unknown:
                raise ValueError(f"label_weight names {unknown[0]!r}, which is not a label{suggest(unknown[0], self.names)}")
            return torch.tensor([float(self.positive_weight.get(name, 1.0)) for name in self.names])
        yes, known = self.how_often
        return torch.from_numpy(np.clip((known - yes) / np.maximum(yes, 1.0), 1e-3, 1e3)).float()

    def folds(self, parts: int | list[float], rng: np.random.RandomState, i: np.ndarray) -> np.ndarray:
        return folds(self.matrix if len(i) == self.n else self.matrix[i], parts, rng)

    def error(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        return ranking_error(raw, y, weight)

    def losses(self, outputs: Callable[[Tensor | None], Tensor], i: Tensor, rng: torch.Generator) -> Tensor:
        """With very many labels: those that the rows have, and a random sample that represents all others."""
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


def label_loss(loss: Any) -> Loss:
    """The loss of each label that a parameter `loss` stands for."""
    if not isinstance(loss, Loss) and loss not in LOSSES:
        allowed = ", ".join(map(repr, LOSSES))
        raise ValueError(f"loss={loss!r}: allowed are {allowed}, or a Loss{suggest(loss, LOSSES)}")
    return loss if isinstance(loss, Loss) else LOSSES[loss]


def dense(y: Any) -> np.ndarray:
    """y (n, k) as an array."""
    return np.asarray(y.toarray() if sp.issparse(y) else y, dtype=np.float32)
