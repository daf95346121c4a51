"""Write the files of tests/files/svm: scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6.

The text of extreme classification is written as pyxclib does it: n d k, then what scikit-learn writes of sets of labels.

    python tests/files/write_svm.py
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import dump_svmlight_file

FOLDER = Path(__file__).parent / "svm"
HEART = "+1 1:0.708333 2:1 3:1 4:-0.320755 \n-1 1:0.583333 2:-1 4:-0.603774 \n+1 1:0.166667 3:-0.333333 \n"  # LIBSVM's way
PAGE = "0,5 1:0.646467 2:0.666435 294:0.2\n 1:-0.5 3:0.1\n3 294:0.770156 \n2,3,5 2:0.0312\n"  # of its page of sets of labels


def made() -> tuple[Any, np.ndarray]:
    """X (8, 6): row 2 is empty, and so is column 5; Y (8, 3): rows 2 and 4 have no label."""
    rng = np.random.default_rng(0)
    X = np.where(rng.random((8, 6)) < 0.5, rng.normal(size=(8, 6)).round(3), 0)
    Y = (rng.random((8, 3)) < 0.5).astype(int)
    X[2], X[:, 5], X[0, 0], X[4, 1] = 0, 0, 1.5, -2
    Y[[2, 4]], Y[0] = 0, 1
    return sp.csr_matrix(X), Y


def written(X: Any, Y: np.ndarray, name: str, start: str = "", **options: Any) -> None:
    with open(FOLDER / name, "wb") as file:
        file.write(start.encode())
        dump_svmlight_file(X, Y, file, **options)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    X, Y = made()
    y = np.array([1, 2, 2, 3, 1, 2, 3, 1])
    np.savez(FOLDER / "expected.npz", X=X.toarray(), Y=Y, y=y)
    written(X, y, "classes.svm")
    written(X, y / 3, "targets.svmlight", zero_based=False, comment="three\nlines # and a sign", query_id=np.arange(8) // 3)
    written(X[:, [5, 0, 1, 2, 3, 4]], y, "first-column-empty.libsvm")
    written(X, Y, "sets.svm", multilabel=True)
    written(X, 2 * Y - 1, "minus-one.svm", multilabel=True)
    written(abs(X).ceil(), y, "counts.svm")
    written(X, Y, "extreme.txt", "8 6 3\n", multilabel=True)
    written(X, Y, "one-based.txt", "8 5 3\n", multilabel=True, zero_based=False)
    (FOLDER / "packed.svm.gz").write_bytes(gzip.compress((FOLDER / "sets.svm").read_bytes(), mtime=0))
    (FOLDER / "packed.txt.gz").write_bytes(gzip.compress((FOLDER / "extreme.txt").read_bytes(), mtime=0))
    (FOLDER / "heart.svm").write_text(HEART, newline="")
    (FOLDER / "page.svm").write_text(PAGE, newline="")


if __name__ == "__main__":
    main()
