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
from workflows.core.partners.partnership import PartnershipState
from workflows.core.policy.reviews.terms import AttestedText
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


@pytest.mark.threats("B8")
async def test_a_person_with_two_ids_of_an_enterprise_grid_counts_once(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack names the same person U… in one payload and W… in another."""
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
    request = await gatehouse.file_request()
    value = f"{request.id}:{request.plan.digest}"
    for chat_id in (amara.slack_id, other):
        payload = click("approver1", ids.APPROVE, value)
        await gatehouse.interact(payload | {"user": {"id": chat_id, "team_id": TEAM_ID}})
        await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert [(one.person.chat_id, one.person.name) for one in stored.decisions] == [(other, amara.name)]
    assert [outcome for _, outcome in await gatehouse.outcomes() if outcome == "already_decided"] == ["already_decided"]
