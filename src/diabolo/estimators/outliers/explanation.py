r"""Why a row is an outlier, cell by cell, and the fewest cells whose replacement makes it normal.

    e_j = decoder(encoder(x with column j hidden))_j        what the other cells say about cell j
    p_j = P(l_j >= loss_j(e_j, x_j))                        l_j: the same for rows that the network had not seen

The cell is hidden, because a wild cell would help to reconstruct itself, and would spoil what is expected of the cells around
it. With many columns one cell hardly does either; there it is not hidden. The repair is greedy: each step replaces the cell
whose replacement by what the others say helps most, until the row is normal. The cells of a repair are named first: a wild
cell makes its neighbors look strange as well, but only its own replacement mends them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from ...hardware import one_thread
from ...losses import Columns, Logistic, Loss, Squared
from ...printed import Grid, Marked, Printed, alike, cut
from .conformal import Calibration
from .scorer import Scorer

__all__ = ["CellExplanation", "Explainer", "RowExplanation", "RowExplanations"]

MAX_HIDDEN = 100  # columns up to which each is hidden in turn
MAX_CELLS = 15_000  # hidden cells that the calibration looks at
MIN_ROWS, MAX_ROWS = 50, 500  # of it
MAX_REPAIRED = 5  # cells of a repair
MAX_CANDIDATES = 32  # cells that a repair tries
BATCH = 4096  # rows of the network at once
NAMED, LISTED, LONG = 5, 20, 24  # printed: cells of a row, rows, letters of a cell
FAR = 0.01  # p-value of the distance below which a row is not consistent


@dataclass(frozen=True)
class CellExplanation:
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
class RowExplanation(Printed):
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
    name : str
        What it is called, if the command line knows.
    """

    row: int
    p: float
    p_distance: float
    p_code: float
    cells: tuple[CellExplanation, ...]
    repaired: bool
    name: str = ""

    @property
    def why(self) -> str:
        """ "never seen": far from its reconstruction; "rare": consistent, but an unlikely code."""
        return "never seen" if self.p_distance < max(self.p_code, FAR) else "rare"

    def _parts(self) -> Iterator[str | Grid]:
        yield from RowExplanations([self])._parts()

    def _rows(self) -> Iterator[list[str]]:
        """The lines of a table."""
        heads = [cut(self.name, LONG) or f"row {self.row}", f"p {self.p:.2g}", self.why]
        for head, c in zip_longest(heads, self.cells[:NAMED]):
            words = ("", "", "") if c is None else c.words()
            column = "" if c is None else cut(c.column, LONG)
            yield [head or "", Marked(column) if c is not None and c.repairs else column, *words]


class RowExplanations(Printed, list[RowExplanation]):
    """A list of :class:`RowExplanation` that prints as one table."""

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


