// The exact place of the circle; with more than two codes, which two are the map, and the others.
import { choice, el, labeled, shortly, slider } from "./dom.js";

export function placePanel(page) {
  const { store, head, model } = page;
  const [x0, x1, y0, y1] = head.map.box;
  const strip = head.map.method === "strip";
  const names = head.map.axes.map((name, i) => name || ["across", "up"][i]);
  const sliders = [[x0, x1], [y0, y1]].map((range, i) => slider(`Place: ${names[i]}`, range, 0, (v) => put(i, v)));
  const said = sliders.map(() => el("output", {}));
  const put = (i, v) => {
    const place = page.map.place;
    place[i] = v;
    page.map.place = place;
    page.moved(page.map.place, true);
  };
  store.on("place", (place) =>
    place.forEach((v, i) => {
      if (document.activeElement !== sliders[i]) sliders[i].value = v;
      said[i].textContent = shortly(Number(v.toPrecision(4)));
    }),
  );
  const rows = sliders.map((input, i) => (strip && i ? null : labeled(names[i], el("span", { class: "ranged" }, input, said[i]), { class: "wide" })));
  return el("div", { class: "place" }, el("p", { class: "soft" }, head.map.note), ...rows, head.k > 2 && model.decodes ? axesControls(page) : null);
}

// ── two of the codes as axes ────────────────────────────────────────────────────────────────────────────────────────

function axesControls(page) {
  const { k } = page.head;
  const box = el("div", {});
  const draw = () => {
    const axes = page.model.axes;
    const pairs = Array.from({ length: Math.min(k, 16) }, (_, j) => [String(j), `z${j + 1}`]);
    const pick = (i) => (j) => turn(page, axes.map((old, at) => (at === i ? Number(j) : old)), draw);
    const which = choice("Map", [["", page.head.map.method], ["axes", "two codes as axes"]], axes ? "axes" : "", (name) => turn(page, name ? [0, 1] : null, draw));
    const others = axes ? Array.from({ length: Math.min(k, 16) }, (_, j) => j).filter((j) => !axes.includes(j)) : [];
    box.replaceChildren(
      labeled("Map", which, { class: "wide" }),
      ...(axes ? [labeled("across", choice("Code across", pairs, String(axes[0]), pick(0)), { class: "wide" }), labeled("up", choice("Code up", pairs, String(axes[1]), pick(1)), { class: "wide" })] : []),
      ...others.map((j) => labeled(`z${j + 1}`, slider(`Code z${j + 1}`, rangeOf(page.model, j), page.model.others[j], (v) => bend(page, j, v)), { class: "wide" })),
    );
  };
  draw();
  return box;
}

function rangeOf({ codes, k, n = codes.length / k }, j) {
  const own = Float64Array.from({ length: n }, (_, i) => codes[i * k + j]).sort();
  return [own[0], own[n - 1]];
}

function bend(page, j, v) {
  page.model.others[j] = v;
  page.moved(page.map.place, true);
}

// The map shows two of the codes, or again what it showed first.
function turn(page, axes, draw) {
  if (axes && axes[0] === axes[1]) axes = [axes[0], (axes[0] + 1) % page.head.k];
  page.turn(axes);
  draw();
}

// Counts of places in an m x m grid, smoothed -> log density
export function smoothed(places, [x0, x1, y0, y1], m = 96, width = 2.2) {
  const grid = new Float64Array(m * m);
  for (let i = 0; i < places.length; i += 2) {
    const [c, r] = [Math.round(((places[i] - x0) / (x1 - x0)) * (m - 1)), Math.round(((places[i + 1] - y0) / (y1 - y0)) * (m - 1))];
    if (c >= 0 && r >= 0 && c < m && r < m) grid[r * m + c]++;
  }
  const reach = Math.ceil(3 * width);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / width) ** 2));
  const blur = (from, step, other) => {
    const to = new Float64Array(m * m);
    for (let a = 0; a < m; a++) {
      for (let b = 0; b < m; b++) {
        let sum = 0;
        for (let i = Math.max(0, b - reach); i <= Math.min(m - 1, b + reach); i++) sum += kernel[i - b + reach] * from[a * other + i * step];
        to[a * other + b * step] = sum;
      }
    }
    return to;
  };
  return Float32Array.from(blur(blur(grid, 1, m), m, 1), (v) => Math.log(v + 1e-6));
}
