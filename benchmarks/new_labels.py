"""A label that is added later: average precision from 1, 5, 20 and 100 positive examples, on an encoder that does not change.

In each set, the ten most frequent labels are the new ones (100 or more positive training rows; classes of letter count as
labels). One MultiLabelClassifier at its defaults learns the other labels from all training rows, and never sees the columns of
the new ones. Then, for each new label, size and seed, ``add_label`` gets so many positive training rows and ten times as many
negative ones, at least 50 (without those that equal a positive one). The average precision on the test rows stands beside:

    LR       logistic regression (C=1) on the features (dense standardized, counts as tf-idf), from the same examples
    refit    at 100: one MultiLabelClassifier for each seed that learns all labels together, from all training rows, where
             each new column is known only for its own examples, and NaN elsewhere

Means are over labels and seeds, in percent. ``change`` is the largest change of any old probability of a test row. The
milliseconds are those of ``add_label`` with 1,000 examples of 100 numbers (100 of them positive), with 512 hidden units and one
member, including the codes of the examples: the median of 15.

    DIABOLO_DATA=... python benchmarks/new_labels.py [--sets letter bibtex] [--seeds 3] [--no-refit]
"""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

import common
from diabolo import MultiLabelClassifier

SETS = {"letter": "letter", "bibtex": "bibtex", "reuters": "reuters21578_r90_counts2000"}
SIZES = (1, 5, 20, 100)
NEW, POSITIVES = 10, 100  # labels, and how many positive training rows they have at least
NEGATIVES, FEWEST = 10, 50  # for each positive, and at least
NEAR = 2.0  # points of average precision below refitting
MILLISECONDS = 50

Part = tuple[Any, np.ndarray]  # X, Y


def letter() -> tuple[Any, np.ndarray, np.ndarray]:
    X, y, Xt, yt = common.table("letter")
    names, y = np.unique(np.r_[y, yt], return_inverse=True)
    return np.r_[X.to_numpy(float), Xt.to_numpy(float)], np.eye(len(names), dtype=np.int64)[y], np.arange(len(y)) < len(X)


def made_up() -> tuple[Any, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 12))
    return X, (X @ rng.normal(size=(12, 6)) > 2).astype(np.int64), np.arange(600) < 400


