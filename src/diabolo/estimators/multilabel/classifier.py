r"""Multi-label classification: one encoder, k logistic outputs on its last hidden layer.

    h = encoder(x) (m units),   p_c = s(a_c (v_c . h + b_c) + b'_c + u_c . x),   yes where p_c >= t_c         c = 1 ... k

O(d m + m k) weights; k networks would have O(k d m). Labels are independent given h: their dependence is in h. An unknown
label contributes no term to the sum. Calibration (a, b') and thresholds t are fitted to out-of-fold outputs (calibration.py,
thresholds.py), as is a linear residual u_c for what h has missed (linear_residual.py), if it has fewer weights than the first
layer. A new label is one more row v_{k+1} (new_label.py).

References
----------
Multitask learning (Caruana, 1997), https://doi.org/10.1023/A:1007379606734
Large-scale multi-label text classification: revisiting neural networks (Nam et al., 2014), https://arxiv.org/abs/1312.5419
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import numpy as np
import scipy.sparse as sp
import torch
from scipy.special import expit, logit
from sklearn.base import ClassifierMixin
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.func import functional_call

from ...errors import DataError, FormatError, suggest, warn
from ...formats.labels import Labels, combined
from ...formats.targets import doubtful, floats, same_length, same_order
from ...hardware import one_thread
from ...losses import Asymmetric, Logistic, Loss
from ...rows import Rows
from ..base import _below, is_size
from ..supervised.base import Supervised, together
from ..weights import weights
from .calibration import platt
from .direct import Direct
from .label_discovery import Suggestion, suggested
from .metrics import unranked
from .new_label import NewLabel, contradiction, examples, length, solved, told
from .replay import Memory, Refresh, refreshed
from .report import LabelReport
from .targets import DRAWN, LabelTarget
from .thresholds import check_metric, decided, thresholds

__all__ = ["MultiLabelClassifier"]

LARGE = 20_000_000  # weights of the last layer; with more, there is one member
KEPT = 5_000_000  # cells of y in the memory, at most
SIDE = 3.0  # length of a document's words relative to its code; a new label reads both
SAME = 1e-5  # largest distance of two codes of the same row, relative to its length
PIECE = 4_000_000  # probabilities that are computed at once
LOSSES: dict[str, Loss] = {"logistic": Logistic(), "asymmetric": Asymmetric()}


@dataclass(kw_only=True, repr=False, eq=False)
class MultiLabelClassifier(ClassifierMixin, Supervised):
    """Multi-label classification with one shared encoder: each row has any number of labels.

    X is what :class:`Autoencoder` takes. Y is a 0/1 matrix (array, sparse, DataFrame), or one list of labels per row. NaN,
    or None in place of a list, means unknown. Numbers between 0 and 1 are soft labels.

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
        Number K of networks in the ensemble, of each kind. "auto" is 5, and 3 for more than 20,000 rows. It is 1 if
        convolutions are trained, or if an encoder is fine-tuned on more than 2000 rows. With 1, part of the rows is held out.
    hidden : "auto" or tuple of int, default="auto"
        Widths of the hidden layers. "auto" is (256, 256). For documents and sparse matrices "auto" is (512,), or (512, 512)
        with at least five rows per feature and at most 10,000 labels. On a frozen encoder "auto" is no hidden layer: the last
        layer reads the codes, which suits few examples. From about a thousand examples on, hidden layers such as (256, 256)
        may be better. On a fine-tuned encoder the last layer reads both its codes and the hidden layers on these codes.
    bins : int or "auto", default="auto"
        Number of bins of the piecewise linear encoding (:class:`nets.PiecewiseLinearEncoding`). It describes each number of a
        table or dense array by the number itself and by its position within each bin; quantiles are the edges. 0: the number
        alone. "auto" is 8, and 0 for more than 300 numbers. Features with one or two values, words and pictures have no bins,
        nor has a pre-trained encoder.
    dropout : float in [0, 1), default=0.5
        Dropout rate of the hidden layers; that of the features they read is 0.2.
    corruption : Corruption or None, default=None
        How rows are corrupted during training, such as ``Gaussian(0.1)``. None: not at all; only pictures are shifted by up
        to 1/8 of their shorter side, and mirrored.
    format : {"auto", "tables", "arrays", "documents", "images"} or Format, default="auto"
        How X is read. "auto" infers it from X; a sparse matrix without negative numbers is read as word counts.
    epochs : int or "auto", default="auto"
        Largest number of epochs. "auto" is 30, but at least 1500 and at most 6000 steps.
    batch_size : int or "auto", default="auto"
        Rows per step. "auto" is 128.
    lr : float, default=3e-3
        Peak learning rate of AdamW. An encoder that is not an autoencoder is fine-tuned at a third of it.
    weight_decay : float, default=0.01
        Decoupled weight decay of the matrices.
    average : float in [0, 1), default=0.99
        Decay per step of the exponential moving average of the weights. The average is the result.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows that is held out if there is one member.
    warm_start : bool, default=False
        Whether a second ``fit`` continues from the fitted network. It keeps the columns and their units; rows may be new.
    patience : int, default=10
        Training stops after this number of evaluations without improvement.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the arithmetic in training. The weights are float32.
    device : str, default="auto"
        Where the network is trained. "auto" uses CUDA if available.
    checkpoint : path or None, default=None
        File to which the state of training is written every 30 seconds, atomically.
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
        Smallest number of labels that :meth:`predict` gives a row. "auto" is 1 if every training row has a label, else 0.
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

    loss: Any = "logistic"
    threshold_metric: Any = "f1_micro"
    min_labels: Any = "auto"
    label_weight: Any = None
    replay_size: int = 200
    _drawn: ClassVar[int] = DRAWN

    # ── fit ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        labels_sep: str | None = None,
        categories: Any = None,
        numbers: Any = None,
    ) -> Self:
        """Learn to predict the labels.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like, sparse matrix or DataFrame (n, k), or list of n lists, or (n,) with one label each
            The labels; NaN = unknown. A row with None or NaN in place of a list is unknown.
        sample_weight : array-like (n,) or (n, k), optional
            Weight of each row, or of each label of each row.
        labels_sep : str, optional
            Separator of the labels, such as ";", if y is one column of texts such as "urgent;bug". A missing text means
            unknown; an empty text means no label.
        categories : list of str, optional
            Names of integer columns of a table that are codes, not quantities.
        numbers : list of str, optional
            Names of columns of a table that are quantities although they look like row numbers or codes.

        Raises
        ------
        DataError
            Y holds other values, a label name is repeated, all of Y is unknown, or its number of rows is not that of X.
        """
        if y is None:
            raise ValueError("y=None: requires y to be passed, but the target y is None")
        if labels_sep is not None and not (isinstance(labels_sep, str) and labels_sep):
            raise ValueError(f"labels_sep={labels_sep!r}: allowed are None and texts such as ';'")
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        if not self._goes_on():
            self.labels_ = Labels().fit(y, labels_sep)
        if not ((self._one or labels_sep) and combined(self.labels_.names)):
            doubtful(self.labels_.names)
        matrix = self.labels_.to_matrix(y)
        if not matrix.shape[0]:
            raise DataError("Found array with 0 sample(s): Y is empty")
        sample_weight = None if sample_weight is None else floats(sample_weight, "sample_weight")
        if np.shape(sample_weight) == matrix.shape:  # a label without weight is unknown
            matrix = np.where(np.asarray(sample_weight) == 0, np.nan, dense(matrix)).astype(np.float32)
        w = None if sample_weight is None else weights(sample_weight, matrix.shape[0], 0 if self._one else matrix.shape[1])
        target = LabelTarget(matrix, self.labels_.names, self._loss(), w, self.label_weight, self._drawn)
        if not target.how_often[1].any():
            raise DataError("Y holds no known label: all of it is missing (NaN, None)")
        return self._learn(X, target, categories, numbers)

    def _check_counts(self) -> None:
        """Warn of labels that cannot be learned."""
        yes, some = cast(LabelTarget, self._target).how_often
        kinds = {
            "unknown in all rows": some == 0,
            "positive in no row": (some > 0) & (yes == 0),
            "positive in every row": (some > 0) & (yes == some) & (len(some) > 1 or not self._one),
        }
        for what, which in kinds.items():
            names = [repr(self.labels_.names[c]) for c in np.flatnonzero(which)]
            if names:
                more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
                start = f"labels {', '.join(names[:5])}{more} are" if len(names) > 1 else f"label {names[0]} is"
                warn(f"{start} {what}: there is nothing to learn about {'them' if len(names) > 1 else 'it'}")

    @property
    def classes_(self) -> np.ndarray:
        """(k,) names of the labels."""
        names = self.labels_.names
        kinds = {type(name) for name in names}
        return np.array(names, dtype=object if len(kinds) > 1 else None)

    # ── predict ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, k) probability of each label."""
        return np.concatenate(list(self._probabilities(X)))

    def decision_function(self, X: Any) -> np.ndarray:
        """(n, k) log-odds of each label minus those of its threshold: the label is predicted from 0 on."""
        p = self.predict_proba(X)
        odds = logit(np.clip(p, 1e-15, 1 - 1e-15))
        if self._one:
            return odds[:, 1] - odds[:, 0] if odds.shape[1] == 2 else odds
        return np.asarray(odds - logit(np.clip(self.thresholds_, 1e-12, 1 - 1e-12)))

    def predict(self, X: Any) -> Any:
        """The labels of each row, in the form of Y: 0/1 array, sparse matrix, DataFrame, or list of tuples of names."""
        pieces = [self._decided(p) for p in self._probabilities(X)]
        if self.labels_.kind.startswith("csr"):
            return sp.vstack([self.labels_.from_matrix(piece) for piece in pieces], format="csr")
        found = self.labels_.from_matrix(np.concatenate(pieces))
        if self.labels_.kind == "pandas" and hasattr(X, "iloc"):
            found.index = X.index
        return found

    def top(self, X: Any, n: int = 5) -> list[list[tuple[Any, float]]]:
        """The n most probable labels of each row with their probabilities, without a whole (n, k) matrix in memory."""
        if not is_size(n):
            raise ValueError(f"n={n!r}: allowed are integers from 1")
        n, names, out = min(int(n), len(self.labels_.names)), self.labels_.names, []
        for p in self._probabilities(X):
            best = np.argpartition(-p, n - 1, axis=1)[:, :n]
            best = np.take_along_axis(best, np.argsort(-np.take_along_axis(p, best, 1), axis=1, kind="stable"), 1)
            out += [[(names[c], float(row[c])) for c in places] for row, places in zip(p, best, strict=True)]
        return out

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Micro-averaged F1 of :meth:`predict` over the known labels, at most 1."""
        same_order(X, y)
        yes = np.concatenate([self._decided(p) for p in self._probabilities(X)])
        y = dense(self.labels_.to_matrix(y))
        same_length(len(y), len(yes))
        w = np.ones((len(y), 1)) if sample_weight is None else floats(sample_weight, "sample_weight")
        same_length(len(w), len(yes), "sample_weight")
        w = w.reshape(len(y), -1)
        w = np.where(np.isnan(y), 0.0, w)
        y = np.nan_to_num(y)
        both, either = (w * yes * y).sum(), (w * yes).sum() + (w * y).sum()
        return float(2 * both / either) if either else 1.0

    @property
    def _one(self) -> bool:
        """Whether each row has exactly one label."""
        return self.labels_.kind == "one"

    def _decided(self, p: np.ndarray) -> np.ndarray:
        """p (b, k) -> predictions (b, k)."""
        return p == p.max(1, keepdims=True) if self._one else decided(p, self.thresholds_, self._least)

    def _probabilities(self, X: Any) -> Iterator[np.ndarray]:
        """X -> p (b, k), in batches."""
        check_is_fitted(self)
        for h in self._codes(X):
            for part in h.split(self._piece, dim=1):
                p = self._calibrated(together(self.network_.decoder(part)))
                yield p / p.sum(1, keepdims=True) if self._one else p

    def _calibrated(self, raw: Tensor) -> np.ndarray:
        """raw (b, k) -> p (b, k)."""
        a, b = self._platt
        return np.asarray(expit(a * raw.double().numpy() + b))

    def report(self, X: Any, y: Any, *, compare: bool = True) -> LabelReport:
        """How well each label is predicted, which cells of y are doubtful, and how the labels depend on each other.

        Parameters
        ----------
        X, y : as in fit
            Rows that are not training rows.
        compare : bool, default=True
            Fit :class:`IndependentClassifiers` and a shared encoder of the same size to one half of these rows, and compare
            them on the other half. This takes k times as long as one fit. If k networks are too large, smaller ones are used.

        Returns
        -------
        LabelReport
            It prints as tables; ``cards`` has one entry per label.
        """
        return LabelReport.of(self, X, y, compare)

    def suggest_labels(self, X: Any, autoencoder: Any = None) -> list[Suggestion]:
        """Suggest new labels: groups of similar rows that no label explains and that are unlike the known rows.

        Parameters
        ----------
        X : as in fit
        autoencoder : Autoencoder, optional
            With it, rows with a large reconstruction error are unlike the known rows. Default: rows whose codes are far from
            those of the memory are.

        Returns
        -------
        list of Suggestion
            The largest group first. Give ``suggestion.rows`` to :meth:`add_label`.
        """
        check_is_fitted(self)
        return suggested(self, X, autoencoder)

    # ── add, drop and rename labels ──────────────────────────────────────────────────────────────────────────────────

    def add_label(self, name: Any, X: Any, y: Any = None, *, prior: float | None = None) -> NewLabel:
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
            Rows with the same features have the label and have it not.
        """
        check_is_fitted(self)
        start = time.perf_counter()
        name = self._new(name)
        if self._one:
            raise DataError(
                "each row has exactly one label here, and their probabilities sum to 1: give y as a matrix or lists to fit"
            )
        if prior is not None and not 0 < prior < 1:
            raise ValueError(f"prior={prior!r}: allowed are None and numbers between 0 and 1")
        same_order(X, y)
        x = torch.cat(list(self._features(X)))
        y = np.ones(len(x)) if y is None else examples(y, len(x))
        contradiction(x, y)
        h = self._nearly(x)
        if not (y == 0).any():
            others = self._others(name, h)
            x, y = torch.cat([x, others.to(x)]), np.concatenate([y, np.zeros(len(others))])
            h = self._nearly(x)
        words = Direct(self.network_).words(x)
        scale = SIDE * length(h) / length(words)
        with one_thread():
            found = solved(np.concatenate([h, (scale * words).astype(h.dtype)], 1), y)
        card = told(name, y, found, start)
        shift = 0.0 if prior is None else float(logit(prior) - logit(y.mean()))
        line = thresholds(expit(found.left_out)[:, None], y[:, None], "f1_micro")[0]
        v, w = np.split(found.v, [h.shape[1]])
        self._append(name, v, scale * w, found.b + shift, line)
        return card

    def _others(self, name: Any, h: np.ndarray) -> Tensor:
        """Rows (r, d) of the memory that are not among the examples with codes h (n, K m)."""
        if not len(self.memory_):
            raise DataError(f"all examples have {name!r}, and the model kept no rows (replay_size=0): add examples with y = 0")
        kept = self._nearly(self.memory_.rows)
        apart = euclidean_distances(kept, h).min(1) > SAME * np.linalg.norm(kept, axis=1)
        if not apart.any():
            raise DataError(f"all rows that the model kept are among the examples of {name!r}: add examples with y = 0")
        return self.memory_.rows[torch.from_numpy(apart)]

    def _append(self, name: Any, v: np.ndarray, w: np.ndarray, b: float, line: float) -> None:
        """One more row, and its linear unit w if the labels have such units; in single precision, as in a file."""
        head: Any = self.network_.decoder
        members, dtype = self.members_, next(head.parameters()).dtype
        rows = torch.from_numpy(v).float().view(members, -1) * members
        Direct(self.network_).append(w)
        head.append(rows.to(dtype), torch.full((members,), b).float().to(dtype))
        head.requires_grad_(False)
        self.labels_.names.append(name)
        self._platt = np.column_stack([self._platt, [1.0, 0.0]])
        self.thresholds_ = np.append(self.thresholds_, line)
        self.memory_ = self.memory_.more()

    def drop_label(self, name: Any) -> Self:
        """Remove a label; the others keep their weights."""
        check_is_fitted(self)
        c = self.labels_.find(name)
        if len(self.labels_.names) == 1:
            raise ValueError(f"{name!r} is the only label: a classifier needs at least one")
        head: Any = self.network_.decoder
        Direct(self.network_).drop(c, head.k)
        head.drop(c)
        del self.labels_.names[c]
        self._platt, self.thresholds_ = np.delete(self._platt, c, 1), np.delete(self.thresholds_, c)
        self.memory_ = self.memory_.less(c)
        return self

    def rename_label(self, name: Any, to: Any) -> Self:
        """Rename a label."""
        check_is_fitted(self)
        c = self.labels_.find(name)
        self.labels_.names[c] = self._new(to)
        return self

    def _new(self, name: Any) -> Any:
        """The name, if no label has it."""
        name = name.item() if isinstance(name, np.generic) else name
        if not isinstance(name, (str, int)) or isinstance(name, bool):
            raise ValueError(f"name={name!r}: allowed are texts and whole numbers")
        if str(name) in map(str, self.labels_.names):
            raise ValueError(f"there is a label {name!r} already: choose another name, or drop the old label first")
        return name

    # ── the memory ───────────────────────────────────────────────────────────────────────────────────────────────────

    def refresh(self, X: Any, y: Any, *, replay: int | None = None, held_out: Any = None, delta: float = 0.02) -> Refresh:
        """Fine-tune all weights on new rows and replayed old ones; roll back if a label gets worse.

        All weights: a frozen encoder is fine-tuned, too.

        Parameters
        ----------
        X, y : as in fit
            New rows, with the labels of the model.
        replay : int, optional
            Largest number of replayed old rows; by default half of the memory. The rest of the memory is held out.
        held_out : (X, y), optional
            Held-out rows, in place of those from the memory.
        delta : float, default=0.02
            Largest loss of average precision of a label on the held-out rows.

        Returns
        -------
        Refresh
            Whether the new weights were accepted, and the average precision of each label before and after.
        """
        check_is_fitted(self)
        if not 0 <= delta <= 1:
            raise ValueError(f"delta={delta!r}: allowed are numbers from 0 to 1")
        same_order(X, y)
        target = dense(self.labels_.to_matrix(y))
        x = torch.cat(list(self._features(X)))
        same_length(len(target), len(x))
        memory = self.memory_
        order = np.random.default_rng(self.seed_).permutation(len(memory))
        most = len(memory) // 2 if replay is None else min(int(replay), len(memory))
        old = Memory(memory.x[order[:most]], memory.y[order[:most]])
        judge = (memory.rows[order[most:]], memory.y[order[most:]])
        if held_out is not None:
            judge = torch.cat(list(self._features(held_out[0]))), dense(self.labels_.to_matrix(held_out[1]))
        told = refreshed(self, x, target, old, judge, delta)
        if told.accepted:
            self.memory_ = memory.joined(x, target, max(len(memory), int(self.replay_size)), self.seed_)
        return told

    def _remembered(self) -> np.ndarray:
        """Codes (r, K m) of the kept rows."""
        if not len(self.memory_):
            return np.empty((0, 0))
        x = self.memory_.rows.to(next(self.network_.parameters()).dtype)
        return self._units(self.network_.encoder(x)).astype(np.float64)

    def _nearly(self, x: Tensor) -> np.ndarray:
        """Rows (n, d) -> codes (n, K m) in single precision: precise enough for training, in half the time."""
        encoder = self.network_.encoder
        own = {**dict(encoder.named_parameters()), **dict(encoder.named_buffers())}
        single = {name: value.float() if value.is_floating_point() else value for name, value in own.items()}
        parts = [functional_call(encoder, single, (part,)) for part in x.float().split(self.format_.piece)]
        return self._units(torch.cat(parts, 1))

    # ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_metric(self.threshold_metric)
        if self.min_labels != "auto" and not (self.min_labels == 0 or is_size(self.min_labels)):
            raise ValueError(f"min_labels={self.min_labels!r}: allowed are 'auto' and integers from 0")
        if not (self.replay_size == 0 or is_size(self.replay_size)):
            raise ValueError(f"replay_size={self.replay_size!r}: allowed are integers from 0")
        if not (self.label_weight is None or isinstance(self.label_weight, dict) or self.label_weight == "balanced"):
            raise ValueError(
                f"label_weight={self.label_weight!r}: allowed are None, 'balanced' and a dict {{label: weight}}"
                f"{suggest(self.label_weight, ['balanced'])}"
            )

    def _idle(self) -> dict[str, str]:
        usual = isinstance(self.threshold_metric, str) and self.threshold_metric == "f1_micro"
        idle = {} if usual else {"threshold_metric": "it chooses thresholds"}
        idle |= {} if self.min_labels == "auto" else {"min_labels": "it bounds the number of labels"}
        reason = ", but each row has one label here, and the most probable one is predicted"
        return super()._idle() | {name: told + reason for name, told in idle.items() if self._one}

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        parts = super()._split(rows)
        self._check_counts()
        return parts

    def _k(self, n: int) -> int:
        large = self._last_layer() > LARGE and self.members == "auto"
        return 1 if large else super()._k(n)

    def _sizes(self) -> tuple[int, ...]:
        """With very many labels, each is too rare for a second hidden layer of documents to learn in time."""
        sizes = super()._sizes()
        usual = self.hidden == "auto" and self.format_.words
        return sizes[:1] if usual and cast(LabelTarget, self._target).drawn else sizes

    def _last_layer(self) -> int:
        """Number of weights with five members."""
        return 5 * self._sizes()[-1] * len(self.labels_.names)

    def _loss(self) -> Loss:
        if not isinstance(self.loss, Loss) and self.loss not in LOSSES:
            allowed = ", ".join(map(repr, LOSSES))
            raise ValueError(f"loss={self.loss!r}: allowed are {allowed}, or a Loss{suggest(self.loss, LOSSES)}")
        return self.loss if isinstance(self.loss, Loss) else LOSSES[self.loss]

    def _judge(self, raw: Tensor, i: np.ndarray) -> None:
        y, weight = self._target.y(torch.from_numpy(i)), self._target.weight(torch.from_numpy(i))
        r, t = raw.double().numpy(), y.double().numpy()
        w = None if weight is None else weight.double().numpy()
        self.held_out_ = unranked(raw, y, weight)
        self._platt = np.stack(platt(r, t, w)).astype(np.float32).astype(np.float64)
        empty = float((np.nan_to_num(t, nan=1.0).sum(1) == 0).mean())
        self._least = int(empty == 0) if self.min_labels == "auto" else int(self.min_labels)
        self.thresholds_ = thresholds(self._calibrated(raw), t, self.threshold_metric, self._least, w)
        self._straighten(raw, y, i)

    def _straighten(self, raw: Tensor, y: Tensor, i: np.ndarray) -> None:
        """Fit the linear residual. Then no row of i is out-of-fold any more, so the thresholds stay."""
        direct = Direct(self.network_)
        if direct.affords(self._members.k, y.shape[1]):
            a, b = torch.from_numpy(self._platt).float()
            weight = self._target.weight(torch.from_numpy(i))
            more = direct.fit(self._judging[1], i, a * raw + b, y, weight, a, self.format_.piece)
            self._platt[1] = (b + more).double().numpy()

    def _finish(self, train: Rows, held: Rows | None) -> None:
        super()._finish(train, held)
        y = cast(LabelTarget, self._target).matrix
        self.memory_ = Memory.of(train, y, min(int(self.replay_size), max(10, KEPT // y.shape[1])), self.seed_)

    def _outputs(self) -> int:
        return len(self.labels_.names)

    @property
    def _piece(self) -> int:
        """Rows whose probabilities are computed at once; it stays with new labels, because another size may round otherwise."""
        decoder: Any = self.network_.decoder
        first = getattr(decoder, "blocks", (len(self.labels_.names),))[0]
        return int(np.clip(PIECE // max(1, first), 16, 2048))

    @property
    def n_parameters_(self) -> int:
        """Number of weights of all members."""
        return sum(p.numel() for p in self.network_.parameters())

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        arrays |= {f"memory.{name}": value for name, value in self.memory_.state().items()}
        told = {"labels": self.labels_.state(), "least": self._least, "rows_kept": len(self.memory_)}
        return meta | told, arrays | {"platt": self._platt, "thresholds": self.thresholds_}

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.labels_ = Labels.from_state(meta["labels"])
        super()._restore(meta, arrays)
        k = len(self.labels_.names)
        self._platt, self.thresholds_, self._least = arrays["platt"], arrays["thresholds"], int(meta["least"])
        if self._platt.shape != (2, k) or self.thresholds_.shape != (k,) or not is_whole(meta["least"]):
            raise FormatError("its thresholds do not fit its labels")
        self.memory_ = Memory.from_state(_below(arrays, "memory"), self.format_.width, k)

    # ── scikit-learn ─────────────────────────────────────────────────────────────────────────────────────────────────

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "memory_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


def dense(y: Any) -> np.ndarray:
    """y (n, k) as an array."""
    return np.asarray(y.toarray() if sp.issparse(y) else y, dtype=np.float32)


def is_whole(value: Any) -> bool:
    return type(value) is int and value >= 0
