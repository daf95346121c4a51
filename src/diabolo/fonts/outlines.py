"""From a field to an outline: the contours f = level of a sampled field, by few quadratic curves.

    p₁ … pₘ                                            a contour of f (contours.py), evenly spaced
    min  Σᵢ ‖S(uᵢ) − pᵢ‖²  over c₁ … cₙ, u₁ … uₘ       between two nodes; the least n that stays near enough

A node is a corner, an end of a straight line, or an extremum in x or y. S is the quadratic spline of TrueType: control
points c₁ … cₙ, and half-way between two of them a point on the curve; c₁ and cₙ lie on the tangents of the nodes. A sampled
field rounds its corners within a cell: a corner is where the contour turns more sharply than on either side of it, and is
put back where these sides meet when they are continued.

Lengths are in cells, the distance between two samples, until the outline is placed in its box. Steps are from point to point
of an even contour. ``explorer/web/outlines.js`` says the same for the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .contours import SAME, STEPS, Floats, area, checked, contours

__all__ = ["outlines"]

Points = list[tuple[float, float, float]]  # x, y, and 1 on the curve, 0 for a control point

# corners
ROUND = 2  # steps from a corner within which it is rounded
TURN = 0.5  # a corner turns by this angle within ROUND + 1 steps to each side
PEAK = 0.2  # within ROUND steps it turns by so much more than beside it
SIDE = 5  # steps from a corner to the end of what is continued to it
REACH = 1.0  # how far lines are continued to a corner; half of it for short ones

# lines
BOW = 30.0  # arcs of this radius are straight
FREE, HALF, HELD = 16, 10, 6  # the fewest steps of a line with 0, 1, 2 corners at its ends
LEAD = 10  # steps from a line to a corner to which it leads
NEAR = 0.4  # how far the contour at that corner is from the line
UPRIGHT = 0.03  # a line nearer to an axis than this angle is put on it

LINED = 1  # points more, for each end of a line, that lines may take

# curves
SHORT, BULGE = 10, 3.0  # between two corners so few steps apart a line may be so many times as far off: both are rounded
MOST = 5  # control points between two nodes; where more are needed, one more node
ROUNDS = 4  # of least squares, each followed by moving the uᵢ
RIDGE = 1e-6  # keeps control points that hardly matter where they were
WANDER = 1.4  # the control points are at most so much longer than the contour
FINEST, COARSEST = 0.02, 0.1  # what `tolerance` may come to


# ── the parts of a contour ───────────────────────────────────────────────────────────────────────────────────────────


def _even(p: Floats) -> Floats:
    """The closed contour `p` with points at equal distances of about 1 / STEPS."""
    q = np.concatenate([p, p[:1]])
    s = np.concatenate([[0.0], np.cumsum(_lengths(np.diff(q, axis=0)))])
    m = max(8, int(s[-1] * STEPS + 0.5))
    u = np.arange(m) * s[-1] / m
    return np.stack([np.interp(u, s, q[:, 0]), np.interp(u, s, q[:, 1])], 1)


def _lengths(v: Floats) -> Floats:
    return np.sqrt(v[:, 0] ** 2 + v[:, 1] ** 2)


class Node(NamedTuple):
    """A point of the outline, near point `at` of the contour.

    `way` is its tangent, forwards; a corner has none. From a `straight` one, a line goes to the next node.
    """

    at: int
    point: Floats
    way: Floats | None
    straight: bool = False


class Line(NamedTuple):
    """Points `start` to `end` of a contour lie along `way`, through `middle`."""

    start: int
    end: int
    middle: Floats
    way: Floats

    def off(self, q: Floats) -> float:
        return abs(float(_cross(self.way, q - self.middle)))

    def nearest(self, q: Floats) -> Floats:
        return self.middle + ((q - self.middle) @ self.way) * self.way


def _cross(v: Floats, w: Floats) -> Floats:
    return v[..., 0] * w[..., 1] - v[..., 1] * w[..., 0]


def _turns(p: Floats, reach: int) -> Floats:
    """The angles by which the closed contour turns between the chords `reach` steps back and forth."""
    before, after = p - np.roll(p, reach, 0), np.roll(p, -reach, 0) - p
    return np.arctan2(_cross(before, after), (before * after).sum(1))


def _corners(p: Floats) -> list[int]:
    turns = _turns(p, ROUND)
    sharp = np.abs(turns)
    peak = np.abs(_turns(p, ROUND + 1)) > TURN
    peak &= (sharp > np.roll(sharp, 1) - SAME) & (sharp > np.roll(sharp, -1) + SAME)
    for beside in (-ROUND - 1, ROUND + 1):
        peak &= sharp - np.roll(turns, beside) * np.sign(turns) > PEAK
    return [int(i) for i in np.flatnonzero(peak)]


def _line(p: Floats, start: int, end: int) -> Line:
    """The line through points `start` to `end`, by least squares; put on an axis that is near."""
    q = p[np.arange(start, end + 1) % len(p)]
    middle = q.mean(0)
    (xx, yy), xy = ((q - middle) ** 2).sum(0), np.prod(q - middle, 1).sum()
    angle = np.arctan2(2 * xy, xx - yy) / 2
    axis = np.floor(angle / (np.pi / 2) + 0.5)
    way = np.array([np.cos(angle), np.sin(angle)])
    if abs(angle - axis * np.pi / 2) < UPRIGHT:
        way = np.array([1.0, 0.0]) if axis == 0 else np.array([0.0, 1.0])
    return Line(start, end, middle, way if way @ (q[-1] - q[0]) >= 0 else -way)


def _lines(p: Floats, corners: Sequence[int], tolerance: float) -> list[Line]:
    """The straight parts, the longest first; none goes past a corner, or past the first point.

    An arc of length s and radius r is s² / (26.8 r) from its line, in the root of the mean of squares.
    """
    m, found = len(p), []
    taken = np.zeros(m + 1, bool)
    for c in [0, *corners, m]:
        taken[max(c - ROUND + 1, 0) : c + ROUND] = True
    q = np.concatenate([p, p[:1]]) - p.mean(0)
    sums = np.cumsum(np.concatenate([np.zeros((1, 5)), np.column_stack([q, q * q, q[:, 0] * q[:, 1]])]), 0)
    for long in range(int(np.diff(np.flatnonzero(taken)).max()) - 2, HELD - 1, -1):
        x, y, xx, yy, xy = ((sums[long + 1 :] - sums[: -long - 1]) / (long + 1)).T
        xx, yy, xy = xx - x * x, yy - y * y, xy - x * y
        off = (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy**2)) / 2
        most = min(tolerance / 2, (long / STEPS) ** 2 / (26.8 * BOW))
        counts = np.cumsum(taken)
        free = counts[long:] - counts[: m + 1 - long] + taken[: m + 1 - long] == 0
        for i in np.flatnonzero(free & (off <= most**2)).tolist():
            held = any((i - c) % m <= ROUND + 2 for c in corners) + any((c - i - long) % m <= ROUND + 2 for c in corners)
            if long >= (FREE, HALF, HELD)[held] and not taken[i : i + long + 1].any():
                found.append(_trimmed(p, _line(p, i, i + long), tolerance / 4))
                taken[i : i + long + 1] = True
    return sorted(found, key=lambda line: line.start)


def _trimmed(p: Floats, line: Line, most: float) -> Line:
    """Without the ends that bend away."""
    start, end, m = line.start, line.end, len(p)
    while end - start > HELD and line.off(p[start]) > most:
        start += 1
    while end - start > HELD and line.off(p[end % m]) > most:
        end -= 1
    return _line(p, start, end)


def _leads(p: Floats, line: Line, c: int, ahead: bool) -> bool:
    """Whether the line that begins after the corner `c`, or ends before it, is a side of it."""
    return (line.start - c if ahead else c - line.end) % len(p) <= LEAD and line.off(p[c]) <= NEAR


def _side(p: Floats, c: int, to: int, lines: Sequence[Line]) -> Line:
    """What is continued to the corner `c` from its side towards the corner `to`: a line, or the next points."""
    for line in lines:
        if _leads(p, line, c, to > c):
            return line
    gap = abs(to - c)
    near, far = min(ROUND, max(gap // 2 - 1, 0)), min(SIDE, max(gap - ROUND, gap // 2 + 1))
    return _line(p, c + near, c + far) if to > c else _line(p, c - far, c - near)


def _meeting(a: Line, b: Line, near: Floats) -> Floats:
    """Where two lines meet; `near` if that is too far from it."""
    across = _cross(a.way, b.way)
    if abs(across) < 0.2:
        return near
    point = a.middle + a.way * (_cross(b.middle - a.middle, b.way) / across)
    reach = REACH if min(a.end - a.start, b.end - b.start) >= HELD else REACH / 2
    return point if ((point - near) ** 2).sum() <= reach**2 else near


def _nodes(p: Floats, corners: Sequence[int], lines: Sequence[Line]) -> tuple[list[Node], list[Node]]:
    """The corners, and the ends of lines that lead to none."""
    m, nodes, joints = len(p), [], []
    around = [corners[-1] - m, *corners, corners[0] + m] if corners else []
    for back, c, on in zip(around, corners, around[2:], strict=False):
        nodes.append(Node(c, _meeting(_side(p, c, back, lines), _side(p, c, on, lines), p[c]), None))
    for line in lines:
        for at, ahead in ((line.start, True), (line.end, False)):
            here = [k for k, c in enumerate(corners) if _leads(p, line, c, ahead) and line.off(nodes[k].point) < 1e-6]
            if not here:
                joints.append(Node(at, line.nearest(p[at % m]), line.way, ahead))
            elif ahead:
                nodes[here[0]] = nodes[here[0]]._replace(straight=True)
    return nodes, joints


def _extrema(q: Floats, tolerance: float) -> list[tuple[int, int]]:
    """Where x (axis 0) or y (axis 1) turns back by more than `tolerance`: pairs of the point and the axis."""
    found = []
    for axis in (0, 1):
        v = q[:, axis].tolist()
        low = high = best = 0
        sign = 0
        for i, value in enumerate(v):
            if not sign:
                low, high = (i if value < v[low] - SAME else low), (i if value > v[high] + SAME else high)
                if v[high] - v[low] > tolerance:
                    sign, best = (1 if high > low else -1), i
            elif sign * (value - v[best]) > SAME:
                best = i
            elif sign * (v[best] - value) > tolerance:
                found.append((best, axis))
                sign, best = -sign, i
    return sorted(found)


# ── curves ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _arcs(n: int) -> Floats:
    """(n, 3, n + 2): start, control point and end of each arc, from a, c₁ … cₙ, b."""
    M = np.zeros((n, 3, n + 2))
    for k in range(n):
        M[k, 1, k + 1] = 1
        M[k, 0, k : k + 2] += 0.5 if k else (1, 0)
        M[k, 2, k + 1 : k + 3] += 0.5 if k < n - 1 else (0, 1)
    return M


def _free(a: Node, b: Node, n: int) -> tuple[Floats, list[tuple[int, Floats]]] | None:
    """The control points to begin with, ends included, and the directions in which each may move; None: there is no curve."""
    c = a.point + np.linspace(0, 1, n + 2)[:, None] * (b.point - a.point)
    axes = (np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    if n == 1 and a.way is not None and b.way is not None:
        across = _cross(a.way, b.way)
        if abs(across) < 0.1:
            return None
        c[1] = a.point + a.way * (_cross(b.point - a.point, b.way) / across)
        return c, []
    moves = []
    for j in range(1, n + 1):
        node = a if j == 1 and a.way is not None else b if j == n and b.way is not None else None
        if node is not None and node.way is not None:
            c[j] = node.point
            moves.append((j, node.way))
        else:
            moves += [(j, axis) for axis in axes]
    return c, moves


def _fitted(q: Floats, a: Node, b: Node, n: int) -> tuple[Floats, float]:
    """`n` control points from `a` to `b`, the points `q` being near, and how far they are at most."""
    begun = _free(a, b, n)
    if begun is None or len(begun[1]) > 2 * len(q):
        return np.zeros((0, 2)), np.inf
    c, moves = begun
    s = np.cumsum(_lengths(np.diff(np.concatenate([a.point[None], q, b.point[None]]), axis=0)))
    u = s[:-1] / s[-1] * n
    for _ in range(ROUNDS):
        k = np.minimum(u.astype(int), n - 1)
        v = (u - k)[:, None]
        B = np.concatenate([(1 - v) ** 2, 2 * v * (1 - v), v**2], 1)
        if moves:
            S = np.einsum("ij,ijk->ik", B, _arcs(n)[k])
            A = np.stack([S[:, j, None] * way for j, way in moves], -1).reshape(-1, len(moves))
            x = np.linalg.solve(A.T @ A + RIDGE * np.eye(len(moves)), A.T @ (q - S @ c).reshape(-1))
            for (j, way), step in zip(moves, x.tolist(), strict=True):
                c[j] += step * way
        arcs = (_arcs(n) @ c)[k]
        slope = np.einsum("ij,ijk->ik", np.concatenate([2 * v - 2, 2 - 4 * v, 2 * v], 1), arcs)
        off = np.einsum("ij,ijk->ik", B, arcs) - q
        along = (off * slope).sum(1) / np.maximum((slope**2).sum(1), 1e-12)
        u = np.clip(u - along, 0, n)
    off -= along[:, None] * slope
    forwards = all(w is None or (c[i + 1] - c[i]) @ w > 0 for w, i in ((a.way, 0), (b.way, n)))
    steady = _lengths(np.diff(c, axis=0)).sum() <= WANDER * s[-1]
    return c[1:-1], float(_lengths(off).max()) if forwards and steady else np.inf


def _straight(q: Floats, a: Node, b: Node, tolerance: float) -> bool:
    """Whether the points `q` from `a` to `b` lie on their chord, and the tangents along it."""
    chord = b.point - a.point
    long = float(np.sqrt((chord**2).sum()))
    if long < tolerance:
        return bool((_lengths(q - a.point) <= tolerance).all())
    near = (np.abs(_cross(chord, q - a.point)) <= tolerance * long).all()
    return bool(near) and all(node.way is None or node.way @ chord > 0.99 * long for node in (a, b))


def _piece(p: Floats, a: Node, b: Node, tolerance: float, whole: bool = True) -> Points:
    """The points after `a`, up to `b`; a `whole` piece is first cut at its extrema."""
    start, end = (n.at + side * (ROUND + 1 if n.way is None else 1) for n, side in ((a, 1), (b, -1)))
    q = p[np.arange(start, end + 1) % len(p)]
    last = [(float(b.point[0]), float(b.point[1]), 1.0)]
    short = len(q) < SHORT and a.way is None and b.way is None
    if a.straight or len(q) < 3 or _straight(q, a, b, BULGE * tolerance if short else tolerance):
        return last
    if whole:
        return _path(p, [a, *_turning(p, q, start, a, b, tolerance), b], tolerance, False)
    best: Floats = np.zeros((0, 2))
    least = np.inf
    for n in range(1, MOST + 1):
        c, off = _fitted(q, a, b, n)
        if off < least:
            best, least = c, off
        if off <= tolerance:
            break
    if least <= tolerance or len(q) < 8:
        return [*((x, y, 0.0) for x, y in best.tolist()), *last]
    at = (start + end) // 2
    chord = p[(at + 2) % len(p)] - p[(at - 2) % len(p)]
    return _path(p, [a, Node(at, p[at % len(p)], chord / np.sqrt((chord**2).sum())), b], tolerance, False)


def _turning(p: Floats, q: Floats, start: int, a: Node, b: Node, tolerance: float) -> list[Node]:
    """The extrema between `a` and `b`, as nodes; at least two steps apart."""
    nodes = [a]
    for i, axis in _extrema(q, tolerance):
        at = start + i
        if at - nodes[-1].at >= 2 and b.at - at >= 2:
            way = np.zeros(2)
            way[1 - axis] = np.sign((p[(at + 1) % len(p)] - p[(at - 1) % len(p)])[1 - axis])
            nodes.append(Node(at, q[i], way))
    return nodes[1:]


def _path(p: Floats, nodes: Sequence[Node], tolerance: float, whole: bool = True) -> Points:
    return [point for a, b in pairwise(nodes) for point in _piece(p, a, b, tolerance, whole)]


def _outline(p: Floats, tolerance: float) -> Points:
    """The closed contour `p` by lines and curves; between two corners with lines or without, whichever has fewer points."""
    p = _even(p)
    corners, turns = _corners(p), np.abs(_turns(p, ROUND))
    if corners:
        turns[np.setdiff1d(np.arange(len(p)), corners)] = 0
    first = _first(turns)
    p, corners = np.roll(p, -first, 0), sorted((c - first) % len(p) for c in corners)
    nodes, joints = _nodes(p, corners, _lines(p, corners, tolerance))
    if not corners:
        top = _first(-p[:, 1])
        way = np.array([np.sign((p[(top + 1) % len(p)] - p[top - 1])[0]), 0.0])
        paths = [_path(p, _closed(p, some), tolerance) for some in (joints, [Node(top, p[top], way)]) if some]
        return paths[0] if len(paths[0]) <= len(paths[-1]) + LINED * len(joints) else paths[-1]
    points: Points = []
    for a, b in pairwise(_closed(p, nodes)):
        inner = [node for node in joints if a.at < node.at < b.at]
        plain = [a._replace(straight=a.straight and not inner), b]
        with_lines, without = _path(p, [a, *inner, b], tolerance), _path(p, plain, tolerance)
        points += with_lines if len(with_lines) <= len(without) + LINED * len(inner) else without
    return points


def _first(values: Floats) -> int:
    """The first of the greatest."""
    return int((values > values.max() - SAME).argmax())


def _closed(p: Floats, nodes: list[Node]) -> list[Node]:
    return [*nodes, nodes[0]._replace(at=nodes[0].at + len(p))]


def outlines(
    field: ArrayLike, box: Sequence[float] = (0.0, 0.0, 1.0, 1.0), level: float = 0.0, tolerance: float = 0.019
) -> list[Floats]:
    """The outline of a field: closed contours of lines and quadratic curves, as TrueType has them.

    Parameters
    ----------
    field : (h, w)
        Samples at the middles of the cells of a picture, the first row on top; greater than `level` inside: signed distances,
        or any other field that grows steadily across the contour.
    box : (x0, y0, x1, y1)
        The borders of the picture, y upwards; in em units for a glyph.
    level : float
    tolerance : float
        How far the curves may be from the contour, as a share of the mean width of what is inside.

    Returns
    -------
    list of (m, 3)
        A contour is x, y, and 1 for a point on the curve, 0 for a control point. Half-way between two control points is a
        point on the curve. What is inside lies to the right: outer contours go clockwise.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(16) + 0.5
    >>> field = 5 - np.maximum(abs(x - 8)[:, None], abs(x - 8))  # a square of 10 x 10
    >>> [square] = outlines(field, box=(0, 0, 16, 16))
    >>> sorted(square.round(1).tolist())
    [[3.0, 3.0, 1.0], [3.0, 13.0, 1.0], [13.0, 3.0, 1.0], [13.0, 13.0, 1.0]]
    """
    f = checked(field)
    found = contours(f, level)
    if not found:
        return []
    round_ = sum(_lengths(np.roll(p, -1, 0) - p).sum() for p in found)
    width = 2 * abs(sum(map(area, found))) / round_
    near = min(max(tolerance * width, FINEST), COARSEST)
    x0, y0, x1, y1 = box
    scale = np.array([(x1 - x0) / f.shape[1], (y0 - y1) / f.shape[0], 1.0])
    return [np.array(_outline(p, near)) * scale + (x0, y1, 0.0) for p in found]
