"""Missing cells: estimates go only as far from the mean of a column as hidden cells of held-out rows allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from torch import nn

from diabolo import Autoencoder, DataError, Mask, load, nets
from diabolo.hidden_cells import HiddenCells


def test_estimates_that_are_no_better_than_means_are_told(tmp_path: Path) -> None:
    """Of a column that does not depend on the others the mean is the best estimate; what a network says is worse."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(600, 1))
    X = np.hstack([z + 0.3 * rng.normal(size=(600, 4)), rng.normal(size=(600, 2))])
    gaps = np.where(rng.random(X.shape) < 0.2, np.nan, X)
    ae = Autoencoder(3, corruption=Mask(0.1, fill=None), hidden=(32,), epochs=40, random_state=0, verbose=False).fit(gaps)
    ae.save(tmp_path / "m.diabolo")
    for model in (ae, load(tmp_path / "m.diabolo"), load(tmp_path / "m.diabolo", engine="numpy")):
        with pytest.warns(UserWarning, match=r"of hidden cells of 'x4', 'x5', less than 10% is explained"):
            whole = model.impute(gaps)
        assert np.isfinite(whole).all()
        for j in range(6):
            missing = np.isnan(gaps[:, j])
            left, before = (np.mean((v - X[missing, j]) ** 2) for v in (whole[missing, j], np.nanmean(gaps[:, j])))
            assert left < (0.5 * before if j < 4 else 1.05 * before)
        np.testing.assert_allclose(model.hidden_cells_.explained[:4], 0.8, atol=0.15)
        assert "60 held-out rows" in str(model.hidden_cells_)
    gaps[:, 4:] = X[:, 4:]
    ae.impute(gaps)  # nothing to tell: no warning


def test_a_category_that_depends_on_nothing_gets_its_most_frequent_level() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=800)
    whole = pd.DataFrame({f"x{j}": z + 0.1 * rng.normal(size=800) for j in range(3)})
    whole = whole.assign(sign=np.where(z > 0, "+", "-"), kind=rng.choice(["a", "b", "c"], 800, p=[0.5, 0.3, 0.2]))
    gaps = whole.mask(rng.random(whole.shape) < 0.2)
    ae = Autoencoder(4, corruption=Mask(0.1, fill=None), hidden=(32,), epochs=30, random_state=0, verbose=False).fit(gaps)
    with pytest.warns(UserWarning, match="of hidden cells of 'kind', less than 10%"):
        filled = ae.impute(gaps)
    assert set(filled["kind"][gaps["kind"].isna()]) == {"a"}
    hidden = gaps["sign"].isna()
    assert (filled["sign"] == whole["sign"])[hidden].mean() > 0.9


def test_rows_of_more_weight_count_more() -> None:
    """In some rows the columns are the same, in others they are opposite: the weights say which of them hold."""
    rng = np.random.default_rng(0)
    z, same = rng.normal(size=400), np.arange(400) % 2
    X = np.column_stack([z, np.where(same, z, rng.normal(size=400)), rng.normal(size=400)])
    fitted: Any = {
        name: Autoencoder(2, hidden=(), random_state=0, verbose=False).fit(X, sample_weight=weight).hidden_cells_
        for name, weight in {"same": same + 1e-9, "other": 1 - same + 1e-9}.items()
    }
    assert fitted["same"].explained[1] > fitted["other"].explained[1] + 0.2


def test_of_a_column_of_hardly_any_cells_nothing_is_claimed(tmp_path: Path) -> None:
    """Before, 100 % was said to be explained of noise of which held-out rows hold one cell, or none."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=(600, 1))
    X = np.hstack([z + 0.3 * rng.normal(size=(600, 3)), rng.normal(size=(600, 4))])
    X[:, 3:][rng.random((600, 4)) < 0.97] = np.nan
    ae = Autoencoder(2, corruption=Mask(0.1, fill=None), hidden=(32,), epochs=40, random_state=0, verbose=False).fit(X)
    cells: Any = ae.hidden_cells_
    np.testing.assert_array_equal(np.isnan(cells.explained), np.arange(7) > 2)
    assert (cells.explained[:3] > 0.5).all()
    assert len(set(cells.trust[3:])) == 1
    assert str(cells).count("too few cells") == 4
    ae.save(tmp_path / "m.diabolo")
    assert str(load(tmp_path / "m.diabolo").hidden_cells_) == str(cells)
    assert np.isfinite(ae.impute(X)).all()


def test_without_held_out_rows_no_estimate_is_known_to_be_good(tmp_path: Path) -> None:
    """Of noise in 30 rows, called held-out ones, a quarter was said to be explained; estimates were worse than means."""
    X, new = np.split(np.random.default_rng(0).normal(size=(530, 5)), [30])
    gaps = np.where(np.random.default_rng(1).random(new.shape) < 0.2, np.nan, new)
    ae = Autoencoder(2, random_state=0, verbose=False).fit(X)
    ae.save(tmp_path / "m.diabolo")
    for model in (ae, load(tmp_path / "m.diabolo"), load(tmp_path / "m.diabolo", engine="numpy")):
        model.impute(new)  # there are no gaps: no warning
        with pytest.warns(UserWarning, match=r"too few rows, 30, to hold some out.* worse than the mean"):
            model.impute(gaps)
        assert "30 rows that were learned" in str(model.hidden_cells_)
        assert "of other rows less is explained" in str(model.hidden_cells_)


def test_a_module_that_makes_nan_of_gaps_is_told(tmp_path: Path) -> None:
    """Codes and estimates were NaN without a word, and a fit to such gaps was said to need another learning rate."""
    X = np.random.default_rng(0).normal(size=(100, 3))
    gaps = np.where(np.arange(300).reshape(100, 3) % 7, X, np.nan)
    settings: Any = {"epochs": 2, "random_state": 0, "verbose": False}
    ae = Autoencoder(2, encoder=nn.Linear(3, 2), **settings).fit(X)
    assert ae.hidden_cells_ is None
    new = Autoencoder(2, encoder=nn.Linear(3, 2), **settings)
    ae.save(tmp_path / "m.diabolo")
    light = load(tmp_path / "m.diabolo", engine="numpy")
    for ask in (ae.transform, ae.impute, ae.score_samples, new.fit, light.transform, light.impute):
        with pytest.raises(DataError, match=r"give nn.Sequential\(nets.MissingIndicator\(\[\]\), encoder\)"):
            ask(gaps)
    ae = Autoencoder(2, encoder=nn.Sequential(nets.MissingIndicator([]), nn.Linear(3, 2)), **settings).fit(gaps)
    assert np.isfinite(ae.impute(gaps)).all()
    assert ae.hidden_cells_ is not None


@pytest.mark.parametrize("wrong", ["mean", "explained", "nan"])
def test_what_does_not_fit_is_an_error(wrong: str) -> None:
    arrays = HiddenCells(["a", "b"], np.ones(2), np.zeros(3), np.ones(3), 50).state()
    assert HiddenCells.from_state(["a", "b"], 3, arrays).rows == 50  # type: ignore[union-attr]
    arrays |= {"mean": np.zeros(2)} if wrong == "mean" else {"explained": np.full(2, np.nan)} if wrong == "nan" else {}
    arrays.pop("explained") if wrong == "explained" else None
    with pytest.raises(DataError, match="does not fit its columns"):
        HiddenCells.from_state(["a", "b"], 3, arrays)
