"""Patches of pictures: which, how turned, and the same ones again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from diabolo.errors import DataError
from diabolo.estimators.restoration.patches import Patches
from diabolo.rows import steps_per_epoch


def pictures(*sizes: tuple[int, int]) -> list[np.ndarray]:
    """Each pixel says which picture it is of, and where."""
    return [np.stack([np.full((h, w), i), *np.mgrid[:h, :w]], -1).astype(np.uint8) for i, (h, w) in enumerate(sizes)]


def test_bytes_become_numbers_between_0_and_1() -> None:
    whole = np.random.default_rng(0).integers(0, 256, (9, 9, 3)).astype(np.uint8)
    _, batch = next(Patches([whole], 9, turned=False).batches(4, 0))
    assert batch.dtype == torch.float32
    assert batch.shape == (4, 3, 9, 9)
    upright = torch.from_numpy(whole).movedim(-1, 0) / 255
    assert all(torch.equal(p, upright) or torch.equal(p, upright.flip(2)) for p in batch)


def test_an_epoch_can_begin_at_any_of_its_batches() -> None:
    patches = Patches(pictures((40, 50), (30, 30)), 8)
    full = list(patches.batches(4, seed=3))
    assert len(full) == steps_per_epoch(len(patches), 4)
    for skip in (1, 5, len(full) - 1, len(full)):
        rest = list(patches.batches(4, seed=3, skip=skip))
        assert len(rest) == len(full) - skip
        assert all(torch.equal(a, b) for one, two in zip(full[skip:], rest, strict=True) for a, b in zip(one, two, strict=True))


def test_seeds_and_batches_differ() -> None:
    patches = Patches(pictures((40, 50)), 8)
    (_, first), (_, second) = list(patches.batches(4, seed=0))[:2]
    assert not torch.equal(first, second)
    assert not torch.equal(first, next(patches.batches(4, seed=1))[1])


@pytest.mark.parametrize(("turned", "ways"), [(True, 8), (False, 2)])
def test_all_ways_to_turn_and_mirror_a_square_are_equally_likely(turned: bool, ways: int) -> None:
    whole = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    rng = np.random.default_rng(0)
    patches = Patches([whole], 4, turned)
    found, counts = np.unique([patches.cut(0, rng).flatten().numpy() for _ in range(800)], axis=0, return_counts=True)
    square = whole[..., 0]
    turns = [np.rot90(square, k) for k in range(4 if turned else 1)]
    wanted = {p.tobytes() for t in turns for p in (t, t[:, ::-1])}
    assert {row.tobytes() for row in found} == wanted
    assert len(wanted) == ways
    assert counts.min() > 0.6 * 800 / ways


def test_every_place_is_cut_from_and_patches_are_of_one_piece() -> None:
    patches, rng = Patches(pictures((9, 12)), 4, turned=False), np.random.default_rng(0)
    places = set()
    for _ in range(600):
        _, rows, columns = patches.cut(0, rng).int()
        y, x = int(rows.min()), int(columns.min())
        places.add((y, x))
        assert rows[:, 0].tolist() == [y, y + 1, y + 2, y + 3]
        assert {abs(a - b) for a, b in pairwise(columns[0].tolist())} == {1}
    assert places == {(y, x) for y in range(6) for x in range(9)}


def test_pictures_have_a_share_as_their_pixels() -> None:
    patches = Patches(pictures((20, 20), (20, 60)), 10)
    assert all(torch.equal(i, (x[:, 0, 0, 0] * 255).round().long()) for i, x in patches.batches(8, 0))
    drawn = torch.cat([batch[:, 0, 0, 0] for seed in range(150) for _, batch in patches.batches(8, seed)]) * 255
    assert float(drawn.round().mean()) == pytest.approx(0.75, abs=0.03)
    assert len(patches) == 1600 // 100


def test_what_is_too_small_is_left_out() -> None:
    patches = Patches(pictures((9, 40), (12, 12), (40, 9)), 10)
    assert [p.shape[:2] for p in patches.pictures] == [(12, 12)]
    assert {float(v) for v in next(patches.batches(8, 0))[1][:, 0].flatten() * 255} == {1.0}
    assert len(patches) == 1


@pytest.mark.parametrize("sizes", [[], [(9, 40), (40, 9)]])
def test_nothing_left_is_an_error(sizes: list[tuple[int, int]]) -> None:
    with pytest.raises(DataError, match="all pictures are smaller than patch_size=10"):
        Patches(pictures(*sizes), 10)


def test_gray_among_colors_is_the_same_in_all() -> None:
    """A folder with both could not be learned from."""
    gray, color = np.full((8, 8, 1), 90, np.uint8), np.full((8, 8, 3), (10, 20, 30), np.uint8)
    j, x = next(Patches([gray, color], 4).batches(64, seed=0))
    assert x.shape == (64, 3, 4, 4)
    assert (x[j == 0] == 90 / 255).all()
    assert next(Patches([gray], 4).batches(2, seed=0))[1].shape == (2, 1, 4, 4)
