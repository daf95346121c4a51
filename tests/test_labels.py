"""Y and y as people keep them: every container, gaps, texts of several labels, other codes of yes and no, weights."""

from __future__ import annotations

import datetime
import inspect
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.metrics import r2_score

from diabolo import Autoencoder, Classifier, DataError, MultiLabelClassifier, OutlierDetector, Regressor, label_efficiency, load
from diabolo.estimators import ESTIMATORS
from diabolo.formats import infer
from diabolo.formats.labels import Labels, combined
from diabolo.formats.targets import classes, doubtful, floats, values
from kinds import SMALL, answers

QUICK: dict[str, Any] = {"epochs": 30, "hidden": (16,), "verbose": False, "random_state": 0}
R = np.random.default_rng(0)
X = R.normal(size=(60, 4))
Y = (X[:, :3] + 0.3 * R.normal(size=(60, 3)) > 0).astype(int)
LISTS = [[name for name, v in zip("abc", row, strict=True) if v] for row in Y]
Make = Callable[[list[Any]], Any]

# ── containers ───────────────────────────────────────────────────────────────────────────────────────────────────────

COLUMNS: dict[str, Make] = {  # of texts or numbers, None where they are missing
    "list": list,
    "NaN in a list": lambda cells: [float("nan") if cell is None else cell for cell in cells],
    "objects": lambda cells: np.array(cells, dtype=object),
    "series": lambda cells: pd.Series(cells, index=range(len(cells), 0, -1)),
    "NA": lambda cells: pd.Series([pd.NA if cell is None else cell for cell in cells], dtype=object),
    "category": lambda cells: pd.Series(cells, dtype="category"),
    "polars": pl.Series,
    "Arrow": pa.array,
    "chunked": lambda cells: pa.chunked_array([cells[:7], cells[7:]]),
    "Arrow in pandas": lambda cells: pd.Series(pa.array(cells).to_pandas(types_mapper=pd.ArrowDtype)),
    "dictionary": lambda cells: pa.array(cells).dictionary_encode(),
    "masked": lambda cells: np.ma.masked_array(
        [cells[0] if cell is None else cell for cell in cells], mask=[cell is None for cell in cells]
    ),
}


@pytest.mark.parametrize("way", COLUMNS)
def test_a_column_means_the_same_in_every_container(way: str) -> None:
    texts, counts = ["yes", "no", "maybe"] * 5, [3, 1, 4, 1, 5] * 3
    assert classes(COLUMNS[way](texts)).tolist() == texts
    assert floats(COLUMNS[way](counts)).tolist() == counts
    gaps: list[Any] = [None if i in (4, 9) else cell for i, cell in enumerate(counts)]
    assert np.array_equal(floats(COLUMNS[way](gaps)), np.array(gaps, dtype=float), equal_nan=True)
    gaps = [None if i in (4, 9) else cell for i, cell in enumerate(texts)]
    assert values(COLUMNS[way](gaps)).tolist() == gaps
    with pytest.raises(DataError, match=r"contains NaN: 2 of 15 rows have no class; the first is row 4\. Leave"):
        classes(COLUMNS[way](gaps))


LIST_COLUMNS: dict[str, Make] = {  # of lists, None where nothing is known
    "list": list,
    "series": pd.Series,
    "NaN in a series": lambda rows: pd.Series([np.nan if row is None else row for row in rows]),
    "NA in a series": lambda rows: pd.Series([pd.NA if row is None else row for row in rows], dtype=object),
    "arrays, as from Parquet": lambda rows: pd.Series([None if row is None else np.array(row, dtype=object) for row in rows]),
    "a table of one column": lambda rows: pd.DataFrame({"tags": pd.Series(rows)}),
    "polars": lambda rows: pl.Series(rows, dtype=pl.List(pl.String)),
    "polars, a table": lambda rows: pl.DataFrame({"tags": pl.Series(rows, dtype=pl.List(pl.String))}),
    "Arrow": lambda rows: pa.array(rows, type=pa.list_(pa.string())),
    "Arrow in pandas": lambda rows: pd.Series(rows, dtype=pd.ArrowDtype(pa.list_(pa.string()))),
    "tuples": lambda rows: [None if row is None else tuple(row) for row in rows],
    "sets": lambda rows: [None if row is None else set(row) for row in rows],
}
LABEL = st.text("abcdeé;,x 1", min_size=1, max_size=4)
ROWS_OF_LABELS = st.lists(st.none() | st.lists(LABEL, unique=True, max_size=4), min_size=1, max_size=12)


