r"""The base of the multi-label estimators: y is any number of labels per row.

    p_c = s(a_c r_c + b'_c),   yes where p_c >= t_c         c = 1 ... k

Calibration and thresholds are fitted to out-of-fold outputs (calibration.py), as is a linear residual for what the hidden units
have missed (direct.py), if it has fewer weights than the first layer. Some training rows are kept (replay.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...decision import Decision
from ...errors import DataError, suggest
from ...formats.given_away import is_table, tell_given_away
from ...formats.labeled import columns_taken, read_labeled
from ...formats.labels import Labels, combined
from ...formats.targets import doubtful, same_length, same_order, weights_of
from ...losses import Loss
from ...nets.heads import member_mean
from ...rows import Rows, evenly
from ...storage import under
from ...tagger import Tagger, at_once
from ..parameters import check_integer
from ..supervised.base import Supervised
from ..supervised.encoders import resolve_encoder
from .calibration import decision
from .direct import Direct
from .label_discovery import Suggestion, suggest_labels
from .metrics import misclassified, unranked
from .replay import Memory, Refresh, fine_tune
from .report import LabelReport
from .targets import LABELS_DRAWN, LabelTarget, dense, label_loss
from .thresholds import check_metric, tell_always, tell_never

if TYPE_CHECKING:
    from ...estimators.autoencoder.autoencoder import Autoencoder

__all__ = ["MultiLabel"]

MAX_WEIGHTS_FOR_MEMBERS = 20_000_000  # weights of the last layer; with more, there is one member
MIN_ROWS_FOR_FOUR_MEMBERS = 2000  # with fewer rows, a fourth member changed no set
MAX_CELLS_KEPT = 5_000_000  # cells of y in the memory, at most
ENOUGH_TO_TELL = 2000  # rows by which a label shows that nearly all would get


@dataclass(kw_only=True, repr=False, eq=False)
class MultiLabel(Tagger, ClassifierMixin, Supervised, abstract=True):
    """Base of the multi-label estimators, which describe the parameters."""

    loss: Any = "logistic"
    threshold_metric: Any = "f1_micro"
    min_labels: Any = "auto"
    label_weight: Any = None
    replay_size: int = 200
    _drawn: ClassVar[int] = LABELS_DRAWN

    # ── fit ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        labels: Any = None,
        labels_sep: str | None = None,
        groups: Any = None,
        categories: Any = None,
        numbers: Any = None,
    ) -> Self:
        """Learn to predict the labels.

        Parameters
        ----------
        X : as in :meth:`Autoencoder.fit`
        y : array-like, sparse matrix or DataFrame (n, k), or list of n lists, or (n,) with one label each
            The labels; NaN = unknown. A row with None or NaN in place of a list is unknown. May be left out if X is a file, or
            a ``Dataset``, that names its labels.
        labels : str or list of str, optional
            In place of y, if X is a DataFrame, an Arrow table, or the path of a table: its columns that are the labels. A
            data set larger than memory is read piece by piece.
        sample_weight : array-like (n,) or (n, k), optional
            Weight of each row, or of each label of each row.
        labels_sep : str, optional
            Separator of the labels, such as ";", if y is one column of texts such as "urgent;bug". A missing text means
            unknown; an empty text means no label.
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
            Y holds other values, a label name is repeated, all of Y is unknown, or its number of rows is not that of X.
        """
        if labels_sep is not None and not (isinstance(labels_sep, str) and labels_sep):
            raise ValueError(f"labels_sep={labels_sep!r}: allowed are None and texts such as ';'")
        if labels is not None:
            X, y, labels_sep = self._taken_apart(X, y, labels, labels_sep)
        X, y = self._with_answers(X, y, fit=True)
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        same_order(X, groups, "groups")
        tell_given_away(X, y, groups, getattr(self.format, "reading", None))
        if not self._continues():
            self.labels_ = Labels().fit(y, labels_sep)
        if not ((self._is_multiclass or labels_sep) and combined(self.labels_.names)):
            doubtful(self.labels_.names)
        sample_weight = weights_of(sample_weight, [str(name) for name in self.labels_.names])
        target = LabelTarget.of(self.labels_, y, sample_weight, self._loss(), self.label_weight, self._drawn)
        return self._learn(X, target, groups, categories, numbers)

    def _taken_apart(self, X: Any, y: Any, labels: Any, sep: str | None) -> tuple[Any, Any, str | None]:
        """X and y out of a table that holds both, and the separator of labels in y."""
        if y is not None:
            raise ValueError(f"labels={labels!r} names the columns of X that are y: leave out one of the two")
        if is_table(X) and not hasattr(X, "column_names"):
            return *columns_taken(X, labels), sep
        known = self.format_ if self._continues() else getattr(resolve_encoder(self.encoder), "format_", self.format)
        kind = getattr(known, "kind", known) if not hasattr(known, "columns") else known
        return *read_labeled(X, labels, labels_sep=sep, format=kind, reading=getattr(known, "reading", None)), None

    # ── predict ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _is_multiclass(self) -> bool:
        """Whether each row has exactly one label."""
        return self.labels_.kind == "one"

    def _probabilities(self, X: Any) -> Iterator[np.ndarray]:
        """X -> p (b, k), in batches."""
        check_is_fitted(self)
        for h in self._codes(X):
            for part in h.split(self._piece, dim=1):
                yield self._decision.probabilities(member_mean(self.network_.decoder(part)).numpy())

    def report(self, X: Any, y: Any = None, *, compare: bool = True) -> LabelReport:
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
        return LabelReport.of(self, *self._with_answers(X, y), compare)

    def suggest_labels(self, X: Any, autoencoder: Autoencoder | None = None) -> list[Suggestion]:
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
        return suggest_labels(self, X, autoencoder)

    def rename_label(self, name: Any, to: Any) -> Self:
        """Rename a label."""
        check_is_fitted(self)
        c = self.labels_.find(name)
        self.labels_.names[c] = self.labels_.new(to)
        return self

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
            Held-out rows that the model has not seen, in place of those from the memory, which it knows from its fit: there
            it may seem to lose what it knew by heart, above all with few training rows.
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
        x, target = self._pair(X, y)
        same_length(len(target), len(x))
        if np.isnan(target).all():
            raise DataError("y holds no known label: there is nothing to learn")
        memory = self.memory_
        old, rest = memory.parted(replay, self.seed_)
        judge = (rest.rows, rest.y) if held_out is None else self._pair(*held_out)
        result = replace(fine_tune(self, x, target, old, judge, delta), learned=held_out is None)
        if result.accepted:
            self.memory_: Memory = memory.joined(x, target, max(len(memory), int(self.replay_size)), self.seed_)
        return result

    def _pair(self, X: Any, y: Any) -> tuple[Tensor, np.ndarray]:
        """Rows and their labels -> x (n, d), y (n, k)."""
        matrix = dense(self.labels_.to_matrix(y))
        return torch.cat(list(self._features(X))), matrix

    # ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_metric(self.threshold_metric)
        check_integer("min_labels", self.min_labels, 0)
        check_integer("replay_size", self.replay_size, 0, auto=False)
        if not (self.label_weight is None or isinstance(self.label_weight, dict) or self.label_weight == "balanced"):
            raise ValueError(
                f"label_weight={self.label_weight!r}: allowed are None, 'balanced' and a dict {{label: weight}}"
                f"{suggest(self.label_weight, ['balanced'])}"
            )

    def _without_effect(self) -> dict[str, str]:
        usual = isinstance(self.threshold_metric, str) and self.threshold_metric == "f1_micro"
        idle = {} if usual else {"threshold_metric": "it chooses thresholds"}
        idle |= {} if self.min_labels == "auto" else {"min_labels": "it bounds the number of labels"}
        reason = ", but each row has one label here, and the most probable one is predicted"
        return super()._without_effect() | {name: told + reason for name, told in idle.items() if self._is_multiclass}

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        parts = super()._split(rows)
        target = cast(LabelTarget, self._target)
        target.check_counts(self._is_multiclass)
        if self.labels_.kind == "lists":
            target.tell_one_each()
        return parts

    def _n_members(self, n: int, groups: int) -> int:
        if self.members != "auto" or self._continues():
            return super()._n_members(n, groups)
        weights = 4 * self._sizes()[-1] * len(self.labels_.names)  # of the last layers of four members
        most = 1 if weights > MAX_WEIGHTS_FOR_MEMBERS else 3 if n < MIN_ROWS_FOR_FOUR_MEMBERS else 4
        return min(most, super()._n_members(n, groups))

    def _sizes(self) -> tuple[int, ...]:
        """With very many labels, each is too rare for a second hidden layer of documents to learn in time."""
        sizes = super()._sizes()
        usual = self.hidden == "auto" and self.format_.words
        return sizes[:1] if usual and cast(LabelTarget, self._target).drawn else sizes

    def _loss(self) -> Loss:
        return label_loss(self.loss)

    def _calibrate(self, raw: Tensor, i: np.ndarray) -> None:
        y, weight = self._target.y(torch.from_numpy(i)), self._target.weight(torch.from_numpy(i))
        r, t = raw.double().numpy(), y.double().numpy()
        w = None if weight is None else weight.double().numpy()
        one = self._is_multiclass
        self._decision = decision(r, t, w, self.threshold_metric, self.min_labels, one)
        if not one:
            self._tell_thresholds(r, t, w)
        said = torch.from_numpy(self._decision.probabilities(r)) if one else raw
        self.held_out_ = misclassified(said, y, weight) if one else unranked(raw, y, weight)
        direct = Direct(self.network_)
        if direct.affords(self._members.k, y.shape[1]):  # then no row is out-of-fold any more: the thresholds stay
            a, b = torch.from_numpy(self._decision.platt).float()
            more = direct.fit(self._out_of_fold.rows, i, a * raw + b, y, weight, a, self.format_.piece)
            self._decision.shift(more.numpy())

    def _tell_thresholds(self, r: np.ndarray, t: np.ndarray, w: np.ndarray | None) -> None:
        """Warn of labels that no row, or nearly every row, would get."""
        known = np.nansum(t, 0) > 0  # of others it was told that there is nothing to learn
        names, chosen = [*compress(self.labels_.names, known)], self._decision.thresholds[known]
        tell_never(names, chosen, self.threshold_metric)
        some = evenly(len(r), ENOUGH_TO_TELL)
        p, weight = self._decision.calibrated(r[some]), None if w is None else np.broadcast_to(w, t.shape)[some][:, known]
        tell_always(names, chosen, self.threshold_metric, p[:, known], t[some][:, known], weight)

    def _measure(self, train: Rows, held: Rows | None) -> None:
        super()._measure(train, held)
        y = cast(LabelTarget, self._target).matrix
        self.memory_ = Memory.of(train, y, min(int(self.replay_size), max(10, MAX_CELLS_KEPT // y.shape[1])), self.seed_)

    def _outputs(self) -> int:
        return len(self.labels_.names)

    @property
    def _piece(self) -> int:
        """Rows whose probabilities are computed at once; it stays with new labels, because another size may round otherwise."""
        return at_once(getattr(self.network_.decoder, "blocks", (len(self.labels_.names),))[0])

    @property
    def n_parameters_(self) -> int:
        """Number of weights of all members."""
        return sum(p.numel() for p in self.network_.parameters())

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        arrays |= {f"memory.{name}": value for name, value in self.memory_.state().items()}
        meta |= {"labels": self.labels_.state(), "least": self._decision.least, "rows_kept": len(self.memory_)}
        return meta, arrays | self._decision.state()

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.labels_ = Labels.from_state(meta["labels"])
        super()._restore(meta, arrays)
        k = len(self.labels_.names)
        self._decision = Decision.from_state(arrays, meta["least"], k, self._is_multiclass)
        self.memory_ = Memory.from_state(under(arrays, "memory"), self.format_.width, k)

    # ── scikit-learn ─────────────────────────────────────────────────────────────────────────────────────────────────

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "memory_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
