r"""How strange a row is: what the members make of it, and what is usual.

    s_k(x) = sqrt(apart_k^2 + rare_k^2)        by member k; both axes are measured in scores.py
    s(x) = mean_k s_k(x)
    p(x) = (1 + #{i : s_i >= s(x)}) / (n + 1)                       s_i: by the one member that has not seen row i

Where some outliers are known, a regression combines the same measures (known_outliers.py). The mean of the members is steadier
than one of them: E max(s(x) - t, 0) <= E max(s_k(x) - t, 0) for any t (Jensen). So means are beyond the ``s_i`` at most as
far as single members' scores are, and fewer rows than promised are flagged rather than more; benchmarks/outliers_promise.py
measures it.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor

from ...formats import Format
from ...hardware import one_thread, one_torch_thread
from ...losses import Loss
from ...network import Diabolo
from ...storage import under
from ..cross_fitting import side_by_side
from ..gaps import without_new_gaps
from .conformal import Calibration
from .known_outliers import SupervisedScorer
from .scores import Measures
from .unseen import UnseenBy

__all__ = ["Reconstructor", "Scorer", "within_domain"]

RANKED = 2000  # training rows whose scores are ranked, at most
STRANGE = (0.02, 0.05), (0.1, 0.15)  # p-values, and which share of training rows is below, if members know them by heart


class Reconstructor:
    """What the K members make of rows.

    Parameters
    ----------
    network : Diabolo
        (B, d) -> (K, B, k) -> (K, B, m).
    format : Format
        What the features are.
    loss : Loss
        Of the raw outputs.
    """

    def __init__(self, network: Diabolo, format: Format, loss: Loss) -> None:
        self.network, self.format, self.loss = network, format, loss

    def look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (n, d) -> codes (K, n, k), and the loss of each cell (K, n, c)."""
        z = self.network.encoder(without_new_gaps(self.format, x, self.expected))
        return z, self.losses(self.network.decoder(z), x)

    def out_of_fold(self, x: Tensor, fold: np.ndarray) -> tuple[Tensor, Tensor]:
        """x (n, d) -> codes (K, n, k), and raw (n, m) by the one member `fold` (n,) that has not seen the row."""
        z = self.network.encoder(x)
        place, there = (torch.from_numpy(a) for a in side_by_side(fold, len(z)))
        raw = self.network.decoder(z.gather(1, place[..., None].expand(-1, -1, z.shape[2])))
        own = raw.new_empty(len(x), raw.shape[2])
        own[place[there]] = raw[there]
        return z, own

    def losses(self, raw: Tensor, x: Tensor) -> Tensor:
        """raw (K, n, m), x (n, d) -> (K, n, c)."""
        return self.loss.surprise(raw.flatten(0, 1), x.repeat(len(raw), 1)).unflatten(0, raw.shape[:2])

    def expected(self, x: Tensor) -> Tensor:
        """x (n, d) -> what the members make of it, on average (n, d)."""
        return self.predicted(self.network(x), 0)

    def predicted(self, raw: Tensor, dim: int) -> Tensor:
        """raw (..., m) -> expected values (..., d), the mean over the members, which are dimension `dim`."""
        return self.loss.predict(raw.flatten(0, -2)).view(raw.shape).mean(dim)


