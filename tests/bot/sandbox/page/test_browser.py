"""In a real browser: nothing typed is lost, errors show at their fields, the keyboard is enough."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from tests.bot.sandbox.page import samples
from tests.bot.sandbox.page.accessibility import violations, violations_at_all_sizes
from tests.bot.sandbox.page.stage import CHANNELS, PEOPLE, Stage
from tests.warm.browser import IS_OPTIONAL, SKIP_REASON, as_new

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(IS_OPTIONAL, reason=SKIP_REASON),
]


@pytest_asyncio.fixture(loop_scope="session")
async def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    await made.change()
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: Page, stage: Stage) -> AsyncIterator[Page]:
    async with TestServer(stage.app()) as server, as_new(tab, width=1280, height=800) as page:
        await page.goto(str(server.make_url("/")))
        yield page


async def sent(stage: Stage, call: str) -> samples.Json:
    """Wait until the page has sent a call; returns the newest."""
    for _ in range(500):
        if found := [body for name, body in stage.posts if name == call]:
            return found[-1]
        await asyncio.sleep(0.02)
    raise AssertionError(f"the page did not send {call}")


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_home_opens_at_its_top_also_when_it_is_long(page: Page, stage: Stage, width: int) -> None:
    rows = [{"type": "section", "text": {"type": "plain_text", "text": f"Row {number}"}} for number in range(60)]
    stage.slack.views.homes[PEOPLE["requester"]] = {"id": "V0HOME", "type": "home", "blocks": rows}
    await stage.change()
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(f"{page.url.split('?')[0]}?as=requester&channel=home")
    await expect(page.get_by_text("Row 59")).to_be_attached()
    for wait in (0, 300):
        await page.wait_for_timeout(wait)
        assert await page.evaluate("document.querySelector('#f-messages').scrollTop") == 0
        assert await page.evaluate("window.scrollY") == 0
    await expect(page.get_by_text("Row 0", exact=True)).to_be_in_viewport()


async def test_the_visit_needs_no_typing_beyond_the_form(page: Page, stage: Stage) -> None:
    await page.get_by_role("button", name="Request as Riley").click()
    await expect(page.get_by_label("Partner domain or tenant ID")).to_be_focused()
    await page.keyboard.type("contoso.com")
    await page.keyboard.press("Tab")
    await page.get_by_label("Access template").select_option("trusted")
    await expect(page.get_by_test_id("modal")).to_contain_text("no partner configuration yet")
    await expect(page.get_by_label("Partner domain or tenant ID")).to_have_value("contoso.com")
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_text("Say why they need access.")).to_be_visible()
    await expect(page.get_by_label("Justification")).to_be_focused()
    await page.keyboard.type("Project Alpine")
    await expect(page.get_by_text("Say why they need access.")).to_have_count(0)
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    values = (await sent(stage, "submit"))["values"]
    assert values["domain"]["domain"] == {"type": "plain_text_input", "value": "contoso.com"}
    assert values["template"]["template"]["selected_option"]["value"] == "trusted"
    assert values["sponsor"]["sponsor"] == {"type": "users_select", "selected_user": "U0REQUESTER"}
    await page.get_by_role("button", name="Act as Amara").click()
    await expect(page).to_have_url(re.compile("as=approver1"))
    await page.get_by_role("button", name="Approve", exact=True).click()
    await expect(page.get_by_test_id(f"partner-{samples.CONTOSO}").locator("[data-changed]")).to_have_count(4)
    click = await sent(stage, "click")
    assert (click["user"], click["action_id"], click["value"]) == ("approver1", "approve", "r1:abc")
    await page.get_by_test_id("clock-1d").click()
    await expect(page.get_by_test_id("tenant")).to_be_visible()
    assert await sent(stage, "clock") == {"advance_seconds": 86400}


async def test_a_swap_loses_nothing(page: Page, stage: Stage) -> None:
    composer = page.get_by_test_id("composer")
    await composer.fill("/partner show conto")
    stage.post(CHANNELS["partner-access"], "news")
    await stage.change()
    await expect(page.get_by_text("news")).to_be_visible()
    await expect(composer).to_be_focused()
    await expect(composer).to_have_value("/partner show conto")
    await composer.fill("/partner request")
    await composer.press("Enter")
    why = page.get_by_label("Justification")
    await why.fill("half a sen")
    view = samples.request_view("*Contoso*")
    view["blocks"].insert(0, {"type": "header", "text": samples.plain("Put before")})
    stage.slack.views.open[PEOPLE["requester"]] = view
    await stage.change()
    await expect(page.get_by_text("Put before")).to_be_visible()
    await expect(why).to_have_value("half a sen")
    await expect(why).to_be_focused()


async def test_a_search_whose_block_gets_a_new_id_keeps_the_focus(page: Page, stage: Stage) -> None:
    """The App Home draws its search field again under another block ID for another text."""

    def home(block_id: str, text: str) -> samples.Json:
        button = {"type": "button", "action_id": "new", "text": {"type": "plain_text", "text": "New request"}}
        field = {"type": "plain_text_input", "action_id": "home_search", **({"initial_value": text} if text else {})}
        label = {"type": "plain_text", "text": "Search this page"}
        search = {"type": "input", "block_id": block_id, "label": label, "element": field, "dispatch_action": True}
        blocks = [{"type": "actions", "block_id": "home", "elements": [button]}, search]
        return {"id": "V0HOME", "type": "home", "hash": block_id, "blocks": blocks}

    user = PEOPLE["requester"]
    stage.slack.views.homes[user] = home("search:one", "")
    await page.goto(f"{page.url.split('?')[0]}?as=requester&channel=home")
    field = page.get_by_label("Search this page")
    await field.fill("contoso")
    stage.slack.views.homes[user] = home("search:two", "contoso")
    await stage.change()
    await expect(page.locator("[data-block-id='search:two']").first).to_be_visible()
    await expect(field).to_have_value("contoso")
    await expect(field).to_be_focused()


async def test_modals_by_keyboard(page: Page, stage: Stage) -> None:
    await page.get_by_test_id("composer").fill("/partner request")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Partner domain or tenant ID")).to_be_focused()
    await page.keyboard.type("contoso.com")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("modal")).to_contain_text("no partner configuration yet")
    assert [call for call, _ in stage.posts] == ["command", "click"]
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    await expect(page.get_by_test_id("composer")).to_be_focused()


def with_search(kind: str) -> samples.Json:
    """The request form with a field that searches."""
    view = samples.request_view()
    element = {"type": kind, "action_id": "group", "placeholder": samples.plain("A group"), "min_query_length": 2}
    field = {"type": "input", "block_id": "group", "label": samples.plain("Pilot group"), "element": element}
    view["blocks"].insert(0, field)
    return view


FOUND = [samples.option("Bridge project", "g1"), samples.option("Bridge pilots", "g2")]


async def test_an_external_select_is_a_combobox(page: Page, stage: Stage) -> None:
    """https://www.w3.org/WAI/ARIA/apg/patterns/combobox/: the focus stays in the field, arrows move in the list."""
    stage.slack.views.open[PEOPLE["requester"]] = with_search("external_select")
    stage.answers["suggest"] = {"ok": True, "suggest": FOUND}
    await stage.change()
    field = page.get_by_role("combobox", name="Pilot group")
    await expect(field).to_be_focused()
    await page.keyboard.type("b")
    await page.keyboard.type("ri")
    options = page.get_by_role("listbox", name="Pilot group").get_by_role("option")
    await expect(options).to_have_text(["Bridge project", "Bridge pilots"])
    await expect(page.get_by_text("2 found. Choose one.")).to_have_count(1)
    asked = [body for call, body in stage.posts if call == "suggest"]
    assert [(one["action_id"], one["value"]) for one in asked] == [("group", "bri")]
    await expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowDown")
    await expect(field).to_have_attribute("aria-activedescendant", str(await options.nth(1).get_attribute("id")))
    await page.keyboard.press("Escape")
    await expect(field).to_have_attribute("aria-expanded", "false")
    await expect(page.get_by_test_id("modal")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Choose one from the list")).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("ArrowDown")
    await expect(field).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("Bridge pilots")
    await page.keyboard.press("Tab")
    await stage.change()
    await expect(field).to_have_value("Bridge pilots")
    await expect(page.get_by_text("Choose one from the list")).to_have_count(0)
    await page.get_by_test_id("modal-submit").click()
    assert (await sent(stage, "submit"))["values"]["group"]["group"]["selected_option"] == FOUND[1]


async def test_an_option_can_be_clicked_and_a_changed_text_is_no_choice(page: Page, stage: Stage) -> None:
    stage.slack.views.open[PEOPLE["requester"]] = with_search("external_select")
    stage.answers["suggest"] = {"ok": True, "suggest": FOUND}
    await stage.change()
    field = page.get_by_role("combobox", name="Pilot group")
    await field.fill("bri")
    await page.get_by_role("option", name="Bridge project").click()
    await expect(field).to_have_value("Bridge project")
    await expect(field).to_be_focused()
    await page.keyboard.type("x")
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_text("Choose one from the list")).to_be_visible()
    await expect(field).to_be_focused()
    assert [call for call, _ in stage.posts if call == "submit"] == []
    await field.fill("")
    await page.get_by_test_id("modal-submit").click()
    assert (await sent(stage, "submit"))["values"]["group"]["group"]["selected_option"] is None


