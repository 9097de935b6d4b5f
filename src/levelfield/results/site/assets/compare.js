"use strict";
// Two to six systems side by side: what they are, what they reached, in what they differ.
LF.compare = (root) => {
  const el = LF.el;
  const setup = JSON.parse(root.dataset.setup);
  const table = LF.rows(setup);
  const bySlug = new Map();
  for (let row = 0; row < table.count; row++) {
    const slug = table.get("system_page", row);
    if (!bySlug.has(slug)) bySlug.set(slug, []);
    bySlug.get(slug).push(row);
  }
  const named = (slug, keys) => keys.map((key) => table.get(key, bySlug.get(slug)[0])).filter(Boolean).join(" · ");
  const shared = new Map();  // systems of one name are told apart by their software
  for (const slug of bySlug.keys()) { const name = named(slug, ["system", "submitter", "round"]); shared.set(name, (shared.get(name) || 0) + 1); }
  const label = (slug) => { const name = named(slug, ["system", "submitter", "round"]); return shared.get(name) > 1 ? named(slug, ["system", "software", "submitter", "round"]) : name; };
  let chosen = [], unknown = [];

  // -------- the choosing
  const find = el("input", { type: "search", id: "add", autocomplete: "off", placeholder: "Add a system: name, submitter or accelerator" });
  const offers = el("ul", { class: "offers", "aria-label": "Systems found" });
  const list = el("ul", { class: "chips", "aria-label": "Systems chosen" });
  const status = el("p", { class: "status", role: "status", "aria-live": "polite" });
  const result = el("div", {});
  const texts = new Map([...bySlug.keys()].map((slug) => [slug, `${label(slug)} ${table.get("accelerator", bySlug.get(slug)[0])}`.toLocaleLowerCase("en")]));
  const offer = () => {
    const words = find.value.toLocaleLowerCase("en").split(/\s+/).filter(Boolean);
    const found = words.length || !chosen.length ? [...bySlug.keys()].filter((slug) => !chosen.includes(slug) && words.every((word) => texts.get(slug).includes(word))) : [];
    const full = chosen.length >= setup.most;
    offers.replaceChildren(...(full ? [] : found.slice(0, 12)).map((slug) => el("li", {}, el("button", { type: "button", "data-system": slug, onclick: () => { chosen.push(slug); find.value = ""; change(); find.focus(); } }, label(slug)))));
    if (!full && found.length > 12) offers.append(el("li", { class: "muted" }, `and ${(found.length - 12).toLocaleString("en-US")} more: type to narrow`));
    if (!full && words.length && !found.length) offers.append(el("li", { class: "muted" }, "No system matches."));
  };
  find.addEventListener("input", offer);
  const change = () => { LF.state.write([...unknown, ...chosen.map((slug) => ["system", slug])]); update(); };

  // -------- the tables
  const FACTS = [["submitter", "submitter"], ["round", "round"], ["division", "division"], ["availability", "availability"], ["system type", "type"], ["nodes", "nodes"], ["processor", "processor"], ["processors, all nodes", "processors"], ["accelerator", "accelerator"], ["accelerators, all nodes", "accelerators"], ["software", "software"], ["operating system", "os"], ["verification", "verification"]];
  const heads = () => chosen.map((slug) => el("th", { scope: "col" }, el("a", { href: LF.href(setup, "systems", slug) }, table.get("system", bySlug.get(slug)[0]))));
  const framed = (name, head, body) => el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": name }, el("table", { class: "beside" }, el("caption", {}, name), el("thead", {}, head), el("tbody", {}, ...body)));
  const facts = () => FACTS.map(([name, key]) => {
    const values = chosen.map((slug) => [...new Set(bySlug.get(slug).map((row) => { const value = table.get(key, row); return typeof value === "number" ? LF.number(value) : value || ""; }))].filter(Boolean).sort().join(", "));
    if (!values.some(Boolean)) return null;
    const differ = new Set(values).size > 1;
    return el("tr", { class: differ ? "differ" : null }, el("th", { scope: "row" }, name, differ ? el("span", { class: "tag plain" }, " differs") : null), ...values.map((value) => el("td", {}, value || "not stated")));
  }).filter(Boolean);
  const results = () => {
    const groups = new Map();
    chosen.forEach((slug, place) => {
      for (const row of bySlug.get(slug)) {
        const division = table.get("division", row);
        const model = division === "open" ? table.get("model", row) : "";
        const key = [table.get("comparable", row), division, model].join("|");
        if (!groups.has(key)) groups.set(key, { row, division, model, cells: chosen.map(() => []) });
        groups.get(key).cells[place].push(row);
      }
    });
    const name = ({ row, division, model }) => [table.get("benchmark", row), table.get("scenario", row), division, model && model !== table.get("benchmark", row) ? model : "", table.get("unit", row)].filter(Boolean).join(" · ");
    const shared = [...groups.values()].filter((one) => one.cells.filter((some) => some.length).length > 1);
    const alone = groups.size - shared.length;
    shared.sort((a, b) => name(a).localeCompare(name(b), "en", { numeric: true }));
    return { shared, alone, name };
  };
  const value = (row, base, powered) => {
    const cell = el("div", {}, LF.score(table, row));
    const [mine, first] = [table.get("value", row), base === null ? null : table.get("value", base)];
    if (base !== null && base !== row && typeof mine === "number" && typeof first === "number" && first > 0) cell.append(el("span", { class: "ratio" }, `${LF.number(mine / first, 3)} × first (derived)`));
    if (table.get("power", row) !== null && powered) cell.append(el("span", { class: "muted" }, `${LF.number(table.get("power", row))} ${table.get("power_unit", row)}`));
    return cell;
  };
  const resultRow = ({ row, cells, division, model }, name) => {
    const best = [];
    const better = table.get("better", row);
    const ranked = cells.flatMap((some) => some.filter((one) => typeof table.get("value", one) === "number" && table.get("inferred", one) !== "yes" && table.get("void", one) !== "yes"));
    if (ranked.length > 1) { const values = ranked.map((one) => table.get("value", one)); const top = better === "higher" ? Math.max(...values) : Math.min(...values); best.push(...ranked.filter((one) => table.get("value", one) === top)); }
    const power = new Set(cells.flat().map((one) => table.get("power", one) !== null));
    const base = cells[0].length ? cells[0][0] : null;
    const title = name({ row, division, model });
    return el("tr", {}, el("th", { scope: "row" }, title, el("span", { class: "muted" }, better === "higher" ? " ↑" : " ↓"), power.size > 1 ? el("span", { class: "tag warn" }, " power submissions beside others") : null),
      ...cells.map((some) => el("td", { class: some.some((one) => best.includes(one)) ? "best" : null }, ...(some.length ? some.map((one) => value(one, power.size > 1 ? null : base, true)) : [el("span", { class: "muted" }, "no result")]))));
  };

  const update = () => {
    list.replaceChildren(...chosen.map((slug) => el("li", {}, el("button", { type: "button", "aria-label": `Remove ${label(slug)}`, onclick: () => { chosen = chosen.filter((one) => one !== slug); change(); find.focus(); } }, label(slug), el("span", { "aria-hidden": "true" }, " ×")))));
    find.disabled = chosen.length >= setup.most;
    offer();
    const lost = unknown.filter(([key]) => key === "system").map(([, slug]) => slug);
    const missing = lost.length ? ` Not on this site: ${lost.join(", ")}.` : "";
    if (chosen.length < 2) {
      status.textContent = `${chosen.length ? "Choose one more system." : "Choose two systems or more, here or in Explore."}${missing}`;
      result.replaceChildren();
      root.dataset.ready = "yes";
      return;
    }
    const { shared, alone, name } = results();
    status.textContent = `${chosen.length} systems, ${LF.plural(shared.length, "shared result")}.${missing}`;
    const used = shared.flatMap((one) => one.cells.flat());
    const all = chosen.flatMap((slug) => bySlug.get(slug));
    result.replaceChildren(
      el("p", { class: "difference" }, LF.differences(table, used.length ? used : all)),
      shared.length ? framed("Results that may be compared", el("tr", {}, el("th", { scope: "col" }, "benchmark"), ...heads()), shared.map((one) => resultRow(one, name)))
        : el("p", { class: "empty" }, "These systems share no result that may be compared: benchmark, scenario, division and version have to fit together."),
      el("p", { class: "muted" }, alone ? `${LF.plural(alone, "result")} of one system only ${alone === 1 ? "is" : "are"} left out; the system's page has all. Best of a row is bold; inferred and void results are not ranked.` : "Best of a row is bold; inferred and void results are not ranked."),
      framed("The systems", el("tr", {}, el("th", { scope: "col" }, ""), ...heads()), facts()),
      el("div", { class: "footnotes" }, ...LF.footnotes(setup, table, used.length ? used : all)));
    root.dataset.ready = "yes";
  };
  const restore = () => {
    const pairs = LF.state.read().filter(([key]) => key !== "page");
    if (setup.single && (new Map(LF.state.read()).get("page") || "index") !== "compare") return;
    const asked = [...new Set(pairs.filter(([key]) => key === "system").map(([, slug]) => slug))];
    chosen = asked.filter((slug) => bySlug.has(slug)).slice(0, setup.most);
    unknown = pairs.filter(([key, slug]) => key !== "system" || !bySlug.has(slug));
    update();
  };
  root.replaceChildren(el("div", { class: "bar" }, el("label", { class: "search", for: "add" }, el("span", { class: "unseen" }, "Add a system"), find)), offers, list, status, result);
  addEventListener("hashchange", restore);
  addEventListener("popstate", restore);
  restore();
};
document.querySelectorAll('[data-app="compare"]').forEach(LF.compare);
