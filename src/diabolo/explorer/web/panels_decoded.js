// What is decoded at the circle, and what has changed since it was let go.
import { button, el, shortly, throttled } from "./dom.js";
import { gridAt } from "./grid.js";
import { ABOUT } from "./panels_ground.js";
import { neighbors } from "./panels_near.js";
import { kept } from "./remote.js";

export function decodedPanel(page) {
  const { store, face, head } = page;
  const words = el("span", { class: "chip" });
  const unfold = button("More", () => unfolded(sheet, unfold), { class: "chip unfold", "aria-expanded": "false" });
  const note = el("p", { class: "soft said", role: "status" });
  const parts = [];
  if (face) parts.push(pictured(face) ? el("div", { class: "thing" }, face.element) : face.element);
  const reason = face
    ? missing(head)
    : "The page cannot show what is decoded here: nothing is known of these columns in a page.";
  const facts = el("dl", { class: "facts" });
  const sheet = el(
    "section",
    { class: "sheet decoded", "aria-labelledby": "decoded-title" },
    el("div", { class: "line" }, el("h2", { id: "decoded-title" }, titleOf(page)), words, unfold),
    reason ? el("p", { class: "note" }, reason) : null,
    face?.note ? el("p", { class: "soft which" }, face.note) : null,
    ...parts,
    facts,
    note,
  );
  slimmed(sheet);
  const name = throttled((thing, place) => describe(page, thing, place), 250); // a walk goes on and on

  let decodedAt = null;
  const show = (place, thing, before) => {
    if (thing && face) face.update(thing, before);
    [page.thing, decodedAt] = [thing, place];
    words.textContent = page.map.word(...place);
    words.dataset.word = words.textContent;
    name(thing, place);
  };
  const compare = (place) => {
    const use = (thing) => {
      page.earlier = kept(thing);
      if (decodedAt) show(decodedAt, page.thing, page.earlier);
    };
    page.decodedSoon(place, use, () => store.get("before") === place && compare(place));
  };
  store.on("place", (place) => page.decoded(place, (thing) => show(place, thing, page.earlier)));
  store.on("before", (place) => {
    page.earlier = null;
    if (place && place === decodedAt) page.earlier = kept(page.thing);
    else if (place) compare(place);
  });
  store.on("said", (text) => (note.textContent = text));
  store.on(
    "place",
    throttled((place) => facts.replaceChildren(...trustOf(page, place)), 100),
  );
  return sheet;
}

const HEAD = 48; // pixels of the sheet that go, if it is slim (style.css)

// While the map goes by under the sheet that stays in sight, the sheet covers no more of it than it must.
function slimmed(sheet) {
  const look = throttled(() => {
    const stage = sheet.parentElement?.querySelector(".map-stage")?.getBoundingClientRect();
    const below = sheet.getBoundingClientRect().top + sheet.offsetHeight + (sheet.classList.contains("slim") ? HEAD : 0);
    sheet.classList.toggle("slim", Boolean(stage) && stage.top < below && stage.bottom > below);
  }, 50);
  addEventListener("scroll", look, { passive: true });
}

// On a narrow page the sheet stays in sight, so it is small: facts, all letters, and files are seen on demand.
function unfolded(sheet, toggle) {
  const open = sheet.classList.toggle("open");
  toggle.textContent = open ? "Less" : "More";
  toggle.setAttribute("aria-expanded", String(open));
}

function pictured(face) {
  return face.element.tagName === "CANVAS" || face.element.tagName === "OL" || face.element.tagName === "UL";
}

function titleOf({ head, model }) {
  if (head.fonts) return "Decoded font";
  if (!model.decodes) return "Predicted here";
  return `Decoded ${head.pixels ? "picture" : head.one}`;
}

function missing(head) {
  if (head.sheet) return `Interpolated from a sheet of ${head.sheet.n} × ${head.sheet.n} places, because ${head.sheet.why}.`;
  return head.remote.decode ? "Decoded by the server of this page." : "";
}

// The name that is read aloud.
function describe(page, thing, place) {
  if (!page.face || !thing) return;
  const { element } = page.face;
  const where = place.map(shortly).join(", ");
  if (element.tagName === "TABLE") return element.setAttribute("aria-label", `Decoded row at ${where}`);
  const holder = page.face.spoken ?? element.parentElement;
  holder.setAttribute("role", "img");
  if (holder.querySelector(".bars")) holder.tabIndex = 0; // it may scroll
  holder.setAttribute("aria-label", `Decoded: ${page.face.say(thing)}`);
}

// Whether to trust the place, in words.
function trustOf(page, place) {
  const facts = [["Place", place.map(shortly).join(", ")]];
  const [near] = neighbors(page, place, 1);
  if (near !== undefined) facts.push(["Nearest", page.name(near)]);
  if (page.trust && !page.model.axes) {
    const [round, stretch] = [page.trust.round, page.trust.stretch].map((grid) => gridAt(grid, page.head.map.box, place));
    facts.push([
      "Round trip",
      `${shortly(Number(round.toPrecision(2)))} (${round < 0.1 ? "comes back" : round < 0.5 ? "drifts" : "does not come back"})`,
      ABOUT.round,
    ]);
    facts.push(["Stretch", `${shortly(Number(stretch.toPrecision(2)))} × the usual`, ABOUT.stretch]);
  }
  return facts.map(([name, value, title = null]) => el("div", { title }, el("dt", {}, name), el("dd", {}, value)));
}
