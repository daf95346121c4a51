"""What repeats in dates: times of day and weekdays, which a detector sees."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

import diabolo
from diabolo import Autoencoder, OutlierDetector
from diabolo.cli import cli
from diabolo.errors import DataError
from diabolo.formats import Tables, tables
from diabolo.formats.recurring import quiet_hour

N = 600
FEW: dict[str, Any] = {"random_state": 0, "verbose": False}


def orders(n: int = N, middle: float = 13.0, days: int = 300, seed: int = 0) -> pd.DataFrame:
    """Orders on workdays, around an hour."""
    rng = np.random.default_rng(seed)
    day = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, days, 2 * n)), unit="D")
    day = day[day.day_of_week < 5]
    hour = (middle + rng.normal(0, 1.5, len(day))) % 24
    when = day + pd.to_timedelta((hour * 3600).round(), unit="s")
    X = pd.DataFrame({"when": when, "amount": np.exp(rng.normal(3, 1, len(day))).round(2)})
    return X.sample(n, random_state=seed).reset_index(drop=True)


def at(X: pd.DataFrame, hour: int, days: int = 0) -> pd.DataFrame:
    return X.assign(when=X["when"].dt.normalize() + pd.Timedelta(hours=hour, days=days))


def on_sunday(X: pd.DataFrame) -> pd.DataFrame:
    return X.assign(when=X["when"] - pd.to_timedelta(X["when"].dt.day_of_week + 1, unit="D"))


def flagged(detector: OutlierDetector, X: pd.DataFrame) -> float:
    return float((detector.predict(X) < 0).mean())


@pytest.fixture(scope="module")
def detector() -> OutlierDetector:
    return OutlierDetector(0.02, **FEW).fit(orders())


def test_an_odd_hour_and_an_odd_day_are_outliers_and_said_to_be(detector: OutlierDetector) -> None:
    new = orders(200, seed=1)
    assert flagged(detector, new) < 0.05
    for odd, column, seen in ((at(new, 3), "when: time of day", "03:00:00"), (on_sunday(new), "when: weekday", "Sunday")):
        assert flagged(detector, odd) > 0.9
        [cell, *_] = detector.explain(odd, [0])[0].cells
        assert (cell.column, str(cell.seen), cell.repairs) == (column, seen, True)


def test_a_day_begins_at_a_quiet_hour() -> None:
    X = orders(middle=0.0)
    detector = OutlierDetector(0.02, **FEW).fit(X)
    start = quiet_hour(pa.array(X["when"]))
    assert 8 <= start <= 16
    assert f"when: time since {start:02}:00" in detector.format_.columns
    assert flagged(detector, at(X[:100], 12)) > 0.9
    assert flagged(detector, orders(200, middle=0.0, seed=1)) < 0.05


def test_all_containers_and_files_have_the_same_parts(detector: OutlierDetector, tmp_path: Path) -> None:
    X = orders(50, seed=2)
    X.loc[3, "when"] = pd.NaT
    x, format = detector.format_.to_array(X), detector.format_
    X.to_csv(tmp_path / "x.csv", index=False)
    X.to_parquet(tmp_path / "x.parquet", index=False)
    for other in (pl.from_pandas(X), pa.Table.from_pandas(X), tmp_path / "x.csv", tmp_path / "x.parquet"):
        np.testing.assert_array_equal(format.to_array(other), x)
    assert np.isnan(x[3, format.blocks[2].start :]).all()
    assert format.cells(X, np.array([3, 4]))[2][0] is None
    assert format.cells(tmp_path / "x.parquet", np.array([4])) == format.cells(X, np.array([4]))
    assert format.from_array(x).columns.tolist() == ["when", "amount"]


def test_parts_are_no_columns_of_x(detector: OutlierDetector, tmp_path: Path) -> None:
    assert detector.feature_names_in_.tolist() == ["when", "amount"]
    detector.save(tmp_path / "m.diabolo")
    about = CliRunner().invoke(cli, ["info", str(tmp_path / "m.diabolo")]).output
    assert "table of 2 columns: when (date), amount (number)\n" in about
    loaded, X = diabolo.load(tmp_path / "m.diabolo"), orders(20, seed=3)
    np.testing.assert_array_equal(loaded.score_samples(X), detector.score_samples(X))
    with pytest.raises(ValueError, match="feature names"):
        detector.predict(X.assign(more=1))


def test_a_file_with_a_part_of_nothing_is_refused(detector: OutlierDetector) -> None:
    for part in (["then", "weekday", 0], ["when", "century", 0], ["when", "weekday"], ["when", "time of day", 24]):
        meta, arrays = detector.format_.state()
        meta["fields"][-1]["part_of"] = part
        with pytest.raises(DataError, match="part of no column of dates"):
            Tables.from_state(meta, arrays)


@pytest.mark.parametrize(
    ("when", "parts"),
    [
        (pd.date_range("2024-01-01", periods=40, freq="D").date, ["day: weekday"]),
        (pd.date_range("2024-01-01", periods=40, freq="D"), ["day: weekday"]),
        (pd.date_range("2024-01-01", periods=40, freq="7D"), []),
        (pd.date_range("2024-01-01", periods=40, freq="min"), []),
        (pd.date_range("2024-01-01", periods=40, freq="5h"), ["day: time of day"]),
        (
            pd.date_range("2024-01-01 12:00", periods=40, freq="25h", tz="Europe/Oslo"),
            ["day: time of day (Europe/Oslo)", "day: weekday (Europe/Oslo)"],
        ),
        (pd.to_timedelta(np.arange(40), unit="D"), []),
        (np.arange(40.0), []),
    ],
)
def test_only_what_repeats_is_a_part(when: Any, parts: list[str]) -> None:
    X = pd.DataFrame({"day": when, "a": np.random.default_rng(0).normal(size=40)})
    assert Tables().with_recurring().fit(X).columns == ["day", "a", *parts]
    assert Tables().fit(X).columns == ["day", "a"]


def test_a_column_of_that_name_stays() -> None:
    X = orders(100).assign(**{"when: weekday": "a"})
    assert Tables().with_recurring().fit(X).columns == ["when", "amount", "when: weekday", "when: time of day"]


def test_parts_of_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = orders()
    X.to_parquet(tmp_path / "x.parquet", index=False)
    monkeypatch.setattr(tables, "SAMPLE", 200)
    detector = OutlierDetector(0.02, **FEW).fit(tmp_path / "x.parquet")
    assert detector.format_.columns == ["when", "amount", "when: time of day", "when: weekday"]
    assert flagged(detector, at(X[:100], 3)) > 0.9


def test_an_autoencoder_has_none() -> None:
    assert Autoencoder(1, epochs=1, **FEW).fit(orders(60)).format_.columns == ["when", "amount"]


def test_dates_of_another_precision_or_zone_have_parts_too() -> None:
    days = orders(100).assign(when=lambda X: X["when"].dt.date)
    dated = OutlierDetector(0.02, epochs=5, **FEW).fit(days)
    assert flagged(dated, orders(100)) == flagged(dated, days), "times within a day"
    format = Tables().with_recurring().fit(orders().assign(when=lambda X: X["when"].astype("datetime64[ns]")))
    late = pa.table({"when": pa.array([datetime(9999, 12, 31, 3), None], pa.timestamp("us")), "amount": [1.0, 1.0]})
    assert [str(column[0]) for column in format.cells(late, np.array([0]))[2:]] == ["03:00:00", "Friday"]
    assert np.isnan(format.to_array(late)[1, format.blocks[2]]).all()


def test_a_date_is_explained_in_the_zone_of_fit(detector: OutlierDetector) -> None:
    X = at(orders(5), 20)
    tokyo = X.assign(when=X["when"].dt.tz_localize("Asia/Tokyo"))
    with pytest.warns(UserWarning, match="read as UTC"):
        cells = detector.explain(tokyo, [0])[0].cells
    assert {c.column: str(c.seen) for c in cells}["when"] == str(X["when"][0] - pd.Timedelta(hours=9))
    with pytest.warns(UserWarning, match="read as UTC"):
        assert "when: time of day" in str(detector.explain(tokyo, [0]))


@pytest.mark.parametrize("zone", ["Australia/Sydney", "America/Los_Angeles", "+05:30", "UTC"])
def test_a_weekday_is_that_of_the_zone(zone: str) -> None:
    """At nine on a Monday in Sydney it is Sunday in UTC: a Sunday there was normal without a word."""
    zoned = [
        X.assign(when=X["when"].dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward"))
        for X in (orders(), on_sunday(orders(200, seed=1)))
    ]
    detector = OutlierDetector(0.02, **FEW).fit(zoned[0])
    assert detector.format_.columns[2:] == [f"when: time of day ({zone})", f"when: weekday ({zone})"]
    assert flagged(detector, zoned[1]) > 0.9
    assert flagged(detector, zoned[1].assign(when=zoned[1]["when"].dt.tz_convert("Asia/Tokyo"))) > 0.9
    [cell, *_] = detector.explain(zoned[1], [0])[0].cells
    assert (cell.column, cell.seen) == (f"when: weekday ({zone})", "Sunday")


@pytest.mark.parametrize("kind", ["python", "time32[s]", "time64[ns]"])
def test_times_around_midnight_have_a_day_that_begins_elsewhere(kind: str) -> None:
    """Noon is in the middle of 23:00 and 1:00, and was normal without a word."""

    def nights(middle: float, n: int = N, seed: int = 0) -> Any:
        rng = np.random.default_rng(seed)
        seconds = (3600 * (middle + rng.normal(0, 1.2, n))).astype(int) % 86_400
        X = pa.table({"at": pa.array(seconds.astype(np.int32), pa.time32("s")), "a": rng.normal(size=n)})
        return X.to_pandas() if kind == "python" else X.cast(pa.schema([("at", kind), ("a", "double")]))

    def fitted(middle: float) -> OutlierDetector:
        return OutlierDetector(0.02, **FEW).fit(nights(middle))

    late = fitted(25)
    assert late.format_.columns[2:] == ["at: time since 11:00"]
    assert flagged(late, nights(25, 200, 1)) < 0.05
    assert flagged(late, nights(14, 100, 2)) > 0.9
    assert fitted(14).format_.columns == ["at", "a"]


def test_dates_beyond_the_year_9999_are_refused() -> None:
    far = pa.table({"when": pa.array([2**42 + 86400 * i for i in range(40)], pa.timestamp("s"))})
    with pytest.raises(DataError, match="'when' holds dates beyond the years 1 to 9999"):
        Tables().fit(far)


def test_dates_beyond_those_of_python_are_explained() -> None:
    df = pd.DataFrame({"when": pd.date_range("2020", periods=90, freq="7h").as_unit("s"), "a": np.arange(90.0) % 7})
    new = df.head(3).assign(when=np.array(["12020-01-01", "2020-01-03", "2020-01-09"], dtype="datetime64[s]"))
    detector = OutlierDetector(alpha=0.1, epochs=2, verbose=False, random_state=0).fit(df)
    with pytest.warns(UserWarning, match="holds dates beyond all that fit saw"):
        assert "12020-01-01" in str(detector.explain(new))
