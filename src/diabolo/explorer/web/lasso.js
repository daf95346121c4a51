// A loop drawn around points -> the rows in it.
import { drawing, pathOf } from "./svg.js";

// Even-odd: a ray from (x, y) to the right crosses the polygon's edges an odd number of times.
export function insideLoop(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[a, b], [c, d]] = [polygon[i], polygon[j]];
    if (b > y !== d > y && x < a + ((c - a) * (y - b)) / (d - b)) odd = !odd;
  }
  return odd;
}

// Mask over the rows of `points` (Points): shown and inside.
export function rowsInside(points, polygon) {
  const mask = new Uint8Array(points.n);
  const { row, x, y } = points.cells;
  const [xs, ys] = [polygon.map((p) => p[0]), polygon.map((p) => p[1])];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  for (const [from, to] of points.cells.spans([x0, x1, y0, y1])) {
    for (let i = from; i < to; i++) {
      if (x[i] < x0 || x[i] > x1 || y[i] < y0 || y[i] > y1) continue;
      if (points.visible(i) && insideLoop(polygon, x[i], y[i])) mask[row[i]] = 1;
    }
  }
  return mask;
}

export class Lasso {
  constructor() {
    this.node = drawing("path", { class: "map-lasso", "stroke-width": 1.5, "stroke-dasharray": "5 4", "stroke-linejoin": "round", visibility: "hidden" });
    this.trail = [];
  }

  start(u, v) {
    this.trail = [[u, v]];
    this.#show(true);
  }

  to(u, v) {
    const [a, b] = this.trail.at(-1);
    if (Math.hypot(u - a, v - b) >= 3) this.trail.push([u, v]);
    this.#show(true);
  }

  // The loop in pixels, or null where it encloses nothing.
  end() {
    this.#show(false);
    return this.trail.length > 2 ? this.trail : null;
  }

  #show(on) {
    this.node.setAttribute("d", pathOf(this.trail, true));
    this.node.setAttribute("visibility", on ? "visible" : "hidden");
  }
}
