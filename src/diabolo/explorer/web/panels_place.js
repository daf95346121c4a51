// The exact place of the circle; with more than two codes, which two are the map, and the others.
import { choice, el, labeled, shortly, slider } from "./dom.js";

export function placePanel(page) {
  const { store, head, model } = page;
  const strip = head.map.method === "strip";
  const sliders = [0, 1].map((i) => slider("", [0, 1], 0, (v) => put(i, v), { onchange: () => rest(page) }));
  const [said, names] = [0, 1].map((tag) => sliders.map(() => el(tag ? "span" : "output", {})));
  const note = el("p", { class: "soft" });
  const fit = () => {
    const { box, axes } = model.plane;
    note.textContent = model.axes ? "Two of the codes are the map; the sliders below are the others." : head.map.note;
    sliders.forEach((input, i) => {
      [input.min, input.max] = box.slice(2 * i);
      input.setAttribute("aria-label", `Place: ${axes[i]}`);
      names[i].textContent = axes[i];
    });
  };
  fit();
  store.on("axes", fit);
  const put = (i, v) => {
    const place = page.map.place;
    place[i] = v;
    page.map.place = place;
    page.moved(page.map.place, false);
  };
  store.on("place", (place) =>
    place.forEach((v, i) => {
      if (document.activeElement !== sliders[i]) sliders[i].value = v;
      said[i].textContent = shortly(Number(v.toPrecision(4)));
    }),
  );
  const rows = sliders.map((input, i) =>
    strip && i ? null : el("label", { class: "wide" }, names[i], el("span", { class: "ranged" }, input, said[i])),
  );
  return el(
    "div",
    { class: "place" },
    note,
    ...rows,
    head.k > 2 && model.decodes ? axesControls(page) : null,
  );
}

// ── two of the codes as axes ────────────────────────────────────────────────────────────────────────────────────────

function axesControls(page) {
  const { k } = page.head;
  const box = el("div", {});
  const draw = () => {
    const axes = page.model.axes;
    const pairs = Array.from({ length: Math.min(k, 16) }, (_, j) => [String(j), `z${j + 1}`]);
    const pick = (i) => (j) =>
      turn(
        page,
        axes.map((old, at) => (at === i ? Number(j) : old)),
        draw,
      );
    const which = choice(
      "Map",
      [
        ["", page.head.map.method],
        ["axes", "two codes as axes"],
      ],
      axes ? "axes" : "",
      (name) => turn(page, name ? [0, 1] : null, draw),
    );
    const others = axes ? Array.from({ length: Math.min(k, 16) }, (_, j) => j).filter((j) => !axes.includes(j)) : [];
    box.replaceChildren(
      labeled("Map", which, { class: "wide" }),
      ...(axes
        ? [
            labeled("across", choice("Code across", pairs, String(axes[0]), pick(0)), { class: "wide" }),
            labeled("up", choice("Code up", pairs, String(axes[1]), pick(1)), { class: "wide" }),
          ]
        : []),
      ...others.map((j) => otherCode(page, j)),
    );
  };
  draw();
  return box;
}

function otherCode(page, j) {
  const name = `z${j + 1}`;
  const said = el("output", {});
  const say = (v) => (said.textContent = shortly(Number(v.toPrecision(4))));
  const change = (v) => (say(v), bend(page, j, v));
  const now = page.model.others[j];
  say(now);
  const input = slider(`Code ${name}`, rangeOf(page.model, j), now, change, { onchange: () => rest(page) });
  return labeled(name, el("span", { class: "ranged" }, input, said), { class: "wide" });
}

function rangeOf({ codes, k, n = codes.length / k }, j) {
  const own = Float64Array.from({ length: n }, (_, i) => codes[i * k + j]).sort();
  return [own[0], own[n - 1]];
}

// Before the first step, so that what has changed is told from the old code.
function bend(page, j, v) {
  page.moved(page.map.place, false);
  page.model.others[j] = v;
  page.moved(page.map.place, false);
}

function rest(page) {
  page.moved(page.map.place, true);
}

// The map shows two of the codes, or again what it showed first.
function turn(page, axes, draw) {
  if (axes && axes[0] === axes[1]) axes = [axes[0], (axes[0] + 1) % page.head.k];
  page.turn(axes);
  draw();
}
