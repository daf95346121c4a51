"""Values that stand for a missing cell, such as "?" or -999, as `Reading` names them: in whatever container they come."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .frames import combined
from .schema import family, floats, is_text, plain

__all__ = ["Gaps"]


class Gaps:
    """The values `na` as texts; those that are numbers, also as numbers.

    >>> Gaps(("?", "-999")).without(pa.array([1, -999])).to_pylist(), Gaps(("?",)).holds(pa.array(["?"]))
    ([1, None], True)
    """

    def __init__(self, na: tuple[str, ...]) -> None:
        self.na = na
        self.numbers = [float(text) for text in na if re.fullmatch(r"[+-]?\d+(\.\d*)?", text)]

    def without(self, values: pa.Array) -> pa.Array:
        """Values with null in place of these."""
        if not self.na:
            return values
        values = plain(values)
        if is_text(values.type):
            return pc.if_else(pc.is_in(values, pa.array(self.na, values.type)), None, values)
        v = floats(values) if family(values.type) == "numbers" else np.zeros(0)
        return pc.if_else(pa.array(np.isin(v, self.numbers)), None, values) if len(v) else values

    def matrix(self, v: np.ndarray) -> np.ndarray:
        """Numbers (n, m) with NaN in place of these."""
        return np.where(np.isin(v, self.numbers), np.nan, v) if self.numbers else v

    def table(self, table: pa.Table) -> pa.Table:
        """The same of each column; categories stay such."""
        for i, column in enumerate(table.schema if self.na else ()):
            values = combined(table, i)
            given = self.without(values)
            if pa.types.is_dictionary(values.type):
                order = self.without(values.dictionary).drop_null()
                given = pa.DictionaryArray.from_arrays(pc.index_in(given, order), order, ordered=values.type.ordered)
            table = table.set_column(i, column.with_type(given.type), given)
        return table

    def holds(self, values: pa.Array) -> bool:
        """Whether one of the values is."""
        return bool(self.without(values).null_count > values.null_count)
