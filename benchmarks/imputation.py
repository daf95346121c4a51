"""Missing cells of tables, estimated from the others: the documented way beside scikit-learn's imputers at their defaults.

Of 16 tables a fifth of the known cells is hidden by chance: in up to 2,000 training rows, to which the imputers are fitted, and
in up to 2,000 test rows, whose hidden cells are judged. What is left over of a column of numbers is the squared error, in units
of that of the mean; of a category the share of wrong levels, in units of that of the most frequent one. *worse* counts columns
with more than 1.02: there the mean is better.

    ours       Autoencoder(8, corruption=Mask(0.1, fill=None)).fit(train).impute(test)
    plain      Autoencoder(8).fit(train).impute(test)
    kNN        KNNImputer           iterative    IterativeImputer (Bayesian ridge regression of each column)

Peers see standardized numbers, and categories as a column for each level, of which the largest is taken; for IterativeImputer
one level has none: with all of them it gives the most frequent level always (findings/iterative-imputer-one-hot.sh).

    DIABOLO_DATA=... python benchmarks/imputation.py [--tables adult letter]
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer

import common
from diabolo import Autoencoder, Mask
from tables_reconstruction import tables

ROWS, HIDDEN, K, WORSE = 2000, 0.2, 8, 1.02
PEERS = {"kNN": (KNNImputer, 0), "iterative": (lambda: IterativeImputer(random_state=0), 1)}  # levels without a column


def holed(df: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Some rows, the same with gaps, and which cells are hidden."""
    whole = df.iloc[rng.permutation(len(df))[:ROWS]].reset_index(drop=True)
    hidden = (rng.random(whole.shape) < HIDDEN) & whole.notna().to_numpy()
    return whole, whole.mask(hidden), hidden


def left(whole: pd.DataFrame, hidden: np.ndarray, filled: pd.DataFrame, train: pd.DataFrame) -> np.ndarray:
    """For each column with hidden cells, the error in units of that of the mean, or of the most frequent level."""
    found = []
    for j, name in enumerate(whole):
        i = hidden[:, j]
        truth, guess = whole[name][i], filled[name][i]
        if pd.api.types.is_numeric_dtype(whole[name]) and not pd.api.types.is_bool_dtype(whole[name]):
            wrong, before = (np.mean((truth.astype(float) - v) ** 2) for v in (guess.astype(float), train[name].mean()))
        else:
            wrong, before = (np.mean(truth.astype(str) != v) for v in (guess.astype(str), str(train[name].mode()[0])))
        if i.any() and before > 0:
            found.append(wrong / before)
    return np.array(found)


def peer(imputer: Any, without: int, train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """The test rows, filled by an imputer of numbers; so many levels of a category are without a column."""
    numbers = [c for c in train if pd.api.types.is_numeric_dtype(train[c]) and not pd.api.types.is_bool_dtype(train[c])]
    levels = {c: sorted(train[c].dropna().astype(str).unique()) for c in train if c not in numbers}
    mean, spread = train[numbers].mean(), train[numbers].std().replace(0, 1.0)

    def features(df: pd.DataFrame) -> np.ndarray:
        own = [((df[numbers] - mean) / spread).to_numpy(float)]
        for c, known in levels.items():
            same = df[c].astype(str).to_numpy()[:, None] == np.array(known[without:])
            own.append(np.where(df[c].isna().to_numpy()[:, None], np.nan, same))
        return np.hstack(own)

    found, filled, start = imputer.fit(features(train)).transform(features(test)), test.copy(), len(numbers)
    filled[numbers] = found[:, :start] * spread.to_numpy() + mean.to_numpy()
    for c, known in levels.items():
        of_levels = found[:, start : start + len(known) - without]
        rest = 1 - of_levels.sum(1, keepdims=True)
        filled[c] = np.array(known)[(np.hstack([rest, of_levels]) if without else of_levels).argmax(1)]
        start += len(known) - without
    return filled


def row(name: str, train: pd.DataFrame, test: pd.DataFrame, params: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    (_, train, _), (whole, seen, hidden) = holed(train, rng), holed(test, rng)
    k = min(K, train.shape[1])
    ways: dict[str, Any] = {
        "ours": lambda: Autoencoder(k, corruption=Mask(0.1, fill=None), **params).fit(train).impute(seen),
        "plain": lambda: Autoencoder(k, **params).fit(train).impute(seen),
    } | {of: lambda make=make, without=without: peer(make(), without, train, seen) for of, (make, without) in PEERS.items()}
    found: dict[str, Any] = {"table": name, "rows": len(train), "columns": train.shape[1]}
    for of, way in ways.items():
        filled, seconds = common.timed(way)
        of_columns = left(whole, hidden, filled, train)
        found |= {of: float(of_columns.mean()), f"{of}, worse": int((of_columns > WORSE).sum()), f"{of}, s": seconds}
    return found


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--tables", nargs="*", help="which; default: all")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")
    args.k = args.params = None
    rows = []
    for name, (train, test) in tables(args).items():
        known = [c for c in train if train[c].nunique() > 1]
        rows.append(row(name, train[known], test[known], {"random_state": 0, "verbose": False, **(args.params or {})}))
        print({key: round(v, 3) if isinstance(v, float) else v for key, v in rows[-1].items()}, flush=True)
    facts: dict[str, Any] = {f"{of}, mean left": float(np.mean([r[of] for r in rows])) for of in ("ours", "plain", *PEERS)}
    facts |= {f"{of}, columns worse than the mean": sum(r[f"{of}, worse"] for r in rows) for of in ("ours", "plain", *PEERS)}
    best = sum(r["ours"] <= min(r[of] for of in PEERS) for r in rows)
    facts["best"] = f"ours in {best} of {len(rows)}"
    common.show("Hidden cells: error left, in units of that of means", rows, args.json, **facts)


if __name__ == "__main__":
    main()
