// What a browser leaves out of a file of pictures without a word: all frames but the first, and the turn of a WebP.
//
//     PNG     length, name, data, check            chunks; acTL says how many frames
//     WebP    name, length, data, padded           chunks; ANMF is a frame, EXIF says how the picture is to be turned
//     GIF     "!" and "," begin blocks             "," is a frame

const GIF_HEAD = 13; // bytes before the table of colors
const ORIENTATION = 0x0112; // in EXIF
const UPRIGHT = 1;

// How many frames the first bytes of a file hold.
export function framesOf(bytes) {
  const kind = kindOf(bytes);
  if (kind === "GIF") return gifFrames(bytes);
  const chunks = chunksOf(bytes, kind);
  const control = chunks.find(({ name }) => name === "acTL");
  return control ? control.view.getUint32(0) : Math.max(1, chunks.filter(({ name }) => name === "ANMF").length);
}

// Whether it is a WebP that is to be turned or mirrored; of PNG and JPEG the browser does so.
export function isTurned(bytes) {
  const exif = kindOf(bytes) === "WEBP" && chunksOf(bytes, "WEBP").find(({ name }) => name === "EXIF");
  return Boolean(exif) && orientationOf(exif.view) !== UPRIGHT;
}

const letters = (bytes, at, n) => String.fromCharCode(...bytes.subarray(at, at + n));

function kindOf(bytes) {
  if (letters(bytes, 0, 3) === "GIF") return "GIF";
  return letters(bytes, 8, 4) === "WEBP" ? "WEBP" : letters(bytes, 1, 3);
}

// {name, view} of each chunk that is whole; of a JPEG, none.
function chunksOf(bytes, kind) {
  if (kind !== "PNG" && kind !== "WEBP") return [];
  const png = kind === "PNG";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = [];
  for (let at = png ? 8 : 12; at + 8 <= bytes.length;) {
    const length = png ? view.getUint32(at) : view.getUint32(at + 4, true);
    const start = at + 8;
    if (start + length > bytes.length) break;
    const data = new DataView(view.buffer, view.byteOffset + start, length);
    found.push({ name: letters(bytes, png ? at + 4 : at, 4), view: data });
    at = start + length + (png ? 4 : length % 2);
  }
  return found;
}

function gifFrames(bytes) {
  const tableOf = (flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const afterBlocks = (from) => {
    let at = from;
    while (bytes[at]) at += bytes[at] + 1;
    return at + 1;
  };
  let frames = 0;
  for (let at = GIF_HEAD + tableOf(bytes[10]); at < bytes.length;) {
    const kind = String.fromCharCode(bytes[at]);
    if (kind === "!") at = afterBlocks(at + 2);
    else if (kind === ",") {
      frames += 1;
      at = afterBlocks(at + 11 + tableOf(bytes[at + 9]));
    } else break;
  }
  return Math.max(frames, 1);
}

function orientationOf(view) {
  const first = view.byteLength > 6 && view.getUint32(0) === 0x45786966 ? 6 : 0; // "Exif", which some write before it
  if (view.byteLength < first + 8) return UPRIGHT;
  const little = view.getUint16(first) === 0x4949;
  const table = first + view.getUint32(first + 4, little);
  const n = table + 2 <= view.byteLength ? view.getUint16(table, little) : 0;
  for (let at = table + 2; at < table + 2 + 12 * n && at + 12 <= view.byteLength; at += 12)
    if (view.getUint16(at, little) === ORIENTATION) return view.getUint16(at + 8, little);
  return UPRIGHT;
}