@pytest.mark.parametrize("way", LIST_COLUMNS)
@given(rows=ROWS_OF_LABELS)
def test_what_is_no_list_is_not_known(way: str, rows: list[Any]) -> None:
    names = sorted({label for row in rows for label in row or ()})
    if not names:
        if "table" not in way or any(row is not None for row in rows):  # a column of gaps may as well be a label
            with pytest.raises(DataError, match=r"Y has no labels|Y holds no known label"):
                Labels().fit(LIST_COLUMNS[way](rows))
        return
    labels = Labels().fit(LIST_COLUMNS[way](rows))
    assert (labels.kind, labels.names) == ("lists", names)
    y = labels.to_matrix(LIST_COLUMNS[way](rows))
    for row, cells, said in zip(rows, y, labels.from_matrix(np.nan_to_num(y)), strict=True):
        assert np.isnan(cells).all() if row is None else set(said) == set(row)


@given(rows=st.lists(st.none() | st.lists(st.text("abé,x 1").map(str.strip).filter(bool), max_size=4), min_size=1, max_size=12))
def test_texts_with_a_sign_between_are_lists(rows: list[Any]) -> None:
    texts = pd.Series([None if row is None else " ; ".join(row) for row in rows], dtype=object)
    if not any(rows):
        with pytest.raises(DataError, match=r"Y has no labels|Y says nothing"):
            Labels().fit(texts, ";")
        return
    labels, wanted = Labels().fit(texts, ";"), Labels().fit([*rows, ["b"], []])
    names = labels.names
    assert names == sorted({label for row in rows for label in row or ()})
    again = Labels.from_state(labels.state())
    assert np.array_equal(again.to_matrix(texts), labels.to_matrix(texts), equal_nan=True)
    places = [wanted.names.index(name) for name in names]
    assert np.array_equal(labels.to_matrix(texts), wanted.to_matrix([*rows, ["b"], []])[: len(rows), places], equal_nan=True)


def test_a_fit_with_unknown_rows_is_one_with_unknown_cells() -> None:
    hidden = [None if i % 5 == 0 else row for i, row in enumerate(LISTS)]
    known = np.arange(60) % 5 > 0
    cells = np.where(known[:, None], Y, np.nan)
    wanted = MultiLabelClassifier(**SMALL).fit(X, cells)
    for y in (hidden, pd.Series(hidden), pl.Series(hidden)):
        clf = MultiLabelClassifier(**SMALL).fit(X, y)
        assert clf.classes_.tolist() == ["a", "b", "c"]
        assert np.array_equal(clf.predict_proba(X), wanted.predict_proba(X))
        assert clf.score(X, y) == wanted.score(X, cells) == wanted.score(X[known], Y[known])


def test_the_sign_between_labels_goes_into_the_file(tmp_path: Path) -> None:
    texts = pd.Series([";".join(row) for row in LISTS])
    clf = MultiLabelClassifier(**SMALL).fit(X, texts, labels_sep=";")
    wanted = MultiLabelClassifier(**SMALL).fit(X, LISTS)
    clf.save(tmp_path / "a.diabolo")
    for model in (clf, load(tmp_path / "a.diabolo")):
        assert np.array_equal(model.predict_proba(X), wanted.predict_proba(X))
        assert model.predict(X) == wanted.predict(X)
        assert model.score(X, texts) == model.score(X, LISTS) == wanted.score(X, LISTS)
        assert str(model.report(X, texts, compare=False)) == str(wanted.report(X, LISTS, compare=False))
    for sep in ("", 3):
        with pytest.raises(ValueError, match="labels_sep="):
            MultiLabelClassifier(**SMALL).fit(X, texts, labels_sep=sep)
    with pytest.raises(DataError, match="labels_sep=';' is for one column of texts"):
        MultiLabelClassifier(**SMALL).fit(X, Y, labels_sep=";")
    with pytest.raises(DataError, match=r"y holds 5 \(row 1\)"):
        MultiLabelClassifier(**SMALL).fit(X, ["a;b", 5] * 30, labels_sep=";")


@pytest.mark.parametrize("sep", [";", ",", "|", " | ", ", ", "/", " ", "\n"])
def test_texts_that_look_like_lists_are_told(sep: str) -> None:
    texts = pd.Series([sep.join(row) for row in LISTS])
    with pytest.warns(UserWarning, match=re.escape(f"(there would be 3), use fit(X, y, labels_sep={sep.strip(' ') or ' '!r})")):
        MultiLabelClassifier(**SMALL).fit(X, texts)
    if sep == ",":
        with pytest.warns(UserWarning, match="labels_sep=','"):
            MultiLabelClassifier(**SMALL).fit(X, texts, labels_sep=";")


@pytest.mark.parametrize(
    "names",
    [
        ["yes", "no"],
        ["Doe, John", "Roe, Jane"],
        ["n/a", "x"],
        ["C++", "C"],
        ["A+", "A", "B+"],
        ["R&D", "law"],
        [1, 2],
        ["New York", "York", "New Jersey"],
    ],
)
def test_names_with_a_sign_in_them_are_names(names: list[Any]) -> None:
    combined(names)  # without a warning
    assert Labels().fit(names * 3).names == sorted(names)


