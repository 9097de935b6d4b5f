"use strict";
// Optional: reads values off the plots from the tables beneath them, and switches the theme. The page is whole without it.
const tip = document.getElementById("tip");

function values(figure, index) {
  const names = [...figure.querySelectorAll("thead th")].map((cell) => cell.textContent);
  const cells = figure.querySelectorAll("tbody tr")[index].children;
  return names.map((name, n) => `${name}: ${cells[n].textContent}`).join("\n");
}

for (const plot of document.querySelectorAll(".plot")) {
  const figure = plot.closest("figure");
  const svg = plot.querySelector("svg");
  const cursor = plot.querySelector(".cursor");
  const places = plot.dataset.x.split(" ").map(Number);
  let current = -1;

  const hide = () => { tip.hidden = true; plot.classList.remove("on"); };
  const show = (index) => {
    current = Math.min(Math.max(index, 0), places.length - 1);
    cursor.setAttribute("x1", places[current]);
    cursor.setAttribute("x2", places[current]);
    plot.classList.add("on");
    tip.textContent = values(figure, current);
    tip.hidden = false;
    const box = svg.getBoundingClientRect();
    const x = box.left + (places[current] / svg.viewBox.baseVal.width) * box.width;
    const side = x > document.documentElement.clientWidth / 2 ? -tip.offsetWidth - 12 : 12;
    tip.style.left = `${Math.max(4, x + side)}px`;
    tip.style.top = `${Math.max(4, box.top + 24)}px`;
  };
  const nearest = (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    let best = 0;
    places.forEach((place, n) => { if (Math.abs(place - x) < Math.abs(places[best] - x)) best = n; });
    return best;
  };

  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Plot; the arrow keys read its values");
  for (const kind of ["pointerdown", "pointermove"]) plot.addEventListener(kind, (event) => show(nearest(event)));
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === "Escape") hide();
    if (step === undefined && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    show(event.key === "Home" ? 0 : event.key === "End" ? places.length - 1 : current + step);
  });
}

addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

const button = document.createElement("button");
const themes = ["auto", "light", "dark"];
const choose = (theme) => {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.dataset.now = theme;
  button.textContent = `Theme: ${theme}`;
};
button.type = "button";
button.className = "theme";
button.addEventListener("click", () => choose(themes[(themes.indexOf(button.dataset.now) + 1) % themes.length]));
choose("auto");
document.body.prepend(button);

addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("section > details")) part.open = true;
});
