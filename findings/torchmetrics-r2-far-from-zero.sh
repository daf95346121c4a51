#!/usr/bin/env bash
# torchmetrics: R2Score of numbers far from 0, such as coordinates, is another number in float32, and depends on the batches.
#
# Versions: torchmetrics 1.9.0, torch 2.13.0, scikit-learn 1.9.1, numpy 2.4.6.
# Seen: northings in meters, 5,500,000 +- 2,000, are predicted with a tenth of their spread as error: R2 is .990, which
# scikit-learn gives for the same float32 numbers, and torchmetrics for doubles. In float32 torchmetrics gives .988 at once,
# and .996 in batches of 100, as if the errors were much smaller. Within a city (+- 300) it is 0 at once, and 1.0001 in batches.
# It subtracts two sums of squares, each near 1e18, of which float32 keeps seven digits. No warning. Reports speak of targets that
# are nearly constant (torchmetrics 1573, closed), or of an R2 above 1 (3077, open); ignite has the same fault (3748).
# The digits depend on the order in which a processor adds.
# Expected: the number of scikit-learn, as for pearson_corrcoef, which is right here.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 \
    scikit-learn==1.9.1 numpy==2.4.6

"$work/venv/bin/python" -I -W error::UserWarning - <<'PY'
import numpy as np
import torch
from sklearn.metrics import r2_score
from torchmetrics import PearsonCorrCoef, R2Score


def scores(mean, spread):
    """R2 of scikit-learn, of torchmetrics in doubles, at once and in batches; and what the correlation is off."""
    rng = np.random.default_rng(0)
    y = (mean + spread * rng.normal(size=20000)).astype("float32")
    p = (y + 0.1 * spread * rng.normal(size=20000)).astype("float32")
    target, preds = torch.tensor(y), torch.tensor(p)
    batches = R2Score()
    for part in zip(preds.split(100), target.split(100), strict=True):
        batches.update(*part)
    found = r2_score(y, p), R2Score()(preds.double(), target.double()), R2Score()(preds, target), batches.compute()
    found = [float(r2) for r2 in found]
    names = ("scikit-learn", "in doubles", "at once", "in batches")
    print(f"{mean} +- {spread}:", *(f"{name} {r2:.4f}," for name, r2 in zip(names, found, strict=True)))
    return *found, abs(float(PearsonCorrCoef()(preds, target)) - np.corrcoef(y.astype(float), p)[0, 1])


for mean, spread in ((0, 2000), (5_500_000, 2000), (5_500_000, 300)):
    true, doubles, at_once, batches, correlation = scores(mean, spread)
    assert abs(true - 0.99) < 1e-3
    assert abs(doubles - true) < 1e-5
    assert correlation < 1e-3
    assert (abs(batches - true) > 3e-3) == (mean > 0)
    assert (abs(at_once - true) > 1e-3) == (mean > 0)
PY
