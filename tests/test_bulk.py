"""A model over a data set of Parquet files: the results of the model itself, row for row, whatever happens to the process."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from diabolo import Autoencoder, MultiLabelClassifier, OutlierDetector, Regressor, bulk, load
from diabolo import cli as command_line
from diabolo.bulk import pictures, units, work
from diabolo.cli import cli
from diabolo.errors import DataError
from diabolo.formats.blocks import parts_of

FEW: dict[str, Any] = {"epochs": 1, "random_state": 0, "verbose": False}
N = 500


def frame(n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"id": np.arange(n), "a": rng.normal(size=n), "b": rng.normal(size=n), "c": rng.choice(["x", "y"], n)})
    X.loc[::7, "b"] = np.nan
    return X.assign(kind=pd.Categorical(rng.choice(["u", None], n)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """data/ with four parts, one of them empty, and a model of each kind."""
    folder, X = tmp_path_factory.mktemp("bulk"), frame()
    (folder / "data").mkdir()
    for i, rows in enumerate((slice(0, 200), slice(200, 200), slice(200, 210), slice(210, N))):
        X[rows].to_parquet(folder / "data" / f"part-{i}.parquet", row_group_size=64, index=False)
    columns = X[["a", "b", "c", "kind"]]
    Autoencoder(2, **FEW).fit(columns).save(folder / "codes.diabolo")
    OutlierDetector(**FEW).fit(columns).save(folder / "outliers.diabolo")
    Y = pd.DataFrame({"big": (X["a"] > 0) * 1, "sum": (X["a"] + X["b"].fillna(0) > 0) * 1})
    MultiLabelClassifier(**FEW).fit(columns, Y).save(folder / "tags.diabolo")
    Regressor(**FEW).fit(columns, (X["a"] * 2 + X["b"].fillna(0)).to_numpy()).save(folder / "numbers.diabolo")
    return folder


def expected(verb: str, place: Path, keep: tuple[str, ...]) -> pa.Table:
    """What the model says in memory."""
    model = {"outliers": "outliers", "tag": "tags", "predict": "numbers"}.get(verb, "codes") + ".diabolo"
    table = parts_of(place / "data").read()  # type: ignore[union-attr]
    return bulk.Applied(str(place / model), verb, keep)(table)


VERBS = [
    ("encode", "codes"),
    ("score", "codes"),
    ("impute", "codes"),
    ("outliers", "outliers"),
    ("tag", "tags"),
    ("predict", "numbers"),
]


@pytest.mark.filterwarnings("ignore:of hidden cells of")
@pytest.mark.parametrize(("verb", "model"), VERBS)
def test_parts_are_those_of_the_data_and_hold_what_the_model_says(verb: str, model: str, place: Path, tmp_path: Path) -> None:
    keep = ("id", "kind")
    done = bulk.run(place / f"{model}.diabolo", place / "data", tmp_path / "out", verb, keep=keep, verbose=False)
    assert (done.rows, done.now, done.parts) == (N, N, 4)
    assert [p.name for p in sorted((tmp_path / "out").iterdir())] == [f"part-{i}.parquet" for i in range(4)]
    found = parts_of(tmp_path / "out").read()  # type: ignore[union-attr]
    said = expected(verb, place, keep)
    assert found.column_names == said.column_names
    assert found["id"].to_pylist() == [*range(N)]
    for name in said.column_names:
        one, other = found[name].to_pylist(), said[name].to_pylist()
        off = 1e-3 if verb == "outliers" else 1e-9  # PyTorch, in float32, rounds sums of fewer rows otherwise
        same = one == other or np.allclose(np.array(one, float), np.array(other, float), rtol=off, atol=off)
        assert same, name
    bulk.run(place / f"{model}.diabolo", place / "data", tmp_path / "one.parquet", verb, keep=keep, verbose=False)
    assert pq.read_table(tmp_path / "one.parquet").num_rows == N


@pytest.mark.parametrize("numpy", [True, False])
@pytest.mark.parametrize(("verb", "model"), VERBS)
def test_each_warning_is_given_once(
    verb: str, model: str, numpy: bool, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by each part, of which each has others of the gaps, and other numbers; and it points at the user's line."""
    if not numpy:
        monkeypatch.setattr(work, "Fitted", type(None))
    (tmp_path / "data").mkdir()
    for i, gap in enumerate((False, True, True, False, True)):
        X = frame(40 + i).assign(a=1e6 + i, c=["x", None][gap])
        X.to_parquet(tmp_path / "data" / f"part-{i}.parquet", index=False)
    for out in ("out", "one.parquet"):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            bulk.run(place / f"{model}.diabolo", tmp_path / "data", tmp_path / out, verb, keep=["id"], verbose=False)
        found = [str(one.message) for one in said]
        assert sum("'a' (1,000,0" in one for one in found) == 1
        assert sum("X has missing values in column(s) 'c'" in one for one in found) <= 1
        assert sum("of hidden cells of 'c', less than 10%" in one for one in found) <= 1
        assert len(found) <= 3
        assert {one.filename for one in said} == {__file__}


