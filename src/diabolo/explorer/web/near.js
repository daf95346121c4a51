// From a place of the map to a code, where the map is not the codes themselves (explorer/near.py):
//
//     z(p) = sum_i w_i z_i / sum_i w_i,    w_i = ((1 - t_i) / t_i)^2,  t_i = |p - p_i| / R

const [LEAST, BEYOND] = [1e-6, 1 + 1e-6];

export class NearRows {
  // places (n, 2) and codes (n, k), flat
  constructor(places, codes, k, near) {
    Object.assign(this, { places, codes, k, near, n: places.length / 2 });
  }

  code(x, y) {
    return this.mean(this.codes, this.k, this.weights([x, y], this.places, 2));
  }

  // The place of a code: between those of the rows with the nearest codes.
  place(z) {
    return [...this.mean(this.places, 2, this.weights(z, this.codes, this.k))];
  }

  // The rows nearest to v (d numbers) of those in `values` (n, d): [row, weight]
  weights(v, values, d) {
    const most = Math.min(this.near + 1, this.n);
    const found = nearest(this.n, most, (i) => apart(v, values, i * d, d));
    const far = Math.sqrt(found[most - 1][0]) * (this.n > this.near ? BEYOND : 2);
    return found.map(([square, i]) => {
      const t = far > 0 ? Math.sqrt(square) / far : 0;
      return [i, ((1 - t) / Math.max(t, LEAST)) ** 2];
    });
  }

  mean(values, d, weights) {
    const [out, total] = [new Float64Array(d), weights.reduce((sum, [, w]) => sum + w, 0) || 1];
    for (const [i, w] of weights) for (let j = 0; j < d; j++) out[j] += (w / total) * values[i * d + j];
    return out;
  }
}

// The `most` of n things with the smallest distance: [distance, number], nearest first.
export function nearest(n, most, distance, ok = () => true) {
  const found = [];
  for (let i = 0; i < n; i++) {
    const d = distance(i);
    if ((found.length === most && d >= found[most - 1][0]) || !ok(i)) continue;
    let at = found.length;
    while (at > 0 && found[at - 1][0] > d) at--;
    found.splice(at, 0, [d, i]);
    if (found.length > most) found.pop();
  }
  return found;
}

// Squared distance of z to the code that begins at `start`.
export function apart(z, codes, start, k) {
  let d = 0;
  for (let j = 0; j < k; j++) d += (z[j] - codes[start + j]) ** 2;
  return d;
}