async def test_an_external_select_of_several_asks_the_bot_while_somebody_types(page: Page, stage: Stage) -> None:
    stage.slack.views.open[PEOPLE["requester"]] = with_search("multi_external_select")
    stage.answers["suggest"] = {"ok": True, "suggest": FOUND}
    await stage.change()
    search = page.get_by_label("Search: A group")
    await search.fill("br")
    await search.fill("bri")
    select = page.get_by_label("Pilot group")
    await expect(select.locator("option")).to_have_text(["Bridge project", "Bridge pilots"])
    asked = [body for call, body in stage.posts if call == "suggest"]
    assert [(one["action_id"], one["value"]) for one in asked] == [("group", "bri")]
    await select.select_option("g2")
    await stage.change()
    await expect(select).to_have_values(["g2"])
    await page.get_by_test_id("modal-submit").click()
    assert (await sent(stage, "submit"))["values"]["group"]["group"]["selected_options"] == [FOUND[1]]


async def test_a_menu_is_operated_by_keys(page: Page, stage: Stage) -> None:
    """https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/"""
    options = [samples.option("Show", "show"), samples.option("Revoke", "revoke")]
    menu = {"type": "overflow", "action_id": "more", "options": options}
    blocks = [{"type": "actions", "block_id": "a", "elements": [menu]}]
    stage.post(CHANNELS["partner-access"], "card", blocks=blocks)
    await stage.change()
    button = page.get_by_role("button", name="More actions")
    first, last = page.get_by_role("menuitem", name="Show"), page.get_by_role("menuitem", name="Revoke")
    await button.focus()
    await page.keyboard.press("ArrowDown")
    await expect(first).to_be_focused()
    await stage.change()
    await expect(button).to_have_attribute("aria-expanded", "true")
    for key, item in (("ArrowUp", last), ("ArrowDown", first), ("End", last), ("Home", first), ("r", last)):
        await page.keyboard.press(key)
        await expect(item).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(button).to_be_focused()
    await expect(first).to_be_hidden()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(button).to_be_focused()
    assert (await sent(stage, "click"))["selected"] == "revoke"
    await page.keyboard.press("Space")
    await expect(first).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(first).to_be_hidden()


