// What the page cannot do itself, the server does that gave it out.
//
//     codes (n, k)   --POST decode-->   expected features (n, d)
//     one thing      --POST encode-->   its code (k), its features (d)
//
// One request is on its way; of those that wait, the newest goes next and the others are dropped.

export function newest(ask) {
  let waiting = null, busy = false;
  async function run() {
    busy = true;
    while (waiting) {
      const { value, done, failed } = waiting;
      waiting = null;
      await ask(value).then(done, failed);
    }
    busy = false;
  }
  return value => new Promise((done, failed) => {
    waiting?.done(null);
    waiting = { value, done, failed };
    if (!busy) run();
  });
}

export async function posted(url, body, type) {
  const answer = await fetch(url, { method: "POST", body, headers: { "content-type": type } }).catch(() => null);
  if (!answer) throw new Error("The server does not answer: start diabolo explore again.");
  if (!answer.ok) throw new Error((await answer.text()) || `The server answers ${answer.status}.`);
  return { numbers: new Float32Array(await answer.arrayBuffer()), note: decodeURIComponent(answer.headers.get("note") ?? "") };
}

// say(sentence) shows an error or a note, say("") takes it away. An answer is null if a newer request, or an error, took its place.
export class Remote {
  constructor(k, say = () => {}) {
    const shown = ask => value => ask(value).then(answer => (answer && say(answer.note), answer), error => (say(error.message), null));
    const sendCodes = newest(z => posted("decode", Float32Array.from(z), "application/octet-stream"));
    const sendThing = newest(({ body, type }) => posted("encode", body, type));
    this.decoded = shown(sendCodes);
    this.encoded = shown(sendThing);
    this.k = k;
  }

  async decode(z) {
    return (await this.decoded(z))?.numbers ?? null;
  }

  // Features (Float32Array), a file of a picture, or a row {column: value}, a text, a list of numbers.
  async encode(thing) {
    const answer = await this.encoded(sendable(thing));
    return answer && { z: answer.numbers.subarray(0, this.k), x: answer.numbers.subarray(this.k) };
  }
}

function sendable(thing) {
  if (thing instanceof Float32Array) return { body: thing.slice(), type: "application/octet-stream" };
  return thing instanceof Blob ? { body: thing, type: thing.type } : { body: JSON.stringify(thing), type: "application/json" };
}
