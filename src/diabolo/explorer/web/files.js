// Rows as files: CSV, and the examples from which `diabolo label add` learns.
import { download } from "./dom.js";
import { png, zipped } from "./zip.js";

// A cell of a CSV: in quotes, where it has to be.
function cell(text) {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(names, rows) {
  return `${[names, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

// All that the page knows of some rows.
export function rowsAsCsv(page, rows) {
  const columns = page.columns;
  const free = (name) => (columns.some((c) => c.header === name) ? `${name} (page)` : name);
  const named = page.head.ids ? [free("name")] : [];
  const names = [free("row"), ...named, ...columns.map((c) => c.header), free("map x"), free("map y")];
  const place = (i) => [page.model.places[2 * i], page.model.places[2 * i + 1]].map(String);
  return csv(
    names,
    rows.map((i) => [
      String(page.rowNumber(i)),
      ...(named.length ? [page.name(i)] : []),
      ...columns.map((c) => c.exact(i)),
      ...place(i),
    ]),
  );
}

// Whether the page holds all that a label is learned from; else why not.
export function examplesMissing(page) {
  const { kind, left_out: left, thumbnails } = page.head;
  if (left) return `the page holds only some of the columns (${left} are left out)`;
  if (kind === "images") return thumbnails?.whole ? "" : "the page holds the pictures only at a smaller size";
  if (kind === "documents" && !page.columns.some((c) => c.name === "text")) return "the page does not hold the texts";
  return "";
}

// Why no label can have this name; "" if one can.
export function labelTaken(page, label) {
  if (page.head.labels?.names.includes(label)) return `The model has a label ${label} already: choose another name.`;
  return exampleColumns(page).some((c) => c.header === label) ? `The rows have a column ${label}: choose another name.` : "";
}

function exampleColumns({ head, columns }) {
  return columns.filter((c) => (head.kind === "documents" ? c.name === "text" : c.group === "column"));
}

// The rows as a file of examples; its name.
export async function saveExamples(page, rows, label) {
  const name = label.replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 60) || "label";
  if (page.head.kind === "images") {
    download(`${name}.zip`, await picturesAsZip(page, rows));
    return `${name}.zip`;
  }
  const columns = exampleColumns(page);
  download(
    `${name}.csv`,
    csv(
      [...columns.map((c) => c.header), label],
      rows.map((i) => [...columns.map((c) => c.written(i)), "1"]),
    ),
    "text/csv",
  );
  return `${name}.csv`;
}

// A folder of PNGs, in a ZIP
async function picturesAsZip(page, rows) {
  const { w, h, c, per } = page.head.thumbnails;
  const sheet = await page.sheet;
  const canvas = Object.assign(document.createElement("canvas"), { width: sheet.width, height: sheet.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(sheet, 0, 0);
  const pngOf = (i) => png(context.getImageData((i % per) * w, Math.floor(i / per) * h, w, h), c);
  return zipped(
    await Promise.all(rows.map(async (i) => [`${String(page.rowNumber(i)).padStart(7, "0")}.png`, await pngOf(i)])),
  );
}
