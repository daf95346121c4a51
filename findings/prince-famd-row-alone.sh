#!/usr/bin/env bash
# prince: FAMD, a PCA of mixed tables, forgets the categories of a row that is transformed alone.
#
# Versions: prince 0.23.0, scikit-learn 1.9.1, pandas 3.1.1, numpy 2.4.6.
# Seen: a red and a blue row with the same numbers lie apart on the map of 200 rows. Each transformed alone, they have the same
# place, to the last bit; among 20 rows they lie elsewhere again. transform scales the categories by their shares in the rows that
# it is given, not by those of fit, and the color of a single row has a share of 1. No warning. A service that answers one request
# at a time maps numbers only. PCA and MCA of the package give a row one place. Reported in 2019 (issue 72); a comment in the code
# says that it is kept for compatibility.
# Expected: a place that depends on the row, and on the rows of fit.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check prince==0.23.0 scikit-learn==1.9.1 \
    pandas==3.1.1 numpy==2.4.6

"$work/venv/bin/python" -I - <<'PY'
import numpy as np
import pandas as pd
from prince import FAMD, MCA, PCA

rng = np.random.default_rng(0)
numbers = pd.DataFrame(rng.normal(size=(200, 2)), columns=["height", "weight"])
names = pd.DataFrame({"color": rng.choice(["red", "green", "blue"], 200), "size": rng.choice(["small", "large"], 200)})
numbers.loc[1] = numbers.loc[0]
names.loc[:1] = [["red", "small"], ["blue", "small"]]


def places(model, df):
    """Of the first two rows: on the map of all, among 20, and each alone."""
    model = model(n_components=2, random_state=0).fit(df)
    alone = [model.transform(df[row : row + 1]) for row in (0, 1)]
    found = [np.asarray(z)[:2] for z in (model.transform(df), model.transform(df[:20]), pd.concat(alone))]
    for name, z in zip(("of all", "among 20", "alone"), found, strict=True):
        print(type(model).__name__, name, z.round(3).tolist())
    return found


for model, df in ((PCA, numbers), (MCA, names)):
    of_all, among, alone = places(model, df)
    assert np.allclose(of_all, among)
    assert np.allclose(of_all, alone)

of_all, among, alone = places(FAMD, pd.concat([numbers, names], axis=1))
assert np.abs(of_all[0] - of_all[1]).max() > 1
assert np.array_equal(alone[0], alone[1])
assert np.abs(among - of_all).max() > 0.01
PY
