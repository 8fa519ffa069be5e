"""Absences as clicks: what is stored, who is told, and in whose place a decision is recorded."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.workflows.app.batches.access import planned
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, SAM
from tests.workflows.world import World
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.people import Person
from workflows.core.policy.delegation.absence import Absence, absence_id
from workflows.core.requests.commands.people import EndAbsence, Reassign, SetAbsence
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.records import Commit


@pytest.fixture
async def two(world: World) -> World:
    """A world in which Bruno holds the role security, too."""
    world.directory.assign(BRUNO, "security data-owner")
    return world


async def away(
    world: World, person: Person, delegate: Person, *, by: Person | None = None, begin: float = 0, end: float = 7
) -> None:
    """Let somebody set an absence."""
    now: datetime = world.clock.now()
    click = SetAbsence(
        actor=(by or person).chat_id,
        person=person.chat_id,
        delegate=delegate.chat_id,
        from_=now + timedelta(days=begin),
        until=now + timedelta(days=end),
        note=" At the sea ",
    )
    await world.click(click)


async def stored(world: World, person: Person, number: int = 1) -> Absence | None:
    """A person's absence with this number."""
    return await world.store.absence(absence_id(person.id, number))


async def last_entry(world: World, command: str) -> dict[str, Any]:
    """The details of the newest accepted entry of a command."""
    found = [one for one in await world.store.history() if one.command == command and one.outcome == "accepted"]
    return dict(found[0].details)


async def test_an_absence_is_stored_recorded_and_told(two: World) -> None:
    await away(two, AMARA, BRUNO)
    absence = await stored(two, AMARA)
    assert absence is not None
    assert (absence.person, absence.delegate, absence.set_by, absence.note) == (AMARA, BRUNO, AMARA, "At the sea")
    assert await two.store.absences(two.clock.now()) == [absence]
    entry = await last_entry(two, "set_absence")
    assert (entry["person"], entry["delegate"], entry["absence"]) == (AMARA.name, BRUNO.name, absence.id)
    (own,) = two.notifier.texts_to(AMARA.chat_id)
    assert own.startswith("Amara is away from ")
    assert "Bruno is asked instead." in own
    (theirs,) = two.notifier.texts_to(BRUNO.chat_id)
    assert theirs.startswith("You stand in for Amara from ")
    assert theirs.endswith("Note: At the sea")


async def test_an_admin_sets_it_for_somebody_else_and_ends_it(two: World) -> None:
    await away(two, AMARA, BRUNO, by=DANA)
    absence = await stored(two, AMARA)
    assert absence is not None
    assert absence.set_by == DANA
    (told,) = two.notifier.texts_to(DANA.chat_id)
    assert "Set by Dana." in told
    await two.click(EndAbsence(actor=DANA.chat_id, absence_id=absence.id))
    ended = await stored(two, AMARA)
    assert ended is not None
    assert ended.ended_by == DANA
    assert await two.store.absences(two.clock.now()) == []
    assert (await last_entry(two, "end_absence"))["absence"] == absence.id


@pytest.mark.parametrize(
    ("person", "delegate", "by", "code"),
    [
        (AMARA, AMARA, None, R.DELEGATE_IS_SELF),
        (AMARA, DANA, None, R.DELEGATE_WITHOUT_ROLE),
        (AMARA, BRUNO, CHIE, R.ONLY_ADMINS_SET_ABSENCES),
    ],
)
async def test_what_a_rule_forbids_is_refused_and_not_stored(
    two: World, person: Person, delegate: Person, by: Person | None, code: R
) -> None:
    await away(two, person, delegate, by=by)
    assert await stored(two, person) is None
    assert ((by or person).chat_id, code) in await two.refusals()


async def test_a_delegate_who_is_no_member_is_refused_with_the_reason(two: World) -> None:
    two.directory.remove(BRUNO)
    await away(two, AMARA, BRUNO)
    assert (AMARA.chat_id, R.DELEGATE_REFUSED) in await two.refusals()


async def test_delegates_in_a_circle_are_refused_by_what_is_stored(two: World) -> None:
    await away(two, AMARA, BRUNO)
    await away(two, BRUNO, AMARA)
    assert (BRUNO.chat_id, R.DELEGATES_IN_A_CIRCLE) in await two.refusals()
    assert await stored(two, BRUNO) is None


async def test_an_absence_that_is_not_known_or_over_is_not_ended(two: World) -> None:
    await two.click(EndAbsence(actor=AMARA.chat_id, absence_id=absence_id(AMARA.id, 9)))
    assert (AMARA.chat_id, R.ABSENCE_HAS_ENDED) in await two.refusals()


