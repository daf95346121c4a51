r"""By how much the field of each letter is raised: it has its ink, and does not come apart.

    o(z) = w(z) R                                     R (k, L): by how much at each place that was learned
    ink of { f_k + R_k > 0 } = ink of face k          for each letter: the mean of thin lines that do not lie on one another
                                                      is no line, it fades
    chi(z, u) = pieces - holes of { f(z) + u > 0 }    as in most of the faces nearby

Where two thin lines part, a raised field has them meet again, and where a hole has closed, a lowered one opens it. So at many
places between the faces the levels [a, b] are found at which a letter has the Euler number chi that most of the faces nearby
have, as near to o(z) as may be, and R is moved until o(z) is among them:

    R <- R + C W' (clip(W R, a, b) - W R)             W: w of these places, C: 1 / sums of its columns

R is kept by its principal components, as further numbers of the faces.

References
----------
Local properties of binary images in two dimensions (Gray, 1971), https://doi.org/10.1109/T-C.1971.223289
Iterative methods for the three-dimensional reconstruction of an object from projections (Gilbert, 1972),
https://doi.org/10.1016/0022-5193(72)90180-4
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from .contours import cubic
from .decoder import CHUNK, Decoder
from .fields import coverage
from .variants import Varied

__all__ = ["euler", "leveled"]

RAISED = 1.0  # cells that a field is raised at most for its ink
TINY = 1e-3  # beyond that sample the field is raised by so much
LOWEST, STEP, COUNT = -0.5, 0.05, 36  # levels at which pieces are counted
FARTHEST = 0.25  # cells from the level of the ink: a letter much bolder than the others is worse than a gap
FINER = 2  # times as many samples a side when pieces are counted
NEAR = 8  # faces that say how many pieces a letter has
BESIDE, WAYS = 5, 20  # faces to which there are places on the way, and so many of these from each face, at most
BETWEEN, AROUND = 2000, 3000  # places between faces, and around all that were learned, at most
SLIGHT = 1e-3  # a weight w that is smaller is none
FEW = 0.3  # a unit of which the sum of w is less moves less
PASSES, PACE = 30, 1.5  # of R
COMPONENTS = 40  # of R
PART = 32  # places at which pieces are counted together


def leveled(decoder: Decoder, rows: Varied, n: int, rng: np.random.Generator) -> Decoder:
    """The decoder whose fields are raised; the pictures to be expected stay. The first n of the rows are the faces."""
    up = np.concatenate([_missing(decoder, rows, part) for part in rows.pieces()])
    pieces = np.concatenate([_counted(rows.take(slice(i, min(i + PART, n)))) for i in range(0, n, PART)])[..., 0]
    z = _between(decoder, n, rng)
    near = _near(decoder, z)
    low, high = _bounds(decoder, z, near @ up, _usual(pieces, decoder.places[:n].numpy(force=True), z))
    pace = PACE / np.maximum(near.sum(0).A1, FEW)[:, None]
    for _ in range(PASSES):
        level = near @ up
        up += pace * (near.T @ (np.clip(level, low, high) - level))
    return _raised(decoder, torch.from_numpy(up))


# ── ink ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@torch.no_grad()
def _missing(decoder: Decoder, rows: Varied, part: slice) -> np.ndarray:
    """(b, L) by how much to raise the fields of some faces: as much is inside as there is ink, between the cells, too."""
    fields = decoder.some(decoder.places[part], list(range(decoder.letters)))[0]
    ink = coverage(rows.take(part)).mean((2, 3)).numpy()
    fine = nn.functional.interpolate(fields, scale_factor=2, mode="bilinear").flatten(2).numpy()
    last = ((1 - ink) * fine.shape[2]).astype(int).clip(0, fine.shape[2] - 1)  # the lowest sample that is inside
    up = TINY - np.take_along_axis(np.sort(fine, 2), last[..., None], 2)[..., 0]
    return np.asarray(up.clip(-RAISED / 4, RAISED))


# ── pieces and holes ─────────────────────────────────────────────────────────────────────────────────────────────────


def euler(fields: np.ndarray, lowest: float = 0.0, step: float = 1.0, count: int = 1) -> np.ndarray:
    """Pieces less holes of what is inside when fields (n, s, s) are raised by each of `count` levels: (n, count).

    All levels at once: a sample is inside from its own level on, a pair from the later of two, a square from the last of four.

    >>> ring = 1.5 - abs(np.hypot(*np.mgrid[-5:6, -5:6]) - 3)
    >>> euler(np.stack([ring, ring - 2]), step=2.5, count=2).tolist()
    [[0, 1], [0, 0]]
    """
    fine = cubic(size := fields.shape[1], (np.arange(FINER * size) + 0.5) / FINER - 0.5).astype(np.float32)
    first = np.floor((-(fine @ fields @ fine.T) - lowest) / step) + 1
    sample = first.clip(0, count).astype(np.uint8)
    across, down = np.maximum(sample[:, 1:], sample[:, :-1]), np.maximum(sample[:, :, 1:], sample[:, :, :-1])
    square = np.maximum(down[:, 1:], down[:, :-1])
    total = np.zeros((len(fields), count + 1), np.int64)
    for sign, parts in ((1, sample), (-1, across), (-1, down), (1, square)):
        total += sign * np.stack([np.bincount(part.ravel(), minlength=count + 1) for part in parts])
    return total[:, :-1].cumsum(1)


def _counted(fields: Tensor, lowest: float = 0.0, step: float = 1.0, count: int = 1) -> np.ndarray:
    """`euler` of fields (b, L, s, s): (b, L, count)."""
    return euler(fields.flatten(0, 1).numpy(), lowest, step, count).reshape(*fields.shape[:2], count)


def _between(decoder: Decoder, n: int, rng: np.random.Generator) -> np.ndarray:
    """The faces, places on the way from one to another nearby, and places around all that was learned."""
    places = decoder.places.numpy(force=True)
    own, others = places[:n], rng.permutation(len(places))[:AROUND]
    one = np.arange(min(BETWEEN, WAYS * n)) % n
    far = np.square(own[one, None] - own).sum(2).argsort(1)[:, 1 : BESIDE + 1]
    two = far[np.arange(len(one)), rng.integers(0, far.shape[1], len(one))]
    way = rng.random((len(one), 1))
    around = places[others] + decoder.width * rng.normal(size=(len(others), 2))
    return np.concatenate([own, own[one] * way + own[two] * (1 - way), around]).astype(np.float32)


@torch.no_grad()
def _near(decoder: Decoder, z: np.ndarray) -> sparse.csr_matrix:
    """W (N, k)."""
    parts = []
    for part in torch.from_numpy(z).split(CHUNK):
        w = decoder.near(part)
        parts.append(sparse.csr_matrix(torch.where(w < SLIGHT, 0.0, w).numpy()))
    return sparse.vstack(parts).tocsr()


def _usual(pieces: np.ndarray, places: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(N, L): of (n, L), what most of the faces near z have; NaN where they differ."""
    said = pieces[np.square(z[:, None] - places).sum(2).argsort(1)[:, :NEAR]]
    votes = np.stack([(said == said[:, i : i + 1]).sum(1) for i in range(said.shape[1])], 1)
    most = np.take_along_axis(said, votes.argmax(1)[:, None], 1)[:, 0]
    return np.where(2 * votes.max(1) > said.shape[1], most, np.nan)


