"""What should be known of the columns of a table that was fitted: each fact in one warning, with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import warn
from ..printed import cut
from ..sentinels import warn_odd
from .base import warn_empty
from .category import MAX_LEVELS, Category, blanks, near_levels, tell_near
from .columns import Column, Number, shown
from .encoding import as_fitted
from .far import RARE
from .frames import combined
from .gaps import Gaps
from .hints import nearly_numbers, text_hints
from .scale import FLOATS, decoded, encoded
from .schema import arrow_type, is_iso, is_text
from .suspects import are_days, ends_in_total, looks_like_codes

__all__ = ["remark", "tell_beyond", "tell_unseen"]

BEYOND = 0.05  # of the time that the dates of fit span, by which others lie beyond them
MINUTES = 16  # letters of a date and its time, as far as they are told
MERGED, LEARNABLE = 0.1, 5  # of the rows, in which levels count as one; rows of each that would tell it from others


def remark(
    fields: Sequence[Column],
    table: pa.Table,
    categories: Sequence[str],
    numbers: Sequence[str],
    decimal: str,
    sampled: bool = False,
) -> None:
    """Warn of what is perhaps not meant; `categories` and `numbers` were asked for. The table may be a sample of the rows."""
    warn_empty([column.name for column in fields if column.empty])
    quantities = [column for column in fields if isinstance(column, Number)]
    warn_odd([(c.name, shown(c, value), int(count)) for c in quantities for value, count in c.odd], "about " * sampled)
    doubtful = [column for column in quantities if column.name not in numbers]
    _codes({column.name: found for column in doubtful if (found := _codes_in(table, column))})
    _days(table, [column.name for column in doubtful if are_days(combined(table, column.name))])
    if not sampled:
        _totals([column.name for column in quantities if ends_in_total(combined(table, column.name))])
    texts = {
        c.name: combined(table, c.name)
        for c in fields
        if isinstance(c, Category) and is_text(arrow_type(c.type)) and c.listed is None and c.name not in categories
    }
    for column in fields:
        if isinstance(column, Category) and column.name in texts:
            _levels(column, texts[column.name], decimal)
    dates = [name for name, values in texts.items() if is_iso(values)]
    known = {*dates, *categories}
    _merged([column for column in fields if isinstance(column, Category) and column.others and column.name not in known])
    _dates(dates)
    for said in text_hints(texts, decimal):
        warn(said)


def tell_unseen(fields: Sequence[Column], gaps: Gaps, tables: Iterable[pa.Table]) -> None:
    """Warn of levels that were not there in the fit from which training goes on."""
    found: dict[str, dict[Any, None]] = {}
    for table in tables:
        for column in fields:
            if isinstance(column, Category):
                values = as_fitted(column, combined(table, column.name), gaps)
                found.setdefault(column.name, {}).update(dict.fromkeys(column.unseen(values)))
    for name, levels in found.items():
        if levels:
            warn(
                f"column {name!r} holds {cut(', '.join(map(repr, levels)), 60)}, which the first fit did not see: "
                "warm_start=True keeps the columns, so all such levels count as one; set warm_start=False to start anew"
            )


def tell_beyond(columns: Sequence[Column], starts: Sequence[int], x: np.ndarray) -> None:
    """Warn of dates that lie before or after all of fit; those of a column are x[:, start]."""
    for column, start in zip(columns, starts, strict=True):
        if not isinstance(column, Number) or (span := column.span) is None:
            continue
        low, high = span
        v = decoded(x[:, start].astype(np.float64), *column.unit)
        far = np.nan_to_num(np.maximum(v - high, low - v).clip(0) / (high - low))  # in units of the time that these span
        n = int((far > BEYOND).sum())
        if n <= RARE * len(far):
            continue
        first, last, found = (shown(column, value)[:MINUTES] for value in (low, high, float(v[far.argmax()])))
        warn(
            f"column {column.name!r} holds dates beyond all that fit saw ({first} to {last}), such as {found}, in "
            f"{n:,} of {len(far):,} rows looked at: nothing was learned there, and held-out rows do not show "
            "how well the model does there. To find out, fit the earlier rows and predict the later ones; or fit without "
            "the column"
        )


def beyond(span: tuple[float, float], unit: tuple[float, ...]) -> np.ndarray:
    """(2,) the features of the dates before and after which others are told."""
    low, high = span
    return encoded(np.array([low, high]) + np.array([-BEYOND, BEYOND]) * (high - low), *unit)


def _levels(column: Category, values: pa.Array, decimal: str) -> None:
    """Levels that differ in spaces or case, and such as stand for a missing cell."""
    levels = [*column.levels, *(column.others or [])]
    if column.others is not None or len(levels) < MAX_LEVELS:
        tell_near(column.name, near_levels(levels))
    gaps = blanks(levels)
    if gaps and not nearly_numbers(values, decimal):  # of which a hint tells
        warn(
            f"column {column.name!r} holds {', '.join(map(repr, gaps))}, as a level like others: if it stands for a missing "
            f"cell, replace it by None, or give format=Tables(reading=Reading(na={tuple(gaps)!r})) (--na); if it is a level, "
            f"say categories={[column.name]!r} (--category)"
        )


def _merged(columns: list[Category]) -> None:
    """Levels that count as one, although there are rows enough to tell them apart."""
    for c in columns:
        if c.shares[-1] > MERGED and np.mean(c.often) >= LEARNABLE:
            warn(
                f"column {c.name!r} has {len(c.known):,} levels: all beyond the {MAX_LEVELS} most frequent count as one, in "
                f"{c.shares[-1]:.0%} of the rows. If they differ, add columns that say how, such as the region of a country"
            )


def _codes(codes: dict[str, list[int]]) -> None:
    if codes:
        some = ", ".join(f"{name!r} ({', '.join(map(str, found[:5]))})" for name, found in codes.items())
        warn(
            f"column(s) {some} hold few whole numbers with gaps, like codes: they are read as quantities. If they are codes, "
            f"give categories={[*codes]!r} in fit (--category); if they are quantities, numbers={[*codes]!r} (--number)"
        )


def _days(table: pa.Table, days: list[str]) -> None:
    if days:
        warn(
            f"column(s) {', '.join(map(repr, days))} hold dates as whole numbers, such as {table.column(days[0])[0]}, and "
            f"are read as quantities: read them with pd.to_datetime(df[{days[0]!r}], format='%Y%m%d'), or give numbers={days!r}"
        )


def _totals(totals: list[str]) -> None:
    if totals:
        warn(
            f"the last row holds the totals of column(s) {', '.join(map(repr, totals[:5]))}: delete it, for it counts as a "
            "row like others; in pandas, df.iloc[:-1]"
        )


def _dates(dates: list[str]) -> None:
    if dates:
        warn(
            f"column(s) {', '.join(map(repr, dates))} hold dates as texts, and each date counts as a category: "
            f"read them with pd.to_datetime(df[{dates[0]!r}]), or parse_dates={dates!r} in pd.read_csv; "
            f'for a file, use --date "{dates[0]}=%Y-%m-%d", with the format in which they are written'
        )


def _codes_in(table: pa.Table, column: Number) -> list[int]:
    whole = column.decimals == 0 if column.type in FLOATS else pa.types.is_integer(arrow_type(column.type))
    return looks_like_codes(combined(table, column.name)) if whole and (column.gaps or column.type not in FLOATS) else []
