"""Many labels: new ones leave the old ones as they are, unknown ones count for nothing, and what is said is chosen well."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diabolo import (
    Asymmetric,
    Autoencoder,
    DataError,
    FormatError,
    IndependentClassifiers,
    MultiLabelClassifier,
    MultiLabelStratifiedKFold,
    load,
    storage,
)
from diabolo.decision import binarize
from diabolo.estimators.cross_fitting import CrossFit
from diabolo.estimators.multilabel import comparison, targets
from diabolo.estimators.multilabel.calibration import platt
from diabolo.estimators.multilabel.direct import Direct
from diabolo.estimators.multilabel.linear_residual import fit_linear_residual, penalty
from diabolo.estimators.multilabel.metrics import ranking_error, relative_loss, unranked
from diabolo.estimators.multilabel.new_label import NewLabel, solve
from diabolo.estimators.multilabel.replay import Memory
from diabolo.estimators.multilabel.targets import LabelTarget
from diabolo.estimators.multilabel.thresholds import check_metric, thresholds
from diabolo.formats import read_labeled
from diabolo.losses import Logistic, Loss
from diabolo.report import write
from kinds import SMALL, kinds

QUICK: dict[str, Any] = {"epochs": 40, "hidden": (16,), "verbose": False, "random_state": 0}
AUTO: dict[str, Any] = {"hidden": "auto"}  # of a frozen encoder: none
NAMES = ["a", "b", "c"]


def rows(n: int = 60, k: int = 3, seed: int = 0, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Label c: above or below a line of its own; the lines are the same for every seed."""
    r = np.random.default_rng(seed)
    X = r.normal(size=(n, 6))
    w, b = np.random.default_rng(99).normal(size=(6, k)), np.linspace(-1, 1, k)
    return X, ((X @ w + b + noise * r.normal(size=(n, k))) > 0).astype(int)


def listed(Y: np.ndarray, names: list[Any] = NAMES) -> list[list[Any]]:
    return [[name for name, v in zip(names, row, strict=True) if v] for row in Y]


def fitted(n: int = 60, k: int = 3, **params: Any) -> tuple[MultiLabelClassifier, np.ndarray, np.ndarray]:
    X, Y = rows(n, k)
    return MultiLabelClassifier(**SMALL | params).fit(X, Y), X, Y


def written(clf: MultiLabelClassifier, folder: Path) -> bytes:
    """All that a model knows."""
    clf.save(folder / "state.diabolo")
    return (folder / "state.diabolo").read_bytes()


@pytest.mark.parametrize("kind", ["gaps", "counts", "pictures"])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("how", ["shared", "apart", "fine-tuned"])
def test_a_row_is_judged_by_the_members_that_have_not_seen_it(kind: str, members: int, how: str) -> None:
    """Each member computes its own rows only; that is what it says when it computes all."""
    r = np.random.default_rng(0)
    X = r.integers(0, 256, (30, 8, 8), dtype=np.uint8) if kind == "pictures" else kinds()[kind]
    n = X.shape[0]
    Y = (r.random((n, 3)) < 0.4).astype(int)
    params: dict[str, Any] = SMALL | {"members": members, "epochs": 1}
    if how == "fine-tuned":
        params |= {"encoder": Autoencoder(2, **SMALL | {"epochs": 1}).fit(X), "freeze": False}
    clf = (IndependentClassifiers if how == "apart" else MultiLabelClassifier)(**params).fit(X, Y)
    fold, i = r.integers(0, members, n), r.permutation(n)[:20]
    fold[fold == 1] = 0  # a member that has seen all
    rows, network = clf.format_.rows(X), clf.network_.double()
    with torch.no_grad():
        every = network(rows.take(i).double()).float().unflatten(0, (-1, members))
        found = CrossFit(fold, members).out_of_fold(network, rows, i, piece=7)
    assert len(found) == (2 if how == "fine-tuned" else 1)
    assert torch.allclose(found, every[:, torch.from_numpy(fold[i]), torch.arange(20)], atol=1e-6)


# ── a label more ─────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=40)
@given(k=st.integers(1, 70), n=st.integers(1, 200), members=st.sampled_from([1, 3]), more=st.integers(1, 4))
def test_a_new_label_leaves_old_probabilities_as_they_are(k: int, n: int, members: int, more: int) -> None:
    clf, X, _ = fitted(40, k, members=members, min_labels=0)  # else a row may get the new label in place of an old one
    new = rows(n, 1, 1)[0]
    before, lines, said = clf.predict_proba(new), clf.thresholds_, clf.predict(new)
    for i in range(more):
        clf.add_label(f"new {i}", X[: 2 + i], [1, *[0] * (1 + i)])
        p = clf.predict_proba(new)
        assert p.shape == (n, k + i + 1)
        assert np.array_equal(p[:, : k + i], before)
        assert ((p > 0) & (p < 1)).all()
        assert np.array_equal(clf.thresholds_[: len(lines)], lines)
        before = p
    assert np.array_equal(clf.predict(new)[:, :k], said)


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("members", [1, 3])
def test_a_new_label_for_every_kind_of_data(kind: str, members: int, tmp_path: Path) -> None:
    X = kinds()[kind]
    n = len(X) if isinstance(X, list) else X.shape[0]
    Y = (np.random.default_rng(0).random((n, 5)) < 0.4).astype(int)
    some = X[:3] if kind != "arrow" else X.slice(0, 3)
    clf = MultiLabelClassifier(members=members, **SMALL).fit(X, Y)
    before = clf.predict_proba(X)
    clf.save(tmp_path / "old.diabolo")
    again = load(tmp_path / "old.diabolo")
    for one in (clf, again):
        one.add_label("x", some, [1, 0, 0])
        one.add_label("y", some, [0, 1, 1])
        assert np.array_equal(one.predict_proba(X)[:, :5], before)
    assert np.array_equal(again.predict_proba(X), clf.predict_proba(X))
    clf.save(tmp_path / "new.diabolo")
    assert np.array_equal(load(tmp_path / "new.diabolo").predict_proba(X), clf.predict_proba(X))


def bags(n: int, seed: int) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """Counts of 40 words; four labels that are words, and a fifth one, of another word."""
    X = np.random.default_rng(seed).poisson(0.5, (n, 40))
    return sp.csr_matrix(X), (X[:, :4] > 0).astype(int), (X[:, 20] > 0).astype(int)


def test_a_new_label_may_ask_for_words_that_no_old_one_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y, y = bags(400, 0)
    new, _, truth = bags(400, 1)
    clf = MultiLabelClassifier(**QUICK | {"members": 1, "hidden": (4,)}).fit(X, Y)
    with monkeypatch.context() as blind:
        blind.setattr(Direct, "tower", None)
        clf.add_label("without", X[:150], y[:150])
    clf.add_label("with words", X[:150], y[:150])
    without, with_words = (average_precision_score(truth, p) for p in clf.predict_proba(new)[:, 4:].T)
    assert with_words > 0.8
    assert with_words > without + 0.1


def log_loss(p: np.ndarray, y: np.ndarray) -> float:
    return float(-np.log(np.where(y > 0, p, 1 - p).clip(1e-9)).mean())


@pytest.mark.parametrize("estimator", [MultiLabelClassifier, IndependentClassifiers])
@pytest.mark.parametrize("kind", ["documents", "table"])
def test_a_straight_line_knows_what_the_members_have_missed(kind: str, estimator: Any) -> None:
    (X, Y, _), (new, truth, _) = bags(300, 0), bags(300, 1)
    if kind == "table":
        X, new = X.toarray() + 0.0, new.toarray() + 0.0
    clf = estimator(**QUICK | {"members": 3, "hidden": (2,)}).fit(X, Y)
    known = log_loss(clf.predict_proba(new), truth)
    (lines,) = clf.network_.encoder[-1].straight
    assert lines.shape[1] == 4
    lines.data.zero_()
    assert known < log_loss(clf.predict_proba(new), truth) - 0.01


@pytest.mark.parametrize("n", [60, 150])  # of which the fewer do not fine-tune
def test_lines_count_once_beside_members_that_have_none(n: int, tmp_path: Path) -> None:
    (X, Y, y), (new, _, _) = bags(n, 0), bags(30, 1)
    ae = Autoencoder(2, epochs=3, verbose=False, random_state=0).fit(X)
    clf = MultiLabelClassifier(**SMALL | {"encoder": ae, "freeze": False, "members": 3}).fit(X, Y)
    tower = clf.network_.encoder[1][-1]
    p = clf.predict_proba(new)
    clf.add_label("new", X, y)
    assert np.array_equal(clf.predict_proba(new)[:, :4], p)
    clf.save(tmp_path / "a.diabolo")
    assert np.array_equal(load(tmp_path / "a.diabolo").predict_proba(new), clf.predict_proba(new))
    raw, x = torch.cat(list(clf._raw(new))), torch.cat(list(clf._features(new)))
    line = tower.lined(clf.network_.encoder[1][:-1](x)) @ torch.cat(list(tower.straight), -1)
    for w in tower.straight:
        w.data.zero_()
    assert line.std(0).min() > 0
    assert torch.allclose(torch.cat(list(clf._raw(new))) + line / 2, raw, atol=1e-5)  # half of the members
    assert clf.codes(new).shape == (30, 6 * clf.network_.decoder.m)


@pytest.mark.parametrize("words", [False, True])
def test_straight_lines_are_the_optimum_of_their_problem(words: bool) -> None:
    rng = torch.Generator().manual_seed(0)
    x, r = torch.randn(300, 6, generator=rng), torch.randn(300, 2, generator=rng)
    y = (x[:, :2] + r > 0).float()
    y[:40, 1] = torch.nan
    u, b = fit_linear_residual(x, r, y, words)
    unit, ridge = x.square().sum(1).mean().sqrt(), penalty(r, y, 0.6 * 50**0.5 if words else 2.0)
    e = torch.where(y.isnan(), 0.0, torch.sigmoid(r + x @ u + b) - y)
    assert torch.allclose((x / unit).T @ e + ridge * u * unit, torch.zeros(6, 2), atol=0.05)
    assert torch.allclose(e.sum(0) + ridge * b, torch.zeros(2), atol=0.05)


