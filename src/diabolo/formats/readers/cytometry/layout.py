"""HEADER and TEXT of a file of a flow cytometer: its data sets, and their channels.

HEADER   58 bytes: version, first and last byte of TEXT, of DATA; 0, or nothing, beyond 99,999,999
TEXT     /key/value/key/value/, the separator is its first letter; $BEGINSTEXT: more of it,
         $NEXTDATA: where the next data set begins
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ....errors import DataError
from ..decided import Decided

__all__ = ["HEADER", "Channel", "Part", "data_sets"]

VERSIONS = (b"FCS2.0", b"FCS3.0", b"FCS3.1", b"FCS3.2")
HEADER = 58  # bytes
BITS = {"I": (8, 16, 24, 32, 40, 48, 56, 64), "F": (32,), "D": (64,)}


@dataclass(frozen=True)
class Channel:
    """What TEXT says of a channel, and what has to be done to its values."""

    number: int
    detector: str
    marker: str
    kind: str  # I, F or D
    bits: int
    range: int
    decades: float
    zero: float  # f₂
    gain: float
    step: float  # of time
    left: float = 0.0  # decades of floats, which are values of an amplifier already, or their logarithms

    @property
    def type(self) -> str:
        """Of NumPy; the least that holds a number of 24 bits, for example."""
        return f"{'u' if self.kind == 'I' else 'f'}{1 << (self.bits // 8 - 1).bit_length()}"

    def stored(self, order: str) -> Any:
        """The type of its bytes in the file."""
        return order + self.type if np.dtype(self.type).itemsize * 8 == self.bits else ("u1", (self.bits // 8,))

    def read(self, cells: np.ndarray, order: str) -> np.ndarray:
        """Numbers from their bytes."""
        if cells.ndim == 1:
            return cells.astype(self.type)
        places = range(self.bits // 8)[:: 1 if order == "<" else -1]
        return np.asarray(sum(cells[:, i].astype(self.type) << np.dtype(self.type).type(8 * n) for n, i in enumerate(places)))

    @property
    def mask(self) -> int:
        """The bits that hold a value; others may hold anything."""
        used = (max(self.range, 1) - 1).bit_length()
        return (1 << used) - 1 if self.kind == "I" and 0 < used < self.bits else 0

    @property
    def topic(self) -> str:
        if self.step != 1:
            return "times count in seconds, values × $TIMESTEP"
        if self.decades:
            return "values of logarithmic amplifiers are made linear"
        if self.left:
            return "floating-point numbers stay as they are stored, though $PnE names a logarithmic amplifier"
        return "values are divided by the gain of their amplifier" if self.gain != 1 else ""

    @property
    def said(self) -> str:
        if self.step != 1:
            return f"{self.step:g}"
        return f"{self.decades or self.left:g} decades" if self.decades or self.left else f"{self.gain:g}"

    def linear(self, x: np.ndarray) -> np.ndarray:
        """Stored values in the unit of the channel."""
        if self.mask:
            x = x & x.dtype.type(self.mask)
        if self.step != 1:
            return x.astype(np.float64) * self.step
        if self.decades:
            return np.asarray(10 ** (self.decades * x.astype(np.float64) / self.range) * self.zero)
        return x.astype(np.float64) / self.gain if self.gain != 1 else x


@dataclass(frozen=True)
class Part:
    """One data set: where it begins, and its keywords."""

    path: Path
    start: int
    size: int  # of the file
    version: str
    segments: dict[str, tuple[int, int]]  # as the header has them
    text: dict[str, str]

    def wrong(self, what: str) -> DataError:
        return DataError(f"{str(self.path)!r}: {what}")

    def number(self, key: str, default: str | None = None) -> int:
        return int(self.real(key, default))

    def real(self, key: str, default: str | None = None) -> float:
        said = self.text.get(key, default)
        try:
            if said is None:
                raise self.wrong(f"its TEXT has no {key}")
            found = float(said)
            if not np.isfinite(found):
                raise ValueError
            return found
        except ValueError as error:
            if isinstance(error, DataError):
                raise
            raise self.wrong(f"{key} is {said!r}, and should be a number") from None

    def order(self) -> str:
        """Of the bytes of a number."""
        places = self.text.get("$BYTEORD", "1,2,3,4").replace(" ", "").split(",")
        for sign, step in (("<", 1), (">", -1)):
            if places == [str(i + 1) for i in range(len(places))][::step]:
                return sign
        raise self.wrong(f"the order of its bytes, $BYTEORD {','.join(places)}, is not read: 1,2,3,4 and 4,3,2,1 are")

    def channels(self) -> list[Channel]:
        if (mode := self.text.get("$MODE", "L").strip().upper()) != "L":
            raise self.wrong(f"it holds histograms ($MODE {mode}): read are lists of events, $MODE L")
        count = self.number("$PAR")
        if count < 1:
            raise self.wrong(f"it has {count} channels ($PAR)")
        return [self._channel(n) for n in range(1, count + 1)]

    def _channel(self, n: int) -> Channel:
        kind = self.text.get(f"$P{n}DATATYPE", self.text.get("$DATATYPE", "")).strip().upper()
        if kind == "A":
            raise self.wrong("its numbers are written as text ($DATATYPE A): export it as FCS 3.1 with $DATATYPE F")
        if kind not in BITS:
            raise self.wrong(f"$DATATYPE is {kind!r}: read are I, F and D")
        bits = self.number(f"$P{n}B")
        if bits not in BITS[kind]:
            allowed = ", ".join(map(str, BITS[kind]))
            raise self.wrong(f"channel {n} has numbers of {bits} bits ($P{n}B) of type {kind}: read are those of {allowed}")
        amplifier = self.text.get(f"$P{n}E", "0,0")
        try:
            decades, zero = (float(part) for part in amplifier.split(","))
        except ValueError:
            raise self.wrong(f"$P{n}E is {amplifier!r}, and should be two numbers, such as 4,1") from None
        name = self.text.get(f"$P{n}N", "").strip() or f"P{n}"
        time = name.lower() == "time"
        step = self.real("$TIMESTEP") if time and self.text.get("$TIMESTEP", "").strip() else 1.0
        gain = self.real(f"$P{n}G", "1") if self.text.get(f"$P{n}G", "").strip() else 1.0
        decades = 0.0 if time else max(decades, 0.0)
        size = self.number(f"$P{n}R", "0")
        if decades and kind == "I" and size < 1:
            raise self.wrong(f"$P{n}R is {size}: the range of a logarithmic amplifier is 1 or more")
        marker = self.text.get(f"$P{n}S", "").strip()
        log, left = (decades, 0.0) if kind == "I" else (0.0, decades)
        return Channel(
            n,
            name,
            marker,
            kind,
            bits,
            size,
            log,
            zero or 1.0,
            1.0 if time or decades or gain <= 0 else gain,
            step,
            left,
        )

    def data(self, row: int) -> tuple[int, int]:
        """Where the events begin in the file, and how many there are."""
        places = [self.segments["DATA"]]
        if self.version != "FCS2.0" and self.number("$BEGINDATA", "0"):
            places.insert(0, (self.number("$BEGINDATA"), self.number("$ENDDATA", "0")))
        said = self.number("$TOT", "-1")
        for first, last in places:
            length = last - first + 1
            events = said if said >= 0 else length // row
            if not events or not last:
                continue
            if length - events * row not in (0, 1):  # some say the first byte behind
                continue
            if self.start + first < 0 or self.start + first + events * row > self.size:
                needs = self.start + first + events * row
                raise self.wrong(f"it is cut off: {events:,} events end at byte {needs:,}, and it has {self.size:,} bytes")
            return self.start + first, events
        if not said or all(not last for _, last in places):
            raise self.wrong("it holds no events")
        first, last = places[0]
        raise self.wrong(f"$TOT says {said:,} events of {row} bytes, but the data has {last - first + 1:,} bytes")

    def told(self, said: Decided) -> None:
        """What the file says besides, and is not used."""
        found = [key for key in self.text if re.fullmatch(r"\$?SPILL(OVER)?|\$COMP|\$DFC\d+TO\d+", key)]
        if found:
            spill = self.text[found[0]].split(",")[0].strip()
            of = f" of {spill} channels" if spill.isdigit() else ""
            said.once(f"compensation ({found[0]}{of}) is not applied: the values are those that the detectors saw")


def data_sets(file: IO[bytes], path: Path) -> list[Part]:
    """All data sets of a file, without their data."""
    size, start, found = os.fstat(file.fileno()).st_size, 0, list[Part]()
    if not size:
        raise DataError(f"{str(path)!r} is empty")
    while True:
        file.seek(start)
        head = file.read(HEADER)
        if head[:6] not in VERSIONS and found:  # what $NEXTDATA says is no data set
            return found
        found.append(_part(file, path, size, start, head))
        following = found[-1].number("$NEXTDATA", "0")
        if following <= 0:
            return found
        start += following


def _part(file: IO[bytes], path: Path, size: int, start: int, head: bytes) -> Part:
    if head[:3] != b"FCS":
        raise DataError(f"{str(path)!r} is no FCS file, as its name says: it begins with {head[:6]!r}")
    if head[:6] not in VERSIONS:
        raise DataError(f"{str(path)!r} is of version {head[3:6].decode('latin-1')}: read are 2.0, 3.0, 3.1 and 3.2")
    try:
        places = [int(head[i : i + 8].strip() or b"0") for i in range(10, 42, 8)]
    except ValueError:
        raise DataError(
            f"{str(path)!r}: its header, {head[10:42]!r}, should be four numbers of 8 digits (is it cut off?)"
        ) from None
    segments = {"TEXT": (places[0], places[1]), "DATA": (places[2], places[3])}
    text = _keywords(_segment(file, path, size, start, *segments["TEXT"]))
    part = Part(path, start, size, head[:6].decode(), segments, text)
    more = part.number("$BEGINSTEXT", "0"), part.number("$ENDSTEXT", "0")
    if 0 < more[0] < more[1] and more[0] != places[0]:
        text = _keywords(_segment(file, path, size, start, *more)) | text
    return Part(path, start, size, part.version, segments, text)


def _segment(file: IO[bytes], path: Path, size: int, start: int, first: int, last: int) -> str:
    if first < HEADER or last <= first or start + last >= size:
        raise DataError(f"{str(path)!r} is cut off: its TEXT is said to lie in bytes {first:,} to {last:,}, of {size:,}")
    file.seek(start + first)
    data = file.read(last - first + 1)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _keywords(segment: str) -> dict[str, str]:
    """Keys in capitals, and values; a doubled separator stands for one, or, where keys would hold it, for an empty value.

    >>> _keywords("/$SYS/a//b/$P1N/FL1/"), _keywords("/$COM//$P1N/FL1/")
    ({'$SYS': 'a/b', '$P1N': 'FL1'}, {'$COM': '', '$P1N': 'FL1'})
    """
    sep = segment[0]
    body = segment[1 : segment.rindex(sep)]
    cells = [cell.replace("\0", sep) for cell in body.replace(sep + sep, "\0").split(sep)]
    if any(sep in key for key in cells[::2]):
        cells = body.split(sep)
    return {key.strip().upper(): value for key, value in zip(cells[::2], cells[1::2], strict=False)}
