"""How long a fit takes, by rows, columns and codes, and what to turn down.

    sizes    Autoencoder(k) of made-up tables, beside PCA and scikit-learn's MLPRegressor through a bottleneck of the same width
    less     MultiLabelClassifier with less work, on four sets: seconds and label-ranking average precision (LRAP)

The tables have three latent numbers, bent, with noise; a fifth of the columns are categories. PCA and the perceptron get the
features of the autoencoder: standardized numbers, one-hot categories. Seconds are those of one fit, with ``--threads``.

    DIABOLO_DATA=... python benchmarks/how_long.py [--parts sizes] --threads 1
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

import common
from diabolo import Autoencoder, MultiLabelClassifier

SIZES = [(n, d, k) for n in (1000, 10_000, 30_000) for d in (10, 50) for k in (2, 8)]
LESS: dict[str, dict[str, Any]] = {
    "default": {},
    "members=1": {"members": 1},
    "n_bins=0": {"n_bins": 0},
    "hidden=(128,)": {"hidden": (128,)},
    "patience=2": {"patience": 2},
}
SETS = ["emotions", "scene", "yeast", "enron"]


def curved(n: int, d: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    t = rng.normal(size=(n, 3))
    x = np.sin(1.5 * (t @ rng.normal(size=(3, d)) + rng.normal(size=d))) + 0.2 * rng.normal(size=(n, d))
    df = pd.DataFrame(x, columns=[f"x{j}" for j in range(d)])
    for j in range(0, d, 5):
        df[f"x{j}"] = pd.cut(df[f"x{j}"], 4, labels=list("abcd")).astype(str)
    return df


def size(n: int, d: int, k: int) -> dict[str, Any]:
    df = curved(n, d)
    ae, ours = common.timed(lambda: Autoencoder(k, random_state=0, verbose=False).fit(df))
    x = ae.format_.to_tensor(df).numpy()
    _, pca = common.timed(lambda: PCA(k, random_state=0).fit(x))
    _, mlp = common.timed(lambda: MLPRegressor(hidden_layer_sizes=(256, k, 256), random_state=0).fit(x, x))
    kept = {"explained, PCA": ae.comparison_["pca"], "explained": ae.comparison_["autoencoder"]}
    return {"rows": n, "columns": d, "k": k, "seconds": ours, "PCA": pca, "MLP": mlp, "times MLP": ours / mlp, **kept}


def less(name: str, what: str, X: Any, Y: np.ndarray, train: np.ndarray) -> dict[str, Any]:
    clf, seconds = common.timed(
        lambda: MultiLabelClassifier(random_state=0, verbose=False, **LESS[what]).fit(X[train], Y[train])
    )
    some = Y[~train].any(1)
    score = label_ranking_average_precision_score(Y[~train][some], clf.predict_proba(X[~train])[some])
    return {"set": name, "with": what, "seconds": seconds, "LRAP": 100 * float(score)}


def compared(rows: list[dict[str, Any]], default: list[dict[str, Any]]) -> str:
    """The geometric mean of the ratios of time, and the mean difference of LRAP."""
    pairs = list(zip(rows, default, strict=True))
    time = float(np.exp(np.mean([np.log(a["seconds"] / b["seconds"]) for a, b in pairs])))
    return f"{time:.2f} of the time, LRAP {np.mean([a['LRAP'] - b['LRAP'] for a, b in pairs]):+.2f}"


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--parts", nargs="+", default=["sizes", "less"], choices=["sizes", "less"])
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    with threadpool_limits(args.threads):  # of NumPy's products, which the perceptron has
        measure(args)


def measure(args: Any) -> None:
    sizes, sets = (SIZES[:1], []) if args.tiny else (SIZES, SETS)
    rows = [size(*each) for each in sizes] if "sizes" in args.parts else []
    if rows:
        common.show("Autoencoders of tables", rows, None if "less" in args.parts and sets else args.json)
    turned = []
    for name in sets if "less" in args.parts else []:
        X, Y, train, _ = common.multilabel(name)
        turned += [less(name, what, X, Y, np.asarray(train, dtype=bool)) for what in LESS]
    if turned:
        facts = {what: compared([r for r in turned if r["with"] == what], turned[:: len(LESS)]) for what in LESS}
        common.show("Labels with less work", turned, args.json, sizes=rows, **facts)


if __name__ == "__main__":
    main()
