"""Records of another installation in the database that the settings name: nothing is opened with them."""

import asyncio
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from bot.process.settings import Settings
from bot.sandbox.server import Sandbox
from bot.slack.inbound.identity import IDENTITY, identity_from_text
from tests.bot.bot_under_test import BotUnderTest, eventually
from tests.bot.process.postgres.conftest import started
from tests.bot.process.test_app import refused
from tests.workflows.store.postgres.server import test_server
from workflows.app.schedule.freezing.held_start import GENERATION
from workflows.core.audit.chain import written_key
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
