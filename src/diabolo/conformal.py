r"""A promise instead of a percentage.

    p(s) = (1 + #{i : s_i >= s}) / (n + 1)             s_1 ... s_n: how strange rows are, judged like the new one

If a new row is one more of the same kind, its rank among the n + 1 is as likely any as another, so that

    P( p <= alpha ) <= alpha                           whatever the distribution, and whatever the judge

A rank knows nothing beyond the largest s_i. For an order there, :meth:`Calibration.log_p` lets the count go on below 1
like the tail of an exponential distribution; the promise is not touched as long as alpha is 2 / (n + 1) or more.

References
----------
Algorithmic learning in a random world (Vovk, Gammerman & Shafer, 2005)
Testing for outliers with conformal p-values (Bates et al., 2023), https://doi.org/10.1214/22-AOS2244
"""

from __future__ import annotations

import numpy as np

from .errors import DataError

__all__ = ["Calibration"]

TAIL = 0.1  # share of the largest scores from which the decay beyond them is learned
FEWEST = 5  # of them


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
        top = s[-max(FEWEST, round(TAIL * len(s))) :]
        self.decay = max(float((top - top[0]).mean()), 1e-3 * float(s.std()), 1e-9)
        self.value, first = np.unique(s, return_index=True)
        self.count = len(s) - first  # scores that are at least this value

    def __len__(self) -> int:
        return len(self.scores)

    def p(self, s: np.ndarray) -> np.ndarray:
        """Scores (...) of new rows -> p-values (...)."""
        return (1.0 + len(self) - np.searchsorted(self.scores, s)) / (len(self) + 1)

    def log_p(self, s: np.ndarray) -> np.ndarray:
        """Scores (...) -> logarithm of the p-values, without ties, and beyond the largest score."""
        s = np.asarray(s, dtype=np.float64)
        count = np.log(np.interp(s, self.value, self.count))
        count = np.where(s > self.value[-1], -(s - self.value[-1]) / self.decay, count)
        return np.where(count > 0, np.logaddexp(count, 0.0), count + np.log(2.0)) - np.log(len(self) + 1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} scores)"
