"""Text of svmlight, LIBSVM and scikit-learn: a row in each line, with its label or labels first.

    +1 qid:3 1:0.5 4:2 # a comment        one label, a class or a number:  Y (n,)
    3,17 1:0.5 4:2                        labels with commas:              Y (n, k) of 0 and 1
     2:1                                  (a blank first) no label         Y (n, k)

The file says neither whether columns are counted from 0 or 1, nor how many there are, nor whether labels are sets: each is
decided from all rows, and said. ``load_svmlight_file`` leaves out rows that have neither label nor value, so that X and the
texts or names beside it go out of step; here, a line of blanks is such a row. A line without any sign is one only among rows
with sets of labels, and not at the end; there, it is said.
"""

from __future__ import annotations

import gzip
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ....errors import DataError, warn
from ....storage import atomic
from ...layout import ending
from ..dataset import Dataset
from . import extreme
from .gathered import HEAD, Gathered, blocks, gathered, kind_of
from .lines import MOST, Rules

__all__ = ["kind", "read", "write"]

COMMENT = re.compile(rb"(?:#.*\n)*# Column indices are (zero|one)-based\r?\n")
ENDINGS = (".svm", ".svmlight", ".libsvm")
WHOLE = 2**53  # up to it, a float holds every whole number


def kind(path: Path) -> str:
    """Whether the first rows count something."""
    if extreme.header(path):
        return extreme.kind(path)
    return kind_of(path, 1, Rules(comments=True))


def read(
    path: Path, *, zero_based: bool | None = None, n_features: int | None = None, multilabel: bool | None = None
) -> Dataset:
    """The rows of a file.

    Parameters
    ----------
    path : path
        Of the file.
    zero_based : bool, optional
        Whether the first column has the number 0, or 1, unless a comment of scikit-learn's says it. None: 0, if it occurs.
    n_features : int, optional
        Number of columns. None: as many as occur. Files that belong together need the same.
    multilabel : bool, optional
        Whether the labels of a row are a set. None: if a row has several, or none.
    """
    if sizes := extreme.header(path):
        if n_features not in (None, sizes[1]) or multilabel is not None:
            raise ValueError(
                f"{str(path)!r} begins with the numbers of rows, columns, {sizes[1]:,}, and labels: leave out n_features=, "
                "multilabel="
            )
        return extreme.read(path, zero_based=zero_based)
    _check(zero_based, n_features, multilabel)
    told = _told(path)
    if told is not None and zero_based not in (None, told):
        warn(
            f"{str(path)!r}: a comment in it says that columns are counted from {int(not told)}, and so they are read, "
            f"although zero_based={zero_based} was said, or is that of the file that the model was fitted to"
        )
    zero_based = zero_based if told is None else told
    least = 1 if zero_based is False else 0
    most = MOST if n_features is None else n_features - 1 + (zero_based is not True)
    rules = Rules(True, least, most, one=multilabel is False)
    found = gathered(path, blocks(path), 1, rules)
    noted = [f"lines with only a comment, which are no rows: {found.comments:,}"] if found.comments else []
    sets, kept = _rows(path, found, multilabel)
    d, first, based = _columns(path, found, zero_based, n_features)
    X = found.matrix(d, first)
    noted += [
        *kept,
        based + ("" if told is None else ", as a comment says"),
        *([f"rows with a qid, which is left out: {found.queries:,}"] if found.queries else []),
    ]
    if sets:
        Y, labels, said = _sets(path, found, rules)
    else:
        (Y, said), labels = _numbers(found), None
    options = {"zero_based": first == 0, "n_features": d}
    decided = (*noted, said, *found.said)
    return Dataset(X, Y, labels=labels, occurring=sets, counts=found.counts, decided=decided, options=options)


def write(table: Any, path: Path, source: Path | None = None) -> None:
    """Numbers of an Arrow table, columns counted from 1; with the labels of `source`, if that is such a file, else without."""
    x = np.column_stack([_column(path, table, name) for name in table.column_names])
    labels = (
        _words(Path(source)) if source is not None and ending(source).removesuffix(".gz").endswith(ENDINGS) else [""] * len(x)
    )
    if len(labels) != len(x):
        raise DataError(f"{str(source)!r} has {len(labels):,} rows, but {len(x):,} are to be written to {str(path)!r}")
    with atomic(path) as file:
        packed = gzip.GzipFile(path.name[:-3], "wb", fileobj=file, mtime=0) if ending(path).endswith(".gz") else file
        for label, row in zip(labels, x, strict=True):
            packed.write(f"{label} {' '.join(f'{j}:{v!r}' for j, v in enumerate(row.tolist(), 1))}\n".encode())
        if packed is not file:
            packed.close()


def _column(path: Path, table: Any, name: str) -> np.ndarray:
    values, t = table.column(name), table.column(name).type
    numbers = pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t)
    values = values.cast("float64").to_numpy() if numbers else np.array([np.nan])
    if not np.isfinite(values).all():
        raise DataError(
            f"{str(path)!r} holds finite numbers only, and column {name!r} has others: write a .csv or .parquet file"
        )
    return values


def _words(source: Path) -> list[str]:
    """The labels of each row, as a file has them."""
    found = read(source)
    if found.Y is None:
        return [""] * found.shape[0]
    if found.labels is None:
        return [f"{label!r}" for label in found.Y.tolist()]
    ends = found.Y.indptr
    return [",".join(found.labels[j] for j in found.Y.indices[a:b]) for a, b in pairwise(ends)]


