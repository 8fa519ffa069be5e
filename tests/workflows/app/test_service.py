"""Storing a command: once for each key, also when several arrive at once."""

import asyncio
from datetime import timedelta

import pytest

from bot.words.requests.notes import note_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import AMARA, RILEY, SAM, TENANT, noted, particulars, partnership, text_message
from tests.workflows.core.builders import request as usual
from tests.workflows.fakes import Crash
from tests.workflows.world import World
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import CurrentRoles
from workflows.core.requests.commands.automatic import Expire, RecordDelayed, Replan
from workflows.core.requests.commands.partner_record import AskReview, Keep
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import CheckPermission, Prepare, ShowRequest
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit, StaleVersion

S = RequestState
DAY = timedelta(days=1)


async def effects(world: World) -> list[object]:
    """What is stored to be performed, the oldest of each lane."""
    return [pending.effect for pending in await world.store.pending(world.clock.now(), 100)]


async def put_partnership(world: World) -> None:
    """Store the usual partnership as version 1."""
    entry = AuditEntry(key="put", at=world.clock.now(), actor="test", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=partnership(version=1)))


async def test_submit_stores_the_request_its_entry_and_what_follows(world: World) -> None:
    await world.service.submit(RequestId("r-1"), particulars(), key="click-1", decide_within=DAY)
    request = await world.request(RequestId("r-1"))
    assert (request.state, request.version, request.expires_at) == (S.PREPARING, 1, world.clock.now() + DAY)
    (entry,) = await world.store.history()
    assert (entry.key, entry.actor, entry.command, entry.outcome, entry.request_id) == (
        "click-1",
        RILEY.chat_id,
        "submit",
        "accepted",
        "r-1",
    )
    assert entry.details == {
        "kind": "access",
        "target": "contoso.com",
        "template": "trusted-partner",
        "justification": "Joint launch in May",
        "sponsor": SAM.chat_id,
        "days": 90,
    }
    assert await effects(world) == [Prepare(request_id=request.id, asked_by=request.fields.requester)]
    assert world.woken == [True]


async def test_a_submission_delivered_many_times_is_stored_once(world: World) -> None:
    def submit() -> object:
        return world.service.submit(RequestId("r-1"), particulars(), key="click-1", decide_within=DAY)

    await asyncio.gather(*(submit() for _ in range(20)))  # type: ignore[call-overload]
    assert len(await world.store.history()) == 1
    assert await world.store.count_pending(world.clock.now()) == (1, 0, 0)


async def test_two_requests_that_would_share_an_id_are_not_merged(world: World) -> None:
    await world.service.submit(RequestId("r-1"), particulars(), key="click-1", decide_within=DAY)
    with pytest.raises(StaleVersion):
        await world.service.submit(RequestId("r-1"), particulars(), key="click-2", decide_within=DAY)
    assert len(await world.store.history()) == 1


async def test_want_stores_the_click_before_anything_is_known_about_it(world: World) -> None:
    click = world.approval(usual(), AMARA)
    for _ in range(3):
        await world.service.store_click(click, key="click-1")
    assert await effects(world) == [CheckPermission(command=click, key="click-1", received_at=world.clock.now())]
    (entry,) = await world.store.history(request_id=click.request_id)
    assert (entry.actor, entry.command, entry.outcome) == (AMARA.chat_id, "want_approve", "received")
    assert entry.details == {"digest": click.digest}, "what the click claimed; nothing is judged yet"
    assert not any(call.startswith(("directory", "tenant")) for call in world.script.calls)


async def test_a_command_that_is_not_accepted_stores_nothing(world: World) -> None:
    request = await world.put(usual(S.AWAITING_APPROVAL))
    stored = await world.log()
    with pytest.raises(Refused):
        await world.service.advance(request.id, Expire())
    with worded_refusal(Refused, match="does not know this request"):
        await world.service.advance(RequestId("r-nowhere"), Expire())
    assert await world.request(request.id) == request
    assert await world.log() == stored
    assert await effects(world) == []


