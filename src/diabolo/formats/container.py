"""What kind of table was fitted, with what pandas and polars note beside it: columns become the same kind again."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ..errors import DataError, warn
from .category import Category
from .columns import Column
from .frames import container, names_of, polars

__all__ = ["Container", "index_of", "levels_of"]


@dataclass
class Container:
    """A kind of table."""

    kind: str  # "pandas", "polars" or "arrow"
    pandas: dict[str, Any] | None  # what pandas notes in an Arrow schema
    labels: list[Any] | None  # the names of columns, where they are no texts (labels)
    enums: list[str]  # of polars

    @classmethod
    def of(cls, X: Any, table: pa.Table, names: Sequence[str], kept: Sequence[str]) -> Self:
        """The container of X with the columns `names`; `kept` are learned, and `table` holds them."""
        enums = [f.name for f in table.schema if any(key.startswith(b"_PL_ENUM") for key in f.metadata or {})]
        if container(X) != "pandas":
            return cls(container(X), None, None, enums)
        meta = table.schema.pandas_metadata
        arrows = {name: str(t) for name, t in zip(names_of(X), X.dtypes, strict=True) if type(t).__name__ == "ArrowDtype"}
        noted = [c | {"numpy_type": arrows.get(c["field_name"], c["numpy_type"])} for c in meta["columns"]]
        meta = meta | {"columns": [c for c in noted if c["field_name"] in kept]}
        own = labels(X)
        return cls("pandas", meta, own and [label for label, name in zip(own, names, strict=True) if name in kept], enums)

    def check(self) -> None:
        """What comes from a file."""
        if self.kind not in ("pandas", "polars", "arrow") or not isinstance(self.pandas, (dict, type(None))):
            raise DataError(f"{self.kind!r} is no kind of table")

    def filled(self, table: pa.Table, fields: Sequence[Column]) -> Any:
        """The columns as this kind of table."""
        if self.kind == "pandas":
            return self._pandas(table)
        if self.kind == "polars":
            pl = polars()
            enums = [column for column in fields if column.name in self.enums and isinstance(column, Category)]
            return pl.from_arrow(table).with_columns(pl.col(column.name).cast(pl.Enum(column.listed)) for column in enums)
        return table

    def _pandas(self, table: pa.Table) -> Any:
        """As in pandas, including columns of Python objects and names that are not texts."""
        columns = (self.pandas or {}).get("columns", ())
        own = [c["field_name"] for c in columns if c["numpy_type"].endswith("[pyarrow]")]  # of which some would become others
        told = (self.pandas or {}) | {"columns": [c for c in columns if c["field_name"] not in own]}
        df = table.replace_schema_metadata({"pandas": json.dumps(told)}).to_pandas()
        for column in columns:
            name, t = column["field_name"], table.schema.field(column["field_name"]).type
            if name in own:
                df[name] = _of_arrow(table.column(name))
            elif pa.types.is_dictionary(t) and getattr(t.value_type, "tz", None):
                df[name] = _in_zone(df[name], t.value_type.tz)
            elif column["numpy_type"] == "object" and df[name].dtype != object:
                values = df[name].astype(object)
                df[name] = values.where(values.notna(), None)
        if self.labels is not None:
            df.columns = named(self.labels)
        return df


def _of_arrow(values: pa.ChunkedArray) -> Any:
    """A column of pandas that holds an Arrow array."""
    import pandas as pd

    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(values.type)))


def _in_zone(column: Any, zone: str) -> Any:
    """Categories that are dates, of which Arrow gives the time in UTC alone."""
    found = column.cat.categories
    return column if getattr(found, "tz", None) else column.cat.rename_categories(found.tz_localize("UTC").tz_convert(zone))


# ── names that are no texts ──────────────────────────────────────────────────────────────────────────────────────────


def labels(df: Any) -> list[Any] | None:
    """The names of a pandas table's columns as JSON, if they are numbers, dates, or tuples of such; None for texts."""
    names = df.columns.tolist()
    if all(isinstance(name, str) for name in names):
        return None
    found = [[_label(part) for part in name] if isinstance(name, tuple) else _label(name) for name in names]
    if None in found or any(isinstance(name, list) and None in name for name in found):
        warn(f"the names of the columns, such as {names[0]!r}, come back as texts: use texts, numbers or dates")
        return None
    return found


def _label(part: Any) -> Any:
    """A name, or a part of one, as JSON; None if it is of another kind."""
    part = part.item() if isinstance(part, np.generic) else part
    if isinstance(part, datetime):
        return {"moment": part.isoformat(), "zone": str(part.tzinfo) if part.tzinfo else None}
    if isinstance(part, date):
        return {"day": part.isoformat()}
    return part if isinstance(part, (str, int, float)) else None


def named(labels: list[Any]) -> Any:
    """The inverse of :func:`labels`: the columns of a pandas table."""
    import pandas as pd

    names = [tuple(map(_named, label)) if isinstance(label, list) else _named(label) for label in labels]
    return pd.MultiIndex.from_tuples(names) if all(isinstance(name, tuple) for name in names) else pd.Index(names)


def _named(label: Any) -> Any:
    if not isinstance(label, dict):
        return label
    if "day" in label:
        return date.fromisoformat(label["day"])
    import pandas as pd

    moment = pd.Timestamp(label["moment"])
    return moment.tz_convert(label["zone"]) if label["zone"] else moment


# ── names of labels, which are texts or whole numbers ────────────────────────────────────────────────────────────────


def levels_of(df: Any) -> list[Any] | None:
    """The names of the levels of a MultiIndex of texts and whole numbers, whose tuples can be read from their texts again."""
    columns = getattr(df, "columns", None)
    if getattr(columns, "nlevels", 1) == 1 or not all(_tuple(str(name)) == name for name in df.columns):
        return None
    return [None if name is None else str(name) for name in df.columns.names]


def index_of(names: list[Any], levels: list[Any] | None) -> Any:
    """The columns of a pandas table; with levels, tuples in place of their texts, unless a label was added since.

    >>> index_of(["('y', 1)", "('y', 2)"], [None, None]).tolist()
    [('y', 1), ('y', 2)]
    """
    import pandas as pd

    tuples = [found for name in names if levels and (found := _tuple(name)) and len(found) == len(levels)]
    return pd.MultiIndex.from_tuples(tuples, names=levels) if len(tuples) == len(names) else pd.Index(names)


def _tuple(name: Any) -> tuple[Any, ...] | None:
    try:
        found = ast.literal_eval(name)
    except (ValueError, SyntaxError):
        return None
    return found if isinstance(found, tuple) else None
