// The page's script: it swaps fragments rendered by the server and posts what a person does to the control API.

import * as combobox from "./combobox.js";
import { $, $$, isShown } from "./dom.js";
import * as files from "./files.js";
import { focusTrail, goAround, keepFocus, settleModal } from "./focus.js";
import * as menus from "./menus.js";

// ---- Where this tab is -------------------------------------------------------------------------------------------

const place = () => new URLSearchParams(location.search);
const me = () => place().get("as") || "requester";

async function go(url) {
  if (url !== location.pathname + location.search) history.pushState(null, "", url);
  await arrive();
}

async function arrive() {
  // Opening App Home is an event for the bot, which then draws it.
  if (place().get("channel") === "home") call("GET", `/control/home?user=${encodeURIComponent(me())}`);
  await refresh();
}

// ---- Swapping fragments ------------------------------------------------------------------------------------------

const shownHtml = {};
let revision = Number(document.body.dataset.revision);
let latestAsk = 0;
let pointerDown = false;
let held = null;
let shownPlace = location.search;

async function refresh() {
  const ask = ++latestAsk;
  const search = location.search;
  const answer = await fetch(`/page/fragment${search}`).then((r) => r.json());
  if (ask !== latestAsk) return;
  revision = answer.revision;
  // A swap between press and release could move the button from under the finger.
  if (pointerDown) held = () => swap(answer, search);
  else swap(answer, search);
}