async def test_the_focus_stays_in_a_modal_and_goes_back_afterwards(page: Page, stage: Stage) -> None:
    stage.post(CHANNELS["partner-access"], "card", blocks=samples.CARD_BLOCKS)
    await stage.change()
    reject = page.get_by_role("button", name="Reject")
    await reject.focus()
    await page.keyboard.press("Enter")
    no, yes = page.get_by_test_id("confirm-no"), page.get_by_test_id("confirm-yes")
    await expect(page.get_by_role("dialog", name="Reject this request?")).to_be_visible()
    for key, button in (("Tab", yes), ("Tab", no), ("Shift+Tab", yes)):
        await page.keyboard.press(key)
        await expect(button).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(reject).to_be_focused()
    stage.slack.views.open[PEOPLE["requester"]] = samples.request_view()
    await stage.change()
    modal = page.get_by_test_id("modal")
    await expect(page.get_by_label("Partner domain or tenant ID")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_test_id("modal-submit")).to_be_focused()
    for _ in range(12):
        await page.keyboard.press("Tab")
        await expect(modal.locator(":focus")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    await expect(reject).to_be_focused()


async def test_the_focus_moves_nearby_when_its_button_is_gone(page: Page, stage: Stage) -> None:
    card = stage.post(CHANNELS["partner-access"], "card", blocks=list(samples.CARD_BLOCKS))
    await stage.change()
    await page.get_by_role("button", name="Approve", exact=True).focus()
    card["blocks"][-1] = {"type": "actions", "block_id": "a", "elements": [samples.button("Details", "details")]}
    await stage.change()
    await expect(page.get_by_test_id("message").locator(":focus")).to_have_count(1)


async def test_a_confirm_dialog_comes_before_the_click(page: Page, stage: Stage) -> None:
    stage.post(CHANNELS["partner-access"], "card", blocks=samples.CARD_BLOCKS)
    await stage.change()
    await page.get_by_role("button", name="Reject").click()
    await page.get_by_test_id("confirm-no").click()
    assert stage.posts == []
    await page.get_by_role("button", name="Reject").click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(page.get_by_test_id("confirm")).to_have_count(0)
    assert (await sent(stage, "click"))["action_id"] == "reject"


async def test_a_failed_call_says_why_and_gives_the_text_back(page: Page, stage: Stage) -> None:
    stage.answers["command"] = {"ok": False, "error": "dispatch_failed", "message": "the bot does not answer"}
    await page.get_by_test_id("composer").fill("/partner list")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("toast")).to_have_text("the bot does not answer")
    await expect(page.get_by_test_id("composer")).to_have_value("/partner list")