def test_codes_are_those_of_transform(place: Path) -> None:
    X, ae = frame(), bulk.Applied(str(place / "codes.diabolo"))
    Z = ae.loaded().transform(X[["a", "b", "c", "kind"]])
    table = pa.Table.from_pandas(X, preserve_index=False)
    found = ae(table)
    assert np.allclose(np.stack([z.to_numpy() for z in found.columns], 1), Z, rtol=1e-12, atol=1e-12)
    single = bulk.Applied(str(place / "codes.diabolo"), precision="float32")(table)
    assert single.schema.types == [pa.float32()] * 2
    assert np.allclose(np.stack([z.to_numpy() for z in single.columns], 1), Z, atol=1e-4)


def test_it_can_be_sent_to_another_process(place: Path) -> None:
    """It holds the path of the model, and not the model; a table without rows keeps its columns."""
    sent = pickle.dumps(bulk.Applied(str(place / "codes.diabolo"), keep=("id",)))
    assert len(sent) < 1000
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    there = pickle.loads(sent)
    assert there(table).equals(bulk.Applied(str(place / "codes.diabolo"), keep=("id",))(table))
    assert there(table.slice(0, 0)).schema == there(table).schema


# ── parts that are there ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_run_does_what_is_missing(place: Path, tmp_path: Path) -> None:
    def again() -> bulk.Done:
        return bulk.run(place / "codes.diabolo", place / "data", tmp_path / "out", verbose=False)

    again()
    times = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}
    assert again().now == 0
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()} == times
    (tmp_path / "out" / "part-2.parquet").unlink()
    (tmp_path / "out" / "part-0.parquet").write_bytes(b"PAR1, cut off")
    assert again().now == 210
    assert parts_of(tmp_path / "out").rows == N  # type: ignore[union-attr]


