"""One picture, albums of them, color, sizes, and what is measured on them."""

from __future__ import annotations
