// Glyphs from fields: a field f (s x s, the first row on top), positive inside, in cells -> how much of each pixel is ink.
//
//     ink = clamp(1/2 + f(x) p)          f between its samples: cubic interpolation;  p: pixels in a cell
//
// So edges are smooth at any size.

const tables = new Map();

// For `pixels` along a side of s samples: the first sample of four, and their weights (Catmull & Rom).
function weightsOf(s, pixels) {
  const key = `${s} ${pixels}`;
  if (!tables.has(key)) {
    if (tables.size > 64) tables.clear();
    const [first, weights] = [new Int32Array(4 * pixels), new Float32Array(4 * pixels)];
    for (let i = 0; i < pixels; i++) {
      const at = ((i + 0.5) * s) / pixels - 0.5;
      const [j, u] = [Math.floor(at), at - Math.floor(at)];
      for (let k = 0; k < 4; k++) first[4 * i + k] = Math.min(s - 1, Math.max(0, j - 1 + k));
      weights.set(
        [((2 - u) * u - 1) * u, (3 * u - 5) * u * u + 2, ((4 - 3 * u) * u + 1) * u, (u - 1) * u * u].map((w) => w / 2),
        4 * i,
      );
    }
    tables.set(key, { first, weights });
  }
  return tables.get(key);
}

const rows = new Float32Array(1 << 16);

// Puts a glyph on `ink` (width x height, one byte a pixel), its picture `side` pixels wide from (left, top) on.
export function inked(ink, width, height, field, s, side, left, top) {
  const { first, weights } = weightsOf(s, side);
  const sharp = (255 * side) / s;
  const [a, b] = [Math.max(0, -left), Math.min(side, width - left)];
  for (let y = 0; y < s; y++) {
    const from = y * s;
    for (let x = a, k = 4 * a; x < b; x++, k += 4) {
      rows[y * side + x] =
        weights[k] * field[from + first[k]] +
        weights[k + 1] * field[from + first[k + 1]] +
        weights[k + 2] * field[from + first[k + 2]] +
        weights[k + 3] * field[from + first[k + 3]];
    }
  }
  for (let y = Math.max(0, -top); y < Math.min(side, height - top); y++) {
    const k = 4 * y;
    const [r0, r1, r2, r3] = [first[k] * side, first[k + 1] * side, first[k + 2] * side, first[k + 3] * side];
    const [w0, w1, w2, w3] = [weights[k], weights[k + 1], weights[k + 2], weights[k + 3]];
    let to = (top + y) * width + left + a;
    for (let x = a; x < b; x++, to++) {
      const cover = 127.5 + sharp * (w0 * rows[r0 + x] + w1 * rows[r1 + x] + w2 * rows[r2 + x] + w3 * rows[r3 + x]);
      if (cover > ink[to]) ink[to] = cover > 255 ? 255 : cover;
    }
  }
}

// A frame, for a letter that is not known.
export function framed(ink, width, height, left, top, w, h) {
  const line = Math.max(1, Math.round(h / 16));
  for (let y = Math.max(0, top); y < Math.min(height, top + h); y++) {
    for (let x = Math.max(0, left); x < Math.min(width, left + w); x++) {
      const edge = Math.min(x - left, left + w - 1 - x, y - top, top + h - 1 - y);
      if (edge < line) ink[y * width + x] = 255;
    }
  }
}

// Ink in a color -> a canvas
export function printed(context, ink, width, height, [r, g, b]) {
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const color = (b << 16) | (g << 8) | r;
  for (let i = 0; i < pixels.length; i++) pixels[i] = (ink[i] << 24) | color;
  context.putImageData(image, 0, 0);
}
