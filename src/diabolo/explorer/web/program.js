// A network as a list of operations on registers, run for one row. programs/program.py says what each operation is:
//
//     affine  y = b + W1 x1 + W2 x2 + ...        conv  y = b + W * x        take  y_j = x_i(j)        scale  y = a (x - c) + b  ...
//
// All registers and matrices lie in one block of memory, made once, and a run allocates nothing. Products are computed by a
// small WebAssembly kernel (kernel.wat), or by the same loops in JavaScript where there is none.

// ── tensors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const TENSOR_ARRAYS = {
  f16: Uint16Array, f32: Float32Array, f64: Float64Array, i8: Int8Array, u8: Uint8Array,
  i16: Int16Array, u16: Uint16Array, i32: Int32Array, u32: Uint32Array,
};

/** The arrays of a payload: a table [{dtype, shape, offset, bytes}], and the buffer that holds their bytes. */
export class Tensors {
  constructor(table, buffer) {
    this.table = table;
    this.buffer = buffer;
  }

  shape(i) {
    return this.table[i].shape;
  }

  /** The numbers, row by row; those of f16 as a new Float32Array. */
  array(i) {
    const { dtype, offset, bytes } = this.table[i];
    const kept = new TENSOR_ARRAYS[dtype](this.buffer, offset, bytes / TENSOR_ARRAYS[dtype].BYTES_PER_ELEMENT);
    return dtype === "f16" ? fromHalves(kept) : kept;
  }
}

const HALF_NUMBERS = new Float32Array(65536);  // the number of all 16 bits

function fromHalves(bits) {
  if (!HALF_NUMBERS[1]) for (let i = 0; i < 65536; i++) HALF_NUMBERS[i] = halfNumber(i);
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = HALF_NUMBERS[bits[i]];
  return numbers;
}

/** The number of 16 bits: sign, exponent + 15, fraction. */
function halfNumber(bits) {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}

// ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What gives memory and products: the kernel of these bytes, or plain loops (null, or a browser without SIMD). */
export async function loadKernel(bytes) {
  if (!bytes || typeof WebAssembly === "undefined") return PLAIN_KERNEL;
  const module = await WebAssembly.compile(bytes).catch(() => null);
  if (!module) return PLAIN_KERNEL;
  return {
    simd: true,
    open(count) {
      const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(count / 16384)) });
      const { products } = new WebAssembly.Instance(module, { page: { memory } }).exports;
      return { floats: new Float32Array(memory.buffer), products };
    },
  };
}

const PLAIN_KERNEL = {
  simd: false,
  open(count) {
    const f = new Float32Array(count);
    /** y_ij += a_i . b_j; a, b, y, and the step from y_i to y_i+1, in bytes, as in kernel.wat */
    function products(a, b, y, n, m, k, step) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) f[((y + i * step) >> 2) + j] += dot((a >> 2) + i * k, (b >> 2) + j * k, k);
      }
    }
    function dot(a, b, k) {
      let s = 0, t = 0, u = 0, v = 0, i = 0;
      for (; i + 3 < k; i += 4) {
        s += f[a + i] * f[b + i];
        t += f[a + i + 1] * f[b + i + 1];
        u += f[a + i + 2] * f[b + i + 2];
        v += f[a + i + 3] * f[b + i + 3];
      }
      for (; i < k; i++) s += f[a + i] * f[b + i];
      return s + t + u + v;
    }
    return { floats: f, products };
  },
};

// ── the program ──────────────────────────────────────────────────────────────────────────────────────────────────────

