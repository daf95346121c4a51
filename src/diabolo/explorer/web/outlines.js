// From a field to an outline: the contours f = level of a sampled field, by few quadratic curves.
//
//     f    = U F Uᵀ                                      the field between its samples: cubic interpolation
//     p₁ … pₘ                                            a contour of f by marching squares, evenly spaced
//     min  Σᵢ ‖S(uᵢ) − pᵢ‖²  over c₁ … cₙ, u₁ … uₘ       between two nodes; the least n that stays near enough
//
// The same, function by function, as fonts/outlines.py, where it is explained; and with the same results. A field is
// {data, height, width}, the first row on top. Lengths are in cells until the outline is placed in its box.

const STEPS = 4;
const FINE = 256;
const SPECK = 0.25;
const SAME = 1e-9;

const ROUND = 2;
const TURN = 0.5;
const PEAK = 0.2;
const SIDE = 5;
const REACH = 1;

const BOW = 30;
const [FREE, HALF, HELD] = [16, 10, 6];
const LEAD = 10;
const NEAR = 0.4;
const UPRIGHT = 0.03;
const LINED = 1;

const [SHORT, BULGE] = [10, 3];
const MOST = 5;
const ROUNDS = 4;
const RIDGE = 1e-6;
const WANDER = 1.4;
const [FINEST, COARSEST] = [0.02, 0.1];

// The outline of a field: closed contours, each a list of [x, y, 1 on the curve or 0 for a control point]. box: [x0, y0, x1, y1],
// y upwards. tolerance: a share of the mean width of what is inside. Outer contours go clockwise.
export function outlines(field, { box = [0, 0, 1, 1], level = 0, tolerance = 0.019 } = {}) {
  const found = contours(field, level);
  if (!found.length) return [];
  const round = sum(found.map(lengthOf));
  const width = (2 * Math.abs(sum(found.map(areaOf)))) / round;
  const near = Math.min(Math.max(tolerance * width, FINEST), COARSEST);
  const [x0, y0, x1, y1] = box;
  const [u, v] = [(x1 - x0) / field.width, (y0 - y1) / field.height];
  return found.map((p) => outlined(p, near).map(([x, y, on]) => [x * u + x0, y * v + y1, on]));
}

// The field with `times` as many samples in each direction.
export function upsampled({ data, height, width }, times) {
  const [h, w] = [height * times, width * times];
  const [rows, columns] = [cubicWeights(height, times), cubicWeights(width, times)];
  const half = new Float64Array(h * width);
  for (let i = 0; i < h; i++) {
    for (let k = 0; k < 4; k++) {
      const [from, weight] = [rows.at[4 * i + k] * width, rows.weights[4 * i + k]];
      for (let j = 0; j < width; j++) half[i * width + j] += weight * data[from + j];
    }
  }
  const fine = new Float64Array(h * w);
  for (let j = 0; j < w; j++) {
    const [a, b, c, d] = columns.at.subarray(4 * j, 4 * j + 4);
    const [p, q, r, s] = columns.weights.subarray(4 * j, 4 * j + 4);
    for (let i = 0, row = 0; i < h; i++, row += width) {
      fine[i * w + j] = p * half[row + a] + q * half[row + b] + r * half[row + c] + s * half[row + d];
    }
  }
  return { data: fine, height: h, width: w };
}

// Of each finer sample: the four samples around it, and their weights.
function cubicWeights(n, times) {
  const [at, weights] = [new Int32Array(4 * n * times), new Float64Array(4 * n * times)];
  for (let i = 0; i < n * times; i++) {
    const x = (i + 0.5) / times - 0.5;
    const k = Math.floor(x);
    const t = x - k;
    const four = [-t * (1 - t) ** 2, 2 - 5 * t ** 2 + 3 * t ** 3, t + 4 * t ** 2 - 3 * t ** 3, -(t ** 2) * (1 - t)];
    four.forEach((weight, j) => {
      at[4 * i + j] = Math.min(n - 1, Math.max(0, k - 1 + j));
      weights[4 * i + j] = weight / 2;
    });
  }
  return { at, weights };
}

// ── marching squares ────────────────────────────────────────────────────────────────────────────────────────────────

