"use strict";
// Times in the reader's zone, dialogs, buttons that copy, and the progress of runs. Every page works without this script.

const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function showTimes(root) {
  for (const element of root.querySelectorAll("time[data-time]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    element.title = element.textContent;
    element.textContent = times.format(moment);
  }
}

// A link with data-ask leads to a page that asks a question. The page is shown in a dialog instead.
function askInDialogs() {
  for (const link of document.querySelectorAll("a[data-ask]")) {
    link.addEventListener("click", async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      try {
        const response = await fetch(link.href);
        const main = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
        if (!response.ok || response.redirected || !main) throw new Error();
        showDialog(main, link);
      } catch {
        location.assign(link.href);
      }
    });
  }
}

function showDialog(main, link) {
  const dialog = document.createElement("dialog");
  const heading = main.querySelector("h1");
  heading.id = "question";
  // The reader begins at the question, and not at the first link or table.
  heading.tabIndex = -1;
  heading.autofocus = true;
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.append(...main.childNodes);
  showTimes(dialog);
  for (const button of dialog.querySelectorAll("[data-close]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      dialog.close();
    });
  }
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function copyTexts() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy).textContent;
      const before = button.textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select the text to copy it";
      }
      setTimeout(() => { button.textContent = before; }, 2000);
    });
  }
}

function filterRows() {
  for (const input of document.querySelectorAll("input[data-filters]")) {
    const rows = document.querySelectorAll(`#${input.dataset.filters} tbody tr`);
    input.closest(".field").hidden = false;
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of rows) row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    });
  }
}

// The page of a run that works has an element with data-follow: the address of the run. Events tell its progress; if
// they do not come, the page asks for it.
const patience = 2000;
const mostRows = 100;

function followRun() {
  const present = () => document.querySelector("[data-follow]");
  if (!present()) return;
  const address = present().dataset.follow;
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  said.className = "unseen";
  document.body.append(said);
  const after = () => `?after=${present()?.dataset.seen ?? 0}`;

  const show = async (run) => {
    const box = present();
    if (!box) return false;
    if (`${run.state} ${run.left !== null} ${run.cancelRequested} ${run.waitingFor ?? ""}` !== box.dataset.phase) return renew();
    for (const element of box.querySelectorAll("[data-run]")) {
      const value = run[element.dataset.run];
      if (value === null || value === undefined) continue;
      if (element instanceof HTMLProgressElement) {
        element.max = Math.max(run.steps, 1);
        element.value = run.done;
      } else {
        element.textContent = typeof value === "number" ? value.toLocaleString("en") : value;
      }
    }
    showCounts(run.counts ?? {});
    for (const outcome of run.outcomes ?? []) {
      if (outcome.number <= Number(box.dataset.seen)) continue;
      box.dataset.seen = outcome.number;
      showOutcome(outcome);
    }
    return true;
  };

  const poll = async () => {
    let goesOn = true;
    try {
      const response = await fetch(`${address}/state${after()}`, { headers: { Accept: "application/json" } });
      if (response.redirected || response.status === 403 || response.status === 404) return location.reload();
      if (response.ok) goesOn = await show(await response.json());
    } catch { /* The connection is broken: try again. */ }
    if (goesOn) setTimeout(poll, patience);
  };

  const events = new EventSource(`${address}/events${after()}`);
  let failures = 0;
  const stop = () => events.close();
  events.addEventListener("progress", async (event) => {
    failures = 0;
    if (!await show(JSON.parse(event.data))) stop();
  });
  events.addEventListener("end", () => { stop(); renew(); });
  events.addEventListener("error", () => {
    failures += 1;
    if (events.readyState !== EventSource.CLOSED && failures < 3) return;
    stop();
    poll();
  });
}

// Shows the page as it is now: when a run has been planned, was asked to end, or has ended. Returns whether it goes on.
async function renew() {
  try {
    const response = await fetch(location.href);
    const main = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
    if (!response.ok || response.redirected || !main) throw new Error();
    const shown = document.querySelector("main");
    const hadFocus = shown.contains(document.activeElement) && document.activeElement !== shown;
    shown.replaceChildren(...main.childNodes);
    if (hadFocus) shown.focus();
    prepare();
    document.querySelector(".unseen[role=status]").textContent = shown.querySelector("h1").textContent;
  } catch {
    location.reload();
  }
  return Boolean(document.querySelector("[data-follow]"));
}

function showCounts(counts) {
  for (const [kind, count] of Object.entries(counts)) {
    const element = document.querySelector(`[data-count="${CSS.escape(kind)}"]`);
    if (!element) continue;
    element.textContent = count.toLocaleString("en");
    const figure = element.closest(".figure");
    figure.classList.toggle(figure.dataset.colour, count > 0);
  }
}

function showOutcome(outcome) {
  const box = document.querySelector(`[data-node="${CSS.escape(outcome.node)}"]`);
  if (box && outcome.node) {
    box.classList.remove("waits");
    box.querySelector(".yet")?.remove();
  }
  const rows = document.querySelector("table.outcomes tbody");
  const template = document.getElementById("outcome");
  if (!rows || !template) return;
  const row = template.content.firstElementChild.cloneNode(true);
  const cell = (name) => row.querySelector(`[data-cell="${name}"]`);
  cell("number").textContent = outcome.number.toLocaleString("en");
  cell("name").textContent = outcome.name;
  if (outcome.address) cell("name").href = outcome.address;
  cell("version").textContent = outcome.version ?? "";
  const badge = document.querySelector(`template[data-kind="${CSS.escape(outcome.kind)}"]`);
  if (badge) cell("kind").append(badge.content.cloneNode(true));
  rows.prepend(row);
  while (rows.rows.length > mostRows) rows.lastElementChild.remove();
}

// The page of queries stays as it is while the server sends the query: only the response and what is wrong are new.
function sendQueries() {
  const form = document.querySelector("form[data-query]");
  if (!form) return;
  const result = document.getElementById("result");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const focused = document.activeElement?.id;
    const token = form.elements.token.value;
    result.textContent = "…";
    try {
      const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const given = page.getElementById("result");
      if (!given) throw new Error();
      for (const name of ["token", "query", "variables"]) {
        document.getElementById(name).closest(".field").replaceWith(page.getElementById(name).closest(".field"));
      }
      form.elements.token.value = token;
      document.getElementById("errors").replaceWith(page.getElementById("errors"));
      result.textContent = given.textContent;
      if (focused) document.getElementById(focused)?.focus();
    } catch {
      result.textContent = "The service did not respond. Load the page again if this does not pass.";
    }
  });
}

// A drawing that is wider than its place begins where the lit path ends, at the node that was asked for.
function showLit() {
  for (const canvas of document.querySelectorAll(".canvas")) {
    const ends = [...canvas.querySelectorAll(".box.lit")].map((box) => box.getBoundingClientRect().right);
    if (ends.length) canvas.scrollLeft += Math.max(...ends) + 16 - canvas.getBoundingClientRect().right;
  }
}

// What the content of a page needs. The content may be replaced.
function prepare() {
  showTimes(document);
  askInDialogs();
  copyTexts();
  filterRows();
  sendQueries();
  showLit();
}

prepare();
followRun();
