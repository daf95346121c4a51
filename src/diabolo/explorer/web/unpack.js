// Base64 of gzip -> bytes

export async function unpacked(base64) {
  if (typeof DecompressionStream === "undefined")
    throw new Error("this browser is too old; Chrome 80, Firefox 113 and Safari 16.4 are new enough");
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

export function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64.trim());
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
