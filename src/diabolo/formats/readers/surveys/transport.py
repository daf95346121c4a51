"""SAS transport files, where the libraries that read them do not look.

file     LIBRARY, 3 lines | member | member | ...                            lines of 80 bytes
member   MEMBER, DSCRPTR, NAMESTR lines | one entry a column | OBS line | rows, one after the other, and blanks up to 80 bytes

A number is missing if its first byte is ., _ or A to Z and the others are 0. Readers take the lines of a second member for
rows of the first, and count blanks as rows where a file of version 8 says more rows than it has.
"""

from __future__ import annotations

import io
import mmap
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import DataError

__all__ = ["Member", "members"]

LINE = 80
LIBRARY, MEMBER = b"HEADER RECORD*******LIB", b"HEADER RECORD*******MEMB"
COLUMNS, ROWS = b"HEADER RECORD*******NAM", b"HEADER RECORD*******OBS"
TAGS = b"_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PIECE = 1 << 24  # bytes looked at, at a time


@dataclass(frozen=True)
class Member:
    """One data set: where it lies, its name, and what its header says."""

    path: Path
    start: int
    end: int
    name: str
    numbers: tuple[tuple[int, int, int], ...]  # place among the columns, first byte in a row, bytes
    width: int  # bytes of a row
    rows: int  # where they begin
    texts: bool  # whether every column is one
    count: int | None  # of rows, as files of version 8 say it

    def file(self) -> io.BytesIO:
        """As if it were the only one."""
        with self.path.open("rb") as file:
            library = file.read(3 * LINE)
            file.seek(self.start)
            return io.BytesIO(library + file.read(self.end - self.start))

    def tags(self) -> dict[int, Counter[str]]:
        """Of each column with missing values such as .A, how many."""
        found: dict[int, Counter[str]] = {}
        at_once = max(1, PIECE // self.width) * self.width
        with self.path.open("rb") as file:
            file.seek(self.rows)
            for start in range(self.rows, self.end, at_once):
                data = file.read(min(at_once, self.end - start))
                cells = np.frombuffer(data, np.uint8)[: len(data) // self.width * self.width].reshape(-1, self.width)
                for place, first, size in self.numbers:
                    here = cells[:, first : first + size]
                    tagged = here[np.isin(here[:, 0], [*TAGS]) & ~here[:, 1:].any(1), 0]
                    if len(tagged):
                        found.setdefault(place, Counter()).update(map(chr, tagged.tolist()))
        return found


def members(path: Path) -> list[Member]:
    """The data sets of a file.

    Raises
    ------
    DataError
        The file is cut off, or says more than it holds.
    """
    size = path.stat().st_size
    if size % LINE or not size:
        raise DataError(f"{str(path)!r} is cut off: it has {size:,} bytes, and transport files have whole lines of {LINE}")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = _all(data, MEMBER)
        if not starts:
            raise DataError(f"{str(path)!r} holds no data set: it has no line {MEMBER.decode()!r}")
        return [_member(path, data, start, end) for start, end in zip(starts, [*starts[1:], size], strict=True)]


def _all(data: mmap.mmap, line: bytes) -> list[int]:
    found, at = [], data.find(line)
    while at >= 0:
        if not at % LINE:
            found.append(at)
        at = data.find(line, at + 1)
    return found


def _member(path: Path, data: Any, start: int, end: int) -> Member:
    at = data.find(COLUMNS, start, end)
    rows = data.find(ROWS, at, end)
    try:
        size, columns = int(data[start + 74 : start + 78]), int(data[at + 48 : at + 58])
        if min(at, rows) < 0 or at + LINE + size * columns > rows or size < 88:
            raise ValueError
        entries = [data[i : i + size] for i in range(at + LINE, at + LINE + size * columns, size)]
        if not entries:
            raise ValueError
    except ValueError:
        raise DataError(f"{str(path)!r} is cut off or damaged: the headers of its columns do not end before the rows") from None
    kinds = [struct.unpack(">h2xh", e[:6]) + struct.unpack(">i", e[84:88]) for e in entries]  # 1: number, bytes, place
    width = sum(length for _, length, _ in kinds)
    if any(kind not in (1, 2) or length < 1 or not 0 <= first <= width - length for kind, length, first in kinds):
        raise DataError(f"{str(path)!r} is damaged: the places of its columns lie outside of a row of {width} bytes")
    said = data[rows + 48 : rows + 63].strip()
    count = int(said) if data[rows : rows + 28].endswith(b"OBSV8   ") and said.isdigit() else None
    if count is not None and count * width > end - rows - LINE:
        holds = (end - rows - LINE) // width
        raise DataError(f"{str(path)!r} is cut off: its header says {count:,} rows, and it holds at most {holds:,}")
    numbers = tuple((i, first, length) for i, (kind, length, first) in enumerate(kinds) if kind == 1)
    name = bytes(data[start + 2 * LINE + 8 : start + 2 * LINE + 40]).decode("latin-1").split("SASDATA")[0].strip()
    return Member(path, start, end, name, numbers, width, rows + LINE, not numbers, count)
