"""Rows of a text: labels, and pairs of the number of a column and a value.

    3,17 1:0.5 4:2        labels 3 and 17; x_1 = 0.5, x_4 = 2
     2:1                  no label
    5                     no value: x = 0

A block of lines goes through Arrow's CSV parser as a table of two columns, a pair in each line and ``:`` between the columns:
four times as fast as scikit-learn's reader, and to the bit what ``float`` makes of each word. Arrow also reads what is no
number here (0x1F), and stops where ``float`` goes on (+1): a block with a sign or a number out of the ordinary is read again,
word by word, which says what is wrong and in which line. Each line is a row, an empty one too; whether it stays one is for the
kind of file to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from ....errors import DataError

__all__ = ["MOST", "Lines", "Rules", "at_once", "by_word"]

MOST = 2**31 - 2  # number of a column
BLANKS = b" \t\n\r\v\f"
SIGNS = b"0123456789.:,+-eE" + BLANKS
ONE_A_LINE = bytes(10 if sign in BLANKS else sign for sign in range(256))
INTEGER = re.compile(rb"[+-]?[0-9]{1,18}")
NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
PLUS = re.compile(rb"(?<=[\n:])\+(?=[0-9.])")


@dataclass(frozen=True)
class Rules:
    """What a row may hold.

    Parameters
    ----------
    comments : bool
        svmlight: ``# comments`` and ``qid:3`` are left out, and numbers of columns ascend. Else neither is there, and a row may
        stand in any order.
    least, most : int
        Numbers of columns.
    labels : int, optional
        The largest label; then all are whole numbers, none below 0. None: any number.
    one : bool
        Whether each row has one label.
    """

    comments: bool
    least: int = 0
    most: int = MOST
    labels: int | None = None
    one: bool = False


@dataclass
class Lines:
    """What stands in some lines: their pairs (one after the other), their labels, and how many of both each line has."""

    indices: np.ndarray
    values: np.ndarray
    pairs: np.ndarray
    labels: np.ndarray
    marks: np.ndarray
    bare: np.ndarray  # whether a line has no sign at all, not even a blank


# ── a block as a table of pairs ──────────────────────────────────────────────────────────────────────────────────────


def at_once(block: bytes, rules: Rules) -> Lines | None:
    """The lines of a block without comments; None, if something in it is out of the ordinary."""
    text = block.replace(b"\r\n", b"\n")
    if text.translate(None, SIGNS):
        return None
    a = np.frombuffer(text, np.uint8)
    ends, blanks, colons = (np.flatnonzero(found) for found in (a == 10, a <= 32, a == 58))
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    stops = blanks[np.searchsorted(blanks, starts)]  # where the first word ends
    before = np.searchsorted(colons, starts)
    stops = np.where(np.searchsorted(colons, stops) > before, starts, stops)  # it is a pair: there are no labels
    labels, marks = _labels(a[_spans(starts, stops + 1)], stops - starts)
    table = np.frombuffer(bytearray(text.translate(ONE_A_LINE)), np.uint8)
    table[_spans(starts, stops)] = 10
    pairs = np.searchsorted(colons, ends) - before
    columns = _columns(table.tobytes(), len(colons), [pa.int32(), pa.float64()])
    if labels is None or columns is None:
        return None
    lines = Lines(columns[0], columns[1], pairs, labels, marks, starts == ends)
    return lines if _obey(lines, rules) else None


def _spans(starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Each start, start + 1, ..., stop - 1, one after the other.

    >>> _spans(np.array([0, 5]), np.array([2, 8])).tolist()
    [0, 1, 5, 6, 7]
    """
    lengths = stops - starts
    return np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)


def _labels(text: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """The labels of all lines, and how many each has; `text` are their signs, of so many each, and one that follows."""
    last = np.cumsum(lengths + 1) - 1
    text[last] = 10
    commas = np.flatnonzero(text == 44)
    marks = np.diff(np.searchsorted(commas, last), prepend=0) + (lengths > 0)
    text[commas] = 10
    columns = _columns(text.tobytes(), int(marks.sum()), [pa.float64()])
    return (columns[0] if columns else None), marks


def _columns(text: bytes, n: int, types: list[Any]) -> list[np.ndarray] | None:
    """n lines of numbers; None, if they are not n, or Arrow cannot read them."""
    if not n:
        return [np.empty(0, t.to_pandas_dtype()) for t in types] if not text.strip() else None
    names = [f"x{j}" for j in range(len(types))]
    text = PLUS.sub(b"", b"\n" + text) if b"+" in text else text
    how = pa_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names)
    parse = pa_csv.ParseOptions(delimiter=":", quote_char=False)
    convert = pa_csv.ConvertOptions(check_utf8=False, null_values=[], column_types=dict(zip(names, types, strict=True)))
    try:
        table = pa_csv.read_csv(pa.BufferReader(text), how, parse, convert)
    except pa.ArrowInvalid:
        return None
    return [column.to_numpy() for column in table.columns] if table.num_rows == n else None


