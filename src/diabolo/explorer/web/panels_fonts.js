// A place of a font manifold: a word in its letters, all its letters, and the font as a file.
import { closest } from "./closest.js";
import { button, download, el, folded, labeled, plural, settled, throttled } from "./dom.js";
import { framed, inked, printed } from "./glyphs.js";
import { HOW_LIKELY } from "./ground.js";
import { outlines } from "./outlines.js";
import { SPACE, truetype, word } from "./truetype.js";
import { Whole } from "./whole.js";

const MISSING = [0.5, 0.7]; // em: width and height of what stands for a letter that is not known
const [SMALLEST, LARGEST] = [14, 104]; // pixels in an em
const LONGEST = 60; // letters of the text that are drawn
const SLICE = 12; // milliseconds
const MEANT = 3; // names that are offered
const REST = 250; // milliseconds that the circle rests before its letters are looked at

export class FontFace {
  constructor(page) {
    this.page = page;
    this.fonts = page.head.fonts;
    this.numbers = new Map([...this.fonts.letters].map((letter, i) => [letter, i]));
    page.store.set("text", this.fonts.text);
    this.word = el("canvas", { class: "word" });
    this.all = el("canvas", { class: "letters", "aria-hidden": "true" });
    this.spoken = el("div", { class: "thing words" }, this.word);
    this.unknown = el("p", { class: "soft", role: "status" });
    this.odd = el("p", { class: "soft odd", role: "status" });
    this.element = el("div", { class: "font" }, this.#input(), this.spoken, this.unknown, this.all, this.odd, this.#files());
    this.later = throttled((place) => this.#specimen(place), 90);
    this.#judge();
    page.store.on("text", () => page.store.get("place") && page.store.again("place"));
    new ResizeObserver(() => page.store.get("place") && page.store.again("place")).observe(this.element);
  }

  #input() {
    const { store, head } = this.page;
    const text = el("input", { type: "text", value: this.fonts.text, spellcheck: "false", autocomplete: "off" });
    text.addEventListener("input", () => store.set("text", text.value));
    store.on("text", (value) => document.activeElement !== text && (text.value = value));
    const names = el("datalist", { id: "font-names" }, ...[...new Set(head.ids)].map((value) => el("option", { value })));
    const jump = el("input", { type: "search", list: "font-names", placeholder: "name of a font", autocomplete: "off" });
    const said = el("p", { class: "soft", role: "alert" });
    jump.addEventListener("input", () => (said.replaceChildren(), this.#jump(jump.value)));
    jump.addEventListener("change", () => said.replaceChildren(...(this.#jump(jump.value) ? [] : this.#unknownFont(jump))));
    store.on("moving rested", () => said.replaceChildren());
    return el(
      "div",
      {},
      el("div", { class: "line" }, ...[["Text", text], ["Go to", jump]].map((of) => labeled(...of, { class: "field" })), names),
      said,
    );
  }

  // What is said of a name that no font has, with a button for each that was probably meant.
  #unknownFont(jump) {
    const name = jump.value.trim();
    if (!name) return [];
    const meant = closest(name, this.page.names, MEANT);
    if (!meant.length) return [`No font is named ${name}: choose one of the list.`];
    const go = (known) => button(known, () => ((jump.value = known), this.#jump(known)), { class: "link" });
    return [`No font is named ${name}. Did you mean `, ...meant.flatMap((known, i) => [i ? ", " : "", go(known)]), "?"];
  }

  #jump(name) {
    const { page } = this;
    const wanted = folded(name.trim());
    const i = page.names.findIndex((known) => folded(known) === wanted);
    if (i >= 0) page.go([page.model.places[2 * i], page.model.places[2 * i + 1]]);
    return i >= 0;
  }

  // Names the letters that look incomplete where the circle rests: never within a drag.
  #judge() {
    const { store, model } = this.page;
    const { letters, size } = this.fonts;
    const all = [...letters];
    const fieldsAt = (place) => {
      const found = this.letters(place, letters);
      return all.map((letter) => found.get(letter).field);
    };
    const whole = new Whole(model.places, size, fieldsAt);
    const look = settled(async (place) => {
      if (store.get("moving")) return;
      const odd = await whole.incomplete(place);
      if (odd) this.odd.textContent = odd.length ? `Looks incomplete here: ${odd.map((i) => all[i]).join(" ")}` : "";
    }, REST);
    store.on("moving", (moving) => moving && (whole.drop(), (this.odd.textContent = "")));
    store.on("rested", look);
  }

  // ── what is decoded ─────────────────────────────────────────────────────────────────────────────────────────────────

  // The fields and advances of some letters at a place.
  letters(place, wanted) {
    const { size, step, unit } = this.fonts;
    const numbers = [...new Set(wanted)].map((letter) => this.numbers.get(letter)).filter((i) => i !== undefined);
    const cells = size * size, each = cells + 1;  // and its advance
    const ranges = numbers.flatMap((i) => [i * step, i * step + each]);
    const out = numbers.length ? this.page.model.decoder.run(this.page.model.code(place), ranges) : [];
    const found = new Map();
    numbers.forEach((i, at) =>
      found.set(this.fonts.letters[i], {
        field: out.slice(at * each, at * each + cells),
        advance: Math.max(0.05, out[at * each + cells] * unit),
      }),
    );
    return found;
  }

  decoded(place) {
    return { place, text: this.page.store.get("text"), letters: this.letters(place, this.page.store.get("text")) };
  }

  update({ place, text, letters }) {
    const { moving } = this.page.store.values;
    const unknown = [...new Set(text)].filter((letter) => letter.trim() && !this.numbers.has(letter));
    const seen = this.#fitting(text, letters);
    this.unknown.textContent = [
      unknown.length ? `Not learned, and drawn as a box: ${unknown.join(" ")}` : "",
      seen.length < text.length ? `Too long for this page: only the first ${plural([...seen].length, "letter")} are drawn` : "",
    ]
      .filter(Boolean)
      .join(". ");
    this.#write(this.word, seen, letters, moving ? 1 : Math.min(2, devicePixelRatio));
    this.later(place);
  }

  say({ text }) {
    const near = this.page.map.near(...this.page.map.place);
    const letters = [...text];
    const said = letters.slice(0, LONGEST).join("") + (letters.length > LONGEST ? " …" : "");
    return `${said || "nothing"}, in a font near ${near < 0 ? "no other" : this.page.name(near)}`;
  }

  // One letter, small.
  draw(context, u, v, size, { place, text }) {
    if (this.page.map.word(...place) === HOW_LIKELY[0]) return; // there are no fonts
    const [first] = [...text].filter((letter) => this.numbers.has(letter));
    const letter = first ?? this.fonts.letters[0];
    const glyph = this.letters(place, [letter]).get(letter);
    const { box, size: s } = this.fonts;
    const ratio = context.getTransform().a;
    const side = Math.round(size * 0.95 * ratio);
    const small = (this.small ??= el("canvas"));
    [small.width, small.height] = [side, side];
    const ink = new Uint8ClampedArray(side * side);
    inked(ink, side, side, glyph.field, s, side, 0, 0);
    printed(small.getContext("2d"), ink, side, side, this.#ink());
    const middle = (0.35 - (box[1] + box[3]) / 2) / (box[3] - box[1]); // of a capital
    context.drawImage(small, u - size * 0.475, v - size * 0.475 + middle * size * 0.5, size * 0.95, size * 0.95);
  }

  // ── drawing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #ink() {
    return getComputedStyle(this.element)
      .color.match(/[\d.]+/g)
      .slice(0, 3)
      .map(Number);
  }

  // The first letters of a text, as many as can be read side by side.
  #fitting(text, letters) {
    let room = Math.max(60, this.spoken.clientWidth) / SMALLEST;
    const seen = [];
    for (const letter of text) {
      room -= Math.max(this.#advance(letters, letter), 0.5);
      if (room < 0 || seen.length === LONGEST) break;
      seen.push(letter);
    }
    return seen.join("");
  }

  #advance(letters, letter) {
    return letters.get(letter)?.advance ?? (letter.trim() ? MISSING[0] : SPACE);
  }

  // A line of letters in a canvas, as large as it fits.
  #write(canvas, text, letters, ratio) {
    const width = Math.max(60, Math.round(this.spoken.clientWidth * ratio));
    const total = [...text].reduce((sum, letter) => sum + this.#advance(letters, letter), 0);
    const em = Math.floor(Math.min(LARGEST * ratio, (width * 0.98) / Math.max(total, [...text].length * 0.5, 1)));
    const [, y0, , y1] = this.fonts.box;
    const height = Math.max(1, Math.round(Math.min(y1 - y0, 1.35) * Math.min(LARGEST * ratio, width / 4.6)));
    const base = Math.round(height / 2 + 0.28 * em);
    const ink = this.#blank(width * height);
    let pen = (width - total * em) / 2;
    for (const letter of text) {
      this.#glyph(ink, width, height, letters.get(letter), letter, pen, base, em);
      pen += this.#advance(letters, letter) * em;
    }
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    printed(canvas.getContext("2d"), ink, width, height, this.#ink());
  }

  #blank(size) {
    if (!this.inks || this.inks.length < size) this.inks = new Uint8ClampedArray(size);
    return this.inks.fill(0, 0, size);
  }

  #glyph(ink, width, height, glyph, letter, pen, base, em) {
    if (!glyph) {
      const [w, h] = MISSING;
      if (letter.trim())
        framed(
          ink,
          width,
          height,
          Math.round(pen + 0.06 * em),
          base - Math.round(h * em),
          Math.round((w - 0.12) * em),
          Math.round(h * em),
        );
      return;
    }
    const [x0, , x1, y1] = this.fonts.box;
    const left = Math.round(pen + (glyph.advance / 2 + x0) * em);
    inked(ink, width, height, glyph.field, this.fonts.size, Math.round((x1 - x0) * em), left, Math.round(base - y1 * em));
  }

  // All letters, in rows.
  #specimen(place) {
    const ratio = Math.min(2, devicePixelRatio);
    const width = Math.round(this.element.clientWidth * ratio);
    const each = Math.round(38 * ratio);
    const across = Math.max(6, Math.floor(width / each));
    const {
      letters,
      box: [x0, , x1, y1],
      size,
    } = this.fonts;
    const height = Math.ceil(letters.length / across) * Math.round(each * 1.15);
    const em = each * 0.72;
    const ink = new Uint8ClampedArray(width * height);
    const found = this.letters(place, letters);
    [...letters].forEach((letter, i) => {
      const center = (i % across) * each + each / 2;
      const base = Math.floor(i / across) * Math.round(each * 1.15) + Math.round(each * 0.8);
      inked(
        ink,
        width,
        height,
        found.get(letter).field,
        size,
        Math.round((x1 - x0) * em),
        Math.round(center + x0 * em),
        Math.round(base - y1 * em),
      );
    });
    [this.all.width, this.all.height] = [width, height];
    printed(this.all.getContext("2d"), ink, width, height, this.#ink());
  }

  // ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  #files() {
    const family = el("input", { type: "text", value: "My Font", maxlength: 31, "aria-label": "Name of the font" });
    const said = el("span", { class: "soft", role: "status" });
    const save = async () => {
      said.textContent = "drawing the outlines …";
      try {
        const found = await this.#outlined(this.page.map.place, this.fonts.letters);
        const name = family.value.trim() || "My Font";
        const where = this.page.map.place.map((v) => v.toFixed(4)).join(", ");
        const made = `Made with diabolo at the place ${where} of ${this.page.head.title}`;
        const about = [this.fonts.about, made].filter(Boolean).join(". ");
        download(
          `${name.replace(/[^\p{L}\p{N}_-]+/gu, "_")}.ttf`,
          truetype(found.outlines, found.advances, name, about),
          "font/ttf",
        );
        said.textContent = this.#isLearned(name)
          ? `${name} is the name of a font that was learned, which its license may reserve: choose another name.`
          : "";
      } catch (error) {
        said.textContent = `${error.message}.`;
      }
    };
    const saveWord = async () => {
      const text = this.page.store.get("text");
      if (!text.trim()) return (said.textContent = "There is nothing to write: type a text.");
      said.textContent = "";
      const found = await this.#outlined(this.page.map.place, text);
      download("word.svg", word(text, found.outlines, found.advances), "image/svg+xml");
    };
    return el(
      "div",
      { class: "line files" },
      family,
      button("Save the font (.ttf)", save),
      button("Save the word (.svg)", saveWord),
      said,
    );
  }

  #isLearned(name) {
    const { names, column, n } = this.page;
    const known = (text) => folded(text) === folded(name);
    return names.some(known) || Array.from({ length: n }, (_, i) => column("family").text(i)).some(known);
  }

  // Outlines of letters, a slice of a frame at a time.
  async #outlined(place, wanted) {
    const {
      box: [x0, y0, x1, y1],
      size,
      level,
    } = this.fonts;
    const [contours, advances] = [{}, {}];
    let end = performance.now() + SLICE;
    for (const [letter, { field, advance }] of this.letters(place, wanted)) {
      const box = [x0 + advance / 2, y0, x1 + advance / 2, y1];
      contours[letter] = outlines({ data: field, height: size, width: size }, { box, level });
      advances[letter] = advance;
      if (performance.now() < end) continue;
      await new Promise((next) => setTimeout(next));
      end = performance.now() + SLICE;
    }
    return { outlines: contours, advances };
  }
}