function swap({ fragments, title }, search) {
  document.title = title;
  const moved = search !== shownPlace;
  shownPlace = search;
  const list = $("#f-messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const modalBefore = $("[data-modal]")?.dataset.viewId;
  const trail = focusTrail();
  for (const [name, html] of Object.entries(fragments)) {
    if (shownHtml[name] === html) continue;
    shownHtml[name] = html;
    const wanted = document.createElement("template");
    wanted.innerHTML = html;
    morphChildren($(`#f-${name}`), wanted.content);
  }
  if (place().get("channel") === "home") { if (moved) list.scrollTop = 0; }
  else if (moved || atEnd) list.scrollTop = list.scrollHeight;
  // Elements are reused: what one person waits for must not hold up another.
  if (moved) for (const element of $$("[aria-busy]")) element.removeAttribute("aria-busy");
  if (!modalBefore || $("[data-modal]")) keepFocus(trail);
  settleModal(modalBefore, trail);
}

// What the reader or this script did to an element is not the server's to undo.
const OURS = new Set(["open", "aria-busy", "aria-invalid", "aria-expanded", "aria-activedescendant"]);
const keyOf = (node) => node.nodeType === 1 ? node.dataset?.key || node.id || "" : "";

function morph(from, to) {
  if (from.nodeType !== 1) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  for (const { name, value } of [...to.attributes]) {
    if (!OURS.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (!OURS.has(name) && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  if (!("keep" in from.dataset)) morphChildren(from, to);
}

function morphChildren(from, to) {
  const wantedKeys = new Set([...to.childNodes].map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const child of [...from.childNodes]) {
    const key = keyOf(child);
    if (!key) continue;
    if (wantedKeys.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let cursor = from.firstChild;
  for (const want of [...to.childNodes]) {
    const key = keyOf(want);
    const same = (node) => node && node.nodeName === want.nodeName && keyOf(node) === key;
    const match = key ? keyed.get(key) : same(cursor) ? cursor : null;
    if (match && same(match)) {
      if (match === cursor) cursor = cursor.nextSibling;
      else from.insertBefore(match, cursor);
      morph(match, want);
    } else {
      from.insertBefore(want, cursor);
    }
  }
  const kept = [...from.childNodes];
  if (cursor) for (const left of kept.slice(kept.indexOf(cursor))) left.remove();
}

// ---- Hearing of changes ------------------------------------------------------------------------------------------

async function listen() {
  for (;;) {
    // Browsers allow few connections to one server: a tab nobody looks at must not hold one.
    while (document.hidden) await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
    try {
      const answer = await fetch(`/page/changes?seen=${revision}`).then((r) => r.json());
      revision = answer.revision;
      await refresh();
      if (offline) toast("The sandbox answers again.", "good");
      offline = false;
    } catch {
      if (!offline) toast("The sandbox does not answer. Trying again…");
      offline = true;
      await new Promise((go) => setTimeout(go, 1000));
    }
  }
}
let offline = false;

// ---- Talking to the control API ----------------------------------------------------------------------------------

async function call(method, path, body) {
  let answer;
  try {
    const sent = body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
    answer = await fetch(path, { method, ...sent }).then((r) => r.json());
  } catch {
    answer = { ok: false, message: "The sandbox does not answer. Check that it still runs." };
  }
  if (!answer.ok) toast(answer.message || answer.error || "The sandbox could not do this. Try again.");
  refresh().catch(() => {});
  return answer;
}

async function busy(element, work) {
  if (element?.getAttribute("aria-busy") === "true") return undefined;
  element?.setAttribute("aria-busy", "true");
  try { return await work(); } finally { element?.removeAttribute("aria-busy"); }
}

let toastTimer = 0;
function toast(text, tone = "bad") {
  const box = $("#toast");
  Object.assign(box, { textContent: text, hidden: false }).dataset.tone = tone;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, tone === "bad" ? 9000 : 4000);
}

// What the control API calls the conversation in front; none at App Home.
function conversation() {
  const channel = place().get("channel") || "partner-access";
  return channel === "dm" ? `@${me()}` : channel === "home" ? undefined : channel;
}

function origin(element) {
  const message = element.closest("[data-ts]");
  if (message) return { channel: message.dataset.channel, ts: message.dataset.ts };
  return { view_id: element.closest("[data-view-id]")?.dataset.viewId };
}

const ACTS = {
  command: ({ text }) => call("POST", "/control/command", { user: me(), text, channel: conversation() }),
  shortcut: ({ callbackId }) => call("POST", "/control/shortcut", { user: me(), callback_id: callbackId }),
  clock: ({ seconds }) => call("POST", "/control/clock", { advance_seconds: Number(seconds) }),
  policy: ({ policyId, state }) => call("PATCH", "/control/graph/state", {
    conditionalAccessPolicies: { [policyId]: { state } },
  }),
  close: (_, element) => call("POST", "/control/close", { user: me(), ...origin(element) }),
  click: ({ actionId, blockId, value, selected }, element) => call("POST", "/control/click", {
    user: me(), action_id: actionId, block_id: blockId, ...origin(element),
    ...(value ? { value } : {}), ...(selected ? { selected } : {}), ...filled(element),
  }),
  async step({ ...step }) {
    const query = place();
    if (step.as) query.set("as", step.as);
    if (step.channelTo) query.set("channel", step.channelTo);
    if (step.as) await go(`/?${query}`);
    if (step.callbackId) await ACTS.shortcut(step);
    if (step.text) await ACTS.command(step);
    if (step.seconds) await ACTS.clock(step);
  },
};

async function act(element) {
  const fromMenu = element.closest("[role=menu]");
  if (fromMenu) menus.closeMenus({ focus: true });
  if (element.dataset.confirm && !(await agreed(JSON.parse(element.dataset.confirm)))) return;
  await busy(element, () => ACTS[element.dataset.act](element.dataset, element));
}

// ---- Values ------------------------------------------------------------------------------------------------------

const option = (input) => (input.dataset.option ? JSON.parse(input.dataset.option) : null);
const picked = (element) => $$("option:checked", element).filter((item) => item.value !== "");
const ticked = (element) => $$("input:checked", element);

// One element's entry of Slack's view.state.values.
function valueOf(element) {
  const type = element.dataset.element;
  const kind = type.replace("multi_", "").replace("_select", "");
  const many = type.startsWith("multi_");
  if (type === "radio_buttons") return { type, selected_option: ticked(element).map(option)[0] ?? null };
  if (type === "checkboxes") return { type, selected_options: ticked(element).map(option) };
  if (type === "datepicker") return { type, selected_date: element.value || null };
  if (type === "timepicker") return { type, selected_time: element.value || null };
  if (files.isFileInput(element)) return { type, files: files.idsIn(element) };
  if (!type.endsWith("_select")) return { type, value: element.value || null };
  if (combobox.isCombobox(element)) return { type, selected_option: combobox.chosenIn(element) };
  if (kind === "static" || kind === "external") {
    const options = picked(element).map(option);
    return many ? { type, selected_options: options } : { type, selected_option: options[0] ?? null };
  }
  const ids = picked(element).map((item) => item.value);
  return many ? { type, [`selected_${kind}`]: ids } : { type, [`selected_${kind.slice(0, -1)}`]: ids[0] ?? null };
}

function valuesIn(root) {
  const values = {};
  for (const element of $$("[data-element]", root)) {
    const { blockId, actionId } = element.dataset;
    (values[blockId] ??= {})[actionId] = valueOf(element);
  }
  return values;
}

// What is typed in a view goes along with a click in it, as Slack sends the state of the whole view.
const filled = (element) => {
  const view = element.closest("[data-view-id]");
  return view ? { values: valuesIn(view) } : {};
};

// What the control API takes as `value` or `selected` of an element.
function plainValue(element) {
  const value = valueOf(element);
  if ("value" in value) return { value: value.value ?? "" };
  const chosen = Object.entries(value).find(([name]) => name !== "type")[1];
  const bare = (item) => item?.value ?? item ?? "";
  return { selected: Array.isArray(chosen) ? chosen.map(bare) : bare(chosen) };
}

const dispatching = new Set();
const typingTimers = new WeakMap();

async function dispatch(element) {
  const data = plainValue(element);
  if (element.dispatched === JSON.stringify(data)) return;
  if (element.dataset.confirm && !(await agreed(JSON.parse(element.dataset.confirm)))) return;
  element.dispatched = JSON.stringify(data);
  const { actionId, blockId } = element.dataset;
  const work = call("POST", "/control/click", {
    user: me(), action_id: actionId, block_id: blockId, ...origin(element), ...data, ...filled(element),
  });
  dispatching.add(work);
  if (!(await work).ok) element.dispatched = null;
  dispatching.delete(work);
}

// What the bot offers for a text in an external select.
async function suggestions({ dataset: { actionId, blockId } }, query, element) {
  const answer = await call("POST", "/control/suggest", {
    user: me(), action_id: actionId, block_id: blockId, value: query, ...origin(element),
  });
  return answer.suggest || [];
}
const find = (input, query) => suggestions(input, query, input);

// An external select of several options: a search field above a list.
async function search(input) {
  const select = document.getElementById(input.dataset.search);
  const query = input.value.trim();
  if (query.length < Number(input.dataset.least)) return;
  const found = await suggestions(select, query, select);
  // Something else may have been typed while the bot looked.
  if (input.value.trim() !== query) return;
  const chosen = picked(select);
  const fresh = found.filter((item) => !chosen.some((one) => one.value === item.value)).map((item) => {
    const made = new Option(item.text.text, item.value);
    made.dataset.option = JSON.stringify(item);
    return made;
  });
  select.replaceChildren(...chosen, ...fresh);
}

// ---- Modals ------------------------------------------------------------------------------------------------------

async function submit(form) {
  const unclear = $$("[role=combobox]", form).filter(combobox.left);
  for (const field of unclear) markField(slotOf(field), combobox.left(field));
  if (unclear.length) return unclear[0].focus();
  const button = $("[type=submit]", form);
  await busy(button, async () => {
    await Promise.all(dispatching);
    await files.settled(form);
    const body = { user: me(), view_id: form.dataset.viewId, values: valuesIn(form) };
    const answer = await call("POST", "/control/submit", body);
    showErrors(form, answer.errors || {});
    const general = $("[data-form-error]", form);
    general.textContent = answer.ok ? "" : answer.message || answer.error || "The sandbox could not do this. Try again.";
  });
}

function showErrors(form, errors) {
  for (const slot of $$("[data-error-for]", form)) markField(slot, errors[slot.dataset.errorFor] || "");
  $(".control[aria-invalid=true], .choices[aria-invalid=true] input", form)?.focus();
}

// Where a field's error stands; null outside of fields.
const slotOf = (element) => $("[data-error-for]", element.closest(".field") || document.createElement("i"));

function markField(slot, text) {
  if (!slot) return;
  slot.textContent = text;
  $("[data-element]", slot.parentElement)?.setAttribute("aria-invalid", String(Boolean(text)));
}

// Slack's confirm object, asked as a real dialog before the act.
function agreed({ title, text, confirm, deny, style }) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  dialog.dataset.testid = "confirm";
  const add = (parent, tag, content, attributes = {}) => {
    const node = Object.assign(parent.appendChild(document.createElement(tag)), { textContent: content });
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const form = add(dialog, "form", "", { method: "dialog" });
  add(form, "h2", title?.text || "Are you sure?", { id: "confirm-title" });
  add(form, "p", text?.text || "", { id: "confirm-text" });
  dialog.setAttribute("aria-labelledby", "confirm-title");
  dialog.setAttribute("aria-describedby", "confirm-text");
  const row = add(form, "footer", "");
  add(row, "button", deny?.text || "Cancel", { class: "btn btn-plain", value: "no", "data-testid": "confirm-no" });
  const kind = style === "danger" ? "btn-danger" : "btn-primary";
  add(row, "button", confirm?.text || "Yes", { class: `btn ${kind}`, value: "yes", "data-testid": "confirm-yes" });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answer) => dialog.addEventListener("close", () => {
    answer(dialog.returnValue === "yes");
    dialog.remove();
  }));
}

// ---- Composer ----------------------------------------------------------------------------------------------------

async function send(form) {
  const input = $("input", form);
  const text = input.value.trim();
  if (!text) return;
  if (!text.startsWith("/")) return toast("Only commands reach Gatehouse here. Type / to see them.", "plain");
  input.value = "";
  const answer = await busy($("[data-testid=send]", form), () => ACTS.command({ text }));
  // What was not taken is not lost: not when it was refused, nor when another command was still on its way.
  if (!answer?.ok && !input.value) input.value = text;
}

// ---- Events ------------------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const target = event.target;
  if (menus.clicked(target) || combobox.clicked(target)) return;
  const link = target.closest("a[data-nav]");
  const plain = !event.metaKey && !event.ctrlKey && !event.shiftKey;
  const opened = target.closest("a[data-open]");
  const element = target.closest("[data-act]");
  const part = target.closest("[data-show-part]");
  if (link && plain) {
    event.preventDefault();
    if (link.closest(".side")) showPart("chat");
    // On a phone the list of people is gone now; the focus goes on in the conversation.
    if (!isShown(link)) $("#workspace").focus({ preventScroll: true });
    go(link.getAttribute("href"));
  }
  else if (opened && plain) {
    event.preventDefault();
    const query = place();
    query.set("as", me());
    query.set("channel", opened.dataset.open);
    go(`/?${query}`);
  }
  else if (element) act(element);
  else if (part) showPart(part.dataset.showPart);
});

function showPart(name) {
  document.body.dataset.show = name;
  for (const button of $$("[data-show-part]")) button.setAttribute("aria-pressed", String(button.dataset.showPart === name));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-modal]")) { event.preventDefault(); submit(form); }
  if (form.matches("[data-composer]")) { event.preventDefault(); send(form); }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[type=file]")) {
    const send = (name, content) => call("POST", "/control/upload", { user: me(), name, content }).then((answer) => answer.file?.id);
    files.chosen(event.target, send);
  }
  // Slack documents Enter for a text field. Leaving it is taken for the same here: nobody loses a look-up by a Tab.
  const element = event.target.closest("[data-dispatch=change], [data-dispatch=enter]");
  if (element && !combobox.isCombobox(element)) dispatch(element);
});