def test_lists_that_became_texts_are_named() -> None:
    with pytest.raises(DataError, match=r"which are lists written as texts: use y.map\(ast.literal_eval\)"):
        MultiLabelClassifier(**SMALL).fit(X, pd.Series(LISTS).astype(str))


def test_a_gap_among_the_labels_of_a_row_is_told() -> None:
    rows: list[Any] = [[*row, None] if i in (7, 9) else row for i, row in enumerate(LISTS)]
    with pytest.warns(UserWarning, match="a missing label in row 7 and in 1 other: it is ignored") as told:
        clf = MultiLabelClassifier(**SMALL).fit(X, rows)
    assert len(told) == 1
    assert clf.score(X, rows) == clf.score(X, LISTS)


# ── yes and no ───────────────────────────────────────────────────────────────────────────────────────────────────────


def table(make: Callable[[np.ndarray], Any]) -> pd.DataFrame:
    return pd.DataFrame({name: make(Y[:, c]) for c, name in enumerate("abc")})


GAPS = np.arange(60) % 7 == 3
TABLES: dict[str, Any] = {  # with gaps
    "bools": table(lambda v: [None if gap else bool(x) for gap, x in zip(GAPS, v, strict=True)]),
    "boolean": table(lambda v: pd.array(np.where(GAPS, None, v.astype(bool)), dtype="boolean")),
    "Int64": table(lambda v: pd.array(np.where(GAPS, None, v), dtype="Int64")),
    "categories": table(lambda v: pd.Categorical(np.where(GAPS, np.nan, v))),
    "digits": table(lambda v: np.where(GAPS, None, v.astype(str))),
    "polars": pl.DataFrame(
        {name: [None if g else bool(x) for g, x in zip(GAPS, Y[:, c], strict=True)] for c, name in enumerate("abc")}
    ),
    "objects": np.where(GAPS[:, None], None, Y),
    "masked": np.ma.masked_array(Y, mask=np.repeat(GAPS[:, None], 3, 1)),
    "rows": [[None] * 3 if gap else row for gap, row in zip(GAPS, Y.tolist(), strict=True)],
    "no rows": [None if gap else row for gap, row in zip(GAPS, Y.tolist(), strict=True)],
    "sparse": sp.csr_array(np.where(GAPS[:, None], np.nan, Y)),
}


@pytest.mark.parametrize("way", TABLES)
def test_gaps_are_not_known_in_every_kind_of_table(way: str) -> None:
    labels = Labels().fit(TABLES[way])
    assert np.array_equal(labels.to_matrix(TABLES[way]), np.where(GAPS[:, None], np.nan, Y), equal_nan=True)


CODES: dict[str, tuple[Any, str]] = {
    "yes and no": (table(lambda v: np.where(v, "yes", "no")), r"Y\['a'\] holds 'no' .*Y\['a'\].map\({'no': 0, 'yes': 1}\)"),
    "Y and N": (table(lambda v: pd.Categorical(np.where(v, "Y", "N"))), r"map\({'N': 0, 'Y': 1}\)"),
    "True and False": (table(lambda v: np.where(v, "True", "False")), r"map\({'False': 0, 'True': 1}\)"),
    "an array of texts": (np.where(Y, "yes", "no"), r"Y\[:, 0\] holds 'no' \(row \d+\)"),
    "rows of texts": (
        np.where(Y, "yes", "no").tolist(),
        "Y holds 'no' and 'yes' in rows of 3: these do not look like lists of labels",
    ),
    "-1 and 1": (2 * Y - 1, r"Y holds -1 \(row \d+, label \d\).*if -1 stands for no, give Y == 1"),
    "1 and 2": (table(lambda v: v + 1), r"Y holds 2 \(row \d+, label 'a'\).*Y == 1, or Y == 2"),
    "1 and 2, sparse": (sp.csr_matrix(Y + 1), r"Y holds 2 \(row \d+, label \d\).*Y == 1, or Y == 2"),
    "texts": (
        table(lambda v: v).assign(note=[f"mail {i}" for i in range(60)]),
        r"Y\['note'\] holds 'mail 0' .*drop this column",
    ),
    "dates": (table(lambda v: v).assign(day=pd.date_range("2024", periods=60)), r"Y\['day'\] holds dates"),
    "days": (pd.Series(pd.date_range("2024", periods=60)), "y holds dates or times"),
    "no name": (table(lambda v: v).rename(columns={"b": None}), "column 1 of Y has no name"),
    "1 and '1'": (table(lambda v: v).rename(columns={"a": 1, "b": "1"}), "the labels 1 and '1', a number and a text"),
    "1 and '1' in lists": ([[1], ["1"]] * 30, "the labels 1 and '1', a number and a text"),
    "twice in a sparse one": (
        sp.csr_matrix((np.ones(2), [0, 0], np.r_[0, np.full(60, 2)]), shape=(60, 3)),
        r"Y holds 2 \(row 0",
    ),
}


