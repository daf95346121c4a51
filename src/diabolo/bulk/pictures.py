"""Pictures as a data set: a thousand of them are a part; one that cannot be read has no results, and is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..errors import DataError, warn
from ..images.album import ImageCollection

__all__ = ["Shelf", "Shelves", "album_in", "of_each"]

SHELF = 1000  # pictures of a part
AT_ONCE = 250  # that a model is given at once


@lru_cache(4)
def album_in(source: str) -> ImageCollection:
    """The pictures in a folder or zip; they are listed once in each run."""
    return ImageCollection(source)


@dataclass(frozen=True)
class Shelf:
    """Some pictures of a folder or zip, in the order of their names."""

    source: str
    first: int
    last: int

    @property
    def stem(self) -> str:
        return f"pictures-{self.first // SHELF:05d}"

    @property
    def path(self) -> str:
        return os.path.join(self.source, self.stem)

    @property
    def mark(self) -> str:
        """Equal for equal pictures, as far as their names, sizes and times tell."""
        root, names = Path(self.source), album_in(self.source).names[self.first : self.last]
        files = [root / name.rpartition("#")[0] if not (root / name).is_file() else root / name for name in names]
        found = [root.stat()] if root.is_file() else [file.stat() for file in files if file.is_file()]
        return sha256(
            repr([*names, *((s.st_size, s.st_mtime_ns) for s in found)]).encode(errors="backslashreplace")
        ).hexdigest()


class Shelves:
    """The parts, as those of tables (formats/parts.py); a row is the name of a picture, and its number."""

    schema = pa.schema([("picture", pa.string()), ("number", pa.int64())])
    read_schema = schema

    def __init__(self, source: str) -> None:
        album_in.cache_clear()  # of an earlier run, since which pictures may have come
        self.rows = len(album_in(source))
        self.files = [Shelf(source, i, min(i + SHELF, self.rows)) for i in range(0, self.rows, SHELF)]
        self.sizes = [shelf.last - shelf.first for shelf in self.files]
        self.groups = [[size] for size in self.sizes]

    def batches(self, i: int, rows: int, columns: Sequence[str] | None = None, groups: Any = None) -> Iterator[pa.Table]:
        shelf = self.files[i]
        names = album_in(shelf.source).written
        for start in range(shelf.first, shelf.last, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, shelf.last))
            yield pa.table([[names[n] for n in numbers], list(numbers)], schema=self.schema)


def of_each(act: Callable[[Any], dict[str, Any]], source: str, numbers: Sequence[int], blank: Any) -> dict[str, Any]:
    """The results of each picture; null of those that cannot be read, which is told. `blank` is a picture in memory."""
    album = album_in(source).take(numbers)
    try:
        return act(album)
    except (DataError, OSError):
        bad = album.broken()
        if not bad or not os.path.exists(source):
            raise
    for reason in bad.values():
        warn(f"{reason}; it has no results")
    good = [i for i in range(len(album)) if i not in bad]
    found = pa.table(act(album.take(good) if good else ImageCollection([blank])))
    place = {i: k for k, i in enumerate(good)}
    found = found.take(pa.array([place.get(i) for i in range(len(album))], pa.int64()))
    return dict(zip(found.column_names, found.columns, strict=True))
