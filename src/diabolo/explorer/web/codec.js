// What a user sees <-> what a network sees: a row of a table, a text, a picture -> features x, and expected values e -> back.
//
//     number      x = (g(t) - m) / s,  t = (v - c) / u,  g(t) = t up to k, beyond it logarithmic        formats/scale.py
//     yes or no   x = 0 or 1                        category   one feature per level, the last one for all others
//     missing     NaN in all features of a column   infinite   what cannot be: 7 in a column of 0 and 1, a level never seen
//
// The same numbers and texts as formats/ gives in Python, from what its `described` says.

import { below, cellsOf, roundedTo, toEven } from "./values.js";
import { TextCodec } from "./words.js";
import { PictureCodec } from "./pixels.js";

const WORST = 2; // the error of what cannot be

// `json` as explorer/codec.py describes a format; `tensors` the payload's typed arrays.
//     codec.encode(thing, warn) -> x         a row {name: cell}, a text, a picture {width, height, data}; warn(sentence)
//     codec.decode(e) -> thing               cells {name, value, text, sure}, words {word, weight}, a picture
//     codec.errors(e, x) -> errors per column
export function makeCodec(json, tensors) {
  const kinds = { tables: TableCodec, arrays: ArrayCodec, documents: TextCodec, images: PictureCodec };
  const codec = new kinds[json.kind](json, tensors);
  codec.errors = (e, x) => errorsOf(json.errors, e, x);
  return codec;
}

// ── tables ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

class TableCodec {
  constructor(json, tensors, one = null) {
    this.kind = "table";
    const kinds = { "yes or no": YesColumn, category: CategoryColumn };
    this.columns = json.columns.map((about) => new (one ?? kinds[about.type] ?? NumberColumn)(about, json));
    this.width = this.columns.reduce((sum, { width }) => sum + width, 0);
  }

  encode(row, warn = () => {}) {
    const absent = this.columns.filter(({ name }) => !Object.hasOwn(row, name));
    if (absent.length) throw new Error(`the row has no ${listed(absent.map(({ name }) => name), "column")}, which the model was fitted with`);
    const x = new Float32Array(this.width);
    for (const column of this.columns) column.encode(column.given(row[column.name], warn), x, warn);
    return x;
  }

  decode(e) {
    return this.columns.map((column) => ({ name: column.name, ...column.decode(e) }));
  }
}

const listed = (names, what) => `${what}${names.length > 1 ? "s" : ""} ${names.map((name) => JSON.stringify(name)).join(", ")}`;

// A column: given(cell) -> value, null where one is missing; encode(value, x) writes its features; decode(e) reads them.
class Column {
  constructor(about, how) {
    Object.assign(this, about);
    this.how = how;
    this.cells = cellsOf(about, how);
    this.gone = new Set(how.missing.filter((text) => !about.spared.includes(text)));
  }

  given(cell, warn) {
    if (cell === null || cell === undefined || Number.isNaN(cell)) return null;
    const value = this.adapted(typeof cell === "string" ? this.read(cell, warn) : cell, cell);
    if (this.cells.family === "nothing" && value !== null) warn(`column ${quoted(this.name)} had no values when the model was fitted: what it has now is not looked at`);
    return this.cells.family === "nothing" || Number.isNaN(value) || this.how.na.includes(value) ? null : value;
  }

  read(text, warn) {
    if (this.gone.has(text)) return null;
    if (this.cells.family === "texts") return text;
    const trimmed = text.trim();
    if (!trimmed) return null;
    const value = this.cells.read(trimmed);
    if (value === undefined) throw this.refusal(text);
    if (this.cells.zone !== undefined) tellZone(this, trimmed, warn);
    return value;
  }

  // A value as one of the column's family; numbers count where yes and no do, and the other way round.
  adapted(value, cell) {
    const kind = typeof value;
    const family = kind === "number" || kind === "bigint" ? "numbers" : kind === "boolean" ? "yes/no" : "texts";
    const own = this.cells.family;
    if (Math.abs(kind === "number" ? value : 0) === Infinity) throw this.refusal(cell);
    if (value === null || own === family || own === "nothing" || (typeof cell === "string" && !this.plain())) return value;
    if (this.loose(family)) return value;
    if (this.mixed && family === "numbers") return String(value);
    throw this.refusal(cell);
  }

  plain() {
    return ["numbers", "yes/no", "texts"].includes(this.cells.family);
  }

  // Whether values of another family count, too.
  loose() {
    return false;
  }

  refusal(cell) {
    return new Error(`column ${quoted(this.name)} has ${quoted(cell)}: allowed are ${this.cells.allowed}, or nothing where the value is missing`);
  }
}

const quoted = (text) => JSON.stringify(text);

// A date without a zone counts as UTC.
function tellZone(column, text, warn) {
  const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/.test(text) && text.includes(":");
  const zone = column.cells.zone;
  if (zone !== null && !zoned && zone !== "UTC") warn(`column ${quoted(column.name)} has dates in the zone ${zone}: ${quoted(text)} names none, and is taken as UTC`);
}

