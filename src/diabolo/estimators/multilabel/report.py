r"""A report on the labels of a classifier: how good each is, what is suspicious, how they depend on each other.

    AP_c            average precision, with the 5 % and 95 % quantiles under resampling of the rows
    error of p_c    sum over ten bins of (share of rows) |mean p - share of yes|
    lift_ab         P(a and b) / (P(a) P(b)):  1 = nothing to do with each other
    surprise_ab     n_a n_b / n (lift log lift - lift + 1): how surely it is another number than by chance
    suspected       a yes of small p, a no of large p: look whether the label is right
    to confirm      rows whose p is nearest to the threshold, unknown ones first: they teach most

References
----------
Confident learning: estimating uncertainty in dataset labels (Northcutt, Jiang & Chuang, 2021),
https://doi.org/10.1613/jair.1.12125
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
import torch
from scipy.special import xlogy
from sklearn.base import clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.pipeline import make_pipeline
from torch import nn

from ...formats.targets import same_length, same_order
from ...nets import Beside, Copies
from ...printed import Grid, Marked, Printed, cut
from ..base import ESTIMATORS
from ..supervised.base import layers, most_bins
from .precision import average_precision

__all__ = ["Comparison", "LabelCard", "LabelReport"]

DRAWS = 100  # of the bootstrap
LEVEL = (0.05, 0.95)
SHOWN = 5  # rows of each list
LISTED, LONG = 30, 24  # printed: labels, letters of a name
HEADS = ("label", "yes", "average precision", "threshold", "F1", "calibration", "doubtful yes / no")
DOUBTED = 0.05  # a yes of a smaller p, and a no of a larger one than 1 - this, is suspected
BINS = 10
RARE = "labels? .* (is|are) said of (no|every) row"  # a warning that says nothing where rows are some of many
COMPARED = 200  # labels up to which independent networks are fitted
TRAINED = 4000  # rows
AFFORDED = 5_000_000  # weights of the independent networks; larger ones would keep the report waiting
COMPONENTS = 128  # of the features, where there are more weights
THUMBNAIL = 16  # pixels of the longer side: k networks of convolutions would take too long


@dataclass(frozen=True, repr=False)
class LabelCard(Printed):
    """One label; prints as a table.

    Parameters
    ----------
    name : str or int
    positives, known : int
        Rows with the label, and rows where it is known.
    average_precision : float
        NaN where all or none of the rows have it.
    interval : (float, float)
    threshold, precision, recall, f1 : float
        Of ``predict``.
    calibration_error : float
    wrong, missing : tuple of int
        Rows whose yes, or whose no, is suspected to be a mistake, the worst first.
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

    def _row(self) -> list[str]:
        """The line of a table; a label that ranks no better than chance is marked."""
        low, high = self.interval
        value = two(self.average_precision)
        chance = self.known > 0 and low <= self.positives / self.known
        share = f"{value} ({low:.2f} to {high:.2f})" if low == low else value
        figures = [two(v) for v in (self.threshold, self.f1, self.calibration_error)]
        doubtful = f"{len(self.wrong)} / {len(self.missing)}"
        return [cut(str(self.name), LONG), f"{self.positives:,}", Marked(share) if chance else share, *figures, doubtful]


def two(v: float) -> str:
    return "-" if np.isnan(v) else f"{v:.2f}"


@dataclass(frozen=True, repr=False)
class Comparison(Printed):
    """Shared encoder against independent networks, both fitted to one half of the rows, on the other half.

    Parameters
    ----------
    shared, independent : float
        Label ranking average precision.
    interval : (float, float)
        Of the difference, under resampling of the rows.
    parameters, seconds : (int, int), (float, float)
        Of the shared one, and of the independent ones together.
    seen : str
        What both were given.
    """

    shared: float
    independent: float
    interval: tuple[float, float]
    parameters: tuple[int, int]
    seconds: tuple[float, float]
    seen: str = "your data"

    def _parts(self) -> Iterator[str | Grid]:
        low, high = self.interval
        (p, q), (s, t) = self.parameters, self.seconds
        verdict = "no clear difference" if low <= 0 <= high else ("sharing helps" if low > 0 else "sharing hurts")
        yield (
            f"shared encoder against independent classifiers on {self.seen}: ranking precision {self.shared:.3f} against "
            f"{self.independent:.3f} (difference {low:+.3f} to {high:+.3f}: {verdict}), {p:,} against {q:,} weights, "
            f"{s:.1f} against {t:.1f} seconds"
        )


