"""Every verb does its work, explains itself, and says in one line what is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from diabolo import Autoencoder, __version__, load
from diabolo.cli import VERBS, main
from kinds import SMALL, frame, texts

FIT = ["--epochs", "2", "--hidden", "8", "--quiet"]


class Said:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def diabolo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """``diabolo("fit", ...)``: the command line in this process, as the entry point runs it."""

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["diabolo", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "120")
        code: Any = 0
        try:
            with warnings.catch_warnings():
                main()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, texts, arrays, and a model of each."""
    folder = tmp_path_factory.mktemp("cli")
    frame().drop(columns=["when", "long"]).to_csv(folder / "people.csv", index=False)
    (folder / "mails.txt").write_text("\n".join(texts()))
    np.save(folder / "numbers.npy", np.random.default_rng(0).normal(size=(60, 5)))
    command = [sys.executable, "-m", "diabolo", "fit", folder / "people.csv", "-o", folder / "people.diabolo", *FIT]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    for name in ("mails.txt", "numbers.npy"):
        Autoencoder(**SMALL).fit(folder / name).save(folder / Path(name).with_suffix(".diabolo"))
    return folder


def left(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


# ── every verb ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_examples(verb: str, diabolo: Any) -> None:
    said = diabolo(verb, "--help")
    assert said.code == 0
    assert "Examples:" in said.out
    assert f"diabolo {verb}" in said.out


def test_the_list_of_verbs(diabolo: Any) -> None:
    said = diabolo("--help")
    assert said.code == 0
    for verb, line in VERBS.items():
        assert verb in said.out
        assert line.split()[-1] in re.sub(r"-\n +", "-", said.out)
    assert diabolo("--version").out == f"diabolo, version {__version__}\n"


def test_each_verb_is_a_file() -> None:
    import diabolo.cli

    helpers = {"__init__", "__main__", "data", "tables"}
    files = {p.stem for p in Path(diabolo.cli.__file__).parent.glob("*.py")}
    assert set(VERBS) == files - helpers


# ── the main job ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_fit_prints_the_comparison(place: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("fit", place / "people.csv", "-k", 3, "-o", tmp_path / "a.diabolo", "--epochs", 2, "--hidden", "8")
    assert said.code == 0, said.err
    assert "PCA 3" in said.out
    assert "autoencoder 3" in said.out
    assert load(tmp_path / "a.diabolo").n_components_ == 3
    assert left(tmp_path) == {"a.diabolo"}


def test_fit_drops_columns_and_takes_a_share(place: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("fit", place / "people.csv", "-k", "0.5", "--drop", "city", "--drop", "same", "-o", tmp_path / "a", *FIT)
    assert said.code == 0, said.err
    model = load(tmp_path / "a")
    assert "city" not in model.format_.columns
    assert model.n_components == 0.5


def test_info(place: Path, diabolo: Any) -> None:
    for name, data in (
        ("people", "table of 7 columns"),
        ("mails", "documents, vocabulary of 12"),
        ("numbers", "array of 5 columns"),
    ):
        said = diabolo("info", place / f"{name}.diabolo")
        assert said.code == 0
        assert data in said.out
        assert "Autoencoder" in said.out
        whole = json.loads(diabolo("info", place / f"{name}.diabolo", "--json").out)
        assert whole["kind"] == "Autoencoder"


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "tsv", "parquet", "feather"])
def test_there_and_back(suffix: str, place: Path, tmp_path: Path, diabolo: Any) -> None:
    codes, back = tmp_path / f"codes.{suffix}", tmp_path / f"back.{suffix}"
    assert diabolo("encode", place / "people.diabolo", place / "people.csv", "-o", codes).code == 0
    said = diabolo("decode", place / "people.diabolo", codes, "-o", back)
    assert said.code == 0, said.err
    assert "60 rows" in said.out
    model = load(place / "people.diabolo")
    if suffix == "parquet":
        assert np.array_equal(pq.read_table(codes).to_pandas().to_numpy(), model.transform(place / "people.csv"))
        assert pq.read_table(back).schema.equals(model.reconstruct(place / "people.csv").schema, check_metadata=False)
    if suffix == "csv":
        table = pd.read_csv(back)
        assert list(table.columns) == model.format_.columns
        assert set(table["city"]) <= {"Oslo", "Rome", "Bern"}
    assert left(tmp_path) == {codes.name, back.name}


