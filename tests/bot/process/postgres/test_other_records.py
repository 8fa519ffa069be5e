"""Records of another installation in the database that the settings name: nothing is opened with them."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.process.settings import Settings
from bot.sandbox.server import Sandbox
from bot.slack.inbound.identity import IDENTITY, identity_from_text
from tests.bot.bot_under_test import BotUnderTest, eventually, free_port
from tests.bot.process.postgres.conftest import started
from tests.bot.process.test_app import refused
from tests.workflows.store.postgres.server import test_server
from workflows.app.schedule.freezing.held_start import GENERATION
from workflows.core.audit.chain import KEY_CHANGED, written_key
from workflows.core.audit.verifying import ChainProblemCode
from workflows.core.policy.stops.generation import HoldCause
from workflows.store.audit_keys import new_key


async def until_taken(bot: BotUnderTest) -> None:
    """Wait until the records have the generation of this start."""

    async def is_taken() -> bool:
        return bool(await bot.store.mark(GENERATION))

    await eventually(is_taken)


async def held_for(settings: Settings, world: Sandbox) -> HoldCause | None:
    """Why a bot with these settings starts held; None when it does not."""
    database = settings.database_url.partition("?")[0].rpartition("/")[2]
    # As if the bot before had ended long ago: for 20 seconds after its last heartbeat it counts as another one.
    test_server().run("update procrastinate_workers set last_heartbeat = '-infinity'", database=database)
    async with started(settings, world) as bot:
        freeze = await bot.store.freeze()
        return None if freeze is None or freeze.hold is None or not freeze.is_frozen else freeze.hold.cause


async def test_with_the_tables_of_another_installation_it_starts_held(
    settings: Settings, world: Sandbox, tmp_path: Path
) -> None:
    """Two admins look before anything is written: the address was mistaken, or another backup was restored there."""
    server, ours = test_server(), settings.database_url.partition("?")[0].rpartition("/")[2]
    async with started(settings, world) as bot:
        await until_taken(bot)
    with server.database() as theirs:
        other = {"database_url": server.url(theirs)}
        async with started(
            settings.model_copy(update={**other, "gatehouse_generation": f"{tmp_path}/2"}), world
        ) as bot:
            await until_taken(bot)
        assert await held_for(settings, world) is None
        assert await held_for(settings.model_copy(update=other), world) is HoldCause.NOT_HANDED_OVER
        server.run(f"alter database {ours} rename to {ours}_away", f"alter database {theirs} rename to {ours}")
        assert await held_for(settings, world) is HoldCause.OTHER_INSTALLATION
        server.run(f"alter database {ours} rename to {theirs}", f"alter database {ours}_away rename to {ours}")
        assert await held_for(settings, world) is None, "its own records are as they were"


async def test_the_tables_of_another_slack_app_are_refused(settings: Settings, world: Sandbox) -> None:
    async with started(settings, world) as bot:
        known = identity_from_text(await bot.store.mark(IDENTITY))
        assert known is not None
        await bot.store.save_mark(IDENTITY, replace(known, app_id="A0ANOTHER00", bot_id="B0ANOTHER00").as_text())
    said = await refused(settings)
    assert said.startswith("SLACK_APP_ID: the bot token belongs to A0GATEHOUSE, not to A0ANOTHER00")


async def test_a_log_that_another_key_signed_is_said(settings: Settings, world: Sandbox) -> None:
    async with started(settings, world) as bot:
        await bot.file_request()
    other = settings.model_copy(update={"audit_key": SecretStr(written_key(new_key()))})
    check = await asyncio.to_thread(other.records.verify_audit)
    assert check.problems != ()
    assert (await asyncio.to_thread(settings.records.verify_audit)).problems == ()


async def test_a_bot_with_another_key_is_refused_while_another_one_runs_and_goes_on_alone(
    settings: Settings, world: Sandbox
) -> None:
    """Neither would believe what the other one stores. A bot that is alone may have to revoke."""
    other = settings.model_copy(update={"audit_key": SecretStr(written_key(new_key()))})
    async with started(settings, world) as bot:
        await bot.file_request()
        assert (await refused(other)).startswith("AUDIT_KEY: other bots run with these records, and sign the audit log")
        assert KEY_CHANGED not in [one.command for one in await bot.store.history()]
        assert await bot.store.freeze() is None
    assert (await asyncio.to_thread(settings.records.verify_audit)).problems == ()
    async with started(other, world) as bot:
        await bot.file_request("fabrikam.com")
        assert KEY_CHANGED in [one.command for one in await bot.store.history()]


@pytest.mark.parametrize("has_both", [True, False])
async def test_a_new_key_freezes_nothing_when_every_bot_knows_it_before_one_signs_with_it(
    settings: Settings, world: Sandbox, has_both: bool
) -> None:
    """What docs/audit.md says: `old,new,old` for all of them first. Without that, the other bot does not know it."""
    old, new = settings.audit_key.get_secret_value(), written_key(new_key())
    before = settings.model_copy(update={"audit_key": SecretStr(f"{old},{new},{old}" if has_both else old)})
    ports = {"port": free_port(), "gatehouse_health_port": free_port()}
    after = settings.model_copy(update={"audit_key": SecretStr(f"{old},{new}"), **ports})
    async with started(before, world) as one:
        await one.file_request()
        async with started(after, world) as other:
            await other.file_request("fabrikam.com")
            assert KEY_CHANGED in [entry.command for entry in await other.store.history()]
            unknown = [problem for problem in (await one.store.verify_chain()).problems if not problem.record]
            assert {problem.code for problem in unknown} == (set() if has_both else {ChainProblemCode.UNKNOWN_KEY})
            assert await other.store.freeze() is None or not has_both
