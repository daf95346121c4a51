"""Restored pictures: noise removed, enlarged, coloured."""

from __future__ import annotations

from .base import Denoiser, Upscaler
from .colorizer import Colorizer

__all__ = ["Colorizer", "Denoiser", "Upscaler"]
