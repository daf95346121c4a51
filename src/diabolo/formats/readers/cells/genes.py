"""Names of genes, each once; and the features and barcodes that lie beside a matrix.

features.tsv   id  name  type      of the genes, a line each; genes.tsv, without types, of older ones
barcodes.tsv   one line for each cell
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from ....errors import DataError

__all__ = ["Beside", "beside", "once", "unpacked", "unpacking"]


@dataclass(frozen=True)
class Beside:
    """What lies beside a matrix.

    Parameters
    ----------
    features, barcodes : list of list of str, optional
        The cells of each line; None: there is no such file.
    files : tuple of str
        Their names.
    own : bool
        Whether their names say that they belong to this matrix and no other.
    """

    features: list[list[str]] | None = None
    barcodes: list[list[str]] | None = None
    files: tuple[str, ...] = ()
    own: bool = False

    def fits(self, genes: int, cells: int) -> bool:
        """Whether these are as many lines as there are genes and cells."""
        pairs = ((self.features, genes), (self.barcodes, cells))
        return all(lines is None or len(lines) == n for lines, n in pairs)


def beside(path: Path) -> Iterator[Beside]:
    """The files of features and barcodes that may belong to a matrix; those of the most similar names come first."""
    stem = path.name[: path.name.lower().rindex(".mtx")]
    cuts = [k + 1 for k, sign in enumerate(stem) if sign in "_.-"]
    prefixes = [stem + sign for sign in "_.-"] + [stem[:k] for k in reversed(cuts)] + [""]
    for prefix in prefixes:
        own = len(prefix) > len(stem) or stem.lower() == f"{prefix}matrix".lower()
        features = _found(path, prefix, ("features", "genes"), own)
        barcodes = _found(path, prefix, ("barcodes",), own)
        files = [file for file in (features, barcodes) if file]
        if files:
            lines = {file: _lines(file) for file in files}
            names = tuple(file.name for file in files)
            yield Beside(features and lines[features], barcodes and lines[barcodes], names, own)


def _found(path: Path, prefix: str, nouns: tuple[str, ...], own: bool) -> Any:
    ends = (".tsv", ".tsv.gz", ".txt", ".txt.gz") if own else (".tsv", ".tsv.gz")
    files = (path.with_name(prefix + noun + end) for noun in nouns for end in ends)
    return next((file for file in files if file.is_file()), None)


def _lines(path: Path) -> list[list[str]]:
    with unpacking(path), unpacked(path) as file:
        data: bytes = file.read()
    try:
        text = data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{str(path)!r}, line {line}: byte {data[error.start]:#04x} is no UTF-8: write the file so") from None
    return [[cell.strip() for cell in line.rstrip("\r").split("\t")] for line in text.split("\n")] if text else []


def unpacked(path: Path) -> Any:
    """The bytes of a file, which is packed or not, whatever its name says."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else open(path, "rb")


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """Raise a DataError for a file that does not unpack."""
    try:
        yield
    except EOFError:
        raise DataError(f"{str(path)!r} is truncated: its gzip data end too early; fetch the file again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{str(path)!r} is damaged: {error}; fetch the file again") from None


def once(names: Sequence[str], ids: Sequence[str] | None = None) -> tuple[list[str], str]:
    """Names of columns, each once: one that several have is followed by the id of each, or by a number; and what was done.

    >>> once(["TBCE", "ACTB", "TBCE"], ["E1", "E2", "E3"])
    (['TBCE_E1', 'ACTB', 'TBCE_E3'], "1 name that 2 columns have is followed by the id of each, as in 'TBCE_E1'")
    """
    shared = Counter(names)
    if len(shared) == len(names):
        return list(names), ""
    given = ids or [""] * len(names)
    found = [f"{name}_{id}" if shared[name] > 1 and id else name for name, id in zip(names, given, strict=True)]
    held, taken, numbers = Counter(found), set(found), {name: count(1) for name in found}
    for j, name in enumerate(found):
        if held[name] > 1:
            found[j] = next(new for k in numbers[name] if (new := f"{name}_{k}") not in taken)
            taken.add(found[j])
    several = [name for name in shared if shared[name] > 1]
    columns, first = sum(shared[name] for name in several), next(j for j, name in enumerate(names) if shared[name] > 1)
    how = "the id of each" if given[first] else "a number"
    what = "1 name" if len(several) == 1 else f"{len(several):,} names"
    verb = "is" if len(several) == 1 else "are"
    return found, f"{what} that {columns:,} columns have {verb} followed by {how}, as in {found[first]!r}"