// The closed contours of a field, lists of [x, y], y downwards, in cells; what is inside lies to the right of the way.
export function contours(field, level = 0, times = Math.max(STEPS, Math.ceil(FINE / Math.max(field.height, field.width)))) {
  const data = Float64Array.from(field.data, (value) => value - level);
  if (!data.every(Number.isFinite)) throw new Error("the samples of a field must be finite numbers");
  const grid = framed(upsampled({ ...field, data }, times));
  const cycles = cyclesOf(stepsOf(grid));
  const found = cycles.map((edges) => edges.map((edge) => crossing(grid, edge).map((x) => x / times)));
  return found.filter((p) => Math.abs(areaOf(p)) > SPECK);
}

// With a ring around it that is outside: what is mirrored crosses the level at the border.
function framed({ data, height, width }) {
  const [h, w] = [height + 2, width + 2];
  const g = new Float64Array(h * w);
  let most = 0;
  for (let i = 0; i < h; i++) {
    const row = Math.min(height - 1, Math.max(0, i - 1)) * width - 1;
    for (let j = 0; j < w; j++) {
      const value = data[row + Math.min(width, Math.max(1, j))];
      g[i * w + j] = i === 0 || j === 0 || i === h - 1 || j === w - 1 ? -Math.abs(value) : value;
      most = Math.max(most, Math.abs(value));
    }
  }
  for (let i = 0; i < g.length; i++) if (Math.abs(g[i]) < SAME * most) g[i] = 0;
  return { g, h, w };
}

// From each crossed edge of the grid to the next one of its contour, or -1.
function stepsOf({ g, h, w }) {
  const steps = new Int32Array(2 * h * w).fill(-1);
  for (let i = 0; i < h - 1; i++) {
    for (let j = 0; j < w - 1; j++) {
      const at = i * w + j;
      const [a, b, c, d] = [g[at], g[at + 1], g[at + w + 1], g[at + w]];
      const kind = (a > 0 ? 1 : 0) + (b > 0 ? 2 : 0) + (c > 0 ? 4 : 0) + (d > 0 ? 8 : 0);
      if (kind === 0 || kind === 15) continue;
      const edges = [2 * at, 2 * at + 3, 2 * at + 2 * w, 2 * at + 1];
      const inside = (k) => (kind >> k % 4) & 1;
      for (let k = 0; k < 4; k++) {
        if (!inside(k) || inside(k + 1)) continue;
        const saddle = kind === 5 || kind === 10;
        let out = (k + (a + b + c + d > 0 ? 1 : 3)) % 4;
        if (!saddle) out = [0, 1, 2, 3].find((e) => !inside(e) && inside(e + 1));
        steps[edges[k]] = edges[out];
      }
    }
  }
  return steps;
}

function cyclesOf(steps) {
  const cycles = [];
  for (let first = 0; first < steps.length; first++) {
    const chain = [];
    for (let edge = first, next; (next = steps[edge]) >= 0; edge = next) {
      chain.push(edge);
      steps[edge] = -1;
    }
    if (chain.length) cycles.push(chain);
  }
  return cycles;
}

function crossing({ g, w }, edge) {
  const from = edge >> 1;
  const down = edge & 1;
  const [a, b] = [g[from], g[down ? from + w : from + 1]];
  const t = a / (a - b);
  return [(from % w) - 0.5 + (1 - down) * t, Math.floor(from / w) - 0.5 + down * t];
}

function areaOf(p) {
  return sum(p.map(([x, y], i) => cross([x, y], p[(i + 1) % p.length]))) / 2;
}

function lengthOf(p) {
  return sum(p.map((a, i) => distance(a, p[(i + 1) % p.length])));
}

// The closed contour with points at equal distances.
function even(p) {
  const s = [0];
  p.forEach((a, i) => s.push(s[i] + distance(a, p[(i + 1) % p.length])));
  const long = s[p.length];
  const m = Math.max(8, Math.floor(long * STEPS + 0.5));
  let k = 0;
  return Array.from({ length: m }, (_, i) => {
    const u = (i * long) / m;
    while (k < p.length - 1 && s[k + 1] <= u) k++;
    const t = (u - s[k]) / (s[k + 1] - s[k]);
    return along(p[k], p[(k + 1) % p.length], t);
  });
}

// ── the parts of a contour ──────────────────────────────────────────────────────────────────────────────────────────

// The angles by which a closed contour turns between the chords `reach` steps back and forth.
function turnsOf(p, reach) {
  const m = p.length;
  return p.map((here, i) => {
    const [before, after] = [minus(here, p[(i - reach + m) % m]), minus(p[(i + reach) % m], here)];
    return Math.atan2(cross(before, after), dot(before, after));
  });
}

