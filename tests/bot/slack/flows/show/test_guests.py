"""`/partner guests`: admins see people page by page, the sponsor how many, everybody else one and the same answer."""

import json
import re
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.flows.show import guests
from bot.slack.flows.show.guests_views import PAGE_SIZE, GuestsStep, parse_guests_step
from tests.bot.bot_under_test import BotUnderTest
from tests.bot.slack.flows.partner_setup.test_flow import CONTOSO
from tests.bot.surfaces import buttons as all_buttons
from tests.bot.surfaces import shown
from workflows.core.errors.raised import Refused
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter


def buttons(blocks: Any) -> dict[str, str]:
    """Return the buttons of a list; those that disable and enable accounts are in test_guest_account_buttons."""
    return {name: value for name, value in all_buttons(blocks).items() if not name.startswith("accounts_")}


OLD = "2024-01-01T09:00:00Z"


async def answer(gatehouse: BotUnderTest, text: str, user: str) -> dict[str, Any]:
    """Type a command; returns the answer that only this person sees."""
    found = await gatehouse.control.post("command", user=user, text=text)
    await gatehouse.idle()
    message: dict[str, Any] = found["ephemeral"][-1]
    return message


async def use(
    gatehouse: BotUnderTest, message: dict[str, Any], action_id: str, channel: str, **chosen: Any
) -> dict[str, Any]:
    """Use a button or the select of an admin's answer; returns the answer as it is then."""
    user = "admin"
    await gatehouse.control.post("click", user=user, channel=channel, ts=message["ts"], action_id=action_id, **chosen)
    await gatehouse.idle()
    messages = (await gatehouse.control.get("messages", channel=channel, user=user))["messages"]
    found: dict[str, Any] = next(one for one in messages if one["ts"] == message["ts"])
    return found


def only(kind: GuestFilter) -> dict[str, str]:
    """The option of the select that takes guests of one kind."""
    return {"selected": GuestsStep(tenant=CONTOSO, only=kind).value}


def names(message: dict[str, Any]) -> list[str]:
    """The people of a page whose names end with a number."""
    return re.findall(r"Person (\d{3}) ", shown(message["blocks"]))


async def user_pages(gatehouse: BotUnderTest, before: int) -> int:
    """How many pages of users were read since then."""
    log = (await gatehouse.control.get("graph/log"))["log"]
    return sum(one["path"].endswith("/users") for one in log[before:])


async def many_guests(gatehouse: BotUnderTest, count: int) -> None:
    """Let the tenant have so many more guests of Contoso."""
    state = (await gatehouse.control.get("graph/state"))["state"]
    (jon,) = [one for one in state["users"].values() if one["mail"] == "jon@contoso.com"]
    users = {}
    for number in range(count):
        key, mail = f"0a6f7d10-0009-4e1b-9b51-{number:012}", f"person{number:03}@contoso.com"
        users[key] = jon | {"id": key, "displayName": f"Person {number:03}", "mail": mail, "userPrincipalName": mail}
    await gatehouse.control.call("PATCH", "graph/state", {"users": users})


async def test_an_admin_sees_each_guest_with_state_and_reason(opened: BotUnderTest) -> None:
    state = (await opened.control.get("graph/state"))["state"]
    (maria,) = [one for one in state["users"].values() if one["mail"] == "maria@contoso.com"]
    changes = {"accountEnabled": False, "signInActivity": None}
    await opened.control.call("PATCH", "graph/state", {"users": {maria["id"]: changes}})
    message = await answer(opened, "guests contoso.com", "admin")
    text = shown(message["blocks"])
    assert "Guests of contoso.com" in text
    assert "Maria Lindqvist (maria@contoso.com): never signed in; disabled; found by mail domain" in text
    assert "Jon Abara" in text
    assert "This is an estimate" in text
    assert "2 guests: 1 disabled." in text
    assert buttons(message["blocks"]) == {}
    assert ("look_up", "accepted") in await opened.outcomes("admin")


async def test_the_sponsor_sees_how_many_and_no_name(opened: BotUnderTest) -> None:
    message = await answer(opened, "guests contoso.com", "requester")
    text = shown(message["blocks"])
    assert "2 guests" in text
    assert "Names are shown to admins only." in text
    assert "maria" not in json.dumps(message).lower()
    assert buttons(message["blocks"]) == {}


@pytest.mark.parametrize("typed", ["contoso.com", "fabrikam.com", "nobody.example", "no name"])
async def test_everybody_else_gets_the_same_answer(opened: BotUnderTest, typed: str) -> None:
    await answer_of_nothing(opened, f"guests {typed}")
    assert ("/partner guests", "no_guests_for_you") in await opened.outcomes("approver1")
    told = await opened.told("approver1")
    assert "Only admins can list the guests of a partner" in told
    assert "maria" not in told.lower()


async def answer_of_nothing(gatehouse: BotUnderTest, text: str) -> None:
    """Type a command as somebody who is neither admin nor sponsor."""
    await gatehouse.control.post("command", user="approver1", text=text)
    await gatehouse.idle()


