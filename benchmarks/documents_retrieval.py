"""Documents in 10 numbers: which are neighbors, by the autoencoder and by latent semantic analysis (LSA).

Each document of the test part queries those of the training part by the cosine of the codes. P@n is the precision among the
nearest n, in percent: of the Reuters sets, the share that has a topic in common with the query; of the others, the mean share
of common labels, |A and B| / |A or B|. No method sees the labels. The sets:

    reuters        3,019 of 7,770 news of the ModApte split, the counts of 2,000 stems (Hinton & Salakhutdinov, Science 2006)
    reuters short  the first 30 words of the same news
    ag news        7,600 titles with a sentence; a third queries
    enron, bibtex, tmc2007-500, delicious, rcv1-s1    which words are in a document; the split of the data

``prototype`` is the plain autoencoder d-500-250-k-250-500-d: tf-idf seen through dropout 0.5, ReLU, the cross-entropy of the
words, AdamW, 30 epochs, at least 600 steps.

    DIABOLO_DATA=... python benchmarks/documents_retrieval.py [-k 10] [--sets reuters enron]
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from torch import nn

import common
from diabolo import Autoencoder
from diabolo.formats import Documents
from diabolo.optimizers import AdamW, Flat

NEAREST = (1, 7, 15, 63)
REUTERS = "reuters21578_r90_counts2000"
WORDS = 30  # of a short text

Corpus = tuple[sp.csr_matrix, np.ndarray, np.ndarray]  # counts (n, d), labels (n, k), the mask of the training documents
Codes = Callable[[sp.csr_matrix], np.ndarray]


def reuters() -> Corpus:
    X, Y, train, _ = common.multilabel(REUTERS)
    return X, Y > 0, train


def reuters_short() -> Corpus:
    _, Y, train = reuters()
    with np.load(common.data() / "text" / f"{REUTERS}.npz") as z:
        ids = z["doc_id"].tolist()
    with gzip.open(common.data() / "text" / "reuters21578.jsonl.gz", "rt") as lines:
        news = {int(one["id"]): f"{one.get('title') or ''} {one.get('body') or ''}" for one in map(json.loads, lines)}
    return stems([" ".join(news[i].split()[:WORDS]) for i in ids], train), Y, train


def ag_news() -> Corpus:
    table = pd.read_csv(common.data() / "text" / "ag_news_test7600.csv.gz", header=None)
    train = np.arange(len(table)) % 3 > 0
    texts = (table[1] + " " + table[2]).tolist()
    return stems(texts, train), np.eye(4, dtype=bool)[table[0].to_numpy() - 1], train


def stems(texts: list[str], train: np.ndarray) -> sp.csr_matrix:
    """Counts of the 2,000 commonest stems of the training texts."""
    format = Documents(stem="english").fit([text for text, t in zip(texts, train, strict=True) if t])
    return format.counts(texts)


def occurrences(name: str) -> Callable[[], Corpus]:
    def read() -> Corpus:
        X, Y, train, _ = common.multilabel(name)
        return X, Y > 0, train

    return read


SETS = {"reuters": reuters, "reuters short": reuters_short, "ag news": ag_news} | {
    name: occurrences(name) for name in ("enron", "bibtex", "tmc2007-500", "delicious", "rcv1-s1")
}


def precision(query: np.ndarray, base: np.ndarray, Yq: np.ndarray, Yb: np.ndarray, share: bool) -> dict[str, float]:
    """Of the nearest, in percent: how many share a label, or the share of common labels."""
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True).clip(1e-12) for z in (query, base))
    sizes, hits = Yb.sum(1), []
    for z, y in zip(np.array_split(a, 1 + len(a) // 500), np.array_split(Yq, 1 + len(a) // 500), strict=True):
        near = np.argsort(-(z @ b.T), axis=1, kind="stable")[:, : max(NEAREST)]
        both = (Yb[near] & y[:, None]).sum(2)
        hits.append(both / (sizes[near] + y.sum(1)[:, None] - both).clip(1) if share else both > 0)
    return {f"P@{n}": 100 * float(np.concatenate(hits)[:, :n].mean()) for n in NEAREST}


def lsa(X: sp.csr_matrix, k: int) -> Codes:
    tfidf = TfidfTransformer().fit(X)
    svd = TruncatedSVD(min(k, X.shape[1] - 1), random_state=0).fit(tfidf.transform(X))
    return lambda rows: svd.transform(tfidf.transform(rows))


def prototype(X: sp.csr_matrix, k: int, epochs: int = 30, least: int = 600, batch: int = 256) -> Codes:
    torch.manual_seed(0)
    (n, d), tfidf = X.shape, TfidfTransformer().fit(X)

    def seen(rows: sp.csr_matrix) -> torch.Tensor:
        return torch.from_numpy(tfidf.transform(rows).toarray()).float() * d**0.5

    encoder = nn.Sequential(nn.Linear(d, 500), nn.ReLU(), nn.Linear(500, 250), nn.ReLU(), nn.Linear(250, k))
    decoder = nn.Sequential(nn.Linear(k, 250), nn.ReLU(), nn.Linear(250, 500), nn.ReLU(), nn.Linear(500, d))
    network = nn.Sequential(nn.Dropout(0.5), encoder, decoder)
    flat, length = Flat(network), X.sum() / n
    adamw = AdamW(flat.w, flat.g, lr=1e-3, weight_decay=0.01)
    for _ in range(max(epochs, -(-least // max(1, n // batch)))):
        for rows in torch.randperm(n)[: n - n % min(batch, n)].split(min(batch, n)):
            counts = X[rows.numpy()]
            loss = -(torch.from_numpy(counts.toarray()).float() * network(seen(counts)).log_softmax(1)).sum(1).mean() / length
            loss.backward()
            flat.gradient(clip=1.0)
            adamw.step(1.0)
    network.eval()
    return torch.no_grad()(lambda rows: encoder(seen(rows)).numpy())


def autoencoder(X: sp.csr_matrix, k: int, seed: int, params: dict[str, Any]) -> Codes:
    return Autoencoder(k, format="documents", random_state=seed, **params).fit(X).transform


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("-k", type=int, default=10)
    p.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    p.add_argument("--seeds", type=int, default=1, help="runs of ours, a row each")
    p.add_argument("--validate", action="store_true", help="query with a fifth of the training part: for choosing defaults")
    p.add_argument("--params", type=json.loads, default={}, help="JSON of hyper-parameters to try instead of the defaults")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    rows = [row for name in (["tiny"] if args.tiny else args.sets) for row in compared(name, args)]
    common.show("Documents, precision among the nearest", rows, args.json)


def compared(name: str, args: Any) -> list[dict[str, Any]]:
    """A row for each method, on one set."""
    X, Y, train = tiny() if args.tiny else SETS[name]()
    if args.validate:
        X, Y = X[train], Y[train]
        train = np.random.RandomState(1).permutation(len(Y)) >= len(Y) // 5
    k, epochs, params = args.k, (1, 1) if args.tiny else (), args.params | ({"epochs": 2} if args.tiny else {})
    methods: dict[str, Callable[[sp.csr_matrix], Codes]] = {
        f"LSA {k}": lambda X: lsa(X, k),
        "LSA 128": lambda X: lsa(X, 128),
        f"prototype {k}": lambda X: prototype(X, k, *epochs),
    }
    for seed in range(args.seeds):
        methods[f"autoencoder {k}, seed {seed}"] = lambda X, seed=seed: autoencoder(X, k, seed, params)
    rows = []
    for method, fit in methods.items():
        codes, seconds = common.timed(lambda fit=fit: fit(X[train]))
        found = precision(codes(X[~train]), codes(X[train]), Y[~train], Y[train], not name.startswith("reuters"))
        rows.append({"set": name, "codes": method, **found, "seconds": seconds})
    return rows


def tiny() -> Corpus:
    rng = np.random.default_rng(0)
    topic = rng.integers(0, 3, 150)
    X = sp.csr_matrix(rng.poisson(0.2 + 2.0 * (np.arange(30) % 3 == topic[:, None])))
    return X, np.eye(3, dtype=bool)[topic], np.arange(150) < 100


if __name__ == "__main__":
    main()
