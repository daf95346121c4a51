// The elements of the map: two canvases and a drawing over one another, the buttons, and below them the legend.
import { drawing } from "./svg.js";

const LOOP = "M4.5 11C2 9.5 2 5.5 5 4s8.5-.5 8.5 3.5-5 4.5-8 3.8M4.5 11c-1 .6-.6 2.4.8 2.2";
const TOOLS = [
  ["closer", "Zoom in", "M8 3v10M3 8h10"],
  ["farther", "Zoom out", "M3 8h10"],
  ["whole", "Whole map", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3"],
  ["lasso", "Select rows with a loop (or Shift and drag)", LOOP],
];

// `over`: the drawing; `acts`: what each button does, by its name.
export function stageIn(element, over, acts) {
  const make = (tag, className, ...children) => {
    const node = Object.assign(document.createElement(tag), { className });
    node.append(...children);
    return node;
  };
  const [ground, things] = [make("canvas", "map-ground"), make("canvas", "map-things")];
  for (const canvas of [ground, things]) canvas.setAttribute("aria-hidden", "true");
  things.hidden = true;
  const tools = {};
  for (const [name, label, path] of TOOLS) {
    const icon = drawing("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, drawing("path", { d: path }));
    const facts = { type: "button", title: label, ariaLabel: label, onclick: acts[name] };
    tools[name] = Object.assign(make("button", "map-tool", icon), facts);
  }
  const stage = make("div", "map-stage", ground, things, over, make("div", "map-tools", ...Object.values(tools)));
  const legend = make("div", "map-legends");
  element.classList.add("map");
  element.replaceChildren(stage, legend);
  return { stage, ground, things, tools, legend };
}
