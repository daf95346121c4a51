"use strict";
// Contents (JSON in the page) -> the page. Whatever comes from data is written as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("contents").textContent);
  const $ = (id) => document.getElementById(id);
  const drawing = document.querySelector(".logo").namespaceURI;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // ── making elements ──────────────────────────────────────────────────────────────────────────────────────────────

  function filled(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  }
  const el = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => filled(document.createElementNS(drawing, tag), attributes, children);

  // ── words and numbers ────────────────────────────────────────────────────────────────────────────────────────────

  const count = (n) => n.toLocaleString("en");
  const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;
  const named = (row) => `${capital(unit)} ${count(row)}`;
  const capital = (word) => word[0].toUpperCase() + word.slice(1);
  const percent = (share, digits = 1) => (share === null ? "–" : `${(100 * share).toFixed(digits)}%`);

  function number(v) {
    const size = Math.abs(v);
    if (Number.isInteger(v)) return size < 10000 ? String(v) : count(v);
    if (size >= 1e7 || size < 1e-3) return v.toExponential(2);
    return v.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 6 : 4, useGrouping: size >= 10000 });
  }
  function value(v) {
    if (v === null || v === undefined) return "missing";
    return typeof v === "number" ? number(v) : v === "" ? "(empty)" : v;
  }
  const often = (n) => (n > 0 && n < 0.01 ? "< 0.01" : String(Number(n.toPrecision(2))));
  function date(seconds) {
    const text = new Date(1000 * seconds).toISOString();
    return seconds % 86400 === 0 ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
  }

  // ── the top ──────────────────────────────────────────────────────────────────────────────────────────────────────

  const compared = data.comparison;
  const FEW = 100; // held-out rows
  const documents = data.kind === "documents";
  const [unit, variance] = documents ? ["document", "divergence"] : [data.kind === "images" ? "picture" : "row", "variance"];
  const yardstick = compared.held_out_rows ? plural(compared.held_out_rows, `held-out ${unit}`) : `the training ${unit}s`;

  function top() {
    document.body.dataset.kind = data.kind;
    $("title").textContent = data.title;
    $("headline").textContent = data.headline;
    const k = `${plural(data.k, "number")} per ${unit}`;
    $("lead").textContent =
      `With ${k}, the autoencoder explains ${percent(compared.autoencoder)} of the ${variance} of ${yardstick}; ` +
      `${data.linear} with as many explains ${percent(compared.pca)}.` +
      (compared.held_out_rows ? "" : ` There are too few ${unit}s to hold some out: with others the figures may differ much.`) +
      (data.doubt ? ` ${data.doubt}` : compared.held_out_rows && compared.held_out_rows < FEW ? ` ${capital(plural(compared.held_out_rows, unit))} are few: with other rows the figures may differ.` : "");
    whenWide($("hourglass"), hourglass);
  }

  function hourglass(box, width) {
    const sizes = data.layers, n = sizes.length, height = width < 600 ? 96 : 120, middle = (height - 20) / 2;
    const waist = sizes.indexOf(Math.min(...sizes));
    const most = Math.sqrt(Math.max(...sizes)), bar = 8;
    const tall = (size) => Math.max(3, (middle - 2) * (Math.sqrt(size) / most));
    const at = (i) => 24 + (i * (width - 48)) / Math.max(1, n - 1);
    const said = `Layers of the network: ${sizes.map(count).join(", ")} numbers`;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said });
    for (let i = 0; i + 1 < n; i++) {
      const [a, b] = [tall(sizes[i]), tall(sizes[i + 1])], [x, y] = [at(i), at(i + 1)];
      picture.append(svg("path", { class: "link", d: `M${x} ${middle - a} L${y} ${middle - b} V${middle + b} L${x} ${middle + a} Z` }));
    }
    sizes.forEach((size, i) => {
      const kind = i === waist ? "waist" : i === 0 || i === n - 1 ? "end" : "";
      const [x, h] = [at(i), tall(size)];
      picture.append(svg("rect", { class: `layer ${kind}`, x: x - bar / 2, y: middle - h, width: bar, height: 2 * h, rx: 3 }));
      picture.append(svg("text", { class: kind, x, y: height - 4 }, count(size)));
    });
    box.replaceChildren(picture);
  }

  function comparison() {
    const cell = (share, deep) =>
      el("td", deep ? { class: "deep" } : {}, el("span", { class: "big" }, percent(share)), meter(share, deep));
    const row = (name, pca, deep) => el("tr", {}, el("th", { scope: "row" }, name), cell(pca, false), cell(deep, true));
    const head = el("tr", {}, el("td"), el("th", { scope: "col" }, `${data.linear} ${data.k}`), el("th", { scope: "col", class: "deep" }, `auto\u00adencoder ${data.k}`));
    const table = el("table", { class: "versus" }, el("caption", { class: "unseen" }, "Explained variance of both"), el("thead", {}, head),
      el("tbody", {}, row("explained", compared.pca, compared.autoencoder), row("left over", 1 - compared.pca, 1 - compared.autoencoder)));
    $("comparison").append(el("div", { class: "sheet" }, table));
    const linear = documents
      ? "LSA (latent semantic analysis) is the linear model. Divergence is the distance between the words of a document and the expected words; the mean document explains none of it."
      : "PCA is the linear autoencoder; the deep one starts from it.";
    const where = compared.held_out_rows ? ", on which neither was trained; the best round of the autoencoder was chosen on them" : ", because there were too few to hold some out";
    const seen = data.seen ? ` The encoder saw them through ${data.seen}; what was there before counts.` : "";
    $("comparison").append(el("p", { class: "about below" }, `Measured on ${yardstick}${where}.${seen} ${linear}`));
  }

  function meter(share, deep) {
    const fill = el("i", deep ? { class: "deep" } : {});
    fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
    return el("span", { class: "meter", "aria-hidden": "true" }, fill);
  }

  // ── loss curves ──────────────────────────────────────────────────────────────────────────────────────────────────

  function curves() {
    const h = data.history;
    if (!h.epoch.length) {
      $("history-about").textContent = `${h.stopped[0].toUpperCase()}${h.stopped.slice(1)}.`;
      return;
    }
    const epochs = (n) => `${number(n)} ${n === 1 ? "epoch" : "epochs"}`;
    const kept = h.best === null ? "" : h.epoch[h.best] ? `The weights of the best round, after ${epochs(h.epoch[h.best])}, are kept. ` : "No round was better than the start, so the start is kept. ";
    $("history-about").textContent = `${h.held_out ? kept : ""}Training ended after ${epochs(h.epoch.at(-1))}: ${h.stopped}.`;
    const panels = [{ name: "Training loss", ys: h.loss }];
    if (h.held_out) panels.push({ name: `Error per held-out ${unit}`, ys: h.held_out, best: h.best ?? undefined, level: h.linear });
    for (const panel of panels) {
      const room = el("div"), figure = el("figure", { class: "chart" }, el("figcaption", {}, panel.name), room);
      $("history").append(figure);
      whenWide(room, (box, width) => box.replaceChildren(curve(h.epoch, panel, width)));
    }
  }

  function ticks(low, high, wanted) {
    const rough = (high - low || Math.abs(high) || 1) / wanted, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
    const found = [];
    for (let t = Math.ceil(low / step - 1e-9); t * step <= high + 1e-9 * step; t++) found.push(Number((t * step).toPrecision(12)));
    return found;
  }

  function curve(xs, { name, ys, best, level }, width) {
    const height = 240, box = { left: 52, right: width - 12, top: 14, bottom: height - 40 };
    const known = ys.filter((y) => y !== null), all = level ? [...known, level] : known;
    const [low, high] = [Math.min(...all), Math.max(...all)], pad = 0.08 * (high - low || Math.abs(high) || 1);
    const end = xs.at(-1) || 1;
    const x = (v) => box.left + (v / end) * (box.right - box.left);
    const y = (v) => box.bottom - ((v - low + pad) / (high - low + 2 * pad)) * (box.bottom - box.top);
    const said = `${name}: from ${number(known[0])} to ${number(known.at(-1))} over epochs up to ${number(end)}, lowest ${number(Math.min(...known))}`;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": said });
    for (const t of ticks(low - pad, high + pad, 4)) {
      picture.append(svg("line", { class: "grid", x1: box.left, x2: box.right, y1: y(t), y2: y(t) }));
      picture.append(svg("text", { x: box.left - 8, y: y(t) + 4, "text-anchor": "end" }, number(t)));
    }
    for (const t of ticks(0, end, width < 420 ? 4 : 6)) {
      picture.append(svg("text", { x: x(t), y: box.bottom + 18, "text-anchor": "middle" }, number(t)));
    }
    picture.append(svg("text", { x: box.right, y: height - 5, "text-anchor": "end" }, "epochs"));
    if (level) picture.append(svg("line", { class: "level", x1: box.left, x2: box.right, y1: y(level), y2: y(level) }));
    const points = ys.map((v, i) => (v === null ? null : `${x(xs[i]).toFixed(1)} ${y(v).toFixed(1)}`)).filter(Boolean);
    picture.append(svg("path", { class: "curve", d: `M${points.join("L")}` }));
    if (points.length === 1) picture.append(svg("circle", { class: "best", cx: points[0].split(" ")[0], cy: points[0].split(" ")[1], r: 4 }));
    const marked = best !== undefined && ys[best] !== null, late = marked && x(xs[best]) > width / 2;
    if (level) {
      const above = y(level) - box.top > 20, side = late ? { x: (box.left + box.right) / 2, "text-anchor": "middle" } : { x: box.right, "text-anchor": "end" };
      picture.append(svg("text", { ...side, y: y(level) + (above ? -6 : 16) }, `${data.linear} ${data.k}`));
    }
    if (marked) {
      const [cx, cy] = [x(xs[best]), y(ys[best])];
      picture.append(svg("circle", { class: "best", cx, cy, r: 5 }));
      const place = { class: "said", x: cx + (late ? 4 : 0), y: cy - 12, "text-anchor": late ? "end" : "start" };
      picture.append(svg("text", place, `best: ${number(ys[best])}`));
    }
    return picture;
  }

  function whenWide(box, draw) {
    let last = 0;
    new ResizeObserver(() => {
      const width = Math.floor(box.clientWidth);
      if (width && width !== last) draw(box, (last = width));
    }).observe(box);
  }

  // ── the map ──────────────────────────────────────────────────────────────────────────────────────────────────────

  const palette = ["#4170e9", "#ee921a", "#de394b", "#00a8a8", "#31983d", "#8e47cd", "#ee8ab2", "#8f5526", "#b5b732", "#1f6fb0"];
  const ramps = { light: ["#4934a3", "#9425ab", "#dd316f", "#f0672f", "#f2a41a"], dark: ["#6351ca", "#a936c2", "#ec417b", "#ff8244", "#fed252"] };
  const gray = () => (dark.matches ? "#5b6072" : "#b9bcc6");
  const map = data.map, canvas = $("canvas"), pen = canvas.getContext("2d");
  const state = { column: map.columns[0], level: null, row: null, places: [] };
  const GROUPS = [["label", "Labels"], ["column", documents ? "Words" : "Columns"], ["error", "Error"], ["code", "Codes"]];

  function showMap() {
    const n = map.rows.length, some = n < data.rows ? `${count(n)} of ${plural(data.rows, unit)}, evenly spaced` : plural(data.rows, unit);
    const left = map.left_out ? ` The list has the columns with most of the error; ${count(map.left_out)} others are left out.` : "";
    const how = map.method === "t-SNE" ? `, laid out by t-SNE of their ${data.k} codes` : "";
    $("map-about").textContent = `${some[0].toUpperCase()}${some.slice(1)}${how}. ${map.note}${left}`;
    for (const [group, name] of GROUPS) {
      const members = map.columns.map((c, i) => [c, i]).filter(([c]) => c.group === group);
      const options = members.map(([c, i]) => el("option", { value: i }, c.name));
      if (options.length) $("color").append(el("optgroup", { label: name }, ...options));
    }
    const first = map.columns.findIndex((c) => c.group === "label");
    choose(Math.max(0, first >= 0 ? first : map.columns.findIndex((c) => c.group === "error")));
    $("color").addEventListener("change", (event) => choose(Number(event.target.value)));
    whenWide($("paper"), paint);
    dark.addEventListener("change", () => (legend(), paint()));
    canvas.addEventListener("pointermove", (event) => point(nearest(event)));
    canvas.addEventListener("pointerdown", (event) => point(nearest(event)));
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && point(null));
    canvas.addEventListener("blur", () => point(null));
    canvas.addEventListener("keydown", step);
  }

  function choose(i) {
    $("color").value = String(i);
    state.column = map.columns[i];
    state.level = null;
    canvas.dataset.column = state.column.name;
    legend();
    paint();
  }

  function blend(share) {
    const stops = ramps[dark.matches ? "dark" : "light"], at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
    const i = Math.min(Math.floor(at), stops.length - 2), t = at - i;
    const part = (hex, j) => parseInt(hex.slice(1 + 2 * j, 3 + 2 * j), 16);
    return `rgb(${[0, 1, 2].map((j) => Math.round(part(stops[i], j) * (1 - t) + part(stops[i + 1], j) * t)).join(" ")})`;
  }

  // The colors run from the 2nd to the 98th of a hundred, so that one wild value does not make all others alike.
  function range(column) {
    if (column.range) return column.range;
    const known = column.values.filter((v) => v !== null).sort((a, b) => a - b), n = known.length;
    const at = (q) => known[Math.round(q * (n - 1))];
    let [low, high] = n ? [at(0.02), at(0.98)] : [0, 0];
    if (low === high) [low, high] = n ? [known[0], known[n - 1]] : [0, 0];
    return (column.range = { low, high, cut: n ? [known[0] < low, known[n - 1] > high] : [false, false] });
  }

  function colors(column) {
    if (column.kind === "category") {
      return column.values.map((l) => (l < 0 || l >= shown(column) ? gray() : palette[l]));
    }
    const { low, high } = range(column);
    return column.values.map((v) => (v === null ? gray() : blend(high > low ? (v - low) / (high - low) : 0.5)));
  }

  const shown = (column) => (column.levels.length <= palette.length ? column.levels.length : palette.length - 1);
  const read = (column, i) => {
    const v = column.values[i];
    if (column.kind === "category") return v < 0 ? "missing" : value(column.levels[v]);
    return v === null ? "missing" : column.kind === "date" ? date(v) : number(v);
  };

  function legend() {
    const column = state.column;
    if (column.kind !== "category") return $("legend").replaceChildren(ramp(column));
    const counts = new Map();
    const group = (l) => (l < 0 ? -1 : l < shown(column) ? l : shown(column));
    for (const l of column.values) counts.set(group(l), (counts.get(group(l)) ?? 0) + 1);
    const others = column.levels.length - shown(column);
    const entries = [...counts.keys()].sort((a, b) => (a < 0) - (b < 0) || a - b);
    const name = (l) => (l < 0 ? "missing" : l < shown(column) ? value(column.levels[l]) : `${count(others)} others`);
    $("legend").replaceChildren(...entries.map((l) => {
      const dot = el("i", { class: "dot" });
      dot.style.background = l < 0 || l >= shown(column) ? gray() : palette[l];
      const button = el("button", { type: "button", "aria-pressed": String(state.level === l), title: name(l) }, dot, el("span", {}, name(l)), el("small", {}, count(counts.get(l))));
      button.addEventListener("click", () => {
        state.level = state.level === l ? null : l;
        [...$("legend").children].forEach((b, i) => b.setAttribute("aria-pressed", String(entries[i] === state.level)));
        paint();
      });
      return button;
    }));
  }

  function ramp(column) {
    const { low, high, cut } = range(column), bar = el("i", {}), words = column.kind === "date" ? date : number;
    const stops = ramps[dark.matches ? "dark" : "light"];
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    const ends = el("p", {}, el("span", {}, `${cut[0] ? "≤ " : ""}${words(low)}`), el("span", {}, `${cut[1] ? "≥ " : ""}${words(high)}`));
    const missing = column.values.filter((v) => v === null).length;
    return el("div", { class: "ramp" }, bar, ends, missing ? el("p", {}, `gray: ${count(missing)} missing`) : null);
  }

  function lit(i) {
    if (state.level === null || state.column.kind !== "category") return true;
    const l = state.column.values[i], limit = shown(state.column);
    return (l < 0 ? -1 : Math.min(l, limit)) === state.level;
  }

  function paint() {
    const width = $("paper").clientWidth;
    if (!width) return;
    const height = Math.round(Math.min(width * (width < 600 ? 1 : 0.74), 620)), scale = Math.min(devicePixelRatio || 1, 3);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height}px`;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    place(width, height);
    axes(width, height);
    const tint = colors(state.column), n = state.places.length, radius = n > 2500 ? 2.4 : n > 600 ? 3.2 : n > 100 ? 4.5 : 6;
    for (const front of [false, true]) {
      state.places.forEach(([x, y], i) => {
        if (lit(i) !== front) return;
        pen.globalAlpha = front ? 0.85 : 0.3;
        disc(x, y, radius, front ? tint[i] : gray());
      });
    }
    pen.globalAlpha = 1;
    if (state.row !== null) ring(state.places[state.row], radius + 3);
  }

  function disc(x, y, radius, color) {
    pen.fillStyle = color;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.fill();
  }

  function ring([x, y], radius) {
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.stroke();
  }

  // t-SNE has no axes, and one unit for both directions; codes have two of their own.
  function place(width, height) {
    const named = map.axes[0] !== "", margin = { left: named ? 46 : 22, right: 22, top: named ? 30 : 22, bottom: named ? 52 : 22 };
    const ends = (v) => v.reduce(([a, b], u) => [Math.min(a, u), Math.max(b, u)], [Infinity, -Infinity]);
    let [[x0, x1], [y0, y1]] = [ends(map.x), ends(map.y)];
    if (map.method === "strip") y0 = 0;
    if (x0 === x1) [x0, x1] = [x0 - 1, x1 + 1];
    if (y0 === y1) [y0, y1] = [y0 - 1, y1 + 1];
    let sx = (width - margin.left - margin.right) / (x1 - x0), sy = (height - margin.top - margin.bottom) / (y1 - y0);
    const wide = width - margin.left - margin.right, tall = height - margin.top - margin.bottom;
    if (!named) sx = sy = Math.min(sx, sy);
    const left = margin.left + (wide - sx * (x1 - x0)) / 2, top = margin.top + (tall - sy * (y1 - y0)) / 2;
    state.frame = { x0, x1, y0, y1, x: (v) => left + sx * (v - x0), y: (v) => top + sy * (y1 - v), margin };
    state.places = map.x.map((v, i) => [state.frame.x(v), state.frame.y(map.y[i])]);
  }

  function axes(width, height) {
    if (map.axes[0] === "") return;
    const { x0, x1, y0, y1, x, y, margin } = state.frame, style = getComputedStyle(document.documentElement);
    pen.fillStyle = style.getPropertyValue("--soft");
    pen.strokeStyle = style.getPropertyValue("--faint");
    pen.lineWidth = 1;
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    pen.textAlign = "center";
    for (const t of ticks(x0, x1, width < 500 ? 4 : 7)) {
      rule(x(t), margin.top, x(t), height - margin.bottom + 6);
      pen.fillText(number(t), x(t), height - margin.bottom + 22);
    }
    pen.textAlign = "right";
    pen.fillText(`${map.axes[0]} →`, width - margin.right, height - 8);
    pen.textAlign = "right";
    for (const t of ticks(y0, y1, 5)) {
      rule(margin.left - 6, y(t), width - margin.right, y(t));
      pen.fillText(number(t), margin.left - 12, y(t) + 4);
    }
    pen.textAlign = "left";
    pen.fillText(`↑ ${map.axes[1]}`, 8, 18);
  }

  function rule(x0, y0, x1, y1) {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect(), [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let best = null, least = event.pointerType === "touch" ? 32 ** 2 : 18 ** 2;
    state.places.forEach(([x, y], i) => {
      const d = (x - px) ** 2 + (y - py) ** 2;
      if (lit(i) && d < least) [best, least] = [i, d];
    });
    return best;
  }

  // Arrow keys: the next row to the left, right, above, below.
  function step(event) {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, -1], ArrowDown: [1, 1] }[event.key];
    if (event.key === "Escape") return point(null);
    if (!way) return;
    event.preventDefault();
    const [axis, sign] = way, now = state.row === null ? null : state.places[state.row][axis];
    const order = state.places.map((p, i) => [sign * p[axis], i]).filter(([, i]) => lit(i)).sort((a, b) => a[0] - b[0] || sign * (a[1] - b[1]));
    const here = now === null ? -1 : order.findIndex(([, i]) => i === state.row);
    const next = order[Math.min(here + 1, order.length - 1)];
    if (next) point(next[1], true);
  }

  function point(i, speak = false) {
    if (i === state.row) return;
    state.row = i;
    paint();
    $("tip").hidden = i === null;
    if (i === null) return;
    $("tip").replaceChildren(...tip(i));
    beside(state.places[i]);
    if (speak) $("spoken").textContent = $("tip").innerText.replace(/\s+/g, " ");
  }

  function tip(i) {
    const parts = [el("strong", {}, `${named(map.rows[i])}${map.names[i] ? `: ${map.names[i]}` : ""}`)];
    if (map.pixels) parts.push(picture(map.pixels, map.rows.length, i));
    const others = map.columns.filter((c) => c !== state.column && (c.group === "label" || c.group === "error" || (c.group === "column" && !map.pixels && !map.words)));
    const list = el("dl");
    for (const c of [state.column, ...others.slice(0, 9)]) {
      const chosen = c === state.column ? { class: "chosen" } : {};
      list.append(el("dt", chosen, c.name), el("dd", chosen, read(c, i)));
    }
    parts.push(list);
    if (map.words) parts.push(el("p", {}, map.words[i].join(" ")));
    return parts;
  }

  function beside([x, y]) {
    const card = $("tip"), paper = $("paper"), [w, h] = [card.offsetWidth, card.offsetHeight];
    const left = x + 16 + w < paper.clientWidth ? x + 16 : x - 16 - w;
    const narrow = left < 4;
    const up = narrow ? (y > paper.clientHeight / 2 ? y - 22 - h : y + 22) : y - h / 2;
    card.style.left = `${Math.max(8, Math.min(narrow ? x - w / 2 : left, paper.clientWidth - w - 8))}px`;
    card.style.top = `${Math.max(8, Math.min(up, paper.clientHeight - h - 8))}px`;
  }

  // ── bars ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  function bars(entries, title, most, both) {
    const top = Math.max(1e-12, ...entries.flatMap((e) => [e.autoencoder, both ? e.linear : 0]));
    const full = both && top > 0.5 ? 1 : top;
    const lines = entries.map((e) => {
      const cell = el("td", {}, meter(e.autoencoder / full, true), both ? meter(e.linear / full, false) : null);
      const numbers = [el("td", { class: "figure deep" }, percent(e.autoencoder)), both ? el("td", { class: "figure" }, percent(e.linear)) : null];
      return el("tr", {}, el("th", { scope: "row", class: "name", title: e.name }, e.name), cell, ...numbers);
    });
    const head = el("tr", {}, el("th", { scope: "col", class: "name" }, title), el("td"), el("th", { scope: "col", class: "figure deep" }, "auto\u00adencoder"), both ? el("th", { scope: "col", class: "figure" }, data.linear) : null);
    const body = el("tbody", {}, ...lines.slice(0, most));
    const whole = el("div", { class: "sheet" }, el("table", { class: "bars" }, el("thead", {}, head), body));
    if (lines.length > most) {
      const more = el("button", { type: "button", class: "more" }, `Show all ${count(lines.length)}`);
      more.addEventListener("click", () => (body.append(...lines.slice(most)), more.remove()));
      whole.append(more);
    }
    return whole;
  }

  function components() {
    const both = data.components.every((c) => c.linear !== null);
    $("components-about").textContent =
      `Together they explain ${percent(compared.autoencoder)} of the ${variance} of ${yardstick}. The share of a code is how far the reconstruction moves without it.` +
      (both ? " The codes of the autoencoder are not ordered by size. The shares of PCA are those of the training rows." : "");
    $("components").append(bars(data.components, "code", 16, both));
  }

  function columns() {
    const c = data.columns;
    if (!c || !c.bars.length) return $("s-columns").remove();
    const word = documents ? "word" : "column";
    $("h-columns").textContent = c.picture ? "Where the error lies" : `Error per ${word}`;
    const some = c.bars.length < c.total ? ` Shown are the ${count(c.bars.length)} ${word}s of ${count(c.total)} with most of it.` : "";
    const constant = c.constants ? ` ${plural(c.constants, word)} ${c.constants === 1 ? "is" : "are"} constant and left out${c.constants <= 6 ? `: ${c.constant.join(", ")}` : ""}.` : "";
    $("columns-about").textContent = c.picture ? `The mean error of all ${plural(data.rows, unit)} of this report.` :
      `The share of the ${variance} of each ${word} that is left over, for all ${plural(data.rows, unit)} of this report: 0% is perfect, 100% is no better than the mean. ` +
      `Training rows look better here than new ones.${some}${constant}`;
    if (c.picture) {
      const shots = c.picture.map((blob, i) => el("figure", {}, picture(blob, 1, 0), el("figcaption", {}, `error of ${["the autoencoder", data.linear][i]}`)));
      $("columns").append(el("div", { class: "pixels two" }, ...shots), el("p", { class: "about" }, "Black is no error, white is the largest; both pictures have the same scale."));
    }
    if (!c.picture) $("columns").append(bars(c.bars, word, 20, true));
  }

  // ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  function picture(blob, n, i) {
    const { width, height } = data.picture, bytes = bytesOf(blob), shot = el("canvas", { width, height, "aria-hidden": "true" });
    const image = new ImageData(width, height), plane = width * height, channels = bytes.length / (n * plane), start = i * channels * plane;
    const at = (j, channel) => bytes[start + (channels === 3 ? channel * plane : 0) + j];
    for (let j = 0; j < plane; j++) image.data.set([at(j, 0), at(j, 1), at(j, 2), 255], 4 * j);
    shot.getContext("2d").putImageData(image, 0, 0);
    return shot;
  }

  const known = new Map();
  function bytesOf(blob) {
    if (!known.has(blob)) known.set(blob, Uint8Array.from(atob(blob), (c) => c.charCodeAt(0)));
    return known.get(blob);
  }

  function three(entry) {
    const names = ["seen", "autoencoder", data.linear];
    return el("div", { class: "pixels" }, ...entry.pixels.map((blob, i) => el("figure", {}, picture(blob, 1, 0), el("figcaption", {}, names[i]))));
  }

  function words(entry) {
    const [seen, ...expected] = entry.words, names = ["seen", "autoencoder expects", `${data.linear} expects`];
    const list = (all, met) => el("ul", { class: "words" }, ...all.map((w) => el("li", met.includes(w) ? { class: "met" } : {}, w)));
    const blocks = [[names[0], list(seen, expected[0])], ...expected.map((all, i) => [names[i + 1], list(all, seen)])];
    return el("div", {}, ...blocks.flatMap(([name, node]) => [el("h4", {}, name), node]));
  }

  function cells(entry, names, fold) {
    const rest = entry.cells.length - fold;
    return [fold ? table(entry.cells.slice(0, fold), names) : null, rest > 0 ? el("details", {}, el("summary", {}, fold ? `${count(rest)} more` : `The ${count(rest)} pixels with the largest error`), table(entry.cells.slice(fold), names)) : null];
  }

  function table(part, names) {
    const head = el("tr", {}, el("th", { scope: "col" }, documents ? "word" : "column"), ...names.map((n) => el("th", { scope: "col" }, n[0])));
    const lines = part.map((c) => el("tr", c.surprising ? { class: "surprising" } : {}, el("th", { scope: "row" }, c.name), ...names.map((n) => el("td", {}, ...said(c, n[1])))));
    return el("table", { class: "cells" }, el("thead", {}, head), el("tbody", {}, ...lines));
  }

  function said(c, field) {
    const sure = field === "expected" && c.sure !== null ? el("small", {}, ` ${percent(c.sure, 0)}`) : null;
    const times = documents && typeof c[field] === "number";
    return [times ? often(c[field]) : value(c[field]), sure].filter((part) => part !== null);
  }

  function card(entry, inside) {
    const relative = entry.error >= 10 ? entry.error.toFixed(0) : entry.error.toFixed(entry.error < 0.1 ? 3 : 1);
    const tags = entry.labels.map(([name, v]) => `${name}: ${value(v)}`).join(" · ");
    const head = el("header", {}, el("h3", {}, named(entry.row)), el("p", {}, `${relative} × mean error`));
    return el("article", { class: "card" }, head, ...[entry.name, entry.text, tags].map((words) => (words ? el("p", { class: "tags" }, words) : null)), ...inside);
  }

  function surprised(entry) {
    const names = [["seen", "seen"], ["expected", "expected"]];
    if (entry.pixels) return card(entry, [three(entry), ...cells(entry, names, 0)]);
    return card(entry, cells(entry, names, entry.words ? 8 : 6));
  }

  function showRows() {
    const counts = documents ? "how often a word occurs and how often it was expected" : "the observed and the expected values, in original units";
    $("h-worst").textContent = `${capital(unit)}s that surprise it`;
    $("h-best").textContent = `${capital(unit)}s it knows best`;
    $("worst-about").textContent =
      `The ${unit}s with the largest error: possible outliers, mistakes, or rows that the model has not learned yet. Each shows ${counts}, the largest error first. ` +
      (data.picture ? "" : `Marked: the ${documents ? "words" : "cells"} with half of the error, if they are further off than the ${documents ? "word" : "column"} usually varies. `) +
      `${capital(unit)}s count from 0.`;
    $("worst").append(...data.worst.map(surprised));
    $("best").append(...data.best.map(surprised));
    if (!data.best.length) $("s-best").remove();
    $("examples-about").textContent = `${plural(data.examples.length, unit)}, evenly spaced: the originals, and how two models of the same width decode them from ${plural(data.k, "number")}.`;
    $("examples").className = data.picture ? "gallery" : documents ? "cards" : "cards wide";
    const names = [["seen", "seen"], ["auto\u00adencoder", "expected"], [data.linear, "linear"]];
    $("examples").append(...data.examples.map((e) => card(e, e.pixels ? [three(e)] : e.words ? [words(e)] : cells(e, names, 8))));
  }

  function facts() {
    $("facts").append(...data.facts.map(([name, v]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, v))));
    $("code").textContent = data.code;
    $("facts-about").textContent = data.repeatable
      ? "The same rows, parameters and versions give the same model on the same kind of machine."
      : "It was fitted without random_state: another fit will differ a little. Set random_state to get the same model again.";
  }

  for (const show of [top, comparison, curves, showMap, components, columns, showRows, facts]) show();
})();
