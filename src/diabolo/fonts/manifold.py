r"""The font manifold: every place of a plane is a font.

    D(z) = (fields of all letters, their advances, offsets)      decoder.py
    c_i                                                          the place of a face that was learned: learning.py

A file holds the decoder, and of each face its name, its place and small pictures of its letters.
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

from .. import storage
from ..errors import DataError, FormatError, suggest
from .decoder import Decoder, best_places
from .files import Named
from .glyphs import BOX, CAPITALS, SMALL

__all__ = ["LEVELS", "Glyphs", "Manifold", "compared", "load"]

KIND = "FontManifold"
LEVELS = 127  # steps on either side of zero in which the weights of what is drawn are kept
ARRAYS = {"values", "mix", "means", "level", "draw", "centers", "places", "pictures"}
MARGIN = 3.0  # widths h around the faces


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
        Capitals and small letters of the faces: what a benchmark compares with.
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
        """The numbers of the letters of a text, each once; a space is no letter.

        Raises
        ------
        DataError
            A letter was not learned.
        """
        wanted = dict.fromkeys(text.replace(" ", ""))
        unknown = [c for c in wanted if c not in self.letters]
        if unknown:
            raise DataError(f"{' '.join(map(repr, unknown))}: this map has only the letters {self.letters}")
        return [self.letters.index(c) for c in wanted]

    def at(self, place: Any, text: str | None = None) -> Glyphs:
        """The font at a place (x, y): all letters, or those of a text."""
        xy = np.asarray(place, dtype=np.float64).reshape(1, -1)
        if xy.shape[1] != 2 or not np.isfinite(xy).all():
            raise DataError(f"place={place!r}: give two finite numbers, x and y")
        z = torch.from_numpy(xy).float()
        numbers = self.index(self.letters if text is None else text)
        with torch.no_grad():
            fields, advances, _ = self.decoder.some(z, numbers)
        if not bool(torch.isfinite(fields).all()):
            raise DataError(f"place={place!r} is too far away: all fonts are within {np.abs(self.places).max():.2g} of 0")
        return Glyphs("".join(self.letters[i] for i in numbers), fields[0].numpy(), advances[0].numpy())

    def placed(self, pictures: np.ndarray, advances: np.ndarray, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The best places (n, 2) of fonts, and the mean squared errors (n,) of their pictures there.

        `pictures` (n, l, s, s) in [0, 1] and `advances` (n, l) in em are those of the letters of a text, each once.
        """
        target = torch.from_numpy(pictures).flatten(1), torch.from_numpy(advances)
        places, errors = best_places(self.decoder, *target, self.index(text), self.box)
        return places.numpy(), errors.numpy()

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
        half = {"values": d.values, "mix": d.mix.weight, "means": d.mix.bias, "level": d.level}
        arrays = {name: t.detach().numpy().astype(np.float16) for name, t in half.items()}
        arrays["draw"] = (d.draw.detach().numpy() + LEVELS).astype(np.uint8)
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
        if not arrays.keys() >= ARRAYS:
            raise FormatError("it was written by another version of diabolo: learn the map again, with --fit")
        k, r = arrays["values"].shape
        faces = [Named(*face) for face in meta["faces"]]
        n = len(faces)
        decoder = Decoder(k, r, arrays["draw"].shape[-1], len(meta["letters"]), int(meta["size"]), float(meta["width"]))
        state = {
            "places": "centers",
            "values": "values",
            "mix.weight": "mix",
            "mix.bias": "means",
            "draw": "draw",
            "level": "level",
        }
        decoder.load_state_dict({name: torch.from_numpy(arrays[key]).float() for name, key in state.items()})
        with torch.no_grad():
            decoder.draw.sub_(LEVELS)
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
    """The letters by which fonts are compared: those of A-Z and a-z; all, if none of these was learned."""
    return "".join(c for c in letters if c in CAPITALS + SMALL) or letters
