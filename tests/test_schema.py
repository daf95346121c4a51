"""What was fitted holds for new data: the same rows in any container give the same codes, or a clear no."""

from __future__ import annotations

import datetime
import io
import sys
import warnings
from collections import Counter
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
import torch

from diabolo import Autoencoder, OutlierDetector, load
from diabolo.errors import DataError
from diabolo.formats import Tables, frames, write_table
from diabolo.formats.hints import nearly_numbers
from diabolo.formats.layout import Reading
from kinds import SMALL

N = 24
R = np.random.default_rng(4)
START = datetime.datetime(2021, 3, 1, 10, 30)
MOMENTS = [START + datetime.timedelta(hours=int(h)) for h in R.integers(0, 5000, N)]
DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(int(d)) for d in R.integers(0, 900, N)]
WHOLE = [int(v) for v in R.integers(0, 90, N)]
REAL = [float(v) for v in R.normal(size=N).round(3)]
COLORS = [["red", "green", "blue"][i] for i in R.integers(0, 3, N)]


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
    "string": arrow(gaps(COLORS), pa.string()),
    "large_string": arrow(COLORS, pa.large_string()),
    "string_view": arrow(gaps(COLORS), pa.string_view()),
    "category": arrow(gaps(COLORS), pa.string()).dictionary_encode(),
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
    lost = (
        {"objects"}
        if name in ("category", "date64", "float16")
        else {"objects", "polars", "parquet"}
        if "number c" in name
        else set()
    )
    held = {kind: make(table) for kind, make in CONTAINERS.items() if kind not in lost}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        formats = {kind: Tables().fit(X) for kind, X in held.items()}
    for fitted, format in formats.items():
        own = format.to_tensor(held[fitted]).numpy()
        for given, X in held.items():
            np.testing.assert_array_equal(format.to_tensor(X).numpy(), own, f"{name}: fitted as {fitted}, given as {given}")
        assert format.width == formats["arrow"].width, (name, fitted)


@pytest.mark.parametrize("own", ["pandas", "nullable", "objects"])
def test_few_rows_are_read_as_many(own: str) -> None:
    r = np.random.default_rng(3)
    columns = {
        f"{name} {k}": v.take(pa.array(r.permutation(N))) for name, v in COLUMNS.items() if "view" not in name for k in (0, 1)
    }
    if own == "objects":
        X = pd.DataFrame({k: pd.Series(v.to_pylist(), dtype=object) for k, v in columns.items() if "decimal" not in k})
    else:
        X = pa.table(columns).to_pandas()
        X = X.convert_dtypes() if own == "nullable" else X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        format = Tables().fit(X)
    whole = format.to_tensor(X)
    for size in (1, 3):
        pieces = [format.to_tensor(X.iloc[i : i + size]) for i in range(0, N, size)]
        np.testing.assert_array_equal(torch.cat(pieces).numpy(), whole.numpy())
    assert format.cells(X, np.array([0, 3])) == [[row[0], row[3]] for row in format.cells(X, np.arange(N))]


def table(n: int = 60) -> pd.DataFrame:
    r = np.random.default_rng(7)
    a = r.normal(size=n).round(2)
    return pd.DataFrame(
        {
            "a": a,
            "b": (a + 0.1 * r.normal(size=n)).round(2),
            "when": pd.date_range("2022-05-01", periods=n, freq="h"),
            "city": r.choice(["Oslo", "Rome"], n),
            "rooms": r.integers(1, 7, n),
            "yes": r.random(n) < 0.4,
        }
    )


# ── refused, or the same ─────────────────────────────────────────────────────────────────────────────────────────────

REFUSED = [
    ("when", 1, r"'when' holds whole numbers \(1 in row 0\), but was fitted with dates: .*pd.to_datetime\(df\['when'\], unit"),
    ("when", "2022-05-01 10:00", r"'when' holds texts .* fitted with dates: .*pd.to_datetime.*parse_dates"),
    ("when", pd.Timedelta("1h"), r"'when' holds durations .* fitted with dates"),
    ("a", pd.Timestamp("2022"), r"'a' holds dates .* fitted with numbers"),
    ("a", "1.5", r"'a' holds texts \('1.5' in row 0\), but was fitted with numbers: .*pd.to_numeric"),
    ("rooms", True, r"'rooms' holds yes/no values .* fitted with whole numbers"),
    ("city", 7, r"'city' holds whole numbers \(7 in row 0\), but was fitted with texts: .*astype\(str\)"),
    ("city", True, r"'city' holds yes/no values .* fitted with texts"),
    ("yes", "no", r"'yes' holds texts \('no' in row 0\), but was fitted with yes/no values"),
]


