"""Outliers: the promise, the two axes, robustness, known labels, and what is said about cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from diabolo import Autoencoder, DataError, OutlierDetector, load
from diabolo.estimators.outliers.explanation import RowExplanation
from diabolo.estimators.outliers.scores import LocalErrorScale, combined
from diabolo.estimators.outliers.tails import CellTails
from diabolo.formats import Tables
from diabolo.losses import Softmax, Squared
from kinds import SMALL, frame, kinds, texts

QUICK: dict[str, Any] = {"epochs": 20, "hidden": (32,), "verbose": False, "random_state": 0}


def curve(n: int, seed: int) -> np.ndarray:
    """Numbers that all depend on one."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, n)
    return np.column_stack([t, t**2, np.sin(3 * t), -t]) + 0.05 * rng.normal(size=(n, 4))


def people(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    job = np.where(age > 65, "retired", np.where(age < 25, "student", "employed"))
    return pd.DataFrame({"age": age, "job": job, "income": 1000.0 * (job == "employed") + 20.0 * age + rng.normal(0, 50, n)})


def test_the_promise() -> None:
    """Of clean rows that were not trained on, about a share alpha is flagged."""
    shares = []
    for seed in range(8):
        detector = OutlierDetector(alpha=0.05, **QUICK).fit(curve(600, seed))
        shares.append(np.mean(detector.predict(curve(1000, 1000 + seed)) == -1))
    assert 0.03 < np.mean(shares) < 0.07


@pytest.mark.parametrize(("n", "d"), [(8, 2), (8, 40), (25, 4), (25, 40), (120, 100)])
def test_the_promise_for_few_rows_and_many_columns(n: int, d: int) -> None:
    """The mean share over several data sets is at most alpha, give or take what chance explains."""
    alphas, found = np.array([1 / (n + 1), 0.05, 0.2]), []
    for seed in range(6):
        rng = np.random.default_rng([seed, n, d])
        train, new = rng.normal(size=(n, d)), rng.normal(size=(200, d))
        p = OutlierDetector(alpha=0.3, **QUICK).fit(train).p_values(new)
        found.append((p[:, None] <= alphas).mean(0))
    error = np.std(found, 0, ddof=1) / len(found) ** 0.5
    assert (np.mean(found, 0) <= alphas + 2 * error).all()


@pytest.mark.parametrize("params", [{}, QUICK])
def test_a_row_is_judged_the_same_whatever_rows_are_beside_it(params: dict[str, Any]) -> None:
    """Other rows beside it, other last bits. Training rows are compared with all others but themselves."""
    pictures = np.random.default_rng(0).integers(0, 256, (30, 20, 16, 3), np.uint8)
    detector = OutlierDetector(**{"verbose": False, "random_state": 0} | params).fit(pictures)
    single = np.concatenate([detector.score_samples(pictures[i : i + 1]) for i in range(30)])
    assert np.allclose(single, detector.score_samples(pictures), atol=0.03)  # less than a rank among 31


def test_rounding_does_not_make_a_row_another_one() -> None:
    rng = np.random.default_rng(0)
    r, z = torch.from_numpy(rng.exponential(size=(50, 4))), torch.from_numpy(rng.normal(size=(50, 20)))
    cells, scale = CellTails.fit(r), LocalErrorScale.fit(10 * z, r)
    for off in (1 - 1e-6, 1 + 1e-6):
        assert np.allclose(cells(r * off), cells(r), atol=1e-3)
        assert torch.allclose(scale(10 * z * off), scale(10 * z), atol=1e-3)
    assert (cells(r * 1.5) > cells(r)).all()


def test_copies_of_rows_are_no_witnesses() -> None:
    """Every row twice, thrice, ...: the rows are as many as before, and the same promise holds."""
    X, new = curve(150, 0), curve(1000, 1)
    once = OutlierDetector(alpha=0.05, **QUICK).fit(X)
    with pytest.warns(UserWarning, match="450 of 600 rows are copies of others: each counts once"):
        often = OutlierDetector(alpha=0.05, **QUICK).fit(np.tile(X, (4, 1)))
    assert len(often.calibration_) == 150
    assert (often.predict(new) == -1).mean() < 0.08
    assert (often.calibration_.scores == once.calibration_.scores).all()


def test_rows_of_few_values_are_equal_by_chance() -> None:
    X = np.random.default_rng(0).integers(0, 4, (300, 3))
    assert len(OutlierDetector(alpha=0.05, **QUICK).fit(X).calibration_) == 300


def test_with_too_few_rows_nothing_is_flagged_and_it_says_so(tmp_path: Path) -> None:
    X = curve(40, 0)
    with pytest.warns(UserWarning, match="alpha=0.02 with 40 rows.*Give 49 rows, or alpha=0.025, or contamination="):
        detector = OutlierDetector(alpha=0.02, **QUICK).fit(X)
    far = np.array([[9.0] * 4, [1e3] * 4, [1e6] * 4])
    assert (detector.predict(far) == 1).all()
    assert detector.rate_ == 0
    assert (np.diff(detector.score_samples(np.concatenate([X[:1], far]))) < 0).all(), "the order goes on"
    assert detector.explain(far) == []
    detector.save(tmp_path / "few.diabolo")
    assert (load(tmp_path / "few.diabolo").decision_function(far) == np.inf).all()
    assert (detector.at(0.025).predict(far) == -1).all()
    with pytest.raises(ValueError, match="alpha=2: allowed"):
        detector.at(2)


def test_the_promise_for_values_that_repeat() -> None:
    """New rows come in double precision, known ones were kept in single: equal values are equal nevertheless."""

    def rows(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return np.column_stack([rng.poisson(0.3, 800) / 3, rng.integers(0, 5, 800) * 0.7, rng.random(800) < 0.1])

    detector = OutlierDetector(alpha=0.05, **QUICK).fit(rows(0))
    assert np.mean([detector.predict(rows(seed)) == -1 for seed in range(1, 6)]) < 0.08


def test_scores_and_p_values_agree() -> None:
    X, new = curve(400, 0), np.concatenate([curve(100, 1), np.full((5, 4), 3.0)])
    detector = OutlierDetector(alpha=0.05, **QUICK).fit(X)
    p, flagged = detector.p_values(new), detector.predict(new) == -1
    assert flagged[-5:].all()
    for alpha in (0.05, 0.01, 20 / 401, 1 / 401, 0.3):
        detector.at(alpha)
        assert np.array_equal(detector.predict(new) == -1, p <= alpha)
        assert np.array_equal(detector.decision_function(new) < 0, p <= alpha)
        assert alpha - 1 / 401 < detector.rate_ <= alpha
    assert np.allclose(detector.decision_function(new), detector.score_samples(new) - detector.offset_)
    assert p.min() == pytest.approx(1 / 401)


def test_contamination_as_in_scikit_learn() -> None:
    X = curve(400, 0)
    assert (OutlierDetector(contamination=0.1, **QUICK).fit_predict(X) == -1).sum() == 40


def test_never_seen_against_rare_but_consistent() -> None:
    rng = np.random.default_rng(0)
    t = np.concatenate([rng.normal(0, 0.2, 990), rng.uniform(1, 2, 10)])
    X = np.column_stack([t, 2 * t, -t]) + 0.02 * rng.normal(size=(1000, 3))
    detector = OutlierDetector(n_components=1, **QUICK | {"epochs": 60}).fit(X)
    broken, rare = detector.axes([[0.1, -0.2, -0.1], [1.5, 3.0, -1.5]])
    assert broken[0] < 0.01 < rare[0]
    assert rare[1] < 0.02 < broken[1]


def test_where_all_is_hard_to_tell_a_loss_says_less() -> None:
    """The same loss, in a region of the bottleneck that usually loses ten times as much, and elsewhere."""
    z = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]
    losses = torch.where(z > 0, 10.0, 1.0) * torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    hard, easy = LocalErrorScale.fit(z, losses / losses.mean(0))(torch.tensor([[0.8], [-0.8]]))
    assert (hard / easy > 3).all()
    copies = LocalErrorScale.fit(z[:1].repeat(5, 1), losses[:5])(z[:1])  # no row but itself: what is usual
    assert torch.equal(copies, torch.ones(1, 2, dtype=torch.float64))


def test_discoveries_are_few_where_there_is_nothing_to_find() -> None:
    detector = OutlierDetector(**QUICK).fit(curve(600, 0))
    clean, strange = curve(300, 1), np.random.default_rng(0).uniform(-3, 3, (30, 4))
    with pytest.warns(UserWarning, match="fewer than 5 of 300 rows.*3,000 training rows are needed"):
        assert not detector.discoveries(clean).any()
    found = detector.discoveries(np.concatenate([clean, strange]), q=0.2)
    assert found[300:].mean() > 0.8
    assert found[:300].sum() <= 0.35 * found.sum()
    with pytest.raises(ValueError, match="q=0: allowed"):
        detector.discoveries(clean, q=0)


def test_outliers_among_the_training_rows_do_not_spoil_it() -> None:
    rng = np.random.default_rng(0)
    dirty = np.concatenate([curve(500, 0), np.column_stack([rng.uniform(-1, 1, 40), *rng.uniform(-1, 1, (3, 40))])])
    new, y = np.concatenate([curve(200, 1), rng.uniform(-1, 1, (50, 4))]), np.arange(250) >= 200
    trimmed = OutlierDetector(trim_fraction=0.1, **QUICK | {"epochs": 60}).fit(dirty)
    assert roc_auc_score(y, -trimmed.score_samples(new)) > 0.93


def test_known_outliers_teach() -> None:
    rng = np.random.default_rng(0)

    def rows(n: int, outliers: int) -> tuple[np.ndarray, np.ndarray]:
        """Outliers differ in one quiet column of many; others are as wild as outliers are elsewhere."""
        X = np.column_stack([rng.standard_t(2, (n, 8)), rng.normal(0, 1, n)])
        X[:outliers, 8] += rng.choice([-3.0, 3.0], outliers)
        return X, np.where(np.arange(n) < outliers, -1, 0)

    X, y = rows(600, 20)
    new, truth = rows(600, 100)
    blind = roc_auc_score(truth == -1, -OutlierDetector(**QUICK).fit(X).score_samples(new))
    taught = OutlierDetector(**QUICK).fit(X, y)
    assert roc_auc_score(truth == -1, -taught.score_samples(new)) > blind + 0.05
    clean = rows(1000, 0)[0]
    assert np.mean(taught.set_params(alpha=0.05).p_values(clean) <= 0.05) < 0.09


def test_y_of_another_meaning_is_not_lost_in_silence() -> None:
    X = curve(60, 0)
    same = OutlierDetector(**SMALL).fit(X).score_samples(X)
    assert np.array_equal(OutlierDetector(**SMALL).fit(X, np.ones(60)).score_samples(X), same)
    for y in (np.arange(60) % 2, np.arange(60) > 50, np.arange(60)):  # 1 is an outlier, elsewhere
        with pytest.warns(UserWarning, match="y is ignored.*-1 outlier, 1 normal, 0 unknown.*give np.where"):
            detector = OutlierDetector(**SMALL).fit(X, y)
        assert np.array_equal(detector.score_samples(X), same)
    many: list[Any] = [0] * 57
    wrong: dict[str, list[Any]] = {
        "y has 3 entries, X has 60 rows": [-1, 0, 1],
        "y has 2 entries": [1, 1],
        "y holds 'a'": ["a"] * 60,
        "y holds nan": [*many, -1, 0, np.nan],
        "y holds 2: allowed are -1 outlier": [*many, -1, 0, 2],
    }
    for message, y in wrong.items():
        with pytest.raises(DataError, match=message):
            OutlierDetector(**SMALL).fit(X, y)


def test_weights() -> None:
    """Rows of weight 0 are as if they were not there; heavier rows are learned better."""
    X, other = curve(200, 0), np.random.default_rng(0).uniform(-1, 1, (60, 4))
    both = np.concatenate([X, other])
    weight = np.repeat([1.0, 0.0], [200, 60])
    detector = OutlierDetector(alpha=0.05, **QUICK).fit(both, sample_weight=weight)
    assert len(detector.calibration_) == 200
    assert roc_auc_score(np.arange(260) >= 200, -detector.score_samples(both)) > 0.95
    heavy = OutlierDetector(alpha=0.05, **QUICK | {"trim_fraction": 0.0}).fit(
        both, sample_weight=np.repeat([1.0, 20.0], [200, 60])
    )
    light = OutlierDetector(alpha=0.05, **QUICK | {"trim_fraction": 0.0}).fit(
        both, sample_weight=np.repeat([20.0, 1.0], [200, 60])
    )

    def apart(detector: OutlierDetector) -> float:
        """How much worse random rows are told than those of the curve."""
        curved, random = (
            detector._scorer.reconstructor.look(torch.cat(list(detector._features(rows))))[1].mean() for rows in (X, other)
        )
        return float(random / curved)

    assert apart(light) > 1.3 * apart(heavy)
    with pytest.raises(DataError, match="sample_weight has shape"):
        OutlierDetector(**SMALL).fit(X, sample_weight=[1.0, 2.0])
    with pytest.raises(DataError, match=r"n_samples=5.*and have a weight"):
        OutlierDetector(**SMALL).fit(X, sample_weight=np.arange(200) < 5)


# ── outside the domain ───────────────────────────────────────────────────────────────────────────────────────────────


def shop(n: int, seed: int) -> pd.DataFrame:
    """Many columns of several kinds, one of them with rare levels that share a feature."""
    rng = np.random.default_rng(seed)
    t = rng.normal(size=(n, 30))
    df = pd.DataFrame(t + 0.3 * rng.normal(size=(n, 1)), columns=[f"x{j}" for j in range(30)])
    levels = np.minimum(rng.geometric(0.02, n), 160)
    return df.assign(
        open=rng.random(n) < 0.5,
        paid=rng.integers(0, 2, n),
        size=rng.choice(list("SML"), n),
        town=[f"T{level}" for level in levels],
    )


@pytest.mark.filterwarnings("ignore:about .* of the rows to come")
def test_what_cannot_be_is_the_plainest_outlier(tmp_path: Path) -> None:
    detector = OutlierDetector(alpha=0.02, **QUICK).fit(shop(400, 0))
    known = set(shop(400, 0)["town"])
    assert len(known) > 100
    new = shop(40, 1)
    new = new[new["town"].isin(known)].head(20).reset_index(drop=True)
    usual, p = detector.score_samples(new), detector.cell_p_values(new)
    detector.save(tmp_path / "shop.diabolo")
    for column, value in (("paid", 7), ("paid", -3), ("paid", 0.5), ("size", "XXL"), ("town", "nowhere")):
        wrong = new.assign(**{column: value})
        score = detector.score_samples(wrong)
        assert np.isfinite(score).all()
        assert (detector.predict(wrong) == -1).all(), (column, value)
        assert (score < usual.min() - 2).all()
        cells = detector.cell_p_values(wrong)
        j = list(new.columns).index(column)
        assert (cells[:, j] < 1e-6).all()
        assert (cells[:, j] <= np.nanmin(p, 1)).all()
        for verdict in detector.explain(wrong, rows=[0, 1]):
            assert verdict.cells[0].column == column
            assert verdict.cells[0].repairs
        assert np.array_equal(load(tmp_path / "shop.diabolo").score_samples(wrong), score)
    rare = new.assign(town=sorted(known, key=list(shop(400, 0)["town"]).count)[0])
    assert (detector.score_samples(rare) > detector.score_samples(new.assign(town="nowhere"))).all()


@pytest.mark.filterwarnings("ignore:about .* of the rows to come")
def test_what_was_taught_does_not_hide_what_cannot_be() -> None:
    X = shop(200, 0)
    y = np.where(np.arange(200) < 10, -1, 0)
    X.loc[:9, "x0"] += 6.0
    detector = OutlierDetector(alpha=0.05, **QUICK).fit(X, y)
    wrong = shop(20, 1).assign(paid=7)
    assert (detector.predict(wrong) == -1).all()
    new = shop(100, 1)
    assert (detector.predict(new[new["town"].isin(set(X["town"]))]) == 1).mean() > 0.85


def test_one_large_surprise_counts_for_more_than_two_small_ones() -> None:
    one, two = (combined([np.array([v]) for v in values]) for values in ([0.0, 0, 0, 3, 0], [0.0, 0, 0, 2, 2]))
    assert (one[0, 1] > two[0, 1]) & (one[0, 0] == two[0, 0] == 0)


def test_further_out_is_stranger() -> None:
    detector = OutlierDetector(alpha=0.05, **QUICK).fit(curve(300, 0))
    far = np.repeat(curve(1, 1), 4, 0)
    far[:, 0] = [3.0, 10.0, 1e3, 1e6]
    assert (np.diff(detector.score_samples(far)) < 0).all()
    assert (detector.predict(far) == -1).all()


@pytest.mark.filterwarnings("ignore:about .* of the rows to come")
@pytest.mark.filterwarnings("ignore:.*'paid' had only 0 and 1 in fit")  # of the autoencoder
def test_rows_that_a_files_sample_did_not_show_are_not_learned() -> None:
    """Levels that come after the rows from which the columns were learned."""
    X = shop(200, 0)
    format = Tables().fit(X)
    format.fit = lambda X: format  # type: ignore[method-assign]
    later = pd.concat([X, shop(60, 1).assign(size="XXL", paid=2)], ignore_index=True)
    detector = OutlierDetector(format=format, alpha=0.05, **QUICK).fit(later)
    assert len(detector.calibration_) == 200
    assert (detector.predict(later)[200:] == -1).all()
    model = Autoencoder(2, format=format, **SMALL).fit(later)
    assert np.isfinite(model.transform(later)).all()
    errors = model.reconstruction_errors(later)
    assert (errors[200:, [31, 32]] == 2).all()
    assert np.isfinite(model.sample(3, random_state=0)["paid"]).all()
    with pytest.raises(DataError, match="'paid': 7 is neither 0 nor 1"):
        model.sample(3, given={"paid": 7})
    array = Autoencoder(1, **SMALL).fit(X[["x0", "paid"]].to_numpy())
    with pytest.raises(DataError, match="'x1': 7 is neither 0 nor 1"):
        array.sample(3, given={"x1": 7})


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_planted_error_is_named_first_in_original_units() -> None:
    detector = OutlierDetector(**QUICK | {"epochs": 100}).fit(people(800, 0))
    wrong = pd.DataFrame({"age": [20, 40, 75], "job": ["retired", "employed", "retired"], "income": [400.0, 5000.0, 1500.0]})
    told = {v.row: v for v in detector.explain(wrong)}
    assert set(told) == {0, 1}, "the third one is like others"
    job, income = told[0].cells[0], told[1].cells[0]
    assert (job.column, job.seen, job.expected) == ("job", "retired", "student")
    assert job.between == ("student",)
    assert job.repairs
    assert (income.column, income.seen) == ("income", 5000.0)
    low, high = income.between
    assert 500 < low < 1800 < high < 3100
    assert low < income.expected < high
    assert income.p < 0.01
    assert all(v.repaired for v in told.values())
    assert "income *" in str(told[1])


@pytest.mark.parametrize("kind", ["table", "array"])
def test_what_is_normal_of_what_was_never_negative_is_not(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a = np.c_[rng.exponential(1.0, 200), rng.poisson(1.0, 200), rng.normal(size=200)]
    table = pd.DataFrame(a, columns=["wait", "count", "free"]).astype({"count": int})
    detector = OutlierDetector(**QUICK).fit(table if kind == "table" else a)
    detector.save(path := tmp_path / "a.diabolo")
    for model in (detector, load(path)):
        cells = [cell for v in model.explain(table if kind == "table" else a, rows=range(50), most=3) for cell in v.cells]
        low = {name: min(c.between[0] for c in cells if c.column == name) for name in {c.column for c in cells}}
        assert [low[name] == 0 for name in detector.format_.columns] == [True, True, False]
        assert min(low.values()) < 0


def test_a_repair_makes_the_row_normal() -> None:
    detector = OutlierDetector(**QUICK | {"epochs": 100}).fit(people(800, 0))
    row = pd.DataFrame({"age": [40], "job": ["employed"], "income": [5000.0]})
    verdict = detector.explain(row)[0]
    for cell in verdict.cells:
        if cell.repairs:
            row[cell.column] = cell.expected
    assert detector.predict(row) == [1]


def test_levels_that_new_rows_will_bring_are_told() -> None:
    rng = np.random.default_rng(0)
    df = pd.DataFrame({"a": rng.normal(size=200), "town": [f"T{v}" for v in rng.geometric(0.02, 200)]})
    with pytest.warns(UserWarning, match=r"about \d+\.\d% of the rows to come will hold a value of column 'town'"):
        OutlierDetector(alpha=0.05, epochs=2, random_state=0, verbose=False).fit(df)


def test_the_promise_where_few_rows_leave_columns_constant() -> None:
    rng = np.random.default_rng(0)
    X, new = (rng.random((n, 200)) < 0.3 for n in (10, 200))
    with pytest.warns(UserWarning, match="no row will be flagged"):
        detector = OutlierDetector(random_state=0, verbose=False).fit(X.astype(float))
    assert (detector.p_values(new.astype(float)) <= 0.2).mean() < 0.3


def test_a_wild_cell_leaves_the_others_as_they_are() -> None:
    rng = np.random.default_rng(0)
    df = pd.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300), "g": rng.choice(["u", "v"], 300)})
    detector = OutlierDetector(alpha=0.02, random_state=0, verbose=False).fit(df)
    for wild in (20.0, 1e6):
        p = detector.cell_p_values(df.head(200).assign(a=np.where(df.index[:200] < 100, wild, df["a"][:200])))
        assert (p[:100, 0] <= 0.01).all()
        assert (p[:100, 1:] <= 0.01).mean() < 0.05