def _obey(lines: Lines, rules: Rules) -> bool:
    """Whether all numbers are as they must be; rows are sorted where they may be."""
    i, labels = lines.indices, lines.labels
    if len(i) and not (rules.least <= i.min() and i.max() <= rules.most and np.isfinite(lines.values).all()):
        return False
    if not np.isfinite(labels).all() or (rules.labels is not None and not _whole(labels, rules.labels)):
        return False
    if rules.one and not ((lines.marks == 1) | ((lines.marks == 0) & (lines.pairs == 0))).all():
        return False
    if not rules.comments and not _ascend(lines).all():
        order = np.lexsort((i, np.repeat(np.arange(len(lines.pairs)), lines.pairs)))
        lines.indices, lines.values = i[order], lines.values[order]
    return bool(_ascend(lines).all())


def _ascend(lines: Lines) -> np.ndarray:
    """Whether each pair stands after one of a smaller number, or first in its row."""
    up = np.diff(lines.indices, prepend=-1) > 0
    up[np.cumsum(lines.pairs)[:-1][lines.pairs[1:] > 0]] = True
    return up


def _whole(labels: np.ndarray, most: int) -> bool:
    return bool(((labels >= 0) & (labels <= most) & (labels == np.floor(labels))).all())


# ── a block word by word ─────────────────────────────────────────────────────────────────────────────────────────────


def by_word(path: Path, block: bytes, number: int, rules: Rules) -> Lines:
    """The same of any block, that begins with this line; DataError, if there is something wrong in it."""
    found: list[tuple[list[float], dict[int, float], bool]] = []
    for at, line in enumerate(block.split(b"\n")[:-1], number):
        try:
            row = _row(line, rules)
        except DataError as error:
            raise DataError(f"{str(path)!r}: line {at:,}: {error}") from None
        if row is not None:
            found.append((*row, not line.removesuffix(b"\r")))
    return Lines(
        np.array([i for _, x, _ in found for i in x], np.int32),
        np.array([v for _, x, _ in found for v in x.values()], np.float64),
        np.array([len(x) for _, x, _ in found], np.int64),
        np.array([label for y, _, _ in found for label in y], np.float64),
        np.array([len(y) for y, _, _ in found], np.int64),
        np.array([bare for _, _, bare in found], bool),
    )


def _row(line: bytes, rules: Rules) -> tuple[list[float], dict[int, float]] | None:
    """Labels and pairs of a line; None, if it is only a comment."""
    text, sign, _ = line.partition(b"#") if rules.comments else (line, b"", b"")
    words = text.split()
    if sign and not words:
        return None
    labeled = bool(words) and b":" not in words[0]
    labels = [_label(word, rules) for word in words.pop(0).split(b",")] if labeled else []
    if rules.one and len(labels) != 1 and (labels or words):
        raise DataError(f"it has {len(labels) or 'no'} labels, and multilabel=False says that each row has one")
    if rules.comments and words and re.fullmatch(rb"qid:[0-9]+", words[0]):
        words = words[1:]
    x: dict[int, float] = {}
    last = -1
    for word in words:
        i, value = _pair(word, rules)
        if i in x:
            raise DataError(f"{_shown(word)}: the row has a value of number {i} already: a number stands once in a row")
        if i < last and rules.comments:
            raise DataError(f"{_shown(word)}: it stands after number {last}: the numbers of a row ascend")
        x[i], last = value, i
    return labels, dict(sorted(x.items()))


def _pair(word: bytes, rules: Rules) -> tuple[int, float]:
    number, colon, value = word.partition(b":")
    if not colon:
        raise DataError(f"{_shown(word)}: expected a pair number:value")
    if not INTEGER.fullmatch(number) or not rules.least <= int(number) <= rules.most:
        fit = "; zero_based= and n_features= of the fit decide" if rules.comments and INTEGER.fullmatch(number) else ""
        raise DataError(f"{_shown(word)}: the number of a column is a whole number from {rules.least} to {rules.most:,}{fit}")
    return int(number), _finite(word, value, "the value of a pair")


def _label(word: bytes, rules: Rules) -> float:
    label = _finite(word, word, "a label")
    if rules.labels is not None and not _whole(np.array(label), rules.labels):
        raise DataError(f"label {_shown(word)}: labels are whole numbers from 0 to {rules.labels:,}")
    return label


def _finite(word: bytes, text: bytes, what: str) -> float:
    value = float(text) if NUMBER.fullmatch(text) else np.nan
    if not np.isfinite(value):
        raise DataError(f"{_shown(word)}: {what} is a number such as 3, -0.5 or 1e-3, and finite")
    return value


def _shown(word: bytes) -> str:
    return repr(word[:40].decode("utf-8", "replace"))
