#!/usr/bin/env bash
# mat73 gives a table of one row, and one of one column, as the same vector; and an empty matrix as None.
#
# Versions: mat73 0.65, hdf5storage 0.2.2 (writes the files), h5py 3.16.0, numpy 2.4.6.
# Seen: X of the shape (1, 4) comes back as (4,), as does (4, 1); (1, 1) as (). A set of one row, or of one feature, cannot be
# told from the other, and a program that takes X.shape[1] ends, or counts rows as columns. There is no option to keep the
# dimensions: squeezing has to be asked for with scipy.io.loadmat (squeeze_me). An empty matrix, (0, 4), has no shape at all.
# Expected: the two dimensions that every matrix of MATLAB has.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    numpy==2.4.6 h5py==3.16.0 hdf5storage==0.2.2 mat73==0.65

"$work/venv/bin/python" -I - <<'PY'
import inspect
import tempfile
from pathlib import Path

import hdf5storage
import mat73
import numpy as np

with tempfile.TemporaryDirectory() as folder:
    path = str(Path(folder, "a.mat"))
    seen = {}
    for shape in ((1, 4), (4, 1), (1, 1), (2, 3), (0, 4)):
        hdf5storage.savemat(path, {"X": np.ones(shape)}, format="7.3", store_python_metadata=False)
        X = mat73.loadmat(path)["X"]
        seen[shape] = None if X is None else X.shape
        print(shape, "->", seen[shape], "  hdf5storage:", hdf5storage.loadmat(path)["X"].shape)
        assert hdf5storage.loadmat(path)["X"].shape == shape
print(inspect.signature(mat73.loadmat))
assert seen == {(1, 4): (4,), (4, 1): (4,), (1, 1): (), (2, 3): (2, 3), (0, 4): None}
PY
