// Instants in nanoseconds from 1970 (BigInt), and what clocks show: days, times of day, how far a zone is from UTC.

export const SECOND_NS = 10n ** 9n;
export const DAY_NS = 86400n * SECOND_NS;

const MINUTE_NS = 60n * SECOND_NS;
const ZONE_CLOCKS = new Map();

export const twoDigits = (v) => String(v).padStart(2, "0");

// Days from 1970 of a day that there is; else undefined.
export function daysOf(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? BigInt(date.getTime() / 864e5) : undefined;
}

// Nanoseconds from midnight of a time that there is; `f` are decimals of the second.
export function timeOf(h, m, s = 0, f = "") {
  if (h > 23 || m > 59 || s > 59) return undefined;
  return (BigInt(h) * 3600n + BigInt(m) * 60n + BigInt(s)) * SECOND_NS + BigInt(f.padEnd(9, "0"));
}

// How far +02:00, -0330 or Z is from UTC.
export function offsetOf(zone) {
  if (/^z?$/i.test(zone)) return 0n;
  const [, sign, h, m] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  const off = timeOf(h, m ?? 0);
  return sign === "-" && off !== undefined ? -off : off;
}

// 12:30:00 and as many decimals.
export function writeClock(time, digits) {
  const s = time / SECOND_NS;
  return `${twoDigits(s / 3600n)}:${twoDigits((s / 60n) % 60n)}:${twoDigits(s % 60n)}${writePart(time, digits)}`;
}

// Decimals of a second.
export function writePart(time, digits) {
  return digits > 0 ? `.${String(time % SECOND_NS).padStart(9, "0").slice(0, digits)}` : "";
}

export function writeOffset(off, between) {
  const a = off < 0n ? -off : off;
  const parts = [a / (60n * MINUTE_NS), (a / MINUTE_NS) % 60n, (a / SECOND_NS) % 60n];
  return (off < 0n ? "-" : "+") + parts.slice(0, parts[2] ? 3 : 2).map(twoDigits).join(between);
}

// What the clock of a zone (null: UTC) shows at an instant: the date, the time of day, how far it is from UTC.
export function clockAt(instant, zone) {
  const off = zone === null ? 0n : offsetAt(instant, zone);
  const there = instant + off;
  const time = ((there % DAY_NS) + DAY_NS) % DAY_NS;
  return { date: new Date(Number((there - time) / DAY_NS) * 864e5), time, off };
}

// A zone that is not known here is UTC.
function offsetAt(instant, zone) {
  if (/^[+-]\d\d:\d\d$/.test(zone)) return offsetOf(zone);
  const clock = clockOf(zone);
  if (!clock) return 0n;
  const seconds = Math.floor(Number(instant / 1000000n) / 1000);
  const at = Object.fromEntries(clock.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]));
  const there = new Date(0);
  there.setUTCFullYear(at.year, at.month - 1, at.day);
  there.setUTCHours(at.hour, at.minute, at.second);
  return BigInt(there.getTime() / 1000 - seconds) * SECOND_NS;
}

function clockOf(zone) {
  if (!ZONE_CLOCKS.has(zone)) ZONE_CLOCKS.set(zone, madeClock(zone));
  return ZONE_CLOCKS.get(zone);
}

function madeClock(zone) {
  const parts = Object.fromEntries("year month day hour minute second".split(" ").map((name) => [name, "numeric"]));
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", calendar: "iso8601", ...parts });
  } catch {
    return null;
  }
}
