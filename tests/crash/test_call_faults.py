"""The k-th call of each operation of Slack and of Microsoft Graph fails, in each way, while a story is played.

In one run the k-th call of every operation fails in the same way: `chat.update` and `users.info`, or the write of a
partner and the reading of a group. tests/workflows/effects/test_fault_matrix.py has one fault a run, for Graph,
and the refusals that last.
"""

import asyncio
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from bot.sandbox.http.faults import AnyCall, Fault, Faults, Target
from tests.crash.invariants import check_copies, check_writes, heard, outcome_of, silent
from tests.crash.records import read
from tests.crash.stage import CrashStage, Seen, put_kept
from tests.crash.stories import STORIES, Story
from tests.crash.test_crash import Run, patient_slack, play, prepare, warm_forks
from tests.scenarios.stage import CHANNEL
from tests.warm.kept_world import KeptWorld

__all__ = ["patient_slack", "warm_forks"]
pytestmark = pytest.mark.matrix

EVERYWHERE: Final = "FAULTS_EVERYWHERE"
"""The variable of the environment with which every k is tried, in every story, not the first ones in some."""
PATIENCE: Final = 1.5
HTML: Final = "<html><h1>Not here</h1></html>"
KINDS: Final[dict[str, dict[str, Any]]] = {
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "500": {"status": 500},
    "500 after commit": {"status": 500, "after_commit": True},
    "503 in HTML": {"status": 503, "body": HTML},
    "200, not ok": {"status": 200, "body": {"ok": False, "error": "fatal_error"}},
    "200 in HTML": {"status": 200, "body": HTML},
    "reset": {"reset": True},
    "reset after commit": {"reset": True, "after_commit": True},
    "time-out": {"delay_seconds": 2 * PATIENCE},
    "time-out after commit": {"delay_seconds": 2 * PATIENCE, "after_commit": True},
    "slow": {"delay_seconds": PATIENCE / 3},
}
"""Faults that pass. After them a story ends as without them."""
ONLY_SLACK: Final = ("200, not ok", "200 in HTML")
"""Answers of Slack. A write in Graph that seems to succeed and has no effect is proved only after ten minutes, by an
empty audit log."""
_IDS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|'[^']*'")


@dataclass
class EachKth(Faults):
    """Lets the k-th call of every operation fail."""

    fault: Fault
    number: int
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    is_armed: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def take(self, target: Target, request: AnyCall, body: Any) -> Fault | None:
        """Count a call, also one in a batch."""
        if not self.is_armed or target != self.fault.target:
            return super().take(target, request, body)
        name = _IDS.sub("*", request.path)
        self.counts[f"{request.method} {name}"] += 1
        if self.counts[f"{request.method} {name}"] != self.number:
            return None
        self.failed.append(name.rpartition("/api/")[2])
        return self.fault


@dataclass(kw_only=True)
class FaultyStage(CrashStage):
    """A stage whose faults begin with the story."""

    def arm(self) -> None:
        """Begin."""
        super().arm()
        assert isinstance(self.faults, EachKth)
        self.faults.is_armed = True

    async def click_on(self, user: str, action_id: str, ts: str, done: Seen, channel: str = CHANNEL) -> None:
        """Decide only when asked: who decided before their own message was sent gets none, and misses nothing."""
        if action_id == "approve":
            await self.see_in_time(f"{user} is asked", lambda: self.direct(user))
        await super().click_on(user, action_id, ts, done, channel)

    def end_faults(self) -> None:
        """Let nothing fail any more."""
        assert isinstance(self.faults, EachKth)
        self.faults.is_armed = False


async def play_with(story: Story, kept: KeptWorld, folder: Path, faults: EachKth, usual: Run) -> str:
    """Play a story with faults; returns how it ended otherwise than without them."""
    stage = FaultyStage(data=put_kept(kept, folder), faults=faults, patience=PATIENCE)
    try:
        await stage.start()
        await story.play(stage)
        await stage.rest()
        stage.end_faults()
        for _ in range(3):
            await stage.pass_time(65)
        check_writes(stage)
        check_copies(read(stage.database))
        found = outcome_of(stage)
        assert usual.outcome is not None
        parts = [
            f"{name}: {before!r} became {after!r}"
            for name in found.__dataclass_fields__
            if (before := getattr(usual.outcome, name)) != (after := getattr(found, name))
        ]
        parts += [f"{person} was not told: {text}" for person, text in silent(usual.heard, await heard(stage))]
        return "; ".join(parts)
    except BaseException as error:
        error.add_note(f"failed: {faults.failed}, files in {folder}")
        raise
    finally:
        await stage.stop()


def cases() -> list[Any]:
    """Return the stories, and whose calls fail in them."""
    by_name = {story.name: story for story in STORIES}
    chosen: list[tuple[Target, str]] = [
        ("slack", "request, approve, apply"),
        ("graph", "wave"),
        ("graph", "guest accounts"),
    ]
    if os.environ.get(EVERYWHERE):
        chosen = [(target, name) for target in ("slack", "graph") for name in by_name]
    return [pytest.param(target, by_name[name], id=f"{target}-{name.replace(' ', '_')}") for target, name in chosen]


@pytest.mark.parametrize(("target", "story"), cases())
async def test_a_story_ends_as_usual_though_the_kth_call_of_each_operation_fails_for_a_moment(
    tmp_path: Path, target: Target, story: Story
) -> None:
    kept = await prepare(story, tmp_path)
    usual = await play(story, kept, tmp_path / "usual", None)
    turns, failures, failed = asyncio.Semaphore(2), [], Counter[str]()
    longest = 100 if os.environ.get(EVERYWHERE) else 2

    async def try_kind(kind: str) -> None:
        for number in range(1, longest + 1):
            faults = EachKth(Fault(target=target, **KINDS[kind]), number)
            async with turns:
                try:
                    found = await play_with(story, kept, tmp_path / f"{kind}-{number}", faults, usual)
                except Exception as error:
                    found = f"{error!r} {error.__notes__}"
            failed[kind] += len(faults.failed)
            if found:
                failures.append(f"{kind}, call {number} of {faults.failed}: {found}")
            if not faults.failed:
                break

    await asyncio.gather(*(try_kind(kind) for kind in KINDS if target == "slack" or kind not in ONLY_SLACK))
    print(f"{target}, {story.name}: {sum(failed.values())} calls failed, {dict(failed)}")
    assert failures == [], "\n".join(failures)
