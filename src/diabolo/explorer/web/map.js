// The map: a place (x, y) under a finger.
//
//     canvas ground and points  <  canvas decoded things  <  SVG names, walk, lasso, circle
//
// Everything that moves is drawn in the next frame, once. While it moves the picture may be coarse (fewer points, one pixel a
// CSS pixel); when it has stood still for a moment it is drawn in full.
import { LEVELS, VALUES, along, colorOf, cssOf, lightness, rgb } from "./colors.js";
import { Areas, Heat, MARKS, heatLegend, heatRamp } from "./heat.js";
import { Handle } from "./handle.js";
import { Lasso, rowsInside } from "./lasso.js";
import { Lattice } from "./lattice.js";
import { Overlay } from "./overlay.js";
import { Points } from "./points.js";
import { Raster } from "./raster.js";
import { View, gestures } from "./view.js";

const STILL = 70; // milliseconds without a move
const QUICK = 120000; // points in a frame of a zoom
const NONE = 255; // the color of a row without a value

const THEMES = {
  light: { ink: "#1b1d24", paper: "#ffffff", fill: "#ffffff", line: "#23262f", speck: "#20242e", rim: "#ffffff", none: "#b9bcc6", level: [rgb(38, 56, 102), 0.2] },
  dark: { ink: "#f2f3f8", paper: "#14151d", fill: "#ffffff", line: "#12131a", speck: "#ffffff", rim: "#14151d", none: "#5b6072", level: [rgb(255, 255, 255), 0.16] },
};

const WORDS = ["unlikely", "probability", "likely"];

export class MapView {
  #jobs = { frame: 0, still: 0 };
  #moving = null; // "pan", "zoom" or null
  #layers = new Map();
  #things = null; // function(lattice): what it shows
  #stale = { ground: true, things: true };

  // box: [x0, x1, y0, y1]; density: {log (m x m, row 0 at y0), box, quantiles}; places: x, y in turn, a pair a row; names: of
  // the rows. onplace(place, done) while the circle moves and when it is let go; onhover(row or null, [u, v]);
  // onselect(mask); onview(view).
  constructor(element, { box, density = null, places = new Float32Array(), names = null, axes = ["x", "y"], stretched = false, reduced, ...on }) {
    Object.assign(this, { element, box, axes, names, on });
    this.reduced = reduced ?? matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.heat = density ? new Heat(density) : null;
    this.points = new Points(places, box);
    this.camera = new View(box, stretched);
    this.colors = null;
    this.#build();
    this.theme();
    this.place = this.heat?.likeliest ?? [(box[0] + box[1]) / 2, (box[2] + box[3]) / 2];
    this.#listen();
  }

