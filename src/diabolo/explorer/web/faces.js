// How a decoded thing looks: cells, words, a picture, or the probabilities of labels.
//
// A face has an `element`; update(decoded, before) shows a thing and what has changed since `before`; draw(context, u, v, size,
// decoded) draws it small; say(decoded) puts it in a few words.
import { el, localized, percent, plural, shortly } from "./dom.js";
import { givenOf, likeliestOf } from "./labels.js";

export function faceOf(kind, page) {
  if (page.head.pixels) return new PixelsFace(page.head.pixels);
  return kind === "documents" ? new WordsFace(page) : kind === "images" ? new PictureFace() : new CellsFace(page);
}

// What a model predicts: numbers, or the probabilities of labels.
export function foreseenFace(page) {
  const { kind, names } = page.head.labels;
  return kind === "numbers" ? new NumbersFace(page) : new LabelsFace(names, page.model.labels.limits);
}

// ── a row of a table ────────────────────────────────────────────────────────────────────────────────────────────────

export class CellsFace {
  constructor(page) {
    this.columns = new Map(page.columns.map((column) => [column.name, column]));
    this.body = el("tbody");
    this.element = el("table", { class: "cells", tabindex: 0 }, el("caption", { class: "unseen" }, "Decoded row"), this.body);
    this.rows = [];
  }

  update(cells, before) {
    if (this.rows.length !== cells.length) this.#build(cells);
    cells.forEach((cell, j) => this.rows[j].show(cell, before?.[j]));
  }

  #build(cells) {
    this.rows = cells.map((cell) => new CellRow(cell, this.columns.get(cell.name)));
    this.body.replaceChildren(...this.rows.map((row) => row.element));
  }

  // The column by which the map is colored, or the first.
  draw(context, u, v, size, cells, colored) {
    const cell = cells.find((c) => c.name === colored) ?? cells[0];
    drawText(context, u, v, size, shown(cell, this.columns.get(cell.name)));
  }

  say(cells) {
    return cells
      .slice(0, 3)
      .map((cell) => `${cell.name} ${shown(cell, this.columns.get(cell.name))}`)
      .join(", ");
  }
}

// Predicted numbers, as cells of columns that hold those of the rows.
export class NumbersFace extends CellsFace {
  constructor(page) {
    super(page);
    this.names = page.head.labels.names.map((name) => page.measure(name)?.name ?? name);
  }

  update(values, before) {
    super.update(this.#cells(values), before && this.#cells(before));
  }

  draw(context, u, v, size, values, colored) {
    super.draw(context, u, v, size, this.#cells(values), colored);
  }

  say(values) {
    return super.say(this.#cells(values));
  }

  #cells(values) {
    return this.names.map((name, j) => ({ name, value: values[j], text: shortly(values[j]), sure: null }));
  }
}

class CellRow {
  constructor(cell, column) {
    this.column = column;
    this.value = el("td", { class: "value" });
    this.now = el("i", { class: "now" });
    this.then = el("i", { class: "then" });
    this.track = el("td", { class: "track", "aria-hidden": "true" }, el("span", {}, this.then, this.now));
    this.change = el("td", { class: "change" });
    const name = el("th", { scope: "row", title: cell.name }, el("span", { class: "clip" }, cell.name));
    this.element = el("tr", {}, name, this.value, this.track, this.change);
    this.texts = [];
  }

  // A cell that says the same as before touches nothing.
  show(cell, before) {
    this.#place(this.now, cell);
    const sure = cell.sure === null || cell.sure === undefined ? "" : percent(cell.sure);
    const change = before ? difference(cell, before, this.column) : "";
    const text = shown(cell, this.column);
    if (this.texts[0] === text && this.texts[1] === change && this.texts[2] === sure) return;
    if (before) this.#place(this.then, before);
    this.texts = [text, change, sure];
    this.value.replaceChildren(text, ...(sure ? [" ", el("small", { title: "how sure the decoder is" }, sure)] : []));
    this.change.textContent = change;
    this.element.classList.toggle("changed", change !== "");
    this.then.hidden = change === "" || !before;
  }

  #place(mark, cell) {
    const share = this.#share(cell);
    mark.style.setProperty("--at", `${(100 * share).toFixed(1)}%`);
  }

  #share(cell) {
    if (cell.sure !== null && cell.sure !== undefined) return cell.sure;
    const v = numberOf(cell, this.column);
    if (Number.isNaN(v)) return 0.5;
    const { low, high } = this.column.spread;
    return low < high ? Math.min(1, Math.max(0, (v - low) / (high - low))) : 0.5;
  }
}

