"""Which requests a freeze stops, and what becomes due for them when it begins or ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.builders import DANA, NOW, TENANT, prepared, reduction_plan, request, situation
from workflows.core.errors.facts import Fact
from workflows.core.policy.stops.freeze import FreezeState, begin
from workflows.core.policy.stops.generation import Hold, HoldCause
from workflows.core.requests.commands.automatic import RecordDelayed
from workflows.core.requests.effects import Apply, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.freezing import (
    effects_of_freeze,
    freeze_note,
    is_held,
    is_stopped_by_freeze,
    is_void,
)

S, K = RequestState, RequestKind
FREEZE = begin(None, by="Dana", reason="Incident 7", now=NOW)
ENDED = replace(FREEZE, state=FreezeState.ENDED, ended_by=DANA, ended_at=NOW)


def reducing(*, extends: bool = False) -> AccessRequest:
    """An approved request that only reduces access, or also gives more time."""
    return request(S.APPLYING, prepared=prepared(plan=reduction_plan({}, extends=extends)))


def test_what_opens_prolongs_or_replaces_access_is_stopped() -> None:
    assert is_stopped_by_freeze(request(S.APPLYING))
    assert is_stopped_by_freeze(request(S.PREPARING, prepared=None)), "what it does is not known yet"
    assert is_stopped_by_freeze(request(S.APPLYING, K.RESTORATION))
    assert is_stopped_by_freeze(reducing(extends=True))


def test_what_closes_reduces_or_writes_nothing_goes_on() -> None:
    assert not is_stopped_by_freeze(request(S.APPLYING, K.REVOCATION))
    assert not is_stopped_by_freeze(reducing())

    adoption = request(S.APPLYING, K.ADOPTION)
    assert is_stopped_by_freeze(adoption), "it would write"
    empty = replace(adoption.require_prepared(), plan=replace(adoption.plan, operations=()))
    assert not is_stopped_by_freeze(replace(adoption, prepared=empty))
    assert not is_stopped_by_freeze(replace(adoption, prepared=None))
    assert not is_stopped_by_freeze(request(S.APPLIED))


@pytest.mark.parametrize("state", [S.PREPARING, S.AWAITING_APPROVAL, S.APPLYING, S.UNCONFIRMED])
def test_its_card_changes_and_at_the_end_an_approved_request_is_written(state: RequestState) -> None:
    waiting = request(state)
    show = ShowRequest(request_id=waiting.id)
    assert effects_of_freeze(waiting, FREEZE) == (show,)
    written = (Apply(request_id=waiting.id, tenant_id=TENANT),) if state is S.APPLYING else ()
    assert effects_of_freeze(waiting, ENDED) == (show, *written)


def test_what_goes_on_has_no_effects() -> None:
    assert effects_of_freeze(reducing(), FREEZE) == ()
    assert effects_of_freeze(reducing(), ENDED) == ()


def test_who_waits_is_told_of_the_freeze_itself_and_not_by_each_request() -> None:
    held = advance(request(S.APPLYING), RecordDelayed(reason=(freeze_note(FREEZE),)), situation())
    assert held.request.note == (Fact(NoteCode.FROZEN, {"name": "Dana", "reason": "Incident 7"}),)
    assert held.effects == (ShowRequest(request_id=held.request.id),)
    assert is_held(held.request)
    assert not is_held(request(S.APPLYING))
    assert not is_held(replace(held.request, state=S.UNCONFIRMED))


HELD = replace(
    FREEZE,
    hold=Hold(cause=HoldCause.COPIED, inside="i:1", outside="i:1", last_entry="", last_ran_at=None),
    voids_before=NOW + timedelta(hours=1),
)
RELEASED = replace(HELD, state=FreezeState.ENDED)


@pytest.mark.threats("G8")
def test_requests_from_before_a_held_start_are_void_and_what_closes_is_not() -> None:
    old, new = request(S.APPLYING), request(S.APPLYING, created_at=NOW + timedelta(hours=1))
    for freeze in (HELD, RELEASED):
        assert is_void(old, freeze)
        assert not is_void(new, freeze)
        assert not is_void(reducing(), freeze)
        assert not is_void(request(S.APPLYING, K.REVOCATION), freeze)
        assert not is_void(request(S.APPLIED), freeze)
        assert not is_void(request(S.APPLIED, K.ADOPTION), freeze)
        adoption = request(S.AWAITING_APPROVAL, K.ADOPTION)
        empty = replace(adoption.require_prepared(), plan=replace(adoption.plan, operations=()))
        assert is_void(replace(adoption, prepared=empty), freeze), "it would change the record"
    assert not is_void(old, None)
    assert not is_void(old, FREEZE)


def test_a_void_request_is_not_written_when_the_hold_ends_and_a_new_one_is() -> None:
    old, new = request(S.APPLYING), request(S.APPLYING, created_at=NOW + timedelta(hours=1))
    assert effects_of_freeze(old, RELEASED) == (ShowRequest(request_id=old.id),)
    assert effects_of_freeze(new, RELEASED) == (
        ShowRequest(request_id=new.id),
        Apply(request_id=new.id, tenant_id=TENANT),
    )


def test_what_waits_for_a_release_says_why() -> None:
    assert freeze_note(HELD) == Fact(NoteCode.HELD, {"cause": "copied"})
    waits = advance(request(S.APPLYING), RecordDelayed(reason=(freeze_note(HELD),)), situation())
    assert is_held(waits.request)
    assert waits.effects == (ShowRequest(request_id=waits.request.id),)
