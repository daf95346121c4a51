"""The letters of many faces as arrays: what a manifold is learned from.

fields    (n, L, s, s)    signed distance, in cells: fields.py
pictures  (n, L, s, s)    share of each cell that is ink, as bytes
advances  (n, L)          width of each letter, in em
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from typing import Any

import numpy as np

from ..errors import DataError
from .fields import SIZE, field, shrunk
from .files import Face, LeftOut, Named, faces
from .glyphs import LETTERS, drawn

__all__ = ["Collection", "collected", "each"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Collection:
    """The letters of n faces.

    Parameters
    ----------
    letters : str
    faces : list of Named
    fields : (n, L, s, s) of float32
    pictures : (n, L, s, s) of uint8
    advances : (n, L) of float32
    left_out : list of LeftOut
        What was found besides.
    """

    letters: str
    faces: list[Named]
    fields: np.ndarray
    pictures: np.ndarray
    advances: np.ndarray
    left_out: list[LeftOut]

    def __len__(self) -> int:
        return len(self.faces)

    def take(self, rows: Any) -> Collection:
        """Some of the faces, by number."""
        faces, arrays = [self.faces[i] for i in rows], (self.fields, self.pictures, self.advances)
        fields, pictures, advances = (values[rows] for values in arrays)
        return Collection(self.letters, faces, fields, pictures, advances, self.left_out)


def each(source: str | os.PathLike[str], letters: str) -> Iterator[LeftOut | tuple[Face, np.ndarray, np.ndarray]]:
    """Each face with pictures (L, 256, 256) and advances (L,) of its letters; no two faces alike."""
    seen: dict[bytes, str] = {}
    for face in faces(source, letters):
        found = face if isinstance(face, LeftOut) else drawn(face, letters)
        if isinstance(found, LeftOut):
            yield LeftOut(face.found, found.reason) if isinstance(face, Face) else found
            continue
        assert isinstance(face, Face)
        pictures, advances = found
        key = blake2b(pictures.tobytes(), digest_size=16).digest()
        if key in seen:
            yield LeftOut(face.found, f"its letters are those of {seen[key]}")
        else:
            seen[key] = face.found
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
    kept: list[Named] = []
    fields, small, advances, left_out = [], [], [], []
    for found in each(source, letters):
        if isinstance(found, LeftOut):
            left_out.append(found)
            continue
        face, pictures, widths = found
        kept.append(face.named)
        fields.append(np.stack([field(p, size) for p in pictures]))
        small.append(np.rint(shrunk(pictures, size) * 255).astype(np.uint8))
        advances.append(widths)
        say(f"{len(kept):,} faces, {face.named.name}")
    if not kept:
        reasons = "; ".join(f"{out.name}: {out.reason}" for out in left_out[:3])
        lacking = any(out.reason.startswith("it lacks") for out in left_out)
        remedy = "; ask for fewer letters, those that the fonts have" if lacking and len(letters) > 1 else ""
        raise DataError(f"no face in {os.fspath(source)!r} can be used: {reasons}{remedy}")
    return Collection(letters, distinct(kept), np.stack(fields), np.stack(small), np.stack(advances), left_out)


def distinct(faces: list[Named]) -> list[Named]:
    """Faces of which no two have one name: the second Geist is Geist 2.

    >>> [face.name for face in distinct([Named("Geist", "Geist", 400, False)] * 2)]
    ['Geist', 'Geist 2']
    """
    taken: set[str] = set()
    found = []
    for face in faces:
        names = (face.name if i == 1 else f"{face.name} {i}" for i in count(1))
        found.append(face._replace(name=next(name for name in names if name not in taken)))
        taken.add(found[-1].name)
    return found