export class Program {
  /** json and tensors: what `Program.json` wrote in Python; kernel: what `loadKernel` gave. */
  constructor(json, tensors, kernel) {
    const layout = new MemoryLayout(), ops = json.ops.map((op) => new Operation(op, json, tensors));
    const registers = json.widths.map((width) => layout.place(width));
    const matrices = ops.map((op) => (op.multiplies ? op.weights.map((w) => layout.place(w.length)) : []));
    const patches = layout.place(Math.max(0, ...ops.map((op) => op.patches)));

    const { floats, products } = kernel.open(layout.count);
    const at = ([start, count]) => floats.subarray(start, start + count);
    const memory = { products, patches: at(patches) };
    ops.forEach((op, i) => {
      matrices[i].forEach((place, j) => {
        at(place).set(op.weights[j]);
        op.weights[j] = at(place);
      });
      op.run = OPERATIONS[op.name](op, op.x.map((r) => at(registers[r])), at(registers[op.y]), memory);
    });
    this.in = json.in;
    this.out = json.out;
    this.x = at(registers[0]);
    this.y = at(registers[json.y]);
    this.some = new Float32Array(json.out);  // the rows that were asked for
    this.views = new Map();
    const late = lastOperations(ops, json.y);
    this.first = ops.filter((op) => !late.has(op));
    this.last = ops.filter((op) => late.has(op));
  }

  /**
   * x (in numbers) -> y (out numbers), which the next run overwrites.
   * only: [from, to, from, to, ...] gives these numbers of y alone, one range after the other, in about their share of the time.
   */
  run(x, only = null) {
    if (x.length !== this.in) throw new RangeError(`the program takes ${this.in} numbers, not ${x.length}`);
    this.x.set(x);
    for (let i = 0; i < this.first.length; i++) this.first[i].run(0, this.first[i].size);
    if (only) return this.parts(only);
    for (let i = 0; i < this.last.length; i++) this.last[i].run(0, this.last[i].size);
    return this.y;
  }

  parts(only) {
    let found = 0;
    for (let r = 0; r < only.length; r += 2) {
      const from = only[r], to = only[r + 1];
      if (!(0 <= from && from <= to && to <= this.out)) throw new RangeError(`only ${from} to ${to}: there are ${this.out} numbers`);
      if (found + to - from > this.out) throw new RangeError(`only: more than all ${this.out} numbers`);
      for (let i = 0; i < this.last.length; i++) this.last[i].run(from, to);
      for (let j = from; j < to; j++) this.some[found++] = this.y[j];
    }
    if (!this.views.has(found)) this.views.set(found, this.some.subarray(0, found));
    return this.views.get(found);
  }
}

class Operation {
  constructor(op, json, tensors) {
    this.name = op.op;
    this.x = op.x;
    this.y = op.y;
    this.settings = op;
    this.weights = (op.w ?? []).map((i) => tensors.array(i));
    this.shapes = (op.w ?? []).map((i) => tensors.shape(i));
    this.multiplies = op.op === "affine" || op.op === "conv";
    const width = json.widths[op.y], rows = this.shapes.at(-1)?.[0];
    this.single = op.op === "affine" && rows === width;  // x is one row
    this.size = op.op === "affine" ? rows : width;
    this.patches = op.op === "conv" ? (width / rows) * productOf(this.shapes[0].slice(1)) : 0;
  }
}

/** Where things lie in memory: [start, count], each at a multiple of 16 bytes. */
class MemoryLayout {
  count = 0;

  place(count) {
    const start = this.count;
    this.count += Math.ceil(count / 4) * 4;
    return [start, count];
  }
}

const productOf = (numbers) => numbers.reduce((a, b) => a * b, 1);

/** The operations at the end of which a part of y needs no more than a part: it is enough to run them for this part. */
function lastOperations(ops, y) {
  const late = new Set(), whole = new Set();  // registers that are needed whole
  for (const op of [...ops].reverse()) {
    const own = op.name in POINTWISE || ["add", "clip", "scale", "turn"].includes(op.name);  // y_j needs x_j
    const partly = !whole.has(op.y) && (own || op.single || ["take", "conv"].includes(op.name));
    if (partly) late.add(op);
    if (!(partly && own)) op.x.forEach((r) => whole.add(r));
  }
  return late;
}

// ── the operations: (op, inputs, y, memory) -> what computes numbers `from` to `to` of y ─────────────────────────────

