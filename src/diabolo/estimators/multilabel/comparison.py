"""The shared encoder against k independent networks: both learn from one half of the rows and predict the other half."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.pipeline import make_pipeline
from torch import nn

from ...nets import ModuleEnsemble
from ...printed import Grid, Printed
from ..base import ESTIMATORS
from ..supervised.encoders import hidden_sizes, most_bins
from .metrics import DRAWS, LEVEL

if TYPE_CHECKING:
    from .base import MultiLabel

RARE = "labels? .* (is|are) positive in (no|every) row"  # a warning that says nothing where rows are some of many
MAX_LABELS = 200  # labels up to which independent networks are fitted
MAX_ROWS = 4000  # rows
MAX_WEIGHTS = 5_000_000  # weights of the independent networks; larger ones would delay the report too long
MAX_COMPONENTS = 128  # principal components in place of the features, if there are more weights
MAX_SIDE = 16  # pixels of the longer side: k convolutional networks would take too long


@dataclass(frozen=True, repr=False)
class Comparison(Printed):
    """Shared encoder against independent networks: both are fitted to one half of the rows and compared on the other.

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


def compare_with_independent(clf: MultiLabel, X: Any, y: np.ndarray) -> Comparison | None:
    """Fit both kinds, with the settings of `clf` or smaller ones, but without a pre-trained encoder."""
    order = np.random.default_rng(0).permutation(len(y))[:MAX_ROWS]
    half = len(order) // 2
    if half < 20:
        return None
    one, other = np.sort(order[:half]), np.sort(order[half:])
    params = clone(clf).get_params(deep=False) | {"encoder": None, "freeze": True, "replay_size": 0, "checkpoint": None}
    features, seen = seen_by_both(clf, X)
    params |= {} if seen == Comparison.seen else {"format": "auto", "corruption": None}
    d = features.shape[1]
    documents = sp.issparse(features)
    usual = clf.members_, d, most_bins(clf.n_bins, documents, d), hidden_sizes(clf.hidden, documents, half, d)
    members, parts, bins, hidden = affordable(*usual, y.shape[1])
    if (members, parts, bins, hidden) != usual:
        params |= {"members": members, "n_bins": clf.n_bins if bins else 0, "hidden": hidden}
    if parts < d:
        features, seen = components(features, parts), f"{parts} components of {seen}"
        params |= {"format": "auto", "corruption": None}

    def fitted(kind: str) -> tuple[Any, float, np.ndarray]:
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", RARE)  # because one half is fitted
            model: MultiLabel = cast(Any, ESTIMATORS[kind])(**params).fit(features[one], y[one])
        return model, time.perf_counter() - start, model.predict_proba(features[other])

    found = [fitted("MultiLabelClassifier"), fitted("IndependentClassifiers")]
    truth = np.nan_to_num(y[other]) > 0.5
    some = truth.any(1)
    if not some.any():
        return None
    each = [precision_per_row(truth[some], p[some]) for _, _, p in found]
    rng = np.random.default_rng(0)
    gains = [float((each[0] - each[1])[rng.integers(len(each[0]), size=len(each[0]))].mean()) for _ in range(DRAWS)]
    low, high = np.quantile(gains, LEVEL)
    weights, seconds = (found[0][0].n_parameters_, found[1][0].n_parameters_), (found[0][1], found[1][1])
    return Comparison(float(each[0].mean()), float(each[1].mean()), (float(low), float(high)), weights, seconds, seen)


def affordable(members: int, d: int, bins: int, hidden: tuple[int, ...], k: int) -> tuple[int, int, int, tuple[int, ...]]:
    """Members, features, bins and widths with which k networks are fitted in a minute: those of the shared one, or smaller.

    >>> affordable(5, 20, 160, (256, 256), 6), affordable(5, 2000, 0, (512,), 80)
    ((5, 20, 160, (256, 256)), (1, 128, 0, (256,)))
    """

    def large() -> bool:
        return members * k * sum(a * b for a, b in pairwise((d + bins, *hidden))) > MAX_WEIGHTS

    if large():
        members = 1
    if large():
        bins = 0
    if large():
        d = min(d, MAX_COMPONENTS)
    while large() and max(hidden) > 1:
        hidden = tuple(max(1, width // 2) for width in hidden)
    return members, d, bins, hidden


def components(x: Any, d: int) -> np.ndarray:
    """x (n, many), or counts, -> components (n, d)."""
    reduced = TruncatedSVD(d, random_state=0)
    both = make_pipeline(TfidfTransformer(), reduced) if sp.issparse(x) else reduced
    return np.asarray(both.fit_transform(x if sp.issparse(x) else np.nan_to_num(x)))


def precision_per_row(truth: np.ndarray, p: np.ndarray) -> np.ndarray:
    """(n,) label ranking average precision of each row."""
    return np.array([label_ranking_average_precision_score(t[None], q[None]) for t, q in zip(truth, p, strict=True)])


def seen_by_both(clf: MultiLabel, X: Any) -> tuple[Any, str]:
    """X as a matrix: the features of `clf`, counts, or small pictures; and a phrase that says which."""
    if clf.format_.shape is None:
        x = torch.cat(list(clf._features(X))).double().numpy()
        return sp.csr_matrix(x) if clf.format_.words else x, Comparison.seen
    encoder = clf.network_.encoder
    if isinstance(encoder, nn.Sequential) and not isinstance(encoder[0], ModuleEnsemble):  # both can share its codes
        return features_of(encoder[0], clf, X), "the codes of your pictures"
    c, h, w = clf.format_.shape
    s = min(1, MAX_SIDE / max(h, w))
    small = max(1, round(s * h)), max(1, round(s * w))
    thumbnails = nn.Sequential(nn.Unflatten(1, (c, h, w)), nn.AdaptiveAvgPool2d(small), nn.Flatten())
    return features_of(thumbnails, clf, X), f"your pictures, resized to {small[1]} x {small[0]} pixels"


def features_of(module: nn.Module, clf: MultiLabel, X: Any) -> np.ndarray:
    """module(x) for all rows x."""
    with torch.no_grad():
        return np.concatenate([module(x.float()).double().numpy() for x in clf._features(X)])
