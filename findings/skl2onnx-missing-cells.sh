#!/usr/bin/env bash
# skl2onnx and ONNX Runtime lose what scikit-learn learned of missing cells: trees, encoders, imputers give other answers.
#
# Versions: skl2onnx 1.20.0, onnx 1.23.2, onnxruntime 1.32.0, scikit-learn 1.9.1, numpy 2.4.6.
# Seen: a fifth of the cells are NaN. Of the rows with gaps, a random forest of scikit-learn gives more than one in five another class
# when it runs as ONNX; of the rows without, none. Each split has learned to which side a missing cell goes; the file sends all to
# one. OrdinalEncoder(encoded_missing_value=7) gives -1: the file says 7 for NaN, and ONNX Runtime does not find the key NaN.
# SimpleImputer(add_indicator=True) gives five columns of ten. No error, no warning, when converted or later. The trees were
# reported in July 2026 (sklearn-onnx 1253).
# Expected: the numbers of scikit-learn, or an error of the conversion, as for the estimators that skl2onnx does not know.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check skl2onnx==1.20.0 onnx==1.23.2 \
    onnxruntime==1.32.0 scikit-learn==1.9.1 numpy==2.4.6

"$work/venv/bin/python" -I -W error::UserWarning - <<'PY'
import numpy as np
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OrdinalEncoder

rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 5)).astype("float32")
y = (X[:, 0] + X[:, 1] > 0).astype(int)
X[rng.random(X.shape) < 0.2] = np.nan
gaps = np.isnan(X).any(axis=1)


def as_onnx(model, X):
    return InferenceSession(to_onnx(model, X[:1]).SerializeToString()).run(None, {"X": X})[0]


forest = RandomForestClassifier(20, random_state=0).fit(X, y)
other = as_onnx(forest, X) != forest.predict(X)
print(f"another class: {other[gaps].mean():.0%} of the rows with gaps, {other[~gaps].mean():.0%} of the others")
assert other[gaps].mean() > 0.2
assert not other[~gaps].any()

C = np.array([[0.0], [1.0], [np.nan]])
encoder = OrdinalEncoder(encoded_missing_value=7).fit(C)
(node,) = (node for node in to_onnx(encoder, C).graph.node if node.op_type == "LabelEncoder")
table = {a.name: [*a.floats, *a.ints] for a in node.attribute if a.name in ("keys_floats", "values_int64s")}
print("encoder:", as_onnx(encoder, C).ravel().tolist(), "scikit-learn:", encoder.transform(C).ravel().tolist(), "file:", table)
assert np.isnan(table["keys_floats"][2])
assert table["values_int64s"][2] == 7
assert encoder.transform(C).ravel().tolist() == [0, 1, 7]
assert as_onnx(encoder, C).ravel().tolist() == [0, 1, -1]

imputer = SimpleImputer(add_indicator=True).fit(X)
print("imputer:", as_onnx(imputer, X).shape, "scikit-learn:", imputer.transform(X).shape)
assert as_onnx(imputer, X).shape == (2000, 5)
assert imputer.transform(X).shape == (2000, 10)
PY
