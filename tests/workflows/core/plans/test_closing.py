"""What a plan closes: proven without the tenant's default, and all of it or a part."""

from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, TENANT, closed_document, partnership, prepared, request
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.outcome.new_records import opened_partnership
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.closing import closes_everything, only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access
from workflows.core.requests.commands.automatic import RecordApplied
from workflows.core.requests.request import RequestState
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import (
    ALL_USERS,
    BLOCK_ALL,
    CLOSED,
    OFFICE_365,
    AccessType,
    B2BSetting,
    IdentitySynchronization,
    InboundTrust,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
)

BLOCK: dict[Property, Setting] = {
    **CLOSED,
    Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=False),
}


def allowed(people: str = ALL_USERS) -> B2BSetting:
    """Somebody may use Office 365."""
    kind = TargetType.USER if people == ALL_USERS else TargetType.GROUP
    return B2BSetting(
        users_and_groups=TargetConfiguration(access=AccessType.ALLOWED, targets=(Target(type=kind, id=people),)),
        applications=TargetConfiguration(
            access=AccessType.ALLOWED, targets=(Target(type=TargetType.APPLICATION, id=OFFICE_365),)
        ),
    )


def plan(settings: dict[Property, Setting], before: dict[str, Any] | None = None, *, days: int = 90) -> Plan:
    """A plan of these settings."""
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="t",
        template_hash="h",
        duration=timedelta(days=days),
    )


EVERYONE = {"tenantId": TENANT, Property.B2B_COLLABORATION_INBOUND.value: to_document(allowed())}
TO_A_GROUP: dict[Property, Setting] = {
    Property.B2B_COLLABORATION_INBOUND: allowed("00000000-bbbb-4bbb-8bbb-000000000001")
}


@pytest.mark.parametrize(
    ("settings", "before", "narrows"),
    [
        (TO_A_GROUP, EVERYONE, True),
        ({Property.B2B_COLLABORATION_INBOUND: BLOCK_ALL}, EVERYONE, True),
        ({Property.B2B_COLLABORATION_INBOUND: BLOCK_ALL}, None, True),
        (BLOCK, EVERYONE, True),
        # An open default makes an explicit "allowed" a narrowing today; tomorrow it need not be one.
        (TO_A_GROUP, None, False),
        ({Property.B2B_COLLABORATION_INBOUND: None}, EVERYONE, False),
        ({**TO_A_GROUP, Property.INBOUND_TRUST: InboundTrust(mfa=True)}, EVERYONE, False),
        ({Property.B2B_COLLABORATION_INBOUND: allowed()}, closed_document(), False),
    ],
)
def test_a_narrowing_is_proven_whatever_the_default_is(
    settings: dict[Property, Setting], before: dict[str, Any] | None, narrows: bool
) -> None:
    assert only_reduces_access(plan(settings, before)) is narrows


def test_all_of_it_is_four_blocks_no_trust_no_consent_no_synchronization() -> None:
    synchronized = {**EVERYONE, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    assert closes_everything(plan(BLOCK))
    assert closes_everything(plan(BLOCK, synchronized))
    assert not closes_everything(plan(dict(CLOSED), synchronized))
    for name in CLOSED:
        assert not closes_everything(plan({other: value for other, value in BLOCK.items() if other != name}))


def applied(plan: Plan, known: Partnership | None = None) -> Partnership:
    """The record after a plan was applied and read back."""
    done = request(RequestState.APPLYING, prepared=prepared(plan=plan))
    transition = advance_request_and_record(
        done, RecordApplied(configuration=plan.configuration_after() or {}), Situation(now=NOW), known
    )
    assert transition.partnership is not None
    return transition.partnership


def test_a_partner_that_was_closed_by_a_request_is_recorded_as_closed() -> None:
    closed = applied(plan(BLOCK, EVERYONE), partnership())
    assert (closed.state, closed.ends_at, closed.next_review_at) == (PartnershipState.REVOKED, None, None)
    assert applied(plan(TO_A_GROUP)).state is PartnershipState.ACTIVE


def test_a_narrowing_does_not_prolong_what_a_whole_chain_approved() -> None:
    """One approver's word is enough to close, not to go on longer."""
    soon, late = NOW + timedelta(days=5), NOW + timedelta(days=500)
    narrowing = request(RequestState.APPLYING, prepared=prepared(plan=plan(TO_A_GROUP, EVERYONE)))
    assert opened_partnership(narrowing, partnership(ends_at=soon), NOW).ends_at == soon
    assert opened_partnership(narrowing, partnership(ends_at=late), NOW).ends_at == NOW + timedelta(days=90)
    assert opened_partnership(narrowing, partnership(ends_at=None), NOW).ends_at == NOW + timedelta(days=90)
    assert opened_partnership(narrowing, None, NOW).ends_at == NOW + timedelta(days=90)
    widening = request(RequestState.APPLYING, prepared=prepared(plan=plan(TO_A_GROUP)))
    assert opened_partnership(widening, partnership(ends_at=soon), NOW).ends_at == NOW + timedelta(days=90)
