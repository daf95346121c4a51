"""Fonts: a plane where every place is a font.

font files -> letters as distance fields -> manifold: place z (2,) -> fields of all letters and their advances
"""

from .collection import Collection, collected
from .manifold import Glyphs, Manifold, fit, load

__all__ = ["Collection", "Glyphs", "Manifold", "collected", "fit", "load"]
