"""A question in a real browser: asked from the card, answered from the message, read in the thread and in Details."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.bot.sandbox.page.accessibility import SIZES
from tests.scenarios.stage import UNLIMITED, Stage, running_stage
from tests.scenarios.test_browser import Story
from tests.waiting import LONGEST_WAIT
from tests.warm.browser import IS_OPTIONAL, SKIP_REASON, as_new

QUESTION = "Which of the two sites do they need?"
ANSWER = "Only the bridge site."

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
    data = tmp_path_factory.mktemp("conversation") / "data"
    async with running_stage(Stage(data=data, warm=True, environment=UNLIMITED)) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: Page, stage: Stage) -> AsyncIterator[Page]:
    """The sandbox's page; an error in its script fails the test."""
    expect.set_options(timeout=1000 * LONGEST_WAIT)
    async with as_new(tab, *SIZES[0], is_still=True) as page:
        await page.goto(stage.url)
        yield page


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