@pytest.mark.parametrize("params", [{"members": 1}, {"hidden": (1,), "members": 2}])
def test_straight_lines_are_for_less_weights_than_the_first_layer_has(params: dict[str, Any]) -> None:
    X, Y, _ = bags(80, 0)
    clf = MultiLabelClassifier(**SMALL | params).fit(X, Y)
    assert clf.network_.encoder[-1].units == 0
    more = MultiLabelClassifier(**SMALL | {"members": 2, "hidden": (2,)}).fit(X, Y)
    assert more.network_.encoder[-1].units == 4


def test_what_is_fine_tuned_keeps_its_straight_lines() -> None:
    X, Y, _ = bags(80, 0)
    clf = MultiLabelClassifier(**SMALL | {"members": 3}).fit(X, Y)
    before = clf.network_.encoder[-1].straight[0].clone()
    assert clf.refresh(X, Y, delta=1.0).accepted
    assert torch.equal(clf.network_.encoder[-1].straight[0], before)


@pytest.mark.parametrize("members", [1, 3])
def test_labels_with_words_of_their_own_come_and_go(members: int, tmp_path: Path) -> None:
    X, Y, y = bags(80, 0)
    new, _, _ = bags(70, 1)
    clf = MultiLabelClassifier(**SMALL | {"members": members}).fit(X, Y)
    p = clf.predict_proba(new)
    for i, name in enumerate("abc"):
        clf.add_label(name, X[i : 40 + i], y[i : 40 + i])
        assert np.array_equal(clf.predict_proba(new)[:, : 4 + i], p)
        p = clf.predict_proba(new)
    clf.save(tmp_path / "a.diabolo")
    assert np.array_equal(load(tmp_path / "a.diabolo").predict_proba(new), p)
    tower = clf.network_.encoder[-1]
    lines = 7 if members > 1 else 3  # the first four labels have straight units, too, where there are several members
    assert (tower.units, clf.codes(new).shape[1]) == (lines, members * tower.m)
    clf.drop_label("b")
    assert np.allclose(clf.predict_proba(new), np.delete(p, 5, 1), atol=1e-6)
    clf.drop_label("c").drop_label(0)
    assert np.allclose(clf.predict_proba(new), p[:, 1:5], atol=1e-6)
    assert tower.units == (4 if members > 1 else 1)
    told = clf.refresh(X, np.column_stack([Y[:, 1:], y]), delta=1.0)
    assert told.accepted
    p = clf.predict_proba(new)
    clf.add_label("d", X[:30], y[:30])
    assert np.array_equal(clf.predict_proba(new)[:, :4], p)
    clf.save(tmp_path / "b.diabolo")
    assert np.array_equal(load(tmp_path / "b.diabolo").predict_proba(new), clf.predict_proba(new))


