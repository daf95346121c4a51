// The state of the page <-> the fragment of its address: #at=0.1,-2&color=age&...
import { throttled } from "./dom.js";

const WAIT = 400; // milliseconds; a browser allows few changes a second

// Reads the fragment, once the page stands.
export function followed(page) {
  const { store, head } = page;
  const said = new URLSearchParams(location.hash.slice(1));
  const numbers = (name) => said.get(name)?.split(",").map(Number).filter(Number.isFinite) ?? [];
  const known = (name) => said.has(name) && page.columns.some((c) => c.name === said.get(name));
  if (said.get("color") === "" || known("color")) store.set("color", said.get("color"));
  for (const name of ["query", "ground", "things", "tab", "text"]) if (said.has(name)) store.set(name, said.get(name));
  store.set("filters", filtersIn(page, said.get("filters")));
  const axes = numbers("axes");
  if (axes.length === 2 && axes.every((j) => j >= 0 && j < head.k) && head.k > 2 && axes[0] !== axes[1]) page.turn(axes);
  const [x, y, zoom] = numbers("view");
  if (zoom) page.map.view = { x, y, zoom };
  const walk = numbers("walk");
  if (walk.length === 4) store.set("anchors", [walk.slice(0, 2), walk.slice(2)]);
  const at = numbers("at");
  if (at.length === 2) page.map.place = at;
}

// Writes it, whenever something has changed.
export function linked(page) {
  const { store } = page;
  const write = throttled(() => {
    const said = new URLSearchParams();
    const say = (name, value, usual = "") => value !== usual && said.set(name, value);
    const short = (values) => values.map((v) => Number(v.toPrecision(5))).join(",");
    say("at", short(page.map.place));
    say("color", store.get("color"), page.usual.color);
    for (const [name, usual] of [
      ["query", ""],
      ["ground", "likely"],
      ["things", "points"],
      ["tab", page.usual.tab],
      ["text", page.usual.text],
    ])
      say(name, store.get(name) ?? "", usual ?? "");
    if (store.get("filters").size) say("filters", filtersAsText(store.get("filters")));
    if (page.model.axes) say("axes", page.model.axes.join(","));
    const { x, y, zoom } = page.map.view;
    if (zoom !== 1) say("view", short([x, y, zoom]));
    if (store.get("anchors").length) say("walk", short(store.get("anchors").flat()));
    history.replaceState(null, "", `#${said}`);
  }, WAIT);
  store.on("rested color query filters ground things tab text view anchors axes", write);
}

function filtersAsText(filters) {
  return JSON.stringify([...filters].map(([name, { levels, ...rest }]) => [name, levels ? { levels: [...levels] } : rest]));
}

// Filters of columns that there are; what is none of them is left out.
function filtersIn(page, text) {
  const found = new Map();
  for (const entry of parsed(text)) {
    const [name, filter] = Array.isArray(entry) ? entry : [];
    const column = page.columns.find((c) => c.name === name);
    if (!column || !filter) continue;
    const { low, high, levels, letters } = filter;
    if (column.isNumber && [low, high].every(Number.isFinite)) found.set(name, { low, high });
    else if (column.kind === "category" && Array.isArray(levels)) found.set(name, { levels: new Set(levels) });
    else if (column.kind === "text" && typeof letters === "string") found.set(name, { letters });
  }
  return found;
}

function parsed(text) {
  try {
    const found = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
