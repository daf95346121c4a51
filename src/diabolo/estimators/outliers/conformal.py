r"""A promise instead of a percentage.

    p(s) = (1 + #{i : s_i >= s}) / (n + 1)             s_1 ... s_n: how strange rows are, judged like the new one

If a new row is one more of the same kind, its rank among the n + 1 is as likely any as another, so that

    P( p <= alpha ) <= alpha                           whatever the distribution, and whatever the judge

so that with n + 1 < 1 / alpha no row can have p <= alpha: :func:`enough` rows are needed. A rank knows nothing beyond the
largest s_i. For an order there, :meth:`Calibration.log_p` lets the count go on below 1 like the tail of an exponential
distribution; the promise is not touched, because p <= alpha just where log_p is below :meth:`Calibration.limit`.

References
----------
Algorithmic learning in a random world (Vovk, Gammerman & Shafer, 2005)
Testing for outliers with conformal p-values (Bates et al., 2023), https://doi.org/10.1214/22-AOS2244
"""

from __future__ import annotations

import numpy as np
from scipy.stats import false_discovery_control

from ...errors import DataError, warn

__all__ = ["Calibration", "discoveries", "enough", "warn_of_limits"]

TAIL = 0.1  # share of the largest scores from which the decay beyond them is learned
MIN_TAIL = 5  # of them
GAP = 1e-12  # by which a score beyond a known one has a smaller log p, however near it is


class Calibration:
    """Scores of known rows; larger is stranger.

    Parameters
    ----------
    scores : ndarray (n,)
        Finite numbers.

    Examples
    --------
    >>> seen = Calibration(np.arange(1.0, 100.0))
    >>> seen.p(np.array([50.0, 99.0, 1000.0])).tolist()
    [0.51, 0.02, 0.01]
    """

    def __init__(self, scores: np.ndarray) -> None:
        s = np.sort(np.asarray(scores, dtype=np.float64))
        if s.ndim != 1 or not len(s) or not np.isfinite(s).all():
            raise DataError("a calibration needs finite scores, at least one")
        self.scores = s
        top = s[-max(MIN_TAIL, round(TAIL * len(s))) :]
        self.decay = max(float((top - top[0]).mean()), 1e-3 * float(s.std()), 1e-9)
        self.value, first = np.unique(s, return_index=True)
        self.count = (len(s) - first).astype(np.float64)  # scores that are at least this value
        self.next = np.append(self.count[1:], self.count[-1])
        self.slope = (self.next - self.count) / np.append(np.diff(self.value), 1.0)

    def __len__(self) -> int:
        return len(self.scores)

    def p(self, s: np.ndarray) -> np.ndarray:
        """Scores (...) of new rows -> p-values (...)."""
        return (1.0 + len(self) - np.searchsorted(self.scores, s)) / (len(self) + 1)

    def log_p(self, s: np.ndarray) -> np.ndarray:
        """Scores (...) -> logarithm of the p-values, without ties, and beyond the largest score."""
        s = np.asarray(s, dtype=np.float64)
        last = np.maximum(np.searchsorted(self.value, s, side="right") - 1, 0)
        ahead = np.clip(s, self.value[0], self.value[-1]) - self.value[last]
        count = np.maximum(self.count[last] * (1 - GAP * (ahead > 0)) + self.slope[last] * ahead, self.next[last])
        beyond = np.maximum((s - self.value[-1]) / self.decay, GAP)
        return np.where(s > self.value[-1], np.log(2.0) - beyond, np.log1p(count)) - np.log(len(self) + 1)

    def limit(self, alpha: float) -> float:
        """``p(s) <= alpha`` just where ``log_p(s)`` is below it; -inf where no p-value is as small.

        >>> seen = Calibration(np.arange(1.0, 100.0))
        >>> seen.limit(0.009), bool(seen.log_p(99.1) < seen.limit(0.01) == seen.log_p(99.0))
        (-inf, True)
        """
        counts = np.arange(1, len(self) + 1) / (len(self) + 1)  # as p counts them, to the bit
        allowed = int((counts <= alpha).sum())
        return float(self.log_p(self.scores[-allowed])) if allowed else -np.inf

    @staticmethod
    def of_others(s: np.ndarray) -> np.ndarray:
        """Scores (n,) -> of each its ``log_p`` among all others: leave-one-out.

        >>> s = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
        >>> bool(np.isclose(Calibration.of_others(s)[2], Calibration(np.delete(s, 2)).log_p(s[2])))
        True
        """
        n, order = len(s), np.argsort(s, kind="stable")
        if n < 2:
            return np.zeros(n)
        t = s[order]
        first, last = np.searchsorted(t, t), np.searchsorted(t, t, side="right")
        single = (last - first == 1) & (first > 0) & (last < n)  # lies between two others
        low, high = t[first - 1], t[np.minimum(last, n - 1)]
        share = np.where(single, (high - t) / np.where(single, high - low, 1.0), 0.0)
        fewer = first - np.where(single, np.searchsorted(t, low), first)  # others as large as the next lower one
        count = np.where(last - first == 1, n - last + share * fewer, n - first - 1).astype(float)
        count[first == 0] = n - 1
        found = np.log(count, where=count > 0, out=np.zeros(n))
        if count[-1] == 0:
            found[-1] = -(t[-1] - t[-2]) / Calibration(t[:-1]).decay
        out = np.empty(n)
        out[order] = smooth(found, n - 1)
        return out

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} scores)"


