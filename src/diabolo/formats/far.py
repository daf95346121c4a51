"""Rows that are far from all that fit saw: without a value, in another unit, or with other numbers than 0 and 1.

|x_ij| > 50, in units of the deviation       in most rows, or below a tenth of the least of numbers above 0: grams for tons
x_ij outside [low_j, high_j] by half of it   in most rows: pounds for kilograms; of fewer than ten by twice the range in all
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import warn
from ..printed import few

if TYPE_CHECKING:
    from .base import Format

__all__ = ["ENOUGH_TO_TELL", "LOOKED_AT", "RARE", "limits", "tell"]

LOOKED_AT = 1000  # rows, or pictures, that are looked at
ENOUGH_TO_TELL = 10  # rows of which it is told that they are far from those of fit
FAR_OUT, FAR_OUT_SQUASHED = 50.0, 5.0  # deviations, of which few rows are no sure measure; of a wild column, in its unit
OUTSIDE, OUTSIDE_ALL = 0.5, 2.0  # ranges of fit beyond its end, of most of many rows, and of all of a few
RARE = 0.01  # of the rows, in which other numbers than 0 and 1 are not told
MAX_COLUMNS_NAMED = 5


def tell(format: Format, x: Any) -> None:
    """Warn of features (n, d) of rows."""
    if format.free or format.words:
        return
    if format.doubts:
        tell_neither(format, np.asarray(x))
    x = np.asarray(x[:LOOKED_AT])
    if bare := int(np.isnan(x).all(1).sum()):
        warn(f"{bare:,} of {len(x):,} rows looked at hold no values at all: nothing is known of these, leave them out")
    others = outside(format, x) if format.doubts else []
    if len(x) < ENOUGH_TO_TELL:
        return say_outside(format, x, others)
    zero, tenth = format.tiny().astype(x.dtype)
    most = np.where(format.ordinary(), FAR_OUT, FAR_OUT_SQUASHED).astype(x.dtype)
    with np.errstate(invalid="ignore"):
        far = (np.abs(x) > most) | ((x >= zero) & (x < tenth))
    if format.common:
        told = far.any(0) & (format.are_shares and far.any(1).mean() > 0.5)
    else:
        told = format.quantities() & (far.mean(0) > 0.5)
    if told.any():
        say_far(format, x, far, np.flatnonzero(told).tolist())
    say_outside(format, x, [f for f in others if not told[f]])


def outside(format: Format, x: np.ndarray) -> list[int]:
    """Numbers that are in most rows well outside the range of fit: pounds, where that saw kilograms."""
    low, high = format.reach().astype(x.dtype)
    width = high - low
    few_rows = len(x) < ENOUGH_TO_TELL
    with np.errstate(invalid="ignore"):  # where the range is infinite
        beyond = np.maximum(x - high, low - x) > (OUTSIDE_ALL if few_rows else OUTSIDE) * width
    told = beyond.all(0) if few_rows else beyond.mean(0) > 0.5
    return np.flatnonzero(told & format.quantities()).tolist() if len(x) else []


def limits(format: Format) -> np.ndarray:
    """(2, d) features outside which a row by itself is told; infinite, where none is."""
    low, high = format.reach()
    with np.errstate(invalid="ignore"):  # where the range is infinite
        found = np.stack([low - OUTSIDE_ALL * (high - low), high + OUTSIDE_ALL * (high - low)])
    free = ~(format.quantities() & np.isfinite(found).all(0)) | (not format.doubts)
    return np.where(free, [[-np.inf], [np.inf]], found)


def say_outside(format: Format, x: np.ndarray, features: list[int]) -> None:
    starts, ends, said = [block.start for block in format.blocks], format.reach(), []
    for f in features[:MAX_COLUMNS_NAMED]:
        j = starts.index(f)
        rows = np.repeat(x[:1], 3, 0).astype(np.float64)
        rows[:, f] = np.nanmedian(x[:, f]), *ends[:, f]
        found, low, high = (few(cell) for cell in format.shown(rows, j))
        said.append(f"{format.columns[j]!r} (about {found}, where fit saw {low} to {high})")
    more = f" and {len(features) - len(said):,} more" if len(features) > len(said) else ""
    if said:
        warn(
            f"column(s) {', '.join(said)}{more} lie in most rows outside all that was seen in fit: is their unit another "
            "one? The model knows nothing of such values"
        )


def tell_neither(format: Format, x: np.ndarray) -> None:
    """Warn of numbers other than 0 and 1 in columns that had only these: they are infinite in x."""
    yes = np.flatnonzero(format.yes_or_no())
    odd = np.isinf(x[:, yes])
    if odd.any(1).sum() <= RARE * len(x):  # of many columns, some had by chance only 0 and 1
        return
    starts = [block.start for block in format.blocks]
    names = [repr(format.columns[starts.index(f)]) for f in yes[odd.any(0)].tolist()]
    more = f" and {len(names) - MAX_COLUMNS_NAMED:,} more" if len(names) > MAX_COLUMNS_NAMED else ""
    warn(
        f"column(s) {', '.join(names[:MAX_COLUMNS_NAMED])}{more} had only 0 and 1 in fit, and now other numbers in "
        f"{int(odd.any(1).sum()):,} of {len(x):,} rows: those above 0 count as 1, those below as 0"
    )


def say_far(format: Format, x: np.ndarray, far: np.ndarray, features: list[int]) -> None:
    starts, zero, said = [block.start for block in format.blocks], np.zeros((1, x.shape[1])), []
    for f in features[:MAX_COLUMNS_NAMED]:
        j, row = starts.index(f), int(far[:, f].argmax())
        found, usual = (few(format.shown(some, j)[0]) for some in (x[row : row + 1], zero))
        said.append(f"{format.columns[j]!r} ({found}, where {usual} was usual)")
    more = f" and {len(features) - len(said):,} more" if len(features) > len(said) else ""
    warn(
        f"column(s) {', '.join(said)}{more} are in most rows far from all that was seen in fit: is their unit another one? "
        "The model knows nothing of such values"
    )
