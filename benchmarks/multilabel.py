"""Multi-label classification of 12 sets by one shared encoder, beside k models that share nothing and other peers.

All models get the same training part (official where there is one). "ours" has its defaults, with ``random_state=0``, and
reads X as it is; ``--params`` and ``--apart`` try other hyper-parameters. Linear models and the MLP get dense columns
standardized by the training rows, sparse ones of 0 and 1 as they are, and counts (Reuters) as tf-idf. The peers:

    apart    IndependentClassifiers, the same network once per label, at its defaults           up to 23 labels, or --most
    LR       one logistic regression per label (liblinear, C=1; 10 for tf-idf, whose rows have length 1)
    chain    the same in a chain, in the order of the labels                                   up to 200 labels
    forest   100 trees that predict all labels                                                 up to 500 labels (memory)
    MLP      scikit-learn's, 256 hidden units, batches of 128, 25 epochs, not tuned
    PLT      the probabilistic label trees of napkinXC, if it is installed

On bibtex, corel5k and Reuters the independent networks come from an earlier version: without linear residuals, stopped by the
ranking alone, on Reuters with ``--apart '{"hidden": [512, 512]}'``. They were trained on a GPU (H200), and their seconds are
those of the GPU.

Peers predict a label from probability 0.5 on. Ours chooses its threshold on training rows, so "tuned" does the same for LR and
MLP: it fits three quarters of the training rows, takes the threshold with the best micro-F1 on the last quarter, and applies
it to the predictions of the fit to all rows.

In percent: LRAP over rows with at least one label; P@n over all rows; example-F1 counts an empty row that is predicted empty
as 1; in macro-F1, a label without positives and predictions counts 0. ``seconds`` are those of the fit, with ``--threads``. On
bibtex ours is also fitted for example-F1, on Reuters for macro-F1. The ranks are over the sets on which all models ran.
*Published* are the numbers of the Extreme Classification Repository on the same splits of bibtex and delicious.

    DIABOLO_DATA=... python benchmarks/multilabel.py [--sets emotions bibtex] [--models ours LR MLP]

References
----------
Extreme Classification Repository (Bhatia et al.), http://manikvarma.org/downloads/XC/XMLRepository.html
Learning deep structured models: deep value networks (Gygli et al., 2017), for 44.7 example-F1 on bibtex
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import common
from diabolo import IndependentClassifiers, MultiLabelClassifier

REUTERS = "reuters21578_r90_counts2000"
SETS = ["emotions", "flags", "scene", "yeast", "cal500", "enron", "corel5k", "bibtex", "delicious", "tmc2007-500", "rcv1-s1"]
MOST = {"apart": 23, "chain": 200, "forest": 500}  # labels
EXTRA = {"bibtex": "f1_samples", REUTERS: "f1_macro"}
TUNED = ("LR", "MLP")
P_AT = (1, 3, 5)
PUBLISHED = {  # P@1, P@3, P@5
    "bibtex": {
        "SLEEC": (65.08, 39.64, 28.87),
        "FastXML": (63.42, 39.23, 28.86),
        "Parabel": (64.53, 38.56, 27.94),
        "kNN": (57.04, 34.38, 25.44),
    },
    "delicious": {
        "SLEEC": (67.59, 61.38, 56.56),
        "FastXML": (69.61, 64.12, 59.27),
        "Parabel": (67.44, 61.83, 56.75),
        "kNN": (64.95, 58.89, 54.11),
    },
}
BARS = {  # (set, model, column): at least
    ("bibtex", "ours", "P@1"): 65.1,
    ("bibtex", "ours", "P@3"): 39.7,
    ("bibtex", "ours", "P@5"): 29.0,
    ("bibtex", "ours, f1_samples", "example-F1"): 44.7,
    ("delicious", "ours", "P@1"): 69.6,
    ("delicious", "ours", "P@3"): 64.1,
    ("delicious", "ours", "P@5"): 59.3,
    (REUTERS, "ours", "micro-F1"): 88.0,
    (REUTERS, "ours, f1_macro", "macro-F1"): 50.0,
}
AHEAD = {"LRAP": 11, "micro-F1": 10}  # sets of SETS on which ours shall be ahead of LR and MLP


@dataclass(frozen=True)
class Fitted:
    proba: Callable[[Any], np.ndarray]
    decide: Callable[[Any], np.ndarray] | None = None  # None: from 0.5 on
    parameters: int | str = ""


Fit = Callable[[Any, np.ndarray], Fitted]


def ours(cls: type, params: dict[str, Any]) -> Fit:
    def fit(X: Any, Y: np.ndarray) -> Fitted:
        clf = cls(random_state=0, verbose=False, **params).fit(X, Y)
        return Fitted(clf.predict_proba, clf.predict, clf.n_parameters_)

    return fit


def logistic(X: Any) -> LogisticRegression:
    return LogisticRegression(C=10.0 if sp.issparse(X) and (X.data != 1).any() else 1.0, solver="liblinear")


def one_vs_rest(X: Any, Y: np.ndarray) -> Fitted:
    return Fitted(OneVsRestClassifier(logistic(X)).fit(X, Y).predict_proba, parameters=(X.shape[1] + 1) * Y.shape[1])


def chain(X: Any, Y: np.ndarray) -> Fitted:
    """Labels that all or no training rows have stay out of it."""
    share = Y.mean(0)
    varied = (share > 0) & (share < 1)
    model = ClassifierChain(logistic(X)).fit(X, Y[:, varied])

    def proba(X: Any) -> np.ndarray:
        p = np.tile(share, (X.shape[0], 1))
        p[:, varied] = model.predict_proba(X)
        return p

    return Fitted(proba)


def forest(X: Any, Y: np.ndarray) -> Fitted:
    model = RandomForestClassifier(100, n_jobs=1, random_state=0).fit(dense(X), Y)

    def proba(X: Any) -> np.ndarray:
        found = zip(model.predict_proba(dense(X)), model.classes_, strict=True)
        return np.column_stack([p[:, list(c).index(1)] if 1 in c else np.zeros(len(p)) for p, c in found])

    return Fitted(proba)


def mlp(X: Any, Y: np.ndarray) -> Fitted:
    model = MLPClassifier((256,), max_iter=25, batch_size=min(128, len(Y)), random_state=0).fit(X, Y)
    return Fitted(model.predict_proba, parameters=sum(w.size for w in (*model.coefs_, *model.intercepts_)))


def plt(X: Any, Y: np.ndarray) -> Fitted:
    from napkinxc.models import PLT

    folder = tempfile.TemporaryDirectory()
    model = PLT(folder.name, threads=1, verbose=False)
    model.fit(sp.csr_matrix(X, dtype=np.float32), [np.flatnonzero(row).tolist() for row in Y])

    def proba(X: Any) -> np.ndarray:
        p = np.zeros((X.shape[0], Y.shape[1]))
        for row, found in zip(p, model.predict_proba(sp.csr_matrix(X, dtype=np.float32), top_k=Y.shape[1]), strict=True):
            for label, value in found:
                row[label] = value
        folder.cleanup()
        return p

    return Fitted(proba)


PEERS: dict[str, Fit] = {
    "LR": one_vs_rest,
    "chain": chain,
    "forest": forest,
    "MLP": mlp,
    **({"PLT": plt} if find_spec("napkinxc") else {}),
}
RAW = ("ours", "apart", "forest")  # these get X as it is
MODELS = ["ours", "apart", *PEERS]


def dense(X: Any) -> np.ndarray:
    return X.toarray() if sp.issparse(X) else X


def f1(yes: np.ndarray, Y: np.ndarray, axis: int | None, nothing: float) -> np.ndarray:
    """F1 over all cells, of each label, or of each row; `nothing` where there is nothing to find and nothing was said."""
    both, either = (yes & (Y > 0)).sum(axis), yes.sum(axis) + Y.sum(axis)
    return np.where(either > 0, 2 * both / np.maximum(either, 1), nothing)


def measured(p: np.ndarray, yes: np.ndarray, Y: np.ndarray) -> dict[str, float]:
    """Probabilities, what was said, and the truth (n, k) -> percent."""
    some = Y.any(1)
    order = np.argsort(-p, axis=1, kind="stable")
    hits = np.take_along_axis(Y, order[:, : max(P_AT)], 1)
    values = {
        "LRAP": label_ranking_average_precision_score(Y[some], p[some]),
        "micro-F1": f1(yes, Y, None, 0.0),
        "macro-F1": f1(yes, Y, 0, 0.0).mean(),
        "example-F1": f1(yes, Y, 1, 1.0).mean(),
        "Hamming": (yes != (Y > 0)).mean(),
        **{f"P@{n}": hits[:, :n].sum(1).mean() / n for n in P_AT},
    }
    return {name: 100 * float(value) for name, value in values.items()}


def best_threshold(fit: Fit, X: Any, Y: np.ndarray) -> float:
    """The one of the best micro-F1 on a quarter of these rows, for a model of the others."""
    order = np.random.RandomState(0).permutation(len(Y))
    held, rest = order[: len(Y) // 4], order[len(Y) // 4 :]
    p = fit(X[rest], Y[rest]).proba(X[held])
    grid = np.linspace(0.02, 0.9, 89)
    return float(grid[np.argmax([f1(p >= t, Y[held], None, 0.0) for t in grid])])


def row(name: str, model: str, fit: Fit, X: Any, Y: np.ndarray, train: np.ndarray) -> dict[str, Any]:
    fitted, seconds = common.timed(fit, X[train], Y[train])
    p = fitted.proba(X[~train])
    yes = (p if fitted.decide is None else np.asarray(fitted.decide(X[~train]))) >= 0.5
    values = measured(p, yes, Y[~train])
    tuned: float | str = ""
    if model in TUNED:
        line = best_threshold(fit, X[train], Y[train])
        tuned = 100 * float(f1(p >= line, Y[~train], None, 0.0))
    sizes = {"seconds": seconds, "parameters": fitted.parameters}
    return {"set": name.split("_")[0], "model": model, **values, "tuned": tuned, **sizes}


def sets(args: Any) -> Iterator[tuple[str, Any, np.ndarray, np.ndarray]]:
    if not args.tiny:
        for name in args.sets:
            X, Y, train, _ = common.multilabel(name)
            yield name, X, Y, train
        return
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 8))
    Y = (X @ rng.normal(size=(8, 6)) > 1).astype(np.int64)
    yield "made-up", X, Y, np.arange(150) < 100
    yield "made-up, sparse", sp.csr_matrix(rng.poisson(np.exp(X - 1))), Y, np.arange(150) < 100


def fits(name: str, args: Any) -> dict[str, Fit]:
    known = {"ours": ours(MultiLabelClassifier, args.params), "apart": ours(IndependentClassifiers, args.apart), **PEERS}
    chosen = {model: known[model] for model in args.models}
    if "ours" in chosen and name in EXTRA:
        chosen[f"ours, {EXTRA[name]}"] = ours(MultiLabelClassifier, args.params | {"threshold_metric": EXTRA[name]})
    return chosen


def verdict(value: float, bar: float) -> str:
    return f"{value:.4g} (bar {bar:g}: {'met' if value >= bar else 'missed'})"


def facts(rows: list[dict[str, Any]], models: list[str], skipped: list[str]) -> dict[str, Any]:
    """Ranks, how often ours is ahead of LR and MLP, and what the bars say."""
    found = {(r["set"], r["model"]): r for r in rows}
    names = list(dict.fromkeys(r["set"] for r in rows))
    out: dict[str, Any] = {}
    for ranked in (models, [model for model in models if model != "apart"]):
        everywhere = [name for name in names if all((name, model) in found for model in ranked)]
        if not everywhere or len(ranked) < 2:
            continue
        for column in ("LRAP", "micro-F1"):
            ranks = [rankdata([-found[name, model][column] for model in ranked]) for name in everywhere]
            told = ", ".join(f"{model} {r:.2f}" for model, r in zip(ranked, np.mean(ranks, 0), strict=True))
            without = "" if ranked is models or "apart" not in models else ", without apart"
            out[f"mean rank in {column} over {len(everywhere)} sets{without}"] = told
    usual = [name for name in names if name in SETS and all((name, model) in found for model in ("ours", *TUNED))]
    for column, bar in AHEAD.items():
        for kind in (column, "tuned") if column == "micro-F1" else (column,):
            ahead = [all(found[name, "ours"][column] > found[name, peer][kind] for peer in TUNED) for name in usual]
            told = f"{sum(ahead)} of {len(usual)}"
            complete = f" (bar {bar}: {'met' if sum(ahead) >= bar else 'missed'})" if len(usual) == len(SETS) else ""
            which = "LR and MLP at their best threshold" if kind == "tuned" else "LR and MLP"
            out[f"sets where ours is ahead of {which} in {column}"] = told + ("" if kind == "tuned" else complete)
    for (name, model, column), bar in BARS.items():
        if (short := (name.split("_")[0], model)) in found:
            out[f"{short[0]}, {model}, {column}"] = verdict(found[short][column], bar)
    for name, values in PUBLISHED.items():
        if name in names:
            out[f"{name}, published P@1/3/5"] = ", ".join(
                f"{who} {'/'.join(f'{v:.1f}' for v in numbers)}" for who, numbers in values.items()
            )
    if skipped:
        out["skipped"] = ", ".join(skipped)
    return out


def main() -> None:
    p = common.resumable(common.parser(__doc__.splitlines()[0]))
    p.add_argument("--sets", nargs="+", default=[*SETS, REUTERS], choices=[*SETS, REUTERS])
    p.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    p.add_argument("--params", type=json.loads, default={}, help="JSON of hyper-parameters of ours to try")
    p.add_argument(
        "--most", type=int, default=MOST["apart"], help="labels of a set for the independent ones: hundreds take hours"
    )
    p.add_argument("--apart", type=json.loads, default={}, help='JSON of those of the independent ones, such as {"members": 1}')
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)  # numpy's and scipy's too
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    warnings.filterwarnings("ignore", message="Label .* is present in all training examples", category=UserWarning)
    if args.tiny:
        args.params, args.apart = {"epochs": 3}, {"epochs": 3, "hidden": [8]}
    most = MOST | {"apart": args.most}
    rows, skipped = [], []
    for name, X, Y, train in sets(args):
        linear = common.scaled(X, train)
        for model, fit in fits(name, args).items():
            if Y.shape[1] > most.get(model, Y.shape[1]):
                skipped.append(f"{model} on {name} ({Y.shape[1]} labels)")
                continue
            seen = X if model.startswith("ours") or model in RAW else linear
            make = partial(row, name, model, fit, seen, Y, train)
            rows.append(common.kept(args.rows, f"{name}, {model}", make))
            print({k: round(v, 2) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    common.show("Multi-label sets, percent", rows, args.json, **facts(rows, args.models, skipped))


if __name__ == "__main__":
    main()
