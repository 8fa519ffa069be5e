"""The composition root: what Slack, the database or the port refuse at start is a setting to be mended."""

import asyncio
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import Settings, SettingsProblems
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import BotUnderTest, click, eventually, free_port, health_url_of
from tests.bot.records_file import file_of
from tests.waiting import LONGEST_WAIT
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.app.schedule.downtime import last_gap
from workflows.core.requests.request import RequestId, RequestState

CARD_UPDATE: Final = 8.0
CARD_UPDATES_BY_THE_CLOCK: Final = pytest.mark.parametrize(
    "pauses", [replace(SHORT_PAUSES, card_update=CARD_UPDATE)], ids=["card_updates_by_the_clock"]
)
"""For counts of calls: a card waits for its update until the clock is moved, however slow the machine is.

With a pause that passes by itself, two changes of a card are two updates when the work between them takes longer.
"""


async def refused(settings: Settings, **changes: Any) -> str:
    """Give what a start with these changes is refused for."""
    with pytest.raises(SettingsProblems) as problems:
        async with running(settings.model_copy(update=changes), SHORT_PAUSES):
            pass
    (problem,) = problems.value.problems
    return str(problem)


def secret(value: str) -> Any:
    """Wrap a token as the settings do."""
    return Settings.model_fields["slack_signing_secret"].default.__class__(value)


async def test_a_token_that_slack_refuses(settings: Settings) -> None:
    problem = await refused(settings, slack_bot_token=secret("xoxb-canary"))
    assert problem.startswith("SLACK_BOT_TOKEN: Slack refuses it (invalid_auth)")
    assert "canary" not in problem


async def test_an_app_token_that_slack_refuses(settings: Settings) -> None:
    """Slack's client would try it again for ever."""
    problem = await refused(settings, slack_app_token=secret("xapp-canary"))
    assert problem.startswith("SLACK_APP_TOKEN: Slack refuses it (invalid_auth)")


async def test_a_token_of_another_workspace(settings: Settings) -> None:
    assert (await refused(settings, slack_team_id="T0ANOTHER")).startswith("SLACK_TEAM_ID: ")


async def test_a_database_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    problem = await refused(settings, database_url=f"sqlite:///{tmp_path}/file/gatehouse.db")
    assert problem.startswith("DATABASE_URL: ")


async def test_an_empty_client_secret(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "")
    assert (await refused(settings)).startswith("AZURE_…: ")


async def test_a_port_that_is_in_use(settings: Settings, world: Sandbox) -> None:
    taken = int(world.url.rstrip("/").rpartition(":")[2])
    assert (await refused(settings, port=taken)).startswith(f"HOST, PORT: cannot listen on 127.0.0.1:{taken} (")


async def test_templates_that_are_not_there(settings: Settings, tmp_path: Path) -> None:
    assert (await refused(settings, gatehouse_templates=tmp_path / "none")).startswith("GATEHOUSE_TEMPLATES: ")


@pytest.mark.parametrize(
    "fault",
    [Fault(target="slack", method="auth.test", status=429), Fault(target="slack", method="auth.test", reset=True)],
    ids=["busy", "away"],
)
async def test_a_slack_that_is_away_does_not_stop_the_start(settings: Settings, world: Sandbox, fault: Fault) -> None:
    """What is stored is served as soon as Slack answers again."""
    world.faults.add(fault.model_copy(update={"times": 5}))
    url = f"{health_url_of(settings)}/readyz"
    async with running(settings, SHORT_PAUSES), aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 200


OTHER_TENANT = "0c0ffee0-1111-4aaa-8bbb-0123456789a1"


async def test_an_entra_that_answers_for_another_tenant(settings: Settings) -> None:
    problem = await refused(settings, azure_tenant_id=OTHER_TENANT)
    assert problem.startswith("AZURE_TENANT_ID: Entra answers for the tenant ")
    assert settings.azure_tenant_id in problem


async def with_a_change_to_apply(settings: Settings, world: Sandbox) -> RequestId:
    """Leave a request that everybody approved and that is not written yet, because Entra refuses every write."""
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{settings.port}"
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url_of(settings))
        bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
        request = await bot.file_request()
        world.faults.add(Fault(target="graph", method="POST", match="partners", status=503, times=1000))
        for approver in ("approver1", "approver2", "approver3"):
            await bot.interact(click(approver, "approve", f"{request.id}:{request.plan.digest}"))
            await bot.idle()
    world.faults.clear()
    return request.id


