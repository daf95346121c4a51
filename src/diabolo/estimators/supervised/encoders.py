"""What ``encoder=`` stands for, and the hidden layers of a new encoder."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ...errors import DataError, suggest
from ...formats import Embedded, Format, infer
from ...nets import (
    ConcatEnsembles,
    ConcatHidden,
    EnsembleMLP,
    EnsembleScaler,
    Lite0,
    ModuleEnsemble,
    PiecewiseLinearEncoding,
    PretrainedEncoder,
    Unflat,
)
from ...progress import tracked
from ...rows import spread_rows
from ..base import System
from ..loading import load

IMAGENET = "imagenet"
BINS, MAX_BINNED = 8, 300  # bins of each number, up to this number of numeric features
MIN_ROWS_PER_WORD_FOR_TWO_LAYERS = 5  # rows per word from which on documents get a second hidden layer
MAX_ROWS_FOR_SCALE = 20_000  # rows whose codes show their scale
MAX_ROWS_AND_NUMBERS_FOR_BINS = (
    10_000,
    20_000_000,
)  # rows whose quantiles are the edges of bins, and numbers in these rows, at most


def hidden_sizes(hidden: Any, documents: bool, n: int, d: int) -> tuple[int, ...]:
    """Widths of the hidden layers for n rows of d features."""
    if hidden != "auto":
        return tuple(int(width) for width in hidden)
    if not documents:
        return 256, 256
    return (512, 512) if n >= MIN_ROWS_PER_WORD_FOR_TWO_LAYERS * d else (512,)


def most_bins(bins: Any, documents: bool, d: int) -> int:
    """Largest number of bins of d features together."""
    if documents:
        return 0
    return BINS * min(d, MAX_BINNED) if bins == "auto" else int(bins) * d


def resolve_encoder(encoder: Any) -> Any:
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


def sample_rows(x: Tensor) -> Tensor:
    """Rows (n, d) -> some of them, evenly spread."""
    return x[
        spread_rows(
            np.arange(len(x)), max(1, min(MAX_ROWS_AND_NUMBERS_FOR_BINS[0], MAX_ROWS_AND_NUMBERS_FOR_BINS[1] // x.shape[1]))
        )
    ]


def format_for(encoder: Any, X: Any, format: Any) -> Format:
    """The format of a pre-trained autoencoder; otherwise one that suits X: sparse numbers from 0 are word counts."""
    known = getattr(encoder, "format_", None)
    flat = getattr(X, "ndim", 0) == 2 or hasattr(X, "columns")
    if flat and (getattr(known, "shape", None) or isinstance(encoder, Lite0)):
        raise DataError(pictures_wanted(known, tuple(X.shape)))
    if known is not None:
        return cast(Format, known)
    if hasattr(encoder, "encode"):
        return Embedded(encoder, *(getattr(format, name, None) for name in ("column", "encoding")))
    found = infer(X, format, counts=True)
    if isinstance(encoder, Lite0) and format == "auto":
        found = found.sized(encoder.side, encoder.side)
    found.deciding = True
    return found


def check_columns(format: Format, X: Any) -> None:
    """Check that an encoder with this format knows all columns of X."""
    if format.named and hasattr(X, "columns"):
        names = X.column_names if hasattr(X, "column_names") else list(X.columns)
        known = {*format.columns, *format.left_out}
        more = [name for name in map(str, names) if name not in known]
        if more:
            raise DataError(f"X has a column {more[0]!r}, which the encoder does not know: drop it")


def encode_bins(bins: Any, x: Tensor) -> PiecewiseLinearEncoding:
    """The bins of rows (r, d). If "auto" gives too many, there are none."""
    found = PiecewiseLinearEncoding.of(x, BINS if bins == "auto" else int(bins))
    too_many = bins == "auto" and np.count_nonzero(found.counts) > MAX_BINNED
    return PiecewiseLinearEncoding([0] * x.shape[1]) if too_many else found


class Pretrained:
    """A pre-trained encoder in one fit.

    Parameters
    ----------
    given : Autoencoder, nn.Module or object with ``encode``
        What `encoder=` stands for.
    format : Format
        Of the rows.
    frozen : bool
        Whether the encoder stays as it is.
    title : str or None
        Of the progress bar.
    """

    def __init__(self, given: Any, format: Format, frozen: bool, title: str | None) -> None:
        self.given, self.format, self.frozen, self.title = given, format, frozen, title

    def module(self) -> nn.Module:
        """A copy of the network: rows (B, d) -> codes (B, m)."""
        if hasattr(self.given, "encode"):
            return nn.Identity()  # the rows are codes already
        if isinstance(self.given, Lite0) and self.format.shape is None:
            raise DataError(f"encoder={IMAGENET!r} takes pictures, but X is read as {type(self.format).__name__.lower()}")
        module = copy.deepcopy(self.given.network_.encoder if hasattr(self.given, "network_") else self.given)
        shape = self.format.shape if isinstance(self.given, nn.Module) else None  # such a network takes pictures (B, C, H, W)
        return cast(nn.Module, module) if shape is None else PretrainedEncoder(Unflat(shape), module)

    def codes(self, module: nn.Module, parts: Iterable[Tensor], count: int) -> Tensor:
        """Rows -> codes, with a progress bar: the user's own network may be slow."""
        with torch.no_grad():
            return torch.cat([module.eval()(part.float()) for part in tracked(parts, self.title, count)])

    def checked(self, module: nn.Module, x: Tensor) -> Tensor:
        """Rows x (r, d) -> codes (r, m)."""
        name = f"encoder={type(module).__name__}"
        try:
            h = self.codes(module, x.split(self.format.piece), len(x))
        except RuntimeError as error:
            raise ValueError(f"{name} does not take rows of width {x.shape[1]}: {error}") from None
        if h.ndim != 2 or len(h) != len(x):
            raise ValueError(f"{name} must give one code (m,) per row, but gives {tuple(h.shape[1:])}")
        return h

    def members(
        self, members: int, x: Tensor, n: int, sizes: tuple[int, ...] | None, dropout: float
    ) -> tuple[nn.Sequential, Tensor | None]:
        """Encoders with hidden layers of these sizes on their codes, if any; and the codes, if x (r, d) are all n rows."""
        module = self.module()
        module.float().requires_grad_(not self.frozen)
        h = self.checked(module, x[:MAX_ROWS_FOR_SCALE])
        known, center = h if len(h) == n else None, h.mean(0)
        unit = float((h - center).square().sum(1).mean().sqrt()) or 1.0
        codes = EnsembleScaler(members, h.shape[1]).set_scaling(center, torch.full_like(center, unit))
        if self.frozen and sizes is None:
            return PretrainedEncoder(module, codes), known
        if self.frozen:
            tower = EnsembleMLP(members, codes.m, cast(tuple[int, ...], sizes), 0.2, dropout)
            spread = ((h - center) / unit).std(0).clamp(min=1e-6)
            return PretrainedEncoder(module, codes, tower.set_scaling(torch.zeros(codes.m), spread)), known
        wider = ConcatHidden(members, codes.m, cast(tuple[int, ...], sizes), 0.0, dropout)
        wider.tower.set_scaling(torch.zeros(codes.m), torch.full((codes.m,), codes.m**-0.5))
        return PretrainedEncoder(ModuleEnsemble([copy.deepcopy(module) for _ in range(members)]), codes, wider), known


def inherited_encoder(encoder: nn.Module) -> nn.Module | None:
    """The pre-trained part of a fitted encoder, which is all that a file holds of what was given; None if there is none."""
    part = encoder[0] if isinstance(encoder, ConcatEnsembles) else encoder
    if not isinstance(part, PretrainedEncoder):
        return None
    own = isinstance(part[0], ModuleEnsemble) and len(part) == 2  # convolutions that started from scratch
    return None if own else part[0]


def pictures_wanted(format: Any, shape: tuple[int, ...]) -> str:
    """Message: an encoder of pictures cannot take rows of numbers, and what to give instead."""
    c, h, w = format.shape if format else (0, 0, 0)
    size = f" of {h} x {w} pixels" if format else ""
    name = "encoder=" if format else f"encoder={IMAGENET!r}"
    reshaped = f"(-1, {h}, {w})" if c == 1 else f"(-1, {h}, {w}, {c})"
    rows = f" such as X.reshape{reshaped}" if format and shape[1] == c * h * w else ""
    return (
        f"{name} takes pictures{size}, but X has 2 dimensions, {shape}: rows of numbers. Give pictures: an array (n, H, W) "
        f"or (n, H, W, 3){rows}, or a list of files"
    )
