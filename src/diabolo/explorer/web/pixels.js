// A picture {width, height, data: red, green, blue and alpha of each pixel, in bytes} <-> features: channel by channel, row by
// row, in [0, 1]; cut to the proportions of (h, w) around its middle, and resampled.
//
// To the bit what formats/images.py does with the same pixels: it reckons in 32 bits.

import { toEven } from "./values.js";

const LUMA = [0.299, 0.587, 0.114].map(Math.fround); // how bright red, green and blue are
const SEEN = 0.05 * 255; // of alpha: the color of what is more transparent is not seen
const MAX_STRETCH = 2; // against the pictures of fit, without a word: then half of it is left
const FAINT = 0.1 * 255; // how far colors are from gray that are seen as such
const SHADES = Float32Array.from({ length: 256 }, (_, v) => v / 255);

export class PictureCodec {
  constructor(json) {
    this.kind = "images";
    this.columns = [];
    [this.channels, this.height, this.width] = json.shape;
    this.whole = json.whole;
    this.own = json.own;
    this.transparent = json.transparent;
  }

  encode(picture, warn = () => {}) {
    if (!picture?.data || !(picture.width > 0) || picture.data.length !== 4 * picture.width * picture.height) {
      throw new Error("a picture is {width, height, data}, four bytes for each pixel");
    }
    if (this.own) throw new Error(`a picture of bytes cannot be read by this model, which was fitted with ${this.own}`);
    const { channels, height, width, whole } = this;
    const [least, most] = alphaOf(picture);
    if (most < SEEN) throw new Error("all of the picture is transparent: nothing of it is seen");
    if (least < 255 && !this.transparent)
      warn("it is partly transparent, and the pictures of fit were not: only colors are seen; put it on a background first");
    const data = continuedColors(picture);
    const stretch = (picture.height * width) / (picture.width * height);
    if (Math.max(stretch, 1 / stretch) > MAX_STRETCH)
      warn(`more than half of it is cut away, to the proportions of ${width} × ${height} pixels: crop or pad it as it should be seen`);
    if (channels === 1 && colorful(data)) warn("it has colors, and the pictures of fit had none: only brightness is seen");
    const x = new Float32Array(channels * height * width);
    for (let c = 0; c < channels; c++) {
      const small = cutTo(planeOf(data, c, channels), picture.height, picture.width, height, width);
      x.set(whole ? small.map((v) => toEven(Math.fround(v * 255)) / 255) : small, c * height * width);
    }
    return x;
  }

  decode(e) {
    const { channels, height, width } = this;
    const n = height * width;
    const data = new Uint8ClampedArray(4 * n).fill(255);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < 3; c++) data[4 * i + c] = toEven(Math.min(Math.max(e[(c % channels) * n + i], 0), 1) * 255);
    }
    return { width, height, data };
  }
}

// One channel; of a gray picture, how bright each pixel is.
function planeOf(data, c, channels) {
  const plane = new Float32Array(data.length / 4);
  for (let i = 0, at = 0; i < plane.length; i++, at += 4) {
    plane[i] = channels > 1 ? SHADES[data[at + c]] : brightness(data[at], data[at + 1], data[at + 2]);
  }
  return plane;
}

function colorful(data) {
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > FAINT) return true;
  }
  return false;
}

// What is gray already stays as it is.
function brightness(r, g, b) {
  if (r === g && g === b) return SHADES[r];
  const [red, green] = [Math.fround(SHADES[r] * LUMA[0]), Math.fround(SHADES[g] * LUMA[1])];
  return Math.fround(red + green) + Math.fround(SHADES[b] * LUMA[2]);
}

// A plane (rows, columns) -> (h, w).
function cutTo(plane, rows, columns, h, w) {
  if (rows === h && columns === w) return plane;
  const s = Math.min(rows / h, columns / w);
  const [high, wide] = [Math.max(1, toEven(h * s)), Math.max(1, toEven(w * s))];
  const [top, left] = [(rows - high) >> 1, (columns - wide) >> 1];
  const inner = new Float32Array(high * wide);
  for (let y = 0; y < high; y++) {
    const from = (top + y) * columns + left;
    inner.set(plane.subarray(from, from + wide), y * wide);
  }
  const short = resampled(inner, wide, { n: high, step: wide, line: 1 }, { n: h, step: wide, line: 1 });
  const small = resampled(short, h, { n: wide, step: 1, line: wide }, { n: w, step: 1, line: w });
  return small.map((v) => Math.min(Math.max(v, 0), 1));
}

