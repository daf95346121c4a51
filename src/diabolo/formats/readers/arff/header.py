r"""An open ARFF file, and what its header declares.

    @relation name
    @attribute name numeric | integer | real | string | date ["yyyy-MM-dd"] | {first, second, ...}
    @data

A name such as m\'usica without quotes around it, which liac-arff writes, is taken as it stands.
"""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ....errors import DataError, suggest
from ...layout import Reading, check_encoding, encoding_of, opened
from .words import Words, Wrong, joined, quoted, values_of, words

__all__ = ["Attribute", "Header", "Source"]

PIECE = 1 << 22  # bytes that are read at once
LONGEST = 1 << 28  # characters of a line
NAME = re.compile(r"""([\x00-\x20]*@attribute[\x00-\x20]+)([^\x00-\x20,{}%'"]+['"][^\x00-\x20,{}%]*)""", re.IGNORECASE)
NUMBERS = ("numeric", "real", "integer")


@dataclass(frozen=True)
class Attribute:
    """A column: its name, "number", "text", "date" or "nominal", its values in their order, the pattern of its dates."""

    name: str
    kind: str
    values: tuple[str, ...] = ()
    pattern: str = ""
    declared: str = ""  # its words, as they stand in the file

    @property
    def binary(self) -> bool:
        """Whether it is a number, or a nominal 0 or 1, which can be one."""
        return self.kind == "number" or (self.kind == "nominal" and bool(self.values) and {*self.values} <= {"0", "1"})


@dataclass(frozen=True)
class Header:
    """What stands before the rows."""

    relation: str
    attributes: tuple[Attribute, ...]
    weighted: int  # attributes with a weight of their own


