"""A table of mixed types as a few numbers per row, and back.

The table is made up: a city hires out bicycles, and the season decides the temperature, the weather and the number of
rides. It has a date, a category with an order, strings, booleans, whole numbers and missing values; what comes back has
the same columns, types and categories. With --output, the model and both tables are written there.

    python examples/compress_a_table.py [--output FOLDER] [--tiny]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from diabolo import Autoencoder

GRADES = ["poor", "fair", "fine"]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few seconds on fewer days; the numbers mean nothing")
    p.add_argument("--output", type=Path, help="folder for the model and the two tables")
    args = p.parse_args()

    df = days(300 if args.tiny else 1500)
    ae = Autoencoder(4, epochs=2 if args.tiny else 200, random_state=0).fit(df)
    Z = ae.transform(df)
    back = ae.inverse_transform(Z)

    assert list(back.columns) == list(df.columns)
    assert (back.dtypes == df.dtypes).all()
    print(f"{df.shape[0]:,} rows of {df.shape[1]} columns -> {Z.shape[1]} numbers each -> the same columns and types\n")
    print(f"{'column':12} {'type':16} {'first row':>20} {'came back as':>20} {'explained':>10}")
    explained = 1 - ae.reconstruction_errors(df).sum(0) / ae.constant_errors(df).sum(0)
    for name, share in zip(df.columns, explained, strict=True):
        told = [v.date() if isinstance(v, pd.Timestamp) else v for v in (df[name].iloc[0], back[name].iloc[0])]
        told = [round(v, 2) if isinstance(v, float) else v for v in told]
        print(f"{name:12} {df[name].dtype!s:16} {told[0]!s:>20} {told[1]!s:>20} {share:10.0%}")

    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        ae.save(args.output / "days.diabolo")
        df.to_csv(args.output / "days.csv", index=False)
        back.to_csv(args.output / "back.csv", index=False)
        print(f"\nModel and tables are in {args.output}")


def days(n: int) -> pd.DataFrame:
    """One row per day."""
    rng = np.random.default_rng(0)
    date = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.arange(n), "D")
    warmth = -np.cos(2 * np.pi * date.day_of_year / 365)
    temperature = 10 + 11 * warmth + rng.normal(0, 3, n)
    rain = rng.random(n) < 0.45 - 0.2 * warmth
    weekend = date.day_of_week >= 5
    rides = (900 + 500 * warmth) * np.where(rain, 0.5, 1) * np.where(weekend, 0.7, 1) * rng.uniform(0.9, 1.1, n)
    grade = np.select([rain, temperature < 12], ["poor", "fair"], "fine")
    df = pd.DataFrame(
        {
            "date": date,
            "temperature": temperature,
            "rain": rain,
            "weekday": date.day_name(),
            "weather": pd.Categorical(grade, categories=GRADES, ordered=True),
            "rides": rides.astype(int),
        }
    )
    df.loc[rng.random(n) < 0.05, "temperature"] = np.nan
    return df


if __name__ == "__main__":
    main()
