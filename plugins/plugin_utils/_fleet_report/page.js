// Copyright (c) 2026 the mlfleet authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const texts = data.texts;
  const STATUSES = ["clean", "drifted", "refused", "failed", "unknown"];
  const SIGNS = { clean: "✓", drifted: "≠", refused: "⊘", failed: "✕", unknown: "?" };
  const KINDS = ["missing", "extra", "version", "broken", "protected", "tampered"];
  const EXPLAINED = {
    missing: "declared and not installed",
    extra: "installed and not wanted",
    version: "another version than declared",
    broken: "something it needs is not met",
    protected: "would have to change and must not",
    tampered: "its files differ from their record",
  };
  const FIELDS_OF_CELL = 5;
  const FIELDS_OF_STEP = 6;
  const FIELDS_OF_PROBLEM = 3;
  const MOST_LISTED = 100;
  const OVERSCAN = 6;
  const WIDEST = 190;
  const byId = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en");
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  // Texts are set as text and never as markup: much of it was said by hosts.
  const make = (tag, name, ...children) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const plural = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;
  const sign = (status) => {
    const element = make("span", `sign ${status}`, SIGNS[status]);
    element.setAttribute("aria-hidden", "true");
    return element;
  };
  const mark = (kind) => {
    const element = make("span", `mark ${kind}`, kind[0].toUpperCase());
    element.setAttribute("aria-hidden", "true");
    return element;
  };
  const change = ({ kind, have, want }) =>
    ["broken", "tampered"].includes(kind) ? have ?? "" : `${have ?? "none"} → ${want ?? "none"}`;
  const moment = (text) => text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ$/, "$1 $2 UTC");

  // What hosts said, by number of text; a cell is five numbers in a row, and so on.
  const fleet = data.rows.map((packed, index) => ({
    index,
    host: texts[packed[0]],
    instance: texts[packed[1]],
    home: texts[packed[2]],
    status: texts[packed[3]],
    message: texts[packed[4]],
    cells: packed[5] || [],
    plan: packed[6] || [],
    problems: packed[7] || [],
    foundHost: texts[packed[0]].toLowerCase(),
    foundInstance: (texts[packed[1]] ?? texts[packed[2]] ?? "").toLowerCase(),
  }));
  const label = (row) => row.instance ?? row.home;
  const place = (row) => (label(row) ? `${row.host} / ${label(row)}` : row.host);
  const key = (host, what) => JSON.stringify([host, what ?? null]);
  const byPlace = new Map(fleet.map((row) => [key(row.host, label(row)), row]));
  const drifts = (row) => row.cells.length / FIELDS_OF_CELL;
  const cellOf = (row, name) => {
    for (let at = 0; at < row.cells.length; at += FIELDS_OF_CELL) {
      if (row.cells[at] === name) {
        const [kind, have, want, why] = row.cells.slice(at + 1, at + FIELDS_OF_CELL).map((each) => texts[each]);
        return { kind, have, want, why };
      }
    }
    return null;
  };

  const byHost = (a, b) => collator.compare(a.host, b.host) || collator.compare(label(a) ?? "", label(b) ?? "");
  const ORDERS = {
    worst: (a, b) => STATUSES.indexOf(b.status) - STATUSES.indexOf(a.status) || drifts(b) - drifts(a) || byHost(a, b),
    host: byHost,
    most: (a, b) => drifts(b) - drifts(a) || byHost(a, b),
  };

  const wish = { host: "", instance: "", package: "", order: "worst", statuses: new Set(), kinds: new Set() };
  let rows = [];
  let columns = [];
  let columnOf = new Map();
  let drifting = new Map();
  let active = { row: 0, column: -1 };
  let opened = null;

  // ---------------------------------------------------------------- filters

  function choose() {
    const meant = fleet.filter(
      (row) =>
        row.foundHost.includes(wish.host) &&
        row.foundInstance.includes(wish.instance) &&
        (!wish.statuses.size || wish.statuses.has(row.status)),
    );
    const named = namedPackages();
    drifting = new Map();
    const kept = meant.filter((row) => {
      let drift = false;
      for (let at = 0; at < row.cells.length; at += FIELDS_OF_CELL) {
        const name = row.cells[at];
        if ((named && !named.has(name)) || (wish.kinds.size && !wish.kinds.has(texts[row.cells[at + 1]]))) continue;
        drifting.set(name, (drifting.get(name) || 0) + 1);
        drift = true;
      }
      // What is unknown may have any drift, so that no filter on drift hides it.
      return drift || row.status === "unknown" || !(named || wish.kinds.size);
    });
    rows = kept.sort(ORDERS[wish.order]);
    columns = [...drifting.keys()].sort((a, b) => collator.compare(texts[a], texts[b]));
    columnOf = new Map(columns.map((name, column) => [name, column]));
    active = { row: Math.min(active.row, Math.max(rows.length - 1, 0)), column: Math.min(active.column, columns.length - 1) };
    byId("shown").textContent =
      `${number.format(rows.length)} of ${plural(fleet.length, "instance")}, ` +
      (columns.length ? `${plural(columns.length, "package")} with drift` : "no package with drift");
    grid.scrollTop = 0;
    layOut();
    inspect(null);
  }

  // A name that exists stands for itself, anything else for all names that contain it.
  function namedPackages() {
    if (!wish.package) return null;
    const exact = packages.find((name) => texts[name].toLowerCase() === wish.package);
    return new Set(exact ? [exact] : packages.filter((name) => texts[name].toLowerCase().includes(wish.package)));
  }

  function toggle(chosen, value, button) {
    if (!chosen.delete(value)) chosen.add(value);
    button.setAttribute("aria-pressed", String(chosen.has(value)));
    choose();
  }

  function chip(content, title, chosen, value) {
    const button = make("button", "chip", ...content);
    button.type = "button";
    button.title = title;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => toggle(chosen, value, button));
    return button;
  }

  function only(name) {
    byId("package").value = texts[name];
    wish.package = texts[name].toLowerCase();
    choose();
  }

  // ---------------------------------------------------------------- the matrix: only what can be seen is in the page

  const grid = byId("grid");
  const canvas = byId("canvas");
  const heads = make("div", "heads");
  heads.setAttribute("role", "row");
  heads.setAttribute("aria-rowindex", "1");
  const size = { name: 300, column: 40, row: 38, head: 150 };
  const drawn = new Map();
  let drawnColumns = { first: 0, last: -1 };
  let waiting = false;

  function layOut() {
    const width = grid.clientWidth;
    const narrow = matchMedia("(max-width: 720px)").matches;
    const spare = width - columns.length * WIDEST;
    size.name = narrow
      ? Math.min(150, Math.round(width * 0.46))
      : Math.max(Math.min(320, Math.round(width * 0.34)), Math.min(440, spare));
    size.row = narrow ? 46 : 38;
    const room = columns.length ? Math.floor((width - size.name) / columns.length) : 0;
    size.column = Math.min(Math.max(room, narrow ? 36 : 38), WIDEST);
    const level = size.column >= 116;
    if (!level) size.column = Math.min(size.column, 56);
    size.head = level ? 52 : 148;
    grid.classList.toggle("level", level);
    grid.classList.toggle("upright", !level);
    const whole = Math.max(size.name + columns.length * size.column, width);
    canvas.style.width = `${whole}px`;
    canvas.style.height = `${size.head + rows.length * size.row}px`;
    heads.style.height = `${size.head}px`;
    grid.setAttribute("aria-rowcount", String(rows.length + 1));
    grid.setAttribute("aria-colcount", String(columns.length + 1));
    drawn.clear();
    drawnColumns = { first: 0, last: -1 };
    canvas.replaceChildren(heads);
    if (!rows.length) {
      canvas.style.height = "auto";
      canvas.append(make("p", "empty", "No instance matches these filters."));
    }
    draw();
  }

  function seen() {
    const first = Math.floor((grid.scrollTop - size.head) / size.row) - OVERSCAN;
    const last = Math.ceil((grid.scrollTop + grid.clientHeight) / size.row) + OVERSCAN;
    const firstColumn = Math.floor(grid.scrollLeft / size.column) - OVERSCAN;
    const lastColumn = Math.ceil((grid.scrollLeft + grid.clientWidth - size.name) / size.column) + OVERSCAN;
    return {
      first: Math.max(0, first),
      last: Math.min(rows.length - 1, last),
      firstColumn: Math.max(0, firstColumn),
      lastColumn: Math.min(columns.length - 1, lastColumn),
    };
  }

  function draw() {
    waiting = false;
    const now = seen();
    if (now.firstColumn !== drawnColumns.first || now.lastColumn !== drawnColumns.last) {
      drawnColumns = { first: now.firstColumn, last: now.lastColumn };
      drawn.forEach((element) => element.remove());
      drawn.clear();
      drawHeads();
    }
    drawn.forEach((element, index) => {
      if (index < now.first || index > now.last) {
        element.remove();
        drawn.delete(index);
      }
    });
    const fresh = [];
    for (let index = now.first; index <= now.last; index += 1) {
      if (drawn.has(index)) continue;
      const element = drawRow(index);
      drawn.set(index, element);
      fresh.push(element);
    }
    canvas.append(...fresh);
    markActive();
  }

  function drawHeads() {
    const corner = make("div", "corner", "Instance");
    corner.id = "at--1--1";
    corner.style.width = `${size.name}px`;
    corner.setAttribute("role", "columnheader");
    corner.setAttribute("aria-colindex", "1");
    heads.replaceChildren(corner);
    for (let column = drawnColumns.first; column <= drawnColumns.last; column += 1) {
      const name = columns[column];
      const head = make("div", "head", make("span", "", texts[name]), make("small", "", number.format(drifting.get(name))));
      head.title = `${texts[name]}: ${plural(drifting.get(name), "instance")}`;
      head.setAttribute("role", "columnheader");
      head.setAttribute("aria-label", head.title);
      at(head, -1, column);
      heads.append(head);
    }
  }

  function at(element, row, column) {
    element.id = `at-${row}-${column}`;
    element.dataset.row = row;
    element.dataset.column = column;
    element.setAttribute("aria-colindex", String(column + 2));
    if (column >= 0) {
      element.style.left = `${size.name + column * size.column}px`;
      element.style.width = `${size.column}px`;
    }
  }

  function drawRow(index) {
    const row = rows[index];
    const element = make("div", `row${row === opened ? " open" : ""}`, drawName(row, index));
    element.setAttribute("role", "row");
    element.setAttribute("aria-rowindex", String(index + 2));
    element.style.top = `${size.head + index * size.row}px`;
    element.style.width = canvas.style.width;
    element.style.height = `${size.row}px`;
    if (row.status === "unknown" && !drifts(row)) {
      element.classList.add("hatched");
      element.append(drawSaid(row.message));
    } else if (!columns.length) {
      element.append(drawSaid(row.problems.length ? texts[row.problems[2]] : "as declared"));
    } else {
      const dots = make("div", "dots");
      dots.style.left = `${size.name}px`;
      dots.style.width = `${columns.length * size.column}px`;
      dots.style.backgroundSize = `${size.column}px 100%`;
      element.append(dots);
    }
    for (let from = 0; from < row.cells.length; from += FIELDS_OF_CELL) {
      const column = columnOf.get(row.cells[from]);
      if (column === undefined || column < drawnColumns.first || column > drawnColumns.last) continue;
      const cell = cellOf(row, row.cells[from]);
      if (!wish.kinds.size || wish.kinds.has(cell.kind)) element.append(drawCell(index, column, cell));
    }
    return element;
  }

  function drawName(row, index) {
    const words = make("span", "words", make("span", "host", row.host), make("span", "instance", label(row) ?? ""));
    const element = make("div", "name", sign(row.status), words);
    element.style.width = `${size.name}px`;
    element.title = place(row);
    element.setAttribute("role", "rowheader");
    element.setAttribute("aria-label", `${place(row)}: ${row.status}${row.message ? `, ${row.message}` : ""}`);
    at(element, index, -1);
    return element;
  }

  function drawSaid(text) {
    const words = make("span", "", text);
    words.style.left = `${size.name + 12}px`;
    words.style.maxWidth = `${Math.max(grid.clientWidth - size.name - 24, 80)}px`;
    const said = make("div", "said", words);
    said.style.left = `${size.name}px`;
    said.style.right = "0";
    said.setAttribute("aria-hidden", "true");
    return said;
  }

  function drawCell(index, column, cell) {
    const element = make("div", "cell drift", mark(cell.kind));
    if (grid.classList.contains("level")) element.append(make("span", "change", change(cell)));
    element.setAttribute("role", "gridcell");
    element.setAttribute("aria-label", `${texts[columns[column]]}: ${cell.kind}, ${change(cell)}`);
    at(element, index, column);
    return element;
  }

  // What is as declared has no element of its own, until the cursor stands on it.
  function drawPlain(index, column) {
    const element = make("div", "cell plain");
    const state = rows[index].status === "unknown" ? "unknown" : "as declared";
    element.setAttribute("role", "gridcell");
    element.setAttribute("aria-label", `${texts[columns[column]]}: ${state}`);
    at(element, index, column);
    return element;
  }

  function markActive() {
    canvas.querySelectorAll(".active").forEach((each) => each.classList.remove("active"));
    canvas.querySelectorAll(".plain").forEach((each) => each.remove());
    let element = byId(`at-${active.row}-${active.column}`);
    if (!element && drawn.has(active.row) && columns[active.column] !== undefined) {
      element = drawPlain(active.row, active.column);
      drawn.get(active.row).append(element);
    }
    if (element) {
      element.classList.add("active");
      grid.setAttribute("aria-activedescendant", element.id);
    } else {
      grid.removeAttribute("aria-activedescendant");
    }
  }

  function moveTo(row, column) {
    active = {
      row: Math.min(Math.max(row, columns.length ? -1 : 0), rows.length - 1),
      column: Math.min(Math.max(column, -1), columns.length - 1),
    };
    const top = size.head + active.row * size.row;
    if (active.row >= 0) {
      if (top < grid.scrollTop + size.head) grid.scrollTop = top - size.head;
      if (top + size.row > grid.scrollTop + grid.clientHeight) grid.scrollTop = top + size.row - grid.clientHeight;
    }
    const left = active.column * size.column;
    if (active.column < 0) grid.scrollLeft = 0;
    else if (left < grid.scrollLeft) grid.scrollLeft = left;
    else if (left + size.column > grid.scrollLeft + grid.clientWidth - size.name) {
      grid.scrollLeft = left + size.column - grid.clientWidth + size.name;
    }
    draw();
    inspect(active);
  }

  function press(event) {
    const page = Math.max(1, Math.floor((grid.clientHeight - size.head) / size.row) - 1);
    const ends = event.ctrlKey || event.metaKey;
    const { row, column } = active;
    const moves = {
      ArrowUp: () => moveTo(ends ? 0 : row - 1, column),
      ArrowDown: () => moveTo(ends ? rows.length - 1 : row + 1, column),
      ArrowLeft: () => moveTo(row, ends ? -1 : column - 1),
      ArrowRight: () => moveTo(row, ends ? columns.length - 1 : column + 1),
      Home: () => moveTo(ends ? 0 : row, -1),
      End: () => moveTo(ends ? rows.length - 1 : row, columns.length - 1),
      PageUp: () => moveTo(Math.max(row - page, 0), column),
      PageDown: () => moveTo(row + page, column),
      Enter: () => act(row, column, true),
      " ": () => act(row, column, true),
      Escape: () => close(),
    };
    if (!rows.length || event.altKey || !(event.key in moves)) return;
    event.preventDefault();
    moves[event.key]();
  }

  function act(row, column, byKey) {
    if (row >= 0) show(rows[row], columns[column], byKey);
    else if (column >= 0) only(columns[column]);
  }

  function pointed(event) {
    const element = event.target.closest("[data-row]");
    if (element) return { row: Number(element.dataset.row), column: Number(element.dataset.column) };
    const line = event.target.closest(".row");
    if (!line) return null;
    const x = event.clientX - canvas.getBoundingClientRect().left - size.name;
    const column = Math.floor(x / size.column);
    return { row: Number(line.getAttribute("aria-rowindex")) - 2, column: column < columns.length ? column : -1 };
  }

  function inspect(where) {
    const inspector = byId("inspector");
    inspector.replaceChildren();
    const row = where ? rows[where.row] : undefined;
    const name = where ? columns[where.column] : undefined;
    if (row) inspector.append(make("b", "", place(row)), " ");
    if (row && name !== undefined) {
      const cell = cellOf(row, name);
      const state = row.status === "unknown" ? "unknown" : "as declared";
      inspector.append(`${texts[name]} `);
      inspector.append(cell ? `${cell.kind}, ${change(cell)}: ${cell.why}` : state);
    } else if (row) {
      inspector.append(`${row.status}${row.message ? `: ${row.message}` : ""}`);
    } else if (name !== undefined) {
      inspector.append(make("b", "", texts[name]), ` drifts in ${plural(drifting.get(name), "instance")}`);
    }
  }

  // ---------------------------------------------------------------- one instance

  const detail = byId("detail");

  function show(row, name, byKey) {
    opened = row;
    detail.replaceChildren(drawDetailHeader(row), ...drawDetail(row, name));
    detail.hidden = false;
    byId("split").classList.add("opened");
    address(`#${encodeURIComponent(row.host)}/${encodeURIComponent(label(row) ?? "")}`);
    layOut();
    if (byKey) byId("detail-heading").focus({ preventScroll: true });
    if (detail.getBoundingClientRect().top > innerHeight * 0.75) detail.scrollIntoView({ block: "start" });
    const found = detail.querySelector(".found");
    const room = found ? detail.getBoundingClientRect().bottom - found.getBoundingClientRect().bottom : 0;
    if (getComputedStyle(detail).overflowY === "auto") detail.scrollTop = Math.max(0, 24 - room);
  }

  function close() {
    if (!opened) return;
    opened = null;
    detail.hidden = true;
    byId("split").classList.remove("opened");
    address("#");
    layOut();
    grid.focus({ preventScroll: true });
  }

  // A file that was opened from a disk may not be allowed to change its address.
  function address(hash) {
    try {
      history.replaceState(null, "", hash);
    } catch {
      // Then nobody can link to this instance, and all else works.
    }
  }

  function drawDetailHeader(row) {
    const heading = make("h2", "", place(row));
    heading.id = "detail-heading";
    heading.tabIndex = -1;
    const button = (text, title, act) => {
      const made = make("button", "quiet", text);
      made.type = "button";
      made.title = title;
      made.setAttribute("aria-label", title);
      made.addEventListener("click", act);
      return made;
    };
    const step = (by) => () => {
      const to = rows.indexOf(row) + by;
      if (!rows[to]) return;
      moveTo(to, active.column);
      show(rows[to], undefined, false);
    };
    const state = make("div", "state", sign(row.status), make("span", "", row.status));
    const buttons = make(
      "div",
      "",
      button("↑", "Previous instance", step(-1)),
      button("↓", "Next instance", step(1)),
      button("✕", "Close", close),
    );
    return make("header", "", make("div", "", heading, state), buttons);
  }

  function drawDetail(row, chosen) {
    const parts = [];
    if (row.home && row.instance) parts.push(make("p", "home", row.home));
    if (row.message) parts.push(make("h3", "", "What is known"), make("p", "", row.message));
    if (row.problems.length) parts.push(make("h3", "", "What forbids the plan"), listed(row.problems, FIELDS_OF_PROBLEM, drawProblem));
    if (row.cells.length) {
      parts.push(make("h3", "", `Drift (${drifts(row)})`));
      parts.push(listed(row.cells, FIELDS_OF_CELL, (fields, numbers) => drawDrift(fields, numbers[0] === chosen)));
    }
    if (row.plan.length) {
      const title = row.problems.length ? "Plan, which is refused" : "Plan";
      parts.push(make("h3", "", title), listed(row.plan, FIELDS_OF_STEP, drawStep, "ol"));
    }
    if (row.status === "clean" && !row.plan.length) parts.push(make("h3", "", "Plan"), make("p", "muted", "Nothing to do: everything is as declared."));
    return parts;
  }

  function listed(numbers, fields, drawOne, tag = "ul") {
    const list = make(tag, "");
    for (let from = 0; from < numbers.length; from += fields) {
      const each = numbers.slice(from, from + fields);
      list.append(drawOne(each.map((one) => texts[one]), each, from / fields + 1));
    }
    return list;
  }

  function drawProblem([kind, , sentence]) {
    return make("li", "problem", make("b", "", kind), ` ${sentence}`);
  }

  function drawDrift([name, kind, have, want, why], found) {
    const line = make("span", "", make("b", "", name), ` ${kind} `, make("span", "mono", change({ kind, have, want })));
    return make("li", found ? "found" : "", mark(kind), line, make("span", "why", why));
  }

  function drawStep([action, name, from, to, reason, wheel], _numbers, count) {
    const line = make("span", "", `${action} `, make("b", "", name), " ", make("span", "mono", change({ have: from, want: to })));
    const why = make("span", "why", reason);
    return make("li", "", make("span", "number", `${count}.`), line, why, wheel && make("span", "why mono", wheel));
  }

  function followAddress() {
    const [host, what] = location.hash.slice(1).split("/").map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return "";
      }
    });
    const row = byPlace.get(key(host, what || null));
    if (row && row !== opened) {
      const index = rows.indexOf(row);
      if (index >= 0) moveTo(index, -1);
      show(row, undefined, false);
    }
  }

  // ---------------------------------------------------------------- counts, and what is new

  function drawCounts() {
    const count = new Map(STATUSES.map((status) => [status, 0]));
    fleet.forEach((row) => count.set(row.status, count.get(row.status) + 1));
    const hosts = new Set(fleet.map((row) => row.host)).size;
    const differences = fleet.reduce((sum, row) => sum + drifts(row), 0);
    const figures = { hosts, instances: fleet.length, differences, packages: packages.length };
    Object.entries(figures).forEach(([name, value]) => {
      byId("figures").append(make("div", "", make("dt", "", name), make("dd", "", number.format(value))));
    });
    STATUSES.forEach((status) => {
      const content = [sign(status), make("span", "", make("b", "", number.format(count.get(status))), ` ${status}`)];
      const button = chip(content, `Show only what is ${status}`, wish.statuses, status);
      button.dataset.status = status;
      button.classList.toggle("none", !count.get(status));
      byId("statuses").append(button);
      if (count.get(status)) {
        const part = make("span", status);
        part.style.flexGrow = count.get(status);
        byId("share").append(part);
      }
    });
    byId("share").setAttribute("aria-label", STATUSES.map((status) => `${count.get(status)} ${status}`).join(", "));
  }

  function drawKinds() {
    const count = new Map(KINDS.map((kind) => [kind, 0]));
    fleet.forEach((row) => {
      for (let from = 0; from < row.cells.length; from += FIELDS_OF_CELL) {
        const kind = texts[row.cells[from + 1]];
        count.set(kind, count.get(kind) + 1);
      }
    });
    KINDS.forEach((kind) => {
      const content = [mark(kind), make("span", "", kind, " ", make("span", "muted", number.format(count.get(kind))))];
      const button = chip(content, `${kind}: ${EXPLAINED[kind]}`, wish.kinds, kind);
      button.dataset.kind = kind;
      button.classList.toggle("none", !count.get(kind));
      byId("kinds").append(button);
    });
  }

  function drawSince() {
    const since = data.since;
    if (!since) {
      byId("first").textContent = " · the first report, compared with nothing";
      return;
    }
    byId("since").hidden = false;
    byId("since-heading").append(" ", make("span", "muted", moment(since.generated)));
    ["appeared", "fixed"].forEach((word) => {
      const box = byId(word);
      box.querySelector("summary").append(make("b", "", number.format(since[word].length)), ` ${word}`);
      box.open = since[word].length > 0 && since[word].length <= 5;
      const list = box.querySelector("ul");
      since[word].slice(0, MOST_LISTED).forEach((numbers) => list.append(drawFinding(numbers.map((each) => texts[each]))));
      const left = since[word].length - MOST_LISTED;
      if (left > 0) list.append(make("li", "more", `and ${number.format(left)} more, see report.json`));
    });
  }

  function drawFinding([host, instance, home, name, kind]) {
    const row = byPlace.get(key(host, instance ?? home)) || fleet.find((each) => each.host === host);
    const words = `${[host, instance ?? home].filter(Boolean).join(" / ")}: ${name === null ? kind : `${name}, ${kind}`}`;
    const button = make("button", "", name === null ? sign(kind) : mark(kind), make("span", "", words));
    button.type = "button";
    button.addEventListener("click", () => row && show(row, texts.indexOf(name), true));
    return make("li", "", button);
  }

  // ---------------------------------------------------------------- light and dark

  function drawTheme() {
    const button = byId("theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    let chosen = null;
    try {
      chosen = localStorage.getItem("mlfleet-theme");
    } catch {
      // Not allowed for files of some browsers: then it is not remembered.
    }
    const apply = () => {
      const theme = chosen || (dark.matches ? "dark" : "light");
      document.documentElement.dataset.theme = theme;
      button.setAttribute("aria-pressed", String(theme === "dark"));
    };
    button.addEventListener("click", () => {
      chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("mlfleet-theme", chosen);
      } catch {
        // As above.
      }
      apply();
    });
    dark.addEventListener("change", apply);
    apply();
  }

  // ---------------------------------------------------------------- start

  const packages = [...new Set(fleet.flatMap((row) => row.cells.filter((_each, index) => index % FIELDS_OF_CELL === 0)))];
  packages.sort((a, b) => collator.compare(texts[a], texts[b]));
  byId("packages").append(...packages.map((name) => {
    const option = make("option", "");
    option.value = texts[name];
    return option;
  }));

  byId("generated").textContent = moment(data.generated);
  drawTheme();
  drawCounts();
  drawKinds();
  drawSince();

  const filters = byId("filters");
  filters.addEventListener("input", (event) => {
    wish[event.target.id] = event.target.value.trim().toLowerCase();
    choose();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => {
    Object.assign(wish, { host: "", instance: "", package: "", order: "worst" });
    wish.statuses.clear();
    wish.kinds.clear();
    document.querySelectorAll(".chip").forEach((each) => each.setAttribute("aria-pressed", "false"));
    // The fields are emptied after this event.
    setTimeout(choose);
  });
  grid.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  });
  grid.addEventListener("keydown", press);
  grid.addEventListener("focus", () => inspect(active));
  grid.addEventListener("mousemove", (event) => inspect(pointed(event)));
  grid.addEventListener("mouseleave", () => inspect(document.activeElement === grid ? active : null));
  grid.addEventListener("click", (event) => {
    const where = pointed(event);
    if (!where) return;
    active = where;
    act(where.row, where.column, false);
    inspect(active);
  });
  detail.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  addEventListener("hashchange", followAddress);
  let width = 0;
  new ResizeObserver(() => {
    if (grid.clientWidth === width) return;
    width = grid.clientWidth;
    layOut();
  }).observe(grid);

  choose();
  followAddress();
})();