async def test_a_page_goes_on_where_the_last_one_ended_with_one_read(opened: BotUnderTest) -> None:
    await many_guests(opened, 2 * PAGE_SIZE)
    await opened.control.call("PATCH", "graph/state", {"pageSize": 8})
    first = await answer(opened, "guests contoso.com", "admin")
    channel = first["channel"]
    assert "1–15" in shown(first["blocks"])
    assert set(buttons(first["blocks"])) == {ids.GUESTS_NEXT, ids.GUESTS_COUNT}
    before = len((await opened.control.get("graph/log"))["log"])
    second = await use(opened, first, ids.GUESTS_NEXT, channel)
    assert "16–30" in shown(second["blocks"])
    assert await user_pages(opened, before) <= 4, "15 people are on three pages of 8, and one more shows the end"
    third = await use(opened, second, ids.GUESTS_NEXT, channel)
    assert "31–32" in shown(third["blocks"])
    assert set(buttons(third["blocks"])) == {ids.GUESTS_PAGE, ids.GUESTS_COUNT}
    listed = [*names(first), *names(second), *names(third)]
    assert len(listed) == len(set(listed)) == 2 * PAGE_SIZE
    back = await use(opened, third, ids.GUESTS_PAGE, channel)
    assert names(back) == names(second)
    counted = await use(opened, back, ids.GUESTS_COUNT, channel)
    assert "32 guests" in shown(counted["blocks"])
    again = await use(opened, counted, ids.GUESTS_PAGE, channel)
    assert names(again) == names(first)
    assert "begins again" not in shown(again["blocks"]), "it was begun on purpose"


async def test_a_list_whose_place_is_not_kept_begins_again_and_says_so(opened: BotUnderTest) -> None:
    await many_guests(opened, PAGE_SIZE)
    first = await answer(opened, "guests contoso.com", "admin")
    await opened.control.post("clock", advance_seconds=3600)
    lost = await use(opened, first, ids.GUESTS_NEXT, first["channel"])
    assert "The list begins again." in shown(lost["blocks"])
    assert "1–15" in shown(lost["blocks"])
    forged = GuestsStep(tenant=CONTOSO, kept="0123456789abcdef", page=7).value
    begun = await use(opened, lost, ids.GUESTS_NEXT, first["channel"], value=forged)
    assert "The list begins again." in shown(begun["blocks"]), "somebody else's list, or none"


async def test_a_place_that_graph_does_not_know_any_more_begins_again(opened: BotUnderTest) -> None:
    await many_guests(opened, 3 * PAGE_SIZE)
    await opened.control.call("PATCH", "graph/state", {"pageSize": 8})
    first = await answer(opened, "guests contoso.com", "admin")
    second = await use(opened, first, ids.GUESTS_NEXT, first["channel"])
    error = {"error": {"code": "Directory_ExpiredPageToken", "message": "The specified page token value is invalid."}}
    await opened.control.post("faults", target="graph", method="GET", match="skiptoken", status=400, body=error)
    lost = await use(opened, second, ids.GUESTS_NEXT, first["channel"])
    assert "The list begins again." in shown(lost["blocks"])
    assert "1–15" in shown(lost["blocks"])


async def test_open_invitations_are_listed_alone(opened: BotUnderTest) -> None:
    await many_guests(opened, PAGE_SIZE)
    state = (await opened.control.get("graph/state"))["state"]
    (maria,) = [one for one in state["users"].values() if one["mail"] == "maria@contoso.com"]
    changes = {"externalUserState": "PendingAcceptance", "externalUserStateChangeDateTime": OLD, "signInActivity": None}
    await opened.control.call("PATCH", "graph/state", {"users": {maria["id"]: changes}})
    first = await answer(opened, "guests contoso.com", "admin")
    chosen = only(GuestFilter.OPEN_INVITATIONS)
    pending = await use(opened, first, ids.GUESTS_ONLY, first["channel"], **chosen)
    text = shown(pending["blocks"])
    assert "Open invitations of contoso.com" in text
    assert "1 guest: 1 open invitation (1 of them older than 30 days)." in text
    assert "Maria Lindqvist" in text
    assert "Jon Abara" not in text
    disabled = await use(opened, pending, ids.GUESTS_ONLY, first["channel"], **only(GuestFilter.DISABLED))
    assert "No guest found." in shown(disabled["blocks"])
    everybody = await use(opened, disabled, ids.GUESTS_ONLY, first["channel"], **only(GuestFilter.EVERYBODY))
    assert "1–15" in shown(everybody["blocks"])


