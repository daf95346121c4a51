"""from_array(to_array(X)) is X, for tables, arrays and documents; what cannot be read is said."""

from __future__ import annotations

import datetime
import gzip
import json
import pickle
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from diabolo import Autoencoder, Mask, MultiLabelClassifier, OutlierDetector
from diabolo.errors import DataError
from diabolo.formats import FORMATS, Arrays, Documents, Format, Reading, Tables, infer, write_table
from diabolo.formats.documents import read_documents
from diabolo.formats.files import read_table, table_pieces
from diabolo.formats.matrices import plain, read_array, stacked
from diabolo.formats.output import write_pieces
from diabolo.losses import Clipped, Squared
from diabolo.sentinels import odd
from kinds import frame, kinds, texts


def reread(format: Format) -> Format:
    """The same format through JSON and back."""
    meta, arrays = format.state()
    return type(format).from_state(json.loads(json.dumps(meta, allow_nan=False)), {k: v.copy() for k, v in arrays.items()})


def back(X: Any, format: Format | None = None) -> Any:
    """X through numbers and back, also by a format that was saved."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        format = (format or infer(X)).fit(X)
    x = format.to_tensor(X)
    assert x.dtype == torch.float64
    assert x.shape == (len(X) if isinstance(X, list) else X.shape[0], format.width)
    again = reread(format)
    assert torch.equal(torch.nan_to_num(again.to_tensor(X), nan=-99.0), torch.nan_to_num(x, nan=-99.0))
    assert again.state()[0] == format.state()[0]
    assert again.columns == format.columns
    assert repr(again.loss()) == repr(format.loss())
    assert all(torch.equal(a, b) for a, b in zip(again.view(), format.view(), strict=True))
    return again.from_array(x)


def same_frame(X: Any, Y: Any) -> None:
    if isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(X.reset_index(drop=True), Y, rtol=1e-9, atol=1e-9)
    elif isinstance(X, pl.DataFrame):
        pl.testing.assert_frame_equal(X, Y, rel_tol=1e-9, abs_tol=1e-9)
    else:
        pd.testing.assert_frame_equal(X.replace_schema_metadata(None).to_pandas(), Y.to_pandas(), rtol=1e-9)


# ── tables: round trips ──────────────────────────────────────────────────────────────────────────────────────────────


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


SAFE = st.integers(-(2**52), 2**52)
FLOATS = st.floats(-1e5, 1e5, allow_subnormal=False).map(lambda v: 0.0 if abs(v) < 1e-3 else v)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))
TIMES = st.datetimes(datetime.datetime(1980, 1, 1), datetime.datetime(2030, 1, 1))
SPANS = st.timedeltas(datetime.timedelta(-10000), datetime.timedelta(10000))


def lists(values: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=least, max_size=12)


PANDAS = {
    "ints": lists(SAFE).map(lambda v: pd.Series(v, dtype="int64")),
    "small ints": lists(st.integers(-128, 127)).map(lambda v: pd.Series(v, dtype="int8")),
    "bytes": lists(st.integers(0, 255)).map(lambda v: pd.Series(v, dtype="uint8")),
    "floats": lists(optional(FLOATS)).map(lambda v: pd.Series(v, dtype="float64")),
    "single floats": lists(FLOATS).map(lambda v: pd.Series(v, dtype="float32")),
    "booleans": lists(st.booleans()).map(lambda v: pd.Series(v, dtype="bool")),
    "Int64": lists(optional(SAFE)).map(lambda v: pd.Series(v, dtype="Int64")),
    "boolean": lists(optional(st.booleans())).map(lambda v: pd.Series(v, dtype="boolean")),
    "strings": lists(optional(TEXT)).map(lambda v: pd.Series(v, dtype="str")),
    "objects": lists(optional(TEXT)).map(lambda v: pd.Series(v, dtype="object")),
    "categories": lists(optional(st.sampled_from(["b", "a", "c"]))).map(
        lambda v: pd.Series(pd.Categorical(v, categories=["c", "unused", "a", "b"], ordered=True))
    ),
    "number categories": lists(optional(st.sampled_from([1, 2]))).map(
        lambda v: pd.Series(pd.Categorical(v, categories=[3, 2, 1]))
    ),
    "date categories": lists(TIMES).map(lambda v: pd.Series(pd.Categorical(pd.to_datetime(v)))),
    "dates": lists(optional(TIMES)).map(lambda v: pd.Series(v, dtype="datetime64[us]")),
    "days": lists(DATES).map(lambda v: pd.Series(pd.to_datetime(v))),
    "zoned dates": lists(TIMES).map(lambda v: pd.Series(pd.to_datetime(v).tz_localize("UTC").tz_convert("Asia/Tokyo"))),
    "durations": lists(optional(SPANS)).map(lambda v: pd.Series(v, dtype="timedelta64[us]")),
    "nanoseconds": lists(st.integers(0, 10**9)).map(lambda v: pd.Series(pd.to_datetime([n + 17 * 10**17 for n in v]))),
    "calendar days": lists(optional(DATES)).map(lambda v: pd.Series(v, dtype=object)),
}


@pytest.mark.parametrize("name", PANDAS)
@given(data=st.data())
def test_pandas_columns_come_back(name: str, data: st.DataObject) -> None:
    X = data.draw(PANDAS[name]).to_frame("column")
    same_frame(X, back(X))


POLARS: dict[str, tuple[st.SearchStrategy[Any], Any]] = {
    "i64": (SAFE, pl.Int64),
    "u8": (st.integers(0, 255), pl.UInt8),
    "u64": (st.integers(0, 2**50), pl.UInt64),
    "f64": (FLOATS, pl.Float64),
    "bool": (st.booleans(), pl.Boolean),
    "str": (TEXT, pl.String),
    "cat": (st.sampled_from(["x", "y"]), pl.Categorical),
    "enum": (st.sampled_from(["x", "y"]), pl.Enum(["z", "y", "x"])),
    "date": (DATES, pl.Date),
    "datetime": (TIMES, pl.Datetime("us")),
    "duration": (SPANS, pl.Duration("us")),
    "time": (st.times(), pl.Time),
    "decimal": (st.integers(-999, 999).map(lambda n: __import__("decimal").Decimal(n).scaleb(-2)), pl.Decimal(10, 2)),
}


@pytest.mark.parametrize("name", POLARS)
@given(data=st.data())
def test_polars_columns_come_back(name: str, data: st.DataObject) -> None:
    values, dtype = POLARS[name]
    drawn = data.draw(lists(optional(values)))
    X = pl.DataFrame({"column": pl.Series(drawn, dtype=dtype)})
    same_frame(X, back(X))


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_tables_come_back(kind: str) -> None:
    same_frame(kinds()[kind], back(kinds()[kind]))


def test_zoned_polars() -> None:
    X = pl.DataFrame(
        {"t": pl.Series(["2020-01-01 10:11:12", None, "2020-02-03 00:00:00"]).str.to_datetime(time_zone="Europe/Rome")}
    )
    same_frame(X, back(X))


def test_not_a_number_is_not_null_in_polars() -> None:
    X = pl.DataFrame({"v": [1.0, float("nan"), 3.0]})
    assert back(X)["v"].is_nan().to_list() == [False, True, False]


@pytest.mark.parametrize("columns", [[0, 1], [("a", "x"), ("a", "y")], ["x", "y"], [3, 1]])
def test_names_of_any_kind(columns: list[Any]) -> None:
    names = pd.MultiIndex.from_tuples(columns) if isinstance(columns[0], tuple) else columns
    X = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=names)
    same_frame(X, back(X))


def test_one_row_and_one_column() -> None:
    same_frame(frame(30).iloc[:1].drop(columns=["size"]), back(frame(30).iloc[:1].drop(columns=["size"])))
    same_frame(frame(30)[["city"]], back(frame(30)[["city"]]))


def test_a_column_without_values_warns_and_stays_empty() -> None:
    for X in (
        pd.DataFrame({"a": [np.nan] * 3, "b": [1.0, 2.0, 3.0]}),
        pl.DataFrame({"a": pl.Series([None] * 3, dtype=pl.Float64), "b": [1, 2, 3]}),
        pl.DataFrame({"a": [float("nan")] * 3, "b": [1, 2, 3]}),
        pd.DataFrame({"a": pd.Series([None] * 3, dtype=object), "b": [1.0, 2.0, 3.0]}),
    ):
        with pytest.warns(UserWarning, match=r"column.* 'a' have no values at all"):
            Tables().fit(X)
        assert back(X)["b"].to_list() == [1, 2, 3]
    with pytest.warns(UserWarning, match=r"column.* 'x1' have no values at all"):
        Arrays().fit(np.array([[1.0, np.nan], [2.0, np.nan]]))


def test_many_levels_warn_and_share_a_place() -> None:
    X = pd.DataFrame({"id": [f"u{i}" for i in range(300)]})
    with pytest.warns(UserWarning, match="looks like an identifier"):
        format = Tables().fit(X)
    assert format.width == 101
    assert (format.to_tensor(X).sum(1) == 1).all()


def test_real_tables_come_back(data_folder: Path) -> None:
    for path in sorted((data_folder / "tables").glob("*.csv.gz")):
        table = read_table(path).slice(0, 500)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "column", UserWarning)
            format = Tables().fit(table)
        kept = [c.name for c in format.fields if getattr(c, "rest", None) is None]  # rare levels share a place
        out = format.from_array(format.to_tensor(table))
        pd.testing.assert_frame_equal(table.select(kept).to_pandas(), out.select(kept).to_pandas(), rtol=1e-9, obj=path.name)


# ── tables: features ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_are_standardized_and_gaps_are_nan() -> None:
    df = frame(200)
    format = Tables().fit(df)
    x = format.to_tensor(df).numpy()
    for column, block in zip(format.fields, format.blocks, strict=True):
        features = x[:, block]
        missing = df[column.name].isna().to_numpy()
        assert (np.isnan(features).all(1) == missing).all()
        if type(column).__name__ == "Number" and column.name != "same":
            assert np.nanmean(features) == pytest.approx(0, abs=1e-9)
            assert np.nanstd(features) == pytest.approx(1, abs=1e-9)
        if type(column).__name__ == "Category":
            assert np.allclose(features[~missing].sum(1), 1)
    assert len(format.missing()) == 3


def test_kinds_of_columns() -> None:
    kinds_of = {c.name: type(c).__name__ for c in Tables().fit(frame()).fields}
    assert kinds_of["flag"] == "Binary"
    assert kinds_of["city"] == kinds_of["grade"] == "Category"
    assert kinds_of["when"] == kinds_of["maybe"] == kinds_of["size"] == "Number"
    assert type(Tables().fit(pd.DataFrame({"a": [0, 1, 1]})).fields[0]).__name__ == "Binary"


def test_what_was_never_seen_is_outside() -> None:
    format = Tables().fit(pd.DataFrame({"c": ["a", "b", "a", "b", None] * 5, "flag": [0, 1, 1, 0, 1] * 5}))
    x = format.to_tensor(pd.DataFrame({"c": ["a", "new", None, "b", "b"], "flag": [7.0, -3.0, 0.5, np.nan, 1.0]}))
    assert x[1, :3].tolist() == [0, 0, torch.inf]
    assert torch.isnan(x[2, :3]).all()
    assert x[:, 3].nan_to_num(nan=9.0, posinf=5.0, neginf=-5.0).tolist() == [5, -5, 5, 9, 1]
    x = x[:3, :3]
    x = torch.cat([x, torch.ones(3, 1, dtype=x.dtype)], 1)
    assert format.from_array(x)["c"].isna().tolist() == [False, True, True]


def test_a_rare_level_is_not_a_new_one() -> None:
    """Both share a feature; but where every other row has a level of its own, a new one is nothing new."""
    X = pd.DataFrame({"c": [f"u{i // 3}" for i in range(390)] + ["once"]})
    format = Tables().fit(X)
    last = format.to_tensor(pd.DataFrame({"c": ["u99", "once", "u0", "new"]}))[:, -1]
    assert last.tolist() == [1, 1, 0, torch.inf]
    again = Tables.from_state(*format.state())
    assert torch.equal(again.to_tensor(X), format.to_tensor(X))
    assert again.to_tensor(pd.DataFrame({"c": ["new"]}))[0, -1] == torch.inf
    names = Tables().fit(pd.DataFrame({"c": [f"u{i}" for i in range(140)] + ["v"] * 200}))
    assert names.to_tensor(pd.DataFrame({"c": ["new"]}))[0, -1] == 1


def test_rare_levels_come_back_as_the_most_frequent_of_them() -> None:
    names = [f"u{i // 2}" for i in range(202)] + ["v", "w"]
    format = Tables().fit(pd.DataFrame({"c": names * 2}))
    assert format.fields[0].rest in names
    assert format.from_array(format.to_tensor(pd.DataFrame({"c": ["w"]})))["c"][0] == format.fields[0].rest


def test_expected_values_become_valid_values() -> None:
    df = frame()
    format = Tables().fit(df)
    for scale in (0.0, 1.0, 1e3, 1e12):
        out = format.from_array(scale * torch.randn(20, format.width, dtype=torch.float64))
        assert list(out.dtypes) == list(df.dtypes)
        assert list(out["grade"].cat.categories) == list(df["grade"].cat.categories)
        assert set(out["city"]) <= {"Oslo", "Rome", "Bern", None, np.nan}
    assert len(format.original(torch.zeros(2, format.width))) == len(df.columns)


def test_columns_may_come_in_another_order_with_others_beside_them() -> None:
    df = frame()
    format = Tables().fit(df)
    other = df[df.columns[::-1]].assign(extra=1)
    assert torch.equal(torch.nan_to_num(format.to_tensor(df)), torch.nan_to_num(format.to_tensor(other)))


def test_a_table_of_another_library_will_do() -> None:
    df = frame()
    format = Tables().fit(df)
    assert torch.equal(torch.nan_to_num(format.to_tensor(df)), torch.nan_to_num(format.to_tensor(pl.from_pandas(df))))


# ── tables: what cannot be read ──────────────────────────────────────────────────────────────────────────────────────


def test_bad_tables() -> None:
    twice = pd.DataFrame(np.zeros((3, 2)), columns=["a", "a"])
    with pytest.raises(DataError, match="column names must be unique, but 'a' is repeated: rename"):
        Tables().fit(twice)
    with pytest.raises(DataError, match="contains infinity: column 'v', row 1"):
        Tables().fit(pd.DataFrame({"v": [1.0, np.inf]}))
    with pytest.raises(DataError, match="no columns"):
        Tables().fit(pd.DataFrame(index=[0, 1]))
    with pytest.raises(
        DataError, match=r"column 'm' mixes whole numbers \(1 in row 0\) and texts \('a' in row 1\).*values of one type"
    ):
        Tables().fit(pd.DataFrame({"m": [1, "a", 2.5]}))
    with pytest.raises(DataError, match=r"column 'l' holds lists, .*drop the column"):
        Tables().fit(pd.DataFrame({"l": [[1], [2]]}))
    with pytest.raises(DataError, match=r"column 'c' holds intervals"):
        Tables().fit(pd.DataFrame({"c": pd.cut(pd.Series([1, 2, 3]), 2)}))


def test_bad_tables_at_transform() -> None:
    format = Tables().fit(
        pd.DataFrame({"n": [1.0, 2.0, 4.0], "c": ["a", "b", "a"], "d": pd.to_datetime(["2020", "2021", "2022"])})
    )
    good = pd.DataFrame({"n": [1.0], "c": ["a"], "d": pd.to_datetime(["2020"])})
    assert format.to_tensor(good).shape == (1, format.width)
    with pytest.raises(DataError, match="X has no column 'c', which the model was fitted with; it has 'n', 'd'"):
        format.to_tensor(good.drop(columns="c"))
    with pytest.raises(
        DataError, match=r"column 'n' holds texts \('many' in row 0\), but was fitted with numbers: .*pd.to_numeric"
    ):
        format.to_tensor(good.assign(n=["many"]))
    with pytest.raises(DataError, match="contains infinity: column 'n', row 0"):
        format.to_tensor(good.assign(n=[np.inf]))


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint16", "bool", "float32", "float64"])
@given(data=st.data())
def test_arrays_come_back(dtype: str, data: st.DataObject) -> None:
    kind = np.dtype(dtype)
    low, high = (np.iinfo(kind).min, np.iinfo(kind).max) if kind.kind in "iu" else (0, 1)
    whole = st.integers(max(low, -(2**50)), min(high, 2**50))
    values = FLOATS if kind.kind == "f" else st.booleans() if kind.kind == "b" else whole
    n, d = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    X = np.array(data.draw(st.lists(values, min_size=n * d, max_size=n * d))).reshape(n, d).astype(kind)
    Y = back(X, Arrays())
    assert Y.dtype == X.dtype
    assert np.allclose(X.astype(float), Y.astype(float), rtol=1e-6 if dtype == "float32" else 1e-9, atol=1e-8)
    if kind.kind != "f":
        assert (X == Y).all()


@pytest.mark.parametrize("scale", ["auto", "each", "common"])
@pytest.mark.parametrize("kind", ["array", "gaps", "pixels", "shares", "yes and no", "float32", "sparse"])
def test_kinds_of_arrays_come_back(kind: str, scale: str) -> None:
    X = kinds()[kind]
    Y = back(X, Arrays(scale))
    if sp.issparse(X):
        assert sp.issparse(Y)
        assert Y.nnz == X.nnz
        X, Y = X.toarray(), Y.toarray()
    assert Y.dtype == X.dtype
    assert np.allclose(X, Y, equal_nan=True, atol=1e-6)


def test_all_zero_sparse_and_csc() -> None:
    X = sp.csc_matrix(np.eye(4)[:, :3] * 2.5)
    assert (back(X, Arrays()) != X).nnz == 0
    X = sp.csr_matrix((4, 3))
    assert back(X, Arrays()).nnz == 0


@pytest.mark.parametrize("form", ["csr_matrix", "csc_matrix", "coo_matrix", "csr_array"])
@pytest.mark.parametrize("place", [-1, 10**6])
@pytest.mark.parametrize(
    "use", [infer, Arrays().fit, Documents().fit, lambda X: MultiLabelClassifier().fit(np.ones((6, 2)), X)]
)
def test_cells_outside_of_a_sparse_matrix_are_an_error(form: str, place: int, use: Any) -> None:
    X = getattr(sp, form)(np.eye(6))
    (X.col if form == "coo_matrix" else X.indices)[2] = place
    with pytest.raises(DataError, match=f"a sparse matrix of shape .* is damaged: its indices go from .*{place}"):
        use(X)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "bool", "float32"])
def test_sparse_numbers_of_every_type(dtype: str) -> None:
    X = (np.arange(60).reshape(12, 5) % 7 % 3 == 0).astype(dtype)
    for kind in (sp.csr_matrix, sp.csc_array, sp.coo_matrix):
        Y = back(kind(X), Arrays())
        assert Y.dtype == X.dtype
        assert (Y.toarray() == X).all()


@pytest.mark.parametrize(
    ("X", "why"),
    [
        ([{"a": 1}, {"a": 2}], "a list of dicts: give the table"),
        ([["a", "b"], ["c"]], r"' '.join\(words\)"),
        ([[1, 2], [3]], "2 cells in row 0 and 1 in row 1"),
        (np.array([["1", "2"], ["3", "4"]]), r"an array of texts, such as '1'.*X.astype\(float\)"),
        (torch.zeros(4, 3, 2), r"the shape \(4, 3, 2\)"),
    ],
)
def test_rows_that_are_no_numbers_are_told(X: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        Arrays().fit(X)


@pytest.mark.parametrize("kind", ["pixels", "shares"])
def test_pixels_and_shares_keep_their_zero(kind: str) -> None:
    """So that the losses for [0, 1] suit them."""
    X = kinds()[kind]
    x = Arrays("common").fit(X).to_tensor(X)
    assert torch.equal(x == 0, torch.from_numpy(X == 0))
    assert 0 <= x.min() <= x.max() <= 1


def test_bytes_of_zeros_and_ones_are_yes_and_no() -> None:
    X = np.eye(4, dtype=np.uint8)
    format = Arrays().fit(X)
    assert format.to_tensor(X).max() == 1
    assert format.binary.all()


def test_one_unit_or_each_its_own() -> None:
    r = np.random.default_rng(0)
    assert set(Arrays("common").fit(r.integers(0, 255, (9, 3)).astype(np.uint8)).divisor) == {255.0}
    assert len(set(Arrays().fit(r.integers(0, 255, (9, 3)).astype(np.uint8)).divisor)) == 3
    assert len(set(Arrays().fit(r.random((9, 3))).divisor)) == 3
    for X in (r.random((9, 64)), pd.DataFrame(r.random((9, 64)))):  # plainly a picture
        assert "one unit for all" in repr(infer(X).fit(X))
    assert set(Arrays().fit(r.random((9, 64))).divisor) == {1.0}
    assert len(set(Arrays().fit(r.random((9, 64)) * 0.7 ** np.arange(64)).divisor)) == 64
    assert len(set(Arrays().fit(r.normal(size=(9, 3))).divisor)) == 3
    assert len(set(Arrays("common").fit(r.normal(size=(9, 3))).divisor)) == 1
    with pytest.raises(ValueError, match="scale='own': allowed are 'auto', 'each', 'common'"):
        Arrays("own")


def test_bad_arrays() -> None:
    format = Arrays().fit(np.eye(3))
    with pytest.raises(DataError, match="X has 2 features, but was fitted with 3"):
        format.to_tensor(np.eye(2))
    with pytest.raises(DataError, match=r"contains infinity: column 'x1', row 0. Replace"):
        format.to_tensor(np.array([[1, np.inf, 2]]))
    with pytest.raises(DataError, match=r"Expected 2D array, got 1D array instead. Reshape"):
        Arrays().fit(np.arange(3.0))
    with pytest.raises(DataError, match=r"its columns are a table, pd.DataFrame"):
        Arrays().fit(np.array([["a", 1]], dtype=object))


def test_numpy_files(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(9, 4))
    S = sp.random(9, 4, 0.5, format="csr", random_state=0)
    np.save(tmp_path / "a.npy", X)
    np.savez(tmp_path / "a.npz", X)
    np.savez(tmp_path / "named.npz", y=np.arange(9), X=X)
    np.savez(
        tmp_path / "parts.npz",
        X_data=S.data,
        X_indices=S.indices.astype(np.uint16),
        X_indptr=S.indptr,
        X_shape=S.shape,
        y=np.arange(9),
    )
    sp.save_npz(tmp_path / "sparse.npz", S)
    for name in ("a.npy", "a.npz", "named.npz"):
        assert np.array_equal(read_array(tmp_path / name), X)
        assert infer(tmp_path / name).kind == "arrays"
    assert isinstance(read_array(tmp_path / "a.npy"), np.memmap)
    for name in ("parts.npz", "sparse.npz"):
        assert (read_array(tmp_path / name) != S).nnz == 0


def test_bad_numpy_files(tmp_path: Path) -> None:
    (tmp_path / "text.npy").write_text("1,2,3")
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "zip.npz").write_bytes(b"PK\x03\x04 and no more")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps([1, 2]))
    for name in ("text.npy", "empty.npy", "zip.npz", "objects.npy", "pickle.npz"):
        with pytest.raises(DataError, match=f"cannot read .*{name}"):
            read_array(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_array(tmp_path / "absent.npy")


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_counts_come_back() -> None:
    X = kinds()["counts"]
    Y = back(X)
    assert sp.issparse(Y)
    assert Y.dtype == X.dtype
    assert (X != Y).nnz == 0
    dense = back(X.toarray(), Documents())
    assert (dense.toarray() == X.toarray()).all()


def test_texts_come_back_as_their_words() -> None:
    X = texts()
    format = Documents().fit(X)
    for text, words in zip(X, format.from_array(format.to_tensor(X)), strict=True):
        assert set(words.split()) == set(text.split()) & set(format.columns)
    assert reread(format).to_tensor(X).equal(format.to_tensor(X))


def test_the_vocabulary() -> None:
    X = ["The cat sat", "the cats sit", "A dog sat"] * 10
    assert Documents(stop_words="english").fit(X).columns == ["cat", "cats", "dog", "sat", "sit"]
    assert "cat" in Documents(stem="english").fit(["cats run", "cat ran", "dogs run"] * 2).columns
    assert len(Documents(max_features=1).fit(X).columns) == 1
    with pytest.raises(ValueError, match=r"stem='klingon': allowed are .*'english'"):
        Documents(stem="klingon").fit(X)


def test_places_of_documents(tmp_path: Path) -> None:
    X = texts(25)
    (tmp_path / "lines.txt").write_text("\n".join(X) + "\n\n")
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"id": i, "text": t}) for i, t in enumerate(X)))
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write("\n".join(json.dumps(t) for t in X))
    (tmp_path / "folder").mkdir()
    for i, t in enumerate(X):
        (tmp_path / "folder" / f"{i:03}.txt").write_text(t)
    for name in ("lines.txt", "a.jsonl", "b.jsonl.gz", "folder"):
        assert read_documents(tmp_path / name) == X
        assert infer(tmp_path / name).kind == "documents"
    assert read_documents([tmp_path / "folder" / "000.txt"]) == X[:1]
    assert infer(pd.Series(X)).kind == infer(np.array(X)).kind == "documents"
    (tmp_path / "titles.jsonl").write_text(
        json.dumps({"title": "One", "body": "two"}) + "\n" + json.dumps({"x": "short", "y": "the longest"})
    )
    assert read_documents(tmp_path / "titles.jsonl") == ["One\ntwo", "the longest"]


def test_bad_documents(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n{"text": ')
    with pytest.raises(DataError, match="line 2 is not JSON"):
        read_documents(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").write_text("[1, 2]")
    with pytest.raises(DataError, match="line 1 is neither a string nor an object"):
        read_documents(tmp_path / "b.jsonl")
    (tmp_path / "c.txt").write_text("\n\n")
    with pytest.raises(DataError, match="is empty"):
        read_documents(tmp_path / "c.txt")
    (tmp_path / "d.jsonl.gz").write_text("no gzip")
    with pytest.raises(DataError, match=r"cannot read .*d.jsonl.gz"):
        read_documents(tmp_path / "d.jsonl.gz")
    with pytest.raises(DataError, match="document 1 is a NoneType, not a string: give ''"):
        read_documents(["a", None])
    with pytest.raises(DataError, match="no words are left"):
        Documents().fit(["...", "!"])
    with pytest.raises(DataError, match="all counts are zero"):
        Documents().fit(sp.csr_matrix((3, 3)))
    with pytest.raises(DataError, match="Negative values"):
        Documents().fit(sp.csr_matrix([[-1.0, 2.0]]))
    with pytest.raises(DataError, match="X has 2 features, but was fitted with 3"):
        Documents().fit(sp.csr_matrix(np.eye(3))).to_tensor(sp.csr_matrix(np.eye(2)))


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv", "a.tsv.gz", "a.parquet", "a.feather", "a.arrow"])
def test_tables_in_files(name: str, tmp_path: Path) -> None:
    table = pa.table({"n": [1, 2, None], "f": [1.5, None, 2.0], "s": ["a,b", 'say "x"', None], "t": ["two\nlines", "x", "y"]})
    write_table(table, tmp_path / name)
    assert read_table(tmp_path / name).to_pydict() == table.to_pydict()
    assert pa.concat_tables(table_pieces(tmp_path / name, 2)).to_pydict() == table.to_pydict()
    assert infer(tmp_path / name).kind == "tables"
    before = (tmp_path / name).read_bytes()
    write_table(table, tmp_path / name)
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_delimiters(sign: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(sign.join(["first name", "b", "c"]) + "\n" + sign.join(["x", "2", "3.5"]) + "\n")
    assert read_table(tmp_path / "a.csv").to_pydict() == {"first name": ["x"], "b": [2], "c": [3.5]}


def test_a_single_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("value\n1\n2\n")
    assert read_table(tmp_path / "a.csv").to_pydict() == {"value": [1, 2]}


def test_bad_files(tmp_path: Path) -> None:
    bad = {
        "empty.csv": b"",
        "header.csv": b"a,b\n",
        "ragged.csv": b"a,b\n1,2\n1,2,3\n",
        "text.parquet": b"a,b\n1,2\n",
        "cut.feather": b"ARROW1\0\0",
        "no.csv.gz": b"a,b\n1,2\n",
        "binary.csv": bytes(range(256)),
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=name.replace(".", r"\.")):
            read_table(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder: give a file"):
        read_table(tmp_path / "folder.csv")
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"its name ends in none of .csv"):
        read_table(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match=r"cannot write .*its name ends in none of .csv"):
        write_table(pa.table({"a": [1]}), tmp_path / "a.xlsx")
    assert not list(tmp_path.glob("*.xlsx"))


@pytest.mark.parametrize("pieces", [False, True])
def test_dates_in_text_files_have_no_more_digits_than_they_need(pieces: bool, tmp_path: Path) -> None:
    day = pa.array([0, None, 86400 * 10**6], pa.timestamp("us"))
    fine = pa.array([0, 1, 2], pa.timestamp("us"))
    table = pa.table({"day": day, "zone": day.cast(pa.timestamp("us", "UTC")), "fine": fine})
    if pieces:
        write_pieces([table, table.set_column(0, "day", [fine])], tmp_path / "a.csv")
    else:
        write_table(table, tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().replace('"', "").splitlines()
    assert lines[1] == "1970-01-01 00:00:00,1970-01-01 00:00:00Z,1970-01-01 00:00:00.000000"
    assert lines[3] == "1970-01-02 00:00:00,1970-01-02 00:00:00Z,1970-01-01 00:00:00.000002"
    assert not pieces or lines[5].startswith("1970-01-01 00:00:00.000001,")


@pytest.mark.parametrize(
    ("form", "values", "lost"),
    [
        ("%d.%m.%Y", [datetime.datetime(2024, 1, 2), None, datetime.datetime(2024, 1, 2, 7)], "row 2"),
        ("%d.%m.%y", [datetime.date(2050, 1, 2), datetime.date(1950, 1, 2)], "row 1"),
        ("%d.%m.%Y %H:%M", [datetime.datetime(2024, 1, 2, 7, 5), datetime.datetime(2024, 1, 2, 7, 5, 1)], "row 1"),
        ("%d.%m.%Y", [datetime.datetime(2024, 1, 2), None, datetime.datetime(1800, 1, 2)], ""),
        ("%d.%m.%Y %H:%M:%S.%f", [datetime.datetime(2024, 1, 2, 7, 5, 1, 7)], ""),
    ],
)
def test_dates_that_their_format_does_not_hold_are_told(form: str, values: list[Any], lost: str, tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        write_table(pa.table({"day": values}), tmp_path / "a.csv", how=Reading(dates={"day": form}))
    assert [lost in str(w.message) and "write a .parquet" in str(w.message) for w in told] == [True] * bool(lost)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(DataError):
        write_table(pa.table({"a": [[1], [2]]}), tmp_path / "a.csv")  # lists have no place in a CSV
    assert (tmp_path / "a.csv").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


# ── which format ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_kind_is_recognized() -> None:
    expected = {"pandas": "tables", "polars": "tables", "arrow": "tables", "counts": "documents", "texts": "documents"}
    for kind, X in kinds().items():
        assert infer(X).kind == expected.get(kind, "arrays"), kind
    assert {infer(X).kind for X in kinds().values()} == set(FORMATS) - {
        "embedded",  # which is chosen by its encoder
        "images",  # see test_images
    }
    assert infer(torch.zeros(2, 2)).kind == infer(np.zeros((2, 2), dtype=object)).kind == "arrays"


def test_what_is_no_data() -> None:
    for X in (3, None, {"a": 1}, object()):
        with pytest.raises(DataError, match="give a DataFrame, an array, a sparse matrix, a list of texts or a path"):
            infer(X)
    with pytest.raises(FileNotFoundError, match=r"there is no file 'absent.csv'"):
        infer("absent.csv")
    with pytest.raises(DataError, match=r"its name should end in one of .csv"):
        infer(__file__)
    with pytest.raises(ValueError, match=r"format='table': allowed are 'auto', .*'tables'"):
        infer(np.eye(2), "table")


@pytest.mark.parametrize("kind", kinds())
def test_losses_by_name(kind: str) -> None:
    format = infer(kinds()[kind]).fit(kinds()[kind])
    x = torch.rand(3, format.width, dtype=torch.float64)
    for name in ("squared", "clipped", "bounded", "logistic", "multinomial", "softmax", "auto"):
        loss = format.loss(name)
        assert loss(x, x).shape == (3,)
    with pytest.raises(ValueError, match="loss='hinge': allowed are 'auto', 'squared'"):
        format.loss("hinge")


def test_shares_of_one_unit_have_a_loss_that_is_free_beyond_the_ends() -> None:
    """The same for a table; not for columns with their own scale, nor for numbers below 0."""
    X = np.random.default_rng(0).random((50, 64))
    X[0] = 1.0
    for one in (X, pd.DataFrame(X).add_prefix("x"), sp.csr_array(X)):
        format = infer(one).fit(one)
        assert format.common
        assert {type(part.loss) for part in format.loss().parts} == {Clipped}
    for other in (X[:, :5], X - 0.5, 3 * X):
        assert {type(part.loss) for part in infer(other).fit(other).loss().parts} == {Squared}
    assert {type(part.loss) for part in Arrays("common").fit(X - 0.5).loss().parts} == {Squared}


@pytest.mark.parametrize("kind", kinds())
def test_the_network_sees_what_is_fitted(kind: str) -> None:
    format = infer(kinds()[kind]).fit(kinds()[kind])
    center, spread = format.view()
    assert center.shape == spread.shape == (format.width,)
    assert bool((spread > 0).all())
    assert bool(torch.isfinite(center).all())
    assert all(0 <= j < format.width for j in format.missing())
    rows = format.rows(kinds()[kind])
    assert rows.take(np.array([0, 1])).dtype == torch.float32


def test_codes_in_an_array_are_told_as_in_a_table() -> None:
    codes, r = np.resize([101, 205, 999], 60), np.random.default_rng(0)
    for X in (np.c_[codes, r.integers(0, 9, 60)], np.c_[codes, r.normal(size=60)]):
        with pytest.warns(
            UserWarning,
            match=r"column\(s\) 'x0' \(101, 205, 999\) hold few whole numbers with gaps, like codes: .*pd.DataFrame",
        ):
            infer(X).fit(X)
    for X in (np.resize([1, 2, 3], (60, 2)), r.normal(size=(60, 2)), codes[:, None] > 101):
        infer(X).fit(X)


@pytest.mark.parametrize("X", [np.array([[1.5, "a"]] * 9, object), [[1.5, "a"]] * 9])
def test_numbers_beside_texts_are_a_table(X: Any) -> None:
    with pytest.raises(DataError, match=r"pd\.DataFrame"):
        plain(X)


def test_float32_loses_no_digit_far_from_zero() -> None:
    """The center is taken away before anything is rounded, with and without gaps, wild cells and other types."""
    rng = np.random.default_rng(0)
    values = (1e6 + rng.normal(size=(300, 4))).astype(np.float32)
    values[3, 1], values[5, 2] = np.nan, -3.4e38
    values[:, 3] = rng.normal(size=300).astype(np.float32) * np.float32(1e-42)
    table = pa.table([*values.T], names=["a", "b", "c", "d"])
    format = Tables().fit(table)
    for X in (table, table.cast(pa.schema([(name, pa.float64()) for name in table.column_names]))):
        exact = format.to_array(X)
        narrow = format.to_array(X, np.float32, "F")
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow, exact, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_columns_side_by_side_are_as_each_by_itself(kind: Any) -> None:
    """Laid out by columns, ordinary ones are encoded several at once: with gaps, far cells and other types between them."""
    rng = np.random.default_rng(0)
    X = {f"x{j}": (10.0 ** rng.integers(-3, 4) * (rng.normal() + rng.normal(size=5000))).astype(kind) for j in range(60)}
    X["x3"], X["x40"] = rng.integers(0, 9, 5000), rng.integers(0, 2, 5000)
    format = Tables().fit(pa.table(X))
    X["x5"][7], X["x59"][4999], X["x31"][2] = np.nan, 1e30, -1e30
    table = pa.table(X).set_column(20, "x20", pa.array([None, *X["x20"][1:]], pa.from_numpy_dtype(kind)))
    table = table.select([f"x{j}" for j in rng.permutation(60)])
    exact, by_column = format.to_array(table), format.to_array(table, kind, "F")
    assert np.isnan(exact).sum() == 2
    np.testing.assert_allclose(by_column, exact, rtol=1e-6 if kind == np.float32 else 0, atol=1e-6 if kind == np.float32 else 0)
    with pytest.raises(DataError, match="row 4"):
        format.to_array(pa.table(X | {"x8": np.where(np.arange(5000) == 4, kind(np.inf), X["x8"])}), kind, "F")


def test_results_of_parts_are_one_array() -> None:
    parts = [np.ones((2, 3), np.float32), np.zeros((1, 3), np.float32)]
    for X in (np.empty((3, 7)), "a file"):
        found = stacked(parts, X, np.float64)
        assert found.dtype == np.float64
        assert found.tolist() == [[1.0] * 3] * 2 + [[0.0] * 3]
    with pytest.raises(DataError, match="0 sample"):
        stacked([], np.empty((0, 7)))


@pytest.mark.parametrize(
    "names",
    [
        [400.5, 401.5, 402.5],
        pd.date_range("2024", periods=3),
        pd.date_range("2024", periods=3, tz="Europe/Rome"),
        [datetime.date(2024, 1, 1), "a", 3],
        pd.MultiIndex.from_tuples([("u", 1.5), ("u", 2.5), ("v", pd.Timestamp("2024"))]),
        pd.MultiIndex.from_tuples([("u",), ("v",), ("w",)]),
    ],
)
def test_names_of_columns_come_back_as_they_are(names: Any) -> None:
    """Else X - back would align nothing, and be all NaN."""
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=names)
    format = Tables().fit(X)
    again = Tables.from_state(json.loads(json.dumps(format.state()[0])), format.state()[1])
    for found in (format, again):
        assert found.from_array(found.to_array(X)).columns.equals(X.columns)


def test_names_that_cannot_come_back_are_told() -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=pd.period_range("2024", periods=2, freq="M"))
    with pytest.warns(UserWarning, match="names of the columns, such as Period.* come back as texts"):
        Tables().fit(X)
    with pytest.raises(DataError, match="column 1, counted from 0, has no name"):
        Tables().fit(X.set_axis(["a", None], axis=1))


@pytest.mark.parametrize(
    ("cells", "t"),
    [
        ([Decimal("1.10"), Decimal("2.20"), None], pa.decimal128(9, 2)),
        (["a", "b", None], pa.string()),
        (["a", "b", None], pa.dictionary(pa.int32(), pa.string())),
        ([1, 2, None], pa.int16()),
    ],
)
def test_columns_of_arrow_in_pandas_stay_such(cells: list[Any], t: pa.DataType) -> None:
    X = pd.DataFrame({"v": pd.array(cells * 20, dtype=pd.ArrowDtype(t)), "b": np.random.default_rng(0).normal(size=60)})
    format = Tables().fit(X)
    pd.testing.assert_frame_equal(format.from_array(format.to_array(X)), X)


def test_categories_that_are_dates_keep_their_zone() -> None:
    when = pd.date_range("2024-01-01", periods=3, tz="Europe/Rome")
    X = pd.DataFrame({"v": pd.Categorical([*when, None] * 20), "b": np.random.default_rng(0).normal(size=80)})
    format = Tables().fit(X)
    pd.testing.assert_frame_equal(format.from_array(format.to_array(X)), X, check_categorical=False)
    assert format.from_array(format.to_array(X))["v"].cat.categories.equals(X["v"].cat.categories)


def test_filling_keeps_the_categories() -> None:
    """Their type, and numbers among texts."""
    small = pd.Series(pd.Categorical(np.array([1, 2, 1] * 20, "i1"))).where(np.arange(60) > 2)
    mixed = pd.Series(pd.Categorical([1, "a", 1] * 20)).where(np.arange(60) > 2)
    X = pd.DataFrame({"v": small, "w": mixed})
    with pytest.warns(UserWarning, match="whole numbers and texts"):
        format = Tables().fit(X)
    with pytest.warns(UserWarning, match="whole numbers and texts"):
        x = format.to_array(X)
    filled = format.filled(X, x, np.where(np.isnan(x), np.tile([0.9, 0.1, 0], 2), x))
    assert filled.dtypes.equals(X.dtypes)
    assert filled["w"][:3].tolist() == [1, 1, 1]


def test_numbers_far_from_those_of_fit_are_told() -> None:
    """The unit is another one, perhaps; a few such rows are outliers."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"kg": rng.normal(70, 9, 80), "income": np.exp(rng.normal(10, 1.2, 80)), "k": 1.0, "c": ["a", "b"] * 40})
    pixels = rng.random((80, 64))
    for x, other, what in (
        (X, X.assign(kg=1000 * X["kg"]), r"column\(s\) 'kg' \(\d\d,\d+, where 7"),
        (X, X.assign(income=1000 * X["income"]), "column.*'income'"),
        (X, X.assign(k=2.0), r"'k' \(2, where 1"),
        (X, X.assign(kg=X["kg"] / 1000), r"'kg' \(0\.0\d+, where 7"),
        (X, X.assign(income=X["income"] / 1000), "'income'"),
        (X[["kg"]].to_numpy(), X[["kg"]].to_numpy() / 1000, "'x0'"),
        (X[["kg"]].to_numpy(), 1000 * X[["kg"]].to_numpy(), "'x0'"),
        (pixels, pixels * 255, "and 59 more"),
        (pd.DataFrame(pixels), pd.DataFrame(pixels * 255), "and 59 more"),
    ):
        format = infer(x).fit(x)
        assert len(np.concatenate([*format.arrays(x)])) == 80
        with pytest.warns(UserWarning, match=f"{what}.* is their unit another one"):
            list(format.tensors(other))
    few = X.assign(kg=X["kg"].where(X.index > 30, 1e9))
    assert len(np.concatenate([*Tables().fit(X).arrays(few)])) == 80


