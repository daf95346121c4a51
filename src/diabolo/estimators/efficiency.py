r"""Frozen, fine-tuned or from scratch? The same question for 1 %, 5 %, 20 % and all of the labels.

    from scratch     hidden layers and last layer from the labels alone
    frozen           last layer on the codes of an autoencoder that was fitted to all rows without labels
    fine-tuned       the same, then SGD on all weights
    PCA + linear     principal-component regression: directions in which X varies most, independent of y
    PLS              partial least squares: directions in which X varies *and* correlates with y

The last two are the linear cases of pre-training and of learning codes from labels. Scores are computed on test rows: accuracy,
label ranking average precision, or R2.

References
----------
PLS-regression: a basic tool of chemometrics (Wold, Sjostrom & Eriksson, 2001),
https://doi.org/10.1016/S0169-7439(01)00155-1
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, label_ranking_average_precision_score, r2_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import type_of_target

from ..errors import suggest
from ..formats.labels import Labels, rows_of
from ..formats.targets import missing, same_length, same_order, values
from ..nets import inside
from ..printed import Grid, Marked, Printed
from .autoencoder.autoencoder import Autoencoder
from .multilabel.classifier import MultiLabelClassifier
from .multilabel.comparison import RARE
from .supervised.classifier import Classifier
from .supervised.regressor import Regressor

__all__ = ["Efficiency", "label_efficiency"]

MODELS = ("from scratch", "frozen", "fine-tuned", "PCA + linear", "PLS")
TEST = 0.3  # share of test rows
MIN_LABELED_ROWS = 8  # labeled rows
COLORS = ("#4170e9", "#ee921a", "#de394b", "#00a8a8", "#8e47cd")


@dataclass(frozen=True, repr=False)
class Efficiency(Printed):
    """Scores by model, fraction and repetition; prints as a table with the best of each column marked.

    Parameters
    ----------
    metric : str
    fractions : tuple of float
    rows : tuple of int
        Labeled rows at each fraction.
    scores : dict of str to ndarray (fractions, repeats)
    """

    metric: str
    fractions: tuple[float, ...]
    rows: tuple[int, ...]
    scores: dict[str, np.ndarray]

    def best(self) -> dict[float, str]:
        """The model with the largest mean at each fraction."""
        means = {name: values.mean(1) for name, values in self.scores.items()}
        return {f: max(means, key=lambda name: means[name][i]) for i, f in enumerate(self.fractions)}

    def advice(self) -> str:
        """The best models in a sentence."""
        best = self.best()
        return "; ".join(
            f"with {n:,} labeled rows ({f:.0%}): {best[f]}" for f, n in zip(self.fractions, self.rows, strict=True)
        )

    def svg(self) -> str:
        """The curves as an SVG: means, with bars of one standard deviation; labeled rows on a logarithmic scale."""
        x = np.log(np.array(self.rows, dtype=float))
        x = 60 + 380 * (x - x.min()) / max(float(np.ptp(x)), 1e-9)
        values = np.concatenate([v.ravel() for v in self.scores.values()])
        low, high = float(values.min()), float(values.max())

        def y(v: float) -> float:
            return 300 - 270 * (v - low) / max(high - low, 1e-9)

        parts = [f"<text x='{a:.1f}' y='328' text-anchor='middle'>{n:,}</text>" for a, n in zip(x, self.rows, strict=True)]
        parts += [f"<text x='50' y='{y(v):.1f}' text-anchor='end'>{v:.2f}</text>" for v in (low, high)]
        for (name, scores), color in zip(self.scores.items(), COLORS, strict=False):
            mean, spread = scores.mean(1), scores.std(1)
            points = " ".join(f"{a:.1f},{y(m):.1f}" for a, m in zip(x, mean, strict=True))
            parts.append(f"<polyline points='{points}' fill='none' stroke='{color}' stroke-width='2'/>")
            for a, m, d in zip(x, mean, spread, strict=True):
                parts.append(f"<path d='M{a:.1f} {y(m - d):.1f}V{y(m + d):.1f}' stroke='{color}'/>")
                parts.append(f"<circle cx='{a:.1f}' cy='{y(m):.1f}' r='3' fill='{color}'/>")
            place = 40 + 20 * list(self.scores).index(name)
            parts.append(f"<text x='460' y='{place}' fill='{color}'>{name}</text>")
        parts.append(f"<text x='250' y='350' text-anchor='middle'>labeled rows</text><text x='10' y='18'>{self.metric}</text>")
        return (
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 580 360' width='580' height='360' font-size='12' "
            f"font-family='system-ui, sans-serif'><rect width='100%' height='100%' fill='white'/>{''.join(parts)}</svg>\n"
        )

    def _parts(self) -> Iterator[str | Grid]:
        best = list(self.best().values())
        rows: list[list[str]] = []
        for name, found in self.scores.items():
            spread = [f" ± {s:.3f}" * (found.shape[1] > 1) for s in found.std(1)]  # of one repeat it is not known
            told = [f"{m:.3f}{s}" for m, s in zip(found.mean(1), spread, strict=True)]
            rows.append([name, *(Marked(text) if name == first else text for text, first in zip(told, best, strict=True))])
        yield Grid((self.metric, *(f"{f:.0%}" for f in self.fractions)), rows, "Share of the rows that have labels")
        yield self.advice()


def label_efficiency(
    X: Any,
    y: Any,
    fractions: Sequence[float] = (0.01, 0.05, 0.2, 1.0),
    *,
    encoder: Autoencoder | None = None,
    n_components: int = 64,
    repeats: int = 3,
    models: Sequence[str] = MODELS,
    random_state: int = 0,
    **params: Any,
) -> Efficiency:
    """Compare models as the number of labels grows: from scratch, frozen, fine-tuned, and the two linear cases.

    Parameters
    ----------
    X : DataFrame, array-like or sparse matrix (n, d)
        The rows. The autoencoder is fitted to all except the test rows, without labels.
    y : array-like (n,), or 0/1 (n, k)
        Classes, numbers, or labels. Rows with unknown y (NaN, None) only serve the autoencoder.
    fractions : sequence of float in (0, 1], default=(0.01, 0.05, 0.2, 1.0)
        Shares of the training rows whose y is used.
    encoder : Autoencoder, optional
        An autoencoder fitted to other rows of the same kind; by default one is fitted here.
    n_components : int, default=64
        Number of its codes; at most the number of features.
    repeats : int, default=3
        Number of different random choices of the labeled rows.
    models : sequence of str
        Some of the five models.
    random_state : int, default=0
        Seed of all random numbers.
    **params
        Parameters of the supervised estimators, such as ``epochs``.

    Returns
    -------
    Efficiency
        It prints as a table with advice; ``svg()`` draws the curves.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> found = label_efficiency(X, y, (0.1, 1.0), repeats=1, epochs=20, verbose=False)
    >>> sorted(found.scores)[0], found.scores["frozen"].shape
    ('PCA + linear', (2, 1))
    """
    unknown = [name for name in models if name not in MODELS]
    if unknown:
        raise ValueError(f"models={unknown[0]!r}: allowed are {', '.join(map(repr, MODELS))}{suggest(unknown[0], MODELS)}")
    wrong = [f for f in fractions if not 0 < f <= 1]
    if wrong or not len(fractions):
        raise ValueError(f"fractions={tuple(fractions)!r}: allowed are numbers above 0 and up to 1")
    same_order(X, y)
    y = values(y) if rows_of(y) is None else Labels().fit(y).to_matrix(y)
    same_length(len(y), X.shape[0] if hasattr(X, "shape") else len(X))
    known = np.asarray(~missing(y).reshape(len(y), -1).any(1))
    order = np.random.default_rng(random_state).permutation(len(y))
    test, train = order[: int(TEST * len(y))], order[int(TEST * len(y)) :]
    test, told = test[known[test]], train[known[train]]  # the encoder learns from the others, too: it needs no y
    verbose = bool(params.get("verbose", True))
    if encoder is None:
        k = min(n_components, len(train), features(X))
        encoder = whole(Autoencoder(k, random_state=random_state, verbose=verbose).fit(part(X, train)))
    kind = task(y[known])
    counts = tuple(max(MIN_LABELED_ROWS, round(f * len(told))) for f in fractions)
    scores = {name: np.zeros((len(counts), repeats)) for name in models}
    for i, n in enumerate(counts):
        for r in range(repeats):
            rows = told[draw_labeled(y[told], n, np.random.default_rng(1000 * random_state + r))]
            for name in models:
                made = fit_network(name, kind, encoder, X, y, rows, {"random_state": r} | params)
                scores[name][i, r] = kind.judge(y[test], made(part(X, test)))
    return Efficiency(kind.metric, tuple(fractions), counts, scores)


@dataclass(frozen=True)
class Task:
    """A kind of y: its metric, its estimator, and its score."""

    metric: str
    estimator: type
    judge: Callable[[np.ndarray, np.ndarray], float]


def ranking(y: np.ndarray, p: np.ndarray) -> float:
    some = y.sum(1) > 0
    return float(label_ranking_average_precision_score(y[some], p[some]))


LABELS = Task("ranking precision", MultiLabelClassifier, ranking)
CLASSES = Task("accuracy", Classifier, lambda y, p: float(accuracy_score(y, p)))
NUMBERS = Task("R2", Regressor, lambda y, p: float(r2_score(y, p)))


def task(y: np.ndarray) -> Task:
    """Labels, classes or numbers."""
    if y.ndim == 2:
        return LABELS
    return NUMBERS if type_of_target(y).startswith("continuous") else CLASSES


def fit_network(
    name: str, kind: Task, encoder: Autoencoder, X: Any, y: np.ndarray, rows: np.ndarray, params: dict[str, Any]
) -> Callable[[Any], np.ndarray]:
    """Learn from these rows -> a function that predicts."""
    if name in ("PCA + linear", "PLS"):
        return fit_linear(name, kind, encoder, X, y, rows)
    given: dict[str, Any] = {} if name == "from scratch" else {"encoder": encoder, "freeze": False}
    if name == "frozen":
        given |= {"freeze": True, "hidden": "auto"}  # the last layer alone
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", RARE)  # because few rows are fitted
        model = whole(kind.estimator(**params | given).fit(part(X, rows), y[rows]))
    predict: Callable[[Any], np.ndarray] = model.predict_proba if kind is LABELS else model.predict
    return predict


def fit_linear(
    name: str, kind: Task, encoder: Autoencoder, X: Any, y: np.ndarray, rows: np.ndarray
) -> Callable[[Any], np.ndarray]:
    """Fit the linear cases to the features of the encoder's format."""

    def x(rows: Any) -> np.ndarray:
        return torch.nan_to_num(inside(torch.cat(list(encoder._features(rows))))).double().numpy()

    a = x(part(X, rows))
    if name == "PLS":
        levels = np.unique(y[~missing(y)]) if kind is CLASSES else None
        target = y[rows].astype(float) if levels is None else (y[rows][:, None] == levels).astype(float)
        varies = a.std(0) > 1e-9
        pls = PLSRegression(max(1, min(16, len(rows) - 1, int(varies.sum())))).fit(a[:, varies], target)

        def predict(new: Any) -> np.ndarray:
            out = np.asarray(pls.predict(x(new)[:, varies]))
            return out if kind is LABELS else out.ravel() if levels is None else levels[out.argmax(1)]

        return predict
    components = PCA(min(encoder.n_components_, *a.shape), random_state=0)
    last: Any = Ridge() if kind is NUMBERS else LogisticRegression(max_iter=1000)
    model = make_pipeline(components, StandardScaler(), OneVsRestClassifier(last) if kind is LABELS else last).fit(a, y[rows])
    return lambda new: np.asarray((model.predict_proba if kind is LABELS else model.predict)(x(new)))


def whole(model: Any) -> Any:
    """A model that was trained to its end: after Ctrl-C there is nothing to compare."""
    if model.history_.interrupted:
        raise KeyboardInterrupt
    return model


def draw_labeled(y: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """n rows, with at least one of each class if there are few classes."""
    order = rng.permutation(len(y))
    if y.ndim == 1 and len(np.unique(y)) <= n:
        _, first = np.unique(y[order], return_index=True)
        order = np.concatenate([order[first], np.delete(order, first)])
    return order[:n]


def features(X: Any) -> int:
    """The largest number of codes that makes sense."""
    return int(X.shape[1]) if hasattr(X, "shape") and len(X.shape) == 2 else 1 << 30


def part(X: Any, rows: np.ndarray) -> Any:
    """These rows of X."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return [X[i] for i in rows] if isinstance(X, list) else X[rows]
