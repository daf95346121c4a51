// What moves by itself: slowly at both ends, or not at all where motion is not wanted.

export class Motion {
  constructor(reduced) {
    this.reduced = reduced ?? matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.frame = 0;
  }

  // work(t, done) for t from 0 to 1 in `ms` milliseconds.
  run(ms, work) {
    this.stop();
    if (this.reduced) return work(1, true);
    const start = performance.now();
    const next = (now) => {
      const u = Math.min(1, Math.max(0, (now - start) / ms));
      this.frame = u < 1 ? requestAnimationFrame(next) : 0;
      work(u * u * (3 - 2 * u), u === 1);
    };
    this.frame = requestAnimationFrame(next);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }
}

// The view at t between two: zoomed by equal factors, and the middle on a straight line of the screen.
export function viewBetween(from, to, t) {
  const zoom = from.zoom * (to.zoom / from.zoom) ** t;
  const part = to.zoom === from.zoom ? t : (1 / from.zoom - 1 / zoom) / (1 / from.zoom - 1 / to.zoom);
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, zoom };
}
