"""Approval cards go only into a private channel that is not shared: at start, by doctor, and before each card."""

import asyncio
from typing import Any, Final

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.process.app import running
from bot.process.settings import Settings, SettingsProblems
from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import CHANNELS
from bot.sandbox.server import Sandbox
from bot.slack.outbound.approval_channel import ChannelUnsuitable, channel_problem
from tests.bot.bot_under_test import BotUnderTest, click, submission
from tests.bot.terminal.test_doctor import examined, finding
from tests.waiting import LONGEST_WAIT
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestState

GENERAL, PRIVATE, SHARED = (channel.id for channel in CHANNELS)
DIRECT: Final = "D0APPROVER01"


def shows(world: Sandbox, times: int = 999, **changes: Any) -> None:
    """Let Slack say something else about the approval channel, from now on."""
    channel = {"id": PRIVATE, "is_private": True, "is_channel": False, "is_archived": False, **changes}
    body = {"ok": True, "channel": channel}
    world.faults.add(Fault(target="slack", method="conversations.info", body=body, times=times))


@pytest.fixture
def client(world: Sandbox) -> AsyncWebClient:
    assert world.slack_simulator is not None
    token = world.slack_simulator.credentials.bot_token
    return AsyncWebClient(token=token, base_url=f"{world.url}slack/api/", retry_handlers=[])


# --- what is fit ---


async def test_a_private_channel_of_our_own_is_fit(client: AsyncWebClient) -> None:
    assert await channel_problem(client, PRIVATE) == ""


@pytest.mark.threats("E8")
async def test_a_public_channel_is_not_even_without_the_right_to_see_it(client: AsyncWebClient) -> None:
    assert "not a private channel" in await channel_problem(client, GENERAL)


async def test_a_shared_channel_is_not(client: AsyncWebClient) -> None:
    assert "shared with another workspace" in await channel_problem(client, SHARED)


@pytest.mark.threats("B2")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_private": False}, "not a private"),
        ({"is_private": None}, "not a private"),
        ({"is_private": "true"}, "not a private"),
        ({"is_mpim": True}, "not a private"),
        ({"is_ext_shared": True}, "shared"),
        ({"is_pending_ext_shared": True}, "shared"),
        ({"is_org_shared": True}, "shared"),
        ({"is_archived": True}, "archived"),
    ],
)
async def test_what_makes_a_channel_unfit(
    client: AsyncWebClient, world: Sandbox, change: dict[str, Any], reason: str
) -> None:
    shows(world, **change)
    assert reason in await channel_problem(client, PRIVATE)


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": True, "channel": None}, {"ok": True, "channel": {}}])
async def test_what_cannot_be_shown_to_be_private_is_unfit(
    client: AsyncWebClient, world: Sandbox, body: dict[str, Any]
) -> None:
    world.faults.add(Fault(target="slack", method="conversations.info", body=body))
    assert "not a private" in await channel_problem(client, PRIVATE)


@pytest.mark.parametrize(
    ("error", "reason"),
    [("channel_not_found", "channel_not_found"), ("missing_scope", "install it again from manifest.yml")],
)
async def test_a_channel_that_slack_does_not_show_is_unfit(
    client: AsyncWebClient, world: Sandbox, error: str, reason: str
) -> None:
    world.faults.add(Fault(target="slack", method="conversations.info", body={"ok": False, "error": error}))
    assert reason in await channel_problem(client, PRIVATE)


@pytest.mark.parametrize("fault", [{"status": 503}, {"reset": True}, {"body": {"ok": False, "error": "ratelimited"}}])
async def test_no_answer_says_nothing_of_the_channel(
    client: AsyncWebClient, world: Sandbox, fault: dict[str, Any]
) -> None:
    world.faults.add(Fault(target="slack", method="conversations.info", times=9, **fault))
    with pytest.raises(ChannelUnsuitable):
        await channel_problem(client, PRIVATE)


# --- at start, and by doctor ---


@pytest.mark.parametrize(
    ("channel", "reason"), [(GENERAL, "not a private"), (SHARED, "shared"), ("C0NOWHERE", "found")]
)
@pytest.mark.threats("E8")
async def test_an_unfit_channel_is_refused_at_start_with_the_cure(
    settings: Settings, channel: str, reason: str
) -> None:
    with pytest.raises(SettingsProblems) as problems:
        async with running(settings.model_copy(update={"slack_channel": channel}), SHORT_PAUSES):
            pass
    (problem,) = problems.value.problems
    assert problem.startswith(f"SLACK_CHANNEL: {channel} cannot be used for approval cards: ")
    assert reason in problem
    assert "private channel of this workspace only" in problem


