"""The systems: one noun, one file."""

from __future__ import annotations

from .autoencoder import Autoencoder
from .base import ESTIMATORS, load
from .outliers import OutlierDetector

__all__ = ["ESTIMATORS", "Autoencoder", "OutlierDetector", "load"]