@pytest.mark.parametrize("what", CODES)
def test_other_codes_are_refused_with_the_remedy(what: str) -> None:
    given_as, told = CODES[what]
    with pytest.raises(DataError, match=told):
        MultiLabelClassifier(**SMALL).fit(X, given_as)


def test_rows_of_numbers_between_0_and_1_are_soft_labels() -> None:
    soft = [[0.2, 0.7], [1, 0.5], [0, 1]]
    assert np.array_equal(Labels().fit(soft).to_matrix(soft), np.array(soft, dtype=np.float32))


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array])
def test_sparse_labels_stay_of_their_kind(kind: Any) -> None:
    stored = kind(Y + 1)
    stored.data -= 1  # zeros are stored
    clf = MultiLabelClassifier(**SMALL).fit(X, stored)
    assert np.array_equal(clf.predict_proba(X), MultiLabelClassifier(**SMALL).fit(X, Y).predict_proba(X))
    assert isinstance(clf.predict(X), kind)
    assert stored.nnz == 180, "what was given is not changed"


# ── classes and numbers ──────────────────────────────────────────────────────────────────────────────────────────────

WORDS = np.where(Y[:, 0] == 1, "yes", "no")
Z = 3 * X[:, 0] - X[:, 1] + 1

WRONG: dict[str, tuple[type, Any, str]] = {
    "yes and no": (
        Regressor,
        WORDS,
        r"y holds '(yes|no)' \(row 0\), which is no number: give 1 and 0, such as y.map\({'yes': 1, 'no'",
    ),
    "words": (Regressor, ["red", "blue"] * 30, "for classes use Classifier"),
    "decimal commas": (Regressor, [f"{v:.2f}".replace(".", ",") for v in Z], r"y.str.replace\(',', '.'\)"),
    "dates of a number": (Regressor, pd.Series(pd.date_range("2024", periods=60)), "y holds dates or times"),
    "durations": (Regressor, pd.Series(pd.timedelta_range("1D", periods=60)), "y holds durations: give numbers"),
    "days": (Regressor, [datetime.date(2024, 1, 1 + i % 9) for i in range(60)], "y holds dates or times"),
    "lists": (Regressor, LISTS, "y holds lists"),
    "a series of lists": (Regressor, pd.Series(LISTS), r"y holds a list \(row 0\)"),
    "dates of a class": (Classifier, pd.Series(pd.date_range("2024", periods=60)), "y holds dates or times"),
    "lists of classes": (Classifier, pd.Series(LISTS), "y holds lists.*MultiLabelClassifier"),
    "numbers and texts": (Classifier, [1, "a"] * 30, r"y holds 1 \(row 0\) and 'a' \(row 1\): make all texts"),
    "a dict": (MultiLabelClassifier, {"a": Y[:, 0]}, "y is, or holds, a dict.*pandas.DataFrame"),
    "dicts": (MultiLabelClassifier, [{"a": 1, "b": 0}] * 60, "y is, or holds, a dict.*pandas.DataFrame"),
    "nothing to count": (Classifier, (word for word in WORDS), "y is, or holds, a generator.*as a list"),
    "intervals": (Classifier, pd.cut(pd.Series(Z), 3), r"y holds Interval\(.* \(row 0\).*y.astype\(str\)"),
    "bytes": (Classifier, WORDS.astype("S"), r"y holds b'\w+' \(row 0\).*y.astype\(str\)"),
    "one class alone": (Classifier, "yes", "give one for each row"),
    "two columns": (Classifier, table(lambda v: v), "use MultiLabelClassifier for several"),
    "one label missing": (
        MultiLabelClassifier,
        ["x", None] * 30,
        "30 of 60 rows have no class; the first is row 1",
    ),
    "too few numbers": (Regressor, Z[:7], "y has 7 entries, X has 60 rows"),
    "too few classes": (Classifier, WORDS[:7], "y has 7 entries, X has 60 rows"),
    "too few labels": (MultiLabelClassifier, LISTS[:7], "y has 7 entries, X has 60 rows"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_y_is_refused_in_words(what: str) -> None:
    kind, y, told = WRONG[what]
    with pytest.raises(DataError, match=told):
        kind(**SMALL).fit(X, y)


@pytest.mark.parametrize("kind", [Classifier, Regressor, MultiLabelClassifier])
def test_another_length_in_score_is_named(kind: type) -> None:
    y = {Classifier: WORDS, Regressor: Z, MultiLabelClassifier: Y}[kind]
    model = kind(**SMALL).fit(X, y)
    for m in (1, 59):
        with pytest.raises(DataError, match=f"y has {m} entries, X has 60 rows"):
            model.score(X, y[:m])


SCORES = {name: cls.score for name, cls in ESTIMATORS.items() if hasattr(cls, "score")}
WEIGHED = [name for name, score in SCORES.items() if "sample_weight" in inspect.signature(score).parameters]


@pytest.mark.parametrize("name", WEIGHED)
def test_wrong_weights_of_a_score_are_named(name: str) -> None:
    model = ESTIMATORS[name](**SMALL).fit(X, *answers(name, 60))
    for w in (np.ones(3), np.zeros(60), -np.ones(60), np.full(60, np.nan), np.full(60, np.inf), np.ones((60, 7))):
        with pytest.raises(DataError, match="sample_weight"):
            model.score(X, *answers(name, 60), sample_weight=w)
    once, often = (model.score(X, *answers(name, 60), sample_weight=w) for w in (None, 3.0))
    assert once == pytest.approx(often, rel=1e-12)


def test_a_score_of_several_numbers_weighs_each() -> None:
    Z2, w = np.column_stack([Z, -(Z**2)]), R.random((60, 2))
    reg = Regressor(**SMALL).fit(X, Z2, w)
    each = [r2_score(Z2[:, c], reg.predict(X)[:, c], sample_weight=w[:, c]) for c in range(2)]
    assert reg.score(X, Z2, w) == pytest.approx(np.mean(each))
    assert reg.score(X, Z2, w * [1, 0]) == pytest.approx(each[0])
    for y, told in ((np.where(Z > 0, np.inf, Z), "infinity"), (Z[:, None, None], "y has shape")):
        with pytest.raises(DataError, match=told):
            reg.score(X, y)


def test_unknown_numbers_are_left_out_of_the_score() -> None:
    hidden = np.where(np.arange(60) % 7 == 0, np.nan, Z)
    reg = Regressor(**SMALL).fit(X, hidden)
    some = ~np.isnan(hidden)
    assert (
        reg.score(X, hidden) == reg.score(X[some], Z[some]) == pytest.approx(r2_score(Z[some], reg.predict(X[some])), rel=1e-12)
    )
    for y in (hidden.tolist(), pd.Series(hidden, dtype="Float64"), pl.Series([None if v != v else v for v in hidden])):
        assert np.array_equal(Regressor(**SMALL).fit(X, y).predict(X), reg.predict(X))
        assert reg.score(X, y) == reg.score(X, hidden)
    w = R.random(60)
    assert reg.score(X, hidden, w) == pytest.approx(r2_score(Z[some], reg.predict(X[some]), sample_weight=w[some]))
    with pytest.raises(DataError, match="y holds no known number"):
        reg.score(X, np.full(60, np.nan))
    both = Regressor(**SMALL).fit(X, np.column_stack([hidden, Z]))
    each = [both.score(X, np.column_stack([a, b])) for a, b in ((hidden, hidden * np.nan), (Z * np.nan, Z), (hidden, Z))]
    assert each[2] == pytest.approx((each[0] + each[1]) / 2)
    with pytest.raises(DataError, match="y has 1 columns, but the model was fitted with 2"):
        both.score(X, Z)


@pytest.mark.parametrize("power", [-1000, -500, -50, 50, 500, 1000])
def test_the_unit_of_a_number_does_not_matter(power: int) -> None:
    """To the bit, where it is a power of two."""
    one, other = Regressor(**SMALL).fit(X, Z), Regressor(**SMALL).fit(X, np.ldexp(Z, power))
    assert np.array_equal(other.predict(X), np.ldexp(one.predict(X), power))
    assert other.score(X, np.ldexp(Z, power)) == one.score(X, Z)
    assert other.held_out_ == one.held_out_


def test_another_order_of_rows_is_told() -> None:
    frame, mixed = pd.DataFrame(X), np.random.default_rng(0).permutation(60)
    for model, y in ((Classifier, WORDS), (Regressor, Z), (MultiLabelClassifier, LISTS)):
        with pytest.warns(UserWarning, match=r"y has the rows of X in another order.*y.loc\[X.index\]") as told:
            fitted = model(**SMALL).fit(frame, pd.Series(list(y), index=mixed))
        assert told[0].filename == __file__
        assert list(fitted.predict(frame)) == list(model(**SMALL).fit(frame, y).predict(frame))
        model(**SMALL).fit(frame, pd.Series(list(y), index=np.arange(60) + 100))  # another table's numbers say nothing
    with pytest.warns(UserWarning, match="y has the rows of X in another order.*put them in the same order"):  # each name twice
        Regressor(**SMALL).fit(frame.set_index(np.arange(60) // 2), pd.Series(Z, index=mixed // 2))


def test_another_order_of_what_else_belongs_to_rows_is_told() -> None:
    frame, mixed = pd.DataFrame(X), np.random.default_rng(0).permutation(60)
    w, known = pd.Series(np.arange(60) + 1.0, index=mixed), pd.Series([-1, *[0] * 59], index=mixed)
    few: dict[str, Any] = {"epochs": 2, "verbose": False, "random_state": 0}
    clf, reg = Classifier(**SMALL).fit(frame, WORDS), Regressor(**SMALL).fit(frame, Z)
    for name, work in (
        ("sample_weight", lambda: Autoencoder(2, **few).fit(frame, sample_weight=w)),
        ("sample_weight", lambda: OutlierDetector(alpha=0.1, **few).fit(frame, sample_weight=w)),
        ("y", lambda: OutlierDetector(alpha=0.1, **few).fit(frame, known)),
        ("sample_weight", lambda: clf.score(frame, WORDS, sample_weight=w)),
        ("sample_weight", lambda: reg.score(frame, Z, sample_weight=w)),
    ):
        with pytest.warns(UserWarning, match=f"^{name} has the rows of X in another order"):
            work()


def test_a_single_class_is_told() -> None:
    """As a label that is positive in every row; a folder of pictures was such a class without a word."""
    for model in (Classifier, MultiLabelClassifier):
        with pytest.warns(UserWarning, match="^y holds a single class, 'cat': every row will be of this class"):
            clf = model(**SMALL).fit(X, ["cat"] * 60)
        assert (clf.predict_proba(X) == 1).all()


def test_labels_of_rows_without_y_serve_the_encoder() -> None:
    labels: list[Any] = [None if i % 4 == 0 else word for i, word in enumerate(WORDS)]
    params: dict[str, Any] = {"repeats": 1, "epochs": 2, "hidden": (8,), "verbose": False, "n_components": 2}
    for y, metric in ((labels, "accuracy"), (np.where(np.arange(60) % 4, Z, np.nan), "R2"), (LISTS, "ranking precision")):
        found = label_efficiency(X, y, (0.5, 1.0), **params)
        assert found.metric == metric
        assert all(np.isfinite(scores).all() for scores in found.scores.values())
        assert found.rows[1] <= 42
    with pytest.raises(DataError, match="y has 7 entries, X has 60 rows"):
        label_efficiency(X, WORDS[:7], **params)


# ── weights ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def rare(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One class in ten, which lies in the other."""
    r = np.random.default_rng(seed)
    y = (r.random(n) < 0.1).astype(int)
    return r.normal(size=(n, 4)) + y[:, None], y


def test_a_weight_of_a_class_is_that_of_its_rows(tmp_path: Path) -> None:
    A, y = rare(120)
    names = np.array(["no", "yes"])[y]
    own = R.random(120)
    pairs = [
        ({"no": 1.0, "yes": 4.0}, None, np.where(y, 4.0, 1.0)),
        ({"yes": 4.0}, own, np.where(y, 4.0, 1.0) * own),
        ("balanced", None, 1 / np.bincount(y)[y]),
        ("balanced", own, own / np.bincount(y, own)[y]),
    ]
    for how, weight, each in pairs:
        clf = Classifier(class_weight=how, **SMALL).fit(A, names, weight)
        assert np.allclose(clf.predict_proba(A), Classifier(**SMALL).fit(A, names, each).predict_proba(A), atol=1e-5)
        clf.save(tmp_path / "a.diabolo")
        assert load(tmp_path / "a.diabolo").class_weight == how


def test_balanced_classes_find_the_rare_one() -> None:
    A, y = rare()
    B, truth = rare(2000, 1)
    plain, balanced = (Classifier(class_weight=how, **QUICK).fit(A, y) for how in (None, "balanced"))
    recall = [(clf.predict(B)[truth == 1] == 1).mean() for clf in (plain, balanced)]
    assert recall[1] > recall[0] + 0.2
    assert balanced.predict_proba(B)[:, 1].mean() > 2 * plain.predict_proba(B)[:, 1].mean()


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("balance", "class_weight='balance': allowed are.*did you mean 'balanced'"),
        ([1, 2], "class_weight="),
        ({"yess": 2.0}, "class_weight names 'yess', which is not a class of y; did you mean 'yes'"),
        ({"yes": -1.0}, "class_weight"),
        ({"yes": np.nan}, "class_weight"),
    ],
)
def test_wrong_weights_of_classes_are_named(how: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Classifier(class_weight=how, **SMALL).fit(X, WORDS)


@pytest.mark.parametrize("members", [1, 3])
def test_weights_judge_too(members: int) -> None:
    """Rows of nearly no weight, with wrong answers, spoil neither what is told of the model nor its probabilities."""
    A, y = make_classification(400, 6, class_sep=2.0, flip_y=0, random_state=0)
    wrong = np.arange(400) % 2 == 0
    w = np.where(wrong, 1e-6, 1.0)
    params = QUICK | {"members": members}
    clf = Classifier(**params).fit(A, np.where(wrong, 1 - y, y), w)
    assert clf.held_out_ < 0.1
    assert -np.log(clf.predict_proba(A)[np.arange(400), y]).mean() < 0.25
    z = A[:, 0] + A[:, 1]
    assert Regressor(**params).fit(A, np.where(wrong, -z, z), w).held_out_ < 0.3
    labels = np.column_stack([y, z > 0, 1 - y])
    many = MultiLabelClassifier(**params).fit(A, np.where(wrong[:, None], 1 - labels, labels), w)
    assert many.held_out_ < 0.15
    assert many.score(A, labels) > 0.85
    assert abs(many.predict_proba(A).mean(0) - labels.mean(0)).max() < 0.2


# ── what changes nothing, what was nearly right ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("params", "y", "told"),
    [
        ({"freeze": False}, Y, "freeze=False has no effect: there is no encoder="),
        ({"threshold_metric": "f1_macro"}, WORDS, "threshold_metric='f1_macro' has no effect.*one label"),
        ({"min_labels": 2}, WORDS, "min_labels=2 has no effect.*one label"),
    ],
)
def test_what_changes_nothing_is_told(params: dict[str, Any], y: Any, told: str) -> None:
    with pytest.warns(UserWarning, match=told):
        MultiLabelClassifier(**SMALL | params).fit(X, y)


@pytest.mark.parametrize(
    ("fit", "meant"),
    [
        (lambda: MultiLabelClassifier(threshold_metric="f1-micro", **SMALL).fit(X, Y), "f1_micro"),
        (lambda: MultiLabelClassifier(loss="asymetric", **SMALL).fit(X, Y), "asymmetric"),
        (lambda: MultiLabelClassifier(label_weight="ballanced", **SMALL).fit(X, Y), "balanced"),
        (lambda: MultiLabelClassifier(label_weight={"A": 2}, **SMALL).fit(X, LISTS), "a"),
        (lambda: MultiLabelClassifier(precision="bfloat", **SMALL).fit(X, Y), "bfloat16"),
        (lambda: Labels().fit([["urgent"], ["billing"]]).find("urgnt"), "urgent"),
        (lambda: Labels().fit([["urgent"], ["billing"]]).to_matrix([["Urgent"]]), "urgent"),
        (lambda: infer(X, "array"), "arrays"),
        (lambda: label_efficiency(X, WORDS, models=("Frozen",)), "frozen"),
    ],
)
def test_what_was_meant_is_asked(fit: Callable[[], Any], meant: str) -> None:
    with pytest.raises(ValueError, match=rf"did you mean '{meant}'\?"):
        fit()


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["", "a"], "the text ''"),
        (["a", "nan"], "the text 'nan'"),
        (["a", "?"], r"the text '\?'"),
        (["a", "b", "a "], "'a' and 'a ', which are learned as different"),
        (["Yes", "no", "yes"], "'Yes' and 'yes', which are learned as different"),
    ],
)
def test_classes_that_are_perhaps_none_are_told(names: list[str], why: str) -> None:
    with pytest.warns(UserWarning, match=why):
        doubtful(names)
    y = np.resize(names, len(X))
    with pytest.warns(UserWarning, match=why):
        Classifier(**QUICK | {"epochs": 1}).fit(X, y)
    with pytest.warns(UserWarning, match=why):
        MultiLabelClassifier(**QUICK | {"epochs": 1}).fit(X, [[*names], *([name] for name in y[1:])])


