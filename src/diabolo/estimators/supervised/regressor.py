"""x -> encoder -> z -> linear last layer -> numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ...errors import DataError, warn
from ...formats.scale import standard
from ...formats.targets import floats, same_length, same_order
from ...losses import Loss, Squared
from ...sentinels import FEWEST, odd, warn_odd
from ..weights import weights
from .base import Supervised, described
from .targets import NumberTarget


@described
@dataclass(kw_only=True, repr=False, eq=False)
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
            self._check_numbers(values.shape[1])
        else:
            self.mean_, self.scale_ = standard(values)
            warn_odd([("y" if self._flat else f"{j} of y", f"{v:.15g}", n) for j, v, n in odd(values.T)])
            self._warn_far(values)
        w = None if sample_weight is None else weights(sample_weight, len(values), 0 if self._flat else values.shape[1])
        standardized = torch.from_numpy((values - self.mean_) / self.scale_).float()
        return self._learn(X, NumberTarget(standardized, w), categories, numbers)

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

    def _check_numbers(self, k: int) -> None:
        """The units of y stay as they were, and so does how many numbers there are."""
        if k != len(self.mean_):
            raise DataError(
                f"y has {k:,} numbers for each row, but warm_start=True goes on with a network of {len(self.mean_):,}: "
                "set warm_start=False to begin anew"
            )

    def _loss(self) -> Loss:
        return Squared()

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


def power_of_two(size: np.ndarray) -> np.ndarray:
    """The power of two below each size (k,), by which numbers are divided without rounding; 1 for 0."""
    return np.ldexp(1.0, np.clip(np.frexp(np.where(size > 0, size, 1.0))[1] - 1, -1000, 1000))
