"""The field's files as they are: models take their paths, and what is a label stands in the file.

Three kinds are made here as others make them: an outlier set like those of ODDS (.mat; y = 1: a malignant tumor), texts like
those of LIBSVM's page (.svm; the topic stands before the counts of words), and train and test files like Mulan's (sparse
.arff; an .xml names the labels). Of the last two, a model is fitted to the one file and judged on the other.

    python examples/field_files.py [--tiny]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse as sp
from sklearn.datasets import dump_svmlight_file, load_breast_cancer
from sklearn.metrics import roc_auc_score

from diabolo import Classifier, MultiLabelClassifier, OutlierDetector
from diabolo.formats import read_dataset

TOPICS, WORDS, LABELS = 4, 2000, 5


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tiny", action="store_true", help="a few epochs; the numbers mean nothing")
    params = {"epochs": 2 if p.parse_args().tiny else "auto", "random_state": 0, "verbose": False}

    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        tumors(here / "tumors.mat")
        file = read_dataset(here / "tumors.mat")
        print(file)
        for known in (None, file.outliers):  # y is used only if it is given
            detector = OutlierDetector(**params).fit(here / "tumors.mat", known)
            area = roc_auc_score(file.Y, -detector.score_samples(here / "tumors.mat"))
            print(f"area under the ROC curve, {'without y' if known is None else 'y known'}: {area:.3f}")

        for name, seed in (("train.svm", 0), ("test.svm", 1)):
            documents(here / name, seed)
        file = read_dataset(here / "train.svm", n_features=WORDS)  # its last words may occur in the other file only
        print(f"\n{file}")
        print(f"accuracy: {Classifier(**params).fit(file).score(here / 'test.svm'):.1%}")

        for name, seed in (("scenes-train.arff", 0), ("scenes-test.arff", 1)):
            scenes(here / name, seed)
        labels = "".join(f'<label name="l{j}"/>' for j in range(LABELS))
        (here / "scenes.xml").write_text(f"<labels>{labels}</labels>")
        print(f"\n{read_dataset(here / 'scenes-train.arff')}")
        clf = MultiLabelClassifier(**params).fit(here / "scenes-train.arff")
        print(f"F1 of {len(clf.classes_)} labels: {clf.score(here / 'scenes-test.arff'):.1%}")


def tumors(path: Path) -> None:
    """Benign tumors, and ten malignant ones."""
    X, y = load_breast_cancer(return_X_y=True)
    rows = np.r_[np.flatnonzero(y == 1), np.flatnonzero(y == 0)[:10]]
    scipy.io.savemat(path, {"X": X[rows], "y": 1.0 - y[rows, None]})


def documents(path: Path, seed: int) -> None:
    """300 documents of 60 words, with a fifth of the words from one topic."""
    rng = np.random.default_rng(seed)
    topics = np.random.default_rng(9).dirichlet(np.full(WORDS, 0.02), TOPICS)
    y = rng.integers(0, TOPICS, 300)
    counts = np.array([rng.multinomial(60, topics[topic] / 5 + 0.8 / WORDS) for topic in y])
    dump_svmlight_file(sp.csr_matrix(counts), y, str(path), zero_based=False)


def scenes(path: Path, seed: int) -> None:
    """300 sparse rows of 40 columns; each label depends on all of them."""
    X = (np.random.default_rng(seed).random((300, 40)) < 0.2).astype(int)
    Y = (X @ np.random.default_rng(9).normal(size=(40, LABELS)) > 0.5).astype(int)
    names = [*(f"@attribute x{j} numeric" for j in range(40)), *(f"@attribute l{j} {{0,1}}" for j in range(LABELS))]
    rows = [f"{{{','.join(f'{j} 1' for j in np.flatnonzero(row))}}}" for row in np.hstack([X, Y])]
    path.write_text("\n".join(["@relation scenes", *names, "@data", *rows]))


if __name__ == "__main__":
    main()
