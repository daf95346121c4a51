#!/usr/bin/env bash
# scikit-learn: dump_svmlight_file rounds numbers to 16 digits, so that two in five come back as other numbers.
#
# Versions: scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6.
# Seen: values and labels are written with %.16g; a float64 needs up to 17 digits. Of 10,000 normal draws, several thousand
# come back changed in their last bit, and 0.1 + 0.2 comes back as 0.3. The docstring does not speak of it.
# Expected: the same bits, as from numpy.savetxt (%.18e), pandas' to_csv or json; repr(x) is the shortest text that has them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1

"$work/venv/bin/python" -I - <<'PY'
import io

import numpy as np
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

X = np.random.default_rng(0).normal(size=(1000, 10))
X[0, 0] = 0.1 + 0.2
file = io.BytesIO()
dump_svmlight_file(X, X[:, 0], file)
file.seek(0)
found, y = load_svmlight_file(file)
changed = (found.toarray() != X).mean()
print("first line:", file.getvalue().splitlines()[0].decode()[:60])
print(f"0.1 + 0.2 = {X[0, 0]!r} comes back as {found[0, 0]!r}; changed: {changed:.1%} of the values")
assert found[0, 0] == y[0] == 0.3 != X[0, 0]
assert 0.2 < changed < 0.8
assert np.allclose(found.toarray(), X, rtol=1e-15, atol=0)
assert all(float(repr(v)) == v for v in X.ravel().tolist())
PY
