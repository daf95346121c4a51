"""What ``encoder=`` stands for, and the hidden layers of a new encoder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ...errors import suggest
from ...nets import Lite0
from ...rows import spread_rows
from ..base import System
from ..loading import load

IMAGENET = "imagenet"
BINS, BINNED = 8, 300  # bins of each number, up to this number of numeric features
DEEP = 5  # rows per word from which on documents get a second hidden layer
LOOKED = 10_000, 20_000_000  # rows whose quantiles are the edges of bins, and numbers in these rows, at most


def layers(hidden: Any, documents: bool, n: int, d: int) -> tuple[int, ...]:
    """Widths of the hidden layers for n rows of d features."""
    if hidden != "auto":
        return tuple(int(width) for width in hidden)
    if not documents:
        return 256, 256
    return (512, 512) if n >= DEEP * d else (512,)


def most_bins(bins: Any, documents: bool, d: int) -> int:
    """Largest number of bins of d features together."""
    if documents:
        return 0
    return BINS * min(d, BINNED) if bins == "auto" else int(bins) * d


def given(encoder: Any) -> Any:
    """What `encoder=` stands for: None, a fitted estimator with a network and a format, or a module."""
    if isinstance(encoder, str) and encoder == IMAGENET:
        return Lite0.pretrained()
    if is_path(encoder):
        encoder = load(Path(encoder))
    if isinstance(encoder, FrozenEstimator):
        encoder = encoder.estimator
    texts = callable(getattr(encoder, "encode", None)) and not isinstance(encoder, str)
    if encoder is None or isinstance(encoder, nn.Module) or texts:
        return encoder
    if isinstance(encoder, System) and encoder._has_codes:
        check_is_fitted(encoder)
        return encoder
    raise ValueError(
        f"encoder={encoder!r:.80}: allowed are a fitted Autoencoder, the path of a saved one, 'imagenet', an nn.Module that "
        f"maps rows (B, d) to codes (B, m), an object with encode(texts), and None{suggest(encoder, [IMAGENET])}"
    )


def is_path(encoder: Any) -> bool:
    """Whether a text is the name of a file, rather than a misspelt "imagenet"."""
    if not isinstance(encoder, str):
        return isinstance(encoder, os.PathLike)
    return Path(encoder).suffix != "" or Path(encoder).name != encoder or Path(encoder).exists()


def some_of(x: Tensor) -> Tensor:
    """Rows (n, d) -> some of them, evenly spread."""
    return x[spread_rows(np.arange(len(x)), max(1, min(LOOKED[0], LOOKED[1] // x.shape[1])))]
