"""Containers of tables: pandas, polars, Arrow <-> an Arrow table.

Plain numbers of a wide table are taken as one matrix, and not column by column.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import DataError, an, missing_extra, warn
from .objects import sorts, unread
from .readers import opened
from .schema import able, as_text

__all__ = [
    "arrow",
    "collected",
    "combined",
    "container",
    "kinds_of",
    "matrix_of",
    "mixed_categories",
    "names_of",
    "numbers_of",
    "of_pandas",
    "pieces",
    "polars",
    "rows_of",
    "taken",
]

WIDE = 200  # plain columns
FEW = 4  # rows that are taken out of a pandas table one by one; columns of which each is taken by itself
ROWWISE = (
    "ArrowDtype",
    "StringDtype",
    "BooleanDtype",
    *(f"{kind}{bits}Dtype" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)),
    *(f"Float{bits}Dtype" for bits in (32, 64)),
)
ZONED = "DatetimeTZDtype"
PLAIN = {"f": "f", "i": "f", "u": "f", "b": "b"}


def container(X: Any) -> str:
    """Whose table it is: "pandas", "polars", or "arrow" for what is neither."""
    homes = [cls.__module__.partition(".")[0] for cls in type(X).__mro__]
    return next((home for home in homes if home in ("pandas", "polars")), "arrow")


def collected(X: Any) -> Any:
    """A lazy polars table, computed; that of a file of the field; other tables as they are, or a clear no."""
    X = opened(X)
    if container(X) == "polars" and hasattr(X, "collect"):
        return X.collect()
    if isinstance(X, pa.RecordBatch):
        return pa.Table.from_batches([X])
    known = {"pandas": "DataFrame", "polars": "DataFrame"}.get(container(X))
    if isinstance(X, pa.Table) or any(cls.__name__ == known for cls in type(X).__mro__):
        return X
    way = next((f".{name}()" for name in ("to_pandas", "to_arrow", "toPandas", "compute", "read_all") if hasattr(X, name)), "")
    raise DataError(
        f"X is a {type(X).__module__.partition('.')[0]} {type(X).__name__}, no table that is read here: "
        f"give a pandas or polars DataFrame or an Arrow table{f', such as X{way}' if way else ''}"
    )


def rows_of(X: Any, accepted: bool) -> Any:
    """X for a model of a table: a table with rows, and with a name for each column; whether it is one is `accepted`."""
    if not accepted:
        row = ", such as df.iloc[[0]] for a single row" if type(X).__name__ == "Series" else ""
        raise DataError(
            f"X is {an(type(X).__name__)}, but the model was fitted with a table: give a table with the same columns{row}"
        )
    X = collected(X)
    if container(X) == "pandas":
        _check_names(X)
    elif len({*names_of(X)}) < X.shape[1]:  # of Arrow
        raise _repeated(sorted({name for name, n in Counter(names_of(X)).items() if n > 1}))
    if X.shape[0] == 0:
        raise DataError("Found array with 0 sample(s) (0 rows) while a minimum of 1 is required.")
    return X


def _check_names(X: Any) -> None:
    """Each column of a pandas table has a name of its own."""
    if not X.columns.is_unique:
        raise _repeated(sorted({str(name) for name in X.columns[X.columns.duplicated()]}))
    if not hasattr(X.columns, "levels") and X.columns.hasnans:
        raise DataError(f"column {X.columns.isna().argmax()}, counted from 0, has no name: give it one")


def _repeated(names: list[str]) -> DataError:
    return DataError(f"column names must be unique, but {', '.join(map(repr, names))} is repeated: rename them")


def names_of(X: Any) -> list[str]:
    """The names of a table's columns, as texts."""
    return [as_name(name) for name in (X.schema.names if isinstance(X, pa.Table) else X.columns)]


def as_name(name: Any) -> str:
    """The name of a column as a text, as Arrow makes it of those of pandas.

    >>> as_name(3), as_name(("x", 1))
    ('3', "('x', '1')")
    """
    return str(tuple(map(str, name)) if isinstance(name, tuple) else name)


def pieces(X: Any, rows: int) -> Iterator[Any]:
    """A table in pieces of so many rows, of its own kind."""
    if 0 < X.shape[0] <= rows:  # a slice of a wide pandas table costs as much as its reading
        yield X
        return
    for start in range(0, X.shape[0], rows):
        yield X.iloc[start : start + rows] if container(X) == "pandas" else X[start : start + rows]


