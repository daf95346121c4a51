// A map of n made-up rows: a few clouds, the density that they come from.
import * as colors from "/colors.js";
import * as heat from "/heat.js";
import * as lasso from "/lasso.js";
import { MapView } from "/map.js";

const asked = new URLSearchParams(location.search);
const n = Number(asked.get("n") ?? 600);
const box = [-2, 2, -2, 2];
const clouds = [[-0.9, 0.7, 0.32, 3], [0.7, 0.9, 0.22, 1], [0.5, -0.6, 0.42, 3], [-0.8, -0.9, 0.25, 1], [0.1, 0.25, 0.16, 1]];

let seed = 7;
const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647);
const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());

const share = clouds.reduce((sum, c) => sum + c[3], 0);
const levels = new Uint8Array(n);
const places = new Float32Array(2 * n);
for (let i = 0; i < n; i++) {
  let at = random() * share;
  const k = clouds.findIndex((c) => (at -= c[3]) < 0);
  const [x, y, s] = clouds[k];
  levels[i] = k;
  places[2 * i] = x + s * normal();
  places[2 * i + 1] = y + s * normal();
}
const bump = (x, y, [a, b, s, w]) => (w * Math.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * s * s))) / (s * s);
const log = (x, y) => Math.log(1e-9 + clouds.reduce((sum, cloud) => sum + bump(x, y, cloud), 0));
const m = 97;
const at = (i) => -2 + (i * 4) / (m - 1);
const grid = Float32Array.from({ length: m * m }, (_, k) => log(at(k % m), at(Math.floor(k / m))));
const own = Float32Array.from({ length: n }, (_, i) => log(places[2 * i], places[2 * i + 1]));
const density = { log: grid, box, quantiles: heat.quantilesOf(own) };

const said = { places: [], rows: [], masks: [] };
const map = new MapView(document.getElementById("map"), {
  box,
  density,
  places,
  axes: ["z1", "z2"],
  names: Array.from({ length: n }, (_, i) => `row ${i}`),
  onplace: (place, done) => said.places.push({ place, done }),
  onhover: (row) => said.rows.push(row),
  onselect: (mask) => said.masks.push(mask),
});
const words = ["round, bold", "narrow", "wide, light", "slanted", "script"];
const regions = clouds.map(([x, y, , w], i) => ({ name: words[i], center: [x, y], rows: { length: w * 100 } }));
Object.assign(window, { map, said, places, levels, own, density, box, regions, colors, heat, lasso });
document.documentElement.dataset.ready = "true";
