r"""Why a row is an outlier, cell by cell, and the fewest cells whose replacement makes it normal.

    e_j = decoder(encoder(x with column j hidden))_j        what the other cells say about cell j
    p_j = P(l_j >= loss_j(e_j, x_j))                        l_j: the same for rows that the network had not seen

Hidden, because a wild cell would help to reconstruct itself, and would spoil what is expected of the cells around it.
With many columns one cell hardly does either; there it is not hidden. The repair is greedy: replace the cell by what the
others say whose replacement helps most, until the row is normal. The cells of a repair are named first: a wild cell makes
its neighbours look strange as well, but only its own replacement mends them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from ...losses import Columns, Logistic, Squared
from ...printed import Grid, Marked, Printed, alike, cut
from .conformal import Calibration

__all__ = ["Cell", "Evidence", "Verdict", "Verdicts"]

HIDDEN = 100  # columns up to which each is hidden in turn
FORWARD = 30_000  # hidden cells that the calibration looks at
FEWEST, MOST = 50, 1000  # rows of it
LONGEST = 5  # cells of a repair
CANDIDATES = 32  # cells that a repair tries
BATCH = 4096  # rows of the network at once
NAMED, LISTED, LONG = 5, 20, 24  # printed: cells of a row, rows, letters of a cell


@dataclass(frozen=True)
class Cell:
    """One cell of a row, in original units.

    Parameters
    ----------
    column : str
        Its name; of a document, a word.
    seen, expected : object
        What is there, and what the other cells say. Of a word, counts.
    between : tuple
        Where a share ``1 - alpha`` of normal cells lie: (lowest, highest) of numbers, the plausible levels of a category;
        empty for words.
    p : float
        Share of the normal cells that are as surprising; NaN for words.
    repairs : bool
        Whether it is one of the cells to replace.
    """

    column: str
    seen: Any
    expected: Any
    between: tuple[Any, ...]
    p: float
    repairs: bool

    @property
    def interval(self) -> bool:
        """Whether `between` are the ends of an interval, not levels."""
        return len(self.between) == 2 and not isinstance(self.between[0], (str, bool))

    def words(self, most: int = 2) -> tuple[str, str, str]:
        """Seen, expected, and `between`: an interval of numbers, or the first levels; numbers have the same decimals."""
        seen, expected, *between = (cut(text, LONG) for text in alike([self.seen, self.expected, *self.between]))
        if self.interval:
            return seen, expected, " to ".join(between)
        rest = len(between) - most
        return seen, expected, ", ".join(between[:most]) + (f", {rest} more" if rest > 0 else "")


@dataclass(frozen=True, repr=False)
class Verdict(Printed):
    """One row of ``explain``; prints as a table of its cells.

    Parameters
    ----------
    row : int
        Its number.
    p : float
        Conformal p-value.
    p_distance, p_code : float
        Of the two axes: never seen such a combination, and unlikely place.
    cells : tuple of Cell
        The cells that carry it, those to replace first.
    repaired : bool
        Whether replacing them makes the row normal; False where no few cells do, and for documents.
    """

    row: int
    p: float
    p_distance: float
    p_code: float
    cells: tuple[Cell, ...]
    repaired: bool

    @property
    def why(self) -> str:
        """Which of the two axes says so."""
        return "never seen" if self.p_distance < self.p_code else "rare"

    def _parts(self) -> Iterator[str | Grid]:
        yield from Verdicts([self])._parts()

    def _rows(self) -> Iterator[list[str]]:
        """The lines of a table."""
        heads = [f"row {self.row}", f"p {self.p:.2g}", self.why]
        for head, c in zip_longest(heads, self.cells[:NAMED]):
            words = ("", "", "") if c is None else c.words()
            column = "" if c is None else cut(c.column, LONG)
            yield [head or "", Marked(column) if c is not None and c.repairs else column, *words]


class Verdicts(Printed, list[Verdict]):
    """A list of :class:`Verdict` that prints as one table."""

    def __repr__(self) -> str:
        return str(self)

    def _parts(self) -> Iterator[str | Grid]:
        if not self:
            yield "No row is flagged."
            return
        rows: list[list[str] | None] = []
        for v in self[:LISTED]:
            rows += [*v._rows(), None]
        yield Grid(("row", "column", "seen", "expected", "normally"), rows[:-1], left=5)
        if any(c.repairs for v in self[:LISTED] for c in v.cells):
            yield "* With the expected value in this cell, or in all of these cells, the row is normal."
        if len(self) > LISTED:
            yield f"and {len(self) - LISTED:,} more rows"


class Evidence:
    """What is usual of each cell: for each column, losses of cells that were judged by a network that had not seen them."""

    def __init__(self, losses: np.ndarray) -> None:
        self.losses = np.sort(losses, axis=0)

    @classmethod
    def fit(cls, detector: Any, x: Tensor, fold: np.ndarray) -> Self:
        """From rows x (n, d) of the folds `fold`."""
        c = len(detector.usual_.v)
        n = int(np.clip(FORWARD // c, FEWEST, MOST))
        x, fold = x[:n], fold[:n]
        parts = x.split(max(1, BATCH // c))
        losses = torch.cat([judged_cells(detector, part, torch.arange(c).expand(len(part), -1))[1] for part in parts], 1)
        return cls(losses[torch.from_numpy(fold), torch.arange(len(x))].float().double().numpy())

    def state(self) -> dict[str, np.ndarray]:
        return {"losses": self.losses}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray]) -> Self:
        return cls(arrays["losses"])

    def p(self, losses: Tensor, columns: Tensor) -> np.ndarray:
        """Losses (n, m) of cells in columns (n, m) -> p-values, going on beyond the largest loss."""
        out = np.empty(losses.shape)
        for j in columns.unique().tolist():
            here = (columns == j).numpy()
            out[here] = np.exp(Calibration(self.losses[:, j]).log_p(losses.numpy()[here]))
        return out

    def cells(self, detector: Any, x: Tensor) -> np.ndarray:
        """Rows x (n, d) -> p-values (n, c) of all cells."""
        if not detector.format_.has_cells:
            raise DataError("cells are those of a table or an array; of documents, explain() names words")
        check_columns(detector)
        c = len(detector.format_.columns)
        found = []
        for part in x.split(max(1, BATCH // c)):
            columns = torch.arange(c).expand(len(part), -1)
            p = self.p(judged_cells(detector, part, columns)[1].mean(0), columns)
            first = [block.start for block in detector.format_.blocks]
            found.append(np.where(torch.isnan(part[:, first]).numpy(), np.nan, p))
        return np.concatenate(found)

    def of(self, detector: Any, x: Tensor, most: int, seen: list[list[Any]]) -> list[tuple[tuple[Cell, ...], bool]]:
        """Rows x (n, d), of which `seen` are the columns -> the cells of each, and whether the repair makes it normal."""
        if not detector.format_.has_cells:
            return [(words(detector, row, most), False) for row in x]
        check_columns(detector)
        size = max(1, BATCH // min(len(detector.format_.columns), HIDDEN))
        starts = range(0, len(x), size)
        return [found for i in starts for found in self._of(detector, x[i : i + size], most, [column[i:] for column in seen])]

    def _of(self, detector: Any, x: Tensor, most: int, seen: list[list[Any]]) -> list[tuple[tuple[Cell, ...], bool]]:
        columns = suspects(detector, x)
        raw, losses = judged_cells(detector, x, columns)
        e, p = predicted(detector, raw), self.p(losses.mean(0), columns)
        limits = np.quantile(self.losses, 1 - detector.alpha, axis=0)
        found = []
        for i, first in enumerate(repair(detector, x, columns)):
            places = first + [m for m in np.argsort(p[i], kind="stable").tolist() if m not in first]
            cells = [
                cell(detector, seen[int(columns[i, m])][i], e[i, m], int(columns[i, m]), limits, float(p[i, m]), m in first)
                for m in places[: max(most, len(first))]
            ]
            found.append((tuple(cells), bool(first)))
        return found


def check_columns(detector: Any) -> None:
    """Cells can be judged one by one only if each column has a loss of its own."""
    losses, columns = len(detector.usual_.v), len(detector.format_.columns)
    if losses != columns:
        raise DataError(f"loss={detector.loss!r} has {losses:,} terms for {columns:,} columns: to name cells, take loss='auto'")


def suspects(detector: Any, x: Tensor) -> Tensor:
    """Columns (n, m) of each row: all, or the most surprising ones as far as can be seen without hiding any."""
    c = len(detector.format_.columns)
    if c <= HIDDEN:
        return torch.arange(c).expand(len(x), -1)
    return (detector._look(x)[1].mean(0) / detector.usual_.v).topk(CANDIDATES).indices


def features(detector: Any, columns: Tensor) -> Tensor:
    """(m,) columns -> (m, d) which features make up each."""
    sizes = torch.tensor([block.stop - block.start for block in detector.format_.blocks])
    owner = torch.arange(len(sizes)).repeat_interleave(sizes)
    return owner[None] == columns[:, None]


def judged_cells(detector: Any, x: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """x (n, d), columns (n, m) -> raw (n, m, K, d) as seen by each of these columns, and their losses (K, n, m).

    With few columns, column j is hidden from the row that judges it.
    """
    n, m = columns.shape
    seen = x if not detector.format_.has_cells else detector.usual_.members[0].edge.within(x)
    if not detector.format_.has_cells or len(detector.format_.columns) > HIDDEN:
        raw = detector.network_(seen)
        cells = detector._losses(raw, x.expand(len(raw), *x.shape))
        return raw.permute(1, 0, 2)[:, None].expand(-1, m, -1, -1), cells.gather(2, columns.expand(len(raw), -1, -1))
    full = x.repeat_interleave(m, 0)
    raw = detector.network_(seen.repeat_interleave(m, 0).masked_fill(features(detector, columns.flatten()), torch.nan))
    cells = detector._losses(raw, full.expand(len(raw), *full.shape))
    own = cells[:, torch.arange(n * m), columns.flatten()]
    return raw.unflatten(1, (n, m)).permute(1, 2, 0, 3), own.unflatten(1, (n, m))


def repair(detector: Any, x: Tensor, columns: Tensor) -> list[list[int]]:
    """Which of the columns (n, m) to replace in each row, most helpful first; none where no few make it normal."""
    y, (n, most) = x.clone(), columns.shape
    replaced: list[list[int]] = [[] for _ in range(n)]
    left = torch.ones(n, most, dtype=torch.bool)
    for _ in range(min(LONGEST, most)):
        rows = torch.from_numpy(np.flatnonzero(strange(detector, y)))
        if not len(rows):
            break
        raw = judged_cells(detector, y[rows], columns[rows])[0]
        e = detector.format_.likeliest(predicted(detector, raw).flatten(0, 1))
        options = torch.where(features(detector, columns[rows].flatten()), e, y[rows].repeat_interleave(most, 0))
        s = torch.from_numpy(detector._strangeness(options)).view(-1, most).masked_fill(~left[rows], torch.inf)
        best = s.argmin(1)
        y[rows] = options.view(len(rows), most, -1)[torch.arange(len(rows)), best]
        left[rows, best] = False
        for i, m in zip(rows.tolist(), best.tolist(), strict=True):
            replaced[i].append(m)
    return [places if normal else [] for places, normal in zip(replaced, ~strange(detector, y), strict=True)]


def strange(detector: Any, x: Tensor) -> np.ndarray:
    """Whether rows x (n, d) are flagged."""
    return np.asarray(detector.calibration_.log_p(detector._strangeness(x)) < detector.offset_)


def predicted(detector: Any, raw: Tensor) -> Tensor:
    """raw (n, m, K, d) -> expected values (n, m, d), the mean of the members'."""
    return detector.loss_.predict(raw.flatten(0, 2)).view(raw.shape).mean(2)


