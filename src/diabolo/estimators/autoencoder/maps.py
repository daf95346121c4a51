"""Codes (n, k) -> points of a map (n, 2).

    k = 1    a strip: rows of the same bin are stacked, as in a histogram
    k = 2    the codes themselves
    k > 2    t-SNE, which keeps neighbors together; without openTSNE, the two directions of largest variance

References
----------
Visualizing data using t-SNE (van der Maaten & Hinton, 2008)
openTSNE: a modular Python library for t-SNE dimensionality reduction (Policar et al., 2024), https://doi.org/10.18637/jss.v109.i03
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import missing_extra
from .regions import Region

__all__ = ["MAX_ROWS", "Map", "spread"]

MAX_ROWS = 5000  # rows; t-SNE takes about 15 seconds for them
MIN_ROWS = 5  # rows that t-SNE needs
BINS = 60
EDGE = (0.005, 0.995)  # the map shows the range between these quantiles, and a margin


@dataclass(frozen=True)
class Map:
    """A map of codes: `places` (n, 2), the method, the names of the two axes, and a note for the reader.

    Pictures show a frame, and what lies beyond at its edge, so that far points do not squeeze all others into a corner.

    Examples
    --------
    >>> z = np.random.default_rng(0).normal(size=(50, 2))
    >>> found = spread(z)
    >>> found.method, found.transform(z[:3]).shape
    ('codes', (3, 2))
    """

    places: np.ndarray
    method: str
    axes: tuple[str, str]
    note: str
    onto: Callable[[np.ndarray], np.ndarray] = field(repr=False, compare=False)
    naming: Callable[[], list[Region]] = field(default=list, repr=False, compare=False)
    frame: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False, compare=False)

    def transform(self, z: np.ndarray) -> np.ndarray:
        """Further codes (m, k) -> their places (m, 2) on this map, which does not change."""
        return self.onto(np.asarray(z, dtype=np.float64))

    def inside(self, places: np.ndarray) -> np.ndarray:
        """Places (m, 2) as pictures show them."""
        return places if self.frame is None else places.clip(*self.frame)

    @property
    def drawn(self) -> np.ndarray:
        """(n, 2) `places` as pictures show them."""
        return self.inside(self.places)

    @cached_property
    def regions_(self) -> list[Region]:
        """Regions of the map, the largest first, each named by the columns or words that set its rows apart (regions.py)."""
        return self.naming()


def spread(z: np.ndarray, seed: int = 0) -> Map:
    """Codes z (n, k) -> their map."""
    if z.shape[1] == 1:
        return strip(z[:, 0])
    if z.shape[1] == 2:
        return framed(z, "codes", ("z1", "z2"), "Each point is a row; its coordinates are its two codes.", lambda new: new)
    if len(z) < MIN_ROWS or np.ptp(z, 0).max() <= 1e-9 * np.abs(z).max():
        return plane(z, f"t-SNE needs at least {MIN_ROWS} rows that differ.")
    try:
        return tsne(z, seed)
    except ImportError as error:
        return plane(z, f"{error}.")


def strip(z: np.ndarray) -> Map:
    """The histogram of a single code, one point per row; its frame ends the codes, and not the stacks."""
    ends, outside = frame_of(z[:, None])
    near = z.clip(*ends)
    bins = np.digitize(near, np.histogram_bin_edges(near, BINS)[1:-1])
    heights = np.zeros(len(z))
    for b in np.unique(bins):
        (rows,) = np.nonzero(bins == b)
        heights[rows[np.argsort(z[rows], kind="stable")]] = np.arange(1, len(rows) + 1)
    note = "Each point is a row. Its horizontal position is its code; rows with similar codes are stacked."
    frame = np.array([*ends[0], -np.inf]), np.array([*ends[1], np.inf])
    places = np.column_stack([z, heights])
    return Map(places, "strip", ("z1", "rows"), note + outside, lambda new: np.column_stack([new, 0 * new]), frame=frame)


def plane(z: np.ndarray, reason: str) -> Map:
    """The plane in which the codes vary most."""
    _, _, v = np.linalg.svd(z - z.mean(0), full_matrices=False)

    def onto(new: np.ndarray) -> np.ndarray:
        places = (new - z.mean(0)) @ v[:2].T
        return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))

    note = f"{reason} The map shows the plane in which the codes vary most: the first two principal directions."
    return framed(onto(z), "plane", ("direction 1", "direction 2"), note, onto)


def tsne(z: np.ndarray, seed: int) -> Map:
    """A map where neighbors in z are neighbors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its own dependencies: the user can do nothing about them
        fitted = _tsne(len(z), seed).fit(np.ascontiguousarray(z))
    note = "Rows that are close have similar codes. The size of groups and the distances between them say little."
    return Map(np.asarray(fitted), "t-SNE", ("", ""), note, lambda new: _placed(fitted, new))


def _placed(fitted: Any, new: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(fitted.transform(np.ascontiguousarray(new)))


def _tsne(n: int, seed: int) -> Any:
    try:
        from openTSNE import TSNE
    except ImportError:
        raise missing_extra("openTSNE", "maps", "t-SNE maps") from None
    return TSNE(perplexity=min(30.0, (n - 1) / 3), neighbors="exact", n_jobs=1, random_state=seed)


def framed(places: np.ndarray, method: str, axes: tuple[str, str], note: str, onto: Callable[[np.ndarray], np.ndarray]) -> Map:
    """A map with a frame; the note says how many points lie outside."""
    frame, outside = frame_of(places)
    return Map(places, method, axes, note + outside, onto, frame=frame)


def frame_of(places: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    """The two ends of most places (n, d), and how many lie beyond, in words."""
    low, high = np.quantile(places, EDGE, axis=0)
    margin = 0.35 * (high - low)
    frame = low - margin, high + margin
    count = int((places.clip(*frame) != places).any(1).sum())
    outside = f" Outside the frame, and drawn at its edge: {count:,} of {len(places):,} points." if count else ""
    return frame, outside
