"""The stories in a real browser, from the empty page to the proof: by mouse, and by keyboard alone.

The first also makes the README's pictures: `uv run poe pictures`.
"""

import re
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Locator, Page, expect

from tests.bot.sandbox.page.accessibility import SIZES, violations, violations_at_all_sizes
from tests.scenarios.browser_page import IN_BROWSER, page, stage
from tests.scenarios.keyboard import Keyboard
from tests.scenarios.pictures import Pictures
from tests.scenarios.stage import CONTOSO, Stage

FABRIKAM = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
APPROVERS = (("approver1", "Amara"), ("approver2", "Bruno"), ("approver3", "Chie"))

pytestmark = IN_BROWSER
__all__ = ["page", "stage"]


@dataclass
class Story:
    """One page, with what a person does and what is looked at on the way."""

    page: Page
    faults: list[str] = field(default_factory=list)

    @property
    def modal(self) -> Locator:
        """The open modal."""
        return self.page.get_by_test_id("modal")

    @property
    def newest(self) -> Locator:
        """The newest message of the conversation."""
        return self.page.get_by_test_id("message").last

    async def acts_as(self, handle: str) -> None:
        """Become somebody else."""
        await self.page.get_by_test_id(f"as-{handle}").click()
        await expect(self.page.get_by_test_id(f"as-{handle}")).to_have_attribute("aria-current", "true")

    async def opens(self, place: str) -> None:
        """Open a channel, the direct messages or the home."""
        await self.page.get_by_test_id(place).click()
        await expect(self.page.get_by_test_id(place)).to_have_attribute("aria-current", "page")

    async def looks(self, where: str) -> None:
        """Check the present page with axe-core, at the sizes of a desktop and a phone."""
        self.faults += [f"{where}, {fault}" for fault in await violations_at_all_sizes(self.page)]

    async def looks_at_each_part_on_a_phone(self) -> None:
        """Let axe-core look at the parts that a phone shows one at a time, and at dark colors."""
        await self.page.set_viewport_size({"width": SIZES[1][0], "height": SIZES[1][1]})
        for part in ("People", "Entra tenant", "Workspace"):
            await self.page.get_by_role("button", name=part, exact=True).click()
            self.faults += [f"{part}, {fault}" for fault in await violations(self.page)]
        await self.page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
        await self.page.emulate_media(color_scheme="dark")
        self.faults += [f"dark, {fault}" for fault in await violations(self.page)]
        await self.page.emulate_media(color_scheme="light")


@pytest.fixture
def story(page: Page) -> Story:
    """The story on the page."""
    return Story(page)


async def test_a_new_visitor_clicks_from_request_to_revoke(story: Story, stage: Stage) -> None:
    """Asks as the project manager, decides as three approvers, moves the clock, revokes as the admin.

    axe-core finds no fault anywhere on the way.
    """
    page, modal, pictures = story.page, story.modal, Pictures(story.page)
    await story.looks("start page")
    await story.looks_at_each_part_on_a_phone()
    await page.get_by_role("button", name="Request as Riley").click()
    await modal.get_by_label("Partner domain or tenant ID").fill("contoso.com")
    await modal.get_by_label("Partner domain or tenant ID").press("Tab")
    await expect(modal).to_contain_text(CONTOSO)
    await modal.get_by_label("Access template").select_option("trusted-partner")
    await modal.get_by_label("Justification").fill("The bridge project needs their engineers in our Teams.")
    await story.looks("form")
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)
    await story.acts_as("approver1")
    await pictures.card("1-approve")
    for handle, name in APPROVERS:
        await approves(story, handle, name)
    await expect(page.get_by_test_id(f"partner-{CONTOSO}")).to_be_visible()
    await expect(story.newest).to_contain_text("verified")
    await expect(story.newest.get_by_role("button", name="Approve")).to_have_count(0)

    await page.get_by_test_id("clock-30d").click()
    await page.get_by_test_id("clock-1d").click()
    await story.acts_as("requester")
    await story.opens("dm")
    await expect(page.get_by_role("button", name="Keep")).to_be_visible()
    await story.looks("direct messages")

    await story.acts_as("admin")
    await story.opens("channel-partner-access")
    await page.get_by_test_id("composer").fill("/partner revoke contoso.com")
    await page.get_by_test_id("send").click()
    await modal.get_by_label("Type contoso.com to confirm").fill("contoso.com")
    await story.looks("revocation")
    await page.get_by_test_id("modal-submit").click()
    await expect(story.newest).to_contain_text("contoso.com: blocked (verified")
    await pictures.workspace_and_tenant("2-revoke")
    assert [entry["method"] for entry in await stage.writes()] == ["POST", "PATCH"]
    await is_blocked(stage, CONTOSO)
    await asks_for_more(stage)
    await sees_every_role(story, pictures)
    assert story.faults == []


