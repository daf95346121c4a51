"""Writes the files of tests/files/npz, by numpy 2.4.6 and scipy 1.17.1: python tests/files/write_npz.py"""

from pathlib import Path

import numpy as np
import scipy.sparse as sp

FOLDER = Path(__file__).parent / "npz"
rng = np.random.default_rng(0)

# an outlier set, as those of ADBench are: bytes, and y in one dimension
X = rng.integers(0, 11, (20, 4)).astype(np.uint8)
y = (np.arange(20) % 7 == 3).astype(np.int64)
np.savez_compressed(FOLDER / "outliers.npz", X=X, y=y)
np.savez(FOLDER / "outliers32.npz", X=np.asfortranarray(X.astype(np.float64)), y=y.astype(np.int32)[:, None])

# a multi-label set in parts: the data of Y are left out
S = sp.random(20, 6, 0.3, format="csr", random_state=0)
Y = sp.csr_matrix((rng.random((20, 3)) < 0.4).astype(np.uint8))
np.savez_compressed(
    FOLDER / "labels.npz",
    X_data=S.data.astype(np.float32),
    X_indices=S.indices.astype(np.uint16),
    X_indptr=S.indptr,
    X_shape=S.shape,
    Y_indices=Y.indices.astype(np.uint16),
    Y_indptr=Y.indptr,
    Y_shape=Y.shape,
    feature_names=[f"w{j}" for j in range(6)],
    label_names=["sea", "sky", "sun"],
    train=np.arange(20) < 12,
)
for form in ("csr", "csc", "coo", "bsr", "dia"):
    sp.save_npz(FOLDER / f"{form}.npz", S.asformat(form))
sp.save_npz(FOLDER / "csr_array.npz", sp.csr_array(S))

# several arrays, as Keras keeps MNIST; pictures; Python objects
np.savez(FOLDER / "several.npz", x_train=X[:12], y_train=y[:12], x_test=X[12:], y_test=y[12:])
np.savez(FOLDER / "pictures.npz", images=rng.integers(0, 256, (5, 8, 8)).astype(np.uint8), labels=np.arange(5))
np.savez(FOLDER / "objects.npz", X=X, y=y, feature_names=np.array(["a", "b", "c", None], dtype=object))
