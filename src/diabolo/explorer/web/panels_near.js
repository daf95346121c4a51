// The rows near the circle, and the row under the pointer.
import { button, el, plural, throttled } from "./dom.js";
import { numberOf, shown } from "./faces.js";
import { apart, nearest } from "./near.js";

const MOST = 6; // rows
const CELLS = 3; // of each that differ most
const HOVERED = 9; // cells of the row under the pointer

export function nearPanel(page) {
  const list = el("ol", { class: "rows" });
  const draw = throttled((place) => list.replaceChildren(...neighbors(page, place).map((i) => neighbor(page, i))), 120);
  page.store.on("place shown", () => page.store.get("place") && draw(page.store.get("place")));
  const compared =
    page.model.decodes && page.head.codec?.kind === "tables" ? ", and the cells that differ most from what is decoded" : "";
  const about = `The nearest ${page.head.one}s${compared}.`;
  return el("div", {}, el("p", { class: "soft" }, about), list);
}

// By the distance of their codes.
export function neighbors({ model, n, store }, place, most = MOST) {
  const z = model.code(place);
  const shown = store.get("shown");
  return nearest(
    n,
    Math.min(most, n),
    (i) => apart(z, model.codes, i * model.k, model.k),
    (i) => !shown || shown[i],
  ).map(([, i]) => i);
}

// The name of a row, which moves the circle there.
export function goTo(page, i) {
  const go = () => page.go([page.model.places[2 * i], page.model.places[2 * i + 1]]);
  return button(page.name(i), go, { class: "link", title: "Move the circle there" });
}

function neighbor(page, i) {
  return el(
    "li",
    {},
    thumbnail(page, i, 44),
    el(
      "div",
      {},
      goTo(page, i),
      el("p", { class: "soft" }, differences(page, i)),
    ),
  );
}

// The cells of a row that differ most from what is decoded, in words.
function differences(page, i) {
  if (page.head.kind === "documents")
    return page.column("text")?.text(i).slice(0, 160) ?? (page.column("words") ?? page.column("most"))?.text(i) ?? "";
  const cells = Array.isArray(page.thing) && !page.head.pixels ? page.thing : [];
  const found = cells.map((cell) => differenceOf(page.column(cell.name), cell, i)).filter((d) => d && d.by > 0.05);
  found.sort((a, b) => b.by - a.by);
  if (cells.length && !found.length) return "as decoded";
  if (!cells.length)
    return tellingColumns(page)
      .slice(0, CELLS)
      .map((c) => `${c.name} ${c.text(i)}`)
      .join(" · ");
  return found
    .slice(0, CELLS)
    .map((d) => d.words)
    .join(" · ");
}

// Labels and predictions first.
function tellingColumns({ columns, head, measure }) {
  const first = (c) => c.group === "label" || (head.labels?.kind === "numbers" && c.group === "measure");
  const rest = (c) => (c.group === "column" && !head.pixels) || c === measure("reconstruction error");
  return [...columns.filter(first), ...columns.filter((c) => !first(c) && rest(c))];
}

function differenceOf(column, cell, i) {
  if (!column || column.missing(i)) return null;
  const number = numberOf(cell, column);
  const said = column.isNumber && !column.texts && !Number.isNaN(number) ? column.said(number) : shown(cell, column);
  const words = `${cell.name} ${column.text(i)}, not ${said}`;
  const far = Math.abs(column.values[i] - number);
  if (!Number.isNaN(far)) return { by: far / column.spread.deviation, words };
  return { by: column.exact(i) === cell.text ? 0 : (cell.sure ?? 1) * 2, words };
}

export function thumbnail(page, i, size) {
  if (!page.sheet) return null;
  const { w, h, per } = page.head.thumbnails;
  const fit = size / Math.max(w, h);
  const canvas = el("canvas", {
    class: "thumbnail",
    width: Math.round(w * fit),
    height: Math.round(h * fit),
    "aria-hidden": "true",
  });
  page.sheet.then((sheet) => {
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = fit < 2;
    context.drawImage(sheet, (i % per) * w, Math.floor(i / per) * h, w, h, 0, 0, canvas.width, canvas.height);
  });
  return canvas;
}

export function hoverCard(page) {
  const card = el("div", { class: "hover", hidden: true });
  page.store.on("moving", (moving) => moving && page.store.set("hovered", null));
  page.store.on("hovered", (found) => {
    card.hidden = !found;
    if (!found) return;
    card.replaceChildren(...rowCells(page, found.row));
    const stage = page.map.stage;
    const [u, v] = found.at;
    const [w, h] = [card.offsetWidth, card.offsetHeight];
    card.style.left = `${Math.max(4, Math.min(stage.clientWidth - w - 4, u + 14))}px`;
    card.style.top = `${v + h + 18 < stage.clientHeight ? v + 14 : Math.max(4, v - h - 14)}px`;
  });
  return card;
}

function rowCells(page, i) {
  const colored = page.column(page.store.get("color"));
  const order = [...page.columns].filter((c) => c !== colored && c.group !== "code");
  const shown = [...(colored ? [colored] : []), ...order].slice(0, HOVERED);
  const cut = (text) => (text.length > 120 ? `${text.slice(0, 119)}…` : text);
  const rest = order.length + (colored ? 1 : 0) - shown.length;
  return [
    el("strong", {}, page.name(i)),
    thumbnail(page, i, 72),
    el(
      "table",
      {},
      el("tbody", {}, ...shown.map((c) => el("tr", {}, el("th", { scope: "row" }, c.name), el("td", {}, cut(c.text(i)))))),
    ),
    rest > 0 ? el("small", { class: "soft" }, `and ${plural(rest, "more column")}`) : null,
  ].filter(Boolean);
}
