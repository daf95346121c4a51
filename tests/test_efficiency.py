"""Frozen, fine-tuned or from scratch: one call, every kind of y."""

from __future__ import annotations

import signal
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.datasets import load_iris

from diabolo import Autoencoder, MultiLabelClassifier, label_efficiency
from diabolo.estimators.efficiency import MODELS
from diabolo.training import Run
from kinds import SMALL

X, Y = load_iris(return_X_y=True)


@pytest.mark.parametrize("y", [Y, X[:, 0] + 0.1 * Y, np.eye(3, dtype=int)[Y]], ids=["classes", "numbers", "labels"])
def test_every_kind_of_y(y: np.ndarray) -> None:
    found = label_efficiency(X, y, (0.2, 1.0), n_components=3, repeats=2, epochs=3, hidden=(8,), verbose=False)
    assert list(found.scores) == list(MODELS)
    assert all(scores.shape == (2, 2) and np.isfinite(scores).all() for scores in found.scores.values())
    assert found.rows == (21, 105)
    assert "105 labeled rows (100%)" in found.advice()
    assert ElementTree.fromstring(found.svg()).tag.endswith("svg")


def test_the_linear_cases_do_not_depend_on_the_labeled_rows_when_all_are() -> None:
    found = label_efficiency(X, Y, (1.0,), models=("PLS", "PCA + linear"), repeats=2, verbose=False)
    for scores in found.scores.values():
        assert scores[0, 0] == pytest.approx(scores[0, 1])
        assert scores[0, 0] > 0.7


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("at", [1, 12])
@pytest.mark.filterwarnings("ignore:training was interrupted")
def test_ctrl_c_ends_the_comparison(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the encoder, and of a classifier: scores of half-trained models say nothing."""
    descend, steps = Run.descend, [0]

    def interrupted(self: Run, *batch: Any) -> None:
        steps[0] += 1
        if steps[0] == at:
            signal.raise_signal(signal.SIGINT)
        descend(self, *batch)

    monkeypatch.setattr(Run, "descend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        label_efficiency(X, Y, (1.0,), n_components=3, repeats=1, epochs=3, hidden=(8,), random_state=0, verbose=False)


def test_wrong_questions() -> None:
    with pytest.raises(ValueError, match="models='magic'"):
        label_efficiency(X, Y, models=("magic",))
    for fractions in ((), (0.0,), (1.5,)):
        with pytest.raises(ValueError, match="fractions="):
            label_efficiency(X, Y, fractions)


def test_rows_that_no_label_explains_make_a_group() -> None:
    rng = np.random.default_rng(0)
    centers = np.array([[5.0, 0, 0, 0], [0, 5.0, 0, 0], [0, 0, 5.0, 5.0]])
    known, new = rng.integers(0, 2, 300), np.repeat([0, 1, 2], 40)
    rows = centers[known] + rng.normal(size=(300, 4))
    fresh = centers[new] + rng.normal(size=(120, 4))
    clf = MultiLabelClassifier(epochs=40, hidden=(16,), random_state=0, verbose=False).fit(rows, np.eye(2, dtype=int)[known])
    clf.thresholds_[:] = 0.9
    ae = Autoencoder(2, **SMALL | {"epochs": 30}).fit(rows)
    found = clf.suggest_labels(fresh, ae)
    assert found
    assert np.mean(new[found[0].rows] == 2) > 0.8
    assert found[0].strangeness > 1
    assert clf.suggest_labels(rows[:50], ae) == []
    clf.thresholds_[:] = 0.0
    assert clf.suggest_labels(np.repeat(fresh, 5, axis=0), ae) == [], "every row has a label, however strange"
