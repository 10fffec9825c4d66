"use strict";
// The messages between a page of the wizard and the page that frames or opened it. Every page works without this script.

const body = document.body;
const host = window.parent !== window ? window.parent : window.opener;
const origins = body.dataset.origins.split(" ").filter(Boolean);

// A browser that knows the origin of the framing page tells it. Otherwise each origin that may be the host is tried: the
// browser delivers a message only to the origin that it is meant for.
function tell(message) {
  if (!host) return;
  const framing = window.parent !== window && window.location.ancestorOrigins ? window.location.ancestorOrigins[0] : null;
  for (const origin of framing ? origins.filter((one) => one === framing) : origins) host.postMessage(message, origin);
}

function onMessage(isFrom, kind, act) {
  const listen = (event) => {
    const content = event.data;
    if (isFrom(event) && content !== null && typeof content === "object" && content.type === kind) act(content);
  };
  window.addEventListener("message", listen);
  return () => window.removeEventListener("message", listen);
}

if (body.dataset.message) tell(JSON.parse(body.dataset.message));

const form = document.querySelector("form");

// The value of a field as the host sees it: what cannot be read as the type of its slot is a text.
function valueOf(field) {
  if (field.dataset.type === "switch") return field.checked;
  if (field.value === "") return null;
  if (field.dataset.type === "text" || field.dataset.type === "long") return field.value;
  try {
    return JSON.parse(field.value);
  } catch {
    return field.value;
  }
}

function valuesShown() {
  const values = JSON.parse(form.dataset.validate);
  const visible = [];
  for (const field of form.querySelectorAll("[data-slot]")) {
    const slot = field.dataset.slot;
    if (!visible.includes(slot)) visible.push(slot);
    if (field.dataset.type === "account") {
      if (field.checked) values.authValues[slot] = field.value;
    } else if (field.dataset.type) {
      values.configValues[slot] = valueOf(field);
    }
  }
  return { visibleValues: visible, ...values };
}

function showErrors(errors) {
  for (const shown of form.querySelectorAll("[data-of-host]")) shown.remove();
  let first = null;
  for (const box of form.querySelectorAll(".field")) {
    const field = box.dataset.slot ? box : box.querySelector("[data-slot]");
    const text = field ? errors[field.dataset.slot] : null;
    if (!text) continue;
    const reason = document.createElement("p");
    reason.className = "reason";
    reason.dataset.ofHost = "";
    reason.id = `${field.id}-host-reason`;
    reason.textContent = String(text);
    box.append(reason);
    field.setAttribute("aria-describedby", reason.id);
    first = first || (field === box ? box.querySelector("input") : field);
  }
  if (first) first.focus();
}

// The host may check what was filled in before the next screen is shown. The page waits for its first message for some
// seconds, and longer after a message that the check goes on.
const WAIT_FOR_RESPONSE = 10_000;
const WAIT_IN_PROGRESS = 60_000;

function validateByHost() {
  const status = form.querySelector("[data-status]");
  let wanted = null;
  let checked = false;
  let timer = 0;
  const ready = (busy, text = "") => {
    clearTimeout(timer);
    status.textContent = busy ? "Your settings are being checked." : text;
    for (const button of form.querySelectorAll("button:not([value=cancel])")) button.disabled = busy;
  };
  const wait = (time) => {
    ready(true);
    timer = setTimeout(() => {
      wanted = null;
      ready(false, "Your settings could not be checked, because there was no response. Try again.");
    }, time);
  };
  onMessage((event) => event.source === host && origins.includes(event.origin), "tray.configPopup.client.validation", (content) => {
    const result = content.data || content;
    if (!wanted) return;
    if (result.inProgress) {
      wait(WAIT_IN_PROGRESS);
      return;
    }
    const errors = result.errors || {};
    const button = wanted;
    wanted = null;
    ready(false);
    showErrors(errors);
    if (Object.values(errors).some(Boolean)) return;
    checked = true;
    form.requestSubmit(button);
  });
  form.addEventListener("submit", (event) => {
    if (checked || !host || !event.submitter || event.submitter.value !== "next") return;
    event.preventDefault();
    wanted = event.submitter;
    wait(WAIT_FOR_RESPONSE);
    tell({ type: "tray.configPopup.validate", data: valuesShown() });
  });
}

// A new account is connected in a dialog of the host, which tells the id of the new authentication when it is done.
function connectAccounts() {
  let end = () => {};
  for (const link of form.querySelectorAll("a[data-connect]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      end();
      const dialog = window.open(link.href, "_blank", "popup,width=640,height=760");
      if (!dialog) return;
      end = onMessage((message) => message.source === dialog && message.origin === form.dataset.dialogs, "tray.authpopup.finish", (content) => {
        const id = content.authId || (content.data && content.data.authId);
        if (!id) return;
        end();
        dialog.close();
        for (const [name, value] of [[`connected-${link.dataset.connect}`, id], ["action", "reload"]]) {
          const input = document.createElement("input");
          input.type = "hidden";
          input.name = name;
          input.value = value;
          form.append(input);
        }
        form.submit();
      });
    });
  }
}

if (form && form.dataset.validate) validateByHost();
if (form && form.dataset.dialogs) connectAccounts();