def test_usual_classes_are_not_doubted() -> None:
    doubtful(["None", "New York", "NewYork", "A", "a", 1, 2])  # without a warning


def test_examples_of_a_new_label_in_another_order_are_told() -> None:
    table = pd.DataFrame(X, columns=list("pqrs"))
    clf = MultiLabelClassifier(**QUICK | {"epochs": 1}).fit(table, Y)
    with pytest.warns(UserWarning, match="y has the rows of X in another order"):
        clf.add_label("new", table, pd.Series(Y[:, 0])[::-1])


def test_missing_cells_of_nullable_numbers_in_an_array() -> None:
    cells = pd.DataFrame(np.arange(12).reshape(4, 3)).astype("Int64")
    cells.iloc[1, 2] = pd.NA
    x = infer(cells.to_numpy()).fit(cells.to_numpy()).to_tensor(cells.to_numpy())
    assert np.argwhere(np.isnan(x.numpy())).tolist() == [[1, 2]]


def test_a_number_beside_which_the_others_do_not_count_is_told() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    with pytest.warns(UserWarning, match=r"y holds 1e\+09 \(row 3\), which makes up 98% of its variance.*NaN"):
        Regressor(**SMALL).fit(X, np.where(np.arange(60) == 3, 1e9, y))
    more, large = rng.normal(size=(600, 2)), 100 + rng.normal(size=600)
    with pytest.warns(
        UserWarning, match=r"y holds 2 values such as 1\d{5} \(row \d\), which make up .* they are errors, make them"
    ):
        Regressor(**SMALL).fit(more, np.where(np.arange(600) < 3, 1e3 * large, large))
    Regressor(**SMALL).fit(more, (np.arange(600) < 3) * 1.0)  # rare, but only yes and no: without a warning
    with pytest.warns(UserWarning, match=r"-999 \(5 times\) in column 'y': far from all other values"):
        Regressor(**SMALL).fit(X, np.where(np.arange(60) < 5, -999, y))
    Regressor(**SMALL).fit(X, np.exp(y))
    Regressor(**SMALL).fit(X, np.where(np.arange(60) == 3, np.nan, y))


