"""Folds in which every label has its share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV, KFold, cross_validate

from diabolo import DataError, MultiLabelClassifier, MultiLabelStratifiedKFold
from diabolo.model_selection import folds
from kinds import SMALL

Split = list[tuple[np.ndarray, np.ndarray]]


def drawn(n: int, k: int, seed: int) -> np.ndarray:
    """Labels of all frequencies."""
    r = np.random.default_rng(seed)
    return (r.random((n, k)) < r.random(k)).astype(int)


def split(Y: Any, parts: int = 3, seed: int = 0) -> Split:
    return list(MultiLabelStratifiedKFold(parts, random_state=seed).split(Y, Y))


def same(a: Split, b: Split) -> bool:
    return all(np.array_equal(x, y) for one, other in zip(a, b, strict=True) for x, y in zip(one, other, strict=True))


@given(n=st.integers(6, 80), k=st.integers(1, 8), parts=st.integers(2, 5), seed=st.integers(0, 10_000))
def test_each_row_is_tested_once(n: int, k: int, parts: int, seed: int) -> None:
    found = split(drawn(n, k, seed), parts, seed)
    assert len(found) == parts
    assert np.array_equal(np.sort(np.concatenate([test for _, test in found])), np.arange(n))
    for train, test in found:
        assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(n))
        assert len(train)
        assert len(test)


@given(n=st.integers(40, 200), k=st.integers(1, 8), parts=st.integers(2, 5), seed=st.integers(0, 10_000))
def test_each_label_is_spread_evenly(n: int, k: int, parts: int, seed: int) -> None:
    r = np.random.default_rng(seed)
    Y = (r.random((n, k)) < 0.3 * r.random(k)).astype(int)
    apart = spread(Y, MultiLabelStratifiedKFold(parts, random_state=seed))
    assert apart.max() <= 2
    assert apart[Y.sum(0).argmin()] <= 1, "the rarest label comes first"


def test_frequent_labels_are_spread_better_than_by_chance() -> None:
    """The method deals out a row for the sake of its rarest label; frequent ones may be a few rows apart, chance is worse."""
    ours, chance = [], []
    for seed in range(60):
        Y = drawn(20 + seed, 1 + seed % 7, seed)
        parts = 2 + seed % 4
        ours.append(spread(Y, MultiLabelStratifiedKFold(parts, random_state=seed)).mean())
        chance.append(spread(Y, KFold(parts, shuffle=True, random_state=seed)).mean())
    assert np.mean(ours) < 0.5 * np.mean(chance)


def spread(Y: np.ndarray, cv: Any) -> np.ndarray:
    """(k,) by how many the counts of a label differ between two folds, at most."""
    return np.ptp([Y[test].sum(0) for _, test in cv.split(Y, Y)], axis=0)


def test_one_label_alone_is_spread_as_evenly_as_can_be() -> None:
    for seed in range(20):
        Y = drawn(37, 1, seed)
        counts = [int(Y[test].sum()) for _, test in split(Y, 4, seed)]
        assert max(counts) - min(counts) <= 1


def test_a_rare_label_is_in_as_many_folds_as_it_has_rows() -> None:
    Y = np.zeros((60, 3), dtype=int)
    Y[:, 0] = np.arange(60) % 2
    Y[[3, 7, 50], 1] = 1
    Y[:30, 2] = 1
    assert [int(Y[test, 1].sum()) for _, test in split(Y, 3)] == [1, 1, 1]


def test_every_way_of_giving_y_gives_the_same_folds() -> None:
    Y = drawn(50, 3, 0)
    names = ["a", "b", "c"]
    wanted = split(Y)
    ways = {
        "float": Y.astype(float),
        "bool": Y.astype(bool),
        "sparse": sp.csr_matrix(Y),
        "column-wise": sp.csc_array(Y),
        "pandas": pd.DataFrame(Y, columns=names),
        "polars": pl.DataFrame(Y, schema=names),
        "lists": [[name for name, v in zip(names, row, strict=True) if v] for row in Y],
        "tuples": [tuple(name for name, v in zip(names, row, strict=True) if v) for row in Y],
        "0 and 1": Y.tolist(),
    }
    for way, given_as in ways.items():
        assert same(split(given_as), wanted), way


def test_nan_counts_as_no() -> None:
    Y = drawn(50, 3, 0).astype(float)
    hidden = np.where((Y == 0) & (np.random.default_rng(0).random(Y.shape) < 0.3), np.nan, Y)
    assert np.isnan(hidden).any()
    assert same(split(hidden), split(Y))


def test_one_label_per_row_is_spread_too() -> None:
    y = np.array(["a", "b", "c"])[np.arange(60) % 3]
    for _, test in split(y, 4):
        assert np.unique(y[test], return_counts=True)[1].tolist() == [5, 5, 5]


def test_the_seed_decides() -> None:
    Y = drawn(50, 3, 0)
    assert same(split(Y, seed=1), split(Y, seed=1))
    assert not same(split(Y, seed=1), split(Y, seed=2))


def test_without_a_seed_the_folds_are_always_the_same() -> None:
    """As those of scikit-learn: a comparison of two models must not be one of two splits."""
    Y, cv = drawn(50, 3, 0), MultiLabelStratifiedKFold(3)
    found = list(cv.split(Y, Y))
    assert same(found, list(cv.split(Y, Y)))
    assert same(found, list(MultiLabelStratifiedKFold(3).split(Y, Y)))
    assert same(found, split(Y, seed=0))
    own = MultiLabelStratifiedKFold(3, random_state=np.random.RandomState(0))
    assert not same(list(own.split(Y, Y)), list(own.split(Y, Y))), "a generator goes on"


def test_parts_of_other_sizes() -> None:
    fold = folds(drawn(200, 4, 0), [0.1, 0.9], np.random.RandomState(0))
    assert 15 <= (fold == 0).sum() <= 25


@pytest.mark.parametrize("n", [5, 40])
def test_too_large_for_care_is_dealt_out(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diabolo.model_selection.MAX_CELLS_STRATIFIED", 1)
    sizes = [len(test) for _, test in split(drawn(n, 2, 0), 3)]
    assert sum(sizes) == n
    assert max(sizes) - min(sizes) <= 1


def test_as_cv_of_scikit_learn() -> None:
    r = np.random.default_rng(0)
    X = r.normal(size=(60, 4))
    Y = (X[:, :3] + 0.3 * r.normal(size=(60, 3)) > 0).astype(int)
    cv = MultiLabelStratifiedKFold(3, random_state=0)
    clf = MultiLabelClassifier(**SMALL)
    lists = [[name for name, v in zip("abc", row, strict=True) if v] for row in Y]
    for y in (Y, pd.DataFrame(Y, columns=list("abc")), lists):
        told = cross_validate(clf, X, y, cv=cv)
        assert told["test_score"].shape == (3,)
        assert np.isfinite(told["test_score"]).all()
    assert GridSearchCV(clf, {"hidden": [(4,), (8,)]}, cv=cv).fit(X, Y).n_splits_ == 3
    assert cv.get_n_splits(X, Y) == 3


def test_errors() -> None:
    Y = drawn(10, 2, 0)
    with pytest.raises(ValueError, match="y=None: the labels are needed"):
        next(MultiLabelStratifiedKFold(2).split(Y))
    with pytest.raises(ValueError, match="n_splits=11: there are only 10 rows"):
        split(Y, 11)
    with pytest.raises(ValueError, match="n_splits=1"):
        MultiLabelStratifiedKFold(1)
    with pytest.raises(DataError, match="Y holds 2"):
        split(Y + 2)
    with pytest.raises(ValueError, match=r"inconsistent numbers|entries"):
        list(MultiLabelStratifiedKFold(2).split(np.zeros((9, 1)), Y))
