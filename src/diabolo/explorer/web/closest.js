// Names that were probably meant: those that hold what was typed, then those that share most pairs of letters with it.
import { folded } from "./dom.js";

const LEAST = 0.5; // of 1, alike

export function closest(text, names, most) {
  const wanted = folded(text.trim());
  const fit = (name) => (wanted && name.includes(wanted) ? 1 : alike(wanted, name));
  const found = [...new Set(names)].map((name) => [name, fit(folded(name))]);
  const near = found.filter(([, by]) => by >= LEAST).sort((a, b) => b[1] - a[1] || a[0].length - b[0].length);
  return near.slice(0, most).map(([name]) => name);
}

// Dice's coefficient of their pairs of letters.
function alike(a, b) {
  const [one, two] = [pairsOf(a), pairsOf(b)];
  return (2 * one.filter((pair) => two.includes(pair)).length) / Math.max(1, one.length + two.length);
}

function pairsOf(text) {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2));
}
