// The page is complete without this script: it filters, sorts, folds and sets the theme.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  const openFor = (hash) => {
    const target = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (target && target.closest("[hidden]")) clear();
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

  // Claims are filtered by the word of their verdict and by text; what stands for a claim elsewhere goes with it.
  const claims = all(".claim");
  const standing = new Map(claims.map((claim) => [claim.dataset.claim, []]));
  for (const row of all("[data-claim]:not(.claim)")) standing.get(row.dataset.claim).push(row);
  const filter = one("#_filter");
  const says = one("#_filter-says");
  const search = document.createElement("input");
  let chosen = "";
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    let shown = 0;
    for (const claim of claims) {
      const matches = (!chosen || claim.dataset.word === chosen) && (!wanted || claim.textContent.toLowerCase().includes(wanted));
      claim.hidden = !matches;
      for (const row of standing.get(claim.dataset.claim)) row.hidden = !matches;
      shown += Number(matches);
    }
    for (const group of all(".of-paper, .paper, .idle-paper, .idle, .idle-claims")) group.hidden = !group.querySelector("[data-claim]:not([hidden])");
    for (const head of all(".basis")) {
      let next = head.nextElementSibling;
      while (next && next.hidden) next = next.nextElementSibling;
      head.hidden = !next || next.classList.contains("basis");
    }
    for (const box of all(".idle-paper > details, .idle-claims")) box.open = Boolean(chosen || wanted);
    for (const button of all("button", filter)) button.setAttribute("aria-pressed", String(button.value === chosen));
    const by = [chosen, wanted && `with “${wanted}”`].filter(Boolean).join(", ");
    says.textContent = by ? `Showing ${shown} of ${claims.length} claims: ${by}.` : "";
  };
  const clear = () => { chosen = ""; search.value = ""; show(); };
  const add = (label, word) => {
    const button = document.createElement("button");
    button.type = "button";
    button.value = word;
    button.textContent = label;
    button.setAttribute("aria-pressed", String(word === ""));
    button.addEventListener("click", () => { chosen = word; show(); });
    filter.append(button);
  };
  const words = new Map(filter.dataset.words.split("|").map((word) => [word, 0]));
  for (const claim of claims) words.set(claim.dataset.word, (words.get(claim.dataset.word) || 0) + 1);
  if (claims.length > 1) {
    if (words.size > 1) {
      add(`All ${claims.length}`, "");
      for (const [word, count] of words) add(`${word} ${count}`, word);
    }
    search.type = "search";
    search.className = "search";
    search.placeholder = "Filter by text";
    search.setAttribute("aria-label", "Filter claims by text");
    search.addEventListener("input", show);
    filter.append(search);
    filter.hidden = false;
  }

  // The ribbon names the claim that is read; keys and arrows go on from there, and fold what they unfolded.
  const here = one("#_here");
  const menu = one("#_menu");
  let current = null;
  let unfolded = null;
  let aimed = null; // where a key or a link led; near the end of the page it cannot be scrolled to the top
  const visible = () => claims.filter((claim) => !claim.hidden && !claim.closest(".idle-claims:not([open])"));
  const titleOf = (claim) => one(`#${CSS.escape(claim.getAttribute("aria-labelledby"))}`).textContent;
  const name = () => {
    const last = visible().filter((claim) => claim.getBoundingClientRect().top < 130).at(-1) || null;
    const beyond = aimed && !aimed.hidden ? aimed : last && last.getBoundingClientRect().bottom > 0 ? last : null;
    if (beyond === current && here.textContent) return;
    current = beyond;
    here.hidden = !current;
    one(".ribbon-coverage").hidden = Boolean(current);
    here.textContent = current ? titleOf(current) : "";
    if (current) here.href = `#${current.dataset.claim}`;
    for (const link of all(".side [aria-current]")) link.removeAttribute("aria-current");
    const own = current && standing.get(current.dataset.claim).find((row) => row.closest(".side"));
    if (own) {
      own.firstElementChild.nextElementSibling.setAttribute("aria-current", "true");
      const side = own.closest(".side");
      if (side.scrollHeight > side.clientHeight) side.scrollTop = own.offsetTop - side.clientHeight / 2;
    }
    const list = visible();
    const place = current ? list.indexOf(current) : -1;
    for (const [id, label, to] of [["#_previous", "Previous claim", list[place - 1]], ["#_next", "Next claim", list[place + 1]]]) {
      one(id).href = `#${to ? to.dataset.claim : "_overview"}`;
      one(id).title = to ? `${label}: ${titleOf(to)}` : `${label.split(" ")[0]}: all verdicts`;
      one(id).setAttribute("aria-label", one(id).title);
    }
  };
  let waiting = false;
  const later = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; name(); }); } };
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later);
  const go = (id) => {
    name();
    const hash = new URL(one(id).href).hash;
    if (unfolded) unfolded.open = false;
    unfolded = null;
    const box = all(".claim > details").find((one) => one.parentElement.dataset.claim === decodeURIComponent(hash.slice(1)));
    if (box && !box.open) unfolded = box;
    location.hash = hash;
    arrive();
  };
  const arrive = () => {
    openFor(location.hash);
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    aimed = target && target.closest(".claim");
    name();
  };
  for (const moving of ["wheel", "touchmove"]) addEventListener(moving, () => { aimed = null; }, { passive: true });
  for (const id of ["#_previous", "#_next"]) one(id).addEventListener("click", (event) => { event.preventDefault(); go(id); });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; one("#_menu > summary").focus(); }
    if (event.altKey || event.ctrlKey || event.metaKey || !one("#_keys").checked) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (/^(Arrow|Page|Home|End| )/.test(event.key)) aimed = null;
    const id = { j: "#_next", "]": "#_next", k: "#_previous", "[": "#_previous" }[event.key];
    if (id) go(id);
  });
  addEventListener("click", (event) => {
    if (menu.open && (!event.target.closest("#_menu") || event.target.closest("#_menu a"))) menu.open = false;
  });

  // Numbers are compared as numbers, whatever stands around them; cells without one come last.
  const collator = new Intl.Collator("en", { numeric: true });
  const magnitudes = { k: 1e3, M: 1e6, G: 1e9 };
  const numberIn = (text) => {
    const found = text.replace(/,/g, "").replace("\u2212", "-").match(/^[^\d-]{0,9}(-?\d+(?:\.\d+)?)([kMG]\b)?/);
    return found ? Number(found[1]) * (magnitudes[found[2]] || 1) : NaN;
  };
  const sortBy = (head) => {
    const table = head.closest("table");
    const column = Number(head.dataset.column);
    const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const isNumber = head.classList.contains("number");
    const text = (row) => row.cells[column].dataset.value || row.cells[column].textContent.trim();
    const compare = (a, b) => {
      if (!isNumber) return direction * collator.compare(text(a), text(b));
      const [x, y] = [numberIn(text(a)), numberIn(text(b))];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return direction * (x - y);
    };
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(compare));
    for (const other of all("[aria-sort]", table)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  };
  for (const head of all(".sortable [data-column]")) {
    if (head.closest("table").tBodies[0].rows.length < 2) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(head));
    head.append(button);
  }

  for (const tools of all(".tools")) tools.hidden = false;
  addEventListener("hashchange", arrive);
  arrive();
})();
