"""Data sets of Parquet files: which files, one schema, one pass over all rows, and bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from diabolo import Autoencoder, MultiLabelClassifier, OutlierDetector, bulk, load
from diabolo.errors import DataError
from diabolo.formats import Documents, Tables, infer
from diabolo.formats.base import cached, spilled
from diabolo.formats.blocks import parts_of
from diabolo.formats.files import table_pieces
from diabolo.formats.parts import spread
from diabolo.limits import memory
from diabolo.rows import Rows

N = 4000


def frame(n: int = N) -> pd.DataFrame:
    """Every kind of column; what is rare is in one row."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "gaps": np.where(np.arange(n) % 7 == 0, np.nan, rng.normal(size=n) * 1e6 + 1e9),
            "city": rng.choice(["Oslo", "Rome"], n),
            "day": pd.date_range("2020-01-01", periods=n, freq="D", unit="s"),
            "large": rng.integers(2**60, 2**60 + 1000, n),
            "yes": rng.integers(0, 2, n),
            "short": np.round(rng.normal(size=n), 1),
            "flag": rng.integers(0, 2, n) > 0,
            "kind": pd.Categorical(rng.choice(["u", "v"], n)),
            "whole": rng.integers(0, 50, n),
            "id": np.arange(n) * 3 + 7,
        }
    )
    X.loc[n * 3 // 10 + 1, "number"] = np.nan
    X.loc[n // 5, "yes"] = 3
    X.loc[n * 2 // 9, "short"] = 0.123
    X.loc[n // 4 - 1, "city"] = "Bergen"
    X.loc[n // 7, "day"] = pd.Timestamp("2020-01-01 05:00")
    X.loc[n // 12, "whole"] = 10**9
    return X


def write(folder: Path, X: pd.DataFrame, count: int = 4) -> Path:
    folder.mkdir(exist_ok=True)
    for i, rows in enumerate(np.array_split(np.arange(len(X)), count)):
        X.iloc[rows].to_parquet(folder / f"part-{i}.parquet", row_group_size=300, index=False)
    return folder


@pytest.mark.filterwarnings("ignore:column.*look like row numbers")
def test_a_folder_a_pattern_a_list_a_url_are_the_table(tmp_path: Path) -> None:
    X = frame(200)
    folder = write(tmp_path / "x", X)
    (folder / "_SUCCESS").touch()
    (folder / ".part-0.parquet.crc").touch()
    (folder / "_common_metadata.parquet").touch()
    names = sorted(folder.glob("part-*.parquet"))
    X.to_parquet(tmp_path / "one.parquet", index=False)
    known = Tables().fit(tmp_path / "one.parquet")
    places: list[Any] = [folder, str(folder / "part-*.parquet"), folder / "*", names, [*map(str, names)], f"file://{folder}"]
    for place in [*places, Path(f"file://{folder}"), f"file://{folder}/part-?.parquet"]:
        assert infer(place).kind == "tables"
        found = Tables().fit(place)
        assert [c.name for c in found.fields] == [c.name for c in known.fields]
        assert np.array_equal(found.to_array(place), known.to_array(tmp_path / "one.parquet"), equal_nan=True), place
    with pytest.raises(FileNotFoundError, match=r"no-.*parquet"):
        infer(str(folder / "no-*.parquet"))


def test_other_file_systems_are_read(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    X = frame(40)[["number", "city"]]
    with fsspec.open("memory://bucket/x/a.parquet", "wb") as file:
        X.to_parquet(file)
    for place in ("memory://bucket/x/a.parquet", "memory://bucket/x", "memory://bucket/x/*.parquet"):
        assert parts_of(place).rows == 40  # type: ignore[union-attr]
        assert Tables().fit(place).columns == ["number", "city"]


def test_a_model_learns_and_encodes_a_data_set(tmp_path: Path) -> None:
    X = frame(200).drop(columns="id")
    folder = write(tmp_path / "x", X)
    X.to_parquet(one := tmp_path / "one.parquet", index=False)
    few: dict[str, Any] = {"epochs": 1, "random_state": 0, "verbose": False}
    a, b = Autoencoder(2, **few).fit(one), Autoencoder(2, **few).fit(folder)
    assert np.array_equal(a.transform(one), b.transform(folder))
    assert np.array_equal(a.transform(one), b.transform(sorted(map(str, folder.glob("*")))))
    assert b.score(folder) == pytest.approx(a.score(one))


def test_parts_that_differ_are_an_error(tmp_path: Path) -> None:
    X = frame(40)[["number", "city"]]
    folder = write(tmp_path / "x", X, 2)
    X.assign(number="a").to_parquet(folder / "part-7.parquet")
    with pytest.raises(DataError, match=r"column 'number' is double in '.*part-0.parquet', and (large_)?string in '.*part-7"):
        Tables().fit(folder)
    X[["number"]].to_parquet(folder / "part-7.parquet")
    with pytest.raises(DataError, match=r"'city' is in '.*part-0.parquet' and not in '.*part-7.parquet'"):
        Tables().fit(folder)
    X[["city", "number"]].assign(city=None).to_parquet(folder / "part-7.parquet")  # in another order, and of no type
    assert Tables().fit(folder).to_array(folder).shape[0] == 80


@pytest.mark.parametrize("end", ["parquet", "feather"])
def test_types_that_hold_the_same_values_are_one(end: str, tmp_path: Path) -> None:
    """As Arrow puts the tables together."""
    u = pa.array(["u", "v", None])
    day = pa.array(np.array(["2024-05-01", "2024-05-02", "2024-05-03"], "M8[us]"))
    first = {"city": u, "whole": pa.array([1, 2, 3], pa.int8()), "age": pa.array([1, 2, 3]), "when": day, "kind": u}
    second = {
        "when": day.cast(pa.timestamp("ns")),
        "city": u.cast(pa.large_string()),
        "whole": pa.array([300, 4, None]),
        "age": pa.array([0.5, None, 7.0]),
        "kind": u.cast(pa.large_string()),
    }
    tables = [pa.table(columns) for columns in (first, second)]
    encoded = [t.set_column(t.column_names.index("kind"), "kind", t["kind"].dictionary_encode()) for t in tables]
    for i, table in enumerate([*encoded, encoded[0]]):
        if end == "parquet":
            pq.write_table(table, tmp_path / f"{i}.parquet")
        else:
            feather.write_feather(table, tmp_path / f"{i}.feather")
    parts = parts_of(tmp_path)
    assert parts is not None
    found, wanted = parts.read(), pa.concat_tables([*tables, tables[0]], promote_options="permissive")
    assert found.to_pylist() == wanted.to_pylist()
    types = [str(found.schema.field(name).type) for name in ("city", "whole", "age", "when")]
    assert types == ["large_string", "int64", "double", "timestamp[ns]"]
    assert pa.types.is_dictionary(found.schema.field("kind").type)
    assert Tables().fit(tmp_path).to_array(tmp_path).shape[0] == 9


def test_a_value_that_the_wider_type_cannot_hold_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [2**53 + 1]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"id": [0.5]}), tmp_path / "1.parquet")
    with pytest.raises(DataError, match=r"0.parquet': column 'id', which is double in other parts: Integer value 90071992547"):
        parts_of(tmp_path).read()  # type: ignore[union-attr]


def test_all_columns_whose_types_differ_are_named(tmp_path: Path) -> None:
    for i, value in enumerate((1.5, "x")):
        pq.write_table(pa.table({f"c{j}": [value] for j in range(7)}), tmp_path / f"{i}.parquet")
    with pytest.raises(DataError, match=r"column 'c0' is double in .*'c4' is double in [^;]*; and 2 more: write"):
        parts_of(tmp_path)
    pq.write_table(pa.table({f"c{j}": pa.array([1], pa.decimal128(5, 2)) for j in range(7)}), tmp_path / "1.parquet")
    with pytest.raises(DataError, match="decimal"):
        parts_of(tmp_path)


def test_columns_in_the_names_of_folders_are_told(tmp_path: Path) -> None:
    write(tmp_path / "year=2024", frame(40))
    with pytest.raises(DataError, match="holds columns in the names of folders, such as 'year=2024'"):
        Tables().fit(tmp_path)

    assert parts_of(str(tmp_path / "year=*" / "*")) is not None  # said on purpose
    with pytest.raises(DataError, match="holds columns in the names of folders, such as 'year=2024'"):
        parts_of(str(tmp_path / "*" / "*.parquet"))
    with pytest.raises(DataError, match="holds columns in the names of folders, such as 'year=2024'"):
        infer(f"file://{tmp_path}")


def test_a_pattern_takes_folders_and_any_number_of_them(tmp_path: Path) -> None:
    for name in ("a.parquet", "x/b.parquet", "x/y/c.parquet", "spark.parquet/part-0.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        frame(40).to_parquet(tmp_path / name)
    for pattern, count in (("**/*.parquet", 4), ("*.parquet", 2), ("x/*", 2), ("*", 4), ("x/**/*.parquet", 2), ("*/*", 3)):
        found = parts_of(f"{tmp_path}/{pattern}")
        assert found is not None
        assert len(found.files) == count, pattern


def test_links_are_followed_once_and_to_the_end(tmp_path: Path) -> None:
    """A loop would be followed 40 times."""
    folder = write(tmp_path / "x", frame(40), 2)
    (folder / "loop").symlink_to(folder)
    (folder / "zz.parquet").symlink_to(folder / "part-0.parquet")
    with pytest.warns(UserWarning, match="files are links to others of them, and are read once"):
        found = parts_of(folder)
    assert found is not None
    assert [(part.name, n) for part, n in zip(found.files, found.sizes, strict=True)] == [
        ("part-0.parquet", 20),
        ("part-1.parquet", 20),
    ]
    (folder / "part-7.parquet").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"part-7.parquet' is a link to a file that is not there"):
        parts_of(folder)


def test_a_name_of_two_columns_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array([1.0, 2.0])] * 2, names=["a", "a"]), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="column names must be unique, but 'a' is repeated"):
        Tables().fit(tmp_path / "a.parquet")


def test_an_unknown_place_is_told() -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(DataError, match=r"cannot open 'nosuch://a/b.parquet': .*Protocol not known"):
        parts_of("nosuch://a/b.parquet")


def test_a_folder_of_pictures_with_a_table_stays_one_of_pictures(tmp_path: Path) -> None:
    frame(40).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.png").touch()
    assert parts_of(tmp_path) is None
    (tmp_path / "a.png").rename(tmp_path / "a.json")
    with pytest.warns(UserWarning, match=r"only the .parquet file is read, and not 'a.json'"):
        assert parts_of(tmp_path) is not None


def test_texts_beside_parquet_are_named_and_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "x", frame(40), 2)
    (folder / "README.txt").write_text("What this is")
    (folder / "LICENSE.txt").write_text("What is allowed")
    with pytest.warns(UserWarning, match=r"only the 2 .parquet files are read, and not 'LICENSE.txt', 'README.txt'"):
        assert infer(folder).kind == "tables"
    with pytest.warns(UserWarning, match=r"and not 'LICENSE.txt', 'README.txt'"):
        assert not Documents.accepts(folder)


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "x", frame(40))
    whole = (folder / "part-2.parquet").read_bytes()
    (folder / "part-2.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read '.*part-2.parquet'"):
        Tables().fit(folder)