def cell(detector: Any, seen: Any, e: Tensor, j: int, limits: np.ndarray, p: float, repairs: bool) -> Cell:
    """Cell j, where e (d,) is expected; `limits` (c,) are the largest losses of normal cells."""
    format = detector.format_
    shown = format.shown(torch.stack([format.likeliest(e[None], [j])[0], *plausible(detector, e, j, float(limits[j]))]), j)
    seen, expected, *between = (v.item() if isinstance(v, np.generic) else v for v in [seen, *shown])
    if format.positive()[j]:  # no such number was seen: it is none that is normal
        between = [max(v, type(v)(0)) for v in between]
    return Cell(format.columns[j], seen, expected, tuple(between), p, repairs)


def plausible(detector: Any, e: Tensor, j: int, limit: float) -> list[Tensor]:
    """Rows that hold in column j the lowest and the highest plausible number, or each plausible level."""
    found = detector.loss_.of(j) if isinstance(detector.loss_, Columns) else None
    block = detector.format_.blocks[j]
    rows = []
    if found is not None and isinstance(found[0], Squared):
        half = (limit / found[1]) ** 0.5
        values = [e[block] - half, e[block] + half]
    elif found is not None and block.stop - block.start > 1:
        likely = -found[1] * e[block].clamp(min=1e-300).log() <= limit
        values = [level for level, yes in zip(torch.eye(len(likely), dtype=e.dtype), likely, strict=True) if yes]
    elif found is not None and isinstance(found[0], Logistic):
        p = e[block][0]
        values = [e.new_tensor([v]) for v, q in ((0.0, 1 - p), (1.0, p)) if -found[1] * q.clamp(min=1e-300).log() <= limit]
    else:
        values = []
    for value in values:
        row = e.clone()
        row[block] = value
        rows.append(row)
    return rows


def words(detector: Any, x: Tensor, most: int) -> tuple[Cell, ...]:
    """The words of a document x (d,) whose counts are furthest from what is expected in as many words."""
    expected = predicted(detector, judged_cells(detector, x[None], torch.zeros(1, 1, dtype=torch.long))[0])[0, 0]
    apart = detector.loss_.cells(expected[None], x[None])[0]
    counts = expected / expected.sum() * x.sum()
    names = detector.format_.columns
    return tuple(
        Cell(names[w], round(float(x[w]), 2), round(float(counts[w]), 2), (), float("nan"), False)
        for w in apart.topk(min(most, len(apart))).indices.tolist()
    )
