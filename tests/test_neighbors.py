"""The target of a document is in part what its neighbors say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from numpy.testing import assert_allclose, assert_array_equal

from diabolo import Autoencoder
from diabolo.corruption import WordDropout
from diabolo.estimators.autoencoder import neighbors
from diabolo.estimators.autoencoder.neighbors import Neighbors
from diabolo.nets import TfIdf
from diabolo.rows import Rows

TOPIC = np.random.default_rng(1).integers(0, 3, 120)


def counts() -> np.ndarray:
    """Documents of three topics, with words of their own."""
    mean = 0.05 + 1.5 * (np.arange(30) % 3 == TOPIC[:, None])
    return np.random.default_rng(0).poisson(mean).astype(np.float32)


def found(x: np.ndarray, k: int = 3) -> Neighbors | None:
    return Neighbors.find(Rows(torch.from_numpy(x)), TfIdf(x.shape[1]), k, 0)


@pytest.mark.parametrize("most", [10_000, 40])
def test_neighbors_have_the_topic_and_nobody_is_his_own(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "MOST", most)
    x = counts()
    near = found(x)
    assert near is not None
    among = np.linspace(0, 119, min(most, 120)).astype(int)
    numbers = among[near.near]
    assert near.near.shape == (120, 6)
    assert (TOPIC[numbers] == TOPIC[:, None]).mean() > 0.95
    assert not (numbers == np.arange(120)[:, None]).any()
    assert_allclose(near.p.toarray(), x[among] / x[among].sum(1, keepdims=True), rtol=1e-6)


def test_the_target_is_half_the_document_and_half_the_mean_of_its_neighbors() -> None:
    p = sp.csr_matrix(np.array([[1, 0, 0], [0, 0.5, 0.5], [0, 1, 0]], np.float32))
    near = Neighbors(p, np.array([[1, 2], [0, 2], [0, 1]]))
    x = torch.tensor([[0.0, 0.0, 0.0], [8.0, 0.0, 0.0]])
    y = near.target(torch.tensor([2, 0]), x)
    assert_array_equal(y, [[0, 0, 0], [4, 3, 1]])
    assert_array_equal(y.sum(1), x.sum(1))


def test_a_document_without_words_has_neighbors_too() -> None:
    x = counts()
    x[5] = 0
    near = found(x)
    assert near is not None
    assert_array_equal(near.target(torch.tensor([5]), torch.from_numpy(x[5:6])), x[5:6])
    assert torch.isfinite(near.target(torch.arange(120), torch.from_numpy(x))).all()


@pytest.mark.parametrize(("k", "w"), [(2, 0.5), (10, 0.5), (20, 0.25)])
def test_wide_codes_tell_more_of_the_document_itself(k: int, w: float) -> None:
    near = found(counts(), k)
    assert near is not None
    assert near.w == w


def test_documents_that_are_all_the_same_have_neighbors_that_are() -> None:
    x = np.ones((40, 5), np.float32)
    near = found(x)
    assert near is not None
    assert_allclose(near.target(torch.arange(40), torch.from_numpy(x)), x, rtol=1e-6)


def test_few_documents_have_none() -> None:
    assert found(counts()[:19]) is None


def fitted(monkeypatch: pytest.MonkeyPatch, **params: Any) -> bool:
    """Whether a fit looks for neighbors."""
    asked = []
    find = Neighbors.find

    def ask(*args: Any) -> Neighbors | None:
        asked.append(args)
        return find(*args)

    monkeypatch.setattr(Neighbors, "find", ask)
    ae = Autoencoder(3, epochs=1, random_state=0, verbose=False, **params).fit(sp.csr_matrix(counts().astype(int)))
    assert ae._neighbors is None
    return bool(asked)


def test_a_corruption_or_a_loss_of_ones_own_has_the_clean_row_as_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fitted(monkeypatch)
    assert not fitted(monkeypatch, corruption=WordDropout(0.5))
    assert not fitted(monkeypatch, loss="squared")
