r"""Few labels: does an autoencoder that was trained without labels help? With 1 % and 5 % of the labels.

All models see all training rows. Labels are known for a share of each class, at least one row, drawn with three seeds. Test
rows are the official ones, or a stratified 30 %. Without ``--full``, MNIST has its first 10,000 training images. The score is
the accuracy in percent. For aerial photographs with several labels each (ucmerced, reduced to 64 x 64 pixels) it is the label
ranking average precision, and ours is MultiLabelClassifier.

    from scratch   Classifier()                                                 labeled rows only
    frozen         Classifier(encoder=ae)                                       ae: Autoencoder of all training rows
    fine-tuned     Classifier(encoder=ae, freeze=False)                 half of its members start from ae, half from scratch
    PCA + LR       logistic regression (C=1) on as many principal components of all training rows
    PLS            PLSRegression to one-hot classes, the largest output wins: the linear case of a supervised code
    LR             logistic regression (C=1) on the features

Codes have 64 numbers, or one less than there are features. The features of the peers are standardized and one-hot encoded
with the training rows; pixels are divided by 255; photographs have the hand-made features of pictures.py. PLS has as many
components as there are classes, and fewer if there are fewer features or rows.

    DIABOLO_DATA=... python benchmarks/label_efficiency.py [--sets optdigits letter] [--models "from scratch" frozen] [--full]
    DIABOLO_DATA=... python benchmarks/label_efficiency.py --sets mnist --full --shares 1 --seeds 1 --models "from scratch" \
        --params '{"hidden": [1024, 1024], "members": 10, "epochs": 60, "patience": 60, "batch_size": 512,
                   "weight_decay": 0.1, "device": "cuda"}'

The second command makes the row with all labels. Its settings were chosen on the last 10,000 training images, with networks
that had learned from the other 50,000. It takes two minutes on a GPU (H200).
"""

from __future__ import annotations

import gzip
import json
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import common
from diabolo import Autoencoder, Classifier, MultiLabelClassifier
from diabolo.formats import Arrays, Images
from multilabel import one_vs_rest
from pictures import described, made_up, ucmerced

SETS = ("optdigits", "adult", "letter", "mnist", "ucmerced")
SHARES = (0.01, 0.05)
WIDTH = 64  # of a code, at most
IMAGES = 10_000
SIDE = 64  # pixels of photographs


@dataclass
class Task:
    """Rows and classes (n,) or labels (n, k) of one set, and what is learned from its rows without them."""

    name: str
    X: Any
    y: np.ndarray
    Xt: Any
    yt: np.ndarray
    params: dict[str, Any]

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Training and test rows as peers get them."""
        if self.labels:
            both = np.concatenate([described(self.X), described(self.Xt)])
            both = common.scaled(both, np.arange(len(both)) < len(self.X))
            return both[: len(self.X)], both[len(self.X) :]
        if isinstance(self.X, np.ndarray):
            return self.X / 255.0, self.Xt / 255.0
        number = make_column_selector(dtype_include="number")
        words = make_column_selector(dtype_exclude="number")
        known = make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), number),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
        ).fit(self.X)
        return known.transform(self.X), known.transform(self.Xt)

    @property
    def labels(self) -> bool:
        return self.y.ndim == 2

    @property
    def width(self) -> int:
        return min(WIDTH, self.features[0].shape[1] - 1, len(self.y) // 2)

    @cached_property
    def autoencoder(self) -> Autoencoder:
        return Autoencoder(n_components=self.width, random_state=0, verbose=False, **self.params).fit(self.X)

    @cached_property
    def pca(self) -> tuple[np.ndarray, np.ndarray]:
        train, test = self.features
        model = PCA(self.width, random_state=0).fit(train)
        return model.transform(train), model.transform(test)

    def rows(self, i: np.ndarray) -> Any:
        return self.X[i] if isinstance(self.X, np.ndarray) else self.X.iloc[i]

    def score(self, told: np.ndarray) -> float:
        """Percent, of what a model says of the test rows: classes (n,), or how likely each label is (n, k)."""
        if not self.labels:
            return 100 * float((told == self.yt).mean())
        some = self.yt.any(1)
        return 100 * float(label_ranking_average_precision_score(self.yt[some], told[some]))


Model = Callable[[Task, np.ndarray, int], np.ndarray]  # (task, labeled rows, seed) -> what it says of the test rows


def classifier(**settings: Any) -> Model:
    def run(task: Task, i: np.ndarray, seed: int) -> np.ndarray:
        known = {"encoder": task.autoencoder} if settings.get("encoder") else {}
        kind = MultiLabelClassifier if task.labels else Classifier
        clf: Any = kind(random_state=seed, verbose=False, **settings | known, **task.params)
        clf.fit(task.rows(i), task.y[i])
        return clf.predict_proba(task.Xt) if task.labels else clf.predict(task.Xt)

    return run


def logistic(of: str) -> Model:
    def run(task: Task, i: np.ndarray, seed: int) -> np.ndarray:
        train, test = getattr(task, of)
        if task.labels:
            return one_vs_rest(train[i], task.y[i]).proba(test)
        return LogisticRegression(C=1.0, max_iter=1000).fit(train[i], task.y[i]).predict(test)

    return run


def pls(task: Task, i: np.ndarray, seed: int) -> np.ndarray:
    train, test = task.features
    classes, y = (np.arange(task.y.shape[1]), task.y[i]) if task.labels else np.unique(task.y[i], return_inverse=True)
    varied = train[i].std(0) > 0
    k = min(len(classes), varied.sum(), len(i) - 1)
    model = PLSRegression(int(k)).fit(train[i][:, varied], y if task.labels else np.eye(len(classes))[y])
    told = model.predict(test[:, varied])
    return told if task.labels else classes[told.argmax(1)]


MODELS: dict[str, Model] = {
    "from scratch": classifier(),
    "frozen": classifier(encoder=True),
    "fine-tuned": classifier(encoder=True, freeze=False),
    "PCA + LR": logistic("pca"),
    "PLS": pls,
    "LR": logistic("features"),
}


def labeled(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Row numbers: this share of each class, one at least; of labels, of all rows."""
    rng = np.random.default_rng(seed)
    if y.ndim == 2:
        return np.sort(rng.permutation(len(y))[: max(4, round(share * len(y)))])
    parts = [rng.permutation(np.flatnonzero(y == c)) for c in np.unique(y)]
    return np.sort(np.concatenate([part[: max(1, round(share * len(part)))] for part in parts]))


