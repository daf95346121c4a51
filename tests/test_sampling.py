"""New rows: of the kind that was fitted, likely, with the frequencies of the training rows, and no copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diabolo import Autoencoder, DataError, load
from diabolo.losses import Softmax, Squared
from kinds import SMALL, frame, kinds, texts

QUICK: dict[str, Any] = {"epochs": 30, "hidden": (32,), "verbose": False, "random_state": 0}


def people(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    tall = rng.random(n) < 0.3
    height = np.where(tall, rng.normal(190, 3, n), rng.normal(165, 3, n)).round()
    gift = np.where(rng.random(n) < 0.8, 0.0, rng.exponential(100, n))
    return pd.DataFrame({"height": height, "weight": 0.9 * height - 80 + rng.normal(0, 3, n), "tall": tall, "gift": gift})


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_data(kind: str) -> None:
    X = kinds()[kind]
    ae = Autoencoder(**SMALL).fit(X)
    new = ae.sample(7, random_state=0)
    assert type(new) is type(ae.reconstruct(X))
    assert (len(new) if isinstance(new, list) else new.shape[0]) == 7
    assert np.isfinite(ae.log_prob(X)).all()
    if hasattr(new, "equals"):
        assert list(new.columns if hasattr(new, "columns") else new.column_names)
        assert new.equals(ae.sample(7, random_state=0))


def test_a_table_comes_back_with_its_types() -> None:
    X = frame()
    new = Autoencoder(**SMALL).fit(X).sample(20, random_state=0)
    assert list(new.dtypes) == list(X.dtypes)
    assert list(new["grade"].cat.categories) == ["low", "mid", "high"]
    assert set(new["city"].dropna()) <= {"Oslo", "Rome", "Bern"}


def test_columns_are_as_frequent_as_they_were_and_depend_on_each_other() -> None:
    X = people()
    new = Autoencoder(2, **QUICK).fit(X).sample(2000, random_state=0)
    assert new["tall"].mean() == pytest.approx(X["tall"].mean(), abs=0.07)
    assert (new["gift"].abs() < 1e-9).mean() == pytest.approx((X["gift"] == 0).mean(), abs=0.1)
    assert new["height"].std() == pytest.approx(X["height"].std(), rel=0.15)
    assert new["height"].corr(new["weight"]) > 0.8
    assert new.groupby("tall")["height"].mean().diff().iloc[-1] > 15


def test_a_column_of_few_values_gets_no_others(tmp_path: Path) -> None:
    """Of limits of 500 to 20000 one in fourteen new rows had another, and of the years of surveys some were between them."""
    rng = np.random.default_rng(0)
    limit, year = rng.choice([500.0, 1000.0, 5000.0, 20000.0], 600, p=[0.5, 0.3, 0.15, 0.05]), rng.choice([2019, 2021], 600)
    X = pd.DataFrame({"limit": limit, "year": year, "spent": limit * rng.random(600)})
    ae = Autoencoder(2, **QUICK).fit(X, numbers=["year"])
    ae.save(tmp_path / "a.diabolo")
    for model in (ae, load(tmp_path / "a.diabolo")):
        new = model.sample(2000, random_state=0)
        for name in ("limit", "year"):
            assert set(new[name]) == set(X[name])
            shares = (rows[name].value_counts(normalize=True).sort_index() for rows in (new, X))
            np.testing.assert_allclose(*shares, atol=0.03)
    array = Autoencoder(1, **QUICK).fit(X[["year", "spent"]].to_numpy(float)).sample(2000, random_state=0)
    assert set(array[:, 0]) == {2019.0, 2021.0}


def test_given_cells_are_kept_and_the_others_suit_them() -> None:
    ae = Autoencoder(2, **QUICK).fit(people())
    tall, short = (ae.sample(200, given={"height": h}, random_state=0) for h in (190.0, 165.0))
    assert set(tall["height"]) == {190.0}
    assert tall["tall"].mean() > 0.8 > 0.3 > short["tall"].mean()
    assert tall["weight"].mean() - short["weight"].mean() > 15
    array = Autoencoder(2, **QUICK).fit(people().to_numpy(float))
    assert set(array.sample(5, given={"x0": 180.0})[:, 0]) == {180.0}


def test_a_single_row_suits_given_cells_as_well_as_many() -> None:
    """It was chosen from fifty codes, of which hardly one suits a rare cell; what few codes suit is told."""
    rng = np.random.default_rng(0)
    rare = rng.random(1000) < 0.01
    X = pd.DataFrame({"kind": np.where(rare, "rare", "usual"), **{f"x{j}": 6 * rare + rng.normal(size=1000) for j in range(3)}})
    ae = Autoencoder(2, **QUICK).fit(X)
    ones = pd.concat([ae.sample(1, given={"kind": "rare"}, random_state=seed) for seed in range(40)])
    assert ones["x0"].mean() == pytest.approx(ae.sample(500, given={"kind": "rare"}, random_state=0)["x0"].mean(), abs=0.6)
    with pytest.warns(UserWarning, match=r"only about \d suit these cells, so the 500 new rows are more alike"):
        ae.sample(500, given={"kind": "usual", "x0": 6.0, "x1": -3.0, "x2": 6.0}, random_state=0)


def test_a_band_of_likelihoods() -> None:
    X = people()[["height", "weight"]]
    ae = Autoencoder(2, **QUICK).fit(X)
    likely, unlikely = (ae.log_prob(ae.sample(300, likelihood=band, random_state=0)) for band in ((0.5, 1.0), (0.0, 0.1)))
    assert np.median(likely) > np.quantile(ae.log_prob(X), 0.5)
    assert np.median(unlikely) < np.quantile(ae.log_prob(X), 0.3)


@pytest.mark.parametrize("density", ["normal", "mixture", "kernel"])
def test_the_density_is_saved(density: str, tmp_path: Path) -> None:
    X = people()
    a = Autoencoder(2, density=density, **SMALL).fit(X)
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    assert type(a.density_) is type(b.density_)
    assert np.array_equal(a.log_prob(X), b.log_prob(X))
    assert a.sample(5, random_state=3).equals(b.sample(5, random_state=3))


def test_a_refit_forgets_the_density() -> None:
    ae = Autoencoder(2, **SMALL).fit(people())
    ae.sample(3)
    assert ae.fit(kinds()["array"]).sample(3).shape == (3, 5)


def test_copies_are_told_from_new_rows() -> None:
    X = people()
    ae = Autoencoder(2, **QUICK).fit(X)
    assert np.allclose(ae.novelty(X.iloc[:50], X), 0)
    assert np.median(ae.novelty(ae.sample(200, random_state=0), X)) > 0.3


def test_copies_within_the_rows_are_no_neighbors() -> None:
    """With most rows of X there twice, their usual distance was 0, and each new row 1e12 times as far."""
    X = people()
    ae = Autoencoder(2, **QUICK).fit(X)
    new = ae.sample(50, random_state=0)
    assert np.array_equal(ae.novelty(new, pd.concat([X, X])), ae.novelty(new, X))
    with pytest.raises(DataError, match=r"all rows of X are the same: .* give at least two different ones"):
        ae.novelty(new, X.iloc[[0, 0]])


def test_what_is_wrong_is_named() -> None:
    ae = Autoencoder(2, **SMALL).fit(people())
    with pytest.raises(ValueError, match="n=0: allowed are integers from 1"):
        ae.sample(0)
    with pytest.raises(ValueError, match=r"likelihood=\(0.5, 0.2\): allowed"):
        ae.sample(1, likelihood=(0.5, 0.2))
    with pytest.raises(DataError, match="there is no column 'age'; the columns are 'height'"):
        ae.sample(1, given={"age": 3})
    with pytest.raises(ValueError, match="density='normale': allowed are 'flow', 'kernel', 'mixture', 'normal'"):
        Autoencoder(2, density="normale", **SMALL).fit(people()).sample(1)
    with pytest.raises(DataError, match="documents have no columns to fix"):
        Autoencoder(2, **SMALL).fit(texts()).sample(1, given={"red": 1})


def test_a_map_takes_further_rows() -> None:
    X = kinds()["array"]
    for k, method in ((1, "strip"), (2, "codes"), (4, "t-SNE")):
        ae = Autoencoder(k, **SMALL).fit(X)
        found = ae.map(X)
        assert found.method == method
        assert found.places.shape == (60, 2)
        again = found.transform(ae.transform(X[:5]))
        assert again.shape == (5, 2)
        if k > 1:
            near = np.linalg.norm(found.places[:, None] - again, axis=2).argsort(0)[:10]
            assert all(i in near[:, i] for i in range(5)), "a row that is on the map lands near itself"


@pytest.mark.parametrize("loss", ["squared", "bounded", Squared(), Softmax((2, 2))])
def test_given_cells_with_any_loss(loss: Any) -> None:
    ae = Autoencoder(2, loss=loss, **SMALL).fit(kinds()["shares"])
    assert np.allclose(ae.sample(3, given={"x0": 0.5})[:, 0], 0.5)


def test_given_values_that_cannot_be_are_named() -> None:
    ae = Autoencoder(2, **SMALL).fit(frame())
    with pytest.raises(DataError, match=r"given 'city': 'Paris' is none of its levels, which are .*'Oslo'"):
        ae.sample(1, given={"city": "Paris"})
    with pytest.raises(DataError, match="given 'size': the column holds numbers, not 'large'"):
        ae.sample(1, given={"size": "large"})
    with pytest.raises(DataError, match="given is a DataFrame: give a dict of column to value"):
        ae.sample(1, given=pd.DataFrame({"city": ["Oslo"]}))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="given 'x0': 'b' is no number"):
        Autoencoder(2, **SMALL).fit(kinds()["array"]).sample(1, given={"x0": "b"})


def test_given_dates_of_numpy_and_values_of_no_column() -> None:
    table = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=40), "lasted": pd.to_timedelta(np.arange(40) ** 2, "h")})
    ae = Autoencoder(1, **SMALL).fit(table)
    for day in (np.datetime64("2024-01-09"), np.datetime64("2024-01-09T00", "h"), np.datetime64("2024-01-09", "ns")):
        assert ae.sample(1, given={"day": day, "lasted": np.timedelta64(2, "D")}).loc[0].tolist() == [
            pd.Timestamp("2024-01-09"),
            pd.Timedelta(days=2),
        ]
    for value in (pd.Period("2024-01"), 10**30, object()):
        with pytest.raises(DataError, match=r"given 'day': .* is no value of this column"):
            ae.sample(1, given={"day": value})


def test_a_missing_cell_is_not_given() -> None:
    ae, array = Autoencoder(2, **SMALL).fit(frame()), Autoencoder(2, **SMALL).fit(kinds()["array"])
    wanted = ae.sample(3, random_state=0)
    for nothing in (None, np.nan, pd.NA, pd.NaT):
        pd.testing.assert_frame_equal(ae.sample(3, given=dict.fromkeys(wanted.columns, nothing), random_state=0), wanted)
        assert np.array_equal(array.sample(3, given={"x0": nothing}, random_state=0), array.sample(3, random_state=0))


def test_given_values_that_would_change_are_refused() -> None:
    """1.5 was 2 in a column of whole numbers, and an hour the next day in one of dates."""
    X = pd.DataFrame({"n": np.arange(50) % 9, "day": pd.date_range("2024", periods=50)[::-1], "a": np.arange(50) % 7 / 7})
    ae, array = Autoencoder(2, **SMALL).fit(X), Autoencoder(2, **SMALL).fit(X[["n", "n"]].to_numpy())
    for given in ({"n": 1.5}, {"day": pd.Timestamp("2024-01-09 13:00")}):
        with pytest.raises(DataError, match=r"is no value of this column, which holds such as (2$|2024-01-10)"):
            ae.sample(1, given=given)
    with pytest.raises(DataError, match=r"given 'x0': 1.5 is no value of this column, which holds such as 2"):
        array.sample(1, given={"x0": 1.5})
    assert ae.sample(1, given={"n": 3.0, "a": 0.123})[["n", "a"]].to_numpy().tolist() == [[3, 0.123]]
    assert array.sample(1, given={"x0": 3.0})[0, 0] == 3
    with pytest.warns(UserWarning, match=r"'n' \(900, where 4 was usual\) are in most rows far from all that was seen in fit"):
        ae.sample(1, given={"n": 900})
    with pytest.raises(ValueError, match=r"likelihood=0.5: allowed are two numbers"):
        ae.sample(1, likelihood=0.5)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:of hidden cells of")
def test_rare_levels_that_share_a_feature_are_drawn_as_often_as_they_were() -> None:
    """Not one of them in place of all."""
    rng = np.random.default_rng(0)
    town = np.r_[np.repeat(np.arange(100), 9), np.tile(np.arange(100, 140), 5)].astype(str)
    X = pd.DataFrame({"town": np.char.add("t", town), "a": rng.normal(size=len(town)).round(2)})
    with pytest.warns(UserWarning, match="all beyond the 100 most frequent count as one"):
        ae = Autoencoder(2, **SMALL).fit(X)
    made = ae.sample(2000, random_state=0)["town"].value_counts()
    rare = made[[t for t in made.index if int(t[1:]) >= 100]]
    assert 0.1 < rare.sum() / 2000 < 0.3
    assert len(rare) == 40
    assert rare.max() < 4 * rare.mean()
    with pytest.warns(UserWarning, match="of hidden cells of 'town', less than 10% is explained"):
        filled = ae.impute(X.head(60).assign(town=None))["town"]
    assert filled.str[1:].astype(int).max() < 100


@pytest.mark.parametrize(("gaps", "most"), [(1, 0.12), (3, 0.45)])
def test_a_gap_where_there_was_none_makes_no_row_unlikely(gaps: int, most: float) -> None:
    rng = np.random.default_rng(0)
    side = rng.integers(0, 2, 900)
    X = pd.DataFrame(np.where(side, 1.0, -1.0)[:, None] + rng.normal(0, 0.1, (900, 6))).add_prefix("c")
    X["of"] = np.where(side, "right", "left")
    ae = Autoencoder(**QUICK).fit(X[:600])
    new = X[600:]
    unlikely = np.quantile(ae.log_prob(new), 0.05)
    order = rng.random(new.shape).argsort(1)
    holes = new.mask(order < gaps)  # the mean, which such a gap looks like, lies between both sides
    assert (ae.log_prob(holes) < unlikely).mean() < most
    assert (ae.density_.log_prob(ae.transform(holes)) < unlikely).mean() > 0.8


def test_draws_have_the_digits_that_they_were_given() -> None:
    """0.58698, not 0.5869800000000001, in whatever unit."""
    z = np.random.default_rng(0).normal(size=200)
    X = pd.DataFrame({"a": z, "b": 1e9 + z**2, "c": 1e-12 * np.exp(z)})
    made = Autoencoder(2, **SMALL).fit(X).sample(200, random_state=0)
    assert all(len(f"{v!r}".partition("e")[0].strip("-").replace(".", "")) <= 15 for v in made.to_numpy().ravel().tolist())
    assert len(np.unique(made["a"])) > 190
    whole = Autoencoder(2, **SMALL).fit(X.assign(k=np.abs(z).round() * 1.0)).sample(200, random_state=0)["k"]
    assert not np.signbit(whole).any()  # -0.0


def test_a_given_value_of_another_type_names_what_to_give() -> None:
    """There is no DataFrame whose column could be read as dates."""
    X = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=60), "x": np.arange(60.0) % 7})
    ae = Autoencoder(1, **SMALL).fit(X)
    with pytest.raises(DataError, match=r"given 'day': the column holds dates, not '2024-02-01': give a pandas.Timestamp"):
        ae.sample(1, given={"day": "2024-02-01"})
    with pytest.raises(DataError, match=r"given 'x': the column holds numbers, not '3': give one such as a cell of X holds"):
        ae.sample(1, given={"x": "3"})
