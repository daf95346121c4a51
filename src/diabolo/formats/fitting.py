"""Which kind of column suits the type and the values; plain numbers are measured together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError
from .arrow import numeric
from .base import check_finite
from .columns import Binary, Category, Column, Number
from .frames import combined, matrix_of
from .scale import EXACT, LOOKED_AT, PICTURE, alike, together
from .schema import DUST, family, is_known, is_text, plain, without_gaps, words

__all__ = ["fit_column", "fit_columns", "share_unit"]

AT_ONCE = 8_000_000  # numbers that are measured at once


def share_unit(fields: list[Any], table: pa.Table) -> bool:
    """Give columns that are plainly pixels or shares one unit, as in an array (arrays.py); whether they are."""
    kinds = {type(column) for column in fields}
    if not (Number in kinds and kinds <= {Number, Binary} and len(fields) >= PICTURE):
        return False
    if not all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (table.schema.field(c.name).type for c in fields)):
        return False
    v = np.stack([numeric(combined(table, column.name)) for column in fields])
    if not alike(np.fmin.reduce(v, 1), np.fmax.reduce(v, 1)):
        return False
    some = v[:, :: max(1, v.shape[1] // LOOKED_AT)]
    scale = together(some, np.zeros(len(v)), 1.0)
    for j, column in enumerate(fields):
        if isinstance(column, Number):
            column.take(scale, j)
    return True


def fit_columns(table: pa.Table, names: list[str], categories: list[str], numbers: list[str]) -> list[Column]:
    """The kind of each column; plain numbers are measured together."""
    types = {name: table.schema.field(name).type for name in names}
    plain = [n for n, t in types.items() if n not in categories and (pa.types.is_integer(t) or pa.types.is_floating(t))]
    found: dict[str, Column] = {}
    size = max(1, AT_ONCE // max(1, table.num_rows))
    for i in range(0, len(plain), size):
        found |= fit_numbers(table, plain[i : i + size], numbers)
    for name in names:
        if name not in found:
            found[name] = fit_column(name, combined(table, name), name in categories, name in numbers)
    return [found[name] for name in names]


def fit_numbers(table: pa.Table, names: list[str], numbers: list[str]) -> dict[str, Column]:
    """Columns of plain numbers; those that are too large for float64 are left to :func:`fit_column`."""
    places = np.array([table.schema.get_field_index(name) for name in names])
    v = np.ascontiguousarray(matrix_of(table, places).T)
    v[(np.abs(v) < DUST) & (np.abs(v) > DUST * 1e20).any(1, keepdims=True)] = 0.0
    check_finite(v.T, names)
    zero, one = v == 0, v == 1
    binary = zero.any(1) & one.any(1) & (zero | one | np.isnan(v)).all(1) & ~np.isin(names, numbers)
    types = [table.schema.field(name).type for name in names]
    large = np.fmax.reduce(np.abs(v), 1, initial=0.0) > EXACT
    left = np.array([large[j] and pa.types.is_integer(t) for j, t in enumerate(types)], dtype=bool)
    found: dict[str, Column] = {}
    for j in np.flatnonzero(binary).tolist():
        known = v[j][~np.isnan(v[j])]
        found[names[j]] = Binary(names[j], str(types[j]), len(known) < v.shape[1], share=float(known.mean()))
    rest = np.flatnonzero(~binary & ~left).tolist()
    nulls = [table.column(int(places[j])).null_count for j in rest]
    for column in Number.fit_all([names[j] for j in rest], [str(types[j]) for j in rest], v[rest], nulls):
        found[column.name] = column
    return found


def fit_column(name: str, values: pa.Array, category: bool = False, number: bool = False) -> Column:
    """The kind of column that suits the type and the values, or that was asked for."""
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
        return Number.fit(name, plain(values))
    if category or pa.types.is_dictionary(values.type) or is_text(t):
        return Category.fit(name, values)
    if pa.types.is_boolean(t):
        return Binary.fit(name, values)
    if pa.types.is_decimal(t) and set(pc.unique(without_gaps(values)).to_pylist()[:4]) == {0, 1}:
        return Binary.fit(name, values)
    return Number.fit(name, values)
