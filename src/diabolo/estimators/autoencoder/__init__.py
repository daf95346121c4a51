"""The autoencoder: non-linear PCA of tables, documents and images."""

from __future__ import annotations

from .autoencoder import Autoencoder

__all__ = ["Autoencoder"]
