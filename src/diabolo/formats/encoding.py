"""A table -> features x (n, d): plain numbers all at once, other columns kind by kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import DataError
from .base import check_finite
from .category import kind_of
from .columns import Column, plain_kind, yes_no
from .frames import arrow, combined, kinds_of, matrix_of, names_of
from .gaps import Gaps
from .scale import FLOATS, encoded
from .schema import DUST, adapted, arrow_type, narrowed

__all__ = ["Encoder"]


class Encoder:
    """The columns that were fitted, and where the features of each begin."""

    def __init__(self, fields: Sequence[Column], starts: Sequence[int]) -> None:
        self.fields, self.starts = fields, np.array(starts)
        self.names = [column.name for column in fields]
        self.kinds = np.array([plain_kind(column) for column in fields])

    def table(self, X: Any, x: np.ndarray, gaps: Gaps) -> None:
        """Write X into x (n, d), which holds zeros; X has the fitted columns in any order, and perhaps others."""
        places = self._places(names_of(X))
        kinds = kinds_of(X)[places]
        numbers, binary = (self.kinds == "f") & (kinds == "f"), (self.kinds == "b") & (kinds != "")
        some = np.flatnonzero(numbers)
        if len(some):
            x[:, self.starts[some]] = self._numbers(matrix_of(X, places[some]), some, gaps)
        some = np.flatnonzero(binary)
        if len(some):
            x[:, self.starts[some]] = self._binary(matrix_of(X, places[some]), some, gaps)
        rest = np.flatnonzero(~numbers & ~binary).tolist()
        table = arrow(X, [int(places[j]) for j in rest]) if rest else None
        alike: dict[Any, list[int]] = {}
        values = [as_fitted(self.fields[j], combined(table, i), gaps) for i, j in enumerate(rest)]
        for i, (j, v) in enumerate(zip(rest, values, strict=True)):
            alike.setdefault((type(self.fields[j]), v.type), []).append(i)
        for (kind, _), these in alike.items():
            chosen = [rest[i] for i in these]
            kind.encode_all([self.fields[j] for j in chosen], [values[i] for i in these], x, self.starts[chosen])

    def _places(self, names: Sequence[str]) -> np.ndarray:
        """Where each column is among these."""
        place = {name: i for i, name in enumerate(names)}
        absent = [name for name in self.names if name not in place]
        if absent:
            raise DataError(
                f"X has no column {', '.join(map(repr, absent))}, which the model was fitted with; "
                f"it has {', '.join(map(repr, [*place][:20]))}"
            )
        return np.array([place[name] for name in self.names])

    def _numbers(self, v: np.ndarray, chosen: np.ndarray, gaps: Gaps) -> np.ndarray:
        """Plain numbers (n, m), all at once, as Number.encode would."""
        fields: list[Any] = [self.fields[j] for j in chosen]
        v = gaps.matrix(v)
        check_finite(v, [column.name for column in fields])
        single = [i for i, column in enumerate(fields) if column.type != "double" and column.type in FLOATS]
        if single:
            v = v.copy()
            v[:, single] = np.stack([narrowed(v[:, i], arrow_type(fields[i].type)) for i in single], 1)
        return encoded(v, *np.array([column.unit for column in fields], dtype=np.float64).T)

    def _binary(self, v: np.ndarray, chosen: np.ndarray, gaps: Gaps) -> np.ndarray:
        v = gaps.matrix(v)
        check_finite(v, [self.fields[j].name for j in chosen])
        return yes_no(np.where(np.abs(v) < DUST, 0.0, v))


def as_fitted(column: Column, values: pa.Array, gaps: Gaps) -> pa.Array:
    """Values of any type, converted to the type of the column if possible."""
    return adapted(
        gaps.without(values), arrow_type(column.type), column.name, kind_of(column), bool(getattr(column, "mixed", False))
    )
