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


async def violations(page: Page) -> list[str]:
    """List what axe-core finds on the page as it is: the rule, why, and where."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = (await page.evaluate("options => axe.run(options)", _OPTIONS))["violations"]
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
