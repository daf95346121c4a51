"""Planted cell errors: is the row caught, and is the planted cell the first that is named?

In 5 % of the test rows one cell is overwritten: a number by another number of its column that differs by at least two standard
deviations, a category by another level at random. The training rows are clean. A row is *caught* if it is flagged at alpha =
0.01. Among the caught rows, ``first`` is the share whose first named cell is the planted one, and ``repaired`` the share that
the suggested replacements make normal. ``flagged clean`` is the share of untouched test rows that are flagged. "largest
deviation" names the cell whose value is rarest in its column; it needs no model.

    DIABOLO_DATA=... python benchmarks/outliers_cells.py [--tables adult] [--seeds 3]
    DIABOLO_DATA=... python benchmarks/outliers_cells.py --clean 20                (clean data only, 20 seeds)
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import torch

import common
from diabolo import OutlierDetector
from diabolo.formats import Tables

TABLES = ("adult", "bank-marketing", "california-housing")
SHARE, MOST = 0.05, 8000  # rows of a table that are used for training, and for testing


def read(name: str) -> pd.DataFrame:
    folder = common.data() / "tables"
    df = pd.read_csv(folder / f"{name}.csv.gz")
    return df.drop(columns=[c for c in (json.loads((folder / "schema.json").read_text())[name]["target"], "split") if c in df])


def made_up(name: str) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    t = rng.normal(size=400)
    return pd.DataFrame({"a": t, "b": t**2, "c": np.where(t > 0, "yes", "no"), "d": rng.normal(size=400)})


def planted(df: pd.DataFrame, whole: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[int, str]]:
    """df with wrong cells, and row -> column of each."""
    df = df.copy()
    rows = rng.choice(len(df), round(SHARE * len(df)), replace=False)
    wrong = {}
    for i in rows.tolist():
        column = str(rng.choice(df.columns))
        value, values = df[column].iat[i], whole[column].dropna()
        if pd.api.types.is_numeric_dtype(values):
            far = values[(values - value).abs() >= 2 * values.std()]
        else:
            far = pd.Series([v for v in values.unique() if v != value])
        if len(far) and not pd.isna(value):
            df.iloc[i, df.columns.get_loc(column)] = far.iloc[int(rng.integers(len(far)))]
            wrong[i] = column
    return df, wrong


def deviations(format: Tables, df: pd.DataFrame) -> list[str]:
    """The most extreme cell of each row, column by column."""
    x = format.to_tensor(df)
    shares = []
    for field, block in zip(format.fields, format.blocks, strict=True):
        part = x[:, block]
        if hasattr(field, "shares"):
            shares.append(-(part * torch.tensor(field.shares).clamp(min=1e-6).log()).sum(1))
        else:
            shares.append(0.5 * part[:, 0] ** 2)
    return [format.columns[j] for j in torch.nan_to_num(torch.stack(shares, 1)).argmax(1).tolist()]


def run(name: str, df: pd.DataFrame, seed: int, params: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(df))
    half = min(MOST, len(df) // 2)
    train, test = (df.iloc[order[i : i + half]].reset_index(drop=True) for i in (0, half))
    detector, seconds = common.timed(OutlierDetector(random_state=seed, **params).fit, train)
    dirty, wrong = planted(test, df, rng)
    flagged = detector.predict(dirty) == -1
    clean = np.setdiff1d(np.arange(len(dirty)), list(wrong))
    caught = np.array([i for i in wrong if flagged[i]], dtype=int)
    told = detector.explain(dirty, rows=caught)
    naive = deviations(detector.format_, dirty)
    hits = [v.cells[0].column == wrong[v.row] for v in told]
    return {
        "table": name,
        "seed": seed,
        "flagged clean": float(flagged[clean].mean()),
        "planted": len(wrong),
        "caught": len(caught) / max(1, len(wrong)),
        "first": float(np.mean(hits)) if hits else float("nan"),
        "among the first 3": float(np.mean([wrong[v.row] in [c.column for c in v.cells[:3]] for v in told] or [np.nan])),
        "repaired": float(np.mean([v.repaired for v in told] or [np.nan])),
        "largest deviation": float(np.mean([naive[i] == wrong[i] for i in caught.tolist()] or [np.nan])),
        "seconds of fit": seconds,
    }


def clean_runs(name: str, df: pd.DataFrame, seeds: int, params: dict[str, Any]) -> dict[str, Any]:
    """Share of clean test rows flagged at alpha = 0.01, over seeds."""
    shares = []
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(df))
        half = min(MOST, len(df) // 2)
        detector = OutlierDetector(random_state=seed, **params).fit(df.iloc[order[:half]].reset_index(drop=True))
        shares.append(float((detector.predict(df.iloc[order[half : 2 * half]].reset_index(drop=True)) == -1).mean()))
    return {
        "table": name,
        "seeds": seeds,
        "flagged clean, mean": float(np.mean(shares)),
        "lowest": min(shares),
        "highest": max(shares),
    }


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--tables", nargs="*", default=list(TABLES))
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--clean", type=int, default=20, help="seeds of the runs on clean data; 0 leaves them out")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    params: dict[str, Any] = {"epochs": 3} if args.tiny else {}
    tables = {"made-up": made_up("")} if args.tiny else {name: read(name) for name in args.tables}
    rows, facts = [], {}
    for name, df in tables.items():
        for seed in range(1 if args.tiny else args.seeds):
            rows.append(run(name, df, seed, params))
            print({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
        if args.clean:
            found = clean_runs(name, df, 2 if args.tiny else args.clean, params)
            mean, low, high = (found[key] for key in ("flagged clean, mean", "lowest", "highest"))
            told = f"{mean:.2%} in {found['seeds']} seeds, {low:.2%} to {high:.2%} (bar 0.5 to 1.5 %)"
            facts[f"{name}: clean rows flagged at alpha = 0.01"] = told
    caught = np.array([r["planted"] * r["caught"] for r in rows])
    first = np.nan_to_num([r["first"] for r in rows])
    facts["planted cell named first"] = (
        f"{(first * caught).sum() / caught.sum():.1%} of {caught.sum():.0f} caught rows (bar 80 %)"
    )
    facts["planted cell named first, mean of the runs"] = f"{np.mean(first[caught > 0]):.1%}"
    common.show("planted cell errors", rows, args.json, **facts)


if __name__ == "__main__":
    main()
