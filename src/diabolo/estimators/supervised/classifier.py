r"""One class, or a number, for each row: a supervised last layer on an encoder (base.py).

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
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...errors import DataError, FormatError, suggest, warn
from ...formats.scale import standard
from ...formats.targets import classes, doubtful, floats, same_length, same_order
from ...losses import Loss, Softmax, Squared
from ...model_selection import folds
from ...sentinels import FEWEST, odd, warn_odd
from ..weights import mean, weights
from .base import TEMPERATURES, Supervised, described

__all__ = ["Classifier", "Regressor"]


@described
@dataclass(repr=False, eq=False)
class Classifier(ClassifierMixin, Supervised):
    """One of several classes for each row: softmax on an encoder of one's own or one trained before.

    Parameters
    ----------
    SHARED
    class_weight : dict, "balanced" or None, default=None
        How much a row of each class counts, times its `sample_weight`; "balanced": all classes count the same.

    Attributes
    ----------
    classes_ : ndarray (k,)
        The classes, in order.
    temperature_ : float
        Raw outputs are multiplied by it, so that probabilities mean what they say for rows not seen.
    held_out_ : float
        Share of wrong answers for training rows by members that have not seen them; each row counts as much as its weight.
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

    class_weight: Any = None

    _prefix = ""
    loss = "auto"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, categories: Any = None, numbers: Any = None) -> Self:
        """Learn to tell the classes.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like (n,)
            The class of each row.
        sample_weight : array-like (n,), optional
            How much each row counts.
        categories, numbers : list of str, optional
            Columns of a table that are codes although they are whole numbers, and columns that are quantities although they
            look like row numbers or codes.

        Raises
        ------
        DataError
            A class is missing, y has another length than X, or holds dates, lists, numbers between whole ones.
        """
        if y is None:
            raise ValueError("y=None: requires y to be passed, but the target y is None")
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        y = classes(y)
        check_classification_targets(y)
        self.classes_, index = self._classes_of(y)
        doubtful(self.classes_.tolist())
        self._y = torch.from_numpy(index.reshape(-1))
        weight = class_weights(self.class_weight, self.classes_, self._y.numpy(), sample_weight)
        self._learn(X, len(y), weight, categories=categories, numbers=numbers)
        del self._y
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of right answers; y as in :meth:`fit`."""
        same_order(X, y)
        y, said = classes(y), self.predict(X)
        same_length(len(y), len(said))
        return float(accuracy_score(y, said, sample_weight=sample_weight))

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

    def _classes_of(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The classes, in order, and the number of each row's; those of the fit with which it goes on."""
        found, index = np.unique(y, return_inverse=True)
        if not self._goes_on():
            return found, index
        new = found[~np.isin(found, self.classes_)].tolist()
        if new:
            raise DataError(
                f"y holds the class {new[0]!r}, but warm_start=True goes on with a network that tells "
                f"{', '.join(map(repr, self.classes_.tolist()[:10]))}: set warm_start=False to begin anew"
            )
        return self.classes_, np.searchsorted(self.classes_, y)

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

    def _error(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        wrong = mean((raw.argmax(1) != y.argmax(1)).float(), weight)
        return wrong + 0.1 * min(mean(self.loss_(t * raw, y), weight) for t in TEMPERATURES)

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
        weight = self._importance(torch.from_numpy(i))
        losses = [mean(self.loss_(t * raw, y), weight) for t in TEMPERATURES]
        self.temperature_ = TEMPERATURES[int(np.argmin(losses))]
        self.held_out_ = mean((raw.argmax(1) != y.argmax(1)).float(), weight)

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
        1 - R2 for training rows by members that have not seen them; each row counts as much as its weight.
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, categories: Any = None, numbers: Any = None) -> Self:
        """Learn to predict y.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like (n,) or (n, k)
            Numbers; NaN or None = not known.
        sample_weight : array-like (n,) or (n, k), optional
            How much each row, or each number, counts.
        categories, numbers : list of str, optional
            Columns of a table that are codes although they are whole numbers, and columns that are quantities although they
            look like row numbers or codes.

        Raises
        ------
        DataError
            y holds texts or dates, no known number, an infinite one, or has another length than X.
        """
        if y is None:
            raise ValueError("y=None: requires y to be passed, but the target y is None")
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        values = floats(y)
        if values.ndim not in (1, 2):
            raise DataError(f"y has shape {values.shape}: give one number, or k, for each row")
        if np.isinf(values).any():
            raise DataError("Input y contains infinity: replace it by a number")
        if not (~np.isnan(values)).any():
            raise DataError("y holds no known number")
        self._flat = values.ndim == 1
        values = values.reshape(len(values), -1)
        sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        if np.shape(sample_weight) in ((len(values),), values.shape):  # what does not count is not known
            off = np.broadcast_to(np.reshape(sample_weight, (len(values), -1)) == 0, values.shape)
            values = np.where(off & ~off.all(0), np.nan, values)
        if self._goes_on():
            self._check_targets(values.shape[1])
        else:
            self.mean_, self.scale_ = standard(values)
            warn_odd([("y" if self._flat else f"{j} of y", f"{v:.15g}", n) for j, v, n in odd(values.T)])
            self._warn_far(values)
        self._y = torch.from_numpy((values - self.mean_) / self.scale_).float()
        self._learn(X, len(values), sample_weight, 0 if self._flat else values.shape[1], categories=categories, numbers=numbers)
        del self._y
        return self

    def _warn_far(self, values: np.ndarray) -> None:
        """Name a value beside which the others do not count: their squares vanish."""
        squares = np.nan_to_num(np.square((values - self.mean_) / self.scale_))
        for i, j in zip(squares.argmax(0), range(values.shape[1]), strict=True):
            share = squares[i, j] / max(squares[:, j].sum(), 1e-300)
            if (~np.isnan(values[:, j])).sum() >= FEWEST and share > 0.5:
                warn(
                    f"y holds {values[i, j]:.6g} (row {i:,}), which makes up {share:.0%} of its variance: little else is "
                    "learned. If it is an error, make it NaN; if y spreads over orders of magnitude, give np.arcsinh(y)"
                )

    def predict(self, X: Any) -> np.ndarray:
        """(n,) or (n, k), as y was."""
        check_is_fitted(self)
        found = torch.cat(list(self._raw(X))).double().numpy() * self.scale_ + self.mean_
        return found[:, 0] if self._flat else found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 of the numbers that are known, NaN being not known; of several for each row, their mean."""
        same_order(X, y)
        truth, said = floats(y), self.predict(X)
        same_length(len(truth), len(said))
        truth, said = truth.reshape(len(truth), -1), said.reshape(len(said), -1)
        if truth.shape != said.shape:
            raise DataError(f"y has {truth.shape[1]:,} columns, but the model was fitted with {said.shape[1]:,}")
        known = ~np.isnan(truth)
        if not known.any():
            raise DataError("y holds no known number: there is nothing to score")
        unit = power_of_two(self.scale_)  # the square of 1e-200 would be 0
        truth, said = truth / unit, said / unit
        w = None if sample_weight is None else floats(sample_weight, "sample_weight")
        each = [
            r2_score(truth[i, c], said[i, c], sample_weight=None if w is None else w[i])
            for c, i in enumerate(known.T)
            if i.any()
        ]
        return float(np.mean(each))

    def _check_targets(self, k: int) -> None:
        """The units of y stay as they were, and so does how many numbers there are."""
        if k != len(self.mean_):
            raise DataError(
                f"y has {k:,} numbers for each row, but warm_start=True goes on with a network of {len(self.mean_):,}: "
                "set warm_start=False to begin anew"
            )

    def _loss(self) -> Loss:
        return Squared()

    def _start(self) -> Tensor:
        return torch.zeros(self._y.shape[1])

    def _targets(self, i: Tensor) -> Tensor:
        return self._y[i]

    def _error(self, raw: Tensor, y: Tensor, weight: Tensor | None) -> float:
        known, terms = ~torch.isnan(y), self.loss_.terms(raw, y)
        if weight is None:
            return float(terms.sum() / known.sum().clamp(min=1))
        return float((weight * terms).sum() / (weight * known).sum().clamp(min=1e-12))

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


def class_weights(how: Any, classes: np.ndarray, index: np.ndarray, weight: Any) -> Any:
    """How much each row counts: its own weight times that of its class."""
    if how is None:
        return weight
    w = weights(1.0 if weight is None else weight, len(index), 0)[:, 0].double().numpy()
    if isinstance(how, str) and how == "balanced":
        return w / np.maximum(np.bincount(index, w, len(classes)), 1e-12)[index]
    if not isinstance(how, dict):
        raise ValueError(
            f"class_weight={how!r}: allowed are None, 'balanced', and a dict of class to number{suggest(how, ['balanced'])}"
        )
    names = classes.tolist()
    unknown = [name for name in how if name not in names]
    if unknown:
        raise ValueError(f"class_weight names {unknown[0]!r}, which is no class of y{suggest(unknown[0], names)}")
    each = floats([how.get(name, 1.0) for name in names], "class_weight")
    if not (each >= 0).all() or not np.isfinite(each).all():
        raise ValueError(f"class_weight={how!r}: allowed are numbers from 0")
    return w * each[index]


def power_of_two(size: np.ndarray) -> np.ndarray:
    """The power of two below each size (k,), by which numbers are divided without rounding; 1 for 0."""
    return np.ldexp(1.0, np.clip(np.frexp(np.where(size > 0, size, 1.0))[1] - 1, -1000, 1000))