@pytest.mark.parametrize("kind", ["parquet", "folder", "csv"])
@pytest.mark.parametrize("n", [60, 40, 50])
def test_data_that_change_between_two_passes_are_an_error(kind: str, n: int, tmp_path: Path) -> None:
    """The columns were learned from other rows than those that are encoded: more, fewer, or as many."""
    X = frame(50)[["number", "gaps"]]
    file = {"parquet": tmp_path / "x.parquet", "folder": tmp_path / "x" / "a.parquet", "csv": tmp_path / "x.csv"}[kind]
    file.parent.mkdir(exist_ok=True)

    def put(X: pd.DataFrame) -> None:
        X.to_csv(file, index=False) if kind == "csv" else X.to_parquet(file, index=False)

    class Changing(Tables):
        def rows(self, X: Any) -> Rows:
            put(frame(n)[["number", "gaps"]] + 1.0)
            return super().rows(X)

    put(X)
    with pytest.raises(DataError, match="changed while it was read"):
        Autoencoder(1, epochs=1, format=Changing()).fit(file.parent if kind == "folder" else file)


def test_rows_that_are_not_those_counted_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for most in (1 << 30, 0):  # in memory, and in a file
        monkeypatch.setattr("diabolo.formats.base.MAX_BYTES_IN_MEMORY", most)
        for n in (5, 7):
            with pytest.raises(DataError, match=f"6 rows were expected, and {n} were read"):
                cached((np.zeros((k, 2)) for k in (4, n - 4)), 6, 2)


