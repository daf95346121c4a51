// A file that somebody dropped -> ImageData; what is too large is refused before it is unpacked.

import { framesOf, isTurned } from "./frames.js";

const MOST = 40e6; // pixels
const HEAD = 1 << 24; // bytes in which a size stands: before it, a JPEG may have profiles and previews

export async function pictureFrom(file) {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const size = sizeOf(head);
  const name = file.name || "the picture";
  if (!size) throw new Error(`${file.name || "this"} is no PNG, JPEG, WebP or GIF`);
  const [w, h] = size;
  if (w * h > MOST)
    throw new Error(
      `${name} has ${w.toLocaleString("en")} × ${h.toLocaleString("en")} pixels: at most ${MOST / 1e6} million are taken, make it smaller`,
    );
  if (framesOf(head) > 1) throw new Error(`${name} is an animation, and a picture has one frame: save the one that you want`);
  if (isTurned(head)) throw new Error(`${name} is to be turned, which browsers do not do with WebP: save it as PNG or JPEG`);
  // the numbers of the file, as Python reads them, whatever its color profile
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() => {
    throw new Error(`${name} is broken and cannot be read`);
  });
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// Width and height, as the first bytes of a file say; null, if it is none of these.
export function sizeOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const letters = (at, n) => String.fromCharCode(...bytes.subarray(at, at + n));
  if (bytes.length < 30) return null;
  if (letters(1, 3) === "PNG") return [view.getUint32(16), view.getUint32(20)];
  if (letters(0, 3) === "GIF") return [view.getUint16(6, true), view.getUint16(8, true)];
  if (letters(0, 4) === "RIFF" && letters(8, 4) === "WEBP") return webp(view, letters(12, 4));
  return view.getUint16(0) === 0xffd8 ? jpeg(view) : null;
}

function webp(view, kind) {
  if (kind === "VP8X") return [4, 7].map((at) => 1 + (view.getUint32(20 + at, true) & 0xffffff));
  if (kind === "VP8L") return [view.getUint32(21, true) & 0x3fff, (view.getUint32(21, true) >> 14) & 0x3fff].map((v) => v + 1);
  return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
}

// The frame that follows other segments
function jpeg(view) {
  for (let at = 2; at + 9 < view.byteLength;) {
    const mark = view.getUint16(at);
    if (mark >= 0xffc0 && mark <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(mark))
      return [view.getUint16(at + 7), view.getUint16(at + 5)];
    if (mark >> 8 !== 0xff) return null;
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}
