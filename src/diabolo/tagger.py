r"""What a multi-label model says of rows, whatever computes the probabilities: torch, or NumPy (engine.py).

X  --_probabilities-->  p (n, k), in batches  --decision-->  yes (n, k)  --labels_-->  Y
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from .decision import Decision, most_probable
from .deferred import is_sparse, sp
from .errors import DataError
from .formats.base import Format
from .formats.labels import Labels
from .formats.readers import with_answers
from .formats.targets import row_weights, same_length, same_order, weights_of

__all__ = ["Tagger", "at_once"]

MAX_PROBABILITIES_AT_ONCE = 4_000_000  # probabilities that are computed at once


class Tagger:
    """Labels of rows."""

    format_: Format
    labels_: Labels
    _decision: Decision

    @abstractmethod
    def _probabilities(self, X: Any) -> Iterator[np.ndarray]:
        """X -> p (b, k), in batches."""

    @property
    def classes_(self) -> np.ndarray:
        """(k,) names of the labels."""
        names = self.labels_.names
        kinds = {type(name) for name in names}
        return np.array(names, dtype=object if len(kinds) > 1 else None)

    @property
    def thresholds_(self) -> np.ndarray:
        """(k,) a label is predicted from this probability on."""
        return self._decision.thresholds

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, k) probability of each label."""
        return np.concatenate(list(self._probabilities(X)))

    def decision_function(self, X: Any) -> np.ndarray:
        """(n, k) log-odds of each label minus those of its threshold: the label is predicted from 0 on."""
        p = self.predict_proba(X)  # first: it finds out whether the model is fitted
        return self._decision.margins(p)

    def predict(self, X: Any) -> Any:
        """The labels of each row, in the form of Y: 0/1 array, sparse matrix, DataFrame, or list of tuples of names."""
        pieces = [*self._decided(X)]
        if self.labels_.kind.startswith("csr"):
            return sp.vstack([self.labels_.from_matrix(yes) for yes in pieces], format="csr")
        found = self.labels_.from_matrix(np.concatenate(pieces))
        if self.labels_.kind == "pandas" and hasattr(X, "iloc"):
            found.index = X.index
        return found

    def top(self, X: Any, n: int = 5) -> list[list[tuple[Any, float]]]:
        """The n most probable labels of each row with their probabilities, without a whole (n, k) matrix in memory."""
        if not (isinstance(n, (int, np.integer)) and n >= 1):
            raise ValueError(f"n={n!r}: allowed are integers from 1")
        names = self.labels_.names
        return [most_probable(row, names, min(int(n), len(names))) for p in self._probabilities(X) for row in p]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Micro-averaged F1 of :meth:`predict` over the known labels, at most 1."""
        X, y = with_answers(X, y, getattr(getattr(self, "format_", None), "options", None))
        same_order(X, y)
        yes = np.concatenate([*self._decided(X)])
        y = self.labels_.to_matrix(y)
        y = np.asarray(y.toarray() if is_sparse(y) else y, dtype=np.float32)
        same_length(len(y), len(yes))
        weight = weights_of(sample_weight, [str(name) for name in self.labels_.names])
        w = np.ones(len(y)) if weight is None else row_weights(weight, *y.shape)
        if np.isnan(y).all():
            raise DataError("y holds no known label: there is nothing to score")
        return micro_f1(yes, y, w)

    def _decided(self, X: Any) -> Iterator[np.ndarray]:
        """X -> yes (b, k), in batches."""
        for p in self._probabilities(X):
            yield self._decision.decided(p)

    def _names(self, X: Any) -> list[tuple[Any, ...]]:
        """The names of each row's labels, whatever Y was."""
        rows = self.labels_.as_lists().from_matrix(np.concatenate([*self._decided(X)]))
        return [row if isinstance(row, tuple) else (row,) for row in rows]


def at_once(k: int) -> int:
    """Rows whose probabilities of k labels are computed together."""
    return int(np.clip(MAX_PROBABILITIES_AT_ONCE // max(1, k), 16, 2048))


def micro_f1(yes: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    """Predictions and y (n, k), NaN = unknown, weights (n,) or (n, k) -> 2 TP / (2 TP + FP + FN); 1 if there are none."""
    w = np.where(np.isnan(y), 0.0, w.reshape(len(y), -1))
    y = np.nan_to_num(y)
    both, either = (w * yes * y).sum(), (w * yes).sum() + (w * y).sum()
    return float(2 * both / either) if either else 1.0
