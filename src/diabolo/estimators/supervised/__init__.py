"""A supervised last layer on an encoder: classes and numbers."""

from __future__ import annotations

from .classifier import Classifier
from .regressor import Regressor

__all__ = ["Classifier", "Regressor"]
