"""A living installation moves to PostgreSQL: what waited goes on there, and the file serves nobody."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.process.settings import Settings, SettingsProblems
from bot.sandbox.server import Sandbox
from bot.terminal.posture.migrate_command import MigrateOptions, migrate_records
from tests.bot.bot_under_test import click
from tests.bot.process.test_held_bot import held_outcomes, kept, started
from tests.bot.records_file import file_of
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import written_key
from workflows.core.requests.request import RequestState
from workflows.store.audit_keys import KeyFile, own_key_file

pytestmark = pytest.mark.postgres
__all__ = ["kept"]


@pytest.fixture
def database() -> Iterator[str]:
    """A database without tables."""
    with test_server().database(is_empty=True) as name:
        yield name


def in_postgres(settings: Settings, url: str) -> Settings:
    """Return the settings that the move prints."""
    keys = KeyFile(own_key_file(file_of(settings)), is_own=True).ring(may_create=False).keys
    text = ",".join(map(written_key, keys))
    return settings.model_copy(update={"database_url": url, "audit_key": SecretStr(text)})


async def test_a_request_that_waited_is_approved_after_the_move_and_the_old_bot_does_not_start(
    kept: Settings, world: Sandbox, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(kept, world) as bot:
        request = await bot.file_request()
        first = click("approver1", "approve", f"{request.id}:{request.plan.digest}")
        assert (await bot.interact(first)).status == 200
        await bot.idle()
        before = await bot.outcomes("approver1")
    monkeypatch.setenv("GATEHOUSE_GENERATION", kept.gatehouse_generation)
    url = test_server().url(database)
    options = MigrateOptions(source=f"sqlite:///{file_of(kept)}", target=url, is_dry_run=False)
    assert await asyncio.to_thread(migrate_records, options) == 0
    moved = in_postgres(kept, url)
    async with started(moved, world) as bot:
        await bot.idle()
        assert await held_outcomes(bot) == []
        assert await bot.outcomes("approver1") == before
        for approver in ("approver2", "approver3"):
            again = click(approver, "approve", f"{request.id}:{request.plan.digest}")
            assert (await bot.interact(again)).status == 200
        await bot.idle()
        stored = await bot.store.request(request.id)
        assert stored is not None
        assert stored.state is RequestState.APPLIED
    with pytest.raises(SettingsProblems, match=r"DATABASE_URL: gatehouse\.db was moved to postgresql://"):
        async with started(kept, world):
            raise AssertionError("two bots could write")
