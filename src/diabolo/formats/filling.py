"""Filling gaps: other values in some cells of a table of pandas, polars or Arrow, which stays what it was.

patched(X)[i, j] = value[i]  if i is a gap,  X[i, j]  else
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .frames import combined, container
from .schema import as_text, plain

__all__ = ["patched"]


def patched(X: Any, place: int, gaps: np.ndarray, values: pa.Array) -> Any:
    """The table X with `values` (n,) in the gaps (n,) of the column at `place`; every other cell keeps its bits."""
    if container(X) == "pandas":
        X.isetitem(place, _patched_pandas(X.iloc[:, place], gaps, plain(values)))
        return X
    if container(X) == "polars":
        import polars as pl

        column, new = X.to_series(place), pl.Series(plain(values))
        column = new if column.dtype == pl.Null else column.zip_with(pl.Series(~gaps), new.cast(column.dtype))
        return X.with_columns(column.alias(X.columns[place]))
    column = combined(X, place)
    return X.set_column(place, X.schema.names[place], _patched_arrow(column, gaps, plain(values)))


def _patched_pandas(column: Any, gaps: np.ndarray, values: pa.Array) -> Any:
    import pandas as pd

    if gaps.all() and column.isna().all() and not isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Series(
            values.to_pandas().to_numpy() if not pa.types.is_temporal(values.type) else values.to_pandas().array,
            index=column.index,
            name=column.name,
        )
    if isinstance(column.dtype, pd.SparseDtype):
        return _patched_pandas(column.sparse.to_dense(), gaps, values).astype(column.dtype)
    if isinstance(column.dtype, pd.ArrowDtype):
        filled = _patched_arrow(pa.chunked_array(pa.array(column)).combine_chunks(), gaps, values)
        return pd.Series(filled.to_pandas(types_mapper=pd.ArrowDtype).array, index=column.index, name=column.name)
    new = values.filter(pa.array(gaps)).to_pylist()
    column = column.copy()
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = set(column.cat.categories)
        texts = {as_text(v): v for v in known} if column.cat.categories.dtype == object else {}  # numbers among texts
        new = [texts.get(v, v) for v in new]
        if added := [v for v in dict.fromkeys(new) if v not in known]:
            column = column.cat.add_categories(pd.Index(added, dtype=column.cat.categories.dtype))
        column.iloc[np.flatnonzero(gaps)] = new
        return column
    filled = new if column.dtype == object else pd.array(_zoned(new, column.dtype), dtype=column.dtype)
    if column.dtype == object:
        filled = np.empty(len(new), dtype=object)
        filled[:] = new
    column.iloc[np.flatnonzero(gaps)] = filled
    return column


def _zoned(values: list[Any], dtype: Any) -> list[Any]:
    """Dates with or without a zone, as the column has them; without one is UTC."""
    import pandas as pd

    zone = getattr(dtype, "tz", None)
    if not str(dtype).startswith("datetime64") or not any(
        v is not None and (v.tzinfo is None) != (zone is None) for v in values
    ):
        return values
    times = [pd.Timestamp(v) for v in values]
    return [v.tz_localize("UTC").tz_convert(zone) if zone is not None else v.tz_convert("UTC").tz_localize(None) for v in times]


def _patched_arrow(column: pa.Array, gaps: np.ndarray, values: pa.Array) -> pa.Array:
    t, old = column.type, plain(column)
    if gaps.all() and pa.types.is_null(t):
        return values
    filled = pc.if_else(pa.array(gaps), values.cast(old.type, safe=False), old)
    if not pa.types.is_dictionary(t):
        return filled.cast(t)
    order = plain(column.dictionary)
    order = pc.unique(pa.concat_arrays([order, pc.unique(filled).drop_null()]))
    indices = pc.index_in(filled, order).cast(t.index_type)
    return pa.DictionaryArray.from_arrays(indices, order.cast(t.value_type), ordered=t.ordered)