const DIGITS = 4;

// A number with more digits than a few, as it is shown elsewhere.
export function shown({ text, value }, column) {
  const plain = plainly(text, column);
  if (typeof value !== "number" || !/^-?\d+\.\d+$/.test(plain)) return text;
  const digits = plain.replace(/^-?[0.]*|\./g, "").length;
  return digits > DIGITS ? localized(shortly(value), column?.sign ?? ".") : text;
}

// A number's text as programs write it.
function plainly(text, column) {
  return column?.sign === "," ? localized(text, ",") : text;
}

// The number of a cell on the scale of its column; NaN, if it has none.
export function numberOf(cell, column) {
  if (!column?.isNumber) return NaN;
  return cell.seconds ?? (typeof cell.value === "number" ? cell.value : NaN);
}

const DAY = 86400;

// What has changed, in words.
function difference(cell, before, column) {
  if (shown(cell, column) === shown(before, column)) return "";
  const [now, then] = [cell, before].map((c) => plainly(shown(c, column), column));
  const gone = column?.kind === "date" ? numberOf(cell, column) - numberOf(before, column) : NaN;
  if (gone) return `${gone > 0 ? "+" : "−"}${spanned(Math.abs(gone))}`;
  if (typeof cell.value !== "number" || typeof before.value !== "number") return `was ${then}`;
  const [a, b] = [plainNumber(now), plainNumber(then)];
  if (Number.isNaN(a - b)) return `was ${shown(before, column)}`;
  const digits = /e/i.test(now + then) ? 0 : Math.max(decimalsOf(now), decimalsOf(then));
  const by = a - b;
  const size = Math.abs(by).toFixed(digits);
  const words = digits ? shown({ text: size, value: Number(size) }) : shortly(Math.abs(by));
  return `${by > 0 ? "+" : "−"}${localized(words, column?.sign ?? ".")}`;
}

// Seconds, in the largest unit of which there is one.
function spanned(seconds) {
  if (seconds >= DAY) return plural(Math.round(seconds / DAY), "day");
  const [unit, name] = [[3600, "h"], [60, "min"], [1, "s"]].find(([size]) => seconds >= size) ?? [1, "s"];
  return `${shortly(Number((seconds / unit).toPrecision(2)))} ${name}`;
}

function plainNumber(text) {
  return /^[-−]?[\d,]*\.?\d+(e[+-]?\d+)?$/i.test(text) ? Number(text.replaceAll(",", "").replace("−", "-")) : NaN;
}

function decimalsOf(text) {
  return Math.min(6, (text.split(".")[1] ?? "").length);
}

// ── the words of a document ─────────────────────────────────────────────────────────────────────────────────────────

const TOP = 14;
const SOME = 64; // rows of which the usual words are those

export class WordsFace {
  constructor(page = null, one = page?.head.one) {
    if (page) page.codec.usual = usualOf(page.model);
    const named = one === "row" ? "Columns" : "Words";
    this.note = page?.codec.usual ? `${named} that are expected here more than on average.` : "";
    this.lines = Array.from({ length: TOP }, () => new BarLine());
    this.list = el(
      "ol",
      { class: "bars", "aria-label": `Decoded ${named.toLowerCase()}` },
      ...this.lines.map((line) => line.element),
    );
    this.element = this.list;
  }

  update(words, before) {
    const earlier = new Set((before ?? []).slice(0, TOP).map((w) => w.word));
    const most = Math.max(...words.map((w) => w.weight)) || 1;
    this.lines.forEach((line, i) => {
      const w = words[i];
      line.element.hidden = !w;
      if (!w) return;
      line.show(w.word, w.weight / most, percent(w.weight), before && !earlier.has(w.word));
      line.element.title = w.times ? `${shortly(Number(w.times.toPrecision(2)))} times as much as on average` : "";
    });
  }

  draw(context, u, v, size, words) {
    drawText(context, u, v, size, words[0]?.word ?? "");
  }

  say(words) {
    return words
      .slice(0, 6)
      .map((w) => w.word)
      .join(", ");
  }
}

// What is decoded from the codes of some rows, on average; null where the page cannot decode.
function usualOf(model) {
  const n = model.codes.length / model.k;
  if (!n || !model.decodesNow) return null;
  const some = Array.from({ length: Math.min(n, SOME) }, (_, s) => Math.floor((s * n) / Math.min(n, SOME)));
  let sum = null;
  for (const i of some) {
    const e = model.decode(model.codes.subarray(i * model.k, (i + 1) * model.k));
    sum ??= new Float64Array(e.length);
    e.forEach((v, j) => (sum[j] += v / some.length));
  }
  return sum;
}

