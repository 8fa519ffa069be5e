"""How soon the bot is ready, and how much memory it needs; the same of `gatehouse posture` at many partners."""

import asyncio
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.bench.stage.histories import FIRST, commits, store_history, tenant_of
from tests.bench.stage.processes import World, world
from tests.bench.stage.statistics import Pairs, median

STARTS: Final = 7
PARTNERS: Final = 5_000
_PAUSE_SECONDS: Final = 1.0


async def start() -> dict[str, object]:
    """Start the bot and the bare application in turn, each on a new database, until they are ready."""
    ours, others, memory, bare_memory = [], [], [], []
    async with world() as stage:
        for _ in range(STARTS + 1):
            bare = await stage.bare()
            await asyncio.sleep(_PAUSE_SECONDS)
            others.append(bare.seconds_to_ready)
            bare_memory.append(bare.resident_megabytes)
            await bare.stop()
            bot = await stage.bot()
            await stage.idle()
            await asyncio.sleep(_PAUSE_SECONDS)
            ours.append(bot.seconds_to_ready)
            memory.append(bot.resident_megabytes)
            await bot.stop()
    pairs = Pairs(ours[1:], others[1:])  # the first start reads the modules from the disk
    return {
        "ratio": pairs.ratio,
        "quartiles": [round(one, 2) for one in pairs.spread],
        "ready_s": median(pairs.ours),
        "bare_ready_s": median(pairs.others),
        "resident_mb": round(median(memory)),
        "bare_resident_mb": round(median(bare_memory)),
    }


async def add_partners(stage: World, count: int) -> None:
    """Give the simulated tenant settings for so many partners."""
    listed = [tenant_of(number).tenant_id for number in range(count)]
    everything = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
    applications = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
    settings = {
        "b2bCollaborationInbound": {"usersAndGroups": everything, "applications": applications},
        "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": False},
    }
    partners: dict[str, Any] = dict.fromkeys(listed, settings)
    await stage.control.call("PATCH", "graph/state", {"partners": partners})


async def partners() -> dict[str, object]:
    """Read the bot's memory without records, and with thousands of partners when people have looked at them."""
    async with world() as stage:
        bot = await stage.bot()
        await stage.idle()
        await asyncio.sleep(_PAUSE_SECONDS)
        at_start = bot.resident_megabytes
        await bot.stop()
        database = await store_history(stage.folder / "many.db", commits(PARTNERS, PARTNERS))
        await add_partners(stage, PARTNERS)
        bot = await stage.bot(database)
        await stage.idle()
        with_records = bot.resident_megabytes
        for text in ("list", f"show {FIRST.default_domain}", "posture", "list"):
            await stage.control.post("command", user="admin", text=text)
            await stage.idle(290)
            for view in reversed((await stage.control.get("views", user="admin"))["views"]):
                await stage.control.post("close", user="admin", view_id=view["id"])
        await stage.control.get("home", user="admin")
        await stage.idle()
        used = bot.resident_megabytes
    return {
        "at_start_mb": round(at_start),
        "with_5000_partners_mb": round(used),
        "before_anybody_looked_mb": round(with_records),
        "ratio": used / at_start,
    }


async def posture() -> dict[str, object]:
    """Run `gatehouse posture` at thousands of partners: all of them in the tenant and in the records."""
    async with world() as stage:
        database = await store_history(stage.folder / "many.db", commits(PARTNERS, PARTNERS))
        few = await store_history(stage.folder / "few.db", commits(PARTNERS // 50, PARTNERS // 50))
        await add_partners(stage, PARTNERS // 50)
        small = await asyncio.to_thread(_posture, stage, few)
        await add_partners(stage, PARTNERS)
        large = await asyncio.to_thread(_posture, stage, database)
    return {
        "processor_s": large.ru_utime + large.ru_stime,
        "memory_mb": round(large.ru_maxrss / 1024),
        "processor_s_at_100": small.ru_utime + small.ru_stime,
        "memory_mb_at_100": round(small.ru_maxrss / 1024),
        "ratio": (large.ru_utime + large.ru_stime) / (small.ru_utime + small.ru_stime),
    }


def _posture(stage: World, database: Path) -> resource.struct_rusage:
    """Run the command to its end, and return what it used."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "posture", "--json"],
        stdout=subprocess.DEVNULL,
        cwd=stage.folder,
        env=stage.environment(DATABASE_URL=f"sqlite:///{database}"),
    )
    began = time.monotonic()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"it ended with {process.returncode} after {time.monotonic() - began:.0f} s"
    return used
