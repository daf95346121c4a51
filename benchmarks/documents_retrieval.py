"""Reuters in 10 numbers: which documents are neighbors, by the autoencoder and by latent semantic analysis (LSA).

Each of the 3,019 test documents of the ModApte split queries the 7,770 training documents by the cosine of the codes. A hit
shares a topic. P@n is the precision among the nearest n, in percent. Both methods see the counts of the same 2,000 stems, and
no topics. After Hinton & Salakhutdinov (Science 2006, fig. 4).

    DIABOLO_DATA=... python benchmarks/documents_retrieval.py [-k 10]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

import common
from diabolo import Autoencoder

NEAREST = (1, 7, 15, 63)


def reuters(path: Path) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """Counts (n, 2000), topics (n, 90) and the mask of the training documents."""
    z = np.load(path)
    X = sp.csr_matrix((z["X_data"].astype(np.int64), z["X_indices"].astype(np.int32), z["X_indptr"]), shape=tuple(z["X_shape"]))
    ones = np.ones(len(z["Y_indices"]))
    Y = sp.csr_matrix((ones, z["Y_indices"].astype(np.int32), z["Y_indptr"]), shape=tuple(z["Y_shape"]))
    return X, Y.toarray() > 0, z["train"]


def precision(query: np.ndarray, base: np.ndarray, topics_q: np.ndarray, topics_b: np.ndarray) -> dict[str, float]:
    """Share of hits among the nearest, in percent."""
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True).clip(1e-12) for z in (query, base))
    nearest = np.argsort(-(a @ b.T), axis=1, kind="stable")[:, : max(NEAREST)]
    hits = np.stack([(topics_b[near] & mine).any(1) for near, mine in zip(nearest, topics_q, strict=True)])
    return {f"P@{n}": 100 * float(hits[:, :n].mean()) for n in NEAREST}


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("-k", type=int, default=10)
    p.add_argument("--seeds", type=int, default=1, help="runs of ours, a row each")
    p.add_argument(
        "--validate", action="store_true", help="query with 1,500 of the training documents instead: for choosing defaults"
    )
    p.add_argument("--params", type=json.loads, default={}, help="JSON of hyper-parameters to try instead of the defaults")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    X, Y, train = data(args)
    Xq, Xb, Yq, Yb = X[~train], X[train], Y[~train], Y[train]
    rows = []
    tfidf = TfidfTransformer().fit(Xb)
    for k in (args.k, 128):
        svd = TruncatedSVD(min(k, X.shape[1] - 1), random_state=0)
        _, seconds = common.timed(lambda svd=svd: svd.fit(tfidf.transform(Xb)))
        codes = [svd.transform(tfidf.transform(x)) for x in (Xq, Xb)]
        rows.append({"codes": f"LSA {k}", **precision(*codes, Yq, Yb), "seconds": seconds})
    for seed in range(args.seeds):
        ae, seconds = common.timed(lambda seed=seed: Autoencoder(args.k, random_state=seed, **args.params).fit(Xb))
        codes = [ae.transform(x) for x in (Xq, Xb)]
        rows.append({"codes": f"autoencoder {args.k}, seed {seed}", **precision(*codes, Yq, Yb), "seconds": seconds})
    common.show("Reuters, precision among the nearest", rows, args.json)


def data(args: Any) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    if args.tiny:
        rng = np.random.default_rng(0)
        topic = rng.integers(0, 3, 150)
        X = sp.csr_matrix(rng.poisson(0.2 + 2.0 * (np.arange(30) % 3 == topic[:, None])))
        args.params = {"epochs": 2}
        return X, np.eye(3, dtype=bool)[topic], np.arange(150) < 100
    X, Y, train = reuters(common.data() / "text" / "reuters21578_r90_counts2000.npz")
    if args.validate:
        X, Y = X[train], Y[train]
        train = np.ones(len(Y), dtype=bool)
        train[np.random.RandomState(1).permutation(len(Y))[:1500]] = False
    return X, Y, train


if __name__ == "__main__":
    main()
