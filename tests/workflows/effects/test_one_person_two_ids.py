"""On an Enterprise Grid a person has a U… and a W… id: people are always compared by their Entra account."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    DATA_OWNER,
    REDEEM_STEP,
    RILEY,
    SAM,
    SECURITY,
    TENANT,
)
from tests.workflows.core.builders import request as usual
from tests.workflows.fakes import FixedClock
from tests.workflows.world import World
from workflows.app.reads.waiting_requests import waiting_for
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.open_request import account_of_other_chat_id, may_withdraw, open_request_fact
from workflows.app.schedule.role_check import role_shortages
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.clicks import AskReminder
from workflows.core.requests.commands.partner_record import ConfirmSetup, RemindSetup, UnconfirmSetup
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused
from workflows.store.codec import REQUEST, dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

RILEY_W = replace(RILEY, chat_id=ChatId("W-RILEY"))
SAM_W = replace(SAM, chat_id=ChatId("W-SAM"))
AMARA_W = replace(AMARA, chat_id=ChatId("W-AMARA"))


def two_ids(world: World, *people: Person) -> None:
    """Add these ids to the directory."""
    for person in people:
        world.directory.people[person.chat_id] = person


async def withdraw(world: World, request_id: RequestId, person: Person) -> None:
    await world.click(Withdraw(actor=person.chat_id, request_id=request_id))


@pytest.mark.threats("B8")
async def test_the_requesters_other_id_does_not_approve_the_own_request(world: World) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    await world.approve(request, RILEY_W)
    assert (RILEY_W.chat_id, "own_request") in await world.refusals()


@pytest.mark.threats("B8")
async def test_an_approver_counts_once_under_both_ids(world: World) -> None:
    two_ids(world, AMARA_W)
    request = await world.waiting()
    await world.approve(request, AMARA)
    await world.approve(await world.request(request.id), AMARA_W)
    assert (AMARA_W.chat_id, "already_decided") in await world.refusals()


async def test_the_requester_withdraws_under_the_other_id(world: World) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    await withdraw(world, request.id, RILEY_W)
    assert (await world.request(request.id)).state is RequestState.WITHDRAWN


async def test_the_requester_withdraws_under_the_other_id_while_it_is_not_prepared_yet(world: World) -> None:
    two_ids(world, RILEY_W)
    request_id = await world.file()
    await world.service.store_click(Withdraw(actor=RILEY_W.chat_id, request_id=request_id), key="w")
    pending = [one for one in await world.store.pending(world.clock.now(), 9) if one.effect.kind == "judge"]
    await world.performer.perform(pending[0].effect)
    assert (await world.request(request_id)).state is RequestState.WITHDRAWN


async def test_somebody_else_withdraws_nothing(world: World) -> None:
    request = await world.waiting()
    await withdraw(world, request.id, AMARA)
    assert (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL
    assert (AMARA.chat_id, "not_the_requester") in await world.refusals()


async def test_the_open_request_is_ones_own_under_the_other_id(world: World) -> None:
    """In the form, when it is sent, and when two were prepared at once."""
    two_ids(world, RILEY_W)
    request = await world.waiting()
    account = await account_of_other_chat_id(request, RILEY_W.chat_id, world.directory)
    assert may_withdraw(request, RILEY_W.chat_id, account)
    assert fact_words(open_request_fact(request, RILEY_W.chat_id, account)).startswith(
        "You have an open access request"
    )
    with pytest.raises(InvalidForm) as caught:
        await world.file(requester=RILEY_W)
    said = fact_words(caught.value.problems["target"])
    assert said.startswith("You have an open access request")
    assert said.endswith("or withdraw it first.")


async def test_the_open_request_that_is_not_prepared_yet_is_ones_own_too(world: World) -> None:
    two_ids(world, RILEY_W)
    await world.file()
    with pytest.raises(InvalidForm) as caught:
        await world.file(requester=RILEY_W)
    assert fact_words(caught.value.problems["target"]).startswith("You have an open access request")


async def test_nobody_elses_request_is_ones_own(world: World) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    account = await account_of_other_chat_id(request, DANA.chat_id, world.directory)
    assert account == DANA.id
    assert not may_withdraw(request, DANA.chat_id, account)
    assert fact_words(open_request_fact(request, DANA.chat_id, account)).startswith("Riley has an open access request")


@pytest.mark.parametrize(("other", "is_reminded"), [(RILEY_W, True), (DANA, False)])
async def test_approvers_are_reminded_for_either_id_of_the_requester(
    world: World, other: Person, is_reminded: bool
) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    world.clock.advance(days=2)
    click = AskReminder(actor=other.chat_id, request_id=request.id, channel="C1")
    await world.click(click)
    assert (await world.request(request.id)).reminders == int(is_reminded)


@pytest.mark.parametrize("trouble", [PeopleDirectoryUnavailable("away"), TenantRefused(403, "Denied", "no consent")])
async def test_where_it_cannot_be_told_it_is_somebody_elses(world: World, trouble: Exception) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    world.script.fail("directory.identify", trouble)
    assert await account_of_other_chat_id(request, RILEY_W.chat_id, world.directory) is None
    assert not may_withdraw(request, RILEY_W.chat_id, None)


async def test_ones_requests_are_found_under_either_id(world: World) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    await withdraw(world, request.id, RILEY_W)
    world.clock.advance(minutes=1)
    second = await world.file(requester=RILEY_W)
    for someone in (RILEY, RILEY_W):
        mine = await world.store.requests_of(someone.chat_id, 9, someone.id)
        assert [one.id for one in mine] == [second, request.id]
    assert list(await world.store.requests_of(AMARA.chat_id, 9, AMARA.id)) == []


async def test_what_waits_for_somebody_is_found_under_the_other_id(world: World) -> None:
    request = await world.waiting()
    directory, store = world.directory, world.store
    found = await waiting_for(AMARA_W.chat_id, store=store, directory=directory, identified_person=AMARA)
    assert [one.id for one in found.requests.items] == [request.id]
    assert (await waiting_for(AMARA_W.chat_id, store=store, directory=directory)).count == 0
    world.directory.assign(RILEY, "security")
    assert (await waiting_for(RILEY_W.chat_id, store=store, directory=directory, identified_person=RILEY)).count == 0


async def test_what_excludes_one_id_of_a_person_waits_for_none_of_theirs(world: World) -> None:
    """The request was prepared under the workspace's id, before the person had the organization's."""
    await world.waiting()
    two_ids(world, RILEY_W)
    world.directory.assign(RILEY_W, "security")
    found = await waiting_for(RILEY.chat_id, store=world.store, directory=world.directory, identified_person=RILEY_W)
    assert found.count == 0


async def test_the_form_counts_nobody_who_asks_or_sponsors_under_another_id(world: World) -> None:
    two_ids(world, RILEY_W)
    world.directory.assign(AMARA, "")
    world.directory.assign(RILEY, "security")
    with pytest.raises(InvalidForm) as caught:
        await world.file(requester=RILEY_W)
    assert "“Security” needs 1 person besides the requester and the sponsor" in fact_words(
        caught.value.problems["template"]
    )
    world.script.fail("directory.all_ids", PeopleDirectoryUnavailable("away"))
    request = await world.settled(await world.file(requester=RILEY_W))
    assert request.state is RequestState.UNFIT, "what the form could not tell, preparing does"
    assert "“Security” needs 1 person" in note_words(request.note)


async def test_a_role_that_only_the_requester_has_under_another_id_is_empty(world: World) -> None:
    request = await world.waiting()
    two_ids(world, RILEY_W, AMARA_W)
    world.directory.assign(AMARA, "")
    world.directory.assign(RILEY_W, "security")
    (lack,) = await role_shortages(request, world.directory)
    assert (lack.role, lack.people) == (SECURITY, 0)


async def test_who_approved_under_one_id_is_missing_from_the_chain_under_the_other(world: World) -> None:
    """Of the data owners Bruno has approved; the second one has to be somebody else."""
    request = await world.waiting()
    await world.approve(request, AMARA)
    await world.approve(await world.request(request.id), BRUNO)
    bruno_w = replace(BRUNO, chat_id=ChatId("W-BRUNO"))
    two_ids(world, bruno_w)
    assert await role_shortages(await world.request(request.id), world.directory) == ()
    world.directory.assign(CHIE, "")
    (lack,) = await role_shortages(await world.request(request.id), world.directory)
    assert (lack.role, lack.people, lack.needed) == (DATA_OWNER, 0, 1)


# --- what the sponsor says ---


async def sponsored(world: World) -> Partnership:
    """Contoso's record."""
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def test_the_sponsor_keeps_under_the_other_id(world: World) -> None:
    await world.opened()
    await world.review()
    world.directory.assign(SAM_W, "")
    await world.keep(SAM_W)
    kept = await sponsored(world)
    assert kept.state is PartnershipState.ACTIVE
    assert [one.person for one in kept.attestations] == [SAM_W]
    assert kept.sponsor.id == SAM.id
    assert await world.refusals() == []


