// What lies under the points, how they are colored, and what is drawn over them.
import { LEVELS, VALUES, alongPalette, cssOf } from "./colors.js";
import { choice, el, labeled, percent, plural, shortly } from "./dom.js";
import { likeliestOf } from "./labels.js";
import { MARKS } from "./heat.js";

const SIDE = 64; // nodes of a layer that the page computes
const SLICE = 10; // milliseconds
const MOST = 30; // labels with a layer of their own
export const ABOUT = {
  round: "How far the code moves when what is decoded is encoded again: 0.1 of the codes' spread or less comes back",
  stretch: "How fast what is decoded changes here, beside the median over the rows: where it is high, small steps change much",
};
const RANGE = [0.01, 0.99]; // quantiles between which colors change

export function groundControls(page) {
  const { store } = page;
  let colored = store.get("color");
  store.on("color", (name) => {
    if (name !== colored) store.set("hidden", new Set());
    colored = name;
    paint(page);
  });
  store.on("ground", (name) => lay(page, name));
  store.on("things", (name) => cover(page, name));
  store.on("text", () => store.get("things") === "lattice" && cover(page, "lattice"));
  page.offered = (name) => ({ ground: grounds, things })[name](page).map(([value]) => value);
  const bar = el("div", { class: "controls" });
  const draw = () => {
    const [colors, lain] = [[["", "nothing"], ...groupsOf(page)], grounds(page)];
    bar.replaceChildren(
      labeled(
        "Color by",
        choice("Color by", colors, store.get("color"), (name) => store.set("color", name)),
        { title: page.column(store.get("color"))?.about || "What gives the points their colors" },
      ),
      ...(lain.length > 1 ? [groundChoice(store, lain)] : []),
      labeled(
        "Show",
        choice("Show", things(page), store.get("things"), (name) => store.set("things", name)),
      ),
    );
  };
  draw();
  store.on("color ground things axes", draw);
  return bar;
}

function groundChoice(store, lain) {
  return labeled(
    "Ground",
    choice("Ground", lain, store.get("ground"), (name) => store.set("ground", name)),
    { title: ABOUT[store.get("ground")] ?? "What colors the map under the points" },
  );
}

function groupsOf({ columns }) {
  const titles = { label: "Labels", column: "Columns", measure: "Measures", code: "Codes" };
  return Object.entries(titles)
    .map(([group, title]) => ({
      group: title,
      options: columns.filter((c) => c.group === group && c.kind !== "text").map((c) => [c.name, c.name, c.about]),
    }))
    .filter(({ options }) => options.length);
}

function grounds({ head, model, codec }) {
  const levels =
    model.decodesNow && codec?.kind === "table"
      ? codec.columns.filter((c) => c.levels || c.type === "yes or no").map((c) => [`level:${c.name}`, `decoded ${c.name}`])
      : [];
  return [
    ["likely", "how likely"],
    ...foreseen(head),
    ...levels,
    ...(head.trust && !model.axes
      ? [
          ["round", "round trip", ABOUT.round],
          ["stretch", "stretch", ABOUT.stretch],
        ]
      : []),
  ];
}

const FORESEEN = { one: "predicted", several: "likeliest" }; // of several labels, a row may have none

// The likeliest label; one layer of numbers for each.
function foreseen({ labels }) {
  if (!labels) return [];
  const numbers = labels.kind === "numbers";
  const each = labels.names.slice(0, MOST).map((name, j) => [`value:${j}`, numbers ? name : `p(${name})`]);
  return numbers ? each : [["labels", `${FORESEEN[labels.kind]} label`], ...each];
}

function things({ head, face, model }) {
  const predicted = head.labels?.kind === "numbers" ? "predicted numbers" : `${FORESEEN[head.labels?.kind]} labels`;
  const decoded = head.fonts ? "letters" : "decoded things";
  const over = face ? [["lattice", model.decodes ? decoded : predicted]] : [];
  return [["points", "points"], ...(head.thumbnails ? [["pictures", "pictures of rows"]] : []), ...over];
}

// ── points ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function paint(page) {
  const column = page.column(page.store.get("color"));
  if (!column || column.kind === "text") return page.map.color(null);
  if (column.kind === "category")
    return page.map.color(
      Uint8Array.from({ length: page.n }, (_, i) => page.shade(column, i)),
      LEVELS,
    );
  const [low, high] = colorRange(column);
  page.map.color(
    Float32Array.from(column.values, (v) => (Number.isNaN(v) ? NaN : Math.min(1, Math.max(0, (v - low) / (high - low || 1))))),
  );
}

