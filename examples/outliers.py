"""Wrong cells in a table, found and named: what was expected there, and where normal values would lie.

A real table (tumours, 30 measurements) is checked against 369 earlier rows. In 200 new rows, ten cells about size are
overwritten by a value from the other end of their column: possible in itself, but not in that row, so that looking at one
column at a time does not find them. The detector has learned what the other cells of a row say about each, and ranks all
6,000 cells. Cells that are simply rare rank high too: look before you correct.

    python examples/outliers.py [--tiny]
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from diabolo import OutlierDetector

PLANTED, SHOWN = 10, 15


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    args = p.parse_args()

    data = load_breast_cancer(as_frame=True).data.sample(frac=1, random_state=0, ignore_index=True)
    df, wrong = with_errors(data.iloc[369:].reset_index(drop=True))
    detector = OutlierDetector(epochs=3 if args.tiny else 200, random_state=0).fit(data.iloc[:369])
    cells = detector.cell_p_values(df)
    rows, columns = np.unravel_index(np.argsort(cells, axis=None)[:SHOWN], cells.shape)
    told = {(v.row, c.column): c for v in detector.explain(df, np.unique(rows), most=df.shape[1]) for c in v.cells}
    print(f"{'row':>4}  {'cell':24} {'p':>8} {'seen':>10} {'expected':>10}   normally")
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        c = told[i, df.columns[j]]
        mark = "  <- overwritten" if wrong.get(i) == c.column else ""
        low, high = c.between
        print(f"{i:4}  {c.column:24} {c.p:8.1e} {c.seen:10.4g} {c.expected:10.4g}   {low:.4g} to {high:.4g}{mark}")

    named = {(i, df.columns[j]) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)}
    deviation = ((df - df.mean()) / df.std()).abs().to_numpy()
    far = zip(*np.unravel_index(np.argsort(-deviation, axis=None)[:SHOWN], deviation.shape), strict=True)
    alone = {(int(i), df.columns[j]) for i, j in far}
    print(f"\nof the {PLANTED} overwritten cells, among the {SHOWN} first of {df.size:,}:")
    print(f"{len(named & set(wrong.items())):3}  by the detector")
    print(f"{len(alone & set(wrong.items())):3}  by the largest deviation from a column's mean")


def with_errors(df: pd.DataFrame) -> tuple[pd.DataFrame, dict[int, str]]:
    """The table with ten cells replaced by a value from the other end of their column; row -> column of each."""
    df, rng = df.copy(), np.random.default_rng(1)
    sizes = [c for c in df.columns if c.split()[1] in ("radius", "perimeter", "area") and "error" not in c]
    rows, wrong = rng.choice(len(df), PLANTED, replace=False), {}
    for i in rows.tolist():
        column = str(rng.choice(sizes))
        end = 0.9 if df.at[i, column] < df[column].median() else 0.1
        df.at[i, column] = df[column].quantile(end)
        wrong[i] = column
    return df, wrong


if __name__ == "__main__":
    main()
