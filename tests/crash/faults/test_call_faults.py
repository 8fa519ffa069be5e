"""Calls of Slack and of Microsoft Graph fail in each story, one or many in a row, and the story goes on to its end.

One call fails once in each run: the k-th one of an operation, with one kind of fault. After a fault that passes a
story ends as without it. After one that says that a call will never succeed, or that is no answer, it ends as without
it, or it stops and somebody is told. In each case a partner can be closed in the end.
"""

import asyncio
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from bot.sandbox.entra import dispatch
from bot.sandbox.entra.odata.calls import Call
from bot.sandbox.http.faults import Target
from bot.slack.ids import REJECT_REASON
from tests.crash.carried_out import carried_out_by
from tests.crash.faults.failing import LASTING, Failing, OneCall, Place, Wave, kinds_of
from tests.crash.faults.faulty_stage import FaultyStage
from tests.crash.faults.runs import Run, difference, play
from tests.crash.invariants import check_writes
from tests.crash.stage import forget, put_kept
from tests.crash.stories import STORIES, Story
from tests.crash.summary import FAILING_CALLS, counted, record
from tests.crash.test_crash import EXTENT, Worlds, chosen_seed, noted_writes, patient_slack, warm_forks, worlds
from tests.scenarios.stage import CHANNEL
from tests.warm.kept_world import KeptWorld

__all__ = ["noted_writes", "patient_slack", "warm_forks", "worlds"]
pytestmark = pytest.mark.crash

SAMPLE: Final = 2
"""So many calls fail in a story, each in a run of its own, unless `EXTENT` asks for more: with `labels` one call of
each operation with each kind of fault, with `everywhere` each call with each kind."""
STAND_INS: Final = 2
"""So many other calls are tried in place of one that was not made again: what was read lately is not read again, and
that is a matter of real time."""
MOST_UNMADE: Final = 0.4
"""A story of few operations may have one that is made by chance, as when a channel is looked at again."""
PARTNERS: Final = "/policies/crossTenantAccessPolicy/partners"
WAVE: Final = 20
LONG_WAVE: Final = 200
AT_ONCE: Final = 4
"""So many runs of one story at the same time: a run mostly waits."""
ROUNDS: Final = 30
"""So many minutes people wait while many calls in a row fail."""


Case = OneCall | Wave


@dataclass(kw_only=True)
class Figures:
    """What the failing calls of one story came to."""

    story: str
    seed: int
    operations: int
    runs: int = 0
    failed: int = 0
    unmade: int = 0
    """How many calls, with all that stand in for them, were not made again."""
    refused: int = 0
    stopped: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, Any]:
        """Return the figures for the summary."""
        told = ("story", "seed", "operations", "runs", "failed", "unmade", "refused", "stopped")
        return {**{name: getattr(self, name) for name in told}, **counted(self.failures)}


def chosen(seen: Sequence[Place], draw: random.Random) -> list[Sequence[Case]]:
    """Choose which calls fail and how, as `EXTENT` says, and one wave of each service that is called.

    Each of them comes with what stands in for it when it is not made again.
    """
    by_operation: dict[tuple[Target, str], list[Place]] = {}
    for place in seen:
        by_operation.setdefault((place.target, place.operation), []).append(place)
    extent = os.environ.get(EXTENT)
    if extent is None:
        operations = draw.sample(list(by_operation), len(by_operation))
        drawn = [draw.choice(by_operation[one]) for one in operations[: SAMPLE + STAND_INS]]
        cases = [OneCall(place=one, kind=draw.choice(list(kinds_of(one.target)))) for one in drawn]
        chains: list[Sequence[Case]] = [
            [cases[number], *cases[SAMPLE:], *cases[:number]][: 1 + STAND_INS]
            for number in range(min(SAMPLE, len(cases)))
        ]
    else:
        places = [draw.choice(some) for some in by_operation.values()] if extent == "labels" else seen
        # The first call of an operation is the one that is made for certain, if any is.
        chains = [
            [OneCall(place=each, kind=kind) for each in dict.fromkeys((one, replace(one, number=1)))]
            for one in places
            for kind in kinds_of(one.target)
        ]
    targets = sorted({one.target for one in seen})
    waves = [draw.choice(targets)] if extent is None and targets else targets
    return [*chains, *(_wave(seen, one, draw) for one in waves)]


def _wave(seen: Sequence[Place], target: Target, draw: random.Random) -> Sequence[Wave]:
    begins = draw.randint(1, sum(one.target == target for one in seen))
    kind = draw.choice(list(kinds_of(target)))
    return [Wave(target=target, begins=one, length=WAVE, kind=kind) for one in dict.fromkeys((begins, 1))]


