"""New rows from an autoencoder: like the training rows, with a cell given, strange ones; and whether they are of use.

The table has 178 wines, 13 measurements, and the cultivar as a category. The autoencoder's codes get a density p(z); its
draws are decoded to rows of the same columns and types. A classifier that has seen only new rows is tested on real ones.

    python examples/new_rows.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from diabolo import Autoencoder


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    args = p.parse_args()

    df = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
    df["cultivar"] = df["cultivar"].map({0: "Barolo", 1: "Grignolino", 2: "Barbera"}).astype("category")
    train, test = train_test_split(df, test_size=0.4, random_state=0, stratify=df["cultivar"])
    ae = Autoencoder(6, epochs=3 if args.tiny else "auto", random_state=0).fit(train)

    shown = ["cultivar", "alcohol", "color_intensity", "proline"]
    new = ae.sample(1000, random_state=0)
    print("three new wines:", new[shown].head(3).to_string(index=False), sep="\n")
    print(
        "\nthree with 14 % alcohol:",
        ae.sample(3, given={"alcohol": 14.0}, random_state=0)[shown].to_string(index=False),
        sep="\n",
    )
    print("\nthree unlikely ones:", ae.sample(3, likelihood=(0, 0.05), random_state=0)[shown].to_string(index=False), sep="\n")

    print(f"\ndistance to the nearest training row (1 is usual): median {np.median(ae.novelty(new, train)):.2f}")
    for name, rows in (("real", train), ("new", new)):
        print(f"accuracy on real wines of a forest that has seen {len(rows)} {name} ones: {accuracy(rows, test):.1%}")


def accuracy(train: pd.DataFrame, test: pd.DataFrame) -> float:
    X, y = train.drop(columns="cultivar"), train["cultivar"].astype(str)
    forest = RandomForestClassifier(random_state=0).fit(X, y)
    return float(forest.score(test.drop(columns="cultivar"), test["cultivar"].astype(str)))


if __name__ == "__main__":
    main()