def test_cells_alone() -> None:
    detector = OutlierDetector(**QUICK | {"epochs": 100}).fit(people(800, 0))
    new = people(100, 1)
    new.loc[7, "income"] = 5000.0
    new["age"] = new["age"].astype(float)
    new.loc[8, "age"] = np.nan
    p = detector.cell_p_values(new.astype({"age": "float"}))
    assert p.shape == (100, 3)
    assert np.nanargmin(p) // 3 == 7
    assert p[7, 2] < 0.01
    assert np.isnan(p[8, 0])
    assert 0.3 < np.nanmean(p < 0.5) < 0.7, "p-values of normal cells are spread evenly"
    with pytest.raises(DataError, match="explain"):
        OutlierDetector(**SMALL).fit(texts()).cell_p_values(texts())


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_data_is_explained(kind: str) -> None:
    X = kinds()[kind]
    verdicts = OutlierDetector(**SMALL).fit(X).explain(X, rows=[0, 3], most=2)
    assert [v.row for v in verdicts] == [0, 3]
    for v in verdicts:
        assert 0 < v.p <= 1
        assert 1 <= len(v.cells) <= 5
        assert f"row {v.row} " in str(v)


def test_a_missing_cell_says_what_it_should_be() -> None:
    X = frame()
    detector = OutlierDetector(**SMALL).fit(X)
    cells = {c.column: c for c in detector.explain(X, rows=[4], most=12)[0].cells}
    assert cells["city"].seen is None
    assert cells["city"].expected in ("Oslo", "Rome", "Bern")
    assert cells["same"].expected == pytest.approx(1.0, abs=0.2)


