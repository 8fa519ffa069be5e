"""A signed request that is sent again, also after a restart, has no second effect. Bolt remembers nothing."""

import asyncio
import json
from dataclasses import replace
from typing import Any, Final

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import Settings
from bot.sandbox.seed import PEOPLE, TEAM_ID, Person
from bot.sandbox.server import BotHandle, Sandbox
from bot.sandbox.slack.web_api.methods import users
from bot.sandbox.slack.workspace import people
from bot.slack import ids
from bot.slack.payloads.stamps import Stamps
from bot.slack.people.reads import SlackReads
from tests.bot.bot_under_test import (
    SLACK_IDS,
    BotUnderTest,
    click,
    eventually,
    health_url_of,
    request_values,
    submission,
)
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ChatId
from workflows.core.policy.reviews.terms import AttestedText
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store

TIMES: Final = 20


def bot_of(world: Sandbox, settings: Settings, session: aiohttp.ClientSession, store: Store) -> BotUnderTest:
    """Return a bot that runs."""
    url = f"http://127.0.0.1:{settings.port}"
    world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url_of(settings))
    return BotUnderTest(world=world, settings=settings, session=session, store=store, url=url)


async def sent(bot: BotUnderTest, payload: dict[str, Any]) -> set[int]:
    """Send one payload twenty times, and give the statuses."""
    answers = await asyncio.gather(*(bot.interact(payload) for _ in range(TIMES)))
    await bot.idle()
    return {answer.status for answer in answers}


async def decisions(bot: BotUnderTest, request_id: Any) -> list[str]:
    """List who has approved."""
    stored = await bot.store.request(request_id)
    assert stored is not None
    return [one.person.chat_id for one in stored.decisions]


@pytest.mark.threats("A2")
async def test_an_approval_that_is_sent_again_counts_once_also_after_a_restart(
    settings: Settings, world: Sandbox
) -> None:
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        bot = bot_of(world, settings, session, parts.store)
        request = await bot.file_request()
        payload = click("approver1", ids.APPROVE, f"{request.id}:{request.plan.digest}")
        updates = card_updates(world)
        assert await sent(bot, payload) == {200}
        assert await decisions(bot, request.id) == [SLACK_IDS["approver1"]]
        once = card_updates(world) - updates
        assert await sent(bot, payload) == {200}
        assert card_updates(world) - updates == once, "the card is not updated again"
        outcomes = await bot.outcomes("approver1")
        assert outcomes == [("want_approve", "received"), ("approve", "accepted")]
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        bot = bot_of(world, settings, session, parts.store)
        assert await sent(bot, payload) == {200}
        assert await decisions(bot, request.id) == [SLACK_IDS["approver1"]]
        assert await bot.outcomes("approver1") == outcomes


def card_updates(world: Sandbox) -> int:
    """Count the updates of cards in the approval channel."""
    bodies = [one["body"] for one in world.slack_log.entries if one["path"].endswith("chat.update")]
    return sum("C0PARTNERAC" in json.dumps(body) for body in bodies)


@pytest.mark.threats("A2")
async def test_a_form_that_is_sent_again_files_one_request(gatehouse: BotUnderTest) -> None:
    form = submission("requester", ids.REQUEST_ACCESS, "", request_values("contoso.com", "trusted-partner"))
    assert await sent(gatehouse, form) == {200}
    assert len(await gatehouse.store.open_requests()) == 1
    assert (await gatehouse.outcomes()).count(("submit", "accepted")) == 1


@pytest.mark.threats("A2")
async def test_an_answer_of_a_review_that_is_sent_again_after_it_was_carried_out_is_no_repeated_reason(
    gatehouse: BotUnderTest,
) -> None:
    """Slack missed the first 200. The person must not read that the answer that was stored is not accepted."""
    request = await gatehouse.file_request()
    for approver in ("approver1", "approver2", "approver3"):
        await gatehouse.interact(click(approver, ids.APPROVE, f"{request.id}:{request.plan.digest}"))
        await gatehouse.idle()
    await gatehouse.control.post("clock", advance_seconds=95 * 86_400)
    await gatehouse.idle()
    tenant_id = request.plan.tenant_id

    async def is_due() -> bool:
        record = await gatehouse.store.partnership(tenant_id)
        return record is not None and record.state is PartnershipState.REVIEW_DUE

    await eventually(is_due)
    ticked = {"selected_options": [{"value": AttestedText.EVERYBODY_USES_MFA.value}]}
    values = {
        ids.REASON: {ids.REASON: {"value": "They build the bridge until March"}},
        ids.ATTEST: {ids.ATTEST: ticked},
    }
    form = submission("requester", ids.KEEP_REASON, tenant_id, values)
    for _ in range(2):
        answer = await gatehouse.interact(form)
        assert (answer.status, answer.json["response_action"]) == (200, "clear")
        await gatehouse.idle()
    assert (await gatehouse.outcomes()).count(("keep", "accepted")) == 1


@pytest.mark.threats("A2")
async def test_a_command_that_is_sent_again_is_recorded_once(gatehouse: BotUnderTest) -> None:
    """Its trigger is its key; this one is refused, and so has a row."""
    for _ in range(TIMES):
        assert (await gatehouse.command("list", team_id="T0OTHER", trigger_id="1.2.3")).status == 200
    await gatehouse.idle()
    assert await gatehouse.outcomes() == [("/partner list", "outsider")]


