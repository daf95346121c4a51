"""Answers that lie in the table."""

from __future__ import annotations

import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from diabolo import Classifier, MultiLabelClassifier, Regressor
from diabolo.errors import DataError
from diabolo.formats.given_away import tell_given_away
from kinds import SMALL

R = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "size": R.normal(size=40),
        "gaps": np.where(R.random(40) < 0.3, np.nan, R.normal(size=40)),
        "city": R.choice(["Oslo", "Rome"], 40),
        "sold": R.random(40) < 0.5,
        "day": pd.date_range("2020", periods=40),
    }
)
KINDS = {"pandas": lambda X: X, "polars": pl.from_pandas, "arrow": lambda X: pa.Table.from_pandas(X, preserve_index=False)}


@pytest.mark.parametrize("name", ["size", "gaps", "city", "sold"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_column_that_is_y_is_told(kind: str, name: str) -> None:
    table, without = KINDS[kind](TABLE), {"pandas": r"drop\(columns=", "polars": r"drop\(", "arrow": r"drop_columns\("}[kind]
    for y in (table[name], TABLE[name].tolist(), TABLE[name].to_numpy()):
        with pytest.warns(UserWarning, match=rf"^column\(s\) '{name}' of X are y itself.*X.{without}\['{name}'\]\)"):
            tell_given_away(table, y)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_another_type_that_is_y_is_told(kind: str) -> None:
    sizes = TABLE["size"].round(2)
    narrow = KINDS[kind](TABLE.assign(size=sizes.astype("float32")))
    exact = KINDS[kind](TABLE.assign(size=[Decimal(f"{v:.2f}") for v in sizes]))
    for X, y in ((narrow, sizes), (exact, sizes), (exact, sizes.to_numpy()[:, None]), (narrow, sizes.to_frame("other"))):
        with pytest.warns(UserWarning, match=r"^column\(s\) 'size' of X are y itself"):
            tell_given_away(X, y)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (TABLE, R.normal(size=40)),
        (TABLE[:20], TABLE["size"][:20]),
        (TABLE, TABLE["size"][:20]),
        (TABLE.assign(same=1.0), np.ones(40)),
        (TABLE, [[name] for name in TABLE["city"]]),
        (TABLE, None),
        (TABLE.to_numpy(), TABLE["size"]),
        (TABLE[["city"]], TABLE[["sold"]]),
        (pd.concat([TABLE, TABLE[["size"]]], axis=1), R.normal(size=40)),
        ("no table.csv", TABLE["size"]),
    ],
    ids=range(10),
)
def test_of_others_nothing_is_said(X: Any, y: Any) -> None:
    tell_given_away(X, y)


@pytest.mark.parametrize(
    ("kind", "y"), [(Classifier, TABLE["city"]), (Regressor, TABLE["size"]), (MultiLabelClassifier, TABLE[["sold"]])]
)
def test_every_fit_tells_it(kind: type, y: Any) -> None:
    X = TABLE.drop(columns=["gaps", "day"])
    with pytest.warns(UserWarning, match="of X are y itself") as told:
        kind(**SMALL).fit(X, y)
    assert told[0].filename == __file__
    kind(**SMALL).fit(X.drop(columns=list(pd.DataFrame(y))), y)


