// What the page cannot do itself, the server does that gave it out.
//
//     codes (n, k)   --POST decode-->   expected features (n, d)
//     one thing      --POST encode-->   its code (k), its features (d)
//
// One request is on its way; of those that wait, the newest goes next and the others are dropped.
const NUMBERS = "application/octet-stream";
const [FIRST, MOST] = [8, 64]; // things that are asked for together
const VALUES = 1 << 21; // numbers of these
const KEPT = 2000; // things
const WAIT = 50; // milliseconds in which more places are wanted

export function newest(ask) {
  let [waiting, busy] = [null, false];
  const run = async () => {
    busy = true;
    while (waiting) {
      const { value, done, failed } = waiting;
      waiting = null;
      await ask(value).then(done, failed);
    }
    busy = false;
  };
  return (value) =>
    new Promise((done, failed) => {
      waiting?.done(null);
      waiting = { value, done, failed };
      if (!busy) run();
    });
}

export async function posted(url, { body, type }) {
  const answer = await fetch(url, { method: "POST", body, headers: { "content-type": type } }).catch(() => null);
  if (!answer) throw new Error("The server does not answer: start diabolo explore again.");
  if (!answer.ok) throw new Error((await answer.text()) || `The server answers ${answer.status}.`);
  return { numbers: new Float32Array(await answer.arrayBuffer()), note: decodeURIComponent(answer.headers.get("note") ?? "") };
}

// say(sentence) shows an error or a note, say("") takes it away. What a newer request has replaced, and what failed, is null.
export class Remote {
  constructor(k, say = () => {}) {
    const shown = (ask) => (value) =>
      ask(value).then(
        (answer) => (answer && say(answer.note), answer),
        (error) => (say(error.message), null),
      );
    this.k = k;
    this.decoded = shown(newest((z) => posted("decode", { body: Float32Array.from(z), type: NUMBERS })));
    this.encoded = shown(newest(async (thing) => posted("encode", await sendable(thing))));
  }

  async decode(z) {
    return (await this.decoded(z))?.numbers ?? null;
  }

  // Features (Float32Array); a picture (ImageData, or a file), a row {column: value}, a text, a list of numbers.
  async encode(thing) {
    const numbers = (await this.encoded(thing))?.numbers;
    const k = thing instanceof Float32Array ? numbers?.length - thing.length : this.k;
    return numbers ? { z: numbers.subarray(0, k), x: numbers.subarray(k) } : null;
  }
}

// use(thing) of a place now, or again() once the server has decoded it with others: things stay, so that a view that moves asks
// for new ones only.
export function keeping({ model, codec, say }) {
  const known = new Map();
  const wanted = new Map();
  let [asking, many] = [0, FIRST];
  const waiting = new Set(); // of again
  const ask = async () => {
    const some = [...wanted].slice(0, many);
    wanted.clear();
    const { numbers } = await posted("decode", { body: Float32Array.from(some.flatMap(([, z]) => [...z])), type: NUMBERS });
    const d = numbers.length / some.length;
    many = Math.max(1, Math.min(MOST, Math.floor(VALUES / d)));
    if (known.size > KEPT) known.clear();
    some.forEach(([key], i) => known.set(key, kept(codec.decode(numbers.slice(i * d, (i + 1) * d)))));
    asking = 0;
    const all = [...waiting];
    waiting.clear();
    all.forEach((again) => again());
  };
  return (place, use, again) => {
    if (!codec) return undefined;
    const z = model.code(place);
    const key = z.join();
    if (known.has(key)) return use(known.get(key));
    wanted.set(key, z);
    waiting.add(again);
    return (asking ||= setTimeout(() => ask().catch((error) => ((asking = 0), say(error.message))), WAIT));
  };
}

// A thing that stays as it is while others are decoded.
export function kept(thing) {
  return Array.isArray(thing) ? thing.map((part) => ({ ...part })) : thing;
}

async function sendable(thing) {
  if (thing instanceof Float32Array) return { body: thing, type: NUMBERS };
  const file = thing instanceof ImageData ? await pngOf(thing) : thing;
  return file instanceof Blob ? { body: file, type: file.type } : { body: JSON.stringify(thing), type: "application/json" };
}

function pngOf(picture) {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
