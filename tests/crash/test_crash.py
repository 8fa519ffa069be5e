"""The bot is killed at every labelled point of every story, and started again on its file."""

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from bot.sandbox.slack.workspace import triggers
from tests.crash.invariants import Outcome, check_copies, check_writes, heard, outcome_of, silent
from tests.crash.points import Point, reached_in
from tests.crash.records import read
from tests.crash.stage import CrashStage, forget, put_kept
from tests.crash.stories import STORIES, Story
from tests.warm.kept_world import KeptWorld
from tests.warm.patience import ACKNOWLEDGE_SECONDS, PATIENT_MODULES

pytestmark = pytest.mark.crash

EVERYWHERE: Final = "GATEHOUSE_CRASH_EVERYWHERE"
"""The variable of the environment with which the bot is killed each time that a label is reached, not once a label."""
SEED: Final = "GATEHOUSE_CRASH_SEED"
AT_ONCE: Final = int(os.environ.get("CRASH_AT_ONCE","3"))
"""So many runs of one story at the same time: a run mostly waits."""


@pytest.fixture(autouse=True)
def patient_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the simulated Slack, which runs in this process, wait longer on a slow machine."""
    for module in PATIENT_MODULES:
        monkeypatch.setattr(module, "ACKNOWLEDGE_SECONDS", ACKNOWLEDGE_SECONDS)
    monkeypatch.setattr(triggers, "LIFETIME_SECONDS", ACKNOWLEDGE_SECONDS)


@dataclass(kw_only=True)
class Run:
    """One run of a story."""

    kill_at: Point | None
    is_killed: bool = False
    points: Sequence[Point] = ()
    outcome: Outcome | None = None
    heard: dict[str, set[str]] = field(default_factory=dict)


async def prepare(story: Story, folder: Path) -> KeptWorld:
    """Play what comes before the story, and keep it."""
    kept = KeptWorld(folder / "kept")
    kept.folder.mkdir(parents=True)
    stage = CrashStage(data=folder / "prepared" / "data")
    try:
        await stage.start()
        await story.prepare(stage)
        await stage.rest()
        kept.keep(stage.data, stage.database)
    finally:
        await stage.stop()
    return kept


async def play(story: Story, kept: KeptWorld, folder: Path, kill_at: Point | None) -> Run:
    """Play a story, killed at one point or nowhere, and check what must always hold."""
    stage = CrashStage(data=put_kept(kept, folder), kill_at=kill_at)
    try:
        await stage.start()
        await story.play(stage)
        await stage.rest()
        await stage.pass_time(65)
        check_writes(stage)
        check_copies(read(stage.database))
        return Run(
            kill_at=kill_at,
            is_killed=stage.kills > 0,
            points=reached_in(stage.points),
            outcome=outcome_of(stage),
            heard=await heard(stage),
        )
    except BaseException as error:
        error.add_note(f"story {story.name!r}, killed at {kill_at}, files in {folder}")
        raise
    finally:
        stage.disarm()
        await stage.stop()


@dataclass(kw_only=True)
class Figures:
    """What the kills of one story came to."""

    story: str
    labels: int
    reached: int
    tried: int = 0
    killed: int = 0
    failures: list[str] = field(default_factory=list)


def chosen(points: Sequence[Point], draw: random.Random) -> list[Point]:
    """Choose where to kill: at each label once, at one of the times at which it is reached; or everywhere."""
    if os.environ.get(EVERYWHERE):
        return list(points)
    by_label: dict[str, list[Point]] = {}
    for point in points:
        by_label.setdefault(point.label, []).append(point)
    return [draw.choice(found) for found in by_label.values()]


def difference(usual: Run, run: Run) -> str:
    """Return how a run ended otherwise than the one without a kill; empty when it did not."""
    assert usual.outcome is not None
    assert run.outcome is not None
    parts = [
        f"{name}: {before!r} became {after!r}"
        for name in usual.outcome.__dataclass_fields__
        if (before := getattr(usual.outcome, name)) != (after := getattr(run.outcome, name))
    ]
    parts += [f"{person} was not told: {text}" for person, text in silent(usual.heard, run.heard)]
    return "; ".join(parts)


@pytest.mark.parametrize("story", STORIES, ids=[story.name.replace(" ", "_") for story in STORIES])
async def test_killed_at_a_point_a_story_ends_as_without_a_kill(
    story: Story, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(10**6))
    kept = await prepare(story, tmp_path)
    usual = await play(story, kept, tmp_path / "usual", None)
    points = chosen(usual.points, random.Random(seed))
    figures = Figures(story=story.name, labels=len({one.label for one in usual.points}), reached=len(usual.points))
    turns = asyncio.Semaphore(AT_ONCE)

    async def kill_at(number: int, point: Point) -> None:
        async with turns:
            folder = tmp_path / str(number)
            try:
                run = await play(story, kept, folder, point)
            except Exception as error:
                figures.failures.append(f"{point}: {error!r} {error.__notes__}")
                print("DEV", figures.failures[-1], flush=True)
                return
            figures.tried += 1
            figures.killed += run.is_killed
            if found := difference(usual, run):
                figures.failures.append(f"{point}: {found} ({folder})")
                print("DEV", figures.failures[-1], flush=True)
            else:
                forget(folder)

    await asyncio.gather(*(kill_at(number, point) for number, point in enumerate(points)))
    print(f"seed {seed}: {figures}")
    record_property("crash", f"{figures.labels} {figures.reached} {figures.killed} {len(figures.failures)}")
    assert figures.failures == [], "\n".join(figures.failures)
