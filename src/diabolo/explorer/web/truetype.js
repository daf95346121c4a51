// Outlines and advance widths as a working font, and a word of it as a picture; the same font as fonts/truetype.py writes.
//
//     letter → (contours, advance)     .ttf: .notdef first and drawn, left side bearing = xMin, y upwards, UNITS units per em
//
// outlines: {letter: contours}, a contour a list of [x, y, 1 on the curve or 0 for a control point], in em; advances: {letter: em}.

const UNITS = 2048;
const MOST = 16383;
const [ASCENT, DESCENT] = [0.8, 0.2];
export const SPACE = 0.25; // em, where no advance is given
const MADE = 3786912000;
const VERSION = 0x00010000;
const PREP = [0xb8, 0x01, 0xff, 0x85, 0xb0, 0x04, 0x8d, 0xb1, 0x01, 0x01, 0x8e]; // no part drops out; no glyph is hinted
const MISSING = [
  [[0.06, 0, 1], [0.06, 0.7, 1], [0.44, 0.7, 1], [0.44, 0, 1]],
  [[0.11, 0.05, 1], [0.39, 0.05, 1], [0.39, 0.65, 1], [0.11, 0.65, 1]],
];
const MISSING_ADVANCE = 0.5;

// A .ttf file.
export function truetype(outlines, advances, family = "Diabolo", about = "") {
  const letters = checked(outlines, advances);
  const glyphs = [missing(), ...letters].map((glyph) => ({ ...glyph, ...boundsOf(glyph.contours) }));
  const top = Math.max(units(ASCENT), ...glyphs.map((g) => g.box[3]));
  const low = Math.max(units(DESCENT), ...glyphs.map((g) => -g.box[1]));
  const { glyf, loca } = glyphTables(glyphs);
  return assembled({
    "OS/2": os2(glyphs, top, low),
    cmap: cmap(letters),
    gasp: bytes((w) => w.u16(1, 1, 0xffff, 15)),
    glyf,
    head: head(glyphs),
    hhea: hhea(glyphs, top, low),
    hmtx: bytes((w) => glyphs.forEach((g) => w.u16(g.advance, g.box[0]))),
    loca,
    maxp: maxp(glyphs),
    name: names(named(family), about),
    post: bytes((w) => w.u32(0x00030000, 0).u16(-units(0.1), units(0.05)).u32(0, 0, 0, 0, 0)),
    prep: Uint8Array.from(PREP),
  });
}

