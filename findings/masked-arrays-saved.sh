#!/usr/bin/env bash
# A masked array is saved without its mask: the missing cell is a number again, in .npz one that was hidden, in .mat 1e20.
#
# Versions: numpy 2.4.6, scipy 1.17.1.
# Seen: np.savez writes what lies under the mask, here -999, as any other number. scipy.io.savemat writes the fill value, 1e20
# for floats and 999999 for whole numbers. Neither warns, and nothing in the file tells that the cell was missing. np.save with
# the same array raises NotImplementedError.
# Expected: NaN, where there is one, or an error, as of np.save.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1

"$work/venv/bin/python" -I -W error - <<'PY'
import tempfile
from pathlib import Path

import numpy as np
import scipy.io

X = np.ma.masked_equal([[1.0, -999.0], [3.0, 4.0]], -999.0)
X.fill_value = np.ma.default_fill_value(X.data)
whole = np.ma.masked_array([[1, 2]], [[False, True]])
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "a")
    np.savez(f"{file}.npz", X=X)
    by_numpy = np.load(f"{file}.npz")["X"]
    scipy.io.savemat(f"{file}.mat", {"X": X, "whole": whole})
    by_scipy = scipy.io.loadmat(f"{file}.mat")
    try:
        np.save(f"{file}.npy", X)
        said = None
    except NotImplementedError as error:
        said = error
print("in memory:", X.tolist())
print(".npz:     ", by_numpy.tolist())
print(".mat:     ", by_scipy["X"].tolist(), by_scipy["whole"].tolist())
print("np.save:  ", repr(said))
assert by_numpy.tolist() == [[1.0, -999.0], [3.0, 4.0]]
assert not isinstance(by_numpy, np.ma.MaskedArray)
assert by_scipy["X"].tolist() == [[1.0, 1e20], [3.0, 4.0]]
assert by_scipy["whole"].tolist() == [[1, 999999]]
assert isinstance(said, NotImplementedError)
PY
