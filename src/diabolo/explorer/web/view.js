// The view: places (x, y), y upwards -> pixels (u, v), v downwards
//
//     u = w / 2 + k (x - cx),    v = h / 2 - l (y - cy)
//
// k = l unless the box is stretched over the element: then a unit of x and a unit of y have lengths of their own.

export const ZOOMS = [0.8, 256];

export class View {
  constructor(box, stretched = false) {
    this.box = box;
    this.stretched = stretched;
    [this.w, this.h] = [1, 1];
    this.fit();
  }

  fit() {
    const [x0, x1, y0, y1] = this.box;
    [this.cx, this.cy, this.zoom] = [(x0 + x1) / 2, (y0 + y1) / 2, 1];
  }

  get state() {
    return { x: this.cx, y: this.cy, zoom: this.zoom };
  }

  set state({ x = this.cx, y = this.cy, zoom = this.zoom }) {
    if (![x, y, zoom].every(Number.isFinite)) return;
    const [x0, x1, y0, y1] = this.box;
    this.zoom = Math.min(ZOOMS[1], Math.max(ZOOMS[0], zoom));
    this.cx = Math.min(x1, Math.max(x0, x));
    this.cy = Math.min(y1, Math.max(y0, y));
  }

  // Pixels of a unit of x and of y.
  get scales() {
    const [x0, x1, y0, y1] = this.box;
    const [k, l] = [this.w / (x1 - x0), this.h / (y1 - y0)];
    return this.stretched ? [k * this.zoom, l * this.zoom] : [Math.min(k, l) * this.zoom, Math.min(k, l) * this.zoom];
  }

  pixel(x, y) {
    const [k, l] = this.scales;
    return [this.w / 2 + k * (x - this.cx), this.h / 2 - l * (y - this.cy)];
  }

  place(u, v) {
    const [k, l] = this.scales;
    return [this.cx + (u - this.w / 2) / k, this.cy - (v - this.h / 2) / l];
  }

  pan(du, dv) {
    const [k, l] = this.scales;
    this.state = { x: this.cx - du / k, y: this.cy + dv / l };
  }

  // What lies at (u, v) stays there.
  zoomAt(u, v, factor) {
    const [x, y] = this.place(u, v);
    this.state = { zoom: this.zoom * factor };
    const [a, b] = this.pixel(x, y);
    this.pan(u - a, v - b);
  }

  // The affine map to the pixels of a picture with `ratio` pixels a CSS pixel: px = ox + kx x, py = oy - ky y. The
  // origin is a whole pixel, so that a move of the view is a move of whole pixels.
  frame(ratio) {
    const [k, l] = this.scales;
    const [w, h] = [Math.max(1, Math.round(this.w * ratio)), Math.max(1, Math.round(this.h * ratio))];
    const [kx, ky] = [k * ratio, l * ratio];
    return { kx, ky, ox: Math.round(w / 2 - kx * this.cx), oy: Math.round(h / 2 + ky * this.cy), w, h, ratio };
  }
}

// Wheel, pinch, drag, tap and lasso on `stage`; `on` answers: pan(du, dv), zoom(u, v, factor), tap(u, v), hover(u, v) or
// hover(null), and lasso(phase, u, v), which says whether it wants the drag.
export function gestures(stage, on) {
  const fingers = new Map();
  let [far, drawing] = [false, false];
  const at = (event) => {
    const r = stage.getBoundingClientRect();
    return [event.clientX - r.left, event.clientY - r.top];
  };
  const spread = () => {
    const [[a, b], [c, d]] = [...fingers.values()];
    return [(a + c) / 2, (b + d) / 2, Math.hypot(a - c, b - d)];
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || fingers.size === 2) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    if (fingers.size === 2 && drawing) drawing = on.lasso("cancel");
    far = fingers.size === 2;
    if (fingers.size === 1) drawing = on.lasso("start", ...at(event), event.shiftKey);
    on.hover(null);
  });

  stage.addEventListener("pointermove", (event) => {
    const [u, v] = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) return on.hover(u, v);
    if (drawing) return on.lasso("move", u, v);
    if (!far && Math.hypot(u - before[0], v - before[1]) < 4) return;
    far = true;
    const two = fingers.size === 2;
    const [a, b, c] = two ? spread() : [...before, 1];
    fingers.set(event.pointerId, [u, v]);
    const [d, e, f] = two ? spread() : [u, v, 1];
    on.pan(d - a, e - b);
    if (two) on.zoom(d, e, f / Math.max(1, c));
  });

  const up = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    const gone = event.type !== "pointerup";
    if (drawing) on.lasso(gone ? "cancel" : "end", ...at(event));
    else if (!far && !gone) on.tap(...at(event));
    drawing = false;
  };
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", up);
  stage.addEventListener("pointerleave", () => on.hover(null));
  stage.addEventListener("mousedown", (event) => event.preventDefault()); // else the browser takes the focus from the circle
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      on.zoom(...at(event), Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)));
    },
    { passive: false },
  );
}