async def test_odd_accounts_are_listed_each_as_what_it_is(opened: BotUnderTest) -> None:
    """A plus sign, capitals, two accounts of one address, a synchronized member, and an own account of our staff."""
    state = (await opened.control.get("graph/state"))["state"]
    (jon,) = [one for one in state["users"].values() if one["mail"] == "jon@contoso.com"]
    odd = {
        "Plus": {"mail": "jon+test@contoso.com", "accountEnabled": False},
        "Capitals": {"mail": "JON@CONTOSO.COM", "accountEnabled": False},
        "Subsidiary": {"mail": "sub@contoso.com", "userType": "Member", "onPremisesSyncEnabled": True},
        "Employee": {
            "mail": "Employee@Contoso.com",
            "userType": "Member",
            "userPrincipalName": "employee@woodgrove.com",
            "externalUserState": None,
            "creationType": None,
        },
        "Made here": {
            "mail": "made@contoso.com",
            "userPrincipalName": "made@woodgrove.com",
            "externalUserState": None,
            "creationType": None,
        },
        "Other company": {"mail": "jon@contoso.com.example", "userPrincipalName": "x_other.example#EXT#@woodgrove.com"},
    }
    users = {}
    for number, (name, changes) in enumerate(odd.items()):
        key = f"0a6f7d10-0009-4e1b-9b51-{number:012}"
        users[key] = jon | {"id": key, "displayName": name, "userPrincipalName": f"u{number}#EXT#@woodgrove.com"}
        users[key] |= changes
    await opened.control.call("PATCH", "graph/state", {"users": users, "signIns": []})
    message = await answer(opened, "guests contoso.com", "admin")
    text = shown(message["blocks"])
    assert "7 guests" not in text
    assert "6 guests: 2 disabled, 1 member, 1 synchronized." in text
    assert "Not guests: 1 own account with an address of the partner." in text
    lines = {name: re.search(rf"{name} \(([^)]*)\): ([^\n]*?found by mail domain)", text) for name in odd}
    said = {name: found[2] for name, found in lines.items() if found is not None}
    same, made = "same address as an earlier account", "account made here, without an invitation"
    assert same not in said["Plus"], "another address"
    assert same in said["Capitals"]
    assert "a member here, perhaps also an employee; synchronized from your own servers" in said["Subsidiary"]
    assert "an account of your own, never invited, not a guest" in said["Employee"]
    assert made in said["Made here"]
    assert "Other company" not in text


async def test_a_sign_in_log_that_is_refused_or_empty_is_not_the_same(opened: BotUnderTest) -> None:
    await opened.control.call("PATCH", "graph/state", {"signIns": []})
    empty = shown((await answer(opened, "guests contoso.com", "admin"))["blocks"])
    assert "2 guests." in empty
    assert "were not read" not in empty
    roles = (await opened.control.get("graph/state"))["state"]["appRoles"]
    without = [one for one in roles if one != "AuditLog.Read.All"]
    await opened.control.call("PATCH", "graph/state", {"appRoles": without})
    refused = shown((await answer(opened, "guests contoso.com", "admin"))["blocks"])
    assert "At least 2 guests." in refused
    assert "The last sign-in of guests was not read (permission missing, AuditLog.Read.All)." in refused
    assert "The sign-ins of the last 30 days were not read to their end (permission missing" in refused


async def test_a_guest_with_a_directory_role_is_named_with_it(opened: BotUnderTest) -> None:
    state = (await opened.control.get("graph/state"))["state"]
    (maria,) = [one for one in state["users"].values() if one["mail"] == "maria@contoso.com"]
    (role,) = [key for key, one in state["roleDefinitions"].items() if one["displayName"] == "Guest Inviter"]
    row = {"id": "row", "principalId": maria["id"], "roleDefinitionId": role, "directoryScopeId": "/"}
    await opened.control.call("PATCH", "graph/state", {"roleEligibilitySchedules": {"row": row}})
    message = await answer(opened, "guests contoso.com", "admin")
    text = shown(message["blocks"])
    assert "directory role Guest Inviter" in text
    assert "2 guests: 1 with a directory role." in text


async def test_counting_says_how_far_it_is(opened: BotUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "_TOLD_AT", (8, 16))
    await many_guests(opened, 3 * PAGE_SIZE)
    await opened.control.call("PATCH", "graph/state", {"pageSize": 8})
    first = await answer(opened, "guests contoso.com", "admin")
    before = len((await opened.control.get("slack/log"))["log"])
    counted = await use(opened, first, ids.GUESTS_COUNT, first["channel"])
    assert "47 guests" in shown(counted["blocks"])
    log = (await opened.control.get("slack/log"))["log"][before:]
    told = [one for one in log if "Counting:" in json.dumps(one)]
    assert len(told) == 3, "after 8 accounts, after 16, and before the sign-ins: with the answer at most five"


@pytest.mark.parametrize(
    "value",
    [
        *("", "x", '{"tenant":"contoso.com"}', f'{{"tenant":"{CONTOSO}","page":40000}}'),
        *(f'{{"tenant":"{CONTOSO}","only":"nobody"}}', f'{{"tenant":"{CONTOSO}","kept":"{"x" * 41}"}}'),
    ],
)
def test_the_value_of_another_button_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_guests_step(value)


@pytest.mark.parametrize("kind", GuestFilter)
def test_an_option_of_the_select_is_short_enough(kind: GuestFilter) -> None:
    assert len(GuestsStep(tenant=CONTOSO, only=kind).value) <= 75
