// The explorer in a cell of a notebook: its circle and its selected rows are those of the object in Python.
import { el as element, throttled } from "./dom.js";
import { explore } from "./explorer.js";

const WAIT = 100; // milliseconds between two messages, while the circle is dragged

export async function render({ model, el }) {
  const root = element("div", { class: "diabolo" });
  el.append(root);
  const page = await explore(root, model.get("head"), bytesIn(model.get("blob")));
  const ends = [sharedPlace(page, model), sharedRows(page, model)];
  root.dataset.ready = "true";
  return () => ends.forEach((end) => end());
}

// A view into a message -> an ArrayBuffer of its own, where tensors begin at multiples of 8.
function bytesIn({ buffer, byteOffset, byteLength }) {
  return buffer.slice(byteOffset, byteOffset + byteLength);
}

function sharedPlace(page, model) {
  const go = () => {
    const place = model.get("place");
    if (!place || same(place, page.map.place)) return;
    page.map.place = place;
    page.moved(page.map.place, true);
  };
  const tell = throttled(() => {
    const place = Array.from(page.map.place);
    model.set("place", place);
    model.set("code", [...place, ...page.model.code(place)]);
    model.save_changes();
  }, WAIT);
  go();
  tell();
  page.store.on("place axes", tell);
  return heard(model, "change:place", go);
}

function sharedRows(page, model) {
  const numbers = Array.from({ length: page.n }, (_, i) => page.rowNumber(i));
  const chosen = () => numbers.filter((_, i) => page.store.get("selected")?.[i]);
  const pick = () => {
    const rows = model.get("selection");
    if (same(rows, chosen())) return;
    const wanted = new Set(rows);
    page.store.set("selected", rows.length ? Uint8Array.from(numbers, (row) => wanted.has(row)) : null);
  };
  const tell = () => {
    if (same(chosen(), model.get("selection"))) return;
    model.set("selection", chosen());
    model.save_changes();
  };
  pick();
  page.store.on("selected", tell);
  return heard(model, "change:selection", pick);
}

function heard(model, event, run) {
  model.on(event, run);
  return () => model.off(event, run);
}

function same(a, b) {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}
