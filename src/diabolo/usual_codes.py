r"""Codes far from nearly all that fit saw: those of another model, in another order, or scaled.

    |z_ij - center_j| > 10 spread_j    in most rows of a component j; of fewer than ten rows, > 50 spread_j in all

Center and spread are the mean and the deviation of the codes of fit. By Chebyshev, at most a hundredth of these is that far.
Codes in another order are not told apart if all are alike in size.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from .errors import DataError, warn

__all__ = ["UsualCodes"]

ENOUGH = 10  # codes, of which most and not all must be far
FAR, FAR_OUT = 10.0, 50.0  # deviations; new rows that differ from those of fit, as those of another region, are at five or so
MAX_NAMED = 3  # components


class UsualCodes(NamedTuple):
    """Where the codes (n, k) of fit lie.

    >>> usual = UsualCodes(np.array([0.0, 5.0]), np.array([1.0, 0.5]))
    >>> usual.far(np.array([[0.1, 5.2], [0.1, 25.2]])), usual.far(np.array([[0.1, 45.2]]))
    (array([], dtype=int64), array([1]))
    """

    center: np.ndarray  # (k,)
    spread: np.ndarray  # (k,)

    @classmethod
    def of(cls, z: np.ndarray) -> Self:
        """Those of codes z (n, k) of fit."""
        spread = z.std(0)
        return cls(z.mean(0), np.where(spread > 1e-9, spread, 1.0))

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], k: int) -> Self:
        """Those of the density in a file (density.py)."""
        found = cls(*(arrays[name].astype(np.float64) for name in ("center", "spread")))
        if any(v.shape != (k,) for v in found) or not (found.spread > 0).all():
            raise DataError("its density does not fit its codes")
        return found

    def far(self, z: np.ndarray) -> np.ndarray:
        """The components of z (n, k) that are in most rows, or in all of a few, far from those of fit."""
        off = self._off(z)
        told = (off > FAR).mean(0) > 0.5 if len(z) >= ENOUGH else (off > FAR_OUT).all(0)
        return np.flatnonzero(told) if len(z) else np.empty(0, dtype=int)

    def tell(self, z: np.ndarray) -> np.ndarray:
        """z (n, k), after a warning of what is far."""
        if told := self.far(z).tolist():
            middle = np.argsort(self._off(z), 0)[len(z) // 2]  # half of the rows are further off
            said = [f"z{j + 1} (such as {z[middle[j], j]:.3g}, {self._usual(j)})" for j in told[:MAX_NAMED]]
            more = f" and {len(told) - MAX_NAMED:,} more" if len(told) > MAX_NAMED else ""
            warn(
                f"Z: {', '.join(said)}{more} far from nearly all codes of fit: are these codes of this model, its components "
                "in their order, and not scaled? Of what is decoded there, the model knows little"
            )
        return z

    def _off(self, z: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.abs(z / self.spread - self.center / self.spread)

    def _usual(self, j: int) -> str:
        return f"where {self.center[j]:.3g} ± {self.spread[j]:.2g} was usual"