@pytest.mark.parametrize(
    ("other", "rows", "said"),
    [
        (lambda kg: 2.2046 * kg, 80, "(about 156.3, where fit saw 49.07 to 88.02) lie in most rows outside all that"),
        (lambda kg: kg / 2.54, 80, "(about 27.91, where fit saw 49.07 to 88.02)"),
        (lambda kg: kg + 273, 80, "(about 343.9, where"),
        (lambda kg: 1000 * kg, 1, "(about 71,132, where"),
        (lambda kg: kg.where(kg.index % 2 > 0, 300), 80, ""),
        (lambda kg: kg + 20, 80, ""),
        (lambda kg: 1000 * kg.where(kg.index > 1, 0.07), 3, ""),
    ],
)
def test_numbers_outside_the_range_of_fit_are_told(other: Any, rows: int, said: str) -> None:
    """Of most rows, or far outside in all of a few."""
    kg = pd.Series(np.random.default_rng(0).normal(70, 9, 80))
    X = pd.DataFrame({"kg": kg, "c": ["a", "b"] * 40})
    new = X.assign(kg=other(kg))[:rows]
    for x, y, name in ((X, new, "kg"), (X[["kg"]].to_numpy(), new[["kg"]].to_numpy(), "x0")):
        format = infer(x).fit(x)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert len(np.concatenate([*format.arrays(y)])) == rows
        found = [str(w.message) for w in told]
        assert len(found) == bool(said)
        assert all(f"column(s) {name!r} {said}" in message for message in found)
        format.doubts = False  # as of a detector, which judges such rows
        assert len(np.concatenate([*format.arrays(y)])) == rows


