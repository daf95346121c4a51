"""Answers that lie in the table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from diabolo import Classifier, MultiLabelClassifier, Regressor
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
        (TABLE, -TABLE["size"]),
        (TABLE[:20], TABLE["size"][:20]),
        (TABLE, TABLE["size"][:20]),
        (TABLE.assign(same=1.0), np.ones(40)),
        (TABLE, [[name] for name in TABLE["city"]]),
        (TABLE, None),
        (TABLE.to_numpy(), TABLE["size"]),
        (TABLE[["city"]], TABLE[["sold"]]),
        (pd.concat([TABLE, TABLE[["size"]]], axis=1), TABLE["day"]),
        ("table.csv", TABLE["size"]),
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
