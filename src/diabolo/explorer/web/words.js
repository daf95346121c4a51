// A text <-> the counts of its words, the same as formats/words.py finds: letters and digits in a row; an emoji; where no space
// stands between words, pairs of letters.

const MOST_WORDS = 12; // that stand for a document
const WORD_SIGN = "[\\p{L}\\p{N}_]";
const WORD_MARK = "(?:(?=[\\u0300-\\u{1dfff}])[\\p{Mn}\\p{Mc}])"; // such as the vowels of Hindi
const VARIANTS = /[\ufe00-\ufe0f]/gu; // of an emoji
const ASCII = /^[\0-\x7f]*$/;

export class TextCodec {
  constructor(json) {
    this.kind = "documents";
    this.columns = [];
    this.words = json.words;
    this.counted = !json.texts;
    this.usual = null; // the counts that are expected on average
    this.why = json.why;
    this.place = new Map(json.words.map((word, i) => [word, i]));
    this.stop = new Set(json.stop);
    this.find = json.token === null ? finderOf(json) : patternOf(json.token);
  }

  encode(text, warn = () => {}) {
    if (this.counted) return countsOfWords(text, this.words);
    if (typeof text !== "string") throw new Error(`a text is encoded, but this is a ${typeof text}`);
    if (this.why) throw new Error(`texts cannot be read by this model here: ${this.why}`);
    const x = new Float32Array(this.words.length);
    for (const word of this.found(text)) {
      const at = this.place.get(word);
      if (at !== undefined) x[at] += 1;
    }
    if (!x.some(Boolean)) warn("no word of this text is in the vocabulary: what it says is not known");
    return x;
  }

  found(text) {
    return this.find(plainText(text)).filter((word) => word && !this.stop.has(word));
  }

  // The words of expected counts e, most frequent first; where the usual counts are known, those that are more frequent here,
  // first what adds most to the divergence, e log(e / usual).
  decode(e, most = MOST_WORDS) {
    const known = Array.from(e.keys()).filter((i) => e[i] > 0);
    const above = this.usual ? known.filter((i) => e[i] > this.usual[i]) : [];
    const rank = above.length ? (i) => e[i] * Math.log(e[i] / this.usual[i]) : (i) => e[i];
    const order = (above.length ? above : known).sort((a, b) => rank(b) - rank(a) || a - b);
    return order.slice(0, most).map((i) => ({ word: this.words[i], weight: e[i], ...this.#times(e[i], i) }));
  }

  // How many times as frequent as usual.
  #times(weight, i) {
    return this.usual ? { times: weight / this.usual[i] } : {};
  }
}

// A row of a matrix of counts.
function countsOfWords(row, words) {
  const x = Float32Array.from(row, Number);
  if (x.length !== words.length) throw new Error(`${x.length} counts are given, but the model was fitted with ${words.length}`);
  if (!x.every((v) => v >= 0 && v < Infinity)) throw new Error("the counts of words are numbers from 0");
  return x;
}

// One way of writing for what reads the same, in lower case.
const plainText = (text) => (ASCII.test(text) ? text : text.normalize("NFKC")).toLowerCase();

// All that a regular expression matches; of one with a group, what is in it.
function patternOf(token) {
  const pattern = new RegExp(token, "gu");
  const grouped = new RegExp(`${token}|`, "u").exec("").length > 1;
  return (text) => Array.from(text.matchAll(pattern), (found) => (grouped ? found[1] ?? "" : found[0]));
}

function finderOf({ emoji, spaceless }) {
  const token = new RegExp(`${WORD_SIGN}+(?:(?:${WORD_MARK}|[\\u200c\\u200d])+${WORD_SIGN}*)*|${emoji}`, "gu");
  const run = new RegExp(`([${spaceless}](?:[${spaceless}]|${WORD_MARK})*)|[^${spaceless}]+`, "gu");
  return (text) => {
    const spaced = text.replaceAll("_", " ");
    if (ASCII.test(spaced)) return spaced.match(token) ?? [];
    return (spaced.replace(VARIANTS, "").match(token) ?? []).flatMap((word) => partsOf(word, run));
  };
}

// The word; or, of letters without spaces between words, all pairs of neighbors.
function partsOf(word, run) {
  if (ASCII.test(word)) return [word];
  return Array.from(word.matchAll(run)).flatMap(([part, together]) => {
    const letters = Array.from(part);
    return together && letters.length > 2 ? letters.slice(1).map((letter, i) => letters[i] + letter) : [part];
  });
}
