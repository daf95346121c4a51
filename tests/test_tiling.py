"""The tiles together are the whole."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from diabolo.estimators.restoration.tiling import spans, tiled, windows
from diabolo.nets import PixelShuffleHead, ResidualCNN, UNet

SIZES = [(1, 1), (1, 50), (3, 2), (8, 8), (16, 24), (23, 37), (40, 9)]


def whole(f: nn.Module, x: Tensor, stride: int, scale: int = 1) -> Tensor:
    h, w = x.shape[-2:]
    return f(F.pad(x, (0, -w % stride, 0, -h % stride), mode="replicate"))[..., : scale * h, : scale * w]


def noisy(net: nn.Module) -> nn.Module:
    """In double precision, with weights none of which is 0."""
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3)
    return net.double().requires_grad_(False)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tile", [8, 16])
def test_convolutions(size: tuple[int, int], tile: int) -> None:
    net = noisy(nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 5, padding=2)))
    x = torch.randn(1, 2, *size, dtype=torch.float64)
    y = tiled(net, x, 1, 3, tile=tile)
    assert y.shape == (1, 3, *size)
    assert torch.allclose(y, net(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [2, 3])
def test_pictures_made_larger(size: tuple[int, int], scale: int) -> None:
    column = ResidualCNN(1, 4, 2)
    net = noisy(nn.Sequential(column, PixelShuffleHead(4, 1, scale)))
    x = torch.randn(1, 1, *size, dtype=torch.float64)
    y = tiled(net, x, column.stride, column.reach, scale, tile=8)
    assert y.shape == (1, 1, scale * size[0], scale * size[1])
    assert torch.allclose(y, whole(net, x, 1, scale), rtol=0, atol=1e-10)


@pytest.mark.parametrize("size", SIZES)
def test_a_network_with_a_stride(size: tuple[int, int]) -> None:
    unet = UNet(1, (4, 4), 1)
    net = noisy(nn.Sequential(unet, PixelShuffleHead(4, 1, 2)))
    x = torch.randn(1, 1, *size, dtype=torch.float64)
    y = tiled(net, x, unet.stride, unet.reach, tile=12)
    assert y.shape == x.shape
    assert torch.allclose(y, whole(net, x, unet.stride), rtol=0, atol=1e-9)


def test_without_the_reach_there_are_seams() -> None:
    """So the overlap is what makes them one."""
    net = noisy(nn.Conv2d(1, 1, 3, padding=1))
    x = torch.randn(1, 1, 20, 20, dtype=torch.float64)
    assert not torch.allclose(tiled(net, x, 1, 0, tile=8), net(x))


def test_no_more_than_a_tile_and_its_surroundings_is_seen() -> None:
    seen: list[tuple[int, int]] = []

    def f(x: Tensor) -> Tensor:
        seen.append((x.shape[2], x.shape[3]))
        return x

    x = torch.rand(1, 1, 50, 70)
    assert torch.equal(tiled(f, x, 2, 4, tile=16), x)
    assert len(seen) == 4 * 5
    assert max(max(size) for size in seen) == 16 + 2 * 4
    assert all(n % 2 == 0 for size in seen for n in size)


@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(1, 15), st.integers(0, 9))
def test_windows_cover_the_plane_exactly_once(size: tuple[int, int], tile: int, reach: int) -> None:
    covered = torch.zeros(size)
    place = torch.arange(size[0] * size[1]).view(size)
    for (rows, inner_rows, kept_rows), (columns, inner_columns, kept_columns) in windows(size, tile, reach):
        covered[kept_rows, kept_columns] += 1
        assert torch.equal(place[rows, columns][inner_rows, inner_columns], place[kept_rows, kept_columns])
    assert bool((covered == 1).all())


@given(st.integers(1, 60), st.integers(1, 15), st.integers(0, 9))
def test_what_is_read_goes_the_reach_beyond_what_is_kept(n: int, tile: int, reach: int) -> None:
    for read, _, kept in spans(n, tile, reach):
        assert read.start == max(0, kept.start - reach)
        assert read.stop == min(n, kept.stop + reach)
