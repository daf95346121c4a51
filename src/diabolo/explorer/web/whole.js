// Letters that look incomplete at a place of a plane of fonts, by the rule of fonts/whole.py:
//
//     more pieces less holes than in any face nearby                        it has come apart, or a hole has opened or closed
//     ink / median ink of the faces nearby < LEAST * that of all letters    it has faded, and not the whole font with it
import { upsampled } from "./outlines.js";
import { apart, nearest } from "./near.js";

const NEAR = 8; // faces
const LEAST = 0.6; // of the ink that a letter would have
const FEW = 4; // letters of which fewer do not say whether all is light
const FINER = 2; // times as many samples a side when pieces are counted

export class Whole {
  // places (n, 2) of the faces, flat; fieldsAt(place): the fields of all letters, of `size` cells a side
  constructor(places, size, fieldsAt) {
    Object.assign(this, { places, size, fieldsAt, known: new Map(), newest: null });
  }

  // The numbers of the letters, after a few frames; null, if a newer place was asked for meanwhile.
  async incomplete(place) {
    this.newest = place;
    const n = this.places.length / 2;
    const faces = nearest(n, Math.min(NEAR, n), (i) => apart(place, this.places, 2 * i, 2)).map(([, i]) => i);
    for (const i of faces) {
      if (!this.known.has(i)) await new Promise((next) => setTimeout(next));
      if (this.newest !== place) return null;
      if (!this.known.has(i)) this.known.set(i, this.#seen([this.places[2 * i], this.places[2 * i + 1]]));
    }
    return odd(this.#seen(place), faces.map((i) => this.known.get(i)));
  }

  // Another place is on its way.
  drop() {
    this.newest = null;
  }

  #seen(place) {
    return this.fieldsAt(place).map((data) => {
      const field = { data, height: this.size, width: this.size };
      const ink = data.reduce((sum, v) => sum + Math.min(1, Math.max(0, v + 0.5)), 0);
      return { ink, pieces: euler(upsampled(field, FINER)) };
    });
  }
}

function odd(own, near) {
  const share = own.map(({ ink }, c) => ink / Math.max(median(near.map((face) => face[c].ink)), 1e-6));
  const least = LEAST * (share.length < FEW ? 1 : Math.min(1, median(share)));
  const split = ({ pieces }, c) => pieces > Math.max(...near.map((face) => face[c].pieces));
  return own.flatMap((letter, c) => (split(letter, c) || share[c] < least ? [c] : []));
}

// Pieces less holes of what is inside: corners less sides and squares between four samples.
function euler({ data, height, width }) {
  let sum = 0;
  for (let i = 0, at = 0; i < height; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (!(data[at] > 0)) continue;
      const [right, down] = [j + 1 < width && data[at + 1] > 0, i + 1 < height && data[at + width] > 0];
      sum += 1 - right - down + (right && down && data[at + width + 1] > 0);
    }
  }
  return sum;
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
