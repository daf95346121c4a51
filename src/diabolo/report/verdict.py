"""Is the deep one better than the linear one? In plain words."""

from __future__ import annotations

from typing import Any

__all__ = ["linear_name", "verdict"]


def linear_name(format: Any) -> str:
    """What the linear autoencoder of this kind of data is called."""
    return "LSA" if format.kind == "documents" else "PCA"


def verdict(c: dict[str, Any], linear: str) -> str:
    """Plain words for the comparison.

    >>> verdict({"pca": 0.5, "autoencoder": 0.5}, "PCA")
    'The autoencoder buys nothing over PCA here: use PCA, or look for curved structure with more components.'
    """
    left, before = 1 - c["autoencoder"], 1 - c["pca"]
    if left >= 0.98 * before:
        return (
            f"The autoencoder buys nothing over {linear} here: use {linear}, or look for curved structure with more components."
        )
    return f"The autoencoder leaves {left / before:.0%} of the error that {linear} of the same width leaves."