def test_other_numbers_in_a_column_of_0_and_1_are_told() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=40), "yes": [0, 1] * 20})
    odd = X.assign(yes=X["yes"].where(X.index > 1, [7, -1] * 20))
    for x, other, name in ((X, odd, "yes"), (X.to_numpy(), odd.to_numpy(), "x1")):
        format = infer(x).fit(x)
        with pytest.warns(UserWarning, match=rf"'{name}' had only 0 and 1 in fit, and now other numbers in 2 of 40 rows"):
            list(format.arrays(other))
        list(format.arrays(x))
        format.doubts = False  # a detector says so by its scores
        list(format.tensors(other))


def test_zero_far_below_all_others_is_a_code() -> None:
    r = np.random.default_rng(0)
    pressure = np.r_[r.normal(72, 12, 300).round(), np.zeros(9)]
    assert odd(pressure[None]) == [(0, 0.0, 9)]
    with pytest.warns(UserWarning, match="^0 .*9 times.* in column 'pressure'"):
        Tables().fit(pd.DataFrame({"pressure": pressure, "size": r.normal(size=309)}))
    for others in (r.lognormal(0, 1, 300), r.poisson(3, 300), r.gamma(2, 9, 300), r.uniform(0, 90, 300), np.ones(300)):
        assert odd(np.r_[others, np.zeros(9)][None]) == []
    assert odd(np.r_[r.normal(72, 12, 300), 0, 0][None]) == []  # not often enough
    assert odd(np.r_[r.normal(5000, 900, 300), np.zeros(200)][None]) == []  # so often that it says: no bonus


