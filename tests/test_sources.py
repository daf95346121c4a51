"""Every verb on every kind of source of a table: the answer is that of the one file, whether it is read whole or in pieces."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner

from diabolo import Autoencoder, MultiLabelClassifier, OutlierDetector, Regressor, load
from diabolo.cli import VERBS, cli
from diabolo.copies import copies
from diabolo.errors import DataError
from diabolo.formats import infer, read_labeled, write_table
from diabolo.formats.cells import guessed
from diabolo.formats.files import Reading, read_table
from diabolo.formats.guess import Guess
from diabolo.formats.listing import listed
from diabolo.formats.output import write_pieces
from diabolo.rows import Rows

N, DROP = 120, [word for name in ("u", "v", "name", "z1", "z2", "z3") for word in ("--drop", name)]
QUICK = ("--epochs", "1", "--quiet")
SAMPLED = "50 of 120 rows"


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=N).round(3), "b": rng.normal(size=N).round(3), "c": rng.choice(["x", "y"], N)})
    X = X.assign(n=rng.integers(0, 90, N), name=[f"r{i}" for i in range(N)])
    X = X.assign(u=(X["a"] > 0) * 1, v=(X["b"] > 0) * 1, z1=X["a"], z2=X["b"], z3=X["a"] + 1)
    X.loc[::9, "b"] = np.nan
    return X[["a", "b", "c", "n", "name", "u", "v", "z1", "z2", "z3"]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table as one file of each kind, as parts of each kind, and a model of each kind."""
    folder, X = tmp_path_factory.mktemp("sources"), frame()

    def arrow(rows: pd.DataFrame, path: str) -> None:
        feather.write_feather(pa.Table.from_pandas(rows, preserve_index=False), path)

    def records(rows: pd.DataFrame, path: str) -> None:
        rows.to_json(path, orient="records", lines=True)

    write: dict[str, Callable[..., Any]] = {
        "parquet": lambda rows, path: rows.to_parquet(path, index=False, row_group_size=30),
        "csv": lambda rows, path: rows.to_csv(path, index=False),
        "jsonl": records,
        "feather": arrow,
    }
    for end, put in write.items():
        (folder / end).mkdir()
        put(X, f"{folder}/one.{end}")
        for i, rows in enumerate(np.array_split(np.arange(N), 3)):
            put(X.iloc[rows], f"{folder}/{end}/part-{i}.{end}")
    columns = X[["a", "b", "c", "n"]]
    few: dict[str, Any] = {"epochs": 1, "random_state": 0, "verbose": False}
    Autoencoder(3, **few).fit(columns).save(folder / "codes.diabolo")
    OutlierDetector(0.1, **few).fit(columns).save(folder / "outliers.diabolo")
    MultiLabelClassifier(**few).fit(columns, X[["u", "v"]]).save(folder / "tags.diabolo")
    Regressor(**few).fit(columns, X["z3"]).save(folder / "numbers.diabolo")
    return folder