@pytest.mark.parametrize("piece", [1, 100, 1000])
def test_in_pieces_too(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clf, X, _ = fitted(60, 7)
    new = rows(2500, 1, 1)[0]
    monkeypatch.setattr("diabolo.tagger.MAX_PROBABILITIES_AT_ONCE", piece)
    before = clf.predict_proba(new)
    for i in range(3):
        clf.add_label(f"new {i}", X[:5])
    assert np.array_equal(clf.predict_proba(new)[:, :7], before)
    assert len(clf.top(new, 2)) == 2500


@pytest.mark.parametrize("piece", [100, 1000, 5000])
def test_in_pieces_of_single_precision_too(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    r = np.random.default_rng(0)
    X, Y = sp.csr_matrix(r.poisson(0.7, (600, 30))), (r.random((600, 9)) < 0.4).astype(int)
    monkeypatch.setattr("diabolo.tagger.MAX_PROBABILITIES_AT_ONCE", piece)
    clf = MultiLabelClassifier(**SMALL | {"hidden": (300,), "members": 1}).fit(X, Y)
    assert next(clf.network_.parameters()).dtype == torch.float32
    before, piece = clf.predict_proba(X), clf._piece
    for i in range(5):
        clf.add_label(f"new {i}", X[:5])
    assert np.array_equal(clf.predict_proba(X)[:, :9], before)
    assert clf._piece == piece, "pieces of another size may round differently"


@pytest.mark.parametrize("freeze", [True, False])
def test_on_an_encoder_trained_before(freeze: bool, tmp_path: Path) -> None:
    X, Y = rows(90)
    ae = Autoencoder(2, **SMALL).fit(X)
    clf = MultiLabelClassifier(encoder=ae, freeze=freeze, **SMALL | AUTO).fit(X, Y)
    before = clf.predict_proba(X)
    clf.add_label("new", X[:5])
    assert np.array_equal(clf.predict_proba(X)[:, :3], before)
    clf.save(tmp_path / "a.diabolo")
    assert np.array_equal(load(tmp_path / "a.diabolo").predict_proba(X), clf.predict_proba(X))


def test_one_positive_is_enough_for_an_easy_label() -> None:
    """Five groups, of which four have a label; one row of the fifth, and the memory for what it is not."""
    r = np.random.default_rng(0)
    centers = 4 * np.linalg.qr(r.normal(size=(10, 10)))[0][:5]

    def group(n: int, groups: list[int]) -> tuple[np.ndarray, np.ndarray]:
        g = r.choice(groups, n)
        return centers[g] + 0.7 * r.normal(size=(n, 10)), g

    X, g = group(300, [0, 1, 2, 3])
    clf = MultiLabelClassifier(**QUICK).fit(X, np.eye(4, dtype=int)[g])
    card = clf.add_label("fifth", group(1, [4])[0])
    new, truth = group(500, [0, 1, 2, 3, 4])
    p = clf.predict_proba(new)
    assert average_precision_score(truth == 4, p[:, 4]) > 0.9
    assert (card.positives, card.negatives) == (1, len(clf.memory_))
    assert np.isnan(card.average_precision)
    assert "at least two of each are needed" in str(card)
    assert clf.predict(new[truth == 4])[:, 4].mean() > 0.5


def test_many_examples_are_enough_for_a_hard_label() -> None:
    X, Y = rows(600, 6)
    clf = MultiLabelClassifier(**QUICK | {"hidden": (32,)}).fit(X, Y[:, :5])
    card = clf.add_label("sixth", X, Y[:, 5])
    new, truth = rows(1000, 6, 1)
    p = clf.predict_proba(new)[:, 5]
    found = average_precision_score(truth[:, 5], p)
    assert found > 0.8
    assert abs(card.average_precision - found) < 0.07
    assert abs(p.mean() - truth[:, 5].mean()) < 0.05
    assert abs(f1_score(truth[:, 5], clf.predict(new)[:, 5]) - f1_score(truth[:, 5], p >= 0.5)) < 0.1


def test_a_new_label_is_the_optimum_of_its_problem() -> None:
    r = np.random.default_rng(0)
    for n in (12, 300):
        h, y = r.normal(size=(n, 8)), (np.arange(n) % 3 == 0).astype(float)
        h[y == 1, 0] += 2
        v, b, left_out, ridge, _ = solve(h, y)
        unit = np.sqrt(np.square(h).sum(1).mean())
        u, w = np.column_stack([h / unit, np.ones(n)]), np.append(v * unit, b)
        slope = u.T @ (expit(u @ w) - y) + ridge * w
        assert np.abs(slope).max() < 0.02 * n**0.5
        assert left_out.shape == (n,)
        refits = [solve(np.delete(h, i, 0), np.delete(y, i), (ridge,)) for i in range(12)]
        found = [h[i] @ v + b for i, (v, b, *_) in enumerate(refits)]
        assert np.corrcoef(found, left_out[:12])[0, 1] > 0.9
        assert np.abs(found - left_out[:12]).max() < (1.0 if n == 12 else 0.1)


@pytest.mark.parametrize(("n", "m", "rank"), [(60, 200, 30), (150, 200, 30), (400, 60, 60), (400, 60, 3)])
@pytest.mark.parametrize("ridge", [0.001, 1.0])
def test_whichever_unknowns_are_fewer_the_optimum_is_the_same(n: int, m: int, rank: int, ridge: float) -> None:
    r = np.random.default_rng(0)
    h = r.normal(size=(n, rank)) @ r.normal(size=(rank, m))
    y = (h[:, 0] + r.normal(size=n) > 1).astype(float)
    v, b, left_out, *_ = solve(h, y, (ridge,))
    unit = np.sqrt(np.square(h).sum(1).mean())
    u, s = np.column_stack([h / unit, np.ones(n)]), 2 * y - 1

    def value(w: np.ndarray) -> tuple[float, np.ndarray]:
        f = u @ w
        return np.logaddexp(0, -s * f).sum() + ridge / 2 * w @ w, u.T @ (expit(f) - y) + ridge * w

    w = np.append(v * unit, b)
    least = minimize(value, w, jac=True, method="BFGS", options={"gtol": 1e-6}).fun
    assert value(w)[0] < least + 1e-4 * max(1, least)
    assert loss_of(left_out, s) > loss_of(u @ w, s)


def loss_of(f: np.ndarray, s: np.ndarray) -> float:
    return float(np.logaddexp(0, -s * f).sum())


def test_the_card_counts_what_was_given() -> None:
    clf, X, _ = fitted(100, replay_size=40)
    card = clf.add_label("x", X[:9], [1, 1, 1, 1, 0, 0, 0, 0, 0])
    assert (card.name, card.positives, card.negatives) == ("x", 4, 5)
    low, high = card.interval
    assert 0 <= low <= high <= 1
    assert 0 <= card.average_precision <= 1
    assert str(card).startswith("'x' from 4 positive and 5 negative examples")


def test_the_card_says_how_many_examples_more() -> None:
    """Of a direction in 30 that is learned from noisy examples; a kind that is learned already needs none."""
    more = []
    for seed in range(12):
        r = np.random.default_rng(seed)
        h = r.normal(size=(250, 30))
        y = (h.sum(1) / 30**0.5 + 0.3 * r.normal(size=250) > 0.7).astype(float)
        more.append(NewLabel.of("x", y, solve(h, y), 0.0).more)
    said = [n for n in more if n is not None]
    assert len(said) >= 8
    assert 20 < np.median(said) < 1000
    y = (h[:, 0] > 1).astype(float)
    assert NewLabel.of("x", y, solve(h + 20 * y[:, None], y), 0.0).more is None


def test_a_positive_from_the_memory_is_not_its_own_negative() -> None:
    clf, X, _ = fitted(60, replay_size=1000)
    assert len(clf.memory_) == 60
    assert clf.add_label("x", X[:7]).negatives == 53


def test_the_prior_shifts_the_log_odds() -> None:
    X, _ = rows()
    y = [1, 1, *[0] * 6]
    odds = []
    for prior in (None, 0.01):
        clf, _, _ = fitted()
        clf.add_label("x", X[:8], y, prior=prior)
        odds.append(logit(clf.predict_proba(X)[:, 3]))
    assert np.allclose(odds[1] - odds[0], logit(0.01) - logit(0.25), atol=1e-4)


FAILING: dict[str, tuple[Callable[[Any, np.ndarray], Any], str]] = {
    "an empty name": (lambda clf, X: clf.add_label(" ", X[:3]), "name=' ': the name of a label must not be empty"),
    "rename to nothing": (lambda clf, X: clf.rename_label(0, ""), "the name of a label must not be empty"),
    "a name twice": (lambda clf, X: clf.add_label(0, X[:3]), "there is a label 0 already"),
    "no name": (lambda clf, X: clf.add_label(None, X[:3]), "name=None: allowed are"),
    "a bool as name": (lambda clf, X: clf.add_label(True, X[:3]), "name=True: allowed are"),
    "a float as name": (lambda clf, X: clf.add_label(1.5, X[:3]), "name=1.5: allowed are"),
    "no positive": (lambda clf, X: clf.add_label("x", X[:3], [0, 0, 0]), "no example has the new label"),
    "too few y": (lambda clf, X: clf.add_label("x", X[:3], [1, 0]), "y has 2 entries, X has 3 rows"),
    "y of 2": (lambda clf, X: clf.add_label("x", X[:3], [1, 0, 2]), "y holds 2"),
    "y of NaN": (lambda clf, X: clf.add_label("x", X[:3], [1, 0, np.nan]), "y holds nan"),
    "y of yes and no": (lambda clf, X: clf.add_label("x", X[:2], ["yes", "no"]), r"y holds 'yes' \(row 0\).*y.map"),
    "a known name as text": (lambda clf, X: clf.add_label("1", X[:3]), "there is a label '1' already"),
    "other columns": (lambda clf, X: clf.add_label("x", X[:3, :4], [1, 0, 0]), "features"),
    "no rows": (lambda clf, X: clf.add_label("x", X[:0]), "0 sample"),
    "infinity": (lambda clf, X: clf.add_label("x", np.full((1, 6), np.inf)), "infinity"),
    "prior 0": (lambda clf, X: clf.add_label("x", X[:3], prior=0), "prior=0: allowed are"),
    "prior 1": (lambda clf, X: clf.add_label("x", X[:3], prior=1.0), "prior=1.0: allowed are"),
    "no negative": (lambda clf, X: clf.add_label("x", X[:3]), "all examples have 'x'.*replay_size=0"),
    "drop unknown": (lambda clf, X: clf.drop_label("x"), "there is no label 'x'; the labels are 0, 1, 2"),
    "rename unknown": (lambda clf, X: clf.rename_label("x", "y"), "there is no label 'x'"),
    "rename to a known": (lambda clf, X: clf.rename_label(0, 1), "there is a label 1 already"),
    "rename to none": (lambda clf, X: clf.rename_label(0, None), "name=None"),
}


@pytest.mark.parametrize("what", FAILING)
def test_what_fails_changes_nothing(what: str, tmp_path: Path) -> None:
    clf, X, _ = fitted(replay_size=0 if what == "no negative" else 30)
    before, p, memory = written(clf, tmp_path), clf.predict_proba(X), clf.memory_
    call, told = FAILING[what]
    with pytest.raises(ValueError, match=told):
        call(clf, X)
    assert written(clf, tmp_path) == before
    assert np.array_equal(clf.predict_proba(X), p)
    assert clf.memory_ is memory
    assert clf.classes_.tolist() == [0, 1, 2]


def test_examples_that_contradict_each_other_are_told_and_learned() -> None:
    """Which and how many; a huge number in another row makes no rows the same that are not."""
    clf, X, _ = fitted()
    rows = X[[5, 2, 7, 2, 8, 9]].copy()
    rows[[1, 3], 1] = 0.0, -0.0
    rows[4, 2] = 1e15
    with pytest.warns(UserWarning, match=r"2 of 6 examples contradict each other.*a positive and a negative row: 1 and 3\)"):
        card = clf.add_label("x", rows, [0, 1, 0, 0, 1, 1])
    assert (card.positives, card.negatives) == (3, 3)
    assert 0.2 < clf.predict_proba(rows[1:2])[0, -1] < 0.8
    clf.add_label("y", rows[[0, 1, 2, 4, 5]], [0, 1, 0, 1, 1])  # no warning


def test_a_huge_example_is_not_all_rows_of_the_memory() -> None:
    clf, X, _ = fitted()
    example = X[:1].copy()
    example[0, 0] = 1e15
    with pytest.warns(UserWarning, match=r"'x0' \(about 1e\+15, where fit saw .* outside all that was seen in fit"):
        assert clf.add_label("x", example).negatives == len(clf.memory_)


# ── a label less, another name ───────────────────────────────────────────────────────────────────────────────────────


def test_a_label_that_is_dropped_again_leaves_no_trace(tmp_path: Path) -> None:
    clf, X, _ = fitted()
    before = written(clf, tmp_path)
    clf.add_label("x", X[:3])
    assert written(clf, tmp_path) != before
    clf.drop_label("x")
    assert written(clf, tmp_path) == before


@pytest.mark.parametrize("name", [0, 1, 2, "x", "y"])
def test_without_a_label_the_others_stay(name: Any, tmp_path: Path) -> None:
    clf, X, _ = fitted()
    clf.add_label("x", X[:3]), clf.add_label("y", X[3:5])
    c = clf.classes_.tolist().index(name)
    p, lines, y = clf.predict_proba(X), clf.thresholds_, clf.memory_.y
    assert clf.drop_label(name) is clf
    assert name not in clf.classes_.tolist()
    assert np.allclose(clf.predict_proba(X), np.delete(p, c, 1), atol=1e-12)
    assert np.array_equal(clf.thresholds_, np.delete(lines, c))
    assert np.array_equal(clf.memory_.y, np.delete(y, c, 1), equal_nan=True)
    clf.save(tmp_path / "a.diabolo")
    assert np.array_equal(load(tmp_path / "a.diabolo").predict_proba(X), clf.predict_proba(X))
    clf.add_label(name, X[:3])
    assert clf.classes_.tolist()[-1] == name


def test_the_last_label_stays() -> None:
    clf, X, _ = fitted()
    clf.add_label("x", X[:3])
    for name in (0, 1, 2):
        clf.drop_label(name)
    assert clf.predict_proba(X).shape == (60, 1)
    with pytest.raises(ValueError, match="'x' is the only label"):
        clf.drop_label("x")


@pytest.mark.parametrize("way", ["pandas", "polars", "lists"])
def test_another_name_and_nothing_else(way: str) -> None:
    X, Y = rows()
    given_as: Any = {"pandas": pd.DataFrame(Y, columns=NAMES), "polars": pl.DataFrame(Y, schema=NAMES), "lists": listed(Y)}[way]
    clf = MultiLabelClassifier(**SMALL).fit(X, given_as)
    p = clf.predict_proba(X)
    assert clf.rename_label("b", "z") is clf
    assert clf.classes_.tolist() == ["a", "z", "c"]
    assert np.array_equal(clf.predict_proba(X), p)
    said = clf.predict(X)
    assert "z" in {name for row in said for name in row} if way == "lists" else list(said.columns) == ["a", "z", "c"]
    assert 0 <= clf.score(X, said) <= 1


@pytest.mark.parametrize("way", ["array", "sparse", "pandas", "polars", "lists"])
def test_what_it_says_with_a_new_label_it_understands(way: str) -> None:
    X, Y = rows()
    given_as: Any = {"array": Y, "sparse": sp.csr_matrix(Y), "pandas": pd.DataFrame(Y), "lists": listed(Y)} | {
        "polars": pl.DataFrame(Y, schema=NAMES)
    }
    clf = MultiLabelClassifier(**SMALL).fit(X, given_as[way])
    clf.add_label("x", X[:3], [1, 0, 0])
    clf.add_label(7, X[:3], [1, 0, 0])
    assert clf.score(X, clf.predict(X)) == 1
    assert clf.classes_.tolist()[3:] == ["x", 7]


# ── what is not known ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("loss", [Logistic(), Asymmetric(), Asymmetric(1.0, 2.0, 0.0)], ids=repr)
def test_a_cell_that_is_not_known_is_no_term(loss: Loss) -> None:
    raw, y = torch.randn(3, 20, 5, requires_grad=True), torch.rand(20, 5).round()
    known = torch.rand(20, 5) < 0.6
    known[4] = False
    hidden = torch.where(known, y, torch.nan)
    target = LabelTarget(y.numpy(), list(range(5)), loss, None, None, 0)
    full, masked = target.summed(raw, y, known.float()), target.summed(raw, hidden, None)
    assert torch.allclose(full, masked)
    assert torch.equal(masked[:, 4], torch.zeros(3))
    (g,) = torch.autograd.grad(masked.sum(), raw)
    assert torch.isfinite(g).all()
    assert (g[:, ~known] == 0).all()


def test_of_few_rows_the_loss_says_when_to_stop_and_of_many_the_ranking() -> None:
    """A model that knows the second label, but is surely wrong about one row in fifty, beside equal answers to all rows."""
    second = torch.arange(50) % 2
    y = torch.stack([torch.ones(50), second, torch.zeros(50)], 1)
    equal = torch.tensor([5.0, 0.0, -5.0]).expand(50, 3)
    knows = torch.stack([torch.full((50,), 5.0), 8.0 * second - 4, torch.full((50,), -5.0)], 1)
    knows[0, 2] = 6.0
    assert unranked(knows, y) > unranked(equal, y)
    assert relative_loss(knows, y) < relative_loss(equal, y)
    assert ranking_error(knows, y) < ranking_error(equal, y)
    assert ranking_error(knows.repeat(1000, 1), y.repeat(1000, 1)) > ranking_error(equal.repeat(1000, 1), y.repeat(1000, 1))


@pytest.mark.parametrize("optimize", ["f1_micro", "f1_macro", "f1_samples", "precision@0.9"])
@pytest.mark.filterwarnings("ignore:threshold_metric")  # of few rows, or epochs, none reaches the precision
def test_labels_that_are_hardly_known_are_learned(optimize: str) -> None:
    X, Y = rows(500)
    hidden = Y.astype(float)
    r = np.random.default_rng(0)
    hidden[r.random(500) < 0.7, 1] = np.nan
    hidden[:20] = np.nan  # nothing known
    clf = MultiLabelClassifier(threshold_metric=optimize, **QUICK).fit(X, hidden)
    new, truth = rows(500, seed=1)
    p = clf.predict_proba(new)
    assert np.isfinite(p).all()
    for c in range(3):
        assert roc_auc_score(truth[:, c], p[:, c]) > 0.85
    assert abs(p[:, 1].mean() - truth[:, 1].mean()) < 0.1, "unknown is not no"
    assert clf.score(new, np.where(truth == 1, 1.0, np.nan)) >= clf.score(new, truth)


def test_a_label_of_which_nothing_is_known() -> None:
    X, Y = rows()
    with pytest.warns(UserWarning, match="label 3 is unknown in all rows"):
        clf = MultiLabelClassifier(**SMALL).fit(X, np.column_stack([Y, np.full(60, np.nan)]))
    assert np.isfinite(clf.predict_proba(X)).all()
    assert clf.predict(X).shape == (60, 4)


def test_gaps_in_a_sparse_matrix_are_gaps() -> None:
    X, Y = rows()
    hidden = np.where(np.random.default_rng(0).random(Y.shape) < 0.2, np.nan, Y)
    wanted = MultiLabelClassifier(**SMALL).fit(X, hidden).predict_proba(X)
    assert np.array_equal(MultiLabelClassifier(**SMALL).fit(X, sp.csr_matrix(hidden)).predict_proba(X), wanted)


@pytest.mark.filterwarnings("ignore:nothing was learned that tells")  # of labels that are all alike
def test_soft_labels() -> None:
    X, Y = rows(400)
    new, truth = rows(400, seed=1)
    soft = MultiLabelClassifier(**QUICK).fit(X, 0.1 + 0.8 * Y)
    for c in range(3):
        assert roc_auc_score(truth[:, c], soft.predict_proba(new)[:, c]) > 0.9
    half = MultiLabelClassifier(**QUICK).fit(X, np.full((400, 2), 0.3))
    assert np.allclose(half.predict_proba(new), 0.3, atol=0.1)


# ── every way of giving Y ────────────────────────────────────────────────────────────────────────────────────────────


def ways(Y: np.ndarray) -> dict[str, Any]:
    lists = listed(Y)
    objects = np.empty(len(Y), dtype=object)
    objects[:] = lists
    return {
        "int": Y,
        "bool": Y.astype(bool),
        "float": Y.astype(float),
        "float32": Y.astype(np.float32, order="F"),
        "uint8": Y.astype(np.uint8),
        "0 and 1": Y.tolist(),
        "csr": sp.csr_matrix(Y),
        "csc": sp.csc_array(Y.astype(bool)),
        "coo": sp.coo_matrix(Y.astype(float)),
        "pandas": pd.DataFrame(Y, columns=NAMES, index=np.arange(len(Y))[::-1]),
        "pandas, bool": pd.DataFrame(Y.astype(bool), columns=NAMES),
        "pandas, nullable": pd.DataFrame(Y, columns=NAMES).astype("boolean"),
        "pandas, numbered": pd.DataFrame(Y),
        "pandas, yes and no": pd.DataFrame(Y[:, ::-1], columns=[True, False, "maybe"][::-1]).iloc[:, ::-1],
        "polars": pl.DataFrame(Y, schema=NAMES),
        "polars, bool": pl.DataFrame(Y.astype(bool), schema=NAMES),
        "lists": lists,
        "tuples": [tuple(row) for row in lists],
        "sets": [set(row) for row in lists],
        "objects": objects,
        "series": pd.Series(lists, index=np.arange(len(Y))[::-1]),
        "numbers": listed(Y, [3, 5, 40]),
        "numpy's texts": [list(np.array(row, dtype=str)) for row in lists],
    }


@pytest.fixture(scope="module")
def by_array() -> tuple[MultiLabelClassifier, np.ndarray, np.ndarray]:
    """Fitted with Y as an array; a row of Y has no label."""
    X, Y = rows()
    Y[3] = 0
    return MultiLabelClassifier(**SMALL).fit(X, Y), X, Y


@pytest.mark.parametrize("way", ways(np.eye(3, dtype=int)))
def test_every_way_of_giving_y_is_the_same(way: str, by_array: Any, tmp_path: Path) -> None:
    wanted, X, Y = by_array
    given_as = ways(Y)[way]
    clf = MultiLabelClassifier(**SMALL).fit(X, given_as)
    assert np.array_equal(clf.predict_proba(X), wanted.predict_proba(X))
    assert clf.score(X, given_as) == wanted.score(X, Y)
    clf.save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    assert again.score(X, given_as) == wanted.score(X, Y)
    assert again.classes_.tolist() == clf.classes_.tolist()


@pytest.mark.parametrize("way", ways(np.eye(3, dtype=int)))
def test_what_is_said_is_of_the_kind_of_y(way: str, by_array: Any) -> None:
    known, X, Y = by_array
    given_as = ways(Y)[way]
    clf = MultiLabelClassifier(**SMALL).fit(X, given_as)
    said, wanted = clf.predict(X), known.predict(X)
    assert set(np.unique(wanted)) == {0, 1}
    if way.startswith("pandas"):
        assert isinstance(said, pd.DataFrame)
        assert list(map(str, said.columns)) == list(map(str, given_as.columns))
        assert np.array_equal(said.to_numpy(), wanted)
    elif way.startswith("polars"):
        assert isinstance(said, pl.DataFrame)
        assert said.columns == given_as.columns
        assert np.array_equal(said.to_numpy(), wanted)
    elif sp.issparse(given_as):
        assert sp.issparse(said)
        assert np.array_equal(said.toarray(), wanted)
    elif way in ("lists", "tuples", "sets", "objects", "series", "numbers", "numpy's texts"):
        assert said == [tuple(row) for row in listed(wanted, clf.classes_.tolist())]
    else:
        assert isinstance(said, np.ndarray)
        assert np.array_equal(said, wanted)


def test_the_rows_of_a_table_keep_their_index() -> None:
    X, Y = rows()
    table = pd.DataFrame(X, columns=list("uvwxyz"), index=[f"row {i}" for i in range(60)])
    said = MultiLabelClassifier(**SMALL).fit(table, pd.DataFrame(Y, columns=NAMES)).predict(table)
    assert said.index.equals(table.index)


def test_columns_go_by_their_names() -> None:
    X, Y = rows()
    table = pd.DataFrame(Y, columns=NAMES)
    clf = MultiLabelClassifier(**SMALL).fit(X, table)
    assert clf.score(X, table[["c", "a", "b"]].assign(d=5)) == clf.score(X, table)
    with pytest.raises(DataError, match="Y has no column 'b'"):
        clf.score(X, table[["a", "c"]])


def test_columns_of_two_levels_are_names() -> None:
    X, Y = rows()
    table = pd.DataFrame(Y, columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]))
    clf = MultiLabelClassifier(**SMALL).fit(X, table)
    assert clf.classes_.tolist() == ["('a', 1)", "('a', 2)", "('b', 1)"]
    assert np.array_equal(clf.predict(X).to_numpy(), MultiLabelClassifier(**SMALL).fit(X, Y).predict(X))