const POINTWISE = {
  curb: (x) => Math.sign(x) * Math.log1p(Math.abs(x)),
  square: (x) => x * x,
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => (x * (1 + errorFunction(x * Math.SQRT1_2))) / 2,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  log: Math.log,
  logit: (x) => Math.log(x / (1 - x)),
  tf: (x) => (x > 0 ? 1 + Math.log(Math.max(x, 1)) : 0),
  fill: (x) => (Number.isFinite(x) ? x : x === Infinity ? 1 : 0),
  gap: (x) => (Number.isNaN(x) ? 1 : 0),
};

/** x, as if it were not squashed beyond the knee k of s x + m. */
function straight(x, k, m, s) {
  const g = s * x + m, over = Math.min(Math.max(Math.abs(g) - k, 0), 40);
  return over > 0 ? (Math.sign(g) * (Math.abs(g) - over + Math.expm1(over)) - m) / s : x;
}

const OPERATIONS = {
  affine({ weights, shapes }, xs, y, { products }) {
    const b = weights.at(-1), m = b.length, n = y.length / m;
    const x = xs.map((v) => v.byteOffset), w = xs.map((_, i) => weights[i].byteOffset), k = xs.map((_, i) => shapes[i][1]);
    return (from, to) => {
      for (let i = 0; i < n; i++) for (let j = from; j < to; j++) y[i * m + j] = b[j];
      for (let i = 0; i < x.length; i++) {
        products(x[i], w[i] + 4 * k[i] * from, y.byteOffset + 4 * from, n, to - from, k[i], 4 * m);
      }
    };
  },

  conv({ weights: [w, b], shapes: [[m, ...kernel]], settings }, [x], y, { products, patches }) {
    const index = patchIndex(kernel, settings), k = productOf(kernel), places = y.length / m;
    const groups = settings.picture[0] / kernel[0], each = m / groups;
    return (from, to) => {
      const begin = Math.floor(from / places), end = Math.ceil(to / places);  // channels
      for (let j = begin; j < end; j++) y.fill(b[j], j * places, (j + 1) * places);
      for (let g = Math.floor(begin / each); g * each < end; g++) {
        const first = g * (x.length / groups), j = Math.max(begin, g * each), n = Math.min(end, (g + 1) * each) - j;
        for (let i = 0; i < index.length; i++) patches[i] = index[i] < 0 ? 0 : x[first + index[i]];
        const rows = w.byteOffset + 4 * j * k, out = y.byteOffset + 4 * j * places;
        if (places === 1) products(patches.byteOffset, rows, out, 1, n, k, 4 * n);
        else products(rows, patches.byteOffset, out, n, places, k, 4 * places);
      }
    };
  },

  scale({ weights }, [x], y) {
    const [a, c, b] = weights.map((w) => repeatedTo(w, y.length));
    return (from, to) => {
      for (let i = from; i < to; i++) y[i] = a[i] * (x[i] - c[i]) + b[i];
    };
  },

  turn({ weights: [a, b, ...bend] }, [x], y) {
    return (from, to) => {
      for (let i = from; i < to; i++) {
        const t = a[i] * (bend.length ? straight(x[i], ...bend.map((v) => v[i])) : x[i]) + b[i];
        y[i] = Math.cos(2 * Math.PI * (t - Math.floor(t)));
      }
    };
  },

  take({ weights, settings }, [x], y) {
    const index = weights[0] ?? viewIndex(settings.view);
    return (from, to) => {
      for (let i = from; i < to; i++) y[i] = index[i] < 0 ? 0 : x[index[i]];
    };
  },

  join(op, xs, y) {
    return () => {
      for (let i = 0, start = 0; i < xs.length; start += xs[i++].length) y.set(xs[i], start);
    };
  },

  add(op, xs, y) {
    return (from, to) => {
      for (let i = from; i < to; i++) y[i] = xs[0][i] + xs[1][i];
      for (let j = 2; j < xs.length; j++) for (let i = from; i < to; i++) y[i] += xs[j][i];
    };
  },

  clip({ settings: { low = -Infinity, high = Infinity } }, [x], y) {
    return (from, to) => {
      for (let i = from; i < to; i++) y[i] = x[i] < low ? low : x[i] > high ? high : x[i];
    };
  },

  softmax({ settings }, [x], y) {
    const ends = groupEnds(settings.sizes);
    return () => {
      for (let g = 0, i = 0; g < ends.length; g++) {
        const start = i;
        let most = -Infinity, sum = 0;
        for (; i < ends[g]; i++) most = Math.max(most, x[i]);
        for (i = start; i < ends[g]; i++) sum += y[i] = Math.exp(x[i] - most);
        for (i = start; i < ends[g]; i++) y[i] /= sum;
      }
    };
  },

  simplex({ settings }, [x], y) {
    const ends = groupEnds(settings.sizes), sorted = settings.sizes.map((size) => new Float32Array(size));
    return () => {
      for (let g = 0, start = 0; g < ends.length; start = ends[g++]) {
        const u = sorted[g];
        for (let i = 0; i < u.length; i++) u[i] = x[start + i];
        u.sort();
        let sum = -1, over = 0;
        for (let l = 1; l <= u.length; l++) {  // from the largest on
          sum += u[u.length - l];
          if (l === 1 || u[u.length - l] > sum / l) over = sum / l;
        }
        for (let i = start; i < ends[g]; i++) y[i] = Math.max(0, x[i] - over);
      }
    };
  },

  norm({ settings: { p, eps } }, [x], y) {
    return () => {
      let sum = 0;
      for (let i = 0; i < x.length; i++) sum += p === 1 ? Math.abs(x[i]) : x[i] * x[i];
      const length = Math.max(p === 1 ? sum : Math.sqrt(sum), eps);
      for (let i = 0; i < x.length; i++) y[i] = x[i] / length;
    };
  },

  standard({ settings: { size, eps } }, [x], y) {
    return () => {
      for (let start = 0; start < x.length; start += size) {
        let mean = 0, square = 0;
        for (let i = start; i < start + size; i++) mean += x[i] / size;
        for (let i = start; i < start + size; i++) square += (x[i] - mean) ** 2 / size;
        for (let i = start; i < start + size; i++) y[i] = (x[i] - mean) / Math.sqrt(square + eps);
      }
    };
  },
};