SOURCES = {
    "one.parquet": "{0}/one.parquet",
    "one.jsonl": "{0}/one.jsonl",
    "one.feather": "{0}/one.feather",
    "folder": "{0}/parquet",
    "pattern": "{0}/parquet/*.parquet",
    "URL": "file://{0}/parquet",
    "CSV folder": "{0}/csv",
    "CSV pattern": "{0}/csv/part-*",
    "JSON folder": "{0}/jsonl",
    "Arrow folder": "{0}/feather",
}
COMMANDS: dict[str, list[str]] = {  # of every verb that takes tables; OUT is what it writes
    "fit": ["fit SRC -o OUT.diabolo"],
    "fit outliers": ["fit SRC --task outliers -o OUT.diabolo"],
    "fit labels": ["fit SRC --labels u,v --drop name --drop z1 --drop z2 --drop z3 -o OUT.diabolo"],
    "fit target": ["fit SRC --target z3 -o OUT.diabolo"],
    "info": ["info SRC"],
    "encode": ["encode codes SRC --keep name --keep b -o OUT.csv"],
    "encode to a folder": ["encode codes SRC --keep name -o OUT"],
    "decode": ["decode codes SRC -o OUT.csv"],
    "score": ["score codes SRC --keep name -o OUT.csv"],
    "impute": ["impute codes SRC -o OUT.csv"],
    "impute to a folder": ["impute codes SRC -o OUT"],
    "sample": ["sample codes --rows 5 --against SRC -o OUT.csv"],
    "map": ["map codes SRC --keep name -o OUT.csv"],
    "map as a picture": ["map codes SRC --color u -o OUT.svg"],
    "outliers": ["outliers outliers SRC --keep name -o OUT.csv"],
    "outliers to a folder": ["outliers outliers SRC --keep name -o OUT"],
    "tag": ["tag tags SRC -o OUT.parquet"],
    "tag on the screen": ["tag tags SRC"],
    "tag to a folder": ["tag tags SRC --keep name -o OUT"],
    "predict": ["predict numbers SRC -o OUT.csv"],
    "predict on the screen": ["predict numbers SRC --keep name"],
    "predict to a folder": ["predict numbers SRC --keep name -o OUT"],
    "label": ["label add tags w SRC --column u -o OUT.diabolo"],
    "report": ["report codes SRC --color u -o OUT.html"],
    "report outliers": ["report outliers SRC -o OUT.html"],
    "report labels": ["report tags SRC -o OUT.html"],
    "explore": ["explore codes SRC --export OUT.html"],
}
NO_TABLES = {"demo", "denoise", "upscale", "colorize", "fonts", "bench"}  # of their own data, of pictures, of fonts
SAID = {"map", "map as a picture", "report labels", "explore"}  # of a large data set the page holds some rows, and it is said


def test_no_verb_is_forgotten() -> None:
    assert {name.split()[0] for name in COMMANDS} | NO_TABLES == set(VERBS)


def run(command: str, place: Path, source: str, out: Path) -> str:
    """What the command prints."""
    words = [word.replace("SRC", source).replace("OUT", str(out)) for word in command.split()]
    words = [
        str(place / f"{w}.diabolo") if w in ("codes", "outliers", "tags", "numbers") and i == 1 else w
        for i, w in enumerate(words)
    ]
    if command.startswith("label "):
        words[2] = str(place / "tags.diabolo")
    words += [*QUICK, *(DROP if "labels" not in command else ())] if words[0] == "fit" else []
    found = CliRunner().invoke(cli, words)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def read(out: Path) -> Any:
    """What was written, to be compared."""
    if out.is_dir():
        return pa.concat_tables([pq.read_table(path) for path in sorted(out.rglob("*.parquet"))]).to_pandas()
    written = next(iter(out.parent.glob(out.name + ".*")), None)
    if written is None:
        return None
    if written.suffix == ".diabolo":
        model = load(written)
        X = frame()[["a", "b", "c", "n"]]
        ways = ("predict_proba", "score_samples", "predict")
        return next(getattr(model, way)(X) for way in ways if hasattr(model, way))
    if written.suffix in (".csv", ".parquet"):
        return read_table(written).to_pandas()
    return written.read_text()


def same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, pd.DataFrame):
        pd.testing.assert_frame_equal(found, wanted, check_dtype=False, check_categorical=False)
    elif isinstance(wanted, np.ndarray):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    else:
        assert found == wanted


@pytest.fixture(scope="module")
def wanted(place: Path) -> Callable[[str], tuple[str, Any]]:
    """What a command prints and writes for the one CSV."""
    known: dict[str, tuple[str, Any]] = {}

    def of(name: str) -> tuple[str, Any]:
        if name not in known:
            out = place / "wanted" / name.replace(" ", "-")
            out.parent.mkdir(exist_ok=True)
            one = "one.parquet" if "folder" in name else "one.csv"
            printed = run(COMMANDS[name][0], place, str(place / one), out)
            known[name] = tidied(printed, out, place, place / one), read(out)
        return known[name]

    return of


