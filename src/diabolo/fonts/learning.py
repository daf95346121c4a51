r"""Learning a manifold from the letters of faces.

    min  sum_i  m_i (| y - coverage_i |^2  +  lambda | f - f_i |^2  +  mu | a - a_i |^2)         at c_i + h e,  e ~ N(0, 1)

The noise h e keeps the decoder smooth: a place must look right for all that lies around it. Faces are placed so that similar
ones are close (t-SNE), with copies of each that are a little bolder, wider, taller, looser or more slanted, of more contrast
or with larger small letters: these fill the plane between them. A face has more weight m than its copies, so that the map is
sharp where its siblings will be. The mean of thin lines that do not lie on one another is no
line. So at last the fields of each letter are raised until there is as much ink inside as the faces nearby have; -o is by how
much.

References
----------
Learning a manifold of fonts (Campbell & Kautz, 2014), https://doi.org/10.1145/2601097.2601212
DeepSDF (Park et al., 2019), https://arxiv.org/abs/1901.05103 (fields from places)
Visualizing data using t-SNE (van der Maaten & Hinton, 2008)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from torch import Tensor, nn

from ..chance import redirected
from ..errors import DataError
from ..plan import SGD
from ..rows import Rows
from ..training import minimize
from .collection import Collection
from .decoder import CHUNK, UNIT, Decoder, expected
from .fields import coverage
from .glyphs import BOX
from .manifold import LEVELS, Manifold, compared

__all__ = ["alone", "fit"]

NEAR = 1.5  # cells; what is farther from the outline is not learned
COPIES = 30  # of each face
OWN = 8.0  # m of a face; that of a copy is 1
LIKE = {  # deviations: of logarithms, a slope, cells, em
    "wide": 0.12, "tall": 0.08, "small": 0.07, "slant": 0.07, "bold": 0.35, "contrast": 0.2, "loose": 0.04,
}  # fmt: skip
FAR = 0.2, 1.2  # times these, by copy: faces of other families differ by such, most by little and some by much
MIDDLE = 0.35  # em; what is slanted stays where it is at this height
RANK, LETTER = 192, 32  # r and m: numbers of a face, and of a letter
WIDTH = 1.6  # h, in deviations of the places, times the root of their number
MOST = 16000  # places; of more faces there are fewer copies
PERPLEXITY = 20
WIDE = 0.15  # of the advances beside the pictures, when faces are placed
SAMPLE = 1024  # faces whose principal components are what is drawn
SHARE = 0.1  # of the advances in the variance of which the principal components are taken
FIELD, ADVANCE = 0.05, 0.002  # weights of the errors beside that of pictures
RAISED = 1.0  # cells that a field is raised at most
HALVED = 10  # times the range of how much is halved
LEVELED = 12  # principal components of how much
STEP = 0.0075  # to which what is drawn is rounded, beside what its numbers come to
AT_ONCE = 3  # a step of SGD is by a third of the letters


def fit(
    faces: Collection,
    *,
    copies: int = COPIES,
    rank: int = RANK,
    width: float | None = None,
    epochs: int = 10,
    lr: float = 4e-3,
    seed: int = 0,
    about: str = "",
    progress: bool = False,
) -> Manifold:
    """Learn a manifold from faces.

    Parameters
    ----------
    faces : Collection
    copies : int
        Varied copies of each face; fewer of many faces.
    rank : int
        r, numbers of a face.
    width : float, optional
        h, in deviations of the places; by default it falls with the root of their number.
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
    rows = varied(faces, max(0, min(copies, MOST // len(faces) - 1)), rng)
    places = spread_out(rows, seed)
    decoder = begun(rows, places, rank, width or WIDTH / len(places) ** 0.5, rng)
    own = torch.ones(len(places))
    own[: len(faces)] = OWN
    train(decoder, rows, own / own.mean(), epochs, lr, seed, "fonts" if progress else None)
    decoder = leveled(decoder, rows)
    rounded(decoder)
    pictures = faces.pictures[:, [faces.letters.index(c) for c in compared(faces.letters)]]
    return Manifold(faces.letters, decoder.eval(), places[: len(faces)], faces.faces, about, pictures)


def alone(manifold: Manifold, letters: str, seed: int = 0) -> Manifold:
    """A map of some letters alone: faces are side by side if these are alike in them, as `manifold` draws them.

    Parameters
    ----------
    manifold : Manifold
    letters : str
        One or more of its letters.
    seed : int
        Of the places.
    """
    numbers = manifold.index(letters)
    if not numbers:
        raise DataError(f"letters={letters!r}: give one letter or more of {manifold.letters}")
    with torch.no_grad():
        parts = [manifold.decoder.some(z, numbers)[:2] for z in torch.from_numpy(manifold.places).split(CHUNK)]
    fields, advances = (torch.cat(some).numpy() for some in zip(*parts, strict=True))
    pictures = np.rint(255 * coverage(fields)).astype(np.uint8)
    kept = "".join(manifold.letters[i] for i in numbers)
    faces = Collection(kept, manifold.faces, fields, pictures, advances, [])
    return fit(faces, copies=2, rank=RANK // 2, epochs=0, seed=seed, about=f"{manifold.about}; {kept} alone")


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
        far = rng.uniform(*FAR, n)
        how = {name: torch.from_numpy((far * rng.normal(0, by, n)).astype(np.float32)) for name, by in LIKE.items()}
        parts.append(as_bytes(copied(fields, faces.letters, how)))
        advances.append(own * how["wide"].exp().numpy()[:, None] + how["loose"].numpy()[:, None] / np.float32(UNIT))
    flat = torch.cat(parts).reshape(-1, letters * size * size).numpy()
    return Varied(flat, np.concatenate(advances), (letters, size))


def copied(fields: Tensor, letters: str, how: dict[str, Tensor]) -> Tensor:
    """Fields (n, L, s, s) of faces that differ from these by (n,) each of what `LIKE` names."""
    fields = fields + how["contrast"].view(-1, 1, 1, 1) * upright(fields)
    small = torch.tensor([c.islower() for c in letters])
    made = torch.empty_like(fields)
    for some, taller in ((small, how["tall"] + how["small"]), (~small, how["tall"])):
        if some.any():
            made[:, some] = changed(fields[:, some], how["wide"].exp(), taller.exp(), how["slant"], how["bold"])
    return made


def upright(fields: Tensor) -> Tensor:
    """1 beside an upright outline, -1 beside a level one: what contrast adds to."""
    across, down = (torch.gradient(fields, dim=d)[0].abs() for d in (-1, -2))
    return (across - down).clamp(-1, 1)


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
    """The decoder before training: principal components of each letter, of these and the advances, and each face in these."""
    n, (letters, size) = len(rows.fields), rows.shape
    some = np.sort(rng.choice(n, min(SAMPLE, n), replace=False))
    x = rows.take(some).unflatten(1, (letters, -1)).transpose(0, 1)  # (L, b, s s)
    level, m = x.mean(1), min(max(LETTER, rank // letters), size**2, len(some) - 1)
    with redirected(int(rng.integers(1 << 31))):
        draw = torch.svd_lowrank(x - level[:, None], m + 8, niter=3)[2][..., :m]
        each = torch.cat([_onto(rows, slice(i, i + CHUNK), level, draw) for i in range(0, n, CHUNK)])
        wide = torch.from_numpy(rows.advances)
        unit = (SHARE * each.var(0).sum() / wide.var(0).sum()).sqrt()
        both = torch.cat([each, unit * wide[..., None], torch.zeros_like(wide)[..., None]], 2).flatten(1)  # no offsets
        mean, rank = both.mean(0), min(rank, n - 1, letters * (m + 1))
        _, spread, axes = torch.svd_lowrank(both - mean, rank + 8, niter=3)
    axes, spread = axes[:, :rank], spread[:rank] / n**0.5
    decoder = Decoder(n, rank, m, letters, size, width)
    scale = torch.cat([torch.ones(m), 1 / unit[None], torch.ones(1)]).repeat(letters)
    with torch.no_grad():
        decoder.places.copy_(torch.from_numpy(places))
        decoder.values.copy_((both - mean) @ axes / spread)
        decoder.mix.weight.copy_(axes * spread * scale[:, None])
        decoder.mix.bias.copy_(mean * scale)
        decoder.draw.copy_(draw)
        decoder.level.copy_(level)
    return decoder


def _onto(rows: Varied, part: slice, level: Tensor, draw: Tensor) -> Tensor:
    """(b, L, m): the letters of some faces along what is drawn."""
    return torch.einsum("nlc,lcm->nlm", rows.take(part).unflatten(1, (len(level), -1)) - level, draw)


def rounded(decoder: Decoder) -> None:
    """Round what is drawn to 255 steps, the numbers of faces and letters to half as many, the rest to 16 bits: a small page."""
    with torch.no_grad():
        mix, bias = (t.unflatten(0, (decoder.letters, -1)) for t in (decoder.mix.weight, decoder.mix.bias))
        usual = (decoder.values @ mix[:, :-2].flatten(0, 1).T).square().mean(0).sqrt().view(decoder.letters, -1)
        step = torch.maximum(decoder.draw.abs().amax(1) / LEVELS, STEP / usual.clamp(min=1e-6))
        decoder.draw.copy_((decoder.draw / step[:, None]).round())
        mix[:, :-2] *= step[..., None]
        bias[:, :-2] *= step
        for t, along in ((decoder.mix.weight, 1), (decoder.values, 0)):
            unit = torch.exp2((2 * t.abs().amax(along, keepdim=True).clamp(min=1e-3) / LEVELS).log2().floor())
            t.copy_((t / unit).round() * unit)  # 16 bits hold these
        for t in (decoder.mix.bias, decoder.level):
            t.copy_(t.half().float())


def train(decoder: Decoder, rows: Varied, m: Tensor, epochs: int, lr: float, seed: int, title: str | None) -> None:
    """SGD of the sum at the top, with weights m (n,)."""
    decoder.places.requires_grad_(False)
    widths, (letters, size) = torch.from_numpy(rows.advances), rows.shape

    def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        z = decoder.places[i] + decoder.width * torch.randn(len(i), 2, generator=rng)
        some = torch.randperm(letters, generator=rng)[: -(-letters // AT_ONCE)]
        fields, advances, offsets = decoder.some(z, some.tolist())
        target = as_cells(x.reshape(-1, letters, size, size)[:, some])
        return m[i] * (
            (expected(fields, offsets) - coverage(target)).square().mean((1, 2, 3))
            + FIELD * (fields - target).square().mean((1, 2, 3))
            + ADVANCE * (advances / UNIT - widths[i][:, some]).square().mean(1)
        )

    plan = SGD(epochs=epochs, batch_size=min(128, len(rows.fields)), lr=lr, seed=seed, average=0.98, progress=title)
    if epochs:
        minimize(decoder, objective, Rows(torch.from_numpy(rows.fields)), None, plan)


def leveled(decoder: Decoder, rows: Varied) -> Decoder:
    """The decoder whose fields are raised until each face has its ink; the pictures to be expected stay."""
    up = torch.cat([_missing(decoder, rows, slice(i, i + 64)) for i in range(0, len(rows.fields), 64)])
    level = up.mean(0)
    count = min(LEVELED, *up.shape)
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


@torch.no_grad()
def _missing(decoder: Decoder, rows: Varied, part: slice) -> Tensor:
    """(b, L) by how much to raise the fields of some faces: as much is inside as there is ink, between the cells, too."""
    letters, size = rows.shape
    fields = decoder.some(decoder.places[part], list(range(letters)))[0]
    ink = coverage(rows.take(part)).reshape(-1, letters, size * size).mean(2)
    fine = nn.functional.interpolate(fields, scale_factor=2, mode="bilinear").flatten(2)
    low, high = torch.full_like(ink, -RAISED / 4), torch.full_like(ink, RAISED)
    for _ in range(HALVED):
        up = (low + high) / 2
        enough = (fine > -up[..., None]).float().mean(2) >= ink
        low, high = torch.where(enough, low, up), torch.where(enough, up, high)
    return high
