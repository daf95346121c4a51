"""Every verb does its work, explains itself, and says in one line what is wrong."""

from __future__ import annotations

import functools
import importlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from conftest import Said
from diabolo import Autoencoder, IndependentClassifiers, Mask, Regressor, __version__, load
from diabolo.cli import VERBS, main
from diabolo.cli.data import never_onto_input
from diabolo.errors import DataError
from diabolo.formats import Reading, write_table
from kinds import SMALL, frame, texts

FIT = ["--epochs", "2", "--hidden", "8", "--quiet"]


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


def test_names_that_a_shell_made_of_a_pattern(place: Path, tmp_path: Path, diabolo: Any) -> None:
    call = "encode", place / "people.diabolo", place / "people.csv"
    said = diabolo(*call, place / "mails.txt", "-o", tmp_path / "a.csv")
    assert said.code == 2
    assert 'If a pattern was meant, put it in quotes, such as "parts/*.parquet"' in said.err
    assert "pattern" not in diabolo(*call, "mistake", "-o", tmp_path / "a.csv").err


@pytest.mark.parametrize("verb", ["fit", "encode", "score", "outliers", "tag"])
def test_help_speaks_of_parts(verb: str, diabolo: Any) -> None:
    assert 'a pattern in quotes, such as "parts/2024-*.parquet"' in " ".join(diabolo(verb, "--help").out.split())


def test_one_word_is_one_thing(diabolo: Any) -> None:
    """--sep separates cells, --labels-sep labels; --color colors a map; --label and --labels are labels."""
    for verb in VERBS:
        said = diabolo(verb, "--help").out
        assert "--sep SEP " not in said or re.search(r"--sep SEP +Text files: separator of cells", said), verb
        if "--color" in said and verb != "colorize":
            assert re.search(r"--color COLUMN +Color", said), verb
        if "--labels " in said:
            assert "--labels-sep SEP" in said, verb
    assert "--labels-sep SEP" in diabolo("tag", "--help").out
    assert "--label" not in diabolo("report", "--help").out.replace("--labels", "")


