"""What was fitted holds for new data: the same rows in any container give the same codes, or a clear no."""

from __future__ import annotations

import datetime
import io
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from diabolo import Autoencoder, OutlierDetector
from diabolo.errors import DataError
from diabolo.formats import Tables
from kinds import SMALL

N = 24
R = np.random.default_rng(4)
START = datetime.datetime(2021, 3, 1, 10, 30)
MOMENTS = [START + datetime.timedelta(hours=int(h)) for h in R.integers(0, 5000, N)]
DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(int(d)) for d in R.integers(0, 900, N)]
WHOLE = [int(v) for v in R.integers(0, 90, N)]
REAL = [float(v) for v in R.normal(size=N).round(3)]
COLOURS = [["red", "green", "blue"][i] for i in R.integers(0, 3, N)]


def gaps(values: list[Any]) -> list[Any]:
    return [None if i % 7 == 3 else v for i, v in enumerate(values)]


def arrow(values: list[Any], t: pa.DataType) -> pa.Array:
    return pa.array(values, t)


COLUMNS: dict[str, pa.Array] = {
    **{f"{t}": arrow(WHOLE, t) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.uint64())},
    "whole, gaps": arrow(gaps(WHOLE), pa.int64()),
    "large": arrow([2**60 + v for v in WHOLE], pa.int64()),
    "float16": pa.array(np.array(REAL, dtype=np.float16)),
    "float32": arrow(gaps(REAL), pa.float32()),
    "float64": arrow(gaps(REAL), pa.float64()),
    "decimal": arrow([Decimal(v).scaleb(-2) for v in WHOLE], pa.decimal128(9, 2)),
    "yes/no": arrow([v % 2 == 0 for v in WHOLE], pa.bool_()),
    "yes/no, gaps": arrow(gaps([v % 2 == 0 for v in WHOLE]), pa.bool_()),
    "0 and 1": arrow([v % 2 for v in WHOLE], pa.int16()),
    "string": arrow(gaps(COLOURS), pa.string()),
    "large_string": arrow(COLOURS, pa.large_string()),
    "string_view": arrow(gaps(COLOURS), pa.string_view()),
    "category": arrow(gaps(COLOURS), pa.string()).dictionary_encode(),
    "number category": arrow([v % 3 + 5 for v in WHOLE], pa.int64()).dictionary_encode(),
    **{f"timestamp {u}": arrow(gaps(MOMENTS), pa.timestamp(u)) for u in ("s", "ms", "us", "ns")},
    **{f"zoned {u}": arrow(gaps(MOMENTS), pa.timestamp(u, "Europe/Rome")) for u in ("s", "ns")},
    "date32": arrow(gaps(DAYS), pa.date32()),
    "date64": arrow(DAYS, pa.date64()),
    "time": arrow([m.time() for m in MOMENTS], pa.time64("us")),
    **{f"duration {u}": arrow([m - START for m in MOMENTS], pa.duration(u)) for u in ("s", "ns")},
}


def parquet(table: pa.Table) -> pa.Table:
    file = io.BytesIO()
    pq.write_table(table, file)
    file.seek(0)
    return pq.read_table(file)


def feathered(table: pa.Table) -> pa.Table:
    file = io.BytesIO()
    feather.write_feather(table, file)
    file.seek(0)
    return feather.read_table(file)


def python_objects(table: pa.Table) -> pd.DataFrame:
    column = table.column(0)
    return pd.DataFrame({"v": pd.Series(column.to_pylist(), dtype=object), "w": REAL})


CONTAINERS: dict[str, Callable[[pa.Table], Any]] = {
    "arrow": lambda table: table,
    "pandas": lambda table: table.to_pandas(),
    "pandas of arrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "objects": python_objects,
    "polars": lambda table: pl.from_arrow(table),
    "parquet": parquet,
    "feather": feathered,
}


def as_given(column: pa.Array) -> pa.Table:
    return pa.table({"v": column, "w": REAL})


@pytest.mark.parametrize("name", COLUMNS)
def test_the_same_rows_in_any_container_are_the_same_features(name: str) -> None:
    table = as_given(COLUMNS[name])
    objects = name in ("category", "number category", "date64", "float16")  # what Python objects do not tell
    held = {kind: make(table) for kind, make in CONTAINERS.items() if not (kind == "objects" and objects)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        formats = {kind: Tables().fit(X) for kind, X in held.items()}
    for fitted, format in formats.items():
        own = format.to_tensor(held[fitted]).numpy()
        for given, X in held.items():
            np.testing.assert_array_equal(format.to_tensor(X).numpy(), own, f"{name}: fitted as {fitted}, given as {given}")
        assert format.width == formats["arrow"].width, (name, fitted)
