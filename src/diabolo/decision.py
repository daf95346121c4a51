r"""From raw outputs to probabilities, and from these to predicted labels.

    p_c = s(a_c r_c + b_c)         r_c: raw output of label c;  s = logistic;  if each row has one label, divided by sum_c p_c
    predict_c = p_c >= t_c         if each row has one label: the most probable one

a, b and t are learned with the classifier (estimators/multilabel/calibration.py and thresholds.py); here, nothing is.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .errors import FormatError

__all__ = ["Decision", "binarize", "most_probable"]


class Decision:
    """Calibration and thresholds of k labels.

    Parameters
    ----------
    platt : ndarray (2, k)
        a and b.
    thresholds : ndarray (k,)
        t.
    least : int
        Smallest number of labels of a row.
    one : bool
        Whether each row has exactly one label.
    """

    def __init__(self, platt: np.ndarray, thresholds: np.ndarray, least: int, one: bool) -> None:
        self.platt, self.thresholds, self.least, self.one = platt, thresholds, least, one

    def calibrated(self, r: np.ndarray) -> np.ndarray:
        """Raw outputs (n, k) -> s(a r + b)."""
        a, b = self.platt
        return logistic(a * r + b)

    def probabilities(self, r: np.ndarray) -> np.ndarray:
        """Raw outputs (n, k) -> p (n, k)."""
        p = self.calibrated(r.astype(np.float64))
        return p / p.sum(1, keepdims=True) if self.one else p

    def decided(self, p: np.ndarray) -> np.ndarray:
        """p (n, k) -> predictions (n, k)."""
        return p == p.max(1, keepdims=True) if self.one else binarize(p, self.thresholds, self.least)

    def margins(self, p: np.ndarray) -> np.ndarray:
        """p (n, k) -> log-odds minus those of the thresholds; with one label for each row, the log-odds."""
        odds = log_odds(np.clip(p, 1e-15, 1 - 1e-15))
        if self.one:
            return odds[:, 1] - odds[:, 0] if odds.shape[1] == 2 else odds
        return np.asarray(odds - log_odds(np.clip(self.thresholds, 1e-12, 1 - 1e-12)))

    def shift(self, more: np.ndarray) -> None:
        """Add to b (k,), rounded as in a file."""
        self.platt[1] = self.platt[1].astype(np.float32) + more

    def append(self, threshold: float) -> None:
        """One more label, whose outputs are calibrated already."""
        self.platt = np.column_stack([self.platt, [1.0, 0.0]])
        self.thresholds = np.append(self.thresholds, threshold)

    def drop(self, c: int) -> None:
        """Without label c."""
        self.platt, self.thresholds = np.delete(self.platt, c, 1), np.delete(self.thresholds, c)

    def state(self) -> dict[str, np.ndarray]:
        return {"platt": self.platt, "thresholds": self.thresholds}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], least: Any, k: int, one: bool) -> Self:
        """The inverse of :meth:`state`, for k labels."""
        platt, thresholds = arrays["platt"], arrays["thresholds"]
        if platt.shape != (2, k) or thresholds.shape != (k,) or type(least) is not int or least < 0:
            raise FormatError("its thresholds do not fit its labels")
        return cls(platt, thresholds, least, one)


def logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), also where exp overflows.

    >>> logistic(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.exp(-np.logaddexp(0, -x))


def log_odds(p: np.ndarray) -> np.ndarray:
    """The inverse."""
    return np.log(p) - np.log1p(-p)


def binarize(p: np.ndarray, t: np.ndarray, least: int = 0) -> np.ndarray:
    """Probabilities (n, k), thresholds t (k,) -> bool (n, k); rows with too few labels get those nearest to their threshold."""
    yes = p >= t
    short = np.flatnonzero(yes.sum(1) < least)
    if len(short):
        near = np.argsort(-(p[short] / np.maximum(t, 1e-12)), axis=1, kind="stable")[:, :least]
        yes[short[:, None], near] = True
    return yes


def most_probable(p: np.ndarray, names: list[Any], n: int) -> list[tuple[Any, float]]:
    """Probabilities (k,) -> the n most probable labels, with their probabilities."""
    best = np.argpartition(-p, n - 1)[:n]
    best = best[np.argsort(-p[best], kind="stable")]
    return [(names[c], float(p[c])) for c in best]
