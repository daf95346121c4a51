// Points -> pixels, without a GPU: the same numbers give the same pixels everywhere.
//
// Few points are discs with a thin outline: a stencil for each quarter of a pixel, laid over the ground. Where a disc would be
// smaller than a pixel, the ink of all points is added up instead, and ink c covers top (1 - exp(-c / top)) of a pixel.
import { OPAQUE } from "./colors.js";
import { Cells } from "./cells.js";

const [HIDDEN, SHOWN, CHOSEN] = [0, 1, 2];
const QUARTERS = 4; // of a pixel, both ways
const PAIR = 2 ** 26; // two sums in one number: half the memory to go through
export const SMALLEST = 1.05; // radius of a disc, in CSS pixels

export class Points {
  constructor(places, box) {
    this.cells = new Cells(places, box);
    this.box = box;
    this.n = places.length >> 1;
    this.state = new Uint8Array(this.cells.n).fill(SHOWN);
    this.color = new Uint8Array(this.cells.n); // a number in the table of colours
    this.chosen = false;
    this.memory = {};
  }

  // Masks over the rows; null: all, and none.
  mark(show, select) {
    const { row } = this.cells;
    for (let i = 0; i < row.length; i++) {
      this.state[i] = show && !show[row[i]] ? HIDDEN : select?.[row[i]] ? CHOSEN : SHOWN;
    }
    this.chosen = this.state.includes(CHOSEN);
  }

  paint(numbers) {
    const { row } = this.cells;
    for (let i = 0; i < row.length; i++) this.color[i] = numbers ? numbers[row[i]] : 0;
  }

  visible(i) {
    return this.state[i] !== HIDDEN;
  }

  // Where the least likely of those that are shown lies; null if none is shown.
  strangest(heat) {
    const { x, y, n } = this.cells;
    let [place, least] = [null, Infinity];
    for (let i = 0; i < n; i++) {
      const t = this.visible(i) ? heat.at(x[i], y[i]) : Infinity;
      if (t < least) [place, least] = [[x[i], y[i]], t];
    }
    return place;
  }

  // CSS pixels: all discs together would cover an eighth of the box; larger when nearer, never a blob.
  radius({ kx, ky, ratio }, zoom) {
    const [x0, x1, y0, y1] = this.box;
    const area = ((x1 - x0) * kx * (y1 - y0) * ky) / (ratio * zoom) ** 2;
    const r = Math.sqrt((0.13 * area) / (Math.PI * Math.max(1, this.cells.n))) * zoom ** 0.8;
    return Math.min(r, 4 * Math.min(1.6, Math.max(0.9, zoom ** 0.4)));
  }

  // Adds the points in rect [u0, v0, u1, v1) to the picture. `look`: {table, line, zoom, many, top, strength}; of every `step`
  // points one.
  draw(pixels, frame, rect, look, step = 1) {
    const r = this.radius(frame, look.zoom);
    for (const state of this.chosen ? [SHOWN, CHOSEN] : [SHOWN]) {
      const dim = this.chosen && state === SHOWN;
      const ink = Math.PI * (r * frame.ratio) ** 2 * (dim ? 0.15 : 1) * step;
      const strength = dim ? 0.22 : look.strength;
      if (r < SMALLEST) this.#shade(pixels, frame, rect, look, state, step, ink);
      else this.#discs(pixels, frame, rect, look, state, step, stencils(r * frame.ratio, frame.ratio, strength));
    }
  }