async def test_a_slack_that_does_not_tell_at_start_is_no_refusal(settings: Settings, world: Sandbox) -> None:
    world.faults.add(Fault(target="slack", method="conversations.info", status=503, times=9))
    async with running(settings, SHORT_PAUSES):
        pass


@pytest.mark.parametrize(("channel", "reason"), [(SHARED, "shared"), (GENERAL, "not a private")])
async def test_doctor_names_an_unfit_channel(settings: Settings, channel: str, reason: str) -> None:
    status, text = await examined(settings.model_copy(update={"slack_channel": channel}))
    assert status == 1
    row = finding(text, "approval channel")
    assert reason in row
    assert "SLACK_CHANNEL" in row


# --- before each card ---


async def alarm_is_open(gatehouse: BotUnderTest) -> bool:
    return AlarmCode.CHANNEL_NOT_PRIVATE in [one.code for one in await gatehouse.store.open_alarms()]


async def cards(gatehouse: BotUnderTest, place: str = PRIVATE, user: str = "approver1") -> int:
    answer = await gatehouse.control.get("messages", channel=place, user=user)
    return len(answer["messages"])


@pytest.mark.parametrize("change", [{"is_ext_shared": True}, {"is_private": False}, {"is_pending_ext_shared": True}])
@pytest.mark.threats("E8")
async def test_no_card_goes_into_a_channel_that_is_not_private_any_more_and_it_comes_when_that_is_repaired(
    gatehouse: BotUnderTest, change: dict[str, Any]
) -> None:
    shows(gatehouse.world, **change)
    await gatehouse.control.post("clock", advance_seconds=61)
    request = await gatehouse.file_request()
    assert await cards(gatehouse) == 0
    assert await cards(gatehouse, "@approver1") == 1, "who decides has a copy all the same"
    assert await alarm_is_open(gatehouse)
    told = await gatehouse.told("admin")
    assert "approval channel" in told
    gatehouse.world.faults.clear()
    await gatehouse.control.post("clock", advance_seconds=130)
    await gatehouse.idle()
    assert await cards(gatehouse) == 1
    assert not await alarm_is_open(gatehouse)
    assert (await gatehouse.store.request(request.id)) is not None


async def test_what_is_known_of_the_channel_is_at_most_a_minute_old(gatehouse: BotUnderTest) -> None:
    await gatehouse.file_request("contoso.com")
    shows(gatehouse.world, is_ext_shared=True)
    await gatehouse.control.post("clock", advance_seconds=61)
    await gatehouse.file_request("fabrikam.com")
    assert await cards(gatehouse) == 1
    assert await alarm_is_open(gatehouse)


@pytest.mark.threats("B2")
async def test_a_channel_that_becomes_shared_is_noticed_without_a_card(gatehouse: BotUnderTest) -> None:
    shows(gatehouse.world, is_ext_shared=True)
    await gatehouse.control.post("clock", advance_seconds=601)
    await gatehouse.idle()
    async with asyncio.timeout(LONGEST_WAIT):
        while not await alarm_is_open(gatehouse):
            await gatehouse.world.wait_for_change(gatehouse.world.revision.number)


async def texts(gatehouse: BotUnderTest, place: str = PRIVATE, user: str = "approver1") -> list[str]:
    answer = await gatehouse.control.get("messages", channel=place, user=user)
    return [one["text"] for one in answer["messages"]]


async def pass_by(gatehouse: BotUnderTest, seconds: int) -> None:
    """Let time pass, and the bot look at what is to do."""
    await gatehouse.control.post("clock", advance_seconds=seconds)
    await gatehouse.idle()


@pytest.mark.threats("B2")
async def test_cards_are_removed_from_a_channel_that_is_not_private_any_more_and_come_back(
    gatehouse: BotUnderTest,
) -> None:
    """Nothing about the request has to change for that, and nothing is written there while the channel is unfit."""
    await gatehouse.file_request()
    shows(gatehouse.world, is_private=False)
    await pass_by(gatehouse, 601)
    async with asyncio.timeout(LONGEST_WAIT):
        while not all("handled elsewhere" in text for text in await texts(gatehouse)):
            await gatehouse.world.wait_for_change(gatehouse.world.revision.number)
    direct = (await gatehouse.control.get("messages", channel="@approver1", user="approver1"))["messages"][0]
    await gatehouse.control.post("click", user="approver1", action_id="approve", channel="@approver1", ts=direct["ts"])
    await gatehouse.idle()
    assert await cards(gatehouse) == 1
    assert "handled elsewhere" in (await texts(gatehouse))[0]
    gatehouse.world.faults.clear()
    await pass_by(gatehouse, 130)
    async with asyncio.timeout(LONGEST_WAIT):
        while await cards(gatehouse) != 2:
            await gatehouse.world.wait_for_change(gatehouse.world.revision.number)
    assert "handled elsewhere" in (await texts(gatehouse))[0]
    assert "contoso.com" in (await texts(gatehouse))[1]


