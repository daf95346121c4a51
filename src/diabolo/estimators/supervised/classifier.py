r"""Classification and regression: a supervised last layer on an encoder (base.py).

    Classifier    p = softmax(t raw)              loss  -log p_y          t: temperature, from out-of-fold outputs
    Regressor     y = mean + scale raw            loss  (raw - y)^2

References
----------
Reducing the dimensionality of data with neural networks (Hinton & Salakhutdinov, 2006),
https://doi.org/10.1126/science.1127647 (pre-training)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...errors import DataError, FormatError, suggest
from ...formats.given_away import tell_given_away
from ...formats.targets import (
    classes,
    doubtful,
    floats,
    row_weights,
    same_length,
    same_order,
    tell_single,
    tell_unknown,
    tell_weightless,
)
from ...losses import Loss, Softmax
from ..weights import weights
from .base import Supervised
from .targets import ClassTarget

__all__ = ["Classifier"]


@dataclass(kw_only=True, repr=False, eq=False)
class Classifier(ClassifierMixin, Supervised):
    """Classification into one of k classes, with a new or a pre-trained encoder.

    A new one sees of each date also where it lies within a day, a week, a month and a year (:class:`nets.Calendar`).

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
    dropout : float in [0, 1), default=0.5
        Dropout rate of the hidden layers, and of what convolutions give; that of the features they read is 0.2.
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
    class_weight : dict, "balanced" or None, default=None
        Weight of the rows of each class, times `sample_weight`. "balanced": all classes have the same weight.

    Attributes
    ----------
    classes_ : ndarray (k,)
        The classes, sorted.
    temperature_ : float
        Raw outputs are multiplied by it. It calibrates the probabilities, on out-of-fold outputs.
    held_out_ : float
        Out-of-fold error rate on the training rows, weighted by `sample_weight`.
    network_ : Diabolo
        Encoder and last layer of all members.
    members_ : int
        Number of members.
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
    >>> clf.predict_proba(X[100:]).shape, bool(clf.score(X[100:], y[100:]) > 0.7)
    ((1697, 10), True)
    """

    class_weight: Any = None

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
        """Learn to predict the class.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like (n,)
            The class of each row. May be left out if X is a file, or a ``Dataset``, that says it.
        sample_weight : array-like (n,), optional
            Weight of each row.
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
            The class of a row is missing, the length of y is not that of X, or y holds dates, lists or non-integer numbers.
        """
        X, y = self._with_answers(X, y, fit=True)
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        same_order(X, groups, "groups")
        tell_given_away(X, y, groups, getattr(self.format, "reading", None))
        y = classes(y)
        check_classification_targets(y)
        self.classes_, index = self._classes_of(y)
        doubtful(self.classes_.tolist())
        index = index.reshape(-1)
        w = class_weights(self.class_weight, self.classes_, index, sample_weight)
        w = None if w is None else weights(w, len(y))
        if w is not None:
            tell_weightless(self.classes_.tolist(), index, w[:, 0].numpy())
        self._learn(X, ClassTarget(torch.from_numpy(index), len(self.classes_), w), groups, categories, numbers)
        tell_single(self.classes_.tolist())
        return self

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Accuracy: the share of correct predictions; y as in :meth:`fit`."""
        X, y = self._with_answers(X, y)
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        y, said = classes(y), self.predict(X)
        same_length(len(y), len(said))
        w = None if sample_weight is None else row_weights(sample_weight, len(y))
        tell_unknown(y, self.classes_)
        return float(accuracy_score(y, said, sample_weight=w))

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the most probable class of each row."""
        check_is_fitted(self)
        return np.asarray(self.classes_[self._scores(X).argmax(1)])

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, k) probabilities of the classes."""
        return torch.from_numpy(self._scores(X)).softmax(1).numpy()

    def decision_function(self, X: Any) -> np.ndarray:
        """(n, k) log-probabilities up to a constant; for two classes their difference (n,), the log-odds."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def _classes_of(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sorted classes, and the number of each row's class; a warm start keeps the classes of the first fit."""
        found, index = np.unique(y, return_inverse=True)
        if not self._continues():
            return found, index
        new = found[~np.isin(found, self.classes_)].tolist()
        if new:
            raise DataError(
                f"y holds the class {new[0]!r}, but warm_start=True continues with a network for the classes "
                f"{', '.join(map(repr, self.classes_.tolist()[:10]))}: set warm_start=False to start anew"
            )
        return self.classes_, np.searchsorted(self.classes_, y)

    def _scores(self, X: Any) -> np.ndarray:
        return torch.cat(list(self._raw(X))).double().numpy() * self.temperature_

    def _loss(self) -> Loss:
        return Softmax((len(self.classes_),))

    def _calibrate(self, raw: Tensor, i: np.ndarray) -> None:
        target, rows = cast(ClassTarget, self._target), torch.from_numpy(i)
        self.temperature_ = target.temperature(raw, i)
        self.held_out_ = target.wrong(raw, target.y(rows), target.weight(rows))

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


def class_weights(how: Any, classes: np.ndarray, index: np.ndarray, weight: Any) -> Any:
    """Weight of each row: its own times that of its class."""
    if how is None:
        return weight
    w = weights(1.0 if weight is None else weight, len(index))[:, 0].double().numpy()
    if isinstance(how, str) and how == "balanced":
        return w / np.maximum(np.bincount(index, w, len(classes)), 1e-12)[index]
    if not isinstance(how, dict):
        raise ValueError(
            f"class_weight={how!r}: allowed are None, 'balanced' and a dict {{class: weight}}{suggest(how, ['balanced'])}"
        )
    names = classes.tolist()
    unknown = [name for name in how if name not in names]
    if unknown:
        raise ValueError(f"class_weight names {unknown[0]!r}, which is not a class of y{suggest(unknown[0], names)}")
    each = floats([how.get(name, 1.0) for name in names], "class_weight")
    if not (each >= 0).all() or not np.isfinite(each).all():
        raise ValueError(f"class_weight={how!r}: allowed are numbers from 0")
    return w * each[index]
