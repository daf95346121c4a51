#!/usr/bin/env bash
# scipy.io.arff raises the field limit of Python's csv module for the whole process.
#
# Versions: scipy 1.17.1, numpy 2.4.6, Python 3.11.
# Seen: csv.field_size_limit() is 131072; after loadarff of a file of two attributes it is 2 ** 63 - 1, for all
# other code of the process, too, and it stays so. A program whose reading of CSV files relies on the limit behaves
# differently from then on.
# Expected: the limit is put back after reading.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1

"$work/venv/bin/python" -I - <<'PY'
import csv
import io

from scipy.io.arff import loadarff

before = csv.field_size_limit()
data, _ = loadarff(io.StringIO("@relation r\n@attribute a {x,y}\n@attribute b numeric\n@data\nx,1\ny,2\n"))
print("rows:", len(data), " limit before:", before, " after:", csv.field_size_limit())
assert len(data) == 2
assert before == 131072
assert csv.field_size_limit() == 2**63 - 1
PY