def test_the_checksum_of_the_weights_is_that_of_equal_fits(place: Path, tmp_path: Path, diabolo: Any) -> None:
    """The file also holds how long it took."""
    for name in ("a", "b"):
        model = Autoencoder(**SMALL).fit(place / "numbers.npy")
        model.history_.seconds = [float(ord(name)) for _ in model.history_.seconds]
        model.save(tmp_path / f"{name}.diabolo")
    a, b = (
        re.search(r"checksum: +(\w{16}), of the weights alone (\w{16})", diabolo("info", tmp_path / f"{name}.diabolo").out)
        for name in ("a", "b")
    )
    assert a is not None
    assert b is not None
    assert a[1] != b[1]
    assert a[2] == b[2]


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

    helpers = {
        "__init__",
        "__main__",
        "batch",
        "contents",
        "data",
        "images",
        "labels",
        "options",
        "printing",
        "saving",
        "several",
        "target",
        "wording",
    }
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


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("task", [[], ["--task", "outliers"], ["--labels", "same"]], ids=["codes", "outliers", "labels"])
def test_ctrl_c_never_takes_the_place_of_a_finished_model(
    task: list[str], tmp_path: Path, diabolo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights so far lie beside; the exit status says that the command did not do its work."""
    from diabolo.training import Run

    frame().drop(columns=["when", "long"]).assign(same=[0, 1] * 30).to_csv(tmp_path / "a.csv", index=False)
    descend = Run.descend

    def interrupted(self: Run, *batch: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        descend(self, *batch)

    monkeypatch.setattr(Run, "descend", interrupted)
    (tmp_path / "a.diabolo").write_text("an older model")
    said = diabolo("fit", tmp_path / "a.csv", *task, "-o", tmp_path / "a.diabolo", "--checkpoint", tmp_path / "c", *FIT[:-1])
    assert said.code == 130
    assert ": measuring what it learned; a second Ctrl-C ends it without a model" in said.err
    assert said.out == ""
    assert re.search(r"training was interrupted at epoch \d of 2: the best weights so far are kept; '.*/c' has its", said.err)
    beside = tmp_path / "a.interrupted.diabolo"
    assert said.err.splitlines()[-1] == (
        f"diabolo: interrupted: the weights so far are in '{beside}'; '{tmp_path / 'a.diabolo'}' is left as it was"
    )
    assert (tmp_path / "a.diabolo").read_text() == "an older model"
    assert load(beside).history_.interrupted
    monkeypatch.setattr(Run, "descend", descend)
    state = (tmp_path / "c").read_bytes()
    anew = "fit", tmp_path / "a.csv", *task, "-o", tmp_path / "a.diabolo", "--checkpoint", tmp_path / "c", *FIT
    one_line(diabolo(*anew), 1, "c' is the checkpoint of a run that stopped at step 1 of", ": --resume goes on from it")
    assert (tmp_path / "c").read_bytes() == state
    again = ["--checkpoint", tmp_path / "c", "--resume"]
    assert diabolo("fit", tmp_path / "a.csv", *task, "-o", tmp_path / "a.diabolo", *again, *FIT).code == 0
    assert not load(tmp_path / "a.diabolo").history_.interrupted
    assert diabolo(*anew).code == 0, "that of a finished run may be overwritten"


@pytest.mark.usefixtures("ctrl_c")
def test_settings_are_named_as_options(tmp_path: Path, diabolo: Any) -> None:
    frame().drop(columns=["when", "long"]).assign(name=[f"a longer text of row {i}" for i in range(60)]).to_csv(
        tmp_path / "a.csv", index=False
    )
    fit = "fit", tmp_path / "a.csv", *FIT[:-1], "-o", tmp_path / "a.diabolo", "--checkpoint", tmp_path / "c"
    said = diabolo(*fit)
    assert said.code == 0
    assert "learn from it alone: --text name" in said.err
    said = diabolo(*fit, "-k", 3, "--resume")
    assert said.code == 1
    assert "(--components 2, now 3, weights=" in said.err
    assert said.err.endswith(": give the same, another --checkpoint, or no --resume\n")


def test_a_checkpoint_in_a_new_folder_and_not_over_the_data(tmp_path: Path, diabolo: Any) -> None:
    frame().drop(columns=["when", "long"]).to_csv(tmp_path / "a.csv", index=False)
    fit = "fit", tmp_path / "a.csv", *FIT, "-o", tmp_path / "a.diabolo", "--checkpoint"
    assert diabolo(*fit, f"{tmp_path}/runs/ck/").code == 0
    assert left(tmp_path / "runs" / "ck") == {"training.ckpt"}
    one_line(diabolo(*fit, tmp_path / "a.csv"), 1, "--checkpoint '", "is the input")


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
        found, expected = pq.read_table(codes).to_pandas().to_numpy(), model.transform(place / "people.csv")
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-6)  # NumPy makes them
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
    shares = [float(share) for share in re.findall(r"│ +(\d+\.\d{3}) │ +-?[\d.]+% │", said.out)]
    assert len(shares) == len(model.format_.columns)
    assert shares == sorted(shares, reverse=True)


def test_names_in_brackets_and_colons_are_printed_as_they_are(
    tmp_path: Path, diabolo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are no markup of a terminal: "size [cm]" was printed as "size"."""
    r, names = np.random.default_rng(0), ["size [cm]", "[red]", ":key:", "[/]"]
    df = pd.DataFrame(r.normal(size=(60, 4)), columns=names).assign(
        **{"is [b]": np.arange(60) % 2, "[i]": np.arange(60) % 3 // 2}
    )
    df.loc[0, names] = 1e6
    df.drop(columns=["is [b]", "[i]"]).to_csv(tmp_path / "a [b].csv", index=False)
    df.to_csv(tmp_path / "y.csv", index=False)
    monkeypatch.chdir(tmp_path)
    a, model = "a [b].csv", [f"{name} [x].diabolo" for name in "aoy"]
    told = [
        (diabolo("fit", a, "-o", model[0], *FIT[:-1]), [model[0]]),
        (diabolo("score", model[0], a), names),
        (diabolo("fit", a, "--task", "outliers", "--alpha", "0.05", "-o", model[1], *FIT[:-1]), [model[1]]),
        (diabolo("outliers", model[1], a), names),
        (diabolo("fit", tmp_path / "y.csv", "--label", "is [b]", "--label", "[i]", "-o", model[2], *FIT[:-1]), [model[2]]),
        (diabolo("label", "list", model[2]), ["is [b]", "[i]"]),
        (diabolo("tag", model[2], tmp_path / "y.csv"), ["size [cm]", "[i]"]),
    ]
    for said, words in told:
        assert said.code == 0, said.err
        for word in words:
            assert word in said.out.replace("\n", ""), (word, said.out)


def test_one_wild_cell_fills_no_line_with_digits(tmp_path: Path, diabolo: Any) -> None:
    a = np.random.default_rng(0).normal(size=200)
    df = pd.DataFrame({"a": a, "b": 2 * a, "c": a[::-1]})
    df.to_csv(tmp_path / "a.csv", index=False)
    diabolo("fit", tmp_path / "a.csv", "-o", tmp_path / "a.diabolo", *FIT)
    df.assign(a=np.where(np.arange(200) == 3, 1e5, a)).to_csv(tmp_path / "b.csv", index=False)
    said = diabolo("score", tmp_path / "a.diabolo", tmp_path / "b.csv").out
    assert "< -1,000%" in said
    assert not re.search(r"-\d{4,}\.\d%", said)


def test_impute(place: Path, tmp_path: Path, diabolo: Any) -> None:
    people = pd.read_csv(place / "people.csv")
    gaps = people.assign(id=[f"{i:03d}" for i in range(len(people))])
    gaps.loc[3, "city"], gaps.loc[[3, 5], "size"] = None, np.nan
    gaps.to_csv(tmp_path / "gaps.csv", index=False)
    model = tmp_path / "m.diabolo"
    said = diabolo("fit", tmp_path / "gaps.csv", "--drop", "id", "--task", "impute", "-o", model, "--epochs", 2, "--hidden", 8)
    assert said.code == 0, said.err
    assert isinstance(load(model).corruption, Mask)
    assert "Hidden cells in 15 held-out rows" in said.out
    assert load(model).n_components == 0.9, "two codes estimate some columns worse than their means"
    said = diabolo("impute", model, tmp_path / "gaps.csv", "-o", tmp_path / "whole.csv")
    assert (said.code, said.err) == (0, ""), "id is written, too"
    assert said.out.startswith("60 rows, 5 missing cells, 2 of 'size', 2 of 'city', 1 of 'maybe': wrote")
    whole = pd.read_csv(tmp_path / "whole.csv", dtype={"id": str})
    assert not whole.isna().to_numpy().any()
    assert list(whole.columns) == list(gaps.columns)
    for name in gaps:
        known = gaps[name].notna()
        assert (whole[name][known].astype(gaps[name].dtype) == gaps[name][known]).all(), name
    said = diabolo("impute", model, tmp_path / "whole.csv", "-o", tmp_path / "again.csv")
    assert "60 rows, no cell is missing" in said.out
    one_line(diabolo("impute", place / "mails.diabolo", place / "mails.txt", "-o", tmp_path / "x.csv"), 1, "no missing cells")
    one_line(diabolo("fit", place / "mails.txt", "--task", "impute", "-o", tmp_path / "x"), 2, "is for tables and arrays")
    assert left(tmp_path) == {"gaps.csv", "m.diabolo", "whole.csv", "again.csv"}


def test_outliers(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model = tmp_path / "normal.diabolo"
    said = diabolo(
        "fit", place / "people.csv", "--task", "outliers", "--alpha", "0.05", "-o", model, "--epochs", 2, "--hidden", 8
    )
    assert said.code == 0, said.err
    assert "flags 4.92% of normal rows" in " ".join(said.out.split())
    strange = pd.read_csv(place / "people.csv").iloc[:20].assign(size=lambda df: [50.0, *df["size"][1:]])
    strange.to_csv(tmp_path / "new.csv", index=False)
    said = diabolo("outliers", model, tmp_path / "new.csv", "-o", tmp_path / "flagged.csv")
    assert said.code == 0, said.err
    assert "20 rows, " in said.out
    flagged = pd.read_csv(tmp_path / "flagged.csv")
    first = flagged.iloc[0]
    assert (first["row"], first["column"], first["seen"], first["replace"]) == (0, "size", "50.0", True)
    assert first["p"] == pytest.approx(1 / 61)
    said = diabolo("outliers", model, tmp_path / "new.csv", "--keep", "city", "-o", tmp_path / "flagged.csv")
    assert f"│ {strange['city'].iloc[0]}" in said.out, "a row is called by what is kept of it"
    said = diabolo("outliers", model, tmp_path / "new.csv", "--alpha", "0.9999")
    assert int(said.out.split("20 rows, ")[1].split()[0]) > flagged["row"].nunique()
    assert diabolo("outliers", model, tmp_path / "new.csv", "--fdr", "0.5").code == 0
    said = diabolo("outliers", model, tmp_path / "new.csv", "--alpha", "0.000001")
    assert said.out.endswith(
        "0 flagged (0.00%); of normal rows on average at most 0.00% are flagged. The strangest is row 0, p = 0.016\n"
    )
    strange.assign(size=50.0).to_csv(tmp_path / "new.csv", index=False)
    said = diabolo("outliers", model, tmp_path / "new.csv", "--alpha", "0.05")
    assert said.out.endswith(
        "most of these rows are of another kind than those of fit, later ones, or in another unit (column 'size': 10 of 10)\n"
    )
    one_line(diabolo("encode", model, tmp_path / "new.csv", "-o", tmp_path / "x.csv"), 1, "holds an OutlierDetector, but")
    one_line(diabolo("outliers", place / "people.diabolo", tmp_path / "new.csv"), 1, "--task outliers")
    assert diabolo("info", model).code == 0
    assert left(tmp_path) == {"normal.diabolo", "new.csv", "flagged.csv"}


def test_an_identifier_is_told_with_the_option_that_drops_it(tmp_path: Path, diabolo: Any) -> None:
    pd.DataFrame({"no": [f"K{i * 7 % 60}" for i in range(60)], "size": np.arange(60.0) ** 2}).to_csv(
        tmp_path / "a.csv", index=False
    )
    said = diabolo("fit", tmp_path / "a.csv", "-k", 1, "-o", tmp_path / "m.diabolo", *FIT)
    one = diabolo("fit", tmp_path / "a.csv", "-k", 1, "--drop", "no", "--epochs", 1, "-o", tmp_path / "m.diabolo")
    assert "1 column, 1 feature; " in " ".join(one.out.split())
    assert "if it is an identifier, drop it: --drop no; if it is a text, learn from it alone: --text no" in said.err


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("fit", "a.XLSX", "-o", "m.diabolo"), "save it as .csv in the program that made it"),
        (("fit", "a.json", "-o", "m.diabolo"), "orient='records', lines=True"),
        (("fit", "a.pkl", "-o", "m.diabolo"), "load it yourself"),
        (("encode", "people.diabolo", "people.csv", "-o", "a.xlsx"), "spreadsheets open a .csv"),
    ],
)
def test_files_of_other_programs_are_told_with_the_way_out(
    arguments: tuple[str, ...], remedy: str, place: Path, tmp_path: Path, diabolo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("people.diabolo", "people.csv"):
        shutil.copy(place / name, name)
    for name in ("a.XLSX", "a.json", "a.pkl"):
        Path(name).write_bytes(b"PK")
    one_line(diabolo(*arguments), 1, remedy)


def test_a_model_in_the_place_of_data_is_told(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model, data = place / "people.diabolo", place / "people.csv"
    one_line(diabolo("encode", data, model, "-o", tmp_path / "a.csv"), 2, "is a model, not data: give MODEL before it")
    one_line(diabolo("explore", data, model, "--export", tmp_path / "a.html"), 2, "give MODEL before it")
    one_line(diabolo("fit", model, "-o", tmp_path / "a.diabolo"), 2, "is a model, not data")


@pytest.mark.parametrize(("verb", "option"), [("report", "-o"), ("explore", "--export")])
def test_a_page_is_html(verb: str, option: str, place: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "a.pdf"
    one_line(diabolo(verb, place / "people.diabolo", place / "people.csv", option, out), 2, "the page is an .html, not 'a.pdf'")
    assert not out.exists()


@pytest.mark.parametrize(("header", "sep"), [(True, None), (False, None), (True, ";")])
def test_what_is_written_is_written_as_the_model_reads(header: bool, sep: str | None, tmp_path: Path, diabolo: Any) -> None:
    """A German file gives German ones, which the model reads with no option."""
    lines = [f"{i % 28 + 1:02}.{i % 12 + 1:02}.2024;{1000 + i * i},5;Köln".replace("1,5", "") for i in range(60)]
    names = ["day;rent;town"] if header else []
    text = "\n".join([*names, *lines, "01.01.2024;1.234,25;Jena"]) + "\n"
    (tmp_path / "a.csv").write_text(text, "latin-1")
    model, whole, again = tmp_path / "m.diabolo", tmp_path / "whole.csv", tmp_path / "again.csv"
    day = "day" if header else "x0"
    how = ["--decimal", ",", "--thousands", ".", "--date", f"{day}=%d.%m.%Y", "--encoding", "latin-1"]
    how += [] if header else ["--no-header"]
    how += [] if sep is None else ["--sep", sep]
    said = diabolo("fit", tmp_path / "a.csv", "--task", "impute", "-k", 1, *how, "-o", model, *FIT)
    assert said.code == 0, said.err
    assert diabolo("impute", model, tmp_path / "a.csv", "-o", whole).code == 0
    first = whole.read_text("latin-1").splitlines()[-1].replace('"', "")
    assert first == "01.01.2024;1234,25;Jena"
    assert whole.read_text("latin-1").startswith('"day"' if header else '"01.01.2024"')
    assert diabolo("impute", model, whole, "-o", again).code == 0
    assert again.read_bytes() == whole.read_bytes()
    for verb in (["sample", model, "-n", 3], ["decode", model, tmp_path / "z.csv"]):
        assert diabolo("encode", model, whole, "-o", tmp_path / "z.csv").code == 0
        for name in ("new.csv", "new.csv.gz", "new.tsv"):
            assert diabolo(*verb, "-o", tmp_path / name).code == 0
            said = diabolo("score", model, tmp_path / name, "-o", tmp_path / "error.csv")
            assert (said.code, said.err) == (0, "")


def test_a_sign_that_an_encoding_lacks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'€' cannot be written in latin-1: write a "):
        write_table(pa.table({"a": ["€"]}), tmp_path / "a.csv", how=Reading(encoding="latin-1"))
    write_table(
        pa.table({"a": [datetime(2024, 5, 1, 2, 3, 4, 500000), None]}),
        tmp_path / "a.csv",
        how=Reading(dates={"a": "%f %d.%m.%y"}),
    )
    assert (tmp_path / "a.csv").read_text() == '"a"\n"500000 01.05.24"\n\n'


def test_the_size_of_texts_is_told_in_words(place: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("fit", place / "mails.txt", "-k", 2, "--epochs", 1, "--hidden", 8, "-o", tmp_path / "m.diabolo")
    assert "12 different words; stopped: " in " ".join(said.out.split())


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
    assert "0 copies" in said.out
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


def test_the_legend_of_a_map(tmp_path: Path, diabolo: Any) -> None:
    """Dates were seconds since 1970, new rows were called missing, and a long note was cut off."""
    table = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=60).astype(str), "b": np.arange(60) ** 1.5})
    new = table.assign(kind=["old", "new"] * 30).head(10)
    for name, rows in {"t.csv": table.assign(kind=["old", None, "other"] * 20), "new.csv": new}.items():
        rows.to_csv(tmp_path / name, index=False)
    model, data = tmp_path / "m.diabolo", tmp_path / "t.csv"
    assert diabolo("fit", data, "--drop", "kind", "-k", 1, "-o", model).code == 0
    texts = {}
    for color in ("day", "kind"):
        assert diabolo("map", model, data, "--new", tmp_path / "new.csv", "--color", color, "-o", tmp_path / "a.svg").code == 0
        texts[color] = [text.text for text in ElementTree.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"2024-01-01", "≥ 2024-02-28"} <= {*texts["day"]}
    assert {"new", "old", "other", "missing", "new rows"} <= {*texts["kind"]}


def test_a_column_called_error_is_not_the_error(tmp_path: Path, diabolo: Any) -> None:
    table, model = tmp_path / "t.csv", tmp_path / "m.diabolo"
    pd.DataFrame({"error": np.arange(60.0), "b": np.arange(60.0) ** 1.5}).to_csv(table, index=False)
    assert diabolo("fit", table, "-k", 1, "-o", model).code == 0
    said = diabolo("map", model, table, "--color", "error", "-o", tmp_path / "a.svg")
    assert said.code == 0
    assert "--color error is that of the model, not the column 'error' of t.csv" in said.err


def test_map_in_a_wrong_color(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model, data = place / "people.diabolo", place / "people.csv"
    one_line(diabolo("map", model, data, "-o", tmp_path / "a.svg", "--color", "color"), 1, "--color: there is no column")
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


def test_threads_that_wait_sleep(monkeypatch: pytest.MonkeyPatch, diabolo: Any) -> None:
    """Spinning, they take the cores from those that work; PyTorch reads it when it is loaded."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert diabolo("info", "--help").code == 0
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE", "what the user says counts"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    assert diabolo("info", "--help").code == 0
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = ["urgent", "billing", "bug"]


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with labels, as columns and as lists, and a model of each; examples of a new label."""
    folder, r = tmp_path_factory.mktemp("labels"), np.random.default_rng(0)
    table = pd.DataFrame(r.normal(size=(60, 2)), columns=["size", "age"]).assign(city=r.choice(["Oslo", "Rome"], 60))
    yes = pd.DataFrame({"urgent": table["size"] > 0, "billing": table["age"] > 0, "bug": r.random(60) < 0.4}).astype("Int64")
    lists = [";".join(name for name in NAMES if row[name]) for _, row in yes.iterrows()]
    yes.loc[3, "bug"] = pd.NA
    table.join(yes).to_csv(folder / "mails.csv", index=False)
    words = pd.DataFrame({"text": [f"{text} {i % 7}" for i, text in enumerate(texts(60))], "tags": lists})
    words.to_csv(folder / "texts.csv", index=False)
    (folder / "texts.txt").write_text("\n".join(words["text"]))
    examples = table.head(12).assign(refund=[1] * 3 + [0] * 8 + [None])
    examples.astype({"refund": "Int64"}).to_csv(folder / "examples.csv", index=False)
    for name, asked in (("mails", ["urgent, billing,bug"]), ("texts", ["tags", "--labels-sep", ";"])):
        silent("fit", folder / f"{name}.csv", "-o", folder / f"{name}.diabolo", *FIT, "--labels", *asked)
    return folder


def silent(*arguments: object) -> None:
    """A verb that succeeds and says nothing."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(), redirect_stdout(said), redirect_stderr(said):
        patch.setattr(sys, "argv", ["diabolo", *map(str, arguments)])
        main()
    assert said.getvalue() == ""


@pytest.fixture
def tags(mails: Path, tmp_path: Path) -> Path:
    """A copy of the model of a table, to be changed."""
    copy = tmp_path / "tags.diabolo"
    copy.write_bytes((mails / "mails.diabolo").read_bytes())
    return copy


def test_fit_labels(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    out = tmp_path / "a.diabolo"
    options = ["--loss", "asymmetric", "--threshold-metric", "f1_macro", "--epochs", 2, "--hidden", 8]
    said = diabolo("fit", mails / "mails.csv", "--labels", ",".join(NAMES), "--drop", "city", "-o", out, *options)
    assert said.code == 0, said.err
    model = load(out)
    told = " ".join(said.out.split())
    for line in ("rows │ 60", "labels │ 3", f"precision │ {1 - model.held_out_:.1%}", f"parameters │ {model.n_parameters_}"):
        assert line in told
    assert "rows kept in the file │ 60" in told
    assert (model.classes_.tolist(), model.loss, model.threshold_metric) == (NAMES, "asymmetric", "f1_macro")
    assert model.format_.columns == ["size", "age"]
    assert np.isnan(model.memory_.y).sum() == 1, "an empty cell is not known"
    said = diabolo("fit", mails / "mails.csv", "--labels", "bug", "-o", out, "--epochs", 2, "--hidden", 8)
    assert "log-loss" in said.out, "one label has no rank"


def test_fit_lists_of_labels_and_texts(mails: Path) -> None:
    model = load(mails / "texts.diabolo")
    assert model.classes_.tolist() == sorted(NAMES)
    assert model.format_.kind == "documents"
    assert load(mails / "mails.diabolo").format_.columns == ["size", "age", "city"]


@pytest.mark.parametrize("freeze", ["--freeze", "--no-freeze"])
def test_fit_labels_on_an_encoder(freeze: str, mails: Path, tmp_path: Path, diabolo: Any) -> None:
    table, pre, out = mails / "mails.csv", tmp_path / "pre.diabolo", tmp_path / "a.diabolo"
    drop = [word for name in ("urgent", "billing", "bug", "city") for word in ("--drop", name)]
    assert diabolo("fit", table, *drop, "-o", pre, *FIT).code == 0
    said = diabolo("fit", table, "--labels", "urgent,billing", "--encoder", pre, freeze, "-o", out, *FIT)
    assert said.code == 0, said.err
    assert load(out).format_.columns == ["size", "age"], "what the encoder does not take is left out"
    assert diabolo("fit", mails / "texts.txt", "-k", 2, "-o", pre, *FIT).code == 0
    texts = "fit", mails / "texts.csv", "--labels", "tags", "--labels-sep", ";", "--encoder", pre, freeze, "-o", out
    assert diabolo(*texts, *FIT).code == 0
    one_line(diabolo("fit", table, "--labels", "bug", "--encoder", pre, "-o", out, *FIT), 1, "the encoder takes texts")


def test_fit_labels_wrongly(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    table, out = mails / "mails.csv", tmp_path / "a.diabolo"
    fit = "fit", table, "-o", out
    for words, said in (
        (["--labels", "bug", "-k", 3], "--components does not go with --labels"),
        (["--labels", "bug", "--task", "codes"], "--task does not go with --labels"),
        (["--labels", "bug", "--alpha", 0.1], "--alpha does not go with --labels"),
        (["--labels", "bug", "--loss", "squared"], "allowed are logistic and asymmetric"),
        (["--labels", "bug", "--labels-sep", ""], "separates nothing"),
        (["--labels", "bug", "--no-freeze"], "need an --encoder"),
        (["--labels-sep", ";"], "--labels-sep is for labels"),
        (["--encoder", mails / "mails.diabolo"], "--encoder is for labels"),
        (["--threshold-metric", "f1_macro"], "--threshold-metric is for labels"),
    ):
        one_line(diabolo(*fit, *words), 2, said)
    for words, said in (
        (["--labels", "bug,spam"], "--labels: there is no column 'spam'; the columns are 'size'"),
        (["--labels", "bug,bug"], "names 'bug' twice"),
        (["--labels", " , "], "names no column"),
        (["--task", "labels"], "mails.csv' does not name its labels, and --labels names no column: give those that are labels"),
        (["--labels", "bug", "--drop", "bug"], "no column 'bug'"),
        (["--labels", "size"], "column 'size' holds 0.1257"),
        (["--labels", "city,bug"], "classes, one for each row, are read of a single column of texts that repeat"),
        (["--labels", "bug", "--threshold-metric", "f2"], "--threshold-metric f2"),
        (["--labels", "bug", "--encoder", mails / "mails.diabolo"], "holds a MultiLabelClassifier, but"),
        (
            ["--labels", ",".join(pd.read_csv(table).columns[3:]), "--drop", "size", "--drop", "age", "--drop", "city"],
            "no column is left",
        ),
    ):
        one_line(diabolo(*fit, *words, *FIT), 1, said)
    one_line(diabolo("fit", mails / "texts.txt", "--labels", "bug", "-o", out), 1, "its name ends in none of")
    one_line(diabolo("fit", table, "--labels", "bug", "-o", table), 1, "is the input: choose another name")
    assert not left(tmp_path)


@pytest.mark.filterwarnings("ignore:.*not used")
def test_tag(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    table, model, out = mails / "mails.csv", mails / "mails.diabolo", tmp_path / "tagged.csv"
    said = diabolo("tag", model, table, "-o", out, "--proba", "--top", 2, "--labels-sep", "|")
    assert said.code == 0, said.err
    tagged, clf, given = pd.read_csv(out, keep_default_na=False), load(model), pd.read_csv(table, keep_default_na=False)
    assert list(tagged.columns) == [*given.columns, "labels", "top", *(f"p {name}" for name in NAMES)]
    assert tagged[given.columns].equals(given)
    yes = [[name in cell.split("|") for name in NAMES] for cell in tagged["labels"]]
    assert np.array_equal(yes, clf.predict(table))
    assert np.allclose(tagged[[f"p {name}" for name in NAMES]], clf.predict_proba(table))
    (first, p), (second, q) = clf.top(table, 2)[0]
    assert tagged["top"][0] == f"{first} {p:.2f}| {second} {q:.2f}"


def test_tag_prints_the_first_rows(mails: Path, diabolo: Any) -> None:
    said = diabolo("tag", mails / "mails.diabolo", mails / "mails.csv", "--top", 1, "--proba")
    assert said.code == 0, said.err
    assert "10 of 60 rows" in said.out
    assert "p urgent" in said.out
    assert "label" in diabolo("tag", mails / "texts.diabolo", mails / "texts.csv").out


def test_tag_texts(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("tag", mails / "texts.diabolo", mails / "texts.csv", "-o", tmp_path / "a.csv")
    assert said.code == 0, said.err
    assert diabolo("tag", mails / "texts.diabolo", mails / "texts.txt", "-o", tmp_path / "b.parquet").code == 0
    a, b = pd.read_csv(tmp_path / "a.csv"), pd.read_parquet(tmp_path / "b.parquet")
    assert list(a.columns) == ["text", "tags", "labels"]
    assert list(b.columns) == ["text", "labels"]
    assert a["text"].equals(b["text"])
    assert a["labels"].fillna("").tolist() == b["labels"].tolist()


def test_tag_wrongly(mails: Path, place: Path, tmp_path: Path, diabolo: Any) -> None:
    table, model, out = mails / "mails.csv", mails / "mails.diabolo", tmp_path / "tagged.csv"
    given = pd.read_csv(table)
    given.drop(columns="city").to_csv(tmp_path / "less.csv", index=False)
    given.assign(labels=1).to_csv(tmp_path / "more.csv", index=False)
    one_line(diabolo("tag", model, tmp_path / "less.csv", "-o", out), 1, "there is no column 'city'")
    one_line(diabolo("tag", model, tmp_path / "more.csv", "-o", out), 1, "has a column 'labels' already: rename it")
    one_line(diabolo("tag", model, table, "--labels-sep", "u", "-o", out), 1, "the label 'urgent' contains the separator 'u'")
    one_line(diabolo("tag", model, table, "--labels-sep", ""), 1, "separates nothing")
    one_line(diabolo("tag", model, mails / "texts.txt"), 1, "its name ends in none of")
    one_line(diabolo("tag", mails / "texts.diabolo", tmp_path / "less.csv"), 1, "no column holds texts")
    given[["city"]].assign(name="Bob").to_csv(tmp_path / "two.csv", index=False)
    one_line(diabolo("tag", mails / "texts.diabolo", tmp_path / "two.csv"), 1, "2 columns look like texts: 'city', 'name'")
    one_line(diabolo("tag", place / "people.diabolo", table), 1, "needs a MultiLabelClassifier", "--labels COLUMNS")
    one_line(diabolo("encode", model, table, "-o", out), 1, "holds a MultiLabelClassifier, but")
    (tmp_path / "twice.csv").write_text("size,size,age,city,bug\n1,1,2,Oslo,1\n")
    one_line(diabolo("tag", model, tmp_path / "twice.csv"), 1, "'size' is repeated: rename them")
    one_line(diabolo("fit", tmp_path / "twice.csv", "--labels", "bug", "-o", out), 1, "'size' is repeated: rename them")
    one_line(diabolo("tag", model, table, "-o", tmp_path / "tagged.npy"), 1, "write a table, such as .csv")
    one_line(diabolo("tag", model, table, "-o", model), 1, "is the input")
    one_line(diabolo("tag", model, table, "-o", table), 1, "is the input")
    assert left(tmp_path) == {"less.csv", "more.csv", "two.csv", "twice.csv"}


def test_report_of_lists_of_labels(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    model, out = mails / "texts.diabolo", tmp_path / "report.html"
    said = diabolo("report", model, mails / "texts.csv", "-o", out)
    one_line(said, 1, "for one column of lists, give its name and the separator: --labels tags --labels-sep ';'")
    more = tmp_path / "more.csv"
    more.write_text((mails / "texts.csv").read_text() + '"never seen before, nor is its label","martian"\n')
    said = diabolo("report", model, more, "--labels", "tags", "--labels-sep", ";", "-o", out)
    assert said.code == 0, said.err
    assert "not evaluated, because the model does not know them: martian" in said.err
    assert "urgent" in out.read_text()


def test_flagged_cells_are_written_as_the_model_reads_them(tmp_path: Path, diabolo: Any) -> None:
    """A German spreadsheet opens 9.4 as the 9th of April."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(5, 1, 80).round(2), "day": pd.date_range("2024-01-01", periods=80)})
    table.loc[3, "size"] = 94.25
    table.to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",", date_format="%d.%m.%Y")
    how = "--decimal", ",", "--date", "day=%d.%m.%Y", "--epochs", 2, "--hidden", 8, "--quiet"
    diabolo("fit", tmp_path / "a.csv", "--task", "outliers", "--alpha", 0.1, "-o", tmp_path / "m", *how)
    for name, seen in (("f.csv", ("94,25", "04.01.2024")), ("f.parquet", ("94.25", "2024-01-04"))):
        diabolo("outliers", tmp_path / "m", tmp_path / "a.csv", "-o", tmp_path / name)
        read = pd.read_parquet if name.endswith("parquet") else functools.partial(pd.read_csv, sep=";", dtype=str)
        cells = read(tmp_path / name)
        cells = cells[cells["row"].astype(int) == 3].set_index("column")
        assert (cells["seen"]["size"], cells["seen"]["day"]) == seen
        assert ("," in cells["expected"]["size"] + cells["between"]["size"]) == (name == "f.csv")


def test_a_column_of_classes(tmp_path: Path, diabolo: Any) -> None:
    """One class for each row, never two of them; rows without one are left out of fit, and not judged in a report."""
    rng = np.random.default_rng(0)
    table, out = pd.DataFrame(rng.normal(size=(120, 3)), columns=["a", "b", "c"]), tmp_path / "m.diabolo"
    table["kind"] = np.select([table["a"] > 0.5, table["a"] < -0.5], ["high", "low"], "mid")
    table.loc[::12, "kind"] = None
    table.to_csv(tmp_path / "t.csv", index=False)
    said = diabolo("fit", tmp_path / "t.csv", "--labels", "kind", "-o", out, "--epochs", 5, "--hidden", 8)
    assert said.code == 0, said.err
    most = table["kind"].value_counts(normalize=True).max()
    assert re.search(rf"held-out accuracy .*\n.*of the most frequent class .* {most:.1%} ", said.out), "else it says little"
    assert "column 'kind' names no class in 10 of 120 rows, row 0 the first: these rows are left out" in said.err
    assert (load(out).labels_.kind, load(out).classes_.tolist()) == ("one", ["high", "low", "mid"])
    diabolo("tag", out, tmp_path / "t.csv", "-o", tmp_path / "tagged.csv")
    assert {*pd.read_csv(tmp_path / "tagged.csv")["labels"]} <= {"high", "low", "mid"}
    one_line(
        diabolo("report", out, tmp_path / "t.csv", "-o", tmp_path / "r.html"), 1, "--labels COLUMN names the column of the"
    )
    table["kind"] = table["kind"].replace("low", "deep")
    table.to_csv(tmp_path / "other.csv", index=False)
    said = diabolo("report", out, tmp_path / "other.csv", "--labels", "kind", "-o", tmp_path / "r.html")
    assert said.code == 0
    assert "the model does not know them: deep" in said.err
    right = (load(out).predict(table[["a", "b", "c"]]) == table["kind"])[table["kind"].isin(["high", "mid"])]
    assert f"{right.mean():.0%} of the rows get their class" in (tmp_path / "r.html").read_text()
    said = diabolo("report", out, tmp_path / "other.csv", "--labels", "a", "-o", tmp_path / "r.html")
    assert said.code == 1
    assert "column 'a' holds none of the classes of the model: high, low, mid" in said.err
    said = diabolo("fit", tmp_path / "t.csv", "--target", "kind", "-o", out)
    assert "classes are learned by --labels kind" in said.err


@pytest.mark.parametrize(("names", "others"), [((1, 2, 3), (1.0, 2.0, 3.0)), ((" a", "b", "c "), ("a", "b ", "c"))])
def test_classes_that_are_written_in_another_way(names: Any, others: Any, tmp_path: Path, diabolo: Any) -> None:
    """As floats, which a gap makes of whole numbers, or with spaces around them."""
    rng = np.random.default_rng(0)
    table, out = pd.DataFrame(rng.normal(size=(120, 2)), columns=["a", "b"]), tmp_path / "m.diabolo"
    kind = rng.integers(0, 3, 120)
    table.assign(kind=np.array(names)[kind]).to_csv(tmp_path / "t.csv", index=False)
    table.assign(kind=np.array(others)[kind]).to_csv(tmp_path / "other.csv", index=False)
    said = diabolo("fit", tmp_path / "t.csv", "--labels", "kind", "-o", out, "--epochs", 2, "--hidden", 8, "--quiet")
    assert said.code == 0, said.err
    for name in ("t", "other"):
        said = diabolo("report", out, tmp_path / f"{name}.csv", "--labels", "kind", "-o", tmp_path / f"{name}.html")
        assert (said.code, said.err) == (0, "")
    one, other = ((tmp_path / f"{name}.html").read_text().replace("other", "t") for name in ("t", "other"))
    assert one == other


def test_report_of_a_table_that_lacks_a_label(mails: Path, tags: Path, tmp_path: Path, diabolo: Any) -> None:
    table, out = pd.read_csv(mails / "mails.csv"), tmp_path / "report.html"
    absent, *others = (str(name) for name in load(tags).labels_.names)
    table.drop(columns=absent).to_csv(tmp_path / "less.csv", index=False)
    said = diabolo("report", tags, tmp_path / "less.csv", "-o", out)
    assert said.code == 0, said.err
    assert f"not evaluated, because there are no such columns: {absent}" in said.err
    assert "nothing to learn" not in said.err
    assert f"The mean average precision of {len(others)} of {len(others) + 1} labels is" in out.read_text()
    table.drop(columns=[absent, *others]).to_csv(tmp_path / "none.csv", index=False)
    one_line(diabolo("report", tags, tmp_path / "none.csv", "-o", out), 1, f"there are no columns {absent!r}, ")


@pytest.mark.filterwarnings("ignore:.*not used")
def test_label_add_and_drop(mails: Path, tags: Path, tmp_path: Path, diabolo: Any) -> None:
    table = mails / "mails.csv"
    before = load(tags).predict_proba(table)
    said = diabolo("label", "add", tags, "refund", mails / "examples.csv", "--prior", 0.1)
    assert said.code == 0, said.err
    assert "'refund' from 3 positive and 8 negative examples" in said.out
    clf = load(tags)
    assert clf.classes_.tolist() == [*NAMES, "refund"]
    assert np.array_equal(clf.predict_proba(table)[:, :3], before)
    said = diabolo("label", "list", tags)
    told = " ".join(said.out.split())
    assert f"urgent │ {clf.thresholds_[0]:.3f} │ {int(clf.memory_.y[:, 0].sum())}" in told
    assert "unknown" in told
    other = tmp_path / "other.diabolo"
    assert diabolo("label", "drop", tags, "refund", "-o", other).code == 0
    assert load(other).classes_.tolist() == NAMES
    assert load(tags).classes_.tolist() == [*NAMES, "refund"]
    assert diabolo("label", "rename", tags, "bug", "defect").code == 0
    assert load(tags).classes_.tolist() == ["urgent", "billing", "defect", "refund"]
    assert left(tmp_path) == {"tags.diabolo", "other.diabolo"}


def test_label_add_from_other_columns_and_texts(mails: Path, tags: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("label", "add", tags, "money", mails / "examples.csv", "--column", "refund")
    assert "'money' from 3 positive and 8 negative" in said.out
    pd.read_csv(mails / "examples.csv").head(4).drop(columns="refund").to_csv(tmp_path / "some.csv", index=False)
    said = diabolo("label", "add", tags, "all", tmp_path / "some.csv")
    assert "'all' from 4 positive and 56 negative" in said.out, "the rows that were kept are the negatives"
    pd.DataFrame({"text": ["red stone moon", "iron red stone", "blue sky", "plum"], "ore": [1, 1, 0, 0]}).to_csv(
        tmp_path / "ore.csv", index=False
    )
    said = diabolo("label", "add", mails / "texts.diabolo", "ore", tmp_path / "ore.csv", "-o", tmp_path / "ore.diabolo")
    assert "'ore' from 2 positive and 2 negative" in said.out, said.err
    assert load(tmp_path / "ore.diabolo").classes_.tolist() == [*sorted(NAMES), "ore"]
    assert load(mails / "texts.diabolo").classes_.tolist() == sorted(NAMES)


def test_label_add_leaves_groups_out(mails: Path, tags: Path, tmp_path: Path, diabolo: Any) -> None:
    table = pd.read_csv(mails / "examples.csv")
    table.assign(author=[f"a{i // 2}" for i in range(len(table))]).to_csv(tmp_path / "examples.csv", index=False)
    said = diabolo("label", "add", tags, "refund", tmp_path / "examples.csv", "--groups", "author")
    assert "'refund' from 3 positive and 8 negative examples" in said.out, said.err
    one_line(diabolo("label", "add", tags, "more", tmp_path / "examples.csv", "--groups", "autor"), 1, "'autor'")


def test_a_link_to_a_model_stays_a_link(mails: Path, tags: Path, tmp_path: Path, diabolo: Any) -> None:
    link = tmp_path / "link.diabolo"
    link.symlink_to(tags)
    assert diabolo("label", "drop", link, "bug").code == 0
    assert link.is_symlink()
    assert load(tags).classes_.tolist() == NAMES[:2]


def test_label_wrongly(mails: Path, place: Path, tags: Path, tmp_path: Path, diabolo: Any) -> None:
    examples, before = mails / "examples.csv", tags.read_bytes()
    given = pd.read_csv(examples)
    given.assign(refund=2).to_csv(tmp_path / "two.csv", index=False)
    given.assign(refund=0).to_csv(tmp_path / "none.csv", index=False)
    given.assign(refund=None).to_csv(tmp_path / "empty.csv", index=False)
    given.drop(columns="age").to_csv(tmp_path / "less.csv", index=False)
    add = "label", "add", tags
    for words, said in (
        ((*add, "bug", examples), "there is a label 'bug' already"),
        ((*add, " ", examples), "must not be empty"),
        ((*add, "refund", examples, "--column", "money"), "--column: there is no column 'money'"),
        ((*add, "money", examples), "column 'refund' holds 0 and 1, but the name of the label is 'money'"),
        ((*add, "refund", tmp_path / "two.csv"), "column 'refund' holds 2 in row 0"),
        ((*add, "refund", tmp_path / "none.csv"), "no example has the new label"),
        ((*add, "refund", tmp_path / "empty.csv"), "column 'refund' is empty"),
        ((*add, "refund", tmp_path / "less.csv"), "there is no column 'age'"),
        ((*add, "refund", examples, "-o", tags), "is the input"),
        ((*add, "refund", examples, "-o", examples), "is the input"),
        (("label", "drop", tags, "spam"), "there is no label 'spam'; the labels are 'urgent', 'billing', 'bug'"),
        (("label", "rename", tags, "bug", "urgent"), "there is a label 'urgent' already"),
        (("label", "rename", tags, "spam", "ham"), "there is no label 'spam'"),
        (("label", "add", place / "people.diabolo", "refund", examples), "holds an Autoencoder, but `diabolo label add`"),
        (("label", "list", place / "people.diabolo"), "needs a MultiLabelClassifier"),
    ):
        one_line(diabolo(*words), 1, said)
    one_line(diabolo(*add, "refund", examples, "--prior", 1), 2, "--prior")
    one_line(diabolo("label", "forget", tags), 2, "No such command 'forget'")
    assert tags.read_bytes() == before
    assert left(tmp_path) == {"tags.diabolo", "two.csv", "none.csv", "empty.csv", "less.csv"}


def test_labels_of_models_made_in_python(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    X, out = np.random.default_rng(0).normal(size=(60, 3)), tmp_path / "apart.diabolo"
    IndependentClassifiers(**SMALL).fit(X, (X[:, :2] > 0).astype(int)).save(out)
    np.save(tmp_path / "X.npy", X)
    said = diabolo("tag", out, tmp_path / "X.npy", "-o", tmp_path / "tagged.csv")
    assert said.code == 0, said.err
    assert list(pd.read_csv(tmp_path / "tagged.csv").columns) == ["x0", "x1", "x2", "labels"]
    assert diabolo("label", "rename", out, "1", "one").code == 0, "a number is written as a text"
    assert load(out).classes_.tolist() == [0, "one"]
    one_line(diabolo("label", "add", out, "refund", tmp_path / "X.npy"), 1, "needs a MultiLabelClassifier")
    one_line(diabolo("label", "drop", out, "0"), 1, "needs a MultiLabelClassifier")
    assert "threshold" in diabolo("label", "list", out).out


def test_info_on_labels(mails: Path, diabolo: Any) -> None:
    said = diabolo("info", mails / "mails.diabolo")
    assert said.code == 0, said.err
    assert "3: urgent, billing, bug" in said.out
    assert "60 training rows are in this file" in said.out


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
    one_line(diabolo("fit", bad / "few.csv", "-o", out), 1, "--components 2: allowed are integers")
    one_line(diabolo("fit", place / "people.csv", "--drop", "age", "-o", out), 1, "no column 'age'")
    one_line(diabolo("fit", place / "people.csv", "--loss", "hinge", "-o", out), 1, "--loss hinge: allowed")
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
    one_line(diabolo("decode", place / "people.diabolo", tmp_path / "less.csv", "-o", out), 1, "no columns 'z1', 'z2'")
    assert not out.exists()
    assert diabolo("encode", place / "people.diabolo", tmp_path / "more.csv", "-o", out).code == 0


def test_a_table_is_not_written_into_the_data_set(place: Path, tmp_path: Path, diabolo: Any) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    pq.write_table(pa.table({"a": [1.0, 2.0, 4.0], "b": [2.0, 4.0, 8.0]}), folder / "a.parquet")
    diabolo("fit", folder, "-k", "1", "--epochs", "1", "-o", tmp_path / "m.diabolo")
    for data in (folder, folder / "*.parquet"):
        one_line(diabolo("encode", tmp_path / "m.diabolo", data, "-o", folder / "z.parquet"), 1, "lies within the data")
    (folder / "a.parquet").unlink()
    (folder / "a.csv").write_text("a,b\n1,2\n2,4\n4,8\n")
    one_line(diabolo("encode", tmp_path / "m.diabolo", folder, "-o", folder / "z.csv"), 1, "lies within the data")


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
    one_line(diabolo("fit", place / "people.csv", "-k", "99", "-o", out, *FIT), 1, "--components 99: allowed")
    assert out.read_text() == "old"
    assert left(tmp_path) == {"a.diabolo"}


def test_warnings_are_one_line(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1, 2, 3] * 9, "b": [3, 1, 2] * 9, "none": [None] * 27}).to_csv(tmp_path / "a.csv", index=False)
    command = [sys.executable, "-m", "diabolo", "fit", tmp_path / "a.csv", "-k", "1", "-o", tmp_path / "a.diabolo", *FIT]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stderr == "diabolo: column(s) 'none' have no values at all: drop them\n"


def test_the_traceback_is_there_for_who_asks(place: Path, tmp_path: Path) -> None:
    (tmp_path / "a.diabolo").write_text("no model")
    command = [sys.executable, "-m", "diabolo", "info", str(tmp_path / "a.diabolo")]
    said = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"DIABOLO_TRACEBACK": "1"}, check=False)
    assert said.returncode == 1
    assert "Traceback" in said.stderr
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "Traceback" not in said.stderr