def digits(full: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    folder = common.data() / "images" / "mnist"
    out = []
    for part, n in (("train", None if full else IMAGES), ("t10k", None)):
        for kind, head, width in (("images-idx3", 16, 784), ("labels-idx1", 8, 1)):
            raw = gzip.decompress((folder / f"{part}-{kind}-ubyte.gz").read_bytes())
            values = np.frombuffer(raw, np.uint8)[head:].reshape(-1, width)[:n]
            out.append(values if width > 1 else values.ravel().astype(int))
    X, y, Xt, yt = out
    return X, y, Xt, yt


def tasks(args: Any) -> Iterator[Task]:
    if not args.tiny:
        for name in args.sets:
            yield (
                photographs(args)
                if name == "ucmerced"
                else Task(name, *digits(args.full), {"format": Arrays("common"), **args.params})
                if name == "mnist"
                else Task(name, *common.table(name), args.params)
            )
        return
    rng = np.random.default_rng(0)
    y = np.arange(600) % 3
    df = pd.DataFrame(rng.normal(size=(600, 5)) + 2 * np.eye(5)[y], columns=list("abcde"))
    df["f"] = np.where(rng.random(600) < 0.2 + 0.3 * y, "yes", "no")
    yield Task("made-up", df[:400], y[:400], df[400:], y[400:], {"epochs": 3})
    p = made_up()
    yield Task("squares", p.X, p.Y, p.Xt, p.Yt, {"epochs": 1, "format": Images()})


def photographs(args: Any) -> Task:
    p = ucmerced(None)
    return Task("ucmerced", p.X, p.Y, p.Xt, p.Yt, {"format": Images((SIDE, SIDE)), **args.params})


def row(task: Task, share: float, models: list[str], seeds: int) -> dict[str, Any]:
    start = time.perf_counter()
    values: dict[str, list[float]] = {model: [] for model in models}
    rows = 0
    for seed in range(seeds):
        i = labeled(task.y, share, seed)
        rows = len(i)
        for model in models:
            values[model].append(task.score(MODELS[model](task, i, seed)))
    means = {model: float(np.mean(v)) for model, v in values.items()}
    sizes = {"set": task.name, "share": f"{share:.0%}", "labeled": rows, "of": len(task.y)}
    return {**sizes, **means, "seconds": time.perf_counter() - start}


def facts(rows: list[dict[str, Any]], models: list[str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    ahead = []
    for share in dict.fromkeys(r["share"] for r in rows):
        mean = {model: float(np.mean([r[model] for r in rows if r["share"] == share])) for model in models}
        out[f"mean at {share}"] = ", ".join(f"{model} {value:.2f}" for model, value in mean.items())
        if {"from scratch", "fine-tuned"} <= set(models):
            ahead.append(mean["fine-tuned"] > mean["from scratch"])
    for r in rows:
        if (r["set"], r["share"]) == ("mnist", "100%"):
            least = min(100 - r[model] for model in models)
            out[f"MNIST, all {r['of']:,} labels, least error"] = (
                f"{least:.2f} % (bar 1.2: {'met' if least <= 1.2 else 'missed'})"
            )
    if ahead and len(ahead) > 1:
        out["fine-tuned above from scratch on the mean at both shares"] = f"bar {'met' if all(ahead) else 'missed'}"
    return out


def main() -> None:
    p = common.resumable(common.parser(__doc__.splitlines()[0]))
    p.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    p.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--shares", type=float, nargs="+", default=SHARES, help="of the labels")
    p.add_argument("--params", type=json.loads, default={}, help="JSON of settings of ours to try")
    p.add_argument("--full", action="store_true", help="all 60,000 images of MNIST")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)  # numpy's and scipy's too
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    warnings.filterwarnings("ignore", message="Label .* is present in all training examples", category=UserWarning)
    rows = []
    for task in tasks(args):
        for share in (0.05, 0.1) if args.tiny else args.shares:
            rows.append(common.kept(args.rows, f"{task.name}, {share}", partial(row, task, share, args.models, args.seeds)))
            print({k: round(v, 2) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    common.show("Accuracy, or ranking precision, with few labels, percent", rows, args.json, **facts(rows, args.models))


if __name__ == "__main__":
    main()
