"""What the page computes itself, and what stands in for what it cannot.

    encoder   x -> z          decoder   z -> e          labels   h -> p          the programs of the model
    sheet     e at the nodes of a grid over the map, which the page blends, where the decoder is no program
    remote    a server decodes instead

Where the codes are wide and only place the rows (h of classifiers), z are the directions in which they vary most; the labels of
a place are then those of the rows around it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..estimators.base import System
from ..programs import Tensors
from .codec import NotDescribed, described
from .grids import Box, sheet, trust
from .programs import Programs, programs
from .sides import Sides, dtype_of

__all__ = ["computing"]

SMALL = 2_000_000  # probabilities that are kept in full


def computing(model: System, half: Sides, shown: Any, box: Box, tensors: Tensors, remote: bool) -> dict[str, Any]:
    """The entries of the head from which the page encodes and decodes."""
    own, dtype, codec = programs(model), dtype_of(model.network_), coded(model, tensors)
    decoder = own.decode and own.decode.json(tensors)
    blended, grids = None, None
    if half.decode and not decoder and not remote:
        why = f"{own.why} cannot be computed in a page"
        blended = sheet(half.decode, shown.codes_at, box, model.format_.width, dtype, tensors, why)
    if half.decode:
        found = trust(half, shown.codes_at, shown.map.drawn, box, dtype)
        grids = {name: tensors.add(grid, "f32") for name, grid in found.items()}
    return {
        "codec": codec,
        "encoder": own.encode and own.encode.json(tensors),
        "flat": flattening(shown.flat, tensors),
        "decoder": decoder,
        "labels": labels(half, shown.p, own, tensors),
        "sheet": blended,
        "remote": {"encode": remote and not own.encode, "decode": bool(remote and half.decode and not decoder)},
        "trust": grids,
    }


def labels(half: Sides, p: np.ndarray | None, own: Programs, tensors: Tensors) -> dict[str, Any] | None:
    """Names of what is predicted, the probabilities or numbers of each row, and the program that predicts them."""
    if p is None:
        return None
    rows = tensors.add(p, "f64" if half.kind == "numbers" else "f32" if p.size <= SMALL else "f16")
    limits = half.limits and {"thresholds": tensors.add(half.limits[0], "f64"), "least": half.limits[1]}
    program = own.predict and own.predict.json(tensors)
    return {"kind": half.kind, "names": half.labels, "rows": rows, "program": program, "limits": limits}


def flattening(flat: tuple[np.ndarray, np.ndarray] | None, tensors: Tensors) -> dict[str, int] | None:
    """How z is made of wide codes h."""
    return flat and {"directions": tensors.add(flat[0], "f32"), "mean": tensors.add(flat[1], "f32")}


def coded(model: System, tensors: Tensors) -> dict[str, Any] | None:
    """How the page reads and writes rows; None where only Python can."""
    try:
        return described(model.format_, tensors, getattr(model, "loss_", None) if hasattr(model, "pca_") else None)
    except NotDescribed:
        return None
