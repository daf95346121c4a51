// Dates in a format of Python's strptime, such as %d.%m.%Y <-> instants.

import { DAY_NS, SECOND_NS, clockAt, daysOf, offsetOf, timeOf, twoDigits, writeOffset, writePart } from "./clocks.js";

const MONTHS = "January February March April May June July August September October November December".split(" ");
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const HOUR_NS = 3600n * SECOND_NS;

const firstThree = (name) => name.slice(0, 3);
const anyOf = (names) => names.join("|");

// Letter -> what it matches, what it says, how a clock writes it.
const DIRECTIVES = {
  Y: ["\\d{4}", "year", ({ date }) => String(date.getUTCFullYear()).padStart(4, "0")],
  y: ["\\d\\d", "short", ({ date }) => twoDigits(date.getUTCFullYear() % 100)],
  m: ["1[0-2]|0[1-9]|[1-9]", "month", ({ date }) => twoDigits(date.getUTCMonth() + 1)],
  B: [anyOf(MONTHS), "name", ({ date }) => MONTHS[date.getUTCMonth()]],
  b: [anyOf(MONTHS.map(firstThree)), "name", ({ date }) => firstThree(MONTHS[date.getUTCMonth()])],
  d: ["3[01]|[12]\\d|0[1-9]|[1-9]| [1-9]", "day", ({ date }) => twoDigits(date.getUTCDate())],
  A: [anyOf(WEEKDAYS), "", ({ date }) => WEEKDAYS[date.getUTCDay()]],
  a: [anyOf(WEEKDAYS.map(firstThree)), "", ({ date }) => firstThree(WEEKDAYS[date.getUTCDay()])],
  H: ["2[0-3]|[01]\\d|\\d", "hour", ({ time }) => twoDigits(time / HOUR_NS)],
  I: ["1[0-2]|0[1-9]|[1-9]", "half", ({ time }) => twoDigits(((time / HOUR_NS + 11n) % 12n) + 1n)],
  p: ["AM|PM", "noon", ({ time }) => (time < DAY_NS / 2n ? "AM" : "PM")],
  M: ["[0-5]\\d|\\d", "minute", ({ time }) => twoDigits((time / (60n * SECOND_NS)) % 60n)],
  S: ["[0-5]\\d|\\d", "second", ({ time }) => twoDigits((time / SECOND_NS) % 60n)],
  f: ["\\d{1,6}", "part", ({ time }) => writePart(time, 6).slice(1)],
  z: ["Z|[+-]\\d\\d:?[0-5]\\d", "zone", ({ off }) => writeOffset(off, "")],
  "%": ["%", "", () => "%"],
};

const lettersOf = (form) => Array.from(form.matchAll(/%(.)/g), ([, letter]) => letter);

export function isReadable(form) {
  return lettersOf(form).every((letter) => letter in DIRECTIVES);
}

// A text -> nanoseconds from 1970; undefined, if it is not written so.
export function readForm(text, form) {
  if (!isReadable(form)) return undefined;
  const literal = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
  const pattern = literal.replace(/%(.)/g, (_, letter) => `(${DIRECTIVES[letter][0]})`);
  const found = new RegExp(`^${pattern}$`, "i").exec(text);
  const said = found && lettersOf(form).map((letter, i) => [DIRECTIVES[letter][1], found[i + 1]]);
  return found ? instantOf(Object.fromEntries(said)) : undefined;
}

function instantOf({ year, short, month, name, day = 1, hour, half, noon, minute = 0, second, part, zone = "" }) {
  const days = daysOf(Number(year ?? (short < 69 ? 2000 : 1900) + Number(short)), Number(month ?? monthOf(name)), Number(day));
  const time = timeOf(hour ?? (half ? (half % 12) + (/p/i.test(noon) ? 12 : 0) : 0), minute, second, part);
  const off = offsetOf(zone);
  return days === undefined || time === undefined || off === undefined ? undefined : days * DAY_NS + time - off;
}

function monthOf(name) {
  return name ? MONTHS.findIndex((month) => firstThree(month).toLowerCase() === firstThree(name).toLowerCase()) + 1 : 1;
}

export function writeForm(instant, form, zone) {
  const clock = clockAt(instant, zone);
  return form.replace(/%(.)/g, (_, letter) => DIRECTIVES[letter][2](clock));
}
