"""A question in a real browser: asked from the card, answered from the message, read in the thread and in Details."""

from playwright.async_api import Page, expect

from tests.scenarios.browser_page import IN_BROWSER, page, stage
from tests.scenarios.stage import Stage
from tests.scenarios.test_browser import Story

QUESTION = "Which of the two sites do they need?"
ANSWER = "Only the bridge site."

pytestmark = IN_BROWSER
__all__ = ["page", "stage"]


async def test_an_approver_asks_the_requester_answers_and_the_thread_has_both(page: Page, stage: Stage) -> None:
    """axe-core finds no fault in the windows, the messages and the thread."""
    story = Story(page)
    assert (await stage.fill_in(template="guest-collaboration"))["errors"] == {}
    await stage.rest()
    await story.acts_as("approver1")
    await story.opens("channel-partner-access")
    card = page.get_by_test_id("message").first
    await expect(card).to_contain_text("Replies in threads are not read.")
    await card.get_by_role("button", name="Ask", exact=True).click()
    await story.modal.get_by_role("textbox", name="Question").fill(QUESTION)
    await expect(story.modal.get_by_label("Who answers").locator("option:checked")).to_contain_text("Riley Park")
    await story.looks("question")
    await page.get_by_test_id("modal-submit").click()
    await expect(story.modal).to_have_count(0)
    await expect(card).to_contain_text("1 question not answered")
    await story.looks("card with a question")

    await story.acts_as("requester")
    await story.opens("dm")
    asked = page.get_by_test_id("message").filter(has_text="question from Amara Okafor").last
    await asked.get_by_role("button", name="Answer", exact=True).click()
    await expect(story.modal).to_contain_text(QUESTION)
    await story.modal.get_by_role("textbox", name="Answer", exact=True).fill(ANSWER)
    await story.looks("answer")
    await page.get_by_test_id("modal-submit").click()
    await expect(story.modal).to_have_count(0)
    await expect(page.get_by_text("answered by Riley Park").first).to_be_visible()
    await story.looks("direct messages")

    await story.acts_as("approver1")
    await story.opens("channel-partner-access")
    await expect(card).not_to_contain_text("not answered")
    await expect(page.get_by_text(ANSWER).first).to_be_visible()
    await card.get_by_role("button", name="Details", exact=True).click()
    await expect(story.modal).to_contain_text("Questions and comments")
    await expect(story.modal).to_contain_text(ANSWER)
    await story.looks("Details")
    await page.get_by_test_id("modal-close").click()
    await card.get_by_role("button", name="Approve", exact=True).click()
    await expect(card).to_contain_text("verified")
    assert len(await stage.writes()) == 1
    assert story.faults == []
