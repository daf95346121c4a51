"""The dictionary of a .sav or .zsav: what ReadStat takes on trust, and what pyreadstat leaves out.

HEADER, 176 bytes: order of bytes, place of the weight | records, each with its kind
2 variable    kind of its values (0 numbers, 1 to 255 bytes of text, -1 more of the last text), label, missing values
3 labels      (value, text) ...          4 the places of the variables that have them
6 documents   7 others, with their length          999 the end: the rows

ReadStat does not compare the places and kinds, and reads where nothing is if they are wrong.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO, Any

from ....errors import DataError

__all__ = ["check", "weight"]

HEADER = 176
UNIT = 8  # bytes of a number, and of a piece of a text
LONG = 255  # bytes of a text; of longer ones, pieces of 255 hold 252
END = 999


def check(path: Path) -> None:
    """Raise a DataError if the dictionary is cut off or contradicts itself."""
    with path.open("rb") as file:
        head = file.read(HEADER)
        order, kinds = _order(head), list[int]()
        try:
            while (kind := _int(file, order)) != END:
                _record(file, order, kind, kinds)
        except (ValueError, struct.error) as error:
            what = "nothing more" if isinstance(error, struct.error) else error
            raise DataError(
                f"{str(path)!r} is cut off or damaged: before byte {file.tell():,}, in its dictionary, is {what}"
            ) from None


def weight(path: Path, meta: Any) -> str | None:
    """The variable that weights the rows: the header has its place, counted in pieces of 8 bytes."""
    with path.open("rb") as file:
        head = file.read(HEADER)
    wanted, at = struct.unpack(_order(head) + "i", head[76:80])[0], 1
    for name in meta.column_names:
        if at == wanted:
            return str(name)
        width = meta.variable_storage_width[name]
        whole = 0 if width <= LONG else (width - 1) // 252
        at += whole * 32 + -(-(width - whole * 252) // UNIT)
    return None


def _order(head: bytes) -> str:
    return "<" if head[64:65] in (b"\2", b"\3") else ">"


def _int(file: IO[bytes], order: str) -> int:
    return int(struct.unpack(order + "i", file.read(4))[0])


def _count(file: IO[bytes], order: str, what: str) -> int:
    n = _int(file, order)
    if n < 0:
        raise ValueError(f"{n} {what}")
    return n


def _record(file: IO[bytes], order: str, kind: int, kinds: list[int]) -> None:
    if kind == 2:
        _variable(file, order, kinds)
    elif kind == 3:
        for _ in range(_count(file, order, "labels")):
            _, length = struct.unpack("8sB", file.read(9))
            file.seek(length | 7, 1)
    elif kind == 4:
        places = struct.unpack(f"{order}{(n := _count(file, order, 'places'))}i", file.read(4 * n))
        of = {kinds[i - 1] if 0 < i <= len(kinds) else -1 for i in places}
        if -1 in of or len({min(k, 1) for k in of}) > 1 or not of:
            raise ValueError(f"a set of labels of the variables at {', '.join(map(str, places[:5]))}, of {len(kinds)}")
    elif kind == 6:
        file.seek(_count(file, order, "lines") * 80, 1)
    elif kind == 7:
        _int(file, order)
        file.seek(_count(file, order, "bytes") * _count(file, order, "values"), 1)
    else:
        raise ValueError(f"a record of kind {kind}")


def _variable(file: IO[bytes], order: str, kinds: list[int]) -> None:
    kind, labeled, missing = struct.unpack(order + "3i", file.read(24 + 4)[:12])
    begun = next((i for i in range(len(kinds) - 1, -1, -1) if kinds[i] >= 0), -1)
    more = -(-kinds[begun] // UNIT) - (len(kinds) - begun) if begun >= 0 else 0  # pieces of the last text that are to come
    if not -1 <= kind <= LONG or labeled not in (0, 1) or not -3 <= missing <= 3 or (more > 0) != (kind == -1):
        raise ValueError(f"a variable of kind {kind}, with {missing} missing values")
    kinds.append(kind)
    if labeled:
        file.seek(-(-_count(file, order, "letters") // 4) * 4, 1)
    file.seek(abs(missing) * UNIT, 1)
