r"""Decision thresholds: from probabilities to predicted labels, optimal for a metric.

    predict_c = p_c >= t_c

    f1_micro        one t for all labels:   max  2 TP / (2 TP + FP + FN)  over all cells
    f1_macro        t_c for each label:     max  mean_c F1_c
    f1_samples      one t for all labels:   max  mean_i F1_i
    precision@q     t_c for each label:     the smallest with precision >= q
    costs           t_c = C_fp / (C_fp + C_fn), less what a correct answer saves

They are chosen on out-of-fold probabilities. A label with few examples stays near the threshold of all labels; the precision of
few rows is taken together with that of ten more, which is what the calibrated probabilities say of them.

References
----------
Optimal thresholding of classifiers to maximize F1 measure (Lipton, Elkan & Naryanaswamy, 2014)
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress
from typing import Any

import numpy as np

from ...decision import binarize
from ...errors import some, suggest, warn

__all__ = ["check_metric", "is_f1", "of_new_label", "tell_always", "tell_never", "thresholds"]

METRICS = ("f1_micro", "f1_macro", "f1_samples")
EXAMPLES_OF_COMMON_THRESHOLD = (
    10.0  # with this number of examples, a label's own threshold weighs as much as that of all labels
)
GRID = np.concatenate([[0.005, 0.01, 0.02, 0.03], np.arange(0.05, 0.96, 0.025).round(3)])
MAX_CELLS = 5_000_000  # cells that are sorted
NEVER = 2.0  # a threshold that no probability reaches
ENOUGH, ALWAYS, RARELY = 100, 0.8, 1 / 3  # rows; the share of them that gets a label, and of these that has it


def check_metric(optimize: Any) -> None:
    """Raise a ValueError for an unknown metric."""
    if isinstance(optimize, str):
        if optimize in METRICS or parse_precision(optimize) is not None:
            return
    elif np.shape(optimize)[-2:] == (2, 2) and np.ndim(optimize) in (2, 3):
        yes, no = saved(np.asarray(optimize, dtype=float))
        if (yes >= 0).all() and (no >= 0).all() and (yes + no > 0).all():
            return
        raise ValueError(
            f"threshold_metric={optimize!r}: a wrong answer must not cost less than a correct one, nor may all cost the same; "
            "the matrix is [[true no, false yes], [false no, true yes]]"
        )
    raise ValueError(
        f"threshold_metric={optimize!r}: allowed are {', '.join(map(repr, METRICS))}, 'precision@0.9' (any share), and a cost "
        "matrix [[true no, false yes], [false no, true yes]], one for all labels or one per label"
        f"{suggest(optimize, [*METRICS, 'precision@0.9'])}"
    )


def parse_precision(optimize: str) -> float | None:
    """'precision@0.9' -> 0.9."""
    if not optimize.startswith("precision@"):
        return None
    try:
        q = float(optimize.removeprefix("precision@"))
    except ValueError:
        return None
    return q if 0 < q < 1 else None


def is_f1(optimize: Any) -> bool:
    """Whether it is one of F1: what asks for a precision, or has costs, may rather leave rows without a label."""
    return isinstance(optimize, str) and optimize in METRICS


def of_new_label(optimize: Any, name: Any) -> Any:
    """The metric by which one more label is decided, alone."""
    if is_f1(optimize):
        return "f1_micro"
    if isinstance(optimize, str) or np.ndim(optimize) == 2:
        return optimize
    warn(f"threshold_metric has costs for each label, and none for {name!r}: its threshold is the one with the largest F1")
    return "f1_micro"


def tell_never(names: Iterable[Any], t: np.ndarray, optimize: Any) -> None:
    """Warn of labels (k,) that no threshold (k,) gives with the precision that is asked for."""
    never = [str(name) for name, value in zip(names, t, strict=True) if value == NEVER]
    if never:
        warn(
            f"threshold_metric={optimize!r}: no threshold reaches this precision for {some(never)} on rows that were held out, "
            "so predict never gives such a label (predict_proba does); a lower share, or more examples, would help"
        )


def tell_always(
    names: Iterable[Any], t: np.ndarray, optimize: Any, p: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None
) -> None:
    """Warn of labels (k,) that the largest F1 gives to nearly all rows, though few have them.

    >>> import warnings
    >>> p, y = np.full((120, 1), 0.1), (np.arange(120) < 9)[:, None]
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     tell_always(["ill"], thresholds(p, y, "f1_micro"), "f1_micro", p, y)
    >>> str(told[0].message)[:54]
    "nothing was learned that tells which rows have 'ill': "
    """
    known = ~np.isnan(y) * (1.0 if weight is None else weight)
    given, have = (known * (p >= t)).sum(0), (known * np.nan_to_num(y)).sum(0)
    always = (given > ALWAYS * known.sum(0)) & (have < RARELY * given) & (len(y) >= ENOUGH)
    if is_f1(optimize) and always.any():
        warn(
            f"nothing was learned that tells which rows have {some([str(name) for name in compress(names, always)])}: F1 is "
            "largest if nearly all get it, so predict gives it to nearly all, though few have it; predict_proba says how "
            "likely it is, and threshold_metric='precision@0.5' asks that most who get it have it"
        )


def thresholds(p: np.ndarray, y: np.ndarray, optimize: Any, least: int = 0, weight: np.ndarray | None = None) -> np.ndarray:
    """Probabilities (n, k), y (n, k) with NaN = unknown, a metric, weights (n, 1) or (n, k) -> t (k,).

    >>> p = np.array([[0.9], [0.6], [0.4], [0.1]])
    >>> thresholds(p, np.array([[1], [1], [0], [0]]), "f1_micro")
    array([0.5])
    """
    k = p.shape[1]
    if not isinstance(optimize, str):
        costs = np.broadcast_to(np.asarray(optimize, dtype=float), (k, 2, 2))
        yes, no = saved(costs)
        return yes / (yes + no)
    w = np.broadcast_to(1.0 if weight is None else weight, p.shape)
    some = slice(max(1, MAX_CELLS // k))
    if optimize == "f1_micro":
        return np.full(k, best_f1_threshold(p[some].ravel(), y[some].ravel(), w[some].ravel()))
    if optimize == "f1_samples":
        return np.full(k, samples_f1_threshold(p, y, w, least))
    q = parse_precision(optimize)
    if q is not None:
        return np.array([precision_threshold(p[:, c], y[:, c], w[:, c], q) for c in range(k)])
    common = best_f1_threshold(p[some].ravel(), y[some].ravel(), w[some].ravel())
    own = np.array([best_f1_threshold(p[:, c], y[:, c], w[:, c]) for c in range(k)])
    n = np.nansum(w * (y > 0.5), axis=0)
    return (n * own + EXAMPLES_OF_COMMON_THRESHOLD * common) / (n + EXAMPLES_OF_COMMON_THRESHOLD)


def saved(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Costs (..., 2, 2) -> what a correct answer saves where "no" is right, and where "yes" is (...)."""
    return costs[..., 0, 1] - costs[..., 0, 0], costs[..., 1, 0] - costs[..., 1, 1]


