r"""The font manifold: every place of a plane is a font.

    w_k(z) = softmax_k( -|z - c_k|^2 / 2 h^2 )          how near z is to the place c_k of a face that was learned
    D(z)   = b + B sum_k w_k(z) v_k                     v_k (r,): the face in r numbers;  B: what each of them draws
    D(z)   = (f, a, o)                                  fields: signed distances to the outline, in cells; advances; offsets
    y(z)   = sigma(3 (f + o))                           the picture to be expected, gray where z leaves it open

    min  sum_i  | y - coverage_i |^2  +  lambda | f - f_i |^2  +  mu | a - a_i |^2          at c_i + h e,  e ~ N(0, 1)

D is a network with one hidden layer, whose units are the faces; at z it draws the mean of the faces nearby. The noise h e keeps
it smooth: a place must look right for all that lies around it. Faces are placed so that similar ones are close (t-SNE), with
copies of each that are a little bolder, wider, taller, looser or more slanted: these fill the plane between them.
The mean of thin lines that do not lie on one another is no line. So at last the fields of each letter are raised until there is
as much ink inside as the faces nearby have; -o is by how much. The place of a new font is where the decoder draws it best:

    z* = argmin_z | y(z) - coverage |^2 + | a(z) - advances |^2        over a grid, then by gradient descent

References
----------
Learning a manifold of fonts (Campbell & Kautz, 2014), https://doi.org/10.1145/2601097.2601212
DeepSDF (Park et al., 2019), https://arxiv.org/abs/1901.05103 (a decoder learned with the places)
On estimating regression (Nadaraya, 1964), https://doi.org/10.1137/1109020
Visualizing data using t-SNE (van der Maaten & Hinton, 2008)
"""

from __future__ import annotations

import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import storage
from ..chance import redirected
from ..density import Kernel
from ..errors import DataError, FormatError, suggest
from ..rows import Rows
from ..training import SGD, minimize
from .collection import Collection
from .fields import coverage
from .files import Named
from .glyphs import BOX, CAPITALS

__all__ = ["Decoder", "Glyphs", "Manifold", "fit", "load"]

KIND = "FontManifold"
SHARPNESS = 3.0  # of the edge in a picture of the field
NEAR = 1.5  # cells; what is farther from the outline is not learned
UNIT = 0.05  # em: advances are decoded in this unit, for numbers as large as those of fields
SPACING = 1.0  # of the squared error of advances, in em, beside that of pictures
GRID = 97  # places of a side that the search for the best place begins with
STEPS, STEP = 40, 0.25  # of its gradient descent; the step in widths h
MARGIN = 3.0  # widths h around the faces
CHUNK = 512  # places decoded at once


