"""What is said of columns that are perhaps not what they seem."""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from diabolo.formats import Reading, Tables
from diabolo.formats.suspects import ends_in_total

n = 60
rng = np.random.default_rng(0)
u = rng.uniform(3, 90, n)


def said(cells: Any, **options: Any) -> str:
    """All that is said of a column."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        Tables(**options).fit(pd.DataFrame({"v": cells, "b": rng.normal(size=len(cells))}))
    return " / ".join(str(w.message) for w in found)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([f"{v:.1f} kg" if i % 2 else f"{v * 1000:.0f} g" for i, v in enumerate(u)], "in several units: 'g', 'kg'"),
        ([f"{v:.1f}K" if i % 2 else f"{v / 10:.1f}M" for i, v in enumerate(u)], "in several units: 'M', 'K'"),
        ([f"{'$€'[i % 2]}{v:,.2f}" for i, v in enumerate(u)], "in several units: '$', '€'"),
        ([f"{v:.2f} {'%€'[i % 2]}" for i, v in enumerate(u)], "in several units: '%', '€'"),
        ([f"{('USD', 'CHF')[i % 2]} {v:.2f}" for i, v in enumerate(u)], "in several units: 'USD', 'CHF'"),
        ([f"{v * 100:,.0f} sq ft" for v in u], "each with the unit 'sq ft'"),
        ([f"{v // 60:.0f}:{v % 60:02.0f}" for v in u * 15], "times"),
        ([f"{v // 8 + 1:.0f}:{v % 59:02.0f} PM" for v in u], "times"),
        ([str(pd.Timedelta(v, "h")).split(".")[0] for v in u], "durations"),
        ([f"{v // 9:.0f}h {v % 60:.0f}min" for v in u], "durations"),
        ([f"{4 + i % 3}'{i % 11}\"" for i in range(n)], "feet and inches"),
        ([f"{v:.0f} 1/2" for v in u], "fractions"),
        ([f"{v:.0f}°{v % 60:.0f}'N" for v in u], "degrees"),
        ([f"{v + 90:.0f}/{v + 40:.0f}" for v in u], "two numbers each"),
        ([f"{v:.3f}, {v / 2:.3f}" for v in u], "two numbers each"),
        (["2024-05-01", "01/05/2024"] * 30, "texts that look like dates"),
    ],
)
def test_quantities_in_texts_are_told(cells: list[str], why: str) -> None:
    assert why in said(cells)
    assert said(cells, categories=["v"]) == ""


def test_a_last_row_of_totals_is_told() -> None:
    """--na "Total" made a row of it, a hundred times as far out as any other."""
    cells = [f"{v:.1f}" for v in u]
    assert "among them 'Total' in the last row: if its numbers are totals, delete it)" in said([*cells, "Total"])
    assert "among them '?')" in said([*cells[:30], "?", *cells[30:]])


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "Float64", "object"])
def test_totals_are_told_in_columns_of_numbers(dtype: str) -> None:
    """The label of such a row is one more category, and no text among numbers tells it."""
    v: Any = u.round() if dtype == "int64" else [Decimal(f"{value:.2f}") for value in u] if dtype == "object" else u
    cells = pd.Series(v, dtype=dtype)
    last = pd.Series([sum(cells)], dtype=dtype)
    assert "the last row holds the totals of column(s) 'v'" in said(pd.concat([cells, last], ignore_index=True))
    assert said(cells) == said(pd.concat([last, cells], ignore_index=True)).partition(" / ")[2] == ""


@pytest.mark.parametrize("cells", [[*u, 999_999_999, *u, 999_999_999], [*u, sum(u), np.nan], [*u, 1e308, 1e308, 1e308]])
def test_no_totals_are_told(cells: list[Any]) -> None:
    """Of a code for a missing value that is there twice, where the last row has none, or beyond all sums."""
    assert not ends_in_total(pa.array(cells))


@pytest.mark.parametrize(
    "cells",
    [
        ["9:00", "12:00", "17:30"] * 20,  # shifts
        ["8 GB", "512 MB"] * 30,
        [f"1.{i % 5}.{i % 3}" for i in range(n)],
        ["18-24", "25-34", "65+"] * 20,
        ["18/20", "20/20"] * 30,
        [f"Ward {i % 25}" for i in range(n)],
    ],
)
def test_levels_with_numbers_in_them_are_levels(cells: list[str]) -> None:
    assert said(cells) == ""


def test_levels_that_differ_in_spaces_or_case_are_told() -> None:
    assert "'PARIS ' and 'Paris': levels that differ in spaces or case" in said(["Paris", "PARIS ", "Rome"] * 20)
    assert "'e\u0301' and 'é'" in said(["é", "e\u0301", "a"] * 20)
    assert said(["a", "b"] * 30) == said(["Paris", "PARIS"] * 30, categories=["v"]) == ""


def test_levels_that_count_as_one_are_told() -> None:
    country = [f"country {chr(65 + i % 26)}{i // 26}" for i in range(130)]
    assert "'v' has 130 levels: all beyond the 100 most frequent count as one, in 23% of the rows" in said(country * 6)
    assert said(country * 4) == said(country[:100] * 20 + country[100:] * 6) == said(country * 6, categories=["v"]) == ""


@pytest.mark.parametrize("blank", ["", " ", "?", "nan", "NaN", "<NA>", "n/a", "NULL"])
def test_a_level_that_stands_for_a_gap_is_told(blank: str) -> None:
    cells = [blank, "a", "b"] * 20
    assert f"column 'v' holds {blank!r}, as a level like others" in said(cells)
    assert said(cells, categories=["v"]) == said(cells, reading=Reading(na=(blank,))) == ""


def test_a_column_in_which_each_row_is_another_is_told() -> None:
    """Also of fewer rows than levels that have features; numbers and dates are told as such, once."""
    assert "60 different values in 60 rows: it looks like an identifier or a text, and each" in said(
        [f"id{i}" for i in range(n)]
    )
    assert said([f"id{i % 30}" for i in range(n)]) == ""
    for cells in ([f"{v:.3f} kg" for v in u], [f"{i % 28 + 1}.{i % 12 + 1}.{1990 + i % 30}" for i in range(n)]):
        assert "identifier" not in said(cells)
        assert "look" in said(cells)


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_dates_beyond_those_of_fit_are_told(unit: str) -> None:
    """After them, or before; not those between or near, nor other numbers, nor in few rows."""
    days = pd.date_range("2024-01-01", periods=200, unit=unit)
    table = pd.DataFrame({"when": days, "a": rng.normal(size=200), "b": range(5, 205)}).sample(frac=1, random_state=0)
    format = Tables(numbers=["b"]).fit(table)

    def told(shift: int, rows: int = 200) -> str:
        new = table.assign(
            when=table["when"] + pd.Timedelta(shift, "D") * (np.arange(200) < rows).astype(int), b=table["b"] + shift
        )
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            for x in format.arrays(new):
                assert len(x) == 200
        return " / ".join(str(w.message) for w in found)

    assert "(2024-01-01 00:00 to 2024-07-18 00:00), such as 2024-12-25 00:00, in 151 of 200 rows looked at" in told(160)
    assert "such as 2023-10-03 00:00, in 81 of 200" in told(-90)
    assert told(0) == told(8) == told(160, 2) == ""
    format.doubts = False  # as of a detector
    assert "column 'when' holds dates beyond all that fit saw" in told(160)


def test_names_of_pictures_beside_other_columns_are_told() -> None:
    assert "column 'v' holds 60 names of pictures, and each is a category: the pictures are not looked at" in said(
        [f"photos/{i}.{'JPG' if i % 2 else 'png'}" for i in range(60)]
    )