def test_a_gap_where_there_was_none_is_hardly_evidence() -> None:
    r = np.random.default_rng(0)
    a = r.normal(size=400)
    X = pd.DataFrame({"a": a, "b": a + 0.1 * r.normal(size=400), "side": np.where(a > 0, "east", "west")})
    X = X.assign(square=a**2 + 0.1 * r.normal(size=400), town=r.choice(["Bern", "Oslo", "Rome"], 400))
    X = X.assign(yes=pd.array(r.random(400) < 0.5, dtype="boolean"))
    detector = OutlierDetector(alpha=0.05, random_state=0).fit(X[:200])
    for names in [[name] for name in X] + [["a", "b"], ["a", "b", "side"]]:
        unknown = X[200:].assign(**{name: pd.Series([None] * 200, index=X.index[200:], dtype=X[name].dtype) for name in names})
        most = 0.1 if len(names) == 1 else 0.16  # seen as a gap, most of them are flagged; of several gaps, little is promised
        assert (detector.predict(unknown) == -1).mean() < most, names
        p = detector.cell_p_values(unknown)
        assert np.isnan(p[:, [X.columns.get_loc(name) for name in names]]).all()


def test_words_that_do_not_belong() -> None:
    detector = OutlierDetector(**SMALL).fit(texts())
    cell = detector.explain(["red red red red apple"], rows=[0])[0].cells[0]
    assert (cell.column, cell.seen) == ("red", 4.0)
    assert cell.expected < 4


