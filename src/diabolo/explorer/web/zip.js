// Files [name, bytes] -> a ZIP that stores them as they are; pixels -> a PNG.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function checksum(bytes) {
  let c = ~0;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

// Numbers [value, how many bytes], the least byte first
function packed(fields) {
  return Uint8Array.from(fields.flatMap(([value, size]) => Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 255)));
}

// ImageData -> the bytes of a PNG with `channels` 1 (gray) or 3
export async function png({ width, height, data }, channels) {
  const lines = new Uint8Array(height * (width * channels + 1)); // each line begins with its filter: none
  for (let y = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++) lines[at++] = data[4 * (y * width + x) + c];
  }
  const packedLines = await new Response(
    new Blob([lines]).stream().pipeThrough(new CompressionStream("deflate")),
  ).arrayBuffer();
  const about = [width, height].flatMap(bigEndian).concat(8, channels === 1 ? 0 : 2, 0, 0, 0);
  const chunks = [
    ["IHDR", about],
    ["IDAT", new Uint8Array(packedLines)],
    ["IEND", []],
  ].map(([name, bytes]) => chunk(name, bytes));
  return Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...chunks.flat()]);
}

function chunk(name, bytes) {
  const body = [...new TextEncoder().encode(name), ...bytes];
  return [...bigEndian(bytes.length), ...body, ...bigEndian(checksum(body))];
}

function bigEndian(v) {
  return [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];
}

export function zipped(files) {
  const [parts, list] = [[], []];
  let at = 0;
  for (const [name, bytes] of files) {
    const letters = new TextEncoder().encode(name);
    const about = [
      [20, 2],
      [0x800, 2],
      [0, 2],
      [0, 2],
      [33, 2],
      [checksum(bytes), 4],
      [bytes.length, 4],
      [bytes.length, 4],
      [letters.length, 2],
      [0, 2],
    ];
    const head = packed([[0x04034b50, 4], ...about]);
    list.push(packed([[0x02014b50, 4], [20, 2], ...about, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]), letters);
    parts.push(head, letters, bytes);
    at += head.length + letters.length + bytes.length;
  }
  const size = list.reduce((sum, part) => sum + part.length, 0);
  const end = packed([
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [files.length, 2],
    [files.length, 2],
    [size, 4],
    [at, 4],
    [0, 2],
  ]);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}
