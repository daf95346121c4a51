#!/usr/bin/env bash
# skl2onnx: nearest neighbors that are weighted by distance count the same, each, once the model is a file.
#
# Versions: skl2onnx 1.20.0, onnx 1.23.2, onnxruntime 1.32.0, scikit-learn 1.9.1, numpy 2.4.6.
# Seen: KNeighborsClassifier and KNeighborsRegressor with weights="distance" give as ONNX the numbers of weights="uniform". The file
# takes 1 / max(-distance, 1e-6) for a weight, which is a million for each neighbor. Of new rows the classes are mostly the same,
# and the probabilities are not; the rows of fit, each of which is its own nearest neighbor, are no longer all right. No warning.
# Somebody saw other probabilities in 2021, and was told to take double instead of float (sklearn-onnx 611).
# Expected: the numbers of scikit-learn, or an error of the conversion, as for weights that are a function.
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
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

rng = np.random.default_rng(0)
X, new = rng.normal(size=(2, 300, 4)).astype("float32")
t = X[:, 0] + X[:, 1] + rng.normal(size=300, scale=0.5)
y = (t > 0).astype(int)


def as_onnx(model, X, output, **options):
    return InferenceSession(to_onnx(model, X[:1], options=options).SerializeToString()).run(None, {"X": X})[output]


uniform, distance = (KNeighborsClassifier(weights=w).fit(X, y) for w in ("uniform", "distance"))
p = as_onnx(distance, new, 1, zipmap=False)
print("probabilities of scikit-learn:", distance.predict_proba(new[:3])[:, 1].round(2), "ONNX:", p[:3, 1].round(2))
assert np.abs(p - distance.predict_proba(new)).max() > 0.1
assert np.allclose(p, uniform.predict_proba(new), atol=1e-5)

right = (as_onnx(distance, X, 0) == y).mean()
print(f"rows of fit that are right: scikit-learn {distance.score(X, y):.0%}, ONNX {right:.0%}")
assert distance.score(X, y) == 1
assert right < 0.95

uniform, distance = (KNeighborsRegressor(weights=w).fit(X, t) for w in ("uniform", "distance"))
predicted = as_onnx(distance, new, 0).ravel()
print("numbers of scikit-learn:", distance.predict(new[:3]).round(2), "ONNX:", predicted[:3].round(2))
assert np.abs(predicted - distance.predict(new)).max() > 0.1
assert np.allclose(predicted, uniform.predict(new), atol=1e-5)
PY