def read(name: str, args: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """X, Y, the mask of the training rows."""
    if args.tiny:
        return made_up()
    return letter() if name == "letter" else common.multilabel(SETS[name])[:3]


def dense(X: Any) -> np.ndarray:
    return X.toarray() if sp.issparse(X) else np.asarray(X)


def drawn(X: Any, y: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Row numbers of n positive and many negative examples."""
    rng = np.random.default_rng(seed)
    yes = rng.permutation(np.flatnonzero(y == 1))[:n]
    no = rng.permutation(np.flatnonzero(y == 0))[: max(FEWEST, NEGATIVES * n)]
    known = {row.tobytes() for row in dense(X[yes])}
    return np.r_[yes, [i for i, row in zip(no, dense(X[no]), strict=True) if row.tobytes() not in known]].astype(int)


def ours(clf: MultiLabelClassifier, X: Any, y: np.ndarray, Xt: Any, old: np.ndarray) -> tuple[np.ndarray, float]:
    """Probabilities of the new label for the test rows; the largest change of the old ones."""
    more = copy.deepcopy(clf)
    more.add_label("new", X, y)
    p = more.predict_proba(Xt)
    return p[:, -1], float(abs(p[:, :-1] - old).max())


def refits(train: Part, test: Part, new: np.ndarray, positives: int, seeds: int, params: dict[str, Any]) -> float:
    """Average precision of the new labels when all labels are learned together."""
    values = []
    for seed in range(seeds):
        Y = train[1].astype(float)
        Y[:, new] = np.nan
        for c in new:
            i = drawn(train[0], train[1][:, c], positives, seed)
            Y[i, c] = train[1][i, c]
        p = MultiLabelClassifier(random_state=seed, verbose=False, **params).fit(train[0], Y).predict_proba(test[0])
        values += [average_precision_score(test[1][:, c], p[:, c]) for c in new]
    return 100 * float(np.mean(values))


def rows_of(name: str, args: Any) -> list[dict[str, Any]]:
    X, Y, mask = read(name, args)
    linear = common.scaled(X, mask)
    counts = Y[mask].sum(0)
    new = [c for c in np.argsort(-counts, kind="stable")[:NEW] if counts[c] >= args.positives and Y[~mask, c].any()][: args.new]
    rest = np.setdiff1d(np.arange(Y.shape[1]), new)
    clf = MultiLabelClassifier(random_state=0, verbose=False, **args.params).fit(X[mask], Y[mask][:, rest])
    old = clf.predict_proba(X[~mask])
    out = []
    for n in args.sizes:
        values, changes = [], []
        for c in new:
            for seed in range(args.seeds):
                i = drawn(X[mask], Y[mask, c], n, seed)
                y, truth = Y[mask, c][i], Y[~mask, c]
                p, change = ours(clf, X[mask][i], y, X[~mask], old)
                lr = LogisticRegression(C=1.0, max_iter=2000).fit(linear[mask][i], y)
                q = lr.decision_function(linear[~mask])
                values.append([100 * average_precision_score(truth, scores) for scores in (p, q)])
                changes.append(change)
        mean = np.mean(values, 0)
        refit: float | str = ""
        if n == max(args.sizes) and args.refit:
            refit = refits((X[mask], Y[mask]), (X[~mask], Y[~mask]), np.array(new), n, args.seeds, args.params)
        sizes = {"set": name, "new": len(new), "old": len(rest), "positives": n}
        out.append({**sizes, "ours": float(mean[0]), "LR": float(mean[1]), "refit": refit, "change": max(changes)})
        print({k: round(v, 2) if isinstance(v, float) else v for k, v in out[-1].items()}, flush=True)
    return out


def milliseconds(hidden: int, n: int, epochs: int) -> float:
    """Of adding a label from n examples."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 100))
    Y = (X @ rng.normal(size=(100, 10)) > 0).astype(np.int64)
    clf = MultiLabelClassifier(hidden=(hidden,), members=1, epochs=epochs, random_state=0, verbose=False).fit(X, Y)
    direction = X @ rng.normal(size=100) + 3 * rng.normal(size=n)
    y = (direction >= np.sort(direction)[-n // 10]).astype(int)
    return 1000 * float(np.median([common.timed(clf.add_label, f"new {i}", X, y)[1] for i in range(15)]))


def told(value: str, met: bool, bar: str) -> str:
    return f"{value} (bar {bar}: {'met' if met else 'missed'})"


def facts(rows: list[dict[str, Any]], took: float) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for n in dict.fromkeys(r["positives"] for r in rows):
        chosen = [r for r in rows if r["positives"] == n]
        a, b = (float(np.mean([r[model] for r in chosen])) for model in ("ours", "LR"))
        means = f"ours {a:.2f}, LR {b:.2f}"
        refit = [r["refit"] for r in chosen if r["refit"] != ""]
        if refit:
            c = float(np.mean(refit))
            out[f"mean at {n} positives"] = told(f"{means}, refit {c:.2f}", a >= c - NEAR, f"refit - {NEAR:g}")
        else:
            out[f"mean at {n} positives"] = told(means, a > b, "above LR") if n < 100 else means
    change = max(r["change"] for r in rows)
    out["largest change of an old probability"] = told(f"{change!r}", change == 0.0, "0.0")
    out["milliseconds of add_label, 512 hidden units, 1,000 rows"] = told(
        f"{took:.1f}", took <= MILLISECONDS, f"{MILLISECONDS}"
    )
    return out


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    p.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="positive examples")
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--no-refit", dest="refit", action="store_false", help="leave out what takes longest")
    p.add_argument("--params", type=json.loads, default={}, help="JSON of hyper-parameters to try instead of the defaults")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)  # numpy's and scipy's too
    args.new, args.positives = NEW, POSITIVES
    if args.tiny:
        args.sets, args.sizes, args.seeds, args.params = ["made-up"], [1, 5], 1, {"epochs": 3}
        args.new, args.positives = 2, 5
    rows = [row for name in args.sets for row in rows_of(name, args)]
    took = milliseconds(512, 1000, 3 if args.tiny else 20)
    common.show("A new label: average precision, percent", rows, args.json, **facts(rows, took))


if __name__ == "__main__":
    main()
