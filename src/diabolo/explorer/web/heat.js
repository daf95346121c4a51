// The ground of the map: a grid over a box -> colours.
//
// log p -> t in (0, 1), smooth and increasing: the 5, 50 and 95 % of the rows' own log p fall at the three fixed places
// MARKS, whatever the data. The lightness of a colour is linear in t. The line at a mark is the edge of the region in which
// 95, 50 or 5 % of the rows lie.
import { OPAQUE, colorOf, colorRamp, mixed, rgb } from "./colors.js";

export const MARKS = [0.22, 0.58, 0.93];

// Stops [t, lightness, chroma, hue]. Light paper gets darker and bluer, dark paper gets lighter and greener.
const STOPS = {
  light: [
    [0, 0.985, 0.006, 100],
    [0.22, 0.925, 0.05, 118],
    [0.58, 0.77, 0.1, 178],
    [0.8, 0.665, 0.104, 222],
    [1, 0.535, 0.135, 262],
  ],
  dark: [
    [0, 0.175, 0.03, 282],
    [0.22, 0.3, 0.085, 282],
    [0.58, 0.51, 0.088, 226],
    [0.8, 0.665, 0.107, 184],
    [1, 0.82, 0.15, 150],
  ],
};
const TRUST = {
  light: [
    [0, 0.985, 0.006, 100],
    [0.22, 0.945, 0.035, 85],
    [0.58, 0.82, 0.11, 62],
    [1, 0.6, 0.17, 25],
  ],
  dark: [
    [0, 0.175, 0.015, 40],
    [0.22, 0.27, 0.06, 30],
    [0.58, 0.47, 0.13, 36],
    [1, 0.8, 0.14, 75],
  ],
};

// quiet: with less colour, for the ground under coloured points.
export function heatRamp(theme, { trust = false, quiet = false } = {}) {
  const calm = ([t, L, C, h]) => [t, theme === "light" ? 1 - (1 - L) * 0.75 : 0.175 + (L - 0.175) * 0.75, C * 0.3, h];
  const stops = (trust ? TRUST : STOPS)[theme];
  return colorRamp(quiet ? stops.map(calm) : stops);
}

// quantiles [a, b, c] -> the function t(v): a cubic between the marks, exponentials beyond them, one slope where they meet.
export function heatScale(quantiles) {
  const tiny = 1e-6 * Math.max(1, ...quantiles.map(Math.abs));
  const a = quantiles[0];
  const b = Math.max(quantiles[1], a + tiny);
  const c = Math.max(quantiles[2], b + tiny);
  const [low, middle, high] = MARKS;
  const [left, right] = [(middle - low) / (b - a), (high - middle) / (c - b)];
  const slope = (2 * left * right) / (left + right);
  return (v) => {
    if (!(v >= a)) return Number.isNaN(v) ? 0 : low * Math.exp(((v - a) * left) / low);
    if (v > c) return 1 - (1 - high) * Math.exp(((c - v) * right) / (1 - high));
    if (v < b) return hermite((v - a) / (b - a), low, middle, left * (b - a), slope * (b - a));
    return hermite((v - b) / (c - b), middle, high, slope * (c - b), right * (c - b));
  };
}

// Hermite: from p to q with slopes s and r, at u in [0, 1]
function hermite(u, p, q, s, r) {
  return p + u * (s + u * (3 * (q - p) - 2 * s - r + u * (2 * (p - q) + s + r)));
}

