// One column of a table: its cells -> features, expected values -> cells; what formats/columns.py does.
//
//     column.given(cell) -> value        what a cell says, null where it is missing; or an error that names the column
//     column.encode(value, x)            its features, from x[column.start] on
//     column.decode(e) -> {value, text, sure}        sure: the probability of a level, of yes or no
//
// Kinds: NumberColumn (also dates, times of day, durations), YesColumn, CategoryColumn, and ArrayColumn for all of an array.

import { below, cellsOf, roundedTo, toEven, trimmedText } from "./values.js";

const DUST = 1e-70; // below it floats are the zeros of some files
const LARGEST = Number.MAX_VALUE;
const ABSENT = { value: null, text: "", sure: null };

export const quoted = (text) => JSON.stringify(text);

class Column {
  constructor(about, how) {
    Object.assign(this, about);
    this.how = how;
    this.cells = cellsOf(about, how);
    this.plain = ["numbers", "yes/no", "texts"].includes(this.cells.family); // JSON has such values
    this.gone = new Set(how.missing.filter((text) => !about.spared.includes(text)));
  }

  given(cell, warn) {
    if (cell === null || cell === undefined || Number.isNaN(cell)) return null;
    const value = typeof cell === "string" ? this.read(cell, warn) : this.adapted(cell, cell);
    if (value === null || Number.isNaN(value) || this.how.na.includes(value)) return null;
    if (this.cells.family !== "nothing") return value;
    warn(`column ${quoted(this.name)} had no values when the model was fitted: what it has now is not looked at`);
    return null;
  }

  read(text, warn) {
    if (this.gone.has(text)) return null;
    if (this.cells.family === "texts") return text;
    const trimmed = trimmedText(text);
    if (!trimmed) return null;
    const value = this.cells.read(trimmed);
    if (value === undefined) throw this.refusal(text);
    if (this.cells.family === "dates") tellZone(this, trimmed, warn);
    return this.plain ? this.adapted(value, text) : value;
  }

  // A value, if it is one of the column's family, or counts as one.
  adapted(value, cell) {
    const family = { number: "numbers", bigint: "numbers", boolean: "yes/no" }[typeof value] ?? "texts";
    const own = this.cells.family;
    if (own === "texts" && family === "numbers" && this.mixed) return String(value);
    if ((own !== family && own !== "nothing" && !this.counts(family)) || this.endless(value)) throw this.refusal(cell);
    return value;
  }

  // Whether values of another family count, too.
  counts() {
    return false;
  }

  endless(value) {
    return typeof value === "number" && Math.abs(value) === Infinity;
  }

  get allowed() {
    return this.cells.allowed;
  }

  refusal(cell) {
    return new Error(
      `column ${quoted(this.name)} has ${quoted(cell)}: allowed are ${this.allowed}, or nothing where the value is missing`,
    );
  }
}

// A date without a zone counts as UTC.
function tellZone(column, text, warn) {
  const { zone } = column.cells;
  const [named] = (text.includes(":") && /(Z|[+-]\d\d(:?\d\d)?)$/.exec(text)) || [null];
  const said = `column ${quoted(column.name)} has dates`;
  if (zone === null && named !== null && !/^(Z|[+-]00(:?00)?)$/.test(named))
    warn(`${said} without a zone: ${quoted(text)} names one, and counts as what it is in UTC`);
  if (zone !== null && zone !== "UTC" && named === null)
    warn(`${said} in the zone ${zone}: ${quoted(text)} names none, and is taken as UTC`);
}

// ── numbers, dates, times, durations ───────────────────────────────────────────────────────────────────────────────────

class NumberColumn extends Column {
  constructor(about, how) {
    super(about, how);
    this.origin = BigInt(about.origin ?? 0);
    this.step = BigInt(about.step ?? 1);
    this.most = /^(u?int|date|time|duration)/.test(about.arrow) ? mostSteps(this) : null;
  }

  encode(value, x) {
    x[this.start] = value === null ? NaN : squashed(this.counted(value), this.unit);
  }

  // Its distance from the origin.
  counted(value) {
    return typeof value === "bigint" ? Number(value - this.origin) : narrowed(this.cells, Number(value)) - Number(this.origin);
  }

  decode(e) {
    const v = unsquashed(e[this.start], this.unit);
    if (this.empty || Number.isNaN(v)) return ABSENT;
    const value = this.valued(this.decimals === null ? v : roundedTo(v, this.decimals));
    const text = this.cells.write(value);
    if (typeof value !== "bigint") return { value, text, sure: null };
    if (this.cells.seconds) return { value: text, text, sure: null, seconds: this.cells.seconds(value) };
    return { value: this.plain && Number.isSafeInteger(Number(value)) ? Number(value) : text, text, sure: null };
  }

  // A number as the column writes it: with its decimals, and the sign that its file has before them.
  text(value) {
    return this.cells.write(this.valued(value - Number(this.origin)));
  }

  // What the page holds of a cell as the column writes it: seconds, or the text of what is finer.
  timed(of) {
    const v = typeof of === "number" ? this.cells.count(of) : this.cells.iso(of);
    return typeof v === "bigint" ? this.cells.write(v) : String(of);
  }

  // A distance from the origin -> a value of the type.
  valued(v) {
    if (this.most === null) return this.cells.nearest(v);
    const [least, most] = this.most;
    return BigInt(Math.min(Math.max(toEven(v / Number(this.step)), -least), most)) * this.step + this.origin;
  }
}

