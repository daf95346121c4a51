// The map: a place (x, y) under a finger.
//
//     canvas ground and points  <  canvas decoded things  <  SVG names, walk, lasso, circle
//
// Everything that moves is drawn in the next frame, once. While it moves the picture may be coarse (fewer points, one pixel a
// CSS pixel); when it has stood still for a moment it is drawn in full.
import { colorOf, cssOf } from "./colors.js";
import { Ground, HOW_LIKELY } from "./ground.js";
import { Handle } from "./handle.js";
import { Heat, MARKS } from "./heat.js";
import { Lasso, rowsInside } from "./lasso.js";
import { Lattice } from "./lattice.js";
import { Motion, viewBetween } from "./motion.js";
import { Overlay } from "./overlay.js";
import { pngOf, svgOf } from "./picture.js";
import { Points } from "./points.js";
import { stageIn } from "./stage.js";
import { schemeOf } from "./tint.js";
import { View, gestures } from "./view.js";

const STILL = 50; // milliseconds without a move
const FRAME = "diabolo:frame";
const KEPT = 10000; // measures of frames, at most

export class MapView {
  #jobs = { frame: 0, still: 0 };
  #moving = null; // "pan", "zoom" or null
  #frames = 0;
  #things = null; // function(lattice): what it shows
  #stale = { ground: true, over: true, circle: true, things: true };

  // box: [x0, x1, y0, y1]; density: {log (m x m, row 0 at y0), box, quantiles}; places: x, y in turn, a pair a row; names: of
  // the rows. onplace(place, done) while the circle moves and when it is let go; onhover(row or null, [u, v]);
  // onselect(mask); onview(view).
  constructor(element, options) {
    const { box, density = null, places = new Float32Array(), names = null, axes = ["x", "y"], ...more } = options;
    const { stretched = false, reduced, ...on } = more;
    Object.assign(this, { element, box, axes, names, on });
    this.motion = new Motion(reduced);
    this.heat = density ? new Heat(density) : null;
    this.points = new Points(places, box);
    this.camera = new View(box, stretched);
    this.#build();
    this.theme();
    this.place = this.heat?.likeliest ?? this.#middle;
    this.#listen();
  }

  // ── the circle ─────────────────────────────────────────────────────────────────────────────────────────────────────

  get place() {
    return [...this.at];
  }