async def approves(story: Story, handle: str, name: str) -> None:
    """Approve the newest request as somebody; look at the page where Bruno does."""
    await story.acts_as(handle)
    await story.opens("channel-partner-access")
    card = story.newest
    await expect(card.get_by_role("button", name="Approve")).to_be_visible()
    if handle == "approver2":
        await story.looks("card")
        await card.get_by_role("button", name="Details").click()
        await expect(story.modal).to_be_visible()
        await story.looks("Details")
        await story.page.get_by_test_id("modal-close").click()
        await expect(story.modal).to_have_count(0)
    await card.get_by_role("button", name="Approve").click()
    if handle == "approver2":
        await story.looks("confirmation")
    await story.page.get_by_test_id("confirm-yes").click()
    await expect(card).to_contain_text(re.compile(rf"[Aa]pproved by .*{name}"))


async def asks_for_more(stage: Stage) -> None:
    """Let Riley ask for three more partners, so that the homes have something to show."""
    for domain, template in (
        ("northwind.com", "guest-collaboration"),
        ("tailspin.com", "teams-shared-channels"),
        ("litware.com", "trusted-partner"),
    ):
        assert (await stage.fill_in(target=domain, template=template))["errors"] == {}
    await stage.rest()


async def sees_every_role(story: Story, pictures: Pictures) -> None:
    """Look at the home of everybody."""
    for handle in ("requester", "approver1", "admin", "guest", "outsider"):
        await story.acts_as(handle)
        await story.opens("home")
        await expect(story.page.get_by_test_id("home-view")).not_to_contain_text("Opening")
        await story.looks(f"home of {handle}")
        if handle == "approver1":
            await expect(story.page.get_by_role("button", name="Review")).to_have_count(3)
            await pictures.home("3-home")


async def is_blocked(stage: Stage, tenant_id: str) -> None:
    """Assert that the tenant blocks a partner."""
    partner = await stage.partner(tenant_id)
    assert partner is not None
    assert partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


async def test_the_keyboard_is_enough_for_everything(story: Story, stage: Stage) -> None:
    """Only Tab, Shift+Tab, Enter, Space, arrows, Escape and typing; every stop of the focus shows its ring."""
    page, modal, keys = story.page, story.modal, Keyboard(story.page)
    shortcuts = page.get_by_role("button", name="Shortcuts")
    await keys.press_on(shortcuts, "Space")
    await expect(page.get_by_role("menuitem", name="Request partner access")).to_be_focused()
    await keys.press("Escape")
    await expect(shortcuts).to_be_focused()
    await keys.press("ArrowDown", "Enter")
    await fills_in_by_keyboard(keys, modal)
    await expect(modal).to_have_count(0)
    await expect(page.locator(":focus")).to_have_count(1)
    for handle, name in APPROVERS:
        await keys.press_on(page.get_by_test_id(f"as-{handle}"), back=True)
        await expect(page.get_by_test_id(f"as-{handle}")).to_have_attribute("aria-current", "true")
        await expect(story.newest).to_contain_text("fabrikam.com")
        if handle == "approver1":
            await reads_details_by_keyboard(keys, story)
        await keys.press_on(story.newest.get_by_role("button", name="Approve"))
        await expect(page.get_by_test_id("confirm-no")).to_be_focused()
        await keys.press_on(page.get_by_test_id("confirm-yes"))
        await expect(story.newest).to_contain_text(re.compile(rf"[Aa]pproved by .*{name}"))
        await expect(story.newest.locator(":focus")).to_have_count(1)
    await expect(story.newest).to_contain_text("verified")

    await keys.press_on(page.get_by_test_id("as-admin"), back=True)
    await keys.tab_to(page.get_by_test_id("composer"))
    await keys.type("/partner revoke fabrikam.com")
    await keys.press("Enter")
    await keys.tab_to(modal.get_by_label("Type fabrikam.com to confirm"))
    await keys.type("fabrikam.com")
    await keys.press_on(page.get_by_test_id("modal-submit"))
    await expect(story.newest).to_contain_text("fabrikam.com: blocked (verified")
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await is_blocked(stage, FABRIKAM)


