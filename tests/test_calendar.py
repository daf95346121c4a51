"""Dates: the periods in which they repeat (formats/cycles.py), and the layer that sees them (nets/calendar.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import diabolo
from diabolo import Classifier, MultiLabelClassifier, Regressor
from diabolo.formats import Arrays, Tables
from diabolo.formats.cycles import DAY, OF_DATES, OF_TIMES
from diabolo.formats.schema import count_values, nanoseconds
from diabolo.nets import Calendar, written

DATES = [pa.date32(), pa.date64(), *map(pa.timestamp, ("s", "ms", "us", "ns")), pa.timestamp("us", "Europe/Paris")]
TIMES = [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")]
SPAN = 10 * 366 * DAY  # nanoseconds
LEARNING = {"hidden": (64,), "members": 2, "verbose": False, "random_state": 0}


def column(t: pa.DataType, when: np.ndarray) -> pa.Array:
    """Values of a type at these nanoseconds, rounded down to its unit; of dates without a time, to the day."""
    unit = DAY if pa.types.is_date(t) else nanoseconds(t)
    counts = when // unit * (unit // nanoseconds(t))
    return pa.array(counts, pa.int32() if t.bit_width == 32 else pa.int64()).cast(t)


def days(n: int, seed: int = 0) -> pd.Series:
    """Minutes of two years, by chance."""
    minutes = np.random.RandomState(seed).randint(0, 730 * 24 * 60, n)
    return pd.Series(pd.Timestamp("2023-01-01") + pd.to_timedelta(minutes, unit="min"))


@pytest.mark.parametrize("t", [*DATES, *TIMES], ids=str)
@given(seed=st.integers(0, 99), start=st.integers(-150, 200))
@settings(max_examples=10)
def test_a_feature_tells_how_much_of_a_period_has_passed(t: pa.DataType, seed: int, start: int) -> None:
    span = DAY if pa.types.is_time(t) else SPAN
    since = 0 if pa.types.is_time(t) else start * 366 * DAY // 4
    values = column(t, since + (np.random.RandomState(seed).rand(300) * span).astype(np.int64))
    table = pa.table({"x": pa.array(np.arange(300) % 7.5), "when": values})
    format = Tables().fit(table)
    x, exact = torch.from_numpy(format.to_array(table)), count_values(values).to_numpy().astype(object) * nanoseconds(t)
    found = format.cycles()
    assert [c.feature for c in found] == [1] * len(OF_TIMES if pa.types.is_time(t) else OF_DATES)
    for cycle, (period, waves) in zip(found, OF_DATES, strict=False):
        passed = np.array([float(v % period) / period for v in exact])
        off = (x[:, 1].numpy() * cycle.a + cycle.b - passed + 0.5) % 1 - 0.5
        assert cycle.waves == waves
        assert np.abs(off).max() < 1e-6


def test_what_does_not_repeat_has_no_periods() -> None:
    n = 100
    table = pa.table({
        "count": pa.array(np.arange(n) * 7 % 50),
        "lasted": pa.array(np.arange(n) * 10**6, pa.duration("us")),
        "who": pa.array([f"{i % 3}" for i in range(n)]),
        "ages": pa.array(2.0 ** np.linspace(0, 40, n)),
    })  # fmt: skip
    assert Tables().fit(table).cycles() == [] == Arrays().fit(np.random.rand(9, 3)).cycles()


def waves(when: pd.Series) -> Calendar:
    df = pd.DataFrame({"when": when})
    format = Tables().fit(df)
    return Calendar.of(torch.from_numpy(format.to_array(df)), format.cycles())


def test_waves_are_those_that_rows_can_show() -> None:
    both = 2  # cosine and sine
    assert len(waves(days(300))) == both * (3 + 3 + 2 + 2)
    assert len(waves(days(300).dt.normalize())) == both * (3 + 2 + 2), "of dates without a time no part of the day"
    assert len(waves(pd.Series(pd.date_range("2024-01-01", periods=40, freq="D")))) == both * 3, "five weeks are no two months"
    assert len(waves(pd.Series(pd.date_range("2024-01-01", periods=20, freq="h")))) == 0
    assert len(waves(pd.Series(pd.date_range("2020-01-06", periods=150, freq="7D")))) == both * (2 + 2), "all are Mondays"
    far = pd.concat([pd.Series(pd.date_range("2024-01-01", periods=40, freq="D")), pd.Series([pd.Timestamp("2199-12-31")])])
    assert len(waves(far)) == both * 3, "one far date is no span"


def test_all_precisions_see_the_same() -> None:
    calendar = Calendar.at([(0, 4000.3, 0.2), (0, 8000.6, -0.05)])
    x = torch.randn(50, 1, dtype=torch.float64)
    wide, narrow = calendar.double()(x), calendar.float()(x.float())
    torch.testing.assert_close(wide[:, 1:].float(), narrow[:, 1:], rtol=0, atol=1e-6)


def test_far_dates_are_stretched_again() -> None:
    """Most of two months, some of ten years before: what is squashed must not be taken for a calendar of seconds."""
    t = days(4000)
    t = pd.concat([t[t < "2023-03-01"], days(40, 1) - pd.Timedelta(days=4000)], ignore_index=True)
    df, new = t.to_frame("when"), (days(300, 2) + pd.Timedelta(days=200)).to_frame("when")
    format = Tables().fit(df)
    assert format.fields[0].knee < 10, "far dates are squashed"
    calendar = Calendar.of(torch.from_numpy(format.to_array(df)), format.cycles())
    seen = calendar(torch.from_numpy(format.to_array(new)))[:, 1:]
    passed = (new["when"] - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    np.testing.assert_allclose(seen[:, 0], np.cos(2 * np.pi * passed), atol=0.02)
    program = written(calendar, 1)
    np.testing.assert_allclose(program.run(format.to_array(new).astype(np.float32))[:, 1:], seen, atol=1e-4)


LEARNED = {
    "weekend": lambda t: t.dt.day_of_week >= 5,
    "night": lambda t: (t.dt.hour < 6) | (t.dt.hour >= 22),
    "summer": lambda t: t.dt.month.isin([6, 7, 8]),
}


@pytest.mark.parametrize("what", LEARNED)
def test_a_classifier_sees_the_calendar(what: str) -> None:
    t, new = days(300), days(200, 1)
    y, truth = LEARNED[what](t), LEARNED[what](new)
    model = Classifier(**LEARNING).fit(t.to_frame("when"), y)
    assert model.score(new.to_frame("when"), truth) > 0.93 > 1 - truth.mean()


def test_midnight_is_near_midnight() -> None:
    """Of a time of day, which goes around, and of which no rows span two days."""
    t, new = days(300), days(200, 1)
    model = Classifier(**LEARNING).fit(t.dt.time.to_frame("clock"), LEARNED["night"](t))
    assert [len(part) for part in model.network_.modules() if isinstance(part, Calendar)] == [6]
    assert model.score(new.dt.time.to_frame("clock"), LEARNED["night"](new)) > 0.93


def test_a_regressor_begins_at_waves() -> None:
    t = days(90)  # fewer than 100: the linear model alone
    demand = 5 * (t.dt.day_of_week >= 5) + np.cos(2 * np.pi * t.dt.day_of_year / 365.25)
    new = days(200, 1)
    truth = 5 * (new.dt.day_of_week >= 5) + np.cos(2 * np.pi * new.dt.day_of_year / 365.25)
    assert Regressor(**LEARNING).fit(t.to_frame("when"), demand).score(new.to_frame("when"), truth) > 0.7


def test_labels_gaps_and_times_of_day(tmp_path: Path) -> None:
    t = days(400)
    df = pd.DataFrame({"when": t.where(np.arange(400) % 9 > 0), "clock": t.dt.time, "x": np.arange(400) % 5.5})
    Y = np.stack([t.dt.day_of_week == 0, t.dt.hour >= 12], 1).astype(int)
    model = MultiLabelClassifier(**LEARNING).fit(df, Y)
    assert ((model.predict_proba(df) > 0.5) == Y).mean() > 0.93
    model.save(tmp_path / "m.diabolo")
    for engine in ("torch", "numpy"):
        again = diabolo.load(tmp_path / "m.diabolo", engine=engine)
        np.testing.assert_allclose(again.predict_proba(df), model.predict_proba(df), atol=1e-6)
