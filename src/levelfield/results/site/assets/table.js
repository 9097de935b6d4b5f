"use strict";
// The rows of all data files as columns. A text is stored once; a row holds its place.
LF.rows = (setup) => {
  if (LF.read) return LF.read;
  const sets = LF.sets.map((text) => JSON.parse(text));
  LF.sets.length = 0;
  const count = sets.reduce((sum, one) => sum + one.rows, 0);
  const columns = new Map();
  for (const column of setup.columns) {
    if (column.kind === "number") {
      columns.set(column.key, { ...column, values: [].concat(...sets.map((one) => one.columns[column.key])) });
      continue;
    }
    const texts = [], place = new Map(), at = new Int32Array(count);
    let row = 0;
    for (const one of sets) {
      const { texts: own, rows } = one.columns[column.key];
      const here = own.map((text) => {
        if (!place.has(text)) { place.set(text, texts.length); texts.push(text); }
        return place.get(text);
      });
      for (const n of rows) at[row++] = here[n];
    }
    columns.set(column.key, { ...column, texts, at, place });
  }
  const get = (key, row) => {
    const column = columns.get(key);
    return column.values ? column.values[row] : column.texts[column.at[row]];
  };
  LF.read = { count, columns, get };
  return LF.read;
};

// Places of texts in reading order, numbers inside them by size: made once for each column, so that sorting compares integers.
LF.rank = (column) => {
  if (column.rank) return column.rank;
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  const order = column.texts.map((_, n) => n).sort((a, b) => compare(column.texts[a], column.texts[b]) || a - b);
  column.rank = new Int32Array(order.length);
  order.forEach((n, place) => { column.rank[n] = place; });
  return column.rank;
};

// Stable; what is empty or no number comes last either way.
LF.sorted = (rows, column, down) => {
  const sign = down ? -1 : 1;
  if (column.values) {
    const of = (row) => (typeof column.values[row] === "number" ? column.values[row] : null);
    return [...rows].sort((a, b) => {
      const x = of(a), y = of(b);
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return sign * (x - y) || a - b;
    });
  }
  const rank = LF.rank(column);
  const empty = column.place.has("") ? column.place.get("") : -1;
  return [...rows].sort((a, b) => {
    const x = column.at[a], y = column.at[b];
    if (x === empty || y === empty) return (x === empty) - (y === empty) || a - b;
    return sign * (rank[x] - rank[y]) || a - b;
  });
};

// A number with the marks that must stand by it.
LF.score = (table, row, key = "value") => {
  const get = (name) => table.get(name, row);
  const made = LF.el("span", { class: "value" }, LF.el("span", { class: "score" }, (get("inferred") === "yes" ? "≈ " : "") + LF.number(get(key))));
  const tag = (word, look) => made.append(LF.el("span", { class: `tag ${look}` }, ` ${word}`));
  if (get("verification") !== "verified") tag("unverified", "warn");
  if (get("edition") !== "full") for (const word of get("edition").split(", ")) tag(word, "warn");
  if (get("void") === "yes") tag("✗ void", "bad");
  return made;
};

LF.href = (setup, kind, slug) => setup.pages[kind].replace("@", encodeURIComponent(slug));

// What has to be said beneath a selection.
LF.footnotes = (setup, table, rows) => {
  const rounds = new Set(), checked = new Set();
  let inferred = false;
  for (const row of rows) {
    rounds.add(table.get("round", row));
    checked.add(table.get("verification", row));
    inferred ||= table.get("inferred", row) === "yes";
  }
  const notes = [...rounds].sort().map((name) => setup.notes.sources[name]);
  if (checked.has("verified") && checked.size === 1) notes.push(setup.notes.verified);
  if (checked.has("unverified")) notes.push(setup.notes.unverified);
  if (checked.size > 1) notes.push(setup.notes.mixed);
  if (inferred) notes.push("≈ marks a result that was computed from the log of another scenario, as the rules of the round allow.");
  notes.push("Columns marked (derived) are computed from official numbers and are neither official nor verified; About states the formulas.");
  return notes.map((text) => LF.el("p", {}, text));
};

// In what results that stand side by side differ.
LF.differences = (table, rows) => {
  const facts = [["version", "round"], ["division", "division"], ["category", "availability"], ["verification", "verification"], ["scenario", "scenario"], ["accelerator count", "accelerators"], ["system type", "type"], ["edition", "edition"]];
  const found = [];
  for (const [name, key] of facts) {
    const values = [...new Set(rows.map((row) => String(table.get(key, row) ?? "not stated") || "none"))];
    if (values.length > 1) found.push(`${name} (${values.slice(0, 6).join(", ")}${values.length > 6 ? ", …" : ""})`);
  }
  return found.length ? `They differ in ${found.join("; ")}.` : "Same version, division, category, verification, scenario and accelerator count.";
};

LF.save = (name, type, parts) => {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = LF.el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};
