r"""The baseline: k independent networks, with O(k d m) weights; a shared encoder has O(d m + m k).

    raw_c = v_c . encoder_c(x) + b_c + u_c . x         c = 1 ... k

All k are blocks of one network, are trained by the same loop, and have a linear residual u_c for each label
(linear_residual.py). So only the sharing of the encoder is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from ...nets import PerLabelHead
from .base import MultiLabel

__all__ = ["IndependentClassifiers"]


@dataclass(kw_only=True, repr=False, eq=False)
class IndependentClassifiers(MultiLabel):
    """k separate networks with the interface of :class:`MultiLabelClassifier`: a baseline for the shared encoder.

    Parameters
    ----------
    encoder : None
        Must be None: each label has its own encoder.
    freeze : bool, default=True
        No effect without a given encoder; False warns.
    members : int or "auto", default="auto"
        Number K of networks in the ensemble, of each kind. "auto" is 4; it is 3 below 2,000 and above 20,000 rows, and 1 if
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
    loss : {"logistic", "asymmetric"} or Loss, default="logistic"
        "asymmetric" reduces the weight of easy negatives, which are the majority (Ridnik et al., 2021).
    threshold_metric : str or array, default="f1_micro"
        Metric for which the thresholds of :meth:`predict` are chosen: "f1_micro", "f1_macro", "f1_samples", "precision@0.9"
        (any share), or costs ``[[true no, false yes], [false no, true yes]]``: one matrix for all labels, or one per label.
    min_labels : int or "auto", default="auto"
        Smallest number of labels that :meth:`predict` gives a row. "auto" is 1 if every training row has a label and
        the metric is an F1, else 0.
    label_weight : "balanced", dict or None, default=None
        Weight of the positives of each label. "balanced": the positives of a label weigh as much as its negatives.
    replay_size : int, default=200
        Number of training rows that the model keeps for :meth:`add_label` and :meth:`refresh`. They are saved in its file.

    Attributes
    ----------
    classes_ : ndarray (k,)
        Names of the labels: the columns of the DataFrame, the names in the lists, or numbers from 0.
    thresholds_ : ndarray (k,)
        A label is predicted from this probability on.
    held_out_ : float
        Out-of-fold error on the training rows: 1 - label ranking average precision; with fewer than three labels, the loss.
        With exactly one label in each row, the error rate.
    memory_ : Memory
        The kept rows: ``x`` (r, d) in the units of ``format_``, and their labels ``y`` (r, k).
    labels_ : Labels
        The names of the labels. It converts y to 0 and 1, and back.
    n_parameters_ : int
        Number of weights of all members.
    members_ : int
        Number of members.
    loss_ : Loss
        The loss that is minimized.
    seed_ : int
        Drawn from `random_state`. All other random numbers follow from it.
    network_ : Diabolo
        Encoder and last layer of all members.
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
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from diabolo import MultiLabelClassifier
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
                "encoder=...: independent classifiers train an encoder for each label; use MultiLabelClassifier with encoder="
            )

    def _fresh_encoder(self, members: int, x: Tensor) -> nn.Sequential:
        return super()._fresh_encoder(members * len(self.labels_.names), x)

    def _decoder(self, members: int, m: int) -> nn.Module:
        start = self._target.start()
        apart = PerLabelHead(members, m, len(start))
        with torch.no_grad():
            apart.head.b[0].copy_(start.repeat(members)[:, None])
        return apart

    @property
    def members_(self) -> int:
        return cast(PerLabelHead, self.network_.decoder).members