document.addEventListener("chosen", ({ target }) => {
  markField(slotOf(target), "");
  if (target.dataset.dispatch) dispatch(target);
});

document.addEventListener("focusout", ({ target }) => {
  if (!combobox.isCombobox(target) || !target.isConnected) return;
  const problem = combobox.left(target);
  // NB. not under a pressed button: what the error moves down would move from under the pointer.
  if (problem && !pointerDown) markField(slotOf(target), problem);
});

// The list is no place for the focus: it stays in the field.
document.addEventListener("mousedown", (event) => { if (event.target.closest("[role=listbox]")) event.preventDefault(); });

document.addEventListener("input", (event) => {
  const input = event.target;
  markField(slotOf(input), "");
  if (combobox.isCombobox(input)) combobox.typed(input, find);
  if ("search" in input.dataset) {
    clearTimeout(typingTimers.get(input));
    typingTimers.set(input, setTimeout(() => search(input), 250));
  }
  if (input.dataset.dispatch === "typing") {
    clearTimeout(typingTimers.get(input));
    typingTimers.set(input, setTimeout(() => dispatch(input), 350));
  }
});

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const isTaken = combobox.isCombobox(target) ? combobox.pressed(event, find) : menus.pressed(event);
  if (isTaken) event.preventDefault();
  else if (key === "Tab") goAround(event);
  else if (key === "Enter" && target.matches("input[data-dispatch]")) { event.preventDefault(); dispatch(target); }
  else if (key === "Escape" && !$("dialog[open]") && $("[data-modal]")) act($("[data-modal] [data-act=close]"));
});

// NB. only for buttons and links: the list of a <select> swallows the release.
document.addEventListener("pointerdown", (event) => { pointerDown = Boolean(event.target.closest("button, a")); }, true);
for (const name of ["pointerup", "pointercancel"]) {
  // After the click that follows the release, hence the timer.
  document.addEventListener(name, () => setTimeout(() => { pointerDown = false; held?.(); held = null; }), true);
}
window.addEventListener("popstate", arrive);

// Conversations open at their newest message, the Home at its top.
if (place().get("channel") !== "home") $("#f-messages").scrollTop = $("#f-messages").scrollHeight;
settleModal(undefined, focusTrail());
arrive().finally(listen);