def test_one_label_for_each_row() -> None:
    X, Y = rows()
    y = np.array(NAMES)[Y.argmax(1)]
    clf = MultiLabelClassifier(**SMALL).fit(X, y)
    p = clf.predict_proba(X)
    assert np.allclose(p.sum(1), 1)
    assert np.array_equal(clf.predict(X), np.array(NAMES)[p.argmax(1)])
    assert 0 <= clf.score(X, y) <= 1


# ── predict ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [1, 2, 4, 5, 99])
def test_the_likeliest_are_those_of_the_highest_probability(n: int) -> None:
    clf, X, _ = fitted(60, 5)
    p, found = clf.predict_proba(X), clf.top(X, n)
    assert len(found) == 60
    for row, best in zip(p, found, strict=True):
        assert len(best) == min(n, 5)
        assert [value for _, value in best] == sorted(row, reverse=True)[:n]
        assert all(row[name] == value for name, value in best)
        assert len({name for name, _ in best}) == len(best)


@pytest.mark.filterwarnings("ignore:threshold_metric")  # of few rows, or epochs, none reaches the precision
def test_what_is_said_is_what_is_above_the_line() -> None:
    for optimize in ("f1_micro", "f1_macro", "f1_samples", "precision@0.7", [[0, 1], [3, 0]]):
        clf, X, _ = fitted(threshold_metric=optimize, min_labels=0)
        p = clf.predict_proba(X)
        assert np.array_equal(clf.predict(X), p >= clf.thresholds_)
        assert np.array_equal(clf.decision_function(X) >= 0, p >= clf.thresholds_)


def test_the_score_is_f1() -> None:
    X, Y = rows()
    clf = MultiLabelClassifier(**SMALL).fit(X, Y)
    assert clf.score(X, Y) == pytest.approx(f1_score(Y, clf.predict(X), average="micro"))
    w = np.random.default_rng(0).random(60)
    assert clf.score(X, Y, w) == pytest.approx(f1_score(Y, clf.predict(X), average="micro", sample_weight=w))
    assert clf.score(X, clf.predict(X)) == 1


