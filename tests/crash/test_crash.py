"""The bot is killed at every labelled point of every story, and started again on its file."""

import asyncio
import fcntl
import os
import random
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.crash.carried_out import note_writes
from tests.crash.invariants import Outcome, check_copies, check_writes, heard, outcome_of, silent
from tests.crash.points import Point, reached_in
from tests.crash.records import read
from tests.crash.stage import CrashStage, forget, note_time, put_kept, set_ahead
from tests.crash.stories import STORIES, Story
from tests.crash.summary import counted, record
from tests.scenarios.test_end_of_access import QUICK
from tests.stores.bot_database import bot_database
from tests.stores.choice import is_postgres
from tests.waiting import LONGEST_WAIT
from tests.warm.forks import start_forked
from tests.warm.kept_world import KeptWorld
from tests.warm.patience import be_patient

pytestmark = [pytest.mark.crash, pytest.mark.threats("G1", "G3", "G15")]

EXTENT: Final = "CRASH_EXTENT"
"""The variable of the environment that asks for more kills: `labels` is one at each label of each story, `everywhere`
one at each time that a label is reached. Otherwise there are at most `SAMPLE` in each story."""
SEED: Final = "CRASH_SEED"
"""The variable that names the seed of the sample, or `random` for another one with each run. It is printed."""
USUAL_SEED: Final = "20261128"
"""CI takes the same sample each time, so that a change is what breaks it. Look for more with `CRASH_SEED=random`."""
SAMPLE: Final = 6 if is_postgres() else 8
"""A kill takes about two seconds of processor time. With these the stories take three minutes on two cores.

With PostgreSQL a run takes twice as long. So each story has fewer kills there, at moments that the seed draws.
"""
STAND_INS: Final = 2
"""So many other labels are tried in place of a point that was not reached again: what happens at the same time may come
in another order, and then a label is reached less often."""
TERMINATIONS: Final = 3
ACKNOWLEDGED: Final = "request acknowledged"
STOPPING: Final = ("started_held", "audit_log_changed")
"""What the bot logs when it then holds all openings."""
AT_ONCE: Final = 3
"""So many runs of one story at the same time: a run mostly waits."""


def chosen_seed() -> int:
    """Return the seed of this run's sample."""
    given = os.environ.get(SEED) or USUAL_SEED
    return random.SystemRandom().randrange(10**6) if given == "random" else int(given)


@pytest.fixture(autouse=True)
def patient_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the simulated Slack, which runs in this process, wait longer on a slow machine."""
    be_patient(monkeypatch.setattr)


@pytest.fixture(autouse=True)
def noted_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note what the simulated Graph, which runs in this process too, carries out."""
    note_writes(monkeypatch)


@pytest.fixture(autouse=True, scope="module")
def warm_forks() -> None:
    """Wait until there is a process to fork from: it imports everything first."""
    start_forked(os.getpid).join(LONGEST_WAIT)  # type: ignore[arg-type]


@dataclass(kw_only=True)
class Run:
    """One run of a story."""

    kill_at: Point | None
    is_killed: bool = False
    points: Sequence[Point] = ()
    outcome: Outcome | None = None
    heard: dict[str, set[str]] = field(default_factory=dict)