async def test_a_command_that_changes_nothing_stores_nothing(world: World) -> None:
    request = await world.put(usual(S.PREPARING, note=noted("No answer.")))
    assert await world.service.advance(request.id, RecordDelayed(reason=noted("No answer."))) == request
    assert [command for _, command, _ in await world.log()] == ["put"]


async def test_the_bots_own_commands_are_entered_once_for_each_version(world: World) -> None:
    request = await world.put(usual())
    first = await world.service.advance(request.id, Replan(reason=noted("The template changed.")))
    assert first.version == request.version + 1
    keys = [entry.key for entry in await world.store.history(request_id=request.id)]
    assert keys == [f"{request.id}:1:replan"]
    with worded_refusal(Refused, match="preparing"):
        await world.service.advance(request.id, Replan(reason=noted("The template changed.")))


async def test_what_one_takes_back_is_withdrawn_once(world: World) -> None:
    """A repeated click finds it withdrawn; its refusal has the same key and so is neither recorded nor said."""
    request = await world.put(usual())
    await world.service.withdraw(request.id, RILEY.chat_id, key="click-1")
    with pytest.raises(Refused) as caught:
        await world.service.withdraw(request.id, RILEY.chat_id, key="click-1")
    await world.service.record_refusal(
        caught.value,
        key="click-1",
        actor=RILEY.chat_id,
        command="withdraw",
        subject=CommandSubject(request_id=request.id),
    )
    assert (await world.request(request.id)).state is S.WITHDRAWN
    assert await world.log(of=request.id) == [(RILEY.chat_id, "withdraw", "accepted")]


async def test_nobody_takes_back_what_somebody_else_asked_for(world: World) -> None:
    request = await world.put(usual())
    with worded_refusal(Refused, match="Only the requester"):
        await world.service.withdraw(request.id, SAM.chat_id, key="click-1")
    assert await world.request(request.id) == request


async def test_a_refusal_is_recorded_and_told_once(world: World) -> None:
    for _ in range(3):
        await world.service.record_refusal(
            Refused(RefusalCode.REQUESTER_MAY_NOT_DECIDE),
            key="click-1",
            actor=RILEY.chat_id,
            command="want_approve",
            subject=CommandSubject(request_id=RequestId("r-1")),
            channel="C1",
        )
    (entry,) = await world.store.history()
    assert (entry.outcome, entry.request_id, entry.details) == (
        "own_request",
        "r-1",
        {"code": "own_request", "values": {}},
    )
    await world.settle()
    [(person, said, channel)] = world.notifier.told
    assert (person, channel) == (RILEY.chat_id, "C1")
    assert said.startswith("You can't approve your own request.")


async def test_something_is_said_once_for_each_key(world: World) -> None:
    for key in ("a", "a", "b"):
        await world.service.send_message(text_message("Wait."), key=key, person=RILEY.chat_id, channel="C1")
    await world.settle()
    assert world.notifier.told == [(RILEY.chat_id, "Wait.", "C1")] * 2
    assert (await world.log())[0] == ("gatehouse", "tell", "accepted")


async def test_a_review_is_advanced_and_stored(world: World) -> None:
    await put_partnership(world)
    world.clock.advance(days=30)
    asked = await world.service.advance_review(TENANT, AskReview())
    assert await world.store.partnership(TENANT) == asked
    assert await effects(world) == []
    keep = Keep(actor=SAM, tenant_id=TENANT, reason="The launch moved to July")
    kept = await world.service.advance_review(TENANT, keep, key="click-1")
    assert await world.store.partnership(TENANT) == kept
    entry = (await world.store.history(limit=1))[0]
    # The answer is in the history of the request whose access it keeps.
    assert (entry.actor, entry.command, entry.tenant_id, entry.request_id, entry.details) == (
        SAM.chat_id,
        "keep",
        TENANT,
        kept.request_id,
        {"reason": "The launch moved to July", "account": SAM.id},
    )
    with worded_refusal(Refused, match="does not know this partner"):
        await world.service.advance_review(type(TENANT)("0" * 36), AskReview())