async def test_while_the_directory_is_silent_the_click_waits(two: World) -> None:
    two.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."))
    await away(two, AMARA, BRUNO)
    assert await stored(two, AMARA) is None
    assert await two.refusals() == []
    two.clock.advance(hours=1)
    await two.settle()
    assert await stored(two, AMARA) is not None


async def behalf(world: World, request: AccessRequest) -> list[Person | None]:
    """In whose place each decision on a request was made."""
    return [decision.on_behalf_of for decision in (await world.request(request.id)).decisions]


async def test_the_delegates_decision_names_both(two: World) -> None:
    await away(two, AMARA, BRUNO)
    request = await two.waiting()
    await two.approve(request, BRUNO)
    assert await behalf(two, request) == [AMARA]
    assert (await last_entry(two, "approve"))["on_behalf_of"] == AMARA.id


async def test_who_is_away_decides_for_themselves(two: World) -> None:
    await away(two, AMARA, BRUNO)
    request = await two.waiting()
    await two.approve(request, AMARA)
    assert await behalf(two, request) == [None]


@pytest.mark.parametrize("when", ["before", "ended", "lost"])
async def test_nobody_is_named_who_is_not_away_or_holds_no_role(two: World, when: str) -> None:
    await away(two, AMARA, BRUNO, begin=1 if when == "before" else 0)
    request = await two.waiting()
    if when == "ended":
        await two.click(EndAbsence(actor=AMARA.chat_id, absence_id=absence_id(AMARA.id, 1)))
    if when == "lost":
        two.directory.assign(AMARA, "")
    await two.approve(request, BRUNO)
    assert await behalf(two, request) == [None]


async def test_a_delegate_who_lost_the_role_decides_nothing(two: World) -> None:
    await away(two, AMARA, BRUNO)
    request = await two.waiting()
    two.directory.assign(BRUNO, "data-owner")
    await two.approve(request, BRUNO)
    assert await behalf(two, request) == []
    assert (BRUNO.chat_id, R.NOT_YOUR_TURN) in await two.refusals()


async def test_a_delegate_who_is_the_requester_is_refused_for_that_request(two: World) -> None:
    await away(two, AMARA, BRUNO)
    request = await two.waiting(requester=BRUNO, sponsor=SAM.chat_id)
    await two.approve(request, BRUNO)
    assert (BRUNO.chat_id, R.REQUESTER_MAY_NOT_DECIDE) in await two.refusals()
    await two.approve(request, AMARA)
    assert await behalf(two, request) == [None]


async def test_a_person_fills_no_two_stages_as_a_delegate(two: World) -> None:
    await away(two, AMARA, BRUNO)
    request = await two.waiting()
    await two.approve(request, BRUNO)
    await two.approve(request, BRUNO, key="again")
    assert (BRUNO.chat_id, R.ALREADY_DECIDED) in await two.refusals()
    await two.approve(request, CHIE)
    assert (await two.request(request.id)).state is RequestState.AWAITING_APPROVAL


async def reassign(world: World, request: AccessRequest, of: Person, to: Person, by: Person = DANA) -> None:
    """Let an admin reassign an approval."""
    click = Reassign(
        actor=by.chat_id,
        request_id=request.id,
        digest=request.plan.digest,
        from_person=of.chat_id,
        to_person=to.chat_id,
        reason="On a trip",
    )
    await world.click(click)


async def test_a_reassignment_is_recorded_and_its_admin_does_not_decide(two: World) -> None:
    two.directory.assign(DANA, "admin security")
    request = await two.waiting()
    await reassign(two, request, AMARA, BRUNO)
    [made] = (await two.request(request.id)).reassignments
    assert (made.from_person, made.to_person, made.by) == (AMARA, BRUNO, DANA)
    assert any("Dana asks you to decide" in text for text in two.notifier.texts_to(BRUNO.chat_id))
    await two.approve(request, DANA)
    assert (DANA.chat_id, R.REASSIGNER_MAY_NOT_DECIDE) in await two.refusals()
    assert (await two.request(request.id)).decisions == ()


@pytest.mark.parametrize(
    ("to", "by", "code"),
    [
        (CHIE, DANA, R.REASSIGNED_TO_WITHOUT_ROLE),
        (RILEY, DANA, R.REASSIGNED_TO_EXCLUDED),
        (BRUNO, CHIE, R.ONLY_ADMINS_REASSIGN),
    ],
)
async def test_a_reassignment_to_nobody_who_may_decide_is_refused(two: World, to: Person, by: Person, code: R) -> None:
    request = await two.waiting()
    await reassign(two, request, AMARA, to, by)
    assert (by.chat_id, code) in await two.refusals()
    assert (await two.request(request.id)).reassignments == ()


