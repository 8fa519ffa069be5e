"""Applying: compare, write what is missing, read back; never twice, never over somebody else's change."""

from dataclasses import replace
from typing import Any

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import (
    AMARA,
    CHIE,
    DANA,
    RILEY,
    SAM,
    TENANT,
    closed_document,
)
from tests.workflows.effects.applying import (
    FORBIDDEN,
    NO_ANSWER,
    OPEN,
    OTHER_TENANT,
    S,
    assert_stands,
    decided,
    put,
    retried,
    revocation,
    told,
)
from tests.workflows.fakes import PARTNERS
from tests.workflows.world import CONTOSO, World
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.plan import CallIds
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import EditRecord, RequestState, Support
from workflows.core.settings.documents import is_equivalent
from workflows.intervals import USUAL_PAUSES

# --- the plain way ---


async def test_a_decided_request_is_written_once_and_read_back(world: World) -> None:
    request = await put(world, decided())
    request = await world.settled(request.id)
    assert (request.state, note_words(request.note), request.confirmed_at) == (S.APPLIED, "", world.clock.now())
    assert_stands(world, request.plan)
    assert [(one.method, one.path) for one in world.tenant.writes] == [("POST", PARTNERS)]
    assert world.rests == [0.0]
    assert world.tenant.fresh == ["contoso.com"]
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert (partnership.state, partnership.sponsor, partnership.request_id) == (
        PartnershipState.ACTIVE,
        SAM,
        request.id,
    )
    assert ("gatehouse", "record_applied", "accepted") in await world.log()
    assert world.notifier.told == [], "the partner setup card tells both"
    assert world.notifier.halves == [(partnership, False)]


@pytest.mark.threats("D9")
async def test_an_existing_partner_is_patched_and_keeps_what_the_plan_does_not_name(world: World) -> None:
    request = await put(world, decided(OPEN))
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert [one.method for one in world.tenant.writes if not one.may_be_refused] == ["PATCH"]
    stands = world.tenant.partners[TENANT]
    assert stands["inboundTrust"] == {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}
    assert stands["crossCloudMeetingConfiguration"] == {"inboundAllowed": True}


async def test_the_audit_log_keeps_what_was_read_back(world: World) -> None:
    request = await world.settled((await put(world, decided())).id)
    entry = next(one for one in await world.store.history(request_id=request.id) if one.command == "record_applied")
    assert is_equivalent(told(request.plan.configuration_after()), told(entry.details["image"]))
    assert entry.tenant_id == TENANT


async def test_a_plan_that_is_set_already_is_confirmed_without_a_write(world: World) -> None:
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(request.plan.configuration_after() or {})
    assert (await world.settled(request.id)).state is S.APPLIED
    assert world.tenant.attempts == []


@pytest.mark.parametrize(
    "state",
    [S.PREPARING, S.AWAITING_APPROVAL, S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.UNFIT, S.STOPPED, S.OVERWRITTEN, S.FAILED],
)
async def test_nothing_is_read_or_written_for_a_request_that_is_not_decided(world: World, state: RequestState) -> None:
    """Not even where a stored Apply is performed late or once more."""
    request = await world.put(replace(decided(), state=state, prepared=decided().prepared))
    await world.applier.apply(request.id)
    assert await world.request(request.id) == request
    assert [call for call in world.script.calls if not call.startswith("store.")] == []


async def test_performing_a_finished_apply_again_does_nothing(world: World) -> None:
    request = await world.settled((await put(world, decided())).id)
    calls = list(world.script.calls)
    for _ in range(3):
        await world.applier.apply(request.id)
    assert world.script.calls == calls
    await world.applier.apply(replace(request, id=type(request.id)("r-unknown")).id)
    assert world.script.calls == calls


# --- what is checked once more before the first write ---


@pytest.mark.threats("C3", "B4")
@pytest.mark.parametrize("lost", ["role", "account"])
@pytest.mark.parametrize(("person", "stage"), [(AMARA, 0), (CHIE, 1)], ids=["security", "data owner"])
async def test_a_decider_who_lost_role_or_account_reopens_the_stage(
    world: World, person: Any, stage: int, lost: str
) -> None:
    request = await put(world, decided())
    if lost == "role":
        world.directory.assign(person, "")
    else:
        world.directory.remove(person)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert world.tenant.attempts == []
    assert request.verdict().open_stage == stage
    assert person not in [decision.person for decision in request.decisions]
    assert len(request.decisions) == 2
    assert f"{person.name} no longer has the role" in note_words(request.note)
    assert "Nothing was written" in note_words(request.note)
    assert await world.log() == [("test", "put", "accepted"), ("gatehouse", "reopen", "accepted")]


