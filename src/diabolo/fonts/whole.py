"""Letters that look incomplete at a place: those that come apart, or fade, between faces that differ.

    more pieces less holes than in any face nearby                        it has come apart, or a hole has opened or closed
    ink / median ink of the faces nearby < LEAST * that of all letters    it has faded, and not the whole font with it

The faces are compared as the map draws them. ``explorer/web/whole.js`` has the same rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .fields import coverage
from .leveling import NEAR, euler

if TYPE_CHECKING:
    from .manifold import Manifold

__all__ = ["LEAST", "incomplete"]

LEAST = 0.6  # of the ink that a letter would have
FEW = 4  # letters of which fewer do not say whether all is light


@torch.no_grad()
def incomplete(manifold: Manifold, place: Any, text: str | None = None) -> str:
    """Those letters of a text, or of all, that look incomplete at a place (x, y)."""
    numbers = manifold.index(manifold.letters if text is None else text)
    z = np.asarray(place, dtype=np.float64).reshape(1, 2)
    near = np.square(manifold.places - z).sum(1).argsort()[:NEAR]
    both = torch.from_numpy(np.concatenate([z, manifold.places[near]])).float()
    fields = manifold.decoder.some(both, list(range(len(manifold.letters))))[0]  # the whole font says how light it is
    ink = coverage(fields).mean((2, 3)).numpy()
    pieces = euler(fields.flatten(0, 1).numpy())[:, 0].reshape(ink.shape)
    share = ink[0] / np.maximum(np.median(ink[1:], 0), 1e-6)
    light = min(1.0, float(np.median(share))) if len(share) >= FEW else 1.0
    odd = (pieces[0] > pieces[1:].max(0)) | (share < LEAST * light)
    return "".join(manifold.letters[i] for i in numbers if odd[i])
