"""Copies of rows in the folds of a supervised estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from diabolo import Autoencoder, Classifier, MultiLabelClassifier, Regressor
from diabolo.copies import copies, together
from diabolo.rows import Rows

R = np.random.default_rng(0)
AGES = np.column_stack([R.integers(0, 100, 200), R.integers(0, 2, 200)])


@pytest.mark.parametrize("times", [1, 2, 5])
def test_copies_are_in_one_fold(times: int) -> None:
    x, order = R.normal(size=(40, 3)), R.permutation(40 * times)
    x[::7, 1] = np.nan
    rows = Rows(torch.from_numpy(np.repeat(x, times, 0)[order]).float())
    fold = R.integers(0, 4, 40 * times)
    found, row = together(rows, fold), np.repeat(np.arange(40), times)[order]
    assert all(len(set(found[row == i])) == 1 for i in range(40))
    assert np.array_equal(found, fold) == (times == 1)


@pytest.mark.parametrize("x", [R.integers(0, 2, (200, 5)), R.integers(0, 9, (200, 2)), np.ones((200, 3)), AGES], ids=range(4))
def test_rows_of_few_values_are_alike_without_being_copies(x: np.ndarray) -> None:
    fold = np.arange(200) % 4
    assert np.array_equal(together(Rows(torch.from_numpy(x).float()), fold), fold)


@pytest.mark.parametrize("others", [0, 1, 2])
def test_columns_that_follow_from_another_make_no_copies(others: int) -> None:
    """An age says the year of birth: rows of the same age are alike by chance, though no two columns are independent."""
    age = R.integers(0, 100, 1000)
    x = np.column_stack([age, 2024 - age, *R.integers(0, 2, (others, 1000))])
    x = (x - x.mean(0)) / x.std(0)
    x[age == 7] = np.nan  # a gap is no step of its own
    rows, fold = Rows(torch.from_numpy(x).float()), np.arange(1000) % 4
    assert np.array_equal(together(rows, fold), fold)
    assert not copies(rows).any()


def test_missing_cells_are_the_same_whatever_their_bits() -> None:
    x = np.repeat(R.normal(size=(50, 3)), 4, 0).astype(np.float32)
    x[:, 1] = np.where(np.arange(200) % 2, np.float32(np.nan), -np.float32(np.nan))
    assert copies(Rows(torch.from_numpy(x))).sum() == 150


@pytest.mark.parametrize("x", [R.integers(0, 5, (60, 40)), R.poisson(0.1, (60, 300))], ids=["pixels", "words"])
def test_rows_of_many_values_are_copies(x: np.ndarray) -> None:
    """No column tells them apart, as in texts and digits."""
    row = np.repeat(np.arange(60), 4)
    found = together(Rows(torch.from_numpy(np.repeat(x, 4, 0)).float()), np.arange(240) % 5)
    assert [len(set(found[row == i])) for i in range(60)] == [1] * 60


@pytest.mark.parametrize("members", ["auto", 1])
@pytest.mark.parametrize("kind", [Classifier, Regressor, MultiLabelClassifier])
def test_nobody_is_judged_by_copies_of_what_it_has_learned(kind: type, members: Any) -> None:
    """Noise, each row four times: before, R2 was said to be 0.99."""
    r = np.random.default_rng(1)
    X, labels = r.normal(size=(60, 3)), r.integers(0, 2, (60, 4))
    noise: dict[type, Any] = {Classifier: labels[:, 0], Regressor: r.normal(size=60), MultiLabelClassifier: labels}
    params: dict[str, Any] = {"members": members, "validation_fraction": 0.3, "hidden": (64,), "dropout": 0.0, "epochs": 60}
    model = kind(**params, verbose=False, random_state=0)
    copied = model.fit(np.repeat(X, 4, 0), np.repeat(noise[kind], 4, 0)).held_out_
    assert copied > {Classifier: 0.3, Regressor: 0.7, MultiLabelClassifier: 0.15}[kind]


def test_an_autoencoder_is_not_judged_by_copies_of_what_it_has_learned() -> None:
    """Before, it was said to leave nothing over of rows that are there four times."""
    r = np.random.default_rng(0)
    A = r.normal(size=(3, 8))
    X, new = (r.normal(size=(n, 3)) @ A + 0.3 * r.normal(size=(n, 8)) for n in (200, 2000))
    ae = Autoencoder(3, hidden=(64,), epochs=300, verbose=False, random_state=0).fit(np.repeat(X, 4, 0))
    left = ((ae.reconstruct(new) - new) ** 2).sum() / ((new - X.mean(0)) ** 2).sum()
    assert abs(ae.comparison_["autoencoder"] - (1 - left)) < 0.03


def test_a_row_that_is_often_there_is_in_all_folds() -> None:
    """A class of rows of zeros would be held out as a whole: nobody could know it."""
    x = torch.cat([torch.zeros(500, 3), torch.from_numpy(np.repeat(R.normal(size=(100, 3)), 5, 0)).float()])
    fold = np.arange(1000) % 4
    found = together(Rows(x), fold)
    assert np.array_equal(found[:500], fold[:500])
    assert all(len(set(found[i : i + 5])) == 1 for i in range(500, 1000, 5))
    every, fold_of = np.repeat(R.normal(size=(30, 3)), 100, 0), R.integers(0, 4, 3000)
    assert all(len(set(part)) == 1 for part in together(Rows(torch.from_numpy(every).float()), fold_of).reshape(30, 100))
    kind = np.where(np.arange(1000) < 500, "none", np.where(x[:, 0] > 0, "a", "b"))
    clf = Classifier(verbose=False, random_state=0, epochs=20).fit(x.numpy(), kind)
    assert clf.held_out_ < 0.1


@pytest.mark.parametrize("kind", ["quantities", "words"])
def test_a_rare_class_that_was_oversampled_is_held_out_together(kind: str) -> None:
    """Each of its rows is there more often than others, as rows of zeros are: of noise an error of 2 % was said."""
    r = np.random.default_rng(0)
    x = r.normal(size=(200, 6)) if kind == "quantities" else r.poisson(0.2, (200, 300)).astype(float)
    row = np.r_[np.arange(190), r.permutation(np.repeat(np.arange(190, 200), 19))]
    found = together(Rows(torch.from_numpy(x[row]).float()), np.arange(380) % 4)
    assert all(len(set(found[row == i])) == 1 for i in range(200))


def test_many_rows_that_share_a_frequent_zero_stay_in_all_folds() -> None:
    """Nothing was sold, in each of six rooms: new rows will be so, too."""
    r = np.random.default_rng(0)
    sold = np.where(np.arange(600) < 300, 0, r.normal(size=600))
    rows, fold = Rows(torch.from_numpy(np.c_[sold, r.integers(0, 6, 600)]).float()), np.arange(600) % 4
    assert np.array_equal(together(rows, fold), fold)