def partner_writes(world: Sandbox) -> int:
    """Count the attempts to write a partner."""
    return len([e for e in world.graph_log.entries if e["method"] != "GET" and "/partners" in e["path"]])


async def test_nothing_is_written_before_entra_said_whose_tenant_it_is(settings: Settings, world: Sandbox) -> None:
    """A write that is due right at the start would be the first thing that the wrong tenant gets."""
    await with_a_change_to_apply(settings, world)
    before = partner_writes(world)
    assert before > 0
    world.clock.advance(120)
    world.faults.add(Fault(target="graph", match="/organization", delay_seconds=0.5))
    assert (await refused(settings, azure_tenant_id=OTHER_TENANT)).startswith("AZURE_TENANT_ID: ")
    assert partner_writes(world) == before


async def says(bot: BotUnderTest, reason: str) -> bool:
    """Tell whether the bot gives this reason for not being ready."""
    return reason in (await bot.readiness())[1]


@pytest.mark.usefixtures("short_lock_wait")
async def test_a_start_while_nothing_can_be_stored_performs_nothing_before_the_outage_is_stored(
    settings: Settings, world: Sandbox
) -> None:
    """The bot is not ready until then. Approvals from before the outage are checked after it is stored."""
    await with_a_change_to_apply(settings, world)
    before = partner_writes(world)
    world.clock.advance(3600)
    other = sqlite3.connect(file_of(settings), isolation_level=None)
    other.execute("begin immediate")
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{settings.port}"
        bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
        assert (await bot.readiness())[0] == 503
        await eventually(lambda: says(bot, "the records cannot be written"))
        assert partner_writes(world) == before
        other.execute("rollback")
        other.close()
        await eventually(bot.is_ready)
        gap = await last_gap(store=parts.store)
        assert gap is not None
        assert gap.since is not None
        assert gap.until - gap.since >= timedelta(hours=1)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(target="graph", match="/organization", delay_seconds=0.3),
        Fault(target="graph", match="/organization", status=503, times=3),
        Fault(target="graph", match="/organization", status=403),
    ],
    ids=["slow", "away", "not allowed"],
)
async def test_an_entra_that_does_not_say_whose_tenant_it_is_does_not_stop_the_start(
    settings: Settings, world: Sandbox, fault: Fault
) -> None:
    world.faults.add(fault)
    async with running(settings, SHORT_PAUSES) as parts:
        assert (await parts.store.probe()) is None


async def test_health_readiness_and_numbers(gatehouse: BotUnderTest) -> None:
    for path, text in {"/healthz": "ok\n", "/readyz": "ready\n"}.items():
        async with gatehouse.session.get(gatehouse.health_url + path) as response:
            assert (response.status, await response.text()) == (200, text)
    await gatehouse.file_request()
    async with gatehouse.session.get(f"{gatehouse.health_url}/metrics") as response:
        text = await response.text()
    assert "gatehouse_effects_due 0.0" in text
    assert "gatehouse_effects_waiting 0.0" in text
    assert "gatehouse_effects_parked 0.0" in text
    assert "gatehouse_ready 1.0" in text
    assert "# TYPE gatehouse_alarms gauge" in text
    assert "refus" not in text, "docs/coverage.md says that refusals are not counted"


