"""Lightness and two opposed colors, there and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diabolo.images.color import from_lab, to_lab, within


def cube(n: int = 9) -> torch.Tensor:
    """All colors of a grid (3, n^3, 1)."""
    side = torch.linspace(0, 1, n)
    return torch.cartesian_prod(side, side, side).T[:, :, None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_there_and_back(dtype: torch.dtype) -> None:
    rgb = cube().to(dtype)
    back = from_lab(to_lab(rgb))
    assert back.dtype == dtype
    assert torch.allclose(back, rgb, atol=2e-4 if dtype == torch.float32 else 1e-6)


def test_every_byte_comes_back() -> None:
    rgb = torch.randint(0, 256, (2, 3, 64, 64))
    assert torch.equal((from_lab(to_lab(rgb / 255)) * 255).round().long(), rgb)


def test_grays_have_no_color() -> None:
    gray = torch.linspace(0, 1, 256).expand(3, 1, 256)
    light, a, b = to_lab(gray)
    assert float(a.abs().max()) < 1e-4
    assert float(b.abs().max()) < 1e-4
    assert bool((light.diff() > 0).all())
    assert float(light[0, 0]) == pytest.approx(0, abs=1e-4)
    assert float(light[0, -1]) == pytest.approx(100, abs=1e-4)


def test_it_is_scikit_images() -> None:
    color = pytest.importorskip("skimage.color")
    rgb = cube()
    theirs = torch.from_numpy(color.rgb2lab(rgb.movedim(0, -1).double().numpy())).movedim(-1, 0)
    assert torch.allclose(to_lab(rgb.double()), theirs, atol=0.01)


def test_opposed_colors() -> None:
    red, green, blue, yellow = (
        to_lab(torch.tensor(c).view(3, 1, 1)).flatten() for c in np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    )
    assert red[1] > 50 > -50 > green[1]
    assert yellow[2] > 50 > -50 > blue[2]


def test_leading_axes_are_kept() -> None:
    rgb = torch.rand(4, 2, 3, 5, 6)
    for f in (to_lab, from_lab, within):
        assert f(rgb).shape == rgb.shape
        assert torch.allclose(f(rgb)[1, 1], f(rgb[1, 1]), atol=1e-6)


@given(st.floats(0, 100), st.floats(-300, 300), st.floats(-300, 300))
def test_what_no_screen_shows_becomes_paler_and_is_shown(light: float, a: float, b: float) -> None:
    lab = torch.tensor([light, a, b]).view(3, 1, 1)
    paler = within(lab)
    assert torch.equal(paler[0], lab[0])
    share = float(paler[1:].norm() / lab[1:].norm().clamp(min=1e-6))
    assert share <= 1 + 1e-6
    assert torch.allclose(paler[1:], share * lab[1:], atol=1e-3), "the same hue"
    rgb = from_lab(paler)
    assert float(rgb.min()) >= -0.003
    assert float(rgb.max()) <= 1.003
    assert float(to_lab(rgb.clamp(0, 1))[0]) == pytest.approx(light, abs=0.4)


def test_what_a_screen_shows_stays() -> None:
    lab = to_lab(cube())
    assert torch.equal(within(lab), lab)


def test_no_paler_than_need_be() -> None:
    """A hundredth more color than is left would not be shown."""
    lab = torch.tensor([[50.0, 0.0, 200.0], [30.0, 150.0, 0.0], [80.0, -100.0, -100.0]]).T[:, :, None]
    paler = within(lab)
    more = torch.cat([paler[:1], 1.01 * paler[1:]])
    rgb = from_lab(more)
    assert bool(((rgb < -1e-3) | (rgb > 1 + 1e-3)).any(0).all())
    assert float(paler[1:].norm(dim=0).min()) > 20
