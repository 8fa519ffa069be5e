// Short words for the document, for all scripts of the page.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const CAN_HAVE_FOCUS = "a[href], button, input, select, textarea, summary, [tabindex]";

export const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");

// What Tab stops at inside `root`, in order. Of radio buttons with one name, Tab stops at one.
export function stops(root) {
  const all = $$(CAN_HAVE_FOCUS, root).filter((one) => one.tabIndex >= 0 && !one.disabled && isShown(one));
  const ticked = new Set(all.filter((one) => one.type === "radio" && one.checked).map((one) => one.name));
  return all.filter((one) => one.type !== "radio" || one.checked || !ticked.has(one.name));
}
