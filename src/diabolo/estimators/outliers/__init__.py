"""Outliers: rows that the decoder does not reproduce, or whose codes are unlikely."""

from __future__ import annotations

from .detector import OutlierDetector

__all__ = ["OutlierDetector"]
