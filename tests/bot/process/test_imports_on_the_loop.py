"""When the bot is ready, nothing is imported on its event loop: a click would wait for that, and all others with it."""

from pathlib import Path

import pytest

from tests.bench.onboardings import onboard
from tests.bench.stage.processes import World, world

WATCHED = """
import asyncio, pathlib, sys, threading

class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread() and asyncio._get_running_loop() is not None:
            with pathlib.Path(FILE).open("a") as found:
                found.write(name + "\\n")

sys.meta_path.insert(0, Watch())
sys.argv[1:] = ["run"]
from bot.__main__ import main
main()
"""
"""Runs the bot, and writes the name of each module that is looked for on its loop."""


async def use(stage: World) -> None:
    """Open a partner, and look at what the bot shows."""
    await onboard(stage, "contoso.com", pause_seconds=0)
    for text in ("list", "show contoso.com", "posture", "checklist contoso.com", "help", "revoke contoso.com"):
        await stage.control.post("command", user="admin", text=text)
        await stage.idle()
    await stage.control.get("home", user="admin")
    await stage.idle()


@pytest.mark.story
async def test_what_a_click_needs_is_imported_before_it(tmp_path: Path) -> None:
    """Microsoft's packages are imported in a thread; the rest before the loop runs, or while it starts."""
    found = tmp_path / "imported"
    code = f"FILE = {str(found)!r}\n" + WATCHED
    async with world() as stage:
        await stage.bot(command=("-c", code))
        await stage.idle()
        before = found.read_text().split() if found.exists() else []
        await use(stage)
        later = found.read_text().split()[len(before) :] if found.exists() else []
    assert later == []
    assert set(before) <= {"slack_bolt.listener_matcher.async_builtins"}
