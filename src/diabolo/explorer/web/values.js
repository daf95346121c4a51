// Cells of text <-> values, by the type with which a column was fitted: what formats/cells.py reads and formats/written.py writes.
//
//     numbers       a number; a BigInt where it is whole and a number would round it
//     dates, times of day, durations        how many units of the type, from 1970, midnight, 0: a BigInt; between two, a number
//     yes or no     true, false                  texts     as they stand

const SECOND_NS = 10n ** 9n;
const DAY_NS = 86400n * SECOND_NS;
const UNIT_NS = { s: SECOND_NS, ms: 10n ** 6n, us: 1000n, ns: 1n };
const MOST_DIGITS = 15;

const CELL_KINDS = [
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

// The reader and the writer of a column's cells: read(text) -> value, or undefined if it says none; write(value) -> text.
export function cellsOf(column, how) {
  const [, make] = CELL_KINDS.find(([pattern]) => pattern.test(column.arrow));
  return make(column, how);
}

// ── numbers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(inity)?$/i;

function wholeCells(column, how) {
  const allowed = "numbers such as 12";
  return { family: "numbers", allowed, read: (text) => readNumber(text, how, true), write: String };
}

function floatCells(column, how) {
  const narrow = { double: (v) => v, float: Math.fround, halffloat }[column.arrow];
  const digits = column.digits ?? -1;
  const write = (v) => withSign(fixedText(v, digits), how);
  return { family: "numbers", allowed: "numbers such as 12.5", read: (text) => readNumber(text, how), write, narrow };
}

function decimalCells(column, how) {
  const [, precision, scale] = /\((\d+), (-?\d+)\)/.exec(column.arrow);
  const most = (below(10n ** BigInt(precision) - 1n) / 10 ** scale) * (1 - 2 ** -52);
  const write = (v) => withSign(exactly(Math.min(Math.max(v, -most), most), Number(scale)), how);
  return { family: "numbers", allowed: "numbers such as 12.5", read: (text) => readNumber(text, how), write };
}

// A text -> a number, whole ones beyond 2^53 as BigInt; undefined, if it is none.
function readNumber(text, how, whole = false) {
  const plain = plainNumber(text, how);
  if (plain === undefined) return undefined;
  if (how.decimal === "." && !how.thousands && INFINITE.test(plain)) return plain.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(plain)) return NaN;
  if (!NUMERAL.test(plain)) return /^true$/i.test(plain) ? true : /^false$/i.test(plain) ? false : undefined;
  const v = Number(plain);
  return whole && /^-?\d+(\.0*)?$/.test(plain) && !Number.isSafeInteger(v) && Math.abs(v) < 2 ** 64 ? wholeOf(plain) : v;
}

function wholeOf(text) {
  const v = BigInt(text.replace(/\.0*$/, ""));
  return v >= -(2n ** 63n) && v < 2n ** 64n ? v : Number(v);
}

// A number as programs write it, from the way the file has it: signs of its own, a currency, a percent sign.
function plainNumber(text, { decimal, thousands }) {
  if (decimal === "." && !thousands) return text;
  const sign = (s) => s.replace(/[^\p{L}\p{N}\s]/gu, "\\$&");
  const between = thousands && " \u00a0\u202f".includes(thousands) ? "[ \u00a0\u202f]" : sign(thousands ?? "");
  const digits = thousands ? `(?:\\d+|\\d{1,3}(?:${between}\\d{3})+)` : "\\d+";
  const pattern = `^[+-]?(?:${digits}(?:${sign(decimal)}\\d*)?|${sign(decimal)}\\d+)(?:[eE][+-]?\\d+)?$`;
  const bare = text.replace(/^([+-]?)\s*\p{Sc}\s*/u, "$1").replace(/\s*[\p{Sc}%]$/u, "");
  if (!new RegExp(pattern, "u").test(bare)) return undefined;
  return (thousands ? bare.replace(new RegExp(between, "gu"), "") : bare).replace(decimal, ".");
}

const withSign = (text, { decimal }) => text.replace(".", decimal);

// The nearest whole number, of two the even one.
export function toEven(v) {
  const near = Math.round(v);
  return Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : near;
}

// 27.62, not 27.620800000000003.
export function roundedTo(v, digits) {
  const r = toEven(v * Number(`1e${digits}`)) / Number(`1e${digits}`);
  return Number.isFinite(r) ? r + 0 : v;
}

