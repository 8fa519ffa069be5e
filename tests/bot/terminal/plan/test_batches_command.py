"""What the command line says about how far a batch is, and when it stops to follow one."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bot.terminal.plan.batches_command import (
    INTERRUPTED,
    NOT_ALL_APPLIED,
    NOT_OVER,
    Following,
    _listed,
    follow,
    show_batches,
)
from bot.terminal.printing import NOT_POSSIBLE
from tests.warm.ready_made import new_database
from tests.workflows.core.batches.examples import batch, row
from tests.workflows.core.builders import BATCH, DANA, NOW
from tests.workflows.world import World, open_world
from workflows.core.batches.batch import Batch, BatchState, RowState, Run
from workflows.core.errors.facts import Fact
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import BatchId, RequestKind
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[World]:
    """Records of a bot."""
    async with open_world(tmp_path / "gatehouse.db") as world:
        yield world


def console(*, is_terminal: bool = False) -> Console:
    """A console whose text can be read."""
    return Console(file=io.StringIO(), width=200, force_terminal=is_terminal, highlight=False, markup=False)


def text_of(shown: Console) -> str:
    """What was printed."""
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


async def put(world: World, one: Batch) -> None:
    """Store a version of a batch."""
    entry = AuditEntry(key=world.key(), at=NOW, actor="test", command="put", outcome="accepted", details={})
    await world.store.commit(Commit(entry=entry, batch=one))


def running(version: int, *, applied: int, state: BatchState = BatchState.APPLYING) -> Batch:
    """A batch of three of which some are applied."""
    rows = tuple(row(number, RowState.APPLIED if number <= applied else RowState.PLANNED) for number in (1, 2, 3))
    runs = (Run(since=NOW, tried=applied, failed=0),)
    return replace(batch(state, *rows, kind=RequestKind.ACCESS, runs=runs), version=version)


async def test_it_says_how_far_a_batch_is_since_when_and_what_comes_next(records: World) -> None:
    await put(records, running(1, applied=1))
    shown = console()
    assert await follow(records.store, BATCH, records.clock, shown, Following()) == 0
    lines = text_of(shown).splitlines()
    assert lines[1:] == [
        "1 of 3 partners adopted (verified), 2 left",
        "Since Mar 1, 2027 at 09:00 UTC.",
        "Next: the partners that are left are applied.",
    ]


@pytest.mark.parametrize("is_terminal", [False, True])
async def test_followed_it_ends_with_the_batch_and_shows_a_bar_only_at_a_terminal(
    records: World, *, is_terminal: bool
) -> None:
    await put(records, running(1, applied=0))
    versions = [running(2, applied=2), running(3, applied=3, state=BatchState.DONE)]
    reads: list[float] = []

    async def sleep(seconds: float) -> None:
        reads.append(seconds)
        await put(records, versions.pop(0))

    shown = console(is_terminal=is_terminal)
    assert await follow(records.store, BATCH, records.clock, shown, Following(is_wanted=True, sleep=sleep)) == 0
    assert reads == [1.0, 1.0]
    assert "3 of 3 partners adopted (verified)" in text_of(shown)
    assert ("━" in text_of(shown)) is is_terminal
    if not is_terminal:
        assert text_of(shown).splitlines()[:1] == [
            "0 of 3 partners adopted (verified), 3 left. Next: the partners that are left are applied."
        ]
        assert len(text_of(shown).splitlines()) == 3


async def test_a_discarded_draft_says_so_and_counts_as_the_listing(records: World) -> None:
    """Nobody had asked for it: nothing was withdrawn, and no decision came."""
    rows = tuple(row(number, RowState.ENDED, plan_digest=None) for number in (1, 2))
    note = (Fact(NoteCode.DRAFT_DISCARDED),)
    await put(records, replace(batch(BatchState.WITHDRAWN, *rows, confirmed_at=None, note=note), version=1))
    shown = console()
    assert await follow(records.store, BATCH, records.clock, shown, Following()) == NOT_ALL_APPLIED
    assert text_of(shown).splitlines() == [
        f"{BATCH}: 2 partners: adopt current settings: draft, discarded",
        "2 only in the draft",
    ]


async def test_followed_it_waits_for_people_says_so_once_and_goes_on(records: World) -> None:
    """A batch that approvers decide, or that halted, is not over."""
    states = [BatchState.AWAITING_APPROVAL, BatchState.APPLYING, BatchState.HALTED, BatchState.STOPPED]
    await put(records, running(1, applied=0, state=BatchState.AWAITING_APPROVAL))
    versions = [running(number, applied=0, state=states[number // 2]) for number in range(2, 7)]

    async def sleep(_: float) -> None:
        await put(records, versions.pop(0))

    shown = console()
    following = Following(is_wanted=True, sleep=sleep)
    assert await follow(records.store, BATCH, records.clock, shown, following) == NOT_ALL_APPLIED
    assert versions == []
    said = [line.partition(". ")[2] for line in text_of(shown).splitlines()[:3]]
    assert said == [
        "Next: the approvers decide.",
        "Next: the partners that are left are applied.",
        "It stopped by itself: 0 of the 0 partners tried could not be applied as approved. An admin continues or ends "
        "it.",
    ]


async def test_following_ends_after_the_time_that_was_given_with_a_status_of_its_own(records: World) -> None:
    await put(records, running(1, applied=0, state=BatchState.AWAITING_APPROVAL))
    reads: list[float] = []

    async def sleep(seconds: float) -> None:
        reads.append(seconds)

    following = Following(is_wanted=True, wait=3.0, sleep=sleep)
    shown = console()
    assert await follow(records.store, BATCH, records.clock, shown, following) == NOT_OVER
    assert reads == [1.0, 1.0, 1.0]
    assert "Next: the approvers decide." in text_of(shown).splitlines()[-1]


@pytest.mark.parametrize("state", [BatchState.REJECTED, BatchState.WITHDRAWN, BatchState.EXPIRED])
async def test_a_batch_that_ended_without_being_applied_has_the_status_of_one_that_stopped(
    records: World, state: BatchState
) -> None:
    await put(records, running(1, applied=0, state=state))
    assert await follow(records.store, BATCH, records.clock, console(), Following(is_wanted=True)) == NOT_ALL_APPLIED


async def test_a_halted_batch_ends_the_command_with_its_own_status(records: World) -> None:
    halted = running(1, applied=1, state=BatchState.HALTED)
    await put(records, replace(halted, runs=(Run(since=NOW, tried=20, failed=3, halted_at=NOW),)))
    shown = console()
    assert await follow(records.store, BATCH, records.clock, shown, Following()) == NOT_ALL_APPLIED
    assert "It stopped by itself: 3 of the 20 partners tried could not be applied as approved." in text_of(shown)


async def test_a_pause_and_a_freeze_are_said(records: World) -> None:
    later = NOW + timedelta(seconds=90)
    rows = (row(1, not_before=later), row(2, RowState.SCHEDULED, plan_digest=row(2).plan_digest))
    await put(records, replace(batch(BatchState.APPLYING, *rows, kind=RequestKind.ACCESS), version=1))
    shown = console()
    await follow(records.store, BATCH, records.clock, shown, Following())
    assert "0 of 2 partners adopted (verified), 1 starting later, 1 waiting" in text_of(shown)
    assert "Microsoft Graph asked for a pause. Next try: Mar 1, 2027 at 09:01 UTC." in text_of(shown)
    await records.freezes.freeze_without_person(key="f", user="os:root", reason="Incident 7")
    frozen = console()
    await follow(records.store, BATCH, records.clock, frozen, Following())
    assert "A freeze is in force." in text_of(frozen)
    assert DANA.name not in text_of(frozen)


async def test_an_unknown_batch_is_said(records: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        await follow(records.store, BatchId("B-0"), records.clock, console(), Following(is_wanted=True)) == NOT_POSSIBLE
    )
    assert "there is no batch B-0" in capsys.readouterr().err


async def test_open_batches_are_listed(records: World) -> None:
    await put(records, running(1, applied=1))
    shown = console()
    assert _listed(await records.store.open_batches(), shown) == 0
    assert BATCH in text_of(shown)
    nothing = console()
    assert _listed([], nothing) == 0
    assert text_of(nothing) == "No batch is open.\n"


def test_without_records_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_TENANT_ID", "0b000000-0001-4e1b-9b51-6d1f00000001")
    monkeypatch.setenv("AZURE_CLIENT_ID", "0b000000-0001-4e1b-9b51-6d1f00000002")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    assert show_batches("", Following()) == NOT_POSSIBLE
    assert "there are no records" in capsys.readouterr().err


def test_ctrl_c_ends_it_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_TENANT_ID", "0b000000-0001-4e1b-9b51-6d1f00000001")
    monkeypatch.setenv("AZURE_CLIENT_ID", "0b000000-0001-4e1b-9b51-6d1f00000002")
    (tmp_path / "gatehouse.db").write_bytes(new_database())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'gatehouse.db'}")

    async def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.terminal.plan.batches_command.follow", interrupted)
    assert show_batches(BATCH, Following(is_wanted=True)) == INTERRUPTED
    assert capsys.readouterr() == ("", "")
