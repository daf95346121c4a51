#!/usr/bin/env bash
# scikit-learn: IterativeImputer learns nothing of a category that is one-hot encoded, if every level has a column.
#
# Versions: scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6.
# Seen: a category equals another column in nine rows of ten; a fifth of its cells is missing. With a column for each level, all of
# which are missing together, each missing cell stays at the share of its level, so that the most frequent level is largest in
# all of them: the columns of a category add up to 1, and each is predicted from the others of the same cell, which are filled
# with their shares. Without the column of one level, nine cells of ten are right.
# Expected: that the columns that know the answer are used in both, as KNNImputer does; OneHotEncoder keeps all levels by default,
# and nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1

"$work/venv/bin/python" -I - <<'PY'
import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer

rng = np.random.default_rng(0)
kind = rng.choice(3, 600, p=[0.5, 0.3, 0.2])
hidden = rng.random(600) < 0.2
same = np.eye(3)[np.where(rng.random(600) < 0.9, kind, (kind + 1) % 3)]  # another column, that is the same in nine of ten rows


def right(imputer: object, levels: list[int]) -> float:
    """The share of hidden cells whose level is the right one, from the columns of some levels."""
    category = np.where(hidden[:, None], np.nan, np.eye(3)[kind])[:, levels]
    filled = imputer.fit_transform(np.hstack([category, same]))[:, : len(levels)]
    share = filled if len(levels) == 3 else np.column_stack([1 - filled.sum(1), filled])
    return float((share.argmax(1) == kind)[hidden].mean())


most = float((kind[hidden] == 0).mean())
found = {
    "IterativeImputer, a column for each level": right(IterativeImputer(random_state=0), [0, 1, 2]),
    "IterativeImputer, without the first level": right(IterativeImputer(random_state=0), [1, 2]),
    "KNNImputer, a column for each level": right(KNNImputer(), [0, 1, 2]),
}
print(f"the most frequent level: {most:.2f} right")
for name, share in found.items():
    print(f"{name}: {share:.2f} right")
every, some, neighbors = found.values()
assert every == most
assert min(some, neighbors) > 0.85
PY