// How many steps there are at most from the origin down and up.
function mostSteps({ arrow, origin, step }) {
  const [low, high] = limitsOf(arrow);
  const long = arrow === "uint64" ? high : 2n ** 63n - 1n;
  return [origin - low, high - origin].map((far) => below(far / step < long ? far / step : long));
}

// Least and largest count of a type; of dates, those of the years 1 to 9999, less one where zones move them.
function limitsOf(arrow) {
  const bits = /^u?int(\d+)/.exec(arrow)?.[1] ?? (/^\w+32/.test(arrow) ? 32 : 64);
  const half = 2n ** (BigInt(bits) - 1n);
  if (arrow.startsWith("uint")) return [0n, 2n * half - 1n];
  if (arrow.startsWith("int")) return [-half, half - 1n];
  const second = { s: 1n, ms: 1000n, us: 10n ** 6n, ns: 10n ** 9n }[/\[(\w+)/.exec(arrow)[1]];
  if (/^time\d/.test(arrow)) return [0n, 86400n * second - 1n];
  if (arrow.startsWith("duration")) return [1n - half, half - 1n];
  const day = arrow.startsWith("date32") ? 1n : 86400n * second;
  const less = arrow.includes("tz=") ? 366n : 0n;
  const [low, high] = [(less - 719162n) * day, (2932897n - less) * day - 1n];
  return [low > 1n - half ? low : 1n - half, high < half - 1n ? high : half - 1n];
}

// float32 is read as such; what is too large for it stays.
function narrowed({ narrow }, v) {
  const found = narrow ? narrow(v) : v;
  return Number.isFinite(found) ? found : v;
}

// A number -> x, and back (formats/scale.py).
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

// ── yes or no ──────────────────────────────────────────────────────────────────────────────────────────────────────────

class YesColumn extends Column {
  counts(family) {
    return family !== "texts";
  }

  get allowed() {
    return `${this.textOf(false)} and ${this.textOf(true)}`;
  }

  textOf(yes) {
    return this.cells.write(this.cells.family === "yes/no" ? yes : Number(yes));
  }

  encode(value, x) {
    x[this.start] = value === null ? NaN : zeroOrOne(narrowed(this.cells, Number(value)));
  }

  decode(e) {
    const p = e[this.start];
    if (this.empty || Number.isNaN(p)) return ABSENT;
    const yes = p >= 0.5;
    const value = this.cells.family === "yes/no" ? yes : Number(yes);
    return { value, text: this.textOf(yes), sure: Math.min(yes ? p : 1 - p, 1) };
  }
}

// What is neither is infinite.
function zeroOrOne(v) {
  if (Math.abs(v) < DUST) return 0;
  return v === 1 ? 1 : Math.sign(v) * Infinity;
}

// ── categories ─────────────────────────────────────────────────────────────────────────────────────────────────────────

class CategoryColumn extends Column {
  constructor(about, how) {
    super(about, how);
    this.place = new Map([...about.levels, ...(about.others ?? [])].map((level, i) => [String(level), i]));
  }

  endless() {
    return false; // it is a level like others
  }

  encode(value, x, warn) {
    if (value === null) {
      x.fill(NaN, this.start, this.start + this.width);
      return;
    }
    const level = String(typeof value !== "number" ? value : Math.abs(value) < DUST ? 0 : narrowed(this.cells, value));
    const at = this.place.get(level);
    const last = this.levels.length;
    x[this.start + Math.min(at ?? last, last)] = at === undefined && this.others !== null ? Infinity : 1;
    if (at === undefined) tellNear(this, level, warn);
  }

  decode(e) {
    const p = Array.from(e.subarray(this.start, this.start + this.width));
    if (p.some(Number.isNaN)) return ABSENT;
    const last = this.levels.length;
    p[last] *= this.part; // of many rare levels together, one
    if (this.rest === null && last && p[last] !== Infinity) p[last] = -Infinity; // no other level was ever seen
    const best = p.indexOf(Math.max(...p));
    const value = best < last ? this.levels[best] : this.rest;
    if (value === null) return ABSENT;
    const text = this.texts[best];
    return { value: this.plain ? value : text, text, sure: Math.min(p[best], 1) };
  }
}

// A level never seen, but for spaces and case.
function tellNear(column, level, warn) {
  const known = [...column.place.keys()].find((other) => alikeText(other) === alikeText(level));
  if (known === undefined) return;
  warn(`column ${quoted(column.name)} has ${quoted(level)}, which is another level than ${quoted(known)}`);
}

const alikeText = (text) => text.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean).join(" ");

// ── arrays ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export class ArrayColumn extends NumberColumn {
  counts(family) {
    return family !== "texts";
  }

  encode(value, x) {
    const v = value === null ? NaN : this.counted(value);
    const outside = this.type !== "number" && v !== 0 && v !== 1 && !Number.isNaN(v);
    x[this.start] = outside ? Math.sign(v) * Infinity : squashed(v, this.unit);
  }

  counted(value) {
    return typeof value === "bigint" ? Number(value - this.origin) : Number(value) - Number(this.origin);
  }

  valued(v) {
    if (this.arrow === "bool") return toEven(v) !== 0;
    if (this.most !== null) return super.valued(v);
    const most = { float: 3.4028234663852886e38, halffloat: 65504 }[this.arrow] ?? LARGEST;
    const value = super.valued(Math.min(Math.max(v, -most), most));
    return Math.abs(value) < 0.5 * this.smallest ? 0 : value;
  }
}

// A column of a table, of the kind that it is described as.
export function columnOf(about, how) {
  const kind = { "yes or no": YesColumn, category: CategoryColumn }[about.type] ?? NumberColumn;
  return new kind(about, how);
}