def test_encoded_rows_are_in_memory_once() -> None:
    n, d = 4000, 100
    tracemalloc.start()
    try:
        rows = cached((np.zeros((100, d)) for _ in range(n // 100)), n, d)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * 4 * n * d
    finally:
        tracemalloc.stop()
    assert rows.source.shape == (n, d)


# ── one pass ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("ignore:column.*look like row numbers")
def test_what_only_some_rows_show_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap, a level, an hour, a decimal, an extreme in one row of 4000 that is not in the sample of 300."""
    X = frame()
    folder = write(tmp_path / "x", X)
    whole = Tables().fit(folder)
    monkeypatch.setattr("diabolo.formats.tables.SAMPLE", 300)
    monkeypatch.setattr("diabolo.formats.tables.LEAST_SAMPLE", 300)
    some = Tables().fit(folder)
    assert some.columns == whole.columns == [c for c in X.columns if c != "id"]
    for a, b in zip(some.fields, whole.fields, strict=True):
        same = [n for n in vars(a) if n not in ("middle", "spread", "mean", "deviation", "stretch", "odd", "known", "places")]
        assert {n: getattr(a, n) for n in same} == {n: getattr(b, n) for n in same}, a.name
        if hasattr(a, "mean") and a.knee != 4.0:  # the others are measured by quantiles
            assert (a.mean, a.deviation) == pytest.approx((b.mean, b.deviation), rel=1e-12)
    assert {c.name for c in some.fields if c.gaps} == {"number", "gaps"}
    assert np.isfinite(some.to_array(folder)[:, [b.start for b in some.blocks][2:]]).all()


def test_decimals_of_a_column_of_gaps_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One value in each of the pieces that are looked at, some of which have decimals."""
    v = np.full(4000, np.nan)
    v[::64] = np.arange(63) + np.where(np.arange(63) == 50, 0.25, 0.0)
    v[:20] = 7.0
    pq.write_table(pa.table({"v": v, "w": np.random.default_rng(0).normal(size=4000)}), tmp_path / "a.parquet")
    monkeypatch.setattr("diabolo.formats.tables.SAMPLE", 300)
    monkeypatch.setattr("diabolo.formats.survey.AT_ONCE", 128)
    assert Tables().fit(tmp_path / "a.parquet").fields[0].decimals == 2


def test_infinity_is_found_in_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = frame()[["number", "short"]]
    X.loc[3210, "short"] = -np.inf
    folder = write(tmp_path / "x", X)
    monkeypatch.setattr("diabolo.formats.tables.SAMPLE", 300)
    with pytest.raises(DataError, match="column 'short', row 3210"):
        Tables().fit(folder)


def test_an_error_in_a_later_piece_names_the_row_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory and in files; in results that are written part by part, the file and its row."""
    X = frame(400)[["number", "short"]]
    ae = Autoencoder(1, epochs=1, random_state=0, verbose=False).fit(X)
    ae.save(tmp_path / "m.diabolo")
    X.loc[370, "short"] = np.inf
    folder = write(tmp_path / "x", X, 2)
    monkeypatch.setattr("diabolo.formats.tables.CHUNK", 50)
    light = load(tmp_path / "m.diabolo", engine="numpy")
    for model in (ae, light):
        for source in (X, folder):
            with pytest.raises(DataError, match="column 'short', row 370"):
                model.transform(source)
    monkeypatch.setattr("diabolo.bulk.work.AT_ONCE", 50)
    with pytest.raises(DataError, match=r"part-1.parquet': Input X contains infinity: column 'short', row 170"):
        bulk.run(tmp_path / "m.diabolo", folder, tmp_path / "out", verbose=False)


def test_a_quantile_of_the_sample_is_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sorted file, too: the sample has one row out of each stretch."""
    v = np.sort(np.random.default_rng(0).standard_cauchy(20_000))
    pq.write_table(pa.table({"v": v, "w": v[::-1].copy() ** 2}), tmp_path / "a.parquet")
    whole = Tables().fit(tmp_path / "a.parquet")
    monkeypatch.setattr("diabolo.formats.tables.SAMPLE", 2000)
    monkeypatch.setattr("diabolo.formats.tables.LEAST_SAMPLE", 2000)
    a, b = whole.fields[0], Tables().fit(tmp_path / "a.parquet").fields[0]
    rank = [(np.searchsorted(v, f.deviation * 1.1503) / len(v)) for f in (a, b)]
    assert abs(rank[0] - rank[1]) < np.sqrt(np.log(200) / 2 / 2000)


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────

CHILD = """
import resource, sys
from diabolo.formats.blocks import parts_of
parts = parts_of(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(piece.num_rows for piece in parts.pieces(16_384))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_row_group_is_read_in_pieces(tmp_path: Path) -> None:
    """All 400,000 rows, 102 MB, are one row group, and a piece has 4 MB."""
    v = np.random.default_rng(0).normal(size=(32, 400_000))
    table = pa.table(list(v), names=[f"x{j}" for j in range(32)])
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=len(table), use_dictionary=False, compression="none")
    said = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "a.parquet")], capture_output=True, text=True, check=True
    )
    rows, kilobytes = map(int, said.stdout.split())
    assert rows == 400_000
    assert kilobytes < 60_000


def test_pieces_keep_the_rows_in_order(tmp_path: Path) -> None:
    folder = write(tmp_path / "x", frame(1000)[["id", "number"]], 7)
    for rows in (1, 64, 10_000):
        pieces = [*table_pieces(folder, rows, columns=["id"])]
        assert np.array_equal(np.concatenate([p["id"].to_numpy() for p in pieces]), np.arange(1000) * 3 + 7)
        assert max(len(p) for p in pieces) <= rows


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of address space is kept on Linux")
def test_a_limit_is_known() -> None:
    code = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
    code += "from diabolo.limits import memory; print(memory())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(said.stdout) == min(3 << 30, memory())


# ── the order of rows in a file ──────────────────────────────────────────────────────────────────────────────────────


def numbered(n: int, d: int, monkeypatch: pytest.MonkeyPatch, buffer: int) -> Rows:
    monkeypatch.setattr("diabolo.rows.BUFFER", buffer)
    x = spilled(n, d, np.float32)
    x[:] = np.arange(n)[:, None]
    return Rows(x)


@pytest.mark.parametrize("n", [1000, 1027, 4096])
def test_an_epoch_has_each_row_once(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = numbered(n, 4, monkeypatch, 1 << 12)  # 256 rows
    some = rows.subset(np.flatnonzero(np.arange(n) % 10))
    for these in (rows, some):
        epoch = [*these.batches(1, seed=3)]
        assert sorted(int(i) for i, _ in epoch) == [*range(len(these))]
        numbers = getattr(these, "indices", np.arange(n))
        assert all((x == float(numbers[int(i)])).all() for i, x in epoch)


def test_an_epoch_is_a_function_of_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be entered anywhere, and another seed gives another."""
    rows = numbered(3000, 4, monkeypatch, 1 << 12)
    whole = [i.tolist() for i, _ in rows.batches(48, seed=5)]
    for skip in (0, 1, 7, 61):
        assert [i.tolist() for i, _ in rows.batches(48, seed=5, skip=skip)] == whole[skip:]
    assert [i.tolist() for i, _ in rows.batches(48, seed=6)] != whole


def test_the_batches_of_a_sorted_file_are_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean of a batch of a file sorted by class is that of all rows, as in a permutation, up to its own scatter."""
    n, size = 64_000, 128
    rows = numbered(n, 4, monkeypatch, 1 << 16)  # 4096 rows, 64 blocks
    means = np.array([float(x[:, 0].mean()) for _, x in rows.batches(size, seed=0)]) / n
    assert abs(means.mean() - 0.5) < 0.01
    assert means.std() < 2 * (1 / 12 / 64) ** 0.5  # as if each of the 64 blocks were one row


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_a_sample_holds_no_row_twice(n: int, most: int) -> None:
    numbers = spread(n, most)
    assert len(numbers) == min(n, most)
    assert 0 <= numbers[0] <= numbers[-1] < n
    assert (np.diff(numbers) > 0).all()


@pytest.mark.parametrize("model", [Autoencoder(2), OutlierDetector(), MultiLabelClassifier()])
@pytest.mark.parametrize("unit", [1.0, 0.5])
def test_more_columns_than_memory_can_hold_are_an_error_before_the_work(model: Any, unit: float) -> None:
    """The system would kill the process without a word. Whole numbers are counts of words."""
    X = sp.csr_matrix((np.array([1, 2] * 4) * unit, ([*range(8)], [0, 10**9 - 1] * 4)), shape=(8, 10**9))
    y = [np.eye(2, dtype=int)[[0, 1] * 4]] if isinstance(model, MultiLabelClassifier) else []
    with pytest.raises(DataError, match=r"X has 1,000,000,000 features: fit needs at least [\d,.]+ GB of memory; there"):
        model.fit(X, *y)


def test_patterns_and_names_that_are_no_parts(tmp_path: Path) -> None:
    for i in range(2):
        np.save(tmp_path / f"{i}.npy", np.eye(3))
    with pytest.raises(DataError, match=r"matches 2 file\(s\), but a pattern names the parts of a table"):
        Autoencoder(2).fit(f"{tmp_path}/*.npy")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        Autoencoder(2).fit(f"{tmp_path}/*.png")
    folder = tmp_path / "parts"
    folder.mkdir()
    table = pa.table({"a": [1.0, 2.0, 3.0]})
    pq.write_table(table, folder / "b\nb.parquet")
    with pytest.raises(DataError, match=r"b.nb.parquet': a name with a line break is not read: rename it"):
        Autoencoder(1).fit(folder)
    (folder / "b\nb.parquet").rename(folder / "b.parquet")
    os.mkfifo(folder / "c.parquet")
    with pytest.warns(UserWarning, match=r"'c.parquet' is a pipe or a device, no file, and is not read"):
        assert parts_of(folder).rows == 3  # type: ignore[union-attr]