def enough(alpha: float) -> int:
    """The smallest number of scores with which a p-value can be alpha.

    >>> enough(0.01), enough(0.05), enough(0.3)
    (99, 19, 3)
    """
    n = int(1 / alpha)
    return n - 1 if 1 / n <= alpha else n


def discoveries(p: np.ndarray, q: float, n: int) -> np.ndarray:
    """P-values (m,) from n scores -> (m,) bool: a list; on average about a share q of it is false."""
    if not 0 < q < 1:
        raise ValueError(f"q={q!r}: allowed are numbers between 0 and 1, such as 0.1")
    found = np.asarray(false_discovery_control(p) <= q)
    needed = int(np.ceil(len(p) / (q * (n + 1))))
    if needed > 1 and not found.any():
        warn(
            f"q={q:g}: with {n:,} training rows no p-value is small enough for a list of fewer than {needed:,} of {len(p):,} "
            f"rows, and fewer stand out. {int(len(p) / q):,} training rows are needed to find a single one; "
            "flags by alpha need fewer"
        )
    return found


def warn_of_limits(alpha: float, n: int, new: dict[str, float]) -> None:
    """With n scores, no p-value may be as small as alpha; and a share `new` of rows will hold a level that was never seen."""
    if n < enough(alpha):
        warn(
            f"alpha={alpha:g} with {n:,} rows: no p-value can be below {1 / (n + 1):.2g}, so no row will be flagged. "
            f"Give {enough(alpha):,} rows, or alpha={up(1 / (n + 1)):g}, or contamination=; score_samples ranks all the "
            "same"
        )
    column = max(new, key=new.__getitem__, default="")
    if new and new[column] > alpha:
        warn(
            f"about {new[column]:.1%} of the rows to come will hold a value of column {column!r} that was never seen, and "
            "will be "
            f"flagged for it; this is more than alpha={alpha:g}: fit on more rows, merge rare values, or drop the column"
        )


def up(p: float) -> float:
    """Two digits, rounded up.

    >>> up(1 / 31), up(0.02)
    (0.033, 0.02)
    """
    digits = 1 - int(np.floor(np.log10(p)))
    return round(float(np.ceil(round(p * 10**digits, 6)) / 10**digits), digits)


def smooth(count: np.ndarray, n: int) -> np.ndarray:
    """Logarithm of how many of n scores are as large, below 0 beyond the largest -> log p."""
    return np.where(count > 0, np.logaddexp(count, 0.0), count + np.log(2.0)) - np.log(n + 1)
