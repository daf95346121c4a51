// What is shown, as files.
import { button, download, el } from "./dom.js";
import { rowsAsCsv } from "./files.js";

export function savePanel(page) {
  const { store } = page;
  const title = page.head.title.replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 60) || "map";
  const rows = () => Array.from({ length: page.n }, (_, i) => i).filter((i) => store.get("shown")?.[i] ?? true);
  return el(
    "div",
    {},
    el(
      "div",
      { class: "line" },
      button("Map as PNG", async () => download(`${title}.png`, await page.map.png())),
      button("Map as SVG", () => download(`${title}.svg`, page.map.svg(), "image/svg+xml")),
      button("Shown rows as CSV", () => download(`${title}.csv`, rowsAsCsv(page, rows()), "text/csv")),
    ),
    el("div", { class: "line" }, saveDecoded(page, title)),
    page.linked === false
      ? null
      : el("p", { class: "soft" }, "The address of this page holds its state: copy it to come back to this view."),
  );
}

function saveDecoded(page, title) {
  const kind = page.head.kind;
  if (!page.model.decodes || !page.face || page.head.fonts) return null;
  if (kind === "images")
    return button("Decoded picture as PNG", () => page.face.canvas.toBlob((blob) => download(`${title}_decoded.png`, blob)));
  const name = { documents: "document" }[kind] ?? "row";
  return button(`Decoded ${name} as JSON`, () =>
    download(`${title}_decoded.json`, JSON.stringify(plainly(page.thing), null, 1), "application/json"),
  );
}

function plainly(thing) {
  if (thing?.[0]?.word !== undefined) return Object.fromEntries(thing.map((w) => [w.word, w.weight]));
  return Object.fromEntries(
    (thing ?? []).map((cell) => [cell.name, typeof cell.value === "bigint" ? String(cell.value) : cell.value]),
  );
}
