"use strict";
// What every page has: theme button, state in the address, tooltips of plots, choice among figures, pages of a single file.

// -------- elements
LF.el = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "checked" || name === "value" || name === "open" || name === "indeterminate") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));  // texts become text nodes
  return made;
};

// -------- numbers
LF.number = (value, digits = 6) => {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return value === "NaN" ? "not a number" : "infinite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-6 || size >= 1e15) return value.toExponential(digits - 1).replace(/e([+-])(\d)$/, "e$10$2");
  const decimals = Math.min(100, Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
  const [whole, part = ""] = value.toFixed(decimals).split(".");
  const rest = part.replace(/0+$/, "");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? `.${rest}` : "");
};
LF.plural = (count, one) => `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`;

// -------- state in the fragment of the address
LF.state = {
  // Pairs of the address in their order; keys that nobody knows are kept.
  read() {
    const decode = (text) => { try { return decodeURIComponent(text.replace(/\+/g, " ")); } catch { return text; } };
    return location.hash.slice(1).split("&").filter((pair) => pair.includes("=")).map((pair) => {  // the rest are anchors
      const at = pair.indexOf("=");
      return [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });
  },
  text(pairs) {
    const encode = (text) => encodeURIComponent(text).replace(/%2C/g, ",").replace(/%2F/g, "/");
    const sorted = [...pairs].sort((a, b) => (a[0] === "page" ? -1 : b[0] === "page" ? 1 : a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0));
    return sorted.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
  },
  write(pairs, replace = false) {
    const page = LF.state.read().filter(([key]) => key === "page");
    const text = LF.state.text([...page, ...pairs]);
    if (text === location.hash.slice(1)) return;
    const address = `${location.pathname}${location.search}${text ? `#${text}` : ""}`;
    try { history[replace ? "replaceState" : "pushState"](null, "", address); } catch { location.hash = text; }
  },
};

// -------- the theme
(() => {
  const themes = ["auto", "light", "dark"];
  const button = LF.el("button", { type: "button", class: "theme" });
  const say = () => { button.textContent = `Theme: ${LF.theme.get()}`; };
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme || "auto";
    const next = themes[(themes.indexOf(now) + 1) % themes.length];
    LF.theme.set(next);
    button.textContent = `Theme: ${next}`;
  });
  say();
  document.querySelector("header.top").append(button);
})();

// Skipping to the content moves the focus and leaves the state in the address alone.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  (document.querySelector("section.page:not([hidden])") || document.getElementById("main")).focus();
});

// -------- tooltips
LF.plot = (plot) => {
  const figure = plot.closest("figure");
  const svg = plot.querySelector("svg");
  const tip = document.getElementById("tip");
  const points = plot.dataset.points.split(" ").filter(Boolean).map((pair) => pair.split(",").map(Number));
  if (!points.length) return;
  const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  ring.setAttribute("class", "ring");
  ring.setAttribute("r", "9");
  svg.append(ring);
  let current = -1;
  const hide = () => { tip.hidden = true; plot.classList.remove("on"); };
  const show = (index) => {
    current = Math.min(Math.max(index, 0), points.length - 1);
    const [x, y] = points[current];
    ring.setAttribute("cx", x);
    ring.setAttribute("cy", y);
    plot.classList.add("on");
    const names = [...figure.querySelectorAll("thead th")].map((cell) => cell.textContent);
    const cells = [...figure.querySelectorAll("tbody tr")][current].children;
    const lines = names.map((name, n) => [name, cells[n].textContent]).filter(([, text]) => text);
    tip.replaceChildren(LF.el("strong", {}, lines[0][1]), ...lines.slice(1).map(([name, text]) => LF.el("span", {}, `${name}: ${text}`)));
    tip.hidden = false;
    const box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    const left = box.left + x * scale;
    const side = left > document.documentElement.clientWidth / 2 ? -tip.offsetWidth - 14 : 14;
    tip.style.left = `${Math.max(4, left + side)}px`;
    tip.style.top = `${Math.max(4, Math.min(box.top + y * scale + 10, innerHeight - tip.offsetHeight - 8))}px`;
  };
  const nearest = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let best = 0, least = Infinity;
    points.forEach(([px, py], n) => {
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least) { best = n; least = distance; }
    });
    return least < 45 ** 2 ? best : -1;
  };
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Plot; the arrow keys read its values");
  for (const kind of ["pointerdown", "pointermove"]) {
    plot.addEventListener(kind, (event) => { const n = nearest(event); if (n < 0) hide(); else show(n); });
  }
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === "Escape") hide();
    if (step === undefined && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    show(event.key === "Home" ? 0 : event.key === "End" ? points.length - 1 : current + step);
  });
};
document.querySelectorAll(".plot").forEach(LF.plot);
addEventListener("scroll", () => { document.getElementById("tip").hidden = true; }, { passive: true, capture: true });

