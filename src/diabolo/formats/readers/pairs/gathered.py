"""All rows of a text of labels and pairs, read in blocks of lines.

    blocks  --pairs.py-->  numbers of columns, values, labels; how many of them each row has  -->  X (n, d), Y (n, k) CSR

Memory: the matrices and one block; large ones lie in temporary files (growing.py).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ....deferred import sp
from ....errors import DataError, warn
from ...files import explained
from ...layout import opened
from ..growing import Growing
from .lines import MOST, Lines, Rules, at_once, by_word

__all__ = ["HEAD", "Gathered", "blocks", "gathered", "kind_of"]

BLOCK = 1 << 22  # bytes of text that are read at once
HEAD = 1 << 18  # bytes that are looked at
LONGEST = 1 << 28  # bytes of a line
COMMENT_ONLY = re.compile(rb"^[ \t\r]*#.*\n", re.MULTILINE)
COMMENT = re.compile(rb"#.*")
QUERY = re.compile(rb"^([^\s:]+[ \t]+|[ \t]*)qid:[0-9]+(?=\s)", re.MULTILINE)


class Gathered:
    """The rows of a file.

    `lowest` and `highest` are the least and largest number of a column; so many `comments` (lines) and `queries` were left out.
    """

    def __init__(self) -> None:
        self.indices, self.values, self.labels = Growing(np.int32), Growing(np.float64), Growing(np.float64)
        self.parts: list[tuple[np.ndarray, ...]] = []
        self.lowest, self.highest, self.largest = MOST + 1, -1, 0.0
        self.comments = self.queries = 0
        self.whole = True

    def add(self, lines: Lines) -> None:
        """Rows that follow; stored zeros are left out."""
        i, v = lines.indices, lines.values
        if len(i):
            self.lowest, self.highest = min(self.lowest, int(i.min())), max(self.highest, int(i.max()))
            self.largest = max(self.largest, float(v.max()))
            self.whole = self.whole and bool((v >= 0).all() and (v == np.floor(v)).all())
        pairs = lines.pairs
        if (zero := v == 0).any():
            row = np.repeat(np.arange(len(pairs)), pairs)
            i, v, pairs = i[~zero], v[~zero], np.bincount(row[~zero], minlength=len(pairs))
        self.indices.add(i)
        self.values.add(v)
        self.labels.add(lines.labels)
        self.parts.append((pairs, lines.marks, lines.bare, lines.pairs + lines.marks == 0))

    @property
    def counts(self) -> bool:
        """Whether all values are whole numbers, none below 0, and some above 1."""
        return self.whole and self.largest > 1

    @property
    def said(self) -> list[str]:
        """What is to be said of the values."""
        return ["all values are whole numbers, none below 0 and some above 1: counts"] if self.counts else []

    def finish(self) -> None:
        """Join what each row has: `pairs`, `marks` (labels), whether it is `bare` (no sign at all) or `empty` (no word)."""
        columns = zip(*self.parts, strict=True) if self.parts else ([np.empty(0, np.int64)],) * 4
        self.pairs, self.marks, self.bare, self.empty = (np.concatenate(column) for column in columns)

    def keep(self, rows: np.ndarray) -> None:
        """Only these rows (n,) bool; the others are empty."""
        self.pairs, self.marks, self.bare, self.empty = (a[rows] for a in (self.pairs, self.marks, self.bare, self.empty))

    def matrix(self, d: int, first: int) -> Any:
        """X (n, d), a CSR matrix; `first` is the number of its first column."""
        ends = _ends(self.pairs)
        indices = self.indices.array() if self.values.size < 2**31 else self.indices.cast(np.int64)
        if first:
            np.subtract(indices, first, out=indices)
        X = sp.csr_matrix((self.values.array(), indices, ends.astype(indices.dtype)), shape=(len(self.pairs), d), copy=False)
        X.has_canonical_format = True
        return X

    def label_matrix(self, path: Path, columns: np.ndarray, k: int) -> Any:
        """Y (n, k) of 0 and 1, a CSR matrix, from the column of each label; a label that a row has twice counts once."""
        n = len(self.marks)
        Y = sp.csr_matrix((np.ones(len(columns), np.int64), columns, _ends(self.marks)), shape=(n, k))
        Y.sum_duplicates()
        Y.data[:] = 1
        if k > 1 and n > 1 and Y.nnz == n * k:
            warn(
                f"{str(path)!r}: every row has all {k:,} labels, as when a matrix of -1 and 1 is written, for -1 is not 0: "
                "write Y > 0 instead"
            )
        return Y


def _ends(counts: np.ndarray) -> np.ndarray:
    """Where each row begins and ends among all pairs."""
    return np.concatenate([[0], np.cumsum(counts)])


def gathered(path: Path, lines: Iterable[bytes], number: int, rules: Rules) -> Gathered:
    """All rows of blocks of lines, of which the first is line `number` of the file."""
    found = Gathered()
    for block in lines:
        text = block
        if rules.comments and b"#" in block:
            text, n = COMMENT_ONLY.subn(b"", block)
            text, found.comments = COMMENT.sub(b"", text), found.comments + n
        if rules.comments and b"qid:" in text:
            text, n = QUERY.subn(rb"\1 ", text)
            found.queries += n
        at_first = at_once(text, rules)
        found.add(by_word(path, block, number, rules) if at_first is None else at_first)
        number += block.count(b"\n")
    found.finish()
    return found


def kind_of(path: Path, number: int, rules: Rules) -> str:
    """ "counts" or "matrix", from the first lines; `number` is that of the first row."""
    try:
        first = next(blocks(path, HEAD), b"").split(b"\n", number - 1)[-1]
        return "counts" if gathered(path, [first], number, rules).counts else "matrix"
    except (DataError, OSError):  # reading tells
        return "matrix"


def blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """The text in pieces that end with a line."""
    rest, first = b"", True
    with explained(path), opened(path) as file:
        while piece := _piece(path, file, size):
            piece = (rest + piece).removeprefix(b"\xef\xbb\xbf" if first else b"")
            if first and b"\0" in piece:
                raise DataError(f"{str(path)!r} has zero bytes: it is no text of rows, or not written in UTF-8")
            lines, end, rest = piece.rpartition(b"\n")
            if end:
                yield lines + end
            elif len(rest) > LONGEST:
                raise DataError(f"{str(path)!r} has a line of more than {LONGEST >> 20} MB: it is no text of rows")
            first = False
    if rest:
        yield rest + b"\n"


def _piece(path: Path, file: Any, size: int) -> bytes:
    try:
        piece: bytes = file.read(size)
    except zlib.error as error:
        raise DataError(f"{str(path)!r} cannot be unpacked ({error}): fetch it again") from None
    return piece
