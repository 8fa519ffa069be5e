"""A request that would change nothing says which one would extend the access."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import TENANT, partnership
from tests.workflows.world import CATALOG
from workflows.core.partners.extension import (
    extends,
    extension_of,
    kept_end,
    may_be_renewed,
    no_extension_error,
)
from workflows.core.partners.partnership import ClosedAs, Partnership, PartnershipState
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.plans.renewal import is_extension, plan_renewal
from workflows.core.settings.model import InboundTrust, Property

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
DURATIONS = tuple(timedelta(days=days) for days in (90, 180, 365))


def standing(days: float, **changes: object) -> Partnership:
    """A partner whose access ends so many days from now."""
    return partnership(ends_at=NOW + timedelta(days=days), **changes)


def test_the_longer_durations_extend_it_now_and_the_same_one_a_day_later() -> None:
    extension = extension_of(standing(180), DURATIONS, timedelta(days=180), NOW)
    assert extension is not None
    assert extension.now == (timedelta(days=365),)
    assert extension.asked_from == NOW + timedelta(days=1)
    assert may_be_renewed(standing(180), timedelta(days=180), extension.asked_from)


@pytest.mark.parametrize("name", sorted(CATALOG.templates))
def test_what_is_said_to_extend_does_and_what_is_not_does_not(name: str) -> None:
    durations = CATALOG.templates[name].durations
    for asked in durations:
        for days in (0.5, 30, 89, 180, 364.5, 365, 700):
            known = standing(days)
            extension = extension_of(known, durations, asked, NOW)
            assert extension is not None
            assert set(extension.now) == {
                d for d in durations if NOW + d - (NOW + timedelta(days=days)) >= timedelta(1)
            }
            assert may_be_renewed(known, asked, extension.asked_from)
            assert not may_be_renewed(known, asked, extension.asked_from - timedelta(seconds=1))


def test_what_was_not_opened_here_and_what_is_revoked_has_no_end_to_extend() -> None:
    assert extension_of(None, DURATIONS, DURATIONS[0], NOW) is None
    revoked = standing(180, state=PartnershipState.REVOKED)
    assert extension_of(revoked, DURATIONS, DURATIONS[0], NOW) is None


@pytest.mark.parametrize(
    ("changes", "closed"),
    [
        ({"state": PartnershipState.REVOKED, "template": "revoke"}, ClosedAs.REVOKED),
        ({"state": PartnershipState.REVOKED, "template": "block"}, ClosedAs.BLOCKED),
        ({"state": PartnershipState.SUSPENDED}, ClosedAs.SUSPENDED),
    ],
)
def test_a_closed_partner_has_no_end_to_extend_and_it_is_said_how_it_was_closed(
    changes: dict[str, Any], closed: ClosedAs
) -> None:
    record = standing(180, **changes)
    refusal = no_extension_error(record, CATALOG.templates["block"], timedelta(days=180), NOW)
    assert record.closed_as is closed
    assert f", and it is {closed}. This request would change nothing." in refusal_words(refusal)
    assert standing(180).closed_as is None


def test_in_words() -> None:
    template = CATALOG.templates["trusted-partner"]
    assert refusal_words(no_extension_error(standing(180), template, timedelta(days=180), NOW)) == (
        "This tenant is already a partner with the settings of “Trusted partner” until May 25, 2027, so 180 days from "
        "today would change nothing. To extend it now, choose 365 days. You can request 180 days from Nov 27, 2026 at "
        "15:00 UTC on."
    )
    assert (
        "No duration of this template extends the access yet. You can request 365 days from Nov 27, 2026 at 15:00 "
        "UTC on."
    ) in (refusal_words(no_extension_error(standing(365), template, timedelta(days=365), NOW)))
    assert "Gatehouse did not open it, so there is no end date to extend" in (
        refusal_words(no_extension_error(None, template, timedelta(days=180), NOW))
    )


def trusting(*, is_trusted: bool) -> Plan:
    """The plan that sets the trust of a partner to what it was not."""
    return plan_access(
        tenant_id=TENANT,
        before={"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": not is_trusted}},
        settings={Property.INBOUND_TRUST: InboundTrust(mfa=is_trusted)},
        template="guest-collaboration",
        template_hash="hash-1",
        duration=timedelta(days=90),
    )


REDUCTION = trusting(is_trusted=False)
BLOCK = plan_revocation(tenant_id=TENANT, before={"tenantId": TENANT})


@pytest.mark.parametrize(
    ("plan", "record", "is_asked", "is_extending"),
    [
        (REDUCTION, standing(-5), False, True),
        (REDUCTION, standing(-5), True, True),
        (REDUCTION, standing(30), True, True),
        (REDUCTION, standing(30), False, False),
        (REDUCTION, standing(100), True, False),
        (REDUCTION, standing(-5, state=PartnershipState.REVOKED), True, False),
        (REDUCTION, None, True, False),
        (trusting(is_trusted=True), standing(-5), True, False),
        (BLOCK, standing(-5), True, False),
    ],
)
def test_a_reduction_extends_access_that_has_ended_or_that_the_request_was_to_extend(
    plan: Plan, record: Partnership | None, is_asked: bool, is_extending: bool
) -> None:
    assert extends(plan, record, timedelta(days=90), NOW, is_asked=is_asked) is is_extending


def test_a_reduction_that_extends_is_another_plan_that_one_approver_does_not_decide() -> None:
    extending = replace(REDUCTION, extends=True)
    assert extending.digest != REDUCTION.digest
    assert only_reduces_access(REDUCTION)
    assert not only_reduces_access(extending)
    renewal = plan_renewal(tenant_id=TENANT, before=None, template="x", template_hash="", duration=timedelta(days=90))
    assert is_extension(extending)
    assert is_extension(renewal)
    assert not is_extension(REDUCTION)


@pytest.mark.parametrize(
    ("plan", "record", "is_kept"),
    [
        (REDUCTION, standing(30), True),
        (REDUCTION, standing(90), True),
        (REDUCTION, standing(91), False),
        (replace(REDUCTION, ends_at=NOW + timedelta(days=20)), standing(30), False),
        (replace(REDUCTION, ends_at=NOW + timedelta(days=40)), standing(30), True),
        (replace(REDUCTION, extends=True), standing(30), False),
        (trusting(is_trusted=True), standing(30), False),
        (replace(BLOCK, duration=timedelta(days=90)), standing(30), False),
        (BLOCK, standing(30), False),
        (REDUCTION, partnership(ends_at=None), False),
        (REDUCTION, standing(30, state=PartnershipState.REVOKED), False),
        (REDUCTION, None, False),
    ],
)
def test_only_a_reduction_keeps_an_end_that_is_earlier_than_the_requested_one(
    plan: Plan, record: Partnership | None, is_kept: bool
) -> None:
    assert kept_end(plan, record, NOW) == (record.ends_at if is_kept and record else None)