def _told(path: Path) -> bool | None:
    """Whether scikit-learn says, in a comment before the first row, that columns are counted from 0."""
    found = COMMENT.match(next(blocks(path, HEAD), b""))
    return None if found is None else found[1] == b"zero"


def _check(zero_based: Any, n_features: Any, multilabel: Any) -> None:
    for name, value in (("zero_based", zero_based), ("multilabel", multilabel)):
        if value is not None and not isinstance(value, bool):
            raise ValueError(f"{name}={value!r}: allowed are True, False and None (found out)")
    if n_features is not None and not (isinstance(n_features, (int, np.integer)) and 1 <= n_features <= MOST):
        raise ValueError(f"n_features={n_features!r}: allowed are whole numbers from 1, and None (as many as occur)")


def _rows(path: Path, found: Gathered, multilabel: bool | None) -> tuple[bool, list[str]]:
    """Leave out what is no row; whether labels are sets, and what is to be said."""
    full = found.marks[~found.empty]
    if not len(full):
        raise DataError(f"{str(path)!r} has no rows: expected lines such as '1 3:0.5 7:2', a label and pairs number:value")
    blank = found.empty & ~found.bare
    known = bool((full != 1).any())
    sets = known or bool(blank.any()) if multilabel is None else multilabel
    if not sets:
        n = int(found.empty.sum())
        found.keep(~found.empty)
        return False, [f"empty lines, which are no rows, for each row has a label: {n:,}"] if n else []
    tail = len(found.bare) - int(np.flatnonzero(~found.bare)[-1]) - 1
    found.keep(np.arange(len(found.bare)) < len(found.bare) - tail)
    if bare := int(found.bare.sum()):
        warn(
            f"{str(path)!r}: {bare:,} lines are empty, the first after {int(found.bare.argmax()):,} rows: each is read as a "
            "row without labels and values; if they are none, delete them"
        )
    elif multilabel is None and not known:
        warn(
            f"{str(path)!r}: each row has one label, but for {int(found.empty.sum()):,} lines of blanks, the first after "
            f"{int(found.empty.argmax()):,} rows: they are read as rows without labels and values, and labels as sets; if they "
            "are no rows, say multilabel=False"
        )
    n = int(found.empty.sum())
    told = [f"lines without a word, which are rows without labels and values: {n:,}"] if n else []
    return True, told + ([f"empty lines at the end, which are no rows: {tail:,}"] if tail else [])


def _columns(path: Path, found: Gathered, zero_based: bool | None, n_features: int | None) -> tuple[int, int, str]:
    """Number of columns, the number of the first one, and what is said of it."""
    if found.highest < 0 and n_features is None:
        raise DataError(f"{str(path)!r}: no row has a value, so that the number of columns is not known: say n_features=")
    first = int(found.lowest > 0 and found.highest >= 0) if zero_based is None else int(not zero_based)
    d = max(found.highest + 1 - first, 1) if n_features is None else int(n_features)
    if found.highest - first >= d:
        raise DataError(
            f"{str(path)!r}: columns {found.lowest:,} to {found.highest:,} occur, and n_features={n_features:,} are from "
            f"{first} to {d - 1 + first:,}: say a larger n_features="
        )
    many = f"{d:,} columns" + ("" if n_features is not None else ", for no larger number occurs (else say n_features=)")
    if zero_based is not None:
        return d, first, f"{many}, counted from {first}"
    if first and n_features is not None and found.highest < d:  # else, d itself occurs
        warn(
            f"{str(path)!r}: neither column 0 nor column {d:,} occurs, so that columns are taken to be counted from 1, and "
            "those of a file that belongs to it may not be: say zero_based=True or False beside n_features="
        )
    if first:
        return d, first, f"{many}, counted from 1, for 0 does not occur (if it is only empty, say zero_based=True)"
    return d, first, f"{many}, counted from 0, which occurs" if found.highest >= 0 else f"{many}, all empty"


def _numbers(found: Gathered) -> tuple[np.ndarray, str]:
    """Y (n,), and what is said of it."""
    y = found.labels.array()
    values = np.unique(y)
    if whole := bool((values == np.floor(values)).all() and np.abs(values).max() <= WHOLE):
        y = y.astype(np.int64)
    what = "whole numbers" if whole else "numbers"
    spread = f"{values[0]:,.15g} to {values[-1]:,.15g}"
    return y, f"each row begins with its label (multilabel=True: a set), {what}: {len(values):,} different, {spread}"


def _sets(path: Path, found: Gathered, rules: Rules) -> tuple[Any, list[str] | None, str]:
    """Y (n, k), the numbers of its columns, and what is said of it."""
    values, columns = np.unique(found.labels.array(), return_inverse=True)
    k = len(values)
    if not k:
        return None, None, "no row has a label"
    why = "a row has several" if (found.marks > 1).any() else "a row has none"
    why = why if (found.marks != 1).any() else "multilabel=True"
    if not ((values >= 0) & (values == np.floor(values)) & (values <= WHOLE)).all():
        try:
            gathered(path, blocks(path), 1, Rules(True, rules.least, rules.most, labels=WHOLE))  # says which line
        except DataError as error:
            raise DataError(f"{error}, where they are sets ({why})") from None
    Y = found.label_matrix(path, columns, k)
    labels = [str(int(value)) for value in values]
    without = int((found.marks == 0).sum())
    return (
        Y,
        labels,
        f"labels are sets ({why}), a column each: {k:,} from {labels[0]} to {labels[-1]}; rows without: {without:,}",
    )