# ── options, files and columns ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (("fit", "a.csv", "-k", "2", "-o", "m", "-k", "3"), "--components"),
        (("label", "add", "m", "new", "a.csv", "--prior", "0.1", "--prior=0.2"), "--prior"),
    ],
)
def test_an_option_that_is_given_twice_is_refused(call: tuple[str, ...], option: str, diabolo: Any) -> None:
    """Only the last would count: of --labels a --labels b, which are both meant, a was left out without a word."""
    said = diabolo(*call)
    assert said.code == 2
    assert f"Error: {option} is given 2 times, and only the last would count: give one" in said.err


def test_labels_that_are_named_one_by_one(tmp_path: Path, diabolo: Any) -> None:
    a = np.linspace(-1, 1, 60)
    X = pd.DataFrame({"a": a, "b": a**2, "up": (a > 0).astype(int), "far": (abs(a) > 0.5).astype(int)})
    X.to_csv(tmp_path / "a.csv", index=False)
    said = diabolo("fit", tmp_path / "a.csv", "--labels", "up", "--labels", "far", "-o", tmp_path / "m.diabolo", *FIT)
    assert said.code == 0
    assert load(tmp_path / "m.diabolo").classes_.tolist() == ["up", "far"]


def test_every_option_of_fit_has_its_tasks() -> None:
    """The table of tasks x options is complete: no option can be ignored in silence."""
    options = importlib.import_module("diabolo.cli.options")
    command = importlib.import_module("diabolo.cli.fit").command
    names = {param.name for param in command.params if isinstance(param, click.Option)}
    assert set(options.TASKS) == names
    assert {task for tasks in options.TASKS.values() for task in tasks} == {*options.LEARNED, options.TARGET, *options.RESTORED}