def arrow(X: Any, places: list[int] | None = None) -> pa.Table:
    """Any data frame, or its columns at these places, -> an Arrow table, without its index; of some columns without notes."""
    X = collected(X)
    if isinstance(X, pa.Table):
        return X if places is None else X.select(places)
    if container(X) == "polars":
        return _from_polars(X if places is None else X[:, places])
    _check_names(X)
    return _from_pandas(X, _at_once) if places is None else _from_pandas(_picked(X, places), _bare)


def _from_pandas(X: Any, read: Callable[[Any], pa.Table]) -> pa.Table:
    X = _readable(X)
    try:
        table = read(X)
        _check_dates(X, table)
        return table
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, TypeError, ValueError) as error:
        for i, name in enumerate(X.columns):
            try:
                pa.Array.from_pandas(X.iloc[:, i])
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, TypeError, ValueError):
                raise DataError(unread(as_name(name), X.iloc[:, i])) from None
        raise DataError(f"the table cannot be read ({error}): give every column values of one type") from None


def _check_dates(X: Any, table: pa.Table) -> None:
    """Python objects that are dates: Arrow drops the time where the first has none, and takes those without a zone as UTC."""
    places = [
        i
        for i, (dtype, t) in enumerate(zip(X.dtypes, table.schema.types, strict=True))
        if isinstance(dtype, np.dtype) and dtype.kind == "O" and (pa.types.is_date(t) or pa.types.is_timestamp(t))
    ]
    for i, values in zip(places, X.iloc[:, places].to_numpy().T if places else (), strict=True):
        name, moments = table.schema.names[i], [v for v in values if isinstance(v, datetime) and v == v]  # no NaT
        if moments and pa.types.is_date(table.schema.types[i]):
            raise DataError(unread(name, X.iloc[:, i]))
        if len({v.tzinfo is None for v in moments}) > 1:
            warn(
                f"column {name!r} holds dates with a time zone and without: those without are read as UTC; give all a zone, "
                "with dt.tz_localize"
            )


def _bare(X: Any) -> pa.Table:
    """Without what pandas notes of each column, which takes most of the time; many columns of one type all at once."""
    made: dict[int, Any] = {}
    for (kind, t), places in _alike(X).items() if X.shape[1] > FEW else ():
        some = _picked(X, places)
        if isinstance(kind, np.dtype) or type(kind).__name__ == ZONED:
            made |= zip(places, _by_matrix(some, kind), strict=True)
        elif len(X) <= FEW:
            made |= zip(places, _by_rows(some, t), strict=True)
    rest = [i for i in range(X.shape[1]) if i not in made]
    made |= zip(rest, (pa.Array.from_pandas(column) for _, column in _picked(X, rest).items()), strict=True)
    return pa.table([made[i] for i in range(X.shape[1])], names=[as_name(name) for name in X.columns])


def _picked(X: Any, places: list[int]) -> Any:
    """The columns at these places."""
    return X if places == [*range(X.shape[1])] else X.iloc[:, places]


def _alike(X: Any) -> dict[tuple[Any, pa.DataType | None], list[int]]:
    """Type in pandas, type in Arrow: the places of columns that pandas gives as one matrix, or as rows, without loss.

    Categories as what they are.
    """
    found: dict[Any, list[int]] = {}
    for i, dtype in enumerate(X.dtypes):
        name = type(dtype).__name__
        if name == "CategoricalDtype":
            sort = dtype.categories.inferred_type
            if t := pa.large_string() if sort == "string" else _arrow_of(dtype.categories.dtype):
                found.setdefault((name, t), []).append(i)
        elif isinstance(dtype, np.dtype) or name in (*ROWWISE, ZONED):
            found.setdefault((dtype, None), []).append(i)
    return found


def _arrow_of(dtype: Any) -> pa.DataType | None:
    """The Arrow type of a plain type of numpy."""
    return pa.from_numpy_dtype(dtype) if isinstance(dtype, np.dtype) and dtype.kind != "O" else None


