// Cells of text <-> values, by the Arrow type of a column: what formats/cells.py reads, and formats/written.py writes.
//
//     numbers    a number; a BigInt where it is whole and a number would round it
//     yes/no     true, false
//     texts      as they stand
//     dates, times of day, durations        moments.js

import { clockCells, momentCells, spanCells } from "./moments.js";

const MOST_DIGITS = 15; // before the point, and behind it; of more, powers of ten
const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const ENDLESS = /^[+-]?inf(inity)?$/i;

// {family, allowed, read(text) -> value, undefined if it says none, write(value) -> text}: the reader and writer of a column's
// cells; of floats also narrow(number) as the type has it; nearest(number) to which one is decoded.
export function cellsOf(column, how) {
  const kinds = [
    [/string/, textCells],
    [/^bool$/, yesCells],
    [/^u?int/, wholeCells],
    [/^(double|float|halffloat)$/, floatCells],
    [/^decimal/, decimalCells],
    [/^(date|timestamp)/, momentCells],
    [/^time/, clockCells],
    [/^duration/, spanCells],
    [/^null$/, noCells],
  ];
  const [, make] = kinds.find(([pattern]) => pattern.test(column.arrow));
  return make(column, how);
}

function yesCells(column, how) {
  const read = (text) => readTruth(text) ?? readNumber(text, how);
  return { family: "yes/no", allowed: "True and False", read, write: (v) => (v ? "True" : "False") };
}

function textCells() {
  return { family: "texts", allowed: "texts", read: (text) => text, write: String };
}

function noCells() {
  return { family: "nothing", allowed: "nothing", read: (text) => text, write: () => "", nearest: (v) => v };
}

function wholeCells(column, how) {
  const read = (text) => readWhole(text, how) ?? readTruth(text);
  return { family: "numbers", allowed: "numbers such as 12", read, write: String };
}

// The largest finite number of each type.
const MOST = { double: Number.MAX_VALUE, float: 3.4028234663852886e38, halffloat: 65504 };

function floatCells(column, how) {
  const narrow = { double: (v) => v, float: Math.fround, halffloat }[column.arrow];
  const narrowly = (v) => (v === undefined ? v : narrow(v));
  const read = (text) => narrowly(readNumber(text, how)) ?? readTruth(text);
  const write = (v) => withSign(fixedText(v, column.digits ?? -1), how);
  const most = MOST[column.arrow];
  const nearest = (v) => narrow(Math.min(Math.max(v, -most), most));
  return { family: "numbers", allowed: `numbers such as ${withSign("12.5", how)}`, read, write, narrow, nearest };
}

function decimalCells(column, how) {
  const [precision, scale] = /\((\d+), (-?\d+)\)/.exec(column.arrow).slice(1).map(Number);
  const most = (below(10n ** BigInt(precision) - 1n) / 10 ** scale) * (1 - 2 ** -52);
  const read = (text) => readNumber(text, how) ?? readTruth(text);
  const write = (v) => withSign(exactText(v, scale), how);
  const nearest = (v) => Number(exactText(Math.min(Math.max(v, -most), most), scale));
  return { family: "numbers", allowed: `numbers such as ${withSign("12.5", how)}`, read, write, nearest };
}

// ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────────

// Without spaces around it, as Arrow knows spaces.
export function trimmedText(text) {
  return text.replace(/^[\p{White_Space}\x1c-\x1f]+|[\p{White_Space}\x1c-\x1f]+$/gu, "");
}

// true, True, 1, 1.0.
function readTruth(text) {
  if (/^(true|1(\.0*)?)$/i.test(text)) return true;
  return /^(false|0(\.0*)?)$/i.test(text) ? false : undefined;
}

function readNumber(text, how) {
  const plain = plainNumber(text, how);
  if (plain === undefined) return undefined;
  if (/^[+-]?nan$/i.test(plain)) return NaN;
  if (ENDLESS.test(plain)) return plain.startsWith("-") ? -Infinity : Infinity;
  return NUMERAL.test(plain) ? Number(plain) : undefined;
}

