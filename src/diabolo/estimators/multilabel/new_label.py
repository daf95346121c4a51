r"""A new label: one more row, v_{k+1}, on a fixed encoder; a convex problem, so few examples suffice.

    minimize  sum_i log(1 + e^{-s_i f_i}) + lambda/2 |v|^2,      f = H v + b,  s = +1, -1        H (n, m): the codes

For documents, H also has the words: (codes, words) v = codes v_h + words v_w, and words v_w becomes a unit of the encoder.
Newton's method solves for the n unknowns alpha, v = H' alpha, or for the m unknowns v, whichever are fewer. At the minimum,
leave-one-out needs no new fit,

    f_i without i = z_i - alpha_i / [A^-1]_ii,      A = H H' + lambda W^-1,    W = p (1 - p),   z = f + (y - p) / W
                  = f_i - l_i (y_i - p_i) / (1 - W_ii l_i),   l_i = h_i' (H' W H + lambda)^-1 h_i

and lambda is the one with the largest leave-one-out likelihood, on a sample if there are many rows. Of rows that belong
together, such as those of a patient, whole groups are left out in place of single rows, a tenth of them at a time.

References
----------
A scalable estimate of the out-of-sample prediction error via approximate leave-one-out cross-validation
(Rad & Maleki, 2020), https://doi.org/10.1111/rssb.12374
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from scipy.special import expit, logit
from sklearn.metrics.pairwise import euclidean_distances
from torch import Tensor
from torch.func import functional_call

from ...errors import DataError, warn
from ...formats.targets import floats, same_length
from ...groups import first_of_each, gap_after
from ...hardware import one_thread
from ...nets.heads import hidden_units
from ...network import Diabolo
from ...printed import Grid, Printed
from ...rows import Rows, spread_rows
from ..logistic import gram, loss, matvec, newton_dual, newton_primal
from .metrics import average_precision
from .replay import Memory
from .thresholds import tell_always, tell_never, thresholds

__all__ = ["Examples", "NewLabel", "Row", "codes_float32", "solve"]

RIDGES = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)  # lambda, in units of the mean squared length of a code
MAX_ROWS_FOR_RIDGE = 100  # rows on which lambda is chosen
INTERCEPT = 1.0  # length of the constant feature, in units of a code's
MIN_GAIN = 0.2  # smallest gain for which a number of examples is given
WORDS_LENGTH = 3.0  # length of a document's words relative to its code; a new label reads both
MAX_DISTANCE_OF_COPIES = 1e-5  # largest distance of two codes of the same row, relative to its length
MANY_TIMES = 5  # times the share of pairs of known rows that are alike, beyond which examples are told to be copies
FOLDS = 10  # of groups
ENOUGH_TO_TELL = 10  # examples of which it is told that they come in groups
MAX_PAIRS_NAMED = 5  # pairs of contradicting rows that a warning shows


@dataclass(frozen=True, repr=False)
class NewLabel(Printed):
    """The result of adding a label; prints as a sentence.

    Parameters
    ----------
    name : str or int
    positives, negatives : int
        Number of examples; negatives may be old rows from the memory.
    average_precision : float
        Leave-one-out average precision of the examples; NaN with only one example of a kind.
    interval : (float, float)
        Its 5 % and 95 % quantiles under resampling of the examples.
    more : int or None
        About this many more positive examples would halve 1 - average precision; None if unknown.
    ridge : float
        The chosen lambda.
    seconds : float
    grouped : bool
        Whether whole groups were left out, and not single rows.
    """

    name: Any
    positives: int
    negatives: int
    average_precision: float
    interval: tuple[float, float]
    more: int | None
    ridge: float
    seconds: float = field(compare=False)
    grouped: bool = False

    @classmethod
    def of(cls, name: Any, y: np.ndarray, found: Solution, start: float, first: np.ndarray | None = None) -> Self:
        """What a solution is worth for examples y (n,) of groups, or of none; `start`: the time when all began."""
        y = np.asarray(y) > 0.5
        counts = int(y.sum()), int((~y).sum())
        enough = min(counts) > 1 if first is None else min(len(np.unique(first[y == yes])) for yes in (True, False)) > 1
        value, interval = average_precision(found.left_out, y & enough, groups=first)  # NaN where nothing is left to learn from
        more, (less, times) = None, found.before
        if less == less and 0 < value < 1:
            gain = np.log(max(1 - less, 1e-9) / (1 - value)) / np.log(times)  # the error falls like n^-gain
            if gain > MIN_GAIN:
                more = int(np.ceil(y.sum() * (2 ** (1 / gain) - 1)))
        return cls(name, *counts, value, interval, more, found.ridge, time.perf_counter() - start, first is not None)

    def _parts(self) -> Iterator[str | Grid]:
        yield self._sentence()

    def _sentence(self) -> str:
        start = f"{self.name!r} from {self.positives} positive and {self.negatives} negative examples"
        if np.isnan(self.average_precision):
            return f"{start}; at least two {'groups ' if self.grouped else ''}of each are needed to estimate the precision"
        low, high = self.interval
        needed = f"; about {self.more:,} more examples would halve the gap to 1" if self.more else ""
        how = "of groups that are left out, average precision" if self.grouped else "leave-one-out average precision"
        return f"{start}: {how} {self.average_precision:.2f} ({low:.2f} to {high:.2f}){needed}"


class Row(NamedTuple):
    """What a new label adds: v (K m,) and b of the last layer, its linear unit w (words,), and its threshold.

    `found` is the solution behind it.
    """

    v: np.ndarray
    w: np.ndarray
    b: float
    threshold: float
    found: Solution


class Examples:
    """Rows that have a new label, and rows that have not.

    Parameters
    ----------
    name : str or int
        The label.
    x : Tensor (n, d)
        The rows.
    y : array-like (n,) of 0 and 1, or None
        Which of them have the label; None: all.
    encode : callable
        Rows -> codes (n, K m).
    groups : array-like (n,), optional
        Rows of the same group belong together.
    """

    def __init__(self, name: Any, x: Tensor, y: Any, encode: Callable[[Tensor], np.ndarray], groups: Any = None) -> None:
        self.name, self.x, self.encode = name, x, encode
        self.y = np.ones(len(x)) if y is None else zeros_and_ones(y, len(x))
        self.first = None if groups is None else first_of_each(groups, len(x))
        warn_of_contradictions(x, self.y)

    def tell_groups(self, memory: Memory) -> None:
        """Warn of examples that come in groups, such as the rows of a patient: one left out leaves the others."""
        if self.first is not None or len(self.x) < ENOUGH_TO_TELL:
            return
        size = 1 + gap_after(Rows(torch.cat([self.x.double(), memory.rows.double()])), len(self.x))
        if 1 < size <= len(self.x) / 2:
            warn(
                f"examples of {self.name!r} seem to come in groups of about {size}, which lie far nearer to each other than to "
                "all the rest, as measurements of one thing do: how good the label is, said by leaving out one example at a "
                "time, is too good for new things; say which belong together, add_label(..., groups=...) (--groups)"
            )

    def tell_copies(self, memory: Memory) -> None:
        """Warn of examples that are there several times, as rows of the model are not: one left out leaves the others."""
        answered = torch.column_stack([self.x.double(), torch.from_numpy(self.y)])
        again = len(self.x) - len(set(alike(answered).tolist()))
        if again and pairs(answered) > MANY_TIMES * pairs(memory.rows):
            warn(
                f"{again:,} of {len(self.x):,} examples of {self.name!r} are copies of others: how good the label is, said by "
                "leaving out one example at a time, is too good; give each row once"
            )

    @cached_property
    def h(self) -> np.ndarray:
        """(n, K m) codes."""
        return self.encode(self.x)

    def against(self, memory: Memory) -> Self:
        """With the kept rows that are not among the examples as rows that have not the label."""
        if not len(memory):
            raise DataError(
                f"all examples have {self.name!r}, and the model kept no rows (replay_size=0): add examples with y = 0"
            )
        kept = self.encode(memory.rows)
        apart = euclidean_distances(kept, self.h).min(1) > MAX_DISTANCE_OF_COPIES * np.linalg.norm(kept, axis=1)
        if not apart.any():
            raise DataError(f"all rows that the model kept are among the examples of {self.name!r}: add examples with y = 0")
        others = memory.rows[torch.from_numpy(apart)].to(self.x)
        both = copy(self)
        both.x, both.y = torch.cat([self.x, others]), np.concatenate([self.y, np.zeros(len(others))])
        if self.first is not None:  # each of the others by itself
            both.first = np.concatenate([self.first, len(self.x) + np.arange(len(others))])
        both.h = both.encode(both.x)
        return both

    def solve(self, words: np.ndarray, prior: float | None, metric: Any) -> Row:
        """The optimum on codes and words (n, many), for this share of rows with the label; None: as in the examples.

        The threshold is that of the metric.
        """
        scale = WORDS_LENGTH * length(self.h) / length(words)
        with one_thread():
            found = solve(np.concatenate([self.h, (scale * words).astype(self.h.dtype)], 1), self.y, first=self.first)
        share = self.y.mean()
        prior = share if prior is None else prior
        shift = float(logit(prior) - logit(share))
        y, p = self.y[:, None], expit(found.left_out + shift)[:, None]
        weight = np.where(y > 0, prior / share, (1 - prior) / (1 - share))
        threshold = thresholds(p, y, metric, weight=weight)
        tell_never([self.name], threshold, metric)
        tell_always([self.name], threshold, metric, p, y, weight)
        v, w = np.split(found.v, [self.h.shape[1]])
        return Row(v, scale * w, found.b + shift, float(threshold[0]), found)


def codes_float32(network: Diabolo, x: Tensor, piece: int) -> np.ndarray:
    """Rows (n, d) -> codes (n, K m) in single precision: precise enough for training, in half the time."""
    encoder = network.encoder
    own = {**dict(encoder.named_parameters()), **dict(encoder.named_buffers())}
    single = {name: value.float() if value.is_floating_point() else value for name, value in own.items()}
    parts = [functional_call(encoder, single, (part,)) for part in x.float().split(piece)]
    return np.asarray(hidden_units(network.decoder, torch.cat(parts, 1)).numpy())


class Solution(NamedTuple):
    """The new row v (m,) and b, the leave-one-out outputs (n,), lambda, and the result of :func:`learning_curve_point`."""

    v: np.ndarray
    b: float
    left_out: np.ndarray
    ridge: float
    before: tuple[float, float]


def solve(h: np.ndarray, y: np.ndarray, ridges: Sequence[float] = RIDGES, first: np.ndarray | None = None) -> Solution:
    """Codes (n, m), y (n,) of 0 and 1, and the first row (n,) of the group of each -> the optimum.

    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(30, 50)); h[:10, 0] += 3
    >>> v, b, left_out, ridge, _ = solve(h, np.arange(30) < 10)
    >>> bool((h @ v + b > 0)[:10].all()), bool(left_out[:10].mean() > left_out[10:].mean() + 1)
    (True, True)
    """
    y = np.asarray(y, dtype=np.float64)
    unit = length(h)
    u = with_constant(h / unit)
    some = np.arange(len(y)) if len(y) <= MAX_ROWS_FOR_RIDGE else balanced(y, MAX_ROWS_FOR_RIDGE)
    fits = ridge_path(gram(u[some]), y[some], ridges)
    fold = None if first is None else np.unique(first, return_inverse=True)[1] % FOLDS
    if fold is not None:
        fits = [(a, crossed(u[some], y[some], r, fold[some])) for (a, _), r in zip(fits, ridges, strict=True)]
    best = int(np.argmin([loss(out, y[some]) for _, out in fits]))
    alpha, left_out = np.zeros(len(y)), fits[best][1]
    alpha[some] = fits[best][0]
    before = learning_curve_point(u, y, ridges[best], some, left_out) if fold is None else (float("nan"), 1.0)
    if MAX_ROWS_FOR_RIDGE < len(u) <= u.shape[1]:
        alpha, left_out = newton_dual(gram(u), y, ridges[best], alpha)
    w = matvec(u.T, alpha)
    if len(u) > max(MAX_ROWS_FOR_RIDGE, u.shape[1]):
        w, left_out = newton_primal(u, y, ridges[best], w)
    if fold is not None:
        left_out = crossed(u, y, ridges[best], fold)
    return Solution(w[:-1] / unit, float(w[-1] * INTERCEPT), left_out, ridges[best], before)


def crossed(u: np.ndarray, y: np.ndarray, ridge: float, fold: np.ndarray) -> np.ndarray:
    """Outputs (n,) for each row of what is learned from the rows of other folds."""
    out = np.zeros(len(y))
    for k in np.unique(fold):
        seen, start = u[fold != k], np.zeros(min((fold != k).sum(), u.shape[1]))
        wide = len(seen) <= u.shape[1]
        found = newton_dual(gram(seen), y[fold != k], ridge, start) if wide else newton_primal(seen, y[fold != k], ridge, start)
        out[fold == k] = u[fold == k] @ (matvec(seen.T, found[0]) if wide else found[0])
    return out


def length(h: np.ndarray) -> Any:
    """Length of a code: the root mean square over rows, in the precision of h (n, m)."""
    return np.sqrt(np.square(h).sum(1).mean()) or h.dtype.type(1)


def with_constant(u: np.ndarray) -> np.ndarray:
    """(n, m) -> (n, m + 1)"""
    return np.column_stack([u, np.full(len(u), INTERCEPT, u.dtype)])


def ridge_path(g: np.ndarray, y: np.ndarray, ridges: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """:func:`wide` for each lambda; each starts at the previous solution."""
    fits: list[tuple[np.ndarray, np.ndarray]] = []
    for ridge in ridges:
        fits.append(newton_dual(g, y, ridge, fits[-1][0] if fits else np.zeros(len(y))))
    return fits


def balanced(y: np.ndarray, most: int) -> np.ndarray:
    """A sample of the rows, stratified by y, with at least one of each kind."""
    yes, no = np.flatnonzero(y > 0.5), np.flatnonzero(y <= 0.5)
    k = int(np.clip(round(most * len(yes) / len(y)), 1, most - 1))
    picked = [spread_rows(part, n) for part, n in ((yes, k), (no, most - k))]
    return np.sort(np.concatenate(picked))


def learning_curve_point(
    u: np.ndarray, y: np.ndarray, ridge: float, some: np.ndarray, left_out: np.ndarray
) -> tuple[float, float]:
    """Leave-one-out average precision of at most half of the rows, and the ratio of all rows to these.

    NaN with fewer than four examples of a kind. some, left_out: rows with known outputs.
    """
    if min((y == 0).sum(), (y == 1).sum()) < 4:
        return float("nan"), 1.0
    if 2 * len(some) > len(y):
        some = balanced(y, len(y) // 2)
        left_out = newton_dual(gram(u[some]), y[some], ridge, np.zeros(len(some)))[1]
    return average_precision(left_out, y[some] > 0.5, 0)[0], len(y) / len(some)


def zeros_and_ones(y: Any, n: int) -> np.ndarray:
    """y (n,) of 0 and 1."""
    values = floats(y).ravel()
    same_length(len(values), n)
    if not np.isin(values, (0, 1)).all():
        wrong = values[~np.isin(values, (0, 1))][0]
        raise DataError(f"y holds {wrong:g}: allowed are 1 (has the new label) and 0 (has not)")
    if not (values == 1).any():
        raise DataError("no example has the new label: give at least one with y = 1")
    return values


def warn_of_contradictions(x: Tensor, y: np.ndarray) -> None:
    """Warn of equal rows (n, d) that contradict each other: some have the label, others do not."""
    place = alike(x)
    yes, no = (np.bincount(place[y == value], minlength=len(place)) for value in (1, 0))
    both = np.flatnonzero((yes > 0) & (no > 0))
    if len(both):
        pairs = [tuple(int(np.flatnonzero((place == p) & (y == value))[0]) for value in (1, 0)) for p in both[:MAX_PAIRS_NAMED]]
        shown = ", ".join(f"{i} and {j}" for i, j in sorted(pairs)) + (", ..." if len(both) > MAX_PAIRS_NAMED else "")
        warn(
            f"{int((yes + no)[both].sum()):,} of {len(y):,} examples contradict each other: some rows with equal features have "
            f"the label, and others do not (pairs of a positive and a negative row: {shown}); they are used as they are"
        )


def pairs(x: Tensor) -> float:
    """Share of the pairs of rows (n, d) that are alike.

    >>> pairs(torch.tensor([[1.0], [2.0], [1.0]])), pairs(torch.zeros(0, 1))
    (0.3333333333333333, 0.0)
    """
    if len(x) < 2:
        return 0.0
    size = np.bincount(alike(x))
    return float((size * (size - 1)).sum() / (len(x) * (len(x) - 1)))


def alike(x: Tensor) -> np.ndarray:
    """Rows (n, d) -> (n,) numbers, equal for equal rows: NaN equals NaN, -0 equals 0.

    >>> alike(torch.tensor([[0.0, float("nan")], [1e300, 1.0], [-0.0, float("nan")], [0.0, 1.0]])).tolist()
    [1, 2, 1, 0]
    """
    rows = x.double().numpy() + 0.0
    rows = np.where(np.isnan(rows), np.nan, rows)
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    return np.unique(whole, return_inverse=True)[1].ravel()
