"""A file of partners in a real browser: chosen in the window, judged, asked for, and decided."""

import re
from typing import Any, Final

from playwright.async_api import FilePayload, Page, expect

from tests.scenarios.browser_page import IN_BROWSER, page, stage
from tests.scenarios.stage import Stage
from tests.scenarios.test_browser import Story
from tests.workflows.sheets.files import workbook

ROWS: Final[list[list[Any]]] = [
    ["Domain", "Template", "Days", "Cost centre"],
    ["adatum.com", "guest-collaboration", 90, 4711],
    ["tailspin.com", "guest-collaboration", 90, 4712],
    ["nobody.example", "guest-collaboration", 90, 4713],
]

pytestmark = IN_BROWSER
__all__ = ["page", "stage"]


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