for (const [name, f] of Object.entries(POINTWISE)) {
  OPERATIONS[name] = (op, [x], y) => (from, to) => {
    for (let i = from; i < to; i++) y[i] = f(x[i]);
  };
}

/** The numbers again and again, n in all. */
function repeatedTo(numbers, n) {
  const all = new Float32Array(n);
  for (let i = 0; i < n; i++) all[i] = numbers[i % numbers.length];
  return all;
}

/** Where the groups end. */
function groupEnds(sizes) {
  let end = 0;
  return sizes.map((size) => (end += size));
}

/** The places of a strided view. */
function viewIndex({ start, shape, strides }) {
  const index = new Int32Array(productOf(shape));
  for (let i = 0; i < index.length; i++) {
    index[i] = start;
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      index[i] += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
  }
  return index;
}

/** For each place of the output: the pixels under the kernel, -1 beyond the border; of the first group. */
function patchIndex([channels, rows, columns], { picture: [, h, w], stride, pads: [top, left, bottom, right] }) {
  const index = [];
  for (let i = -top; i + rows <= h + bottom; i += stride) {
    for (let j = -left; j + columns <= w + right; j += stride) {
      for (let c = 0; c < channels; c++) {
        for (let u = i; u < i + rows; u++) {
          for (let v = j; v < j + columns; v++) index.push(u < 0 || v < 0 || u >= h || v >= w ? -1 : (c * h + u) * w + v);
        }
      }
    }
  }
  return Int32Array.from(index);
}

/** The error function, to 1.5e-7 (Abramowitz & Stegun, 7.1.26). */
function errorFunction(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - tail * Math.exp(-x * x));
}
