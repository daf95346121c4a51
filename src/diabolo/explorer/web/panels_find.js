// Search and filter: which rows are shown.
import { button, choice, count, el, folded, labeled, plural, settled, slider } from "./dom.js";
import { goTo } from "./panels_near.js";

const LISTED = 60; // levels with a box to tick
const FOUND = 8; // rows that are listed

export function findPanel(page) {
  const { store } = page;
  const search = el("input", {
    type: "search",
    placeholder: "Search all columns",
    "aria-label": "Search all columns",
    value: store.get("query"),
  });
  search.addEventListener(
    "input",
    settled(() => store.set("query", search.value), 150),
  );
  store.on("query", (query) => query !== search.value && (search.value = query));
  const list = el("div", { class: "filters" });
  const result = el("p", { class: "soft", role: "status" });
  const added = page.columns.map((column, j) => [String(j), column.name]);
  const add = choice("Filter by a column", [["", "Filter by …"], ...added], "", (j) => {
    if (j !== "") set(page, page.columns[j].name, initial(page.columns[j]));
    add.value = "";
  });
  const all = plural(page.n, page.head.one);
  const found = el("ol", { class: "rows found", "aria-label": "Rows found" });
  const clear = button(`Show all ${page.head.one}s`, () => {
    search.value = "";
    store.set("hidden", new Set());
    store.set("filters", new Map());
    store.set("query", "");
  });
  store.on("filters", () => drawFilters(page, list));
  store.on("query filters hidden color", () => applyFilters(page));
  store.on("shown", (mask) => {
    const left = mask ? mask.reduce((a, b) => a + b, 0) : page.n;
    result.textContent = mask ? `${count(left)} of ${all} shown` : `all ${all} shown`;
    clear.hidden = !mask;
    found.replaceChildren(...firstOf(mask).map((i) => el("li", {}, goTo(page, i))));
  });
  drawFilters(page, list);
  queueMicrotask(() => (applyFilters(page), store.again("shown")));
  return el(
    "div",
    { class: "find" },
    el("div", { class: "line" }, search, add),
    list,
    el("div", { class: "line" }, result, clear),
    found,
  );
}

// The first rows of a mask.
function firstOf(mask) {
  const rows = [];
  for (let i = 0; mask && i < mask.length && rows.length < FOUND; i++) if (mask[i]) rows.push(i);
  return rows;
}

// A filter is { low, high } of numbers, { levels: Set } or { letters }.
function initial(column) {
  if (column.isNumber) return { low: column.spread.low, high: column.spread.high };
  return column.kind === "category" ? { levels: new Set(column.levels.keys()) } : { letters: "" };
}

function set(page, name, filter) {
  const filters = new Map(page.store.get("filters"));
  if (filter) filters.set(name, filter);
  else filters.delete(name);
  page.store.set("filters", filters);
}

function drawFilters(page, list) {
  const filters = page.store.get("filters");
  const kept = new Map([...list.children].map((node) => [node.dataset.name, node]));
  list.replaceChildren(
    ...[...filters.keys()].map(
      (name) =>
        kept.get(name) ??
        filterOf(
          page,
          page.columns.find((c) => c.name === name),
          filters.get(name),
        ),
    ),
  );
}

function filterOf(page, column, filter) {
  const change = (more) => set(page, column.name, { ...page.store.get("filters").get(column.name), ...more });
  const away = button("×", () => set(page, column.name, null), {
    class: "plain",
    "aria-label": `Remove the filter of ${column.name}`,
  });
  const control = column.isNumber
    ? rangeOf(column, filter, change)
    : column.kind === "category"
      ? levelsOf(column, filter, change)
      : lettersOf(column, filter, change);
  return el("fieldset", { "data-name": column.name }, el("legend", { title: column.about || null }, column.name, away), control);
}

function rangeOf(column, filter, change) {
  const { low, high } = column.spread;
  const said = el("output", {});
  const say = (a, b) => (said.textContent = `${column.said(a)} – ${column.said(b)}`);
  const [from, to] = [filter.low, filter.high];
  say(from, to);
  const lower = slider(`${column.name}: from`, [low, high], from, (v) => (say(v, Number(upper.value)), change({ low: v })));
  const upper = slider(`${column.name}: to`, [low, high], to, (v) => (say(Number(lower.value), v), change({ high: v })));
  return el("div", { class: "range" }, lower, upper, said);
}

function levelsOf(column, filter, change) {
  const levels = new Set(filter.levels);
  const boxes = column.levels.slice(0, LISTED).map((level, c) => {
    const box = el("input", { type: "checkbox", checked: levels.has(c) });
    box.addEventListener("change", () => {
      if (box.checked) levels.add(c);
      else levels.delete(c);
      change({ levels: new Set(levels) });
    });
    return labeled(level, box, { class: "tick" });
  });
  return el("div", { class: "ticks" }, ...boxes);
}

function lettersOf(column, filter, change) {
  const input = el("input", {
    type: "search",
    value: filter.letters,
    placeholder: "contains …",
    "aria-label": `${column.name} contains`,
  });
  input.addEventListener(
    "input",
    settled(() => change({ letters: input.value }), 150),
  );
  return input;
}

// ── which rows pass ─────────────────────────────────────────────────────────────────────────────────────────────────

function applyFilters(page) {
  const tests = [...testsOf(page)];
  if (!tests.length) return page.store.set("shown", null);
  const mask = new Uint8Array(page.n);
  for (let i = 0; i < page.n; i++) mask[i] = tests.every((test) => test(i)) ? 1 : 0;
  page.store.set("shown", mask);
}

function* testsOf(page) {
  const { store } = page;
  const query = store.get("query").trim();
  if (query) {
    const searches = page.columns.filter((c) => c.group !== "code").map((column) => column.search(query));
    const wanted = folded(query);
    yield (i) => folded(page.name(i)).includes(wanted) || searches.some((test) => test(i));
  }
  for (const [name, filter] of store.get("filters")) {
    const column = page.columns.find((c) => c.name === name);
    const v = column.values;
    const { low, high } = column.spread;
    if (filter.letters) yield column.search(filter.letters);
    else if (filter.levels && filter.levels.size < column.levels.length)
      yield (i) => filter.levels.has(v[i]) || (v[i] >= LISTED && !column.missing(i));
    else if (filter.low > low || filter.high < high) yield (i) => v[i] >= filter.low && v[i] <= filter.high;
  }
  const hidden = store.get("hidden");
  const colored = page.column(store.get("color"));
  if (hidden.size && colored) yield (i) => !hidden.has(page.shade(colored, i));
}