class Decoder(nn.Module):
    """Places z (n, 2) -> (n, L s s + 2 L): fields of all letters, then their advances, then their offsets.

    Parameters
    ----------
    k, r : int
        Numbers of places c, and of numbers of a face.
    letters, size : int
        Number of letters, and cells of a side of a field.
    width : float
        h.
    """

    def __init__(self, k: int, r: int, letters: int, size: int, width: float) -> None:
        super().__init__()
        self.letters, self.size, self.width = letters, size, width
        self.places = nn.Parameter(torch.zeros(k, 2))
        self.values = nn.Parameter(torch.zeros(k, r))
        self.draw = nn.Linear(r, letters * (size * size + 2))

    def near(self, z: Tensor) -> Tensor:
        """z (n, 2) -> w (n, k)."""
        away = (z[:, None] - self.places).square().sum(-1)
        return torch.softmax(away / (-2 * self.width**2), -1)

    def numbers(self, z: Tensor) -> Tensor:
        """z (n, 2) -> (n, r)."""
        return self.near(z) @ self.values

    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = self.draw(self.numbers(z))
        return out

    def some(self, z: Tensor, letters: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Fields (n, l, s, s), advances (n, l) in em and offsets (n, l) of some letters, by number."""
        cells, count = self.size**2, len(letters)
        rows = torch.tensor([range(i * cells, (i + 1) * cells) for i in letters], dtype=torch.int64).reshape(-1)
        ends = [torch.tensor(letters, dtype=torch.int64) + self.letters * (cells + more) for more in (0, 1)]
        rows = torch.cat([rows, *ends])
        out = nn.functional.linear(self.numbers(z), self.draw.weight[rows], self.draw.bias[rows])
        fields, advances, offsets = out.split([count * cells, count, count], -1)
        return fields.reshape(len(z), count, self.size, self.size), advances * UNIT, offsets


def expected(fields: Tensor, offsets: Tensor) -> Tensor:
    """Fields (n, l, s, s) and offsets (n, l) -> the pictures (n, l, s, s) to be expected, in [0, 1]."""
    return torch.sigmoid(SHARPNESS * (fields + offsets[..., None, None]))


@dataclass(frozen=True)
class Glyphs:
    """What is decoded at one place.

    Parameters
    ----------
    letters : str
    fields : (l, s, s)
        In cells; the outline is where a field is 0.
    advances : (l,)
        In em.
    """

    letters: str
    fields: np.ndarray
    advances: np.ndarray

    def box(self, i: int) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the picture of letter i in em, when its origin is at 0."""
        x0, y0, x1, y1 = BOX
        middle = float(self.advances[i]) / 2
        return x0 + middle, y0, x1 + middle, y1


@dataclass(frozen=True)
class Manifold:
    """A plane of fonts.

    Parameters
    ----------
    letters : str
        What each font has.
    decoder : Decoder
    places : (n, 2)
        Of the faces that were learned.
    faces : list of Named
    about : str
        What it was learned from.
    pictures : (n, l, s, s) of uint8
        The capitals of the faces: what a benchmark compares with.
    """

    letters: str
    decoder: Decoder
    places: np.ndarray
    faces: list[Named]
    about: str
    pictures: np.ndarray

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, x1, y0, y1 around all places."""
        c = self.decoder.places.detach().numpy()
        (x0, y0), (x1, y1) = c.min(0) - MARGIN * self.decoder.width, c.max(0) + MARGIN * self.decoder.width
        return float(x0), float(x1), float(y0), float(y1)

    def index(self, text: str) -> list[int]:
        """The numbers of the letters of a text, each once.

        Raises
        ------
        DataError
            A letter was not learned.
        """
        wanted = dict.fromkeys(text)
        unknown = [c for c in wanted if c not in self.letters]
        if unknown:
            raise DataError(f"{' '.join(map(repr, unknown))}: this manifold has only the letters {self.letters}")
        return [self.letters.index(c) for c in wanted]

    def at(self, place: Any, text: str | None = None) -> Glyphs:
        """The font at a place (x, y): all letters, or those of a text."""
        z = torch.as_tensor(np.asarray(place, dtype=np.float32)).reshape(1, -1)
        if z.shape[1] != 2 or not bool(torch.isfinite(z).all()):
            raise DataError(f"place={place!r}: give two finite numbers, x and y")
        numbers = self.index(self.letters if text is None else text)
        with torch.no_grad():
            fields, advances, _ = self.decoder.some(z, numbers)
        return Glyphs("".join(self.letters[i] for i in numbers), fields[0].numpy(), advances[0].numpy())

    def placed(self, pictures: np.ndarray, advances: np.ndarray, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The best places (n, 2) of fonts, and the mean squared errors (n,) of their pictures there.

        `pictures` (n, l, s, s) in [0, 1] and `advances` (n, l) in em are those of the letters of a text, each once.
        """
        target = torch.from_numpy(pictures).flatten(1), torch.from_numpy(advances)
        return best_places(self.decoder, *target, self.index(text), self.box)

    def nearest(self, place: Any) -> str:
        """The name of the face that is nearest to a place."""
        return self.faces[int(np.square(self.places - np.asarray(place)).sum(1).argmin())].name

    def where(self, name: str) -> np.ndarray:
        """The place (2,) of a named face."""
        names = [face.name for face in self.faces]
        found = [i for i, known in enumerate(names) if known.casefold() == name.strip().casefold()]
        if not found:
            raise DataError(f"no face {name!r} is among the {len(names):,} that were learned{suggest(name, names)}")
        return np.asarray(self.places[found[0]])

    def density(self) -> Kernel:
        """p(z) of the faces."""
        kernel = Kernel()
        kernel.fit(self.places)
        return kernel

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one ``.diabolo`` file, atomically; what is drawn as bytes."""
        d = self.decoder
        meta = {
            "letters": self.letters,
            "size": d.size,
            "width": d.width,
            "faces": [list(face) for face in self.faces],
            "about": self.about,
        }
        half = {"values": d.values, "level": d.draw.bias}
        arrays = {name: t.detach().numpy().astype(np.float16) for name, t in half.items()}
        arrays["draw"] = (d.draw.weight.detach().numpy() + LEVELS).astype(np.uint8)
        whole = {"centers": d.places.detach().numpy(), "places": self.places.astype(np.float32)}
        pictures = np.frombuffer(zlib.compress(self.pictures.tobytes(), 9), np.uint8)
        storage.write(path, KIND, meta, arrays | whole | {"pictures": pictures})


def load(path: str | os.PathLike[str]) -> Manifold:
    """Read what :meth:`Manifold.save` wrote.

    Raises
    ------
    FormatError
        The file is damaged, or holds something else.
    """
    meta, arrays = storage.read(path, KIND)
    with storage.explained(Path(path)):
        k, r = arrays["values"].shape
        faces = [Named(*face) for face in meta["faces"]]
        n = len(faces)
        decoder = Decoder(k, r, len(meta["letters"]), int(meta["size"]), float(meta["width"]))
        state = {"places": "centers", "values": "values", "draw.weight": "draw", "draw.bias": "level"}
        decoder.load_state_dict({name: torch.from_numpy(arrays[key]).float() for name, key in state.items()})
        with torch.no_grad():
            decoder.draw.weight.sub_(LEVELS)
        if arrays["places"].shape != (n, 2) or any(list(map(type, face)) != [str, str, int, bool] for face in faces):
            raise FormatError("its faces are not as many as their places")
        pictures = _unpacked(arrays["pictures"], n, compared(meta["letters"]), decoder.size)
        return Manifold(meta["letters"], decoder, arrays["places"], faces, meta["about"], pictures)


def _unpacked(packed: np.ndarray, n: int, letters: str, size: int) -> np.ndarray:
    shape = (n, len(letters), size, size)
    unzip = zlib.decompressobj()
    plain = unzip.decompress(packed.tobytes(), math.prod(shape))
    if len(plain) != math.prod(shape) or not unzip.eof:
        raise FormatError("its pictures are not as many as its faces")
    return np.frombuffer(plain, np.uint8).reshape(shape)


def compared(letters: str) -> str:
    """The letters by which fonts are compared: the capitals, or all if there are not all capitals."""
    return CAPITALS if set(CAPITALS) <= set(letters) else letters


# ── the best place ───────────────────────────────────────────────────────────────────────────────────────────────────


def best_places(
    decoder: Decoder, pictures: Tensor, advances: Tensor, letters: list[int], box: tuple[float, float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) where pictures (n, l s s) and advances (n, l) are decoded best, and errors of pictures (n,)."""
    grid, both = _grid(box), (pictures, advances * SPACING**0.5)
    with torch.no_grad():
        errors = torch.cat([_all_errors(_decoded(decoder, z, letters), both) for z in grid.split(CHUNK)])
        least, at = errors.min(0)
    z, best = grid[at], grid[at].clone()
    z.requires_grad_()
    descent = torch.optim.Adam([z], lr=STEP * decoder.width)
    for _ in range(STEPS):
        descent.zero_grad()
        now = _errors(_decoded(decoder, z, letters), both)
        with torch.no_grad():
            better = now < least
            best[better], least = z[better], torch.minimum(now, least)
        now.sum().backward()
        descent.step()
    with torch.no_grad():
        ink = _decoded(decoder, best, letters)[0]
    return best.numpy(), (ink - pictures).square().mean(1).numpy()


def _grid(box: tuple[float, float, float, float]) -> Tensor:
    x, y = torch.linspace(box[0], box[1], GRID), torch.linspace(box[2], box[3], GRID)
    return torch.cartesian_prod(x, y)


Both = tuple[Tensor, Tensor]  # pictures (n, l s s), and advances (n, l) so scaled that their errors count as they should


def _decoded(decoder: Decoder, z: Tensor, letters: list[int]) -> Both:
    fields, advances, offsets = decoder.some(z, letters)
    return expected(fields, offsets).flatten(1), advances * SPACING**0.5


def _errors(decoded: Both, target: Both) -> Tensor:
    return sum(((d - t).square().mean(1) for d, t in zip(decoded, target, strict=True)), torch.tensor(0.0))


def _all_errors(decoded: Both, target: Both) -> Tensor:
    """Of m decoded fonts and n: (m, n)."""
    total = torch.tensor(0.0)
    for d, t in zip(decoded, target, strict=True):
        total = total + (d.square().sum(1)[:, None] + t.square().sum(1) - 2 * d @ t.T) / t.shape[1]
    return total


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────────

COPIES = 6  # of each face
LIKE = {"wide": 0.10, "tall": 0.06, "slant": 0.08, "bold": 0.4, "loose": 0.03}  # of logarithms, a slope, cells, em
MIDDLE = 0.35  # em; what is slanted stays where it is at this height
RANK = 64
WIDTH = 0.05  # h, in deviations of the places
PERPLEXITY = 20
WIDE = 0.15  # of the advances beside the pictures, when faces are placed
SAMPLE = 1024  # faces whose principal components are what is drawn
LEVELS = 127
SHARE = 0.1  # of the advances in the variance of which the principal components are taken
FIELD, ADVANCE = 0.02, 0.002  # weights of the errors beside that of pictures
EDGE = 4.0  # sharpness of an outline that is drawn
RAISED = 1.0  # cells that a field is raised at most
LEVELED = 12  # principal components of how much


def fit(
    faces: Collection,
    *,
    copies: int = COPIES,
    rank: int = RANK,
    width: float = WIDTH,
    epochs: int = 8,
    lr: float = 1e-3,
    seed: int = 0,
    about: str = "",
    progress: bool = False,
) -> Manifold:
    """Learn a manifold from faces.

    Parameters
    ----------
    faces : Collection
    copies : int
        Varied copies of each face.
    rank : int
        r, numbers of a face.
    width : float
        h, in deviations of the places.
    epochs, lr, seed
        Of SGD.
    about : str
        What the faces are.
    progress : bool
        Whether to show how far it is.
    """
    if len(faces) < 3:
        raise DataError(f"there are {len(faces)} faces: a manifold needs at least 3")
    rng = np.random.default_rng(seed)
    rows = varied(faces, copies, rng)
    places = spread_out(rows, seed)
    decoder = begun(rows, places, rank, width, rng)
    train(decoder, rows, epochs, lr, seed, "fonts" if progress else None)
    decoder = leveled(decoder, rows)
    rounded(decoder)
    own = places[: len(faces)]
    pictures = faces.pictures[:, [faces.letters.index(c) for c in compared(faces.letters)]]
    return Manifold(faces.letters, decoder.eval(), own, faces.faces, about, pictures)


@dataclass(frozen=True)
class Varied:
    """Fields as bytes (n, L s s), from -NEAR to NEAR, and advances (n, L) in units of UNIT."""

    fields: np.ndarray
    advances: np.ndarray
    shape: tuple[int, int]  # L, s

    def take(self, rows: Any) -> Tensor:
        """(b, L s s) fields in cells."""
        return as_cells(torch.from_numpy(self.fields[rows]))


def as_cells(stored: Tensor) -> Tensor:
    return stored.float() * (2 * NEAR / 254) - NEAR


def as_bytes(fields: Tensor) -> Tensor:
    return ((fields + NEAR) * (254 / (2 * NEAR))).round().clamp(0, 254).to(torch.uint8)


def varied(faces: Collection, copies: int, rng: np.random.Generator) -> Varied:
    """The faces, then `copies` times all of them, each changed a little."""
    fields = torch.from_numpy(faces.fields)
    n, letters, size, _ = fields.shape
    own = faces.advances / np.float32(UNIT)
    parts, advances = [as_bytes(fields)], [own]
    for _ in range(copies):
        how = {name: torch.from_numpy(rng.normal(0, by, n).astype(np.float32)) for name, by in LIKE.items()}
        parts.append(as_bytes(changed(fields, how["wide"].exp(), how["tall"].exp(), how["slant"], how["bold"])))
        advances.append(own * how["wide"].exp().numpy()[:, None] + how["loose"].numpy()[:, None] / np.float32(UNIT))
    flat = torch.cat(parts).reshape(-1, letters * size * size).numpy()
    return Varied(flat, np.concatenate(advances), (letters, size))


def changed(fields: Tensor, wide: Tensor, tall: Tensor, slant: Tensor, bold: Tensor) -> Tensor:
    """Fields (n, L, s, s) of faces that are wider, taller, slanted and bolder by (n,) each; the baseline stays."""
    _, y0, _, y1 = BOX
    base, middle = ((y0 + y1 - 2 * y) / (y1 - y0) for y in (0.0, MIDDLE))  # downwards, the picture from -1 to 1
    n = len(fields)
    how = torch.zeros(n, 2, 3)  # from a cell of the new picture to that of the old one
    how[:, 0, 0], how[:, 0, 1], how[:, 0, 2] = 1 / wide, slant / wide, -slant * middle / wide
    how[:, 1, 1], how[:, 1, 2] = 1 / tall, base - base / tall
    grid = nn.functional.affine_grid(how, list(fields.shape), align_corners=False)
    moved = nn.functional.grid_sample(fields, grid, padding_mode="border", align_corners=False)
    shape = (n, 1, 1, 1)
    return moved * (wide * tall).sqrt().view(shape) + bold.view(shape)


def spread_out(rows: Varied, seed: int) -> np.ndarray:
    """Places (n, 2) where similar faces are close: t-SNE of principal components of small pictures and advances."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    letters, size = rows.shape
    small = [
        nn.functional.avg_pool2d(coverage(rows.take(slice(i, i + 64))).reshape(-1, letters, size, size), 2).flatten(1)
        for i in range(0, len(rows.fields), 64)
    ]
    x = torch.cat(small)
    wide = torch.from_numpy(rows.advances)
    wide = wide * (WIDE * x.var(0).sum() / wide.var(0).sum()).sqrt()
    both, n = torch.cat([x, wide], 1).numpy(), len(x)
    few = PCA(min(50, n - 1), svd_solver="randomized", random_state=seed).fit_transform(both)
    z = TSNE(2, perplexity=min(PERPLEXITY, (n - 1) / 3), init="pca", random_state=seed).fit_transform(few)
    return np.asarray((z - z.mean(0)) / z.std(0), dtype=np.float32)


def begun(rows: Varied, places: np.ndarray, rank: int, width: float, rng: np.random.Generator) -> Decoder:
    """The decoder before training: principal components of fields and advances, and each face in these."""
    n, (letters, size) = len(rows.fields), rows.shape
    some = np.sort(rng.choice(n, min(SAMPLE, n), replace=False))
    unit = np.ones(rows.fields.shape[1] + letters, np.float32)
    unit[-letters:] = (SHARE * rows.take(some).var(0).sum().item() / rows.advances[some].var(0).sum()) ** 0.5

    def both(part: Any) -> Tensor:
        return torch.cat([rows.take(part), torch.from_numpy(rows.advances[part])], 1) * torch.from_numpy(unit)

    x = both(some)
    level, rank = x.mean(0), min(rank, len(some) - 1)
    with redirected(int(rng.integers(1 << 31))):
        _, spread, axes = torch.svd_lowrank(x - level, rank + 8, niter=3)
    axes, spread = axes[:, :rank], spread[:rank] / len(some) ** 0.5
    decoder = Decoder(n, rank, letters, size, width)
    known = len(unit)  # the offsets begin at zero
    with torch.no_grad():
        decoder.draw.weight[known:], decoder.draw.bias[known:] = 0, 0
        decoder.places.copy_(torch.from_numpy(places))
        for i in range(0, n, CHUNK):
            decoder.values[i : i + CHUNK] = (both(slice(i, i + CHUNK)) - level) @ axes / spread
        decoder.draw.weight[:known] = axes * spread / torch.from_numpy(unit)[:, None]
        decoder.draw.bias[:known] = level / torch.from_numpy(unit)
    return decoder


def rounded(decoder: Decoder) -> None:
    """Round what is drawn to 255 steps and the rest to 16 bits: a small file, and a small page."""
    with torch.no_grad():
        step = decoder.draw.weight.abs().amax(0) / LEVELS
        decoder.draw.weight.copy_((decoder.draw.weight / step).round())
        decoder.values.mul_(step)
        decoder.values.copy_(decoder.values.half().float())
        decoder.draw.bias.copy_(decoder.draw.bias.half().float())


def train(decoder: Decoder, rows: Varied, epochs: int, lr: float, seed: int, title: str | None) -> None:
    """SGD of the sum at the top."""
    decoder.places.requires_grad_(False)
    widths, (letters, size) = torch.from_numpy(rows.advances), rows.shape

    def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        z = decoder.places[i] + decoder.width * torch.randn(len(i), 2, generator=rng)
        out, advances, offsets = decoder(z).split([x.shape[1], letters, letters], -1)
        fields, target = (v.reshape(-1, letters, size, size) for v in (out, as_cells(x)))
        return (
            (expected(fields, offsets) - coverage(target)).square().mean((1, 2, 3))
            + FIELD * (fields - target).square().mean((1, 2, 3))
            + ADVANCE * (advances - widths[i]).square().mean(1)
        )

    plan = SGD(epochs=epochs, batch_size=min(64, len(rows.fields)), lr=lr, seed=seed, average=0.98, progress=title)
    if epochs:
        minimize(decoder, objective, Rows(torch.from_numpy(rows.fields)), None, plan)


def leveled(decoder: Decoder, rows: Varied) -> Decoder:
    """The decoder whose fields are raised until each face has its ink; the pictures to be expected stay."""
    up = torch.cat([_missing(decoder, rows, slice(i, i + 64)) for i in range(0, len(rows.fields), 64)])
    level = up.mean(0)
    count = min(LEVELED, *up.shape)
    _, spread, axes = torch.linalg.svd(up - level, full_matrices=False)
    unit = spread[:count] / len(up) ** 0.5 + 1e-6
    raised = Decoder(len(up), decoder.values.shape[1] + count, decoder.letters, decoder.size, decoder.width)
    cells = decoder.size**2

    def onto(each: Tensor) -> Tensor:
        """By letter (L, ...) -> by output: raised fields, the same advances, lower offsets."""
        return torch.cat([each.repeat_interleave(cells, 0), torch.zeros_like(each), -each])

    with torch.no_grad():
        raised.places.copy_(decoder.places)
        raised.values.copy_(torch.cat([decoder.values, (up - level) @ axes[:count].T / unit], 1))
        raised.draw.weight.copy_(torch.cat([decoder.draw.weight, onto(axes[:count].T * unit)], 1))
        raised.draw.bias.copy_(decoder.draw.bias + onto(level))
    return raised


@torch.no_grad()
def _missing(decoder: Decoder, rows: Varied, part: slice) -> Tensor:
    """(b, L) by how much to raise the fields of some faces, by bisection."""
    letters, size = rows.shape
    fields = decoder.some(decoder.places[part], list(range(letters)))[0]
    ink = coverage(rows.take(part)).reshape(-1, letters, size * size).mean(2)
    low, high = torch.full_like(ink, -RAISED / 4), torch.full_like(ink, RAISED)
    for _ in range(8):
        middle = (low + high) / 2
        little = coverage(EDGE * (fields + middle[..., None, None])).mean((2, 3)) < ink
        low, high = torch.where(little, middle, low), torch.where(little, high, middle)
    return (low + high) / 2