def test_one_text_in_place_of_a_column() -> None:
    X = pd.DataFrame({"a": np.arange(30) % 7, "t": np.arange(30) % 2})
    for cls in (Classifier, Regressor):
        with pytest.raises(DataError, match=r"y='t': give one for each row, such as the column X\['t'\]"):
            cls(**SMALL).fit(X, "t")
    with pytest.raises(DataError, match="sample_weight='balanced': give one for each row"):
        Classifier(**SMALL).fit(X[["a"]], X["t"], sample_weight="balanced")


def test_classes_that_a_model_does_not_know() -> None:
    """An accuracy of 0 because of another spelling is told; numbers among objects are numbers."""
    y = np.resize(["no", "yes"], len(X))
    clf = Classifier(**QUICK | {"epochs": 1}).fit(X, y)
    with pytest.warns(UserWarning, match="y holds 'No', 'Yes', which the model does not know: .* it knows 'no', 'yes'"):
        assert clf.score(X, np.resize(["No", "Yes"], len(X))) == 0
    whole = Classifier(**QUICK | {"epochs": 1}).fit(X, np.resize(np.array([0, 1], dtype=object), len(X)))
    assert whole.classes_.tolist() == [0, 1]


def test_no_known_label_is_no_score() -> None:
    Y = np.resize([[0, 1], [1, 0]], (len(X), 2))
    clf = MultiLabelClassifier(**QUICK | {"epochs": 1}).fit(X, Y)
    with pytest.raises(DataError, match="y holds no known label"):
        clf.score(X, Y * np.nan)