_PREPARED = ("requester", "sponsor", "submitter")


@pytest.mark.threats("C1")
@pytest.mark.parametrize("role", [*_PREPARED, "partner_sponsors", "authors", "editor", "supporter", "drafter"])
async def test_an_approval_of_somebody_who_takes_part_is_not_written(world: World, role: str) -> None:
    """Also where the approval was stored, whatever let it in: who counts is found again before the write."""
    asked = decided()
    prepared = asked.require_prepared()
    match role:
        case "requester" | "sponsor" | "submitter" | "partner_sponsors" | "authors":
            changes: dict[str, Any] = {role: AMARA if role in _PREPARED else (AMARA,)}
            asked = replace(asked, prepared=replace(prepared, **changes))
        case "editor":
            asked = replace(asked, edits=(EditRecord(person=AMARA, at=asked.created_at),))
        case "drafter":
            asked = replace(asked, drafter=AMARA)
        case _:
            asked = replace(asked, supports=(Support(person=AMARA, at=asked.created_at),))
    asked = await world.settled((await put(world, asked)).id)
    assert asked.state is S.AWAITING_APPROVAL
    assert asked.verdict().open_stage == 0
    assert world.tenant.attempts == []


@pytest.mark.threats("C3", "B4")
async def test_a_reopened_stage_can_be_decided_by_somebody_else_and_is_then_written(world: World) -> None:
    request = await world.approved()
    world.directory.assign(AMARA, "")
    request = await world.settled(request.id)
    newcomer = replace(AMARA, id=type(AMARA.id)("id-nina"), chat_id=type(AMARA.chat_id)("U-NINA"), name="Nina")
    world.directory.assign(newcomer, "security")
    await world.approve(request, newcomer)
    request = await world.request(request.id)
    assert request.state is S.APPLIED
    assert [decision.person.name for decision in request.decisions] == ["Bruno", "Chie", "Nina"]
    assert len(world.tenant.writes) == 1


@pytest.mark.parametrize("moved", ["elsewhere", "nowhere"])
@pytest.mark.threats("D2")
async def test_a_domain_that_moved_stops_the_request(world: World, moved: str) -> None:
    request = await put(world, decided())
    if moved == "elsewhere":
        world.tenant.tenants["contoso.com"] = replace(CONTOSO, tenant_id=OTHER_TENANT)
    else:
        del world.tenant.tenants["contoso.com"]
    request = await world.settled(request.id)
    assert request.state is S.STOPPED
    assert world.tenant.attempts == []
    assert world.tenant.partners == {}
    assert (OTHER_TENANT if moved == "elsewhere" else "no tenant") in note_words(request.note)
    assert await world.store.partnership(TENANT) is None
    assert world.notifier.texts_to(RILEY.chat_id) == [
        f"contoso.com: your request {request.id} was stopped. {note_words(request.note)}"
    ]


async def test_a_revocation_needs_neither_the_domain_nor_anybodys_role(world: World) -> None:
    request = await put(world, revocation(OPEN))
    world.tenant.tenants.clear()
    world.directory.people.clear()
    assert (await world.settled(request.id)).state is S.APPLIED
    assert [call for call in world.script.calls if call.startswith(("directory", "tenant.find"))] == []


# --- read-back ---


@pytest.mark.parametrize("lag", [0, len(USUAL_PAUSES.read_back_after)])
async def test_the_ids_of_an_accepted_write_are_stored_when_it_is_confirmed(world: World, lag: int) -> None:
    """Also when Graph shows it only later: the ids are known only right after the write."""
    world.tenant.lag = lag
    world.tenant.call_ids = CallIds(request_id="from-graph", client_request_id="from-here")
    request = await world.settled((await put(world, decided())).id)
    if lag:
        request = await retried(world, request)
    assert request.state is S.APPLIED
    (sent,) = request.sent
    assert (sent.method, sent.path, sent.ids) == ("POST", PARTNERS, world.tenant.call_ids)
    stored = [one.details["sent"] for one in await world.store.history(request_id=request.id) if "sent" in one.details]
    assert stored == [
        [{"method": "POST", "path": PARTNERS, "request_id": "from-graph", "client_request_id": "from-here"}]
    ]


