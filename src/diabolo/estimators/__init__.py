"""The systems: one noun, one file."""

from __future__ import annotations

from .autoencoder import Autoencoder
from .base import ESTIMATORS, load

__all__ = ["ESTIMATORS", "Autoencoder", "load"]