# ── files, and what is wrong ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_taught_is_saved(tmp_path: Path) -> None:
    X = curve(100, 0)
    y = np.zeros(100)
    y[:5] = -1
    a = OutlierDetector(contamination=0.1, **SMALL).fit(X, y)
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    assert np.array_equal(a.decision_function(X), b.decision_function(X))
    assert a.explain(X, rows=[0, 7]) == b.explain(X, rows=[0, 7])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 0),
        ("alpha", 1.0),
        ("alpha", "few"),
        ("contamination", 0.0),
        ("contamination", 0.6),
        ("contamination", "auto"),
        ("trim_fraction", 0.5),
        ("trim_fraction", -0.1),
        ("members", 1),
        ("members", 2.5),
        ("n_components", 0),
        ("n_components", 1.5),
        ("hidden", (0,)),
        ("corruption", "noise"),
    ],
)
def test_wrong_parameters_are_named_with_what_is_allowed(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"{name}={value!r}.*allowed".replace("(", r"\(").replace(")", r"\)")):
        OutlierDetector(**SMALL | {name: value}).fit(curve(60, 0))


@pytest.mark.parametrize("loss", ["squared", "bounded", "logistic", Squared()])
def test_any_loss(loss: Any) -> None:
    X = kinds()["shares"]
    assert OutlierDetector(loss=loss, **SMALL).fit(X).explain(X, rows=[0])[0].cells