def curve(p: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Known cells (n,) and their weights -> falling thresholds between their probabilities; positives and all above each."""
    known = ~np.isnan(y)
    p, y, w = p[known], y[known], w[known]
    order = np.argsort(-p, kind="stable")
    p, y, w = p[order], y[order], w[order]
    last = np.flatnonzero(np.diff(p, append=-np.inf))  # the last of each run of equal probabilities
    below = np.append(p[last[1:]], 0.0)
    middle = (p[last] + below) / 2
    lines = np.where(middle > below, middle, p[last])
    return lines, np.cumsum(w * y)[last] if len(p) else p, np.cumsum(w)[last] if len(p) else p


def best_f1_threshold(p: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    """The threshold with the largest F1."""
    lines, tp, n = curve(p, y, w)
    if not len(lines) or tp[-1] == 0:
        return 0.5
    return float(lines[int(np.argmax(2 * tp / (n + tp[-1])))])


def precision_threshold(p: np.ndarray, y: np.ndarray, w: np.ndarray, q: float) -> float:
    """The lowest threshold with this share of positives above it; `NEVER` if there is none."""
    lines, tp, n = curve(p, y, w)
    said = curve(p, np.where(np.isnan(y), y, p), w)[1] / np.maximum(n, 1e-12)
    borne_out = tp + EXAMPLES_OF_COMMON_THRESHOLD * said >= q * (n + EXAMPLES_OF_COMMON_THRESHOLD)
    enough = np.flatnonzero((tp >= q * n) & borne_out)
    return float(lines[enough[-1]]) if len(enough) else NEVER


def samples_f1_threshold(p: np.ndarray, y: np.ndarray, w: np.ndarray, least: int) -> float:
    """The threshold with the largest mean F1 of the rows."""
    n = max(1, MAX_CELLS // p.shape[1])
    known = ~np.isnan(y[:n])
    p, y, w = np.where(known, p[:n], -1.0), np.nan_to_num(y[:n]), w[:n]
    values = []
    for t in GRID:
        yes = binarize(p, np.full(p.shape[1], t), least) & known
        both, either = (w * yes * y).sum(1), (w * yes).sum(1) + (w * y).sum(1)
        f1 = np.where(either > 0, 2 * both / np.maximum(either, 1e-12), 1.0)
        values.append(np.average(f1, weights=w.mean(1)))
    return float(GRID[int(np.argmax(values))])
