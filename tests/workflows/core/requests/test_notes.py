"""The note on how far a plan was written: what took effect and what did not, by Graph's names."""

from dataclasses import replace
from datetime import timedelta

from tests.workflows.core.builders import NOW, TENANT, prepared, request
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import plan_access, plan_revocation
from workflows.core.requests.notes import NoteCode, progress
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION

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


def test_it_names_what_stands_and_what_does_not() -> None:
    said = progress(closing(), 1)
    assert said.code == NoteCode.PROGRESS
    ((written, *_), *others), unwritten = said.values["written"], said.values["unwritten"]
    assert (written, others) == ("b2bCollaborationInbound", [])
    assert unwritten[0] == [IDENTITY_SYNCHRONIZATION]


def test_a_partner_that_is_only_created_has_no_settings() -> None:
    bare = plan_access(
        tenant_id=TENANT, before=None, settings={}, template="t", template_hash="h", duration=timedelta(days=90)
    )
    assert progress(request(RequestState.APPLYING, prepared=prepared(plan=bare)), 1).values["written"] == [[]]


def test_what_was_sent_before_is_never_called_unwritten() -> None:
    assert progress(closing(), 0) == Fact(NoteCode.NOT_WRITTEN, {"is_first": True})
    assert progress(closing(sent_before=NOW), 0) == Fact(NoteCode.NOT_WRITTEN, {"is_first": False})
    assert progress(closing(writing_since=NOW), 0) == Fact(NoteCode.SENT_DOES_NOT_SHOW)
