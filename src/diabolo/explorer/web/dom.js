// Elements, numbers and files.

const SVG = "http://www.w3.org/2000/svg";
const LONG = 15; // digits of what was stored in single precision

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// A tag, its attributes (a function is a listener: onclick), its children; texts stay texts.
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

// The name of a column for people: pandas writes row numbers under no name.
export const called = (name) => name || "(no name)";

export function button(text, onclick, attributes = {}) {
  return el("button", { type: "button", onclick, ...attributes }, text);
}

export function labeled(text, control, attributes = {}) {
  return el("label", attributes, el("span", {}, text), control);
}

// options: [value, text, title] or { group, options }
export function choice(name, options, chosen, onchange) {
  const option = ([value, text, title]) => el("option", { value, title: title || null, selected: value === chosen }, text);
  const all = options.map((o) => (Array.isArray(o) ? option(o) : el("optgroup", { label: o.group }, ...o.options.map(option))));
  return el("select", { "aria-label": name, onchange: (event) => onchange(event.target.value) }, ...all);
}

export function slider(name, [low, high], value, oninput, attributes = {}) {
  const input = el("input", {
    type: "range",
    min: low,
    max: high,
    step: "any",
    "aria-label": name,
    oninput: (event) => oninput(Number(event.target.value)),
    ...attributes,
  });
  input.value = value;
  return input;
}

export function count(n) {
  return n.toLocaleString("en");
}

export function plural(n, word) {
  return `${count(n)} ${word}${n === 1 ? "" : "s"}`;
}

export function percent(share) {
  return share > 0 && share < 0.005 ? "< 1 %" : share < 1 && share > 0.995 ? "> 99 %" : `${Math.round(100 * share)} %`;
}

// Letters to search by: without capitals and accents.
export function folded(text) {
  const plain = /^[\0-\x7f]*$/.test(text) ? text : text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFC");
  return plain.toLowerCase();
}

// About four digits, for people.
export function shortly(v) {
  const size = Math.abs(v);
  if (!Number.isFinite(v)) return "–";
  if (Number.isInteger(v) && size < 1e7) return size < 10000 ? String(v) : count(v);
  if (size >= 1e7 || size < 1e-3) return v.toExponential(2);
  return v.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 6 : 4, useGrouping: size >= 10000 });
}

// All digits that a number has: 0.1, not 0.10000000149 where it was stored in single precision.
export function exactly(v) {
  const text = String(v);
  const digits = text.replace(/e.*|\D/g, "").replace(/^0+/, "").length;
  if (Math.fround(v) !== v || Number.isInteger(v) || digits < LONG) return text;
  return String([8, 9].map((few) => Number(v.toPrecision(few))).find((short) => Math.fround(short) === v));
}

export function day(seconds) {
  const text = new Date(1000 * seconds).toISOString();
  return seconds % 86400 === 0 ? text.slice(0, 10) : text.slice(0, 19).replace("T", " ");
}

export function clock(seconds) {
  return new Date(1000 * seconds).toISOString().slice(11, 19);
}

// A number as English has it, with the sign before decimals that a file has.
export function localized(text, sign) {
  return sign === "," ? text.replace(/[.,]/g, (c) => (c === "," ? "." : ",")) : text.replace(".", sign);
}

export function download(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// At most once per `wait` milliseconds, always with the newest arguments, and never within the frame of a drag.
export function throttled(run, wait) {
  let [timer, newest] = [0, null];
  const later = () => {
    timer = 0;
    if (!newest) return;
    const given = newest;
    newest = null;
    timer = setTimeout(later, wait);
    run(...given);
  };
  return (...given) => {
    newest = given;
    timer ||= setTimeout(later);
  };
}

export function settled(run, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), wait);
  };
}
