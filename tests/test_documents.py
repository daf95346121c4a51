"""What a word is, which words are kept and what is told of the others; texts in whatever holds them."""

from __future__ import annotations

import codecs
import collections
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

from diabolo import Autoencoder, Classifier, DataError, MultiLabelClassifier, OutlierDetector, Regressor, load
from diabolo.cli.info import facts
from diabolo.formats import Documents, Embedded, infer
from diabolo.formats.texts import read_documents
from diabolo.formats.words import Words
from diabolo.storage import header

FRUIT = ["ripe", "sour", "green", "yellow", "plum", "quince", "cherry", "melon", "fig", "lime"]
FEW: dict[str, Any] = {"epochs": 2, "random_state": 0, "verbose": False}


def notes(n: int = 40, words: list[str] = FRUIT, length: int = 5, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(words, length)) for _ in range(n)]


def many(n: int = 200) -> list[str]:
    """Texts of 150 words."""
    return notes(n, [f"{a}{b}" for a in ("mo", "ta", "ri", "su", "ke") for b in map(chr, range(97, 123))] + FRUIT * 2, 12)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Error 404: can't open B-17", ["error", "404", "can", "t", "open", "b", "17"]),
        ("_a_ snake_case h2o", ["a", "snake", "case", "h2o"]),
        ("CAFÉ café cafe\u0301", ["café"] * 3),
        ("ﬁne Ⅷ １２", ["fine", "viii", "12"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("서울은 수도", ["서울은", "수도"]),
        ("好本iPhone手机壳", ["好本", "iphone", "手机", "机壳"]),
        ("猫", ["猫"]),
        ("ไทย", ["ไท", "ทย"]),
        ("yes👍no ❤️ 🇧🇷🇯🇵", ["yes", "👍", "no", "❤", "🇧🇷", "🇯🇵"]),
        ("... !?", []),
    ],
)
def test_what_a_word_is(text: str, words: list[str]) -> None:
    assert Words()(text) == words


def test_words_to_leave_out_and_stems() -> None:
    assert Words(stop_words=["The", "CAFÉ"])("the café opens") == ["opens"]
    assert Words(stop_words="english")("where the plum is") == ["plum"]
    assert Words(r"\d+")("7 plums, 12 figs") == ["7", "12"]
    assert Words(r"#(\w+)")("#a b #c") == ["a", "c"]
    assert Words(stem="english")("plums opening") == ["plum", "open"]


def test_a_few_huge_documents_weigh_no_more_than_usual_ones() -> None:
    counts = np.random.default_rng(0).poisson(0.5, (60, 30)) + np.eye(30, dtype=int)[np.arange(60) % 30]
    usual, huge = Documents().fit(sp.csr_matrix(counts)), counts.copy()
    huge[:3] *= 1000
    format = Documents().fit(sp.csr_matrix(huge))
    assert format.length == pytest.approx(usual.length, rel=0.05)
    x, raw = format.to_tensor(sp.csr_matrix(huge)), torch.zeros(60, 30).double()
    loss = format.loss()(raw, x)
    assert loss.max() < 5 * loss.median(), "though they are 1000 times as long"


def test_few_different_words_are_kept() -> None:
    """Each is in about half of the documents."""
    format = Documents().fit(notes())
    assert format.columns == sorted(FRUIT)
    assert format.left_out == ""
    codes = Autoencoder(2, **FEW).fit_transform(notes())
    assert np.ptp(codes, axis=0).min() > 0
    assert set(Documents().fit(["a b c", "a b d"]).columns) == set("abcd")


def test_a_frequent_word_is_left_out_where_enough_remain_and_told(tmp_path: Path) -> None:
    texts = [f"the {text} 7{' once' * (i == 3)}" for i, text in enumerate(many())]
    ae = Autoencoder(2, **FEW).fit(texts)
    left = "1 above max_df=0.5 (the); 1 below min_df=2 (once); 1 numbers and single letters by token_pattern=None (7)"
    assert ae.format_.left_out == left
    assert f"{len(ae.format_.columns)} words; left out: {left}" in repr(ae.format_)
    assert not {"the", "once", "7"} & set(ae.format_.columns)
    ae.save(tmp_path / "a.diabolo")
    assert repr(load(tmp_path / "a.diabolo").format_) == repr(ae.format_)
    assert facts(header(tmp_path / "a.diabolo"))["data"].endswith(f"; left out: {left}")
    asked = Documents(min_df=1, max_df=1.0, token_pattern=r"\w+").fit(texts)
    assert {"the", "once", "7"} <= set(asked.columns)
    assert asked.left_out == ""


