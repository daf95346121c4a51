"""A table that holds its labels: X and Y out of it, for Python as for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from diabolo import DataError, MultiLabelClassifier
from diabolo.formats import Arrays, Documents, Reading, Tables, read_labeled
from diabolo.formats.labeled import read_for
from diabolo.formats.labels import Labels

FEW = 24
BODY = [f"{'refund the money' if i % 3 else 'the app crashes'} number{i}" for i in range(FEW)]


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """Two labels, of which one is not known everywhere; a number; a text."""
    file = tmp_path / "mails.csv"
    urgent = [None if i == 2 else i % 2 for i in range(FEW)]
    frame = pd.DataFrame(
        {"id": np.arange(FEW) * 7 % 50, "body": BODY, "urgent": urgent, "bug": [int(i % 3 == 0) for i in range(FEW)]}
    )
    frame.to_csv(file, index=False)
    return file


def test_texts_and_columns_of_labels(mails: Path) -> None:
    X, Y = read_labeled(mails, ["urgent", "bug"], text="body")
    assert X == BODY
    assert Y.column_names == ["urgent", "bug"]
    assert Y["urgent"].to_pylist()[:4] == [0, 1, None, 1]
    auto, one = read_labeled(str(mails), "bug", drop=["id", "urgent"])
    assert auto == BODY, "a single column of texts is read as such"
    assert one.column_names == ["bug"]


def test_all_other_columns_are_x(mails: Path) -> None:
    X, _ = read_labeled(mails, ["urgent", "bug"])
    assert X.column_names == ["id", "body"]
    assert read_labeled(mails, ["urgent", "bug"], drop=["id"], format="tables")[0].column_names == ["body"]


def test_the_labels_are_learned_as_from_a_data_frame(mails: Path) -> None:
    X, Y = read_labeled(mails, ["urgent", "bug"], drop=["body"])
    params: dict[str, Any] = {"epochs": 2, "hidden": (4,), "random_state": 0, "verbose": False}
    clf = MultiLabelClassifier(**params).fit(X, Y)
    same = MultiLabelClassifier(**params).fit(X, Y.to_pandas())
    assert clf.classes_.tolist() == ["urgent", "bug"]
    assert np.array_equal(clf.predict_proba(X), same.predict_proba(X))
    assert isinstance(clf.predict(X), np.ndarray)
    assert clf.score(X, Y.select(["bug", "urgent"])) == clf.score(X, Y), "columns are found by name"


def test_lists_of_labels(tmp_path: Path) -> None:
    table = pa.table({"size": [1.0, 2.0, 3.0], "tags": ["bug; new", None, "new"]})
    assert read_labeled(table, "tags", labels_sep=";")[1] == [["bug", "new"], [], ["new"]]
    lists = pa.table({"size": [1.0, 2.0], "tags": [["bug", "new"], []]})
    assert read_labeled(lists, "tags")[1] == [["bug", "new"], []], "lists need no sign"
    with pytest.raises(DataError, match=r"labels_sep=';' is for one column of lists, but labels names 2"):
        read_labeled(table, ["size", "tags"], labels_sep=";")


def test_pictures_are_seen_from_the_table(tmp_path: Path) -> None:
    for i in range(2):
        Image.new("RGB", (4, 4), (i, 0, 0)).save(tmp_path / f"{i}.png")
    file = tmp_path / "photos.csv"
    file.write_text("file,note,beach\n0.png,first,1\n1.png,second,0\n")
    wanted = [tmp_path / "0.png", tmp_path / "1.png"]
    assert read_labeled(file, "beach", image="file")[0] == wanted
    assert read_labeled(file, "beach", drop=["note"])[0] == wanted
    assert read_labeled(pa.table({"file": ["0.png"], "beach": [1]}), "beach", folder=tmp_path)[0] == wanted[:1]
    file.write_text("file,beach\n0.png,1\n9.png,0\n")
    with pytest.raises(DataError, match=r"column 'file', row 1: there is no file .*9.png'\. Names are relative to"):
        read_labeled(file, "beach")
    file.write_text("file,beach\n0.png,1\n" + "9.png,0\n,1\n" * 4)
    with pytest.raises(DataError, match=r"row 1: there is .*; row 2: the name is empty; .*; and 3 more such rows\.") as said:
        read_labeled(file, "beach")
    assert str(said.value).count("row ") == 5


def test_x_for_an_encoder(mails: Path) -> None:
    documents = Documents().fit(BODY)
    assert read_labeled(mails, ["urgent", "bug"], drop=["id"], format=documents)[0] == BODY
    with pytest.raises(DataError, match="the encoder takes texts, but 'id', 'body' are left"):
        read_labeled(mails, ["urgent", "bug"], format=documents)
    numbers = Tables().fit(pd.DataFrame({"id": [3, 1, 4]}))
    assert read_labeled(mails, "bug", format=numbers)[0].column_names == ["id"]


@pytest.mark.parametrize(
    ("labels", "more", "words"),
    [
        (["urgnt"], {}, r"labels: there is no column 'urgnt' \(did you mean 'urgent'\?\)"),
        (["bug", "bug"], {}, "labels names 'bug' twice"),
        ([], {}, "labels names no column"),
        (["bug"], {"drop": ["ID"]}, "drop: there is no column 'ID'"),
        (["bug"], {"text": "text"}, "text: there is no column 'text'"),
        (["bug"], {"drop": ["id", "body", "urgent"]}, "no column is left besides the labels"),
        (
            ["id"],
            {},
            "column 'id' holds 7 in row 1: allowed are 0, 1, and an empty cell, which means unknown; numbers are predicted",
        ),
        (["body"], {}, "--labels-sep ';', or labels_sep=';', reads a column of names with this separator between"),
    ],
)
def test_what_is_wrong_is_said(mails: Path, labels: list[str], more: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_labeled(mails, labels, **more)


def test_other_mistakes(mails: Path) -> None:
    with pytest.raises(ValueError, match=r"format='texts': allowed are 'auto', 'tables', 'documents', 'images', and a fitted"):
        read_labeled(mails, "bug", format="texts")
    frame: Any = pd.read_csv(mails)
    with pytest.raises(DataError, match="data is a DataFrame: give a path or a table"):
        read_labeled(frame, "bug")


def test_a_file_is_read_as_was_said(tmp_path: Path) -> None:
    file = tmp_path / "euro.csv"
    file.write_text("size;bug\n1,5;1\n2,5;?\n")
    X, Y = read_labeled(file, "bug", reading=Reading(sep=";", decimal=",", na=("?",)))
    assert X["size"].to_pylist() == [1.5, 2.5]
    assert Y["bug"].to_pylist() == [1, None]


def test_a_missing_label_of_a_typed_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"size": [1.0, 2.0, 3.0], "bug": ["0", "?", "1"], "new": [0, -9, 1]}), tmp_path / "t.parquet")
    _, Y = read_labeled(tmp_path / "t.parquet", ["bug", "new"], reading=Reading(na=("?", "-9")))
    assert Y.to_pylist() == [{"bug": 0, "new": 0}, {"bug": None, "new": None}, {"bug": 1, "new": 1}]


def test_dates_are_not_looked_for_in_texts(mails: Path) -> None:
    with pytest.raises(DataError, match="is for columns of a table, but only 'body' is read as X"):
        read_labeled(mails, "bug", text="body", reading=Reading(dates={"day": "%d.%m.%Y"}))


def test_a_fitted_model_finds_its_rows(mails: Path, tmp_path: Path) -> None:
    table, X = read_for(Documents(column="body").fit(pd.DataFrame({"body": BODY})), mails)
    assert table.column_names == ["id", "body", "urgent", "bug"]
    assert X == BODY
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "b.txt").write_text("a mail")
    (tmp_path / "texts" / "a.txt").write_text("a letter")
    for format in (Documents(column="body").fit(pd.DataFrame({"body": BODY})), Documents().fit(BODY)):
        table, X = read_for(format, tmp_path / "texts")
        assert (table.to_pydict(), X) == ({"file": ["a.txt", "b.txt"], "text": ["a letter", "a mail"]}, ["a letter", "a mail"])
        assert read_for(format, tmp_path / "texts" / "b.txt")[1] == ["a mail"]
    np.save(tmp_path / "X.npy", np.ones((2, 3)))
    table, X = read_for(Arrays().fit(np.eye(3)), tmp_path / "X.npy")
    assert table.column_names == ["x0", "x1", "x2"]
    assert X.shape == (2, 3)


def test_names_of_labels_leave_the_labels_as_they_are() -> None:
    labels = Labels().fit(pd.DataFrame({"a": [0, 1], "b": [1, 1]}))
    assert labels.as_lists().from_matrix(np.array([[0, 1], [1, 1]])) == [("b",), ("a", "b")]
    assert labels.kind == "pandas"
    assert Labels().fit(["x", "y"]).as_lists().from_matrix(np.eye(2)).tolist() == ["x", "y"]


@pytest.mark.filterwarnings("ignore:column 'kind' names no class")
def test_a_column_of_classes(tmp_path: Path) -> None:
    """Texts that repeat, or a few whole numbers; what is more likely something else is refused."""
    size = [float(i) for i in range(12)]
    for values, said in (
        (["cat", "dog", None] * 4, ["cat", "dog"] * 4),
        ([3, 4, None] * 4, [3, 4] * 4),
        (pa.array(["a b", "c", ""] * 4).dictionary_encode(), ["a b", "c"] * 4),
    ):
        X, y = read_labeled(pa.table({"size": size, "kind": values}), "kind")
        assert list(y) == said
        assert len(X) == 8
        assert X["size"][:3].to_pylist() == [0, 1, 3]
    for values in ([*"abcdefghijkl"], ["a;b", "a"] * 6, ["1", "?"] * 6, [0.5, 1.5] * 6, [*range(12)]):
        with pytest.raises(DataError, match="allowed are 0, 1, and an empty cell"):
            read_labeled(pa.table({"size": size, "kind": values}), "kind")


def test_a_column_of_classes_of_a_large_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diabolo.formats import blocks, labeled

    monkeypatch.setattr(labeled, "SAMPLE", 20)
    table = pa.table({"size": np.arange(60.0), "kind": ["red fox", "cat", "dog"] * 20})
    pq.write_table(table, tmp_path / "t.parquet")
    X, y = read_labeled(tmp_path / "t.parquet", "kind")
    assert (type(X), y.kind, y.names) == (blocks.parts_of(tmp_path / "t.parquet").__class__, "one", ["cat", "dog", "red fox"])
    clf = MultiLabelClassifier(hidden=(8,), epochs=2, random_state=0).fit(X, y)
    assert clf.labels_.kind == "one"
    assert clf.predict(X).shape == (60,)
    pq.write_table(table.set_column(1, "kind", [["cat", "dog", None] * 20]), tmp_path / "gaps.parquet")
    with pytest.raises(DataError, match="names no class in 20 of 60 rows, row 2 the first: leave these rows out"):
        read_labeled(tmp_path / "gaps.parquet", "kind")


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_columns_of_a_dataframe_are_its_labels(kind: str) -> None:
    r = np.random.default_rng(0)
    df = pd.DataFrame({"a": r.normal(size=60), "ill": r.integers(0, 2, 60), "bad": r.random(60) < 0.5})
    df = df.assign(kind=r.choice(["x", "y"], 60), tags=r.choice(["p;q", "q", "p"], 60))
    make: Any = {"pandas": lambda df: df, "polars": pl.from_pandas}[kind]
    for labels, sep, names in (
        (["ill", "bad"], None, ["ill", "bad"]),
        ("ill", None, ["ill"]),
        ("kind", None, ["x", "y"]),
        ("tags", ";", ["p", "q"]),
    ):
        taken = [labels] if isinstance(labels, str) else labels
        X = make(df.drop(columns={"kind", "tags"} - {*taken}))
        clf = MultiLabelClassifier(epochs=1, hidden=(4,), verbose=False, random_state=0).fit(X, labels=labels, labels_sep=sep)
        assert clf.labels_.names == names
        assert list(clf.feature_names_in_) == [name for name in X.columns if name not in taken]
    with pytest.raises(DataError, match=r"^labels: there is no column 'il' .did you mean 'ill'"):
        MultiLabelClassifier().fit(make(df), labels="il")
