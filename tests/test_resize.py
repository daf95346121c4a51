"""Pictures made smaller and larger: MATLAB's to the bit, and what interpolation must leave alone."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from diabolo.images.resize import resize, resized

PAIRS = "images/restoration/set5-matlab-bicubic-pairs.zip"
SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_is_matlabs_imresize_to_the_bit(scale: int, data_folder: Path) -> None:
    """The fifteen small pictures of Set5 in the published tables, made by MATLAB."""
    if not (data_folder / PAIRS).exists():
        pytest.skip(f"there is no {PAIRS}")
    with zipfile.ZipFile(data_folder / PAIRS) as archive:

        def picture(name: str) -> Tensor:
            with Image.open(io.BytesIO(archive.read(name))) as image:
                return torch.from_numpy(np.array(image.convert("RGB"))).movedim(-1, 0)

        for i in range(1, 6):
            large, small = (picture(f"x{scale}/img_{i:03}_SRF_{scale}_{kind}.png") for kind in ("HR", "LR"))
            h, w = small.shape[1:]
            ours = resize(large[:, : scale * h, : scale * w] / 255, (h, w), levels=255)
            assert torch.equal((ours * 255).round().byte(), small)


@given(st.tuples(st.integers(1, 90), st.integers(1, 90)), SIZES, st.sampled_from([1, 3]))
def test_matrices_give_the_same(old: tuple[int, int], new: tuple[int, int], c: int) -> None:
    x = np.random.default_rng(0).random((*old, c), dtype=np.float32)
    one, other = resized(x, new), resize(torch.from_numpy(x).movedim(-1, 0), new).numpy()
    assert one.shape == other.shape == (c, *new)
    np.testing.assert_allclose(one, other, atol=2e-6)


@given(SIZES, SIZES, st.floats(-3, 3))
def test_a_constant_stays_constant(size: tuple[int, int], new: tuple[int, int], value: float) -> None:
    y = resize(torch.full((2, *size), value), new)
    assert y.shape == (2, *new)
    assert torch.allclose(y, torch.full_like(y, value), atol=1e-5)


@given(SIZES, SIZES)
def test_it_is_linear(size: tuple[int, int], new: tuple[int, int]) -> None:
    a, b = torch.randn(2, *size, dtype=torch.float64)
    assert torch.allclose(resize(2 * a - b, new), 2 * resize(a, new) - resize(b, new))


@given(SIZES, SIZES)
def test_mirrored_and_turned_pictures_give_mirrored_and_turned_pictures(size: tuple[int, int], new: tuple[int, int]) -> None:
    x = torch.randn(size, dtype=torch.float64)
    assert torch.allclose(resize(x.flip(0), new), resize(x, new).flip(0))
    assert torch.allclose(resize(x.flip(1), new), resize(x, new).flip(1))
    assert torch.allclose(resize(x.T, new[::-1]), resize(x, new).T)


@given(SIZES, st.sampled_from([None, 255]))
def test_the_same_size_is_the_identity(size: tuple[int, int], levels: int | None) -> None:
    x = torch.randint(0, 256, size) / 255
    assert torch.equal(resize(x, size, levels), x)


@given(st.integers(20, 60), st.integers(20, 60))
def test_a_ramp_stays_a_ramp(n: int, m: int) -> None:
    """Away from the border, where the kernel sees the ramp alone, bicubic interpolation is exact on straight lines."""
    y = resize(torch.arange(float(n)).double().expand(3, n), (3, m))[0]
    place = (torch.arange(m).double() + 0.5) * n / m - 0.5
    reach = 2 * max(1.0, n / m)
    inside = (place >= reach) & (place <= n - 1 - reach)
    off = (y - place).abs()[inside]
    assert bool(inside.any())
    assert float(off.max()) < (1e-9 if m >= n else 0.05)  # a widened kernel, sampled anywhere, is not quite exact


def test_made_half_as_large_a_ramp_is_exact() -> None:
    y = resize(torch.arange(40.0).double().expand(3, 40), (3, 20))[0]
    assert torch.allclose(y[2:-2], 2 * torch.arange(2, 18).double() + 0.5)


@given(SIZES)
def test_one_pixel(new: tuple[int, int]) -> None:
    one = resize(torch.tensor([[0.3]]), new)
    assert torch.allclose(one, torch.full(new, 0.3))
    assert torch.isfinite(resize(torch.rand(new), (1, 1))).all()


def test_of_one_pixel_the_mean_is_left() -> None:
    x = torch.rand(16, 16, dtype=torch.float64)
    assert float(resize(x, (1, 1))) == pytest.approx(float(x.mean()), abs=0.1)
    assert float(resize(x, (1, 1))) != float(x[8, 8])


def test_made_smaller_it_is_smoothed_first() -> None:
    """Stripes too fine for the small picture become gray, not other stripes."""
    x = (torch.arange(64) % 2).float().expand(64, 64)
    assert float((resize(x, (24, 24))[:, 3:-3] - 0.5).abs().max()) < 0.06


@given(SIZES, SIZES)
def test_levels_are_multiples_between_0_and_1(size: tuple[int, int], new: tuple[int, int]) -> None:
    y = resize((torch.rand(size) > 0.5).float(), new, levels=255) * 255
    assert torch.allclose(y, y.round(), atol=1e-4)
    assert float(y.min()) >= 0
    assert float(y.max()) <= 255


def test_other_numbers_and_leading_axes_are_kept() -> None:
    for dtype in (torch.float32, torch.float64):
        y = resize(torch.rand(2, 3, 5, 7, dtype=dtype), (4, 9))
        assert y.dtype == dtype
        assert y.shape == (2, 3, 4, 9)
    x = torch.rand(4, 6, 6)
    assert torch.equal(resize(x, (9, 3))[2], resize(x[2], (9, 3)))
