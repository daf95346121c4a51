"""Scales are robust and relative, squashing keeps order and is undone, and what holds the numbers does not matter."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from diabolo import Autoencoder, OutlierDetector, Regressor
from diabolo.errors import DataError
from diabolo.formats import Arrays, Tables, infer
from diabolo.formats.scale import FAR, NEAR, decoded, encoded, measured, together
from diabolo.sentinels import odd

QUIET: dict[str, Any] = {"verbose": False, "random_state": 0}


def columns(n: int = 400) -> dict[str, np.ndarray]:
    r = np.random.default_rng(0)
    plain, some = r.normal(size=n), r.random(n) < 0.1
    wild = plain.copy()
    wild[7] = 1e6
    return {
        "plain": plain,
        "whole": r.integers(-5, 50, n).astype(float),
        "nearly zero": np.where(some, r.exponential(9000, n), 0.0),
        "wild": wild,
        "Cauchy": r.standard_cauchy(n),
        "logarithmic": np.exp(3 * plain),
        "constant": np.full(n, 0.1),
        "zero": np.zeros(n),
        "gaps": np.where(some, np.nan, plain),
        "nothing": np.full(n, np.nan),
    }


def scale_of(v: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(measured(v[None]))[:5]


@pytest.mark.parametrize("unit", [1.0, 1e-15, 1e-200, 1e150, -3.0])
@pytest.mark.parametrize("name", columns())
def test_it_is_undone_and_keeps_order(name: str, unit: float) -> None:
    v = columns()[name] * unit
    scale = scale_of(v)
    x = encoded(v[:, None], *scale)
    assert np.allclose(decoded(x, *scale)[:, 0], v, rtol=1e-12, atol=1e-12 * np.nanmax(abs(v), initial=0), equal_nan=True)
    new = np.r_[v, 1e300, -1e300, 2 * v, 1e12 * unit]
    new = np.sort(new[np.isfinite(new)])
    y = encoded(new[:, None], *scale)[:, 0]
    assert (np.diff(y) >= 0).all()
    assert np.isfinite(y.astype(np.float32)).all()


@pytest.mark.parametrize("name", ["plain", "wild", "Cauchy", "logarithmic", "constant"])
def test_the_unit_does_not_matter(name: str) -> None:
    v = columns()[name]
    want = encoded(v[:, None], *scale_of(v))
    for unit in (2.0**-500, 2.0**500):
        assert np.array_equal(encoded(v[:, None] * unit, *scale_of(v * unit)), want)
    assert np.allclose(encoded(v[:, None] * 1e-13, *scale_of(v * 1e-13)), want, rtol=1e-6, atol=1e-6)


def test_ordinary_columns_have_mean_0_and_deviation_1() -> None:
    for name in ("plain", "whole", "nearly zero", "gaps"):
        v = columns()[name]
        scale = scale_of(v)
        assert scale[2] >= FAR, name
        assert np.allclose(encoded(v[:, None], *scale)[:, 0], (v - np.nanmean(v)) / np.nanstd(v), equal_nan=True)


def test_the_bulk_keeps_its_size_beside_what_is_wild() -> None:
    for wild in ([1e3], [1e12], [-999.0] * 40, [1e300, -1e300, 7e5]):
        v = columns()["plain"].copy()
        v[: len(wild)] = wild
        scale = scale_of(v)
        x = encoded(v[:, None], *scale)[len(wild) :]
        assert scale[2] == NEAR
        assert 0.25 < x.std() < 1.4


def test_a_constant_that_changes_is_far_and_noise_is_not() -> None:
    for v, w in ((0.001, 0.002), (1e6, 2e6), (5e-13, 6e-13), (-3e150, 3e150), (7, 8)):
        scale = scale_of(np.full(50, float(v)))
        x = encoded(np.array([v, w, v * (1 + 1e-12)], dtype=float)[:, None], *scale)[:, 0]
        assert x[0] == 0
        assert abs(x[1]) > 3
        assert abs(x[2]) < 1e-4


def test_whole_numbers_come_back_exactly() -> None:
    r = np.random.default_rng(1)
    for far in (0, 10**6, 10**12):
        v = r.integers(-20, 20, 200)
        v[:3] += far
        for X in (v[:, None], pd.DataFrame({"a": v})):
            format = infer(X).fit(X)
            assert np.array_equal(np.asarray(format.from_array(format.to_tensor(X))), v[:, None])
    large = (1 << 60) + r.integers(-9, 9, (40, 2))
    format = Arrays().fit(large)
    assert np.array_equal(format.from_array(format.to_tensor(large)), large)


def test_codes_for_missing_values_are_named_once() -> None:
    r = np.random.default_rng(0)
    X = r.normal(size=(200, 3))
    X[:9, 0], X[3:7, 1] = -999, 9999
    for data in (X, pd.DataFrame(X, columns=["x0", "x1", "x2"])):
        with pytest.warns(UserWarning, match=r"-999 \(9 times\) in column 'x0', 9999 \(4 times\) in column 'x1'") as said:
            infer(data).fit(data)
        assert len(said) == 1
        assert "replace it by NaN" in str(said[0].message)
    with pytest.warns(UserWarning, match=r"-9 \(5 times\) in column 'x0'"):  # the only one below 0
        Arrays().fit(np.r_[r.normal(50, 5, 95), np.full(5, -9.0)][:, None])
    for harmless in (r.integers(0, 5, 200), r.exponential(size=200), r.poisson(0.1, 200), np.r_[X[9:, 0], 1e9]):
        Arrays().fit(np.asarray(harmless, dtype=float)[:, None])


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        ((1, 2, 3, 4, 5), (9,)),
        ((0, 1, 2, 3), (8, 9)),
        ((0, 1), (9,)),
        ((0, 1), (-9,)),
        ((1, 2), (98, 99)),
        ((1, 2, 3), (-8, -9)),
    ],
)
def test_no_answer_is_no_step_of_a_scale(steps: tuple[int, ...], codes: tuple[int, ...]) -> None:
    """A 9 among answers from 1 to 5 was a very good one."""
    v = np.repeat(np.array([*steps, *codes], dtype=float), [40] * len(steps) + [6] * len(codes))
    assert {(value, n) for _, value, n in odd(v[None])} == {(code, 6) for code in codes}
    for harmless in (
        v[abs(v) < 6],
        np.repeat([1.0, 2, 3, 4, 8], 20),
        np.repeat(np.arange(10.0), 20),
        np.repeat([-1.0, 0, 1], 9),
    ):
        assert not odd(harmless[None])


# ── what the estimators make of it ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["clean", "one wild cell", "codes", "heavy tails", "logarithmic"])
def test_what_is_wild_does_not_blind_the_detector(kind: str) -> None:
    r = np.random.default_rng(3)
    x = r.normal(size=500)
    if kind == "heavy tails":
        x = r.standard_cauchy(500)
    X, strange = np.c_[x, x + 0.1 * r.normal(size=500)], np.c_[x[1:101], -x[1:101] - 1]
    if kind == "one wild cell":
        X[0, 0] = 1e6
    if kind == "codes":
        X[r.random(500) < 0.05, 0] = -998.5  # a code that does not look like one
    if kind == "logarithmic":
        X, strange = np.exp(3 * X), np.exp(3 * strange)
    detector = OutlierDetector(alpha=0.02, **QUIET)
    if kind == "codes":
        with pytest.warns(UserWarning, match=r"-998.5 \(\d+ times\)"):
            detector.fit(X)
    else:
        detector.fit(X)
    assert (detector.predict(strange) == -1).mean() > 0.5


def test_one_wild_cell_leaves_the_others_to_the_autoencoder() -> None:
    t = np.random.default_rng(0).normal(size=300)
    X = np.c_[t, t, 2 * t]
    X[5, 1] = 1e9
    ae = Autoencoder(1, epochs=40, **QUIET).fit(X)
    assert abs(ae.reconstruct(X)[10:, 2] - X[10:, 2]).mean() < 0.4


@pytest.mark.parametrize("unit", [1e-13, 1e150])
def test_targets_in_any_unit(unit: float) -> None:
    r = np.random.default_rng(0)
    X = r.normal(size=(120, 3))
    params: dict[str, Any] = {"hidden": (8,), "epochs": 3, "members": 2, **QUIET}
    one, other = (Regressor(**params).fit(X, (X[:, 0] - X[:, 1] / 2) * u).predict(X) / u for u in (1.0, unit))
    assert np.allclose(one, other, atol=1e-4)


# ── arrays of every kind ─────────────────────────────────────────────────────────────────────────────────────────────


def test_masked_cells_are_missing() -> None:
    r = np.random.default_rng(0)
    X, mask = r.integers(0, 9, (60, 3)), r.random((60, 3)) < 0.2
    want = np.where(mask, np.nan, X)
    listed = [[np.ma.masked if m else v for v, m in zip(a, b, strict=True)] for a, b in zip(X.tolist(), mask, strict=True)]
    masked = np.ma.masked_array(X, mask)
    for given in (masked, masked.astype(float), list(masked), listed):
        format = Arrays().fit(given)
        assert np.array_equal(format.to_tensor(given).numpy(), Arrays().fit(want).to_tensor(want).numpy(), equal_nan=True)
    params: dict[str, Any] = {"epochs": 1, "hidden": (4,), **QUIET}
    assert np.array_equal(
        Autoencoder(2, **params).fit_transform(masked.astype(float)), Autoencoder(2, **params).fit_transform(want)
    )
    yes = np.ma.masked_array(X > 4, mask)
    assert Arrays().fit(yes).binary.all()


def test_a_stored_zero_is_a_zero_and_the_matrix_stays_as_it_is() -> None:
    r = np.random.default_rng(0)
    C = sp.random(50, 6, 0.3, "csr", random_state=0)
    data = np.r_[C.tocoo().data / 2, C.tocoo().data / 2, np.zeros(9)]  # each cell in two parts, and zeros
    row, column = (np.r_[a, a, r.integers(0, n, 9)] for a, n in zip(C.tocoo().coords, C.shape, strict=True))
    stored = sp.coo_matrix((data, (row, column)), shape=C.shape)
    loose = sp.csr_matrix((np.r_[C.data, 0.0], np.r_[C.indices, 5], np.r_[C.indptr[:-1], C.nnz + 1]), shape=C.shape)
    for other in (stored, loose):
        before = other.data.copy(), other.nnz
        format = Arrays().fit(other)
        assert torch.equal(format.to_tensor(other), Arrays().fit(C).to_tensor(C))
        assert np.array_equal(before[0], other.data)
        assert before[1] == other.nnz


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array", "csc_matrix", "csc_array", "coo_matrix", "coo_array"])
def test_sparse_matrices_come_back_as_they_were(kind: str) -> None:
    X = getattr(sp, kind)(sp.random(30, 5, 0.4, random_state=0))
    format = Arrays().fit(X)
    Y = Arrays.from_state(*format.state()).from_array(format.to_tensor(X))
    assert type(Y) is type(X)
    assert abs(Y - X).max() < 1e-12
    assert type(Autoencoder(2, epochs=1, hidden=(4,), **QUIET).fit(X).reconstruct(X)) is type(X)


def test_arrays_of_every_kind() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    want = Arrays().fit(X).to_tensor(X)
    locked = X.copy()
    locked.flags.writeable = False
    for same in (X.astype(">f8"), np.asfortranarray(X), locked, X.astype(object), X.astype(np.longdouble), X[::-1][::-1]):
        format = Arrays().fit(same)
        assert torch.equal(format.to_tensor(same), want)
        assert format.to_tensor(same).is_contiguous()
        assert np.allclose(np.asarray(format.from_array(want), dtype=float), X)
    half = X.astype(np.float16)
    format = Arrays().fit(half)
    assert np.array_equal(format.from_array(format.to_tensor(half)), half)
    assert np.isfinite(format.from_array(torch.full((1, 3), 1e9))).all()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((4, 5, 2, 2, 2)), r"shape \(4, 5, 2, 2, 2\).*X.reshape\(len\(X\), -1\).*format='images'"),
        (
            np.array([[1, datetime.date(2024, 1, 2)]] * 3, object),
            r"numbers and dates, .*: its columns are a table, pd.DataFrame",
        ),
        (np.zeros((3, 2), "datetime64[s]"), r"dates and durations are columns of a table, give pd.DataFrame\(X\)"),
        (np.zeros((3, 2), complex), "Complex data not supported"),
        (np.zeros(3), "Expected 2D array, got 1D array"),
        (np.array(3.0), "Expected 2D array, got 0D array"),
        (np.zeros(3, [("a", float)]), r"records .*give the table pd.DataFrame\(X\)"),
    ],
)
def test_what_is_no_table_of_numbers(X: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Arrays().fit(X)


@pytest.mark.parametrize("n", [1, 7, 50_000])
def test_columns_that_share_a_unit_have_one_spread(n: int) -> None:
    v = np.random.default_rng(0).normal(3, 2, (120, n))
    v[5] = np.nan
    v[7, ::2] = np.nan
    shared, apart = together(v, np.full(120, 1.0), 4.0), (v - 1) / 4
    known = ~np.isnan(apart)
    middle = np.where(known, apart, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    spread = np.sqrt((np.where(known, apart - middle[:, None], 0.0) ** 2).sum() / v.size) or 1.0
    np.testing.assert_allclose(shared.middle, middle, atol=1e-12)
    np.testing.assert_allclose(shared.spread, spread)
    assert (together(np.full((3, n), 0.1), np.zeros(3), 255.0).spread == 1).all()  # of what does not vary, there is none


def test_bytes_are_numbers_like_others() -> None:
    X = np.random.default_rng(0).integers(0, 200, (50, 3))
    assert torch.equal(Arrays().fit(X).to_tensor(X), Arrays().fit(X.astype(np.uint8)).to_tensor(X.astype(np.uint8)))


def test_outside_zero_and_one() -> None:
    format = Arrays().fit(np.eye(3))
    assert format.to_tensor(np.array([[7.0, -3, 1]])).tolist() == [[np.inf, -np.inf, 1]]


def test_what_is_shown() -> None:
    X = pd.DataFrame(columns())[["plain", "wild", "gaps", "whole"]].assign(yes=np.arange(400) % 2, word=["a", "b"] * 200)
    times = pd.DataFrame({"d": pd.date_range("2024-01-01", periods=9), "x": np.arange(9) * 0.5})
    times = times.assign(t=times["d"].dt.time, l=times["d"] - times["d"][0], e=times["d"])
    head = repr(Tables().fit(times)).splitlines()[0]
    assert head == "Tables(1 numbers, 2 dates, 1 times of day, 1 durations, 1 squashed; pandas)"
    assert (
        repr(Tables().fit(X)).splitlines()[0] == "Tables(4 numbers, 1 yes or no, 1 categories, 1 with gaps, 1 squashed; pandas)"
    )
    assert repr(Arrays().fit(X[["plain", "wild"]].to_numpy())) == "Arrays(2 numbers, 1 squashed; array of float64)"
