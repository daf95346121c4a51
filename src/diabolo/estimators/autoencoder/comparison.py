r"""Is the autoencoder better than PCA? Two numbers on held-out rows, and a sentence that says what they mean.

    explained = 1 - error / error of the mean,      left over = 1 - explained
    margin = 2 √n σ(errors of PCA - errors of the autoencoder, row by row) / error of the mean

A difference within its margin may be chance. Each component gets its part of what is explained, in proportion to how far the
reconstruction moves if the component is replaced by its mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ...corruption import Corruption
from ...errors import DataError
from ...losses import Loss
from ...printed import Grid, Printed

__all__ = ["Comparison", "Explained", "by_component", "explained"]

COMPARED = {"pca", "autoencoder", "held_out_rows", "margin"}
MARGIN = 2.0  # standard errors of a difference that chance may make
GAIN = 0.02  # the autoencoder is worth it if it removes this share of PCA's error


class Comparison(Printed, dict[str, Any]):
    """A dict of ``pca``, ``autoencoder``, ``held_out_rows`` and ``margin`` that prints as a table with a verdict.

    >>> Comparison({"pca": 0.5, "autoencoder": 0.5, "held_out_rows": 40}, k=2, linear="PCA").verdict
    'The autoencoder gains nothing over PCA here: use PCA, or look for curved structure with more components.'
    """

    def __init__(self, scores: dict[str, Any], k: int, linear: str, corruption: Corruption | None = None) -> None:
        super().__init__(scores)
        self.k, self.linear, self.corruption = k, linear, corruption

    __repr__ = Printed.__repr__  # and not that of a dict

    @classmethod
    def from_state(cls, scores: dict[str, Any], k: int, linear: str, corruption: Corruption | None) -> Self:
        """The scores out of a file."""
        if set(scores) != COMPARED:
            raise DataError("its comparison with the linear model is incomplete")
        if not all(isinstance(value, (int, float)) for value in scores.values()):
            raise DataError("its comparison with the linear model is not in numbers")
        return cls(scores, k, linear, corruption)

    @property
    def verdict(self) -> str:
        """What the two numbers mean, and whether that may be chance."""
        return " ".join(filter(None, [self.headline, self.doubt]))

    @property
    def headline(self) -> str:
        """What the two numbers mean."""
        left, before = 1 - self["autoencoder"], 1 - self["pca"]
        if left >= (1 - GAIN) * before:
            return (
                f"The autoencoder gains nothing over {self.linear} here: use {self.linear}, "
                "or look for curved structure with more components."
            )
        share = f"{left / before:.0%}" if left / before >= 0.01 or left <= 0 else "less than 1%"
        return f"The autoencoder leaves {share} of the error that {self.linear} of the same width leaves."

    @property
    def doubt(self) -> str:
        """That the gain is no larger than chance may make it; empty if it is, or if there is none."""
        gain, n = self["autoencoder"] - self["pca"], self["held_out_rows"]
        if not n or gain > self.get("margin", 0.0) or gain <= GAIN * (1 - self["pca"]):
            return ""
        return f"The gain may be chance with {n:,} held-out rows: measure both on others before you rely on it."

    @property
    def rows(self) -> str:
        """What was compared."""
        rows = f"{self['held_out_rows']:,} held-out rows" if self["held_out_rows"] else "the training rows"
        return rows if self.corruption is None else f"{rows}, seen through {self.corruption}"

    def _parts(self) -> Iterator[str | Grid]:
        pca, own = self["pca"], self["autoencoder"]
        yield Grid(
            ("", f"{self.linear} {self.k}", f"autoencoder {self.k}"),
            [["explained", f"{pca:.1%}", f"{own:.1%}"], ["left over", f"{1 - pca:.1%}", f"{1 - own:.1%}"]],
            f"Explained variance of {self.rows}",
        )
        yield self.verdict
        if not self["held_out_rows"]:
            yield "There are too few rows to hold some out: with other rows the figures may differ much."


class Explained:
    """How much of some rows a reconstruction explains.

    Parameters
    ----------
    loss : Loss
        Its errors are counted.
    x : Tensor (n, d)
        The rows.
    weight : Tensor (n,) or None
        Their weights.
    mean : Tensor (n, d)
        The mean of the training rows, which explains nothing.
    """

    def __init__(self, loss: Loss, x: Tensor, weight: Tensor | None, mean: Tensor) -> None:
        self.loss, self.x = loss, x
        self.weight = torch.ones(len(x)) if weight is None else weight
        self.reference = self.error(mean)

    def error(self, expected: Tensor) -> float:
        """Error of expected values (n, d)."""
        return float((self.loss.errors(expected, self.x) * self.weight[:, None]).sum())

    def margin(self, one: Tensor, other: Tensor) -> float:
        """How far the shares that two tables of expected values (n, d) explain may differ by chance."""
        each = (self.loss.errors(one, self.x) - self.loss.errors(other, self.x)).sum(1) * self.weight
        spread = float(each.std(correction=0)) * len(each) ** 0.5
        return MARGIN * spread / self.reference if self.reference > 0 else 0.0

    def share(self, expected: Tensor) -> float:
        """The share of the error of the mean that expected values (n, d) explain."""
        return explained(self.error(expected), self.reference)


def explained(error: float, reference: float) -> float:
    """1 - error / reference; with a reference of 0: 1 if the error is 0, too, else 0."""
    if reference > 0:
        return float(1 - error / reference)
    return 1.0 if error <= 1e-12 else 0.0


def by_component(share: float, decoded: Callable[[Tensor], Tensor], z: Tensor, e: Tensor) -> np.ndarray:
    """(k,) the parts of an explained share; `decoded` maps codes z (n, k) to expected values e (n, d)."""
    moved = np.array([float((e - decoded(without(z, j))).square().sum()) for j in range(z.shape[1])])
    return np.asarray(max(share, 0.0) * moved / max(moved.sum(), 1e-300))


def without(z: Tensor, j: int) -> Tensor:
    """z with component j at its mean."""
    z = z.clone()
    z[:, j] = z[:, j].mean()
    return z