async def test_an_admin_whom_a_stage_needs_does_not_reassign(two: World) -> None:
    """Who reassigns does not decide, and the request would wait until it ends."""
    two.directory.assign(DANA, "admin data-owner")
    two.directory.assign(CHIE, "")
    request = await two.waiting()
    await reassign(two, request, AMARA, BRUNO)
    assert (DANA.chat_id, R.REASSIGNER_IS_NEEDED) in await two.refusals()
    assert (await two.request(request.id)).reassignments == ()
    two.directory.assign(CHIE, "data-owner")
    await reassign(two, request, AMARA, BRUNO)
    assert len((await two.request(request.id)).reassignments) == 1


async def test_a_requester_who_is_an_admin_does_not_choose_who_is_asked(two: World) -> None:
    request = await two.waiting(requester=DANA)
    await reassign(two, request, AMARA, BRUNO)
    assert (DANA.chat_id, R.REASSIGNER_TAKES_PART) in await two.refusals()
    assert (await two.request(request.id)).reassignments == ()


async def test_a_new_person_who_is_no_member_is_refused_with_the_reason(two: World) -> None:
    request = await two.waiting()
    two.directory.remove(BRUNO)
    await reassign(two, request, AMARA, BRUNO)
    assert (DANA.chat_id, R.REASSIGNED_TO_REFUSED) in await two.refusals()


async def test_a_reassignment_that_leaves_too_few_people_asked_is_refused_and_costs_the_admin_nothing(
    two: World,
) -> None:
    """Two data owners must approve, and both are asked: neither can be asked in place of the other."""
    request = await two.waiting()
    await two.approve(request, AMARA)
    await reassign(two, request, BRUNO, CHIE)
    assert (DANA.chat_id, R.REASSIGNED_LEAVES_TOO_FEW) in await two.refusals()
    assert (await two.request(request.id)).reassignments == ()
    two.directory.assign(SAM, "data-owner")
    two.directory.assign(RILEY, "data-owner")
    await reassign(two, request, BRUNO, CHIE)
    assert (await two.request(request.id)).reassignments == (), "requester and sponsor are not asked"


async def test_the_message_names_the_waiting_requests_that_need_who_is_away(two: World) -> None:
    """Two of two data owners must approve, so a delegate who is one of them replaces nobody there."""
    request = await two.waiting()
    await away(two, CHIE, BRUNO)
    (told,) = two.notifier.texts_to(CHIE.chat_id)
    assert "1 waiting request cannot be approved without Chie" in told
    assert request.id in told


async def test_the_message_names_a_batch_that_needs_who_is_away(two: World) -> None:
    batch = await planned(two, 3)
    entry = AuditEntry(key="put", at=two.clock.now(), actor="t", command="put", outcome="accepted", details={})
    rows = tuple(replace(row, authors=(BRUNO,)) for row in batch.rows)  # who made settings does not decide on them
    assert await two.store.commit(Commit(entry=entry, batch=replace(batch, version=batch.version + 1, rows=rows)))
    await away(two, AMARA, BRUNO)
    (told,) = two.notifier.texts_to(AMARA.chat_id)
    assert f"3 partners ({batch.id})" in told


async def test_the_card_of_a_batch_is_shown_again_when_an_absence_is_set_begins_and_ends(two: World) -> None:
    batch = await planned(two, 3)

    def count() -> int:
        return [one.id for one in two.notifier.batches].count(batch.id)

    shown = count()
    await away(two, AMARA, BRUNO, begin=1, end=3)
    await two.settle()
    assert count() == shown + 1
    for days in (1, 3):
        two.clock.advance(days=days)
        await two.settle()
    assert count() == shown + 3


async def test_without_such_a_request_the_message_names_none(two: World) -> None:
    two.directory.assign(DANA, "admin data-owner")
    request = await two.waiting()
    await away(two, CHIE, BRUNO)
    await away(two, AMARA, BRUNO)
    assert not any(request.id in text for one in (CHIE, AMARA) for text in two.notifier.texts_to(one.chat_id))


async def test_who_alone_holds_the_role_is_told_that_nobody_can_stand_in(world: World) -> None:
    for other in (RILEY, SAM):
        world.directory.assign(other, "")
    await away(world, AMARA, BRUNO)
    assert (AMARA.chat_id, R.NO_DELEGATE_HOLDS_ROLE) in await world.refusals()
    assert await stored(world, AMARA) is None
    world.directory.assign(CHIE, "security")
    await away(world, AMARA, BRUNO)
    assert (AMARA.chat_id, R.DELEGATE_WITHOUT_ROLE) in await world.refusals()
