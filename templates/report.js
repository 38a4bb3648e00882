// The page is complete without this script: it filters, folds and sets the theme.
"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  const openFor = (hash) => {
    const target = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (target && target.closest("[hidden]")) show(null);
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target) target.scrollIntoView();
  };

  const fold = one("#_fold");
  const setFolds = (open) => {
    for (const box of all("main details")) box.open = open;
    fold.setAttribute("aria-pressed", String(open));
    fold.textContent = open ? "Fold all" : "Unfold all";
  };
  fold.addEventListener("click", () => setFolds(fold.getAttribute("aria-pressed") !== "true"));

  const theme = one("#_theme");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
  nameTheme();

  const rows = all(".verdict-row");
  const filter = one("#_filter");
  const says = one("#_filter-says");
  const words = new Map();
  for (const row of rows) words.set(row.dataset.word, (words.get(row.dataset.word) || 0) + 1);
  const show = (word) => {
    let shown = 0;
    for (const item of all(".verdict-row, .claim")) item.hidden = word !== null && item.dataset.word !== word;
    for (const row of rows) if (!row.hidden) shown += 1;
    for (const button of filter.children) button.setAttribute("aria-pressed", String(button.value === (word || "")));
    says.textContent = word === null ? "" : `Showing ${shown} of ${rows.length} claims: ${word}.`;
  };
  const add = (label, word) => {
    const button = document.createElement("button");
    button.type = "button";
    button.value = word || "";
    button.textContent = label;
    button.setAttribute("aria-pressed", String(word === null));
    button.addEventListener("click", () => show(word));
    filter.append(button);
  };
  if (words.size > 1) {
    add(`All ${rows.length}`, null);
    for (const [word, count] of words) add(`${word} ${count}`, word);
    filter.hidden = false;
  }

  for (const tools of all(".tools")) tools.hidden = false;
  addEventListener("hashchange", () => openFor(location.hash));
  addEventListener("beforeprint", () => setFolds(true));
  openFor(location.hash);
})();
