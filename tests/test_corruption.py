"""Contracts of every corruption."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from diabolo.corruption import (
    CORRUPTIONS,
    Chain,
    Clean,
    ColumnMask,
    Corruption,
    Downscale,
    Gaussian,
    Grayscale,
    Jpeg,
    Mask,
    Mirror,
    Poisson,
    SaltPepper,
    Shift,
    WordDropout,
    build,
)
from diabolo.errors import DataError
from diabolo.images.resize import resize

EXAMPLES: list[Corruption] = [
    Clean(),
    Gaussian(0.5),
    Gaussian((0.1, 0.5)),
    Poisson(0.1),
    Poisson((0.01, 0.2)),
    Jpeg((5, 80)),
    Jpeg(30),
    Grayscale(),
    Grayscale(0.4),
    Downscale(3),
    Downscale(2, levels=255),
    Mask(0.3),
    Mask(0.3, fill=math.nan),
    ColumnMask(0.8),
    ColumnMask(1.0, (1, 4, 15)),
    SaltPepper(0.4, -1.0, 2.0),
    Shift((4, 5), 1),
    Shift((4, 5), 2, 0.5),
    Shift((2, 2, 5), 1, None),
    Mirror((4, 5)),
    Mirror((2, 2, 5), 0.3),
    WordDropout(0.4),
    Chain(()),
    Chain((Shift((4, 5)), Gaussian(0.1), Chain((Mask(0.1),)))),
    Chain((Downscale(2), Gaussian((0.0, 0.2)), Jpeg((5, 80)))),
]
NOTHING: list[Corruption] = [
    Clean(),
    Gaussian(0.0),
    Gaussian((0.0, 0.0)),
    Poisson(0.0),
    Jpeg(None),
    Grayscale(0.0),
    Downscale(1),
    Mask(0.0),
    ColumnMask(0.0),
    SaltPepper(0.0),
    Shift((4, 5), 0),
    Mirror((4, 5), 0.0),
    WordDropout(0.0),
    Chain((Gaussian(0.0), Mask(0.0))),
]
PICTURES = (Jpeg, Grayscale, Downscale)  # what they do is done to pictures (B, C, h, w), not to rows
CHANCELESS = (Clean(), Chain(()), Jpeg(30), Grayscale(), Grayscale(0.4), Downscale(3), Downscale(2, levels=255))


def names(corruption: Corruption) -> list[type[Corruption]]:
    """Its class, or those of its parts."""
    return [c for part in corruption.parts for c in names(part)] if isinstance(corruption, Chain) else [type(corruption)]


def example(corruption: Corruption, n: int) -> torch.Tensor:
    """x of the shape that the corruption is for: rows of numbers, or pictures."""
    pictures = any(c in PICTURES for c in names(corruption))
    return torch.rand((n, 3, 8, 8) if pictures else (n, 20), generator=rng(7))


def smaller(corruption: Corruption) -> int:
    """How many times smaller a picture becomes: the one corruption whose shapes differ, and whose target is cut to fit."""
    parts = corruption.parts if isinstance(corruption, Chain) else (corruption,)
    return math.prod(part.factor for part in parts if isinstance(part, Downscale))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(torch.allclose(a, b, rtol=0, atol=0, equal_nan=True))


def test_every_corruption_has_an_example() -> None:
    assert {type(c) for c in EXAMPLES} == set(CORRUPTIONS.values())
    assert {type(c) for c in NOTHING} == set(CORRUPTIONS.values())


@pytest.mark.parametrize("corruption", NOTHING, ids=repr)
def test_strength_zero_is_the_identity(corruption: Corruption) -> None:
    x = example(corruption, 8)
    seen, target = corruption(x, rng())
    assert same(seen, x)
    assert same(target, x)


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_contract(corruption: Corruption) -> None:
    x = example(corruption, 64)
    before = x.clone()
    seen, target = corruption(x, rng())
    assert same(x, before), "x itself is never changed"
    if (factor := smaller(corruption)) == 1:
        assert seen.shape == target.shape == x.shape
    else:
        assert target.shape == (64, 3, 8 // factor * factor, 8 // factor * factor)
        assert seen.shape == (64, 3, 8 // factor, 8 // factor)
    assert seen.dtype == target.dtype == x.dtype
    again = corruption(x, rng())
    assert same(seen, again[0]), "the same generator, the same noise"
    assert same(target, again[1])
    if corruption not in CHANCELESS:
        assert not same(seen, corruption(x, rng(1))[0]), "another generator, other noise"


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_the_global_generator_is_left_alone(corruption: Corruption) -> None:
    before = torch.get_rng_state()
    corruption(example(corruption, 8), rng())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_round_trip_through_json(corruption: Corruption) -> None:
    back = build(json.loads(json.dumps(corruption.config(), allow_nan=False)))
    assert repr(back) == repr(corruption)
    assert back == corruption or "nan" in repr(corruption)
    assert json.loads(json.dumps(corruption.config())) == back.config() == corruption.config(), "plain JSON, as a file holds it"
    x = example(corruption, 8)
    assert same(back(x, rng())[0], corruption(x, rng())[0])


@pytest.mark.parametrize("corruption", EXAMPLES, ids=repr)
def test_an_empty_batch_passes(corruption: Corruption) -> None:
    x = example(corruption, 0)
    seen, target = corruption(x, rng())
    assert len(seen) == len(target) == 0
    assert seen.ndim == target.ndim == x.ndim
    assert smaller(corruption) > 1 or seen.shape == target.shape == x.shape


def test_strengths() -> None:
    x = torch.full((400, 100), 0.5)
    assert float((Gaussian(0.3)(x, rng())[0] - x).std()) == pytest.approx(0.3, rel=0.02)
    assert float((Mask(0.3)(x, rng())[0] == 0).float().mean()) == pytest.approx(0.3, rel=0.05)
    seen = SaltPepper(0.4, 0.0, 1.0)(x, rng())[0]
    assert float((seen == 0).float().mean()) == pytest.approx(0.2, rel=0.05)
    assert float((seen == 1).float().mean()) == pytest.approx(0.2, rel=0.05)
    counts = torch.randint(0, 20, (400, 100)).float()
    seen = WordDropout(0.3)(counts, rng())[0]
    assert bool((seen == seen.round()).all() & (seen <= counts).all())
    assert float(seen.sum() / counts.sum()) == pytest.approx(0.7, rel=0.02)


def test_the_target_of_noise_is_clean() -> None:
    x = torch.rand(8, 20)
    for corruption in (Gaussian(1.0), Poisson(0.1), Mask(0.5), SaltPepper(0.5), WordDropout(0.5)):
        assert same(corruption(x, rng())[1], x)
    x = torch.rand(4, 3, 8, 8)
    for corruption in (Jpeg(20), Grayscale()):
        assert same(corruption(x, rng())[1], x)
    assert same(Downscale(3)(x, rng())[1], x[..., :6, :6])


def test_a_shift_moves_seen_and_target_alike() -> None:
    x = torch.zeros(200, 20)
    x[:, 7] = 1.0  # row 1, column 2 of 4 x 5
    seen, target = Shift((4, 5), 1)(x, rng())
    assert same(seen, target)
    places = {divmod(int(i), 5) for i in seen.argmax(1)}
    assert places == {(r, c) for r in (0, 1, 2) for c in (1, 2, 3)}
    assert bool((seen.sum(1) == 1).all())


def test_shifted_colors_stay_together_and_the_border_repeats() -> None:
    x = torch.rand(200, 2, 2, 5, generator=rng())
    seen, target = Shift((2, 2, 5), 1, None)(x.flatten(1), rng())
    assert same(seen, target)
    wide = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    moved = [wide[:, :, dy : dy + 2, dx : dx + 5].flatten(1) for dy in range(3) for dx in range(3)]
    found = torch.stack([(seen == m).all(1) for m in moved])
    assert bool(found.any(0).all()), "each is the picture, moved"
    assert bool(found.any(1).all()), "in every way"


def test_a_mirror_swaps_left_and_right_of_a_share() -> None:
    x = torch.rand(400, 2, 2, 5, generator=rng())
    seen, target = Mirror((2, 2, 5), 0.3)(x.flatten(1), rng())
    assert same(seen, target)
    swapped = (seen == x.flip(3).flatten(1)).all(1)
    assert bool((swapped | (seen == x.flatten(1)).all(1)).all())
    assert float(swapped.float().mean()) == pytest.approx(0.3, abs=0.06)
    assert same(Mirror((2, 2, 5), 1.0)(x.flatten(1), rng())[0], x.flip(3).flatten(1))


def test_a_chain_is_one_after_the_other() -> None:
    x, r = torch.rand(8, 20), rng()
    seen, _ = Chain((Gaussian(0.2), Mask(0.5)))(x, rng())
    assert same(seen, Mask(0.5).seen(Gaussian(0.2).seen(x, r), r))


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_a_pair_each_example_draws_its_own_strength() -> None:
    x = torch.full((2000, 300), 0.5)
    strengths = (Gaussian((0.1, 0.3))(x, rng())[0] - x).std(1)
    assert float(strengths.min()) == pytest.approx(0.1, abs=0.03)
    assert float(strengths.max()) == pytest.approx(0.3, abs=0.05)
    assert float(((strengths > 0.1) & (strengths < 0.2)).float().mean()) == pytest.approx(0.5, abs=0.05)


def test_photons_have_the_mean_and_the_variance_of_poisson() -> None:
    for brightness in (0.1, 0.8):
        seen = Poisson(0.05)(torch.full((400, 100), brightness), rng())[0]
        assert float(seen.mean()) == pytest.approx(brightness, rel=0.02)
        assert float(seen.var()) == pytest.approx(0.05 * brightness, rel=0.05)
        assert torch.allclose(seen / 0.05, (seen / 0.05).round(), atol=1e-4)
    assert same(Poisson(0.05)(torch.zeros(1, 9), rng())[0], torch.zeros(1, 9)), "where there is no light, no photon falls"


def test_jpeg_is_pillows() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24, 3)).astype(np.uint8)
    x = torch.from_numpy(pixels).movedim(-1, 0)[None] / 255
    for quality in (10, 60):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        theirs = torch.from_numpy(np.array(Image.open(file))).movedim(-1, 0)[None]
        assert same((Jpeg(quality)(x, rng())[0] * 255).round().byte(), theirs)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_packed_tighter_is_further_off(channels: int) -> None:
    x = torch.rand(4, channels, 16, 16, generator=rng())
    errors = [float((Jpeg(q)(x, rng())[0] - x).square().mean()) for q in (5, 30, 60, 95)]
    assert errors == sorted(errors, reverse=True)


def test_gray_is_luma_in_three_equal_channels() -> None:
    x = torch.rand(4, 3, 8, 8, generator=rng())
    seen = Grayscale()(x, rng())[0]
    assert torch.allclose(seen[:, 0], 0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2], atol=1e-6)
    assert torch.allclose(seen, seen[:, :1].expand_as(seen), atol=1e-6)
    assert torch.allclose(Grayscale(0.5)(x, rng())[0], (x + seen) / 2, atol=1e-6)


def test_smaller_pictures_are_those_of_resize() -> None:
    x = torch.rand(2, 3, 20, 11, generator=rng())
    seen, target = Downscale(3)(x, rng())
    assert same(target, x[..., :18, :9])
    assert same(seen, resize(target, (6, 3)))
    rounded = Downscale(3, levels=255)(x, rng())[0] * 255
    assert torch.allclose(rounded, rounded.round(), atol=1e-4)


@pytest.mark.parametrize("x", [torch.tensor([[0.5, torch.nan]]), torch.tensor([[0.5, -2.0]])], ids=["missing", "negative"])
def test_photons_are_no_noise_of_tables(x: Tensor) -> None:
    with pytest.raises(DataError, match="Poisson needs brightness from 0 on"):
        Poisson(0.1)(x, torch.Generator().manual_seed(0))
