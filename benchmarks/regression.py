"""Numbers predicted from tables at the defaults: the Regressor beside scikit-learn's regressors at theirs.

A task is a table with one of its columns of numbers, of more than 20 different values, as what is predicted by all other
columns; up to three columns of each table, drawn by chance. `n` rows of the training part are learned from; R2 is that of up
to 2,000 rows of the test part. A column with values beyond 30 standard deviations is predicted as its arcsinh. Peers get
standardized numbers, means for gaps, one-hot categories, and a standardized y. The defaults were chosen on training parts.

    ridge     Ridge                            forest    RandomForestRegressor
    boosted   HistGradientBoostingRegressor    MLP       MLPRegressor

    DIABOLO_DATA=... python benchmarks/regression.py [--tables adult letter] [-n 150 2000]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import common
from diabolo import Regressor
from tables_reconstruction import tables

PEERS: dict[str, Any] = {
    "ridge": lambda: Ridge(),
    "boosted": lambda: HistGradientBoostingRegressor(random_state=0),
    "forest": lambda: RandomForestRegressor(random_state=0),
    "MLP": lambda: MLPRegressor(random_state=0),
}
COLUMNS, LEAST_VALUES, FAR, MOST_GAPS = 3, 20, 30, 0.1  # of a table; of a column
TESTED = 2000  # rows
Parts = tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]


def numbers(df: pd.DataFrame) -> list[str]:
    """The columns that are predicted."""
    able = [
        c
        for c in df
        if pd.api.types.is_numeric_dtype(df[c]) and df[c].nunique() > LEAST_VALUES and df[c].isna().mean() < MOST_GAPS
    ]
    return [able[i] for i in np.random.default_rng(0).permutation(len(able))[:COLUMNS]]


def task(train: pd.DataFrame, test: pd.DataFrame, column: str, n: int) -> Parts:
    """X and y of n rows, and of those that are tested."""
    rng, found = np.random.default_rng(0), []
    y = train[column].dropna()
    far = (y - y.mean()).abs().max() > FAR * y.std()
    for df, most in ((train, n), (test, TESTED)):
        known = df[df[column].notna()]
        known = known.iloc[rng.permutation(len(known))[:most]].reset_index(drop=True)
        y = known.pop(column).to_numpy(float)
        found += [known, np.arcsinh(y) if far else y]
    return tuple(found)  # type: ignore[return-value]


def peer(model: Any, X: pd.DataFrame, y: np.ndarray, new: pd.DataFrame) -> np.ndarray:
    of_numbers = make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")
    of_others = OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_exclude="number")
    mean, spread = y.mean(), y.std()
    fitted = make_pipeline(make_column_transformer(of_numbers, of_others), model).fit(X, (y - mean) / spread)
    return np.asarray(fitted.predict(new) * spread + mean)


def row(name: str, parts: Parts) -> dict[str, Any]:
    X, y, new, truth = parts
    ours, seconds = common.timed(lambda: Regressor(random_state=0, verbose=False).fit(X, y))
    found = {"task": name, "rows": len(X), "Regressor": float(r2_score(truth, ours.predict(new)))}
    found |= {of: float(r2_score(truth, peer(make(), X, y, new))) for of, make in PEERS.items()}
    return found | {"seconds": seconds}


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--tables", nargs="*", help="which; default: all")
    p.add_argument("-n", type=int, nargs="*", default=[150, 2000], help="rows that are learned from, at most")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")
    rows = []
    for name, parts in tasks(args):
        rows.append(row(name, parts))
        print({key: round(v, 3) if isinstance(v, float) else v for key, v in rows[-1].items()}, flush=True)
    common.show("Regression of columns of tables: R2 on test rows", rows, args.json, **summary(rows, args.n))


def tasks(args: argparse.Namespace) -> Iterator[tuple[str, Parts]]:
    args.k = args.params = None
    if args.tiny:
        args.n = [100]
    for name, (train, test) in tables(args).items():
        for column in numbers(train):
            for n in args.n:
                yield f"{name}, {column}", task(train, test, column, n)


def summary(rows: list[dict[str, Any]], sizes: list[int]) -> dict[str, str]:
    """Of each size the mean rank, the mean R2 (at least -1), and what is left over, in units of what ours leaves."""
    facts, methods = {}, ["Regressor", *PEERS]
    for low, n in zip([0, *sorted(sizes)], sorted(sizes), strict=False):
        some = pd.DataFrame([r for r in rows if low < r["rows"] <= n])[methods].clip(lower=-1)
        left = np.log((1 - some).clip(lower=1e-3))
        of = {
            "mean rank": some.rank(axis=1, ascending=False).mean(),
            "mean R2": some.mean(),
            "left over, in units of ours (geometric mean)": np.exp(left.sub(left["Regressor"], axis=0).mean()),
        }
        facts |= {f"up to {n:,} rows, {what}": ", ".join(f"{m} {v:.3g}" for m, v in each.items()) for what, each in of.items()}
    return facts


if __name__ == "__main__":
    main()