  // ── the circle ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get place() {
    return [...this.at];
  }

  // Setting it moves the circle and calls nobody.
  set place([x, y]) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    const [x0, x1, y0, y1] = this.box;
    this.at = [Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y))];
    this.#set();
  }

  // How likely a place is, in a word.
  word(x, y) {
    const t = this.heat?.at(x, y) ?? 1;
    return !this.heat ? "" : t < MARKS[0] ? WORDS[0] : t < MARKS[1] ? "usual" : WORDS[2];
  }

  // The circle glides there, and what is decoded with it.
  glide(place, ms = 450) {
    const from = this.place;
    this.#animate(ms, (t, done) => this.#put([0, 1].map((i) => from[i] + (place[i] - from[i]) * t), done));
  }

  focus() {
    this.handle.focus();
  }

  // ── the view ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  get view() {
    return this.camera.state;
  }

  set view(state) {
    const zoom = this.camera.zoom;
    this.camera.state = state;
    this.#moved(zoom === this.camera.zoom ? "pan" : "zoom");
  }

  fit() {
    const [x0, x1, y0, y1] = this.box;
    this.#fly({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 });
  }

  zoom(factor, u = this.camera.w / 2, v = this.camera.h / 2) {
    this.camera.zoomAt(u, v, factor);
    this.#moved("zoom");
  }

  pan(du, dv) {
    this.camera.pan(du, dv);
    this.#moved("pan");
  }

  // ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  // The row that is nearest as one sees it, of those shown; -1: none.
  near(x, y) {
    return this.nearest(x, y, 1)[0] ?? -1;
  }

  nearest(x, y, count) {
    const { cells } = this.points;
    return cells.nearest(x, y, count, this.camera.scales, (i) => this.points.visible(i)).map((i) => cells.row[i]);
  }

  // One value a row: a Float32Array in [0, 1] (NaN: none) along the palette, or an integer array of its colours' numbers
  // (255: none). null: no colours.
  color(values, palette) {
    this.colors = values && { values, palette: palette ?? (values instanceof Float32Array ? null : LEVELS) };
    this.#tint();
    this.#redraw();
  }

  // Masks over the rows; null: all rows, and none.
  show(mask) {
    this.shown = mask;
    this.#mark();
  }

  select(mask) {
    this.selected = mask;
    this.#mark();
  }

  // ── what lies over and under ──────────────────────────────────────────────────────────────────────────────────────────

  // draw(context, x, y, u, v, size): the thing decoded at (x, y), around (u, v).
  lattice(draw) {
    this.#show(draw && ((lattice) => lattice.nodes(this.camera, draw)));
  }

  // draw(context, row, u, v, size): a picture of a row, around (u, v).
  pictures(draw, size = 44) {
    this.#show(draw && ((lattice) => lattice.rows(this.camera, this.points, draw, size)));
  }

  // Another ground, the last that was set is seen: {values, box, quantiles?, words: [low, middle, high]} or {labels, box,
  // palette, names, sure?}; null: no longer.
  layer(name, grid) {
    this.#layers.delete(name);
    if (grid) this.#layers.set(name, grid.labels ? { grid } : { grid, heat: new Heat({ ...grid, log: grid.values }) });
    this.#tint();
    this.#redraw();
  }

  regions(list) {
    this.overlay.regions = [...(list ?? [])].sort((a, b) => (b.rows?.length ?? 0) - (a.rows?.length ?? 0));
    this.#set();
  }

  // A walk over two or more places; null: none.
  path(anchors) {
    this.overlay.anchors = anchors ?? [];
    this.#set();
  }

  // The place at t in [0, 1] of the walk; each leg takes the same time.
  along(t) {
    const { anchors } = this.overlay;
    const at = Math.min(1, Math.max(0, t)) * (anchors.length - 1);
    const leg = Math.min(anchors.length - 2, Math.floor(at));
    const [a, b] = [anchors[leg], anchors[leg + 1]];
    return [0, 1].map((i) => a[i] + (b[i] - a[i]) * (at - leg));
  }

  // Whether a drag draws a loop; Shift does, always.
  get lassoing() {
    return this.tools.lasso.getAttribute("aria-pressed") === "true";
  }

  set lassoing(on) {
    this.tools.lasso.setAttribute("aria-pressed", String(Boolean(on)));
    this.stage.classList.toggle("lassoing", Boolean(on));
  }

  // Light or dark, as the text around it is.
  theme() {
    const { color } = getComputedStyle(this.element);
    this.scheme = lightness(colorOf(color)) > 0.6 ? "dark" : "light";
    this.stage.dataset.scheme = this.scheme;
    this.palette = THEMES[this.scheme];
    this.#tint();
    this.#redraw();
  }

  // Draws what is due, now and in full.
  flush() {
    cancelAnimationFrame(this.#jobs.frame);
    clearTimeout(this.#jobs.still);
    this.#moving = null;
    this.#frame();
    while (this.things.work());
  }

  // Whether all that is due is drawn, in full.
  get still() {
    return !this.#jobs.frame && !this.#moving;
  }

  destroy() {
    cancelAnimationFrame(this.#jobs.frame);
    clearTimeout(this.#jobs.still);
    this.watch.forEach((stop) => stop());
    this.element.replaceChildren();
  }

  // ── building ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #build() {
    const make = (tag, className) => Object.assign(document.createElement(tag), { className });
    this.stage = make("div", "map-stage");
    const [ground, things] = [make("canvas", "map-ground"), make("canvas", "map-things")];
    for (const canvas of [ground, things]) canvas.setAttribute("aria-hidden", "true");
    this.raster = new Raster(ground);
    this.things = new Lattice(things);
    this.lasso = new Lasso();
    this.handle = new Handle({
      grab: () => this.#cancel(),
      to: (u, v, done) => this.#drag(this.camera.place(u, v), done),
      step: (right, up, fine, done) => this.#step(right, up, fine, done),
      home: () => this.glide(this.heat?.likeliest ?? [0, 0]),
      zoom: (factor) => this.zoom(factor, ...this.camera.pixel(...this.at)),
      fit: () => this.fit(),
    });
    this.overlay = new Overlay(this.lasso, this.handle);
    this.legend = make("div", "map-legends");
    this.tools = { bar: make("div", "map-tools") };
    const tool = (name, label, path, act) => {
      const button = make("button", "map-tool");
      button.type = "button";
      button.title = label;
      button.setAttribute("aria-label", label);
      button.append(icon(path));
      button.addEventListener("click", act);
      this.tools[name] = button;
      this.tools.bar.append(button);
    };
    tool("in", "Zoom in", "M8 3v10M3 8h10", () => this.#fly({ zoom: this.camera.zoom * 1.6 }));
    tool("out", "Zoom out", "M3 8h10", () => this.#fly({ zoom: this.camera.zoom / 1.6 }));
    tool("fit", "Whole map", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3", () => this.fit());
    tool("lasso", "Select rows with a loop (or Shift and drag)", "M4.5 11C2 9.500 2 5.500 5 4s8.500-.5 8.500 3.500-5 4.500-8 3.800M4.500 11c-1 .6-.6 2.400.8 2.200", () => (this.lassoing = !this.lassoing));
    if (!this.points.cells.n) this.tools.lasso.hidden = true;
    this.lassoing = false;
    this.stage.append(ground, things, this.overlay.node, this.tools.bar);
    this.element.classList.add("map");
    this.element.replaceChildren(this.stage, this.legend);
    this.#resize();
  }

  #listen() {
    gestures(this.overlay.node, {
      pan: (du, dv) => this.pan(du, dv),
      zoom: (u, v, factor) => (this.zoom(factor, u, v), this.on.onview?.(this.view)),
      tap: (u, v) => (this.focus(), this.#drag(this.camera.place(u, v), true)),
      hover: (u, v) => this.#hover(u, v),
      lasso: (phase, u, v, shift) => this.#loop(phase, u, v, shift),
    });
    const size = new ResizeObserver(() => this.#resize());
    size.observe(this.stage);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const retheme = () => this.theme();
    scheme.addEventListener("change", retheme);
    const root = new MutationObserver(retheme);
    root.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class", "style"] });
    this.watch = [() => size.disconnect(), () => scheme.removeEventListener("change", retheme), () => root.disconnect()];
  }

  #resize() {
    const { clientWidth: w, clientHeight: h } = this.stage;
    if (!w || !h || (w === this.camera.w && h === this.camera.h)) return;
    Object.assign(this.camera, { w, h });
    this.#redraw();
  }

  // ── moving ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #put(place, done) {
    this.place = place;
    this.on.onplace?.(this.place, done);
  }

  // A frame of a drag, from the new place to what the page shows for it.
  #drag(place, done) {
    this.next = place;
    if (!done) return this.#later();
    this.#dragged(true);
  }

  #dragged(done = false) {
    if (!this.next) return;
    const start = performance.now();
    const place = this.next;
    this.next = null;
    this.#put(place, done);
    performance.measure("diabolo:frame", { start, end: performance.now() });
  }

  // A hundredth of what is seen, or a tenth of that; what moves out of sight is followed.
  #step(right, up, fine, done) {
    this.#cancel();
    const [k, l] = this.camera.scales;
    const size = (Math.min(this.camera.w, this.camera.h) / 100) * (fine ? 0.1 : 1);
    const move = done ? 0 : size;
    const [x, y] = this.next ?? this.at;
    this.#drag([x + (right * move) / k, y + (up * move) / l], done);
    const [u, v] = this.camera.pixel(...(this.next ?? this.at));
    const rim = 30;
    const [du, dv] = [Math.max(0, rim - u) + Math.min(0, this.camera.w - rim - u), Math.max(0, rim - v) + Math.min(0, this.camera.h - rim - v)];
    if ((du || dv) && this.camera.zoom > 1) this.pan(du, dv);
  }

  #fly(to) {
    const from = this.view;
    const end = { ...from, ...to };
    this.#animate(220, (t, done) => {
      const zoom = from.zoom * (end.zoom / from.zoom) ** t;
      const part = end.zoom === from.zoom ? t : (1 / from.zoom - 1 / zoom) / (1 / from.zoom - 1 / end.zoom); // straight on the screen
      this.view = { x: from.x + (end.x - from.x) * part, y: from.y + (end.y - from.y) * part, zoom };
      if (done) this.on.onview?.(this.view);
    });
  }

  // work(t, done) for t from 0 to 1, slow at both ends; at once where motion is not wanted.
  #animate(ms, work) {
    this.#cancel();
    if (this.reduced) return work(1, true);
    const start = performance.now();
    const next = (now) => {
      const u = Math.min(1, Math.max(0, (now - start) / ms));
      this.flight = u < 1 ? requestAnimationFrame(next) : 0;
      work(u * u * (3 - 2 * u), u === 1);
    };
    this.flight = requestAnimationFrame(next);
  }

  #cancel() {
    cancelAnimationFrame(this.flight ?? 0);
  }

  #hover(u, v) {
    let row = null;
    let at = null;
    if (u !== null) {
      const { cells } = this.points;
      const [i] = cells.nearest(...this.camera.place(u, v), 1, this.camera.scales, (k) => this.points.visible(k));
      at = i === undefined ? null : this.camera.pixel(cells.x[i], cells.y[i]);
      if (at && Math.hypot(at[0] - u, at[1] - v) < 10) row = cells.row[i];
      else at = null;
    }
    if (row === (this.hovered ?? null)) return;
    this.hovered = row;
    this.overlay.point(at, this.#radius(), this.palette);
    this.on.onhover?.(row, at);
  }

  // Says whether the drag is a loop.
  #loop(phase, u, v, shift) {
    if (phase === "start") {
      if (!shift && !this.lassoing) return false;
      this.lasso.start(u, v);
    } else if (phase === "move") this.lasso.to(u, v);
    else {
      const loop = this.lasso.end();
      if (phase === "cancel") return false;
      this.select(loop && rowsInside(this.points, loop.map(([a, b]) => this.camera.place(a, b))));
      this.on.onselect?.(this.selected);
    }
    return true;
  }

  // ── drawing ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  #later() {
    this.#jobs.frame ||= requestAnimationFrame(() => this.#frame());
  }

  #set() {
    this.#stale.over = true;
    this.#later();
  }

  #redraw() {
    this.#stale.ground = this.#stale.things = true;
    this.raster.forget();
    this.#set();
  }

  #moved(how) {
    this.#moving = how === "zoom" ? how : (this.#moving ?? how);
    this.#stale.ground = this.#stale.things = true;
    this.#set();
    clearTimeout(this.#jobs.still);
    this.#jobs.still = setTimeout(() => {
      this.#moving = null;
      this.#stale.ground = true;
      this.#later();
      this.on.onview?.(this.view);
    }, STILL);
  }

  #frame() {
    this.#jobs.frame = 0;
    if (this.next) this.#dragged();
    if (this.#stale.ground) this.#ground();
    if (this.#stale.over) this.#over();
    if (this.#things && this.#stale.things) this.#arrange();
    if (this.#things && !this.#moving && this.things.work()) this.#later();
    this.#stale.ground = this.#stale.over = false;
  }

  #ground() {
    const quick = this.#moving === "zoom";
    const ratio = quick ? 1 : Math.min(2, window.devicePixelRatio || 1);
    const step = quick ? Math.max(1, Math.ceil(this.points.cells.n / QUICK)) : 1;
    if (step !== (this.step ?? 1)) this.raster.forget();
    this.step = step;
    this.raster.draw(this.camera.frame(ratio), this.#painters(step));
  }

  #painters(step = 1, withPoints = true) {
    const layer = [...this.#layers.values()].at(-1);
    const ground = layer?.heat ?? layer?.areas ?? this.heat;
    const plain = (pixels, frame, [u0, v0, u1, v1]) => {
      for (let v = v0; v < v1; v++) pixels.fill(0xff000000 | this.ramp[0], v * frame.w + u0, v * frame.w + u1);
    };
    const painters = [ground ? (...where) => ground.paint(...where, this.ramp, this.palette.level) : plain];
    if (withPoints) painters.push((...where) => this.points.draw(...where, this.#look(), step));
    return painters;
  }

  #look() {
    const { fill, line, rim, speck } = this.palette;
    const small = this.#radius() < 1.05;
    const table = this.colors ? this.table : new Uint32Array(256).fill(colorOf(small ? speck : fill));
    return { table, line: colorOf(this.colors ? rim : line), zoom: this.camera.zoom, many: Boolean(this.colors) };
  }

  #radius() {
    return this.points.radius(this.camera.frame(1), this.camera.zoom);
  }

  // Colours of the ground and of the rows, for this theme.
  #tint() {
    const layer = [...this.#layers.values()].at(-1);
    this.ramp = heatRamp(this.scheme, { trust: Boolean(layer), quiet: Boolean(this.colors) && !layer });
    if (layer?.grid.labels) layer.areas = new Areas(layer.grid, this.ramp[0], this.heat);
    const full = heatRamp(this.scheme, { trust: Boolean(layer) });
    const words = layer?.grid.words ?? (layer ? ["low", [...this.#layers.keys()].at(-1), "high"] : WORDS);
    const bars = layer?.grid.labels ? [] : this.heat || layer ? [heatLegend(this.colors && !layer ? this.ramp : full, words, !layer)] : [];
    this.legend.replaceChildren(...bars);
    if (!this.colors) return this.points.paint(null);
    const { values } = this.colors;
    const palette = this.colors.palette ?? VALUES[this.scheme];
    const exact = !(values instanceof Float32Array);
    this.points.paint(exact ? values : Uint8Array.from(values, (v) => (Number.isNaN(v) ? NONE : Math.round(Math.min(1, Math.max(0, v)) * 254))));
    this.table = Uint32Array.from({ length: 256 }, (_, i) => (exact ? colorOf(palette[i] ?? this.palette.none) : along(palette, i / 254)));
    this.table[NONE] = colorOf(this.palette.none);
  }

  #mark() {
    this.points.mark(this.shown ?? null, this.selected ?? null);
    this.#redraw();
  }

  #show(things) {
    this.#things = things;
    this.#stale.things = true;
    if (!things) this.things.clear();
    this.stage.classList.toggle("covered", Boolean(things));
    this.#later();
  }

  #arrange() {
    if (this.#moving) return this.things.corner && this.things.follow(this.camera);
    this.#things(this.things);
    this.#stale.things = false;
  }

  #over() {
    this.handle.move(...this.camera.pixel(...this.at));
    const row = this.names ? this.near(...this.at) : -1;
    const number = (v) => String(Number(v.toPrecision(3))).replace("-", "−");
    const where = this.axes.map((name, i) => `${name} ${number(this.at[i])}`);
    this.handle.say({
      label: "Place on the map",
      now: this.at[0],
      from: this.box[0],
      to: this.box[1],
      words: [this.word(...this.at), ...where, row < 0 ? "" : `near ${this.names[row]}`].filter(Boolean).join(", "),
      color: cssOf(this.#core()),
    });
    this.overlay.draw(this.camera, this.palette);
    if (this.hovered != null && this.#moving) this.#hover(null);
  }

  #core() {
    const full = heatRamp(this.scheme);
    return this.heat ? full[(this.heat.at(...this.at) * 1023) | 0] : colorOf(this.palette.ink);
  }
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
