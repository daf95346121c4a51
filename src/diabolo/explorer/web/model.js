// Places, codes, and what is decoded there.
//
//     place (x, y)  ->  code z  ->  decoded e            thing  ->  features x  ->  code z  ->  place
import { gridAt, smoothed } from "./grid.js";
import { quantilesOf } from "./heat.js";
import { NearRows } from "./near.js";
import { Program } from "./program.js";

const FILLINGS = 6; // rounds in which gaps are filled

export class Model {
  constructor(head, tensors, kernel, codec) {
    const values = (number) => tensors.array(number);
    const program = (json) => (json ? new Program(json, tensors, kernel) : null);
    const { log, box, quantiles } = head.density;
    const axes = head.map.axes.map((name, i) => name || ["across", "up"][i]);
    this.first = {
      box: head.map.box,
      axes,
      stretched: true,
      density: { log: values(log), box, quantiles },
      places: values(head.places),
    };
    Object.assign(this, { k: head.k, plane: this.first, codec, places: this.first.places, codes: values(head.codes) });
    this.encoder = program(head.encoder);
    this.decoder = program(head.decoder);
    this.labeler = program(head.labels?.program);
    const { rows, names, limits } = head.labels ?? {};
    const known = limits && { thresholds: values(limits.thresholds), least: limits.least };
    this.labels = head.labels && { rows: values(rows), count: names.length, limits: known };
    this.flat = head.flat && { directions: values(head.flat.directions), mean: values(head.flat.mean) };
    this.sheet = head.sheet && { ...head.sheet, outputs: values(head.sheet.outputs), d: tensors.shape(head.sheet.outputs)[1] };
    this.near = this.k > 2 || head.labels ? new NearRows(this.places, this.codes, this.k, head.map.near) : null;
    this.asks = head.remote.decode === true; // the server decodes
    this.fills = head.model === "OutlierDetector"; // its codes are those of filled rows
    this.axes = null; // [i, j], or null: the map is not two of the codes
    this.others = Float64Array.from({ length: this.k }, (_, j) => median(this.codes, j, this.k));
  }

  // Two of the codes are the map; null: again what it was first.
  turn(axes) {
    this.axes = axes;
    this.plane = axes ? planeOf(this.codes, this.k, axes) : this.first;
    this.places = axes ? this.plane.places : this.first.places;
  }

  get box() {
    return this.plane.box;
  }

  // Whether something is decoded at each place; whether at once.
  get decodes() {
    return this.decodesNow || this.asks;
  }

  get decodesNow() {
    return Boolean(this.decoder || this.sheet);
  }

  code([x, y]) {
    if (this.k <= 2) return Float32Array.from([x, y].slice(0, this.k));
    if (!this.axes) return Float32Array.from(this.near.code(x, y));
    const z = Float32Array.from(this.others);
    [z[this.axes[0]], z[this.axes[1]]] = [x, y];
    return z;
  }

  // The place of a code; beyond the map, at its edge.
  place(z) {
    const [x0, x1, y0, y1] = this.box;
    const [x, y] =
      this.k === 2 ? z : this.k === 1 ? [z[0], (y0 + y1) / 2] : this.axes ? this.axes.map((j) => z[j]) : this.near.place(z);
    return [Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y))];
  }

  // What is decoded at a place, if the page can tell.
  decodeAt(place) {
    if (this.decoder) return this.decoder.run(this.code(place));
    return this.sheet ? this.blended(place) : null;
  }

  decode(z) {
    return this.decoder ? this.decoder.run(Float32Array.from(z)) : this.decodeAt(this.place(z));
  }

  // The labels or numbers of a place: those of the rows around it.
  labelsAt([x, y]) {
    if (!this.labels) return null;
    const { rows, count } = this.labels;
    return this.near.mean(rows, count, this.near.weights([x, y], this.near.places, 2));
  }

  // The labels that are predicted for features x.
  labelsOf(x) {
    return x && this.encoder && this.labeler ? this.labeler.run(this.encoder.run(x)) : null;
  }

  // Features -> code, or null where the page has no encoder.
  encode(x) {
    const h = this.encoder?.run(this.fills ? this.filled(x) : x) ?? null;
    return h && this.flat ? this.flattened(h) : h;
  }

  // x with expected values in gaps of columns that had none in fit: such a gap is no evidence (estimators/gaps.py).
  filled(x) {
    const gaps = (this.codec?.columns ?? []).filter((column) => !column.gaps && Number.isNaN(x[column.start]));
    if (!gaps.length || !this.decoder) return x;
    const y = Float32Array.from(x);
    for (let round = 0; round < FILLINGS; round++) {
      const e = this.decoder.run(this.encoder.run(y).slice());
      for (const column of gaps) y.set(likeliest(e.subarray(column.start, column.start + column.width), column), column.start);
    }
    return y;
  }

  // What is expected of features x.
  reconstruct(x) {
    return this.encoder && this.decoder ? this.decoder.run(this.encoder.run(this.filled(x)).slice()) : null;
  }

  // z = (h - mean) @ directions
  flattened(h) {
    const { directions, mean } = this.flat;
    const z = new Float32Array(this.k);
    for (let i = 0; i < h.length; i++) for (let j = 0; j < this.k; j++) z[j] += (h[i] - mean[i]) * directions[i * this.k + j];
    return z;
  }

  // Between the four nodes of the sheet around a place.
  blended([x, y]) {
    const { n, box, outputs, d } = this.sheet;
    const [a, b] = [share(x, box[0], box[1], n), share(y, box[2], box[3], n)];
    const [i, j] = [Math.min(n - 2, Math.floor(a)), Math.min(n - 2, Math.floor(b))];
    const out = (this.mixed ??= new Float32Array(d)).fill(0);
    for (const [r, c] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]) {
      const w = (r ? b - j : 1 - b + j) * (c ? a - i : 1 - a + i);
      const start = ((j + r) * n + i + c) * d;
      for (let f = 0; f < d; f++) out[f] += w * outputs[start + f];
    }
    return out;
  }
}

// Expected values of a column -> those of one row: of levels the likeliest alone
function likeliest(e, { levels, type }) {
  if (levels) return e.map((_, i) => Number(i === e.indexOf(Math.max(...e))));
  return type === "yes or no" ? e.map(Math.round) : e;
}

// Two of k codes as a map of its own
function planeOf(codes, k, [a, b]) {
  const places = new Float32Array((2 * codes.length) / k);
  for (let i = 0; i < codes.length / k; i++) [places[2 * i], places[2 * i + 1]] = [codes[i * k + a], codes[i * k + b]];
  const range = (from) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = from; i < places.length; i += 2) [low, high] = [Math.min(low, places[i]), Math.max(high, places[i])];
    const margin = 0.08 * (high - low || 1);
    return [low - margin, high + margin];
  };
  const box = [...range(0), ...range(1)];
  const log = smoothed(places, box);
  const own = Float32Array.from({ length: places.length / 2 }, (_, i) => gridAt(log, box, [places[2 * i], places[2 * i + 1]]));
  return { box, axes: [`z${a + 1}`, `z${b + 1}`], stretched: true, density: { log, box, quantiles: quantilesOf(own) }, places };
}

function share(v, low, high, n) {
  return Math.min(n - 1, Math.max(0, ((v - low) / (high - low)) * (n - 1)));
}

function median(codes, j, k) {
  const own = Float64Array.from({ length: codes.length / k }, (_, i) => codes[i * k + j]).sort();
  return own[own.length >> 1] ?? 0;
}
