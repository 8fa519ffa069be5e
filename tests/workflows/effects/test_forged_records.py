"""Somebody who writes the database, and does not have the key, opens nothing with it; closing always works.

Each test does what such a person would do: the statements are theirs, and checksums are computed again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, TENANT
from tests.workflows.store.stores import KINDS
from tests.workflows.store.worlds import (
    change_docs,
    docs_of,
    forge_effect,
    open_world_of,
    put_back_work,
    restarted_of,
    run,
    stored_work,
)
from tests.workflows.world import World
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.audit.chain import FREEZE_KEY
from workflows.core.conversation.remarks import RemarkId
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.delegation.absence import Absence, AbsenceId
from workflows.core.policy.stops.freeze import EndRequest, Freeze, FreezeState, FreezeStep, begin_hold
from workflows.core.policy.stops.generation import Hold, HoldCause
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.clicks import AskReminder
from workflows.core.requests.commands.editing import DeclineProposal
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import RemindSetup
from workflows.core.requests.commands.people import DeclineSponsorship
from workflows.core.requests.commands.request import Answer, Ask, Comment
from workflows.core.requests.effects import Apply, CheckPermission
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.audit_log import RESULT_OF, RestsOn
from workflows.ports.records import Commit
from workflows.store.codec import ABSENCE, FREEZE, PARTNERSHIP, REQUEST, dump, load, with_checksum

pytestmark = pytest.mark.threats("G7")


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world over each kind of store."""
    async with open_world_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def world_in_file(tmp_path: Path) -> AsyncIterator[World]:
    """A world over a file."""
    async with open_world_of("sqlite", tmp_path) as made:
        yield made


# --- what somebody who can write to the records does ---


def rows_of(world: World, table: str) -> list[tuple[Any, ...]]:
    """Read a table, to put it back later."""
    return run(world, (f"select * from {table}", ()))


