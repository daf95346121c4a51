#!/usr/bin/env bash
# scikit-multilearn: a classifier chain with an order gives its predictions in that order, not in the order of the labels.
#
# Versions: scikit-multilearn 0.2.0, scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6.
# Seen: three labels, each the sign of a feature. With order=[2, 0, 1], predict and predict_proba have label 2 as their first
# column, then 0, then 1. About half of the cells are right, as if the chain had learned nothing; taken in the order of the chain,
# nearly all are, as of scikit-learn's ClassifierChain, which has the same name and parameter. The documentation of order does not
# speak of it. A correction has been proposed since 2022 (pull request 241).
# Expected: column j is label j of the Y that was given to fit.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check scikit-multilearn==0.2.0 \
    scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

"$work/venv/bin/python" -I - <<'PY'
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain as Sklearn
from skmultilearn.problem_transform import ClassifierChain as Skmultilearn

ORDER = [2, 0, 1]

X = np.random.default_rng(0).normal(size=(500, 3))
Y = (X > 0).astype(int)


def right(chain):
    chain.fit(X, Y)
    predicted, p = chain.predict(X), chain.predict_proba(X)
    if hasattr(predicted, "toarray"):
        predicted, p = predicted.toarray(), p.toarray()
    assert (predicted == (p > 0.5)).all()
    as_labels, as_chain = (predicted == Y).mean(), (predicted == Y[:, ORDER]).mean()
    print(type(chain).__module__, chain.order, f"{as_labels:.0%} right; as columns of the chain: {as_chain:.0%}")
    return as_labels, as_chain


assert right(Skmultilearn(LogisticRegression()))[0] > 0.97
assert right(Sklearn(LogisticRegression(), order=ORDER))[0] > 0.97
labels, chain = right(Skmultilearn(LogisticRegression(), order=ORDER))
assert labels < 0.6
assert chain > 0.97
PY