def _by_matrix(X: Any, dtype: Any) -> list[pa.Array]:
    """The columns of a table of one type of numpy, by way of a matrix; dates of a zone as what they are in UTC."""
    n, values = len(X), X.to_numpy(dtype=dtype.base).T
    if dtype.kind == "O":
        return [pa.array(column, from_pandas=True) for column in values]
    flat = pa.array(values.ravel(), from_pandas=True)
    if not isinstance(dtype, np.dtype):
        flat = flat.cast(pa.Array.from_pandas(X.iloc[:1, 0]).type)
    return [flat.slice(j * n, n) for j in range(len(values))]


def _by_rows(X: Any, t: pa.DataType | None) -> list[pa.Array]:
    """The columns of a table of one type, by way of its rows."""
    n, m = X.shape
    values = pa.concat_arrays([_row(X, i, t) for i in range(n)])
    if n > 1:
        values = values.take(pa.array(np.arange(n * m).reshape(n, m).T.ravel()))
    return [values.slice(j * n, n) for j in range(m)]


def _row(X: Any, i: int, t: pa.DataType | None) -> pa.Array:
    """One row as an array; pandas makes floats of whole numbers beside a gap, which lose their last digits."""
    row = X.iloc[i]
    if t is not None and pa.types.is_integer(t) and row.dtype.kind == "f":
        row = X.iloc[[i]].to_numpy(dtype=object)[0]
    values = pa.array(row, t, from_pandas=True)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _at_once(X: Any) -> pa.Table:
    """What Arrow makes of a pandas table; the plain columns of a wide one type by type, which takes a tenth of the time."""
    kinds = kinds_of(X)
    if np.count_nonzero(kinds) < WIDE:
        return pa.Table.from_pandas(X, preserve_index=False)
    others = np.flatnonzero(kinds == "")
    rest = pa.Table.from_pandas(X.iloc[:, others], preserve_index=False)
    made: dict[int, Any] = {}
    for i, column, told in zip(others.tolist(), rest.columns, rest.schema.pandas_metadata["columns"], strict=True):
        made[i] = column, told
    for dtype in set(X.dtypes[kinds != ""]):
        places = np.flatnonzero((X.dtypes == dtype).to_numpy())
        values = np.ascontiguousarray(X.iloc[:, places].to_numpy().T)
        told = {"pandas_type": str(dtype), "numpy_type": str(dtype), "metadata": None}
        for i, column in zip(places.tolist(), values, strict=True):
            name = str(X.columns[i])
            made[i] = pa.array(column, from_pandas=True), {"name": name, "field_name": name, **told}
    columns = [made[i] for i in range(X.shape[1])]
    meta = json.dumps(rest.schema.pandas_metadata | {"columns": [told for _, told in columns]})
    table = pa.table([values for values, _ in columns], names=[as_name(name) for name in X.columns])
    return table.replace_schema_metadata({"pandas": meta})


def _readable(X: Any) -> Any:
    """Without sparse columns and foreign byte orders, and with categories that are numbers and texts as texts."""
    changed = {}
    for i, dtype in enumerate(X.dtypes):
        kind = type(dtype).__name__
        if getattr(dtype, "isnative", True) is False:
            changed[i] = X.iloc[:, i].astype(dtype.newbyteorder("="))
        elif kind == "SparseDtype":
            changed[i] = X.iloc[:, i].astype(dtype.subtype)
        elif kind == "CategoricalDtype" and _mixed(dtype.categories):
            changed[i] = _as_texts(X.iloc[:, i])
    if not changed:
        return X
    X = X.copy(deep=False)
    for i, column in changed.items():
        X.isetitem(i, column)
    return X


def _mixed(categories: Any) -> bool:
    """Whether they are numbers and texts; pandas keeps the answer of `inferred_type`."""
    return categories.dtype == object and categories.inferred_type != "string" and len(sorts(categories)) > 1


def _as_texts(column: Any) -> Any:
    """Categories of numbers and texts as texts."""
    import pandas as pd

    found = sorts(column.cat.categories)
    if not set(found) <= {"whole numbers", "numbers", "decimals", "texts", "yes/no values"}:
        raise DataError(unread(str(column.name), column))
    warn(
        f"column {str(column.name)!r} has categories that are {' and '.join(found)}: all are read as texts, 1 as '1'; "
        f"give them labels of one type to say otherwise"
    )
    categories = list(dict.fromkeys(as_text(v) for v in column.cat.categories))
    place = {v: categories.index(as_text(v)) for v in column.cat.categories}
    codes: Any = [place.get(v, -1) for v in column]
    return pd.Series(
        pd.Categorical.from_codes(codes, pd.Index(categories), ordered=column.cat.ordered),
        index=column.index,
        name=column.name,
    )