async def play_all(
    story: Story, kept: KeptWorld, folder: Path, usual: Run, chains: Sequence[Sequence[Case]], figures: Figures
) -> None:
    """Play a story once for each failing call, and note what it came to."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def play_one(number: int, chain: Sequence[Case]) -> None:
        async with turns:
            for attempt, case in enumerate(chain):
                if await _is_made(story, kept, folder / f"{number}-{attempt}", usual, case, figures):
                    return
        figures.unmade += 1

    await asyncio.gather(*(play_one(number, chain) for number, chain in enumerate(chains)))


async def _is_made(story: Story, kept: KeptWorld, place: Path, usual: Run, case: Case, figures: Figures) -> bool:
    """Play a story in which a call fails, and note how it ended. Return whether the call was made at all."""
    may_stop = case.kind in LASTING[case.target] or isinstance(case, Wave)
    rounds = ROUNDS if isinstance(case, Wave) else 6
    try:
        run = await play(story, kept, place, case, may_stop=may_stop, rounds=rounds)
    except Exception as error:
        figures.failures.append(f"{case}: {error!r} {getattr(error, '__notes__', '')}")
        return True
    figures.runs += 1
    figures.failed += len(run.failed)
    figures.refused += len(run.refused)
    figures.stopped += bool(run.stopped)
    if found := difference(usual, run, may_stop=may_stop):
        figures.failures.append(f"{case}: {found} ({place})")
    else:
        forget(place)
    return bool(run.failed)


@pytest.mark.parametrize("story", STORIES, ids=[story.name.replace(" ", "_") for story in STORIES])
async def test_while_calls_fail_a_story_goes_on_to_its_end(
    story: Story, worlds: Worlds, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = chosen_seed()
    kept = await worlds.before(story)
    usual = await play(story, kept, tmp_path / "usual", Failing(), may_stop=False, rounds=6)
    operations = len({(one.target, one.operation) for one in usual.seen})
    figures = Figures(story=story.name, seed=seed, operations=operations)
    chains = chosen(usual.seen, random.Random(seed))
    await play_all(story, kept, tmp_path, usual, chains, figures)
    print(f"{figures}")
    record(record_property, figures.counts, FAILING_CALLS)
    assert figures.failures == [], "\n".join(figures.failures)
    assert figures.unmade <= len(chains) * MOST_UNMADE, "few calls were made again: which ones are made is not certain"


@pytest.mark.parametrize("kind", ["reset after commit", "time-out after commit"])
@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("request, approve, apply", f"POST {PARTNERS}"),
        ("calendar", f"POST {PARTNERS}/*/m365Capabilities"),
        ("revoke", f"PATCH {PARTNERS}/*"),
        ("guest accounts", "PATCH /users/*"),
        ("enable accounts", "PATCH /users/*"),
        ("wave", f"POST {PARTNERS}"),
    ],
)
@pytest.mark.threats("F2")
async def test_a_write_whose_answer_is_lost_is_read_back_and_not_sent_again(
    name: str, operation: str, kind: str, worlds: Worlds, tmp_path: Path
) -> None:
    """One partner, one account, one batch: what was carried out counts once, and is shown as done."""
    story = next(one for one in STORIES if one.name == name)
    lost = OneCall(place=Place("graph", operation, 1), kind=kind)
    run = await play(story, await worlds.before(story), tmp_path / "lost", lost, may_stop=False, rounds=6)
    assert run.failed == [lost.place]
    assert (run.outcome.alarms, run.outcome.parked, run.refused) == ((), 0, [])


@pytest.mark.parametrize("name", ["request, approve, apply", "revoke"])
@pytest.mark.parametrize("target", ["graph", "slack"])
async def test_after_two_hundred_times_429_a_story_ends_as_without_them(
    name: str, target: Target, worlds: Worlds, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    story = next(one for one in STORIES if one.name == name)
    kept = await worlds.before(story)
    usual = await play(story, kept, tmp_path / "usual", Failing(), may_stop=False, rounds=6)
    wave = Wave(target=target, begins=1, length=LONG_WAVE, kind="429")
    run = await play(story, kept, tmp_path / "wave", wave, may_stop=False, rounds=LONG_WAVE)
    figures = Figures(story=f"{name}, {wave}", seed=0, operations=len({one.operation for one in run.failed}))
    figures.runs, figures.failed, figures.refused = 1, len(run.failed), len(run.refused)
    found = difference(usual, run, may_stop=False)
    figures.failures = [found] if found else []
    record(record_property, figures.counts, FAILING_CALLS)
    assert found == ""
    assert len(run.failed) > WAVE, "the story ended before most of the wave"


async def test_who_is_told_that_no_window_opened_opens_it_again(worlds: Worlds, tmp_path: Path) -> None:
    """As on a slow machine. The stage's people do it, so that a story does not end there."""
    story = next(one for one in STORIES if one.name == "reject")
    failing = OneCall(place=Place("slack", "POST /api/views.open", 1), kind="500")
    stage = FaultyStage(data=put_kept(await worlds.before(story), tmp_path / "closed"), failing=failing)
    try:
        await stage.start()
        stage.arm()
        window = await stage.window_of("approver1", "reject", await stage.card(), CHANNEL)
        assert window["callback_id"] == REJECT_REASON
        assert failing.failed == [failing.place]
    finally:
        await stage.stop()


async def test_a_write_that_graph_carried_out_twice_is_noticed(worlds: Worlds, tmp_path: Path) -> None:
    """The check itself is checked: the same request is sent once more, past the bot."""
    story = next(one for one in STORIES if one.name == "revoke")
    kept = await worlds.before(story)
    stage = FaultyStage(data=put_kept(kept, tmp_path / "twice"), failing=Failing())
    try:
        await stage.start()
        await story.play(stage)
        check_writes(stage)
        assert stage.sandbox.entra is not None
        tenant = stage.sandbox.entra._tenant
        [*_, write] = carried_out_by(tenant)
        call = Call(
            method=write.method,
            segments=tuple(write.path.strip("/").split("/")),
            headers={"authorization": "Bearer any", "content-type": "application/json"},
            content=json.dumps(write.body).encode(),
            base=stage.url,
            path=write.path,
        )
        assert dispatch.answer(tenant, call, accepts_token=lambda _: True).status < 300
        with pytest.raises(AssertionError, match="applied twice"):
            check_writes(stage)
    finally:
        await stage.stop()