class Worlds:
    """The prepared worlds of all stories, for all processes of a run: stories that begin alike share one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def before(self, story: Story) -> KeptWorld:
        """Return what comes before a story. The first process that asks plays it; the others wait for it."""
        made = self._folder / story.prepare.__name__
        with made.with_suffix(".lock").open("w") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            if not made.exists():
                # A new folder each time: one that failed is not in the way of the next.
                folder = Path(tempfile.mkdtemp(prefix=f"{made.name}-", dir=self._folder))
                made.write_text(str((await prepare(story, folder)).folder))
        return KeptWorld(Path(made.read_text()))


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Share the prepared worlds among the tests of this run."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "worlds"
    folder.mkdir(exist_ok=True)
    return Worlds(folder)


async def prepare(story: Story, folder: Path) -> KeptWorld:
    """Play what comes before the story, and keep it. The original is removed: a copy beside it would start held."""
    kept = KeptWorld(folder / "kept")
    kept.folder.mkdir(parents=True)
    stage = CrashStage(data=folder / "prepared" / "data", environment=QUICK)
    set_ahead(stage.data)
    try:
        await stage.start()
        await story.prepare(stage)
        await stage.rest()
        check_writes(stage)
    finally:
        await stage.stop()
    kept.keep_world(stage.data)
    note_time(kept)
    bot_database(kept.folder).copy_from(stage.data)
    forget(stage.data)
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
        log = (stage.data / "bot.log").read_text()
        assert not [one for one in STOPPING if one in log], "a kill is no restored backup, and changes no entry"
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
    seed: int
    labels: int
    reached: int
    killed: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, Any]:
        """Return the figures for the summary, each failure by what it is first of all."""
        told = {"story": self.story, "seed": self.seed, "labels": self.labels, "reached": self.reached}
        return {**told, "killed": self.killed, **counted(self.failures)}


def chosen(points: Sequence[Point], draw: random.Random) -> list[Sequence[Point]]:
    """Choose where to kill, as `EXTENT` says; of a label that is reached several times, one of these.

    Each point comes with what stands in for it when it is not reached again: the first time of its label, and then,
    where not each label is asked for, other labels.
    """
    by_label: dict[str, list[Point]] = {}
    for point in points:
        by_label.setdefault(point.label, []).append(point)
    each = [draw.choice(found) for found in by_label.values()]
    others: list[Point] = []
    if (extent := os.environ.get(EXTENT)) is None:
        drawn = draw.sample(each, len(each))
        each, others = drawn[:SAMPLE], [replace(one, number=1) for one in drawn[SAMPLE : SAMPLE + STAND_INS]]
    kills = points if extent == "everywhere" else each
    return [list(dict.fromkeys((one, replace(one, number=1), *others))) for one in kills]


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
    story: Story, worlds: Worlds, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = chosen_seed()
    kept = await worlds.before(story)
    usual = await play(story, kept, tmp_path / "usual", None)
    chains = chosen(usual.points, random.Random(seed))
    labels = {one.label for one in usual.points}
    figures = Figures(story=story.name, seed=seed, labels=len(labels), reached=len(usual.points))
    turns = asyncio.Semaphore(AT_ONCE)

    async def is_killed_at(point: Point, folder: Path) -> bool:
        """Play the story once. Return whether the point was reached, or something failed."""
        try:
            run = await play(story, kept, folder, point)
        except Exception as error:
            figures.failures.append(f"{point}: {error!r} {error.__notes__}")
            return True
        figures.killed += run.is_killed
        if found := difference(usual, run):
            figures.failures.append(f"{point}: {found} ({folder})")
        else:
            forget(folder)
        return run.is_killed

    async def kill_once(number: int, chain: Sequence[Point]) -> None:
        async with turns:
            for attempt, point in enumerate(chain):
                if await is_killed_at(point, tmp_path / f"{number}-{attempt}"):
                    return

    await asyncio.gather(*(kill_once(number, chain) for number, chain in enumerate(chains)))
    print(f"{figures}")
    record(record_property, figures.counts)
    assert figures.failures == [], "\n".join(figures.failures)
    assert figures.killed > len(chains) * 0.8, "few points were reached again: which ones are reached is not certain"


async def test_ended_by_sigterm_after_the_answer_to_slack_a_story_ends_as_without_it(
    worlds: Worlds, tmp_path: Path
) -> None:
    """As a deployment ends the process: it finishes what it can, and the next one does the rest."""
    story = STORIES[0]
    kept = await worlds.before(story)
    usual = await play(story, kept, tmp_path / "usual", None)
    answered = next(place for place, one in enumerate(usual.points) if one.label == ACKNOWLEDGED)
    for number, point in enumerate(random.Random(0).sample(usual.points[answered:], TERMINATIONS)):
        run = await play(story, kept, tmp_path / str(number), replace(point, signal=signal.SIGTERM))
        assert difference(usual, run) == "", point
