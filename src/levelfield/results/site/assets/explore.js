"use strict";
// The long table: filters with counts, search, order, columns, choice for comparison, plot and download. All of it in the address.
LF.explore = (root) => {
  const el = LF.el;
  const setup = JSON.parse(root.dataset.setup);
  const table = LF.rows(setup);
  const visible = setup.columns.filter((column) => !column.hidden);
  const says = ({ values, texts }) => (values ? values.some((value) => value !== null) : texts.some(Boolean));
  const defaults = visible.filter((column) => column.shown && says(table.columns.get(column.key))).map((column) => column.key);
  const FIRST = ["round", "division", "benchmark", "scenario", "submitter", "accelerator"];
  const facets = setup.columns.filter((column) => column.facet && table.columns.get(column.key).texts.length > 1);
  facets.sort((a, b) => (FIRST.includes(b.key) - FIRST.includes(a.key)) || (FIRST.includes(a.key) ? FIRST.indexOf(a.key) - FIRST.indexOf(b.key) : 0));
  const OPEN = new Set(["round", "division", "benchmark", "scenario", "submitter"]);
  const WINDOW_FROM = 500, SPARE = 12;
  const known = new Set([...facets.map((one) => one.key), "q", "sort", "cols", "view", "x", "from", "to", "pick"]);
  const fresh = () => ({ filters: new Map(), q: "", sort: ["", false], cols: defaults, view: "table", x: "accelerators", from: "", to: "", pick: [], unknown: [] });
  let state = fresh();
  let rows = [];  // what the filters leave, in order

  // -------- the state
  const parse = () => {
    state = fresh();
    for (const [key, value] of LF.state.read()) {
      if (key === "page") continue;
      if (!known.has(key)) state.unknown.push([key, value]);
      else if (key === "q" || key === "x" || key === "from" || key === "to") state[key] = value;
      else if (key === "sort") state.sort = [value.replace(/^-/, ""), value.startsWith("-")];
      else if (key === "cols") state.cols = value.split(",").filter((name) => visible.some((column) => column.key === name));
      else if (key === "view") state.view = value === "chart" ? "chart" : "table";
      else if (key === "pick") state.pick.push(value);
      else if (state.filters.has(key)) state.filters.get(key).add(value);
      else state.filters.set(key, new Set([value]));
    }
    if (!state.cols.length) state.cols = defaults;
    if (!table.columns.has(state.sort[0])) state.sort = ["", false];
    if (!["accelerators", "power", "processors", "nodes"].includes(state.x)) state.x = "accelerators";
  };
  const pairs = () => {
    const found = [...state.unknown];
    for (const [key, values] of state.filters) for (const value of values) found.push([key, value]);
    for (const key of ["q", "from", "to"]) if (state[key]) found.push([key, state[key]]);
    if (state.sort[0]) found.push(["sort", (state.sort[1] ? "-" : "") + state.sort[0]]);
    if (state.cols.join() !== defaults.join()) found.push(["cols", state.cols.join(",")]);
    if (state.view !== "table") found.push(["view", state.view]);
    if (state.view === "chart" && state.x !== "accelerators") found.push(["x", state.x]);
    for (const slug of state.pick) found.push(["pick", slug]);
    return found;
  };
  const change = (replace = false) => { LF.state.write(pairs(), replace); update(); };

  // -------- what the filters leave
  const words = () => state.q.toLocaleLowerCase("en").split(/\s+/).filter(Boolean);
  const searchers = () => {
    const columns = [...table.columns.values()].filter((column) => column.texts && !column.hidden);
    for (const column of columns) column.lower ||= column.texts.map((text) => text.toLocaleLowerCase("en"));
    return words().map((word) => {
      const hits = columns.map((column) => [column.at, column.lower.map((text) => text.includes(word))]).filter(([, some]) => some.includes(true));
      return (row) => hits.some(([at, some]) => some[at[row]]);
    });
  };
  const select = () => {
    const tests = facets.map((facet) => {
      const column = table.columns.get(facet.key), wanted = state.filters.get(facet.key);
      if (!wanted || !wanted.size) return null;
      const passes = new Uint8Array(column.texts.length);
      for (const value of wanted) if (column.place.has(value)) passes[column.place.get(value)] = 1;
      return [column.at, passes];
    });
    const found = [];
    const counts = facets.map((facet) => new Int32Array(table.columns.get(facet.key).texts.length));
    const ats = facets.map((facet) => table.columns.get(facet.key).at);
    const look = searchers();
    const numbers = table.columns.get("accelerators").values;
    const from = state.from === "" ? -Infinity : Number(state.from), to = state.to === "" ? Infinity : Number(state.to);
    const ranged = state.from !== "" || state.to !== "";
    for (let row = 0; row < table.count; row++) {
      if (ranged && !(numbers[row] !== null && numbers[row] >= from && numbers[row] <= to)) continue;
      if (!look.every((hit) => hit(row))) continue;
      let failed = -1, fails = 0;
      for (let n = 0; n < tests.length && fails < 2; n++) {
        if (tests[n] && !tests[n][1][tests[n][0][row]]) { failed = n; fails++; }
      }
      if (fails === 0) {  // counts of a filter reflect all the others
        found.push(row);
        for (let n = 0; n < counts.length; n++) counts[n][ats[n][row]]++;
      } else if (fails === 1) counts[failed][ats[failed][row]]++;
    }
    rows = state.sort[0] ? LF.sorted(found, table.columns.get(state.sort[0]), state.sort[1]) : found;
    return counts;
  };

  // -------- filters
  const panels = new Map();
  const facetPanel = (facet) => {
    const column = table.columns.get(facet.key);
    const rank = LF.rank(column);
    const order = column.texts.map((_, n) => n).sort((a, b) => rank[a] - rank[b]);
    const list = el("ul", {});
    const boxes = new Map();
    for (const n of order) {
      const text = column.texts[n];
      const box = el("input", { type: "checkbox", value: text, "data-facet": facet.key });
      box.addEventListener("change", () => {
        const wanted = state.filters.get(facet.key) || new Set();
        if (box.checked) wanted.add(text); else wanted.delete(text);
        if (wanted.size) state.filters.set(facet.key, wanted); else state.filters.delete(facet.key);
        change();
      });
      const count = el("span", { class: "count" });
      const item = el("li", {}, el("label", {}, box, el("span", { class: "word", title: text }, text || "none"), count));
      boxes.set(n, { box, count, item, text });
      list.append(item);
    }
    const chosen = el("span", { class: "chosen-count" });
    const summary = el("summary", {}, facet.label, chosen);
    const find = order.length > 10 ? el("input", { type: "search", class: "find", placeholder: `Find in ${order.length}`, "aria-label": `Find a value of ${facet.label}` }) : null;
    if (find) {
      find.addEventListener("input", () => {
        const wanted = find.value.toLocaleLowerCase("en");
        for (const one of boxes.values()) one.item.hidden = !one.text.toLocaleLowerCase("en").includes(wanted);
      });
    }
    const panel = el("details", { class: "facet", open: OPEN.has(facet.key) && order.length <= 40 }, summary, find, el("fieldset", {}, el("legend", { class: "unseen" }, facet.label), list));
    panels.set(facet.key, { panel, boxes, chosen });
    return panel;
  };
  const search = el("input", { type: "search", id: "q", placeholder: "Search names, software, notes …", autocomplete: "off" });
  search.addEventListener("input", () => { state.q = search.value; change(true); });
  const range = (key, word) => {
    const box = el("input", { type: "number", min: "0", inputmode: "numeric" });
    box.addEventListener("change", () => { state[key] = box.value; change(); });
    return [box, el("label", {}, el("span", {}, word), box)];
  };
  const [from, fromLabel] = range("from", "at least");
  const [to, toLabel] = range("to", "at most");
  const rangePanel = el("details", { class: "facet" }, el("summary", {}, "number of accelerators"), el("div", { class: "range" }, fromLabel, toLabel));
  const filters = el("details", { class: "filters" }, el("summary", {}, "Filters"),
    el("div", { class: "facets" }, ...facets.map(facetPanel), rangePanel));
  const desk = matchMedia("(min-width: 62rem)");
  const fit = () => { filters.open = desk.matches; };
  desk.addEventListener("change", fit);
  fit();

  // -------- the toolbar
  const status = el("p", { class: "status", role: "status", "aria-live": "polite" });
  const said = (button, text) => { const before = button.textContent; button.textContent = text; setTimeout(() => { button.textContent = before; }, 1500); };
  const copy = el("button", { type: "button" }, "Copy link");
  copy.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(location.href); said(copy, "Copied"); } catch {
      // Pages from a folder may not use the clipboard: the old way works there.
      const box = el("textarea", { "aria-hidden": "true", class: "unseen" });
      box.value = location.href;
      document.body.append(box);
      box.select();
      said(copy, document.execCommand("copy") ? "Copied" : "Copy it from the address bar");
      box.remove();
    }
  });
  const header = () => visible.map((column) => column.key);
  const csv = el("button", { type: "button", class: "save-csv" }, "Save CSV");
  csv.addEventListener("click", () => {
    const quote = (value) => { const text = value === null || value === undefined ? "" : String(value); return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text; };
    const lines = [header(), ...rows.map((row) => visible.map((column) => table.get(column.key, row)))];
    LF.save("results.csv", "text/csv;charset=utf-8", [lines.map((line) => line.map(quote).join(",")).join("\r\n"), "\r\n"]);
  });
  const json = el("button", { type: "button", class: "save-json" }, "Save JSON");
  json.addEventListener("click", () => {
    const document_ = { schema: "levelfield.selection/1", address: location.hash, footnotes: LF.footnotes(setup, table, rows).map((one) => one.textContent), legend: document.querySelector("footer.bottom p").textContent, columns: header(), rows: rows.map((row) => visible.map((column) => table.get(column.key, row))) };
    LF.save("results.json", "application/json", [JSON.stringify(document_, null, 1)]);
  });
  const reset = el("button", { type: "button", class: "plain" }, "Reset");
  reset.addEventListener("click", () => { const { unknown, pick } = state; state = { ...fresh(), unknown, pick }; change(); });
  const chooser = el("details", { class: "menu" }, el("summary", {}, "Columns"));
  const columnBoxes = new Map();
  chooser.append(el("ul", {}, ...visible.map((column) => {
    const box = el("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      state.cols = visible.map((one) => one.key).filter((key) => columnBoxes.get(key).checked);
      if (!state.cols.length) state.cols = defaults;
      change();
    });
    columnBoxes.set(column.key, box);
    return el("li", {}, el("label", {}, box, el("span", {}, column.label)));
  })));
  document.addEventListener("click", (event) => { if (!chooser.contains(event.target)) chooser.open = false; });
  chooser.addEventListener("keydown", (event) => { if (event.key === "Escape") { chooser.open = false; chooser.firstChild.focus(); } });
  const views = new Map(["table", "chart"].map((view) => {
    const button = el("button", { type: "button", "aria-pressed": "false" }, view === "table" ? "Table" : "Plot");
    button.addEventListener("click", () => { state.view = view; change(); });
    return [view, button];
  }));
  const chips = el("ul", { class: "chips", "aria-label": "Filters in use" });
  const bar = el("div", { class: "bar" },
    el("label", { class: "search", for: "q" }, el("span", { class: "unseen" }, "Search"), search),
    el("div", { class: "segments", role: "group", "aria-label": "View" }, ...views.values()), chooser, copy, csv, json, reset);

  // -------- the table
  const head = el("tr", {});
  const body = el("tbody", {});
  const grid = el("table", { class: "grid-table" }, el("caption", { class: "unseen" }, "Results that the filters leave"), el("thead", {}, head), body);
  const box = el("div", { class: "scroll tall", role: "region", tabindex: "0", "aria-label": "Results" }, grid);
  const stage = el("div", { class: "stage" });
  const notes = el("div", { class: "footnotes" });
  let height = 38, drawn = [-1, -1];

  const columnsNow = () => state.cols.map((key) => table.columns.get(key));
  const drawHead = () => {
    head.replaceChildren(el("th", { scope: "col", class: "pick" }, el("span", { class: "unseen" }, "compare")), ...columnsNow().map((column) => {
      const [key, down] = state.sort;
      const now = key === column.key;
      const button = el("button", { type: "button", "data-sort": column.key }, column.label, el("span", { class: "way", "aria-hidden": "true" }, now ? (down ? " ↓" : " ↑") : ""));
      button.addEventListener("click", () => {
        const first = column.values && column.key !== "nodes" ? true : false;  // numbers: largest first
        state.sort = !now ? [column.key, first] : down === first ? [column.key, !first] : ["", false];
        change();
        box.scrollTop = 0;
        head.querySelector(`[data-sort="${column.key}"]`).focus();
      });
      return el("th", { scope: "col", class: column.values ? "number" : null, "aria-sort": now ? (down ? "descending" : "ascending") : "none" }, button);
    }));
  };
  const cell = (column, row) => {
    const value = table.get(column.key, row);
    switch (column.key) {
      case "system": return el("a", { href: LF.href(setup, "systems", table.get("system_page", row)), title: value }, value);
      case "benchmark": return el("a", { href: LF.href(setup, "benchmarks", table.get("benchmark_page", row)) }, value);
      case "submitter": return el("a", { href: LF.href(setup, "submissions", table.get("submission_page", row)) }, value);
      case "value": return LF.score(table, row);
      default: return column.values ? LF.number(value) : el("span", { title: value.length > 24 ? value : null }, value);
    }
  };
  const drawRow = (place) => {
    const row = rows[place], slug = table.get("system_page", row);
    const pick = el("input", { type: "checkbox", checked: state.pick.includes(slug), "aria-label": `Compare ${table.get("system", row)}`, "data-pick": slug });
    pick.addEventListener("change", () => {
      state.pick = pick.checked ? [...new Set([...state.pick, slug])].slice(0, setup.most) : state.pick.filter((one) => one !== slug);
      LF.state.write(pairs());
      drawPicks();
      drawBody(true);
      (body.querySelector(`[aria-rowindex="${place + 2}"] [data-pick]`) || box).focus({ preventScroll: true });
    });
    return el("tr", { "aria-rowindex": place + 2 }, el("td", { class: "pick" }, pick), ...columnsNow().map((column) =>
      el(column.key === "system" ? "th" : "td", { class: column.values ? "number" : column.key === "system" ? "name" : null, scope: column.key === "system" ? "row" : null }, cell(column, row))));
  };
  const drawBody = (force = false) => {
    const windowed = rows.length > WINDOW_FROM;
    const first = windowed ? Math.max(0, Math.floor(box.scrollTop / height) - SPARE) : 0;
    const last = windowed ? Math.min(rows.length, first + Math.ceil((box.clientHeight || 700) / height) + 2 * SPARE) : rows.length;
    if (!force && first === drawn[0] && last === drawn[1]) return;
    drawn = [first, last];
    const made = document.createDocumentFragment();
    const gap = (count) => el("tr", { class: "gap", "aria-hidden": "true", style: null, "data-rows": count }, el("td", { colspan: state.cols.length + 1 }));
    if (first > 0) made.append(gap(first));
    for (let place = first; place < last; place++) made.append(drawRow(place));
    if (last < rows.length) made.append(gap(rows.length - last));
    body.replaceChildren(made);
    for (const one of body.querySelectorAll(".gap")) one.firstChild.style.height = `${Number(one.dataset.rows) * height}px`;
    const real = body.querySelector("tr:not(.gap)");
    if (real && windowed) {
      const measured = real.getBoundingClientRect().height;
      if (measured > 8 && Math.abs(measured - height) > 0.5) { height = measured; drawBody(true); }
    }
  };
  box.addEventListener("scroll", () => requestAnimationFrame(() => drawBody()), { passive: true });
  addEventListener("resize", () => drawBody());

  // -------- choice to compare
  const picks = el("div", { class: "picks", hidden: true, role: "region", "aria-label": "Systems to compare" });
  const names = () => { const column = table.columns.get("system_page"), found = new Map(); for (let row = 0; row < table.count; row++) { const slug = column.texts[column.at[row]]; if (!found.has(slug)) found.set(slug, table.get("system", row)); } return found; };
  let nameOf = null;
  const drawPicks = () => {
    picks.hidden = !state.pick.length;
    if (picks.hidden) return;
    nameOf ||= names();
    const address = `${setup.compare}${setup.single ? "&" : "#"}${LF.state.text(state.pick.map((slug) => ["system", slug]))}`;
    picks.replaceChildren(el("span", {}, state.pick.map((slug) => nameOf.get(slug) || slug).join(" · ")),
      state.pick.length > 1 ? el("a", { class: "go", href: address }, `Compare ${state.pick.length} systems`) : el("span", { class: "muted" }, "Choose one more"),
      el("button", { type: "button", class: "plain", onclick: () => { state.pick = []; LF.state.write(pairs()); drawPicks(); drawBody(true); } }, "Clear"));
  };

  // -------- the plot
  const drawPlot = () => {
    const axes = [["accelerators", "accelerators"], ["power", "measured power"], ["processors", "processors"], ["nodes", "nodes"]];
    const pickX = el("select", { "aria-label": "Across" }, ...axes.map(([key, word]) => el("option", { value: key }, word)));
    pickX.value = state.x;
    pickX.addEventListener("change", () => { state.x = pickX.value; change(); });
    const tools = el("p", { class: "choice" }, el("label", {}, el("span", {}, "across"), pickX));
    const groups = new Set(rows.map((row) => table.get("comparable", row)));
    const powers = new Set(state.x === "power" ? rows.map((row) => table.get("power_unit", row)).filter(Boolean) : []);
    if (groups.size !== 1 || powers.size > 1) {
      const parts = [["benchmark", "benchmarks"], ["scenario", "scenarios"], ["unit", "units"], ["round", "rounds"], ["type", "system types"], ["edition", "editions"]]
        .map(([key, word]) => [new Set(rows.map((row) => table.get(key, row))), word]).filter(([some]) => some.size > 1).map(([some, word]) => `${some.size} ${word}`);
      const why = !rows.length ? "Nothing is left to draw." : powers.size > 1 ? `Power is given in ${[...powers].join(" and ")}: these do not share an axis. Choose one scenario.`
        : `These results may not share an axis: they mix ${parts.join(", ")}. Choose one of each among the filters.`;
      stage.replaceChildren(tools, el("p", { class: "empty", role: "status" }, why));
      return;
    }
    const usable = rows.filter((row) => typeof table.get("value", row) === "number" && table.get("value", row) > 0 && typeof table.get(state.x, row) === "number" && table.get(state.x, row) > 0);
    if (!usable.length) { stage.replaceChildren(tools, el("p", { class: "empty", role: "status" }, `None of the ${LF.plural(rows.length, "result")} states what lies across.`)); return; }
    const by = new Map();
    for (const row of usable) { const name = table.get("submitter", row); if (!by.has(name)) by.set(name, []); by.get(name).push(row); }
    const ordered = [...by].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
    const shown = ordered.length > 7 ? [...ordered.slice(0, 6), [`${ordered.length - 6} more submitters`, ordered.slice(6).flatMap(([, some]) => some)]] : ordered;
    const first = usable[0], unit = table.get("unit", first);
    const better = table.get("better", first) === "higher" ? "↑ higher is better" : "↓ lower is better";
    const word = axes.find(([key]) => key === state.x)[1] + (state.x === "power" ? `, ${[...powers][0]}  ← lower is better` : "");
    const spread = Math.max(...usable.map((row) => table.get(state.x, row))) / Math.min(...usable.map((row) => table.get(state.x, row)));
    const logX = spread > 30;
    const left = rows.length - usable.length;
    const rounds = [...new Set(usable.map((row) => setup.titles[table.get("round", row)]))].sort().join(", ");
    stage.replaceChildren(tools, LF.chart.figure({
      title: `${table.get("benchmark", first)} ${table.get("scenario", first)}`.trim(), subtitle: rounds,
      x: word + (logX ? ", log scale" : ""), y: `${unit}  ${better}`, logX,
      head: ["system", "submitter", unit, word, "round", "division"],
      series: shown.map(([name, some]) => ({ name, points: some.map((row) => ({ x: table.get(state.x, row), y: table.get("value", row), hollow: table.get("verification", row) !== "verified", inferred: table.get("inferred", row) === "yes", void: table.get("void", row) === "yes", cells: [LF.el("a", { href: LF.href(setup, "systems", table.get("system_page", row)) }, table.get("system", row)), table.get("submitter", row), LF.score(table, row), LF.number(table.get(state.x, row)), table.get("round", row), table.get("division", row)] })) })),
      notes: [LF.el("p", {}, LF.differences(table, usable)), ...(left ? [LF.el("p", {}, `${LF.plural(left, "result")} cannot be drawn: what lies across is not stated.`)] : [])],
    }));
  };

  // -------- all together
  const update = () => {
    const counts = select();
    facets.forEach((facet, n) => {
      const { boxes, chosen } = panels.get(facet.key);
      const wanted = state.filters.get(facet.key) || new Set();
      chosen.textContent = wanted.size ? ` ${wanted.size}` : "";
      for (const [at, one] of boxes) {
        const count = counts[n][at];
        one.count.textContent = count.toLocaleString("en-US");
        one.box.checked = wanted.has(one.text);
        one.item.className = count || one.box.checked ? "" : "none";
      }
    });
    for (const [box_, key] of [[search, "q"], [from, "from"], [to, "to"]]) if (box_.value !== state[key]) box_.value = state[key];
    for (const [key, one] of columnBoxes) one.checked = state.cols.includes(key);
    for (const [view, button] of views) button.setAttribute("aria-pressed", String(view === state.view));
    const used = [...state.filters].flatMap(([key, values]) => [...values].map((value) => [key, value]));
    chips.replaceChildren(...used.map(([key, value]) => {
      const label = table.columns.get(key).label;
      return el("li", {}, el("button", { type: "button", "aria-label": `Remove the filter ${label} ${value || "none"}`, onclick: () => { const some = state.filters.get(key); some.delete(value); if (!some.size) state.filters.delete(key); change(); search.focus({ preventScroll: true }); } }, el("span", { class: "muted" }, `${label} `), value || "none", el("span", { "aria-hidden": "true" }, " ×")));
    }));
    const strange = state.unknown.length ? ` The address holds keys that are not known here: ${state.unknown.map(([key]) => key).join(", ")}.` : "";
    const gone = used.filter(([key, value]) => !table.columns.get(key).place.has(value)).map(([, value]) => value);
    status.textContent = `${rows.length.toLocaleString("en-US")} of ${LF.plural(table.count, "result")}.${gone.length ? ` Not on this site: ${gone.join(", ")}.` : ""}${strange}`;
    drawPicks();
    if (state.view === "chart") drawPlot();
    else {
      if (box.parentElement !== stage) stage.replaceChildren(box);
      drawHead();
      grid.setAttribute("aria-rowcount", rows.length + 1);
      drawn = [-1, -1];
      drawBody(true);
    }
    notes.replaceChildren(...(rows.length ? LF.footnotes(setup, table, rows) : []));
    root.dataset.ready = "yes";
  };
  const restore = () => {
    if (setup.single && (new Map(LF.state.read()).get("page") || "index") !== "explore") return;
    parse();
    update();
  };
  root.replaceChildren(bar, el("div", { class: "explore" }, filters, el("div", { class: "results" }, chips, status, stage, notes)), picks);
  addEventListener("hashchange", restore);
  addEventListener("popstate", restore);
  parse();
  update();
  requestAnimationFrame(() => setTimeout(() => performance.mark("levelfield-ready")));  // drawn, and free to answer
};
document.querySelectorAll('[data-app="explore"]').forEach(LF.explore);