async def test_the_guide_opens_and_closes_next_to_messages(page: Page, stage: Stage) -> None:
    stage.post(CHANNELS["partner-access"], "card", blocks=samples.CARD_BLOCKS)
    await stage.change()
    await expect(page.get_by_test_id("step-1")).to_be_hidden()
    await page.get_by_text("Steps", exact=True).click()
    await expect(page.get_by_test_id("step-1")).to_be_visible()
    await page.get_by_text("Steps", exact=True).click()
    await expect(page.get_by_test_id("step-1")).to_be_hidden()


async def test_the_log_can_be_narrowed_and_opened(page: Page, stage: Stage) -> None:
    stage.apply(samples.trusted_partner(), "POST")
    await stage.change()
    line = page.get_by_test_id("graph-log").get_by_text("POST")
    await line.click()
    await expect(page.get_by_test_id("graph-log")).to_contain_text('"isMfaAccepted": true')
    await stage.change()
    await page.get_by_test_id("log-slack").click()
    await expect(page.get_by_text("No requests yet.")).to_be_visible()


async def test_a_link_of_slacks_own_opens_its_place_on_the_page(page: Page, stage: Stage) -> None:
    await page.get_by_test_id("as-approver1").click()
    await expect(page.get_by_test_id("as-approver1")).to_have_attribute("aria-current", "true")
    stage.post(CHANNELS["partner-access"], "<slack://app?team=T0WOODGROVE&amp;id=A0GATEHOUSE&amp;tab=home|My Home>")
    await stage.change()
    await page.get_by_role("link", name="My Home").click()
    await expect(page).to_have_url(re.compile("as=approver1&channel=home"))
    await expect(page.get_by_test_id("home-view")).to_be_visible()


async def test_on_a_phone_the_focus_follows_into_the_conversation(page: Page, stage: Stage) -> None:
    await page.set_viewport_size({"width": 390, "height": 800})
    people = page.get_by_role("button", name="People")
    await people.focus()
    await page.keyboard.press("Enter")
    await expect(people).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("as-approver2").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("as=approver2"))
    await expect(page.get_by_role("region", name="Workspace")).to_be_focused()
    await expect(people).to_have_attribute("aria-pressed", "false")


