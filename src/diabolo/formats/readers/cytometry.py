"""Files of flow cytometers, FCS 2.0 to 3.2: events × channels.

file      HEADER | TEXT | DATA | ... ; a data set may say where the next begins ($NEXTDATA)
TEXT      /key/value/key/value/, and optional keys elsewhere (supplemental TEXT)
channel   x / gain ($PnG), or for integers of a logarithmic amplifier f₂ · 10^(f₁ x / range) ($PnE f₁, f₂); time × $TIMESTEP
name      $PnN, and $PnS in brackets: FL1-A (CD4)

Read here, and not with FlowIO, which leaves out the supplemental TEXT (with it gains, markers and the time step), takes every $
out of names and values, raises 10 to the power of floating-point numbers that are logarithms already, knows no numbers of 24
bits, and does not compare $TOT with the data.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from ...errors import DataError
from ...storage import atomic
from ..base import MAX_BYTES_IN_MEMORY, spilled
from ..schema import floats, words
from .dataset import Dataset
from .decided import Decided

__all__ = ["kind", "read", "write"]

VERSIONS = (b"FCS2.0", b"FCS3.0", b"FCS3.1", b"FCS3.2")
HEADER = 58  # bytes
MOST = 99_999_999  # that the header can say
EVENTS = 1 << 16  # at a time
EXACT = 1 << 53
BITS = {"I": (8, 16, 24, 32, 40, 48, 56, 64), "F": (32,), "D": (64,)}
ABOUT_DATA = re.compile(
    r"\$?P\d+\D.*|\$(BEGIN|END)\w+|\$(PAR|TOT|DATATYPE|BYTEORD|MODE|NEXTDATA|TIMESTEP|DFC\d+TO\d+|COMP|UNICODE)|\$?SPILL(OVER)?"
)
BACK = re.compile(r"(?P<n>.+) \((?P<s>.+)\)")


def kind(path: Path) -> str:
    """Always a table."""
    return "table"


def read(path: Path, *, dataset: int = 1) -> Dataset:
    """The events of a data set of a .fcs file, a column for each channel.

    Parameters
    ----------
    path : Path
        Of the file.
    dataset : int, default=1
        Which of its data sets.
    """
    with path.open("rb") as file:
        sets = _sets(file, path)
    if not 1 <= dataset <= len(sets):
        raise DataError(f"dataset={dataset}: {str(path)!r} holds {len(sets)} data sets")
    here = sets[dataset - 1]
    said = Decided()
    if len(sets) > 1:
        said.once(f"it holds {len(sets)} data sets: read is number {dataset} (another: dataset=)")
    channels = here.channels()
    offset, events = here.data(sum(c.bits for c in channels) // 8)
    order = here.order()
    row = np.dtype([(str(i), c.stored(order)) for i, c in enumerate(channels)])
    stored = np.memmap(path, row, "r", offset, (events,))
    names = _names(channels, said)
    columns = dict(zip(names, map(pa.array, _values(stored, channels, order)), strict=True))
    for name, c in zip(names, channels, strict=True):
        if topic := c.topic:
            said.count(topic, f"{name!r} {c.said}")
    here.told(said)
    return Dataset(pa.table(columns), decided=said.sentences())


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


def _values(stored: np.ndarray, channels: list[Channel], order: str) -> list[np.ndarray]:
    """The columns, a piece of the events at a time; large ones in temporary files."""
    types = [c.linear(np.zeros(1, c.type)).dtype for c in channels]
    large = len(stored) * sum(t.itemsize for t in types) > MAX_BYTES_IN_MEMORY
    columns = [spilled(len(stored), 1, t)[:, 0] if large else np.empty(len(stored), t) for t in types]
    for start in range(0, len(stored), EVENTS):
        piece = slice(start, start + EVENTS)
        for i, (c, column) in enumerate(zip(channels, columns, strict=True)):
            column[piece] = c.linear(c.read(stored[str(i)][piece], order))
    return columns


def _names(channels: list[Channel], said: Decided) -> list[str]:
    """$PnN ($PnS), each once."""
    names = [f"{c.detector} ({c.marker})" if c.marker not in ("", c.detector) else c.detector for c in channels]
    if any(name != c.detector for name, c in zip(names, channels, strict=True)):
        said.once("channels are named by $PnN, and $PnS in brackets")
    for i, name in enumerate(names):
        while names[i] in names[:i]:
            names[i] = f"{names[i]} #{i + 1}"
        if names[i] != name:
            said.count("several channels have one name: the later ones stand with their number", repr(names[i]))
    return names


# ── HEADER and TEXT ──────────────────────────────────────────────────────────────────────────────────────────────────


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


def _sets(file: IO[bytes], path: Path) -> list[Part]:
    """All data sets, without their data."""
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


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(table: Any, path: Path, source: Path | None = None) -> None:
    """Write a table of numbers as FCS 3.1, in numbers of 4 bytes where these hold all, else of 8.

    Columns named ``FL1-A (CD4)`` become $PnN FL1-A and $PnS CD4. Of `source`, the file that was read, keywords that are not
    about its data are kept, and its spillover matrix, if all its channels are in the table.
    """
    narrow = {pa.float32(), pa.float16(), pa.uint16(), pa.int16(), pa.uint8(), pa.int8(), pa.bool_()}
    for field in table.schema:
        t = field.type
        if not (pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t)):
            raise DataError(
                f"cannot write {str(path)!r}: column {field.name!r} holds {words(t)}, and .fcs files hold numbers only"
            )
        if not field.name.strip():
            raise DataError(f"cannot write {str(path)!r}: a column has no name")
    if not table.num_rows or not table.num_columns:
        raise DataError(f"cannot write {str(path)!r}: the table has {table.num_rows} rows and {table.num_columns} columns")
    size = 4 if {field.type for field in table.schema} <= narrow else 8
    text = _text(table, size, source)
    length = sum(len(key.encode()) + len(value.encode()) + 2 for key, value in text.items()) + 1
    first = HEADER + length
    last = first + table.num_rows * table.num_columns * size - 1
    text |= {"$BEGINDATA": f"{first:012}", "$ENDDATA": f"{last:012}"}
    data = (first, last) if last <= MOST else (0, 0)
    with atomic(path) as file:
        file.write(b"FCS3.1    " + "".join(f"{n:>8}" for n in (HEADER, first - 1, *data, 0, 0)).encode())
        file.write(("\f" + "".join(f"{key}\f{value}\f" for key, value in text.items())).encode())
        for start in range(0, table.num_rows, EVENTS):
            piece = table.slice(start, EVENTS)
            values = [_exact(piece.column(name), name, path) for name in piece.column_names]
            file.write(np.stack(values, 1).astype(f"<f{size}").tobytes())


def _exact(column: Any, name: str, path: Path) -> np.ndarray:
    values = floats(pa.concat_arrays(column.chunks))
    if pa.types.is_integer(column.type) and (most := float(np.nanmax(np.abs(values), initial=0))) >= EXACT:
        raise DataError(f"cannot write {str(path)!r}: column {name!r} holds {most:g}, which a number of 8 bytes cannot")
    return values


def _text(table: Any, size: int, source: Path | None) -> dict[str, str]:
    """The keywords; where the data lies is filled in later."""
    known: dict[str, str] = {}
    if source is not None and source.suffix.lower() == ".fcs":
        with source.open("rb") as file:
            known = _sets(file, source)[0].text
    text = {"$BEGINANALYSIS": "0", "$ENDANALYSIS": "0", "$BEGINSTEXT": "0", "$ENDSTEXT": "0", "$MODE": "L", "$NEXTDATA": "0"}
    text |= {"$BYTEORD": "1,2,3,4", "$DATATYPE": "FD"[size == 8], "$PAR": str(table.num_columns), "$TOT": str(table.num_rows)}
    text |= {"$BEGINDATA": "0" * 12, "$ENDDATA": "0" * 12}
    detectors = []
    for n, name in enumerate(table.column_names, 1):
        both = BACK.fullmatch(name)
        detectors.append(both["n"] if both else name)
        text |= {f"$P{n}B": str(8 * size), f"$P{n}E": "0,0", f"$P{n}N": detectors[-1], f"$P{n}R": "262144"}
        if both:
            text[f"$P{n}S"] = both["s"]
    if "$TIMESTEP" in known:
        text["$TIMESTEP"] = "1"  # the times are in seconds
    kept = {key: value for key, value in known.items() if value and not ABOUT_DATA.fullmatch(key)}
    for key in ("$SPILLOVER", "SPILL"):
        names = known.get(key, "").split(",")
        if names[0].strip().isdigit() and {*names[1 : 1 + int(names[0])]} <= {*detectors}:
            kept[key] = known[key]
    return {key: value.replace("\f", " ") for key, value in (text | kept).items()}
