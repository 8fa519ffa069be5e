"""An edit: what it changes, who may give it, and that nothing decided before it counts afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import (
    AMARA,
    EXPIRY,
    LIFETIME,
    NOW,
    REQUEST,
    RILEY,
    SAM,
    WHOLE_CHAIN,
    edit,
    identity,
    noted,
    particulars,
    prepared,
    request,
    situation,
)
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.commands.automatic import RecordPrepared, RecordUnfit, Replan
from workflows.core.requests.commands.editing import (
    MAX_EDITS,
    EditableField,
    changed_field_names,
    changed_values,
    is_editable,
    require_may_edit,
)
from workflows.core.requests.commands.request import Approve
from workflows.core.requests.effects import Prepare, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import TERMINAL, AccessRequest, EditRecord, RequestKind, RequestState
from workflows.core.settings.model import TenantId

LATER = NOW + timedelta(days=3)


def edited(known: AccessRequest | None = None) -> AccessRequest:
    """The usual request after an edit of its justification."""
    return advance(known or request(decisions=WHOLE_CHAIN[:2]), edit(), situation(LATER)).request


@pytest.mark.threats("C4")
def test_an_edit_makes_every_decision_void_and_starts_the_time_to_decide_again() -> None:
    known = request(decisions=WHOLE_CHAIN[:2], reminders=2, reminded_at=NOW)
    moved = advance(known, edit(), situation(LATER))
    after = moved.request
    assert (after.state, after.version, after.round) == (RequestState.PREPARING, known.version + 1, 1)
    assert (after.decisions, after.void_decisions) == ((), WHOLE_CHAIN[:2])
    assert (after.previously_shown, after.previous_fields) == (known.prepared, known.fields)
    assert after.edits == (EditRecord(person=RILEY, at=LATER),)
    assert after.fields == replace(known.fields, justification="Joint launch in June")
    assert (after.expires_at, after.lifetime, after.reminders) == (LATER + LIFETIME, LIFETIME, 0)
    assert after.reminded_at is None
    assert [fact.code for fact in after.asked_again] == ["edited", "asked_again"]
    asked_by = moved.request.fields.requester
    assert moved.effects == (ShowRequest(request_id=REQUEST), Prepare(request_id=REQUEST, asked_by=asked_by))


@pytest.mark.threats("C4")
def test_an_approval_of_the_text_before_the_edit_never_counts_even_of_the_same_settings() -> None:
    plan = replace(prepared().plan, edition=1)
    again = advance(edited(), RecordPrepared(prepared=prepared(plan=plan)), situation(LATER)).request
    assert again.plan.digest != prepared().plan.digest
    with worded_refusal(Refused, match="Decide on the newest card"):
        advance(again, Approve(actor=AMARA, request_id=REQUEST, digest=prepared().plan.digest), situation(LATER))
    decided = advance(again, Approve(actor=AMARA, request_id=REQUEST, digest=plan.digest), situation(LATER)).request
    assert decided.verdict().counted_people[0] == (AMARA,)


def test_a_request_cannot_be_kept_open_for_ever_by_edits() -> None:
    """Each edit begins the whole time to decide again, and only one request about a partner can be open."""
    known = request(edits=(EditRecord(person=RILEY, at=NOW),) * (MAX_EDITS - 1))
    assert len(edited(known).edits) == MAX_EDITS
    known = replace(known, edits=(*known.edits, *known.edits[:1]))
    with pytest.raises(Refused) as refused:
        edited(known)
    assert refused.value.fact == Fact(RefusalCode.EDITED_TOO_OFTEN, {"limit": MAX_EDITS})
    accepted = replace(edit(), accepts=1)
    with pytest.raises(Refused) as refused:
        advance(known, accepted, situation(LATER))
    assert refused.value.code is RefusalCode.EDITED_TOO_OFTEN


def test_what_was_prepared_from_the_text_before_the_edit_is_refused() -> None:
    for command in (RecordPrepared(prepared=prepared()), RecordUnfit(code="unfit", reason=noted("Too wide."))):
        with pytest.raises(Refused) as refused:
            advance(edited(), command, situation(LATER))
        assert refused.value.code == RefusalCode.NOT_POSSIBLE_IN_THIS_STATE
    unfit = RecordUnfit(code="unfit", reason=noted("Too wide."), edition=1)
    assert advance(edited(), unfit, situation(LATER)).request.state is RequestState.UNFIT


def test_a_later_plan_for_another_reason_is_compared_by_its_settings_only() -> None:
    plan = replace(prepared().plan, edition=1)
    again = advance(edited(), RecordPrepared(prepared=prepared(plan=plan)), situation(LATER)).request
    assert again.previous_fields is not None
    replanned = advance(again, Replan(reason=noted("It changed.")), situation(LATER)).request
    assert (replanned.previous_fields, replanned.edits) == (None, again.edits)


@pytest.mark.parametrize("kind", list(RequestKind))
@pytest.mark.parametrize("state", list(RequestState))
def test_only_an_access_request_that_waits_can_be_edited(state: RequestState, kind: RequestKind) -> None:
    known = request(state, kind)
    is_possible = state is RequestState.AWAITING_APPROVAL and kind is RequestKind.ACCESS
    assert is_editable(known) is is_possible


@pytest.mark.parametrize(
    ("known", "command", "code"),
    [
        (request(), edit(SAM), RefusalCode.NOT_THE_REQUESTER),
        (request(), edit(replace(RILEY, id=PersonId("id-other"))), RefusalCode.NOT_THE_REQUESTER),
        (request(RequestState.AWAITING_APPROVAL, RequestKind.RESTORATION), edit(), RefusalCode.NOT_EDITABLE),
        (request(RequestState.PREPARING, prepared=prepared()), edit(), RefusalCode.NOT_POSSIBLE_IN_THIS_STATE),
        (request(RequestState.WITHDRAWN), edit(), RefusalCode.NOT_POSSIBLE_IN_THIS_STATE),
        (request(expires_at=NOW), edit(), RefusalCode.EXPIRED),
        (
            request(prepared=prepared(plan=replace(prepared().plan, edition=1))),
            edit(),
            RefusalCode.REQUEST_CHANGED_DURING_EDIT,
        ),
        (request(), edit(justification="Joint launch in May"), RefusalCode.NOTHING_EDITED),
        (request(), edit(target="fabrikam.com"), RefusalCode.NOTHING_EDITED),
    ],
)
def test_an_edit_that_cannot_be_is_refused_with_the_next_step(
    known: AccessRequest, command: object, code: RefusalCode
) -> None:
    with pytest.raises(Refused) as refused:
        advance(known, command, situation())  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize("state", [one for one in RequestState if one is not RequestState.AWAITING_APPROVAL])
def test_the_form_for_an_edit_does_not_open_in_any_other_state(state: RequestState) -> None:
    with pytest.raises(Refused) as refused:
        require_may_edit(request(state), RILEY, "", NOW)
    is_closed = state in TERMINAL
    assert refused.value.fact == Fact(
        RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, {"state": state.value, "is_closed": is_closed}
    )


def test_the_requester_may_edit_under_another_chat_id() -> None:
    again = advance(request(), edit(replace(RILEY, chat_id=ChatId("W-RILEY"))), situation()).request
    assert again.fields.requester == RILEY.chat_id


def test_a_name_that_leads_to_another_tenant_now_changes_no_partner() -> None:
    command = edit()
    moved = replace(identity(), tenant_id=TenantId("5a5e1f50-1c1f-4a8a-9d30-1d2f00c0ff00"))
    with worded_refusal(Refused, match="belongs to another tenant now"):
        advance(request(), replace(command, observation=replace(command.observation, identity=moved)), situation())


def test_what_is_different_is_listed_with_both_values() -> None:
    before = particulars()
    after = replace(before, sponsor=ChatId("U-DANA"), duration=timedelta(days=30), ends_at=LATER, ticket="PRJ-1")
    assert changed_field_names(before, after) == (
        EditableField.SPONSOR,
        EditableField.DURATION,
        EditableField.ENDS_AT,
        EditableField.TICKET,
    )
    assert changed_values(before, after) == {
        "sponsor": ["U-SAM", "U-DANA"],
        "duration": [90, 30],
        "ends_at": [None, LATER.isoformat()],
        "ticket": ["", "PRJ-1"],
    }


def test_the_same_chosen_day_is_no_change_however_many_days_are_left() -> None:
    before = replace(particulars(), ends_at=EXPIRY, duration=timedelta(days=90))
    assert changed_field_names(before, replace(before, duration=timedelta(days=80))) == ()
