// Decoded things, or thumbnails of rows, over the map: drawn in slices of a frame, while the view stands still.

import { TOOLS } from "./overlay.js";

const SLICE = 8; // milliseconds of a frame
const SIZE = 52; // pixels from one thing to the next, or a quarter more

export class Lattice {
  constructor(canvas) {
    this.canvas = canvas;
    this.jobs = [];
  }

  // `draw(context, x, y, u, v, size)` at each node of a lattice that is fixed to the map.
  nodes(view, draw) {
    const [k, l] = view.scales;
    const [x0, , y0] = view.box;
    const [dx, dy] = [stepOf(k), stepOf(l)];
    const [a, b] = view.place(0, view.h);
    const [c, d] = view.place(view.w, 0);
    this.size = Math.min(dx * k, dy * l);
    this.jobs = [];
    for (let i = Math.ceil((a - x0) / dx - 1); i <= (c - x0) / dx; i++) {
      for (let j = Math.ceil((b - y0) / dy - 1); j <= (d - y0) / dy; j++) {
        const [x, y] = [x0 + (i + 0.5) * dx, y0 + (j + 0.5) * dy];
        if (!inBox(view.box, x, y)) continue;
        const [u, v] = view.pixel(x, y);
        if (u + this.size / 2 > view.w - TOOLS.wide && v - this.size / 2 < TOOLS.high) continue; // under the buttons
        this.jobs.push((context) => draw(context, x, y, u, v, this.size));
      }
    }
    this.#outwards(view);
  }

  // `draw(context, row, u, v, size)` for one row of each square of `size` pixels: the one nearest to its middle.
  rows(view, points, draw, size) {
    const { row, x, y } = points.cells;
    const [k, l] = view.scales;
    const [cx, cy] = view.pixel(0, 0);
    const best = new Map();
    const step = Math.ceil(points.cells.n / 100000);
    const [x0, y0] = view.place(0, view.h);
    const [x1, y1] = view.place(view.w, 0);
    for (const [from, to] of points.cells.spans([x0, x1, y0, y1])) {
      for (let i = from; i < to; i += step) {
        if (!points.visible(i)) continue;
        const [a, b] = [(x[i] * k) / size, (y[i] * l) / size]; // squares fixed to the map
        const key = Math.floor(a) * 2 ** 20 + Math.floor(b);
        const far = (a - Math.floor(a) - 0.5) ** 2 + (b - Math.floor(b) - 0.5) ** 2;
        if (!(best.get(key)?.far <= far)) best.set(key, { far, i });
      }
    }
    this.jobs = [...best.values()].map(({ i }) => (context) => draw(context, row[i], cx + k * x[i], cy - l * y[i], 0.85 * size));
    this.#outwards(view);
  }

  clear() {
    this.jobs = [];
    this.canvas.hidden = true;
  }

  // One slice; true while more is to be drawn.
  work() {
    const context = this.canvas.getContext("2d");
    const start = performance.now();
    while (this.jobs.length && performance.now() - start < SLICE) {
      context.save();
      this.jobs.pop()(context);
      context.restore();
    }
    return this.jobs.length > 0;
  }

  // While the view moves, what was drawn moves with it.
  follow(view) {
    const [u, v] = view.pixel(...this.corner);
    const [k, l] = view.scales;
    this.canvas.style.transform = `translate(${u}px, ${v}px) scale(${k / this.scales[0]}, ${l / this.scales[1]})`;
  }

  #outwards(view) {
    const ratio = Math.min(2, devicePixelRatio);
    this.corner = view.place(0, 0);
    this.scales = view.scales;
    this.canvas.hidden = false;
    [this.canvas.width, this.canvas.height] = [Math.round(view.w * ratio), Math.round(view.h * ratio)];
    this.canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    this.follow(view);
  }
}

// The least of the steps 4, 5, 6 and 7 times a power of two that is no shorter than SIZE
function stepOf(k) {
  const power = 2 ** Math.floor(Math.log2(SIZE / k) - 2);
  return power * [4, 5, 6, 7, 8].find((step) => step * power * k >= SIZE * (1 - 1e-9));
}

function inBox([x0, x1, y0, y1], x, y) {
  return x >= x0 && x <= x1 && y >= y0 && y <= y1;
}