class NumberColumn extends Column {
  constructor(about, how) {
    super(about, how);
    this.origin = BigInt(about.origin ?? 0);
    this.step = BigInt(about.step ?? 1);
  }

  encode(value, x) {
    if (value === null) {
      x[this.start] = NaN;
      return;
    }
    const v = typeof value === "bigint" ? Number(value - this.origin) : narrowed(this.cells, Number(value)) - Number(this.origin);
    x[this.start] = squashed(v, this.unit);
  }

  decode(e) {
    const v = unsquashed(e[this.start], this.unit);
    if (this.empty || Number.isNaN(v)) return { value: null, text: "", sure: null };
    const text = this.cells.write(this.valued(this.decimals === null ? v : roundedTo(v, this.decimals)));
    const value = this.plain() ? this.cells.read(text) : text;
    return { value: typeof value === "bigint" ? text : value, text, sure: null };
  }

  // A number counted from the origin -> a value of the type.
  valued(v) {
    const { arrow } = this;
    if (arrow === "bool") return toEven(v) !== 0;
    if (this.cells.narrow) return this.cells.narrow(v + Number(this.origin));
    if (arrow.startsWith("decimal")) return v;
    const [low, high] = limits(arrow);
    const most = below((high - this.origin) / this.step);
    const least = -below((this.origin - low) / this.step);
    const steps = Math.min(Math.max(toEven(v / Number(this.step)), least), most);
    return BigInt(steps) * this.step + this.origin;
  }
}

// float32 is read as such; what is too large for it stays.
function narrowed({ narrow }, v) {
  const found = narrow ? narrow(v) : v;
  return Number.isFinite(found) ? found : v;
}

// Least and largest count of a type; of dates, those of the years 1 to 9999, less one where zones move them.
function limits(arrow) {
  const [, bits] = /^u?int(\d+)/.exec(arrow) ?? [0, /32/.test(arrow) ? 32 : 64];
  const half = 2n ** (BigInt(bits) - 1n);
  if (arrow.startsWith("uint")) return [0n, 2n * half - 1n];
  if (arrow.startsWith("int")) return [-half, half - 1n];
  const second = { s: 1n, ms: 1000n, us: 10n ** 6n, ns: 10n ** 9n }[/\[(\w+)/.exec(arrow)[1]];
  if (arrow.startsWith("time") && !arrow.startsWith("timestamp")) return [0n, 86400n * second - 1n];
  if (arrow.startsWith("duration")) return [1n - half, half - 1n];
  const day = arrow.startsWith("date32") ? 1n : 86400n * second;
  const less = arrow.includes("tz=") ? 366n : 0n;
  const low = (less - 719162n) * day;
  const high = (2932897n - less) * day - 1n;
  return [low > 1n - half ? low : 1n - half, high < half - 1n ? high : half - 1n];
}

const LARGEST = Number.MAX_VALUE;

// A value -> x, and back (formats/scale.py).
function squashed(v, [c, u, k, m, s]) {
  const t = (v - c) / u;
  const a = Math.abs(t);
  if (!(a > k)) return (t - m) / s;
  const beyond = a === Infinity ? Math.log(Math.abs(v / 2 - c / 2)) + Math.log(2) - Math.log(u) : Math.log1p(a - k);
  return (Math.sign(t) * (k + beyond) - m) / s;
}

function unsquashed(x, [c, u, k, m, s]) {
  const g = x * s + m;
  const a = Math.abs(g);
  if (!(a > k)) return g * u + c;
  const t = (k + Math.expm1(a - k)) * u;
  const off = t === Infinity ? Math.exp(a - k + Math.log(u)) : t;
  return Math.min(Math.max(Math.sign(g) * off + c, -LARGEST), LARGEST);
}

const DUST = 1e-70; // the zeros of some files

class YesColumn extends Column {
  loose(family) {
    return family !== "texts";
  }

  encode(value, x) {
    const v = value === null ? NaN : narrowed(this.cells, Number(value));
    const dust = Math.abs(v) < DUST ? 0 : v;
    x[this.start] = dust === 0 || dust === 1 || Number.isNaN(v) ? dust : dust < 0 ? -Infinity : Infinity;
  }

  decode(e) {
    const p = e[this.start];
    if (this.empty || Number.isNaN(p)) return { value: null, text: "", sure: null };
    const yes = p >= 0.5;
    const value = this.cells.family === "yes/no" ? yes : Number(yes);
    const counted = /^u?int/.test(this.arrow) ? BigInt(yes) : value;
    return { value, text: this.cells.write(counted), sure: Math.min(Math.max(p, 1 - p), 1) };
  }
}

class CategoryColumn extends Column {
  constructor(about, how) {
    super(about, how);
    this.place = new Map([...about.levels, ...(about.others ?? [])].map((level, i) => [String(level), i]));
  }

  encode(value, x, warn) {
    const { start, levels } = this;
    if (value === null) {
      x.fill(NaN, start, start + this.width);
      return;
    }
    const level = String(typeof value === "number" && Math.abs(value) < DUST ? 0 : typeof value === "number" ? narrowed(this.cells, value) : value);
    const at = this.place.get(level) ?? -1;
    if (at >= 0) x[start + Math.min(at, levels.length)] = 1;
    else this.tellNew(level, x, warn);
  }

  // A level never seen.
  tellNew(level, x, warn) {
    x[this.start + this.levels.length] = this.others === null ? 1 : Infinity;
    const near = [...this.place.keys()].find((known) => alikeText(known) === alikeText(level));
    if (near !== undefined) warn(`column ${quoted(this.name)} has ${quoted(level)}, which is another level than ${quoted(near)}`);
  }

  decode(e) {
    const { start, levels } = this;
    const p = Array.from(e.subarray(start, start + this.width));
    if (p.some(Number.isNaN)) return { value: null, text: "", sure: null };
    p[levels.length] *= this.part; // of many rare levels together, one
    if (this.rest === null && levels.length) p[levels.length] = p[levels.length] === Infinity ? Infinity : -Infinity;
    const best = p.indexOf(Math.max(...p));
    const text = this.texts[best];
    const value = [...levels, this.rest][best];
    return { value: value === null || this.plain() ? value : text, text, sure: value === null ? null : Math.min(p[best], 1) };
  }
}

// What is left of a level without what is easily overlooked.
const alikeText = (text) => text.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean).join(" ");

