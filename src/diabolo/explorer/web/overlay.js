// What lies over the picture as drawing: names of regions, the walk, the row under the pointer, the lasso, the circle.
import { drawing, pathOf } from "./svg.js";

const MAP_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export const TOOLS = { wide: 56, high: 164 }; // what the buttons at the top right need
const LETTER = 0.6; // width of a letter, in font sizes
const LEAD = 1.2; // height of a line
const LINE = 0.42; // of the width of the map: the longest line of a name
const SHORT = 20; // letters that a line may always have
const LINES = 3;

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

  // `regions`: [{name, center: [x, y], rows}]; the larger come first, a name that would cover another, or lie under the buttons,
  // is moved a little, or left out.
  draw(view, { ink, paper }, named, circle) {
    this.node.setAttribute("viewBox", `0 0 ${view.w} ${view.h}`);
    this.lasso.node.setAttribute("stroke", ink);
    this.lasso.node.setAttribute("fill", `color-mix(in srgb, ${ink} 12%, transparent)`);
    this.#names(view, ink, paper, named, circle);
    this.#walk(view, ink, paper);
  }

  #names(view, ink, paper, named, circle) {
    const taken = [circle, ...this.anchors].map((place, i) => {
      const [u, v] = view.pixel(...place);
      return { u, v, half: i ? 12 : 18, high: i ? 12 : 18 };
    });
    taken.push({ u: view.w - TOOLS.wide / 2, v: TOOLS.high / 2, half: TOOLS.wide / 2, high: TOOLS.high / 2 });
    const found = [];
    for (const { name, center, rows } of named ? this.regions : []) {
      const size = Math.min(15, 11.5 + Math.log10(1 + (rows?.length ?? 0)));
      const [u, v] = view.pixel(...center);
      const lines = linesOf(name, Math.max(SHORT, Math.floor((LINE * view.w) / (LETTER * size))));
      const longest = Math.max(...lines.map((line) => widthOf(line, size)));
      const [half, high] = [longest / 2 + 6, (lines.length * size * LEAD) / 2 + 3];
      const apart = (x, y) => (t) => Math.abs(t.u - x) >= t.half + half || Math.abs(t.v - y) >= t.high + high;
      const free = ([x, y]) => y > high && y < view.h - high && taken.every(apart(x, y));
      const into = (x) => Math.min(view.w - half, Math.max(half, x)); // a name at the rim is moved into sight
      const beside = [into(u), into(Math.min(u, view.w - TOOLS.wide - half))];
      const spot = [0, -1, 1, -2, 2].flatMap((step) => beside.map((x) => [x, v + step * high * 0.9])).find(free);
      if (!spot || u < 0 || u > view.w) continue;
      const [x, y] = spot;
      taken.push({ u: x, v: y, half, high });
      const base = (i) => (y + size * (0.35 + LEAD * (i - (lines.length - 1) / 2))).toFixed(1);
      const type = { "font-size": size.toFixed(1), "font-weight": 600 };
      const colors = { fill: ink, stroke: paper, "stroke-width": 3.5, "stroke-opacity": 0.85 };
      found.push(...lines.map((line, i) => drawing("text", { x: x.toFixed(1), y: base(i), ...type, ...colors }, line)));
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

let measuring = null;

function widthOf(line, size) {
  measuring ??= document.createElement("canvas").getContext("2d");
  measuring.font = `600 ${size}px ${MAP_FONT}`;
  return measuring.measureText(line).width;
}

// A name in lines of about `most` letters, of two parts each on its own; what is too long ends with "…".
function linesOf(name, most) {
  const lines = [""];
  const parted = name.length > most && name.split(", ").length === 2;
  for (const word of name.split(/(?<=, | )/)) {
    const line = lines.at(-1);
    const full = (line + word).trimEnd().length > most || (parted && line.endsWith(", "));
    if (line && full) lines.push(word);
    else lines[lines.length - 1] += word;
  }
  const cut = lines.length > LINES ? [...lines.slice(0, LINES - 1), `${lines[LINES - 1].replace(/[, ]+$/, "")} …`] : lines;
  return cut.map((line) => (line.trimEnd().length > most ? `${line.slice(0, most)}…` : line.trimEnd()));
}
