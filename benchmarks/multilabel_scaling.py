"""What one more label costs: parameters and seconds per epoch of one shared encoder and of k separate networks.

2,048 made-up rows of 512 numbers, one hidden layer of 256, one member, batches of 128 (16 steps per epoch); k = 10 ... 1000
labels. All are trained by the same loop:

    shared        MultiLabelClassifier
    apart         IndependentClassifiers: k networks side by side, each layer one product of stacked matrices
    one by one    k networks one after the other, a fit for each label, as scikit-learn's OneVsRestClassifier does

Seconds per epoch are the time between two evaluations; an evaluation follows each epoch and counts as part of it. The number is
the median of ten epochs for the shared encoder and of two for the separate networks; one by one, it is the sum over the labels.
Nothing is extrapolated. Making data, formats and calibration are not counted. ``--plot`` draws all against k, if matplotlib is
installed.

``--huge`` also fits 100,000 labels to 200,000 sparse rows, one epoch at the defaults, in a process of its own. Each label has
three of 5,000 features, label frequencies follow Zipf's law, and a row has about five labels, their features and fifteen
others. The peak memory is that of the whole process, data included. P@5 is measured on 2,000 new rows, by ``top``.

    python benchmarks/multilabel_scaling.py [-k 10 30 100 300 1000] [--plot scaling.svg] [--huge]
"""

from __future__ import annotations

import resource
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

import common
from diabolo import IndependentClassifiers, MultiLabelClassifier

ONE = "one by one"
KINDS = {"shared": (MultiLabelClassifier, 10), "apart": (IndependentClassifiers, 2), ONE: (MultiLabelClassifier, 2)}  # epochs
NAMES = {"shared": "one shared encoder", "apart": "a network for each label", ONE: "the same, one after the other"}
RATIO = 300  # bars at k = 1000: so many times the parameters and the seconds
HUGE = {"k": 100_000, "n": 200_000, "d": 5_000, "new": 2_000}
SECONDS, GIGABYTES = 600, 6  # bars for it


