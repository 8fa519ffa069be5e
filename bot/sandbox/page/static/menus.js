// A button with a menu: https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/

import { $, $$ } from "./dom.js";

const OPEN = "[aria-haspopup=menu][aria-expanded=true]";
const itemsOf = (button) => $$("[role=menuitem]", button.nextElementSibling);

function open(button, last = false) {
  button.setAttribute("aria-expanded", "true");
  itemsOf(button).at(last ? -1 : 0)?.focus();
}

export function closeMenus({ except = null, focus = false } = {}) {
  for (const button of $$(OPEN)) {
    if (button.parentElement.contains(except)) continue;
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
  }
}

// Whether the click was for a menu's button, and nothing else is to be done.
export function clicked(target) {
  const button = target.closest("[aria-haspopup=menu]");
  closeMenus({ except: target });
  if (button?.getAttribute("aria-expanded") === "true") button.setAttribute("aria-expanded", "false");
  else if (button) open(button);
  return Boolean(button);
}

// Whether the key was for a menu.
export function pressed({ key, target }) {
  const button = target.closest("[aria-haspopup=menu]");
  if (button && (key === "ArrowDown" || key === "ArrowUp")) {
    open(button, key === "ArrowUp");
    return true;
  }
  const menu = target.closest("[role=menu]") || (button && $(OPEN) === button ? button.nextElementSibling : null);
  if (!menu) return false;
  if (key === "Escape") {
    closeMenus({ focus: true });
    return true;
  }
  if (key === "Tab") closeMenus({ focus: true });
  const items = $$("[role=menuitem]", menu);
  const at = items.indexOf(target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[key];
  if (to !== undefined) items.at(to % items.length).focus();
  else if (key.length === 1 && key !== " ") {
    const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    after.find((one) => one.textContent.trim().toLowerCase().startsWith(key.toLowerCase()))?.focus();
  }
  return to !== undefined;
}
