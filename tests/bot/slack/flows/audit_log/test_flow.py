"""Every window of auditors checks the right again: a forged click of somebody else shows and moves nothing."""

import json
from typing import Any, Final

import pytest

from bot.slack import ids
from bot.slack.flows.home.paging import page_value, parse_position
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, eventually, submission
from workflows.app.reads.app_home import HomeList
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest
from workflows.ports.pages import RequestFilter

CONTOSO = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
REFUSED = "Only auditors can search all requests and read their audit history."


HOME: Final = {"id": "V0HOME", "type": "home", "callback_id": ids.HOME}


def clicked(gatehouse: BotUnderTest, person: str, action_id: str, value: str, **changes: Any) -> dict[str, Any]:
    """A click on the App Home, with a trigger that Slack accepts."""
    assert gatehouse.world.slack_simulator is not None
    trigger_id = gatehouse.world.slack_simulator.client.triggers.issue(SLACK_IDS[person])
    return click(person, action_id, value, trigger_id=trigger_id, **{"view": HOME, **changes})


def value_of(action_id: str, request: AccessRequest) -> str:
    if action_id in (ids.HISTORY_EARLIER, ids.HISTORY_LATER):
        return f'{request.id}:{{"cursor":[],"is_before":false}}'
    return CONTOSO if action_id == ids.READ_PARTNER else request.id


async def windows(gatehouse: BotUnderTest, person: str) -> str:
    """Everything that somebody has open."""
    return json.dumps((await gatehouse.control.get("views", user=person))["views"], ensure_ascii=False)


@pytest.mark.parametrize(
    "action_id",
    [
        ids.SEARCH_REQUESTS,
        ids.READ_REQUEST,
        ids.READ_HISTORY,
        ids.HISTORY_EARLIER,
        ids.HISTORY_LATER,
        ids.READ_PARTNER,
    ],
)
@pytest.mark.parametrize("person", ["approver1", "guest"])
async def test_a_forged_click_shows_nothing(gatehouse: BotUnderTest, person: str, action_id: str) -> None:
    request = await gatehouse.file_request()
    payload = clicked(gatehouse, person, action_id, value_of(action_id, request))
    if action_id in (ids.HISTORY_EARLIER, ids.HISTORY_LATER):
        view = submission(person, ids.AUDIT_HISTORY, "", {})["view"]
        payload |= {"view": view, "container": {"type": "view", "view_id": view["id"]}}
    await gatehouse.interact(payload)
    await gatehouse.idle()
    code = "not_an_auditor" if person == "approver1" else "workspace_guest"
    assert [outcome for _, outcome in await gatehouse.outcomes(person)] == [code]
    told = await windows(gatehouse, person) + json.dumps((await gatehouse.control.get("home", user=person))["home"])
    for told_only_to_auditors in ("Audit entries", "Change ID", "com: current settings", "searched_requester"):
        assert told_only_to_auditors not in told
    if person == "approver1":
        everything = await windows(gatehouse, person) + await gatehouse.told(person)
        assert REFUSED in everything, "and is told why, and what to do"


async def test_a_forged_search_or_page_moves_nothing(gatehouse: BotUnderTest) -> None:
    await gatehouse.file_request()
    values = {"searched_text": {"searched_text": {"value": "contoso"}}}
    await gatehouse.interact(submission("approver1", ids.SEARCH_FORM, "", values))
    turned = page_value(HomeList.REQUESTS, ("2027", "x"), is_before=False)
    await gatehouse.interact(click("approver1", ids.HOME_NEXT, turned, view=HOME))
    await gatehouse.idle()
    assert await gatehouse.outcomes("approver1") == [
        ("search_requests", "not_an_auditor"),
        ("home_page", "not_an_auditor"),
    ]
    assert await gatehouse.store.home_position(ChatId(SLACK_IDS["approver1"])) == ""
    assert (await gatehouse.told("approver1")).count(REFUSED) >= 2


