// A row, a text or a picture of one's own -> its place, its reconstruction, its error.
import { button, called, el, percent, shortly, throttled } from "./dom.js";
import { pictureFrom } from "./dropped.js";
import { foreseenFace, PictureFace, WordsFace } from "./faces.js";
import { neighbors } from "./panels_near.js";
import { listed, pasted } from "./pasted.js";

const MOST = 8; // cells that are told

export function encodePanel(page) {
  const { codec, head, model, remote } = page;
  if (!remote && !(codec && model.encoder)) return null;
  const result = el("div", { class: "result", role: "status" });
  let newest = null;
  // read() -> a thing; an error in reading it is told in place of an older answer, too
  const encode = throttled(async (read) => {
    const said = [];
    newest = read;
    const found = await told(page, read, said);
    if (!found || newest !== read) return;
    result.replaceChildren(...said.map((text) => el("p", { class: "note" }, sentence(text))), ...found);
  }, 80);
  const kind = codec ? head.codec.kind : head.kind;
  const form = { documents: codec?.counted ? countsForm : textForm, embedded: textForm, images: pictureForm }[kind] ?? (codec ? rowForm : null);
  return form && el("div", { class: "encode" }, form(page, encode), result);
}

async function told(page, read, said) {
  try {
    return await encoded(page, await read(), said);
  } catch (error) {
    return [el("p", { class: "note", role: "alert" }, sentence(error.message))];
  }
}

function sentence(text) {
  return text.endsWith(".") ? text : `${text}.`;
}

// What becomes of a thing; null, if a newer one has taken its place.
async function encoded(page, thing, said) {
  const { codec, model, remote } = page;
  const given = codec ? Float32Array.from(codec.encode(thing, (text) => said.push(text))) : thing;
  if (codec?.kind === "documents" && !given.some(Boolean)) return []; // what was said is all
  const found = model.encoder ? { z: model.encode(given), x: given } : await remote.encode(given);
  if (!found) return null;
  const [z, x] = [model.flat && !model.encoder ? model.flattened(found.z) : Float32Array.from(found.z), found.x];
  if (!z.every(Number.isFinite)) throw new Error(`the encoder gives no numbers for this: fill in ${gapsOf(codec, given)}`);
  const decoded =
    (codec && model.reconstruct(given)) ?? (model.decodesNow ? model.decode(z) : model.decodes ? await remote.decode(z) : null);
  const e = Float32Array.from(decoded ?? []); // the next decoding overwrites it
  put(page, z);
  return answer(page, x, z, e);
}

// The columns of a row that have no value.
function gapsOf(codec, x) {
  const gaps = (codec?.own ?? codec?.columns ?? []).filter(({ start }) => Number.isNaN(x[start])).map(({ name }) => name);
  return gaps.length ? listed(gaps) : "what is missing";
}

function put(page, z) {
  page.map.place = page.model.place(z);
  page.moved(page.map.place, true);
}

function answer(page, x, z, e) {
  const place = page.model.place(z);
  const beyond = page.head.k === 2 && (place[0] !== z[0] || place[1] !== z[1]) ? ": beyond the map, drawn at its edge" : "";
  const lines = [el("p", {}, "The circle is at its place ", el("strong", {}, place.map(shortly).join(", ")), beyond, ".")];
  if (!e.length || !page.codec) return [...lines, ...labelsOf(page, x)];
  const errors = errorsOf(page, e, x);
  if (errors) lines.push(el("p", {}, ...errorWords(page, errors)));
  return [...lines, ...reconstruction(page, x, e, errors)];
}

function labelsOf(page, x) {
  const p = page.model.labelsOf(x);
  if (!p) return [];
  const face = foreseenFace(page);
  face.update(p);
  return [el("h3", {}, page.head.labels.kind === "numbers" ? "Predicted for it" : "Its labels"), face.element];
}

function errorsOf(page, e, x) {
  try {
    return Float32Array.from(page.codec.errors(e, x), (v) => v || 0);
  } catch {
    return null;
  }
}

// The error, and how many rows have a smaller one.
function errorWords(page, errors) {
  const total = errors.reduce((a, b) => a + b, 0);
  const known = page.measure("reconstruction error")?.values;
  const words = ["Error of the reconstruction: ", el("strong", {}, shortly(Number(total.toPrecision(4))))];
  return known
    ? [...words, `, larger than that of ${percent(known.filter((v) => v < total).length / known.length)} of the rows.`]
    : words;
}

function reconstruction(page, x, e, errors) {
  const face = { documents: () => new WordsFace(null, page.head.one), images: () => new PictureFace() }[page.head.codec.kind]?.();
  if (face) {
    face.update(page.codec.decode(e));
    return [el("h3", {}, "Its reconstruction"), pictured(face, page.codec.decode(e))];
  }
  const [given, back] = [x, e].map((v) => page.codec.decode(Float32Array.from(v)));
  const order = back
    .map((_, j) => j)
    .sort((a, b) => (errors?.[b] ?? 0) - (errors?.[a] ?? 0))
    .slice(0, MOST);
  const most = Math.max(1e-12, errors?.[order[0]] ?? 0);
  const row = (j) => {
    const bar = el("i");
    bar.style.setProperty("--at", `${(100 * (errors?.[j] ?? 0)) / most}%`);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, back[j].name),
      el("td", {}, given[j].text || "missing"),
      el("td", {}, back[j].text),
      el("td", { class: "track", title: errors ? shortly(errors[j]) : "" }, el("span", { class: "bar" }, bar)),
    );
  };
  const heads = ["column", "given", "reconstructed", "error"].map((name) => el("th", { scope: "col" }, name));
  return [
    el(
      "table",
      { class: "compare" },
      el("caption", { class: "unseen" }, "Given and reconstructed, the largest errors first"),
      el("thead", {}, el("tr", {}, ...heads)),
      el("tbody", {}, ...order.map(row)),
    ),
  ];
}

