// Which colours the ground and the rows have, on light and on dark paper.
import { LEVELS, VALUES, alongPalette, colorOf, lightness, rgb } from "./colors.js";
import { heatRamp } from "./heat.js";

const BEAD = 2.6; // radius from which a point on light paper is white with a dark outline; smaller ones are dark
const NO_VALUE = 255; // the colour of a row without a value

// ink, paper: of drawings; fill, line: of points; speck, rim: of small ones, and rim of coloured ones; level: the lines of the
// heat, and how much of them is seen.
const THEMES = {
  light: {
    ...{ ink: "#1b1d24", paper: "#ffffff", none: "#b9bcc6", level: [rgb(38, 56, 102), 0.2] },
    ...{ fill: "#ffffff", line: "#23262f", speck: "#20242e", rim: "#ffffff" },
  },
  dark: {
    ...{ ink: "#f2f3f8", paper: "#14151d", none: "#5b6072", level: [rgb(255, 255, 255), 0.16] },
    ...{ fill: "#ffffff", line: "#12131a", speck: "#ffffff", rim: "#14151d" },
  },
};

// As the text of the element is: light text is written on dark paper.
export function schemeOf(element) {
  return lightness(colorOf(getComputedStyle(element).color || "#000000")) > 0.6 ? "dark" : "light";
}

export class Tint {
  // `layer`: another ground is seen; `colors`: {values, palette} of the rows, or null.
  constructor(scheme, layer, colors) {
    Object.assign(this, THEMES[scheme], { scheme, colors });
    this.heat = heatRamp(scheme);
    this.ramp = layer ? heatRamp(scheme, { trust: true }) : colors ? heatRamp(scheme, { quiet: true }) : this.heat;
    this.exact = colors && !isFloat(colors.values);
    const palette = colors && (colors.palette ?? (this.exact ? LEVELS : VALUES[scheme]));
    const color = (i) => (this.exact ? colorOf(palette[i] ?? this.none) : alongPalette(palette, i / 254));
    this.table = colors && Uint32Array.from({ length: 256 }, (_, i) => color(i));
    if (colors) this.table[NO_VALUE] = colorOf(this.none);
  }

  // The number of each row's colour in the table, or null.
  get numbers() {
    if (!this.colors || this.exact) return this.colors?.values ?? null;
    const number = (v) => (Number.isNaN(v) ? NO_VALUE : Math.round(Math.min(1, Math.max(0, v)) * 254));
    return Uint8Array.from(this.colors.values, number);
  }

  // How points of this radius are drawn.
  look(radius, zoom) {
    if (this.colors) return { table: this.table, line: colorOf(this.rim), zoom, many: true, top: 0.92, strength: 1 };
    const small = radius < BEAD;
    const table = new Uint32Array(256).fill(colorOf(small ? this.speck : this.fill));
    return { table, line: colorOf(small ? this.rim : this.line), zoom, many: false, top: 0.5, strength: small ? 0.6 : 1 };
  }
}

function isFloat(values) {
  return ArrayBuffer.isView(values) && values.constructor.name.startsWith("Float");
}
