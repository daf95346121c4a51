// A walk between two places of the map.
import { button, el, labeled, slider } from "./dom.js";

const SECONDS = 6;

export function walkPanel(page) {
  const { store } = page;
  const rest = () => step(Number(at.value));
  const at = slider("Walk: how far from A to B", [0, 1], 0, (t) => step(t, false), { step: 0.001, onchange: rest });
  const play = button("▶ Play", () => (page.playing ? stop() : start()));
  const hint = el("p", { class: "soft" });

  let left = []; // the place where the last step left the circle
  const step = (t, done = true) => {
    if (store.get("anchors").length < 2) set(0, store.get("place"));
    at.value = t;
    const place = page.map.along(t);
    page.map.place = place;
    left = [...page.map.place];
    page.moved(place, done);
  };
  const elsewhere = () => left.some((v, i) => v !== page.map.place[i]);
  const set = (which, place) => {
    const anchors = store.get("anchors").length
      ? [...store.get("anchors")]
      : [page.map.place, page.map.heat?.likeliest ?? page.map.place];
    anchors[which] = place;
    store.set("anchors", anchors);
  };
  const start = () => {
    if (!store.get("anchors").length) set(0, page.map.place);
    page.playing = true;
    play.textContent = "■ Stop";
    left = [];
    const from = performance.now() - 1000 * SECONDS * Number(at.value);
    const next = (now) => {
      if (!page.playing) return;
      if (elsewhere()) return stop(); // someone has moved the circle
      const t = ((now - from) / 1000 / SECONDS) % 2;
      step(t < 1 ? t : 2 - t, false); // there and back
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  };
  const stop = () => {
    if (!page.playing) return;
    page.playing = false;
    play.textContent = "▶ Play";
    page.moved(page.map.place, true);
  };
  const say = () => {
    const set = store.get("anchors").length;
    hint.textContent = set
      ? "Drag the slider: the circle walks from A to B."
      : "Set A and B to the place of the circle, then walk between them.";
    clear.hidden = !set;
  };
  const clear = button("Clear", () => (stop(), store.set("anchors", [])));
  store.on("anchors", say);
  store.on("held", stop);
  say();
  return el(
    "div",
    { class: "walk" },
    hint,
    el(
      "div",
      { class: "line" },
      button("Set A here", () => set(0, page.map.place)),
      button("Set B here", () => set(1, page.map.place)),
      clear,
    ),
    labeled("A to B", at, { class: "wide" }),
    page.reduced ? null : el("div", { class: "line" }, play),
  );
}