def test_a_code_that_is_the_only_negative_number() -> None:
    rng = np.random.default_rng(0)
    days = rng.integers(0, 60, 200)
    assert odd(np.where(rng.random(200) < 0.3, -1, days)[None].astype(float))[0][1] == -1
    assert odd(np.where(np.arange(200) == 7, -1, days)[None].astype(float)) == []  # once
    assert odd(rng.integers(-1, 20, (1, 200)).astype(float)) == []  # as often as others
    assert odd(rng.integers(-5, 20, (1, 200)).astype(float)) == []


def test_estimates_stay_within_the_range_of_a_column() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"grade": rng.integers(1, 6, 60), "share": rng.random(60), "large": 2**60 + rng.integers(0, 99, 60)})
    times = X.assign(day=pd.to_datetime(X["grade"], unit="D"), time=pd.to_timedelta(X["grade"], unit="h"))
    times["price"] = [Decimal(int(v)) / 8 for v in times["grade"]]
    for x, format in ((times, Tables().fit(times)), (X, Arrays().fit(X.to_numpy()))):
        again = type(format).from_state(json.loads(json.dumps(format.state()[0])), format.state()[1])
        for sign, extreme in ((-9.0, x.min()), (9.0, x.max())):
            values = format._limited(format.from_array(np.full((1, 3), sign))) if format.kind == "arrays" else None
            if values is not None:
                assert np.array_equal(values, again._limited(again.from_array(np.full((1, 3), sign))))
                assert values[0].tolist() == extreme.astype(values.dtype).tolist()
                continue
            gaps = x.astype({"grade": "Int64", "large": "Int64"})
            gaps.iloc[0] = None
            for one in (format, again):
                filled = one.filled(gaps, one.to_array(gaps), np.full((60, one.width), sign))
                assert filled.iloc[0].tolist() == extreme.tolist()


