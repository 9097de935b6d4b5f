"use strict";
// Runs before anything is drawn: the chosen theme, and the place where data files put their rows.
const LF = { sets: [], load(text) { LF.sets.push(text); } };
LF.theme = {
  get() { try { return localStorage.getItem("levelfield-theme") || "auto"; } catch { return "auto"; } },
  set(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try { localStorage.setItem("levelfield-theme", theme); } catch { /* a folder may have no storage: the choice lasts for the page */ }
  },
};
document.documentElement.classList.add("js");
LF.theme.set(LF.theme.get());
