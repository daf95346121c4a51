"""Fonts: a plane where every place is a font.

font files -> letters as distance fields -> manifold: place z (2,) -> fields of all letters and their advances
"""

from pathlib import Path

from .collection import Collection, collected
from .glyphs import LETTERS
from .learning import alone, fit
from .manifold import Glyphs, Manifold, load
from .whole import incomplete

__all__ = ["LETTERS", "TEXT", "Collection", "Glyphs", "Manifold", "alone", "collected", "fit", "incomplete", "load", "shipped"]

TEXT = "Hamburgefonts"


def shipped() -> Manifold:
    """The manifold that comes with the package: of fonts with open licenses, which FONTS.txt beside it names."""
    return load(Path(__file__).parents[1] / "weights" / "fonts.diabolo")