def test_a_loss_that_joins_columns_names_no_cells() -> None:
    X = kinds()["shares"]
    detector = OutlierDetector(loss=Softmax((2, 2)), **SMALL).fit(X)
    assert detector.p_values(X).min() > 0
    with pytest.raises(DataError, match="has 2 terms for 4 columns: to name cells, take loss='auto'"):
        detector.explain(X, rows=[0])


def test_rows_that_are_not_there() -> None:
    X = curve(60, 0)
    with pytest.raises(ValueError, match="there is no row 60; X has the rows 0 to 59"):
        OutlierDetector(**SMALL).fit(X).explain(X, rows=[3, 60])


def test_rows_by_number_or_as_a_mask() -> None:
    X = curve(60, 0)
    detector = OutlierDetector(**SMALL).fit(X)
    mask = np.isin(np.arange(60), (0, 2, 59))
    for rows in (mask, mask.tolist(), [0, 2, 59], np.array([0, 2, 59], np.uint8)):
        assert [v.row for v in detector.explain(X, rows=rows)] == [0, 2, 59]
    assert detector.explain(X, rows=[]) == detector.explain(X, rows=np.zeros(60, bool)) == []
    wrong: dict[str, Any] = {
        "mask of shape .3,., but X has 60": [True, False, True],
        "no row -1": [-1],
        "row numbers, such": [0.0, 2.0],
    }
    for message, rows in wrong.items():
        with pytest.raises(ValueError, match=message):
            detector.explain(X, rows=rows)


