"""The contract of every store about batches: whole, in one version, and found by whoever they concern."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from tests.workflows.core.batches.examples import batch, member, row, whole_chain
from tests.workflows.core.builders import AMARA, BATCH, BRUNO, EXPIRY, MALLORY, NOW, RILEY, SAM, noted
from tests.workflows.store.test_contract import PagePosition, entry, new, place, put, store
from workflows.core.batches.asked_row import AskedAccess, BatchSheet
from workflows.core.batches.batch import Batch, BatchState, RowCode, RowState
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.errors.facts import Fact
from workflows.core.people import PersonId, Role
from workflows.core.requests.deadlines.reminder_times import APPROVERS_REMINDED_AFTER
from workflows.core.requests.request import BatchId, RequestKind, RequestState
from workflows.core.settings.canonical import Digest
from workflows.ports.pages import PagePosition as ListPosition
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

__all__ = ["place", "store"]
_NUMBERS = count()


def first(state: BatchState = BatchState.AWAITING_APPROVAL, number: int = 1, **changes: object) -> Batch:
    """Version 1 of a batch."""
    return replace(batch(state), **{"version": 1, "id": BatchId(f"B-{number}"), **changes})  # type: ignore[arg-type]


async def put_batch(store: Store, *batches: Batch) -> None:
    for one in batches:
        assert await store.commit(Commit(entry=entry(f"batch-{next(_NUMBERS)}"), batch=one))


async def test_a_batch_is_read_back_unchanged(place: PagePosition) -> None:
    store = await place.open()
    whole = first(
        BatchState.APPLYING,
        rows=(row(1, authors=(MALLORY,)), row(2, RowState.ENDED, reason=noted("It changed."))),
        list_problem=noted("No answer."),
        void_decisions=whole_chain(batch().digest or ""),  # type: ignore[arg-type]
        roles={"security": "h"},
        templates={"t": "h"},
    )
    await put_batch(store, whole)
    await place.close()
    again = await place.open()
    assert await again.batch(whole.id) == whole
    assert await again.batch(BatchId("B-0")) is None


async def test_a_batch_of_a_sheet_is_read_back_unchanged(place: PagePosition) -> None:
    store = await place.open()
    asked = AskedAccess(
        row=2,
        target="partner1.example",
        template="guest-collaboration",
        duration=timedelta(days=90),
        ends_at=EXPIRY,
        starts_at=NOW,
        placeholders={"pilot_group": "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"},
        sponsor=MALLORY,
        reason="They build the portal",
        ticket="CHG-7",
    )
    warning = Finding(
        code=FindingCode.LOOK_ALIKE, severity=Severity.WARNING, source=Source.OWN_RULE, values={"other": "a.example"}
    )
    problem = Fact(RowCode.CELL, {"column": "sponsor", "problem": Fact(SheetCode.CELL_EMPTY).as_value()})
    nothing = row(2, RowState.NOT_ASKED, reason=(problem,), asked=AskedAccess(row=3, target="=A1", template="x"))
    whole = first(
        BatchState.DRAFT,
        kind=RequestKind.ACCESS,
        rows=(row(1, RowState.WAITING, asked=asked, findings=(warning,)), nothing),
        sheet=BatchSheet(name="partners.xlsx", sha256=Digest("5e" * 32), sheet="Partners", rows=2),
        drafted_by="chat:U-riley",
    )
    await put_batch(store, whole)
    await place.close()
    assert await (await place.open()).batch(whole.id) == whole


async def test_of_two_writers_of_one_version_one_wins(store: Store) -> None:
    await put_batch(store, first())
    await put_batch(store, replace(first(), version=2))
    with pytest.raises(StaleVersion):
        await put_batch(store, replace(first(), version=2))


async def test_it_waits_for_the_open_stage_and_not_for_those_who_may_not_decide(store: Store) -> None:
    security, owners = Role("security"), Role("data-owner")
    decided = first(number=2, decisions=whole_chain(batch().digest or "")[:1], expires_at=NOW)  # type: ignore[arg-type]
    await put_batch(store, first(), decided, first(BatchState.DRAFT, 3), first(BatchState.DONE, 4))
    assert list(await store.roles_waited_for()) == [owners, security]
    waiting = await store.batches_waiting([security, owners], [BRUNO.id, BRUNO.chat_id], 1)
    assert ([one.id for one in waiting.items], waiting.count) == (["B-2"], 2)
    after = ListPosition(cursor=waiting.last_cursor)
    more = await store.batches_waiting([security, owners], [BRUNO.id, BRUNO.chat_id], 1, after)
    assert ([one.id for one in more.items], more.count_before) == (["B-1"], 1)
    assert (await store.batches_waiting([security], [AMARA.id], 5)).count == 1
    assert (await store.batches_waiting([owners], [AMARA.id], 5)).count == 0, "counted already"
    for person in (RILEY, SAM, MALLORY):
        assert (await store.batches_waiting([security, owners], [person.id], 5)).count == 0


async def test_open_due_and_own_batches(store: Store) -> None:
    later = first(BatchState.DRAFT, 2, created_at=EXPIRY)
    await put_batch(store, later, first(), first(BatchState.APPLYING, 3), first(BatchState.REJECTED, 4))
    assert [one.id for one in await store.open_batches()] == ["B-1", "B-3", "B-2"]
    assert list(await store.batches_due(NOW)) == []
    reminded = NOW + APPROVERS_REMINDED_AFTER[0]
    assert list(await store.batches_due(reminded)) == ["B-1"], "its approvers are reminded"
    assert list(await store.batches_due(EXPIRY)) == ["B-1", "B-2"], "what is being recorded does not expire"
    assert [one.id for one in (await store.batches_of(RILEY.chat_id, None, 2)).items] == ["B-4", "B-3"]
    assert [one.id for one in (await store.batches_of(SAM.chat_id, RILEY.id, 9)).items] == ["B-4", "B-3", "B-1"]
    assert (await store.batches_of(SAM.chat_id, PersonId(""), 9)).count == 0, "a draft belongs to nobody"


async def test_members_are_no_requests_that_wait_or_that_a_person_lists(store: Store) -> None:
    await put(store, member(1, version=1), new(9), member(2, RequestState.PREPARING, version=1))
    assert await store.batch_members(BATCH) == {
        "r-1": RequestState.AWAITING_APPROVAL,
        "r-2": RequestState.PREPARING,
    }
    assert [one.id for one in await store.open_requests_alone()] == ["r-9"]
    assert list(await store.open_requests_alone(with_waiting=False)) == []
    assert (await store.requests_waiting([Role("security")], [AMARA.id], 9)).count == 1
    assert {one.id for one in await store.open_requests()} == {"r-1", "r-2", "r-9"}
    about = await store.open_requests_about(member(1).plan.tenant_id)
    assert {one.id for one in about} == {"r-1", "r-2"}, "one without a plan may be about any tenant"
    planned = await store.open_requests_about(member(1).plan.tenant_id, only_planned=True)
    assert [one.id for one in planned] == ["r-1"]


async def test_it_is_known_whether_members_are_recorded(store: Store) -> None:
    await put_batch(store, first(), first(BatchState.DONE, 2))
    assert not await store.is_batch_applying()
    await put_batch(store, first(BatchState.APPLYING, 3))
    assert await store.is_batch_applying()
