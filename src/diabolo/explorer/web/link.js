// The state of the page <-> the fragment of its address: #at=0.1,-2&color=age&...
//
// An address has an end: what would make it longer than LONGEST is left out, and the page says so.
import { throttled } from "./dom.js";
import { rowsFromText, rowsToText } from "./rows.js";

const LONGEST = 8000; // characters

const WAIT = 400; // milliseconds; a browser allows few changes a second

// Reads the fragment, once the page stands.
export function followed(page) {
  const { store, head } = page;
  const said = new URLSearchParams(location.hash.slice(1));
  const numbers = (name) => said.get(name)?.split(",").map(Number).filter(Number.isFinite) ?? [];
  const known = (name) => said.has(name) && page.columns.some((c) => c.name === said.get(name));
  if (said.get("color") === "" || known("color")) store.set("color", said.get("color"));
  for (const name of ["query", "text"]) if (said.has(name)) store.set(name, said.get(name));
  store.set("filters", filtersIn(page, said.get("filters")));
  store.set("hidden", new Set(numbers("hidden").filter(Number.isInteger)));
  const { places, box } = page.model.first;
  store.set("selected", said.has("rows") ? rowsFromText(said.get("rows"), places, box) : null);
  store.set("tab", said.get("tab") ?? page.usual.tab); // behind the rows, which open a tab
  const axes = numbers("axes");
  if (axes.length === 2 && axes.every((j) => j >= 0 && j < head.k) && head.k > 2 && axes[0] !== axes[1]) page.turn(axes);
  for (const name of ["ground", "things"]) if (page.offered(name).includes(said.get(name))) store.set(name, said.get(name));
  const [x, y, zoom] = numbers("view");
  if (zoom) page.map.view = { x, y, zoom };
  const walk = numbers("walk");
  const [x0, x1, y0, y1] = page.model.box;
  const inside = ([x, y]) => [Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y))];
  if (walk.length === 4) store.set("anchors", [walk.slice(0, 2), walk.slice(2)].map(inside));
  const at = numbers("at");
  if (at.length === 2) page.map.place = at;
}

// Writes it, whenever something has changed.
export function linked(page) {
  const { store } = page;
  const rows = rowsSaid(page);
  const write = throttled(() => {
    const said = new URLSearchParams();
    const left = [];
    const say = (name, value, usual = "") => {
      if (value === usual) return;
      said.set(name, value);
      if (`${said}`.length <= LONGEST) return;
      said.delete(name);
      left.push(CALLED[name] ?? name);
    };
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
    if (page.model.axes) say("axes", page.model.axes.join(","));
    const { x, y, zoom } = page.map.view;
    if (zoom !== 1) say("view", short([x, y, zoom]));
    if (store.get("anchors").length) say("walk", short(store.get("anchors").flat()));
    say("hidden", [...store.get("hidden")].join(","));
    if (store.get("filters").size) say("filters", filtersAsText(store.get("filters")));
    say("rows", rows(store.get("selected")));
    history.replaceState(null, "", `#${said}`);
    store.set("unlinked", left.join(" and "));
  }, WAIT);
  store.on("rested color query filters hidden selected ground things tab text view anchors axes", write);
}

const CALLED = { rows: "the selected rows", query: "the search", filters: "the filters", text: "the text" };

// The selected rows as a text, made once for each selection.
function rowsSaid({ model }) {
  let [mask, text] = [null, ""];
  return (selected) => {
    if (selected !== mask) text = selected ? rowsToText(selected, model.first.places, model.first.box) : "";
    mask = selected;
    return text;
  };
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
