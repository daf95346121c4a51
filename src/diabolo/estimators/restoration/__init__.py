"""Restored pictures: denoised, enlarged, colored."""

from __future__ import annotations

from .colorizer import Colorizer
from .denoiser import Denoiser
from .upscaler import Upscaler

__all__ = ["Colorizer", "Denoiser", "Upscaler"]
