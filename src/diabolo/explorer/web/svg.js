// Elements of a drawing.

const NAMESPACE = "http://www.w3.org/2000/svg";

export function drawing(tag, attributes = {}, ...children) {
  const node = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Points [[u, v], ...] as the d of a path
export function pathOf(points, closed = false) {
  const steps = points.map(([u, v], i) => `${i ? "L" : "M"}${u.toFixed(1)} ${v.toFixed(1)}`);
  return steps.join("") + (closed && points.length ? "Z" : "");
}
