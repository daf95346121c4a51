"""Writes the files of tests/files/mat, by scipy 1.17.1 (versions 4 and 5), hdf5storage 0.2.2 and h5py 3.16.0 (version 7.3),
numpy 2.4.6: python tests/files/write_mat.py

What hdf5storage does not write (sparse matrices, empty ones) h5py writes as MATLAB lays it out.
"""

from pathlib import Path

import h5py
import hdf5storage
import numpy as np
import scipy.io
import scipy.sparse as sp

FOLDER = Path(__file__).parent / "mat"
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3)).round(3)
y = (np.arange(20) % 7 == 3).astype(float)
S = sp.random(20, 6, 0.3, format="csc", random_state=0)
Y = (rng.random((20, 4)) < 0.4).astype(float)

# outlier sets as those of ODDS: y (n, 1); a vector as scipy writes it, (1, n)
scipy.io.savemat(FOLDER / "v5.mat", {"X": X, "y": y[:, None]})
scipy.io.savemat(FOLDER / "v5_packed.mat", {"X": X, "y": y}, do_compression=True)
scipy.io.savemat(FOLDER / "v4.mat", {"X": X, "y": y[:, None]}, format="4")
scipy.io.savemat(FOLDER / "v4_sparse.mat", {"X": S, "y": y[:, None]}, format="4")
hdf5storage.savemat(str(FOLDER / "v73.mat"), {"X": X, "y": y[:, None]}, format="7.3", store_python_metadata=False)

# a multi-label set: sparse, labels (k, n) of -1 and 1, names in cells and in a matrix of characters
cells = np.array(["sea", "sky", "the sun", "é"], dtype=object)
rows = np.array(["a", "bb", "ccc", "d", "e", "f"])
scipy.io.savemat(FOLDER / "labels.mat", {"data": S, "target": 2 * Y.T - 1, "label_names": cells, "feature_names": rows})
hdf5storage.savemat(
    str(FOLDER / "labels73.mat"),
    {"data": S.toarray(), "target": 2 * Y.T - 1, "label_names": cells[:, None], "more": {"a": 1.0}},
    format="7.3",
    store_python_metadata=False,
)
scipy.io.savemat(FOLDER / "several.mat", {"X1": X, "X2": 2 * X, "y2": y[:, None]})
scipy.io.savemat(FOLDER / "logical.mat", {"X": S > 0.5, "y": y[:, None] > 0, "s": {"a": 1}, "z": "text"})

# doubles that are whole numbers, which MATLAB stores as bytes: the class of the array is changed from uint8 (9) to double (6)
scipy.io.savemat(FOLDER / "bytes.mat", {"X": np.arange(200, 212, dtype=np.uint8).reshape(4, 3)})
data = bytearray((FOLDER / "bytes.mat").read_bytes())
assert data[144] == 9
data[144] = 6
(FOLDER / "bytes.mat").write_bytes(data)

for name in ("sparse73", "zeros73", "empty73"):
    with h5py.File(FOLDER / f"{name}.mat", "w", userblock_size=512) as file:
        if name == "empty73":
            file["X"] = np.array([0, 5], np.uint64)
            file["X"].attrs.update({"MATLAB_class": np.bytes_("double"), "MATLAB_empty": np.uint8(1)})
        else:
            group = file.create_group("X")
            group.attrs.update({"MATLAB_class": np.bytes_("double"), "MATLAB_sparse": np.uint64(20)})
            group["jc"] = (S.indptr if name == "sparse73" else np.zeros(7)).astype(np.uint64)
        if name == "sparse73":
            group["data"], group["ir"] = S.data, S.indices.astype(np.uint64)
        file["y"] = y[None].astype(np.uint8)
        file["y"].attrs.update({"MATLAB_class": np.bytes_("logical"), "MATLAB_int_decode": np.int32(1)})
    with open(FOLDER / f"{name}.mat", "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Sun Nov 29 2026 HDF5 schema 1.00 .".ljust(116))
        file.write(bytes(8) + b"\0\2IM")
