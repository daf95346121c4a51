"""Held-out reconstruction of real tables: the autoencoder at its defaults against PCA of the same width.

Error per row = squared error of the standardized numbers + Brier score of the categories, over the cells that are not
missing, on rows that neither model has seen (the official test part, or a random 30 %). The target column is left out. PCA
is scikit-learn's on the same features (standardized, one-hot, missing = mean), fitted on all training rows. If k is the number
of columns, both return the rows up to rounding in float32; an error below 1e-9 counts as 0, and the ratio 0/0 as 1.

    DIABOLO_DATA=... python benchmarks/tables_reconstruction.py [--tables adult letter] [-k 2 4 8]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

import common
from diabolo import Autoencoder
from diabolo.nets import inside


def read(path: Path, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table as (train, test), without its target."""
    df = pd.read_csv(path).drop(columns=target)
    if "split" in df:
        test = (df.pop("split") == "test").to_numpy()
    else:
        test = np.zeros(len(df), dtype=bool)
        test[np.random.RandomState(0).permutation(len(df))[: round(0.3 * len(df))]] = True
    return df[~test].reset_index(drop=True), df[test].reset_index(drop=True)


def pca_errors(ae: Autoencoder, train: pd.DataFrame, test: pd.DataFrame, k: int) -> np.ndarray:
    """(n,) the same error of PCA, in the same features."""
    x, y = ae.format_.to_tensor(train), ae.format_.to_tensor(test)
    mean = torch.nan_to_num(x.nanmean(0))
    x, filled = (inside(torch.where(torch.isnan(t), mean, t)).numpy() for t in (x, y))  # unseen levels as the network sees them
    pca = PCA(k, random_state=0).fit(x)
    expected = torch.from_numpy(pca.inverse_transform(pca.transform(filled)))
    return ae.loss_.errors(expected, y).sum(1).numpy()


def ratio(mine: float, pca: float, none: float = 1e-9) -> float:
    return 1.0 if max(mine, pca) < none else mine / max(pca, none)


def row(name: str, train: pd.DataFrame, test: pd.DataFrame, k: int, **params: Any) -> dict[str, Any]:
    ae, seconds = common.timed(lambda: Autoencoder(k, random_state=0, **params).fit(train))
    mine, pca = -ae.score_samples(test).mean(), pca_errors(ae, train, test, k).mean()
    stop = f"{ae.n_iter_ / max(ae.history_.epoch[-1], 1e-9):.0%}" if ae.history_.epoch else "-"
    return {
        "table": name,
        "k": k,
        "PCA": float(pca),
        "autoencoder": float(mine),
        "ratio": ratio(float(mine), float(pca)),
        "seconds": seconds,
        "best at": stop,
    }


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--tables", nargs="*", help="which; default: all")
    p.add_argument("-k", type=int, nargs="*", default=[2, 4, 8])
    p.add_argument("--params", type=json.loads, default={}, help="JSON of hyper-parameters to try instead of the defaults")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    rows = []
    for name, (train, test) in tables(args).items():
        for k in args.k:
            rows.append(row(name, train, test, k, **args.params))
            print({key: round(v, 4) if isinstance(v, float) else v for key, v in rows[-1].items()}, flush=True)
    ratios = np.array([r["ratio"] for r in rows])
    slowest = max(r["seconds"] for r in rows)
    facts = {
        "median ratio": float(np.median(ratios)),
        "worst ratio": float(ratios.max()),
        "above PCA": int((ratios > 1).sum()),
        "slowest": slowest,
    }
    common.show("tables: held-out error per row", rows, args.json, **facts)


def tables(args: Any) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    if args.tiny:
        rng = np.random.default_rng(0)
        t = rng.normal(size=300)
        df = pd.DataFrame({"a": t, "b": t**2, "c": np.where(t > 0, "yes", "no"), "d": rng.normal(size=300)})
        args.k, args.params = [2], {"epochs": 3}
        return {"made-up": (df[:200], df[200:])}
    folder = common.data() / "tables"
    schema = json.loads((folder / "schema.json").read_text())
    names = args.tables or sorted(f.name.removesuffix(".csv.gz") for f in folder.glob("*.csv.gz"))
    return {name: read(folder / f"{name}.csv.gz", schema[name]["target"]) for name in names}


if __name__ == "__main__":
    main()