// `lines` of from.n pixels each -> of to.n, one tap of the kernel after the other (images/resize.py).
function resampled(pixels, lines, from, to) {
  if (from.n === to.n) return pixels;
  const out = new Float32Array(lines * to.n);
  for (let u = 0; u < to.n; u++) {
    for (const [i, weight] of tapsOf(u, from.n, to.n)) {
      for (let l = 0, a = i * from.step, b = u * to.step; l < lines; l++, a += from.line, b += to.line) {
        out[b] += Math.fround(pixels[a] * weight);
      }
    }
  }
  return out;
}

// Which of n old pixels the new pixel u of m is made of, and their weights.
function tapsOf(u, n, m) {
  const s = Math.min(m / n, 1);
  const center = ((u + 0.5) * n) / m - 0.5;
  const first = Math.floor(center - 2 / s);
  const near = Array.from({ length: Math.ceil(4 / s) + 2 }, (_, k) => [first + k, cubic(s * (center - first - k))]);
  const sum = near.reduce((total, [, weight]) => total + weight, 0);
  const used = near.filter(([, weight]) => weight !== 0);
  return used.map(([i, weight]) => [Math.min(Math.max(i, 0), n - 1), Math.fround(weight / sum)]);
}

// Keys' cubic with a = -1/2.
function cubic(t) {
  const a = Math.abs(t);
  if (a <= 1) return 1.5 * a * a * a - 2.5 * a * a + 1;
  return a <= 2 ? -0.5 * a * a * a + 2.5 * a * a - 4 * a + 2 : 0;
}

// ── transparent pixels ─────────────────────────────────────────────────────────────────────────────────────────────────

// How transparent its most and its least transparent pixels are.
function alphaOf({ data }) {
  let [least, most] = [255, 0];
  for (let i = 3; i < data.length; i += 4) {
    if (data[i] < least) least = data[i];
    if (data[i] > most) most = data[i];
  }
  return [least, most];
}

// The bytes of a picture, its transparent pixels continued from those that are seen: mirrored at the nearest, or else that one.
function continuedColors({ width, height, data }) {
  const hidden = Uint8Array.from({ length: width * height }, (_, i) => data[4 * i + 3] < SEEN);
  if (!hidden.includes(1) || !hidden.includes(0)) return data;
  const nearest = nearestSeen(hidden, width, height);
  const out = data.slice();
  hidden.forEach((gone, i) => {
    if (!gone) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    const [nx, ny] = [nearest[i] % width, Math.floor(nearest[i] / width)];
    const far = within(2 * ny - y, height) * width + within(2 * nx - x, width);
    out.set(data.subarray(4 * (hidden[far] ? nearest[i] : far)).subarray(0, 3), 4 * i);
  });
  return out;
}

const within = (v, n) => Math.min(Math.max(v, 0), n - 1);

// The number of the nearest pixel that is not hidden, for each pixel: first in its column, then along the rows.
//
// A linear time algorithm for computing exact Euclidean distance transforms of binary images (Maurer, Qi and Raghavan, 2003)
function nearestSeen(hidden, width, height) {
  const rows = new Int32Array(hidden.length).fill(-1); // the nearest row in the same column
  for (let x = 0; x < width; x++) nearestInColumn(hidden, rows, x, width, height);
  const found = new Int32Array(hidden.length);
  for (let y = 0; y < height; y++) nearestInRow(rows, found, y, width);
  return found;
}

function nearestInColumn(hidden, rows, x, width, height) {
  const seen = [];
  for (let y = 0; y < height; y++) if (!hidden[y * width + x]) seen.push(y);
  for (let y = 0, l = 0; y < height && seen.length; y++) {
    while (l < seen.length - 1 && Math.abs(seen[l] - y) > Math.abs(seen[l + 1] - y)) l++;
    rows[y * width + x] = seen[l];
  }
}

function nearestInRow(rows, found, y, width) {
  const line = []; // of pixels seen, each the nearest of some of the row: [x, squared distance in its column, its number]
  for (let x = 0; x < width; x++) {
    const row = rows[y * width + x];
    if (row < 0) continue;
    const next = [x, (row - y) ** 2, row * width + x];
    while (line.length > 1 && !needed(line.at(-2), line.at(-1), next)) line.pop();
    line.push(next);
  }
  const far = ([at, off], x) => (at - x) ** 2 + off;
  for (let x = 0, l = 0; x < width; x++) {
    while (l < line.length - 1 && far(line[l], x) > far(line[l + 1], x)) l++;
    found[y * width + x] = line[l][2];
  }
}

// Whether the middle one of three is the nearest of any place.
function needed([x0, d0], [x1, d1], [x2, d2]) {
  const [a, b, c] = [x1 - x0, x2 - x1, x2 - x0];
  return c * d1 - b * d0 - a * d2 - a * b * c <= 0;
}
