// Points in a grid of cells, cell after cell: those in sight, and those nearest to a place, without a look at the others.

export class Cells {
  // places: x, y in turn; rows whose place is not finite are left out.
  constructor(places, [x0, x1, y0, y1]) {
    const n = places.length >> 1;
    const g = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(n / 8))));
    Object.assign(this, { g, x0, y0, dx: (x1 - x0) / g, dy: (y1 - y0) / g });
    const cell = new Int32Array(n).fill(-1);
    this.start = new Uint32Array(g * g + 1);
    for (let i = 0; i < n; i++) {
      if (!Number.isFinite(places[2 * i] + places[2 * i + 1])) continue;
      cell[i] = this.down(places[2 * i + 1]) * g + this.across(places[2 * i]);
      this.start[cell[i] + 1]++;
    }
    for (let c = 0; c < g * g; c++) this.start[c + 1] += this.start[c];
    this.n = this.start[g * g];
    this.row = new Uint32Array(this.n);
    this.x = new Float32Array(this.n);
    this.y = new Float32Array(this.n);
    const next = this.start.slice();
    for (let i = 0; i < n; i++) {
      if (cell[i] < 0) continue;
      const at = next[cell[i]]++;
      this.row[at] = i;
      this.x[at] = places[2 * i];
      this.y[at] = places[2 * i + 1];
    }
  }

  // The column of x, and the row of y; points beyond the box lie in the cells at its edge.
  across(x) {
    return Math.min(this.g - 1, Math.max(0, Math.floor((x - this.x0) / this.dx)));
  }

  down(y) {
    return Math.min(this.g - 1, Math.max(0, Math.floor((y - this.y0) / this.dy)));
  }

  // [from, to) of the points in each row of cells that touches the box.
  *spans([x0, x1, y0, y1]) {
    const [a, b, top] = [this.across(x0), this.across(x1), this.down(y1)];
    for (let r = this.down(y0); r <= top; r++) yield [this.start[r * this.g + a], this.start[r * this.g + b + 1]];
  }

  // Numbers of the `count` points nearest to (x, y) for which ok(number) holds, nearest first, distances in pixels of k by l.
  nearest(x, y, count, [k, l], ok) {
    const [col, row] = [this.across(x), this.down(y)];
    const step = Math.min(this.dx * k, this.dy * l);
    const found = []; // [squared distance, number], sorted
    const visit = (c, r) => {
      if (c < 0 || r < 0 || c >= this.g || r >= this.g) return;
      for (let i = this.start[r * this.g + c]; i < this.start[r * this.g + c + 1]; i++) {
        const d = (k * (this.x[i] - x)) ** 2 + (l * (this.y[i] - y)) ** 2;
        if ((found.length === count && d >= found[count - 1][0]) || !ok(i)) continue;
        let at = found.length;
        while (at > 0 && found[at - 1][0] > d) at--;
        found.splice(at, 0, [d, i]);
        found.length = Math.min(found.length, count);
      }
    };
    for (let ring = 0; ring < this.g; ring++) {
      if (found.length === count && found[count - 1][0] <= ((ring - 1) * step) ** 2) break;
      for (let c = -ring; c <= ring; c++) {
        visit(col + c, row - ring);
        if (ring) visit(col + c, row + ring);
      }
      for (let r = 1 - ring; r < ring; r++) {
        visit(col - ring, row + r);
        visit(col + ring, row + r);
      }
    }
    return found.map(([, i]) => i);
  }
}
