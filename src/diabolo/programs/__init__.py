"""Networks as lists of operations on numbers, for NumPy and for the page: none of this needs torch."""

from __future__ import annotations

from .program import NotCompiled, Program, Tensors, compiled, start

__all__ = ["NotCompiled", "Program", "Tensors", "compiled", "start"]