@pytest.mark.parametrize(
    ("y", "told"),
    [
        ([10**20, 10**21] * 30, r"y holds 1000000000000000000000 \(row 1\), which is no number of 64 bits.*y.astype\(str\)"),
        ([-1, 2**63, 2**63 + 1] * 20, r"y holds 9223372036854775809 \(row 2\), which is no number of 64 bits"),
        ([Fraction(1, 3), 1] * 30, "no number of 64 bits"),
        ([0.5, 1.0] * 30, r"y holds 0.5 \(row 0\), but a class is a text or a whole number: numbers are for Regressor"),
        (np.array([1, 2.5] * 30, dtype=object), r"y holds 2.5 \(row 1\), but a class"),
        (np.array([1, np.inf] * 30, dtype=object), "y contains infinity"),
    ],
    ids=range(6),
)
def test_numbers_that_are_no_classes(y: Any, told: str) -> None:
    for model in (Classifier, MultiLabelClassifier):
        with pytest.raises(DataError, match=told):
            model(**SMALL).fit(X, y)


def test_large_whole_numbers_stay_apart() -> None:
    large = [2**63, 2**63 + 1]
    assert Classifier(**SMALL).fit(X, large * 30).classes_.tolist() == large
    assert values([-1, 2**63]).tolist() == [-1, 2**63]
    assert values(np.array(["a", "b"], dtype=np.dtypes.StringDType())).tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2,25", None], [1.5, 2.25, np.nan]),
        (["1,234.5", "3"], [1234.5, 3]),
        (["$1.50", "$1,000"], [1.5, 1000]),
        (["€1,50", "€2"], [1.5, 2]),
        (["12%", "3.5 %"], [12, 3.5]),
        (["1.234,5", "3,5"], [1234.5, 3.5]),
        (["1'000", "2"], [1000, 2]),
        (["1", "2", "?"], [1, 2, np.nan]),
        ([f"{i} kg" for i in range(30)], np.arange(30)),
    ],
    ids=str,
)
def test_numbers_in_another_notation_come_with_what_reads_them(cells: list[Any], expected: Any) -> None:
    with pytest.raises(DataError, match=r"which is no number: give pd\.") as told:
        floats(cells)
    way = re.search(r"give (pd\..*) \(.*?\)$", str(told.value))
    assert way
    found = eval(way[1], {"pd": pd, "y": pd.Series(cells)})
    assert found.tolist() == pytest.approx(list(expected), nan_ok=True)


def test_lists_of_one_label_each_look_like_classes() -> None:
    """Several of them, or none, may be predicted for a row, which a warning says; not if a row has two, or none."""
    X, names = np.random.default_rng(0).normal(size=(60, 2)), ["cat", "dog", "fox"] * 20
    with pytest.warns(UserWarning, match="each row has exactly one label, and still several, or none, may be predicted"):
        MultiLabelClassifier(**SMALL).fit(X, names, labels_sep=";")
    for other in ("cat;dog", ""):
        MultiLabelClassifier(**SMALL).fit(X, [other, *names[1:]], labels_sep=";")  # without a warning
    assert MultiLabelClassifier(**SMALL).fit(X, names).labels_.kind == "one"