def test_objects_of_two_kinds_are_told_apart() -> None:
    day, moment = datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1)
    for cells, way in (
        ([day, moment], r"pd.to_datetime\(df\['v'\]\)"),
        ([None, moment, day], r"pd.to_datetime\(df\['v'\]\)"),
        ([Decimal("1.5"), 2.5], "decimals .* and numbers"),
    ):
        with pytest.raises(DataError, match=f"column 'v' mixes .*{way}"):
            Tables().fit(pd.DataFrame({"v": pd.Series(cells * 20, dtype=object)}))
    zoned = pd.DataFrame({"v": pd.Series([pd.Timestamp(day, tz="UTC"), pd.NaT, None] * 20, dtype=object)})
    Tables().fit(zoned)
    zoned.loc[0, "v"] = pd.Timestamp(day)
    with pytest.warns(UserWarning, match="column 'v' holds dates with a time zone and without"):
        Tables().fit(zoned)


def test_decimals_that_no_type_holds_are_named() -> None:
    for value in (Decimal("Infinity"), Decimal(10) ** 90 / 3):
        with pytest.raises(DataError, match=r"'v' holds decimals that are infinite or too long: give floats, with df\['v'\]"):
            Tables().fit(pd.DataFrame({"v": [value, *map(Decimal, range(30))]}))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (np.arange(30, dtype=np.longdouble), "numbers of more than 64 bits: give them as usual floats"),
        ([10**30 + i for i in range(30)], "whole numbers beyond 64 bits"),
        (["a\udce9", "b"] * 15, "texts with halves of characters, as of a file that was read with another encoding"),
    ],
    ids=range(3),
)
def test_what_is_usually_read_comes_with_the_way_out(cells: Any, told: str) -> None:
    v = pd.Series(cells, dtype=getattr(cells, "dtype", object))
    with pytest.raises(DataError, match=f"^column 'v' holds {told}.*, with df") as error:
        Tables().fit(pd.DataFrame({"v": v}))
    way = str(error.value).rpartition("with ")[2]
    Tables().fit(pd.DataFrame({"v": eval(way, {"df": pd.DataFrame({"v": v})}), "w": np.arange(30) % 7 / 7}))


