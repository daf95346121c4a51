"""Multi-label classification: one shared encoder, k logistic outputs."""

from __future__ import annotations

from .classifier import MultiLabelClassifier
from .independent import IndependentClassifiers

__all__ = ["IndependentClassifiers", "MultiLabelClassifier"]