class Scorer:
    """Rows x (n, d), with a gap for each missing value -> how strange they are.

    Parameters
    ----------
    reconstructor : Reconstructor
        The trained members.
    measures : Measures
        What is usual among rows that a member has not seen.
    supervised : SupervisedScorer or None
        What known outliers teach.
    calibration : Calibration
        Scores of training rows, each by the member that has not seen it.
    unseen_by : UnseenBy or None, default=None
        Which member judges a training row.
    """

    def __init__(
        self,
        reconstructor: Reconstructor,
        measures: Measures,
        supervised: SupervisedScorer | None,
        calibration: Calibration,
        unseen_by: UnseenBy | None = None,
    ) -> None:
        self.reconstructor, self.measures, self.supervised, self.calibration = reconstructor, measures, supervised, calibration
        self.unseen_by = unseen_by

    @classmethod
    def fit(
        cls,
        reconstructor: Reconstructor,
        x: Tensor,
        fold: np.ndarray,
        far: Tensor,
        trim: float,
        most: float,
        known: Tensor | None,
    ) -> Self:
        """From training rows x (n, d), each judged by the member `fold` (n,) that has not seen it, and known outliers (m, d).

        Values `far` (n, d) out do not show what is usual: see :meth:`Measures.fit`.
        """
        z, raw = reconstructor.out_of_fold(x, fold)
        cells = reconstructor.loss.surprise(raw, x)
        far = far if far.shape[1] == cells.shape[1] else torch.zeros(len(x), 1, dtype=torch.bool)
        measures, own = Measures.fit(x, z, cells, fold, trim, far, most)
        supervised, s = None, length(own)
        if known is not None:
            seen = reconstructor.look(known)
            ratios = measures.ratios(cells[None])
            supervised = SupervisedScorer.fit(
                (own, ratios[:, 0]), fold, (measures.axes(known, *seen), measures.ratios(seen[1]))
            )
            s = supervised(own[:, None].repeat(len(z), 1), ratios.repeat(len(z), 1))[np.arange(len(fold)), fold]
        return cls(reconstructor, measures, supervised, Calibration(s))

    @one_thread()
    @one_torch_thread()
    def judge(self, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """x (n, d) -> s (n,), -log P of both axes (n, 2): the means of the members', or of known rows the own one's."""
        z, cells = self.reconstructor.look(x)
        axes = self.measures.axes(x, z, cells)
        each = by_member(self.measures, self.supervised, axes, cells)
        s, both = each.mean(1), axes.mean(1)
        if self.unseen_by is not None:
            fold = self.unseen_by(x)
            own = np.flatnonzero(fold >= 0)
            both[own] = axes[own, fold[own]]
            ranked = len(self.unseen_by.scores) > 0
            s[own] = self.unseen_by.as_new(s[own], self.calibration.scores) if ranked else each[own, fold[own]]
        outside = x.isinf().any(1).numpy()
        beyond = self.calibration.scores[-1] + 1 + length(axes[outside]).mean(1)  # stranger than all that was seen
        s[outside] = np.maximum(s[outside], beyond)
        return s, both

    def remember(self, unseen_by: UnseenBy | None, x: Tensor) -> None:
        """From now on, training rows that are known again are judged as new ones; x (n, d) are those of the calibration."""
        if unseen_by is None:
            return
        s, _ = self.judge(x[-RANKED:])  # densities and tails hold the first ones
        p = self.calibration.p(s)
        if not any((p <= level).mean() > most for level, most in STRANGE):
            unseen_by.scores = np.sort(s)
        self.unseen_by = unseen_by

    def log_p(self, x: Tensor) -> np.ndarray:
        """x (n, d) -> (n,) logarithm of the p-values."""
        return self.calibration.log_p(self.judge(x)[0])

    def state(self) -> dict[str, np.ndarray]:
        """Arrays from which :meth:`from_state` makes the same, with the same members."""
        judged = {} if self.supervised is None else self.supervised.state()
        known = {} if self.unseen_by is None else self.unseen_by.state()
        parts = {"measures": self.measures.state(), "supervised": judged, "unseen_by": known}
        arrays = {f"{part}.{name}": v for part, held in parts.items() for name, v in held.items()}
        return arrays | {"calibration": self.calibration.scores}

    @classmethod
    def from_state(cls, reconstructor: Reconstructor, k: int, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of :meth:`state`, of K members."""
        judged = under(arrays, "supervised")
        measures = Measures.from_state(under(arrays, "measures"), k)
        supervised = SupervisedScorer.from_state(judged) if judged else None
        known = under(arrays, "unseen_by")
        unseen_by = UnseenBy.from_state(known, k) if known else None
        return cls(reconstructor, measures, supervised, Calibration(arrays["calibration"]), unseen_by)


def within_domain(x: Tensor, fold: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Rows x (n, d) and their folds, without those outside of the domain, which are not normal; all, if a fold were empty."""
    within = ~x.isinf().any(1).numpy()
    return (x[within], fold[within]) if len(set(fold[within])) == len(set(fold)) else (x, fold)


def by_member(measures: Measures, supervised: SupervisedScorer | None, axes: np.ndarray, cells: Tensor) -> np.ndarray:
    """Both axes (n, K, 2), losses (K, n, c) -> s of each member (n, K)."""
    return length(axes) if supervised is None else supervised(axes, measures.ratios(cells))


def length(axes: np.ndarray) -> np.ndarray:
    """Both axes (..., 2) -> s (...)."""
    found: np.ndarray = np.hypot(axes[..., 0], axes[..., 1])
    return found