@pytest.mark.threats("B5")
async def test_what_a_bot_sends_is_refused(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    await gatehouse.interact(click("approver1", ids.APPROVE, f"{request.id}:{request.plan.digest}", bot_id="B0OTHER"))
    await gatehouse.command("list", user_id=SLACK_IDS["approver1"], bot_id="B0OTHER")
    await gatehouse.idle()
    assert await gatehouse.outcomes("approver1") == [("want_approve", "not_human"), ("/partner list", "not_human")]
    assert await gatehouse.store.request(request.id) == request


@pytest.fixture
def two_ids(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Let Slack name approver1 U… in one payload and W… in another, as on an Enterprise Grid."""
    amara = next(person for person in PEOPLE if person.handle == "approver1")
    other = f"W{amara.slack_id[1:]}"
    monkeypatch.setattr(people, "_BY_REFERENCE", {**people._BY_REFERENCE, other: amara})
    found, shown = people.find_person, people.user_object

    def find(reference: str) -> Person | None:
        return replace(amara, slack_id=other) if reference == other else found(reference)

    def show(person: Person, **options: Any) -> dict[str, Any]:
        user = shown(amara if person.mail == amara.mail else person, **options)
        return user | {"enterprise_user": {"id": other, "teams": [TEAM_ID]}} if person.mail == amara.mail else user

    monkeypatch.setattr(users, "find_person", find)
    monkeypatch.setattr(users, "user_object", show)
    return amara.slack_id, other


def sent_as(chat_id: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload in which Slack names the person so."""
    return payload | {"user": {"id": chat_id, "team_id": TEAM_ID}}


@pytest.mark.threats("B8")
async def test_a_person_with_two_ids_of_an_enterprise_grid_counts_once(
    gatehouse: BotUnderTest, two_ids: tuple[str, str]
) -> None:
    """Slack names the same person U… in one payload and W… in another."""
    request = await gatehouse.file_request()
    value = f"{request.id}:{request.plan.digest}"
    for chat_id in two_ids:
        await gatehouse.interact(sent_as(chat_id, click("approver1", ids.APPROVE, value)))
        await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert [one.person.chat_id for one in stored.decisions] == [two_ids[1]]
    assert [outcome for _, outcome in await gatehouse.outcomes() if outcome == "already_decided"] == ["already_decided"]


def rejection(request: AccessRequest) -> dict[str, Any]:
    """The window in which approver1 rejects a request."""
    reason = {ids.REASON: {ids.REASON: {"value": "Not needed"}}}
    return submission("approver1", ids.REJECT_REASON, f"{request.id}:{request.plan.digest}", reason)


@pytest.mark.threats("B8")
@pytest.mark.parametrize("given_to", [0, 1])
async def test_a_window_that_was_given_to_one_id_of_a_person_counts_when_slack_sends_it_with_the_other(
    gatehouse: BotUnderTest, two_ids: tuple[str, str], given_to: int
) -> None:
    request = await gatehouse.file_request()
    given, sent_id = two_ids[given_to], two_ids[1 - given_to]
    window = gatehouse.as_given(sent_as(given, rejection(request)))
    assert (await gatehouse.forge(sent_as(SLACK_IDS["approver2"], window))).status == 200
    await gatehouse.idle()
    assert await gatehouse.outcomes("approver2") == [("want_reject", RefusalCode.WINDOW_NOT_YOURS)]
    assert (await gatehouse.forge(sent_as(sent_id, window))).status == 200
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert stored.state is RequestState.REJECTED


@pytest.mark.threats("B8")
async def test_a_second_look_that_was_sent_to_one_id_of_a_person_counts_with_the_other(
    gatehouse: BotUnderTest, two_ids: tuple[str, str]
) -> None:
    request = await gatehouse.file_request()
    card = f"{request.id}:{request.plan.digest}"
    stamps = Stamps(keys=gatehouse.settings.records.audit_keys, now=gatehouse.world.clock.now)
    button = click("approver1", ids.APPROVE_AGAIN, f"{card}:{stamps.button_code(card, ChatId(two_ids[0]))}")
    await gatehouse.forge(sent_as(SLACK_IDS["approver2"], button))
    await gatehouse.idle()
    assert await gatehouse.outcomes("approver2") == [("want_approve", RefusalCode.BUTTON_VALUE_UNREADABLE)]
    await gatehouse.forge(sent_as(two_ids[1], button))
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert [one.person.chat_id for one in stored.decisions] == [two_ids[1]]


@pytest.mark.threats("B8")
async def test_while_slack_does_not_say_which_ids_a_person_has_a_window_counts_for_its_own_id_only(
    gatehouse: BotUnderTest, two_ids: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await gatehouse.file_request()
    window = gatehouse.as_given(sent_as(two_ids[0], rejection(request)))

    async def no_answer(*_: object) -> None:
        raise PeopleDirectoryUnavailable("Slack does not answer.")

    monkeypatch.setattr(SlackReads, "user", no_answer)
    assert (await gatehouse.forge(sent_as(two_ids[1], window))).status == 200
    refused = [entry for entry in await gatehouse.history() if entry.outcome == RefusalCode.WINDOW_NOT_YOURS]
    assert [(entry.actor, entry.command) for entry in refused] == [(two_ids[1], "want_reject")]
    await gatehouse.forge(window)
    assert ("want_reject", "received") in await gatehouse.outcomes("approver1")
