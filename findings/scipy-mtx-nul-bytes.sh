#!/usr/bin/env bash
# scipy's mmwrite(precision=17) writes NUL bytes behind the digits of float32 numbers.
#
# Versions: scipy 1.17.1, numpy 2.4.6.
# Seen: mmwrite(file, coo_matrix(float32), precision=17) writes "3.47409987449646" and six bytes of zero in place of further
# digits and the exponent; nothing is said. float64 with the same precision is right ("3.4740999341011047e+00"), and so is float32
# with precision=9, or without. The Matrix Market format is text: other readers meet these bytes as a damaged number.
# Expected: digits, or an error that says how many are possible.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1

"$work/venv/bin/python" -I - <<'PY'
import io

import numpy as np
from scipy.io import mmwrite
from scipy.sparse import coo_matrix


def written(dtype, precision):
    file = io.BytesIO()
    mmwrite(file, coo_matrix(np.array([[3.4740999341011047]], dtype)), precision=precision)
    return file.getvalue().splitlines()[-1].split(b" ", 2)[2]


for dtype in (np.float32, np.float64):
    for precision in (9, 17):
        print(dtype.__name__, precision, written(dtype, precision))
assert written(np.float32, 17) == b"3.47409987449646" + bytes(6)
assert written(np.float32, 9) == b"3.47409987e+00"
assert written(np.float64, 17) == b"3.4740999341011047e+00"
PY
