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
      button(`Shown ${page.head.one}s as CSV`, () => download(`${title}.csv`, rowsAsCsv(page, rows()), "text/csv")),
    ),
    el("div", { class: "line" }, saveDecoded(page, title)),
    page.link ? addressLine(store) : null,
  );
}

// The address as a copy for others, and what is not in it.
function addressLine(store) {
  const said = el("p", { class: "soft", role: "status" });
  const say = (left) =>
    (said.textContent = left
      ? `The address of this page holds its state, but not ${left}: that would be too long.`
      : "The address of this page holds its state, with filters and selected rows: it comes back to this view.");
  store.on("unlinked", say);
  say("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "The address is copied.";
    } catch {
      said.textContent = "This browser does not let the page copy: copy the address from its address bar.";
    }
  };
  return el("div", {}, el("div", { class: "line" }, button("Copy the address", copy)), said);
}

function saveDecoded(page, title) {
  const kind = page.head.kind;
  if (!page.model.decodes || !page.face || page.head.fonts) return null;
  if (kind === "images")
    return button("Decoded picture as PNG", () => page.face.canvas.toBlob((blob) => download(`${title}_decoded.png`, blob)));
  return button(`Decoded ${page.head.one} as JSON`, () =>
    download(`${title}_decoded.json`, JSON.stringify(plainly(page.thing), null, 1), "application/json"),
  );
}

function plainly(thing) {
  if (thing?.[0]?.word !== undefined) return Object.fromEntries(thing.map((w) => [w.word, w.weight]));
  return Object.fromEntries(
    (thing ?? []).map((cell) => [cell.name, typeof cell.value === "bigint" ? String(cell.value) : cell.value]),
  );
}