@pytest.mark.parametrize(("yes", "no"), [(" refund", ""), (" 404", " 500"), (" plan b", " plan c"), ("\U0001f44d", "")])
def test_any_word_can_decide_a_label(yes: str, no: str) -> None:
    rng = np.random.default_rng(1)
    y = rng.random(160) < 0.6
    texts = [text + (yes if one else no) for text, one in zip(notes(160), y, strict=True)]
    for cls in (Classifier, Regressor, MultiLabelClassifier):
        target = y[:, None].astype(int) if cls is MultiLabelClassifier else y.astype(int)
        model = cls(epochs=10, members=2, random_state=0, verbose=False).fit(texts[:100], target[:100])
        found = model.predict(texts[100:]) if cls is Regressor else model.predict_proba(texts[100:])[:, -1]
        assert roc_auc_score(y[100:], found) > 0.95


def test_a_frequent_word_is_heard_among_many_rare_ones() -> None:
    y = np.random.default_rng(0).random(300) < 0.6
    words = sorted(set(" ".join(many()).split()))
    texts = [text + (" refund" if one else "") for text, one in zip(notes(300, words), y, strict=True)]
    model = MultiLabelClassifier(epochs=10, members=2, random_state=0, verbose=False)
    model.fit(texts[:200], y[:200, None].astype(int))
    assert roc_auc_score(y[200:], model.predict_proba(texts[200:])[:, 0]) > 0.98


