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
from typing import Any, Self, cast

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...errors import DataError, FormatError, suggest
from ...formats.targets import classes, doubtful, floats, same_length, same_order
from ...losses import Loss, Softmax
from ..weights import weights
from .base import Supervised
from .targets import ClassTarget

__all__ = ["Classifier"]


@dataclass(kw_only=True, repr=False, eq=False)
class Classifier(ClassifierMixin, Supervised):
    """One of several classes for each row: softmax on an encoder of one's own or one trained before.

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
    members_ : int
        How many there are.
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
        index = index.reshape(-1)
        w = class_weights(self.class_weight, self.classes_, index, sample_weight)
        w = None if w is None else weights(w, len(y))
        return self._learn(X, ClassTarget(torch.from_numpy(index), len(self.classes_), w), categories, numbers)

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

    def _judge(self, raw: Tensor, i: np.ndarray) -> None:
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
    """How much each row counts: its own weight times that of its class."""
    if how is None:
        return weight
    w = weights(1.0 if weight is None else weight, len(index))[:, 0].double().numpy()
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