async def fills_in_by_keyboard(keys: Keyboard, modal: Locator) -> None:
    """Ask for Fabrikam: find an application by its name, change one's mind about the template, send."""
    domain, template = modal.get_by_label("Partner domain or tenant ID"), modal.get_by_label("Access template")
    await expect(domain).to_be_focused()
    await keys.type("fabrikam.com")
    await keys.press("Enter")
    await expect(modal).to_contain_text(FABRIKAM)
    await keys.tab_to(template)
    await keys.type("One application")
    await expect(template).to_have_value("contractor-portal")
    application = modal.get_by_role("combobox", name="Portal application")
    await keys.tab_to(application)
    await keys.type("Contractor")
    await expect(modal.get_by_role("option", name="Contractor portal")).to_be_visible()
    await keys.press("Enter")
    await expect(application).to_have_value(re.compile("Contractor portal"))
    await keys.tab_to(template, back=True)
    await keys.type("Guests with their own")
    await expect(template).to_have_value("trusted-partner")
    await expect(application).to_have_count(0)
    await keys.tab_to(modal.get_by_label("Sponsor"))
    await keys.type("Dana")
    await expect(modal.get_by_label("Sponsor")).to_have_value("U0ADMIN0001")
    await keys.tab_to(modal.get_by_label("Justification"), back=True)
    await keys.type("Their designers draw the second bridge with us.")
    await keys.press_on(modal.get_by_test_id("modal-submit"))


async def reads_details_by_keyboard(keys: Keyboard, story: Story) -> None:
    """Open Details, go around in it, close it: the focus is back on its button."""
    details = story.newest.get_by_role("button", name="Details")
    await keys.press_on(details)
    await expect(story.modal).to_be_visible()
    for key in ("Tab", "Tab", "Tab", "Tab", "Shift+Tab"):
        await keys.press(key)
        await expect(story.modal.locator(":focus")).to_have_count(1)
    await keys.press("Escape")
    await expect(story.modal).to_have_count(0)
    await expect(details).to_be_focused()
    await keys.tab_to(story.newest.get_by_role("button", name="Approve"), back=True)


async def opens_details(story: Story, handle: str) -> None:
    """Open Details of the newest request in the channel as somebody."""
    await story.acts_as(handle)
    await story.opens("channel-partner-access")
    await story.newest.get_by_role("button", name="Details").click()
    await expect(story.modal).to_contain_text("Approval policy")


async def test_changes_are_requested_edited_and_approved_in_the_browser(story: Story, stage: Stage) -> None:
    """The requester of the usual story asks for another partner."""
    page, modal, writes = story.page, story.modal, len(await stage.writes())
    assert (await stage.fill_in(target="adatum.com"))["errors"] == {}
    await stage.rest()
    await opens_details(story, "approver1")
    await modal.get_by_role("button", name="Request changes").click()
    await modal.get_by_label("What must change").fill("Please ask for 90 days only.")
    await story.looks("request changes")
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_contain_text("Approval policy")
    await page.get_by_test_id("modal-close").click()

    await story.acts_as("requester")
    await story.opens("dm")
    await expect(story.newest).to_contain_text("Please ask for 90 days only.")
    await story.looks("what is asked for")
    await story.newest.get_by_role("button", name="Edit").click()
    await expect(modal.get_by_label("Justification")).to_have_value("Joint bridge project")
    await modal.get_by_label("Duration").select_option("90")
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)

    await story.acts_as("approver1")
    await story.opens("dm")
    await expect(story.newest).to_contain_text(re.compile("was\\s+180 days.*now\\s+90 days", re.DOTALL))
    for handle, _ in APPROVERS:
        await story.acts_as(handle)
        await story.opens("dm")
        await expect(story.newest).to_contain_text("90 days")
        await story.newest.get_by_role("button", name="Approve").click()
        await page.get_by_test_id("confirm-yes").click()
        await expect(story.newest).to_contain_text(re.compile("You approved this|verified"))
    await stage.rest()
    assert len(await stage.writes()) == writes + 1
    assert story.faults == []
