// Grids over the map: m x m values, row 0 at the lower edge, the outer nodes on the edges of the box.

// The node nearest to a place, of a grid whose outer nodes lie on the box.
export function gridAt(values, [x0, x1, y0, y1], [x, y]) {
  const m = Math.round(Math.sqrt(values.length));
  const at = (v, low, high) => Math.min(m - 1, Math.max(0, Math.round(((v - low) / (high - low)) * (m - 1))));
  return values[at(y, y0, y1) * m + at(x, x0, x1)];
}

// Counts of places in an m x m grid, smoothed -> log density
export function smoothed(places, [x0, x1, y0, y1], m = 96, width = 2.2) {
  const grid = new Float64Array(m * m);
  for (let i = 0; i < places.length; i += 2) {
    const [c, r] = [
      Math.round(((places[i] - x0) / (x1 - x0)) * (m - 1)),
      Math.round(((places[i + 1] - y0) / (y1 - y0)) * (m - 1)),
    ];
    if (c >= 0 && r >= 0 && c < m && r < m) grid[r * m + c]++;
  }
  const reach = Math.ceil(3 * width);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / width) ** 2));
  const blur = (from, step, other) => {
    const to = new Float64Array(m * m);
    for (let a = 0; a < m; a++) {
      for (let b = 0; b < m; b++) {
        let sum = 0;
        for (let i = Math.max(0, b - reach); i <= Math.min(m - 1, b + reach); i++)
          sum += kernel[i - b + reach] * from[a * other + i * step];
        to[a * other + b * step] = sum;
      }
    }
    return to;
  };
  return Float32Array.from(blur(blur(grid, 1, m), m, 1), (v) => Math.log(v + 1e-6));
}
