"use strict";
// Plots of what is selected: the same axes, places and marks as the plots that were drawn when the site was built.
LF.chart = (() => {
  const WIDTH = 560, LEFT = 58, RIGHT = 544, TOP = 40, BOTTOM = 292, SERIES = 7;

  const step = (wanted) => {
    const power = 10 ** Math.floor(Math.log10(wanted));
    return [1, 2, 5, 10].map((part) => power * part).find((value) => value >= wanted * (1 - 1e-9));
  };
  const general = (value, digits) => {  // as Python's :g, without an exponent for what axes hold
    if (value === 0) return "0";
    const power = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
    if (power < -4 || power >= digits) return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace(/e([+-])(\d)$/, "e$10$2");
    const text = value.toFixed(Math.max(0, digits - 1 - power));
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  };
  const compact = (value) => {
    for (const [limit, suffix] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (Math.abs(value) >= limit * 0.9995) return general(value / limit, 3) + suffix;
    }
    return general(value, 3);
  };
  const place = (axis, value) => {
    const f = axis.log ? Math.log10 : (v) => v;
    const inside = Math.min(Math.max(value, axis.low), axis.high);
    const share = (f(inside) - f(axis.low)) / (f(axis.high) - f(axis.low));
    return axis.start + share * (axis.end - axis.start);
  };
  const linear = (title, high, start, end, low = 0) => {
    const each = step((high - low) / 4 || 1);
    const top = high > low ? low + each * Math.ceil((high - low) / each - 1e-9) : low + each;
    const count = Math.round((top - low) / each);
    const ticks = Array.from({ length: count + 1 }, (_, n) => low + each * n);
    return { title, low, high: top, start, end, log: false, ticks: ticks.map((value) => [value, compact(value)]) };
  };
  const log = (title, low, high, start, end) => {
    high = Math.max(high, low * 1.5);
    const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
    const decades = Array.from({ length: last - first + 1 }, (_, n) => 10 ** (first + n));
    const parts = (some) => decades.flatMap((decade) => some.map((part) => decade * part));
    const every = (n) => decades.filter((_, place_) => place_ % n === 0);
    const choices = [parts([1, 2, 5]), parts([1, 2, 3, 4, 5, 6, 7, 8, 9]), every(1), every(2), every(3), every(4)];
    const within = choices.map((some) => some.filter((value) => low / 1.001 <= value && value <= high * 1.001));
    const ticks = within.find((some) => some.length >= 3 && some.length <= 6) || [low, high];
    return { title, low, high, start, end, log: true, ticks: ticks.map((value) => [value, compact(value)]) };
  };
  const shape = (look, x, y) => {
    const s = 4.5, f = (value) => value.toFixed(1);
    switch (look) {
      case 0: return `M${f(x - s)} ${f(y)}a${s} ${s} 0 1 0 9 0a${s} ${s} 0 1 0 -9 0z`;
      case 1: return `M${f(x - 4)} ${f(y - 4)}h8v8h-8z`;
      case 2: return `M${f(x)} ${f(y - 5.5)}l5.2 9.5h-10.4z`;
      case 3: return `M${f(x)} ${f(y - 6)}l6 6l-6 6l-6 -6z`;
      case 4: return `M${f(x)} ${f(y + 5.5)}l5.2 -9.5h-10.4z`;
      case 5: return `M${f(x - 1.7)} ${f(y - 5.5)}h3.4v3.8h3.8v3.4h-3.8v3.8h-3.4v-3.8h-3.8v-3.4h3.8z`;
      default: return `M${f(x - 3)} ${f(y)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z`;
    }
  };
  const svg = (tag, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // series: [{ name, points: [{ x, y, cells, hollow, inferred }] }]
  const figure = ({ title, subtitle, x, y, series, head, notes, logX = false, logY = false }) => {
    const all = series.flatMap((one) => one.points);
    const xs = all.map((point) => point.x), ys = all.map((point) => point.y);
    const across = logX ? log(x, Math.min(...xs) / 1.15, Math.max(...xs) * 1.15, LEFT, RIGHT) : linear(x, Math.max(...xs), LEFT, RIGHT);
    const up = logY ? log(y, Math.min(...ys) / 1.15, Math.max(...ys) * 1.15, BOTTOM, TOP) : linear(y, Math.max(...ys), BOTTOM, TOP);
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${BOTTOM + 48}`, role: "img", "aria-label": `${title}. ${subtitle}` });
    for (const [value, word] of across.ticks) {
      const at = place(across, value);
      picture.append(svg("line", { class: "grid", x1: at, x2: at, y1: TOP, y2: BOTTOM }), svg("text", { x: at, y: BOTTOM + 18, "text-anchor": "middle" }, word));
    }
    for (const [value, word] of up.ticks) {
      const at = place(up, value);
      picture.append(svg("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: at, y2: at }), svg("text", { x: LEFT - 7, y: at + 4, "text-anchor": "end" }, word));
    }
    picture.append(svg("line", { class: "axis", x1: LEFT, x2: RIGHT, y1: BOTTOM, y2: BOTTOM }), svg("text", { class: "name", x: 2, y: 16 }, y), svg("text", { class: "name", x: RIGHT, y: BOTTOM + 40, "text-anchor": "end" }, x));
    const places = [];
    series.forEach((one, number) => {
      for (const point of one.points) {
        const [px, py] = [place(across, point.x), place(up, point.y)];
        places.push(`${px.toFixed(1)},${py.toFixed(1)}`);
        picture.append(svg("path", { class: `m s${Math.min(number, SERIES - 1)}${point.hollow ? " hollow" : ""}${point.inferred ? " dashed" : ""}${point.void ? " void" : ""}`, d: shape(Math.min(number, SERIES - 1), px, py) }));
      }
    });
    const legend = LF.el("ul", { class: "legend" });
    series.forEach((one, number) => {
      const key = svg("svg", { viewBox: "0 0 14 14", class: "key", "aria-hidden": "true" });
      key.append(svg("path", { class: `m s${Math.min(number, SERIES - 1)}`, d: shape(Math.min(number, SERIES - 1), 7, 7) }));
      const item = LF.el("li", {});
      item.append(key, one.name);
      legend.append(item);
    });
    if (all.some((point) => point.hollow)) legend.append(LF.el("li", {}, LF.el("span", { class: "hollow", "aria-hidden": "true" }), "hollow: unverified"));
    if (all.some((point) => point.inferred)) legend.append(LF.el("li", {}, LF.el("span", { class: "dashed", "aria-hidden": "true" }), "dashed: ≈ inferred"));
    if (all.some((point) => point.void)) legend.append(LF.el("li", {}, LF.el("span", { class: "void", "aria-hidden": "true" }), "dotted: ✗ void by our check"));
    const body = LF.el("tbody", {}, ...all.map((point) => LF.el("tr", {}, ...point.cells.map((cell, n) => LF.el(n ? "td" : "th", n ? {} : { scope: "row" }, cell)))));
    const values = LF.el("table", { class: "data numbers" }, LF.el("thead", {}, LF.el("tr", {}, ...head.map((name) => LF.el("th", { scope: "col" }, name)))), body);
    const plot = LF.el("div", { class: "plot", "data-points": places.join(" ") }, picture);
    const made = LF.el("figure", {},
      LF.el("figcaption", {}, LF.el("h3", {}, title), LF.el("p", { class: "muted" }, subtitle)), plot, legend,
      LF.el("details", {}, LF.el("summary", {}, `Values (${all.length})`), LF.el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `Values of: ${title}` }, values)),
      LF.el("div", { class: "footnotes" }, ...notes));
    LF.plot(plot);
    return made;
  };
  return { linear, log, place, compact, shape, figure };
})();