class Source:
    """An open file: its header, and then its rows as pieces of whole lines."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path, self.line = path, 0
        if encoding is not None:
            check_encoding(encoding)
        self._pieces = _pieces(path, encoding)
        self._text, self._start = "", 0
        self.header = self._read_header()

    def pieces(self) -> Iterator[tuple[int, str]]:
        """The rows: the number of the first line, and whole lines."""
        line = self.line + 1
        for text in itertools.chain([self._text[self._start :]], self._pieces):
            if text:
                yield line, text
            line += text.count("\n")

    def ahead(self) -> Iterator[str]:
        """The lines of the rows, which are still there afterwards."""
        self._text, self._start, at = self._text[self._start :], 0, 0
        while True:
            while (stop := self._text.find("\n", at)) >= 0:
                yield self._text[at:stop]
                at = stop + 1
            more = next(self._pieces, "")
            if not more:
                return
            self._text += more

    def wrong(self, line: int, what: object) -> DataError:
        """The error about a line."""
        return DataError(f"{str(self.path)!r}, line {line:,}: {what}")

    def _read_header(self) -> Header:
        relation: str | None = None
        attributes: list[Attribute] = []
        weighted = 0
        for found in self._lines():
            try:
                key = found[0][1].lower() * (not found[0][0])
                if key == "@relation" and relation is None:
                    relation = " ".join(word for _, word in found[1:])
                elif key == "@attribute" and relation is not None:
                    attribute, weight = _attribute(found)
                    attributes.append(attribute)
                    weighted += weight
                elif key == "@data" and relation is not None:
                    if len(found) > 1:
                        raise Wrong(f"found {found[1][1][:40]!r} behind @data: begin a line")
                    _check(attributes)
                    return Header(relation, tuple(attributes), weighted)
                else:
                    raise Wrong(_unexpected(found[0][1], relation))
            except Wrong as error:
                raise self.wrong(self.line, error) from None
        raise DataError(f"{str(self.path)!r} is cut off, or no ARFF: it ends after {self.line:,} lines, and no @data came")

    def _lines(self) -> Iterator[Words]:
        """The words of each line that has some."""
        for text in self._pieces:
            self._text, self._start = text, 0
            while self._start < len(self._text):
                stop = self._text.index("\n", self._start)
                line, self._start = self._text[self._start : stop], stop + 1
                self.line += 1
                try:
                    found = words(NAME.sub(lambda match: match[1] + quoted(match[2]), line, count=1))
                except Wrong as error:
                    raise self.wrong(self.line, error) from None
                if found:
                    yield found


def _check(attributes: list[Attribute]) -> None:
    if not attributes:
        raise Wrong("@data, but no @attribute came before it")
    seen: set[str] = set()
    for attribute in attributes:
        if attribute.name in seen:
            raise Wrong(f"two attributes are named {attribute.name!r}: name each attribute once")
        seen.add(attribute.name)


def _unexpected(word: str, relation: str | None) -> str:
    expected = "@relation" if relation is None else "@attribute or @data"
    return f"found {word[:40]!r}, expected {expected}{suggest(word, ('@relation', '@attribute', '@data'))}"


def _attribute(found: Words) -> tuple[Attribute, bool]:
    if len(found) < 3:
        raise Wrong("@attribute needs a name and a type, such as @attribute age numeric; quote names with blanks")
    name, (quote, word), rest = found[1][1], found[2], found[3:]
    declared = joined(found[1:])
    if word == "{" and not quote:
        stop = next((i for i, (q, w) in enumerate(rest) if w == "}" and not q), None)
        if stop is None:
            raise Wrong(f"attribute {name!r}: the braces of its values are not closed")
        values = _declared(rest[:stop], name)
        return Attribute(name, "nominal", values, "", declared), _weight(rest[stop + 1 :], name)
    key = word.lower()
    if key in NUMBERS:
        return Attribute(name, "number", declared=declared), _weight(rest, name)
    if key == "string":
        return Attribute(name, "text", declared=declared), _weight(rest, name)
    if key == "date":
        own = bool(rest) and rest[0] != (False, "{")
        pattern = rest[0][1] if own else "yyyy-MM-dd'T'HH:mm:ss"
        return Attribute(name, "date", pattern=pattern, declared=declared), _weight(rest[own:], name)
    if key == "relational":
        raise Wrong(
            f"attribute {name!r} is relational, a table within each cell, which cannot be read: remove it, or unfold it"
        )
    known = (*NUMBERS, "string", "date", "relational")
    raise Wrong(
        f"attribute {name!r} has the type {word[:40]!r}; known are {', '.join(known)}, and {{values}}{suggest(word, known)}"
    )


def _declared(found: Words, name: str) -> tuple[str, ...]:
    """Values of a nominal attribute. Blanks alone may part them, but then no commas, lest {New York, Rome} be three."""
    values = [(quote, word) for quote, word in found if quote or word != ","]
    commas = len(found) - len(values)
    if commas and commas != len(values) - 1:
        raise Wrong(f"attribute {name!r}: {len(values)} values, but {commas} comma(s) between them: quote values with blanks")
    values_of(found)
    if any(word == "?" and not quote for quote, word in values):
        raise Wrong(f"attribute {name!r}: ? stands for a missing value, and is no value: quote it, if it is one")
    texts = tuple(word for _, word in values)
    double = next((text for i, text in enumerate(texts) if text in texts[:i]), None) if len({*texts}) < len(texts) else None
    if double is not None:
        raise Wrong(f"attribute {name!r} declares {double!r} twice")
    return texts


def _weight(rest: Words, name: str) -> bool:
    """Whether the declaration ends in the weight of the attribute."""
    if rest and (len(rest) != 3 or rest[0][1] != "{" or rest[2][1] != "}"):
        raise Wrong(f"attribute {name!r}: found {rest[0][1][:40]!r} behind its type")
    return bool(rest)


def _pieces(path: Path, encoding: str | None) -> Iterator[str]:
    """Whole lines, each with its end."""
    kept, lines = "", 1
    try:
        with opened(path) as file:
            data = file.read(PIECE)
            used = encoding_of(data, Reading(encoding=encoding))
            decoder = codecs.getincrementaldecoder("utf-8-sig" if used.lower() in ("utf-8", "utf8") else used)()
            lined = io.IncrementalNewlineDecoder(decoder, True)
            while data:
                text = kept + lined.decode(data)
                cut = text.rfind("\n") + 1
                kept = text[cut:]
                if len(kept) > LONGEST:
                    raise DataError(f"{str(path)!r} has a line of more than {LONGEST:,} characters: it is no ARFF")
                if cut:
                    lines += text.count("\n")
                    yield text[:cut]
                data = file.read(PIECE)
            kept += lined.decode(b"", True)
    except UnicodeDecodeError as error:
        line, byte = lines + error.object[: error.start].count(b"\n"), error.object[error.start]
        raise DataError(
            f"{str(path)!r} is not written in {used}: byte {byte:#04x} in line {line:,}: say how it is written, "
            "such as encoding='latin-1'"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{str(path)!r} cannot be unpacked ({error}): it is cut off, damaged, or not of gzip") from None
    if kept:
        yield kept + "\n"