// A number with so many decimals; -1: as few as say which it is.
function fixedText(v, digits) {
  if (!Number.isFinite(v)) return v > 0 ? "inf" : "-inf";
  if (digits === -1) return shortest(v);
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
function exactly(v, scale) {
  if (scale < 0) return String(BigInt(toEven(v / 10 ** -scale)) * 10n ** BigInt(-scale));
  if (Math.abs(v) >= 1e21) return String(BigInt(v)) + (scale ? `.${"0".repeat(scale)}` : "");
  const long = v.toFixed(100);
  const at = long.length - 100 + scale;
  const cut = long.slice(0, at).replace(/\.$/, "");
  const tie = /^50*$/.test(long.slice(at)) && "02468".includes(cut.at(-1));
  const text = tie ? cut : v.toFixed(scale);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

// A number as 16 bits hold it.
function halffloat(v) {
  const a = Math.abs(v);
  if (!(a >= 2 ** -14)) return toEven(v * 2 ** 24) / 2 ** 24;
  const step = 2 ** (Math.floor(Math.log2(a)) - 10);
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

// ── yes or no, texts, nothing ──────────────────────────────────────────────────────────────────────────────────────────

function yesCells(column, how) {
  return { family: "yes/no", allowed: "true and false", read: (text) => readYes(text, how), write: (v) => (v ? "True" : "False") };
}

function readYes(text, how) {
  if (/^(true|1(\.0*)?)$/i.test(text)) return true;
  return /^(false|0(\.0*)?)$/i.test(text) ? false : readNumber(text, how);
}

function textCells() {
  return { family: "texts", allowed: "texts", read: (text) => text, write: String };
}

function noCells() {
  return { family: "nothing", allowed: "nothing", read: (text) => text, write: () => "" };
}

// ── days, times, moments ───────────────────────────────────────────────────────────────────────────────────────────────

const CLOCK_PART = "(\\d\\d):(\\d\\d)(?::(\\d\\d)(?:\\.(\\d{1,9}))?)?";
const ISO_MOMENT = new RegExp(`^(\\d{4})-(\\d\\d)-(\\d\\d)(?:[ T](?:(\\d\\d)|${CLOCK_PART}(Z|[+-]\\d\\d(?::?\\d\\d)?)?))?$`);
const CLOCK_TEXT = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
const SPAN_TEXT = /^(-?)(\d+) days?,? ?(-?)\+?(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?$/;

function momentCells(column, how) {
  const unit = column.arrow === "date32[day]" ? DAY : UNIT_NS[/\[(\w+)/.exec(column.arrow)[1]];
  const zone = /tz=(.*)\]$/.exec(column.arrow)?.[1] ?? null;
  const digits = column.digits;
  const form = column.form && readable(column.form) ? column.form : "";
  const read = (text) => countsOf(column.form ? readForm(text, column.form) : readIso(text), unit);
  const write = (v) => (form ? writeForm(v * unit, form, zone) : writeIso(v * unit, digits, zone));
  return { family: "dates", allowed: `dates such as ${form || "2024-05-31"}`, read, write, zone };
}

function clockCells(column) {
  const unit = UNIT_NS[/\[(\w+)/.exec(column.arrow)[1]];
  const write = (v) => writeClock(v * unit, column.digits);
  return { family: "times of day", allowed: "times such as 12:30:00", read: (text) => countsOf(readClock(text), unit), write };
}

function spanCells(column) {
  const unit = UNIT_NS[/\[(\w+)/.exec(column.arrow)[1]];
  const allowed = "durations such as 1 days 02:30:00";
  const read = (text) => (/^-?\d+$/.test(text) ? BigInt(text) : countsOf(readSpan(text), unit));
  return { family: "durations", allowed, read, write: (v) => writeSpan(v * unit, column.digits) };
}

// Nanoseconds in units: whole ones, or between two.
function countsOf(moment, unit) {
  if (moment === undefined) return undefined;
  const rest = ((moment % unit) + unit) % unit;
  const whole = (moment - rest) / unit;
  return rest ? Number(whole) + Number(rest) / Number(unit) : whole;
}

function nanosecondsOf(h, m, s, f) {
  if (h > 23 || m > 59 || s > 59) return undefined;
  return (BigInt(h) * 3600n + BigInt(m) * 60n + BigInt(s ?? 0)) * SECOND_NS + BigInt((f ?? "").padEnd(9, "0"));
}

// Days from 1970 of a day that there is.
function daysOf(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? BigInt(date.getTime() / 864e5) : undefined;
}

function readIso(text) {
  const found = ISO_MOMENT.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, h, m, s, f, zone] = found;
  const days = daysOf(Number(year), Number(month), Number(day));
  const time = nanosecondsOf(h ?? hour ?? 0, m ?? 0, s, f);
  const off = offsetOf(zone);
  return days === undefined || time === undefined || off === undefined ? undefined : days * DAY_NS + time - off;
}

// +02:00 in nanoseconds.
function offsetOf(zone) {
  if (!zone || zone === "Z" || zone === "z") return 0n;
  const [, sign, h, m] = /^([+-])(\d\d):?(\d\d)?/.exec(zone);
  const off = nanosecondsOf(h, m ?? 0);
  return off === undefined ? undefined : sign === "-" ? -off : off;
}

function readClock(text) {
  const found = CLOCK_TEXT.exec(text);
  return found ? nanosecondsOf(...found.slice(1)) : undefined;
}

function readSpan(text) {
  const found = SPAN_TEXT.exec(text);
  if (!found) return undefined;
  const [, sign, days, less, h, m, s, f] = found;
  const time = (BigInt(h) * 3600n + BigInt(m) * 60n + BigInt(s)) * SECOND_NS + BigInt((f ?? "").padEnd(9, "0"));
  return (sign ? -1n : 1n) * BigInt(days) * DAY_NS + (less ? -time : time);
}

const twoDigits = (v) => String(v).padStart(2, "0");
const secondPart = (ns, digits) => (digits > 0 ? `.${String(ns).padStart(9, "0").slice(0, digits)}` : "");

function writeClock(ns, digits) {
  const s = ns / SECOND_NS;
  return `${twoDigits(s / 3600n)}:${twoDigits((s / 60n) % 60n)}:${twoDigits(s % 60n)}${secondPart(ns % SECOND_NS, digits)}`;
}

function writeSpan(ns, digits) {
  const sign = ns < 0n ? "-" : "";
  const a = ns < 0n ? -ns : ns;
  return `${a >= DAY_NS ? sign : ""}${a / DAY_NS} days ${sign}${writeClock(a % DAY_NS, digits)}`;
}

// Where the clock of a zone stands at an instant, and how it says how far it is from UTC.
function clockAt(ns, zone) {
  const off = zone === null ? 0n : zoneOffset(ns, zone) * SECOND_NS;
  const there = ns + off;
  const time = ((there % DAY_NS) + DAY_NS) % DAY_NS;
  const date = new Date(Number((there - time) / DAY_NS) * 864e5);
  return { date, time, off };
}

function writeIso(ns, digits, zone) {
  const { date, time, off } = clockAt(ns, zone);
  const day = date.toISOString().slice(0, 10);
  return digits === -1 ? day : `${day} ${writeClock(time, digits)}${zone === null ? "" : writeOffset(off, ":")}`;
}

function writeOffset(off, between) {
  const a = off < 0n ? -off : off;
  const s = (a / SECOND_NS) % 60n;
  return `${off < 0n ? "-" : "+"}${twoDigits(a / (3600n * SECOND_NS))}${between}${twoDigits((a / (60n * SECOND_NS)) % 60n)}${s ? between + twoDigits(s) : ""}`;
}

const ZONE_CLOCKS = new Map();

// Seconds by which the clock of a zone is ahead of UTC; a zone that is not known here is UTC.
function zoneOffset(ns, zone) {
  const plain = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (plain) return offsetOf(zone) / SECOND_NS;
  const ms = Number(ns / 1000000n);
  const seconds = Math.floor(ms / 1000);
  const clock = clockOf(zone);
  if (!clock) return 0n;
  const at = Object.fromEntries(clock.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]));
  const there = new Date(0);
  there.setUTCFullYear(at.year, at.month - 1, at.day);
  there.setUTCHours(at.hour, at.minute, at.second);
  return BigInt(there.getTime() / 1000 - seconds);
}

function clockOf(zone) {
  if (!ZONE_CLOCKS.has(zone)) {
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
    let clock = null;
    try {
      clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", calendar: "iso8601", ...parts });
    } catch {
      // a name that this browser does not know
    }
    ZONE_CLOCKS.set(zone, clock);
  }
  return ZONE_CLOCKS.get(zone);
}

// ── dates in a format of strptime ──────────────────────────────────────────────────────────────────────────────────────

const MONTHS = "January February March April May June July August September October November December".split(" ");
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const shortNames = (names) => names.map((name) => name.slice(0, 3));
const oneOf = (names) => `(${names.join("|")})`;
const placeIn = (text, names) => names.findIndex((name) => name.toLowerCase() === text.toLowerCase());
const DIRECTIVES = {
  Y: ["(\\d{4})", (t, v) => (t.year = Number(v)), ({ date }) => String(date.getUTCFullYear()).padStart(4, "0")],
  y: ["(\\d\\d)", (t, v) => (t.year = Number(v) + (v < 69 ? 2000 : 1900)), ({ date }) => twoDigits(date.getUTCFullYear() % 100)],
  m: ["(1[0-2]|0[1-9]|[1-9])", (t, v) => (t.month = Number(v)), ({ date }) => twoDigits(date.getUTCMonth() + 1)],
  d: ["(3[01]|[12]\\d|0[1-9]|[1-9]| [1-9])", (t, v) => (t.day = Number(v)), ({ date }) => twoDigits(date.getUTCDate())],
  H: ["(2[0-3]|[01]\\d|\\d)", (t, v) => (t.hour = Number(v)), ({ time }) => twoDigits(time / (3600n * SECOND_NS))],
  I: ["(1[0-2]|0[1-9]|[1-9])", (t, v) => (t.hour12 = Number(v)), ({ time }) => twoDigits((time / (3600n * SECOND_NS) + 11n) % 12n + 1n)],
  p: ["(AM|PM)", (t, v) => (t.afternoon = /p/i.test(v)), ({ time }) => (time < DAY_NS / 2n ? "AM" : "PM")],
  M: ["([0-5]\\d|\\d)", (t, v) => (t.minute = v), ({ time }) => twoDigits((time / (60n * SECOND_NS)) % 60n)],
  S: ["([0-5]\\d|\\d)", (t, v) => (t.second = v), ({ time }) => twoDigits((time / SECOND_NS) % 60n)],
  f: ["(\\d{1,6})", (t, v) => (t.part = v), ({ time }) => secondPart(time % SECOND_NS, 6).slice(1)],
  b: [oneOf(shortNames(MONTHS)), (t, v) => (t.month = placeIn(v, shortNames(MONTHS)) + 1), ({ date }) => shortNames(MONTHS)[date.getUTCMonth()]],
  B: [oneOf(MONTHS), (t, v) => (t.month = placeIn(v, MONTHS) + 1), ({ date }) => MONTHS[date.getUTCMonth()]],
  a: [oneOf(shortNames(WEEKDAYS)), () => {}, ({ date }) => shortNames(WEEKDAYS)[date.getUTCDay()]],
  A: [oneOf(WEEKDAYS), () => {}, ({ date }) => WEEKDAYS[date.getUTCDay()]],
  z: ["(Z|[+-]\\d\\d:?[0-5]\\d)", (t, v) => (t.zone = v), ({ off }) => writeOffset(off, "")],
  "%": ["(%)", () => {}, () => "%"],
};

const directives = (form) => [...form.matchAll(/%(.)/g)].map(([, letter]) => letter);

function readable(form) {
  return directives(form).every((letter) => letter in DIRECTIVES);
}

// A text in a format of strptime -> nanoseconds from 1970; undefined, if it is not written so.
function readForm(text, form) {
  if (!readable(form)) return undefined;
  const literal = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
  const found = new RegExp(`^${literal.replace(/%(.)/g, (_, letter) => DIRECTIVES[letter][0])}$`, "i").exec(text);
  if (!found) return undefined;
  const t = { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0, part: "", zone: "" };
  directives(form).forEach((letter, i) => DIRECTIVES[letter][1](t, found[i + 1]));
  const hour = "hour12" in t ? (t.hour12 % 12) + (t.afternoon ? 12 : 0) : t.hour;
  const days = daysOf(t.year, t.month, t.day);
  return days === undefined ? undefined : days * DAY_NS + nanosecondsOf(hour, t.minute, t.second, t.part) - offsetOf(t.zone);
}

function writeForm(ns, form, zone) {
  const at = clockAt(ns, zone);
  return form.replace(/%(.)/g, (_, letter) => DIRECTIVES[letter][2](at));
}