@pytest.mark.parametrize(("column", "value", "said"), REFUSED)
def test_another_type_is_refused_by_name(column: str, value: Any, said: str) -> None:
    format = Tables().fit(table())
    given = table().assign(**{column: value})
    for X in (given, pl.from_pandas(given), pa.Table.from_pandas(given)):
        with pytest.raises(DataError, match=said) as caught:
            format.to_tensor(X)
        assert not any(word in str(caught.value) for word in ("int64", "large_string", "double", "timestamp", "utf8"))


def test_a_gap_turns_whole_numbers_into_floats_and_nothing_else() -> None:
    X = table()
    format = Tables().fit(X)
    Y = X.assign(rooms=X["rooms"].astype(float).where(X.index != 2), yes=X["yes"].astype(object).where(X.index != 2, None))
    x, y = format.to_tensor(X), format.to_tensor(Y)
    assert y[2].isnan().any()
    assert (x[3:] == y[3:]).all()


def test_a_column_without_a_value_is_missing_whatever_its_type() -> None:
    format = Tables().fit(table())
    for name in table().columns:
        for nothing in (None, np.nan, pd.NaT):
            x = format.to_tensor(table().assign(**{name: nothing}))
            assert x[:, format.blocks[format.columns.index(name)]].isnan().all()


