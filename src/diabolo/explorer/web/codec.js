// What a user sees <-> what a network sees: a row of a table, a text, a picture -> features x, and expected values e -> back.
//
//     number      x = (g(t) - m) / s,  t = (v - c) / u,  g(t) = t up to k, beyond it logarithmic        formats/scale.py
//     yes or no   x = 0 or 1                        category   one feature per level, the last one for all others
//     missing     NaN in all features of a column   infinite   what cannot be: 7 in a column of 0 and 1, a level never seen
//
// The same numbers and texts as formats/ gives in Python, from what its formats say of themselves (explorer/codec.py).

import { called } from "./dom.js";
import { ArrayColumn, columnOf, quoted } from "./features.js";
import { PictureCodec } from "./pixels.js";
import { onClock, partOf } from "./recurring.js";
import { TextCodec } from "./words.js";

const WORST = 2; // the error of what cannot be

// `json` describes a format; `tensors` are those of the payload.
//     codec.encode(thing, warn) -> x         a row {name: cell}, a text, a picture {width, height, data}; warn(sentence)
//     codec.decode(e) -> thing               cells {name, value, text, sure}; words {word, weight}; a picture
//     codec.errors(e, x)                     one for each column
//     codec.kind, codec.columns              "table", "array", "documents", "images"; {name, type, start, width, levels, ...}
export function makeCodec(json, tensors) {
  const kinds = { tables: TableCodec, arrays: ArrayCodec, documents: TextCodec, images: PictureCodec };
  const codec = new kinds[json.kind](json, tensors);
  codec.errors = (e, x) => errorsOf(json.errors, e, x);
  return codec;
}

// ── tables and arrays ──────────────────────────────────────────────────────────────────────────────────────────────────

class TableCodec {
  constructor(json, tensors) {
    this.kind = "table";
    this.columns = json.columns.map((about) => columnOf(about, json));
    this.limits = tensors.array(json.limits); // the least of each feature, and the largest
    this.doubts = json.doubts; // a detector judges what cannot be
  }

  // The columns of a row; others are made of them.
  get own() {
    return this.columns.filter((column) => !column.part_of);
  }

  encode(row, warn = () => {}) {
    const absent = this.own.filter(({ name }) => !Object.hasOwn(row, name)).map(({ name }) => quoted(name));
    if (absent.length) throw new Error(`the row has no column ${absent.join(", ")}, which the model was fitted with`);
    const x = new Float32Array(this.columns.reduce((sum, { width }) => sum + width, 0));
    const times = new Map();
    for (const column of this.own) {
      const value = column.given(row[column.name], warn);
      column.encode(value, x, warn);
      times.set(column.name, value === null ? null : onClock(column.cells.nanoseconds?.(value), column.cells.zone));
    }
    for (const part of this.columns) if (part.part_of) part.encode(partOf(part, times.get(part.part_of[0])), x, warn);
    for (const column of this.own) this.#tellFar(column, row[column.name], x, warn);
    return x;
  }

  // What is far from all that the model saw, as formats/far.py has it.
  #tellFar({ name, start, type }, cell, x, warn) {
    const v = x[start];
    const d = this.limits.length / 2;
    const said = `column ${quoted(name)} has ${quoted(String(cell))}`;
    if (type === "yes or no" && Math.abs(v) === Infinity && this.doubts)
      warn(`${said}, and had only 0 and 1 when the model was fitted: it counts as ${v > 0 ? 1 : 0}`);
    if (v < this.limits[start] || v > this.limits[d + start])
      warn(`${said}, far from all that it had when the model was fitted: the model knows nothing of such values`);
  }

  decode(e) {
    return this.columns.map((column) => ({ name: called(column.name), ...column.decode(e) }));
  }
}

class ArrayCodec extends TableCodec {
  constructor(json, tensors) {
    super({ ...json, columns: [] }, tensors);
    const [unit, digits, flags] = ["unit", "digits", "flags"].map((name) => tensors.array(json.tensors[name]));
    const how = { decimal: ".", thousands: null, missing: json.missing, na: [] };
    const alike = { arrow: json.arrow, smallest: json.smallest, width: 1, decimals: null, empty: false, spared: [] };
    this.kind = "array";
    this.columns = Array.from(flags, (flag, j) => {
      const own = { name: `x${j}`, type: flag & 1 ? "yes or no" : "number", gaps: Boolean(flag & 2), start: j };
      const scale = { origin: json.origin?.[j], unit: Array.from(unit.subarray(5 * j, 5 * j + 5)), digits: digits[j] };
      return new ArrayColumn({ ...alike, ...own, ...scale }, how);
    });
  }

  // A row of numbers, or by name.
  encode(row, warn) {
    if (!Array.isArray(row) && !ArrayBuffer.isView(row)) return super.encode(row, warn);
    const n = this.columns.length;
    if (row.length !== n) throw new Error(`the row has ${row.length} numbers, but the model was fitted with ${n}`);
    return super.encode(Object.fromEntries(Array.from(row, (v, j) => [`x${j}`, v])), warn);
  }
}

// ── errors ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

// The distance of expected values e to x, per column, as losses.py has it: 0 where x is missing, WORST where it cannot be.
function errorsOf(how, e, x) {
  if (!how) throw new Error("the errors of this model's loss are known in Python only");
  if (how.of === "words") return Float32Array.of(divergence(e, x));
  let stop = 0;
  return Float32Array.from(how.sizes, (size) => distanceOf(e, x, stop, (stop += size), how.of === "mean square"));
}

function distanceOf(e, x, start, stop, mean) {
  let [sum, known] = [0, 0];
  for (let i = start; i < stop; i++) {
    if (Math.abs(x[i]) === Infinity) return WORST;
    if (Number.isNaN(x[i])) continue;
    sum += (e[i] - x[i]) ** 2;
    known += 1;
  }
  return mean ? sum / Math.max(known, 1) : sum;
}

// Kullback-Leibler divergence of the document's word shares from the expected ones, in nats.
function divergence(e, x) {
  const length = Math.max(x.reduce((sum, v) => sum + v, 0), 1);
  const total = Math.max(e.reduce((sum, v) => sum + Math.max(v, 0), 0), 1e-12);
  const parts = Array.from(x, (v, i) => (v ? (v / length) * Math.log(v / length / Math.max(e[i] / total, 1e-12)) : 0));
  return parts.reduce((sum, v) => sum + v, 0);
}
