"""A bot whose records are in PostgreSQL: from request to revoke, though its process and its connections end."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.labelled import run_labelled_bot
from tests.crash.stage import CrashStage
from tests.scenarios.stage import running_stage, words
from tests.waiting import LONGEST_WAIT
from tests.warm.forks import start_forked
from tests.warm.patience import be_patient
from tests.warm.short_pauses import STORY_PAUSES
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import KeyRing, written_key
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.location import location_of

pytestmark = [pytest.mark.story, pytest.mark.postgres]


class PostgresStage(CrashStage):
    """A sandbox and a bot that is started again after each end."""

    async def _keep_running(self, settings: dict[str, str]) -> None:
        while True:
            self._bot = bot = await asyncio.to_thread(
                start_forked, run_labelled_bot, settings, self.data, self.points, None, None, STORY_PAUSES
            )
            while bot.exitcode is None:
                await asyncio.to_thread(bot.join, LONGEST_WAIT)  # it runs as long as the story

    async def kill(self) -> None:
        """Kill the bot's process, and wait for the next one."""
        assert self._bot is not None
        before = self._bot
        os.kill(self._pid(), signal.SIGKILL)

        async def is_next() -> bool:
            return self._bot is not before

        await self.until(is_next, "another process")
        await self.until_ready()


@pytest.fixture(autouse=True)
def _patient_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the simulated Slack, which is in this process, wait as in the other stories."""
    be_patient(monkeypatch.setattr)


@pytest.fixture
def database() -> Iterator[str]:
    """A database without tables."""
    with test_server().database(is_empty=True) as name:
        yield name


async def test_a_partner_from_request_to_revoke_with_records_in_postgresql(database: str, tmp_path: Path) -> None:
    server, key = test_server(), new_key()
    environment = {"DATABASE_URL": server.url(database), "AUDIT_KEY": written_key(key)}
    async with running_stage(PostgresStage(data=tmp_path / "data", environment=environment)) as stage:
        assert isinstance(stage, PostgresStage)
        ts = await stage.ask()
        await stage.kill()
        assert await stage.press("approver1", "approve", ts) == []
        server.run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")
        for approver in ("approver2", "approver3"):
            await stage.press(approver, "approve", ts)
        await stage.rest()
        assert "active (verified)" in words(await stage.card_of(ts))
        assert await stage.partner() is not None
        assert (await stage.revoke())["errors"] == {}
        partner = await stage.partner()
        assert partner is not None
        location = location_of(environment["DATABASE_URL"], GivenKeys(KeyRing((key,))))
        records = await location.read_records()
        assert records is not None
        assert [one.state for one in records.partnerships.values()] == ["revoked"]
        check = await asyncio.to_thread(location.verify_audit)
        assert check.problems == ()
        assert check.count > 10
