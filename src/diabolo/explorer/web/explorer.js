// Head and bytes -> an explorer in an element.
import { makeCodec } from "./codec.js";
import { Column } from "./columns.js";
import { el } from "./dom.js";
import { encodePanel } from "./panels_encode.js";
import { faceOf, foreseenFace } from "./faces.js";
import { decodedPanel } from "./panels_decoded.js";
import { FontFace } from "./panels_fonts.js";
import { findPanel } from "./panels_find.js";
import { followed, linked } from "./link.js";
import { MISSING, groundControls, legendPanel, shadesOf } from "./panels_ground.js";
import { MapView } from "./map.js";
import { Model } from "./model.js";
import { nearPanel, hoverCard } from "./panels_near.js";
import { placePanel } from "./panels_place.js";
import { Tensors, loadKernel } from "./program.js";
import { Remote, keeping } from "./remote.js";
import { savePanel } from "./panels_save.js";
import { selectionPanel } from "./panels_selection.js";
import { Store } from "./store.js";
import { tabs } from "./panels_tabs.js";
import { walkPanel } from "./panels_walk.js";
import { bytesOf } from "./unpack.js";

export async function explore(root, head, buffer, { linked: link = false } = {}) {
  const page = await pageOf(root, head, buffer);
  page.link = link;
  build(page);
  if (head.fonts?.place) page.map.place = head.fonts.place;
  if (link) followed(page);
  page.moved(page.map.place, true);
  if (link) linked(page);
  return page;
}

// What all panels know.
async function pageOf(root, head, buffer) {
  const tensors = new Tensors(head.tensors, buffer);
  const kernel = await loadKernel(head.kernel ? bytesOf(head.kernel) : null);
  const codec = head.codec ? makeCodec(head.codec, tensors) : null;
  const index = tensors.array(head.index);
  const columns = head.columns.map((column) => new Column(column, tensors));
  for (const column of columns) if (column.group === "column") column.own = codec?.columns?.find(({ name }) => name === column.header);
  const names = head.ids ?? Array.from(index, (i) => `row ${i}`);
  const page = {
    root,
    head,
    tensors,
    codec,
    columns,
    n: head.n,
    model: new Model(head, tensors, kernel, codec),
    rowNumber: (i) => index[i],
    names,
    name: (i) => names[i],
    column: (name) => columns.find((column) => column.name === name),
    measure: (name) => columns.find((column) => column.group === "measure" && column.name.startsWith(name)),
    shade: (column, i) => (column.missing(i) ? MISSING : shadesOf(column)[column.values[i]]),
    trust: head.trust && { round: tensors.array(head.trust.round), stretch: tensors.array(head.trust.stretch) },
    reduced: matchMedia("(prefers-reduced-motion: reduce)").matches,
    sheet: head.thumbnails ? picture(head.thumbnails.sheet) : null,
    store: new Store({
      place: null,
      before: null,
      moving: false,
      color: firstColor(head, columns),
      ground: "likely",
      things: "points",
      query: "",
      filters: new Map(),
      hidden: new Set(),
      shown: null,
      selected: null,
      tab: null,
      anchors: [],
      text: null,
      given: null,
      unlinked: "",
    }),
  };
  page.face = faceFor(page);
  page.say = (text) => page.store.set("said", text);
  page.remote = head.remote.encode || head.remote.decode ? new Remote(head.k, page.say) : null;
  page.decoded = (place, use) => (page.model.asks ? asked(page, place, use) : use(thingAt(page, place)));
  page.decodedSoon = page.model.asks ? keeping(page) : page.decoded;
  page.usual = { color: page.store.get("color"), tab: "near", text: head.fonts?.text };
  return page;
}

function faceFor(page) {
  const { head, model, codec } = page;
  if (head.fonts) return new FontFace(page);
  if (head.labels && !model.decodes) return foreseenFace(page);
  return codec ? faceOf(head.codec.kind, page) : null;
}

// What the face shows of a place.
function thingAt({ model, codec, face }, place) {
  if (face instanceof FontFace) return face.decoded(place);
  const e = model.decodeAt(place);
  return e ? codec?.decode(e) : model.labelsAt(place);
}

