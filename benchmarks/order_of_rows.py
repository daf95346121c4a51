"""A table on disk, sorted by class, beside the same table shuffled in memory: the error on test rows.

Rows of a file that does not fit into the buffer are read in blocks of neighbors, and only the rows of a buffer are permuted
together. Here the buffer is a twentieth of the table, as that of 32 MB is of 640 MB, and the rows are sorted by class, the
worst order for it. The error is the mean squared one of test rows, in units of PCA of as many codes: the mean over seeds, and
their spread (largest less smallest).

    DIABOLO_DATA=... python benchmarks/order_of_rows.py [--sets letter optdigits shuttle] [--seeds 3]
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

import common
from diabolo import Autoencoder
from diabolo import rows as reading
from diabolo.formats import base

K, SHARE = 4, 20


def error(ae: Autoencoder, X: pd.DataFrame) -> float:
    return float(-ae.score_samples(X).mean())


def of_pca(ae: Autoencoder, X: pd.DataFrame, test: pd.DataFrame) -> float:
    x, y = ae.format_.to_array(X), ae.format_.to_array(test)
    pca = PCA(K, random_state=0).fit(x)
    return float(np.square(pca.inverse_transform(pca.transform(y)) - y).sum(1).mean())


def compared(name: str, seeds: int) -> dict[str, Any]:
    X, y, test, _ = made_up() if name == "made up" else common.table(name)
    X, test = X.select_dtypes("number"), test.select_dtypes("number")
    ordered = X.iloc[np.argsort(y, kind="stable")]
    settings: dict[str, Any] = {"n_components": K, "verbose": False}
    found: dict[str, list[float]] = {"shuffled": [], "sorted": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sorted.parquet"
        ordered.to_parquet(path, index=False)
        for seed in range(seeds):
            ae = Autoencoder(**settings, random_state=seed).fit(X)
            found["shuffled"].append(error(ae, test) / of_pca(ae, X, test))
            buffer = 4 * X.size // SHARE
            with patch.object(base, "MAX_BYTES_IN_MEMORY", 0), patch.object(reading, "BUFFER", buffer):
                ae = Autoencoder(**settings, random_state=seed).fit(path)
            found["sorted"].append(error(ae, test) / of_pca(ae, X, test))
    means = {what: float(np.mean(values)) for what, values in found.items()}
    spread = max(float(np.ptp(values)) for values in found.values())
    return {"set": name, "rows": len(X), **means, "difference": means["sorted"] - means["shuffled"], "spread of seeds": spread}


def made_up() -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]:
    r = np.random.default_rng(0)
    X, y = pd.DataFrame(r.normal(size=(400, 6)), columns=list("abcdef")), r.integers(0, 3, 400)
    return X[:300], y[:300], X[300:], y[300:]


def main() -> None:
    p = common.parser(str(__doc__).splitlines()[0])
    p.add_argument("--sets", nargs="*", default=["letter", "optdigits", "shuttle"])
    p.add_argument("--seeds", type=int, default=3)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    sets, seeds = (["made up"], 1) if args.tiny else (args.sets, args.seeds)
    rows = [compared(name, seeds) for name in sets]
    common.show("Sorted by class on disk, and shuffled in memory: error, PCA = 1", rows, args.json)


if __name__ == "__main__":
    main()
