"""Contracts of every corruption."""

from __future__ import annotations

import json
import math

import pytest
import torch

from diabolo.corruption import CORRUPTIONS, Chain, Clean, Corruption, Gaussian, Hide, Mask, SaltPepper, Shift, Thin, build

EXAMPLES: list[Corruption] = [
    Clean(),
    Gaussian(0.5),
    Mask(0.3),
    Mask(0.3, fill=math.nan),
    Hide(0.8),
    Hide(1.0, (1, 4, 15)),
    SaltPepper(0.4, -1.0, 2.0),
    Shift((4, 5), 1),
    Shift((4, 5), 2, 0.5),
    Thin(0.4),
    Chain(()),
    Chain((Shift((4, 5)), Gaussian(0.1), Chain((Mask(0.1),)))),
]
NOTHING: list[Corruption] = [
    Clean(),
    Gaussian(0.0),
    Mask(0.0),
    Hide(0.0),
    SaltPepper(0.0),
    Shift((4, 5), 0),
    Thin(0.0),
    Chain((Gaussian(0.0), Mask(0.0))),
]


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(torch.allclose(a, b, rtol=0, atol=0, equal_nan=True))


def test_every_corruption_has_an_example() -> None:
    assert {type(c) for c in EXAMPLES} == set(CORRUPTIONS.values())
    assert {type(c) for c in NOTHING} == set(CORRUPTIONS.values())


@pytest.mark.parametrize("corruption", NOTHING, ids=repr)
def test_strength_zero_is_the_identity(corruption: Corruption) -> None:
    x = torch.rand(8, 20)
    seen, target = corruption(x, rng())
    assert same(seen, x)
    assert same(target, x)


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_contract(corruption: Corruption) -> None:
    x = torch.rand(64, 20)
    before = x.clone()
    seen, target = corruption(x, rng())
    assert same(x, before), "x itself is never changed"
    assert seen.shape == target.shape == x.shape
    assert seen.dtype == target.dtype == x.dtype
    again = corruption(x, rng())
    assert same(seen, again[0]), "the same generator, the same noise"
    assert same(target, again[1])
    if corruption not in (Clean(), Chain(())):
        assert not same(seen, corruption(x, rng(1))[0]), "another generator, other noise"


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_the_global_generator_is_left_alone(corruption: Corruption) -> None:
    before = torch.get_rng_state()
    corruption(torch.rand(8, 20, generator=rng()), rng())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_round_trip_through_json(corruption: Corruption) -> None:
    back = build(json.loads(json.dumps(corruption.config(), allow_nan=False)))
    assert repr(back) == repr(corruption)
    x = torch.rand(8, 20)
    assert same(back(x, rng())[0], corruption(x, rng())[0])


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_an_empty_batch_passes(corruption: Corruption) -> None:
    seen, target = corruption(torch.zeros(0, 20), rng())
    assert seen.shape == target.shape == (0, 20)


def test_strengths() -> None:
    x = torch.full((400, 100), 0.5)
    assert float((Gaussian(0.3)(x, rng())[0] - x).std()) == pytest.approx(0.3, rel=0.02)
    assert float((Mask(0.3)(x, rng())[0] == 0).float().mean()) == pytest.approx(0.3, rel=0.05)
    seen = SaltPepper(0.4, 0.0, 1.0)(x, rng())[0]
    assert float((seen == 0).float().mean()) == pytest.approx(0.2, rel=0.05)
    assert float((seen == 1).float().mean()) == pytest.approx(0.2, rel=0.05)
    counts = torch.randint(0, 20, (400, 100)).float()
    seen = Thin(0.3)(counts, rng())[0]
    assert bool((seen == seen.round()).all() & (seen <= counts).all())
    assert float(seen.sum() / counts.sum()) == pytest.approx(0.7, rel=0.02)


def test_the_target_of_noise_is_clean() -> None:
    x = torch.rand(8, 20)
    for corruption in (Gaussian(1.0), Mask(0.5), SaltPepper(0.5), Thin(0.5)):
        assert same(corruption(x, rng())[1], x)


def test_a_shift_moves_seen_and_target_alike() -> None:
    x = torch.zeros(200, 20)
    x[:, 7] = 1.0  # row 1, column 2 of 4 x 5
    seen, target = Shift((4, 5), 1)(x, rng())
    assert same(seen, target)
    places = {divmod(int(i), 5) for i in seen.argmax(1)}
    assert places == {(r, c) for r in (0, 1, 2) for c in (1, 2, 3)}
    assert bool((seen.sum(1) == 1).all())


def test_a_chain_is_one_after_the_other() -> None:
    x, r = torch.rand(8, 20), rng()
    seen, _ = Chain((Gaussian(0.2), Mask(0.5)))(x, rng())
    assert same(seen, Mask(0.5).seen(Gaussian(0.2).seen(x, r), r))
