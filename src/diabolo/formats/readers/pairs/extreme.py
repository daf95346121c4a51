"""Text of the repository of extreme classification: a line with the numbers of rows, columns and labels, then the rows.

    15539 5000 3993          n d k
    446,521 1:0.08 5:0.2     labels with commas, and pairs of the number of a column and a value
     2:0.3                   (a blank first) no label

Nothing is guessed but whether the first column, and the first label, is 0, as the repository has it: it is 1 where the number d
(or k) occurs, and 0 does not. As many lines as the first one says are rows; an empty line is one too, if it takes it to be n.
"""

from __future__ import annotations

import re
import zlib
from itertools import chain
from pathlib import Path

import numpy as np

from ....errors import DataError
from ...layout import ending, opened
from ..dataset import Dataset
from .gathered import HEAD, Gathered, blocks, gathered, kind_of
from .lines import MOST, Rules

__all__ = ["header", "kind", "read", "recognizes"]

UNPACKS = True  # a .txt.gz, too

LABELS = 10**8  # most labels, for each gets a name
NUMBERS = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]*([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]*\r?\n")
LABEL_WORD = re.compile(rb"[-+0-9,.]+")
PAIR_WORD = re.compile(rb"-?[0-9]+:[-+.0-9a-zA-Z]+")


def recognizes(path: Path) -> bool:
    """Whether a text file begins with n d k and such rows."""
    return ending(path).endswith((".txt", ".txt.gz")) and header(path) is not None


def kind(path: Path) -> str:
    """Whether the first rows count something."""
    return kind_of(path, 2, Rules(comments=False))


def header(path: Path) -> tuple[int, int, int] | None:
    """n, d, k of a file that begins with them and such rows; None, if it does not."""
    try:
        with opened(path) as file:
            head: bytes = file.read(HEAD)
    except (OSError, EOFError, ValueError, zlib.error):  # reading tells
        return None
    found = NUMBERS.match(head)
    if found is None or not _are_rows(head[found.end() :]):
        return None
    n, d, k = map(int, found.groups())
    return n, d, k


def _are_rows(text: bytes) -> bool:
    """Whether the lines up to the first one with pairs are rows; that their numbers are right is for reading to say."""
    for line in text.split(b"\n"):
        words = line.split()
        pairs = words[1:] if words and LABEL_WORD.fullmatch(words[0]) else words
        if not all(map(PAIR_WORD.fullmatch, pairs[:100])):
            return False
        if pairs:
            return True
    return False


def read(path: Path, *, zero_based: bool | None = None) -> Dataset:
    """The rows of a file.

    Parameters
    ----------
    path : path
        Of the file.
    zero_based : bool, optional
        Whether the first column has the number 0, or 1. None: 0, unless d occurs and 0 does not.
    """
    if zero_based is not None and not isinstance(zero_based, bool):
        raise ValueError(f"zero_based={zero_based!r}: allowed are True, False and None (found out)")
    sizes = header(path)
    if sizes is None:
        raise DataError(
            f"{str(path)!r} does not begin with the numbers of rows, columns and labels, and then rows such as '3,17 2:0.5'"
        )
    n, d, k = sizes
    if not 0 < d <= MOST or k > LABELS:
        raise DataError(
            f"{str(path)!r}: line 1 says {d:,} columns and {k:,} labels: expected 1 to {MOST:,}, and at most {LABELS:,}"
        )
    lines = blocks(path)
    rest = next(lines).split(b"\n", 1)[1]
    rules = Rules(False, int(zero_based is False), d - int(zero_based is True), labels=k)
    found = gathered(path, chain([rest] if rest else [], lines), 2, rules)
    told = _rows(path, found, n)
    first, based = _first(path, "column", d, found.lowest, found.highest, zero_based)
    labels = found.labels.array()
    lowest, highest = (int(labels.min()), int(labels.max())) if len(labels) else (0, -1)
    base, named = _first(path, "label", k, lowest, highest, None)
    X, Y = found.matrix(d, first), found.label_matrix(path, labels.astype(np.int64) - base, k) if k else None
    without = int((found.marks == 0).sum())
    decided = (
        f"line 1 says {n:,} rows, {d:,} columns and {k:,} labels",
        *told,
        based,
        f"{named}; rows without: {without:,}",
        *found.said,
    )
    names, options = [str(base + j) for j in range(k)] if k else None, {"zero_based": first == 0}
    return Dataset(X, Y, labels=names, counts=found.counts, decided=decided, options=options)


def _rows(path: Path, found: Gathered, n: int) -> list[str]:
    """Leave out empty lines, if n is the number of rows without them; what is to be said."""
    lines, full = len(found.empty), np.flatnonzero(~found.empty)
    last = int(full[-1]) + 1 if len(full) else 0
    if last <= n <= lines:
        found.keep(np.arange(lines) < n)
    elif len(full) == n:
        found.keep(~found.empty)
    else:
        many = f"{lines:,} lines follow" + (f", {lines - len(full):,} of them empty" if lines > len(full) else "")
        raise DataError(f"{str(path)!r}: line 1 says {n:,} rows, but {many}: correct the number, or fetch the file again")
    empty = int(found.empty.sum())
    told = [f"lines without a word, which are rows without labels and values: {empty:,}"] if empty else []
    return told + ([f"empty lines, which are no rows: {lines - n:,}"] if lines > n else [])


def _first(path: Path, what: str, size: int, lowest: int, highest: int, zero_based: bool | None) -> tuple[int, str]:
    """The number of the first column or label, and what is said of it."""
    if zero_based is not None:
        return int(not zero_based), f"{what}s are counted from {int(not zero_based)}"
    if highest < size:
        return 0, f"{what}s are counted from 0" + ("" if lowest == 0 or highest < 0 else ", as is usual; 0 does not occur")
    if lowest == 0:
        raise DataError(f"{str(path)!r}: line 1 says {size:,} {what}s, but numbers from 0 to {highest:,} occur")
    return 1, f"{what}s are counted from 1, for {size:,} occurs, and 0 does not"
