"""Training rows are judged as new ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import diabolo
from diabolo import OutlierDetector
from diabolo.errors import FormatError
from diabolo.estimators.outliers.unseen import UnseenBy, keys


def fitted(d: int) -> tuple[OutlierDetector, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(200, d))
    return OutlierDetector(epochs=2, verbose=False, random_state=0).fit(X), X


def test_training_rows_of_a_wide_table_are_no_outliers(tmp_path: Path) -> None:
    detector, X = fitted(1000)
    assert (detector.predict(X) < 0).mean() <= 0.01, "by their own networks"
    s = detector.score_samples(X)
    detector.save(tmp_path / "m.diabolo")
    assert (diabolo.load(tmp_path / "m.diabolo").score_samples(X) == s).all()
    for rounded in (X.astype(np.float32), X.round(6)):
        np.testing.assert_allclose(detector.score_samples(rounded), s, atol=0.1, err_msg="the same rows: a rank more, or less")
    assert np.median(detector.score_samples(X + 1e-3)) < np.median(s) - 2, "rows that only look like them are not known"


def test_few_rows_too() -> None:
    X = np.random.default_rng(1).normal(size=(30, 800))
    detector = OutlierDetector(0.1, epochs=2, verbose=False, random_state=0).fit(X)
    assert (detector.predict(X) < 0).mean() <= 0.1


@pytest.mark.parametrize("seed", [1, 3])
def test_outliers_among_the_training_rows_are_found_as_others_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(400, 1)) @ rng.normal(size=(1, 6)) + 0.1 * rng.normal(size=(400, 6))
    X[:8] = rng.normal(size=(8, 6))
    detector = OutlierDetector(0.03, verbose=False, random_state=0).fit(X)
    flagged, s = detector.predict(X) < 0, detector.score_samples(X)
    assert flagged[:8].sum() >= 7
    assert 0.025 <= flagged.mean() <= 0.03, "the share that was promised"
    detector._scorer.unseen_by = None
    assert (detector.predict(X) < 0)[:8].sum() < flagged[:8].sum(), "members that have seen a row make less of it"
    assert (np.argsort(detector.score_samples(X)) == np.argsort(s)).all(), "but they order rows well"


def test_rows_are_known_again() -> None:
    x = torch.tensor([[0.0, 1.0], [2.0, torch.nan], [3.0, 4.0], [2.0, torch.nan]], dtype=torch.float64)
    known = UnseenBy.of(keys(x[:2]), np.array([2, 1]))
    for same in (known, UnseenBy.from_state(known.state(), 3)):
        assert same(x).tolist() == [2, 1, -1, 1]
        assert same(-x[:1] * torch.tensor([1.0, -1.0])).tolist() == [2], "-0.0 is 0.0"
    for odd in (
        {"fold": np.array([3, 0, 0, 0])},
        {"fold": np.array([0])},
        {"keys": np.zeros((1, 2), np.int64)},
        {"scores": np.zeros((2, 2))},
    ):
        with pytest.raises(FormatError, match="do not fit together"):
            UnseenBy.from_state(known.state() | odd, 3)


def test_what_new_rows_may_equal_is_not_known_again() -> None:
    x, fold = torch.arange(40.0)[:, None] * torch.ones(3), np.arange(40) % 2
    pair, many = x.clone(), x.clone()
    pair[1], many[1:12:2] = pair[0], many[:12:2]
    known = UnseenBy.of(keys(pair), fold)
    assert known is not None
    assert known(pair).tolist() == [-1, -1, *fold[2:]]
    assert UnseenBy.of(keys(many), fold) is None
    assert UnseenBy.of(keys(torch.zeros(40, 3)), fold) is None


def test_new_rows_of_few_categories_are_flagged_as_promised() -> None:
    rng = np.random.default_rng(1)
    shift = rng.integers(0, 3, 3000)[:, None] + rng.choice(4, (3000, 4), p=[0.7, 0.2, 0.08, 0.02])
    X = pd.DataFrame(np.array(list("abcdef"))[shift % 6], columns=list("pqrs"))
    detector = OutlierDetector(0.1, verbose=False, random_state=1).fit(X[:1000])
    assert (detector.predict(X[1000:]) < 0).mean() < 0.12
