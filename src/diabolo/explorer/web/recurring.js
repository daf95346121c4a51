// What repeats in a date, as columns of their own; what formats/recurring.py does.
//
//     partOf(column, ns) -> value        of a date in nanoseconds since 1970 as clocks show them; null where it is missing

import { clockAt, DAY_NS } from "./clocks.js";

const HOUR_NS = DAY_NS / 24n;
const WEEKDAYS = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]; // from 1970-01-01 on

// What clocks of a zone show at an instant, in nanoseconds since 1970.
export function onClock(instant, zone) {
  return zone ? instant + clockAt(instant, zone).off : instant;
}

export function partOf({ part_of: [, part, start] }, ns) {
  if (ns === null) return null;
  const since = ns - BigInt(start) * HOUR_NS;
  const time = ((since % DAY_NS) + DAY_NS) % DAY_NS;
  return part === "weekday" ? WEEKDAYS[(Number((since - time) / DAY_NS) % 7 + 7) % 7] : time / 1000n;
}