export function colorRange(column) {
  if (column.range) return column.range;
  const known = Float64Array.from(column.values)
    .filter((v) => !Number.isNaN(v))
    .sort();
  return (column.range = RANGE.map((share) => known[Math.round(share * (known.length - 1))] ?? 0));
}

export const MISSING = 255; // in place of a color's number

// Level -> number of its color: the ten most frequent levels have one each, or nine and all others one.
export function shadesOf(column) {
  if (column.shades) return column.shades;
  const counts = column.levels.map(() => 0);
  for (const v of column.values) if (v >= 0) counts[v]++;
  column.counts = counts;
  const many = column.levels.length > LEVELS.length;
  const order = many ? likeliestOf(counts, counts.length) : counts.map((_, c) => c);
  column.shades = new Uint8Array(counts.length);
  order.forEach((level, rank) => (column.shades[level] = Math.min(rank, LEVELS.length - 1)));
  return column.shades;
}

// ── the legend ──────────────────────────────────────────────────────────────────────────────────────────────────────

export function legendPanel(page) {
  const { store } = page;
  const box = el("div", { class: "legend" });
  const draw = () => {
    const column = page.column(store.get("color"));
    box.hidden = !column || column.kind === "text";
    if (!box.hidden) box.replaceChildren(...(column.kind === "category" ? chips(page, column) : bar(page, column)));
  };
  store.on("color hidden", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(draw));
  return box;
}

// A button for each color: pressed, its rows are seen.
function chips(page, column) {
  const shades = shadesOf(column);
  const colors = LEVELS.map((color, shade) => {
    const levels = column.levels.map((_, c) => c).filter((c) => shades[c] === shade);
    const name = levels.length > 1 ? `${levels.length} others` : column.levels[levels[0]];
    return levels.length
      ? chip(
          page,
          shade,
          color,
          name,
          levels.reduce((sum, c) => sum + column.counts[c], 0),
        )
      : null;
  });
  const gaps = gapsOf(column);
  return [
    el("span", { class: "soft", title: column.about || null }, column.name),
    ...colors.filter(Boolean),
    ...(gaps ? [chip(page, MISSING, page.map.tint.none, "missing", gaps)] : []),
  ];
}

function gapsOf(column) {
  return column.values.reduce((sum, _, i) => sum + column.missing(i), 0);
}

function chip(page, shade, color, name, rows) {
  const { store } = page;
  const toggle = () => {
    const next = new Set(store.get("hidden"));
    if (!next.delete(shade)) next.add(shade);
    store.set("hidden", next);
  };
  const dot = el("i", { "aria-hidden": "true" });
  dot.style.background = color;
  const pressed = String(!store.get("hidden").has(shade));
  const title = `${name}: ${plural(rows, page.head.one)}`;
  return el(
    "button",
    { type: "button", class: "chip", "aria-pressed": pressed, title, onclick: toggle },
    dot,
    el("span", {}, name),
  );
}

function bar(page, column) {
  const [low, high] = colorRange(column);
  const line = el("i", {
    class: "scale",
    role: "img",
    "aria-label": `Colors from ${column.said(low)} to ${column.said(high)}`,
  });
  const stops = Array.from({ length: 11 }, (_, i) => cssOf(alongPalette(VALUES[page.map.scheme], i / 10)));
  line.style.background = `linear-gradient(90deg, ${stops.join(",")})`;
  const gaps = gapsOf(column);
  return [
    el("span", { class: "soft", title: column.about || null }, column.name),
    el("span", { class: "scaled" }, column.said(low), line, column.said(high)),
    gaps ? chip(page, MISSING, page.map.tint.none, "missing", gaps) : null,
  ].filter(Boolean);
}

// ── the ground ──────────────────────────────────────────────────────────────────────────────────────────────────────

const WORDS = {
  round: ["comes back", "round trip", "does not come back"],
  stretch: ["calm", "stretch of the decoder", "changes fast"],
};

