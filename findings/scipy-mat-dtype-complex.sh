#!/usr/bin/env bash
# scipy.io.loadmat with mat_dtype=True drops the imaginary part of complex numbers; without it, doubles come back as bytes.
#
# Versions: scipy 1.17.1, numpy 2.4.6.
# Seen: MATLAB stores doubles that are whole numbers in the smallest type that holds them. loadmat returns that type, so that
# X - 250 wraps around where MATLAB, and the same variable in a file of version 7.3, has negative numbers; this is documented,
# and mat_dtype=True is the remedy. But that makes float64 of complex numbers, too: only a ComplexWarning of NumPy tells it. In
# files of version 4 it does nothing: their class is double, or so whosmat says, and float32 and uint8 come back.
# Expected: complex128 of complex doubles; the same of both versions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1

"$work/venv/bin/python" -I -W error - <<'PY'
import io
import warnings

import numpy as np
import scipy.io


def saved(value, version="5"):
    file = io.BytesIO()
    scipy.io.savemat(file, {"X": value}, format=version)
    return file


file = saved(np.array([[1 + 2j, 3 - 4j]]))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    plain, of_matlab = scipy.io.loadmat(file)["X"], scipy.io.loadmat(file, mat_dtype=True)["X"]
print("complex:", plain.tolist(), "mat_dtype=True:", of_matlab.tolist(), [w.category.__name__ for w in told])
assert plain.tolist() == [[1 + 2j, 3 - 4j]]
assert of_matlab.dtype == np.float64
assert of_matlab.tolist() == [[1.0, 3.0]]
assert [w.category for w in told] == [np.exceptions.ComplexWarning]

data = bytearray(saved(np.array([[200, 201]], np.uint8)).getvalue())
assert data[144] == 9  # the class uint8; 6 is double, as MATLAB has it of whole numbers that it stores as bytes
data[144] = 6
file = io.BytesIO(bytes(data))
print("doubles as bytes:", scipy.io.whosmat(file), scipy.io.loadmat(file)["X"].dtype, scipy.io.loadmat(file, mat_dtype=True)["X"].dtype)
assert scipy.io.whosmat(file) == [("X", (1, 2), "double")]
assert scipy.io.loadmat(file)["X"].dtype == np.uint8
assert scipy.io.loadmat(file, mat_dtype=True)["X"].dtype == np.float64

file = saved(np.array([[200, 201]], np.uint8), "4")
print("version 4:", scipy.io.whosmat(file), scipy.io.loadmat(file, mat_dtype=True)["X"].dtype)
assert scipy.io.whosmat(file) == [("X", (1, 2), "double")]
assert scipy.io.loadmat(file, mat_dtype=True)["X"].dtype == np.uint8
PY
