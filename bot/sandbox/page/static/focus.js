// Where the keyboard's focus is: kept in a dialog, given back afterwards, never lost by a swap.

import { $, $$, isShown, stops } from "./dom.js";

const INSIDE = ".modal-body :is(input, textarea, select, button)";
// What had the focus before the modal opened, with what it stood in.
let returnTo = [];

// The element that has the focus, with what it stands in, from the inside out.
export function focusTrail() {
  const trail = [];
  for (let at = document.activeElement; at && at !== document.body; at = at.parentElement) trail.push(at);
  return trail;
}

const hasFocus = () => document.activeElement && document.activeElement !== document.body;

// A swap took the focused element away: go on at the field that replaced it, such as a search whose block has a new ID,
// and otherwise at the nearest thing around it that is still there.
export function keepFocus(trail) {
  if (!trail.length || (trail[0].isConnected && isShown(trail[0]))) return;
  if (giveToSuccessor(trail)) return;
  const around = trail.slice(1).find((one) => one.isConnected && isShown(one) && (one.matches("[tabindex]") || stops(one).length));
  (around && (stops(around)[0] || around))?.focus({ preventScroll: true });
}

function giveToSuccessor([lost, ...around]) {
  const { element, actionId } = lost.dataset;
  const room = around.find((one) => one.isConnected && isShown(one));
  if (!element || !actionId || !room) return false;
  const next = $$(`[data-element="${CSS.escape(element)}"][data-action-id="${CSS.escape(actionId)}"]`, room).filter(isShown);
  if (next.length !== 1) return false;
  next[0].focus({ preventScroll: true });
  return true;
}

// While a modal is open, nothing behind it in the workspace can be reached. Closed, the focus goes back.
export function settleModal(before, trail = []) {
  const modal = $("[data-modal]");
  for (const part of [$("#chat-body"), $("#f-nav")]) part.inert = Boolean(modal);
  if (modal) {
    if (!before && trail.length) returnTo = trail;
    const isLost = !hasFocus() || document.activeElement.matches(".modal-body");
    if (modal.dataset.viewId !== before || isLost) focusFirst(modal);
  } else if (before) {
    if (!hasFocus()) giveBack();
    returnTo = [];
  }
}

function giveBack() {
  const [opener] = returnTo;
  if (opener?.isConnected && isShown(opener)) opener.focus({ preventScroll: true });
  else keepFocus(returnTo);
  if (!hasFocus()) ($("[data-testid=composer]") || $("#workspace")).focus({ preventScroll: true });
}

function focusFirst(modal) {
  const first = $("[data-focus]", modal) || $(INSIDE, modal) || $(".modal-body", modal);
  first.focus({ preventScroll: true });
}

// Tab goes around inside a dialog, and not out of it.
export function goAround(event) {
  const dialog = $("dialog[open]") || $("[data-modal]");
  if (!dialog?.contains(document.activeElement)) return;
  const all = stops(dialog);
  const [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
  if (document.activeElement !== from && all.includes(document.activeElement)) return;
  event.preventDefault();
  to?.focus();
}
