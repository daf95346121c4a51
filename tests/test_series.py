"""Rows that follow each other in time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diabolo import Autoencoder, Classifier, MultiLabelClassifier, OutlierDetector, Regressor
from diabolo.rows import Rows
from diabolo.series import is_series
from kinds import SMALL

R = np.random.default_rng(0)
QUICK = SMALL | {"random_state": 0}
WRONG = {Autoencoder: "what `comparison_` says is too good", OutlierDetector: "p-values are too small"}


def test_a_series_is_told() -> None:
    walk, noise = np.cumsum(R.normal(size=(600, 4)), 0), R.normal(size=600)
    for kind, y in ((Regressor, noise), (Classifier, noise > 0), (MultiLabelClassifier, np.stack([noise > 0, noise > 1], 1))):
        with pytest.warns(UserWarning, match=r"^rows are like those before and after them.*groups=np.arange\(600\) // 30"):
            kind(**QUICK).fit(walk, y)
        kind(**QUICK).fit(walk, y, groups=np.arange(600) // 30)
        kind(**QUICK).fit(R.permutation(walk), y)
    for kind, wrong in WRONG.items():
        with pytest.warns(UserWarning, match=f"^rows are like those before and after them.*{wrong} for later ones"):
            kind(**QUICK).fit(walk)
        kind(**QUICK).fit(R.permutation(walk))


def test_rows_sorted_by_class_are_no_series() -> None:
    y = np.repeat(np.arange(3), 100)
    x = Rows(torch.from_numpy(R.normal(size=(300, 4)) + 50 * y[:, None]).float())
    assert is_series(x)
    assert not is_series(x, torch.from_numpy(y))


def test_any_log_is_a_series() -> None:
    walk, noise, time = np.cumsum(R.normal(size=(1000, 3)), 0), R.normal(size=(1000, 5)), np.arange(1000)[:, None]
    y = torch.from_numpy(np.cumsum(R.normal(size=(1000, 1)), 0))
    gaps = np.where(R.random(walk.shape) < 0.1, np.nan, walk)
    for x in (np.hstack([time, walk[:, :2]]), walk[:, :2], gaps, (10 * walk).round() / 10, np.hstack([walk, noise])):
        assert is_series(Rows(torch.from_numpy(x).float()))
    assert is_series(Rows(torch.from_numpy(np.hstack([time, noise])).float()), numbers=y)
    assert not is_series(Rows(torch.from_numpy(np.hstack([time, noise])).float()))
    assert not is_series(Rows(torch.from_numpy(time).float()), numbers=y)  # a curve is to be drawn
