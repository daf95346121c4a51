r"""A report on the labels of a classifier: how well each is predicted, doubtful cells, and how labels depend on each other.

    AP_c            average precision, with the 5 % and 95 % quantiles under resampling of the rows
    error of p_c    sum over ten bins of (share of rows) |mean p - share of yes|
    lift_ab         P(a and b) / (P(a) P(b)):  1 = independent
    surprise_ab     n_a n_b / n (lift log lift - lift + 1): how far the number of rows with both is from chance
    taken_ab        if each row has one label: number of rows of a that are predicted as b
    doubtful        a positive with small p, a negative with large p: the label may be wrong
    to confirm      rows with p nearest to the threshold, unknown ones first: they are the most informative

References
----------
Confident learning: estimating uncertainty in dataset labels (Northcutt, Jiang & Chuang, 2021),
https://doi.org/10.1613/jair.1.12125
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import xlogy
from scipy.stats import chi2
from sklearn.decomposition import PCA

from ...formats.targets import same_length, same_order
from ...printed import Grid, Marked, Printed, cut
from .comparison import MAX_LABELS, Comparison, compare_with_independent
from .metrics import average_precision

if TYPE_CHECKING:
    from .base import MultiLabel

__all__ = ["LabelMetrics", "LabelReport"]

MAX_ROWS_NAMED = 5  # rows of each list
MAX_LABELS_PRINTED, MAX_LETTERS = 30, 24  # printed: labels, letters of a name
HEADS = ("label", "yes", "average precision", "threshold", "F1", "calibration", "doubtful yes / no")
DOUBTED = 0.05  # a positive with a smaller p, and a negative with a p above 1 - this, is doubtful
BINS = 10
MISTAKEN = 0.05  # chance that of independent labels any pair is said to go together


@dataclass(frozen=True, repr=False)
class LabelMetrics(Printed):
    """The metrics of one label; prints as a table.

    Parameters
    ----------
    name : str or int
    positives, known : int
        Rows with the label, and rows where it is known.
    average_precision : float
        NaN if all or none of the rows have it.
    interval : (float, float)
    threshold, precision, recall, f1 : float
        Of ``predict``. The threshold is NaN if each row has one label: the most probable one is predicted.
    calibration_error : float
    wrong, missing : tuple of int
        Rows whose positive, or whose negative, is doubtful, the worst first.
    confirm : tuple of int
        Rows most worth confirming next.
    """

    name: Any
    positives: int
    known: int
    average_precision: float
    interval: tuple[float, float]
    threshold: float
    precision: float
    recall: float
    f1: float
    calibration_error: float
    wrong: tuple[int, ...]
    missing: tuple[int, ...]
    confirm: tuple[int, ...]

    def _parts(self) -> Iterator[str | Grid]:
        yield Grid(HEADS, [self._row()])
        for why, rows in (("doubtful yes", self.wrong), ("doubtful no", self.missing), ("to confirm next", self.confirm)):
            if rows:
                yield f"{why}: row{'s' * (len(rows) > 1)} {', '.join(map(str, rows))}"

    @property
    def may_be_chance(self) -> bool:
        """Whether it may rank no better than chance."""
        return self.known > 0 and self.interval[0] <= self.positives / self.known

    def _row(self) -> list[str]:
        """The row of a table; a label that ranks no better than chance is marked."""
        low, high = self.interval
        value = two_digits(self.average_precision)
        share = f"{value} ({low:.2f} to {high:.2f})" if low == low else value
        figures = [two_digits(v) for v in (self.threshold, self.f1, self.calibration_error)]
        doubtful = f"{len(self.wrong)} / {len(self.missing)}"
        return [
            cut(str(self.name), MAX_LETTERS),
            f"{self.positives:,}",
            Marked(share) if self.may_be_chance else share,
            *figures,
            doubtful,
        ]


def two_digits(v: float) -> str:
    return "-" if np.isnan(v) else f"{v:.2f}"


@dataclass(frozen=True, repr=False)
class LabelReport(Printed):
    """The report on all labels; prints as tables.

    Parameters
    ----------
    cards : list of LabelCard
    lift, given : ndarray (k, k)
        lift_ab; and P(b | a), the share of the rows with a that also have b.
    places : ndarray (k, 2)
        The rows v_c of the last layer as points: labels that the network recognizes by the same hidden units are close.
    comparison : Comparison or None
    rows : int
    taken : ndarray (k, k) or None
        If each row has one label: number of rows of a that are predicted as b.
    """

    cards: list[LabelMetrics]
    lift: np.ndarray
    given: np.ndarray
    places: np.ndarray
    comparison: Comparison | None
    rows: int
    taken: np.ndarray | None = None

    @classmethod
    def of(cls, clf: MultiLabel, X: Any, Y: Any, compare: bool) -> Self:
        """Evaluate `clf` on rows that are not training rows."""
        same_order(X, Y)
        p = clf.predict_proba(X)
        y = clf.labels_.to_matrix(Y)
        y = np.asarray(y.toarray() if hasattr(y, "toarray") else y, dtype=float)
        same_length(len(y), len(p))
        yes = clf._decision.decided(p)
        names = clf.labels_.names
        one = clf._decision.one
        lines = [float("nan") if one else float(t) for t in clf.thresholds_]
        cards = [label_metrics(name, p[:, c], y[:, c], yes[:, c], lines[c]) for c, name in enumerate(names)]
        lift, given = dependencies(y)
        taken = np.nan_to_num(y).astype(int).T @ yes.astype(int) if one else None
        known = y[:, ~np.isnan(y).all(0)]
        compared = compare_with_independent(clf, X, known) if compare and 3 <= known.shape[1] <= MAX_LABELS else None
        return cls(cards, lift, given, embed_labels(clf), compared, len(p), taken)

    @property
    def accuracy(self) -> float:
        """Share of the rows whose only label is predicted; NaN if rows may have several."""
        return float("nan") if self.taken is None else float(self.taken.trace() / max(1, self.taken.sum()))

    @property
    def most_frequent(self) -> float:
        """Share of the rows that have the most frequent label: the accuracy of who always predicts it."""
        return max(c.positives for c in self.cards) / max(1, sum(c.positives for c in self.cards))

    def mistaken(self, most: int = 10) -> list[tuple[Any, Any, int, float]]:
        """The labels that are most often taken for another: a, b, number of rows, and their share of those of a."""
        if self.taken is None:
            return []
        names, wrong = [c.name for c in self.cards], self.taken - np.diag(self.taken.diagonal())
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        found = [(i, j) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j]]
        return [(names[i], names[j], int(wrong[i, j]), float(wrong[i, j] / self.taken[i].sum())) for i, j in found]

    def pairs(self, most: int = 10) -> list[tuple[Any, Any, float, float]]:
        """The most dependent pairs of labels, the surest first: a, b, lift, P(b | a); not those that chance explains."""
        names = [c.name for c in self.cards]
        upper = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names)) if np.isfinite(self.lift[i, j])]
        beyond = chi2.isf(MISTAKEN / max(1, len(upper)), 1) / 2  # of as many pairs
        upper = [ij for ij in sorted(upper, key=lambda ij: -self.surprise(*ij))[:most] if self.surprise(*ij) > beyond]
        return [(names[i], names[j], float(self.lift[i, j]), float(self.given[i, j])) for i, j in upper]

    def surprise(self, i: int, j: int) -> float:
        """How far the number of rows with both labels is from chance: the deviance of a Poisson distribution."""
        lift = float(self.lift[i, j])
        chance = self.cards[i].positives * self.cards[j].positives / self.rows
        return chance * float(xlogy(lift, lift) - lift + 1)

    def _parts(self) -> Iterator[str | Grid]:
        cards = sorted(self.cards, key=lambda c: -c.positives)[:MAX_LABELS_PRINTED]
        rows = [c._row() for c in cards]
        yield Grid(HEADS, rows, f"{len(self.cards):,} label{'s' * (len(self.cards) > 1)}, evaluated on {self.rows:,} rows")
        if len(self.cards) > len(cards):
            yield f"and {len(self.cards) - len(cards):,} more labels"
        if any(isinstance(text, Marked) for row in rows for text in row):
            yield "* May be no better than chance."
        if self.taken is None:
            yield from (f"{a!s} with {b!s}: {lift:.2f} times as often as by chance" for a, b, lift, _ in self.pairs(5))
        else:
            yield f"{self.accuracy:.1%} of the rows get their class"
            yield from (f"{a!s} is taken for {b!s} in {share:.0%} of its rows" for a, b, _, share in self.mistaken(5))
        if self.comparison is not None:
            yield str(self.comparison)


def label_metrics(name: Any, p: np.ndarray, y: np.ndarray, yes: np.ndarray, line: float) -> LabelMetrics:
    """Probabilities, truth (NaN = unknown) and predictions (n,) of one label."""
    known = ~np.isnan(y)
    truth = np.nan_to_num(y) > 0.5
    value, interval = average_precision(p[known], truth[known])
    hits, said, have = (yes & truth & known).sum(), (yes & known).sum(), (truth & known).sum()
    wrong, missing = np.flatnonzero(known & truth & (p < DOUBTED)), np.flatnonzero(known & ~truth & (p > 1 - DOUBTED))
    near = np.lexsort((abs(p - (0.5 if np.isnan(line) else min(line, 1.0))), known))
    return LabelMetrics(
        name,
        int(have),
        int(known.sum()),
        value,
        interval,
        line,
        float(hits / said) if said else float("nan"),
        float(hits / have) if have else float("nan"),
        float(2 * hits / (said + have)) if said + have else float("nan"),
        calibration_error(p[known], truth[known]),
        tuple(wrong[np.argsort(p[wrong], kind="stable")][:MAX_ROWS_NAMED].tolist()),
        tuple(missing[np.argsort(-p[missing], kind="stable")][:MAX_ROWS_NAMED].tolist()),
        tuple(near[:MAX_ROWS_NAMED].tolist()),
    )


def calibration_error(p: np.ndarray, y: np.ndarray) -> float:
    """Mean distance between predicted probability and observed share, over bins of the probability."""
    if not len(p):
        return float("nan")
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    n = np.bincount(place, minlength=BINS)
    said, happened = (np.bincount(place, weights=v, minlength=BINS) for v in (p, y.astype(float)))
    return float(abs(said - happened).sum() / n.sum())


def dependencies(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """y (n, k), NaN = unknown -> lift and P(b | a) (k, k), over the rows where both are known."""
    known = (~np.isnan(y)).astype(float)
    yes = np.nan_to_num(y)
    both, n = yes.T @ yes, known.T @ known
    a = yes.T @ known  # rows with a where b is known
    with np.errstate(divide="ignore", invalid="ignore"):
        return both * n / (a * a.T), both / a


def embed_labels(clf: MultiLabel) -> np.ndarray:
    """(k, 2) the rows v_c, projected onto their two main directions."""
    head = getattr(clf.network_.decoder, "v", None)
    k = len(clf.labels_.names)
    if head is None or k < 3:
        return np.zeros((k, 2))
    v = np.concatenate([block.detach().double().numpy().reshape(-1, block.shape[-1]) for block in head], 1).T
    v = v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)
    return PCA(2, random_state=0).fit_transform(v) if v.std(0).any() else np.zeros((k, 2))  # nothing was learned: all are equal
