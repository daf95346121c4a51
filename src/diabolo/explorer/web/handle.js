// The black and white circle: where it is, the decoder decodes. A slider for mouse, finger and keys.
import { drawing } from "./svg.js";

const REACH = 23; // pixels around its middle that take hold of it
const STEPS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  PageUp: [0, 10],
  PageDown: [0, -10],
};

export class Handle {
  // `on`: grab(), to(u, v, done) in pixels, step(right, up, fine, done), home(), end(), zoom(factor), fit(), escape()
  constructor(on) {
    this.on = on;
    const halo = drawing("circle", { r: 21, fill: "none", "stroke-width": 3, class: "map-focus" });
    const shade = drawing("circle", { r: 16.5, fill: "#000", opacity: 0.16, cy: 1.5 });
    const white = drawing("circle", { r: 15, fill: "#fff" });
    const black = drawing("circle", { r: 13.25, fill: "#0b0c10" });
    const rim = drawing("circle", { r: 8.75, fill: "#fff" });
    this.core = drawing("circle", { r: 6.25 });
    const reach = drawing("circle", { r: REACH, fill: "transparent", class: "map-reach" });
    const circles = [halo, shade, white, black, rim, this.core, reach];
    this.node = drawing("g", { class: "map-handle", role: "slider", tabindex: 0 }, ...circles);
    this.node.addEventListener("pointerdown", (event) => this.#down(event));
    this.node.addEventListener("pointermove", (event) => this.#move(event, false));
    this.node.addEventListener("pointerup", (event) => this.#move(event, true));
    this.node.addEventListener("pointercancel", (event) => this.#move(event, true));
    this.node.addEventListener("mousedown", (event) => event.preventDefault()); // else the browser takes the focus back
    this.node.addEventListener("keydown", (event) => this.#key(event, false));
    this.node.addEventListener("keyup", (event) => this.#key(event, true));
  }

  move(u, v) {
    [this.u, this.v] = [u, v];
    this.node.setAttribute("transform", `translate(${u.toFixed(2)} ${v.toFixed(2)})`);
  }

  // What is read aloud: `now` of `from`..`to`, in `words`; `color`: of the ground below.
  say({ label, now, from, to, words, color }) {
    const facts = { label, valuemin: from, valuemax: to, valuenow: now, valuetext: words };
    for (const [name, value] of Object.entries(facts)) this.node.setAttribute(`aria-${name}`, value);
    this.core.setAttribute("fill", color);
  }

  focus() {
    this.node.focus({ preventScroll: true });
  }

  #down(event) {
    if (event.button !== 0) return;
    event.stopPropagation();
    this.node.setPointerCapture(event.pointerId);
    this.held = { id: event.pointerId, u: this.u - event.clientX, v: this.v - event.clientY };
    this.node.classList.add("held");
    this.focus();
    this.on.grab();
  }

  #move(event, done) {
    if (this.held?.id !== event.pointerId) return;
    event.stopPropagation();
    const { u, v } = this.held;
    if (done) this.held = null;
    if (done) this.node.classList.remove("held");
    this.on.to(event.clientX + u, event.clientY + v, done);
  }

  #key(event, done) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step) this.on.step(...step, event.shiftKey, done);
    else if (done) return;
    else if (event.key === "Home") this.on.home();
    else if (event.key === "End") this.on.end();
    else if (event.key === "+" || event.key === "=") this.on.zoom(1.25);
    else if (event.key === "-") this.on.zoom(0.8);
    else if (event.key === "0") this.on.fit();
    else if (event.key === "Escape") this.on.escape();
    else return;
    event.preventDefault();
  }
}
