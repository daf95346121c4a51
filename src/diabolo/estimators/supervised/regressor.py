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
from .base import Supervised
from .targets import NumberTarget


@dataclass(kw_only=True, repr=False, eq=False)
class Regressor(RegressorMixin, Supervised):
    """A number, or several, for each row, on an encoder of one's own or one trained before.

    Parameters
    ----------
    encoder : Autoencoder, path, "imagenet", nn.Module, object with ``encode`` or None, default=None
        What was trained before: a fitted :class:`Autoencoder`, the path of a saved one; "imagenet", for pictures, is
        :class:`nets.Lite0` with the weights of the extra ``diabolo[imagenet]``; your own module, of which a copy is
        used: x (B, d) -> (B, m), or pictures (B, C, H, W) -> (B, m); or a model of texts, ``encode(texts) -> (n, m)``, such as
        one of sentence-transformers. None: hidden layers that are trained with the rest.
    freeze : bool, default=True
        A given encoder stays as it is; False: it is fine-tuned with the last layer, and beside the members that start from an
        autoencoder there are as many that start from nothing.
    members : int or "auto", default="auto"
        Networks K, of each kind; "auto" is 5, 3 for more than 20,000 rows, and 1 where an encoder is fine-tuned to more than
        2000 rows, and where convolutions are trained. With 1, a part of the rows is held out.
    hidden : "auto" or tuple of int, default="auto"
        Widths of the hidden layers; "auto" is (256, 256); for documents and sparse matrices (512,), and (512, 512) where there
        are at least five rows for each feature and at most 10,000 labels. On a frozen encoder "auto" is none: the last layer
        reads its codes, which suits few examples; from about a thousand on, hidden layers, such as (256, 256), may be better.
        Beside a fine-tuned encoder's codes: those that read them, too.
    bins : int or "auto", default="auto"
        Hidden layers that are not pre-trained see each number of a table or dense array together with how far it has come
        through each of so many bins between its quantiles (:class:`nets.Bins`); 0: the number alone. "auto" is 8, and 0 where
        there are more than 300 numbers. Features of one or two values, words and pictures have none.
    dropout : float in [0, 1), default=0.5
        In the hidden layers; and a fifth of the features.
    corruption : Corruption or None, default=None
        What the encoder sees of a row while training, such as ``Gaussian(0.1)``. None: nothing else; pictures moved by up to an
        eighth of their shorter side, and mirrored.
    format : {"auto", "tables", "arrays", "documents", "images"} or Format, default="auto"
        How X is read; "auto" looks at it, and takes sparse numbers from 0 as counts of words.
    epochs : int or "auto", default="auto"
        Most passes over the rows; "auto" is 30, but at least 1500 and at most 6000 steps.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is 128.
    lr : float, default=3e-3
        Peak learning rate of AdamW; a third of it, where an encoder that is no autoencoder is fine-tuned.
    weight_decay : float, default=0.01
        Decoupled weight decay of the matrices.
    average : float in [0, 1), default=0.99
        Decay per step of the running average of the weights, which is what is kept.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows held out where there is one member.
    warm_start : bool, default=False
        Whether ``fit``, called again, goes on from the fitted network: with its columns, their units, and new rows or the same.
    patience : int, default=10
        Evaluations without gain after which training stops.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of training; weights are float32.
    device : str, default="auto"
        Where it is trained; "auto" takes CUDA where there is one.
    checkpoint : path or None, default=None
        Written atomically every 30 seconds while training.
    resume : bool, default=False
        Go on from `checkpoint`; the result has the same bits as that of a run never stopped.
    random_state : int, RandomState or None, default=None
        Seed of everything random.
    verbose : bool, default=True
        A progress bar; where there is no terminal, a line on stderr every few seconds. Nothing for the first two seconds.

    Attributes
    ----------
    held_out_ : float
        1 - R2 for training rows by members that have not seen them; each row counts as much as its weight.
    network_ : Diabolo
        Encoder and last layer of all members.
    members_ : int
        How many there are.
    mean_, scale_ : ndarray (k,)
        Of each target: the network predicts ``(y - mean_) / scale_``.
    loss_ : Loss
        What is minimized.
    seed_ : int
        Drawn from `random_state`; all else that is random follows from it.
    format_ : Format
        How X becomes numbers.
    history_ : History
        Loss and error of rows not seen, per round.
    n_iter_ : float
        Epochs until the best round.
    n_features_in_, feature_names_in_ : int, ndarray
        How many columns X has, and their names if it is a table.

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