async def test_a_write_that_does_not_show_is_unconfirmed_then_applied_without_a_second_write(world: World) -> None:
    world.tenant.lag = len(USUAL_PAUSES.read_back_after)
    request = await put(world, decided())
    request = await world.settled(request.id)
    assert request.state is S.UNCONFIRMED
    assert "does not show the change yet" in note_words(request.note)
    assert world.rests == list(USUAL_PAUSES.read_back_after)
    assert await world.store.partnership(TENANT) is None
    request = await retried(world, request)
    assert (request.state, note_words(request.note)) == (S.APPLIED, "")
    assert_stands(world, request.plan)


async def test_an_unconfirmed_request_only_reads_where_the_audit_log_cannot_be_read(world: World) -> None:
    """For a quarter of an hour: the directory is replicated, and nothing that opens is sent twice blindly."""
    world.tenant.lag = len(USUAL_PAUSES.read_back_after) + 4
    world.script.fail("surroundings.read_partner_changes", FORBIDDEN, times=100)
    request = await put(world, decided())
    waiting = await world.settled(request.id)
    shown, log = len(world.notifier.requests), await world.log()
    for _ in range(4):
        request = await retried(world, request)
        assert request == waiting
        assert request.state is S.UNCONFIRMED
    assert (len(world.notifier.requests), await world.log()) == (shown, log), "a long wait stays quiet"
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert len(world.notifier.requests) == shown + 1
    assert_stands(world, request.plan)
    told = world.notifier.texts_to(RILEY.chat_id)
    assert told == [], "waiting for the read-back is shown on the card, and nobody is told again and again"


@pytest.mark.parametrize("error", [NO_ANSWER, FORBIDDEN], ids=["no answer", "refused"])
async def test_a_read_back_that_fails_leaves_only_reading_to_do(world: World, error: Exception) -> None:
    """Every write was taken: it is never claimed that nothing was written, and nothing is written again."""
    request = await put(world, decided())
    world.tenant.lag = 1
    world.script.fail("tenant.read_partner", error, on=2, times=3)
    world.script.fail("surroundings.read_partner_changes", FORBIDDEN)
    request = await world.settled(request.id)
    assert request.state is S.UNCONFIRMED
    assert "accepted but cannot be read back" in note_words(request.note)
    for _ in range(2):
        assert (await retried(world, request)).state is S.UNCONFIRMED
    assert (await retried(world, request)).state is S.UNCONFIRMED  # readable again, and not yet shown
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)


# --- two requests about one partner ---


async def test_a_revocation_and_an_access_request_of_one_partner_share_a_lane(world: World) -> None:
    """The approved request is stopped and its stored effect does nothing; the partner ends blocked."""
    request = await world.approved()
    world.tenant.partners[TENANT] = dict(OPEN)
    await world.revoke(DANA, but=Apply)
    assert await world.lanes() == [f"tenant:{TENANT}"]
    assert await world.store.count_pending(world.clock.now()) == (2, 0, 0)
    await world.settle()
    request = await world.request(request.id)
    assert request.state is S.STOPPED, note_words(request.note)
    assert note_words(request.note).startswith("Dana closed this partner before the change was verified")
    assert is_equivalent(
        {k: v for k, v in world.tenant.partners[TENANT].items() if k != "crossCloudMeetingConfiguration"},
        closed_document(),
    )
    assert [one.method for one in world.tenant.writes if not one.may_be_refused] == ["PATCH"]


async def test_nothing_is_opened_before_graph_has_named_its_tenant(world: World) -> None:
    world.tenant.is_never_named = True
    request = await put(world, decided())
    request = await world.settled(request.id)
    assert (request.state, request.writing_since) == (S.APPLYING, None)
    assert "which tenant" in note_words(request.note)
    assert world.tenant.attempts == []
    world.tenant.is_never_named = False
    assert (await retried(world, request)).state is S.APPLIED


async def test_closing_does_not_wait_until_graph_has_named_its_tenant(world: World) -> None:
    world.tenant.is_never_named = True
    request = await put(world, revocation(OPEN))
    assert (await world.settled(request.id)).state is S.APPLIED