async def test_every_kind_of_field_is_accessible(page: Page, stage: Stage) -> None:
    """Each element that a modal can have, also those that the bot does not use."""
    view = with_search("external_select")
    options = [samples.option("One", "1"), samples.option("Two", "2")]
    kinds: list[samples.Json] = [
        {"type": "radio_buttons", "options": options},
        {"type": "checkboxes", "options": options},
        {"type": "multi_static_select", "options": options},
        {"type": "multi_external_select"},
        {"type": "datepicker"},
        {"type": "timepicker"},
        {"type": "number_input", "is_decimal_allowed": False},
        {"type": "email_text_input"},
    ]
    for number, kind in enumerate(kinds):
        label = samples.plain(f"Field {number}")
        element = {"action_id": f"e{number}", **kind}
        view["blocks"].append({"type": "input", "block_id": f"b{number}", "label": label, "element": element})
    cells = [[{"type": "raw_text", "text": "Name"}], [{"type": "raw_text", "text": "Contoso"}]]
    view["blocks"].append({"type": "table", "block_id": "t", "rows": cells, "caption": samples.plain("Partners")})
    stage.slack.views.open[PEOPLE["requester"]] = view
    stage.answers["suggest"] = {"ok": True, "suggest": FOUND}
    await stage.change()
    await page.get_by_role("combobox", name="Pilot group").fill("bri")
    await expect(page.get_by_role("option", name="Bridge pilots")).to_be_visible()
    assert await violations_at_all_sizes(page) == []


async def test_a_part_that_changed_is_looked_at_again(page: Page, stage: Stage) -> None:
    stage.post(CHANNELS["partner-access"], "card", blocks=samples.CARD_BLOCKS)
    await stage.change()
    await expect(page.get_by_test_id("message")).to_have_count(1)
    assert await violations(page) == []
    await page.get_by_test_id("message").evaluate("node => { node.innerHTML += '<img src=\"/page/static/icon.svg\">' }")
    [fault] = await violations(page)
    assert fault.startswith("image-alt")


async def test_badges_and_several_people(page: Page, stage: Stage) -> None:
    stage.post("D" + PEOPLE["approver2"][1:], "Please decide")
    await stage.change()
    await expect(page.get_by_test_id("as-approver2").locator(".badge")).to_have_text("1")
    await page.get_by_test_id("as-approver2").click()
    await page.get_by_test_id("dm").click()
    await expect(page.get_by_text("Please decide")).to_be_visible()
    await expect(page.get_by_test_id("as-approver2").locator(".badge")).to_have_count(0)
    await page.go_back()
    await expect(page).to_have_url(re.compile("channel=partner-access"))


@pytest.mark.parametrize("width", [1280, 900, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_overflows(page: Page, stage: Stage, width: int, scheme: str) -> None:
    stage.post(CHANNELS["partner-access"], "card", blocks=samples.CARD_BLOCKS)
    await stage.change()
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 1060:
        await page.get_by_role("button", name="Entra tenant", exact=True).click()
        await expect(page.get_by_test_id("tenant")).to_be_visible()
        await expect(page.get_by_test_id("composer")).to_be_hidden()


async def test_colours_can_be_read(page: Page, stage: Stage) -> None:
    """Every visible text has the contrast that WCAG 2.2 AA requires: 4.5, or 3 for large text."""
    stage.post(CHANNELS["partner-access"], "card", blocks=samples.CARD_BLOCKS)
    stage.post(CHANNELS["partner-access"], "psst", only_for=PEOPLE["requester"])
    stage.apply(samples.trusted_partner(), "POST")
    await stage.change()
    await expect(page.get_by_text("psst")).to_be_visible()
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        unreadable = await page.evaluate(CONTRAST)
        assert unreadable == [], unreadable


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba("Canvas");
  };
  const bad = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.nodeValue.trim());
    if (!own || !node.checkVisibility() || node.closest("script, noscript, .skip, datalist, option")) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(rgba(style.color)), light(behind(node))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    const words = node.textContent.trim().slice(0, 30);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${node.className} "${words}" ${ratio.toFixed(2)}`);
  }
  return bad;
}"""