async function asked({ remote, model, codec }, place, use) {
  const e = await remote.decode(model.code(place));
  if (e && codec) use(codec.decode(e));
}

// A label, if there is one; rows without labels have no color at first.
function firstColor(head, columns) {
  if (head.color) return columns.find(({ header }) => header === head.color).name;
  if (head.fonts) return "";
  return (
    columns.find((column) => column.group === "label" && column.kind !== "text")?.name ??
    (head.model === "OutlierDetector" || head.labels?.kind === "numbers" ? columns.find((c) => c.group === "measure").name : "")
  );
}

async function picture(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

// ── building ────────────────────────────────────────────────────────────────────────────────────────────────────────

function build(page) {
  const { root, head, store } = page;
  const ground = el("div", { class: "ground" });
  const decoded = decodedPanel(page);
  const map = el("section", { class: "sheet map-sheet", "aria-label": "Map" }, groundControls(page), ground, legendPanel(page));
  const side = tabs(page, [
    ["near", "Near", nearPanel(page)],
    ["encode", "Encode", encodePanel(page)],
    ["find", "Find", findPanel(page)],
    ["walk", "Walk", walkPanel(page)],
    ["selection", "Selection", selectionPanel(page)],
    ["place", "Place", placePanel(page)],
    ["save", "Save", savePanel(page)],
  ]);
  root.replaceChildren(heading(head), el("main", {}, decoded, map, side), footer(head));
  const card = hoverCard(page);
  page.draw = () => {
    page.map?.destroy();
    page.map = mapOf(page, ground);
    ground.append(card);
    page.map.regions(page.model.axes ? [] : head.regions);
    page.map.show(store.get("shown"));
    page.map.select(store.get("selected"));
    store.again("color ground things");
  };
  page.moved = (place, done) => moved(page, place, done);
  page.go = (place) => page.map.glide(place);
  page.turn = (axes) => turned(page, axes);
  store.on("shown", (mask) => page.map.show(mask));
  store.on("selected", (mask) => page.map.select(mask));
  store.on("anchors", (anchors) => page.map.path(anchors));
  page.draw();
}

function mapOf(page, ground) {
  const { model, store } = page;
  return new MapView(ground, {
    ...model.plane,
    places: model.places,
    names: page.names,
    onplace: (place, done) => moved(page, place, done),
    onhover: (row, at) => store.set("hovered", row === null ? null : { row, at }),
    onselect: (mask) => store.set("selected", mask?.some(Boolean) ? mask : null),
    onview: () => store.set("view", page.map.view),
  });
}

// The map shows two of the codes (k > 2), or again what it showed first.
function turned(page, axes) {
  const { store, model } = page;
  model.turn(axes);
  for (const name of ["before", "rested"]) store.set(name, null); // places of the other map
  store.set("anchors", []);
  page.draw();
  store.set("axes", axes);
  page.moved(page.map.place, true);
}

// The circle is somewhere else; `done`: it was let go. What has changed is told from where it rested.
function moved(page, place, done) {
  const { store } = page;
  const rested = store.get("rested");
  if (rested && !store.get("moving") && !(done && same(rested, place))) store.set("before", rested);
  if (!done) store.set("moving", true);
  store.set("place", place);
  if (!done) return;
  store.set("moving", false);
  store.set("rested", place);
}

const same = (a, b) => a.every((v, i) => v === b[i]);

function heading(head) {
  const mark = el("p", { class: "brand" }, logo(), "diabolo");
  return el("header", {}, mark, el("h1", {}, head.title), el("p", { class: "about" }, head.about));
}

function logo() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 16");
  svg.setAttribute("class", "logo");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M0 0 L12 6 L24 0 V16 L12 10 L0 16 Z");
  svg.append(path);
  return svg;
}

function footer({ one }) {
  return el(
    "footer",
    {},
    el(
      "p",
      {},
      "Drag the black and white circle over the map, or focus it and use the arrow keys: Shift is fine, Page Up and Page Down ",
      `are ten steps, Home is the likeliest place, End the strangest ${one}. Made with diabolo.`,
    ),
  );
}
