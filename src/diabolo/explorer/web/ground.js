// The ground with its points: heat, or another layer; which colours; how fine.
import { Areas, Heat, areaLegend, heatLegend } from "./heat.js";
import { Raster } from "./raster.js";
import { Tint } from "./tint.js";

export const HOW_LIKELY = ["unlikely", "probability", "likely"];
const QUICK = 120000; // points in a frame of a zoom

export class Ground {
  constructor(canvas, heat, points, camera) {
    Object.assign(this, { heat, points, camera });
    this.raster = new Raster(canvas);
    this.layers = new Map();
    this.colors = null; // of the rows: {values, palette}
    this.bare = false; // without points
    this.step = 1;
  }

  // {values, box, quantiles?, words?} or {labels, box, palette, names?, sure?}; null: no longer.
  layer(name, grid) {
    this.layers.delete(name);
    if (grid) this.layers.set(name, grid.labels ? { grid } : { grid, heat: new Heat({ ...grid, log: grid.values }) });
  }

  // The layer that was set last: [its name, the layer].
  get top() {
    return [...this.layers].at(-1) ?? [null, null];
  }

  get look() {
    return this.tint.look(this.radius, this.camera.zoom);
  }

  // Of the points, in CSS pixels.
  get radius() {
    return this.points.radius(this.camera.frame(1), this.camera.zoom);
  }

  // Colours for this scheme; the legend of them.
  dye(scheme) {
    const [name, layer] = this.top;
    this.tint = new Tint(scheme, Boolean(layer), this.colors);
    this.points.paint(this.tint.numbers);
    this.raster.forget();
    if (layer?.grid.labels) {
      layer.areas = new Areas(layer.grid, this.tint.ramp[0], this.heat);
      return areaLegend(layer.grid);
    }
    if (layer) return heatLegend(this.tint.ramp, layer.grid.words ?? ["low", name, "high"]);
    return this.heat ? heatLegend(this.tint.ramp, HOW_LIKELY, true) : "";
  }

  // quick: one pixel a CSS pixel, and not all of many points.
  draw(quick) {
    const ratio = quick ? 1 : Math.min(2, window.devicePixelRatio || 1);
    const step = quick ? Math.max(1, Math.ceil(this.points.cells.n / QUICK)) : 1;
    if (step !== this.step) this.raster.forget();
    this.step = step;
    this.raster.draw(this.camera.frame(ratio), this.#painters(step, !this.bare));
  }

  // The same on a canvas of its own.
  copy(ratio, withPoints) {
    const raster = new Raster(document.createElement("canvas"));
    raster.draw(this.camera.frame(ratio), this.#painters(1, withPoints && !this.bare));
    return raster.canvas;
  }

  #painters(step, withPoints) {
    const { ramp, level } = this.tint;
    const [, layer] = this.top;
    const field = layer?.heat ?? layer?.areas ?? this.heat;
    const plain = (pixels, { w }, [u0, v0, u1, v1]) => {
      for (let v = v0; v < v1; v++) pixels.fill(0xff000000 | ramp[0], v * w + u0, v * w + u1);
    };
    const ground = field ? (...where) => field.paint(...where, ramp, layer ? null : level) : plain;
    return withPoints ? [ground, (...where) => this.points.draw(...where, this.look, step)] : [ground];
  }
}