@st.composite
def judged(draw: Any, gaps: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and what is true."""
    n, k, seed = draw(st.integers(1, 40)), draw(st.integers(1, 5)), draw(st.integers(0, 9999))
    r = np.random.default_rng(seed)
    y = (r.random((n, k)) < r.random(k)).astype(float)
    p = np.clip(np.round(0.5 * y + 0.6 * r.random((n, k)), draw(st.integers(1, 3))), 0, 1)
    return p, np.where(r.random((n, k)) < 0.3, np.nan, y) if gaps else y


def f1(p: np.ndarray, y: np.ndarray, t: Any, average: str) -> float:
    """Over the cells that are known."""
    yes, known = p >= t, ~np.isnan(y)
    axis = {"micro": None, "macro": 0, "samples": 1}[average]
    both = (yes & (y == 1)).sum(axis)
    either = (yes & known).sum(axis) + (y == 1).sum(axis)
    return float(np.mean(np.where(either > 0, 2 * both / np.maximum(either, 1), 1.0 if average == "samples" else 0.0)))


@given(judged())
def test_one_line_for_the_most_f1(case: tuple[np.ndarray, np.ndarray]) -> None:
    p, y = case
    t = thresholds(p, y, "f1_micro")
    assert len(set(t)) == 1
    others = [f1(p, y, line, "micro") for line in np.linspace(0, 1, 101)]
    assert f1(p, y, t, "micro") >= max(others) - 1e-12


@given(judged(gaps=False))
def test_one_line_for_the_most_f1_of_the_rows(case: tuple[np.ndarray, np.ndarray]) -> None:
    p, y = case
    t = thresholds(p, y, "f1_samples")
    assert len(set(t)) == 1
    assert f1(p, y, t, "samples") >= f1(p, y, 0.5 + 1e-9, "samples") - 1e-12


def test_a_line_for_each_label() -> None:
    r = np.random.default_rng(0)
    shares = np.array([0.02, 0.2, 0.5, 0.9])
    odds = logit(shares) + r.normal(size=(5000, 4))
    y, p = (r.random((5000, 4)) < expit(odds)).astype(float), expit(odds)
    t = thresholds(p, y, "f1_macro")
    assert f1(p, y, t, "macro") > f1(p, y, 0.5, "macro") + 0.05
    for c in range(4):
        assert f1(p[:, [c]], y[:, [c]], t[c], "macro") >= f1(p[:, [c]], y[:, [c]], 0.5, "macro") - 0.005
    rare = y.copy()
    rare[1:, 0] = np.nan
    rare[0, 0], common = 1, thresholds(p[:, 1:], y[:, 1:], "f1_micro")[0]
    assert abs(thresholds(p, rare, "f1_macro")[0] - common) < 0.1, "one example has no line of its own"


@given(judged(), st.sampled_from([0.5, 0.8, 0.9, 0.99]))
def test_the_precision_is_what_was_asked_for(case: tuple[np.ndarray, np.ndarray], q: float) -> None:
    p, y = case
    t = thresholds(p, y, f"precision@{q}")
    for c in range(p.shape[1]):
        known = ~np.isnan(y[:, c])
        pc, yc = p[known, c], y[known, c]
        said = pc >= t[c]
        assert not said.any() or yc[said].mean() >= q
        for line in pc:
            lower = pc >= line
            more = (yc[lower].sum() + 10 * pc[lower].mean()) / (lower.sum() + 10)  # ten rows of which the probabilities hold
            assert lower.sum() <= said.sum() or min(yc[lower].mean(), more) < q + 1e-9, "a lower line would do as well"


def test_the_precision_of_probabilities_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diabolo.estimators.multilabel.thresholds.EXAMPLES_OF_COMMON_THRESHOLD", 0.0)  # a row is believed
    for high in (0.5, 0.25, 0.7, np.nextafter(0.5, 1)):
        p = np.array([[high], [np.nextafter(high, 0)]])
        for metric in ("precision@0.9", "f1_micro", "f1_macro"):
            t = thresholds(p, np.array([[1.0], [0.0]]), metric)
            if metric != "f1_macro":  # a mean of lines
                assert (p >= t).tolist() == [[True], [False]]


@given(judged(), st.sampled_from(["f1_micro", "f1_macro", "f1_samples", "precision@0.8"]))
def test_cells_that_are_not_known_do_not_move_a_line(case: tuple[np.ndarray, np.ndarray], optimize: str) -> None:
    p, y = case
    other = np.where(np.isnan(y), np.random.default_rng(0).random(p.shape), p)
    assert np.array_equal(thresholds(p, y, optimize), thresholds(other, y, optimize))


@given(st.tuples(st.integers(0, 9), st.integers(0, 9)), st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(1, 99))
def test_the_line_of_costs_is_where_both_cost_the_same(right: tuple[int, int], more: tuple[int, int], percent: int) -> None:
    (no, hit), p = right, percent / 100
    yes, missed = no + more[0], hit + more[1]  # to be wrong costs more
    matrix = np.array([[no, yes], [missed, hit]], dtype=float)
    (t,) = thresholds(np.array([[p]]), np.array([[1.0]]), matrix)
    assert t == pytest.approx((yes - no) / (yes - no + missed - hit))
    gain = ((1 - p) * no + p * missed) - ((1 - p) * yes + p * hit)
    assert (p >= t) == (gain >= 0) or abs(gain) < 1e-9
    each = thresholds(np.zeros((1, 2)), np.zeros((1, 2)), [matrix, [[0, 1], [3, 0]]])
    assert each == pytest.approx([t, 0.25])


@pytest.mark.parametrize("optimize", ["accuracy", "precision@", "precision@1", "precision@0", "precision@x", 3, [1, 2], None])
def test_a_wrong_metric_is_named(optimize: Any) -> None:
    with pytest.raises(ValueError, match=r"threshold_metric=.*allowed are 'f1_micro'"):
        check_metric(optimize)


@pytest.mark.parametrize("costs", [[[0, -1], [5, 0]], [[0, 1], [0, 2]], [[1, 1], [1, 1]], [[[0, 1], [1, 0]], [[2, 1], [1, 0]]]])
def test_a_wrong_answer_costs_no_less(costs: Any) -> None:
    with pytest.raises(ValueError, match="a wrong answer must not cost less than a correct one"):
        check_metric(costs)


def test_the_asked_precision_holds_for_new_rows() -> None:
    X, Y = rows(900, noise=1.0)
    new, truth = rows(3000, seed=1, noise=1.0)
    said = MultiLabelClassifier(threshold_metric="precision@0.9", min_labels=0, **QUICK).fit(X, Y).predict(new)
    assert said.sum(0).min() > 30
    for c in range(3):
        assert truth[said[:, c] == 1, c].mean() > 0.84


@given(judged(gaps=False), st.integers(0, 7))
def test_at_least_so_many(case: tuple[np.ndarray, np.ndarray], least: int) -> None:
    p, _ = case
    t = np.linspace(0.3, 0.9, p.shape[1])
    plain, said = binarize(p, t), binarize(p, t, least)
    assert np.array_equal(said.sum(1), np.maximum(plain.sum(1), min(least, p.shape[1])))
    assert (said >= plain).all()
    for row, yes in zip(p / t, said, strict=True):
        if yes.any() and not yes.all():
            assert row[yes].min() >= row[~yes].max() - 1e-12


def test_no_row_is_left_without_a_label() -> None:
    X, Y = rows()
    some = Y.copy()
    some[some.sum(1) == 0, 0] = 1
    none = Y.copy()
    none[5] = 0
    assert MultiLabelClassifier(**SMALL).fit(X, some).predict(X).sum(1).min() >= 1
    assert MultiLabelClassifier(**SMALL).fit(X, some)._decision.least == 1
    assert MultiLabelClassifier(**SMALL).fit(X, none)._decision.least == 0
    for least in (0, 2, 9):
        clf = MultiLabelClassifier(min_labels=least, **SMALL).fit(X, none)
        assert clf._decision.least == least
        assert clf.predict(X).sum(1).min() >= min(least, 3)


# ── calibration ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_known_temperature_is_found() -> None:
    r = np.random.default_rng(0)
    a, b = np.array([0.25, 1.0, 2.0]), np.array([-1.0, 0.0, 1.0])
    raw = r.normal(size=(20_000, 3)) / a
    y = (r.random(raw.shape) < expit(a * raw + b)).astype(float)
    found_a, found_b = platt(raw, y)
    assert np.allclose(found_a, a, rtol=0.1)
    assert np.allclose(found_b, b, atol=0.1)


def test_a_rare_label_stays_near_the_others() -> None:
    r = np.random.default_rng(0)
    raw = r.normal(size=(2000, 3))
    y = (r.random(raw.shape) < expit(2 * raw)).astype(float)
    alone = platt(raw[:4, :1], np.array([[0.0], [1], [0], [1]]))
    y[:, 0] = np.nan
    y[:4, 0] = 0, 1, 0, 1
    a, b = platt(raw, y)
    assert abs(a[0] - 2) < 0.5
    assert abs(b[0]) < 0.2
    assert abs(alone[0][0] - 2) > abs(a[0] - 2)


def test_what_is_not_known_does_not_calibrate() -> None:
    r = np.random.default_rng(0)
    raw, y = r.normal(size=(200, 3)), (r.random((200, 3)) < 0.4).astype(float)
    y[r.random(y.shape) < 0.4] = np.nan
    other = np.where(np.isnan(y), 100.0, raw)
    for one, two in zip(platt(raw, y), platt(other, y), strict=True):
        assert np.allclose(one, two)


def test_probabilities_of_new_rows_mean_what_they_say() -> None:
    X, Y = rows(900, 6, noise=1.0)
    new, truth = rows(4000, 6, seed=1, noise=1.0)
    for loss in ("logistic", "asymmetric"):
        p = MultiLabelClassifier(loss=loss, **QUICK).fit(X, Y).predict_proba(new)
        assert np.abs(p.mean(0) - truth.mean(0)).max() < 0.05
        for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1)):
            inside = (p >= low) & (p < high)
            assert abs(p[inside].mean() - truth[inside].mean()) < 0.07


# ── weights ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def raws(clf: MultiLabelClassifier, X: np.ndarray) -> np.ndarray:
    """Before calibration, which takes back what a weight adds to all rows."""
    return torch.cat(list(clf._raw(X))).numpy()


def test_a_yes_that_counts_more() -> None:
    X, Y = rows(400, noise=1.0)
    plain = MultiLabelClassifier(**QUICK).fit(X, Y)
    one = MultiLabelClassifier(label_weight={1: 1.0}, **QUICK).fit(X, Y)
    more = MultiLabelClassifier(label_weight={1: 20.0}, **QUICK).fit(X, Y)
    assert np.array_equal(raws(one, X), raws(plain, X))
    moved = (raws(more, X) - raws(plain, X)).mean(0)
    assert moved[1] > 0.5
    assert moved[1] > 3 * np.abs(moved[[0, 2]]).max()


def test_balanced_is_as_many_yes_as_no() -> None:
    X, Y = rows()
    weights = {c: (60 - n) / n for c, n in enumerate(Y.sum(0))}
    a = MultiLabelClassifier(label_weight="balanced", **SMALL).fit(X, Y)
    b = MultiLabelClassifier(label_weight=weights, **SMALL).fit(X, Y)
    assert np.allclose(raws(a, X), raws(b, X), atol=1e-6)
    assert not np.allclose(raws(a, X), raws(MultiLabelClassifier(**SMALL).fit(X, Y), X), atol=1e-6)


def test_weights_of_rows_and_cells() -> None:
    X, Y = rows()
    w = np.random.default_rng(0).random(60)

    def said(weight: Any) -> np.ndarray:
        return MultiLabelClassifier(**SMALL).fit(X, Y, weight).predict_proba(X)

    assert np.array_equal(said(np.ones(60)), said(None))
    assert np.array_equal(said(np.ones((60, 3))), said(None))
    assert np.array_equal(said(w), said(8 * w))
    assert np.array_equal(said(w), said(np.column_stack([w] * 3)))
    assert not np.array_equal(said(w), said(None))
    assert np.array_equal(said(w.tolist()), said(pd.Series(w, index=np.arange(60)[::-1])))


def wrong_answers(n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every third row all labels are wrong, and its weight is 0."""
    X, Y = rows(n)
    w = (np.arange(n) % 3 > 0).astype(float)
    return X, np.where(w[:, None] > 0, Y, 1 - Y), w


@pytest.mark.parametrize("each", [False, True], ids=["rows", "cells"])
def test_rows_without_weight_do_not_teach(each: bool) -> None:
    X, Y, w = wrong_answers()
    new, truth = rows(600, seed=1)
    clf = MultiLabelClassifier(**QUICK).fit(X, Y, np.column_stack([w] * 3) if each else w)
    p = clf.predict_proba(new)
    for c in range(3):
        assert roc_auc_score(truth[:, c], p[:, c]) > 0.93


def test_rows_without_weight_do_not_judge() -> None:
    """Nor do they calibrate, nor draw lines."""
    X, Y, w = wrong_answers()
    new, truth = rows(600, seed=1)
    clf = MultiLabelClassifier(**QUICK).fit(X, Y, w)
    clean = MultiLabelClassifier(**QUICK).fit(X[w > 0], Y[w > 0])
    loss = [-np.log(np.where(truth, c.predict_proba(new), 1 - c.predict_proba(new))).mean() for c in (clf, clean)]
    assert loss[0] < loss[1] + 0.05
    assert clf.score(new, truth) > clean.score(new, truth) - 0.05


# ── what is wrong, and what is strange but right ─────────────────────────────────────────────────────────────────────


WRONG: dict[str, tuple[Callable[[np.ndarray], Any], str]] = {
    "none": (lambda Y: None, "y=None"),
    "2": (lambda Y: Y + 1, r"Y holds 2 \(row 0, label \d\)"),
    "-1": (lambda Y: -Y.astype(float), "Y holds -1"),
    "infinity": (lambda Y: np.where(Y, np.inf, 0), "Y holds inf"),
    "2, sparse": (lambda Y: sp.csr_matrix(2 * Y), "Y holds 2"),
    "2, pandas": (lambda Y: pd.DataFrame(2 * Y, columns=NAMES), "Y holds 2"),
    "complex": (lambda Y: Y.astype(complex), "Complex data"),
    "twice": (lambda Y: pd.DataFrame(Y, columns=["a", "b", "a"]), "Y names the label 'a' twice"),
    "no columns": (lambda Y: Y[:, :0], "Y has no labels"),
    "no rows": (lambda Y: Y[:0], "Y is empty"),
    "nothing": (lambda Y: [], "Y has shape"),
    "empty lists": (lambda Y: [[] for _ in Y], "Y has no labels"),
    "too few": (lambda Y: Y[:7], "y has 7 entries, X has 60 rows"),
    "three dimensions": (lambda Y: Y[:, :, None], "Y has shape"),
    "one number each": (lambda Y: np.linspace(0, 1, len(Y)), "Unknown label type: continuous"),
    "objects": (lambda Y: np.full(Y.shape, object()), r"Y\[:, 0\] holds <object .* which is no number"),
    "nothing known": (lambda Y: np.full(Y.shape, np.nan), "Y holds no known label"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_y_is_named(what: str) -> None:
    X, Y = rows()
    make, told = WRONG[what]
    with pytest.raises(ValueError, match=told):
        MultiLabelClassifier(**SMALL).fit(X, make(Y))


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("optimize", ["f1_micro", "f1_macro", "f1_samples", "precision@0.9"])
@pytest.mark.filterwarnings("ignore:threshold_metric")  # of few rows, or epochs, none reaches the precision
@pytest.mark.filterwarnings("ignore:nothing was learned that tells")  # of a single row
def test_labels_that_all_or_none_have(encoded: bool, optimize: str) -> None:
    X, Y = rows(200)
    Y = np.column_stack([Y, np.zeros(200), np.ones(200), np.arange(200) == 7])
    encoder = Autoencoder(2, **SMALL).fit(X) if encoded else None
    with pytest.warns(UserWarning, match="positive in") as told:
        clf = MultiLabelClassifier(encoder=encoder, threshold_metric=optimize, **QUICK | AUTO).fit(X, Y)
    assert [str(w.message) for w in told if "positive in" in str(w.message)] == [
        "label 3 is positive in no row: there is nothing to learn about it",
        "label 4 is positive in every row: there is nothing to learn about it",
    ]
    p = clf.predict_proba(X)
    assert ((p > 0) & (p < 1)).all()
    assert (p[:, 3] < 0.1).all()
    assert (p[:, 4] > 0.9).all()
    assert (clf.predict(X)[:, 4] == 1).all()
    clf.add_label("new", X[:3])


def test_one_label_alone() -> None:
    X, Y = rows(300)
    clf = MultiLabelClassifier(**QUICK).fit(X, Y[:, [0]])
    assert clf.predict_proba(X).shape == clf.predict(X).shape == (300, 1)
    assert roc_auc_score(Y[:, 0], clf.predict_proba(X)[:, 0]) > 0.9
    assert clf.top(X[:1], 3)[0][0][0] == 0


@pytest.mark.filterwarnings("ignore:.* outside all that was seen in fit")  # of four rows
def test_one_row_more_or_less() -> None:
    X, Y = rows()
    for n in (1, 3):
        with pytest.raises(DataError, match=f"n_samples={n}: at least 4 rows"):
            MultiLabelClassifier(**SMALL).fit(X[:n], Y[:n])
    clf = MultiLabelClassifier(**SMALL).fit(X[:4], np.eye(4, 3, dtype=int))
    assert clf.predict(X).shape == (60, 3)
    assert np.allclose(clf.predict_proba(X)[7], clf.predict_proba(X[7:8])[0], atol=1e-12)
    clf.add_label("x", X[:1])


def test_other_columns_of_x_are_named() -> None:
    clf, X, Y = fitted()
    for call in (clf.predict, clf.predict_proba, clf.top, clf.codes, lambda X: clf.score(X, Y)):
        with pytest.raises(ValueError, match="features"):
            call(X[:, :4])


def test_labels_that_it_does_not_know_are_named() -> None:
    X, Y = rows()
    clf = MultiLabelClassifier(**SMALL).fit(X, listed(Y))
    with pytest.raises(DataError, match="row 2 has the label 'z', which the model does not know; it knows 'a', 'b', 'c'"):
        clf.score(X[:3], [["a"], [], ["z"]])
    with pytest.raises(DataError, match="Y has 2 columns, but there are 3 labels"):
        clf.score(X, Y[:, :2])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", "hinge"),
        ("min_labels", -1),
        ("min_labels", "some"),
        ("replay_size", -1),
        ("replay_size", 2.5),
        ("label_weight", "heavy"),
        ("threshold_metric", "accuracy"),
        ("members", 0),
        ("hidden", ()),
    ],
)
def test_wrong_parameters_are_named(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name}="):
        fitted(**{name: value})


def test_a_weight_for_no_label_is_named() -> None:
    with pytest.raises(ValueError, match="label_weight names 'z', which is not a label"):
        fitted(label_weight={"z": 2.0})


@pytest.mark.parametrize("w", [np.ones(3), np.zeros(60), np.full(60, np.nan), -np.ones(60), np.ones((60, 2))], ids=range(5))
def test_wrong_weights_are_named(w: np.ndarray) -> None:
    X, Y = rows()
    with pytest.raises(DataError, match="sample_weight"):
        MultiLabelClassifier(**SMALL).fit(X, Y, w)


def test_how_many_is_named() -> None:
    clf, X, _ = fitted()
    for n in (0, -1, 1.5, "all"):
        with pytest.raises(ValueError, match=r"n=.*allowed are integers from 1"):
            clf.top(X, n)


# ── memory and files ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_of_bytes_are_kept_as_bytes(tmp_path: Path) -> None:
    """Pictures took nine times as much in the file as the pixels have; a table with gaps is kept as it was."""
    r = np.random.default_rng(0)
    X, Y = r.integers(0, 256, (60, 12, 12), np.uint8), r.integers(0, 2, (60, 2))
    for rows_of, kept in ((X, "pixels"), (np.where(X < 9, np.nan, X).reshape(60, -1), "data")):
        clf = MultiLabelClassifier(**QUICK | {"epochs": 1}).fit(rows_of, Y)
        clf.save(tmp_path / "a.diabolo")
        assert f"memory.{kept}" in storage.tensors(storage.header(tmp_path / "a.diabolo"))
        again = load(tmp_path / "a.diabolo")
        assert np.array_equal(again.memory_.x.toarray(), clf.memory_.x.toarray(), equal_nan=True)
        again.save(tmp_path / "b.diabolo")
        assert (tmp_path / "a.diabolo").read_bytes() == (tmp_path / "b.diabolo").read_bytes()
    state = Memory(sp.csr_matrix(np.full((4, 3), 0.2, np.float32)), np.ones((4, 1), np.float32)).state()
    assert state["pixels"].tolist() == [[51] * 3] * 4
    with pytest.raises(FormatError, match="its kept rows are no bytes"):
        Memory.from_state(state | {"pixels": state["pixels"] + 0.5}, 3, 1)
    with pytest.raises(FormatError, match="its kept rows do not fit its labels"):
        Memory.from_state(state, 4, 1)


@pytest.mark.parametrize("memory", [0, 1, 20, 60, 1000])
def test_the_file_tells_how_many_rows_it_keeps(memory: int, tmp_path: Path) -> None:
    clf, X, Y = fitted(replay_size=memory)
    clf.save(tmp_path / "a.diabolo")
    head = storage.header(tmp_path / "a.diabolo")
    kept = head.meta["rows_kept"]
    assert kept == len(clf.memory_) == len(clf.memory_.y) == len(storage.tensors(head)["memory.indptr"]) - 1
    assert 0.8 * min(memory, 60) <= kept <= min(memory, 60)
    again = load(tmp_path / "a.diabolo").memory_
    assert np.array_equal(again.x.toarray(), clf.memory_.x.toarray())
    assert np.array_equal(again.y, clf.memory_.y)
    x = clf.format_.to_tensor(X).float().numpy()
    for row, y in zip(clf.memory_.x.toarray(), clf.memory_.y, strict=True):
        (i,) = np.flatnonzero((x == row).all(1))
        assert np.array_equal(y, Y[i])


def test_no_rows_in_the_file_without_a_memory(tmp_path: Path) -> None:
    clf, X, _ = fitted(replay_size=0)
    clf.save(tmp_path / "a.diabolo")
    arrays = storage.tensors(storage.header(tmp_path / "a.diabolo"))
    assert all(array.size <= 1 for name, array in arrays.items() if name.startswith("memory."))
    clf.add_label("x", X[:3], [1, 0, 0])
    assert clf.predict_proba(X).shape == (60, 4)


def test_the_memory_keeps_gaps(tmp_path: Path) -> None:
    X, Y = rows()
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    hidden = np.where(np.random.default_rng(1).random(Y.shape) < 0.3, np.nan, Y)
    clf = MultiLabelClassifier(replay_size=1000, **SMALL).fit(X, hidden)
    assert np.array_equal(clf.memory_.y, hidden, equal_nan=True)
    clf.add_label("x", X[:3])
    assert np.isnan(clf.memory_.y[:, 3]).all()
    clf.save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    assert np.array_equal(again.memory_.y, clf.memory_.y, equal_nan=True)
    assert np.array_equal(again.memory_.x.toarray(), clf.memory_.x.toarray(), equal_nan=True)
    assert np.array_equal(again.predict_proba(X), clf.predict_proba(X))


PARAMETERS: list[dict[str, Any]] = [
    {"loss": "asymmetric"},
    {"loss": Asymmetric()},
    {"loss": Asymmetric(1.0, 2.0, 0.0)},
    {"loss": Logistic()},
    {"threshold_metric": "precision@0.8"},
    {"threshold_metric": [[0, 1], [3, 0]]},
    {"threshold_metric": np.array([[0.0, 1.0], [3.0, 0.0]])},
    {"min_labels": 2, "members": 1},
    {"label_weight": "balanced"},
    {"label_weight": {0: 2.0, 2: 3.0}},
]


@pytest.mark.parametrize("params", PARAMETERS, ids=repr)
@pytest.mark.filterwarnings("ignore:threshold_metric")  # of few rows, or epochs, none reaches the precision
def test_a_file_holds_the_parameters(params: dict[str, Any], tmp_path: Path) -> None:
    clf, X, Y = fitted(**params)
    clf.save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    assert np.array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert np.array_equal(again.predict(X), clf.predict(X))
    assert again.n_parameters_ == clf.n_parameters_
    refit = clone(again).fit(X, Y)
    assert np.array_equal(refit.predict_proba(X), clf.predict_proba(X))
    assert np.array_equal(refit.predict(X), clf.predict(X))


def test_a_refresh_that_spoils_an_old_label_is_undone(tmp_path: Path) -> None:
    X, Y = rows(400)
    clf = MultiLabelClassifier(replay_size=400, **QUICK).fit(X, Y)
    clf.set_params(lr=0.1)  # enough to unlearn all
    before = written(clf, tmp_path)
    told = clf.refresh(X, 1 - Y, replay=0, held_out=(X, Y), delta=0.0)
    assert not told.accepted
    assert written(clf, tmp_path) == before
    assert told.after[told.worst] < told.before[told.worst]
    clf.set_params(lr=0.003)
    before = written(clf, tmp_path)
    assert clf.refresh(X, Y, delta=0.2).accepted
    assert written(clf, tmp_path) != before


# ── scikit-learn ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["int", "pandas", "lists"])
def test_in_cross_validation(way: str) -> None:
    X, Y = rows(90)
    cv = MultiLabelStratifiedKFold(3, random_state=0)
    scores = cross_validate(MultiLabelClassifier(**QUICK), X, ways(Y)[way], cv=cv, error_score="raise")["test_score"]
    assert scores.shape == (3,)
    assert (scores > 0.5).all()


def test_in_a_grid_and_in_a_pipeline() -> None:
    X, Y = rows(90)
    pipe = make_pipeline(StandardScaler(), MultiLabelClassifier(**SMALL))
    grid = {"multilabelclassifier__hidden": [(4,), (8,)], "multilabelclassifier__loss": ["logistic", Asymmetric()]}
    found = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, Y)
    assert len(found.cv_results_["params"]) == 4
    assert found.best_estimator_.predict_proba(X).shape == (90, 3)
    cross_validate(pipe, X, Y, cv=3, scoring=["f1_micro", "average_precision", "roc_auc"], error_score="raise")
    assert np.allclose(pipe.fit(X, Y).score(X, Y), f1_score(Y, pipe.predict(X), average="micro"))


