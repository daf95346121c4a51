"""Contracts of every density."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from diabolo.density import DENSITIES, Density, Flow, Kernel, Mixture, Normal, density
from diabolo.errors import DataError

MISSING = pytest.mark.skipif(find_spec("zuko") is None, reason="the package zuko is not installed")
NAMES = [pytest.param(name, marks=[MISSING] if name == "flow" else []) for name in sorted(DENSITIES)]


def made(name: str) -> Density:
    """A density by name; the flow a small one."""
    return Flow(2, 16, 30) if name == "flow" else density(name)


def two_clouds(n: int = 400, k: int = 2, seed: int = 0) -> np.ndarray:
    r = np.random.default_rng(seed)
    return r.normal(size=(n, k)) * np.linspace(0.5, 2, k) + 8.0 * r.integers(0, 2, (n, 1)) + 100


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_shapes(name: str, k: int) -> None:
    z = two_clouds(k=k)
    p = made(name).fit(z)
    assert p.log_prob(z).shape == (len(z),)
    assert p.sample(7, np.random.default_rng(0)).shape == (7, k)
    assert p.sample(0, np.random.default_rng(0)).shape == (0, k)


@pytest.mark.parametrize("name", NAMES)
def test_it_integrates_to_one(name: str) -> None:
    p = made(name).fit(two_clouds(k=1))
    grid = np.linspace(60, 150, 20_001)[:, None]
    assert np.exp(p.log_prob(grid)).sum() * (grid[1, 0] - grid[0, 0]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_draws_have_the_moments_of_the_codes(name: str) -> None:
    z = two_clouds(2000, 3)
    draws = made(name).fit(z).sample(20_000, np.random.default_rng(1))
    assert np.allclose(draws.mean(0), z.mean(0), atol=0.3)
    assert np.allclose(np.cov(draws.T), np.cov(z.T), rtol=0.15, atol=0.5)


@pytest.mark.parametrize("name", NAMES)
def test_units_do_not_matter(name: str) -> None:
    """log p(a z) = log p(z) - k log a."""
    z = two_clouds()
    before, after = made(name).fit(z).log_prob(z), made(name).fit(1000 * z).log_prob(1000 * z)
    atol = 0.3 if name == "flow" else 1e-3  # SGD makes a mountain of a rounding error
    assert np.allclose(np.median(after), np.median(before - 2 * np.log(1000)), atol=atol)


@pytest.mark.parametrize("name", NAMES)
def test_state_is_all_there_is(name: str) -> None:
    z = two_clouds()
    p = made(name).fit(z)
    again = type(p).from_state(p.state())
    assert np.array_equal(p.log_prob(z), again.log_prob(z))
    assert np.array_equal(p.sample(9, np.random.default_rng(0)), again.sample(9, np.random.default_rng(0)))


@pytest.mark.parametrize("name", NAMES)
def test_parts_that_do_not_fit_are_refused(name: str) -> None:
    state = made(name).fit(two_clouds()).state()
    for key in state:
        with pytest.raises(DataError, match=f"parts of a {name} density"):
            type(made(name)).from_state(state | {key: state[key][..., :1][:0]})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("z", [np.zeros((1, 2)), np.zeros((50, 2)), np.eye(3), np.ones((2, 5)) * 1e9])
def test_few_and_equal_codes(name: str, z: np.ndarray) -> None:
    p = made(name).fit(z)
    assert np.isfinite(p.log_prob(z)).all()
    assert np.isfinite(p.sample(5, np.random.default_rng(0))).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("z", [np.zeros((0, 2)), np.zeros(3), np.array([[np.nan]])])
def test_what_are_no_codes(name: str, z: np.ndarray) -> None:
    with pytest.raises(DataError, match="codes of shape"):
        made(name).fit(z)


def test_normal_is_scipys() -> None:
    z = two_clouds(500, 3)
    assert np.allclose(Normal().fit(z).log_prob(z), multivariate_normal(z.mean(0), np.cov(z.T, bias=True)).logpdf(z), atol=0.05)


def test_the_mixture_finds_its_parts() -> None:
    r = np.random.default_rng(0)
    assert len(Mixture().fit(r.normal(size=(1000, 2))).weight) == 1
    assert len(Mixture().fit(r.normal(size=(1000, 2)) + 9 * r.integers(0, 2, (1000, 1))).weight) == 2


def test_a_curve_is_likelier_under_a_kernel_than_under_a_normal() -> None:
    def ring(n: int, r: np.random.Generator) -> np.ndarray:
        a = r.uniform(0, 2 * np.pi, n)
        return np.column_stack([np.cos(a), np.sin(a)]) + 0.05 * r.normal(size=(n, 2))

    r = np.random.default_rng(0)
    train, test = ring(1000, r), ring(1000, r)
    values = {name: made(name).fit(train).log_prob(test).mean() for name in ("normal", "mixture", "kernel")}
    assert values["normal"] < values["mixture"] - 0.5
    assert values["normal"] < values["kernel"] - 0.5


def test_names() -> None:
    mine = Kernel((0.3,))
    assert density(mine) is mine
    assert all(isinstance(made(name), Density) for name in DENSITIES)
    with pytest.raises(ValueError, match="density='flows': allowed are 'flow', 'kernel', 'mixture', 'normal'"):
        density("flows")


def test_without_zuko_the_flow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zuko.flows", None)
    with pytest.raises(ImportError, match=r"pip install 'diabolo\[flow\]'"):
        Flow().fit(two_clouds())
