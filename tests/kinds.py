"""One small example of every kind of data, and small estimators for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp

from diabolo.estimators import ESTIMATORS

SMALL: dict[str, Any] = {"epochs": 2, "hidden": (8,), "verbose": False, "random_state": 0}
RESTORERS: dict[str, dict[str, Any]] = {  # they take lists of pictures, not tables: small ones, from no start but chance
    "Denoiser": {"widths": (8, 16), "depth": 1},
    "Upscaler": {"width": 8, "depth": 1},
    "Colorizer": {"widths": (8, 16), "depth": 1, "step": 28},
}
TABULAR = [name for name in ESTIMATORS if name not in RESTORERS]
TINY: dict[str, Any] = {"init": None, "epochs": 1, "patch_size": 32, "verbose": False, "random_state": 0}
WORDS = ["red", "green", "apple", "pear", "plum", "blue", "sky", "sea", "wood", "stone", "iron", "gold"]


def frame(n: int = 60, gaps: bool = True) -> pd.DataFrame:
    """Numbers, yes/no, strings, categories, dates, durations, with and without missing values."""
    r = np.random.default_rng(1)
    hours = pd.to_timedelta(r.integers(0, 10_000, n), "h")
    df = pd.DataFrame(
        {
            "size": r.normal(size=n),
            "count": r.integers(-5, 50, n),
            "flag": r.random(n) < 0.3,
            "city": r.choice(["Oslo", "Rome", "Bern"], n),
            "grade": pd.Categorical(r.choice(["low", "high"], n), categories=["low", "mid", "high"], ordered=True),
            "when": pd.Timestamp("2020-01-01", tz="Europe/Paris") + hours,
            "long": hours,
            "maybe": pd.array(r.integers(0, 9, n), dtype="Int64"),
            "same": 1.0,
        }
    )
    if gaps:
        df.loc[3, "size"] = np.nan
        df.loc[4, "city"] = None
        df.loc[5, "maybe"] = pd.NA
    return df


def texts(n: int = 40) -> list[str]:
    r = np.random.default_rng(2)
    return [" ".join(r.choice(WORDS, 4)) for _ in range(n)]


def kinds() -> dict[str, Any]:
    """Name -> data."""
    r = np.random.default_rng(0)
    numbers = r.normal(size=(60, 3)) @ r.normal(size=(3, 5)) + 0.1 * r.normal(size=(60, 5))
    gaps = np.where(r.random(numbers.shape) < 0.1, np.nan, numbers)
    df = frame()
    return {
        "pandas": df,
        "polars": pl.from_pandas(df),
        "arrow": pa.Table.from_pandas(df, preserve_index=False),
        "array": numbers,
        "float32": numbers.astype(np.float32),
        "gaps": gaps,
        "pixels": r.integers(0, 256, (60, 6)).astype(np.uint8),
        "shares": r.random((60, 4)),
        "yes and no": (r.random((60, 6)) < 0.4).astype(float),
        "list": numbers.tolist(),
        "sparse": sp.random(60, 8, 0.3, format="csr", random_state=0),
        "counts": sp.csr_matrix(r.poisson(0.7, (60, 12))),
        "texts": texts(),
    }


def answers(name: str, n: int) -> tuple[Any, ...]:
    """What an estimator of this name wants beside X in ``fit``: nothing, or y."""
    r = np.random.default_rng(3)
    labels = (r.random((n, 3)) < 0.4).astype(int)
    given = {"Classifier": r.integers(0, 3, n), "Regressor": r.normal(size=n), "MultiLabelClassifier": labels}
    given["IndependentClassifiers"] = labels
    return (given[name],) if name in given else ()


def answered(name: str, X: Any) -> tuple[Any, ...]:
    return answers(name, len(X) if isinstance(X, list) else X.shape[0])


def said(model: Any, X: Any) -> np.ndarray:
    """What a fitted estimator says of each row, as numbers."""
    for method in ("score_samples", "predict_proba", "predict"):
        if hasattr(model, method):
            return np.asarray(getattr(model, method)(X))
    raise AssertionError(f"{type(model).__name__} says nothing of rows")


def pictures(n: int = 6, side: int = 40, seed: int = 5) -> list[np.ndarray]:
    """Colorful discs and stripes before a sky (side, side + 8, 3), uint8."""
    r = np.random.default_rng(seed)
    y, x = np.mgrid[:side, : side + 8]
    found = []
    for _ in range(n):
        values = np.linspace((0.3, 0.5, 0.9), (0.7, 0.8, 0.9), side)[:, None].repeat(side + 8, 1)
        for _ in range(10):
            down, right, turn = r.random() * side, r.random() * side, r.random() * np.pi
            far = np.hypot(y - down, x - right)
            striped = np.sin((y * np.sin(turn) + x * np.cos(turn)) * r.uniform(0.5, 1.5)) > 0
            values[(far < r.uniform(4, side / 3)) & (striped | (r.random() < 0.7))] = r.random(3)
        found.append((values.clip(0, 1) * 255).round().astype(np.uint8))
    return found


def restorer(name: str, **params: Any) -> Any:
    """A tiny estimator of pictures, not fitted."""
    return ESTIMATORS[name](**TINY | RESTORERS[name] | params)
