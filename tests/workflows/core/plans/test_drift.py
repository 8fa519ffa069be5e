"""A partner that changed behind an approved plan, told from three sides; and how far a plan has come."""

from datetime import timedelta
from typing import Any, Final

from bot.words.plans.progress import progress_words as worded
from tests.workflows.core.builders import TENANT, access_plan
from workflows.core.plans.drift import Divergence, three_way
from workflows.core.plans.plan import Plan, plan_access, plan_revocation
from workflows.core.plans.progress import progress_values, progress_words
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import BLOCK_ALL

BEFORE: Final[dict[str, Any]] = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": False},
    "b2bCollaborationInbound": None,
    "crossCloudMeetingConfiguration": {"inboundAllowed": True},
}
SYNC: Final = {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}


def test_each_side_is_told_for_what_somebody_changed_and_for_what_the_plan_writes() -> None:
    plan = access_plan(BEFORE)
    now = {**BEFORE, "b2bDirectConnectInbound": to_document(BLOCK_ALL), "inboundTrust": {"isMfaAccepted": None}}
    drift = three_way(plan, now)
    assert (drift.existed, drift.exists) == (True, True)
    assert drift.settings == (
        Divergence(
            name="inboundTrust",
            approved_from={"isMfaAccepted": False},
            approved_to={"isMfaAccepted": True},
            now={"isMfaAccepted": None},
        ),
        Divergence(
            name="automaticUserConsentSettings",
            approved_from=None,
            approved_to={"inboundAllowed": True},
            now=None,
        ),
        Divergence(name="b2bDirectConnectInbound", approved_from=None, approved_to=None, now=to_document(BLOCK_ALL)),
    )


def test_undeclared_fields_count_and_the_key_does_not() -> None:
    drift = three_way(
        access_plan(BEFORE), {**BEFORE, "tenantId": TENANT.upper(), "crossCloudMeetingConfiguration": None}
    )
    assert [one.name for one in drift.settings] == [
        "inboundTrust",
        "crossCloudMeetingConfiguration",
        "automaticUserConsentSettings",
    ]


def test_progress_names_what_stands_and_what_does_not() -> None:
    plan = plan_revocation(
        tenant_id=TENANT, default={}, before={**BEFORE, **SYNC, "crossCloudMeetingConfiguration": None}
    )
    assert progress_values(plan, 0)["written"] == []
    values = progress_values(plan, 1)
    assert (values["done"], values["total"], values["not_written"]) == (1, 2, [["identitySynchronization"]])
    assert values["written"][0][0] == "b2bCollaborationInbound"
    assert progress_values(bare_plan(), 1)["written"] == [[]]
    assert progress_words(plan, 1) == worded(values)


def bare_plan() -> Plan:
    """A plan that adds the partner and sets nothing."""
    return plan_access(
        tenant_id=TENANT,
        before=None,
        settings={},
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )
