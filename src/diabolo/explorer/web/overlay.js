// What lies over the picture as drawing: names of regions, the walk, the row under the pointer, the lasso, the circle.
import { drawing, pathOf } from "./svg.js";

const MAP_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export class Overlay {
  constructor(lasso, handle) {
    const text = { "font-family": MAP_FONT, "text-anchor": "middle", "stroke-linejoin": "round" };
    this.names = drawing("g", { class: "map-names", "paint-order": "stroke", ...text });
    this.walk = drawing("g", { class: "map-walk", ...text });
    this.ring = drawing("circle", { class: "map-ring", fill: "none", visibility: "hidden" });
    [this.lasso, this.handle] = [lasso, handle];
    this.node = drawing("svg", { class: "map-over" }, this.names, this.walk, this.ring, lasso.node, handle.node);
    this.regions = [];
    this.anchors = [];
  }

  // `regions`: [{name, center: [x, y], rows}]; the larger come first, a name
  // that would cover another is moved a little, or left out.
  draw(view, { ink, paper }, named) {
    this.node.setAttribute("viewBox", `0 0 ${view.w} ${view.h}`);
    this.lasso.node.setAttribute("stroke", ink);
    this.lasso.node.setAttribute("fill", `color-mix(in srgb, ${ink} 12%, transparent)`);
    this.#names(view, ink, paper, named);
    this.#walk(view, ink, paper);
  }

  #names(view, ink, paper, named) {
    const taken = this.anchors.map((place) => {
      const [u, v] = view.pixel(...place);
      return { u, v, half: 12, high: 12 };
    });
    const found = [];
    for (const { name, center, rows } of named ? this.regions : []) {
      const size = Math.min(15, 11.5 + Math.log10(1 + (rows?.length ?? 0)));
      const [u, v] = view.pixel(...center);
      const [half, high] = [name.length * size * 0.29 + 6, size * 0.75 + 3];
      const at = Math.min(view.w - half, Math.max(half, u)); // a name at the rim is moved into sight
      const apart = (y) => (t) => Math.abs(t.u - at) >= t.half + half || Math.abs(t.v - y) >= t.high + high;
      const free = (y) => y > high && y < view.h - high && taken.every(apart(y));
      const y = [v, v - 27, v + 27].find(free);
      if (y === undefined || u < 0 || u > view.w) continue;
      taken.push({ u: at, v: y, half, high });
      const where = { x: at.toFixed(1), y: (y + size * 0.35).toFixed(1), "font-size": size.toFixed(1), "font-weight": 600 };
      const colors = { fill: ink, stroke: paper, "stroke-width": 3.5, "stroke-opacity": 0.85 };
      found.push(drawing("text", { ...where, ...colors }, name));
    }
    this.names.replaceChildren(...found);
  }

  #walk(view, ink, paper) {
    const points = this.anchors.map((place) => view.pixel(...place));
    const shape = { d: pathOf(points), fill: "none", "stroke-linecap": "round" };
    const line = (width, color) => drawing("path", { ...shape, stroke: color, "stroke-width": width });
    const ends = points.map(([u, v], i) =>
      drawing(
        "g",
        { transform: `translate(${u.toFixed(1)} ${v.toFixed(1)})` },
        drawing("circle", { r: 9, fill: paper, stroke: ink, "stroke-width": 1.75 }),
        drawing("text", { y: 3.8, "font-size": 10.5, "font-weight": 700, fill: ink }, String.fromCharCode(65 + i)),
      ),
    );
    this.walk.replaceChildren(...(points.length ? [line(5, paper), line(2, ink), ...ends] : []));
  }

  // A ring around a row; null: none.
  point(at, radius, { ink, paper }) {
    this.ring.setAttribute("visibility", at ? "visible" : "hidden");
    if (!at) return;
    const facts = { cx: at[0].toFixed(1), cy: at[1].toFixed(1), r: radius + 2.5 };
    const colors = { stroke: ink, "stroke-width": 2, fill: paper, "fill-opacity": 0.35 };
    for (const [name, value] of Object.entries({ ...facts, ...colors })) this.ring.setAttribute(name, value);
  }
}