GIVEN: dict[str, tuple[object, ...]] = {
    "components": ("-k", 2),
    "alpha": ("--alpha", 0.1),
    "labels_sep": ("--labels-sep", ";"),
    "encoder": ("--encoder", "imagenet"),
    "freeze": ("--no-freeze",),
    "threshold_metric": ("--threshold-metric", "f1_macro"),
    "noisy": ("--noisy",),
    "from_scratch": ("--from-scratch",),
    "hidden": ("--hidden", 8),
    "drop": ("--drop", "size"),
    "loss": ("--loss", "squared"),
    "text": ("--text", "city"),
    "stem": ("--stem", "english"),
    "words": ("--words", 10),
    "min_df": ("--min-df", 2),
    "max_df": ("--max-df", "0.5"),
    "stop_words": ("--stop-words", "the"),
    "token_pattern": ("--token-pattern", "x"),
    "sep": ("--sep", ","),
    "decimal": ("--decimal", "."),
    "thousands": ("--thousands", "_"),
    "na": ("--na", "?"),
    "dates": ("--date", "day=%d.%m.%Y"),
    "encoding": ("--encoding", "utf-8"),
    "no_header": ("--no-header",),
    "category": ("--category", "city"),
    "number": ("--number", "size"),
}


@pytest.mark.parametrize("name", GIVEN)
def test_an_option_that_says_nothing_of_the_task_is_refused(name: str, place: Path, tmp_path: Path, diabolo: Any) -> None:
    options = importlib.import_module("diabolo.cli.options")
    for task in (*options.LEARNED, *options.RESTORED):
        if task in options.TASKS[name]:
            continue
        asked = ("--labels", "same") if task == options.LABELS else ("--task", task)
        said = diabolo("fit", place / "people.csv", "-o", tmp_path / "a", *asked, *GIVEN[name])
        one_line(said, 2, str(GIVEN[name][0]).replace("-k", "--components").replace("--no-freeze", "--freeze"))
    assert not left(tmp_path)