@dataclass(frozen=True, repr=False)
class LabelReport(Printed):
    """The whole; prints as tables.

    Parameters
    ----------
    cards : list of LabelCard
    lift, given : ndarray (k, k)
        lift_ab; and P(b | a), the share of the rows with a that have b too.
    places : ndarray (k, 2)
        The rows v_c of the last layer, as places: labels that the network recognizes by the same hidden units lie together.
    comparison : Comparison or None
    rows : int
    """

    cards: list[LabelCard]
    lift: np.ndarray
    given: np.ndarray
    places: np.ndarray
    comparison: Comparison | None
    rows: int

    @classmethod
    def of(cls, clf: Any, X: Any, Y: Any, compare: bool) -> Self:
        """Judge `clf` on rows that it was not trained on."""
        same_order(X, Y)
        p = clf.predict_proba(X)
        y = clf.labels_.to_matrix(Y)
        y = np.asarray(y.toarray() if hasattr(y, "toarray") else y, dtype=float)
        same_length(len(y), len(p))
        yes = clf._decided(p)
        names = clf.labels_.names
        cards = [card(name, p[:, c], y[:, c], yes[:, c], float(clf.thresholds_[c])) for c, name in enumerate(names)]
        lift, given = dependencies(y)
        known = y[:, ~np.isnan(y).all(0)]
        compared = comparison(clf, X, known) if compare and 3 <= known.shape[1] <= COMPARED else None
        return cls(cards, lift, given, places(clf), compared, len(p))

    def pairs(self, most: int = 10) -> list[tuple[Any, Any, float, float]]:
        """Pairs of labels that have most to do with each other, the surest first: a, b, lift, P(b | a)."""
        names = [c.name for c in self.cards]
        upper = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names)) if np.isfinite(self.lift[i, j])]
        upper = sorted(upper, key=lambda ij: -self.surprise(*ij))[:most]
        return [(names[i], names[j], float(self.lift[i, j]), float(self.given[i, j])) for i, j in upper]

    def surprise(self, i: int, j: int) -> float:
        """How far the number of rows with both labels is from chance: the deviance of a Poisson distribution."""
        lift = float(self.lift[i, j])
        chance = self.cards[i].positives * self.cards[j].positives / self.rows
        return chance * float(xlogy(lift, lift) - lift + 1)

    def _parts(self) -> Iterator[str | Grid]:
        cards = sorted(self.cards, key=lambda c: -c.positives)[:LISTED]
        rows = [c._row() for c in cards]
        yield Grid(HEADS, rows, f"{len(self.cards):,} label{'s' * (len(self.cards) > 1)}, judged on {self.rows:,} rows")
        if len(self.cards) > len(cards):
            yield f"and {len(self.cards) - len(cards):,} more labels"
        if any(isinstance(text, Marked) for row in rows for text in row):
            yield "* May be no better than chance."
        yield from (f"{a!s} with {b!s}: {lift:.2f} times as often as by chance" for a, b, lift, _ in self.pairs(5))
        if self.comparison is not None:
            yield str(self.comparison)


def card(name: Any, p: np.ndarray, y: np.ndarray, yes: np.ndarray, line: float) -> LabelCard:
    """Probabilities, truth (NaN unknown) and predictions (n,) of one label."""
    known = ~np.isnan(y)
    truth = np.nan_to_num(y) > 0.5
    value, interval = average_precision(p[known], truth[known])
    hits, said, have = (yes & truth & known).sum(), (yes & known).sum(), (truth & known).sum()
    wrong, missing = np.flatnonzero(known & truth & (p < DOUBTED)), np.flatnonzero(known & ~truth & (p > 1 - DOUBTED))
    near = np.lexsort((abs(p - min(line, 1.0)), known))
    return LabelCard(
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
        tuple(wrong[np.argsort(p[wrong], kind="stable")][:SHOWN].tolist()),
        tuple(missing[np.argsort(-p[missing], kind="stable")][:SHOWN].tolist()),
        tuple(near[:SHOWN].tolist()),
    )


def calibration_error(p: np.ndarray, y: np.ndarray) -> float:
    """Mean distance of what is said from what happens, by bins of what is said."""
    if not len(p):
        return float("nan")
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    n = np.bincount(place, minlength=BINS)
    said, happened = (np.bincount(place, weights=v, minlength=BINS) for v in (p, y.astype(float)))
    return float(abs(said - happened).sum() / n.sum())


def dependencies(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """y (n, k), NaN unknown -> lift and P(b | a) (k, k), over the rows where both are known."""
    known = (~np.isnan(y)).astype(float)
    yes = np.nan_to_num(y)
    both, n = yes.T @ yes, known.T @ known
    a = yes.T @ known  # rows with a of which b is known
    with np.errstate(divide="ignore", invalid="ignore"):
        return both * n / (a * a.T), both / a


def places(clf: Any) -> np.ndarray:
    """(k, 2) the rows v_c, seen along their two main directions."""
    head = getattr(clf.network_.decoder, "v", None)
    k = len(clf.labels_.names)
    if head is None or k < 3:
        return np.zeros((k, 2))
    v = np.concatenate([block.detach().double().numpy().reshape(-1, block.shape[-1]) for block in head], 1).T
    v = v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)
    return PCA(2, random_state=0).fit_transform(v) if v.std(0).any() else np.zeros((k, 2))  # nothing learned: all alike