async def test_the_sponsor_revokes_under_the_other_id_in_answer_to_a_review(world: World) -> None:
    await world.opened()
    world.directory.assign(SAM_W, "")
    await world.revoke(SAM_W)
    assert await world.refusals() == [(SAM_W.chat_id, "not_an_admin")], "no review is due"
    assert "You are the sponsor, but no review is due now" in world.notifier.texts_to(SAM_W.chat_id)[-1]
    await world.review()
    await world.revoke(SAM_W)
    assert (await sponsored(world)).state is PartnershipState.REVOKED


async def test_the_sponsor_confirms_under_the_other_id(world: World) -> None:
    """Confirming a step, taking that back, and asking to be reminded."""
    await world.opened()
    world.directory.assign(SAM_W, "")
    step, wanted = REDEEM_STEP.key, REDEEM_STEP.digest
    await world.click(ConfirmSetup(actor=SAM_W.chat_id, tenant_id=TENANT, step=step, step_digest=wanted))
    assert [one.person for one in (await sponsored(world)).confirmations] == [SAM_W]
    await world.click(UnconfirmSetup(actor=SAM.chat_id, tenant_id=TENANT, step=step))
    assert (await sponsored(world)).confirmations == ()
    await world.click(RemindSetup(actor=SAM_W.chat_id, tenant_id=TENANT))
    assert (await sponsored(world)).setup_reminder_asked_by == SAM_W
    assert await world.refusals() == []