def test_an_option_that_says_nothing_of_the_data_is_refused(place: Path, tmp_path: Path, diabolo: Any) -> None:
    table, array, out = place / "people.csv", place / "numbers.npy", tmp_path / "a"
    one_line(diabolo("fit", table, "-o", out, "--stem", "english"), 2, "--stem is for documents, but")
    one_line(diabolo("fit", place / "mails.txt", "-o", out, "--category", "city"), 2, "--category is for tables, but")
    one_line(diabolo("fit", array, "-o", out, "--sep", ","), 2, "--sep is for tables in text files")
    one_line(diabolo("fit", array, "-o", out, "--drop", "x0"), 2, "--drop is for tables, but")
    one_line(diabolo("fit", table, "-o", out, "--resume"), 2, "--resume continues from a --checkpoint")
    one_line(diabolo("encode", place / "numbers.diabolo", array, "-o", out, "--na", "?"), 2, "--na is for tables, but")
    one_line(diabolo("score", place / "people.diabolo", table, "--keep", "city"), 2, "give --output")
    one_line(diabolo("report", place / "people.diabolo", table, "-o", out, "--labels-sep", ";"), 2, "is for models of labels")
    assert not left(tmp_path)


def test_what_is_nearly_right_is_suggested(place: Path, mails: Path, tmp_path: Path, diabolo: Any) -> None:
    data, out = place / "people.csv", tmp_path / "a"
    one_line(diabolo("fot"), 2, "Did you mean 'fonts' or 'fit'?")
    one_line(diabolo("fit", data, "--epoch", 3, "-o", out), 2, "--epochs")
    for option in ("--drop", "--category", "--text", "--labels", "--label"):
        one_line(diabolo("fit", data, option, "ctiy", "-o", out, *FIT), 1, "no column 'ctiy' (did you mean 'city'?)")
    one_line(diabolo("encode", place / "people.diabolo", data, "--keep", "City", "-o", out), 1, "did you mean 'city'?")


def test_the_seed_that_was_given_is_shown(place: Path, diabolo: Any) -> None:
    assert diabolo("info", place / "people.diabolo").out.rstrip().endswith("; seed 0")


def test_columns_are_kept(place: Path, tmp_path: Path, diabolo: Any) -> None:
    codes = ["007", "1e5", "NA", *(f"A{i}" for i in range(57))]
    table = pd.read_csv(place / "people.csv").assign(id=codes)
    table.to_csv(tmp_path / "new.csv", index=False)
    model, data, keep = place / "people.diabolo", tmp_path / "new.csv", ("--keep", "id", "--keep", "city")
    for verb, name in (("encode", "a.csv"), ("score", "b.csv"), ("map", "c.csv")):
        said = diabolo(verb, model, data, "-o", tmp_path / name, *keep)
        assert said.code == 0, said.err
        found = pd.read_csv(tmp_path / name, dtype=str, keep_default_na=False)
        assert list(found.columns[:2]) == ["id", "city"]
        assert found["id"].tolist() == codes
    assert diabolo("decode", model, tmp_path / "a.csv", "-o", tmp_path / "back.csv").code == 0
    one_line(diabolo("encode", model, data, "-o", tmp_path / "z.npy", *keep), 1, "cannot hold the columns of --keep")
    table.rename(columns={"id": "z1"}).to_csv(data, index=False)
    one_line(diabolo("encode", model, data, "-o", tmp_path / "d.csv", "--keep", "z1"), 1, "has a column 'z1' already")