# --- before each decision that opens ---


async def clicked_in(gatehouse: BotUnderTest, channel: str, value: str, action: str = "approve") -> None:
    """Let the first approver click where a card stands, and wait until the click was checked."""
    place = {"type": "message", "channel_id": channel}
    assert (await gatehouse.interact(click("approver1", action, value, container=place))).status == 200
    await gatehouse.idle()


def card_value(request: AccessRequest) -> str:
    """Return the value of the decision buttons on the request's card."""
    return f"{request.id}:{request.plan.digest}"


async def decisions_on(gatehouse: BotUnderTest, request_id: RequestId) -> int:
    request = await gatehouse.store.request(request_id)
    assert request is not None
    return len(request.decisions)


@pytest.mark.threats("B2")
@pytest.mark.parametrize("change", [{"is_ext_shared": True}, {"is_pending_ext_shared": True}, {"is_org_shared": True}])
async def test_the_next_approval_in_a_channel_that_became_shared_is_refused_and_the_admins_are_told_once(
    gatehouse: BotUnderTest, change: dict[str, Any]
) -> None:
    request = await gatehouse.file_request()
    shows(gatehouse.world, **change)
    await gatehouse.control.post("clock", advance_seconds=61)
    value = card_value(request)
    for _ in range(2):
        await clicked_in(gatehouse, PRIVATE, value)
        assert (await gatehouse.outcomes("approver1"))[-1] == ("want_approve", "clicked_in_shared_channel")
    assert await decisions_on(gatehouse, request.id) == 0
    raised = [entry for entry in await gatehouse.history() if entry.command == "raise_alarm"]
    assert [entry.details["code"] for entry in raised] == ["channel_not_private"]
    told = [text for text in await texts(gatehouse, "@admin", "admin") if "approval channel" in text]
    assert len(told) == 1
    await clicked_in(gatehouse, DIRECT, value)
    assert await decisions_on(gatehouse, request.id) == 1, "in direct messages nobody else reads"


@pytest.mark.threats("B2")
async def test_a_rejection_in_a_shared_channel_counts(gatehouse: BotUnderTest) -> None:
    """Closing needs fewer checks than opening."""
    request = await gatehouse.file_request()
    shows(gatehouse.world, is_ext_shared=True)
    await gatehouse.control.post("clock", advance_seconds=61)
    rejected = submission(
        "approver1", "reject_reason", card_value(request), {"reason": {"reason": {"value": "no contract"}}}
    )
    assert (await gatehouse.interact(rejected)).status == 200
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert stored.state is RequestState.REJECTED


@pytest.mark.threats("B2")
@pytest.mark.parametrize(
    ("channel", "code"),
    [
        (SHARED, "clicked_in_shared_channel"),
        (GENERAL, "clicked_in_unknown_channel"),
        ("C0X", "clicked_in_unknown_channel"),
    ],
)
async def test_no_approval_counts_in_another_channel_unless_slack_shows_that_it_is_ours_alone(
    gatehouse: BotUnderTest, channel: str, code: str
) -> None:
    request = await gatehouse.file_request()
    await clicked_in(gatehouse, channel, card_value(request))
    assert (await gatehouse.outcomes("approver1"))[-1] == ("want_approve", code)
    assert await decisions_on(gatehouse, request.id) == 0


@pytest.mark.threats("B2")
async def test_an_approval_waits_while_slack_does_not_tell_whether_the_channel_is_shared(
    gatehouse: BotUnderTest,
) -> None:
    request = await gatehouse.file_request()
    gatehouse.world.faults.add(Fault(target="slack", method="conversations.info", status=503, times=999))
    await gatehouse.control.post("clock", advance_seconds=61)
    place = {"type": "message", "channel_id": PRIVATE}
    assert (await gatehouse.interact(click("approver1", "approve", card_value(request), container=place))).status == 200
    async with asyncio.timeout(LONGEST_WAIT):
        while "Still checking your permission" not in await gatehouse.told("approver1"):
            await gatehouse.world.wait_for_change(gatehouse.world.revision.number)
    assert await decisions_on(gatehouse, request.id) == 0
    gatehouse.world.faults.clear()
    await pass_by(gatehouse, 600)
    assert await decisions_on(gatehouse, request.id) == 1