async def test_a_bot_in_socket_mode_receives_by_the_socket_alone(
    tmp_path: Path, bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = Sandbox(tmp_path / "socket", socket_mode=True)
    await world.start(0)
    port = free_port()
    given = world.bot_settings(port, free_port()) | {"DATABASE_URL": f"sqlite:///{tmp_path}/socket.db"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    async with running(settings, SHORT_PAUSES), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url_of(settings))
        async with asyncio.timeout(LONGEST_WAIT):
            async with session.post(
                f"{world.url}control/command", json={"user": "requester", "text": "help"}
            ) as response:
                assert response.status == 200, await response.text()
        async with session.post(f"{url}/slack/events", data=b"command=/partner") as response:
            assert response.status == 401
    await world.stop()


@CARD_UPDATES_BY_THE_CLOCK
async def test_a_request_with_three_approvals_asks_slack_little(gatehouse: BotUnderTest) -> None:
    """Slack allows 20 reads of user groups a minute (tier 2), so one request must use few of them.

    Who decides is read again for every decision, and everybody before the write; nobody is read to be shown.
    """

    async def calls_of_a_request(domain: str) -> Counter[str]:
        before = slack_calls(gatehouse)
        request = await gatehouse.file_request(domain)
        for number, approver in enumerate(("approver1", "approver2", "approver3"), start=1):
            await gatehouse.interact(click(approver, "approve", f"{request.id}:{request.plan.digest}"))
            await update_cards_after_approval(gatehouse, request.id, number)
        return slack_calls(gatehouse) - before

    asked = slack_calls(gatehouse) + await calls_of_a_request("contoso.com")
    assert asked["usergroups.list"] + asked["usergroups.users.list"] <= 2, "one for the decisions, one before the write"
    assert asked["users.info"] <= 14
    assert asked["chat.update"] <= 13, "each copy once for approved and active"
    assert (asked["bots.info"], asked["users.lookupByEmail"]) <= (1, 4), "which app, and whose address, is asked once"
    assert sum(asked.values()) - asked["bots.info"] - asked["users.lookupByEmail"] <= 40
    again = await calls_of_a_request("northwind.com")
    assert sum(again.values()) <= 40, "of people who are known, every call counts"


@CARD_UPDATES_BY_THE_CLOCK
async def test_two_requests_with_approvals_an_hour_apart_ask_slack_no_more_than_the_table_of_results_says(
    gatehouse: BotUnderTest,
) -> None:
    """Checks that fall into these hours are included. docs/performance.md has each call, and why it is left."""

    async def has_checked_at_the_start() -> bool:
        asked = slack_calls(gatehouse)
        return asked["users.info"] >= 1 and asked["conversations.info"] >= 2

    await eventually(has_checked_at_the_start)
    counted = []
    for domain in ("contoso.com", "northwind.com"):
        before = slack_calls(gatehouse)
        request = await gatehouse.file_request(domain)
        for number, approver in enumerate(("approver1", "approver2", "approver3"), start=1):
            await gatehouse.control.post("clock", advance_seconds=3600)
            await gatehouse.idle()
            posted = await gatehouse.control.get("messages", channel="partner-access", user="approver1")
            card = next(one for one in reversed(posted["messages"]) if "approve" in str(one["blocks"]))
            await gatehouse.control.post(
                "click", user=approver, action_id="approve", channel="partner-access", ts=card["ts"]
            )
            await update_cards_after_approval(gatehouse, request.id, number)
        counted.append(slack_calls(gatehouse) - before)
    assert [calls["users.lookupByEmail"] for calls in counted] == [4, 0], "whose address it is, is asked once"
    first, again = (calls - without_what_the_hours_cause(calls) for calls in counted)
    assert first["conversations.open"] == again["conversations.open"] == 0, "everybody was just active"
    for asked, people, calls in ((first, 17, 45), (again, 15, 43)):
        assert asked["chat.postMessage"] == 6
        assert asked["chat.update"] <= 13, "of the copy of somebody who has approved, only their approval and the end"
        assert asked["users.info"] <= people
        assert asked.total() <= calls


async def update_cards_after_approval(gatehouse: BotUnderTest, request_id: RequestId, number: int) -> None:
    """Wait until the approval with this number has had its effects, then let the cards be updated."""

    async def has_had_its_effects() -> bool:
        request = await gatehouse.store.request(request_id)
        assert request is not None
        is_decided = len(request.decisions) == number and (number < 3 or request.state is RequestState.APPLIED)
        return is_decided and not await gatehouse.store.pending(gatehouse.world.clock.now(), limit=1)

    await eventually(has_had_its_effects)
    await gatehouse.control.post("clock", advance_seconds=int(CARD_UPDATE))
    await gatehouse.idle()


def without_what_the_hours_cause(calls: Counter[str]) -> Counter[str]:
    """Return the calls that are no part of a request: our clock jumped, and perhaps a day began, which has its line.

    Whose address it is, is asked once for each person.
    """
    daily = (
        Counter({"chat.postMessage": calls["chat.postMessage"] - 6}) if calls["chat.postMessage"] == 7 else Counter()
    )
    return Counter({name: calls[name] for name in ("api.test", "users.lookupByEmail")}) + daily


def slack_calls(gatehouse: BotUnderTest) -> Counter[str]:
    """Count the calls of Slack's methods until now."""
    return Counter(entry["path"].rpartition("/")[2] for entry in gatehouse.world.slack_log.entries)
