"""The page of an audit report in a real browser: it loads nothing, fits on a phone, and axe-core finds no fault."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request

from bot.report.file_formats import FileFormat
from tests.bot.report.test_page import HOSTILE, story, written
from tests.bot.sandbox.page.accessibility import SIZES, violations_at_all_sizes
from tests.warm.browser import IS_OPTIONAL, SKIP_REASON, as_new

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(IS_OPTIONAL, reason=SKIP_REASON),
]
IS_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: Page) -> AsyncIterator[Page]:
    """A page that may run scripts, so that a script in a report would run. An error on it fails the test."""
    async with as_new(tab, *SIZES[0], is_still=True) as page:
        yield page


async def test_an_auditor_opens_the_page_and_nothing_of_it_is_loaded_or_run(page: Page, tmp_path: Path) -> None:
    asked: list[str] = []

    def on_request(request: Request) -> None:
        asked.append(request.url)

    path = tmp_path / "report.html"
    path.write_text(await written(FileFormat.HTML, story(), story("Joint launch"), partner=HOSTILE), "utf-8")
    page.on("request", on_request)
    page.on("dialog", lambda _: asked.append("a script ran"))
    await page.goto(path.as_uri())
    assert asked == [path.as_uri()], "one self-contained file"
    assert "Joint launch" in await page.locator("article").last.inner_text()
    assert await page.locator("script, img").count() == 0
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        assert not await page.evaluate(IS_WIDE), f"nothing is beside the page at {width} px"
    color = await page.locator(".standing").first.evaluate("node => getComputedStyle(node).borderLeftStyle")
    assert color == "solid", "the page's own style is allowed"


async def test_the_page_is_readable_for_everybody(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    # NB. the page forbids every script, axe-core's too. It is looked at without its policy.
    text = await written(FileFormat.HTML, story("Joint launch"))
    path.write_text(text.replace('http-equiv="Content-Security-Policy"', 'name="policy"'), "utf-8")
    await page.goto(path.as_uri())
    assert await violations_at_all_sizes(page) == []