async def test_nobody_is_asked_about_their_own_request_under_an_id_that_it_does_not_name(world: World) -> None:
    """The request contains one id of the requester; the Entra account shows that the other id is the same person."""
    request = await world.waiting()
    other = ChatId("E-RILEY")
    world.directory.assign(RILEY, "security")
    world.directory.people[other] = replace(RILEY, chat_id=other)
    world.directory.assign(replace(RILEY, chat_id=other), "security")
    directory, store = world.directory, world.store
    known = replace(RILEY, chat_id=other)
    assert other in await directory.holders(SECURITY)
    assert (await waiting_for(other, store=store, directory=directory, identified_person=known)).count == 0
    assert request.require_prepared().requester.chat_id != other


async def test_who_may_not_decide_in_a_database_of_an_earlier_version_is_known_by_account(tmp_path: Path) -> None:
    stored = usual()
    db = Database(tmp_path / "gatehouse.db")
    migrations.apply(db, stop_before="m007_barred_accounts")
    chat_ids = json.dumps(sorted([RILEY.chat_id, SAM.chat_id]))
    db.execute(
        """insert into requests (id, version, state, is_open, requester, created_at, waits_for, excluded, doc)
        values (?, 1, 'awaiting_approval', 1, ?, '2027', 'security', ?, ?)""",
        (stored.id, stored.fields.requester, chat_ids, dump(REQUEST, stored)),
    )
    db.conn.commit()
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        for someone in (RILEY, SAM):
            assert (await store.requests_waiting([SECURITY], {ChatId("E-OTHER"), someone.id}, 9)).count == 0
            assert (await store.requests_waiting([SECURITY], {someone.chat_id}, 9)).count == 0
        assert (await store.requests_waiting([SECURITY], {ChatId("E-OTHER"), AMARA.id}, 9)).count == 1
    finally:
        await store.close()


async def test_requests_of_an_earlier_version_are_found_by_account_too(tmp_path: Path) -> None:
    stored = usual()
    db = Database(tmp_path / "gatehouse.db")
    migrations.apply(db, stop_before="m005_requests_by_account")
    values = (stored.id, stored.fields.requester, dump(REQUEST, stored))
    db.execute(
        """insert into requests (id, version, state, is_open, requester, created_at, doc)
        values (?, 1, 'awaiting_approval', 1, ?, '2027', ?)""",
        values,
    )
    db.conn.commit()
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        mine = await store.requests_of(RILEY_W.chat_id, 9, RILEY.id)
        assert [one.id for one in mine] == [stored.id]
    finally:
        await store.close()
