"""From a place of the map to a code, where the map is not the codes themselves.

    z(p) = sum_i w_i z_i / sum_i w_i       w_i = ((1 - t_i) / t_i)^2,  t_i = |p - p_i| / R       over the nearest rows

R is the distance of the first row that no longer counts, so that z(p) is continuous; at a row's own place it is the row's code.
The page does the same (web/near.js).

References
----------
A two-dimensional interpolation function for irregularly-spaced data (Shepard, 1968), https://doi.org/10.1145/800186.810616
"""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

__all__ = ["NEAR", "interpolated"]

NEAR = 12  # rows that count
BEYOND = 1 + 1e-6  # R is a little larger, so that rows that are all as far count alike
LEAST = 1e-6  # smallest t, so that the row at the place itself outweighs all others


def interpolated(at: np.ndarray, places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Places `at` (m, 2), rows with places (n, 2) and codes (n, k) -> codes (m, k).

    >>> places, codes = np.random.default_rng(0).normal(size=(2, 50, 2))
    >>> bool(np.allclose(interpolated(places[:3], places, codes), codes[:3]))
    True
    """
    most = min(NEAR + 1, len(places))
    far, index = NearestNeighbors(n_neighbors=most).fit(places).kneighbors(at)
    radius = far[:, -1:] * (BEYOND if len(places) > NEAR else 2)
    t = np.divide(far, radius, out=np.zeros_like(far), where=radius > 0)
    w = np.square((1 - t) / np.maximum(t, LEAST))
    return np.asarray(np.einsum("mi,mik->mk", w / np.maximum(w.sum(1, keepdims=True), 1e-300), codes[index]))