def test_columns_of_flagged_rows_are_kept(place: Path, tmp_path: Path, diabolo: Any) -> None:
    model, data = tmp_path / "normal.diabolo", tmp_path / "new.csv"
    fit = "fit", place / "people.csv", "--task", "outliers", "--alpha", 0.1, "-o", model
    assert diabolo(*fit, *FIT).code == 0
    table = pd.read_csv(place / "people.csv").assign(id=[f"{i:03d}" for i in range(60)])
    table.assign(size=[1234567.875, *table["size"][1:]]).to_csv(data, index=False)
    said = diabolo("outliers", model, data, "-o", tmp_path / "flagged.csv", "--keep", "id")
    assert said.code == 0, said.err
    found = pd.read_csv(tmp_path / "flagged.csv", dtype=str)
    assert found.columns[0] == "id"
    assert (found["id"].astype(int) == found["row"].astype(int)).all()
    assert found.loc[(found["row"] == "0") & (found["column"] == "size"), "seen"].tolist() == ["1234567.875"], "as it stands"


def test_tag_keeps_cells_as_they_stand(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    lines = (mails / "mails.csv").read_text().splitlines()
    given = ["code," + lines[0], *(f"0{i}.50,{line}" for i, line in enumerate(lines[1:]))]
    (tmp_path / "new.csv").write_text("\n".join(given) + "\n")
    for keep, names in (((), given[0].split(",")), (("--keep", "code"), ["code"])):
        said = diabolo("tag", mails / "mails.diabolo", tmp_path / "new.csv", "-o", tmp_path / "a.csv", *keep)
        assert said.code == 0, said.err
        found = pd.read_csv(tmp_path / "a.csv", dtype=str)
        assert list(found.columns) == [*names, "labels"]
        assert found["code"].tolist() == [f"0{i}.50" for i in range(60)]


def test_pictures_are_named(tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for i in range(30):
        Image.fromarray(rng.integers(0, 256, (8, 8)).astype(np.uint8)).save(tmp_path / "in" / f"{i:02d}.png")
    model, data = tmp_path / "a.diabolo", tmp_path / "in"
    assert diabolo("fit", data, "-o", model, *FIT).code == 0
    for verb in ("encode", "score", "map"):
        said = diabolo(verb, model, data, "-o", tmp_path / "out.csv")
        assert said.code == 0, said.err
        assert pd.read_csv(tmp_path / "out.csv")["picture"].tolist() == [f"{i:02d}.png" for i in range(30)]


def test_how_files_are_read_is_kept_in_the_model(tmp_path: Path, diabolo: Any) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)).round(3), columns=["a", "b", "größe"]).assign(g=rng.choice(["u", "é"], 60))
    table.to_csv(tmp_path / "euro.csv", sep=";", decimal=",", index=False, encoding="latin-1", header=False)
    how = "--sep", ";", "--decimal", ",", "--encoding", "latin-1", "--na", "?", "--no-header"
    model, z = tmp_path / "a.diabolo", tmp_path / "z.csv"
    said = diabolo("fit", tmp_path / "euro.csv", *how, "-o", model, *FIT)
    assert (said.code, said.err) == (0, "")
    assert load(model).format_.columns == ["x0", "x1", "x2", "x3"]
    said = diabolo("encode", model, tmp_path / "euro.csv", "-o", z)
    assert (said.code, said.err) == (0, "")
    codes = pd.read_csv(z, sep=";", decimal=",")
    assert list(codes) == ["z1", "z2"], "codes have a header of their own"
    table.to_csv(tmp_path / "point.csv", index=False, header=False)
    one_line(diabolo("encode", model, tmp_path / "point.csv", "-o", z), 1, "column 'x0' holds texts, '0.126,")
    said = diabolo("encode", model, tmp_path / "point.csv", "-o", z, "--sep", ",", "--decimal", ".", "--encoding", "utf-8")
    assert (said.code, said.err) == (0, "")
    pd.testing.assert_frame_equal(pd.read_csv(z), codes)  # the same rows, written otherwise


def test_all_that_is_told_of_a_german_file_is_german(tmp_path: Path, diabolo: Any) -> None:
    rng, data, model = np.random.default_rng(0), tmp_path / "a.csv", tmp_path / "a.diabolo"
    table = pd.DataFrame(rng.normal(size=(60, 3)).round(3), columns=["a", "b", "größe"]).assign(g=rng.choice(["u", "é"], 60))
    german = {"sep": ";", "decimal": ",", "encoding": "latin-1"}
    table.to_csv(data, index=False, **german)
    (tmp_path / "parts").mkdir()
    table.to_csv(tmp_path / "parts" / "a.csv", index=False, **german)
    how = "--sep", ";", "--decimal", ",", "--encoding", "latin-1", "--quiet"
    assert diabolo("fit", data, *how, "-o", model, *FIT).code == 0
    for verb, columns in {"encode": 2, "score": 6, "map": 6}.items():
        for source in (data, tmp_path / "parts"):
            assert diabolo(verb, model, source, "-o", tmp_path / f"{verb}.csv").code == 0
            found = pd.read_csv(tmp_path / f"{verb}.csv", **german)
            assert found.shape == (60, columns)
            assert all(kind.kind in "if" for kind in found.dtypes)
    assert diabolo("encode", model, data, "--keep", "größe", "-o", tmp_path / "codes.csv").code == 0
    assert diabolo("decode", model, tmp_path / "codes.csv", "-o", tmp_path / "back.csv").code == 0
    assert pd.read_csv(tmp_path / "codes.csv", **german)["größe"].tolist() == table["größe"].tolist()
    assert pd.read_csv(tmp_path / "back.csv", **german).dtypes.tolist() == table.dtypes.tolist()
    codes = pd.read_csv(tmp_path / "codes.csv", **german)
    for name, other in {"o.csv": {}, "o.tsv": {"sep": "\t"}, "s.csv": {"sep": ";"}}.items():  # as other programs write them
        codes.to_csv(tmp_path / name, index=False, **other)
        assert diabolo("decode", model, tmp_path / name, "-o", tmp_path / "too.csv").code == 0
        assert (tmp_path / "too.csv").read_bytes() == (tmp_path / "back.csv").read_bytes()
    assert diabolo("fit", data, *how, "--thousands", ".", "-o", model, *FIT).code == 0
    codes.round(3).to_csv(tmp_path / "o.csv", index=False, sep=";")  # 0.123 is not 123
    assert diabolo("decode", model, tmp_path / "o.csv", "-o", tmp_path / "too.csv").code == 0
    back, too = (pd.read_csv(tmp_path / f"{name}.csv", **german).select_dtypes("number") for name in ("back", "too"))
    np.testing.assert_allclose(too, back, atol=0.01)
    assert diabolo("fit", data, *how, "--task", "outliers", "-o", model, *FIT[2:]).code == 0
    assert diabolo("outliers", model, data, "--alpha", 0.5, "-o", tmp_path / "far.csv").code == 0
    assert pd.read_csv(tmp_path / "far.csv", **german)["p"].dtype == float
    assert diabolo("fit", data, *how, "--labels", "g", "--labels-sep", "|", "-o", model, *FIT[2:]).code == 0
    assert diabolo("tag", model, data, "--proba", "-o", tmp_path / "tagged.csv").code == 0
    tagged = pd.read_csv(tmp_path / "tagged.csv", **german)
    assert tagged["a"].tolist() == table["a"].tolist()
    assert tagged["p é"].between(0, 1).all()


def test_dates_are_read_with_the_format_that_was_said(tmp_path: Path, diabolo: Any) -> None:
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    table = pd.DataFrame({"day": days.strftime("%d.%m.%Y"), "a": np.arange(60) % 7 * 0.5, "same": np.arange(60) % 2})
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    table.assign(day=days.strftime("%m/%d/%Y")).to_csv(tmp_path / "us.csv", index=False)
    model, z = tmp_path / "a.diabolo", tmp_path / "z.csv"
    assert '--date "day=%d.%m.%Y"' in diabolo("fit", tmp_path / "a.csv", "-o", model, *FIT).err
    one_line(diabolo("fit", tmp_path / "a.csv", "--date", "day", "-o", model), 2, "'day': write COLUMN=FORMAT")
    one_line(diabolo("fit", tmp_path / "a.csv", "--date", "day=%d.%m", "-o", model), 1, "no format of dates with a year")
    one_line(diabolo("fit", tmp_path / "a.csv", "--date", "dai=%d.%m.%Y", "-o", model), 1, "did you mean 'day'?")
    codes = set()
    for data, *drop in (("a.csv",), ("a.parquet",), ("a.csv", "--drop", "same"), ("a.parquet", "--drop", "same")):
        said = diabolo("fit", tmp_path / data, *drop, "--date", "day=%d.%m.%Y", "-o", model, *FIT)
        assert (said.code, said.err) == (0, "")
        for new, *how in (("a.csv",), ("a.parquet",), ("us.csv", "--date", "day=%m/%d/%Y")):
            said = diabolo("encode", model, tmp_path / new, *how, "-o", z)
            assert (said.code, said.err.count("\n")) == (0, len(drop) // 2)  # same is not used
            codes.add((*drop, z.read_text()))
    assert len(codes) == 2, "the same dates, written otherwise"
    assert "table of 2 columns: day (date), a (number)" in diabolo("info", model).out
    one_line(diabolo("encode", model, tmp_path / "us.csv", "-o", z), 1, "'01/01/2024' (row 0), where dates are written")
    said = diabolo("sample", model, "-n", 5, "--given", "day=13.02.2024", "-o", z)
    assert said.code == 0, said.err
    assert set(pd.read_csv(z)["day"]) == {"13.02.2024"}, "as the model reads it"
    said = diabolo("encode", model, tmp_path / "a.csv", "--keep", "day", "-o", z)
    assert pd.read_csv(z)["day"].tolist() == table["day"].tolist(), "as they stand"
    labels = "--labels", "same", "--date", "day=%d.%m.%Y", "-o", tmp_path / "b.diabolo"
    assert diabolo("fit", tmp_path / "a.csv", *labels, "--epochs", 1, "--quiet").code == 0
    assert load(tmp_path / "b.diabolo").format_.types["day"] == "date32[day]"


def homes(n: int = 240) -> pd.DataFrame:
    """What a home costs: its area, and the town, with noise."""
    r = np.random.default_rng(0)
    area, town = r.uniform(40, 200, n).round(1), r.choice(["Oslo", "Rome"], n)
    price = (2000 * area + 30_000 * (town == "Oslo") + r.normal(0, 5000, n)).round(2)
    table = pd.DataFrame({"id": np.arange(n), "area": area, "rooms": (area / 30 + r.random(n)).round(), "town": town})
    return table.assign(price=price, rent=(price / 300).round(1))


def test_numbers_are_predicted(tmp_path: Path, diabolo: Any) -> None:
    table, model, out = homes(), tmp_path / "p.diabolo", tmp_path / "out.csv"
    table.to_csv(tmp_path / "a.csv", index=False)
    table.drop(columns=["price", "rent"]).to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "parts").mkdir()
    table[:100].to_parquet(tmp_path / "parts" / "a.parquet")
    table[100:].to_parquet(tmp_path / "parts" / "b.parquet")
    learned = "--drop", "id", "--drop", "rent", "--epochs", 20
    said = diabolo("fit", tmp_path / "a.csv", "--target", "price", *learned, "-o", model)
    assert (said.code, said.err) == (0, "")
    assert all(words in said.out for words in ("predicts", "price", "held-out R2", "of a sum of curves"))
    assert "predicts:      price" in diabolo("info", model).out
    reg = load(model)
    assert reg.target_names_ == ["price"]
    expected = reg.predict(table[["area", "rooms", "town"]])
    said = diabolo("predict", model, tmp_path / "new.csv", "-o", out)
    assert (said.code, said.out) == (0, f"240 rows: wrote {out}\n")
    np.testing.assert_allclose(pd.read_csv(out)["predicted price"], expected)
    said = diabolo("predict", model, tmp_path / "a.csv", "--keep", "id")
    assert re.search(r"R2 9\d\.\d% against column 'price', [\d,.]+ off on average", said.out)
    assert "10 of 240 rows" in said.out
    assert diabolo("predict", model, tmp_path / "parts", "--keep", "id", "-o", tmp_path / "each").code == 0
    found = pd.read_parquet(tmp_path / "each")
    assert list(found) == ["id", "predicted price"]
    np.testing.assert_allclose(found["predicted price"], expected)
    assert diabolo("fit", tmp_path / "parts", "--target", "price", *learned, "--quiet", "-o", tmp_path / "q.diabolo").code == 0
    np.testing.assert_allclose(load(tmp_path / "q.diabolo").predict(table[["area", "rooms", "town"]]), expected)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_that_belong_together(tmp_path: Path, diabolo: Any, kind: str) -> None:
    r, out = np.random.default_rng(0), tmp_path / "p.diabolo"
    person = r.permutation(np.repeat(np.arange(40), 6))
    df = pd.DataFrame(r.normal(size=(40, 5))[person] + 0.4 * r.normal(size=(240, 5)), columns=[*"abcde"])
    df = df.assign(patient=[f"P{p}" for p in person], ill=(np.arange(40) % 2)[person], sugar=r.normal(size=40)[person])
    data = tmp_path / f"visits.{kind}"
    getattr(df, f"to_{kind}")(data, index=False)
    for what in (("--labels", "ill", "--drop", "sugar"), ("--target", "sugar", "--drop", "ill")):
        fit = "fit", data, *what, "--epochs", 9, "--quiet", "-o", out
        assert "y is the same in all rows of each value of 'patient'" in (said := diabolo(*fit).err)
        assert said.endswith("hold them out together, --groups patient\n")
        alone = load(out).held_out_
        said = diabolo(*fit, "--groups", "patient")
        assert (said.code, said.err) == (0, "")
        assert load(out).held_out_ > alone
        assert "patient" not in load(out).feature_names_in_
    one_line(diabolo(*fit, "--groups", "patent"), 1, "--groups: there is no column 'patent' (did you mean 'patient'?)")
    one_line(diabolo("fit", data, "--groups", "a", "-o", out), 2, "--groups is for labels")


