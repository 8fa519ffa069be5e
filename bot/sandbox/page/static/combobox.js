// A field that finds options while somebody types: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { $, $$ } from "./dom.js";

const PAUSE = 250;
const timers = new WeakMap();

const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
const isOpen = (input) => input.getAttribute("aria-expanded") === "true";
const activeOf = (input) => $("[aria-selected=true]", listOf(input));
const say = (input, text) => { $("[role=status]", input.parentElement).textContent = text; };

export const isCombobox = (element) => element.getAttribute?.("role") === "combobox";

// The option that was chosen, as Slack has it; null where there is none.
export function chosenIn(input) {
  if (input.chosen === undefined) input.chosen = input.dataset.option ? JSON.parse(input.dataset.option) : null;
  return input.chosen && input.value === input.chosen.text.text ? input.chosen : null;
}

function close(input) {
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function show(input, found) {
  const list = listOf(input);
  list.replaceChildren(...found.map((item, index) => {
    const row = document.createElement("li");
    Object.assign(row, { id: `${list.id}-${index}`, textContent: item.text.text, slackOption: item });
    row.setAttribute("role", "option");
    row.dataset.value = item.value;
    return row;
  }));
  input.setAttribute("aria-expanded", String(found.length > 0));
  say(input, found.length ? `${found.length} found. Choose one.` : "Nothing found.");
  activate(input, list.firstElementChild);
}

function activate(input, row) {
  for (const one of $$("[role=option]", listOf(input))) one.setAttribute("aria-selected", String(one === row));
  if (!row) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", row.id);
  row.scrollIntoView({ block: "nearest" });
}

function choose(input, row) {
  input.chosen = row.slackOption;
  input.value = input.chosen.text.text;
  say(input, `${input.value} chosen.`);
  close(input);
  input.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
}

// `find` asks the bot for options: (input, query) -> options.
export function typed(input, find, pause = PAUSE) {
  clearTimeout(timers.get(input));
  const query = input.value.trim();
  close(input);
  if (query.length < Number(input.dataset.least)) return say(input, "");
  timers.set(input, setTimeout(async () => {
    const found = await find(input, query);
    // Something else may have been typed while the bot looked.
    if (input.value.trim() === query && document.activeElement === input) show(input, found);
  }, pause));
}

// Whether the key was for the list.
export function pressed({ key, target: input }, find) {
  const rows = $$("[role=option]", listOf(input));
  if (!isOpen(input)) {
    if (key !== "ArrowDown" && key !== "ArrowUp") return false;
    typed(input, find, 0);
    return true;
  }
  const at = rows.indexOf(activeOf(input));
  if (key === "ArrowDown") activate(input, rows[(at + 1) % rows.length]);
  else if (key === "ArrowUp") activate(input, rows.at(at - 1));
  else if (key === "Enter") choose(input, rows[at]);
  else if (key === "Escape") close(input);
  else return false;
  return true;
}

// Whether the click was for an option.
export function clicked(target) {
  const row = target.closest("[role=option]");
  const input = row && $("[role=combobox]", row.closest(".combobox"));
  if (input) choose(input, row);
  return Boolean(input);
}

// Left: the list closes. A text that is no option stays, and the field says so.
export function left(input) {
  clearTimeout(timers.get(input));
  close(input);
  if (!input.value.trim()) input.chosen = null;
  return input.value.trim() && !chosenIn(input) ? "Choose one from the list: type a part of its name." : "";
}
