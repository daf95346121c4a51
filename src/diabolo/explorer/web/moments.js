// Cells of dates, times of day and durations <-> how many units of the column's type; as ISO 8601 and pandas write them.
//
//     2024-05-31    2024-05-31 12:30:00    2024-05-31 12:30:00.250+02:00    12:30:00    1 days 02:30:00    -1 days +21:30:00
//
// A count is a BigInt; what lies between two is a number.

import { DAY_NS, SECOND_NS, clockAt, daysOf, offsetOf, timeOf, writeClock, writeOffset } from "./clocks.js";
import { isReadable, readForm, writeForm } from "./forms.js";

const UNIT_NS = { day: DAY_NS, s: SECOND_NS, ms: 10n ** 6n, us: 1000n, ns: 1n };
const CLOCK_PART = "(\\d\\d):(\\d\\d)(?::(\\d\\d)(?:\\.(\\d{1,9}))?)?";
const MOMENT_TEXT = new RegExp(`^(\\d{4})-(\\d\\d)-(\\d\\d)(?:[ T](?:(\\d\\d)|${CLOCK_PART}(Z|[+-]\\d\\d(?::?\\d\\d)?)?))?$`);
const CLOCK_TEXT = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
const SPAN_TEXT = /^(-?)(\d+) days?(?:,? ?(-?)\+?(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?)?$/; // pandas leaves out midnight
const SOME_DAY = 1717158600n * SECOND_NS; // 2024-05-31 12:30

export function momentCells(column) {
  const unit = unitOf(column);
  const zone = /tz=(.*)\]$/.exec(column.arrow)?.[1] ?? null;
  const form = isReadable(column.form) ? column.form : "";
  const read = (text) => countOf(column.form ? readForm(text, column.form) : readMoment(text), unit);
  const write = (v) => (form ? writeForm(v * unit, form, zone) : writeMoment(v * unit, column.digits, zone));
  const known = form === column.form;
  const allowed = known ? `dates such as ${write(SOME_DAY / unit)}` : `dates as ${column.form} has them, which only Python reads`;
  const iso = (text) => countOf(readMoment(text), unit);
  const nanoseconds = (v) => (typeof v === "bigint" ? v * unit : BigInt(Math.round(v * Number(unit))));
  return { family: "dates", allowed, read, write, zone, iso, nanoseconds, ...secondsIn(unit) };
}

export function clockCells(column) {
  const unit = unitOf(column);
  const read = (text) => countOf(readClock(text), unit);
  const write = (v) => writeClock(v * unit, column.digits);
  return { family: "times of day", allowed: "times such as 12:30:00", read, write, iso: read, ...secondsIn(unit) };
}

export function spanCells(column) {
  const unit = unitOf(column);
  const allowed = "durations such as 1 days 02:30:00";
  const read = (text) => (/^-?\d+$/.test(text) ? inLong(BigInt(text)) : countOf(readSpan(text), unit));
  return { family: "durations", allowed, read, write: (v) => writeSpan(v * unit, column.digits), iso: read, ...secondsIn(unit) };
}

const unitOf = ({ arrow }) => UNIT_NS[/\[(\w+)/.exec(arrow)[1]];

// Seconds, by which the page measures all of these, -> a count, and back.
function secondsIn(unit) {
  const nanoseconds = (s) => BigInt(Math.trunc(s)) * SECOND_NS + BigInt(Math.round((s % 1) * 1e9));
  const down = (ns) => (ns - (((ns % unit) + unit) % unit)) / unit;
  return { count: (s) => down(nanoseconds(s)), seconds: (v) => Number((v * unit) / SECOND_NS) + Number((v * unit) % SECOND_NS) / 1e9 };
}

// What 64 bits hold.
const inLong = (v) => (BigInt.asIntN(64, v) === v ? v : undefined);

// Nanoseconds in units: a whole number of them, or between two.
function countOf(ns, unit) {
  if (ns === undefined) return undefined;
  const rest = ((ns % unit) + unit) % unit;
  const whole = (ns - rest) / unit;
  return rest ? Number(whole) + Number(rest) / Number(unit) : whole;
}

function readMoment(text) {
  const found = MOMENT_TEXT.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour = 0, h = hour, m = 0, s, f, zone = ""] = found;
  const [days, time, off] = [daysOf(Number(year), Number(month), Number(day)), timeOf(h, m, s, f), offsetOf(zone)];
  return days === undefined || time === undefined || off === undefined ? undefined : days * DAY_NS + time - off;
}

function writeMoment(instant, digits, zone) {
  const { date, time, off } = clockAt(instant, zone);
  const day = date.toISOString().slice(0, 10);
  return digits === -1 ? day : `${day} ${writeClock(time, digits)}${zone === null ? "" : writeOffset(off, ":")}`;
}

function readClock(text) {
  const found = CLOCK_TEXT.exec(text);
  return found ? timeOf(...found.slice(1)) : undefined;
}

// Hours, minutes and seconds may be as many as they like.
function readSpan(text) {
  const found = SPAN_TEXT.exec(text);
  if (!found) return undefined;
  const [, sign, days, less, h = 0, m = 0, s = 0, f = ""] = found;
  const time = (BigInt(h) * 3600n + BigInt(m) * 60n + BigInt(s)) * SECOND_NS + BigInt(f.padEnd(9, "0"));
  return BigInt(`${sign}${days}`) * DAY_NS + (less ? -time : time);
}

function writeSpan(ns, digits) {
  const rest = ((ns % DAY_NS) + DAY_NS) % DAY_NS;
  return `${(ns - rest) / DAY_NS} days ${ns < 0n ? "+" : ""}${writeClock(rest, digits)}`;
}