def test_dates_with_and_without_a_zone_are_instants_in_utc_and_a_warning_says_so() -> None:
    X = table()
    format = Tables().fit(X)
    same = format.to_tensor(X)
    assert (format.to_tensor(X.assign(when=X["when"].dt.tz_localize("UTC"))) == same).all()
    with pytest.warns(UserWarning, match=r"'when' holds dates in time zone Asia/Tokyo, .* without a zone are read as UTC"):
        moved = format.to_tensor(X.assign(when=X["when"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")))
    assert (moved == same).all()


def test_what_lies_between_two_units_of_the_fitted_type_is_between() -> None:
    days = pd.DataFrame({"day": pa.array([18_000, 18_002, 18_010], pa.date32()).to_pandas(), "v": [1.0, 2.0, 4.0]})
    format = Tables().fit(days)
    noon = format.to_tensor(days.assign(day=pd.to_datetime(days["day"]) + pd.Timedelta("12h")))
    start, end = (format.to_tensor(days.assign(day=[d + datetime.timedelta(k) for d in days["day"]])) for k in (0, 1))
    assert torch_close(noon[:, 0], (start[:, 0] + end[:, 0]) / 2)


def torch_close(a: Any, b: Any) -> bool:
    return bool(np.allclose(a.numpy(), b.numpy(), rtol=1e-12))


def test_columns_of_several_types_and_other_tables_are_told() -> None:
    with pytest.raises(
        DataError, match=r"column 'm' mixes dates with a time \(.* in row 0\) and texts \('x' in row 1\).*astype\(str\)"
    ):
        Tables().fit(pd.DataFrame({"m": [pd.Timestamp("2020"), "x"]}))
    with pytest.raises(DataError, match=r"column 'p' holds periods, which cannot be learned"):
        Tables().fit(pd.DataFrame({"p": pd.period_range("2020", periods=3, freq="M")}))
    with pytest.raises(DataError, match=r"column 'i' holds polars values of type Int128"):
        Tables().fit(pl.DataFrame({"i": pl.Series([1, 2], dtype=pl.Int128)}))
    reader = pa.Table.from_pandas(table()).to_reader()
    with pytest.raises(DataError, match=r"RecordBatchReader, no table that is read here: .*X.read_all\(\)"):
        Autoencoder(**SMALL).fit(reader)


def test_lazy_tables_are_collected() -> None:
    X = pl.from_pandas(table())
    ae = Autoencoder(**SMALL).fit(X.lazy())
    assert (ae.transform(X.lazy()) == ae.transform(X)).all()
    assert ae.impute(X.lazy()).equals(X)


# ── given cells stay ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("ignore:fit had too few rows")
@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("name", ["uint8", "large", "float32", "decimal", "yes/no", "string", "category", "zoned ns", "date32"])
def test_imputing_fills_gaps_and_keeps_all_other_bits(kind: str, name: str) -> None:
    column = COLUMNS[name]
    some = pa.array([i % 5 == 1 for i in range(N)])
    given = pa.chunked_array([column.filter(pa.array([v.as_py() is False for v in some])), pa.nulls(5, column.type)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        ae = Autoencoder(1, **SMALL).fit(as_given(column))
    X = CONTAINERS[kind](pa.table({"v": given.unify_dictionaries().combine_chunks(), "w": REAL[: len(given)]}))
    Y = ae.impute(X)
    assert type(Y) is type(X)
    before, after = (pa.table(pl.from_pandas(T)) if isinstance(T, pd.DataFrame) else pa.table(T) for T in (X, Y))
    pairs = list(zip(before["v"].to_pylist(), after["v"].to_pylist(), strict=True))
    assert all(a == b for a, b in pairs if a is not None)
    assert all(b is not None for _, b in pairs)
    assert before["w"].to_pylist() == after["w"].to_pylist()
    if isinstance(X, pd.DataFrame):
        assert list(X.dtypes) == list(Y.dtypes)


def test_what_was_never_seen_stays_when_it_was_given() -> None:
    ae = Autoencoder(**SMALL).fit(table())
    X = table().head(3).assign(a=[np.nan, 1e9, 0.123456789], city=["Paris", None, "Oslo"], rooms=[99, 1, 2])
    Y = ae.impute(X)
    assert Y["city"].tolist()[::2] == ["Paris", "Oslo"]
    assert Y["a"].tolist()[1:] == [1e9, 0.123456789]
    assert Y["rooms"].tolist() == [99, 1, 2]
    assert Y.notna().all().all()


def test_what_explain_shows_as_seen_stands_in_the_table() -> None:
    X = table(120)
    detector = OutlierDetector(alpha=0.1, epochs=3, verbose=False, random_state=0).fit(X)
    strange = X.head(3).assign(a=9.123456789, city="Paris", rooms=[7, 8, 9])
    for given in (strange, pl.from_pandas(strange), pa.Table.from_pandas(strange)):
        for verdict in detector.explain(given, rows=[2, 0], most=6):
            seen = {cell.column: cell.seen for cell in verdict.cells}
            assert (seen["a"], seen["city"], seen["rooms"]) == (9.123456789, "Paris", [7, 8, 9][verdict.row])


EMPTY: dict[str, Any] = {
    "objects": None,
    "numbers": np.nan,
    "dates": pd.NaT,
    "yes/no": pd.array([None] * N, "boolean"),
    "whole": pd.array([None] * N, "Int64"),
    "category": pd.Categorical([None] * N, categories=["x", "y"]),
}


def test_columns_without_values_stay_without(tmp_path: Path) -> None:
    """Nothing is known of them: no 0, no 1970, no level is made up."""
    X = pd.DataFrame({"a": REAL, "b": WHOLE}).assign(**EMPTY)
    with pytest.warns(UserWarning, match="have no values at all"):
        Autoencoder(**SMALL).fit(X).save(tmp_path / "m.diabolo")
    ae = load(tmp_path / "m.diabolo")
    for Y in (ae.impute(X), ae.reconstruct(X), ae.sample(3, random_state=0)):
        assert Y[[*EMPTY]].isna().all().all()
        assert list(Y.dtypes) == list(X.dtypes)
    with pytest.warns(UserWarning, match="column 'objects' had no values in fit: the values that it has now are ignored"):
        ae.transform(X.assign(objects="x"))


def test_no_level_is_expected_that_was_never_seen() -> None:
    """However far out the other cells are."""
    X = table(120)
    detector = OutlierDetector(alpha=0.1, epochs=3, verbose=False, random_state=0).fit(X)
    for verdict in detector.explain(X.head(4).assign(a=[1e9, -1e9, 1e300, -1e300]), rows=[0, 1, 2, 3], most=9):
        cell = next(cell for cell in verdict.cells if cell.column == "city")
        assert cell.expected in set(X["city"])
        assert None not in cell.between


@pytest.mark.parametrize("last", [datetime.date(9999, 12, 31), datetime.date(1, 1, 1)])
def test_the_last_day_of_the_calendar_comes_back_and_is_told_as_it_is(last: datetime.date) -> None:
    X = pd.DataFrame({"a": REAL, "until": [last if i % 3 else day for i, day in enumerate(DAYS)]})
    with pytest.warns(UserWarning, match=f"{last} .* in column 'until'"):
        ae = Autoencoder(2, **SMALL).fit(X)
    assert ae.inverse_transform(ae.transform(X))["until"].tolist() == X["until"].tolist()


@pytest.mark.parametrize("other", ["Oslo  ", "oslo", "\u00a0Oslo"])
def test_levels_that_look_alike_are_others_and_named(other: str) -> None:
    X = table(120).assign(city="Oslo")
    detector = OutlierDetector(alpha=0.1, epochs=3, verbose=False, random_state=0).fit(X)
    with pytest.warns(UserWarning, match=r"column 'city' holds .* \('Oslo' was seen\): levels that differ in spaces or case"):
        assert (detector.predict(X.head(9).assign(city=other)) == -1).all()
    detector.predict(X.head(9).assign(city="Paris"))


def test_sparse_columns_are_filled() -> None:
    X = table().assign(s=pd.arrays.SparseArray(np.where(np.arange(len(table())) % 3 == 0, np.nan, 2.5)))
    Y = Autoencoder(**SMALL).fit(X).impute(X)
    assert Y["s"].notna().all()
    assert list(Y.dtypes) == list(X.dtypes)
    assert (Y["s"] == X["s"])[X["s"].notna()].all()


@pytest.mark.parametrize("name", ["new.csv", "new.parquet", "new.feather"])
def test_what_explain_shows_of_a_file_is_of_that_row(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for in any order, and spread over pieces."""
    X = table(120)
    detector = OutlierDetector(alpha=0.1, epochs=3, verbose=False, random_state=0).fit(X)
    rows = [90, 3, 117, 41, 40, 3]
    write_table(pa.Table.from_pandas(X, preserve_index=False), tmp_path / name)
    monkeypatch.setattr("diabolo.formats.tables.CHUNK", 40)
    for verdict in detector.explain(str(tmp_path / name), rows=rows, most=9):
        assert {c.column: c.seen for c in verdict.cells}["a"] == X["a"][verdict.row]
    assert [v.row for v in detector.explain(str(tmp_path / name), rows=rows)] == rows


def test_decimals_are_those_of_the_column() -> None:
    ae = Autoencoder(**SMALL).fit(table())
    for made in (ae.sample(50, random_state=0), ae.reconstruct(table())):
        assert (made["a"].round(2) == made["a"]).all()
    assert all(len(repr(float(v)).partition(".")[2]) <= 2 for v in ae.sample(50, random_state=0)["b"])


def test_what_is_given_to_sample_comes_back() -> None:
    for X in (table(), pl.from_pandas(table()), pa.Table.from_pandas(table())):
        new = Autoencoder(**SMALL).fit(X).sample(3, given={"a": 0.123456789, "city": "Rome"}, random_state=0)
        assert (np.asarray(new["a"]) == 0.123456789).all()


# ── what columns are ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["Unnamed: 0", "", "id"])
def test_row_numbers_are_left_out_with_a_warning(name: str, tmp_path: Path) -> None:
    X = table()
    X.insert(0, name, range(100, 160))
    with pytest.warns(UserWarning, match=rf"{name!r} \(100, 101, 102, ...\) look like row numbers.*numbers=\[{name!r}\]"):
        ae = Autoencoder(**SMALL).fit(X)
    assert list(ae.feature_names_in_) == list(table().columns)
    assert (ae.transform(X) == ae.transform(table())).all()
    ae.save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    assert (again.transform(X) == ae.transform(X)).all()
    assert ae.impute(X)[name].tolist() == list(range(100, 160))
    assert name in Autoencoder(**SMALL).fit(X, numbers=[name]).format_.columns


def test_numbers_of_rows_in_another_order_are_row_numbers() -> None:
    rng = np.random.default_rng(0)
    df = pd.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200), "id": rng.permutation(200) + 100_001})
    with pytest.warns(UserWarning, match="'id'.*look like row numbers"):
        assert Tables().fit(df).columns == ["a", "b"]


def test_days_in_whole_numbers_are_told() -> None:
    days = pd.date_range("2024-01-28", periods=60).strftime("%Y%m%d").astype(int).to_numpy()
    df = table().assign(day=np.random.default_rng(0).permutation(days))
    with pytest.warns(UserWarning, match=r"'day' hold dates as whole numbers.*format='%Y%m%d'"):
        Tables().fit(df)
    Tables(numbers=["day"]).fit(df)


def test_what_stands_for_a_missing_value_does_so_in_every_container() -> None:
    df = pd.DataFrame({"a": [1.0, -999.0, 3.0, 2.5] * 10, "n": [1, 2, -999, 5] * 10, "t": ["u", "v", "-999", "w"] * 10})
    format = Tables(reading=Reading(na=("-999",))).fit(df)
    x = format.to_tensor(df)
    assert torch.isnan(x).any(1).reshape(10, 4).all(0).tolist() == [False, True, True, False]
    assert torch.equal(format.to_tensor(pl.from_pandas(df)).nan_to_num(7), x.nan_to_num(7))


def test_what_stands_for_a_missing_value_beside_yes_and_no_and_in_decimals() -> None:
    money = pa.array([Decimal("1.50"), Decimal(-9), Decimal("2.50"), Decimal("0.75")] * 10)
    table = pa.table({"yes": [1, 0, -9, 1] * 10, "money": money})
    format = Tables(reading=Reading(na=("-9",))).fit(table)
    for X in (table, table.to_pandas(), table[:1], table.to_pandas()[1:3]):
        gaps = torch.isnan(format.to_tensor(X)).tolist()
        assert gaps == [[row["yes"] == -9, row["money"] == -9] for row in pa.table(X).to_pylist()]


def test_what_is_no_row_number() -> None:
    n = 60
    for values in (np.arange(1960, 2020), np.arange(n) / 2, np.r_[np.arange(n - 1), 3]):
        assert "v" in Tables().fit(table().assign(v=values)).columns
    assert Tables().fit(table().head(10).assign(v=range(10))).columns[-1] == "v"
    assert Tables().fit(pd.DataFrame({"v": range(n)})).columns == ["v"]


def test_codes_are_told_and_no_code_is_invented(tmp_path: Path) -> None:
    code = np.random.default_rng(0).choice([101, 205, 999], 60)
    X = table().assign(code=code)
    with pytest.warns(UserWarning, match=r"'code' \(101, 205, 999\) hold few whole numbers with gaps.*categories=\['code'\]"):
        Tables().fit(X)
    assert Tables(numbers=["code"]).fit(X).width == Tables().fit(table()).width + 1
    ae = Autoencoder(**SMALL).fit(X, categories=["code"])
    ae.save(tmp_path / "a.diabolo")
    for model in (ae, load(tmp_path / "a.diabolo")):
        new = model.sample(40, random_state=0)
        assert new["code"].dtype == X["code"].dtype
        assert set(new["code"]) <= {101, 205, 999}
        gap = model.impute(X.assign(code=X["code"].astype(float).where(X.index % 2 == 0)))
        assert set(gap["code"]) <= {101, 205, 999}
    assert (ae.transform(X) == ae.transform(X.assign(code=X["code"].astype("float32")))).all()


def test_wrong_names_of_columns() -> None:
    with pytest.raises(DataError, match=r"categories=\['cod'\]: there is no such column; the columns are 'a', 'b'"):
        Autoencoder(**SMALL).fit(table(), categories=["cod"])
    with pytest.raises(ValueError, match=r"numbers='a': give a list of names, such as numbers=\['a'\]"):
        Autoencoder(**SMALL).fit(table(), numbers="a")
    with pytest.raises(ValueError, match=r"categories= and numbers= both name 'a'"):
        Autoencoder(**SMALL).fit(table(), numbers=["a"], categories=["a"])
    with pytest.raises(ValueError, match="categories= needs a table with named columns"):
        Autoencoder(**SMALL).fit(np.eye(5), categories=["a"])
    with pytest.raises(DataError, match=r"numbers=\['city'\]: column 'city' holds texts, not numbers"):
        Autoencoder(**SMALL).fit(table(), numbers=["city"])


NEARLY = [
    (["1,5", "2,25", "0,75"], '--decimal ","'),
    (["$1,234.50", "$99.00", "$5.25"], "to_numeric"),
    (["1 234", "12 345", "7"], '--thousands " "'),
    (["3", "1", "2", "?"], '--na "\\?"'),
    (["(1,234)", "2,345", "EUR 7"], "signs of their own.*: write them as numbers"),
    (["1.5", "2.5", "3.5"], r"numbers as they are.*: read them of a DataFrame with pd.to_numeric\(df\['v'\]\)"),
    (["1e5", "-2e6", "7"], "numbers as they are"),
    ([str(i) for i in range(30)], "numbers as they are"),
]


@pytest.mark.parametrize(("cells", "remedy"), NEARLY)
def test_numbers_written_as_texts_are_told(cells: list[str], remedy: str) -> None:
    X = pd.DataFrame({"v": cells * 10, "w": np.arange(10.0 * len(cells))})
    with pytest.warns(UserWarning, match=rf"look like numbers .*: column 'v': '.*' \(row \d\).*{remedy}"):
        Tables().fit(X)
    Tables(categories=["v"]).fit(X)


@pytest.mark.parametrize(
    "cells", [["007", "012", "A1"], ["1.2.3", "1.2.4", "2.0.1"], ["10115", "80331", "20095"], ["red", "1", "2"]]
)
def test_codes_and_words_are_no_numbers(cells: list[str]) -> None:
    Tables().fit(pd.DataFrame({"v": cells * 5}))


def test_dates_as_texts_are_told() -> None:
    with pytest.warns(UserWarning, match=r"'d' hold dates as texts.*pd.to_datetime\(df\['d'\]\).*parse_dates=\['d'\]"):
        Tables().fit(table().assign(d=table()["when"].dt.strftime("%Y-%m-%d %H:%M:%S")))


# ── types on the way ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_categories_that_are_numbers_survive_parquet(tmp_path: Path) -> None:
    X = table().assign(grade=pd.Categorical(table()["rooms"], categories=[6, 5, 4, 3, 2, 1]))
    X.to_parquet(tmp_path / "a.parquet")
    X.to_feather(tmp_path / "a.feather")
    fitted = [Tables().fit(Y) for Y in (X, tmp_path / "a.parquet", tmp_path / "a.feather")]
    held = [X, tmp_path / "a.parquet", tmp_path / "a.feather", table().assign(grade=table()["rooms"])]
    x = fitted[0].to_tensor(X)
    assert all((format.to_tensor(Y) == x).all() for format in fitted for Y in held)


def test_the_zeros_of_sas_are_zeros() -> None:
    X = pd.DataFrame({"f": [5e-79, 1.0] * 10, "v": [5e-79, 2.5, 3.5, 0.5] * 5})
    format = Tables().fit(X)
    assert type(format.fields[0]).__name__ == "Binary"
    assert (format.to_tensor(X) == format.to_tensor(X.replace(5e-79, 0.0))).all()
    tiny = pd.DataFrame({"v": np.linspace(1e-80, 2e-80, 20)})
    assert Tables().fit(tiny).to_tensor(tiny).std() > 0.5


def test_categories_of_numbers_and_texts_are_texts_in_fit_and_later() -> None:
    mixed = np.array([1, 2.0, "refused"], dtype=object)
    X = table().assign(q=pd.Categorical(mixed[np.arange(60) % 3]))
    with pytest.warns(UserWarning, match=r"'q' has categories that are whole numbers and numbers and texts: .*1 as '1'"):
        format = Tables().fit(X)
    with pytest.warns(UserWarning, match=r"'q' has categories"):
        x = format.to_tensor(X)
    only = X.assign(q=pd.Categorical([1.0, 2.0] * 30)).iloc[:2]
    texts = only.assign(q=["1", "2"])
    assert (format.to_tensor(only) == format.to_tensor(texts)).all()
    assert (format.to_tensor(texts)[:, -4:] == x[:2, -4:]).all()


# ── wide ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rows", [[0], [2], [0, 2]])
def test_a_row_of_whole_numbers_beside_a_gap_keeps_its_digits(rows: list[int]) -> None:
    large = 2**53 + 1
    columns = {f"c{j}": [large, large + 2, None if j else large + 4, 5] for j in range(6)}
    for of in ("category", pd.ArrowDtype(pa.int64())):
        X = pd.DataFrame({name: pd.Series(pd.array(values, dtype="Int64"), dtype=of) for name, values in columns.items()})
        found = frames.arrow(X.iloc[rows], list(range(6)))
        assert found.column("c3").to_pylist() == [{0: large, 2: None}[i] for i in rows]
        assert found.column("c0").to_pylist() == [large + 2 * i for i in rows]


def test_a_wide_table_is_the_table_that_arrow_makes() -> None:
    r = np.random.default_rng(0)
    X = pd.DataFrame(r.normal(size=(30, 250)).round(3), columns=[f"c{j}" for j in range(250)])
    X["c3"] = X["c3"].astype("float32")
    X["c4"] = r.integers(0, 9, 30)
    X["c5"] = r.random(30) < 0.5
    X["c6"] = r.choice(["u", "v"], 30)
    X["c7"] = pd.Categorical(r.choice(["u", "v"], 30))
    X.iloc[3, 20] = np.nan
    made, wanted = frames.arrow(X), pa.Table.from_pandas(X, preserve_index=False)
    assert made.equals(wanted)
    assert made.schema.pandas_metadata == wanted.schema.pandas_metadata
    format = Tables().fit(X)
    pd.testing.assert_frame_equal(format.from_array(format.to_tensor(X)), X)
    one = np.stack([format.encode(c, frames.combined(wanted, c.name))[:, 0] for c in format.fields], 1)
    np.testing.assert_array_equal(format.to_tensor(X)[:, [b.start for b in format.blocks]].numpy(), one)


def calls(work: Any) -> int:
    """Calls of functions, of Python and of C, in `work`."""
    found = Counter[str]()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, of: found.update([event]))
    try:
        work()
    finally:
        sys.setprofile(before)
    return found["call"] + found["c_call"]


@pytest.mark.parametrize(("of", "most"), [("number", 9), ("text", 75), ("category", 80), ("yes/no", 55)])
def test_a_row_of_many_columns_costs_few_calls(of: str, most: float) -> None:
    r = np.random.default_rng(0)
    X: Any = r.normal(size=(20, 1000)) if of == "number" else r.choice(["u", "v"], (20, 1000))
    df = pd.DataFrame(X == "u" if of == "yes/no" else X).add_prefix("c")
    df = df.astype({"yes/no": "boolean", "category": "category"}[of]) if of in ("yes/no", "category") else df
    format, row = Tables().fit(df), df.head(1)
    format.to_tensor(row)
    assert calls(lambda: format.to_tensor(row)) / 1000 < most  # a clock would say what else the machine did


ROWS: dict[str, Any] = {
    "date": lambda v: pd.DataFrame(v.astype("datetime64[s]")),
    "zoned": lambda v: pd.DataFrame({j: pd.Series(c.astype("datetime64[s]")).dt.tz_localize("UTC") for j, c in enumerate(v.T)}),
    "duration": lambda v: pd.DataFrame(v.astype("timedelta64[s]")),
    "day": lambda v: pd.DataFrame(v.astype("datetime64[D]").astype(object)),
    "decimal": lambda v: pd.DataFrame([[Decimal(int(c)) / 100 for c in row] for row in v], dtype=object),
    "Int64": lambda v: pd.DataFrame(v).astype("Int64"),
    "Float64": lambda v: pd.DataFrame(v / 7).astype("Float64"),
    "code": lambda v: pd.DataFrame(v % 5).astype("category"),
    "level": lambda v: pd.DataFrame(v % 5 / 2).astype("category"),
    "day code": lambda v: pd.DataFrame((v % 5).astype("datetime64[D]").astype("datetime64[s]")).astype("category"),
    "arrow": lambda v: pd.DataFrame(v.astype("datetime64[s]")).astype(pd.ArrowDtype(pa.timestamp("s"))),
}


MOST = {"date": 40, "zoned": 60, "duration": 40, "day": 40, "decimal": 40, "Int64": 45, "Float64": 60, "code": 75}
MOST |= {"level": 80, "day code": 115, "arrow": 60}


@pytest.mark.parametrize("of", ROWS)
def test_a_further_column_costs_a_row_few_calls(of: str) -> None:
    v = np.random.default_rng(0).integers(1, 9999, (20, 100))
    few, many = (ROWS[of](v[:, :m]).add_prefix("c") for m in (50, 100))
    short, long = Tables().fit(few), Tables().fit(many)
    first, last = few.head(1), many.head(1)
    short.to_tensor(first), long.to_tensor(last)
    more = calls(lambda: long.to_tensor(last)) - calls(lambda: short.to_tensor(first))
    assert more / 50 < MOST[of]  # of dates it was 51, of zoned ones 76, of levels 339


@pytest.mark.parametrize("wide", [2, 150])
def test_names_of_several_parts_come_back(wide: int) -> None:
    names = pd.MultiIndex.from_product([["x", "y"], range(wide)])
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2 * wide)), columns=names)
    format = Tables().fit(X)
    back = format.from_array(format.to_tensor(X))
    assert back.columns.equals(names)
    assert np.allclose(back, X)


def test_the_index_of_a_written_frame_is_called_so(tmp_path: Path) -> None:
    X = pd.DataFrame({"a": np.arange(30) % 7, "b": np.arange(30) / 4}, index=pd.Index(["x", "y", "z"] * 10, name="town"))
    X.to_parquet(tmp_path / "a.parquet")
    with pytest.warns(UserWarning, match=r"column\(s\) 'town' are the index of the written DataFrame.*categories="):
        assert Tables().fit(tmp_path / "a.parquet").columns == ["a", "b"]
    assert Tables(categories=["town"]).fit(tmp_path / "a.parquet").columns == ["a", "b", "town"]
    X.set_index(pd.date_range("2024-01-01", periods=30, name="day")).to_parquet(tmp_path / "b.parquet")
    with pytest.warns(UserWarning, match=r"column\(s\) 'day' are the index.*reset_index"):  # dates are neither
        Tables().fit(tmp_path / "b.parquet")


def test_tables_that_no_column_can_be_read_from() -> None:
    twice = pa.table([[1.0, 2.0], [1.0, 3.0]], names=["a", "a"])
    with pytest.raises(DataError, match="column names must be unique, but 'a' is repeated: rename them"):
        Autoencoder(1).fit(twice)
    objects = pl.DataFrame({"a": [1.0, 2.0], "o": pl.Series([object(), object()], dtype=pl.Object)})
    with pytest.raises(DataError, match="column 'o' holds polars values of type Object, which cannot be read: cast them"):
        Autoencoder(1).fit(objects)


def test_levels_that_are_mostly_new_are_told() -> None:
    """As units of numbers are: M and F in fit, male and female later, were one unknown level without a word."""
    df = pd.DataFrame(
        {"sex": ["M", "F", "F"] * 20, "size": pd.Categorical([1, 2, 3] * 20), "no": [None] * 60, "a": [0.5, 1, 2] * 20}
    )
    with pytest.warns(UserWarning, match="'no' have no values"):
        ae = Autoencoder(2, epochs=2, random_state=0, verbose=False).fit(df)
    other = df.assign(sex=df["sex"].map({"M": "male", "F": "female"}), size=9)
    with pytest.warns(
        UserWarning, match=r"'sex' \(where 'F', 'M' were usual\), 'size' \(where 1, 2, 3 were usual\) hold in most"
    ):
        ae.transform(other)
    ae.transform(other.head(5))  # a few rows may be so
    ae.transform(df.assign(sex=["other", None, "F"] * 20))  # half of those that have one
    ae.transform(df.assign(sex=None))


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["<30" if i < 30 else f"{i}" for i in range(90)], "'<30' (row 0)"),
        ([f"{i / 4}" if i < 60 else "15+" for i in range(90)], "'15+' (row 60)"),
        ([f"{i / 4}" + "*" * (i % 3 > 1) for i in range(90)], "'0.5*' (row 2)"),
        ([f"ca. {i / 4}".replace(".", ",") if i % 2 else f"~{i / 4}" for i in range(90)], ""),
        ([f"{i / 4:.2f}-" if i % 2 else f"{i / 4:.2f}" for i in range(90)], "'0.25-' (row 1)"),
        ([f"{i}.-" for i in range(90)], "'0.-' (row 0)"),
        (["0", "1", "2", "3+"] * 20, ""),
        (["<10", "10-20", ">20"] * 20, ""),
        ([f"A{i}" for i in range(90)], ""),
    ],
)
def test_numbers_with_limits_and_marks_are_told(texts: list[str], first: str) -> None:
    """Below what can be measured, beyond the last one that is asked for; but few levels are levels."""
    hint = nearly_numbers(pa.array(texts))
    assert (hint is not None and hint.cells.startswith(first) and hint.why == "signs of their own") if first else hint is None


def test_no_expression_is_said_that_does_not_read_all_cells() -> None:
    """pandas.to_numeric refuses a note among numbers."""
    hint = nearly_numbers(pa.array([f"{i / 4}" if i else "see note 3" for i in range(90)]))
    assert hint is not None
    assert (hint.why, hint.bare) == ("among them 'see note 3'", None)
