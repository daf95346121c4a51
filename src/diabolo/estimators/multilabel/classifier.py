r"""Multi-label classification: one encoder, k logistic outputs on its last hidden layer.

    h = encoder(x) (m units),   p_c = s(a_c (v_c . h + b_c) + b'_c + u_c . x),   yes where p_c >= t_c         c = 1 ... k

O(d m + m k) weights; k networks would have O(k d m). Labels are independent given h: their dependence is in h. An unknown
label contributes no term to the sum. Calibration (a, b') and thresholds t are fitted to out-of-fold outputs (calibration.py),
as is a linear residual u_c for what h has missed (linear_residual.py), if it has fewer weights than the first
layer. A new label is one more row v_{k+1} (new_label.py).

References
----------
Multitask learning (Caruana, 1997), https://doi.org/10.1023/A:1007379606734
Large-scale multi-label text classification: revisiting neural networks (Nam et al., 2014), https://arxiv.org/abs/1312.5419
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...errors import DataError
from ...formats.targets import same_order
from ...nets import Head
from .base import MultiLabel
from .direct import Direct
from .new_label import Examples, NewLabel, Row, codes_float32
from .thresholds import of_new_label

__all__ = ["MultiLabelClassifier"]


@dataclass(kw_only=True, repr=False, eq=False)
class MultiLabelClassifier(MultiLabel):
    """Multi-label classification with one shared encoder: each row has any number of labels.

    X is what :class:`Autoencoder` takes. Y is a 0/1 matrix (array, sparse, DataFrame), or one list of labels per row. NaN,
    or None in place of a list, means unknown. Numbers between 0 and 1 are soft labels. Of dates it also
    sees where they lie within a day, a week, a month and a year (:class:`nets.Calendar`).

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

    References
    ----------
    Multitask learning (Caruana, 1997), https://doi.org/10.1023/A:1007379606734

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> X, Y = make_multilabel_classification(300, n_classes=5, random_state=0)
    >>> clf = MultiLabelClassifier(epochs=30, random_state=0).fit(X[:200], Y[:200])
    >>> clf.predict_proba(X[200:]).shape, clf.predict(X[200:]).shape
    ((100, 5), (100, 5))
    >>> clf.add_label("rare", X[:8], [1, 1, 1, 0, 0, 0, 0, 0]).positives
    3
    >>> clf.predict_proba(X[200:]).shape
    (100, 6)
    """

    def add_label(self, name: Any, X: Any, y: Any = None, *, prior: float | None = None, groups: Any = None) -> NewLabel:
        """Learn one more label from few examples; the probabilities of the other labels keep their bits.

        The encoder does not change. The new row of the last layer is the optimum of a convex problem; its penalty is chosen by
        leave-one-out. For documents it reads the words in addition to the code.

        Parameters
        ----------
        name : str or int
            A new name.
        X : as in fit
            The examples.
        y : array-like of 0 and 1, optional
            Which of them have the label; by default all. If all have it, the rows of the memory are the negatives.
        prior : float in (0, 1), optional
            Share of all rows that have the label, if the share among the examples is another one.
        groups : array-like (n,), optional
            Rows of the same group, such as a patient, are left out together: how good the label is, and its threshold, hold
            for new groups.

        Returns
        -------
        NewLabel
            Average precision with an interval, and about how many more examples would help.

        Raises
        ------
        DataError
            No example is positive, or there are no negatives; the model has not changed.

        Warns
        -----
        UserWarning
            Rows with the same features have the label and have it not; examples are copies of others, or seem to come in
            groups; no threshold reaches the precision of `threshold_metric`; or nothing was learned, so that nearly all rows
            would get it.
        """
        check_is_fitted(self)
        start = time.perf_counter()
        name = self.labels_.new(name)
        if self._is_multiclass:
            raise DataError(
                "each row has exactly one label here, and their probabilities sum to 1: give y as a matrix or lists to fit"
            )
        if prior is not None and not 0 < prior < 1:
            raise ValueError(f"prior={prior!r}: allowed are None and numbers between 0 and 1")
        same_order(X, y)
        same_order(X, groups, "groups")
        examples = Examples(name, torch.cat(list(self._features(X))), y, self._codes_float32, groups)
        examples.tell_copies(self.memory_)
        examples.tell_groups(self.memory_)
        if not (examples.y == 0).any():
            examples = examples.against(self.memory_)
        metric = of_new_label(self.threshold_metric, name)
        row = examples.solve(Direct(self.network_).words(examples.x), prior, metric)
        self._append(name, row)
        return NewLabel.of(name, examples.y, row.found, start, examples.first)

    def _append(self, name: Any, row: Row) -> None:
        """One more row, and its linear unit if the labels have such units; in single precision, as in a file."""
        head = cast(Head, self.network_.decoder)
        members, dtype = self.members_, next(head.parameters()).dtype
        v = torch.from_numpy(row.v).float().view(members, -1) * members
        Direct(self.network_).append(row.w)
        head.append(v.to(dtype), torch.full((members,), row.b).float().to(dtype))
        head.requires_grad_(False)
        self.labels_.names.append(name)
        self._decision.append(row.threshold)
        self.memory_ = self.memory_.more()

    def drop_label(self, name: Any) -> Self:
        """Remove a label; the others keep their weights."""
        check_is_fitted(self)
        c = self.labels_.find(name)
        if len(self.labels_.names) == 1:
            raise ValueError(f"{name!r} is the only label: a classifier needs at least one")
        head = cast(Head, self.network_.decoder)
        Direct(self.network_).drop(c, head.k)
        head.drop(c)
        del self.labels_.names[c]
        self._decision.drop(c)
        self.memory_ = self.memory_.less(c)
        return self

    def _codes_float32(self, x: Tensor) -> np.ndarray:
        return codes_float32(self.network_, x, self.format_.piece)