async def test_a_decision_is_entered_with_account_and_digest(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    entry = next(one for one in await world.store.history() if one.command == "approve")
    assert (entry.actor, entry.tenant_id, entry.request_id) == (AMARA.chat_id, TENANT, request.id)
    assert entry.details == {"digest": request.plan.digest, "account": AMARA.id}


async def test_a_command_is_decided_again_on_what_somebody_else_stored_meanwhile(world: World) -> None:
    """The roles are read for the very version that is decided on."""
    request = await world.put(usual(S.PREPARING))
    asked: list[int] = []

    async def current_roles_of(record: AccessRequest) -> CurrentRoles:
        asked.append(record.version)
        if len(asked) <= 3:
            await world.service.advance(request.id, RecordDelayed(reason=noted(f"Wait {len(asked)}.")))
        return CurrentRoles()

    await world.service.advance(
        request.id, RecordDelayed(reason=noted("Mine.")), key="click-1", current_roles_of=current_roles_of
    )
    assert asked == [1, 2, 3, 4]
    assert ((await world.request(request.id)).version, note_words((await world.request(request.id)).note)) == (
        5,
        "Mine.",
    )


@pytest.mark.parametrize("is_at_once", [False, True], ids=["one after the other", "at once"])
async def test_a_command_with_a_known_key_returns_what_is_stored(world: World, is_at_once: bool) -> None:
    """The same key returns the first result, even with another note, and nothing is stored twice."""
    request = await world.put(usual(S.PREPARING))
    commands = [RecordDelayed(reason=noted(f"Wait {number}.")) for number in range(5)]
    work = [world.service.advance(request.id, command, key="click-1") for command in commands]
    answers = await asyncio.gather(*work) if is_at_once else [await one for one in work]
    stored = await world.request(request.id)
    assert answers == [stored] * 5
    assert (stored.version, note_words(stored.note)) == (2, "Wait 0.")
    assert [command for _, command, _ in await world.log()] == ["put", "record_delayed"]
    assert await world.store.count_pending(world.clock.now()) == (3, 0, 0), "Prepare, the card, one message"


async def test_who_was_checked_is_stored_with_the_request(world: World) -> None:
    await world.service.submit(RequestId("r-1"), particulars(), key="c", decide_within=DAY, submitter=AMARA)
    assert (await world.request(RequestId("r-1"))).submitter == AMARA


async def test_a_write_and_its_proof_are_entered_with_the_plans_digest(world: World) -> None:
    request = await world.opened()
    entries = {one.command: one.details for one in await world.store.history(request_id=request.id)}
    digest = request.plan.digest
    assert entries["record_writing"] == {"digest": digest}
    assert entries["record_applied"]["digest"] == digest


async def test_a_command_that_always_comes_too_late_ends_with_the_conflict(world: World) -> None:
    request = await world.put(usual(S.PREPARING))
    asked: list[int] = []

    async def current_roles_of(record: AccessRequest) -> CurrentRoles:
        asked.append(record.version)
        await world.service.advance(request.id, RecordDelayed(reason=noted(f"Wait {len(asked)}.")))
        return CurrentRoles()

    with pytest.raises(StaleVersion):
        await world.service.advance(
            request.id, RecordDelayed(reason=noted("Mine.")), key="click-1", current_roles_of=current_roles_of
        )
    assert len(asked) == 5
    assert not await world.store.is_known("click-1")


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
async def test_a_crash_at_the_commit_leaves_all_or_nothing(world: World, after: bool) -> None:
    request = await world.put(usual())
    world.script.fail("store.commit", Crash(), after=after)
    with pytest.raises(Crash):
        await world.service.withdraw(request.id, RILEY.chat_id, key="click-1")
    stored = await world.request(request.id)
    assert (stored.state is S.WITHDRAWN, await world.store.is_known("click-1")) == (after, after)
    kinds = {type(effect) for effect in await effects(world)}
    assert kinds == ({ShowRequest} if after else set())
