// What the map shows as a file: SVG (few points as circles, many as pixels), and PNG.
import { cssOf } from "./colors.js";
import { SMALLEST } from "./points.js";
import { drawing } from "./svg.js";

const VECTORS = 5000; // circles at most
const FOOT = 46; // pixels below the map, for the legend

export function svgOf(map) {
  const { w, h } = map.camera;
  const things = map.things.canvas;
  const vectors = things.hidden && map.points.cells.n <= VECTORS && map.ground.radius >= SMALLEST;
  const image = (canvas) => drawing("image", { width: w, height: h, href: canvas.toDataURL("image/png") });
  const node = sheet(map, 1);
  const paper = drawing("rect", { width: w, height: h + FOOT, fill: map.tint.paper });
  node.append(paper, image(map.ground.copy(vectors ? 1 : 2, !vectors)));
  if (vectors) node.append(pointCircles(map));
  if (!things.hidden) node.append(image(things));
  node.append(drawnOver(map), drawnLegend(map));
  return new XMLSerializer().serializeToString(node);
}

export async function pngOf(map, ratio) {
  const { w, h } = map.camera;
  const canvas = Object.assign(document.createElement("canvas"), { width: w * ratio, height: (h + FOOT) * ratio });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = map.tint.paper;
  context.fillRect(0, 0, w, h + FOOT);
  context.drawImage(map.ground.copy(ratio, true), 0, 0, w, h);
  if (!map.things.canvas.hidden) context.drawImage(map.things.canvas, 0, 0, w, h);
  const over = sheet(map, ratio);
  over.append(drawnOver(map), drawnLegend(map));
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(over))}`;
  await image.decode();
  context.drawImage(image, 0, 0, w, h + FOOT);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function sheet(map, ratio) {
  const [w, h] = [map.camera.w, map.camera.h + FOOT];
  return drawing("svg", { xmlns: "http://www.w3.org/2000/svg", width: w * ratio, height: h * ratio, viewBox: `0 0 ${w} ${h}` });
}

// The drawing over the map without what is only for the screen.
function drawnOver(map) {
  const copy = map.overlay.node.cloneNode(true);
  copy.setAttribute("width", map.camera.w);
  copy.setAttribute("height", map.camera.h);
  copy.querySelectorAll(".map-focus, .map-reach, [visibility=hidden]").forEach((node) => node.remove());
  for (const node of [copy, ...copy.querySelectorAll("*")]) {
    for (const name of ["class", "role", "tabindex"]) node.removeAttribute(name);
  }
  return copy;
}

function pointCircles(map) {
  const { cells, state, color } = map.points;
  const { look, radius: r } = map.ground;
  const { w, h } = map.camera;
  const group = drawing("g", { stroke: cssOf(look.line), "stroke-width": 0.9 });
  for (const wanted of [1, 2]) {
    const opacity = map.points.chosen && wanted === 1 ? 0.22 : look.strength;
    for (let i = 0; i < cells.n; i++) {
      const [u, v] = map.camera.pixel(cells.x[i], cells.y[i]);
      if (state[i] !== wanted || u < -r || v < -r || u > w + r || v > h + r) continue;
      const [cx, cy] = [u.toFixed(2), v.toFixed(2)];
      group.append(drawing("circle", { cx, cy, r: r.toFixed(2), fill: cssOf(look.table[color[i]]), opacity }));
    }
  }
  return group;
}

function drawnLegend(map) {
  const group = drawing("g", { "font-family": "system-ui, sans-serif", "font-size": 12, fill: map.tint.ink });
  const words = [...map.legend.querySelectorAll(".map-legend span")].map((word) => word.textContent);
  if (!words.length) return group;
  const { w, h } = map.camera;
  const { ramp, ink } = map.tint;
  const colors = Array.from({ length: 17 }, (_, i) => cssOf(ramp[Math.round((i * (ramp.length - 1)) / 16)]));
  const stops = colors.map((color, i) => drawing("stop", { offset: i / 16, "stop-color": color }));
  const line = { fill: "url(#map-colours)", stroke: ink, "stroke-opacity": 0.15 };
  const bar = drawing("rect", { x: 12, y: h + 10, width: w - 24, height: 8, rx: 4, ...line });
  const text = ([anchor, x], i) => drawing("text", { x, y: h + 34, "text-anchor": anchor }, words[i]);
  const places = [["start", 12], ["middle", w / 2], ["end", w - 12]];
  group.append(drawing("linearGradient", { id: "map-colours" }, ...stops), bar, ...places.map(text));
  return group;
}
