"""One run of a story in which calls fail, what must hold after it, and how its end differs from the usual one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.words.batches.sheet_imports import ROWS_NOT_SENT
from tests.crash.faults.failing import Failing, Place
from tests.crash.faults.faulty_stage import FaultyStage
from tests.crash.invariants import Outcome, check_copies, check_writes, heard, outcome_of, silent
from tests.crash.records import read
from tests.crash.stage import put_kept
from tests.crash.stories import Story
from tests.scenarios.stage import words
from tests.warm.kept_world import KeptWorld
from workflows.core.partners.partnership import PartnershipState

ROWS: Final = "Every row, with what it would change"
"""How the file of an import begins."""
_OPEN: Final = "allowed"


@dataclass(kw_only=True)
class Run:
    """One run of a story."""

    outcome: Outcome
    heard: dict[str, set[str]]
    seen: Sequence[Place]
    failed: Sequence[Place]
    refused: Sequence[str]
    says_no_rows: bool
    """Whether the message about an import says that the file of its rows is missing."""
    stopped: str = ""
    """Why the story was not played to its end; empty when it was."""


async def play(story: Story, kept: KeptWorld, folder: Path, failing: Failing, *, may_stop: bool, rounds: int) -> Run:
    """Play a story with faults, and check what must always hold.

    :param may_stop: whether the story may end before its end; what then must hold is `difference`'s to say.
    """
    stage = FaultyStage(data=put_kept(kept, folder), failing=failing, patience=failing.patience, rounds=rounds)
    stopped = ""
    try:
        await stage.start()
        await stage.rest()  # what the start asks Graph is no part of the story: a wrong answer ends the process
        try:
            await story.play(stage)
            await stage.rest()
        except AssertionError as error:
            if not may_stop:
                raise
            stopped = str(error)
        stage.end_faults()
        for _ in range(3):
            await stage.pass_time(65)
        check_writes(stage)
        check_copies(read(stage.database))
        found = Run(
            outcome=outcome_of(stage),
            heard=await heard(stage),
            seen=failing.seen,
            failed=failing.failed,
            refused=stage.refused,
            says_no_rows=any(ROWS_NOT_SENT in words(one) for one in await stage.direct("requester")),
            stopped=stopped,
        )
        if stopped:
            await close(stage)
        return found
    except BaseException as error:
        error.add_note(f"story {story.name!r}, {failing}, failed: {failing.failed}, files in {folder}")
        raise
    finally:
        await stage.stop()


async def close(stage: FaultyStage) -> None:
    """Check that an admin can close what is open, whatever happened before."""
    if not read(stage.database).partnerships:
        return
    assert (await stage.revoke())["errors"] == {}
    for _ in range(3):
        await stage.pass_time(65)
    check_writes(stage)
    states = [one.state for one in read(stage.database).partnerships]
    assert states == [PartnershipState.REVOKED], f"closing did not go through: {states}"


def difference(usual: Run, run: Run, *, may_stop: bool) -> str:
    """Return how a run ended otherwise than the one without a fault, and nobody was told; empty when it did not."""
    before, after = usual.outcome, run.outcome
    parts = [
        f"{name}: {getattr(before, name)!r} became {getattr(after, name)!r}"
        for name in before.__dataclass_fields__
        if getattr(before, name) != getattr(after, name)
        and not (name == "tenant" and closes_as_much(before.tenant, after.tenant))
    ]
    missed = [one for one in silent(usual.heard, run.heard) if not (run.says_no_rows and one[1].startswith(ROWS))]
    if may_stop:
        # Slack says of a person that nobody is there: then somebody else has to be told the same.
        texts = {text.partition(" | ")[0] for told in run.heard.values() for text in told}
        missed = [(person, text) for person, text in missed if text.partition(" | ")[0] not in texts]
        if run.refused or set(after.alarms) > set(before.alarms) or silent(run.heard, usual.heard):
            return ""
    return "; ".join([*parts, *(f"{person} was not told: {text}" for person, text in missed), *_stop_of(run)])


def closes_as_much(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether the parts that differ are blocked now: what the defaults do not say is blocked, too."""
    changed = {
        (tenant_id, name): after[tenant_id].get(name)
        for tenant_id, parts in before.items()
        if tenant_id in after
        for name in parts
        if after[tenant_id].get(name) != parts[name]
    }
    is_blocked = all(_OPEN not in json.dumps(part) and "blocked" in json.dumps(part) for part in changed.values())
    return before.keys() == after.keys() and is_blocked


def _stop_of(run: Run) -> list[str]:
    return [run.stopped] if run.stopped else []