@torch.no_grad()
def _bounds(decoder: Decoder, z: np.ndarray, level: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, L) each: the lowest and the highest of the levels at which a letter is whole, as near to `level` as may be."""
    letters, low, high = list(range(decoder.letters)), [], []
    for i in range(0, len(z), PART):
        part = slice(i, i + PART)
        found = _counted(decoder.some(torch.from_numpy(z[part]), letters)[0], LOWEST, STEP, COUNT)
        at = (level[part] - LOWEST) / STEP
        within = abs(np.arange(COUNT) - at[..., None]) <= FARTHEST / STEP
        a, b = _run((found == usual[part, :, None]) & within, at)
        low.append(np.where(a < 0, -np.inf, LOWEST + STEP * a))
        high.append(np.where(a < 0, np.inf, LOWEST + STEP * b))
    return np.concatenate(low), np.concatenate(high)


def _run(good: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last of that run of good ones (..., J) which is nearest to `at` (...); -1 if there is none.

    Runs are a little shorter than they are, if something remains: near their ends a letter may break.
    """
    inner = good.copy()
    inner[..., 1:] &= good[..., :-1]
    inner[..., :-1] &= good[..., 1:]
    good = np.where(inner.any(-1, keepdims=True), inner, good)
    all_ = np.arange(good.shape[-1])
    best = np.where(good, abs(all_ - at[..., None]), np.inf).argmin(-1)[..., None]
    before = np.maximum.accumulate(np.where(good, -1, all_), -1)
    after = np.minimum.accumulate(np.where(good, len(all_), all_)[..., ::-1], -1)[..., ::-1]
    first, last = (np.take_along_axis(ends, best, -1)[..., 0] for ends in (before + 1, after - 1))
    none = ~good.any(-1)
    return np.where(none, -1, first), np.where(none, -1, last)


# ── the decoder ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _raised(decoder: Decoder, up: Tensor) -> Decoder:
    """The decoder with o(z) = w(z) up (k, L), as far as its principal components say it."""
    level = up.mean(0)
    count = min(COMPONENTS, *up.shape)
    _, spread, axes = torch.linalg.svd(up - level, full_matrices=False)
    unit = spread[:count] / len(up) ** 0.5 + 1e-6
    r, (letters, cells, m), pad = decoder.values.shape[1], decoder.draw.shape, nn.functional.pad
    raised = Decoder(len(up), r + count, m + 1, letters, decoder.size, decoder.width)
    how = pad(axes[:count].T * unit, (r, 0))[:, None]  # (L, 1, r + count)

    def beside(old: Tensor, new: Tensor) -> Tensor:
        """By letter (L, m + 2, ...): its numbers, by how much its field is raised, its advance, a lower offset."""
        return torch.cat([old[:, :m], new, old[:, m : m + 1], old[:, m + 1 :] - new], 1).flatten(0, 1)

    with torch.no_grad():
        mix, bias = (t.unflatten(0, (letters, -1)) for t in (decoder.mix.weight, decoder.mix.bias))
        raised.places.copy_(decoder.places)
        raised.values.copy_(torch.cat([decoder.values, (up - level) @ axes[:count].T / unit], 1))
        raised.mix.weight.copy_(beside(pad(mix, (0, count)), how))
        raised.mix.bias.copy_(beside(bias, level[:, None]))
        raised.draw.copy_(torch.cat([decoder.draw, torch.ones(letters, cells, 1)], 2))
        raised.level.copy_(decoder.level)
    return raised
