"""What the page computes itself, and what stands in for what it cannot.

    encoder   x -> z          decoder   z -> e          labels   z -> p          the programs of the model
    sheet     e at the nodes of a grid over the map, which the page blends, where the decoder is no program
    remote    a server decodes instead
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..nets.program import Tensors
from .codec import NotDescribed, described
from .grids import Box, CodesAt, sheet
from .programs import programs
from .sides import Sides, dtype_of

__all__ = ["computing"]

Trust = Callable[[], dict[str, np.ndarray]]


def computing(
    model: Any, half: Sides, trust: Trust, codes_at: CodesAt, box: Box, tensors: Tensors, remote: bool
) -> dict[str, Any]:
    """The entries of the head from which the page encodes and decodes."""
    own = programs(model)
    encoder, decoder, labels = (p and p.json(tensors) for p in (own.encode, own.decode, own.predict))
    blended, codec = None, coded(model, tensors)
    if half.decode and not decoder and not remote:
        why = f"{own.why} cannot be computed in a page"
        blended = sheet(half.decode, codes_at, box, model.format_.width, dtype_of(model.network_), tensors, why)
    return {
        "codec": codec,
        "encoder": encoder,
        "decoder": decoder,
        "labels": {"names": half.labels, "one": half.one, "program": labels} if labels else None,
        "sheet": blended,
        "remote": bool(half.decode and not decoder and remote),
        "trust": {name: tensors.add(grid, "f32") for name, grid in trust().items()} if half.decode else None,
    }


def coded(model: Any, tensors: Tensors) -> dict[str, Any] | None:
    """How the page reads and writes rows; None where only Python can."""
    try:
        return described(model.format_, tensors, getattr(model, "loss_", None) if hasattr(model, "pca_") else None)
    except NotDescribed:
        return None
