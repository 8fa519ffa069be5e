"""A backup is restored: the bot starts held, says what the records lack, opens nothing, and two admins release it."""

import asyncio
import re
import signal
import sys
from pathlib import Path
from typing import Final

import pytest
from aiohttp import ClientSession

from tests.scenarios.stage import CONTOSO, Stage, buttons, running_stage, words
from tests.scenarios.test_freeze import told, unfreeze, window, with_two_admins
from tests.scenarios.test_posture import command_environment, gatehouse
from tests.stores.bot_database import bot_database, note_use
from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from tests.warm.command import run_command

pytestmark = pytest.mark.story

HELD: Final = "Held: the records are an older backup."


async def is_held(stage: Stage) -> bool:
    """Whether the command says that the bot is held."""
    status, out, _ = await gatehouse(stage, "generation", columns=400)
    assert status == (1 if "Held:" in out else 0), out
    return "Held:" in out


@pytest.mark.threats("G8")
async def test_a_restored_backup_opens_nothing_until_two_admins_release_it(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    async with running_stage(Stage(data=data, warm=True)) as stage:
        await with_two_admins(stage)
        old = await stage.ask()
        assert not await is_held(stage)
        stage.database.back_up(backup)
        for approver in ("approver1", "approver2", "approver3"):
            assert await stage.press(approver, "approve", old) == []
        assert (await stage.revoke())["errors"] == {}
        await stage.open_access(target="fabrikam.com")
        await stage.tick()
    stage.database.restore(backup)

    async with running_stage(Stage(data=data, warm=True)) as stage:
        await with_two_admins(stage)
        await stage.tick()
        assert await is_held(stage)
        before, blocked = len(await stage.writes()), await stage.partner()
        # Everybody who must know it is told what is so, and what the records lack.
        assert len(await told(stage, "admin", HELD)) == 1
        (posted,) = [one for one in await stage.messages() if one["text"].startswith(HELD)]
        (report,) = [words(one) for one in await stage.direct("admin") if "The records end on" in words(one)]
        assert "fabrikam.com: in the tenant, not in the records" in report
        assert "contoso.com: in the tenant, not in the records" in report
        assert "by Gatehouse" in report
        assert "Requests that are void with the release: 1 (contoso.com, waiting for approval" in report
        # A click on a card of before is refused, with the reason. Nothing opens.
        (refused,) = await stage.press("approver1", "approve", old)
        assert "records that are older" in refused
        assert "void" in refused
        # What closes works; what is new is decided and waits.
        assert (await stage.revoke("fabrikam.com", domain="fabrikam.com"))["errors"] == {}
        assert len(await stage.writes()) == before + 1
        new = await stage.ask(target="northwind.com")
        for approver in ("approver1", "approver2", "approver3"):
            assert await stage.press(approver, "approve", new) == []
        await stage.tick()
        assert len(await stage.writes()) == before + 1
        # One admin is not enough, and the same one twice neither.
        assert "Release Gatehouse" in str(await unfreeze(stage, "admin"))
        assert "Another admin must confirm that. You cannot." in words(await unfreeze(stage, "admin"))
        await stage.tick()
        assert await is_held(stage)
        assert len(await stage.writes()) == before + 1
        await unfreeze(stage, "approver3")
        await stage.tick()
        await stage.tick()
        assert not await is_held(stage)
        assert len(await stage.writes()) == before + 2, "only the new request was applied"
        assert await stage.partner(CONTOSO) == blocked
        told_void = await told(stage, "requester", "older records")
        assert len(told_void) == 1
        assert "/partner request" in told_void[0]
        assert buttons(await stage.card_of(old)) == []
        (ended,) = [one for one in await stage.messages() if one["ts"] == posted["ts"]]
        assert "released Gatehouse" in ended["text"]
        view = await window(stage, "admin", "/partner unfreeze")
        assert "Nothing is frozen" in words(view)

    async with running_stage(Stage(data=data, warm=True)) as stage:
        await stage.tick()
        assert not await is_held(stage)


async def test_restarts_and_kills_and_first_starts_are_never_held(tmp_path: Path) -> None:
    """As by the command, as a hosting platform does after a kill, and as two starts of everything on one folder."""
    data = tmp_path / "data"
    for target in ("contoso.com", "fabrikam.com"):
        async with running_stage(Stage(data=data, warm=True)) as stage:
            await stage.tick()
            assert not await is_held(stage)
            await stage.ask(target=target)
            await stage.kill_the_bot()
            await stage.tick()
            assert not await is_held(stage)


async def test_a_sandbox_without_a_folder_is_not_held(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "sandbox", "--port", "0", "--no-browser"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(LONGEST_WAIT), ClientSession() as session:
            url = (await process.stdout.readline()).decode().strip().removeprefix("ready ")
            query = {"timeout": str(LONGEST_WAIT), "tick": "true"}
            async with session.get(f"{url}control/idle", params=query) as answer:
                assert (await answer.json())["ok"] is True
            async with session.get(f"{url}control/messages", params={"channel": "@admin", "user": "admin"}) as answer:
                assert "Held" not in await answer.text()
    finally:
        process.send_signal(signal.SIGTERM)
        with killed_when_it_hangs(process):
            await process.wait()


@pytest.mark.threats("G8")
async def test_records_are_handed_over_to_another_place_and_the_old_place_is_held(tmp_path: Path) -> None:
    old, new, backup = tmp_path / "old", tmp_path / "new", tmp_path / "backup.db"
    async with running_stage(Stage(data=old, warm=True)) as stage:
        await stage.tick()
        environment = await command_environment(stage, columns=400)

    async def command(folder: Path, *arguments: str) -> tuple[int | None, str, str]:
        places = {**bot_database(folder).settings, "GATEHOUSE_GENERATION": str(folder / "generation")}
        given = {**environment, **places}
        return await run_command("generation", *arguments, folder=tmp_path, environment=given, has_short_pauses=True)

    status, out, err = await command(old)
    assert (status, err) == (0, ""), err
    assert "These are the newest records." in out
    status, out, err = await command(old, "--hand-over")
    assert (status, err) == (0, ""), err
    (value,) = re.findall(r"Handed over: ([0-9a-f]{32}:\d+)", out)
    status, out, _ = await command(old)
    assert status == 1
    assert "A start would be held: these records were handed over to another place." in out
    new.mkdir()
    bot_database(old).back_up(backup)
    bot_database(new).restore(backup)
    note_use(bot_database(new))
    status, out, _ = await command(new)
    assert status == 1
    assert "nothing outside of the records says that they are the newest" in out
    status, out, err = await command(new, "--take-over", value)
    assert (status, err) == (0, ""), err
    assert "Start the bot here." in out
    status, out, _ = await command(new)
    assert (status, "These are the newest records." in out) == (0, True)
    status, _, err = await command(new, "--take-over", value.replace(":", ":9"))
    assert status == 1
    assert "copy the database file again" in " ".join(err.split())
    status, _, err = await command(new, "--take-over", "something")
    assert status == 2
    assert "must look like" in err