// -------- a choice among figures
LF.choice = (charts) => {
  const figures = [...charts.children];
  const keys = ["round", "division", "type", "benchmark", "scenario"].filter((key) => new Set(figures.map((one) => one.dataset[key] || "")).size > 1);
  const count = charts.parentElement.querySelector("[data-count]");
  if (!keys.length) return;
  const selects = new Map();
  const bar = LF.el("form", { class: "choice", "aria-label": "Choose figures" });
  bar.addEventListener("submit", (event) => event.preventDefault());
  const chosen = () => keys.map((key) => [key, selects.get(key).value]).filter(([, value]) => value);
  const apply = () => {
    const wanted = chosen();
    let shown = 0;
    for (const one of figures) {
      one.hidden = !wanted.every(([key, value]) => (one.dataset[key] || "") === value);
      shown += !one.hidden;
    }
    count.textContent = wanted.length ? `${LF.plural(shown, "figure")} of ${figures.length}` : LF.plural(shown, "figure");
    for (const key of keys) {  // what the other choices leave
      const others = wanted.filter(([name]) => name !== key);
      const left = new Set(figures.filter((one) => others.every(([k, v]) => (one.dataset[k] || "") === v)).map((one) => one.dataset[key] || ""));
      for (const option of selects.get(key).options) option.disabled = Boolean(option.value) && !left.has(option.value);
    }
  };
  for (const key of keys) {
    const values = [...new Set(figures.map((one) => one.dataset[key] || ""))].filter(Boolean).sort();
    const select = LF.el("select", { name: key }, LF.el("option", { value: "" }, "all"), ...values.map((value) => LF.el("option", { value }, value)));
    select.addEventListener("change", () => { apply(); LF.state.write(chosen()); });
    selects.set(key, select);
    bar.append(LF.el("label", {}, LF.el("span", {}, key === "type" ? "system type" : key), select));
  }
  const reset = LF.el("button", { type: "button", class: "plain", onclick: () => { for (const one of selects.values()) one.value = ""; apply(); LF.state.write([]); } }, "Show all");
  bar.append(reset);
  charts.before(bar);
  const restore = () => {
    const pairs = new Map(LF.state.read());
    for (const key of keys) { selects.get(key).value = pairs.get(key) || ""; if (selects.get(key).selectedIndex < 0) selects.get(key).value = ""; }
    apply();
  };
  addEventListener("hashchange", restore);
  addEventListener("popstate", restore);
  restore();
};
document.querySelectorAll("[data-charts]").forEach(LF.choice);

// -------- the pages of a single file
(() => {
  const pages = [...document.querySelectorAll("section.page")];
  if (!pages.length) return;
  const title = document.title;
  const by = new Map(pages.map((page) => [page.id.slice(5), page]));
  let before = null;
  const go = () => {
    const name = new Map(LF.state.read()).get("page") || "index";
    const page = by.get(name) || by.get("404");
    for (const one of pages) one.hidden = one !== page;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.getAttribute("href") === `#page=${name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = page === by.get("index") ? title : `${page.dataset.title} · ${title}`;
    if (before !== null && before !== page) { scrollTo({ top: 0, behavior: "instant" }); page.focus({ preventScroll: true }); }
    before = page;
  };
  addEventListener("hashchange", go);
  addEventListener("popstate", go);
  go();
})();

addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("td details")) one.open = true; });