def test_results_of_other_rows_are_made_again_and_of_another_model_refused(place: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    frame(100).to_parquet(data / "a.parquet", index=False)
    bulk.run(place / "codes.diabolo", data, tmp_path / "out", verbose=False)
    frame(100).assign(a=0.5).to_parquet(data / "a.parquet", index=False)
    assert bulk.run(place / "codes.diabolo", data, tmp_path / "out", verbose=False).now == 100
    with pytest.raises(DataError, match=r"a.parquet' holds results of another model, or with other options"):
        bulk.run(place / "codes.diabolo", data, tmp_path / "out", keep=["id"], verbose=False)
    (tmp_path / "out" / "b.parquet").write_bytes((tmp_path / "out" / "a.parquet").read_bytes())
    with pytest.raises(DataError, match=r"b.parquet' belongs to no part of the data, and would be read with the results"):
        bulk.run(place / "codes.diabolo", data, tmp_path / "out", verbose=False)
    with pytest.raises(DataError, match="is the folder of the data"):
        bulk.run(place / "codes.diabolo", data, data, verbose=False)
    with pytest.raises(DataError, match="is one of the files that are read"):
        bulk.run(place / "codes.diabolo", data, data / "a.parquet", verbose=False)
    with pytest.raises(
        DataError, match=r"holds an OutlierDetector, but `diabolo encode` needs an Autoencoder: make one .* --task codes"
    ):
        bulk.run(place / "outliers.diabolo", data, tmp_path / "other", verbose=False)


@pytest.mark.filterwarnings("ignore:of hidden cells")
def test_parts_have_the_same_types(place: Path, tmp_path: Path) -> None:
    """Also one without rows, and those of an earlier run: read together, a text 007 beside whole numbers was a 7."""
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()

    def run(name: str, rows: int, id: Any, **settings: Any) -> list[pa.DataType]:
        frame(rows).assign(id=id).to_csv(data / name, index=False)
        bulk.run(place / "codes.diabolo", data, out / settings["verb"], verbose=False, **settings)
        return [pq.read_schema(path).field("id").type for path in sorted((out / settings["verb"]).iterdir())]

    (data / "a.csv").write_text(",".join(frame(1).columns) + "\n")
    assert run("b.csv", 9, range(9), verb="encode", keep=["id"]) == [pa.string()] * 2
    assert run("b.csv", 9, range(9), verb="impute", keep=None) == [pa.int64()] * 2
    assert run("c.csv", 9, "007", verb="impute", keep=None) == [pa.string()] * 3


def test_results_do_not_lie_where_they_would_be_read(place: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    frame(100).to_parquet(data / "a.parquet", index=False)
    model = place / "codes.diabolo"
    for given, output in ((data, "codes"), (data, "z.parquet"), (f"{data}/*", "z.parquet"), (f"{data}/**/*.parquet", "codes")):
        with pytest.raises(DataError, match="lies within the data, and would be read with them"):
            bulk.run(model, given, data / output, verbose=False)
    assert bulk.run(model, data, data / "_codes", verbose=False).now == 100
    assert bulk.run(model, f"{data}/a*", data / "codes", verbose=False).now == 100


def test_one_name_to_keep_is_not_a_list_of_letters(place: Path) -> None:
    with pytest.raises(ValueError, match=r"keep='id': give a list of names, such as keep=\['id'\]"):
        bulk.Applied(str(place / "codes.diabolo"), keep="id")


def test_a_folder_of_spark_is_a_part_again(place: Path, tmp_path: Path) -> None:
    """Its name ends as that of a file, and so does that of its results."""
    (tmp_path / "data" / "x.parquet").mkdir(parents=True)
    frame(100).to_parquet(tmp_path / "data" / "x.parquet" / "part-0.parquet", index=False)
    for now in (100, 0):
        assert bulk.run(place / "codes.diabolo", tmp_path / "data", tmp_path / "out", verbose=False).now == now


@pytest.mark.parametrize(
    "said",
    [
        {"RANK": "1"},
        {"RANK": "-1", "WORLD_SIZE": "2"},
        {"RANK": "2", "WORLD_SIZE": "2"},
        {"WORLD_SIZE": "0"},
        {"RANK": "one"},
        {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "2"},
        {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_COUNT": "2"},  # --array=3,7
        {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_STEP": "3"},
    ],
)
def test_a_number_that_would_leave_parts_out_is_an_error(said: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataError, match=next(iter(said))):
        units.shard()


@pytest.mark.parametrize("rows", [90, 110])
def test_a_file_that_changes_meanwhile_is_no_result(rows: int, place: Path, tmp_path: Path) -> None:
    """The parts before it are there, and it is not."""
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    for name in "abc":
        frame(100).to_parquet(data / f"{name}.parquet", row_group_size=50, index=False)
    started = work.Work(bulk.Applied(str(place / "codes.diabolo"), keep=("id",)), data, out)
    todo = units.units(started.parts)
    frame(rows).to_parquet(data / "b.parquet", row_group_size=-(-rows // 2), index=False)
    with pytest.raises(DataError, match=r"b.parquet': 100 rows were expected, and \d+ were read"):
        list(started.do(todo))
    assert pq.read_table(out / "a.parquet").num_rows == 100
    assert [path.name for path in out.glob("*.parquet")] == ["a.parquet"]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_do_each_part_once(count: int, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", str(count))
    rows = []
    for rank in range(count):
        monkeypatch.setenv("RANK", str(rank))
        rows.append(bulk.run(place / "codes.diabolo", place / "data", tmp_path / "out", keep=["id"], verbose=False).now)
    assert sum(rows) == N
    assert parts_of(tmp_path / "out").read()["id"].to_pylist() == [*range(N)]  # type: ignore[union-attr]
    if count > 1:
        with pytest.raises(DataError, match=f"{count} processes run, and each would write all rows into"):
            bulk.run(place / "codes.diabolo", place / "data", tmp_path / "one.parquet", verbose=False)


def test_an_array_of_slurm_is_a_number_of_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    array = {"SLURM_ARRAY_TASK_ID": "14", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_STEP": "2"}
    for name, value in (array | {"SLURM_ARRAY_TASK_COUNT": "5"}).items():
        monkeypatch.setenv(name, value)
    assert units.shard() == (2, 5)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert units.shard() == (9, 20)


def test_tasks_of_srun_are_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_PROCID", "1")
    monkeypatch.setenv("SLURM_NTASKS", "4")  # as in a batch script, in which one process runs
    assert units.shard() == (0, 1)
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    assert units.shard() == (1, 4)
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "2")
    assert units.shard() == (5, 8)
    monkeypatch.setenv("RANK", "0")  # torchrun, which srun has started
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert units.shard() == (2, 4)


@pytest.mark.parametrize("verb", ["encode", "score", "outliers", "tag", "predict", "impute"])
@pytest.mark.parametrize("said", [{"RANK": "1", "WORLD_SIZE": "2"}, {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"}])
def test_nothing_is_written_or_printed_by_each_process(
    verb: str,
    said: dict[str, str],
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of few rows, too, which are not written as they come. The model is not even opened."""
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "m.diabolo").touch()
    out = tmp_path / "one.parquet"
    command = [verb, str(tmp_path / "m.diabolo"), str(place / "data")]
    remedy = "start one, or name a folder as output, of which each writes its parts"
    with pytest.raises(DataError, match=f"2 processes run, and each would write all rows into '.*one.parquet': {remedy}"):
        cli.main([*command, "-o", str(out)], standalone_mode=False)
    if verb in ("score", "outliers", "tag", "predict"):
        with pytest.raises(DataError, match=f"2 processes run, and each would print all rows: {remedy}"):
            cli.main(command, standalone_mode=False)
    assert not out.exists()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verb", sorted({*command_line.VERBS} - {*command_line.SHARED, "info"}))
def test_verbs_that_several_processes_do_not_share(verb: str, monkeypatch: pytest.MonkeyPatch, diabolo: Any) -> None:
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    monkeypatch.setenv("SLURM_PROCID", "0")
    said = diabolo(verb, "m.diabolo", "data.csv")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"diabolo: 4 processes run, and each would do all of `diabolo {verb}`: start one, without torchrun, or by srun with "
        "--ntasks=1\n"
    )
    assert diabolo(verb, "--help").code == 0
    monkeypatch.setenv("SLURM_PROCID", "1")
    said = diabolo(verb, "m.diabolo", "data.csv")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_tasks_of_srun_do_not_each_fit_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, diabolo: Any) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n3,4\n" * 20)
    command = "fit", tmp_path / "a.csv", "-k", "1", "-o", tmp_path / "m.diabolo"
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    for rank, code in (("0", 1), ("3", 0)):
        monkeypatch.setenv("SLURM_PROCID", rank)
        said = diabolo(*command)
        assert (said.code, said.err.count("each would fit a model of its own")) == (code, code)
    assert not (tmp_path / "m.diabolo").exists()


def test_one_of_several_processes_tells_the_error(place: Path) -> None:
    """Torchrun ends all as soon as one fails: it must be that which tells it."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "diabolo"]
    command = [sys.executable, *torchrun, "score", str(place / "codes.diabolo"), str(place / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("diabolo: 2 processes run, and each would print all rows: start one") == 1


def test_a_large_part_is_cut_between_its_row_groups(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diabolo.bulk.units.UNIT", 100)
    bulk.run(place / "codes.diabolo", place / "data", tmp_path / "out", keep=["id"], verbose=False)
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names[:3] == ["part-0.00000-of-00002.parquet", "part-0.00001-of-00002.parquet", "part-1.parquet"]
    assert parts_of(tmp_path / "out").read()["id"].to_pylist() == [*range(N)]  # type: ignore[union-attr]


def test_plain_numbers_are_encoded_without_pandas(tmp_path: Path) -> None:
    """Arrow imports it on many occasions, which takes longer than a million cells."""
    X = pa.table({name: np.random.default_rng(i).normal(size=300).astype(np.float32) for i, name in enumerate("abc")})
    pq.write_table(X, tmp_path / "x.parquet", row_group_size=100)
    Autoencoder(2, **FEW).fit(X).save(tmp_path / "m.diabolo")
    code = "import sys; from diabolo import bulk; bulk.run(*sys.argv[1:], verbose=False); print('pandas' in sys.modules)"
    command = [sys.executable, "-c", code, *(str(tmp_path / name) for name in ("m.diabolo", "x.parquet", "out"))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
    found = pq.read_table(tmp_path / "out").to_pandas().to_numpy()
    np.testing.assert_allclose(found, load(tmp_path / "m.diabolo").transform(X), rtol=1e-5, atol=1e-5)


def test_a_list_keeps_its_order(place: Path, tmp_path: Path) -> None:
    paths = [place / "data" / f"part-{i}.parquet" for i in (3, 0)]
    bulk.run(place / "codes.diabolo", paths, tmp_path / "out", keep=["id"], verbose=False)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["00000-part-3.parquet", "00001-part-0.parquet"]
    assert parts_of(tmp_path / "out").read()["id"].to_pylist() == [*range(210, N), *range(200)]  # type: ignore[union-attr]


KILLED = "import sys; from diabolo import bulk; bulk.run(*sys.argv[1:], keep=['id'], verbose=False)"


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("output", ["out", "out.parquet"])
def test_a_model_that_is_replaced_meanwhile_is_an_error(
    output: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the first parts are of one model, and the last ones of another."""
    model = tmp_path / "m.diabolo"
    model.write_bytes((place / "codes.diabolo").read_bytes())
    original, calls = bulk.Applied.__call__, []

    def replacing(self: bulk.Applied, table: pa.Table, once: Any = None) -> pa.Table:
        if len(calls) == (output == "out"):
            Autoencoder(2, **FEW | {"random_state": 1}).fit(frame()[["a", "b", "c", "kind"]]).save(model)
        calls.append(table)
        return original(self, table, once)

    monkeypatch.setattr(bulk.Applied, "__call__", replacing)
    monkeypatch.setattr(work, "AT_ONCE", 100)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with pytest.raises(DataError, match="was replaced by another model while it was applied"):
        bulk.run(model, place / "data", tmp_path / output, verbose=False)
    assert not [*tmp_path.glob("out.parquet"), *tmp_path.glob("out/*.parquet")]


def test_a_killed_run_goes_on(place: Path, tmp_path: Path) -> None:
    """Whatever is there when it is killed is whole; the next run does the rest."""
    (tmp_path / "data").mkdir()
    X = frame(4000)
    for i in range(20):
        X[i * 200 : (i + 1) * 200].to_parquet(tmp_path / "data" / f"part-{i:02d}.parquet", index=False)
    command = [sys.executable, "-c", KILLED, str(place / "codes.diabolo"), str(tmp_path / "data"), str(tmp_path / "out")]
    for wanted in (1, 6, 12):
        process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
        while process.poll() is None and len([*(tmp_path / "out").glob("*.parquet")]) < wanted:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all(pq.read_table(path).num_rows == 200 for path in (tmp_path / "out").glob("*.parquet"))
    subprocess.run(command, check=True)
    assert parts_of(tmp_path / "out").read()["id"].to_pylist() == [*range(4000)]  # type: ignore[union-attr]


@pytest.mark.parametrize("when", [0, 4_000_000_000])
def test_the_times_of_the_data_may_be_any(when: int, place: Path, tmp_path: Path) -> None:
    """Other contents are known by their footers, when a clock was put back, too."""
    (tmp_path / "data").mkdir()

    def again(X: pd.DataFrame) -> int:
        X.to_parquet(tmp_path / "data" / "a.parquet", index=False)
        os.utime(tmp_path / "data" / "a.parquet", (when, when))
        return bulk.run(place / "codes.diabolo", tmp_path / "data", tmp_path / "out", verbose=False).now

    assert [again(frame(100)), again(frame(100)), again(frame(100).assign(a=0.25))] == [100, 0, 100]


def test_a_folder_that_is_removed_while_it_is_written(place: Path, tmp_path: Path) -> None:
    """The run ends, or says so; the next one makes what is missing."""
    (tmp_path / "data").mkdir()
    X = frame(4000)
    for i in range(20):
        X[i * 200 : (i + 1) * 200].to_parquet(tmp_path / "data" / f"part-{i:02d}.parquet", index=False)
    command = [sys.executable, "-c", KILLED, str(place / "codes.diabolo"), str(tmp_path / "data"), str(tmp_path / "out")]
    process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and len([*(tmp_path / "out").glob("*.parquet")]) < 3:
        time.sleep(0.001)
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    said = process.communicate()[1]
    assert process.returncode == 0 or "its folder does not exist: create it first" in said
    subprocess.run(command, check=True)
    assert parts_of(tmp_path / "out").read()["id"].to_pylist() == [*range(4000)]  # type: ignore[union-attr]


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """photos/ with 30 pictures in two folders, the same as a zip, and models."""
    folder, rng = tmp_path_factory.mktemp("album"), np.random.default_rng(0)
    for i in range(30):
        path = folder / "photos" / "ab"[i % 2] / f"{i:02d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 16, 3), np.uint8)).save(path)
    shutil.make_archive(str(folder / "photos"), "zip", folder / "photos")
    Autoencoder(2, **FEW).fit(folder / "photos").save(folder / "codes.diabolo")
    OutlierDetector(**FEW).fit(folder / "photos").save(folder / "outliers.diabolo")
    return folder


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SHELF", 8)
    monkeypatch.setattr(pictures, "AT_ONCE", 3)


@pytest.mark.parametrize("source", ["photos", "photos.zip"])
def test_pictures_are_done_in_parts(source: str, album: Path, small_parts: None, tmp_path: Path) -> None:
    ae = load(album / "codes.diabolo")
    done = bulk.run(album / "codes.diabolo", album / source, tmp_path / "out", verbose=False)
    assert (done.rows, done.now, done.parts) == (30, 30, 4)
    assert [p.name for p in sorted((tmp_path / "out").iterdir())] == [f"pictures-{i:05d}.parquet" for i in range(4)]
    found = parts_of(tmp_path / "out").read().to_pandas()  # type: ignore[union-attr]
    assert found["picture"].tolist() == sorted(p.relative_to(album / "photos").as_posix() for p in album.rglob("*.jpg"))
    assert np.allclose(found[["z1", "z2"]], ae.transform(album / "photos"), atol=1e-5)
    for verb, model, column in (("score", "codes", "error"), ("outliers", "outliers", "log p")):
        bulk.run(album / f"{model}.diabolo", album / source, tmp_path / verb, verb, verbose=False)
        values = parts_of(tmp_path / verb).read().to_pandas()[column]  # type: ignore[union-attr]
        whole = load(album / f"{model}.diabolo").score_samples(album / source)
        off = 1e-3 if verb == "score" else 0.03  # less than a rank among 30
        assert np.allclose(values, -whole if verb == "score" else whole, rtol=1e-4, atol=off)


def test_a_second_run_over_pictures_does_what_is_missing(album: Path, small_parts: None, tmp_path: Path) -> None:
    shutil.copytree(album / "photos", tmp_path / "photos")

    def again() -> bulk.Done:
        return bulk.run(album / "codes.diabolo", tmp_path / "photos", tmp_path / "out", verbose=False)

    assert [again().now, again().now] == [30, 0]
    (tmp_path / "out" / "pictures-00001.parquet").unlink()
    os.utime(tmp_path / "photos" / "b" / "29.jpg", (0, 0))
    assert again().now == 8 + 6
    shutil.copy(tmp_path / "photos" / "a" / "00.jpg", tmp_path / "photos" / "z.jpg")
    (tmp_path / "photos" / "b" / "27.jpg").unlink()
    assert again().rows == 30
    assert "b/27.jpg" not in parts_of(tmp_path / "out").read()["picture"].to_pylist()  # type: ignore[union-attr]
    with pytest.raises(DataError, match="give the name of a folder for results of pictures"):
        bulk.run(album / "codes.diabolo", tmp_path / "photos", tmp_path / "one.parquet", verbose=False)


def test_a_broken_picture_is_named_and_stops_no_other(album: Path, small_parts: None, tmp_path: Path) -> None:
    shutil.copytree(album / "photos", tmp_path / "photos")
    for name in ("00.jpg", "02.jpg", "04.jpg", "20.jpg"):  # all of the first that are seen at once, and one of others
        (tmp_path / "photos" / "a" / name).write_bytes(b"\xff\xd8\xff half")
    with pytest.warns(UserWarning, match=r"cannot read 'a/.*; it has no results") as said:
        bulk.run(album / "codes.diabolo", tmp_path / "photos", tmp_path / "again", verbose=False)
    assert len(said) == 4
    found = parts_of(tmp_path / "again").read().to_pandas()  # type: ignore[union-attr]
    assert found["picture"][found["z1"].isna()].tolist() == [f"a/{n}.jpg" for n in ("00", "02", "04", "20")]
    whole = load(album / "codes.diabolo").transform(album / "photos")
    there = found["z1"].notna().to_numpy()
    assert np.allclose(found.loc[there, ["z1", "z2"]].to_numpy(float), whole[there], atol=1e-5)
    shutil.rmtree(tmp_path / "photos")
    with pytest.raises((DataError, OSError)):
        bulk.run(album / "codes.diabolo", tmp_path / "photos", tmp_path / "third", verbose=False)


def test_the_command_ends_with_1_each_time_and_names_broken_pictures(
    album: Path, small_parts: None, tmp_path: Path, diabolo: Any
) -> None:
    """Also when a second run has nothing to do; as `diabolo denoise` does."""
    shutil.copytree(album / "photos", tmp_path / "photos")
    (tmp_path / "photos" / "a" / "00.jpg").write_bytes(b"\xff\xd8\xff half")
    call = "encode", album / "codes.diabolo", tmp_path / "photos", "-o", tmp_path / "out"
    said = [diabolo(*call), diabolo(*call)]
    assert [one.code for one in said] == [1, 1]
    assert said[0].out == f"30 rows: wrote {tmp_path / 'out'}; 1 failed\n"
    assert said[1].out == f"30 rows (30 were there already): wrote {tmp_path / 'out'}; 1 failed\n"
    assert said[1].err == "diabolo: no results for 'a/00.jpg'\n"


@pytest.mark.skipif(sys.platform != "linux", reason="names are no bytes")
@pytest.mark.parametrize("output", ["out", "out.csv"])
def test_names_that_are_no_utf8_are_written(output: str, album: Path, tmp_path: Path, diabolo: Any) -> None:
    shutil.copytree(album / "photos", tmp_path / "photos")
    os.rename(tmp_path / "photos" / "a" / "00.jpg", os.fsencode(tmp_path / "photos") + b"/\xff.jpg")
    diabolo("encode", album / "codes.diabolo", tmp_path / "photos", "-o", tmp_path / output)
    found = parts_of(tmp_path / output).read() if output == "out" else pa_csv.read_csv(tmp_path / output)  # type: ignore[union-attr]
    assert found["picture"][-1].as_py() == "\\udcff.jpg"
    assert len(found) == 30


@pytest.mark.parametrize("at", [0, 2])
def test_ctrl_c_says_what_is_done(at: int, place: Path, tmp_path: Path, diabolo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done, write = [0], work.write

    def interrupted(*arguments: Any) -> int:
        if done[0] == at:
            raise KeyboardInterrupt
        done[0] += 1
        return write(*arguments)

    monkeypatch.setattr(work, "write", interrupted)
    call = "encode", place / "codes.diabolo", place / "data", "-o", tmp_path / "out", "--keep", "id", "--keep", "kind"
    said = diabolo(*call)
    assert said.code == 130
    assert said.err.endswith(f"diabolo: interrupted: {at} of 4 parts are done; the same again does the rest\n")
    monkeypatch.undo()
    assert diabolo(*call).code == 0


def test_what_cannot_be_done_leaves_no_folder(place: Path, tmp_path: Path) -> None:
    frame().drop(columns=["a", "b"]).to_parquet(tmp_path / "less.parquet")
    with pytest.raises(DataError, match=r"less.parquet.*there are no columns 'a', 'b'; the columns are 'c'"):
        bulk.run(place / "codes.diabolo", [tmp_path / "less.parquet"], tmp_path / "out", verbose=False)
    assert not (tmp_path / "out").exists()


def test_columns_that_are_neither_used_nor_kept_are_told(place: Path, tmp_path: Path, diabolo: Any) -> None:
    """Of a table in memory they are an error, as scikit-learn asks for."""
    call = "encode", place / "codes.diabolo", place / "data", "-o"
    hint = "; --keep id writes it beside the results"
    told = f"diabolo: '{place / 'data'}': not used: 'id', which is no column of the model{hint}\n"
    for name in ("out", "out.csv"):
        assert diabolo(*call, tmp_path / name).err == told
        assert diabolo(*call, tmp_path / f"kept {name}", "--keep", "id").err == ""
    with pytest.warns(UserWarning, match="not used: 'id'"):
        load(place / "codes.diabolo").transform(place / "data")
    with pytest.raises(ValueError, match="unseen at fit time"):
        load(place / "codes.diabolo").transform(frame())


def test_columns_to_keep_that_are_not_there_are_named_together(place: Path, tmp_path: Path, diabolo: Any) -> None:
    """By the name that the option has where it was given."""
    said = diabolo("encode", place / "codes.diabolo", place / "data", "-o", tmp_path / "out", "--keep", "no", "--keep", "nor")
    assert (said.code, said.err) == (
        1,
        "diabolo: --keep: there are no columns 'no', 'nor'; the columns are 'id', 'a', 'b', 'c', 'kind'\n",
    )
    with pytest.raises(DataError, match=r"^keep: there is no column 'no'; the columns are 'id', 'a'"):
        bulk.run(place / "codes.diabolo", place / "data", tmp_path / "out", keep=["no"], verbose=False)


# ── the command line, and others' engines ────────────────────────────────────────────────────────────────────────────


def test_verbs_write_parts(place: Path, tmp_path: Path) -> None:
    def said(verb: str, model: str, data: str, out: Path, *more: str) -> str:
        keep = [] if verb == "tag" else ["--keep", "id"]  # else a warning says that it is not used
        arguments = [verb, str(place / f"{model}.diabolo"), str(place / data), "-o", str(out), *keep, *more]
        result = CliRunner().invoke(cli, arguments)
        return result.output + str(result.exception)

    for verb, model in (("encode", "codes"), ("score", "codes"), ("outliers", "outliers"), ("tag", "tags")):
        assert said(verb, model, "data", tmp_path / verb).startswith(f"500 rows: wrote {tmp_path / verb}\n")
        assert len([*(tmp_path / verb).glob("part-*.parquet")]) == 4
    assert said("encode", "codes", "data", tmp_path / "encode").startswith("500 rows (500 were there already): wrote")
    assert said("encode", "codes", "data/part-[03].parquet", tmp_path / "some.parquet").startswith("490 rows")
    assert pq.read_table(tmp_path / "some.parquet").num_rows == 490
    assert "contains the separator 'i': choose another one" in said("tag", "tags", "data", tmp_path / "t", "--labels-sep", "i")
    assert "give --alpha" in said("outliers", "outliers", "data", tmp_path / "o", "--fdr", "0.1")


@pytest.mark.filterwarnings("ignore")  # those of Ray about itself
def test_ray_gives_the_same(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more run does nothing."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        for now in (N, 0):
            done = bulk.run(place / "codes.diabolo", place / "data", tmp_path / "ray", keep=["id"], engine="ray", verbose=False)
            assert done.now == now
    finally:
        ray.shutdown()
    bulk.run(place / "codes.diabolo", place / "data", tmp_path / "local", keep=["id"], verbose=False)
    one, other = (parts_of(tmp_path / name).read() for name in ("ray", "local"))  # type: ignore[union-attr]
    assert one.equals(other)
    assert json.loads(pq.read_schema(tmp_path / "ray" / "part-0.parquet").metadata[work.KEY])["verb"] == "encode"


RECIPES = re.findall(r"```py\n(.*?)```", (Path(__file__).parents[1] / "docs" / "scaling.md").read_text("utf-8"), re.S)


@pytest.mark.filterwarnings("ignore")  # those of the engines about themselves
@pytest.mark.parametrize("engine", ["ray", "dask", "daft", "pyspark"])
def test_a_recipe_gives_the_same(engine: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block of docs/scaling.md, as it stands there; at most 30 lines."""
    pytest.importorskip(engine)
    if engine == "pyspark":
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            pytest.skip("Spark needs Java")
        monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
        monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    (code,) = (code for code in RECIPES if re.match(rf"(import|from) .*{engine}|.*\nfrom {engine}", code))
    assert len(code.splitlines()) <= 30
    encode = bulk.Applied(str(place / "codes.diabolo"), keep=("id",))
    given: dict[str, Any] = {"encode": encode, "folder": str(place / "data"), "Path": Path}
    try:
        exec(code, given)
    finally:
        for name, stop in (("ray", "shutdown"), ("spark", "stop")):
            getattr(given.get(name), stop, int)()
    whole = encode(parts_of(place / "data").read()).to_pandas()  # type: ignore[union-attr]
    pd.testing.assert_frame_equal(given["codes"].reset_index(drop=True), whole, rtol=1e-12, check_dtype=False)


def test_a_small_file_of_text_is_a_part_too(place: Path, tmp_path: Path, diabolo: Any) -> None:
    data = tmp_path / "new.csv"
    frame(100).to_csv(data, index=False)
    said = ("encode", place / "codes.diabolo", data, "-o", tmp_path / "out")
    assert diabolo(*said).out.startswith("100 rows: wrote")
    assert diabolo(*said).out.startswith("100 rows (100 were there already): wrote")
    assert pq.read_table(tmp_path / "out" / "new.parquet").num_rows == 100
