// The picture under the circle: ground, then points. When the view moves by whole pixels the picture is moved too, and only
// what came into sight is drawn: the same pixels as a picture drawn anew.

export class Raster {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.frame = null;
  }

  // `painters`: functions (pixels, frame, rect), each over the last. false: nothing had to be drawn.
  draw(frame, painters) {
    const rects = this.#moved(frame);
    if (!rects.length) return false;
    for (const rect of rects) for (const paint of painters) paint(this.pixels, frame, rect);
    this.context.putImageData(this.image, 0, 0);
    return true;
  }

  // The next picture is drawn anew.
  forget() {
    this.frame = null;
  }

  // Moves what is there; the rects that are still to be drawn.
  #moved(frame) {
    const old = this.frame;
    this.frame = frame;
    const { w, h } = frame;
    if (this.canvas.width !== w || this.canvas.height !== h || !this.image) {
      [this.canvas.width, this.canvas.height] = [w, h];
      this.image = new ImageData(w, h);
      this.pixels = new Uint32Array(this.image.data.buffer);
      return [[0, 0, w, h]];
    }
    if (!old || old.kx !== frame.kx || old.ky !== frame.ky) return [[0, 0, w, h]];
    const [du, dv] = [frame.ox - old.ox, frame.oy - old.oy];
    if (!du && !dv) return [];
    if (Math.abs(du) >= w || Math.abs(dv) >= h) return [[0, 0, w, h]];
    const shift = dv * w + du;
    if (shift > 0) this.pixels.copyWithin(shift, 0, w * h - shift);
    else this.pixels.copyWithin(0, -shift);
    const [top, bottom] = [Math.max(0, dv), Math.min(h, h + dv)];
    const rects = [];
    if (dv) rects.push(dv > 0 ? [0, 0, w, dv] : [0, h + dv, w, h]);
    if (du) rects.push(du > 0 ? [0, top, du, bottom] : [w + du, top, w, bottom]);
    return rects;
  }
}
