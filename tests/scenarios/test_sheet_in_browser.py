"""A file of partners in a real browser: chosen in the window, judged, asked for, and decided."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Page, expect

from tests.bot.sandbox.page.accessibility import SIZES
from tests.scenarios.stage import UNLIMITED, Stage, running_stage
from tests.scenarios.test_browser import Story
from tests.waiting import LONGEST_WAIT
from tests.warm.browser import IS_OPTIONAL, SKIP_REASON, as_new
from tests.workflows.sheets.files import workbook

ROWS: Final[list[list[Any]]] = [
    ["Domain", "Template", "Days", "Cost centre"],
    ["adatum.com", "guest-collaboration", 90, 4711],
    ["tailspin.com", "guest-collaboration", 90, 4712],
    ["nobody.example", "guest-collaboration", 90, 4713],
]

pytestmark = [
    pytest.mark.story,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(IS_OPTIONAL, reason=SKIP_REASON),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The sandbox of this story."""
    data = tmp_path_factory.mktemp("sheet") / "data"
    async with running_stage(Stage(data=data, warm=True, environment=UNLIMITED)) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: Page, stage: Stage) -> AsyncIterator[Page]:
    """The sandbox's page; an error in its script fails the test."""
    expect.set_options(timeout=1000 * LONGEST_WAIT)
    async with as_new(tab, *SIZES[0], is_still=True) as page:
        await page.goto(stage.url)
        yield page


def chosen(name: str, content: bytes) -> FilePayload:
    """A file as a person has it."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


async def test_a_workbook_is_chosen_in_the_window_and_decided(page: Page, stage: Stage) -> None:
    story = Story(page)
    modal = story.modal
    await page.get_by_test_id("composer").fill("/partner import")
    await page.get_by_test_id("send").click()
    field = modal.get_by_label("File of partners")
    await expect(field).to_be_visible()
    await story.looks("window of a file")

    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_contain_text("Please complete this required field.")
    await field.set_input_files(chosen("partners.pdf", b"%PDF-1.7"))
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_contain_text("Choose a file of one of these types: csv, xlsx, json, toml.")
    await field.set_input_files(chosen("partners.xlsx", workbook(ROWS)))
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_contain_text("You get the result as a direct message")
    await page.get_by_test_id("modal-close").click()

    await story.opens("dm")
    report = page.get_by_test_id("message").filter(has_text="partners.xlsx: checked")
    await expect(report).to_contain_text("3 rows: 2 would be added; 1 refused.")
    await expect(report).to_contain_text("Not used: “Cost centre”")
    await expect(page.get_by_role("link", name=re.compile("rows-"))).to_be_visible()
    await story.looks("report")
    await report.get_by_role("button", name="Ask for 2 partners…").click()
    await modal.get_by_label("Justification for rows without one").fill("They build the new portal with us.")
    await story.looks("window of the draft")
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)

    await story.acts_as("approver1")
    await story.opens("channel-partner-access")
    card = page.get_by_test_id("message").filter(has_text="2 partners: access from a sheet")
    await expect(card.get_by_role("button", name="Approve")).to_be_visible()
    await expect(card).to_contain_text("partners.xlsx")
    await story.looks("card of a sheet")
    assert await stage.writes() == []
    assert story.faults == []