function lay(page, name) {
  const { map, head, trust } = page;
  page.laying = name;
  map.layer("ground", null);
  if (name in WORDS && !page.model.axes)
    return map.layer("ground", { values: trust[name].map((v) => Math.log(v + 1e-3)), box: head.map.box, words: WORDS[name] });
  if (name === "labels")
    return areas(page, name, head.labels.names, (place) => page.model.labelsAt(place), page.column(page.store.get("color")));
  if (name.startsWith("value:")) return heights(page, name, Number(name.slice(6)));
  if (!name.startsWith("level:")) return;
  const column = page.codec.columns.find((c) => c.name === name.slice(6));
  const names = column.levels ? column.texts.slice(0, column.levels.length) : ["no", "yes"];
  areas(page, name, names, (place) => levelsIn(page.model.decodeAt(place), column), page.column(column.name));
}

// Probabilities of the levels of a column
function levelsIn(e, { start, levels }) {
  return levels ? e.subarray(start, start + levels.length) : [1 - e[start], e[start]];
}

// The likeliest of several at each node, in the colors that a column gives to levels of these names.
function areas(page, name, names, chances, column) {
  const { box } = page.model;
  const labels = new Uint8Array(SIDE * SIDE);
  const sure = new Float32Array(SIDE * SIDE);
  const same = column?.kind === "category" && names.every((level) => column.levels.includes(level)) ? column : null;
  const shades = names.map((level, c) => (same ? shadesOf(same)[same.levels.indexOf(level)] : Math.min(LEVELS.length - 1, c)));
  const used = [...new Set(shades)].sort((a, b) => a - b);
  const place = shades.map((shade) => used.indexOf(shade));
  const look = (at) => {
    const p = chances(nodeAt(box, at));
    const best = p.indexOf(Math.max(...p));
    labels[at] = place[best];
    sure[at] = Math.min(1, Math.max(0, p[best]));
  };
  const palette = used.map((shade) => LEVELS[shade]);
  const named = used.map((shade) => sharing(names, shades, shade));
  sliced(page, name, look, () => ({ labels, sure, box, palette, names: named }));
}

// One of the predicted numbers, or the probability of a label, in colors that are even between the least and the largest.
function heights(page, name, j) {
  const { box } = page.model;
  const { kind, names } = page.head.labels;
  if (!(j in names)) return;
  const values = new Float64Array(SIDE * SIDE);
  const layer = () => {
    const [low, high] = kind === "numbers" ? [Math.min(...values), Math.max(...values)] : [0, 1];
    const said = kind === "numbers" ? shortly : percent;
    const quantiles = MARKS.map((share) => low + share * (high - low));
    return { values, box, quantiles, words: [said(low), names[j], said(high)] };
  };
  sliced(page, name, (at) => (values[at] = page.model.labelsAt(nodeAt(box, at))[j]), layer);
}

// look(number) at all nodes, for a slice of a frame at a time; then the layer is laid.
function sliced(page, name, look, layer) {
  let at = 0;
  const work = () => {
    if (page.laying !== name) return;
    const end = performance.now() + SLICE;
    for (; at < SIDE * SIDE && performance.now() < end; at++) look(at);
    if (at < SIDE * SIDE) return requestAnimationFrame(work);
    page.map.layer("ground", layer());
  };
  work();
}

// The name of those with one color
function sharing(names, shades, shade) {
  const own = names.filter((_, c) => shades[c] === shade);
  return own.length > 1 ? `${own.length} others` : own[0];
}

function nodeAt([x0, x1, y0, y1], at) {
  return [x0 + ((at % SIDE) * (x1 - x0)) / (SIDE - 1), y0 + (Math.floor(at / SIDE) * (y1 - y0)) / (SIDE - 1)];
}

// ── over the points ─────────────────────────────────────────────────────────────────────────────────────────────────

function cover(page, name) {
  const { map, face, head } = page;
  map.pictures(null);
  if (name === "pictures") page.sheet.then((sheet) => map.pictures(thumbnailOf(sheet, head.thumbnails)));
  if (name !== "lattice") return;
  const use = (context, u, v, size) => (thing) => face.draw(context, u, v, size, thing, page.store.get("color"));
  const draw = (context, x, y, u, v, size) => page.decodedSoon([x, y], use(context, u, v, size), again);
  const again = () => page.store.get("things") === "lattice" && map.lattice(draw);
  map.lattice(draw);
}

function thumbnailOf(sheet, { w, h, per }) {
  return (context, row, u, v, size) => {
    const fit = (0.94 * size) / Math.max(w, h);
    context.imageSmoothingEnabled = fit < 2;
    context.drawImage(
      sheet,
      (row % per) * w,
      Math.floor(row / per) * h,
      w,
      h,
      u - (fit * w) / 2,
      v - (fit * h) / 2,
      fit * w,
      fit * h,
    );
  };
}