def test_nothing_that_may_decide_is_left_out_for_being_frequent() -> None:
    texts = [f"the {text} 7" for text in many()]
    y = np.arange(len(texts)) % 2
    shared = Documents()
    deciding = Classifier(format=shared, epochs=1, random_state=0, verbose=False).fit(texts, y).format_
    assert {"the", "7"} <= set(deciding.columns)
    assert not {"the", "7"} & set(Autoencoder(2, format=shared, **FEW).fit(texts).format_.columns)
    asked = Classifier(format=Documents(max_df=0.5), epochs=1, random_state=0, verbose=False).fit(texts, y).format_
    assert "the" not in asked.columns
    assert not hasattr(shared, "columns")  # what is given is not fitted: it can be given twice


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"min_df": 1000}, r"no words are left .* 10 below min_df=1000 \(.*lower min_df, raise max_df"),
        ({"max_df": 0.01}, r"no words are left .* 10 above max_df=0.01"),
        ({"token_pattern": r"\d+"}, r"no token in 40 documents is one by token_pattern='.*' and stop_words=None"),
        ({"stop_words": FRUIT}, r"no token in 40 documents .*stop_words="),
        ({"min_df": 0}, "min_df=0: allowed are"),
        ({"max_df": 1.5}, "max_df=1.5: allowed are"),
        ({"max_df": True}, "max_df=True: allowed are"),
        ({"max_features": 0}, "max_features=0: allowed are"),
        ({"token_pattern": "("}, r"token_pattern='\(' is no regular expression"),
        ({"token_pattern": "(a)(b)"}, "has 2 groups"),
        ({"stop_words": "klingon"}, "stop_words='klingon': allowed are"),
    ],
)
def test_errors_name_the_option(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Documents(**parameters).fit(notes())


def test_options_are_kept() -> None:
    given = {"min_df": np.int64(2), "max_df": 0.9, "stop_words": {"fig"}, "token_pattern": r"\w{4,}", "max_features": 7}
    format = Documents(**given).fit(notes())
    assert len(format.columns) == 7
    assert "7 words; left out: " in repr(format)
    meta, arrays = format.state()
    again = Documents.from_state(json.loads(json.dumps(meta)), arrays)
    assert repr(again) == repr(format)
    assert again.to_tensor(notes()).equal(format.to_tensor(notes()))


def test_one_word_is_not_compressed() -> None:
    with pytest.raises(DataError, match="X has one word, 'fig'"):
        Autoencoder(1, **FEW).fit(["fig"] * 30)


# ── what holds texts ─────────────────────────────────────────────────────────────────────────────────────────────────

HOLDERS: dict[str, Any] = {
    "tuple": tuple,
    "deque": collections.deque,
    "generator": lambda texts: (text for text in texts),
    "series": lambda texts: pd.Series(texts, index=range(100, 100 + len(texts))),
    "objects": lambda texts: pd.Series(texts, dtype=object),
    "string[pyarrow]": lambda texts: pd.Series(texts, dtype="string[pyarrow]"),
    "category": lambda texts: pd.Series(texts, dtype="category"),
    "polars": pl.Series,
    "array": np.array,
    "array of objects": lambda texts: np.array(texts, dtype=object),
    "array of strings": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "arrow": pa.array,
    "chunked": lambda texts: pa.chunked_array([texts[:3], texts[3:]]),
    "dictionary": lambda texts: pa.array(texts).dictionary_encode(),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_texts_are_the_same_in_whatever_holds_them(name: str) -> None:
    X = HOLDERS[name]
    assert read_documents(X(notes())) == notes()
    if name != "generator":
        assert infer(X(notes())).kind == "documents"


@pytest.mark.parametrize(
    ("X", "said"),
    [
        ([None, "fig", None], "document 0 .and 1 more. is a NoneType, not a string: give ''"),
        (["fig", float("nan")], "document 1 is a float, not a string: give ''"),
        (pd.Series(["fig", None], dtype="string"), "document 1 is a NAType, not a string: give ''"),
        (["fig", b"lime"], r"document 1 is a bytes, not a string: decode it"),
        (np.array([b"fig", b"lime"]), "document 0 .and 1 more. is a bytes"),
        ([3, "fig"], r"document 0 is an int, not a string: give str"),
        ({"fig", "lime"}, "X is a set, which has no rows in order"),
        ("the ripe fig", "X is one text, 'the ripe fig', .*: give a list of texts"),
        ("fig", "X is one text"),
        ("fig " * 200, "X is one text, 'fig .*[.][.][.]'"),
        ("fig\0\nlime", "X is one text"),
    ],
)
def test_what_is_no_list_of_texts_is_said(X: Any, said: str) -> None:
    for use in (infer, lambda X: infer(X).fit(X), Documents().fit(notes()).counts):
        if use is infer and not isinstance(X, str):
            assert infer(X).kind == "documents"  # so that it is named as one
            continue
        with pytest.raises(DataError, match=said):
            use(X)


def test_a_path_that_is_none() -> None:
    for path in ("a/b.csv", "notes.jsonl", Path("the fig"), "my notes.txt", "some/where"):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            infer(path)


def test_nothing_and_what_is_no_row() -> None:
    format = Documents().fit(notes())
    for X in ([], np.array([], dtype=str)):
        with pytest.raises(DataError, match="0 sample"):
            format.counts(X)
    with pytest.raises(DataError, match="give a list of texts"):
        format.counts(np.array("fig"))


def test_names_of_pictures_are_no_texts() -> None:
    assert infer(["a.png", "b c.JPG"]).kind == "images"
    assert infer(["see a.png", "no picture"]).kind == "documents"


@pytest.mark.parametrize("cls", [Autoencoder, OutlierDetector, Classifier, Regressor, MultiLabelClassifier])
def test_documents_without_a_known_word(cls: Any) -> None:
    X = notes()
    y = np.arange(len(X)) % 2
    target = {Autoencoder: (), OutlierDetector: ()}.get(cls, (y[:, None] if cls is MultiLabelClassifier else y,))
    model = cls(**FEW).fit(X, *target)
    use = model.predict if hasattr(model, "predict") else model.transform
    with pytest.warns(UserWarning, match="no word of the vocabulary is in 2 of 3 documents") as told:
        found = use(["", "zebra", "fig"])
    assert np.isfinite(np.asarray(found, dtype=float)).all()
    assert len(told) == 1
    assert Path(told[0].filename).name == "test_documents.py"


# ── a column of a table ──────────────────────────────────────────────────────────────────────────────────────────────


def table() -> pd.DataFrame:
    return pd.DataFrame({"id": range(40), "body": [*notes()[:39], None], "weight": 1.5})


def test_the_only_texts_of_a_table_need_no_name(tmp_path: Path) -> None:
    df = table()[:30]
    df.to_csv(tmp_path / "t.csv", index=False)
    format = Documents().fit(list(df["body"]))
    for X in (df, pl.from_pandas(df), tmp_path / "t.csv"):
        assert (format.to_tensor(X) == format.to_tensor(list(df["body"]))).all()
    with pytest.raises(DataError, match="say which column holds the texts"):
        format.to_tensor(df.assign(other=df["body"]))
    with pytest.raises(DataError, match="say which column holds the texts"):
        Documents().fit(df)


def test_a_column_of_any_table(tmp_path: Path) -> None:
    df = table()
    df.to_csv(tmp_path / "t.csv", index=False)
    pq.write_table(pa.Table.from_pandas(df), tmp_path / "t.parquet")
    df.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        ae = Autoencoder(2, format=Documents(column="body"), **FEW).fit(df)
    assert sum("column 'body': texts are missing in 1 of 40 rows" in str(w.message) for w in told) == 1
    ae.save(tmp_path / "a.diabolo")
    ae = load(tmp_path / "a.diabolo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = ae.transform(df)
        for X in (
            pl.from_pandas(df),
            pl.from_pandas(df).lazy(),
            pa.Table.from_pandas(df),
            tmp_path / "t.csv",
            str(tmp_path / "t.parquet"),
            tmp_path / "t.jsonl",
            df[["body"]],
            df.body.fillna("").tolist(),
        ):
            assert np.array_equal(ae.transform(X), wanted)


def test_a_column_that_is_none() -> None:
    columns = "the columns are 'id', 'body', 'weight'"
    for column, said in ((None, "X is a table"), ("text", "0 columns of X are named 'text'")):
        with pytest.raises(DataError, match=rf"{said}: say which column holds the texts, Documents\(column=...\); {columns}"):
            Documents(column=column).fit(table())
    with pytest.raises(DataError, match=r"column 'weight', row 0: 1\.5 is a float, not a string"):
        Documents(column="weight").fit(table())


class Lengths:
    """A model of texts."""

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.array([[len(text), text.count(" ")] for text in texts], dtype=float)


def test_texts_for_a_model_are_checked_alike() -> None:
    df = table().head(30)
    clf = Classifier(encoder=Lengths(), format=Documents(column="body"), random_state=0, verbose=False).fit(df, df.id % 2)
    assert np.array_equal(clf.predict(df), clf.predict(df.body.tolist()))
    format = Embedded(Lengths()).fit(notes())
    for X in (["fig", None], "the fig", {"fig"}):
        with pytest.raises(DataError, match=r"not a string|one text|no rows in order"):
            list(format.chunks(X))


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

LINES = "café noir\nthé vert\n"


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_files_that_say_how_they_are_encoded(code: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(LINES.encode(code))
    (tmp_path / "b.txt").write_bytes(codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"))
    assert read_documents(tmp_path / "a.txt") == read_documents(tmp_path / "b.txt") == LINES.split("\n")[:2]
    assert read_documents(tmp_path) == [LINES, LINES]


@pytest.mark.parametrize("code", ["latin-1", "utf-16-le"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "folder"])
def test_files_that_do_not(code: str, name: str, tmp_path: Path) -> None:
    lines = LINES if name != "a.jsonl" else "".join(f'"{line}"\n' for line in LINES.splitlines())
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    (path / "a.txt" if name == "folder" else path).write_bytes(lines.encode(code))
    assert Documents.accepts(path)
    with pytest.raises(DataError, match=r"cannot read .*a\.(txt|jsonl)'.* is not utf-8.*Documents\(encoding=...\)"):
        infer(path).fit(path)
    read = Documents(encoding=code).read(path)
    assert "".join(read).replace("\n", "") == LINES.replace("\n", "")
    with pytest.raises(ValueError, match="encoding='klingon' is not known"):
        Documents(encoding="klingon").fit(path)


def test_empty_lines_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"ripe fig\r\n\r\nsour lime\r\n")
    with pytest.warns(UserWarning, match="1 of 3 lines are empty"):
        assert read_documents(tmp_path / "a.txt") == ["ripe fig", "sour lime"]


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no .txt file"):
        Documents().fit(tmp_path)


def test_texts_and_tables_in_json_lines(tmp_path: Path) -> None:
    def lines(*records: Any) -> Path:
        path = tmp_path / "a.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    assert Documents.accepts(lines("ripe fig", "sour lime"))
    assert Documents.accepts(lines({"id": 1, "text": "fig"}))
    assert Documents.accepts(lines({"id": 1, "note": "a fig is not so sour as a lime is"}))
    assert not Documents.accepts(lines({"id": 1, "city": "Oslo"}, {"id": 2, "city": "Rome"}))
    path = lines({"who": "somebody", "note": "ripe fig and sour lime"}, {"who": "a very long name", "note": "fig"})
    assert read_documents(path) == ["ripe fig and sour lime", "fig"]  # the same field of all
    with pytest.warns(UserWarning, match="texts are missing in 1 of 2 rows"):
        assert read_documents(lines({"text": "fig"}, {"text": None})) == ["fig", ""]
    with pytest.raises(DataError, match="no object has a field 'note'"):
        read_documents(path, "note")


# ── matrices of counts ───────────────────────────────────────────────────────────────────────────────────────────────


def counts() -> sp.csr_matrix:
    rng = np.random.default_rng(0)
    return sp.csr_matrix(rng.poisson(0.7, (40, 12)))


def test_zeros_and_sums_that_are_stored_change_nothing() -> None:
    C = counts()
    c = C.tocoo()
    rows, columns = np.r_[c.row, c.row, np.repeat(np.arange(40), 2)], np.r_[c.col, c.col, np.tile([0, 5], 40)]
    stored = np.r_[c.data - 1, np.ones_like(c.data), np.zeros(80, int)]
    coo = sp.coo_matrix((stored, (rows, columns)), shape=C.shape)
    csr = sp.csr_matrix(C.shape, dtype=int)
    order = np.argsort(rows, kind="stable")
    csr.indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=40))].astype(csr.indptr.dtype)
    csr.indices, csr.data = columns[order].astype(csr.indices.dtype), stored[order]
    before = csr.nnz
    wanted = Documents().fit(C)
    for X in (coo, csr, coo.astype(float), sp.csr_array(csr)):
        assert infer(X).kind == "documents"
        found = Documents().fit(X)
        assert np.array_equal(found.idf, wanted.idf)
        assert found.to_tensor(X).equal(wanted.to_tensor(C))
    assert csr.nnz == before  # X stays as it was


def test_a_sparse_array_comes_back_as_one() -> None:
    for X, kind in ((sp.csr_array(counts()), sp.sparray), (counts(), sp.spmatrix)):
        format = Documents().fit(X)
        meta, arrays = format.state()
        for one in (format, Documents.from_state(json.loads(json.dumps(meta)), arrays)):
            assert isinstance(one.from_array(one.to_tensor(X)), kind)


def test_a_field_that_was_guessed_beside_numbers_is_told(tmp_path: Path) -> None:
    """A table of addresses and prices is not read as its addresses without a word."""
    path = tmp_path / "houses.jsonl"
    path.write_text("".join(json.dumps({"at": f"{i} Old Mill Road East", "price": 7 * i % 11 + 0.5}) + "\n" for i in range(30)))
    with pytest.warns(UserWarning, match="from the field 'at'.*left out are numbers, price: format='tables'"):
        texts = read_documents(path)
    assert read_documents(path, "at") == texts  # without a warning
    assert infer(path).kind == "documents"
    with pytest.warns(UserWarning, match="column 'at' .* looks like an identifier or a text"):
        assert infer(path, "tables").fit(path).columns == ["at", "price"]


def test_a_compiled_pattern_is_refused_before_it_is_learned_with() -> None:
    with pytest.raises(ValueError, match="give its text"):
        Documents(token_pattern=re.compile("[a-z]+")).fit(["a b", "b c"])  # type: ignore[arg-type]


def test_texts_that_are_all_the_same() -> None:
    ae = Autoencoder(1, epochs=1, random_state=0).fit(["the same text"] * 20)  # without a warning
    assert np.isfinite(ae.pca_.explained_variance_ratio_).all()


@pytest.mark.parametrize(("texts", "pictures", "kind"), [(3, 6, "images"), (6, 3, "documents"), (1, 30, "images")])
def test_a_folder_of_texts_and_pictures(texts: int, pictures: int, kind: str, tmp_path: Path) -> None:
    """More of them win, and it is told unless it is plain."""
    for i in range(texts):
        (tmp_path / f"{i}.txt").write_text("about the picture")
    for i in range(pictures):
        Image.new("L", (8, 8), i).save(tmp_path / f"{i}.png")
    if texts == 1:
        assert infer(tmp_path).kind == kind  # a file of notes
        return
    with pytest.warns(UserWarning, match=f"holds {pictures} pictures and {texts} .txt files"):
        assert infer(tmp_path).kind == kind


def test_markup_is_told() -> None:
    """Its tags would count as words; a text about them, and one that compares, holds none."""
    texts = ["red apples and green pears", "blue sea and blue sky"] * 20
    for tag in ("<br />", '<a href="x">', "</P>", "&nbsp;"):
        with pytest.warns(UserWarning, match=f"the texts hold HTML, such as '{tag}', and its tags count as words"):
            Documents().fit([f"{text} {tag}" for text in texts])
    Documents().fit([f"{text} a<b and b>c" for text in texts])
    Documents().fit([*texts, "write <br /> for a line"])


def test_near_copies_are_told() -> None:
    """Held-out ones would be known by them; texts with the same words, and the same texts, are none."""
    rng = np.random.default_rng(0)
    words = np.array([f"{a}{b}{c}" for a in "abcdef" for b in "klmno" for c in "pqrst"])
    themes = [rng.choice(words, 40) for _ in range(30)]
    forms = [" ".join([*theme, "from", *rng.choice(words, 3)]) for theme in themes for _ in range(4)]
    with pytest.warns(UserWarning, match="100% of the texts looked at have a near copy among them"):
        Documents().fit([forms[i] for i in rng.permutation(len(forms))])
    others = [" ".join(rng.choice(words, 40)) for _ in range(120)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Documents().fit([*others, *forms[:8]])
        Documents().fit(others[:50] * 3)
        Documents().fit([" ".join(rng.choice(words[:20], 4)) for _ in range(300)])


ENGLISH = "the ship in storm and calm sea with a captain on deck"
GERMAN = "das Schiff im Sturm und ruhiger See mit an Deck in"


def texts_of(words: str, n: int, seed: int = 0) -> list[str]:
    r = np.random.default_rng(seed)
    return [" ".join(["in", *r.choice(words.split(), 8)]) for _ in range(n)]


def test_texts_in_other_words_than_those_of_fit_are_told(tmp_path: Path) -> None:
    ae = Autoencoder(2, epochs=1, hidden=(8,), verbose=False, random_state=0).fit(texts_of(ENGLISH, 60))
    ae.save(tmp_path / "m")
    for model in (ae, load(tmp_path / "m")):
        model.transform(texts_of(ENGLISH, 20, 1))
        model.transform(texts_of(GERMAN, 9))  # too few to say
        with pytest.warns(UserWarning, match=r"^\d+% of the words are in the vocabulary, where it was 100% in fit"):
            model.transform(texts_of(GERMAN, 20))


def test_texts_like_the_few_of_fit_have_no_other_words() -> None:
    r = np.random.default_rng(0)
    frequency = 1 / np.arange(1, 20_001)
    texts = [" ".join(f"word{w}" for w in r.choice(20_000, 8, p=frequency / frequency.sum())) for _ in range(150)]
    ae = Autoencoder(2, epochs=1, hidden=(8,), verbose=False, random_state=0).fit(texts[:50])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        ae.transform(texts[50:])
    assert not any("where it was" in str(warning.message) for warning in told)


def test_documents_that_are_all_the_same_are_told() -> None:
    with pytest.warns(UserWarning, match="^all 60 documents hold the same words: there is nothing to learn"):
        Documents().fit(["hello world again"] * 60)
    Documents().fit(["hello world again"] * 59 + ["hello you"])
