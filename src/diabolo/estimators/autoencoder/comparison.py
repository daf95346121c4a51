"""Is the autoencoder better than PCA? Two numbers on held-out rows, and a sentence that says what they mean.

explained = 1 - error / error of the mean,      left over = 1 - explained
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...printed import Grid, Printed

__all__ = ["Comparison"]

COMPARED = {"pca", "autoencoder", "held_out_rows"}
GAIN = 0.02  # the autoencoder is worth it if it removes this share of PCA's error


class Comparison(Printed, dict[str, Any]):
    """A dict of ``pca``, ``autoencoder`` and ``held_out_rows`` that prints as a table with a verdict.

    >>> Comparison({"pca": 0.5, "autoencoder": 0.5, "held_out_rows": 40}, k=2, linear="PCA").verdict
    'The autoencoder gains nothing over PCA here: use PCA, or look for curved structure with more components.'
    """

    def __init__(self, scores: dict[str, Any], k: int, linear: str) -> None:
        super().__init__(scores)
        self.k, self.linear = k, linear

    __repr__ = Printed.__repr__  # and not that of a dict

    @property
    def verdict(self) -> str:
        """What the two numbers mean."""
        left, before = 1 - self["autoencoder"], 1 - self["pca"]
        if left >= (1 - GAIN) * before:
            return (
                f"The autoencoder gains nothing over {self.linear} here: use {self.linear}, "
                "or look for curved structure with more components."
            )
        return f"The autoencoder leaves {left / before:.0%} of the error that {self.linear} of the same width leaves."

    def _parts(self) -> Iterator[str | Grid]:
        rows = f"{self['held_out_rows']:,} held-out rows" if self["held_out_rows"] else "the training rows"
        pca, own = self["pca"], self["autoencoder"]
        yield Grid(
            ("", f"{self.linear} {self.k}", f"autoencoder {self.k}"),
            [["explained", f"{pca:.1%}", f"{own:.1%}"], ["left over", f"{1 - pca:.1%}", f"{1 - own:.1%}"]],
            f"Explained variance of {rows}",
        )
        yield self.verdict
        if not self["held_out_rows"]:
            yield "There are too few rows to hold some out: with other rows the figures may differ much."
