"""A table that is fitted: which of its columns are learned, and which kind suits the type and the values of each.

Plain numbers are measured together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError, warn
from .arrow import listed_of, numeric
from .base import check_finite
from .category import Category
from .columns import Binary, Column, Number
from .frames import combined, matrix_of
from .scale import EXACT, FLOATS, LOOKED_AT, PICTURE, Moments, alike, framed, together
from .schema import DUST, family, is_known, is_text, plain, without_gaps, words
from .survey import Seen
from .suspects import is_row_number

__all__ = ["fit_column", "fit_columns", "names_to_fit", "row_numbers", "share_unit"]

AT_ONCE = 2_000_000  # numbers that are measured at once


def names_to_fit(table: pa.Table, categories: Sequence[str], numbers: Sequence[str], dates: Mapping[str, str]) -> list[str]:
    """Names of the columns; those asked for must be among them."""
    names = [str(name) for name in table.column_names]
    repeated = sorted({name for name, times in Counter(names).items() if times > 1})
    if repeated:
        raise DataError(f"column names must be unique, but {', '.join(map(repr, repeated))} is repeated: rename them")
    if not names:
        raise DataError("0 feature(s) (shape=(n, 0)) while a minimum of 1 is required: the table has no columns")
    for parameter, asked in (("categories", categories), ("numbers", numbers), ("dates", dates)):
        absent = sorted({*asked} - {*names})
        if absent:
            raise DataError(
                f"{parameter}={absent!r}: there is no such column; the columns are {', '.join(map(repr, names[:20]))}"
            )
    texts = [name for name in dates if is_text(table.schema.field(name).type)]
    if texts:  # of a file they are read already
        raise DataError(
            f"dates={texts!r} is for files: for a DataFrame write df[{texts[0]!r}] = pd.to_datetime(..., format=...)"
        )
    return names


def row_numbers(table: pa.Table, asked: set[str], seen: Mapping[str, Seen] | None = None) -> list[str]:
    """Columns of row numbers: left out, unless they were asked for or nothing else would be left."""
    index = (table.schema.pandas_metadata or {}).get("index_columns", ())
    left = [name for name in table.column_names if name not in asked and name in index]
    if left and len(left) < table.num_columns:
        dates = any(pa.types.is_temporal(table.schema.field(name).type) for name in left)
        remedy = (
            "df.reset_index() before it is written" if dates else "categories= (--category), or numbers= (--number), in fit"
        )
        warn(
            f"column(s) {', '.join(map(repr, left[:5]))} are the index of the written DataFrame, which is not "
            f"learned, and are left out: keep them with {remedy}"
        )
        return [*left, *row_numbers(table.drop_columns(left), asked, seen)]
    found: list[str] = []
    for name, t in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_integer(t) and name not in asked and is_row_number(combined(table, name), name, (seen or {}).get(name)):
            found.append(name)
    if not found or len(found) == table.num_columns:
        return []
    shown = ", ".join(f"{name!r} ({', '.join(map(str, table.column(name)[:3].to_pylist()))}, ...)" for name in found[:5])
    warn(
        f"column(s) {shown} look like row numbers and are left out: keep them with numbers={found[:5]!r} (--number) in fit, or "
        "with categories= (--category) if they are codes"
    )
    return found


def share_unit(fields: list[Any], table: pa.Table, seen: Mapping[str, Seen] | None = None) -> tuple[bool, int]:
    """If columns are clearly pixels or shares, give them one unit, as in an array; whether, and the side of pictures."""
    kinds = {type(column) for column in fields}
    if not (Number in kinds and kinds <= {Number, Binary} and len(fields) >= PICTURE):
        return False, 0
    if not all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (table.schema.field(c.name).type for c in fields)):
        return False, 0
    columns = (numeric(combined(table, column.name)) for column in fields)
    step = max(1, table.num_rows // LOOKED_AT)
    some, low, high = zip(*((v[::step].copy(), np.fmin.reduce(v), np.fmax.reduce(v)) for v in columns), strict=True)
    if seen:
        known = [(seen[c.name].low, seen[c.name].high) if not c.empty else (np.nan, np.nan) for c in fields]
        low, high = zip(*known, strict=True)
    if not alike(np.array(low), np.array(high)):
        return False, 0
    scale = together(np.stack(some), np.zeros(len(some)), 1.0)
    for j, column in enumerate(fields):
        if isinstance(column, Number):
            column.take(scale, j)
    return True, framed(np.stack(some, 1))


def fit_columns(
    table: pa.Table,
    names: list[str],
    categories: list[str],
    numbers: list[str],
    seen: Mapping[str, Seen] | None = None,
) -> list[Column]:
    """The kind of each column; plain numbers are measured together. The table may be a sample; then that was `seen` of all."""
    types = {name: table.schema.field(name).type for name in names}
    plain = [n for n, t in types.items() if n not in categories and (pa.types.is_integer(t) or pa.types.is_floating(t))]
    found: dict[str, Column] = {}
    size = max(1, AT_ONCE // max(1, table.num_rows))
    for i in range(0, len(plain), size):
        found |= fit_numbers(table, plain[i : i + size], numbers, seen)
    for name in names:
        if name not in found:
            known = seen[name] if seen else None
            found[name] = fit_column(name, combined(table, name), name in categories, name in numbers, known)
        if seen:
            complete(found[name], seen[name], table.num_rows)
    return [found[name] for name in names]


def complete(column: Any, seen: Seen, sampled: int) -> None:
    """What all rows say of a column that was fitted to a sample of them."""
    column.gaps, column.empty = seen.missing > 0, seen.empty
    if isinstance(column, Binary):
        column.share = 0.5 if seen.empty else seen.mean
    elif isinstance(column, Number):
        floating = column.type in FLOATS
        column.nan = floating and seen.nulls < seen.missing
        column.decimals = seen.decimals if floating else column.decimals
        column.odd = [[value, round(times * seen.rows / sampled)] for value, times in column.odd]


def fit_numbers(
    table: pa.Table, names: list[str], numbers: list[str], seen: Mapping[str, Seen] | None = None
) -> dict[str, Column]:
    """Columns of plain numbers; those that are too large for float64 are left to :func:`fit_column`."""
    places = np.array([table.schema.get_field_index(name) for name in names])
    v = np.ascontiguousarray(matrix_of(table, places).T)
    v[(np.abs(v) < DUST) & (np.abs(v) > DUST * 1e20).any(1, keepdims=True)] = 0.0
    check_finite(v.T, names)
    zero, one = v == 0, v == 1
    binary = zero.any(1) & one.any(1) & (zero | one | np.isnan(v)).all(1)
    types = [table.schema.field(name).type for name in names]
    most = np.fmax.reduce(np.abs(v), 1, initial=0.0)
    if seen:
        binary = np.array([seen[name].binary for name in names], dtype=bool)
        most = np.array([0.0 if seen[n].empty else max(abs(seen[n].low), abs(seen[n].high)) for n in names])
    binary &= ~np.isin(names, numbers)
    left = np.array([most[j] > EXACT and pa.types.is_integer(t) for j, t in enumerate(types)], dtype=bool)
    found: dict[str, Column] = {}
    for j in np.flatnonzero(binary).tolist():
        known = v[j][~np.isnan(v[j])]
        found[names[j]] = Binary(
            names[j], str(types[j]), len(known) < v.shape[1], share=float(known.mean()) if len(known) else 0.5
        )
    rest = np.flatnonzero(~binary & ~left).tolist()
    nulls = [table.column(int(places[j])).null_count for j in rest]
    whole = together_of([seen[names[j]].counted_from(0) for j in rest]) if seen and rest else None
    for column in Number.fit_all([names[j] for j in rest], [str(types[j]) for j in rest], v[rest], nulls, whole):
        found[column.name] = column
    return found


def together_of(each: list[Moments]) -> Moments:
    """The moments of several columns."""
    return Moments(*map(np.concatenate, zip(*each, strict=True)))


def fit_column(name: str, values: pa.Array, category: bool = False, number: bool = False, seen: Seen | None = None) -> Column:
    """A column of the kind that suits its type and values, or that was asked for; these may be a sample."""
    t = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    decimal = pa.types.is_decimal(t) and (category or pa.types.is_dictionary(values.type))
    if not is_known(t) or decimal:
        raise DataError(
            f"column {name!r} holds {'categories that are decimals' if decimal else words(t)}, which cannot be learned: "
            f"give numbers, booleans, dates, texts or categories of these, such as df[{name!r}].astype(str), or drop the column"
        )
    if number and family(t) not in ("numbers", "nothing"):
        raise DataError(f"numbers={[name]!r}: column {name!r} holds {words(t)}, not numbers")
    if number:
        return Number.fit(name, plain(values), seen)
    if category or pa.types.is_dictionary(values.type) or is_text(t):
        return Category.fit(name, values) if seen is None or seen.counts is None else counted(name, values, seen)
    if pa.types.is_boolean(t):
        return Binary.fit(name, values)
    if pa.types.is_decimal(t):
        two = set(pc.unique(plain(without_gaps(values)))[:4].to_pylist()) == {0, 1} if seen is None else seen.binary
        return Binary.fit(name, values) if two else Number.fit(name, values, seen)
    if family(t) == "dates":
        check_years(name, values)
    return Number.fit(name, values, seen)


def check_years(name: str, values: pa.Array) -> None:
    """Dates that Python cannot name are none that anybody meant."""
    try:
        pc.min_max(values).as_py()
    except (OverflowError, ValueError):
        raise DataError(
            f"column {name!r} holds dates beyond the years 1 to 9999: if they stand for a missing value, make them missing; "
            "else their unit may be another one"
        ) from None


def counted(name: str, values: pa.Array, seen: Seen) -> Category:
    """A column with the levels of all rows; `values` are some, which say the type and the order of categories."""
    assert seen.counts is not None
    listed, ordered, t = None, False, values.type
    if pa.types.is_dictionary(t):
        listed, ordered, t = listed_of(values.dictionary), bool(t.ordered), t.value_type
        listed = [*dict.fromkeys([*listed, *sorted(seen.counts, key=str)])]
    return Category.of(name, str(t), seen.counts, seen.rows, listed, ordered)
