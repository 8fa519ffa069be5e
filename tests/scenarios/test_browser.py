"""The story in a real browser, from the empty page to the proof, with no typing beyond the form.

With `GATEHOUSE_PICTURES=docs/pictures` it also writes the README's pictures.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.scenarios.stage import CONTOSO, Stage

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [pytest.mark.story, pytest.mark.browser]

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium on this machine: apt-get install chromium"
)


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Page]:
    """The sandbox's page in a headless Chromium; an error in its script fails the test."""
    assert CHROMIUM is not None, "CI needs Chromium; .ci/run installs it"
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        page = await browser.new_page(viewport={"width": 1440, "height": 1180}, device_scale_factor=1)
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(stage.url)
        yield page
        await browser.close()
    assert errors == []


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder that pictures are written to."""
    folder = Path(os.environ.get("GATEHOUSE_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@needs_chromium
async def test_a_stranger_clicks_from_request_to_revoke(page: Page, stage: Stage, pictures: Path) -> None:
    """Asks as the project manager, decides as three approvers, moves the clock, revokes as the admin."""

    async def acts_as(handle: str) -> None:
        await page.get_by_test_id(f"as-{handle}").click()
        await expect(page.get_by_test_id(f"as-{handle}")).to_have_attribute("aria-current", "true")

    async def picture(name: str) -> None:
        await page.wait_for_timeout(300)
        await page.screenshot(path=pictures / f"{name}.png")

    await page.get_by_role("button", name="Ask as Riley").click()
    modal = page.get_by_test_id("modal")
    await modal.get_by_label("Partner domain or tenant ID").fill("contoso.com")
    await modal.get_by_label("Partner domain or tenant ID").press("Tab")
    await expect(modal).to_contain_text(CONTOSO)
    await modal.get_by_label("Access template").select_option("trusted-partner")
    await modal.get_by_label("Justification").fill("The bridge project needs their engineers in our Teams.")
    await picture("1-request")
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)

    for handle, name in (("approver1", "Amara"), ("approver2", "Bruno"), ("approver3", "Chie")):
        await acts_as(handle)
        await page.get_by_test_id("channel-partner-access").click()
        card = page.get_by_test_id("message").last
        await expect(card.get_by_role("button", name="Approve")).to_be_visible()
        if handle == "approver2":
            await card.get_by_role("heading").first.scroll_into_view_if_needed()
            await picture("2-decide")
        await card.get_by_role("button", name="Approve").click()
        await page.get_by_test_id("confirm-yes").click()
        await expect(card).to_contain_text(re.compile(rf"[Aa]pproved by .*{name}"))
    await expect(page.get_by_test_id(f"partner-{CONTOSO}")).to_be_visible()
    await expect(page.get_by_test_id("message").last).to_contain_text("verified")
    await expect(page.get_by_test_id("message").last.get_by_role("button", name="Approve")).to_have_count(0)
    await picture("3-applied")

    await page.get_by_test_id("clock-30d").click()
    await page.get_by_test_id("clock-1d").click()
    await acts_as("requester")
    await page.get_by_test_id("dm").click()
    await expect(page.get_by_role("button", name="Keep")).to_be_visible()
    await picture("4-review")

    await acts_as("admin")
    await page.get_by_test_id("channel-partner-access").click()
    await page.get_by_test_id("composer").fill("/partner revoke contoso.com")
    await page.get_by_test_id("send").click()
    await modal.get_by_label("Type contoso.com to confirm").fill("contoso.com")
    await picture("5-revoke")
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("message").last).to_contain_text("contoso.com: blocked (verified")
    await picture("6-blocked")
    assert [entry["method"] for entry in await stage.writes()] == ["POST", "PATCH"]
    partner = await stage.partner()
    assert partner is not None
    assert partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"
