r"""The baseline: k networks that know nothing of each other, O(k d m) where a shared encoder has O(d m + m k).

    raw_c = v_c . encoder_c(x) + b_c + u_c . x         c = 1 ... k

They stand side by side in one network and are trained by the one loop, and each label has its straight line u_c
(linear_residual.py), so that what is compared is the sharing, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import DataError
from ...nets import Apart
from .classifier import MultiLabelClassifier

__all__ = ["IndependentClassifiers"]


@dataclass(kw_only=True, repr=False, eq=False)
class IndependentClassifiers(MultiLabelClassifier):
    """k separate networks with the interface of :class:`MultiLabelClassifier`, to see what sharing an encoder gains.

    Parameters
    ----------
    encoder : None
        Each label has an encoder of its own.
    freeze : bool, default=True
        Without an encoder from elsewhere there is nothing to freeze: False warns.
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
    loss : {"logistic", "asymmetric"} or Loss, default="logistic"
        "asymmetric" lets the many no that are surely right count less (Ridnik et al., 2021).
    optimize : str or array, default="f1_micro"
        What the thresholds of :meth:`predict` are chosen for: "f1_micro", "f1_macro", "f1_samples", "precision@0.9" (any
        share), or costs ``[[true no, false yes], [false no, true yes]]``, one matrix for all labels or one for each.
    min_labels : int or "auto", default="auto"
        :meth:`predict` says at least so many labels; "auto" is 1 if every training row has one, else 0.
    label_weight : "balanced", dict or None, default=None
        How much a yes of each label counts; "balanced" is as much as all its no together.
    memory : int, default=200
        Training rows that the model keeps, for :meth:`add_label` and :meth:`refresh`; they are written into its file.

    Attributes
    ----------
    classes_ : ndarray (k,)
        The labels' names: those of the DataFrame's columns, those in the lists, or numbers from 0.
    thresholds_ : ndarray (k,)
        Probability from which on a label is said.
    held_out_ : float
        1 - label ranking average precision of training rows by members that have not seen them; their loss, where there are
        fewer than three labels.
    memory_ : Memory
        The rows that are kept: ``x`` (r, d) in the units of ``format_``, and their labels ``y`` (r, k).
    labels_ : Labels
        The labels' names, and how y becomes 0 and 1 and back.
    n_parameters_ : int
        Weights of all members.
    members_ : int
        How many there are.
    loss_ : Loss
        What is minimized.
    seed_ : int
        Drawn from `random_state`; all else that is random follows from it.
    network_ : Diabolo
        Encoder and last layer of all members.
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
    >>> from sklearn.datasets import make_multilabel_classification
    >>> X, Y = make_multilabel_classification(200, n_classes=4, random_state=0)
    >>> apart = IndependentClassifiers(hidden=(16,), epochs=20, random_state=0).fit(X, Y)
    >>> shared = MultiLabelClassifier(hidden=(16,), epochs=20, random_state=0).fit(X, Y)
    >>> apart.n_parameters_ > 3 * shared.n_parameters_
    True
    """

    _drawn = 0

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.encoder is not None:
            raise ValueError(
                "encoder=...: independent classifiers have an encoder for each label; MultiLabelClassifier takes one"
            )

    def _own(self, members: int, x: Tensor) -> nn.Sequential:
        return super()._own(members * len(self.labels_.names), x)

    def _decoder(self, members: int, m: int) -> nn.Module:
        start = self._target.start()
        apart = Apart(members, m, len(start))
        with torch.no_grad():
            apart.head.b[0].copy_(start.repeat(members)[:, None])
        return apart

    @property
    def members_(self) -> int:
        decoder: Any = self.network_.decoder
        return int(decoder.members)

    def add_label(self, *args: Any, **kwargs: Any) -> Any:
        raise DataError("independent classifiers have no encoder that a new label could share: use MultiLabelClassifier")

    def drop_label(self, name: Any) -> Any:
        raise DataError("the networks of independent classifiers stand in one block: use MultiLabelClassifier to drop labels")
