"""What /metrics and the doctor say about records in PostgreSQL: the same names, kinds and words as with SQLite."""

import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.process.settings import Settings
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import Sandbox
from bot.terminal.doctor import _about_server
from tests.bot.bot_under_test import BotUnderTest, eventually
from tests.bot.process.postgres.conftest import started
from tests.bot.surfaces import buttons
from tests.bot.terminal.test_doctor import examined, finding, give_up
from tests.bot.terminal.test_stopped_work import at_the_command_line, cards, given_up, home, settled
from workflows.core.people import ChatId
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Priority, ShowHome
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.ports.store import Store
from workflows.store.common.reading import ServerFacts


async def numbers(bot: BotUnderTest) -> dict[str, float]:
    """The page of numbers, by name and labels."""
    async with bot.session.get(f"{bot.health_url}/metrics") as response:
        text = await response.text()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines if name.startswith("gatehouse_")}


async def test_the_same_numbers_are_shown_as_with_a_file(
    gatehouse: BotUnderTest, world: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    ours = await numbers(gatehouse)
    changes = {"database_url": f"sqlite:///{tmp_path}/other.db", "audit_key": SecretStr("")}
    ports = {"port": settings.port + 1, "gatehouse_health_port": settings.gatehouse_health_port + 1}
    other = settings.model_copy(update={**changes, **ports, "gatehouse_generation": f"{tmp_path}/other-generation"})
    async with started(other, world) as bot:
        theirs = await numbers(bot)
    assert ours.keys() == theirs.keys()
    assert ours["gatehouse_ready"] == 1


async def test_the_queue_is_shown_by_kind_with_its_age(gatehouse: BotUnderTest) -> None:
    """An effect that has been due for an hour, of a kind that waits for Slack."""
    world, store = gatehouse.world, gatehouse.store
    world.faults.add(Fault(target="slack", method="views.publish", status=503, times=1000))
    entry = AuditEntry(
        key=secrets.token_hex(8), at=world.clock.now(), actor="t", command="t", outcome="accepted", details={}
    )
    await store.commit(Commit(entry=entry, effects=(ShowHome(person=ChatId("U0ADMIN0001")),)))
    name = f'gatehouse_queue{{kind="{Priority.HOME.name.lower()}"}}'

    async def is_counted() -> bool:
        return (await numbers(gatehouse))[name] == 1

    await eventually(is_counted)
    found = await numbers(gatehouse)
    assert found['gatehouse_queue{kind="decide"}'] == 0
    assert found["gatehouse_effects_parked"] == 0


async def test_stopped_work_and_alarms_are_shown_and_listed(gatehouse: BotUnderTest) -> None:
    number = await given_up(gatehouse)

    async def is_alarmed() -> bool:
        found = await numbers(gatehouse)
        code = AlarmCode.EFFECT_GIVEN_UP.value
        return (found["gatehouse_effects_parked"], found[f'gatehouse_alarms{{code="{code}"}}']) == (1, 1)

    await eventually(is_alarmed)
    status, text = await examined(gatehouse.settings)
    assert status == 1
    assert "invalid_blocks" in finding(text, f"no. {number}")
    assert f"gatehouse doctor --retry {number}, or --give-up {number}" in finding(text, f"no. {number}")
    assert "invalid_blocks" in finding(text, "open alarms")


@pytest.mark.parametrize("action", ["retry_effect", "drop_effect"])
async def test_an_admin_decides_about_stopped_work_on_the_app_home(gatehouse: BotUnderTest, action: str) -> None:
    number = await given_up(gatehouse)
    assert {"retry_effect", "drop_effect"} <= buttons(await home(gatehouse, "admin")).keys()
    await settled(gatehouse, "admin", action, number)
    assert await gatehouse.store.given_up_effects() == []
    assert await cards(gatehouse) == (1 if action == "retry_effect" else 0)
    assert await gatehouse.outcomes("admin") == [(f"want_{action}", "received"), (action, "accepted")]


@pytest.mark.parametrize("is_retried", [True, False])
async def test_the_command_line_decides_beside_a_running_bot(gatehouse: BotUnderTest, is_retried: bool) -> None:
    number = await given_up(gatehouse)
    status, said = await at_the_command_line(gatehouse, number, is_retried=is_retried)
    assert (status, said) == (0, f"No. {number} is {'tried again' if is_retried else 'given up'} now.\n")

    async def is_decided() -> bool:
        return not await gatehouse.store.given_up_effects()

    await eventually(is_decided)
    await gatehouse.idle()
    assert await cards(gatehouse) == (1 if is_retried else 0)
    again, said = await at_the_command_line(gatehouse, number, is_retried=is_retried)
    assert (again, said) == (1, f"No. {number} is no stopped work. Run gatehouse doctor to see the numbers.\n")


@pytest.mark.parametrize("is_retried", [True, False])
async def test_the_command_line_decides_while_no_bot_runs(settings: Settings, world: Sandbox, is_retried: bool) -> None:
    async with started(settings, world) as bot:
        number = await given_up(bot)
        there = bot
    status, said = await at_the_command_line(there, number, is_retried=is_retried)
    ends = "tried again as soon as the bot runs" if is_retried else "given up now"
    assert (status, said) == (0, f"No. {number} is {ends}.\n")
    async with started(settings, world) as bot:
        await bot.idle()
        assert await bot.store.given_up_effects() == []
        assert await cards(bot) == (1 if is_retried else 0)


async def test_the_doctor_changes_nothing_beside_a_running_bot(gatehouse: BotUnderTest) -> None:
    status, text = await examined(gatehouse.settings)
    assert status == 0, text
    assert "none" in finding(text, "stopped work")
    assert "Database: its disk" not in text, "nothing of a server is on this machine's disk"
    await give_up(gatehouse.store, "chat.postMessage: channel_not_found")
    status, text = await examined(gatehouse.settings)
    assert status == 1
    assert "channel_not_found" in finding(text, "card:R-c")
    await gatehouse.file_request()


@pytest.mark.parametrize(
    ("changes", "state", "advice"),
    [
        ({"is_encrypted": True}, "encrypted; 3 of 100 connections are in use", ""),
        (
            {},
            "not encrypted; 3 of 100 connections are in use",
            "Add sslmode=verify-full and sslrootcert to DATABASE_URL: all",
        ),
        ({"is_on_this_machine": True}, "on this machine; 3 of 100 connections are in use", ""),
        ({"is_encrypted": True, "connections": 90}, "encrypted; 90 of 100 conn", "Raise max_connections of the server"),
    ],
)
def test_what_is_said_of_a_server(changes: dict[str, Any], state: str, advice: str) -> None:
    usual = {"version": "18.4", "is_encrypted": False, "is_on_this_machine": False, "connections": 3}
    said = _about_server(ServerFacts(**{**usual, "max_connections": 100, **changes}))
    assert said["state"].startswith(f"PostgreSQL 18.4, {state}")
    assert said["advice"].startswith(advice)
    assert bool(said["advice"]) == bool(advice)


async def test_the_doctor_says_which_server_it_is_and_whether_it_is_encrypted(gatehouse: BotUnderTest) -> None:
    _, text = await examined(gatehouse.settings)
    said = finding(text, "Database: its server")
    assert re.search(r"PostgreSQL 1\d\.\d+, on this machine; \d+ of \d+ connections are in use", said), said


async def test_the_doctor_says_how_much_work_waits_and_since_when_it_is_due(settings: Settings, world: Sandbox) -> None:
    store = await settings.records.open(world.clock)
    await commit_homes(store, world)
    _, text = await examined(settings)
    assert re.search(r"✓ 2, the oldest due since .*", finding(text, "waiting work"))
    world.clock.advance(601)
    _, text = await examined(settings)
    assert "– 2, the oldest due since" in finding(text, "waiting work")
    assert "Start the bot. If it runs, see what its /readyz and its log say" in finding(text, "waiting work")
    for effect in await store.pending(world.clock.now(), 9):
        await store.retry(effect.id, world.clock.now() + timedelta(minutes=1), ())
    _, text = await examined(settings)
    assert "2, none of it due" in finding(text, "waiting work")
    await store.close()


async def commit_homes(store: Store, world: Sandbox) -> None:
    """Store two effects that nobody performs."""
    entry = AuditEntry(key="homes", at=world.clock.now(), actor="t", command="t", outcome="accepted", details={})
    await store.commit(Commit(entry=entry, effects=tuple(ShowHome(person=ChatId(f"U{n}")) for n in range(2))))
