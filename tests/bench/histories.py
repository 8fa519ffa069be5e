"""How what people do depends on how much was done before: a long history, many partners, many open requests."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.stage.histories import FIRST, REQUESTS_A_PARTNER, commits, open_commits, store_history
from tests.bench.stage.processes import Served, World, answered_at, called, world
from tests.bench.stage.statistics import Pairs, median, milliseconds

LARGE: Final = 100_000
SMALL: Final = 100
PARTNERS: Final = LARGE // REQUESTS_A_PARTNER
ROUNDS: Final = 15
STARTS: Final = 5
OPEN: Final = 231
_TICK_SECONDS: Final = 0.2
_QUIET_SECONDS: Final = 6.0


@dataclass(slots=True, kw_only=True)
class _Taken:
    """How long each thing took on one history, in seconds."""

    start: list[float] = field(default_factory=list)
    home: list[float] = field(default_factory=list)
    listed: list[float] = field(default_factory=list)
    show: list[float] = field(default_factory=list)
    tick: list[float] = field(default_factory=list)


async def history() -> dict[str, object]:
    """Do the same on a short and on a long history, in turn."""
    async with world() as stage, world() as other:
        began = time.perf_counter()
        large = await store_history(stage.folder / "large.db", commits(LARGE, PARTNERS))
        built = time.perf_counter() - began
        small = await store_history(other.folder / "small.db", commits(SMALL, 1))
        found = {large: _Taken(), small: _Taken()}
        places = ((stage, large), (other, small))
        for _ in range(STARTS):
            for place, database in places:
                bot = await place.bot(database)
                found[database].start.append(bot.seconds_to_ready)
                await bot.stop()
        bots = [
            (place, await place.bot(database, GATEHOUSE_TICK_SECONDS=str(_TICK_SECONDS)), database)
            for place, database in places
        ]
        for number in range(ROUNDS + 1):
            for place, _, database in bots:
                await _use(place, found[database], is_counted=number > 0)
        for _ in range(3):
            for _, bot, database in bots:
                found[database].tick.append(await _tick_time(bot))
        size = large.stat().st_size / 2**20
    pairs = {
        name: Pairs(getattr(found[large], name), getattr(found[small], name))
        for name in ("home", "listed", "show", "tick", "start")
    }
    return {
        **{name: pair.ratio for name, pair in pairs.items()},
        **{f"{name}_ms": milliseconds(median(pair.ours)) for name, pair in pairs.items()},
        **{f"{name}_small_ms": milliseconds(median(pair.others)) for name, pair in pairs.items()},
        "requests": LARGE,
        "partners": PARTNERS,
        "file_mb": round(size),
        "built_s": round(built),
    }


async def _use(stage: World, taken: _Taken, *, is_counted: bool) -> None:
    """Let an admin open the App Home, the list, and a partner."""
    home = await _until_answered(stage, lambda: stage.control.get("home", user="admin"), "views.publish")
    listed = await _until_answered(stage, lambda: stage.control.post("command", user="admin", text="list"), "views.")
    shown = await _until_answered(
        stage, lambda: stage.control.post("command", user="admin", text=f"show {FIRST.default_domain}"), "views."
    )
    for view in reversed((await stage.control.get("views", user="admin"))["views"]):
        await stage.control.post("close", user="admin", view_id=view["id"])
    await stage.idle()
    if is_counted:
        taken.home.append(home)
        taken.listed.append(listed)
        taken.show.append(shown)


async def _until_answered(stage: World, act: Callable[[], Awaitable[object]], method: str) -> float:
    """Do something; returns the seconds until the bot's last call of such a method was answered.

    A home that did not change is not published again: then until the bot took the event.
    """
    before, began = len(await stage.log("slack")), time.time()
    await act()
    taken = time.time()
    await stage.idle()
    calls = called(await stage.log("slack"), before, method)
    return max(map(answered_at, calls), default=taken) - began


async def _tick_time(bot: Served) -> float:
    """Return the processor time of one tick, with what else a bot does that nobody uses."""
    before = bot.processor_seconds
    await asyncio.sleep(_QUIET_SECONDS)
    return (bot.processor_seconds - before) * _TICK_SECONDS / _QUIET_SECONDS


async def backlog() -> dict[str, object]:
    """Start on many open requests whose cards are not shown yet, and wait until nothing is left to do."""
    async with world() as stage:
        database = await store_history(stage.folder / "open.db", open_commits(OPEN))
        already = _effects(database)[0]
        bot = await stage.bot(database)
        began, before = time.perf_counter(), bot.processor_seconds
        await stage.idle(300)
        seconds, processor = time.perf_counter() - began, bot.processor_seconds - before
        stored, left = _effects(database)
        calls = len(await stage.log("slack"))
    done = stored - left
    return {
        "effects_per_second": done / seconds,
        "effects": done,
        "of_these_stored_later": stored - already,
        "seconds": seconds,
        "processor_ms_an_effect": milliseconds(processor / done),
        "slack_calls": calls,
    }


def _effects(database: Path) -> tuple[int, int]:
    """Return how many effects were ever stored, and how many are left."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        [(stored,)] = db.execute("select coalesce(max(seq), 0) from sqlite_sequence where name = 'effects'").fetchall()
        [(left,)] = db.execute("select count(*) from effects").fetchall()
    return int(stored), int(left)