// The 5, 50 and 95 % of finite values.
export function quantilesOf(values) {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  return [0.05, 0.5, 0.95].map((share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0);
}

// An m x m grid -> M x M, M = f (m - 1) + 1, through the same nodes (Catmull & Rom), in [0, 1]: smooth where bilinear has creases.
function finer(grid, m, f) {
  const M = f * (m - 1) + 1;
  const once = (source, rows, get) => {
    const out = new Float32Array(rows * M);
    for (let j = 0; j < M; j++) {
      const [at, u] = [Math.floor(j / f), (j % f) / f];
      const [a, b, c, d] = [at - 1, at, at + 1, at + 2].map((i) => Math.min(m - 1, Math.max(0, i)));
      const [p, q] = [((2 - u) * u - 1) * u, (3 * u - 5) * u * u + 2];
      const [s, t] = [((4 - 3 * u) * u + 1) * u, (u - 1) * u * u];
      for (let r = 0; r < rows; r++) {
        const left = p * source[get(r, a)] + q * source[get(r, b)];
        out[r * M + j] = Math.min(1, Math.max(0, (left + s * source[get(r, c)] + t * source[get(r, d)]) / 2));
      }
    }
    return out;
  };
  const wide = once(grid, m, (r, i) => r * m + i); // (m, M)
  return flipped(once(wide, M, (r, i) => i * M + r), M); // (M, M), x first
}

function flipped(grid, M) {
  const out = new Float32Array(M * M);
  for (let r = 0; r < M; r++) for (let j = 0; j < M; j++) out[j * M + r] = grid[r * M + j];
  return out;
}

// Values on the nodes of a grid, row 0 at y0, row m - 1 at y1.
export class Heat {
  // `log`: m x m values; `quantiles`: where the marks are, else the grid's own.
  constructor({ log, box, quantiles }) {
    this.m = Math.round(Math.sqrt(log.length));
    if (this.m < 2 || this.m ** 2 !== log.length) throw new Error(`a grid of ${log.length} values is not square`);
    Object.assign(this, { box, log });
    this.scale = heatScale(quantiles?.every(Number.isFinite) ? quantiles : quantilesOf(log));
    const f = Math.max(1, Math.floor(512 / (this.m - 1)));
    this.M = f * (this.m - 1) + 1;
    this.t = finer(Float32Array.from(log, this.scale), this.m, f).map((v) => Math.min(1, Math.max(0, v))); // a cubic overshoots at cliffs
    this.highest = log.indexOf(log.reduce((a, b) => Math.max(a, b)));
  }

  // t at a place; beyond the box it falls off: nothing is known there.
  at(x, y) {
    const [x0, x1, y0, y1] = this.box;
    const [i, a, far] = nodeOf(x, x0, (x1 - x0) / (this.M - 1), this.M);
    const [j, b, high] = nodeOf(y, y0, (y1 - y0) / (this.M - 1), this.M);
    const row = (r) => this.t[r * this.M + i] * (1 - a) + this.t[r * this.M + i + 1] * a;
    return (row(j) * (1 - b) + row(j + 1) * b) * falloff(far + high);
  }

  get likeliest() {
    const [x0, x1, y0, y1] = this.box;
    const last = this.m - 1;
    return [x0 + ((this.highest % this.m) * (x1 - x0)) / last, y0 + (Math.floor(this.highest / this.m) * (y1 - y0)) / last];
  }

  // Fills rect [u0, v0, u1, v1) of the picture; `colors` by t; `line`: colour of the lines at the marks, or null.
  paint(pixels, frame, rect, colors, line) {
    const { M } = this;
    const [x0, x1, y0, y1] = this.box;
    const last = colors.length - 1;
    const [u0, v0, u1, v1] = rect;
    const columns = columnsOf(frame, u0, u1, this.box, M);
    const at = Int32Array.from(columns, (c) => c[0]);
    const share = Float32Array.from(columns, (c) => c[1]);
    const far = Float32Array.from(columns, (c) => c[2]);
    const [value, slope] = [new Float32Array(M), new Float32Array(M)];
    const nodes = [(frame.kx * (x1 - x0)) / (M - 1), (frame.ky * (y1 - y0)) / (M - 1)]; // pixels a node
    const wide = 0.6 * Math.max(1, frame.ratio); // half the width of a line, and of its soft edge
    for (let v = v0; v < v1; v++) {
      const [j, b, high] = nodeOf((frame.oy - v - 0.5) / frame.ky, y0, (y1 - y0) / (M - 1), M);
      for (let i = at[0] ?? 0, end = (at[at.length - 1] ?? 0) + 1; i <= end; i++) {
        const [p, q] = [this.t[j * M + i], this.t[(j + 1) * M + i]];
        value[i] = p + (q - p) * b;
        slope[i] = (q - p) / nodes[1];
      }
      for (let u = 0, to = v * frame.w + u0; u < at.length; u++, to++) {
        const i = at[u];
        const a = share[u];
        const d = value[i + 1] - value[i];
        let t = value[i] + d * a;
        if (far[u] + high > 0) t *= falloff(far[u] + high);
        let color = colors[(t * last) | 0];
        if (line !== null && t > 0.15) {
          const off = t < 0.4 ? t - MARKS[0] : t < 0.75 ? t - MARKS[1] : t - MARKS[2];
          const dx = d / nodes[0];
          const dy = slope[i] + (slope[i + 1] - slope[i]) * a;
          const steep = dx * dx + dy * dy;
          if (off * off < 4 * wide * wide * steep) {
            const cover = Math.min(1, 2 - Math.abs(off) / (wide * Math.sqrt(steep)));
            color = mixed(color, line[0], cover * line[1]);
          }
        }
        pixels[to] = OPAQUE | color;
      }
    }
  }
}

// x -> [node on its left, share of the next node, squared distance beyond the grid in parts of its width]
function nodeOf(x, x0, step, M) {
  const at = (x - x0) / step;
  const inside = Math.min(M - 1, Math.max(0, at));
  const i = Math.min(M - 2, Math.floor(inside));
  return [i, inside - i, ((at - inside) / (M - 1)) ** 2];
}

// nodeOf the middle of each column of pixels
function columnsOf({ kx, ox }, u0, u1, [x0, x1], M) {
  return Array.from({ length: u1 - u0 }, (_, u) => nodeOf((u + u0 + 0.5 - ox) / kx, x0, (x1 - x0) / (M - 1), M));
}

function falloff(squared) {
  return squared > 0 ? Math.exp(-80 * squared) : 1;
}

// A label for each node: colours that mix at borders and fade where nothing lies or the model is not sure.
export class Areas {
  // `labels`: m x m numbers of `palette`'s colours, 255 = none; `sure`: m x m in [0, 1] or null.
  constructor({ labels, box, palette, sure = null }, paper, heat) {
    const m = Math.round(Math.sqrt(labels.length));
    const [x0, x1, y0, y1] = box;
    const colors = palette.map(colorOf);
    const parts = [0, 8, 16].map(() => new Float32Array(m * m));
    for (let k = 0; k < m * m; k++) {
      const [x, y] = [x0 + ((k % m) * (x1 - x0)) / (m - 1), y0 + (Math.floor(k / m) * (y1 - y0)) / (m - 1)];
      const strength = (0.16 + 0.5 * (heat?.at(x, y) ?? 1)) * (sure ? 0.25 + 0.75 * sure[k] : 1);
      const color = labels[k] < colors.length ? mixed(paper, colors[labels[k]], strength) : paper;
      [0, 8, 16].forEach((shift, c) => (parts[c][k] = (color >> shift) & 255));
    }
    Object.assign(this, { box, parts, m });
  }

  paint(pixels, frame, [u0, v0, u1, v1]) {
    const { m } = this;
    const [x0, x1, y0, y1] = this.box;
    const columns = columnsOf(frame, u0, u1, this.box, m);
    const rows = this.parts.map(() => new Float32Array(m));
    for (let v = v0; v < v1; v++) {
      const [j, b] = nodeOf((frame.oy - v - 0.5) / frame.ky, y0, (y1 - y0) / (m - 1), m);
      this.parts.forEach((part, c) => {
        for (let i = 0; i < m; i++) rows[c][i] = part[j * m + i] * (1 - b) + part[(j + 1) * m + i] * b;
      });
      for (let u = 0; u < columns.length; u++) {
        const [i, a] = columns[u];
        const [r, g, bl] = rows.map((row) => row[i] * (1 - a) + row[i + 1] * a);
        pixels[v * frame.w + u0 + u] = OPAQUE | rgb(r, g, bl);
      }
    }
  }
}

// The bar under the map: unlikely - probability - likely, with a tick at each mark where there are lines.
export function heatLegend(colors, [low, middle, high], ticks = false) {
  const figure = document.createElement("div");
  figure.className = "map-legend";
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", `Colors of the map: ${middle}, from ${low} to ${high}`);
  const bar = document.createElement("i");
  const stops = Array.from({ length: 33 }, (_, i) => colors[Math.round((i * (colors.length - 1)) / 32)]);
  bar.style.background = `linear-gradient(90deg, ${stops.map((c) => `#${hexOf(c)}`).join(",")})`;
  for (const [at, share] of ticks ? [[MARKS[0], 95], [MARKS[1], 50], [MARKS[2], 5]] : []) {
    const tick = document.createElement("b");
    tick.style.left = `${100 * at}%`;
    tick.title = `${share} % of the rows lie inside this line`;
    bar.append(tick);
  }
  const words = [low, middle, high].map((word) => Object.assign(document.createElement("span"), { textContent: word }));
  figure.append(bar, ...words);
  return figure;
}

// The names of labels with their colours.
export function areaLegend({ names = [], palette }) {
  const list = document.createElement("ul");
  list.className = "map-areas";
  names.forEach((name, i) => {
    const [item, dot] = [document.createElement("li"), document.createElement("i")];
    dot.style.background = palette[i];
    item.append(dot, name);
    list.append(item);
  });
  return list;
}

function hexOf(color) {
  return [0, 8, 16].map((shift) => ((color >> shift) & 255).toString(16).padStart(2, "0")).join("");
}