def made(k: int, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels that depend on the rows: about a fifth of them each."""
    rng = np.random.default_rng(k)
    X = rng.normal(size=(n, d)).astype(np.float32)
    raw = X @ rng.normal(size=(d, k)).astype(np.float32) / np.sqrt(d)
    return X, (raw > 0.85).astype(np.int64)


def row(kind: str, k: int, n: int, d: int, m: int) -> dict[str, Any]:
    cls, epochs = KINDS[kind]
    settings = {"members": 1, "hidden": (m,), "batch_size": 128, "epochs": epochs, "patience": epochs, "verbose": False}
    X, Y = made(k, n, d)
    parameters, seconds = 0, 0.0
    for part in np.hsplit(Y, k) if kind == ONE else [Y]:
        clf = cls(**settings, random_state=0).fit(X, part)
        parameters += clf.n_parameters_
        seconds += float(np.median(np.diff(clf.history_.seconds) / np.diff(clf.history_.epoch)))
    return {"k": k, "kind": kind, "parameters": parameters, "seconds per epoch": seconds}


def slope(k: list[int], values: list[float]) -> float:
    """Of the logarithms."""
    return float(np.polyfit(np.log(k), np.log(values), 1)[0])


def facts(rows: list[dict[str, Any]], ks: list[int]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    last = {r["kind"]: r for r in rows if r["k"] == max(ks)}
    for column in ("parameters", "seconds per epoch"):
        for kind in ("apart", ONE):
            ratio = last[kind][column] / last["shared"][column]
            bar = f" (bar {RATIO}: {'met' if ratio >= RATIO else 'missed'})" if max(ks) == 1000 else ""
            out[f"{column}, {kind} / shared at k={max(ks)}"] = f"{ratio:.1f}{bar}"
        if len(ks) > 1:
            slopes = [f"{kind} {slope(ks, [r[column] for r in rows if r['kind'] == kind]):.2f}" for kind in KINDS]
            out[f"{column}, exponent of k"] = ", ".join(slopes)
    return out


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, column in zip(axes, ("parameters", "seconds per epoch"), strict=True):
        for kind, label in NAMES.items():
            chosen = [r for r in rows if r["kind"] == kind]
            axis.loglog([r["k"] for r in chosen], [r[column] for r in chosen], "o-", label=label)
        axis.set(xlabel="labels k", title=column)
        axis.grid(alpha=0.3)
    axes[0].legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


# ── 100,000 labels ───────────────────────────────────────────────────────────────────────────────────────────────────────


def sparse_rows(n: int, k: int, d: int, words: np.ndarray, rng: np.random.Generator) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """X (n, d) of counts, Y (n, k); words (k, 3): the features of each label."""
    frequency = 1 / (np.arange(k) + 10.0)
    labels = rng.choice(k, (n, 5), p=frequency / frequency.sum())
    columns = np.concatenate([words[labels].reshape(n, -1), rng.integers(d, size=(n, 15))], 1)
    X, Y = (
        sp.csr_matrix((np.ones(c.size, np.float32), c.ravel(), np.arange(n + 1) * c.shape[1]), shape=(n, width))
        for c, width in ((columns, d), (labels, k))
    )
    for matrix in (X, Y):
        matrix.sum_duplicates()
    Y.data[:] = 1
    return X, Y


def huge(k: int, n: int, d: int, new: int, threads: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    words = rng.integers(d, size=(k, 3))
    X, Y = sparse_rows(n, k, d, words, rng)
    clf, seconds = common.timed(MultiLabelClassifier(epochs=1, random_state=0, verbose=False).fit, X, Y)
    X, Y = sparse_rows(new, k, d, words, rng)
    best = np.array([[name for name, _ in found] for found in clf.top(X, 5)])
    hits = np.asarray(Y[np.arange(new)[:, None], best].todense())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # KiB on Linux
    epoch = clf.history_.seconds[-1] - clf.history_.seconds[0]
    return {"epoch": epoch, "fit": seconds, "GiB": peak, "P@5": 100 * float(hits.mean()), "parameters": clf.n_parameters_}


def huge_facts(sizes: dict[str, int], threads: int) -> dict[str, Any]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(huge, **sizes, threads=threads).result()
    name = f"{sizes['k']:,} labels, {sizes['n']:,} rows"
    epoch, peak = found["epoch"], found["GiB"]
    return {
        f"{name}: seconds of an epoch": f"{epoch:.1f} (bar {SECONDS}: {'met' if epoch <= SECONDS else 'missed'})",
        f"{name}: seconds of the fit": f"{found['fit']:.1f}",
        f"{name}: peak memory, GiB": f"{peak:.2f} (bar {GIGABYTES}: {'met' if peak <= GIGABYTES else 'missed'})",
        f"{name}: P@5 on {sizes['new']:,} new rows, percent": f"{found['P@5']:.1f}",
        f"{name}: parameters": found["parameters"],
    }


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("-k", type=int, nargs="+", default=[10, 30, 100, 300, 1000], help="labels")
    p.add_argument("--plot", type=Path, help="SVG or PNG to draw")
    p.add_argument("--huge", action="store_true", help="100,000 labels too")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    n, d, m, sizes = 2048, 512, 256, HUGE
    if args.tiny:
        args.k, n, d, m, sizes = [3, 6], 256, 16, 8, {"k": 12_000, "n": 500, "d": 50, "new": 20}
    more = huge_facts(sizes, args.threads) if args.huge else {}  # first: a process begins with the peak of its parent
    rows = []
    for k in args.k:
        for kind in KINDS:
            rows.append(row(kind, k, n, d, m))
            print(rows[-1], flush=True)
    if args.plot and find_spec("matplotlib"):
        plot(rows, args.plot)
    elif args.plot:
        print("no plot: matplotlib is not installed")
    common.show("Cost against the number of labels", rows, args.json, **facts(rows, args.k), **more)


if __name__ == "__main__":
    main()
