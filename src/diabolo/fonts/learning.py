r"""Learning a manifold from the letters of faces.

    min  sum_i  m_i (| y - coverage_i |^2  +  lambda | f - f_i |^2  +  mu | a - a_i |^2)         at c_i + h e,  e ~ N(0, 1)

The noise h e keeps the decoder smooth: a place must look right for all that lies around it. Faces are placed so that similar
ones are close (t-SNE), with copies of each that are a little bolder, wider, taller, looser or more slanted, of more contrast
or with larger small letters: these fill the plane between them. A face has more weight m than its copies, so that the map is
sharp where its siblings will be. The mean of thin lines that do not lie on one another is no
line. So at last the fields of each letter are raised: leveling.py; -o is by how much.

References
----------
Learning a manifold of fonts (Campbell & Kautz, 2014), https://doi.org/10.1145/2601097.2601212
DeepSDF (Park et al., 2019), https://arxiv.org/abs/1901.05103 (fields from places)
Visualizing data using t-SNE (van der Maaten & Hinton, 2008)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from torch import Tensor, nn

from ..chance import redirected
from ..errors import DataError
from ..plan import SGD
from ..progress import progress as told
from ..rows import Rows
from ..training import minimize
from .collection import Collection
from .decoder import CHUNK, UNIT, Decoder, expected
from .fields import coverage
from .leveling import leveled
from .manifold import LEVELS, Manifold, compared
from .variants import PIECE, Varied, varied

__all__ = ["alone", "fit"]

COPIES = 30  # of each face
OWN = 8.0  # m of a face; that of a copy is 1
RANK, LETTER = 192, 32  # r and m: numbers of a face, and of a letter
WIDTH = 1.6  # h, in deviations of the places, times the root of their number
MOST = 16000  # places; of more faces there are fewer copies
PERPLEXITY = 20
WIDE = 0.15  # of the advances beside the pictures, when faces are placed
SAMPLE = 1024  # faces whose principal components are what is drawn
PLACED = 2048  # faces whose principal components are compared when they are placed
SHARE = 0.1  # of the advances in the variance of which the principal components are taken
FIELD, ADVANCE = 0.05, 0.002  # weights of the errors beside that of pictures
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
        raise DataError(f"there {'is 1 face' if len(faces) == 1 else f'are {len(faces)} faces'}: a manifold needs at least 3")
    rng = np.random.default_rng(seed)
    title = "Fonts" if progress else None
    with told(title) as at:
        at(0, f"changing {len(faces):,} faces a little")
        rows = varied(faces, max(0, min(copies, MOST // len(faces) - 1)), rng)
        at(0, f"placing {len(rows):,} faces side by side (t-SNE)")
        places = spread_out(rows, seed)
        at(0, "looking for the parts that letters share")
        decoder = begun(rows, places, rank, width or WIDTH / len(places) ** 0.5, rng)
    own = torch.ones(len(places))
    own[: len(faces)] = OWN
    train(decoder, rows, own / own.mean(), epochs, lr, seed, title)
    with told(title) as at:
        at(0, "mending letters that come apart between faces")
        decoder = leveled(decoder, rows, len(faces), rng)
    rounded(decoder)
    pictures = faces.pictures[:, [faces.letters.index(c) for c in compared(faces.letters)]]
    return Manifold(faces.letters, decoder.eval(), places[: len(faces)], faces.faces, about, pictures)


def alone(manifold: Manifold, letters: str, seed: int = 0, *, progress: bool = False) -> Manifold:
    """A map of some letters alone: faces are side by side if these are alike in them, as `manifold` draws them.

    Parameters
    ----------
    manifold : Manifold
    letters : str
        One or more of its letters.
    seed : int
        Of the places.
    progress : bool
        Whether to show how far it is.
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
    about = f"{manifold.about}; {kept} alone"
    return fit(faces, copies=2, rank=RANK // 2, epochs=0, seed=seed, about=about, progress=progress)


def spread_out(rows: Varied, seed: int) -> np.ndarray:
    """Places (n, 2) where similar faces are close: t-SNE of principal components of small pictures and advances."""
    n = len(rows)
    some = np.sort(np.random.default_rng(seed).choice(n, min(PLACED, n), replace=False))
    x, wide = torch.cat([small(rows, part) for part in np.split(some, range(PIECE, len(some), PIECE))]), rows.advances
    unit = float((WIDE * x.var(0).sum()).sqrt()) / wide.var(0).sum() ** 0.5
    pca = PCA(min(50, len(some) - 1), svd_solver="randomized", random_state=seed)
    pca.fit(np.concatenate([x.numpy(), unit * wide[some]], 1))
    few = [pca.transform(np.concatenate([small(rows, part).numpy(), unit * wide[part]], 1)) for part in rows.pieces()]
    z = TSNE(2, perplexity=min(PERPLEXITY, (n - 1) / 3), init="pca", random_state=seed).fit_transform(np.concatenate(few))
    return np.asarray((z - z.mean(0)) / z.std(0), dtype=np.float32)


def small(rows: Varied, part: Any) -> Tensor:
    """(b, L s s / 4) pictures of some faces."""
    return nn.functional.avg_pool2d(coverage(rows.take(part)), 2).flatten(1)


def begun(rows: Varied, places: np.ndarray, rank: int, width: float, rng: np.random.Generator) -> Decoder:
    """The decoder before training: principal components of each letter, of these and the advances, and each face in these."""
    n, (letters, size) = len(rows), rows.shape
    some = np.sort(rng.choice(n, min(SAMPLE, n), replace=False))
    x = rows.take(some).flatten(2).transpose(0, 1)  # (L, b, s s)
    level, m = x.mean(1), min(max(LETTER, rank // letters), size**2, len(some) - 1)
    with redirected(int(rng.integers(1 << 31))):
        draw = torch.svd_lowrank(x.sub_(level[:, None]), m + 8, niter=3)[2][..., :m]
        each = torch.cat([_onto(rows, part, level, draw) for part in rows.pieces()])
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
    return torch.einsum("nlc,lcm->nlm", rows.take(part).flatten(2) - level, draw)


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
        target = rows.cells(x.view(-1, letters, size, size)[:, some])
        return m[i] * (
            (expected(fields, offsets) - coverage(target)).square().mean((1, 2, 3))
            + FIELD * (fields - target).square().mean((1, 2, 3))
            + ADVANCE * (advances / UNIT - widths[i][:, some]).square().mean(1)
        )

    plan = SGD(epochs=epochs, batch_size=min(128, len(rows)), lr=lr, seed=seed, average=0.98, progress=title)
    if epochs:
        minimize(decoder, objective, Rows(torch.from_numpy(rows.fields)), None, plan)
