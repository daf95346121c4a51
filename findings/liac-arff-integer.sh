#!/usr/bin/env bash
# liac-arff cuts off the decimals of integer attributes.
#
# Versions: liac-arff 2.5.0, SciPy 1.17.1, NumPy 2.4.6.
# Seen: 1.7 of an attribute that is declared as integer is 1, and -0.5 is 0, without a warning. In ARFF integer, real and
# numeric are three words for one type: WEKA and SciPy read 1.7.
# Expected: 1.7, or the error that liac-arff gives for other values which do not fit their declaration.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check liac-arff==2.5.0 numpy==2.4.6 scipy==1.17.1

"$work/venv/bin/python" -I - <<'PY'
import io

import arff
from scipy.io.arff import loadarff

FILE = "@relation r\n@attribute a integer\n@data\n1.7\n-0.5\n3\n"
by_liac = [row[0] for row in arff.loads(FILE)["data"]]
by_scipy = [row[0] for row in loadarff(io.StringIO(FILE))[0].tolist()]
print("liac-arff:", by_liac)
print("SciPy:    ", by_scipy)
assert by_liac == [1, 0, 3]
assert by_scipy == [1.7, -0.5, 3]
PY