class Explainer:
    """Which cells make a row strange.

    Parameters
    ----------
    scorer : Scorer
        How strange rows are.
    x : Tensor (n, d)
        Training rows, by which it learns what is usual when it is first asked: most detectors never are.
    fold : ndarray (n,)
        The member that has not seen each of them.
    """

    def __init__(self, scorer: Scorer, x: Tensor, fold: np.ndarray) -> None:
        self.scorer, self.reconstructor, self.format = scorer, scorer.reconstructor, scorer.reconstructor.format
        self.x, self.fold = x, fold

    @classmethod
    def fit(cls, scorer: Scorer, x: Tensor, fold: np.ndarray) -> Self:
        """From rows x (n, d), each judged by the member `fold` (n,) that has not seen it."""
        n = int(np.clip(MAX_CELLS // len(scorer.measures.v), MIN_ROWS, MAX_ROWS))
        return cls(scorer, x[:n].clone(), fold[:n])

    @cached_property
    def losses(self) -> np.ndarray:
        """For each column, losses of training cells by a member that had not seen them, ascending (n, c)."""
        size = max(1, BATCH // len(self.scorer.measures.v))
        starts = range(0, len(self.x), size)
        with one_thread():
            losses = [self._unseen(self.x[i : i + size], self.fold[i : i + size]) for i in starts]
        return np.sort(torch.cat(losses).float().double().numpy(), axis=0)

    def state(self) -> dict[str, np.ndarray]:
        return {"cell_losses": self.losses}

    @classmethod
    def from_state(cls, scorer: Scorer, arrays: dict[str, np.ndarray]) -> Self:
        new = cls(scorer, torch.empty(0, 0), np.empty(0))
        new.losses = np.sort(arrays["cell_losses"], axis=0)
        return new

    def cell_p_values(self, x: Tensor) -> np.ndarray:
        """Rows x (n, d) -> p-values (n, c) of all cells; NaN where one is missing."""
        if not self.format.has_cells:
            raise DataError("only tables and arrays have cells; for documents, explain() names words")
        self._check_columns()
        c, first, found = len(self.format.columns), [block.start for block in self.format.blocks], []
        for part in x.split(max(1, BATCH // c)):
            columns = torch.arange(c).expand(len(part), -1)
            p = self._p(self._judged(part, columns)[1].mean(0), columns)
            found.append(np.where(torch.isnan(part[:, first]).numpy(), np.nan, p))
        return np.concatenate(found)

    def explain(
        self, x: Tensor, seen: list[list[Any]], most: int, alpha: float, offset: float
    ) -> list[tuple[tuple[CellExplanation, ...], bool]]:
        """Rows x (n, d), and their columns `seen` in original units -> the cells of each, and whether repairs make it normal.

        A share `alpha` of normal cells is surprising; a row is normal from ``log_p(x) = offset`` on.
        """
        if not self.format.has_cells:
            return [(self._words(row, most), False) for row in x]
        self._check_columns()
        size, limits = max(1, BATCH // min(len(self.format.columns), MAX_HIDDEN)), np.quantile(self.losses, 1 - alpha, axis=0)
        found: list[tuple[tuple[CellExplanation, ...], bool]] = []
        for i in range(0, len(x), size):
            found += self._explained(x[i : i + size], [column[i:] for column in seen], most, limits, offset)
        return found

    def _explained(
        self, x: Tensor, seen: list[list[Any]], most: int, limits: np.ndarray, offset: float
    ) -> Iterator[tuple[tuple[CellExplanation, ...], bool]]:
        columns = self._candidates(x)
        raw, losses = self._judged(x, columns)
        e, p = self.reconstructor.predicted(raw, 2), self._p(losses.mean(0), columns)
        for i, first in enumerate(self._repairs(x, columns, offset)):
            places = first + [m for m in np.argsort(p[i], kind="stable").tolist() if m not in first]
            cells = []
            for m in places[: max(most, len(first))]:
                j = int(columns[i, m])
                shown, between = self._shown(e[i, m], j, float(limits[j]))
                value = plain(seen[j][i])
                cells.append(CellExplanation(self.format.columns[j], value, shown, between, float(p[i, m]), m in first))
            yield tuple(cells), bool(first)

    def _p(self, losses: Tensor, columns: Tensor) -> np.ndarray:
        """Losses (n, m) of cells in columns (n, m) -> p-values, extrapolated beyond the largest loss."""
        out = np.empty(losses.shape)
        for j in columns.unique().tolist():
            here = (columns == j).numpy()
            out[here] = np.exp(Calibration(self.losses[:, j]).log_p(losses.numpy()[here]))
        return out

    def _check_columns(self) -> None:
        """Cells can be judged one by one only if each column has a loss of its own."""
        losses, columns = len(self.scorer.measures.v), len(self.format.columns)
        if losses != columns:
            loss = self.reconstructor.loss
            raise DataError(f"loss={loss!r} has {losses:,} terms for {columns:,} columns: to name cells, take loss='auto'")

    def _candidates(self, x: Tensor) -> Tensor:
        """Columns (n, m) of each row: all, or the most surprising ones as far as can be seen without hiding any."""
        c = len(self.format.columns)
        if c <= MAX_HIDDEN:
            return torch.arange(c).expand(len(x), -1)
        return (self.reconstructor.look(x)[1].mean(0) / self.scorer.measures.v).topk(MAX_CANDIDATES).indices

    def _features(self, columns: Tensor) -> Tensor:
        """(m,) columns -> (m, d) which features make up each."""
        sizes = torch.tensor([block.stop - block.start for block in self.format.blocks])
        owner = torch.arange(len(sizes)).repeat_interleave(sizes)
        return owner[None] == columns[:, None]

    def _unseen(self, x: Tensor, fold: np.ndarray) -> Tensor:
        """x (n, d) -> the losses of all cells (n, c), by the member `fold` (n,); a cell is hidden as in :meth:`_judged`."""
        seen, c = self._within(x), len(self.scorer.measures.v)
        if not self._hides:
            return self.reconstructor.loss.surprise(self.reconstructor.out_of_fold(seen, fold)[1], x)
        columns = torch.arange(c).repeat(len(x))
        hidden = seen.repeat_interleave(c, 0).masked_fill_(self._features(columns), torch.nan)
        raw = self.reconstructor.out_of_fold(hidden, fold.repeat(c))[1]
        losses = self.reconstructor.loss.surprise(raw, x.repeat_interleave(c, 0))
        return losses[torch.arange(len(columns)), columns].view(-1, c)

    @property
    def _hides(self) -> bool:
        """Whether a column is hidden while it is judged."""
        return self.format.has_cells and len(self.format.columns) <= MAX_HIDDEN

    def _within(self, x: Tensor) -> Tensor:
        return self.scorer.measures.within(x) if self.format.has_cells else x

    def _judged(self, x: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """x (n, d), columns (n, m) -> raw (n, m, K, d) as seen by each of these columns, and their losses (K, n, m).

        With few columns, column j is hidden from the row that judges it.
        """
        n, m = columns.shape
        reconstructor, seen = self.reconstructor, self._within(x)
        if not self._hides:
            raw = reconstructor.network(seen)
            cells = reconstructor.losses(raw, x).gather(2, columns.expand(len(raw), -1, -1))
            return raw.permute(1, 0, 2)[:, None].expand(-1, m, -1, -1), cells
        hidden = self._features(columns.flatten())
        raw = reconstructor.network(seen.repeat_interleave(m, 0).masked_fill(hidden, torch.nan))
        own = reconstructor.losses(raw, x.repeat_interleave(m, 0))[:, torch.arange(n * m), columns.flatten()]
        return raw.unflatten(1, (n, m)).permute(1, 2, 0, 3), own.unflatten(1, (n, m))

    def _repairs(self, x: Tensor, columns: Tensor, offset: float) -> list[list[int]]:
        """Which of the columns (n, m) to replace in each row, most helpful first; none if no few cells make it normal."""
        y, (n, most) = x.clone(), columns.shape
        replaced: list[list[int]] = [[] for _ in range(n)]
        left = torch.ones(n, most, dtype=torch.bool)
        for _ in range(min(MAX_REPAIRED, most)):
            rows = torch.from_numpy(np.flatnonzero(self.scorer.log_p(y) < offset))
            if not len(rows):
                break
            raw = self._judged(y[rows], columns[rows])[0]
            e = self.format.likeliest(self.reconstructor.predicted(raw, 2).flatten(0, 1))
            options = torch.where(self._features(columns[rows].flatten()), e, y[rows].repeat_interleave(most, 0))
            s = torch.from_numpy(self.scorer.judge(options)[0]).view(-1, most).masked_fill(~left[rows], torch.inf)
            best = s.argmin(1)
            y[rows] = options.view(len(rows), most, -1)[torch.arange(len(rows)), best]
            left[rows, best] = False
            for i, m in zip(rows.tolist(), best.tolist(), strict=True):
                replaced[i].append(m)
        strange = self.scorer.log_p(y) < offset
        return [[] if still else places for places, still in zip(replaced, strange, strict=True)]

    def _shown(self, e: Tensor, j: int, limit: float) -> tuple[Any, tuple[Any, ...]]:
        """e (d,) -> what is expected in column j, and what is plausible there, in original units."""
        rows = [self.format.likeliest(e[None], [j])[0], *plausible(self.reconstructor.loss, e, j, self.format.blocks[j], limit)]
        shown = [*map(plain, self.format.shown(torch.stack(rows), j))]
        if self.format.positive()[j]:  # no number below 0 was seen: it is none that is expected, or normal
            shown = [v if v is None else max(v, type(v)(0)) for v in shown]
        return shown[0], tuple(shown[1:])

    def _words(self, x: Tensor, most: int) -> tuple[CellExplanation, ...]:
        """The words of a document x (d,) whose counts are furthest from what is expected in as many words."""
        raw = self._judged(x[None], torch.zeros(1, 1, dtype=torch.long))[0]
        expected = self.reconstructor.predicted(raw, 2)[0, 0]
        apart = self.reconstructor.loss.cells(expected[None], x[None])[0]
        counts = expected / expected.sum() * x.sum()
        names = self.format.columns
        return tuple(
            CellExplanation(names[w], round(float(x[w]), 2), round(float(counts[w]), 2), (), float("nan"), False)
            for w in apart.topk(min(most, len(apart))).indices.tolist()
        )


def plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    return value.item() if isinstance(value, np.generic) else value


def plausible(loss: Loss, e: Tensor, j: int, block: slice, limit: float) -> list[Tensor]:
    """Rows that hold in column j the lowest and the highest plausible number, or each plausible level.

    Plausible is what loses at most `limit` where e (d,) is expected; the column has the features `block`.
    """
    found = loss.of(j) if isinstance(loss, Columns) else None
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


def row_numbers(rows: Any, n: int) -> np.ndarray:
    """Rows of n, by number or as a mask -> their numbers."""
    found = np.asarray(rows)
    if found.dtype == bool:
        if found.shape != (n,):
            raise ValueError(f"rows is a mask of shape {found.shape}, but X has {n:,} rows: give one boolean for each")
        return np.flatnonzero(found)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValueError(f"rows={rows!r:.80}: allowed are a list of row numbers, such as [0, 3], and a mask of {n:,} booleans")
    wrong = found[(found < 0) | (found >= n)]
    if len(wrong):
        raise ValueError(f"rows: there is no row {int(wrong[0])}; X has the rows 0 to {n - 1:,}")
    return found.astype(int)
