"""What the list of a partner's guests costs: the time of its first page, reads of each page, and memory."""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench.stage.processes import Served, World, answered_at, world

GUESTS: Final = 50_000
FEW: Final = 500
"""A list to compare the memory with."""
PAGES: Final = 40
"""How many pages are shown one after another, so that the second page of Graph is reached."""
_SENT_TOGETHER: Final = 5_000
_COMMAND: Final = "/partner guests contoso.com"
_CHANNEL: Final = "partner-access"


async def fill(stage: World, count: int) -> None:
    """Let the tenant have so many guests of one partner, of whom every tenth has not accepted the invitation."""
    users = (await stage.control.get("graph/state"))["state"]["users"].values()
    pattern = next(one for one in users if one["mail"] == "jon@contoso.com")
    for begin in range(0, count, _SENT_TOGETHER):
        more = {}
        for number in range(begin, min(begin + _SENT_TOGETHER, count)):
            key, name = f"0a6f7d10-0009-4e1b-9b51-{number:012}", f"p{number}_contoso.com#EXT#@woodgrove.com"
            own = {"id": key, "displayName": f"Person {number}", "mail": f"p{number}@contoso.com"}
            state = "Accepted" if number % 10 else "PendingAcceptance"
            more[key] = pattern | own | {"userPrincipalName": name, "externalUserState": state}
        await stage.control.call("PATCH", "graph/state", {"users": more, "pageSize": 500, "signIns": []})


async def guests() -> dict[str, object]:
    """Page through 50,000 guests in Slack, count them, and print them at the command line."""
    found: dict[str, object] = {"guests": GUESTS}
    for count in (FEW, GUESTS):
        async with world() as stage:
            await fill(stage, count)
            bot = await stage.bot(stage.folder / "guests.db")
            await stage.idle()
            slack = await _in_slack(stage, bot, PAGES if count == GUESTS else 1)
            terminal = await _at_the_terminal(stage)
        if count == FEW:
            found |= {f"terminal_peak_mb_at_{FEW}": terminal["terminal_peak_mb"]}
            found |= {f"count_mb_more_at_{FEW}": slack["count_mb_more"]}
        else:
            found |= slack | terminal
    return found


async def _in_slack(stage: World, bot: Served, pages: int) -> dict[str, object]:
    before = bot.resident_megabytes
    first = await _timed(stage, stage.control.post("command", user="admin", text=_COMMAND))
    times, reads = [], []
    for _ in range(pages):
        one = await _timed(stage, _click(stage, "guests_next"))
        times.append(one["took_s"])
        reads.append(one["reads"])
    after_pages = bot.resident_megabytes
    counted = await _timed(stage, _click(stage, "guests_count"))
    return {
        "first_answer_of_graph_s": first["graph_s"],
        "first_page_after_it_s": first["took_s"] - first["graph_s"],
        "first_page_ratio": first["took_s"] / first["graph_s"],
        "next_page_s": statistics.median(times),
        "next_page_reads": f"{min(reads)} to {max(reads)}",
        "pages_mb_more": round(after_pages - before, 1),
        "count_s": counted["took_s"],
        "count_reads": counted["reads"],
        "count_mb_more": round(bot.resident_megabytes - before, 1),
    }


async def _click(stage: World, action_id: str) -> None:
    messages = (await stage.control.get("messages", channel=_CHANNEL, user="admin"))["messages"]
    answer = [one for one in messages if one.get("is_ephemeral")][-1]
    place = {"channel": _CHANNEL, "ts": answer["ts"]}
    await stage.control.post("click", user="admin", action_id=action_id, **place)


async def _timed(stage: World, act: Any) -> dict[str, Any]:
    """Measure from what a person does until the answer is in Slack, and until Graph's first page of users."""
    before, slack_before, began = len(await stage.log("graph")), len(await stage.log("slack")), time.time()
    await act
    await stage.idle(290)
    users = _pages_of_guests(await stage.log("graph"), before)
    # The commands and clicks are answered at addresses of their own. The last answer of a count is its result.
    answers = [one for one in (await stage.log("slack"))[slack_before:] if "/api/" not in str(one["path"])]
    return {
        "took_s": answered_at(answers[-1]) - began,
        "graph_s": answered_at(users[0]) - began if users else 0.0,
        "reads": len(users),
    }


async def _at_the_terminal(stage: World) -> dict[str, object]:
    """Print the list as CSV; measure its first row against Graph's first answer, and the memory of the process."""
    before, began = len(await stage.log("graph")), time.time()
    database = f"sqlite:///{stage.folder / 'guests.db'}"
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "guests", "contoso.com", "--csv"),
        cwd=stage.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=stage.environment(DATABASE_URL=database, PYTHONUNBUFFERED="1"),
    )
    assert command.stdout is not None
    assert command.stderr is not None
    await command.stdout.readline()
    await command.stdout.readline()
    first_row, rows, peak = time.time(), 1, 0.0
    while line := await command.stdout.readline():
        rows += bool(line)
        if rows % 250 == 0:
            peak = max(peak, _peak_megabytes(command.pid))
    await command.stderr.read()
    status = await command.wait()
    users = _pages_of_guests(await stage.log("graph"), before)
    graph = answered_at(users[0]) - began
    return {
        "terminal_status": status,
        "terminal_rows": rows,
        "terminal_first_row_after_it_s": first_row - began - graph,
        "terminal_first_row_ratio": (first_row - began) / graph,
        "terminal_s": time.time() - began,
        "terminal_peak_mb": round(peak, 1),
    }


def _pages_of_guests(log: Sequence[dict[str, Any]], before: int) -> list[dict[str, Any]]:
    """Return the reads of pages of guests after the first `before` entries; the check of a person reads users, too."""
    return [one for one in log[before:] if "creationType" in str(one["query"].get("$filter"))]


def _peak_megabytes(process: int) -> float:
    """Return the most memory that a running process occupied."""
    path = Path(f"/proc/{process}/status")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
