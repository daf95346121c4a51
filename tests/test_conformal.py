"""A promise: the share of normal rows with p <= alpha is at most alpha."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diabolo.errors import DataError
from diabolo.estimators.outliers.conformal import Calibration, enough

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(NUMBERS, NUMBERS)
def test_ranks(known: list[float], new: list[float]) -> None:
    c, s = Calibration(np.array(known)), np.array(new)
    p = c.p(s)
    expected = [(1 + sum(k >= v for k in known)) / (len(known) + 1) for v in new]
    assert np.allclose(p, expected)


@given(NUMBERS, NUMBERS)
def test_the_smooth_one_is_never_bolder_where_ranks_say_something(known: list[float], new: list[float]) -> None:
    c, s = Calibration(np.array(known)), np.array(new)
    p, smooth = c.p(s), np.exp(c.log_p(s))
    inside = p * (len(known) + 1) >= 2
    assert (smooth[inside] >= p[inside] - 1e-9).all()
    assert (smooth <= 1 + 1e-9).all()
    order = np.argsort(s)
    assert (np.diff(c.log_p(s[order])) <= 1e-9).all(), "stranger rows have smaller p-values"


def test_beyond_the_largest_score_it_goes_on() -> None:
    c = Calibration(np.random.default_rng(0).exponential(size=1000))
    far = c.log_p(np.array([20.0, 40.0, 1e6]))
    assert np.isfinite(far).all()
    assert far[0] - far[1] == pytest.approx(20, rel=0.3)  # the tail of this distribution is e^-s
    assert far[2] < far[1]


@given(NUMBERS, NUMBERS, st.floats(0.01, 0.9))
def test_the_limit_parts_what_p_parts(known: list[float], new: list[float], alpha: float) -> None:
    c, s = Calibration(np.array(known)), np.array([*known, *new, *np.nextafter(known, np.inf)])
    assert np.array_equal(c.log_p(s) < c.limit(alpha), c.p(s) <= alpha)
    assert (c.limit(alpha) > -np.inf) == (len(known) >= enough(alpha))


@given(st.lists(st.integers(-3, 3) | st.floats(-10, 10), min_size=2, max_size=30))
def test_no_score_is_its_own_witness(known: list[float]) -> None:
    s = np.array(known)
    alone = [Calibration(np.delete(s, i)).log_p(s[i]) for i in range(len(s))]
    assert np.allclose(Calibration.of_others(s), alone)


@given(st.floats(0.001, 0.999))
def test_how_many_rows_it_takes(alpha: float) -> None:
    n = enough(alpha)
    assert 1 / (n + 1) <= alpha
    assert n == 0 or 1 / n > alpha


def test_the_promise() -> None:
    rng = np.random.default_rng(0)
    shares = [np.mean(Calibration(rng.normal(size=300)).p(rng.normal(size=300)) <= 0.05) for _ in range(200)]
    assert 0.04 < np.mean(shares) <= 0.052


@pytest.mark.parametrize("wrong", [np.array([]), np.array([np.nan]), np.array([np.inf, 1.0]), np.zeros((2, 2))])
def test_bad_scores(wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match="finite scores"):
        Calibration(wrong.ravel() if wrong.ndim == 1 else wrong)
