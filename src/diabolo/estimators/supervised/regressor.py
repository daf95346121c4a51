"""x -> encoder -> z -> linear last layer -> numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ...errors import DataError, warn
from ...formats.given_away import tell_given_away
from ...formats.scale import standard
from ...formats.targets import floats, in_order, named, row_weights, same_length, same_order, weights_of
from ...losses import Loss, Squared
from ...sentinels import MIN_VALUES, odd, warn_odd
from ..weights import weights
from .base import Supervised
from .targets import NumberTarget

ALIKE = 1e-3  # numbers all of which are within so many deviations of their mean: what `standard` takes for a constant
FEW_VALUES, MOST = 0.005, 0.5  # of the values, which make up most of the variance
NEAR_0, MOST_BELOW = 0.1, 0.01  # deviations, and a share of the predictions, below 0 that are not told, where no number is
FAR_OUT = 20.0  # deviations from the mean of the first fit, in which most numbers of another one have another unit


@dataclass(kw_only=True, repr=False, eq=False)
class Regressor(RegressorMixin, Supervised):
    """Regression of one or several targets, with a new or a pre-trained encoder.

    Of tables and arrays it begins at the best additive model, a sum of one bent line for each column (`n_bins`), of documents
    at the best linear model of tf-idf, and learns what that leaves over, from 100 rows on. A new encoder sees of each date also
    where it lies within a day, a week, a month and a year (:class:`nets.Calendar`).

    Parameters
    ----------
    encoder : Autoencoder, path, "imagenet", nn.Module, object with ``encode`` or None, default=None
        None: no pre-trained encoder; hidden layers are trained with the last layer. Otherwise one of these:
        a fitted :class:`Autoencoder`, or the path of a saved one;
        "imagenet" for pictures: :class:`nets.Lite0` with the weights of the extra ``diabolo[imagenet]``;
        your own module, which is copied: x (B, d) -> (B, m), or pictures (B, C, H, W) -> (B, m);
        a text model with ``encode(texts) -> (n, m)``, such as one of sentence-transformers.
    freeze : bool, default=True
        True: a given encoder keeps its weights. False: it is fine-tuned with the last layer. If it is an autoencoder, the
        ensemble then also gets the same number of members that are trained from scratch.
    members : int or "auto", default="auto"
        Number K of networks in the ensemble, of each kind. "auto" is 4; it is 3 for more than 20,000 rows, and 1 if
        convolutions are trained, or if an encoder is fine-tuned on more than 2000 rows. With 1, part of the rows is held out.
    hidden : "auto" or tuple of int, default="auto"
        Widths of the hidden layers. "auto" is (256, 256). For documents and sparse matrices "auto" is (512,), or (512, 512)
        with at least five rows per feature and at most 10,000 labels. On a frozen encoder "auto" is no hidden layer: the last
        layer reads the codes, which suits few examples. From about a thousand examples on, hidden layers such as (256, 256)
        may be better. On a fine-tuned encoder the last layer reads both its codes and the hidden layers on these codes.
    n_bins : int or "auto", default="auto"
        Number of bins of the piecewise linear encoding (:class:`nets.PiecewiseLinearEncoding`). It describes each number of a
        table or dense array by the number itself and by its position within each bin; quantiles are the edges. 0: the number
        alone. "auto" is 8, and 0 for more than 300 numbers. Features with one or two values, words and pictures have no bins,
        nor has a pre-trained encoder.
    dropout : float in [0, 1) or "auto", default="auto"
        Dropout rate of the hidden layers, and of what convolutions give. "auto" is 0.1 for tables and arrays, and 0.5 for
        documents and pictures.
    corruption : Corruption or None, default=None
        How rows are corrupted during training, such as ``Gaussian(0.1)``. None: not at all; only pictures are shifted by up
        to 1/8 of their shorter side, and mirrored, unless that would change answers.
    format : {"auto", "tables", "arrays", "documents", "images"} or Format, default="auto"
        How X is read. "auto" infers it from X; a sparse matrix without negative numbers is read as word counts.
    epochs : int or "auto", default="auto"
        Largest number of epochs. "auto" is 30, but at least 1500 and at most 6000 steps.
    batch_size : int or "auto", default="auto"
        Rows per step. "auto" is 128.
    lr : float, default=3e-3
        Peak learning rate of AdamW. An encoder that is not an autoencoder is fine-tuned at a third of it. Convolutions that
        start from scratch learn by Muon, at seven times of it.
    weight_decay : float, default=0.01
        Decoupled weight decay of the matrices.
    average : float in [0, 1), default=0.99
        Decay per step of the exponential moving average of the weights. The average is the result.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows that is held out if there is one member.
    warm_start : bool, default=False
        Whether a second ``fit`` continues from the fitted network. It keeps the columns and their units; rows may be new.
    patience : int, default=5
        After this number of evaluations without improvement, the learning rate goes down to zero, and training stops.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the arithmetic in training. The weights are float32.
    device : str, default="auto"
        Where the network is trained. "auto" uses CUDA if available.
    checkpoint : path or None, default=None
        File, or folder, to which the state of training is written every 30 seconds, atomically.
    resume : bool, default=False
        Whether to continue from `checkpoint`. The result has the same bits as without interruption.
    random_state : int, RandomState or None, default=None
        Seed of all random numbers.
    verbose : bool, default=True
        Whether to show a progress bar after two seconds. Without a terminal, it is a line on stderr every few seconds.

    Attributes
    ----------
    held_out_ : float
        Out-of-fold error on the training rows: 1 - R2, weighted by `sample_weight`.
    additive_held_out_ : float
        The same of the additive model at which training begins; NaN if it begins elsewhere, as with pictures, an encoder or
        ``warm_start``. With ``n_bins=0`` it is the best linear model. If ``held_out_`` is not smaller, the hidden layers gain
        nothing.
    network_ : Diabolo
        Encoder and last layer of all members.
    members_ : int
        Number of members.
    mean_, scale_ : ndarray (k,)
        Mean and scale of each target. The network predicts ``(y - mean_) / scale_``.
    target_names_ : list of str or None
        Names of the targets, if y is a table, or a column that has a name.
    loss_ : Loss
        The loss that is minimized.
    seed_ : int
        Drawn from `random_state`. All other random numbers follow from it.
    format_ : Format
        It converts X to numbers.
    history_ : History
        Loss and out-of-fold error per round.
    n_iter_ : float
        Number of epochs until the best round.
    n_features_in_, feature_names_in_ : int, ndarray
        Number of columns of X, and their names if it is a table.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = Regressor(hidden=(32,), epochs=60, random_state=0).fit(X, y)
    >>> reg.predict(X).shape, bool(reg.score(X, y) > 0.3)
    ((442,), True)
    >>> print(f"{reg.held_out_:.2f} of the variance is left over, {reg.additive_held_out_:.2f} by a sum of curves")
    0.50 of the variance is left over, 0.50 by a sum of curves
    """

    dropout: Any = "auto"
    loss = "auto"

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        categories: Any = None,
        numbers: Any = None,
    ) -> Self:
        """Learn to predict y.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like (n,) or (n, k)
            The numbers; NaN or None = unknown. May be left out if X is a file, or a ``Dataset``, that says them.
        sample_weight : array-like (n,) or (n, k), optional
            Weight of each row, or of each number.
        groups : array-like (n,), optional
            Which rows belong together, such as the patient of each: a group is held out as a whole, so `held_out_` and all that
            is calibrated on held-out rows hold for new groups.
        categories : list of str, optional
            Names of integer columns of a table that are codes, not quantities.
        numbers : list of str, optional
            Names of columns of a table that are quantities although they look like row numbers or codes.

        Raises
        ------
        DataError
            y holds texts, dates or infinity, or no known number, or its length is not that of X.
        """
        X, y = self._with_answers(X, y, fit=True)
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        same_order(X, groups, "groups")
        tell_given_away(X, y, groups, getattr(self.format, "reading", None))
        values = numbers_of(y)
        if np.isnan(values).all():
            raise DataError("y holds no known number")
        sample_weight = weights_of(sample_weight, named(y))
        known: list[str] | None = getattr(self, "target_names_", None) if self._continues() else None
        values, sample_weight = in_order(known, named(y), values, sample_weight)
        self.target_names_ = known or named(y)
        self._flat = values.ndim == 1
        values = values.reshape(len(values), -1)
        if np.shape(sample_weight) in ((len(values),), values.shape):  # a number without weight is unknown
            off = np.broadcast_to(np.reshape(sample_weight, (len(values), -1)) == 0, values.shape)
            values = np.where(off & ~off.all(0), np.nan, values)
            for j in np.flatnonzero(off.all(0) & ~off.all()).tolist():
                warn(f"{self._name(j)} has only weights of 0: what is predicted for it means nothing; leave it out")
        if self._continues():
            self._check_numbers(values.shape[1])
            self._tell_unit(values, "in the first fit", "warm_start=True keeps the unit; set warm_start=False to start anew")
        else:
            self.mean_, self.scale_ = standard(values)
            warn_odd([("y" if self._flat else f"{j} of y", f"{v:.15g}", n) for j, v, n in odd(values.T)])
            self._warn_far(values)
        w = None if sample_weight is None else weights(sample_weight, len(values), 0 if self._flat else values.shape[1])
        standardized = torch.from_numpy((values - self.mean_) / self.scale_).float()
        self.additive_held_out_ = float("nan")
        self._learn(X, NumberTarget(standardized, w), groups, categories, numbers)
        self._warn_alike(values)
        return self

    def _name(self, j: int) -> str:
        return "y" if self._flat else f"column {j} of y"

    def _warn_alike(self, values: np.ndarray) -> None:
        """Warn of numbers of which nothing is known, or that are all the same: nothing can be learned of them."""
        mean, scale = standard(values)
        low, high = (f.reduce(values, 0, initial=start) for f, start in ((np.fmin, np.inf), (np.fmax, -np.inf)))
        for j in np.flatnonzero(np.nan_to_num(np.abs(values - mean) / scale).max(0) < ALIKE).tolist():
            if low[j] > high[j]:
                warn(f"{self._name(j)} holds no known number: what is predicted for it means nothing; leave it out")
            elif low[j] == high[j]:
                warn(
                    f"{self._name(j)} holds a single number, {low[j]:.15g}: every prediction will be near it; give others, too"
                )
            else:
                warn(
                    f"{self._name(j)} lies between {low[j]:.15g} and {high[j]:.15g}, too close to each other to be told apart: "
                    f"subtract {low[j]:.15g}"
                )

    def _tell_unit(self, values: np.ndarray, before: str = "in fit", remedy: str = "predictions are in that of fit") -> None:
        """Warn of numbers (n, k) in another unit than those of the first fit."""
        x = (values - self.mean_) / self.scale_
        for j, v in enumerate(x.T):
            v = v[~np.isnan(v)]
            if len(v) >= MIN_VALUES and ((np.abs(v) > FAR_OUT).mean() > 0.5 or ALIKE < v.std() < 1 / FAR_OUT):
                now, then = (f"{a:.4g} with a spread of {b:.4g}" for a, b in self._spreads(v, j))
                warn(f"{self._name(j)} is {now}, where it was {then} {before}: is its unit another one? {remedy}")

    def _spreads(self, v: np.ndarray, j: int) -> list[tuple[float, float]]:
        """Mean and deviation of standardized numbers v (n,) in the unit of target j, and those of the first fit."""
        mean, scale = float(self.mean_[j]), float(self.scale_[j])
        return [(mean + scale * float(v.mean()), scale * float(v.std())), (mean, scale)]

    def _starts_linear(self) -> bool:
        """What the additive model leaves over is measured before the hidden layers change it."""
        starts = super()._starts_linear()
        if starts:
            i = self._out_of_fold.sample(self._target.judged)
            self.network_.eval()
            with torch.no_grad():
                self.additive_held_out_ = self._target.error_of(self._out_of_fold.raw(i).mean(0), i)
        return starts

    def _calibrate(self, raw: torch.Tensor, i: np.ndarray) -> None:
        super()._calibrate(raw, i)
        zero, least = -self.mean_ / self.scale_, np.fmin.reduce(cast(NumberTarget, self._target).numbers.numpy(), 0)
        below = (raw.numpy() < zero - NEAR_0).sum(0) * (least > zero - ALIKE)
        self._warn_below(np.where(below >= MIN_VALUES, below / len(raw), 0.0))

    def _warn_below(self, shares: np.ndarray) -> None:
        """Warn of shares (k,) of predictions below 0, where no number was."""
        for j in np.flatnonzero(shares > MOST_BELOW).tolist():
            warn(
                f"{self._name(j)} is never below 0, but {shares[j]:.1%} of predictions for held-out rows are well below: cut "
                "them off there, reg.predict(X).clip(0), or learn np.log1p(y) and give np.expm1 of what is predicted"
            )

    def _warn_far(self, values: np.ndarray) -> None:
        """Warn of a few values so large that the squares of all others vanish beside theirs."""
        squares = np.nan_to_num(np.square((values - self.mean_) / self.scale_))
        for j, own in enumerate(squares.T):
            n = int((~np.isnan(values[:, j])).sum())
            if n < MIN_VALUES or len(np.unique(values[:, j])) <= 2:
                continue
            order = np.argsort(-own, kind="stable")[: max(1, int(FEW_VALUES * n))]
            shares = own[order].cumsum() / max(own.sum(), 1e-300)
            m = int(np.searchsorted(shares, MOST, side="right")) + 1  # the fewest that make up most of it
            if m > len(order):
                continue
            i = int(order[0])
            what = (
                f"{values[i, j]:.6g} (row {i:,}), which makes"
                if m == 1
                else f"{m:,} values such as {values[i, j]:.6g} (row {i:,}), which make"
            )
            warn(
                f"y holds {what} up {shares[m - 1]:.0%} of its variance: the model learns little else. If "
                f"{'it is an error, make it' if m == 1 else 'they are errors, make them'} NaN; if y spans orders of magnitude, "
                "give np.arcsinh(y)"
            )

    def predict(self, X: Any) -> np.ndarray:
        """(n,) or (n, k) predicted numbers, in the shape of y."""
        check_is_fitted(self)
        found = torch.cat(list(self._raw(X))).double().numpy() * self.scale_ + self.mean_
        return found[:, 0] if self._flat else found

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """R2 over the known numbers (NaN = unknown); for several targets, the mean of their R2."""
        X, y = self._with_answers(X, y)
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        truth, said = numbers_of(y), self.predict(X)
        truth, sample_weight = in_order(self.target_names_, named(y), truth, weights_of(sample_weight, named(y)))
        same_length(len(truth), len(said))
        truth, said = truth.reshape(len(truth), -1), said.reshape(len(said), -1)
        if truth.shape != said.shape:
            raise DataError(f"y has {truth.shape[1]:,} columns, but the model was fitted with {said.shape[1]:,}")
        self._tell_unit(truth)
        weight = 1.0 if sample_weight is None else row_weights(sample_weight, len(truth), 0 if self._flat else truth.shape[1])
        w = np.broadcast_to(np.reshape(weight, (-1, 1)) if np.ndim(weight) == 1 else weight, truth.shape)
        known = ~np.isnan(truth) & (w > 0)
        if not known.any():
            raise DataError("y holds no known number: there is nothing to score")
        unit = power_of_two(self.scale_)  # the square of 1e-200 would be 0
        truth, said = truth / unit, said / unit
        each = [r2_score(truth[i, c], said[i, c], sample_weight=w[i, c]) for c, i in enumerate(known.T) if i.any()]
        return float(np.mean(each))

    def _check_numbers(self, k: int) -> None:
        """A warm start keeps the units of y and the number of targets."""
        if k != len(self.mean_):
            raise DataError(
                f"y has {k:,} numbers for each row, but warm_start=True continues with a network for {len(self.mean_):,}: "
                "set warm_start=False to start anew"
            )

    def _loss(self) -> Loss:
        return Squared()

    def _outputs(self) -> int:
        return len(self.mean_)

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        additive = None if np.isnan(self.additive_held_out_) else self.additive_held_out_
        said = {"flat": self._flat, "additive_held_out": additive, "targets": self.target_names_}
        return meta | said, arrays | {"mean": self.mean_, "scale": self.scale_}

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self._flat, self.mean_, self.scale_ = bool(meta["flat"]), arrays["mean"], arrays["scale"]
        additive, names = meta.get("additive_held_out"), meta.get("targets")
        self.target_names_ = None if names is None else [str(name) for name in names]
        self.additive_held_out_ = float("nan") if additive is None else float(additive)
        super()._restore(meta, arrays)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def numbers_of(y: Any) -> np.ndarray:
    """y -> float64 (n,) or (n, k), NaN where it is not known."""
    values = floats(y)
    if values.ndim not in (1, 2):
        raise DataError(f"y has shape {values.shape}: give one number for each row, (n,), or k numbers, (n, k)")
    if np.isinf(values).any():
        raise DataError("Input y contains infinity: replace it by a number")
    return values


def power_of_two(size: np.ndarray) -> np.ndarray:
    """The power of two below each size (k,); division by it does not round. 1 for 0."""
    return np.ldexp(1.0, np.clip(np.frexp(np.where(size > 0, size, 1.0))[1] - 1, -1000, 1000))
