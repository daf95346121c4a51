"""The letters of many faces as arrays: what a manifold is learned from.

fields    (n, L, s, s)    signed distance, in cells: fields.py
pictures  (n, L, s, s)    share of each cell that is ink, as bytes
advances  (n, L)          width of each letter, in em
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError
from .fields import SIZE, field, shrunk
from .files import Face, LeftOut, faces
from .glyphs import LETTERS, drawn

__all__ = ["Collection", "collected", "each"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Collection:
    """The letters of n faces.

    Parameters
    ----------
    letters : str
    names, families : list of str
    weights : list of int
        400 is regular, 700 bold.
    italic : list of bool
    fields : (n, L, s, s) of float32
    pictures : (n, L, s, s) of uint8
    advances : (n, L) of float32
    left_out : list of LeftOut
        What was found besides.
    """

    letters: str
    names: list[str]
    families: list[str]
    weights: list[int]
    italic: list[bool]
    fields: np.ndarray
    pictures: np.ndarray
    advances: np.ndarray
    left_out: list[LeftOut]

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: Any) -> Collection:
        """Some of the faces, by number."""
        lists = ([values[i] for i in rows] for values in (self.names, self.families, self.weights, self.italic))
        arrays = (values[rows] for values in (self.fields, self.pictures, self.advances))
        return Collection(self.letters, *lists, *arrays, self.left_out)


def each(source: str | os.PathLike[str], letters: str) -> Iterator[LeftOut | tuple[Face, np.ndarray, np.ndarray]]:
    """Each face with pictures (L, 256, 256) and advances (L,) of its letters; no two faces alike."""
    seen: dict[bytes, str] = {}
    for face in faces(source, letters):
        found = face if isinstance(face, LeftOut) else drawn(face, letters)
        if isinstance(found, LeftOut):
            yield found
            continue
        assert isinstance(face, Face)
        pictures, advances = found
        twin = seen.setdefault(pictures.tobytes(), face.name)
        if twin != face.name:
            yield LeftOut(face.name, f"its letters are those of {twin}")
        else:
            yield face, pictures, advances


def collected(
    source: str | os.PathLike[str], letters: str = LETTERS, size: int = SIZE, say: Say = lambda words: None
) -> Collection:
    """Draw and measure all faces of a folder, a zip, a font file, or of this computer.

    Parameters
    ----------
    source : path, or "system"
    letters : str
    size : int
        Cells of a side of a field.
    say : callable
        Told what is being done.

    Raises
    ------
    DataError
        Not one face has all letters.
    """
    kept: list[Face] = []
    fields, small, advances, left_out = [], [], [], []
    for found in each(source, letters):
        if isinstance(found, LeftOut):
            left_out.append(found)
            continue
        face, pictures, widths = found
        kept.append(face)
        fields.append(np.stack([field(p, size) for p in pictures]))
        small.append(np.rint(shrunk(pictures, size) * 255).astype(np.uint8))
        advances.append(widths)
        say(f"{len(kept):,} faces, {face.name}")
    if not kept:
        reasons = "; ".join(f"{out.name}: {out.reason}" for out in left_out[:3])
        raise DataError(f"no face in {os.fspath(source)!r} can be used: {reasons}")
    lists = [[getattr(face, key) for face in kept] for key in ("name", "family", "weight", "italic")]
    return Collection(letters, *lists, np.stack(fields), np.stack(small), np.stack(advances), left_out)