async def test_an_auditor_sees_windows_that_only_show(opened: BotUnderTest) -> None:
    (request,) = await opened.store.requests_of(ChatId(SLACK_IDS["requester"]), 9)
    for action_id, said in (
        (ids.READ_REQUEST, "Audit history"),
        (ids.READ_HISTORY, "Change ID"),
        (ids.READ_PARTNER, "contoso.com: current settings"),
        (ids.SEARCH_REQUESTS, "searched_requester"),
        (ids.OPEN_POSTURE, "Current settings of the tenant"),
    ):
        await opened.interact(clicked(opened, "admin", action_id, value_of(action_id, request)))
        await opened.idle()
        (view,) = (await opened.control.get("views", user="admin"))["views"]
        shown = json.dumps(view, ensure_ascii=False)
        assert said in shown, action_id
        assert '"approve"' not in shown
        assert '"reject"' not in shown
        await opened.control.post("close", user="admin", view_id=view["id"])
    assert ("look_up", "accepted") in await opened.outcomes("admin"), "what is read of the tenant is recorded"


async def test_a_search_of_an_auditor_is_shown_on_the_home_and_in_the_form(opened: BotUnderTest) -> None:
    values = {"searched_requester": {"searched_requester": {"value": "Riley"}}}
    await opened.control.get("home", user="admin")
    await opened.interact(submission("admin", ids.SEARCH_FORM, "", values))
    await opened.idle()
    admin = ChatId(SLACK_IDS["admin"])
    assert parse_position(await opened.store.home_position(admin)).request_filter == RequestFilter(requester="Riley")
    turned = page_value(HomeList.REQUESTS, ("2020-01-01", "R-A"), is_before=False)
    await opened.interact(click("admin", ids.HOME_NEXT, turned, view=HOME))
    await opened.idle()
    place = parse_position(await opened.store.home_position(admin))
    assert (place.request_filter, place.of_list(HomeList.REQUESTS).cursor) == (
        RequestFilter(requester="Riley"),
        ("2020-01-01", "R-A"),
    )
    await opened.interact(clicked(opened, "admin", ids.SEARCH_REQUESTS, "home"))
    await opened.idle()
    assert '"initial_value": "Riley"' in await windows(opened, "admin")


async def test_a_wrong_day_is_said_in_the_form(gatehouse: BotUnderTest) -> None:
    days = {
        name: {name: {"selected_date": day}}
        for name, day in (("sent_from", "2027-02-01"), ("sent_until", "2027-01-01"))
    }
    answer = await gatehouse.interact(submission("admin", ids.SEARCH_FORM, "", days))
    assert list(answer.json["errors"]) == ["sent_until"]
    assert await gatehouse.store.home_position(ChatId(SLACK_IDS["admin"])) == ""


async def test_who_is_refused_gets_a_home_without_what_an_earlier_search_found(gatehouse: BotUnderTest) -> None:
    """Their role was lost after the search."""
    requester = ChatId(SLACK_IDS["requester"])
    await gatehouse.control.get("home", user="requester")
    await gatehouse.store.save_home(requester)
    await gatehouse.idle()
    for action in (clicked(gatehouse, "requester", ids.READ_REQUEST, "R-AAAAAAAAAA"), searched("requester")):
        await gatehouse.store.save_home_content(requester, "what a search found")
        await gatehouse.interact(action)
        await gatehouse.idle()
        await eventually(lambda: is_published(gatehouse, requester))


def searched(user: str) -> dict[str, Any]:
    """The sent form of the search."""
    return submission(user, ids.SEARCH_FORM, "", {"searched_requester": {"searched_requester": {"value": "Riley"}}})


async def is_published(gatehouse: BotUnderTest, person: ChatId) -> bool:
    """Tell whether the home was published since."""
    return await gatehouse.store.home_content(person) != "what a search found"
