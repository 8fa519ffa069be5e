"""How much a report about a sheet of partners uses, with names that were looked up before: the look-ups are Graph's."""

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
from datetime import UTC, datetime
from typing import Final

from tests.bench.stage.processes import World, world

LARGE: Final = 10_000
SMALL: Final = 100
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


async def sheets() -> dict[str, object]:
    """Run `gatehouse import --dry-run` on a short and on a long sheet."""
    async with world() as stage:
        small = await asyncio.to_thread(_report, stage, SMALL)
        large = await asyncio.to_thread(_report, stage, LARGE)
    return {
        "processor_s": large.ru_utime + large.ru_stime,
        "memory_mb": round(large.ru_maxrss / 1024),
        "processor_s_at_100": small.ru_utime + small.ru_stime,
        "memory_mb_at_100": round(small.ru_maxrss / 1024),
        "rows": LARGE,
    }


def _report(stage: World, rows: int) -> resource.struct_rusage:
    """Write a sheet with its look-ups, run the command to its end, and return what it used."""
    names = _names(rows)
    sheet, kept = stage.folder / f"{rows}.csv", stage.folder / f"{rows}.jsonl"
    sheet.write_text("Domain,Template\n" + "".join(f"{name},guest-collaboration\n" for name in names))
    home = stage.settings["AZURE_TENANT_ID"]
    kept.write_text("".join(f"{json.dumps(_lookup(number, name, home))}\n" for number, name in enumerate(names)))
    kept.chmod(0o600)
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "import", sheet.name, "--dry-run", "--json", "--lookups", kept.name],
        stdout=subprocess.DEVNULL,
        cwd=stage.folder,
        env=stage.environment(),
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"it ended with {process.returncode}"
    return used


def _names(count: int) -> list[str]:
    """Return domains that are seldom similar, always the same ones."""
    letters = random.Random(count)
    return list(dict.fromkeys("".join(letters.choices(_LETTERS, k=10)) + ".example" for _ in range(count)))


def _lookup(number: int, name: str, home: str) -> dict[str, str]:
    return {
        "name": name,
        "tenant_id": f"7e9a0000-0000-4000-8000-{number:012x}",
        "display_name": "",
        "default_domain": name,
        "at": datetime.now(UTC).isoformat(),
        "home": home,
    }