def test_report_on_numbers(tmp_path: Path, diabolo: Any) -> None:
    table, model, out = homes(), tmp_path / "p.diabolo", tmp_path / "r.html"
    table[:160].to_csv(tmp_path / "a.csv", index=False)
    table[160:].to_csv(tmp_path / "b.csv", index=False)
    table.drop(columns="price").to_csv(tmp_path / "c.csv", index=False)
    learned = "--target", "price", "--drop", "id", "--drop", "rent", "--epochs", 20, "--quiet"
    assert diabolo("fit", tmp_path / "a.csv", *learned, "-o", model).code == 0
    said = diabolo("report", model, tmp_path / "b.csv", "-o", out)
    assert (said.code, said.out) == (0, f"wrote {out}\n")
    score = load(model).score(table[160:][["area", "rooms", "town"]], table[160:]["price"])
    assert f"The model explains {score:.0%} of the variance of price." in out.read_text()
    one_line(diabolo("report", model, tmp_path / "c.csv", "-o", out), 1, "what the model predicts: there is no column 'price'")
    one_line(diabolo("report", model, tmp_path / "b.csv", "-o", out, "--color", "rent"), 2, "on this Regressor has no map")
    one_line(diabolo("report", model, tmp_path / "b.csv", "-o", out, "--labels", "rent"), 2, "of labels, not for a Regressor")
    Regressor(hidden=(8,), epochs=1, verbose=False).fit(table[["area"]], table["price"].to_numpy()).save(model)
    one_line(diabolo("report", model, tmp_path / "b.csv", "-o", out), 1, "give diabolo.report.write labels={'y': y}")


def test_several_numbers_of_a_german_file_and_of_texts(tmp_path: Path, diabolo: Any) -> None:
    table, out = homes(60), tmp_path / "out.csv"
    table.to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",")
    how = "--sep", ";", "--decimal", ",", "--target", "price", "--target", "rent", "--drop", "id", "--quiet"
    assert diabolo("fit", tmp_path / "a.csv", *how, "-o", tmp_path / "p.diabolo").code == 0
    said = diabolo("predict", tmp_path / "p.diabolo", tmp_path / "a.csv", "-o", out)
    assert said.out.count("against column") == 2
    found = pd.read_csv(out, sep=";", decimal=",")
    assert np.corrcoef(found["predicted rent"], table["rent"])[0, 1] > 0.9
    words = pd.DataFrame(
        {"body": [f"home {'large' * (i % 2)} {'old' * (i % 3)} town {i}" for i in range(60)], "price": np.arange(60) % 2}
    )
    words.to_csv(tmp_path / "w.csv", index=False)
    fitted = "--target", "price", "--text", "body", "--epochs", 2, "--quiet", "-o", tmp_path / "w.diabolo"
    assert diabolo("fit", tmp_path / "w.csv", *fitted).code == 0
    assert "predicted price" in diabolo("predict", tmp_path / "w.diabolo", tmp_path / "w.csv").out


def test_rows_without_a_number_to_learn_are_counted(tmp_path: Path, diabolo: Any) -> None:
    table = homes(60)
    table.loc[[3, 7, 50], "price"] = np.nan
    table.to_csv(tmp_path / "a.csv", index=False)
    said = diabolo("fit", tmp_path / "a.csv", "--target", "price", "--drop", "id", "--epochs", 1, "-o", tmp_path / "p.diabolo")
    assert re.search(r"not learned from: no number\W+3\b", said.out)


def test_what_is_wrong_with_a_target(tmp_path: Path, diabolo: Any) -> None:
    homes(60).to_csv(tmp_path / "a.csv", index=False)
    to = "-o", tmp_path / "p.diabolo"

    def fit(*words: Any) -> Any:
        return diabolo("fit", tmp_path / "a.csv", *words, "--epochs", 1, "--quiet", *to)

    one_line(fit("--target", "town"), 1, "column 'town' holds 'Rome' (row 0)", "classes are learned by --labels town")
    odd = {"dollars": [f"${v:,.2f}" for v in range(999, 1059)], "odd": ["?", *range(59)], "none": [None] * 60}
    homes(60).assign(**odd, far=["inf", *range(59)], copy=homes(60)["price"]).to_csv(tmp_path / "a.csv", index=False)
    one_line(
        fit("--target", "dollars"), 1, """column 'dollars' holds '$999.00' (row 0)""", """read them with --thousands \",\""""
    )
    one_line(fit("--target", "odd"), 1, """column 'odd' holds '?' (row 0)""", """read them with --na "?\"""")
    one_line(fit("--target", "none"), 1, "column 'none' holds no number")
    one_line(fit("--target", "far"), 1, "column 'far' holds inf (row 0)")
    others = [word for name in ("id", "rent", *odd, "far") for word in ("--drop", name)]
    assert fit("--target", "price", *others).err.endswith("leave them out, --drop copy\n")
    homes(60).to_csv(tmp_path / "a.csv", index=False)
    for cells, how in (
        ("3.071,77", 'a decimal comma and points between thousands): read them with --decimal "," --thousands "."'),
        ("€3,071", 'a currency or a percent sign): read them with --thousands ","'),
        ("12 kg", "write the column as numbers, such as df['price'] = pd.to_numeric(df['price'].str.removesuffix('kg'))"),
    ):
        other = homes(60).assign(price=[cells.replace("1", str(i % 9)).replace("2", str(i % 7)) for i in range(60)])
        other.to_csv(tmp_path / "other.csv", index=False, sep=";")
        one_line(diabolo("fit", tmp_path / "other.csv", "--target", "price", *to), 1, how)

    one_line(fit("--target", "prize"), 1, "did you mean 'price'?")
    one_line(fit("--target", "price", "--target", "price"), 1, "'price' twice")
    one_line(fit("--target", "price", "--labels", "town"), 2, "--labels does not go with --target")
    one_line(fit("--target", "price", "--task", "outliers"), 2, "--task does not go with --target")
    one_line(fit("--target", "price", "--loss", "squared"), 2, "--loss does not go with --target")
    everything = [word for name in ("id", "area", "rooms", "town", "rent") for word in ("--drop", name)]
    one_line(fit("--target", "price", *everything), 1, "no column is left")
    assert fit("--target", "price", "--drop", "rent", "--drop", "id").code == 0
    one_line(diabolo("tag", to[1], tmp_path / "a.csv"), 1, "holds a Regressor", "needs a MultiLabelClassifier")
    one_line(diabolo("predict", to[1], tmp_path / "a.csv", "-o", to[1]), 1, "is the input")
    one_line(diabolo("predict", to[1], tmp_path / "a.csv", "-o", tmp_path / "c.npy"), 1, "column 'town' is of the type string")
    for cells, why in (
        (["?", *range(59)], "'?' (row 0)"),
        (["inf", *range(59)], "inf (row 0)"),
        ([5] * 60, "a single number, 5"),
    ):
        homes(60).assign(price=cells).to_csv(tmp_path / "b.csv", index=False)
        said = diabolo("predict", to[1], tmp_path / "b.csv", "-o", tmp_path / "c.csv")
        assert said.code == 0
        assert f"60 rows, no R2, for column 'price' holds {why}" in said.out
    homes(9).assign(**{"predicted price": 1.0}).to_csv(tmp_path / "b.csv", index=False)
    one_line(
        diabolo("predict", to[1], tmp_path / "b.csv", "-o", tmp_path / "c.csv"), 1, "has a column 'predicted price' already"
    )


def test_what_stands_for_missing_cells_in_any_table(tmp_path: Path, diabolo: Any) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 2)).round(2), columns=["a", "b"])
    table["rating"], table["city"] = rng.integers(1, 30, 60), rng.choice(["Oslo", "Rome", "Bern"], 60)
    table.loc[::7, "rating"], table.loc[::5, "city"] = -999, "?"
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    table.to_feather(tmp_path / "a.feather")
    table.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    table.astype({"city": "category"}).to_parquet(tmp_path / "c.parquet")
    model, z, found = tmp_path / "a.diabolo", tmp_path / "z.csv", set()
    for name in ("a.csv", "a.parquet", "a.feather", "a.jsonl", "c.parquet"):
        said = diabolo("fit", tmp_path / name, "--na", -999, "--na", "?", "-o", model, *FIT)
        assert (said.code, said.err) == (0, ""), name
        gaps = {field.name: field.gaps for field in load(model).format_.fields}
        assert gaps == {"a": False, "b": False, "rating": True, "city": True}
        assert diabolo("encode", model, tmp_path / name, "-o", z).code == 0
        found.add(z.read_text())
        full = pa.table(load(model).impute(tmp_path / name))
        assert min(full["rating"].to_pylist()) > 0
        assert "?" not in full["city"].to_pylist()
    assert len(found) == 1
    one_line(diabolo("sample", model, "--given", "rating=-999", "-o", z), 1, "given 'rating': -999 stands for a missing cell")
    one_line(diabolo("sample", model, "--given", "city=?", "-o", z), 1, "given 'city': '?' stands for a missing cell")


