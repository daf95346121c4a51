#!/usr/bin/env bash
# scikit-learn: load_svmlight_file shifts the columns of a file that dump_svmlight_file wrote, each at its defaults.
#
# Versions: scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6.
# Seen: writing counts columns from 0 (zero_based=True); reading takes a file in which no 0 occurs for one that counts from 1
# (zero_based="auto"). If the first column is empty, each column comes back as the one before it. n_features= makes the
# shape right, and the columns stay shifted: a model that was fitted to the matrix reads the wrong features. The documentation
# says that files do not tell their base, and that "auto" should always be safe unless offset or length is passed.
# Expected: that what the defaults write, the defaults read; or a warning where "auto" has to guess.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1

"$work/venv/bin/python" -I - <<'PY'
import io
import warnings

import numpy as np
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

warnings.simplefilter("error")
X, y = np.array([[0, 1, 0, 2.0], [0, 0, 3, 0]]), np.array([0, 1])
file = io.BytesIO()
dump_svmlight_file(X, y, file, comment="it says so here")  # the comment tells the base, and reading skips it
print(file.getvalue().decode())
read = {}
for name, options in {"defaults": {}, "n_features=4": {"n_features": 4}, "zero_based=True": {"zero_based": True}}.items():
    file.seek(0)
    read[name] = load_svmlight_file(file, **options)[0].toarray()
    print(f"{name}: {read[name].tolist()}")
assert b"# Column indices are zero-based" in file.getvalue()
assert np.array_equal(read["defaults"], X[:, 1:])
assert np.array_equal(read["n_features=4"], np.roll(X, -1, 1))
assert np.array_equal(read["zero_based=True"], X)
PY
