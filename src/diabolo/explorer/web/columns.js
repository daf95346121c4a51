// What is known of each row: numbers, dates, levels or texts.
import { called, clock, day, exactly, folded, localized, shortly } from "./dom.js";

const MEASURES = {
  "reconstruction error": "How far what is decoded from a row's code is from the row: the sum over its columns",
  "log likelihood": "How likely the place of a row is, as a logarithm: high among many rows, low far from them",
  "p-value": "The share of usual rows that look at least as odd: small for outliers",
};

export class Column {
  // texts: of each row, where the numbers alone do not say what its cell is; "" is missing.
  constructor({ name, group, kind, values, levels = [], texts = null }, tensors) {
    Object.assign(this, { name: called(name), header: name, group, kind, levels, texts });
    this.values = Array.isArray(values) ? values : tensors.array(values);
    this.own = null; // how the model reads and writes such cells (features.js)
  }

  // The sign before decimals.
  get sign() {
    return this.own?.how.decimal ?? ".";
  }

  // What a measure or a code is, for who does not know the word.
  get about() {
    return this.group === "code" ? "A code: one of the numbers that the encoder makes of a row" : (MEASURES[this.measure] ?? "");
  }

  get measure() {
    return this.group === "measure" ? this.name.replace(" (measure)", "") : "";
  }

  get isNumber() {
    return this.kind === "number" || this.kind === "date" || this.kind === "time";
  }

  missing(i) {
    const v = this.values[i];
    if (this.texts) return this.texts[i] === "";
    return this.kind === "text" ? v === null : this.kind === "category" ? v < 0 : Number.isNaN(v);
  }

  // For people.
  text(i) {
    return this.missing(i) ? "missing" : this.isNumber && !this.texts ? this.said(this.values[i]) : this.written(i);
  }

  said(v) {
    if (this.own?.cells.seconds) return this.own.timed(v);
    return this.kind === "date" ? day(v) : this.kind === "time" ? clock(v) : localized(shortly(v), this.sign);
  }

  // For a file.
  exact(i) {
    const v = this.values[i];
    if (this.missing(i)) return "";
    if (this.texts) return this.texts[i];
    if (this.kind === "text") return v;
    if (this.kind === "category") return this.levels[v];
    return this.kind === "date" ? day(v) : this.kind === "time" ? clock(v) : exactly(v);
  }

  // As the file has it from which the model learned.
  written(i) {
    if (this.missing(i) || !this.isNumber) return this.exact(i);
    if (this.own?.cells.seconds) return this.own.timed(this.texts ? this.texts[i] : this.values[i]);
    return this.texts ? this.texts[i] : this.exact(i).replace(".", this.sign);
  }

  // Least, greatest, and the deviation, of what is known.
  get spread() {
    if (this.known) return this.known;
    let [low, high, sum, squares, n] = [Infinity, -Infinity, 0, 0, 0];
    for (const v of this.isNumber ? this.values : []) {
      if (Number.isNaN(v)) continue;
      [low, high, sum, squares, n] = [Math.min(low, v), Math.max(high, v), sum + v, squares + v * v, n + 1];
    }
    const deviation = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2)) || 1;
    return (this.known = n ? { low, high, deviation } : { low: 0, high: 1, deviation: 1 });
  }

  // A function of a row: whether it has these letters.
  search(letters) {
    const wanted = folded(letters);
    if (this.kind === "category") {
      const fits = this.levels.map((level) => folded(level).includes(wanted));
      return (i) => fits[this.values[i]] === true;
    }
    if (this.kind === "text") return (i) => !this.missing(i) && folded(this.values[i]).includes(wanted);
    return (i) => this.exact(i).startsWith(wanted) || this.written(i).startsWith(wanted);
  }
}