def tidied(printed: str, out: Path, place: Path, source: Any) -> str:
    """Without names of files, spaces that depend on them, and types, which kinds of files do not share."""
    for path in (out, source, place):
        printed = printed.replace(str(path), "")
    return re.sub(r"[\s─┬┴┼│]+|\(.* bytes\)|string|large_|; (pandas|arrow)|\.csv|\.parquet", "", printed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_verb_gives_the_answer_of_the_one_file(
    name: str, source: str, place: Path, tmp_path: Path, wanted: Callable[[str], tuple[str, Any]]
) -> None:
    said, result = wanted(name)
    where = SOURCES[source].format(place)
    printed = run(COMMANDS[name][0], place, where, tmp_path / "out")
    if name.startswith(("report", "explore")):  # the page has the name of the source, and numbers that depend on the batch
        result, found = (re.sub(r"\W|[\d]", "", str(page)) for page in (result, read(tmp_path / "out")))
        assert len(found) == pytest.approx(len(result), rel=0.02)
    else:
        same(read(tmp_path / "out"), result)
    if name != "info":
        assert tidied(printed, tmp_path / "out", place, where) == said


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("source", ["one.parquet", "folder", "CSV folder", "JSON folder", "Arrow folder"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_verb_reads_a_large_data_set_in_pieces(
    name: str,
    source: str,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: Callable[[str], tuple[str, Any]],
) -> None:
    """The same, if all limits of what is read as a whole are low: a page holds some rows, and says so."""
    _, result = wanted(name)
    for module, limits in LIMITS.items():
        for limit in limits:
            monkeypatch.setattr(f"diabolo.{module}.{limit}", 50 if limit != "BLOCK" else 2000)
    printed = run(COMMANDS[name][0], place, SOURCES[source].format(place), tmp_path / "out")
    found = read(tmp_path / "out")
    if name in SAID:
        assert SAMPLED in printed
    if name in ("explore", "report labels"):
        assert SAMPLED in found
    elif name == "map":
        given = ["row", "name", "error", "log likelihood"]
        same(found[given], result[given])
        assert found["t-SNE"].sum() == 50, "the others are placed between these"
    elif name.startswith("fit"):
        assert np.isfinite(found).all()
        assert found.shape == result.shape
    elif not name.startswith(("map", "report")):
        same(found, result)


LIMITS = {
    "formats.labeled": ("ON_PAGE", "SAMPLE"),
    "formats.tables": ("SAMPLE", "LEAST_SAMPLE"),
    "formats.base": ("SAMPLE",),
    "formats.delimited": ("BLOCK",),
    "formats.records": ("BLOCK",),
    "cli.data": ("IN_MEMORY",),
    "cli.decode": ("IN_MEMORY", "AT_ONCE"),
}


# ── in Python ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", ["parquet", "csv", "jsonl", "feather"])
def test_a_list_is_a_data_set(end: str, place: Path) -> None:
    ae, X = load(place / "codes.diabolo"), frame()
    paths = sorted((place / end).iterdir())
    np.testing.assert_allclose(ae.transform(paths), ae.transform(X[["a", "b", "c", "n"]]))
    two = pd.concat([X.iloc[80:], X.iloc[:40]])  # a list keeps its order
    np.testing.assert_allclose(ae.score_samples([paths[2], paths[0]]), ae.score_samples(two[["a", "b", "c", "n"]]))


def test_arrays_in_files_are_rows_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).normal(size=(100, 4))
    paths = [str(tmp_path / f"{i}.npy") for i in range(2)]
    for path, rows in zip(paths, (X[:60], X[60:]), strict=True):
        np.save(path, rows)
    few: dict[str, Any] = {"epochs": 1, "random_state": 0, "verbose": False}
    codes = Autoencoder(2, **few).fit(X).transform(X)
    np.save(tmp_path / "all.npy", X)
    mapped = np.load(tmp_path / "all.npy", mmap_mode="r")
    for source in (paths, [Path(path) for path in paths], mapped, str(tmp_path / "all.npy")):
        assert np.array_equal(Autoencoder(2, **few).fit(source).transform(source), codes)
    monkeypatch.setattr("diabolo.formats.base.MAX_BYTES_IN_MEMORY", 100)  # then they are in a temporary file
    assert np.array_equal(Autoencoder(2, **few).fit(paths).transform(paths), codes)
    OutlierDetector(0.1, **few).fit(paths).predict(paths)
    with pytest.raises(DataError, match=r"np\.concatenate"):
        Autoencoder(2, **few).fit([X[:60], X[60:]])
    np.save(paths[1], X[:, :2])
    with pytest.raises(DataError, match="as many columns"):
        Autoencoder(2, **few).fit(paths)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sep", [None, ";"])
def test_labels_of_a_data_set_are_those_of_the_table(sep: str | None, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the bit, while the columns are measured on all rows."""
    labels = ["u", "v"] if sep is None else "c"
    few: dict[str, Any] = {"epochs": 1, "random_state": 0, "verbose": False}
    X, Y = read_labeled(place / "parquet", labels, labels_sep=sep, drop=["name"])
    monkeypatch.setattr("diabolo.formats.labeled.SAMPLE", 50)
    parts, answers = read_labeled(place / "parquet", labels, labels_sep=sep, drop=["name"])
    assert not isinstance(parts, pa.Table)
    one, other = MultiLabelClassifier(**few).fit(X, Y), MultiLabelClassifier(**few).fit(parts, answers)
    assert np.array_equal(one.predict_proba(X), other.predict_proba(X))
    assert one.labels_.state() == other.labels_.state()
    third = MultiLabelClassifier(**few).fit(place / "parquet", labels=labels, labels_sep=sep)
    assert [*third.classes_] == [*one.classes_]


@pytest.mark.filterwarnings("ignore")
def test_what_is_no_label_is_named_with_its_row(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place / "parquet", tmp_path / "parts")
    X = frame().iloc[80:].assign(u=1)
    X.loc[100, "u"] = 3
    X.to_parquet(tmp_path / "parts" / "part-2.parquet", index=False)
    monkeypatch.setattr("diabolo.formats.labeled.SAMPLE", 50)
    with pytest.raises(DataError, match="column 'u' holds 3 in row 100"):
        read_labeled(tmp_path / "parts", ["u", "v"])
    with pytest.raises(ValueError, match="leave out one of the two"):
        MultiLabelClassifier().fit(tmp_path / "parts", [1], labels=["u"])


# ── text in blocks ───────────────────────────────────────────────────────────────────────────────────────────────────

CELLS = {
    "whole": "5",
    "negative": "-7",
    "number": "0.25",
    "code": "007",
    "huge": "12345678901234567890123",
    "truth": "true",
    "one": "1",
    "day": "2024-05-01",
    "clock": "9:30",
    "fine clock": "09:30:00.25",
    "moment": "2024-05-01 05:30:00",
    "fine moment": "2024-05-01T05:00:00.125",
    "zone": "2024-05-01T05:00:00+02:00",
    "text": "a b",
    "gap": None,
    "blank": " 5",
}


@pytest.mark.parametrize("seed", range(40))
def test_a_guess_in_pieces_is_that_of_all_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(10):
        kinds = rng.choice([*CELLS], rng.integers(1, 4))
        pieces = [pa.array([CELLS[rng.choice(kinds)] for _ in range(rng.integers(1, 5))], pa.string()) for _ in range(3)]
        guess = Guess()
        for piece in pieces:
            guess.add(piece)
        assert guess.type == guessed(pa.chunked_array(pieces)).type, kinds


@pytest.mark.parametrize("end", ["csv", "jsonl"])
def test_files_are_read_as_one_table(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only one file shows decides for all; in blocks of a few rows, too."""
    monkeypatch.setattr("diabolo.formats.delimited.BLOCK", 120)
    monkeypatch.setattr("diabolo.formats.records.BLOCK", 120)
    first = pd.DataFrame({"a": [1, 2] * 20, "b": ["2024-05-01 05:00:00"] * 40, "c": [True, False] * 20, "d": ["x"] * 40})
    second = pd.DataFrame({"a": [1.5] * 9, "b": ["2024-05-01T05:00:00.5"] * 9, "c": [True] * 9, "d": ['y, "z"'] * 9})
    folder = tmp_path / "parts"
    folder.mkdir()
    for i, rows in enumerate((first, second)):
        path = folder / f"{i}.{end}"
        rows.to_csv(path, index=False) if end == "csv" else rows.to_json(path, orient="records", lines=True)
    head, rest = (path.read_text() for path in sorted(folder.iterdir()))
    (tmp_path / f"all.{end}").write_text(head + (rest.partition("\n")[2] if end == "csv" else rest))
    one, parts = read_table(tmp_path / f"all.{end}"), read_table(folder)
    assert parts.schema.equals(one.schema)
    assert parts.to_pylist() == one.to_pylist()
    types = dict(zip(one.column_names, one.schema.types, strict=True))
    assert read_table(folder, None, None, types).to_pylist() == one.to_pylist()
    assert read_table(folder, None, None, {}).to_pylist() == read_table(tmp_path / f"all.{end}", None, None, {}).to_pylist()


def test_columns_of_dates_keep_their_place(tmp_path: Path) -> None:
    for i in range(2):
        (tmp_path / f"{i}.csv").write_text(f"a,when,b\n1,0{i + 1}.05.2024,2\n")
    reading = Reading(dates={"when": "%d.%m.%Y"})
    one, parts = read_table(tmp_path / "0.csv", None, reading), read_table(tmp_path, None, reading)
    assert parts.column_names == one.column_names == ["a", "when", "b"]
    assert parts.slice(0, 1).to_pylist() == one.to_pylist()


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    def folder(name: str, **files: str) -> Path:
        (tmp_path / name).mkdir()
        for stem, text in files.items():
            (tmp_path / name / stem.replace("_", ".")).write_text(text)
        return tmp_path / name

    with pytest.raises(DataError, match=r"'v' is in .*a.csv' and not in .*b.csv"):
        read_table(folder("columns", a_csv="n,v\n1,2\n", b_csv="n,w\n1,2\n"))
    with pytest.raises(DataError, match=r"b.csv'.*line 3 has 1 cells, but there are 2 columns"):
        read_table(folder("cells", a_csv="n,v\n1,2\n", b_csv="n,v\n1,2\n3\n"))
    with pytest.raises(DataError, match=r"b.csv'.*a quotation mark is missing"):
        read_table(folder("marks", a_csv="n,v\n1,2\n", b_csv='n,v\n1,"a\n2,3\n'))
    with pytest.raises(DataError, match="field 'n' holds texts, and whole numbers above"):
        read_table(folder("json", a_jsonl='{"n": 1}\n', b_jsonl='{"n": "x"}\n'))
    with pytest.raises(DataError, match="several kinds"):
        read_table(str(folder("kinds", a_csv="n\n1\n", b_jsonl='{"n": 1}\n') / "*"))
    typed = {"n": pa.int64(), "v": pa.int64()}
    with pytest.raises(DataError, match=r"b.csv': column 'v' holds texts, 'x' \(row 1\)"):
        read_table(folder("types", a_csv="n,v\n1,2\n", b_csv="n,v\n1,2\n1,x\n"), None, None, typed)
    with pytest.raises(DataError, match=r"b.jsonl': row 1 is not JSON .*may be cut off"):
        read_table(folder("half", a_jsonl='{"n": 1}\n', b_jsonl='{"n": 1}\n{"n": \n'))
    with pytest.raises(DataError, match=r"a.jsonl': row 1 is not JSON"):  # the file by which the folder is known
        Autoencoder(1).fit(folder("half_first", a_jsonl='{"n": 1}\n{"n": \n', b_jsonl='{"n": 1}\n'))
    with pytest.raises(DataError, match=r"b.jsonl': row 0 names the field 'n' twice"):
        read_table(folder("twice", a_jsonl='{"n": 1}\n', b_jsonl='{"n": 1, "n": 2}\n'))
    with pytest.raises(DataError, match=r"cannot read .*a.csv.gz': Not a gzipped file"):
        read_table(folder("packed", a_csv_gz="n\n1\n", b_csv="n\n2\n"))


@pytest.mark.parametrize("broken", [slice(0, -20), slice(0, 12)])
def test_a_packed_part_that_is_cut_off_is_named(broken: slice, tmp_path: Path) -> None:
    for name in ("a", "b"):
        pd.DataFrame({"n": np.random.default_rng(0).normal(size=90)}).to_csv(tmp_path / f"{name}.csv.gz", index=False)
    (tmp_path / "b.csv.gz").write_bytes((tmp_path / "b.csv.gz").read_bytes()[broken])
    with pytest.raises(DataError, match=r"cannot read .*b.csv.gz'"):
        read_table(tmp_path)


@pytest.mark.parametrize("names", [["a.csv", "a.parquet"], ["a.csv", "notes.txt"], ["a.csv", "parts"], ["notes.txt", "a.npy"]])
@pytest.mark.parametrize("kind", [str, Path])
def test_of_a_list_of_files_none_is_left_out_and_no_name_is_learned(names: list[str], kind: type, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    X = pd.DataFrame({"n": [1.0, 2, 3]})
    for folder in (tmp_path, tmp_path / "parts"):
        X.to_csv(folder / "a.csv", index=False)
    X.to_parquet(tmp_path / "a.parquet")
    np.save(tmp_path / "a.npy", X)
    (tmp_path / "notes.txt").write_text("some words\n")
    with pytest.raises(DataError, match=r"several kinds, csv, parquet|X is a list of names of files"):
        Autoencoder(1).fit([kind(tmp_path / name) for name in names])


def test_a_folder_with_other_files_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n")
    (tmp_path / "matrix.mtx").write_text("")
    assert listed(tmp_path) is None
    assert [part.name for part in listed(f"{tmp_path}/*.csv") or []] == ["a.csv"]


def test_notes_beside_tables_are_named_and_not_read(tmp_path: Path) -> None:
    for i in range(2):
        (tmp_path / f"{i}.csv").write_text("n\n1\n")
    for name in ("README.txt", "README.md", "LICENSE", "about.json"):
        (tmp_path / name).write_text("what this is")
    with pytest.warns(UserWarning, match=r"only the 2 .csv files are read, and not 'LICENSE', .*, and 1 more"):
        assert [part.name for part in listed(tmp_path) or []] == ["0.csv", "1.csv"]
    (tmp_path / "0.jsonl").write_text('{"n": 1}')
    assert listed(tmp_path) is None


def test_many_texts_beside_a_table_are_documents(tmp_path: Path) -> None:
    (tmp_path / "authors.csv").write_text("n\n1\n")
    for i in range(6):
        (tmp_path / f"{i}.txt").write_text("some words of a document")
    with pytest.warns(UserWarning, match=r"holds 6 .txt files, which are read, and tables, such as 'authors.csv', which"):
        assert infer(tmp_path).kind == "documents"


def test_copies_are_found_in_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(300, 3)
    x[::7, 1] = float("nan")
    x = torch.cat([x, x[:50]])
    whole = copies(Rows(x))
    assert whole.tolist() == [False] * 300 + [True] * 50
    monkeypatch.setattr("diabolo.copies.SORTED", 30)
    assert np.array_equal(copies(Rows(x)), whole)


@pytest.mark.parametrize("end", [".csv", ".tsv.gz", ".parquet", ".feather"])
def test_pieces_are_written_as_one_table(end: str, tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, 3], "b": pa.array(["x", None, "y"]).dictionary_encode()})
    write_pieces((table[i : i + 1] for i in range(3)), tmp_path / f"pieces{end}")
    write_table(table, tmp_path / f"whole{end}")
    assert read_table(tmp_path / f"pieces{end}").to_pylist() == read_table(tmp_path / f"whole{end}").to_pylist()


def test_results_never_replace_their_data(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "csv", tmp_path / "csv")
    for out in (folder, folder / "part-0.csv"):
        with pytest.raises(DataError, match=r"folder of the data|one of the files that are read|lies within the data"):
            run("encode codes SRC -o OUT", place, str(folder), out)
