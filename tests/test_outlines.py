"""Outlines of fields: closed, near, few points, nodes where a type designer wants them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diabolo import DataError
from diabolo.fonts.contours import contours, upsampled
from diabolo.fonts.outlines import outlines


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y, upwards, of the middles of the cells of a box from 0 to `size`."""
    middles = np.arange(size) + 0.5
    return middles[None, :], middles[::-1, None]


def disc(size: int, x: float, y: float, r: float) -> np.ndarray:
    u, v = grid(size)
    return r - np.hypot(u - x, v - y)


def polygon(size: int, corners: np.ndarray) -> np.ndarray:
    """The signed distance to a polygon, exactly."""
    u, v = np.broadcast_arrays(*grid(size))
    q = np.stack([u, v], -1)
    far, inside = np.full(u.shape, np.inf), np.zeros(u.shape, bool)
    for a, b in zip(corners, np.roll(corners, -1, 0), strict=True):
        along = np.clip(((q - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
        far = np.minimum(far, np.linalg.norm(q - a - along[..., None] * (b - a), axis=-1))
        crossed = (a[1] > v) != (b[1] > v)
        inside ^= crossed & (u < a[0] + (v - a[1]) * (b[0] - a[0]) / (b[1] - a[1] if b[1] != a[1] else 1))
    return np.where(inside, far, -far)


def flat(c: np.ndarray, n: int = 16) -> np.ndarray:
    """The curve as a polygon."""
    control, after = c, np.roll(c, -1, 0)
    implied = np.column_stack([(control[:, :2] + after[:, :2]) / 2, np.ones(len(c))])
    between = (control[:, 2] == 0) & (after[:, 2] == 0)
    points = [p for k in range(len(c)) for p in ([c[k], implied[k]] if between[k] else [c[k]])]
    first = next(k for k, p in enumerate(points) if p[2])
    points = [*points[first:], *points[: first + 1]]
    t = np.arange(1, n + 1)[:, None] / n
    drawn = [points[0][None, :2]]
    for a, b, d in zip(points, points[1:], points[2:], strict=False):
        if not b[2]:
            drawn.append((1 - t) ** 2 * a[:2] + 2 * t * (1 - t) * b[:2] + t**2 * d[:2])
        elif a[2]:
            drawn.append(b[None, :2])
    if points[-1][2] and points[-2][2]:
        drawn.append(points[-1][None, :2])
    return np.concatenate(drawn)


def area(p: np.ndarray) -> float:
    """Of a polygon; negative, if it goes clockwise with y upwards."""
    x, y = p[:, 0], p[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def whole(size: int) -> tuple[float, float, float, float]:
    return (0.0, 0.0, float(size), float(size))


# ── contours ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_cubic_interpolation_keeps_parabolas_and_samples():
    x = np.arange(9.0)
    f = x[:, None] ** 2 - 3 * x * x[:, None] + x
    fine = upsampled(f, 3)
    assert np.allclose(fine[1::3, 1::3], f)
    y = (np.arange(27) + 0.5) / 3 - 0.5
    assert np.allclose(fine[6:-6, 6:-6], (y[:, None] ** 2 - 3 * y * y[:, None] + y)[6:-6, 6:-6])


smooth = st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(1, 4), st.integers(0, 2**32 - 1))


def surface(drawn: tuple[int, int, int, int]) -> np.ndarray:
    h, w, times, seed = drawn
    return upsampled(np.random.default_rng(seed).normal(size=(h, w)), times)


@given(smooth)
@settings(deadline=None, max_examples=60)
def test_contours_of_any_field_are_closed_and_hold_what_is_inside(drawn):
    f = surface(drawn)
    found = contours(f)
    times = max(4, -(-256 // max(f.shape)))
    inside = (upsampled(f, times) > 0).sum() / times**2
    lost = 0.25 * f.size / 4  # specks, at most
    around = sum(np.linalg.norm(np.roll(p, -1, 0) - p, axis=1).sum() for p in found)
    assert abs(sum(map(area, found)) - inside) < 0.05 * around + min(lost, 2.5)  # y goes down here
    for p in found:
        assert np.linalg.norm(np.roll(p, -1, 0) - p, axis=1).max() < 2 / times
        assert (p >= 0).all()
        assert (p <= f.shape[::-1]).all()


@given(smooth)
@settings(deadline=None, max_examples=40)
def test_outlines_of_any_field_stay_near_its_contours(drawn):
    f = surface(drawn)
    box = (0.0, 0.0, float(f.shape[1]), float(f.shape[0]))
    near = outlines(f, box)
    traced = contours(f)
    assert len(near) == len(traced)
    for c, p in zip(near, traced, strict=True):
        around = np.linalg.norm(np.roll(p, -1, 0) - p, axis=1).sum()
        assert np.isfinite(c).all()
        assert abs(-area(flat(c)) - area(p)) < 0.1 * around + 0.5
        assert c[:, 2].any()
        assert len(c) <= 4 + 4 * around


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_level_that_is_a_value(value):
    """Samples on the level are outside, and the contour goes through them."""
    f = np.full((6, 6), value)
    assert contours(f, value) == []
    f -= 1
    f[2:4, 2:4] = value + 1
    f[1, 1:5] = f[4, 1:5] = f[1:5, 1] = f[1:5, 4] = value
    [p] = contours(f, value)
    assert p.min() == pytest.approx(1.5, abs=0.15)
    assert p.max() == pytest.approx(4.5, abs=0.15)


def test_what_touches_the_border_ends_there():
    f = disc(16, 0, 8, 5)
    [c] = outlines(f, whole(16))
    assert c[:, 0].min() == pytest.approx(0, abs=1e-9)
    assert -area(flat(c)) == pytest.approx(np.pi * 25 / 2, rel=0.01)
    [c] = outlines(np.ones((4, 8)), (0, 0, 2, 1))
    assert sorted(c.round(9).tolist()) == [[0, 0, 1], [0, 1, 1], [2, 0, 1], [2, 1, 1]]
    assert outlines(-np.ones((4, 8))) == []
    assert outlines(np.zeros((4, 8))) == []


@pytest.mark.parametrize("joined", [False, True])
def test_a_saddle_is_one_piece_or_two(joined):
    f = np.kron(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.ones((4, 4))) + (0.1 if joined else -0.1)
    assert len(contours(f)) == (1 if joined else 2)


def test_specks_are_left_out():
    f = np.maximum(disc(32, 10, 10, 5), disc(32, 25, 25, 0.2))
    assert len(contours(f)) == 1
    assert len(contours(np.maximum(f, disc(32, 25, 25, 1)))) == 2


@pytest.mark.parametrize("bad", [np.zeros(4), np.zeros((0, 3)), np.zeros((2, 2, 2)), [[1.0, np.nan]], [[np.inf, -1.0]]])
def test_what_is_no_field(bad):
    with pytest.raises(DataError, match="field: "):
        outlines(bad)


# ── outlines ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("r", [1.2, 3, 9.3])
def test_a_disc_has_nodes_at_its_extrema_and_few_others(r):
    [c] = outlines(disc(32, 16.2, 15.7, r), whole(32))
    on = c[c[:, 2] == 1, :2] - (16.2, 15.7)
    assert len(on) == 4
    assert len(c) <= 16
    assert np.allclose(np.sort(np.abs(on), 1), [[0, r]] * 4, atol=0.15)
    assert np.abs(np.linalg.norm(flat(c) - (16.2, 15.7), axis=1) - r).max() < 0.1
    assert area(flat(c)) == pytest.approx(-np.pi * r**2, rel=0.02)


def test_a_ring_has_a_hole_that_goes_the_other_way():
    made = outlines(np.minimum(disc(32, 16, 16, 10), -disc(32, 16, 16, 6)), whole(32))
    areas = sorted(area(flat(c)) for c in made)
    assert areas == pytest.approx([-np.pi * 100, np.pi * 36], rel=0.02)


@pytest.mark.parametrize("kind", ["square", "triangle", "L", "arrow"])
def test_the_corners_of_polygons_are_put_back(kind):
    """However the polygon lies in its grid, the most part of its corners; a rounded one is cut by a third of a cell."""
    shapes = {
        "square": [(-8, -8), (8, -8), (8, 8), (-8, 8)],
        "triangle": [(-9, -7), (9, -7), (0, 10)],
        "L": [(-8, -9), (9, -9), (9, -3), (-2, -3), (-2, 9), (-8, 9)],
        "arrow": [(-10, -8), (0, -3), (10, -8), (0, 11)],
    }
    far, lines = [], []
    for x, y, turn in np.random.default_rng(0).random((16, 3)):
        angle = turn * np.pi / 2
        turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners = np.array(shapes[kind], float) @ turned + (16 + x, 16 + y)
        [c] = outlines(polygon(32, corners), whole(32))
        far += [np.linalg.norm(c[:, :2] - corner, axis=1).min() for corner in corners]
        lines.append(len(c) == len(corners))
    assert np.mean(np.array(far) < 0.15) > (0.7 if kind == "arrow" else 0.85)  # its tip is sharp
    assert np.mean(lines) > (0.2 if kind == "arrow" else 0.5)


def test_straight_stems_run_into_round_ends():
    """A stadium: two lines exactly upright, tangent to the curves."""
    u, v = grid(32)
    f = 5 - np.hypot(u - 16, v - np.clip(v, 10, 22))
    [c] = outlines(f, whole(32))
    on = c[c[:, 2] == 1, :2]
    right = on[np.abs(on[:, 0] - 21) < 0.1]
    assert np.ptp(right[:, 0]) < 1e-9
    assert np.ptp(right[:, 1]) > 11
    assert len(c) <= 14
    assert area(flat(c)) == pytest.approx(-(np.pi * 25 + 120), rel=0.01)


def test_no_curve_goes_beyond_its_nodes():
    """Extrema are nodes: no point of the curve lies outside of the box of the points on the curve."""
    f = disc(32, 12, 18, 8) + 0.6 * np.sin(np.arange(32) / 3)[:, None]
    for c in outlines(f, whole(32)):
        on = c[c[:, 2] == 1, :2]
        assert (flat(c).min(0) > on.min(0) - 0.02).all()
        assert (flat(c).max(0) < on.max(0) + 0.02).all()


def test_a_thin_stroke_is_followed_more_closely():
    def wide(r: float) -> float:
        u, v = grid(64)
        [c, *_] = outlines(r - np.abs(np.hypot(u - 32, v - 32) - 20), whole(64))
        return float(np.abs(np.linalg.norm(flat(c) - 32, axis=1) - 20 - r).max())

    assert wide(0.8) < 0.1
    assert wide(4) < 0.15


def test_level_and_box_move_the_outline():
    f = disc(24, 11, 13, 6)
    [a] = outlines(f, whole(24), level=1.5)
    [b] = outlines(f - 1.5, (1.0, 2.0, 13.0, 26.0))
    assert np.allclose(a * (0.5, 1, 1) + (1, 2, 0), b)


def test_fewer_points_for_a_wider_tolerance():
    f = surface((6, 6, 5, 3))
    counts = [sum(map(len, outlines(f, tolerance=t))) for t in (0.002, 0.015, 0.1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2]
