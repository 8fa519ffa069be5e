"""The state of a request and its notes: how far a plan was written, and what an error says."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, TENANT, WHOLE_CHAIN, noted, prepared, request
from workflows.core.errors.facts import Fact, as_values, facts_from_values, log_text, text_fact
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.requests.notes import (
    DisplayedState,
    NoteCode,
    as_not_believed,
    is_believed,
    progress,
    state_to_display,
    with_earlier_write,
)
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION
from workflows.core.settings.open_access import AccessState, OpenAccess

OPEN = {"usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
BEFORE = {
    "tenantId": TENANT,
    "b2bCollaborationInbound": {
        **OPEN,
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    },
    IDENTITY_SYNCHRONIZATION: {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": True}},
}


def closing(**changes: object) -> AccessRequest:
    """A revocation with two writes: the partner's settings, and the synchronization."""
    kind = RequestKind.REVOCATION
    plan = plan_revocation(tenant_id=TENANT, default={}, before=BEFORE)
    return replace(request(RequestState.APPLYING, kind, prepared=prepared(kind, plan=plan)), **changes)  # type: ignore[arg-type]


def test_it_names_what_is_set_and_what_is_not() -> None:
    said = progress(closing(), 1, is_read=True)
    assert said.code == NoteCode.PROGRESS
    ((written, *_), *others), unwritten = said.values["written"], said.values["unwritten"]
    assert (written, others) == ("b2bCollaborationInbound", [])
    assert unwritten[0] == [IDENTITY_SYNCHRONIZATION]


def test_a_partner_that_is_only_created_has_no_settings() -> None:
    bare = plan_access(
        tenant_id=TENANT, before=None, settings={}, template="t", template_hash="h", duration=timedelta(days=90)
    )
    assert progress(request(RequestState.APPLYING, prepared=prepared(plan=bare)), 1, is_read=True).values[
        "written"
    ] == [[]]


def test_what_was_sent_before_is_never_called_unwritten() -> None:
    assert progress(closing(), 0, is_read=True) == Fact(NoteCode.NOT_WRITTEN, {"is_first": True})
    assert progress(closing(earlier_write_at=NOW), 0, is_read=True) == Fact(NoteCode.NOT_WRITTEN, {"is_first": False})
    assert progress(closing(writing_since=NOW), 0, is_read=True) == Fact(NoteCode.SENT_DOES_NOT_SHOW)


S, K = RequestState, RequestKind
NOT_READ = (OpenAccess(name="m365CollaborationInbound", opening=AccessState.UNKNOWN),)
LEFT = (OpenAccess(name="inboundTrust.isMfaAccepted", opening=AccessState.OPEN),)


@pytest.mark.parametrize(
    ("state", "kind", "changes", "where"),
    [
        (S.PREPARING, K.ACCESS, {}, DisplayedState.PREPARING),
        (S.AWAITING_APPROVAL, K.ACCESS, {}, DisplayedState.AWAITING_APPROVAL),
        (S.APPLYING, K.ACCESS, {}, DisplayedState.APPLYING),
        (S.APPLYING, K.ACCESS, {"note": noted("Later.")}, DisplayedState.TO_BE_WRITTEN),
        (S.APPLYING, K.REVOCATION, {}, DisplayedState.BLOCKING),
        (S.APPLYING, K.REVOCATION, {"note": noted("Later.")}, DisplayedState.TO_BE_BLOCKED),
        (S.UNCONFIRMED, K.ACCESS, {}, DisplayedState.UNCONFIRMED),
        (S.UNCONFIRMED, K.REVOCATION, {}, DisplayedState.BLOCK_UNCONFIRMED),
        (S.APPLIED, K.ACCESS, {}, DisplayedState.APPLIED),
        (S.APPLIED, K.RESTORATION, {}, DisplayedState.PUT_BACK),
        (S.APPLIED, K.REVOCATION, {"not_closed": ()}, DisplayedState.BLOCKED),
        (S.APPLIED, K.REVOCATION, {"not_closed": None}, DisplayedState.BLOCK_READ),
        (S.APPLIED, K.REVOCATION, {"not_closed": LEFT}, DisplayedState.BLOCKED_IN_PART),
        (S.APPLIED, K.REVOCATION, {"not_closed": NOT_READ}, DisplayedState.BLOCKED_REST_UNKNOWN),
        (S.APPLIED, K.REVOCATION, {"not_closed": (*NOT_READ, *LEFT)}, DisplayedState.BLOCKED_IN_PART),
        (S.STOPPED, K.ACCESS, {}, DisplayedState.STOPPED),
        (S.STOPPED, K.REVOCATION, {}, DisplayedState.REVOCATION_STOPPED),
        (S.FAILED, K.REVOCATION, {}, DisplayedState.FAILED),
    ],
)
def test_where_a_request_is_never_claims_more_than_was_read(
    state: RequestState, kind: RequestKind, changes: dict[str, Any], where: DisplayedState
) -> None:
    assert state_to_display(request(state, kind, **changes)) is where


def test_what_was_sent_under_an_earlier_plan_is_added_to_a_note() -> None:
    note = noted("Over.")
    assert with_earlier_write(request(), note) == note
    assert with_earlier_write(request(earlier_write_at=NOW), note) == (*note, Fact(NoteCode.SENT_BEFORE))


def test_facts_can_be_values_and_are_read_back() -> None:
    facts = (text_fact("Graph said: no."), Fact(NoteCode.NOT_WRITTEN, {"is_first": True}))
    values = as_values(facts)
    assert values == [
        {"code": "text", "values": {"text": "Graph said: no."}},
        {"code": "not_written", "values": {"is_first": True}},
    ]
    assert facts_from_values(values) == facts


def test_a_log_line_has_codes_and_values_and_text_from_outside_as_it_is() -> None:
    facts = (text_fact("Graph said: no."), Fact(NoteCode.NOT_WRITTEN, {"is_first": True}), Fact(NoteCode.WITHDRAWN))
    assert log_text(facts) == "Graph said: no. not_written is_first=True withdrawn"


@pytest.mark.parametrize(
    ("not_closed", "where"),
    [((), DisplayedState.BLOCKED), (None, DisplayedState.BLOCK_READ)],
)
def test_an_approved_block_is_shown_as_blocked_not_as_active(
    not_closed: tuple[()] | None, where: DisplayedState
) -> None:
    plan = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})
    blocked = request(RequestState.APPLIED, prepared=prepared(plan=plan), not_closed=not_closed)
    assert state_to_display(blocked) is where


def test_what_something_else_changed_is_shown_without_decisions() -> None:
    asked = request(RequestState.APPLYING, decisions=WHOLE_CHAIN, void_decisions=WHOLE_CHAIN)
    shown = as_not_believed(asked)
    assert (shown.decisions, shown.void_decisions, [fact.code for fact in shown.note]) == ((), (), ["not_believed"])
    assert (is_believed(asked), is_believed(shown)) == (True, False)
    assert not is_believed(replace(asked, note=(Fact(NoteCode.ENDED_NOT_BELIEVED),)))
