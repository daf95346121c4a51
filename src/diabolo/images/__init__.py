"""One picture, albums of them, colour, sizes, and what is measured on them."""

from __future__ import annotations
