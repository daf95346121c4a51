r"""How an autoencoder is learned: it starts at PCA, and is compared with it.

    encoder(x) = A (x - mean) + f(x),   decoder(z) = mean + A' z + g(z),   f = g = 0 at the start

If the trained network is worse than PCA on held-out rows, PCA is kept. If there are no hidden layers, the loss is squared, and
nothing is missing, PCA is the optimum, and there is nothing to train.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...chance import redirected
from ...corruption import Clean, Corruption
from ...engine import told_gaps
from ...errors import DataError
from ...formats import Format
from ...hidden_cells import HiddenCells
from ...history import History
from ...losses import Columns, Loss, Multinomial, Squared
from ...nets import Link, SkipMLP
from ...network import Diabolo
from ...rows import Rows, spread_over, steps_per_epoch
from ...storage import under
from ..architectures import Dense, architecture
from ..base import MIN_ROWS_TO_HOLD_OUT, System
from ..gaps import HIDDEN_IN, hide
from ..linear import Linear, check_components, sampled, tfidf
from .comparison import Comparison, Explained, by_component
from .neighbors import Neighbors

__all__ = ["Compressor"]


LR_OF_MATRICES = 0.001  # of AdamW, if matrices are left to it
BLIND_STEPS = 100  # if there are too few rows for early stopping on held-out ones
ROUNDING = 1e-7  # smaller differences of scores are rounding
MAX_ROWS_FOR_SPREAD = 5000  # rows on which the spread of the codes is measured
HAVE_GAPS = "tables", "arrays"  # kinds of formats whose cells may be missing
MAX_ROWS_COMPARED = 20_000  # rows on which network and linear model are compared


class Compressor(System, abstract=True):
    """Base of the autoencoder."""

    n_components: int | float
    hidden: Any
    optimizer: str
    dropout: float
    encoder: nn.Module | None
    decoder: nn.Module | None
    n_components_: int
    _trained: Diabolo | None = None  # the trained network, if PCA is kept
    _neighbors: Neighbors | None = None  # of documents, while training

    def _format(self, X: Any) -> Format:
        return self.format_ if self._continues() else super()._format(X)

    def _choose_architecture(self) -> Dense:
        """If training continues, that of the first fit, which knows what stays."""
        known = getattr(self, "_architecture", None) if self._continues() else None
        return known or architecture(self.format_, self.hidden, self.dropout)

    def _learn_columns(self, X: Any) -> None:
        """That rows are flattened pictures matters only to layers of ours."""
        super()._learn_columns(X)
        if self.encoder is not None or self.decoder is not None or not len(self.hidden):
            self.format_.side = 0

    def _loss(self) -> Loss:
        """Flattened pictures have the bounded loss, which learns faster; without shifts, it would remember more."""
        return self.format_.loss("bounded") if self.loss == "auto" and self.format_.side else super()._loss()

    def _corruption(self) -> Corruption:
        return self._architecture.corruption() or Clean() if self.corruption is None else self.corruption

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        weight = self._train_weights
        if weight is not None:
            weight = weight[torch.from_numpy(sampled(len(weight), x.shape[1]))]
        self._linear = Linear(self.format_, self._width(x), seed).fit(x, weight)
        self.n_components_ = self._linear.k
        if self._continues() and not self._lost_trained_network():
            return self._network_to_continue()
        start, d, k = self._architecture.start(x, self._linear, seed), self.format_.width, self.n_components_
        encoder = self._architecture.encoder(start) if self.encoder is None else checked("encoder", self.encoder, d, k)
        if self.encoder is not None:
            check_gaps(encoder, x)
        if self.decoder is not None:
            return Diabolo(encoder, checked("decoder", self.decoder, k, d))
        z = start.encode(some := spread_over(x, MAX_ROWS_FOR_SPREAD))
        network = Diabolo(encoder, self._architecture.decoder(start, self.loss_, z))
        return self._architecture.bend(network, some, z) if self.encoder is None else network

    def _held(self, n: int) -> tuple[int, int]:
        hidden = self._choose_architecture().hidden
        own = self.encoder is None and self.decoder is None
        return 2 * hidden[0] if own and hidden else 0, 2 * n  # PCA has a copy

    def _lost_trained_network(self) -> bool:
        """Whether the linear autoencoder was kept, and the trained network is not in the file: then training starts anew."""
        decoder = self.network_.decoder
        kept = isinstance(decoder, nn.Sequential) and isinstance(decoder[-1], Link)
        return self.decoder is None and kept and self._trained is None

    def _network_to_continue(self) -> Diabolo:
        self.network_ = self._trained or self.network_
        network = super()._network_to_continue()
        for part, own in ((network.encoder, self.encoder), (network.decoder, self.decoder)):
            if own is not None:  # frozen parts stay frozen
                for p, q in zip(part.parameters(), own.parameters(), strict=True):
                    p.requires_grad_(q.requires_grad)
            elif isinstance(part, SkipMLP):
                self._architecture.kept(part)
        return network

    def _width(self, x: Tensor) -> int | float:
        """n_components, checked against the rows x (n, d)."""
        fixed = self._continues() and isinstance(self.n_components, float)
        k = self.n_components_ if fixed else self.n_components
        return check_components(k, self.format_, tuple(x.shape), self._architecture.shares)

    def _defaults(self) -> dict[str, Any]:
        matrices = {"lr": LR_OF_MATRICES} if self.optimizer == "adamw" else {}
        return {"optimizer": "muon", **self._architecture.training(), **matrices}

    def _epochs(self, n: int, batch_size: int) -> int:
        steps = BLIND_STEPS if n < MIN_ROWS_TO_HOLD_OUT else self._architecture.steps(n)
        return max(1, round(steps / steps_per_epoch(n, batch_size)))

    def _train(self, train: Rows, held: Rows | None) -> History:
        if self._is_solved():
            return History(stopped="nothing to train: the linear autoencoder has a closed form")
        if self.corruption is None and isinstance(self.loss_, Multinomial) and self._linear.see is not None:
            self._neighbors = Neighbors.find(train, tfidf(self.format_).float(), self.n_components_, self.seed_)
        try:
            return super()._train(train, held)
        finally:
            self._neighbors = None

    def _aim(self, i: Tensor, x: Tensor) -> Tensor:
        return x if self._neighbors is None else self._neighbors.target(i, x)

    def _is_solved(self) -> bool:
        """Nothing missing or corrupted, and either linear and squared, or a code as wide as a row: PCA is the optimum."""
        own = self.encoder is None and self.decoder is None
        squared = isinstance(self.loss_, Columns) and all(isinstance(p.loss, Squared) for p in self.loss_.parts)
        clean = type(self._corruption()) is Clean and not self.format_.missing()
        linear = squared and self._architecture.hidden == ()
        return own and clean and (linear or self.n_components_ == self.format_.width)

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        self._architecture.expect(len(rows), self.corruption is None)
        if self._architecture.hidden == () and self.encoder is None and self.decoder is None:
            train, held = rows, None  # a closed form needs no held-out rows
        else:
            train, held = super()._split(rows)
        self._row_weights.check(len(rows))
        self._train_weights = self._row_weights.at(train)
        return train, held

    def _measure(self, train: Rows, held: Rows | None) -> None:
        dtype, linear, loss = next(self.network_.parameters()).dtype, self._linear, self.loss_
        self._trained = None
        judged = self._row_weights.judged(train if held is None else held, MAX_ROWS_COMPARED, self.corruption, self.seed_)
        seen, x, w = (t.to(dtype) for t in judged)
        judge = Explained(loss, x, w, self._mean(x))
        if self.decoder is None:
            self._architecture.sharpen(self.network_, linear, loss, seen, judge.error)
        pca = judge.share(flat := linear.expected(linear.encode(seen)))
        z, e = self._through(seen)
        if judge.share(e) < pca - ROUNDING and self.encoder is None and self.decoder is None:
            self._keep_linear()
            z, e = self._through(seen)
        total, probed = judge.share(e), self._architecture.probed
        self.explained_variance_ratio_ = by_component(total, self._decoded, *(spread_over(v, probed) for v in (z, e)))
        rows = {"held_out_rows": len(held) if held is not None else 0, "margin": judge.margin(flat, e)}
        scores = {"pca": pca, "autoencoder": total, **rows}
        self.comparison_ = Comparison(scores, self.n_components_, self._linear_name, self.corruption)
        self.n_iter_ = self.history_.kept
        self.hidden_cells_ = None
        if self.format_.kind in HAVE_GAPS:
            _, x, w = self._row_weights.judged(train if held is None else held, HIDDEN_IN, None, self.seed_)
            found = hide(self.format_, x.to(dtype), w, linear.mean, self._seen)
            self.hidden_cells_ = found and replace(found, held_out=held is not None)

    def _features(self, X: Any) -> Iterator[Tensor]:
        for x in super()._features(X):
            if self.encoder is not None:
                check_gaps(self.network_.encoder, x)
            yield x

    def _seen(self, x: Tensor) -> Tensor:
        """Rows (n, d) -> expected values (n, d)."""
        return torch.cat([self.loss_.predict(self.network_(part)) for part in x.split(self.format_.piece)])

    def _through(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Rows x (n, d) -> codes and expected values, few rows at once: hidden layers stay in the cache."""
        z = torch.cat([self.network_.encoder(part) for part in x.split(self.format_.piece)])
        return z, torch.cat([self._decoded(part) for part in z.split(self.format_.piece)])

    def _decoded(self, z: Tensor) -> Tensor:
        """Codes (n, k) -> expected values (n, d)."""
        return self.loss_.predict(self.network_.decoder(z))

    def _keep_linear(self) -> None:
        """Training made it worse: keep the linear autoencoder, as a network. A warm start continues from the trained one."""
        self._trained = self.network_
        with redirected(self.seed_):
            linear = Diabolo(self._architecture.encoder(self._linear), self._linear.decoder(self.loss_))
        self.network_ = linear.to(next(self.network_.parameters()).dtype).eval().requires_grad_(False)
        self.history_.best = 0
        if not self.history_.interrupted:
            self.history_.stopped = f"no gain over {self._linear_name}: the linear autoencoder is kept"

    def _mean(self, x: Tensor) -> Tensor:
        return self._linear.mean.to(x.dtype).expand(len(x), -1)

    @property
    def pca_(self) -> Any:
        return self._linear.model

    @property
    def _linear_name(self) -> str:
        return "LSA" if self.format_.words else "PCA"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "comparison_")

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        meta["linear"], linear = self._linear.state()
        meta["comparison"] = self.comparison_
        meta["explained"] = [float(v) for v in self.explained_variance_ratio_]
        hidden = {} if self.hidden_cells_ is None else self.hidden_cells_.state()
        named = {"linear": linear, "hidden_cells": hidden}
        return meta, arrays | {f"{part}.{name}": v for part, values in named.items() for name, v in values.items()}

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super()._restore(meta, arrays)
        self._linear = Linear.from_state(self.format_, meta["linear"], under(arrays, "linear"))
        self.n_components_ = self._linear.k
        self.comparison_ = Comparison.from_state(meta["comparison"], self.n_components_, self._linear_name, self.corruption)
        self.explained_variance_ratio_ = np.array(meta["explained"], dtype=float)
        if self.explained_variance_ratio_.shape != (self.n_components_,):
            raise DataError("its comparison with the linear model is incomplete")
        self.n_iter_ = self.history_.kept
        held_out, hidden = bool(self.comparison_["held_out_rows"]), under(arrays, "hidden_cells")
        self.hidden_cells_ = HiddenCells.from_state(self.format_.columns, self.format_.width, hidden, held_out)


def checked(name: str, module: nn.Module, width: int, out: int) -> nn.Module:
    """A copy of a module of the user's own, which must map (B, width) to (B, out)."""
    module = copy.deepcopy(module)
    training = module.training
    try:
        with torch.no_grad():
            found = tuple(module.eval()(torch.zeros(1, width)).shape)
    except RuntimeError as error:
        raise ValueError(f"{name}={module!r} does not take the shape (1, {width}): {error}") from None
    module.train(training)
    if found != (1, out):
        raise ValueError(f"{name}={module!r} must map the shape (1, {width}) to (1, {out}), but gives {found}")
    return module


def check_gaps(encoder: nn.Module, x: Tensor) -> None:
    """Raise a DataError if a module of the user's own makes NaN of a row of x (n, d) with a missing cell."""
    if not len(rows := x.isnan().any(1).nonzero()[:1, 0]):
        return
    training = encoder.training
    with torch.no_grad():
        z = encoder.eval()(x[rows].to(next((p.dtype for p in encoder.parameters()), x.dtype)))
    encoder.train(training)
    told_gaps(x[rows].numpy(), z.numpy())
