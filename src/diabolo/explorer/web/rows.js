// Some rows -> a short text, and back.
//
//     rows in the order in which a Z runs over the map -> lengths of runs of those that are not, and those that are, selected
//
// What a loop encloses lies together on the map, so that the runs are few.

const CELLS = 1 << 10; // of a side, whose order counts

// Row numbers by the Z of their places (n, 2) in a box; of one cell, in their own order.
function alongZ(places, [x0, x1, y0, y1]) {
  const cell = (v, low, high) => Math.min(CELLS - 1, Math.max(0, Math.floor(((v - low) / (high - low || 1)) * CELLS)));
  const key = Float64Array.from(
    { length: places.length / 2 },
    (_, i) => 2 * spread(cell(places[2 * i + 1], y0, y1)) + spread(cell(places[2 * i], x0, x1)),
  );
  return Array.from(key.keys()).sort((a, b) => key[a] - key[b] || a - b);
}

// The bits of a number, with a gap behind each.
function spread(v) {
  let out = 0;
  for (let bit = 0; 1 << bit < CELLS; bit++) if (v & (1 << bit)) out += 4 ** bit;
  return out;
}

// mask (n) -> "n.run.run...", in base 36.
export function rowsToText(mask, places, box) {
  const runs = [0];
  let on = 0;
  for (const i of alongZ(places, box)) {
    if (mask[i] !== on) {
      runs.push(0);
      on = mask[i];
    }
    runs[runs.length - 1]++;
  }
  return [mask.length, ...runs].map((v) => v.toString(36)).join(".");
}

// null, if the text is not one of as many rows.
export function rowsFromText(text, places, box) {
  const [n, ...runs] = text.split(".").map((part) => (/^[0-9a-z]+$/.test(part) ? parseInt(part, 36) : NaN));
  if (n !== places.length / 2 || runs.reduce((a, b) => a + b, 0) !== n) return null;
  const mask = new Uint8Array(n);
  const order = alongZ(places, box);
  let at = 0;
  runs.forEach((length, j) => {
    for (const end = at + length; at < end; at++) mask[order[at]] = j % 2;
  });
  return mask;
}
