r"""Missing cells: as far from the mean of their column as cells that were hidden for a test have shown.

    x'_j = m_j + b_j (e_j - m_j)               b_j = sum (e_j - m_j) (x_j - m_j) / sum (e_j - m_j)^2,  0 <= b_j <= 1
    explained_j = 1 - sum (x_j - x'_j)^2 / sum (x_j - m_j)^2

The sums are over hidden cells of rows that were not learned; of a category they are over its levels. What a network says of a
column that does not depend on the others is noise, and worse than the mean: there b_j = 0, and x'_j is the mean, or the most
frequent level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from .errors import DataError, some, warn
from .printed import Grid, Printed

__all__ = ["HiddenCells"]

BLIND = 0.1  # explained of hidden cells, below which estimates are hardly better than means
FEW = 50  # rows, with fewer of which that is not told, and what was learned looks far better than it is
SHOWN = 30  # columns that are printed
UNKNOWN = -1.0  # explained, in a file


@dataclass(frozen=True, eq=False)
class HiddenCells(Printed):
    """How well cells are estimated that a model does not see; prints as a table.

    Parameters
    ----------
    columns : sequence of str (c,)
    explained : ndarray (c,)
        Share of the error of means that estimates save, in hidden cells of held-out rows; of each column. NaN where too few
        cells are known to say so.
    mean, trust : ndarray (d,)
        m and b, of each feature.
    rows : int
        In how many rows cells were hidden.
    held_out : bool, default=True
        Whether these rows were not learned; else, of others less is explained.

    Examples
    --------
    >>> cells = HiddenCells(["a", "b"], np.array([0.75, 0.0]), np.array([0.0, 2.0]), np.array([0.5, 0.0]), 100)
    >>> cells.estimate(np.array([[4.0, 4.0]]))
    array([[2., 2.]])
    """

    columns: Sequence[str]
    explained: np.ndarray
    mean: np.ndarray
    trust: np.ndarray
    rows: int
    held_out: bool = True

    def estimate(self, e: np.ndarray) -> np.ndarray:
        """Expected values (n, d) -> x' (n, d)."""
        return np.asarray(e + (1 - self.trust) * (self.mean - e), dtype=e.dtype)

    def tell(self, missing: np.ndarray) -> None:
        """Warn of columns with gaps, missing (c,), whose estimates are hardly better than the mean, or not known to be."""
        if missing.any() and self.rows < FEW and not self.held_out:
            warn(
                f"fit had too few rows, {self.rows:,}, to hold some out, so nobody knows how good these estimates are: if the "
                "columns hardly depend on each other, they are worse than the mean. Fit to more rows, or fill the gaps by means"
            )
        blind = np.flatnonzero(missing & (self.explained < BLIND) & (self.rows >= FEW))
        if len(blind):
            names = some([self.columns[j] for j in blind.tolist()])
            warn(
                f"of hidden cells of {names}, less than {BLIND:.0%} is explained by the "
                "other cells: estimates are hardly better than the mean, or the most frequent value (hidden_cells_ has the "
                "shares; fewer components, or corruption=Mask(0.1, fill=None), may help, unless nothing depends on the others)"
            )

    def _parts(self) -> Iterator[str | Grid]:
        order = np.argsort(-self.explained, kind="stable")
        said = ["too few cells" if np.isnan(v) else f"{v:.1%}" for v in self.explained]
        lines = [[self.columns[j], said[j]] for j in order[:SHOWN].tolist()]
        rows = "held-out rows" if self.held_out else "rows that were learned"
        yield Grid(("column", "explained"), lines, f"Hidden cells in {self.rows:,} {rows}, by the other cells")
        if len(order) > SHOWN:
            yield f"and {len(order) - SHOWN:,} more columns, of which less is explained"
        if not self.held_out:
            yield "No rows were held out: of other rows less is explained, of few rows much less."

    def state(self) -> dict[str, np.ndarray]:
        explained = np.nan_to_num(self.explained, nan=UNKNOWN)
        return {"explained": explained, "mean": self.mean, "trust": self.trust, "rows": np.array(self.rows)}

    @classmethod
    def from_state(
        cls, columns: Sequence[str], width: int, arrays: dict[str, np.ndarray], held_out: bool = True
    ) -> Self | None:
        """Out of a file; None, if the model has none. Whether rows were held out, `comparison_` says."""
        if not arrays:
            return None
        shapes = dict.fromkeys(("mean", "trust"), (width,)) | {"explained": (len(columns),), "rows": ()}
        if {name: v.shape for name, v in arrays.items()} != shapes or not all(np.isfinite(v).all() for v in arrays.values()):
            raise DataError("what it knows of hidden cells does not fit its columns")
        rows, known = int(arrays["rows"]), {name: arrays[name].astype(np.float64) for name in ("explained", "mean", "trust")}
        known["explained"][known["explained"] == UNKNOWN] = np.nan
        return cls(columns, **known, rows=rows, held_out=held_out)
