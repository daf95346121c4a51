r"""One class, or a number, for each row: a supervised last layer on an encoder (lastlayer.py).

    Classifier    p = softmax(t raw)              loss  -log p_y          t: temperature, from rows not seen
    Regressor     y = mean + scale raw            loss  (raw - y)^2

References
----------
Reducing the dimensionality of data with neural networks (Hinton & Salakhutdinov, 2006),
https://doi.org/10.1126/science.1127647 (pre-training)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import Tags, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..errors import DataError, FormatError
from ..formats.scale import standard
from ..losses import Loss, Softmax, Squared
from ..splitting import folds
from .lastlayer import TEMPERATURES, Supervised, described

__all__ = ["Classifier", "Regressor"]


@described
@dataclass(repr=False, eq=False)
class Classifier(ClassifierMixin, Supervised):
    """One of several classes for each row: softmax on an encoder of one's own or one trained before.

    Parameters
    ----------
    SHARED

    Attributes
    ----------
    classes_ : ndarray (k,)
        The classes, in order.
    temperature_ : float
        Raw outputs are multiplied by it, so that probabilities mean what they say for rows not seen.
    held_out_ : float
        Share of wrong answers for training rows by members that have not seen them.
    network_ : Diabolo
        Encoder and last layer of all members.
    format_, history_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`Autoencoder`.

    References
    ----------
    Reducing the dimensionality of data with neural networks (Hinton & Salakhutdinov, 2006),
    https://doi.org/10.1126/science.1127647

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from diabolo import Autoencoder
    >>> X, y = load_digits(return_X_y=True)
    >>> ae = Autoencoder(n_components=32, epochs=10, random_state=0).fit(X)           # no labels
    >>> few = slice(0, 100)
    >>> clf = Classifier(encoder=ae, random_state=0).fit(X[few], y[few])
    >>> clf.predict_proba(X[100:]).shape, bool(clf.score(X[100:], y[100:]) > 0.75)
    ((1697, 10), True)
    """

    _prefix = ""
    loss = "auto"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn to tell the classes.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like (n,)
            The class of each row.
        sample_weight : array-like (n,), optional
            How much each row counts.
        """
        if y is None:
            raise ValueError("y=None: requires y to be passed, but the target y is None")
        y = column_or_1d(y, warn=True)
        no_gaps(y)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        self._y = torch.from_numpy(index.reshape(-1))
        self._learn(X, len(y), sample_weight)
        del self._y
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the likeliest class of each row."""
        check_is_fitted(self)
        return np.asarray(self.classes_[self._scores(X).argmax(1)])

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, k) probabilities of the classes."""
        return torch.from_numpy(self._scores(X)).softmax(1).numpy()

    def decision_function(self, X: Any) -> np.ndarray:
        """(n, k) logarithms of the probabilities, but for a constant; of two classes, their difference (n,)."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def _scores(self, X: Any) -> np.ndarray:
        return torch.cat(list(self._raw(X))).double().numpy() * self.temperature_

    def _loss(self) -> Loss:
        return Softmax((len(self.classes_),))

    def _start(self) -> Tensor:
        w = torch.ones(len(self._y)) if self._weight is None else self._weight[:, 0]
        n = torch.zeros(len(self.classes_)).index_add_(0, self._y, w)
        return n.div(n.sum()).clamp(min=0.5 / len(self._y)).log()

    def _targets(self, i: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(self._y[i], len(self.classes_)).float()

    def _folds(self, parts: int | list[float]) -> np.ndarray:
        y = self._targets(torch.arange(self._n)).numpy()
        return folds(y, parts, np.random.RandomState(self.seed_))

    def _error(self, raw: Tensor, y: Tensor) -> float:
        wrong = float((raw.argmax(1) != y.argmax(1)).float().mean())
        return wrong + 0.1 * min(float(self.loss_(t * raw, y).mean()) for t in TEMPERATURES)

    def _last(self, u: np.ndarray, i: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
        y, k = self._y[torch.from_numpy(i)].numpy(), len(self.classes_)
        there = np.unique(y)
        v, b = np.zeros((u.shape[1], k)), np.full(k, np.log(0.5 / len(y)))  # of a class that no row has
        if len(there) == 1:
            b[there] = 0.0
            return v, b
        w = self._weights(torch.from_numpy(i))
        model = LogisticRegression(C=1 / ridge, max_iter=300).fit(u, y, None if w is None else w[:, 0].numpy())
        both = len(there) == 2
        v[:, there] = (np.concatenate([-model.coef_, model.coef_]) / 2 if both else model.coef_).T
        b[there] = np.concatenate([-model.intercept_, model.intercept_]) / 2 if both else model.intercept_
        return v, b

    def _judge(self, raw: Tensor, y: Tensor, i: np.ndarray) -> None:
        losses = [float(self.loss_(t * raw, y).mean()) for t in TEMPERATURES]
        self.temperature_ = TEMPERATURES[int(np.argmin(losses))]
        self.held_out_ = float((raw.argmax(1) != y.argmax(1)).float().mean())

    def _outputs(self) -> int:
        return len(self.classes_)

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        if self.classes_.dtype.kind not in "biufUO" or not all(
            isinstance(c, (str, int, float)) for c in self.classes_.tolist()
        ):
            raise DataError(f"classes of type {self.classes_.dtype} cannot be kept in a file: give numbers or texts")
        kept = {"classes": self.classes_.tolist(), "dtype": "O" if self.classes_.dtype == object else self.classes_.dtype.str}
        return meta | kept | {"temperature": self.temperature_}, arrays

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        dtype = np.dtype(meta["dtype"])
        if dtype.kind not in "biufUO" or not all(isinstance(c, (str, int, float)) for c in meta["classes"]):
            raise FormatError("its classes are neither numbers nor texts")
        self.classes_, self.temperature_ = np.array(meta["classes"], dtype=dtype), float(meta["temperature"])
        super()._restore(meta, arrays)


@described
@dataclass(repr=False, eq=False)
class Regressor(RegressorMixin, Supervised):
    """A number, or several, for each row, on an encoder of one's own or one trained before.

    Parameters
    ----------
    SHARED

    Attributes
    ----------
    held_out_ : float
        1 - R2 for training rows by members that have not seen them.
    network_ : Diabolo
        Encoder and last layer of all members.
    format_, history_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`Autoencoder`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = Regressor(hidden=(32,), epochs=60, random_state=0).fit(X, y)
    >>> reg.predict(X).shape, bool(reg.score(X, y) > 0.3)
    ((442,), True)
    """

    _prefix = ""
    loss = "auto"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn to predict y.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like (n,) or (n, k)
            Numbers; NaN = not known.
        sample_weight : array-like (n,) or (n, k), optional
            How much each row, or each number, counts.
        """
        if y is None:
            raise ValueError("y=None: requires y to be passed, but the target y is None")
        values = np.asarray(y)
        if values.dtype.kind == "c":
            raise DataError("Complex data not supported: give real numbers as y")
        values = values.astype(np.float64)
        if values.ndim not in (1, 2):
            raise DataError(f"y has shape {values.shape}: give one number, or k, for each row")
        no_gaps(values, allow_nan=True)
        if not (~np.isnan(values)).any():
            raise DataError("y holds no known number")
        self._flat = values.ndim == 1
        values = values.reshape(len(values), -1)
        sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        if np.shape(sample_weight) in ((len(values),), values.shape):  # what does not count is not known
            off = np.broadcast_to(np.reshape(sample_weight, (len(values), -1)) == 0, values.shape)
            values = np.where(off & ~off.all(0), np.nan, values)
        self.mean_, self.scale_ = standard(values)
        self._y = torch.from_numpy((values - self.mean_) / self.scale_).float()
        self._learn(X, len(values), sample_weight, 0 if self._flat else values.shape[1])
        del self._y
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(n,) or (n, k), as y was."""
        check_is_fitted(self)
        found = torch.cat(list(self._raw(X))).double().numpy() * self.scale_ + self.mean_
        return found[:, 0] if self._flat else found

    def _loss(self) -> Loss:
        return Squared()

    def _start(self) -> Tensor:
        return torch.zeros(self._y.shape[1])

    def _targets(self, i: Tensor) -> Tensor:
        return self._y[i]

    def _error(self, raw: Tensor, y: Tensor) -> float:
        known = ~torch.isnan(y)
        return float(self.loss_.terms(raw, y).sum() / known.sum().clamp(min=1))

    def _last(self, u: np.ndarray, i: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
        y = self._y[torch.from_numpy(i)].double().numpy()
        v, b = np.zeros((u.shape[1], y.shape[1])), np.zeros(y.shape[1])
        for c in range(y.shape[1]):
            known = ~np.isnan(y[:, c])
            if known.any():
                w = self._weights(torch.from_numpy(i[known]))
                own = None if w is None else w[:, min(c, w.shape[1] - 1)].numpy()
                model = Ridge(alpha=ridge).fit(u[known], y[known, c], own)
                v[:, c], b[c] = model.coef_, model.intercept_
        return v, b

    def _outputs(self) -> int:
        return len(self.mean_)

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        return meta | {"flat": self._flat}, arrays | {"mean": self.mean_, "scale": self.scale_}

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self._flat, self.mean_, self.scale_ = bool(meta["flat"]), arrays["mean"], arrays["scale"]
        super()._restore(meta, arrays)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def no_gaps(y: np.ndarray, allow_nan: bool = False) -> None:
    """Infinite numbers are no target, nor is NaN a class."""
    if y.dtype.kind != "f":
        return
    if np.isinf(y).any():
        raise DataError("Input y contains infinity: replace it by a number")
    if not allow_nan and np.isnan(y).any():
        raise DataError("Input y contains NaN: leave out rows whose class is not known")
