"""Signed payloads to a running bot: what the edge refuses, records, and takes once."""

import asyncio
import json
from typing import Any, Final

import pytest
from slack_bolt.kwargs_injection.async_utils import build_async_required_kwargs

from bot.sandbox.seed import TEAM_ID
from bot.slack.payloads.models import Interaction
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, request_values, submission
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest

OTHER: Final = "T0ANOTHER"
UNKNOWN: Final = "R-ABCDEFGHI2:" + "0123456789abcdef" * 4


def decision(request: AccessRequest) -> str:
    """Return the value of the decision buttons on the request's card."""
    return f"{request.id}:{request.plan.digest}"


async def undecided(gatehouse: BotUnderTest, request: AccessRequest) -> bool:
    """Tell whether nothing about a request changed."""
    return await gatehouse.store.request(request.id) == request


# --- other workspaces ---


def elsewhere(where: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Let a payload come from another workspace, as far as one of its places says so."""
    match where:
        case "team":
            return payload | {"team": {"id": OTHER}}
        case "user":
            return payload | {"user": payload["user"] | {"team_id": OTHER}}
        case _:
            return payload | {"view": payload["view"] | {"app_installed_team_id": OTHER}}


@pytest.mark.threats("B1", "B2")
@pytest.mark.parametrize("where", ["team", "user"])
async def test_a_click_from_another_workspace_is_refused_and_recorded(gatehouse: BotUnderTest, where: str) -> None:
    request = await gatehouse.file_request()
    answer = await gatehouse.interact(elsewhere(where, click("approver1", "approve", decision(request))))
    await gatehouse.idle()
    assert answer.status == 200
    assert await gatehouse.outcomes("approver1") == [("want_approve", "outsider")]
    assert "another workspace" in await gatehouse.told("approver1")
    assert await undecided(gatehouse, request)


@pytest.mark.parametrize("where", ["team", "user", "view"])
async def test_a_form_from_another_workspace_stores_no_request(gatehouse: BotUnderTest, where: str) -> None:
    values = request_values("contoso.com", "trusted-partner")
    form = submission("requester", "request_access", "", values)
    assert (await gatehouse.interact(elsewhere(where, form))).status == 200
    assert await gatehouse.outcomes() == [("submit", "outsider")]
    assert await gatehouse.store.open_requests() == []


async def test_a_command_from_another_workspace_is_refused_and_recorded(gatehouse: BotUnderTest) -> None:
    answer = await gatehouse.command("list", team_id=OTHER)
    await gatehouse.idle()
    assert (answer.status, answer.text) == (200, "")
    assert await gatehouse.outcomes() == [("/partner list", "outsider")]
    assert "another workspace" in await gatehouse.told("requester")


async def test_an_app_home_of_another_workspace_is_not_published(gatehouse: BotUnderTest) -> None:
    """Homes are published only for people who opened theirs, and this does not count as opened."""
    requester = ChatId(SLACK_IDS["requester"])
    for team_id in (OTHER, TEAM_ID):
        event = {"type": "app_home_opened", "user": SLACK_IDS["requester"], "tab": "home", "channel": "D1"}
        body = {"type": "event_callback", "team_id": team_id, "event": event, "event_id": f"Ev{team_id}"}
        answer = await gatehouse.post(json.dumps(body).encode(), "application/json")
        await gatehouse.idle()
        assert answer.status == 200
        await gatehouse.store.request_home_updates([requester])
        assert (await gatehouse.store.count_home_requests(requester) > 0) is (team_id == TEAM_ID)


# --- claims that a payload carries ---


@pytest.mark.threats("C4", "G10")
async def test_a_stale_digest_does_not_count(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    for action, name in (("approve", "want_approve"), ("reject", "want_reject")):
        stale = click("approver1", action, f"{request.id}:{'0' * 64}")
        assert (await gatehouse.interact(stale)).status == 200
        await gatehouse.idle()
        assert (await gatehouse.outcomes("approver1"))[-1] == (name, "stale_card")
    assert await undecided(gatehouse, request)


@pytest.mark.threats("C10", "G10")
@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("approve", "want_approve"),
        ("reject", "want_reject"),
        ("keep", "want_keep"),
        ("revoke_review", "want_revoke"),
    ],
)
async def test_a_button_that_is_not_ours_is_refused(gatehouse: BotUnderTest, action: str, name: str) -> None:
    values = ["", "nonsense", "' or 1=1 --", "../../default", "x" * 2000]
    for value in values:
        assert (await gatehouse.interact(click("approver1", action, value))).status == 200
    assert await gatehouse.outcomes() == [(name, "malformed")] * len(values)


@pytest.mark.threats("C10")
@pytest.mark.parametrize(
    ("callback_id", "name"),
    [("reject_reason", "want_reject"), ("keep_reason", "want_keep"), ("confirm_revoke", "want_revoke")],
)
async def test_metadata_that_is_not_ours_is_refused(gatehouse: BotUnderTest, callback_id: str, name: str) -> None:
    values = {"reason": {"reason": {"value": "because"}}, "confirm": {"confirm": {"value": "contoso.com"}}}
    forged = ["", "{}", '{"__proto__": {}}', UNKNOWN + "x", "x" * 3001]
    for metadata in forged:
        assert (await gatehouse.interact(submission("admin", callback_id, metadata, values))).status == 200
    assert await gatehouse.outcomes() == [(name, "malformed")] * len(forged)


@pytest.mark.threats("C10")
async def test_a_request_that_nobody_filed_is_refused(gatehouse: BotUnderTest) -> None:
    for payload in (
        click("approver1", "approve", UNKNOWN),
        click("approver1", "reject", UNKNOWN),
        click("approver1", "withdraw", "R-ABCDEFGHI2"),
        click("approver1", "withdraw", "' or 1=1 --"),
    ):
        assert (await gatehouse.interact(payload)).status == 200
        await gatehouse.idle()
    codes = [code for _, code in await gatehouse.outcomes("approver1") if code != "received"]
    assert codes == ["unknown_request"] * 4


@pytest.mark.threats("C10")
async def test_the_metadata_of_another_request_gives_no_right_to_it(gatehouse: BotUnderTest) -> None:
    """A window that was opened for one request comes back with the metadata of another one, which is looked up."""
    first, second = await gatehouse.file_request(), await gatehouse.file_request("fabrikam.com")
    values = {"reason": {"reason": {"value": "because"}}}
    swapped = [
        ("requester", decision(second), "own_request"),
        ("approver1", f"{second.id}:{first.plan.digest}", "stale_card"),
        ("admin", decision(second), "not_an_approver"),
    ]
    for who, metadata, code in swapped:
        assert (await gatehouse.interact(submission(who, "reject_reason", metadata, values))).status == 200
        await gatehouse.idle()
        assert (await gatehouse.outcomes(who))[-1] == ("want_reject", code)
    assert await undecided(gatehouse, first)
    assert await undecided(gatehouse, second)


# --- repetition ---


@pytest.mark.threats("A2")
async def test_a_click_that_is_repeated_counts_once(gatehouse: BotUnderTest) -> None:
    """Bolt remembers nothing: twenty deliveries of one click are twenty calls."""
    request = await gatehouse.file_request()
    payload = click("approver1", "approve", decision(request))
    answers = await asyncio.gather(*(gatehouse.interact(payload) for _ in range(20)))
    await gatehouse.idle()
    assert {answer.status for answer in answers} == {200}
    assert await gatehouse.outcomes("approver1") == [("want_approve", "received"), ("approve", "accepted")]
    decided = await gatehouse.store.request(request.id)
    assert decided is not None
    assert [one.person.chat_id for one in decided.decisions] == [SLACK_IDS["approver1"]]


async def test_two_clicks_of_one_person_count_once(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    for _ in range(2):
        await gatehouse.interact(click("approver1", "approve", decision(request)))
    await gatehouse.idle()
    decided = await gatehouse.store.request(request.id)
    assert decided is not None
    assert len(decided.decisions) == 1


# --- commands ---


async def test_a_view_that_cannot_be_opened_stores_nothing(gatehouse: BotUnderTest) -> None:
    """A trigger id lives three seconds; the person sees that nothing opened and clicks again."""
    for text in ("request contoso.com", "revoke contoso.com"):
        await gatehouse.command(text, trigger_id="expired")
        await gatehouse.idle()
    assert await gatehouse.outcomes() == []


# --- what the audit log says of a refusal ---


async def test_a_refusal_is_in_the_history_of_the_request_that_was_clicked(gatehouse: BotUnderTest) -> None:
    """Whoever reads a request's history has to see the clicks on it that were refused at the edge, too."""
    request = await gatehouse.file_request()
    stale = f"{request.id}:{'0' * 64}"
    await gatehouse.interact(elsewhere("user", click("approver1", "approve", decision(request))))
    await gatehouse.interact(click("approver1", "reject", stale))
    await gatehouse.interact(elsewhere("user", submission("approver1", "reject_reason", stale, {})))
    await gatehouse.interact(click("approver1", "withdraw", request.id))
    await gatehouse.idle()
    entries = await gatehouse.store.history(request_id=request.id)
    refused = [(entry.command, entry.outcome) for entry in entries if entry.actor == SLACK_IDS["approver1"]]
    assert refused[::-1] == [
        ("want_approve", "outsider"),
        ("want_reject", "stale_card"),
        ("want_reject", "outsider"),
        ("want_withdraw", "received"),
        ("want_withdraw", "not_the_requester"),
    ]


async def test_a_refusal_names_the_tenant_that_was_clicked(gatehouse: BotUnderTest) -> None:
    tenant = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
    for payload in (
        click("approver1", "keep", tenant),
        elsewhere("user", submission("approver1", "keep_reason", tenant, {})),
    ):
        await gatehouse.interact(payload)
    assert [(entry.command, entry.outcome, entry.tenant_id) for entry in await gatehouse.history()] == [
        ("want_keep", "unknown_partner", tenant),
        ("want_keep", "outsider", tenant),
    ]


@pytest.mark.parametrize("value", ["", "R-abc", "R-ABCDEFGHI2\n", "R-ABCDEFGHI2x:1", "' or 1=1 --", "{}"])
async def test_a_claim_that_is_not_well_formed_names_nothing(gatehouse: BotUnderTest, value: str) -> None:
    await gatehouse.interact(elsewhere("user", click("approver1", "approve", value)))
    (entry,) = await gatehouse.history()
    assert (entry.request_id, entry.tenant_id) == (None, None)


async def test_a_click_is_parsed_once_and_asks_one_listener(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both cost more than storing the click, and Bolt makes all arguments anew for every listener that it asks."""
    parsed, asked = [], []
    validate = Interaction.model_validate

    def counted(body: Any) -> Interaction:
        parsed.append(body)
        return validate(body)

    def made(**given: Any) -> dict[str, Any]:
        asked.append(given)
        return build_async_required_kwargs(**given)

    monkeypatch.setattr(Interaction, "model_validate", counted)
    monkeypatch.setattr("slack_bolt.listener_matcher.async_builtins.build_async_required_kwargs", made)
    answer = await gatehouse.interact(click("approver1", "approve", "R-ABCDEFGHI2:" + "0" * 64))
    assert (answer.status, len(parsed), len(asked)) == (200, 1, 1)