function cornersOf(p) {
  const [m, turns, wide] = [p.length, turnsOf(p, ROUND), turnsOf(p, ROUND + 1)];
  const at = (i) => turns[(i + m) % m];
  const corners = [];
  for (let i = 0; i < m; i++) {
    const sharp = Math.abs(at(i));
    const peak = sharp > Math.abs(at(i - 1)) - SAME && sharp > Math.abs(at(i + 1)) + SAME;
    const beside = Math.max(at(i - ROUND - 1) * Math.sign(at(i)), at(i + ROUND + 1) * Math.sign(at(i)));
    if (Math.abs(wide[i]) > TURN && peak && sharp - beside > PEAK) corners.push(i);
  }
  return corners;
}

// The line through points `start` to `end`, by least squares; put on an axis that is near.
function lineThrough(p, start, end) {
  const q = slice(p, start, end);
  const middle = [mean(q.map((a) => a[0])), mean(q.map((a) => a[1]))];
  let [xx, yy, xy] = [0, 0, 0];
  for (const a of q) {
    const [x, y] = minus(a, middle);
    xx += x * x;
    yy += y * y;
    xy += x * y;
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  const axis = Math.floor(angle / (Math.PI / 2) + 0.5);
  let way = [Math.cos(angle), Math.sin(angle)];
  if (Math.abs(angle - (axis * Math.PI) / 2) < UPRIGHT) way = axis === 0 ? [1, 0] : [0, 1];
  if (dot(way, minus(q[q.length - 1], q[0])) < 0) way = [-way[0], -way[1]];
  return { start, end, middle, way };
}

function offLine(line, a) {
  return Math.abs(cross(line.way, minus(a, line.middle)));
}

function onLine({ middle, way }, a) {
  return move(middle, way, dot(minus(a, middle), way));
}

// The straight parts, the longest first; none goes past a corner, or past the first point.
function linesOf(p, corners, tolerance) {
  const m = p.length;
  const taken = new Uint8Array(m + 1);
  for (const c of [0, ...corners, m]) taken.fill(1, Math.max(c - ROUND + 1, 0), c + ROUND);
  const sums = momentsOf(p);
  const found = [];
  const held = (i) => corners.some((c) => modulo(i - c, m) <= ROUND + 2);
  const holds = (i) => corners.some((c) => modulo(c - i, m) <= ROUND + 2);
  for (let long = longestGap(taken) - 2; long >= HELD; long--) {
    const most = Math.min(tolerance / 2, (long / STEPS) ** 2 / (26.8 * BOW));
    for (let i = 0; i + long <= m; i++) {
      if (spread(sums, i, i + long) > most ** 2) continue;
      if (long < [FREE, HALF, HELD][held(i) + holds(i + long)]) continue;
      if (taken.subarray(i, i + long + 1).includes(1)) continue;
      found.push(trimmed(p, lineThrough(p, i, i + long), tolerance / 4));
      taken.fill(1, i, i + long + 1);
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

// Without the ends that bend away.
function trimmed(p, line, most) {
  let { start, end } = line;
  while (end - start > HELD && offLine(line, p[start]) > most) start++;
  while (end - start > HELD && offLine(line, around(p, end)) > most) end--;
  return lineThrough(p, start, end);
}

function longestGap(taken) {
  let [last, most] = [0, 0];
  for (let i = 1; i < taken.length; i++) {
    if (!taken[i]) continue;
    most = Math.max(most, i - last);
    last = i;
  }
  return most;
}

// The running sums of x, y, x², y² and xy.
function momentsOf(p) {
  const [u, v] = [mean(p.map((a) => a[0])), mean(p.map((a) => a[1]))];
  const sums = [new Float64Array(5)];
  [...p, p[0]].forEach(([x, y], i) => {
    const [a, b] = [x - u, y - v];
    sums.push(Float64Array.of(a, b, a * a, b * b, a * b).map((value, k) => value + sums[i][k]));
  });
  return sums;
}

// The mean square distance of points `start` to `end` from their line.
function spread(sums, start, end) {
  const [from, to, n] = [sums[start], sums[end + 1], end - start + 1];
  const [x, y] = [(to[0] - from[0]) / n, (to[1] - from[1]) / n];
  const [xx, yy] = [(to[2] - from[2]) / n - x * x, (to[3] - from[3]) / n - y * y];
  const xy = (to[4] - from[4]) / n - x * y;
  return (xx + yy - Math.sqrt((xx - yy) ** 2 + 4 * xy ** 2)) / 2;
}

// Whether the line that begins after the corner `c`, or ends before it, is a side of it.
function leads(p, line, c, ahead) {
  return modulo(ahead ? line.start - c : c - line.end, p.length) <= LEAD && offLine(line, p[c]) <= NEAR;
}

// What is continued to the corner `c` from its side towards the corner `to`: a line, or the next points.
function sideOf(p, c, to, lines) {
  const line = lines.find((some) => leads(p, some, c, to > c));
  if (line) return line;
  const gap = Math.abs(to - c);
  const half = Math.floor(gap / 2);
  const [near, far] = [Math.min(ROUND, Math.max(half - 1, 0)), Math.min(SIDE, Math.max(gap - ROUND, half + 1))];
  return to > c ? lineThrough(p, c + near, c + far) : lineThrough(p, c - far, c - near);
}

// Where two lines meet; `near` if that is too far from it.
function meeting(a, b, near) {
  const across = cross(a.way, b.way);
  if (Math.abs(across) < 0.2) return near;
  const point = move(a.middle, a.way, cross(minus(b.middle, a.middle), b.way) / across);
  const reach = Math.min(a.end - a.start, b.end - b.start) >= HELD ? REACH : REACH / 2;
  const [x, y] = minus(point, near);
  return x * x + y * y <= reach ** 2 ? point : near;
}

// The corners, and the ends of lines that lead to none. A node is near point `at` of the contour; `way` is its tangent, forwards;
// a corner has none. From a `straight` one, a line goes to the next node.
function nodesOf(p, corners, lines) {
  const m = p.length;
  const last = corners.length - 1;
  const nodes = corners.map((c, k) => {
    const [back, on] = [k ? corners[k - 1] : corners[last] - m, k < last ? corners[k + 1] : corners[0] + m];
    return { at: c, point: meeting(sideOf(p, c, back, lines), sideOf(p, c, on, lines), p[c]), way: null, straight: false };
  });
  const joints = [];
  for (const line of lines) {
    for (const [at, ahead] of [[line.start, true], [line.end, false]]) {
      const here = corners.findIndex((c, k) => leads(p, line, c, ahead) && offLine(line, nodes[k].point) < 1e-6);
      if (here < 0) joints.push({ at, point: onLine(line, p[at % m]), way: line.way, straight: ahead });
      else if (ahead) nodes[here].straight = true;
    }
  }
  return [nodes, joints];
}

// Where x (axis 0) or y (axis 1) turns back by more than `tolerance`: pairs of the point and the axis.
function extremaOf(q, tolerance) {
  const found = [];
  for (const axis of [0, 1]) {
    let [low, high, best, sign] = [0, 0, 0, 0];
    q.forEach((a, i) => {
      const value = (k) => q[k][axis];
      if (!sign) {
        if (a[axis] < value(low) - SAME) low = i;
        if (a[axis] > value(high) + SAME) high = i;
        if (value(high) - value(low) > tolerance) [sign, best] = [high > low ? 1 : -1, i];
      } else if (sign * (a[axis] - value(best)) > SAME) {
        best = i;
      } else if (sign * (value(best) - a[axis]) > tolerance) {
        found.push([best, axis]);
        [sign, best] = [-sign, i];
      }
    });
  }
  return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

// ── curves ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// S(u), S'(u) and how much of each of a, c₁ … cₙ, b is in S(u).
function splineAt(c, u) {
  const n = c.length - 2;
  const k = Math.min(Math.floor(u), n - 1);
  const v = u - k;
  const [first, off, last] = [(1 - v) ** 2, 2 * v * (1 - v), v ** 2];
  const start = k ? along(c[k], c[k + 1], 0.5) : c[0];
  const end = k < n - 1 ? along(c[k + 1], c[k + 2], 0.5) : c[n + 1];
  const mix = (a, b, d) => [0, 1].map((axis) => a * start[axis] + b * c[k + 1][axis] + d * end[axis]);
  const shares = new Float64Array(n + 2);
  shares[k] += k ? first / 2 : first;
  shares[k + 1] += off + (k ? first / 2 : 0) + (k < n - 1 ? last / 2 : 0);
  shares[k + 2] += k < n - 1 ? last / 2 : last;
  return { point: mix(first, off, last), slope: mix(2 * v - 2, 2 - 4 * v, 2 * v), shares };
}

// The control points to begin with, ends included, and the directions in which each may move; null: there is no curve.
function beginning(a, b, n) {
  const c = Array.from({ length: n + 2 }, (_, j) => along(a.point, b.point, j / (n + 1)));
  c[n + 1] = b.point;
  if (n === 1 && a.way && b.way) {
    const across = cross(a.way, b.way);
    if (Math.abs(across) < 0.1) return null;
    c[1] = move(a.point, a.way, cross(minus(b.point, a.point), b.way) / across);
    return { c, moves: [] };
  }
  const moves = [];
  for (let j = 1; j <= n; j++) {
    const node = j === 1 && a.way ? a : j === n && b.way ? b : null;
    if (node) c[j] = node.point;
    moves.push(...(node ? [[j, node.way]] : [[j, [1, 0]], [j, [0, 1]]]));
  }
  return { c, moves };
}

// `n` control points from `a` to `b`, the points `q` being near, and how far they are at most.
function fitted(q, a, b, n) {
  const begun = beginning(a, b, n);
  if (!begun || begun.moves.length > 2 * q.length) return { c: [], off: Infinity };
  const { c, moves } = begun;
  const path = [a.point, ...q, b.point];
  const s = [0];
  for (let i = 1; i < path.length; i++) s.push(s[i - 1] + distance(path[i - 1], path[i]));
  const long = s[path.length - 1];
  const u = q.map((_, i) => (s[i + 1] / long) * n);
  let off = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if (moves.length) improved(c, moves, q, u);
    off = 0;
    q.forEach((point, i) => {
      const S = splineAt(c, u[i]);
      const miss = minus(S.point, point);
      const step = dot(miss, S.slope) / Math.max(dot(S.slope, S.slope), 1e-12);
      off = Math.max(off, distance(miss, [step * S.slope[0], step * S.slope[1]]));
      u[i] = Math.min(n, Math.max(0, u[i] - step));
    });
  }
  const forwards = [[a, 0], [b, n]].every(([node, i]) => !node.way || dot(minus(c[i + 1], c[i]), node.way) > 0);
  const wander = sum(c.slice(1).map((point, i) => distance(c[i], point)));
  return { c: c.slice(1, -1), off: forwards && wander <= WANDER * long ? off : Infinity };
}

// Least squares: the control points `c` move, so that S(uᵢ) are as near to qᵢ as possible.
function improved(c, moves, q, u) {
  const k = moves.length;
  const A = Array.from({ length: k }, (_, i) => Float64Array.from({ length: k + 1 }, (_, j) => (i === j ? RIDGE : 0)));
  q.forEach((point, i) => {
    const S = splineAt(c, u[i]);
    const miss = minus(point, S.point);
    const rows = moves.map(([j, way]) => [S.shares[j] * way[0], S.shares[j] * way[1]]);
    rows.forEach((row, r) => {
      for (let t = 0; t < k; t++) A[r][t] += dot(row, rows[t]);
      A[r][k] += dot(row, miss);
    });
  });
  solved(A).forEach((step, i) => {
    const [j, way] = moves[i];
    c[j] = move(c[j], way, step);
  });
}

// The solution of a positive definite system, its right side in the last column.
function solved(A) {
  const k = A.length;
  for (let i = 0; i < k; i++) {
    for (let r = i + 1; r < k; r++) {
      const share = A[r][i] / A[i][i];
      for (let t = i; t <= k; t++) A[r][t] -= share * A[i][t];
    }
  }
  const x = new Array(k).fill(0);
  for (let i = k - 1; i >= 0; i--) {
    let rest = A[i][k];
    for (let t = i + 1; t < k; t++) rest -= A[i][t] * x[t];
    x[i] = rest / A[i][i];
  }
  return x;
}

// Whether the points `q` from `a` to `b` lie on their chord, and the tangents along it.
function isStraight(q, a, b, tolerance) {
  const chord = minus(b.point, a.point);
  const long = Math.sqrt(dot(chord, chord));
  if (long < tolerance) return q.every((point) => distance(point, a.point) <= tolerance);
  const near = q.every((point) => Math.abs(cross(chord, minus(point, a.point))) <= tolerance * long);
  return near && [a, b].every((node) => !node.way || dot(node.way, chord) > 0.99 * long);
}

// The points after `a`, up to `b`; a `whole` piece is first cut at its extrema.
function piece(p, a, b, tolerance, whole) {
  const start = a.at + (a.way ? 1 : ROUND + 1);
  const end = b.at - (b.way ? 1 : ROUND + 1);
  const q = slice(p, start, end);
  const last = [...b.point, 1];
  const short = q.length < SHORT && !a.way && !b.way;
  if (a.straight || q.length < 3 || isStraight(q, a, b, short ? BULGE * tolerance : tolerance)) return [last];
  if (whole) return pathOf(p, [a, ...turning(p, q, start, a, b, tolerance), b], tolerance, false);
  let best = { c: [], off: Infinity };
  for (let n = 1; n <= MOST; n++) {
    const fit = fitted(q, a, b, n);
    if (fit.off < best.off) best = fit;
    if (fit.off <= tolerance) break;
  }
  if (best.off <= tolerance || q.length < 8) return [...best.c.map(([x, y]) => [x, y, 0]), last];
  const at = Math.floor((start + end) / 2);
  const chord = minus(around(p, at + 2), around(p, at - 2));
  const long = Math.sqrt(dot(chord, chord));
  const middle = { at, point: around(p, at), way: [chord[0] / long, chord[1] / long], straight: false };
  return pathOf(p, [a, middle, b], tolerance, false);
}

// The extrema between `a` and `b`, as nodes; at least two steps apart.
function turning(p, q, start, a, b, tolerance) {
  const nodes = [a];
  for (const [i, axis] of extremaOf(q, tolerance)) {
    const at = start + i;
    if (at - nodes[nodes.length - 1].at < 2 || b.at - at < 2) continue;
    const sign = Math.sign(minus(around(p, at + 1), around(p, at - 1))[1 - axis]);
    nodes.push({ at, point: q[i], way: axis ? [sign, 0] : [0, sign], straight: false });
  }
  return nodes.slice(1);
}

function pathOf(p, nodes, tolerance, whole = true) {
  return nodes.slice(1).flatMap((b, i) => piece(p, nodes[i], b, tolerance, whole));
}

// The closed contour by lines and curves; between two corners with lines or without, whichever has fewer points.
function outlined(contour, tolerance) {
  let p = even(contour);
  const m = p.length;
  let corners = cornersOf(p);
  const turns = turnsOf(p, ROUND).map(Math.abs);
  const first = corners.length ? corners[firstOf(corners.map((c) => turns[c]))] : firstOf(turns);
  p = [...p.slice(first), ...p.slice(0, first)];
  corners = corners.map((c) => modulo(c - first, m)).sort((a, b) => a - b);
  const [nodes, joints] = nodesOf(p, corners, linesOf(p, corners, tolerance));
  const closed = (some) => [...some, { ...some[0], at: some[0].at + m }];
  const fewer = (lined, plain, ends) => (lined.length <= plain.length + LINED * ends.length ? lined : plain);
  if (!corners.length) {
    const top = firstOf(p.map((a) => -a[1]));
    const way = [Math.sign(minus(around(p, top + 1), around(p, top - 1))[0]), 0];
    const plain = pathOf(p, closed([{ at: top, point: p[top], way, straight: false }]), tolerance);
    return joints.length ? fewer(pathOf(p, closed(joints), tolerance), plain, joints) : plain;
  }
  const ends = closed(nodes);
  return nodes.flatMap((a, i) => {
    const b = ends[i + 1];
    const inner = joints.filter((node) => a.at < node.at && node.at < b.at);
    const plain = [{ ...a, straight: a.straight && !inner.length }, b];
    return fewer(pathOf(p, [a, ...inner, b], tolerance), pathOf(p, plain, tolerance), inner);
  });
}

// ── points ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function sum(values) {
  return values.reduce((a, b) => a + b, 0);
}

function mean(values) {
  return sum(values) / values.length;
}

// The first of the greatest.
function firstOf(values) {
  const most = values.reduce((a, b) => Math.max(a, b));
  return values.findIndex((value) => value > most - SAME);
}

function modulo(i, m) {
  return ((i % m) + m) % m;
}

function around(p, i) {
  return p[modulo(i, p.length)];
}

// Points `start` to `end` of a closed contour.
function slice(p, start, end) {
  return Array.from({ length: Math.max(0, end - start + 1) }, (_, i) => around(p, start + i));
}

function minus(a, b) {
  return [a[0] - b[0], a[1] - b[1]];
}

function move(a, way, by) {
  return [a[0] + by * way[0], a[1] + by * way[1]];
}

function along(a, b, t) {
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1];
}

function cross(a, b) {
  return a[0] * b[1] - a[1] * b[0];
}

function distance(a, b) {
  return Math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2);
}
