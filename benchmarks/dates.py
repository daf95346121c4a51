"""What a date tells: supervised estimators at the defaults, beside boosted trees, with and without features made by hand.

Rows are events at minutes of three years, by chance, with a temperature and a city; two thirds are learned from. What is
predicted: a class, or a number, that depends on the date (and the temperature), or does not. Of classes the accuracy, of
numbers R2; `constant` is that of the largest class, or of the mean. `ours` are `Classifier` and `Regressor`.

    weekend      Saturday or Sunday                      month's end   the last five days of a month
    night        from 22 to 6 o'clock                    demand        of hour, weekend, season and temperature, with noise
    office       9 to 17 o'clock, Monday to Friday       no date       of temperature and city, with noise

    trees        HistGradientBoosting of the date as one number
    by hand      the same, with columns for hour, weekday, day of the month and day of the year

    python benchmarks/dates.py [-n 300 2000]
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

import common
from diabolo import Classifier, Regressor

Task = Callable[[pd.DataFrame, np.random.RandomState], Any]
CLASSES: dict[str, Task] = {
    "weekend": lambda df, rng: df["when"].dt.day_of_week >= 5,
    "night": lambda df, rng: ~df["when"].dt.hour.between(6, 21),
    "office": lambda df, rng: df["when"].dt.hour.between(9, 16) & (df["when"].dt.day_of_week < 5),
    "month's end": lambda df, rng: df["when"].dt.days_in_month - df["when"].dt.day < 5,
}
NUMBERS: dict[str, Task] = {
    "demand": lambda df, rng: demand(df) + 2 * rng.randn(len(df)),
    "no date": lambda df, rng: 3 * df["temperature"] + 2 * (df["city"] == "a") + rng.randn(len(df)),
}


def demand(df: pd.DataFrame) -> pd.Series:
    """Of hour, weekend, season and temperature."""
    of_day, of_year = 2 * np.pi * df["when"].dt.hour / 24, 2 * np.pi * df["when"].dt.day_of_year / 365
    return 10 * np.sin(of_day) + 8 * (df["when"].dt.day_of_week >= 5) + 12 * np.cos(of_year) + 3 * df["temperature"]


def events(n: int, rng: np.random.RandomState) -> pd.DataFrame:
    minutes = pd.to_timedelta(rng.randint(0, 3 * 365 * 24 * 60, n), unit="min")
    when = pd.Timestamp("2021-03-05") + minutes
    return pd.DataFrame({"when": when, "temperature": rng.randn(n), "city": rng.choice([*"abc"], n)})


def plain(df: pd.DataFrame) -> pd.DataFrame:
    """As trees take it."""
    when = df["when"].astype("datetime64[s]").astype("int64")
    return df.assign(when=when, city=df["city"].astype("category").cat.codes)


def by_hand(df: pd.DataFrame) -> pd.DataFrame:
    when = df["when"].dt
    return plain(df).assign(hour=when.hour, weekday=when.day_of_week, day=when.day, day_of_year=when.day_of_year)


def row(name: str, task: Task, n: int, model: Any, trees: Any) -> dict[str, Any]:
    rng = np.random.RandomState(0)
    df = events(n, rng)
    y, m = np.asarray(task(df, rng)), 2 * n // 3
    ours, seconds = common.timed(lambda: model(random_state=0, verbose=False).fit(df[:m], y[:m]))
    found: dict[str, Any] = {"task": name, "rows": n, "ours": float(ours.score(df[m:], y[m:]))}
    for of, seen in (("trees", plain(df)), ("by hand", by_hand(df))):
        found[of] = float(trees(random_state=0).fit(seen[:m], y[:m]).score(seen[m:], y[m:]))
    found["constant"] = float(pd.Series(y[m:]).value_counts(normalize=True).max()) if model is Classifier else 0.0
    return found | {"seconds": seconds}


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("-n", type=int, nargs="*", default=[300, 2000], help="rows")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")
    rows = []
    for n in [120] if args.tiny else args.n:
        rows += [row(name, task, n, Classifier, HistGradientBoostingClassifier) for name, task in CLASSES.items()]
        rows += [row(name, task, n, Regressor, HistGradientBoostingRegressor) for name, task in NUMBERS.items()]
    common.show("Dates: accuracy, and R2, on new rows", rows, args.json)


if __name__ == "__main__":
    main()