// `text` in these letters, as an SVG picture of one path; a letter that is missing is an empty box.
export function word(text, outlines, advances) {
  const letters = new Map(checked(outlines, advances).map((glyph) => [glyph.letter, glyph]));
  let [x, path, top, low] = [0, "", units(ASCENT), units(DESCENT)];
  for (const letter of text) {
    const glyph = letters.get(letter) ?? missing();
    path += glyph.contours.map((contour) => drawn(contour, x)).join("");
    const [, yMin, , yMax] = boundsOf(glyph.contours).box;
    [top, low, x] = [Math.max(top, yMax), Math.max(low, -yMin), x + glyph.advance];
  }
  const title = [...text].filter(isPrintable).join("").replace(/[&<>"']/g, (c) => `&${ENTITIES[c]};`);
  const size = `viewBox="0 ${-top} ${x} ${top + low}" role="img"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><title>${title}</title><path fill="currentColor" d="${path}"/></svg>`;
}

const ENTITIES = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#x27" };

// ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────────

function units(em) {
  return Math.floor(em * UNITS + 0.5);
}

function missing() {
  return { letter: "", contours: contoursOf(MISSING, ".notdef"), advance: units(MISSING_ADVANCE) };
}

function isPrintable(c) {
  return c === " " || !/[\p{C}\p{Z}]/u.test(c);
}

function named(family) {
  const name = family.split(/\s+/u).filter(Boolean).join(" ");
  const long = [...name].length;
  if (!long || long > 63 || ![...name].every(isPrintable)) throw new Error("a font has a name of 1 to 63 printable characters");
  return name;
}

// The letters in the order of their characters, contours and widths in units; with a space.
function checked(outlines, advances) {
  const all = new Map([[" ", []], ...Object.entries(outlines)]);
  return [...all].map(([letter, contours]) => {
    const em = advances[letter] ?? (letter === " " ? SPACE : NaN);
    if ([...letter].length !== 1 || !isPrintable(letter)) throw new Error(`${JSON.stringify(letter)} is not one printable character`);
    if (!(em >= 0 && em * UNITS <= MOST)) throw new Error(`the width of ${letter} is ${em} em; 0 to 7.9 are possible`);
    return { letter, code: letter.codePointAt(0), contours: contoursOf(contours, letter), advance: units(em) };
  }).sort((a, b) => a.code - b.code);
}

// In units, without points that fall together, and without contours that have fewer than three.
function contoursOf(contours, letter) {
  const far = (em) => !(Math.abs(em) * UNITS <= MOST);
  if (contours.some((c) => c.some(([x, y]) => far(x) || far(y)))) throw new Error(`${letter} goes more than 7.9 em from its origin`);
  const whole = contours.map((c) => apart(c.map(([x, y, on]) => [units(x), units(y), on > 0 ? 1 : 0])));
  return whole.filter((c) => c.length >= 3);
}

function apart(points) {
  const kept = [];
  const same = (a, b) => a[0] === b[0] && a[1] === b[1];
  for (const point of points) {
    const last = kept[kept.length - 1];
    if (last && same(last, point)) last[2] |= point[2];
    else kept.push(point);
  }
  if (kept.length > 1 && same(kept[0], kept[kept.length - 1])) kept[0][2] |= kept.pop()[2];
  return kept;
}

function boundsOf(contours) {
  const points = contours.flat();
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return { points, box: points.length ? [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] : [0, 0, 0, 0] };
}

// A contour as an SVG path, y downwards.
function drawn(contour, by) {
  const points = [];
  contour.forEach(([x, y, on], i) => {
    const [u, v, next] = contour[(i + 1) % contour.length];
    points.push([x + by, -y, on]);
    if (!on && !next) points.push([(x + u) / 2 + by, -(y + v) / 2, 1]);
  });
  const first = points.findIndex((point) => point[2]);
  const [start, ...rest] = [...points.slice(first), ...points.slice(0, first + 1)];
  let [path, control] = [`M${start[0]} ${start[1]}`, ""];
  for (const [x, y, on] of rest) {
    path += on ? `${control ? "Q" : "L"}${control}${x} ${y}` : "";
    control = on ? "" : `${x} ${y} `;
  }
  return `${path}Z`.replaceAll("-0 ", "0 ");
}

// ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────

class Writer {
  constructor() {
    this.data = [];
  }

  u8(...values) {
    this.data.push(...values.map((value) => value & 255));
    return this;
  }

  u16(...values) {
    for (const value of values) this.u8(value >> 8, value);
    return this;
  }

  u32(...values) {
    for (const value of values) this.u8(value >>> 24, value >>> 16, value >>> 8, value);
    return this;
  }

  tag(text) {
    return this.u8(...[...text].map((c) => c.charCodeAt(0)));
  }
}

function bytes(write) {
  const writer = new Writer();
  write(writer);
  return Uint8Array.from(writer.data);
}

// The tables behind their directory, each at a multiple of four bytes, and the checksums that make the whole one fit.
function assembled(tables) {
  const tags = Object.keys(tables);
  const [n, log] = [tags.length, Math.floor(Math.log2(tags.length))];
  let offset = 12 + 16 * n;
  const directory = new Writer().u32(VERSION).u16(n, 16 * 2 ** log, log, 16 * (n - 2 ** log));
  for (const tag of tags) {
    const table = tables[tag];
    directory.tag(tag).u32(checksum(table), offset, table.length);
    offset += 4 * Math.ceil(table.length / 4);
  }
  const font = new Uint8Array(offset);
  font.set(directory.data);
  offset = 12 + 16 * n;
  let headAt = 0;
  for (const tag of tags) {
    if (tag === "head") headAt = offset;
    font.set(tables[tag], offset);
    offset += 4 * Math.ceil(tables[tag].length / 4);
  }
  new DataView(font.buffer).setUint32(headAt + 8, 0xb1b0afba - checksum(font));
  return font;
}

function checksum(table) {
  let total = 0;
  for (let i = 0; i < table.length; i++) total = (total + table[i] * 2 ** (24 - 8 * (i % 4))) % 2 ** 32;
  return total;
}

// Flags and steps from point to point: one byte for a step below 256, none for 0; equal flags in a row are counted.
function glyphTables(glyphs) {
  const [glyf, loca] = [[], new Writer().u32(0)];
  for (const { contours, points, box } of glyphs) {
    if (contours.length) glyf.push(...bytes((w) => glyph(w, contours, points, box)));
    while (glyf.length % 4) glyf.push(0);
    loca.u32(glyf.length);
  }
  return { glyf: Uint8Array.from(glyf), loca: Uint8Array.from(loca.data) };
}

function glyph(w, contours, points, box) {
  w.u16(contours.length, ...box);
  let end = -1;
  for (const contour of contours) w.u16((end += contour.length));
  w.u16(0);
  const [flags, x, y] = [[], new Writer(), new Writer()];
  points.forEach((point, i) => {
    const [a, b] = i ? points[i - 1] : [0, 0];
    flags.push(point[2] | step(x, point[0] - a, 2, 16) | step(y, point[1] - b, 4, 32));
  });
  for (let i = 0, more; i < flags.length; i += more + 1) {
    for (more = 0; more < 255 && flags[i + more + 1] === flags[i]; ) more++;
    w.u8(...(more ? [flags[i] | 8, more] : [flags[i]]));
  }
  w.u8(...x.data, ...y.data);
}

function step(w, by, short, same) {
  if (by === 0) return same;
  const far = Math.abs(by) > 255;
  if (far) w.u16(by);
  else w.u8(Math.abs(by));
  return far ? 0 : by > 0 ? short | same : short;
}

// Format 4 for characters below 65536, and format 12 for all, where there are others.
function cmap(letters) {
  const pairs = letters.map(({ code }, i) => [code, i + 1]);
  pairs.push([0xa0, 1 + letters.findIndex(({ code }) => code === 32)]);
  const runs = runsOf(pairs.sort((a, b) => a[0] - b[0]));
  const small = runsOf(pairs.filter(([code]) => code < 0xffff));
  const tables = [[3, 1, format4(small)], ...(runs.some(([, last]) => last > 0xffff) ? [[3, 10, format12(runs)]] : [])];
  return bytes((w) => {
    w.u16(0, tables.length);
    let offset = 4 + 8 * tables.length;
    for (const [platform, encoding, table] of tables) {
      w.u16(platform, encoding).u32(offset);
      offset += table.length;
    }
    for (const [, , table] of tables) w.u8(...table);
  });
}

// [first character, last character, first glyph] of what goes up together.
function runsOf(pairs) {
  const runs = [];
  for (const [code, glyph] of pairs) {
    const run = runs[runs.length - 1];
    if (run && code === run[1] + 1 && glyph === run[2] + code - run[0]) run[1] = code;
    else runs.push([code, code, glyph]);
  }
  return runs;
}

function format4(runs) {
  const all = [...runs, [0xffff, 0xffff, 0x10000]];
  const [n, log] = [all.length, Math.floor(Math.log2(all.length))];
  return bytes((w) => {
    w.u16(4, 16 + 8 * n, 0, 2 * n, 2 * 2 ** log, log, 2 * (n - 2 ** log));
    w.u16(...all.map(([, last]) => last), 0, ...all.map(([first]) => first));
    w.u16(...all.map(([first, , glyph]) => glyph - first), ...all.map(() => 0));
  });
}

function format12(runs) {
  return bytes((w) => w.u16(12, 0).u32(16 + 12 * runs.length, 0, runs.length, ...runs.flat()));
}

function head(glyphs) {
  const boxes = glyphs.filter((g) => g.points.length).map((g) => g.box);
  const box = [0, 1, 2, 3].map((k) => (k < 2 ? Math.min : Math.max)(...boxes.map((b) => b[k])));
  return bytes((w) => w.u32(VERSION, VERSION, 0, 0x5f0f3cf5).u16(0b1011, UNITS).u32(0, MADE, 0, MADE).u16(...box, 0, 8, 2, 1, 0));
}

function hhea(glyphs, top, low) {
  const inked = glyphs.filter((g) => g.points.length);
  const right = inked.map((g) => g.advance - g.box[2]);
  return bytes((w) => {
    w.u32(VERSION).u16(top, -low, 0, Math.max(...glyphs.map((g) => g.advance)));
    w.u16(Math.min(...inked.map((g) => g.box[0])), Math.min(...right), Math.max(...inked.map((g) => g.box[2])));
    w.u16(1, 0, 0, 0, 0, 0, 0, 0, glyphs.length);
  });
}

function maxp(glyphs) {
  const points = Math.max(...glyphs.map((g) => g.points.length));
  const contours = Math.max(...glyphs.map((g) => g.contours.length));
  return bytes((w) => w.u32(VERSION).u16(glyphs.length, points, contours, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0));
}

function names(family, about) {
  const plain = family.replace(/[^A-Za-z0-9]/g, "") || "Font";
  const texts = [[1, family], [2, "Regular"], [3, `diabolo: ${family}`], [4, family], [5, "Version 1.000"], [6, `${plain}-Regular`]];
  if (about) texts.push([10, about]);
  const strings = texts.map(([, text]) => bytes((w) => w.u16(...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)))));
  return bytes((w) => {
    w.u16(0, texts.length, 6 + 12 * texts.length);
    let offset = 0;
    texts.forEach(([id], i) => {
      w.u16(3, 1, 0x409, id, strings[i].length, offset);
      offset += strings[i].length;
    });
    strings.forEach((string) => w.u8(...string));
  });
}

function os2(glyphs, top, low) {
  const wide = glyphs.filter((g) => g.advance);
  const mean = Math.round(wide.reduce((a, g) => a + g.advance, 0) / wide.length);
  const codes = glyphs.slice(1).map((g) => g.code);
  const height = (letter, usual) => glyphs.find((g) => g.letter === letter && g.points.length)?.box[3] ?? units(usual);
  const small = [...[0.65, 0.6, 0, 0.075], ...[0.65, 0.6, 0, 0.35], ...[0.05, 0.3]].map(units); // below, above the line, struck out
  return bytes((w) => {
    w.u16(4, mean, 400, 5, 0, ...small, 0, 0, 0, 0, 0, 0).u32(3, 0, 0, 0).tag("    ");
    w.u16(0b1100_0000, Math.min(0xffff, ...codes), Math.min(0xffff, Math.max(0xa0, ...codes)), top, -low, 0, top, low);
    w.u32(1, 0).u16(height("x", 0.5), height("H", 0.7), 0, 32, 0);
  });
}
