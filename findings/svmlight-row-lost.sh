#!/usr/bin/env bash
# scikit-learn: dump_svmlight_file(multilabel=True) writes rows that load_svmlight_file(multilabel=True) leaves out.
#
# Versions: scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6.
# Seen: a row that has neither a label nor a value is written as a line of one blank, and reading skips it as an empty line.
# Six rows come back as five, without a word, so that all rows after it stand beside the wrong texts, ids or predictions.
# A row without labels alone, and one without values alone, come back.
# Expected: as many rows as were written: with sets of labels, a line of blanks is a row.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1

"$work/venv/bin/python" -I - <<'PY'
import io

import numpy as np
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

X = np.array([[1, 0], [0, 2], [0, 0], [3, 0], [0, 0], [0, 4.0]])
Y = np.array([[1, 0], [0, 0], [0, 0], [0, 1], [1, 1], [1, 0]])
file = io.BytesIO()
dump_svmlight_file(X, Y, file, multilabel=True)
print(file.getvalue().decode())
file.seek(0)
found, labels = load_svmlight_file(file, multilabel=True)
print(len(X), "rows written,", found.shape[0], "read:", labels)
assert file.getvalue().splitlines()[1:3] == [b" 1:2", b" "]
assert labels == [(0.0,), (), (1.0,), (0.0, 1.0), (0.0,)]
assert np.array_equal(found.toarray(), X[[0, 1, 3, 4, 5]])
PY
