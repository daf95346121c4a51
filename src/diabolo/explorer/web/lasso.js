// A loop drawn around points -> the rows in it.
import { drawing, pathOf } from "./svg.js";

// Even-odd: a ray from (x, y) to the right crosses the polygon's edges an odd number of times.
export function insideLoop(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [p, q] = [polygon[i], polygon[j]];
    if (p[1] > y !== q[1] > y && x < p[0] + ((q[0] - p[0]) * (y - p[1])) / (q[1] - p[1])) odd = !odd;
  }
  return odd;
}

// Mask over the rows of `points` (Points): shown and inside. A cell that the loop does not cross is inside or outside as a
// whole.
export function rowsInside(points, polygon) {
  const mask = new Uint8Array(points.n);
  const { cells } = points;
  const crossed = crossedBy(polygon, cells);
  for (let c = 0; c < crossed.length; c++) {
    const [from, to] = [cells.start[c], cells.start[c + 1]];
    if (from === to) continue;
    const whole = !crossed[c] && insideLoop(polygon, cells.x[from], cells.y[from]);
    for (let i = from; i < to && (whole || crossed[c]); i++) {
      if (points.visible(i) && (whole || insideLoop(polygon, cells.x[i], cells.y[i]))) mask[cells.row[i]] = 1;
    }
  }
  return mask;
}

// Cells that the loop may cross: its edges are cut in pieces no longer than a cell, a piece touches the cells around it. Those
// at the rim have no end, and count as crossed.
function crossedBy(polygon, cells) {
  const { g } = cells;
  const crossed = Uint8Array.from({ length: g * g }, (_, c) => c < g || c >= g * (g - 1) || c % g === 0 || c % g === g - 1);
  polygon.forEach(([x, y], i) => {
    const [a, b] = polygon[(i || polygon.length) - 1];
    const pieces = Math.max(1, Math.ceil(Math.max(Math.abs(x - a) / cells.dx, Math.abs(y - b) / cells.dy)));
    for (let k = 0; k < pieces; k++) {
      const at = (t) => [a + ((x - a) * t) / pieces, b + ((y - b) * t) / pieces];
      const [[p, q], [r, s]] = [at(k), at(k + 1)];
      for (let v = cells.down(Math.min(q, s)); v <= cells.down(Math.max(q, s)); v++) {
        crossed.fill(1, v * g + cells.across(Math.min(p, r)), v * g + cells.across(Math.max(p, r)) + 1);
      }
    }
  });
  return crossed;
}

export class Lasso {
  constructor() {
    const dashes = { "stroke-width": 1.5, "stroke-dasharray": "5 4", "stroke-linejoin": "round" };
    this.node = drawing("path", { class: "map-lasso", visibility: "hidden", ...dashes });
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
