r"""A supervised last layer on an encoder that is new or pre-trained, without labels or on other data.

    h = encoder(x) (m hidden units),   raw_c = v_c . h + b_c,   minimize  sum_c loss(raw_c, y_c)      O(d m + m k)

K such networks, the members, form an ensemble. Each is trained on all rows except those of its own fold, so that every
training row has an out-of-fold output. These outputs decide early stopping, calibration, thresholds and error bars. The
prediction is the mean of the members. With ``members=1``, part of the rows is held out instead.

The last layer on a given encoder is a convex problem, and is solved as one:

    minimize  sum_i loss(V h_i + b, y_i) + lambda / 2 |V|^2          lambda: the best for out-of-fold rows

Numbers that a table is to predict begin so, too: the last layer also reads the columns and their bins, and so begins as the
best additive model, a sum of one bent line for each column.
If the encoder is frozen, this is the whole fit, unless `hidden` asks for hidden layers on its codes. Fine-tuning continues
from this solution by SGD, because fine-tuning under a random last layer distorts pre-trained features. The last layer then
also reads hidden layers on the codes, with weights that start at zero. With fewer than 100 rows early stopping is unreliable,
and the encoder is not fine-tuned. K members that are trained from scratch join the K members that start from an autoencoder:
their errors differ. The prediction is the mean of all; each kind is calibrated on its out-of-fold outputs.

References
----------
Fine-tuning can distort pretrained features and underperform out-of-distribution (Kumar et al., 2022),
https://arxiv.org/abs/2202.10054
Multitask learning (Caruana, 1997), https://doi.org/10.1023/A:1007379606734
Reducing the dimensionality of data with neural networks (Hinton & Salakhutdinov, 2006),
https://doi.org/10.1126/science.1127647 (pre-training)
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self, cast

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ... import processes
from ...copies import together
from ...corruption import Chain, Corruption, Mirror, Shift
from ...errors import DataError, FormatError, warn
from ...formats.new_gaps import NewGaps
from ...formats.readers import with_answers
from ...formats.targets import same_length
from ...groups import first_of_each, tell_dependent
from ...history import History
from ...nets import (
    ConcatEnsembles,
    ConcatHidden,
    EnsembleMLP,
    EnsembleScaler,
    Head,
    ModuleEnsemble,
    PerLabelHead,
)
from ...nets.heads import hidden_units, member_mean
from ...network import Diabolo
from ...plan import SGD
from ...progress import told
from ...rows import Rows, evenly, steps_per_epoch
from ..base import System
from ..cross_fitting import CrossFit
from ..parameters import check_integer
from .encoders import (
    Pretrained,
    check_columns,
    encode_bins,
    format_for,
    hidden_sizes,
    inherited_encoder,
    resolve_encoder,
    sample_rows,
)
from .invariance import harmless
from .out_of_fold import OutOfFold
from .targets import Target

__all__ = ["Supervised"]

EPOCHS = 30
MIN_MAX_STEPS = 1500, 6000  # SGD steps in these epochs, at least and at most
WARMUP = 0.015  # share of the steps: few rows are learned in a hundred steps
MIN_ROWS = 4  # rows
MIN_ROWS_TO_STOP_EARLY, BLIND_STEPS = 100, 300  # fewer rows: no early stopping, but this number of steps
FINE_TUNING_RATE = 1 / 3  # learning rate of fine-tuning, in units of `lr`
DROPOUT, DROPOUT_ON_CURVES = 0.5, 0.1  # rates of "auto"; the second for tables and arrays
MAX_NUMBERS_TO_SOLVE = 20_000_000  # in the rows to which a first linear model is fitted
MAX_ROWS_FOR_FOUR_MEMBERS = 20_000  # more rows: three members instead of four
MAX_ROWS_TO_FINE_TUNE_SEVERAL = 2000  # more rows: a fine-tuned encoder has one member


@dataclass(kw_only=True, repr=False, eq=False)
class Supervised(System, abstract=True):
    """Base of the supervised estimators, which describe the parameters."""

    encoder: Any = field(default=None, kw_only=False)
    freeze: bool = True
    members: Any = "auto"
    hidden: Any = "auto"
    n_bins: Any = "auto"
    dropout: Any = 0.5
    corruption: Any = None
    format: Any = "auto"
    lr: float = 3e-3
    weight_decay: float = 1e-2
    validation_fraction: float = 0.1
    patience: int = 5
    warm_start: bool = False

    _given_encoder = cast(Any, None)  # while fitting: what `encoder` stands for
    _known_codes = cast(Any, None)  # its codes of all rows, if they are known

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _learn(self, X: Any, target: Target, groups: Any, categories: Any, numbers: Any) -> Self:
        """`_fit` for this target."""
        if (categories or numbers) and hasattr(resolve_encoder(self.encoder), "format_"):
            raise ValueError("categories= and numbers= are for a first fit: here the encoder determines the columns")
        self._target, self._groups = target, groups
        self._fit(X, categories, numbers)
        del self._members, self._target, self._groups
        return self

    def _with_answers(self, X: Any, y: Any, fit: bool = False) -> tuple[Any, Any]:
        """X and y; without y, those of the file of X, which is read as that of the first fit, or of the encoder, was."""
        known = getattr(self, "format_", None)
        if y is None and fit and not self._continues():
            known = getattr(resolve_encoder(self.encoder), "format_", None)
        return with_answers(X, y, getattr(known, "options", None))

    def _format(self, X: Any) -> Any:
        """That of a pre-trained autoencoder; else sparse numbers from 0 are word counts."""
        return self.format_ if self._continues() else format_for(self._given_encoder, X, self.format)

    def _learn_columns(self, X: Any) -> None:
        self.format_.grouped = self._groups is not None
        if self._given_encoder is None or not hasattr(self._given_encoder, "format_"):
            super()._learn_columns(X)
        else:
            check_columns(self.format_, X)

    def _check_values(self, rows: Rows) -> None:
        """The rows are not to be reconstructed."""

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_integer("members", self.members, 1)
        check_integer("n_bins", self.n_bins, 0)
        if self.hidden != "auto" and not len(self.hidden):
            raise ValueError("hidden=(): at least one hidden layer is needed, such as (256,)")
        self._given_encoder = resolve_encoder(self.encoder)
        if self._given_encoder is None and self._continues():
            self._given_encoder = inherited_encoder(self.network_.encoder)
        for name, reason in self._without_effect().items():
            warn(f"{name}={getattr(self, name)!r} has no effect: {reason}")
        if hasattr(self._given_encoder, "encode") and not self.freeze:
            raise ValueError(
                "freeze=False: an encoder with encode() only gives codes and cannot be fine-tuned: set freeze=True"
            )

    def _without_effect(self) -> dict[str, str]:
        """Parameters that were set but have no effect, and why."""
        if self._given_encoder is None and not self.freeze:
            return {"freeze": "there is no encoder="}
        if self.encoder is not None and self.freeze and self.hidden == "auto" and self.n_bins not in ("auto", 0):
            return {"n_bins": "the input of a frozen encoder does not change"}
        return {}

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """All rows: `_members` says which rows are held out from which member."""
        same_length(len(self._target), len(rows))
        if len(rows) < MIN_ROWS:
            raise DataError(f"n_samples={len(rows)}: at least {MIN_ROWS} rows are needed, because some are held out")
        first = np.arange(len(rows)) if self._groups is None else first_of_each(self._groups, len(rows))
        which = np.unique(first)
        members, share = self._n_members(len(rows), len(which)), min(0.5, max(self.validation_fraction or 0.0, 2 / len(rows)))
        parts = [share, 1 - share] if members == 1 else None
        fold = self._target.folds(parts or members, np.random.RandomState(self.seed_), which)[np.searchsorted(which, first)]
        if self._groups is None:
            fold = together(rows, fold)
            if self.format_.kind in ("tables", "arrays"):
                tell_dependent(rows, "`held_out_` is too good", self._target.classes, self._target.numbers, groups=True)
        self._members = CrossFit(fold, members)
        return rows, None

    def _n_members(self, n: int, groups: int) -> int:
        """Members for n rows in so many groups."""
        tuned = self._given_encoder is not None and not self.freeze
        if self._continues():
            return self._fitted_members(n, groups)
        several = 4 if n <= MAX_ROWS_FOR_FOUR_MEMBERS else 3
        if self._architecture.slow and (self._given_encoder is None or not self.freeze):
            several = 1
        members = (
            (1 if tuned and n > MAX_ROWS_TO_FINE_TUNE_SEVERAL else several) if self.members == "auto" else int(self.members)
        )
        return min(members, n // 2, groups)

    def _fitted_members(self, n: int, groups: int) -> int:
        """Number of members of the fitted network."""
        head = cast(Head | PerLabelHead, self.network_.decoder)
        members = head.members // (2 if self._has_both_encoders() else 1)
        if n < 2 * members:
            raise DataError(f"n_samples={n}: warm_start=True continues with {members} members; they need {2 * members} rows")
        if groups < members:
            raise DataError(f"groups holds {groups}: warm_start=True continues with {members} members; they need one each")
        return members

    @property
    def _augments(self) -> bool:
        return self.corruption is None and not (self._given_encoder is not None and self.freeze)

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        if self._continues():
            return self._network_to_continue()
        members = self._members.k
        encoder = self._fresh_encoder(members, x) if self._given_encoder is None else self._pretrained_encoder(members, x)
        if self._has_both_encoders():
            both = ConcatEnsembles(encoder, self._fresh_encoder(members, x))
            return Diabolo(both, self._decoder(2 * members, both.m))
        return Diabolo(encoder, self._decoder(members, cast(EnsembleMLP, encoder[-1]).m))

    def _network_to_continue(self) -> Diabolo:
        network = super()._network_to_continue()
        if isinstance(network.decoder, Head):
            network.decoder.merged()
        for part in network.modules():
            if isinstance(part, EnsembleMLP):  # its linear units are fitted last
                part.straight = nn.ParameterList()
        if self._given_encoder is not None and self.freeze:
            cast(Any, network.encoder)[0].requires_grad_(False)
        return network

    def _held(self, n: int) -> tuple[int, int]:
        return 0 if self._given_encoder else hidden_sizes(self.hidden, self.format_.words, 0, 1)[0], n

    def _has_both_encoders(self) -> bool:
        """Whether half of the members start from an autoencoder, and half from scratch."""
        if self._continues():
            return isinstance(self.network_.encoder, ConcatEnsembles)
        return not self.freeze and hasattr(self._given_encoder, "format_")

    def _fresh_encoder(self, members: int, x: Tensor) -> nn.Sequential:
        """An untrained encoder of rows like x (r, d)."""
        return self._architecture.members(
            members,
            sample_rows(x),
            self._target.n,
            self._sizes(),
            self._dropout,
            partial(encode_bins, self.n_bins),
            self._target.linear,
        )

    def _trains_new_layers_only(self) -> bool:
        """Whether only untrained hidden layers and the last layer are trained."""
        return self._given_encoder is None or (self.freeze and self.hidden != "auto") or self._too_few_to_fine_tune()

    def _too_few_to_fine_tune(self) -> bool:
        """Whether there are too few rows to fine-tune an encoder, so that only members from scratch are trained by SGD."""
        return self._has_both_encoders() and self._target.n < MIN_ROWS_TO_STOP_EARLY

    def _sizes(self) -> tuple[int, ...]:
        return hidden_sizes(self.hidden, self.format_.words, self._target.n, self.format_.width)

    def _pretrained_encoder(self, members: int, x: Tensor) -> nn.Sequential:
        """A pre-trained encoder."""
        sizes = None if self.freeze and self.hidden == "auto" else self._sizes()
        encoder, self._known_codes = self._pretrained().members(members, x, self._target.n, sizes, self._dropout)
        return encoder

    def _pretrained(self) -> Pretrained:
        title = f"{type(self).__name__}: codes" if self.verbose else None
        return Pretrained(self._given_encoder, self.format_, self.freeze, title)

    def _decoder(self, members: int, m: int) -> nn.Module:
        start = self._target.start()
        head = Head(members, m, (len(start),))
        with torch.no_grad():
            head.b[0].copy_(start.expand_as(head.b[0]))
        return head

    def _train(self, train: Rows, held: Rows | None) -> History:
        self._out_of_fold = OutOfFold(self.network_, train, self._target, self._members, self.format_.piece)
        if self._given_encoder is None or (self._continues() and not self.freeze and not self._too_few_to_fine_tune()):
            if not self._continues() and self._starts_linear() and self._target.n < MIN_ROWS_TO_STOP_EARLY:
                return History(
                    stopped=f"no SGD: fewer than {MIN_ROWS_TO_STOP_EARLY} rows, of which ridge regression learns more"
                )
            return self._run_sgd()
        h, parts = self._encoder_codes(train), self._encoder_parts()
        members = cast(EnsembleScaler, parts[1]).members
        if self.freeze:  # codes do not change: compute them once
            last = parts[2] if self._trains_new_layers_only() else EnsembleScaler(members, h.shape[1])
            self._out_of_fold = self._out_of_fold.on_codes(Diabolo(last, self.network_.decoder), h)
        if not self._trains_new_layers_only() and self._target.convex:
            self._out_of_fold.solve(h)
            if self.freeze or self._target.n < MIN_ROWS_TO_STOP_EARLY:
                return History(stopped="no SGD: the last layer on a frozen encoder is a convex problem and was solved directly")
        if not (self._too_few_to_fine_tune() and self._target.convex):
            return self._run_sgd()
        parts.requires_grad_(False)  # the last layer of the members with the encoder is solved at the end
        history = self._run_sgd(first=members)
        self._out_of_fold.solve(h)
        return history

    def _starts_linear(self) -> bool:
        """The last layer begins as the best linear model of what it reads beside the hidden units, if anything."""
        *before, last = cast(nn.Sequential, self.network_.encoder)
        if not isinstance(last, ConcatHidden):
            return False
        first, rows = nn.Sequential(*before), self._out_of_fold.rows
        some = evenly(len(rows), max(MIN_ROWS, MAX_NUMBERS_TO_SOLVE // last.tower.sizes[1]))
        with torch.no_grad():
            h = torch.cat([first(rows.take(i))[0] for i in np.array_split(some, -(-len(some) // self.format_.piece))])
        self._out_of_fold.solve(h, some)
        return True

    @property
    def _dropout(self) -> float:
        """The dropout rate; "auto" is for numbers, which are a smooth function of a table, that noise would blur."""
        if self.dropout != "auto":
            return float(self.dropout)
        return DROPOUT_ON_CURVES if self._architecture.curves else DROPOUT

    def _encoder_parts(self) -> nn.Sequential:
        """The parts of the members with a given encoder: it, or its copies; :class:`EnsembleScaler`; the layers on these."""
        encoder = cast(nn.Sequential, self.network_.encoder)
        return cast(nn.Sequential, encoder[0]) if self._has_both_encoders() else encoder

    def _encoder_codes(self, train: Rows) -> Tensor:
        """h (n, m) of the given encoder."""
        parts = self._encoder_parts()
        if self._known_codes is None:
            first = parts[0] if self.freeze else cast(ModuleEnsemble, parts[0])[0]  # the copies are still equal
            self._known_codes = self._pretrained().codes(first, train.chunks(self.format_.piece), len(train))
        return cast(Tensor, parts[1](self._known_codes)[0])

    def _run_sgd(self, first: int = 0) -> History:
        """SGD, of the members from number `first` on."""
        n = len(self._out_of_fold.rows)
        stops_early = n >= MIN_ROWS_TO_STOP_EARLY or not self._trains_new_layers_only()
        plan, start = self._plan(n), time.monotonic()
        shift, mirror = self._architecture.augmentation() if self._augments else (None, None)
        if shift is None or mirror is None:
            return self._out_of_fold.train(self._corruption(), plan, stops_early, first)
        corrupt = self._harmless(shift, mirror, plan)
        asked = time.monotonic() - start
        history = self._out_of_fold.train(corrupt, plan, stops_early, first)
        history.times = {"how to vary": asked} | history.times
        return history

    def _harmless(self, shift: Shift, mirror: Mirror, plan: SGD) -> Corruption:
        """Pictures are varied in the ways that change no answer."""
        same = processes.agreed(harmless(shift, mirror, self._out_of_fold, plan))
        others = " or ".join(name for name, is_same in zip(("shifted", "mirrored"), same, strict=True) if not is_same)
        if others:
            title = type(self).__name__ if self.verbose else None
            told(title, f"images are not {others} in training, since {others} ones may have other answers")
        return Chain(tuple(way for way, is_same in zip((shift, mirror), same, strict=True) if is_same))

    def _measure(self, train: Rows, held: Rows | None) -> None:
        i = self._out_of_fold.sample(self._target.judged)
        with torch.no_grad():
            self._out_of_fold.network.eval().to("cpu")
            if self._has_both_encoders():
                self._out_of_fold.scale_temperature(i)
            self._calibrate(self._out_of_fold.raw(i).mean(0), i)
        self.n_iter_ = self.history_.kept
        self.__dict__.pop("_known_codes", None)
        del self._given_encoder, self._out_of_fold

    def _calibrate(self, raw: Tensor, i: np.ndarray) -> None:
        """What is learned from out-of-fold raw outputs (r, k)."""
        self.held_out_ = self._target.error_of(raw, i)

    def _defaults(self) -> dict[str, Any]:
        own = super()._defaults() | {"warmup": WARMUP, "first_gap": self._architecture.first_gap}
        faster = self._architecture.muon if self._given_encoder is None else 0.0
        return own | ({"optimizer": "muon", "muon_lr": faster * self.lr} if faster else {})

    def _plan(self, n: int) -> SGD:
        plan = super()._plan(n)
        if self._trains_new_layers_only():
            return plan
        lr = plan.lr if self._has_both_encoders() else plan.lr * FINE_TUNING_RATE  # members from scratch need the full rate
        return replace(plan, lr=lr, patience=max(plan.patience, plan.rounds))

    def _epochs(self, n: int, batch_size: int) -> int:
        per_epoch = steps_per_epoch(n, batch_size)
        if n < MIN_ROWS_TO_STOP_EARLY and self._trains_new_layers_only():
            return max(1, round(BLIND_STEPS / per_epoch))
        return max(1, round(np.clip(EPOCHS * per_epoch, *MIN_MAX_STEPS) / per_epoch))

    # ── predicting ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _raw(self, X: Any) -> Iterator[Tensor]:
        """X -> raw (b, k), the mean of the members, in batches."""
        for h in self._codes(X):
            yield member_mean(self.network_.decoder(h))

    def _codes(self, X: Any) -> Iterator[Tensor]:
        """X -> h (K, b, m), in batches."""
        check_is_fitted(self)
        gaps = NewGaps(self.format_)
        for x in self._features(X):
            gaps.note(x.numpy())
            for part in x.split(self.format_.piece):
                yield self.network_.encoder(part)
        gaps.warn()

    def codes(self, X: Any) -> np.ndarray:
        """X -> (n, K m) the features that the last layer reads."""
        return np.concatenate([hidden_units(self.network_.decoder, z).numpy() for z in self._codes(X)]).astype(np.float64)

    @property
    def members_(self) -> int:
        """K."""
        decoder = self.network_.decoder
        if not isinstance(decoder, Head):
            raise FormatError("its decoder has no rows")
        return decoder.members

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_network(self) -> None:
        x = torch.zeros(1, self.format_.width, dtype=next(self.network_.parameters()).dtype)
        if self.network_.decoder(self.network_.encoder(x)).mean(0).shape != (1, self._outputs()):
            raise FormatError("its network does not fit its outputs")

    @abstractmethod
    def _outputs(self) -> int:
        """k."""

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        return meta | {"held_out": float(self.held_out_)}, arrays

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super()._restore(meta, arrays)
        self.held_out_ = float(meta["held_out"])
        self.n_iter_ = self.history_.kept

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "held_out_")

    def __sklearn_clone__(self) -> Self:
        """The given encoder is a hyper-parameter."""
        kept = self.get_params(deep=False)
        return type(self)(**{name: value if name == "encoder" else clone(value, safe=False) for name, value in kept.items()})

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags
