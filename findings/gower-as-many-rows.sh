#!/usr/bin/env bash
# gower: two tables of as many rows are taken for one table, and half of their distances are those of other pairs.
#
# Versions: gower 0.1.2, numpy 2.4.6, pandas 3.1.1, scipy 1.17.1.
# Seen: gower_matrix(X, Y) fills row i, column j with the distance between X[i] and Y[j] for j >= i, and puts the same number
# in row j, column i, if X and Y have as many rows, as if Y were X. One row more in Y, and all are right. A nearest neighbor
# of new rows is right or not depending on how many rows come together. A column whose largest value is 0, such as a
# logarithm of a probability, counts as if all its values were equal: its numbers are divided by that value.
# Expected: the distance between X[i] and Y[j], for tables of any length, and |a - b| / range for any range.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check gower==0.1.2 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1

"$work/venv/bin/python" -I - <<'PY'
import gower
import numpy as np
import pandas as pd

X = pd.DataFrame({"a": [0.0, 5.0, 10.0]})
Y = pd.DataFrame({"a": [10.0, 10.0, 10.0]})  # each as far from X[0] as can be, and equal to X[2]
true = np.abs(X.to_numpy() - Y.to_numpy().T) / 10
three = gower.gower_matrix(X, Y)
four = gower.gower_matrix(X, pd.concat([Y, Y[:1]]))
print("true distances:\n", true)
print("three rows and three:\n", three)
print("three rows and four:\n", four)
assert (four[:, :3] == true).all()
assert three.tolist() == [[1, 1, 1], [1, 0.5, 0.5], [1, 0.5, 0]]

logarithm = pd.DataFrame({"a": [-10.0, -5.0, 0.0]})
print("-10, -5, 0:\n", gower.gower_matrix(logarithm))
print("-9, -4, 1:\n", gower.gower_matrix(logarithm + 1))
assert (gower.gower_matrix(logarithm) == 0).all()
assert np.allclose(gower.gower_matrix(logarithm + 1), [[0, 0.5, 1], [0.5, 0, 0.5], [1, 0.5, 0]])
PY