def test_a_clone_keeps_the_encoder() -> None:
    X, Y = rows()
    ae = Autoencoder(2, **SMALL).fit(X)
    clf = MultiLabelClassifier(encoder=ae, threshold_metric=np.array([[0.0, 1.0], [2.0, 0.0]]), **SMALL | AUTO).fit(X, Y)
    copy = clone(clf)
    assert copy.encoder is ae
    assert not hasattr(copy, "memory_")
    assert np.array_equal(copy.fit(X, Y).predict_proba(X), clf.predict_proba(X))
    assert clone(make_pipeline(StandardScaler(), clf))[1].encoder is ae


def test_the_same_seed_is_the_same_model() -> None:
    X, Y = rows()
    a, b = (MultiLabelClassifier(**SMALL).fit(X, Y).predict_proba(X) for _ in range(2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, MultiLabelClassifier(**SMALL | {"random_state": 1}).fit(X, Y).predict_proba(X))


def test_fitting_again_forgets_what_was_added() -> None:
    clf, X, Y = fitted()
    before = clf.predict_proba(X)
    clf.add_label("x", X[:3])
    assert np.array_equal(clf.fit(X, Y).predict_proba(X), before)
    assert clf.classes_.tolist() == [0, 1, 2]


# ── the baseline ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("n", "layers"), [(20, 1), (100, 2)])
def test_the_more_rows_tell_of_a_word_the_larger_it_is_and_the_deeper_the_network(n: int, layers: int) -> None:
    r = np.random.default_rng(0)
    X, Y = sp.csr_matrix(r.poisson(1.0, (n, 10))), r.integers(0, 2, (n, 3))
    clf = MultiLabelClassifier(epochs=1, members=1, verbose=False, random_state=0).fit(X, Y)
    encoder: Any = clf.network_.encoder
    tower = encoder[-1]
    assert len(tower.weights) == layers
    variance_one = 10**-0.5  # tf-idf of 10 words has length 1
    assert torch.allclose(variance_one / tower.s, torch.tensor(min(1.0, n / 10 / 8)))


def test_of_very_many_labels_documents_have_one_hidden_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    r = np.random.default_rng(0)
    X, Y = sp.csr_matrix(r.poisson(1.0, (100, 10))), sp.csr_matrix(r.integers(0, 2, (100, 3)))
    depths = []
    for many in (3, 2):
        monkeypatch.setattr(targets, "MAX_LABELS_PER_STEP", many)
        clf = MultiLabelClassifier(epochs=1, members=1, verbose=False, random_state=0).fit(X, Y)
        encoder: Any = clf.network_.encoder
        depths.append(len(encoder[-1].weights))
    assert depths == [2, 1]


def test_independent_classifiers_know_nothing_of_each_other(tmp_path: Path) -> None:
    X, Y = rows(300)
    clf = IndependentClassifiers(**QUICK).fit(X, Y)
    shared = MultiLabelClassifier(**QUICK).fit(X, Y)
    assert clf.members_ == shared.members_ == 3
    assert clf.n_parameters_ > 2 * shared.n_parameters_
    new, truth = rows(300, seed=1)
    before = clf.predict_proba(new)
    assert min(roc_auc_score(truth[:, c], before[:, c]) for c in range(3)) > 0.85
    clf.save(tmp_path / "a.diabolo")
    assert np.array_equal(load(tmp_path / "a.diabolo").predict_proba(new), before)
    tower = clf.network_.encoder[-1]
    for j in range(3):
        tower.weights[0][3 * j + 1].zero_()
    moved = np.abs(clf.predict_proba(new) - before).max(0)
    assert moved[[0, 2]].tolist() == [0, 0]
    assert moved[1] > 0.01


@pytest.mark.filterwarnings("ignore:nothing was learned that tells")
def test_pairs_that_surely_go_together_come_first() -> None:
    r = np.random.default_rng(0)
    X, often = r.normal(size=(200, 3)), r.random(200) < 0.3
    rare = np.arange(200) == int(np.flatnonzero(~often)[0])  # with others in no row, or in one, which tells little
    Y = np.column_stack([rare, often, often ^ (r.random(200) < 0.05), r.random(200) < 0.5]).astype(int)
    report = MultiLabelClassifier(**QUICK).fit(X, Y).report(X, Y, compare=False)
    a, b, lift, given_a = report.pairs(6)[0]
    assert (a, b) == (1, 2)
    assert lift == pytest.approx((Y[:, 1] & Y[:, 2]).mean() / (Y[:, 1].mean() * Y[:, 2].mean()))
    assert given_a == pytest.approx(Y[Y[:, 1] == 1, 2].mean())
    assert report.pairs(6)[1:] == [], "the others are independent, and go together only by chance"


def test_a_report_on_classes_says_which_are_taken_for_others(tmp_path: Path) -> None:
    """One class for each row goes together with none, and has no threshold."""
    r = np.random.default_rng(0)
    y = np.array(["a", "a", "b", "c"])[np.arange(120) % 4]
    X = r.normal(size=(120, 3)) + 3.0 * np.stack([y == "a", y == "b", y == "c"], 1)
    clf = MultiLabelClassifier(**QUICK).fit(X, y)
    truth = np.where(np.arange(120) % 8 == 2, "c", y)  # half of all b
    report, said = clf.report(X, truth, compare=False), clf.predict(X)
    right = float((said == truth).mean())
    assert report.accuracy == pytest.approx(right)
    assert report.most_frequent == 0.5
    a, b, n, share = report.mistaken()[0]
    wrong = (truth == "c") & (said == "b")
    assert (a, b, n, share) == ("c", "b", wrong.sum(), pytest.approx(wrong.sum() / (truth == "c").sum()))
    assert f"{right:.1%} of the rows get their class\nc is taken for b in" in str(report)
    assert np.isnan([card.threshold for card in report.cards]).all()
    assert "by chance" not in str(report)
    write(clf, X, tmp_path / "r.html", labels={"y": truth})
    page = (tmp_path / "r.html").read_text()
    for words in (
        f"<h1>{right:.0%} of the rows",
        "most frequent of 3 classes has 50% of them",
        "Which classes are taken",
        ">c</th>",
    ):
        assert words in page
    assert "threshold" not in page
    assert "3 labels as points" in page
    two = np.where(y == "c", "a", y)
    write(MultiLabelClassifier(**QUICK).fit(X, two), X, tmp_path / "r.html", labels={"y": two})
    assert "In the drawing" not in (tmp_path / "r.html").read_text()  # one lay on the other
    several = MultiLabelClassifier(**QUICK).fit(X, X > 0).report(X, X > 0, compare=False)
    assert np.isnan(several.accuracy)
    assert several.mistaken() == []
    assert clf.held_out_ == pytest.approx(float((said != y).mean()), abs=0.2)  # an error rate
    assert clf.held_out_ * 120 == pytest.approx(round(clf.held_out_ * 120), abs=1e-3)


@pytest.mark.parametrize("sparse", [False, True])
def test_what_sharing_gains_is_told_by_networks_that_can_be_afforded(sparse: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "MAX_WEIGHTS", 20_000)
    monkeypatch.setattr(comparison, "MAX_COMPONENTS", 20)
    r = np.random.default_rng(0)
    X: Any = r.poisson(1.0, (60, 200))
    Y = (X[:, :5] > 0).astype(int)
    X = sp.csr_matrix(X) if sparse else X.astype(float)
    clf = MultiLabelClassifier(**QUICK | {"hidden": (256,), "epochs": 2}).fit(X, Y)
    told = clf.report(X, Y).comparison
    assert told is not None
    assert told.seen == "20 components of your data"
    weights = told.parameters[1]
    assert 5_000 < weights < 25_000  # with the last layer's


def test_independent_classifiers_share_nothing_to_add_to() -> None:
    X, Y = rows()
    clf = IndependentClassifiers(**SMALL).fit(X, Y)
    assert not hasattr(clf, "add_label")
    with pytest.raises(ValueError, match="encoder="):
        IndependentClassifiers(encoder=Autoencoder(2, **SMALL).fit(X), **SMALL).fit(X, Y)


def test_labels_of_several_levels_come_back_as_they_were(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    X = pd.DataFrame(r.normal(size=(60, 3)), columns=list("abc"))
    columns = pd.MultiIndex.from_tuples([("y", "u"), ("y", 2)], names=["kind", None])
    Y = pd.DataFrame((X[["a", "b"]].to_numpy() > 0) * 1, columns=columns)
    clf = MultiLabelClassifier(epochs=1, verbose=False, random_state=0).fit(X, Y)
    clf.save(tmp_path / "m.diabolo")
    for model in (clf, load(tmp_path / "m.diabolo")):
        pd.testing.assert_index_equal(model.predict(X).columns, columns)
    clf.rename_label("('y', 'u')", "up")
    assert clf.predict(X).columns.tolist() == ["up", "('y', 2)"]


def test_without_y_the_remedy_is_named(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [0.0, 1, 2, 3] * 5, "b": [1.0, 0, 0, 1] * 5, "big": [0, 0, 1, 1] * 5})
    table.to_parquet(tmp_path / "a.parquet")
    clf = MultiLabelClassifier(epochs=1, verbose=False).fit(tmp_path, labels=["big"])
    for X in (tmp_path, str(tmp_path), table):
        with pytest.raises(ValueError, match=r"X, y = formats.read_labeled\(X, labels=\[...\]\) takes it apart"):
            clf.score(X)
    assert clf.score(*read_labeled(tmp_path, labels=["big"])) >= 0


@pytest.mark.parametrize("metric", ["precision@0.95", [[0, 20], [1, 0]]])
def test_no_row_gets_a_label_that_the_metric_forbids(metric: Any) -> None:
    """By default each row gets one if each training row has one; that would break what was asked for."""
    r = np.random.default_rng(0)
    X = r.normal(size=(300, 4))
    one = (X[:, 0] + 0.7 * r.normal(size=300) > 0).astype(float)
    clf = MultiLabelClassifier(**QUICK, threshold_metric=metric).fit(X, np.c_[one, 1 - one])
    assert np.array_equal(clf.predict(X) > 0, clf.predict_proba(X) >= clf.thresholds_)
    assert (clf.predict(X).sum(1) == 0).any()
    assert clf.set_params(threshold_metric="f1_micro").fit(X, np.c_[one, 1 - one]).predict(X).any(1).all()


def test_labels_that_cannot_reach_the_precision_are_told() -> None:
    r = np.random.default_rng(0)
    X, noise = r.normal(size=(200, 3)), r.random(200) < 0.2
    with pytest.warns(UserWarning, match="no threshold reaches this precision for '1' on rows that were held out"):
        clf = MultiLabelClassifier(**QUICK, threshold_metric="precision@0.9").fit(X, np.c_[X[:, 0] > 0, noise])
    assert clf.predict(X).sum(0)[1] == 0


def test_labels_that_nearly_all_rows_get_are_told() -> None:
    r = np.random.default_rng(0)
    X, rare = r.normal(size=(200, 3)), np.arange(200)[:, None] == 7
    with pytest.warns(UserWarning, match="^nothing was learned that tells which rows have '0'"):
        clf = MultiLabelClassifier(**QUICK).fit(X, rare)
    assert clf.predict(X).mean() > 0.9
    clf = MultiLabelClassifier(**QUICK).fit(X, X[:, :2] > [-1.5, 1.5])
    with pytest.warns(UserWarning, match="^nothing was learned that tells which rows have 'noise'"):
        clf.add_label("noise", X, np.random.default_rng(5).random(200) < 0.25)


def test_the_precision_of_one_row_is_not_believed() -> None:
    p = np.linspace(0.6, 0.1, 50)[:, None]
    y = np.r_[1.0, np.zeros(49)][:, None]
    assert thresholds(p, y, "precision@0.9")[0] > 1, "the first row is right, but is said to be in 6 of 10 cases"


def test_a_new_label_is_decided_as_the_others_are() -> None:
    r = np.random.default_rng(0)
    X, new = r.normal(size=(300, 4)), r.normal(size=(100, 4))
    yes, costs = new[:, 0] + r.normal(size=100) > 0, [[0, 9], [1, 0]]
    clf = MultiLabelClassifier(**QUICK, threshold_metric=costs).fit(X, X[:, :2] > 0)
    clf.add_label("new", new, yes, prior=0.2)
    assert clf.thresholds_[2] == pytest.approx(0.9)
    clf = MultiLabelClassifier(**QUICK, threshold_metric=[costs, costs]).fit(X, X[:, :2] > 0)
    with pytest.warns(UserWarning, match="costs for each label, and none for 'new'"):
        clf.add_label("new", new, yes)
    clf = MultiLabelClassifier(**QUICK, threshold_metric="precision@0.99").fit(X, X[:, :2] > 0)
    with pytest.warns(UserWarning, match="no threshold reaches this precision for 'noise'"):
        clf.add_label("noise", new, r.random(100) < 0.5)


def test_copies_among_the_examples_of_a_new_label_are_told() -> None:
    r = np.random.default_rng(0)
    X = r.normal(size=(100, 4))
    clf = MultiLabelClassifier(**QUICK).fit(X, X[:, :2] > 0)
    with pytest.warns(UserWarning, match="24 of 30 examples of 'new' are copies of others"):
        clf.add_label("new", np.repeat(r.normal(size=(6, 4)), 5, 0), np.repeat([1, 0] * 3, 5))
    bits = r.integers(0, 2, (100, 3))
    few = MultiLabelClassifier(**QUICK).fit(bits, bits[:, :2] & bits[:, 1:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # rows of yes and no are alike without being copies
        few.add_label("new", bits[:20], bits[:20, 2])


def test_nothing_is_learned_from_unknown_labels() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    clf = MultiLabelClassifier(**QUICK).fit(X, X[:, :2] > 0)
    with pytest.raises(DataError, match="no known label"):
        clf.refresh(X, np.full((60, 2), np.nan))


def test_weights_of_cells_are_matched_by_the_names_of_their_labels() -> None:
    r = np.random.default_rng(0)
    X = r.normal(size=(80, 3))
    Y = pd.DataFrame(X[:, :2] + r.normal(size=(80, 2)) > 0, columns=["a", "b"]).astype(int)
    weight = pd.DataFrame({"a": np.where(Y["a"] == 1, 9.0, 1.0), "b": np.ones(80)})
    one, other = (MultiLabelClassifier(**QUICK).fit(X, Y, w) for w in (weight, weight[["b", "a"]]))
    assert np.array_equal(one.predict_proba(X), other.predict_proba(X))
    assert one.score(X, Y, weight) == one.score(X, Y, weight[["b", "a"]]) != one.score(X, Y)


def test_a_refresh_that_is_undone_says_on_which_rows() -> None:
    X, Y = rows(200)
    clf = MultiLabelClassifier(**QUICK).fit(X, Y).set_params(lr=0.1)
    assert "on rows of the fit, some of which it knew by heart" in str(clf.refresh(X, 1 - Y, delta=0.0))
    assert "rows of the fit" not in str(clf.refresh(X, 1 - Y, held_out=(X, Y), delta=0.0))