  // Setting it moves the circle and calls nobody.
  set place([x, y]) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    const [x0, x1, y0, y1] = this.box;
    this.at = [Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y))];
    this.#stale.circle = true;
    this.#later();
  }

  // How likely a place is, in a word.
  word(x, y) {
    const t = this.heat?.at(x, y) ?? 1;
    return !this.heat ? "" : t < MARKS[0] ? HOW_LIKELY[0] : t < MARKS[1] ? "usual" : HOW_LIKELY[2];
  }

  // The circle glides there, and what is decoded with it.
  glide(place, ms = 450) {
    const from = this.place;
    this.motion.run(ms, (t, done) => this.#put([0, 1].map((i) => from[i] + (place[i] - from[i]) * t), done));
  }

  focus() {
    this.handle.focus();
  }

  // ── the view ───────────────────────────────────────────────────────────────────────────────────────────────────────

  get view() {
    return this.camera.state;
  }

  set view(state) {
    const zoom = this.camera.zoom;
    this.camera.state = state;
    this.#moved(zoom === this.camera.zoom ? "pan" : "zoom");
  }

  fit() {
    const [x, y] = this.#middle;
    this.#fly({ x, y, zoom: 1 });
  }

  zoom(factor, u = this.camera.w / 2, v = this.camera.h / 2) {
    this.camera.zoomAt(u, v, factor);
    this.#moved("zoom");
  }

  pan(du, dv) {
    this.camera.pan(du, dv);
    this.#moved("pan");
  }

  // ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────────────

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
    this.#fits(values, "values");
    this.ground.colors = values && { values, palette };
    this.#dye();
  }

  // Masks over the rows; null: all rows, and none.
  show(mask) {
    this.#fits(mask, "a mask");
    this.shown = mask;
    this.#mark();
  }

  select(mask) {
    this.#fits(mask, "a mask");
    this.selected = mask;
    this.#mark();
  }

  #fits(list, what) {
    if (list && list.length !== this.points.n) throw new Error(`${what} for ${list.length} rows; the map has ${this.points.n}`);
  }

  // ── what lies over and under ───────────────────────────────────────────────────────────────────────────────────────

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
    this.ground.layer(name, grid);
    this.#dye();
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

  // What is seen, as the text of an SVG file, and as the Blob of a PNG file.
  svg() {
    this.flush();
    return svgOf(this);
  }

  png(ratio = 2) {
    this.flush();
    return pngOf(this, ratio);
  }

  // Light or dark, as the text around it is.
  theme() {
    this.scheme = this.stage.dataset.scheme = schemeOf(this.element);
    this.#dye();
  }

  // Draws what is due, now and in full.
  flush() {
    cancelAnimationFrame(this.#jobs.frame);
    clearTimeout(this.#jobs.still);
    this.#moving = null;
    this.#stale.ground = true;
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

  // ── building ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #build() {
    this.lasso = new Lasso();
    this.handle = new Handle({
      grab: () => this.motion.stop(),
      to: (u, v, done) => this.#drag(this.camera.place(u, v), done),
      step: (right, up, fine, done) => this.#step(right, up, fine, done),
      home: () => this.glide(this.heat?.likeliest ?? this.#middle),
      end: () => this.heat && this.glide(this.points.strangest(this.heat) ?? this.place),
      zoom: (factor) => this.zoom(factor, ...this.camera.pixel(...this.at)),
      fit: () => this.fit(),
      escape: () => this.#choose(null),
    });
    this.overlay = new Overlay(this.lasso, this.handle);
    const parts = stageIn(this.element, this.overlay.node, {
      closer: () => this.#fly({ zoom: this.camera.zoom * 1.6 }),
      farther: () => this.#fly({ zoom: this.camera.zoom / 1.6 }),
      whole: () => this.fit(),
      lasso: () => (this.lassoing = !this.lassoing),
    });
    Object.assign(this, { stage: parts.stage, tools: parts.tools, legend: parts.legend });
    this.ground = new Ground(parts.ground, this.heat, this.points, this.camera);
    this.things = new Lattice(parts.things);
    this.tools.lasso.hidden = !this.points.cells.n;
    this.lassoing = false;
    this.#resize();
  }

  get #middle() {
    const [x0, x1, y0, y1] = this.box;
    return [(x0 + x1) / 2, (y0 + y1) / 2];
  }

  #listen() {
    gestures(this.overlay.node, {
      pan: (du, dv) => this.pan(du, dv),
      zoom: (u, v, factor) => this.zoom(factor, u, v),
      tap: (u, v) => (this.focus(), this.#drag(this.camera.place(u, v), true)),
      hover: (u, v) => this.#hover(u, v),
      lasso: (phase, u, v, shift) => this.#loop(phase, u, v, shift),
    });
    const size = new ResizeObserver(() => this.#resize());
    size.observe(this.stage);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const retheme = () => schemeOf(this.element) === this.scheme || this.theme();
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

  // ── moving ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #put(place, done) {
    this.place = place;
    if (done) this.#set(); // names make room for it
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
    this.#circle();
    if (++this.#frames % KEPT === 0) performance.clearMeasures(FRAME);
    performance.measure(FRAME, { start, end: performance.now() });
  }

  // A hundredth of what is seen, or a tenth of that; what moves out of sight is followed.
  #step(right, up, fine, done) {
    this.motion.stop();
    const [k, l] = this.camera.scales;
    const size = (Math.min(this.camera.w, this.camera.h) / 100) * (fine ? 0.1 : 1);
    const move = done ? 0 : size;
    const [x, y] = this.next ?? this.at;
    this.#drag([x + (right * move) / k, y + (up * move) / l], done);
    const [u, v] = this.camera.pixel(...(this.next ?? this.at));
    const rim = 30;
    const inwards = (at, size) => Math.max(0, rim - at) + Math.min(0, size - rim - at);
    const [du, dv] = [inwards(u, this.camera.w), inwards(v, this.camera.h)];
    if ((du || dv) && this.camera.zoom > 1) this.pan(du, dv);
  }

  #fly(to) {
    const from = this.view;
    this.motion.run(220, (t) => (this.view = viewBetween(from, { ...from, ...to }, t)));
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
    this.overlay.point(at, this.ground.radius, this.tint);
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
      this.#choose(loop && rowsInside(this.points, loop.map(([a, b]) => this.camera.place(a, b))));
    }
    return true;
  }

  #choose(mask) {
    this.select(mask);
    this.on.onselect?.(mask);
  }

  // ── drawing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #later() {
    this.#jobs.frame ||= requestAnimationFrame(() => this.#frame());
  }

  #set() {
    this.#stale.over = true;
    this.#later();
  }

  #redraw() {
    this.#stale.ground = this.#stale.things = true;
    this.ground.raster.forget();
    this.#set();
  }

  #moved(how) {
    this.#hover(null);
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
    if (this.#stale.ground) this.ground.draw(this.#moving === "zoom");
    if (this.#stale.over) this.overlay.draw(this.camera, this.tint, !this.#things, this.at);
    if (this.#stale.over || this.#stale.circle) this.#circle();
    if (this.#things && this.#stale.things) this.#arrange();
    if (this.#things && !this.#moving && this.things.work()) this.#later();
    this.#stale.ground = this.#stale.over = false;
  }

  #dye() {
    this.legend.replaceChildren(this.ground.dye(this.scheme));
    this.#redraw();
  }

  get tint() {
    return this.ground.tint;
  }

  #mark() {
    this.points.mark(this.shown ?? null, this.selected ?? null);
    this.#redraw();
  }

  #show(things) {
    this.#things = things;
    this.ground.bare = Boolean(things);
    this.#stale.things = true;
    if (!things) this.things.clear();
    this.#redraw(); // the points make room
  }

  #arrange() {
    if (this.#moving) return this.things.corner && this.things.follow(this.camera);
    this.#things(this.things);
    this.#stale.things = false;
  }

  // The circle where it belongs, and what is read aloud of it.
  #circle() {
    this.#stale.circle = false;
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
  }

  #core() {
    return this.heat ? this.tint.heat[(this.heat.at(...this.at) * 1023) | 0] : colorOf(this.tint.ink);
  }
}
