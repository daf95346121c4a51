"""Codes far from nearly all that fit saw are told, by both engines, and no others."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine

from diabolo import Autoencoder, DataError, load
from diabolo.usual_codes import UsualCodes

X = load_wine(as_frame=True).data


@pytest.fixture(scope="module")
def fitted() -> Autoencoder:
    return Autoencoder(n_components=2, hidden=(), random_state=0).fit(X)


def test_other_codes_are_told(fitted: Autoencoder, tmp_path: Path) -> None:
    z = fitted.transform(X)
    fitted.save(tmp_path / "a.diabolo")
    for model in (fitted, load(tmp_path / "a.diabolo"), load(tmp_path / "a.diabolo", engine="numpy")):
        with pytest.warns(UserWarning, match=r"z1 \(such as .* was usual\).*far from nearly all codes of fit.*in their order"):
            model.inverse_transform(100 * z)
        with pytest.warns(UserWarning, match="z2 "):
            model.inverse_transform([[0.0, 1e308]])


def test_ordinary_codes_are_not(fitted: Autoencoder) -> None:
    z = fitted.transform(X)
    drawn = fitted.density_.sample(500, np.random.default_rng(0))
    corners = np.array([[x, y] for x in (z[:, 0].min(), z[:, 0].max()) for y in (z[:, 1].min(), z[:, 1].max())])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for codes in (z, drawn, 1.5 * corners, corners[:1], np.linspace(-5, 5, 11)[:, None] * z.std(0), z[:0]):
            fitted.inverse_transform(codes)
        fitted.sample(20, likelihood=(0.0, 0.05), random_state=0)


def test_a_few_far_rows_are_not() -> None:
    z = np.random.default_rng(0).normal(size=(100, 3))
    usual, z[:40] = UsualCodes.of(z), 1e6
    assert not len(usual.far(z))
    assert usual.far(np.roll(z[40:] * [1, 1, 30], 1, 1)).tolist() == [0]


def test_a_file_whose_parts_do_not_fit() -> None:
    with pytest.raises(DataError, match="does not fit"):
        UsualCodes.from_state({"center": np.zeros(2), "spread": np.ones(3)}, 2)