export class BarLine {
  constructor() {
    this.bar = el("i");
    this.name = el("span", { class: "name" });
    this.figure = el("span", { class: "figure" });
    this.element = el("li", {}, this.name, el("span", { class: "bar", "aria-hidden": "true" }, this.bar), this.figure);
  }

  show(name, share, figure, fresh) {
    if (this.name.textContent !== name) this.name.textContent = name;
    if (this.figure.textContent !== figure) this.figure.textContent = figure;
    this.bar.style.setProperty("--at", `${(100 * share).toFixed(1)}%`);
    this.element.classList.toggle("changed", Boolean(fresh));
  }
}

// ── labels ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export class LabelsFace {
  // Those that are predicted stand out: by `limits` of several labels, or else the likeliest.
  constructor(names, limits) {
    Object.assign(this, { names, limits });
    this.lines = names.slice(0, 30).map(() => new BarLine());
    this.element = el("ul", { class: "bars", "aria-label": "Predicted labels" }, ...this.lines.map((line) => line.element));
  }

  update(p) {
    const order = this.names.length > 8 ? likeliestOf(p, this.lines.length) : this.names.map((_, c) => c);
    const given = givenOf(p, this.limits);
    order.slice(0, this.lines.length).forEach((c, i) => this.lines[i].show(this.names[c], p[c], percent(p[c]), given.has(c)));
  }

  draw(context, u, v, size, p) {
    drawText(context, u, v, size, this.names[likeliestOf(p, 1)[0]]);
  }

  say(p) {
    return likeliestOf(p, 3)
      .map((c) => `${this.names[c]} ${percent(p[c])}`)
      .join(", ");
  }
}

// ── a picture ───────────────────────────────────────────────────────────────────────────────────────────────────────

export class PictureFace {
  constructor() {
    this.canvas = el("canvas", { class: "picture", width: 1, height: 1 });
    this.element = this.canvas;
  }

  update(picture) {
    const [context] = fitted(this.canvas, picture);
    context.putImageData(asImageData(picture), 0, 0);
  }

  draw(context, u, v, size, picture) {
    const small = (this.small ??= el("canvas"));
    const [own] = fitted(small, picture);
    own.putImageData(asImageData(picture), 0, 0);
    const fit = (0.86 * size) / Math.max(picture.width, picture.height);
    context.imageSmoothingEnabled = fit < 2;
    context.drawImage(
      small,
      u - (fit * picture.width) / 2,
      v - (fit * picture.height) / 2,
      fit * picture.width,
      fit * picture.height,
    );
  }

  say(picture) {
    return `a picture of ${picture.width} by ${picture.height} pixels`;
  }
}

// Numbers that are pixels: gray, from `low` to `high`; channel by channel, row by row.
export class PixelsFace extends PictureFace {
  constructor({ shape: [channels, height, width], low, high }) {
    super();
    Object.assign(this, { channels, height, width, low, high });
  }

  update(cells) {
    super.update(this.#picture(cells));
  }

  draw(context, u, v, size, cells) {
    super.draw(context, u, v, size, this.#picture(cells));
  }

  say() {
    return super.say(this);
  }

  #picture(cells) {
    const { channels, width, height, low, high } = this;
    const n = width * height;
    const data = new Uint8ClampedArray(4 * n).fill(255);
    for (let i = 0; i < n; i++)
      for (let c = 0; c < 3; c++) data[4 * i + c] = (255 * (cells[(c % channels) * n + i].value - low)) / (high - low || 1);
    return { width, height, data };
  }
}

function fitted(canvas, { width, height }) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  return [canvas.getContext("2d")];
}

function asImageData(picture) {
  return picture instanceof ImageData ? picture : new ImageData(picture.data, picture.width, picture.height);
}

// ── small texts on the map ──────────────────────────────────────────────────────────────────────────────────────────

function drawText(context, u, v, size, text) {
  const shown = text.length > 14 ? `${text.slice(0, 13)}…` : text;
  context.font = `600 ${Math.max(9, Math.min(13, size / 6))}px system-ui, sans-serif`;
  [context.textAlign, context.textBaseline, context.lineJoin] = ["center", "middle", "round"];
  context.lineWidth = 3;
  const style = getComputedStyle(context.canvas);
  context.strokeStyle = style.getPropertyValue("--sheet") || "#fff";
  context.fillStyle = style.getPropertyValue("--ink") || "#000";
  context.strokeText(shown, u, v, size * 0.95);
  context.fillText(shown, u, v, size * 0.95);
}
