// A colour is one number, 0xBBGGRR: as it lies in an ImageData, without its alpha.

export const OPAQUE = 0xff000000;

export function rgb(r, g, b) {
  return (b << 16) | (g << 8) | r;
}

// "#rrggbb" or "rgb(r, g, b)" -> number
export function colorOf(css) {
  if (css[0] !== "#") return rgb(...css.match(/[\d.]+/g).slice(0, 3).map(Number));
  const v = parseInt(css.slice(1), 16);
  return rgb(v >> 16, (v >> 8) & 255, v & 255);
}

export function cssOf(color) {
  return `rgb(${color & 255}, ${(color >> 8) & 255}, ${(color >> 16) & 255})`;
}

// a at t = 0, b at t = 1
export function mixed(a, b, t) {
  const part = (shift) => Math.round(((a >> shift) & 255) * (1 - t) + ((b >> shift) & 255) * t) << shift;
  return part(0) | part(8) | part(16);
}

// 0 is black, 1 is white: the L of OKLab, in which the ramps are linear.
export function lightness(color) {
  const [r, g, b] = [0, 8, 16].map((shift) => fromGamma(((color >> shift) & 255) / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

function fromGamma(v) {
  return v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92;
}

function toGamma(v) {
  const in01 = Math.min(1, Math.max(0, v));
  return 255 * (in01 > 0.0031308 ? 1.055 * in01 ** (1 / 2.4) - 0.055 : 12.92 * in01);
}

// OKLCH (Ottosson 2020): lightness, chroma, hue in degrees -> number
export function oklch(L, C, h) {
  const a = C * Math.cos((h * Math.PI) / 180);
  const b = C * Math.sin((h * Math.PI) / 180);
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const parts = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return rgb(...parts.map((v) => Math.round(toGamma(v))));
}

// Stops [t, L, C, hue] -> `size` colours, straight lines between the stops.
export function colorRamp(stops, size = 1024) {
  const colors = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const t = i / (size - 1);
    const at = Math.max(1, stops.findIndex((stop) => stop[0] >= t));
    const [a, b] = [stops[at - 1], stops[at]];
    const mix = (j) => a[j] + ((b[j] - a[j]) * (t - a[0])) / (b[0] - a[0]);
    colors[i] = oklch(mix(1), mix(2), mix(3));
  }
  return colors;
}

// Colours for the levels of a column; the report's.
export const LEVELS = [
  ...["#4170e9", "#ee921a", "#de394b", "#00a8a8", "#31983d"],
  ...["#8e47cd", "#ee8ab2", "#8f5526", "#b5b732", "#1f6fb0"],
];

// Colours for the values of a column, least first.
export const VALUES = {
  light: ["#4934a3", "#9425ab", "#dd316f", "#f0672f", "#f2a41a"],
  dark: ["#6351ca", "#a936c2", "#ec417b", "#ff8244", "#fed252"],
};

// t in [0, 1] along a list of CSS colours -> number
export function alongPalette(palette, t) {
  const at = Math.min(0.999999, Math.max(0, t)) * (palette.length - 1);
  return palette.length === 1 ? colorOf(palette[0]) : mixed(colorOf(palette[at | 0]), colorOf(palette[(at | 0) + 1]), at % 1);
}
