r"""Suggestions for new labels: groups of rows that no label explains and that are unlike the known rows.

    unexplained    p_c < t_c for every label c
    unlike         error of the autoencoder above that of 95 % of the explained rows; without an autoencoder, distance of
                   the code to the nearest row of the memory above that of 95 % of the explained rows
    group          density-based clusters of the codes (HDBSCAN)

References
----------
Density-based clustering based on hierarchical density estimates (Campello, Moulavi & Sander, 2013)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import euclidean_distances

from ...nets.heads import hidden_units
from ...printed import Grid, Printed

if TYPE_CHECKING:
    from ...estimators.autoencoder.autoencoder import Autoencoder
    from .base import MultiLabel

__all__ = ["Suggestion", "suggest_labels"]

QUANTILE = 0.95
MIN_GROUP = 5  # rows of a group
MAX_DIRECTIONS = 10  # principal directions of the codes in which groups are searched


@dataclass(frozen=True, repr=False)
class Suggestion(Printed):
    """A group of rows that may deserve a label; prints as a sentence.

    Parameters
    ----------
    rows : ndarray of int
        The rows, the most typical first.
    strangeness : float
        Their median error, or distance, in units of the 95 % quantile of the explained rows.
    """

    rows: np.ndarray
    strangeness: float

    def _parts(self) -> Iterator[str | Grid]:
        first = ", ".join(map(str, self.rows[:5].tolist()))
        yield f"{len(self.rows):,} similar rows, {self.strangeness:.1f} times as strange as known rows; typical rows: {first}"


def suggest_labels(clf: MultiLabel, X: Any, autoencoder: Autoencoder | None) -> list[Suggestion]:
    """Groups among the rows of X, the largest first."""
    p = clf.predict_proba(X)
    explained = (p >= clf.thresholds_).any(1)
    h = clf.codes(X)
    strange = novelty(clf, X, h, autoencoder)
    usual = float(np.quantile(strange[explained] if explained.any() else strange, QUANTILE)) or 1.0
    rows = np.flatnonzero(~explained & (strange > usual))
    if len(rows) < 2 * MIN_GROUP:
        groups = [rows] if len(rows) >= MIN_GROUP else []
    else:
        z = PCA(min(MAX_DIRECTIONS, len(rows), h.shape[1]), random_state=0).fit_transform(h[rows])
        found = HDBSCAN(min_cluster_size=MIN_GROUP, allow_single_cluster=True, copy=True).fit_predict(z)
        groups = [rows[found == g] for g in range(found.max() + 1)]
    ordered = [group[np.argsort(np.square(h[group] - h[group].mean(0)).sum(1), kind="stable")] for group in groups]
    out = [Suggestion(group, float(np.median(strange[group])) / usual) for group in ordered]
    return sorted(out, key=lambda s: -len(s.rows))


def novelty(clf: MultiLabel, X: Any, h: np.ndarray, autoencoder: Autoencoder | None) -> np.ndarray:
    """(n,) how unlike the known rows."""
    if autoencoder is not None:
        return -autoencoder.score_samples(X)
    if not len(clf.memory_):
        raise ValueError("the model kept no rows (replay_size=0): give autoencoder=, fitted to the same kind of rows")
    x = clf.memory_.rows.to(next(clf.network_.parameters()).dtype)
    kept = hidden_units(clf.network_.decoder, clf.network_.encoder(x)).double().numpy()
    apart = np.sort(euclidean_distances(h, kept), axis=1)
    return apart[:, : min(5, apart.shape[1])].mean(1)
