"""What axe-core finds on the sandbox's page."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SIZES = ((1440, 1180), (390, 844))
"""A desktop and a phone: width and height in CSS pixels."""
_OPTIONS = {
    "runOnly": {"type": "tag", "values": list(RULES)},
    "resultTypes": ["violations"],
    "iframes": False,
    "preload": False,  # it would fetch the style sheets again at every look
}
_LOOK = """async options => {
  const isCovered = document.querySelector("[data-modal], [data-testid=confirm]") !== null;
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const seen = window.seenByAxe ||= new Set();
  const marked = document.querySelectorAll("[id^='f-'], [data-testid=message]");
  const parts = [...marked].filter(part => part.checkVisibility());
  const looks = (part, covered) => {
    const {x, width, height} = part.getBoundingClientRect();
    return [innerWidth, innerHeight, isDark, covered, x, width, height, part.outerHTML].join(" ");
  };
  const known = parts.filter(part => seen.has(looks(part, false)) || (isCovered && seen.has(looks(part, true))));
  const {violations} = await axe.run({include: document, exclude: known}, options);
  if (!violations.length) for (const part of parts) seen.add(looks(part, isCovered));
  return violations;
}"""
"""A part of the page that axe-core has seen exactly so, as wide and in the same colors, is not looked at again.

What was behind a window counts only while there is a window. Rules about the whole page are checked each time.
"""


async def violations(page: Page) -> list[str]:
    """List what axe-core finds on the page as it is: the rule, why, and where."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = await page.evaluate(_LOOK, _OPTIONS)
    return [
        f"{rule['id']}: {' '.join(str(node['failureSummary']).split())} At {node['target']}: {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]


async def violations_at_all_sizes(page: Page) -> list[str]:
    """Return what axe-core finds at the sizes of a desktop and a phone; afterwards the page has its former size."""
    before = page.viewport_size
    found = []
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        found += [f"{width} px: {one}" for one in await violations(page)]
    if before is not None:
        await page.set_viewport_size(before)
    return found
