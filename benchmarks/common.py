"""What the benchmarks share: where the data is, and tables that are printed and written as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import train_test_split


def data() -> Path:
    """The folder named by DIABOLO_DATA."""
    folder = os.environ.get("DIABOLO_DATA")
    if not folder or not Path(folder).is_dir():
        sys.exit("set DIABOLO_DATA to the folder that holds the data (tables/, text/, images/)")
    return Path(folder)


def multilabel(name: str) -> tuple[Any, np.ndarray, np.ndarray, list[str]]:
    """X (array or CSR), Y (n, k) of 0 and 1, the mask of the training rows, the names of the labels."""
    (file,) = [f for f in (data() / "multilabel" / f"{name}.npz", data() / "text" / f"{name}.npz") if f.exists()]

    def sparse(part: str, values: np.ndarray | None) -> sp.csr_matrix:
        columns, ends = z[f"{part}_indices"].astype(np.int32), z[f"{part}_indptr"].astype(np.int32)
        return sp.csr_matrix((np.ones(len(columns)) if values is None else values, columns, ends), shape=z[f"{part}_shape"])

    with np.load(file) as z:
        X = z["X"] if "X" in z else sparse("X", z["X_data"].astype(np.float32))
        return X, sparse("Y", None).toarray().astype(np.int64), z["train"], z["label_names"].tolist()


def table(name: str) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]:
    """X, y of the training rows and of the test rows: the official ones, else 30 %, of each class as many."""
    folder = data() / "tables"
    df = pd.read_csv(folder / f"{name}.csv.gz")
    schema = json.loads((folder / "schema.json").read_text())[name]
    y = df.pop(schema["target"]).to_numpy()
    if "split" in df:
        test = (df.pop("split") == "test").to_numpy()
    else:
        classes = None if schema["task"] == "regression" else y
        chosen = train_test_split(np.arange(len(df)), test_size=0.3, random_state=0, stratify=classes)[1]
        test = np.isin(np.arange(len(df)), chosen)
    return df[~test].reset_index(drop=True), y[~test], df[test].reset_index(drop=True), y[test]


def scaled(X: Any, train: np.ndarray) -> Any:
    """X as linear models like it: dense columns standardized, counts as tf-idf; sparse 0 and 1 stay as they are."""
    if sp.issparse(X):
        return TfidfTransformer().fit(X[train]).transform(X) if X[train].max() > 1 else X.tocsr()
    mean, spread = X[train].mean(0, dtype=float), X[train].std(0, dtype=float)
    return (X - mean) / np.where(spread > 0, spread, 1.0)


def parser(description: str) -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--tiny", action="store_true", help="a smoke run on a little made-up data; its numbers mean nothing")
    p.add_argument("--json", type=Path, help="write the rows here too")
    p.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of torch")
    return p


def resumable(p: argparse.ArgumentParser) -> argparse.ArgumentParser:
    p.add_argument("--rows", type=Path, help="keep each part of the result here, and do not compute again what is there")
    return p


def kept(path: Path | None, name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, or has given: with a path, each value is a line of JSON there."""
    for line in path.read_text().splitlines() if path and path.exists() else []:
        if (old := json.loads(line))["name"] == name:
            return old["value"]
    value = make()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps({"name": name, "value": value}) + "\n")
    return value


def timed(work: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work(*args)
    return result, time.perf_counter() - start


def show(title: str, rows: list[dict[str, Any]], path: Path | None, **facts: Any) -> None:
    """Print `rows` as a table and write them with the facts of the machine."""
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="right" if isinstance(rows[0][name], (int, float)) else "left")
    for row in rows:
        table.add_row(*[f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()])
    Console(width=150).print(table)
    for name, value in facts.items():
        print(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")
    if path:
        machine = {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "cores": os.cpu_count(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
        path.write_text(json.dumps({"title": title, "rows": rows, **facts, "command": command, "machine": machine}, indent=1))
