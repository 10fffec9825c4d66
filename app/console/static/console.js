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

// An element with data-events holds the address of the events of a run, and data-state that of its present state.
function followRun() {
  const box = document.querySelector("[data-events]");
  if (!box) return;
  const show = (run) => {
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
  };
  const ended = (run) => !["queued", "running"].includes(run.state);
  const poll = async () => {
    try {
      const response = await fetch(box.dataset.state, { headers: { Accept: "application/json" } });
      if (response.redirected || response.status === 403 || response.status === 404) return location.reload();
      if (response.ok) {
        const run = await response.json();
        if (ended(run)) return location.reload();
        show(run);
      }
    } catch { /* The connection is broken: try again. */ }
    setTimeout(poll, 2000);
  };
  const events = new EventSource(box.dataset.events);
  events.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  events.addEventListener("end", () => { events.close(); location.reload(); });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) poll();
  });
}

// The page of queries sends them itself. Without this script, the server does.
function sendQueries() {
  const form = document.querySelector("form[data-query]");
  if (!form) return;
  const result = document.getElementById("result");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { token, query, variables } = form.elements;
    const body = { query: query.value };
    try {
      if (variables.value.trim() !== "") body.variables = JSON.parse(variables.value);
    } catch {
      result.textContent = "The variables are not JSON.";
      return;
    }
    result.textContent = "…";
    try {
      const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token.value.trim()}` };
      const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(body), credentials: "omit" });
      result.textContent = JSON.stringify(await response.json(), null, 2);
    } catch {
      result.textContent = "The service did not respond. Try again.";
    }
  });
}

showTimes(document);
askInDialogs();
copyTexts();
filterRows();
followRun();
sendQueries();
