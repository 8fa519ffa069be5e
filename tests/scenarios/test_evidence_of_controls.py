"""Every command of docs/controls.md, beside a bot with a short history: each prints evidence of what its row says."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from bot.process.opening.readers import SystemClock
from tests.scenarios.stage import CHANNEL, DAY, Stage
from tests.scenarios.test_posture import command_environment
from tests.test_controls import COMMANDS
from tests.warm.command import run_command

pytestmark = pytest.mark.story

HEAD: Final = re.compile(r"gatehouse-audit-1:[0-9A-Za-z:-]+")
DECISIONS: Final = ("Amara Okafor", "Bruno Keller", "Chie Tanaka")
Judge = Callable[[str, str], bool]
"""Says whether what a command prints on standard output and standard error is evidence."""


def contains(*texts: str) -> Judge:
    """Judge by texts on standard output."""
    return lambda out, _: all(text in " ".join(out.split()) for text in texts)


def is_report(out: str, err: str) -> bool:
    """Return whether a report has the whole chain of who decided, what was read back, and its own audit entry."""
    return contains(*DECISIONS, "contoso.com", "R-")(out, err) and "Recorded in the audit log as command_line:" in err


def has_columns_filled(out: str, err: str) -> bool:
    """Return whether the report as JSON has what the rows of the page name, for the request that was applied."""
    applied = next(one for one in json.loads(out)["requests"] if one["verified_at"])
    names = ("requester", "sponsor", "decisions", "change_id", "changes", "read_back", "risk", "entries")
    return all(applied[name] for name in names) and is_report(out, err)


EVIDENCE: Final[dict[str, Judge]] = {
    "audit export": lambda out, _: len([json.loads(line) for line in out.splitlines()]) > 10,
    "audit report": contains(*DECISIONS, "active (verified", "rejected", "Nothing was sent to Microsoft"),
    "audit report --format csv": is_report,
    "audit report --format json": has_columns_filled,
    "audit verify": contains("The audit log is whole.", "It was not compared with a posted line."),
    "audit verify --head HEAD": contains("The audit log is whole.", "It contains the line that was posted on"),
    "doctor": contains("Templates", "trusted-partner", "Role security", "Slack: the approval channel", "Records:"),
    "export --format csv": contains("contoso.com", "Trusted partner", "Riley Park"),
    "guests PARTNER": contains("2 guests."),
    "posture": contains(
        "The default, for every tenant without settings of its own",
        "Guests see: only their own directory objects",
        "Guests may be invited by: only who has a role for it",
        "contoso.com",
        "1 partner in the tenant",
    ),
    "revoke PARTNER --drill": contains("contoso.com: 1 write", "Store an audit entry", "nothing was written"),
    "sweep": contains("Read 1 partner. Nothing is different from what was approved."),
}


def test_each_command_of_the_page_is_judged() -> None:
    assert sorted(EVIDENCE) == COMMANDS


async def history(stage: Stage) -> str:
    """Reject Fabrikam, open Contoso, let a day pass; give the line that was posted about the audit log."""
    ts = await stage.ask(target="fabrikam.com")
    await stage.press("approver1", "reject", ts)
    (asked,) = (await stage.see("views", user="approver1"))["views"]
    await stage.do("submit", user="approver1", view_id=asked["id"], values={"reason": {"reason": "No contract"}})
    await stage.open_access(target="contoso.com")
    for _ in range(2):
        await stage.later(DAY)
    posted = (await stage.see("messages", channel=CHANNEL, user="admin"))["messages"]
    return str(HEAD.findall(json.dumps(posted))[-1])


async def settings_of_the_bot(stage: Stage) -> dict[str, str]:
    """Return the environment of a command next to the bot, with Slack's settings, which `doctor` needs."""
    given = (await stage.see("bot"))["settings"]
    slack = {name: value for name, value in given.items() if name.startswith("SLACK_")}
    return {**await command_environment(stage, 400), **slack}


async def test_every_command_of_the_page_prints_evidence(stage: Stage) -> None:
    head = await history(stage)
    environment = await settings_of_the_bot(stage)
    wrong = {}
    for line in COMMANDS:
        words = line.replace("HEAD", head).replace("PARTNER", "contoso.com").split()
        folder: Path = stage.data.parent
        status, out, err = await run_command(*words, folder=folder, environment=environment, has_short_pauses=True)
        if not EVIDENCE[line](out, err) or (status and line != "doctor"):
            wrong[line] = (status, out[-1500:], err[-1500:])
    assert not wrong, wrong
    assert len(await stage.writes()) == 1, "no command of the page changes the tenant"
    store = await stage.database.location.open_shared(SystemClock())
    try:
        recorded = [entry.command for entry in await store.history()]
    finally:
        await store.close()
    assert recorded.count("audit_report") == 3, "each report is recorded"