def test_warnings_are_one_line_each_and_once(tmp_path: Path, diabolo: Any) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"]).assign(
        v=[f"{v:.2f}".replace(".", ",") for v in range(60)]
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    for drop in ((), ("--drop", "b")):
        said = diabolo("fit", tmp_path / "a.csv", "-o", tmp_path / "a.diabolo", *drop, *FIT)
        assert said.code == 0
        told = [line for line in said.err.splitlines() if "0,00" in line]
        assert len(told) == 1, said.err
        assert "--decimal ," in told[0].replace('"', "")


def test_codes_are_categories_if_that_is_said(tmp_path: Path, diabolo: Any) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80), "code": rng.choice([101, 205, 999], 80)})
    table.to_csv(tmp_path / "a.csv", index=False)
    said = diabolo("fit", tmp_path / "a.csv", "--category", "code", "-o", tmp_path / "a.diabolo", *FIT)
    assert (said.code, said.err) == (0, "")
    assert diabolo("sample", tmp_path / "a.diabolo", "-n", 50, "-o", tmp_path / "new.csv").code == 0
    assert set(pd.read_csv(tmp_path / "new.csv")["code"]) <= {101, 205, 999}
    said = diabolo("fit", tmp_path / "a.csv", "--number", "code", "-o", tmp_path / "b.diabolo", *FIT)
    assert (said.code, said.err) == (0, "")


def test_documents_in_a_column(tmp_path: Path, diabolo: Any) -> None:
    table = pd.DataFrame({"id": range(60), "body": texts(60), "note": "x", "a, b": [0, 1] * 30, "c": [1, 0, 1] * 20})
    table.to_csv(tmp_path / "a.csv", index=False)
    asked = "--text", "body", "--min-df", 1, "--max-df", "1.0", "--stop-words", "red", "--token-pattern", r"\w\w+"
    said = diabolo("fit", tmp_path / "a.csv", *asked, "-o", tmp_path / "a.diabolo", *FIT)
    assert said.code == 0, said.err
    format = load(tmp_path / "a.diabolo").format_
    assert (format.kind, format.column, format.min_df, format.max_df) == ("documents", "body", 1, 1.0)
    assert "red" not in format.columns
    said = diabolo("encode", tmp_path / "a.diabolo", tmp_path / "a.csv", "--keep", "id", "-o", tmp_path / "z.csv")
    assert said.code == 0, said.err
    assert pd.read_csv(tmp_path / "z.csv")["id"].tolist() == list(range(60))
    labels = "--text", "body", "--labels", "c", "--label", "a, b"
    said = diabolo("fit", tmp_path / "a.csv", *labels, "-o", tmp_path / "tags.diabolo", *FIT)
    assert said.code == 0, said.err
    assert load(tmp_path / "tags.diabolo").labels_.names == ["c", "a, b"]
    said = diabolo("tag", tmp_path / "tags.diabolo", tmp_path / "a.csv", "-o", tmp_path / "t.csv")
    assert said.code == 0, said.err


def test_folders_and_files_without_data(tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "b.csv").write_text("a,b\n")
    (tmp_path / "c.csv").write_bytes("a,b\ncafé,1\n".encode("latin-1"))
    for name, said in (
        ("in", "is empty: give one of pictures, of texts (.txt) or of the parts of a table (.parquet, .csv"),
        ("a.csv", "is empty"),
        ("b.csv", "a header, but no rows"),
        ("c.csv", '--encoding "latin-1"'),
    ):
        one_line(diabolo("fit", tmp_path / name, "-o", tmp_path / "x", *FIT), 1, said)


def test_cells_that_samples_shall_have_are_of_their_types(tmp_path: Path, diabolo: Any) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=60), "day": pd.date_range("2024-01-01", periods=60), "zip": ["007", "012"] * 30})
    table.to_csv(tmp_path / "a.csv", index=False)
    model, out = tmp_path / "a.diabolo", tmp_path / "new.csv"
    assert diabolo("fit", tmp_path / "a.csv", "-o", model, *FIT).code == 0
    said = diabolo("sample", model, "-n", 5, "--given", "day=2024-02-01", "--given", "zip=012", "-o", out)
    assert said.code == 0, said.err
    assert pd.read_csv(out, dtype=str)[["day", "zip"]].drop_duplicates().to_numpy().tolist() == [["2024-02-01", "012"]]
    one_line(diabolo("sample", model, "--given", "day=soon", "-o", out), 1, "holds texts, 'soon', where", "with dates")
    one_line(diabolo("sample", model, "--given", "zp=1", "-o", out), 1, "did you mean 'zip'?")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".txt"])
def test_the_encoding_of_texts_is_kept(suffix: str, tmp_path: Path, diabolo: Any) -> None:
    """Said once, when a model is fitted; every verb reads its data with it."""
    mails = [f"{text} caf\u00e9" for text in texts()]
    table = pd.DataFrame({"id": [f"m{i}" for i in range(len(mails))], "body": mails, "bug": [i % 2 for i in range(len(mails))]})
    data, model, out = tmp_path / f"mails{suffix}", tmp_path / "m.diabolo", tmp_path / "out.csv"
    lines = [json.dumps(row, ensure_ascii=False) for row in table.drop(columns="bug").to_dict("records")]
    written = {".csv": table.to_csv(index=False), ".jsonl": "\n".join(lines), ".txt": "\n".join(mails)}
    data.write_bytes(written[suffix].encode("latin-1"))
    text = ["--text", "body"] if suffix == ".csv" else []
    keep = ["--keep", "id"] if suffix != ".txt" else []
    said = diabolo("fit", data, *text, "--encoding", "latin-1", "-o", model, *FIT)
    assert said.code == 0, said.err
    said = diabolo("encode", model, data, *keep, "-o", out)
    assert said.code == 0, said.err
    assert len(pd.read_csv(out)) == len(mails)
    if suffix == ".csv":
        assert diabolo("fit", data, *text, "--encoding", "latin-1", "--labels", "bug", "-o", model, *FIT).code == 0
        said = diabolo("tag", model, data, *keep, "-o", out)
        assert said.code == 0, said.err
        assert [*pd.read_csv(out).columns] == ["id", "labels"]


def test_lists_of_labels_in_parquet(tmp_path: Path, diabolo: Any) -> None:
    lists = [["x"], [], ["x", "y"]] * 20
    data, model = tmp_path / "mails.parquet", tmp_path / "m.diabolo"
    pd.DataFrame({"a": np.arange(60) % 7 / 2, "b": np.arange(60) % 3 / 2, "tags": lists}).to_parquet(data)
    for sep in ([], ["--labels-sep", ";"]):  # lists need no sign
        said = diabolo("fit", data, "--labels", "tags", *sep, "-o", model, *FIT)
        assert said.code == 0, said.err
        assert load(model).labels_.names == ["x", "y"]


def test_no_components_are_not_the_default(place: Path, tmp_path: Path, diabolo: Any) -> None:
    for task in ("codes", "outliers"):
        said = diabolo("fit", place / "people.csv", "-o", tmp_path / "m", "-k", "0", "--task", task)
        assert said.code == 1
        assert "--components 0: allowed are" in said.err
    assert not left(tmp_path)


def test_texts_of_a_folder_keep_their_names(place: Path, tmp_path: Path, diabolo: Any) -> None:
    """In the order of the names; what systems hide there is no text."""
    folder = tmp_path / "mails"
    folder.mkdir()
    for i, text in enumerate(texts()):
        (folder / f"m{i:02d}.{'TXT' if i % 2 else 'txt'}").write_text(text)
    (folder / "._m00.txt").write_bytes(b"\0\x05\x16\x07")
    model, codes = place / "mails.diabolo", tmp_path / "codes.csv"
    for verb in ("encode", "score", "map"):
        said = diabolo(verb, model, folder, "-o", codes)
        assert said.code == 0, said.err
        assert pd.read_csv(codes)["file"].tolist() == sorted(file.name for file in folder.glob("m*"))
    assert np.array_equal(load(model).transform(folder), load(model).transform(place / "mails.txt"))


def test_records_with_lists_can_be_joined_to_their_codes(tmp_path: Path, diabolo: Any) -> None:
    lines = [{"id": i, "places": ["usa"] * (i % 3), "body": text} for i, text in enumerate(texts())]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert diabolo("fit", tmp_path / "a.jsonl", "-o", tmp_path / "m", *FIT).code == 0
    said = diabolo("encode", tmp_path / "m", tmp_path / "a.jsonl", "--keep", "id", "--keep", "places", "-o", tmp_path / "c.csv")
    assert said.code == 0, said.err
    codes = pd.read_csv(tmp_path / "c.csv")
    assert codes["id"].tolist() == [line["id"] for line in lines]
    assert [json.loads(cell) for cell in codes["places"]] == [line["places"] for line in lines]


def test_numbers_that_are_taken_for_texts_are_told(tmp_path: Path, diabolo: Any) -> None:
    pd.DataFrame({"a": np.arange(40) % 7 / 2, "b": texts()}).to_csv(tmp_path / "a.csv", index=False)
    assert not diabolo("fit", tmp_path / "a.csv", "--text", "b", "-o", tmp_path / "m", *FIT).err
    said = diabolo("fit", tmp_path / "a.csv", "--text", "a", "-o", tmp_path / "m", *FIT)
    assert "--text: column 'a' holds numbers, such as '0.0': each is read as a word" in said.err


def test_a_file_of_the_folder_that_is_read_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "sub/b.TTF", "codes.csv"):
        (tmp_path / name).write_bytes(b"mine")
    for name in ("a.png", "sub/b.TTF"):
        with pytest.raises(DataError, match="is one of the files that are read"):
            never_onto_input(tmp_path / name, tmp_path)
    never_onto_input(tmp_path / "codes.csv", tmp_path)
    never_onto_input(tmp_path / "new.png", tmp_path)


def test_what_is_predicted_part_by_part_says_where_it_is_measured(tmp_path: Path, diabolo: Any) -> None:
    table = pd.DataFrame({"area": np.arange(60.0) % 13, "price": np.arange(60.0) % 13 * 2})
    (tmp_path / "parts").mkdir()
    table.to_parquet(tmp_path / "parts" / "a.parquet")
    model = tmp_path / "price.diabolo"
    assert diabolo("fit", tmp_path / "parts", "--target", "price", *FIT[2:], "-o", model).code == 0
    said = diabolo("predict", model, tmp_path / "parts", "-o", tmp_path / "out").out
    assert "no R2 against column 'price', of parts: `diabolo report" in said
    table[["area"]].to_parquet(tmp_path / "parts" / "a.parquet")
    assert "R2" not in diabolo("predict", model, tmp_path / "parts", "-o", tmp_path / "more").out


def test_a_report_on_columns_of_labels_needs_no_name(mails: Path, tmp_path: Path, diabolo: Any) -> None:
    said = diabolo("report", mails / "mails.diabolo", mails / "mails.csv", "--labels", "bug", "-o", tmp_path / "a.html")
    one_line(said, 2, "found by their names", "leave out --labels")