// ── arrays ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

class ArrayCodec extends TableCodec {
  constructor(json, tensors) {
    const [unit, digits, flags] = ["unit", "digits", "flags"].map((name) => tensors.array(json.tensors[name]));
    const columns = Array.from(flags, (flag, j) => ({
      name: `x${j}`,
      type: flag & 1 ? "yes or no" : "number",
      arrow: json.arrow,
      start: j,
      width: 1,
      gaps: Boolean(flag & 2),
      origin: json.origin?.[j],
      unit: Array.from(unit.subarray(5 * j, 5 * j + 5)),
      decimals: null,
      digits: digits[j],
      smallest: json.smallest,
      spared: [],
    }));
    super({ columns, decimal: ".", missing: json.missing, na: [] }, tensors, ArrayColumn);
    this.kind = "array";
  }

  // A row of numbers, or by name.
  encode(row, warn) {
    if (!Array.isArray(row) && !ArrayBuffer.isView(row)) return super.encode(row, warn);
    if (row.length !== this.width) throw new Error(`the row has ${row.length} numbers, but the model was fitted with ${this.width}`);
    return super.encode(Object.fromEntries(Array.from(row, (v, j) => [`x${j}`, v])), warn);
  }
}

class ArrayColumn extends NumberColumn {
  loose(family) {
    return family !== "texts";
  }

  encode(value, x) {
    const v = typeof value === "bigint" ? Number(value - this.origin) : value === null ? NaN : Number(value) - Number(this.origin);
    const outside = this.type !== "number" && v !== 0 && v !== 1 && !Number.isNaN(v);
    x[this.start] = outside ? Math.sign(v) * Infinity : squashed(v, this.unit);
  }

  valued(v) {
    if (!this.cells.narrow) return super.valued(v);
    const most = { float: 3.4028234663852886e38, halffloat: 65504 }[this.arrow] ?? LARGEST;
    const value = super.valued(Math.min(Math.max(v, -most), most));
    return Math.abs(value) < 0.5 * this.smallest ? 0 : value;
  }
}

// ── errors ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

// Squared distance of expected values e to x, per column, as losses.py has it: 0 where x is missing, WORST where it cannot be.
function errorsOf(how, e, x) {
  if (!how) throw new Error("the errors of this model's loss are known in Python only");
  if (how.of === "words") return Float32Array.of(divergence(e, x));
  let stop = 0;
  return Float32Array.from(how.sizes, (size) => distanceOf(e, x, stop, (stop += size), how.of === "mean square"));
}

function distanceOf(e, x, start, stop, mean) {
  let sum = 0;
  let known = 0;
  for (let i = start; i < stop; i++) {
    if (Math.abs(x[i]) === Infinity) return WORST;
    const d = Number.isNaN(x[i]) ? e[i] - e[i] : e[i] - x[i];
    sum += d * d;
    known += !Number.isNaN(x[i]);
  }
  return mean ? sum / Math.max(known, 1) : sum;
}

// Kullback-Leibler divergence of the document's word shares from the expected ones, in nats.
function divergence(e, x) {
  const length = Math.max(x.reduce((sum, v) => sum + v, 0), 1);
  const total = Math.max(e.reduce((sum, v) => sum + Math.max(v, 0), 0), 1e-12);
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const share = x[i] / length;
    if (share) sum += share * Math.log(share / Math.max(Math.max(e[i], 0) / total, 1e-12));
  }
  return sum;
}
