"""What kind of table was fitted, with what pandas and polars note beside it: columns become the same kind again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa

from ..errors import DataError
from .category import Category
from .columns import Column
from .frames import container, labels, polars

__all__ = ["Container"]


@dataclass
class Container:
    """A kind of table."""

    kind: str  # "pandas", "polars" or "arrow"
    pandas: dict[str, Any] | None  # what pandas notes in an Arrow schema
    labels: list[Any] | None  # the names of columns, where they are no texts
    enums: list[str]  # of polars

    @classmethod
    def of(cls, X: Any, table: pa.Table, names: Sequence[str], kept: Sequence[str]) -> Self:
        """The container of X with the columns `names`; `kept` are learned, and `table` holds them."""
        enums = [f.name for f in table.schema if any(key.startswith(b"_PL_ENUM") for key in f.metadata or {})]
        if container(X) != "pandas":
            return cls(container(X), None, None, enums)
        meta = table.schema.pandas_metadata
        meta = meta | {"columns": [c for c in meta["columns"] if c["field_name"] in kept]}
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
        df = table.replace_schema_metadata({"pandas": json.dumps(self.pandas)}).to_pandas()
        for column in (self.pandas or {}).get("columns", ()):
            values = df[column["field_name"]]
            if column["numpy_type"] == "object" and values.dtype != object:
                values = values.astype(object)
                df[column["field_name"]] = values.where(values.notna(), None)
        if self.labels is not None:
            import pandas as pd

            tuples = all(isinstance(label, list) for label in self.labels)
            df.columns = pd.MultiIndex.from_tuples(self.labels) if tuples else pd.Index(self.labels)
        return df