def test_numbers_in_a_foreign_byte_order() -> None:
    """As FITS has them."""
    X = pd.DataFrame({"a": np.arange(60.0) ** 2 % 7, "b": np.arange(60) % 5})
    foreign = X.astype({"a": ">f8", "b": ">i4"})
    assert np.array_equal(Tables().fit(X).to_array(foreign), Tables().fit(foreign).to_array(X))


def test_empty_texts_are_no_names_of_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were this folder, and its pictures were learned, once for each text."""
    for i in range(3):
        Image.fromarray(np.full((9, 8), i, np.uint8)).save(tmp_path / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    assert infer([""] * 40).kind == "documents"
    with pytest.raises(DataError, match="no words are left to learn from"):
        Autoencoder(2, epochs=2, verbose=False).fit([""] * 40)


def test_names_of_files_in_a_column() -> None:
    with pytest.raises(DataError, match=r"a Series of names of files, such as 'a.png': give the list of them, X.tolist\(\)"):
        infer(pd.Series(["a.png", "b.png"]))


def test_tensors_of_bfloat16() -> None:
    X = torch.randn(20, 3).bfloat16()
    assert np.array_equal(Arrays().fit(X).to_array(X), Arrays().fit(X.float()).to_array(X.float()))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_numbers_beyond_a_narrow_type_are_its_largest(dtype: str) -> None:
    """And no infinity, which cannot be read again."""
    df = pd.DataFrame({"a": np.linspace(-1, 1, 40).astype(dtype)})
    for container in (df, pa.Table.from_pandas(df)):
        format = Tables().fit(container)
        back = format.from_array(np.array([[1e80], [-1e80], [np.nan]]))
        most = float(np.finfo(dtype).max)
        assert np.array_equal(np.asarray(back["a"], dtype=float), [most, -most, np.nan], equal_nan=True)
        assert np.isfinite(format.to_array(back)[:2]).all()


@pytest.mark.parametrize(
    "x",
    [
        pa.array(["u", None, "v"] * 20, pa.string_view()),
        pa.array([0.5, None, 2.0] * 20, pa.float16()),
        pa.array([Decimal("0.50"), None, Decimal("2.00")] * 20, pa.decimal32(7, 2)),
        pd.Series([0.5, np.nan, 2.0] * 20, dtype="float16"),
    ],
    ids=["string_view", "halffloat", "decimal32", "float16 of pandas"],
)
def test_types_with_which_arrow_cannot_do_much(x: Any) -> None:
    """It cannot compare, count or take from these; impute, explain and weights did so."""
    a = np.linspace(-1, 1, 60)
    X = pd.DataFrame({"a": a, "x": x}) if isinstance(x, pd.Series) else pa.table({"a": a, "x": x})
    small: dict[str, Any] = {"epochs": 2, "verbose": False, "random_state": 0}
    full = Autoencoder(2, corruption=Mask(0.1, fill=None), **small).fit(X, sample_weight=np.arange(60) % 4).impute(X)
    back = pa.Table.from_pandas(full) if isinstance(full, pd.DataFrame) else full
    known = X["x"].dropna().tolist() if isinstance(X, pd.DataFrame) else [v for v in x.to_pylist() if v is not None]
    assert (back["x"].null_count, [v for i, v in enumerate(back["x"].to_pylist()) if i % 3 != 1]) == (0, known)
    (row,) = OutlierDetector(alpha=0.1, **small).fit(X).explain(X, rows=[0])
    assert {cell.column: cell.seen for cell in row.cells}["x"] == known[0]
