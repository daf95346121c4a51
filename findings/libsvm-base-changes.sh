#!/usr/bin/env bash
# LIBSVM's Python reader changes the base of the columns in the middle of a file.
#
# Versions: libsvm-official 3.37.0, scipy 1.17.1, numpy 2.4.6.
# Seen: svm_read_problem(return_scipy=True) counts columns from 1 until an index 0 occurs, and from 0 from there on. Rows
# above the first 0 keep the columns that they were given: one feature stands in two columns, without a word. The same file
# read into dicts (return_scipy=False) is right.
# Expected: one base for all rows; the first 0 decides for the file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 libsvm-official==3.37.0

"$work/venv/bin/python" -I - <<'PY'
import io

from libsvm.svmutil import svm_read_problem

TEXT = "1 2:5\n2 0:7 2:5\n1 2:5\n"  # the feature of number 2 is 5 in each row
_, X = svm_read_problem(io.StringIO(TEXT), return_scipy=True)
_, rows = svm_read_problem(io.StringIO(TEXT))
print(TEXT + "as a matrix:", X.toarray().tolist())
print("as dicts:   ", rows)
assert [row[2] for row in rows] == [5, 5, 5]
assert X.toarray().tolist() == [[0, 5, 0], [7, 0, 5], [0, 0, 5]]
PY