def put_back(world: World, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Replace a table by rows that were read before."""
    run(world, (f"delete from {table}", ()))
    for row in rows:
        run(world, (f"insert into {table} values ({', '.join('?' * len(row))})", row))


def forge_request(world: World, request: AccessRequest) -> None:
    """Write a request in the place of the stored one, with the checksum of its text."""
    doc = with_checksum(dump(REQUEST, request))
    sql = "update requests set doc = ?, state = ?, version = ? where id = ?"
    run(world, (sql, (doc, request.state.value, request.version, request.id)))


def approved_by(request: AccessRequest, world: World) -> tuple[Decision, ...]:
    """What the record of a request would say if everybody had approved."""
    stages = request.require_prepared().stages
    people = {0: (AMARA,), 1: (BRUNO, CHIE)}
    return tuple(
        Decision(
            person=person,
            stage=number,
            choice=Choice.APPROVE,
            reason="",
            at=world.clock.now(),
            digest=request.plan.digest,
        )
        for number in range(len(stages))
        for person in people[number]
    )


async def codes(world: World, request_id: RequestId) -> tuple[RequestState, list[str]]:
    """The state of a request, and why it waits."""
    request = await world.request(request_id)
    return request.state, [fact.code for fact in request.note]


async def nothing_is_written(world: World) -> None:
    """Let everything follow, also what is tried again."""
    for _ in range(3):
        await world.settle()
        world.clock.advance(minutes=5)
    assert world.tenant.writes == []


# --- requests ---


async def test_a_forged_approval_of_a_real_request_is_not_written(world: World) -> None:
    request = await world.waiting()
    forged = replace(request, state=RequestState.APPLYING, decisions=approved_by(request, world))
    forge_request(world, forged)
    forge_effect(world, Apply(request_id=request.id, tenant_id=request.plan.tenant_id))
    await nothing_is_written(world)
    assert await codes(world, request.id) == (
        RequestState.APPLYING,
        [NoteCode.NOT_AS_SIGNED, NoteCode.KEEPS_TRYING],
    )
    assert [one.name for one in world.store.take_unproven()] == [f"record_changed:requests/{request.id}"]
    await nothing_is_written(world)  # the bot has stored it since, and believes it as little


async def test_a_whole_forged_request_is_not_written(world: World) -> None:
    real = await world.waiting()
    forged = replace(real, id=RequestId("R-FORGED"), state=RequestState.APPLYING, decisions=approved_by(real, world))
    [row] = rows_of(world, "requests")
    put_back(world, "requests", [(forged.id, *row[1:])])
    forge_request(world, forged)
    forge_effect(world, Apply(request_id=forged.id, tenant_id=forged.plan.tenant_id))
    await nothing_is_written(world)
    assert world.store.take_unproven()[0].name == "record_added:requests/R-FORGED"


async def test_forged_first_approvals_are_not_completed_by_a_real_last_one(world: World) -> None:
    request = await world.waiting()
    forge_request(world, replace(request, decisions=approved_by(request, world)[:2]))
    await world.approve(await world.request(request.id), CHIE)
    assert (await world.refusals())[-1] == (CHIE.chat_id, RefusalCode.NOT_AS_SIGNED)
    await nothing_is_written(world)


async def test_a_revoked_partner_is_not_opened_again_by_an_earlier_row_of_its_request(world: World) -> None:
    request = await world.approved()
    requests, work = rows_of(world, "requests"), stored_work(world)
    await world.settle()
    await world.revoke(DANA)
    assert (await world.request(request.id)).state is RequestState.APPLIED
    world.tenant.writes.clear()
    put_back(world, "requests", requests)
    put_back_work(world, work)
    assert (await world.request(request.id)).state is RequestState.APPLYING
    await nothing_is_written(world)
    assert (await codes(world, request.id))[1][0] == NoteCode.NOT_AS_SIGNED


async def test_another_plan_than_the_approved_one_is_not_written(world: World) -> None:
    request = await world.approved()
    prepared = request.require_prepared()
    longer = replace(prepared.plan, ends_at=world.clock.now() + timedelta(days=900))
    decided = tuple(replace(one, digest=longer.digest) for one in request.decisions)
    forge_request(world, replace(request, prepared=replace(prepared, plan=longer), decisions=decided))
    await nothing_is_written(world)
    assert (await codes(world, request.id))[1][0] == NoteCode.NOT_AS_SIGNED


# --- clicks ---


async def test_a_click_that_was_never_received_decides_nothing(world: World) -> None:
    request = await world.waiting()
    forge_effect(world, CheckPermission(command=world.approval(request, AMARA), key="forged"))
    await world.settle()
    assert (await world.request(request.id)).decisions == ()
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.NOT_AS_SIGNED)
    assert [one.name for one in world.store.take_unproven()] == ["record_added:clicks/forged"]


async def test_a_received_click_does_not_become_that_of_somebody_else(world: World) -> None:
    request = await world.waiting()
    await world.service.store_click(world.approval(request, RILEY), key="mine")
    [doc] = docs_of(world, "judge:mine")
    changed = doc.replace(RILEY.chat_id, AMARA.chat_id)
    assert changed != doc
    change_docs(world, "judge:mine", changed)
    await world.settle()
    assert (await world.request(request.id)).decisions == ()
    assert (await world.refusals())[-1][1] == RefusalCode.NOT_AS_SIGNED


async def test_a_click_is_not_performed_again_when_its_result_is_removed(world: World) -> None:
    request = await world.waiting()
    await world.service.store_click(world.approval(request, AMARA), key="once")
    work = stored_work(world, "judge:once")
    requests = rows_of(world, "requests")
    await world.settle()
    assert len((await world.request(request.id)).decisions) == 1
    put_back(world, "requests", requests)
    run(world, ("delete from audit where key = ?", (f"{RESULT_OF}once",)))
    put_back_work(world, work)
    await world.settle()
    assert (await world.request(request.id)).decisions == ()


SAID: list[Callable[[AccessRequest], Any]] = [
    lambda request: Comment(actor=AMARA.chat_id, request_id=request.id, text="I checked them."),
    lambda request: Ask(actor=AMARA.chat_id, request_id=request.id, text="Who?", asked=(RILEY.chat_id,)),
    lambda request: Answer(actor=RILEY.chat_id, request_id=request.id, question=RemarkId("Q-1"), text="We know them."),
    lambda request: AskReminder(actor=RILEY.chat_id, request_id=request.id),
    lambda request: DeclineProposal(
        actor=RILEY.chat_id, request_id=request.id, digest=request.plan.digest, number=1, reason="No"
    ),
    lambda request: RemindSetup(actor=RILEY.chat_id, tenant_id=TENANT),
    lambda request: DeclineSponsorship(actor=AMARA.chat_id, tenant_id=TENANT, number=1),
]


@pytest.mark.parametrize("said", SAID)
async def test_nothing_is_said_in_the_name_of_somebody_who_did_not_click(
    world: World, said: Callable[[AccessRequest], Any]
) -> None:
    request = await world.waiting()
    forge_effect(world, CheckPermission(command=said(request), key="forged"))
    await world.settle()
    assert await world.request(request.id) == request
    assert (await world.refusals())[-1] == (said(request).actor, RefusalCode.NOT_AS_SIGNED)
    assert [one.name for one in world.store.take_unproven()] == ["record_added:clicks/forged"]


async def test_people_talk_while_other_records_and_the_log_are_changed(world: World) -> None:
    request = await world.waiting()
    run(world, ("update audit set actor = 'U9' where seq = 2", ()))
    forge_request(world, replace(request, decisions=approved_by(request, world)[:1]))
    async with restarted_of(world) as again:
        await again.click(Comment(actor=AMARA.chat_id, request_id=request.id, text="I ask them."))
        assert [one.text for one in (await again.request(request.id)).remarks] == ["I ask them."]


async def test_a_result_that_something_else_stored_makes_no_click_believed(world: World) -> None:
    """It would be removed again before the bot stores its own."""
    request = await world.waiting()
    forged = CheckPermission(command=world.approval(request, AMARA), key="forged")
    forge_effect(world, forged)
    sql = """insert into audit (seq, key, at, actor, command, outcome, details)
        values ((select max(seq) + 1 from audit), ?, '', '', '', 'accepted', '{}')"""
    run(world, (sql, (f"{RESULT_OF}forged",)))
    assert await world.store.unproven(RestsOn.only_click(forged))


async def test_a_click_that_is_checked_again_after_a_crash_or_twice_at_once_counts_once(world: World) -> None:
    request = await world.waiting()
    check = await world.received(world.approval(request, AMARA))
    await asyncio.gather(*(world.permission_check.check_click(check) for _ in range(5)))
    await world.permission_check.check_click(check)
    await world.settle()
    assert len((await world.request(request.id)).decisions) == 1
    assert await world.refusals() == []
    assert world.store.take_unproven() == []


# --- the freeze ---


async def frozen(world: World) -> AccessRequest:
    """An approved request that waits for the end of a freeze."""
    request = await world.approved()
    await world.freezes.freeze_by_itself(key=world.key(), reason="something is wrong")
    await world.settle()
    return request


def remove(_: str) -> None:
    """Say that the row is to be removed."""


def end(doc: str) -> str:
    """Return the record of a freeze that nobody ended, as if two admins had."""
    freeze = load(FREEZE, doc)
    ended = replace(freeze, state=FreezeState.ENDED, ended_at=freeze.since, ended_by=DANA)
    return with_checksum(dump(FREEZE, ended))


@pytest.mark.parametrize("change", [remove, end])
async def test_a_freeze_is_not_ended_in_the_file(world: World, change: Callable[[str], str | None]) -> None:
    request = await frozen(world)
    [(doc,)] = run(world, ("select doc from freezes", ()))
    new = change(doc)
    run(world, ("delete from freezes", ()) if new is None else ("update freezes set doc = ?", (new,)))
    forge_effect(world, Apply(request_id=request.id, tenant_id=request.plan.tenant_id))
    await nothing_is_written(world)
    assert (await codes(world, request.id))[1][0] == NoteCode.NOT_AS_SIGNED


async def test_one_admin_does_not_end_a_freeze_with_a_forged_first_admin(world: World) -> None:
    await frozen(world)
    freeze = await world.store.freeze()
    assert freeze is not None
    asked: Freeze = replace(
        freeze, state=FreezeState.END_ASKED, end_request=EndRequest(person=AMARA, at=world.clock.now())
    )
    run(world, ("update freezes set doc = ?", (with_checksum(dump(FREEZE, asked)),)))
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.END, version=freeze.version))
    assert (await world.refusals())[-1] == (DANA.chat_id, RefusalCode.NOT_AS_SIGNED)
    await nothing_is_written(world)


async def test_a_forged_request_to_end_it_does_not_make_one_admin_enough(world: World) -> None:
    await frozen(world)
    await one_admin_and_a_forged_click_end_nothing(world)


@pytest.mark.threats("G8")
async def test_a_forged_request_to_end_it_does_not_release_a_held_start(world: World) -> None:
    await world.approved()
    now = world.clock.now()
    why = Hold(cause=HoldCause.RESTORED, inside="i:1", outside="i:2", last_entry="k", last_ran_at=now)
    held = begin_hold(None, why, now=now)
    assert held is not None
    await world.store.commit(Commit(entry=entry_of(world.key(), now, None, "start_held", {}), freeze=held))
    await one_admin_and_a_forged_click_end_nothing(world)


async def one_admin_and_a_forged_click_end_nothing(world: World) -> None:
    """Forge the click of one admin, and click as another one."""
    world.directory.assign(AMARA, "security admin")
    before = await world.store.freeze()
    assert before is not None
    asking = ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.ASK_END, version=before.version)
    forge_effect(world, CheckPermission(command=asking, key="forged-ask"))
    await world.settle()
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.NOT_AS_SIGNED)
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.END, version=before.version + 1))
    assert await world.store.freeze() == before
    await nothing_is_written(world)


async def test_an_end_needs_that_the_first_admin_clicked(world: World) -> None:
    """As if the bot had believed a forged request to end it: its own entry about it does not have a click."""
    await frozen(world)
    world.directory.assign(AMARA, "security admin")
    before, now = await world.store.freeze(), world.clock.now()
    assert before is not None
    asked = replace(
        before,
        version=before.version + 1,
        state=FreezeState.END_ASKED,
        end_request=EndRequest(person=AMARA, at=now),
    )
    entry = entry_of(f"{RESULT_OF}forged-ask", now, AMARA, FreezeStep.ASK_END.value, {})
    await world.store.commit(Commit(entry=entry, freeze=asked))
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.END, version=asked.version))
    assert (await world.refusals())[-1] == (DANA.chat_id, RefusalCode.NOT_AS_SIGNED)
    assert await world.store.freeze() == asked
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.KEEP, version=asked.version))
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.ASK_END, version=asked.version + 1))
    await world.click(ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.END, version=asked.version + 2))
    freeze = await world.store.freeze()
    assert freeze is not None
    assert not freeze.is_frozen, "what two people clicked ends it"


@pytest.mark.parametrize("is_by_one", [True, False])
async def test_records_are_never_accepted_as_they_are_on_the_word_of_one_person(world: World, is_by_one: bool) -> None:
    """Whatever path stores an end: without two people who clicked, changed records stay changed."""
    await world.opened()
    [(doc,)] = run(world, ("select doc from partnerships", ()))
    changed = with_checksum(dump(PARTNERSHIP, replace(load(PARTNERSHIP, doc), template_title="Renamed")))
    run(world, ("update partnerships set doc = ?", (changed,)))
    await world.freezes.freeze_by_itself(key=f"{FREEZE_KEY}record_changed:now", reason="A record was changed.")
    before, now = await world.store.freeze(), world.clock.now()
    assert before is not None
    ended = replace(
        before,
        version=before.version + 1,
        state=FreezeState.ENDED,
        end_request=EndRequest(person=DANA if is_by_one else AMARA, at=now),
        ended_by=DANA,
        ended_at=now,
    )
    await world.store.commit(Commit(entry=entry_of(world.key(), now, DANA, FreezeStep.END.value, {}), freeze=ended))
    assert [one.name for one in (await world.store.verify_chain()).problems] == [
        f"record_changed:partnerships/{TENANT}"
    ]


async def test_a_freeze_that_was_removed_in_the_file_is_not_told_as_over(world: World) -> None:
    await frozen(world)
    run(world, ("delete from freezes", ()))
    await world.freezes.check()
    assert [one.code for one in await world.store.open_alarms()] == [AlarmCode.FROZEN]
    assert [one.name for one in world.store.take_unproven()] == ["record_missing:freezes/freeze"]


async def test_forged_absences_do_not_stop_two_admins_who_end_a_freeze(world: World) -> None:
    await frozen(world)
    run(world, ("insert into absences (id, version, person, ends_at, doc) values ('A-1', 1, 'x', '2027', '{}')", ()))
    world.directory.assign(AMARA, "security admin")
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.ASK_END, version=1))
    await world.click(ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.END, version=2))
    freeze = await world.store.freeze()
    assert freeze is not None
    assert not freeze.is_frozen


# --- partners, absences ---


@pytest.mark.parametrize("is_removed", [True, False])
async def test_the_approval_policy_of_a_partner_is_not_weakened_in_the_file(world: World, is_removed: bool) -> None:
    await world.opened()
    world.tenant.writes.clear()
    [(doc,)] = run(world, ("select doc from partnerships", ()))
    partner = load(PARTNERSHIP, doc)
    weaker = with_checksum(dump(PARTNERSHIP, replace(partner, template="guest-documents", version=partner.version)))
    run(world, ("delete from partnerships", ()) if is_removed else ("update partnerships set doc = ?", (weaker,)))
    request = await world.settled(await world.file(template="guest-collaboration"))
    assert (request.state, [fact.code for fact in request.note]) == (
        RequestState.PREPARING,
        [NoteCode.NOT_AS_SIGNED, NoteCode.KEEPS_TRYING],
    )


async def test_a_forged_absence_makes_nobody_a_delegate(world: World) -> None:
    request = await world.approved()
    now = world.clock.now()
    until = now + timedelta(days=9)
    absence = Absence(
        id=AbsenceId("A-1"), version=1, person=AMARA, delegate=RILEY, from_=now, until=until, set_by=AMARA, set_at=now
    )
    sql = "insert into absences (id, version, person, ends_at, doc) values (?, 1, ?, '2027', ?)"
    run(world, (sql, (absence.id, AMARA.id, dump(ABSENCE, absence))))
    await nothing_is_written(world)
    assert (await codes(world, request.id))[1][0] == NoteCode.NOT_AS_SIGNED


# --- closing, and the way back ---


async def test_a_partner_whose_record_was_changed_is_revoked_all_the_same(world: World) -> None:
    await world.opened()
    world.tenant.writes.clear()
    [(doc,)] = run(world, ("select doc from partnerships", ()))
    changed = with_checksum(dump(PARTNERSHIP, replace(load(PARTNERSHIP, doc), template="guest-documents")))
    run(world, ("update partnerships set doc = ?", (changed,)))
    await world.revoke(DANA)
    partner = await world.store.partnership(TENANT)
    assert partner is not None
    assert (partner.state, len(world.tenant.writes)) == (PartnershipState.REVOKED, 1)
    request = await world.settled(await world.file())
    assert request.state is RequestState.AWAITING_APPROVAL, "a confirmed revocation starts the policy anew"


async def test_records_are_read_anew_after_a_restart(world: World) -> None:
    request = await world.approved()
    forge_request(world, replace(request, decisions=request.decisions[:1]))
    async with restarted_of(world) as again:
        await nothing_is_written(again)
        assert (await codes(again, request.id))[1][0] == NoteCode.NOT_AS_SIGNED


async def test_an_upgrade_that_is_made_again_makes_nothing_believed(world_in_file: World) -> None:
    """The step of the upgrade is taken out of the file, so that the next start would name the forged records."""
    world = world_in_file
    request = await world.waiting()
    forge_request(world, replace(request, state=RequestState.APPLYING, decisions=approved_by(request, world)))
    forge_effect(world, Apply(request_id=request.id, tenant_id=request.plan.tenant_id))
    run(
        world,
        ("delete from _sqlite_migrations where name >= 'm045'", ()),
        ("alter table audit rename column records to was_records", ()),
    )
    async with restarted_of(world) as again:
        await nothing_is_written(again)
        assert (await codes(again, request.id))[1][0] == NoteCode.NOT_AS_SIGNED
    run(world, ("update audit set records = was_records where records is null", ()))
    async with restarted_of(world) as again:
        await nothing_is_written(again)


async def test_two_admins_accept_changed_partners_and_never_an_open_request(world: World) -> None:
    """Their end of a freeze that began because of changed records is the way back. It approves nothing."""
    opened = await world.opened()
    world.tenant.writes.clear()
    other = await world.waiting(template="merger")
    forge_request(world, replace(other, state=RequestState.APPLYING, decisions=approved_by(other, world)))
    forge_effect(world, Apply(request_id=other.id, tenant_id=other.plan.tenant_id))
    [(doc,)] = run(world, ("select doc from partnerships", ()))
    changed = with_checksum(dump(PARTNERSHIP, replace(load(PARTNERSHIP, doc), template_title="Renamed")))
    run(world, ("update partnerships set doc = ?", (changed,)))
    names = [one.name for one in (await world.store.verify_chain()).problems]
    assert names == [f"record_changed:requests/{other.id}", f"record_changed:partnerships/{TENANT}"]
    await world.freezes.freeze_by_itself(key=f"{FREEZE_KEY}{names[0]}:now", reason="A record was changed.")
    world.directory.assign(AMARA, "security admin")
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.ASK_END, version=1))
    await world.click(ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.END, version=2))
    freeze = await world.store.freeze()
    assert freeze is not None
    assert not freeze.is_frozen
    await nothing_is_written(world)
    assert [one.name for one in (await world.store.verify_chain()).problems] == [names[0]]
    assert (await codes(world, other.id))[1][0] == NoteCode.NOT_AS_SIGNED
    await world.revoke(DANA)
    again = await world.settled(await world.file())
    assert again.state is RequestState.AWAITING_APPROVAL
    assert opened.state is RequestState.APPLIED
