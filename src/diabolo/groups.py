"""Rows that belong together, such as all of one patient: none of them is held out from a network that learns the others.

    first_i = min { j : g_j = g_i }                the group of row i, named by its first row
    fold_i  = fold_{first_i}

Else the network knows the patient again, and what is held out says nothing of others.

Where nobody says so, groups show by a gap between a row's neighbors and all others. Let d_1 < d_2 < ... be the distances from a
row to the others. Where rows are spread out in m dimensions, a gap is rare, and the more so the farther away,

    P(d_{j+1} / d_j > r) = r^(-j m)

and where several measurements of each thing lie close together, nearly every row has one. Of rows that follow each other in
time, series.py tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .copies import MOST_NUMBERS
from .deferred import torch
from .errors import DataError, warn
from .formats.category import near_levels
from .formats.targets import is_missing, same_length
from .rows import Rows, evenly
from .series import is_series

__all__ = ["first_of_each", "gap_after", "tell_dependent"]

ROWS, ASKED = 20_000, 300  # rows that are looked at, and whose neighbors are
COLUMNS, LEAST = 64, 3  # of quantities, that distances come from, at most and at least
CONTINUOUS = 0.5  # of the values of a column are different, if it is a quantity without ties
LARGEST = 64  # rows of a group that is found
GAP = 3.0  # how many times as far as the farthest of its group the next row is
OFTEN, PAIRS_OFTEN = 0.5, 0.6  # in which share of the rows, of groups of three and more, and of pairs
ENOUGH = 60  # rows
LARGER = 1.5  # times a group a class may be, if it is one


def first_of_each(groups: Any, n: int) -> np.ndarray:
    """(n,) for each row the number of the first row of its group.

    Raises
    ------
    DataError
        Not one group for each of the n rows, a missing one, or one group for all.

    Examples
    --------
    >>> first_of_each(["ann", "bob", "ann", "cy"], 4).tolist()
    [0, 1, 0, 3]
    """
    import pyarrow as pa

    if isinstance(groups, str) or getattr(groups, "ndim", 1) != 1 or not hasattr(groups, "__len__"):
        raise DataError("groups must be a list or a column with the group of each row, such as X['patient']")
    same_length(len(groups), n, "groups")
    cells = groups.to_pylist() if hasattr(groups, "to_pylist") else list(groups)
    try:
        found = pa.array(cells, from_pandas=True)
        code = found.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    except pa.ArrowException:  # of several types, or of another one
        found = pa.array([None if is_missing(cell) else str(cell) for cell in cells])
        code = found.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    if found.null_count:
        row = int(np.flatnonzero(found.is_null())[0])
        raise DataError(f"groups names none for row {row} ({found.null_count:,} in all): give each row one, such as its number")
    _, first = np.unique(code, return_index=True)
    if len(first) < 2:
        raise DataError("groups holds one group: at least two are needed, because some rows are held out")
    if near := near_levels([cells[i] for i in first if isinstance(cells[i], str)]):
        warn(
            f"groups holds {', '.join(near[:3])}, which are different groups: they differ only in spaces or case, or in how "
            "accents are stored; if they are the same, write them alike, or the network knows some of what is held out"
        )
    return np.asarray(first[code])


def tell_dependent(rows: Rows, wrong: str, classes: Any = None, numbers: Any = None, groups: bool = False) -> None:
    """Warn of rows that are no independent draws: of what is `wrong` for new ones, and whether `groups` are the remedy."""
    size = gap_after(rows)
    if size and not are_classes(size, rows, classes):
        cure = "say which rows belong together, fit(X, y, groups=...) (--groups)" if groups else "measure it on things left out"
        warn(
            f"rows seem to come in groups of about {size + 1}, which lie far nearer to each other than to all the rest, as "
            f"measurements of one thing do: {wrong} for new things; {cure}"
        )
    elif is_series(rows, classes, numbers):
        pieces = f", or hold out pieces, fit(X, y, groups=np.arange({len(rows)}) // {-(-len(rows) // 20)})" if groups else ""
        warn(
            "rows are like those before and after them, as in a log or a series: what is held out lies between rows that are "
            f"learned, and {wrong} for later ones; fit the earlier rows, and measure on the later ones{pieces}"
        )


def gap_after(rows: Rows, first: int | None = None) -> int:
    """How many others of its group a row has, usually, of the `first` ones, or of all; 0 if there are no groups to be seen."""
    x = quantities(rows)
    if x is None:
        return 0
    asked = evenly(min(first or len(x), len(x)), ASKED)
    d = torch.cdist(x[torch.from_numpy(asked)], x).sort(1).values.numpy()
    d[d <= 1e-6 * d[:, -1:]] = np.nan  # itself, and exact copies, which are held out together
    d = np.sort(d, 1)[:, : min(LARGEST, len(x) // 5) + 1]
    gap = np.nan_to_num(d[:, 1:] / d[:, :-1])
    wide = gap[:, 1:].max(1)
    if (wide >= GAP).mean() >= OFTEN:
        return 2 + int(np.median(gap[wide >= GAP, 1:].argmax(1)))
    return int((gap[:, 0] >= GAP).mean() >= PAIRS_OFTEN)


def are_classes(size: int, rows: Rows, classes: Any) -> bool:
    """Whether a class has hardly more rows than a group, so that it is the group: a face is to be known again."""
    if classes is None:
        return False
    looked_at = min(len(rows), ROWS) / len(rows)
    return float(torch.bincount(classes)[classes].float().median()) * looked_at < LARGER * (size + 1)


def quantities(rows: Rows) -> Any:
    """Columns without ties, of some rows (r, c), each of unit variance; None if they are too few."""
    n = min(len(rows), ROWS)
    if n < ENOUGH or n * rows.take(np.zeros(1, dtype=int)).shape[1] > MOST_NUMBERS:
        return None
    every = rows.take(evenly(len(rows), n))
    x = next((x for most in (4 * COLUMNS, every.shape[1]) if (x := untied(every, most)).shape[1] >= LEAST), None)
    if x is None:
        return None
    x = x[:, torch.from_numpy(evenly(x.shape[1], COLUMNS))]
    return ((x - x.mean(0)) / x.std(0)).float()


def untied(x: Any, most: int) -> Any:
    """Of x (n, d) those of some columns that are without gaps and ties."""
    x = x[:, torch.from_numpy(evenly(x.shape[1], most))].double()
    x = x[:, x.isfinite().all(0)]
    ordered = x.sort(0).values
    return x[:, 1 + (ordered[1:] != ordered[:-1]).sum(0) >= CONTINUOUS * len(x)]
