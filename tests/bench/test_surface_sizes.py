"""In a browser: the approval card of every shipped template fits on one screen, with its buttons in view."""

from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from tests.bench.batch_surfaces import batch_messages
from tests.bench.review_surfaces import review_messages
from tests.bench.surfaces import cards, homes, messages
from tests.bot.sandbox.page.stage import CHANNELS, PEOPLE, Stage
from tests.warm.browser import IS_OPTIONAL, SKIP_REASON, as_new

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(IS_OPTIONAL, reason=SKIP_REASON),
]

MAX_PIXELS: Final = {1440: 700, 1024: 700, 390: round(1.5 * 844)}
"""The most pixels of a message by the width of the window: one screen, and 1.5 screens of a phone."""

MAX_HOME_PIXELS: Final = 1100
"""The most pixels of an App Home with ten waiting records on a phone of 390 px."""


async def boxes(page: Page, width: int) -> list[dict[str, Any]]:
    """The size of each message, and how far below its top its last button ends."""
    await page.set_viewport_size({"width": width, "height": 900})
    found: list[dict[str, Any]] = await page.get_by_test_id("message").evaluate_all(
        """all => all.map(one => {
            const box = one.getBoundingClientRect(), buttons = [...one.querySelectorAll("button")]
            const ends = buttons.map(each => each.getBoundingClientRect().bottom - box.top)
            return {height: box.height, wide: one.scrollWidth > one.clientWidth + 1, last: Math.max(0, ...ends)}
        })"""
    )
    return found


async def test_every_card_and_message_fits_on_one_screen(tab: Page, tmp_path: Path) -> None:
    shown = {**cards(), **messages(), **batch_messages(), **review_messages()}
    stage = Stage(tmp_path)
    for name, blocks in shown.items():
        stage.post(CHANNELS["partner-access"], name, blocks=blocks)
    await stage.change()
    async with TestServer(stage.app()) as server, as_new(tab, width=1280, height=720) as page:
        await page.goto(str(server.make_url("/?as=approver1&channel=partner-access")))
        for width, most in MAX_PIXELS.items():
            found = dict(zip(shown, await boxes(page, width), strict=True))
            assert {name: one["height"] for name, one in found.items() if one["height"] > most} == {}, width
            assert [name for name, one in found.items() if one["wide"]] == [], f"nothing is cut off at {width}"
            decided = [*cards(), "batch", "batch-again", *review_messages()]
            assert [name for name in decided if not 0 < found[name]["last"] <= most] == [], "buttons are in view"


@pytest.mark.parametrize("name", ["home-approver", "home-reviewer"])
async def test_ten_records_that_wait_are_low_on_a_phone(tab: Page, tmp_path: Path, name: str) -> None:
    stage = Stage(tmp_path)
    stage.slack.views.homes[PEOPLE["approver1"]] = {"id": "V0HOME", **homes()[name]}
    await stage.change()
    async with TestServer(stage.app()) as server, as_new(tab, width=390, height=844) as page:
        await page.goto(str(server.make_url("/?as=approver1&channel=home")))
        box = await page.get_by_test_id("home-view").last.bounding_box()
    assert box is not None
    assert box["height"] <= MAX_HOME_PIXELS