def test_too_few_rows() -> None:
    with pytest.raises(DataError, match="n_samples=5: an outlier detector needs at least 8"):
        OutlierDetector(**SMALL).fit(curve(5, 0))


def test_rare_is_what_is_consistent() -> None:
    """A row that is extreme on both axes was never seen, however small the other p-value."""
    for distance, code, why in ((5e-18, 0.0, "never seen"), (0.3, 1e-5, "rare"), (0.004, 0.2, "never seen")):
        assert RowExplanation(0, 1e-3, distance, code, (), False).why == why


def test_pictures_are_explained() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (60, 8, 8)).astype(np.uint8)
    pictures[0, 3:6, 3:6] = 255
    detector = OutlierDetector(**QUICK).fit(pictures)
    assert len(detector.explain(pictures, rows=[0])[0].cells) == 5


@pytest.mark.parametrize("shape", [(60, 6, 5), (60, 30)])
def test_what_is_expected_of_bytes_are_bytes(shape: tuple[int, ...]) -> None:
    """As of a table of bytes; of pictures, -5 was expected, and 626 was normal."""
    rng = np.random.default_rng(0)
    X = (rng.integers(0, 60, (60, 30)) + np.where(rng.random((60, 1)) < 0.5, 0, 195)).astype(np.uint8).reshape(shape)
    found = OutlierDetector(alpha=0.1, epochs=2, verbose=False, random_state=0).fit(X).explain(X, rows=range(60), most=9)
    ends = [value for row in found for cell in row.cells for value in (cell.expected, *cell.between)]
    assert min(ends) == 0
    assert max(ends) == 255


def test_nothing_below_zero_is_expected_where_nothing_was() -> None:
    rng = np.random.default_rng(0)
    b = rng.normal(size=300).round(2)
    X = pd.DataFrame({"a": b.clip(0), "b": b, "c": 2 * b + rng.normal(0, 0.1, 300)})
    det = OutlierDetector(alpha=0.1, n_components=1, hidden=(), epochs=30, verbose=False, random_state=0).fit(X)
    assert min(c.expected for row in det.explain(X, rows=range(300)) for c in row.cells if c.column == "a") == 0  # and not -0.6
