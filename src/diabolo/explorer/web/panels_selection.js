// Rows in a loop: what sets them apart, a file of them, a new label.
import { BarLine } from "./faces.js";
import { button, download, el, percent, plural } from "./dom.js";
import { examplesMissing, labelTaken, rowsAsCsv, saveExamples } from "./files.js";

const MOST = 6; // columns that set them apart

export function selectionPanel(page) {
  const { store } = page;
  const box = el("div", { class: "selection" });
  const draw = () => {
    const rows = selectedRows(page);
    box.replaceChildren(...(rows.length ? told(page, rows) : offered(page)));
  };
  store.on("selected color", draw);
  store.on("selected", (mask) => mask && store.set("tab", "selection"));
  draw();
  return box;
}

function selectedRows({ store, n }) {
  const mask = store.get("selected");
  return mask ? Array.from({ length: n }, (_, i) => i).filter((i) => mask[i]) : [];
}

// Nothing is selected: how to, and the regions that have a name.
function offered(page) {
  const { regions } = page.head;
  const pick = (rows) => page.store.set("selected", maskOf(page.n, rows));
  return [
    el("p", { class: "soft" }, "Draw a loop around points with the lasso of the map, or with Shift and drag."),
    el(
      "div",
      { class: "line" },
      button(`Select all shown ${page.head.one}s`, () =>
        pick(Array.from({ length: page.n }, (_, i) => i).filter((i) => page.store.get("shown")?.[i] ?? true)),
      ),
    ),
    ...(regions.length
      ? [
          el("h3", {}, "Regions"),
          el(
            "ul",
            { class: "rows" },
            ...regions.map((region) =>
              el(
                "li",
                {},
                el(
                  "div",
                  {},
                  button(region.name, () => pick(region.rows), { class: "link" }),
                  el("p", { class: "soft" }, [plural(region.rows.length, page.head.one), ...region.says].join(" · ")),
                ),
              ),
            ),
          ),
        ]
      : []),
  ];
}

function maskOf(n, rows) {
  const mask = new Uint8Array(n);
  for (const i of rows) mask[i] = 1;
  return mask;
}

function told(page, rows) {
  const colored = page.column(page.store.get("color"));
  return [
    el(
      "div",
      { class: "line" },
      el("strong", {}, `${plural(rows.length, page.head.one)} selected`),
      button("Clear", () => page.store.set("selected", null)),
    ),
    el(
      "div",
      { class: "line" },
      button("Rows as CSV", () => download("selection.csv", rowsAsCsv(page, rows), "text/csv")),
    ),
    ...(colored?.kind === "category" ? [el("h3", {}, `Shares of ${colored.name}`), sharesOf(colored, rows)] : []),
    ...apartList(page, rows),
    ...(page.head.fonts ? [] : [labelForm(page, rows)]),
  ];
}

// The share of each level among the rows, and among all.
function sharesOf(column, rows) {
  const [here, all] = [rows, null].map((some) => levelCounts(column, some));
  const order = here
    .map((_, c) => c)
    .filter((c) => here[c])
    .sort((a, b) => here[b] - here[a])
    .slice(0, 8);
  const lines = order.map((c) => {
    const line = new BarLine();
    line.show(
      column.levels[c],
      here[c] / rows.length,
      `${percent(here[c] / rows.length)} (all ${percent(all[c] / column.values.length)})`,
    );
    return line.element;
  });
  return el("ul", { class: "bars wide" }, ...lines);
}

function levelCounts(column, rows) {
  const counts = column.levels.map(() => 0);
  for (const v of rows ? rows.map((i) => column.values[i]) : column.values) if (v >= 0) counts[v]++;
  return counts;
}

// ── what sets them apart ────────────────────────────────────────────────────────────────────────────────────────────

function apartList(page, rows) {
  const found = page.columns
    .filter((c) => c.group !== "code" && c.kind !== "text")
    .map((c) => effectOf(c, rows))
    .filter((e) => e && e.size > 0.3);
  found.sort((a, b) => b.size - a.size);
  if (!found.length) return [];
  return [
    el("h3", {}, "What sets them apart"),
    el("ul", { class: "plain" }, ...found.slice(0, MOST).map((e) => el("li", {}, e.words))),
  ];
}

function effectOf(column, rows) {
  if (column.isNumber) {
    const [here, all] = [meanOf(column, rows), meanOf(column, null)];
    return {
      size: Math.abs(here - all) / column.spread.deviation,
      words: `${column.name}: ${column.said(here)} on average, of all ${column.said(all)}`,
    };
  }
  const [here, all] = [rows, null].map((some) => levelCounts(column, some));
  const effects = here.map((n, c) => {
    const p = all[c] / column.values.length;
    return p > 0 && p < 1 ? (n / rows.length - p) / Math.sqrt(p * (1 - p)) : 0;
  });
  const best = effects.indexOf(Math.max(...effects));
  return best < 0
    ? null
    : {
        size: effects[best],
        words: `${column.name} is ${column.levels[best]} in ${percent(here[best] / rows.length)}, of all in ${percent(all[best] / column.values.length)}`,
      };
}

function meanOf(column, rows) {
  let [sum, n] = [0, 0];
  const add = (v) => {
    if (!Number.isNaN(v)) [sum, n] = [sum + v, n + 1];
  };
  if (rows) for (const i of rows) add(column.values[i]);
  else for (const v of column.values) add(v);
  return sum / n;
}

// ── a new label ─────────────────────────────────────────────────────────────────────────────────────────────────────

function labelForm(page, rows) {
  const why = examplesMissing(page);
  const name = el("input", {
    type: "text",
    placeholder: "name of the label",
    "aria-label": "Name of the new label",
  });
  const said = el("p", { class: "soft", role: "status" });
  const save = async (event) => {
    event.preventDefault();
    const label = name.value.trim();
    if (!label) return said.replaceChildren("Give the label a name.");
    const taken = labelTaken(page, label);
    if (taken) return said.replaceChildren(taken);
    const file = await saveExamples(page, rows, label);
    said.replaceChildren(`${plural(rows.length, "example")} in ${file}. `, ...learnedWith(page, label, file));
  };
  return el(
    "form",
    { class: "label", onsubmit: save },
    el("h3", {}, "Make this a new label"),
    why
      ? el("p", { class: "soft" }, `Not from this page: ${why}.`)
      : el("div", { class: "line" }, name, el("button", { type: "submit" }, "Save the examples")),
    said,
  );
}

// Only a model that has labels learns one more.
function learnedWith({ head }, label, file) {
  const command = (text) => el("code", {}, text);
  const add = command(`diabolo label add MODEL.diabolo ${quoted(label)} ${file}`);
  return head.model === "MultiLabelClassifier"
    ? ["The model learns the label from them with ", add]
    : [
        `This model (${head.model}) learns no labels. A model with labels, made by `,
        command("diabolo fit DATA --labels COLUMNS -o MODEL.diabolo"),
        ", learns it with ",
        add,
      ];
}

// A word of a command line.
function quoted(text) {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