  // Spans of points that may touch the rect, `wide` pixels around it.
  #near({ kx, ky, ox, oy }, [u0, v0, u1, v1], wide) {
    return this.cells.spans([(u0 - wide - ox) / kx, (u1 + wide - ox) / kx, (oy - v1 - wide) / ky, (oy - v0 + wide) / ky]);
  }

  #discs(pixels, frame, rect, { table, line }, wanted, step, { size, half, covers }) {
    const { x, y } = this.cells;
    const { state, color } = this;
    const [u0, v0, u1, v1] = rect;
    const [kx, ky, ox, oy] = [frame.kx * QUARTERS, frame.ky * QUARTERS, frame.ox * QUARTERS, frame.oy * QUARTERS];
    const [lr, lg, lb] = [line & 255, (line >> 8) & 255, line >> 16];
    for (const [from, to] of this.#near(frame, rect, half + 1)) {
      for (let i = Math.ceil(from / step) * step; i < to; i += step) {
        if (state[i] !== wanted) continue;
        const qu = ox + Math.floor(x[i] * kx + 0.5); // whole quarters: a shift of the view by whole pixels changes no pixel
        const qv = oy - Math.floor(y[i] * ky + 0.5);
        const [left, top] = [(qu >> 2) - half, (qv >> 2) - half];
        const [a, b] = [Math.max(u0, left), Math.min(u1, left + size)];
        const [c, d] = [Math.max(v0, top), Math.min(v1, top + size)];
        const { outer, inner } = covers[(qv & 3) * QUARTERS + (qu & 3)];
        const fill = table[color[i]];
        const [r, g, bl] = [fill & 255, (fill >> 8) & 255, fill >> 16];
        for (let v = c; v < d; v++) {
          let at = (v - top) * size + a - left;
          for (let p = v * frame.w + a, end = v * frame.w + b; p < end; p++, at++) {
            const all = outer[at];
            if (all === 0) continue;
            const f = inner[at];
            const l = all - f;
            const rest = 256 - all;
            const old = pixels[p];
            const red = ((old & 255) * rest + lr * l + r * f) >> 8;
            const green = (((old >> 8) & 255) * rest + lg * l + g * f) >> 8;
            const blue = (((old >> 16) & 255) * rest + lb * l + bl * f) >> 8;
            pixels[p] = OPAQUE | (blue << 16) | (green << 8) | red;
          }
        }
      }
    }
  }

  // The ink of a point lies on the four pixels around it, in sixteenths.
  #shade(pixels, frame, rect, { table, many, top }, wanted, step, ink) {
    const { x, y } = this.cells;
    const { state, color } = this;
    const [u0, v0, u1, v1] = rect;
    const [w, h] = [u1 - u0 + 2, v1 - v0 + 2]; // a rim for what lies half outside
    const [kx, ky] = [frame.kx * QUARTERS, frame.ky * QUARTERS];
    const [ox, oy] = [(frame.ox - u0) * QUARTERS + 2, (frame.oy - v0) * QUARTERS + 2]; // + 1 pixel of rim - half a pixel
    const count = many ? null : this.#zeros("count", Uint32Array, w * h);
    const sums = many ? this.#zeros("sums", Float64Array, 2 * w * h) : null;
    const redGreen = Float64Array.from(table, (c) => (c & 255) + ((c >> 8) & 255) * PAIR);
    const blueOne = Float64Array.from(table, (c) => (c >> 16) + PAIR);
    const add = (p, part, c) => {
      sums[2 * p] += part * redGreen[c];
      sums[2 * p + 1] += part * blueOne[c];
    };
    for (const [from, to] of this.#near(frame, rect, 2)) {
      for (let i = Math.ceil(from / step) * step; i < to; i += step) {
        if (state[i] !== wanted) continue;
        const qu = ox + Math.floor(x[i] * kx + 0.5);
        const qv = oy - Math.floor(y[i] * ky + 0.5);
        const [u, v] = [qu >> 2, qv >> 2];
        if (u < 0 || v < 0 || u >= w - 1 || v >= h - 1) continue;
        const [a, b] = [qu & 3, qv & 3];
        const p = v * w + u;
        if (many) {
          add(p, (4 - a) * (4 - b), color[i]);
          add(p + 1, a * (4 - b), color[i]);
          add(p + w, (4 - a) * b, color[i]);
          add(p + w + 1, a * b, color[i]);
        } else {
          count[p] += (4 - a) * (4 - b);
          count[p + 1] += a * (4 - b);
          count[p + w] += (4 - a) * b;
          count[p + w + 1] += a * b;
        }
      }
    }
    this.#settle(pixels, frame, rect, count, sums, table[0], coverage(ink, top));
  }

  #settle(pixels, frame, [u0, v0, u1, v1], count, sums, plain, cover) {
    const w = u1 - u0 + 2;
    let [r, g, b] = [plain & 255, (plain >> 8) & 255, plain >> 16];
    for (let v = v0; v < v1; v++) {
      let q = (v - v0 + 1) * w + 1;
      for (let p = v * frame.w + u0, end = v * frame.w + u1; p < end; p++, q++) {
        const c = count ? count[q] : Math.floor(sums[2 * q + 1] / PAIR);
        if (c === 0) continue;
        if (sums) {
          const green = Math.floor(sums[2 * q] / PAIR);
          [r, g, b] = [(sums[2 * q] - green * PAIR) / c, green / c, (sums[2 * q + 1] - c * PAIR) / c];
        }
        const all = cover[c < cover.length ? c : cover.length - 1];
        const old = pixels[p];
        const red = ((old & 255) * (256 - all) + r * all) >> 8;
        const green = (((old >> 8) & 255) * (256 - all) + g * all) >> 8;
        const blue = (((old >> 16) & 255) * (256 - all) + b * all) >> 8;
        pixels[p] = OPAQUE | (blue << 16) | (green << 8) | red;
      }
    }
  }

  // Zeros, in memory that stays.
  #zeros(name, Kind, size) {
    const kept = this.memory[name];
    if (!kept || kept.length < size) return (this.memory[name] = new Kind(size));
    return kept.fill(0, 0, size);
  }
}

// [c] -> how much of a pixel c sixteenths of a point's ink cover, of 256, and never more than `top`
function coverage(ink, top) {
  return Uint16Array.from({ length: 8192 }, (_, c) => Math.round(256 * top * (1 - Math.exp((-c * ink) / (16 * top)))));
}

// The covers of a disc of radius r, of 256: `outer` with its outline, `inner` without, for each quarter of a pixel.
export function stencils(r, ratio, strength) {
  const edge = Math.min(1, Math.max(0.4, (r / ratio - 1) * 0.45)) * ratio; // width of the outline
  const half = Math.ceil(r + edge / 2 + 0.5);
  const size = 2 * half + 2;
  const cover = (distance, radius) => Math.round(256 * strength * Math.min(1, Math.max(0, radius - distance + 0.5)));
  const covers = Array.from({ length: QUARTERS ** 2 }, (_, k) => {
    const [du, dv] = [half + (k % QUARTERS) / QUARTERS, half + Math.floor(k / QUARTERS) / QUARTERS];
    const [outer, inner] = [new Uint16Array(size * size), new Uint16Array(size * size)];
    for (let p = 0; p < size * size; p++) {
      const distance = Math.hypot((p % size) + 0.5 - du, Math.floor(p / size) + 0.5 - dv);
      outer[p] = cover(distance, r + edge / 2);
      inner[p] = Math.min(outer[p], cover(distance, r - edge / 2));
    }
    return { outer, inner };
  });
  return { size, half, covers };
}