@pytest.mark.parametrize(("name", "data"), [("numbers", "numbers.npy"), ("mails", "mails.txt")])
def test_arrays_and_documents(name: str, data: str, place: Path, tmp_path: Path, diabolo: Any) -> None:
    codes, back = tmp_path / "codes.npy", tmp_path / ("back.npy" if name == "numbers" else "back.csv")
    assert diabolo("encode", place / f"{name}.diabolo", place / data, "-o", codes).code == 0
    assert np.load(codes).shape[1] == 2
    said = diabolo("decode", place / f"{name}.diabolo", codes, "-o", back)
    assert said.code == 0, said.err
    assert diabolo("score", place / f"{name}.diabolo", place / data).code == 0


def test_score(place: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("score", place / "people.diabolo", place / "people.csv", "-o", tmp_path / "errors.csv", "--worst", 3)
    assert said.code == 0, said.err
    assert "60 rows, mean error" in said.out
    assert "Worst rows" in said.out
    errors = pd.read_csv(tmp_path / "errors.csv")
    model = load(place / "people.diabolo")
    assert np.allclose(errors["error"], -model.score_samples(place / "people.csv"))
    assert list(errors.columns) == ["row", "error", *(f"error {name}" for name in model.format_.columns)]


def test_outliers(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model = tmp_path / "normal.diabolo"
    said = diabolo(
        "fit", place / "people.csv", "--task", "outliers", "--alpha", "0.05", "-o", model, "--epochs", 2, "--hidden", 8
    )
    assert said.code == 0, said.err
    assert "flags 5.00% of normal rows" in " ".join(said.out.split())
    strange = pd.read_csv(place / "people.csv").iloc[:20].assign(size=lambda df: [50.0, *df["size"][1:]])
    strange.to_csv(tmp_path / "new.csv", index=False)
    said = diabolo("outliers", model, tmp_path / "new.csv", "-o", tmp_path / "flagged.csv")
    assert said.code == 0, said.err
    assert "20 rows, " in said.out
    flagged = pd.read_csv(tmp_path / "flagged.csv")
    first = flagged.iloc[0]
    assert (first["row"], first["column"], first["seen"], first["replace"]) == (0, "size", "50", True)
    assert first["p"] == pytest.approx(1 / 61)
    said = diabolo("outliers", model, tmp_path / "new.csv", "--alpha", "0.9999")
    assert int(said.out.split("20 rows, ")[1].split()[0]) > flagged["row"].nunique()
    assert diabolo("outliers", model, tmp_path / "new.csv", "--fdr", "0.5").code == 0
    one_line(diabolo("encode", model, tmp_path / "new.csv", "-o", tmp_path / "x.csv"), 1, "holds an OutlierDetector, but")
    one_line(diabolo("outliers", place / "people.diabolo", tmp_path / "new.csv"), 1, "--task outliers")
    assert diabolo("info", model).code == 0
    assert left(tmp_path) == {"normal.diabolo", "new.csv", "flagged.csv"}


def test_nothing_flagged(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model = tmp_path / "normal.diabolo"
    assert diabolo("fit", place / "numbers.npy", "--task", "outliers", "-o", model, *FIT).code == 0
    said = diabolo("outliers", model, place / "numbers.npy", "--alpha", "0.00001", "-o", tmp_path / "flagged.csv")
    assert said.code == 0, said.err
    assert "0 flagged" in said.out
    assert (tmp_path / "flagged.csv").read_text().startswith('"row","p"')


def test_sample(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model, out = place / "people.diabolo", tmp_path / "new.csv"
    said = diabolo("sample", model, "-n", 30, "--given", "city=Oslo", "--given", "count=7", "-o", out)
    assert said.code == 0, said.err
    new = pd.read_csv(out)
    assert list(new.columns) == load(model).format_.columns
    assert set(new["city"]) == {"Oslo"}
    assert set(new["count"]) == {7}
    said = diabolo("sample", model, "-n", 5, "--likelihood", 0.2, 1, "--against", place / "people.csv", "-o", out)
    assert "Distance to the nearest training row" in said.out
    assert "0 are copies" in said.out
    one_line(diabolo("sample", model, "--given", "city", "-o", out), 1, "write COLUMN=VALUE")
    one_line(diabolo("sample", model, "--given", "count=many", "-o", out), 1, "--given count=many")
    one_line(diabolo("sample", model, "--given", "age=7", "-o", out), 1, "no column 'age'")
    assert diabolo("sample", place / "mails.diabolo", "-n", 3, "-o", tmp_path / "mails.csv").code == 0
    assert diabolo("sample", place / "numbers.diabolo", "-n", 3, "-o", tmp_path / "numbers.npy").code == 0
    assert np.load(tmp_path / "numbers.npy").shape == (3, 5)


def test_map(place: Path, tmp_path: Path, diabolo: Any) -> None:
    out, data = tmp_path / "places.csv", place / "people.csv"
    said = diabolo("map", place / "people.diabolo", data, "--new", data, "-o", out)
    assert said.code == 0, said.err
    assert "120 rows, codes" in said.out
    places = pd.read_csv(out)
    assert list(places.columns) == ["row", "new", "x", "y", "error", "log likelihood"]
    assert places["new"].tolist() == [0] * 60 + [1] * 60
    assert np.allclose(places["log likelihood"][:60], load(place / "people.diabolo").log_prob(data))


@pytest.mark.parametrize("color", [None, "error", "likelihood", "city", "size"])
def test_map_as_a_picture(color: str | None, place: Path, tmp_path: Path, diabolo: Any) -> None:
    out, data = tmp_path / "map.svg", place / "people.csv"
    said = diabolo("map", place / "people.diabolo", data, "--new", data, "-o", out, *(["--color", color] if color else []))
    assert said.code == 0, said.err
    drawn = ElementTree.parse(out).getroot()
    points = [c for c in drawn.iter("{http://www.w3.org/2000/svg}circle") if c.get("r") != "6"]
    assert len(points) == 120
    assert len({c.get("fill") for c in points[:60]}) > 1 or color is None
    assert len({c.get("r") for c in points}) == 2  # new rows are larger


def test_map_in_a_wrong_colour(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model, data = place / "people.diabolo", place / "people.csv"
    one_line(diabolo("map", model, data, "-o", tmp_path / "a.svg", "--color", "colour"), 1, "--color: there is no column")
    one_line(diabolo("map", model, data, "-o", tmp_path / "a.csv", "--color", "city"), 2, "something.svg")
    assert not left(tmp_path)


def test_report(place: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("report", place / "people.diabolo", place / "people.csv", "-o", tmp_path / "report.html")
    assert said.code == 0, said.err
    page = (tmp_path / "report.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "city" in page
    assert left(tmp_path) == {"report.html"}


def test_demo(tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("demo", "-o", tmp_path / "demo", "--epochs", 1)
    assert said.code == 0, said.err
    assert str(tmp_path / "demo" / "report.html") in said.out.replace("\n", "")
    assert left(tmp_path / "demo") == {"digits.diabolo", "report.html"}


# ── what is wrong ────────────────────────────────────────────────────────────────────────────────────────────────────


def one_line(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    if code == 1:
        assert said.err.startswith("diabolo: ")
        assert said.err.count("\n") == 1, said.err
    for word in words:
        assert word in said.err


def test_usage(place: Path, tmp_path: Path, diabolo: Any) -> None:
    data, out = place / "people.csv", tmp_path / "a"
    one_line(diabolo("fit", data), 2, "--output")
    one_line(diabolo("fit", tmp_path / "absent.csv", "-o", out), 2, "does not exist")
    one_line(diabolo("fit", data, "-o", out, "-k", "two"), 2, "neither a number of codes, such as 8, nor a share")
    one_line(diabolo("fit", data, "-o", out, "--hidden", "large"), 2, "give widths such as 256,256")
    one_line(diabolo("fit", data, "-o", out, "--epochs", "0"), 2, "--epochs")
    one_line(diabolo("train"), 2, "No such command 'train'")
    assert not left(tmp_path)


def test_bad_data(place: Path, tmp_path: Path, diabolo: Any) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    out = tmp_path / "a.diabolo"
    (bad / "empty.csv").write_text("")
    (bad / "header.csv").write_text("a,b\n")
    (bad / "ragged.csv").write_text("a,b\n1,2\n1,2,3\n")
    (bad / "twice.csv").write_text("a,a\n1,2\n3,4\n")
    (bad / "table.parquet").write_text("a,b\n1,2\n")
    (bad / "page.html").write_text("<html>")
    (bad / "few.csv").write_text("a\n1\n2\n3\n")
    one_line(diabolo("fit", bad / "empty.csv", "-o", out), 1, "empty.csv", "is empty")
    one_line(diabolo("fit", bad / "header.csv", "-o", out), 1, "header.csv", "no rows")
    one_line(diabolo("fit", bad / "ragged.csv", "-o", out), 1, "ragged.csv")
    one_line(diabolo("fit", bad / "twice.csv", "-o", out), 1, "'a' is repeated")
    one_line(diabolo("fit", bad / "table.parquet", "-o", out), 1, "table.parquet")
    one_line(diabolo("fit", bad / "page.html", "-o", out), 1, "should end in one of")
    one_line(diabolo("fit", bad / "few.csv", "-o", out), 1, "n_components=2")
    one_line(diabolo("fit", place / "people.csv", "--drop", "age", "-o", out), 1, "no column 'age'")
    one_line(diabolo("fit", place / "people.csv", "--loss", "hinge", "-o", out), 1, "loss='hinge'")
    assert left(tmp_path) == {"bad"}, "nothing is written when nothing was learned"


def test_bad_models(place: Path, tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "a.diabolo").write_text("no model")
    blob = bytearray((place / "people.diabolo").read_bytes())
    blob[-1] ^= 1
    (tmp_path / "b.diabolo").write_bytes(blob)
    for verb in ("info", "encode", "score"):
        rest = [] if verb == "info" else [place / "people.csv"]
        rest += ["-o", tmp_path / "x.csv"] if verb == "encode" else []
        one_line(diabolo(verb, tmp_path / "a.diabolo", *rest), 1, "cannot load", "a.diabolo")
    one_line(diabolo("score", tmp_path / "b.diabolo", place / "people.csv"), 1, "checksum")
    assert left(tmp_path) == {"a.diabolo", "b.diabolo"}


def test_data_that_does_not_fit(place: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "codes.csv"
    table = pd.read_csv(place / "people.csv")
    table.drop(columns="city").to_csv(tmp_path / "less.csv", index=False)
    table.assign(size="large").to_csv(tmp_path / "other.csv", index=False)
    table[table.columns[::-1]].assign(more=1).to_csv(tmp_path / "more.csv", index=False)
    one_line(diabolo("encode", place / "people.diabolo", tmp_path / "less.csv", "-o", out), 1, "no column 'city'")
    one_line(diabolo("encode", place / "people.diabolo", tmp_path / "other.csv", "-o", out), 1, "column 'size'")
    one_line(diabolo("decode", place / "people.diabolo", tmp_path / "less.csv", "-o", out), 1, "no column 'z1'")
    assert not out.exists()
    assert diabolo("encode", place / "people.diabolo", tmp_path / "more.csv", "-o", out).code == 0


def test_inputs_are_never_overwritten(place: Path, tmp_path: Path, diabolo: Any) -> None:
    for name in ("people.csv", "people.diabolo"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    model, data = tmp_path / "people.diabolo", tmp_path / "people.csv"
    (tmp_path / "link.csv").symlink_to(data)
    before = data.read_bytes(), model.read_bytes()
    for arguments in (
        ("fit", data, "-o", data),
        ("fit", data, "-o", tmp_path / "link.csv"),
        ("encode", model, data, "-o", data),
        ("encode", model, data, "-o", model),
        ("decode", model, data, "-o", data),
        ("score", model, data, "-o", data),
        ("report", model, data, "-o", model),
        ("outliers", model, data, "-o", data),
        ("sample", model, "-o", model),
        ("map", model, data, "-o", data),
    ):
        one_line(diabolo(*arguments), 1, "is the input: choose another name")
    assert before == (data.read_bytes(), model.read_bytes())


def test_places_that_take_no_file(place: Path, tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.diabolo").mkdir()
    data = place / "people.csv"
    one_line(diabolo("fit", data, "-o", tmp_path / "no" / "a.diabolo", *FIT), 1, "create it first")
    one_line(diabolo("fit", data, "-o", tmp_path / "file" / "a.diabolo", *FIT), 1, "cannot write")
    one_line(diabolo("fit", data, "-o", tmp_path / "folder.diabolo", *FIT), 1, "there is a folder of this name")
    one_line(diabolo("encode", place / "people.diabolo", data, "-o", tmp_path / "a.xlsx"), 1, "its name ends in none of")
    assert left(tmp_path) == {"file", "folder.diabolo"}


def test_a_failed_fit_leaves_the_old_model(place: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "a.diabolo"
    out.write_text("old")
    one_line(diabolo("fit", place / "people.csv", "-k", "99", "-o", out, *FIT), 1, "n_components=99")
    assert out.read_text() == "old"
    assert left(tmp_path) == {"a.diabolo"}


def test_warnings_are_one_line(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1, 2, 3] * 9, "b": [3, 1, 2] * 9, "none": [None] * 27}).to_csv(tmp_path / "a.csv", index=False)
    command = [sys.executable, "-m", "diabolo", "fit", tmp_path / "a.csv", "-k", "1", "-o", tmp_path / "a.diabolo", *FIT]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stderr == "diabolo: column(s) 'none' have no values at all, and teach nothing: drop them\n"


def test_the_traceback_is_there_for_who_asks(place: Path, tmp_path: Path) -> None:
    (tmp_path / "a.diabolo").write_text("no model")
    command = [sys.executable, "-m", "diabolo", "info", str(tmp_path / "a.diabolo")]
    said = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"DIABOLO_TRACEBACK": "1"}, check=False)
    assert said.returncode == 1
    assert "Traceback" in said.stderr
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
