"""Gaps in columns that had none in fit: a prediction warns of them."""

from __future__ import annotations

import numpy as np

from ..errors import warn
from .base import Format

__all__ = ["NewGaps"]

MAX_NAMES = 5  # columns that a warning names


class NewGaps:
    """The columns of new rows that have gaps, but had none in fit: the network has not learned from any.

    Parameters
    ----------
    format : Format
        The fitted format.
    """

    def __init__(self, format: Format) -> None:
        self.format = format
        self.features: set[int] = set()

    def note(self, x: np.ndarray) -> None:
        """Look at rows x (b, d)."""
        self.features |= {*np.flatnonzero(np.isnan(x).any(0)).tolist()}

    def warn(self) -> None:
        """Name the columns in a warning, if there are any."""
        new = self.features - {*self.format.missing()}
        names = [name for name, block in zip(self.format.columns, self.format.blocks, strict=True) if block.start in new]
        if names:
            more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
            warn(
                f"X has missing values in column(s) {', '.join(map(repr, names[:MAX_NAMES]))}{more}, which had none in fit: "
                "they count as the mean of the column, and predictions for such rows are less certain than they seem"
            )
