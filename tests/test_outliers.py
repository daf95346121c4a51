"""Outliers: the promise, the two axes, robustness, known labels, and what is said about cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from diabolo import DataError, OutlierDetector, load
from diabolo.estimators.usual import Edges, Local
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
    assert (p[flagged] <= 0.05).all()
    assert flagged[-5:].all()
    assert detector.offset_ == pytest.approx(np.log(0.05))
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
    """The same loss, in a region of the waist that usually loses ten times as much, and elsewhere."""
    z = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]
    losses = torch.where(z > 0, 10.0, 1.0) * torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    hard, easy = Local.fit(z, losses / losses.mean(0))(torch.tensor([[0.8], [-0.8]]))
    assert (hard / easy > 3).all()
    copies = Local.fit(z[:1].repeat(5, 1), losses[:5])(z[:1])  # no row but itself: what is usual
    assert torch.equal(copies, torch.ones(1, 2, dtype=torch.float64))


def test_edges_see_what_is_extreme_in_one_column() -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(500, 6)))
    x[:, 5] = torch.from_numpy(rng.random(500) < 0.02)
    x[::7, 4] = torch.nan
    edges = Edges.fit(x)
    middle, far, rare, unknown = edges(torch.tensor([[0.0] * 6, [0.0, 9, 0, 0, 0, 0], [0.0] * 5 + [1], [torch.nan] * 6]))
    assert unknown < middle < rare < far
    alone = edges(x)
    assert np.allclose(alone, Edges.fit(x[torch.randperm(500)])(x))
    without = [Edges.fit(torch.cat([x[:i], x[i + 1 :]]))(x[i : i + 1])[0] for i in range(20)]
    assert np.allclose(alone[:20], without, atol=0.1)  # a row is not its own witness


def test_discoveries_are_few_where_there_is_nothing_to_find() -> None:
    detector = OutlierDetector(**QUICK).fit(curve(600, 0))
    clean, strange = curve(300, 1), np.random.default_rng(0).uniform(-3, 3, (30, 4))
    assert detector.discoveries(clean).mean() < 0.02
    found = detector.discoveries(np.concatenate([clean, strange]), q=0.2)
    assert found[300:].mean() > 0.8
    assert found[:300].sum() <= 0.35 * found.sum()
    with pytest.raises(ValueError, match="q=0: allowed"):
        detector.discoveries(clean, q=0)


def test_outliers_among_the_training_rows_do_not_spoil_it() -> None:
    rng = np.random.default_rng(0)
    dirty = np.concatenate([curve(500, 0), np.column_stack([rng.uniform(-1, 1, 40), *rng.uniform(-1, 1, (3, 40))])])
    new, y = np.concatenate([curve(200, 1), rng.uniform(-1, 1, (50, 4))]), np.arange(250) >= 200
    trimmed = OutlierDetector(trim=0.1, **QUICK | {"epochs": 60}).fit(dirty)
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


def test_y_of_another_meaning_is_ignored_and_a_wrong_one_named() -> None:
    X = curve(60, 0)
    same = OutlierDetector(**SMALL).fit(X).score_samples(X)
    for y in (np.ones(60), np.arange(60), ["a"] * 60):
        assert np.array_equal(OutlierDetector(**SMALL).fit(X, y).score_samples(X), same)
    with pytest.raises(ValueError, match="y has 3 entries, X has 60 rows"):
        OutlierDetector(**SMALL).fit(X, [-1, 0, 1])


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
    assert "income: 5000.0, expected" in str(told[1])


def test_a_repair_makes_the_row_normal() -> None:
    detector = OutlierDetector(**QUICK | {"epochs": 100}).fit(people(800, 0))
    row = pd.DataFrame({"age": [40], "job": ["employed"], "income": [5000.0]})
    verdict = detector.explain(row)[0]
    for cell in verdict.cells:
        if cell.repairs:
            row[cell.column] = cell.expected
    assert detector.predict(row) == [1]


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
        assert str(v).startswith(f"row {v.row}: p = ")


def test_a_missing_cell_says_what_it_should_be() -> None:
    X = frame()
    detector = OutlierDetector(**SMALL).fit(X)
    cells = {c.column: c for c in detector.explain(X, rows=[4], most=9)[0].cells}
    assert cells["city"].seen is None
    assert cells["city"].expected in ("Oslo", "Rome", "Bern")
    assert cells["same"].expected == pytest.approx(1.0, abs=0.2)


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
        ("trim", 0.5),
        ("trim", -0.1),
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


def test_too_few_rows() -> None:
    with pytest.raises(DataError, match="n_samples=5: an outlier detector needs at least 8"):
        OutlierDetector(**SMALL).fit(curve(5, 0))