function pictured(face, thing) {
  return el("div", { class: "thing small", role: "img", "aria-label": `Reconstruction: ${face.say(thing)}` }, face.element);
}

// ── a row ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function rowForm(page, encode) {
  const names = page.codec.own.map((c) => c.name);
  const origin = el("p", { class: "soft", role: "status" });
  let source = "";
  const edited = new Set();
  const inputs = names.map((name) => inputOf(page, name, () => (edited.add(name), tell(), encode(row))));
  const row = () => Object.fromEntries(names.map((name, j) => [name, inputs[j].value === "" ? null : inputs[j].value]));
  const changed = () => (edited.size ? `; changed since: ${listed([...edited])}` : "");
  const tell = () => (origin.textContent = source && `${source}${changed()}.`);
  const fill = (values, from) => {
    inputs.forEach((input, j) => (input.value = values[j] ?? ""));
    source = from;
    edited.clear();
    tell();
  };
  const nearest = () => {
    const [i] = neighbors(page, page.map.place, 1);
    if (i === undefined) return;
    const cells = names.map((name) => page.column(called(name))?.written(i) ?? "");
    fill(cells, `Taken from ${page.name(i)}, the nearest to the circle`);
  };
  const place = () => fill(page.thing.map((cell) => cell.text), "Taken from what is decoded at the circle");
  const paste = el("textarea", {
    rows: 2,
    placeholder: "Paste a row: values in the order of the columns, with or without a line of names, or JSON",
    "aria-label": "Paste a row",
  });
  const take = () => {
    const given = pasted(paste.value, names);
    const absent = names.filter((name) => !Object.hasOwn(given, name));
    const said = absent.length ? `Not in what was pasted, and so missing: ${listed(absent)}` : "Taken from what was pasted";
    fill(names.map((name) => given[name]), said);
    return row();
  };
  paste.addEventListener("input", () => paste.value.trim() && encode(take));
  page.store.on("tab", (tab) => tab === "encode" && inputs.every((input) => input.value === "") && nearest());
  return el(
    "div",
    {},
    paste,
    el(
      "div",
      { class: "line" },
      button("Nearest row", () => (nearest(), encode(row))),
      button("Decoded row", () => (place(), encode(row))),
    ),
    origin,
    el("div", { class: "form" }, ...names.map((name, j) => el("label", {}, el("span", {}, called(name)), inputs[j]))),
  );
}

function inputOf(page, name, changed) {
  const column = page.codec.columns.find((c) => c.name === name);
  const levels = column.levels?.length
    ? el(
        "datalist",
        { id: `levels-${page.codec.columns.indexOf(column)}` },
        ...column.texts
          .slice(0, -1)
          .slice(0, 200)
          .map((level) => el("option", { value: level })),
      )
    : null;
  const input = el("input", { type: "text", autocomplete: "off", list: levels?.id, oninput: changed });
  if (levels) page.root.append(levels);
  return input;
}

// ── a text ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function textForm(page, encode) {
  const area = el("textarea", { rows: 6, placeholder: "Type or paste a text", "aria-label": "A text to place on the map" });
  area.addEventListener("input", () => area.value.trim() && encode(() => area.value));
  return area;
}

// A row of a matrix of counts: what is not named counts 0.
function countsForm(page, encode) {
  const { words } = page.codec;
  const placeholder = words.slice(0, 2).map((name, i) => `${name} ${3 - i}`).join("\n");
  const area = el("textarea", { rows: 6, placeholder, "aria-label": "Names and counts, one a line" });
  const read = () => {
    const x = new Float32Array(words.length);
    for (const line of area.value.split(/[\n;]/).filter((text) => text.trim())) {
      const [, name, count] = /^\s*(.+?)[\s,:=]+(\d+\.?\d*|\.\d+)\s*$/.exec(line) ?? [];
      if (!name) throw new Error(`${line.trim()}: give a name and a count, such as ${words[0]} 3`);
      if (!words.includes(name)) throw new Error(`${name} is none of the ${words.length.toLocaleString("en")} columns`);
      x[words.indexOf(name)] = Number(count);
    }
    return x;
  };
  area.addEventListener("input", () => area.value.trim() && encode(read));
  return area;
}

// ── a picture ───────────────────────────────────────────────────────────────────────────────────────────────────────

function pictureForm(page, encode) {
  const take = (file) => file && encode(() => pictureFrom(file));
  const input = el("input", {
    type: "file",
    accept: "image/png,image/jpeg,image/webp,image/gif",
    "aria-label": "Choose a picture",
    onchange: () => take(input.files[0]),
  });
  const zone = el("label", { class: "drop" }, "Drop a picture here, paste it, or choose a file ", input);
  const over = (event) => {
    event.preventDefault();
    zone.classList.toggle("over", event.type === "dragover");
  };
  for (const type of ["dragover", "dragleave", "drop"]) page.root.addEventListener(type, over);
  page.root.addEventListener("drop", (event) => (page.store.set("tab", "encode"), take(event.dataTransfer.files[0])));
  document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
  return zone;
}