function readWhole(text, how) {
  const v = readNumber(text, how);
  if (v === undefined || Number.isSafeInteger(v) || !(v >= -(2 ** 63) && v < 2 ** 64)) return v;
  const digits = /^(-?\d+)(\.0*)?$/.exec(plainNumber(text, how));
  return digits ? BigInt(digits[1]) : v;
}

// A number as programs write it, from the way the file has it: with signs of its own, a currency, a percent sign.
function plainNumber(text, { decimal, thousands }) {
  if (decimal === "." && !thousands) return text;
  const between = " \u00a0\u202f".includes(thousands || "-") ? "[ \u00a0\u202f]" : literally(thousands ?? "");
  const digits = thousands ? `(?:\\d+|\\d{1,3}(?:${between}\\d{3})+)` : "\\d+";
  const point = literally(decimal);
  const bare = text.replace(/^([+-]?)\s*\p{Sc}\s*/u, "$1").replace(/\s*[\p{Sc}%]$/u, "");
  if (!new RegExp(`^[+-]?(?:${digits}(?:${point}\\d*)?|${point}\\d+)(?:e[+-]?\\d+)?$`, "iu").test(bare)) return undefined;
  return (thousands ? bare.replace(new RegExp(between, "gu"), "") : bare).replace(decimal, ".");
}

const literally = (text) => Array.from(text, (c) => `\\u{${c.codePointAt(0).toString(16)}}`).join("");

// ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const withSign = (text, { decimal }) => text.replace(".", decimal);

// A number with so many decimals; -1: as few as say which it is.
function fixedText(v, digits) {
  if (Math.abs(v) === Infinity) return v > 0 ? "inf" : "-inf";
  if (digits === -1) return shortest(v);
  if (v === 0 && digits > MOST_DIGITS) return "0";
  if (digits > MOST_DIGITS || Math.abs(v) >= 10 ** MOST_DIGITS) return twoDigitPower(v.toExponential(5));
  return roundedTo(v, digits).toFixed(digits);
}

const twoDigitPower = (text) => text.replace(/e([+-])(\d)$/, "e$10$2");

// As Python has it: powers of ten from 1e16 on, and below 1e-4.
function shortest(v) {
  const a = Math.abs(v);
  if (a && (a >= 1e16 || a < 1e-4)) return twoDigitPower(v.toExponential());
  return Object.is(v, -0) ? "-0" : String(v);
}

// A binary number in decimals, of two that are as near the even one.
function exactText(v, scale) {
  if (scale < 0) return String(BigInt(toEven(v / 10 ** -scale)) * 10n ** BigInt(-scale));
  if (Math.abs(v) >= 1e21) return String(BigInt(v)) + (scale ? `.${"0".repeat(scale)}` : "");
  const long = v.toFixed(100);
  const at = long.length - 100 + scale;
  const cut = long.slice(0, at).replace(/\.$/, "");
  const tie = /^50*$/.test(long.slice(at)) && "02468".includes(cut.at(-1));
  const text = tie ? cut : v.toFixed(scale);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

// ── rounding ───────────────────────────────────────────────────────────────────────────────────────────────────────────

// The nearest whole number, of two the even one.
export function toEven(v) {
  return Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v);
}

// 27.62, not 27.620800000000003; what is too large to have decimals stays.
export function roundedTo(v, digits) {
  const power = Number(`1e${digits}`);
  const r = toEven(v * power) / power;
  return Number.isFinite(r) ? r + 0 : v;
}

// A number as 16 bits hold it.
function halffloat(v) {
  const a = Math.abs(v);
  if (a === Infinity) return v;
  const step = a < 2 ** -14 ? 2 ** -24 : 2 ** (Math.floor(Math.log2(a)) - 10);
  const near = toEven(v / step) * step;
  return Math.abs(near) > 65504 ? Math.sign(v) * Infinity : near;
}

// The largest number that is not above n.
export function below(n) {
  const x = Number(n);
  if (BigInt(x) <= n) return x;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) - 1n);
  return bits.getFloat64(0);
}
