// What the map shows as a file: SVG (few points as circles, many as pixels), and PNG.
import { cssOf } from "./colors.js";
import { SMALLEST } from "./points.js";
import { drawing } from "./svg.js";

const VECTORS = 5000; // circles at most
const FOOT = 46; // pixels below the map, for the legend

export function svgOf(map) {
  const { w, h } = map.camera;
  const { radius } = map.ground;
  const vectors = map.points.cells.n <= VECTORS && radius >= SMALLEST;
  const node = drawing("svg", { xmlns: "http://www.w3.org/2000/svg", width: w, height: h + FOOT, viewBox: `0 0 ${w} ${h + FOOT}` });
  const ground = drawing("image", { width: w, height: h, href: map.ground.copy(vectors ? 1 : 2, !vectors).toDataURL("image/png") });
  node.append(drawing("rect", { width: w, height: h + FOOT, fill: map.tint.paper }), ground);
  if (vectors && map.things.canvas.hidden) node.append(pointCircles(map, radius));
  if (!map.things.canvas.hidden) node.append(drawing("image", { width: w, height: h, href: map.things.canvas.toDataURL("image/png") }));
  node.append(drawnOver(map), drawnLegend(map, w, h));
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
  const top = drawing("svg", { xmlns: "http://www.w3.org/2000/svg", width: w * ratio, height: (h + FOOT) * ratio, viewBox: `0 0 ${w} ${h + FOOT}` }, drawnOver(map), drawnLegend(map, w, h));
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(top))}`;
  await image.decode();
  context.drawImage(image, 0, 0, w, h + FOOT);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function drawnOver(map) {
  const copy = map.overlay.node.cloneNode(true);
  copy.setAttribute("width", map.camera.w);
  copy.setAttribute("height", map.camera.h);
  copy.querySelectorAll(".map-focus, .map-reach, [visibility=hidden]").forEach((node) => node.remove());
  for (const node of [copy, ...copy.querySelectorAll("*")]) ["class", "role", "tabindex"].forEach((name) => node.removeAttribute(name));
  return copy;
}

function pointCircles(map, r) {
  const { cells, state, color } = map.points;
  const { table, line, strength } = map.ground.look;
  const group = drawing("g", { stroke: cssOf(line), "stroke-width": 0.9 });
  for (const wanted of [1, 2]) {
    for (let i = 0; i < cells.n; i++) {
      const [u, v] = map.camera.pixel(cells.x[i], cells.y[i]);
      if (state[i] !== wanted || u < -r || v < -r || u > map.camera.w + r || v > map.camera.h + r) continue;
      const dim = map.points.chosen && wanted === 1 ? { opacity: 0.22 } : { opacity: strength };
      group.append(drawing("circle", { cx: u.toFixed(2), cy: v.toFixed(2), r: r.toFixed(2), fill: cssOf(table[color[i]]), ...dim }));
    }
  }
  return group;
}

function drawnLegend(map, w, h) {
  const group = drawing("g", { "font-family": "system-ui, sans-serif", "font-size": 12, fill: map.tint.ink });
  const words = [...map.legend.querySelectorAll(".map-legend span")].map((word) => word.textContent);
  if (!words.length) return group;
  const { ramp } = map.tint;
  const last = ramp.length - 1;
  const stops = Array.from({ length: 17 }, (_, i) => drawing("stop", { offset: i / 16, "stop-color": cssOf(ramp[Math.round((i * last) / 16)]) }));
  const id = "map-colours";
  const bar = drawing("rect", { x: 12, y: h + 10, width: w - 24, height: 8, rx: 4, fill: `url(#${id})`, stroke: map.tint.ink, "stroke-opacity": 0.15 });
  group.append(drawing("linearGradient", { id }, ...stops), bar);
  [["start", 12], ["middle", w / 2], ["end", w - 12]].forEach(([anchor, x], i) => group.append(drawing("text", { x, y: h + 34, "text-anchor": anchor }, words[i])));
  return group;
}
