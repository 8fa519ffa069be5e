"""Drift of Microsoft 365 capabilities whose list is not read any more: it neither ends nor gets smaller."""

from dataclasses import replace
from typing import Any, Final

import pytest

from tests.workflows.core.builders import NOW, TENANT, access_plan
from tests.workflows.core.settings.test_capabilities import EVERYBODY, FREE_BUSY, SOME, shown
from workflows.core.plans.default_drift import with_inheritance
from workflows.core.plans.planning import plan_access
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.differing_settings import differing_settings
from workflows.core.posture.watch.comparison import default_drift_of, inherits_other_values
from workflows.core.posture.watch.drift import Drift, DriftSubject, FoundDrift
from workflows.core.posture.watch.reconciliation import with_last_known
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import (
    ALL_USERS,
    M365CollaborationInbound,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
)
from workflows.core.settings.model import AccessType as Access

CAPABILITIES: Final = "m365Capabilities"
OFF: Final = shown(is_allowed=False)
BARE_OFF: Final = shown((), is_allowed=False)
NEW_OFF: Final = {**BARE_OFF, "@odata.type": "#microsoft.graph.new", "name": "new"}
TRUST: Final = "inboundTrust"
READ: Final[JsonObject] = {"tenantId": TENANT, CAPABILITIES: []}
UNREAD: Final[JsonObject] = {"tenantId": TENANT}


def a_drift(*settings: str, code: ConcernCode = ConcernCode.DIFFERS_FROM_APPROVED, **more: Any) -> FoundDrift:
    return FoundDrift(code=code, settings=settings, opens=CAPABILITIES in settings, fingerprint=Digest("f"), **more)


def kept(*settings: str, **more: Any) -> Drift:
    found = a_drift(*settings, **more)
    return Drift(
        subject=DriftSubject(TENANT), version=1, partner="contoso.com", found=found, unchanged_at=None, found_at=NOW
    )


def test_capabilities_that_are_not_read_any_more_are_not_mended() -> None:
    before = kept(CAPABILITIES, current_values={CAPABILITIES: []})
    assert with_last_known(before, None, UNREAD) == before.found
    assert with_last_known(before, None, READ) is None
    assert with_last_known(replace(before, ended_at=NOW), None, UNREAD) is None
    assert with_last_known(None, None, UNREAD) is None
    assert with_last_known(kept(TRUST), None, UNREAD) is None


def test_other_drift_beside_capabilities_that_are_not_read_is_told_with_them() -> None:
    before = kept(CAPABILITIES, TRUST, current_values={TRUST: {"isMfaAccepted": False}})
    same = a_drift(TRUST, current_values={TRUST: {"isMfaAccepted": False}})
    assert with_last_known(before, same, UNREAD) == before.found
    changed = a_drift(TRUST, current_values={TRUST: {"isMfaAccepted": True}})
    told = with_last_known(before, changed, UNREAD)
    assert told is not None
    assert (told.settings, told.opens) == ((TRUST, CAPABILITIES), True)
    assert with_last_known(replace(before, found=told), changed, UNREAD) == told, "it stays the same in each sweep"
    other = with_last_known(kept(CAPABILITIES), a_drift(TRUST), UNREAD)
    assert other is not None
    assert other.settings == (TRUST, CAPABILITIES)
    absent = a_drift(code=ConcernCode.ABSENT)
    assert with_last_known(before, absent, UNREAD) == absent


@pytest.mark.parametrize(
    ("before", "now", "differs"),
    [
        ([shown()], None, False),
        (None, [], False),
        (None, [OFF, BARE_OFF, NEW_OFF], False),
        ([], [OFF], False),
        (None, [shown()], True),
        ([], [shown()], True),
        ([shown()], [], True),
        ([shown()], [shown([SOME])], True),
        (None, "junk", True),
    ],
)
def test_the_default_differs_only_by_capabilities_that_were_read_and_are_on(
    before: Any, now: Any, differs: bool
) -> None:
    documents: list[JsonObject] = [{} if one is None else {CAPABILITIES: one} for one in (before, now)]
    assert (default_drift_of(*documents) is not None) is differs


def test_an_unread_default_is_no_other_value_than_the_approvers_saw() -> None:
    users = TargetConfiguration(access=Access.ALLOWED, targets=(Target(type=TargetType.USER, id=ALL_USERS),))
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=users)},
        template="calendars",
        template_hash="",
        duration=None,  # type: ignore[arg-type]
    )
    shown_plan = with_inheritance(plan, {CAPABILITIES: [shown()]})
    assert not inherits_other_values(shown_plan, {CAPABILITIES: [shown([EVERYBODY])]})
    assert not inherits_other_values(shown_plan, {})
    assert inherits_other_values(shown_plan, {CAPABILITIES: []})
    only = replace(plan, inherited={CAPABILITIES: {FREE_BUSY: {"name": FREE_BUSY}}})
    assert not inherits_other_values(only, {}), "nothing else was shown"


@pytest.mark.parametrize("listed", [[OFF], [BARE_OFF], [NEW_OFF]])
def test_entries_that_are_off_are_no_drift_where_nothing_was_approved(listed: list[Any]) -> None:
    plan = access_plan()
    standing = plan.configuration_after() or {}
    assert differing_settings(plan, {**standing, CAPABILITIES: listed}) == ()
    assert differing_settings(plan, {**standing, CAPABILITIES: [*listed, {**shown(), "name": "new"}]}) != ()


def changed(before: list[Any], now: list[Any]) -> tuple[Any, Any]:
    """Return the capabilities that drift names, as they were and as they are."""
    found = default_drift_of({CAPABILITIES: before}, {CAPABILITIES: now})
    assert found is not None
    return found.approved_values.get(CAPABILITIES), found.current_values.get(CAPABILITIES)


def test_only_capabilities_that_differ_are_named() -> None:
    other = {**shown(), "@odata.type": "#microsoft.graph.crossTenantMailTipsAll", "name": "crossTenantMailTipsAll"}
    assert changed([other], [shown(), other]) == (None, [shown()])
    assert changed([shown(), other], [other]) == ([shown()], None)
    assert changed([shown()], [shown([SOME])]) == ([shown()], [shown([SOME])])
    assert changed([shown(), NEW_OFF], [OFF, other]) == ([shown(), NEW_OFF], [OFF, other])
    assert changed([], [shown(), NEW_OFF]) == (None, [shown()]), "what is off and was never set is no change"
    unreadable = default_drift_of({}, {CAPABILITIES: "junk"})
    assert unreadable is not None
    assert unreadable.current_values == {}