def comparison(clf: Any, X: Any, y: np.ndarray) -> Comparison | None:
    """Both kinds, with the settings of `clf`, or as large as can be afforded, but without an encoder from elsewhere."""
    order = np.random.default_rng(0).permutation(len(y))[:TRAINED]
    half = len(order) // 2
    if half < 20:
        return None
    one, other = np.sort(order[:half]), np.sort(order[half:])
    params = clone(clf).get_params(deep=False) | {"encoder": None, "freeze": True, "memory": 0, "checkpoint": None}
    features, seen = seen_by_both(clf, X)
    params |= {} if seen == Comparison.seen else {"format": "auto", "corruption": None}
    d = features.shape[1]
    documents = sp.issparse(features)
    usual = clf.members_, d, most_bins(clf.bins, documents, d), layers(clf.hidden, documents, half, d)
    members, parts, bins, hidden = affordable(*usual, y.shape[1])
    if (members, parts, bins, hidden) != usual:
        params |= {"members": members, "bins": clf.bins if bins else 0, "hidden": hidden}
    if parts < d:
        features, seen = components(features, parts), f"{parts} components of {seen}"
        params |= {"format": "auto", "corruption": None}

    def fitted(kind: str) -> tuple[Any, float, np.ndarray]:
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", RARE)  # of one half
            model: Any = ESTIMATORS[kind](**params).fit(features[one], y[one])
        return model, time.perf_counter() - start, model.predict_proba(features[other])

    found = [fitted("MultiLabelClassifier"), fitted("IndependentClassifiers")]
    truth = np.nan_to_num(y[other]) > 0.5
    some = truth.any(1)
    if not some.any():
        return None
    each = [per_row(truth[some], p[some]) for _, _, p in found]
    rng = np.random.default_rng(0)
    gains = [float((each[0] - each[1])[rng.integers(len(each[0]), size=len(each[0]))].mean()) for _ in range(DRAWS)]
    low, high = np.quantile(gains, LEVEL)
    weights, seconds = (found[0][0].n_parameters_, found[1][0].n_parameters_), (found[0][1], found[1][1])
    return Comparison(float(each[0].mean()), float(each[1].mean()), (float(low), float(high)), weights, seconds, seen)


def affordable(members: int, d: int, bins: int, hidden: tuple[int, ...], k: int) -> tuple[int, int, int, tuple[int, ...]]:
    """Members, features, bins and widths with which k networks can be fitted in a minute: those of the shared one, or less.

    >>> affordable(5, 20, 160, (256, 256), 6), affordable(5, 2000, 0, (512,), 80)
    ((5, 20, 160, (256, 256)), (1, 128, 0, (256,)))
    """

    def large() -> bool:
        return members * k * sum(a * b for a, b in pairwise((d + bins, *hidden))) > AFFORDED

    if large():
        members = 1
    if large():
        bins = 0
    if large():
        d = min(d, COMPONENTS)
    while large() and max(hidden) > 1:
        hidden = tuple(max(1, width // 2) for width in hidden)
    return members, d, bins, hidden


def components(x: Any, d: int) -> np.ndarray:
    """x (n, many), or counts, -> (n, d)."""
    reduced = TruncatedSVD(d, random_state=0)
    both = make_pipeline(TfidfTransformer(), reduced) if sp.issparse(x) else reduced
    return np.asarray(both.fit_transform(x if sp.issparse(x) else np.nan_to_num(x)))


def per_row(truth: np.ndarray, p: np.ndarray) -> np.ndarray:
    """(n,) label ranking average precision of each row."""
    return np.array([label_ranking_average_precision_score(t[None], q[None]) for t, q in zip(truth, p, strict=True)])


def seen_by_both(clf: Any, X: Any) -> tuple[Any, str]:
    """X as a matrix of the features of `clf`, of counts, or, of pictures, of few numbers; and what these are."""
    if clf.format_.kind != "images":
        x = torch.cat(list(clf._features(X))).double().numpy()
        return sp.csr_matrix(x) if clf.format_.kind == "documents" else x, Comparison.seen
    encoder = clf.network_.encoder
    if not isinstance(encoder, Beside) and not isinstance(
        encoder[0], Copies
    ):  # it is not trained: what comes after can be shared
        return stacked(encoder[0], clf, X), "the codes of your pictures"
    c, h, w = clf.format_.shape
    s = min(1, THUMBNAIL / max(h, w))
    small = max(1, round(s * h)), max(1, round(s * w))
    thumbnails = nn.Sequential(nn.Unflatten(1, (c, h, w)), nn.AdaptiveAvgPool2d(small), nn.Flatten())
    return stacked(thumbnails, clf, X), f"your pictures, made as small as {small[1]} x {small[0]} pixels"


def stacked(module: nn.Module, clf: Any, X: Any) -> np.ndarray:
    """module(x) of all rows x."""
    with torch.no_grad():
        return np.concatenate([module(x.float()).double().numpy() for x in clf._features(X)])