ANSWERS = {
    "negative": -TABLE["size"],
    "another unit": 1.8 * TABLE["size"] + 32,
    "exponential": np.exp(TABLE["size"]),
    "rounded": TABLE["size"].round(2),
    "another name": TABLE["city"].map({"Oslo": "NO", "Rome": "IT"}),
    "a code": TABLE["sold"].astype(int).to_numpy(),
    "its gaps": TABLE["gaps"].isna().astype(int),
    "one of two": TABLE[["sold"]].assign(warm=R.random(40) < 0.5).to_numpy(),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("kind", KINDS)
def test_y_in_another_unit_and_by_another_name_is_told(kind: str, name: str) -> None:
    with pytest.warns(UserWarning, match=r"give y away.*leave them out, X\.drop.*--drop|are y itself"):
        tell_given_away(KINDS[kind](TABLE), ANSWERS[name])


@pytest.mark.parametrize(
    "y", [TABLE["size"], 2 * TABLE["size"] + 1, TABLE["size"].to_numpy()[:, None]], ids=["y", "unit", "column"]
)
def test_it_is_told_of_arrays_too(y: Any) -> None:
    X = np.column_stack([R.normal(size=(40, 2)), TABLE["size"]])
    with pytest.warns(UserWarning, match=r"column\(s\) '2' of X .*leave them out, np.delete\(X, \[2\], axis=1\)"):
        tell_given_away(X, y)


def test_values_of_very_many_rows_are_told_without_a_word_of_numpy() -> None:
    school = np.repeat(np.arange(16), 2000)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.warns(UserWarning, match=r"^column\(s\) 'school' of X give y away"):
            tell_given_away(pd.DataFrame({"school": school, "size": R.normal(size=len(school))}), (school * 7 % 16).astype(str))


def test_a_sum_of_columns_is_told() -> None:
    df = pd.DataFrame(
        {"casual": R.integers(0, 90, 99), "registered": R.integers(0, 900, 99), "warm": R.normal(size=99), "same": 1}
    )
    with pytest.warns(UserWarning, match=r"^y is the sum or difference of columns 'casual', 'registered' of X"):
        tell_given_away(df, df["casual"] + df["registered"])
    tell_given_away(df, df["casual"] + df["registered"] + R.normal(size=99))
    summer = pd.get_dummies(pd.Series(R.choice(["May", "June", "July"], 99)))
    for X in (df.assign(fahrenheit=32 + 1.8 * df["warm"]), df.join(summer), df.astype("float32")):
        with pytest.warns(UserWarning, match=r"^y is the sum or difference of columns 'casual', 'registered' of X"):
            tell_given_away(X, df["casual"] + df["registered"] + 0.001 * df["casual"].sub(45).pow(2) / 2000)


PERSON = np.repeat(np.arange(40), 6)
VISITS = pd.DataFrame(
    {"patient": [f"P{p}" for p in PERSON], "height": R.normal(170, 10, 40)[PERSON], "pulse": R.normal(70, 9, 240)}
)
ILL = R.integers(0, 2, 40)[PERSON]


@pytest.mark.parametrize("y", [ILL, R.normal(size=40)[PERSON], np.stack([ILL, 1 - ILL], 1)], ids=["class", "number", "labels"])
def test_rows_of_things_with_one_y_are_told(y: Any) -> None:
    for X in (VISITS, VISITS.assign(patient=PERSON * 17 % 40)):
        with pytest.warns(UserWarning, match=r"^y is the same in all rows of each value of .*groups=X\['(patient|height)'\]"):
            tell_given_away(X, y)
        tell_given_away(X, y, groups=PERSON)
    tell_given_away(VISITS, R.permutation(y))


def test_a_class_that_begins_at_some_value_is_no_fault() -> None:
    age = R.integers(18, 90, 300)
    tell_given_away(pd.DataFrame({"age": age, "size": R.normal(size=300)}), age >= 65)


@pytest.mark.parametrize("name", [int, lambda j: f"a column of a long name, {j}", lambda j: ("level", j)])
def test_columns_are_left_out_by_what_is_said(name: Any) -> None:
    y = np.arange(60) % 2
    X = pd.DataFrame({j: y * (j + 2) for j in range(30)} | {30: np.sin(np.arange(60) ** 2), 31: np.arange(60) % 7})
    X.columns = pd.Index([name(j) for j in range(32)], tupleize_cols=False)
    for n in (30, 10):
        with pytest.warns(UserWarning, match="give y away") as told:
            tell_given_away(X, y)
        code = str(told[0].message).rpartition("leave them out, ")[2].removesuffix(" (--drop)")
        X = eval(code, {"X": X})
        assert X.shape[1] == max(2, n + 2 - 20)
    tell_given_away(X, y)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_it_is_told_of_files_too(kind: str, tmp_path: Path) -> None:
    X = VISITS.assign(y=ILL)
    getattr(X, f"to_{kind}")(tmp_path / f"visits.{kind}", index=False)
    with pytest.warns(UserWarning, match="are y itself|y is the same") as told:
        Classifier(**SMALL).fit(tmp_path / f"visits.{kind}", ILL)
    assert [str(w.message)[:39] for w in told] == [
        "column(s) 'y' of X are y itself: the mo",
        "y is the same in all rows of each value",
    ]


def test_names_that_are_there_twice_are_told_as_such() -> None:
    Y = pd.DataFrame(np.eye(2)[R.integers(0, 2, 40)], columns=["yes", "yes"])
    with pytest.raises(DataError, match="Y names the label 'yes' twice"):
        MultiLabelClassifier(**SMALL).fit(TABLE, Y)


def test_of_more_labels_than_are_looked_at_the_first_are() -> None:
    Y = pd.DataFrame(R.integers(0, 2, (40, 2100))).add_prefix("y").assign(y0=TABLE["sold"])
    with pytest.warns(UserWarning, match=r"^column\(s\) 'y0' of X are y itself"):
        tell_given_away(TABLE.rename(columns={"sold": "y0"}), Y)


def test_arrays_of_labels_are_no_texts() -> None:
    tell_given_away(TABLE, [np.array(["Oslo", "Rome"])] * 40)


def test_rows_that_are_missing_together_are_of_no_one_thing() -> None:
    """As of cells that were counted in some patients only; in the others neither is known, or both are 0."""
    some, size = np.arange(60) < 25, R.normal(size=60)
    cells = R.permutation(60) + 9
    tell_given_away(pd.DataFrame({"cells": np.where(some, cells, np.nan), "size": size}), np.where(some, size + 1, np.nan) ** 2)
    tell_given_away(pd.DataFrame({"cells": np.where(some, cells, 0), "size": size}), np.where(some, "ill", "well"))


def test_things_some_of_which_have_no_name_are_told() -> None:
    thing = np.repeat(np.arange(20.0), 3)
    X = pd.DataFrame({"patient": np.where(np.arange(60) % 9 == 0, np.nan, thing), "size": R.normal(size=60)})
    with pytest.warns(UserWarning, match=r"^y is the same in all rows of each value of 'patient' \(20 values"):
        tell_given_away(X, (thing * 7 % 3).astype(int))


def test_products_and_ratios_are_told() -> None:
    X = pd.DataFrame({"price": R.gamma(2, 9, 200).round(2), "pieces": R.integers(1, 30, 200), "size": R.normal(size=200)})
    for y in (X["price"] * X["pieces"], 100 * X["price"] / X["pieces"]):
        with pytest.warns(UserWarning, match=r"^y is the product or ratio of columns 'price', 'pieces' of X"):
            tell_given_away(X, y.round(3))
    tell_given_away(X, np.sqrt(X["price"]) * X["pieces"])
    tell_given_away(X, X["price"] * X["pieces"] * R.uniform(0.99, 1.01, 200))


def test_classes_one_hot_are_told() -> None:
    """Also without the last; one class that a feature tells from the others is no fault."""
    y = pd.Series(R.choice(["cat", "dog", "owl"], 60))
    hot = pd.get_dummies(y)
    for names in (["cat", "dog", "owl"], ["dog", "owl"]):
        with pytest.warns(UserWarning, match=r"^column\(s\) '[cd].*, 'owl' of X give y away"):
            tell_given_away(hot[names].assign(size=R.normal(size=60)), y)
    tell_given_away(hot[["owl"]].assign(size=R.normal(size=60)), y)
