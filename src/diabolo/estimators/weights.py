"""Weights of rows, or of cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError
from ..formats.targets import floats

__all__ = ["mean", "weights"]


def weights(values: Any, n: int, k: int = 0) -> Tensor:
    """Weights (n,), or (n, k) for k > 0, -> (n, 1) or (n, k), of mean 1."""
    w = floats(values, "sample_weight")
    if w.ndim == 0:
        w = np.full(n, float(w))
    if w.shape != (n,) and (not k or w.shape != (n, k)):
        cells = f", or {k:,} for each row" if k else ""
        raise DataError(f"sample_weight has shape {w.shape}: give one number for each of the {n:,} rows{cells}")
    if not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise DataError("sample_weight holds a negative, missing or infinite number, or only zeros")
    return torch.from_numpy(w / w.mean()).float().reshape(n, -1)


def mean(values: Tensor, weight: Tensor | None) -> float:
    """Weighted mean of (r,) or (r, k), with weights of rows (r, 1) or of cells (r, k)."""
    if weight is None:
        return float(values.mean())
    w = weight.expand_as(values) if values.ndim == 2 else weight.mean(1)
    return float((w * values).sum() / w.sum())
