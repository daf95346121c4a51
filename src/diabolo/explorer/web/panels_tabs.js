// Panels behind tabs: arrow keys go from one to the next.
import { el } from "./dom.js";

// panels: [name, title, element]
export function tabs(page, panels) {
  const { store } = page;
  const shown = panels.filter(([, , element]) => element);
  const heads = shown.map(([name, title]) =>
    el(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `panel-${name}`,
        onclick: () => store.set("tab", name),
        onkeydown: step,
      },
      title,
    ),
  );
  const bodies = shown.map(([name, , element]) =>
    el("div", { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` }, element),
  );

  function step(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const to = (heads.indexOf(event.target) + by + heads.length) % heads.length;
    store.set("tab", shown[to][0]);
    heads[to].focus();
    event.preventDefault();
  }

  store.on("tab", (name) => {
    if (!shown.some(([own]) => own === name)) return store.set("tab", shown[0][0]);
    shown.forEach(([own], i) => {
      heads[i].setAttribute("aria-selected", String(own === name));
      heads[i].tabIndex = own === name ? 0 : -1;
      bodies[i].hidden = own !== name;
    });
  });
  store.set("tab", shown[0][0]);
  return el(
    "section",
    { class: "sheet side", "aria-label": "Tools" },
    el("div", { role: "tablist", class: "tabs" }, ...heads),
    ...bodies,
  );
}
