"""Rows to look at: those with a cell that the autoencoder cannot reconstruct, and what it expected instead.

In a real table (569 tumours, 30 measurements) ten cells are overwritten by a value from the other end of their column:
possible in itself, but not in that row, so that looking at one column at a time does not find them. A row is ranked by its
most surprising cell: the error of the cell over the mean error of its column. The first rows are shown with that cell as
seen and as expected. Rows that are simply rare rank high too: look before you delete.

    python examples/outliers_by_reconstruction.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from diabolo import Autoencoder

PLANTED, SHOWN = 10, 20


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    args = p.parse_args()

    df, wrong = with_errors(load_breast_cancer(as_frame=True).data)
    ae = Autoencoder(6, epochs=2 if args.tiny else 100, random_state=0).fit(df)
    errors, expected = ae.reconstruction_errors(df), ae.reconstruct(df)
    surprise = errors / errors.mean(0)
    worst = np.argsort(-surprise.max(1))[:SHOWN]
    print(f"{'row':>4}  {'cell':24} {'surprise':>8} {'seen':>10} {'expected':>10}")
    for i in worst:
        j = int(surprise[i].argmax())
        mark = "  <- overwritten" if wrong.get(int(i)) == j else ""
        seen, told = df.iat[i, j], expected.iat[i, j]
        print(f"{i:4}  {df.columns[j]:24} {surprise[i, j]:8.0f} {seen:10.4g} {told:10.4g}{mark}")

    alone = np.argsort(-((df - df.mean()) / df.std()).abs().max(axis=1).to_numpy())[:SHOWN]
    print(f"\nof the {PLANTED} overwritten rows, among the {SHOWN} first of {len(df)}:")
    for name, rows in (("by the autoencoder", worst), ("by the largest deviation from a column's mean", alone)):
        print(f"{sum(int(i) in wrong for i in rows):3}  {name}")


def with_errors(df: pd.DataFrame) -> tuple[pd.DataFrame, dict[int, int]]:
    """The table with ten cells replaced by a value from the other end of their column; row -> column of each."""
    df, rng = df.copy(), np.random.default_rng(1)
    rows = rng.choice(len(df), PLANTED, replace=False)
    columns = rng.choice(df.shape[1], PLANTED, replace=False)
    for i, j in zip(rows, columns, strict=True):
        column = df.iloc[:, j]
        df.iat[i, j] = column.quantile(0.97 if df.iat[i, j] < column.median() else 0.03)
    return df, dict(zip(rows.tolist(), columns.tolist(), strict=True))


if __name__ == "__main__":
    main()