def _from_polars(X: Any) -> pa.Table:
    if pointers := [name for name, dtype in X.schema.items() if str(dtype) == "Object"]:
        raise _unread_polars(X, pointers[0])
    try:
        return X.to_arrow()
    except Exception as error:  # of polars or of Arrow, and of many kinds
        for name in X.columns:
            try:
                X[name].to_arrow()
            except Exception:
                raise _unread_polars(X, name) from None
        raise DataError(f"the table cannot be read: {error}") from None


def _unread_polars(X: Any, name: str) -> DataError:
    return DataError(
        f"column {name!r} holds polars values of type {X[name].dtype}, which cannot be read: "
        "cast them to Int64, Float64 or String, or drop the column"
    )


def combined(table: pa.Table, name: str | int) -> pa.Array:
    """One column as one array (a table from a file comes in pieces)."""
    column = table.column(name)
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    column = column.combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def kinds_of(X: Any) -> np.ndarray:
    """(c,) for each column: "f" plain numbers, "b" yes or no, "" anything else."""
    if container(X) == "pandas":
        return np.array([PLAIN.get(d.kind, "") if isinstance(d, np.dtype) else "" for d in X.dtypes])
    if container(X) == "polars":
        return np.array(["f" if d.is_float() or (d.is_integer() and "128" not in str(d)) else "" for d in X.dtypes])
    whole, real = pa.types.is_integer, pa.types.is_floating
    return np.array(["f" if whole(t) or real(t) else "" for t in X.schema.types])


def matrix_of(X: Any, places: np.ndarray) -> np.ndarray:
    """The plain columns at these places as one matrix (n, m) of float64, NaN for what is missing."""
    if container(X) == "pandas":
        return np.asarray(X.iloc[:, places].to_numpy(dtype=np.float64))
    if container(X) == "polars":
        import polars as pl

        return np.asarray(X[:, places.tolist()].select(pl.all().cast(pl.Float64)).to_numpy())
    out = np.empty((X.num_rows, len(places)))
    for j, i in enumerate(places.tolist()):
        out[:, j] = numbers_of(combined(X, i).cast(pa.float64(), safe=False))
    return out


def numbers_of(values: pa.Array) -> np.ndarray:
    """Plain numbers where they lie, NaN where one is missing; Arrow's to_numpy would import pandas, which takes long.

    >>> numbers_of(pa.array([1.5, None]))
    array([1.5, nan])
    """
    return values.to_numpy(zero_copy_only=False) if values.null_count else np.from_dlpack(values)


def taken(X: Any, rows: np.ndarray) -> Any:
    """These rows of a table."""
    if container(X) in ("pandas", "polars"):
        return X.iloc[rows] if container(X) == "pandas" else X[rows.tolist()]
    views = pa.schema([f.with_type(able(f.type)) if pa.types.is_string_view(f.type) else f for f in X.schema])
    return X.cast(views).take(rows).cast(X.schema)


def of_pandas(table: pa.Table) -> pa.Table:
    """A table of a Parquet file with the categories that pandas wrote into it: numbers among them are not kept by Parquet."""
    for column in (table.schema.pandas_metadata or {}).get("columns", ()):
        i = table.schema.get_field_index(str(column["field_name"]))
        if i >= 0 and column["pandas_type"] == "categorical" and not pa.types.is_dictionary(table.schema.field(i).type):
            table = table.set_column(i, table.schema.names[i], table.column(i).dictionary_encode())
    return table


def mixed_categories(X: Any) -> list[str]:
    """Columns whose categories are numbers and texts."""
    kinds = [(name, d) for name, d in zip(X.columns, X.dtypes, strict=True) if type(d).__name__ == "CategoricalDtype"]
    return [as_name(name) for name, d in kinds if _mixed(d.categories)]


def polars() -> Any:
    try:
        import polars as pl
    except ImportError:
        raise missing_extra("polars", "polars", "polars DataFrames") from None
    return pl
